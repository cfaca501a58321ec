/* One interpreter: what its file, its name and its surroundings tell, without starting it. */
#ifndef TFD_PYTHON_INTERP_H
#define TFD_PYTHON_INTERP_H

#include "core/facts.h"
#include "python/binary.h"
#include "python/getpath.h"
#include "python/name.h"

typedef struct tfd_interp {
    tfd_str path; /* as started, absolute */
    tfd_str real; /* behind all links; empty: there is nothing */
    tfd_binary binary;
    tfd_str libpython_name; /* NEEDED name of its library; empty: it has none */
    tfd_str libpython; /* the file: that library, or the program itself; empty: the library is not found */
    tfd_pyname name;   /* version by file names; major -1: they do not tell */
    bool is_pypy;
    tfd_pydll kind;     /* Windows */
    bool is_redirector; /* Windows: path is the redirector of an environment, real what it starts */
    tfd_str dead; /* Windows: the redirector of an environment would start nothing: why; empty: it would */
} tfd_interp;

/* Windows: the program is a PE image that is linked with pythonXY.dll, or the small redirector of a virtual
 * environment that starts the one which pyvenv.cfg's "home" leads to: `real` and `binary` are then that one.
 * Called by tfd_interp_read. */
tfd_status tfd_interp_read_windows(const tfd_sys *sys, tfd_arena *arena, tfd_interp *out,
                                   tfd_status *read_status, tfd_err *err);
/* File that the loader would take for a DLL of the program itself: its folder, the system's, those of PATH.
 * Empty: found nowhere. */
tfd_str tfd_interp_find_dll(const tfd_sys *sys, tfd_arena *arena, tfd_str program, tfd_str name);
/* Where an alias of the Store leads to; the path itself where it is none. */
tfd_str tfd_interp_unalias(const tfd_sys *sys, tfd_arena *arena, tfd_str path);
void tfd_interp_environment_windows(const tfd_sys *sys, tfd_arena *arena, const tfd_getpath *layout,
                                    tfd_python *py);

/* Reads the file and finds the version. TFD_OK also where nothing could be told; TFD_ENOMEM. read_status is
 * what opening it gave. */
tfd_status tfd_interp_read(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_interp *out,
                           tfd_status *read_status, tfd_err *err);

/* Name of the first folder "pythonX.Y" below prefix/lib (and lib64) that holds `leaf`; false: none, or more
 * than one. */
bool tfd_interp_layout(const tfd_sys *sys, tfd_arena *arena, tfd_str prefix, const char *leaf,
                       tfd_pyname *out);

/* Full version: patchlevel.h of the base prefix, the name of an installation's folder, the literals of the
 * binary, pyvenv.cfg. Fills version, version_source, micro of py. */
void tfd_interp_version(const tfd_sys *sys, tfd_arena *arena, const tfd_interp *interp,
                        const tfd_getpath *layout, tfd_python *py);

/* Kind of environment and its root. */
void tfd_interp_environment(const tfd_sys *sys, tfd_arena *arena, const tfd_getpath *layout, tfd_python *py);

#endif
