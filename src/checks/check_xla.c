/* Does XLA find what it compiles GPU code with? */
#include "checks/gpu_blame.h"

#include "formats/pep440.h"

static tfd_str roots_text(const tfd_view *view, tfd_findings *out)
{
    const tfd_strs *roots = &view->facts->gpu.toolchain_roots;
    tfd_str text = TFD_STR("");

    for (size_t i = 0; i < roots->count; i++)
        text = tfd_arena_fmt(out->arena, "%.*s%s%.*s", TFD_ARG(text), i > 0 ? ", " : "",
                             TFD_ARG(roots->items[i]));
    return text;
}

static void check_tool(const tfd_view *view, tfd_findings *out, tfd_str path, const char *name)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    tfd_finding finding;

    if (path.len > 0)
        return;
    finding = tfd_gpu_finding(TFD_CAUSE_CUDA_TOOLCHAIN, TFD_STR(""), TFD_GPU_W_SURE, TFD_EFFECT_BREAKS);
    finding.text = tfd_arena_fmt(out->arena, "%s is in none of the folders where XLA looks for CUDA (%.*s)",
                                 name, TFD_ARG(roots_text(view, out)));
    finding.source = gpu->data_dir.len > 0 ? TFD_STR("XLA_FLAGS") : gpu->build.source;
    tfd_findings_add(out, &finding);
}

/* XLA passes over a ptxas that is too old, and there is no other. */
static void check_refused(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    tfd_finding finding =
        tfd_gpu_finding(TFD_CAUSE_CUDA_TOOLCHAIN, TFD_STR(""), TFD_GPU_W_SURE, TFD_EFFECT_BREAKS);

    finding.path = gpu->ptxas_refused;
    finding.text = tfd_arena_fmt(
        out->arena, "%.*s is of CUDA %.*s, which XLA does not take (from 11.8 on, without 12.3.103)",
        TFD_ARG(gpu->ptxas_refused), TFD_ARG(gpu->ptxas_refused_version));
    finding.source = gpu->ptxas_refused;
    tfd_findings_add(out, &finding);
}

/* Keras compiles with XLA where it can from 2.11 on (Keras 3: jit_compile="auto"); before that, only programs
 * that ask for it do. */
static bool uses_xla(const tfd_view *view)
{
    int order;

    return tfd_version_cmp_text(tfd_view_tf_version(view), TFD_STR("2.11"), &order) && order >= 0;
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;

    if (tfd_gpu_skip(view, out))
        return;
    if (gpu->build.is_cuda != TFD_YES || !uses_xla(view)) {
        tfd_findings_skip(out, TFD_STR("this TensorFlow uses no XLA on GPUs unless it is asked to"));
        return;
    }
    if (gpu->toolchain_roots.count == 0) {
        tfd_findings_unknown(out, TFD_STR("the folders were not looked at"));
        return;
    }
    check_tool(view, out, gpu->libdevice, "nvvm/libdevice/libdevice.10.bc");
    if (gpu->ptxas.len == 0 && gpu->ptxas_refused.len > 0)
        check_refused(view, out);
    else
        check_tool(view, out, gpu->ptxas, "bin/ptxas");
}

const tfd_check tfd_check_xla = {
    .id = "xla",
    .summary = "XLA finds ptxas and libdevice",
    .run = run,
};
