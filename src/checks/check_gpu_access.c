/* Is the GPU hidden, forbidden or full? */
#include "checks/gpu_blame.h"

#include "formats/pep440.h"

/* ---- CUDA_VISIBLE_DEVICES */

static tfd_variable visible_variable(const tfd_view *view)
{
    return tfd_view_import_variable(view, TFD_STR("CUDA_VISIBLE_DEVICES"));
}

static void add_hidden(tfd_findings *out, const tfd_variable *variable, tfd_str text)
{
    tfd_finding finding = tfd_gpu_finding(TFD_CAUSE_GPU_HIDDEN, TFD_STR("CUDA_VISIBLE_DEVICES"),
                                          TFD_GPU_W_ACCESS, TFD_EFFECT_BREAKS);

    finding.source = TFD_STR("CUDA_VISIBLE_DEVICES");
    finding.text = text;
    if (variable->by_startup) {
        finding.path = variable->file;
        finding.source =
            variable->file.len > 0 ? variable->file : TFD_STR("code that runs while Python starts");
        finding.text =
            tfd_arena_fmt(out->arena, "%.*s sets it: %.*s", TFD_ARG(finding.source), TFD_ARG(text));
    }
    tfd_findings_add(out, &finding);
}

static void check_variable(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    tfd_variable variable = visible_variable(view);
    size_t count = tfd_gpu_seen_count(view);

    if (!variable.is_set || gpu->build.is_cuda != TFD_YES ||
        tfd_gpu_visible_read(variable.value, count).hidden != TFD_YES)
        return;
    if (!variable.by_startup && gpu->driver.count > 0 && gpu->driver.can_compute)
        return; /* the driver obeys it, and lists a device all the same */
    add_hidden(out, &variable,
               tfd_arena_fmt(out->arena, "CUDA_VISIBLE_DEVICES=\"%.*s\" names none of the %zu GPUs",
                             TFD_ARG(variable.value), count));
}

/* ---- a choice of GPUs that leaves none for which this TensorFlow has code */

static bool has_code(const tfd_view *view, tfd_findings *out, size_t index)
{
    return tfd_gpu_code_for(&view->facts->gpu.build, tfd_gpu_seen_get(view, index, out->arena).cc) !=
           TFD_GPU_CODE_NONE;
}

/* The GPU of the bus that CUDA counts as number `wanted`: with PCI_BUS_ID the same one; else the fastest is
 * first, which is taken to be the one of the highest compute capability. */
static size_t bus_index(const tfd_view *view, tfd_findings *out, size_t wanted)
{
    size_t count = tfd_gpu_seen_count(view);
    tfd_variable order = tfd_view_import_variable(view, TFD_STR("CUDA_DEVICE_ORDER"));

    if (order.is_set && tfd_str_is(order.value, "PCI_BUS_ID"))
        return wanted;
    for (size_t i = 0; i < count; i++) {
        tfd_str cc = tfd_gpu_seen_get(view, i, out->arena).cc;
        size_t before = 0;

        for (size_t j = 0; j < count; j++) {
            int relation = 0;

            if (j != i && !tfd_version_cmp_text(tfd_gpu_seen_get(view, j, out->arena).cc, cc, &relation))
                return TFD_NONE;
            before += j != i && (relation > 0 || (relation == 0 && j < i)) ? 1 : 0;
        }
        if (before == wanted)
            return i;
    }
    return TFD_NONE;
}

static void check_choice(const tfd_view *view, tfd_findings *out)
{
    tfd_variable variable = visible_variable(view);
    size_t count = tfd_gpu_seen_count(view);
    tfd_gpu_visible visible = tfd_gpu_visible_read(variable.value, count);
    size_t usable = 0;

    for (size_t i = 0; i < count; i++)
        usable += has_code(view, out, i) ? 1 : 0;
    if (!variable.is_set || visible.hidden != TFD_NO || usable == 0 || usable == count)
        return;
    for (size_t i = 0; i < visible.count; i++) {
        size_t index = bus_index(view, out, visible.indices[i]);

        if (index == TFD_NONE || has_code(view, out, index))
            return;
    }
    add_hidden(out, &variable,
               tfd_arena_fmt(out->arena,
                             "CUDA_VISIBLE_DEVICES=\"%.*s\" leaves only GPUs for which this TensorFlow has "
                             "no code, and hides those for which it has",
                             TFD_ARG(variable.value)));
}

/* A name that the driver does not know: an UUID of another machine, of a MIG instance that was destroyed. */
static void check_uuid(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    tfd_variable variable = visible_variable(view);

    if (!gpu->has_env_visible || variable.by_startup || tfd_gpu_env_hides(view) || !gpu->driver.has_init ||
        (gpu->driver.init != 100 && gpu->driver.count != 0))
        return;
    add_hidden(out, &variable,
               tfd_arena_fmt(out->arena,
                             "with CUDA_VISIBLE_DEVICES=\"%.*s\" the driver lists no device (%.*s)",
                             TFD_ARG(gpu->env_visible), TFD_ARG(gpu->driver.init_name)));
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
        !tfd_gpu_has_no_nodes(view) || tfd_gpu_is_unbound(view))
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

/* Everybody may read and write it, and it is refused all the same: the kernel asks the device rules of the
 * process's cgroup as well (devcgroup_inode_permission in fs/namei.c). A container loses its rules when
 * systemd is reloaded; a batch system gives a job none that asked for no GPU. */
static bool is_barred_by_rule(const tfd_gpu_node *node)
{
    return !node->is_nodev && (node->mode & 0666u) == 0666u;
}

static tfd_str node_text(tfd_findings *out, const tfd_gpu_node *node)
{
    if (node->is_nodev)
        return tfd_arena_fmt(out->arena,
                             "%.*s lies on a mount with the option nodev: no device file on it may be opened",
                             TFD_ARG(node->path));
    if (is_barred_by_rule(node))
        return tfd_arena_fmt(
            out->arena,
            "%.*s is open to everybody (mode %04o) and refused to this process: a device rule "
            "of its cgroup",
            TFD_ARG(node->path), (unsigned)node->mode);
    return tfd_arena_fmt(out->arena,
                         "%.*s may not be opened for reading and writing by this user (mode %04o, owner "
                         "%u, group %u)",
                         TFD_ARG(node->path), (unsigned)node->mode, (unsigned)node->uid, (unsigned)node->gid);
}

static void check_nodes(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu *gpu = &view->facts->gpu;

    for (size_t i = 0; i < gpu->nodes.count; i++) {
        const tfd_gpu_node *node = &gpu->nodes.items[i];
        tfd_finding finding =
            tfd_gpu_finding(TFD_CAUSE_GPU_PERMISSION, TFD_STR(""), TFD_GPU_W_ACCESS, TFD_EFFECT_BREAKS);

        if (!node->exists || node->usable != TFD_NO)
            continue;
        if (is_barred_by_rule(node)) {
            finding.cause = TFD_CAUSE_GPU_HIDDEN;
            finding.subject = TFD_STR("cgroup");
        } else if (node->is_nodev) {
            finding.subject = TFD_STR("nodev");
        }
        finding.path = node->path;
        finding.text = node_text(out, node);
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
    check_choice(view, out);
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
