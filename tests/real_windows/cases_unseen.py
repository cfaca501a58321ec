"""Faults written from the list of causes and from reports alone, without a look at how tfdiag decides.

They stand apart so that one can see whether what was learned on the other cases holds on these.
"""
import os

from winenv import case, clone

unseen = dict(suite="unseen")


@case("unseen-redist-2017", "tf2101-cp310", "vcruntime-missing", ["vcruntime-outdated"], **unseen)
def _(e):
    """Visual C++ 2017 (14.14): msvcp140.dll is there, msvcp140_1.dll was not yet"""
    e.state = {"redist": "14.14.26405"}
    return "redist"


@case("unseen-anaconda-copy", "tf2200-cp313", "vcruntime-shadowed", **unseen)
def _(e):
    """an old msvcp140.dll and vcruntime140.dll were copied from another program into the folder of python.exe"""
    for n in ("msvcp140.dll", "vcruntime140.dll", "vcruntime140_1.dll"):
        e.put(e.runtime(n, "14.28.29914"), e.root, n)
    return None


@case("unseen-sitecustomize-preload", "tf2210-cp313", "vcruntime-shadowed", ["pythonpath-conflict"], **unseen)
def _(e):
    """a sitecustomize.py of a company's tool loads its own msvcp140.dll of 14.28 first"""
    d = e.folder("CompanyTool")
    e.put(e.runtime("msvcp140.dll", "14.28.29914"), d, "msvcp140.dll")
    e.write(os.path.join(d, "sitecustomize.py"), "import ctypes\nctypes.CDLL(r'%s')\n" % e.win(os.path.join(d, "msvcp140.dll")))
    e.env["PYTHONPATH"] = e.win(d)
    return 'set "PYTHONPATH="'


@case("unseen-quarantined", "tf2180-cp312", "tf-corrupt", ["security-blocked"], **unseen)
def _(e):
    """an antivirus program has taken away three of TensorFlow's modules"""
    for n in ("_pywrap_tfe.pyd", "_pywrap_parallel_device.pyd"):
        if os.path.exists(e.tf("python", n)):
            e.rm(e.tf("python", n))
    e.rm(e.tf("python", "platform", "_pywrap_tf2.pyd"))
    return e.reinstall()


@case("unseen-dev-drive-copy", "tf2210-cp313", "tf-corrupt", **unseen)
def _(e):
    """the copy to another drive was stopped: files after the letter m are not there"""
    for n in sorted(os.listdir(e.tf("python"))):
        if n[0] in "opqrstuvwxyz" and os.path.isdir(e.tf("python", n)):
            e.rm(e.tf("python", n))
    return e.reinstall()


@case("unseen-git-autocrlf", "tf2101-cp310", "tf-corrupt", **unseen)
def _(e):
    """a module's text was replaced by a merge conflict"""
    p = e.tf("python", "eager", "context.py")
    b = e.read(p).decode()
    e.write(p, b[:3000] + "\n<<<<<<< HEAD\n" + b[3000:])
    return e.reinstall()


@case("unseen-lfs-pointer", "tf2151-cp311", "tf-corrupt", **unseen)
def _(e):
    """the environment was checked out of git: the big file is a Git LFS pointer"""
    e.write(e.internal(), "version https://git-lfs.github.com/spec/v1\noid sha256:" + "a" * 64 + "\nsize 731527168\n")
    return e.reinstall()


@case("unseen-site-of-python37", "tf241-cp38", "tf-abi-mismatch", **unseen)
def _(e):
    """tensorflow/ of Python 3.7 (2.1) lies in Python 3.8's site-packages"""
    src = e.sibling("tf210-cp37")
    e.uninstall("tensorflow")
    for n in ("tensorflow", "tensorflow_core", "tensorflow-2.1.0.dist-info"):
        if os.path.exists(os.path.join(src, n)):
            clone(os.path.join(src, n), e.p(n))
    return "%s -m pip uninstall -y tensorflow & %s" % (e.python, e.install("tensorflow==2.4.1"))


@case("unseen-protobuf-python", "tf2101-cp310", "dep-protobuf", **unseen)
def _(e):
    """protobuf 5 came with another package (Descriptors cannot be created directly)"""
    e.swap("protobuf", "5.29.5")
    return e.install("protobuf<3.20,>=3.9.2")


@case("unseen-numpy-for-other-cpu", "tf2200-cp313", "dep-numpy", **unseen)
def _(e):
    """NumPy of Python 3.12 was unpacked over the right one with pip install --target"""
    src = os.path.join(e.sibling("tf2180-cp312"), "numpy")
    e.rm(e.p("numpy"))
    for dp, _dn, fn in os.walk(src):
        for n in fn:
            e.put(os.path.join(dp, n), e.p("numpy", os.path.relpath(os.path.join(dp, n), src)))
    return e.reinstall("numpy")


@case("unseen-cwd-keras", "tf2151-cp311", "name-shadowing", **unseen)
def _(e):
    """keras.py beside the program"""
    e.script = e.write(e.workdir("run.py"), "import tensorflow as tf\nprint(tf.keras.layers.Dense(1))\n")
    e.write(e.workdir("keras.py"), "model = None\n")
    e.statement = "import tensorflow as tf; tf.keras.layers"
    return "ren %s keras_mine.py" % e.win(e.workdir("keras.py"))


@case("unseen-cwd-google", "tf2151-cp311", "name-shadowing", **unseen)
def _(e):
    """a folder called google with an __init__.py beside the program"""
    e.script = e.write(e.workdir("run.py"), "import tensorflow as tf\nprint(tf.constant(1))\n")
    e.write(e.workdir("google", "__init__.py"), "KEY = ''\n")
    return "ren %s google_mine" % e.win(e.workdir("google"))


@case("unseen-pythonpath-37", "tf2101-cp310", "pythonpath-conflict", **unseen)
def _(e):
    """the system's PYTHONPATH (an old program set it) names site-packages of Python 3.7"""
    e.env["PYTHONPATH"] = e.win(e.sibling("tf210-cp37")) + r";C:\OldProgram\lib"
    return 'set "PYTHONPATH="'


@case("unseen-legacy-keras", "tf2210-cp313", "env-setting", ["dep-keras"], **unseen)
def _(e):
    """TF_USE_LEGACY_KERAS=true set with setx years ago"""
    e.env["TF_USE_LEGACY_KERAS"] = "true"
    e.statement = "import tensorflow as tf; tf.keras.Sequential"
    return 'set "TF_USE_LEGACY_KERAS="'


@case("unseen-venv-home-drive", "tf2200-cp313", "venv-broken", bare=True, **unseen)
def _(e):
    """the environment was copied from another machine: its base lies on a drive that is not here"""
    from cases_search import environment
    environment(e)
    e.rm(os.path.join(e.dest, "Base"))
    cfg = e.read(os.path.join(e.root, "pyvenv.cfg")).decode()
    e.write(os.path.join(e.root, "pyvenv.cfg"), cfg.replace(e.win(os.path.join(e.dest, "Base")), r"E:\Apps\Python313"))
    return None


@case("unseen-other-python-launcher", "tf2151-cp311", "python-wrong-one", ["tf-missing"], **unseen)
def _(e):
    """PATH's python is 3.13 without TensorFlow; 3.11 with it is registered for all users"""
    bare = e.bare_python("cp313", "Program Files/Python313")
    e.env["PATH"] = e.win(bare) + ";" + e.win(os.path.join(bare, "Scripts")) + ";{PATH}"
    e.pep514("3.13", bare, "HKEY_LOCAL_MACHINE")
    e.pep514("3.11", e.root, "HKEY_LOCAL_MACHINE")
    e.python, e.named = "python", False
    return 'set "PATH=%s;%%PATH%%"' % e.win(e.root)


@case("unseen-ml-dtypes-cleaned", "tf2151-cp311", "dep-other", ["security-blocked"], **unseen)
def _(e):
    """ml_dtypes' extension modules were deleted by a clean-up program"""
    import glob
    for p in glob.glob(e.p("ml_dtypes", "*.pyd")):
        e.rm(p)
    return e.reinstall("ml_dtypes")


@case("unseen-healthy-user-dir", "tf2180-cp312", "not-an-environment-problem", expect="quiet", bare=True, **unseen)
def _(e):
    """a user called Łukasz O'Neil, Python in AppData\\Local\\Programs"""
    e.place("Łukasz O'Neil/AppData/Local/Programs/Python/Python312")


@case("unseen-healthy-two-redists", "tf2210-cp313", "not-an-environment-problem", expect="quiet", **unseen)
def _(e):
    """the 32-bit redistributable is ancient, the 64-bit one is current; an old copy in an unrelated program's folder"""
    e.state = {"redist": "14.51.36247", "x86": "14.29.30133"}
    e.put(e.runtime("msvcp140.dll", "14.14.26405"), e.folder("Game"), "msvcp140.dll")
