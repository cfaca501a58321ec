/* What the parts of the Windows half of probe_native share; nobody else includes it. */
#ifndef TFD_PROBES_NATIVE_WINDOWS_PARTS_H
#define TFD_PROBES_NATIVE_WINDOWS_PARTS_H

#include "probes/native_marks.h"
#include "probes/native_steps.h"
#include "probes/native_windows.h"

/* The process of the interpreter: the loader's model and what was done to it. */
typedef struct tfd_native_process {
    tfd_probe_ctx *ctx;
    tfd_win_loader loader;
    tfd_arena scratch;
    tfd_steps steps;
    tfd_win_order order; /* of extension modules */
    tfd_native_marks marks;
    tfd_err *err;
} tfd_native_process;

/* Fills objects, resolutions, symbol_problems and intruders from the model. native_windows_tables.c */
tfd_status tfd_native_fill_tables(tfd_native_process *n);

#endif
