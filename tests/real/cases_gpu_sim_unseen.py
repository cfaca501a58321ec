"""Wheels, toolkits and searches, written from the list of causes without a look at the rules: more of the suite "gpu-sim"."""
import glob
import os
import shutil

from gpu_env import (CUDA11, CUDA12, LIBS, V100, add_dist, cudnn9, drop, dummies, fault, inside, known_to_ldso, lib, libcuda,
                     sim, toolkit, unreadable, wheel_of_cudnn)
from realenv import clone

DAMAGED = ["tf-corrupt", "dep-other"]


# ---- wheels

@fault("sim-runtime-of-cu11", "cuda-version", ["cuda-missing"])
def _(e):
    """nvidia-cuda-runtime-cu11 was installed in place of nvidia-cuda-runtime-cu12"""
    sim(e)
    drop(e, "nvidia-cuda-runtime-cu12")
    e.unzip(e.fetch("nvidia-cuda-runtime-cu11==11.8.89"))


@fault("sim-runtime-of-cuda13", "cuda-version", ["cuda-missing"])
def _(e):
    """nvidia-cuda-runtime, whose wheels since CUDA 13 share one folder, in place of nvidia-cuda-runtime-cu12"""
    sim(e, kernel="580.95.05", cuda="13.0")
    drop(e, "nvidia-cuda-runtime-cu12")
    dummies(e, e.p("nvidia", "cu13", "lib"), ["cudart.so.13"])
    add_dist(e, "nvidia-cuda-runtime", "13.0.96")


@fault("sim-cudnn-uninstall-shared", "cudnn-missing", DAMAGED)
def _(e):
    """uninstalling nvidia-cudnn-cu11 took the files with it that nvidia-cudnn-cu12 had put under the same names"""
    sim(e)
    wheel_of_cudnn(e, "cu11", e.version("nvidia-cudnn-cu12"))
    drop(e, "nvidia-cudnn-cu11")


@fault("sim-wheels-in-user-site", "cuda-path", ["cuda-missing"])
def _(e):
    """NVIDIA's wheels went into ~/.local, TensorFlow lies in an environment that does not see it"""
    sim(e)
    to = e.home(".local", "lib", "python" + e.xy, "site-packages")
    os.makedirs(to)
    for path in glob.glob(e.p("nvidia*")):
        shutil.move(path, to)


@fault("sim-nvidia-unreadable", "permission-denied", ["cuda-missing"])
def _(e):
    """site-packages/nvidia was made by root with umask 077"""
    sim(e)
    unreadable(e, e.p("nvidia"))


@fault("sim-noexec", "security-blocked")
def _(e):
    """NVIDIA's wheels lie on a file system mounted noexec"""
    sim(e)
    inside(e, "mount --bind {0} {0} && mount -o remount,bind,noexec {0}".format(e.p("nvidia")))


@fault("sim-address-space", "memory-limit")
def _(e):
    """ulimit -v leaves room for TensorFlow and none for CUDA's libraries"""
    sim(e)
    inside(e, "ulimit -v 3500000")


@fault("sim-cublas-no-link", "cuda-missing", DAMAGED + ["cuda-path"])
def _(e):
    """libcublas has its full version in its name, and the link to it is gone"""
    sim(e)
    path = lib(e, "cublas", "libcublas.so.12")
    os.rename(path, path + ".9.1.4")


@fault("sim-cudnn-all-empty", "cudnn-missing", DAMAGED)
def _(e):
    """the disk was full while cuDNN was copied: all of its files have no bytes"""
    sim(e)
    for path in glob.glob(e.p("nvidia", "cudnn", "lib", "*.so.9")):
        e.write(path, b"")


@fault("sim-cufft-is-folder", "cuda-missing", DAMAGED)
def _(e):
    """a volume of Docker's made a folder at the place of libcufft"""
    sim(e)
    path = lib(e, "cufft", "libcufft.so.11")
    e.rm(path)
    os.mkdir(path)


@fault("sim-cusparse-loop", "cuda-missing", DAMAGED)
def _(e):
    """libcusparse became a link to itself"""
    sim(e)
    path = lib(e, "cusparse", "libcusparse.so.12")
    e.rm(path)
    os.symlink("libcusparse.so.12", path)


@fault("sim-cublaslt-foreign", "cuda-missing", DAMAGED + ["cuda-mixed", "cuda-version"])
def _(e):
    """the libcublasLt beside libcublas lacks the versions of symbols that it asks for"""
    sim(e)
    path = lib(e, "cublas", "libcublasLt.so.12")
    os.unlink(path)
    dummies(e, os.path.dirname(path), ["cublasLt.so.12"])


@fault("sim-cpu-files-over", "tf-corrupt", ["tf-duplicate", "tf-no-gpu-build"])
def _(e):
    """libraries of tensorflow-cpu were copied over those of tensorflow"""
    sim(e)
    for name in ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2"):
        with open(os.path.join(e.sibling("tf220"), "tensorflow", name), "rb") as f:
            e.write(e.tf(name), f.read())


@fault("sim-pythonpath-cpu", "pythonpath-conflict", ["tf-no-gpu-build"], tfdiag=["--expect", "gpu"])
def _(e):
    """PYTHONPATH leads to another environment with tensorflow-cpu"""
    sim(e)
    e.env["PYTHONPATH"] = os.path.join(e.dest, "other")
    clone(e.sibling("tf220"), e.env["PYTHONPATH"])


@fault("sim-115-asked", "tf-no-gpu-build", base="tf115", tfdiag=["--expect", "gpu"])
def _(e):
    """TensorFlow 1.15.5, whose wheel was built without CUDA, unlike that of 1.15.0"""
    sim(e, V100)


@fault("sim-cpu-210-asked", "tf-no-gpu-build", base="tf210", tfdiag=["--expect", "gpu"])
def _(e):
    """tensorflow-cpu 2.10, and a GPU is asked for"""
    sim(e)


# ---- where ld.so looks

@fault("sim-ldpath-half-toolkit", "ldpath-conflict", ["cuda-mixed", "cuda-version"])
def _(e):
    """LD_LIBRARY_PATH brings some libraries of CUDA 12.0, to which the wheels' others do not fit"""
    sim(e)
    e.env["LD_LIBRARY_PATH"] = dummies(e, os.path.join(e.dest, "cuda-12.0", "lib64"),
                                       ["cudart.so.12", "cublas.so.12", "cublasLt.so.12", "cusparse.so.12", "nvJitLink.so.12"])


@fault("sim-ldpath-stub-link", "ldpath-conflict", ["driver-broken"])
def _(e):
    """somebody linked the stub as libcuda.so.1 into the toolkit's folder, where LD_LIBRARY_PATH leads"""
    sim(e)
    d = os.path.join(toolkit(e, "cuda-12.4"), "lib64")
    libcuda(e, os.path.join(d, "stubs", "libcuda.so"))
    os.symlink("stubs/libcuda.so", os.path.join(d, "libcuda.so.1"))
    e.env["LD_LIBRARY_PATH"] = "/usr/local/cuda-12.4/lib64"


@fault("sim-ldpath-cudnn8-link", "ldpath-conflict", ["cudnn-version", "cuda-mixed"])
def _(e):
    """LD_LIBRARY_PATH leads to a libcudnn.so.9 that somebody made a link to cuDNN 8"""
    sim(e)
    d = os.path.join(e.dest, "cudnn8")
    e.cc(os.path.join(d, "libcudnn.so.8.9.7"), "unsigned long cudnnGetVersion(void){return 8907;}\n", "-Wl,-soname,libcudnn.so.8")
    os.symlink("libcudnn.so.8.9.7", os.path.join(d, "libcudnn.so.9"))
    e.env["LD_LIBRARY_PATH"] = d


@fault("sim-preload-cudart", "ldpath-conflict", ["cuda-mixed", "cuda-version"])
def _(e):
    """LD_PRELOAD brings the libcudart of CUDA 12.0"""
    sim(e)
    e.env["LD_PRELOAD"] = os.path.join(e.dest, "cuda-12.0", "lib64", "libcudart.so.12.0.107")
    e.cc(e.env["LD_PRELOAD"], "int x;\n", "-Wl,-soname,libcudart.so.12")


@fault("sim-221-ldpath-other-python", "cuda-path", base="tf221cuda")
def _(e):
    """LD_LIBRARY_PATH names cuSOLVER's folder of the Python before the upgrade"""
    sim(e)
    e.env["LD_LIBRARY_PATH"] = os.path.join(e.dest, "lib", "python3.9", "site-packages", "nvidia", "cusolver", "lib")


@fault("sim-221-variable-too-late", "cuda-path", base="tf221cuda")
def _(e):
    """sitecustomize sets LD_LIBRARY_PATH, which ld.so has read by then"""
    sim(e)
    e.write(e.p("sitecustomize.py"), "import os\nos.environ['LD_LIBRARY_PATH'] = %r\n" % e.p("nvidia", "cusolver", "lib"))


@fault("sim-221-ldpath-tilde", "cuda-path", base="tf221cuda")
def _(e):
    """LD_LIBRARY_PATH begins with a tilde that no shell replaced"""
    sim(e)
    os.symlink(e.dest, e.home("venv"))
    e.env["LD_LIBRARY_PATH"] = "~/venv/lib/python%s/site-packages/nvidia/cusolver/lib" % e.xy


@fault("sim-221-ldconfig-forgotten", "cuda-path", base="tf221cuda")
def _(e):
    """/etc/ld.so.conf.d names cuSOLVER's folder, and ldconfig was not run"""
    sim(e)
    known_to_ldso(e, e.p("nvidia", "cusolver", "lib"), ldconfig="true")


# ---- CUDA of the system

@fault("sim-system-cudnn8", "cudnn-version", ["cudnn-missing"], base="tf221")
def _(e):
    """CUDA 12.5 of the system with cuDNN 8.9"""
    sim(e)
    d = dummies(e, os.path.join(toolkit(e, "cuda-12.5"), "lib64"), CUDA12 + ["cudnn.so.8", "cudnn_ops_infer.so.8", "cudnn_cnn_infer.so.8"])
    known_to_ldso(e, d.replace(os.path.join(e.dest, "local"), "/usr/local"))


@fault("sim-system-partial", "cuda-missing", ["cuda-version"], base="tf221")
def _(e):
    """only the run time, cuBLAS and cuDNN of the system's CUDA 12.5 were installed"""
    sim(e)
    d = dummies(e, os.path.join(toolkit(e, "cuda-12.5"), "lib64"), ["cudart.so.12", "cublas.so.12", "cublasLt.so.12"])
    cudnn9(e, d, "9.3.0")
    known_to_ldso(e, "/usr/local/cuda-12.5/lib64")


@fault("sim-system-opt", "cuda-path", ["cuda-missing"], base="tf221")
def _(e):
    """CUDA 12.5 and cuDNN where CUDA_PATH says, in a folder that ld.so does not search"""
    sim(e)
    cudnn9(e, dummies(e, os.path.join(e.dest, "opt", "cuda", "lib64"), CUDA12), "9.3.0")
    e.env["CUDA_PATH"] = os.path.join(e.dest, "opt", "cuda")


@fault("sim-system-debian-11", "cuda-version", ["cuda-missing"], base="tf221")
def _(e):
    """Debian's own CUDA 11.8"""
    sim(e)
    d = dummies(e, os.path.join(e.dest, "debian"), CUDA11)
    inside(e, "mount -t overlay overlay -o lowerdir={0}:{1} {1} && ldconfig 2>/dev/null".format(d, LIBS))


# ---- XLA's tools

@fault("sim-libdevice-empty", "cuda-toolchain", DAMAGED)
def _(e):
    """libdevice has no bytes"""
    sim(e)
    e.write(e.one("nvidia", "cuda_nvcc", "nvvm", "libdevice", "libdevice.10.bc"), b"")


@fault("sim-ptxas-aarch64", "cuda-toolchain", DAMAGED)
def _(e):
    """the ptxas of another processor"""
    sim(e)
    path = e.one("nvidia", "cuda_nvcc", "bin", "ptxas")
    e.private(path)
    e.patch(path, 18, b"\xb7\0")


@fault("sim-ptxas-dangling", "cuda-toolchain", DAMAGED)
def _(e):
    """ptxas is a link to a toolkit that was removed"""
    sim(e)
    path = e.one("nvidia", "cuda_nvcc", "bin", "ptxas")
    e.rm(path)
    os.symlink("/usr/local/cuda-12.2/bin/ptxas", path)


# ---- variables of TensorFlow and XLA

@fault("sim-xla-flag-unknown", "env-setting")
def _(e):
    """XLA_FLAGS has a flag that this XLA does not know, and ends the program at its first use"""
    sim(e)
    e.env["XLA_FLAGS"] = "--xla_gpu_enable_cudnn_frontend_of_another_release=true"


@fault("sim-quiet-no-cufft", "cuda-missing")
def _(e):
    """cuFFT is not installed, and TF_CPP_MIN_LOG_LEVEL=3 keeps TensorFlow from saying anything"""
    sim(e)
    drop(e, "nvidia-cufft-cu12")
    e.env["TF_CPP_MIN_LOG_LEVEL"] = "3"
