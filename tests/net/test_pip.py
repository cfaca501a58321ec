"""The examined environment's own pip, real, against an index on loopback, under a limit of memory."""
import hashlib
import io
import json
import os
import resource
import subprocess
import sys
import unittest
import zipfile

import servers
import test_check

WHEEL_BYTES = 150 << 20
# Address space. pip takes about 100 MB of it, and before 23.3 the wheel three times over where it puts it into its cache.
LIMIT = 400 << 20
METADATA = "Metadata-Version: 2.1\nName: tensorflow\nVersion: 2.99.0\n"


def wheel():
    out = io.BytesIO()
    info = "tensorflow-2.99.0.dist-info/"
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("tensorflow/__init__.py", "def constant(x):\n    return x\n")
        z.writestr("tensorflow/big.bin", os.urandom(WHEEL_BYTES))
        z.writestr(info + "METADATA", METADATA)
        z.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: %s-%s-%s\n" % (
            servers.TAG, servers.TAG, servers.PLATFORM))
        z.writestr(info + "RECORD", "")
    return out.getvalue()


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))


def has_sanitizer():
    with open(test_check.support.BIN, "rb") as f:
        return b"__asan_init" in f.read()


@unittest.skipIf(has_sanitizer(), "the address sanitizer's shadow alone is larger than the limit")
class Memory(test_check.Case):
    def under_limit(self, command):
        return subprocess.run(command, shell=isinstance(command, str), env=self.env, cwd=self.cwd, preexec_fn=limit, timeout=300,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)

    def examine(self, python):
        p = self.under_limit([test_check.support.BIN, "check", "--online", "--json", "--python", str(python)])
        return p.returncode, json.loads(p.stdout)

    def test_killed_for_want_of_memory(self):
        env = self.dir / "env"
        subprocess.run([sys.executable, "-m", "venv", str(env)], check=True, env=self.env, stdout=subprocess.DEVNULL)
        python = env / "bin/python"
        version = subprocess.run([str(python), "-c", "import pip; print(pip.__version__)"], stdout=subprocess.PIPE, check=True).stdout
        if tuple(map(int, version.decode().split(".")[:2])) >= (23, 3):
            self.skipTest("this pip writes its cache in pieces")
        self.server.big = wheel()
        self.server.hash = hashlib.sha256(self.server.big).hexdigest()
        # Without trust, pip keeps nothing that came over plain http.
        self.env.update(PIP_INDEX_URL=self.server.url + "/big", PIP_TRUSTED_HOST="127.0.0.1", PIP_LOG=str(self.dir / "pip.log"),
                        PIP_DISABLE_PIP_VERSION_CHECK="1")
        p = self.under_limit([str(python), "-m", "pip", "install", "tensorflow==2.99.0"])
        self.assertNotEqual(0, p.returncode)
        code, report = self.examine(python)
        cause = report["causes"][0]
        self.assertEqual((1, "pip-out-of-memory", "certain"), (code, cause["id"], cause["certainty"]))
        commands = "\n".join(cause["fixes"][0]["commands"])
        self.assertIn("--no-cache-dir", commands)
        p = self.under_limit(commands)
        self.assertEqual(0, p.returncode, p.stderr)
        code, report = self.examine(python)
        self.assertEqual((0, []), (code, report["causes"]))


if __name__ == "__main__":
    unittest.main()
