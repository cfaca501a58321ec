"""tfdiag.exe as its own transfer program, under Wine: one file asks an index, encrypted by Schannel."""
import json
import os
import shutil
import subprocess
import unittest

import servers

WINE, EXE = os.environ.get("TFD_WINE", ""), os.environ.get("TFDIAG_BIN", "")
CLEAN = ("proxy", "pip_", "uv_", "ca_bundle", "ssl_cert", "netrc", "tfdiag_cache_dir")


def drive_z(path):
    return "Z:" + str(path).replace("/", "\\")


@unittest.skipUnless(WINE, "TFD_WINE names no way to run Windows programs")
class Case(unittest.TestCase):
    def start(self, context=None):
        server = servers.Server(context, 0)
        self.addCleanup(server.stop)
        return server

    def problem(self, url, **more):
        """What tfdiag says went wrong with the index; empty: nothing."""
        env = {k: v for k, v in os.environ.items() if not any(c in k.lower() for c in CLEAN)}
        env.update(PIP_CONFIG_FILE="NUL", TFDIAG_CACHE_DIR="", **more)
        p = subprocess.run([WINE, EXE, "advise", "--json", "--online", "--index-url", url, "--python", "3.12", "--platform", "win_amd64"],
                           env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
        index = json.loads(p.stdout)["index"]
        self.assertTrue(index["asked"], p.stdout)
        return index["problem"]

    def test_plain(self):
        server = self.start()
        self.assertEqual("", self.problem(server.url + "/json"))
        self.assertEqual("/json/tensorflow/", server.seen[0])

    def test_refused(self):
        self.assertIn("refuses the connection", self.problem("http://127.0.0.1:%d/simple" % servers.dead_port()))

    @unittest.skipUnless(shutil.which("openssl"), "needs openssl")
    def test_certificates(self):
        with servers.folder() as d:
            made = servers.Certificates(d)
            own, other = made.authority("Example Root"), made.authority("Another Root")
            server = self.start(made.server("Example Root", "good"))
            # libcurl's Schannel compares names, no addresses.
            url = server.url.replace("127.0.0.1", "localhost") + "/json"
            # Without a store of the caller's Schannel compares with Windows' own; Wine's takes any certificate then.
            self.assertIn("Example Root", self.problem(url, PIP_CERT=drive_z(other)))
            self.assertEqual([], server.seen)
            self.assertEqual("", self.problem(url, PIP_CERT=drive_z(own)))


if __name__ == "__main__":
    unittest.main()
