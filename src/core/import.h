/* The import, tried in the interpreter that is examined: a supervised child (sys/child.h) runs
 * import_child.py, which reports through a pipe of its own. It is started before the static examination and
 * asked for its result afterwards, so both run at the same time. */
#ifndef TFD_CORE_IMPORT_H
#define TFD_CORE_IMPORT_H

#include "core/facts.h"

typedef struct tfd_import_request {
    tfd_str python;      /* interpreter, as it would be started */
    tfd_str module;      /* "tensorflow", "tensorflow.keras", "tensorflow_text" */
    tfd_str script;      /* file whose folder stands first on sys.path; empty: the current folder does */
    bool wants_gpu;      /* list GPUs after the import and compute on them */
    uint64_t timeout_ms; /* 0: TFD_CHILD_DEADLINE_MS */
} tfd_import_request;

typedef struct tfd_import_run tfd_import_run;

/* Starts the child. TFD_EUNSUPPORTED on a machine on which nothing can be run. An interpreter that cannot be
 * executed is no failure here: the result says so. The run borrows sys and arena until tfd_import_free. */
tfd_status tfd_import_start(const tfd_sys *sys, tfd_arena *arena, const tfd_import_request *request,
                            tfd_import_run **out, tfd_err *err);
/* Waits up to wait_us; true once the child has ended. false early if the user asked to stop
 * (sys->interrupted). To be called on the thread that started it. */
bool tfd_import_poll(tfd_import_run *run, uint64_t wait_us);
/* Ends the child if it still runs and turns what it reported into facts, in arena. TFD_ENOMEM at its limit.
 */
tfd_status tfd_import_finish(tfd_import_run *run, tfd_arena *arena, tfd_import *out);
/* Ends the child if it still runs, removes its scratch folder. NULL is accepted. */
/* Of all variables that the child reported, those stay that are not as it was given them; those that it no
 * longer saw are added. TFD_OK or TFD_ENOMEM. */
tfd_status tfd_import_keep_changed(const tfd_sys *sys, tfd_arena *arena, tfd_import *out);

void tfd_import_free(tfd_import_run *run);

/* What the child wrote into its pipe: JSON arrays, one a line, and what faulthandler says at a fatal signal.
 * Fills the stage, exceptions, frames, modules and so on; lines that are neither are passed over, since the
 * interpreter may be anything. data may hold anything; TFD_ENOMEM is the only failure. */
tfd_status tfd_import_read(tfd_arena *arena, tfd_str data, tfd_import *out);

/* The exception that says most, or NULL. */
const tfd_exception *tfd_import_telling(const tfd_import *import);
/* One line where there is no exception: "died of signal 11" …; empty: nothing to say. timeout_ms as it was
 * asked for. */
tfd_str tfd_import_summary(const tfd_facts *facts, uint64_t timeout_ms, tfd_arena *arena);

#endif
