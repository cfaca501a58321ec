"""tfdiag advise on this machine, on machines that are only described, and with an index on loopback."""
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import unittest

from support import BIN, ROOT, Case


def _validator():
    try:
        import jsonschema
        return jsonschema.Draft202012Validator(json.loads((ROOT / "docs/advice.schema.json").read_text("utf-8")))
    except (ImportError, OSError, AttributeError):
        return None


VALIDATOR = _validator()


class Asking(Case):
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


class Advise(Asking):
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
        # With the CPython 3.13 of this machine, or with uv, which fetches one.
        self.assertRegex(answer["changes"][0]["commands"][0], r"venv --python 3\.13 |/python[0-9.]* -m venv ")
        self.assertIn("tensorflow==", answer["changes"][0]["commands"][-1])

    def test_interpreter_that_is_here_makes_the_environment(self):
        home = self.dir / "versions/3.9.18"
        (home / "bin").mkdir(parents=True)
        (home / "lib/python3.9").mkdir(parents=True)
        (home / "lib/python3.9/os.py").touch()
        shutil.copy(sys.executable, home / "bin/python3.9")
        self.env["PYENV_ROOT"] = str(self.dir)
        self.env["PATH"] = "/usr/bin:/bin"
        answer = self.ask("--python", "3.9", "--platform", "linux_x86_64")
        self.assertEqual("%s/bin/python3.9 -m venv .venv-tensorflow" % home, answer["install"]["commands"][0])
        self.assertIn("python2.7 -m virtualenv", self.ask("--python", "2.7", "--platform", "linux_x86_64")["install"]["commands"][0])

    def test_environment_that_is_there(self):
        python = self.venv()
        answer = self.ask("--python", str(self.dir / "venv"), code=None)
        self.assertEqual("%d.%d" % sys.version_info[:2], ".".join(answer["target"]["version"].split(".")[:2]))
        if answer["install"]:
            self.assertIn(str(self.dir / "venv"), answer["install"]["commands"][-1])
        self.assertFalse(os.path.exists(self.cwd / ".venv-tensorflow"), python)

    def test_what_has_to_be_done_first(self):
        self.venv(init=None)
        self.dist("pip", "9.0.1", {"pip/__init__.py": ""})
        self.dist("tf_nightly", "2.3.0", {"tensorflow/__init__.py": ""})
        self.dist("numpy", "1.16.0", {"numpy/__init__.py": ""})
        answer = self.ask("--python", str(self.dir / "venv"), code=None)
        if not answer["install"]:
            self.skipTest("no TensorFlow for the Python of this machine")
        self.assertEqual(["tf-duplicate", "pip-outdated"], [c["id"] for c in answer["changes"]])
        words = [c.split()[1:5] for c in answer["install"]["commands"]]
        self.assertEqual(["-m", "pip", "uninstall", "-y"], words[0])
        self.assertEqual(["-m", "pip", "install", "--upgrade"], words[1])
        self.assertEqual(["-m", "pip", "install"], words[2][:3])
        self.assertEqual(["numpy 1.16.0 to"], [" ".join(c.split()[:3]) for c in answer["cost"]["changed"]])

    def test_the_build_that_is_there_stays(self):
        self.venv(init=None)
        self.dist("pip", "24.0", {"pip/__init__.py": ""})
        self.dist("tensorflow_cpu", "2.3.0", {"tensorflow/__init__.py": ""})
        answer = self.ask("--python", str(self.dir / "venv"), code=None)
        if not answer["install"]:
            self.skipTest("no TensorFlow for the Python of this machine")
        self.assertEqual("tensorflow-cpu", answer["install"]["distribution"])
        self.assertEqual([], answer["changes"])
        self.assertIsNone(answer["cost"]["tensorflow_wheel_bytes"])  # the tables have that of tensorflow
        gpu = self.ask("--python", str(self.dir / "venv"), "--want", "gpu", "--driver", "560", code=None)
        self.assertNotEqual("tensorflow-cpu", gpu["install"]["distribution"])

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


class Index(http.server.BaseHTTPRequestHandler):
    """A package index with a TensorFlow of tomorrow (PEP 691, PEP 714)."""
    FILES = (("2.98.0", "cp314-cp314-manylinux_2_28_x86_64", False), ("2.99.0", "cp314-cp314-manylinux_2_28_x86_64", False),
             ("2.99.0", "cp313-cp313-manylinux_2_28_x86_64", False), ("2.99.0", "cp313-cp313-win_amd64", False),
             ("2.99.1", "cp314-cp314-manylinux_2_28_x86_64", "does not start"), ("3.0.0rc1", "cp314-cp314-manylinux_2_28_x86_64", False),
             ("2.99.2", "cp314-cp314-manylinux_2_28_x86_64", False), ("2.21.0", "cp313-cp313-win_amd64", False), ("1.0.0", "cp27-cp27mu-manylinux1_x86_64", False))
    RANGES = {"2.99.2": ">=3.10,<3.14"}
    METADATA = ("Metadata-Version: 2.1\nName: tensorflow\nVersion: 2.99.0\nRequires-Dist: numpy>=2\n"
                "Requires-Dist: typing-extensions>=4\nRequires-Dist: nvidia-cuda-runtime-cu13<14.0,>=13.0.48; extra == 'and-cuda'\n")

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path.startswith("/simple/tensorflow/") and self.path.endswith(".metadata"):
            body, kind = self.METADATA, "text/plain"
        elif self.path == "/simple/tensorflow/":
            body, kind = json.dumps({"meta": {"api-version": "1.1"}, "name": "tensorflow", "versions": ["2.99.0"], "files": [
                {"filename": "tensorflow-%s-%s.whl" % (version, tags), "url": "tensorflow-%s-%s.whl" % (version, tags), "hashes": {},
                 "requires-python": self.RANGES.get(version, ">=3.10"), "yanked": yanked, "size": 600000000, "core-metadata": True}
                for version, tags, yanked in self.FILES]}), "application/vnd.pypi.simple.v1+json"
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args):
        pass


class Online(Asking):
    def setUp(self):
        super().setUp()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
        server.asked = []
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.server = server
        self.url = "http://127.0.0.1:%d/simple/" % server.server_address[1]
        self.env["XDG_CACHE_HOME"] = str(self.dir / "cache")
        for name in [n for n in self.env if n.lower().endswith("_proxy") or n.startswith(("PIP_", "UV_"))]:
            del self.env[name]

    def online(self, *args, code=0):
        answer = self.ask("--online", "--index-url", self.url, *args, code=code)
        if not answer["index"]["asked"] and "libcurl" in answer["index"]["problem"]:
            self.skipTest(answer["index"]["problem"])
        return answer

    def test_release_of_tomorrow(self):
        answer = self.online("--python", "3.14", "--platform", "linux_x86_64", "--glibc", "2.31")
        self.assertEqual(["tensorflow==2.99.0"], answer["install"]["requirements"])
        by_version = {r["version"]: r for r in answer["releases"]}
        self.assertEqual("index", by_version["2.99.0"]["known_from"])
        self.assertNotIn("2.99.1", by_version)  # yanked
        self.assertNotIn("3.0.0rc1", by_version)
        self.assertEqual(["wants Python >=3.10,<3.14"], [w["text"] for w in by_version["2.99.2"]["why_not"]])
        self.assertFalse([p for p in self.server.asked if p.endswith(".whl")])
        self.assertLessEqual(len(self.server.asked), 10)

    def test_its_own_needs(self):
        answer = self.online("--python", "3.14", "--platform", "linux_x86_64", "--glibc", "2.27", code=1)
        why = {r["version"]: r["why_not"] for r in answer["releases"]}["2.99.0"]
        self.assertEqual([{"id": "os-too-old", "text": "needs glibc 2.28"}], why)
        answer = self.online("--python", "3.14", "--platform", "linux_x86_64", "--want", "gpu", "--driver", "550", code=1)
        why = {r["version"]: r["why_not"] for r in answer["releases"]}["2.99.0"]
        self.assertEqual(["driver-too-old"], [w["id"] for w in why])
        answer = self.online("--python", "3.14", "--platform", "linux_x86_64", "--want", "gpu", "--driver", "600")
        self.assertEqual("tensorflow[and-cuda]==2.99.0", answer["install"]["requirements"][0])

    def test_index_that_lacks_a_release(self):
        answer = self.online("--python", "3.13", "--platform", "win_amd64", "--tensorflow", "<2.90")
        self.assertEqual("2.21.0", answer["install"]["version"])
        why = {r["version"]: r["why_not"] for r in answer["releases"]}["2.20.0"]
        self.assertEqual("pip-network", why[0]["id"])

    def test_nobody_answers(self):
        self.server.shutdown()
        self.server.server_close()
        answer = self.online("--python", "3.12", "--platform", "linux_x86_64")
        self.assertTrue(answer["index"]["problem"])
        self.assertEqual("knowledge", answer["releases"][0]["known_from"])

    def test_without_online_nothing_is_asked(self):
        self.ask("--index-url", self.url, "--python", "3.12", "--platform", "linux_x86_64")
        self.ask("--online", "--offline", "--index-url", self.url, "--python", "3.12", "--platform", "linux_x86_64")
        self.assertEqual([], self.server.asked)


if __name__ == "__main__":
    unittest.main()
