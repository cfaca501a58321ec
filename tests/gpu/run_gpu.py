#!/usr/bin/env python3
"""On a machine with a real NVIDIA GPU: is a healthy TensorFlow reported as computing, and are three breaks named?

run_gpu.py --tfdiag PATH [--env DIR | --wheels DIR] [--work DIR]

First the driver's side, which needs no TensorFlow: with the metadata of one in an environment, the driver's GPUs must be
named, nothing may be blamed on the driver, the device or its files, and a variable that hides them must be.

Then real TensorFlow: --env is a virtual environment with tensorflow[and-cuda]; without it one is made below --work and
kept for the next run, from the wheels in --wheels alone (`pip download` of the same requirement for the Python of that
machine, 3 GB), else from the index. Breaks are made in copies of hard links, which are removed again; nothing of the
machine is changed. After a break that commands repair without the network, they are run and tfdiag is asked again in
the same shell.

Exit 0: all right. 1: something is wrong. 3: the driver's side is right, and no environment could be made, so that the
rest was NOT tried. 77: there is no GPU (nothing was tried). Standard library only.
"""
import argparse
import glob
import json
import os
import re
import shlex
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
    return bool(glob.glob("/dev/nvidia[0-9]*")) or os.path.exists("/dev/dxg")


class NoEnvironment(Exception):
    pass


def make_env(work, wheels):
    env = os.path.join(work, "env")
    python = os.path.join(env, "bin", "python")
    if os.path.exists(os.path.join(env, "made")):
        return env
    shutil.rmtree(env, ignore_errors=True)
    found = [shutil.which("python" + version) for version in PYTHONS]
    if "%d.%d" % sys.version_info[:2] in PYTHONS:
        found.insert(0, sys.executable)
    for base in filter(None, found):
        if subprocess.run([base, "-m", "venv", env], check=False).returncode == 0:
            break
        shutil.rmtree(env, ignore_errors=True)  # a Python without ensurepip (Debian's, without python3-venv)
    else:
        raise NoEnvironment("no Python from %s to %s that makes virtual environments" % (PYTHONS[-1], PYTHONS[0]))
    source = ["--no-index", "--find-links", wheels] if wheels else []
    if subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check"] + source + [REQUIREMENT], check=False).returncode:
        raise NoEnvironment("pip could not install %s into %s from %s" % (REQUIREMENT, env, wheels or "the index"))
    open(os.path.join(env, "made"), "w").close()
    return env


BUILD_INFO = """import collections
build_info = collections.OrderedDict([('cpu_compiler', 'clang'), ('cuda_compute_capabilities', ['sm_60', 'sm_70', 'sm_80', 'sm_89', 'compute_90']),
('cuda_version', '12.5.1'), ('cudnn_version', '9'), ('is_cuda_build', True), ('is_rocm_build', False), ('is_tensorrt_build', False)])
"""


def metadata_alone(work):
    """An environment in which TensorFlow 2.20.0 is no more than its metadata and the words about its build."""
    env = os.path.join(work, "metadata")
    shutil.rmtree(env, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", env], check=True)
    site = glob.glob(os.path.join(env, "lib", "python3.*", "site-packages"))[0]
    files = {"tensorflow/__init__.py": "", "tensorflow/python/__init__.py": "", "tensorflow/python/platform/build_info.py": BUILD_INFO,
             "tensorflow-2.20.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tensorflow\nVersion: 2.20.0\n",
             "tensorflow-2.20.0.dist-info/INSTALLER": "pip\n"}
    files["tensorflow-2.20.0.dist-info/RECORD"] = "".join(name + ",,\n" for name in files)
    for name, text in files.items():
        os.makedirs(os.path.dirname(os.path.join(site, name)), exist_ok=True)
        with open(os.path.join(site, name), "w", encoding="utf-8") as f:
            f.write(text)
    return env


# What the shell of whoever starts this may have set, and what would change the answer.
FOREIGN = ("CUDA_VISIBLE_DEVICES", "CUDA_HOME", "CUDA_PATH", "CONDA_PREFIX", "VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "LD_PRELOAD", "XLA_FLAGS",
           "TF_XLA_FLAGS")


def surroundings(variables):
    env = {k: v for k, v in os.environ.items() if k not in FOREIGN}
    # Some hosts hand the driver's own library in through this variable.
    kept = [d for d in env.pop("LD_LIBRARY_PATH", "").split(":") if d and os.path.exists(os.path.join(d, "libcuda.so.1")) and "stubs" not in d]
    if kept:
        env["LD_LIBRARY_PATH"] = ":".join(kept)
    for name, value in variables.items():
        env[name] = value + ":" + env[name] if name == "LD_LIBRARY_PATH" and name in env else value
    return env


def ask(tfdiag, env, before=(), **variables):
    """(exit code, report); before: commands that are run in the same shell."""
    words = [tfdiag, "--json", "--expect", "gpu", "--timeout", "600", "--python", os.path.join(env, "bin", "python")]
    script = "\n".join(list(before) + ["exec " + " ".join(shlex.quote(w) for w in words)])
    with tempfile.TemporaryDirectory() as cwd:
        got = subprocess.run(["sh", "-c", script], cwd=cwd, env=surroundings(variables), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, check=False)
    text = got.stdout.decode("utf-8", "replace")
    try:
        return got.returncode, json.loads(text[text.index("{"):])  # the commands may have printed something
    except ValueError:
        return got.returncode, {"causes": [], "gpu": {"status": "?", "why": got.stderr.decode("utf-8", "replace")[-300:]}}


def copy_of(env, work, name):
    to = os.path.join(work, name)
    shutil.rmtree(to, ignore_errors=True)
    if subprocess.run(["cp", "-al", env, to], check=False).returncode != 0:  # another file system
        shutil.rmtree(to, ignore_errors=True)
        subprocess.run(["cp", "-a", env, to], check=True)
    return to


def nvidia(env, part):
    found = glob.glob(os.path.join(env, "lib", "python3.*", "site-packages", "nvidia", part))
    if not found:
        sys.exit("%s has no wheel with nvidia/%s: it is no environment with tensorflow[and-cuda]" % (env, part))
    return found[0]


def driver_side(tfdiag, work, note):
    env = metadata_alone(work)
    code, report = ask(tfdiag, env)
    blamed = [c["id"] for c in report["causes"] if re.match("driver-|gpu-", c["id"])]
    note("driver", not blamed and bool(report["gpu"].get("devices")) and "PCI device" not in str(report["gpu"]["devices"]), code, report)
    code, report = ask(tfdiag, env, CUDA_VISIBLE_DEVICES="-1")
    note("driver, hidden", "gpu-hidden" in [c["id"] for c in report["causes"]], code, report)
    shutil.rmtree(env)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--tfdiag", required=True)
    where = ap.add_mutually_exclusive_group()
    where.add_argument("--env")
    where.add_argument("--wheels")
    ap.add_argument("--work", default=os.path.join(tempfile.gettempdir(), "tfdiag-gpu"))
    a = ap.parse_args()
    if not os.access(a.tfdiag, os.X_OK):
        ap.error(a.tfdiag + " is no program")
    if not has_gpu():
        print("no NVIDIA GPU here: nothing was tried")
        return 77
    tfdiag, work = os.path.abspath(a.tfdiag), os.path.abspath(a.work)
    os.makedirs(work, exist_ok=True)
    results = []

    def note(name, right, rc, report):
        gpu = report.get("gpu", {})
        causes = [c["id"] for c in report.get("causes", [])]
        results.append(right)
        print("%-6s %-16s exit %s, GPU %s (%s), devices %s, causes %s" % (
            "ok" if right else "WRONG", name, rc, gpu.get("status"), gpu.get("why"), gpu.get("devices"), causes), flush=True)

    driver_side(tfdiag, work, note)
    try:
        env = os.path.abspath(a.env) if a.env else make_env(work, a.wheels and os.path.abspath(a.wheels))
    except NoEnvironment as x:
        print("!!! TensorFlow itself was NOT tried: %s" % x)
        return 3 if all(results) else 1
    rc, report = ask(tfdiag, env)
    gpu = report.get("gpu", {})
    note("healthy", rc == 0 and gpu.get("status") == "ok" and gpu.get("computes") is True and bool(gpu.get("devices"))
         and not report["causes"], rc, report)

    def first(name, wanted, broken, **variables):
        code, found = ask(tfdiag, broken, **variables)
        ids = [c["id"] for c in found.get("causes", [])]
        right = code == 1 and ids[:1] == [wanted]
        note(name, right, code, found)
        fixes = found["causes"][0].get("fixes") if right else None
        commands = fixes[0]["commands"] if fixes else []
        if commands and all(re.match(r"(unset|export) ", c) for c in commands):
            code, found = ask(tfdiag, broken, commands, **variables)
            note(name + ", repaired", code == 0 and found.get("gpu", {}).get("computes") is True, code, found)

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
