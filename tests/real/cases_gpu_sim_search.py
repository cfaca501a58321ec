"""Which files ld.so and XLA take, in odd places and odd shapes: more of the suite "gpu-sim"."""
import glob
import os
import shutil

from gpu_env import (CUDA12, V100, add_dist, cudnn9, drop, dummies, fault, fine, known_to_ldso, lib, move, rename_version, sim,
                     toolkit, unreadable)


# ---- LD_LIBRARY_PATH

@fault("sim-nvjitlink-old", "ldpath-conflict", ["cuda-mixed", "cuda-version"])
def _(e):
    """LD_LIBRARY_PATH brings a libnvJitLink without the versions of symbols that cuSPARSE asks for"""
    sim(e)
    d = os.path.join(e.dest, "cuda-12.0", "lib64")
    names = e.write(os.path.join(d, "map"), "libnvJitLink.so.12 { global: __nvJitLinkCreate_12_0; local: *; };\n")
    e.cc(os.path.join(d, "libnvJitLink.so.12"), "int __nvJitLinkCreate_12_0(void){return 0;}\n", "-Wl,-soname,libnvJitLink.so.12",
         "-Wl,--version-script=" + names)
    e.env["LD_LIBRARY_PATH"] = d


@fault("sim-ldpath-empty-file", "ldpath-conflict", ["cuda-missing", "tf-corrupt"])
def _(e):
    """the copy of libcublas in LD_LIBRARY_PATH has no bytes: ld.so does not go on to the next"""
    sim(e)
    e.write(os.path.join(e.dest, "lib64", "libcublas.so.12"), b"")
    e.env["LD_LIBRARY_PATH"] = os.path.join(e.dest, "lib64")


@fault("sim-ldpath-hwcaps", "ldpath-conflict", ["cudnn-version", "cuda-mixed"])
def _(e):
    """a cuDNN 9.0 in glibc-hwcaps/x86-64-v2 below a folder of LD_LIBRARY_PATH"""
    sim(e)
    d = os.path.join(e.dest, "opt", "lib")
    cudnn9(e, os.path.join(d, "glibc-hwcaps", "x86-64-v2"), "9.0.0")
    e.env["LD_LIBRARY_PATH"] = d


@fault("sim-ldpath-fake-cublas", "ldpath-conflict", ["cuda-mixed", "cuda-version"])
def _(e):
    """CUDA 12.2's cuBLAS comes first by LD_LIBRARY_PATH"""
    sim(e)
    d = os.path.join(e.dest, "cuda-12.2", "lib64")
    for name in ("libcublas", "libcublasLt"):
        e.cc(os.path.join(d, name + ".so.12.2.5.6"), "int x;\n", "-Wl,-soname,%s.so.12" % name)
        os.symlink(name + ".so.12.2.5.6", os.path.join(d, name + ".so.12"))
    e.env["LD_LIBRARY_PATH"] = d


@fault("sim-221-ldpath-parent", "cuda-path", base="tf221cuda")
def _(e):
    """LD_LIBRARY_PATH names nvidia/cusolver instead of nvidia/cusolver/lib"""
    sim(e)
    e.env["LD_LIBRARY_PATH"] = e.p("nvidia", "cusolver")


@fault("sim-221-ldpath-quoted", "cuda-path", base="tf221cuda")
def _(e):
    """the value of LD_LIBRARY_PATH has quotation marks of its own"""
    sim(e)
    e.env["LD_LIBRARY_PATH"] = '"' + e.p("nvidia", "cusolver", "lib") + '"'


@fine("sim-ldpath-unreadable")
def _(e):
    """ld.so passes over a copy that this user may not open"""
    sim(e)
    d = cudnn9(e, os.path.join(e.dest, "cudnn-9.0"), "9.0.0")
    for path in glob.glob(os.path.join(d, "*.9.0.0")):
        os.chmod(path, 0)
    unreadable(e, os.path.join(d, "libcudnn.so.9.0.0"))
    e.env["LD_LIBRARY_PATH"] = d


@fine("sim-ldpath-nowhere")
def _(e):
    """LD_LIBRARY_PATH has empty entries and folders that are not there"""
    sim(e)
    e.env["LD_LIBRARY_PATH"] = ":/usr/local/cuda-11.2/lib64:/nonexistent::"


@fine("sim-ldpath-newer-cudnn")
def _(e):
    """a whole cuDNN of a later 9 in LD_LIBRARY_PATH"""
    sim(e)
    e.env["LD_LIBRARY_PATH"] = cudnn9(e, os.path.join(e.dest, "cudnn-9.30"), "9.30.0")


@fine("sim-221-ldso-conf", "tf221cuda")
def _(e):
    """2.21.0, and /etc/ld.so.conf.d names cuSOLVER's folder"""
    sim(e)
    known_to_ldso(e, e.p("nvidia", "cusolver", "lib"))


@fine("sim-221-ldpath-relative", "tf221cuda")
def _(e):
    """2.21.0, and LD_LIBRARY_PATH names a folder below the current one"""
    sim(e)
    os.symlink(e.p("nvidia", "cusolver", "lib"), e.workdir("cusolver"))
    e.env["LD_LIBRARY_PATH"] = "cusolver"


# ---- files of the wheels

@fault("sim-cudnn-engines-gone", "cudnn-missing", ["tf-corrupt", "dep-other"])
def _(e):
    """the largest part of cuDNN was deleted to save room"""
    sim(e)
    e.rm(lib(e, "cudnn", "libcudnn_engines_precompiled.so.9"))


@fault("sim-cudnn-graph-cut", "cudnn-missing", ["tf-corrupt", "dep-other"])
def _(e):
    """libcudnn_graph is half there"""
    sim(e)
    e.truncate(lib(e, "cudnn", "libcudnn_graph.so.9"))


@fault("sim-cublas-dangling", "cuda-missing", ["tf-corrupt", "dep-other"])
def _(e):
    """libcublasLt became a link to a store that is gone"""
    sim(e)
    path = lib(e, "cublas", "libcublasLt.so.12")
    e.rm(path)
    os.symlink("/nonexistent/store/libcublasLt.so.12", path)


@fault("sim-cufft-lfs", "cuda-missing", ["tf-corrupt", "dep-other"])
def _(e):
    """libcufft is the pointer of Git LFS"""
    sim(e)
    e.write(lib(e, "cufft", "libcufft.so.11"), "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 291507928\n" % ("0" * 64))


@fault("sim-cusolver-aarch64", "cuda-missing", ["tf-corrupt", "dep-other", "cuda-version"])
def _(e):
    """libcusolver of another processor lies in the wheel's folder"""
    sim(e)
    path = lib(e, "cusolver", "libcusolver.so.11")
    head = bytearray(e.read(path)[:64])
    head[18:20] = b"\xb7\x00"
    e.write(path, bytes(head) + b"\0" * 4096)


@fault("sim-cudnn-folder-unreadable", "permission-denied", ["cudnn-missing"])
def _(e):
    """nvidia/cudnn/lib may not be entered by this user"""
    sim(e)
    unreadable(e, e.p("nvidia", "cudnn", "lib"))


@fault("sim-cusparse-renamed", "cuda-missing", ["cuda-version", "tf-corrupt", "dep-other"])
def _(e):
    """somebody called libcusparse.so.12 libcusparse.so"""
    sim(e)
    path = lib(e, "cusparse", "libcusparse.so.12")
    os.rename(path, path[:-3])


@fault("sim-torch-cuda-12.1", "cuda-version", ["cudnn-version", "library-conflict", "cuda-mixed"])
def _(e):
    """torch 2.3 brought all of CUDA 12.1"""
    sim(e)
    pins = {"nvidia-cublas-cu12": "12.1.3.1", "nvidia-cuda-runtime-cu12": "12.1.105", "nvidia-cufft-cu12": "11.0.2.54",
            "nvidia-cusolver-cu12": "11.4.5.107", "nvidia-cusparse-cu12": "12.1.0.106", "nvidia-cuda-nvrtc-cu12": "12.1.105"}
    for dist, version in pins.items():
        rename_version(e, dist, version)
    add_dist(e, "torch", "2.3.1", *["%s==%s" % pin for pin in pins.items()])


@fault("sim-cudnn-moved-opt", "cuda-path", ["cudnn-missing"])
def _(e):
    """cuDNN's archive was unpacked into /usr/local/cuda, which ld.so does not search, and there is no wheel of it"""
    sim(e)
    d = os.path.join(toolkit(e, "cuda"), "lib64")
    drop(e, "nvidia-cudnn-cu12")
    cudnn9(e, d, "9.3.0")


@fine("sim-links-to-store")
def _(e):
    """the libraries are links into a store, as uv makes them with link-mode=symlink"""
    sim(e)
    for part in ("cublas", "cudnn", "cusparse", "nvjitlink"):
        for path in glob.glob(e.p("nvidia", part, "lib", "*.so*")):
            os.symlink(move(e, path, os.path.join("store", part)), path)


@fine("sim-nvidia-is-link")
def _(e):
    """site-packages/nvidia is a link to a folder on another disk"""
    sim(e)
    to = os.path.join(e.dest, "disk2", "nvidia")
    shutil.copytree(e.p("nvidia"), to, symlinks=True, copy_function=os.link if os.stat(e.dest).st_dev == os.stat(e.sp).st_dev else shutil.copy2)
    e.rm(e.p("nvidia"))
    os.symlink(to, e.p("nvidia"))


@fine("sim-torch-fits")
def _(e):
    """torch beside it pins the versions that are there"""
    sim(e)
    add_dist(e, "torch", "2.9.0", "nvidia-cudnn-cu12==" + e.version("nvidia-cudnn-cu12"), "nvidia-cublas-cu12==" + e.version("nvidia-cublas-cu12"))


@fine("sim-folder-nvidia-here")
def _(e):
    """the current folder has one called nvidia"""
    sim(e)
    dummies(e, e.workdir("nvidia", "cudnn", "lib"), ["cudnn.so.9"])
    e.write(e.workdir("nvidia", "__init__.py"), "")


# ---- CUDA of the system

@fault("sim-system-no-cudnn", "cudnn-missing", base="tf221")
def _(e):
    """CUDA 12.5 of the system, known to ld.so, and no cuDNN anywhere"""
    sim(e)
    d = os.path.join(toolkit(e, "cuda-12.5"), "lib64")
    dummies(e, d, CUDA12)
    known_to_ldso(e, "/usr/local/cuda-12.5/lib64")


@fault("sim-system-cuda13", "cuda-version", ["cuda-missing", "cudnn-missing"], base="tf221")
def _(e):
    """the newest CUDA, 13.0, was installed for a TensorFlow that needs 12"""
    sim(e, cuda="13.0", kernel="580.95.05")
    d = os.path.join(toolkit(e, "cuda-13.0"), "lib64")
    cudnn9(e, dummies(e, d, ["cudart.so.13", "cublas.so.13", "cublasLt.so.13", "cufft.so.12", "cusolver.so.12", "cusparse.so.12"]), "9.13.0")
    known_to_ldso(e, "/usr/local/cuda-13.0/lib64")


# ---- XLA's tools

@fault("sim-ptxas-empty", "cuda-toolchain", ["tf-corrupt", "dep-other"])
def _(e):
    """ptxas has no bytes"""
    sim(e)
    e.write(e.one("nvidia", "cuda_nvcc", "bin", "ptxas"), b"", 0o755)


@fault("sim-libdevice-unreadable", "cuda-toolchain", ["permission-denied"])
def _(e):
    """libdevice may not be read by this user"""
    sim(e)
    path = e.one("nvidia", "cuda_nvcc", "nvvm", "libdevice", "libdevice.10.bc")
    e.private(path)
    unreadable(e, path)


@fault("sim-nvvm-gone", "cuda-toolchain", ["tf-corrupt", "dep-other"])
def _(e):
    """the folder nvvm of the compiler's wheel was deleted"""
    sim(e)
    e.rm(e.p("nvidia", "cuda_nvcc", "nvvm"))


@fault("sim-volta-no-cudnn", "cudnn-missing")
def _(e):
    """no cuDNN for a V100: the newest one would be of no use to it"""
    sim(e, V100)
    drop(e, "nvidia-cudnn-cu12")
