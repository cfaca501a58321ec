#!/usr/bin/env python3
"""compare_syspath_windows.py TOOL [-v] [--exe] [KIND…]   compare the sys.path that tfdiag works out from the files of a
Windows machine with the one that the real interpreter says under Wine.

TOOL is tests/helpers/syspath_tool: it examines the recorded machine (with --exe it is a Windows program, run under Wine,
and examines Wine itself). Interpreters and the Wine prefix are those of the Windows environments in $TFDIAG_CACHE/windows;
what is planted in the registry is taken out again. Exit: 0 all agree, 1 some differ, 77 no Wine or no interpreters (ctest:
skipped).

TFDIAG_WINDOWS_PYTHONS: "cp310 cp313" (those of the two implementations, the default), "all", or others. 82 comparisons and
one to two minutes for each.
"""
import collections
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "helpers"))
import windows_machine  # noqa: E402

ASK = ("import sys, json, _imp; print('\\n@' + json.dumps({'path': sys.path, 'prefix': sys.prefix, 'base_prefix': sys.base_prefix,"
       "'version': '%d.%d.%d' % sys.version_info[:3], 'soabi': _imp.extension_suffixes()[0][1:-4], 'cwd': __import__('os').getcwd(),"
       "'env': dict(__import__('os').environ), 'builtin': sys.builtin_module_names}))")
DROP = ("PYTHON", "VIRTUAL_ENV", "CONDA", "LC_", "LANG")


def win(path):
    """A path of the host as Wine's programs write it."""
    return "Z:" + os.path.abspath(path).replace("/", "\\")


class Suite:
    def __init__(self, tool, verbose, exe, kinds):
        self.tool, self.verbose, self.exe, self.kinds = tool, verbose, exe, kinds
        self.tmp = os.path.realpath(tempfile.mkdtemp(prefix="tfdiag-winpath-"))
        self.cwd = self.folder("cwd")
        self.machine = self.folder("machine")
        self.good, self.bad = collections.Counter(), collections.Counter()
        self.recorded = None

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
        e.update(PYTHONDONTWRITEBYTECODE="1", WINEDEBUG="-all", LC_ALL="C.UTF-8")
        e.update(more or {})
        return e

    def ask(self, python, env, cwd, script):
        cmd = ["wine", win(python), win(script)] if script else ["wine", win(python), "-c", ASK]
        p = subprocess.run(cmd, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        got = [x for x in p.stdout.decode("utf-8", "replace").split("\n") if x.startswith("@")]
        return json.loads(got[-1][1:]) if got else None, p.stderr.decode("utf-8", "replace")

    def record(self, env, cwd):
        """The machine is recorded once; only variables and folder change from case to case."""
        if self.recorded is None:
            self.recorded = windows_machine.record(self.machine, self.env(), self.cwd)
        variables = dict(self.recorded["env"])
        variables.update({k: v for k, v in env.items() if k.startswith(("PYTHON", "APPDATA", "USERPROFILE"))})
        machine = dict(self.recorded, cwd=win(cwd), env=variables)
        with open(os.path.join(self.machine, "machine.json"), "w") as f:
            json.dump(machine, f)

    def tell(self, python, env, cwd, script):
        if self.exe:
            cmd = ["wine", self.tool]
        else:
            self.record(env, cwd)
            cmd = [self.tool, "--machine", self.machine]
        cmd += (["--script", win(script)] if script else []) + [win(python)]
        p = subprocess.run(cmd, env=env, cwd=cwd, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        facts = {"path": []}
        for line in p.stdout.decode("utf-8", "surrogateescape").replace("\r", "").split("\n"):
            key, _, value = line.partition("\t")
            if key == "place":
                facts["path"].append(value.split("\t", 2)[2])
            elif key == "startup":
                facts.setdefault(key, []).append(value)
            else:
                facts[key] = value
        return facts

    def check(self, kind, python, more=None, cwd=None, script=None, complete=True, broken=False, damaged=False):
        """damaged: it starts, but its library lacks what an import of TensorFlow needs."""
        if self.kinds and kind not in self.kinds:
            return
        env, cwd = self.env(more), cwd or self.cwd
        fold = str.lower if "case" in kind else str
        real, err = self.ask(python, env, cwd, script)
        mine = self.tell(python, env, cwd, script)
        wrong = []
        if real is None or broken:
            if real is not None:
                wrong.append("expected a broken interpreter, it starts")
            if mine.get("broken") in ("0", "1", None):
                wrong.append("does not start, tfdiag says broken=%s; %s" % (mine.get("broken"), err.strip()[-300:]))
        else:
            path = [win(cwd) if p == "" else p for p in real["path"]]
            if mine.get("broken") != ("9" if damaged else "0"):
                wrong.append("tfdiag says broken=%s %s" % (mine.get("broken"), mine.get("broken_why")))
            if mine.get("complete") != ("1" if complete else "0"):
                wrong.append("complete=%s (%s)" % (mine.get("complete"), mine.get("incomplete_why")))
            if complete:
                for key in ("prefix", "base_prefix"):
                    if fold(real[key]).rstrip("\\") != fold(mine.get(key) or "?").rstrip("\\"):
                        wrong.append("%s: %s, tfdiag %s" % (key, real[key], mine.get(key)))
                if [fold(p) for p in path] != [fold(p) for p in mine["path"]]:
                    wrong.append("sys.path:\n    real   %s\n    tfdiag %s" % (path, mine["path"]))
            if real["version"] != mine.get("version"):
                wrong.append("version: %s, tfdiag %s (%s)" % (real["version"], mine.get("version"), mine.get("version_source")))
            if real["soabi"] != mine.get("soabi"):
                wrong.append("soabi: %s, tfdiag %s" % (real["soabi"], mine.get("soabi")))
            if sorted(real["builtin"]) != sorted((mine.get("builtin") or "").split()):
                wrong.append("builtin modules: %s" % sorted(set(real["builtin"]) ^ set((mine.get("builtin") or "").split())))
        (self.bad if wrong else self.good)[kind] += 1
        if wrong:
            print("DIFFERS %s: %s %s%s\n  %s" % (kind, python, more or "", " in " + cwd if cwd != self.cwd else "",
                                               "\n  ".join(wrong)), flush=True)
            for line in mine.get("startup", ()) if self.verbose else ():
                print("    start-up file:", line)

    def reg(self, *arguments):
        subprocess.run(["wine", "reg"] + list(arguments) + ["/f"], env=self.env(), stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.recorded = None


def link_tree(source, target, without=()):
    """A copy of an installation that shares its files; removing and putting is safe, writing in place is not."""
    os.makedirs(target, exist_ok=True)
    for name in sorted(os.listdir(source)):
        if name not in without:
            subprocess.run(["cp", "-al", os.path.join(source, name), target], check=True)
    return os.path.join(target, "python.exe")


def check_base(s, python, work):
    s.check("base", python)
    s.check("base", python, cwd=os.path.dirname(python))
    d = s.folder(work, "pp")
    s.write(os.path.join(d, "a", "x.py"), "")
    w = win(d)
    for value in (w, w + "\\", w + ";" + w + "\\A", ";" + w, w + ";;Z:\\nonexistent", ".", "a;.\\a;..\\x", w.replace("\\", "/"),
                  w.upper() + ";" + w, "\\nonexistent", w + "\\a\\..;" + w):
        s.check("PYTHONPATH", python, {"PYTHONPATH": value}, cwd=d)
    script = s.write(os.path.join(d, "a", "prog.py"), ASK + "\n")
    s.check("--script", python, script=script, cwd=d)
    for value in ("1", "0", ""):
        s.check("PYTHONSAFEPATH", python, {"PYTHONSAFEPATH": value, "PYTHONPATH": w})
    s.check("PYTHONNOUSERSITE", python, {"PYTHONNOUSERSITE": "1"})
    home = win(os.path.dirname(python))
    s.check("PYTHONHOME", python, {"PYTHONHOME": home})
    s.check("PYTHONHOME", python, {"PYTHONHOME": home, "PYTHONPATH": w})
    s.check("PYTHONHOME", python, {"PYTHONHOME": "Z:\\nonexistent"}, broken=True)
    # From 3.11 it renames DLLs\\.
    s.check("PYTHONPLATLIBDIR", python, {"PYTHONPLATLIBDIR": "elsewhere"}, damaged=int(work.split(".")[1]) >= 11)


def check_user(s, xy, python, work):
    base = s.folder(work, "userbase")
    sp = s.folder(base, "Python" + xy.replace(".", ""), "site-packages")
    s.write(os.path.join(sp, "u.pth"), win(s.folder(work, "userbase", "more")) + "\n")
    s.check("user site", python, {"PYTHONUSERBASE": win(base)})
    s.check("user site", python, {"PYTHONUSERBASE": win(base), "PYTHONNOUSERSITE": "1"})
    s.write(os.path.join(sp, "usercustomize.py"), "import sys\nsys.path.append('Z:\\\\usercustomized')\n")
    s.check("usercustomize", python, {"PYTHONUSERBASE": win(base)})


def check_registry(s, xy, python, work):
    a, b, c = (win(s.folder(work, "reg", n)) for n in "abc")
    for root in ("HKCU", "HKLM"):
        key = root + "\\Software\\Python\\PythonCore\\%s\\PythonPath" % xy
        s.reg("add", key, "/ve", "/t", "REG_SZ", "/d", a)
        s.check("registry core", python)
        s.reg("add", key + "\\app", "/ve", "/t", "REG_SZ", "/d", b + ";" + c)
        s.check("registry", python)
        s.check("registry", python, {"PYTHONPATH": c})
        if root == "HKLM":
            s.reg("add", key.replace("HKLM", "HKCU") + "\\mine", "/ve", "/t", "REG_SZ", "/d", c)
            s.check("registry", python)
            s.reg("delete", key.replace("HKLM", "HKCU"))
        s.reg("delete", root + "\\Software\\Python\\PythonCore\\" + xy)


def find_redirector(python):
    """venvlauncher.exe of this installation, else of another one: it does not mind the version."""
    pythons = os.path.dirname(os.path.dirname(python))
    for root in [os.path.dirname(python)] + sorted(glob.glob(os.path.join(pythons, "cp3*"))):
        for name in ("venvlauncher.exe", "python.exe"):
            path = os.path.join(root, "Lib", "venv", "scripts", "nt", name)
            if os.path.isfile(path):
                return path
    return None


def check_venvs(s, python, work):
    root = s.folder(work)

    def make(name, *options):
        where = os.path.join(root, name)
        subprocess.run(["wine", win(python), "-m", "venv", "--without-pip"] + list(options) + [win(where)], env=s.env(),
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        exe = os.path.join(where, "Scripts", "python.exe")
        # Where the module venv does not run under Wine (3.13), or has no redirector (rebuilt 3.7): what it would have made.
        if not os.path.isfile(exe):
            s.folder(where, "Scripts")
            s.folder(where, "Lib", "site-packages")
            shutil.copy(find_redirector(python), exe)
            s.write(os.path.join(where, "pyvenv.cfg"), "home = %s\ninclude-system-site-packages = %s\nversion = %s.0\n" %
                    (win(os.path.dirname(python)), "true" if options else "false", work))
        return exe

    plain = make("venv")
    s.check("venv", plain)
    s.check("venv", plain, {"PYTHONUSERBASE": win(os.path.join(root, "userbase"))})
    s.check("venv", plain, {"PYTHONPATH": win(root)})
    s.check("venv", plain, {"PYTHONHOME": win(os.path.dirname(python))})
    s.check("venv --system-site-packages", make("venv-system", "--system-site-packages"))
    s.check("venv --system-site-packages", os.path.join(root, "venv-system", "Scripts", "python.exe"),
            {"PYTHONUSERBASE": win(os.path.join(root, "userbase"))})
    s.check("venv with a space", make("with space"))
    cfg = os.path.join(root, "venv", "pyvenv.cfg")
    text = open(cfg, encoding="utf-8").read()
    home = win(os.path.dirname(python))
    for name, changed in (("trailing", text.replace(home, home + "\\")), ("case", text.replace(home, home.upper())),
                          ("slashes", text.replace(home, home.replace("\\", "/"))),
                          ("uv", "home = %s\nimplementation = CPython\nuv = 0.4.1\nversion_info = 3.9.1\ninclude-system-site-packages = false\n" % home)):
        if name == "trailing" and work == "3.8":
            print("NOT COMPARED: 3.8's redirector ends with 0xC0000409 under Wine where home ends with a backslash", flush=True)
            continue
        os.unlink(cfg)
        s.write(cfg, changed)
        s.check("pyvenv.cfg (%s)" % name, plain)
    for name, changed in (("gone", text.replace(home, "Z:\\nonexistent")), ("no home", "version = 3.10.1\n")):
        os.unlink(cfg)
        s.write(cfg, changed)
        s.check("pyvenv.cfg (%s)" % name, plain, broken=True)
    os.unlink(cfg)
    s.check("pyvenv.cfg (lost)", plain, broken=True)
    s.write(cfg, text)
    return plain


def check_pth(s, work, venv):
    sp = os.path.join(os.path.dirname(os.path.dirname(venv)), "Lib", "site-packages")
    d = s.folder(work, "pth")
    for n in ("one", "two", "three"):
        s.folder(d, n)
    s.folder(sp, "here")
    s.folder(sp, "google")
    w = win(d)
    pth = os.path.join(sp, "zz_case.pth")
    cases = [("path", w + "\\one\n", True), ("path-gone", w + "\\nothing\nZ:\\nonexistent\\x\n", True),
             ("path-twice", "{0}\\one\n{0}\\One\\\n{0}\\.\\two\\..\\ONE\n{0}/two\n".format(w), True),
             ("path-relative", "..\\..\\Scripts\n.\\here\n\n   \n# x\n", True), ("crlf", w + "\\one\r\n" + w + "\\two\r\nimport sys\r\n", True),
             ("rooted", w[2:] + "\\one\n", True),
             ("insert", "import sys; sys.path.insert(0, r'%s\\one')\n" % w, True),
             ("insert-escaped", "import sys; sys.path.insert(0, '%s')\n" % (w + "\\one").replace("\\", "\\\\"), True),
             ("join", "import os, sys; sys.path.append(os.path.join(r'%s', 'one'))\n" % w, True),
             ("sitedir", "import sys, os; sys.path.append(os.path.join(sitedir, 'here'))\n", True),
             ("environ", "import sys, os; sys.path.append(os.environ['APPDATA'])\n", True),
             ("expanduser", "import os, sys; sys.path.insert(0, os.path.expanduser('~/mine'))\n", True),
             ("distutils", "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'x'; "
                           "enabled and __import__('_distutils_hack').add_shim(); \n", True),
             ("unknown", "import sys; [sys.path.insert(0, p) for p in [r'%s']]\n" % w, False)]
    for name, text, complete in cases:
        s.write(pth, text)
        s.check(".pth", venv, complete=complete)
    for name, text in (("bom", b"\xef\xbb\xbf" + (w + "\\one\n").encode()), ("latin1", b"# \xe4\n" + (w + "\\one\n").encode())):
        s.write(pth, text)
        s.check(".pth encoding", venv)
        s.check(".pth encoding", venv, {"PYTHONUTF8": "1"})
    os.unlink(pth)
    for n, t in (("b.pth", w + "\\two\n"), ("a.pth", w + "\\one\n"), ("B2.pth", w + "\\three\n"), (".h.pth", w + "\\here\n"), ("c.PTH", w + "\n")):
        s.write(os.path.join(sp, n), t)
    s.check(".pth order", venv)


def check_layouts(s, xy, python, work):
    """Copies of the installation: moved, embedded (._pth, zipped library), without DLLs\\, a program elsewhere."""
    base = os.path.dirname(python)
    nodot = xy.replace(".", "")
    s.check("moved", link_tree(base, s.folder(work, "moved")))
    s.check("without DLLs", link_tree(base, s.folder(work, "no-dlls"), ("DLLs",)), damaged=os.path.isdir(os.path.join(base, "DLLs")))
    deep = s.folder(work, "deep", "bin")
    for name in os.listdir(base):
        if os.path.isfile(os.path.join(base, name)):
            os.link(os.path.join(base, name), os.path.join(deep, name))
    for name in ("Lib", "DLLs"):
        if os.path.isdir(os.path.join(base, name)):
            subprocess.run(["cp", "-al", os.path.join(base, name), os.path.dirname(deep)], check=True)
    s.check("program in a sub-folder", os.path.join(deep, "python.exe"))
    s.check("program in a sub-folder", os.path.join(deep, "python.exe"), {"PYTHONPATH": win(deep)})
    gone = link_tree(base, s.folder(work, "gone"), ("Lib",))
    s.check("library gone", gone, broken=True)
    for i, (name, text) in enumerate((("python%s._pth" % nodot, "Lib\nDLLs\n.\n"), ("python._pth", "Lib\r\nDLLs\r\n\r\n# why\r\nimport site\r\n"),
                                      ("python%s._pth" % nodot, "Lib\nDLLs\n..\\rel\nimport site\n"),
                                      ("python._pth", win(os.path.join(base, "Lib")) + "\nDLLs\n"))):
        root = s.folder(work, "pth%d" % i)
        exe = link_tree(base, root)
        s.write(os.path.join(root, name), text)
        s.check("._pth", exe)
        s.check("._pth", exe, {"PYTHONPATH": "Z:\\x", "PYTHONHOME": "Z:\\nonexistent",
                               "PYTHONUSERBASE": win(os.path.join(s.tmp, work, "userbase"))})
    root = s.folder(work, "pthbad")
    exe = link_tree(base, root)
    s.write(os.path.join(root, "python._pth"), "Lib\nDLLs\nimport os\n")
    s.check("._pth import", exe)
    zipped = s.folder(work, "zipped")
    exe = link_tree(base, zipped, ("Lib",))
    with zipfile.ZipFile(os.path.join(zipped, "python%s.zip" % nodot), "w", zipfile.ZIP_STORED) as out:
        lib = os.path.join(base, "Lib")
        for folder, names, files in os.walk(lib):
            names[:] = [n for n in names if n not in ("test", "tests", "idlelib", "ensurepip", "site-packages", "tkinter", "lib2to3",
                                                      "__pycache__", "lib-tk", "turtledemo", "distutils")]
            for n in files:
                if n.endswith(".py"):
                    out.write(os.path.join(folder, n), os.path.relpath(os.path.join(folder, n), lib))
    has_dlls = os.path.isdir(os.path.join(base, "DLLs"))
    s.check("zipped library", exe, damaged=not has_dlls)
    s.folder(zipped, "Lib", "site-packages")
    s.check("zipped library", exe, damaged=not has_dlls)
    s.write(os.path.join(zipped, "python%s._pth" % nodot), "python%s.zip\n.\nDLLs\n" % nodot)
    s.check("embedded", exe, damaged=not has_dlls)


def check_all(s, xy, python):
    work = xy
    check_base(s, python, work)
    check_user(s, xy, python, work)
    check_registry(s, xy, python, work)
    check_pth(s, work, check_venvs(s, python, work))
    check_layouts(s, xy, python, work)
    shutil.rmtree(os.path.join(s.tmp, work), ignore_errors=True)


def find_windows():
    cache = os.environ.get("TFDIAG_CACHE") or os.path.expanduser("~/.cache/tfdiag-tests")
    return os.path.join(cache, "windows")


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith("-")]
    only = (os.environ.get("TFDIAG_WINDOWS_PYTHONS") or "cp310 cp313").split()
    where = find_windows()
    pythons = sorted(glob.glob(os.path.join(where, "pythons", "cp3*", "python.exe")))
    prefix = os.environ.get("WINEPREFIX") or os.path.join(where, "prefix")
    if not shutil.which("wine") or not pythons or not os.path.isdir(prefix):
        print("NOT COMPARED: no Wine, or no Windows interpreters in %s" % where)
        return 77
    os.environ.update(WINEPREFIX=prefix, WINEARCH="win64", WINEDEBUG="-all")
    # The first program starts Wine's services, which keep its streams open.
    subprocess.run(["wine", "cmd", "/c", "exit"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    s = Suite(os.path.abspath(arguments[0]), "-v" in sys.argv, "--exe" in sys.argv, arguments[1:])
    try:
        for python in pythons:
            name = os.path.basename(os.path.dirname(python))
            if "all" in only or name in only:
                check_all(s, "%s.%s" % (name[2], name[3:]), python)
    finally:
        shutil.rmtree(s.tmp, ignore_errors=True)
    for kind in sorted(set(s.good) | set(s.bad)):
        print("%-30s %4d agree %4d differ" % (kind, s.good[kind], s.bad[kind]))
    print("%d comparisons, %d differ" % (sum(s.good.values()) + sum(s.bad.values()), sum(s.bad.values())))
    return 1 if s.bad else 0


if __name__ == "__main__":
    sys.exit(main())
