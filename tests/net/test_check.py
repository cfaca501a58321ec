"""tfdiag check --online on a made-up environment: the cause of each broken way to the index, its repair, and what it costs."""
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest

import servers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import support  # noqa: E402

CLEAN = ("proxy", "pip_", "uv_", "ca_bundle", "ssl_cert", "netrc", "tfdiag_cache")


class Case(support.Case):
    def setUp(self):
        super().setUp()
        self.env = {k: v for k, v in self.env.items() if not any(c in k.lower() for c in CLEAN)}
        self.env["PIP_CONFIG_FILE"] = os.devnull
        self.server = self.start()

    def start(self, context=None, clock=0):
        server = servers.Server(context, clock)
        self.addCleanup(server.stop)
        return server

    def empty(self, default=None):
        """An environment without TensorFlow, whose pip has its own index at default."""
        python = self.venv(init=None)
        self.dist("pip", "23.2.1", {"pip/__init__.py": "", "pip/_internal/models/index.py": '''
class PackageIndex:
    pass


PyPI = PackageIndex("%s/", file_storage_domain="files")
TestPyPI = PackageIndex("http://127.0.0.1:1/", file_storage_domain="other")
''' % (default or self.server.url)})
        return python

    def online(self, *arguments, python=None, **more):
        return self.report("check", "--no-run", "--online", "--python", python or self.empty(), *arguments, **more)

    def network(self, report):
        found = [c for c in report["causes"] if c["id"] == "pip-network"]
        self.assertEqual(1, len(found), report["causes"])
        self.assertEqual("install", found[0]["side"])
        self.assertEqual("pip-network", report["causes"][-1]["id"])
        self.assertTrue(found[0]["fixes"])
        return found[0]

    def check_of(self, report):
        return [c for c in report["checks"] if c["id"] == "index"][0]


class Healthy(Case):
    def test_the_address_that_stands_in_pip(self):
        report = self.online()
        self.assertEqual(["/simple/tensorflow/"], self.server.seen[:1])
        self.assertLessEqual(len(self.server.seen), 10)
        self.assertEqual(0, self.server.whole)
        self.assertEqual("ok", self.check_of(report)["status"])
        self.assertNotIn("pip-network", self.ids(report))
        self.assertIn("tensorflow==2.99.0", report["causes"][0]["fixes"][0]["commands"][-1])

    def test_settings(self):
        other = self.start()
        (self.dir / "pip.conf").write_text("# comment\n[global]\nindex-url =\n    %s/html\ntimeout = 3\n" % other.url)
        self.online(env={"PIP_CONFIG_FILE": str(self.dir / "pip.conf")})
        self.assertEqual("/html/tensorflow/", other.seen[0])
        self.online("--index-url", self.server.url + "/metadata", python=self.dir / "venv/bin/python",
                    env={"PIP_CONFIG_FILE": str(self.dir / "pip.conf")})
        self.assertEqual("/metadata/tensorflow/", self.server.seen[0])

    def test_levels(self):
        (self.home / ".config/pip").mkdir(parents=True)
        (self.home / ".config/pip/pip.conf").write_text("[install]\nindex-url: %s/json\n" % self.server.url)
        python = self.empty("http://127.0.0.1:1")
        (self.dir / "venv/pip.conf").write_text("[global]\nindex-url = http://127.0.0.1:2/simple\n")
        self.online(python=python, env={"PIP_CONFIG_FILE": None, "XDG_CONFIG_DIRS": str(self.dir)})
        self.assertEqual("/json/tensorflow/", self.server.seen[0])

    def test_installed_and_unreachable_is_no_cause(self):
        report = self.online("--index-url", "http://127.0.0.1:%d" % servers.dead_port(), python=self.venv(), code=0)
        self.assertEqual([], report["causes"])
        self.assertEqual(["pip-network"], [w["id"] for w in report["warnings"]])

    def test_offline_wins(self):
        report = self.online("--offline")
        self.assertEqual([], self.server.seen)
        self.assertEqual("unknown", self.check_of(report)["status"])

    def test_no_address(self):
        python = self.venv(init=None)
        text = self.run_tfdiag("check", "--no-run", "--online", "-v", "--python", python).stdout
        self.assertTrue("--index-url" in text or "index" in text)

    @unittest.skipUnless(shutil.which("strace"), "needs strace")
    def test_no_socket_without_online(self):
        def sockets(*arguments):
            log = self.dir / "strace"
            subprocess.run(["strace", "-f", "-qq", "-e", "trace=socket,connect", "-o", str(log), support.BIN, "check", "--python",
                            str(self.dir / "venv/bin/python"), *arguments], env=self.env, cwd=self.cwd, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, timeout=60, check=False)
            return [line for line in log.read_text().splitlines() if "AF_INET" in line]
        self.empty()
        self.assertEqual([], sockets())
        self.assertEqual([], sockets("--online", "--offline"))
        self.assertEqual([], sockets("--index-url", self.server.url))
        self.assertNotEqual([], sockets("--online"))


class Broken(Case):
    def failing(self, *arguments, **more):
        return self.network(self.online(*arguments, code=1, **more))

    def test_the_way_is_opened_before_the_fetch(self):
        report = self.online(code=1, env={"PIP_INDEX_URL": "http://127.0.0.1:%d/simple" % servers.dead_port()})
        missing, network = report["causes"][0], self.network(report)
        self.assertEqual("tf-missing", missing["id"])
        self.assertEqual(["pip-network"], missing["needs_also"])
        self.assertEqual(["tf-missing"], network["needs_also"])
        self.assertEqual("unset PIP_INDEX_URL", missing["fixes"][0]["commands"][0])
        self.assertIn("-m pip install", missing["fixes"][0]["commands"][1])

    def test_refused(self):
        cause = self.failing("--index-url", "http://127.0.0.1:%d/simple" % servers.dead_port())
        self.assertIn("refuses", cause["evidence"][0]["text"])

    def test_mirror_is_taken_back_where_it_was_set(self):
        cause = self.failing(env={"PIP_INDEX_URL": "http://127.0.0.1:%d/simple" % servers.dead_port()})
        self.assertEqual(["unset PIP_INDEX_URL"], cause["fixes"][0]["commands"])
        python = self.dir / "venv/bin/python"
        (self.dir / "venv/pip.conf").write_text("[global]\nindex-url = http://127.0.0.1:%d/simple\n" % servers.dead_port())
        cause = self.failing(python=python, env={"PIP_CONFIG_FILE": None})
        self.assertEqual(["%s -m pip config --site unset global.index-url" % python], cause["fixes"][0]["commands"])

    def test_proxy(self):
        cause = self.failing(env={"HTTP_PROXY": "http://joe:pr0xy-pa55@127.0.0.1:%d" % servers.dead_port()})
        self.assertEqual(["unset HTTP_PROXY"], cause["fixes"][0]["commands"])
        self.assertNotIn("pr0xy-pa55", str(cause))

    def test_absent_project_and_old_mirror(self):
        self.assertIn("has no project", self.failing("--index-url", self.server.url + "/nothing")["evidence"][0]["text"])
        report = self.online("--index-url", self.server.url + "/lagging", python=self.dir / "venv/bin/python")
        self.assertIn("pip-network", self.ids(report) + [w["id"] for w in report["warnings"]])

    def test_no_wheel_for_this_python(self):
        report = self.online("--index-url", self.server.url + "/foreign", code=1)
        self.assertIn("python-unsupported", self.ids(report))
        self.assertNotIn("pip-network", self.ids(report))

    def test_login_page(self):
        self.failing("--index-url", self.server.url + "/login")

    def test_time(self):
        started = time.monotonic()
        self.online("--index-url", self.server.url + "/stall")
        self.assertLess(time.monotonic() - started, 40)

    @unittest.skipUnless(shutil.which("openssl"), "needs openssl")
    def test_certificates(self):
        made = servers.Certificates(self.dir)
        own, other = made.authority("Example Root"), made.authority("Another Root")
        server = self.start(made.server("Example Root", "good"))
        url = server.url + "/json"
        cause = self.failing("--index-url", url, env={"PIP_CERT": str(other)})
        self.assertIn("Example Root", cause["evidence"][0]["text"])
        cause = self.failing("--index-url", url, python=self.dir / "venv/bin/python", env={"PIP_CERT": str(self.dir / "none.pem")})
        self.assertEqual(["unset PIP_CERT"], cause["fixes"][0]["commands"])
        report = self.online("--index-url", url, python=self.dir / "venv/bin/python", env={"PIP_CERT": str(own)})
        self.assertNotIn("pip-network", self.ids(report))


if __name__ == "__main__":
    unittest.main()
