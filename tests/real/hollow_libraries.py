#!/usr/bin/env python3
"""hollow_libraries.py ENV: takes the GPUs' machine code out of the CUDA libraries of an environment.

Nothing computes on simulated GPUs, and two thirds of NVIDIA's libraries are code for them. Their sections become holes
in the files: sizes, symbols and all that ld.so reads stay, and RECORD gets the new hashes. Where the file system makes
no holes nothing is changed. Standard library and fallocate(1) only."""
import base64
import csv
import glob
import hashlib
import os
import re
import struct
import subprocess
import sys

DEVICE_CODE = (".nv_fatbin", "__nv_relfatbin", ".cask_resource")
WORTH_IT = 16 << 20  # bytes; smaller libraries are left as they are


def device_code(path):
    """[(offset, size)] of the sections with device code in a 64-bit ELF file; [] for any other file."""
    with open(path, "rb") as f:
        head = f.read(64)
        if head[:6] != b"\x7fELF\x02\x01":
            return []
        table, = struct.unpack_from("<Q", head, 40)
        each, count, names_at = struct.unpack_from("<HHH", head, 58)
        f.seek(table)
        rows = f.read(each * count)
        sections = [struct.unpack_from("<IIQQQQ", rows, i * each) for i in range(count)]  # name, type, flags, address, offset, size
        f.seek(sections[names_at][4])
        names = f.read(sections[names_at][5])
    return [(s[4], s[5]) for s in sections if names[s[0]:names.index(b"\0", s[0])].decode("ascii", "replace") in DEVICE_CODE]


def hollow(path):
    """True where the file has holes now."""
    done = [subprocess.run(["fallocate", "--punch-hole", "--offset", str(offset), "--length", str(size), path], check=False).returncode == 0
            for offset, size in device_code(path)]
    return any(done)


def hash_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(1 << 20), b""):
            digest.update(block)
    return "sha256=" + base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()


def hollow_dist(record):
    """The libraries of one distribution, and its RECORD. Returns how many bytes became holes."""
    site = os.path.dirname(os.path.dirname(record))
    with open(record, newline="", encoding="utf-8") as f:
        rows = list(csv.reader(f))
    saved = 0
    for row in rows:
        path = os.path.join(site, row[0])
        if not re.search(r"\.so(\.\d+)*$", row[0]) or os.path.islink(path) or os.path.getsize(path) < WORTH_IT:
            continue
        before = os.stat(path).st_blocks
        if hollow(path):
            row[1] = hash_of(path)
            saved += 512 * (before - os.stat(path).st_blocks)
    if saved:
        with open(record, "w", newline="", encoding="utf-8") as f:
            csv.writer(f, lineterminator="\n").writerows(rows)
    return saved


def main():
    env = sys.argv[1]
    done = os.path.join(env, ".hollow")
    if os.path.exists(done):
        return
    records = glob.glob(os.path.join(glob.escape(env), "lib", "python3.*", "site-packages", "nvidia_*.dist-info", "RECORD"))
    print("%s: %d MiB of device code became holes" % (env, sum(map(hollow_dist, records)) >> 20))
    open(done, "w").close()


if __name__ == "__main__":
    main()
