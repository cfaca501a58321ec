/* The native files of an import on Windows; probe_native hands over to it. */
#ifndef TFD_PROBES_NATIVE_WINDOWS_H
#define TFD_PROBES_NATIVE_WINDOWS_H

#include "core/probe.h"
#include "loader/win_loader.h"

/* Fills objects, resolutions, symbol_problems, intruders and runtimes. Statuses as a probe's. */
tfd_status tfd_native_windows(tfd_probe_ctx *ctx, tfd_err *err);

/* Fills runtimes from what the model found; rows of objects are those of its files. order: how the
 * interpreter opens extension modules. native_runtimes.c */
tfd_status tfd_native_runtimes(tfd_probe_ctx *ctx, tfd_win_loader *loader, tfd_win_order order, tfd_err *err);

#endif
