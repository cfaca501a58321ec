#!/usr/bin/env python3
"""What the real import does in each case, without tfdiag: the ground on which expectations stand.

observe.py CACHE [--case NAME]... [--jobs N] [--work DIR] [--fix] [--out FILE]
One line a case: name, exit code of the statement, last line of its error.  --fix also runs the case's own
repair and the statement after it.  --out writes the whole output of each as JSON lines.
"""
import argparse
import concurrent.futures
import json
import os
import shlex
import signal
import subprocess
import sys
import time

import cases  # noqa: F401  (registers all)
import realenv

TIMEOUT = 240


def surroundings(info, cache):
    env = dict(os.environ)
    for k in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LD_PRELOAD", "TFDIAG_BIN"):
        env.pop(k, None)
    env.setdefault("PIP_CACHE_DIR", os.path.join(cache, ".pip"))
    house = os.path.join(cache, ".wheelhouse")
    if os.path.isdir(house):
        env["PIP_FIND_LINKS"] = (env.get("PIP_FIND_LINKS", "") + " " + house).strip()
    env["PIP_NO_COMPILE"] = "1"                     # a reinstalled TensorFlow has 10,000 files, the import needs a third
    env.update(PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1", PYENV_ROOT=env.get("PYENV_ROOT", os.path.expanduser("~/.pyenv")))
    for k, v in info["env"].items():
        env.pop(k, None) if v is None else env.__setitem__(k, v)
    return env


def run(argv, info, cache, timeout=TIMEOUT, split=False):
    """(exit code, output) of argv under the case's wrap, variables and folder; None as code on a time-out.
    With split: (exit code, standard output, standard error), and nothing of the case's stands between here and argv:
    an LD_PRELOAD that kills every program would kill env before tfdiag."""
    if info["wrap"] or not split:
        argv = ["env", "--", *info["wrap"], *argv]  # env finds a program on the case's PATH and says why one cannot start
    p = subprocess.Popen(argv, cwd=info["cwd"], env=surroundings(info, cache), stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE if split else subprocess.STDOUT, start_new_session=True)
    try:
        out, err = p.communicate(timeout=timeout)
        rc = p.returncode
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        out, err = p.communicate()
        rc = None
    text = out.decode("utf-8", "replace")
    return (rc, text, err.decode("utf-8", "replace")) if split else (rc, text)


def statement_argv(info):
    if info["script"]:
        return [info["python"], info["script"]]
    return [info["python"], "-c", info["statement"]]


def shell_script(info, commands, then=()):
    """The commands in one shell, then the statement: with the python that PATH now finds, if they changed that.
    then: a program that must succeed after it, in the same shell."""
    what = [info["script"]] if info["script"] else ["-c", info["statement"]]
    lines = ["before=$(command -v python)"] + commands + [
        "status=$?", "[ $status = 0 ] || echo \"tests: the last command of the fix ended with $status\" >&2",
        "py=%s" % shlex.quote(info["python"]),
        "[ \"$(command -v python)\" = \"$before\" ] || py=$(command -v python)",
        ("\"$py\" %s && exec %s" if then else "exec \"$py\" %s%s") % (
            " ".join(shlex.quote(w) for w in what), " ".join(shlex.quote(w) for w in then))]
    return ["sh", "-c", "\n".join(lines)]


def gist(out):
    lines = [ln.strip() for ln in out.splitlines() if ln.strip() and " I tensorflow" not in ln
             and not ln.startswith(("To enable the following", "I0000", "WARNING: All log"))]
    for ln in reversed(lines):
        if "Error" in ln or "error" in ln or "Exception" in ln:
            return ln[:230]
    return lines[-1][:230] if lines else ""


def one(name, cache, work, fix):
    c = realenv.CASES[name]
    dest = os.path.join(work, name)
    t0 = time.time()
    try:
        info = realenv.build(name, os.path.join(cache, c["base"]), dest)
    except (realenv.NotFit, OSError, subprocess.CalledProcessError) as x:
        return {"case": name, "state": "not fit", "gist": str(x)}
    t1 = time.time()
    if "--no-run" in c["tfdiag"] and c["suite"] == "break":
        rc, out = 0, ""
    else:
        rc, out = run(statement_argv(info), info, cache)
    t2 = time.time()
    r = {"case": name, "state": "ran", "rc": rc, "gist": gist(out), "out": out[-6000:], "info": info,
         "make_s": round(t1 - t0, 1), "run_s": round(t2 - t1, 1)}
    if fix and info["fix"] and rc != 0:
        pre = "PATH=%s:$PATH" % shlex.quote(os.path.dirname(info["python"])) if os.path.isabs(info["python"]) else ":"
        r["fix_rc"], fo = run(shell_script(info, [pre, info["fix"]]), info, cache, 400)
        r["fix_gist"], r["fix_s"] = gist(fo), round(time.time() - t2, 1)
    realenv.discard(dest)
    return r


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("cache")
    ap.add_argument("--case", action="append")
    ap.add_argument("--jobs", type=int, default=2)
    ap.add_argument("--fix", action="store_true")
    ap.add_argument("--work", help="where the copies go (CACHE/work)")
    ap.add_argument("--out")
    a = ap.parse_args()
    names = a.case or [n for n, c in realenv.CASES.items() if c["suite"] != "gpu"]
    out = open(a.out, "a") if a.out else None
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        for done in concurrent.futures.as_completed([pool.submit(one, n, os.path.abspath(a.cache), os.path.abspath(a.work or os.path.join(a.cache, "work")), a.fix) for n in names]):
            r = done.result()
            c = realenv.CASES[r["case"]]
            print("%-32s %-7s %-22s %5s %4s %-4s %s" % (r["case"], c["expect"], c["cause"], r.get("rc", "-"), r.get("run_s", ""),
                  r.get("fix_rc", ""), r["gist"]), flush=True)
            if out:
                out.write(json.dumps(r) + "\n")
                out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
