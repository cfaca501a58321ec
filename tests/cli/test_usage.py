"""Exit codes 2 and 3, help, version, list and show."""
import json
import os
import unittest

import support


class Usage(support.Case):
    def test_help_and_version(self):
        p = self.run_tfdiag("--help")
        self.assertEqual((0, ""), (p.returncode, p.stderr))
        for word in ("check", "list", "show", "--python", "--no-run", "--json"):
            self.assertIn(word, p.stdout)
        p = self.run_tfdiag("--version")
        self.assertEqual(0, p.returncode)
        self.assertRegex(p.stdout, r"^tfdiag \d+\.\d+\.\d+")

    def test_wrong_usage_is_2(self):
        for args in (["--no-such-option"], ["nosuchcommand"], ["--only", "nosuchcheck"], ["--skip", "nosuchcheck"], ["--timeout", "abc"],
                     ["--timeout", "-5"], ["--expect", "cpu"], ["--python"], ["--timeout"], ["show"], ["show", "nosuchid"],
                     ["list", "nosuchthing"], ["--fail-on", "nothing"], ["--color", "blue"], ["check", "extra"]):
            with self.subTest(args=args):
                p = self.run_tfdiag(*args)
                self.assertEqual(2, p.returncode, p.stdout + p.stderr)
                self.assertEqual("", p.stdout)
                self.assertNotEqual("", p.stderr.strip())
                self.assertLessEqual(len(p.stderr.strip().splitlines()), 4)

    def test_folder_without_knowledge(self):
        for folder in (self.dir, self.dir / "nowhere"):
            with self.subTest(folder=folder):
                p = self.run_tfdiag("--kb", folder)
                self.assertEqual((3, ""), (p.returncode, p.stdout))
                self.assertIn(str(folder), p.stderr)

    def test_the_message_names_the_thing(self):
        for args, word in ((["--no-such-option"], "--no-such-option"), (["--only", "nosuchcheck"], "nosuchcheck"),
                           (["show", "nosuchid"], "nosuchid"), (["--expect", "cpu"], "cpu"), (["--timeout", "abc"], "abc")):
            with self.subTest(args=args):
                self.assertIn(word, self.run_tfdiag(*args).stderr)

    def test_json_on_wrong_usage(self):
        for args in (["--json", "--no-such-option"], ["--no-such-option", "--json"], ["--json", "--only", "nosuchcheck"],
                     ["--json", "--timeout", "abc"], ["--json", "--expect", "cpu"]):
            with self.subTest(args=args):
                p = self.run_tfdiag(*args)
                self.assertEqual(2, p.returncode)
                error = json.loads(p.stdout)["error"]
                self.assertTrue(error["message"])
                self.assertIn("hint", error)

    def test_nothing_to_examine_is_3(self):
        empty = self.dir / "empty folder"
        empty.mkdir()
        text = self.dir / "notes.txt"
        text.write_text("no interpreter\n")
        for what in ("/nonexistent/python", "no-such-python-name", empty, self.dir / "none" / "bin" / "python",
                     self.venv().parent.parent / "pyvenv.cfg", "env", "/bin/ls"):
            with self.subTest(python=what):
                p = self.run_tfdiag("--python", what)
                self.assertEqual((3, ""), (p.returncode, p.stdout), p.stderr)
                self.assertIn(os.path.basename(str(what)), p.stderr)
                r = self.report("--python", what, code=3)
                self.assertTrue(r["error"]["message"])
                self.assertIn("hint", r["error"])

    def test_folder_called_as_a_program_is(self):
        self.venv().parent.parent.rename(self.cwd / "env")
        target = self.report("--python", "env", "--no-run")["target"]
        self.assertEqual(str(self.cwd / "env"), os.path.dirname(os.path.dirname(target["python"])))

    def test_no_python_anywhere_is_3(self):
        r = self.report(code=3, env={"PATH": "/nonexistent"})
        self.assertTrue(r["error"]["message"])

    def test_list(self):
        for what in ("checks", "causes", "facts"):
            with self.subTest(what=what):
                p = self.run_tfdiag("list", what)
                self.assertEqual(0, p.returncode)
                self.assertGreater(len(p.stdout.splitlines()), 5)
                r = json.loads(self.run_tfdiag("list", what, "--json").stdout)
                self.assertEqual("tfdiag.list/1", r["schema"])
                for row in r[what]:
                    self.assertTrue(row["id"] and row["summary"])
        self.assertIn("import", [c["id"] for c in json.loads(self.run_tfdiag("list", "checks", "--json").stdout)["checks"]])
        causes = [c["id"] for c in json.loads(self.run_tfdiag("list", "causes", "--json").stdout)["causes"]]
        for one in ("dep-numpy", "tf-corrupt", "name-shadowing", "not-an-environment-problem"):
            self.assertIn(one, causes)

    def test_show(self):
        for one in ("dep-numpy", "venv-broken", "import"):
            with self.subTest(id=one):
                p = self.run_tfdiag("show", one)
                self.assertEqual((0, ""), (p.returncode, p.stderr))
                self.assertIn(one, p.stdout)
                self.assertGreater(len(p.stdout), 100)


if __name__ == "__main__":
    unittest.main()
