"""Interpreter, virtual environment, search path and shadowed names."""
import glob
import os
import re
import shutil

from realenv import NotFit, case


@case("tf-missing", "empty312", "tf-missing")
def _(e):
    """TensorFlow never installed"""
    return "python -m pip install tensorflow-cpu==2.20.0"


@case("python-too-old", "py36", "tf-missing", ["python-unsupported", "pip-outdated"])
def _(e):
    """CPython 3.6: no wheel of a supported TensorFlow"""
    return None


@case("other-python-path", "tf220", "pythonpath-conflict", ["tf-abi-mismatch", "python-wrong-one"])
def _(e):
    """PYTHONPATH names the site-packages of a Python 3.11 environment with TensorFlow 2.15"""
    e.env["PYTHONPATH"] = e.sibling("tf215")
    return "unset PYTHONPATH"


@case("pth-intruder", "tf220", "pythonpath-conflict", ["dep-protobuf"])
def _(e):
    """a .pth file puts a folder with protobuf 3.20 first"""
    v = e.vendor("protobuf==3.20.3")
    e.write(e.p("zz_vendor.pth"), "import sys; sys.path.insert(0, %r)\n" % v)
    return "rm %s" % e.p("zz_vendor.pth")


@case("user-site", "tf220", "pythonpath-conflict", ["dep-protobuf", "tf-duplicate"], kind="base")
def _(e):
    """TensorFlow in the base interpreter; an old protobuf in the user site comes first"""
    us = os.path.join(e.dest, "home", "lib", "python" + e.xy, "site-packages")
    e.unzip(e.fetch("protobuf==3.20.3"), into=us)
    e.env["PYTHONUSERBASE"] = os.path.join(e.dest, "home")
    return "rm -r %s/google %s/protobuf*" % (us, us)


@case("shadow-tensorflow", "tf220", "name-shadowing")
def _(e):
    """a script tensorflow.py in the working folder"""
    e.write(e.workdir("tensorflow.py"), "import tensorflow as tf\nprint(tf.constant(1))\n")
    return "mv tensorflow.py my_tensorflow.py && rm -rf __pycache__"


@case("shadow-random", "tf220", "name-shadowing")
def _(e):
    """a script random.py in the working folder"""
    e.write(e.workdir("random.py"), "import numpy as np\nprint('rolling', np.arange(3))\n")
    return "mv random.py my_random.py && rm -rf __pycache__"


@case("shadow-numpy", "tf220", "name-shadowing")
def _(e):
    """a folder numpy/ (a git checkout's remains) in the working folder"""
    e.write(e.workdir("numpy", "__init__.py"), "version = 'notes'\n")
    return "mv numpy my_numpy"


@case("shadow-google", "tf220", "name-shadowing", ["dep-protobuf"])
def _(e):
    """a package google/ with __init__.py in the working folder hides google.protobuf"""
    e.write(e.workdir("google", "__init__.py"), "# search helper\n")
    return "mv google my_google"


@case("venv-base-gone", "tf220", "venv-broken")
def _(e):
    """the base interpreter was removed: bin/python is a dangling link"""
    xy = e.xy
    gone = os.path.join(e.dest, "old-python", "bin", "python" + xy)
    for n in ("python", "python3", "python" + xy):
        p = os.path.join(e.bin, n)
        if os.path.lexists(p):
            os.unlink(p)
    os.symlink(gone, os.path.join(e.bin, "python" + xy))
    for n in ("python", "python3"):
        os.symlink("python" + xy, os.path.join(e.bin, n))
    cfg = open(os.path.join(e.dest, "pyvenv.cfg")).read()
    e.write(os.path.join(e.dest, "pyvenv.cfg"),
            re.sub(r"(?m)^home *=.*$", "home = " + os.path.dirname(gone), cfg))
    real = os.path.realpath(os.path.join(e.src, "bin", "python"))
    return "rm -f {0}/bin/python*; {1} -m venv {0}".format(e.dest, real)


@case("venv-home-wrong", "tf220", "venv-broken", ["not-an-environment-problem"], expect="silent")
def _(e):
    """bin/python is a copy and pyvenv.cfg names a base that is gone (works while the compiled-in prefix exists)"""
    real = os.path.realpath(os.path.join(e.src, "bin", "python"))
    for n in ("python", "python3", "python" + e.xy):
        p = os.path.join(e.bin, n)
        if os.path.lexists(p):
            os.unlink(p)
        shutil.copy2(real, p)
    cfg = open(os.path.join(e.dest, "pyvenv.cfg")).read()
    e.write(os.path.join(e.dest, "pyvenv.cfg"),
            re.sub(r"(?m)^home *=.*$", "home = /nonexistent/python/bin", cfg))
    return "sed -i 's#^home *=.*#home = %s#' %s" % (os.path.dirname(real), os.path.join(e.dest, "pyvenv.cfg"))


@case("pythonhome", "tf220", "python-broken")
def _(e):
    """PYTHONHOME set to a folder without a Python"""
    e.env["PYTHONHOME"] = "/nonexistent"
    return "unset PYTHONHOME"


@case("stdlib-no-ctypes", "tf220", "python-broken", kind="base")
def _(e):
    """base interpreter built without libffi: no _ctypes"""
    e.rm(glob.glob(os.path.join(e.root, "lib", "python" + e.xy, "lib-dynload", "_ctypes.*.so"))[0])
    e.note = "repair: install the libffi headers and build Python again"
    return None


@case("stdlib-no-lzma", "tf220", "python-broken", expect="silent", kind="base")
def _(e):
    """base interpreter built without liblzma: does TensorFlow mind?"""
    e.rm(glob.glob(os.path.join(e.root, "lib", "python" + e.xy, "lib-dynload", "_lzma.*.so"))[0])
    return None
