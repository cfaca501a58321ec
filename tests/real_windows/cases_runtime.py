"""The Visual C++ run-time library: missing, too old, or another copy than the system's."""
import os

from winenv import NATIVE, case

TOO_OLD = "14.29.30133"


def native(e):
    """Verify a repair with the load of the native part alone: what is wrong lies there."""
    e.verify = NATIVE % e.win(e.sp)


# ---- missing

def none(base, extra=False):
    @case("redist-none-" + base.split("-")[0], base, "vcruntime-missing", extra=extra)
    def _(e):
        """no Visual C++ redistributable on the machine"""
        e.state = {"redist": None}
        return "redist"


for _b in ("tf2101-cp310", "tf2151-cp311", "tf2200-cp313", "tf210-cp37"):
    none(_b)
for _b in ("tf2180-cp312", "tf2210-cp313", "tf241-cp38"):
    none(_b, extra=True)


@case("redist-without-msvcp140-1", "tf2101-cp310", "vcruntime-missing")
def _(e):
    """only msvcp140_1.dll is not there"""
    e.state = {"without": ["msvcp140_1.dll"]}
    return "redist"


@case("redist-without-vcruntime140-1", "tf2101-cp310", "vcruntime-missing")
def _(e):
    """vcruntime140_1.dll is neither beside python.exe nor in System32"""
    e.rm(os.path.join(e.root, "vcruntime140_1.dll"))
    e.state = {"without": ["vcruntime140_1.dll"]}
    return "redist"


@case("redist-2015-without-vcruntime140-1", "tf241-cp38", "vcruntime-outdated", ["vcruntime-missing"])
def _(e):
    """the redistributable of 2018 (14.14) has no vcruntime140_1.dll, and none lies beside python.exe"""
    e.rm(os.path.join(e.root, "vcruntime140_1.dll"))
    e.state = {"redist": "14.14.26405", "files": {"msvcp140_1.dll": e.runtime("msvcp140_1.dll", TOO_OLD)}}
    return "redist"


@case("vcruntime140-nowhere", "tf2101-cp310", "vcruntime-missing", ["python-broken"])
def _(e):
    """vcruntime140.dll is nowhere: python.exe itself does not start"""
    e.rm(os.path.join(e.root, "vcruntime140.dll"))
    e.state = {"redist": None}
    return "redist"


@case("redist-without-threads-tf2210", "tf2210-cp313", "vcruntime-missing", ["vcruntime-outdated"])
def _(e):
    """vcruntime140_threads.dll alone was deleted from a current redistributable"""
    e.state = {"without": ["vcruntime140_threads.dll"]}
    return "redist"


@case("redist-on-path-only", "tf2101-cp310", "vcruntime-missing")
def _(e):
    """the DLLs lie in a folder on PATH: Python 3.8 and later do not look there"""
    for n in ("msvcp140.dll", "msvcp140_1.dll"):
        e.put(e.runtime(n, "14.44.35211"), e.dest, "Tool", "bin", n)
    e.env["PATH"] = "{PATH};" + e.win(os.path.join(e.dest, "Tool", "bin"))
    e.state = {"redist": None}
    return "redist"


@case("redist-in-cwd-only", "tf2101-cp310", "vcruntime-missing", extra=True)
def _(e):
    """the DLLs were copied into the folder of the program"""
    for n in ("msvcp140.dll", "msvcp140_1.dll"):
        e.put(e.runtime(n, "14.44.35211"), e.workdir(n))
    e.state = {"redist": None}
    return "redist"


@case("redist-x86-only", "tf2101-cp310", "vcruntime-missing")
def _(e):
    """only the 32-bit redistributable is installed"""
    e.state = {"redist": None, "x86": "14.29.30133"}
    return "redist"


@case("redist-registry-only", "tf2101-cp310", "vcruntime-missing")
def _(e):
    """the registry says 14.44 is installed, somebody deleted the files"""
    e.state = {"redist": None, "says": "14.44.35211"}
    return "redist"


# ---- outdated

@case("redist-old-tf2200", "tf2200-cp313", "vcruntime-outdated")
def _(e):
    """msvcp140.dll 14.29 in System32, TensorFlow 2.20 wants 14.40"""
    e.state = {"redist": TOO_OLD}
    native(e)
    return "redist"


@case("redist-1436-tf2200", "tf2200-cp313", "vcruntime-outdated")
def _(e):
    """msvcp140.dll 14.36, the last before constexpr mutexes"""
    e.state = {"redist": "14.36.32532"}
    native(e)
    return "redist"


@case("redist-1414-tf2200", "tf2200-cp313", "vcruntime-outdated", extra=True)
def _(e):
    """msvcp140.dll 14.14 of 2018; msvcp140_1.dll came with another program"""
    e.state = {"redist": "14.14.26405", "files": {"msvcp140_1.dll": e.runtime("msvcp140_1.dll", "14.36.32532")}}
    native(e)
    return "redist"


@case("redist-old-tf2210", "tf2210-cp313", "vcruntime-outdated")
def _(e):
    """14.34: too old, and without vcruntime140_threads.dll"""
    e.state = {"redist": "14.34.31931"}
    return "redist"


@case("redist-old-threads-there-tf2210", "tf2210-cp313", "vcruntime-outdated")
def _(e):
    """14.34 with a vcruntime140_threads.dll that a program added: the mutex still dies"""
    e.state = {"redist": "14.34.31931", "files": {"vcruntime140_threads.dll": e.runtime("vcruntime140_threads.dll", "14.40.33810")}}
    native(e)
    return "redist"


@case("redist-downgraded-tf2200", "tf2200-cp313", "vcruntime-outdated")
def _(e):
    """the registry says 14.44, an old program's installer put its 14.29 msvcp140.dll into System32"""
    e.state = {"files": {"msvcp140.dll": e.runtime("msvcp140.dll", TOO_OLD)}}
    native(e)
    return "redist"


# ---- shadowed

@case("beside-python-old", "tf2200-cp313", "vcruntime-shadowed")
def _(e):
    """an old msvcp140.dll beside python.exe wins over the system's good one"""
    e.put(e.runtime("msvcp140.dll", TOO_OLD), e.root, "msvcp140.dll")
    native(e)
    return 'del "%s"' % e.win(os.path.join(e.root, "msvcp140.dll"))


@case("beside-python-old-tf2210", "tf2210-cp313", "vcruntime-shadowed", extra=True)
def _(e):
    """an old msvcp140.dll (14.36) beside python.exe"""
    e.put(e.runtime("msvcp140.dll", "14.36.32532"), e.root, "msvcp140.dll")
    native(e)
    return 'del "%s"' % e.win(os.path.join(e.root, "msvcp140.dll"))


@case("beside-python-empty", "tf2101-cp310", "vcruntime-shadowed")
def _(e):
    """an empty msvcp140.dll beside python.exe"""
    e.write(os.path.join(e.root, "msvcp140.dll"), b"")
    return 'del "%s"' % e.win(os.path.join(e.root, "msvcp140.dll"))


@case("beside-python-truncated", "tf2180-cp312", "vcruntime-shadowed")
def _(e):
    """half an msvcp140.dll beside python.exe"""
    e.put(e.runtime("msvcp140.dll", "14.44.35211"), e.root, "msvcp140.dll")
    e.truncate(os.path.join(e.root, "msvcp140.dll"))
    return 'del "%s"' % e.win(os.path.join(e.root, "msvcp140.dll"))


@case("beside-python-32bit", "tf2101-cp310", "vcruntime-shadowed", recorded=True)
def _(e):
    """a 32-bit msvcp140.dll beside python.exe: Windows stops with 193, Wine takes the next one"""
    e.put(e.runtime("msvcp140.dll", "x86"), e.root, "msvcp140.dll")
    return 'del "%s"' % e.win(os.path.join(e.root, "msvcp140.dll"))


@case("beside-python-stub", "tf2101-cp310", "vcruntime-shadowed", recorded=True)
def _(e):
    """an msvcp140.dll that lacks what the module imports: Windows stops with 127, Wine loads"""
    e.dll(os.path.join(e.root, "msvcp140.dll"), "int nothing(void) { return 0; }\n")
    return 'del "%s"' % e.win(os.path.join(e.root, "msvcp140.dll"))


@case("beside-python-init-fails", "tf2151-cp311", "vcruntime-shadowed")
def _(e):
    """an msvcp140.dll beside python.exe whose DllMain says no (1114)"""
    e.dll(os.path.join(e.root, "msvcp140.dll"), "int __stdcall DllMain(void *h, unsigned long r, void *p)"
          " { (void)h; (void)p; return r != 1; }\n")
    return 'del "%s"' % e.win(os.path.join(e.root, "msvcp140.dll"))


@case("pth-preloads-old", "tf2200-cp313", "vcruntime-shadowed")
def _(e):
    """a package's .pth file loads its own msvcp140.dll 14.29 when Python starts"""
    d = e.p("oldpackage")
    e.put(e.runtime("msvcp140.dll", TOO_OLD), d, "msvcp140.dll")
    e.write(os.path.join(d, "__init__.py"), "import ctypes, os\nctypes.WinDLL(os.path.join(os.path.dirname(__file__), 'msvcp140.dll'))\n")
    e.write(e.p("oldpackage.pth"), "import oldpackage\n")
    native(e)
    return 'del "%s"' % e.win(e.p("oldpackage.pth"))


@case("dll-directory-old", "tf2200-cp313", "vcruntime-shadowed")
def _(e):
    """a .pth file calls os.add_dll_directory on a folder with msvcp140.dll 14.29"""
    d = e.folder("Tools", "Scanner", "bin")
    e.put(e.runtime("msvcp140.dll", TOO_OLD), d, "msvcp140.dll")
    e.write(e.p("scanner.pth"), "import os; os.add_dll_directory(r'%s')\n" % e.win(d))
    native(e)
    return 'del "%s"' % e.win(e.p("scanner.pth"))


@case("beside-python-old-no-redist", "tf2200-cp313", "vcruntime-shadowed", ["vcruntime-outdated", "vcruntime-missing"])
def _(e):
    """no redistributable; somebody copied old DLLs beside python.exe"""
    for n in ("msvcp140.dll", "msvcp140_1.dll"):
        e.put(e.runtime(n, TOO_OLD), e.root, n)
    e.state = {"redist": None}
    native(e)
    return "redist & " + 'del "%s"' % e.win(os.path.join(e.root, "msvcp140.dll"))


@case("path-empty-msvcp140-cp37", "tf210-cp37", "vcruntime-missing", ["path-order", "vcruntime-shadowed"])
def _(e):
    """Python 3.7 looks on PATH: there is no redistributable, and a foreign program's empty msvcp140.dll is found"""
    e.write(os.path.join(e.dest, "Tool", "bin", "msvcp140.dll"), b"")
    e.env["PATH"] = "{PATH};" + e.win(os.path.join(e.dest, "Tool", "bin"))
    e.state = {"redist": None}
    return "redist"
