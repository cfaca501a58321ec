"""A copy of a real TensorFlow environment that a case may damage, and the registry of the cases.

The copy is an overlay mount, or made of hard links where that cannot be.  Every file that a case changes is
unlinked and written anew, never edited in place, so the original stays healthy either way.
Standard library only, Python >= 3.9.
"""
import glob
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile

MARK = ".lab-broken"        # DEST + MARK says that DEST was made here and may be replaced
UPPER = ".upper"            # DEST + UPPER holds what a case changed, where overlays are used
CASES = {}


def case(name, base, cause, also=(), expect="cause", tfdiag=(), kind="venv", suite="break"):
    """Registers a case.

    base    environment of make_envs.sh it starts from
    cause   id of causes.md; also: ids that a diagnosis may name as well without being wrong
    expect  "cause" (first cause is `cause` or in `also`), "warning" (exit 0, no cause, a warning),
            "silent" (exit 0, no cause), "quiet" (exit 0, no cause; a warning may or may not be there)
    tfdiag  further arguments for tfdiag; "--no-run" where only the forecast can be judged
    kind    "venv": copy of the environment; "base": private copy of the base interpreter with the
            packages in its own site-packages; "none": an empty folder, the case makes all
    suite   break, healthy, gpu, gpu-sim
    """
    def deco(f):
        if name in CASES:
            raise ValueError("two cases named " + name)
        CASES[name] = dict(make=f, name=name, base=base, cause=cause, also=list(also), expect=expect,
                           tfdiag=list(tfdiag), kind=kind, suite=suite,
                           doc=(f.__doc__ or "").strip().split("\n")[0])
        return f
    return deco


def healthy(name, base="tf220", kind="venv", tfdiag=()):
    """Registers an environment in which the import works and tfdiag must name nothing."""
    return case(name, base, "not-an-environment-problem", expect="quiet", kind=kind, tfdiag=tfdiag, suite="healthy")


class NotFit(Exception):
    """The case needs something that this machine or environment does not have."""


class Env:
    def __init__(self, src, dest, kind="venv"):
        self.src, self.dest = os.path.abspath(src), os.path.abspath(dest)
        self.env, self.wrap, self.cwd = {}, [], None
        self.statement, self.script, self.note = "import tensorflow", None, ""
        self.named = True           # tfdiag is told the interpreter with --python
        self.touched = []           # folders below dest whose time the import itself changes
        if kind == "venv":
            clone(self.src, self.dest)
            self.unlink_small()
            self.bind(self.dest)
        elif kind == "base":
            base_clone(self)
        else:
            os.makedirs(self.dest)

    def unlink_small(self):
        """venv and its repair write these in place, which would go through a hard link."""
        for p in glob.glob(os.path.join(self.dest, "bin", "*")) + [os.path.join(self.dest, "pyvenv.cfg")]:
            if os.path.isfile(p) and not os.path.islink(p):
                self.private(p)

    def bind(self, root):
        self.root = root
        self.bin = os.path.join(root, "bin")
        sps = glob.glob(os.path.join(glob.escape(root), "lib", "python3.*", "site-packages"))
        if not sps:
            raise NotFit("no site-packages under " + root)
        self.sp = sps[0]
        self.xy = re.search(r"python(3\.\d+)", self.sp).group(1)
        self.python = os.path.join(self.bin, "python" + self.xy)
        if not os.path.lexists(self.python):
            self.python = os.path.join(self.bin, "python")

    # ---- paths and files
    def p(self, *parts):
        return os.path.join(self.sp, *parts)

    def tf(self, *parts):
        return self.p("tensorflow", *parts)

    def need(self, path):
        if not os.path.exists(path):
            raise NotFit("needs " + os.path.relpath(path, self.dest))
        return path

    def one(self, *parts):
        """The single file that the pattern below site-packages names."""
        got = sorted(glob.glob(self.p(*parts)))
        if not got:
            raise NotFit("needs " + os.path.join(*parts))
        return got[0]

    def rm(self, path):
        self.need(path)
        shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)

    def write(self, path, data, mode=None):
        """Replace path by a new file (a hard link is broken first)."""
        if mode is None:
            mode = stat.S_IMODE(os.stat(path).st_mode) if os.path.exists(path) else 0o644
        if os.path.lexists(path):
            os.unlink(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        os.chmod(path, mode)
        return path

    def read(self, path):
        with open(self.need(path), "rb") as f:
            return f.read()

    def truncate(self, path, part=0.5):
        b = self.read(path)
        self.write(path, b[:int(len(b) * part)])

    def patch(self, path, offset, new):
        b = bytearray(self.read(path))
        b[offset:offset + len(new)] = new
        self.write(path, bytes(b))

    def private(self, path):
        """Break the hard link of one file, content kept."""
        st = os.stat(self.need(path))
        tmp = path + ".new"
        shutil.copyfile(path, tmp)
        os.chmod(tmp, stat.S_IMODE(st.st_mode))
        os.utime(tmp, ns=(st.st_atime_ns, st.st_mtime_ns))
        os.replace(tmp, path)

    def drop_pyc(self, path):
        """Remove the byte code of one source file, so that the source is what counts."""
        d, n = os.path.split(path)
        for c in glob.glob(os.path.join(glob.escape(d), "__pycache__", n[:-3] + ".*.pyc")):
            os.unlink(c)

    def workdir(self, *names):
        self.cwd = os.path.join(self.dest, "work")
        os.makedirs(self.cwd, exist_ok=True)
        return os.path.join(self.cwd, *names)

    def home(self, *names):
        h = os.path.join(self.dest, "home")
        os.makedirs(h, exist_ok=True)
        self.env["HOME"] = h
        return os.path.join(h, *names)

    def sibling(self, name):
        """site-packages of another environment of the same set."""
        o = glob.glob(os.path.join(os.path.dirname(self.src), name, "lib", "python3.*", "site-packages"))
        if not o:
            raise NotFit("needs a sibling environment " + name)
        return o[0]

    def set_home_key(self, folder):
        cfg = os.path.join(self.dest, "pyvenv.cfg")
        self.write(cfg, re.sub(r"(?m)^home *=.*$", "home = " + folder, self.read(cfg).decode()))

    def relink_python(self, target, copy=False):
        for n in ("python", "python3", "python" + self.xy):
            p = os.path.join(self.bin, n)
            if os.path.lexists(p):
                os.unlink(p)
            shutil.copy2(target, p) if copy else os.symlink(target, p)

    # ---- distributions
    def info(self, dist):
        want = re.sub(r"[-_.]+", "-", dist).lower()
        for d in glob.glob(os.path.join(glob.escape(self.sp), "*.dist-info")):
            n, _, v = os.path.basename(d)[:-10].partition("-")
            if re.sub(r"[-_.]+", "-", n).lower() == want:
                return d, v
        return None, None

    def tf_dist(self):
        for n in ("tensorflow", "tensorflow_cpu"):
            d, v = self.info(n)
            if d:
                return n.replace("_", "-"), v
        raise NotFit("needs TensorFlow")

    def reinstall(self, dist=None):
        """The command that puts one distribution (TensorFlow) back as it was."""
        n, v = (dist, self.version(dist)) if dist else self.tf_dist()
        return "python -m pip install --force-reinstall --no-deps %s==%s" % (n, v)

    def version(self, dist):
        d, v = self.info(dist)
        if not d:
            raise NotFit("needs " + dist)
        return v

    def uninstall(self, dist):
        d, v = self.info(dist)
        if not d:
            raise NotFit("needs " + dist)
        tops = set()
        with open(os.path.join(d, "RECORD"), encoding="utf-8") as f:
            for line in f:
                rel = line.split(",")[0].strip('"')
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

    def fetch(self, spec, xy=None, platforms=None):
        """Path of the wheel for spec (name==version), from the cache or with pip download."""
        cache = os.environ.get("TFDIAG_WHEELS") or os.path.join(os.path.dirname(self.src), ".wheels")
        tag = "-cp" + (xy or self.xy) + ("-" + platforms[0] if platforms else "")
        slot = os.path.join(cache, re.sub(r"[^A-Za-z0-9.]+", "_", spec) + tag)
        got = glob.glob(os.path.join(slot, "*.whl"))
        if got:
            return got[0]
        part = "%s.%d.part" % (slot, os.getpid())
        cmd = [os.path.join(self.src, "bin", "python"), "-m", "pip", "download", "-q", "--no-deps",
               "--disable-pip-version-check", "--only-binary", ":all:", "-d", part]
        if xy or platforms:
            cmd += ["--python-version", xy or self.xy, "--implementation", "cp"]
            for plat in platforms or ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_27_x86_64",
                                      "manylinux_2_28_x86_64"):
                cmd += ["--platform", plat]
        if subprocess.run(cmd + [spec], stdout=sys.stderr, check=False).returncode != 0:
            shutil.rmtree(part, ignore_errors=True)
            raise NotFit("no wheel for " + spec + " to be had")
        try:
            os.rename(part, slot)
        except OSError:                         # another job was faster
            shutil.rmtree(part, ignore_errors=True)
        return glob.glob(os.path.join(slot, "*.whl"))[0]

    def unzip(self, whl, only=None, skip=None, into=None):
        with zipfile.ZipFile(whl) as z:
            for n in z.namelist():
                if n.endswith("/") or ".data/" in n or (only and not only(n)) or (skip and skip(n)):
                    continue
                self.write(os.path.join(into or self.sp, n), z.read(n), 0o755 if n.endswith(".so") else 0o644)

    def swap(self, dist, version, xy=None):
        """Put another version of a distribution in place, as pip would."""
        whl = self.fetch("%s==%s" % (dist, version), xy)
        old = self.uninstall(dist) if self.info(dist)[0] else None
        self.unzip(whl)
        return old

    def vendor(self, *specs):
        """Unpack wheels into a folder of their own and return it."""
        d = os.path.join(self.dest, "vendor")
        os.makedirs(d, exist_ok=True)
        for s in specs:
            self.unzip(self.fetch(s), into=d)
        return d

    # ---- small native files
    def cc(self, path, source, *flags):
        """Compile C source to path (a shared object unless -static or -o is among the flags)."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if not shutil.which("cc"):
            raise NotFit("needs a C compiler")
        kind = [] if "-exe" in flags else ["-shared", "-fPIC"]
        subprocess.run(["cc", *kind, "-x", "c", "-o", path, "-", *[f for f in flags if f != "-exe"]],
                       input=source.encode(), check=True)
        return path

    def old_libstdcxx(self, folder):
        """A libstdc++.so.6 as old as GCC 4.4's: right name, few symbol versions."""
        d = os.path.join(self.dest, folder)
        os.makedirs(d, exist_ok=True)
        ver = self.write(os.path.join(d, "map"), "GLIBCXX_3.4 { global: old_a; local: *; };\nCXXABI_1.3 { global: old_b; };\n")
        self.cc(os.path.join(d, "libstdc++.so.6"), "int old_a(void){return 0;}\nint old_b(void){return 0;}\n",
                "-Wl,-soname,libstdc++.so.6", "-Wl,--version-script=" + ver)
        os.unlink(ver)
        return d


def clone(src, dest):
    """A copy of a folder tree: an overlay mount where root may (milliseconds), else hard links, else a copy."""
    if overlay(src, dest):
        return
    same = os.stat(src).st_dev == os.stat(os.path.dirname(dest)).st_dev
    try:
        subprocess.run(["cp", "-al" if same else "-a", src, dest], check=True)
    except subprocess.CalledProcessError:
        shutil.rmtree(dest, ignore_errors=True)
        subprocess.run(["cp", "-a", src, dest], check=True)


def overlay(src, dest):
    """Mounts src at dest with all changes in the folder that `build` made for this case; False where that fails."""
    if os.geteuid() != 0 or "," in src + dest or ":" in src + dest:
        return False
    top = dest
    while top != "/" and not os.path.exists(top + MARK):
        top = os.path.dirname(top)
    if top == "/":
        return False
    layer = tempfile.mkdtemp(dir=mkdir(top + UPPER))
    upper, work = mkdir(os.path.join(layer, "u")), mkdir(os.path.join(layer, "w"))
    shutil.copystat(src, upper)
    os.makedirs(dest, exist_ok=True)
    dirs = "lowerdir=%s,upperdir=%s,workdir=%s" % (src, upper, work)
    got = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", dirs + ",redirect_dir=on", dest],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if got.returncode != 0:
        os.rmdir(dest)
        shutil.rmtree(layer)
        return False
    return True


def mkdir(path):
    os.makedirs(path, exist_ok=True)
    return path


def unmount_below(dest):
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as f:
        points = [ln.split(" ")[4].encode("utf-8", "surrogateescape").decode("unicode_escape").encode("latin-1")
                  for ln in f]
    want = os.fsencode(dest)
    for p in sorted((p for p in points if p == want or p.startswith(want + b"/")), reverse=True):
        subprocess.run(["umount", "-l", p], check=False)


def base_prefix(src):
    py = os.path.realpath(os.path.join(src, "bin", "python"))
    return os.path.dirname(os.path.dirname(py))


def bare_base(src, dest):
    """A private copy of the base interpreter without its own packages beyond pip."""
    base = base_prefix(src)
    if not glob.glob(os.path.join(base, "lib", "python3.*", "os.py")) or os.path.realpath(base) == "/usr":
        raise NotFit("base interpreter is not a self-contained prefix")
    clone(base, dest)
    return dest


def base_clone(e):
    """A private copy of the base interpreter with the environment's packages in its own site-packages."""
    xy = re.search(r"python(3\.\d+)", glob.glob(os.path.join(e.src, "lib", "python3.*"))[0]).group(1)
    bare_base(e.src, e.dest)
    sp = os.path.join(e.dest, "lib", "python" + xy, "site-packages")
    shutil.rmtree(sp)
    clone(os.path.join(e.src, "lib", "python" + xy, "site-packages"), sp)
    e.bind(e.dest)


def discard(dest):
    """Remove an earlier copy; rights that a case took away are given back first."""
    unmount_below(dest)
    if os.path.lexists(dest):
        if os.geteuid() != 0:
            subprocess.run(["chmod", "-R", "u+rwX", dest], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(dest, ignore_errors=True)
    shutil.rmtree(dest + UPPER, ignore_errors=True)
    if os.path.exists(dest + MARK):
        os.unlink(dest + MARK)


def build(name, src, dest):
    """Makes the copy for one case and says how it is to be run (a dict)."""
    c = CASES[name]
    if os.path.lexists(dest) and not os.path.exists(dest + MARK):
        raise NotFit(dest + " exists and was not made here")
    discard(dest)
    os.makedirs(os.path.dirname(dest), exist_ok=True)
    open(dest + MARK, "w").close()
    try:
        e = Env(src, dest, c["kind"])
        fix = c["make"](e)
    except BaseException:
        discard(dest)
        raise
    if e.cwd is None:
        e.cwd = os.path.join(dest, "cwd")
        os.makedirs(e.cwd, exist_ok=True)
    if "HOME" not in e.env:
        e.home()
    args = list(c["tfdiag"]) + (["--script", e.script] if e.script else [])
    if "tf.keras" in e.statement and "--module" not in args:
        args += ["--module", "tensorflow.keras"]
    m = re.match(r"import (\w+)$", e.statement)
    if m and m.group(1) != "tensorflow":
        args += ["--module", m.group(1)]
    return {"case": name, "base": c["base"], "cause": c["cause"], "also": c["also"], "expect": c["expect"],
            "python": e.python, "named": e.named, "env": e.env, "cwd": e.cwd, "wrap": e.wrap,
            "statement": e.statement, "script": e.script, "tfdiag": args, "fix": fix, "dest": dest,
            "touched": e.touched, "note": e.note or c["doc"]}
