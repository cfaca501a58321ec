"""Faults that come together, installers that are set up oddly, and more machines that are odd and healthy."""
import functools
import os

import cases_unseen_more
from cases_field import by_path, environment, put_runtime, user_site
from cases_unseen_more import KERAS, beside, fault, script
from winenv import clone

# Each would be an import of the whole TensorFlow; --all runs them.
well = functools.partial(cases_unseen_more.well, extra=True)

# ---- two faults at once: either may come first, the first fix must repair both or be repeated
fault("no-redist-and-numpy-2", "tf2101-cp310", "vcruntime-missing", "no run time, and NumPy 2 with TensorFlow 2.10",
      lambda e: (e.state.update(redist=None), e.swap("numpy", "2.2.6")), lambda e: "redist & " + e.install("numpy<2"), ["dep-numpy"])
fault("protobuf-5-and-keras-gone", "tf2101-cp310", "dep-protobuf", "protobuf 5 came with another package, keras was uninstalled",
      lambda e: (e.swap("protobuf", "5.29.5"), e.uninstall("keras")), lambda e: e.install("protobuf<3.20") + " & " + e.install("keras<2.11"), ["dep-keras"])
fault("tfe-empty-and-openblas-gone", "tf2180-cp312", "tf-corrupt", "_pywrap_tfe.pyd has no bytes and numpy.libs is gone",
      lambda e: (e.write(e.tf("python", "_pywrap_tfe.pyd"), b""), e.rm(e.p("numpy.libs"))), lambda e: e.reinstall() + " & " + e.reinstall("numpy"), ["dep-numpy"])
fault("random-py-and-wrapt-gone", "tf2200-cp313", "name-shadowing", "random.py beside the program, wrapt uninstalled",
      lambda e: (script(e, "random.py", "x = 4\n"), e.uninstall("wrapt")), lambda e: "ren %s mine.py & %s" % (e.win(e.workdir("random.py")), e.install("wrapt")),
      ["dep-other"])
fault("old-redist-and-pythonpath", "tf2200-cp313", "vcruntime-outdated", "Visual C++ 14.28, and PYTHONPATH brings protobuf 3.20.3",
      lambda e: (e.state.update(redist="14.34.31931"), e.env.update(PYTHONPATH=e.win(e.vendor("protobuf==3.20.3")))), 'redist & set "PYTHONPATH="',
      ["pythonpath-conflict"])

# ---- pip that is set up so that the usual command does not help
fault("pip-target", "tf2101-cp310", "dep-other", "pip.ini says target = D:\\packages: wrapt was installed where Python does not look",
      lambda e: (e.uninstall("wrapt"), e.write(os.path.join(e.home, "AppData", "Roaming", "pip", "pip.ini"), "[global]\r\ntarget = %s\r\n" % e.win(e.folder("packages")))),
      lambda e: e.install("wrapt") + ' --target "%s"' % e.win(e.sp))
fault("pip-wants-environment", "tf2180-cp312", "dep-other", "PIP_REQUIRE_VIRTUALENV=true, and gast was uninstalled",
      lambda e: (e.uninstall("gast"), e.env.update(PIP_REQUIRE_VIRTUALENV="true")), lambda e: 'set "PIP_REQUIRE_VIRTUALENV=" & ' + e.install("gast"))
fault("pip-gone", "tf2151-cp311", "dep-other", "pip was deleted, and so was wrapt", lambda e: (e.uninstall("wrapt"), e.uninstall("pip")),
      lambda e: "%s -m ensurepip & %s" % (e.python, e.install("wrapt<1.15")))
fault("pip-user-in-environment", "tf2200-cp313", "dep-other", "PIP_USER=1 in a virtual environment, and wrapt was uninstalled there",
      lambda e: (environment(e), e.uninstall("wrapt"), e.env.update(PIP_USER="1")), lambda e: 'set "PIP_USER=" & ' + e.install("wrapt"), bare=True)

# ---- odd and healthy


def renamed_environment(e):
    environment(e)
    new = os.path.join(e.dest, "moved to here")
    os.rename(e.root, new)
    e.root, e.exe, e.sp = new, os.path.join(new, "Scripts", "python.exe"), os.path.join(new, "Lib", "site-packages")
    e.python = e.win(e.exe)


def over_base(e):
    """An environment that sees the packages of the installation below it."""
    v = e.venv("venv")
    cfg = e.read(os.path.join(v, "pyvenv.cfg")).decode()
    e.write(os.path.join(v, "pyvenv.cfg"), cfg.replace("packages = false", "packages = true"))
    e.exe = os.path.join(v, "Scripts", "python.exe")
    e.python = e.win(e.exe)


def older_in_user_site(e):
    """Another release of TensorFlow in the user's folder wins, whole and well."""
    for n in ("tensorflow", "tensorflow-2.20.0.dist-info"):
        clone(os.path.join(e.sibling("tf2200-cp313"), n), user_site(e, n))


def local_init(e):
    """numpy/_distributor_init_local.py is a vendor's hook; this vendor's loads an old run time."""
    d = e.folder("Vendor", "bin")
    put_runtime(e, "14.28.29914", d)
    e.write(e.p("numpy", "_distributor_init_local.py"), "import ctypes\nctypes.WinDLL(r'%s')\n" % e.win(os.path.join(d, "msvcp140.dll")))


def foreign_hdf5(e):
    """h5py's modules ask for hdf5.dll by name; a start-up hook has loaded another program's of that name."""
    e.dll(os.path.join(e.folder("Viewer"), "hdf5.dll"), "int nothing(void) { return 0; }\n")
    e.write(e.p("viewer.pth"), "import ctypes; ctypes.WinDLL(r'%s')\n" % e.win(os.path.join(e.dest, "Viewer", "hdf5.dll")))


well("environment-moved", "tf2200-cp313", "the environment's folder was renamed: pyvenv.cfg names only the base", renamed_environment, bare=True)
well("environment-over-base", "tf2151-cp311", "an environment with the packages of its base", over_base)
well("runtime-beside-base", "tf2101-cp310", "no run time in System32; that beside the base's python.exe serves the environment",
     lambda e: (put_runtime(e, "14.44.35211", environment(e), "msvcp140.dll", "msvcp140_1.dll"), e.state.update(redist=None)), bare=True)
well("old-runtime-in-dlls", "tf2200-cp313", "an old msvcp140.dll lies in Python's folder DLLs, where nobody asks for it",
     lambda e: put_runtime(e, "14.28.29914", beside(e, "DLLs")))
well("old-runtime-on-path-cp37", "tf210-cp37", "Python 3.7: an old msvcp140.dll is on PATH, System32 comes first",
     lambda e: (put_runtime(e, "14.14.26405", e.folder("Old")), e.env.update(PATH=e.win(e.folder("Old")) + ";{PATH}")))
well("leftover-of-upgrade", "tf2180-cp312", "~ensorflow and ~umpy of an interrupted upgrade lie beside the whole packages",
     lambda e: (e.write(e.p("~ensorflow", "__init__.py"), ""), e.write(e.p("~umpy", "core.pyd"), b"MZ")))
well("case-differs", "tf2151-cp311", "Random.py and a folder NumPy beside the program: Python tells the case apart on Windows, too",
     lambda e: (script(e, "Random.py", "x = (\n"), e.write(e.workdir("NumPy", "__init__.py"), "y = (\n")))
well("safe-path", "tf2200-cp313", "PYTHONSAFEPATH is set: random.py beside the program is not seen",
     lambda e: (script(e, "random.py", "x = (\n"), e.env.update(PYTHONSAFEPATH="1")))
well("backports", "tf2101-cp310", "backports called typing.py and dataclasses.py lie in site-packages, behind the standard library",
     lambda e: (e.write(e.p("typing.py"), "raise ImportError('for Python 2')\n"), e.write(e.p("dataclasses.py"), "raise ImportError('for 3.6')\n")))
well("packaging-gone", "tf2151-cp311", "packaging was uninstalled; setuptools brings one, and TensorFlow's first import is setuptools' distutils",
     lambda e: e.uninstall("packaging"))
well("pip-gone", "tf2210-cp313", "pip was uninstalled", lambda e: e.uninstall("pip"))
well("settings", "tf2101-cp310", "variables with odd values that nothing reads at import",
     lambda e: e.env.update(PYTHONPYCACHEPREFIX=r"Q:\nowhere", TF_CPP_MIN_LOG_LEVEL="many", KERAS_BACKEND="theano", OMP_NUM_THREADS="0", WRAPT_DISABLE_EXTENSIONS="1"))
well("import-library-gone", "tf2101-cp310", "_pywrap_tensorflow_internal.lib, which only a linker reads, was deleted",
     lambda e: e.rm(e.tf("python", "_pywrap_tensorflow_internal.lib")))
well("older-in-user-site", "tf2210-cp313", "TensorFlow 2.20 in the user's site-packages wins over 2.21, and works", older_in_user_site)
well("libclang-gone", "tf2151-cp311", "libclang and tensorboard were uninstalled, which the import never asks for",
     lambda e: (e.uninstall("libclang"), e.uninstall("tensorboard")))
well("by-name", "tf2200-cp313", "python is found on PATH, behind folders that are gone", lambda e: (by_path(e, os.path.join(e.dest, "gone"), e.root)))
well("pip-ini-broken", "tf241-cp38", "pip.ini cannot be read as one", lambda e: e.write(os.path.join(e.home, "AppData", "Roaming", "pip", "pip.ini"), "global\r\n=\r\n"))

# ---- faults that the import survives: what was expected to break was tried, and does not
well("h5py-z-gone", "tf2180-cp312", "h5py's z.dll was taken away: Keras does without h5py", lambda e: e.rm(e.one("h5py", "z*.dll")), statement=KERAS)
well("hdf5-loaded-first", "tf2101-cp310", "a start-up hook has loaded another hdf5.dll, which lacks the procedures (127): Keras does without h5py", foreign_hdf5,
     statement=KERAS, recorded=True)
well("secrets-py", "tf2200-cp313", "secrets.py beside the program: NumPy asks for the module only when numbers are drawn",
     lambda e: script(e, "secrets.py", "api_key = 'x'\n"))
well("old-runtime-beside-pyd", "tf2200-cp313", "an old msvcp140.dll lies beside TensorFlow's DLL: TensorFlow's check has loaded the system's before",
     lambda e: put_runtime(e, "14.28.29914", e.tf("python")))
well("numpy-hook-loads-old", "tf2200-cp313", "NumPy's vendor hook loads an old msvcp140.dll: TensorFlow's check has loaded the system's before", local_init)
well("typing-extensions-old", "tf2151-cp311", "PYTHONPATH names a folder with typing_extensions 3.7.4.3, which has what TensorFlow 2.15 asks for",
     lambda e: e.env.update(PYTHONPATH=e.win(e.vendor("typing_extensions==3.7.4.3"))))
well("directml-plugin", "tf2101-cp310", "the DirectML plug-in that goes with TensorFlow 2.10", lambda e: e.unzip(e.fetch("tensorflow-directml-plugin==0.4.0.dev230202")))
