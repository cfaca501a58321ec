/* What this TensorFlow was built for, by its own word: tensorflow/python/platform/build_info.py; where that
 * is not there, by the knowledge base's row for its version. */
#ifndef TFD_PROBES_CUDA_BUILD_H
#define TFD_PROBES_CUDA_BUILD_H

#include "core/probe.h"

/* The text of build_info.py, in any of the forms it had since 1.15; members that it does not name stay as
 * they are. TFD_ENOMEM. */
tfd_status tfd_cuda_build_parse(tfd_arena *arena, tfd_str text, tfd_gpu_build *out);
/* Fills facts->gpu.build. TFD_ENOMEM. */
tfd_status tfd_cuda_build_read(tfd_probe_ctx *ctx, tfd_err *err);

#endif
