#!/usr/bin/env python3
"""compare_pe.py PE_TOOL [--all] [FILE…]   compare the PE reader with objdump of binutils and, where Python has it, pefile.

FILE: DLLs, extension modules and programs for Windows; without any, those of the trees that tests/real_windows made in
${TFDIAG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tfdiag-tests}/windows, every distinct one with --all, else one of each size
class. objdump (x86_64-w64-mingw32-objdump, or one that knows pei-x86-64) answers for headers, imports by name and ordinal,
exports and forwarders; pefile for delayed imports, versions and certificates, which objdump does not print.
Exit: 0 all agree, 1 some differ, 77 no file or no objdump (ctest: skipped).
"""
import glob
import os
import re
import shutil
import subprocess
import sys

try:
    import pefile
except ImportError:
    pefile = None


def run(command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True,
                          encoding="latin-1", **more).stdout


def find_objdump():
    for name in ("x86_64-w64-mingw32-objdump", "objdump"):
        path = shutil.which(name)
        if path and "pei-x86-64" in run([path, "-i"]):
            return path
    return None


def find_files(every):
    cache = os.environ.get("TFDIAG_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "tfdiag-tests")
    base = os.path.join(cache, "windows")
    seen, out = set(), []
    for path in sorted(glob.glob(glob.escape(base) + "/trees/*/**/*", recursive=True) +
                       glob.glob(glob.escape(base) + "/vcredist/*/*.dll") +
                       glob.glob(glob.escape(base) + "/prefix/drive_c/windows/system32/[a-k]*.dll")):
        if not path.lower().endswith((".dll", ".pyd", ".exe")) or not os.path.isfile(path):
            continue
        stat = os.stat(path)
        # One file in about forty of a kind is enough for every day.
        key = stat.st_ino if every else (os.path.basename(path).split(".")[0][:3], stat.st_size.bit_length())
        if key not in seen:
            seen.add(key)
            out.append(path)
    return out


def by_tool(tool, paths):
    """{path: {"head": …, "imports": {dll: [symbols]}, "delayed": …, "exports": {name: (ordinal, forwarder)}, …}}"""
    files, row, symbols = {}, None, None
    for line in run([tool], input="".join(p + "\n" for p in paths)).splitlines():
        f = line.split("\t")
        if f[0] == "file":
            row = files[f[1]] = {"head": f[2:9], "imports": {}, "delayed": {}, "exports": {}, "version": None,
                                 "certificate": None}
        elif f[0] in ("import", "delayed"):
            symbols = row["imports" if f[0] == "import" else "delayed"].setdefault(f[1].lower(), [])
        elif f[0] == "symbol":
            symbols.append(f[1])
        elif f[0] == "export":
            row["exports"][f[2]] = (int(f[1]), f[3])
        elif f[0] == "version":
            row["version"] = tuple(f[1:3])
        elif f[0] == "certificate":
            row["certificate"] = int(f[1])
    return files


def by_objdump(objdump, path):
    text = run([objdump, "-p", path])
    if "file format pei-" not in text:
        return None
    out = {"imports": {}, "exports": {}}
    number = lambda name: re.search(r"^%s\s+([0-9a-fA-F]+)" % name, text, re.M)
    out["head"] = [number(n).group(1) for n in ("MajorLinkerVersion", "MinorLinkerVersion", "Subsystem", "DllCharacteristics")]
    symbols, ordinals, forwarders, base, table = None, {}, {}, 0, None
    for line in text.splitlines():
        m = re.match(r"\tDLL Name: (.*)$", line)
        if m:
            symbols = out["imports"].setdefault(m.group(1).lower(), [])
            continue
        m = re.match(r"\t[0-9a-f]+\t\s*([0-9a-f]+)  (.*)$", line)
        if m and symbols is not None and table is None:
            symbols.append("#%d" % int(m.group(1), 16) if m.group(2) == "<none>" else m.group(2))
            continue
        m = re.match(r"Ordinal Base\s+(\d+)", line)
        if m:
            base, symbols = int(m.group(1)), None
        if line.startswith("Export Address Table --"):
            table = "functions"
        elif line.startswith("[Ordinal/Name Pointer] Table"):
            table = "names"
        elif not line.strip():
            table = table if table == "functions" else None
        m = re.match(r"\t\[ *(\d+)\](?: \+base\[ *\d+\])? (.*)$", line)
        if m and table == "functions" and "Forwarder RVA -- " in m.group(2):
            forwarders[int(m.group(1))] = m.group(2).split("Forwarder RVA -- ")[1]
        elif m and table == "names":
            ordinals[m.group(2)] = int(m.group(1))
    for name, index in ordinals.items():
        out["exports"][name] = (index + base, forwarders.get(index, "-"))
    return out


def by_pefile(path):
    pe = pefile.PE(path, fast_load=True)
    entry = pefile.DIRECTORY_ENTRY
    pe.parse_data_directories([entry["IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT"], entry["IMAGE_DIRECTORY_ENTRY_RESOURCE"]])
    out = {"delayed": {}, "version": None}
    for dll in getattr(pe, "DIRECTORY_ENTRY_DELAY_IMPORT", []):
        out["delayed"].setdefault(dll.dll.decode("latin-1").lower(), []).extend(
            i.name.decode("latin-1") if i.name else "#%d" % i.ordinal for i in dll.imports)
    fixed = getattr(pe, "VS_FIXEDFILEINFO", None)
    # The version that Windows asks for has the number 1; pefile takes any.
    numbers = [e.id for kind in getattr(getattr(pe, "DIRECTORY_ENTRY_RESOURCE", None), "entries", []) if kind.id == 16
               for e in kind.directory.entries]
    if fixed and 1 in numbers:
        out["version"] = "%d.%d.%d.%d" % (fixed[0].FileVersionMS >> 16, fixed[0].FileVersionMS & 65535,
                                          fixed[0].FileVersionLS >> 16, fixed[0].FileVersionLS & 65535)
    security = pe.OPTIONAL_HEADER.DATA_DIRECTORY[entry["IMAGE_DIRECTORY_ENTRY_SECURITY"]]
    out["certificate"] = security.Size or None
    pe.close()
    return out


class Comparison:
    def __init__(self):
        self.checked = self.bad = self.symbols = self.exports = 0

    def check(self, good, text):
        self.checked += 1
        if not good:
            self.bad += 1
            if self.bad <= 30:
                print("DIFFERS " + text)

    def objdump(self, path, mine, other):
        if mine["head"][1] not in ("8664", "14c"):
            return  # for a processor that this objdump does not know
        self.check(other is not None or mine["head"][0] != "0", "%s: objdump takes it for no PE file" % path)
        if other is None or mine["head"][0] != "0":
            return
        linker = "%d.%d" % (int(other["head"][0], 10), int(other["head"][1], 10))
        self.check(mine["head"][6] == linker, "%s: linker %s, objdump %s" % (path, mine["head"][6], linker))
        self.check(int(mine["head"][5]) == int(other["head"][2], 16), "%s: subsystem" % path)
        self.check(int(mine["head"][4], 16) == int(other["head"][3], 16), "%s: DLL characteristics" % path)
        # objdump also lists DLLs of which nothing is imported.
        theirs = {dll: symbols for dll, symbols in other["imports"].items() if symbols}
        self.check(set(mine["imports"]) == set(theirs), "%s: imports %s, objdump %s" % (
            path, sorted(set(mine["imports"]) - set(theirs)), sorted(set(theirs) - set(mine["imports"]))))
        for dll, symbols in theirs.items():
            self.symbols += len(symbols)
            self.check(mine["imports"].get(dll) == symbols, "%s: symbols of %s: %s, objdump %s" % (
                path, dll, mine["imports"].get(dll, [])[:4], symbols[:4]))
        self.exports += len(other["exports"])
        self.check(mine["exports"] == other["exports"], "%s: exports: %s" % (
            path, sorted(set(mine["exports"].items()) ^ set(other["exports"].items()))[:4]))

    def pefile(self, path, mine, other):
        self.check(mine["delayed"] == other["delayed"], "%s: delayed: %s, pefile %s" % (
            path, sorted(mine["delayed"]), sorted(other["delayed"])))
        version = mine["version"][0] if mine["version"] else None
        self.check(version == other["version"], "%s: version %s, pefile %s" % (path, version, other["version"]))
        self.check(mine["certificate"] == other["certificate"], "%s: certificate" % path)


def main():
    words = [w for w in sys.argv[2:] if w != "--all"]
    paths = words or find_files("--all" in sys.argv)
    objdump = find_objdump()
    if not paths or not objdump:
        print("SKIPPED: %s: nothing was compared" % ("no objdump that reads PE files (binutils-mingw-w64)" if paths else
                                                     "no tree of Windows below TFDIAG_CACHE"))
        return 77
    if not pefile:
        print("NOT COMPARED: delayed imports, versions, certificates (Python's pefile is not installed)")
    comparison, mine, delayed, versions = Comparison(), by_tool(os.path.abspath(sys.argv[1]), paths), 0, 0
    for path in paths:
        comparison.objdump(path, mine[path], by_objdump(objdump, path))
        if pefile and mine[path]["head"][0] == "0":
            other = by_pefile(path)
            delayed, versions = delayed + len(other["delayed"]), versions + bool(other["version"])
            comparison.pefile(path, mine[path], other)
    print("%d files, %d imported symbols, %d exports, %d delayed DLLs, %d versions: %d comparisons, %d differ" % (
        len(paths), comparison.symbols, comparison.exports, delayed, versions, comparison.checked, comparison.bad))
    return 1 if comparison.bad else 0


if __name__ == "__main__":
    sys.exit(main())
