#include "packages/record.h"

static tfd_status run(tfd_probe_ctx *ctx, tfd_err *err)
{
    return tfd_record_check(ctx, err);
}

const tfd_probe tfd_probe_record = {
    .id = "record",
    .summary = "Files of TensorFlow and its requirements against their RECORDs",
    .phase = TFD_PHASE_FILES,
    .run = run,
};
