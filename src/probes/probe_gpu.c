/* GPUs of the machine, and what stands between them and a program: kernel driver, device nodes, container,
 * WSL, variables. From files alone and without loading anything; where there is no GPU and none is asked for,
 * it ends after one list of PCI devices. Paths are those of the kernel's sysfs-bus-pci, of the NVIDIA
 * driver's README (chapters "The /proc interface", "Device nodes") and of the WSL user guide. */
#include "core/probe.h"
#include "probes/gpu_windows.h"

#define PCI_FOLDER "/sys/bus/pci/devices"
#define SMALL_FILE ((size_t)64 << 10)
#define DEVICES_MAX 64u   /* GPUs of one machine; a DGX has 16 */
#define GPU_NODES_MAX 16u /* looked for by name */

static tfd_status no_memory(tfd_err *err)
{
    return tfd_err_set(err, TFD_ENOMEM, 0, "GPUs: out of memory");
}

static tfd_str read_text(tfd_probe_ctx *ctx, tfd_str path)
{
    tfd_str text;

    if (!path.ptr || tfd_sys_read_file(ctx->sys, ctx->arena, path, SMALL_FILE, &text, NULL) != TFD_OK)
        return TFD_STR("");
    return tfd_str_trim(text);
}

static bool is_there(tfd_probe_ctx *ctx, const char *path)
{
    tfd_stat stat;

    return ctx->sys->stat(ctx->sys, tfd_str_of(path), true, &stat, NULL) == TFD_OK;
}

/* "0x10de"; 0 where it is none. */
static uint32_t hex_of(tfd_str text)
{
    uint32_t value = 0;

    if (!tfd_str_starts_z(text, "0x") || text.len > 10)
        return 0;
    for (size_t i = 2; i < text.len; i++) {
        char c = tfd_char_lower(text.ptr[i]);

        if (!tfd_char_is_digit(c) && (c < 'a' || c > 'f'))
            return 0;
        value = value * 16 + (uint32_t)(tfd_char_is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    return value;
}

/* ---- PCI */

static tfd_str attribute(tfd_probe_ctx *ctx, tfd_str slot, const char *name)
{
    return read_text(ctx, tfd_arena_fmt(ctx->arena, PCI_FOLDER "/%.*s/%s", TFD_ARG(slot), name));
}

static void read_driver(tfd_probe_ctx *ctx, tfd_gpu_device *device)
{
    tfd_str path = tfd_arena_fmt(ctx->arena, PCI_FOLDER "/%.*s/driver", TFD_ARG(device->slot));
    tfd_str target;
    tfd_status st = path.ptr ? ctx->sys->readlink(ctx->sys, ctx->arena, path, &target, NULL) : TFD_ENOMEM;

    device->driver = st == TFD_OK ? tfd_path_base(ctx->sys->style, target) : TFD_STR("");
    device->is_unread = st != TFD_OK && st != TFD_ENOENT;
}

/* "Model: \t\t NVIDIA GeForce RTX 3090" of /proc/driver/nvidia/gpus/SLOT/information. */
static tfd_str name_of(tfd_probe_ctx *ctx, tfd_str slot)
{
    tfd_str rest =
        read_text(ctx, tfd_arena_fmt(ctx->arena, "/proc/driver/nvidia/gpus/%.*s/information", TFD_ARG(slot)));
    tfd_str line;

    while (tfd_str_line(&rest, &line))
        if (tfd_str_starts_z(line, "Model:"))
            return tfd_str_trim(tfd_str_from(line, 6));
    return TFD_STR("");
}

static tfd_status add_device(tfd_probe_ctx *ctx, tfd_str slot, uint32_t vendor, tfd_err *err)
{
    tfd_gpu *gpu = &ctx->facts->gpu;
    uint32_t class_code = hex_of(attribute(ctx, slot, "class"));
    tfd_gpu_device device = {.slot = slot, .vendor = vendor};

    if (vendor == TFD_PCI_NVIDIA && class_code >> 8 == 0x0680)
        gpu->has_nvswitch = true;
    if (class_code >> 16 != 0x03 || gpu->devices.count == DEVICES_MAX)
        return TFD_OK;
    device.device = hex_of(attribute(ctx, slot, "device"));
    read_driver(ctx, &device);
    if (vendor == TFD_PCI_NVIDIA) {
        device.name = name_of(ctx, slot);
        gpu->nvidia_count++;
    }
    if (!TFD_GROW(ctx->arena, &gpu->devices))
        return no_memory(err);
    gpu->devices.items[gpu->devices.count++] = device;
    return TFD_OK;
}

static tfd_status read_pci(tfd_probe_ctx *ctx, tfd_err *err)
{
    tfd_gpu *gpu = &ctx->facts->gpu;
    tfd_dirents slots = {0};
    tfd_status st = ctx->sys->list(ctx->sys, ctx->arena, TFD_STR(PCI_FOLDER), &slots, NULL);

    gpu->devices.complete = st == TFD_OK || st == TFD_ENOENT;
    if (!gpu->devices.complete)
        gpu->devices.why = TFD_STR(PCI_FOLDER " cannot be listed");
    st = st == TFD_ENOMEM ? no_memory(err) : TFD_OK;
    for (size_t i = 0; i < slots.count && st == TFD_OK; i++) {
        uint32_t vendor = hex_of(attribute(ctx, slots.items[i].name, "vendor"));

        if (vendor == TFD_PCI_NVIDIA || vendor == TFD_PCI_AMD)
            st = add_device(ctx, slots.items[i].name, vendor, err);
    }
    return st;
}

/* ---- the kernel's driver */

/* "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu …": the first word that is a version. */
static tfd_str version_in(tfd_str line)
{
    tfd_str word;

    while (line.len > 0) {
        tfd_str rest;

        (void)tfd_str_cut(line, ' ', &word, &rest);
        if (word.len > 3 && tfd_char_is_digit(word.ptr[0]) && tfd_str_find_char(word, '.') != TFD_NPOS &&
            tfd_str_find_char(word, ':') == TFD_NPOS)
            return word;
        line = rest;
    }
    return TFD_STR("");
}

static void read_module(tfd_probe_ctx *ctx)
{
    tfd_gpu *gpu = &ctx->facts->gpu;
    tfd_str text = read_text(ctx, TFD_STR("/proc/driver/nvidia/version"));
    tfd_str line = TFD_STR("");
    tfd_str rest = text;

    (void)tfd_str_line(&rest, &line);
    gpu->is_open_module = tfd_str_find_z(line, "Open Kernel Module") != TFD_NPOS;
    gpu->kernel_module = version_in(line);
    gpu->module_source = TFD_STR("/proc/driver/nvidia/version");
    if (gpu->kernel_module.len == 0) {
        gpu->kernel_module = read_text(ctx, TFD_STR("/sys/module/nvidia/version"));
        gpu->module_source = TFD_STR("/sys/module/nvidia/version");
    }
    if (gpu->kernel_module.len == 0 && is_there(ctx, "/sys/module/nvidia")) {
        gpu->kernel_module = TFD_STR("?");
        gpu->module_source = TFD_STR("/sys/module/nvidia");
    }
    gpu->has_nouveau = is_there(ctx, "/sys/module/nouveau");
    for (size_t i = 0; i < gpu->devices.count; i++)
        gpu->has_nouveau |= tfd_str_is(gpu->devices.items[i].driver, "nouveau");
}

/* Where distributions and DKMS put the module of a kernel. */
static void find_module_file(tfd_probe_ctx *ctx)
{
    static const char *const places[] = {"updates/dkms/nvidia.ko",
                                         "updates/dkms/nvidia.ko.zst",
                                         "updates/dkms/nvidia.ko.xz",
                                         "updates/dkms/nvidia-current.ko",
                                         "updates/dkms/nvidia-current.ko.xz",
                                         "extra/nvidia.ko",
                                         "extra/nvidia.ko.xz",
                                         "extra/nvidia/nvidia.ko.xz",
                                         "kernel/drivers/video/nvidia.ko",
                                         "kernel/drivers/video/nvidia.ko.zst",
                                         "extramodules/nvidia.ko.zst",
                                         "extramodules/nvidia.ko.xz"};
    tfd_str kernel = ctx->sys->system(ctx->sys)->kernel;

    if (kernel.len == 0)
        return;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        tfd_str path = tfd_arena_fmt(ctx->arena, "/lib/modules/%.*s/%s", TFD_ARG(kernel), places[i]);

        if (path.ptr && tfd_sys_is_file(ctx->sys, path)) {
            ctx->facts->gpu.module_file = path;
            return;
        }
    }
}

/* The variable of UEFI 2.x, section 3.3: four bytes of attributes, then one that is 1 where it is on. */
static void read_secure_boot(tfd_probe_ctx *ctx)
{
    static const char path[] = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
    tfd_str text;

    if (tfd_sys_read_file(ctx->sys, ctx->arena, tfd_str_of(path), SMALL_FILE, &text, NULL) == TFD_OK &&
        text.len >= 5)
        ctx->facts->gpu.secure_boot = text.ptr[4] == 1 ? TFD_YES : TFD_NO;
}

/* ---- device nodes */

static tfd_status add_node(tfd_probe_ctx *ctx, tfd_str path, tfd_err *err)
{
    tfd_gpu *gpu = &ctx->facts->gpu;
    tfd_gpu_node node = {.path = path};
    tfd_mount mount;
    tfd_stat stat;
    tfd_status st;

    if (!path.ptr || !TFD_GROW(ctx->arena, &gpu->nodes))
        return no_memory(err);
    st = ctx->sys->stat(ctx->sys, path, true, &stat, NULL);
    node.exists = st == TFD_OK && stat.kind != TFD_KIND_DIR;
    if (node.exists) {
        node.mode = stat.mode;
        node.uid = stat.uid;
        node.gid = stat.gid;
        st = ctx->sys->access(ctx->sys, path, TFD_ACCESS_READ | TFD_ACCESS_WRITE, NULL);
        node.usable = st == TFD_OK ? TFD_YES : st == TFD_EACCESS ? TFD_NO : TFD_UNKNOWN;
        /* access(2) does not ask for it, open(2) does (may_open_dev in fs/namei.c). */
        node.is_nodev = ctx->sys->mount_of(ctx->sys, ctx->arena, path, &mount, NULL) == TFD_OK && mount.nodev;
        if (node.is_nodev)
            node.usable = TFD_NO;
    }
    gpu->nodes.items[gpu->nodes.count++] = node;
    return TFD_OK;
}

static bool is_gpu_node(tfd_str name)
{
    if (!tfd_str_starts_z(name, "nvidia") || name.len < 7)
        return false;
    for (size_t i = 6; i < name.len; i++)
        if (!tfd_char_is_digit(name.ptr[i]))
            return false;
    return true;
}

/* nvidiactl, nvidia-uvm, and the GPUs' own as far as /dev has them; without any, the first is asked for, so
 * that its absence is told. */
static tfd_status read_nodes(tfd_probe_ctx *ctx, tfd_err *err)
{
    tfd_gpu *gpu = &ctx->facts->gpu;
    tfd_dirents entries = {0};
    tfd_status st = add_node(ctx, TFD_STR("/dev/nvidiactl"), err);
    size_t fixed;

    if (st == TFD_OK)
        st = add_node(ctx, TFD_STR("/dev/nvidia-uvm"), err);
    fixed = gpu->nodes.count;
    if (st == TFD_OK) {
        tfd_status listed = ctx->sys->list(ctx->sys, ctx->arena, TFD_STR("/dev"), &entries, NULL);

        gpu->nodes.complete = listed == TFD_OK || listed == TFD_ENOENT;
    }
    for (size_t i = 0; i < entries.count && st == TFD_OK; i++) {
        gpu->has_nvswitch |= tfd_str_starts_z(entries.items[i].name, "nvidia-nvswitch");
        if (is_gpu_node(entries.items[i].name))
            st = add_node(ctx, tfd_arena_fmt(ctx->arena, "/dev/%.*s", TFD_ARG(entries.items[i].name)), err);
    }
    if (st == TFD_OK && gpu->nodes.count == fixed)
        st = add_node(ctx, TFD_STR("/dev/nvidia0"), err);
    return st;
}

/* ---- surroundings */

static void read_variables(tfd_probe_ctx *ctx)
{
    tfd_gpu *gpu = &ctx->facts->gpu;
    static const char flag[] = "--xla_gpu_cuda_data_dir=";
    tfd_str flags;
    size_t at;

    gpu->has_env_visible = ctx->sys->env(ctx->sys, "CUDA_VISIBLE_DEVICES", &gpu->env_visible);
    (void)ctx->sys->env(ctx->sys, "NVIDIA_VISIBLE_DEVICES", &gpu->env_container);
    (void)ctx->sys->env(ctx->sys, "NVIDIA_DRIVER_CAPABILITIES", &gpu->env_capabilities);
    if (!ctx->sys->env(ctx->sys, "XLA_FLAGS", &flags))
        return;
    at = tfd_str_find_z(flags, flag);
    if (at != TFD_NPOS)
        (void)tfd_str_cut(tfd_str_from(flags, at + sizeof flag - 1), ' ', &gpu->data_dir, &flags);
}

static void read_fabric_manager(tfd_probe_ctx *ctx)
{
    tfd_gpu *gpu = &ctx->facts->gpu;

    if (!gpu->has_nvswitch)
        return;
    if (is_there(ctx, "/run/nvidia-fabricmanager/nv-fabricmanager.pid") ||
        is_there(ctx, "/var/run/nvidia-fabricmanager/nv-fabricmanager.pid"))
        gpu->fabric_manager = TFD_YES;
    else if (!ctx->sys->system(ctx->sys)->is_container)
        gpu->fabric_manager = TFD_NO;
}

/* Of several GPUs a container may have been given another one than the first. */
static bool has_gpu_node(tfd_probe_ctx *ctx)
{
    for (unsigned i = 0; i < GPU_NODES_MAX; i++) {
        tfd_str path = tfd_arena_fmt(ctx->arena, "/dev/nvidia%u", i);

        if (path.ptr && is_there(ctx, path.ptr))
            return true;
    }
    return false;
}

/* ROCm writes its version into .info/version of its folder ("6.1.0-82"). */
static void read_rocm(tfd_probe_ctx *ctx)
{
    tfd_str version = read_text(ctx, TFD_STR("/opt/rocm/.info/version"));
    tfd_str head, tail;

    (void)tfd_str_cut(version, '-', &head, &tail);
    ctx->facts->gpu.rocm = head;
}

static void set_facts(tfd_probe_ctx *ctx)
{
    const tfd_gpu *gpu = &ctx->facts->gpu;

    if (!gpu->was_looked_for || !gpu->devices.complete)
        tfd_fact_set_unknown(ctx->facts, TFD_FACT_GPU_COUNT,
                             gpu->devices.why.len > 0 ? gpu->devices.why : TFD_STR("not looked for"));
    else
        tfd_fact_set_int(ctx->facts, TFD_FACT_GPU_COUNT, (int64_t)gpu->nvidia_count, TFD_STR(PCI_FOLDER));
    if (!gpu->was_looked_for || (!gpu->is_possible && !gpu->is_asked))
        tfd_fact_set_unknown(ctx->facts, TFD_FACT_GPU_DRIVER, TFD_STR("not looked for"));
    else if (gpu->kernel_module.len == 0)
        tfd_fact_set_absent(ctx->facts, TFD_FACT_GPU_DRIVER, TFD_STR("/proc/driver/nvidia/version"));
    else
        tfd_fact_set_text(ctx->facts, TFD_FACT_GPU_DRIVER, gpu->kernel_module, gpu->module_source);
}

/* Wine's registry tells of adapters that it makes up. */
static tfd_status look_windows(tfd_probe_ctx *ctx, tfd_err *err)
{
    tfd_gpu *gpu = &ctx->facts->gpu;
    tfd_status st;

    if (ctx->sys->system(ctx->sys)->is_wine) {
        gpu->devices.why = TFD_STR("GPUs are not looked for under Wine");
        gpu->was_looked_for = gpu->is_asked;
        return TFD_OK;
    }
    st = tfd_gpu_windows_look(ctx, err);
    gpu->is_possible = gpu->devices.count > 0;
    gpu->was_looked_for = gpu->devices.complete || gpu->is_asked;
    read_variables(ctx);
    return st;
}

/* Elsewhere only the build is looked at, and only for who asks. */
static tfd_status look(tfd_probe_ctx *ctx, tfd_err *err)
{
    const tfd_system *system = ctx->sys->system(ctx->sys);
    const tfd_options *options = ctx->options;
    tfd_gpu *gpu = &ctx->facts->gpu;
    tfd_status st;

    gpu->is_asked = options->expect == TFD_EXPECT_GPU ||
                    (options->expect == TFD_EXPECT_DEFAULT && options->fail_on == TFD_FAIL_ON_GPU);
    if (options->expect == TFD_EXPECT_IMPORT)
        return TFD_OK;
    if (system->os == TFD_OS_WINDOWS)
        return look_windows(ctx, err);
    if (system->os != TFD_OS_LINUX) {
        gpu->devices.why = TFD_STR("GPUs are not looked for on this system");
        gpu->was_looked_for = gpu->is_asked;
        return TFD_OK;
    }
    st = read_pci(ctx, err);
    if (st != TFD_OK)
        return st;
    gpu->has_dxg = system->is_wsl && is_there(ctx, "/dev/dxg");
    gpu->has_wsl_driver = system->is_wsl && is_there(ctx, "/usr/lib/wsl/lib/libcuda.so.1");
    /* Without PCI in sight (some sandboxes, Jetson) the nodes tell. */
    gpu->is_possible = gpu->devices.count > 0 || gpu->has_dxg || gpu->has_wsl_driver || has_gpu_node(ctx) ||
                       is_there(ctx, "/dev/nvhost-gpu");
    gpu->was_looked_for = true;
    if (!gpu->is_possible && !gpu->is_asked)
        return TFD_OK;
    read_module(ctx);
    read_variables(ctx);
    read_rocm(ctx);
    gpu->has_modprobe = is_there(ctx, "/usr/bin/nvidia-modprobe");
    st = read_nodes(ctx, err);
    read_fabric_manager(ctx);
    if (gpu->nvidia_count > 0 && gpu->kernel_module.len == 0) {
        find_module_file(ctx);
        read_secure_boot(ctx);
    }
    return st;
}

static tfd_status run(tfd_probe_ctx *ctx, tfd_err *err)
{
    tfd_status st = look(ctx, err);

    set_facts(ctx);
    return st;
}

const tfd_probe tfd_probe_gpu = {
    .id = "gpu",
    .summary = "GPUs, their kernel driver, device nodes and what may hide them",
    .phase = TFD_PHASE_SYSTEM,
    .run = run,
};
