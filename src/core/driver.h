/* The driver's own answers: a supervised child asks libnvidia-ml.so.1 and libcuda.so.1 (driver_child.py). It
 * is the interpreter that is examined, isolated, with ctypes: tfdiag itself may not load libraries of the
 * machine (its release build cannot), and so what LD_LIBRARY_PATH, a container or WSL put in the driver's
 * place is what TensorFlow would get, too. */
#ifndef TFD_CORE_DRIVER_H
#define TFD_CORE_DRIVER_H

#include "core/facts.h"

#define TFD_DRIVER_DEADLINE_MS 20000u /* a first cuInit on a machine with eight GPUs takes some seconds */

typedef struct tfd_driver_run tfd_driver_run;

/* Starts the child. TFD_EUNSUPPORTED on a machine on which nothing can be run. Borrows sys until
 * tfd_driver_free. */
tfd_status tfd_driver_start(const tfd_sys *sys, tfd_arena *arena, tfd_str python, tfd_driver_run **out,
                            tfd_err *err);
/* Waits for the child, at most to its deadline or until the user asks to stop, and turns what it sent into
 * facts. TFD_ENOMEM. */
tfd_status tfd_driver_finish(tfd_driver_run *run, tfd_arena *arena, tfd_driver_answer *out);
void tfd_driver_free(tfd_driver_run *run); /* NULL is accepted */

/* On a recorded machine: what the child said there, from the file TFD_DRIVER_RECORD; nothing where it was not
 * asked. TFD_ENOMEM. */
#define TFD_DRIVER_RECORD "/.tfdiag/driver"
tfd_status tfd_driver_recall(const tfd_sys *sys, tfd_arena *arena, tfd_driver_answer *out);

/* What the child sent: JSON arrays, one a line; others are passed over. TFD_ENOMEM is the only failure. */
tfd_status tfd_driver_read(tfd_arena *arena, tfd_str data, tfd_driver_answer *out);

#endif
