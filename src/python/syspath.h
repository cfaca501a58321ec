/* sys.path as `import site` leaves it, from files only: a model of Lib/site.py on top of the getpath model.
 */
#ifndef TFD_PYTHON_SYSPATH_H
#define TFD_PYTHON_SYSPATH_H

#include "core/facts.h"
#include "python/getpath.h"

/* What this interpreter's site.py does differently from others; read from its text, because distributions
 * patch it and fixes were carried back to older releases. */
typedef struct tfd_site_rules {
    bool is_debian;    /* dist-packages */
    bool is_fedora;    /* /usr/local is put before the prefixes */
    bool skips_hidden; /* .pth files whose name begins with '.' */
    bool utf8_first; /* .pth files are UTF-8, with or without a mark, before the locale's encoding is tried */
    bool names_threads; /* lib/python3.13t */
    bool is_readable; /* false: site.py is not there or cannot be read; the rules are those of the version */
} tfd_site_rules;

typedef struct tfd_syspath_entry {
    tfd_str path; /* absolute and normalised, except for what code put there */
    tfd_place_kind kind;
    tfd_str source;
    size_t startup;     /* row of startup_files that added it, or TFD_NONE */
    tfd_tri is_dir;     /* TFD_UNKNOWN: not asked yet */
    tfd_str dropped_by; /* start-up file that takes it off sys.path again; empty: none */
} tfd_syspath_entry;

typedef struct tfd_syspath {
    tfd_syspath_entry *items;
    size_t count, capacity;
    bool complete;
    tfd_str why;             /* why it is not complete */
    bool lacks_library_only; /* for nothing but the standard library, which is not where it is looked for */
    tfd_site_rules rules;
    tfd_tri user_site_on;
    tfd_str user_site;       /* folder, there or not */
    tfd_str usual_user_site; /* what it would be without PYTHONUSERBASE */
    tfd_str site_packages;   /* where an installer puts packages: there or not */
    tfd_str fatal;      /* start-up code makes Python stop before the first line: why; empty: it does not */
    tfd_str fatal_file; /* the file that does */
} tfd_syspath;

/* start_dir: first entry ("" none: safe path). Rows are added to facts->startup_files and facts->presets.
 * TFD_OK or TFD_ENOMEM. */
tfd_status tfd_syspath_run(const tfd_sys *sys, tfd_arena *arena, const tfd_getpath *layout, tfd_str start_dir,
                           tfd_facts *facts, tfd_syspath *out, tfd_err *err);

/* PYTHONSAFEPATH is in force for this version (from 3.11), or a ._pth file isolates the interpreter. */
bool tfd_syspath_is_safe(const tfd_sys *sys, const tfd_getpath *layout);

#endif
