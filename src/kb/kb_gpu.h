/* What is known of NVIDIA GPUs, drivers, CUDA and cuDNN: data files gpus.json, cuda.json and cudnn.json. They
 * are parsed only where a GPU is looked for. As everywhere in the knowledge base, what no row names is
 * unknown. */
#ifndef TFD_KB_KB_GPU_H
#define TFD_KB_KB_GPU_H

#include "kb/kb.h"

typedef struct tfd_kb_chip {
    tfd_str name;               /* "GA102" */
    tfd_str architecture;       /* "Ampere" */
    tfd_str compute_capability; /* "8.6" */
    tfd_str ids;                /* PCI device ids, four hexadecimal digits each, separated by blanks */
} tfd_kb_chip;

typedef struct tfd_kb_architecture {
    tfd_str name;
    tfd_str last_branch; /* of the driver that supports it: "470"; empty: the newest does */
    tfd_str min_driver;  /* first driver for Linux; empty: not known */
    tfd_kb_origin origin;
} tfd_kb_architecture;

typedef struct tfd_kb_driver_error {
    int code;
    tfd_str name; /* "CUDA_ERROR_NO_DEVICE" */
    tfd_str text;
    tfd_kb_origin origin;
} tfd_kb_driver_error;

typedef struct tfd_kb_cudnn {
    tfd_str version;        /* first one that the row is about */
    tfd_str min_cc, max_cc; /* compute capabilities that it has kernels for */
    tfd_kb_origin origin;
} tfd_kb_cudnn;

/* Parses the three files. After it all queries below only read. TFD_EFORMAT, TFD_ENOMEM. */
tfd_status tfd_kb_gpu_preload(tfd_kb *kb, tfd_err *err);

/* Number of the library in a wheel of NVIDIA's: "9.28.0" of "9.28.0.42". */
tfd_str tfd_kb_cuda_release(tfd_str wheel_version);
/* The chip that carries a PCI device id of NVIDIA's, or NULL. */
const tfd_kb_chip *tfd_kb_chip_find(tfd_kb *kb, uint32_t device);
const tfd_kb_architecture *tfd_kb_architecture_find(tfd_kb *kb, tfd_str name);
/* The architecture of a compute capability, by the chips that have it; empty if none has. */
tfd_str tfd_kb_architecture_of(tfd_kb *kb, tfd_str compute_capability);

/* Libraries without which a TensorFlow of this version, built for this CUDA ("12.5.1"), uses no GPU. A
 * version that the table does not know is answered by the CUDA generation alone; *is_exact says which it was.
 */
tfd_kb_strs tfd_kb_cuda_libraries(tfd_kb *kb, tfd_str tf_version, tfd_str cuda, bool *is_exact);
/* The same on Windows, where builds have CUDA until 2.10: names of DLLs; empty from 2.11 on. */
tfd_kb_strs tfd_kb_cuda_windows(tfd_kb *kb, tfd_str tf_version);
/* Folders of NVIDIA's wheels, below site-packages, into which a release does not look although it opens their
 * libraries. */
tfd_kb_strs tfd_kb_cuda_gaps(tfd_kb *kb, tfd_str tf_version);
/* The oldest Linux driver that runs programs built for this CUDA ("12.5": minor-version compatibility from 11
 * on), and the one that was released with it. Empty: not known. */
tfd_str tfd_kb_driver_floor(tfd_kb *kb, tfd_str cuda);
tfd_str tfd_kb_toolkit_driver(tfd_kb *kb, tfd_str cuda);
/* The oldest Windows driver likewise; empty: not known. */
tfd_str tfd_kb_windows_driver_floor(tfd_kb *kb, tfd_str cuda);
/* The compute capability of a GPU by its name on the market ("NVIDIA GeForce RTX 3090", "Tesla T4"), by its
 * chip ("GA102") or as it is written itself ("8.6", "sm_86"). Empty: not known. */
tfd_str tfd_kb_gpu_capability(tfd_kb *kb, tfd_arena *arena, tfd_str name);
/* Whether a release has code that runs on GPUs of a compute capability: machine code of the same major and no
 * higher minor, or intermediate code of no higher one. */
bool tfd_kb_release_has_code(const tfd_kb_release *release, tfd_str compute_capability);
/* Of cuDNN's releases the first that has no code for a compute capability which older ones have ("9.11" for
 * "7.0"); empty: none is known. */
tfd_str tfd_kb_cudnn_dropped(tfd_kb *kb, tfd_str compute_capability);
/* Compute capabilities that a CUDA version can make code for; false if no row is about it. */
bool tfd_kb_cuda_targets(tfd_kb *kb, tfd_str cuda, tfd_str *min_cc, tfd_str *max_cc);
const tfd_kb_driver_error *tfd_kb_driver_error_find(tfd_kb *kb, int code);
/* The distribution that brings a library for a CUDA generation ("libcufft.so.11", "12": nvidia-cufft-cu12),
 * and the folder below site-packages in which it lies ("nvidia/cufft/lib"). Empty if none is known. */
tfd_str tfd_kb_cuda_dist(tfd_kb *kb, tfd_str library, tfd_str cuda, tfd_str *folder);

/* What an installer is given for a release with its CUDA libraries, for GPUs of these compute capabilities
 * (empty ones are passed over): "tensorflow[and-cuda]==2.20.0"; TensorFlow alone before that extra; in place
 * of an extra that asks for TensorRT, the rest of what it asks for; last, bounds on cuDNN. Returns how many
 * are in out; TFD_KB_WITH_CUDA_MAX holds them all. */
#define TFD_KB_WITH_CUDA_MAX 64
size_t tfd_kb_with_cuda(tfd_kb *kb, tfd_arena *arena, const tfd_kb_release *release,
                        const tfd_str *capabilities, size_t capability_count, tfd_str *out, size_t max);

/* The row for a cuDNN version: the newest one not above it; NULL below the first. */
const tfd_kb_cudnn *tfd_kb_cudnn_find(tfd_kb *kb, tfd_str version);
/* Files of a cuDNN major ("9"), libcudnn.so.9 first; empty if it is not known. */
tfd_kb_strs tfd_kb_cudnn_files(tfd_kb *kb, tfd_str major);

#endif
