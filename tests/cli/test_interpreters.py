"""Interpreters that hang, flood, fork and stay, lie or die; Ctrl-C."""
import os
import resource
import signal
import subprocess
import time
import unittest
import uuid

import support


class Interpreters(support.Case):
    def setUp(self):
        super().setUp()
        self.marker = "3600." + str(uuid.uuid4().int)[:12]        # the argument of a sleep: unique, found in /proc
        self.addCleanup(lambda: [os.kill(p, signal.SIGKILL) for p in support.alive(self.marker)])

    def test_hanging_script(self):
        exe = self.venv(python="#!/bin/sh\ntrap '' TERM INT HUP\nsleep %s & sleep %s\n" % (self.marker, self.marker))
        r = self.report("--python", exe, "--timeout", "1", code=1, timeout=30)
        self.assertLess(r["_p"].seconds, 8)
        self.assertNotEqual("ok", r["import"]["status"])
        self.assert_gone(self.marker)

    def test_hanging_import(self):
        exe = self.venv("import time\ntime.sleep(3600)\n")
        r = self.report("--python", exe, "--timeout", "1", code=1, timeout=30)
        self.assertLess(r["_p"].seconds, 8)
        self.assertEqual("fails", r["import"]["status"])

    def test_child_that_leaves_its_session(self):
        exe = self.venv("import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
                        "        os.execvp('sleep', ['sleep', '%s'])\n    os._exit(0)\ntime.sleep(0.3)\n"
                        "def constant(x):\n    return x\n" % self.marker)
        r = self.report("--python", exe, timeout=30, code=0)
        self.assertLess(r["_p"].seconds, 10)
        self.assert_gone(self.marker)

    def test_hang_with_child_that_leaves(self):
        exe = self.venv("import os, time\nif os.fork() == 0:\n    os.setsid()\n    os.execvp('sleep', ['sleep', '%s'])\n"
                        "time.sleep(3600)\n" % self.marker)
        self.report("--python", exe, "--timeout", "1", timeout=30, code=1)
        self.assert_gone(self.marker)

    def test_flood(self):
        for stream in ("", ">&2"):
            with self.subTest(stream=stream or "stdout"):
                self.doCleanups()
                self.setUp()
                exe = self.venv(python="#!/bin/sh\nexec yes 'import tensorflow: all is well, all is well, all is well' %s\n" % stream)
                before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
                r = self.report("--python", exe, "--timeout", "2", timeout=30, code=1)
                self.assertLess(r["_p"].seconds, 10)
                self.assertLess(len(r["_p"].stdout), 1 << 20)
                self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - before, 400 << 10)

    def test_flood_then_works(self):
        exe = self.venv("import sys\nfor i in range(20000):\n    print('x' * 200)\n    print('y' * 200, file=sys.stderr)\n"
                        "def constant(x):\n    return x\n")
        self.report("--python", exe, code=0, timeout=60)

    def test_liar(self):
        lies = ["", '{"status": "ok"}', '{"import": {"status": "ok"}}', "ok", "\\000\\377\\376", "[[[[[[[["]
        for lie in lies:
            with self.subTest(lie=lie):
                self.doCleanups()
                self.setUp()
                exe = self.venv(python="#!/bin/sh\nfor fd in 1 2 3 4 5 6 7 8 9; do printf '%s\\n' >&$fd; done 2>/dev/null\nexit 0\n" % lie)
                r = self.report("--python", exe, timeout=30)
                self.assertIn(r["_p"].returncode, (0, 1))
                self.assertFalse(r["import"]["status"] == "ok" and r["import"]["how"] == "ran", "believed a liar")

    def test_sudden_deaths(self):
        for sig in ("SEGV", "ILL", "BUS", "ABRT", "FPE", "KILL"):
            with self.subTest(signal=sig):
                self.doCleanups()
                self.setUp()
                number = getattr(signal, "SIG" + sig)
                exe = self.venv("import os\nos.kill(os.getpid(), %d)\n" % number)
                r = self.report("--python", exe, code=1, timeout=30)
                self.assertEqual("fails", r["import"]["status"])
                self.assertIsNotNone(r["import"]["error"]["signal"])

    def test_exits_during_import(self):
        for code in (0, 1, 3, 255):
            with self.subTest(code=code):
                self.doCleanups()
                self.setUp()
                r = self.report("--python", self.venv("import os\nos._exit(%d)\n" % code), code=1, timeout=30)
                self.assertEqual("fails", r["import"]["status"])
        self.doCleanups()
        self.setUp()
        self.report("--python", self.venv("raise SystemExit(0)\n"), code=1)

    def test_meddles_with_descriptors_and_exceptions(self):
        for init in ("import os\nos.closerange(0, 256)\nraise ImportError('closed all')\n",
                     "import sys\nsys.stdout = sys.stderr = None\nraise ImportError('no streams')\n",
                     "class E(ImportError):\n    def __str__(self):\n        raise ValueError('no text')\nraise E()\n",
                     "raise ImportError('\\ud800 \\x00 \\x1b[31m bad text')\n",
                     "raise ImportError('x' * 50000000)\n",
                     "def f():\n    f()\nf()\n",
                     "import sys\nsys.excepthook = None\nsys.exit('text')\n",
                     "import sys\nsys.modules['json'] = sys.modules['traceback'] = None\nraise ImportError('no json')\n",
                     "e = None\nfor i in range(3000):\n    n = ValueError(i)\n    n.__cause__ = e\n    e = n\nraise e\n"):
            with self.subTest(init=init[:40]):
                self.doCleanups()
                self.setUp()
                r = self.report("--python", self.venv(init), code=1, timeout=60)
                self.assertEqual("fails", r["import"]["status"])
                self.assertLess(len(r["_p"].stdout), 1 << 20)

    def test_namespace_and_constant(self):
        exe = self.venv(None)
        (self.site / "tensorflow" / "sub").mkdir(parents=True)
        self.report("--python", exe, code=1)
        self.doCleanups()
        self.setUp()
        r = self.report("--python", self.venv("def constant(x):\n    raise RuntimeError('broken kernels')\n"), code=1)
        self.assertEqual("fails", r["import"]["status"])

    def test_not_runnable(self):
        exe = self.venv(python="#!/nonexistent/interpreter\n")
        self.report("--python", exe, code=1, timeout=30)
        exe.write_bytes(b"\x7fELF garbage")
        self.report("--python", exe, code=1, timeout=30)
        exe.write_bytes(b"")
        self.report("--python", exe, code=1, timeout=30)
        exe.unlink()
        exe.symlink_to("/nonexistent/base/python3")
        self.assertIn("venv-broken", self.ids(self.report("--python", exe, code=1, timeout=30)))

    def interrupt(self, init, sig):
        exe = self.venv(init)
        p = subprocess.Popen([support.BIN, "--python", str(exe)], cwd=self.cwd, env=self.env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        end = time.monotonic() + 20
        while not support.alive(self.marker) and time.monotonic() < end:
            time.sleep(0.05)
        self.assertTrue(support.alive(self.marker), "the import did not start")
        os.killpg(p.pid, sig)
        p.communicate(timeout=15)
        self.assert_gone(self.marker)
        return p.returncode

    def test_ctrl_c(self):
        init = ("import os, time, signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nif os.fork() == 0:\n    os.setsid()\n"
                "    os.execvp('sleep', ['sleep', '%s'])\ntime.sleep(3600)\n" % self.marker)
        self.assertIn(self.interrupt(init, signal.SIGINT), (130, -signal.SIGINT))

    def test_terminated(self):
        init = "import subprocess\nsubprocess.run(['sleep', '%s'])\n" % self.marker
        self.assertIn(self.interrupt(init, signal.SIGTERM), (143, -signal.SIGTERM))


if __name__ == "__main__":
    unittest.main()
