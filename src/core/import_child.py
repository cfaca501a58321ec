# Runs in the interpreter that is examined: `python -c THIS MODULE FOLDER [gpu]`. Imports MODULE as a program would, with
# "gpu" lists and tries GPUs afterwards, and reports through a pipe of its own: one JSON array a line, the first element says what it is (import_read.c reads them).
#
# Nothing is imported before the module that was asked for except what is part of the interpreter itself: a random.py or
# json.py in the user's folder is a fault to be found, not one to be stumbled over. The interpreter's flags, sys.path and
# environment stay as they are, with two exceptions: a first run would leave Keras' default configuration in the home
# folder and CUDA's compiled kernels in its cache, so these are sent to a folder that is thrown away. Syntax: Python 2.7
# and all of 3, so that every interpreter gets as far as saying which one it is.
import sys


def main(posix, argv):
    fd = data_pipe(posix)
    try:
        posix.set_inheritable(fd, False)  # helpers that the import starts do not get the pipe
    except Exception:
        pass

    def send(*items):
        data = (b"[" + b",".join([encode(item) for item in items]) + b"]\n")
        while data:
            data = data[posix.write(fd, data):]

    name, folder, gpu = argv[0], argv[1], argv[2] == "gpu"
    del sys.argv[1:]
    watch(fd)
    # -c puts the current folder first unless the safe path is on (-P, PYTHONSAFEPATH); a script, its own folder.
    if folder and sys.path and sys.path[0] == "":
        sys.path[0] = folder
    send("hello", list(sys.version_info[:3]), implementation(), sys.executable, sys.prefix,
         getattr(sys, "base_prefix", sys.prefix), soabi(), [Path(entry) for entry in sys.path])
    attempt(lambda: send("variables", *variables()))
    quiet(posix, variable(posix, "TFDIAG_SCRATCH"))
    code, devices = 1, []
    try:
        send("stage", "import")
        module = get_module(name)
        send("module", Path(where(module)), is_namespace(module), version_of(module))
        send("stage", "use")
        if gpu and "tensorflow" in sys.modules:
            devices = use_with_gpus(send, sys.modules["tensorflow"], lambda: use(name, module))
        else:
            use(name, module)
        send("stage", "done")
        code = 0
    except BaseException as error:  # SystemExit and KeyboardInterrupt end a program as well
        report(send, error)
    for name, tell in (("modules", loaded_modules), ("libraries", loaded_libraries)):
        attempt(lambda: send(name, *tell(posix)))
    if devices:
        try_gpus(send, sys.modules["tensorflow"], devices)  # may end the process: everything else has been said
    attempt(lambda: sys.stdout.flush())
    attempt(lambda: sys.stderr.flush())
    posix._exit(code)  # TensorFlow's threads and exit handlers take time and may hang; nothing is left to be done


def attempt(action, otherwise=None):
    try:
        return action()
    except BaseException:
        return otherwise


# ---- JSON: bytes of the file system and of text alike are passed on as they are

class Path(object):
    def __init__(self, text):
        self.text = text


def raw(text, encoding, errors):
    if isinstance(text, bytes):
        return text
    try:
        return text.encode(encoding, errors)
    except Exception:
        return text.encode("ascii", "backslashreplace")


def quote(data):
    data = bytearray(data)
    out = bytearray(b'"')
    for byte in data:
        if byte < 32 or byte == 34 or byte == 92:
            out += ("\\u%04x" % byte).encode("ascii")
        else:
            out.append(byte)
    return bytes(out + b'"')


def encode(item):
    if item is None:
        return b"null"
    if item is True or item is False:
        return b"true" if item else b"false"
    if isinstance(item, int):
        return ("%d" % item).encode("ascii")
    if isinstance(item, (list, tuple)):
        return b"[" + b",".join([encode(part) for part in item]) + b"]"
    if isinstance(item, Path):
        if item.text is None:
            return b"null"
        return quote(raw(item.text, sys.getfilesystemencoding() or "ascii",
                         getattr(sys, "getfilesystemencodeerrors", lambda: "surrogateescape")()))
    return quote(raw(item, "utf-8", "backslashreplace"))


def text_of(value, limit=16384):
    """str(value), never failing; of a long one the beginning and the end."""
    value = value if isinstance(value, (str, bytes)) else attempt(lambda: str(value), "(no text)")
    if len(value) > limit:
        value = value[:limit // 2] + value[-limit // 2:]
    return value


# ---- the interpreter

WINDOWS = "nt" in sys.builtin_module_names


def data_pipe(posix):
    """The descriptor of our pipe. On Windows the variable holds a handle."""
    number = int(variable(posix, "TFDIAG_DATA") or 3)
    if not WINDOWS:
        return number
    import msvcrt  # built in
    return msvcrt.open_osfhandle(number, 0)


VARIABLES = 1000  # of the environment; more are left out
VALUE = 8192      # characters of one; of longer ones the beginning and the end


def variable(posix, name):
    value = posix.environ.get(name.encode("ascii"), posix.environ.get(name))
    if value is None and WINDOWS:  # where the case of names does not matter
        value = attempt(lambda: [posix.environ[key] for key in posix.environ if key.upper() == name][0])
    if isinstance(value, bytes) and bytes is not str:
        value = value.decode(sys.getfilesystemencoding(), "surrogateescape")
    return value


def variables():
    """[name, value] of the environment as programs see it; code that runs at start-up (sitecustomize, .pth files) may have
    changed what the process was given."""
    now = sys.modules["os"].environ
    return [[Path(name), Path(text_of(now[name], VALUE))] for name in sorted(now)[:VARIABLES]]


def set_variable(posix, name, value):
    if "os" in sys.modules:
        sys.modules["os"].environ[name] = value
    else:
        posix.putenv(name, value)


def implementation():
    return getattr(getattr(sys, "implementation", None), "name", "cpython")


def soabi():
    try:
        import _imp  # built in
        return _imp.extension_suffixes()[0]
    except Exception:
        return None


def watch(fd):
    """Python's frames at a fatal signal, and where it stood when time was up, go into the pipe as well."""
    if "faulthandler" not in sys.builtin_module_names:
        return
    try:
        import faulthandler
        faulthandler.enable(file=fd, all_threads=False)
        faulthandler.register(15, file=fd, all_threads=False, chain=True)  # SIGTERM
    except Exception:
        pass


def quiet(posix, scratch):
    """What an import would leave behind goes to scratch. A keras.json that is there is read and stays in force: only
    where there is none Keras would write one."""
    if not scratch:
        return
    set_variable(posix, "CUDA_CACHE_PATH", scratch + "/cuda")
    folder = variable(posix, "KERAS_HOME")
    if folder is None:
        home = variable(posix, "USERPROFILE" if WINDOWS else "HOME")
        if "os" in sys.modules and (home is None or WINDOWS):
            home = sys.modules["os"].path.expanduser("~")
        # Keras looks into /tmp where it may not write to the home folder.
        folder = (home if home and posix.access(home, posix.W_OK) else "/tmp") + "/.keras"
    try:
        posix.stat(folder + "/keras.json")
        return
    except Exception:
        pass
    set_variable(posix, "KERAS_HOME", scratch + "/keras")


# ---- the import

def get_module(name):
    if not name.startswith("tensorflow."):
        __import__(name)
        return sys.modules[name]
    return __import__("tensorflow")


def use(name, module):
    """What a program does first."""
    if is_namespace(module):
        return
    if name == "tensorflow":
        module.constant(1)
    if not name.startswith("tensorflow."):
        return
    target = module
    for part in name.split(".")[1:]:
        try:
            target = getattr(target, part)
        except AttributeError:
            # tensorflow.python and others are no attributes; a program reaches them with an import statement.
            missing = sys.exc_info()[1]
            try:
                __import__(name)
            except ImportError as error:
                if getattr(error, "name", None) != name:
                    raise
                raise missing
            target = sys.modules[name]
            break
    if name == "tensorflow.keras":
        target.layers  # loaded when first touched
    else:
        dir(target)


def namespace_of(module):
    """A module's own dictionary, without the attribute hooks of lazy modules."""
    return attempt(lambda: object.__getattribute__(module, "__dict__"), {})


def where(module):
    found = namespace_of(module).get("__file__")
    if found is None:
        found = getattr(namespace_of(module).get("__spec__"), "origin", None)
        if found in ("built-in", "frozen", "namespace"):
            found = None
    return found if isinstance(found, (str, bytes)) else None


def is_namespace(module):
    return where(module) is None and namespace_of(module).get("__path__") is not None


def version_of(module):
    found = attempt(lambda: module.__version__)
    return text_of(found, 100) if isinstance(found, str) else None


# ---- what went wrong

FRAMES = 200  # the innermost ones of an exception
CHAIN = 16    # exceptions


def report(send, error):
    """One line for each exception, the one that escaped first, then its causes and what was being handled."""
    waiting = [(error, False)]
    seen = []
    while waiting and len(seen) < CHAIN:
        error, is_context = waiting.pop(0)
        if any(error is other for other in seen):
            continue
        seen.append(error)
        send("exception", is_context, *attempt(lambda: describe(error), [type(error).__name__]))
        cause = getattr(error, "__cause__", None)
        if cause is not None:
            waiting.append((cause, False))
        elif getattr(error, "__context__", None) is not None:
            waiting.append((error.__context__, True))
        for part in attempt(lambda: list(error.exceptions), [])[:CHAIN]:  # an exception group
            if isinstance(part, BaseException):
                waiting.append((part, True))


def describe(error):
    kind = type(error)
    number = getattr(error, "errno", None)
    code = getattr(error, "winerror", None)  # of Windows; errno is what the C library makes of it
    line = getattr(error, "lineno", None)
    owner, owner_file = object_of(error)
    return [kind.__name__, text_of(getattr(kind, "__module__", "")), text_of(error), attribute(error, "name"),
            Path(attribute(error, "path") or compiled_from(error, "source_path")), owner, Path(owner_file),
            number if isinstance(number, int) and isinstance(error, OSError) else 0,
            Path(attribute(error, "filename") or compiled_from(error, "bytecode_path")), line if isinstance(line, int) else 0,
            frames(error),
            code if isinstance(code, int) else 0]


def attribute(error, name):
    found = attempt(lambda: getattr(error, name))
    return text_of(found, 4096) if isinstance(found, (str, bytes)) else None


def compiled_from(error, which):
    """The byte code that importlib was taking a module from when it raised, or its source; no frame and no message names them."""
    trace = getattr(error, "__traceback__", None)
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or trace.tb_frame.f_code.co_name != "_compile_bytecode":
        return None
    found = attempt(lambda: trace.tb_frame.f_locals[which])
    return found if isinstance(found, (str, bytes)) else None


def object_of(error):
    """What an AttributeError was raised on (Python 3.10 and later say so)."""
    found = getattr(error, "obj", None) if isinstance(error, AttributeError) else None
    if found is None:
        return None, None
    if isinstance(found, type(sys)):
        return "module " + text_of(namespace_of(found).get("__name__", ""), 1000), where(found)
    kind = found if isinstance(found, type) else type(found)
    return text_of(kind.__module__, 500) + "." + text_of(kind.__name__, 500), None


def frames(error):
    out = []
    trace = getattr(error, "__traceback__", None) or (sys.exc_info()[2] if sys.version_info[0] < 3 else None)
    while trace is not None:
        code = trace.tb_frame.f_code
        if trace.tb_frame.f_globals is not globals():
            out.append([Path(code.co_filename), trace.tb_lineno, code.co_name])
            if len(out) > FRAMES:
                del out[0]
        trace = trace.tb_next
    return out


# ---- what was loaded

def loaded_modules(_):
    """[name, file or first folder, is a namespace package] of every module with at most one dot in its name."""
    out = []
    for name, module in sorted(list(sys.modules.items()), key=lambda item: str(item[0])):
        if not isinstance(name, str) or name.count(".") > 1 or name == "__main__" or module is None:
            continue
        found, empty = where(module), False
        if found is None and is_namespace(module):
            empty = True
            found = attempt(lambda: list(namespace_of(module)["__path__"])[0])
        out.append([name, Path(found if isinstance(found, (str, bytes)) else None), empty])
    return out[:5000]


def loaded_libraries(posix):
    """Files of which code is mapped: in the order of addresses, on Windows in the order in which they were loaded."""
    return loaded_dlls() if WINDOWS else mapped_files(posix)


def loaded_dlls():
    import ctypes  # only now: the import might fail at it
    kernel = ctypes.WinDLL("kernel32")
    handles = (ctypes.c_void_p * 4000)()
    size = ctypes.c_ulong()
    enumerate_modules = kernel.K32EnumProcessModules
    enumerate_modules.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p]
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    get_name = kernel.GetModuleFileNameW
    get_name.argtypes = [ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_ulong]
    if not enumerate_modules(kernel.GetCurrentProcess(), handles, ctypes.sizeof(handles), ctypes.byref(size)):
        raise OSError("no list of modules")
    text = ctypes.create_unicode_buffer(4096)
    out = []
    for handle in handles[:min(len(handles), size.value // ctypes.sizeof(ctypes.c_void_p))]:
        if get_name(handle, text, len(text)):
            out.append(Path(text.value))
    return out


def mapped_files(posix):
    data = b""
    try:
        fd = posix.open("/proc/self/maps", posix.O_RDONLY)
        while True:
            part = posix.read(fd, 1 << 16)
            if not part:
                break
            data += part
        posix.close(fd)
    except Exception:
        return []
    out = []
    for line in data.split(b"\n"):
        fields = line.split(None, 5)  # address, rights, offset, device, inode, path
        if len(fields) == 6 and b"x" in fields[1] and fields[5].startswith(b"/"):
            if not out or out[-1] != fields[5]:
                out.append(fields[5])
    return out[:4000]


# ---- GPUs

def list_gpus(send, tf):
    """The GPUs that TensorFlow would use: it opens CUDA's libraries for that, and starts nothing on the devices."""
    send("gpu", "build", attempt(lambda: bool(tf.test.is_built_with_cuda())), attempt(lambda: bool(tf.test.is_built_with_rocm())))
    try:
        config = tf.config if hasattr(tf.config, "list_physical_devices") else tf.config.experimental
        found = config.list_physical_devices("GPU")
    except BaseException as error:
        send("gpu", "list-error", type(error).__name__ + ": " + text_of(error, 4096))
        return []
    send("gpu", "list", [text_of(device.name, 200) for device in found])
    for device in found:  # or TensorFlow would take all memory of a GPU
        attempt(lambda: tf.config.experimental.set_memory_growth(device, True))
    return found


def use_with_gpus(send, tf, action):
    """The first use starts every GPU. One that cannot be started is the GPU's fault and not the import's: then it is
    tried again without them. Gives the GPUs that can be computed on."""
    devices = attempt(lambda: list_gpus(send, tf), [])
    if devices and attempt(lacks_contexts) and attempt(lambda: tf.test.is_built_with_cuda()):
        send("gpu", "skipped", "this libcuda.so.1 has no cuDevicePrimaryCtxRetain: nothing can compute with it")
        tf.config.set_visible_devices([], "GPU")
        devices = []
    try:
        action()
    except Exception as error:
        if not devices:
            raise
        attempt(lambda: tf.config.set_visible_devices([], "GPU"))
        try:
            action()
        except Exception:
            raise error
        send("gpu", "step", "start", 0)
        send("gpu", "error", type(error).__name__ + ": " + text_of(error, 8192))
        devices = []
    return devices


def lacks_contexts():
    """Whether the driver's library has no contexts to compute in: a stub, as simulators and toolkits have it."""
    import ctypes
    return not hasattr(ctypes.CDLL("libcuda.so.1"), "cuDevicePrimaryCtxRetain")


def try_gpus(send, tf, devices):
    """A product, a convolution and a compiled function on each device; their values are known."""
    try:
        for number in range(len(devices)):
            with tf.device("/GPU:%d" % number):
                for step, action, wanted in steps(tf):
                    send("gpu", "step", step, number)
                    got = value_of(tf, action)
                    if abs(got - wanted) > 1e-3 * abs(wanted):
                        raise ArithmeticError("%s on GPU %d gives %r in place of %r" % (step, number, got, wanted))
        send("gpu", "computed")
    except BaseException as error:
        send("gpu", "error", type(error).__name__ + ": " + text_of(error, 8192))


def steps(tf):
    yield "multiply", lambda: tf.reduce_sum(tf.matmul(tf.ones((64, 64)), tf.ones((64, 64)))), 262144.0
    yield "convolve", lambda: tf.reduce_sum(tf.nn.conv2d(tf.ones((1, 8, 8, 3)), tf.ones((3, 3, 3, 4)), 1, "VALID")), 3888.0
    if attempt(lambda: tf.executing_eagerly(), False) and hasattr(tf, "function"):
        yield "compile", lambda: compiled(tf), 2.718281828


def compiled(tf):
    """exp needs libdevice."""
    def body(x):
        return tf.exp(x)
    try:
        function = tf.function(body, jit_compile=True)
    except (TypeError, ValueError):  # before 2.5
        function = tf.function(body)
    return function(tf.constant(1.0))


def value_of(tf, action):
    if attempt(lambda: tf.executing_eagerly(), False):
        return float(action().numpy())
    with tf.compat.v1.Session() as session:
        return float(session.run(action()))


main(sys.modules.get("posix") or sys.modules["nt"], (sys.argv[1:] + ["tensorflow", "", ""])[:3])
