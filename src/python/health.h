/* Would this interpreter start? Each test gives the sentence that a report shows, with the path at fault. */
#ifndef TFD_PYTHON_HEALTH_H
#define TFD_PYTHON_HEALTH_H

#include "kb/kb.h"
#include "python/interp.h"
#include "python/modfind.h"
#include "python/syspath.h"

/* The file itself: may it be run, is it whole, for this processor, are its loader and its library there.
 * read_status, why: how reading it ended. Sets py->broken and py->broken_why. */
void tfd_health_file(const tfd_sys *sys, tfd_arena *arena, const tfd_interp *interp, tfd_status read_status,
                     const char *why, tfd_python *py);

/* The first folder on the way to a file, links followed, that this user may not enter; empty: none. */
tfd_str tfd_health_closed_folder(const tfd_sys *sys, tfd_arena *arena, tfd_str path);

/* The standard library: found at all, the modules that start-up needs, the environment's version. Wants
 * facts->places. */
void tfd_health_layout(const tfd_sys *sys, tfd_arena *arena, const tfd_getpath *layout,
                       const tfd_syspath *path, tfd_facts *facts);

/* Modules of the standard library that `import` of the module asked for cannot do without (imports may be
 * NULL): missing, empty or overwritten. */
void tfd_health_stdlib(tfd_modfind *find, const tfd_kb_imports *imports, tfd_facts *facts);

#endif
