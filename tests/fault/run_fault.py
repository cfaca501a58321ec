"""run_fault.py CASE_TOOL FAULT_TOOL CASE calls|requests|blocks [ARGUMENT]...: makes the recorded machine of a case and
lets FAULT_TOOL examine it while one thing after the other fails. The causes of the case's expect.json may be found."""
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cases"))
import build_machine  # noqa: E402


def main():
    case_tool, fault_tool, name, *rest = sys.argv[1:]
    case = build_machine.HERE / name
    expect = json.loads((case / "expect.json").read_text("utf-8"))
    causes = [c.split(":")[0] for c in expect.get("causes", [])]
    with tempfile.TemporaryDirectory(prefix="tfdiag-fault-") as folder:
        machine = pathlib.Path(folder) / name
        build_machine.build(case, machine, case_tool)
        return subprocess.run([fault_tool, str(machine), *rest, *causes], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
