/* What the check of CUDA's libraries (check_cuda.c) shares with its part for cuDNN (cuda_cudnn.c). */
#ifndef TFD_CHECKS_CUDA_RULES_H
#define TFD_CHECKS_CUDA_RULES_H

#include "checks/gpu_blame.h"

/* Whether a library, or the key of a distribution, is cuDNN's. */
bool tfd_cuda_is_cudnn(tfd_str library);
bool tfd_cuda_is_cudnn_dist(tfd_str key);
/* Not found, or found and not to be loaded. */
bool tfd_cuda_is_lost(const tfd_gpu_library *library);
/* It lacks a library that TensorFlow opens itself and that is lost: that is told once. */
bool tfd_cuda_is_told(const tfd_gpu *gpu, const tfd_gpu_library *one);
/* Whether both versions are known and not equal. */
bool tfd_cuda_differs(tfd_str a, tfd_str b);
/* "CUDA 12.5" or "cuDNN 9.3": what this TensorFlow was built for. Text lives in the findings' arena. */
tfd_str tfd_cuda_subject(const tfd_view *view, tfd_findings *out, bool is_cudnn);
/* Findings about the cuDNN that was found; nothing where none was. */
void tfd_cuda_check_cudnn(const tfd_view *view, tfd_findings *out);

#endif
