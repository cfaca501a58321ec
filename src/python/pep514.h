/* Interpreters that installers wrote to the registry of Windows (PEP 514), and what the launcher py.exe
 * chooses among them. */
#ifndef TFD_PYTHON_PEP514_H
#define TFD_PYTHON_PEP514_H

#include "sys/sys.h"

/* More registered interpreters than anyone has. */
#define TFD_PEP514_MAX 256

typedef struct tfd_pep514 {
    tfd_str company, tag; /* "PythonCore", "3.10", "3.10-32"; "Astral", "CPython3.12.3" */
    tfd_str executable;   /* ExecutablePath, else python.exe in the InstallPath; there or not */
    tfd_str source;       /* "HKCU\SOFTWARE\Python\PythonCore\3.10" */
} tfd_pep514;

typedef struct tfd_pep514_list {
    tfd_pep514 *items; /* HKCU first, then HKLM in the 64-bit and the 32-bit view */
    size_t count, capacity;
} tfd_pep514_list;

/* TFD_OK also where the machine has no registry: then the list is empty. TFD_ENOMEM. */
tfd_status tfd_pep514_read(const tfd_sys *sys, tfd_arena *arena, tfd_pep514_list *out);

/* The program that `py` without arguments starts: of an active virtual environment, else by PY_PYTHON and
 * py.ini (that of the user first, then the one beside py.exe), else the newest that is registered. launcher:
 * path of py.exe. *why: "VIRTUAL_ENV", "PY_PYTHON", path of py.ini, or registry key. Empty: it finds none;
 * *why is then the sentence. */
tfd_str tfd_pylauncher_default(const tfd_sys *sys, tfd_arena *arena, tfd_str launcher, tfd_str *why);

/* The value of `key` in the section [defaults] of py.ini; empty: none. A slice of text. */
tfd_str tfd_pylauncher_ini(tfd_str text, tfd_str key);
/* Whether a registered tag answers what was asked for ("3", "3.10", "3.10-32", "3-64", "Company/Tag"). */
bool tfd_pylauncher_matches(tfd_str company, tfd_str tag, tfd_str wanted);
/* Whether tag a is a newer version than b; of equal ones the 64-bit one. */
bool tfd_pylauncher_is_newer(tfd_str a, tfd_str b);

#endif
