/* Is NVIDIA's driver there, whole, in one version, new enough, and does it start? */
#include "checks/driver_rules.h"

#include "checks/native_blame.h"
#include "formats/pep440.h"

bool tfd_driver_is_version(tfd_str text)
{
    return tfd_str_find_char(text, '.') != TFD_NPOS;
}

void tfd_driver_add(tfd_findings *out, tfd_cause_id cause, const char *subject, int weight, tfd_str text,
                    tfd_str source)
{
    tfd_finding finding = tfd_gpu_finding(cause, tfd_str_of(subject), weight, TFD_EFFECT_BREAKS);

    finding.text = text;
    finding.source = source;
    tfd_findings_add(out, &finding);
}

bool tfd_driver_has_library(const tfd_gpu *gpu)
{
    return gpu->libcuda.state == TFD_STATE_PRESENT && gpu->libcuda.broken.len == 0;
}

/* ---- is there one? */

static void check_no_module(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;

    if (gpu->has_nouveau) {
        tfd_driver_add(out, TFD_CAUSE_DRIVER_MISSING, "", TFD_GPU_W_DRIVER,
                       TFD_STR("the GPU is driven by nouveau, which has no CUDA"),
                       TFD_STR("/sys/module/nouveau"));
        return;
    }
    if (!tfd_driver_has_library(gpu) && gpu->module_file.len == 0) {
        tfd_driver_add(
            out, TFD_CAUSE_DRIVER_MISSING, "", TFD_GPU_W_DRIVER,
            TFD_STR("the kernel module nvidia is not loaded, and libcuda.so.1 is nowhere that ld.so looks"),
            TFD_STR("/proc/driver/nvidia"));
        return;
    }
    if (gpu->secure_boot == TFD_YES && gpu->module_file.len > 0)
        tfd_driver_add(
            out, TFD_CAUSE_DRIVER_BROKEN, "Secure Boot", TFD_GPU_W_DRIVER,
            tfd_arena_fmt(
                out->arena,
                "%.*s is there but not loaded, and Secure Boot is on: the kernel refuses a module whose key "
                "was not enrolled",
                TFD_ARG(gpu->module_file)),
            gpu->module_file);
    else if (gpu->module_file.len > 0)
        tfd_driver_add(out, TFD_CAUSE_DRIVER_BROKEN, "kernel module", TFD_GPU_W_DRIVER,
                       tfd_arena_fmt(out->arena, "the kernel module is there but not loaded: %.*s",
                                     TFD_ARG(gpu->module_file)),
                       gpu->module_file);
    else
        tfd_driver_add(
            out, TFD_CAUSE_DRIVER_BROKEN, "kernel module", TFD_GPU_W_DRIVER,
            tfd_arena_fmt(
                out->arena,
                "the driver's library %.*s is there, but its kernel module is not loaded and none was built "
                "for the running kernel",
                TFD_ARG(gpu->libcuda.path)),
            gpu->libcuda.path);
}

static void check_no_library(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_system *system = view->facts->system;

    if (system && system->is_container && tfd_gpu_has_no_nodes(view))
        return; /* no GPU was handed in at all: gpu-access says so */
    tfd_driver_add(out, TFD_CAUSE_DRIVER_MISSING, "", TFD_GPU_W_DRIVER,
                   tfd_arena_fmt(out->arena, "the kernel module nvidia %.*s is loaded, but %s%.*s",
                                 TFD_ARG(gpu->kernel_module),
                                 gpu->libcuda.broken.len > 0 ? "libcuda.so.1 cannot be loaded"
                                 : gpu->libcuda.elsewhere.len > 0
                                     ? "ld.so does not look where it lies: "
                                     : "libcuda.so.1 is nowhere that ld.so looks",
                                 TFD_ARG(gpu->libcuda.elsewhere)),
                   gpu->module_source);
}

static void check_wsl(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;

    if (gpu->stray_libcuda.len > 0)
        tfd_driver_add(
            out, TFD_CAUSE_DRIVER_BROKEN, "WSL", TFD_GPU_W_DRIVER,
            tfd_arena_fmt(
                out->arena,
                "a Linux display driver is installed inside of WSL: its %.*s wins over Windows' own in "
                "/usr/lib/wsl/lib",
                TFD_ARG(gpu->stray_libcuda)),
            gpu->stray_libcuda);
    else if (gpu->has_dxg && !gpu->has_wsl_driver)
        tfd_driver_add(
            out, TFD_CAUSE_DRIVER_MISSING, "WSL", TFD_GPU_W_DRIVER,
            TFD_STR("Windows hands its GPU in (/dev/dxg), but no NVIDIA driver: /usr/lib/wsl/lib has no "
                    "libcuda.so.1"),
            TFD_STR("/usr/lib/wsl/lib"));
    else if (gpu->has_wsl_driver && gpu->libcuda.state == TFD_STATE_ABSENT)
        tfd_driver_add(out, TFD_CAUSE_DRIVER_BROKEN, "WSL", TFD_GPU_W_DRIVER,
                       TFD_STR("ld.so does not look into /usr/lib/wsl/lib, where Windows' driver lies"),
                       TFD_STR("/etc/ld.so.conf.d"));
}

/* ---- one version? */

static void check_versions(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    int order;

    if (tfd_gpu_is_compat(view) || tfd_gpu_is_stub(view) || tfd_gpu_is_foreign(view) ||
        !tfd_driver_is_version(gpu->kernel_module) || !tfd_driver_is_version(gpu->libcuda.version) ||
        gpu->libcuda.state != TFD_STATE_PRESENT)
        return;
    if (!tfd_version_cmp_text(gpu->kernel_module, gpu->libcuda.version, &order) || order == 0)
        return;
    tfd_driver_add(out, TFD_CAUSE_DRIVER_MISMATCH, "", TFD_GPU_W_DRIVER,
                   tfd_arena_fmt(out->arena, "the kernel module is version %.*s, %.*s is version %.*s",
                                 TFD_ARG(gpu->kernel_module), TFD_ARG(gpu->libcuda.path),
                                 TFD_ARG(gpu->libcuda.version)),
                   gpu->module_source);
}

static void check_stub(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu_library *libcuda = &view->facts->gpu.libcuda;
    tfd_finding finding =
        tfd_gpu_finding(TFD_CAUSE_DRIVER_BROKEN, TFD_STR("stub"), TFD_GPU_W_DRIVER, TFD_EFFECT_BREAKS);

    if (!tfd_gpu_is_stub(view))
        return;
    if (tfd_native_forced_by(libcuda->rule).len > 0 &&
        !tfd_gpu_is_forced(libcuda)) { /* behind it is nothing */
        finding.cause = TFD_CAUSE_DRIVER_MISSING;
        finding.subject = TFD_STR("");
    }
    finding.path = libcuda->path;
    tfd_gpu_blame_variable(libcuda, &finding);
    finding.text =
        tfd_arena_fmt(out->arena, "%.*s (found by %.*s) is the toolkit's stub to link against, no driver",
                      TFD_ARG(libcuda->path), TFD_ARG(libcuda->rule));
    finding.source = libcuda->path;
    tfd_findings_add(out, &finding);
}

/* A copy of libcuda from another machine or container, in front of the driver's own. */
static void check_foreign(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu_library *libcuda = &view->facts->gpu.libcuda;
    tfd_finding finding =
        tfd_gpu_finding(TFD_CAUSE_LDPATH_CONFLICT, TFD_STR(""), TFD_GPU_W_DRIVER, TFD_EFFECT_BREAKS);

    if (!tfd_gpu_is_foreign(view))
        return;
    tfd_gpu_blame_variable(libcuda, &finding);
    finding.text = tfd_arena_fmt(
        out->arena, "%.*s brings %.*s (version %.*s) in place of %.*s, which is the kernel module's %.*s",
        TFD_ARG(finding.subject), TFD_ARG(libcuda->path), TFD_ARG(libcuda->version),
        TFD_ARG(libcuda->without_env), TFD_ARG(libcuda->without_version));
    finding.source = libcuda->path;
    tfd_findings_add(out, &finding);
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    tfd_str version = tfd_gpu_driver_version(view);

    if (tfd_gpu_skip(view, out))
        return;
    if (tfd_view_is_windows(view)) {
        tfd_findings_skip(out, TFD_STR("the check cuda-windows looks at it"));
        return;
    }
    if (gpu->build.is_rocm == TFD_YES) {
        tfd_findings_skip(out, TFD_STR("this TensorFlow is built for AMD GPUs"));
        return;
    }
    if (version.len > 1)
        tfd_findings_say(out, tfd_arena_fmt(out->arena, "NVIDIA driver %.*s%s", TFD_ARG(version),
                                            gpu->driver.ran ? "" : "; it was not asked whether it starts"));
    check_wsl(view, out);
    if (gpu->nvidia_count > 0 && gpu->kernel_module.len == 0)
        check_no_module(view, out);
    else if (gpu->nvidia_count > 0 && gpu->libcuda.state != TFD_STATE_UNKNOWN && !tfd_driver_has_library(gpu))
        check_no_library(view, out);
    check_versions(view, out);
    check_foreign(view, out);
    check_stub(view, out);
    tfd_driver_check_age(view, out);
    tfd_driver_check_start(view, out);
}

const tfd_check tfd_check_driver = {
    .id = "driver",
    .summary = "NVIDIA's driver is there, of one version, new enough, and starts",
    .run = run,
};
