"""Index servers that behave as real ones do on their bad days, on loopback; certificates, wheels, a proxy.

The first component of a path chooses how the server behaves, the rest is what an index has: /json/tensorflow/,
/truncated/tensorflow/ … Python's standard library, and the programs openssl and tinyproxy.
"""
import base64
import contextlib
import hashlib
import http.server
import io
import json
import os
import pathlib
import platform
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

TAG = "cp%d%d" % sys.version_info[:2]
PLATFORM = "manylinux_2_17_" + platform.machine()
NAME = "tensorflow-2.99.0-%s-%s-%s.whl" % (TAG, TAG, PLATFORM)
METADATA = "Metadata-Version: 2.1\nName: tensorflow\nVersion: 2.99.0\nRequires-Python: >=3.9\nRequires-Dist: numpy<3\n\nText.\n"


def wheel(padding=0):
    """A wheel whose METADATA stands behind `padding` bytes that do not compress."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("tensorflow/__init__.py", "__version__ = '2.99.0'\n")
        z.writestr(zipfile.ZipInfo("tensorflow/big.so"), os.urandom(padding))
        z.writestr("tensorflow-2.99.0.dist-info/METADATA", METADATA * 1)
        z.writestr("tensorflow-2.99.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        z.writestr("tensorflow-2.99.0.dist-info/RECORD", "".join("tensorflow/%d.py,,\n" % i for i in range(100)))
    return out.getvalue()


WHEEL = wheel(300000)


def far_wheel():
    """METADATA first and a central directory longer than the tail that is asked for."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("tensorflow-2.99.0.dist-info/METADATA", METADATA)
        for i in range(1500):
            z.writestr("tensorflow/%s%05d.py" % ("a" * 50, i), "")
    return out.getvalue()


FAR = far_wheel()


def page_json(**change):
    row = {"filename": NAME, "url": "/files/" + NAME, "hashes": {"sha256": hashlib.sha256(WHEEL).hexdigest()},
           "requires-python": ">=3.9", "yanked": False, "size": len(WHEEL)}
    row.update(change)
    old = dict(row, filename=NAME.replace("2.99.0", "2.20.0"), yanked="broken <b>build</b>")
    return json.dumps({"meta": {"api-version": "1.1"}, "name": "tensorflow", "files": [row, old]}).encode()


PAGE_HTML = ("<!DOCTYPE html><html><head><!-- <a href='x.whl'> --><title>Links for tensorflow</title></head><body>"
             '<h1>Links for tensorflow</h1><a href="../../files/%s#sha256=%s" data-requires-python="&gt;=3.9" >%s</a><br/>'
             "<A HREF='../../files/tensorflow-2.20.0.tar.gz' DATA-YANKED='broken'>x</A>"
             "</body></html>" % (NAME, hashlib.sha256(WHEEL).hexdigest(), NAME)).encode()

JSON = "application/vnd.pypi.simple.v1+json"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "index"

    def log_message(self, *args):
        pass

    def date_time_string(self, timestamp=None):
        return super().date_time_string(time.time() + self.server.clock if timestamp is None else timestamp)

    def send(self, status, body=b"", type_=JSON, **headers):
        self.send_response(status)
        self.send_header("Content-Type", type_)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), str(value))
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(OSError):
                self.wfile.write(body)

    def send_ranges(self, data):
        spec = self.headers.get("Range", "")
        if not spec.startswith("bytes="):
            self.server.whole += 1
            return self.send(200, data, "application/zip")
        first, last = spec[6:].split("-")
        start = int(first) if first else max(0, len(data) - int(last))
        end = min(int(last), len(data) - 1) if first and last else len(data) - 1
        return self.send(206, data[start:end + 1], "application/zip",
                         Content_Range="bytes %d-%d/%d" % (start, end, len(data)))

    def do_HEAD(self):
        self.send(200)

    def do_GET(self):
        self.server.seen.append(self.path)
        self.server.headers.append(dict(self.headers))
        parts = self.path.lstrip("/").split("/")
        if parts[0] == "files":
            return self.send_file(parts[-1])
        if parts[-2:] != ["tensorflow", ""] and parts[0] not in ("login",):
            return self.send(404, b"no")
        return getattr(self, "on_" + parts[0].replace("-", "_"), self.on_nothing)()

    def send_file(self, name):
        if name.startswith("far-"):
            return self.send_ranges(FAR)
        if name.startswith("norange-"):
            return self.send(200, WHEEL * 20, "application/zip")
        if self.path.startswith("/files/big/"):
            return self.send(200, self.server.big, "application/zip", ETag='"big"', Cache_Control="max-age=31536000, public")
        if name.endswith(".metadata"):
            return self.send(200, self.server.text.encode(), "text/plain") if "have" in self.server.metadata else self.send(404)
        return self.send_ranges(WHEEL)

    def on_nothing(self):
        self.send(404, b"no")

    def on_json(self):
        self.send(200, page_json())

    on_simple = on_json

    def on_foreign(self):
        self.send(200, json.dumps({"files": [{"filename": "tensorflow-2.21.0-cp399-cp399-%s.whl" % PLATFORM, "url": "/x.whl"}]}).encode())

    def on_nobody(self):
        self.send(200, b'{"files":[{"filename":"other-1.0.tar.gz","url":"/x"},{"filename":5}]}')

    def on_html(self):
        self.send(200, PAGE_HTML, "text/html; charset=utf-8")

    def on_plain(self):
        self.send(200, PAGE_HTML, "text/plain")

    def on_metadata(self):
        self.send(200, page_json(**{"core-metadata": {"sha256": hashlib.sha256(METADATA.encode()).hexdigest()}}))

    def on_wrong_hash(self):
        self.send(200, page_json(**{"core-metadata": {"sha256": "0" * 64}}))

    def on_page(self):
        self.send(200, self.server.page)

    def on_big(self):
        self.send(200, page_json(url="/files/big/" + NAME, hashes={"sha256": self.server.hash}))

    def on_far(self):
        self.send(200, page_json(url="/files/far-" + NAME))

    def on_norange(self):
        self.send(200, page_json(url="/files/norange-" + NAME))

    def on_status_403(self):
        self.send(403)

    def on_status_429(self):
        self.send(429, Retry_After="1")

    def on_status_429_long(self):
        self.send(429, Retry_After="100000")

    def on_status_500(self):
        self.send(500)

    def on_recovers(self):
        ill = len(self.server.seen) < 3
        self.send(503, Retry_After="1") if ill else self.send(200, page_json())

    def on_auth(self):
        right = "Basic " + base64.b64encode(b"me:s3cr3t-pa55").decode()
        self.send(200, page_json()) if self.headers.get("Authorization") == right else self.send(401, WWW_Authenticate="Basic")

    def on_stall(self):
        time.sleep(4)

    def on_late(self):
        time.sleep(2)
        self.send(200, page_json())

    def on_slow(self):
        body = page_json()
        self.send(200, b"", Content_Length=len(body))
        with contextlib.suppress(OSError):
            for i in range(0, len(body), 16):
                self.wfile.write(body[i:i + 16])
                time.sleep(0.4)

    def on_truncated(self):
        self.send(200, page_json()[:100], Content_Length=5000)
        self.close_connection = True

    def on_reset(self):
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def on_huge(self):
        self.send(200, b"", Content_Length=1 << 36)
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"[" * 65536)

    def on_nested(self):
        self.send(200, b'{"files":' + b"[" * 100000)

    def on_many(self):
        self.send(200, b'{"files":[' + b"0," * 4000000 + b"0]}")

    def on_garbage(self):
        self.send(200, os.urandom(5000), "application/octet-stream")

    def on_types(self):
        self.send(200, json.dumps({"files": [1, None, {"filename": 3, "url": []}, {"url": "x"}, {"filename": "a\u0000b", "url": "\n"},
                                             {"filename": NAME, "url": "/files/" + NAME, "size": -1e300, "yanked": {}, "hashes": 7,
                                              "requires-python": [], "core-metadata": "x"}]}).encode())

    def on_empty(self):
        self.send(200, b"")

    def on_login(self):
        self.send(200, b"<html><body><form><a href='/help'>Sign in</a></form></body></html>", "text/html")

    def on_redirect(self):
        self.send(302, Location="/json/tensorflow/")

    def on_loop(self):
        self.send(302, Location="/loop/tensorflow/")

    def on_downgrade(self):
        self.send(302, Location=self.server.plain + "/json/tensorflow/")

    def on_etag(self):
        if self.headers.get("If-None-Match") == '"v1"':
            return self.send(304)
        return self.send(200, page_json(), ETag='"v1"')

    def on_lagging(self):
        self.send(200, json.dumps({"files": [{"filename": NAME.replace("2.99.0", "2.16.1"), "url": "/files/" + NAME}]}).encode())


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, context=None, clock=0):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen, self.headers, self.whole, self.clock, self.metadata, self.plain = [], [], 0, clock, "have", ""
        self.text = METADATA
        self.scheme = "http"
        self.context = context
        if context:
            self.scheme = "https"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def get_request(self):
        connection, address = super().get_request()
        connection.settimeout(20)
        if self.context:  # a client that refuses the certificate must not end the loop
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request, client_address):
        pass

    @property
    def url(self):
        return "%s://127.0.0.1:%d" % (self.scheme, self.server_address[1])

    def stop(self):
        self.shutdown()
        self.server_close()


class Certificates:
    """Authorities and server certificates, made with openssl into a folder."""

    def __init__(self, folder):
        self.dir = pathlib.Path(folder)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, cwd=self.dir, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".pem", "-days", 30,
                     "-subj", "/CN=" + name, "-addext", "basicConstraints=critical,CA:TRUE")
        return self.dir / (name + ".pem")

    def server(self, authority, name, address="IP:127.0.0.1,DNS:localhost", start=None, end=None):
        (self.dir / (name + ".ext")).write_text("subjectAltName=%s\nbasicConstraints=CA:FALSE\n" % address)
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
        if start:
            (self.dir / "db.txt").write_text("")
            (self.dir / "serial").write_text("%s\n" % base64.b16encode(os.urandom(4)).decode())
            (self.dir / "ca.cnf").write_text("[ca]\ndefault_ca=d\n[d]\ndatabase=db.txt\nserial=serial\nnew_certs_dir=.\n"
                                             "default_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n")
            self.openssl("ca", "-batch", "-config", "ca.cnf", "-cert", authority + ".pem", "-keyfile", authority + ".key", "-in",
                         name + ".csr", "-out", name + ".pem", "-extfile", name + ".ext", "-startdate", start, "-enddate", end)
        else:
            self.openssl("x509", "-req", "-in", name + ".csr", "-CA", authority + ".pem", "-CAkey", authority + ".key",
                         "-CAcreateserial", "-days", 10, "-extfile", name + ".ext", "-out", name + ".pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.dir / (name + ".pem"), self.dir / (name + ".key"))
        return context


class Proxy:
    """tinyproxy, with a user and password or without."""

    def __init__(self, folder, user="", deny=False):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        conf = pathlib.Path(folder) / ("tinyproxy-%d.conf" % self.port)
        conf.write_text("Port %d\nListen 127.0.0.1\nTimeout 30\nMaxClients 20\n%s%s" % (
            self.port, "" if not user else "BasicAuth %s\n" % user.replace(":", " "), "ConnectPort 1\n" if deny else ""))
        self.process = subprocess.Popen(["tinyproxy", "-d", "-c", str(conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise RuntimeError("tinyproxy does not start")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def dead_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="tfdiag-net-")
    try:
        yield pathlib.Path(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)
