/* The programs and data that XLA compiles GPU code with: where it finds them, and of which version they are.
 */
#ifndef TFD_PROBES_CUDA_TOOLS_H
#define TFD_PROBES_CUDA_TOOLS_H

#include "core/probe.h"
#include "probes/cuda_search.h"

/* The version by which ptxas and nvlink call themselves ("12.9.86"), from the text in the file: it is what
 * `ptxas --version` prints. Empty: the file has none, or cannot be read. TFD_ENOMEM. */
tfd_status tfd_cuda_tool_version(tfd_probe_ctx *ctx, tfd_str path, tfd_str *version, tfd_err *err);

/* Whether XLA passes over a ptxas of this version (11.8 is the oldest that it takes, 12.3.103 makes wrong
 * code: FindPtxAsExecutable in xla/stream_executor/cuda, from TensorFlow 2.17 on). False where it is not
 * known. */
bool tfd_cuda_tool_is_refused(tfd_str version, tfd_str tf_version);

/* Fills the facts about ptxas and libdevice, with the folders in which they were looked for. TFD_ENOMEM. */
tfd_status tfd_cuda_tools_find(tfd_cuda_search *search);

#endif
