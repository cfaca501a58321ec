"""Loader, limits and settings: what variables, rights and the system do to a good installation."""
import os
import shutil
import subprocess

from realenv import NotFit, case

KERAS = "import tensorflow as tf; tf.keras.layers"
CONSTANT = "import tensorflow as tf; tf.constant(1)"


# ---- LD_LIBRARY_PATH and LD_PRELOAD

def ldpath(name, make, expect="cause", base="tf220", var="LD_LIBRARY_PATH", also=("libstdcxx-old",), fix="unset "):
    @case("ld-" + name, base, "ldpath-conflict", also, expect)
    def _(e):
        e.env[var] = make(e)
        e.note = "%s=%s" % (var, e.env[var])
        return fix and fix + var


def one_file(lib, data):
    def make(e):
        p = e.write(os.path.join(e.dest, "lib1", lib), data(e) if callable(data) else data, 0o755)
        return os.path.dirname(p)
    return make


def system_lib(name):
    for d in ("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/usr/lib64"):
        p = os.path.join(d, name)
        if os.path.exists(p):
            with open(p, "rb") as f:
                return f.read()
    raise NotFit("needs " + name)


def half(name):
    return lambda e: system_lib(name)[:200000]


def wrong_machine(name):
    def data(e):
        b = bytearray(system_lib(name))
        b[18:20] = b"\xb7\x00"
        return bytes(b)
    return data


def stub(lib, source="int nothing(void){return 0;}\n"):
    return lambda e: os.path.dirname(e.cc(os.path.join(e.dest, "lib2", lib), source, "-Wl,-soname," + lib))


ldpath("libstdcxx-truncated", one_file("libstdc++.so.6", half("libstdc++.so.6")))
ldpath("libstdcxx-empty", one_file("libstdc++.so.6", b""))
ldpath("libstdcxx-text", one_file("libstdc++.so.6", "INPUT(/usr/lib/libstdc++.so.6)\n"))
ldpath("libstdcxx-other-machine", one_file("libstdc++.so.6", wrong_machine("libstdc++.so.6")), expect="quiet")
ldpath("libstdcxx-same", one_file("libstdc++.so.6", lambda e: system_lib("libstdc++.so.6")), expect="quiet")
ldpath("old-libstdcxx-tf221", lambda e: e.old_libstdcxx("old"), base="tf221")
ldpath("old-libstdcxx-tf215", lambda e: e.old_libstdcxx("old") + ":/usr/lib", base="tf215")
ldpath("libgcc-stub", stub("libgcc_s.so.1"))
ldpath("libm-stub", stub("libm.so.6"), also=["python-broken"])
ldpath("libz-stub", stub("libz.so.1"), expect="quiet")
ldpath("libpython-stub", stub("libpython3.12.so.1.0"), also=["python-broken"])
ldpath("libdl-stub", stub("libdl.so.2"), expect="quiet")
ldpath("libffi-stub", stub("libffi.so.8"), also=["python-broken"])
ldpath("libcrypto-stub", stub("libcrypto.so.3"), expect="quiet")
ldpath("tf215-folder", lambda e: os.path.join(e.sibling("tf215"), "tensorflow"), also=["tf-abi-mismatch"])
ldpath("tf210-folder", lambda e: os.path.join(e.sibling("tf210"), "tensorflow"), base="tf215", also=["tf-abi-mismatch"])
ldpath("empty", lambda e: "", expect="quiet")
ldpath("nonexistent", lambda e: "/nonexistent/cuda/lib64:/usr/local/cuda/lib64", expect="quiet")
ldpath("colon-cwd", lambda e: ":", expect="quiet")
ldpath("preload-harmless", lambda e: os.path.join(stub("libharmless.so")(e), "libharmless.so"), var="LD_PRELOAD", expect="quiet")
ldpath("preload-libstdcxx-truncated", lambda e: os.path.join(one_file("libstdc++.so.6", half("libstdc++.so.6"))(e), "libstdc++.so.6"),
       var="LD_PRELOAD", fix=None)  # no shell starts with it: only the one that set it can unset it
ldpath("bind-now", lambda e: "1", var="LD_BIND_NOW", expect="quiet")


@case("ld-cwd-libstdcxx", "tf220", "ldpath-conflict", ["libstdcxx-old"])
def _(e):
    """an empty entry in LD_LIBRARY_PATH means the current folder, and an old libstdc++ lies there"""
    e.cwd = e.old_libstdcxx("work")
    e.env["LD_LIBRARY_PATH"] = "/usr/local/lib:"
    return "unset LD_LIBRARY_PATH"


def bind_over(name, cause, also, make):
    """A private mount puts a made-up file over one of the system's (needs root)."""
    @case(name, "tf220", cause, also)
    def _(e):
        source, target = make(e)
        if not os.path.exists(target) or os.geteuid() != 0:
            raise NotFit("needs root and " + target)
        e.wrap = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"', source, os.path.realpath(target)]
        return None


bind_over("system-libstdcxx-old", "libstdcxx-old", ["os-too-old"], lambda e: (
    os.path.join(e.old_libstdcxx("sys"), "libstdc++.so.6"), "/usr/lib/x86_64-linux-gnu/libstdc++.so.6"))


def cache_with(e):
    """An ld.so.cache in which a folder of the administrator's stands first."""
    d = e.old_libstdcxx("usr-local-lib")
    conf = e.write(os.path.join(e.dest, "ld.so.conf"), d + "\n/usr/lib/x86_64-linux-gnu\n")
    cache = os.path.join(e.dest, "ld.so.cache")
    if subprocess.run(["/sbin/ldconfig", "-X", "-f", conf, "-C", cache], check=False, stderr=subprocess.DEVNULL).returncode:
        raise NotFit("needs ldconfig")
    return cache, "/etc/ld.so.cache"


bind_over("ld-so-cache-old-libstdcxx", "libstdcxx-old", ["ldpath-conflict", "os-too-old"], cache_with)


# ---- rights, mounts, limits

NODAC = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"]


def perm(name, *parts, mode=0, base="tf220", statement=None):
    @case("perm-" + name, base, "permission-denied")
    def _(e):
        p = e.need(e.p(*parts))
        if os.path.isdir(p):
            os.chmod(p, mode)
        else:
            e.private(p)
            os.chmod(p, mode)
            e.drop_pyc(p) if p.endswith(".py") else None
        e.wrap = NODAC
        e.statement = statement or e.statement
        return "chmod %s %s" % ("755" if os.path.isdir(p) else "644", p)


perm("framework", "tensorflow", "libtensorflow_framework.so.2")
perm("cc-tf221", "tensorflow", "libtensorflow_cc.so.2", base="tf221")
perm("keras-folder", "keras", statement=KERAS)
perm("tf-folder", "tensorflow", statement=CONSTANT)
perm("site-packages")
perm("tf-py", "tensorflow", "python", "framework", "ops.py")
perm("numpy-libs", "numpy.libs", mode=0o600)
perm("google", "google")
perm("absl-tf215", "absl", base="tf215")


def mount_case(name, rel, options, cause="security-blocked", expect="cause", base="tf220"):
    @case(name, base, cause, expect=expect)
    def _(e):
        d = e.need(e.p(*rel.split("/"))) if rel else e.dest
        e.wrap = ["unshare", "-m", "sh", "-c",
                  'mount --bind "$0" "$0" && mount -o remount,bind,%s "$0" && exec "$@"' % options, d]
        e.note = "%s mounted %s" % (rel or "the environment", options)
        return "mount -o remount,bind,exec " + d if "noexec" in options else None


mount_case("noexec-numpy", "numpy", "noexec")
mount_case("noexec-tensorflow-tf215", "tensorflow", "noexec", base="tf215")
mount_case("noexec-google", "google", "noexec", expect="quiet")
mount_case("noexec-env", "", "noexec")
mount_case("readonly-env", "", "ro", "not-an-environment-problem", expect="quiet")


def limit(name, *flags, expect="cause", base="tf220", fix=None, also=()):
    @case("limit-" + name, base, "memory-limit", also, expect)
    def _(e):
        e.wrap = ["prlimit", *flags]
        # tempfile tries the current folder last: a file of no bytes comes and goes
        e.touched = ["cwd"] if "--fsize=0:" in flags else []
        return fix


limit("as-250m", "--as=250000000:", fix="ulimit -v unlimited")
limit("as-1g", "--as=1000000000:", expect="quiet")
limit("as-16g", "--as=16000000000:", expect="quiet")
limit("as-600m-tf215", "--as=600000000:", fix="ulimit -v unlimited", base="tf215")
limit("as-800m-tf221", "--as=800000000:", fix="ulimit -v unlimited", base="tf221")
limit("data-100m", "--data=100000000:", fix="ulimit -d unlimited")
limit("nofile-64", "--nofile=64:", expect="quiet")
limit("nofile-12", "--nofile=12:", expect="quiet")
limit("stack-256k", "--stack=262144:", expect="quiet")
limit("fsize-0", "--fsize=0:", fix="ulimit -f unlimited", also=["disk-full", "permission-denied", "security-blocked"])
limit("core-0", "--core=0", expect="quiet")


@case("limit-shell-ulimit", "tf220", "memory-limit")
def _(e):
    """the hard limit of the address space is 700 MB (a batch system): nothing here can raise it but an administrator"""
    e.wrap = ["prlimit", "--as=700000000:700000000", "setpriv", "--bounding-set", "-sys_resource", "--inh-caps", "-all"]
    return None


SECCOMP = r"""
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
int main(int argc, char **argv)
{
    struct sock_filter f[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CALL, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog p = {sizeof f / sizeof f[0], f};
    (void)argc;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p))
        return 125;
    execvp(argv[1], argv + 1);
    return 126;
}
"""


def seccomp(name, call, expect="cause", tfdiag=()):
    @case("seccomp-" + name, "tf220", "security-blocked", expect=expect, tfdiag=tfdiag)
    def _(e):
        exe = e.cc(os.path.join(e.dest, "seccomp"), SECCOMP.replace("CALL", call), "-exe")
        e.wrap = [exe]
        e.note = "a seccomp rule answers %s with EPERM (old container run time)" % call
        return None


seccomp("clone3", "SYS_clone3")
seccomp("getrandom", "SYS_getrandom", expect="quiet")
# The import works; the first tensor never comes.
seccomp("sched-getaffinity", "SYS_sched_getaffinity", tfdiag=["--timeout", "25"])
seccomp("set-mempolicy", "SYS_get_mempolicy", expect="quiet")


@case("tmp-full", "tf220", "disk-full", expect="quiet")
def _(e):
    """TMPDIR on a full file system: the import does not need it"""
    d = os.path.join(e.dest, "tmp")
    os.mkdir(d)
    e.env["TMPDIR"] = d
    e.wrap = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=64k tmpfs "$0" && '
              '{ dd if=/dev/zero of="$0"/fill bs=4k 2>/dev/null; exec "$@"; }', d]
    return None


def no_temp(name, cause, also, mount):
    """absl asks for a temporary folder while TensorFlow is imported; none of the usual places can be written."""
    @case(name, "tf220", cause, also)
    def _(e):
        if e.workdir().startswith(("/tmp/", "/var/tmp/")):
            raise NotFit("needs a work folder outside /tmp")
        spare = os.path.join(e.dest, "spare")
        os.mkdir(spare)
        e.wrap = ["unshare", "-m", "sh", "-c", 'for d in /tmp /var/tmp "$0"; do %s || exit 125; done; cd "$0" && exec "$@"' % mount, e.cwd]
        return "export TMPDIR=" + spare


no_temp("tmp-all-full", "disk-full", ["permission-denied"],
        'mount -t tmpfs -o size=4k tmpfs "$d" && { dd if=/dev/zero of="$d/fill" bs=4k 2>/dev/null; true; }')
no_temp("tmp-all-readonly", "permission-denied", ["disk-full", "security-blocked"], 'mount -t tmpfs -o size=4k,ro tmpfs "$d"')


# ---- processors (only the forecast: a child of an emulated program runs natively)

def cpu(name, model, expect="cause", base="tf220"):
    @case("cpu-" + name, base, "cpu-no-avx", expect=expect, tfdiag=["--no-run"])
    def _(e):
        if not shutil.which("qemu-x86_64"):
            raise NotFit("needs qemu-x86_64")
        e.wrap = ["qemu-x86_64", "-cpu", model]
        return None


cpu("westmere-tf215", "Westmere", base="tf215")
cpu("qemu64-tf221", "qemu64", base="tf221")
cpu("core2duo-tf210", "core2duo", base="tf210")
cpu("haswell-avx-off", "Haswell,-avx")
cpu("haswell", "Haswell", expect="quiet")
cpu("ivybridge-tf221", "IvyBridge", expect="quiet", base="tf221")


# ---- settings that are no search paths

def setting(name, var, value, expect="cause", base="tf220", statement=None, also=()):
    @case("env-" + name, base, "env-setting", also, expect)
    def _(e):
        e.env[var] = value
        e.statement = statement or e.statement
        e.note = "%s=%s" % (var, value)
        return "unset " + var


setting("protobuf-cpp-tf220", "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "cpp")
setting("protobuf-nonsense", "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "rust")
setting("protobuf-python", "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python", expect="quiet")
setting("protobuf-python-tf215", "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python", expect="quiet", base="tf215")
setting("protobuf-upb-tf210", "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "upb", base="tf210", expect="quiet")
setting("protobuf-cpp-tf210", "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "cpp", base="tf210", expect="quiet")
setting("keras-backend-torch", "KERAS_BACKEND", "torch", statement=KERAS, also=["dep-other"])
setting("keras-backend-jax", "KERAS_BACKEND", "jax", statement=KERAS, also=["dep-other"])
setting("keras-backend-nonsense", "KERAS_BACKEND", "mxnet", statement=KERAS)
setting("keras-backend-numpy", "KERAS_BACKEND", "numpy", statement=KERAS, also=["dep-other"])
setting("keras-backend-torch-import", "KERAS_BACKEND", "torch", expect="quiet")
setting("keras-backend-tf215", "KERAS_BACKEND", "torch", statement=KERAS, expect="quiet", base="tf215")
setting("legacy-keras-tf221", "TF_USE_LEGACY_KERAS", "true", statement=KERAS, base="tf221", also=["dep-keras"])
setting("legacy-keras-0", "TF_USE_LEGACY_KERAS", "0", statement=KERAS, expect="quiet")
setting("legacy-keras-import-only", "TF_USE_LEGACY_KERAS", "1", expect="quiet")
setting("xla-flags-nonsense", "XLA_FLAGS", "--xla_no_such_flag=true", statement=CONSTANT, expect="quiet")
setting("tf-xla-flags-nonsense", "TF_XLA_FLAGS", "--tf_no_such_flag", statement=CONSTANT)
setting("xla-flags-good", "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false", statement=CONSTANT, expect="quiet")
setting("numpy-disable-baseline", "NPY_DISABLE_CPU_FEATURES", "SSE2 SSE3", expect="quiet")
setting("numpy-disable-avx2", "NPY_DISABLE_CPU_FEATURES", "AVX2 AVX512F", expect="quiet")
setting("numpy-enable-nonsense", "NPY_ENABLE_CPU_FEATURES", "NOSUCH", expect="quiet")
setting("numpy-both", "NPY_ENABLE_CPU_FEATURES", "SSE2", expect="quiet")
setting("numpy-promotion", "NPY_PROMOTION_STATE", "weird", expect="quiet")
setting("log-level-text", "TF_CPP_MIN_LOG_LEVEL", "quiet", expect="quiet")
setting("omp-threads-text", "OMP_NUM_THREADS", "all", expect="quiet")
setting("onednn-text", "TF_ENABLE_ONEDNN_OPTS", "maybe", statement=CONSTANT, expect="quiet")
setting("tf2-behavior-off", "TF2_BEHAVIOR", "0", statement=CONSTANT, expect="quiet")
setting("malloc-perturb", "MALLOC_PERTURB_", "165", expect="quiet")
setting("gpu-allocator", "TF_GPU_ALLOCATOR", "cuda_malloc_async", statement=CONSTANT, expect="quiet")
setting("nvidia-visible", "NVIDIA_VISIBLE_DEVICES", "none", statement=CONSTANT, expect="quiet")
setting("tunables", "GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2_Usable,-AVX_Usable", statement=CONSTANT, expect="quiet")
setting("tunables-hwcaps", "GLIBC_TUNABLES", "glibc.rtld.execstack=0", statement=CONSTANT, expect="quiet")
setting("openblas-coretype", "OPENBLAS_CORETYPE", "NoSuchCore", expect="quiet")
setting("wrapt-disable", "WRAPT_DISABLE_EXTENSIONS", "true", expect="quiet")
setting("tf-deterministic", "TF_DETERMINISTIC_OPS", "x", statement=CONSTANT, expect="quiet")


def keras_json(name, text, expect="cause", base="tf220"):
    @case("keras-json-" + name, base, "env-setting", ["dep-keras"], expect)
    def _(e):
        e.write(e.home(".keras", "keras.json"), text)
        e.statement = KERAS
        return "rm $HOME/.keras/keras.json"


keras_json("broken", "{not json", expect="quiet")
keras_json("torch", '{"floatx": "float32", "epsilon": 1e-07, "backend": "torch", "image_data_format": "channels_last"}')
keras_json("theano", '{"floatx": "float32", "epsilon": 1e-07, "backend": "theano", "image_data_format": "channels_last"}')
keras_json("floatx", '{"floatx": "float8", "epsilon": 1e-07, "backend": "tensorflow"}')
keras_json("torch-tf215", '{"floatx": "float32", "backend": "torch"}', expect="quiet", base="tf215")
