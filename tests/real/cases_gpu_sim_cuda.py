"""CUDA, cuDNN and XLA's tools broken under simulated GPUs: more of the suite "gpu-sim"."""
import glob
import os
import re

from gpu_env import K80, RTX3090, V100, drop, fault, fine, lib, move, rename_version, sim


# ---- CUDA

@fault("sim-full-wheel-no-cuda", "cuda-missing", ["cudnn-missing"], base="tf221")
def _(e):
    """the wheel without the extra"""
    sim(e)


for _d in ("cuda-runtime", "cublas", "cufft", "cusolver", "cusparse", "nvjitlink"):
    @fault("sim-no-" + _d, "cuda-missing")
    def _(e, dist="nvidia-%s-cu12" % _d):
        """one of the wheels is not installed"""
        sim(e)
        drop(e, dist)


@fault("sim-cublaslt-gone", "cuda-missing", ["tf-corrupt", "dep-other"])
def _(e):
    """libcublasLt was deleted"""
    sim(e)
    e.rm(lib(e, "cublas", "libcublasLt.so.12"))


@fault("sim-cufft-cut", "cuda-missing", ["tf-corrupt", "dep-other"])
def _(e):
    """libcufft is cut short"""
    sim(e)
    e.write(lib(e, "cufft", "libcufft.so.11"), b"\x7fELF\x02\x01\x01" + b"\0" * 100)


@fault("sim-tf221-runpath", "cuda-path", base="tf221cuda")
def _(e):
    """2.21.0 as released: its RUNPATH lacks nvidia/cusolver/lib"""
    sim(e)


@fine("sim-tf221-ldpath", "tf221cuda")
def _(e):
    """… and with that folder in LD_LIBRARY_PATH"""
    sim(e)
    e.env["LD_LIBRARY_PATH"] = e.p("nvidia", "cusolver", "lib")


@fault("sim-cudnn-elsewhere", "cuda-path", ["cudnn-missing"])
def _(e):
    """cuDNN lies in a folder of CUDA_HOME that ld.so does not search"""
    sim(e)
    home = os.path.join(e.dest, "cuda-12")
    for f in glob.glob(e.p("nvidia", "cudnn", "lib", "libcudnn*.so.9")):
        move(e, f, "cuda-12/lib64")
    e.env["CUDA_HOME"] = home


@fault("sim-cuda11", "cuda-version", ["cuda-missing"])
def _(e):
    """CUDA 11's run time and libraries in place of 12's"""
    sim(e)
    drop(e, "nvidia-cuda-runtime-cu12", "nvidia-cublas-cu12", "nvidia-cufft-cu12", "nvidia-cusparse-cu12")
    for part, names in (("cuda_runtime", ["cudart.so.11.0"]), ("cublas", ["cublas.so.11", "cublasLt.so.11"]), ("cufft", ["cufft.so.10"]),
                        ("cusparse", ["cusparse.so.11"])):
        for n in names:
            e.cc(e.p("nvidia", part, "lib", "lib" + n), "int x;\n", "-Wl,-soname,lib" + n)


# ---- cuDNN

@fault("sim-no-cudnn", "cudnn-missing")
def _(e):
    """cuDNN is not installed"""
    sim(e)
    drop(e, "nvidia-cudnn-cu12")


@fault("sim-cudnn-8", "cudnn-version", ["cudnn-missing"])
def _(e):
    """cuDNN 8 in place of 9"""
    sim(e)
    drop(e, "nvidia-cudnn-cu12")
    e.cc(e.p("nvidia", "cudnn", "lib", "libcudnn.so.8"), "int x;\n", "-Wl,-soname,libcudnn.so.8")


@fault("sim-cudnn-9.1", "cudnn-version")
def _(e):
    """older than the one TensorFlow was built with"""
    sim(e)
    rename_version(e, "nvidia-cudnn-cu12", "9.1.0.70")


@fine("sim-cudnn-9.3")
def _(e):
    """just the one it was built with"""
    sim(e)
    rename_version(e, "nvidia-cudnn-cu12", "9.3.0.75")


@fault("sim-cudnn-volta", "cudnn-version")
def _(e):
    """cuDNN has dropped the GPU, TensorFlow has not"""
    sim(e, V100)


@fine("sim-cudnn-volta-9.10")
def _(e):
    """the last cuDNN that has not"""
    sim(e, V100)
    rename_version(e, "nvidia-cudnn-cu12", "9.10.2.21")


@fault("sim-cudnn-part-gone", "cudnn-missing", ["tf-corrupt", "dep-other"])
def _(e):
    """one of cuDNN's parts was deleted"""
    sim(e)
    e.rm(lib(e, "cudnn", "libcudnn_cnn.so.9"))


@fault("sim-cudnn-ldpath-old", "ldpath-conflict", ["cudnn-version", "cuda-mixed"])
def _(e):
    """LD_LIBRARY_PATH brings a cuDNN 9.0"""
    sim(e)
    d = os.path.join(e.dest, "cudnn-9.0")
    for f in ("libcudnn", "libcudnn_ops", "libcudnn_cnn", "libcudnn_adv", "libcudnn_graph", "libcudnn_heuristic",
              "libcudnn_engines_precompiled", "libcudnn_engines_runtime_compiled"):
        e.cc(os.path.join(d, f + ".so.9.0.0"), "int x;\n", "-Wl,-soname,%s.so.9" % f)
        os.symlink(f + ".so.9.0.0", os.path.join(d, f + ".so.9"))
    e.env["LD_LIBRARY_PATH"] = d


@fine("sim-cudnn-parts-ldpath")
def _(e):
    """LD_LIBRARY_PATH brings parts of another cuDNN: the RPATH of the wheel's libcudnn wins over it"""
    sim(e)
    d = os.path.join(e.dest, "cudnn-9.5")
    for f in ("libcudnn_ops", "libcudnn_cnn"):
        e.cc(os.path.join(d, f + ".so.9.5.1"), "int x;\n", "-Wl,-soname,%s.so.9" % f)
        os.symlink(f + ".so.9.5.1", os.path.join(d, f + ".so.9"))
    e.env["LD_LIBRARY_PATH"] = d


@fault("sim-cudnn-main-ldpath", "ldpath-conflict", ["cuda-mixed"])
def _(e):
    """LD_LIBRARY_PATH brings the main library of another cuDNN, without its parts"""
    sim(e)
    d = os.path.join(e.dest, "cudnn-9.5")
    e.cc(os.path.join(d, "libcudnn.so.9.5.1"), "int x;\n", "-Wl,-soname,libcudnn.so.9")
    os.symlink("libcudnn.so.9.5.1", os.path.join(d, "libcudnn.so.9"))
    e.env["LD_LIBRARY_PATH"] = d


@fault("sim-cudnn-two-copies", "cuda-mixed", ["ldpath-conflict"])
def _(e):
    """half of a cuDNN 9.5 in LD_LIBRARY_PATH; its other half comes from a folder further behind, of 9.4"""
    sim(e)
    names = ["libcudnn", "libcudnn_graph", "libcudnn_ops", "libcudnn_cnn", "libcudnn_adv", "libcudnn_heuristic",
             "libcudnn_engines_precompiled", "libcudnn_engines_runtime_compiled"]
    drop(e, "nvidia-cudnn-cu12")
    for i, f in enumerate(names):
        v = "9.5.1" if i < 4 else "9.4.0"
        d = os.path.join(e.dest, "cudnn-" + v)
        e.cc(os.path.join(d, "%s.so.%s" % (f, v)), "int x;\n", "-Wl,-soname,%s.so.9" % f)
        os.symlink("%s.so.%s" % (f, v), os.path.join(d, f + ".so.9"))
    e.env["LD_LIBRARY_PATH"] = ":".join(os.path.join(e.dest, "cudnn-" + v) for v in ("9.5.1", "9.4.0"))


# ---- XLA

@fault("sim-no-nvcc", "cuda-toolchain")
def _(e):
    """ptxas and libdevice are not installed"""
    sim(e)
    drop(e, "nvidia-cuda-nvcc-cu12")


@fault("sim-no-libdevice", "cuda-toolchain", ["tf-corrupt", "dep-other"])
def _(e):
    """libdevice was deleted"""
    sim(e)
    e.rm(e.one("nvidia", "cuda_nvcc", "nvvm", "libdevice", "libdevice.10.bc"))


@fault("sim-ptxas-mode", "cuda-toolchain", ["permission-denied"])
def _(e):
    """ptxas may not be executed"""
    sim(e)
    ptxas = e.one("nvidia", "cuda_nvcc", "bin", "ptxas")
    e.write(ptxas, e.read(ptxas), 0o644)


@fault("sim-nvrtc-gone", "cuda-missing")
def _(e):
    """NVRTC, with which cuDNN compiles, is not installed"""
    sim(e)
    drop(e, "nvidia-cuda-nvrtc-cu12")


@fault("sim-cublas-old", "cuda-version", ["cuda-mixed"])
def _(e):
    """a cuBLAS below what the extra asks for"""
    sim(e)
    rename_version(e, "nvidia-cublas-cu12", "12.4.5.8")


@fault("sim-cpu-over-gpu", "tf-duplicate", ["tf-no-gpu-build"])
def _(e):
    """tensorflow-cpu was installed over tensorflow"""
    sim(e)
    path = e.tf("python", "platform", "build_info.py")
    old = e.read(path)
    e.write(path, old.replace(b"('is_cuda_build', True)", b"('is_cuda_build', False)"))
    info = glob.glob(e.p("tensorflow-*.dist-info"))[0]
    for name in os.listdir(info):
        if os.path.isfile(os.path.join(info, name)):
            text = e.read(os.path.join(info, name))
            if name == "METADATA":
                text = text.replace(b"\nName: tensorflow\n", b"\nName: tensorflow-cpu\n")
            if name == "RECORD":
                text = re.sub(rb"(?m)^(tensorflow/python/platform/build_info.py),.*$", rb"\1,,", text).replace(b"tensorflow-2", b"tensorflow_cpu-2")
            e.write(e.p(os.path.basename(info).replace("tensorflow-", "tensorflow_cpu-"), name), text)


@fine("sim-curand-gone")
def _(e):
    """cuRAND is not needed by this release"""
    sim(e)
    drop(e, "nvidia-curand-cu12")


@fine("sim-one-of-two-old")
def _(e):
    """one GPU is too old, the other is not"""
    sim(e, [RTX3090, K80])
