/* What checks say. A check adds weight for or against causes, with the fact it rests on; only rank.c decides.
 * Findings are append-only. A failed append (memory) is sticky: `status` tells once at the end. */
#ifndef TFD_CORE_FINDING_H
#define TFD_CORE_FINDING_H

#include "core/cause.h"
#include "core/facts.h"
#include "core/report.h"

/* What the fault does to what was asked for, as far as the finding can tell. */
typedef enum tfd_effect {
    TFD_EFFECT_BREAKS,    /* it keeps the import (or the GPU) from working */
    TFD_EFFECT_MAY_BREAK, /* it may; the import decides, a forecast goes by the weight */
    TFD_EFFECT_LATENT /* wrong, but it breaks nothing that was asked for: a warning if it is the only one */
} tfd_effect;

typedef struct tfd_finding {
    tfd_cause_id cause;
    tfd_str subject; /* one root cause = (cause, subject) */
    int weight;      /* see the scale in rank.h; negative speaks against */
    tfd_effect effect;
    bool for_gpu;          /* keeps GPUs from working, not the import */
    bool from_import;      /* rests on what the import itself said, not on what lies on the disk */
    bool outweighs_import; /* Wine lets it pass, Windows does not: holds though the import worked there */
    size_t dist;           /* distribution to repair, row of dists, or TFD_NONE */
    size_t place;          /* place on sys.path to repair, or TFD_NONE */
    tfd_str path;          /* file or folder to repair; empty: none */
    tfd_str text;
    tfd_str source;
    const char *check;
} tfd_finding;

typedef struct tfd_findings {
    tfd_arena *arena;
    tfd_finding *items;
    size_t count;
    size_t capacity;
    tfd_benign *benign;
    size_t benign_count;
    size_t benign_capacity;
    tfd_str *cleared;
    size_t cleared_count;
    size_t cleared_capacity;
    const char *check; /* that runs now */
    tfd_check_status check_status;
    tfd_str check_summary;
    tfd_status status;
} tfd_findings;

/* A finding with nothing to repair by row or path: dist and place are TFD_NONE. */
tfd_finding tfd_finding_of(tfd_cause_id cause, tfd_str subject, int weight, tfd_effect effect);

/* Adds it under the running check, which then fails (BREAKS, MAY_BREAK) or warns (LATENT). Exact repetitions
 * are dropped. */
void tfd_findings_add(tfd_findings *out, const tfd_finding *finding);
/* "This was looked at and is not the cause", for a suspicion that people come with. */
void tfd_findings_clear(tfd_findings *out, tfd_str text);
void tfd_findings_benign(tfd_findings *out, const char *id, tfd_str text, tfd_str why);
/* The check could not look: it is "unknown" in the report, with the reason. */
void tfd_findings_unknown(tfd_findings *out, tfd_str why);
/* The check does not apply to this machine. */
void tfd_findings_skip(tfd_findings *out, tfd_str why);
/* One line about what the check saw; the last one counts. */
void tfd_findings_say(tfd_findings *out, tfd_str summary);

#endif
