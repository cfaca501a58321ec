/* GPUs and their driver on Windows; part of probe_gpu. */
#ifndef TFD_PROBES_GPU_WINDOWS_H
#define TFD_PROBES_GPU_WINDOWS_H

#include "core/probe.h"

/* Fills devices, the driver's version and libcuda (nvcuda.dll) of facts->gpu; devices.complete is false where
 * the registry cannot be read. TFD_ENOMEM. */
tfd_status tfd_gpu_windows_look(tfd_probe_ctx *ctx, tfd_err *err);

#endif
