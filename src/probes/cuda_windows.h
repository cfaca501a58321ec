/* The DLLs of CUDA and cuDNN that TensorFlow would get on Windows; part of probe_cuda. */
#ifndef TFD_PROBES_CUDA_WINDOWS_H
#define TFD_PROBES_CUDA_WINDOWS_H

#include "core/probe.h"

/* Fills libraries and cudnn_parts of facts->gpu (zlibwapi.dll is one of the parts). TFD_ENOMEM, TFD_ELIMIT.
 */
tfd_status tfd_cuda_windows_find(tfd_probe_ctx *ctx, tfd_err *err);

#endif
