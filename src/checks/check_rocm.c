/* Does tensorflow-rocm fit the ROCm that is installed? */
#include "checks/gpu_blame.h"

/* The last part of its version names the ROCm it was built for: 2.14.0.600 is for 6.0.0, 2.18.1.640
 * for 6.4.0, and 2.10.0.550 for 5.5.0. */
static bool rocm_of(tfd_str version, char *major, char *minor)
{
    size_t dot = tfd_str_rfind_char(version, '.');
    tfd_str tail = dot == TFD_NPOS ? TFD_STR("") : tfd_str_from(version, dot + 1);

    if (tail.len != 3 || !tfd_char_is_digit(tail.ptr[0]) || !tfd_char_is_digit(tail.ptr[1]))
        return false;
    *major = tail.ptr[0];
    *minor = tail.ptr[1];
    return true;
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_dist *tf = tfd_view_tensorflow(view);
    tfd_finding finding =
        tfd_gpu_finding(TFD_CAUSE_ROCM_VERSION, TFD_STR(""), TFD_GPU_W_LIBRARY, TFD_EFFECT_BREAKS);
    char major, minor;

    if (!tf || !tfd_str_is(tf->key, "tensorflow-rocm")) {
        tfd_findings_skip(out, TFD_STR("tensorflow-rocm is not installed"));
        return;
    }
    if (tfd_gpu_skip(view, out) || !rocm_of(tf->version, &major, &minor))
        return;
    finding.dist = view->facts->tensorflow;
    finding.source = TFD_STR("/opt/rocm/.info/version");
    if (gpu->rocm.len == 0)
        finding.text =
            tfd_arena_fmt(out->arena, "tensorflow-rocm %.*s needs ROCm %c.%c; none is in /opt/rocm",
                          TFD_ARG(tf->version), major, minor);
    else if (gpu->rocm.len >= 3 && (gpu->rocm.ptr[0] != major || gpu->rocm.ptr[2] != minor))
        finding.text =
            tfd_arena_fmt(out->arena, "tensorflow-rocm %.*s is built for ROCm %c.%c; %.*s is installed",
                          TFD_ARG(tf->version), major, minor, TFD_ARG(gpu->rocm));
    else
        return;
    tfd_findings_add(out, &finding);
}

const tfd_check tfd_check_rocm = {
    .id = "rocm",
    .summary = "tensorflow-rocm fits the ROCm that is installed",
    .run = run,
};
