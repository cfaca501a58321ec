#!/usr/bin/env python3
"""The suite on real Windows trees under Wine: breaks a copy, asks tfdiag.exe, runs its first fix verbatim with cmd, tries again.

A case is right when the first cause is the expected one (or in `also`), or there is no cause and exit 0 where nothing is to be
repaired; both for the full run and, counted apart, for --no-run.  Cases marked `recorded` are those in which Wine departs from
Windows: only the forecast counts there.  A fix is right when the import (or, where a case says so, the load of TensorFlow's
native part) works after its commands were run in one cmd, in the folder and environment of the case; PowerShell's cannot be run,
Wine has none.  tfdiag must have changed no file, and every report must fit docs/report.schema.json.

With --linux case_tool the same tree is examined by the Linux build as a recorded machine, too: the causes must be the same.
--linux alone does without Wine.

Exit 0: no false alarm, nothing changed, no invalid report, and the rest at or above GATE (--strict: every case right).
1 otherwise.  2: wrong usage.
"""
import argparse
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time

import cases  # noqa: F401  (registers all)
import record_tree
import winenv
import winlab
from observe_windows import gist, repair

HERE = os.path.dirname(os.path.abspath(__file__))
IMPORT_TIMEOUT, TFDIAG_TIMEOUT = 360, 500     # seconds; a whole import takes half a minute on a machine that has nothing else to do
COSTLY = re.compile(r"\binstall\b.*\btensorflow(-intel|-cpu)?(==|\"|\s|$)")
# What CI holds; every case that is not right is printed as WRONG whatever the gate. Only ever to be raised.
GATE = {"first cause": 0.85, "first fix": 0.75, "no-run": 0.92, "same on both": 0.97}


def schema_validator():
    path = os.path.join(HERE, "..", "..", "docs", "report.schema.json")
    try:
        import jsonschema
        with open(path, encoding="utf-8") as f:
            v = jsonschema.Draft202012Validator(json.load(f))
    except (ImportError, OSError, AttributeError) as x:
        print("reports are NOT checked against the schema: %s" % x)
        return None
    return lambda report: ["%s: %s" % ("/".join(map(str, e.path)), e.message[:120]) for e in v.iter_errors(report)]


def snapshot(root):
    """{path: (size, mtime, mode)} of all below root, byte code and lists included."""
    seen, stack = {}, [root]
    while stack:
        d = stack.pop()
        try:
            entries, st = list(os.scandir(d)), os.lstat(d)
        except OSError:
            continue
        # A temporary file that was removed again leaves its folder's time changed.
        seen[d] = ("dir", 0 if d.endswith(os.path.join("Local", "Temp")) else st.st_mtime_ns, st.st_mode)
        for x in entries:
            st = x.stat(follow_symlinks=False)
            if x.is_dir(follow_symlinks=False):
                stack.append(x.path)
            else:
                seen[x.path] = (st.st_size, st.st_mtime_ns, st.st_mode)
    return seen


def changes(before, after):
    return sorted(p for p in set(before) | set(after) if before.get(p) != after.get(p))


def ids(report):
    return [c.get("id") for c in report.get("causes", [])]


def verdict(info, r):
    """(right, what was named)"""
    rep, got = r["report"], ids(r["report"])
    first = got[0] if got else ("(warning)" if rep.get("warnings") else "(nothing)")
    if r["rc"] is None:
        return False, "(time-out)"
    if not rep:
        return False, "(no report)"
    if info["expect"] == "cause":
        return r["rc"] == 1 and bool(got) and got[0] in [info["cause"]] + info["also"], first
    return r["rc"] == 0 and not got, first if r["rc"] == 0 else "%s exit %s" % (first, r["rc"])


class Suite:
    def __init__(self, args):
        self.args, self.validate = args, schema_validator()
        self.proven, self.lock, self.start = set(), threading.Lock(), time.time()
        self.pool = winlab.Pool(args.lab, args.jobs, wine=bool(args.tfdiag))
        for m in self.pool.all if args.tfdiag else []:
            shutil.copy2(args.tfdiag, os.path.join(m.d, "tfdiag.exe"))

    def judge(self, rc, out, err, t0):
        r = {"rc": rc, "seconds": round(time.time() - t0, 3), "bad": [], "report": {}, "stderr": err[-500:]}
        try:
            r["report"] = json.loads(out)
        except ValueError:
            r["bad"].append("standard output is not one JSON object: %r" % (out[:120] + " | " + err[-200:]))
            return r
        if self.validate:
            r["bad"] += ["schema: " + m for m in self.validate(r["report"])[:3]]
        return r

    @staticmethod
    def arguments(info, extra):
        argv = ["--json", "--timeout", str(IMPORT_TIMEOUT)] + info["tfdiag"] + [x for x in extra if x not in info["tfdiag"]]
        return argv + (["--python", info["python"]] if info["named"] else [])

    def ask(self, m, info, extra):
        t0 = time.time()
        command = winlab.command_line([r"D:\tfdiag.exe"] + self.arguments(info, extra))
        rc, out, err = m.run(command, info["cwd"], info["env"], TFDIAG_TIMEOUT, split=True)
        return self.judge(rc, out, err, t0)

    def ask_linux(self, m, info):
        """The recorded machine, examined by the Linux build."""
        folder = record_tree.record(m, info, info["dest"] + ".machine")
        t0 = time.time()
        try:
            p = subprocess.run([self.args.linux, "run", folder] + self.arguments(info, ["--no-run"]), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TFDIAG_TIMEOUT, check=False)
            rc, out, err = p.returncode, p.stdout, p.stderr
        except subprocess.TimeoutExpired as x:
            rc, out, err = None, x.stdout or b"", x.stderr or b""
        finally:
            shutil.rmtree(folder)
        return self.judge(rc, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), t0)

    def fix(self, m, info, r, res):
        """Runs the first fix of the first cause and the statement after it in the same cmd."""
        first = ((r["report"].get("causes") or [{}])[0].get("fixes") or [{}])[0]
        commands = first.get("commands") or []
        if info["fix"] is None or info["expect"] != "cause" or info["recorded"]:
            return
        if not commands:
            res["fix"], res["fix_note"] = "none", "no command offered: %s" % first.get("title", "")
            return
        if first.get("shell") != "cmd":
            res["fix"], res["fix_note"] = "not run", "for %s, which Wine has not" % first.get("shell")
            return
        key = (info["base"], info["cause"], "\n".join(commands).replace(m.win(info["dest"]), "$DEST"))
        costly = any(COSTLY.search(c) for c in commands)
        with self.lock:
            if costly and key in self.proven and not self.args.all_fixes:
                res["fix"] = "same"
                return
        t0 = time.time()
        rc, out = repair(m, info, commands)
        res["fix"], res["fix_s"] = "ok" if rc == 0 else "FAILED", round(time.time() - t0, 1)
        if rc != 0:
            res["fix_note"] = "%s => %s %s" % (" & ".join(commands)[:400], rc, gist(out))
        elif costly:
            with self.lock:
                self.proven.add(key)

    def one(self, name):
        m = self.pool.take()
        try:
            return self.on(m, name)
        finally:
            self.pool.give(m)

    def on(self, m, name):
        c, a = winenv.CASES[name], self.args
        res = {"case": name, "cause": c["cause"], "expect": c["expect"], "suite": c["suite"], "recorded": c["recorded"], "bad": []}
        t0, dest = time.time(), os.path.join(m.d, name)
        try:
            info = winenv.build(name, m)
        except (winenv.NotFit, OSError, subprocess.CalledProcessError) as x:
            return dict(res, skipped=str(x))
        try:
            before = snapshot(dest) if a.tfdiag and not a.no_snapshot else {}
            late = a.minutes and time.time() > self.start + 60 * a.minutes
            only_static = not a.tfdiag or c["recorded"] or "--no-run" in c["tfdiag"] or (c["extra"] and not a.all) or bool(late)
            linux = self.ask_linux(m, info) if a.linux else None
            static = self.ask(m, info, ["--no-run"]) if a.tfdiag else linux
            full = static if only_static else self.ask(m, info, [])
            if a.tfdiag and not a.no_snapshot:
                res["bad"] += ["changed: " + os.path.relpath(p, dest) for p in changes(before, snapshot(dest))[:4]]
            res["static_only"], res["forecast"] = only_static, only_static and not c["recorded"]
            res["right"], res["got"] = verdict(info, full)
            res["static_right"], res["static_got"] = verdict(info, static)
            res["bad"] += full["bad"] + ([] if only_static else static["bad"])
            res["tfdiag_s"], res["static_ms"] = full["seconds"], round(static["seconds"] * 1000)
            if linux is not None and a.tfdiag:
                res["linux_got"] = " ".join(map(str, ids(linux["report"]))) or "(nothing)"
                res["same"] = ids(linux["report"]) == ids(static["report"]) and linux["rc"] == static["rc"]
                if not res["same"]:
                    res["same_note"] = "as recorded machine: %s; under Wine: %s" % (
                        res["linux_got"], " ".join(map(str, ids(static["report"]))) or "(nothing)")
            if a.reports:
                for kind, r in (("full", full), ("static", static), ("linux", linux)):
                    if r is not None:
                        with open(os.path.join(a.reports, "%s.%s.json" % (name, kind)), "w", encoding="utf-8") as f:
                            json.dump(dict(r, info=info), f, indent=1)
            if not a.no_fix and res["right"] and not only_static:
                self.fix(m, info, full, res)
        finally:
            if not a.keep:
                winenv.discard(dest)
        res["seconds"] = round(time.time() - t0, 1)
        return res


def line(r):
    if "skipped" in r:
        return "SKIPPED %-34s %s" % (r["case"], r["skipped"])
    wanted = r["cause"] if r["expect"] == "cause" else "(%s)" % r["expect"]
    if r["forecast"] and r["expect"] == "cause" and not r["right"] and not r["bad"]:
        text = "missed  %-34s %-20s forecast alone: %s" % (r["case"], wanted, r["got"])
    else:
        ok = r["right"] and not r["bad"] and r.get("fix") not in ("FAILED", "none")
        text = "%-7s %-34s %-20s %-22s static %s%-22s %6d ms  %5.1f s" % (
            "ok" if ok else "WRONG", r["case"], wanted, r["got"] + (" (recorded)" if r["recorded"] else ""),
            "" if r["static_right"] else "NOT ", r["static_got"], r["static_ms"], r["seconds"])
    if "fix" in r:
        text += "  fix " + r["fix"]
    for b in r["bad"] + [r[k] for k in ("fix_note", "same_note") if k in r]:
        text += "\n          " + b
    return text


def percent(n, of):
    return "%d of %d (%.1f %%)" % (n, of, 100.0 * n / of) if of else "0 of 0"


def summary(results, strict):
    """Prints the totals; True where the gate (strict: every goal) is met."""
    ran = [r for r in results if "skipped" not in r]
    broken = [r for r in ran if r["expect"] == "cause" and not r["forecast"]]
    well = [r for r in ran if r["expect"] != "cause"]
    fixes = [r for r in ran if r.get("fix") and r["fix"] != "not run"]
    both = [r for r in ran if "same" in r]
    alarms = [r["case"] for r in well if not r["right"] and not r["static_only"]]
    dirty = [r["case"] for r in ran if r["bad"]]
    counts = {"first cause": (sum(r["right"] for r in broken), len(broken)),
              "first fix": (sum(r["fix"] in ("ok", "same") for r in fixes), len(fixes)),
              "no-run": (sum(r["static_right"] for r in ran), len(ran)), "same on both": (sum(r["same"] for r in both), len(both))}
    print("\nfirst cause right      %s, %d of them recorded machines" % (percent(*counts["first cause"]), sum(r["recorded"] for r in broken)))
    unseen = [r for r in broken if r["suite"] == "unseen"]
    if unseen:
        print("  of these unseen      %s" % percent(sum(r["right"] for r in unseen), len(unseen)))
    print("silent where all works %s%s" % (percent(sum(r["right"] for r in well), len(well)), "  alarms: " + " ".join(alarms) if alarms else ""))
    print("--no-run right         %s" % percent(*counts["no-run"]))
    print("asked in full          %s, the others with --no-run alone" % percent(sum(not r["static_only"] for r in ran), len(ran)))
    print("first fix repairs      %s (%d run, %d the same command on the same tree as one that was run, %d for PowerShell not run)" % (
        percent(*counts["first fix"]), sum(r["fix"] != "same" for r in fixes), sum(r["fix"] == "same" for r in fixes),
        sum(r.get("fix") == "not run" for r in ran)))
    if both:
        print("same on both systems   %s" % percent(*counts["same on both"]))
    print("changed files or invalid reports: %s" % (" ".join(dirty) or "none"))
    bad = [r for r in ran if (not r["right"] and not (r["forecast"] and r["expect"] == "cause")) or r["bad"] or r.get("fix") in ("FAILED", "none")]
    skipped = len(results) - len(ran)
    if skipped:
        print("!!! %d cases were SKIPPED, for want of: %s" % (skipped, "; ".join(sorted({r["skipped"] for r in results if "skipped" in r}))))
    print("%d passed, %d failed, %d skipped" % (len(ran) - len(bad), len(bad), skipped))
    return bool(ran) and not dirty and not alarms and (
        not bad if strict else all(n >= GATE[k] * of for k, (n, of) in counts.items()))


def order(name):
    """What needs the whole import comes last, what is kept to the forecast after that."""
    c = winenv.CASES[name]
    return (c["extra"], c["expect"] != "cause", c["base"] != "tf2101-cp310")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--tfdiag", default=os.environ.get("TFDIAG_EXE"), help="tfdiag.exe (or TFDIAG_EXE)")
    ap.add_argument("--linux", metavar="CASE_TOOL", help="tests/case_tool of a Linux build: the same trees as recorded machines")
    ap.add_argument("--lab", default=winlab.default_cache(), help="where make_windows_envs.sh made the trees")
    ap.add_argument("--case", action="append", help="only these (a trailing * matches)")
    ap.add_argument("--suite", action="append", choices=["break", "healthy", "unseen"], help="default: all")
    ap.add_argument("--shard", default="1/1", metavar="I/N", help="every Nth case, beginning with the Ith")
    ap.add_argument("--jobs", type=int, default=2)
    ap.add_argument("--all", action="store_true", help="also the full run of the cases that are kept to the forecast")
    ap.add_argument("--minutes", type=float, help="cases that begin later than this are asked with --no-run alone")
    ap.add_argument("--no-fix", action="store_true")
    ap.add_argument("--all-fixes", action="store_true", help="run reinstallations of TensorFlow again that were proven already")
    ap.add_argument("--no-snapshot", action="store_true", help="do not look for changed files")
    ap.add_argument("--keep", action="store_true", help="leave the copies (and the Wine prefixes)")
    ap.add_argument("--list", action="store_true")
    ap.add_argument("--strict", action="store_true", help="fail for any case that is not right, not only below the gate")
    ap.add_argument("--json", metavar="OUT", help="write the results")
    ap.add_argument("--reports", metavar="DIR", help="write every report")
    a = ap.parse_args()
    names = [n for n, c in winenv.CASES.items() if c["suite"] in (a.suite or ["break", "healthy", "unseen"])]
    if a.case:
        names = [n for n in names if any(n == w or (w.endswith("*") and n.startswith(w[:-1])) for w in a.case)]
    i, n = (int(x) for x in a.shard.split("/"))
    names = sorted(names, key=order)[i - 1::n]
    if a.list:
        for x in names:
            c = winenv.CASES[x]
            print("%-34s %-13s %-8s %-20s %s" % (x, c["base"], c["expect"], c["cause"], c["doc"]))
        return 0
    if not names or not (a.tfdiag or a.linux):
        ap.error("no such case" if not names else "--tfdiag or --linux is needed")
    a.lab = os.path.abspath(a.lab)
    a.tfdiag, a.linux = (os.path.abspath(x) if x else None for x in (a.tfdiag, a.linux))
    if not glob.glob(os.path.join(a.lab, "prefix", ".*done")):
        print("run_windows.py: %s holds no laboratory: tests/real_windows/make_windows_envs.sh makes it" % a.lab, file=sys.stderr)
        return 2
    if a.reports:
        os.makedirs(a.reports, exist_ok=True)
    winlab.sweep(a.lab)
    suite, results = Suite(a), []
    try:
        with concurrent.futures.ThreadPoolExecutor(a.jobs) as ex:
            for done in concurrent.futures.as_completed([ex.submit(suite.one, n) for n in names]):
                r = done.result()
                results.append(r)
                print(line(r), flush=True)
    finally:
        if not a.keep:
            suite.pool.close()
    if a.json:
        with open(a.json, "w", encoding="utf-8") as f:
            json.dump(results, f, indent=1)
    return 0 if summary(results, a.strict) else 1


if __name__ == "__main__":
    sys.exit(main())
