/* Which interpreter is examined: --python, else what a shell would start, else the environment that variables
 * or folders name. */
#ifndef TFD_PYTHON_SELECT_H
#define TFD_PYTHON_SELECT_H

#include "core/facts.h"

/* Fills path, why, broken, broken_why and the active_env members of py. wanted: --python, may be empty.
 * TFD_ENOENT with a sentence: there is none (a damaged environment is no error: broken says so). */
tfd_status tfd_select_python(const tfd_sys *sys, tfd_arena *arena, tfd_str wanted, tfd_python *py,
                             tfd_err *err);

/* The interpreter of an environment folder, "bin/python" if there is none; *state says what is wrong with it:
 * FINE, DANGLING, MISSING. */
tfd_str tfd_select_in_env(const tfd_sys *sys, tfd_arena *arena, tfd_str env, tfd_broken *state);

#endif
