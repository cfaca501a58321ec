#!/usr/bin/env python3
"""The suite "gpu-sim" of run_real.py, at or above its gate (--strict: every case right); 77 where it cannot be run: no root, no gcc, no
right to mount, or no environment with CUDA's libraries in the cache (make_envs.sh DIR tf220cuda tf221cuda). Arguments are
run_real.py's."""
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.environ.get("TFDIAG_CACHE") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
                                                       "tfdiag-tests")



def can_simulate():
    """Whether a simulated GPU can be laid over this machine: a container may not be allowed to mount, or to make devices."""
    gpusim = [sys.executable, os.path.join(HERE, "gpusim.py"), "--gpu", "NVIDIA GeForce RTX 3090:2204:8.6", "--kernel", "550.54.14"]
    return subprocess.run(gpusim + ["--", "test", "-c", "/dev/nvidia0"], check=False).returncode == 0


missing = [what for what, there in (("root", os.geteuid() == 0), ("gcc", shutil.which("gcc")),
                                    ("tf220cuda in " + CACHE, os.path.exists(os.path.join(CACHE, "tf220cuda", ".lab-done")))) if not there]
if not missing and not can_simulate():
    missing = ["mounts and devices of their own (see above)"]
if missing:
    print("SKIPPED: simulated GPUs need " + ", ".join(missing))
    sys.exit(77)
sys.exit(subprocess.call([sys.executable, os.path.join(HERE, "run_real.py"), "--suite", "gpu-sim"] + sys.argv[1:]))
