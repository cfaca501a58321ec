"""The GPU is not seen: listed as suite "gpu", run by no suite yet."""
import glob
import os
import re

from realenv import NotFit, case


GPU = "import tensorflow as tf; assert tf.config.list_physical_devices('GPU'), 'no GPU'"


@case("gpu-no-driver", "tf221", "gpu-none", ["driver-missing"], suite="gpu", tfdiag=["--expect", "gpu"])
def _(e):
    """full wheel, no driver and no CUDA libraries"""
    e.statement = GPU
    return None


@case("gpu-hidden", "tf221", "gpu-none", ["driver-missing"], suite="gpu", tfdiag=["--expect", "gpu"])
def _(e):
    """the same with CUDA_VISIBLE_DEVICES=-1"""
    e.env["CUDA_VISIBLE_DEVICES"] = "-1"
    e.statement = GPU
    return None


@case("gpu-cpu-build", "tf220", "tf-no-gpu-build", ["gpu-none"], suite="gpu", tfdiag=["--expect", "gpu"])
def _(e):
    """tensorflow-cpu: never sees a GPU"""
    e.statement = GPU
    return None


@case("gpu-cuda-libs-no-driver", "tf221cuda", "gpu-none", ["driver-missing"], suite="gpu", tfdiag=["--expect", "gpu"])
def _(e):
    """tensorflow[and-cuda] with all pip CUDA libraries, no driver"""
    e.statement = GPU
    return None


@case("gpu-cudnn-gone", "tf221cuda", "gpu-none", ["driver-missing"], suite="gpu", tfdiag=["--expect", "gpu"])
def _(e):
    """tensorflow[and-cuda] with nvidia-cudnn uninstalled, and no driver (the repair mends cuDNN only)"""
    n = [os.path.basename(d).split("-")[0] for d in glob.glob(e.p("nvidia_cudnn_cu*.dist-info"))]
    v = e.uninstall(n[0])
    e.statement = GPU
    return "python -m pip install %s==%s" % (n[0].replace("_", "-"), v)
