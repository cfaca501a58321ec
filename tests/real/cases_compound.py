"""Faults that hit several packages at once, and the installer with them."""
import os
import shutil

from realenv import case


def delete_named(e, wanted):
    """What rsync with an exclude list, or find -exec rm, takes away: every file and folder whose name fits."""
    gone = 0
    for folder, dirs, files in os.walk(e.sp):
        for d in [d for d in dirs if wanted(d, True)]:
            shutil.rmtree(os.path.join(folder, d))
            dirs.remove(d)
            gone += 1
        for f in files:
            if wanted(f, False):
                os.unlink(os.path.join(folder, f))
                gone += 1
    return gone


@case("rsync-gitignore", "tf220", "tf-corrupt", ["dep-numpy"])
def _(e):
    """site-packages copied with git's usual ignore list for Python: every folder lib and build is gone, in pip too"""
    delete_named(e, lambda n, is_dir: is_dir and n in ("lib", "build"))
    return e.reinstall()


@case("image-slimmed-tests", "tf220", "tf-corrupt", ["dep-numpy", "dep-other", "dep-protobuf"])
def _(e):
    """find -name 'test*' -exec rm: also what is no test, in pip too"""
    delete_named(e, lambda n, is_dir: n.startswith("test"))
    return e.reinstall()


@case("image-slimmed-tests-tf210", "tf210", "tf-corrupt", ["dep-numpy", "dep-other", "dep-protobuf"])
def _(e):
    """the same below 2.10"""
    delete_named(e, lambda n, is_dir: n.startswith("test"))
    return e.reinstall()


@case("pip-and-numpy-damaged-tf115", "tf115", "dep-numpy")
def _(e):
    """numpy's core and pip's own code are gone; this base interpreter's pip cannot lend itself"""
    e.rm(e.one("numpy", "core", "_multiarray_umath*.so"))
    e.rm(e.p("pip", "_internal", "cli"))
    return e.reinstall("numpy")


@case("shadow-and-missing", "tf220", "name-shadowing", ["dep-other"])
def _(e):
    """random.py in the current folder, and wrapt not installed"""
    e.write(e.workdir("random.py"), "x = 4\n")
    e.uninstall("wrapt")
    return "mv %s %s && python -m pip install wrapt" % (e.workdir("random.py"), e.workdir("my_random.py"))


@case("shadow-three", "tf220", "name-shadowing")
def _(e):
    """three extension modules in the current folder, each of which breaks the import by itself"""
    for n in ("_struct", "typing"):
        e.write(e.workdir(n + ".cpython-%s-x86_64-linux-gnu.so" % e.xy.replace(".", "")), b"")
    e.write(e.workdir("queue.py"), "x = 1\n")
    return "cd " + e.dest


@case("variable-and-missing", "tf220", "env-setting", ["dep-other"])
def _(e):
    """a variable that breaks protobuf, and wrapt not installed"""
    e.env["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "cpp"
    e.uninstall("wrapt")
    return "unset PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION && python -m pip install wrapt"


@case("pythonpath-and-damage", "tf220", "pythonpath-conflict", ["dep-numpy", "name-shadowing"])
def _(e):
    """a vendored numpy without code on PYTHONPATH, and a module of TensorFlow gone"""
    fix = e.reinstall()
    v = os.path.join(e.dest, "vendored")
    e.write(os.path.join(v, "typing.py"), "x = 1\n")
    e.env["PYTHONPATH"] = v
    e.rm(e.tf("python", "framework", "ops.py"))
    return "unset PYTHONPATH && " + fix


@case("rights-and-missing", "tf220", "dep-other", ["permission-denied"])
def _(e):
    """wrapt not installed, and numpy's core may not be read"""
    p = e.one("numpy", "_core", "_multiarray_umath*.so")
    e.private(p)
    os.chmod(p, 0)
    e.uninstall("wrapt")
    e.wrap = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"]
    return "chmod 644 %s && python -m pip install wrapt" % p


@case("upgraded-by-keras-3", "tf210", "dep-numpy")
def _(e):
    """pip install -U numpy keras: what Keras 3 brings wants NumPy 2, TensorFlow 2.10 wants NumPy 1"""
    e.swap("numpy", "2.2.6")
    e.swap("keras", "3.10.0")
    e.unzip(e.fetch("ml_dtypes==0.5.1"))
    return "python -m pip install 'numpy<2'"


@case("jax-too-new-for-the-rest", "tf215", "dep-other")
def _(e):
    """jax upgraded beside TensorFlow 2.15, which imports it: it refuses the ml_dtypes that TensorFlow wants"""
    for dist in ("jax", "jaxlib"):
        e.unzip(e.fetch(dist + "==0.7.1"))
    return "python -m pip install jax 'ml-dtypes~=0.3.1' 'numpy<2,>=1.23.5'"


@case("versions-two", "tf215", "dep-numpy", ["dep-protobuf"])
def _(e):
    """NumPy 2 and protobuf 3.19 under 2.15"""
    e.swap("numpy", "2.1.3")
    e.swap("protobuf", "3.19.6")
    return "python -m pip install 'numpy<2' 'protobuf>=3.20.3,<5'"
