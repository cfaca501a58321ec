/* What names and small files tell about a Python: "python3.12t", "lib/python3.11", "3.12.1.final.0",
 * patchlevel.h. Pure text. */
#ifndef TFD_PYTHON_NAME_H
#define TFD_PYTHON_NAME_H

#include "base/str.h"

typedef struct tfd_pyname {
    bool is_pypy;
    int major, minor; /* -1: the name does not say */
    bool threads;     /* 't': free-threaded (PEP 703) */
    bool debug;       /* 'd' */
} tfd_pyname;

/* File or folder name of an interpreter: python, python3, python3.12, python3.13t, python3.6m, python3-dbg,
 * pypy3.9. False for everything else ("python3-config", "pythonw.sh"). */
bool tfd_pyname_parse(tfd_str name, tfd_pyname *out);

/* "libpython3.12.so.1.0", "libpython3.6m.so.1.0", "libpython3.13td.so", "libpypy3.9-c.so". */
bool tfd_pyname_parse_lib(tfd_str name, tfd_pyname *out);

/* Where a Windows program has its Python from, by the name of the DLL. */
typedef enum tfd_pydll {
    TFD_PYDLL_NONE,
    TFD_PYDLL_CPYTHON, /* python310.dll, python313t.dll, python310_d.dll */
    TFD_PYDLL_MINGW,   /* libpython3.11.dll */
    TFD_PYDLL_CYGWIN,  /* msys-python3.11.dll, cygpython3.9.dll */
    TFD_PYDLL_PYPY     /* libpypy3.9-c.dll */
} tfd_pydll;

/* Case does not matter. python3.dll, which only passes on to another one, is NONE. */
tfd_pydll tfd_pyname_parse_dll(tfd_str name, tfd_pyname *out);

typedef struct tfd_pyversion {
    int major, minor, micro; /* -1: not given */
    tfd_str text;            /* "3.12.1rc1": as given, without ".final.0" and a trailing '+' */
} tfd_pyversion;

/* "3.12", "3.12.1", "3.13.0rc2", "3.12.1.final.0". False if there is no "major.minor" at its start. */
bool tfd_pyversion_parse(tfd_str text, tfd_pyversion *out);

/* The third number of a pythonXY.dll's file version is micro * 1000 + level * 10 + serial, with levels 10
 * (alpha) to 15 (final) (PC/python_ver_rc.h): 11150 is micro 11. *suffix: "rc2", "" for a final release.
 * Written to suffix[8], NUL-ended. -1: not of that form. */
int tfd_pyversion_of_field3(unsigned field3, char suffix[8]);

/* The PY_VERSION line of patchlevel.h. */
bool tfd_pyversion_in_patchlevel(tfd_str text, tfd_pyversion *out);

/* First "major.minor.micro" of the wanted minor version that is a string literal of an interpreter: it ends
 * with a NUL and begins behind one, or behind a '/' where the linker laid PY_VERSION over the end of the
 * prefix
 * ("/opt/python/3.12.1"). */
bool tfd_pyversion_in_literals(tfd_str bytes, int major, int minor, tfd_pyversion *out);

#endif
