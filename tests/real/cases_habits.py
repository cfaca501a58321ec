"""What people do to an environment: copies, half-finished installs, upgrades of single packages, add-ons, other installers."""
import glob
import os
import re
import shutil
import struct
import subprocess

from cases_requirements import old
from cases_versions import missing
from realenv import NotFit, case, clone, healthy

KERAS = "import tensorflow as tf; tf.keras.layers"
HTML = "<!DOCTYPE html>\n<html><head><title>Sign in to continue</title></head><body>Session expired.</body></html>\n"


# ---- copies that went wrong

@case("copy-interrupted", "tf215", "tf-corrupt", ["dep-other"])
def _(e):
    """scp -r broke off: of site-packages all is missing that the alphabet puts behind tensorflow/python/data"""
    for n in sorted(os.listdir(e.tf("python"))):
        if n > "data" and n != "pywrap_tensorflow.py":
            e.rm(e.tf("python", n))
    for n in os.listdir(e.tf()):
        if n > "python":
            e.rm(e.tf(n))
    for n in os.listdir(e.sp):
        if n > "tensorflow" and not n.startswith("tensorflow_cpu"):
            e.rm(e.p(n))
    return "python -m pip install --force-reinstall --no-deps tensorflow-cpu==2.15.1 wrapt==1.14.2 typing_extensions termcolor"


@case("copy-rsync-cvs-exclude", "tf220", "tf-corrupt", ["dep-numpy", "dep-other", "dep-protobuf"])
def _(e):
    """rsync -C: leaves out *.so and everything named core or tags"""
    for dp, dn, fn in os.walk(e.sp):
        for n in list(dn):
            if n == "core":
                shutil.rmtree(os.path.join(dp, n))
                dn.remove(n)
        for n in fn:
            if n.endswith((".so", ".o", ".a", ".orig")) or n == "tags":
                os.unlink(os.path.join(dp, n))
    return "python -m pip install --force-reinstall tensorflow-cpu==2.20.0"


@case("copy-core-dumps-excluded", "tf210", "tf-corrupt", ["dep-numpy"])
def _(e):
    """a backup that leaves out everything named core: tensorflow/core, numpy/core"""
    for dp, dn, _fn in os.walk(e.sp):
        for n in list(dn):
            if n == "core":
                shutil.rmtree(os.path.join(dp, n))
                dn.remove(n)
    return "python -m pip install --force-reinstall --no-deps tensorflow-cpu==2.10.1 numpy==1.26.4 keras==2.10.0"


@case("copy-sync-conflict", "tf220", "tf-corrupt")
def _(e):
    """a cloud folder renamed files after a conflict: ops (1).py in place of ops.py"""
    for n in ("ops", "dtypes"):
        os.rename(e.tf("python", "framework", n + ".py"), e.tf("python", "framework", n + " (1).py"))
        e.drop_pyc(e.tf("python", "framework", n + ".py"))
    return e.reinstall()


@case("copy-by-powershell", "tf210", "tf-corrupt")
def _(e):
    """a file was edited through a shell that writes UTF-16"""
    p = e.tf("python", "eager", "context.py")
    e.write(p, e.read(p).decode().encode("utf-16"))
    return e.reinstall()


@case("copy-proxy-page-in-place-of-library", "tf215", "tf-corrupt")
def _(e):
    """a mirror answered with its sign-in page while libtensorflow_framework.so.2 was fetched"""
    e.write(e.tf("libtensorflow_framework.so.2"), HTML, 0o755)
    return e.reinstall()


@case("copy-bit-flipped-in-symbol-name", "tf220", "tf-corrupt")
def _(e):
    """one bit of a symbol's name in _pywrap_tensorflow_internal.so (bad memory, bad cable)"""
    p = e.tf("python", "_pywrap_tensorflow_internal.so")
    b = bytearray(e.read(p))
    at = b.find(b"PyInit_")
    if at < 0:
        raise NotFit("needs a PyInit name in the string table")
    b[at + 2] ^= 0x01
    e.write(p, bytes(b))
    return e.reinstall()


@case("copy-hole-in-numpy", "tf221", "dep-numpy")
def _(e):
    """a power cut left NumPy's core at its full length, the second half zeros"""
    p = e.one("numpy", "_core", "_multiarray_umath*.so")
    b = e.read(p)
    half = len(b) // 2 & ~4095
    e.write(p, b[:half] + b"\0" * (len(b) - half))
    return e.reinstall("numpy")


@case("copy-flattened-folders", "tf220", "dep-protobuf", ["tf-corrupt"])
def _(e):
    """an archive was unpacked without its folders below google/protobuf: internal's files lie one level higher"""
    d = e.p("google", "protobuf")
    for n in os.listdir(os.path.join(d, "internal")):
        s = os.path.join(d, "internal", n)
        if os.path.isfile(s) and not os.path.exists(os.path.join(d, n)):
            shutil.copyfile(s, os.path.join(d, n))
    e.rm(os.path.join(d, "internal"))
    return e.reinstall("protobuf")


@healthy("odd-strip-everything", base="tf215")
def _(e):
    """an image was made small with strip on every library of NumPy's, those with appended segments included"""
    if not shutil.which("strip"):
        raise NotFit("needs strip")
    for p in glob.glob(e.p("numpy.libs", "*.so*")):
        e.private(p)
        subprocess.run(["strip", "--strip-all", p], check=True, stderr=subprocess.DEVNULL)


# ---- libraries of elsewhere

@case("numpy-of-alpine", "tf220", "dep-numpy", ["wrong-platform-wheel"])
def _(e):
    """NumPy copied from a stage of an Alpine image: a wheel for musl"""
    v = e.version("numpy")
    whl = e.fetch("numpy==2.2.6", platforms=("musllinux_1_2_x86_64", "musllinux_1_1_x86_64"))
    e.uninstall("numpy")
    e.unzip(whl)
    return "python -m pip install --force-reinstall --no-deps numpy==%s" % v


@case("optree-of-a-raspberry", "tf220", "dep-other", ["arch-mismatch", "wrong-platform-wheel"])
def _(e):
    """optree of an aarch64 image in an x86-64 environment"""
    v = e.version("optree")
    whl = e.fetch("optree==0.14.1", platforms=("manylinux2014_aarch64", "manylinux_2_17_aarch64"))
    e.uninstall("optree")
    e.unzip(whl)
    e.statement = KERAS
    return "python -m pip install --force-reinstall --no-deps optree==%s" % v


@case("numpy-wants-blas-of-conda", "tf215", "dep-numpy")
def _(e):
    """NumPy's core was built against a libcblas.so.3 that only another machine has"""
    p = e.one("numpy", "core", "_multiarray_umath*.so")
    b = e.read(p)
    m = re.search(rb"libopenblas64_[-\w.]+\.so\0", b)
    if not m:
        raise NotFit("needs NumPy with OpenBLAS")
    new = b"libcblas.so.3".ljust(len(m.group(0)), b"\0")
    e.write(p, b.replace(m.group(0), new))
    return e.reinstall("numpy")


def elf_hash(name):
    h = 0
    for c in name:
        h = (h << 4) + c
        g = h & 0xf0000000
        h = (h ^ (g >> 24)) & ~g & 0xffffffff
    return h


@case("ml-dtypes-built-on-newer-system", "tf220", "dep-other", ["os-too-old"])
def _(e):
    """ml_dtypes was built on a newer distribution and copied: its library wants a glibc that nobody has yet"""
    p = e.one("ml_dtypes", "_ml_dtypes_ext*.so")
    b = e.read(p)
    m = sorted(set(re.findall(rb"\0(GLIBC_2\.\d\d)\0", b)))
    if not m:
        raise NotFit("needs a GLIBC version of two digits")
    old_name, new = m[-1], b"GLIBC_2.94"
    b = b.replace(struct.pack("<I", elf_hash(old_name)), struct.pack("<I", elf_hash(new)))
    e.write(p, b.replace(b"\0" + old_name + b"\0", b"\0" + new + b"\0"))
    return e.reinstall("ml_dtypes")


# ---- upgrades of single packages and what they leave

@case("numpy-upgrade-interrupted", "tf221", "dep-numpy")
def _(e):
    """pip was killed between removing the old NumPy and writing the new one: ~umpy, ~umpy.libs, ~umpy-….dist-info"""
    v = e.version("numpy")
    d, _v = e.info("numpy")
    for n in (e.p("numpy"), e.p("numpy.libs"), d):
        os.rename(n, e.p("~" + os.path.basename(n)[1:]))
    return "python -m pip install numpy==" + v


@case("protobuf-python-of-other-version", "tf221", "dep-protobuf", expect="quiet")
def _(e):
    """google/protobuf/internal of protobuf 5.29 in protobuf 7: they understand each other"""
    e.unzip(e.fetch("protobuf==5.29.5"), only=lambda n: n.startswith("google/protobuf/internal/"))
    return e.reinstall("protobuf")


@case("protobuf-held-back-by-another", "tf220", "dep-protobuf")
def _(e):
    """another package wanted protobuf below 5 and pip gave way"""
    v = e.swap("protobuf", "4.25.8")
    d = e.p("facemesh-0.10.9.dist-info")
    e.write(os.path.join(d, "METADATA"), "Metadata-Version: 2.1\nName: facemesh\nVersion: 0.10.9\nRequires-Dist: protobuf<5,>=4.25.3\n")
    e.write(os.path.join(d, "RECORD"), "facemesh/__init__.py,,\nfacemesh-0.10.9.dist-info/METADATA,,\nfacemesh-0.10.9.dist-info/RECORD,,\n")
    e.write(os.path.join(d, "INSTALLER"), "pip\n")
    e.write(e.p("facemesh", "__init__.py"), "")
    e.note = "protobuf %s -> 4.25.8" % v
    return "python -m pip install 'protobuf>=5.28'"


old("keras-2-13-under-tf210", "tf210", "keras", "2.13.1", "dep-keras", KERAS)
old("typing-extensions-pinned-for-pydantic-1", "tf220", "typing_extensions", "4.1.1", "dep-other", KERAS)
old("numpy-2-under-tf210", "tf210", "numpy", "2.0.2", "dep-numpy", fix="numpy<2")
old("wrapt-2-under-tf215", "tf215", "wrapt", "2.0.1", expect="quiet")
missing("idna", "tf215")
missing("charset_normalizer", "tf220", expect="quiet")
missing("mdurl", statement=KERAS, expect="quiet")
missing("gast", "tf210")


@case("keras-nightly-and-keras", "tf220", "dep-keras")
def _(e):
    """keras-nightly was unpacked over keras and broke off: its metadata is there, keras/src/layers is not"""
    e.rm(e.p("keras", "src", "layers"))
    d = e.p("keras_nightly-3.16.0.dev2026080103.dist-info")
    e.write(os.path.join(d, "METADATA"), "Metadata-Version: 2.1\nName: keras-nightly\nVersion: 3.16.0.dev2026080103\n")
    e.write(os.path.join(d, "RECORD"), "keras/__init__.py,,\n")
    e.statement = KERAS
    return e.reinstall("keras")


@case("conda-update-over-pip", "tf220", "tf-duplicate", ["tf-corrupt", "tf-abi-mismatch"], expect="warning", kind="base")
def _(e):
    """pip's TensorFlow 2.20 in a conda environment, then conda install tensorflow=2.19: the Python files of one, the libraries of both"""
    e.unzip(e.fetch("tensorflow-cpu==2.19.1"),
            only=lambda n: n.startswith("tensorflow/") and n.endswith(".py"))
    meta = os.path.join(e.root, "conda-meta")
    for n, v in (("tensorflow", "2.19.1"), ("tensorflow-base", "2.19.1"), ("python", "3.12.1")):
        files = '"lib/python3.12/site-packages/tensorflow/__init__.py"' if n == "tensorflow-base" else ""
        e.write(os.path.join(meta, "%s-%s-py312h1_0.json" % (n, v)),
                '{"name": "%s", "version": "%s", "build": "py312h1_0", "channel": "conda-forge", "files": [%s]}' % (n, v, files))
    e.write(os.path.join(meta, "history"), "==> 2026-01-01 10:00:00 <==\n")
    e.env["CONDA_PREFIX"] = e.root
    return None


@case("uninstalled-but-for-helpers", "tf215", "tf-missing")
def _(e):
    """pip uninstall tensorflow-cpu: keras, estimator, tensorboard and all requirements stay"""
    n, v = e.tf_dist()
    e.uninstall(n)
    if os.path.isdir(e.tf()):
        e.rm(e.tf())
    return "python -m pip install %s==%s" % (n, v)


@case("target-without-pythonpath", "empty312", "tf-missing")
def _(e):
    """pip install --target libs, and nobody told Python of libs"""
    libs = e.workdir("libs")
    os.makedirs(libs)
    for n in os.listdir(e.sibling("tf220")):
        os.symlink(os.path.join(e.sibling("tf220"), n), os.path.join(libs, n))
    return "export PYTHONPATH=libs"


@case("layer-for-other-python", "empty312", "tf-abi-mismatch", ["pythonpath-conflict", "python-wrong-one", "tf-missing"])
def _(e):
    """a layer folder on PYTHONPATH with all packages, built for Python 3.11, under 3.12"""
    layer = os.path.join(e.dest, "layer", "python")
    clone(e.sibling("tf215"), layer)
    e.env["PYTHONPATH"] = layer
    return "unset PYTHONPATH && python -m pip install tensorflow-cpu==2.20.0"


@case("lib-folder-linked-to-new-minor", "tf220", "tf-abi-mismatch", ["venv-broken", "python-wrong-one"])
def _(e):
    """after an upgrade of the system's Python somebody made lib/python3.13 a link to lib/python3.12 and python a 3.13"""
    new = os.path.join(os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv")), "versions", "3.13.0", "bin", "python3.13")
    e.need(new)
    before = os.path.realpath(e.python)
    os.symlink("python3.12", os.path.join(e.dest, "lib", "python3.13"))
    e.relink_python(new)
    e.set_home_key(os.path.dirname(new))
    e.python = os.path.join(e.bin, "python")
    return "ln -sf %s %s/python && sed -i 's#^home.*#home = %s#' %s/pyvenv.cfg" % (before, e.bin, os.path.dirname(before), e.dest)


# ---- add-ons and modules of the user

@case("custom-op-of-other-release", "tf220", "addon-mismatch")
def _(e):
    """a compiled op of the user's, built against a TensorFlow whose C++ interface is gone"""
    e.cc(e.p("my_ops", "_my_ops.so"), "extern void _ZN10tensorflow8OpKernel13TraceStringXXERKNS_15OpKernelContextEb(void);\n"
         "void my_op(void){_ZN10tensorflow8OpKernel13TraceStringXXERKNS_15OpKernelContextEb();}\n", "-Wl,-z,now")
    e.write(e.p("my_ops", "__init__.py"), "import os\nimport tensorflow as tf\n"
            "lib = tf.load_op_library(os.path.join(os.path.dirname(__file__), '_my_ops.so'))\n")
    e.statement = "import my_ops"
    return None


@case("module-of-tensorflow-1", "tf220", "not-an-environment-problem")
def _(e):
    """the user's program wants tf.Session at its top: an interface that TensorFlow 2 has no longer"""
    e.write(e.workdir("oldmodel.py"), "import tensorflow as tf\nsess = tf.Session()\n")
    e.statement = "import oldmodel"
    return None


@case("module-removed-from-tensorflow", "tf220", "not-an-environment-problem", tfdiag=["--module", "tensorflow.contrib"])
def _(e):
    """tensorflow.contrib, gone since 2.0"""
    e.statement = "import tensorflow.contrib"
    return None


@case("text-forced-beside-older", "tf215", "addon-mismatch")
def _(e):
    """tensorflow-text 2.12's library under the metadata of 2.15"""
    e.unzip(e.fetch("tensorflow-text==2.15.0"))
    e.unzip(e.fetch("tensorflow-hub==0.15.0"))
    e.unzip(e.fetch("tensorflow-text==2.18.1"), only=lambda n: n.endswith(".so"))
    e.statement = "import tensorflow_text"
    return "python -m pip install --force-reinstall --no-deps tensorflow-text==2.15.0"


# ---- installers

@case("pip-itself-half-upgraded", "tf220", "dep-other")
def _(e):
    """an upgrade of pip broke off (pip/_vendor is gone), and wrapt is not installed"""
    v = e.uninstall("wrapt")
    e.rm(e.p("pip", "_vendor"))
    return "python -m ensurepip && python -m pip install wrapt==" + v


@case("installer-poetry", "tf220", "dep-other")
def _(e):
    """made by poetry: INSTALLER says so, no pip inside, no poetry on PATH"""
    v = e.uninstall("flatbuffers")
    e.uninstall("pip")
    for p in glob.glob(e.p("*.dist-info", "INSTALLER")):
        e.write(p, "poetry 2.1.1")
    return "python -m ensurepip && python -m pip install flatbuffers==" + v


@case("folder-named-by-a-template", "tf220", "dep-other", kind="none")
def _(e):
    """the environment lies in a folder whose name the shell would expand: $USER `env` & co"""
    root = os.path.join(e.dest, "$USER `env` & co")
    clone(e.src, root)
    e.bind(root)
    v = e.uninstall("gast")
    return "'%s' -m pip install gast==%s" % (e.python, v)
