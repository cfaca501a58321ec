/* Windows: NVIDIA's driver, and the DLLs of CUDA and cuDNN that TensorFlow until 2.10 opens by name through
 * PATH. */
#include "checks/gpu_blame.h"
#include "formats/pep440.h"

#define ZLIB_SINCE "8.3"

static bool is_cudnn(tfd_str name)
{
    return tfd_str_starts_z(name, "cudnn");
}

static void add(const tfd_view *view, tfd_cause_id cause, int weight, tfd_str path, tfd_str text,
                tfd_findings *out)
{
    tfd_finding finding = tfd_gpu_finding(cause, TFD_STR(""), weight, TFD_EFFECT_BREAKS);

    finding.path = path;
    finding.text = text;
    finding.source =
        view->facts->gpu.build.source.len > 0 ? view->facts->gpu.build.source : TFD_STR("loader model");
    tfd_findings_add(out, &finding);
}

/* ---- the driver */

static void check_driver(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    tfd_str version = gpu->libcuda.version.len > 0 ? gpu->libcuda.version : gpu->kernel_module;
    tfd_str floor = tfd_kb_windows_driver_floor(view->kb, gpu->build.cuda);
    int order;

    if (gpu->nvidia_count == 0)
        return;
    if (gpu->libcuda.state == TFD_STATE_ABSENT)
        add(view, TFD_CAUSE_DRIVER_MISSING, TFD_GPU_W_DRIVER, gpu->libcuda.path,
            tfd_arena_fmt(out->arena, "%.*s is not there: no driver of NVIDIA's is installed",
                          TFD_ARG(gpu->libcuda.path)),
            out);
    else if (gpu->libcuda.broken.len > 0)
        add(view, TFD_CAUSE_DRIVER_BROKEN, TFD_GPU_W_DRIVER, gpu->libcuda.path,
            tfd_arena_fmt(out->arena, "%.*s: %.*s", TFD_ARG(gpu->libcuda.path), TFD_ARG(gpu->libcuda.broken)),
            out);
    else if (gpu->build.is_cuda == TFD_YES && floor.len > 0 && version.len > 0 &&
             tfd_version_cmp_text(version, floor, &order) && order < 0)
        add(view, TFD_CAUSE_DRIVER_TOO_OLD, TFD_GPU_W_DRIVER, gpu->libcuda.path,
            tfd_arena_fmt(out->arena, "the driver is version %.*s; CUDA %.*s needs %.*s or newer on Windows",
                          TFD_ARG(version), TFD_ARG(gpu->build.cuda), TFD_ARG(floor)),
            out);
}

/* ---- libraries */

static bool is_other_generation(const tfd_gpu *gpu)
{
    for (size_t i = 0; i < gpu->libraries.count; i++)
        if (tfd_str_starts_z(gpu->libraries.items[i].name, "cudart64_"))
            return gpu->libraries.items[i].state == TFD_STATE_ABSENT &&
                   gpu->libraries.items[i].elsewhere.len == 0 && gpu->libraries.items[i].other.len > 0;
    return false;
}

static tfd_cause_id cause_of(const tfd_gpu *gpu, const tfd_gpu_library *one)
{
    if (one->state == TFD_STATE_PRESENT && one->is_dependency)
        return TFD_CAUSE_CUDA_MISSING;
    if (one->state == TFD_STATE_PRESENT)
        return is_cudnn(one->name) ? TFD_CAUSE_CUDNN_MISSING : TFD_CAUSE_CUDA_MISSING;
    if (one->elsewhere.len > 0)
        return TFD_CAUSE_CUDA_PATH;
    if (is_cudnn(one->name))
        return one->other.len > 0 ? TFD_CAUSE_CUDNN_VERSION : TFD_CAUSE_CUDNN_MISSING;
    return is_other_generation(gpu) ? TFD_CAUSE_CUDA_VERSION : TFD_CAUSE_CUDA_MISSING;
}

static void check_library(const tfd_view *view, const tfd_gpu_library *one, tfd_findings *out)
{
    tfd_str text;

    if (one->state == TFD_STATE_UNKNOWN || (one->state == TFD_STATE_PRESENT && one->broken.len == 0))
        return;
    if (one->state == TFD_STATE_PRESENT)
        text = tfd_arena_fmt(out->arena, "%.*s cannot be loaded: %.*s", TFD_ARG(one->path),
                             TFD_ARG(one->broken));
    else if (one->elsewhere.len > 0)
        text = tfd_arena_fmt(out->arena, "TensorFlow opens %.*s; it lies in no folder of PATH: %.*s",
                             TFD_ARG(one->name), TFD_ARG(one->elsewhere));
    else if (one->other.len > 0)
        text = tfd_arena_fmt(out->arena, "TensorFlow opens %.*s; there is only %.*s", TFD_ARG(one->name),
                             TFD_ARG(one->other));
    else
        text = tfd_arena_fmt(out->arena, "TensorFlow opens %.*s, which is nowhere", TFD_ARG(one->name));
    add(view, cause_of(&view->facts->gpu, one), TFD_GPU_W_LIBRARY,
        one->state == TFD_STATE_PRESENT ? one->path : one->elsewhere, text, out);
}

/* Which cuDNN it is, its header tells; where there is none, the missing zlibwapi.dll is only told. */
static void check_zlib(const tfd_view *view, const tfd_gpu_library *cudnn, const tfd_gpu_library *zlib,
                       tfd_findings *out)
{
    bool is_known = cudnn && cudnn->version.len > 0;
    tfd_finding finding =
        tfd_gpu_finding(TFD_CAUSE_ZLIBWAPI_MISSING, TFD_STR(""), is_known ? TFD_GPU_W_LIBRARY : TFD_W_MAYBE,
                        is_known ? TFD_EFFECT_BREAKS : TFD_EFFECT_LATENT);
    int order;

    if (zlib->state == TFD_STATE_UNKNOWN || (zlib->state == TFD_STATE_PRESENT && zlib->broken.len == 0))
        return;
    if (!cudnn ||
        (is_known && tfd_version_cmp_text(cudnn->version, TFD_STR(ZLIB_SINCE), &order) && order < 0))
        return;
    finding.path = cudnn->path;
    finding.text = tfd_arena_fmt(out->arena, "cuDNN%s%.*s opens zlibwapi.dll, %s%.*s", is_known ? " " : "",
                                 TFD_ARG(cudnn->version),
                                 zlib->state == TFD_STATE_PRESENT ? "which cannot be loaded: "
                                 : zlib->elsewhere.len > 0        ? "which lies in no folder of PATH: "
                                                                  : "which is nowhere",
                                 TFD_ARG(zlib->state == TFD_STATE_PRESENT ? zlib->broken : zlib->elsewhere));
    finding.source = is_known ? cudnn->version_source : cudnn->path;
    (void)view;
    tfd_findings_add(out, &finding);
}

static void check_parts(const tfd_view *view, const tfd_gpu_library *cudnn, tfd_findings *out)
{
    const tfd_gpu_libraries *parts = &view->facts->gpu.cudnn_parts;

    for (size_t i = 0; i < parts->count; i++) {
        const tfd_gpu_library *one = &parts->items[i];

        if (tfd_str_is(one->name, "zlibwapi.dll"))
            check_zlib(view, cudnn, one, out);
        else if (one->state == TFD_STATE_ABSENT || one->broken.len > 0)
            add(view, TFD_CAUSE_CUDNN_MISSING, TFD_GPU_W_LIBRARY, cudnn ? cudnn->path : one->path,
                tfd_arena_fmt(out->arena, "%.*s, a part of cuDNN, is not found or cannot be loaded",
                              TFD_ARG(one->name)),
                out);
    }
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_gpu_library *cudnn = NULL;

    if (!tfd_view_is_windows(view)) {
        tfd_findings_skip(out, TFD_STR("not Windows"));
        return;
    }
    if (tfd_gpu_skip(view, out))
        return;
    check_driver(view, out);
    if (gpu->build.is_cuda != TFD_YES)
        return;
    if (!gpu->libraries.complete) {
        tfd_findings_unknown(out, gpu->libraries.why);
        return;
    }
    for (size_t i = 0; i < gpu->libraries.count; i++) {
        check_library(view, &gpu->libraries.items[i], out);
        if (is_cudnn(gpu->libraries.items[i].name))
            cudnn = &gpu->libraries.items[i];
    }
    check_parts(view, cudnn, out);
    if (out->check_status == TFD_CHECK_OK)
        tfd_findings_say(out, TFD_STR("PATH finds CUDA, cuDNN and what they open themselves"));
}

const tfd_check tfd_check_cuda_windows = {
    .id = "cuda-windows",
    .summary = "Windows: NVIDIA's driver is new enough, and PATH finds CUDA and cuDNN",
    .run = run,
};
