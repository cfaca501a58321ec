"""A made-up Python environment and a way to run tfdiag (TFDIAG_BIN) on it; standard library only.

Where python3-jsonschema and docs/report.schema.json are there, every report is checked against the schema.
"""
import base64
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

BIN = os.environ.get("TFDIAG_BIN", "")
ROOT = pathlib.Path(__file__).resolve().parents[2]
PLAIN = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LD_PRELOAD", "NO_COLOR", "COLUMNS")


def _validator():
    try:
        import jsonschema
        return jsonschema.Draft202012Validator(json.loads((ROOT / "docs/report.schema.json").read_text("utf-8")))
    except (ImportError, OSError, AttributeError):
        return None


VALIDATOR = _validator()


def alive(marker):
    """Process ids whose command line holds marker."""
    found = []
    for d in os.listdir("/proc"):
        if d.isdigit() and int(d) != os.getpid():
            try:
                with open("/proc/%s/cmdline" % d, "rb") as f:
                    if marker.encode() in f.read():
                        found.append(int(d))
            except OSError:
                pass
    return found


@unittest.skipUnless(BIN, "TFDIAG_BIN names no program")
class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="tfdiag-cli-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.cwd = self.dir / "cwd"
        self.home = self.dir / "home"
        self.cwd.mkdir()
        self.home.mkdir()
        self.env = {k: v for k, v in os.environ.items() if k not in PLAIN}
        self.env["HOME"] = str(self.home)

    # ---- a made-up environment around this very interpreter
    def venv(self, init="__version__ = '2.99.0'\ndef constant(x):\n    return x\n", python=None, requires=()):
        """A virtual environment with a one-file tensorflow 2.99; python: the text of a script in bin/python's place."""
        root = self.dir / "venv"
        base = os.path.realpath(sys.executable)
        xy = "%d.%d" % sys.version_info[:2]
        (root / "bin").mkdir(parents=True)
        self.site = root / "lib" / ("python" + xy) / "site-packages"
        self.site.mkdir(parents=True)
        (root / "pyvenv.cfg").write_text("home = %s\ninclude-system-site-packages = false\nversion = %s\n"
                                         % (os.path.dirname(base), ".".join(map(str, sys.version_info[:3]))))
        exe = root / "bin" / "python"
        if python is None:
            exe.symlink_to(base)
        else:
            exe.write_text(python)
            exe.chmod(0o755)
        for n in ("python3", "python" + xy):
            (root / "bin" / n).symlink_to("python")
        if init is not None:
            self.dist("tensorflow", "2.99.0", {"tensorflow/__init__.py": init}, requires)
        return exe

    def dist(self, name, version, files, requires=()):
        info = "%s-%s.dist-info" % (name, version)
        files = dict(files)
        files[info + "/METADATA"] = "Metadata-Version: 2.1\nName: %s\nVersion: %s\n%s\n" % (
            name, version, "".join("Requires-Dist: %s\n" % r for r in requires))
        files[info + "/WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        files[info + "/INSTALLER"] = "pip\n"
        record = ""
        for rel, text in files.items():
            p = self.site / rel
            p.parent.mkdir(parents=True, exist_ok=True)
            p.write_text(text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += "%s,sha256=%s,%d\n" % (rel, digest, len(text))
        (self.site / info / "RECORD").write_text(record + info + "/RECORD,,\n")

    # ---- running
    def run_tfdiag(self, *args, timeout=60, **more):
        env = dict(self.env)
        for k, v in more.pop("env", {}).items():
            env.pop(k, None) if v is None else env.__setitem__(k, v)
        t0 = time.monotonic()
        p = subprocess.run([BIN, *map(str, args)], cwd=more.pop("cwd", self.cwd), env=env, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, check=False, **more)
        p.seconds = time.monotonic() - t0
        p.stdout, p.stderr = p.stdout.decode("utf-8"), p.stderr.decode("utf-8")
        self.assertGreaterEqual(p.returncode, 0, "died of a signal: " + p.stderr[-2000:])
        self.assertNotIn("Sanitizer", p.stderr)
        return p

    def report(self, *args, code=None, **more):
        """The JSON report; standard output must be one JSON object and nothing else."""
        p = self.run_tfdiag("--json", *args, **more)
        try:
            r = json.loads(p.stdout)
        except ValueError:
            self.fail("not one JSON object on standard output: %r, %r" % (p.stdout[:400], p.stderr[-400:]))
        self.assertIsInstance(r, dict)
        if VALIDATOR and r.get("schema", "").startswith("tfdiag.report/"):
            self.assertEqual([], ["%s: %s" % (list(e.path), e.message) for e in VALIDATOR.iter_errors(r)])
        if code is not None:
            self.assertEqual(code, p.returncode, p.stdout[:3000] + p.stderr[-500:])
        r["_p"] = p
        return r

    def assert_gone(self, marker, seconds=3.0):
        end = time.monotonic() + seconds
        while alive(marker) and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual([], alive(marker), "processes are left")

    @staticmethod
    def ids(report):
        return [c["id"] for c in report["causes"]]
