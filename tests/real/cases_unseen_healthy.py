"""Odd environments in which the import works, written without a look at the rules: tfdiag must name no cause and exit 0."""
import glob
import os
import shutil
import zipfile

from cases_loader import stub
from cases_system import NODAC
from realenv import clone, healthy

KERAS = "import tensorflow as tf; tf.keras.layers"


def odd(name, base="tf220", kind="venv", statement=None):
    def deco(make):
        @healthy("sound-" + name, base, kind)
        def _(e):
            e.statement = statement or e.statement
            make(e)
        return make
    return deco


@odd("google-init-in-site-packages")
def _(e):
    """an old namespace __init__.py in google/"""
    e.write(e.p("google", "__init__.py"), "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n")


@odd("google-init-on-pythonpath")
def _(e):
    """a folder google/ with pkgutil's extend_path stands first on sys.path"""
    e.write(os.path.join(e.dest, "gcp", "google", "__init__.py"), "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)\n")
    e.write(os.path.join(e.dest, "gcp", "google", "cloud", "__init__.py"), "")
    e.env["PYTHONPATH"] = os.path.join(e.dest, "gcp")


@odd("ml-dtypes-on-pythonpath", "tf215")
def _(e):
    """a newer ml_dtypes, built for either NumPy, on PYTHONPATH"""
    e.unzip(e.fetch("ml_dtypes==0.4.1"), into=os.path.join(e.dest, "vendor"))
    e.env["PYTHONPATH"] = os.path.join(e.dest, "vendor")


@odd("upb-unreadable")
def _(e):
    """protobuf's accelerator may not be read: its Python code does"""
    p = e.one("google", "_upb", "_message*.so")
    e.private(p)
    os.chmod(p, 0)
    e.wrap = NODAC


@odd("opt-einsum-docs-unreadable")
def _(e):
    """files that the import does not open may not be read"""
    for p in (e.one("opt_einsum*.dist-info", "METADATA"), e.one("numpy", "f2py", "__init__.py"), e.p("tensorflow", "lite", "tools", "visualize.py")):
        if os.path.exists(p):
            e.private(p)
            os.chmod(p, 0)
    e.wrap = NODAC


@odd("empty-metadata")
def _(e):
    """METADATA and RECORD of a requirement are empty files"""
    for n in ("METADATA", "RECORD", "WHEEL"):
        e.write(e.one("gast-*.dist-info", n), b"")


@odd("metadata-not-utf8")
def _(e):
    """METADATA of two packages is Latin-1, a third's is binary"""
    for n, data in (("termcolor", b"Metadata-Version: 2.1\nName: termcolor\nVersion: 3.3.0\nAuthor: M\xfcller\n"), ("rich", b"\0\1\2\xff"),
                    ("idna", b"Name: idna\n")):
        e.write(e.one(n + "-*.dist-info", "METADATA"), data)


@odd("entry-points-garbage", "tf221")
def _(e):
    """entry_points.txt and top_level.txt that no parser takes"""
    for d in glob.glob(e.p("*.dist-info"))[:8]:
        e.write(os.path.join(d, "entry_points.txt"), b"[[[\n= \xff\n")
        e.write(os.path.join(d, "top_level.txt"), b"\xff\n../../etc\n")


@odd("apple-doubles", "tf210")
def _(e):
    """files that macOS leaves on shared drives"""
    for n in ("._six.py", "._tensorflow", ".DS_Store", "._distutils-precedence.pth", "numpy/._core", "tensorflow/._python"):
        e.write(e.p(*n.split("/")), b"\0\5\x16\7\0\2\0\0Mac OS X        ")


@odd("info-is-a-file")
def _(e):
    """dist-info that is a file, one without a version, one of a link to nowhere"""
    e.write(e.p("wrapt-9.9.dist-info"), "")
    e.write(e.p("numpy.dist-info", "METADATA"), "Name: numpy\n")
    os.symlink("/nonexistent", e.p("gast-0.1.dist-info"))


@odd("stale-infos")
def _(e):
    """metadata of older releases was left beside the new ones"""
    for n, v in (("numpy", "1.21.0"), ("protobuf", "3.19.0"), ("keras", "2.9.0"), ("absl_py", "0.1")):
        e.write(e.p("%s-%s.dist-info" % (n, v), "METADATA"), "Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (n, v))


@odd("stdlib-backports")
def _(e):
    """backports in site-packages that carry names of the standard library"""
    for n in ("dataclasses.py", "enum/__init__.py", "typing.py", "selectors.py", "asyncio/__init__.py", "uuid.py", "contextvars/__init__.py"):
        e.write(e.p(*n.split("/")), "raise RuntimeError('a backport for Python 2')\n")


@odd("cwd-builtin-names")
def _(e):
    """names in the start folder that are built in, frozen or loaded before anyone asks the folder"""
    for n in ("sys.py", "time.py", "builtins.py", "os.py", "codecs.py", "zipimport.py", "site.py", "posix.py", "itertools.py", "marshal.py"):
        e.write(e.workdir(n), "raise RuntimeError('mine')\n")


@odd("cwd-links-to-nowhere")
def _(e):
    """dangling links with the names of packages, folders with such names that hold data"""
    for n in ("numpy", "keras.py", "random.py"):
        os.symlink("/nonexistent/" + n, e.workdir(n))
    e.write(e.workdir("tensorflow", "checkpoint"), "x")
    e.write(e.workdir("h5py", "data.h5"), "x")


@odd("cwd-pyc-in-cache")
def _(e):
    """byte code in __pycache__ without a source hides nothing"""
    e.write(e.workdir("__pycache__", "random.cpython-312.pyc"), "x")
    e.write(e.workdir("__pycache__", "numpy.cpython-312.pyc"), "x")


@odd("script-elsewhere")
def _(e):
    """the script's folder is full of names, but they hide nothing"""
    d = os.path.join(e.dest, "project")
    for n in ("numpy.txt", "random.ipynb", "types.pyi", "data/random.py", "keras.h5", "tensorflow.md"):
        e.write(os.path.join(d, *n.split("/")), "x")
    e.script = e.write(os.path.join(d, "train.py"), "import tensorflow\n")


@odd("pythonpath-mixed-entries")
def _(e):
    """PYTHONPATH: a file, a broken archive, a link to itself, a good archive, the root"""
    z = os.path.join(e.dest, "a.zip")
    with zipfile.ZipFile(z, "w") as f:
        f.writestr("helper_module.py", "")
    bad = e.write(os.path.join(e.dest, "b.zip"), b"PK\3\4 no archive")
    loop = os.path.join(e.dest, "loop")
    os.symlink(loop, loop)
    e.env["PYTHONPATH"] = ":".join((z, bad, loop, e.write(os.path.join(e.dest, "f"), "x"), "/proc/self", "/dev/null", "/"))


@odd("pythonpath-own-site-packages")
def _(e):
    """PYTHONPATH names the environment's own site-packages, twice"""
    e.env["PYTHONPATH"] = e.sp + ":" + e.sp + "/"


@odd("ld-path-crowded")
def _(e):
    """LD_LIBRARY_PATH with libraries that TensorFlow asks for by other names or not at all"""
    for lib in ("libprotobuf.so.3", "libopenblas.so.0", "libhdf5.so.103", "libcudart.so", "libssl.so.1.0"):
        e.env["LD_LIBRARY_PATH"] = stub(lib)(e)


@odd("ld-path-newer-runtime")
def _(e):
    """LD_LIBRARY_PATH with copies of the system's own run-time libraries"""
    d = os.path.join(e.dest, "conda", "lib")
    os.makedirs(d)
    for lib in ("libstdc++.so.6", "libgcc_s.so.1", "libz.so.1", "libm.so.6"):
        for s in ("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/usr/lib64"):
            if os.path.exists(os.path.join(s, lib)):
                shutil.copyfile(os.path.join(s, lib), os.path.join(d, lib))
                break
    e.env["LD_LIBRARY_PATH"] = d


@odd("ld-talks")
def _(e):
    """the loader and TensorFlow tell all they do; malloc checks itself"""
    e.env.update(LD_DEBUG="statistics", MALLOC_CHECK_="3", TF_CPP_MAX_VLOG_LEVEL="1", MALLOC_ARENA_MAX="1", LD_AUDIT="/nonexistent/audit.so")


@odd("variables-of-python", "tf221", statement=KERAS)
def _(e):
    """settings of Python that change nothing here"""
    e.env.update(PYTHONPYCACHEPREFIX="/nonexistent/pyc", PYTHONCASEOK="1", PYTHONWARNDEFAULTENCODING="1", PYTHONWARNINGS="ignore,no::Such",
                 PYTHONBREAKPOINT="no.such", PYTHONNODEBUGRANGES="1", PYTHON_COLORS="2",
                 PYTHON_HISTORY="/nonexistent", PYTHONUSERBASE="/nonexistent", PYTHONSTARTUP="/dev/null", PYTHONHASHSEED="0", PYTHONMALLOC="debug")


@odd("unlimited-stack")
def _(e):
    """unlimited stack, no locked memory, few pending signals, no core"""
    e.wrap = ["prlimit", "--stack=unlimited:unlimited", "--memlock=0:0", "--sigpending=1:1", "--core=0:0", "--msgqueue=0:0"]


@odd("python-behind-a-script")
def _(e):
    """bin/python is a script that sets a variable and starts the interpreter"""
    for n in ("python", "python3", "python" + e.xy):
        p = os.path.join(e.bin, n)
        real = os.path.realpath(p)
        os.unlink(p)
        e.write(p, "#!/bin/sh\nOMP_NUM_THREADS=1 PYTHONPATH=%s exec %s \"$@\"\n" % (e.sp, real), 0o755)


@odd("packages-through-pth", kind="base")
def _(e):
    """the interpreter's site-packages hold one .pth file, which names a folder with everything"""
    shared = os.path.join(e.dest, "shared libs")
    clone(os.path.join(e.src, "lib", "python" + e.xy, "site-packages"), shared)
    for p in glob.glob(e.p("*")):
        e.rm(p)
    e.write(e.p("shared.pth"), "# shared\n\n" + shared + "\n" + shared + "\n")


@odd("uv-files")
def _(e):
    """what uv and virtualenv leave: _virtualenv.py and its .pth, .lock files, CACHEDIR.TAG, direct_url.json, uv_cache.json"""
    e.write(e.p("_virtualenv.pth"), "import _virtualenv")
    e.write(e.p("_virtualenv.py"), "import sys\n")
    e.write(e.p("distutils-precedence.pth"), "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; "
            "enabled and __import__('_distutils_hack').add_shim();\n")
    for d in glob.glob(e.p("*.dist-info")):
        e.write(os.path.join(d, "uv_cache.json"), "{}")
        e.write(os.path.join(d, "INSTALLER"), "uv")
    e.write(os.path.join(e.dest, ".lock"), "")


@odd("all-files-are-links")
def _(e):
    """two packages whose files are links into a cache, as uv's link mode makes them"""
    for n in ("absl", "wrapt", "numpy"):
        store = os.path.join(e.dest, "cache", n)
        os.makedirs(os.path.dirname(store), exist_ok=True)
        shutil.copytree(e.p(n), store, symlinks=True)
        for d, _dirs, files in os.walk(store):
            here = os.path.join(e.p(n), os.path.relpath(d, store))
            for f in files:
                os.unlink(os.path.join(here, f))
                os.symlink(os.path.join(d, f), os.path.join(here, f))


@odd("closed-start-folder")
def _(e):
    """the start folder may be entered by nobody"""
    os.chmod(e.workdir(), 0)
    e.wrap = NODAC


@odd("start-code-of-tools")
def _(e):
    """start-up code of coverage tools, debuggers and proxies: under try, behind a variable, without effect"""
    e.write(e.p("a1_coverage.pth"), "import sys; exec('try: import coverage; coverage.process_startup()\\nexcept Exception: pass')\n")
    e.write(e.p("protobuf-3.0-nspkg.pth"), "import sys, types, os;has_mfs = sys.version_info > (3, 5);p = os.path.join("
            "sys._getframe(1).f_locals['sitedir'], *('google',));importlib = has_mfs and __import__('importlib.util');"
            "m = has_mfs and sys.modules.setdefault('google', importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec("
            "'google', [os.path.dirname(p)])));m = m or sys.modules.setdefault('google', types.ModuleType('google'));"
            "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)\n")
    e.write(e.p("sitecustomize.py"), "import os, sys\nif os.environ.get('COMPANY_DEBUG'):\n    sys.path[:] = []\n"
            "sys.setrecursionlimit(5000)\nimport atexit\natexit.register(lambda: None)\n")
