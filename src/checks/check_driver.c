/* Is NVIDIA's driver there, whole, in one version, new enough, and does it start? */
#include "checks/gpu_blame.h"

#include "formats/pep440.h"

static void add(tfd_findings *out, tfd_cause_id cause, const char *subject, int weight, tfd_str text,
                tfd_str source)
{
    tfd_finding finding = tfd_gpu_finding(cause, tfd_str_of(subject), weight, TFD_EFFECT_BREAKS);

    finding.text = text;
    finding.source = source;
    tfd_findings_add(out, &finding);
}

static bool has_libcuda(const tfd_gpu *gpu)
{
    return gpu->libcuda.state == TFD_STATE_PRESENT && gpu->libcuda.broken.len == 0;
}

/* ---- is there one? */

static void check_no_module(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;

    if (gpu->has_nouveau) {
        add(out, TFD_CAUSE_DRIVER_MISSING, "", TFD_GPU_W_DRIVER,
            TFD_STR("the GPU is driven by nouveau, which has no CUDA"), TFD_STR("/sys/module/nouveau"));
        return;
    }
    if (!has_libcuda(gpu) && gpu->module_file.len == 0) {
        add(out, TFD_CAUSE_DRIVER_MISSING, "", TFD_GPU_W_DRIVER,
            TFD_STR("the kernel module nvidia is not loaded, and libcuda.so.1 is nowhere that ld.so looks"),
            TFD_STR("/proc/driver/nvidia"));
        return;
    }
    if (gpu->secure_boot == TFD_YES && gpu->module_file.len > 0)
        add(out, TFD_CAUSE_DRIVER_BROKEN, "Secure Boot", TFD_GPU_W_DRIVER,
            tfd_arena_fmt(
                out->arena,
                "%.*s is there but not loaded, and Secure Boot is on: the kernel refuses a module whose key "
                "was not enrolled",
                TFD_ARG(gpu->module_file)),
            gpu->module_file);
    else if (gpu->module_file.len > 0)
        add(out, TFD_CAUSE_DRIVER_BROKEN, "kernel module", TFD_GPU_W_DRIVER,
            tfd_arena_fmt(out->arena, "the kernel module is there but not loaded: %.*s",
                          TFD_ARG(gpu->module_file)),
            gpu->module_file);
    else
        add(out, TFD_CAUSE_DRIVER_BROKEN, "kernel module", TFD_GPU_W_DRIVER,
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
    add(out, TFD_CAUSE_DRIVER_MISSING, "", TFD_GPU_W_DRIVER,
        tfd_arena_fmt(out->arena, "the kernel module nvidia %.*s is loaded, but %s",
                      TFD_ARG(gpu->kernel_module),
                      gpu->libcuda.broken.len > 0 ? "libcuda.so.1 cannot be loaded"
                                                  : "libcuda.so.1 is nowhere that ld.so looks"),
        gpu->module_source);
}

static void check_wsl(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;

    if (gpu->stray_libcuda.len > 0)
        add(out, TFD_CAUSE_DRIVER_BROKEN, "WSL", TFD_GPU_W_DRIVER,
            tfd_arena_fmt(
                out->arena,
                "a Linux display driver is installed inside of WSL: its %.*s wins over Windows' own in "
                "/usr/lib/wsl/lib",
                TFD_ARG(gpu->stray_libcuda)),
            gpu->stray_libcuda);
    else if (gpu->has_dxg && !gpu->has_wsl_driver)
        add(out, TFD_CAUSE_DRIVER_MISSING, "WSL", TFD_GPU_W_DRIVER,
            TFD_STR("Windows hands its GPU in (/dev/dxg), but no NVIDIA driver: /usr/lib/wsl/lib has no "
                    "libcuda.so.1"),
            TFD_STR("/usr/lib/wsl/lib"));
    else if (gpu->has_wsl_driver && gpu->libcuda.state == TFD_STATE_ABSENT)
        add(out, TFD_CAUSE_DRIVER_BROKEN, "WSL", TFD_GPU_W_DRIVER,
            TFD_STR("ld.so does not look into /usr/lib/wsl/lib, where Windows' driver lies"),
            TFD_STR("/etc/ld.so.conf.d"));
}

/* ---- one version? */

static bool is_version(tfd_str text)
{
    return tfd_str_find_char(text, '.') != TFD_NPOS;
}

static void check_versions(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    int order;

    if (tfd_gpu_is_compat(view) || tfd_gpu_is_stub(view) || tfd_gpu_is_foreign(view) ||
        !is_version(gpu->kernel_module) || !is_version(gpu->libcuda.version) ||
        gpu->libcuda.state != TFD_STATE_PRESENT)
        return;
    if (!tfd_version_cmp_text(gpu->kernel_module, gpu->libcuda.version, &order) || order == 0)
        return;
    add(out, TFD_CAUSE_DRIVER_MISMATCH, "", TFD_GPU_W_DRIVER,
        tfd_arena_fmt(out->arena, "the kernel module is version %.*s, %.*s is version %.*s",
                      TFD_ARG(gpu->kernel_module), TFD_ARG(gpu->libcuda.path), TFD_ARG(gpu->libcuda.version)),
        gpu->module_source);
}

static void check_stub(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu_library *libcuda = &view->facts->gpu.libcuda;
    bool is_ldpath = tfd_str_is(libcuda->rule, "LD_LIBRARY_PATH");
    tfd_finding finding =
        tfd_gpu_finding(TFD_CAUSE_DRIVER_BROKEN, TFD_STR("stub"), TFD_GPU_W_DRIVER, TFD_EFFECT_BREAKS);

    if (!tfd_gpu_is_stub(view))
        return;
    if (is_ldpath && libcuda->without_env.len > 0) { /* the driver's own waits behind it */
        finding.cause = TFD_CAUSE_LDPATH_CONFLICT;
        finding.subject = TFD_STR("LD_LIBRARY_PATH");
    } else if (is_ldpath) { /* behind it is nothing */
        finding.cause = TFD_CAUSE_DRIVER_MISSING;
        finding.subject = TFD_STR("");
    }
    finding.path = libcuda->path;
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
    tfd_finding finding = tfd_gpu_finding(TFD_CAUSE_LDPATH_CONFLICT, TFD_STR("LD_LIBRARY_PATH"),
                                          TFD_GPU_W_DRIVER, TFD_EFFECT_BREAKS);

    if (!tfd_gpu_is_foreign(view))
        return;
    finding.path = libcuda->path;
    finding.text = tfd_arena_fmt(
        out->arena,
        "LD_LIBRARY_PATH brings %.*s (version %.*s) in place of %.*s, which is the kernel module's %.*s",
        TFD_ARG(libcuda->path), TFD_ARG(libcuda->version), TFD_ARG(libcuda->without_env),
        TFD_ARG(libcuda->without_version));
    finding.source = libcuda->path;
    tfd_findings_add(out, &finding);
}

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
    if (!is_wsl && !tfd_gpu_is_compat(view) && is_version(version) && floor.len > 0 &&
        tfd_version_cmp_text(version, floor, &order)) {
        if (order < 0) {
            add(out, TFD_CAUSE_DRIVER_TOO_OLD, "", TFD_GPU_W_DRIVER,
                tfd_arena_fmt(out->arena, "the driver is version %.*s; CUDA %.*s needs %.*s or newer",
                              TFD_ARG(version), TFD_ARG(tfd_kb_line_of(gpu->build.cuda)), TFD_ARG(floor)),
                gpu->module_source);
            return;
        }
    }
    if (gpu->driver.cuda_version > 0 && tfd_str_u64(major, &wanted) &&
        (uint64_t)gpu->driver.cuda_version / 1000 < wanted)
        add(out, TFD_CAUSE_DRIVER_TOO_OLD, "", TFD_GPU_W_DRIVER,
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

    if (!is_version(version) || toolkit.len == 0 || tfd_gpu_is_compat(view) ||
        !tfd_version_cmp_text(version, toolkit, &order) || order >= 0)
        return;
    for (size_t i = 0; i < tfd_gpu_seen_count(view); i++) {
        tfd_gpu_seen seen = tfd_gpu_seen_get(view, i, out->arena);

        if (tfd_gpu_code_for(&gpu->build, seen.cc) != TFD_GPU_CODE_PTX)
            continue;
        add(out, TFD_CAUSE_DRIVER_TOO_OLD, "", TFD_GPU_W_SURE,
            tfd_arena_fmt(
                out->arena,
                "for %.*s (compute capability %.*s) this TensorFlow has only intermediate code of CUDA %.*s, "
                "which drivers from %.*s on can compile; this one is %.*s",
                TFD_ARG(seen.name), TFD_ARG(seen.cc), TFD_ARG(gpu->build.cuda), TFD_ARG(toolkit),
                TFD_ARG(version)),
            gpu->build.source);
    }
}

/* Some device files are there, and another one that CUDA opens is not: what handed them in forgot it, or
 * nvidia-modprobe, which makes them on demand, is not installed. Where the driver starts, all were made by
 * now. Empty: none is missing, or it is not known. */
static tfd_str missing_node(const tfd_view *view)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_system *system = view->facts->system;
    bool has_gpu = false;
    tfd_str missing = TFD_STR("");

    if (!gpu->nodes.complete || !has_libcuda(gpu) || tfd_gpu_has_no_nodes(view) || tfd_gpu_is_unbound(view) ||
        (system && system->is_wsl) || (gpu->driver.has_init ? gpu->driver.init == 0 : gpu->has_modprobe))
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
        add(out, TFD_CAUSE_DRIVER_BROKEN, "device files",
            view->facts->gpu.driver.has_init ? TFD_GPU_W_SURE : TFD_W_STRONG,
            tfd_arena_fmt(out->arena,
                          "%.*s, which CUDA needs, is not there, though other files of the driver are",
                          TFD_ARG(missing)),
            TFD_STR("/dev"));
}

/* ---- made for this GPU? */

/* Drivers learn new architectures and drop old ones; TFD_CAUSE_COUNT: this one knows it, or it is not known.
 */
static tfd_cause_id refused_by(tfd_str driver, const tfd_kb_architecture *known)
{
    tfd_str branch, rest;
    int order;

    (void)tfd_str_cut(driver, '.', &branch, &rest);
    if (!known || !is_version(driver))
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
    add(out, cause, "", TFD_GPU_W_DRIVER,
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

    if (!tfd_gpu_is_compat(view) || count == 0 || (system && system->is_wsl) ||
        (gpu->driver.has_init && gpu->driver.init == 0))
        return;
    for (size_t i = 0; i < count; i++)
        if (tfd_str_find_z(tfd_gpu_seen_get(view, i, out->arena).name, "GeForce") == TFD_NPOS)
            return;
    add(out, TFD_CAUSE_DRIVER_MISMATCH, "forward compatibility", TFD_GPU_W_DRIVER,
        tfd_arena_fmt(out->arena,
                      "%.*s is of the forward-compatibility package, which serves no GeForce; the kernel "
                      "module is version %.*s",
                      TFD_ARG(gpu->libcuda.path), TFD_ARG(gpu->kernel_module)),
        gpu->libcuda.path);
}

/* Its initialisation of the device failed, or it is of the wrong kind: the open modules support GPUs from
 * Turing on, from Blackwell on they alone do. */
static void check_bound(const tfd_view *view, tfd_findings *out)
{
    if (tfd_gpu_is_unbound(view))
        add(out, TFD_CAUSE_DRIVER_BROKEN, "", TFD_GPU_W_SURE,
            tfd_arena_fmt(out->arena,
                          "the kernel module nvidia %.*s is loaded, and bound to no GPU: it refused it",
                          TFD_ARG(view->facts->gpu.kernel_module)),
            TFD_STR("/sys/bus/pci/devices"));
}

/* ---- does it start? */

/* CUresult: CUDA_ERROR_STUB_LIBRARY, CUDA_ERROR_NO_DEVICE. */
enum { STUB = 34, NO_DEVICE = 100 };

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
        add(out, TFD_CAUSE_DRIVER_BROKEN, "", TFD_GPU_W_SURE,
            TFD_STR("the driver's library did not come back from a call"), driver->cuda_path);
    if (!driver->has_init || driver->init == 0 || (driver->init == NO_DEVICE && tfd_gpu_env_hides(view)))
        return;
    finding = tfd_gpu_finding(cause, tfd_str_of(subject),
                              cause == TFD_CAUSE_DRIVER_BROKEN ? TFD_GPU_W_SURE : TFD_GPU_W_DRIVER,
                              TFD_EFFECT_BREAKS);
    if (tfd_gpu_is_foreign(view) || (driver->init == STUB && gpu->libcuda.without_env.len > 0)) {
        finding.cause = TFD_CAUSE_LDPATH_CONFLICT;
        finding.subject = TFD_STR("LD_LIBRARY_PATH");
        finding.path = gpu->libcuda.path;
    }
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
        add(out, TFD_CAUSE_DRIVER_MISMATCH, "", TFD_GPU_W_DRIVER,
            TFD_STR("NVML says: Driver/library version mismatch (18)"), TFD_STR("libnvidia-ml.so.1"));
    else if (driver->has_nvml && driver->nvml != 0 && gpu->kernel_module.len > 0)
        add(out, TFD_CAUSE_DRIVER_BROKEN, "",
            driver->has_init && driver->init == 0 ? TFD_W_HINT : TFD_GPU_W_SURE,
            tfd_arena_fmt(out->arena, "NVML does not start (code %d%s)", driver->nvml,
                          driver->nvml == NVML_NOT_LOADED ? ", driver not loaded" : ""),
            TFD_STR("libnvidia-ml.so.1"));
    else if (driver->has_nvml && driver->nvml_count == 0 && gpu->nvidia_count > 0)
        add(out, TFD_CAUSE_DRIVER_BROKEN, "GPU lost", TFD_GPU_W_SURE,
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

    if (gpu->kernel_module.len > 0 && has_libcuda(gpu) && system && !system->is_container &&
        !system->is_wsl && tfd_gpu_has_no_nodes(view) && !tfd_gpu_is_unbound(view))
        add(out, TFD_CAUSE_DRIVER_BROKEN, "device files", TFD_GPU_W_SURE,
            TFD_STR("the kernel module is loaded, but /dev has no nvidia* files (nvidia-modprobe or udev "
                    "makes them)"),
            TFD_STR("/dev"));
    if (gpu->has_nvswitch && gpu->fabric_manager == TFD_NO && gpu->driver.has_init && gpu->driver.init == 802)
        add(out, TFD_CAUSE_DRIVER_BROKEN, "fabric manager", TFD_GPU_W_SURE,
            TFD_STR("this machine has NVSwitch and nv-fabricmanager does not run"),
            TFD_STR("/run/nvidia-fabricmanager"));
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
    else if (gpu->nvidia_count > 0 && gpu->libcuda.state != TFD_STATE_UNKNOWN && !has_libcuda(gpu))
        check_no_library(view, out);
    check_versions(view, out);
    check_foreign(view, out);
    check_stub(view, out);
    check_age(view, out);
    check_ptx(view, out);
    check_init(view, out);
    check_nvml(view, out);
    check_node(view, out);
    check_support(view, out);
    check_compat(view, out);
    check_bound(view, out);
    check_nodes(view, out);
}

const tfd_check tfd_check_driver = {
    .id = "driver",
    .summary = "NVIDIA's driver is there, of one version, new enough, and starts",
    .run = run,
};
