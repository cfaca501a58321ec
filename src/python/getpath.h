/* Where CPython looks for its standard library, from files only: a model of Modules/getpath.c and
 * PC/getpathp.c (3.6 to 3.10) and of Modules/getpath.py (from 3.11). The interpreter is not started. Build
 * trees (pybuilddir.txt) are not modelled. */
#ifndef TFD_PYTHON_GETPATH_H
#define TFD_PYTHON_GETPATH_H

#include "core/facts.h"
#include "python/pyvenv.h"

/* One entry of sys.path before site runs. */
typedef struct tfd_getpath_entry {
    tfd_str path; /* as CPython holds it; may be relative or empty */
    tfd_place_kind kind;
    tfd_str source; /* "PYTHONPATH", "getpath", "HKCU\\SOFTWARE\\Python\\…" */
} tfd_getpath_entry;

typedef struct tfd_getpath_entries {
    tfd_getpath_entry *items;
    size_t count, capacity;
} tfd_getpath_entries;

typedef struct tfd_getpath {
    /* In. */
    tfd_str executable; /* absolute, as started; links not resolved */
    int major, minor;
    bool threads;       /* free-threaded build: lib/python3.13t */
    bool debug;         /* Windows: python313_d.dll */
    tfd_arch arch;      /* Windows: changes the names of registry keys and of the user's folder */
    tfd_str libpython;  /* file that holds the interpreter's code and with it the compiled-in prefix; may be
                           empty. Windows: pythonXY.dll */
    bool is_redirected; /* Windows: `executable` is a venv's redirector that starts `program` */
    tfd_str program; /* Windows: the process' own file, where `executable` is a venv's redirector that starts
                        it; empty: executable */

    /* Out. Paths are as CPython holds them, not normalised. */
    tfd_str real;          /* executable with the links of its last component followed; empty: it dangles */
    tfd_str pyvenv_cfg;    /* the file that site takes; empty: none */
    tfd_pyvenv cfg;        /* what it says */
    bool cfg_denied;       /* it is there and may not be read */
    bool cfg_no_text;      /* its bytes are no UTF-8 */
    tfd_str venv_prefix;   /* sys.prefix of the virtual environment; empty: none */
    tfd_str prefix;        /* sys.base_prefix */
    tfd_str exec_prefix;   /* sys.base_exec_prefix */
    tfd_str lib_name;      /* "lib/python3.12", "lib64/python3.12", below prefix */
    tfd_str platlibdir;    /* "lib", "lib64" */
    tfd_str zip;           /* prefix/lib/python312.zip, there or not */
    tfd_str stdlib;        /* folder that goes on sys.path, there or not */
    tfd_str dynload;       /* likewise */
    tfd_str home_variable; /* PYTHONHOME in force */
    tfd_str stand_in;    /* PYTHONEXECUTABLE in force (POSIX, from 3.11): venvs are searched for from there */
    bool stand_in_hides; /* `executable` lies in a venv and stand_in does not */
    tfd_str search_from; /* folder from which the search for the standard library went upwards */
    bool stdlib_found;   /* by its landmark (os.py), or by PYTHONHOME whose landmark is there */
    bool dynload_found;
    bool from_compiled;  /* found through the prefix compiled into the interpreter */
    bool prefix_unknown; /* no landmark anywhere and the compiled-in prefix could not be read */
    tfd_str pth_file; /* ._pth beside the executable (from 3.11): the only source of sys.path; empty: none */
    tfd_strs pth_paths; /* its paths, in order */
    bool pth_import_site;
    tfd_str pth_fatal; /* its text stops the interpreter (3.7 to 3.10 on Windows): why; empty: it does not */
    tfd_str winver;    /* Windows: sys.winver, "3.10", "3.10-32", "3.13t" */
    tfd_getpath_entries search; /* Windows: sys.path before site runs, PYTHONPATH included */
} tfd_getpath;

/* Fills the second half. TFD_OK unless memory ends. */
tfd_status tfd_getpath_run(const tfd_sys *sys, tfd_arena *arena, tfd_getpath *g, tfd_err *err);

/* path with the links of its last component followed, at most 40, as readlink in a loop does (folders on the
 * way are left as they are). Empty: the chain ends nowhere. */
tfd_str tfd_getpath_follow(const tfd_sys *sys, tfd_arena *arena, tfd_str path);

/* The model of Windows; tfd_getpath_run takes it for machines with Windows' paths. */
tfd_status tfd_getpath_run_windows(const tfd_sys *sys, tfd_arena *arena, tfd_getpath *g, tfd_err *err);
/* sys.winver by version, processor and threads. */
tfd_str tfd_getpath_winver(tfd_arena *arena, const tfd_getpath *g);
/* site.venv(), which is the same on every system: fills pyvenv_cfg, cfg and venv_prefix. */
void tfd_getpath_find_venv(const tfd_sys *sys, tfd_arena *arena, tfd_getpath *g);
/* pyvenv.cfg of one folder; false if it is not there or cannot be read. */
bool tfd_getpath_read_cfg(const tfd_sys *sys, tfd_arena *arena, tfd_str dir, tfd_str *path, tfd_pyvenv *out);

#endif
