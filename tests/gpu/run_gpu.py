#!/usr/bin/env python3
"""On a machine with a real NVIDIA GPU: is a healthy TensorFlow reported as computing, and are three breaks named?

run_gpu.py --tfdiag PATH [--env DIR] [--work DIR]

DIR is a virtual environment with tensorflow[and-cuda]; without --env one is made below --work (pip, 6 GB). Breaks are
made in copies of hard links, which are removed again; nothing of the machine is changed. Exit 0: all right. 77: there
is no GPU (nothing was tried). Standard library only.
"""
import argparse
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

REQUIREMENT = "tensorflow[and-cuda]==2.20.0"
PYTHONS = ("3.13", "3.12", "3.11", "3.10", "3.9")


def has_gpu():
    for vendor in glob.glob("/sys/bus/pci/devices/*/vendor"):
        with open(vendor, encoding="ascii") as f, open(os.path.join(os.path.dirname(vendor), "class"), encoding="ascii") as c:
            if f.read().strip() == "0x10de" and c.read().startswith("0x03"):
                return True
    return os.path.exists("/dev/nvidia0") or os.path.exists("/dev/dxg")


def make_env(work):
    env = os.path.join(work, "env")
    for version in PYTHONS:
        python = shutil.which("python" + version)
        if python:
            subprocess.run([python, "-m", "venv", env], check=True)
            subprocess.run([os.path.join(env, "bin", "python"), "-m", "pip", "install", "-q", REQUIREMENT], check=True)
            return env
    sys.exit("no Python from %s to %s on PATH" % (PYTHONS[-1], PYTHONS[0]))


def ask(tfdiag, env, **variables):
    surroundings = {k: v for k, v in os.environ.items() if k not in ("LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "CUDA_HOME")}
    surroundings.update(variables)
    with tempfile.TemporaryDirectory() as cwd:
        got = subprocess.run([tfdiag, "--json", "--expect", "gpu", "--python", os.path.join(env, "bin", "python")], cwd=cwd,
                             env=surroundings, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    try:
        return got.returncode, json.loads(got.stdout)
    except ValueError:
        return got.returncode, {"causes": [], "gpu": {"status": "?", "why": got.stderr.decode("utf-8", "replace")[-300:]}}


def copy_of(env, work, name):
    to = os.path.join(work, name)
    shutil.rmtree(to, ignore_errors=True)
    subprocess.run(["cp", "-al", env, to], check=True)
    return to


def nvidia(env, part):
    return glob.glob(os.path.join(env, "lib", "python3.*", "site-packages", "nvidia", part))[0]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--tfdiag", required=True)
    ap.add_argument("--env")
    ap.add_argument("--work", default=os.path.join(tempfile.gettempdir(), "tfdiag-gpu"))
    a = ap.parse_args()
    if not has_gpu():
        print("no NVIDIA GPU here: nothing was tried")
        return 77
    tfdiag, work = os.path.abspath(a.tfdiag), os.path.abspath(a.work)
    os.makedirs(work, exist_ok=True)
    env = os.path.abspath(a.env) if a.env else make_env(work)
    results = []

    def note(name, right, rc, report):
        gpu = report.get("gpu", {})
        causes = [c["id"] for c in report.get("causes", [])]
        results.append(right)
        print("%-6s %-16s exit %s, GPU %s (%s), devices %s, causes %s" % (
            "ok" if right else "WRONG", name, rc, gpu.get("status"), gpu.get("why"), gpu.get("devices"), causes), flush=True)

    rc, report = ask(tfdiag, env)
    gpu = report.get("gpu", {})
    note("healthy", rc == 0 and gpu.get("status") == "ok" and gpu.get("computes") is True and bool(gpu.get("devices"))
         and not report["causes"], rc, report)

    def first(name, wanted, broken, **variables):
        code, found = ask(tfdiag, broken, **variables)
        ids = [c["id"] for c in found.get("causes", [])]
        note(name, code == 1 and ids[:1] == [wanted], code, found)

    first("hidden", "gpu-hidden", env, CUDA_VISIBLE_DEVICES="-1")

    broken = copy_of(env, work, "no-cudnn")
    shutil.rmtree(nvidia(broken, "cudnn"))
    first("cuDNN removed", "cudnn-missing", broken)
    shutil.rmtree(broken)

    broken = copy_of(env, work, "moved")
    home = os.path.join(work, "moved-cuda")
    shutil.rmtree(home, ignore_errors=True)
    os.makedirs(home)
    shutil.move(os.path.join(nvidia(broken, "cublas"), "lib"), os.path.join(home, "lib64"))
    first("libraries moved", "cuda-path", broken, CUDA_HOME=home)
    shutil.rmtree(broken)
    shutil.rmtree(home)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
