/* From a native problem (object, resolution, symbol) to the cause behind it; shared by the check of native
 * code and the check of the import's own error, so that both name the same thing. */
#ifndef TFD_CHECKS_NATIVE_BLAME_H
#define TFD_CHECKS_NATIVE_BLAME_H

#include "core/check.h"

/* The setting that made ld.so take a library, by the rule that found it: "LD_LIBRARY_PATH", "LD_PRELOAD" or
 * "/etc/ld.so.preload"; empty where packages or the system's folders did. */
tfd_str tfd_native_forced_by(tfd_str rule);

/* Each adds its findings with the given weight as the upper limit and returns whether it found anything to
 * say. */
bool tfd_native_blame_object(const tfd_view *view, size_t object, int weight, tfd_findings *out);
bool tfd_native_blame_resolution(const tfd_view *view, const tfd_resolution *resolution, int weight,
                                 tfd_findings *out);
bool tfd_native_blame_symbol(const tfd_view *view, const tfd_symbol_problem *problem, int weight,
                             tfd_findings *out);

/* All problems of one file and of what it needs, found by path; false if the tables know none. */
bool tfd_native_blame_path(const tfd_view *view, tfd_str path, int weight, tfd_findings *out);

#endif
