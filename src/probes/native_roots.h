/* The native files that an import opens, in about the order in which it does: extension modules of the
 * standard library, of TensorFlow's requirements, of TensorFlow, and of the module asked for. What they need
 * in turn (DT_NEEDED) is the loader's to find. Known from measured imports; a file that the measured version
 * had and this one has not is left out, because RECORD, not this list, says what belongs here. */
#ifndef TFD_PROBES_NATIVE_ROOTS_H
#define TFD_PROBES_NATIVE_ROOTS_H

#include "core/probe.h"

/* Folders that are searched below the package of a module the knowledge base does not know. */
#define TFD_NATIVE_FOLDERS_MAX 2000

typedef struct tfd_native_root {
    tfd_str path;
    size_t dist;      /* row of dists, or TFD_NONE */
    bool is_optional; /* the import goes on without it */
    bool is_global;   /* opened with RTLD_GLOBAL */
    int rank;         /* lower ones are opened first */
} tfd_native_root;

typedef struct tfd_native_roots {
    tfd_native_root *items;
    size_t count, capacity;
    tfd_str unknown; /* a path of which the machine could not say whether it is there; empty: none */
} tfd_native_roots;

tfd_status tfd_native_roots_find(tfd_probe_ctx *ctx, tfd_native_roots *out, tfd_err *err);

#endif
