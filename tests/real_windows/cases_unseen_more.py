"""More faults written from the list of causes alone, and machines that are odd and healthy.

Most take one thing away or put one in the way; what the import makes of each was observed (observe_windows.py) before its
cause was written down.
"""
import os

from winenv import case, healthy

KERAS = "import tensorflow as tf; tf.keras.layers.Dense(1)"


def fault(name, base, cause, about, make, fix=None, also=(), statement=None, **more):
    """One case; make and fix take the WinEnv, fix may be the text of the commands."""
    def build(e):
        make(e)
        if statement:
            e.statement = statement
        return fix(e) if callable(fix) else fix
    build.__doc__ = about
    case("unseen-" + name, base, cause, also, suite="unseen", **more)(build)


def well(name, base, about, make, statement=None, **more):
    """An odd environment in which the import works."""
    def build(e):
        make(e)
        if statement:
            e.statement = statement
    build.__doc__ = about
    healthy("healthy-" + name, base, **more)(build)


def beside(e, name):
    return os.path.join(e.root, name)


def script(e, name, text):
    """A module beside the user's program."""
    e.script = e.write(e.workdir("train.py"), "import tensorflow as tf\nprint(tf.constant(1))\n")
    return e.write(e.workdir(name), text)


def cut_system(e, name, source, part=0.5):
    """The first part of a DLL in System32; a last half may be the signature alone."""
    data = e.read(e.runtime(name, source))
    e.state = {"files": {name: data[:int(len(data) * part)]}}


# ---- the interpreter
fault("unicodedata-gone", "tf2200-cp313", "python-broken", "DLLs\\unicodedata.pyd is gone",
      lambda e: e.rm(beside(e, "DLLs/unicodedata.pyd")))
fault("socket-half", "tf2151-cp311", "python-broken", "DLLs\\_socket.pyd cut to half", lambda e: e.truncate(beside(e, "DLLs/_socket.pyd")))
fault("stdlib-json-gone", "tf2101-cp310", "python-broken", "Lib\\json is gone", lambda e: e.rm(beside(e, "Lib/json")))
fault("stdlib-file-zeros", "tf2180-cp312", "python-broken", "Lib\\dataclasses.py is all zeros (power cut)",
      lambda e: e.write(beside(e, "Lib/dataclasses.py"), bytes(4096)))

fault("python-exe-of-310", "tf2151-cp311", "python-broken", "python.exe is that of Python 3.10, everything else 3.11's",
      lambda e: e.put(os.path.join(e.bare_python("cp310", "Python310"), "python.exe"), e.root, "python.exe"), also=["python-unsupported"])
fault("stdlib-of-313-first", "tf2101-cp310", "pythonpath-conflict", "PYTHONPATH names Lib of Python 3.13",
      lambda e: e.env.update(PYTHONPATH=e.win(os.path.join(e.bare_python("cp313", "Python313"), "Lib"))), 'set "PYTHONPATH="', ["python-broken"])
fault("sitecustomize-raises", "tf2180-cp312", "pythonpath-conflict", "sitecustomize.py of a company ends the interpreter where its server is not reached",
      lambda e: e.write(e.p("sitecustomize.py"), "raise SystemExit('licence server not reached')\n"), also=["python-broken"])
fault("user-site-off", "tf2101-cp310", "tf-missing", "TensorFlow lies in the user's site-packages and PYTHONNOUSERSITE switches these off",
      lambda e: (os.makedirs(os.path.join(e.home, "AppData/Roaming/Python/Python310")),
                 os.rename(e.sp, os.path.join(e.home, "AppData/Roaming/Python/Python310/site-packages")),
                 e.env.update(PYTHONNOUSERSITE="1")), 'set "PYTHONNOUSERSITE="', ["env-setting"])
fault("isolated-by-pth", "tf2180-cp312", "tf-missing", "python312._pth of an embedded Python lies beside python.exe: site-packages is not on sys.path",
      lambda e: e.write(beside(e, "python312._pth"), "Lib\r\nDLLs\r\n.\r\n"), also=["python-broken", "python-wrong-one"])

# ---- TensorFlow's files
fault("metrics-wrapper-gone", "tf2210-cp313", "tf-corrupt", "the module that counts TensorFlow Lite's use is gone",
      lambda e: e.rm(e.one("tensorflow", "lite", "python", "*metrics_wrapper.pyd")), lambda e: e.reinstall())
fault("init-empty", "tf2180-cp312", "tf-corrupt", "tensorflow/__init__.py has no bytes: the import succeeds, and there is nothing in it",
      lambda e: e.write(e.tf("__init__.py"), b""), lambda e: e.reinstall())
fault("core-protos-gone", "tf2151-cp311", "tf-corrupt", "tensorflow/core was cleaned away", lambda e: e.rm(e.tf("core")), lambda e: e.reinstall())
fault("internal-text-tf2180", "tf2180-cp312", "tf-corrupt", "the native module starts with the text of a proxy's error page",
      lambda e: e.write(e.internal(), "<html>502 Bad Gateway</html>\r\n" * 40), lambda e: e.reinstall(), extra=True)
fault("internal-arm64", "tf2101-cp310", "tf-corrupt", "the header of _pywrap_tfe.pyd says ARM64",
      lambda e: machine_word(e, e.tf("python", "_pywrap_tfe.pyd"), 0xAA64), lambda e: e.reinstall())
fault("api-folder-gone", "tf2200-cp313", "tf-corrupt", "tensorflow/_api is gone", lambda e: e.rm(e.tf("_api")), lambda e: e.reinstall())


def machine_word(e, path, value):
    """Overwrites the processor in the header of an image."""
    head = e.read(path, 1024)
    e.patch(path, int.from_bytes(head[60:64], "little") + 4, value.to_bytes(2, "little"))


# ---- its requirements
fault("keras-2-tf2180", "tf2180-cp312", "dep-keras", "Keras 2.15 with TensorFlow 2.18",
      lambda e: e.swap("keras", "2.15.0"), lambda e: e.install("keras>=3.5.0"), statement=KERAS)
fault("keras-half", "tf2200-cp313", "dep-keras", "half of Keras' files were left out by a copy",
      lambda e: e.rm(e.p("keras", "src", "layers")), lambda e: e.reinstall("keras"), statement=KERAS)
fault("protobuf-api-gone", "tf2210-cp313", "dep-protobuf", "google/protobuf/internal is gone",
      lambda e: e.rm(e.p("google", "protobuf", "internal")), lambda e: e.reinstall("protobuf"))
fault("numpy-config-gone", "tf2151-cp311", "dep-numpy", "numpy/__config__.py is gone", lambda e: e.rm(e.p("numpy", "__config__.py")),
      lambda e: e.reinstall("numpy"))
fault("numpy-own-runtime-gone", "tf2200-cp313", "dep-numpy", "NumPy's own copy of the run time (numpy.libs\\msvcp140-….dll) was deleted",
      lambda e: e.rm(e.one("numpy.libs", "msvcp140*.dll")), lambda e: e.reinstall("numpy"))
fault("opt-einsum-gone", "tf2210-cp313", "dep-other", "opt_einsum was uninstalled", lambda e: e.uninstall("opt_einsum"), lambda e: e.install("opt_einsum"))
fault("termcolor-gone", "tf2151-cp311", "dep-other", "termcolor was uninstalled", lambda e: e.uninstall("termcolor"), lambda e: e.install("termcolor"))
fault("absl-half", "tf2180-cp312", "dep-other", "absl/logging was lost", lambda e: e.rm(e.p("absl", "logging")), lambda e: e.reinstall("absl-py"))

# ---- the run time
fault("msvcp140-1-cut", "tf2151-cp311", "vcruntime-missing", "msvcp140_1.dll in System32 was cut to a quarter",
      lambda e: cut_system(e, "msvcp140_1.dll", "14.44.35211", 0.25), "redist", ["vcruntime-outdated"])
fault("msvcp140-zeros", "tf2200-cp313", "vcruntime-missing", "msvcp140.dll in System32 has no bytes",
      lambda e: cut_system(e, "msvcp140.dll", "14.44.35211", 0), "redist", ["vcruntime-outdated"])
fault("system-32bit", "tf2180-cp312", "vcruntime-missing", "the 32-bit msvcp140.dll was copied into System32 by hand",
      lambda e: e.state.update(files={"msvcp140.dll": e.runtime("msvcp140.dll", "x86")}), "redist", ["vcruntime-shadowed"], recorded=True)
fault("threads-damaged", "tf2210-cp313", "vcruntime-shadowed", "a damaged vcruntime140_threads.dll lies beside python.exe",
      lambda e: e.write(beside(e, "vcruntime140_threads.dll"), "MZ" + "x" * 700), lambda e: 'del "%s"' % e.win(beside(e, "vcruntime140_threads.dll")))
fault("foreign-dbghelp", "tf2101-cp310", "path-order", "a dbghelp.dll of a game lies beside python.exe and exports nothing that is wanted",
      lambda e: e.dll(beside(e, "dbghelp.dll"), "int nothing(void) { return 0; }\n"), also=["library-conflict"], recorded=True)

# ---- names and paths
fault("shadow-types", "tf2180-cp312", "name-shadowing", "types.py beside the program", lambda e: script(e, "types.py", "kinds = []\n"))
fault("shadow-enum", "tf2101-cp310", "name-shadowing", "enum.py beside the program", lambda e: script(e, "enum.py", "class Colour:\n    red = 1\n"))
fault("shadow-inspect", "tf2210-cp313", "name-shadowing", "inspect.py beside the program", lambda e: script(e, "inspect.py", "def look(x):\n    return x\n"))
fault("shadow-six", "tf241-cp38", "name-shadowing", "six.py with the user's dice beside the program", lambda e: script(e, "six.py", "dice = 6\n"))
fault("shadow-absl-folder", "tf2200-cp313", "name-shadowing", "a folder absl with an __init__.py beside the program",
      lambda e: script(e, "absl/__init__.py", ""))
fault("pythonpath-keras", "tf2200-cp313", "pythonpath-conflict", "PYTHONPATH names a folder with Keras 2.15",
      lambda e: e.env.update(PYTHONPATH=e.win(e.vendor("keras==2.15.0"))), 'set "PYTHONPATH="', statement=KERAS)
fault("pth-foreign-numpy", "tf2180-cp312", "pythonpath-conflict", "a .pth file puts a folder with a NumPy for Python 3.10 first",
      lambda e: e.write(e.p("company.pth"), "import sys; sys.path.insert(0, r'%s')\n" % e.win(os.path.join(e.unzip(
          e.fetch("numpy==2.2.6", "3.10"), into=e.folder("company"))))))
fault("user-site-keras", "tf2180-cp312", "pythonpath-conflict", "Keras 2.15 in the user's site-packages",
      lambda e: e.unzip(e.fetch("keras==2.15.0"), into=os.path.join(e.home, "AppData/Roaming/Python/Python312/site-packages")), statement=KERAS)

# ---- settings
fault("keras-json-torch", "tf2210-cp313", "env-setting", "keras.json in the user's folder asks for torch, which is not installed",
      lambda e: e.write(os.path.join(e.home, ".keras", "keras.json"), '{"floatx": "float32", "backend": "torch"}'), None,
      ["dep-keras", "dep-other"], statement=KERAS)
fault("encoding-unknown", "tf2200-cp313", "env-setting", "PYTHONIOENCODING names an encoding that does not exist",
      lambda e: e.env.update(PYTHONIOENCODING="utf-9"), 'set "PYTHONIOENCODING="', ["python-broken"])
fault("malloc-unknown", "tf2180-cp312", "env-setting", "PYTHONMALLOC names no allocator", lambda e: e.env.update(PYTHONMALLOC="fast"),
      'set "PYTHONMALLOC="', ["python-broken"])

# ---- odd and healthy
well("foreign-folders-on-path", "tf2200-cp313", "PATH begins with folders of programs that bring old run times and a broken OpenBLAS",
     lambda e: (e.put(e.runtime("msvcp140.dll", "14.28.29914"), e.folder("Game"), "msvcp140.dll"),
                e.write(os.path.join(e.folder("Tools"), "libopenblas.dll"), "no image"),
                e.env.update(PATH="%s;%s;{PATH}" % (e.win(e.folder("Game")), e.win(e.folder("Tools"))))))
well("old-runtime-in-tensorflow", "tf2180-cp312", "an old msvcp140.dll lies in TensorFlow's own folder; 2.18.0 runs with it",
     lambda e: e.put(e.runtime("msvcp140.dll", "14.29.30133"), e.tf("python"), "msvcp140.dll"), extra=True)
well("spaces-and-umlauts", "tf2180-cp312", "spaces and letters beyond ASCII in the folder of Python",
     lambda e: (os.rename(e.root, os.path.join(e.dest, "Käthe Müller")), e.bind(os.path.join(e.dest, "Käthe Müller"))))
well("pth-with-an-error", "tf2101-cp310", "a .pth file raises while Python starts: site says so and goes on",
     lambda e: e.write(e.p("broken.pth"), "import no_such_module_of_anybody\n"))
well("includes-gone", "tf2151-cp311", "tensorflow/include was deleted to save space: nothing imports it", lambda e: e.rm(e.tf("include")))
well("metadata-gone", "tf2210-cp313", "the metadata of TensorFlow is gone, all files are there", lambda e: e.rm(e.info("tensorflow")[0]), extra=True)
well("upb-gone", "tf2200-cp313", "protobuf's native part is gone: its Python part serves", lambda e: e.rm(e.p("google", "_upb")))
well("user-site-tools", "tf2151-cp311", "packages of the user's that have nothing to do with the import",
     lambda e: e.write(os.path.join(e.home, "AppData/Roaming/Python/Python311/site-packages/tool/__init__.py"), "broken = (\n"))
well("user-program-beside", "tf2210-cp313", "the program lies beside files called data.py and model.py",
     lambda e: (script(e, "data.py", "x = 1\n"), script(e, "model.py", "y = (\n")))
well("google-pasta-gone", "tf2101-cp310", "google-pasta was uninstalled, which the import never asks for", lambda e: e.uninstall("google-pasta"), extra=True)
well("python3-dll-gone", "tf2180-cp312", "python3.dll is gone: protobuf's native part asks for it, its Python part serves",
     lambda e: e.rm(beside(e, "python3.dll")))
well("optimized", "tf2101-cp310", "PYTHONOPTIMIZE=1", lambda e: e.env.update(PYTHONOPTIMIZE="1"), extra=True)
well("ml-dtypes-old", "tf2200-cp313", "ml_dtypes 0.5.0, where TensorFlow 2.20 wants 0.5.1", lambda e: e.swap("ml_dtypes", "0.5.0"), extra=True)
well("xla-flags", "tf2151-cp311", "XLA_FLAGS holds a flag that this XLA does not know: only a compilation reads it",
     lambda e: e.env.update(XLA_FLAGS="--xla_gpu_no_such_flag=1"), extra=True)
well("protobuf-setting", "tf2101-cp310", "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION names one that this protobuf does not have",
     lambda e: e.env.update(PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION="upb"))
well("pyvenv-cfg-stray", "tf2200-cp313", "a pyvenv.cfg of a removed environment lies beside the installed python.exe, which starts all the same",
     lambda e: e.write(beside(e, "pyvenv.cfg"), "home = D:\\gone\\Python313\r\nversion = 3.13.2\r\n"))
