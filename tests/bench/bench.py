#!/usr/bin/env python3
"""Measures the static examination against the best tool at each of its parts; prints, never fails on a time.

On the environment tf220 of the cache folder: `tfdiag --no-run` against `uv pip check` (requirements), `libtree`
(closure of every native file) and a bare stat of every file; `--deep` against sha256sum; the full run against
the import alone.  Then 50, 200 and 800 made-up distributions, to show that the cost is linear.

Wall times are medians (and minima) of whole processes with a warm page cache.  The peak is ru_maxrss of the
process, which cannot read lower than this script's own size when it starts one (printed as the floor).
Exit: 0, or 2 where the environment or the program is missing.
"""
import argparse
import glob
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


def once(argv, cwd, env):
    """(seconds, peak KiB, exit code) of one process, its output thrown away."""
    null = os.open(os.devnull, os.O_RDWR)
    t0 = time.perf_counter()
    p = subprocess.Popen(argv, cwd=cwd, env=env, stdin=null, stdout=null, stderr=null)
    _pid, status, usage = os.wait4(p.pid, 0)
    seconds = time.perf_counter() - t0
    p.returncode = os.waitstatus_to_exitcode(status)
    os.close(null)
    return seconds, usage.ru_maxrss, p.returncode


class Row:
    def __init__(self, name, runs):
        times = [r[0] for r in runs]
        self.name, self.best, self.worst, self.median = name, min(times), max(times), statistics.median(times)
        self.peak, self.code = max(r[1] for r in runs) / 1024, runs[-1][2]
        print("%-48s %8.1f ms  (%.1f to %.1f)  peak %6.1f MiB  exit %s" % (
            name, self.median * 1e3, self.best * 1e3, self.worst * 1e3, self.peak, self.code), flush=True)


def measure(programs, n, cwd, env):
    """Rows for (name, argv) pairs, run in turn so that whatever else the machine does meets all of them alike."""
    runs = [[once(argv, cwd, env) for _name, argv in programs] for _ in range(n + 1)][1:]
    return [Row(name, [r[k] for r in runs]) for k, (name, _argv) in enumerate(programs)]


def uv(cache):
    """uv from PATH or, installed once, from the tools beside the environments."""
    found = shutil.which("uv") or os.path.join(cache, ".tools", "bin", "uv")
    if os.path.exists(found):
        return found
    tools = os.path.join(cache, ".tools")
    try:
        if not os.path.exists(os.path.join(tools, "bin", "python")):
            subprocess.run([os.path.join(cache, "tf220", "bin", "python"), "-m", "venv", tools], check=True, stdout=sys.stderr)
        subprocess.run([os.path.join(tools, "bin", "python"), "-m", "pip", "install", "-q", "uv"], check=True, stdout=sys.stderr)
    except subprocess.CalledProcessError:
        return None
    return found if os.path.exists(found) else None


def synthetic(folder, count):
    """A virtual environment around this interpreter with `count` small distributions of ten files each."""
    sp = os.path.join(folder, "lib", "python%d.%d" % sys.version_info[:2], "site-packages")
    os.makedirs(os.path.join(folder, "bin"))
    base = os.path.realpath(sys.executable)
    os.symlink(base, os.path.join(folder, "bin", "python"))
    with open(os.path.join(folder, "pyvenv.cfg"), "w") as f:
        f.write("home = %s\nversion = %s\n" % (os.path.dirname(base), sys.version.split()[0]))
    for i in range(count):
        name = "tensorflow" if i == 0 else "pkg%d" % i
        info = os.path.join(sp, "%s-2.99.0.dist-info" % name)
        os.makedirs(info)
        os.makedirs(os.path.join(sp, name))
        record = ""
        for k in range(10):
            rel = "%s/%s.py" % (name, "__init__" if k == 0 else "m%d" % k)
            with open(os.path.join(sp, rel), "w") as f:
                f.write("x = %d\n" % (k % 10))
            record += "%s,sha256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,6\n" % rel
        with open(os.path.join(info, "METADATA"), "w") as f:
            f.write("Metadata-Version: 2.1\nName: %s\nVersion: 2.99.0\nRequires-Dist: pkg%d>=1,<4\n"
                    "Requires-Dist: pkg%d; python_version >= '3'\nRequires-Dist: extra-thing; extra == 'more'\n\n%s"
                    % (name, (i * 7 + 1) % (count - 1) + 1, (i + 1) % (count - 1) + 1, "A line of a description.\n" * 40))
        with open(os.path.join(info, "RECORD"), "w") as f:
            f.write(record)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "tfdiag-tests")
    ap.add_argument("--tfdiag", default=os.environ.get("TFDIAG_BIN"))
    ap.add_argument("--cache", default=os.environ.get("TFDIAG_CACHE") or default)
    ap.add_argument("--runs", type=int, default=15)
    ap.add_argument("--slow", action="store_true", help="pip check and ldd over every file too")
    a = ap.parse_args()
    root = os.path.join(os.path.abspath(a.cache), "tf220")
    if not a.tfdiag or not os.path.exists(os.path.join(root, "bin", "python")):
        print("bench: needs --tfdiag and the environment tf220 in " + a.cache, file=sys.stderr)
        return 2
    tfdiag, python = os.path.abspath(a.tfdiag), os.path.join(root, "bin", "python")
    sp = glob.glob(os.path.join(root, "lib", "python3.*", "site-packages"))[0]
    native = sorted(set(glob.glob(sp + "/**/*.so", recursive=True) + glob.glob(sp + "/**/*.so.*", recursive=True)))
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV")}
    ask = [tfdiag, "--json", "--python", python]
    with tempfile.TemporaryDirectory() as cwd:
        print("tf220: %d native files; %d runs each, in turn; median (best to worst)" % (len(native), a.runs))
        parts = [("stat of every file: find -type f -printf %s", ["find", sp, "-type", "f", "-printf", "%s"])]
        exe = uv(a.cache)
        if exe:
            parts.append(("requirements: uv pip check", [exe, "pip", "check", "-q", "--python", python]))
        if shutil.which("libtree"):
            parts.append(("native files: libtree, all at once", ["libtree", *native]))
        for name, found in (("uv", exe), ("libtree", shutil.which("libtree"))):
            if not found:
                print("%-48s absent" % name)
        own = [("tfdiag --no-run", ask + ["--no-run"]), ("tfdiag --no-run --only deps", ask + ["--no-run", "--only", "deps"])]
        rows = measure([("floor: true", ["true"])] + parts + own, a.runs, cwd, env)
        static, total = rows[-2], sum(r.median for r in rows[1:-2])
        print("  tfdiag --no-run is %.2f of the sum of the %d parts (%.1f ms); limit 1.00, goal 0.50; peak %.1f MiB (floor %.1f), limit 24"
              % (static.median / total, len(parts), total * 1e3, static.peak, rows[0].peak))
        hashes, deep = measure([("sha256sum of every file", ["sh", "-c", "find \"$0\" -type f -print0 | xargs -0 sha256sum", sp]),
                                ("tfdiag --no-run --deep", ask + ["--no-run", "--deep"])], 3, cwd, env)
        print("  --deep is %.2f of sha256sum on one core (%d cores here)" % (deep.median / hashes.median, os.cpu_count()))
        alone, full = measure([("import tensorflow alone", [python, "-c", "import tensorflow"]), ("tfdiag, import and all", ask)], 3, cwd, env)
        print("  the whole run takes %.2f of the import alone" % (full.median / alone.median))
        if a.slow:
            measure([("pip check", [python, "-m", "pip", "check"]), ("ldd over every native file", ["sh", "-c", "ldd \"$@\"", "sh", *native])],
                    3, cwd, env)
        counts = (50, 200, 800)
        for count in counts:
            synthetic(os.path.join(cwd, "d%d" % count), count)
        many = measure([("tfdiag --no-run, %d distributions, %d files" % (n, n * 12),
                         [tfdiag, "--no-run", "--json", "--python", os.path.join(cwd, "d%d" % n, "bin", "python")]) for n in counts], a.runs, cwd, env)
        for k in (1, 2):
            print("  %.1f times the distributions, %.1f times the time" % (counts[k] / counts[k - 1], many[k].median / many[k - 1].median))
    return 0


if __name__ == "__main__":
    sys.exit(main())
