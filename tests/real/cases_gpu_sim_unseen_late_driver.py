"""Drivers, device files and containers, and odd machines on which all is well, as reports of 2023 to 2026 describe them,
written from the list of causes without a look at the rules: more of the suite "gpu-sim"."""
import os

from cases_gpu_sim_unseen_late import installed_toolkit, move_to
from gpu_env import (A100, GTX980, PCI, RTX3090, V100, add_dist, dummies, fault, fine, hide, in_its_place, inside, known_to_ldso, libcuda,
                     sim, toolkit, without_rights)

OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  %s  Release Build  (root@host)"


# ---- the driver's own libraries

@fault("late-stub-preloaded", "ldpath-conflict")
def _(e):
    """LD_PRELOAD names the toolkit's libcuda, made for linking only"""
    sim(e)
    e.env["LD_PRELOAD"] = os.path.join(e.dest, "stubs", "libcuda.so")
    os.makedirs(os.path.dirname(e.env["LD_PRELOAD"]))
    libcuda(e, e.env["LD_PRELOAD"])


@fault("late-compat-on-geforce", "ldpath-conflict")
def _(e):
    """LD_LIBRARY_PATH names cuda/compat, whose libcuda serves data-centre GPUs alone: cuInit says 804"""
    sim(e, kernel="535.183.01", cuda="12.2")
    folder = os.path.join(toolkit(e, "cuda-12.6"), "compat")
    os.makedirs(folder)
    libcuda(e, os.path.join(folder, "libcuda.so.560.35.03"), 804)
    os.symlink("libcuda.so.560.35.03", os.path.join(folder, "libcuda.so.1"))
    e.env["LD_LIBRARY_PATH"] = "/usr/local/cuda-12.6/compat"


@fault("late-stub-for-ldso", "driver-broken", ["library-conflict"])
def _(e):
    """a Dockerfile told ld.so of lib64/stubs, with a link libcuda.so.1, so that the image could be built without a GPU"""
    sim(e)
    folder = os.path.join(toolkit(e, "cuda-12.4"), "lib64", "stubs")
    os.makedirs(folder)
    libcuda(e, os.path.join(folder, "libcuda.so"))
    os.symlink("libcuda.so", os.path.join(folder, "libcuda.so.1"))
    known_to_ldso(e, "/usr/local/cuda-12.4/lib64/stubs")


@fault("late-libcuda-empty", "driver-broken", ["driver-missing"])
def _(e):
    """docker commit of a container with a GPU leaves the driver's files without a byte in the image"""
    sim(e)
    in_its_place(e, "libcuda.so.550.54.14", lambda path: e.write(path, b""))


@fault("late-graphics-only", "driver-missing", ["gpu-hidden"])
def _(e):
    """NVIDIA_DRIVER_CAPABILITIES without compute: nvidia-smi runs in the container, libcuda is not handed in"""
    sim(e)
    hide(e, "libcuda.so.1", "libcuda.so.550.54.14")
    e.env.update(container="docker", NVIDIA_VISIBLE_DEVICES="all", NVIDIA_DRIVER_CAPABILITIES="graphics,utility,display")


# ---- what the kernel has

@fault("late-kernel-updated", "driver-broken", ["driver-missing"])
def _(e):
    """a new kernel was started, and the driver's module is built for the old one alone"""
    sim(e, kernel=None, user="550.54.14", cuinit=999, nvml=9)
    inside(e, "mount -t tmpfs none /lib/modules && mkdir -p /lib/modules/5.4.0-100-generic/updates/dkms && "
              "touch /lib/modules/5.4.0-100-generic/updates/dkms/nvidia.ko")


@fault("late-open-module-on-volta", "driver-broken", ["driver-missing", "gpu-arch"])
def _(e):
    """the open kernel modules know GPUs since Turing; here is a V100, which they leave alone"""
    sim(e, V100, kernel="570.86.15", cuda="12.8", cuinit=100)
    inside(e, "echo '%s' > /proc/driver/nvidia/version; rm -r %s/driver /proc/driver/nvidia/gpus/* /dev/nvidia0" % (OPEN % "570.86.15", PCI))


@fault("late-cuinit-304", "driver-broken")
def _(e):
    """the driver's call into the system fails: CUDA_ERROR_OPERATING_SYSTEM, and nothing else is wrong"""
    sim(e, cuinit=304)


@fault("late-fabric-of-two", "driver-broken")
def _(e):
    """two A100 on an NVSwitch board whose fabric manager does not run: cuInit says 802"""
    sim(e, [A100, A100], kernel="535.183.01", cuda="12.2", cuinit=802)


# ---- who may use it

@fault("late-uvm-closed", "gpu-permission")
def _(e):
    """a udev rule opened /dev/nvidia0 and nvidiactl to all and left /dev/nvidia-uvm to its owner"""
    sim(e, cuinit=999)
    inside(e, "chown 65534:65534 /dev/nvidia-uvm; chmod 600 /dev/nvidia-uvm")
    without_rights(e)


@fault("late-lxc-without-uvm", "gpu-hidden", ["driver-broken"])
def _(e):
    """the LXC container was given nvidia0 and nvidiactl; nvidia-uvm is not among its devices"""
    sim(e, cuinit=999)
    inside(e, "rm /dev/nvidia-uvm")
    e.env["container"] = "lxc"


@fault("late-void-container", "gpu-hidden")
def _(e):
    """NVIDIA_VISIBLE_DEVICES=void: the container run time leaves GPUs and driver out"""
    sim(e, user="none", dev_mode="none")
    e.env.update(container="podman", NVIDIA_VISIBLE_DEVICES="void")


@fault("late-hidden-by-pth", "gpu-hidden")
def _(e):
    """a .pth file of the lab's package sets CUDA_VISIBLE_DEVICES for every Python that starts here"""
    sim(e, obey=True)
    e.write(e.p("zz_gpu_policy.pth"), "import os; os.environ.setdefault('CUDA_VISIBLE_DEVICES', '')\n")


@fault("late-no-dev-files", "gpu-hidden")
def _(e):
    """the queue gave no GPU to the job and says so as CUDA_VISIBLE_DEVICES=NoDevFiles"""
    sim(e, obey=True)
    e.env.update(SLURM_JOB_ID="4711", CUDA_VISIBLE_DEVICES="NoDevFiles")


# ---- TensorFlow lists these, and computes on none of them

@fault("late-exclusive-and-taken", "gpu-memory")
def _(e):
    """exclusive-process mode, and somebody's process holds 15 GB already"""
    sim(e, mode=3, free=9000)


@fault("late-driver-of-cuda-11", "driver-too-old")
def _(e):
    """driver 520.61.05 serves CUDA 11.8; CUDA 12 needs 525.60.13"""
    sim(e, kernel="520.61.05", cuda="11.8")


@fault("late-maxwell", "gpu-arch")
def _(e):
    """a GTX 980 (5.2) with a build for 6.0 and above"""
    sim(e, GTX980)


# ---- all is well

@fine("late-fine-32-bit-libcuda")
def _(e):
    """LD_LIBRARY_PATH names a game's folder with a 32-bit libcuda.so.1, which ld.so passes over"""
    sim(e)
    folder = os.path.join(e.dest, "lib32")
    os.makedirs(folder)
    libcuda(e, os.path.join(folder, "libcuda.so.1"))
    e.patch(os.path.join(folder, "libcuda.so.1"), 4, b"\x01")
    e.env["LD_LIBRARY_PATH"] = folder


@fine("late-fine-semicolons")
def _(e):
    """ld.so takes semicolons in LD_LIBRARY_PATH for colons; the toolkit is found"""
    sim(e)
    e.env["LD_LIBRARY_PATH"] = "/opt/none;" + installed_toolkit(e, "cuda-12.9")


@fine("late-fine-nvidia-linked")
def _(e):
    """the quota of HOME was reached: nvidia/ lies on another disk, and the link leads there"""
    sim(e)
    os.symlink(os.path.join(move_to(e, "scratch", "nvidia"), "nvidia"), e.p("nvidia"))


@fine("late-fine-nforce")
def _(e):
    """the only thing of NVIDIA's on the bus is an Ethernet controller"""
    sim(e, "nForce4 Ethernet:0057:0.0", kernel=None)
    inside(e, "echo 0x020000 > %s/class" % PCI)


@fine("late-fine-old-card-beside")
def _(e):
    """a GTX 980 for the screen beside the RTX 3090"""
    sim(e, [GTX980, RTX3090])


@fine("late-fine-221-linked", base="tf221cuda")
def _(e):
    """2.21 with a link to libcusolver in one of the folders that it does search"""
    sim(e)
    os.symlink("../../cusolver/lib/libcusolver.so.11", e.p("nvidia", "cublas", "lib", "libcusolver.so.11"))


@fine("late-fine-index-beyond")
def _(e):
    """CUDA_VISIBLE_DEVICES=0,5 on a machine with two GPUs: the first is used"""
    sim(e, [RTX3090, RTX3090], obey=True)
    e.env["CUDA_VISIBLE_DEVICES"] = "0,5"


@fine("late-fine-torch-cu13")
def _(e):
    """torch for CUDA 13 in the same environment, its wheels in nvidia/cu13"""
    sim(e, kernel="580.95.05", cuda="13.0")
    dummies(e, e.p("nvidia", "cu13", "lib"), ["cudart.so.13", "cublas.so.13", "cublasLt.so.13", "cufft.so.12", "cusolver.so.12", "cusparse.so.12"])
    add_dist(e, "torch", "2.9.1", "nvidia-cuda-runtime (==13.0.96)")
    add_dist(e, "nvidia-cuda-runtime", "13.0.96")
