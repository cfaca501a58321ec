#include "packages/packages.h"

#include <string.h>

/* NVIDIA's wheels are needed by an extra alone, and yet by TensorFlow's GPUs. */
static bool is_of_interest(const tfd_dist *dist)
{
    return dist->is_needed || dist->is_tensorflow || tfd_str_starts_z(dist->key, "nvidia-");
}

static tfd_status run(tfd_probe_ctx *ctx, tfd_err *err)
{
    tfd_packages packages;
    tfd_facts *facts = ctx->facts;
    tfd_status status;

    memset(&packages, 0, sizeof packages);
    packages.sys = ctx->sys;
    packages.kb = ctx->kb;
    packages.arena = ctx->arena;
    packages.facts = facts;
    status = tfd_packages_scan(&packages);
    if (status == TFD_OK)
        status = tfd_packages_scan_conda(&packages);
    if (status == TFD_OK)
        status = tfd_packages_read_metadata(&packages);
    if (status == TFD_OK)
        status = tfd_packages_find_tensorflow(&packages);
    if (status == TFD_OK)
        status = tfd_packages_resolve(&packages);
    for (size_t i = 0; i < facts->dists.count && status == TFD_OK; i++)
        if (is_of_interest(&facts->dists.items[i]))
            status = tfd_packages_read_details(&packages, i);
    if (status == TFD_OK)
        status = tfd_packages_find_leftovers(&packages);
    if (status == TFD_OK && facts->tensorflow != TFD_NONE) {
        const tfd_dist *tf = &facts->dists.items[facts->tensorflow];

        tfd_fact_set_text(facts, TFD_FACT_TENSORFLOW_VERSION, tf->version,
                          tf->metadata.len ? tf->metadata : tf->path);
    } else if (status == TFD_OK && facts->dists.complete) {
        tfd_fact_set_absent(facts, TFD_FACT_TENSORFLOW_VERSION, TFD_STR("sys.path"));
    }
    return status == TFD_OK ? TFD_OK : tfd_err_set(err, status, 0, "packages: %s", tfd_status_text(status));
}

const tfd_probe tfd_probe_packages = {
    .id = "packages",
    .summary = "Distributions, their requirements, and what the import needs of them",
    .phase = TFD_PHASE_PACKAGES,
    .run = run,
};
