"""Faults and odd healthy states of one who had not seen the others: written before the cases of this folder were read."""
import glob
import os
import shutil
import subprocess

from realenv import base_prefix, bare_base, case, clone, healthy

NODAC = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"]
KERAS = "import tensorflow as tf; tf.keras.layers"
CONST = "import tensorflow as tf; tf.constant(1)"


def user_site(e, *specs):
    """a user site below HOME with the wheels of specs"""
    d = e.home(".local", "lib", "python" + e.xy, "site-packages")
    os.makedirs(d, exist_ok=True)
    for s in specs:
        e.unzip(e.fetch(s), into=d)
    return d


def venv_reads_system(e):
    cfg = os.path.join(e.root, "pyvenv.cfg")
    e.write(cfg, e.read(cfg).decode().replace("include-system-site-packages = false", "include-system-site-packages = true"))


# ---------------------------------------------------------------- packages

@case("late-keras-half-upgrade", "tf220", "dep-keras")
def _(e):
    """pip was killed while it changed keras 3.15 to 3.8: the folder keras/src/layers is 3.8's, the rest 3.15's"""
    e.rm(e.p("keras", "src", "layers"))
    e.unzip(e.fetch("keras==3.8.0"), only=lambda n: n.startswith("keras/src/layers/"))
    e.statement = KERAS
    return "%s -m pip install --force-reinstall --no-deps keras==3.15.1" % e.python


@case("late-numpy-lfs-pointer", "tf210", "dep-numpy")
def _(e):
    """the environment was committed to git with LFS: NumPy's core is a pointer file"""
    p = e.one("numpy", "core", "_multiarray_umath.cpython-3*.so")
    n = os.path.getsize(p)
    e.write(p, "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % ("4d7a" * 16, n))
    return "%s -m pip install --force-reinstall --no-deps numpy==1.26.4" % e.python


@case("late-mldtypes-ftp-ascii", "tf215", "dep-other")
def _(e):
    """copied by FTP in ASCII mode: every line feed in ml_dtypes' extension became CR LF"""
    p = e.one("ml_dtypes", "_ml_dtypes_ext*.so")
    e.write(p, e.read(p).replace(b"\n", b"\r\n"))
    return "%s -m pip install --force-reinstall --no-deps ml_dtypes==0.3.2" % e.python


@case("late-gast-leftover-folder", "tf221", "dep-other")
def _(e):
    """gast uninstalled, but an empty folder gast/ (with a note in it) stayed: an empty namespace package"""
    v = e.uninstall("gast")
    e.write(e.p("gast", "my_notes.txt"), "patched for py3.13, ask Eva\n")
    return "%s -m pip install gast==%s" % (e.python, v)


@case("late-keras-editable-gone", "tf220", "dep-keras")
def _(e):
    """keras was installed with pip install -e from a checkout that has been deleted since"""
    v = e.uninstall("keras")
    d = e.p("keras-%s.dist-info" % v)
    e.write(os.path.join(d, "METADATA"), "Metadata-Version: 2.1\nName: keras\nVersion: %s\nRequires-Dist: numpy\n" % v)
    e.write(os.path.join(d, "INSTALLER"), "pip\n")
    e.write(os.path.join(d, "WHEEL"), "Wheel-Version: 1.0\nGenerator: setuptools (75.0.0)\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    e.write(os.path.join(d, "direct_url.json"), '{"dir_info": {"editable": true}, "url": "file://%s"}' % os.path.join(e.dest, "src", "keras"))
    e.write(e.p("__editable__.keras-%s.pth" % v), os.path.join(e.dest, "src", "keras") + "\n")
    e.write(os.path.join(d, "RECORD"), "__editable__.keras-{0}.pth,,\nkeras-{0}.dist-info/METADATA,,\nkeras-{0}.dist-info/INSTALLER,,\n"
            "keras-{0}.dist-info/WHEEL,,\nkeras-{0}.dist-info/direct_url.json,,\nkeras-{0}.dist-info/RECORD,,\n".format(v))
    e.statement = KERAS
    return "%s -m pip install --force-reinstall --no-deps keras==%s" % (e.python, v)


@case("late-usersite-fills-gap", "tf220", "dep-protobuf", ["pythonpath-conflict"])
def _(e):
    """the venv sees the system's packages; its protobuf was uninstalled, so the user site's 3.20.3 comes in its place"""
    venv_reads_system(e)
    user_site(e, "protobuf==3.20.3")
    v = e.uninstall("protobuf")
    return "%s -m pip install --ignore-installed --no-deps protobuf==%s" % (e.python, v)


@case("late-pip-constraint-pins", "tf215", "dep-protobuf")
def _(e):
    """protobuf 3.19.6 under 2.15, and PIP_CONSTRAINT names the file that put it there"""
    e.swap("protobuf", "3.19.6")
    e.env["PIP_CONSTRAINT"] = e.write(os.path.join(e.dest, "constraints.txt"), "protobuf==3.19.6\nnumpy<2\n")
    return "unset PIP_CONSTRAINT && %s -m pip install 'protobuf>=3.20.3,<5'" % e.python


@case("late-two-shadow-and-numpy2", "tf215", "dep-numpy", ["name-shadowing"])
def _(e):
    """two at once: numpy 2.2.6 under 2.15, and a scratch file wrapt.py in the working folder"""
    e.swap("numpy", "2.2.6")
    e.write(e.workdir("wrapt.py"), "# how do decorators work?\ndef wrap(f):\n    return f\n")
    return "mv wrapt.py my_wrapt.py && %s -m pip install 'numpy>=1.23.5,<2'" % e.python


@case("late-text-left-behind", "tf220", "addon-mismatch")
def _(e):
    """tensorflow went from 2.19 to 2.20, tensorflow-text stayed at 2.19"""
    e.unzip(e.fetch("tensorflow-text==2.19.0"))
    e.statement = "import tensorflow_text"
    return "%s -m pip install --no-deps 'tensorflow-text==2.20.*'" % e.python


# ---------------------------------------------------------------- TensorFlow's own files


@case("late-tf-bytecode-cut", "tf220", "tf-corrupt", ["python-broken"])
def _(e):
    """disk was full while Python wrote byte code: one .pyc of TensorFlow ends in the middle, the source is whole"""
    p = e.one("tensorflow", "python", "framework", "__pycache__", "dtypes.cpython-312.pyc")
    e.truncate(p, 0.6)
    return "rm %s" % p


@case("late-tf-abi-copied-packages", "empty312", "tf-abi-mismatch", ["venv-broken"])
def _(e):
    """after the system's Python went from 3.11 to 3.12 the old site-packages was copied into the new environment"""
    pip = e.version("pip")
    shutil.rmtree(e.sp)
    clone(e.sibling("tf215"), e.sp)
    e.note = "site-packages of tf215 (cp311) in a 3.12 venv; pip " + pip
    return "%s -m pip install --force-reinstall --ignore-installed tensorflow-cpu==2.16.2" % e.python


@case("late-tf-husk", "empty312", "tf-missing", ["tf-corrupt"])
def _(e):
    """pip uninstall took TensorFlow away, but a folder with the user's own notes in it stayed: it imports as nothing"""
    e.write(e.tf("lite", "python", "my_patch", "notes.txt"), "x\n")
    os.makedirs(e.tf("python", "__pycache__"))
    e.statement = CONST
    return "%s -m pip install tensorflow-cpu==2.20.0" % e.python


# ---------------------------------------------------------------- search path

@case("late-target-relative-pythonpath", "tf215", "pythonpath-conflict", ["dep-numpy"])
def _(e):
    """pip install --target libs pandas brought NumPy 2 along, and PYTHONPATH=libs (relative) puts it first"""
    d = e.workdir("libs")
    for s in ("pandas==2.2.3", "numpy==2.2.6", "python-dateutil==2.9.0", "pytz==2024.2"):
        e.unzip(e.fetch(s), into=d)
    e.env["PYTHONPATH"] = "libs"
    return "unset PYTHONPATH"


@case("late-pythonpath-own-site-typing", "tf215", "pythonpath-conflict", ["name-shadowing"])
def _(e):
    """PYTHONPATH names the environment's own site-packages, where the old back-port typing lies: it now beats the library's"""
    e.unzip(e.fetch("typing==3.7.4.1"))
    e.env["PYTHONPATH"] = e.sp
    return "unset PYTHONPATH"


@case("late-shadow-sourceless-pyc", "tf220", "name-shadowing")
def _(e):
    """the user's queue.py was deleted, its queue.pyc (compileall -b) still lies beside the script"""
    src = e.write(e.workdir("queue.py"), "def half(x):\n    return x / 2\n")
    subprocess.run([os.path.join(e.src, "bin", "python"), "-m", "compileall", "-q", "-b", src], check=True)
    os.unlink(src)
    return "mv queue.pyc my_queue.pyc"


# ---------------------------------------------------------------- interpreter


@case("late-venv-folder-renamed", "tf220", "venv-broken", ["python-wrong-one"], kind="none")
def _(e):
    """the project folder was renamed while the environment in it was active: VIRTUAL_ENV and PATH name the old place"""
    root = os.path.join(e.dest, "project-new", ".venv")
    os.makedirs(os.path.dirname(root))
    clone(e.src, root)
    e.bind(root)
    e.cwd = os.path.dirname(root)
    base = os.path.join(base_prefix(e.src), "bin")
    old = os.path.join(e.dest, "project", ".venv")
    e.env["VIRTUAL_ENV"] = old
    e.env["PATH"] = os.path.join(old, "bin") + ":" + base + ":/usr/bin:/bin"
    e.python, e.named = os.path.join(base, "python"), False
    return "export VIRTUAL_ENV=%s PATH=%s:$PATH" % (root, os.path.join(root, "bin"))


@case("late-dotvenv-not-activated", "tf210", "python-wrong-one", kind="none")
def _(e):
    """the project has its .venv with TensorFlow, the shell runs the base interpreter of the same version"""
    root = os.path.join(e.dest, "project", ".venv")
    os.makedirs(os.path.dirname(root))
    clone(e.src, root)
    e.bind(root)
    e.cwd = os.path.join(e.dest, "project", "notebooks")
    os.makedirs(e.cwd)
    base = os.path.join(base_prefix(e.src), "bin")
    e.env["PATH"] = base + ":/usr/bin:/bin"
    e.python, e.named = os.path.join(base, "python"), False
    return "export PATH=%s:$PATH" % os.path.join(root, "bin")


@case("late-pyvenvcfg-unreadable", "tf221", "permission-denied", ["venv-broken"])
def _(e):
    """pyvenv.cfg may not be read by this user: the interpreter no longer knows that it is an environment"""
    p = os.path.join(e.root, "pyvenv.cfg")
    e.private(p)
    os.chmod(p, 0)
    e.wrap = NODAC
    return "chmod 644 " + p


@case("late-pythonioencoding", "tf210", "env-setting", ["python-broken"])
def _(e):
    """PYTHONIOENCODING=utf8mb4 (the database's name for it): no Python starts any more"""
    e.env["PYTHONIOENCODING"] = "utf8mb4"
    return "unset PYTHONIOENCODING"


# ---------------------------------------------------------------- variables

@case("late-pth-sets-cpp-protobuf", "tf220", "env-setting", ["pythonpath-conflict"])
def _(e):
    """a .pth file of an internal package sets PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=cpp; the shell does not"""
    e.write(e.p("acme_defaults.pth"), "import os; os.environ['PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION'] = 'cpp'\n")
    return "mv {0} {0}.off".format(e.p("acme_defaults.pth"))


@case("late-nousersite", "tf220", "env-setting", ["tf-missing", "pythonpath-conflict"], kind="none")
def _(e):
    """TensorFlow lies in the user site, and PYTHONNOUSERSITE=1 (a conda habit) hides it"""
    base = bare_base(e.src, os.path.join(e.dest, "base"))
    e.python = glob.glob(os.path.join(base, "bin", "python3.??"))[0]
    us = e.home(".local", "lib", "python3.12", "site-packages")
    os.makedirs(os.path.dirname(us))
    clone(os.path.join(e.src, "lib", "python3.12", "site-packages"), us)
    e.env["PYTHONNOUSERSITE"] = "1"
    return "unset PYTHONNOUSERSITE"


# ---------------------------------------------------------------- loader and system

@case("late-ld-libtensorflow-c", "tf210", "ldpath-conflict", ["tf-abi-mismatch"])
def _(e):
    """LD_LIBRARY_PATH names the folder of another libtensorflow (2.15, unpacked for the C interface)"""
    d = os.path.join(e.dest, "opt", "libtensorflow", "lib")
    os.makedirs(d)
    for n in glob.glob(os.path.join(e.sibling("tf215"), "tensorflow", "libtensorflow_*.so.2")):
        os.symlink(n, os.path.join(d, os.path.basename(n)))
    e.env["LD_LIBRARY_PATH"] = "/usr/local/lib:" + d
    return "unset LD_LIBRARY_PATH"


@case("late-pth-loads-old-libstdcxx", "tf215", "library-conflict", ["libstdcxx-old", "pythonpath-conflict", "ldpath-conflict"])
def _(e):
    """a vendor's .pth loads its own old libstdc++.so.6 into every Python before anything else"""
    d = e.old_libstdcxx("vendor-lib")
    e.write(e.p("vendor_sdk.pth"), "import ctypes; ctypes.CDLL(%r, ctypes.RTLD_GLOBAL)\n" % os.path.join(d, "libstdc++.so.6"))
    return "mv {0} {0}.off".format(e.p("vendor_sdk.pth"))


@case("late-sitecustomize-rlimit", "tf220", "memory-limit", ["pythonpath-conflict"])
def _(e):
    """a sitecustomize.py of the teaching lab limits every Python to 500 MB of address space"""
    e.write(e.p("sitecustomize.py"), "import resource\nresource.setrlimit(resource.RLIMIT_AS, (500 << 20, 500 << 20))\n")
    return "mv {0} {0}.off".format(e.p("sitecustomize.py"))


@case("late-noexec-base", "tf221", "security-blocked")
def _(e):
    """the base interpreters (~/.pyenv) lie on a file system mounted noexec"""
    e.wrap = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" "$0" && mount -o remount,bind,noexec "$0" && exec "$@"', base_prefix(e.src)]
    return None


# ---------------------------------------------------------------- odd, but it works

@healthy("late-ok-usersite-loses", "tf220")
def _(e):
    """the venv sees the system's packages, the user site holds old numpy and protobuf: the venv's own come first"""
    venv_reads_system(e)
    user_site(e, "protobuf==3.20.3", "numpy==1.26.4")


@healthy("late-ok-upb-zeroed", "tf220")
def _(e):
    """protobuf's native part is all zeros: protobuf goes on in pure Python"""
    p = e.one("google", "_upb", "_message*.so")
    e.write(p, b"\0" * os.path.getsize(p))


@healthy("late-ok-typing-backport", "tf215")
def _(e):
    """the back-port typing lies in site-packages: the library's own comes first"""
    e.unzip(e.fetch("typing==3.7.4.1"))


@healthy("late-ok-data-folders", "tf220")
def _(e):
    """folders tensorflow/, numpy/ and keras/ with data (no __init__.py) in the working folder"""
    for n in ("tensorflow", "numpy", "keras"):
        e.write(e.workdir(n, "weights.bin"), b"\0" * 100)
    e.statement = CONST


@healthy("late-ok-home-readonly", "tf221")
def _(e):
    """HOME does not exist and TMPDIR may not be written"""
    e.env["HOME"] = "/nonexistent/home"
    e.env["TMPDIR"] = "/proc"


@healthy("late-ok-preload-32bit", "tf210")
def _(e):
    """LD_PRELOAD of a 32-bit library: the loader says so and goes on"""
    p = e.cc(os.path.join(e.dest, "opt", "libhook.so"), "int hook_me(void){return 0;}\n")
    e.patch(p, 4, b"\x01")
    e.patch(p, 18, b"\x03\x00")
    e.env["LD_PRELOAD"] = p


@healthy("late-ok-google-init", "tf215")
def _(e):
    """an old google package left google/__init__.py in site-packages beside protobuf"""
    e.write(e.p("google", "__init__.py"), "try:\n    __import__('pkg_resources').declare_namespace(__name__)\nexcept ImportError:\n"
            "    __path__ = __import__('pkgutil').extend_path(__path__, __name__)\n")


@healthy("late-ok-pip-settings", "tf210")
def _(e):
    """protobuf 3.20.3 (asked for < 3.20, works), PIP_CONSTRAINT of another project, PIP_NO_INDEX, stale VIRTUAL_ENV_PROMPT"""
    e.swap("protobuf", "3.20.3")
    e.env["PIP_CONSTRAINT"] = e.write(os.path.join(e.dest, "c.txt"), "protobuf==5.28.0\nnumpy>=2\n")
    e.env.update(PIP_NO_INDEX="1", VIRTUAL_ENV_PROMPT="old", KERAS_BACKEND="jax", TF_CPP_MIN_LOG_LEVEL="3")
