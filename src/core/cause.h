/* The closed list of causes: ids are public and keep their meaning for ever; new ones are only added. */
#ifndef TFD_CORE_CAUSE_H
#define TFD_CORE_CAUSE_H

#include "base/str.h"

/* What a cause keeps from working. A cause that can do both has the side it was found on. */
typedef enum tfd_side { TFD_SIDE_IMPORT, TFD_SIDE_GPU, TFD_SIDE_INSTALL, TFD_SIDE_WARNING } tfd_side;

typedef enum tfd_cause_id {
#define TFD_CAUSE(symbol, id, side, area) TFD_CAUSE_##symbol,
#include "core/cause_list.h"
#undef TFD_CAUSE
    TFD_CAUSE_COUNT
} tfd_cause_id;

const char *tfd_cause_name(tfd_cause_id id); /* "dep-numpy" */
const char *tfd_cause_area(tfd_cause_id id); /* "packages" */
tfd_side tfd_cause_side(tfd_cause_id id);    /* where it mostly shows */
const char *tfd_side_name(tfd_side side);    /* "import", "gpu", "install", "warning" */
/* TFD_CAUSE_COUNT if there is none of that name. */
tfd_cause_id tfd_cause_find(tfd_str name);

#endif
