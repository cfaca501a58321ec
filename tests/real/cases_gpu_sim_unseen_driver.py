"""Drivers, devices, what was asked for, and several faults at once, written from the list of causes without a look at the rules:
more of the suite "gpu-sim"."""
import os

from gpu_env import (A100, GTX980, K80, PCI, RTX3090, RTX4090, T4, as_stranger, drop, fault, inside, known_to_ldso, libcuda, sim)
from realenv import NotFit

GT710 = "NVIDIA GeForce GT 710:128b:3.5"


# ---- the driver

@fault("sim-libraries-newer", "driver-mismatch")
def _(e):
    """an update to 570 while the module of 535 is loaded"""
    sim(e, kernel="535.183.01", user="570.124.06", cuda="12.8", cuinit=803, nvml=18)


@fault("sim-too-old-520", "driver-too-old")
def _(e):
    """520, of CUDA 11.8"""
    sim(e, kernel="520.61.05", cuda="11.8")


@fault("sim-cuinit-804", "driver-mismatch", ["driver-broken"])
def _(e):
    """cuInit: forward compatibility was tried on a GPU that does not have it"""
    sim(e, kernel="535.104.05", user="550.54.15", cuinit=804)


@fault("sim-cuinit-805", "driver-broken", ["env-setting"])
def _(e):
    """no connection to the MPS server"""
    sim(e, A100, cuinit=805)
    e.env["CUDA_MPS_PIPE_DIRECTORY"] = os.path.join(e.dest, "mps")


@fault("sim-nouveau-with-libraries", "driver-missing", ["driver-broken"])
def _(e):
    """NVIDIA's driver was installed, nouveau still holds the GPU"""
    sim(e, kernel=None, user="550.54.14", nouveau=True, cuinit=100, nvml=9)


@fault("sim-secure-boot", "driver-broken")
def _(e):
    """Secure Boot is on, and the module that is not signed was not loaded"""
    sim(e, kernel=None, user="550.54.14", cuinit=100, nvml=9)
    d = "/sys/firmware/efi/efivars"
    inside(e, "mount -t tmpfs none /sys/firmware && mkdir -p %s && printf '\\006\\000\\000\\000\\001' "
              ">%s/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c" % (d, d))


@fault("sim-old-runfile", "driver-mismatch", ["driver-broken", "ldpath-conflict"])
def _(e):
    """an old installation left its libcuda in a folder that /etc/ld.so.conf.d names first"""
    sim(e, nvml=0)
    d = os.path.join(e.dest, "nvidia-470")
    libcuda(e, os.path.join(d, "libcuda.so.470.57.02"), 803)
    os.symlink("libcuda.so.470.57.02", os.path.join(d, "libcuda.so.1"))
    known_to_ldso(e, d)


@fault("sim-stub-before-driver", "driver-broken", ["ldpath-conflict"])
def _(e):
    """/etc/ld.so.conf.d names the stub's folder, which comes before the driver's"""
    sim(e)
    d = os.path.join(e.dest, "cuda", "lib64", "stubs")
    libcuda(e, os.path.join(d, "libcuda.so"))
    os.symlink("libcuda.so", os.path.join(d, "libcuda.so.1"))
    known_to_ldso(e, d)


# ---- device files

@fault("sim-nodev", "gpu-permission", ["gpu-hidden"])
def _(e):
    """the device files lie on mounts on which no device may be opened"""
    sim(e, cuinit=999)
    inside(e, "for n in /dev/nvidia*; do mount --bind $n $n && mount -o remount,bind,nodev $n; done")


@fault("sim-ctl-is-file", "driver-broken", ["gpu-hidden", "gpu-permission"])
def _(e):
    """/dev/nvidiactl is an ordinary file"""
    sim(e, cuinit=100)
    inside(e, "rm /dev/nvidiactl && : >/dev/nvidiactl")


@fault("sim-container-nodes-only", "driver-missing", ["gpu-hidden"])
def _(e):
    """a container was given the device files by --device, and no libraries"""
    if not os.path.exists("/.dockerenv"):
        raise NotFit("needs a container")
    sim(e, user="none")


@fault("sim-permission-group-root", "gpu-permission")
def _(e):
    """the device files are root's alone; cuInit says: no device"""
    sim(e, dev_mode="0600", cuinit=100)
    as_stranger(e, 0)


# ---- devices

@fault("sim-exclusive-both-taken", "gpu-memory")
def _(e):
    """two GPUs, both exclusive and taken"""
    sim(e, [A100, A100], mode=3, free=900, total=40000)


@fault("sim-memory-none-left", "gpu-memory")
def _(e):
    """not one byte is free"""
    sim(e, T4, free=0, total=15360)


@fault("sim-kepler-470", "gpu-arch", ["driver-too-old"])
def _(e):
    """a K80 with the last driver that serves it: a newer one is no help"""
    sim(e, K80, "470.256.02", cuda="11.4")


@fault("sim-gt710-nouveau", "gpu-arch", ["driver-missing"])
def _(e):
    """a GT 710, driven by nouveau"""
    sim(e, GT710, None, nouveau=True)


@fault("sim-arch-two-hidden", "gpu-hidden", ["gpu-arch"])
def _(e):
    """of three GPUs the variable leaves the two old ones"""
    sim(e, [RTX4090, GTX980, K80], obey=True)
    e.env.update(CUDA_VISIBLE_DEVICES="1,2", CUDA_DEVICE_ORDER="PCI_BUS_ID")


# ---- what was asked for

@fault("sim-audio-only", "gpu-none", tfdiag=["--expect", "gpu"])
def _(e):
    """the only device of NVIDIA's is a sound chip"""
    sim(e, RTX3090, None)
    inside(e, "echo 0x040300 >%s/class; echo 0x1aef >%s/device" % (PCI, PCI))


@fault("sim-amd-asked", "gpu-none", tfdiag=["--expect", "gpu"])
def _(e):
    """a GPU of AMD's, and one is asked for"""
    sim(e, RTX3090, None)
    inside(e, "echo 0x1002 >%s/vendor; echo 0x73bf >%s/device" % (PCI, PCI))


@fault("sim-none-fail-on", "gpu-none", tfdiag=["--fail-on", "gpu"])
def _(e):
    """no GPU, --fail-on gpu"""
    sim(e, None, None)


@fault("sim-none-no-cuda", "gpu-none", ["cuda-missing"], base="tf221", tfdiag=["--expect", "gpu"])
def _(e):
    """no GPU, and no CUDA either"""
    sim(e, None, None)


@fault("sim-none-221", "gpu-none", ["cuda-path"], base="tf221cuda", tfdiag=["--expect", "gpu"])
def _(e):
    """no GPU, and the gap of 2.21's RUNPATH"""
    sim(e, None, None)


@fault("sim-none-cpu-build", "gpu-none", ["tf-no-gpu-build"], base="tf220", tfdiag=["--expect", "gpu"])
def _(e):
    """no GPU, and a build that has no use for one"""
    sim(e, None, None)


@fault("sim-none-hidden", "gpu-none", ["gpu-hidden"], tfdiag=["--expect", "gpu"])
def _(e):
    """no GPU, and a variable that would hide it"""
    sim(e, None, None)
    e.env["CUDA_VISIBLE_DEVICES"] = "-1"


# ---- several faults

@fault("sim-hidden-no-driver", "driver-missing", ["gpu-hidden"])
def _(e):
    """no driver, and a variable that hides the GPU"""
    sim(e, kernel=None)
    e.env["CUDA_VISIBLE_DEVICES"] = "-1"


@fault("sim-hidden-no-cudnn", "gpu-hidden", ["cudnn-missing"])
def _(e):
    """the GPU is hidden, and there is no cuDNN"""
    sim(e, obey=True)
    drop(e, "nvidia-cudnn-cu12")
    e.env["CUDA_VISIBLE_DEVICES"] = ""


@fault("sim-permission-no-cudnn", "gpu-permission", ["cudnn-missing"])
def _(e):
    """the device files are closed, and there is no cuDNN"""
    sim(e, dev_mode="0600", cuinit=100)
    as_stranger(e)
    drop(e, "nvidia-cudnn-cu12")


@fault("sim-too-old-no-cublas", "driver-too-old", ["cuda-missing"])
def _(e):
    """the driver is too old, and there is no cuBLAS"""
    sim(e, kernel="470.223.02", cuda="11.4")
    drop(e, "nvidia-cublas-cu12")


@fault("sim-import-and-driver", "dep-other", tfdiag=["--expect", "gpu"])
def _(e):
    """a package is missing and no driver is installed: the import comes first"""
    sim(e, kernel=None)
    drop(e, "wrapt")
    e.statement = "import tensorflow"


@fault("sim-memory-hidden-free", "gpu-memory", ["driver-too-old"])
def _(e):
    """the GPU is full, with a driver too old for CUDA 12"""
    sim(e, kernel="515.105.01", cuda="11.7", free=50)
