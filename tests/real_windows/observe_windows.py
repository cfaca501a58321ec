#!/usr/bin/env python3
"""What the real import does in each case under Wine, without tfdiag: the ground on which expectations stand.

observe_windows.py [--case NAME]... [--jobs N] [--fix] [--out FILE]
One line a case: name, 32-bit exit code of the statement, last line of its error.  --fix also runs the case's own repair and
the statement after it.  --out appends the whole output of each as JSON lines; windows_table.py makes docs from them.
"""
import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time

import cases  # noqa: F401  (registers all)
import winenv
import winlab

TIMEOUT, FIX_TIMEOUT = 400, 900


def gist(out):
    lines = [ln.strip() for ln in out.splitlines() if ln.strip() and " I tensorflow" not in ln
             and not ln.startswith(("To enable the following", "I0000", "WARNING: All log"))]
    for pattern in (r"^[\w.]*(Error|Exception|Interrupt): ", r"Error\b|error:|Exception"):
        for ln in reversed(lines):
            if re.search(pattern, ln):
                return ln[:260]
    return lines[-1][:260] if lines else ""


def one(name, pool, fix):
    m = pool.take()
    try:
        t0 = time.time()
        try:
            info = winenv.build(name, m)
        except (winenv.NotFit, OSError, subprocess.CalledProcessError) as x:
            return {"case": name, "state": "not fit", "gist": repr(x)}
        t1 = time.time()
        try:
            argv = winenv.statement_argv(info)
            # A bare name is looked up by cmd on the case's own PATH.
            command = winlab.command_line(argv) if info["named"] else winenv.shell_line(info, [], argv)
            rc, out = m.run(command, info["cwd"], info["env"], TIMEOUT)
            t2 = time.time()
            r = {"case": name, "state": "ran", "rc": rc, "gist": gist(out), "out": out[-8000:], "make_s": round(t1 - t0, 1),
                 "run_s": round(t2 - t1, 1), "info": {k: v for k, v in info.items() if k != "env"}}
            if fix and info["fix"] and rc != 0:
                r["fix_rc"], fo = repair(m, info, [info["fix"]])
                r["fix_gist"], r["fix_out"], r["fix_s"] = gist(fo), fo[-4000:], round(time.time() - t2, 1)
            return r
        finally:
            winenv.discard(info["dest"])
    finally:
        pool.give(m)


def repair(m, info, commands):
    """Runs commands in one cmd and the statement after them; "redist" stands for the installation of the newest VC++ runtime."""
    if commands and commands[0].startswith("redist"):
        for n in os.listdir(m.system32):
            if winlab.RUNTIME.match(n):
                os.unlink(os.path.join(m.system32, n))
        for p in m.runtime_files(winlab.NEWEST):
            subprocess.run(["cp", p, m.system32], check=True)
        rest = commands[0][len("redist"):].lstrip(" &")
        commands = ([rest] if rest else []) + commands[1:]
    argv = winenv.statement_argv(info, info["verify"] if info["verify"] != info["statement"] else None)
    return m.run(winenv.shell_line(info, commands, argv), info["cwd"], info["env"], FIX_TIMEOUT)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--lab", default=winlab.default_cache())
    ap.add_argument("--case", action="append", help="only these (a trailing * matches)")
    ap.add_argument("--suite", action="append")
    ap.add_argument("--jobs", type=int, default=1)
    ap.add_argument("--fix", action="store_true")
    ap.add_argument("--out")
    a = ap.parse_args()
    names = [n for n, c in winenv.CASES.items() if c["suite"] in (a.suite or ["break", "healthy", "unseen"])]
    if a.case:
        names = [n for n in names if any(n == w or (w.endswith("*") and n.startswith(w[:-1])) for w in a.case)]
    winlab.sweep(a.lab)
    pool = winlab.Pool(os.path.abspath(a.lab), a.jobs)
    out = open(a.out, "a", encoding="utf-8") if a.out else None
    try:
        with concurrent.futures.ThreadPoolExecutor(a.jobs) as ex:
            for done in concurrent.futures.as_completed([ex.submit(one, n, pool, a.fix) for n in names]):
                r = done.result()
                c = winenv.CASES[r["case"]]
                print("%-34s %-6s %-20s %11s %5s %-4s %s" % (r["case"], c["expect"], c["cause"], r.get("rc", "-"), r.get("run_s", ""),
                                                           r.get("fix_rc", ""), r["gist"]), flush=True)
                if r.get("fix_rc"):
                    print("        after the fix: " + r["fix_gist"], flush=True)
                if out:
                    out.write(json.dumps(r) + "\n")
                    out.flush()
    finally:
        pool.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
