/* What is known of GPUs: what the machine has (PCI, driver, device nodes), what this TensorFlow was built
 * for, which files its libraries' names would open, and what the driver said when it was asked. Part of the
 * facts. */
#ifndef TFD_CORE_GPU_FACTS_H
#define TFD_CORE_GPU_FACTS_H

#include "core/table.h"

#define TFD_PCI_NVIDIA 0x10deu
#define TFD_PCI_AMD 0x1002u

/* A display or 3D controller (PCI class 03xx). */
typedef struct tfd_gpu_device {
    tfd_str slot; /* "0000:01:00.0" */
    uint32_t vendor, device;
    tfd_str driver; /* kernel driver that is bound to it: "nvidia", "nouveau", "vfio-pci"; empty: none … */
    bool is_unread; /* … or it could not be read which */
    tfd_str name;   /* as the driver tells it; empty: it does not */
} tfd_gpu_device;

/* A device file that the driver's library opens. */
typedef struct tfd_gpu_node {
    tfd_str path;
    bool exists;    /* and is no folder, which docker makes of the name of a file that the host lacks */
    tfd_tri usable; /* this user may read and write it */
    bool is_nodev;  /* it lies on a mount on which no device file may be opened; usable is TFD_NO then */
    uint32_t mode, uid, gid;
} tfd_gpu_node;

/* A file that a name of a library would open, by the loader model. */
typedef struct tfd_gpu_library {
    tfd_str name;       /* "libcudnn.so.9" */
    tfd_state state;    /* PRESENT: found; ABSENT: looked everywhere; UNKNOWN: could not */
    tfd_str path, real; /* of the hit, and the file behind all links */
    tfd_str rule;       /* that found it: "RUNPATH of …", "LD_LIBRARY_PATH", "ld.so.cache" */
    tfd_str version;    /* by its distribution or its file name; empty: not known */
    tfd_str version_source;
    tfd_str own_version; /* that the file says of itself (parts of cuDNN); empty: it does not */
    size_t dist;         /* that it belongs to, row of dists, or TFD_NONE */
    tfd_str broken;  /* why it cannot be loaded although it is there; empty: nothing is known to hinder it */
    tfd_str culprit; /* broken: a library that a variable put in place of the one that fits; empty: none */
    tfd_str culprit_rule; /* "LD_LIBRARY_PATH", "LD_PRELOAD" */
    tfd_str outdated; /* broken: the distribution whose library is older than this one needs; empty: none */
    tfd_str
        noexec; /* broken: the mount it lies on, from which no code may be mapped; empty: another reason */
    bool is_forbidden;  /* this user may not read it; not found: path is the folder that he may not list */
    bool is_dependency; /* what is missing is a library that it needs in turn … */
    tfd_str dependency; /* … of this name */
    tfd_str elsewhere; /* not found: a file of this very name that ld.so does not look at; empty: none seen */
    tfd_str dead_link; /* not found: a link of this name that leads nowhere; empty: none */
    tfd_str other;     /* not found: the same library in another version; empty: none seen */
    tfd_str without_env; /* found through a variable: the file that would be found without it; empty: none */
    tfd_str without_version;
    bool is_required; /* without it TensorFlow lists no GPU */
} tfd_gpu_library;

typedef TFD_TABLE(tfd_gpu_library) tfd_gpu_libraries;

/* What this TensorFlow was built for. */
typedef struct tfd_gpu_build {
    tfd_tri is_cuda, is_rocm;
    tfd_str cuda;      /* "12.5.1"; empty: not known */
    tfd_str cudnn;     /* "9" or "9.3" */
    tfd_strs kernels;  /* compute capabilities it has machine code for: "8.9" */
    tfd_strs ptx;      /* … and intermediate code, which later GPUs run as well */
    tfd_str source;    /* build_info.py, or the knowledge base's row */
    tfd_str framework; /* libtensorflow_framework.so.2, whose search path counts; empty: not found */
} tfd_gpu_build;

/* A GPU as the driver's own libraries describe it. */
typedef struct tfd_gpu_answer {
    tfd_str name;
    int major, minor;             /* compute capability; 0: not told */
    uint64_t total_mib, free_mib; /* 0 with has_memory false: not told */
    bool has_memory;
    int compute_mode;  /* 0 default, 2 prohibited, 3 exclusive process; -1: not told */
    int processes;     /* that compute on it; -1: not told */
    int mig;           /* 1: MIG is on; 0: off; -1: not told */
    int mig_instances; /* -1: not told */
} tfd_gpu_answer;

/* What the helper child heard from libcuda.so.1 and libnvidia-ml.so.1. */
typedef struct tfd_driver_answer {
    bool ran;           /* it was asked, and answered at least in part */
    tfd_str why;        /* why not */
    bool timed_out;     /* a call did not come back */
    tfd_str cuda_error; /* why libcuda.so.1 could not be opened; empty: it was */
    tfd_str cuda_path;  /* file that was mapped */
    bool has_init;
    int init; /* what cuInit gave */
    tfd_str init_name;
    int cuda_version; /* 12040; 0: not told */
    int count;        /* devices the driver API lists; -1: not told */
    bool can_compute; /* the library has what contexts are made with */
    tfd_str nvml_error;
    bool has_nvml;
    int nvml;                          /* what nvmlInit gave */
    tfd_str driver;                    /* version by NVML */
    int nvml_count;                    /* -1: not told */
    TFD_TABLE(tfd_gpu_answer) devices; /* of the driver API, in its order */
    TFD_TABLE(tfd_gpu_answer)
    nvml_devices; /* of NVML: all that this user may see, whatever hides them from CUDA */
} tfd_driver_answer;

/* What the import child saw after the import. */
typedef struct tfd_gpu_trial {
    bool asked;  /* it was to look */
    bool listed; /* it came to an answer */
    bool is_cuda, is_rocm;
    tfd_strs names; /* of the devices listed */
    tfd_str list_error;
    bool compute_began, computed; /* … and all devices gave the right sum */
    tfd_str compute_skipped;      /* why it was not tried */
    tfd_str compute_step;         /* what was tried last: "multiply", "convolve" */
    tfd_str compute_error;        /* first exception; empty with computed false: the process died over it */
    int ended_by;                 /* signal that ended it then; 0: none */
    int exit_code;
    bool timed_out;
    tfd_strs missing; /* names of libraries that TensorFlow's own log calls missing */
} tfd_gpu_trial;

typedef struct tfd_gpu {
    bool was_looked_for;               /* PCI and driver were examined; nothing below is told otherwise */
    bool is_asked;                     /* the user wants a GPU to work (--expect gpu, --fail-on gpu) */
    bool is_possible;                  /* there is a device, or what stands for one (WSL) */
    TFD_TABLE(tfd_gpu_device) devices; /* of every vendor */
    size_t nvidia_count;
    tfd_str kernel_module; /* version of the nvidia module; "?" loaded, version unknown; empty: not loaded */
    tfd_str module_source;
    bool is_open_module; /* NVIDIA's open kernel modules */
    bool has_nouveau;
    bool has_dxg;        /* /dev/dxg: a GPU handed into WSL 2 */
    bool has_wsl_driver; /* /usr/lib/wsl/lib/libcuda.so.1 */
    tfd_tri secure_boot;
    tfd_str module_file; /* nvidia.ko for the running kernel, on the disk; empty: none seen */
    TFD_TABLE(tfd_gpu_node) nodes;
    bool has_modprobe; /* nvidia-modprobe, with which the driver's libraries make device files on demand */
    bool has_nvswitch;
    tfd_tri fabric_manager;   /* nv-fabricmanager runs */
    bool has_env_visible;     /* CUDA_VISIBLE_DEVICES is set … */
    tfd_str env_visible;      /* … to this */
    tfd_str env_container;    /* NVIDIA_VISIBLE_DEVICES; empty: not set or empty */
    tfd_str env_capabilities; /* NVIDIA_DRIVER_CAPABILITIES */
    tfd_gpu_library libcuda, libnvml;
    tfd_str stray_libcuda; /* WSL: a Linux driver's libcuda.so.1 that wins over Windows' own; empty: none */
    tfd_gpu_build build;
    tfd_gpu_libraries libraries;
    tfd_gpu_libraries cudnn_parts;                /* libraries that cuDNN opens itself */
    tfd_str ptxas, libdevice;                     /* the ones XLA would take; empty: none */
    tfd_str ptxas_version;                        /* empty: not read */
    tfd_str ptxas_refused, ptxas_refused_version; /* one that XLA passes over; empty: none */
    tfd_strs toolchain_roots;                     /* where they were looked for */
    tfd_strs dead_tools; /* links that lead nowhere in their places in NVIDIA's wheel */
    tfd_str data_dir;    /* of XLA_FLAGS=--xla_gpu_cuda_data_dir; empty: not set */
    tfd_str rocm;        /* version of the ROCm that is installed; empty: none seen */
    tfd_driver_answer driver;
} tfd_gpu;

#endif
