/* Where interpreters are looked for: PATH, version managers, conda, well-known folders, environments here and
 * above, Jupyter's kernels, the workspace of an editor. */
#ifndef TFD_PYTHON_DISCOVER_H
#define TFD_PYTHON_DISCOVER_H

#include "core/facts.h"

/* Adds rows to facts->interpreters (the target first, if it is known). TFD_OK or TFD_ENOMEM. */
tfd_status tfd_discover_run(const tfd_sys *sys, tfd_arena *arena, tfd_facts *facts, tfd_err *err);

/* The value of "python.defaultInterpreterPath" (or "python.pythonPath") in VS Code's settings.json: JSON with
 * comments and trailing commas. Empty: not set. Lives in the arena. */
tfd_str tfd_discover_vscode(tfd_arena *arena, tfd_str text);
/* argv[0] of a Jupyter kernel.json. Empty: none. */
tfd_str tfd_discover_kernel(tfd_arena *arena, tfd_str text);

#endif
