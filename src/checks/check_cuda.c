/* Does TensorFlow get the CUDA and cuDNN libraries that it was built for? */
#include "checks/gpu_blame.h"

#include "formats/pep440.h"

static bool is_cudnn(tfd_str name)
{
    return tfd_str_starts_z(name, "libcudnn");
}

static bool is_cudnn_dist(tfd_str key)
{
    return tfd_str_starts_z(key, "nvidia-cudnn-");
}

/* "9.28.0.42" of a wheel is cuDNN 9.28.0. */
static tfd_str without_build(tfd_str version)
{
    size_t dots = 0;

    for (size_t i = 0; i < version.len; i++)
        if (version.ptr[i] == '.' && ++dots == 3)
            return tfd_str_sub(version, 0, i);
    return version;
}

static bool is_lost(const tfd_gpu_library *library)
{
    return library->state == TFD_STATE_ABSENT || library->broken.len > 0;
}

static tfd_str subject_of(const tfd_view *view, tfd_findings *out, bool cudnn)
{
    const tfd_gpu_build *build = &view->facts->gpu.build;
    tfd_str version = tfd_kb_line_of(cudnn ? build->cudnn : build->cuda);

    return tfd_arena_fmt(out->arena, "%s%s%.*s", cudnn ? "cuDNN" : "CUDA", version.len > 0 ? " " : "",
                         TFD_ARG(version));
}

/* ---- missing, elsewhere, another version */

/* Whether another CUDA generation stands in for the one that is needed: its run time itself is of that kind.
 */
static bool is_other_generation(const tfd_gpu *gpu)
{
    for (size_t i = 0; i < gpu->libraries.count; i++) {
        const tfd_gpu_library *one = &gpu->libraries.items[i];

        if (tfd_str_starts_z(one->name, "libcudart.so"))
            return one->state == TFD_STATE_ABSENT && one->elsewhere.len == 0 && one->other.len > 0;
    }
    return false;
}

static tfd_cause_id cause_of(const tfd_gpu *gpu, const tfd_gpu_library *library)
{
    if (library->state == TFD_STATE_PRESENT)
        return is_cudnn(library->name) ? TFD_CAUSE_CUDNN_MISSING : TFD_CAUSE_CUDA_MISSING;
    if (library->elsewhere.len > 0)
        return TFD_CAUSE_CUDA_PATH;
    if (is_cudnn(library->name))
        return library->other.len > 0 ? TFD_CAUSE_CUDNN_VERSION : TFD_CAUSE_CUDNN_MISSING;
    return library->other.len > 0 && is_other_generation(gpu) ? TFD_CAUSE_CUDA_VERSION
                                                              : TFD_CAUSE_CUDA_MISSING;
}

static tfd_str lost_text(tfd_findings *out, const tfd_gpu_library *one)
{
    if (one->state == TFD_STATE_PRESENT)
        return tfd_arena_fmt(out->arena, "%.*s cannot be loaded: %.*s", TFD_ARG(one->path),
                             TFD_ARG(one->broken));
    if (one->elsewhere.len > 0)
        return tfd_arena_fmt(out->arena, "TensorFlow opens %.*s; ld.so does not look where it lies: %.*s",
                             TFD_ARG(one->name), TFD_ARG(one->elsewhere));
    if (one->is_forbidden)
        return tfd_arena_fmt(out->arena, "this user may not look into %.*s, where %.*s belongs",
                             TFD_ARG(one->path), TFD_ARG(one->name));
    if (one->other.len > 0)
        return tfd_arena_fmt(out->arena, "TensorFlow opens %.*s; there is only %.*s", TFD_ARG(one->name),
                             TFD_ARG(one->other));
    return tfd_arena_fmt(out->arena, "TensorFlow opens %.*s, which is nowhere", TFD_ARG(one->name));
}

/* LD_LIBRARY_PATH brought it, while another copy waits behind it. */
static bool is_ldpath(const tfd_gpu_library *one)
{
    return one->without_env.len > 0;
}

/* It lacks a library that TensorFlow opens itself and that is lost: that is told once. */
static bool is_told(const tfd_gpu *gpu, const tfd_gpu_library *one)
{
    for (size_t i = 0; one->is_dependency && i < gpu->libraries.count; i++)
        if (tfd_str_eq(gpu->libraries.items[i].name, one->dependency) && is_lost(&gpu->libraries.items[i]))
            return true;
    return false;
}

static void check_lost(const tfd_view *view, tfd_findings *out, const tfd_gpu_library *one)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    tfd_cause_id cause = cause_of(gpu, one);
    tfd_finding finding = tfd_gpu_finding(cause, subject_of(view, out, is_cudnn(one->name)),
                                          TFD_GPU_W_LIBRARY, TFD_EFFECT_BREAKS);

    if (one->state == TFD_STATE_PRESENT && (is_ldpath(one) || one->culprit.len > 0)) {
        finding.cause = TFD_CAUSE_LDPATH_CONFLICT;
        finding.subject = TFD_STR("LD_LIBRARY_PATH");
    } else if (one->state == TFD_STATE_PRESENT && one->is_dependency) {
        finding.cause = TFD_CAUSE_CUDA_MISSING;
        finding.subject = subject_of(view, out, false);
    } else if (one->is_forbidden) {
        finding.cause = TFD_CAUSE_PERMISSION_DENIED;
        finding.subject = one->path;
    }
    finding.path = one->culprit.len > 0                                   ? one->culprit
                   : one->state == TFD_STATE_PRESENT || one->is_forbidden ? one->path
                                                                          : one->elsewhere;
    finding.dist = one->dist;
    finding.text = lost_text(out, one);
    finding.source = gpu->build.source;
    tfd_findings_add(out, &finding);
}

/* ---- cuDNN's version */

static const tfd_gpu_library *find_cudnn(const tfd_gpu *gpu)
{
    for (size_t i = 0; i < gpu->libraries.count; i++)
        if (is_cudnn(gpu->libraries.items[i].name))
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

static tfd_finding cudnn_finding(const tfd_gpu_library *cudnn, int weight)
{
    tfd_finding finding = tfd_gpu_finding(TFD_CAUSE_CUDNN_VERSION, cudnn->version, weight, TFD_EFFECT_BREAKS);

    if (is_ldpath(cudnn) || tfd_str_is(cudnn->rule, "LD_PRELOAD")) {
        finding.cause = TFD_CAUSE_LDPATH_CONFLICT;
        finding.subject = is_ldpath(cudnn) ? TFD_STR("LD_LIBRARY_PATH") : TFD_STR("LD_PRELOAD");
    }
    finding.dist = cudnn->dist;
    finding.path = cudnn->path;
    finding.source = cudnn->version_source;
    return finding;
}

/* "Loaded runtime CuDNN library: X but source was compiled with: Y": the same major, and a minor not below
 * (tensorflow/compiler/xla/stream_executor/cuda/cuda_dnn.cc). */
static void check_cudnn_version(const tfd_view *view, tfd_findings *out, const tfd_gpu_library *cudnn)
{
    const tfd_gpu_build *build = &view->facts->gpu.build;
    tfd_finding finding;
    int order;

    if (cudnn->version.len == 0 || tfd_str_find_char(build->cudnn, '.') == TFD_NPOS ||
        !tfd_version_cmp_text(tfd_kb_line_of(cudnn->version), tfd_kb_line_of(build->cudnn), &order) ||
        order >= 0)
        return;
    finding = cudnn_finding(cudnn, TFD_GPU_W_LIBRARY);
    finding.text = tfd_arena_fmt(
        out->arena, "TensorFlow was built with cuDNN %.*s, and gets %.*s%s%.*s%.*s", TFD_ARG(build->cudnn),
        TFD_ARG(cudnn->version), is_ldpath(cudnn) ? " through " : "",
        TFD_ARG(is_ldpath(cudnn) ? cudnn->rule : TFD_STR("")), TFD_ARG(pinned_by(view, out, cudnn)));
    tfd_findings_add(out, &finding);
}

/* cuDNN drops old GPUs before TensorFlow and CUDA do. */
static void check_cudnn_device(const tfd_view *view, tfd_findings *out, const tfd_gpu_library *cudnn)
{
    const tfd_kb_cudnn *row = cudnn->version.len > 0 ? tfd_kb_cudnn_find(view->kb, cudnn->version) : NULL;
    size_t count = tfd_gpu_seen_count(view);
    int order;

    for (size_t i = 0; row && i < count; i++) {
        tfd_gpu_seen seen = tfd_gpu_seen_get(view, i, out->arena);
        tfd_finding finding = cudnn_finding(cudnn, TFD_GPU_W_SURE);

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

static bool differs(tfd_str a, tfd_str b)
{
    int order;

    return a.len > 0 && b.len > 0 && tfd_version_cmp_text(a, b, &order) && order != 0;
}

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

    for (size_t i = 0; cudnn->dist != TFD_NONE && differs(own, cudnn->version) && i < all->count; i++)
        if (i != cudnn->dist && is_cudnn_dist(all->items[i].key) &&
            tfd_str_eq(without_build(all->items[i].version), own))
            return i;
    return TFD_NONE;
}

/* Parts of two versions do not load each other: the mixture is the fault. */
static bool is_mixed(const tfd_view *view, const tfd_gpu_library *cudnn)
{
    const tfd_gpu *gpu = &view->facts->gpu;

    for (size_t i = 0; i < gpu->cudnn_parts.count; i++) {
        const tfd_gpu_library *part = &gpu->cudnn_parts.items[i];

        if (is_cudnn(part->name) &&
            (differs(part->version, cudnn->version) || differs(part->own_version, own_version(gpu))))
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
    tfd_finding finding = tfd_gpu_finding(TFD_CAUSE_CUDA_MISSING, subject_of(view, out, false), TFD_W_STRONG,
                                          TFD_EFFECT_BREAKS);

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
    tfd_finding finding = tfd_gpu_finding(TFD_CAUSE_CUDNN_MISSING, subject_of(view, out, true),
                                          TFD_GPU_W_LIBRARY, TFD_EFFECT_BREAKS);

    if (is_told(&view->facts->gpu, part))
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
    } else if (differs(part->version, cudnn->version)) {
        finding.cause = TFD_CAUSE_CUDA_MIXED;
        finding.subject = TFD_STR("cuDNN");
        finding.text = tfd_arena_fmt(out->arena, "two copies of cuDNN meet: %.*s is %.*s, %.*s is %.*s",
                                     TFD_ARG(cudnn->path), TFD_ARG(cudnn->version), TFD_ARG(part->path),
                                     TFD_ARG(part->version));
    } else if (differs(part->own_version, own_version(&view->facts->gpu))) {
        finding.cause = TFD_CAUSE_CUDA_MIXED;
        finding.subject = TFD_STR("cuDNN");
        finding.text = tfd_arena_fmt(
            out->arena, "parts of two cuDNN versions lie in one folder: %.*s is %.*s, others are %.*s",
            TFD_ARG(part->path), TFD_ARG(part->own_version), TFD_ARG(own_version(&view->facts->gpu)));
    } else {
        return;
    }
    if (is_ldpath(cudnn)) { /* the copy behind it comes with its parts */
        finding.cause = TFD_CAUSE_LDPATH_CONFLICT;
        finding.subject = TFD_STR("LD_LIBRARY_PATH");
    }
    tfd_findings_add(out, &finding);
}

/* ---- two copies of CUDA */

/* Versions of one CUDA release move together; cuBLAS carries CUDA's own number, as the run time does. */
static void check_mixed(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_gpu_library *runtime = NULL;

    for (size_t i = 0; i < gpu->libraries.count; i++)
        if (tfd_str_starts_z(gpu->libraries.items[i].name, "libcudart.so"))
            runtime = &gpu->libraries.items[i];
    for (size_t i = 0; runtime && i < gpu->libraries.count; i++) {
        const tfd_gpu_library *one = &gpu->libraries.items[i];
        tfd_finding finding =
            tfd_gpu_finding(TFD_CAUSE_CUDA_MIXED, TFD_STR("CUDA"), TFD_W_LIKELY, TFD_EFFECT_LATENT);

        if (!tfd_str_starts_z(one->name, "libcublas") ||
            (one->dist == TFD_NONE) == (runtime->dist == TFD_NONE) ||
            !differs(tfd_kb_line_of(one->version), tfd_kb_line_of(runtime->version)))
            continue;
        finding.path = one->path;
        finding.text = tfd_arena_fmt(out->arena, "two copies of CUDA meet: %.*s is %.*s, %.*s is %.*s",
                                     TFD_ARG(runtime->path), TFD_ARG(runtime->version), TFD_ARG(one->path),
                                     TFD_ARG(one->version));
        finding.source = one->version_source;
        tfd_findings_add(out, &finding);
    }
}

/* Libraries replace older ones of their generation, not newer ones: the run time and cuBLAS, which carry
 * CUDA's own number, must not be older than what TensorFlow was compiled with. */
static void check_older(const tfd_view *view, tfd_findings *out, const tfd_gpu_library *one)
{
    tfd_str built = tfd_kb_line_of(view->facts->gpu.build.cuda);
    tfd_finding finding = tfd_gpu_finding(TFD_CAUSE_CUDA_VERSION, subject_of(view, out, false), TFD_W_LIKELY,
                                          TFD_EFFECT_MAY_BREAK);
    int order;

    if ((!tfd_str_starts_z(one->name, "libcudart.so") && !tfd_str_starts_z(one->name, "libcublas")) ||
        one->version.len == 0 || one->dist != TFD_NONE ||
        !tfd_version_cmp_text(tfd_kb_line_of(one->version), built, &order) || order >= 0)
        return;
    if (is_ldpath(one)) {
        finding.cause = TFD_CAUSE_LDPATH_CONFLICT;
        finding.subject = TFD_STR("LD_LIBRARY_PATH");
    }
    finding.path = one->path;
    finding.text =
        tfd_arena_fmt(out->arena, "TensorFlow was built with CUDA %.*s, and gets %.*s of %.*s (%.*s)",
                      TFD_ARG(built), TFD_ARG(one->path), TFD_ARG(one->version), TFD_ARG(one->rule));
    finding.source = one->version_source;
    tfd_findings_add(out, &finding);
}

/* ---- what the extra and-cuda asks for */

/* Name and specifier of "nvidia-cublas-cu12>=12.5.3.2,<13.0". */
static tfd_str name_of(tfd_str requirement, tfd_str *specifier)
{
    size_t end = 0;

    while (end < requirement.len && tfd_str_find_char(TFD_STR("<>=!~ ;"), requirement.ptr[end]) == TFD_NPOS)
        end++;
    *specifier = tfd_str_from(requirement, end);
    return tfd_str_sub(requirement, 0, end);
}

/* A wheel of NVIDIA's that is installed in a version which this TensorFlow was not made for. Its libraries
 * may serve all the same: CUDA keeps its names within a generation. */
static void check_pins(const tfd_view *view, tfd_findings *out)
{
    const tfd_kb_release *release = tfd_kb_release_find(view->kb, tfd_view_tf_version(view));

    for (size_t i = 0; release && i < release->requires_and_cuda.count; i++) {
        tfd_str text = release->requires_and_cuda.items[i];
        tfd_str specifier;
        size_t row = tfd_dist_find(view->facts, name_of(text, &specifier));
        const tfd_dist *dist = tfd_view_dist(view, row);
        bool cudnn = dist && is_cudnn_dist(dist->key);
        tfd_finding finding = tfd_gpu_finding(cudnn ? TFD_CAUSE_CUDNN_VERSION : TFD_CAUSE_CUDA_VERSION,
                                              TFD_STR(""), TFD_W_LIKELY, TFD_EFFECT_MAY_BREAK);

        if (!dist || tfd_specifier_match(specifier, dist->version, TFD_PRE_ALLOW) != TFD_NO ||
            tfd_str_find_z(dist->key, "-nccl-") != TFD_NPOS ||
            tfd_str_find_z(dist->key, "-cupti-") != TFD_NPOS)
            continue;
        finding.subject = cudnn ? without_build(dist->version) : dist->key;
        finding.dist = row;
        finding.text = tfd_arena_fmt(out->arena, "tensorflow[and-cuda] %.*s requires %.*s; %.*s is installed",
                                     TFD_ARG(release->version), TFD_ARG(text), TFD_ARG(dist->version));
        finding.source = dist->metadata;
        tfd_findings_add(out, &finding);
    }
}

/* ---- a library that a variable put before the wheel's own, and no GPU is listed */

static void check_ldpath(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_gpu_trial *trial = &view->facts->import.gpu;

    for (size_t i = 0; trial->listed && trial->names.count == 0 && i < gpu->libraries.count; i++) {
        const tfd_gpu_library *one = &gpu->libraries.items[i];
        tfd_finding finding = tfd_gpu_finding(TFD_CAUSE_LDPATH_CONFLICT, TFD_STR("LD_LIBRARY_PATH"),
                                              TFD_W_LIKELY, TFD_EFFECT_BREAKS);

        if (!is_ldpath(one) || tfd_str_eq(one->without_env, one->path) ||
            (one->version.len > 0 && tfd_str_eq(one->version, one->without_version)))
            continue;
        finding.path = one->path;
        finding.text = tfd_arena_fmt(out->arena, "LD_LIBRARY_PATH brings %.*s in place of %.*s",
                                     TFD_ARG(one->path), TFD_ARG(one->without_env));
        finding.source = TFD_STR("LD_LIBRARY_PATH");
        tfd_findings_add(out, &finding);
    }
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_gpu_library *cudnn = find_cudnn(gpu);

    if (tfd_gpu_skip(view, out))
        return;
    if (tfd_view_is_windows(view)) {
        tfd_findings_skip(out, TFD_STR("the check cuda-windows looks at it"));
        return;
    }
    if (gpu->build.is_cuda != TFD_YES) {
        tfd_findings_skip(out, TFD_STR("this TensorFlow is not built for CUDA"));
        return;
    }
    if (!gpu->libraries.complete) {
        tfd_findings_unknown(out, gpu->libraries.why);
        return;
    }
    tfd_findings_say(out, tfd_arena_fmt(out->arena, "built for CUDA %.*s and cuDNN %.*s",
                                        TFD_ARG(gpu->build.cuda), TFD_ARG(gpu->build.cudnn)));
    for (size_t i = 0; i < gpu->libraries.count; i++)
        if (is_told(gpu, &gpu->libraries.items[i]))
            continue;
        else if (is_lost(&gpu->libraries.items[i]))
            check_lost(view, out, &gpu->libraries.items[i]);
        else
            check_older(view, out, &gpu->libraries.items[i]);
    check_mixed(view, out);
    check_pins(view, out);
    check_ldpath(view, out);
    if (!cudnn || is_lost(cudnn))
        return;
    check_cudnn_version(view, out, cudnn);
    check_cudnn_device(view, out, cudnn);
    check_overlay(view, out, cudnn);
    for (size_t i = 0; i < gpu->cudnn_parts.count; i++)
        check_part(view, out, cudnn, &gpu->cudnn_parts.items[i]);
}

const tfd_check tfd_check_cuda = {
    .id = "cuda",
    .summary = "TensorFlow gets the CUDA and cuDNN libraries that it was built for",
    .run = run,
};
