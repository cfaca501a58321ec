"""Validates JSON reports against the schemas in docs with an independent validator.

validate_reports.py --render TEST_RENDER    the sample reports, written by the unit test of the renderers
validate_reports.py --tfdiag TFDIAG         what the program itself prints, wrong usage included
validate_reports.py FILE...                 any reports

Exit code 77 (skipped) without python3-jsonschema.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"

# Lines for the program: (arguments, exit codes that may be); {none} is a path where nothing is.
LINES = (
    (["--json", "--no-run"], (0, 1, 3)),
    (["--json", "--no-run", "-v", "--stat"], (0, 1, 3)),
    (["--json", "--only", "python"], (0, 1, 3)),
    (["--json", "--python", "{none}/python"], (3,)),
    (["--json", "--script", "{none}/x.py"], (3,)),
    (["--json", "--kb", "{none}"], (3,)),
    (["--no-such-option", "--json"], (2,)),
    (["--json", "no-such-command"], (2,)),
    (["show", "no-such-id", "--format", "json"], (2,)),
    (["list", "--json"], (0,)),
    (["list", "checks", "--json"], (0,)),
    (["list", "causes", "--json"], (0,)),
    (["list", "facts", "--json"], (0,)),
    (["show", "dep-numpy", "--json"], (0,)),
    (["show", "import", "--json"], (0,)),
    (["advise", "--json"], (0, 1, 3)),
    (["advise", "--json", "--want", "gpu"], (0, 1, 3)),
    (["advise", "--json", "--python", "3.12", "--platform", "win_amd64"], (0,)),
    (["advise", "--json", "--python", "3.12", "--platform", "win_amd64", "--want", "gpu"], (1,)),
    (["advise", "--json", "--python", "3.14", "--platform", "linux_x86_64"], (1,)),
    (["advise", "--json", "--python", "3.9", "--with", "tensorflow-text,x", "--tensorflow", "tensorflow-gpu==2.12.0"], (0,)),
    (["advise", "--json", "--platform", "amiga"], (2,)),
    (["--help", "--json"], (0,)),
    (["--version", "--json"], (0,)),
)


def reject_constant(name):
    raise ValueError(name + " is no JSON")


def reject_doubles(pairs):
    keys = [k for k, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError("a member stands twice")
    return dict(pairs)


def problems(raw, validators):
    """What is wrong with the bytes of one answer."""
    try:
        report = json.loads(raw.decode("utf-8"), parse_constant=reject_constant, object_pairs_hook=reject_doubles)
        kind = report["schema"].split("/")[0]
    except (ValueError, KeyError, TypeError) as e:
        return ["no JSON report: %s" % e]
    found = ["%s: %s" % ("/".join(map(str, e.absolute_path)), e.message) for e in validators[kind].iter_errors(report)]
    if "causes" in report and kind == "tfdiag.report":
        ranks = [c["rank"] for c in report["causes"]]
        if ranks != list(range(1, len(ranks) + 1)):
            found.append("ranks are %s" % ranks)
    return found


def answers_of_render(program):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program], env=dict(os.environ, TFD_WRITE_REPORTS=folder), stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True)
        for path in sorted(pathlib.Path(folder).glob("*.json")):
            yield path.name, path.read_bytes(), []


def answers_of_tfdiag(program):
    with tempfile.TemporaryDirectory() as folder:
        none = os.path.join(folder, "none")
    for line, codes in LINES:
        args = [word.replace("{none}", none) for word in line]
        p = subprocess.run([program, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                           timeout=120, check=False)
        yield " ".join(args), p.stdout, [] if p.returncode in codes else ["exit code %d" % p.returncode]


def main():
    try:
        import jsonschema
        make = jsonschema.Draft202012Validator
    except (ImportError, AttributeError):
        print("SKIPPED: python3-jsonschema with draft 2020-12 is not installed; no report was validated")
        return 77
    validators = {}
    for name in ("report", "list", "advice"):
        schema = json.loads((DOCS / (name + ".schema.json")).read_text("utf-8"))
        make.check_schema(schema)
        validators["tfdiag." + name] = make(schema)
    if sys.argv[1:2] == ["--render"]:
        answers = answers_of_render(sys.argv[2])
    elif sys.argv[1:2] == ["--tfdiag"]:
        answers = answers_of_tfdiag(sys.argv[2])
    else:
        answers = ((name, pathlib.Path(name).read_bytes(), []) for name in sys.argv[1:])
    count = bad = 0
    for name, raw, found in answers:
        found = found + problems(raw, validators)
        count += 1
        bad += bool(found)
        for one in found[:10]:
            print("%s: %s" % (name, one))
    print("%d answers, %d not as the schema says" % (count, bad))
    return 1 if bad or not count else 0


if __name__ == "__main__":
    sys.exit(main())
