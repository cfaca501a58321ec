"""What installations cost, for src/kb/data/costs.json: measure_costs.py FOLDER > rows

FOLDER holds the pylock files that real_advise.py --locks wrote. For each: the number of packages, the bytes of their wheels,
and what these hold unpacked, read from the central directory at the end of each wheel (two range requests, no whole wheel).
"""
import io
import json
import pathlib
import re
import sys
import tomllib
import urllib.request
import zipfile

BLOCK = 256 << 10
KNOWN = {}


class Remote(io.RawIOBase):
    """A file behind a URL, read by range in blocks."""

    def __init__(self, url, size):
        super().__init__()
        self.url, self.size, self.at, self.blocks = url, size, 0, {}

    def seekable(self):
        return True

    def readable(self):
        return True

    def seek(self, offset, whence=0):
        self.at = offset + (0 if whence == 0 else self.at if whence == 1 else self.size)
        return self.at

    def tell(self):
        return self.at

    def block(self, n):
        if n not in self.blocks:
            request = urllib.request.Request(self.url, headers={
                "Range": "bytes=%d-%d" % (n * BLOCK, min(self.size, (n + 1) * BLOCK) - 1)})
            with urllib.request.urlopen(request, timeout=120) as answer:
                if answer.status != 206:
                    raise OSError("no ranges")
                self.blocks[n] = answer.read()
        return self.blocks[n]

    def read(self, n=-1):
        end = self.size if n < 0 else min(self.size, self.at + n)
        out = b""
        while self.at < end:
            first = self.at % BLOCK
            piece = self.block(self.at // BLOCK)[first:first + end - self.at]
            out += piece
            self.at += len(piece)
        return out


def unpacked(wheel):
    if wheel["url"] not in KNOWN:
        with zipfile.ZipFile(Remote(wheel["url"], wheel["size"])) as z:
            KNOWN[wheel["url"]] = sum(i.file_size for i in z.infolist())
    return KNOWN[wheel["url"]]


def best_wheel(wheels, python):
    """The wheel for this Python, else one for any; the lock names only those for the platform."""
    tag = "cp" + python.replace(".", "")

    def rank(wheel):
        tags = wheel["url"].rsplit("/", 1)[1].split("-")
        return (tag in tags[-3], "abi3" in tags[-2], "none" == tags[-2], -wheel["size"])
    return max(wheels, key=rank)


def row(path):
    m = re.match(r"pylock\.(3_\d+)_(linux_x86_64|linux_aarch64|win_amd64|macosx_14_0_arm64)(.*)\.toml$", path.name)
    packages = tomllib.loads(path.read_text("utf-8"))["packages"]
    python = m.group(1).replace("_", ".")
    platform = {"linux_x86_64": "linux-x86_64", "linux_aarch64": "linux-aarch64", "win_amd64": "windows-x86_64",
                "macosx_14_0_arm64": "macos-arm64"}[m.group(2)]
    if any(not p.get("wheels") for p in packages):
        return None
    wheels = [best_wheel(p["wheels"], python) for p in packages]
    version = [p["version"] for p in packages if p["name"] == "tensorflow"][0]
    return {"tensorflow": version, "platform": platform, "python": python,
            "gpu": any(p["name"].startswith("nvidia-") for p in packages), "packages": len(packages),
            "download": sum(w["size"] for w in wheels), "disk": sum(map(unpacked, wheels))}


def main():
    rows = {}
    for path in sorted(pathlib.Path(sys.argv[1]).glob("pylock.*.toml")):
        one = row(path)
        if one:
            rows[(one["tensorflow"], one["platform"], one["python"], one["gpu"])] = one
    order = sorted(rows, key=lambda k: ([int(x) for x in re.findall(r"\d+", k[0])], k[1], int(k[2][2:]), k[3]))
    print(",\n".join("  " + json.dumps(rows[k]) for k in order))


if __name__ == "__main__":
    sys.exit(main())
