"""Standard output, standard error, colour, width, secrets, and that nothing on the machine changes."""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import struct
import subprocess
import time
import unittest

import support

ESCAPE = "\x1b["


class Streams(support.Case):
    def terminal(self, *args, columns=80, both=True, **env):
        """What appears on a terminal; both: standard output too, else standard error only."""
        import fcntl
        import termios
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        e = dict(self.env, TERM="xterm-256color", **env)
        p = subprocess.Popen([support.BIN, *map(str, args)], cwd=self.cwd, env=e, stdin=theirs,
                             stdout=theirs if both else subprocess.DEVNULL, stderr=theirs, start_new_session=True)
        os.close(theirs)
        out, end = b"", time.monotonic() + 60
        while time.monotonic() < end:
            if select.select([ours], [], [], 0.2)[0]:
                try:
                    piece = os.read(ours, 65536)
                except OSError:
                    break
                if not piece:
                    break
                out += piece
            elif p.poll() is not None:
                break
        p.wait(30)
        os.close(ours)
        return p.returncode, out.decode("utf-8").replace("\r\n", "\n")

    def test_healthy(self):
        exe = self.venv()
        r = self.report("--python", exe, code=0)
        self.assertEqual([], r["causes"])
        self.assertEqual(("ok", "ran"), (r["import"]["status"], r["import"]["how"]))
        self.assertEqual("", r["_p"].stderr)
        r = self.report("--python", exe, "--no-run", code=0)
        self.assertEqual(("ok", "examined"), (r["import"]["status"], r["import"]["how"]))

    def test_failing(self):
        exe = self.venv("import nowhere_to_be_found\n")
        r = self.report("--python", exe, code=1)
        self.assertEqual("fails", r["import"]["status"])
        self.assertEqual("ModuleNotFoundError", r["import"]["error"]["type"])
        self.assertEqual("", r["_p"].stderr)

    def test_no_colour_in_a_pipe(self):
        p = self.run_tfdiag("--python", self.venv("raise ImportError('no')\n"))
        self.assertEqual((1, ""), (p.returncode, p.stderr))
        self.assertNotIn("\x1b", p.stdout)

    def test_colour_options(self):
        exe = self.venv("raise ImportError('no')\n")
        self.assertIn(ESCAPE, self.run_tfdiag("--python", exe, "--color", "always").stdout)
        self.assertIn(ESCAPE, self.terminal("--python", exe)[1])
        self.assertNotRegex(self.terminal("--python", exe, NO_COLOR="1")[1], r"\x1b\[[0-9;]*m")
        self.assertNotRegex(self.terminal("--python", exe, "--color", "never")[1], r"\x1b\[[0-9;]*m")

    def test_narrow_terminal(self):
        exe = self.venv("raise ImportError('" + "word " * 60 + "')\n")
        for columns in (40, 60, 100):
            with self.subTest(columns=columns):
                _rc, out = self.terminal("--python", exe, columns=columns)
                for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out).split("\n"):
                    for part in line.split("\r"):
                        if "/" not in part and "://" not in part:     # paths and commands are never broken
                            self.assertLessEqual(len(part), columns, part)

    def test_progress_only_on_a_terminal(self):
        exe = self.venv("import time\ntime.sleep(1.2)\ndef constant(x):\n    return x\n")
        self.assertEqual("", self.run_tfdiag("--python", exe).stderr)
        rc, out = self.terminal("--python", exe, both=False)
        self.assertEqual(0, rc)
        self.assertNotEqual("", out.strip())

    def test_closed_pipe_and_full_disk(self):
        exe = self.venv()
        p = subprocess.Popen([support.BIN, "--json", "--python", str(exe)], cwd=self.cwd, env=self.env,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        p.stdout.close()
        self.assertIn(p.wait(60), (0, 1, 3, -13))
        with open("/dev/full", "w") as full:
            p = subprocess.run([support.BIN, "--json", "--python", str(exe)], cwd=self.cwd, env=self.env, stdout=full,
                               stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertGreater(p.returncode, 0)

    def test_closed_streams(self):
        exe = self.venv()
        for redirect in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            with self.subTest(redirect=redirect):
                p = subprocess.run(["sh", "-c", '"$0" --json --python "$1" ' + redirect, support.BIN, str(exe)], cwd=self.cwd,
                                   env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
                self.assertIn(p.returncode, (0, 1, 3))

    def test_output_where_it_stands(self):
        """-o /dev/stdout goes on where the caller's file stands; the end of a link is written, not the link."""
        exe = self.venv()
        log = self.dir / "log"
        subprocess.run(["sh", "-c", 'echo before; "$0" --no-run --python "$1" -o /dev/stdout; echo after', support.BIN, str(exe)],
                       cwd=self.cwd, env=self.env, stdout=log.open("w"), stderr=subprocess.DEVNULL, timeout=60, check=False)
        lines = log.read_text().splitlines()
        self.assertEqual(("before", "after"), (lines[0], lines[-1]))
        self.assertIn("import tensorflow", lines[1])
        (self.dir / "link").symlink_to("target")
        self.run_tfdiag("--no-run", "--python", exe, "-o", self.dir / "link")
        self.assertTrue((self.dir / "link").is_symlink())
        self.assertIn("import tensorflow", (self.dir / "target").read_text())

    def test_output_of_a_failure(self):
        """-o FILE takes what --json says of an error, too; where nothing can be written, nothing is imported first."""
        exe = self.venv("import pathlib\npathlib.Path('was-imported').touch()\n")
        out = self.dir / "report.json"
        out.write_text('{"of": "an earlier run"}')
        p = self.run_tfdiag("--json", "-o", out, "--python", self.dir / "nothing")
        self.assertEqual((3, ""), (p.returncode, p.stdout))
        self.assertIn("message", json.loads(out.read_text())["error"])
        for path in (self.dir, self.dir / "none" / "report.json"):
            with self.subTest(output=path):
                p = self.run_tfdiag("--json", "-o", path, "--python", exe)
                self.assertEqual(3, p.returncode)
                self.assertIn("cannot write", json.loads(p.stdout)["error"]["message"])
        self.assertFalse((pathlib.Path(self.cwd) / "was-imported").exists())

    def test_same_answer_twice(self):
        exe = self.venv("import missing_thing\n")

        def plain(r):
            r.pop("_p")
            for c in r["checks"]:
                c.pop("milliseconds", None)
            r["import"].pop("seconds", None)
            for fix in [f for c in r["causes"] + r["warnings"] for f in c["fixes"] if f["cost"]]:
                self.assertGreater(fix["cost"].pop("free_bytes"), 0)  # others write on this disk
            return {k: r[k] for k in ("target", "import", "causes", "warnings", "checks")}
        self.assertEqual(plain(self.report("--python", exe)), plain(self.report("--python", exe)))

    def test_locale(self):
        for lang in ("C", "POSIX", "xx_YY.UTF-8", "de_DE.ISO-8859-1"):
            with self.subTest(lang=lang):
                p = self.run_tfdiag("--python", self.dir / "fehlt-ü" / "python", env={"LANG": lang, "LC_ALL": lang})
                self.assertEqual(3, p.returncode)
                self.assertIn("ü", p.stderr)

    def test_secrets_are_masked(self):
        exe = self.venv("import os\nraise ImportError('token is ' + os.environ['MY_API_TOKEN'])\n")
        secret = {"MY_API_TOKEN": "tok-5up3rs3cr3t-A", "AWS_SECRET_ACCESS_KEY": "s3cr3t-B-99887766", "DB_PASSWORD": "hunter2-C-xyz",
                  "PIP_INDEX_URL": "https://user:pw-D-5566@index.invalid/simple", "http_proxy": "http://joe:pw-E-7788@proxy.invalid:3128",
                  "PYTHONPATH": "/srv/x?token=tok-F-1234567890"}
        for args in ([], ["-v"], ["--json"], ["--json", "-v"], ["--no-run", "--json"]):
            with self.subTest(args=args):
                p = self.run_tfdiag("--python", exe, *args, env=secret)
                for piece in ("5up3rs3cr3t-A", "s3cr3t-B", "hunter2-C", "pw-D-5566", "pw-E-7788", "tok-F-1234567890"):
                    self.assertNotIn(piece, p.stdout + p.stderr)

    def test_nothing_changes(self):
        exe = self.venv("import json, os, mine\nopen(os.path.expanduser('~'))if 0 else None\ndef constant(x):\n    return x\n")
        (self.site / "mine.py").write_text("x = 1\n")

        def seen():
            return {os.path.join(d, n): os.lstat(os.path.join(d, n)).st_mtime_ns
                    for d, dn, fn in os.walk(self.dir) for n in dn + fn}
        before = seen()
        self.report("--python", exe, code=0)
        self.assertEqual(before, seen())

    @unittest.skipUnless(shutil.which("strace"), "needs strace")
    def test_no_network(self):
        exe = self.venv()
        log = self.dir / "strace"
        p = subprocess.run(["strace", "-f", "-qq", "-e", "trace=socket,connect", "-o", str(log), support.BIN, "--json", "--python", str(exe)],
                           cwd=self.cwd, env=dict(self.env, ASAN_OPTIONS="detect_leaks=0"), stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=120, check=False)
        if "ptrace" in p.stderr.decode("utf-8", "replace"):
            self.skipTest("tracing is not allowed here")
        self.assertEqual(0, p.returncode, p.stderr)
        for line in log.read_text().splitlines():
            self.assertNotRegex(line, r"AF_INET|AF_PACKET")


if __name__ == "__main__":
    unittest.main()
