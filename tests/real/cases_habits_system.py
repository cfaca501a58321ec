"""What people do around an environment: interpreters, search paths, start-up code, variables, loader, rights, limits; odd but healthy ones."""
import os
import shutil
import zipfile

from cases_loader import SECCOMP, bind_over, cpu, limit, perm, setting
from cases_search import shadow
from realenv import bare_base, case, clone, healthy

KERAS = "import tensorflow as tf; tf.keras.layers"
CONSTANT = "import tensorflow as tf; tf.constant(1)"


def pyenv():
    return os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))


# ---- which interpreter, and whether it is well

@case("pyenv-version-of-the-folder", "tf220", "python-wrong-one", ["tf-missing"])
def _(e):
    """pyenv's shims stand first on PATH and .python-version of the folder names a Python without TensorFlow; .venv has it"""
    os.symlink(e.dest, e.workdir(".venv"))
    e.write(e.workdir(".python-version"), "3.11.7\n")
    e.env["PATH"] = os.path.join(pyenv(), "shims") + ":" + os.path.join(pyenv(), "bin") + ":" + os.environ["PATH"]
    e.env["PYENV_VERSION"] = None
    e.named, e.python = False, "python"
    return ". .venv/bin/activate"


@case("venv-python-of-other-machine", "tf220", "venv-broken", ["arch-mismatch", "python-broken"])
def _(e):
    """bin/python was copied from an arm64 board"""
    real = os.path.realpath(e.python)
    b = bytearray(e.read(real)[:200000])
    b[18:20] = b"\xb7\x00"
    e.relink_python(real)
    for n in ("python", "python3", "python" + e.xy):
        os.unlink(os.path.join(e.bin, n))
    e.write(os.path.join(e.bin, "python" + e.xy), bytes(b), 0o755)
    for n in ("python", "python3"):
        os.symlink("python" + e.xy, os.path.join(e.bin, n))
    return "rm -f {0}/bin/python*; {1} -m venv {0}".format(e.dest, real)


@case("venv-of-uv-base-gone", "tf220", "venv-broken")
def _(e):
    """uv's own Python below ~/.local/share/uv was cleaned away"""
    real = os.path.realpath(e.python)
    gone = os.path.join(e.home(".local", "share", "uv", "python", "cpython-3.12.11-linux-x86_64-gnu", "bin"))
    e.relink_python(os.path.join(gone, "python3.12"))
    e.set_home_key(gone)
    cfg = os.path.join(e.dest, "pyvenv.cfg")
    e.write(cfg, e.read(cfg).decode() + "uv = 0.9.0\n")
    return "rm -f {0}/bin/python*; {1} -m venv {0}".format(e.dest, real)


def base_damage(name, rel, how, base="tf220", statement=None):
    @case("base-" + name, base, "python-broken", kind="base")
    def _(e):
        p = e.need(os.path.join(e.root, "lib", "python" + e.xy, *rel.split("/")))
        e.rm(p) if how == "gone" else e.write(p, how)
        if p.endswith(".py"):
            e.drop_pyc(p)
        e.statement = statement or e.statement
        e.note = rel + " of the standard library"
        return None


base_damage("site-gone", "site.py", "gone", "tf210")
base_damage("multiprocessing-gone", "multiprocessing", "gone", "tf215")
base_damage("datetime-text", "datetime.py", "<<<<<<< HEAD\n", "tf221")
base_damage("concurrent-gone", "concurrent", "gone")


# ---- files of the user that hide modules

shadow("array", {"array.py": "print('my arrays')\n"}, expect="quiet")
shadow("bisect", {"bisect.py": "def bisect(f, a, b):\n    return (a + b) / 2\n"}, expect="quiet")
shadow("tempfile", {"tempfile.py": "PATH = '/tmp/x'\n"})
shadow("weakref", {"weakref.py": "print('weak references, chapter 4')\n"}, base="tf215")
shadow("traceback", {"traceback.py": "import sys\n"}, base="tf221")


@case("shadow-http-package", "tf220", "name-shadowing")
def _(e):
    """the project has a package http/ of its own"""
    e.write(e.workdir("http", "__init__.py"), "from .routes import ROUTES\n")
    e.write(e.workdir("http", "routes.py"), "ROUTES = {}\n")
    return "mv http my_http"


@case("script-through-a-link", "tf220", "name-shadowing")
def _(e):
    """the script is reached through a link; where it really lies there is a random.py, and Python looks there"""
    real = os.path.join(e.dest, "src")
    e.write(os.path.join(real, "train.py"), "import tensorflow as tf\nprint(tf.constant(1))\n")
    e.write(os.path.join(real, "random.py"), "SEED = 4\n")
    os.symlink(os.path.join(real, "train.py"), e.workdir("train.py"))
    e.script = e.workdir("train.py")
    return "mv %s/random.py %s/my_random.py" % (real, real)


# ---- search paths and start-up code

@case("usercustomize-inserts", "tf220", "pythonpath-conflict", ["dep-other", "dep-protobuf"], kind="base")
def _(e):
    """a usercustomize.py in ~/.local puts a folder with an old protobuf first"""
    v = e.vendor("protobuf==3.20.3")
    us = e.home(".local", "lib", "python" + e.xy, "site-packages", "usercustomize.py")
    e.write(us, "import sys\nsys.path.insert(0, %r)\n" % v)
    return "rm " + us


@case("startup-warnings-are-errors", "tf210", "pythonpath-conflict", ["env-setting"])
def _(e):
    """sitecustomize.py turns warnings into errors"""
    e.write(e.p("sitecustomize.py"), "import warnings\nwarnings.simplefilter('error')\n")
    return "rm " + e.p("sitecustomize.py")


@case("startup-mocks-tensorflow", "tf220", "pythonpath-conflict", ["name-shadowing"])
def _(e):
    """sitecustomize.py of a documentation build puts an empty tensorflow into sys.modules"""
    e.write(e.p("sitecustomize.py"), "import sys\nimport types\nsys.modules['tensorflow'] = types.ModuleType('tensorflow')\n")
    e.statement = CONSTANT
    return "rm " + e.p("sitecustomize.py")


@case("startup-loads-framework-of-other-release", "tf220", "library-conflict", ["pythonpath-conflict", "ldpath-conflict"])
def _(e):
    """a .pth file loads the libtensorflow_framework.so.2 of TensorFlow 2.15 for the whole process"""
    lib = os.path.join(e.sibling("tf215"), "tensorflow", "libtensorflow_framework.so.2")
    e.write(e.p("zz_ops.pth"), "import ctypes; ctypes.CDLL(%r, mode=ctypes.RTLD_GLOBAL)\n" % lib)
    return "rm " + e.p("zz_ops.pth")


@case("pth-of-an-old-checkout", "tf220", "pythonpath-conflict", ["name-shadowing", "dep-keras"])
def _(e):
    """an import line in a .pth file puts the checkout of an old keras first"""
    v = e.vendor("keras==2.15.0")
    e.write(e.p("keras_dev.pth"), "import sys; p = %r; p in sys.path or sys.path.insert(1, p)\n" % v)
    e.statement = KERAS
    return "rm " + e.p("keras_dev.pth")


# ---- variables

setting("keras-home-is-a-file", "KERAS_HOME", "/dev/null", statement=KERAS, expect="quiet")
setting("keras-backend-openvino", "KERAS_BACKEND", "openvino", statement=KERAS, base="tf221")
setting("tunables-static-tls", "GLIBC_TUNABLES", "glibc.rtld.optional_static_tls=0:glibc.rtld.nns=1", expect="quiet")
setting("pythonwarnings-deprecation-tf210", "PYTHONWARNINGS", "error::DeprecationWarning", base="tf210")


@case("keras-json-image-format", "tf215", "env-setting", ["dep-keras"])
def _(e):
    """keras.json names an image format that does not exist"""
    e.write(e.home(".keras", "keras.json"), '{"floatx": "float32", "epsilon": 1e-07, "backend": "tensorflow", "image_data_format": "channels"}\n')
    e.statement = KERAS
    return "rm " + e.home(".keras", "keras.json")


# ---- loader

@case("ld-libc-of-other-system", "tf220", "ldpath-conflict", ["python-broken"])
def _(e):
    """LD_LIBRARY_PATH names a folder with another distribution's libc.so.6: no program starts (a dynamic tfdiag neither)"""
    d = os.path.join(e.dest, "sdk", "lib")
    e.cc(os.path.join(d, "libc.so.6"), "int sdk_libc(void){return 0;}\n", "-nostdlib", "-Wl,-soname,libc.so.6")
    e.env["LD_LIBRARY_PATH"] = d
    e.note = "repair: unset LD_LIBRARY_PATH, in a shell that was started without it"
    return None


@case("ld-preload-by-name", "tf220", "ldpath-conflict", ["libstdcxx-old"])
def _(e):
    """LD_PRELOAD gives the bare name libstdc++.so.6, LD_LIBRARY_PATH the folder with an old one"""
    e.env["LD_PRELOAD"] = "libstdc++.so.6"
    e.env["LD_LIBRARY_PATH"] = e.old_libstdcxx("gcc4")
    return "unset LD_LIBRARY_PATH LD_PRELOAD"


@case("ld-preload-second-of-three", "tf215", "ldpath-conflict", ["libstdcxx-old"])
def _(e):
    """three libraries in LD_PRELOAD; the second is an old libstdc++"""
    d = e.old_libstdcxx("gcc4")
    e.env["LD_PRELOAD"] = "%s %s/libstdc++.so.6:%s" % (e.cc(os.path.join(d, "liba.so"), "int a;\n"), d, e.cc(os.path.join(d, "libb.so"), "int b;\n"))
    return "unset LD_PRELOAD"


@case("ld-preload-sanitizer", "tf220", "ldpath-conflict", ["library-conflict"], expect="quiet")
def _(e):
    """LD_PRELOAD=libasan.so of a debugging session"""
    e.env["LD_PRELOAD"] = e.need("/usr/lib/x86_64-linux-gnu/libasan.so.8")
    e.env["ASAN_OPTIONS"] = "detect_leaks=0"
    return "unset LD_PRELOAD"


def empty_library(e):
    p = e.write(os.path.join(e.dest, "empty"), b"")
    return p, "/usr/lib/x86_64-linux-gnu/libstdc++.so.6"


bind_over("system-libstdcxx-empty", "libstdcxx-old", [], empty_library)
cpu("denverton-tf221", "Denverton", base="tf221")
cpu("epyc", "EPYC", expect="quiet")


# ---- rights, mounts, limits

@case("parent-folder-closed", "tf220", "permission-denied", ["venv-broken", "python-broken"])
def _(e):
    """the environment is used by another user, and its owner's home is closed"""
    os.chmod(e.dest, 0o700)
    e.env["HOME"] = "/nonexistent"
    e.cwd = "/"
    e.wrap = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    return None


perm("h5py-init", "h5py", "__init__.py", statement=KERAS)
perm("typing-extensions-tf215", "typing_extensions.py", base="tf215")


@case("noexec-target-folder", "tf220", "security-blocked", kind="none")
def _(e):
    """all packages in a folder on PYTHONPATH below /tmp, which is mounted noexec"""
    bare_base(e.src, os.path.join(e.dest, "py"))
    e.bind(os.path.join(e.dest, "py"))
    libs = os.path.join(e.dest, "libs")
    clone(os.path.join(e.src, "lib", "python" + e.xy, "site-packages"), libs)
    e.env["PYTHONPATH"] = libs
    e.wrap = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" "$0" && mount -o remount,bind,noexec "$0" && exec "$@"', libs]
    return "mount -o remount,bind,exec " + libs


NO_EXEC = SECCOMP.replace("BPF_K, CALL, 0, 1)", "BPF_K, SYS_mprotect, 0, 3)").replace(
    "        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),",
    "        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),\n"
    "        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 4, 0, 1),\n"
    "        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),")


@case("seccomp-no-executable-memory", "tf220", "security-blocked", expect="quiet")
def _(e):
    """a seccomp rule refuses to make memory executable afterwards, as hardened services do (MemoryDenyWriteExecute)"""
    e.wrap = [e.cc(os.path.join(e.dest, "seccomp"), NO_EXEC, "-exe")]
    return None


@case("disk-no-inodes", "tf220", "disk-full", ["dep-other"])
def _(e):
    """the file system of site-packages/wrapt has no inode left: pip wrote two of its files"""
    keep = os.path.join(e.dest, "keep")
    shutil.copytree(e.p("wrapt"), keep)
    e.wrap = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o nr_inodes=3 tmpfs "$0" && cp "$1/__init__.py" "$1/__wrapt__.py" "$0"; '
              'shift && exec "$@"', e.p("wrapt"), keep]
    return None


limit("data-200m-tf221", "--data=200000000:", fix="ulimit -d unlimited", base="tf221")
limit("stack-96k", "--stack=98304:", fix="ulimit -s unlimited")
limit("as-500m-tf210", "--as=500000000:", fix="ulimit -v unlimited", base="tf210")


# ---- two at a time

@case("both-shadow-and-ldpath", "tf220", "ldpath-conflict", ["name-shadowing", "libstdcxx-old"])
def _(e):
    """a numpy.py in the folder, and an old libstdc++ on LD_LIBRARY_PATH"""
    e.write(e.workdir("numpy.py"), "array = list\n")
    e.env["LD_LIBRARY_PATH"] = e.old_libstdcxx("gcc4")
    return "unset LD_LIBRARY_PATH; mv numpy.py my_numpy.py"


@case("both-pythonhome-and-missing", "tf220", "python-broken", ["dep-other"])
def _(e):
    """PYTHONHOME of a removed installation, and astunparse uninstalled"""
    e.env["PYTHONHOME"] = "/opt/python-2.7"
    return "unset PYTHONHOME && python -m pip install astunparse==" + e.uninstall("astunparse")


@case("both-variable-and-damage", "tf215", "tf-corrupt", ["env-setting"])
def _(e):
    """a variable that breaks protobuf, and a library of TensorFlow cut short"""
    e.env["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "cpp"
    e.truncate(e.tf("libtensorflow_framework.so.2"))
    return "unset PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION && " + e.reinstall()


@case("both-base-gone-and-missing", "tf220", "venv-broken", ["dep-other"])
def _(e):
    """the base interpreter is gone, and packaging is not installed"""
    real = os.path.realpath(e.python)
    v = e.uninstall("wrapt")
    e.relink_python(os.path.join(e.dest, "gone", "bin", "python" + e.xy))
    e.set_home_key(os.path.join(e.dest, "gone", "bin"))
    return "rm -f {0}/bin/python*; {1} -m venv {0}; {0}/bin/python -m pip install wrapt=={2}".format(e.dest, real, v)


# ---- odd, and healthy

@healthy("odd-zips-of-a-cluster")
def _(e):
    """PYTHONPATH with the two archives that a cluster's start script puts there"""
    for n in ("pyspark.zip", "py4j-0.10.9.7-src.zip"):
        with zipfile.ZipFile(e.workdir(n), "w") as z:
            z.writestr(n.split(".")[0].split("-")[0] + "/__init__.py", "")
    e.env["PYTHONPATH"] = e.workdir("pyspark.zip") + ":" + e.workdir("py4j-0.10.9.7-src.zip")
    e.env["SPARK_HOME"] = e.cwd


@healthy("odd-audit-library-gone")
def _(e):
    """LD_AUDIT names a file that is gone"""
    e.env["LD_AUDIT"] = "/nonexistent/libaudit.so"


@healthy("odd-script-link-beside-random")
def _(e):
    """the folder of the link has a random.py; the script lies elsewhere, and Python looks there"""
    real = os.path.join(e.dest, "src")
    e.write(os.path.join(real, "train.py"), "import tensorflow as tf\nprint(tf.constant(1))\n")
    os.symlink(os.path.join(real, "train.py"), e.workdir("train.py"))
    e.write(e.workdir("random.py"), "SEED = 4\n")
    e.script = e.workdir("train.py")


@healthy("odd-dm-tree-for-optree")
def _(e):
    """optree is not installed, dm-tree is: Keras takes either"""
    e.unzip(e.fetch("dm-tree==0.1.9"))
    for s in ("attrs==24.2.0",):
        e.unzip(e.fetch(s))
    e.uninstall("optree")
    e.statement = KERAS


@healthy("odd-nested-conda")
def _(e):
    """CONDA_PREFIX of a base environment that is active below the one in use"""
    os.makedirs(e.home("miniconda3", "conda-meta"))
    e.env.update({"CONDA_PREFIX": e.home("miniconda3"), "CONDA_SHLVL": "1", "CONDA_DEFAULT_ENV": "base", "VIRTUAL_ENV": e.dest})


@healthy("odd-notebook-variables")
def _(e):
    """the variables that a notebook server gives its kernels, some of them for programs that are not here"""
    e.env.update({"JPY_PARENT_PID": "17", "MPLBACKEND": "module://matplotlib_inline.backend_inline", "JPY_SESSION_NAME": "/x.ipynb",
                  "PYDEVD_USE_FRAME_EVAL": "NO", "PYDEVD_DISABLE_FILE_VALIDATION": "1", "CLICOLOR": "1", "GIT_PAGER": "cat"})


@healthy("odd-certificates-gone")
def _(e):
    """certifi's bundle and tensorboard's data server were removed"""
    e.rm(e.p("certifi", "cacert.pem"))
    e.rm(e.p("tensorboard_data_server"))


@healthy("odd-two-lib-folders")
def _(e):
    """lib/python3.11 with a torn TensorFlow stayed from before the environment was upgraded"""
    d = os.path.join(e.dest, "lib", "python3.11", "site-packages")
    e.write(os.path.join(d, "tensorflow", "__init__.py"), "raise ImportError\n")
    e.write(os.path.join(d, "tensorflow-2.12.0.dist-info", "METADATA"), "Metadata-Version: 2.1\nName: tensorflow\nVersion: 2.12.0\n")


@healthy("odd-egg-info-in-folder")
def _(e):
    """a checkout with a tensorflow.egg-info of 2.4 in the current folder"""
    e.write(e.workdir("tensorflow.egg-info", "PKG-INFO"), "Metadata-Version: 2.1\nName: tensorflow\nVersion: 2.4.0\n")
    e.write(e.workdir("tensorflow.egg-info", "requires.txt"), "numpy~=1.19.2\n")


@healthy("odd-tight-but-enough")
def _(e):
    """few files, few processes, no core, a small stack"""
    e.wrap = ["prlimit", "--nofile=128:128", "--core=0:0", "--stack=4194304:"]


@healthy("odd-site-packages-elsewhere")
def _(e):
    """site-packages is a link to another disk"""
    other = os.path.join(e.dest, "disk", "packages")
    os.makedirs(os.path.dirname(other))
    clone(os.path.join(e.src, "lib", "python" + e.xy, "site-packages"), other)
    d = os.path.dirname(e.sp)
    os.rename(d, d + ".old")
    os.makedirs(d)
    os.symlink(other, e.sp)
    shutil.rmtree(d + ".old")


@healthy("odd-older-but-in-range", base="tf221")
def _(e):
    """requirements at the old end of what is accepted"""
    e.swap("gast", "0.5.4")
    e.swap("wrapt", "1.16.0")
    e.swap("flatbuffers", "24.3.25")
    e.swap("termcolor", "2.0.1")


@healthy("odd-preload-allocator")
def _(e):
    """LD_PRELOAD of an allocator that only passes calls on, and of a name that is found nowhere"""
    lib = e.cc(os.path.join(e.dest, "libmymalloc.so"), "#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <stddef.h>\n"
               "void *malloc(size_t n){static void *(*f)(size_t);if(!f)f=dlsym(RTLD_NEXT,\"malloc\");return f(n);}\n")
    e.env["LD_PRELOAD"] = lib + ":libgtk3-nocsd.so.0"


@healthy("odd-global-symbols")
def _(e):
    """sitecustomize.py asks for RTLD_GLOBAL, an old work-around"""
    e.write(e.p("sitecustomize.py"), "import os\nimport sys\nsys.setdlopenflags(os.RTLD_GLOBAL | os.RTLD_NOW)\n")


@healthy("odd-user-without-account")
def _(e):
    """a container's user that /etc/passwd does not know, without HOME"""
    e.env.update({"HOME": "/", "USER": "", "LOGNAME": ""})
    e.wrap = ["prlimit", "--nofile=1024:1024"]
