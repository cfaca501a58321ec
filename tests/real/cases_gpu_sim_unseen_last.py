"""A second list of the same kind, written after the first was mended: more of the suite "gpu-sim"."""
import os

from gpu_env import PCI, RTX3090, drop, fault, fine, inside, lib, sim

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 728800\n" % (b"5" * 64)


def nvidia_wheels(e):
    return [n for n in os.listdir(e.sp) if n.startswith("nvidia_") and n.endswith(".dist-info")]


@fault("last-scratch-purged", "cuda-missing", ["dep-other"])
def _(e):
    """nvidia/ was moved to a scratch disk and linked; the disk was purged"""
    sim(e)
    e.rm(e.p("nvidia"))
    os.symlink("/scratch/purged/nvidia", e.p("nvidia"))


@fault("last-all-of-them", "gpu-hidden")
def _(e):
    """CUDA_VISIBLE_DEVICES=all, as the container tool's variable is set: it names no device"""
    sim(e, [RTX3090, RTX3090], obey=True)
    e.env["CUDA_VISIBLE_DEVICES"] = "all"


@fault("last-pointer-on-ldpath", "ldpath-conflict")
def _(e):
    """LD_LIBRARY_PATH names a checkout whose libcudart.so.12 is a pointer of Git LFS: ld.so takes it and fails"""
    sim(e)
    e.write(os.path.join(e.dest, "checkout", "lib", "libcudart.so.12"), POINTER)
    e.env["LD_LIBRARY_PATH"] = os.path.join(e.dest, "checkout", "lib")


@fault("last-empty-entry", "ldpath-conflict")
def _(e):
    """LD_LIBRARY_PATH begins with a colon, which is the current folder, and there lies a libcufft.so.11 that was cut off"""
    sim(e)
    with open(lib(e, "cufft", "libcufft.so.11"), "rb") as f:
        e.write(e.workdir("libcufft.so.11"), f.read(4096))
    e.env["LD_LIBRARY_PATH"] = ":/opt/none/lib"


@fault("last-egpu-unplugged", "gpu-none", ["driver-broken"], tfdiag=["--expect", "gpu"])
def _(e):
    """the GPU in its box was unplugged; driver and libraries are there"""
    sim(e, None, cuinit=100)


@fault("last-no-pip", "cuda-missing")
def _(e):
    """an environment without pip, and without cuFFT"""
    sim(e)
    drop(e, "nvidia-cufft-cu12", "pip")


@fault("last-no-record", "cuda-missing", ["dep-other"])
def _(e):
    """cuFFT's library is gone, and so is its RECORD, without which pip uninstalls nothing"""
    sim(e)
    e.rm(lib(e, "cufft", "libcufft.so.11"))
    e.rm(os.path.join(e.info("nvidia-cufft-cu12")[0], "RECORD"))


@fault("last-nodes-are-folders", "gpu-hidden", ["driver-broken", "gpu-permission"])
def _(e):
    """docker run -v /dev/nvidia0:/dev/nvidia0 on a host without these files made folders of their names"""
    sim(e, dev_mode="none", cuinit=100)
    inside(e, "mkdir /dev/nvidia0 /dev/nvidiactl /dev/nvidia-uvm")
    e.env["container"] = "docker"


@fault("last-address-space-quiet", "memory-limit")
def _(e):
    """a limit of 3 GiB, and TF_CPP_MIN_LOG_LEVEL=3 keeps TensorFlow from saying what it could not load"""
    sim(e)
    e.env["TF_CPP_MIN_LOG_LEVEL"] = "3"
    e.wrap += ["prlimit", "--as=%d" % (3 << 30), "--"]


@fault("last-runpath-rewritten", "cuda-path", ["tf-corrupt"])
def _(e):
    """a site's tool wrote its own RUNPATH into TensorFlow's libraries: the wheels' folders are no longer in it"""
    sim(e)
    for name in ("libtensorflow_framework.so.2", "libtensorflow_cc.so.2"):
        data = e.read(e.tf(name))
        e.write(e.tf(name), data.replace(b"/../nvidia/", b"/../site12/").replace(b"/../../nvidia/", b"/../../site12/"))


@fault("last-nforce-and-gpu-gone", "gpu-none", tfdiag=["--expect", "gpu"])
def _(e):
    """what the bus has of NVIDIA's is the sound function of a card alone"""
    sim(e, "HDMI audio:1aef:0.0", kernel=None)
    inside(e, "echo 0x040300 > %s/class" % PCI)


@fault("last-no-cudnn-and-hidden", "gpu-hidden", ["cudnn-missing"])
def _(e):
    """two faults at once: hidden by the variable, and no cuDNN"""
    sim(e, obey=True)
    drop(e, "nvidia-cudnn-cu12")
    e.env["CUDA_VISIBLE_DEVICES"] = "-1"


@fine("last-fine-no-metadata")
def _(e):
    """an image made small: the wheels' .dist-info folders are gone, their files are all there"""
    sim(e)
    for name in nvidia_wheels(e):
        e.rm(e.p(name))


@fine("last-fine-blanks")
def _(e):
    """blanks around the numbers of CUDA_VISIBLE_DEVICES"""
    sim(e, [RTX3090, RTX3090], obey=True)
    e.env["CUDA_VISIBLE_DEVICES"] = " 1, 0"


@fine("last-fine-void-outside")
def _(e):
    """NVIDIA_VISIBLE_DEVICES=void outside of any container, where nothing reads it"""
    sim(e)
    e.env["NVIDIA_VISIBLE_DEVICES"] = "void"


@fine("last-fine-preload-gone")
def _(e):
    """LD_PRELOAD names a file that is not there: ld.so says so and goes on"""
    sim(e)
    e.env["LD_PRELOAD"] = "/usr/local/cuda/lib64/libcudart.so"
