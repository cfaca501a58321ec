/* Tables of facts: rows, and whether they are all there are. */
#ifndef TFD_CORE_TABLE_H
#define TFD_CORE_TABLE_H

#include "base/arena.h"
#include "base/tri.h"

/* No row. */
#define TFD_NONE ((size_t)-1)

typedef enum tfd_state { TFD_STATE_UNKNOWN = 0, TFD_STATE_ABSENT, TFD_STATE_PRESENT } tfd_state;

/* TFD_TABLE(row) gives {items, count, capacity} for TFD_GROW, and whether the table is complete.
 */

#define TFD_TABLE(row)                                              \
    struct {                                                        \
        row *items;                                                 \
        size_t count;                                               \
        size_t capacity;                                            \
        bool complete; /* false: absence of a row proves nothing */ \
        tfd_str why;   /* why it is not complete */                 \
    }

typedef TFD_TABLE(tfd_str) tfd_strs;

#endif
