"""Records a case as a machine that the Linux build reads (src/sys/sys_fixture.h): machine.json and links to the drives."""
import json
import os
import re
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "helpers"))
import windows_machine  # noqa: E402

HIVES = {"HKLM": "system.reg", "HKCU": "user.reg"}
LONG = {"HKEY_LOCAL_MACHINE": "HKLM", "HKEY_CURRENT_USER": "HKCU"}


def unescape(text):
    return re.sub(r"\\(.)", r"\1", text)


def read_hive(path, wanted):
    """{key: {name: value}} of a registry file of Wine, for the keys that `wanted` accepts; texts and numbers only."""
    keys, key = {}, None
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            head = re.match(r"\[(.*)\](?: \d+)?$", line.rstrip())
            if head:
                name = unescape(head.group(1))
                key = keys.setdefault(name, {}) if wanted(name) else None
                continue
            got = re.match(r'(@|"(?:[^"\\]|\\.)*")=(?:"((?:[^"\\]|\\.)*)"|dword:([0-9a-f]{8})|str\(2\):"((?:[^"\\]|\\.)*)")', line) \
                if key is not None else None
            if got:
                name = "" if got.group(1) == "@" else unescape(got.group(1)[1:-1])
                key[name] = int(got.group(3), 16) if got.group(3) else unescape(got.group(2) or got.group(4) or "")
    return keys


def base_registry(prefix):
    """What the prefix had from the start, of the keys that tfdiag reads."""
    whole = [k.split("\\", 1) for k in windows_machine.KEYS]
    single = [(k.split("\\", 1), v) for k, v in windows_machine.VALUES]
    out = {}
    for hive, name in HIVES.items():
        tops = [k.lower() for h, k in whole if h == hive]
        ones = {k.lower(): v for (h, k), v in single if h == hive}

        def wanted(key):
            key = key.lower()
            key = key.replace("system\\controlset001\\", "system\\currentcontrolset\\", 1)
            return key in ones or any(key == t or key.startswith(t + "\\") for t in tops)
        got = read_hive(os.path.join(prefix, name), wanted)
        out[hive] = {re.sub(r"(?i)^system\\controlset001\\", r"SYSTEM\\CurrentControlSet\\", k):
                     {n: v for n, v in values.items() if k.lower() not in ones or n in [v for (h, q), v in single if q.lower() == k.lower()]}
                     for k, values in got.items()}
    return out


def record(machine, info, folder):
    """Writes FOLDER/machine.json and FOLDER/root for a case that was built."""
    registry = base_registry(os.path.join(machine.lab, "prefix"))
    for key, name, value in machine.entries:
        root, rest = key.split("\\", 1)
        registry[LONG[root]].setdefault(rest, {})[name] = value
    version = registry["HKLM"].get(r"Software\Microsoft\Windows NT\CurrentVersion", {})
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    env = {k: v for k, v in info["env"].items() if not k.startswith("WINE")}
    os.makedirs(os.path.join(folder, "root"), exist_ok=True)
    for drive, target in (("C", os.path.join(machine.prefix, "drive_c")), ("D", machine.d), ("Z", "/")):
        link = os.path.join(folder, "root", drive)
        if not os.path.islink(link):
            os.symlink(target, link)
    with open(os.path.join(folder, "machine.json"), "w", encoding="utf-8") as f:
        json.dump({
            "os": "windows", "arch": "x86_64", "wine": not info["recorded"], "build": int(version.get("CurrentBuild") or 18362),
            "release": version.get("ProductName") or "Windows 10", "memory": memory, "memory_free": memory // 2, "uid": 0,
            "windows_dir": r"C:\windows", "system_dir": r"C:\windows\system32", "cwd": machine.win(info["cwd"]),
            "home": env.get("USERPROFILE", ""), "cpu": windows_machine.read_cpu(),
            "mounts": [{"point": d + ":\\", "fstype": "NTFS"} for d in "CDZ"], "env": env, "registry": registry}, f, indent=1)
    return folder
