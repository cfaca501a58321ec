"""Real TensorFlow with real CUDA libraries on simulated GPUs (gpusim.py: root and gcc on Linux): suite "gpu-sim".

Nothing computes there, and the simulated driver obeys no variable, so what TensorFlow lists is no measure: what is
examined is judged."""
import glob
import os

from gpu_env import A100, GTX980, K80, RTX3090, RTX4090, RTX5090, T4, drop, fault, fine, libcuda, sim, without_rights
from realenv import NotFit


# ---- healthy, and look-alikes

for _n, _gpu, _kernel, _cuda in (("3090", RTX3090, "550.54.14", "12.4"), ("a100", A100, "535.104.05", "12.2"),
                                 ("4090", RTX4090, "570.124.06", "12.8"), ("5090", RTX5090, "575.57.08", "12.9"),
                                 ("t4-floor", T4, "525.60.13", "12.0"), ("two", [RTX3090, RTX4090], "550.54.14", "12.4")):
    @fine("sim-healthy-" + _n)
    def _(e, gpu=_gpu, kernel=_kernel, cuda=_cuda):
        """a GPU, its driver, and TensorFlow with CUDA"""
        sim(e, gpu, kernel, cuda=cuda)


@fine("sim-healthy-expected", tfdiag=["--expect", "gpu"])
def _(e):
    """the same with --expect gpu"""
    sim(e)


@fine("sim-visible-0")
def _(e):
    """CUDA_VISIBLE_DEVICES=0"""
    sim(e)
    e.env["CUDA_VISIBLE_DEVICES"] = "0"


@fine("sim-visible-spaces")
def _(e):
    """CUDA_VISIBLE_DEVICES=' 1 , 0' with two GPUs"""
    sim(e, [RTX3090, RTX4090])
    e.env["CUDA_VISIBLE_DEVICES"] = " 1 , 0"


@fine("sim-visible-uuid")
def _(e):
    """CUDA_VISIBLE_DEVICES names an UUID"""
    sim(e)
    e.env["CUDA_VISIBLE_DEVICES"] = "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"


@fine("sim-growth")
def _(e):
    """TF_FORCE_GPU_ALLOW_GROWTH and other harmless variables"""
    sim(e)
    e.env.update(TF_FORCE_GPU_ALLOW_GROWTH="true", CUDA_DEVICE_ORDER="PCI_BUS_ID", NVIDIA_VISIBLE_DEVICES="all")


@fine("sim-full-but-other")
def _(e):
    """exclusive mode, nothing on it"""
    sim(e, mode=3, free=23900, total=24000)


@fine("sim-ldpath-own")
def _(e):
    """LD_LIBRARY_PATH names the same wheels' folders"""
    sim(e)
    e.env["LD_LIBRARY_PATH"] = ":".join(sorted(glob.glob(e.p("nvidia", "*", "lib"))))


@fine("sim-xla-dir-gone")
def _(e):
    """XLA_FLAGS names no CUDA: the wheel's is found all the same"""
    sim(e)
    e.env["XLA_FLAGS"] = "--xla_gpu_cuda_data_dir=/nonexistent/cuda"


@fine("sim-import-only", tfdiag=["--expect", "import"])
def _(e):
    """broken GPU, and only the import is asked for"""
    sim(e, kernel=None)
    e.env["CUDA_VISIBLE_DEVICES"] = "-1"


@fine("sim-cpu-build", "tf220")
def _(e):
    """tensorflow-cpu beside a GPU, no GPU asked for"""
    sim(e)


@fine("sim-cupti-gone")
def _(e):
    """CUPTI and cuRAND are not needed to list or compute"""
    sim(e)
    drop(e, "nvidia-cuda-cupti-cu12")


# ---- the driver

@fault("sim-no-driver", "driver-missing")
def _(e):
    """a GPU and no driver at all"""
    sim(e, kernel=None)


@fault("sim-nouveau", "driver-missing")
def _(e):
    """nouveau drives the GPU"""
    sim(e, kernel=None, nouveau=True)


@fault("sim-no-user-libraries", "driver-missing")
def _(e):
    """the kernel module runs, libcuda is not installed"""
    sim(e, user="none")


@fault("sim-no-module", "driver-broken", ["driver-missing"])
def _(e):
    """libraries of the driver, no kernel module"""
    sim(e, kernel=None, user="550.54.14", cuinit=100, nvml=9)


@fault("sim-mismatch", "driver-mismatch")
def _(e):
    """kernel 550, libraries 535"""
    sim(e, user="535.104.05", cuinit=803, nvml=18)


@fault("sim-mismatch-minor", "driver-mismatch")
def _(e):
    """two releases of one branch"""
    sim(e, kernel="550.54.14", user="550.90.07", cuinit=803, nvml=18)


@fault("sim-too-old-470", "driver-too-old")
def _(e):
    """470 runs CUDA 11 only"""
    sim(e, kernel="470.57.02", cuda="11.4")


@fault("sim-too-old-515", "driver-too-old")
def _(e):
    """515 is just below the first driver for CUDA 12"""
    sim(e, kernel="515.105.01", cuda="11.7")


@fault("sim-too-old-for-ptx", "driver-too-old")
def _(e):
    """an RTX 5090 has only intermediate code, which 550 cannot compile"""
    sim(e, RTX5090, "550.54.14")


@fault("sim-cuinit-999", "driver-broken")
def _(e):
    """cuInit fails with an unknown error"""
    sim(e, cuinit=999)


@fault("sim-cuinit-802", "driver-broken")
def _(e):
    """the fabric manager is not up"""
    sim(e, A100, cuinit=802)


@fault("sim-cuinit-3", "driver-broken")
def _(e):
    """cuInit: not initialised"""
    sim(e, cuinit=3, nvml=999)


@fault("sim-cuinit-100", "driver-broken", ["gpu-hidden"])
def _(e):
    """the driver has no device to offer"""
    sim(e, cuinit=100)


@fault("sim-nvml-999", "driver-broken")
def _(e):
    """neither NVML nor CUDA start"""
    sim(e, cuinit=999, nvml=999)


@fault("sim-stub", "ldpath-conflict", ["driver-broken"])
def _(e):
    """LD_LIBRARY_PATH leads to the toolkit's stub"""
    sim(e)
    d = os.path.join(e.dest, "cuda", "lib64", "stubs")
    libcuda(e, os.path.join(d, "libcuda.so.1"))
    e.env["LD_LIBRARY_PATH"] = d


# ---- hidden, forbidden, taken

for _n, _value in (("minus-one", "-1"), ("empty", ""), ("word", "none"), ("too-high", "3"), ("bad-first", "-1,0"),
                   ("quoted", "\"0\"")):
    @fault("sim-hidden-" + _n, "gpu-hidden")
    def _(e, value=_value):
        """CUDA_VISIBLE_DEVICES hides it"""
        sim(e)
        e.env["CUDA_VISIBLE_DEVICES"] = value


@fault("sim-container-without-gpu", "gpu-hidden", ["driver-missing"])
def _(e):
    """the host's module is loaded, no device files, no libraries: started without --gpus"""
    if not os.path.exists("/.dockerenv"):
        raise NotFit("needs a container")
    sim(e, user="none", dev_mode="none")


@fault("sim-permission", "gpu-permission")
def _(e):
    """the device files may not be opened"""
    sim(e, dev_mode="0000", cuinit=304)
    without_rights(e)


@fault("sim-memory", "gpu-memory")
def _(e):
    """100 MiB are free"""
    sim(e, free=100)


@fault("sim-prohibited", "gpu-memory")
def _(e):
    """compute mode: prohibited"""
    sim(e, mode=2)


@fault("sim-exclusive-taken", "gpu-memory")
def _(e):
    """exclusive mode, and somebody computes"""
    sim(e, mode=3, free=4000)


# ---- device and build

@fault("sim-arch-kepler", "gpu-arch")
def _(e):
    """compute capability 3.7"""
    sim(e, K80)


@fault("sim-arch-maxwell", "gpu-arch")
def _(e):
    """compute capability 5.2"""
    sim(e, GTX980)


@fault("sim-none", "gpu-none", tfdiag=["--expect", "gpu"])
def _(e):
    """no GPU"""
    sim(e, None, None)


@fault("sim-cpu-build-asked", "tf-no-gpu-build", base="tf220", tfdiag=["--expect", "gpu"])
def _(e):
    """tensorflow-cpu, and a GPU is asked for"""
    sim(e)


@fault("sim-cpu-build-fail-on", "tf-no-gpu-build", base="tf220", tfdiag=["--fail-on", "gpu"])
def _(e):
    """the same with --fail-on gpu"""
    sim(e)


# ---- beside an import that fails

@fault("sim-import-first", "dep-other")
def _(e):
    """a package is missing and the GPU is hidden: the import comes first"""
    sim(e)
    drop(e, "wrapt")
    e.env["CUDA_VISIBLE_DEVICES"] = "-1"
