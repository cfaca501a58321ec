"""Environments in which the import works: tfdiag must name no cause and exit 0."""
import glob
import os
import shutil
import subprocess
import sys
import threading

from realenv import NotFit, bare_base, clone, healthy


TOOLS = threading.Lock()


def tool(e, package, exe):
    """A program from PyPI, installed once beside the environments."""
    d = os.path.join(os.path.dirname(e.src), ".tools")
    p = os.path.join(d, "bin", exe)
    with TOOLS:
        if not os.path.exists(p):
            python = os.path.join(d, "bin", "python")
            for argv in ([os.path.join(e.src, "bin", "python"), "-m", "venv", d], [python, "-m", "pip", "install", "-q", package]):
                if subprocess.run(argv, stdout=sys.stderr, check=False).returncode != 0:
                    raise NotFit("could not install " + package)
    return p


def fill(e, root):
    """The packages of the base environment in another environment's site-packages."""
    sp = glob.glob(os.path.join(glob.escape(root), "lib", "python3.*", "site-packages"))[0]
    shutil.rmtree(sp)
    clone(os.path.join(e.src, "lib", os.path.basename(os.path.dirname(sp)), "site-packages"), sp)
    e.bind(root)


for _b in ("tf220", "tf215", "tf221", "tf210"):
    @healthy("healthy-" + _b, _b)
    def _(e):
        """an unbroken copy"""


@healthy("healthy-tf115", "tf115")
def _(e):
    """TensorFlow 1.15 on Python 3.7"""


@healthy("healthy-virtualenv", kind="none")
def _(e):
    """made by virtualenv"""
    root = os.path.join(e.dest, "ve")
    subprocess.run([tool(e, "virtualenv", "virtualenv"), "-q", "-p", os.path.join(e.src, "bin", "python"), root], check=True,
                   stdout=sys.stderr)
    fill(e, root)


@healthy("healthy-uv", kind="none")
def _(e):
    """made by uv venv: no pip inside, INSTALLER says uv"""
    root = os.path.join(e.dest, "uvenv")
    base = os.path.realpath(os.path.join(e.src, "bin", "python"))
    subprocess.run([tool(e, "uv", "uv"), "venv", "-q", "--python", base, root], check=True, stdout=sys.stderr)
    fill(e, root)
    e.uninstall("pip")
    for p in glob.glob(e.p("*.dist-info", "INSTALLER")):
        e.write(p, "uv")
        e.write(os.path.join(os.path.dirname(p), "REQUESTED"), "")


@healthy("healthy-target-folder", kind="none")
def _(e):
    """pip install --target DIR, DIR on PYTHONPATH of the bare interpreter"""
    base = bare_base(e.src, os.path.join(e.dest, "base"))
    e.python = glob.glob(os.path.join(base, "bin", "python3.??"))[0]
    t = os.path.join(e.dest, "target")
    clone(glob.glob(os.path.join(e.src, "lib", "python3.*", "site-packages"))[0], t)
    e.env["PYTHONPATH"] = t


@healthy("healthy-user-site", kind="none")
def _(e):
    """pip install --user: everything in ~/.local"""
    base = bare_base(e.src, os.path.join(e.dest, "base"))
    e.python = glob.glob(os.path.join(base, "bin", "python3.??"))[0]
    us = e.home(".local", "lib", os.path.basename(e.python), "site-packages")
    os.makedirs(os.path.dirname(us))
    clone(glob.glob(os.path.join(e.src, "lib", "python3.*", "site-packages"))[0], us)


@healthy("healthy-base-prefix", kind="base")
def _(e):
    """packages in the interpreter's own site-packages"""


@healthy("healthy-system-site", kind="none")
def _(e):
    """an empty environment with include-system-site-packages over a base that has TensorFlow"""
    inner = type(e)(e.src, os.path.join(e.dest, "base"), "base")
    root = os.path.join(e.dest, "venv")
    subprocess.run([inner.python, "-m", "venv", "--system-site-packages", "--without-pip", root], check=True)
    e.bind(root)


@healthy("healthy-spaces", kind="none")
def _(e):
    """spaces and non-ASCII letters in the path"""
    root = os.path.join(e.dest, "mes études – ÄÖ 学习")
    clone(e.src, root)
    e.bind(root)
    e.cwd = os.path.join(e.dest, "dossier à moi")
    os.makedirs(e.cwd)


@healthy("healthy-symlinked")
def _(e):
    """the environment is reached through a symbolic link"""
    link = os.path.join(e.dest, "link")
    os.symlink(e.dest, link)
    e.python = os.path.join(link, "bin", "python")


@healthy("healthy-lib64-link")
def _(e):
    """asked for through bin/python3, a link to a link"""
    e.python = os.path.join(e.bin, "python3")


@healthy("healthy-editable")
def _(e):
    """editable installs of the user's packages, old and new style, and an import finder"""
    src = os.path.join(e.dest, "src", "mylib")
    e.write(os.path.join(src, "mylib", "__init__.py"), "")
    e.write(e.p("easy-install.pth"), src + "\n")
    e.write(e.p("mylib.egg-link"), src + "\n.\n")
    e.write(os.path.join(src, "mylib.egg-info", "PKG-INFO"), "Metadata-Version: 2.1\nName: mylib\nVersion: 0.1\n")
    e.write(e.p("__editable__.other-0.1.pth"), "import __editable___other_0_1_finder; __editable___other_0_1_finder.install()")
    e.write(e.p("__editable___other_0_1_finder.py"), "MAPPING = {'other': %r}\ndef install():\n    pass\n" % src)
    e.write(e.p("other-0.1.dist-info", "METADATA"), "Metadata-Version: 2.1\nName: other\nVersion: 0.1\n")
    e.write(e.p("other-0.1.dist-info", "RECORD"), "")
    e.write(e.p("other-0.1.dist-info", "direct_url.json"), '{"dir_info": {"editable": true}, "url": "file://%s"}' % src)


@healthy("healthy-variables")
def _(e):
    """odd but harmless variables"""
    e.env.update({"PYTHONSTARTUP": "/nonexistent/startup.py", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1",
                  "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "x", "LD_LIBRARY_PATH": "/usr/local/cuda/lib64:/opt/none",
                  "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0",
                  "OMP_NUM_THREADS": "1", "PYTHONPATH": "", "CUDA_HOME": "/usr/local/cuda", "LANG": "xx_YY.UTF-8",
                  "TF_FORCE_GPU_ALLOW_GROWTH": "true", "PYTHONFAULTHANDLER": "1", "KERAS_HOME": "/nonexistent/keras",
                  "http_proxy": "http://user:secret@proxy.invalid:3128", "TERM": "dumb"})


@healthy("healthy-noisy-variables")
def _(e):
    """variables that make Python talk: -v, import times, developer mode, an interactive prompt at the end"""
    e.env.update({"PYTHONVERBOSE": "1", "PYTHONPROFILEIMPORTTIME": "1", "PYTHONDEVMODE": "1", "PYTHONINSPECT": "1"})


@healthy("healthy-no-home")
def _(e):
    """no HOME at all, an almost empty environment"""
    e.env.update({"HOME": None, "LANG": None, "LC_ALL": None, "TERM": None, "USER": None, "PATH": "/usr/bin:/bin"})


@healthy("healthy-home-unwritable")
def _(e):
    """HOME may not be written"""
    e.env["HOME"] = "/proc"


@healthy("healthy-readonly", tfdiag=())
def _(e):
    """the whole environment on a read-only mount"""
    e.wrap = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"', e.dest]


@healthy("healthy-other-packages-broken")
def _(e):
    """unrelated packages are broken: metadata without files, unmet requirements, damaged native files"""
    e.write(e.p("brokenpkg-1.0.dist-info", "METADATA"), "Metadata-Version: 2.1\nName: brokenpkg\nVersion: 1.0\n"
            "Requires-Dist: numpy<1\nRequires-Dist: nowhere>=3\n")
    e.write(e.p("brokenpkg-1.0.dist-info", "RECORD"), "brokenpkg/__init__.py,sha256=AAAA,10\nbrokenpkg/x.so,sha256=BBBB,99\n")
    e.write(e.p("junk", "native.cpython-312-x86_64-linux-gnu.so"), b"\x7fELF" + b"\xff" * 60)
    e.write(e.p("junk", "__init__.py"), "syntax error here\n")
    e.write(e.p("nometa-2.0.dist-info", "RECORD"), b"\xff\xfe\x00")
    e.write(e.p("UNKNOWN-0.0.0.egg-info"), "Metadata-Version: 1.0\n")
    e.write(e.p("~umpy-1.0.dist-info", "METADATA"), "")


@healthy("healthy-conda-like", kind="base")
def _(e):
    """a conda tree: conda-meta beside bin and lib, INSTALLER says conda, CONDA_PREFIX set"""
    e.write(os.path.join(e.dest, "conda-meta", "history"), "==> 2026-01-01 <==\n")
    for p in glob.glob(e.p("*.dist-info")):
        n, _, v = os.path.basename(p)[:-10].partition("-")
        n = n.lower().replace("_", "-")
        e.write(os.path.join(p, "INSTALLER"), "conda")
        e.write(os.path.join(e.dest, "conda-meta", "%s-%s-py312_0.json" % (n, v)),
                '{"name": "%s", "version": "%s", "build": "py312_0", "channel": "conda-forge", "depends": [], "files": []}' % (n, v))
    e.write(os.path.join(e.dest, "conda-meta", "python-3.12.1-h1_0.json"), '{"name": "python", "version": "3.12.1"}')
    e.env["CONDA_PREFIX"] = e.dest
    e.env["CONDA_DEFAULT_ENV"] = "base"


@healthy("healthy-activated")
def _(e):
    """found through PATH and VIRTUAL_ENV, no --python"""
    e.env["PATH"] = e.bin + ":" + os.environ["PATH"]
    e.env["VIRTUAL_ENV"] = e.dest
    e.python, e.named = "python", False


@healthy("healthy-other-virtual-env-gone")
def _(e):
    """VIRTUAL_ENV still names a deleted environment, but the interpreter that is used has TensorFlow"""
    e.env["VIRTUAL_ENV"] = "/nonexistent/old"


@healthy("healthy-no-bytecode")
def _(e):
    """no byte code at all, as after pip install --no-compile"""
    for d, dn, _f in os.walk(e.sp):
        if "__pycache__" in dn:
            shutil.rmtree(os.path.join(d, "__pycache__"))
            dn.remove("__pycache__")


@healthy("healthy-no-record")
def _(e):
    """the RECORD of every distribution was dropped (a distribution's package, a slimmed image)"""
    for p in glob.glob(e.p("*.dist-info", "RECORD")):
        os.unlink(p)


@healthy("healthy-slimmed")
def _(e):
    """an image slimmed by hand: tests, headers, pip and byte code removed"""
    for n in ("pip", "tensorflow/include", "numpy/tests", "setuptools"):
        if os.path.exists(e.p(*n.split("/"))):
            e.rm(e.p(*n.split("/")))
    for d in glob.glob(e.p("numpy", "*", "tests")):
        e.rm(d)


@healthy("healthy-stripped-libs", "tf210")
def _(e):
    """a small library was stripped: size and hash no longer match RECORD, the import works"""
    if not shutil.which("strip"):
        raise NotFit("needs strip")
    p = e.one("wrapt", "_wrappers*.so")
    e.private(p)
    subprocess.run(["strip", "-g", p], check=True)


@healthy("healthy-edited-py")
def _(e):
    """the user put a print into tensorflow/__init__.py"""
    p = e.tf("__init__.py")
    e.write(p, e.read(p) + b"\n# local note\n")


@healthy("healthy-cwd-files")
def _(e):
    """a project folder with names that hide nothing the import needs"""
    for n in ("model.py", "train.py", "notes.txt", "setup.py", "utils/__init__.py", "tests/__init__.py", "tensorflow_utils.py",
              "data/numpy/readme", "README", "tokenizer.py", "losses.py", "callbacks.py", "metrics.py", "layers.py", "my.so"):
        e.write(e.workdir(*n.split("/")), "x = 1\n")


@healthy("healthy-cwd-gone")
def _(e):
    """started in a folder that was deleted meanwhile"""
    e.workdir()
    e.wrap = ["sh", "-c", 'd=$(mktemp -d) && cd "$d" && rmdir "$d" && exec "$@"', "sh"]


@healthy("healthy-zip-stdlib", kind="base")
def _(e):
    """a zipped standard library lies beside the unzipped one"""
    z = os.path.join(e.root, "lib", "python" + e.xy.replace(".", "") + ".zip")
    subprocess.run([sys.executable, "-m", "zipfile", "-c", z, os.path.join(e.root, "lib", "python" + e.xy, "colorsys.py")], check=True)


@healthy("healthy-dist-packages", kind="base")
def _(e):
    """further packages in a folder dist-packages, as on Debian, brought in by a .pth file"""
    d = os.path.join(e.root, "lib", "python3", "dist-packages")
    e.write(os.path.join(d, "apt_thing", "__init__.py"), "")
    e.write(os.path.join(d, "numpy", "__init__.py"), "raise ImportError('the old one')\n")
    e.write(e.p("zz-debian.pth"), d + "\n")


@healthy("healthy-huge-path")
def _(e):
    """PATH and PYTHONPATH with hundreds of entries that do not exist"""
    e.env["PATH"] = ":".join("/nonexistent/%d/bin" % i for i in range(300)) + ":" + os.environ["PATH"]
    e.env["PYTHONPATH"] = ":".join("/nonexistent/%d" % i for i in range(300))


@healthy("healthy-numpy-1", "tf215")
def _(e):
    """wrapt and flatbuffers out of the range that metadata gives, import works"""
    e.swap("wrapt", "1.17.2")


@healthy("healthy-text-addon", "tf215")
def _(e):
    """an add-on of the right version"""
    for s in ("tensorflow-text==2.15.0", "tensorflow-hub==0.15.0"):
        e.unzip(e.fetch(s))
    e.statement = "import tensorflow_text"


@healthy("healthy-tf-keras")
def _(e):
    """tf-keras of the right version and TF_USE_LEGACY_KERAS=1"""
    e.unzip(e.fetch("tf-keras==2.20.1"))
    e.env["TF_USE_LEGACY_KERAS"] = "1"
    e.statement = "import tensorflow as tf; tf.keras.layers"


@healthy("healthy-own-certificates")
def _(e):
    """the company's certificate appended to certifi's bundle: its size is no longer RECORD's"""
    p = e.p("certifi", "cacert.pem")
    e.write(p, e.read(p) + b"\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
