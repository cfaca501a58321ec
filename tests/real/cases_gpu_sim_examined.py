"""Wheels, toolkits and builds, written from the list of causes alone: more of the suite "gpu-sim"."""
import glob
import os
import shutil

from gpu_env import (CUDA11, CUDA12, add_dist, cudnn9, cudnn_object, drop, dummies, fault, fine, known_to_ldso, lib, move,
                     rename_version, sim, toolkit, unreadable, wheel_of_cudnn)


# ---- wheels

@fault("sim-nvidia-folder-gone", "cuda-missing", ["cudnn-missing"])
def _(e):
    """site-packages/nvidia was deleted by hand, the metadata is there"""
    sim(e)
    shutil.rmtree(e.p("nvidia"))


@fault("sim-nvidia-all-gone", "cuda-missing", ["cudnn-missing"])
def _(e):
    """every wheel of NVIDIA's was uninstalled"""
    sim(e)
    drop(e, *[os.path.basename(d).split("-")[0].replace("_", "-") for d in glob.glob(e.p("nvidia_*.dist-info"))])


@fault("sim-cudnn-folder-gone", "cudnn-missing")
def _(e):
    """the folder of cuDNN was deleted"""
    sim(e)
    e.rm(e.p("nvidia", "cudnn"))


@fault("sim-cublas-empty", "cuda-missing", ["tf-corrupt", "dep-other"])
def _(e):
    """the disk was full: libcublas has no bytes"""
    sim(e)
    e.write(lib(e, "cublas", "libcublas.so.12"), b"")


@fault("sim-cusparse-half", "cuda-missing", ["tf-corrupt", "dep-other"])
def _(e):
    """the first half of libcusparse"""
    sim(e)
    e.truncate(lib(e, "cusparse", "libcusparse.so.12"))


@fault("sim-nvjitlink-file-gone", "cuda-missing", ["tf-corrupt", "dep-other"])
def _(e):
    """libnvJitLink, which cuSPARSE needs, was deleted"""
    sim(e)
    e.rm(lib(e, "nvjitlink", "libnvJitLink.so.12"))


@fault("sim-two-parts-gone", "cuda-missing", ["cudnn-missing"])
def _(e):
    """cuDNN and cuFFT are not installed"""
    sim(e)
    drop(e, "nvidia-cudnn-cu12", "nvidia-cufft-cu12")


@fault("sim-cudnn-8-wheel", "cudnn-version", ["cudnn-missing"])
def _(e):
    """the wheel of cuDNN 8.9"""
    sim(e)
    for f in glob.glob(e.p("nvidia", "cudnn", "lib", "libcudnn*")):
        os.unlink(f)
    dummies(e, e.p("nvidia", "cudnn", "lib"), ["cudnn.so.8", "cudnn_ops_infer.so.8", "cudnn_cnn_infer.so.8", "cudnn_adv_infer.so.8",
                                             "cudnn_ops_train.so.8", "cudnn_cnn_train.so.8", "cudnn_adv_train.so.8"])
    rename_version(e, "nvidia-cudnn-cu12", "8.9.7.29")


@fault("sim-cuda13-wheels", "cuda-version", ["cuda-missing"])
def _(e):
    """wheels of CUDA 13 in place of 12's"""
    sim(e)
    drop(e, "nvidia-cuda-runtime-cu12", "nvidia-cublas-cu12", "nvidia-cufft-cu12", "nvidia-cusparse-cu12", "nvidia-cusolver-cu12",
         "nvidia-nvjitlink-cu12")
    dummies(e, e.p("nvidia", "cu13", "lib"), ["cudart.so.13", "cublas.so.13", "cublasLt.so.13", "cufft.so.12", "cusolver.so.12"])
    add_dist(e, "nvidia-cuda-runtime", "13.0.96")
    add_dist(e, "nvidia-cublas", "13.1.0.3")


@fault("sim-torch-pins-cudnn", "cudnn-version", ["library-conflict"])
def _(e):
    """torch brought the cuDNN that it pins"""
    sim(e)
    rename_version(e, "nvidia-cudnn-cu12", "9.1.0.70")
    add_dist(e, "torch", "2.6.0", 'nvidia-cudnn-cu12==9.1.0.70; platform_system == "Linux"')


@fault("sim-cudnn-of-cuda13", "cuda-mixed", ["cudnn-version", "library-conflict", "cudnn-missing"])
def _(e):
    """nvidia-cudnn-cu13 9.1 was laid over the files of nvidia-cudnn-cu12"""
    sim(e)
    for part in ("graph", "ops", "adv"):
        cudnn_object(e, part, (9 << 16) + (1 << 8))
    wheel_of_cudnn(e, "cu13", "9.1.0.70")


@fault("sim-cudnn-part-foreign", "cuda-mixed", ["cudnn-version", "dep-other", "tf-corrupt"])
def _(e):
    """libcudnn_ops of 9.5 was copied into the wheel's folder"""
    sim(e)
    cudnn_object(e, "ops", (9 << 16) + (5 << 8) + 1)


@fault("sim-cuda-target-folder", "cuda-path", ["cuda-missing"])
def _(e):
    """NVIDIA's wheels were installed into a folder on PYTHONPATH, where TensorFlow does not look"""
    sim(e)
    d = os.path.join(e.dest, "extra")
    os.makedirs(d)
    shutil.move(e.p("nvidia"), os.path.join(d, "nvidia"))
    for info in glob.glob(e.p("nvidia_*.dist-info")):
        shutil.move(info, d)
    e.env["PYTHONPATH"] = d


@fault("sim-cublas-elsewhere", "cuda-path")
def _(e):
    """cuBLAS, which cuDNN and cuSOLVER need as well, lies in CUDA_HOME alone"""
    sim(e)
    home = os.path.join(e.dest, "cuda-12")
    for f in ("libcublas.so.12", "libcublasLt.so.12"):
        move(e, lib(e, "cublas", f), "cuda-12/lib64")
    e.env["CUDA_HOME"] = home


@fault("sim-221-no-cudnn", "cudnn-missing", ["cuda-path", "cuda-missing"], base="tf221cuda")
def _(e):
    """2.21.0 with cuSOLVER's folder in LD_LIBRARY_PATH, and no cuDNN"""
    sim(e)
    drop(e, "nvidia-cudnn-cu12")
    e.env["LD_LIBRARY_PATH"] = e.p("nvidia", "cusolver", "lib")


@fault("sim-221-no-cusolver", "cuda-missing", base="tf221cuda")
def _(e):
    """2.21.0 without the wheel of cuSOLVER"""
    sim(e)
    drop(e, "nvidia-cusolver-cu12")


@fault("sim-221-hidden", "gpu-hidden", ["cuda-path"], base="tf221cuda")
def _(e):
    """2.21.0, whose RUNPATH has a gap, and a GPU that is hidden"""
    sim(e, obey=True)
    e.env["CUDA_VISIBLE_DEVICES"] = "-1"


@fine("sim-221-link", "tf221cuda")
def _(e):
    """2.21.0 with a link to libcusolver in a folder where it looks"""
    sim(e)
    os.symlink("../../cusolver/lib/libcusolver.so.11", e.p("nvidia", "cublas", "lib", "libcusolver.so.11"))


# ---- system's CUDA

@fault("sim-system-cuda11", "cuda-version", ["cuda-missing"], base="tf221")
def _(e):
    """CUDA 11.8 in /usr/local and in ld.so.cache, no wheels"""
    sim(e)
    d = toolkit(e, "cuda-11.8")
    dummies(e, os.path.join(d, "lib64"), CUDA11 + ["cudnn.so.8"])
    known_to_ldso(e, "/usr/local/cuda-11.8/lib64")


@fault("sim-system-cuda12-unknown", "cuda-path", ["cuda-missing"], base="tf221")
def _(e):
    """CUDA 12.5 with cuDNN 9 in /usr/local, which ld.so does not search"""
    sim(e)
    d = toolkit(e, "cuda-12.5")
    cudnn9(e, dummies(e, os.path.join(d, "lib64"), CUDA12), "9.3.0")


@fine("sim-system-cuda11-beside")
def _(e):
    """the wheels, and CUDA 11.8 in ld.so.cache and LD_LIBRARY_PATH: other names"""
    sim(e)
    d = toolkit(e, "cuda-11.8")
    dummies(e, os.path.join(d, "lib64"), ["cudart.so.11.0", "cublas.so.11", "cublasLt.so.11", "cufft.so.10", "cudnn.so.8"])
    known_to_ldso(e, "/usr/local/cuda-11.8/lib64")
    e.env["LD_LIBRARY_PATH"] = "/usr/local/cuda-11.8/lib64"


@fault("sim-conda-cuda-elsewhere", "cuda-path", ["cuda-missing", "cudnn-missing"], base="tf221")
def _(e):
    """CUDA and cuDNN were installed with conda into an active environment of another Python"""
    sim(e)
    d = os.path.join(e.dest, "miniconda", "envs", "cuda")
    cudnn9(e, dummies(e, os.path.join(d, "lib"), CUDA12), "9.3.0")
    os.makedirs(os.path.join(d, "conda-meta"))
    e.env.update(CONDA_PREFIX=d, CONDA_DEFAULT_ENV="cuda")


@fault("sim-cudnn-system-old", "cudnn-version", ["cuda-mixed"])
def _(e):
    """no wheel of cuDNN, and a cuDNN 9.1 in ld.so.cache"""
    sim(e)
    drop(e, "nvidia-cudnn-cu12")
    d = cudnn9(e, os.path.join(e.dest, "opt", "cudnn"), "9.1.0")
    known_to_ldso(e, d)


@fault("sim-cudart-ldpath-old", "ldpath-conflict", ["cuda-mixed", "cuda-version"])
def _(e):
    """LD_LIBRARY_PATH brings a run time of CUDA 12.0"""
    sim(e)
    d = os.path.join(e.dest, "cuda-12.0", "lib64")
    e.cc(os.path.join(d, "libcudart.so.12.0.107"), "int x;\n", "-Wl,-soname,libcudart.so.12")
    os.symlink("libcudart.so.12.0.107", os.path.join(d, "libcudart.so.12"))
    e.env["LD_LIBRARY_PATH"] = d


@fault("sim-cudnn-preload-old", "ldpath-conflict", ["cudnn-version", "cuda-mixed"])
def _(e):
    """LD_PRELOAD brings a cuDNN 9.0"""
    sim(e)
    d = cudnn9(e, os.path.join(e.dest, "cudnn-9.0"), "9.0.0")
    e.env["LD_PRELOAD"] = os.path.join(d, "libcudnn.so.9")


@fault("sim-ldpath-link-dead", "cudnn-missing", ["cuda-missing"])
def _(e):
    """LD_LIBRARY_PATH has a link to a cuDNN that was removed, and there is no other"""
    sim(e)
    drop(e, "nvidia-cudnn-cu12")
    d = os.path.join(e.dest, "old-lib64")
    os.makedirs(d)
    os.symlink("/usr/local/cuda-12/lib64/libcudnn.so.9.1.0", os.path.join(d, "libcudnn.so.9"))
    e.env["LD_LIBRARY_PATH"] = d


# ---- XLA's tools

@fault("sim-ptxas-gone", "cuda-toolchain", ["dep-other", "tf-corrupt"])
def _(e):
    """ptxas was deleted"""
    sim(e)
    e.rm(e.one("nvidia", "cuda_nvcc", "bin", "ptxas"))


@fault("sim-ptxas-old", "cuda-toolchain", ["cuda-version"])
def _(e):
    """the ptxas of the wheel is that of CUDA 11.2"""
    sim(e)
    path = e.one("nvidia", "cuda_nvcc", "bin", "ptxas")
    e.write(path, "#!/bin/sh\necho 'ptxas: NVIDIA (R) Ptx optimizing assembler'\necho 'Cuda compilation tools, release 11.2, V11.2.152'\n", 0o755)


@fine("sim-ptxas-old-on-path")
def _(e):
    """Debian's CUDA 11 brings a ptxas on PATH: XLA passes over one that is too old"""
    sim(e)
    d = os.path.join(e.dest, "oldbin")
    e.write(os.path.join(d, "ptxas"), "#!/bin/sh\necho 'Cuda compilation tools, release 11.2, V11.2.152'\n", 0o755)
    e.env["PATH"] = d + ":" + os.environ["PATH"]


@fine("sim-nvlink-gone")
def _(e):
    """nvlink is not needed to compute"""
    sim(e)
    path = e.p("nvidia", "cuda_nvcc", "bin", "nvlink")
    if os.path.exists(path):
        e.rm(path)


# ---- builds

@fault("sim-cpu-wheel-with-cuda", "tf-no-gpu-build", base="tf220", tfdiag=["--expect", "gpu"])
def _(e):
    """tensorflow-cpu with the cuDNN wheel of an older release beside it"""
    sim(e)
    add_dist(e, "nvidia-cudnn-cu12", "8.9.7.29")
    dummies(e, e.p("nvidia", "cudnn", "lib"), ["cudnn.so.8"])


@fault("sim-cpu-wheel-no-driver", "tf-no-gpu-build", ["driver-missing"], base="tf220", tfdiag=["--expect", "gpu"])
def _(e):
    """tensorflow-cpu, and no driver either"""
    sim(e, kernel=None)


@fault("sim-old-cpu-215", "tf-no-gpu-build", base="tf215", tfdiag=["--expect", "gpu"])
def _(e):
    """tensorflow-cpu 2.15"""
    sim(e)


@fault("sim-cuda-unreadable", "permission-denied", ["cuda-missing"])
def _(e):
    """libcufft may not be read by this user"""
    sim(e)
    path = lib(e, "cufft", "libcufft.so.11")
    e.private(path)
    unreadable(e, path)
