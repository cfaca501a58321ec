"""A copy of a real Windows tree that a case may damage, and the registry of the cases.

The copy is made of hard links: every file that a case changes is unlinked and written anew, never edited in place.  An
overlay mount would be another device than the folder for temporary files, as on no Windows with one drive: pip would have
to copy what it puts aside, with a function (CopyFile2, Python 3.12) that Wine 8 lacks.  Standard library only, Python >= 3.9.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import zipfile

import winlab  # makes the modules of ../real known
from realenv import MARK, NotFit, discard

CASES = {}
NATIVE = ("import importlib.util as u, sys, os; p = os.path.join(r'%s', 'tensorflow', 'python', '_pywrap_tensorflow_internal.pyd'); "
          "s = u.spec_from_file_location('_pywrap_tensorflow_internal', p); u.module_from_spec(s); print('loaded')")


def case(name, base, cause, also=(), expect="cause", tfdiag=(), suite="break", bare=False, recorded=False, extra=False):
    """Registers a case.

    base      tree of make_windows_envs.sh it starts from
    cause     id of causes.md; also: ids that a diagnosis may name as well without being wrong
    expect    "cause" (first cause is `cause` or in `also`), "silent" (exit 0, no cause), "quiet" (exit 0, no cause;
              a warning may or may not be there)
    tfdiag    further arguments for tfdiag
    suite     break, healthy, unseen
    bare      no copy of the tree: the case makes all
    recorded  Wine departs from Windows here: what the import does under Wine counts for nothing, the forecast decides
    extra     a further case of its kind: asked for the forecast alone unless --all
    """
    def deco(f):
        if name in CASES:
            raise ValueError("two cases named " + name)
        CASES[name] = dict(make=f, name=name, base=base, cause=cause, also=list(also), expect=expect, tfdiag=list(tfdiag),
                           suite=suite, bare=bare, recorded=recorded, extra=extra, doc=(f.__doc__ or "").strip().split("\n")[0])
        return f
    return deco


def healthy(name, base="tf2101-cp310", **more):
    """Registers an environment in which the import works and tfdiag must name nothing."""
    return case(name, base, "not-an-environment-problem", expect="quiet", suite=more.pop("suite", "healthy"), **more)


def clone(src, dest):
    """A copy of a folder of hard links; of the files where the cache lies on another device."""
    shutil.rmtree(dest, ignore_errors=True)
    os.makedirs(os.path.dirname(dest), exist_ok=True)
    same = os.stat(src).st_dev == os.stat(os.path.dirname(dest)).st_dev
    subprocess.run(["cp", "-al" if same else "-a", src, dest], check=True)


class WinEnv:
    """What a case is made with.  Paths are Unix paths; win() says how Windows programs see one."""

    def __init__(self, machine, base, dest, bare=False):
        self.machine, self.base, self.dest = machine, base, dest
        self.src = os.path.join(machine.lab, "trees", base)
        self.xy = "3." + base.rsplit("cp3", 1)[1]
        if not os.path.exists(os.path.join(self.src, "python.exe")):
            raise NotFit("the tree %s is not in the lab" % base)
        self.env, self.state, self.cwd = {}, {}, None
        self.statement, self.script, self.note, self.verify = "import tensorflow", None, "", None
        self.named = True           # tfdiag is told the interpreter with --python
        self.home = os.path.join(dest, "home")
        for d in ("AppData/Roaming", "AppData/Local/Temp"):
            os.makedirs(os.path.join(self.home, d))
        if not bare:
            self.place("Python" + self.xy.replace(".", ""))

    def place(self, rel, src=None):
        """Puts the copy of the tree at DEST/rel and works there."""
        root = os.path.join(self.dest, rel)
        os.makedirs(os.path.dirname(root), exist_ok=True)
        clone(src or self.src, root)
        self.bind(root)
        return root

    def bind(self, root):
        self.root, self.exe = root, os.path.join(root, "python.exe")
        self.sp = os.path.join(root, "Lib", "site-packages")
        self.python = self.win(self.exe)

    def win(self, path):
        return self.machine.win(path)

    # ---- paths and files
    def p(self, *parts):
        return os.path.join(self.sp, *parts)

    def tf(self, *parts):
        return self.p("tensorflow", *parts)

    def internal(self):
        """The big native file: _pywrap_tensorflow_common.dll from 2.20 on, _pywrap_tensorflow_internal.pyd before."""
        for top, n in (("tensorflow", "_pywrap_tensorflow_common.dll"), ("tensorflow_core", "_pywrap_tensorflow_internal.pyd")):
            if os.path.exists(self.p(top, "python", n)):
                return self.p(top, "python", n)
        return self.tf("python", "_pywrap_tensorflow_internal.pyd")

    def need(self, path):
        if not os.path.exists(path):
            raise NotFit("needs " + os.path.relpath(path, self.dest))
        return path

    def one(self, *parts):
        got = sorted(glob.glob(self.p(*parts)))
        if not got:
            raise NotFit("needs " + os.path.join(*parts))
        return got[0]

    def rm(self, path):
        self.need(path)
        shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
        if path.endswith(".py"):
            self.drop_pyc(path)

    def write(self, path, data):
        """Replaces path by a new file (a hard link is broken first)."""
        if os.path.lexists(path):
            os.unlink(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        if path.endswith(".py"):
            self.drop_pyc(path)
        return path

    def read(self, path, limit=-1):
        with open(self.need(path), "rb") as f:
            return f.read(limit)

    def truncate(self, path, part=0.5):
        size = os.path.getsize(self.need(path))
        tmp = path + ".new"
        with open(path, "rb") as f, open(tmp, "wb") as g:
            copy_part(f, g, int(size * part))
        os.replace(tmp, path)

    def patch(self, path, offset, new):
        """Overwrites bytes of a private copy."""
        tmp = path + ".new"
        shutil.copyfile(self.need(path), tmp)
        with open(tmp, "r+b") as f:
            f.seek(offset)
            f.write(new)
        os.replace(tmp, path)

    @staticmethod
    def drop_pyc(path):
        d, n = os.path.split(path)
        for c in glob.glob(os.path.join(glob.escape(d), "__pycache__", n[:-3] + ".*.pyc")):
            os.unlink(c)

    def folder(self, *names):
        d = os.path.join(self.dest, *names)
        os.makedirs(d, exist_ok=True)
        return d

    def workdir(self, *names):
        self.cwd = self.folder("work")
        return os.path.join(self.cwd, *names)

    def sibling(self, base):
        """The site-packages of another tree."""
        d = os.path.join(self.machine.lab, "trees", base, "Lib", "site-packages")
        if not os.path.isdir(d):
            raise NotFit("the tree %s is not in the lab" % base)
        return d

    def runtime(self, name, version):
        """Path of one VC++ DLL of a version."""
        p = os.path.join(self.machine.lab, "vcredist", version, name)
        if not os.path.exists(p):
            raise NotFit("needs %s %s" % (name, version))
        return p

    def put(self, source, *target):
        """Copies a file to the path that the parts of target make, replacing what is there."""
        path = os.path.join(*target)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.lexists(path):
            os.unlink(path)
        shutil.copyfile(source, path)
        return path

    # ---- distributions
    def info(self, dist):
        want = re.sub(r"[-_.]+", "-", dist).lower()
        for d in glob.glob(os.path.join(glob.escape(self.sp), "*.dist-info")):
            n, _, v = os.path.basename(d)[:-10].partition("-")
            if re.sub(r"[-_.]+", "-", n).lower() == want:
                return d, v
        return None, None

    def version(self, dist):
        d, v = self.info(dist)
        if not d:
            raise NotFit("needs " + dist)
        return v

    def tf_dist(self):
        for n in ("tensorflow-intel", "tensorflow"):
            if self.info(n)[0]:
                return n, self.version(n)
        raise NotFit("needs TensorFlow")

    def reinstall(self, dist=None):
        """The command that puts one distribution (TensorFlow) back as it was."""
        n, v = (dist, self.version(dist)) if dist else self.tf_dist()
        return "%s -m pip install --force-reinstall --no-deps %s==%s" % (self.python, n, v)

    def install(self, spec):
        return '%s -m pip install "%s"' % (self.python, spec)

    def uninstall(self, dist):
        d, v = self.info(dist)
        if not d:
            raise NotFit("needs " + dist)
        tops = set()
        with open(os.path.join(d, "RECORD"), encoding="utf-8") as f:
            for line in f:
                rel = line.split(",")[0].strip('"').replace("\\", "/")
                path = os.path.normpath(self.p(rel))
                if not path.startswith(self.root + os.sep):
                    continue
                if not rel.startswith(".."):
                    tops.add(rel.split("/")[0])
                if os.path.lexists(path):
                    os.unlink(path)
        for t in tops:          # empty folders and byte code left behind
            for dp, _dn, _fn in os.walk(self.p(t), topdown=False):
                if os.path.basename(dp) == "__pycache__":
                    shutil.rmtree(dp)
                elif not os.listdir(dp):
                    os.rmdir(dp)
        shutil.rmtree(d, ignore_errors=True)
        return v

    def fetch(self, spec, xy=None, platforms=("win_amd64",)):
        """Path of the wheel for spec (name==version), from the cache or with pip download."""
        xy = xy or self.xy
        slot = os.path.join(self.machine.lab, "wheels", re.sub(r"[^A-Za-z0-9.]+", "_", spec) + "-cp" + xy + "-" + platforms[0])
        got = glob.glob(os.path.join(slot, "*.whl"))
        if not got:             # the Linux suite may have it
            got = glob.glob(os.path.join(self.machine.lab, "..", ".wheelhouse", "%s-*-cp%s-*%s*.whl" % (
                spec.replace("==", "-").replace("-", "_", spec.count("-")), xy.replace(".", ""), platforms[0])))
        if got:
            return got[0]
        part = "%s.%d.part" % (slot, os.getpid())
        own = os.path.join(self.machine.lab, "cache", "venv", "bin", "python")      # the system's Python may lack pip
        cmd = [own if os.path.exists(own) else sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--disable-pip-version-check", "--only-binary", ":all:",
               "-d", part, "--python-version", xy, "--implementation", "cp"]
        for plat in platforms:
            cmd += ["--platform", plat]
        if subprocess.run(cmd + [spec], stdout=sys.stderr, check=False).returncode != 0:
            shutil.rmtree(part, ignore_errors=True)
            raise NotFit("no wheel for " + spec + " to be had")
        try:
            os.rename(part, slot)
        except OSError:                         # another job was faster
            shutil.rmtree(part, ignore_errors=True)
        return glob.glob(os.path.join(slot, "*.whl"))[0]

    def unzip(self, whl, only=None, into=None):
        into = into or self.sp
        with zipfile.ZipFile(whl) as z:
            for n in z.namelist():
                m = re.match(r"[^/]+\.data/(?:purelib|platlib)/(.*)$", n)
                rel = m.group(1) if m else n
                if n.endswith("/") or (".data/" in n and not m) or (only and not only(n)):
                    continue
                self.write(os.path.join(into, rel), z.read(n))
        return into

    def swap(self, dist, version, xy=None):
        """Puts another version of a distribution in place, as pip would."""
        whl = self.fetch("%s==%s" % (dist, version), xy)
        old = self.uninstall(dist) if self.info(dist)[0] else None
        self.unzip(whl)
        d, _v = self.info(dist)
        self.write(os.path.join(d, "INSTALLER"), "pip\n")
        return old

    def vendor(self, *specs, name="vendor"):
        """Unpacks wheels into a folder of their own and returns it."""
        d = self.folder(name)
        for s in specs:
            self.unzip(self.fetch(s), into=d)
        return d

    # ---- interpreters
    def venv(self, rel, base_root=None, version=None):
        """A virtual environment as python -m venv makes it on Windows; bare, without pip."""
        base_root = base_root or self.root
        root = self.folder(*rel.split("/"))
        nt = os.path.join(base_root, "Lib", "venv", "scripts", "nt")
        for src, name in (("venvlauncher.exe", "python.exe"), ("venvwlauncher.exe", "pythonw.exe")):
            p = os.path.join(nt, src if os.path.exists(os.path.join(nt, src)) else name)
            self.put(self.need(p), root, "Scripts", name)
        for n in ("activate.bat", "deactivate.bat"):
            text = self.read(os.path.join(nt, n)).decode()
            text = text.replace("__VENV_DIR__", self.win(root)).replace("__VENV_BIN_NAME__", "Scripts") \
                .replace("__VENV_PROMPT__", "(%s) " % os.path.basename(root))
            self.write(os.path.join(root, "Scripts", n), text)
        self.write(os.path.join(root, "pyvenv.cfg"), "home = %s\r\ninclude-system-site-packages = false\r\nversion = %s\r\n"
                   % (self.win(base_root), version or self.full_version(base_root)))
        os.makedirs(os.path.join(root, "Lib", "site-packages"))
        return root

    def full_version(self, root):
        """3.10.11: from the header that lies beside every Windows Python."""
        m = re.search(r'#define PY_VERSION\s+"([0-9.]+)', self.read(os.path.join(root, "include", "patchlevel.h")).decode())
        return m.group(1)

    def bare_python(self, tag, rel):
        """A Python without TensorFlow at DEST/rel; tag: cp310 …"""
        src = os.path.join(self.machine.lab, "pythons", tag)
        if not os.path.isdir(src):
            raise NotFit("the Python %s is not in the lab" % tag)
        d = os.path.join(self.dest, rel)
        clone(src, d)
        return d

    def pep514(self, tag, root, hive="HKEY_CURRENT_USER"):
        """Registers an interpreter (PEP 514)."""
        key = r"%s\Software\Python\PythonCore\%s" % (hive, tag)
        w = self.win(root)
        self.state.setdefault("registry", []).extend([
            (key, "DisplayName", "Python %s (64-bit)" % tag), (key, "SysVersion", tag), (key, "SysArchitecture", "64bit"),
            (key + r"\InstallPath", "", w + "\\"), (key + r"\InstallPath", "ExecutablePath", w + r"\python.exe")])

    # ---- small native files
    def dll(self, path, source, *flags):
        """Compiles C source to a 64-bit DLL (an .exe with -exe among the flags)."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        cc = shutil.which("x86_64-w64-mingw32-gcc")
        if not cc:
            raise NotFit("needs x86_64-w64-mingw32-gcc")
        if os.path.lexists(path):
            os.unlink(path)
        kind = [] if "-exe" in flags else ["-shared"]
        subprocess.run([cc, "-O1", "-s", *kind, "-x", "c", "-o", path, "-", *[f for f in flags if f != "-exe"]],
                       input=source.encode(), check=True)
        return path


def copy_part(f, g, n):
    while n > 0:
        b = f.read(min(n, 1 << 20))
        if not b:
            return
        g.write(b)
        n -= len(b)


def build(name, machine):
    """Makes one case on a machine and says how it is to be run (a dict)."""
    c = CASES[name]
    dest = os.path.join(machine.d, name)
    if os.path.lexists(dest) and not os.path.exists(dest + MARK):
        raise NotFit(dest + " exists and was not made here")
    discard(dest)
    open(dest + MARK, "w").close()
    os.makedirs(dest)
    try:
        e = WinEnv(machine, c["base"], dest, c["bare"])
        fix = c["make"](e)
    except BaseException:
        discard(dest)
        raise
    if e.cwd is None:
        e.cwd = e.folder("cwd")
    machine.set_state(**e.state)
    args = list(c["tfdiag"]) + (["--script", e.win(e.script)] if e.script else [])
    if "tf.keras" in e.statement and "--module" not in args:
        args += ["--module", "tensorflow.keras"]
    m = re.match(r"import (\w+)$", e.statement)
    if m and m.group(1) != "tensorflow":
        args += ["--module", m.group(1)]
    return {"case": name, "base": c["base"], "cause": c["cause"], "also": c["also"], "expect": c["expect"],
            "recorded": c["recorded"], "python": e.python, "named": e.named, "env": machine.environment(e.home, e.env),
            "cwd": e.cwd, "statement": e.statement, "verify": e.verify or e.statement,
            "script": e.win(e.script) if e.script else None, "tfdiag": args, "fix": fix, "dest": dest,
            "state": {k: v for k, v in e.state.items() if k != "files"}, "note": e.note or c["doc"]}


def statement_argv(info, statement=None):
    if info["script"] and statement is None:
        return [info["python"], info["script"]]
    return [info["python"], "-c", statement or info["statement"]]


def shell_line(info, commands, argv):
    """The commands in one cmd, then argv: each as a user pastes it."""
    return r'C:\windows\system32\cmd.exe /d /s /c "%s"' % " & ".join(commands + [winlab.command_line(argv)])
