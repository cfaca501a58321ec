/* What the fixes for CUDA share: installing a release of TensorFlow with the CUDA that it was built for. */
#ifndef TFD_FIXES_FIX_CUDA_H
#define TFD_FIXES_FIX_CUDA_H

#include "fixes/fix.h"

/* Whether this release has the extra and-cuda. */
bool tfd_fix_cuda_has_extra(tfd_str version);
bool tfd_fix_cuda_is_conda(const tfd_fix_ctx *ctx);
/* The release, with the extra where it has one. One command. */
void tfd_fix_cuda_release(tfd_fix_ctx *ctx, tfd_str version);
/* The release, its CUDA, and what makes it find that. */
void tfd_fix_cuda_install(tfd_fix_ctx *ctx, tfd_str version);
/* NVIDIA's wheels for a release without the extra, and LD_LIBRARY_PATH to them. */
void tfd_fix_cuda_wheels(tfd_fix_ctx *ctx, tfd_str version, tfd_str cuda, tfd_str cudnn);
/* tf-no-gpu-build, gpu-arch: begin and fill the fix. */
void tfd_fix_cuda_build(tfd_fix_ctx *ctx);
void tfd_fix_cuda_arch(tfd_fix_ctx *ctx);

#endif
