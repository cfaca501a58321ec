"""tfdiag advise on this machine and on machines that are only described."""
import json
import os
import subprocess
import sys
import unittest

from support import BIN, ROOT, Case


def _validator():
    try:
        import jsonschema
        return jsonschema.Draft202012Validator(json.loads((ROOT / "docs/advice.schema.json").read_text("utf-8")))
    except (ImportError, OSError, AttributeError):
        return None


VALIDATOR = _validator()


class Advise(Case):
    def advise(self, *args, code=None):
        p = subprocess.run([BIN, "advise", *args], cwd=self.cwd, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=60, check=False)
        if code is not None:
            self.assertEqual(code, p.returncode, p.stdout.decode() + p.stderr.decode())
        return p.stdout.decode("utf-8")

    def ask(self, *args, code=0):
        answer = json.loads(self.advise("--json", *args, code=code))
        if VALIDATOR:
            self.assertEqual([], [e.message for e in VALIDATOR.iter_errors(answer)])
        return answer

    def test_described_machine(self):
        answer = self.ask("--python", "3.12", "--platform", "linux_aarch64", "--glibc", "2.31")
        self.assertEqual("tensorflow==%s" % answer["install"]["version"], answer["install"]["requirements"][0])
        self.assertIsNone(answer["target"]["python"])
        self.assertEqual("2.31", answer["target"]["libc_version"])
        self.assertIn("python3.12 -m venv", answer["install"]["commands"][0])
        old = [r for r in answer["releases"] if r["version"] == "2.15.1"][0]
        self.assertEqual({"version": "2.15.1", "fits": False, "known_from": "knowledge",
                          "why_not": [{"id": "python-unsupported", "text": "no cp312 wheel"}]}, old)

    def test_windows_commands_are_for_cmd(self):
        answer = self.ask("--python", "3.10", "--platform", "win_amd64", "--want", "gpu")
        self.assertEqual("cmd", answer["install"]["shell"])
        self.assertIn('"tensorflow==2.10.1"', answer["install"]["commands"][-1])
        self.assertEqual("cuda-missing", answer["changes"][0]["id"])

    def test_nothing_fits(self):
        answer = self.ask("--python", "3.14", "--platform", "linux_x86_64", code=1)
        self.assertIsNone(answer["install"])
        self.assertEqual("python-unsupported", answer["changes"][0]["id"])
        self.assertEqual(answer["before"][0], answer["changes"][0]["text"])
        self.assertIn("venv --python 3.13", answer["changes"][0]["commands"][0])
        self.assertIn("'tensorflow==" if "'" in answer["changes"][0]["commands"][1] else "tensorflow==",
                      answer["changes"][0]["commands"][1])

    def test_environment_that_is_there(self):
        python = self.venv()
        answer = self.ask("--python", str(self.dir / "venv"), code=None)
        self.assertEqual("%d.%d" % sys.version_info[:2], ".".join(answer["target"]["version"].split(".")[:2]))
        if answer["install"]:
            self.assertIn(str(self.dir / "venv"), answer["install"]["commands"][-1])
        self.assertFalse(os.path.exists(self.cwd / ".venv-tensorflow"), python)

    def test_text_has_the_date_and_keeps_its_width(self):
        for columns in ("40", "80", "200"):
            self.env["COLUMNS"] = columns
            text = self.advise("--python", "3.12", "--platform", "win_amd64", "--want", "gpu", code=1)
            self.assertRegex(text, r"Knowledge of \d{4}-\d{2}-\d{2}")
            prose = [line for line in text.splitlines() if not line.startswith("    ")]
            self.assertLessEqual(max(map(len, prose)), max(int(columns), 44))

    def test_wrong_values(self):
        for args, word in ((["--platform", "amiga"], "amiga"), (["--glibc", "old"], "old"), (["--driver", "x"], "x"),
                           (["--tensorflow", "torch"], "torch"), (["--with", "a b"], "a b")):
            p = subprocess.run([BIN, "advise", "--python", "3.12", "--platform", "linux_x86_64", *args], env=self.env,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            self.assertEqual((2, b""), (p.returncode, p.stdout), args)
            self.assertIn(word, p.stderr.decode())

    def test_options_of_other_commands(self):
        for args in (["advise", "--deep"], ["advise", "--only", "deps"], ["check", "--want", "gpu"], ["show", "x", "--gpu", "T4"],
                     ["list", "--with", "x"]):
            p = subprocess.run([BIN, *args], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            self.assertEqual(2, p.returncode, args)


if __name__ == "__main__":
    unittest.main()
