"""Environments in which the import works: tfdiag must name no cause and exit 0."""
import os

from winenv import clone, healthy

KERAS = "import tensorflow as tf; tf.keras.layers.Dense(1)"

for _b in ("tf2101-cp310", "tf2200-cp313", "tf2151-cp311", "tf2180-cp312", "tf2210-cp313", "tf210-cp37", "tf241-cp38"):
    @healthy("healthy-" + _b.split("-")[0], _b)
    def _(e):
        """an unbroken copy"""


@healthy("healthy-old-redist-tf2101", "tf2101-cp310")
def _(e):
    """the redistributable of 2021 (14.29) is enough for 2.10"""
    e.state = {"redist": "14.29.30133"}


@healthy("healthy-old-redist-tf2180", "tf2180-cp312", extra=True)
def _(e):
    """14.36 is enough for 2.18.0"""
    e.state = {"redist": "14.36.32532"}


@healthy("healthy-1440-tf2200", "tf2200-cp313", extra=True)
def _(e):
    """14.40 is the first that is enough for 2.20"""
    e.state = {"redist": "14.40.33810"}


@healthy("healthy-private-redist", "tf2200-cp313")
def _(e):
    """nothing installed, good copies beside python.exe"""
    for n in ("msvcp140.dll", "msvcp140_1.dll"):
        e.put(e.runtime(n, "14.44.35211"), e.root, n)
    e.state = {"redist": None}


@healthy("healthy-old-copy-tf2101", "tf2101-cp310", extra=True)
def _(e):
    """an old msvcp140.dll beside python.exe: old enough to be suspicious, good enough for 2.10"""
    e.put(e.runtime("msvcp140.dll", "14.29.30133"), e.root, "msvcp140.dll")


@healthy("healthy-old-copy-elsewhere", "tf2200-cp313")
def _(e):
    """old copies where the loader does not look: PATH, the current folder, a package's own folder"""
    for d in (e.folder("Tool", "bin"), e.workdir(), e.p("otherpackage", "lib")):
        os.makedirs(d, exist_ok=True)
        e.put(e.runtime("msvcp140.dll", "14.29.30133"), d, "msvcp140.dll")
    e.write(e.p("otherpackage", "__init__.py"), "")
    e.env["PATH"] = e.win(os.path.join(e.dest, "Tool", "bin")) + ";{PATH}"


@healthy("healthy-redist-on-path-cp37", "tf210-cp37", extra=True)
def _(e):
    """Python 3.7 finds the DLLs on PATH"""
    for n in ("msvcp140.dll", "msvcp140_1.dll", "vcruntime140_1.dll", "concrt140.dll"):
        e.put(e.runtime(n, "14.44.35211"), e.dest, "Tool", "bin", n)
    e.env["PATH"] = "{PATH};" + e.win(os.path.join(e.dest, "Tool", "bin"))
    e.state = {"redist": None}


@healthy("healthy-spaces", "tf2101-cp310", bare=True)
def _(e):
    """spaces and parentheses in the path"""
    e.place("Program Files (x86)/Python 3.10 & more")


@healthy("healthy-non-ascii", "tf2200-cp313", bare=True)
def _(e):
    """letters beyond ASCII in the path, which this TensorFlow does not mind"""
    e.place("Jürgen Müller/学习/Python313")
    e.workdir("über.txt")


@healthy("healthy-venv", "tf2151-cp311", bare=True)
def _(e):
    """the packages lie in a virtual environment over a Python without any"""
    from cases_search import environment
    environment(e)


@healthy("healthy-user-site", "tf2101-cp310", bare=True, extra=True)
def _(e):
    """pip install --user: everything under %APPDATA%"""
    base = e.bare_python("cp310", "Python310")
    e.bind(base)
    us = os.path.join(e.home, "AppData", "Roaming", "Python", "Python310", "site-packages")
    os.makedirs(os.path.dirname(us))
    clone(os.path.join(e.src, "Lib", "site-packages"), us)


@healthy("healthy-untidy-path", "tf2180-cp312", extra=True)
def _(e):
    """PATH with missing folders, doubled and empty entries, quotes, a variable that is not expanded"""
    e.env["PATH"] = r'{PATH};C:\Gone\bin;;"C:\Program Files\Quoted";C:\windows\system32;%NOSUCH%\bin;relative\folder'


@healthy("healthy-extra-packages", "tf2210-cp313", extra=True)
def _(e):
    """a harmless .pth file, an editable installation, a tilde folder of another package"""
    src = e.folder("src", "mypackage")
    e.write(os.path.join(src, "mypackage.py"), "X = 1\n")
    e.write(e.p("__editable__.mypackage-1.0.pth"), e.win(src) + "\n")
    e.write(e.p("~arkdown", "__init__.py"), "")
    e.write(e.p("harmless.pth"), "import os; os.environ.setdefault('HARMLESS', '1')\n")


@healthy("healthy-pythonpath", "tf241-cp38", extra=True)
def _(e):
    """PYTHONPATH names a folder of the user's own modules and one that is not there"""
    d = e.folder("lib")
    e.write(os.path.join(d, "helpers.py"), "X = 1\n")
    e.env["PYTHONPATH"] = e.win(d) + r";C:\Gone"


@healthy("healthy-registered", "tf2200-cp313", extra=True)
def _(e):
    """several Pythons are registered, the right one runs"""
    bare = e.bare_python("cp312", "Python312")
    e.pep514("3.12", bare)
    e.pep514("3.13", e.root)
    e.env["PATH"] = e.win(e.root) + ";" + e.win(bare) + ";{PATH}"
    e.python, e.named = "python", False


@healthy("healthy-keras-tf2101", "tf2101-cp310", extra=True)
def _(e):
    """tf.keras is asked for"""
    e.statement = KERAS


@healthy("healthy-out-of-range", "tf2101-cp310", extra=True)
def _(e):
    """requirements that are not met and that the import survives: tensorboard and the estimator are gone"""
    e.uninstall("tensorboard")
    e.uninstall("tensorflow-estimator")
