/* Version managers put scripts called python on PATH that start another file. This follows them by their own
 * rules without running them: pyenv (libexec/pyenv-version-name, pyenv-which), asdf and mise
 * (.tool-versions), and plain wrappers ("exec /usr/bin/python3.12 …"). On Windows: aliases of the Store,
 * the launcher py.exe, batch files of pyenv-win. */
#ifndef TFD_PYTHON_SHIM_H
#define TFD_PYTHON_SHIM_H

#include "sys/sys.h"

typedef enum tfd_shim_result {
    TFD_SHIM_NONE,    /* path is no script of these: it is the program */
    TFD_SHIM_FOUND,   /* out is what it would start */
    TFD_SHIM_NOTHING, /* it would start nothing: out says why in one sentence */
    TFD_SHIM_UNKNOWN  /* a script whose end cannot be told */
} tfd_shim_result;

/* path: absolute, an existing file. */
tfd_shim_result tfd_shim_follow(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out);

/* First executable file of that name on PATH, leaving out one folder (empty: none). Empty: there is none. */
tfd_str tfd_shim_which(const tfd_sys *sys, tfd_arena *arena, tfd_str name, tfd_str skip_dir);

#endif
