# Runs in the interpreter that is examined, isolated: `python -I -S -c THIS`. Asks NVIDIA's own libraries, libnvidia-ml.so.1
# and libcuda.so.1, through ctypes, and reports through a pipe of its own: one JSON array a line (core/driver.c reads
# them). What each call does is said by NVIDIA's "CUDA Driver API" and "NVML API Reference"; a function that the library
# does not have is passed over. Nothing is computed: no context is made, no memory taken. A call may hang or end the
# process, so every answer is sent at once.
import ctypes
import os


def main():
    fd = int(os.environ.get("TFDIAG_DATA", "3"))

    def send(*items):
        os.write(fd, ("[" + ",".join(encode(item) for item in items) + "]\n").encode("ascii", "replace"))

    ask_nvml(send)
    ask_cuda(send)
    send("end")
    os._exit(0)


def encode(item):
    if item is None:
        return "null"
    if isinstance(item, int):
        return "%d" % item
    return '"' + "".join(c if 31 < ord(c) < 127 and c not in '"\\' else "\\u%04x" % min(ord(c), 65535) for c in item) + '"'


def load(name):
    try:
        return ctypes.CDLL(name), None
    except OSError as error:
        return None, str(error)


def call(library, names, *arguments):
    """The code that the first of the functions there is gives, or None."""
    for name in names.split():
        function = getattr(library, name, None)
        if function is not None:
            return function(*arguments)
    return None


def number(library, names, *arguments, **kinds):
    """What a function writes through its last argument, a pointer, or -1."""
    value = kinds.get("kind", ctypes.c_int)(0)
    return value.value if call(library, names, *(arguments + (ctypes.byref(value),))) == 0 else -1


def text(library, names, *before):
    """For functions that write text into (…, buffer, size)."""
    buffer = ctypes.create_string_buffer(256)
    code = call(library, names, *(before + (buffer, ctypes.c_uint(256))))
    return buffer.value.decode("utf-8", "replace") if code == 0 else ""


def mapped(part):
    """The file of which a library is mapped."""
    try:
        with open("/proc/self/maps", "rb") as maps:
            for line in maps:
                path = line.split(None, 5)[-1].strip().decode("utf-8", "replace")
                if part in os.path.basename(path):
                    return path
    except Exception:
        pass
    return ""


# ---- NVML

class Memory(ctypes.Structure):
    _fields_ = [("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong)]


def nvml_processes(nvml, device):
    count = ctypes.c_uint(0)
    code = call(nvml, "nvmlDeviceGetComputeRunningProcesses_v3 nvmlDeviceGetComputeRunningProcesses_v2",
                device, ctypes.byref(count), None)
    return count.value if code in (0, 7) else -1  # 7: there are more than fit into nothing


def nvml_mig(nvml, device):
    """(MIG is on, instances)"""
    now, later, most = ctypes.c_uint(0), ctypes.c_uint(0), ctypes.c_uint(0)
    if call(nvml, "nvmlDeviceGetMigMode", device, ctypes.byref(now), ctypes.byref(later)) != 0:
        return -1, -1
    if now.value == 0 or call(nvml, "nvmlDeviceGetMaxMigDeviceCount", device, ctypes.byref(most)) != 0:
        return now.value, -1
    found, handle = 0, ctypes.c_void_p()
    for i in range(min(most.value, 64)):
        found += call(nvml, "nvmlDeviceGetMigDeviceHandleByIndex", device, ctypes.c_uint(i), ctypes.byref(handle)) == 0
    return now.value, found


def ask_nvml(send):
    nvml, error = load("libnvidia-ml.so.1")
    send("nvml-open", error)
    if nvml is None:
        return
    code = call(nvml, "nvmlInit_v2 nvmlInit")
    send("nvml-init", -1 if code is None else code)
    if code != 0:
        return
    count = number(nvml, "nvmlDeviceGetCount_v2 nvmlDeviceGetCount", kind=ctypes.c_uint)
    send("nvml", text(nvml, "nvmlSystemGetDriverVersion"), count)
    for i in range(min(count, 64)):
        device, memory = ctypes.c_void_p(), Memory()
        if call(nvml, "nvmlDeviceGetHandleByIndex_v2 nvmlDeviceGetHandleByIndex", ctypes.c_uint(i), ctypes.byref(device)) != 0:
            continue
        major, minor = ctypes.c_int(0), ctypes.c_int(0)
        call(nvml, "nvmlDeviceGetCudaComputeCapability", device, ctypes.byref(major), ctypes.byref(minor))
        told = call(nvml, "nvmlDeviceGetMemoryInfo", device, ctypes.byref(memory)) == 0
        send("nvml-device", text(nvml, "nvmlDeviceGetName", device), major.value, minor.value,
             memory.total >> 20 if told else -1, memory.free >> 20 if told else -1,
             number(nvml, "nvmlDeviceGetComputeMode", device), nvml_processes(nvml, device), *nvml_mig(nvml, device))


# ---- the driver API

COMPUTE_MODE, MAJOR, MINOR = 20, 75, 76  # CUdevice_attribute


def ask_cuda(send):
    cuda, error = load("libcuda.so.1")
    send("cuda-open", error, mapped("libcuda.so"))
    if cuda is None:
        return
    send("cuda-version", number(cuda, "cuDriverGetVersion"))
    code = call(cuda, "cuInit", ctypes.c_uint(0))
    name = ctypes.c_char_p()
    call(cuda, "cuGetErrorName", ctypes.c_int(code or 0), ctypes.byref(name))
    send("cuda-init", -1 if code is None else code, (name.value or b"").decode("ascii", "replace"))
    if code != 0:
        return
    count = number(cuda, "cuDeviceGetCount")
    send("cuda", count, 1 if hasattr(cuda, "cuDevicePrimaryCtxRetain") else 0)
    for i in range(min(count, 64)):
        device = ctypes.c_int(0)
        if call(cuda, "cuDeviceGet", ctypes.byref(device), ctypes.c_int(i)) != 0:
            continue
        buffer = ctypes.create_string_buffer(256)
        call(cuda, "cuDeviceGetName", buffer, ctypes.c_int(256), device)
        values = []
        for attribute in (MAJOR, MINOR, COMPUTE_MODE):
            value = ctypes.c_int(-1)
            call(cuda, "cuDeviceGetAttribute", ctypes.byref(value), ctypes.c_int(attribute), device)
            values.append(value.value)
        send("cuda-device", buffer.value.decode("utf-8", "replace"), *values)


main()
