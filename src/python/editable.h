/* The finder module of an editable install (PEP 660 as setuptools does it): __editable___NAME_finder.py holds
 * the dict literals MAPPING (package name to folder) and NAMESPACES. */
#ifndef TFD_PYTHON_EDITABLE_H
#define TFD_PYTHON_EDITABLE_H

#include "base/arena.h"
#include "base/err.h"

#define TFD_EDITABLE_MAX ((size_t)256 << 10)

typedef struct tfd_editable_item {
    tfd_str name; /* "mypkg", "ns.mypkg" */
    tfd_str path; /* folder of the package, or module file without its suffix */
} tfd_editable_item;

typedef struct tfd_editable {
    tfd_editable_item *items;
    size_t count, capacity;
    bool has_namespaces; /* then a place holder goes on sys.path */
    tfd_str placeholder; /* "__editable__.NAME-VERSION.finder.__path_hook__" */
} tfd_editable;

/* EFORMAT: no MAPPING that is understood. Text lives in the arena or in `text`. */
tfd_status tfd_editable_parse(tfd_arena *arena, tfd_str text, tfd_editable *out);

#endif
