#!/usr/bin/env python3
"""compare_syspath.py TOOL [-v] [KIND…]   compare the sys.path that tfdiag works out from files with the one that the
interpreter says.

TOOL is tests/helpers/syspath_tool. Every CPython 3.6 to 3.13 below $PYENV_ROOT/versions and every other python3 on PATH
is taken; for each, environments of every kind are made in a temporary folder. A version that is missing is named loudly.
Exit: 0 all agree, 1 some differ, 77 no interpreter at all (ctest: skipped).
"""
import collections
import concurrent.futures
import errno
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

VERSIONS = ["3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]
ASK = ("import sys, json; print('\\n@' + json.dumps({'path': sys.path, 'prefix': sys.prefix, 'base_prefix': sys.base_prefix,"
       "'version': '%d.%d.%d' % sys.version_info[:3], 'soabi': __import__('_imp').extension_suffixes()[0][1:-3]}))")
DROP = ("PYTHON", "VIRTUAL_ENV", "CONDA", "LD_", "LC_", "LANG")


def run_copy(cmd, **more):
    """A program that was just copied is busy while a child of another thread, between fork and exec, has it open for writing."""
    for _ in range(50):
        try:
            return subprocess.run(cmd, **more)
        except OSError as x:
            if x.errno != errno.ETXTBSY:
                raise
            time.sleep(0.1)
    return subprocess.run(cmd, **more)


class Suite:
    def __init__(self, tool, verbose, kinds):
        self.tool, self.verbose, self.kinds = tool, verbose, kinds
        self.tmp = os.path.realpath(tempfile.mkdtemp(prefix="tfdiag-syspath-"))
        self.home = self.folder("home")
        self.cwd = self.folder("cwd")
        self.lock = threading.Lock()
        self.good, self.bad = collections.Counter(), collections.Counter()

    def folder(self, *parts):
        d = os.path.join(self.tmp, *parts)
        os.makedirs(d, exist_ok=True)
        return d

    def write(self, path, text):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        return path

    def env(self, more=None):
        e = {k: v for k, v in os.environ.items() if not k.startswith(DROP)}
        e.update(HOME=self.home, PYTHONDONTWRITEBYTECODE="1", LC_ALL="C.UTF-8")
        for k, v in (more or {}).items():
            if v is None:
                e.pop(k, None)
            else:
                e[k] = v
        return e

    def ask(self, python, env, cwd, script):
        cmd = [python, script] if script else [python, "-c", ASK]
        p = run_copy(cmd, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        got = [x for x in p.stdout.decode("utf-8", "surrogateescape").split("\n") if x.startswith("@")]
        return json.loads(got[-1][1:]) if got else None, p.stderr.decode("utf-8", "replace")

    def tell(self, python, env, cwd, script):
        cmd = [self.tool] + (["--script", script] if script else []) + [python]
        p = subprocess.run(cmd, env=env, cwd=cwd, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        facts = {"path": []}
        for line in p.stdout.decode("utf-8", "surrogateescape").split("\n"):
            key, _, value = line.partition("\t")
            if key == "place":
                facts["path"].append(value.split("\t", 2)[2])
            elif key == "startup":
                facts.setdefault(key, []).append(value)
            else:
                facts[key] = value
        return facts

    def check(self, kind, python, more=None, cwd=None, script=None, complete=True, broken=False):
        """One comparison. complete: what tfdiag should think of its own answer; broken: the interpreter does not start."""
        if self.kinds and kind not in self.kinds:
            return
        env, cwd = self.env(more), cwd or self.cwd
        real, err = self.ask(python, env, cwd, script)
        mine = self.tell(python, env, cwd, script)
        wrong = []
        if real is None or broken:
            if real is not None:
                wrong.append("expected a broken interpreter, it starts")
            if mine.get("broken") in ("0", "1", None):
                wrong.append("does not start, tfdiag says broken=%s; %s" % (mine.get("broken"), err.strip()[-300:]))
        else:
            path = [cwd if p == "" else p for p in real["path"]]
            if mine.get("broken") != "0":
                wrong.append("tfdiag says broken=%s %s" % (mine.get("broken"), mine.get("broken_why")))
            if mine.get("complete") != ("1" if complete else "0"):
                wrong.append("complete=%s (%s)" % (mine.get("complete"), mine.get("incomplete_why")))
            if complete:
                for key in ("prefix", "base_prefix"):
                    if os.path.normpath(real[key]) != os.path.normpath(mine.get(key) or "?"):
                        wrong.append("%s: %s, tfdiag %s" % (key, real[key], mine.get(key)))
                if path != mine["path"]:
                    wrong.append("sys.path:\n    real   %s\n    tfdiag %s" % (path, mine["path"]))
            if real["version"] != mine.get("version"):
                wrong.append("version: %s, tfdiag %s (%s)" % (real["version"], mine.get("version"), mine.get("version_source")))
            if real["soabi"] != mine.get("soabi"):
                wrong.append("soabi: %s, tfdiag %s" % (real["soabi"], mine.get("soabi")))
        with self.lock:
            (self.bad if wrong else self.good)[kind] += 1
        if wrong:
            print("DIFFERS %s: %s %s%s\n  %s" % (kind, python, more or "", " in " + cwd if cwd != self.cwd else "",
                                               "\n  ".join(wrong)), flush=True)
            for line in mine.get("startup", ()) if self.verbose else ():
                print("    start-up file:", line)


def interpreters():
    root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    found, reals = [], set()
    for xy in VERSIONS:
        for d in sorted(glob.glob(os.path.join(root, "versions", xy + ".*"))):
            p = os.path.join(d, "bin", "python" + xy)
            if re.fullmatch(r"[0-9.]+", os.path.basename(d)) and os.access(p, os.X_OK):
                found.append((xy, p))
                reals.add(os.path.realpath(p))
    for d in os.environ.get("PATH", "").split(":") + ["/usr/bin", "/usr/local/bin"]:
        for p in sorted(glob.glob(os.path.join(d or ".", "python3*"))):
            r = os.path.realpath(p)
            m = re.fullmatch(r"python(3\.\d+)", os.path.basename(r))
            if m and m.group(1) in VERSIONS and r not in reals and os.access(r, os.X_OK) and open(r, "rb").read(4) == b"\x7fELF":
                found.append((m.group(1), os.path.join(os.path.realpath(os.path.dirname(p)), os.path.basename(p))))
                reals.add(r)
    return found


def make_venv(python, where, *options):
    env = {k: v for k, v in os.environ.items() if not k.startswith(DROP)}
    subprocess.run([python, "-m", "venv", "--without-pip"] + list(options) + [where], env=env, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return os.path.join(where, "bin", "python")


def has_venv(python):
    return subprocess.run([python, "-c", "import venv, ensurepip"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


# Lines of a .pth file, what tfdiag should think of its answer. {d} is a folder that exists.
PTH = [
    ("path", "{d}/one\n", True),
    ("path-gone", "{d}/nothing\n/nonexistent/x\n", True),
    ("path-twice", "{d}/one\n{d}/one/\n{d}/./two/../one\n{d}/two\n", True),
    ("path-relative", "../../rel\n./here\n\n   \n# {d}/one\n", True),
    ("path-file", "{d}/file.zip\n{d}/one/../file.zip\n", True),
    ("blanks", "{d}/one  \t\n {d}/two\n\t\n", True),
    ("crlf", "{d}/one\r\n{d}/two\r\nimport sys\r\n", True),
    ("no-newline", "{d}/one", True),
    ("insert", "import sys; sys.path.insert(0, '{d}/one')\n", True),
    ("insert-double", 'import sys; sys.path.insert(0, "{d}/one"); sys.path.insert(1, "{d}/two")\n', True),
    ("insert-absent", "import sys; sys.path.insert(0, '/nonexistent')\n", True),
    ("insert-raw", "import sys; sys.path.insert(0, r'{d}/one')\n", True),
    ("insert-escape", "import sys; sys.path.insert(0, '{d}/o\\x6ee' + '')\n", True),
    ("insert-negative", "import sys; sys.path.insert(-1, '{d}/one')\n", True),
    ("insert-len", "import sys; sys.path.insert(len(sys.path), '{d}/one')\n", True),
    ("append", "import sys; sys.path.append('{d}/one')\n", True),
    ("extend", "import sys; sys.path.extend(['{d}/one', '{d}/two'])\n", True),
    ("slice", "import sys; sys.path[:0] = ['{d}/one', '{d}/two']\n", True),
    ("slice-zero", "import sys; sys.path[0:0] = ['{d}/one']\n", True),
    ("concat", "import sys; sys.path = ['{d}/one'] + sys.path\n", True),
    ("plus", "import sys; sys.path += ['{d}/one', '{d}/two']\n", True),
    ("guarded", "import sys; '{d}/one' not in sys.path and sys.path.append('{d}/one')\n", True),
    ("variable", "import sys; p = '{d}/one'; sys.path.insert(0, p)\n", True),
    ("join", "import os, sys; sys.path.insert(0, os.path.join('{d}', 'one'))\n", True),
    ("expanduser", "import os, sys; sys.path.insert(0, os.path.expanduser('~/mine'))\n", True),
    ("sitedir", "import sys, os; sys.path.append(os.path.join(sys._getframe(1).f_locals['sitedir'], 'here'))\n", True),
    ("sitedir-dirname", "import sys, os; sys.path.append(os.path.dirname(sitedir))\n", True),
    ("prefix", "import sys, os; sys.path.append(os.path.join(sys.prefix, 'extra'))\n", True),
    ("environ", "import sys, os; sys.path.append(os.environ['HOME'])\n", True),
    ("environ-get", "import sys, os; sys.path.append(os.environ.get('NO_SUCH_VARIABLE', '{d}/one'))\n", True),
    ("addsitedir", "import site; site.addsitedir('{d}/nested')\n", True),
    ("tab", "import\tsys; sys.path.append('{d}/one')\n", True),
    ("not-import", "from sys import path\nimportant\n", True),
    ("comment-end", "import sys; sys.path.append('{d}/one') # because\n", True),
    ("two-lines", "{d}/one\nimport sys; sys.path.insert(0, '{d}/two')\n{d}/three\n", True),
    ("distutils", "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'x'; "
                  "enabled and __import__('_distutils_hack').add_shim(); \n", True),
    ("harmless", "import os; exec(\"try:\\n import json\\nexcept ImportError: pass\")\n", True),
    ("easy-install", "import sys; sys.__plen = len(sys.path)\n{d}/one\n{d}/two\nimport sys; new=sys.path[sys.__plen:]; "
                     "del sys.path[sys.__plen:]; p=getattr(sys,'__egginsert',0); sys.path[p:p]=new; "
                     "sys.__egginsert = p+len(new)\n", True),
    ("stdlib-import", "import json, collections.abc; import xml.dom\n", True),
    ("unknown", "import sys; [sys.path.insert(0, p) for p in ['{d}/one']]\n", False),
    ("unknown-module", "import meddler\n", False),
    ("plain-module", "import plain\n", True),
    ("braces", "import sys; sys.path.insert(0, f'{{sys.prefix}}/lib')\n", False),
]

NSPKG = ("import sys, types, os;has_mfs = sys.version_info > (3, 5);p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('google',));"
         "importlib = has_mfs and __import__('importlib.util');has_mfs and __import__('importlib.machinery');"
         "m = has_mfs and sys.modules.setdefault('google', importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec("
         "'google', [os.path.dirname(p)])));m = m or sys.modules.setdefault('google', types.ModuleType('google'));"
         "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)\n")

FINDER = '''import sys
MAPPING: dict = {'mypkg': %r}
NAMESPACES: dict = %r
PATH_PLACEHOLDER = '__editable__.mypkg-0.1.finder.__path_hook__'
def install():
    if not NAMESPACES:
        return
    if PATH_PLACEHOLDER not in sys.path:
        sys.path.append(PATH_PLACEHOLDER)
'''


def check_base(s, xy, python, work):
    s.check("base", python)
    s.check("base", python, cwd=os.path.dirname(python))
    d = s.folder(work, "pp")
    s.write(os.path.join(d, "a", "x.py"), "")
    for value in (d, d + "/", d + ":" + d + "/a", ":" + d, d + "::/nonexistent", ".", "a:./a:../x", "~/x", d + "/a/..:" + d,
                  ""):
        s.check("PYTHONPATH", python, {"PYTHONPATH": value}, cwd=d)
    script = s.write(os.path.join(d, "a", "prog.py"), ASK + "\n")
    link = os.path.join(d, "link.py")
    os.path.lexists(link) or os.symlink("a/prog.py", link)
    for f in (script, link, "a/prog.py", "./link.py"):
        s.check("--script", python, script=f, cwd=d)
    for value in ("1", "0", "", "x"):
        s.check("PYTHONSAFEPATH", python, {"PYTHONSAFEPATH": value, "PYTHONPATH": d})
    s.check("PYTHONNOUSERSITE", python, {"PYTHONNOUSERSITE": "1"})
    s.check("PYTHONHOME", python, {"PYTHONHOME": os.path.dirname(os.path.dirname(os.path.realpath(python)))})
    home = os.path.dirname(os.path.dirname(os.path.realpath(python)))
    s.check("PYTHONHOME", python, {"PYTHONHOME": home + ":" + home})
    s.check("PYTHONHOME", python, {"PYTHONHOME": "/nonexistent"}, broken=True)


def check_user(s, xy, python, work):
    base = s.folder(work, "userbase")
    sp = s.folder(work, "userbase", "lib", "python" + xy, "site-packages")
    s.write(os.path.join(sp, "u.pth"), s.folder(work, "userbase", "more") + "\n")
    s.check("user site", python, {"PYTHONUSERBASE": base})
    s.check("user site", python, {"PYTHONUSERBASE": base, "PYTHONNOUSERSITE": "1"})
    mine = s.folder(work, "home", ".local", "lib", "python" + xy, "site-packages")
    s.check("user site", python, {"HOME": os.path.join(s.tmp, work, "home")})
    s.write(os.path.join(mine, "usercustomize.py"), "import sys\nsys.path.append('/usercustomized')\n")
    s.check("usercustomize", python, {"HOME": os.path.join(s.tmp, work, "home")})
    s.check("usercustomize", python, {"HOME": os.path.join(s.tmp, work, "home"), "PYTHONNOUSERSITE": "1"})


def check_customize(s, xy, python, work):
    texts = [("import sys\nsys.path.insert(0, '/from/sitecustomize')\n", True),
             ("'''Text that mentions sys.path.'''\nimport os, sys\nHERE = os.path.dirname(os.path.abspath(__file__))\n"
              "sys.path.insert(1, os.path.join(HERE, 'lib'))\n", True),
             ("import sys\nif '/x' not in sys.path:\n    sys.path.append('/x')\nif '/x' not in sys.path:\n    sys.path.append('/x')\n", True),
             ("import warnings\nwarnings.simplefilter('default')\ndef f():\n    return 1\n", True),
             ("import sys\ndef add():\n    sys.path.append('/y')\nadd()\n", False),
             ("import sys\nfor p in ('/a', '/b'):\n    sys.path.append(p)\n", False)]
    for i, (text, complete) in enumerate(texts):
        d = s.folder(work, "custom%d" % i)
        s.write(os.path.join(d, "sitecustomize.py"), text)
        s.check("sitecustomize", python, {"PYTHONPATH": d}, complete=complete)
    d = s.folder(work, "customcwd")
    s.write(os.path.join(d, "sitecustomize.py"), "import sys\nsys.path.append('/never')\n")
    s.check("sitecustomize", python, cwd=d)


def check_venvs(s, xy, python, work):
    root = os.path.join(s.tmp, work)
    plain = make_venv(python, os.path.join(root, "venv"))
    s.check("venv", plain)
    s.check("venv", os.path.join(root, "venv", "bin", "python3"))
    s.check("venv", plain, {"PYTHONUSERBASE": os.path.join(root, "userbase")})
    s.check("venv", plain, {"PYTHONHOME": os.path.dirname(os.path.dirname(os.path.realpath(python)))})
    s.check("venv", plain, {"PYTHONEXECUTABLE": "/nonexistent/bin/python3"})
    s.check("base, called a venv's", python, {"PYTHONEXECUTABLE": plain})
    system = make_venv(python, os.path.join(root, "venv-system"), "--system-site-packages")
    s.check("venv --system-site-packages", system)
    s.check("venv --system-site-packages", system, {"PYTHONUSERBASE": os.path.join(root, "userbase")})
    copy = make_venv(python, os.path.join(root, "venv-copy"), "--copies")
    s.check("venv --copies", copy)
    odd = make_venv(python, os.path.join(root, "with space \u00e4\u20ac"))
    s.check("venv", odd)
    link = os.path.join(root, "venv-link")
    os.symlink("venv", link)
    s.check("venv by a link", os.path.join(link, "bin", "python"))
    lone = os.path.join(s.folder(work, "lone"), "python")
    os.symlink(os.path.realpath(python), lone)
    s.check("symlinked python", lone)
    lone2 = os.path.join(s.folder(work, "lone"), "again")
    os.symlink("python", lone2)
    s.check("symlinked python", lone2)
    chain = os.path.join(s.folder(work, "lone"), "chained")
    os.symlink(plain, chain)
    s.check("symlinked python", chain)
    return plain


def check_cfg(s, xy, python, work):
    """pyvenv.cfg as virtualenv and uv write it, and as people break it."""
    home = os.path.dirname(os.path.realpath(python))
    texts = {"uv": "home = %s\nimplementation = CPython\nuv = 0.4.1\nversion_info = %s.1\ninclude-system-site-packages = false\nprompt = x\n",
             "virtualenv": "home = %s\nimplementation = CPython\nversion_info = %s.7.final.0\nvirtualenv = 20.25.0\n"
                           "include-system-site-packages = false\nbase-prefix = /x\n",
             "no key": "home = %s\nversion = %s.0\n", "blanks": "HOME=%s\nversion=%s.0\ninclude-system-site-packages=TRUE\n"}
    for name, text in texts.items():
        for copied in (False, True):
            root = s.folder(work, "cfg-%s-%d" % (name.replace(" ", "-"), copied))
            s.folder(root, "lib", "python" + xy, "site-packages")
            p = os.path.join(s.folder(root, "bin"), "python")
            shutil.copy2(os.path.realpath(python), p) if copied else os.symlink(os.path.realpath(python), p)
            s.write(os.path.join(root, "pyvenv.cfg"), text % (home, xy))
            s.check("pyvenv.cfg (%s)" % name, p)
    for copied in (False, True):
        root = s.folder(work, "cfg-gone-home-%d" % copied)
        s.folder(root, "lib", "python" + xy, "site-packages")
        p = os.path.join(s.folder(root, "bin"), "python" + xy)
        shutil.copy2(os.path.realpath(python), p) if copied else os.symlink(os.path.realpath(python), p)
        s.write(os.path.join(root, "pyvenv.cfg"), "home = /nonexistent/python/bin\nversion = %s.0\ninclude-system-site-packages = false\n" % xy)
        s.check("pyvenv.cfg (home gone)", p)
        os.unlink(os.path.join(root, "pyvenv.cfg"))
        s.check("pyvenv.cfg (lost)", p)


def check_pth(s, xy, python, work, venv):
    sp = os.path.join(os.path.dirname(os.path.dirname(venv)), "lib", "python" + xy, "site-packages")
    d = s.folder(work, "pth")
    for n in ("one", "two", "three", "nested"):
        s.folder(work, "pth", n)
    s.folder(work, "venv", "rel")
    s.folder(os.path.dirname(os.path.dirname(os.path.dirname(sp))), "rel")
    for n in ("here", "google", "mypkg"):
        s.folder(sp, n)
    s.write(os.path.join(d, "nested", "n.pth"), d + "/three\nimport sys; sys.path.insert(0, '%s/two')\n" % d)
    s.write(os.path.join(sp, "plain.py"), "import os\nVALUE = os.getcwd()\n")
    s.write(os.path.join(sp, "meddler.py"), "import sys\nfor p in ('/m',):\n    sys.path.append(p)\n")
    with zipfile.ZipFile(os.path.join(d, "file.zip"), "w") as z:
        z.writestr("zipped.py", "")
    pth = os.path.join(sp, "zz_case.pth")
    for name, text, complete in PTH:
        s.write(pth, text.format(d=d))
        s.check(".pth", venv, complete=complete)
    s.write(pth, NSPKG)
    s.check(".pth", venv)
    for names in ({}, {"ns": ["/x"]}):
        s.write(pth, "import __editable___mypkg_0_1_finder; __editable___mypkg_0_1_finder.install()\n")
        s.write(os.path.join(sp, "__editable___mypkg_0_1_finder.py"), FINDER % (d + "/one", names))
        s.check(".pth editable", venv)
    os.unlink(pth)
    hidden = s.write(os.path.join(sp, ".hidden.pth"), d + "/one\n")
    s.check(".pth hidden", venv)
    os.unlink(hidden)
    for name, text in (("bom", b"\xef\xbb\xbf" + (d + "/one\n").encode()), ("utf8", (d + "/\u00e4\n" + d + "/two\n").encode()),
                       ("latin1", b"# \xe4\n" + (d + "/one\n").encode())):
        s.write(pth, text)
        s.check(".pth encoding", venv)
        if name != "utf8":
            s.check(".pth encoding", venv, {"LC_ALL": "C"})
    os.unlink(pth)
    os.symlink("/nonexistent", pth)
    s.check(".pth", venv)
    os.unlink(pth)
    os.mkdir(pth)
    s.check(".pth", venv)
    os.rmdir(pth)
    for n, t in (("b.pth", d + "/two\n"), ("a.pth", d + "/one\n"), ("B.pth", d + "/three\n"), ("c.PTH", d + "/nested\n")):
        s.write(os.path.join(sp, n), t)
    s.check(".pth order", venv)


def check_layouts(s, xy, python, work):
    """Copies of the interpreter with layouts of their own: ._pth, a zipped library, an embedded one."""
    real = os.path.realpath(python)
    std = os.path.dirname(subprocess.run([python, "-c", "import os; print(os.__file__)"], stdout=subprocess.PIPE).stdout.decode().strip())
    moved = s.folder(work, "moved")
    p = os.path.join(s.folder(moved, "bin"), "python" + xy)
    shutil.copy2(real, p)
    s.check("copied python", p)
    os.makedirs(os.path.join(moved, "lib"), exist_ok=True)
    os.symlink(std, os.path.join(moved, "lib", "python" + xy))
    s.check("moved prefix", p)
    empty = s.folder(work, "half")
    p = os.path.join(s.folder(empty, "bin"), "python" + xy)
    shutil.copy2(real, p)
    os.makedirs(os.path.join(empty, "lib", "python" + xy))
    os.symlink(os.path.join(std, "os.py"), os.path.join(empty, "lib", "python" + xy, "os.py"))
    s.check("half a prefix", p, broken=True)
    zipped = s.folder(work, "zipped")
    p = os.path.join(s.folder(zipped, "bin"), "python" + xy)
    shutil.copy2(real, p)
    z = os.path.join(s.folder(zipped, "lib"), "python%s.zip" % xy.replace(".", ""))
    with zipfile.ZipFile(z, "w", zipfile.ZIP_STORED) as out:
        for folder, names, files in os.walk(std):
            names[:] = [n for n in names if n not in ("test", "tests", "idlelib", "ensurepip", "site-packages", "dist-packages",
                                                      "tkinter", "lib2to3", "__pycache__", "lib-dynload")]
            for n in files:
                if n.endswith(".py"):
                    out.write(os.path.join(folder, n), os.path.relpath(os.path.join(folder, n), std))
    s.check("zipped library", p)
    s.folder(zipped, "lib", "python" + xy)
    os.symlink(os.path.join(std, "lib-dynload"), os.path.join(zipped, "lib", "python" + xy, "lib-dynload"))
    s.check("zipped library", p)
    if int(xy.split(".")[1]) >= 11:
        for text in ("%s\n%s/lib-dynload\n" % (std, std), "%s\n%s/lib-dynload\n# comment\n../rel\n.\nimport site\n" % (std, std),
                     "%s # why\n%s/lib-dynload\nimport site\nimport os\n" % (std, std)):
            iso = s.folder(work, "pth-isolated")
            p = os.path.join(s.folder(iso, "bin"), "python" + xy)
            os.path.exists(p) or shutil.copy2(real, p)
            s.write(p + "._pth", text)
            s.check("._pth", p)
            s.check("._pth", p, {"PYTHONNOUSERSITE": "1", "PYTHONUSERBASE": os.path.join(s.tmp, work, "userbase")})
            s.check("._pth", p, {"PYTHONPATH": "/x", "PYTHONHOME": "/nonexistent", "PYTHONUSERBASE": os.path.join(s.tmp, work, "userbase")})


def check_all(s, xy, python, work):
    check_base(s, xy, python, work)
    check_user(s, xy, python, work)
    check_customize(s, xy, python, work)
    check_cfg(s, xy, python, work)
    check_layouts(s, xy, python, work)
    if has_venv(python):
        check_pth(s, xy, python, work, check_venvs(s, xy, python, work))
    else:
        print("MISSING, therefore NOT COMPARED: venv of " + python, flush=True)


def main():
    args = [a for a in sys.argv[1:] if a != "-v"]
    if not args:
        sys.exit(__doc__)
    found = interpreters()
    missing = [v for v in VERSIONS if v not in [xy for xy, _p in found]]
    if missing:
        print("MISSING, therefore NOT COMPARED: CPython " + ", ".join(missing), flush=True)
    if not found:
        print("SKIPPED: no interpreter found; sys.path was NOT compared")
        return 77
    s = Suite(os.path.abspath(args[0]), "-v" in sys.argv, args[1:])
    try:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
            for done in [pool.submit(check_all, s, xy, python, "%d-%s" % (i, xy)) for i, (xy, python) in enumerate(found)]:
                done.result()
    finally:
        shutil.rmtree(s.tmp, ignore_errors=True)
    for kind in sorted(set(s.good) | set(s.bad)):
        print("%-32s %4d alike %4d differ" % (kind, s.good[kind], s.bad[kind]))
    print("%d interpreters, %d comparisons, %d differ" % (len(found), sum(s.good.values()) + sum(s.bad.values()), sum(s.bad.values())))
    return 1 if s.bad else 0


if __name__ == "__main__":
    sys.exit(main())
