/* pyvenv.cfg (PEP 405). It is read by two pieces of CPython with different rules: getpath wants "home" (C
 * code up to 3.10, getpath.py from 3.11), site wants "include-system-site-packages". */
#ifndef TFD_PYTHON_PYVENV_H
#define TFD_PYTHON_PYVENV_H

#include "base/str.h"

/* More than this is no pyvenv.cfg. */
#define TFD_PYVENV_MAX ((size_t)64 << 10)

typedef struct tfd_pyvenv {
    tfd_str home;        /* as getpath.py takes it: the first line with that key */
    tfd_str home_legacy; /* as the C code up to 3.10 takes it: wants blanks around '=', minds the case */
    tfd_str version;     /* "version" (venv) or "version_info" (virtualenv, uv) */
    tfd_str executable;  /* "base-executable" or "executable": the base interpreter when it was made */
    bool has_home;
    bool system_site; /* as site.py takes it: true also where the key is missing */
    bool by_uv;       /* it has a key "uv" */
} tfd_pyvenv;

/* Slices point into text. Cannot fail: what is no "key = value" is passed over, as CPython does. */
void tfd_pyvenv_parse(tfd_str text, tfd_pyvenv *out);

#endif
