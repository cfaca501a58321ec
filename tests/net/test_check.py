"""tfdiag check --online on a made-up environment: the cause of each broken way to the index, its repair, and what it costs."""
import os
import pathlib
import re
import shutil
import ssl
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
        """It is the Python where no release has a wheel for it, and the index where it lacks those that there are."""
        url = self.server.url + "/foreign"
        cause = self.failing("--index-url", url)
        self.assertIn("no wheel of TensorFlow for this Python", cause["evidence"][0]["text"])
        for path in (self.dir / "venv/lib").iterdir():
            path.rename(path.with_name("python3.98"))
        cfg = (self.dir / "venv/pyvenv.cfg")
        cfg.write_text(re.sub("version = .*", "version = 3.98.1", cfg.read_text()))
        (self.dir / "venv/bin/python").unlink()
        (self.dir / "venv/bin/python").write_text("#!/bin/sh\nexit 1\n")
        (self.dir / "venv/bin/python").chmod(0o755)
        report = self.online("--index-url", url, python=self.dir / "venv/bin/python", code=1)
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

    @unittest.skipUnless(shutil.which("openssl"), "needs openssl")
    def test_client_certificate(self):
        made = servers.Certificates(self.dir)
        own = made.authority("Example Root")
        context = made.server("Example Root", "good")
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(own)
        url = self.start(context).url + "/json"
        cause = self.failing("--index-url", url, env={"PIP_CERT": str(own)})
        self.assertIn("wants a certificate of the client", cause["evidence"][0]["text"])
        made.server("Example Root", "mine")
        both = self.dir / "both.pem"
        both.write_text((self.dir / "mine.key").read_text() + (self.dir / "mine.pem").read_text())
        report = self.online("--index-url", url, python=self.dir / "venv/bin/python",
                             env={"PIP_CERT": str(own), "PIP_CLIENT_CERT": str(both)})
        self.assertNotIn("pip-network", self.ids(report))

    def test_a_mirror_that_lags_gives_what_it_has(self):
        report = self.online("--index-url", self.server.url + "/lagging", code=1)
        self.assertIn("tensorflow==2.16.1", report["causes"][0]["fixes"][0]["commands"][-1])

    def test_a_page_without_files(self):
        self.assertIn("names no file", self.failing("--index-url", self.server.url + "/nobody")["evidence"][0]["text"])

    def test_what_is_not_followed_is_not_known(self):
        self.server.plain = "ftp://127.0.0.1"
        self.assertEqual("unknown", self.check_of(self.online("--index-url", self.server.url + "/downgrade"))["status"])

    def test_settings_that_pip_cannot_read(self):
        """pip ends there whatever else is set, also when no index is asked."""
        python = self.empty()
        conf = self.dir / "venv/pip.conf"
        conf.write_text("[global]\ntimeout = 3\n[global]\nretries = 2\n")
        for online in ([], ["--online"]):
            report = self.report("check", "--no-run", "--python", python, *online, env={"PIP_CONFIG_FILE": None}, code=1)
            cause = self.network(report)
            self.assertIn("line 3", cause["evidence"][0]["text"])
            self.assertEqual(["mv %s %s.broken" % (conf, conf)], cause["fixes"][0]["commands"])
            self.assertEqual(cause["fixes"][0]["commands"][0], report["causes"][0]["fixes"][0]["commands"][0])
        report = self.report("check", "--no-run", "--python", python, code=1)
        self.assertNotIn("pip-network", self.ids(report))


class Several(Case):
    """Several indexes, as pip 23.2 and uv 0.13 were seen to deal with them."""

    def answer(self, main, extra, **env):
        dead = "http://127.0.0.1:%d/simple" % servers.dead_port()
        at = lambda way: dead if way == "dead" else self.server.url + "/" + way  # noqa: E731
        names = ("UV_DEFAULT_INDEX", "UV_INDEX") if self.is_uv else ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")
        python = self.dir / "venv/bin/python"
        if not python.exists():
            python = self.venv(init=None) if self.is_uv else self.empty()
        return self.online(python=python, env=dict(zip(names, (at(main), " ".join(map(at, extra.split())))), **env))

    is_uv = False

    def verdicts(self, rows):
        for main, extra, status in rows:
            with self.subTest(main=main, extra=extra):
                self.assertEqual(status, self.check_of(self.answer(main, extra))["status"])

    def test_pip(self):
        self.verdicts([("json", "nothing", "ok"), ("nothing", "json", "ok"), ("json", "dead", "warn"), ("dead", "json", "warn"),
                       ("json", "status-403", "ok"), ("json", "auth", "fail"), ("auth", "json", "fail"), ("nothing", "dead", "fail")])
        self.assertEqual("ok", self.check_of(self.answer("json", "auth", PIP_NO_INPUT="1"))["status"])

    def test_uv(self):
        self.is_uv = True
        (self.dir / "bin").mkdir()
        (self.dir / "bin/uv").write_text("#!/bin/sh\n")
        (self.dir / "bin/uv").chmod(0o755)
        self.env["PATH"] = "%s:%s" % (self.dir / "bin", self.env["PATH"])
        self.verdicts([("json", "nothing", "ok"), ("nothing", "json", "ok"), ("json", "dead", "fail"), ("dead", "json", "ok"),
                       ("json", "status-403", "fail"), ("status-403", "json", "ok"), ("json", "auth", "fail")])
        self.assertIn("2.16.1", self.check_of(self.answer("json", "lagging"))["summary"])
        self.assertIn("2.99.0", self.check_of(self.answer("json", "lagging", UV_INDEX_STRATEGY="unsafe-best-match"))["summary"])

    def test_all_that_fail_are_taken_back(self):
        cause = self.network(self.answer("nothing", "dead"))
        self.assertEqual("PIP_EXTRA_INDEX_URL", cause["evidence"][0]["source"])
        self.assertEqual(["unset PIP_INDEX_URL", "unset PIP_EXTRA_INDEX_URL"], cause["fixes"][0]["commands"])

    def test_requests_are_counted(self):
        for main, extra in (("status-500", "status-500 " * 4), ("loop", "loop " * 3), ("loop", "nothing " * 12)):
            self.server.seen.clear()
            self.answer(main, " ".join("%s/%d/.." % (way, i) for i, way in enumerate(extra.split())))  # as many addresses
            self.assertLessEqual(len(self.server.seen), 10)
            self.assertGreater(len(self.server.seen), 3)

    def test_no_index(self):
        python = self.empty()
        cause = self.network(self.online(python=python, env={"PIP_NO_INDEX": "1"}, code=1))
        self.assertEqual(["unset PIP_NO_INDEX"], cause["fixes"][0]["commands"])
        (self.dir / "wheels").mkdir()
        links = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.dir / "wheels")}
        cause = self.network(self.online(python=python, env=links, code=1))
        self.assertIn("names no file", cause["evidence"][0]["text"])
        (self.dir / "wheels" / servers.NAME).write_bytes(servers.WHEEL)
        (self.home / "wheels").symlink_to(self.dir / "wheels")
        (self.dir / "links.html").write_text("<a href='wheels/%s'>x</a>" % servers.NAME)
        for place in (self.dir / "wheels", "~/wheels", self.dir / "wheels" / servers.NAME, self.dir / "links.html",
                      (self.dir / "wheels").as_uri()):
            with self.subTest(place):
                links["PIP_FIND_LINKS"] = str(place)
                self.assertEqual("ok", self.check_of(self.online(python=python, env=links))["status"])
        self.assertEqual([], self.server.seen)


if __name__ == "__main__":
    unittest.main()
