#!/usr/bin/env python3
"""Runs what tfdiag advise prints, in a new environment of each CPython found here, and imports TensorFlow.

install_advise.py --tfdiag PROGRAM [--root DIR] [--python 3.12 ...] [--online] [--with NAMES]

DIR (default ${PYENV_ROOT:-$HOME/.pyenv}/versions) holds one folder per CPython. Downloads up to 600 MB for each; one
environment at a time, so 3 GB of space do. Also checked: tfdiag is silent about what its own advice made.
Exit: 0 all good, 1 one failed, 77 no interpreter found.
"""
import argparse
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import time

IMPORT = "import tensorflow as tf; tf.constant(1); print(tf.__version__)"


def run(command, cwd, shell=False):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON") and k != "VIRTUAL_ENV"}
    p = subprocess.run(command, cwd=cwd, shell=shell, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=1800, check=False)
    return p.returncode, p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")


def one(args, interpreter, folder):
    """(good, text) for one CPython."""
    python = os.path.join(folder, "env", "bin", "python")
    code, _, error = run([interpreter, "-m", "venv", os.path.join(folder, "env")], folder)
    if code != 0:
        return False, "no environment: " + error[-200:]
    line = [args.tfdiag, "advise", "--json", "--python", python] + (["--online"] if args.online else [])
    code, out, _ = run(line + (["--with", args.addons] if args.addons else []), folder)
    answer = json.loads(out)
    if answer["install"] is None:
        return code == 1 and bool(answer["before"]), "no advice: " + "; ".join(answer["before"])
    script = "set -e\n" + "\n".join(answer["install"]["commands"])
    code, _, error = run(script, folder, shell=True)
    if code != 0:
        return False, script + "\n" + error[-600:]
    code, out, error = run([python, "-c", IMPORT], folder)
    wanted = answer["install"]["version"]
    if code != 0 or out.split()[-1:] != [wanted]:
        return False, "%s; import: %s %s" % (script, out[-80:], error[-400:])
    code, out, _ = run([args.tfdiag, "--json", "--python", python], folder)
    causes = [c["id"] for c in json.loads(out)["causes"]]
    return code == 0 and not causes, "%s%s" % (" ".join(answer["install"]["requirements"]), " causes: %s" % causes if causes else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tfdiag", required=True)
    parser.add_argument("--root", default=os.path.join(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"), "versions"))
    parser.add_argument("--python", action="append")
    parser.add_argument("--online", action="store_true")
    parser.add_argument("--with", dest="addons")
    args = parser.parse_args()
    args.tfdiag = os.path.abspath(args.tfdiag)
    found = {}
    for path in glob.glob(os.path.join(glob.escape(args.root), "*", "bin", "python")):
        m = re.match(r"(3\.\d+)\.\d+$", path.split(os.sep)[-3])
        if m and (not args.python or m.group(1) in args.python):
            found[int(m.group(1)[2:])] = path
    if not found:
        print("SKIPPED: no CPython below " + args.root)
        return 77
    bad = 0
    for minor in sorted(found):
        start = time.time()
        with tempfile.TemporaryDirectory(prefix="tfdiag-install-") as folder:
            good, text = one(args, found[minor], folder)
        bad += not good
        print("%-6s 3.%-3d %4.0f s  %s" % ("good" if good else "FAILED", minor, time.time() - start, text), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
