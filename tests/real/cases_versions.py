"""Requirements of another version, missing or damaged; add-ons."""
import glob
import os
import re

from realenv import NotFit, case


@case("numpy2-abi", "tf215", "dep-numpy")
def _(e):
    """TensorFlow 2.15 (built for NumPy 1) with NumPy 2"""
    e.note = "numpy %s -> 2.2.6" % e.swap("numpy", "2.2.6")
    return 'python -m pip install "numpy<2"'


@case("numpy2-abi-tf210", "tf210", "dep-numpy")
def _(e):
    """TensorFlow 2.10 with NumPy 2"""
    e.note = "numpy %s -> 2.2.6" % e.swap("numpy", "2.2.6")
    return 'python -m pip install "numpy<2"'


@case("numpy-other-python", "tf220", "dep-numpy", ["tf-abi-mismatch", "python-wrong-one"])
def _(e):
    """NumPy wheel of another Python version in site-packages"""
    v = e.version("numpy")
    e.swap("numpy", "2.2.6", "3.11")
    e.note = "numpy %s (cp312) replaced by 2.2.6 built for CPython 3.11" % v
    return "python -m pip install --force-reinstall --no-deps numpy==%s" % v


@case("numpy-core-gone", "tf220", "dep-numpy")
def _(e):
    """the compiled core of NumPy is lost (half-finished upgrade), metadata kept"""
    v = e.version("numpy")
    so = glob.glob(e.p("numpy", "_core", "_multiarray_umath*.so"))
    e.rm(so[0] if so else e.p("numpy", "_core", "_multiarray_umath.so"))
    e.note = "numpy/_core/_multiarray_umath*.so deleted"
    return "python -m pip install --force-reinstall --no-deps numpy==%s" % v


@case("protobuf-old", "tf220", "dep-protobuf")
def _(e):
    """protobuf 3.20.3 under TensorFlow 2.20 (needs >= 5.28)"""
    v = e.swap("protobuf", "3.20.3")
    e.note = "protobuf %s -> 3.20.3" % v
    return 'python -m pip install "protobuf>=5.28"'


@case("protobuf-new", "tf210", "dep-protobuf")
def _(e):
    """protobuf 4 under TensorFlow 2.10 (needs < 3.20)"""
    e.note = "protobuf %s -> 4.25.8" % e.swap("protobuf", "4.25.8")
    return 'python -m pip install "protobuf<3.20,>=3.9.2"'


@case("protobuf-new-tf215", "tf215", "dep-protobuf", expect="warning")
def _(e):
    """protobuf 7 under TensorFlow 2.15 (needs < 5): import works, noise on stderr"""
    e.note = "protobuf %s -> 7.34.1" % e.swap("protobuf", "7.34.1")
    return 'python -m pip install "protobuf<5,>=3.20.3"'


@case("protobuf-impl-env", "tf215", "env-setting", ["dep-protobuf"])
def _(e):
    """PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=cpp left set in the shell"""
    e.env["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "cpp"
    e.note = "variable from an old work-around; protobuf >= 4 has no cpp back end"
    return "unset PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"


def missing(dist, base="tf220", cause="dep-other", statement=None, expect="cause", also=()):
    suffix = "" if base == "tf220" else "-" + base

    @case("missing-%s%s" % (dist.replace("_", "-"), suffix), base, cause, also, expect)
    def _(e):
        v = e.uninstall(dist)
        e.statement = statement or e.statement
        e.note = "%s %s uninstalled" % (dist, v)
        return "python -m pip install %s==%s" % (dist, v)


for _d in ("typing_extensions", "wrapt", "absl-py", "gast", "flatbuffers", "ml_dtypes", "opt_einsum"):
    missing(_d)
missing("h5py", expect="warning")            # Keras 3 goes on without it; only saving to .h5 fails
missing("keras", cause="dep-keras", statement="import tensorflow as tf; tf.keras.layers")
missing("protobuf", cause="dep-protobuf")
missing("numpy", cause="dep-numpy")


@case("ml-dtypes-old", "tf220", "dep-other")
def _(e):
    """ml_dtypes 0.4.1 under TensorFlow 2.20 (needs >= 0.5.1)"""
    v = e.swap("ml_dtypes", "0.4.1")
    e.note = "ml_dtypes %s -> 0.4.1" % v
    return 'python -m pip install "ml_dtypes>=0.5.1,<1"'


@case("h5py-libs-gone", "tf220", "dep-other", ["tf-corrupt"], expect="warning")
def _(e):
    """the private library folder h5py.libs lost (copied environment, cleaner)"""
    v = e.version("h5py")
    e.rm(e.p("h5py.libs"))
    e.note = "h5py.libs deleted"
    return "python -m pip install --force-reinstall --no-deps h5py==%s" % v


@case("typing-extensions-old", "tf220", "dep-other")
def _(e):
    """typing_extensions 3.7.4.3 (needs >= 3.6.6: in range, yet too old for other requirements)"""
    v = e.swap("typing_extensions", "3.7.4.3")
    e.note = "typing_extensions %s -> 3.7.4.3" % v
    return "python -m pip install --upgrade typing_extensions"


@case("keras2-under-tf220", "tf220", "dep-keras")
def _(e):
    """keras 2.15 under TensorFlow 2.20 (needs >= 3.10)"""
    e.note = "keras %s -> 2.15.0" % e.swap("keras", "2.15.0")
    e.statement = "import tensorflow as tf; tf.keras.layers"
    return 'python -m pip install "keras>=3.10"'


@case("keras3-under-tf215", "tf215", "dep-keras")
def _(e):
    """keras 3 under TensorFlow 2.15 (needs < 2.16)"""
    e.note = "keras %s -> 3.8.0" % e.swap("keras", "3.8.0")
    e.statement = "import tensorflow as tf; tf.keras.layers"
    return 'python -m pip install "keras<2.16,>=2.15"'


@case("tf-keras-mismatch", "tf220", "dep-keras")
def _(e):
    """tf-keras 2.15 with TensorFlow 2.20 and TF_USE_LEGACY_KERAS=1"""
    e.unzip(e.fetch("tf-keras==2.15.1"))
    e.env["TF_USE_LEGACY_KERAS"] = "1"
    e.statement = "import tensorflow as tf; tf.keras.layers"
    e.note = "tf-keras 2.15.1 added"
    return 'python -m pip install --no-deps "tf-keras==2.20.*"'


@case("legacy-keras-env", "tf220", "env-setting", ["dep-keras"])
def _(e):
    """TF_USE_LEGACY_KERAS=1 and no tf-keras installed"""
    e.env["TF_USE_LEGACY_KERAS"] = "1"
    e.statement = "import tensorflow as tf; tf.keras.layers"
    return 'python -m pip install --no-deps "tf-keras==2.20.*"'


@case("addon-text", "tf215", "addon-mismatch")
def _(e):
    """tensorflow-text 2.18 with TensorFlow 2.15"""
    e.unzip(e.fetch("tensorflow-text==2.18.1"))
    e.unzip(e.fetch("tensorflow-hub==0.15.0"))
    e.statement = "import tensorflow_text"
    e.note = "tensorflow-text 2.18.1 and tensorflow-hub 0.15.0 added; without --no-deps the repair would overlay tensorflow"
    return 'python -m pip install --no-deps "tensorflow-text==2.15.*"'
