/* One examination from beginning to end: probes, import child, checks, ranking, fixes. */
#ifndef TFD_CORE_RUN_H
#define TFD_CORE_RUN_H

#include "core/report.h"
#include "kb/kb.h"
#include "sys/sys.h"

typedef struct tfd_run tfd_run;

/* Called while the import child runs, about ten times a second, with the seconds since its start; may be
 * NULL. */
typedef void (*tfd_progress)(void *ctx, double seconds);

/* Borrows sys, options and kb until tfd_run_free. NULL: out of memory. */
tfd_run *tfd_run_new(const tfd_sys *sys, const tfd_options *options, tfd_kb *kb);
void tfd_run_set_progress(tfd_run *run, tfd_progress progress, void *ctx);
/* Test hook: request number fail_at (1 is the next) of one of the run's arenas gives no memory. The arenas
 * are those of the probes in their order, then the report's, then the ranking's; false past the last. */
bool tfd_run_set_fault(tfd_run *run, size_t arena, long fail_at);
/* Always leaves a report behind (an error in it where nothing could be examined). TFD_ETIMEOUT: interrupted
 * by the user. */
tfd_status tfd_run_check(tfd_run *run, tfd_err *err);
const tfd_report *tfd_run_get_report(const tfd_run *run);
void tfd_run_free(tfd_run *run);

/* The registered checks, for `list`, `show` and --only/--skip. NULL past the last one. */
typedef struct tfd_check tfd_check;
const tfd_check *tfd_check_get(size_t index);
const char *tfd_check_id(const tfd_check *check);
const char *tfd_check_summary(const tfd_check *check);

#endif
