/* From findings to ordered causes. Pure: same findings, same order.
 *
 * Weights are on one scale: +10 doubles the odds that the cause has to be repaired. What an experiment showed
 * (the import) outweighs what a table says. All weights used by checks are these names. */
#ifndef TFD_CORE_RANK_H
#define TFD_CORE_RANK_H

#include "core/finding.h"
#include "core/view.h"

enum {
    TFD_W_PROOF = 120,   /* the evidence leaves no other reading */
    TFD_W_STRONG = 80,   /* breaks in every case that was measured */
    TFD_W_LIKELY = 50,   /* a rule says so (a requirement is not met) */
    TFD_W_MAYBE = 25,    /* fits, and other things fit as well */
    TFD_W_HINT = 10,     /* a reason to look, never enough alone */
    TFD_W_NAMED = 90,    /* the import's own error names this very thing */
    TFD_W_POINTS = 45,   /* the import's error comes from it or mentions it */
    TFD_W_AGAINST = -60, /* speaks against it */
    TFD_W_FORECAST = 45  /* from here on a cause counts as "breaks" where the import was not tried */
};

/* Ranks. causes and warnings are taken from arena. Where the import was tried and works, what would break it
 * becomes a warning; where it failed, causes below TFD_W_HINT are dropped. */
tfd_status tfd_rank(const tfd_view *view, const tfd_findings *findings, tfd_arena *arena, tfd_report *report);

#endif
