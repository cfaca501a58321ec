/* Is the driver new enough for this CUDA, and made for this GPU? */
#include "checks/driver_rules.h"

#include "formats/pep440.h"

/* ---- new enough? */

static void check_age(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    tfd_str floor = tfd_kb_driver_floor(view->kb, gpu->build.cuda);
    tfd_str version = tfd_gpu_driver_version(view);
    bool is_wsl = view->facts->system && view->facts->system->is_wsl;
    tfd_str major, rest;
    uint64_t wanted;
    int order;

    (void)tfd_str_cut(gpu->build.cuda, '.', &major, &rest);
    if (gpu->build.is_cuda != TFD_YES || tfd_gpu_is_stub(view) || tfd_gpu_is_foreign(view))
        return;
    if (!is_wsl && !tfd_gpu_is_compat(view) && tfd_driver_is_version(version) && floor.len > 0 &&
        tfd_version_cmp_text(version, floor, &order)) {
        if (order < 0) {
            tfd_driver_add(
                out, TFD_CAUSE_DRIVER_TOO_OLD, "", TFD_GPU_W_DRIVER,
                tfd_arena_fmt(out->arena, "the driver is version %.*s; CUDA %.*s needs %.*s or newer",
                              TFD_ARG(version), TFD_ARG(tfd_kb_line_of(gpu->build.cuda)), TFD_ARG(floor)),
                gpu->module_source);
            return;
        }
    }
    if (gpu->driver.cuda_version > 0 && tfd_str_u64(major, &wanted) &&
        (uint64_t)gpu->driver.cuda_version / 1000 < wanted)
        tfd_driver_add(
            out, TFD_CAUSE_DRIVER_TOO_OLD, "", TFD_GPU_W_DRIVER,
            tfd_arena_fmt(out->arena,
                          "the driver supports CUDA up to %d.%d; this TensorFlow was built for %.*s",
                          gpu->driver.cuda_version / 1000, gpu->driver.cuda_version % 1000 / 10,
                          TFD_ARG(gpu->build.cuda)),
            TFD_STR("cuDriverGetVersion"));
}

/* Intermediate code is compiled by the driver, which knows that of its own CUDA and older ones only:
 * compatibility between minor versions does not cover it (CUDA error 222). */
static void check_ptx(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    tfd_str toolkit = tfd_kb_toolkit_driver(view->kb, gpu->build.cuda);
    tfd_str version = tfd_gpu_driver_version(view);
    int order;

    if (!tfd_driver_is_version(version) || toolkit.len == 0 || tfd_gpu_is_compat(view) ||
        !tfd_version_cmp_text(version, toolkit, &order) || order >= 0)
        return;
    for (size_t i = 0; i < tfd_gpu_seen_count(view); i++) {
        tfd_gpu_seen seen = tfd_gpu_seen_get(view, i, out->arena);

        if (tfd_gpu_code_for(&gpu->build, seen.cc) != TFD_GPU_CODE_PTX)
            continue;
        tfd_driver_add(
            out, TFD_CAUSE_DRIVER_TOO_OLD, "", TFD_GPU_W_SURE,
            tfd_arena_fmt(
                out->arena,
                "for %.*s (compute capability %.*s) this TensorFlow has only intermediate code of CUDA %.*s, "
                "which drivers from %.*s on can compile; this one is %.*s",
                TFD_ARG(seen.name), TFD_ARG(seen.cc), TFD_ARG(gpu->build.cuda), TFD_ARG(toolkit),
                TFD_ARG(version)),
            gpu->build.source);
    }
}

/* ---- made for this GPU? */

/* Drivers learn new architectures and drop old ones; TFD_CAUSE_COUNT: this one knows it, or it is not known.
 */
static tfd_cause_id refused_by(tfd_str driver, const tfd_kb_architecture *known)
{
    tfd_str branch, rest;
    int order;

    (void)tfd_str_cut(driver, '.', &branch, &rest);
    if (!known || !tfd_driver_is_version(driver))
        return TFD_CAUSE_COUNT;
    if (known->last_branch.len > 0 && tfd_version_cmp_text(branch, known->last_branch, &order) && order > 0)
        return TFD_CAUSE_DRIVER_BROKEN;
    if (known->min_driver.len > 0 && tfd_version_cmp_text(driver, known->min_driver, &order) && order < 0)
        return TFD_CAUSE_DRIVER_TOO_OLD;
    return TFD_CAUSE_COUNT;
}

/* One that starts has a GPU that it supports. */
static void check_support(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    size_t count = tfd_gpu_seen_count(view);
    const tfd_kb_architecture *known = NULL;
    tfd_cause_id cause = TFD_CAUSE_COUNT;
    tfd_gpu_seen seen = {0};

    if (count == 0 || (gpu->driver.has_init && gpu->driver.init == 0))
        return;
    for (size_t i = count; i-- > 0;) {
        seen = tfd_gpu_seen_get(view, i, out->arena);
        known = tfd_kb_architecture_find(view->kb, seen.architecture);
        cause = refused_by(gpu->kernel_module, known);
        /* Where TensorFlow has no code for it, no driver helps. */
        if (cause == TFD_CAUSE_COUNT || tfd_gpu_code_for(&gpu->build, seen.cc) == TFD_GPU_CODE_NONE)
            return;
    }
    tfd_driver_add(
        out, cause, "", TFD_GPU_W_DRIVER,
        tfd_arena_fmt(
            out->arena, "%.*s is of the %.*s generation, which drivers %s %.*s support; this one is %.*s",
            TFD_ARG(seen.name), TFD_ARG(known->name), cause == TFD_CAUSE_DRIVER_TOO_OLD ? "from" : "up to",
            TFD_ARG(cause == TFD_CAUSE_DRIVER_TOO_OLD ? known->min_driver : known->last_branch),
            TFD_ARG(gpu->kernel_module)),
        TFD_STR("NVIDIA's list of drivers and architectures"));
}

/* The package serves GPUs of data centres alone (CUDA Compatibility, "Forward Compatibility"). */
static void check_compat(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_system *system = view->facts->system;
    size_t count = tfd_gpu_seen_count(view);
    tfd_finding finding = tfd_gpu_finding(TFD_CAUSE_DRIVER_MISMATCH, TFD_STR("forward compatibility"),
                                          TFD_GPU_W_DRIVER, TFD_EFFECT_BREAKS);

    if (!tfd_gpu_is_compat(view) || count == 0 || (system && system->is_wsl) ||
        (gpu->driver.has_init && gpu->driver.init == 0))
        return;
    for (size_t i = 0; i < count; i++)
        if (tfd_str_find_z(tfd_gpu_seen_get(view, i, out->arena).name, "GeForce") == TFD_NPOS)
            return;
    if (tfd_gpu_is_needless_compat(view))
        tfd_gpu_blame_variable(&gpu->libcuda, &finding);
    finding.text = tfd_arena_fmt(out->arena,
                                 "%.*s is of the forward-compatibility package, which serves no GeForce; "
                                 "the kernel module is version %.*s",
                                 TFD_ARG(gpu->libcuda.path), TFD_ARG(gpu->kernel_module));
    finding.source = gpu->libcuda.path;
    tfd_findings_add(out, &finding);
}

void tfd_driver_check_age(const tfd_view *view, tfd_findings *out)
{
    check_age(view, out);
    check_ptx(view, out);
    check_support(view, out);
    check_compat(view, out);
}
