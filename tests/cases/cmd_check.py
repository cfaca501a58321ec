"""What cmd.exe would make of a command that a report prints: sentences about what it would not understand.

Sources: `cmd /?`, `rmdir /?`, `del /?`, `move /?`, `set /?` say what is known. Quotes are
double ones, nothing is special in them but %NAME% of a variable that is there; outside of them & | < > ^ ( ) separate, redirect or escape. Wildcards
are the program's affair: del, copy, move and dir know them in the last component, nobody else here does.
"""
import re

BUILT_IN = {"set", "del", "rmdir", "mkdir", "move", "ren", "copy", "call", "cd"}
PROGRAMS = {"reg", "systempropertiesperformance", "winget", "icacls", "takeown", "powershell", "wsl", "attrib", "wmic", "dism", "chcp", "bcdedit", "where", "conda",
            "uv", "py", "python", "pip"}
POSIX = {"rm", "mv", "cp", "export", "unset", "source", ".", "sudo", "chmod", "chown", "ln", "touch", "env", "ls", "cat", "bash", "sh"}
WITH_WILDCARDS = {"del", "copy", "move"}


def words(command):
    """(text, was quoted) of each word; None where a quote is not closed."""
    out, text, quoted, inside = [], "", False, False
    for c in command:
        if c == '"':
            inside, quoted = not inside, True
        elif c in " \t" and not inside:
            if text or quoted:
                out.append((text, quoted))
            text, quoted = "", False
        else:
            text += c
    if inside:
        return None
    return out + ([(text, quoted)] if text or quoted else [])


def outside_of_quotes(command):
    return "".join(part for i, part in enumerate(command.split('"')) if i % 2 == 0)


def problems(command):
    parts = words(command)
    if parts is None:
        return ["a quote is not closed"]
    if not parts:
        return ["it is empty"]
    out, plain, verb = [], outside_of_quotes(command), parts[0][0].lower()
    name = re.sub(r"\.(exe|bat|cmd)$", "", verb.replace("/", "\\").rpartition("\\")[2])
    if verb in POSIX:
        out.append("%s is no command of cmd" % verb)
    elif verb not in BUILT_IN and name not in PROGRAMS and not re.match(r"[a-z]:\\|\\\\|python", verb):
        out.append("cmd does not know %s" % parts[0][0])
    if name != "powershell" and "'" in plain:
        out.append("a single quote quotes nothing")
    for c in "&|<>^`$":
        if c in plain:
            out.append("%s outside of quotes" % c)
    if "\n" in command or "\r" in command:
        out.append("more than one line")
    if verb in ("rmdir", "del"):
        switches = {w.lower() for w, q in parts[1:] if w.startswith("/") and not q}
        if verb == "rmdir" and not {"/s", "/q"} <= switches:
            out.append("rmdir asks, or refuses a folder that is not empty, without /s /q")
        if switches - {"/s", "/q", "/f", "/a"}:
            out.append("%s has no %s" % (verb, " ".join(sorted(switches))))
    if verb != "set" and verb not in WITH_WILDCARDS and name != "powershell":
        for w, _ in parts[1:]:
            if re.search(r"\\[^\\]*[*?]", w):
                out.append("%s knows no wildcard: %s" % (verb, w))
    if verb in BUILT_IN - {"set"}:
        for w, quoted in parts[1:]:
            if not quoted and re.search(r"[,;=()]", w):
                out.append("%s separates words unless it is quoted" % w)
            if re.match(r"-\w", w):
                out.append("%s is no switch of %s" % (w, verb))
            if re.search(r"[^/]/[^/]", w):
                out.append("%s: a slash begins a switch" % w)
    if verb == "set" and not re.match(r'set "\w+=', command):
        out.append('not of the form set "NAME=value"')
    return out


def report_problems(report):
    """Of every fix of every cause and warning of a report from Windows."""
    out = []
    for cause in report.get("causes", []) + report.get("warnings", []):
        for fix in cause.get("fixes", []):
            if fix.get("commands") and fix.get("shell") not in ("cmd", "powershell"):
                out.append("fix of %s: shell %r" % (cause["id"], fix.get("shell")))
            if fix.get("shell") == "cmd":
                out += ["fix of %s: %s: %s" % (cause["id"], c, p) for c in fix["commands"] for p in problems(c)]
    return out
