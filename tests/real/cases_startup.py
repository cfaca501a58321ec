"""What happens before the first import: start-up code, pyvenv.cfg, links of an environment, rights on the way to the
interpreter, limits and namespaces of the process."""
import glob
import json
import os
import re
import shutil

from cases_python import other_python, private_base
from cases_system import NODAC
from realenv import NotFit, bare_base, case, clone

CPP = "os.environ['PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION']"


# ---- variables and folders that start-up code changes

def startup(name, file, text, cause="env-setting", also=("pythonpath-conflict",), expect="cause", env=None):
    @case("startup-" + name, "tf220", cause, also, expect)
    def _(e):
        path = e.write(e.p(file), text)
        e.env.update(env or {})
        return "mv %s %s.off" % (path, path)


startup("sitecustomize-variable", "sitecustomize.py", "import os\n%s = 'cpp'\n" % CPP)
startup("pth-variable", "zz-company.pth", "import os; %s = 'cpp'\n" % CPP)
startup("setdefault", "sitecustomize.py", "import os\nos.environ.setdefault('PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION', 'cpp')\n")
startup("setdefault-is-set", "sitecustomize.py", "import os\nos.environ.setdefault('PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION', 'cpp')\n",
        expect="quiet", env={"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "upb"})
startup("update", "sitecustomize.py", "import os\nos.environ.update({'PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION': 'cpp'})\n")
startup("function", "sitecustomize.py", "import os\ndef configure():\n    for name in ('PROTOCOL_BUFFERS_PYTHON',):\n"
        "        os.environ[name + '_IMPLEMENTATION'] = 'cpp'\nconfigure()\n")
startup("harmless", "sitecustomize.py", "import os\nos.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'\nos.environ['OMP_NUM_THREADS'] = '2'\n",
        expect="quiet")
startup("removes", "sitecustomize.py", "import os\nos.environ.pop('PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION', None)\n", expect="quiet",
        env={"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "cpp"})
startup("drops-path", "sitecustomize.py", "import sys\nsys.path[:] = [p for p in sys.path if 'lib-dynload' not in p]\n",
        "pythonpath-conflict", ())
startup("drops-site", "zz-clean.pth", "import sys; sys.path = [p for p in sys.path if 'site-packages' not in p]\n",
        "pythonpath-conflict", ("tf-missing",))
startup("removes-path", "sitecustomize.py", "import sys\nfor p in list(sys.path):\n    if p.endswith('lib-dynload'):\n"
        "        sys.path.remove(p)\n", "pythonpath-conflict", ())
startup("drops-nothing", "sitecustomize.py", "import os, sys\nsys.path[:] = [p for p in sys.path if not p or os.path.isdir(p)]\n",
        expect="quiet")


def no_user_site(name, where, expect="cause"):
    @case("nousersite-" + name, "tf220", "env-setting", expect=expect, kind="none")
    def _(e):
        """TensorFlow was installed with pip --user, a module system sets PYTHONNOUSERSITE"""
        base = bare_base(e.src, os.path.join(e.dest, "base"))
        packages = glob.glob(os.path.join(e.src, "lib", "python3.*", "site-packages"))[0]
        xy = re.search(r"python(3\.\d+)", packages).group(1)
        own = os.path.join(base, "lib", "python" + xy, "site-packages")
        if where == "user":
            own = e.home(".local", "lib", "python" + xy, "site-packages")
            os.makedirs(os.path.dirname(own))
        else:
            shutil.rmtree(own)
        clone(packages, own)
        e.env["PYTHONNOUSERSITE"] = "1"
        e.python = os.path.join(base, "bin", "python" + xy)
        return "unset PYTHONNOUSERSITE"


no_user_site("user", "user")
no_user_site("base", "base", "quiet")


# ---- pyvenv.cfg

def config(name, change, expect="cause", also=()):
    @case("cfg-" + name, "tf220", "venv-broken", also, expect)
    def _(e):
        path = os.path.join(e.dest, "pyvenv.cfg")
        text = e.read(path).decode()
        e.write(path, change(text))
        return "rm %s && %s -m venv --without-pip %s" % (path, os.path.realpath(os.path.join(e.src, "bin", "python")), e.dest)


config("utf16", lambda text: text.encode("utf-16"))
config("latin1", lambda text: text.encode() + b"prompt = M\xfcller\n")
config("bom", lambda text: b"\xef\xbb\xbf" + text.encode(), expect="quiet")
config("bom-blank", lambda text: b"\xef\xbb\xbf\n" + text.encode(), expect="quiet")
config("crlf", lambda text: text.replace("\n", "\r\n").encode(), expect="quiet")
config("empty", lambda text: b"", expect="quiet")


# ---- rights on the way to the interpreter

OTHER = 54321


@case("perm-pyvenv-cfg", "tf220", "permission-denied")
def _(e):
    """pyvenv.cfg was copied by another user with a strict umask"""
    path = os.path.join(e.dest, "pyvenv.cfg")
    os.chmod(path, 0)
    e.wrap = NODAC
    return "chmod u+r " + path


@case("perm-base-python", "tf220", "permission-denied")
def _(e):
    """the base interpreter lies in another user's home folder, which nobody else may enter"""
    home = os.path.join(e.dest, "colleague")
    os.makedirs(home)
    base = bare_base(e.src, os.path.join(home, "python"))
    e.relink_python(os.path.join(base, "bin", "python" + e.xy))
    e.set_home_key(os.path.join(base, "bin"))
    os.chown(home, OTHER, OTHER)
    os.chmod(home, 0o700)
    e.wrap = NODAC + ["env", "--"]      # setpriv looks its program up before it gives the right away
    return "chmod a+x " + home


@case("perm-libpython", "tf220", "permission-denied", ["python-broken"])
def _(e):
    """the interpreter is a copy, its library lies in a folder that this user may not enter"""
    base = bare_base(e.src, os.path.join(e.dest, "base"))
    e.relink_python(os.path.join(base, "bin", "python" + e.xy))
    e.set_home_key(os.path.join(base, "bin"))
    real = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(os.path.join(e.src, "bin", "python")))), "lib")
    if not glob.glob(os.path.join(real, "libpython3*.so.1.0")):
        raise NotFit("interpreter without libpython")
    e.wrap = ["unshare", "-m", "sh", "-c", "mount -t tmpfs -o mode=0700,uid=%d tmpfs %s && exec \"$@\"" % (OTHER, real), "sh"] + NODAC
    return None


# ---- environments whose links are lost, or that lie elsewhere

def base_of(e):
    return os.path.realpath(os.path.join(e.src, "bin", "python"))


def set_executable(e, path):
    """pyvenv.cfg as venv of 3.11 and later writes it, with the file that it was made from."""
    cfg = os.path.join(e.dest, "pyvenv.cfg")
    text = re.sub(r"(?m)^(home|executable) *=.*\n", "", e.read(cfg).decode())
    e.write(cfg, "home = %s\nexecutable = %s\n" % (os.path.dirname(path), path) + text)


@case("venv-link-as-text", "tf220", "venv-broken", ["python-broken"])
def _(e):
    """bin/python3.12 holds the target of the link as text (git or SMB without links)"""
    e.write(os.path.join(e.bin, "python" + e.xy), base_of(e), 0o755)
    for n in ("python", "python3"):
        p = os.path.join(e.bin, n)
        os.unlink(p)
        os.symlink("python" + e.xy, p)
    set_executable(e, base_of(e))
    e.python = os.path.join(e.bin, "python")
    return "rm -f {0}/bin/python*; {1} -m venv --without-pip {0}".format(e.dest, base_of(e))


@case("venv-links-missing", "tf220", "venv-broken")
def _(e):
    """bin/python* is missing (copied without links)"""
    for p in glob.glob(os.path.join(e.bin, "python*")):
        os.unlink(p)
    set_executable(e, base_of(e))
    e.python = os.path.join(e.bin, "python")
    return "rm -f {0}/bin/python*; {1} -m venv --without-pip {0}".format(e.dest, base_of(e))


@case("venv-link-relative", "tf220", "venv-broken")
def _(e):
    """bin/python3.12 is a relative link that leads nowhere since the folder was copied"""
    for p in glob.glob(os.path.join(e.bin, "python*")):
        os.unlink(p)
    os.symlink("../../../pythons/bin/python" + e.xy, os.path.join(e.bin, "python" + e.xy))
    for n in ("python", "python3"):
        os.symlink("python" + e.xy, os.path.join(e.bin, n))
    set_executable(e, base_of(e))
    e.python = os.path.join(e.bin, "python")
    return "rm -f {0}/bin/python*; {1} -m venv --without-pip {0}".format(e.dest, base_of(e))


@case("venv-lib-is-lib64", "tf220", "venv-broken", ["tf-missing"])
def _(e):
    """lib64 is the real folder, the link lib is lost (copied without links)"""
    lib, lib64 = os.path.join(e.dest, "lib"), os.path.join(e.dest, "lib64")
    if os.path.lexists(lib64):
        os.unlink(lib64)
    os.makedirs(lib64)
    for name in os.listdir(lib):
        subdir = os.path.join(lib, name)
        clone(os.path.join(e.src, "lib", name), os.path.join(lib64, name))
        shutil.rmtree(subdir)
    os.rmdir(lib)
    return "ln -s lib64 " + lib


@case("venv-renamed-project", "tf220", "python-wrong-one", ["venv-broken"])
def _(e):
    """VIRTUAL_ENV and PATH name the project's old place; ./.venv in its new one is well"""
    os.symlink(e.dest, e.workdir(".venv"))
    old = os.path.join(e.dest, "old-project", ".venv")
    e.env["VIRTUAL_ENV"] = old
    e.env["PATH"] = "%s/bin:%s:%s" % (old, os.path.dirname(private_base(e)), os.environ["PATH"])
    e.python, e.named = "python3", False
    return ". ./.venv/bin/activate; export PATH=%s:$PATH" % e.bin


# ---- limits and namespaces of the process

@case("limit-cpu-time", "tf220", "memory-limit")
def _(e):
    """two seconds of processor time (ulimit -t), which a shell may lift"""
    e.wrap = ["prlimit", "--cpu=2:"]
    return "ulimit -t unlimited"


@case("limit-cpu-time-hard", "tf220", "memory-limit")
def _(e):
    """the same as a hard limit (login nodes)"""
    e.wrap = ["prlimit", "--cpu=2:2"]
    return None


@case("limit-cpu-time-long", "tf220", "not-an-environment-problem", expect="quiet")
def _(e):
    """an hour of processor time"""
    e.wrap = ["prlimit", "--cpu=3600:3600"]
    return None


def need_other_user(e):
    """Another user has to get at the copy."""
    if os.geteuid() != 0:
        raise NotFit("needs root, to become another user")
    top = e.dest
    while top != "/":
        if not os.stat(top).st_mode & 1:
            raise NotFit("a work folder (--work) that every user may enter")
        top = os.path.dirname(top)


def processes(name, count, expect="cause"):
    @case("limit-processes-" + name, "tf220", "memory-limit", expect=expect, kind="base")
    def _(e):
        """a user who may have few processes (ulimit -u, a container's limit)"""
        need_other_user(e)
        e.env["LD_LIBRARY_PATH"] = os.path.join(e.root, "lib")
        e.statement = "import tensorflow as tf; tf.constant(1)"
        os.chmod(e.home(), 0o777)
        e.wrap = ["prlimit", "--nproc=%d:%d" % (count, count), "setpriv", "--reuid=%d" % (OTHER + count), "--clear-groups"]
        return None


processes("4", 4)
processes("2", 2)
processes("1", 1)
processes("many", 4096, "quiet")


@case("no-proc", "tf220", "not-an-environment-problem", ["security-blocked"])
def _(e):
    """no /proc is mounted (chroot, sandbox)"""
    e.statement = "import tensorflow as tf; tf.constant(1)"
    e.wrap = ["unshare", "-m", "sh", "-c", "umount -l /proc; exec \"$@\"", "sh"]
    return "mount -t proc proc /proc"


@case("linux32", "tf220", "not-an-environment-problem", expect="quiet")
def _(e):
    """uname names a 32-bit machine (setarch linux32, schroot)"""
    if not shutil.which("setarch"):
        raise NotFit("needs setarch")
    e.wrap = ["setarch", "linux32"]
    return None


# ---- names and settings

@case("path-latin1", "tf220", "path-non-ascii", kind="none")
def _(e):
    """the environment's folder has a name that is no UTF-8 (made under an ISO-8859-1 locale)"""
    root = os.path.join(e.dest, os.fsdecode(b"env\xfcv"))
    clone(e.src, root)
    e.bind(root)
    return None


@case("keras-json-perm", "tf220", "permission-denied", ["env-setting"])
def _(e):
    """keras.json was written by root"""
    path = e.write(e.home(".keras", "keras.json"), json.dumps({"backend": "tensorflow"}), 0)
    os.chown(path, OTHER, OTHER)
    e.wrap = NODAC
    return "mv %s %s.off" % (path, path)


@case("path-latin1-tf215", "tf215", "path-non-ascii", kind="none")
def _(e):
    """the same with TensorFlow 2.15"""
    root = os.path.join(e.dest, os.fsdecode(b"env\xfcv"))
    clone(e.src, root)
    e.bind(root)
    return None


@case("path-latin1-tf210", "tf210", "path-non-ascii", kind="none")
def _(e):
    """the same with TensorFlow 2.10"""
    root = os.path.join(e.dest, os.fsdecode(b"env\xfcv"))
    clone(e.src, root)
    e.bind(root)
    return None
