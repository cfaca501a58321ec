/* What Python code does to the search for DLLs, as far as its text tells; part of native_steps. */
#ifndef TFD_PROBES_NATIVE_STEPS_CODE_H
#define TFD_PROBES_NATIVE_STEPS_CODE_H

#include "probes/native_steps.h"

/* Steps of the package in folder (…\site-packages\numpy): __init__.py, __config__.py, _distributor_init.py.
 */
tfd_status tfd_steps_add_package(tfd_probe_ctx *ctx, tfd_str folder, size_t dist, tfd_steps *out,
                                 tfd_err *err);
/* Steps of start-up code: facts' start_loads. */
tfd_status tfd_steps_add_startup(tfd_probe_ctx *ctx, tfd_steps *out, tfd_err *err);
/* The names that self_check.py (at path) loads: build_info's msvcp_dll_names beside it. */
tfd_status tfd_steps_add_check(tfd_probe_ctx *ctx, tfd_str path, size_t dist, tfd_steps *out, tfd_err *err);
/* One step, at the end. */
tfd_status tfd_steps_push(tfd_probe_ctx *ctx, tfd_steps *out, tfd_step step, tfd_err *err);

#endif
