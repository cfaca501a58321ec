"""Wheels, folders and toolkits as reports of 2023 to 2026 describe them, written from the list of causes without a look at
the rules: more of the suite "gpu-sim"."""
import glob
import os

from gpu_env import CUDA11, LIBS, add_dist, drop, dummies, fault, inside, known_to_ldso, lib, sim, toolkit, without_rights

DAMAGED = ["tf-corrupt", "dep-other"]


def nvidia_dists(e):
    return [os.path.basename(p) for p in glob.glob(e.p("nvidia_*.dist-info"))]


def move_to(e, folder, *names):
    """Things of site-packages go to a folder of the case; returns that folder."""
    to = os.path.join(e.dest, *folder.split("/"))
    os.makedirs(to, exist_ok=True)
    for name in names:
        os.rename(e.p(name), os.path.join(to, name))
    return to


def without_wheels(e):
    """No wheel of NVIDIA's is installed; returns where their files lie now, for whoever makes something else of them."""
    store = move_to(e, "store", "nvidia")
    for name in nvidia_dists(e):
        e.rm(e.p(name))
    return os.path.join(store, "nvidia")


def installed_toolkit(e, name, without=""):
    """CUDA, and cuDNN with it, come with a toolkit in /usr/local/NAME and not with wheels. Returns its lib64 as programs see it."""
    store = without_wheels(e)
    root = toolkit(e, name)
    folder = os.path.join(root, "lib64")
    os.makedirs(folder)
    os.symlink(name, os.path.join(os.path.dirname(root), "cuda"))
    for part in ("bin", "nvvm"):
        os.symlink(os.path.join(store, "cuda_nvcc", part), os.path.join(root, part))
    for path in glob.glob(os.path.join(store, "*", "lib", "lib*.so*")):
        if path.split("/")[-3] != without:
            os.symlink(path, os.path.join(folder, os.path.basename(path)))
    return "/usr/local/%s/lib64" % name


# ---- the libraries are there, and ld.so does not get to them

@fault("late-tensorflow-folder-linked", "cuda-path")
def _(e):
    """the quota of HOME was reached: tensorflow/ lies on another disk, a link in site-packages; $ORIGIN/.. is that disk's folder"""
    sim(e)
    os.symlink(os.path.join(move_to(e, "scratch", "tensorflow"), "tensorflow"), e.tf())


@fault("late-tensorflow-of-the-site", "cuda-path")
def _(e):
    """TensorFlow comes from a shared folder that a .pth file names, NVIDIA's wheels are in the user's environment"""
    sim(e)
    info = os.path.basename(e.info("tensorflow")[0])
    e.write(e.p("shared.pth"), move_to(e, "shared", "tensorflow", info) + "\n")


@fault("late-221-linked-as-told", "cuda-path", base="tf221cuda")
def _(e):
    """2.21 with the links that the installation page told people to make in tensorflow/: it does not search there any more"""
    sim(e)
    for path in glob.glob(e.p("nvidia", "*", "lib", "*.so*")):
        os.symlink(os.path.join("..", os.path.relpath(path, e.sp)), e.tf(os.path.basename(path)))


@fault("late-pip-target", "cuda-path")
def _(e):
    """pip install --target put NVIDIA's wheels into a folder on PYTHONPATH: Python finds it, ld.so does not"""
    sim(e)
    e.env["PYTHONPATH"] = move_to(e, "opt/python", "nvidia", *nvidia_dists(e))


@fault("late-ldpath-not-expanded", "cuda-path")
def _(e):
    """LD_LIBRARY_PATH came out of a .env file, in which nothing expands $CUDA_HOME"""
    sim(e)
    folder = installed_toolkit(e, "cuda-12.9")
    e.env.update(CUDA_HOME=os.path.dirname(folder), LD_LIBRARY_PATH="$CUDA_HOME/lib64")


@fault("late-cudnn-in-downloads", "cuda-path", ["cudnn-missing"])
def _(e):
    """a toolkit that ld.so knows; cuDNN's archive was unpacked in ~/Downloads and never copied"""
    sim(e)
    folder = installed_toolkit(e, "cuda-12.9", without="cudnn")
    known_to_ldso(e, folder)
    here = e.home("Downloads", "cudnn-linux-x86_64-9.28.0.42_cuda12-archive")
    os.makedirs(here)
    os.rename(os.path.join(e.dest, "store", "nvidia", "cudnn", "lib"), os.path.join(here, "lib"))


@fault("late-driver-folder-of-the-node", "cuda-path", ["driver-missing"])
def _(e):
    """Google's Kubernetes lays the driver at /usr/local/nvidia/lib64; this image lacks the LD_LIBRARY_PATH that names it"""
    sim(e, kernel="535.183.01", cuda="12.2")
    toolkit(e, "nvidia")
    inside(e, "mount -t tmpfs none /usr/local/nvidia && mkdir /usr/local/nvidia/lib64 && "
              "cp -a {0}/libcuda.so* {0}/libnvidia-ml.so* /usr/local/nvidia/lib64 && mkdir /usr/local/nvidia/hide && "
              "for n in /usr/local/nvidia/lib64/*; do mknod /usr/local/nvidia/hide/${{n##*/}} c 0 0; done && "
              "mount -t overlay overlay -o lowerdir=/usr/local/nvidia/hide:{0} {0}".format(LIBS))


# ---- files of the wheels

@fault("late-gitignore-lib", "cuda-missing", DAMAGED)
def _(e):
    """a template's .gitignore (.dockerignore) with its line lib/ kept the folders nvidia/*/lib out of the image"""
    sim(e)
    for folder in glob.glob(e.p("nvidia", "*", "lib")):
        e.rm(folder)


@fault("late-big-files-left-out", "cuda-missing", DAMAGED)
def _(e):
    """the environment came through a store that takes no file above 250 MiB"""
    sim(e)
    big = [p for p in glob.glob(e.p("nvidia", "*", "lib", "*")) if os.path.getsize(p) > 250 << 20]
    for path in big:
        e.rm(path)


@fault("late-cufft-empty", "dep-other", ["tf-corrupt", "cuda-missing"])
def _(e):
    """the machine lost power while pip wrote: libcufft.so.11 has no byte"""
    sim(e)
    e.write(lib(e, "cufft", "libcufft.so.11"), b"")


@fault("late-runtime-for-aarch64", "wrong-platform-wheel", ["arch-mismatch"])
def _(e):
    """wheels were fetched for another machine: nvidia-cuda-runtime-cu12 is the one for aarch64"""
    sim(e)
    version = e.version("nvidia-cuda-runtime-cu12")
    drop(e, "nvidia-cuda-runtime-cu12")
    e.unzip(e.fetch("nvidia-cuda-runtime-cu12==" + version, platforms=["manylinux2014_aarch64", "manylinux_2_17_aarch64"]))


@fault("late-site-of-root", "permission-denied")
def _(e):
    """sudo pip with umask 077: nobody but its owner may enter site-packages/nvidia"""
    sim(e)
    os.chown(e.p("nvidia"), 65534, 65534)
    os.chmod(e.p("nvidia"), 0o700)
    without_rights(e)


@fault("late-wheels-on-noexec", "security-blocked")
def _(e):
    """NVIDIA's wheels lie on a data disk that is mounted noexec"""
    sim(e)
    inside(e, "mount --bind {0} {0} && mount -o remount,bind,noexec {0}".format(e.p("nvidia")))


# ---- versions

@fault("late-debian-toolkit", "cuda-version", ["cuda-missing"])
def _(e):
    """apt install nvidia-cuda-toolkit gave CUDA 11.8 among the system's libraries, and pip TensorFlow 2.20 alone"""
    sim(e)
    without_wheels(e)
    folder = dummies(e, os.path.join(e.dest, "debian"), CUDA11 + ["cudnn.so.8"])
    inside(e, "mount -t overlay overlay -o lowerdir={0}:{1} {1} && ldconfig 2>/dev/null".format(folder, LIBS))


@fault("late-nvjitlink-of-torch", "cuda-version", ["cuda-mixed"])
def _(e):
    """torch 2.1 pulled nvidia-nvjitlink-cu12 12.1 in, which libcusparse of 12.9 cannot use"""
    sim(e)
    drop(e, "nvidia-nvjitlink-cu12")
    e.unzip(e.fetch("nvidia-nvjitlink-cu12==12.1.105"))


@fault("late-cudnn8-of-torch", "cudnn-version")
def _(e):
    """torch 2.2 pins nvidia-cudnn-cu12 to 8.9.2.26 and pip took TensorFlow's 9 away"""
    sim(e)
    drop(e, "nvidia-cudnn-cu12")
    dummies(e, e.p("nvidia", "cudnn", "lib"), [n + ".so.8" for n in ("cudnn", "cudnn_ops_infer", "cudnn_cnn_infer", "cudnn_adv_infer")])
    add_dist(e, "nvidia-cudnn-cu12", "8.9.2.26")
    add_dist(e, "torch", "2.2.2", "nvidia-cudnn-cu12 (==8.9.2.26) ; platform_system == \"Linux\" and platform_machine == \"x86_64\"")


@fault("late-cudnn-wheel-without-library", "cudnn-missing")
def _(e):
    """what is installed is nvidia-cudnn 8.2.0.51, a wheel that brings no library"""
    sim(e)
    drop(e, "nvidia-cudnn-cu12")
    add_dist(e, "nvidia-cudnn", "8.2.0.51")


@fault("late-cpu-wheel-on-top", "tf-duplicate", ["tf-no-gpu-build"])
def _(e):
    """requirements of two projects: tensorflow-cpu was installed over tensorflow, and its files came last"""
    sim(e)
    other = e.sibling("tf220")
    info = os.path.basename(glob.glob(os.path.join(other, "tensorflow_cpu-*.dist-info"))[0])
    for name in os.listdir(os.path.join(other, info)):
        if os.path.isfile(os.path.join(other, info, name)):
            with open(os.path.join(other, info, name), "rb") as f:
                e.write(e.p(info, name), f.read())
    with open(os.path.join(e.info("tensorflow")[0], "RECORD"), encoding="utf-8") as f:
        same = set(f)
    for line in e.read(e.p(info, "RECORD")).decode().splitlines(True):
        path = line.split(",")[0]
        if line not in same and path.startswith("tensorflow/") and not path.endswith(".pyc"):
            with open(os.path.join(other, path), "rb") as f:
                e.write(e.p(path), f.read())
            if path.endswith(".py"):
                e.drop_pyc(e.p(path))


@fault("late-cpu-build-on-pythonpath", "pythonpath-conflict", ["tf-no-gpu-build"])
def _(e):
    """PYTHONPATH of a cluster's profile brings tensorflow-cpu, which wins over the environment's own TensorFlow"""
    sim(e)
    e.env["PYTHONPATH"] = e.sibling("tf220")


@fault("late-address-space", "memory-limit")
def _(e):
    """a queue's h_vmem of 3 GiB: the import fits, CUDA's libraries do not fit beside it"""
    sim(e)
    e.wrap += ["prlimit", "--as=%d" % (3 << 30), "--"]
