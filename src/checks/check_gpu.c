/* Is there a GPU, and is this TensorFlow made for it? */
#include "checks/gpu_blame.h"

#include "core/blame.h"

/* A build with CUDA is installed, and the one that is imported stands in its way. */
static void add_intruder(const tfd_view *view, tfd_findings *out, const tfd_dist *tf, size_t other)
{
    const tfd_dist *hidden = tfd_view_dist(view, other);
    tfd_finding finding =
        tfd_gpu_finding(TFD_CAUSE_TF_DUPLICATE, TFD_STR(""), TFD_GPU_W_BUILD, TFD_EFFECT_BREAKS);

    finding.dist = other;
    finding.text =
        tfd_arena_fmt(out->arena,
                      "%.*s has CUDA, but another distribution of TensorFlow was laid over its files: the "
                      "build that is imported has none",
                      TFD_ARG(hidden->name));
    if (hidden->place != tf->place) {
        finding = tfd_blame_place(view, tf->place, view->facts->gpu.build.source, TFD_GPU_W_BUILD,
                                  TFD_EFFECT_BREAKS);
        finding.for_gpu = true;
        finding.text = tfd_arena_fmt(
            out->arena, "%.*s %.*s, built without CUDA, is imported from %.*s in place of %.*s %.*s",
            TFD_ARG(tf->name), TFD_ARG(tf->version), TFD_ARG(view->facts->places.items[tf->place].path),
            TFD_ARG(hidden->name), TFD_ARG(hidden->version));
    }
    finding.source = view->facts->gpu.build.source;
    tfd_findings_add(out, &finding);
}

static void check_build(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu_build *build = &view->facts->gpu.build;
    const tfd_dist *tf = tfd_view_tensorflow(view);
    tfd_finding finding;

    if (build->is_cuda != TFD_NO || build->is_rocm == TFD_YES || !tf)
        return;
    if (tfd_gpu_other_build(view) != TFD_NONE) {
        add_intruder(view, out, tf, tfd_gpu_other_build(view));
        return;
    }
    finding = tfd_gpu_finding(TFD_CAUSE_TF_NO_GPU_BUILD, TFD_STR(""), TFD_GPU_W_BUILD, TFD_EFFECT_BREAKS);
    finding.dist = view->facts->tensorflow;
    finding.text = tfd_arena_fmt(out->arena, "%.*s %.*s was built without CUDA: it uses the processor alone",
                                 TFD_ARG(tf->name), TFD_ARG(tf->version));
    finding.source = build->source;
    tfd_findings_add(out, &finding);
}

static void check_device(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_system *system = view->facts->system;
    bool is_rocm = gpu->build.is_rocm == TFD_YES;
    bool is_there = is_rocm ? gpu->devices.count > gpu->nvidia_count
                            : gpu->nvidia_count > 0 || (gpu->is_possible && gpu->devices.count == 0);
    tfd_finding finding;

    if (is_there)
        return;
    if (!gpu->devices.complete) {
        tfd_findings_unknown(out, gpu->devices.why);
        return;
    }
    finding = tfd_gpu_finding(TFD_CAUSE_GPU_NONE, TFD_STR(""), TFD_GPU_W_DEVICE, TFD_EFFECT_BREAKS);
    if (system && system->is_wsl)
        finding.text =
            TFD_STR("WSL has no /dev/dxg: Windows hands no GPU in (WSL 1, or no GPU that can be shared)");
    else
        finding.text =
            tfd_arena_fmt(out->arena, "no PCI device is %s GPU, and there is no /dev/nvidia0%s",
                          is_rocm ? "an AMD" : "an NVIDIA",
                          system && system->is_container ? " (this is a container or a virtual machine: "
                                                           "its host may have one that is not handed in)"
                                                         : "");
    finding.source = TFD_STR("/sys/bus/pci/devices");
    if (tfd_view_is_windows(view)) {
        finding.text = TFD_STR("none of Windows' display adapters is an NVIDIA GPU");
        finding.source = TFD_STR("the registry, class of display adapters");
    }
    tfd_findings_add(out, &finding);
}

/* A GPU for which the build has no code. Where another one can be used it is only told. */
static void check_code(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu_build *build = &view->facts->gpu.build;
    size_t count = tfd_gpu_seen_count(view);
    size_t usable = 0;

    if (build->is_cuda != TFD_YES)
        return;
    for (size_t i = 0; i < count; i++)
        usable +=
            tfd_gpu_code_for(build, tfd_gpu_seen_get(view, i, out->arena).cc) != TFD_GPU_CODE_NONE ? 1 : 0;
    for (size_t i = 0; i < count; i++) {
        tfd_gpu_seen seen = tfd_gpu_seen_get(view, i, out->arena);
        tfd_finding finding = tfd_gpu_finding(TFD_CAUSE_GPU_ARCH, seen.name, TFD_GPU_W_ARCH,
                                              usable > 0 ? TFD_EFFECT_LATENT : TFD_EFFECT_BREAKS);

        if (tfd_gpu_code_for(build, seen.cc) != TFD_GPU_CODE_NONE)
            continue;
        finding.text = tfd_arena_fmt(
            out->arena, "%.*s has compute capability %.*s; this TensorFlow has code from %.*s on",
            TFD_ARG(seen.name), TFD_ARG(seen.cc),
            TFD_ARG(build->kernels.count > 0 ? build->kernels.items[0] : build->ptx.items[0]));
        finding.source = build->source;
        tfd_findings_add(out, &finding);
    }
}

static void run(const tfd_view *view, tfd_findings *out)
{
    size_t count = tfd_gpu_seen_count(view);

    if (tfd_gpu_skip(view, out))
        return;
    if (count > 0) {
        tfd_gpu_seen seen = tfd_gpu_seen_get(view, 0, out->arena);

        tfd_findings_say(
            out, tfd_arena_fmt(out->arena, "%.*s%s", TFD_ARG(seen.name), count > 1 ? " and others" : ""));
    }
    check_build(view, out);
    check_device(view, out);
    check_code(view, out);
}

const tfd_check tfd_check_gpu = {
    .id = "gpu",
    .summary = "There is a GPU, and this TensorFlow was built for it",
    .run = run,
};
