/* Does the driver start, with a GPU and the device files that it needs? */
#include "checks/driver_rules.h"

/* ---- its GPU and its files */

/* Some device files are there, and another one that CUDA opens is not: what handed them in forgot it, or
 * nvidia-modprobe, which makes them on demand, is not installed. Where the driver starts, all were made by
 * now. Empty: none is missing, or it is not known. */
static tfd_str missing_node(const tfd_view *view)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_system *system = view->facts->system;
    bool has_gpu = false;
    tfd_str missing = TFD_STR("");

    if (!gpu->nodes.complete || !tfd_driver_has_library(gpu) || tfd_gpu_has_no_nodes(view) ||
        tfd_gpu_is_unbound(view) || (system && system->is_wsl) ||
        (gpu->driver.has_init ? gpu->driver.init == 0 : gpu->has_modprobe))
        return missing;
    for (size_t i = 0; i < gpu->nodes.count; i++) {
        const tfd_gpu_node *one = &gpu->nodes.items[i];
        bool is_shared = tfd_str_is(one->path, "/dev/nvidiactl") || tfd_str_is(one->path, "/dev/nvidia-uvm");

        has_gpu |= !is_shared && one->exists;
        if (is_shared && !one->exists)
            missing = one->path;
    }
    return has_gpu ? missing : TFD_STR("/dev/nvidia0");
}

static void check_node(const tfd_view *view, tfd_findings *out)
{
    tfd_str missing = missing_node(view);

    if (missing.len > 0)
        tfd_driver_add(
            out, TFD_CAUSE_DRIVER_BROKEN, "device files",
            view->facts->gpu.driver.has_init ? TFD_GPU_W_SURE : TFD_W_STRONG,
            tfd_arena_fmt(out->arena,
                          "%.*s, which CUDA needs, is not there, though other files of the driver are",
                          TFD_ARG(missing)),
            TFD_STR("/dev"));
}

/* Its initialisation of the device failed, or it is of the wrong kind: the open modules support GPUs from
 * Turing on, from Blackwell on they alone do. */
static void check_bound(const tfd_view *view, tfd_findings *out)
{
    if (tfd_gpu_is_unbound(view))
        tfd_driver_add(
            out, TFD_CAUSE_DRIVER_BROKEN, "", TFD_GPU_W_SURE,
            tfd_arena_fmt(out->arena,
                          "the kernel module nvidia %.*s is loaded, and bound to no GPU: it refused it",
                          TFD_ARG(view->facts->gpu.kernel_module)),
            TFD_STR("/sys/bus/pci/devices"));
}

/* ---- does it start? */

/* CUresult: CUDA_ERROR_STUB_LIBRARY, CUDA_ERROR_NO_DEVICE, CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE. */
enum { STUB = 34, NO_DEVICE = 100, NOT_SUPPORTED = 804 };

static tfd_cause_id cause_of_code(int code)
{
    switch (code) {
    case 803:
    case 804:
        return TFD_CAUSE_DRIVER_MISMATCH;
    case 35:
    case 222:
        return TFD_CAUSE_DRIVER_TOO_OLD;
    case 2:
    case 46:
        return TFD_CAUSE_GPU_MEMORY;
    default:
        return TFD_CAUSE_DRIVER_BROKEN;
    }
}

static const char *advice_for(int code)
{
    switch (code) {
    case 802:
        return ": the machine's NVSwitch or driver services (fabric manager) are not up";
    case 804:
        return ": the forward-compatibility package does not support this GPU";
    case 100:
        return ": the driver starts but has no device to offer";
    default:
        return "";
    }
}

static void check_init(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_driver_answer *driver = &gpu->driver;
    tfd_cause_id cause = cause_of_code(driver->init);
    const tfd_kb_driver_error *error = tfd_kb_driver_error_find(view->kb, driver->init);
    const char *subject = driver->init == 802          ? "fabric manager"
                          : driver->init == STUB       ? "stub"
                          : driver->init == 804        ? "forward compatibility"
                          : missing_node(view).len > 0 ? "device files"
                                                       : "";
    tfd_finding finding;

    if (driver->timed_out)
        tfd_driver_add(out, TFD_CAUSE_DRIVER_BROKEN, "", TFD_GPU_W_SURE,
                       TFD_STR("the driver's library did not come back from a call"), driver->cuda_path);
    if (!driver->has_init || driver->init == 0 || (driver->init == NO_DEVICE && tfd_gpu_env_hides(view)))
        return;
    finding = tfd_gpu_finding(cause, tfd_str_of(subject),
                              cause == TFD_CAUSE_DRIVER_BROKEN ? TFD_GPU_W_SURE : TFD_GPU_W_DRIVER,
                              TFD_EFFECT_BREAKS);
    if (tfd_gpu_is_foreign(view) || driver->init == STUB ||
        (driver->init == NOT_SUPPORTED && tfd_gpu_is_needless_compat(view)))
        tfd_gpu_blame_variable(&gpu->libcuda, &finding);
    finding.text = tfd_arena_fmt(out->arena, "cuInit gives %d (%.*s)%s", driver->init,
                                 TFD_ARG(error ? error->name : driver->init_name), advice_for(driver->init));
    finding.source = driver->cuda_path;
    tfd_findings_add(out, &finding);
}

enum { NVML_NOT_LOADED = 9, NVML_MISMATCH = 18 };

static void check_nvml(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_driver_answer *driver = &gpu->driver;

    if (driver->has_nvml && driver->nvml == NVML_MISMATCH)
        tfd_driver_add(out, TFD_CAUSE_DRIVER_MISMATCH, "", TFD_GPU_W_DRIVER,
                       TFD_STR("NVML says: Driver/library version mismatch (18)"),
                       TFD_STR("libnvidia-ml.so.1"));
    else if (driver->has_nvml && driver->nvml != 0 && gpu->kernel_module.len > 0)
        tfd_driver_add(out, TFD_CAUSE_DRIVER_BROKEN, "",
                       driver->has_init && driver->init == 0 ? TFD_W_HINT : TFD_GPU_W_SURE,
                       tfd_arena_fmt(out->arena, "NVML does not start (code %d%s)", driver->nvml,
                                     driver->nvml == NVML_NOT_LOADED ? ", driver not loaded" : ""),
                       TFD_STR("libnvidia-ml.so.1"));
    else if (driver->has_nvml && driver->nvml_count == 0 && gpu->nvidia_count > 0)
        tfd_driver_add(
            out, TFD_CAUSE_DRIVER_BROKEN, "GPU lost", TFD_GPU_W_SURE,
            tfd_arena_fmt(out->arena,
                          "the bus has %zu NVIDIA GPU%s, the driver has none: it is not bound, or fell off",
                          gpu->nvidia_count, gpu->nvidia_count == 1 ? "" : "s"),
            TFD_STR("libnvidia-ml.so.1"));
}

/* Outside of containers the files are made when the driver is loaded. */
static void check_nodes(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_system *system = view->facts->system;

    if (gpu->kernel_module.len > 0 && tfd_driver_has_library(gpu) && system && !system->is_container &&
        !system->is_wsl && tfd_gpu_has_no_nodes(view) && !tfd_gpu_is_unbound(view))
        tfd_driver_add(
            out, TFD_CAUSE_DRIVER_BROKEN, "device files", TFD_GPU_W_SURE,
            TFD_STR("the kernel module is loaded, but /dev has no nvidia* files (nvidia-modprobe or udev "
                    "makes them)"),
            TFD_STR("/dev"));
    if (gpu->has_nvswitch && gpu->fabric_manager == TFD_NO && gpu->driver.has_init && gpu->driver.init == 802)
        tfd_driver_add(out, TFD_CAUSE_DRIVER_BROKEN, "fabric manager", TFD_GPU_W_SURE,
                       TFD_STR("this machine has NVSwitch and nv-fabricmanager does not run"),
                       TFD_STR("/run/nvidia-fabricmanager"));
}

void tfd_driver_check_start(const tfd_view *view, tfd_findings *out)
{
    check_init(view, out);
    check_nvml(view, out);
    check_node(view, out);
    check_bound(view, out);
    check_nodes(view, out);
}
