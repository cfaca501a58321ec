/* One-line titles and subjects of causes, with the names and versions of this machine. */
#ifndef TFD_CORE_TITLE_H
#define TFD_CORE_TITLE_H

#include "core/finding.h"
#include "core/view.h"

/* "numpy 2.1.0", "LD_LIBRARY_PATH", "random.py"; may be empty. */
tfd_str tfd_title_subject(const tfd_view *view, const tfd_finding *lead, tfd_arena *arena);
/* "NumPy 2.1.0 does not fit TensorFlow 2.15.0"; where there is nothing special to say, the cause's own title.
 */
tfd_str tfd_title_cause(const tfd_view *view, const tfd_finding *lead, tfd_arena *arena);

/* What is wrong with a distribution, in the facts: decides the words of titles and the kind of repair. */
typedef enum tfd_dist_fault {
    TFD_FAULT_UNFIT,   /* a version that does not fit */
    TFD_FAULT_MISSING, /* not installed */
    TFD_FAULT_DAMAGED, /* files missing, altered, cut; or of another build */
    TFD_FAULT_UNKNOWN
} tfd_dist_fault;

tfd_dist_fault tfd_dist_fault_of(const tfd_view *view, size_t dist, tfd_str key);

/* Whether the finding is about byte code alone that Python keeps beside the source, in __pycache__ or below
 * PYTHONPYCACHEPREFIX: a copy, made anew where it is gone (PEP 3147). */
bool tfd_title_is_byte_code(const tfd_view *view, const tfd_finding *lead);

#endif
