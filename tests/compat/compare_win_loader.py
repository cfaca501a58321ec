#!/usr/bin/env python3
"""compare_win_loader.py FOLDER_OF_TOOLS [--trees] [TREE…]   compare the model of Windows' loader with the loader of Wine.

FOLDER_OF_TOOLS holds win_native_tool and tables_tool. The lab is that of tests/real_windows (${TFDIAG_CACHE}/windows).
  1. Scenes: a copy of msvcp140.dll stands in this or that folder, and an extension module that needs it is opened by a real
     python.exe of 3.7 and of 3.10, alone, after os.add_dll_directory, or after ctypes. Each says which copy the process got.
  2. Trees (those named, without scenes; with --trees every one of the lab): the native files, not Wine's own, that `import tensorflow` maps are
     those that the probe says it maps.
Exit: 0 all agree, 1 some differ, 77 no Wine or no lab (ctest: skipped).
"""
import json
import os
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(HERE, "..", "real_windows"), os.path.join(HERE, "..", "helpers")]
import winlab  # noqa: E402

# What runs in the interpreter: the lines that win_native_tool reads. Modules are opened, not executed.
DRIVER = """
import ctypes, importlib.util, os, sys
for line in open(sys.argv[1], encoding='utf-8'):
    verb, _, rest = line.strip().partition(' ')
    try:
        if verb == 'dir':
            os.add_dll_directory(rest)
        elif verb in ('name', 'library'):
            ctypes.WinDLL(rest)
        elif verb == 'open':
            name = os.path.basename(rest).split('.')[0]
            importlib.util.module_from_spec(importlib.util.spec_from_file_location(name, rest))
    except (ImportError, OSError) as e:
        print('failed', rest, type(e).__name__, flush=True)
    else:
        print('done', rest, flush=True)
sys.stdout.flush()
os._exit(0)
"""
MODULES = {"tf2101-cp310": r"tensorflow\lite\python\optimize\_pywrap_tensorflow_lite_calibration_wrapper.pyd",
           "tf210-cp37": r"tensorflow_core\lite\python\optimize\_tensorflow_lite_wrap_calibration_wrapper.pyd"}
LOADED = re.compile(r'trace:loaddll:build_module Loaded L"(.*?)" at [0-9A-F]+: (\w+)')


class Scene:
    """What stands where (folder: version of msvcp140.dll) and what the process does before the module is opened."""

    def __init__(self, name, copies, before=(), path=(), system=None):
        self.name, self.copies, self.before, self.path, self.system = name, copies, before, path, system


OLD, NEW = "14.29.30133", "14.44.35211"
SCENES = [
    Scene("nowhere", {}),
    Scene("System32", {}, system=NEW),
    Scene("beside python.exe", {"python": OLD}),
    Scene("beside python.exe and in System32", {"python": OLD}, system=NEW),
    Scene("beside the module", {"module": OLD}),
    Scene("beside the module and everywhere", {"module": OLD, "python": NEW, "path": NEW, "cwd": NEW}, path=["path"], system=NEW),
    Scene("on PATH", {"path": OLD}, path=["path"]),
    Scene("on PATH and in System32", {"path": OLD}, path=["path"], system=NEW),
    Scene("second on PATH", {"path": OLD}, path=["none", "path"]),
    Scene("in the current folder", {"cwd": OLD}),
    Scene("in the current folder and on PATH", {"cwd": OLD, "path": NEW}, path=["path"]),
    Scene("in a folder added", {"added": OLD}, ["dir added"]),
    Scene("in a folder added and in System32", {"added": OLD}, ["dir added"], system=NEW),
    Scene("in two folders added", {"added": OLD, "path": NEW}, ["dir added", "dir path"]),
    Scene("in a folder added and beside python.exe", {"added": OLD, "python": NEW}, ["dir added"]),
    Scene("by name first", {"module": OLD}, ["name msvcp140.dll"], system=NEW),
    Scene("by name, only on PATH", {"path": OLD}, ["name msvcp140.dll"], path=["path"]),
    Scene("by path first", {"other": OLD, "module": NEW}, ["library other\\msvcp140.dll"], system=NEW),
    Scene("by a path that is not there", {"module": NEW}, ["library none\\msvcp140.dll"]),
]


def run_tool(command, text=""):
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
                          errors="replace")
    return done.stdout, done.stderr


def wine_loads(text):
    """[(lower path, "native" or "builtin")] of the process, in order."""
    return [(p.replace("\\\\", "\\").lower(), kind) for p, kind in LOADED.findall(text)]


class Comparison:
    def __init__(self, tools, lab):
        self.tools, self.lab = os.path.abspath(tools), lab
        self.machine = winlab.Machine(lab, os.getpid() * 10)
        self.checked = self.bad = 0

    def check(self, good, text):
        self.checked += 1
        if not good:
            self.bad += 1
            print("DIFFERS " + text)

    def fixture(self, name, env, cwd):
        """The machine as a recorded one: links to the drives."""
        folder = os.path.join(self.machine.root, "machine-" + name)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(os.path.join(folder, "root"))
        for drive, target in (("C", os.path.join(self.machine.prefix, "drive_c")), ("D", self.machine.d), ("Z", "/")):
            os.symlink(target, os.path.join(folder, "root", drive))
        with open(os.path.join(folder, "machine.json"), "w", encoding="utf-8") as f:
            json.dump({"os": "windows", "arch": "x86_64", "build": 18362, "wine": True, "windows_dir": "C:\\windows",
                       "system_dir": "C:\\windows\\system32", "cwd": self.machine.win(cwd), "env": env,
                       "home": env["USERPROFILE"]}, f)
        return folder

    def wine(self, command, cwd, env, timeout):
        env = dict(env, WINEDEBUG="-all,+loaddll", PYTHONDONTWRITEBYTECODE="1", TF_CPP_MIN_LOG_LEVEL="3")
        return self.machine.run(winlab.command_line(command), cwd, env, timeout)

    # ---- 1. scenes

    def stage(self, tree):
        """A python.exe of its own, with links to the rest of the tree, and a folder with one module."""
        top, source = os.path.join(self.machine.d, "stage"), os.path.join(self.lab, "trees", tree)
        shutil.rmtree(top, ignore_errors=True)
        places = {name: os.path.join(top, name) for name in ("python", "module", "path", "cwd", "added", "other", "none", "home")}
        for path in places.values():
            if not path.endswith("none"):
                os.makedirs(path)
        for name in os.listdir(source):
            path = os.path.join(source, name)
            if os.path.isdir(path):
                os.symlink(path, os.path.join(places["python"], name))
            else:
                shutil.copy2(path, places["python"])
        module = os.path.join(source, "Lib", "site-packages", *MODULES[tree].split("\\"))
        shutil.copy2(module, places["module"])
        places["file"] = os.path.join(places["module"], os.path.basename(module))
        return places

    def lay(self, places, scene):
        for name, path in places.items():
            copy = os.path.join(path, "msvcp140.dll")
            if os.path.exists(copy):
                os.unlink(copy)
            if name in scene.copies:
                shutil.copy2(os.path.join(self.lab, "vcredist", scene.copies[name], "msvcp140.dll"), copy)
        # The module needs vcruntime140_1.dll besides, which 3.7 does not bring.
        self.machine.set_state(redist=NEW, without=() if scene.system else ("msvcp140.dll",))

    def lines(self, places, scene, tree):
        w = self.machine.win
        full = []
        for line in scene.before:
            verb, rest = line.split(" ", 1)
            if verb == "dir" and tree.endswith("cp37"):
                return None
            full.append(line if verb == "name" else "%s %s" % (verb, w(os.path.join(os.path.dirname(places["python"]), *rest.split("\\")))))
        return full + ["open " + w(places["file"])]

    def scene(self, tree, places, scene):
        lines = self.lines(places, scene, tree)
        if lines is None:
            return
        self.lay(places, scene)
        w, text = self.machine.win, "\n".join(lines) + "\n"
        path = ";".join([r"C:\windows\system32", r"C:\windows"] + [w(places[p]) for p in scene.path])
        env = self.machine.environment(places["home"], {"PATH": path})
        listed = os.path.join(self.machine.d, "stage", "list.txt")
        driver = os.path.join(self.machine.d, "stage", "driver.py")
        for path, content in ((listed, text), (driver, DRIVER)):
            with open(path, "w", encoding="utf-8") as f:
                f.write(content)
        exe = w(os.path.join(places["python"], "python.exe"))
        _, said = self.wine([exe, "-I", w(driver), w(listed)], places["cwd"], env, 120)
        real = [p for p, _ in wine_loads(said) if p.endswith("\\msvcp140.dll")]
        ok = ("done " + lines[-1].split(" ", 1)[1]) in said
        order = "altered" if tree.endswith("cp37") else "flags"
        out, err = run_tool([os.path.join(self.tools, "win_native_tool"), self.fixture("scene", env, places["cwd"]), exe],
                            "order %s\n%s" % (order, text))
        mine = [line.split("\t")[1].lower() for line in out.splitlines()
                if line.startswith("loaded\t") and line.lower().endswith("\\msvcp140.dll")]
        fine = "root\t%s\tok" % lines[-1].split(" ", 1)[1] in out
        # A module that fails is unloaded, and what it brought with it: Wine has told of it, the model has not kept it.
        self.check((mine == real[:len(mine)] and (mine or not ok)) and fine == ok,
                   "%s, msvcp140.dll %s: Wine %s %s, model %s %s %s" % (tree, scene.name, real, ok, mine, fine, err))

    # ---- 2. trees

    def tree(self, name):
        exe = self.machine.win(os.path.join(self.lab, "trees", name, "python.exe"))
        home = os.path.join(self.machine.d, "home")
        os.makedirs(home, exist_ok=True)
        self.machine.set_state(redist=NEW)
        env = self.machine.environment(home, {})
        begin = time.monotonic()
        code, out = self.wine([exe, "-s", "-c", "import tensorflow, os; os._exit(0)"], home, env, 600)
        took = time.monotonic() - begin
        if code != 0:
            print("%s: import tensorflow fails (%s): not compared\n%s" % (name, code, out[-500:]))
            self.check(False, "%s: a healthy tree does not import" % name)
            return
        folder = self.fixture("tree", env, home)
        text, err = run_tool([os.path.join(self.tools, "tables_tool"), exe, "tensorflow", folder])
        rows = [line.split("\t") for line in text.splitlines()]
        mine = {r[1].lower() for r in rows if r[0] == "object" and r[3] != "-" and r[2] == "0"}
        top = exe[:exe.rindex("\\")].lower() + "\\"
        is_own = lambda p: p.startswith(top) or winlab.RUNTIME.match(p.rsplit("\\", 1)[1])
        # The first process is the interpreter; programs that it starts come later.
        real = {p for p, kind in wine_loads(out) if is_own(p) and kind == "native"}
        mine = {p for p in mine if is_own(p)}
        for path in sorted(real - mine):
            self.check(False, "%s: loaded and not foreseen: %s" % (name, path))
        for path in sorted(mine - real):
            self.check(False, "%s: foreseen and not loaded: %s" % (name, path))
        for row in rows:
            if row[0] in ("undefined", "intruder") or (row[0] == "resolution" and row[3] != "2"):
                self.check(False, "%s: in a healthy tree: %s" % (name, "\t".join(row)))
        self.check(bool(mine), "%s: nothing was compared: %s" % (name, err))
        last = [r for r in rows if r[0] == "native"]
        print("%s: %d files, import %.0f s, model %s" % (name, len(real), took, " ".join(last[0][1:]) if last else "?"), flush=True)


def main():
    lab = winlab.default_cache()
    words = [w for w in sys.argv[2:] if not w.startswith("--")]
    trees = sorted(os.listdir(os.path.join(lab, "trees"))) if os.path.isdir(os.path.join(lab, "trees")) else []
    if not winlab.wine_program() or not trees or not os.path.exists(os.path.join(lab, "launch.exe")):
        print("SKIPPED: %s: nothing was compared" % ("no lab in " + lab if winlab.wine_program() else "no Wine"))
        return 77
    comparison = Comparison(sys.argv[1], lab)
    comparison.machine.make()
    try:
        for tree in [t for t in MODULES if t in trees] if not words else []:
            places = comparison.stage(tree)
            for scene in SCENES:
                comparison.scene(tree, places, scene)
            print("%s: %d scenes" % (tree, len(SCENES)), flush=True)
        for tree in words or (trees if "--trees" in sys.argv else []):
            comparison.tree(tree)
    finally:
        comparison.machine.remove()
    print("%d comparisons, %d differ" % (comparison.checked, comparison.bad))
    return 1 if comparison.bad else 0


if __name__ == "__main__":
    sys.exit(main())
