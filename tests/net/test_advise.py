"""tfdiag advise --online: releases that the knowledge base does not have, judged by what the index says of them."""
import json
import unittest

import servers
import test_check
from servers import PLATFORM, TAG

MINOR = int(TAG[3:])
OTHER = "cp3%d" % (MINOR + 1)
MACHINE = PLATFORM[len("manylinux_2_17_"):]


class Newer(test_check.Case):
    def setUp(self):
        super().setUp()
        self.python = self.empty()
        self.known = self.advise()["install"]["version"]

    def advise(self, *arguments):
        return json.loads(self.run_tfdiag("advise", "--json", "--python", self.python, "--glibc", "2.36", *arguments).stdout)

    def online(self, files, text=servers.METADATA, known=True):
        """files: (version, tag of Python, tag of platform[, more keys of the page])."""
        rows = list(files) + ([(self.known, TAG, PLATFORM)] if known else [])
        page = []
        for version, python, platform, *more in rows:
            name = "tensorflow-%s-%s-%s-%s.whl" % (version, python, python, platform)
            page.append(dict({"filename": name, "url": "/files/" + name, "core-metadata": True}, **(more[0] if more else {})))
        self.server.page = json.dumps({"files": page}).encode()
        self.server.text = text
        return self.advise("--online", "--index-url", self.server.url + "/page")

    def chosen(self, *files, **more):
        return self.online(files, **more)["install"]["version"]

    def test_what_fits(self):
        for file in (("7.31.4", TAG, PLATFORM), ("7.31.4", TAG, "linux_" + MACHINE),
                     ("7.31.4", TAG, PLATFORM + ".manylinux2014_" + MACHINE), ("7.31.4", TAG, PLATFORM, {"requires-python": ">=3.6"})):
            with self.subTest(file):
                self.assertEqual("7.31.4", self.chosen(file))

    def test_what_does_not(self):
        for file in (("7.31.4", OTHER, PLATFORM), ("7.31.4", TAG, "manylinux_2_39_" + MACHINE), ("7.31.4", TAG, "win_amd64"),
                     ("7.31.4", TAG, PLATFORM, {"requires-python": ">=3.%d" % (MINOR + 1)}), ("7.31.0rc2", TAG, PLATFORM),
                     ("7.31.4", TAG, PLATFORM, {"yanked": "broken"}), ("7.31.4", TAG + "t", PLATFORM)):
            with self.subTest(file):
                self.assertEqual(self.known, self.chosen(file))

    def test_why_not(self):
        answer = self.online([("7.31.4", TAG, "manylinux_2_39_" + MACHINE)])
        why = [r["why_not"] for r in answer["releases"] if r["version"] == "7.31.4"][0]
        self.assertEqual(("os-too-old", "needs glibc 2.39"), (why[0]["id"], why[0]["text"]))

    def test_only_wheels_of_the_target_count(self):
        old, new = PLATFORM, "manylinux_2_39_" + MACHINE
        self.assertEqual("7.31.4", self.chosen(("7.31.4", TAG, old), ("7.31.4", OTHER, new)))
        self.assertEqual("7.31.4", self.chosen(("7.31.4", TAG, new), ("7.31.4", TAG, old)))
        self.assertEqual("7.31.4", self.chosen(("7.31.4", TAG, old), ("7.31.4", TAG, new)))
        self.assertEqual(self.known, self.chosen(("7.31.4", TAG, new), ("7.31.4", OTHER, old)))

    def test_metadata_tells_what_the_page_does_not(self):
        text = servers.METADATA.replace(">=3.9", ">=3.%d" % (MINOR + 1))
        self.assertEqual(self.known, self.chosen(("7.31.4", TAG, PLATFORM), text=text))

    def test_metadata_that_cannot_be_read(self):
        self.assertEqual(self.known, self.chosen(("7.31.4", TAG, PLATFORM), text="<html>"))
        answer = self.online([("7.31.4", TAG, PLATFORM, {"core-metadata": False, "url": "/files/norange-" + servers.NAME})])
        self.assertEqual("7.31.4", answer["install"]["version"])
        self.assertIn("whole files only", answer["notes"][0])

    def test_what_the_index_lacks_is_not_advised(self):
        self.assertNotEqual(self.known, self.chosen((self.known, OTHER, PLATFORM), ("2.16.1", TAG, PLATFORM), known=False))


if __name__ == "__main__":
    unittest.main()
