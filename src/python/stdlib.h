/* What belongs to the standard library of which version, as far as it changed between 3.6 and 3.14 for
 * modules that packages import. Source: "What's New in Python 3.7" … "3.14", PEP 594. */
#ifndef TFD_PYTHON_STDLIB_H
#define TFD_PYTHON_STDLIB_H

#include "base/str.h"

/* false: this version has no such module, so that its absence is no damage. Names that the table does not
 * hold are taken to be in every version. */
bool tfd_stdlib_has(tfd_str module, int major, int minor);

/* In every CPython of this version as built by default: compiled into the interpreter, found before sys.path.
 */
bool tfd_stdlib_is_builtin(tfd_str module);
/* The same for the Windows builds of python.org (PC/config.c). */
bool tfd_stdlib_is_builtin_windows(tfd_str module, int major, int minor);
/* Modules that no Windows build has. */
bool tfd_stdlib_is_posix_only(tfd_str module);
/* Frozen into the interpreter (from 3.11), found before sys.path. */
bool tfd_stdlib_is_frozen(tfd_str module, int major, int minor);
/* Imported before the start folder goes on sys.path: a file there cannot hide them. */
bool tfd_stdlib_is_loaded_at_start(tfd_str module, bool on_windows);

#endif
