"""The interpreter: broken, of another version, not the one that has TensorFlow."""
import glob
import json
import os
import subprocess

from realenv import NotFit, bare_base, case, clone


def stdlib(e, *parts):
    return os.path.join(e.root, "lib", "python" + e.xy, *parts)


def other_python(e, xy):
    root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    got = sorted(glob.glob(os.path.join(root, "versions", xy + ".*", "bin", "python" + xy)))
    if not got:
        raise NotFit("needs CPython " + xy)
    return got[0]


def private_base(e):
    """The base interpreter without TensorFlow, as a copy that a repair may write into."""
    d = bare_base(e.src, os.path.join(e.dest, "base"))
    return os.path.join(d, "bin", "python" + e.xy)


# ---- another interpreter than the one that has TensorFlow

@case("wrong-python", "tf220", "python-wrong-one", ["tf-missing"])
def _(e):
    """TensorFlow is in the environment, but another interpreter is run (not activated, no hint)"""
    e.python = private_base(e)
    e.note = "interpreter of the environment: " + os.path.join(e.bin, "python")
    return ". %s/activate" % e.bin


@case("wrong-python-virtual-env", "tf220", "python-wrong-one", ["tf-missing"])
def _(e):
    """VIRTUAL_ENV names the environment, PATH finds another python first (PATH set again by a shell profile)"""
    e.env["PATH"] = os.path.dirname(private_base(e)) + ":" + os.environ["PATH"]
    e.env["VIRTUAL_ENV"] = e.dest
    e.python, e.named = "python3", False
    return "export PATH=%s:$PATH" % e.bin


@case("wrong-python-dot-venv", "tf220", "python-wrong-one", ["tf-missing"])
def _(e):
    """a .venv with TensorFlow in the folder, not activated"""
    os.symlink(e.dest, e.workdir(".venv"))
    e.env["PATH"] = os.path.dirname(private_base(e)) + ":" + os.environ["PATH"]
    e.python, e.named = "python3", False
    return ". ./.venv/bin/activate; export PATH=%s:$PATH" % e.bin


@case("wrong-python-dot-venv-above", "tf220", "python-wrong-one", ["tf-missing"])
def _(e):
    """the same two folders deeper"""
    os.symlink(e.dest, e.workdir(".venv"))
    e.cwd = os.path.join(e.cwd, "src", "pkg")
    os.makedirs(e.cwd)
    e.python = private_base(e)
    return "export PATH=%s:$PATH" % e.bin


@case("wrong-python-empty-venv", "tf220", "python-wrong-one", ["tf-missing"])
def _(e):
    """a second, empty environment is active; the one on PATH behind it has TensorFlow"""
    e.note = "active: an empty environment"
    empty = os.path.join(e.dest, "empty")
    clone(os.path.join(os.path.dirname(e.src), "empty312"), empty)
    e.env["VIRTUAL_ENV"] = empty
    e.env["PATH"] = "%s/bin:%s:%s" % (empty, e.bin, os.environ["PATH"])
    e.python, e.named = "python", False
    return "export PATH=%s:$PATH" % e.bin


@case("wrong-python-conda-prefix", "tf220", "python-wrong-one", ["tf-missing"])
def _(e):
    """CONDA_PREFIX names the environment with TensorFlow, PATH finds another python first"""
    e.write(os.path.join(e.dest, "conda-meta", "history"), "==> 2026-01-01 <==\n")
    e.env["PATH"] = os.path.dirname(private_base(e)) + ":" + e.bin + ":" + os.environ["PATH"]
    e.env["CONDA_PREFIX"] = e.dest
    e.python, e.named = "python3", False
    return "export PATH=%s:$PATH" % e.bin


@case("wrong-python-jupyter", "tf220", "python-wrong-one", ["tf-missing"])
def _(e):
    """a Jupyter kernel runs the environment with TensorFlow, the shell another interpreter"""
    e.write(e.home(".local", "share", "jupyter", "kernels", "tf", "kernel.json"), json.dumps(
        {"argv": [e.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "TF", "language": "python"}))
    e.python = private_base(e)
    return "export PATH=%s:$PATH" % e.bin


@case("wrong-python-user-site", "tf215", "tf-missing", ["python-wrong-one"], kind="none")
def _(e):
    """TensorFlow was installed with pip install --user for Python 3.11; 3.12 runs"""
    us = e.home(".local", "lib", "python3.11", "site-packages")
    os.makedirs(os.path.dirname(us))
    clone(glob.glob(os.path.join(e.src, "lib", "python3.*", "site-packages"))[0], us)
    e.python = glob.glob(os.path.join(bare_base(os.path.join(os.path.dirname(e.src), "empty312"), os.path.join(e.dest, "base")),
                                      "bin", "python3.12"))[0]
    return None


def empty(name, xy, cause, also):
    @case(name, "empty312", cause, also, kind="none")
    def _(e):
        root = os.path.join(e.dest, "venv")
        py = other_python(e, xy)
        subprocess.run([py, "-m", "venv", root] if xy != "2.7" else ["cp", "-a", os.path.dirname(os.path.dirname(py)), root], check=True)
        e.python = os.path.join(root, "bin", "python")
        e.note = "a new environment of CPython %s, nothing installed" % xy
        return None


empty("empty-python27", "2.7", "python-unsupported", ["tf-missing", "pip-outdated"])
empty("empty-python37", "3.7", "tf-missing", ["python-unsupported", "pip-outdated"])
empty("empty-python38", "3.8", "tf-missing", ["python-unsupported", "pip-outdated"])
empty("empty-python39", "3.9", "tf-missing", ["pip-outdated"])
empty("empty-python313", "3.13", "tf-missing", [])


# ---- virtual environments

@case("venv-cfg-gone", "tf220", "venv-broken", ["python-wrong-one", "tf-missing"])
def _(e):
    """pyvenv.cfg is lost: the environment's python no longer sees its site-packages"""
    e.rm(os.path.join(e.dest, "pyvenv.cfg"))
    return "%s -m venv %s" % (os.path.realpath(os.path.join(e.src, "bin", "python")), e.dest)


@case("venv-other-minor", "tf220", "venv-broken", ["python-wrong-one", "tf-missing", "tf-abi-mismatch"])
def _(e):
    """bin/python leads to another minor version (the system's Python was upgraded)"""
    py = other_python(e, "3.13")
    real = os.path.realpath(os.path.join(e.src, "bin", "python"))
    e.relink_python(py)
    e.set_home_key(os.path.dirname(py))
    e.python = os.path.join(e.bin, "python")
    return "rm -f {0}/bin/python*; {1} -m venv {0}".format(e.dest, real)


@case("venv-home-other-minor", "tf220", "venv-broken", expect="quiet")
def _(e):
    """pyvenv.cfg names the folder of another minor version as home, bin/python is right"""
    e.set_home_key(os.path.dirname(other_python(e, "3.11")))
    real = os.path.realpath(os.path.join(e.src, "bin", "python"))
    return "sed -i 's#^home *=.*#home = %s#' %s/pyvenv.cfg" % (os.path.dirname(real), e.dest)


@case("venv-python-not-executable", "tf220", "venv-broken", ["permission-denied", "python-broken"])
def _(e):
    """bin/python is a copy without the x bit"""
    real = os.path.realpath(os.path.join(e.src, "bin", "python"))
    e.relink_python(real, copy=True)
    for n in ("python", "python3", "python" + e.xy):
        os.chmod(os.path.join(e.bin, n), 0o644)
    return "chmod 755 %s/python*" % e.bin


@case("venv-python-empty", "tf220", "venv-broken", ["python-broken"])
def _(e):
    """bin/python* are empty files (disk was full)"""
    for n in ("python", "python3", "python" + e.xy):
        e.write(os.path.join(e.bin, n), b"", 0o755)
    real = os.path.realpath(os.path.join(e.src, "bin", "python"))
    return "rm -f {0}/bin/python*; {1} -m venv {0}".format(e.dest, real)


@case("venv-python-loop", "tf220", "venv-broken", ["python-broken"])
def _(e):
    """bin/python and bin/python3 link to each other"""
    real = os.path.realpath(os.path.join(e.src, "bin", "python"))
    e.relink_python("python")
    for a, b in (("python", "python3"), ("python3", "python")):
        os.unlink(os.path.join(e.bin, a))
        os.symlink(b, os.path.join(e.bin, a))
    return "rm -f {0}/bin/python*; {1} -m venv {0}".format(e.dest, real)


@case("venv-deleted", "tf220", "venv-broken", ["python-wrong-one", "tf-missing"])
def _(e):
    """VIRTUAL_ENV names a folder that is gone and PATH still starts with it"""
    e.env["VIRTUAL_ENV"] = "/nonexistent/venv"
    e.env["PATH"] = "/nonexistent/venv/bin:" + os.path.dirname(private_base(e)) + ":" + os.environ["PATH"]
    e.python, e.named = "python3", False
    return None


@case("venv-libpython-gone", "tf220", "venv-broken", ["python-broken"], expect="quiet")
def _(e):
    """the base interpreter's libpython is gone (base half removed)"""
    base = bare_base(e.src, os.path.join(e.dest, "base"))
    e.relink_python(os.path.join(base, "bin", "python" + e.xy))
    e.set_home_key(os.path.join(base, "bin"))
    so = glob.glob(os.path.join(base, "lib", "libpython3.1*.so.1.0"))
    if not so:
        raise NotFit("interpreter without libpython")
    for f in glob.glob(os.path.join(base, "lib", "libpython3*")):
        os.unlink(f)
    e.env["LD_LIBRARY_PATH"] = None
    real = os.path.realpath(os.path.join(e.src, "bin", "python"))
    return "rm -f {0}/bin/python*; {1} -m venv {0}".format(e.dest, real)


# ---- damaged interpreters

def std(name, path, how, expect="cause", also=()):
    @case(name, "tf220", "python-broken", also, expect, kind="base")
    def _(e):
        got = glob.glob(stdlib(e, *path.split("/")))
        if not got:
            raise NotFit("needs " + path)
        e.rm(got[0]) if how == "gone" else e.write(got[0], b"\0" * 2000 if how == "zeros" else b"")
        if got[0].endswith(".py"):
            e.drop_pyc(got[0])
        e.note = "%s: %s" % (path, how)
        return None


std("stdlib-encodings-gone", "encodings", "gone")
std("stdlib-json-gone", "json", "gone")
std("stdlib-typing-zeros", "typing.py", "zeros")
std("stdlib-dynload-gone", "lib-dynload", "gone", expect="quiet")
std("stdlib-no-ssl", "lib-dynload/_ssl.*.so", "gone", expect="quiet")
std("stdlib-no-bz2", "lib-dynload/_bz2.*.so", "gone", expect="quiet")
std("stdlib-no-sqlite", "lib-dynload/_sqlite3.*.so", "gone", expect="quiet")
std("stdlib-no-zlib", "lib-dynload/zlib.*.so", "gone")
std("stdlib-no-hashlib", "lib-dynload/_hashlib.*.so", "gone", expect="quiet")
std("stdlib-struct-empty", "lib-dynload/_struct.*.so", "empty")
std("stdlib-no-random", "lib-dynload/_random.*.so", "gone")
std("stdlib-logging-gone", "logging/handlers.py", "gone", expect="quiet")
std("stdlib-unittest-gone", "unittest", "gone")
std("stdlib-inspect-empty", "inspect.py", "empty")
std("stdlib-dataclasses-gone", "dataclasses.py", "gone")
std("stdlib-tkinter-gone", "tkinter", "gone", expect="quiet")


@case("stdlib-missing-distutils", "tf215", "python-broken", expect="quiet", kind="base")
def _(e):
    """Debian without python3-distutils: the folder distutils is gone"""
    e.rm(stdlib(e, "distutils"))
    return None


# ---- PYTHON... variables

def setting(name, var, value, cause="env-setting", expect="cause", base="tf220", also=(), statement=None):
    @case(name, base, cause, also, expect)
    def _(e):
        e.env[var] = value.replace("{dest}", e.dest).replace("{py311}", os.path.dirname(os.path.dirname(other_python(e, "3.11"))))
        e.statement = statement or e.statement
        e.note = "%s=%s" % (var, e.env[var])
        return "unset " + var


setting("pythonhome-other-version", "PYTHONHOME", "{py311}", "python-broken")
setting("pythonpath-other-stdlib", "PYTHONPATH", "{py311}/lib/python3.11", "pythonpath-conflict", also=["python-broken"])
setting("pythonpath-other-dynload", "PYTHONPATH", "{py311}/lib/python3.11/lib-dynload", "pythonpath-conflict", expect="quiet")
setting("pythonplatlibdir", "PYTHONPLATLIBDIR", "lib64x", "env-setting", also=["python-broken"])
setting("pythonhashseed", "PYTHONHASHSEED", "abc", "env-setting", also=["python-broken"])
setting("pythonmalloc", "PYTHONMALLOC", "fast", "env-setting", also=["python-broken"])
setting("pythontracemalloc", "PYTHONTRACEMALLOC", "yes", "env-setting", also=["python-broken"])
setting("pythonioencoding", "PYTHONIOENCODING", "latin-99", "env-setting", also=["python-broken"])
setting("pythonwarnings-error", "PYTHONWARNINGS", "error", "env-setting", expect="quiet")
setting("pythonwarnings-error-tf215", "PYTHONWARNINGS", "error", "env-setting", base="tf215", expect="quiet")
setting("pythonwarnings-error-tf210", "PYTHONWARNINGS", "error::DeprecationWarning", "env-setting", base="tf210")
setting("pythonoptimize2", "PYTHONOPTIMIZE", "2", "env-setting")
setting("pythonoptimize2-tf215", "PYTHONOPTIMIZE", "2", "env-setting", base="tf215")
setting("pythonoptimize1", "PYTHONOPTIMIZE", "1", "env-setting", expect="quiet")
