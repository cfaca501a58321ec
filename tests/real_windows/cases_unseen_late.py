"""Compound and odd faults, and odd machines that work, written from the list of causes and from what people report,
without a look at the rules; observe_windows.py showed what each import makes of it.
"""
import os

from cases_unseen_more import KERAS, beside, fault, script, well
from winenv import clone


def user_site(e, *parts):
    return os.path.join(e.home, "AppData", "Roaming", "Python", "Python" + e.xy.replace(".", ""), "site-packages", *parts)


def old_runtime(e, version, *folder):
    """A folder of another program with a msvcp140.dll of its own."""
    d = e.folder(*folder)
    e.put(e.runtime("msvcp140.dll", version), d, "msvcp140.dll")
    return d


def seated(e, base_root, rel):
    """A virtual environment that holds all of the tree's packages."""
    root = e.venv(rel, base_root=base_root)
    clone(os.path.join(e.src, "Lib", "site-packages"), os.path.join(root, "Lib", "site-packages"))
    e.bind(root)
    e.exe = os.path.join(root, "Scripts", "python.exe")
    e.python = e.win(e.exe)
    return root


# ---- how the interpreter starts
fault("pth-of-the-embeddable", "tf2200-cp313", "python-broken", "the embeddable package's python313._pth was copied beside python.exe",
      lambda e: e.write(beside(e, "python313._pth"), "python313.zip\r\n.\r\n\r\n# Uncomment to run site.main() automatically\r\n#import site\r\n"),
      fix=lambda e: 'del "%s"' % e.win(beside(e, "python313._pth")))
fault("pth-not-decodable", "tf2151-cp311", "python-broken", "an editable project's .pth names a folder in UTF-8 that code page 1252 lacks",
      lambda e: e.write(e.p("__editable__.angel_tools-0.1.pth"), "D:\\Usuarios\\\u00c1ngel\\tools\\src\n"),
      fix=lambda e: 'del "%s"' % e.win(e.p("__editable__.angel_tools-0.1.pth")), also=["path-non-ascii", "pythonpath-conflict"])
fault("select-pyd-gone", "tf2180-cp312", "python-broken", "DLLs\\select.pyd is gone (quarantined)", lambda e: e.rm(beside(e, "DLLs/select.pyd")))


def other_base(e):
    """The folder that the environment was made from now holds the next Python."""
    root = seated(e, e.src, "project/.venv")
    e.write(os.path.join(root, "pyvenv.cfg"), "home = %s\r\ninclude-system-site-packages = false\r\nversion = 3.11.9\r\n"
            % e.win(e.bare_python("cp312", "Python")))


def rewritten_cfg(e):
    """What `(Get-Content pyvenv.cfg) -replace … > pyvenv.cfg` of Windows PowerShell leaves."""
    base = e.root
    root = seated(e, base, "project/.venv")
    text = e.read(os.path.join(root, "pyvenv.cfg")).decode()
    e.write(os.path.join(root, "pyvenv.cfg"), text.encode("utf-16"))


fault("venv-base-is-312-now", "tf2151-cp311", "venv-broken", "the folder of the environment's Python 3.11 holds Python 3.12 now", other_base,
      bare=True, fix="")
fault("pyvenv-cfg-utf16", "tf2101-cp310", "venv-broken", "pyvenv.cfg was rewritten as UTF-16 by PowerShell", rewritten_cfg, fix="")


def pyenv_shim(e):
    """`python` is pyenv-win's batch file, which starts a Python without TensorFlow; .venv of the project has it."""
    top = "home/.pyenv/pyenv-win"
    base = e.bare_python("cp312", top + "/versions/3.12.9")
    seated(e, base, "project/.venv")
    e.write(os.path.join(e.dest, top, "shims", "python.bat"), '@echo off\r\n"%~dp0..\\versions\\3.12.9\\python.exe" %*\r\n')
    e.named, e.python, e.cwd = False, "python", os.path.join(e.dest, "project")
    e.env["PATH"] = e.win(os.path.join(e.dest, top, "shims")) + ";{PATH}"


fault("pyenv-win-shim", "tf2180-cp312", "python-wrong-one", "python is pyenv-win's shim, TensorFlow is in .venv", pyenv_shim, bare=True,
      fix=r"set PATH=.venv\Scripts;%PATH%")


# ---- what wins on sys.path
def usercustomize(e):
    d = e.vendor("numpy==2.2.6", name="shared-pylibs")
    e.write(user_site(e, "usercustomize.py"), "import sys\nsys.path.insert(0, r'%s')\n" % e.win(d))


def zip_of_a_job(e):
    d = e.folder("spark")
    e.put(e.fetch("typing_extensions==3.7.4.3"), d, "deps.zip")
    e.env["PYTHONPATH"] = e.win(os.path.join(d, "deps.zip"))


EGG = "numpy-1.24.4-py3.8-win-amd64.egg"


def egg_first(e):
    """What an old `setup.py install` leaves: easy-install.pth puts its eggs before all else."""
    d = e.unzip(e.fetch("numpy==1.24.4"), into=e.p(EGG))
    os.rename(os.path.join(d, "numpy-1.24.4.dist-info"), os.path.join(d, "EGG-INFO"))
    os.rename(os.path.join(d, "EGG-INFO", "METADATA"), os.path.join(d, "EGG-INFO", "PKG-INFO"))
    e.write(e.p("easy-install.pth"), "import sys; sys.__plen = len(sys.path)\n./%s\nimport sys; new=sys.path[sys.__plen:]; "
            "del sys.path[sys.__plen:]; p=getattr(sys,'__egginsert',0); sys.path[p:p]=new; sys.__egginsert = p+len(new)\n" % EGG)


def google_of_the_user(e):
    e.write(user_site(e, "google", "__init__.py"), "from googlesearch import *  # noqa\n")
    e.write(user_site(e, "googlesearch.py"), "def search(query):\n    raise NotImplementedError\n")
    e.write(user_site(e, "google-2.0.3.dist-info", "METADATA"), "Metadata-Version: 2.1\nName: google\nVersion: 2.0.3\n")
    e.write(user_site(e, "google-2.0.3.dist-info", "INSTALLER"), "pip\n")
    e.write(user_site(e, "google-2.0.3.dist-info", "RECORD"), "google/__init__.py,,\ngooglesearch.py,,\ngoogle-2.0.3.dist-info/METADATA,,\n"
            "google-2.0.3.dist-info/INSTALLER,,\ngoogle-2.0.3.dist-info/RECORD,,\n")


fault("user-site-protobuf-despite-nspkg", "tf2101-cp310", "pythonpath-conflict", "protobuf 5 in the user site; the path that protobuf 3.19's .pth gives google follows sys.path",
      lambda e: e.unzip(e.fetch("protobuf==5.29.5"), into=user_site(e)), fix="set PYTHONNOUSERSITE=1")
fault("usercustomize-numpy2", "tf2151-cp311", "pythonpath-conflict", "usercustomize.py puts a folder with NumPy 2 first", usercustomize,
      fix=lambda e: 'del "%s"' % e.win(user_site(e, "usercustomize.py")))
fault("zip-on-pythonpath", "tf2200-cp313", "pythonpath-conflict", "PYTHONPATH names a job's deps.zip with an old typing_extensions", zip_of_a_job,
      fix="set PYTHONPATH=")
fault("egg-before-numpy", "tf241-cp38", "pythonpath-conflict", "easy-install.pth puts an egg of NumPy 1.24 first", egg_first,
      fix=lambda e: 'del "%s"' % e.win(e.p("easy-install.pth")), also=["dep-numpy"])
fault("google-in-user-site", "tf2210-cp313", "pythonpath-conflict", "a regular package google in the user site hides google.protobuf",
      google_of_the_user, fix="set PYTHONNOUSERSITE=1")


def any_case(e):
    e.write(e.workdir("Random.py"), "def pick(things):\n    return things[0]\n")
    e.env["PYTHONCASEOK"] = "1"


def checkout(e):
    """TensorFlow's sources unpacked for reading in the folder of the program."""
    for top in ("", "python", "python/eager", "python/framework", "python/platform", "python/tools", "python/util"):
        for n in os.listdir(e.tf(top)):
            if n.endswith(".py"):
                e.put(e.tf(top, n), e.workdir("tensorflow"), top, n)


fault("case-ignored", "tf2101-cp310", "name-shadowing", "PYTHONCASEOK is set and Random.py lies in the folder", any_case,
      fix=lambda e: 'ren "%s" Pick.py' % e.win(e.workdir("Random.py")), also=["env-setting"])
fault("sources-beside-the-program", "tf241-cp38", "name-shadowing", "TensorFlow's sources without its binaries lie in the current folder", checkout,
      fix=lambda e: 'ren "%s" tensorflow-src' % e.win(e.workdir("tensorflow")))
fault("numbers-asks", "tf2210-cp313", "name-shadowing", "numbers.py beside the program asks for a number",
      lambda e: script(e, "numbers.py", 'n = int(input("How many? "))\nprint(n * 2)\n'),
      fix=lambda e: 'ren "%s" numbers_of_mine.py' % e.win(e.workdir("numbers.py")))


# ---- variables
def packages_of_the_user(e):
    """Installed with pip install --user, which the variable then hides."""
    e.bind(e.bare_python("cp313", "Python313"))
    clone(os.path.join(e.src, "Lib", "site-packages"), user_site(e))
    e.env["PYTHONNOUSERSITE"] = "1"


def user_base_elsewhere(e):
    """The user site holds TensorFlow, and a portable program's variable leads to another."""
    packages_of_the_user(e)
    e.env.update(PYTHONNOUSERSITE=None, PYTHONUSERBASE=e.win(e.folder("portable")))


def byte_code_elsewhere(e):
    """PYTHONPYCACHEPREFIX leads to byte code whose last part was never written."""
    st = os.stat(e.tf("__init__.py"))
    e.env["PYTHONPYCACHEPREFIX"] = e.win(e.folder("pycache"))
    header = (3439).to_bytes(2, "little") + b"\r\n" + bytes(4) + int(st.st_mtime).to_bytes(4, "little") + st.st_size.to_bytes(4, "little")
    e.write(os.path.join(e.dest, "pycache", *e.win(e.tf("__init__.cpython-310.pyc")).split("\\")[1:]), header + b"\xe3\x00\x00")



fault("no-user-site", "tf2200-cp313", "env-setting", "PYTHONNOUSERSITE hides the user site that holds TensorFlow", packages_of_the_user, bare=True,
      fix="set PYTHONNOUSERSITE=", also=["tf-missing"])
fault("user-base-elsewhere", "tf2200-cp313", "env-setting", "PYTHONUSERBASE leads away from the user site that holds TensorFlow", user_base_elsewhere,
      bare=True, fix="set PYTHONUSERBASE=", also=["tf-missing"])
fault("home-of-the-same-version", "tf2101-cp310", "python-broken", "PYTHONHOME names another Python 3.10, which has no TensorFlow",
      lambda e: e.env.update(PYTHONHOME=e.win(e.bare_python("cp310", "OtherPython310"))), fix="set PYTHONHOME=", also=["env-setting", "tf-missing"])
fault("byte-code-elsewhere", "tf2101-cp310", "tf-corrupt", "damaged byte code of TensorFlow below PYTHONPYCACHEPREFIX", byte_code_elsewhere,
      fix="set PYTHONPYCACHEPREFIX=", also=["env-setting"])
fault("numpy-cpu-feature-off", "tf2151-cp311", "env-setting", "NPY_DISABLE_CPU_FEATURES names what NumPy cannot do without",
      lambda e: e.env.update(NPY_DISABLE_CPU_FEATURES="SSE3"), fix="set NPY_DISABLE_CPU_FEATURES=")
fault("numpy-promotion-capital", "tf2180-cp312", "env-setting", "NPY_PROMOTION_STATE=Legacy, with a capital",
      lambda e: e.env.update(NPY_PROMOTION_STATE="Legacy"), fix="set NPY_PROMOTION_STATE=")
fault("distutils-of-the-stdlib", "tf2180-cp312", "env-setting", "SETUPTOOLS_USE_DISTUTILS=stdlib on a Python that has none",
      lambda e: e.env.update(SETUPTOOLS_USE_DISTUTILS="stdlib"), fix="set SETUPTOOLS_USE_DISTUTILS=")
fault("xla-flag-misspelt", "tf2101-cp310", "env-setting", "TF_XLA_FLAGS holds a flag that does not exist",
      lambda e: e.env.update(TF_XLA_FLAGS="--tf_xla_auto_jit=2 --tf_xla_cpu_global_jti"), statement="import tensorflow as tf; tf.constant(1)",
      fix="set TF_XLA_FLAGS=")


# ---- the Visual C++ runtime
fault("added-dll-folder-old-runtime", "tf2200-cp313", "vcruntime-shadowed", "sitecustomize adds a DLL folder with msvcp140.dll 14.29",
      lambda e: e.write(e.p("sitecustomize.py"), "import os\nos.add_dll_directory(r'%s')\n" % e.win(old_runtime(e, "14.29.30133", "Acme", "bin"))),
      fix=lambda e: 'del "%s"' % e.win(e.p("sitecustomize.py")))
fault("pth-loads-old-runtime", "tf2210-cp313", "vcruntime-shadowed", "a .pth loads a scanner's msvcp140.dll 14.36 at start",
      lambda e: e.write(e.p("acme_scanner.pth"), "import ctypes; ctypes.WinDLL(r'%s\\msvcp140.dll')\n"
                        % e.win(old_runtime(e, "14.36.32532", "Acme", "scanner"))),
      fix=lambda e: 'del "%s"' % e.win(e.p("acme_scanner.pth")))
fault("overwritten-redist", "tf2210-cp313", "vcruntime-outdated", "System32 holds 14.36, the registry says 14.44 is installed",
      lambda e: e.state.update(redist="14.36.32532", says="14.44.35211"), fix="redist")


def spoilt_on_path(e):
    """Python 3.7 searches PATH: the first folder's msvcp140_1.dll is a web page."""
    bad, good = e.folder("downloads"), e.folder("Acme", "bin")
    e.write(os.path.join(bad, "msvcp140_1.dll"), "<!DOCTYPE html><html><title>Download msvcp140_1.dll</title></html>\n")
    e.put(e.runtime("msvcp140_1.dll", "14.44.35211"), good, "msvcp140_1.dll")
    e.state.update(without=("msvcp140_1.dll",))
    e.env["PATH"] = ";".join([e.win(bad), e.win(good), "{PATH}"])


fault("web-page-on-path", "tf210-cp37", "path-order", "msvcp140_1.dll is on PATH twice, the first is a web page", spoilt_on_path,
      fix=lambda e: 'del "%s\\downloads\\msvcp140_1.dll"' % e.win(e.dest), also=["vcruntime-shadowed"])


# ---- packages
def numpy_cut_short(e):
    """pip could not remove a file in use: numpy became ~umpy, and the new one never came."""
    d, _v = e.info("numpy")
    os.rename(e.p("numpy"), e.p("~umpy"))
    os.rename(d, os.path.join(os.path.dirname(d), "~umpy-2.0.2.dist-info"))


def newer_jax(e):
    for spec in ("jax==0.6.0", "jaxlib==0.6.0"):
        e.unzip(e.fetch(spec))


fault("numpy-upgrade-cut-short", "tf2180-cp312", "dep-numpy", "~umpy is what an upgrade left of NumPy", numpy_cut_short,
      fix=lambda e: e.install("numpy<2.1.0,>=1.26.0"))
fault("numpy-sources-over", "tf2101-cp310", "dep-numpy", "the .py files of NumPy 2.2.6 over 1.26.4, whose .pyd were in use",
      lambda e: e.unzip(e.fetch("numpy==2.2.6"), only=lambda n: n.startswith("numpy/") and n.endswith(".py")), fix=lambda e: e.reinstall("numpy"))
fault("jax-asks-for-more", "tf2180-cp312", "dep-other", "jax 0.6.0 asks ml_dtypes 0.4.1 for a type it lacks", newer_jax,
      fix=lambda e: "%s -m pip uninstall -y jax jaxlib" % e.python)
fault("six-before-python-312", "tf2180-cp312", "dep-other", "six 1.15.0, which Python 3.12 cannot import from", lambda e: e.swap("six", "1.15.0"),
      fix=lambda e: e.install("six>=1.16"))
fault("source-all-zeros", "tf210-cp37", "tf-corrupt", "dtypes.py of TensorFlow is all zeros and as long as before (power cut)",
      lambda e: e.write(e.p("tensorflow_core", "python", "framework", "dtypes.py"),
                        bytes(os.path.getsize(e.p("tensorflow_core", "python", "framework", "dtypes.py")))), fix=lambda e: e.reinstall())


# ---- odd, and in order
def beside_the_launcher(e):
    """A launcher is no program folder for what python.exe of the base loads."""
    base = e.root
    root = seated(e, base, "project/.venv")
    e.put(e.runtime("msvcp140.dll", "14.29.30133"), root, "Scripts", "msvcp140.dll")


def text_mode(e):
    """A checkout of a committed environment with core.autocrlf."""
    for dp, _dn, fn in os.walk(e.tf("python")):
        for n in fn:
            if n.endswith(".py"):
                e.write(os.path.join(dp, n), e.read(os.path.join(dp, n)).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


def clones(e):
    """git clones beside the program: folders without __init__.py, which come after every regular package."""
    for n in ("keras", "protobuf", "wrapt"):
        e.write(e.workdir(n, n, "__init__.py"), "raise ImportError('not built')\n")
        e.write(e.workdir(n, "setup.py"), "raise SystemExit(1)\n")


well("twins-of-delvewheel", "tf2210-cp313", "ml_dtypes.libs and optree.libs are gone, numpy.libs has the same msvcp140-<hash>.dll",
     lambda e: (e.rm(e.p("ml_dtypes.libs")), e.rm(e.p("optree.libs"))), statement=KERAS)
well("old-runtime-in-scripts", "tf2200-cp313", "msvcp140.dll 14.29 beside a virtual environment's launcher", beside_the_launcher)
well("autocrlf", "tf2151-cp311", "all of TensorFlow's sources have CR LF", text_mode)
well("clones-beside-the-program", "tf2180-cp312", "git clones of keras, protobuf and wrapt in the current folder", clones)
well("quoted-pythonpath", "tf241-cp38", "PYTHONPATH is quoted, so that the NumPy 1.24 there is not found",
     lambda e: e.env.update(PYTHONPATH='"%s"' % e.win(e.vendor("numpy==1.24.4"))))
well("headers-skipped", "tf210-cp37", "TensorFlow's headers were skipped for their long paths",
     lambda e: e.rm(e.p("tensorflow_core", "include")))
