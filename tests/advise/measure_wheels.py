"""Sizes of wheels, for "wheels" in src/kb/data/costs.json: measure_wheels.py INDEX > rows

INDEX is the address of a package index ("…/simple"). For each distribution that a TensorFlow release requires, and each
add-on: the largest wheel of its newest final version, for each platform; one row without platform where it is pure Python.
TensorFlow has rows of its own.
"""
import glob
import json
import os
import re
import sys
import urllib.request

from packaging.version import InvalidVersion, Version

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "kb", "data")
PLATFORMS = {"linux-x86_64": r"manylinux.*x86_64", "linux-aarch64": r"manylinux.*aarch64", "windows-x86_64": r"win_amd64",
             "macos-arm64": r"macosx.*(arm64|universal2)"}


def names():
    found = set()
    for path in glob.glob(os.path.join(DATA, "tensorflow", "*.json")):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for lists in re.findall(r'"requires[^"]*": \[([^\]]*)\]', text):
            found |= {re.sub(r"[-_.]+", "-", n).lower() for n in re.findall(r'"([A-Za-z0-9._-]+)', lists)}
    with open(os.path.join(DATA, "addons.json"), encoding="utf-8") as f:
        found |= {a["distribution"] for a in json.load(f)["addons"]}
    return sorted(n for n in found if not re.match(r"tensorrt|tensorflow(-cpu|-gpu|-intel)?$|.*nightly", n))


def version_of(name):
    try:
        v = Version(name.split("-")[1])
    except (InvalidVersion, IndexError):
        return None
    return None if v.is_prerelease else v


def rows(index, name):
    request = urllib.request.Request("%s/%s/" % (index.rstrip("/"), name),
                                     headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        files = json.load(answer)["files"]
    wheels = [(version_of(f["filename"]), f) for f in files if f["filename"].endswith(".whl") and not f.get("yanked")]
    wheels = [(v, f) for v, f in wheels if v and f.get("size")]
    if not wheels:
        return
    newest = max(v for v, _f in wheels)
    largest = {}
    for v, f in wheels:
        tag = f["filename"][:-4].rsplit("-", 1)[1]
        for platform, shape in [("", r"any$")] + list(PLATFORMS.items()):
            if v == newest and re.match(shape, tag):
                largest[platform] = max(f["size"], largest.get(platform, 0))
    for platform, size in sorted(largest.items()):
        yield {"distribution": name, "platform": platform, "bytes": size}


def main():
    out = []
    for name in names():
        try:
            out += rows(sys.argv[1], name)
        except OSError as x:
            print("%s: %s" % (name, x), file=sys.stderr)
    print(",\n".join("  " + json.dumps(r) for r in out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
