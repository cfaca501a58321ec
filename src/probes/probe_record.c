#include "packages/record.h"

static tfd_status run(tfd_probe_ctx *ctx, tfd_err *err)
{
    tfd_status status = tfd_record_check(ctx, err);

    if (status != TFD_OK)
        return status;
    status = tfd_record_check_loaded(ctx);
    if (status == TFD_OK)
        status = tfd_record_check_pip(ctx);
    return status == TFD_OK ? TFD_OK : tfd_err_set(err, status, 0, "RECORD: no memory");
}

const tfd_probe tfd_probe_record = {
    .id = "record",
    .summary = "Files of TensorFlow and its requirements against their RECORDs",
    .phase = TFD_PHASE_FILES,
    .run = run,
};
