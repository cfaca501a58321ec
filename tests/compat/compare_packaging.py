#!/usr/bin/env python3
"""compare_packaging.py TOOL [FOLDER...]   compare tfdiag's reading of versions, specifiers, requirements, markers, names
and tags with the packaging library's.

TOOL is tests/helpers/pep_tool. Requirement strings are taken from the METADATA and PKG-INFO files of every
distribution below the FOLDERs (site-packages or environments), those in TFDIAG_ENVS (':' between them) and those of the
interpreter that runs this. Exit: 0 all answers agree, 1 some differ, 77 packaging is not installed (ctest: skipped).
"""
import glob
import itertools
import os
import random
import subprocess
import sys

try:
    import packaging
    from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.tags import Tag, compatible_tags, cpython_tags
    from packaging.utils import canonicalize_name
    from packaging.version import InvalidVersion, Version
except ImportError:
    print("SKIPPED: the packaging library is not installed; versions, requirements and markers were NOT compared")
    sys.exit(77)

MAJOR = int(packaging.__version__.split(".")[0])

VERSIONS = """
1 1.0 1.0.0 01.002 v1.0 V2.1 1! 1!0 1!2.3 0!1.0 1.0a 1.0a1 1.0.a.1 1.0-a-1 1.0_a_1 1.0alpha2 1.0ALPHA2 1.0b 1.0beta3
1.0c1 1.0rc1 1.0RC1 1.0pre4 1.0preview5 1.0-preview-5 1.0.post 1.0.post1 1.0-post1 1.0_post_1 1.0post1 1.0-1 1.0-01
1.0.rev3 1.0r4 1.0-r4 1.0.dev 1.0.dev0 1.0dev5 1.0-dev5 1.0a1.dev2 1.0a1.post2 1.0a1.post2.dev3 1.0rc1-2 1.0.post1.dev2
1.0a--1 1.0a- 1.0a. 1.0. 1.0- .1 1..0 1.0.a.b 1.0b1c2 1.0+abc 1.0+ABC.5 1.0+5 1.0+5-a_7 1.0+05 1.0+ 1.0+a. 1.0+a..b
1.0+ubuntu-1 1.0.post1+g1 1.0.dev3+gabc 2.20.0 2.21.0rc0 2.21.0.dev20260115 5.28.0 25.12.19 3.19.6 0.6.0 1.26.4
20261231 99999999999999999999999999 1.99999999999999999999999999 1.0x 1.0.x abc 1.0,2 1.0.* * 1.0\u00e9
1.0.0.0.0.0.0.0.1 1.0.0.post0 1.0rc 1.0-rc 1.0.rc.1 1.0.dev-1 1.0.post-1 1.0rev 1-1 1.0-1a 1.0-1.dev1 1.0pre
""".split()

SPECIFIERS = [
    "", "==1.0", "==1", "==1.0.*", "==1.*", "==1!1.*", "==1.0.0.*", "!=1.0", "!=1.0.*", "<1.0", "<=1.0", ">1.0", ">=1.0",
    "~=1.0", "~=1.0.0", "~=1", "~=1.0a1", "~=1!1.0", "~=1.0.post1", "~=1.0.dev1", "===1.0", "===1.0.0", "=== foo", "===",
    ">=1.0,<2", ">=1.0, <2 ,", ",>=1", ">=1,,<2", "<1.0a1", "<1.0.post1", ">1.0.post1", ">1.0a1", ">1.0.dev1", "<1.0.dev1",
    ">=1.0rc1", ">=1.0.dev0", "!=1.0a1", "==1.0a1", "==1.0+abc", "==1.0+ABC.5", "!=1.0+abc", ">=1.0+abc", "<1.0+abc",
    "==1.0.post1", "==1.0-1", ">= 1.0", "== 1.0 ", "==v1.0", ">=v1", ">=1.*", "==1.0a1.*", "==1.0.dev1.*", "1.0", "=1.0",
    "=>1.0", ">", "== ", "==*", ">=1.0;", "<3,>=1.21,!=1.0", "!=4.21.0,!=4.21.1,<5.0.0dev,>=3.20.3", "<2.0dev", ">=1.0.dev",
    "<2,>=1.0a", ">1,<1", "~=2.20", "~=1.4.5a4", "==1!0.*", "==1. *", "== 1.0.*", "~= 1.0", "==1.0 .*", "> 1.0-1", "!= 1.0-r4",
]

REQUIREMENTS = r"""
name
Name.with-all_of.them
name>=1
name >= 1
name>=1,<2
name >=1 , <2
name (>=1)
name(>=1,<2)
name ( >=1 , <2 )
name ()
name()
name (>=1
name >=1)
name (>=1))
name,
name >=1,
name >=1,,<2
name ,>=1
name (,)
name[]
name[a]
name[a,b]
name [ a , b ]
name[a,]
name[,a]
name[a b]
name[a
name a]
name[a]>=1
name[a-b.c_d] (>=1); python_version<'3'
name[-a]
-name
name-
name_
name.
_name
name@https://host/x.zip
name @ https://host/x.zip
name @ https://host/x.zip;python_version<'3'
name @ https://host/x.zip ; python_version<'3'
name @ https://host/x.zip ;
name @ file:///a%20b
name @
name @ git+https://h/r.git@main#egg=x
name[a] @ https://h/x
name >=1 @ https://h/x
name;python_version<'3'
name ; python_version < "3"
name ;
name; 
name ; python_version
name ; python_version <
name ; < '3'
name ; 'a' == 'b'
name ; python_version = '3'
name ; python_version < 3
name ; unknown_var == 'x'
name ; python_version < '3' and
name ; and python_version < '3'
name ; python_version < '3' or python_version > '4' and os_name == 'nt'
name ; (python_version < '3' or python_version > '4') and os_name == 'nt'
name ; ((((python_version < '3'))))
name ; (python_version < '3'
name ; python_version < '3')
name ; ()
name ; python_version<'3'and os_name=='nt'
name ; python_version<'3'or'a'in sys_platform
name ; python_version<'3' andos_name=='nt'
name ; python_version not in '2.7 3.0'
name ; python_version notin '2.7'
name ; python_version not  in '2.7'
name ; 'linux' in sys_platform
name ; 'linux'in sys_platform
name ; os.name == 'posix'
name ; sys.platform == "linux"
name ; platform.machine == 'x' or platform.version == 'y'
name ; platform.python_implementation == 'CPython'
name ; python_implementation == 'CPython'
name ; extra == 'dev'
name ; extra=="and-cuda"
name ; python_versions == '3'
name ; 'a" == 'b'
name ; python_version ~= '3.7'
name ; platform_machine == "x86_64" and (sys_platform == 'linux' or sys_platform == "win32") or os_name=='java'
name >=1.*
name ==1.*
name ==1.*,!=1.3.*
name ~=1
name ~=1.4
name ===foo
name === foo ; os_name == 'nt'
name ===foo;os_name == 'nt'
name (===foo)
name ===foo bar
name >=1 <2
name 1.0
name=1
name==1.0+local
name>=1.0+local
name >=1.0 ; os_name == 'nt' trailing
name ! =1
name>1;os_name=='nt'
name  [a]  (  ==1  )  ;  os_name  ==  'nt'  
numpy (<2.0.0,>=1.23.5)
protobuf!=4.21.0,!=4.21.1,!=4.21.2,!=4.21.3,!=4.21.4,!=4.21.5,<5.0.0dev,>=3.20.3
tensorflow-io-gcs-filesystem>=0.23.1 ; python_version < "3.12"
tensorboard (>=2.10,<2.11)
a b
a/b
a#b
é
""".strip("\n").split("\n")

MARKERS = r"""
python_version < '3.8'
python_version >= '3.8'
python_version == '3.12'
python_version == '3.*'
python_version != '3.1.*'
python_version > '3'
python_version ~= '3.7'
python_version === '3.12'
'3.8' <= python_version
'3.12' == python_version
python_version in '3.11 3.12'
python_version in '3.1 3.2'
python_version not in '3.11 3.12'
'3.12' in python_version
python_full_version < '3.12.2'
python_full_version >= '3.13.0rc1'
python_full_version == '3.12.1'
implementation_name == 'cpython'
implementation_name != 'pypy'
implementation_version >= '3.12'
os_name == 'posix'
os_name == 'nt'
sys_platform == 'linux'
sys_platform != 'win32'
sys_platform == 'linux' and platform_machine == 'x86_64'
sys_platform == 'darwin' or platform_machine == 'arm64'
sys_platform == 'darwin' or platform_machine == 'x86_64' and os_name == 'nt'
(sys_platform == 'darwin' or platform_machine == 'x86_64') and os_name == 'posix'
os_name == 'nt' or (python_version < '3' or (platform_system == 'Linux' and extra == 'x'))
platform_system == "Linux"
platform_system == ""
platform_python_implementation == 'CPython'
platform_machine in 'x86_64 aarch64'
platform_machine not in 'arm64'
'x86' in platform_machine
'linux' in sys_platform
extra == ''
extra == 'dev'
extra == 'Dev_Tools'
extra != 'dev'
'dev-tools' == extra
extra == 'dev' and python_version >= '3.9'
platform_release >= '5.10'
platform_release == 'foo'
python_version > 'abc'
python_version == 'abc'
python_version >= ''
sys_platform ~= 'linux'
sys_platform === 'linux'
""".strip("\n").split("\n")

ENVIRONMENTS = [
    {"implementation_name": "cpython", "implementation_version": "3.12.1", "os_name": "posix", "platform_machine": "x86_64",
     "platform_python_implementation": "CPython", "platform_release": "6.1.0", "platform_system": "Linux",
     "platform_version": "#1 SMP", "python_full_version": "3.12.1", "python_version": "3.12", "sys_platform": "linux",
     "extra": extra} for extra in ("", "dev", "dev-tools")
] + [
    {"implementation_name": "pypy", "implementation_version": "7.3.11", "os_name": "nt", "platform_machine": "AMD64",
     "platform_python_implementation": "PyPy", "platform_release": "10", "platform_system": "Windows",
     "platform_version": "10.0.19045", "python_full_version": "3.7.0rc1", "python_version": "3.7", "sys_platform": "win32",
     "extra": ""}
]


class Tool:
    """Collects questions, asks them all at once and counts the answers that differ."""

    def __init__(self, path):
        self.path, self.questions, self.bad = path, [], 0

    def ask(self, expected, *fields):
        text = "\t".join(fields)
        if "\n" in text or any("\t" in f for f in fields) or len(fields) > 24 or len(text) > 60000:
            return
        self.questions.append((text, expected))

    def compare(self):
        run = subprocess.run([self.path], input="".join(q + "\n" for q, _ in self.questions).encode(),
                             stdout=subprocess.PIPE, check=True)
        answers = run.stdout.decode("utf-8", "replace").split("\n")[:-1]
        assert len(answers) == len(self.questions), (len(answers), len(self.questions))
        for (question, expected), answer in zip(self.questions, answers):
            if expected != answer:
                self.bad += 1
                if self.bad <= 40:
                    print("differs: %r\n  packaging %s\n  tfdiag    %s" % (question, expected, answer))
        return len(self.questions)


def parse_version(text):
    try:
        return Version(text)
    except InvalidVersion:
        return None


def ask_versions(tool, texts):
    for text in texts:
        version = parse_version(text)
        tool.ask("invalid" if version is None else str(version), "V", text)
    for a, b in itertools.product(texts, texts):
        x, y = parse_version(a), parse_version(b)
        if x is not None and y is not None:
            tool.ask("<" if x < y else ">" if x > y else "=", "C", a, b)


def reads_differ(specifiers, version):
    """Where packaging before 26 says something else: epochs and suffixes in prefix matches, and which relatives of a
    version with a suffix "<" and ">" exclude (PEP 440 says: those of that very version)."""
    for s in specifiers:
        plain = s.version.replace(".*", "").replace(".", "").isdigit()
        if not plain and s.operator in ("<", ">", "~=", "==="):
            return True
        if (s.version.endswith(".*") or s.operator == "~=") and (version.epoch or "!" in s.version):
            return True
    return False


def ask_match(tool, specifier, version):
    v = parse_version(version)
    try:
        s = SpecifierSet(specifier)
    except InvalidSpecifier:
        tool.ask("unknown", "S", specifier, version, "allow")
        return
    if v is None or (MAJOR < 26 and reads_differ(s, v)):
        return
    for rule, pre in (("allow", True), ("deny", False)):
        tool.ask("yes" if s.contains(v, prereleases=pre) else "no", "S", specifier, version, rule)
    if MAJOR >= 26:  # before, "<" and ">" named no pre-release
        named = bool(SpecifierSet(specifier).prereleases)
        tool.ask("yes" if s.contains(v, prereleases=named) else "no", "S", specifier, version, "named")


def random_version(rng):
    def number():
        return str(rng.choice((0, 0, 1, 1, 2, 3, 10)))
    text = ".".join(number() for _ in range(rng.randint(1, 4)))
    if rng.random() < 0.1:
        text = number() + "!" + text
    if rng.random() < 0.35:
        text += rng.choice(("a", "b", "rc", ".pre", "-alpha", "_c")) + number()
    if rng.random() < 0.3:
        text += rng.choice((".post", "-", "-r", "rev")) + number()
    if rng.random() < 0.3:
        text += rng.choice((".dev", "dev", "-dev.")) + number()
    if rng.random() < 0.2:
        text += "+" + ".".join(rng.choice(("a", "B1", "7", "007", "z")) for _ in range(rng.randint(1, 3)))
    return text


def random_specifier(rng):
    clauses = []
    for _ in range(rng.randint(1, 2)):
        op = rng.choice(("==", "!=", "<=", ">=", "<", ">", "~=", "==="))
        clauses.append(op + random_version(rng) + (".*" if rng.random() < 0.15 else ""))
    return ",".join(clauses)


def answer_requirement(text):
    try:
        r = Requirement(text)
    except InvalidRequirement:
        return None
    return r


def check_requirements(tool, texts):
    """Requirements are compared here, for their parts are sets."""
    lines = [t for t in texts if "\n" not in t and "\t" not in t]
    run = subprocess.run([tool.path], input="".join("R\t%s\n" % t for t in lines).encode(), stdout=subprocess.PIPE, check=True)
    answers = run.stdout.decode("utf-8", "replace").split("\n")[:-1]
    assert len(answers) == len(lines)
    for text, answer in zip(lines, answers):
        r = answer_requirement(text)
        if r is None or answer == "invalid":
            ok = r is None and answer == "invalid"
        else:
            name, extras, specifier, url, marker = answer.split("\t")
            ok = (name == r.name and set(e.strip() for e in extras.split(",") if e.strip()) == r.extras
                  and SpecifierSet(specifier) == r.specifier and url == (r.url or "")
                  and (str(Marker(marker)) if marker else "") == (str(r.marker) if r.marker else ""))
        if not ok:
            tool.bad += 1
            if tool.bad <= 40:
                print("differs: requirement %r\n  packaging %r\n  tfdiag    %r" % (text, r, answer))
    return len(lines)


def ask_marker(tool, text, env):
    try:
        marker = Marker(text)
    except InvalidMarker:
        tool.ask("invalid", "M", text, *("%s=%s" % p for p in env.items()))
        return
    try:
        expected = "yes" if marker.evaluate(dict(env)) else "no"
    except (UndefinedComparison, UndefinedEnvironmentName, InvalidVersion):
        expected = "unknown" if MAJOR >= 26 else None
    if expected:
        tool.ask(expected, "M", text, *("%s=%s" % p for p in env.items()))


def requirement_strings(folders):
    seen = set()
    for folder in folders:
        for pattern in ("*-info/METADATA", "*.egg-info/PKG-INFO", "lib*/python*/site-packages/*-info/METADATA",
                        "*/lib*/python*/site-packages/*-info/METADATA"):
            for path in glob.glob(os.path.join(glob.escape(folder), pattern)):
                with open(path, encoding="utf-8", errors="replace") as f:
                    for line in f:
                        if not line.strip():
                            break
                        if line.startswith("Requires-Dist:"):
                            seen.add(line.split(":", 1)[1].strip())
    return sorted(seen)


def random_marker(rng, depth=0):
    if depth < 3 and rng.random() < 0.45:
        inner = (" %s " % rng.choice(("and", "or"))).join(random_marker(rng, depth + 1) for _ in range(rng.randint(1, 3)))
        return "(%s)" % inner if rng.random() < 0.6 else inner
    return rng.choice(MARKERS[:42])


def ask_tags(tool):
    platforms = ["any", "linux_x86_64", "linux_aarch64", "manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64",
                 "manylinux2014_aarch64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64", "manylinux_2_36_x86_64",
                 "manylinux_2_39_x86_64", "manylinux_3_1_x86_64", "musllinux_1_1_x86_64", "musllinux_1_2_x86_64",
                 "musllinux_2_0_x86_64", "win_amd64", "win32", "macosx_11_0_arm64"]
    heads = ["py3-none", "py2-none", "py30-none", "py36-none", "py312-none", "py313-none", "cp312-cp312", "cp313-cp313",
             "cp313-cp313t", "cp37-cp37m", "cp37-cp37", "cp36-cp36m", "cp36-abi3", "cp38-abi3", "cp312-abi3", "cp313-abi3",
             "cp314-abi3", "cp313-abi3t", "cp38-abi3t", "cp314-abi3t", "cp312-none", "cp311-none", "cp313-none", "py3-abi3", "py3-cp312", "cp3-none", "cp312-cp312d",
             "pp39-pypy39_pp73", "cp27-cp27mu", "cp311-cp312", "py27-none", "cp32-abi3", "cp312-cp313"]
    for minor, threaded in ((7, 0), (8, 0), (11, 0), (12, 0), (13, 0), (13, 1)):
        for libc, major, low in (("glibc", 2, 36), ("glibc", 2, 17), ("musl", 1, 2)):
            if libc == "glibc":
                supported = ["manylinux_2_%d_x86_64" % i for i in range(low, 4, -1)] + \
                    ["manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64", "linux_x86_64"]
            else:
                supported = ["musllinux_1_%d_x86_64" % i for i in range(low + 1)] + ["linux_x86_64"]
            abi = "cp3%d%s" % (minor, "m" if minor < 8 else "t" if threaded else "")
            ours = set(cpython_tags((3, minor), [abi], supported)) | \
                set(compatible_tags((3, minor), "cp3%d" % minor, supported))
            for head, platform in itertools.product(heads, platforms):
                python, abi_tag = head.split("-")
                # An ABI with the platform "any" is nothing that installers look for; what is installed all the same fits.
                if (platform == "any" and abi_tag != "none") or (threaded and MAJOR < 24) or \
                        (abi_tag == "abi3t" and MAJOR < 26):
                    continue
                fits = Tag(python, abi_tag, platform) in ours
                tool.ask("yes" if fits else "no", "T", "%s-%s" % (head, platform), str(minor), str(threaded), "x86_64", libc,
                         str(major), str(low))


def main():
    if len(sys.argv) < 2:
        sys.stderr.write(__doc__)
        return 2
    tool, rng = Tool(sys.argv[1]), random.Random(20)
    folders = sys.argv[2:] + [f for f in os.environ.get("TFDIAG_ENVS", "").split(":") if f] + sys.path
    ask_versions(tool, VERSIONS)
    ask_versions(tool, sorted({random_version(rng) for _ in range(120)}))
    versions = VERSIONS + [random_version(rng) for _ in range(60)]
    for specifier, version in itertools.product(SPECIFIERS, versions):
        ask_match(tool, specifier, version)
    for _ in range(60000):
        ask_match(tool, random_specifier(rng), random_version(rng))
    for text in MARKERS:
        for env in ENVIRONMENTS:
            # Before packaging 26 two words were ordered alphabetically: the last rows differ.
            if MAJOR >= 26 or MARKERS.index(text) < 42:
                ask_marker(tool, text, env)
    for _ in range(4000):
        ask_marker(tool, random_marker(rng), rng.choice(ENVIRONMENTS))
    found = requirement_strings(folders)
    for text in found:
        r = answer_requirement(text)
        if r is not None and r.marker is not None:
            for env in ENVIRONMENTS:
                ask_marker(tool, text.split(";", 1)[1].strip(), env)
    for name in ("A.B", "a__b--c..d", "Foo", "x", "ml_dtypes", "zope.interface", "-a-", "jaraco.text"):
        tool.ask(canonicalize_name(name), "K", name)
    ask_tags(tool)
    count = tool.compare() + check_requirements(tool, REQUIREMENTS + found)
    print("packaging %s: %d questions, %d requirement strings of real distributions, %d answers differ"
          % (packaging.__version__, count, len(found), tool.bad))
    return 1 if tool.bad else 0


if __name__ == "__main__":
    sys.exit(main())
