"""TensorFlow's own files: further ways to lose, mix, cut and replace them."""
import glob
import os
import shutil
import subprocess

from realenv import NotFit, case, clone

CONSTANT = "import tensorflow as tf; tf.constant(1)"


def damage(name, base, pattern, how, statement=None, expect="cause", also=()):
    @case(name, base, "tf-corrupt", also, expect)
    def _(e):
        p = e.one(*pattern.split("/"))
        if how == "gone":
            e.rm(p)
        elif how == "cut":
            e.truncate(p)
        elif how == "tail":
            e.write(p, e.read(p)[:-4096])
        elif how == "empty":
            e.write(p, b"")
        elif how == "zeros":
            e.write(p, b"\0" * os.path.getsize(p))
        elif how == "head":
            e.patch(p, 0, b"\0" * 4096)
        elif how == "lfs":
            e.write(p, "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n")
        elif how == "samesize":
            b = e.read(p)
            e.write(p, b.replace(b"import", b"imp0rt", 3))
        if p.endswith(".py"):
            e.drop_pyc(p)
        e.statement = statement or e.statement
        e.note = "%s: %s" % (os.path.relpath(p, e.sp), how)
        return e.reinstall()


damage("framework-cut-tf215", "tf215", "tensorflow/libtensorflow_framework.so.2", "cut")
damage("framework-gone-tf210", "tf210", "tensorflow/libtensorflow_framework.so.2", "gone")
damage("framework-gone-tf115", "tf115", "tensorflow_core/libtensorflow_framework.so.1", "gone")
damage("internal-gone-tf215", "tf215", "tensorflow/python/_pywrap_tensorflow_internal.so", "gone")
damage("internal-cut-tf210", "tf210", "tensorflow/python/_pywrap_tensorflow_internal.so", "cut")
damage("cc-cut-tf221", "tf221", "tensorflow/libtensorflow_cc.so.2", "cut")
damage("cc-tail-tf220", "tf220", "tensorflow/libtensorflow_cc.so.2", "tail", expect="quiet")
damage("cc-head-zeros", "tf220", "tensorflow/libtensorflow_cc.so.2", "head")
damage("framework-lfs", "tf220", "tensorflow/libtensorflow_framework.so.2", "lfs")
damage("pywrap-lfs", "tf220", "tensorflow/python/platform/_pywrap_cpu_feature_guard.so", "lfs")
damage("pywrap-tfe-gone", "tf220", "tensorflow/python/_pywrap_tfe.so", "gone")
damage("py-same-size", "tf220", "tensorflow/python/framework/dtypes.py", "samesize")
damage("py-cut", "tf220", "tensorflow/python/ops/array_ops.py", "cut")
damage("py-zeros", "tf221", "tensorflow/python/eager/context.py", "zeros")
damage("tf-init-empty", "tf220", "tensorflow/__init__.py", "empty", CONSTANT)
damage("python-init-empty", "tf220", "tensorflow/python/__init__.py", "empty", CONSTANT, expect="quiet")
damage("tf2-py-gone", "tf220", "tensorflow/python/tf2.py", "gone")
damage("tf-python-gone", "tf220", "tensorflow/python", "gone")
damage("tf-api-gone", "tf215", "tensorflow/_api", "gone")
damage("tf-compiler-gone", "tf220", "tensorflow/compiler", "gone")
damage("graph-pb2-gone", "tf220", "tensorflow/core/framework/graph_pb2.py", "gone")
damage("include-gone", "tf220", "tensorflow/include", "gone", expect="warning")
damage("lite-gone", "tf220", "tensorflow/lite", "gone")
damage("tsl-gone", "tf220", "tensorflow/tsl", "gone", expect="quiet")
damage("versions-cut", "tf215", "tensorflow/python/framework/versions.py", "cut")
damage("tfe-empty-tf210", "tf210", "tensorflow/python/_pywrap_tfe.so", "empty")


@case("pyc-damaged", "tf220", "tf-corrupt")
def _(e):
    """byte code of tensorflow/python/framework/ops.py cut short behind a valid header"""
    p = e.one("tensorflow", "python", "framework", "__pycache__", "ops.*.pyc")
    e.write(p, e.read(p)[:400])
    return e.reinstall()


@case("tf-files-gone", "tf220", "tf-missing", ["tf-corrupt"])
def _(e):
    """the folder tensorflow/ was deleted by hand, its metadata is still there"""
    e.rm(e.tf())
    return e.reinstall()


@case("tf-egg-info-only", "empty312", "tf-missing", ["tf-corrupt"])
def _(e):
    """nothing but an egg-info of tensorflow"""
    e.write(e.p("tensorflow.egg-info", "PKG-INFO"), "Metadata-Version: 2.1\nName: tensorflow\nVersion: 2.20.0\n")
    e.write(e.p("tensorflow.egg-info", "top_level.txt"), "tensorflow\n")
    return "python -m pip install --force-reinstall tensorflow-cpu==2.20.0"


@case("tf-namespace-leftover", "empty312", "tf-missing", ["tf-corrupt"])
def _(e):
    """TensorFlow uninstalled, a folder with the user's own file stayed behind: an empty namespace"""
    e.write(e.p("tensorflow", "models", "notes.txt"), "mine\n")
    e.statement = CONSTANT
    return "python -m pip install tensorflow-cpu==2.20.0"


@case("tf-intel-shim", "empty312", "tf-missing", ["wrong-platform-wheel", "tf-corrupt"])
def _(e):
    """the empty shim of Windows' tensorflow 2.17: metadata that only requires tensorflow-intel"""
    d = "tensorflow-2.17.0.dist-info"
    e.write(e.p(d, "METADATA"), "Metadata-Version: 2.1\nName: tensorflow\nVersion: 2.17.0\n"
            "Requires-Dist: tensorflow-intel ==2.17.0 ; platform_system == \"Windows\"\n")
    e.write(e.p(d, "WHEEL"), "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp312-cp312-win_amd64\n")
    e.write(e.p(d, "INSTALLER"), "pip\n")
    e.write(e.p(d, "RECORD"), "".join("%s/%s,,\n" % (d, n) for n in ("METADATA", "WHEEL", "INSTALLER", "RECORD")))
    return "python -m pip install --force-reinstall tensorflow-cpu==2.20.0"


def other_wheel(name, platform, spec, cause, also):
    @case(name, "tf220", cause, also)
    def _(e):
        whl = e.fetch(spec, "3.12", platform)
        e.uninstall(e.tf_dist()[0])
        e.unzip(whl)
        e.note = os.path.basename(whl) + " unpacked"
        return "python -m pip install --force-reinstall --no-deps tensorflow-cpu==2.20.0"


other_wheel("wheel-windows", ["win_amd64"], "tensorflow==2.20.0", "wrong-platform-wheel", ["arch-mismatch", "tf-corrupt"])
other_wheel("wheel-aarch64", ["manylinux_2_17_aarch64", "manylinux2014_aarch64"], "tensorflow==2.20.0",
            "arch-mismatch", ["wrong-platform-wheel"])


@case("tf-of-other-python", "tf220", "tf-abi-mismatch", ["python-wrong-one"])
def _(e):
    """the wheel for CPython 3.11 unpacked into a 3.12 environment (a copied folder, a wrong cache)"""
    whl = e.fetch("tensorflow-cpu==2.20.0", "3.11")
    e.uninstall("tensorflow-cpu")
    e.unzip(whl)
    return "python -m pip install --force-reinstall --no-deps tensorflow-cpu==2.20.0"


@case("packages-of-other-python", "tf220", "tf-abi-mismatch", ["python-wrong-one", "dep-numpy", "venv-broken"])
def _(e):
    """site-packages of a Python 3.11 environment copied into this one"""
    other = e.sibling("tf215")
    shutil.rmtree(e.sp)
    clone(other, e.sp)
    return "python -m pip install --force-reinstall tensorflow-cpu==2.20.0"


@case("stale-dist-info", "tf220", "tf-duplicate", ["tf-corrupt"], expect="quiet")
def _(e):
    """metadata of TensorFlow 2.19 left beside a good 2.20"""
    e.unzip(e.fetch("tensorflow-cpu==2.19.1"), only=lambda n: ".dist-info/" in n)
    return None


@case("leftover-beside-good", "tf220", "tf-corrupt", expect="quiet")
def _(e):
    """folders ~ensorflow and -ensorflow of an old upgrade beside a good installation"""
    e.write(e.p("~ensorflow", "python", "x.py"), "")
    e.write(e.p("~ensorflow_cpu-2.19.0.dist-info", "METADATA"), "Name: tensorflow-cpu\nVersion: 2.19.0\n")
    e.write(e.p("-ensorflow", "x.py"), "")
    return None


@case("tf-and-tf-gpu", "tf210", "tf-duplicate", ["tf-corrupt"], expect="warning")
def _(e):
    """tensorflow 2.9 unpacked over tensorflow-cpu 2.10: two owners, two versions, imports all the same"""
    e.unzip(e.fetch("tensorflow==2.9.3"))
    return "python -m pip uninstall -y tensorflow tensorflow-cpu && python -m pip install --no-deps tensorflow-cpu==2.10.1"


@case("user-site-tf", "tf220", "tf-duplicate", ["pythonpath-conflict", "tf-corrupt"], kind="base")
def _(e):
    """a torn TensorFlow 2.19 in the user site wins over the good one in site-packages"""
    us = os.path.join(e.dest, "ub", "lib", "python" + e.xy, "site-packages")
    e.unzip(e.fetch("tensorflow-cpu==2.19.1"), only=lambda n: n.endswith((".py", "METADATA", "RECORD", "WHEEL")), into=us)
    e.env["PYTHONUSERBASE"] = os.path.join(e.dest, "ub")
    return "rm -rf %s/tensorflow*" % us


@case("tf-link-dangling", "tf220", "tf-corrupt", ["tf-missing"])
def _(e):
    """tensorflow/ is a symbolic link to a folder that is gone"""
    e.rm(e.tf())
    os.symlink("/nonexistent/tensorflow", e.tf())
    return "rm %s && " % e.tf() + e.reinstall()


@case("libs-not-executable-stack", "tf220", "not-an-environment-problem", expect="quiet")
def _(e):
    """_pywrap_cpu_feature_guard.so asks for an executable stack: glibc before 2.41 grants it"""
    p = e.tf("python", "platform", "_pywrap_cpu_feature_guard.so")
    b = bytearray(e.read(p))
    off, size, num = int.from_bytes(b[32:40], "little"), int.from_bytes(b[54:56], "little"), int.from_bytes(b[56:58], "little")
    for i in range(num):
        at = off + i * size
        if int.from_bytes(b[at:at + 4], "little") == 0x6474e551:       # PT_GNU_STACK
            b[at + 4] |= 1
            e.write(p, bytes(b))
            return None
    raise NotFit("no PT_GNU_STACK")


@case("disk-full-site", "tf220", "disk-full", ["tf-corrupt", "dep-protobuf", "dep-other"])
def _(e):
    """site-packages/google on a full file system: the last files written are empty"""
    g = e.p("google")
    img = os.path.join(e.dest, "google.src")
    os.rename(g, img)
    os.mkdir(g)
    sub = os.path.join(img, "protobuf", "internal")
    for n in sorted(glob.glob(sub + "/*.py"))[-12:]:
        e.write(n, b"")
        e.drop_pyc(n)
    subprocess.run(["sync"], check=False)
    e.wrap = ["unshare", "-m", "sh", "-c",
              'mount -t tmpfs -o size=6m tmpfs "$0" && cp -r "$1"/. "$0"/ && { dd if=/dev/zero of="$0"/fill bs=64k 2>/dev/null; '
              'shift; exec "$@"; }', g, img]
    return None
