/* Whose fault it is: from a distribution, a place or a file to the (cause, subject) that has to be repaired.
 * All checks ask here, so that evidence from different sides adds up under one cause. */
#ifndef TFD_CORE_BLAME_H
#define TFD_CORE_BLAME_H

#include "core/finding.h"
#include "core/view.h"

/* A finding with cause, subject and the row to repair filled in; text and source are the caller's. */

/* A distribution that is damaged, missing or of the wrong version: tf-corrupt, dep-numpy, dep-protobuf,
 * dep-keras, addon-mismatch (where it is the add-on that was asked for), else dep-other. */
tfd_finding tfd_blame_dist(const tfd_view *view, size_t dist, int weight, tfd_effect effect);
/* The same by PEP 503 key, for one that may not be installed. */
tfd_finding tfd_blame_key(const tfd_view *view, tfd_str key, int weight, tfd_effect effect);
/* What a wheel is that was built for something else than this interpreter and system (tags_fit is NO). */
tfd_cause_id tfd_blame_tags(const tfd_view *view, const tfd_dist *dist);
/* A place on sys.path that brings something foreign: name-shadowing for the start folder, else
 * pythonpath-conflict. path: the file or folder that wins. */
tfd_finding tfd_blame_place(const tfd_view *view, size_t place, tfd_str path, int weight, tfd_effect effect);
/* A module that hides another one: name-shadowing for a single name, else pythonpath-conflict. */
tfd_finding tfd_blame_module(const tfd_view *view, const tfd_module *module, int weight, tfd_effect effect);
/* Whether it is a file with an unlucky name and not part of a folder of packages. */
bool tfd_blame_is_single_name(const tfd_view *view, const tfd_module *module);
/* Whether a place is foreign: it stands before the environment's own packages without being the standard
 * library. */
bool tfd_blame_is_foreign(const tfd_view *view, size_t place);
/* A file: as the module that it hides if that is foreign, else by its place if that is, else by its
 * distribution, else the standard library (python-broken). cause is TFD_CAUSE_COUNT if nobody can be blamed.
 */
tfd_finding tfd_blame_file(const tfd_view *view, tfd_str path, int weight, tfd_effect effect);

#endif
