"""The man page names each option of src/cli/opt_list.h, with its argument, and no other; mandoc has nothing to say about it."""
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def table_options():
    """{name: (letter or "", argument or "")} of the option table."""
    text = (ROOT / "src/cli/opt_list.h").read_text("utf-8")
    rows = re.findall(r'TFD_OPT\((\w+), "([^"]+)", (0|\'(.)\'), (NULL|"([^"]*)"),', text)
    assert len(rows) == len(re.findall(r"^TFD_OPT\(", text, re.M)), "a row of the table is not understood"
    return {r[1]: (r[3], r[5]) for r in rows}


def man_options():
    """The same of the man page: heads of lists that begin with a flag."""
    found = {}
    for line in (ROOT / "docs/tfdiag.1").read_text("utf-8").splitlines():
        if not line.startswith(".It Fl"):
            continue
        head = line.replace("\\-", "-")
        name = re.search(r"Fl --?([a-z-]{2,})", head).group(1).lstrip("-")
        letter = re.search(r"Fl ([a-z])\b(?!-)", head)
        argument = re.search(r"Fl -%s (?:Ar|Cm) ([^,].*?)$" % re.escape(name), head)
        found[name] = (letter.group(1) if letter else "", argument.group(1).replace(" ", "") if argument else "")
    return found


def main():
    table, man = table_options(), man_options()
    bad = ["--%s: %s in the table, %s in the man page" % (n, table.get(n, "not"), man.get(n, "not"))
           for n in sorted(set(table) | set(man)) if table.get(n) != man.get(n)]
    if shutil.which("mandoc"):
        p = subprocess.run(["mandoc", "-Tlint", "-Wwarning", str(ROOT / "docs/tfdiag.1")], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, check=False)
        bad += p.stdout.decode("utf-8", "replace").splitlines()
    else:
        print("mandoc is not installed: the page's own form was not checked")
    for line in bad:
        print(line)
    print("%d options, %d differences" % (len(table), len(bad)))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
