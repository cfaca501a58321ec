"""Simulated GPUs (gpusim.py: root and gcc on Linux) under real environments with CUDA's libraries: what the cases_gpu_sim*.py
are made of."""
import glob
import os
import re
import shutil
import sys

from realenv import NotFit, case

HERE = os.path.dirname(os.path.abspath(__file__))
GPU = "import tensorflow as tf; assert tf.config.list_physical_devices('GPU'), 'no GPU'"
RTX3090 = "NVIDIA GeForce RTX 3090:2204:8.6"
A100 = "NVIDIA A100-SXM4-40GB:20b0:8.0"
RTX4090 = "NVIDIA GeForce RTX 4090:2684:8.9"
RTX5090 = "NVIDIA GeForce RTX 5090:2b85:12.0"
T4 = "Tesla T4:1eb8:7.5"
V100 = "Tesla V100-SXM2-16GB:1db1:7.0"
GTX980 = "NVIDIA GeForce GTX 980:13c0:5.2"
K80 = "Tesla K80:102d:3.7"
CUDA12 = ["cudart.so.12", "cublas.so.12", "cublasLt.so.12", "cufft.so.11", "cusolver.so.11", "cusparse.so.12"]
CUDA11 = ["cudart.so.11.0", "cublas.so.11", "cublasLt.so.11", "cufft.so.10", "cusolver.so.11", "cusparse.so.11"]
CUDNN9 = ["cudnn", "cudnn_graph", "cudnn_ops", "cudnn_cnn", "cudnn_adv", "cudnn_heuristic", "cudnn_engines_precompiled",
          "cudnn_engines_runtime_compiled"]
H200 = "NVIDIA H200:2335:9.0"
LIBS = "/usr/lib/x86_64-linux-gnu"
PCI = "/sys/bus/pci/devices/0000:01:00.0"


# ---- the machine

def sim(e, gpu=RTX3090, kernel="550.54.14", **options):
    """Lays GPUs under everything that the case runs; options are gpusim.py's, None leaves one out."""
    if os.geteuid() != 0 or not shutil.which("gcc"):
        raise NotFit("needs root and gcc")
    words = [sys.executable, os.path.join(HERE, "gpusim.py")]
    for one in [gpu] if isinstance(gpu, str) else gpu or []:
        words += ["--gpu", one]
    for name, value in dict(options, kernel=kernel).items():
        if value is True:
            words.append("--" + name.replace("_", "-"))
        elif value is not None:
            words += ["--" + name.replace("_", "-"), str(value)]
    e.wrap = words + ["--"]
    e.statement = GPU


def fault(name, cause, also=(), base="tf220cuda", tfdiag=()):
    return case(name, base, cause, also, suite="gpu-sim", tfdiag=list(tfdiag))


def fine(name, base="tf220cuda", tfdiag=()):
    return case(name, base, "not-an-environment-problem", expect="quiet", suite="gpu-sim", tfdiag=list(tfdiag))


def inside(e, script):
    """Shell commands that are run in the simulated machine before everything; its mounts are nobody else's."""
    e.wrap += ["sh", "-c", script + '\nexec "$@"', "sh"]


def without_rights(e):
    """What runs in the simulated machine has no rights beyond those of the files' owners, group and others."""
    if not shutil.which("setpriv"):
        raise NotFit("needs setpriv")
    e.wrap += ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"]


# ---- the driver and its device files

def hide(e, *names):
    """The driver's libraries of these names are not installed (a character device 0:0 is how overlayfs says so)."""
    d = os.path.join(e.dest, "hidden")
    os.makedirs(d)
    inside(e, "mount -t tmpfs none {0} && for n in {1}; do mknod {0}/$n c 0 0; done; "
              "mount -t overlay overlay -o lowerdir={0}:{2} {2}".format(d, " ".join(names), LIBS))


def in_its_place(e, name, make):
    """make(path) writes the file that lies at the name of a library of the driver's."""
    path = os.path.join(e.dest, "driver-" + name)
    make(path)
    inside(e, "mount --bind %s %s/%s" % (path, LIBS, name))


def libcuda(e, path, cuinit=34):
    """A libcuda of CUDA 12.4 that does not get beyond cuInit; 34 is what the toolkit's stub answers."""
    e.cc(path, "int cuInit(unsigned f){return %d;} int cuDriverGetVersion(int*v){*v=12040;return 0;}\n" % cuinit, "-Wl,-soname,libcuda.so.1")


def as_stranger(e, group=65534):
    """The device files are somebody else's, and this user has no rights beyond the others'."""
    inside(e, "chown 65534:%d /dev/nvidia*" % group)
    without_rights(e)


def bind_to(e, device, driver):
    """A link to a kernel driver, as sysfs has it; the empty word takes it away."""
    folder = os.path.join(e.dest, "drivers", driver)
    os.makedirs(folder, exist_ok=True)
    inside(e, "rm -f {0}/driver; ln -s {1} {0}/driver".format(device, folder) if driver else "rm %s/driver" % device)


# ---- wheels

def drop(e, *dists):
    for d in dists:
        if e.uninstall(d) is None:
            raise NotFit("needs " + d)


def lib(e, part, pattern):
    return e.one("nvidia", part, "lib", pattern)


def move(e, path, folder):
    d = os.path.join(e.dest, folder)
    os.makedirs(d, exist_ok=True)
    to = os.path.join(d, os.path.basename(path))
    shutil.copyfile(path, to)
    e.rm(path)
    return to


def unreadable(e, path):
    os.chmod(path, 0)
    without_rights(e)


def rename_version(e, dist, version):
    """Metadata of another version for the files that are there: big wheels need not be fetched for it."""
    info = glob.glob(e.p(dist.replace("-", "_") + "-*.dist-info"))[0]
    text = e.read(os.path.join(info, "METADATA")).decode()
    e.write(os.path.join(info, "METADATA"), re.sub(r"(?m)^Version: .*$", "Version: " + version, text, count=1))
    os.rename(info, e.p("%s-%s.dist-info" % (dist.replace("-", "_"), version)))


def add_dist(e, name, version, *requires):
    info = e.p("%s-%s.dist-info" % (name.replace("-", "_"), version))
    e.write(os.path.join(info, "METADATA"), "Metadata-Version: 2.1\nName: %s\nVersion: %s\n%s" % (
        name, version, "".join("Requires-Dist: %s\n" % r for r in requires)))
    e.write(os.path.join(info, "INSTALLER"), "pip\n")
    e.write(os.path.join(info, "RECORD"), "")


def wheel_of_cudnn(e, suffix, version):
    """Metadata of a second wheel that brings files of the same names."""
    info = e.p("nvidia_cudnn_%s-%s.dist-info" % (suffix, version))
    old = glob.glob(e.p("nvidia_cudnn_cu12-*.dist-info"))[0]
    was = os.path.basename(old)[len("nvidia_cudnn_cu12-"):-len(".dist-info")]
    for name in os.listdir(old):
        if os.path.isfile(os.path.join(old, name)):
            text = e.read(os.path.join(old, name)).decode()
            text = text.replace("nvidia-cudnn-cu12", "nvidia-cudnn-" + suffix).replace("nvidia_cudnn_cu12-" + was, "nvidia_cudnn_%s-%s" % (suffix, version))
            if name == "METADATA":
                text = re.sub(r"(?m)^Version: .*$", "Version: " + version, text, count=1)
            e.write(os.path.join(info, name), text)


def cudnn_object(e, part, packed):
    """A part of cuDNN that says another version of itself."""
    name = {"graph": "cudnn_graph_version"}.get(part, "cudnn_%s_infer_version" % part)
    path = e.p("nvidia", "cudnn", "lib", "libcudnn_%s.so.9" % part)
    os.unlink(path)
    e.cc(path, "const int %s = %d;\n" % (name, packed), "-Wl,-soname,libcudnn_%s.so.9" % part)


# ---- CUDA of the system

def dummies(e, folder, names, prefix="lib"):
    """Small libraries of these names that do nothing."""
    for name in names:
        e.cc(os.path.join(folder, prefix + name), "int x;\n", "-Wl,-soname," + prefix + name)
    return folder


def cudnn9(e, folder, version):
    for name in CUDNN9:
        e.cc(os.path.join(folder, "lib%s.so.%s" % (name, version)), "int x;\n", "-Wl,-soname,lib%s.so.9" % name)
        os.symlink("lib%s.so.%s" % (name, version), os.path.join(folder, "lib%s.so.9" % name))
    return folder


def toolkit(e, name):
    """A folder that lies at /usr/local/NAME in the simulated machine."""
    d = os.path.join(e.dest, "local", name)
    os.makedirs(d, exist_ok=True)
    inside(e, "mount -t overlay overlay -o lowerdir=%s:/usr/local /usr/local" % os.path.dirname(d))
    return d


def known_to_ldso(e, *folders, ldconfig="ldconfig"):
    """/etc/ld.so.conf.d names the folders, and ldconfig was run (or what stands in its place)."""
    d = os.path.join(e.dest, "etc")
    os.makedirs(os.path.join(d, "upper", "ld.so.conf.d"))
    os.makedirs(os.path.join(d, "work"))
    e.write(os.path.join(d, "upper", "ld.so.conf.d", "000-cuda.conf"), "".join(f + "\n" for f in folders))
    inside(e, "mount -t tmpfs none {0}/work && mkdir {0}/work/u {0}/work/w && cp -a {0}/upper/. {0}/work/u/ && "
              "mount -t overlay overlay -o lowerdir=/etc,upperdir={0}/work/u,workdir={0}/work/w /etc && {1} 2>/dev/null".format(d, ldconfig))
