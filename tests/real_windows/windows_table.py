#!/usr/bin/env python3
"""The table of docs/WINDOWS.md: what a user reads without tfdiag, and with it.

windows_table.py collect [--observed FILE.jsonl] [--reports DIR] [--results FILE.json]
    takes over into observations.json what observe_windows.py --out and run_windows.py --reports/--json wrote
windows_table.py write     writes the table between the marks of docs/WINDOWS.md
windows_table.py check     exit 1 where the page is not what `write` would make of observations.json
"""
import json
import os
import re
import sys

import cases  # noqa: F401  (registers all)
import winenv

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "observations.json")
PAGE = os.path.join(HERE, "..", "..", "docs", "WINDOWS.md")
START, END = "<!-- table: tests/real_windows/windows_table.py write -->", "<!-- end of the table -->"
LONGEST = 300
RELEASES = {"tf210-cp37": "2.1", "tf241-cp38": "2.4", "tf2101-cp310": "2.10", "tf2151-cp311": "2.15", "tf2180-cp312": "2.18",
            "tf2200-cp313": "2.20", "tf2210-cp313": "2.21"}


def shorten(text, n=LONGEST):
    text = " ".join(text.split())
    return text if len(text) <= n else text[:n].rsplit(" ", 1)[0] + " …"


def neutral(text, name):
    """Without the folder of the test and without the tests' drive."""
    text = text.replace("D:\\%s\\" % name, "C:\\").replace("D:\\\\%s\\\\" % name, "C:\\\\")
    return re.sub(r"\bZ:\\[^ '\"]*\\windows\\trees\\", lambda m: "C:\\\\", text).replace("C:\\\\", "C:\\")


def of_import(out, rc):
    """The error that the import ends with, and the first DLL that did not load where another error names it."""
    lines = [ln.strip() for ln in out.splitlines()]
    last = [ln for ln in lines if re.match(r"[\w.]*(Error|Exception): ", ln)]
    loads = [ln for ln in lines if "DLL load failed" in ln and re.match(r"[\w.]*Error: |Original error was: ", ln)]
    text = last[-1] if last else (lines[-1] if lines else "")
    if text.startswith("ImportError: Traceback") and loads:
        text = loads[-1]
    elif loads and "DLL load failed" not in text:
        text = loads[0] + " [then] " + text
    if not text:
        text = "nothing"
    if rc is not None and rc not in (0, 1):
        text += " (exit 0x%08X)" % (rc & 0xFFFFFFFF)
    return text


def of_tensorflow(out):
    """What TensorFlow's own check, or 2.21's diagnostic, adds."""
    found = []
    m = re.search(r"ImportError: (Could not find the DLL\(s\) '[^']*'|Could not find '[^']*')", out)
    if m:
        found.append("self-check: " + m.group(1))
    lines = out.splitlines()
    for i, ln in enumerate(lines):
        if ln.startswith("[TensorFlow DLL Diagnostic]"):
            found.append("diagnostic: " + " / ".join(x for x in lines[i + 1:i + 6] if x.strip()))
    return "; ".join(found)


def of_tfdiag(report):
    causes = report.get("causes") or []
    if not causes:
        return {"id": "", "text": "nothing is named", "fix": ""}
    c = causes[0]
    texts = [e.get("text", "") for e in c.get("evidence") or []]
    own = [t for t in texts if not re.match(r"[\w.]*(Error|Exception): ", t)]        # the import's words stand in their own column
    evidence = (own or texts or [""])[0]
    fix = (c.get("fixes") or [{}])[0]
    return {"id": c["id"], "text": c.get("title", "") + (": " + evidence if evidence else ""),
            "fix": " & ".join(fix.get("commands") or []) or fix.get("title", "")}


def option(argv, name):
    return argv[argv.index(name) + 1] if name in argv else None


def collect(argv):
    data = {}
    if os.path.exists(DATA):
        with open(DATA, encoding="utf-8") as f:
            data = json.load(f)
    observed, reports, results = (option(argv, o) for o in ("--observed", "--reports", "--results"))
    if observed:
        with open(observed, encoding="utf-8") as f:
            for ln in f:
                r = json.loads(ln)
                if r.get("state") == "ran":
                    out = neutral(r["out"], r["case"])
                    data.setdefault(r["case"], {}).update(
                        exit=r["rc"], printed=shorten(of_import(out, r["rc"])), tensorflow=shorten(of_tensorflow(out)))
    for name in sorted(os.listdir(reports)) if reports else []:
        m = re.match(r"(.*)\.full\.json$", name)
        if m and m.group(1) in data:
            with open(os.path.join(reports, name), encoding="utf-8") as f:
                report = json.load(f)["report"]
            got = {k: shorten(neutral(v, m.group(1))) for k, v in of_tfdiag(report).items()}
            if (report.get("import") or {}).get("how") == "examined":
                got["forecast"] = True
            data[m.group(1)]["tfdiag"] = got
    if results:
        with open(results, encoding="utf-8") as f:
            for r in json.load(f):
                if r["case"] in data and "fix" in r:
                    data[r["case"]]["repaired"] = r["fix"] in ("ok", "same")
    data = {k: data[k] for k in winenv.CASES if k in data}
    with open(DATA, "w", encoding="utf-8") as f:
        json.dump(data, f, indent=1, ensure_ascii=False)
        f.write("\n")
    return 0


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;") if text else "–"


def code(text):
    return "`%s`" % text.replace("`", "'").replace("|", "\\|") if text else "–"


def table():
    with open(DATA, encoding="utf-8") as f:
        data = json.load(f)
    rows = ["| TensorFlow: fault | the import prints | TensorFlow's self-check or DLL diagnostic | tfdiag names | its first fix |", "| --- | --- | --- | --- | --- |"]
    for name, c in winenv.CASES.items():
        d = data.get(name)
        if not d or c["expect"] != "cause" or d.get("exit") == 0 and not c["recorded"]:
            continue
        t = d.get("tfdiag") or {}
        fault = "%s: %s" % (RELEASES.get(c["base"], c["base"]), c["doc"]) + (" – recorded: Wine departs from Windows here" if c["recorded"] else "")
        named = "**%s** %s" % (t["id"], cell(t["text"])) if t.get("id") else cell(t.get("text", ""))
        if t.get("forecast") and not c["recorded"]:
            named += " (forecast)"
        fix = code(t.get("fix", "")) + (" (run: the import works)" if d.get("repaired") else "")
        rows.append("| %s | %s | %s | %s | %s |" % (cell(fault), code(d["printed"]), code(d["tensorflow"]), named, fix))
    return "\n".join(rows)


def page(text):
    a, b = text.index(START) + len(START), text.index(END)
    return text[:a] + "\n\n" + table() + "\n\n" + text[b:]


def main():
    what = sys.argv[1] if len(sys.argv) > 1 else ""
    if what == "collect":
        return collect(sys.argv[2:])
    if what not in ("write", "check"):
        print(__doc__)
        return 2
    with open(PAGE, encoding="utf-8") as f:
        old = f.read()
    new = page(old)
    if what == "check":
        if new != old:
            print("docs/WINDOWS.md is not what windows_table.py writes: run windows_table.py write")
        return int(new != old)
    with open(PAGE, "w", encoding="utf-8") as f:
        f.write(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
