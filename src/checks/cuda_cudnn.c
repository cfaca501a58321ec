/* Is the cuDNN that TensorFlow gets new enough, made for the GPU, and whole, with parts of one version? */
#include "checks/cuda_rules.h"

#include "formats/pep440.h"

static const tfd_gpu_library *find_cudnn(const tfd_gpu *gpu)
{
    for (size_t i = 0; i < gpu->libraries.count; i++)
        if (tfd_cuda_is_cudnn(gpu->libraries.items[i].name))
            return &gpu->libraries.items[i];
    return NULL;
}

/* Who asked for just this cuDNN: torch pins it. */
static tfd_str pinned_by(const tfd_view *view, tfd_findings *out, const tfd_gpu_library *cudnn)
{
    const tfd_requirements *all = &view->facts->requirements;
    const tfd_dist *dist = tfd_view_dist(view, cudnn->dist);

    for (size_t i = 0; dist && i < all->count; i++) {
        const tfd_requirement *one = &all->items[i];
        const tfd_dist *by = tfd_view_dist(view, one->by);

        if (by && !by->is_tensorflow && tfd_str_eq(one->key, dist->key) && one->applies == TFD_YES &&
            tfd_str_starts_z(one->specifier, "=="))
            return tfd_arena_fmt(out->arena, " (%.*s %.*s requires %.*s)", TFD_ARG(by->name),
                                 TFD_ARG(by->version), TFD_ARG(one->text));
    }
    return TFD_STR("");
}

static tfd_finding version_finding(const tfd_gpu_library *cudnn, int weight)
{
    tfd_finding finding = tfd_gpu_finding(TFD_CAUSE_CUDNN_VERSION, cudnn->version, weight, TFD_EFFECT_BREAKS);

    finding.dist = cudnn->dist;
    finding.path = cudnn->path;
    tfd_gpu_blame_variable(cudnn, &finding);
    finding.source = cudnn->version_source;
    return finding;
}

/* "Loaded runtime CuDNN library: X but source was compiled with: Y": the same major, and a minor not below
 * (tensorflow/compiler/xla/stream_executor/cuda/cuda_dnn.cc). */
static void check_version(const tfd_view *view, tfd_findings *out, const tfd_gpu_library *cudnn)
{
    const tfd_gpu_build *build = &view->facts->gpu.build;
    tfd_finding finding;
    int order;

    if (cudnn->version.len == 0 || tfd_str_find_char(build->cudnn, '.') == TFD_NPOS ||
        !tfd_version_cmp_text(tfd_kb_line_of(cudnn->version), tfd_kb_line_of(build->cudnn), &order) ||
        order >= 0)
        return;
    finding = version_finding(cudnn, TFD_GPU_W_LIBRARY);
    finding.text = tfd_arena_fmt(
        out->arena, "TensorFlow was built with cuDNN %.*s, and gets %.*s%s%.*s%.*s", TFD_ARG(build->cudnn),
        TFD_ARG(cudnn->version), tfd_gpu_is_forced(cudnn) ? " through " : "",
        TFD_ARG(tfd_gpu_is_forced(cudnn) ? cudnn->rule : TFD_STR("")), TFD_ARG(pinned_by(view, out, cudnn)));
    tfd_findings_add(out, &finding);
}

/* cuDNN drops old GPUs before TensorFlow and CUDA do. */
static void check_device(const tfd_view *view, tfd_findings *out, const tfd_gpu_library *cudnn)
{
    const tfd_kb_cudnn *row = cudnn->version.len > 0 ? tfd_kb_cudnn_find(view->kb, cudnn->version) : NULL;
    size_t count = tfd_gpu_seen_count(view);
    int order;

    for (size_t i = 0; row && i < count; i++) {
        tfd_gpu_seen seen = tfd_gpu_seen_get(view, i, out->arena);
        tfd_finding finding = version_finding(cudnn, TFD_GPU_W_SURE);

        if (!tfd_version_cmp_text(seen.cc, row->min_cc, &order) || order >= 0 ||
            tfd_gpu_code_for(&view->facts->gpu.build, seen.cc) == TFD_GPU_CODE_NONE)
            continue;
        finding.effect = count > 1 ? TFD_EFFECT_LATENT : TFD_EFFECT_BREAKS;
        finding.text = tfd_arena_fmt(
            out->arena,
            "cuDNN %.*s has no code for %.*s (compute capability %.*s; from %.*s on): convolutions fail",
            TFD_ARG(cudnn->version), TFD_ARG(seen.name), TFD_ARG(seen.cc), TFD_ARG(row->min_cc));
        tfd_findings_add(out, &finding);
    }
}

/* ---- its parts */

/* What the first part that says it calls its version; empty: none does. */
static tfd_str own_version(const tfd_gpu *gpu)
{
    for (size_t i = 0; i < gpu->cudnn_parts.count; i++)
        if (gpu->cudnn_parts.items[i].own_version.len > 0)
            return gpu->cudnn_parts.items[i].own_version;
    return TFD_STR("");
}

/* A second wheel of cuDNN, for another CUDA, that was laid over the files of the one that is used: both bring
 * nvidia/cudnn/lib/libcudnn*.so.9. TFD_NONE: none, or the files are those of the first. */
static size_t find_overlay(const tfd_view *view, const tfd_gpu_library *cudnn)
{
    const tfd_dists *all = &view->facts->dists;
    tfd_str own = own_version(&view->facts->gpu);

    for (size_t i = 0; cudnn->dist != TFD_NONE && tfd_cuda_differs(own, cudnn->version) && i < all->count;
         i++)
        if (i != cudnn->dist && tfd_cuda_is_cudnn_dist(all->items[i].key) &&
            tfd_str_eq(tfd_kb_cuda_release(all->items[i].version), own))
            return i;
    return TFD_NONE;
}

/* Parts of two versions do not load each other: the mixture is the fault. */
static bool is_mixed(const tfd_view *view, const tfd_gpu_library *cudnn)
{
    const tfd_gpu *gpu = &view->facts->gpu;

    for (size_t i = 0; i < gpu->cudnn_parts.count; i++) {
        const tfd_gpu_library *part = &gpu->cudnn_parts.items[i];

        if (tfd_cuda_is_cudnn(part->name) && (tfd_cuda_differs(part->version, cudnn->version) ||
                                              tfd_cuda_differs(part->own_version, own_version(gpu))))
            return true;
    }
    return find_overlay(view, cudnn) != TFD_NONE;
}

static void check_overlay(const tfd_view *view, tfd_findings *out, const tfd_gpu_library *cudnn)
{
    size_t row = find_overlay(view, cudnn);
    const tfd_dist *over = tfd_view_dist(view, row);
    const tfd_dist *under = tfd_view_dist(view, cudnn->dist);
    tfd_finding finding =
        tfd_gpu_finding(TFD_CAUSE_CUDA_MIXED, TFD_STR("cuDNN"), TFD_GPU_W_LIBRARY, TFD_EFFECT_BREAKS);

    if (!over || !under)
        return;
    finding.dist = cudnn->dist;
    finding.path = cudnn->path;
    finding.text = tfd_arena_fmt(
        out->arena,
        "%.*s %.*s was laid over the files of %.*s %.*s: both bring libcudnn, for two CUDA generations",
        TFD_ARG(over->name), TFD_ARG(over->version), TFD_ARG(under->name), TFD_ARG(under->version));
    finding.source = over->metadata;
    tfd_findings_add(out, &finding);
}

/* cuDNN 9.3 looks for it in the wrong folder and does without; that it is nowhere is another thing. */
static void check_nvrtc(const tfd_view *view, tfd_findings *out, const tfd_gpu_library *cudnn,
                        const tfd_gpu_library *nvrtc)
{
    tfd_finding finding = tfd_gpu_finding(TFD_CAUSE_CUDA_MISSING, tfd_cuda_subject(view, out, false),
                                          TFD_W_STRONG, TFD_EFFECT_BREAKS);

    if (nvrtc->state != TFD_STATE_ABSENT || nvrtc->elsewhere.len > 0)
        return;
    finding.text = tfd_arena_fmt(out->arena, "%.*s, with which cuDNN %.*s compiles kernels, is nowhere",
                                 TFD_ARG(nvrtc->name), TFD_ARG(cudnn->version));
    finding.source = cudnn->path;
    tfd_findings_add(out, &finding);
}

static void check_part(const tfd_view *view, tfd_findings *out, const tfd_gpu_library *cudnn,
                       const tfd_gpu_library *part)
{
    tfd_finding finding = tfd_gpu_finding(TFD_CAUSE_CUDNN_MISSING, tfd_cuda_subject(view, out, true),
                                          TFD_GPU_W_LIBRARY, TFD_EFFECT_BREAKS);

    if (tfd_cuda_is_told(&view->facts->gpu, part))
        return;
    if (tfd_str_starts_z(part->name, "libnvrtc.")) {
        check_nvrtc(view, out, cudnn, part);
        return;
    }
    finding.dist = cudnn->dist;
    finding.path = cudnn->path;
    finding.source = cudnn->path;
    if (part->state == TFD_STATE_ABSENT) {
        finding.text = tfd_arena_fmt(out->arena, "%.*s, which %.*s opens, is not found", TFD_ARG(part->name),
                                     TFD_ARG(cudnn->path));
    } else if (part->broken.len > 0 && !is_mixed(view, cudnn)) {
        finding.text = tfd_arena_fmt(out->arena, "%.*s cannot be loaded: %.*s", TFD_ARG(part->path),
                                     TFD_ARG(part->broken));
    } else if (tfd_cuda_differs(part->version, cudnn->version)) {
        finding.cause = TFD_CAUSE_CUDA_MIXED;
        finding.subject = TFD_STR("cuDNN");
        finding.text = tfd_arena_fmt(out->arena, "two copies of cuDNN meet: %.*s is %.*s, %.*s is %.*s",
                                     TFD_ARG(cudnn->path), TFD_ARG(cudnn->version), TFD_ARG(part->path),
                                     TFD_ARG(part->version));
    } else if (tfd_cuda_differs(part->own_version, own_version(&view->facts->gpu))) {
        finding.cause = TFD_CAUSE_CUDA_MIXED;
        finding.subject = TFD_STR("cuDNN");
        finding.text = tfd_arena_fmt(
            out->arena, "parts of two cuDNN versions lie in one folder: %.*s is %.*s, others are %.*s",
            TFD_ARG(part->path), TFD_ARG(part->own_version), TFD_ARG(own_version(&view->facts->gpu)));
    } else {
        return;
    }
    tfd_gpu_blame_variable(cudnn, &finding); /* the copy behind it comes with its parts */
    tfd_findings_add(out, &finding);
}

void tfd_cuda_check_cudnn(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_gpu_library *cudnn = find_cudnn(gpu);

    if (!cudnn || tfd_cuda_is_lost(cudnn))
        return;
    check_version(view, out, cudnn);
    check_device(view, out, cudnn);
    check_overlay(view, out, cudnn);
    for (size_t i = 0; i < gpu->cudnn_parts.count; i++)
        check_part(view, out, cudnn, &gpu->cudnn_parts.items[i]);
}
