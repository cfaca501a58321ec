"""Settings of pip that keep a repair from its place, variables that Python refuses, plugins, byte code, files that
answer in a module's place, and packages of which a half was exchanged."""
import glob
import os
import shutil

from realenv import case, clone, healthy

KERAS = "import tensorflow as tf; tf.keras.layers"


# ---- a requirement is missing, and pip is set to install elsewhere or not at all

def pip_setting(name, **variables):
    @case("pip-" + name, "tf220", "dep-other")
    def _(e):
        version = e.uninstall("wrapt")
        for variable, value in variables.items():
            e.env[variable] = value.replace("DEST", e.dest)
        return "unset %s; python -m pip install wrapt==%s" % (" ".join(variables), version)


pip_setting("user", PIP_USER="1")
pip_setting("target", PIP_TARGET="DEST/elsewhere")
pip_setting("prefix", PIP_PREFIX="DEST/elsewhere")
pip_setting("dry-run", PIP_DRY_RUN="1")
pip_setting("require-virtualenv", PIP_REQUIRE_VIRTUALENV="1")


# ---- variables with which the interpreter does not start, or reads names in another way

def variable(name, base, var, value, expect="cause"):
    @case("python-" + name, base, "env-setting", ["python-broken"], expect)
    def _(e):
        e.env[var] = value
        return "unset " + var


variable("utf8-2", "tf220", "PYTHONUTF8", "2")
variable("gil-0", "tf221", "PYTHON_GIL", "0")
variable("gil-0-unknown", "tf220", "PYTHON_GIL", "0", "quiet")
variable("cpu-count", "tf221", "PYTHON_CPU_COUNT", "many")
variable("digits-5", "tf220", "PYTHONINTMAXSTRDIGITS", "5")
variable("digits-0", "tf220", "PYTHONINTMAXSTRDIGITS", "0", "quiet")


def letters(name, expect, **variables):
    @case("letters-" + name, "tf220", "path-non-ascii", ["env-setting"], expect, kind="none")
    def _(e):
        root = os.path.join(e.dest, "gr\u00fc\u00dfe")
        clone(e.src, root)
        e.bind(root)
        e.env.update(variables)
        return "export PYTHONUTF8=1"


letters("ascii", "cause", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
letters("locale-c", "quiet", LC_ALL="C")


# ---- plugins that TensorFlow loads at the end of its import

def plugin(name, base, source, expect="cause"):
    @case("plugin-" + name, base, "addon-mismatch", expect=expect)
    def _(e):
        path = e.p("tensorflow-plugins", "libdevice_plugin.so")
        if source.startswith("void"):
            e.cc(path, source)
        else:
            e.write(path, source, 0o755)
        return "mv %s %s.off" % (path, path)


plugin("undefined", "tf215", "void gone_from_tensorflow(void);\nvoid *start = (void *)gone_from_tensorflow;\n")
plugin("no-library", "tf221", "version https://git-lfs.github.com/spec/v1\n")
plugin("without-entry", "tf215", "void nothing(void) {}\n", "quiet")


# ---- files that answer in a module's place

def beside(name, base, package, text):
    @case("beside-" + name, base, "name-shadowing", ["dep-other"])
    def _(e):
        e.write(e.p(package, "__init__.py"), text)
        return "mv %s %s" % (e.p(package), e.p("my_" + package))


beside("six", "tf220", "six", "")
beside("typing-extensions", "tf215", "typing_extensions", "__version__ = '1'\n")


@case("pyc-damaged-numpy", "tf220", "dep-numpy")
def _(e):
    """byte code of numpy cut short: TensorFlow's is the last frame outside of the import system"""
    path = e.one("numpy", "__pycache__", "__init__.*.pyc")
    e.write(path, e.read(path)[:60])
    return "rm " + path


@healthy("sourceless-gast")
def _(e):
    """a package delivered as byte code alone"""
    for path in glob.glob(e.p("gast", "__pycache__", "*.pyc")):
        shutil.move(path, e.p("gast", os.path.basename(path).split(".")[0] + ".pyc"))
    for path in glob.glob(e.p("gast", "*.py")):
        os.unlink(path)


@healthy("metadata-numpy-gone")
def _(e):
    """numpy's .dist-info is lost, numpy itself is there"""
    e.rm(e.info("numpy")[0])


# ---- start-up code

@case("startup-blocks-wrapt", "tf220", "pythonpath-conflict", ["dep-other"])
def _(e):
    """a .pth file forbids the import of wrapt"""
    path = e.write(e.p("aa_block.pth"), "import sys; sys.modules['wrapt'] = None\n")
    return "rm " + path


# ---- halves of two versions

def half(name, base, cause, spec, only, expect="cause", statement=None):
    @case("half-" + name, base, cause, expect=expect)
    def _(e):
        dist = spec.split("==")[0]
        e.unzip(e.fetch(spec), only=only)
        e.statement = statement or e.statement
        return e.reinstall(dist)


half("numpy", "tf220", "dep-numpy", "numpy==2.2.6", lambda n: n.startswith("numpy/") and n.endswith(".py"))
half("numpy-tf215", "tf215", "dep-numpy", "numpy==2.2.6", lambda n: n.startswith("numpy/"))
half("protobuf", "tf220", "dep-protobuf", "protobuf==3.20.3", lambda n: n.startswith("google/"), expect="quiet")
half("keras3", "tf215", "dep-keras", "keras==3.8.0", lambda n: n.startswith("keras/"), statement=KERAS)
half("ml-dtypes", "tf220", "dep-other", "ml_dtypes==0.4.1", lambda n: n.endswith(".so"))


# ---- the start folder, or PYTHONPATH, inside of a package

def inside(name, base, *parts):
    @case("cwd-" + name, base, "name-shadowing")
    def _(e):
        e.cwd = e.p(*parts)
        return "cd /"

    @case("pythonpath-" + name, base, "pythonpath-conflict", ["name-shadowing", "python-broken"])
    def _(e):
        e.env["PYTHONPATH"] = e.p(*parts)
        return "unset PYTHONPATH"


inside("in-numpy", "tf220", "numpy")
inside("in-tensorflow-python", "tf220", "tensorflow", "python")
inside("in-keras-src", "tf221", "keras", "src")
