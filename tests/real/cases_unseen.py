"""Faults written from the list of causes alone, without a look at the rules: packages, metadata, search paths, start-up."""
import glob
import os
import re
import shutil
import zipfile

from cases_system import NODAC
from realenv import case, clone

KERAS = "import tensorflow as tf; tf.keras.layers"
CONSTANT = "import tensorflow as tf; tf.constant(1)"
RAISES = "raise ImportError('my own file')\n"


# ---- two versions in one place

def files_under(e, dist, version, prefix):
    """The code of another version, its metadata left out: what a lost dist-info or a torn upgrade leaves."""
    whl = e.fetch("%s==%s" % (dist, version))
    e.unzip(whl, only=lambda n: n.startswith(prefix))
    return e.reinstall(dist)


@case("mixed-tf-over-tf", "tf215", "tf-duplicate", ["tf-corrupt", "tf-abi-mismatch"])
def _(e):
    """tensorflow-cpu 2.20 unpacked over 2.15, as pip install --target does: two dist-infos of one name"""
    e.unzip(e.fetch("tensorflow-cpu==2.20.0"))
    return "rm -rf %s/tensorflow* && python -m pip install --no-deps tensorflow-cpu==2.15.1" % e.sp


@case("mixed-numpy-code-under-old-metadata", "tf215", "dep-numpy")
def _(e):
    """NumPy 2 code under the metadata of 1.26: METADATA says that all is well"""
    shutil.rmtree(e.p("numpy"))
    return files_under(e, "numpy", "2.2.6", "numpy")


@case("mixed-protobuf-two-infos", "tf220", "dep-protobuf")
def _(e):
    """protobuf 3.20 unpacked over protobuf 7 after its folder was cleared: two dist-infos, the older code"""
    e.rm(e.p("google"))
    e.unzip(e.fetch("protobuf==3.20.3"))
    return "rm -rf %s/protobuf-3* && %s" % (e.sp, e.reinstall("protobuf"))


@case("mixed-keras-two-infos", "tf220", "dep-keras")
def _(e):
    """keras 2.15 unpacked over keras 3 after its folder was cleared"""
    e.rm(e.p("keras"))
    e.unzip(e.fetch("keras==2.15.0"))
    e.statement = KERAS
    return "rm -rf %s/keras* && python -m pip install keras==3.15.1" % e.sp


@case("mixed-tf-so-of-other-release", "tf220", "tf-corrupt", ["tf-duplicate", "tf-abi-mismatch"])
def _(e):
    """libtensorflow_cc.so.2 and libtensorflow_framework.so.2 of the full 2.21 among the files of 2.20"""
    e.unzip(e.fetch("tensorflow==2.21.0"), only=lambda n: re.match(r"tensorflow/lib\w+\.so\.2$", n))
    return e.reinstall()


@case("mixed-tf-api-of-other-release", "tf220", "tf-corrupt", ["tf-duplicate"], expect="warning")
def _(e):
    """tensorflow/_api and tensorflow/__init__.py of 2.19 over 2.20"""
    e.unzip(e.fetch("tensorflow-cpu==2.19.1"), only=lambda n: n.startswith("tensorflow/_api/") or n == "tensorflow/__init__.py")
    return e.reinstall()


@case("mixed-numpy-linked-from-other-env", "tf220", "dep-numpy", ["tf-abi-mismatch"])
def _(e):
    """somebody linked site-packages/numpy to that of an environment with another Python"""
    e.rm(e.p("numpy"))
    os.symlink(os.path.join(e.sibling("tf215"), "numpy"), e.p("numpy"))
    return "rm %s && %s" % (e.p("numpy"), e.reinstall("numpy"))


@case("mixed-so-of-other-python", "tf220", "tf-corrupt", ["tf-abi-mismatch"])
def _(e):
    """one extension module of TensorFlow's wheel for Python 3.11 among those for 3.12"""
    e.unzip(e.fetch("tensorflow-cpu==2.20.0", "3.11"), only=lambda n: n.endswith("lib_pywrap_tensorflow_common.so"))
    return e.reinstall()


@case("half-keras-uninstalled", "tf220", "dep-keras")
def _(e):
    """keras-nightly was installed over keras and uninstalled again: keras' metadata without most of its files"""
    for d in ("layers", "ops", "utils"):
        e.rm(e.p("keras", d))
    e.rm(e.p("keras", "__init__.py"))
    e.statement = KERAS
    return e.reinstall("keras")


@case("half-absl-interrupted", "tf210", "dep-other")
def _(e):
    """pip was killed while it replaced absl-py: ~bsl beside, only the metadata in place"""
    os.rename(e.p("absl"), e.p("~bsl"))
    return e.reinstall("absl-py")


@case("pandas-of-numpy-1", "tf220", "dep-other", ["dep-numpy"])
def _(e):
    """pandas 2.1 (built for NumPy 1) beside NumPy 2: Keras asks for pandas and catches nothing but ImportError"""
    for s in ("pandas==2.1.4", "pytz==2024.2", "python-dateutil==2.9.0"):
        e.unzip(e.fetch(s))
    e.statement = KERAS
    return "python -m pip install -U pandas"


@case("wrapt-editable-gone", "tf220", "dep-other")
def _(e):
    """wrapt was installed editable from a clone that is gone"""
    v = e.version("wrapt")
    d, _v = e.info("wrapt")
    e.rm(e.p("wrapt"))
    e.write(e.p("__editable__.wrapt-%s.pth" % v), os.path.join(e.dest, "src", "wrapt", "src") + "\n")
    e.write(os.path.join(d, "direct_url.json"), '{"dir_info": {"editable": true}, "url": "file://%s/src/wrapt"}' % e.dest)
    e.write(os.path.join(d, "RECORD"), "__editable__.wrapt-%s.pth,,\n" % v)
    return "python -m pip install --force-reinstall --no-deps wrapt==%s" % v


@case("keras-editable-gone", "tf220", "dep-keras")
def _(e):
    """the same with keras through an import finder"""
    v = e.version("keras")
    d, _v = e.info("keras")
    e.rm(e.p("keras"))
    e.write(e.p("__editable__.keras-%s.pth" % v), "import __editable___keras_finder; __editable___keras_finder.install()\n")
    e.write(e.p("__editable___keras_finder.py"), "MAPPING = {'keras': '%s/src/keras/keras'}\ndef install():\n    pass\n" % e.dest)
    e.write(os.path.join(d, "direct_url.json"), '{"dir_info": {"editable": true}, "url": "file://%s/src/keras"}' % e.dest)
    e.write(os.path.join(d, "RECORD"), "__editable__.keras-%s.pth,,\n__editable___keras_finder.py,,\n" % v)
    e.statement = KERAS
    return "python -m pip install --force-reinstall --no-deps keras==%s" % v


# ---- damage in less usual files

def damaged(name, base, cause, pattern, data, dist=None, also=(), statement=None, expect="cause"):
    @case("odd-" + name, base, cause, also, expect)
    def _(e):
        path = e.one(*pattern.split("/"))
        if data is None:
            e.rm(path)
        else:
            e.write(path, data(e.read(path)))
        if path.endswith(".py"):
            e.drop_pyc(path)
        e.statement = statement or e.statement
        return e.reinstall(dist)


damaged("lite-wrapper-cut", "tf215", "tf-corrupt", "tensorflow/lite/python/interpreter_wrapper/_pywrap*wrapper.so", lambda b: b[:4096])
damaged("rpath-overwritten", "tf215", "tf-corrupt", "tensorflow/python/_pywrap_tensorflow_internal.so",
        lambda b: b.replace(b"$ORIGIN/", b"$0RIGIN/"), also=["library-conflict"])
damaged("soname-overwritten", "tf220", "tf-corrupt", "tensorflow/libtensorflow_framework.so.2",
        lambda b: b.replace(b"_ZN3tsl", b"_ZN3txl"))
damaged("crlf-in-so", "tf220", "tf-corrupt", "tensorflow/python/platform/_pywrap_tf2.so", lambda b: b.replace(b"\n", b"\r\n"))
damaged("conflict-markers", "tf220", "tf-corrupt", "tensorflow/python/framework/constant_op.py",
        lambda b: b"<<<<<<< HEAD\n" + b + b"=======\n>>>>>>> main\n")
damaged("python-2-prints", "tf220", "dep-other", "termcolor/__init__.py", lambda b: b + b"print 'hello'\n", "termcolor")
damaged("cert-folder", "tf220", "dep-other", "certifi/core.py", None, "certifi")
damaged("charset-native", "tf220", "dep-other", "idna/core.py", lambda b: b"\0" * len(b), "idna")
damaged("html-error-page", "tf220", "dep-other", "opt_einsum/__init__.py", lambda b: b"<!DOCTYPE html>\n<html>403 Forbidden</html>\n", "opt_einsum")
damaged("numpy-version-py", "tf220", "dep-numpy", "numpy/version.py", None, "numpy")
damaged("numpy-exceptions", "tf215", "dep-numpy", "numpy/exceptions.py", lambda b: b"", "numpy")
damaged("protobuf-init-gone", "tf220", "dep-protobuf", "google/protobuf/__init__.py", None, "protobuf", expect="warning")
damaged("protobuf-runtime-version", "tf220", "dep-protobuf", "google/protobuf/runtime_version.py",
        lambda b: b.replace(b"OSS_MAJOR = ", b"OSS_MAJOR = -"), "protobuf")
damaged("h5py-version", "tf220", "dep-other", "h5py/version.py", lambda b: b[:30], "h5py", statement=KERAS)
damaged("ml-dtypes-init-empty", "tf221", "dep-other", "ml_dtypes/__init__.py", lambda b: b"", "ml_dtypes")
damaged("gast-cut-tf210", "tf210", "dep-other", "gast/gast.py", lambda b: b[:len(b) // 2], "gast")


@case("odd-case-of-names", "tf220", "tf-corrupt", ["tf-missing"])
def _(e):
    """the environment went through a file system that does not tell case: Tensorflow/ for tensorflow/"""
    os.rename(e.tf(), e.p("Tensorflow"))
    return "rm -rf %s && %s" % (e.p("Tensorflow"), e.reinstall())


@case("odd-so-suffix-lost", "tf220", "dep-numpy")
def _(e):
    """NumPy's compiled core was renamed by a download tool"""
    path = e.one("numpy", "_core", "_multiarray_umath*.so")
    os.rename(path, path + ".1")
    return e.reinstall("numpy")


@case("odd-pyc-unchecked", "tf220", "tf-corrupt")
def _(e):
    """byte code that Python does not compare with its source (an unchecked hash), of another file"""
    path = e.one("tensorflow", "python", "framework", "__pycache__", "tensor_shape.*.pyc")
    other = e.read(e.one("tensorflow", "python", "framework", "__pycache__", "versions.*.pyc"))
    e.write(path, other[:4] + b"\1\0\0\0" + b"\0" * 8 + other[16:])
    return "rm " + path


@case("odd-links-flattened", "tf220", "tf-corrupt", ["dep-other"])
def _(e):
    """an archive tool wrote files of TensorFlow as texts that name the target of a link"""
    for n in ("ops.py", "dtypes.py", "errors_impl.py"):
        path = e.tf("python", "framework", n)
        e.write(path, "../../../../../cache/archive-v0/abcdef/tensorflow/python/framework/" + n)
        e.drop_pyc(path)
    return e.reinstall()


@case("owner-other-700", "tf220", "permission-denied")
def _(e):
    """wrapt was installed by root with umask 077"""
    for d, dirs, files in os.walk(e.p("wrapt")):
        for n in files:
            e.private(os.path.join(d, n))
            os.chmod(os.path.join(d, n), 0o600)
            os.chown(os.path.join(d, n), 54321, 54321)
        os.chown(d, 54321, 54321)
        os.chmod(d, 0o700)
    e.wrap = NODAC
    return "chmod -R a+rX " + e.p("wrapt")


# ---- names that hide modules

def hides(name, entry, data, also=(), expect="cause", base="tf220", statement=None):
    @case("hide-" + name, base, "name-shadowing", also, expect)
    def _(e):
        path = e.workdir(*entry.split("/"))
        e.write(path, data(e) if callable(data) else data)
        e.statement = statement or e.statement
        first = entry.split("/")[0]
        return "mv %s my_%s; rm -rf __pycache__" % (first, first)


hides("ctypes", "ctypes.py", RAISES, ["python-broken"])
hides("pickle-empty", "pickle.py", "")
hides("absl", "absl.py", "import logging\n")
hides("google", "google.py", "def search(q):\n    pass\n", ["dep-protobuf"])
hides("requests-tf215", "concurrent/__init__.py", "", base="tf215")
hides("keras-folder-of-a-clone", "keras/__init__.py", "VERSION = 'my fork'\n", ["dep-keras"], statement=KERAS)
hides("tensorflow-source-tree", "tensorflow/__init__.py", "from tensorflow.python.util import module_wrapper\n", ["tf-corrupt"])
hides("random-native", "random.cpython-312-x86_64-linux-gnu.so", b"\x7fELF" + b"\0" * 60)
hides("datetime-work-in-progress", "datetime.py", "def now(:\n    pass\n")
hides("ast-of-a-compiler-course", "ast.py", "class Node:\n    pass\n")


@case("hide-random-pyc", "tf220", "name-shadowing")
def _(e):
    """random.py was deleted, byte code beside it stayed: random.pyc is imported all the same"""
    with open(e.one("numpy", "__pycache__", "version.*.pyc"), "rb") as f:
        e.write(e.workdir("random.pyc"), f.read())
    return "rm random.pyc"


@case("pythonpath-zip", "tf220", "pythonpath-conflict", ["name-shadowing"])
def _(e):
    """an archive on PYTHONPATH has a module random"""
    path = os.path.join(e.dest, "helpers.zip")
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("random.py", RAISES)
    e.env["PYTHONPATH"] = path
    return "unset PYTHONPATH"


@case("pythonpath-google-pkg-resources", "tf215", "pythonpath-conflict", ["name-shadowing", "dep-protobuf"])
def _(e):
    """a folder google/ that declares itself a namespace of pkg_resources, which passes google.protobuf's over"""
    e.write(os.path.join(e.dest, "gcp", "google", "__init__.py"), "__import__('pkg_resources').declare_namespace(__name__)\n")
    e.env["PYTHONPATH"] = os.path.join(e.dest, "gcp")
    return "unset PYTHONPATH"


@case("pythonpath-in-absl", "tf220", "pythonpath-conflict", ["name-shadowing", "python-broken"])
def _(e):
    """PYTHONPATH names the inside of absl, whose folder logging hides the standard library's"""
    e.env["PYTHONPATH"] = e.p("absl")
    return "unset PYTHONPATH"


@case("pythonpath-two-good-one-bad", "tf220", "pythonpath-conflict", ["dep-protobuf"])
def _(e):
    """three folders on PYTHONPATH; the middle one brings an old protobuf"""
    good = os.path.join(e.dest, "good")
    e.write(os.path.join(good, "helper.py"), "")
    e.env["PYTHONPATH"] = "%s:%s:/nonexistent" % (good, e.vendor("protobuf==3.20.3"))
    return "export PYTHONPATH=" + good


@case("pythonpath-relative", "tf220", "pythonpath-conflict", ["name-shadowing"])
def _(e):
    """PYTHONPATH=src, and src has a types.py"""
    e.write(e.workdir("src", "types.py"), RAISES)
    e.env["PYTHONPATH"] = "src"
    return "unset PYTHONPATH"


# ---- start-up code

def starts(name, file, text, cause="pythonpath-conflict", also=(), expect="cause"):
    @case("start-" + name, "tf220", cause, also, expect)
    def _(e):
        path = e.write(e.p(file), text.replace("{dest}", e.dest))
        return "mv %s %s.off" % (path, path)


starts("recursion-limit", "zz_limits.pth", "import sys; sys.setrecursionlimit(60)\n")
starts("address-space", "zz_limits.pth", "import resource; resource.setrlimit(resource.RLIMIT_AS, (500 << 20, resource.RLIM_INFINITY))\n",
       also=["memory-limit"])
starts("exits", "zz_license.pth", "import os; os._exit(3)\n", also=["python-broken"])
starts("meta-path", "sitecustomize.py", "import sys\nsys.meta_path[:] = [f for f in sys.meta_path if 'Path' not in getattr(f, '__name__', '')]\n")
starts("import-hook", "sitecustomize.py", "import builtins\n_import = builtins.__import__\n"
       "def guarded(name, *a, **k):\n    if name.startswith('wrapt'):\n        raise ImportError('blocked by policy: ' + name)\n"
       "    return _import(name, *a, **k)\nbuiltins.__import__ = guarded\n", also=["dep-other"])
starts("path-hook", "zz_hooks.pth", "import sys; sys.path_hooks.clear(); sys.path_importer_cache.clear()\n")


@case("start-packages-through-unreadable-pth", "tf220", "permission-denied", ["tf-missing"], kind="base")
def _(e):
    """the packages lie in a shared folder that a .pth file names; this user may not read the file"""
    shared = os.path.join(e.dest, "shared")
    clone(os.path.join(e.src, "lib", "python" + e.xy, "site-packages"), shared)
    for p in glob.glob(e.p("*")):
        if not os.path.basename(p).startswith("pip"):
            e.rm(p)
    path = e.write(e.p("shared.pth"), shared + "\n")
    os.chmod(path, 0)
    e.wrap = NODAC
    return "chmod a+r " + path
