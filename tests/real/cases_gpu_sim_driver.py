"""Drivers, variables and devices, written from the list of causes alone: more of the suite "gpu-sim"."""
import os

from gpu_env import A100, GTX980, K80, RTX3090, RTX4090, T4, V100, fault, fine, inside, known_to_ldso, libcuda, sim, without_rights


# ---- the driver

@fault("sim-cuinit-100-hidden", "gpu-hidden")
def _(e):
    """CUDA_VISIBLE_DEVICES=-1, and the driver says what it then says"""
    sim(e, cuinit=100)
    e.env["CUDA_VISIBLE_DEVICES"] = "-1"


@fault("sim-cuinit-101", "driver-broken", ["gpu-hidden"])
def _(e):
    """cuInit: invalid device"""
    sim(e, cuinit=101)


@fault("sim-cuinit-35", "driver-too-old")
def _(e):
    """the driver is too old for the libraries, says it"""
    sim(e, kernel="510.108.03", cuda="11.6", cuinit=35)


@fault("sim-cuinit-46", "gpu-memory", ["driver-broken"])
def _(e):
    """cuInit: device unavailable"""
    sim(e, cuinit=46, mode=3, free=2000)


@fault("sim-cuinit-34", "driver-broken", ["ldpath-conflict"])
def _(e):
    """the stub lies where ld.so looks, no variable leads to it"""
    sim(e, cuinit=34, nvml=0)


@fault("sim-cuinit-803", "driver-mismatch")
def _(e):
    """cuInit: driver mismatch, where both say the same version"""
    sim(e, cuinit=803)


@fault("sim-nvml-mismatch", "driver-mismatch")
def _(e):
    """an update without a restart"""
    sim(e, kernel="570.86.15", user="570.124.06", cuda="12.8", cuinit=804, nvml=18)


@fault("sim-floor-just-below", "driver-too-old")
def _(e):
    """one release below the floor of CUDA 12"""
    sim(e, T4, "525.53", cuda="12.0")


@fault("sim-ancient-390", "driver-too-old")
def _(e):
    """390 on a V100"""
    sim(e, V100, "390.157", cuda="9.1")


@fault("sim-ptx-b200", "driver-too-old")
def _(e):
    """a B200 and a driver of CUDA 12.2"""
    sim(e, "NVIDIA B200:2901:10.0", "535.183.01", cuda="12.2")


@fault("sim-libcuda-other-ldpath", "ldpath-conflict", ["driver-mismatch"])
def _(e):
    """LD_LIBRARY_PATH leads to another machine's libcuda"""
    sim(e)
    d = os.path.join(e.dest, "driver")
    e.cc(os.path.join(d, "libcuda.so.470.57.02"), "int cuInit(unsigned f){return 803;} int cuDriverGetVersion(int*v){*v=11040;return 0;}\n",
         "-Wl,-soname,libcuda.so.1")
    os.symlink("libcuda.so.470.57.02", os.path.join(d, "libcuda.so.1"))
    e.env["LD_LIBRARY_PATH"] = d


@fault("sim-libcuda-empty", "driver-missing", ["driver-broken"])
def _(e):
    """libcuda.so.1 has no bytes"""
    sim(e)
    e.write(os.path.join(e.dest, "empty"), b"")
    inside(e, "mount --bind %s/empty /usr/lib/x86_64-linux-gnu/libcuda.so.550.54.14" % e.dest)


@fault("sim-stub-in-cache", "driver-broken", ["driver-missing", "ldpath-conflict"])
def _(e):
    """/etc/ld.so.conf.d leads to the toolkit's stub, and the driver has no libraries"""
    sim(e, user="none")
    d = os.path.join(e.dest, "cuda", "lib64", "stubs")
    libcuda(e, os.path.join(d, "libcuda.so.1"))
    known_to_ldso(e, d)


@fault("sim-uvm-missing", "driver-broken", ["gpu-hidden", "gpu-permission"])
def _(e):
    """/dev/nvidia-uvm is not there"""
    sim(e, cuinit=999)
    inside(e, "rm /dev/nvidia-uvm")


@fault("sim-uvm-forbidden", "gpu-permission")
def _(e):
    """/dev/nvidia-uvm alone may not be opened"""
    sim(e, cuinit=999)
    inside(e, "chmod 0 /dev/nvidia-uvm")
    without_rights(e)


@fault("sim-no-nodes-libraries", "gpu-hidden", ["driver-broken"])
def _(e):
    """the driver's libraries are there, its device files are not"""
    sim(e, dev_mode="none", cuinit=100)


@fault("sim-none-asked-driver", "gpu-none", ["driver-broken"], tfdiag=["--expect", "gpu"])
def _(e):
    """the driver's libraries, and no GPU"""
    sim(e, None, None, user="550.54.14", cuinit=100, nvml=9)


# ---- variables

for _n, _value in (("none-word", "None"), ("all-word", "all"), ("device-name", "GPU:0"), ("cuda-name", "cuda:0"), ("brackets", "[0]"),
                   ("blank", " "), ("comma-first", ",0"), ("twice", "0,0"), ("nodev", "NoDevFiles"), ("minus-two", "-2"),
                   ("tab", "\t"), ("overflow", "99999999999999999999"), ("high-first", "2,0"), ("decimal", "2.0"), ("hash", "#0"),
                   ("semicolon-high", "5;0"), ("json", "{\"gpu\": 0}")):
    @fault("sim-hidden-" + _n, "gpu-hidden")
    def _(e, value=_value):
        """CUDA_VISIBLE_DEVICES hides both"""
        sim(e, [RTX3090, RTX4090], obey=True)
        e.env["CUDA_VISIBLE_DEVICES"] = value


for _n, _value in (("leading-zero", "00"), ("tail", "0abc"), ("ends-early", "1,7,0"), ("semicolon", "1;0"), ("plus", "+1"),
                   ("hexadecimal", "0x0"), ("decimal", "0.7"), ("newline", "0\n")):
    @fine("sim-visible-" + _n)
    def _(e, value=_value):
        """CUDA_VISIBLE_DEVICES leaves one"""
        sim(e, [RTX3090, RTX4090], obey=True)
        e.env["CUDA_VISIBLE_DEVICES"] = value


@fault("sim-hidden-good-one", "gpu-hidden", ["gpu-arch"])
def _(e):
    """CUDA_VISIBLE_DEVICES leaves the GPU that is too old"""
    sim(e, [RTX3090, K80], obey=True)
    e.env.update(CUDA_VISIBLE_DEVICES="1", CUDA_DEVICE_ORDER="PCI_BUS_ID")


@fault("sim-hidden-sitecustomize", "gpu-hidden")
def _(e):
    """sitecustomize hides the GPU"""
    sim(e, obey=True)
    e.write(e.p("sitecustomize.py"), "import os\nos.environ['CUDA_VISIBLE_DEVICES'] = '-1'\n")


@fault("sim-hidden-pth", "gpu-hidden")
def _(e):
    """a .pth file hides the GPU"""
    sim(e, obey=True)
    e.write(e.p("zz_nogpu.pth"), "import os; os.environ['CUDA_VISIBLE_DEVICES'] = ''\n")


@fine("sim-shown-sitecustomize")
def _(e):
    """the variable hides the GPU, sitecustomize takes it away"""
    sim(e, obey=True)
    e.write(e.p("sitecustomize.py"), "import os\nos.environ.pop('CUDA_VISIBLE_DEVICES', None)\n")
    e.env["CUDA_VISIBLE_DEVICES"] = "-1"


@fine("sim-variables-harmless")
def _(e):
    """variables that change nothing"""
    sim(e)
    e.env.update(CUDA_LAUNCH_BLOCKING="1", CUDA_MODULE_LOADING="LAZY", TF_GPU_ALLOCATOR="cuda_malloc_async", TF_CPP_MIN_LOG_LEVEL="3",
                 NVIDIA_TF32_OVERRIDE="0", CUDA_HOME="/nonexistent", TF_ENABLE_ONEDNN_OPTS="0", NVIDIA_VISIBLE_DEVICES="none",
                 XLA_FLAGS="--xla_gpu_autotune_level=2", HIP_VISIBLE_DEVICES="-1", cuda_visible_devices="-1")


@fine("sim-stub-folder-link-name")
def _(e):
    """LD_LIBRARY_PATH leads to stubs that nobody opens: libcuda.so without .1"""
    sim(e)
    d = os.path.join(e.dest, "cuda", "lib64", "stubs")
    libcuda(e, os.path.join(d, "libcuda.so"))
    e.env["LD_LIBRARY_PATH"] = d


# ---- devices

@fault("sim-arch-both-old", "gpu-arch")
def _(e):
    """two GPUs, both too old"""
    sim(e, [K80, GTX980])


@fault("sim-arch-pascal-cudnn", "cudnn-version")
def _(e):
    """a P100, which cuDNN 9.28 has dropped"""
    sim(e, "Tesla P100-PCIE-16GB:15f8:6.0")


@fault("sim-memory-two", "gpu-memory")
def _(e):
    """both GPUs are full"""
    sim(e, [RTX3090, RTX4090], free=20)


@fault("sim-exclusive-thread", "gpu-memory")
def _(e):
    """exclusive thread, somebody computes"""
    sim(e, mode=1, free=1000)


@fine("sim-small-gpu")
def _(e):
    """a small GPU with a desktop on it"""
    sim(e, "NVIDIA T400:1ff2:7.5", total=2048, free=1400)


@fine("sim-unknown-chip")
def _(e):
    """a GPU that no table knows"""
    sim(e, "NVIDIA GeForce RTX 6090:3f01:12.0", "610.43.02", cuda="13.3")


@fine("sim-many")
def _(e):
    """eight GPUs"""
    sim(e, [A100] * 8, "580.65.06", cuda="13.0", total=40960, free=40000)
