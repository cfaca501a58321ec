#!/usr/bin/env python3
"""compare_loader.py FOLDER_OF_TOOLS [ENV…]   compare the loader model with the real ld.so (glibc).

FOLDER_OF_TOOLS holds native_tool and tables_tool. ENV: environments with TensorFlow; without any, those that
tests/real/make_envs.sh finished in ${TFDIAG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tfdiag-tests}.
For each environment
  1. the files that the probe says an import loads are those that LD_DEBUG=libs says were initialised (modules of the
     standard library only where the import was measured with the same CPython);
  2. with the objects that the import opened, in its order, the model finds every searched library at the same path, and its
     list of places tried is, without the folders of old hardware names, the one that ld.so prints;
  3. for every native file of the environment, taken alone, the model misses as many symbols as `ldd -r` says, and all needed
     libraries that `ldd` misses.
Exit: 0 all agree, 1 some differ, 77 no environment, or no glibc (ctest: skipped).
"""
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import tempfile

CLEAN = {k: v for k, v in os.environ.items() if not k.startswith(("LD_", "PYTHON", "VIRTUAL_ENV"))}
IMPORTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../src/kb/data/imports")
# What TensorFlow's CUDA builds open by name (tsl's dso_loader) whether or not a GPU is there: needed by no object, and
# no import fails for want of it.  The GPU's checks look for it, not the loader's.
OPENED_BY_NAME = re.compile(r"/lib(cudart|cuda)\.so[.\d]*$")
OLD_FOLDER = re.compile(r"/(tls|haswell|xeon_phi|avx512_1|x86_64|atomics)(?=/)(?!/python)")


def run(command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, errors="replace",
                          env=dict(CLEAN, **more.pop("env", {})), **more)


class Search:
    """One 'find library' block of LD_DEBUG=libs: name, places tried; the last one is the hit if an object came of it."""

    def __init__(self, name):
        self.name, self.tried = name, []


def trace(python):
    """Searches and initialised files of `import tensorflow`, of the interpreter's own process."""
    with tempfile.TemporaryDirectory() as folder:
        done = run([python, "-B", "-c", "import tensorflow; tensorflow.constant(1); tensorflow.keras.layers"], cwd=folder,
                   env={"LD_DEBUG": "libs", "LD_DEBUG_OUTPUT": os.path.join(folder, "log"), "TF_CPP_MIN_LOG_LEVEL": "3"})
        log = max(glob.glob(os.path.join(folder, "log.*")), key=os.path.getsize)
        searches, started = [], []
        for line in open(log, errors="replace"):
            m = re.search(r"find library=(\S+) \[\d+\]; searching", line)
            if m:
                searches.append(Search(m.group(1)))
            m = re.search(r"  trying file=(.*)$", line)
            if m and searches:
                searches[-1].tried.append(m.group(1))
            m = re.search(r"calling init: (.*)$", line)
            if m:
                started.append(m.group(1))
    return done.returncode, searches, started


def measured_with(tensorflow):
    """The CPython, "3.12", of the measurement that answers for this release: the newest that is not newer."""
    def number(text):
        return [int(n) for n in text.split(".")[:2]]
    lines = sorted((number(os.path.basename(p)[:-len(".json")]), p) for p in glob.glob(os.path.join(IMPORTS, "*.json")))
    path = [p for n, p in lines if n <= number(tensorflow)][-1]
    return re.search(r"CPython (\d+\.\d+)", open(path).read()).group(1)


def versions(python):
    """CPython, "3.12", and TensorFlow, "2.20.0", of an environment."""
    out = run([python, "-c", "import sys, os, re, glob; print('%d.%d' % sys.version_info[:2])\n"
                             "for p in sys.path:\n"
                             "  for d in glob.glob(os.path.join(p, 'tensorflow*-*.dist-info')):\n"
                             "    m = re.match(r'tensorflow(_cpu)?-([\d.]+)\.dist', os.path.basename(d))\n"
                             "    m and print(m.group(2))"]).stdout.split()
    return out[0], out[1]


def rows(text, kind):
    return [line.split("\t")[1:] for line in text.splitlines() if line.startswith(kind + "\t")]


class Comparison:
    def __init__(self, tools):
        self.tools, self.bad, self.checked = tools, 0, 0

    def tool(self, name):
        return os.path.join(self.tools, name)

    def check(self, good, text):
        self.checked += 1
        if not good:
            self.bad += 1
            if self.bad <= 40:
                print("DIFFERS " + text)

    def files(self, env, python, started):
        """1. The probe's closure."""
        out = run([self.tool("tables_tool"), python], cwd="/").stdout
        model = {os.path.realpath(r[0]) for r in rows(out, "object") if r[2] != "-"}
        real = {os.path.realpath(p) for p in started if not OPENED_BY_NAME.search(p)} | {os.path.realpath(python)}
        cpython, tensorflow = versions(python)
        if cpython != measured_with(tensorflow):
            # The extension modules of another CPython, and what those alone need, are others.
            ours = os.path.dirname(os.path.dirname(python)) + "/"
            model, real = ({p for p in paths if p.startswith(ours)} for paths in (model, real))
            print("%s: CPython %s, measured with %s: the files of the environment alone" % (env, cpython, measured_with(tensorflow)))
        for path in sorted(real - model):
            self.check(False, "%s: loaded and not foreseen: %s" % (env, path))
        for path in sorted(model - real):
            self.check(False, "%s: foreseen and not loaded: %s" % (env, path))
        self.check(True, "")
        for kind in ("version", "undefined", "intruder"):
            self.check(not rows(out, kind), "%s: %s problems in a healthy environment" % (env, kind))
        return len(real)

    def searches(self, env, python, searches, started):
        """2. Each search of the import."""
        needed = {s.tried[-1] for s in searches if s.tried}
        roots = [p for p in started if p.endswith(".so") and p not in needed]
        out = run([self.tool("native_tool"), python, "-v"], input="\n".join(roots) + "\n", cwd="/").stdout
        model, last = {}, None
        for line in out.splitlines():
            f = line.split("\t")
            if f[0] == "need":
                last = f[2]
                if f[4] != "already loaded":
                    model.setdefault(last, (f[3], []))
            elif f[0] == "try" and last in model and f[3] != "not listed":
                model[last][1].append(f[1])
        seen = {}
        for s in searches:
            seen.setdefault(s.name, s.tried)
        for name, tried in seen.items():
            if name not in model and tried[-1:] and (tried[-1] not in started or OPENED_BY_NAME.search(tried[-1])):
                continue  # opened by name from a program, needed by no object
            hit, places = model.get(name, ("(nothing)", []))
            self.check(bool(tried) and hit == tried[-1], "%s: %s: ld.so %s, model %s" % (env, name, tried[-1:], hit))
            real = [p for p in tried[:-1] if not OLD_FOLDER.search(p) and "/glibc-hwcaps/" not in p]
            real = list(dict.fromkeys(real))
            # ld.so does not try folders again that it found missing; the model says "no such folder" each time.
            self.check([p for p in places if p in set(real)] == real,
                       "%s: %s: ld.so tried %s, model %s" % (env, name, real, places))
        return len(seen)

    def alone(self, path):
        """3. One file as a program of its own."""
        real = run(["ldd", "-r", path], cwd="/")
        text = real.stdout + real.stderr
        symbols = set(re.findall(r"undefined symbol: ([^\s,]+).*?\((.*?)\)", text))
        lost = set(re.findall(r"^\s*(\S+) => not found", text, re.M))
        if "not a dynamic executable" in text or "statically linked" in text:
            return None
        out = run([self.tool("native_tool"), path], input="", cwd="/").stdout
        mine = {r[1] for r in rows(out, "need") if r[2] == "-"}
        count = sum(int(r[2]) for r in rows(out, "undefined"))
        if lost:
            return mine == lost, "%s: not found: ldd %s, model %s" % (path, sorted(lost), sorted(mine))
        return (not mine and count == len(symbols),
                "%s: undefined: ldd %d, model %d %s" % (path, len(symbols), count, sorted(mine)))

    def environment(self, env):
        python = os.path.join(env, "bin", "python")
        code, searches, started = trace(python)
        if code != 0:
            print("%s: import tensorflow fails (%d): not compared" % (env, code))
            return
        files = self.files(env, python, started)
        names = self.searches(env, python, searches, started)
        paths = sorted(p for p in glob.glob(os.path.join(env, "lib/python3*/site-packages/**/*.so*"), recursive=True)
                       if os.path.isfile(p) and open(p, "rb").read(4) == b"\177ELF")
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for answer in pool.map(self.alone, paths):
                if answer:
                    self.check(*answer)
        print("%s: %d files loaded, %d searches, %d files alone" % (env, files, names, len(paths)))


def finished():
    cache = os.environ.get("TFDIAG_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "tfdiag-tests")
    return sorted(os.path.dirname(mark) for mark in glob.glob(os.path.join(glob.escape(cache), "*", ".lab-done")))


def main():
    envs = sys.argv[2:] or finished()
    envs = [e for e in envs if os.path.exists(os.path.join(e, "bin", "python")) and
            glob.glob(os.path.join(e, "lib/python3*/site-packages/tensorflow/python"))]
    if not envs or not re.search("GLIBC|GNU libc", run(["ldd", "--version"]).stdout):
        print("SKIPPED: no environment with TensorFlow, or no glibc: nothing was compared")
        return 77
    comparison = Comparison(os.path.abspath(sys.argv[1]))
    for env in envs:
        comparison.environment(env)
    print("%d comparisons, %d differ" % (comparison.checked, comparison.bad))
    return 1 if comparison.bad else 0


if __name__ == "__main__":
    sys.exit(main())
