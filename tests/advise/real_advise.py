"""tfdiag advise against a real package index: uv's resolver has to accept what is printed, and to choose just that.

real_advise.py --tfdiag PROGRAM [--uv PROGRAM] [--python 3.12 ...] [--platform linux_x86_64 ...] [--online] [--locks DIR]

For each CPython and platform the requirements of the advice go through `uv pip compile --only-binary :all:`. Releases for
CPython 3.6 require packages of which no wheel was ever made (termcolor 1.1.0 and others): there, these packages alone may
come as source. Exit code 77 (skipped) without uv or without an index that answers.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PYTHONS = ["3.%d" % minor for minor in range(6, 15)]
PLATFORMS = {"linux_x86_64": "x86_64-manylinux_2_31", "linux_aarch64": "aarch64-manylinux_2_31",
             "win_amd64": "x86_64-pc-windows-msvc", "macosx_14_0_arm64": "aarch64-apple-darwin"}
# Without a wheel for CPython 3.6 (and some for none at all): the index has their sources only.
SOURCES = ("termcolor", "wrapt", "clang", "gast", "h5py", "dataclasses", "idna-ssl", "typing-extensions", "markdown")


def run(command, **kwargs):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=600, **kwargs)


def advise(args, python, platform, extra):
    line = [args.tfdiag, "advise", "--json", "--python", python, "--platform", platform] + extra
    if platform.startswith("linux"):
        line += ["--glibc", "2.31"]
    if args.online:
        line += ["--online"]
    p = run(line)
    return p.returncode, json.loads(p.stdout.decode("utf-8"))


def compile_with(args, python, platform, requirements, sources, lock=None):
    line = [args.uv, "pip", "compile", "-", "--quiet", "--no-header", "--no-annotate", "--python-platform", PLATFORMS[platform],
            "--python-version", python]
    line += ["--only-binary", ":all:"] if not sources else ["--only-binary", "tensorflow", "--only-binary", "numpy",
                                                           "--only-binary", "grpcio", "--only-binary", "protobuf"]
    if lock:
        line += ["--format", "pylock.toml", "-o", str(lock)]
    env = dict(os.environ, MACOSX_DEPLOYMENT_TARGET="14.0")
    return run(line, input="\n".join(requirements).encode("utf-8"), env=env)


def wrong_pins(requirements, resolved):
    """Requirements with == that the resolver did not take as they are."""
    found = dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", resolved, flags=re.M))
    bad = []
    for text in requirements:
        m = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^*,;\s]+)$", text)
        if m and found.get(re.sub(r"[-_.]+", "-", m.group(1)).lower()) != m.group(2):
            bad.append("%s, resolved: %s" % (text, found.get(m.group(1))))
    return bad


def one(args, python, platform, extra):
    """(verdict, text): verdict "accepted", "source", "none", "refused", "wrong"."""
    code, answer = advise(args, python, platform, extra)
    install = answer["install"]
    if install is None:
        return ("none", answer["before"][0] if answer["before"] else "nothing to change is named") if code == 1 else \
               ("wrong", "exit %d without an install" % code)
    if code != 0:
        return "wrong", "exit %d with an install" % code
    name = re.sub(r"[^a-z0-9]+", "_", " ".join([python, platform] + extra).lower())
    lock = pathlib.Path(args.locks) / ("pylock.%s.toml" % name) if args.locks else None
    requirements, verdict = install["requirements"], "accepted"
    p = compile_with(args, python, platform, requirements, False)
    if p.returncode != 0 and python == "3.6":
        p, verdict = compile_with(args, python, platform, requirements, True), "source"
    text = " ".join(requirements)
    if p.returncode != 0:
        return "refused", text + "\n" + p.stderr.decode("utf-8", "replace").strip()
    bad = wrong_pins(requirements, p.stdout.decode("utf-8", "replace"))
    if not bad and lock and "--with" not in extra:
        compile_with(args, python, platform, requirements, verdict == "source", lock)
    return ("wrong", "; ".join(bad)) if bad else (verdict, text)


def asked(args):
    for python in args.python or PYTHONS:
        for platform in args.platform or PLATFORMS:
            yield python, platform, []
        if not args.platform or "linux_x86_64" in args.platform:
            yield python, "linux_x86_64", ["--want", "gpu", "--driver", "550.54.14"]
            yield python, "linux_x86_64", ["--want", "gpu", "--driver", "470.82.01", "--gpu", "GTX 1080"]
            yield python, "linux_x86_64", ["--with", "tensorflow-text,tensorflow-probability"]
        if not args.platform or "win_amd64" in args.platform:
            yield python, "win_amd64", ["--want", "gpu"]
            yield python, "win_amd64", ["--with", "tensorflow-text"]
        if not args.platform or "macosx_14_0_arm64" in args.platform:
            yield python, "macosx_14_0_arm64", ["--with", "tensorflow-metal,tensorflow-hub"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tfdiag", required=True)
    parser.add_argument("--uv", default=os.environ.get("TFDIAG_UV") or shutil.which("uv"))
    parser.add_argument("--python", action="append")
    parser.add_argument("--platform", action="append", choices=sorted(PLATFORMS))
    parser.add_argument("--online", action="store_true")
    parser.add_argument("--locks", help="write what was resolved into this folder, as pylock files")
    args = parser.parse_args()
    args.tfdiag = os.path.abspath(args.tfdiag)
    args.uv = args.uv and os.path.abspath(args.uv)
    args.locks = args.locks and os.path.abspath(args.locks)
    if not args.uv:
        print("uv is not installed (set TFDIAG_UV)")
        return 77
    if compile_with(args, "3.12", "linux_x86_64", ["six"], False).returncode != 0:
        print("no package index answers")
        return 77
    if args.locks:
        pathlib.Path(args.locks).mkdir(parents=True, exist_ok=True)
    counts = {}
    with tempfile.TemporaryDirectory(prefix="tfdiag-advise-") as folder:
        os.chdir(folder)
        for python, platform, extra in asked(args):
            verdict, text = one(args, python, platform, extra)
            counts[verdict] = counts.get(verdict, 0) + 1
            print("%-8s %-5s %s%s: %s" % (verdict, python, platform, "".join(" " + e for e in extra), text), flush=True)
    print(", ".join("%d %s" % (n, verdict) for verdict, n in sorted(counts.items())))
    return 1 if counts.get("refused") or counts.get("wrong") else 0


if __name__ == "__main__":
    sys.exit(main())
