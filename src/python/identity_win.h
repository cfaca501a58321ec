/* Facts of a Windows interpreter that its PE image and its surroundings tell. */
#ifndef TFD_PYTHON_IDENTITY_WIN_H
#define TFD_PYTHON_IDENTITY_WIN_H

#include "python/interp.h"

/* implementation, bits and arch; there is no C library of the system to name. */
void tfd_python_set_identity_windows(const tfd_interp *interp, tfd_facts *facts);
/* "cp312-win_amd64" (PC/pyconfig.h: PYD_TAGGED_SUFFIX). */
void tfd_python_set_soabi_windows(tfd_arena *arena, tfd_python *py);
/* uv and conda on PATH and in well-known places. */
void tfd_python_find_installers_windows(const tfd_sys *sys, tfd_arena *arena, tfd_python *py);

#endif
