#!/usr/bin/env python3
"""windows_machine.py DIR [--env NAME=VALUE]… [--cwd PATH]

Records the machine that programs see in the Wine prefix WINEPREFIX, in the form of src/sys/sys_fixture.h: DIR/machine.json
and DIR/root, whose drives are links to what Wine's drives lead to. Nothing is copied. Used as a module, too:

    record(folder, env=None, cwd=None)     env: variables of the host's side, as Popen takes them (default: this process')
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

# What tfdiag reads of the registry.
KEYS = [
    r"HKLM\SOFTWARE\Python",
    r"HKLM\SOFTWARE\WOW6432Node\Python",
    r"HKCU\SOFTWARE\Python",
    r"HKLM\SOFTWARE\Microsoft\VisualStudio\14.0\VC\Runtimes",
    r"HKLM\SOFTWARE\WOW6432Node\Microsoft\VisualStudio\14.0\VC\Runtimes",
    r"HKLM\SYSTEM\CurrentControlSet\Control\FileSystem",
    r"HKLM\SYSTEM\CurrentControlSet\Control\Nls\CodePage",
    r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager",
]
# One value each: the keys are large.
VALUES = [
    (r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion", "CurrentBuild"),
    (r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion", "ProductName"),
]
ROOTS = {"HKEY_LOCAL_MACHINE": "HKLM", "HKEY_CURRENT_USER": "HKCU"}


def run_cmd(lines, env, cwd):
    """Output of lines of cmd, as a batch file: so quotes arrive as they are. Its streams are pipes: Wine's programs fail on
    files."""
    with tempfile.NamedTemporaryFile("w", suffix=".bat") as batch:
        batch.write("".join("@%s\r\n" % line for line in lines))
        batch.flush()
        done = subprocess.run(["wine", "cmd", "/d", "/c", "Z:" + batch.name.replace("/", "\\")], env=env, cwd=cwd,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout.decode("utf-8", "replace").replace("\r", "")


def read_values(text):
    """Output of `reg query`: {"HKLM": {"SOFTWARE\\key": {"name": value}}}."""
    registry, key = {"HKLM": {}, "HKCU": {}}, None
    for line in text.split("\n"):
        head = line.split("\\", 1)
        if head[0] in ROOTS and len(head) == 2:
            key = registry[ROOTS[head[0]]].setdefault(head[1], {})
            continue
        got = re.match(r"    (.*?)    (REG_\w+)(?:    (.*))?$", line)
        if not got or key is None:
            continue
        name, kind, value = got.group(1), got.group(2), got.group(3) or ""
        name = "" if name == "(Default)" else name
        if kind in ("REG_DWORD", "REG_QWORD"):
            key[name] = int(value, 16)
        elif kind == "REG_MULTI_SZ":
            key[name] = value.split("\\0")
        elif kind in ("REG_SZ", "REG_EXPAND_SZ"):
            key[name] = value
    return registry


def read_registry(env, cwd):
    commands = ['reg query "%s" /s' % key for key in KEYS] + ['reg query "%s" /v "%s"' % pair for pair in VALUES]
    return read_values(run_cmd(commands, env, cwd))


def read_environment(env, cwd):
    variables = {}
    for line in run_cmd(["set"], env, cwd).split("\n"):
        name, found, value = line.partition("=")
        if found and name:
            variables[name] = value
    return variables


def read_cpu():
    cpu = {}
    with open("/proc/cpuinfo") as f:
        for line in f:
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                cpu.setdefault("model", value.strip())
            elif name.strip() == "flags":
                cpu.setdefault("flags", value.strip())
    return cpu


def make_root(folder, prefix):
    """root/C, root/Z …: what Wine's dosdevices lead to."""
    root = os.path.join(folder, "root")
    os.makedirs(root, exist_ok=True)
    devices = os.path.join(prefix, "dosdevices")
    for name in os.listdir(devices):
        if re.fullmatch(r"[a-z]:", name):
            link = os.path.join(root, name[0].upper())
            if os.path.islink(link):
                os.unlink(link)
            os.symlink(os.path.realpath(os.path.join(devices, name)), link)


def record(folder, env=None, cwd=None):
    env = dict(os.environ if env is None else env)
    registry, variables = read_registry(env, cwd), read_environment(env, cwd)
    version = registry["HKLM"].get(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion", {})
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    machine = {
        "os": "windows", "arch": "x86_64", "wine": True, "build": int(version.get("CurrentBuild") or 0),
        "release": version.get("ProductName", ""), "memory": memory, "memory_free": memory // 2, "uid": 0,
        "windows_dir": variables.get("windir") or variables.get("SystemRoot") or "C:\\windows",
        "system_dir": (variables.get("windir") or "C:\\windows") + "\\system32",
        "cwd": run_cmd(["cd"], env, cwd).strip(), "home": variables.get("USERPROFILE", ""), "cpu": read_cpu(),
        "mounts": [{"point": d + ":\\", "fstype": "NTFS"} for d in ("C", "Z")],
        "env": variables, "registry": registry,
    }
    make_root(folder, env["WINEPREFIX"])
    with open(os.path.join(folder, "machine.json"), "w") as f:
        json.dump(machine, f, indent=1)
    return machine


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--cwd")
    options = parser.parse_args()
    env = dict(os.environ, **dict(pair.split("=", 1) for pair in options.env))
    if "WINEPREFIX" not in env:
        sys.exit("windows_machine.py: WINEPREFIX is not set")
    record(options.folder, env, options.cwd)


if __name__ == "__main__":
    main()
