#!/usr/bin/env python3
"""What `import tensorflow` does without each module: the measurements behind src/kb/data/imports and loaded.

measure_imports.py ENV [--packages] [--jobs N] [--out FILE]
ENV is an environment of make_envs.sh.  For each module that the import loads from the standard library (with
--packages: from the packages other than TensorFlow and Keras), one child in which no finder knows it, and for those
of the standard library one more in which an empty file of its name lies in the start folder.  --tree prints instead which files the import
loads, as loaded/*.json has it.  The children are started with
-S and have loaded nothing but what `site` itself loads: a .pth file that imports (setuptools, a company's own) would otherwise
hide what is missed.  One line a module: name, kind, effect hidden, effect shadowed.  Effects: import, keras, none.
Standard library only, Python >= 3.9.
"""
import argparse
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

TIMEOUT = 120

# What the child runs.  sys alone is there at the start; `site` is what every interpreter loads before the first line.
CHILD = r"""
import sys
import site
sys.path[:] = [p for p in sys.path if p not in ('', %(site)r)]
site.USER_SITE = site.USER_SITE or ''       # what site's own start would have set
bare = sorted(sys.modules)
class Hide:
    def __init__(self, finder): self.finder = finder
    def find_spec(self, name, path=None, target=None):
        return None if name == hidden else self.finder.find_spec(name, path, target)
    def __getattr__(self, what): return getattr(self.finder, what)
hidden = %(hidden)r
sys.path.insert(0, '')
sys.path.append(%(site)r)
if hidden:
    sys.meta_path[:] = [Hide(f) for f in sys.meta_path]
import tensorflow as tf
tf.constant(1)
print('@import', flush=True)
tf.keras.layers
print('@keras', flush=True)
"""

LIST = r"""
import json
rows = [(n, getattr(m, '__file__', None) or '', type(getattr(m, '__spec__', None)).__name__ != 'NoneType'
         and getattr(m.__spec__, 'origin', None) or '') for n, m in list(sys.modules.items()) if m is not None]
print('@list', json.dumps({'bare': bare, 'rows': rows, 'builtin': list(sys.builtin_module_names)}))
"""


def run(env, code, folder):
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    surroundings.update(TF_CPP_MIN_LOG_LEVEL="3", PYTHONDONTWRITEBYTECODE="1")
    try:
        p = subprocess.run([os.path.join(env, "bin", "python"), "-S", "-c", code], cwd=folder, env=surroundings, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return "", "time-out"
    return p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")


def effect(out):
    return "none" if "@keras" in out else "keras" if "@import" in out else "import"


def text_of(tree):
    """a(b(c d)) e: names with what lies below them in brackets."""
    return " ".join(k + ("(%s)" % text_of(v) if v else "") for k, v in sorted(tree.items()))


class Measure:
    def __init__(self, env):
        self.env = env
        self.site = glob.glob(os.path.join(env, "lib", "python3.*", "site-packages"))[0]

    def child(self, hidden=""):
        return CHILD % {"site": self.site, "hidden": hidden}

    def modules(self):
        with tempfile.TemporaryDirectory() as folder:
            out, err = run(self.env, self.child() + LIST, folder)
        for ln in out.splitlines():
            if ln.startswith("@list"):
                return json.loads(ln[5:])
        raise SystemExit("import tensorflow does not work in %s: %s" % (self.env, err[-400:]))

    def owners(self):
        """{path: (distribution, version)} by every RECORD."""
        got = {}
        for info in glob.glob(os.path.join(self.site, "*.dist-info")):
            name, version = os.path.basename(info)[:-10].rsplit("-", 1)
            if os.path.exists(os.path.join(info, "RECORD")):
                with open(os.path.join(info, "RECORD"), encoding="utf-8") as f:
                    for line in f:
                        got[os.path.join(self.site, line.split(",")[0].strip('"'))] = (re.sub(r"[-_.]+", "-", name).lower(), version)
        return got

    def trees(self, rows):
        """Modules by their files: some go by several names, and some have no file at all."""
        own, others, versions, owners = {}, {}, {}, self.owners()
        for _name, path, _origin in rows:
            if not path.startswith(self.site):
                continue
            stem = re.sub(r"(/__init__)?(\.[A-Za-z0-9_-]+)*\.(py|so)$", "", os.path.relpath(path, self.site))
            parts = stem.split("/")
            tree = own if parts[0] in ("tensorflow", "tensorflow_core") else others
            if tree is others:
                if path not in owners:
                    continue
                versions[owners[path][0]] = owners[path][1]
            for part in parts:
                tree = tree.setdefault(part, {})
        return {"modules": text_of(own), "versions": dict(sorted(versions.items())), "others": text_of(others)}

    def one(self, name, shadow, known=()):
        """Effects of hiding and of shadowing; known: what was measured before, "import" is not asked again."""
        with tempfile.TemporaryDirectory() as folder:
            got = ["import" if known[:1] == ["import"] else effect(run(self.env, self.child(name), folder)[0])]
            if shadow and known[1:2] == ["import"]:
                got.append("import")
            elif shadow:
                with open(os.path.join(folder, name + ".py"), "w", encoding="utf-8"):
                    pass
                got.append(effect(run(self.env, self.child(), folder)[0]))
        return name, got


def kind_of(path):
    return "native" if ".so" in os.path.basename(path) else "pure"


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("env")
    ap.add_argument("--packages", action="store_true", help="the modules of the packages instead of the standard library's")
    ap.add_argument("--check", metavar="FILE", help="imports/*.json: measure only what it does not give as \"import\"")
    ap.add_argument("--names", metavar="FILE", help="only the modules that this file lists, one a line")
    ap.add_argument("--tree", action="store_true", help="print modules, versions and others of loaded/*.json")
    ap.add_argument("--jobs", type=int, default=1)
    ap.add_argument("--out")
    a = ap.parse_args()
    m = Measure(os.path.abspath(a.env))
    found = m.modules()
    bare, builtin = set(found["bare"]), set(found["builtin"])
    chosen = {}
    for name, path, origin in found["rows"]:
        top = name.split(".")[0]
        inside = path.startswith(m.site)
        if a.packages and inside and top not in ("tensorflow", "tensorflow_core", "keras"):
            chosen[name] = kind_of(path)
        elif not a.packages and not inside and "." not in name and name not in bare and name not in builtin and path \
                and origin != "frozen":
            chosen[name] = kind_of(path)
    out = open(a.out, "w", encoding="utf-8") if a.out else sys.stdout
    if a.tree:
        json.dump(m.trees(found["rows"]), out, indent=1)
        return 0
    if a.packages and not a.names:          # a package that the import does not need as a whole need not be taken apart
        tops = {"google.protobuf" if n.startswith("google.") else n.split(".")[0] for n in chosen}
        spared = tuple(t for t in sorted(tops) if m.one(t, False)[1] != ["import"])
        print("not needed: " + " ".join(spared), file=sys.stderr)
        chosen = {n: k for n, k in chosen.items() if not any(n == t or n.startswith(t + ".") for t in spared)}
    known = {}
    if a.check:
        with open(a.check, encoding="utf-8") as f:
            known = {row[0]: row[2:4] for row in json.load(f)["modules"]}
    if a.names:
        with open(a.names, encoding="utf-8") as f:
            wanted = set(f.read().split())
        chosen = {n: k for n, k in chosen.items() if n in wanted}
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        for name, got in pool.map(lambda n: m.one(n, not a.packages, known.get(n, ())), sorted(chosen)):
            print(json.dumps([name, chosen[name]] + got), file=out, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
