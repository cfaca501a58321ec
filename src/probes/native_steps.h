/* What the process of an interpreter on Windows does to its DLLs while a module is imported, in about the
 * order in which it does: extension modules that are opened, folders that packages add to the search
 * (os.add_dll_directory), DLLs that their code loads by ctypes. Known from measured imports and from the
 * packages' own code (delvewheel's lines in __init__.py, numpy's _distributor_init.py, TensorFlow's
 * self_check.py, start-up files). A file that the measured version had and this one has not is left out,
 * because RECORD, not this list, says what belongs here. */
#ifndef TFD_PROBES_NATIVE_STEPS_H
#define TFD_PROBES_NATIVE_STEPS_H

#include "core/probe.h"

/* Folders that are searched below the package of a module the knowledge base does not know. */
#define TFD_STEPS_FOLDERS_MAX 2000
#define TFD_STEPS_CODE_MAX ((size_t)1 << 18) /* bytes of Python code that are read of one file */

typedef enum tfd_step_kind {
    TFD_STEP_OPEN,   /* import of an extension module */
    TFD_STEP_DIR,    /* os.add_dll_directory */
    TFD_STEP_PATH,   /* appended to PATH */
    TFD_STEP_NAME,   /* ctypes.WinDLL("msvcp140.dll") */
    TFD_STEP_LIBRARY /* ctypes.WinDLL with a path */
} tfd_step_kind;

typedef struct tfd_step {
    tfd_step_kind kind;
    tfd_str path;     /* or name */
    tfd_str owner;    /* who does it: "numpy", "TensorFlow's self-check", path of a start-up file */
    size_t dist;      /* row of dists, or TFD_NONE */
    bool is_optional; /* the import goes on without it */
} tfd_step;

typedef struct tfd_steps {
    tfd_step *items;
    size_t count, capacity;
    tfd_str unknown; /* a path of which the machine could not say whether it is there; empty: none */
} tfd_steps;

tfd_status tfd_steps_find(tfd_probe_ctx *ctx, tfd_steps *out, tfd_err *err);

#endif
