/* Windows' part of shim.h, which calls it: PATH with PATHEXT, aliases of the Store, py.exe, pyenv-win's and
 * other batch files. */
#ifndef TFD_PYTHON_SHIM_WIN_H
#define TFD_PYTHON_SHIM_WIN_H

#include "python/shim.h"

/* As cmd looks: the current folder first (unless NoDefaultCurrentDirectoryInExePath is set), then PATH; in
 * each folder the extensions of PATHEXT in their order. */
tfd_str tfd_shim_which_windows(const tfd_sys *sys, tfd_arena *arena, tfd_str name, tfd_str skip_dir);
/* Whether a program is an alias of the Store behind which no Python is installed: it only opens the Store. */
bool tfd_shim_is_store_alias(const tfd_sys *sys, tfd_arena *arena, tfd_str path);
tfd_shim_result tfd_shim_follow_windows(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out);

#endif
