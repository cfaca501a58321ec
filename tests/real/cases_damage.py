"""Damaged, mixed and doubled installations of TensorFlow itself."""
import glob
import os
import zipfile

from realenv import NotFit, case


@case("framework-gone", "tf220", "tf-corrupt")
def _(e):
    """libtensorflow_framework.so.2 deleted"""
    e.rm(e.tf("libtensorflow_framework.so.2"))
    return e.reinstall()


@case("cc-gone", "tf220", "tf-corrupt")
def _(e):
    """libtensorflow_cc.so.2 deleted"""
    e.rm(e.tf("libtensorflow_cc.so.2"))
    return e.reinstall()


@case("internal-truncated", "tf220", "tf-corrupt")
def _(e):
    """_pywrap_tensorflow_internal.so cut to half"""
    p = e.tf("python", "_pywrap_tensorflow_internal.so")
    e.truncate(p)
    return e.reinstall()


@case("common-truncated", "tf220", "tf-corrupt")
def _(e):
    """lib_pywrap_tensorflow_common.so cut to half"""
    p = e.tf("python", "lib_pywrap_tensorflow_common.so")
    e.truncate(p)
    return e.reinstall()


@case("common-empty", "tf220", "tf-corrupt", ["disk-full"])
def _(e):
    """lib_pywrap_tensorflow_common.so of length 0 (disk was full)"""
    e.write(e.need(e.tf("python", "lib_pywrap_tensorflow_common.so")), b"")
    return e.reinstall()


@case("common-altered", "tf220", "tf-corrupt")
def _(e):
    """lib_pywrap_tensorflow_common.so: same size, 64 KiB of code zeroed (bad disk, bad copy)"""
    p = e.need(e.tf("python", "lib_pywrap_tensorflow_common.so"))
    b = bytearray(open(p, "rb").read())
    b[0x200000:0x210000] = b"\0" * 0x10000
    e.write(p, bytes(b))
    return e.reinstall()


@case("wrong-arch-so", "tf220", "tf-corrupt", ["arch-mismatch"])
def _(e):
    """_pywrap_tensorflow_internal.so with aarch64 in its ELF header (stands for packages copied between machines)"""
    p = e.need(e.tf("python", "_pywrap_tensorflow_internal.so"))
    b = bytearray(open(p, "rb").read())
    b[18:20] = b"\xb7\x00"
    e.write(p, bytes(b))
    return e.reinstall()


@case("py-file-gone", "tf220", "tf-corrupt")
def _(e):
    """tensorflow/python/framework/ops.py deleted"""
    e.rm(e.tf("python", "framework", "ops.py"))
    return e.reinstall()


@case("init-gone", "tf220", "tf-corrupt")
def _(e):
    """tensorflow/__init__.py deleted: the import succeeds as an empty namespace package"""
    e.rm(e.tf("__init__.py"))
    e.statement = "import tensorflow as tf; tf.constant(1)"
    return e.reinstall()


@case("leftover-tilde", "tf220", "tf-corrupt", ["tf-missing"])
def _(e):
    """interrupted pip upgrade: only ~ensorflow folders left"""
    n, v = e.tf_dist()
    d, _ = e.info(n)
    os.rename(e.tf(), e.p("~ensorflow"))
    os.rename(d, e.p("~" + os.path.basename(d)[1:]))
    return "rm -rf %s/~ensorflow* && python -m pip install %s==%s" % (e.sp, n, v)


@case("upgrade-killed", "tf220", "tf-corrupt")
def _(e):
    """pip killed while it wrote the new files: the old package aside, four files of the new one, no metadata"""
    n, v = e.tf_dist()
    d, _ = e.info(n)
    os.rename(e.tf(), e.p("~ensorflow"))
    os.rename(d, e.p("~" + os.path.basename(d)[1:]))
    os.mkdir(e.tf())
    for name in ("__init__.py", "libtensorflow_framework.so.2", "THIRD_PARTY_NOTICES.txt"):
        os.link(e.p("~ensorflow", name), e.tf(name))
    return "rm -rf %s/~ensorflow* && python -m pip install %s==%s" % (e.sp, n, v)


@case("dist-info-gone", "tf220", "tf-corrupt", expect="warning")
def _(e):
    """package there, its .dist-info lost: import works, every metadata tool says not installed"""
    d, _v = e.info(e.tf_dist()[0])
    fix = e.reinstall()
    e.rm(d)
    return fix


@case("half-upgrade", "tf220", "tf-corrupt", ["tf-abi-mismatch", "tf-duplicate"])
def _(e):
    """Python files of 2.19 with the libraries and metadata of 2.20 (interrupted downgrade)"""
    whl = e.fetch("tensorflow-cpu==2.19.1")
    e.unzip(whl, only=lambda n: n.startswith("tensorflow/python/") and n.endswith(".py"))
    return e.reinstall()


@case("half-upgrade-so", "tf220", "tf-corrupt", ["tf-abi-mismatch", "tf-duplicate"])
def _(e):
    """lib_pywrap_tensorflow_common.so of 2.19 left among 2.20's libraries"""
    whl = e.fetch("tensorflow-cpu==2.19.1")
    e.unzip(whl, only=lambda n: n == "tensorflow/python/_pywrap_tensorflow_common.so" or
            n.endswith("lib_pywrap_tensorflow_common.so") or n == "tensorflow/python/_pywrap_tensorflow_internal.so")
    return e.reinstall()


@case("overlay-cpu-over-full", "tf221", "tf-duplicate", ["tf-corrupt"], expect="warning")
def _(e):
    """tensorflow-cpu 2.20 unpacked over tensorflow 2.21: both listed, imports, GPU support gone"""
    e.unzip(e.fetch("tensorflow-cpu==2.20.0"))
    return ("python -m pip uninstall -y tensorflow tensorflow-cpu && "
            "python -m pip install --no-deps tensorflow==2.21.0")


@case("overlay-by-tf-keras", "tf220", "tf-duplicate", ["tf-corrupt", "tf-abi-mismatch"])
def _(e):
    """what "pip install tf-keras" does to tensorflow-cpu 2.20: full tensorflow 2.21 lands on top"""
    e.unzip(e.fetch("tensorflow==2.21.0"))
    e.unzip(e.fetch("tf-keras==2.21.0"))
    e.swap("h5py", "3.14.0")        # pip does so: 2.21 wants < 3.15
    return ("python -m pip uninstall -y tensorflow tensorflow-cpu && "
            "python -m pip install --no-deps tensorflow-cpu==2.20.0")


@case("overlay-same-version", "tf221", "tf-duplicate", ["tf-no-gpu-build", "driver-missing"], expect="warning")
def _(e):
    """tensorflow-cpu 2.21 over tensorflow 2.21: same version, imports, GPU support silently gone"""
    e.unzip(e.fetch("tensorflow-cpu==2.21.0"))
    e.statement = ("import tensorflow as tf; assert tf.test.is_built_with_cuda(), "
                   "'tensorflow is installed, but this is a build without CUDA'")
    return ("python -m pip uninstall -y tensorflow tensorflow-cpu && "
            "python -m pip install --no-deps tensorflow==2.21.0")


@case("overlay-full-over-cpu", "tf220", "tf-corrupt", ["tf-duplicate"])
def _(e):
    """tensorflow 2.19.1 (from tf-keras' requirement) installed, then removed again: shared files gone"""
    with zipfile.ZipFile(e.fetch("tensorflow-cpu==2.19.1")) as z:
        names = [n for n in z.namelist() if n.startswith("tensorflow/") and not n.endswith("/")]
    for n in names:
        if os.path.exists(e.p(n)):
            os.unlink(e.p(n))
    e.statement = "import tensorflow as tf; tf.constant(1)"
    e.note = "pip uninstall of the other package removed the %d files both owned" % len(names)
    return e.reinstall()
