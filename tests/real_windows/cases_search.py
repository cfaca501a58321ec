"""Where Python and Windows look: names that hide modules, paths, variables, interpreters, environments."""
import os

from winenv import NotFit, case, clone

KERAS = "import tensorflow as tf; tf.keras.layers.Dense(1)"


# ---- names that hide modules

@case("shadow-tensorflow-py", "tf2101-cp310", "name-shadowing")
def _(e):
    """the user's program is called tensorflow.py"""
    e.script = e.write(e.workdir("train.py"), "import tensorflow as tf\nprint(tf.constant(1))\n")
    e.write(e.workdir("tensorflow.py"), "print('my first network')\n")
    return "ren %s tensorflow_mine.py" % e.win(e.workdir("tensorflow.py"))


@case("shadow-random-py", "tf2200-cp313", "name-shadowing")
def _(e):
    """random.py in the folder of the program"""
    e.script = e.write(e.workdir("train.py"), "import tensorflow as tf\nprint(tf.constant(1))\n")
    e.write(e.workdir("random.py"), "numbers = [4]\n")
    return "ren %s random_mine.py" % e.win(e.workdir("random.py"))


@case("shadow-numpy-folder", "tf2151-cp311", "name-shadowing")
def _(e):
    """a folder numpy with an __init__.py in the current folder"""
    e.write(e.workdir("numpy", "__init__.py"), "")
    return "ren %s numpy_mine" % e.win(e.workdir("numpy"))


# ---- paths of Python

@case("pythonpath-other-tree", "tf2101-cp310", "pythonpath-conflict")
def _(e):
    """PYTHONPATH names the site-packages of another Python (3.13, TensorFlow 2.20)"""
    e.env["PYTHONPATH"] = e.win(e.sibling("tf2200-cp313"))
    return 'set "PYTHONPATH="'


@case("pythonpath-old-numpy", "tf2180-cp312", "pythonpath-conflict")
def _(e):
    """PYTHONPATH names a folder with the NumPy of Python 3.10"""
    d = e.folder("old")
    for n in ("numpy", "numpy.libs"):
        clone(os.path.join(e.sibling("tf2101-cp310"), n), os.path.join(d, n))
    e.env["PYTHONPATH"] = e.win(d)
    return 'set "PYTHONPATH="'


@case("pth-foreign-protobuf", "tf2151-cp311", "pythonpath-conflict")
def _(e):
    """a .pth file puts a folder with protobuf 3.19.6 first"""
    d = e.folder("vendor")
    src = e.sibling("tf2101-cp310")
    clone(os.path.join(src, "google"), os.path.join(d, "google"))
    e.write(os.path.join(d, "google", "__init__.py"), "")
    e.write(e.p("aaa-vendor.pth"), "import sys; sys.path.insert(0, r'%s')\n" % e.win(d))
    return "del %s" % e.win(e.p("aaa-vendor.pth"))


@case("user-site-numpy", "tf2101-cp310", "pythonpath-conflict")
def _(e):
    """NumPy 2.2.6 in the user's site-packages (%APPDATA%) wins over the installation's"""
    us = os.path.join(e.home, "AppData", "Roaming", "Python", "Python310", "site-packages")
    e.unzip(e.fetch("numpy==2.2.6"), into=us)
    return "%s -m pip uninstall -y numpy" % e.python


@case("pythonhome-missing", "tf2101-cp310", "python-broken", ["env-setting"])
def _(e):
    """PYTHONHOME names a folder that was removed"""
    e.env["PYTHONHOME"] = r"C:\Python27"
    return 'set "PYTHONHOME="'


@case("pythonhome-other", "tf2101-cp310", "python-broken", ["env-setting"])
def _(e):
    """PYTHONHOME names another Python (3.13)"""
    e.env["PYTHONHOME"] = e.win(os.path.dirname(os.path.dirname(e.sibling("tf2200-cp313"))))
    return 'set "PYTHONHOME="'


# ---- variables

@case("protobuf-implementation-cpp", "tf2151-cp311", "env-setting", ["dep-protobuf"])
def _(e):
    """PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=cpp: protobuf 4 has none"""
    e.env["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "cpp"
    return 'set "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION="'


@case("keras-backend-torch", "tf2200-cp313", "env-setting", ["dep-other", "dep-keras"])
def _(e):
    """KERAS_BACKEND=torch, and torch is not installed"""
    e.env["KERAS_BACKEND"] = "torch"
    e.statement = KERAS
    return 'set "KERAS_BACKEND="'


# ---- the interpreter

@case("stdlib-encodings-gone", "tf2200-cp313", "python-broken")
def _(e):
    """Lib\\encodings is gone"""
    e.rm(os.path.join(e.root, "Lib", "encodings"))
    return None


@case("ctypes-pyd-gone", "tf2101-cp310", "python-broken")
def _(e):
    """DLLs\\_ctypes.pyd is gone"""
    e.rm(os.path.join(e.root, "DLLs", "_ctypes.pyd"))
    return None


@case("libffi-gone", "tf2180-cp312", "python-broken")
def _(e):
    """DLLs\\libffi-8.dll is gone: DLL load failed while importing _ctypes"""
    import glob
    got = glob.glob(os.path.join(e.root, "DLLs", "libffi*.dll"))
    if not got:
        raise NotFit("needs libffi")
    e.rm(got[0])
    return None


@case("python-dll-gone", "tf2151-cp311", "python-broken", ["vcruntime-missing"])
def _(e):
    """python311.dll is gone: 0xC0000135, without a word"""
    e.rm(os.path.join(e.root, "python311.dll"))
    return None


@case("wrong-python-on-path", "tf2101-cp310", "python-wrong-one", ["tf-missing"])
def _(e):
    """PATH finds a Python without TensorFlow first; the one with it comes second"""
    bare = e.bare_python("cp310", "Bare310")
    e.env["PATH"] = e.win(bare) + ";" + e.win(e.root) + ";{PATH}"
    e.python, e.named = "python", False
    return 'set "PATH=%s;%%PATH%%"' % e.win(e.root)


@case("wrong-python-registered", "tf2200-cp313", "python-wrong-one", ["tf-missing"])
def _(e):
    """the Python on PATH (3.12) has none, the registry names the one that has (3.13)"""
    bare = e.bare_python("cp312", "Python312")
    e.env["PATH"] = e.win(bare) + ";{PATH}"
    e.pep514("3.12", bare)
    e.pep514("3.13", e.root)
    e.python, e.named = "python", False
    return 'set "PATH=%s;%%PATH%%"' % e.win(e.root)


@case("wrong-python-venv-not-active", "tf2101-cp310", "python-wrong-one", ["tf-missing"])
def _(e):
    """an empty environment is active (VIRTUAL_ENV), TensorFlow is in the installation below it"""
    v = e.venv("empty")
    e.env.update(VIRTUAL_ENV=e.win(v), PATH=e.win(os.path.join(v, "Scripts")) + ";" + e.win(e.root) + ";{PATH}")
    e.python, e.named = "python", False
    return 'set "PATH=%s;%%PATH%%"' % e.win(e.root)


@case("store-alias", "tf2101-cp310", "python-store-alias", recorded=True)
def _(e):
    """PATH finds the Store's python.exe of zero length first"""
    d = e.folder("home", "AppData", "Local", "Microsoft", "WindowsApps")
    e.write(os.path.join(d, "python.exe"), b"")
    e.write(os.path.join(d, "python3.exe"), b"")
    e.env["PATH"] = e.win(d) + ";" + e.win(e.root) + ";{PATH}"
    e.python, e.named = "python", False
    return 'set "PATH=%s;%%PATH%%"' % e.win(e.root)


@case("python-too-old", "tf210-cp37", "tf-missing", ["python-unsupported", "pip-outdated"])
def _(e):
    """Python 3.7 without TensorFlow"""
    e.uninstall("tensorflow")
    return None


# ---- virtual environments

def environment(e, version=None):
    """The packages of the tree in a virtual environment over the bare Python."""
    base = e.bare_python(e.base.rsplit("-", 1)[1], "Base")
    v = e.venv("venv", base, version)
    os.rmdir(os.path.join(v, "Lib", "site-packages"))
    clone(os.path.join(e.src, "Lib", "site-packages"), os.path.join(v, "Lib", "site-packages"))
    e.root, e.exe, e.sp = v, os.path.join(v, "Scripts", "python.exe"), os.path.join(v, "Lib", "site-packages")
    e.python = e.win(e.exe)
    return base


@case("venv-base-removed", "tf2101-cp310", "venv-broken", bare=True)
def _(e):
    """the Python that made the environment was uninstalled"""
    e.rm(environment(e))
    return None


@case("venv-base-moved", "tf2200-cp313", "venv-broken", bare=True)
def _(e):
    """the Python that made the environment was moved to another folder"""
    base = environment(e)
    new = e.bare_python("cp313", "Python313")
    e.rm(base)
    e.env["PATH"] = e.win(new) + ";{PATH}"
    e.pep514("3.13", new)
    return "%s -m venv --upgrade %s" % (e.win(os.path.join(new, "python.exe")), e.win(e.root))


@case("venv-other-minor", "tf2101-cp310", "venv-broken", bare=True)
def _(e):
    """home in pyvenv.cfg names a Python 3.11"""
    environment(e)
    new = e.bare_python("cp311", "Python311")
    cfg = e.read(os.path.join(e.root, "pyvenv.cfg")).decode()
    e.write(os.path.join(e.root, "pyvenv.cfg"), cfg.replace(e.win(os.path.join(e.dest, "Base")), e.win(new)))
    return None


@case("venv-cfg-gone", "tf2200-cp313", "venv-broken", ["python-broken"], bare=True)
def _(e):
    """pyvenv.cfg was deleted"""
    environment(e)
    e.rm(os.path.join(e.root, "pyvenv.cfg"))
    return None


# ---- folders of DLLs

def conda_numpy(e):
    """NumPy as conda builds it: its DLL lies in Library\\bin, where Python 3.7 finds it through PATH alone."""
    folder = e.folder(os.path.relpath(os.path.join(e.root, "Library", "bin"), e.dest))
    libs = e.p("numpy", ".libs")
    for n in os.listdir(e.need(libs)):
        e.put(os.path.join(libs, n), folder, n)
    e.rm(libs)
    e.write(e.p("numpy", "_distributor_init.py"), '"""Nothing to do."""\n')
    info = e.info("numpy")[0]
    lines = [ln for ln in e.read(os.path.join(info, "RECORD")).decode().splitlines() if "/.libs/" not in ln and "_distributor_init" not in ln]
    e.write(os.path.join(info, "RECORD"), "\n".join(lines + ["numpy/_distributor_init.py,,"]) + "\n")
    e.write(os.path.join(info, "INSTALLER"), "conda\n")
    e.write(os.path.join(e.root, "conda-meta", "history"), "==> 2026-01-01 <==\n")
    e.write(os.path.join(e.root, "conda-meta", "numpy-1.21.6-py37_0.json"),
            '{"name": "numpy", "version": "1.21.6", "build": "py37_0", "files": ["Library/bin/%s"]}\n' % sorted(os.listdir(folder))[0])
    return folder


@case("conda-not-activated-cp37", "tf210-cp37", "conda-not-activated", ["path-order"])
def _(e):
    """a conda environment whose Library\\bin is not on PATH"""
    return 'set "PATH=%s;%%PATH%%"' % e.win(conda_numpy(e))


@case("path-foreign-dll-cp37", "tf210-cp37", "path-order", ["dep-numpy"])
def _(e):
    """Python 3.7: PATH finds a foreign program's damaged DLL before the environment's own"""
    good, bad = conda_numpy(e), e.folder("Viewer", "bin")
    for n in os.listdir(good):
        e.write(os.path.join(bad, n), b"not a DLL\n" * 100)
    e.env["PATH"] = "%s;%s;{PATH}" % (e.win(bad), e.win(good))
    return 'set "PATH=%s;%%PATH%%"' % e.win(good)


@case("preloaded-openblas", "tf2101-cp310", "library-conflict", ["pythonpath-conflict", "dep-numpy"], recorded=True)
def _(e):
    """a start-up hook has loaded a foreign DLL of NumPy's name without the procedures: Windows says 127, Wine loads"""
    name, d = os.path.basename(e.one("numpy.libs", "libopenblas*.dll")), e.p("viewer")
    e.dll(os.path.join(d, name), "int nothing(void) { return 0; }\n")
    e.write(os.path.join(d, "__init__.py"), "import ctypes, os\nctypes.WinDLL(os.path.join(os.path.dirname(__file__), %r))\n" % name)
    e.write(e.p("viewer.pth"), "import viewer\n")
    return "del %s" % e.win(e.p("viewer.pth"))


# ---- the path itself

@case("path-too-long", "tf2200-cp313", "path-too-long", ["tf-corrupt"], bare=True, recorded=True)
def _(e):
    """the installation's folder is so deep that its files are beyond MAX_PATH, and LongPathsEnabled is not set"""
    e.place("/".join(["a-folder-with-a-rather-long-name-%02d" % i for i in range(5)] + ["Python313"]))
    return None
