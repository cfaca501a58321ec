/* What the checks about GPUs share. */
#ifndef TFD_CHECKS_GPU_BLAME_H
#define TFD_CHECKS_GPU_BLAME_H

#include "core/check.h"
#include "core/gpu.h"
#include "kb/kb_gpu.h"

/* Weights in the order in which faults that stand beside each other are best repaired: the device, without
 * which nothing else is of use, a build without CUDA or without code for the device, what hides the device,
 * its driver, the libraries. All are above TFD_W_STRONG. */
enum {
    TFD_GPU_W_DEVICE = TFD_W_PROOF + 25,
    TFD_GPU_W_BUILD = TFD_W_PROOF + 20,
    TFD_GPU_W_ARCH = TFD_W_PROOF + 17,
    TFD_GPU_W_ACCESS = TFD_W_PROOF + 15,
    TFD_GPU_W_DRIVER = TFD_W_PROOF + 10,
    TFD_GPU_W_LIBRARY = TFD_W_PROOF,
    TFD_GPU_W_SURE = TFD_W_STRONG + 10
};

/* A finding on the GPU's side. */
tfd_finding tfd_gpu_finding(tfd_cause_id cause, tfd_str subject, int weight, tfd_effect effect);
/* Whether a variable put the library before another copy, which waits behind it. */
bool tfd_gpu_is_forced(const tfd_gpu_library *library);
/* The variable is then what has to be repaired, also where it brought something that spoils the library. */
void tfd_gpu_blame_variable(const tfd_gpu_library *library, tfd_finding *finding);
/* Skips the check, with the reason, where no GPU has to work; true then. */
bool tfd_gpu_skip(const tfd_view *view, tfd_findings *out);

typedef enum tfd_gpu_code {
    TFD_GPU_CODE_UNKNOWN,
    TFD_GPU_CODE_NONE,
    TFD_GPU_CODE_PTX,
    TFD_GPU_CODE_NATIVE
} tfd_gpu_code;
/* What the build has for a compute capability: machine code (of the same major and not a higher minor), code
 * that the driver compiles, or nothing (CUDA C++ Programming Guide, "Application Compatibility"). */
tfd_gpu_code tfd_gpu_code_for(const tfd_gpu_build *build, tfd_str cc);

/* What CUDA_VISIBLE_DEVICES leaves of `count` GPUs (0: their number is not known). An entry that names no
 * device ends the list, one that is named twice empties it; numbers are read as strtol does, so "1;0" is 1
 * (CUDA C++ Programming Guide, "CUDA Environment Variables"; torch/cuda/__init__.py models the rest). */
typedef struct tfd_gpu_visible {
    tfd_tri hidden; /* YES: none is left; UNKNOWN: named by UUID, which the driver alone knows */
    size_t indices[64];
    size_t count;
} tfd_gpu_visible;

tfd_gpu_visible tfd_gpu_visible_read(tfd_str value, size_t count);
/* Whether the variable that tfdiag and the driver's child were started with hides all GPUs; the import may
 * see another value. */
bool tfd_gpu_env_hides(const tfd_view *view);

/* Version of the driver: of the kernel module, else of its libraries; empty: not known. */
tfd_str tfd_gpu_driver_version(const tfd_view *view);
/* Whether libcuda.so.1 is one of the forward-compatibility package or of WSL, whose version is not the
 * kernel's. */
bool tfd_gpu_is_compat(const tfd_view *view);
/* Whether a variable put the forward-compatibility package before a driver that is new enough without it. */
bool tfd_gpu_is_needless_compat(const tfd_view *view);
/* Whether libcuda.so.1 is the empty one that toolkits link against. */
bool tfd_gpu_is_stub(const tfd_view *view);
/* Whether a variable brings a libcuda.so.1 of another driver in place of the one that fits the kernel's. */
bool tfd_gpu_is_foreign(const tfd_view *view);
/* Whether NVIDIA's kernel module runs and has none of the GPUs: it refused them. */
bool tfd_gpu_is_unbound(const tfd_view *view);
/* Whether nothing of the driver's device files is there. */
bool tfd_gpu_has_no_nodes(const tfd_view *view);

#endif
