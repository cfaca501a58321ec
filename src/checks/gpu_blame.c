#include "checks/gpu_blame.h"

#include "formats/pep440.h"

tfd_finding tfd_gpu_finding(tfd_cause_id cause, tfd_str subject, int weight, tfd_effect effect)
{
    tfd_finding finding = tfd_finding_of(cause, subject, weight, effect);

    finding.for_gpu = true;
    return finding;
}

bool tfd_gpu_skip(const tfd_view *view, tfd_findings *out)
{
    if (tfd_gpu_is_expected(view))
        return false;
    tfd_findings_skip(out, TFD_STR("no GPU has to work here"));
    return true;
}

/* ---- devices */

size_t tfd_gpu_seen_count(const tfd_view *view)
{
    const tfd_gpu *gpu = &view->facts->gpu;

    return gpu->nvidia_count > 0 ? gpu->nvidia_count : gpu->driver.devices.count;
}

static const tfd_gpu_device *nvidia_device(const tfd_gpu *gpu, size_t index)
{
    for (size_t i = 0; i < gpu->devices.count; i++)
        if (gpu->devices.items[i].vendor == TFD_PCI_NVIDIA && index-- == 0)
            return &gpu->devices.items[i];
    return NULL;
}

/* NVML lists in the order of the bus, as PCI does; the driver API may not (CUDA_DEVICE_ORDER), so it is only
 * asked where all GPUs are alike or there is one. */
static const tfd_gpu_answer *answer_for(const tfd_gpu *gpu, size_t index)
{
    const tfd_driver_answer *driver = &gpu->driver;
    size_t count = gpu->nvidia_count > 0 ? gpu->nvidia_count : driver->devices.count;

    if (driver->nvml_devices.count > index && driver->nvml_devices.count == count)
        return &driver->nvml_devices.items[index];
    if (driver->devices.count > index && driver->devices.count == count && count == 1)
        return &driver->devices.items[index];
    return NULL;
}

tfd_gpu_seen tfd_gpu_seen_get(const tfd_view *view, tfd_findings *out, size_t index)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_gpu_device *device = nvidia_device(gpu, index);
    const tfd_gpu_answer *answer = answer_for(gpu, index);
    const tfd_kb_chip *chip = device ? tfd_kb_chip_find(view->kb, device->device) : NULL;
    tfd_gpu_seen seen = {.name = TFD_STR("NVIDIA GPU"), .source = device ? device->slot : TFD_STR("driver")};

    if (device)
        seen.name = tfd_arena_fmt(out->arena, "device 10de:%04x", (unsigned)device->device);
    if (chip) {
        seen.name = tfd_arena_fmt(out->arena, "NVIDIA %.*s", TFD_ARG(chip->name));
        seen.cc = chip->compute_capability;
        seen.architecture = chip->architecture;
    }
    if (device && device->name.len > 0)
        seen.name = device->name;
    if (answer && answer->major > 0) {
        seen.cc = tfd_arena_fmt(out->arena, "%d.%d", answer->major, answer->minor);
        seen.architecture = tfd_kb_architecture_of(view->kb, seen.cc);
    }
    if (answer && answer->name.len > 0)
        seen.name = answer->name;
    return seen;
}

/* ---- code */

static bool split(tfd_str cc, uint64_t *major, uint64_t *minor)
{
    tfd_str head, tail;

    return tfd_str_cut(cc, '.', &head, &tail) && tfd_str_u64(head, major) && tfd_str_u64(tail, minor);
}

tfd_gpu_code tfd_gpu_code_for(const tfd_gpu_build *build, tfd_str cc)
{
    uint64_t major, minor, code_major, code_minor;
    tfd_gpu_code best = TFD_GPU_CODE_NONE;

    if (build->kernels.count + build->ptx.count == 0 || !split(cc, &major, &minor))
        return TFD_GPU_CODE_UNKNOWN;
    for (size_t i = 0; i < build->kernels.count; i++)
        if (split(build->kernels.items[i], &code_major, &code_minor) && code_major == major &&
            code_minor <= minor)
            return TFD_GPU_CODE_NATIVE;
    for (size_t i = 0; i < build->ptx.count; i++)
        if (split(build->ptx.items[i], &code_major, &code_minor) &&
            (code_major < major || (code_major == major && code_minor <= minor)))
            best = TFD_GPU_CODE_PTX;
    return best;
}

/* ---- driver */

tfd_str tfd_gpu_driver_version(const tfd_view *view)
{
    const tfd_gpu *gpu = &view->facts->gpu;

    if (gpu->kernel_module.len > 1)
        return gpu->kernel_module;
    if (gpu->driver.driver.len > 0)
        return gpu->driver.driver;
    return gpu->libcuda.version;
}

bool tfd_gpu_is_compat(const tfd_view *view)
{
    const tfd_gpu_library *libcuda = &view->facts->gpu.libcuda;

    return tfd_str_find_z(libcuda->path, "/compat/") != TFD_NPOS ||
           tfd_str_find_z(libcuda->real, "/compat/") != TFD_NPOS ||
           tfd_str_starts_z(libcuda->path, "/usr/lib/wsl/") ||
           tfd_str_starts_z(libcuda->real, "/usr/lib/wsl/");
}

bool tfd_gpu_is_stub(const tfd_view *view)
{
    const tfd_gpu_library *libcuda = &view->facts->gpu.libcuda;

    return tfd_str_find_z(libcuda->path, "/stubs/") != TFD_NPOS ||
           tfd_str_find_z(libcuda->real, "/stubs/") != TFD_NPOS;
}

bool tfd_gpu_has_no_nodes(const tfd_view *view)
{
    const tfd_gpu *gpu = &view->facts->gpu;

    for (size_t i = 0; i < gpu->nodes.count; i++)
        if (gpu->nodes.items[i].exists)
            return false;
    return gpu->nodes.complete;
}
