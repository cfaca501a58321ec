"""run_case.py CASE_TOOL CASE...: makes the recorded machine of each case, runs tfdiag on it and compares the report
with expect.json:

  "causes": ["id", ...]   all causes, in order; "id:subject" also compares the subject
  "not": ["id", ...]      ids that must be neither a cause nor a warning
  "warnings": ["id", ...] ids of the warnings, in any order; left out: no warning may be there
  "exit": code            left out: 1 with causes, 0 without
  "fix": "text"           must stand in the first command of the first fix (or in its title, where it has none)
  "not_fix": ["text"]     must stand in no command of a first fix
  "says": "text"          must stand in the evidence of the first cause
  "unknown": ["check"]    checks that could not look, all of them; left out: not compared
  "error": "text"         must stand in the error of a report that examined nothing

Every command that a Windows machine's report prints is one that cmd.exe understands (cmd_check.py).

--keep DIR leaves the machines there; --show prints what a person would see instead.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import build_machine
import cmd_check

ROOT = build_machine.HERE.parents[1]


def validator():
    try:
        import jsonschema
        return jsonschema.Draft202012Validator(json.loads((ROOT / "docs/report.schema.json").read_text("utf-8")))
    except (ImportError, OSError, AttributeError):
        return None


def name_of(cause, wanted):
    return "%s:%s" % (cause["id"], cause.get("subject") or "") if ":" in wanted else cause["id"]


def compare(expect, report, code):
    """Sentences about what is not as expected."""
    out = []
    causes, warnings = report.get("causes", []), report.get("warnings", [])
    wanted = expect.get("causes", [])
    got = [name_of(c, wanted[i] if i < len(wanted) else "") for i, c in enumerate(causes)]
    if got != wanted:
        out.append("causes %s, expected %s" % (got, wanted))
    for bad in expect.get("not", []):
        if bad in [c["id"] for c in causes + warnings]:
            out.append("%s must not be blamed" % bad)
    if sorted(w["id"] for w in warnings) != sorted(expect.get("warnings", [])):
        out.append("warnings %s" % [(w["id"], w.get("subject"), w.get("text")) for w in warnings])
    if code != expect.get("exit", 1 if wanted else 0):
        out.append("exit code %d" % code)
    fixes = causes[0].get("fixes", []) if causes else []
    first = (fixes[0]["commands"] or [fixes[0]["title"]])[0] if fixes else ""
    if expect.get("fix", "") not in first:
        out.append("first fix %r" % first)
    for bad in expect.get("not_fix", []):
        for cause in causes:
            if any(bad in command for fix in cause.get("fixes", [])[:1] for command in fix["commands"]):
                out.append("the first fix of %s says %r" % (cause["id"], bad))
    if causes and not any(expect.get("says", "") in e["text"] for e in causes[0]["evidence"]):
        out.append("evidence %s" % [e["text"] for e in causes[0]["evidence"]])
    if "unknown" in expect:
        unknown = [c["id"] for c in report["checks"] if c["status"] == "unknown"]
        if sorted(unknown) != sorted(expect["unknown"]):
            out.append("unknown checks %s" % unknown)
    if expect.get("error", "") not in str(report.get("error", "")):
        out.append("error %r" % (report.get("error"),))
    return out


def run(tool, case, folder, show):
    arguments = ["run", str(folder)]
    extra = build_machine.build(case, folder, tool)
    expect = json.loads((case / "expect.json").read_text("utf-8"))
    if show:
        subprocess.run([tool, *arguments, *extra, *show], check=False)
        return []
    p = subprocess.run([tool, *arguments, "--json", *extra], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    try:
        report = json.loads(p.stdout.decode("utf-8"))
    except ValueError:
        return ["no report: exit code %d, %s" % (p.returncode, p.stderr.decode("utf-8", "replace")[-1500:])]
    out = compare(expect, report, p.returncode)
    if json.loads((folder / "machine.json").read_text("utf-8")).get("os") == "windows":
        out += cmd_check.report_problems(report)
    check = validator()
    if check and "causes" in report:
        out += ["schema: %s: %s" % (list(e.path), e.message) for e in check.iter_errors(report)]
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tool")
    parser.add_argument("cases", nargs="+")
    parser.add_argument("--keep")
    parser.add_argument("--show", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    base = pathlib.Path(args.keep or tempfile.mkdtemp(prefix="tfdiag-case-"))
    failed = 0
    try:
        for name in args.cases:
            case = pathlib.Path(name) if os.sep in name else build_machine.HERE / name
            for sentence in run(args.tool, case, base / case.name, args.show):
                print("%s: %s" % (case.name, sentence))
                failed = 1
    finally:
        if not args.keep:
            shutil.rmtree(base, ignore_errors=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
