#!/usr/bin/env python3
"""The suite "gpu-sim" of run_real.py, held in full; 77 where it cannot be run: no root, no gcc, or no environment with
CUDA's libraries in the cache (make_envs.sh DIR tf220cuda tf221cuda). Arguments are run_real.py's."""
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.environ.get("TFDIAG_CACHE") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
                                                       "tfdiag-tests")

missing = [what for what, there in (("root", os.geteuid() == 0), ("gcc", shutil.which("gcc")),
                                    ("tf220cuda in " + CACHE, os.path.exists(os.path.join(CACHE, "tf220cuda", ".lab-done")))) if not there]
if missing:
    print("SKIPPED: simulated GPUs need " + ", ".join(missing))
    sys.exit(77)
sys.exit(subprocess.call([sys.executable, os.path.join(HERE, "run_real.py"), "--suite", "gpu-sim", "--strict"] + sys.argv[1:]))
