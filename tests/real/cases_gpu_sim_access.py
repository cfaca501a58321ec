"""Devices, device files, the driver's own libraries and containers: more of the suite "gpu-sim"."""
import os

from gpu_env import (A100, H200, K80, PCI, RTX3090, RTX4090, RTX5090, V100, as_stranger, bind_to, fault, fine, hide, in_its_place,
                     inside, libcuda, sim)
from realenv import NotFit


# ---- the driver's libraries

@fault("sim-libcuda-dangling", "driver-missing", ["driver-broken"])
def _(e):
    """an update took the file away to which libcuda.so.1 links"""
    sim(e)
    hide(e, "libcuda.so.550.54.14")


@fault("sim-libcuda-i386", "driver-missing", ["driver-broken"])
def _(e):
    """the libcuda of 32 bits lies in the place of the other"""
    sim(e)
    in_its_place(e, "libcuda.so.550.54.14", lambda p: e.write(p, b"\x7fELF\x01\x01\x01" + b"\0" * 9 + b"\x03\0\x03\0" + b"\0" * 200))


@fault("sim-utility-only", "driver-missing", ["gpu-hidden"])
def _(e):
    """a container with NVIDIA_DRIVER_CAPABILITIES=utility: NVML is handed in, libcuda is not"""
    sim(e)
    hide(e, "libcuda.so.1", "libcuda.so.550.54.14")
    e.env["NVIDIA_DRIVER_CAPABILITIES"] = "utility"


@fault("sim-preload-stub", "ldpath-conflict", ["driver-broken"])
def _(e):
    """LD_PRELOAD brings the toolkit's stub"""
    sim(e)
    path = os.path.join(e.dest, "cuda", "lib64", "stubs", "libcuda.so")
    libcuda(e, path)
    e.env["LD_PRELOAD"] = path


@fault("sim-compat-geforce", "driver-mismatch", ["ldpath-conflict", "driver-too-old"])
def _(e):
    """the forward-compatibility package of a newer CUDA on a GeForce, which it does not serve"""
    sim(e, RTX3090, "470.223.02", cuda="11.4")
    d = os.path.join(e.dest, "usr", "local", "cuda-12.4", "compat")
    libcuda(e, os.path.join(d, "libcuda.so.550.54.15"), 804)
    os.symlink("libcuda.so.550.54.15", os.path.join(d, "libcuda.so.1"))
    e.env["LD_LIBRARY_PATH"] = d


@fine("sim-no-nvml")
def _(e):
    """NVML is not installed: TensorFlow does not ask it"""
    sim(e)
    hide(e, "libnvidia-ml.so.1", "libnvidia-ml.so.550.54.14")


@fine("sim-libcuda-i386-ldpath")
def _(e):
    """LD_LIBRARY_PATH leads to libraries of 32 bits, which ld.so passes over"""
    sim(e)
    d = os.path.join(e.dest, "lib32")
    for name in ("libcuda.so.1", "libcudnn.so.9", "libcublas.so.12"):
        e.write(os.path.join(d, name), b"\x7fELF\x01\x01\x01" + b"\0" * 9 + b"\x03\0\x03\0" + b"\0" * 200)
    e.env["LD_LIBRARY_PATH"] = d


# ---- device files

@fault("sim-node-0-missing", "gpu-hidden", ["driver-broken", "gpu-permission"])
def _(e):
    """/dev/nvidiactl is there, /dev/nvidia0 is not"""
    sim(e, cuinit=100)
    inside(e, "rm /dev/nvidia0")


@fault("sim-ctl-missing", "driver-broken", ["gpu-hidden"])
def _(e):
    """/dev/nvidia0 is there, /dev/nvidiactl is not"""
    sim(e, cuinit=100)
    inside(e, "rm /dev/nvidiactl")


@fault("sim-group-video", "gpu-permission")
def _(e):
    """the device files belong to a group that this user is not in"""
    sim(e, dev_mode="0660", cuinit=100)
    as_stranger(e, 44)


@fault("sim-read-only-nodes", "gpu-permission")
def _(e):
    """the device files may be read and not written"""
    sim(e, dev_mode="0644", cuinit=100)
    as_stranger(e)


@fault("sim-node-is-folder", "driver-broken", ["gpu-hidden", "gpu-permission"])
def _(e):
    """docker run -v /dev/nvidia0:… on a host without that file made a folder of the name"""
    sim(e, cuinit=100)
    inside(e, "rm /dev/nvidia0; mkdir /dev/nvidia0")


@fine("sim-user-may")
def _(e):
    """an ordinary user, device files open to everybody"""
    sim(e)
    as_stranger(e)


@fine("sim-second-node-missing")
def _(e):
    """a container was given one of two GPUs by --device: the other one's file is not there"""
    sim(e, [RTX3090, RTX4090])
    inside(e, "rm /dev/nvidia1")


# ---- the bus and the kernel

@fault("sim-vfio", "gpu-hidden", ["driver-missing", "driver-broken"])
def _(e):
    """the GPU is bound to vfio-pci for a virtual machine"""
    sim(e, dev_mode="none", cuinit=100)
    bind_to(e, PCI, "vfio-pci")


@fault("sim-unbound", "driver-broken", ["driver-missing"])
def _(e):
    """the module is loaded, and the GPU bound to no driver: it refused the device"""
    sim(e, dev_mode="none", cuinit=100)
    bind_to(e, PCI, "")


@fault("sim-fabric-manager", "driver-broken")
def _(e):
    """eight A100 with NVSwitch, and no fabric manager runs"""
    sim(e, [A100] * 8, "535.104.05", cuda="12.2", cuinit=802)
    switch = "/sys/bus/pci/devices/0000:c0:00.0"
    inside(e, "mkdir {0}; echo 0x10de >{0}/vendor; echo 0x1af1 >{0}/device; echo 0x068000 >{0}/class".format(switch))
    bind_to(e, switch, "nvidia-nvswitch")


@fault("sim-closed-module-blackwell", "driver-broken")
def _(e):
    """an RTX 5090 needs the open kernel modules, NVIDIA's closed ones are loaded"""
    sim(e, RTX5090, "575.57.08", cuda="12.9", cuinit=100)


@fault("sim-volta-590", "driver-broken", ["gpu-arch", "driver-mismatch", "driver-too-old"])
def _(e):
    """the driver 590 has dropped Volta"""
    sim(e, V100, "590.48.01", cuda="13.1", cuinit=100)


@fault("sim-a100-450", "driver-too-old")
def _(e):
    """an A100 with the first driver that knew it"""
    sim(e, A100, "450.80.02", cuda="11.0")


@fault("sim-xid", "driver-broken")
def _(e):
    """the GPU has fallen off the bus: NVML calls it lost"""
    sim(e, cuinit=999, nvml=15)


@fault("sim-cuinit-2", "gpu-memory", ["driver-broken"])
def _(e):
    """cuInit: out of memory"""
    sim(e, cuinit=2, free=3)


@fine("sim-h200")
def _(e):
    """an H200 with the driver of CUDA 13"""
    sim(e, H200, "580.95.05", cuda="13.0", total=143771, free=143000)


@fine("sim-no-sysfs")
def _(e):
    """a sandbox without a PCI bus in /sys; the device files are there"""
    sim(e)
    inside(e, "mount -t tmpfs none /sys/bus/pci/devices")


@fine("sim-no-proc-driver")
def _(e):
    """a sandbox that shows no /proc/driver"""
    sim(e)
    inside(e, "mount -t tmpfs none /proc/driver")


@fine("sim-amd-only")
def _(e):
    """the machine has a GPU of AMD's alone"""
    sim(e, RTX3090, None)
    inside(e, "echo 0x1002 >%s/vendor; echo 0x73bf >%s/device" % (PCI, PCI))


# ---- variables

for _n, _value in (("unknown-uuid", "GPU-deadbeef-dead-beef-dead-beefdeadbeef"), ("mig-uuid", "MIG-GPU-8932f937-d72c-4106-c12f-20bd9faed9f6/1/0")):
    @fault("sim-hidden-" + _n, "gpu-hidden", ["driver-broken"])
    def _(e, value=_value):
        """CUDA_VISIBLE_DEVICES names a device that is not there"""
        sim(e, obey=True)
        e.env["CUDA_VISIBLE_DEVICES"] = value


@fault("sim-hidden-and-old", "gpu-hidden", ["gpu-arch"])
def _(e):
    """the GPU that CUDA_VISIBLE_DEVICES leaves is too old, by its number in the order of the bus"""
    sim(e, [K80, RTX4090], obey=True)
    e.env.update(CUDA_VISIBLE_DEVICES="0", CUDA_DEVICE_ORDER="PCI_BUS_ID")


@fault("sim-hidden-container-void", "gpu-hidden", ["driver-missing"])
def _(e):
    """NVIDIA_VISIBLE_DEVICES=void: the container run time hands nothing in"""
    if not os.path.exists("/.dockerenv"):
        raise NotFit("needs a container")
    sim(e, user="none", dev_mode="none")
    e.env["NVIDIA_VISIBLE_DEVICES"] = "void"
