/* A probe looks at the machine and writes facts; only probes touch the machine. It gives TFD_OK when it has
 * looked, whatever it found; a failure (with err) becomes "unknown" in the report and the run goes on: tables
 * it was to fill then stay incomplete. */
#ifndef TFD_CORE_PROBE_H
#define TFD_CORE_PROBE_H

#include "core/facts.h"
#include "core/options.h"
#include "kb/kb.h"
#include "sys/sys.h"

typedef struct tfd_probe_ctx {
    const tfd_sys *sys;
    const tfd_options *options;
    tfd_kb *kb;       /* topics that the run loaded beforehand may be read from any thread */
    tfd_arena *arena; /* this probe's own: lives as long as the facts */
    tfd_facts *facts; /* written only in the tables that the probe provides */
} tfd_probe_ctx;

/* Probes of one phase may run at the same time, each on a thread of its own; a phase sees all facts of those
 * before. */
typedef enum tfd_phase {
    TFD_PHASE_SYSTEM,   /* system, python: what is examined */
    TFD_PHASE_PACKAGES, /* packages, other interpreters */
    TFD_PHASE_FILES,    /* record, modules, native: what lies in the packages */
    TFD_PHASE_COUNT
} tfd_phase;

typedef struct tfd_probe {
    const char *id;      /* also the id of the check that reports on it, where there is one */
    const char *summary; /* one sentence */
    tfd_phase phase;
    tfd_status (*run)(tfd_probe_ctx *ctx, tfd_err *err);
} tfd_probe;

#endif
