"""What stands before the real modules: PYTHONPATH, .pth, sitecustomize, user site, files in the folder."""
import os

from realenv import case

KERAS = "import tensorflow as tf; tf.keras.layers"


def shadow(name, files, also=(), expect="cause", base="tf220", statement=None):
    """Files of the user in the start folder; the fix moves the first one away."""
    @case("shadow-" + name, base, "name-shadowing", also, expect)
    def _(e):
        for n, text in files.items():
            e.write(e.workdir(n), text)
        e.workdir()
        e.statement = statement or e.statement
        first = next(iter(files)).split("/")[0]
        e.note = "in the folder: " + ", ".join(files)
        return "mv %s my_%s && rm -rf __pycache__" % (first, first)


MINE = "print('my own little module')\nx = 1\n"
for _n in ("types", "string", "inspect", "queue", "tokenize", "math", "platform", "json", "typing", "numbers", "six", "wrapt",
           "packaging", "enum", "select", "calendar", "token", "struct", "socket", "email", "dis", "operator", "gast", "ml_dtypes",
           "copyreg"):
    shadow(_n, {_n + ".py": MINE})
for _n in ("secrets", "copy", "h5py", "code", "signal", "statistics", "astunparse", "optree"):     # loaded already, unused, or tolerated
    shadow(_n, {_n + ".py": MINE}, expect="quiet")
shadow("keras", {"keras.py": MINE}, statement=KERAS)
shadow("rich", {"rich.py": MINE}, statement=KERAS)
shadow("abc", {"abc.py": MINE}, expect="quiet")
shadow("os", {"os.py": MINE}, expect="quiet")
shadow("warnings", {"warnings.py": MINE})
shadow("collections", {"collections.py": MINE})
shadow("logging-folder", {"logging/__init__.py": "level = 1\n"})
shadow("absl-folder", {"absl/__init__.py": ""})
shadow("tensorflow-init", {"tensorflow/__init__.py": "", "tensorflow/python/x.py": ""},
       statement="import tensorflow as tf; tf.constant(1)")
shadow("protobuf-folder", {"google/__init__.py": "", "google/protobuf/__init__.py": "__version__ = '2.0'\n"}, ["dep-protobuf"])
shadow("random-tf215", {"random.py": MINE}, base="tf215")
shadow("numpy-tf210", {"numpy.py": "pi = 3\n"}, base="tf210")
shadow("numbers-syntax", {"numbers.py": "def broken(:\n"})
shadow("test", {"test.py": MINE, "utils.py": MINE, "main.py": MINE, "config.py": MINE, "data.py": MINE}, expect="quiet")
shadow("tf-namespace", {"tensorflow/notes.txt": "mine"}, expect="quiet")
shadow("numpy-namespace", {"numpy/data/notes.txt": "mine"}, expect="quiet")
shadow("google-namespace", {"google/cloud/mine.py": ""}, expect="quiet")
shadow("keras-namespace", {"keras/weights.txt": ""}, expect="quiet", statement=KERAS)
shadow("pandas", {"pandas.py": MINE}, statement=KERAS)
shadow("torch", {"torch.py": MINE}, expect="quiet", statement=KERAS)
shadow("scipy", {"scipy.py": MINE}, expect="quiet", statement=KERAS)


def script(name, files, expect="cause", also=()):
    """The program that fails lies in another folder than the one it is started in."""
    @case("script-" + name, "tf220", "name-shadowing", also, expect)
    def _(e):
        d = os.path.join(e.dest, "project")
        for n, text in files.items():
            e.write(os.path.join(d, n), text)
        e.script = e.write(os.path.join(d, "train.py"), "import tensorflow as tf\ntf.constant(1)\n")
        first = next(iter(files)).split("/")[0]
        return "mv %s/%s %s/my_%s && rm -rf %s/__pycache__" % (d, first, d, first, d)


script("beside-random", {"random.py": MINE})
script("beside-tensorflow", {"tensorflow.py": MINE}, also=["tf-missing"])
script("beside-signal", {"signal.py": MINE}, expect="quiet")
script("beside-nothing", {"helper.py": MINE}, expect="quiet")


@case("script-cwd-harmless", "tf220", "not-an-environment-problem", expect="quiet")
def _(e):
    """random.py in the current folder, the script in another: the folder of the script counts"""
    e.write(e.workdir("random.py"), MINE)
    e.script = e.write(os.path.join(e.dest, "project", "train.py"), "import tensorflow\n")
    return None


@case("shadow-safe-path", "tf220", "not-an-environment-problem", expect="quiet")
def _(e):
    """random.py in the folder, PYTHONSAFEPATH=1 keeps the folder off sys.path"""
    e.write(e.workdir("random.py"), MINE)
    e.env["PYTHONSAFEPATH"] = "1"
    return None


def vendored(name, base, specs, also=(), expect="cause", statement=None):
    @case("pythonpath-" + name, base, "pythonpath-conflict", also, expect)
    def _(e):
        e.env["PYTHONPATH"] = e.vendor(*specs)
        e.statement = statement or e.statement
        e.note = "PYTHONPATH has " + ", ".join(specs)
        return "unset PYTHONPATH"


vendored("typing-extensions", "tf220", ["typing_extensions==3.7.4.3"], ["dep-other"])
vendored("numpy1", "tf221", ["numpy==2.1.3"], expect="quiet")
vendored("numpy2-tf215", "tf215", ["numpy==2.2.6"], ["dep-numpy"])
vendored("keras2", "tf220", ["keras==2.15.0"], ["dep-keras"], statement=KERAS)
vendored("protobuf3", "tf220", ["protobuf==3.20.3"], ["dep-protobuf"])
vendored("six", "tf220", ["six==1.10.0"], ["dep-other"])
vendored("flatbuffers", "tf220", ["flatbuffers==1.12"], ["dep-other"])
vendored("gast", "tf215", ["gast==0.3.3"], expect="quiet")
vendored("wrapt-good", "tf220", ["wrapt==1.17.2"], expect="quiet")
vendored("absl-good", "tf220", ["absl-py==2.1.0"], expect="quiet")


@case("pythonpath-numpy-other-python", "tf220", "pythonpath-conflict", ["dep-numpy", "tf-abi-mismatch"])
def _(e):
    """PYTHONPATH (a module system) brings NumPy for Python 3.11"""
    d = os.path.join(e.dest, "vendor")
    e.unzip(e.fetch("numpy==2.2.6", "3.11"), into=d)
    e.env["PYTHONPATH"] = d
    return "unset PYTHONPATH"


@case("pythonpath-own-random", "tf220", "pythonpath-conflict", ["name-shadowing"])
def _(e):
    """PYTHONPATH names a project folder with random.py"""
    e.write(os.path.join(e.dest, "proj", "random.py"), MINE)
    e.env["PYTHONPATH"] = os.path.join(e.dest, "proj")
    return "unset PYTHONPATH"


@case("pythonpath-enum34", "tf220", "pythonpath-conflict", ["name-shadowing"])
def _(e):
    """the Python 2 backport enum34 on PYTHONPATH hides enum"""
    e.write(os.path.join(e.dest, "old", "enum", "__init__.py"), "version = 1, 1, 6\nclass Enum(object):\n    pass\n")
    e.env["PYTHONPATH"] = os.path.join(e.dest, "old")
    return "unset PYTHONPATH"


@case("pythonpath-empty-entry", "tf220", "pythonpath-conflict", ["name-shadowing"])
def _(e):
    """PYTHONPATH ends in a colon (the current folder), a script elsewhere, random.py in the current folder"""
    e.write(e.workdir("random.py"), MINE)
    e.script = e.write(os.path.join(e.dest, "project", "train.py"), "import tensorflow\n")
    e.env["PYTHONPATH"] = "/nonexistent:"
    return "unset PYTHONPATH"


def pth(name, text, expect="cause", specs=("protobuf==3.20.3",), also=("dep-protobuf",)):
    @case("pth-" + name, "tf220", "pythonpath-conflict", also, expect)
    def _(e):
        v = e.vendor(*specs)
        e.write(e.p("zz_local.pth"), text.replace("{v}", v))
        return "rm %s" % e.p("zz_local.pth")


pth("slice", "import sys; sys.path[:0] = ['{v}']\n")
pth("plain-after", "{v}\n", expect="quiet")
pth("noise", "import no_such_module_anywhere\n{v}/nothing\n", expect="quiet")
pth("garbage", "\xff\xfe\x00garbage\n", expect="quiet")
pth("site-addsitedir", "import site, sys; sys.path.insert(1, '{v}')\n")


@case("pth-loads-old-libstdcxx", "tf220", "library-conflict", ["ldpath-conflict", "pythonpath-conflict", "libstdcxx-old"])
def _(e):
    """a .pth file loads an old C++ runtime into every process"""
    lib = os.path.join(e.old_libstdcxx("oldlib"), "libstdc++.so.6")
    e.write(e.p("zz_runtime.pth"), "import ctypes; ctypes.CDLL(%r, 256)\n" % lib)
    return "rm " + e.p("zz_runtime.pth")


@case("package-loads-old-libstdcxx", "tf220", "library-conflict", ["ldpath-conflict", "pythonpath-conflict", "libstdcxx-old"])
def _(e):
    """a package that a .pth file imports loads an old C++ runtime, under try"""
    lib = os.path.join(e.old_libstdcxx("oldlib"), "libstdc++.so.6")
    e.write(e.p("zz_vendor", "lib", "placeholder"), "")
    os.replace(lib, e.p("zz_vendor", "lib", "libstdc++.so.6"))
    e.write(e.p("zz_vendor", "__init__.py"),
            "import ctypes\nimport os\n\ntry:\n    _lib = ctypes.CDLL(os.path.join(os.path.dirname(__file__), 'lib', "
            "'libstdc++.so.6'), mode=ctypes.RTLD_GLOBAL)\nexcept OSError:\n    _lib = None\n")
    e.write(e.p("zz_vendor.pth"), "import zz_vendor\n")
    return "rm " + e.p("zz_vendor.pth")


@case("pth-loads-system-libstdcxx", "tf220", "not-an-environment-problem", expect="quiet")
def _(e):
    """a .pth file loads the system's own C++ runtime, and one that is not there"""
    lib = next(p for p in ("/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "/usr/lib64/libstdc++.so.6") if os.path.exists(p))
    e.write(e.p("zz_runtime.pth"), "import ctypes; ctypes.CDLL(%r, 256)\n" % lib)
    e.write(e.p("sitecustomize.py"), "import ctypes\ntry:\n    ctypes.CDLL('/opt/vendor/libnone.so')\nexcept OSError:\n    pass\n")
    return None


def customize(name, text, expect="cause", also=("python-broken",), module="sitecustomize"):
    @case(name, "tf220", "pythonpath-conflict", also, expect)
    def _(e):
        e.write(e.p(module + ".py"), text.replace("{v}", e.vendor("protobuf==3.20.3") if "{v}" in text else ""))
        return "rm -f %s" % e.p(module + ".py")


customize("sitecustomize-inserts", "import sys\nsys.path.insert(0, '{v}')\n", also=["dep-protobuf"])
customize("sitecustomize-raises", "raise RuntimeError('company set-up is gone')\n", expect="quiet")
customize("sitecustomize-exits", "import sys\nsys.exit(3)\n")
customize("sitecustomize-prints", "print('Welcome to the cluster')\n", expect="quiet")
customize("sitecustomize-blocks", "import sys\nsys.modules['h5py'] = None\nsys.modules['wrapt'] = None\n", also=["dep-other"])
customize("usercustomize-venv", "raise SystemExit\n", expect="quiet", module="usercustomize")


@case("user-site-numpy", "tf215", "pythonpath-conflict", ["dep-numpy"], kind="base")
def _(e):
    """NumPy 2 in ~/.local over the NumPy 1.26 of the base interpreter"""
    e.unzip(e.fetch("numpy==2.2.6"), into=e.home(".local", "lib", "python" + e.xy, "site-packages"))
    return "rm -r $HOME/.local/lib/python%s/site-packages/numpy*" % e.xy


@case("user-site-typing-extensions", "tf220", "pythonpath-conflict", ["dep-other"], kind="base")
def _(e):
    """an old typing_extensions in ~/.local"""
    e.unzip(e.fetch("typing_extensions==3.7.4.3"), into=e.home(".local", "lib", "python" + e.xy, "site-packages"))
    return "rm $HOME/.local/lib/python%s/site-packages/typing_extensions*" % e.xy


@case("user-site-in-venv", "tf220", "not-an-environment-problem", expect="quiet")
def _(e):
    """the same in a virtual environment, which does not look there"""
    e.unzip(e.fetch("typing_extensions==3.7.4.3"), into=e.home(".local", "lib", "python" + e.xy, "site-packages"))
    return None


@case("stdlib-name-in-site-packages", "tf220", "not-an-environment-problem", expect="quiet")
def _(e):
    """typing.py, random.py and enum/ in site-packages: the standard library stands first"""
    for n in ("typing.py", "random.py", "enum/__init__.py"):
        e.write(e.p(*n.split("/")), "raise ImportError('backport')\n")
    return None


@case("user-module-raises", "tf220", "not-an-environment-problem", tfdiag=["--module", "mymodel"])
def _(e):
    """the user's own module raises; TensorFlow is well"""
    e.write(e.workdir("mymodel.py"), "import tensorflow as tf\nraise ValueError('no weights yet')\n")
    e.statement = "import mymodel"
    return None
