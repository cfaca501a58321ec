"""The index client through net_tool: what it reads, what it makes of servers that misbehave, and within which bounds."""
import base64
import contextlib
import json
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

import servers

TOOL = os.environ.get("TFD_NET_TOOL", "")
CLEAN = ("proxy", "pip_", "uv_", "ca_bundle", "ssl_cert", "netrc", "tfdiag_")


def environment(home, **more):
    env = {k: v for k, v in os.environ.items() if not any(c in k.lower() for c in CLEAN)}
    env.update(HOME=str(home), PIP_CONFIG_FILE=os.devnull)
    env.update(more)
    return env


@unittest.skipUnless(TOOL, "TFD_NET_TOOL names no program")
class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="tfdiag-net-"))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.server = self.start()

    def start(self, context=None, clock=0):
        server = servers.Server(context, clock)
        self.addCleanup(server.stop)
        return server

    def ask(self, url, *arguments, project="tensorflow", seconds=20, **env):
        """Answers (project, METADATA lines, end)."""
        started = time.monotonic()
        p = subprocess.run([TOOL, "--index-url", url, *arguments, project], env=environment(self.home, **env), timeout=90,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(0, p.returncode, p.stderr)
        self.assertLess(time.monotonic() - started, seconds)
        self.out = p.stdout.decode("utf-8", "replace")
        lines = [json.loads(line) for line in self.out.splitlines()]
        return lines[0], lines[1:-1], lines[-1]

    def kind(self, way, *arguments, **options):
        project, _, _ = self.ask(self.server.url + "/" + way, *arguments, **options)
        self.assertTrue(project["failure"]["kind"] == "ok" or project["failure"]["text"], project)
        return project["failure"]["kind"]


class Pages(Case):
    def test_json(self):
        project, _, end = self.ask(self.server.url + "/json")
        first, second = project["files"]
        self.assertEqual((servers.NAME, "2.99.0", "-".join((servers.TAG, servers.TAG, servers.PLATFORM)), ">=3.9", False),
                         tuple(first[k] for k in ("name", "version", "tags", "python", "yanked")))
        self.assertEqual(len(servers.WHEEL), first["size"])
        self.assertEqual((True, "broken <b>build</b>"), (second["yanked"], second["reason"]))
        self.assertEqual((1, True, True), (end["requests"], project["found"], project["complete"]))
        self.assertIn("simple.v1+json", self.server.headers[0]["Accept"])

    def test_html(self):
        project, _, _ = self.ask(self.server.url + "/html")
        first, second = project["files"]
        self.assertEqual((servers.NAME, "2.99.0", ">=3.9", 64), (first["name"], first["version"], first["python"], len(first["sha256"])))
        self.assertEqual(("2.20.0", True, "broken"), (second["version"], second["yanked"], second["reason"]))

    def test_absent_and_names(self):
        project, _, _ = self.ask(self.server.url + "/json", project="no-such")
        self.assertEqual(("no-project", False, True), (project["failure"]["kind"], project["found"], project["complete"]))
        project, _, _ = self.ask(self.server.url + "/json/", project="TensorFlow")
        self.assertTrue(project["found"])

    def test_metadata_file(self):
        _, texts, end = self.ask(self.server.url + "/metadata", "--metadata", "1")
        self.assertEqual(("tensorflow", "2.99.0", "ok"), (texts[0]["name"], texts[0]["version"], texts[0]["failure"]["kind"]))
        self.assertEqual((2, 0), (end["requests"], self.server.whole))
        _, texts, end = self.ask(self.server.url + "/metadata", "--metadata", "1")
        self.assertEqual((1, 1), (end["requests"], end["from_cache"]))
        _, texts, _ = self.ask(self.server.url + "/wrong-hash", "--metadata", "1", "--no-cache")
        self.assertEqual("hostile", texts[0]["failure"]["kind"])

    def test_metadata_by_ranges(self):
        _, texts, end = self.ask(self.server.url + "/json", "--metadata", "1")
        self.assertEqual(("tensorflow", "ok"), (texts[0]["name"], texts[0]["failure"]["kind"]))
        self.assertLessEqual(end["requests"], 3)
        self.assertLess(end["bytes"], 80000)
        _, texts, end = self.ask(self.server.url + "/far", "--metadata", "1")
        self.assertEqual(("tensorflow", 4), (texts[0]["name"], end["requests"]))
        self.assertEqual(0, self.server.whole)

    def test_promised_metadata_that_is_not_there(self):
        self.server.metadata = ""
        _, texts, _ = self.ask(self.server.url + "/metadata", "--metadata", "1", "--no-cache")
        self.assertEqual(("tensorflow", "ok"), (texts[0]["name"], texts[0]["failure"]["kind"]))

    def test_no_ranges(self):
        _, texts, end = self.ask(self.server.url + "/norange", "--metadata", "1")
        self.assertEqual("no-ranges", texts[0]["failure"]["kind"])
        self.assertLess(end["bytes"], 100000)

    def test_cache(self):
        for unchanged in (0, 1):
            project, _, end = self.ask(self.server.url + "/etag")
            self.assertEqual((2, unchanged), (len(project["files"]), end["unchanged"]))
        _, _, end = self.ask(self.server.url + "/etag", TFDIAG_CACHE_DIR="")
        self.assertEqual(0, end["unchanged"])
        self.assertEqual(1, len(list((self.home / ".cache/tfdiag").iterdir())))


class Misbehaviour(Case):
    def test_kinds(self):
        for way, kind in (("status-403", "auth"), ("status-500", "status"), ("status-429-long", "rate"), ("truncated", "broken"),
                          ("reset", "broken"), ("huge", "too-large"), ("nested", "hostile"), ("many", "too-large"),
                          ("garbage", "hostile"), ("plain", "hostile"), ("empty", "hostile"), ("login", "hostile"), ("loop", "redirect"),
                          ("redirect", "ok"), ("types", "ok"), ("recovers", "ok")):
            with self.subTest(way):
                self.server.seen.clear()
                self.assertEqual(kind, self.kind(way))

    def test_retry_after_is_waited_for(self):
        started = time.monotonic()
        self.assertEqual("rate", self.kind("status-429"))
        self.assertEqual(3, len(self.server.seen))
        self.assertGreater(time.monotonic() - started, 1.9)

    def test_time(self):
        self.assertEqual("timeout", self.kind("stall", "--deadline", "1500", seconds=5))
        self.assertEqual("timeout", self.kind("slow", "--deadline", "1500", seconds=5))

    def test_memory(self):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        for way in ("huge", "many", "nested"):
            self.kind(way)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        if "san" not in os.environ.get("ASAN_OPTIONS", "") and before < peak:
            self.assertLess(peak, 400 * 1024)

    def test_way(self):
        project, _, _ = self.ask("http://127.0.0.1:%d/simple" % servers.dead_port())
        self.assertEqual("refused", project["failure"]["kind"])
        project, _, end = self.ask("http://example.invalid/simple")
        self.assertEqual(("plain-http", 0), (project["failure"]["kind"], end["requests"]))
        project, _, _ = self.ask("https://index.invalid/simple")
        self.assertEqual("dns", project["failure"]["kind"])
        project, _, _ = self.ask("ftp://127.0.0.1/simple")
        self.assertEqual("bad-address", project["failure"]["kind"])

    def test_offline_and_budget(self):
        self.assertEqual("offline", self.kind("json", "--offline"))
        self.assertEqual([], self.server.seen)
        _, texts, end = self.ask(self.server.url + "/json", "--metadata", "1", "--requests", "1")
        self.assertEqual(("budget", 1), (texts[0]["failure"]["kind"], end["requests"]))

    def test_several_at_once(self):
        p = subprocess.run([TOOL, "--index-url", self.server.url + "/late"] + ["tensorflow"] * 4,
                           env=environment(self.home), stdout=subprocess.PIPE, timeout=60)
        self.assertEqual(0, p.returncode)
        self.assertLess(json.loads(p.stdout.splitlines()[-1])["milliseconds"], 5000)


class Secrets(Case):
    def test_user_and_password_go_to_the_index_only(self):
        url = self.server.url.replace("://", "://me:s3cr3t-pa55@") + "/auth"
        self.assertEqual("ok", self.ask(url)[0]["failure"]["kind"])
        self.assertNotIn("s3cr3t", self.out)
        wrong = self.server.url.replace("://", "://me:wr0ng-pa55@") + "/auth"
        self.assertEqual("auth", self.ask(wrong)[0]["failure"]["kind"])
        self.assertNotIn("wr0ng", self.out)

    def test_netrc(self):
        (self.home / ".netrc").write_text("machine 127.0.0.1 login me password s3cr3t-pa55\n")
        self.assertEqual("ok", self.kind("auth"))
        self.assertNotIn("s3cr3t", self.out)


@unittest.skipUnless(shutil.which("openssl"), "needs openssl")
class Tls(Case):
    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="tfdiag-net-"))
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        cls.made = servers.Certificates(cls.dir)
        cls.own, cls.other = cls.made.authority("Example Root"), cls.made.authority("Another Root")
        cls.good = cls.made.server("Example Root", "good")
        cls.wrong = cls.made.server("Example Root", "wrong", "DNS:elsewhere.invalid")
        cls.expired = cls.made.server("Example Root", "expired", start="20200101000000Z", end="20210101000000Z")

    def failure(self, context, clock=0, **env):
        self.server = self.start(context, clock)
        return self.ask(self.server.url + "/json", **env)[0]["failure"]

    def test_own_authority(self):
        self.assertEqual("ok", self.failure(self.good, PIP_CERT=str(self.own))["kind"])
        self.assertEqual("ok", self.failure(self.good, REQUESTS_CA_BUNDLE=str(self.own))["kind"])

    def test_unknown_authority_is_named(self):
        failure = self.failure(self.good, PIP_CERT=str(self.other))
        self.assertEqual("tls-ca", failure["kind"])
        self.assertIn("Example Root", failure["issuer"])
        self.assertFalse(failure["interceptable"])

    def test_trusted_host(self):
        self.assertEqual("ok", self.failure(self.good, PIP_TRUSTED_HOST="127.0.0.1")["kind"])

    def test_expired(self):
        self.assertEqual("tls-expired", self.failure(self.expired, PIP_CERT=str(self.own))["kind"])

    def test_clock(self):
        """The server lives in 2020, when its certificate was good: it is our clock that is off."""
        failure = self.failure(self.expired, clock=1590000000 - time.time(), PIP_CERT=str(self.own))
        self.assertEqual("tls-clock", failure["kind"])
        self.assertGreater(failure["clock_off"], 86400)

    def test_other_host_and_files(self):
        self.assertEqual("tls-name", self.failure(self.wrong, PIP_CERT=str(self.own))["kind"])
        self.assertEqual("ca-file", self.failure(self.good, PIP_CERT=str(self.dir / "nothing.pem"))["kind"])

    def test_https_never_leads_to_http(self):
        plain = self.server
        self.server = self.start(self.good)
        self.server.plain = plain.url
        self.assertEqual("not-followed", self.kind("downgrade", PIP_CERT=str(self.own)))
        self.assertEqual([], plain.seen)

    def test_nothing_secret_in_the_look_at_a_certificate(self):
        self.server = self.start(self.good)
        self.ask(self.server.url.replace("://", "://me:s3cr3t-pa55@") + "/json", PIP_CERT=str(self.other))
        self.assertNotIn("s3cr3t", self.out)
        self.assertEqual([], self.server.seen)

    def test_no_tls_there(self):
        self.assertEqual("tls-other", self.ask(self.server.url.replace("http:", "https:") + "/json")[0]["failure"]["kind"])


@unittest.skipUnless(shutil.which("tinyproxy"), "needs tinyproxy")
class Proxies(Case):
    def proxy(self, **options):
        proxy = servers.Proxy(self.home, **options)
        self.addCleanup(proxy.stop)
        return "http://127.0.0.1:%d" % proxy.port

    def test_through(self):
        self.assertEqual("ok", self.kind("json", http_proxy=self.proxy()))
        self.assertIn("tinyproxy", self.server.headers[0].get("Via", ""))

    def test_with_password(self):
        proxy = self.proxy(user="joe:pr0xy-pa55")
        self.assertEqual("proxy-auth", self.kind("json", http_proxy=proxy))
        wrong = proxy.replace("://", "://joe:wr0ng-pa55@")
        self.assertIn(self.kind("json", HTTP_PROXY=wrong), ("proxy-auth", "auth"))  # tinyproxy says 401 then
        self.assertNotIn("wr0ng", self.out)
        self.assertEqual("ok", self.kind("json", PIP_PROXY=proxy.replace("://", "://joe:pr0xy-pa55@")))
        self.assertNotIn("pr0xy-pa55", self.out)

    @unittest.skipUnless(shutil.which("openssl"), "needs openssl")
    def test_tunnel(self):
        made = servers.Certificates(self.home)
        own = made.authority("Example Root")
        self.server = self.start(made.server("Example Root", "good"))
        self.assertEqual("ok", self.kind("json", HTTPS_PROXY=self.proxy(), PIP_CERT=str(own)))
        self.assertEqual("proxy-auth", self.kind("json", HTTPS_PROXY=self.proxy(user="a:b"), PIP_CERT=str(own)))
        self.assertEqual("proxy-status", self.kind("json", HTTPS_PROXY=self.proxy(deny=True), PIP_CERT=str(own)))

    def test_dead_and_bypassed(self):
        dead = "http://127.0.0.1:%d" % servers.dead_port()
        self.assertEqual("proxy-refused", self.kind("json", HTTP_PROXY=dead))
        self.assertEqual("proxy-dns", self.kind("json", HTTP_PROXY="http://proxy.invalid:3128"))
        self.assertEqual("ok", self.kind("json", HTTP_PROXY=dead, NO_PROXY="localhost,127.0.0.0/8"))
        self.assertEqual("ok", self.kind("json", HTTP_PROXY=dead, http_proxy=""))


PROGRAMS = os.path.join(os.environ.get("TFD_NET_VENV", ""), "bin")


def needs(program):
    return unittest.skipUnless(os.path.exists(os.path.join(PROGRAMS, program)),
                               program + " is not installed (scripts/test makes build/pypiserver)")


class RealServers(Case):
    def serve(self, program, *arguments):
        server = subprocess.Popen([os.path.join(PROGRAMS, program), *map(str, arguments)], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)

    def wait_for(self, port):
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.1)
        self.fail("the server does not start")

    def expect_wheel(self, url, kind="ok"):
        project, texts, end = self.ask(url, "--metadata", "1")
        self.assertEqual(("ok", "2.99.0"), (project["failure"]["kind"], project["files"][0]["version"]))
        self.assertEqual(("tensorflow" if kind == "ok" else "", kind), (texts[0]["name"], texts[0]["failure"]["kind"]))
        self.assertLess(end["requests"], 5)
        self.assertLess(end["bytes"], len(servers.WHEEL) / 2)

    @needs("pypi-server")
    def test_pypiserver(self):
        packages = self.home / "packages"
        packages.mkdir()
        (packages / servers.NAME).write_bytes(servers.WHEEL)
        port = servers.dead_port()
        self.serve("pypi-server", "run", "-i", "127.0.0.1", "-p", port, "--disable-fallback", packages)
        self.wait_for(port)
        self.expect_wheel("http://127.0.0.1:%d/simple" % port)

    @needs("devpi-server")
    def test_devpi(self):
        state, port = self.home / "devpi", servers.dead_port()
        subprocess.run([os.path.join(PROGRAMS, "devpi-init"), "--serverdir", str(state), "--no-root-pypi"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.serve("devpi-server", "--serverdir", state, "--host", "127.0.0.1", "--port", port)
        self.wait_for(port)
        headers = {"Accept": "application/json", "Content-Type": "application/json"}

        def call(method, path, body):
            request = urllib.request.Request("http://127.0.0.1:%d%s" % (port, path), body, headers, method=method)
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
                return answer.read()

        def form(boundary="end-of-part", **fields):
            parts = ['--%s\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n' % (
                boundary, key.replace("action", ":action"), '; filename="%s"' % servers.NAME if key == "content" else "")
                for key in fields]
            headers["Content-Type"] = "multipart/form-data; boundary=" + boundary
            return b"".join(part.encode() + value + b"\r\n" for part, value in zip(parts, fields.values())) + (
                "--%s--\r\n" % boundary).encode()

        call("PUT", "/team", b'{"password": "between us"}')
        token = json.loads(call("POST", "/+login", b'{"user": "team", "password": "between us"}'))["result"]["password"]
        headers["X-Devpi-Auth"] = base64.b64encode(("team:" + token).encode()).decode()
        call("PUT", "/team/dev", b'{"type": "stage", "bases": []}')
        call("POST", "/team/dev/", form(action=b"submit", name=b"tensorflow", version=b"2.99.0", metadata_version=b"2.1"))
        call("POST", "/team/dev/", form(action=b"file_upload", name=b"tensorflow", version=b"2.99.0", filetype=b"bdist_wheel",
                                        pyversion=servers.TAG.encode(), content=servers.WHEEL))
        index = "http://127.0.0.1:%d/team/dev/+simple/" % port
        self.expect_wheel(index, "no-ranges")  # nor has it metadata files
        project, _, _ = self.ask(index, project="tensorflow-text")
        self.assertEqual("no-project", project["failure"]["kind"])


if __name__ == "__main__":
    unittest.main()
