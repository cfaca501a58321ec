"""Odd machines on which the GPU is there all the same, written without a look at the rules: more of the suite "gpu-sim"."""
import argparse
import os
import pathlib
import shutil

import gpusim
from gpu_env import (A100, CUDA11, CUDA12, GTX980, RTX3090, RTX4090, add_dist, as_stranger, bind_to, cudnn9, dummies, fine, inside,
                     known_to_ldso, sim, toolkit, wheel_of_cudnn)

SECOND = "/sys/bus/pci/devices/0000:02:00.0"


@fine("sim-cache-has-old-cuda")
def _(e):
    """ld.so.cache has a whole CUDA 12.0 with cuDNN 9.0: the RUNPATH of TensorFlow comes before it"""
    sim(e)
    cudnn9(e, dummies(e, os.path.join(toolkit(e, "cuda-12.0"), "lib64"), CUDA12 + ["nvJitLink.so.12"]), "9.0.0")
    known_to_ldso(e, "/usr/local/cuda-12.0/lib64")


@fine("sim-cuda11-everywhere")
def _(e):
    """CUDA 11.8 and cuDNN 8 in PATH, CUDA_HOME and LD_LIBRARY_PATH: other names"""
    sim(e)
    d = toolkit(e, "cuda-11.8")
    dummies(e, os.path.join(d, "lib64"), CUDA11 + ["cudnn.so.8"])
    e.write(os.path.join(d, "bin", "nvcc"), "#!/bin/sh\necho 'Cuda compilation tools, release 11.8, V11.8.89'\n", 0o755)
    e.env.update(LD_LIBRARY_PATH="/usr/local/cuda-11.8/lib64", CUDA_HOME="/usr/local/cuda-11.8",
                 PATH="/usr/local/cuda-11.8/bin:" + os.environ["PATH"])


@fine("sim-nvml-broken-alone")
def _(e):
    """NVML does not start, CUDA does"""
    sim(e, nvml=999)


@fine("sim-group-member")
def _(e):
    """the device files are for a group, and this user is in it"""
    sim(e, dev_mode="0660")
    as_stranger(e, 44)
    e.wrap += ["setpriv", "--groups", "44", "--"]


@fine("sim-second-vfio")
def _(e):
    """the second GPU belongs to a virtual machine"""
    sim(e, [RTX3090, RTX4090])
    inside(e, "rm /dev/nvidia1")
    bind_to(e, SECOND, "vfio-pci")


@fine("sim-second-nouveau")
def _(e):
    """an old second GPU is driven by nouveau"""
    sim(e, [RTX3090, GTX980])
    inside(e, "rm /dev/nvidia1")
    bind_to(e, SECOND, "nouveau")


@fine("sim-first-node-missing")
def _(e):
    """a container was given the second of two GPUs"""
    sim(e, [RTX3090, RTX4090])
    inside(e, "rm /dev/nvidia0")


@fine("sim-preload-nowhere")
def _(e):
    """LD_PRELOAD names a file that is not there, which ld.so passes over"""
    sim(e)
    e.env["LD_PRELOAD"] = "/nonexistent/libjemalloc.so.2"


@fine("sim-jax-beside")
def _(e):
    """JAX with plugins for CUDA 12 beside it, content with what is there"""
    sim(e)
    add_dist(e, "jax-cuda12-plugin", "0.7.1", "nvidia-cudnn-cu12<10.0,>=9.8", "nvidia-cublas-cu12>=12.1.3.1",
             "nvidia-cuda-nvcc-cu12>=12.6.85")


@fine("sim-cudnn8-beside")
def _(e):
    """the wheel of cuDNN 8 for CUDA 11 shares the folder, under other names"""
    sim(e)
    wheel_of_cudnn(e, "cu11", "8.9.6.50")
    record = e.p("nvidia_cudnn_cu11-8.9.6.50.dist-info", "RECORD")
    e.write(record, "nvidia/cudnn/lib/libcudnn.so.8,,\nnvidia_cudnn_cu11-8.9.6.50.dist-info/METADATA,,\n")
    dummies(e, e.p("nvidia", "cudnn", "lib"), ["cudnn.so.8"])


@fine("sim-driver-590")
def _(e):
    """the driver of CUDA 13.1"""
    sim(e, RTX4090, "590.48.01", cuda="13.1")


@fine("sim-forward-compatible")
def _(e):
    """an A100 with driver 470 and, in LD_LIBRARY_PATH, the libcuda of NVIDIA's forward-compatibility package"""
    sim(e, A100, "470.223.02", cuda="11.4")
    d = pathlib.Path(e.dest, "cuda-12.2", "compat")
    d.mkdir(parents=True)
    gpusim.build(d, argparse.Namespace(cuda="12.2", cuinit=0, nvml=0, total=40000, free=39000, mode=0, obey=False),
                 [A100.rsplit(":", 2)], "535.104.05")
    for path in d.glob("libnvidia-ml*"):
        path.unlink()
    e.env["LD_LIBRARY_PATH"] = str(d)


@fine("sim-221-ldpath-semicolon", "tf221cuda")
def _(e):
    """2.21.0, and LD_LIBRARY_PATH separates its folders by semicolons, as it may"""
    sim(e)
    e.env["LD_LIBRARY_PATH"] = "/opt/nowhere;" + e.p("nvidia", "cusolver", "lib")


@fine("sim-221-no-gpu", "tf221cuda")
def _(e):
    """2.21.0 on a machine without a GPU: nobody misses cuSOLVER"""
    sim(e, None, None)


@fine("sim-old-toolkit-for-xla")
def _(e):
    """XLA_FLAGS leads to an old toolkit: its libdevice serves, its ptxas is passed over"""
    sim(e)
    d = toolkit(e, "cuda-11.2")
    os.makedirs(os.path.join(d, "nvvm", "libdevice"))
    shutil.copyfile(e.one("nvidia", "cuda_nvcc", "nvvm", "libdevice", "libdevice.10.bc"), os.path.join(d, "nvvm", "libdevice", "libdevice.10.bc"))
    e.write(os.path.join(d, "bin", "ptxas"), "#!/bin/sh\necho 'Cuda compilation tools, release 11.2, V11.2.152'\n", 0o755)
    e.env["XLA_FLAGS"] = "--xla_gpu_cuda_data_dir=/usr/local/cuda-11.2"


@fine("sim-odd-variables")
def _(e):
    """variables that look as if they mattered"""
    sim(e)
    e.env.update(CUDA_CACHE_PATH="/proc/nowhere", CUDA_MODULE_LOADING="EAGER", CUDA_HOME="/nonexistent", TF_GPU_THREAD_MODE="gpu_private",
                 NVIDIA_TF32_OVERRIDE="0", CUDA_LAUNCH_BLOCKING="1", TF_CUDNN_USE_AUTOTUNE="0", GPU_DEVICE_ORDINAL="-1")


@fine("sim-expected-exclusive-free", tfdiag=["--expect", "gpu"])
def _(e):
    """two GPUs in exclusive mode, nobody on them, and a GPU asked for"""
    sim(e, [A100, A100], mode=3, free=39990, total=40000)
