"""What TensorFlow needs from other packages."""
import os

from winenv import case

KERAS = "import tensorflow as tf; tf.keras.layers.Dense(1)"


def other(name, base, cause, doc, make, fix, also=(), statement=None, **more):
    def body(e):
        f = fix(e) if callable(fix) else e.install(fix)
        make(e)
        if statement:
            e.statement = statement
        return f
    body.__doc__ = doc
    case(name, base, cause, also, **more)(body)


# ---- NumPy
other("numpy-2-tf2101", "tf2101-cp310", "dep-numpy", "NumPy 2.2.6 with TensorFlow 2.10", lambda e: e.swap("numpy", "2.2.6"), "numpy<2")
other("numpy-2-tf2151", "tf2151-cp311", "dep-numpy", "NumPy 2.2.6 with TensorFlow 2.15", lambda e: e.swap("numpy", "2.2.6"), "numpy<2,>=1.23.5",
      extra=True)
other("numpy-gone-tf2200", "tf2200-cp313", "dep-numpy", "NumPy was uninstalled", lambda e: e.uninstall("numpy"), "numpy")
other("numpy-core-half-tf2101", "tf2101-cp310", "dep-numpy", "NumPy's own extension module cut to half",
      lambda e: e.truncate(e.one("numpy", "core", "_multiarray_umath*.pyd")), lambda e: e.reinstall("numpy"))
other("numpy-openblas-gone-tf2101", "tf2101-cp310", "dep-numpy", "the OpenBLAS DLL of numpy.libs deleted",
      lambda e: e.rm(e.one("numpy.libs", "libopenblas*.dll")), lambda e: e.reinstall("numpy"), ["security-blocked"])
other("numpy-foreign-python-tf2180", "tf2180-cp312", "dep-numpy", "NumPy's folder of Python 3.13 was copied here",
      lambda e: (e.rm(e.p("numpy")), copy_tree(e, "tf2200-cp313", "numpy")), lambda e: e.reinstall("numpy"))


def copy_tree(e, base, name):
    src = os.path.join(e.sibling(base), name)
    for dp, _dn, fn in os.walk(src):
        for n in fn:
            e.put(os.path.join(dp, n), e.p(os.path.relpath(os.path.join(dp, n), os.path.dirname(src))))


def foreign_pyd(e, package, base):
    """The extension modules of another Python's build of a package in place of this one's."""
    import glob
    for p in glob.glob(e.p(package, "*.pyd")):
        e.rm(p)
    for p in glob.glob(os.path.join(e.sibling(base), package, "*.pyd")):
        e.put(p, e.p(package, os.path.basename(p)))


# ---- protobuf
other("protobuf-4-tf2101", "tf2101-cp310", "dep-protobuf", "protobuf 4.25.8 with TensorFlow 2.10",
      lambda e: e.swap("protobuf", "4.25.8"), "protobuf<3.20,>=3.9.2")
other("protobuf-gone-tf2200", "tf2200-cp313", "dep-protobuf", "protobuf was uninstalled", lambda e: e.uninstall("protobuf"),
      lambda e: e.install("protobuf==%s" % e.version("protobuf")))
other("protobuf-3-tf2180", "tf2180-cp312", "dep-protobuf", "protobuf 3.19.6 with TensorFlow 2.18",
      lambda e: e.swap("protobuf", "3.19.6"), "protobuf>=3.20.3,<6")
other("protobuf-upb-gone-tf2151", "tf2151-cp311", "dep-protobuf", "protobuf's descriptor_pool.py deleted",
      lambda e: e.rm(e.p("google", "protobuf", "descriptor_pool.py")), lambda e: e.reinstall("protobuf"))

# ---- Keras
other("keras-gone-tf2101", "tf2101-cp310", "dep-keras", "keras was uninstalled", lambda e: e.uninstall("keras"), "keras<2.11,>=2.10.0",
      statement=KERAS)
other("keras-3-tf2151", "tf2151-cp311", "dep-keras", "Keras 3.8.0 with TensorFlow 2.15", lambda e: e.swap("keras", "3.8.0"), "keras<2.16,>=2.15.0",
      statement=KERAS)
other("keras-gone-tf2210", "tf2210-cp313", "dep-keras", "keras was uninstalled", lambda e: e.uninstall("keras"), "keras>=3.12.0",
      statement=KERAS, extra=True)
other("legacy-keras-tf2200", "tf2200-cp313", "env-setting", "TF_USE_LEGACY_KERAS=1 without tf-keras",
      lambda e: e.env.update(TF_USE_LEGACY_KERAS="1"), lambda e: 'set "TF_USE_LEGACY_KERAS="', ["dep-keras"], statement=KERAS)

# ---- the others
other("wrapt-gone-tf2101", "tf2101-cp310", "dep-other", "wrapt was uninstalled", lambda e: e.uninstall("wrapt"), "wrapt")
other("typing-extensions-gone-tf2200", "tf2200-cp313", "dep-other", "typing_extensions was uninstalled",
      lambda e: e.uninstall("typing_extensions"), "typing-extensions")
other("absl-gone-tf2210", "tf2210-cp313", "dep-other", "absl-py was uninstalled", lambda e: e.uninstall("absl-py"), "absl-py", extra=True)
other("six-gone-tf241", "tf241-cp38", "dep-other", "six was uninstalled", lambda e: e.uninstall("six"), "six~=1.15.0")
other("astunparse-gone-tf2151", "tf2151-cp311", "dep-other", "astunparse was uninstalled", lambda e: e.uninstall("astunparse"), "astunparse>=1.6.0")
other("ml-dtypes-half-tf2200", "tf2200-cp313", "dep-other", "ml_dtypes' extension module cut to half",
      lambda e: e.truncate(e.one("ml_dtypes", "_ml_dtypes_ext*.pyd")), lambda e: e.reinstall("ml_dtypes"))
other("gast-gone-tf2180", "tf2180-cp312", "dep-other", "gast was uninstalled", lambda e: e.uninstall("gast"), "gast")
other("flatbuffers-gone-tf2151", "tf2151-cp311", "dep-other", "flatbuffers was uninstalled", lambda e: e.uninstall("flatbuffers"), "flatbuffers",
      extra=True)
other("ml-dtypes-foreign-tf2180", "tf2180-cp312", "dep-other", "ml_dtypes' extension module is Python 3.13's",
      lambda e: foreign_pyd(e, "ml_dtypes", "tf2200-cp313"), lambda e: e.reinstall("ml_dtypes"))
other("text-of-other-tf", "tf2101-cp310", "addon-mismatch", "tensorflow-text 2.8.1 beside TensorFlow 2.10",
      lambda e: e.unzip(e.fetch("tensorflow-text==2.8.1")), lambda e: e.install("tensorflow-text==2.10.0"), statement="import tensorflow_text")


# ---- h5py is wanted but not needed: Keras goes on without it
def without_h5py(name, base, doc, make, **more):
    def body(e):
        make(e)
    body.__doc__ = doc
    case(name, base, "not-an-environment-problem", expect="quiet", extra=True, **more)(body)


without_h5py("h5py-hdf5-gone-tf2101", "tf2101-cp310", "h5py's hdf5.dll deleted: the import survives", lambda e: e.rm(e.one("h5py", "hdf5.dll")))
without_h5py("h5py-init-fails-tf2200", "tf2200-cp313", "h5py's hdf5.dll says no in DllMain: the import survives",
             lambda e: e.dll(e.one("h5py", "hdf5.dll"), "int __stdcall DllMain(void *h, unsigned long r, void *p)"
                             " { (void)h; (void)p; return r != 1; }\n"))
without_h5py("h5py-hdf5-stub-tf2151", "tf2151-cp311", "h5py's hdf5.dll lacks procedures: Windows says 127, and the import survives",
             lambda e: e.dll(e.one("h5py", "hdf5.dll"), "int H5open(void) { return 0; }\n"), recorded=True)
