"""TensorFlow's own files: missing, cut, altered, of another version or Python, twice."""
import os
import struct
import zipfile

from winenv import NotFit, case, clone


def damaged(name, base, doc, make, also=(), **more):
    def body(e):
        make(e)
        return e.reinstall()
    body.__doc__ = doc
    case(name, base, "tf-corrupt", also, **more)(body)


INTERNAL = ("python", "_pywrap_tensorflow_internal.pyd")

damaged("internal-gone-tf2101", "tf2101-cp310", "_pywrap_tensorflow_internal.pyd deleted", lambda e: e.rm(e.tf(*INTERNAL)), ["security-blocked"])
damaged("internal-gone-tf2151", "tf2151-cp311", "_pywrap_tensorflow_internal.pyd deleted", lambda e: e.rm(e.tf(*INTERNAL)), ["security-blocked"], extra=True)
damaged("internal-gone-tf2180", "tf2180-cp312", "_pywrap_tensorflow_internal.pyd deleted", lambda e: e.rm(e.tf(*INTERNAL)), ["security-blocked"], extra=True)
damaged("internal-gone-tf2200", "tf2200-cp313", "_pywrap_tensorflow_internal.pyd deleted", lambda e: e.rm(e.tf(*INTERNAL)), ["security-blocked"], extra=True)
damaged("internal-gone-tf210", "tf210-cp37", "_pywrap_tensorflow_internal.pyd deleted (Python 3.7)", lambda e: e.rm(e.internal()), ["security-blocked"])
damaged("common-gone-tf2200", "tf2200-cp313", "_pywrap_tensorflow_common.dll deleted", lambda e: e.rm(e.internal()), ["security-blocked"])
damaged("common-gone-tf2210", "tf2210-cp313", "_pywrap_tensorflow_common.dll deleted", lambda e: e.rm(e.internal()), ["security-blocked"])
damaged("tflite-common-gone-tf2210", "tf2210-cp313", "pywrap_tflite_common.dll deleted",
        lambda e: e.rm(e.tf("lite", "python", "pywrap_tflite_common.dll")), ["security-blocked"])
damaged("internal-half-tf2101", "tf2101-cp310", "_pywrap_tensorflow_internal.pyd cut to half", lambda e: e.truncate(e.internal()))
damaged("internal-half-tf241", "tf241-cp38", "_pywrap_tensorflow_internal.pyd cut to a third", lambda e: e.truncate(e.internal(), 0.3), extra=True)
damaged("common-half-tf2200", "tf2200-cp313", "_pywrap_tensorflow_common.dll cut to half", lambda e: e.truncate(e.internal()))
damaged("internal-empty-tf2180", "tf2180-cp312", "_pywrap_tensorflow_internal.pyd of length 0", lambda e: e.write(e.internal(), b""),
        ["disk-full"])
damaged("internal-zeros-tf2101", "tf2101-cp310", "_pywrap_tensorflow_internal.pyd is all zeros (power cut)",
        lambda e: e.write(e.internal(), b"\0" * 4000000))
damaged("internal-html-tf2151", "tf2151-cp311", "a web page in place of _pywrap_tensorflow_internal.pyd",
        lambda e: e.write(e.internal(), "<!DOCTYPE html><html><body>403 Forbidden</body></html>\n"))
damaged("tfe-32bit-tf2101", "tf2101-cp310", "a 32-bit DLL in place of _pywrap_tfe.pyd",
        lambda e: e.put(e.runtime("msvcp140_1.dll", "x86"), e.tf("python", "_pywrap_tfe.pyd")), ["arch-mismatch"])
damaged("py-gone-tf2101", "tf2101-cp310", "tensorflow/python/framework/ops.py deleted", lambda e: e.rm(e.tf("python", "framework", "ops.py")))
damaged("py-half-tf2200", "tf2200-cp313", "tensorflow/python/framework/ops.py cut in the middle",
        lambda e: e.write(e.tf("python", "framework", "ops.py"), e.read(e.tf("python", "framework", "ops.py"))[:60000]))
damaged("self-check-pyd-foreign-tf2101", "tf2101-cp310", "_pywrap_tf2.pyd for Python 3.11",
        lambda e: e.put(os.path.join(e.sibling("tf2151-cp311"), "tensorflow", "python", "platform", "_pywrap_tf2.pyd"),
                        e.tf("python", "platform", "_pywrap_tf2.pyd")))
damaged("internal-foreign-version-tf2101", "tf2101-cp310", "_pywrap_tensorflow_internal.pyd of 2.15 for 3.11 left behind",
        lambda e: e.put(os.path.join(e.sibling("tf2151-cp311"), "tensorflow", *INTERNAL), e.tf(*INTERNAL)))
damaged("internal-init-fails-tf2101", "tf2101-cp310", "_pywrap_tensorflow_internal.pyd replaced by one whose DllMain says no (1114)",
        lambda e: e.dll(e.internal(), "int __stdcall DllMain(void *h, unsigned long r, void *p) { (void)h; (void)p; return r != 1; }\n"))
damaged("internal-no-init-tf2101", "tf2101-cp310", "_pywrap_tfe.pyd replaced by a DLL without PyInit",
        lambda e: e.dll(e.tf("python", "_pywrap_tfe.pyd"), "int nothing(void) { return 0; }\n"))


def zero_entry(e):
    """Overwrites the code at the entry point: what Windows calls first when the file is loaded."""
    p = e.internal()
    e.patch(p, entry_offset(e.read(p, 4096)), b"\0" * 4096)


def entry_offset(head):
    """Where in the file the entry point lies (PE format: COFF header, optional header, section table)."""
    pe = struct.unpack_from("<I", head, 60)[0]
    sections, optional = struct.unpack_from("<H", head, pe + 6)[0], struct.unpack_from("<H", head, pe + 20)[0]
    entry = struct.unpack_from("<I", head, pe + 24 + 16)[0]
    for i in range(sections):
        size, address, _raw_size, raw = struct.unpack_from("<IIII", head, pe + 24 + optional + 40 * i + 8)
        if address <= entry < address + size:
            return raw + entry - address
    raise NotFit("the entry point lies in no section")


damaged("internal-altered-tf2101", "tf2101-cp310", "4 KiB of code zeroed where the file is entered (bad disk)", zero_entry)
damaged("common-altered-tf2200", "tf2200-cp313", "4 KiB of _pywrap_tensorflow_common.dll zeroed where it is entered", zero_entry, extra=True)


@case("altered-and-unharmed", "tf2101-cp310", "not-an-environment-problem", expect="quiet", extra=True)
def _(e):
    """256 KiB of code zeroed that the import does not run"""
    e.patch(e.internal(), 0x1000, b"\0" * 0x40000)


@case("init-gone-tf2101", "tf2101-cp310", "tf-corrupt")
def _(e):
    """tensorflow/__init__.py deleted: the import succeeds as an empty namespace package"""
    e.rm(e.tf("__init__.py"))
    e.statement = "import tensorflow as tf; tf.constant(1)"
    return e.reinstall()


@case("half-upgrade-leftover", "tf2101-cp310", "tf-corrupt", ["tf-missing"])
def _(e):
    """pip was stopped: ~ensorflow is left, tensorflow/ is not"""
    fix = e.reinstall()
    os.rename(e.tf(), e.p("~ensorflow"))
    d, v = e.info("tensorflow")
    os.rename(d, e.p("~ensorflow-%s.dist-info" % v))
    return fix


@case("half-upgrade-mixed", "tf2101-cp310", "tf-corrupt", ["tf-duplicate", "tf-abi-mismatch"])
def _(e):
    """Python files of 2.15 unpacked over 2.10 before the upgrade was stopped"""
    other = os.path.join(e.sibling("tf2151-cp311"), "tensorflow")
    for sub in ("python/framework", "python/eager", "python/ops", "python/util"):
        src = os.path.join(other, *sub.split("/"))
        for n in sorted(os.listdir(src)):
            if n.endswith(".py"):
                e.write(e.tf(*sub.split("/"), n), open(os.path.join(src, n), "rb").read())
    return e.reinstall()


# ---- twice

def lay_over(e, base, dist, folders=("",)):
    """The Python files and the metadata of another tree's TensorFlow, unpacked over this one's."""
    src = e.sibling(base)
    for folder in folders:
        top = os.path.join(src, "tensorflow", folder)
        for dp, _dn, fn in os.walk(top):
            for n in fn:
                if n.endswith(".py"):
                    p = os.path.join(dp, n)
                    with open(p, "rb") as f:
                        e.write(e.p(os.path.relpath(p, src)), f.read())
    for n in os.listdir(os.path.join(src, dist)):
        e.put(os.path.join(src, dist, n), e.p(dist, n))


@case("two-versions-cp313", "tf2200-cp313", "tf-duplicate", ["tf-corrupt"])
def _(e):
    """2.21's Python files lie over 2.20, the metadata of both is there"""
    fix = "%s -m pip uninstall -y tensorflow & " % e.python
    lay_over(e, "tf2210-cp313", "tensorflow-2.21.0.dist-info")
    return fix * 2 + e.install("tensorflow==2.21.0")


@case("intel-over-tensorflow-cp310", "tf2101-cp310", "tf-duplicate", ["tf-corrupt"])
def _(e):
    """tensorflow-intel 2.15 (for 3.11) was unpacked over tensorflow 2.10"""
    lay_over(e, "tf2151-cp311", "tensorflow_intel-2.15.1.dist-info", ("python", "_api", "core"))
    return "%s -m pip uninstall -y tensorflow tensorflow-intel & %s" % (e.python, e.install("tensorflow==2.10.1"))


@case("user-site-second-tf", "tf2101-cp310", "pythonpath-conflict", ["tf-duplicate"])
def _(e):
    """a broken tensorflow in the user's site-packages (%APPDATA%) wins over the environment's"""
    us = os.path.join(e.home, "AppData", "Roaming", "Python", "Python310", "site-packages")
    e.write(os.path.join(us, "tensorflow", "__init__.py"), "from tensorflow.python.tools import module_util\n__version__ = '2.3.0'\n")
    e.write(os.path.join(us, "tensorflow-2.3.0.dist-info", "METADATA"), "Metadata-Version: 2.1\nName: tensorflow\nVersion: 2.3.0\n")
    e.write(os.path.join(us, "tensorflow-2.3.0.dist-info", "RECORD"),
            "tensorflow/__init__.py,,\ntensorflow-2.3.0.dist-info/METADATA,,\ntensorflow-2.3.0.dist-info/RECORD,,\n")
    e.write(os.path.join(us, "tensorflow-2.3.0.dist-info", "INSTALLER"), "pip\n")
    return "%s -m pip uninstall -y tensorflow" % e.python


# ---- absent

@case("shim-without-intel", "tf2151-cp311", "tf-missing")
def _(e):
    """tensorflow 2.15.1 is an empty shim on Windows; tensorflow-intel was removed"""
    whl = e.fetch("tensorflow==2.15.1")
    e.uninstall("tensorflow-intel")
    e.unzip(whl)
    return e.install("tensorflow-intel==2.15.1")


@case("not-installed", "tf2101-cp310", "tf-missing")
def _(e):
    """everything but TensorFlow is there"""
    e.uninstall("tensorflow")
    return e.install("tensorflow==2.10.1")


@case("metadata-only", "tf2101-cp310", "tf-corrupt", ["tf-missing"])
def _(e):
    """the folder tensorflow/ was deleted by hand, its metadata is there"""
    e.rm(e.tf())
    return e.reinstall()


# ---- for another Python or system

@case("abi-cp313-in-cp310", "tf2101-cp310", "tf-abi-mismatch")
def _(e):
    """site-packages/tensorflow of Python 3.11 was copied into 3.10's"""
    src = e.sibling("tf2151-cp311")
    e.uninstall("tensorflow")
    for n in ("tensorflow", "tensorflow_intel-2.15.1.dist-info"):
        clone(os.path.join(src, n), e.p(n))
    return "%s -m pip uninstall -y tensorflow-intel & %s" % (e.python, e.install("tensorflow==2.10.1"))


@case("linux-wheel-on-windows", "tf2101-cp310", "wrong-platform-wheel", ["tf-corrupt"])
def _(e):
    """the Linux wheel of tensorflow-cpu 2.10.1 was unpacked here"""
    whl = e.fetch("tensorflow-cpu==2.10.1", platforms=("manylinux2014_x86_64", "manylinux_2_17_x86_64"))
    e.uninstall("tensorflow")
    with zipfile.ZipFile(whl) as z:
        if not any(n.endswith(".so") for n in z.namelist()):
            raise NotFit("needs a Linux wheel")
    e.unzip(whl)
    return "%s -m pip uninstall -y tensorflow-cpu & %s" % (e.python, e.install("tensorflow==2.10.1"))
