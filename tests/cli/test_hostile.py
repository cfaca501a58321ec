"""Environments made to hurt whoever reads them: special files, loops, huge or nonsensical metadata."""
import os
import unittest

import support


class Hostile(support.Case):
    def examine(self, exe, *more, seconds=15):
        r = self.report("--python", exe, "--no-run", *more, timeout=60)
        self.assertIn(r["_p"].returncode, (0, 1), r["_p"].stderr)
        self.assertLess(r["_p"].seconds, seconds)
        return r

    def info(self, name):
        d = self.site / (name + "-1.0.dist-info")
        d.mkdir()
        return d

    def test_special_files(self):
        exe = self.venv()
        os.mkfifo(self.info("a") / "METADATA")
        os.mkfifo(self.info("b") / "RECORD")
        (self.info("c") / "METADATA").symlink_to("/dev/zero")
        (self.info("d") / "METADATA").mkdir()
        (self.info("e") / "METADATA").symlink_to("METADATA")
        os.mkfifo(self.site / "f.pth")
        (self.site / "g.pth").symlink_to("/dev/zero")
        os.mkfifo(self.site / "h.so")
        os.mkfifo(self.cwd / "random.py")
        os.mkfifo(self.cwd / "pyvenv.cfg")
        self.examine(exe)
        self.examine(exe, "--deep")

    def test_special_tensorflow(self):
        exe = self.venv()
        (self.site / "tensorflow" / "__init__.py").unlink()
        os.mkfifo(self.site / "tensorflow" / "__init__.py")
        self.examine(exe)

    def test_special_pyvenv_cfg(self):
        exe = self.venv()
        cfg = exe.parent.parent / "pyvenv.cfg"
        for data in (b"", b"\0" * 4096, b"home = " + b"x" * 300000, b"home\nversion = \xff\xff\n", b"home = %s\n" % os.fsencode(exe.parent)):
            with self.subTest(data=data[:20]):
                cfg.write_bytes(data)
                self.examine(exe)
        cfg.unlink()
        os.mkfifo(cfg)
        self.examine(exe)

    def test_loops(self):
        exe = self.venv()
        (self.site / "loop").symlink_to(self.site)
        (self.site / "tensorflow" / "self").symlink_to(".")
        (self.site / "loop.pth").write_text("%s\n%s/../site-packages\nloop/loop/loop\n" % (self.site, self.site))
        (self.cwd / ".venv").symlink_to(".venv")
        (self.cwd / "numpy").symlink_to("numpy")
        self.examine(exe)

    def test_metadata(self):
        exe = self.venv()
        for i, data in enumerate((b"", b"\xff\xfe\x00\x01", b"Name: x\n" * 200000, b"Requires-Dist: " + b"(" * 200000,
                                  b"Metadata-Version: 2.1\nName: y\nVersion: " + b"9." * 100000,
                                  b"Name: z\nVersion: 1\nRequires-Dist: a" + b" and (" * 50000,
                                  b"Name: w\nVersion: 1\n" + b"Requires-Dist: b; python_version > '3' or \n" * 50000)):
            (self.info("m%d" % i) / "METADATA").write_bytes(data)
        self.examine(exe)

    def test_record(self):
        exe = self.venv()
        for i, data in enumerate((b"../../../../../../etc/passwd,sha256=AAAA,1\n", b'"unclosed', b"," * 500000, b"a\0b,,\n",
                                  b"\n" * 500000, b"x,sha256=" + b"A" * 100000 + b",99999999999999999999999\n",
                                  b"".join(b"tensorflow/%d.py,sha256=AAAA,5\n" % n for n in range(50000)))):
            d = self.info("r%d" % i)
            (d / "METADATA").write_text("Metadata-Version: 2.1\nName: r%d\nVersion: 1.0\n" % i)
            (d / "RECORD").write_bytes(data)
        self.examine(exe)
        self.examine(exe, "--deep")

    def test_native_files(self):
        exe = self.venv()
        head = b"\x7fELF\x02\x01\x01" + b"\0" * 9
        for i, data in enumerate((b"", b"\x7fELF", head, head + b"\xff" * 48, head + b"\x03\0\x3e\0" + b"\xff" * 5000,
                                  head + b"\x03\0\x3e\0\x01\0\0\0" + b"\0" * 8 + b"\x40" + b"\0" * 7 + b"\x7f" * 4000)):
            (self.site / "tensorflow" / ("_n%d.so" % i)).write_bytes(data)
        self.examine(exe)

    def test_pth_and_many_files(self):
        exe = self.venv()
        (self.site / "big.pth").write_bytes(b"import os; " + b"a" * 3000000 + b"\n" + b"/nonexistent/x\n" * 50000)
        (self.site / "bin.pth").write_bytes(bytes(range(1, 128)) * 100)       # other bytes keep some CPythons from starting
        for i in range(3000):
            (self.cwd / ("file%d.py" % i)).touch()
        r = self.examine(exe, seconds=20)
        self.assertEqual([], r["causes"])

    def test_many_distributions(self):
        exe = self.venv()
        for i in range(800):
            d = self.site / ("pkg%d-1.%d.dist-info" % (i, i))
            d.mkdir()
            (d / "METADATA").write_text("Metadata-Version: 2.1\nName: pkg%d\nVersion: 1.%d\nRequires-Dist: pkg%d>=1\n" % (i, i, (i * 7) % 800))
        self.assertEqual([], self.examine(exe)["causes"])

    def test_deep_folders_and_long_names(self):
        exe = self.venv()
        d = self.site / "deep"
        d.mkdir()
        here = os.getcwd()
        self.addCleanup(os.chdir, here)
        os.chdir(d)
        for _ in range(300):
            os.mkdir("x" * 50)
            os.chdir("x" * 50)
        os.chdir(here)
        (self.site / ("n" * 250)).touch()
        (self.site / os.fsdecode(b"bad\xff\xfename.py")).touch()
        self.examine(exe)

    @unittest.skipIf(os.geteuid() == 0, "root reads everything")
    def test_unreadable(self):
        exe = self.venv()
        d = self.info("locked")
        d.chmod(0)
        self.addCleanup(d.chmod, 0o755)
        self.examine(exe)

    def test_odd_variables(self):
        exe = self.venv()
        self.examine(exe)
        for env in ({"PYTHONPATH": ":" * 100000}, {"PYTHONPATH": "x" * 100000}, {"LD_LIBRARY_PATH": "/a:" * 20000}, {"HOME": "relative"},
                    {"PATH": "::."}, {"VIRTUAL_ENV": ""}, {"VIRTUAL_ENV": "/dev/null"}, {"LD_PRELOAD": ""}, {"PYENV_ROOT": "/dev/zero"},
                    {"CONDA_PREFIX": "/proc/self"}, {"PYTHONHOME": ""}, {"COLUMNS": "-1"}, {"XDG_CACHE_HOME": "x"}):
            with self.subTest(env=str(env)[:60]):
                r = self.report("--python", exe, "--no-run", timeout=60, env=env)
                self.assertIn(r["_p"].returncode, (0, 1))

    def test_cwd_is_gone(self):
        exe = self.venv()
        gone = self.dir / "gone"
        gone.mkdir()
        import subprocess
        p = subprocess.run(["sh", "-c", 'cd "$1" && rmdir "$1" && exec "$0" --json --python "$2"', support.BIN, str(gone), str(exe)],
                           env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual(0, p.returncode, p.stdout + p.stderr)


if __name__ == "__main__":
    unittest.main()
