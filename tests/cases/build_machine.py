"""Makes a recorded machine (src/sys/sys_fixture.h) from a case: parts laid one over the other, ELF and PE stubs
written anew.

A case is a folder with case.json, expect.json and, where it needs files as they are, root/. docs/TESTING.md says what
the members of case.json mean.
"""
import base64
import hashlib
import json
import pathlib
import re
import shutil
import string
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
KNOWLEDGE = HERE.parents[1] / "src" / "kb" / "data"
SUFFIX = {"x86_64": "x86_64-linux-gnu", "aarch64": "aarch64-linux-gnu", "i686": "i386-linux-gnu"}
MACHINE = {"x86_64": 62, "aarch64": 183, "i686": 3}
# Windows: IMAGE_FILE_MACHINE_… and the ends of names (PC/pyconfig.h: PYD_TAGGED_SUFFIX).
IMAGE = {"x86_64": (0x8664, 64), "aarch64": (0xAA64, 64), "i686": (0x14C, 32)}
PLATFORM = {"x86_64": "win_amd64", "aarch64": "win_arm64", "i686": "win32"}


def merge(below, above):
    """Objects member by member, null takes a member away, a list or a plain value replaces."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    out = dict(below)
    for key, value in above.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merge(out.get(key), value) if key in out else value
    return out


def load(case, seen=()):
    """The case with the parts it is like; later parts win, the case itself wins over all."""
    own = json.loads(case.read_text("utf-8"))
    out = {}
    for part in own.pop("like", []):
        if part in seen:
            raise ValueError("%s is like itself" % part)
        out = merge(out, load(HERE / "parts" / (part + ".json"), seen + (part,)))
    return merge(out, own)


def substitute(value, names):
    """$name in every text and key; what is no name ($ORIGIN) stays."""
    if isinstance(value, str):
        return string.Template(value).safe_substitute(names)
    if isinstance(value, list):
        return [substitute(v, names) for v in value]
    if isinstance(value, dict):
        return {substitute(k, names): substitute(v, names) for k, v in value.items()}
    return value


def names_of(case):
    v = dict({"arch": "x86_64", "prefix": "/usr/local", "version": "3.12.3", "libc": "libc.so.6"}, **case.get("vars", {}))
    major, minor, micro = (v["version"] + ".0").split(".")[:3]
    v.setdefault("program_arch", v["arch"])
    v.setdefault("nodot", major + minor)
    v.setdefault("abi", "cp%s%s%s" % (major, minor, "m" if int(minor) < 8 else ""))
    if v.get("os") == "windows":
        v.setdefault("lib", v["prefix"] + "\\Lib")
        v.setdefault("site", v["lib"] + "\\site-packages")
        v.setdefault("platform", PLATFORM[v["program_arch"]])
        v.setdefault("soabi", "cp%s%s-%s" % (major, minor, v["platform"]))
        # sys.hexversion's middle: micro, level F, serial 0, as PC/python_ver_rc.h writes it
        v.setdefault("pe_version", "%s.%s.%s.1013" % (major, minor, int(micro) * 1000 + 150))
    v.setdefault("xy", "%s.%s" % (major, minor))
    v.setdefault("cp", "cp%s%s" % (major, minor))
    v.setdefault("lib", "%s/lib/python%s" % (v["prefix"], v["xy"]))
    v.setdefault("site", v["lib"] + "/site-packages")
    v.setdefault("triple", SUFFIX.get(v["arch"], v["arch"]))
    v.setdefault("soabi", "cpython-%s%s%s-%s" % (major, minor, "m" if int(minor) < 8 else "", v["triple"]))
    for _ in v:
        v = substitute(v, v)
    return v


class Machine:
    def __init__(self, case, folder, tool):
        self.folder, self.root, self.tool = folder, folder / "root", tool
        case = load(case / "case.json")
        self.names = names_of(case)
        self.case = substitute(case, self.names)
        self.machine = self.case.get("machine", {})
        self.objects, self.images = {}, {}
        self.is_windows = self.machine.get("os") == "windows"

    def key(self, path):
        """Where a path of the machine lies below root/: C:\\x in C/x, \\\\server\\share in UNC/server/share."""
        if not self.is_windows:
            return path.lstrip("/")
        path = path.replace("\\", "/")
        if path.startswith("//"):
            path = "UNC/" + path[2:]
        elif path[1:2] == ":":
            path = path[0].upper() + path[2:]
        return path.lstrip("/").replace(":", "%3A")

    def place(self, path):
        out = self.root / self.key(path)
        out.parent.mkdir(parents=True, exist_ok=True)
        return out

    def text(self, path, text, executable=False):
        out = self.place(path)
        out.write_text(text, "utf-8")
        if executable:
            out.chmod(0o755)

    def elf(self, path, spec):
        """machine: by the name that uname gives, the case's own processor where it is left out."""
        spec = dict(spec)
        arch = spec.pop("arch", self.names["arch"])
        spec["machine"] = MACHINE[arch]
        if arch == "i686":
            spec["bits"] = 32
        self.objects[path] = spec
        self.place(path)

    def pe(self, path, spec):
        spec = dict(spec)
        spec["machine"], spec["bits"] = IMAGE[spec.pop("arch", self.names["program_arch"])]
        if "version" in spec:
            spec["version"] = [int(n) for n in spec["version"].split(".")]
        self.images["/" + self.key(path)] = spec
        self.place(path)

    def native(self, path, spec):
        """A text stands for a file that is no object at all."""
        if isinstance(spec, str):
            self.text(path, spec)
        elif self.is_windows:
            self.pe(path, spec)
        else:
            self.elf(path, spec)

    def write_objects(self):
        for kind, objects in (("elf", self.objects), ("pe", self.images)):
            spec = self.folder / (kind + ".json")
            spec.write_text(json.dumps(objects), "utf-8")
            if objects:
                subprocess.run([self.tool, kind, str(spec), str(self.root)], check=True)
        for path, one in self.objects.items():
            if one.get("interp"):
                self.place(path).chmod(0o755)

    # ---- the standard library: what an import of TensorFlow was measured to need, and what every start needs
    def stdlib(self):
        for lib in self.case.get("stdlib", "").split("|"):
            if lib:
                self.stdlib_in(lib)

    def stdlib_in(self, lib):
        own = self.key(lib).rpartition("/")[0] + "/python3"
        dll = [p.rpartition("/")[2] for p in map(self.key, self.case.get("pe", {})) if p.startswith(own) and p[len(own):len(own) + 1].isdigit()]
        for name in ("encodings/__init__", "os", "codecs", "io", "abc", "site", "stat", "posixpath", "genericpath",
                     "_sitebuiltins", "_collections_abc"):
            self.text("%s/%s.py" % (lib, name), "# standard library\n")
        lines = [json.loads(p.read_text("utf-8")) for p in sorted((KNOWLEDGE / "imports").glob("*.json"))]
        for name, kind in sorted({(row[0], row[1]) for line in lines for row in line["modules"]}):
            path = "%s/%s" % (lib, name.replace(".", "/"))
            if kind == "pure" and not self.place(path + "/__init__.py").exists():
                self.text(path + ".py", "# standard library\n")
            elif kind == "native" and self.is_windows:
                self.pe("%s/DLLs/%s.pyd" % (lib.rpartition("\\")[0], name),
                        {"imports": [d + ":PyModule_Create2" for d in dll], "exports": ["PyInit_" + name]})
            elif kind == "native":
                self.elf("%s/lib-dynload/%s.%s.so" % (lib, name, self.names["soabi"]),
                         {"arch": self.names["program_arch"], "needed": [self.names["libc"]],
                          "exports": ["PyInit_" + name]})

    # ---- distributions
    def dist(self, name, spec):
        site = spec.get("site", self.names["site"])
        info = "%s/%s-%s.dist-info" % (site, name.replace("-", "_"), spec["version"])
        for path, text in spec.get("files", {"%s/__init__.py" % spec.get("module", name.replace("-", "_")): "\n"}).items():
            self.text("%s/%s" % (site, path), text)
        for path, native in spec.get("native", {}).items():
            self.native("%s/%s" % (site, path), native)
        if "metadata" in spec and not spec["metadata"]:
            return
        lines = ["Metadata-Version: 2.1", "Name: " + name, "Version: " + spec["version"]]
        if "requires_python" in spec:
            lines.append("Requires-Python: " + spec["requires_python"])
        lines += ["Requires-Dist: " + r for r in spec.get("requires", [])]
        self.text(info + "/METADATA", "\n".join(lines) + "\n\n")
        self.text(info + "/INSTALLER", spec.get("installer", "pip") + "\n")
        if "tag" in spec:
            pure = spec["tag"].endswith("-any")
            self.text(info + "/WHEEL", "Wheel-Version: 1.0\nGenerator: bdist_wheel (0.45.1)\nRoot-Is-Purelib: %s\n%s" % (
                str(pure).lower(), "".join("Tag: %s\n" % t for t in spec["tag"].split())))

    def record(self, name, spec):
        if spec.get("record", True) is False or spec.get("metadata", True) is False:
            return
        site = spec.get("site", self.names["site"])
        info = "%s-%s.dist-info" % (name.replace("-", "_"), spec["version"])
        listed = sorted(list(spec.get("files", {"%s/__init__.py" % spec.get("module", name.replace("-", "_")): 0})) +
                        list(spec.get("native", {})) + [info + "/METADATA", info + "/INSTALLER"] +
                        ([info + "/WHEEL"] if "tag" in spec else []))
        rows = []
        for path in listed:
            own = spec.get("files", {}).get(path)
            data = own.encode() if own is not None else self.place("%s/%s" % (site, path)).read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.append("%s,sha256=%s,%d" % (path, digest, len(data)))
        self.text("%s/%s/RECORD" % (site, info), "\n".join(rows + [info + "/RECORD,,"]) + "\n")

    def make(self, case):
        self.root.mkdir(parents=True)
        if (case / "root").is_dir():
            shutil.copytree(case / "root", self.root, symlinks=True, dirs_exist_ok=True)
        for path in self.case.get("folders", {}):
            (self.root / self.key(path)).mkdir(parents=True, exist_ok=True)
        self.stdlib()
        dists = self.case.get("dists", {})
        for name, spec in dists.items():
            self.dist(re.sub(r"@.*", "", name), spec)
        for path, spec in self.case.get("elf", {}).items():
            self.elf(path, spec)
        for path, spec in self.case.get("pe", {}).items():
            self.native(path, spec)
        self.write_objects()
        for name, spec in dists.items():
            self.record(re.sub(r"@.*", "", name), spec)
        for path, text in self.case.get("text", {}).items():
            self.text(path, text)
        for path in self.case.get("scripts", {}):
            self.text(path, self.case["scripts"][path], True)
        for path, target in self.case.get("links", {}).items():
            self.place(path)
            self.machine.setdefault("files", {})[path] = {"link": target}
        for path in self.case.get("remove", {}):
            target = self.root / self.key(path)
            shutil.rmtree(target) if target.is_dir() else target.unlink()
        (self.folder / "machine.json").write_text(json.dumps(self.machine, indent=1), "utf-8")


def build(case, folder, tool):
    """The machine of the case (a folder) below folder, which must not hold one yet; returns arguments for tfdiag."""
    machine = Machine(case, folder, tool)
    machine.make(case)
    return machine.case.get("arguments", [])
