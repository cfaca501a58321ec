/* Repairs: from a cause and the row that is broken to commands that can be pasted. Pure: the machine is not
 * asked again. Least change first; real paths and versions; the installer that the environment uses; official
 * sources only. */
#ifndef TFD_FIXES_FIXES_H
#define TFD_FIXES_FIXES_H

#include "core/finding.h"
#include "core/report.h"
#include "core/view.h"

/* Repairs for the cause that lead stands for, best first. Always at least one: what no command can do has a
 * title only. */
tfd_status tfd_fixes_find(const tfd_view *view, const tfd_finding *lead, tfd_arena *arena, tfd_fix **out,
                          size_t *count);

/* Where the first cause has to be repaired together with others, its first fix becomes one that repairs them
 * all. */
tfd_status tfd_fixes_combine(const tfd_view *view, tfd_report *report, tfd_arena *arena);

#endif
