"""The same small fault under different installers: the repair has to use the one that the environment uses."""
import glob
import os
import re

from cases_healthy import tool
from realenv import case


def lose(e, dist="wrapt"):
    v = e.uninstall(dist)
    e.note = "%s %s uninstalled; %s" % (dist, v, e.note)
    return dist + "==" + v


@case("installer-uv", "tf220", "dep-other")
def _(e):
    """made by uv: no pip inside, INSTALLER says uv, uv on PATH"""
    uv = tool(e, "uv", "uv")
    e.uninstall("pip")
    for p in glob.glob(e.p("*.dist-info", "INSTALLER")):
        e.write(p, "uv")
    cfg = os.path.join(e.dest, "pyvenv.cfg")
    e.write(cfg, e.read(cfg).decode() + "uv = 0.9.0\n")
    e.env["PATH"] = os.path.dirname(uv) + ":" + os.environ["PATH"]
    return "uv pip install --python %s %s" % (e.python, lose(e))


@case("installer-no-pip", "tf220", "dep-other")
def _(e):
    """pip was removed from the environment, no uv in sight"""
    e.uninstall("pip")
    spec = lose(e)
    return "{0} -m ensurepip && {0} -m pip install {1}".format(e.python, spec)


@case("installer-pep668", "tf220", "dep-other", kind="base")
def _(e):
    """the interpreter is marked as externally managed (PEP 668)"""
    e.write(os.path.join(e.root, "lib", "python" + e.xy, "EXTERNALLY-MANAGED"),
            "[externally-managed]\nError=This interpreter belongs to the system; use a virtual environment.\n")
    return "%s -m pip install --break-system-packages %s" % (e.python, lose(e))


@case("installer-pip-config-user", "tf220", "dep-numpy", kind="base")
def _(e):
    """packages in the interpreter's own folder, numpy gone"""
    return "%s -m pip install '%s'" % (e.python, lose(e, "numpy"))


@case("installer-base-tf-damaged", "tf220", "tf-corrupt", kind="base")
def _(e):
    """PEP 668 and a lost file of TensorFlow"""
    e.write(os.path.join(e.root, "lib", "python" + e.xy, "EXTERNALLY-MANAGED"), "[externally-managed]\nError=no\n")
    e.rm(e.tf("python", "framework", "ops.py"))
    return "%s -m pip install --break-system-packages --force-reinstall --no-deps tensorflow-cpu==2.20.0" % e.python


@case("installer-spaces", "tf220", "dep-other", kind="none")
def _(e):
    """the environment lies in a folder with a space and a quote in its name: commands must be quoted"""
    from realenv import clone
    root = os.path.join(e.dest, "it's my env")
    clone(e.src, root)
    e.bind(root)
    e.cwd = os.path.join(e.dest, "a b")
    os.makedirs(e.cwd)
    return '"%s" -m pip install %s' % (e.python, lose(e, "gast"))


@case("installer-target-folder", "tf220", "dep-other", ["pythonpath-conflict"], kind="none")
def _(e):
    """installed with pip install --target into a folder on PYTHONPATH; one requirement lost there"""
    from realenv import bare_base, clone
    base = bare_base(e.src, os.path.join(e.dest, "base"))
    python = glob.glob(os.path.join(base, "bin", "python3.??"))[0]
    e.sp, e.root, e.xy = os.path.join(e.dest, "target"), e.dest, re.search(r"3\.\d+$", python).group(0)
    clone(glob.glob(os.path.join(e.src, "lib", "python3.*", "site-packages"))[0], e.sp)
    e.python = python
    e.env["PYTHONPATH"] = e.sp
    spec = lose(e)
    return "%s -m pip install --target %s %s" % (python, e.sp, spec)


@case("installer-readonly", "tf220", "dep-other", ["permission-denied"])
def _(e):
    """site-packages may not be written by this user and a requirement is missing"""
    lose(e)
    e.wrap = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"', e.sp]
    return None


@case("pip-log-memory", "empty312", "pip-out-of-memory", tfdiag=["--no-run"])
def _(e):
    """pip keeps a log (PIP_LOG), and its last run ended with MemoryError: no TensorFlow came of it"""
    log = os.path.join(e.dest, "pip.log")
    lines = ["Using pip 22.3.1 from %s (python 3.12)" % e.p("pip"),
             "  Downloading https://files.example/tensorflow-2.20.0-cp312-cp312-manylinux2014_x86_64.whl (620.7 MB)",
             "ERROR: Exception:", "Traceback (most recent call last):",
             '  File "%s", line 160, in exc_logging_wrapper' % e.p("pip", "_internal", "cli", "base_command.py"),
             "MemoryError", "Removed build tracker: '/tmp/pip-build-tracker-x'"]
    e.write(log, "".join("2026-11-23T10:14:10,752 %s\n" % x for x in lines))
    e.env["PIP_LOG"] = log
    return "%s -m pip install --no-cache-dir tensorflow-cpu" % e.python
