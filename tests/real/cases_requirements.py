"""Requirements of TensorFlow, and their own requirements, damaged file by file; add-ons."""
import glob
import os

from cases_versions import missing
from realenv import case

KERAS = "import tensorflow as tf; tf.keras.layers"

for _d in ("astunparse", "termcolor", "six", "packaging", "requests", "urllib3"):
    missing(_d)
for _d in ("google-pasta", "grpcio", "libclang", "tensorboard", "markdown", "pillow", "wheel"):     # the import does not ask for them
    missing(_d, expect="quiet")
for _d in ("wrapt", "typing_extensions", "flatbuffers", "ml_dtypes", "packaging"):
    missing(_d, "tf215")
for _d in ("h5py", "tensorflow-estimator", "tensorflow-io-gcs-filesystem", "grpcio", "tensorboard", "setuptools"):
    missing(_d, "tf215", expect="quiet")
for _d in ("optree", "rich"):
    missing(_d, statement=KERAS)
missing("namex", statement=KERAS, expect="quiet")
missing("keras", "tf215", "dep-keras", KERAS)
missing("numpy", "tf215", "dep-numpy")
missing("absl-py", "tf210")
missing("keras", "tf210", "dep-keras", KERAS)
missing("h5py", "tf210", expect="quiet")
missing("protobuf", "tf221", "dep-protobuf")
missing("optree", "tf221", "dep-other", KERAS)
missing("numpy", "tf115", "dep-numpy")
missing("astor", "tf115")


def old(name, base, dist, version, cause="dep-other", statement=None, expect="cause", also=(), fix=None):
    @case(name, base, cause, also, expect)
    def _(e):
        before = e.swap(dist, version)
        e.statement = statement or e.statement
        e.note = "%s %s -> %s" % (dist, before, version)
        return "python -m pip install '%s'" % (fix or "%s==%s" % (dist, before))


old("gast-old", "tf220", "gast", "0.3.3", expect="quiet")
old("flatbuffers-old", "tf220", "flatbuffers", "1.12")
old("absl-old", "tf220", "absl-py", "0.10.0", expect="quiet")
old("wrapt-old", "tf220", "wrapt", "1.14.2", expect="quiet")
old("keras-early3", "tf220", "keras", "3.0.5", "dep-keras", KERAS)
old("keras210-under-tf215", "tf215", "keras", "2.10.0", "dep-keras", KERAS)
old("estimator-old", "tf215", "tensorflow-estimator", "2.10.0", "dep-keras", expect="quiet")
old("numpy-too-new-tf115", "tf115", "numpy", "1.21.6", "dep-numpy", expect="quiet")
old("protobuf4-tf115", "tf115", "protobuf", "4.24.4", "dep-protobuf", fix="protobuf<3.21")
old("protobuf5-tf221", "tf221", "protobuf", "5.29.5", "dep-protobuf", fix="protobuf>=6.31.1")
old("numpy1-tf220", "tf220", "numpy", "1.26.4", "dep-numpy", expect="quiet")
old("protobuf-old-tf215", "tf215", "protobuf", "3.19.6", "dep-protobuf", fix="protobuf>=3.20.3,<5")
old("ml-dtypes-new-tf215", "tf215", "ml_dtypes", "0.5.1", "dep-other", expect="quiet")
old("typing-extensions-old-tf215", "tf215", "typing_extensions", "3.7.4.3", "dep-other", expect="quiet")
old("h5py-old-numpy2", "tf220", "h5py", "3.10.0", "dep-other")
old("packaging-old", "tf220", "packaging", "19.0", "dep-other", expect="quiet")
old("optree-old", "tf220", "optree", "0.12.1", "dep-other", KERAS, expect="quiet")


def damage(name, base, pattern, how, dist, cause="dep-other", statement=None, expect="cause", also=()):
    """One file of a requirement gone ("gone"), cut to half, emptied, of another machine, or text."""
    @case(name, base, cause, also, expect)
    def _(e):
        p = e.one(*pattern.split("/"))
        if how == "gone":
            e.rm(p)
        elif how == "cut":
            e.truncate(p)
        elif how == "empty":
            e.write(p, b"")
        elif how == "arch":
            e.patch(p, 18, b"\xb7\x00")
        elif how == "zeros":
            e.write(p, b"\0" * os.path.getsize(p))
        elif how == "lfs":
            e.write(p, "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n")
        if p.endswith(".py"):
            e.drop_pyc(p)
        e.statement = statement or e.statement
        e.note = "%s: %s" % (os.path.relpath(p, e.sp), how)
        return e.reinstall(dist)
    return name


damage("numpy-libs-gone", "tf220", "numpy.libs", "gone", "numpy", "dep-numpy")
damage("numpy-core-cut", "tf220", "numpy/_core/_multiarray_umath*.so", "cut", "numpy", "dep-numpy")
damage("numpy-core-arch", "tf220", "numpy/_core/_multiarray_umath*.so", "arch", "numpy", "dep-numpy", also=["arch-mismatch"])
damage("numpy-random-gone", "tf220", "numpy/random/mtrand*.so", "gone", "numpy", "dep-numpy", expect="quiet")
damage("numpy-linalg-empty", "tf215", "numpy/linalg/_umath_linalg*.so", "empty", "numpy", "dep-numpy")
damage("numpy-py-zeros", "tf220", "numpy/_core/multiarray.py", "zeros", "numpy", "dep-numpy")
damage("numpy-init-gone", "tf220", "numpy/__init__.py", "gone", "numpy", "dep-numpy")
damage("numpy-openblas-cut", "tf215", "numpy.libs/libopenblas*", "cut", "numpy", "dep-numpy")
damage("upb-gone", "tf220", "google/_upb/_message*.so", "gone", "protobuf", "dep-protobuf", expect="quiet")
damage("upb-cut", "tf220", "google/_upb/_message*.so", "cut", "protobuf", "dep-protobuf")
damage("upb-empty-tf215", "tf215", "google/_upb/_message*.so", "empty", "protobuf", "dep-protobuf", expect="quiet")
damage("protobuf-internal-gone", "tf220", "google/protobuf/internal", "gone", "protobuf", "dep-protobuf")
damage("protobuf-descriptor-cut", "tf220", "google/protobuf/descriptor_pb2.py", "cut", "protobuf", "dep-protobuf", expect="quiet")
damage("keras-folder-gone", "tf220", "keras", "gone", "keras", "dep-keras", KERAS)
damage("keras-init-gone", "tf220", "keras/__init__.py", "gone", "keras", "dep-keras", KERAS)
damage("keras-init-gone-tf215", "tf215", "keras/__init__.py", "gone", "keras", "dep-keras", KERAS)
damage("keras-src-cut", "tf220", "keras/src/layers/layer.py", "cut", "keras", "dep-keras", KERAS)
damage("optree-native-gone", "tf220", "optree/_C*.so", "gone", "optree", "dep-other", KERAS)
damage("optree-native-lfs", "tf220", "optree/_C*.so", "lfs", "optree", "dep-other", KERAS)
damage("ml-dtypes-empty", "tf220", "ml_dtypes/_ml_dtypes_ext*.so", "empty", "ml_dtypes")
damage("ml-dtypes-cut", "tf220", "ml_dtypes/_ml_dtypes_ext*.so", "cut", "ml_dtypes")
damage("ml-dtypes-gone-tf215", "tf215", "ml_dtypes/_ml_dtypes_ext*.so", "gone", "ml_dtypes")
damage("wrapt-native-gone", "tf220", "wrapt/_wrappers*.so", "gone", "wrapt", expect="quiet")
damage("wrapt-native-cut", "tf220", "wrapt/_wrappers*.so", "cut", "wrapt", expect="quiet")
damage("h5py-native-cut", "tf220", "h5py/_errors*.so", "cut", "h5py")
damage("h5py-native-arch", "tf215", "h5py/defs*.so", "arch", "h5py", statement=KERAS, expect="quiet")
damage("grpc-native-cut", "tf220", "grpc/_cython/cygrpc*.so", "cut", "grpcio", expect="quiet")
damage("absl-logging-gone", "tf220", "absl/logging", "gone", "absl-py")
damage("six-empty", "tf220", "six.py", "empty", "six")
damage("typing-extensions-zeros", "tf220", "typing_extensions.py", "zeros", "typing_extensions")
damage("termcolor-init-gone", "tf220", "termcolor/__init__.py", "gone", "termcolor", expect="quiet")
damage("astunparse-cut", "tf220", "astunparse/unparser.py", "cut", "astunparse")
damage("flatbuffers-builder-gone", "tf220", "flatbuffers/builder.py", "gone", "flatbuffers")
damage("opt-einsum-zeros", "tf221", "opt_einsum/contract.py", "zeros", "opt_einsum")
damage("gast-empty", "tf215", "gast/gast.py", "empty", "gast")
damage("pasta-augment-gone", "tf220", "pasta/augment", "gone", "google-pasta", expect="quiet")
damage("gcs-filesystem-cut", "tf215", "tensorflow_io_gcs_filesystem/core/python/ops/*.so", "cut",
       "tensorflow-io-gcs-filesystem", expect="quiet")
damage("tensorboard-init-cut", "tf220", "tensorboard/__init__.py", "zeros", "tensorboard", expect="quiet")
damage("rich-init-zeros", "tf220", "rich/__init__.py", "zeros", "rich", "dep-other", KERAS)
damage("requests-zeros", "tf220", "requests/__init__.py", "zeros", "requests")


@case("numpy-two-versions", "tf220", "dep-numpy")
def _(e):
    """numpy 1.26 files left over numpy 2 (interrupted downgrade): two versions in one folder"""
    e.unzip(e.fetch("numpy==1.26.4"), only=lambda n: n.startswith("numpy/") and n.endswith(".py"))
    for p in glob.glob(e.p("numpy", "**", "__pycache__"), recursive=True):
        e.rm(p)
    return e.reinstall("numpy")


@case("protobuf-metadata-only", "tf220", "dep-protobuf")
def _(e):
    """protobuf's metadata is there, its files are gone"""
    e.rm(e.p("google"))
    return e.reinstall("protobuf")


@case("numpy-perm", "tf220", "permission-denied")
def _(e):
    """numpy's compiled core may not be read"""
    p = e.one("numpy", "_core", "_multiarray_umath*.so")
    e.private(p)
    os.chmod(p, 0)
    e.wrap = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"]
    return "chmod 644 " + p


@case("grpc-missing-2dists", "tf220", "dep-other")
def _(e):
    """two requirements lost at once: wrapt and astunparse"""
    e.uninstall("wrapt")
    e.uninstall("astunparse")
    return "python -m pip install wrapt astunparse"


def addon(name, base, specs, module, fix, expect="cause", also=("dep-keras",), reach=None):
    @case(name, base, "addon-mismatch", also, expect, tfdiag=["--module", "%s.%s" % (module, reach)] if reach else ())
    def _(e):
        for s in specs:
            dist = s.split("==")[0]
            if e.info(dist)[0]:
                e.uninstall(dist)
            e.unzip(e.fetch(s))
        e.statement = "import " + module + ("; %s.%s" % (module, reach) if reach else "")
        e.note = ", ".join(specs) + " added"
        return fix


addon("addon-text-old", "tf220", ["tensorflow-text==2.18.1", "tensorflow-hub==0.16.1"], "tensorflow_text",
      "python -m pip install --no-deps 'tensorflow-text==2.20.*'")
addon("addon-text-tf210", "tf210", ["tensorflow-text==2.12.1", "tensorflow-hub==0.12.0"], "tensorflow_text",
      "python -m pip install --no-deps 'tensorflow-text==2.10.*'")
addon("addon-io", "tf220", ["tensorflow-io==0.37.1", "tensorflow-io-gcs-filesystem==0.37.1"], "tensorflow_io", None, expect="quiet")
addon("addon-probability", "tf215", ["tensorflow-probability==0.25.0", "dm-tree==0.1.9", "decorator==5.1.1",
                                     "cloudpickle==3.0.0", "attrs==24.2.0"], "tensorflow_probability",
      "python -m pip install --no-deps 'tensorflow-probability==0.23.*'", reach="distributions.Normal")
addon("addon-probability-old", "tf220", ["tensorflow-probability==0.22.1", "dm-tree==0.1.9", "decorator==5.1.1",
                                         "cloudpickle==3.0.0", "attrs==24.2.0"], "tensorflow_probability", None, reach="distributions.Normal", also=["dep-keras", "dep-other"])
addon("addon-addons", "tf215", ["tensorflow-addons==0.21.0", "typeguard==2.13.3"], "tensorflow_addons",
      "python -m pip install --no-deps 'tensorflow-addons==0.23.*'", expect="quiet")
addon("addon-hub-old", "tf220", ["tensorflow-hub==0.12.0"], "tensorflow_hub",
      "python -m pip install --no-deps 'tensorflow-hub>=0.16' && python -m pip install --no-deps 'tf-keras==2.20.*'")
addon("addon-decision-forests", "tf215", ["tensorflow-decision-forests==1.9.2", "pandas==2.2.3", "pytz==2024.2",
                                          "python-dateutil==2.9.0", "wurlitzer==3.1.1"],
      "tensorflow_decision_forests", "python -m pip install --no-deps 'tensorflow-decision-forests==1.8.1'")
