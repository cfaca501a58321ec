/* Does TensorFlow get the CUDA and cuDNN libraries that it was built for? */
#include "checks/cuda_rules.h"

#include "formats/pep440.h"

bool tfd_cuda_is_cudnn(tfd_str name)
{
    return tfd_str_starts_z(name, "libcudnn");
}

bool tfd_cuda_is_cudnn_dist(tfd_str key)
{
    return tfd_str_starts_z(key, "nvidia-cudnn-");
}

bool tfd_cuda_is_lost(const tfd_gpu_library *library)
{
    return library->state == TFD_STATE_ABSENT || library->broken.len > 0;
}

tfd_str tfd_cuda_subject(const tfd_view *view, tfd_findings *out, bool cudnn)
{
    const tfd_gpu_build *build = &view->facts->gpu.build;
    tfd_str version = tfd_kb_line_of(cudnn ? build->cudnn : build->cuda);

    return tfd_arena_fmt(out->arena, "%s%s%.*s", cudnn ? "cuDNN" : "CUDA", version.len > 0 ? " " : "",
                         TFD_ARG(version));
}

bool tfd_cuda_is_told(const tfd_gpu *gpu, const tfd_gpu_library *one)
{
    for (size_t i = 0; one->is_dependency && i < gpu->libraries.count; i++)
        if (tfd_str_eq(gpu->libraries.items[i].name, one->dependency) &&
            tfd_cuda_is_lost(&gpu->libraries.items[i]))
            return true;
    return false;
}

bool tfd_cuda_differs(tfd_str a, tfd_str b)
{
    int order;

    return a.len > 0 && b.len > 0 && tfd_version_cmp_text(a, b, &order) && order != 0;
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
        return tfd_cuda_is_cudnn(library->name) ? TFD_CAUSE_CUDNN_MISSING : TFD_CAUSE_CUDA_MISSING;
    if (library->elsewhere.len > 0)
        return TFD_CAUSE_CUDA_PATH;
    if (tfd_cuda_is_cudnn(library->name))
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

/* A wheel for another processor or system: ld.so passes its library over. */
static bool is_foreign(const tfd_dist *dist)
{
    return dist && dist->tags_fit == TFD_NO &&
           (tfd_str_starts_z(dist->tags_why, "arch") || tfd_str_starts_z(dist->tags_why, "platform"));
}

/* What is wrong with a library that is there. */
static void blame_wheel(const tfd_view *view, const tfd_gpu_library *one, tfd_finding *finding)
{
    size_t older = one->outdated.len > 0 ? tfd_dist_find(view->facts, one->outdated) : TFD_NONE;
    const tfd_dist *wheel = tfd_view_dist(view, one->dist);

    finding->dist = one->dist;
    if (older != TFD_NONE) {
        finding->cause = TFD_CAUSE_CUDA_VERSION;
        finding->subject = one->outdated;
        finding->dist = older;
    } else if (is_foreign(wheel)) {
        finding->cause = tfd_blame_tags(view, wheel);
        finding->subject = wheel->key;
    }
}

static void check_lost(const tfd_view *view, tfd_findings *out, const tfd_gpu_library *one)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    tfd_cause_id cause = cause_of(gpu, one);
    tfd_finding finding = tfd_gpu_finding(cause, tfd_cuda_subject(view, out, tfd_cuda_is_cudnn(one->name)),
                                          TFD_GPU_W_LIBRARY, TFD_EFFECT_BREAKS);

    if (one->state == TFD_STATE_PRESENT && one->is_dependency) {
        finding.cause = TFD_CAUSE_CUDA_MISSING;
        finding.subject = tfd_cuda_subject(view, out, false);
    } else if (one->is_forbidden) {
        finding.cause = TFD_CAUSE_PERMISSION_DENIED;
        finding.subject = one->path;
    }
    if (one->noexec.len > 0) {
        finding.cause = TFD_CAUSE_SECURITY_BLOCKED;
        finding.subject = TFD_STR("noexec");
    }
    finding.path = one->noexec.len > 0                                    ? one->noexec
                   : one->state == TFD_STATE_PRESENT || one->is_forbidden ? one->path
                                                                          : one->elsewhere;
    blame_wheel(view, one, &finding);
    tfd_gpu_blame_variable(one, &finding);
    finding.text = lost_text(out, one);
    finding.source = gpu->build.source;
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
            !tfd_cuda_differs(tfd_kb_line_of(one->version), tfd_kb_line_of(runtime->version)))
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
    tfd_finding finding = tfd_gpu_finding(TFD_CAUSE_CUDA_VERSION, tfd_cuda_subject(view, out, false),
                                          TFD_W_LIKELY, TFD_EFFECT_MAY_BREAK);
    int order;

    if ((!tfd_str_starts_z(one->name, "libcudart.so") && !tfd_str_starts_z(one->name, "libcublas")) ||
        one->version.len == 0 || one->dist != TFD_NONE ||
        !tfd_version_cmp_text(tfd_kb_line_of(one->version), built, &order) || order >= 0)
        return;
    finding.path = one->path;
    tfd_gpu_blame_variable(one, &finding);
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
        bool cudnn = dist && tfd_cuda_is_cudnn_dist(dist->key);
        tfd_finding finding = tfd_gpu_finding(cudnn ? TFD_CAUSE_CUDNN_VERSION : TFD_CAUSE_CUDA_VERSION,
                                              TFD_STR(""), TFD_W_LIKELY, TFD_EFFECT_MAY_BREAK);

        if (!dist || tfd_specifier_match(specifier, dist->version, TFD_PRE_ALLOW) != TFD_NO ||
            tfd_str_find_z(dist->key, "-nccl-") != TFD_NPOS ||
            tfd_str_find_z(dist->key, "-cupti-") != TFD_NPOS)
            continue;
        finding.subject = cudnn ? tfd_kb_cuda_release(dist->version) : dist->key;
        finding.dist = row;
        finding.text = tfd_arena_fmt(out->arena, "tensorflow[and-cuda] %.*s requires %.*s; %.*s is installed",
                                     TFD_ARG(release->version), TFD_ARG(text), TFD_ARG(dist->version));
        finding.source = dist->metadata;
        tfd_findings_add(out, &finding);
    }
}

/* ---- a library that a variable put before the wheel's own, and no GPU is listed */

static void check_forced(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_gpu_trial *trial = &view->facts->import.gpu;

    for (size_t i = 0; trial->listed && trial->names.count == 0 && i < gpu->libraries.count; i++) {
        const tfd_gpu_library *one = &gpu->libraries.items[i];
        tfd_finding finding =
            tfd_gpu_finding(TFD_CAUSE_LDPATH_CONFLICT, TFD_STR(""), TFD_W_LIKELY, TFD_EFFECT_BREAKS);

        if (!tfd_gpu_is_forced(one) || tfd_str_eq(one->without_env, one->path) ||
            (one->version.len > 0 && tfd_str_eq(one->version, one->without_version)))
            continue;
        tfd_gpu_blame_variable(one, &finding);
        finding.text = tfd_arena_fmt(out->arena, "%.*s brings %.*s in place of %.*s",
                                     TFD_ARG(finding.subject), TFD_ARG(one->path), TFD_ARG(one->without_env));
        finding.source = finding.subject;
        tfd_findings_add(out, &finding);
    }
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;

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
        if (tfd_cuda_is_told(gpu, &gpu->libraries.items[i]))
            continue;
        else if (tfd_cuda_is_lost(&gpu->libraries.items[i]))
            check_lost(view, out, &gpu->libraries.items[i]);
        else
            check_older(view, out, &gpu->libraries.items[i]);
    check_mixed(view, out);
    check_pins(view, out);
    check_forced(view, out);
    tfd_cuda_check_cudnn(view, out);
}

const tfd_check tfd_check_cuda = {
    .id = "cuda",
    .summary = "TensorFlow gets the CUDA and cuDNN libraries that it was built for",
    .run = run,
};
