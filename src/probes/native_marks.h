/* What the models of both loaders note of each file they load: who asks for it, and whose it is. */
#ifndef TFD_PROBES_NATIVE_MARKS_H
#define TFD_PROBES_NATIVE_MARKS_H

#include "base/path.h"
#include "core/probe.h"

typedef struct tfd_native_mark {
    bool is_needed;   /* a root loads it */
    bool is_optional; /* only roots do that the import goes on without */
    bool is_module;   /* it is an extension module */
    size_t dist;      /* row of dists a root is known to be of, or TFD_NONE */
    size_t place;     /* of a root with dist: the place it lies in, */
    tfd_str top;      /* and the first component below that ("numpy") */
} tfd_native_mark;

typedef struct tfd_native_marks {
    tfd_path_style style;
    tfd_native_mark *items; /* by file of the loader; of the arena given */
    size_t count;
} tfd_native_marks;

/* Makes room for the files up to this number. TFD_ENOMEM. */
tfd_status tfd_native_marks_fit(tfd_native_marks *marks, tfd_arena *arena, size_t files, tfd_err *err);
/* Notes that a root loads all these files; there is room for them. */
void tfd_native_marks_need(tfd_native_marks *marks, const size_t *files, size_t count, bool is_optional);
/* Notes the owner of a root, and the folder that its libraries lie in or beside. */
void tfd_native_marks_own(tfd_native_marks *marks, const tfd_facts *facts, size_t file, tfd_str path,
                          size_t dist);
/* Row of dists that the file belongs to: noted, or known of a root in the same folder below the same place,
 * or by the name of the ".libs" (auditwheel, delvewheel) beside such a folder. TFD_NONE: not known. */
size_t tfd_native_owner(const tfd_native_marks *marks, const tfd_facts *facts, size_t file, tfd_str path);

#endif
