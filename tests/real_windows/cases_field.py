"""Faults as they come from the field, one cause of the list after the other, each by a way that no other case takes.

Written before a look at the rules; what the import makes of each was observed afterwards.
"""
import os
import shutil

from cases_unseen_more import KERAS, beside, fault, script
from winenv import clone

OLD = "14.28.29914"


def environment(e, base="Base", scripts=True):
    """The packages of the tree in a virtual environment over a bare Python; e works there.  Returns the base's folder."""
    root = e.bare_python(e.base.rsplit("-", 1)[1], base)
    v = e.venv("venv", root)
    os.rmdir(os.path.join(v, "Lib", "site-packages"))
    clone(os.path.join(e.src, "Lib", "site-packages"), os.path.join(v, "Lib", "site-packages"))
    e.root, e.exe, e.sp = v, os.path.join(v, "Scripts", "python.exe"), os.path.join(v, "Lib", "site-packages")
    e.python = e.win(e.exe)
    return root


def user_site(e, *parts):
    return os.path.join(e.home, "AppData", "Roaming", "Python", "Python" + e.xy.replace(".", ""), "site-packages", *parts)


def by_path(e, *folders):
    """tfdiag and the program are started by name: PATH begins with these folders."""
    e.env["PATH"] = ";".join([e.win(f) for f in folders] + ["{PATH}"])
    e.python, e.named = "python", False


def put_runtime(e, version, folder, *names):
    for n in names or ("msvcp140.dll",):
        e.put(e.runtime(n, version), folder, n)


def same_size(e, path, start=0):
    """Zeros in place of what lies behind `start`: the length stays, as after a power cut."""
    size = os.path.getsize(e.need(path))
    head = e.read(path, start) if start else b""
    os.unlink(path)
    with open(path, "wb") as f:
        f.write(head)
        f.truncate(size)


# ---- interpreters
def pypy(e):
    """The layout of PyPy for Windows; its programs are stand-ins, nothing is run."""
    d = e.folder("pypy3.10-v7.3.17-win64")
    lib = os.path.join(e.folder("build"), "libpypy3.10-c.dll")
    e.dll(lib, "__declspec(dllexport) int pypy_main_startup(void) { return 0; }\n")
    e.put(lib, d, "libpypy3.10-c.dll")
    for n in ("python.exe", "pypy3.exe"):
        e.dll(os.path.join(d, n), "__declspec(dllimport) int pypy_main_startup(void);\nint main(void) { return pypy_main_startup(); }\n",
              "-exe", "-L" + os.path.dirname(lib), "-lpypy3.10-c")
    clone(os.path.join(e.src, "Lib"), os.path.join(d, "Lib"))
    shutil.rmtree(os.path.join(d, "Lib", "site-packages"))
    os.makedirs(os.path.join(d, "Lib", "site-packages"))
    e.bind(d)


fault("pypy", "tf2101-cp310", "python-not-cpython", "python is PyPy, into which no wheel of TensorFlow goes", pypy, bare=True, recorded=True)
fault("ctypes-of-310", "tf2151-cp311", "python-broken", "DLLs\\_ctypes.pyd is that of Python 3.10",
      lambda e: e.put(os.path.join(e.bare_python("cp310", "Python310"), "DLLs", "_ctypes.pyd"), e.root, "DLLs", "_ctypes.pyd"))
fault("python-dll-empty", "tf2180-cp312", "python-broken", "python312.dll has no bytes (0xC000007B)", lambda e: e.write(beside(e, "python312.dll"), b""))
fault("select-gone-tf241", "tf241-cp38", "python-broken", "DLLs\\select.pyd was taken away", lambda e: e.rm(beside(e, "DLLs/select.pyd")))
fault("ctypes-folder-gone", "tf2210-cp313", "python-broken", "Lib\\ctypes was taken away", lambda e: e.rm(beside(e, "Lib/ctypes")))
fault("pythonhome-of-tf", "tf2200-cp313", "python-broken", "PYTHONHOME names site-packages: somebody meant PYTHONPATH",
      lambda e: e.env.update(PYTHONHOME=e.win(e.sp)), 'set "PYTHONHOME="', ["env-setting"])


def active_environment(e):
    root = environment(e)
    e.env["VIRTUAL_ENV"] = e.win(e.root)
    by_path(e, root)


def dot_venv(e):
    root = environment(e)
    os.rename(e.root, e.folder("work") + "/.venv")
    e.cwd = e.folder("work")
    by_path(e, root)


def kernel(e):
    d = os.path.join(e.home, "AppData", "Roaming", "jupyter", "kernels", "deep")
    e.write(os.path.join(d, "kernel.json"), '{"argv": ["%s", "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "deep", '
            '"language": "python"}' % e.win(e.exe).replace("\\", "\\\\"))
    by_path(e, e.bare_python("cp312", "Python312"))


fault("venv-active-path-lost", "tf2151-cp311", "python-wrong-one", "VIRTUAL_ENV names the environment with TensorFlow, PATH was set anew since",
      active_environment, lambda e: 'set "PATH=%s;%%PATH%%"' % e.win(os.path.dirname(e.exe)), ["tf-missing"], bare=True)
fault("dot-venv-not-active", "tf2101-cp310", "python-wrong-one", "the project's .venv has TensorFlow and was not activated", dot_venv,
      lambda e: 'set "PATH=%s;%%PATH%%"' % e.win(os.path.join(e.cwd, ".venv", "Scripts")), ["tf-missing"], bare=True)
fault("kernel-has-it", "tf2200-cp313", "python-wrong-one", "TensorFlow is in the Python of a Jupyter kernel, the console's has none", kernel,
      lambda e: 'set "PATH=%s;%%PATH%%"' % e.win(e.root), ["tf-missing"])
fault("venv-base-without-dll", "tf2101-cp310", "venv-broken", "an uninstaller left python.exe of the environment's base and took its DLL",
      lambda e: e.rm(os.path.join(environment(e), "python310.dll")), also=["python-broken"], bare=True)

# ---- TensorFlow's own files
TFE = ("python", "_pywrap_tfe.pyd")
fault("tfe-zeros-same-size", "tf2210-cp313", "tf-corrupt", "_pywrap_tfe.pyd is zeros of its full length (power cut)",
      lambda e: same_size(e, e.tf(*TFE)), lambda e: e.reinstall())
fault("tfe-tail-zeros", "tf2101-cp310", "tf-corrupt", "the second half of _pywrap_tfe.pyd is zeros, its length is right",
      lambda e: same_size(e, e.tf(*TFE), os.path.getsize(e.tf(*TFE)) // 2), lambda e: e.reinstall())
fault("pywrap-py-zeros", "tf2180-cp312", "tf-corrupt", "pywrap_tensorflow.py is zeros of its full length",
      lambda e: same_size(e, e.tf("python", "pywrap_tensorflow.py")), lambda e: e.reinstall())
fault("init-utf16", "tf2151-cp311", "tf-corrupt", "tensorflow/__init__.py was saved as UTF-16 by an editor",
      lambda e: e.write(e.tf("__init__.py"), e.read(e.tf("__init__.py")).decode().encode("utf-16")), lambda e: e.reinstall())
fault("self-check-empty", "tf2101-cp310", "tf-corrupt", "self_check.py has no bytes", lambda e: e.write(e.tf("python", "platform", "self_check.py"), b""),
      lambda e: e.reinstall())


def cut_pyc(e):
    """Byte code that was cut: Python takes it, because time and size of the source in its header are right."""
    source = e.need(e.tf("python", "framework", "dtypes.py"))
    e.write(os.path.join(os.path.dirname(source), "__pycache__", "dtypes.cpython-%s.pyc" % e.xy.replace(".", "")),
            e.read(e.one("tensorflow", "python", "framework", "__pycache__", "dtypes.*.pyc"))[:300])


fault("byte-code-cut", "tf2180-cp312", "tf-corrupt", "the byte code of dtypes.py was cut: EOFError: marshal data too short", cut_pyc, lambda e: e.reinstall())
fault("pb2-of-221", "tf2200-cp313", "tf-corrupt", "types_pb2.py of TensorFlow 2.21 was left behind",
      lambda e: e.put(os.path.join(e.sibling("tf2210-cp313"), "tensorflow", "core", "framework", "graph_pb2.py"), e.tf("core", "framework", "tensor_shape_pb2.py")),
      lambda e: e.reinstall())


def no_binaries(e):
    for d, _dirs, names in os.walk(e.tf()):
        for n in names:
            if n.endswith((".pyd", ".dll")):
                os.unlink(os.path.join(d, n))


fault("gitignored-binaries", "tf2180-cp312", "tf-corrupt", "the environment came out of a repository that ignores *.pyd and *.dll", no_binaries,
      lambda e: e.reinstall(), ["security-blocked"])
fault("sync-conflict", "tf2210-cp313", "tf-corrupt", "a cloud drive renamed the big DLL to “… (1).dll”",
      lambda e: os.rename(e.internal(), e.internal()[:-4] + " (1).dll"), lambda e: e.reinstall(), ["security-blocked"])
fault("core-gone-tf210", "tf210-cp37", "tf-corrupt", "tensorflow_core/python/framework was lost (TensorFlow 2.1)",
      lambda e: e.rm(e.p("tensorflow_core", "python", "framework")), lambda e: e.reinstall())


def cpu_uninstalled(e):
    """tensorflow and tensorflow-cpu were both there; uninstalling the second took the files of both."""
    info = e.info("tensorflow")[0]
    keep = os.path.join(e.dest, "keep")
    shutil.move(info, keep)
    e.rm(e.tf())
    shutil.move(keep, info)


fault("cpu-uninstalled", "tf2101-cp310", "tf-corrupt", "pip uninstall tensorflow-cpu took the files that tensorflow owned as well", cpu_uninstalled,
      lambda e: e.reinstall(), ["tf-missing"])


def site_of(tree):
    def make(e):
        shutil.rmtree(e.sp)
        clone(os.path.join(e.sibling(tree)), e.sp)
    return make


fault("packages-of-312", "tf2200-cp313", "tf-abi-mismatch", "site-packages of Python 3.12 was copied over after the upgrade to 3.13", site_of("tf2180-cp312"),
      also=["dep-numpy", "python-wrong-one"])
fault("shim-2180", "tf2180-cp312", "tf-missing", "tensorflow 2.18.0 is an empty shim; tensorflow-intel was uninstalled",
      lambda e: (e.uninstall("tensorflow-intel"), e.unzip(e.fetch("tensorflow==2.18.0"))), lambda e: e.install("tensorflow-intel==2.18.0"), ["tf-corrupt"])
fault("target-not-on-path", "tf2200-cp313", "tf-missing", "everything was installed with pip --target into a folder that is not on sys.path",
      lambda e: (os.rename(e.sp, os.path.join(e.folder("packages"), "all")), os.makedirs(e.sp),
                 [clone(os.path.join(e.dest, "packages", "all", n), e.p(n)) for n in ("pip", "setuptools", "wheel")]))

# ---- requirements
fault("numpy-124-tf241", "tf241-cp38", "dep-numpy", "NumPy 1.24 with TensorFlow 2.4: np.object is gone", lambda e: e.swap("numpy", "1.24.4"),
      lambda e: e.install("numpy<1.24"))
fault("numpy-win32", "tf2151-cp311", "arch-mismatch", "the 32-bit wheel of NumPy was unpacked",
      lambda e: (e.uninstall("numpy"), e.unzip(e.fetch("numpy==1.26.4", platforms=("win32",)))), lambda e: e.reinstall("numpy"), ["dep-numpy", "wrong-platform-wheel"])
fault("numpy-arm64", "tf2200-cp313", "arch-mismatch", "the ARM64 wheel of NumPy was unpacked",
      lambda e: (e.uninstall("numpy"), e.unzip(e.fetch("numpy==2.3.2", platforms=("win_arm64",)))), lambda e: e.install("numpy"),
      ["dep-numpy", "wrong-platform-wheel"])
fault("ml-dtypes-of-linux", "tf2180-cp312", "wrong-platform-wheel", "ml_dtypes of Linux was downloaded for this machine and unpacked",
      lambda e: (e.uninstall("ml_dtypes"), e.unzip(e.fetch("ml_dtypes==0.4.1", platforms=("manylinux2014_x86_64", "manylinux_2_17_x86_64")))),
      lambda e: e.reinstall("ml_dtypes"), ["dep-other"])
fault("numpy-half-uninstalled", "tf2210-cp313", "dep-numpy", "pip was stopped: ~umpy is left, numpy is not",
      lambda e: (os.rename(e.p("numpy"), e.p("~umpy")), os.rename(e.info("numpy")[0], e.p("~umpy-2.5.5.dist-info"))), lambda e: e.install("numpy"))
fault("numpy-two-versions", "tf2151-cp311", "dep-numpy", "NumPy 2.2.6 lies over 1.26.4, the metadata of both is there", lambda e: e.unzip(e.fetch("numpy==2.2.6")),
      lambda e: '%s -m pip install --force-reinstall --no-deps "numpy==1.26.4"' % e.python)
fault("protobuf-4-tf210", "tf210-cp37", "dep-protobuf", "protobuf 4 with TensorFlow 2.1", lambda e: e.swap("protobuf", "4.24.4"),
      lambda e: e.install("protobuf<3.21"))
fault("protobuf-319-tf2200", "tf2200-cp313", "dep-protobuf", "protobuf 3.20 with TensorFlow 2.20: no runtime_version", lambda e: e.swap("protobuf", "3.20.3"),
      lambda e: e.install("protobuf>=6.31.1"))
fault("keras-215-tf2101", "tf2101-cp310", "dep-keras", "Keras 2.15 with TensorFlow 2.10", lambda e: e.swap("keras", "2.15.0"),
      lambda e: e.install("keras<2.11,>=2.10.0"), statement=KERAS)
fault("keras-gone-tf2180", "tf2180-cp312", "dep-keras", "keras was uninstalled (TensorFlow 2.18)", lambda e: e.uninstall("keras"), lambda e: e.install("keras>=3.5.0"),
      statement=KERAS)
fault("optree-gone", "tf2200-cp313", "dep-other", "optree, which Keras 3 needs, was uninstalled", lambda e: e.uninstall("optree"), lambda e: e.install("optree"),
      statement=KERAS)
fault("setuptools-gone", "tf2180-cp312", "dep-other", "setuptools is gone and left its .pth file behind: Python 3.12 has no distutils without it",
      lambda e: (e.uninstall("setuptools"), e.write(e.p("distutils-precedence.pth"), "import os; __import__('_distutils_hack').add_shim()\n")),
      lambda e: e.install("setuptools"))
fault("typing-extensions-old", "tf2200-cp313", "dep-other", "typing_extensions 3.7.4.3 was pinned by another package",
      lambda e: e.swap("typing_extensions", "3.7.4.3"), lambda e: e.install("typing_extensions>=3.6.6"))
fault("wrapt-pyd-html", "tf2151-cp311", "dep-other", "a download page in place of flatbuffers/__init__.py and wrapt's native part",
      lambda e: (e.write(e.one("wrapt", "*.pyd"), "<html></html>"), e.write(e.p("wrapt", "__init__.py"), "<html></html>")), lambda e: e.reinstall("wrapt"))
fault("gast-gone-tf210", "tf210-cp37", "dep-other", "gast was uninstalled (TensorFlow 2.1)", lambda e: e.uninstall("gast"), lambda e: e.install("gast"))
fault("plugin-without-dll", "tf2101-cp310", "addon-mismatch", "a device plug-in whose DLL needs one that is nowhere", lambda e: plugin(e),
      lambda e: 'rmdir /s /q "%s"' % e.win(e.p("tensorflow-plugins")))


def plugin(e):
    d = e.folder("build")
    e.dll(os.path.join(d, "acceldriver.dll"), "__declspec(dllexport) int accel_open(void) { return 0; }\n")
    e.dll(e.p("tensorflow-plugins", "accel_plugin.dll"), "__declspec(dllimport) int accel_open(void);\n"
          "__declspec(dllexport) int SE_InitPlugin(void) { return accel_open(); }\n", "-L" + d, "-lacceldriver")
    e.write(e.p("accel_plugin-1.0.dist-info", "METADATA"), "Metadata-Version: 2.1\nName: accel-plugin\nVersion: 1.0\nRequires-Dist: tensorflow\n")
    e.write(e.p("accel_plugin-1.0.dist-info", "WHEEL"), "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp310-cp310-win_amd64\n")
    e.write(e.p("accel_plugin-1.0.dist-info", "INSTALLER"), "pip\n")
    e.write(e.p("accel_plugin-1.0.dist-info", "RECORD"), "tensorflow-plugins/accel_plugin.dll,,\n" + "".join(
        "accel_plugin-1.0.dist-info/%s,,\n" % n for n in ("METADATA", "WHEEL", "INSTALLER", "RECORD")))


# ---- names that hide modules
fault("shadow-typing", "tf2151-cp311", "name-shadowing", "typing.py beside the program", lambda e: script(e, "typing.py", "speed = 90\n"))
fault("shadow-email-folder", "tf2101-cp310", "name-shadowing", "a folder email with an __init__.py in the current folder",
      lambda e: e.write(e.workdir("email", "__init__.py"), ""))
fault("shadow-tensorflow-folder", "tf2210-cp313", "name-shadowing", "the project's folder tensorflow has an __init__.py",
      lambda e: script(e, "tensorflow/__init__.py", "from .model import *\n"))
fault("shadow-logging-cwd", "tf2180-cp312", "name-shadowing", "logging.py in the current folder", lambda e: e.write(e.workdir("logging.py"), "level = 3\n"))
fault("shadow-queue-tf241", "tf241-cp38", "name-shadowing", "queue.py beside the program (TensorFlow 2.4)", lambda e: script(e, "queue.py", "jobs = []\n"))
fault("shadow-platform-tf210", "tf210-cp37", "name-shadowing", "platform.py beside the program (TensorFlow 2.1)", lambda e: script(e, "platform.py", "name = 1\n"))

# ---- the run time
fault("runtime-in-scripts", "tf2101-cp310", "vcruntime-missing", "the DLLs were copied into the environment's Scripts: the process runs from the base",
      lambda e: (environment(e), put_runtime(e, "14.44.35211", os.path.join(e.root, "Scripts"), "msvcp140.dll", "msvcp140_1.dll"), e.state.update(redist=None)),
      "redist", bare=True)
fault("runtime-in-package", "tf2101-cp310", "vcruntime-missing", "the DLLs were copied into tensorflow\\python, where TensorFlow's check does not look",
      lambda e: (put_runtime(e, "14.44.35211", e.tf("python"), "msvcp140.dll", "msvcp140_1.dll"), e.state.update(redist=None)), "redist")
fault("debug-runtime-only", "tf2180-cp312", "vcruntime-missing", "Visual Studio's debug run time (msvcp140d.dll) is there, the release one is not",
      lambda e: e.state.update(redist=None, files={"msvcp140d.dll": e.runtime("msvcp140.dll", "14.44.35211"),
                                                   "vcruntime140d.dll": e.runtime("vcruntime140.dll", "14.44.35211")}), "redist")
fault("x86-new-x64-old", "tf2200-cp313", "vcruntime-outdated", "the 32-bit run time was updated, the 64-bit one is 14.34",
      lambda e: e.state.update(redist="14.34.31931", x86="14.44.35211"), "redist")
fault("redist-1436-tf2210", "tf2210-cp313", "vcruntime-outdated", "Visual C++ 14.36: no vcruntime140_threads.dll yet and an old msvcp140.dll",
      lambda e: e.state.update(redist="14.36.32532"), "redist")
fault("redist-old-unregistered", "tf2200-cp313", "vcruntime-outdated", "System32 has 14.34, the registry says nothing",
      lambda e: e.state.update(redist="14.34.31931", says=""), "redist", ["vcruntime-shadowed"])
fault("runtime-beside-base", "tf2200-cp313", "vcruntime-shadowed", "an old msvcp140.dll lies beside the python.exe of the environment's base",
      lambda e: put_runtime(e, "14.29.30133", environment(e)), lambda e: 'del "%s"' % e.win(os.path.join(e.dest, "Base", "msvcp140.dll")), bare=True)
fault("vcruntime140-1-cut", "tf2101-cp310", "vcruntime-shadowed", "vcruntime140_1.dll beside python.exe was cut", lambda e: e.truncate(beside(e, "vcruntime140_1.dll")),
      also=["python-broken", "vcruntime-missing"])


# ---- paths and variables
fault("user-site-protobuf", "tf2200-cp313", "pythonpath-conflict", "protobuf 3.20.3 in the user's site-packages",
      lambda e: e.unzip(e.fetch("protobuf==3.20.3"), into=user_site(e)))
fault("usercustomize-foreign", "tf2180-cp312", "pythonpath-conflict", "usercustomize.py puts a folder with NumPy for Python 3.10 first",
      lambda e: e.write(user_site(e, "usercustomize.py"), "import sys\nsys.path.insert(0, r'%s')\n" % e.win(
          e.unzip(e.fetch("numpy==2.2.6", "3.10"), into=e.folder("old")))))
fault("warnings-are-errors", "tf2101-cp310", "env-setting", "PYTHONWARNINGS=error", lambda e: e.env.update(PYTHONWARNINGS="error"), 'set "PYTHONWARNINGS="')
fault("hash-seed", "tf2200-cp313", "env-setting", "PYTHONHASHSEED=fixed is no number", lambda e: e.env.update(PYTHONHASHSEED="fixed"), 'set "PYTHONHASHSEED="',
      ["python-broken"])
fault("utf8-yes", "tf2180-cp312", "env-setting", "PYTHONUTF8=yes is neither 0 nor 1", lambda e: e.env.update(PYTHONUTF8="yes"), 'set "PYTHONUTF8="', ["python-broken"])
fault("numpy-without-sse", "tf2151-cp311", "env-setting", "NPY_DISABLE_CPU_FEATURES names features that NumPy cannot do without",
      lambda e: e.env.update(NPY_DISABLE_CPU_FEATURES="SSE2 SSE3"), 'set "NPY_DISABLE_CPU_FEATURES="', ["dep-numpy"])
fault("keras-backend-jax", "tf2210-cp313", "env-setting", "KERAS_BACKEND=jax, and jax is not installed", lambda e: e.env.update(KERAS_BACKEND="jax"),
      'set "KERAS_BACKEND="', ["dep-other", "dep-keras"], statement=KERAS)
fault("tf-xla-flags", "tf2200-cp313", "env-setting", "TF_XLA_FLAGS holds a flag that does not exist", lambda e: e.env.update(TF_XLA_FLAGS="--tf_xla_no_such=1"),
      'set "TF_XLA_FLAGS="')


fault("gpu-wanted-on-215", "tf2151-cp311", "tf-no-gpu-build", "a GPU is expected of a native Windows build from 2.11 on", lambda e: None,
      also=["gpu-none"], recorded=True, tfdiag=["--expect", "gpu"])
