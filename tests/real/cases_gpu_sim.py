"""Real TensorFlow with real CUDA libraries on simulated GPUs (gpusim.py: root and gcc on Linux): suite "gpu-sim".

Nothing computes there, and the simulated driver obeys no variable, so what TensorFlow lists is no measure: what is
examined is judged."""
import glob
import os
import re
import shutil
import sys

from realenv import NotFit, case

HERE = os.path.dirname(os.path.abspath(__file__))
GPU = "import tensorflow as tf; assert tf.config.list_physical_devices('GPU'), 'no GPU'"
RTX3090 = "NVIDIA GeForce RTX 3090:2204:8.6"
A100 = "NVIDIA A100-SXM4-40GB:20b0:8.0"
RTX4090 = "NVIDIA GeForce RTX 4090:2684:8.9"
RTX5090 = "NVIDIA GeForce RTX 5090:2b85:12.0"
T4 = "Tesla T4:1eb8:7.5"
V100 = "Tesla V100-SXM2-16GB:1db1:7.0"
GTX980 = "NVIDIA GeForce GTX 980:13c0:5.2"
K80 = "Tesla K80:102d:3.7"
GPUS = "gpu-sim"


def sim(e, gpu=RTX3090, kernel="550.54.14", **options):
    """Lays GPUs under everything that the case runs; None leaves an option out."""
    if os.geteuid() != 0 or not shutil.which("gcc"):
        raise NotFit("needs root and gcc")
    words = [sys.executable, os.path.join(HERE, "gpusim.py")]
    for one in [gpu] if isinstance(gpu, str) else gpu or []:
        words += ["--gpu", one]
    for name, value in dict(options, kernel=kernel).items():
        if value is True:
            words.append("--" + name.replace("_", "-"))
        elif value is not None:
            words += ["--" + name.replace("_", "-"), str(value)]
    e.wrap = words + ["--"]
    e.statement = GPU


def fault(name, cause, also=(), base="tf220cuda", tfdiag=()):
    return case(name, base, cause, also, suite=GPUS, tfdiag=list(tfdiag))


def fine(name, base="tf220cuda", tfdiag=()):
    return case(name, base, "not-an-environment-problem", expect="quiet", suite=GPUS, tfdiag=list(tfdiag))


def drop(e, *dists):
    for d in dists:
        if e.uninstall(d) is None:
            raise NotFit("needs " + d)


def lib(e, part, pattern):
    return e.one("nvidia", part, "lib", pattern)


def move(e, path, folder):
    d = os.path.join(e.dest, folder)
    os.makedirs(d, exist_ok=True)
    to = os.path.join(d, os.path.basename(path))
    shutil.copyfile(path, to)
    e.rm(path)
    return to


def rename_version(e, dist, version):
    """Metadata of another version for the files that are there: big wheels need not be fetched for it."""
    info = glob.glob(e.p(dist.replace("-", "_") + "-*.dist-info"))[0]
    text = e.read(os.path.join(info, "METADATA")).decode()
    e.write(os.path.join(info, "METADATA"), re.sub(r"(?m)^Version: .*$", "Version: " + version, text, count=1))
    os.rename(info, e.p("%s-%s.dist-info" % (dist.replace("-", "_"), version)))


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
    e.cc(os.path.join(d, "libcuda.so.1"), "int cuInit(unsigned f){return 34;} int cuDriverGetVersion(int*v){*v=12040;return 0;}\n"
         "int cuGetErrorName(int e,const char**s){*s=\"CUDA_ERROR_STUB_LIBRARY\";return 0;}\n", "-Wl,-soname,libcuda.so.1")
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
    if not shutil.which("setpriv"):
        raise NotFit("needs setpriv")
    sim(e, dev_mode="0000", cuinit=304)
    e.wrap += ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"]


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


@fault("sim-cudnn-mixed", "cuda-mixed", ["cudnn-version", "ldpath-conflict"])
def _(e):
    """LD_LIBRARY_PATH brings some of cuDNN's parts in another version"""
    sim(e)
    d = os.path.join(e.dest, "cudnn-9.5")
    for f in ("libcudnn_ops", "libcudnn_cnn"):
        e.cc(os.path.join(d, f + ".so.9.5.1"), "int x;\n", "-Wl,-soname,%s.so.9" % f)
        os.symlink(f + ".so.9.5.1", os.path.join(d, f + ".so.9"))
    e.env["LD_LIBRARY_PATH"] = d


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


# ---- beside an import that fails

@fault("sim-import-first", "dep-other")
def _(e):
    """a package is missing and the GPU is hidden: the import comes first"""
    sim(e)
    drop(e, "wrapt")
    e.env["CUDA_VISIBLE_DEVICES"] = "-1"
