/* Is the GPU hidden, forbidden or full? */
#include "checks/gpu_blame.h"

/* ---- CUDA_VISIBLE_DEVICES */

/* The first entry decides whether anything is left: an entry that names no device ends the list (CUDA C++
 * Programming Guide, "CUDA Environment Variables"). A number, "GPU-" and part of a UUID, "MIG-" and one. */
static bool hides_all(const tfd_view *view, tfd_str value)
{
    size_t count = tfd_gpu_seen_count(view);
    tfd_str first, rest;
    size_t digits = 0;
    uint64_t index;

    (void)tfd_str_cut(tfd_str_trim(value), ',', &first, &rest);
    first = tfd_str_trim(first);
    if (tfd_str_starts_z(first, "GPU-") || tfd_str_starts_z(first, "MIG-"))
        return false; /* whether such a one exists, the driver alone knows */
    while (digits < first.len && tfd_char_is_digit(first.ptr[digits]))
        digits++;
    if (digits == 0 || !tfd_str_u64(tfd_str_sub(first, 0, digits), &index))
        return true;
    return count > 0 && index >= count;
}

static void check_variable(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    tfd_finding finding;

    if (!gpu->has_env_visible || gpu->build.is_cuda != TFD_YES || !hides_all(view, gpu->env_visible))
        return;
    if (gpu->driver.count > 0 && gpu->driver.can_compute)
        return; /* the driver obeys it, and lists a device all the same */
    finding = tfd_gpu_finding(TFD_CAUSE_GPU_HIDDEN, TFD_STR("CUDA_VISIBLE_DEVICES"), TFD_GPU_W_ACCESS,
                              TFD_EFFECT_BREAKS);
    finding.text = tfd_arena_fmt(out->arena, "CUDA_VISIBLE_DEVICES=\"%.*s\" names none of the %zu GPUs",
                                 TFD_ARG(gpu->env_visible), tfd_gpu_seen_count(view));
    finding.source = TFD_STR("CUDA_VISIBLE_DEVICES");
    tfd_findings_add(out, &finding);
}

/* A name that the driver does not know: an UUID of another machine, of a MIG instance that was destroyed. */
static void check_uuid(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    tfd_finding finding;

    if (!gpu->has_env_visible || hides_all(view, gpu->env_visible) || !gpu->driver.has_init ||
        (gpu->driver.init != 100 && gpu->driver.count != 0))
        return;
    finding = tfd_gpu_finding(TFD_CAUSE_GPU_HIDDEN, TFD_STR("CUDA_VISIBLE_DEVICES"), TFD_GPU_W_ACCESS,
                              TFD_EFFECT_BREAKS);
    finding.text =
        tfd_arena_fmt(out->arena, "with CUDA_VISIBLE_DEVICES=\"%.*s\" the driver lists no device (%.*s)",
                      TFD_ARG(gpu->env_visible), TFD_ARG(gpu->driver.init_name));
    finding.source = TFD_STR("CUDA_VISIBLE_DEVICES");
    tfd_findings_add(out, &finding);
}

/* ---- containers and MIG */

/* The kernel's driver runs, and nothing of it was handed in: the option for GPUs was left out. */
static void check_container(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_system *system = view->facts->system;
    bool is_void = tfd_str_is(gpu->env_container, "void") || tfd_str_is(gpu->env_container, "none");
    tfd_finding finding;

    if (!system || !system->is_container || system->is_wsl || gpu->kernel_module.len == 0 ||
        !tfd_gpu_has_no_nodes(view))
        return;
    finding =
        tfd_gpu_finding(TFD_CAUSE_GPU_HIDDEN, TFD_STR("container"), TFD_GPU_W_ACCESS, TFD_EFFECT_BREAKS);
    finding.text =
        tfd_arena_fmt(out->arena,
                      "the host's NVIDIA driver %.*s is loaded, but this container has no /dev/nvidia* "
                      "files%s: it was started without GPUs",
                      TFD_ARG(gpu->kernel_module), is_void ? " and NVIDIA_VISIBLE_DEVICES names none" : "");
    finding.source = gpu->module_source;
    tfd_findings_add(out, &finding);
}

static void check_mig(const tfd_view *view, tfd_findings *out)
{
    const tfd_driver_answer *driver = &view->facts->gpu.driver;

    for (size_t i = 0; i < driver->nvml_devices.count; i++) {
        const tfd_gpu_answer *one = &driver->nvml_devices.items[i];
        tfd_finding finding =
            tfd_gpu_finding(TFD_CAUSE_GPU_HIDDEN, TFD_STR("MIG"), TFD_GPU_W_ACCESS,
                            driver->nvml_devices.count > 1 ? TFD_EFFECT_LATENT : TFD_EFFECT_BREAKS);

        if (one->mig != 1 || one->mig_instances != 0)
            continue;
        finding.text =
            tfd_arena_fmt(out->arena, "%.*s is in MIG mode and has no instance: nothing can compute on it",
                          TFD_ARG(one->name));
        finding.source = TFD_STR("NVML");
        tfd_findings_add(out, &finding);
    }
}

/* A device that a virtual machine was given is not the host's. */
static void check_passed_on(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    size_t gone = 0;

    for (size_t i = 0; i < gpu->devices.count; i++)
        gone += gpu->devices.items[i].vendor == TFD_PCI_NVIDIA &&
                        (tfd_str_is(gpu->devices.items[i].driver, "vfio-pci") ||
                         tfd_str_is(gpu->devices.items[i].driver, "pciback"))
                    ? 1
                    : 0;
    if (gone > 0) {
        tfd_finding finding =
            tfd_gpu_finding(TFD_CAUSE_GPU_HIDDEN, TFD_STR("vfio-pci"), TFD_GPU_W_ACCESS,
                            gone < gpu->nvidia_count ? TFD_EFFECT_LATENT : TFD_EFFECT_BREAKS);

        finding.text = TFD_STR("the GPU is bound to vfio-pci: it is reserved for a virtual machine");
        finding.source = TFD_STR("/sys/bus/pci/devices");
        tfd_findings_add(out, &finding);
    }
}

/* ---- permissions */

static void check_nodes(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;

    for (size_t i = 0; i < gpu->nodes.count; i++) {
        const tfd_gpu_node *node = &gpu->nodes.items[i];
        tfd_finding finding;

        if (!node->exists || node->usable != TFD_NO)
            continue;
        finding = tfd_gpu_finding(TFD_CAUSE_GPU_PERMISSION, TFD_STR(""), TFD_GPU_W_ACCESS, TFD_EFFECT_BREAKS);
        finding.path = node->path;
        finding.text = tfd_arena_fmt(
            out->arena,
            "%.*s may not be opened for reading and writing by this user (mode %04o, owner "
            "%u, group %u)",
            TFD_ARG(node->path), (unsigned)node->mode, (unsigned)node->uid, (unsigned)node->gid);
        finding.source = node->path;
        tfd_findings_add(out, &finding);
    }
}

/* ---- memory and mode */

/* A context takes 300 to 500 MiB before the first tensor. */
#define MEMORY_MIN_MIB 512u
/* Of an idle GPU the driver and a desktop hold less. */
#define IDLE_MAX_MIB 600u

enum { MODE_EXCLUSIVE_THREAD = 1, MODE_PROHIBITED = 2, MODE_EXCLUSIVE = 3 };

static bool is_taken(const tfd_gpu_answer *one)
{
    if (one->compute_mode != MODE_EXCLUSIVE && one->compute_mode != MODE_EXCLUSIVE_THREAD)
        return false;
    if (one->processes >= 0)
        return one->processes > 0;
    return one->has_memory && one->total_mib - one->free_mib > IDLE_MAX_MIB;
}

static bool is_full(const tfd_gpu_answer *one)
{
    return one->has_memory && one->free_mib < MEMORY_MIN_MIB && one->free_mib <= one->total_mib;
}

static bool is_barred(const tfd_gpu_answer *one)
{
    return one->compute_mode == MODE_PROHIBITED || is_taken(one) || is_full(one);
}

static tfd_str memory_text(tfd_findings *out, const tfd_gpu_answer *one)
{
    if (one->compute_mode == MODE_PROHIBITED)
        return tfd_arena_fmt(out->arena,
                             "%.*s is in compute mode \"prohibited\": no program may compute on it",
                             TFD_ARG(one->name));
    if (is_taken(one))
        return tfd_arena_fmt(
            out->arena,
            "%.*s is in compute mode \"exclusive\" and another process has it (%d known, %llu MiB in "
            "use)",
            TFD_ARG(one->name), one->processes > 0 ? one->processes : 0,
            (unsigned long long)(one->total_mib - one->free_mib));
    return tfd_arena_fmt(out->arena, "%.*s has %llu of %llu MiB free; TensorFlow needs some 500 to start",
                         TFD_ARG(one->name), (unsigned long long)one->free_mib,
                         (unsigned long long)one->total_mib);
}

static void check_memory(const tfd_view *view, tfd_findings *out)
{
    const tfd_driver_answer *driver = &view->facts->gpu.driver;
    size_t barred = 0;

    for (size_t i = 0; i < driver->nvml_devices.count; i++)
        barred += is_barred(&driver->nvml_devices.items[i]) ? 1 : 0;
    for (size_t i = 0; i < driver->nvml_devices.count; i++) {
        const tfd_gpu_answer *one = &driver->nvml_devices.items[i];
        tfd_finding finding =
            tfd_gpu_finding(TFD_CAUSE_GPU_MEMORY, TFD_STR(""), TFD_GPU_W_ACCESS,
                            barred < driver->nvml_devices.count ? TFD_EFFECT_LATENT : TFD_EFFECT_BREAKS);

        if (!is_barred(one))
            continue;
        finding.path = one->compute_mode > 0 && !is_full(one) ? TFD_STR("mode") : TFD_STR("");
        finding.text = memory_text(out, one);
        finding.source = TFD_STR("NVML");
        tfd_findings_add(out, &finding);
    }
}

static void run(const tfd_view *view, tfd_findings *out)
{
    if (tfd_gpu_skip(view, out))
        return;
    check_variable(view, out);
    if (tfd_view_is_windows(view)) /* all that follows is Linux' way of handing devices out */
        return;
    check_uuid(view, out);
    check_container(view, out);
    check_mig(view, out);
    check_passed_on(view, out);
    check_nodes(view, out);
    check_memory(view, out);
}

const tfd_check tfd_check_gpu_access = {
    .id = "gpu-access",
    .summary = "The GPU is neither hidden nor forbidden nor taken",
    .run = run,
};
