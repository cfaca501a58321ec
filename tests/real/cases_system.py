"""Loader, rights, processor, limits."""
import glob
import os
import re

from realenv import NotFit, case


@case("old-libstdcxx", "tf220", "ldpath-conflict", ["libstdcxx-old"])
def _(e):
    """LD_LIBRARY_PATH names a folder with an old libstdc++.so.6"""
    e.env["LD_LIBRARY_PATH"] = e.old_libstdcxx("oldlib")
    return "unset LD_LIBRARY_PATH"


@case("preload-libstdcxx", "tf220", "ldpath-conflict", ["libstdcxx-old"])
def _(e):
    """LD_PRELOAD of an old libstdc++.so.6"""
    e.env["LD_PRELOAD"] = os.path.join(e.old_libstdcxx("oldlib"), "libstdc++.so.6")
    return "unset LD_PRELOAD"


@case("preload-missing", "tf220", "ldpath-conflict", ["not-an-environment-problem"], expect="silent")
def _(e):
    """LD_PRELOAD of a file that does not exist: a harmless warning"""
    e.env["LD_PRELOAD"] = "/nonexistent/libjunk.so"
    return "unset LD_PRELOAD"


@case("foreign-tf-lib", "tf220", "ldpath-conflict", ["tf-abi-mismatch"])
def _(e):
    """LD_PRELOAD brings the libtensorflow_framework.so.2 of TensorFlow 2.15"""
    e.env["LD_PRELOAD"] = os.path.join(e.sibling("tf215"), "tensorflow", "libtensorflow_framework.so.2")
    return "unset LD_PRELOAD"


NODAC = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"]


@case("perm-so", "tf220", "permission-denied")
def _(e):
    """_pywrap_tensorflow_internal.so with mode 000 (run without the right to override)"""
    p = e.tf("python", "_pywrap_tensorflow_internal.so")
    e.private(p)
    os.chmod(p, 0)
    e.wrap = NODAC
    return "chmod 644 " + p


@case("perm-dir", "tf220", "permission-denied")
def _(e):
    """tensorflow/python not searchable (installed with a strict umask by another user)"""
    p = e.tf("python")
    os.chmod(p, 0)
    e.wrap = NODAC
    return "chmod 755 " + p


@case("perm-init", "tf220", "permission-denied")
def _(e):
    """numpy/__init__.py with mode 000"""
    p = e.p("numpy", "__init__.py")
    e.private(p)
    for c in glob.glob(e.p("numpy", "__pycache__", "__init__.*")):
        os.unlink(c)
    os.chmod(p, 0)
    e.wrap = NODAC
    return "chmod 644 " + p


@case("noexec-mount", "tf220", "security-blocked")
def _(e):
    """site-packages on a file system mounted noexec (needs root for the private mount)"""
    e.wrap = ["unshare", "-m", "sh", "-c",
              'mount --bind "$0" "$0" && mount -o remount,bind,noexec "$0" && exec "$@"', e.sp]
    e.note = "repair: remount with exec or move the environment"
    return None


@case("memory-limit", "tf220", "memory-limit")
def _(e):
    """address space limited to 600 MB (ulimit -v on a shared machine)"""
    e.wrap = ["prlimit", "--as=600000000:"]
    return "ulimit -v unlimited"


@case("cpu-no-avx", "tf220", "cpu-no-avx", tfdiag=["--no-run"])
def _(e):
    """CPU without AVX (emulated Nehalem)"""
    e.wrap = ["qemu-x86_64", "-cpu", "Nehalem"]
    return None


@case("cpu-avx-only", "tf220", "not-an-environment-problem", expect="silent", tfdiag=["--no-run"])
def _(e):
    """CPU with AVX but without AVX2 and FMA (emulated SandyBridge): must not be blamed"""
    e.wrap = ["qemu-x86_64", "-cpu", "SandyBridge"]
    return None


@case("benign-wrapt", "tf215", "not-an-environment-problem", expect="silent")
def _(e):
    """wrapt 1.17.2 with TensorFlow 2.15 (metadata says < 1.15): out of range, works"""
    e.note = "wrapt %s -> 1.17.2" % e.swap("wrapt", "1.17.2")
    return None


@case("benign-healthy", "tf220", "not-an-environment-problem", expect="silent")
def _(e):
    """an unbroken copy"""
    return None
