/* Turns the model of sys.path into the table of places: each folder is listed once. */
#ifndef TFD_PYTHON_PLACES_H
#define TFD_PYTHON_PLACES_H

#include "python/syspath.h"

/* TFD_OK or TFD_ENOMEM. A folder that cannot be listed stays with readable false. */
tfd_status tfd_places_fill(const tfd_sys *sys, tfd_arena *arena, const tfd_syspath *path, tfd_facts *facts,
                           tfd_err *err);

#endif
