/* All interpreters that can be seen, and the TensorFlow in each. */
#include "core/probe.h"
#include "python/discover.h"

static tfd_status run(tfd_probe_ctx *ctx, tfd_err *err)
{
    return tfd_discover_run(ctx->sys, ctx->arena, ctx->facts, err);
}

const tfd_probe tfd_probe_interpreters = {
    .id = "interpreters",
    .summary = "Other interpreters on this machine and the TensorFlow in them",
    .phase = TFD_PHASE_PACKAGES,
    .run = run,
};
