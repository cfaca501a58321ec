/* What the parts of the loader model share; nobody else includes it. */
#ifndef TFD_LOADER_LOADER_PARTS_H
#define TFD_LOADER_LOADER_PARTS_H

#include "loader/loader.h"

tfd_status tfd_loader_no_memory(tfd_err *err);

/* ---- loader_path.c: search paths */

/* LD_LIBRARY_PATH, the default folders and $LIB, after the program is known. */
tfd_status tfd_loader_read_defaults(tfd_loader *loader, tfd_err *err);
/* DT_RPATH (which counts only without DT_RUNPATH) or DT_RUNPATH of a file, expanded once. */
tfd_status tfd_loader_rpath_of(tfd_loader *loader, size_t file, tfd_loader_path **out, tfd_err *err);
tfd_status tfd_loader_runpath_of(tfd_loader *loader, size_t file, tfd_loader_path **out, tfd_err *err);
/* text with $ORIGIN, $LIB and $PLATFORM replaced; the empty slice with ptr NULL if $ORIGIN is not known. */
tfd_status tfd_loader_expand(tfd_loader *loader, tfd_str text, tfd_str origin, tfd_str *out, tfd_err *err);
bool tfd_loader_has_dir(tfd_loader *loader, tfd_str dir);

/* ---- loader_file.c: candidates */

typedef enum tfd_loader_look {
    TFD_LOOK_ABSENT, /* no such file */
    TFD_LOOK_PASSED, /* there, but ld.so goes on: no permission, other processor */
    TFD_LOOK_TAKEN   /* ld.so takes it, or gives up over it: see the state */
} tfd_loader_look;

/* The row for a path, made on first sight; *file is TFD_NONE if there is none of that name. */
tfd_status tfd_loader_look_at(tfd_loader *loader, tfd_str path, tfd_loader_look *look, size_t *file,
                              tfd_err *err);
/* A row for something that is not there or may not be seen. */
tfd_status tfd_loader_add_lost(tfd_loader *loader, tfd_str path, tfd_object_state state, tfd_str why,
                               size_t *file, tfd_err *err);
bool tfd_loader_is_usable(const tfd_loader_file *file);
/* Remembers (reader->failed) that the machine could not answer: what is found from now on is in doubt. */
void tfd_loader_doubt(tfd_loader *loader, tfd_status st);

/* ---- loader_bind.c: versions and symbols */

/* Checks files[from …] of the closure in the scope of global + closure; *ok false if some do not bind. lazy:
 * functions are bound when called (start of a program without LD_BIND_NOW). */
tfd_status tfd_loader_bind(tfd_loader *loader, const tfd_loader_list *closure, bool lazy, bool *ok,
                           tfd_err *err);

#endif
