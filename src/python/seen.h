/* Interpreters besides the one examined, at a glance: version and TensorFlow by the names in their folders.
 */
#ifndef TFD_PYTHON_SEEN_H
#define TFD_PYTHON_SEEN_H

#include "core/facts.h"

/* Name and version of the TensorFlow distribution in the site-packages of the environment that a python
 * belongs to (path as started: a venv's own link, not its base). false: none seen. dist and version may stay
 * empty with true: a folder tensorflow without metadata. */
bool tfd_seen_tensorflow(const tfd_sys *sys, tfd_arena *arena, tfd_str python, tfd_str *dist,
                         tfd_str *version);

/* Whether a folder of packages holds a TensorFlow. */
bool tfd_seen_in_folder(const tfd_sys *sys, tfd_arena *arena, tfd_str dir);

/* The same for the first place of facts that holds one. */
bool tfd_seen_in_places(const tfd_facts *facts, tfd_str *dist, tfd_str *version);

/* Version by names alone: link target, pyvenv.cfg, name of the folder; "3.12" or "3.12.1"; empty: unknown. */
tfd_str tfd_seen_version(const tfd_sys *sys, tfd_arena *arena, tfd_str python);

#endif
