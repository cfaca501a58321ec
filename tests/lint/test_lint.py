"""What the sources promise to each other and what a compiler does not see: layers, lists, lengths, what must not be
committed. Python's unittest; label lint."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"

# docs/ARCHITECTURE.md: who may include whom. Every folder sees itself, base and sys (sys/sys.h is the machine).
LAYERS = {
    "base": set(),
    "sys": set(),
    "formats": set(),
    "net": {"formats", "core"},
    "kb": {"formats"},
    "loader": {"formats", "core"},  # of core: facts.h
    "python": {"formats", "kb", "core"},
    "packages": {"formats", "kb", "core"},
    "probes": {"formats", "kb", "core", "loader", "net", "packages", "python"},
    "checks": {"formats", "kb", "core"},
    "fixes": {"formats", "kb", "core"},
    "core": {"formats", "kb", "net", "packages", "probes", "checks", "fixes"},
    "render": {"core", "kb"},
    "advise": {"core", "fixes", "formats", "kb", "net", "render"},
    "cli": {"advise", "core", "kb", "net", "render"},
}
# Headers of C11 and of the JSON reader; everything else outside src/sys names an operating system.
PORTABLE = {"assert.h", "ctype.h", "float.h", "inttypes.h", "limits.h", "math.h", "stdarg.h", "stdbool.h", "stddef.h",
            "stdint.h", "stdio.h", "stdlib.h", "string.h", "cjson/cJSON.h", "zlib.h"}
# Longer than a person reads at once, and why that is better than two files.
LONG = {
    "tests/unit/test_loader.c": (540, "rows of one table"),
}
LONGEST = 500
TEXT = {".c", ".h", ".py", ".sh", ".md", ".txt", ".cmake", ".json", ".yml", ".1", ""}


def tracked():
    try:
        out = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             check=True).stdout.decode("utf-8")
        names = [n for n in out.split("\0") if n]
    except (OSError, subprocess.CalledProcessError):  # an unpacked source archive
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*")
                 if p.is_file() and p.relative_to(ROOT).parts[0] not in (".git", "build")]
    return [n for n in names if (ROOT / n).is_file()]


def read(path):
    return path.read_text("utf-8", "replace")


def sources(*suffixes):
    return sorted(p for p in SRC.rglob("*") if p.suffix in suffixes)


def code(text):
    """Without comments and literals, lines kept."""
    def blank(match):
        return "\n" * match.group(0).count("\n") or " "
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def rows(name, macro):
    """First arguments of the rows of a list file, and the rest of each row."""
    return re.findall(r"^%s\((\w+)(.*)\)" % macro, read(SRC / name), flags=re.M)


class Layers(unittest.TestCase):
    def test_a_folder_includes_only_what_lies_below_it(self):
        bad = []
        for path in sources(".c", ".h"):
            folder = path.relative_to(SRC).parts[0]
            if folder not in LAYERS:  # main.c
                continue
            for other in re.findall(r'^#include "(\w+)/', read(path), flags=re.M):
                if other not in LAYERS[folder] | {folder, "base"} | ({"sys"} if folder != "base" else set()):
                    bad.append("%s includes %s/" % (path.relative_to(ROOT), other))
        self.assertEqual([], bad)

    def test_every_folder_has_its_layer(self):
        self.assertEqual(set(), {p.name for p in SRC.iterdir() if p.is_dir()} ^ set(LAYERS))

    def test_only_sys_names_an_operating_system(self):
        bad = []
        for path in sources(".c", ".h"):
            if path.relative_to(SRC).parts[0] == "sys":
                continue
            text = read(path)
            bad += ["%s includes <%s>" % (path.relative_to(ROOT), h)
                    for h in re.findall(r"^\s*#\s*include\s*<([^>]+)>", text, flags=re.M) if h not in PORTABLE]
            bad += ["%s says %s" % (path.relative_to(ROOT), w)
                    for w in re.findall(r"\b(errno|_WIN32|_WIN64|__linux__|__APPLE__|__unix__)\b", code(text))]
        self.assertEqual([], bad)

    def test_checks_fixes_and_renderers_only_read(self):
        """No check, fix or renderer touches the machine: none of them includes more of sys than a check's facts bring."""
        bad = []
        for folder in ("checks", "fixes", "render"):
            for path in sorted((SRC / folder).glob("*.[ch]")):
                text = read(path)
                bad += ["%s includes %s" % (path.relative_to(ROOT), h)
                        for h in re.findall(r'^#include "(sys/\w+\.h|core/run\.h|core/probe\.h|core/import\.h)"', text, flags=re.M)]
                if re.search(r"\b(fopen|getenv|system|popen|tfd_sys_\w+)\s*\(", code(text)):
                    bad.append("%s asks the machine" % path.relative_to(ROOT))
                if folder == "render" and re.search(r"\b(tfd_report|tfd_cause|tfd_facts)\s*\*\s*(?!const)\w+", re.sub(
                        r"const\s+(tfd_report|tfd_cause|tfd_facts)\s*\*", "", code(text))):
                    bad.append("%s holds a report that it could change" % path.relative_to(ROOT))
        self.assertEqual([], bad)


class Lists(unittest.TestCase):
    def test_every_cause_has_its_prose_and_the_other_way_round(self):
        ids = re.findall(r'^TFD_CAUSE\(\w+, "([\w-]+)"', read(SRC / "core/cause_list.h"), flags=re.M)
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual(set(ids), {p.stem for p in (SRC / "kb/data/causes").glob("*.md")})

    def test_names_of_causes_are_their_symbols(self):
        for symbol, rest in rows("core/cause_list.h", "TFD_CAUSE"):
            self.assertIn('"%s"' % symbol.lower().replace("_", "-"), rest)

    def test_facts_are_sorted_as_their_list_says(self):
        keys = re.findall(r'^TFD_FACT\(\w+, "([\w.]+)"', read(SRC / "core/fact_list.h"), flags=re.M)
        self.assertEqual(sorted(keys), keys)
        self.assertEqual(len(keys), len(set(keys)))

    def test_every_list_names_what_is_there(self):
        for name, macro, prefix in (("checks/check_list.h", "TFD_CHECK", "check_"), ("probes/probe_list.h", "TFD_PROBE", "probe_"),
                                    ("render/render_list.h", "TFD_RENDERER", "render_"), ("cli/cmd_list.h", "TFD_CMD", "cmd_")):
            folder = (SRC / name).parent
            listed = [row[0] for row in rows(name, macro)]
            self.assertEqual(len(listed), len(set(listed)), name)
            for one in listed:
                self.assertTrue((folder / (prefix + one + ".c")).is_file(), "%s: %s%s.c" % (name, prefix, one))
            if macro in ("TFD_CHECK", "TFD_PROBE", "TFD_CMD"):
                self.assertEqual(set(listed), {p.stem[len(prefix):] for p in folder.glob(prefix + "*.c")}, name)

    def test_json_list_files_that_say_they_are_sorted_are(self):
        for path in sorted((SRC / "kb/data/imports").glob("*.json")):
            names = re.findall(r'^\s*\["([\w.]+)", "(?:package|pure|native)"', read(path), flags=re.M)
            self.assertEqual(sorted(names), names, path.name)  # tfd_kb_module_find searches by halves


class Files(unittest.TestCase):
    def test_lengths(self):
        bad = []
        for name in tracked():
            if pathlib.Path(name).suffix not in (".c", ".h", ".py", ".sh", ".cmake", ".md"):
                continue
            count = read(ROOT / name).count("\n")
            if count >= LONG.get(name, (LONGEST,))[0]:
                bad.append("%s: %d lines" % (name, count))
        self.assertEqual([], bad)

    def test_nothing_of_a_developers_machine(self):
        """Absolute paths that only exist where something was written, and hosts of package registries."""
        paths = re.compile(r"(?<![\w.~/-])/(?:root|work)/(?:main|shared|\w+/src)\b|/tfdiag-envs/")
        hosts = re.compile(r"(?:files\.)?python" + r"hosted\.org|py" + r"pi\.org|registry\.\w+\.\w+|proxy\.go" + r"lang|mirror\.\w+\.(?:com|org|net)")
        bad = []
        for name in tracked():
            path = ROOT / name
            if path.suffix not in TEXT or "corpus" in path.parts or path.resolve() == pathlib.Path(__file__).resolve():
                continue
            for number, line in enumerate(read(path).split("\n"), 1):
                for pattern in (paths, hosts):
                    hit = pattern.search(line)
                    if hit:
                        bad.append("%s:%d: %s" % (name, number, hit.group(0)))
        self.assertEqual([], bad)

    def test_no_marks_of_unfinished_work(self):
        words = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
        self.assertEqual([], [n for n in tracked() if pathlib.Path(n).suffix in (".c", ".h", ".py", ".sh", ".md", ".cmake")
                              and words.search(read(ROOT / n))])

    def test_lines_end_plainly(self):
        bad = []
        for name in tracked():
            if pathlib.Path(name).suffix in (".c", ".h", ".py", ".sh", ".cmake"):
                data = (ROOT / name).read_bytes()
                if b"\r" in data or b"\t" in data and not name.endswith(".1") or (data and not data.endswith(b"\n")):
                    bad.append(name)
        self.assertEqual([], bad)

    def test_headers_have_guards_named_after_them(self):
        bad = []
        for path in sources(".h"):
            if path.name.endswith("_list.h"):
                continue
            names = [str(path.relative_to(SRC))]
            if path.name.startswith(path.parent.name + "_"):  # sys/sys_posix.h may say TFD_SYS_POSIX_H
                names.append(path.name)
            guards = ["TFD_" + re.sub(r"\W", "_", name).upper() for name in names]
            if not any("#ifndef %s\n#define %s\n" % (g, g) in read(path) for g in guards):
                bad.append("%s: no %s" % (path.relative_to(ROOT), guards[0]))
        self.assertEqual([], bad)


class Headers(unittest.TestCase):
    """Each header compiles alone: the internal ones in C, the public ones (include/) in C and C++."""

    def compile(self, compiler, arguments, suffix, headers, include):
        if not headers:
            return
        with tempfile.TemporaryDirectory() as folder:
            names = []
            for i, header in enumerate(headers):
                name = os.path.join(folder, "alone%d%s" % (i, suffix))
                pathlib.Path(name).write_text('#include "%s"\ntypedef int not_empty;\n' % header, "utf-8")
                names.append(name)
            p = subprocess.run([compiler, *arguments, "-fsyntax-only", "-I", str(include), *names], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, check=False)
        self.assertEqual(0, p.returncode, p.stdout.decode("utf-8", "replace")[:3000])

    def test_internal(self):
        compiler = os.environ.get("CC") or shutil.which("cc") or self.skipTest("no C compiler")
        found = [p.relative_to(SRC) for p in sources(".h") if not p.name.endswith("_list.h")
                 and "_posix" not in p.name and "_win32" not in p.name]
        self.assertGreater(len(found), 40)
        self.compile(compiler, ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"], ".c", found, SRC)

    def test_public(self):
        include = ROOT / "include"
        found = [p.relative_to(include) for p in sorted(include.rglob("*.h"))] if include.is_dir() else []
        if not found:
            self.skipTest("there is no public header")
        compiler = os.environ.get("CC") or shutil.which("cc") or self.skipTest("no C compiler")
        self.compile(compiler, ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"], ".c", found, include)
        other = os.environ.get("CXX") or shutil.which("c++")
        if other:
            self.compile(other, ["-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"], ".cc", found, include)


if __name__ == "__main__":
    unittest.main()
