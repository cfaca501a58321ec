"""The Windows laboratory: real Windows Pythons and TensorFlow trees under Wine, one prefix for each parallel job.

Everything lies below the cache folder: trees/, pythons/, vcredist/, prefix/ and launch.exe as make_windows_envs.sh
makes them, and work/jobN/ with the prefix of one job (hard links of the files, copies of the registry) and d/, which
that prefix shows as drive D:.  Standard library only, Python >= 3.9.
"""
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import threading

# Last: both suites have modules of the same names.
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "real"))
from realenv import unmount_below  # noqa: E402

RUNTIME = re.compile(r"(msvcp140.*|vcruntime140.*|concrt140|vcamp140|vccorlib140|vcomp140)\.dll$", re.I)
RUNTIMES_KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\VisualStudio\14.0\VC\Runtimes"
# What cases add; taken away before each.
CASE_KEYS = [RUNTIMES_KEY, RUNTIMES_KEY.replace("SOFTWARE", "SOFTWARE\\WOW6432Node", 1),
             r"HKEY_CURRENT_USER\Software\Python", r"HKEY_LOCAL_MACHINE\SOFTWARE\Python",
             r"HKEY_CURRENT_USER\Environment", r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\FileSystem"]
NEWEST = "14.44.35211"
PYTHON_KEEPS = 600          # seconds that an idle wineserver stays
ERROR_INTERNAL = 1359       # winerror.h


def default_cache():
    top = os.environ.get("TFDIAG_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "tfdiag-tests")
    return os.path.join(top, "windows")


def wine_program():
    """The 64-bit loader: Debian's `wine` script complains on standard error where there is no 32-bit one."""
    for p in (shutil.which("wine64"), "/usr/lib/wine/wine64", shutil.which("wine")):
        if p and os.path.exists(p):
            return p
    return None


def drive_z(path):
    return "Z:" + os.path.abspath(path).replace("/", "\\")


def pip_settings(lab):
    """The PIP_* variables of this machine, with paths as Windows programs see them, and the lab's own caches."""
    got = {}
    try:
        own = os.path.join(lab, "cache", "venv", "bin", "python")           # the system's Python may lack pip
        out = subprocess.run([own if os.path.exists(own) else sys.executable, "-m", "pip", "config", "list"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             check=False, timeout=60).stdout.decode("utf-8", "replace")
        for m in re.finditer(r"(?m)^(?:global|install|:env:)\.([a-z-]+)='(.*)'$", out):
            if m.group(1) in ("index-url", "extra-index-url", "trusted-host", "cert", "proxy", "default-timeout"):
                got["PIP_" + m.group(1).upper().replace("-", "_")] = m.group(2)
    except (OSError, subprocess.TimeoutExpired):
        pass
    got.update({k: v for k, v in os.environ.items() if k.startswith("PIP_") and k not in ("PIP_CACHE_DIR", "PIP_FIND_LINKS")})
    for k in ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy"):
        if k in os.environ:
            got[k.upper()] = os.environ[k]
    for k in ("PIP_CERT", "PIP_CLIENT_CERT"):
        if got.get(k, "").startswith("/"):
            got[k] = drive_z(got[k])
    got.update(PIP_CACHE_DIR=drive_z(os.path.join(lab, "pipcache")), PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1",
               PIP_NO_COMPILE="1", PIP_PROGRESS_BAR="off")
    house = os.path.join(lab, "wheelhouse")
    if os.path.isdir(house):
        got["PIP_FIND_LINKS"] = drive_z(house)
    return got


def reg_text(value):
    if isinstance(value, int):
        return "dword:%08x" % value
    return '"%s"' % value.replace("\\", "\\\\").replace('"', '\\"')


class Machine:
    """One prefix: a Windows with drives C: and D:, where one case at a time lives."""

    def __init__(self, lab, number):
        self.lab, self.wine = os.path.abspath(lab), wine_program()
        self.root = os.path.join(self.lab, "work", "job%d" % number)
        self.prefix, self.d = os.path.join(self.root, "prefix"), os.path.join(self.root, "d")
        self.system32 = os.path.join(self.prefix, "drive_c", "windows", "system32")
        self.syswow64 = os.path.join(self.prefix, "drive_c", "windows", "syswow64")
        self.unix_env = {k: v for k, v in os.environ.items() if not k.startswith("WINE") and k != "DISPLAY"}
        self.unix_env.update(WINEPREFIX=self.prefix, WINEARCH="win64", WINEDEBUG="-all")
        self.pip, self.calls, self.runs, self.entries = pip_settings(self.lab), 0, False, []

    # ---- the prefix

    def make(self, wine=True):
        """A fresh prefix; the Wine programs of an earlier one are ended.  wine=False: nothing will be run in it."""
        self.remove()
        os.makedirs(self.d)
        subprocess.run(["cp", "-al", os.path.join(self.lab, "prefix"), self.prefix], check=True)
        for p in glob.glob(os.path.join(self.prefix, "*.reg")) + [os.path.join(self.prefix, ".update-timestamp")]:
            shutil.copy2(p, p + ".new")     # Wine writes its registry in place where a file has several links
            os.replace(p + ".new", p)
        os.symlink(self.d, os.path.join(self.prefix, "dosdevices", "d:"))
        for source, target in (("launch.exe", os.path.join(self.d, "launch.exe")),
                               ("winget.exe", os.path.join(self.prefix, "drive_c", "windows", "winget.exe"))):
            shutil.copy2(os.path.join(self.lab, source), target)
        os.makedirs(os.path.join(self.d, "redist"))
        for p in self.runtime_files(NEWEST):
            shutil.copy2(p, os.path.join(self.d, "redist"))
        with open(os.path.join(self.d, "redist", "version.txt"), "w", encoding="ascii") as f:
            f.write(NEWEST + "\n")
        self.runs = wine
        if wine:
            self.start()

    def start(self):
        """Services start here, with their standard handles off every pipe."""
        subprocess.run([self.server(), "-p%d" % PYTHON_KEEPS], env=self.unix_env, check=False,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run([self.wine, "cmd", "/c", "exit"], env=self.unix_env, check=False, timeout=120,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        if os.path.isdir(self.prefix) and self.wine:
            subprocess.run([self.server(), "-k"], env=self.unix_env, check=False, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @staticmethod
    def server():
        return shutil.which("wineserver") or "/usr/lib/wine/wineserver"

    def remove(self):
        self.stop()
        unmount_below(self.root)
        shutil.rmtree(self.root, ignore_errors=True)

    # ---- what is installed

    def runtime_files(self, version):
        d = os.path.join(self.lab, "vcredist", version)
        if not os.path.isdir(d):
            raise FileNotFoundError("no VC++ runtime " + version + " in the lab")
        return sorted(glob.glob(os.path.join(d, "*.dll")))

    def set_state(self, redist=NEWEST, without=(), says=None, x86=None, registry=(), files=None):
        """Installs VC++ `redist` (None: none), less the DLLs in `without`; the registry says `says` (as installed, where
        None).  x86: version of the 32-bit one.  registry: (key, name or "", text or number).  files: {name: bytes or
        path} laid into System32."""
        for folder in (self.system32, self.syswow64):
            for n in os.listdir(folder) if os.path.isdir(folder) else []:
                if RUNTIME.match(n):
                    os.unlink(os.path.join(folder, n))
        lines = ["REGEDIT4", ""]
        for k in CASE_KEYS:
            lines += ["[-%s]" % k, ""]
        for p in self.runtime_files(redist) if redist else []:
            if os.path.basename(p).lower() not in without:
                shutil.copy2(p, os.path.join(self.system32, os.path.basename(p)))
        for name, what in (files or {}).items():
            p = os.path.join(self.system32, name)
            if os.path.lexists(p):
                os.unlink(p)
            if isinstance(what, bytes):
                with open(p, "wb") as f:
                    f.write(what)
            else:
                shutil.copy2(what, p)
        if x86:
            os.makedirs(self.syswow64, exist_ok=True)
            for p in self.runtime_files("x86"):
                shutil.copy2(p, os.path.join(self.syswow64, os.path.basename(p)))
        entries = list(registry)
        for arch, v in (("x64", redist if says is None else says), ("x86", x86)):
            if v:
                a, b, c = (v + ".0.0").split(".")[:3]
                key = RUNTIMES_KEY if arch == "x64" else CASE_KEYS[1]
                entries += [(key + "\\" + arch, n, w) for n, w in (("Installed", 1), ("Version", "v%s.00" % v), ("Major", int(a)),
                                                                  ("Minor", int(b)), ("Bld", int(c)))]
        self.entries = entries
        if not self.runs:
            return
        for key, name, value in entries:
            lines += ["[%s]" % key, "%s=%s" % ('"%s"' % name if name else "@", reg_text(value)), ""]
        with open(os.path.join(self.d, "state.reg"), "w", encoding="ascii", newline="\r\n") as f:
            f.write("\n".join(lines))
        subprocess.run([self.wine, "regedit", "/S", r"D:\state.reg"], env=self.unix_env, check=False, timeout=120,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    # ---- paths and variables

    def win(self, path):
        """The path as Windows programs see it."""
        path = os.path.abspath(path)
        for top, drive in ((self.d, "D:"), (os.path.join(self.prefix, "drive_c"), "C:")):
            if path == top or path.startswith(top + os.sep):
                return drive + (path[len(top):].replace("/", "\\") or "\\")
        return drive_z(path)

    def environment(self, home, extra):
        """The variables of a user's console; extra changes them (None takes one away; {PATH} stands for the base PATH)."""
        h = self.win(home)
        env = {
            "ALLUSERSPROFILE": r"C:\ProgramData", "APPDATA": h + r"\AppData\Roaming", "COMPUTERNAME": "TESTS",
            "ComSpec": r"C:\windows\system32\cmd.exe", "HOMEDRIVE": h[:2], "HOMEPATH": h[2:], "LOCALAPPDATA": h + r"\AppData\Local",
            "NUMBER_OF_PROCESSORS": str(os.cpu_count() or 1), "OS": "Windows_NT",
            "PATH": r"C:\windows\system32;C:\windows;C:\windows\system32\wbem", "PATHEXT": ".COM;.EXE;.BAT;.CMD",
            "PROCESSOR_ARCHITECTURE": "AMD64", "ProgramData": r"C:\ProgramData", "ProgramFiles": r"C:\Program Files",
            "ProgramFiles(x86)": r"C:\Program Files (x86)", "PUBLIC": r"C:\users\Public", "SystemDrive": "C:", "SystemRoot": r"C:\windows",
            "TEMP": h + r"\AppData\Local\Temp", "TMP": h + r"\AppData\Local\Temp", "USERNAME": "root", "USERPROFILE": h,
            "windir": r"C:\windows"}
        env.update(self.pip)
        names = {k.upper(): k for k in env}
        for k, v in extra.items():
            k = names.get(k.upper(), k)
            if v is None:
                env.pop(k, None)
            else:
                env[k] = v.replace("{PATH}", env["PATH"]) if k == "PATH" else v
        for k in ("WINEPREFIX", "WINEARCH", "WINEDEBUG"):
            env.setdefault(k, self.unix_env[k])     # the loader of a child reads them from its own environment
        return env

    # ---- running

    def run(self, command, cwd, env, timeout, split=False):
        """(exit code, output) or, with split, (exit code, standard output, standard error) of a command line given to
        CreateProcess as it is.  The exit code has 32 bits; None after `timeout`; negative: it could not be started, by
        Windows' error number.

        Once in some thousand starts Wine 8 gives up before the program's first instruction: then it is started again,
        once, and said so."""
        started, rc, out, err = self.start_once(command, cwd, env, timeout, split)
        if not started:
            print("winlab: Wine did not start it, once more: %s" % command[:120], file=sys.stderr, flush=True)
            _, rc, out, err = self.start_once(command, cwd, env, timeout, split)
        return (rc, out, err) if split else (rc, out)

    def start_once(self, command, cwd, env, timeout, split):
        """(whether the program was started, exit code, output, standard error)"""
        self.calls += 1
        request, code = os.path.join(self.d, "request.%d" % self.calls), os.path.join(self.d, "code.%d" % self.calls)
        lines = ["cwd " + self.win(cwd)] + ["env %s=%s" % (k, env[k]) for k in sorted(env, key=str.upper)]
        lines += ["code " + self.win(code), "run " + command]
        with open(request, "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
        p = subprocess.Popen([self.wine, r"D:\launch.exe", self.win(request)], env=self.unix_env, cwd=self.d,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE if split else subprocess.STDOUT, start_new_session=True)
        rc, started = None, True
        try:
            out, err = p.communicate(timeout=timeout)
            with open(code, encoding="ascii") as f:
                rc = int(f.read())
            started = rc != -ERROR_INTERNAL
        except subprocess.TimeoutExpired:
            self.stop()                     # every Wine process of this prefix
            try:
                os.killpg(p.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            out, err = p.communicate()
            self.start()
        except (OSError, ValueError):       # launch.exe itself did not get that far
            rc, started = p.returncode if p.returncode else None, bool(out or err)
        for f in (request, code):
            if os.path.exists(f):
                os.unlink(f)
        return started, rc, out.decode("utf-8", "replace").replace("\r\n", "\n"), (err or b"").decode("utf-8", "replace")


class Pool:
    """Machines handed out to threads, each used by one at a time."""

    def __init__(self, lab, jobs, wine=True):
        self.free, self.all, self.lock = [], [], threading.Condition()
        for i in range(jobs):
            m = Machine(lab, os.getpid() * 10 + i)
            m.make(wine)
            self.all.append(m)
        self.free = list(self.all)

    def take(self):
        with self.lock:
            while not self.free:
                self.lock.wait()
            return self.free.pop()

    def give(self, m):
        with self.lock:
            self.free.append(m)
            self.lock.notify()

    def close(self):
        for m in self.all:
            m.remove()


def quote(argument):
    """One argument of a command line, as Windows' C run-time library reads it."""
    if argument and not re.search(r'[\s"]', argument):
        return argument
    return '"' + re.sub(r'(\\*)"', r'\1\1\\"', argument).replace("\0", "") + re.search(r"\\*$", argument).group(0) + '"'


def command_line(argv):
    return " ".join(quote(a) for a in argv)


def sweep(lab):
    """Ends and removes what a run that was killed left behind."""
    for d in glob.glob(os.path.join(lab, "work", "job*")):
        number = int(re.search(r"job(\d+)$", d).group(1))
        if not os.path.exists("/proc/%d" % (number // 10)):
            Machine(lab, number).remove()
