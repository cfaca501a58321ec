"""Faults written from the list of causes alone: the loader, variables, limits, interpreters, add-ons, installers, several at once."""
import glob
import os
import re
import shutil

from cases_loader import stub
from cases_python import stdlib
from cases_system import NODAC
from realenv import case

KERAS = "import tensorflow as tf; tf.keras.layers"
CONSTANT = "import tensorflow as tf; tf.constant(1)"


# ---- the loader

def loads(name, make, var="LD_LIBRARY_PATH", cause="ldpath-conflict", also=(), base="tf220", expect="cause"):
    @case("load-" + name, base, cause, also, expect)
    def _(e):
        e.env[var] = make(e)
        return "unset " + var


loads("libpthread-stub", stub("libpthread.so.0"), expect="quiet")
loads("librt-stub", stub("librt.so.1"), base="tf215", expect="quiet")
loads("libutil-stub-hwcaps", lambda e: hwcaps(e))
loads("preload-dlopen", lambda e: os.path.join(stub("libtrace.so", "void *dlopen(const char *n, int f){(void)n;(void)f;return 0;}\n")(e),
                                               "libtrace.so"), "LD_PRELOAD")
loads("preload-exits-in-python", lambda e: preload_exit(e), "LD_PRELOAD", also=["python-broken"])


def hwcaps(e):
    """An old libstdc++ in the folder that ld.so prefers for this processor, below a folder on LD_LIBRARY_PATH."""
    old = e.old_libstdcxx("old")
    folder = os.path.join(e.dest, "lib3", "glibc-hwcaps", "x86-64-v2")
    os.makedirs(folder)
    shutil.move(os.path.join(old, "libstdc++.so.6"), folder)
    return os.path.join(e.dest, "lib3")


def preload_exit(e):
    source = r"""
#include <stdio.h>
#include <string.h>
#include <unistd.h>
__attribute__((constructor)) static void start(void)
{
    char name[32] = "";
    FILE *f = fopen("/proc/self/comm", "r");
    if (f && fgets(name, sizeof name, f) && !strncmp(name, "python", 6)) {
        fputs("libguard: licence expired\n", stderr);
        _exit(77);
    }
    if (f)
        fclose(f);
}
"""
    return e.cc(os.path.join(e.dest, "lib4", "libguard.so"), source)


@case("load-etc-preload", "tf220", "ldpath-conflict", ["library-conflict", "libstdcxx-old"])
def _(e):
    """/etc/ld.so.preload names an old libstdc++"""
    old = os.path.join(e.old_libstdcxx("old"), "libstdc++.so.6")
    listed = e.write(os.path.join(e.dest, "preload"), old + "\n")
    e.wrap = ["unshare", "-m", "sh", "-c", 'touch /etc/ld.so.preload && mount --bind "$0" /etc/ld.so.preload && exec "$@"', listed]
    return None


@case("load-gfortran-stub", "tf215", "dep-numpy")
def _(e):
    """a library that NumPy's wheel brings was replaced by an empty one"""
    path = e.one("numpy.libs", "libgfortran*")
    os.unlink(path)
    e.cc(path, "int nothing(void){return 0;}\n", "-Wl,-soname," + os.path.basename(path))
    return e.reinstall("numpy")


# ---- variables

def variable(name, var, value, base="tf220", cause="env-setting", also=(), statement=None, expect="cause"):
    @case("var-" + name, base, cause, also, expect)
    def _(e):
        e.env[var] = value.replace("{dest}", e.dest)
        e.statement = statement or e.statement
        return "unset " + var


variable("pluggable-device", "TF_PLUGGABLE_DEVICE_LIBRARY_PATH", "/nonexistent/libdevice.so")
variable("xla-flags-file", "XLA_FLAGS", "/nonexistent/flags", statement=CONSTANT, expect="quiet")
variable("python-executable", "PYTHONEXECUTABLE", "/nonexistent/python3", also=["python-wrong-one"])
variable("pythoncasts", "PYTHONMALLOC", "jemalloc", also=["python-broken"])
variable("python-warnings-future", "PYTHONWARNINGS", "error::FutureWarning", expect="quiet")
variable("python-tracemalloc-text", "PYTHONTRACEMALLOC", "yes", also=["python-broken"])
variable("legacy-keras-yes", "TF_USE_LEGACY_KERAS", "1", statement=KERAS, also=["dep-keras"], base="tf221")
variable("python-home-of-venv", "PYTHONHOME", "{dest}", cause="python-broken", also=["env-setting"])


@case("var-numpy-both", "tf220", "env-setting")
def _(e):
    """two variables that NumPy does not take together"""
    e.env.update(NPY_ENABLE_CPU_FEATURES="AVX2", NPY_DISABLE_CPU_FEATURES="AVX512F")
    return "unset NPY_ENABLE_CPU_FEATURES"


@case("var-keras-home", "tf220", "env-setting", ["dep-keras", "dep-other"])
def _(e):
    """KERAS_HOME names a folder whose keras.json asks for another backend"""
    e.write(os.path.join(e.dest, "kh", "keras.json"), '{"backend": "torch", "floatx": "float32"}')
    e.env["KERAS_HOME"] = os.path.join(e.dest, "kh")
    e.statement = KERAS
    return "unset KERAS_HOME"


# ---- limits

def limited(name, flags, fix=None, also=(), base="tf220", expect="cause"):
    @case("tight-" + name, base, "memory-limit", also, expect)
    def _(e):
        e.wrap = ["prlimit", *flags.split()]
        return fix


limited("nofile-7", "--nofile=7:", expect="quiet")
limited("nofile-5", "--nofile=5:", expect="quiet")
limited("as-120m", "--as=120000000:", "ulimit -v unlimited")
limited("as-300m-tf210", "--as=300000000:", "ulimit -v unlimited", base="tf210")
limited("data-40m", "--data=40000000:", "ulimit -d unlimited", base="tf215")


# ---- the interpreter

def broken_base(name, *parts, data=None, also=(), base="tf220", expect="cause"):
    @case("base-" + name, base, "python-broken", also, expect, kind="base")
    def _(e):
        got = glob.glob(stdlib(e, *parts))
        if data is None:
            e.rm(got[0])
        else:
            e.write(got[0], data(e.read(got[0])))
        if got[0].endswith(".py"):
            e.drop_pyc(got[0])
        return None


broken_base("math-cut", "lib-dynload", "math.*.so", data=lambda b: b[:3000])
broken_base("posixsubprocess-gone", "lib-dynload", "_posixsubprocess.*.so")
broken_base("importlib-metadata-gone", "importlib", "metadata")
broken_base("ctypes-cut", "ctypes", "__init__.py", data=lambda b: b[:900])
broken_base("functools-zeros", "functools.py", data=lambda b: b"\0" * len(b))
broken_base("weakref-merge", "weakref.py", data=lambda b: b"<<<<<<< ours\n" + b)
broken_base("contextlib-tf210", "contextlib.py", base="tf210")


@case("base-enum-of-other-minor", "tf220", "python-broken", kind="base")
def _(e):
    """a few modules of Python 3.10's standard library were copied over those of 3.12"""
    old = glob.glob(os.path.join(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"), "versions", "3.10.*", "lib", "python3.10"))[0]
    for n in ("enum.py", "typing.py", "re.py"):
        with open(os.path.join(old, n), "rb") as f:
            e.write(stdlib(e, n), f.read())
        e.drop_pyc(stdlib(e, n))
    shutil.rmtree(stdlib(e, "re"))
    return None


@case("base-stdlib-unreadable", "tf220", "permission-denied", ["python-broken"], kind="base")
def _(e):
    """one folder of the standard library belongs to another user and is closed"""
    for d, _dirs, _files in os.walk(stdlib(e, "json")):
        os.chown(d, 54321, 54321)
        os.chmod(d, 0o700)
    e.wrap = NODAC
    return "chmod -R a+rX " + stdlib(e, "json")


@case("venv-site-packages-of-other-minor", "tf220", "venv-broken", ["tf-missing", "python-wrong-one", "tf-abi-mismatch"])
def _(e):
    """the environment's packages are in lib/python3.11, its python is a 3.12"""
    os.rename(os.path.join(e.dest, "lib", "python" + e.xy), os.path.join(e.dest, "lib", "python3.11"))
    return None


@case("venv-wrapper-script", "tf220", "venv-broken", ["python-broken"])
def _(e):
    """bin/python is a script of a company that starts an interpreter which is gone"""
    for n in ("python", "python3", "python" + e.xy):
        p = os.path.join(e.bin, n)
        os.unlink(p)
        e.write(p, "#!/bin/sh\nexec /opt/company/python-3.12.0/bin/python3 \"$@\"\n", 0o755)
    return None


# ---- add-ons

def addon(name, base, specs, module, cause, also=(), fix=None, reach=None, drop=None, expect="cause"):
    @case("plus-" + name, base, cause, also, expect, tfdiag=["--module", "%s.%s" % (module, reach)] if reach else ())
    def _(e):
        for s in specs:
            if e.info(s.split("==")[0])[0]:
                e.uninstall(s.split("==")[0])
            e.unzip(e.fetch(s))
        if drop:
            e.uninstall(drop) if e.info(drop)[0] else e.rm(e.one(*drop.split("/")))
        e.statement = "import " + module + ("; %s.%s" % (module, reach) if reach else "")
        return fix


addon("addons-no-typeguard", "tf215", ["tensorflow-addons==0.21.0"], "tensorflow_addons", "dep-other", ["addon-mismatch"],
      "python -m pip install 'typeguard<3'")
addon("hub-no-tf-keras", "tf215", ["tensorflow-hub==0.16.1"], "tensorflow_hub", "dep-keras", ["dep-other", "addon-mismatch"],
      "python -m pip install --no-deps 'tf-keras==2.15.*'", expect="quiet")
addon("hub-no-pkg-resources", "tf220", ["tensorflow-hub==0.16.1", "tf-keras==2.20.1"], "tensorflow_hub", "dep-other", ["addon-mismatch"],
      "python -m pip install 'setuptools<82'")
addon("probability-no-dm-tree", "tf215", ["tensorflow-probability==0.23.0", "decorator==5.1.1", "cloudpickle==3.0.0"], "tensorflow_probability",
      "dep-other", ["addon-mismatch"], "python -m pip install dm-tree==0.1.9", reach="distributions")
addon("text-native-gone", "tf215", ["tensorflow-text==2.15.0", "tensorflow-hub==0.15.0"], "tensorflow_text", "addon-mismatch", ["dep-other"],
      "python -m pip install --force-reinstall --no-deps tensorflow-text==2.15.0", drop="tensorflow_text/core/pybinds/pywrap_fast_wordpiece*.so")


# ---- pip is in the way of the repair

def pip_in_the_way(name, dist="wrapt", base="tf220", files=(), **variables):
    @case("pipway-" + name, base, "dep-other" if dist != "protobuf" else "dep-protobuf")
    def _(e):
        v = e.uninstall(dist)
        for rel, text in files:
            e.write(e.home(*rel.split("/")) if rel.startswith(".") else e.workdir(*rel.split("/")), text.replace("{dest}", e.dest))
        e.home()
        e.env.update({k: x and x.replace("{dest}", e.dest) for k, x in variables.items()})
        return "python -I -m pip --isolated install %s==%s" % (dist, v)


for _key in ("user = true", "target = {dest}/elsewhere", "prefix = {dest}/elsewhere", "constraint = /nonexistent/constraints.txt",
             "require-virtualenv = true\nroot = {dest}/chroot"):
    pip_in_the_way("conf-" + re.match(r"[\w-]+", _key).group(0), files=[(".config/pip/pip.conf", "[install]\n%s\n" % _key)])
pip_in_the_way("constraint", PIP_CONSTRAINT="/nonexistent/constraints.txt")
pip_in_the_way("constraint-excludes", dist="protobuf", files=[("c.txt", "# a project's\nprotobuf==3.20.3  # old\npandas<3\n")],
               PIP_CONSTRAINT="{dest}/work/c.txt")
pip_in_the_way("conf-constraint-excludes", files=[("c.txt", "wrapt<1.11\n"),
                                                  (".config/pip/pip.conf", "[global]\nconstraint = {dest}/work/c.txt\n")])
pip_in_the_way("no-binary", PIP_NO_BINARY=":all:")
pip_in_the_way("no-index", PIP_NO_INDEX="1", PIP_FIND_LINKS=None)
pip_in_the_way("conf-no-index", base="tf210", dist="gast", PIP_FIND_LINKS=None,
               files=[(".config/pip/pip.conf", "[global]\nno-index = true\nfind-links = /srv/wheels-of-the-cluster\n")])
pip_in_the_way("pip-py", files=[("pip.py", "print('my own pip')\n")])
pip_in_the_way("pip-py-tf210", files=[("pip/__init__.py", "")], base="tf210")
pip_in_the_way("tmpdir", TMPDIR="/nonexistent/tmp")


# ---- several at once

@case("both-ldpath-and-numpy", "tf220", "ldpath-conflict", ["dep-numpy", "libstdcxx-old"])
def _(e):
    """an old libstdc++ on LD_LIBRARY_PATH, and numpy gone"""
    e.env["LD_LIBRARY_PATH"] = e.old_libstdcxx("old")
    return "unset LD_LIBRARY_PATH; python -m pip install numpy==" + e.uninstall("numpy")


@case("both-protobuf-and-tf", "tf220", "tf-corrupt", ["dep-protobuf"])
def _(e):
    """protobuf 3.20, and two modules of TensorFlow gone"""
    e.swap("protobuf", "3.20.3")
    e.rm(e.tf("python", "framework", "ops.py"))
    e.rm(e.tf("python", "ops", "math_ops.py"))
    return e.reinstall() + " && python -m pip install 'protobuf>=5.28'"


@case("both-shadow-and-variable", "tf221", "name-shadowing", ["env-setting"])
def _(e):
    """six.py in the folder, and a variable that breaks protobuf"""
    e.write(e.workdir("six.py"), "x = 1\n")
    e.env["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "cpp"
    return "mv six.py my_six.py; unset PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"


@case("both-missing-three", "tf210", "dep-other", ["dep-protobuf", "dep-numpy"])
def _(e):
    """protobuf, opt_einsum and astunparse uninstalled"""
    return "python -m pip install protobuf==%s opt_einsum==%s astunparse==%s" % tuple(
        e.uninstall(d) for d in ("protobuf", "opt_einsum", "astunparse"))


@case("both-rights-and-version", "tf215", "dep-numpy", ["permission-denied"])
def _(e):
    """NumPy 2 under 2.15, and a module of TensorFlow that may not be read"""
    e.swap("numpy", "2.2.6")
    p = e.tf("python", "framework", "ops.py")
    e.private(p)
    e.drop_pyc(p)
    os.chmod(p, 0)
    e.wrap = NODAC
    return "chmod 644 %s; python -m pip install 'numpy<2'" % p


@case("both-memory-and-missing", "tf220", "memory-limit", ["dep-other"])
def _(e):
    """600 MB of address space, and gast uninstalled"""
    v = e.uninstall("gast")
    e.wrap = ["prlimit", "--as=600000000:"]
    return "ulimit -v unlimited; python -m pip install gast==" + v
