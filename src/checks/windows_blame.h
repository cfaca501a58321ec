/* From a problem of native code on Windows to the cause behind it: what native_blame.h promises, for DLLs. */
#ifndef TFD_CHECKS_WINDOWS_BLAME_H
#define TFD_CHECKS_WINDOWS_BLAME_H

#include "core/check.h"

/* The finding for a DLL that is found nowhere: by its name, and by who needs it (object, may be NULL). Text
 * and source are the caller's unless they are set. TFD_CAUSE_COUNT: nobody can be named. */
tfd_finding tfd_windows_blame_missing(const tfd_view *view, const tfd_object *object, tfd_str name,
                                      int weight, tfd_arena *arena);
/* The finding for a refusal by the system: error numbers 5, 225, 226, 577, 1260, 1920, 4551 and the like;
 * TFD_CAUSE_COUNT for others. */
tfd_finding tfd_windows_blame_refusal(const tfd_view *view, int code, tfd_str path, int weight);

/* As tfd_native_blame_object, _resolution and _symbol. */
bool tfd_windows_blame_object(const tfd_view *view, size_t object, int weight, tfd_findings *out);
bool tfd_windows_blame_resolution(const tfd_view *view, const tfd_resolution *resolution, int weight,
                                  tfd_findings *out);
bool tfd_windows_blame_symbol(const tfd_view *view, const tfd_symbol_problem *problem, int weight,
                              tfd_findings *out);

#endif
