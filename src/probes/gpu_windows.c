/* Display adapters as the registry lists them (win32: "Display adapter registry keys"), and nvcuda.dll, which
 * a driver of NVIDIA's puts into System32. */
#include "probes/gpu_windows.h"

#include "formats/pe.h"

#define CLASS_KEY "SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e968-e325-11ce-bfc1-08002be10318}"
#define PCI_KEY "SYSTEM\\CurrentControlSet\\Enum\\PCI"
#define ADAPTERS_MAX 64u

static tfd_status no_memory(tfd_err *err)
{
    return tfd_err_set(err, TFD_ENOMEM, 0, "GPUs: out of memory");
}

static tfd_str text_of(tfd_probe_ctx *ctx, tfd_str key, const char *name)
{
    return tfd_sys_reg_text(ctx->sys, ctx->arena, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64, key,
                            tfd_str_of(name));
}

/* The four hexadecimal digits behind "ven_" or "dev_", in any case; 0: none. */
static uint32_t id_in(tfd_str text, const char *name)
{
    tfd_str wanted = tfd_str_of(name);
    uint32_t value = 0;

    for (size_t i = 0; i + wanted.len + 4 <= text.len; i++) {
        if (!tfd_str_eq_nocase(tfd_str_sub(text, i, i + wanted.len), wanted))
            continue;
        for (size_t k = i + wanted.len; k < i + wanted.len + 4; k++) {
            char c = tfd_char_lower(text.ptr[k]);

            if (!tfd_char_is_digit(c) && (c < 'a' || c > 'f'))
                return 0;
            value = value * 16 + (uint32_t)(tfd_char_is_digit(c) ? c - '0' : c - 'a' + 10);
        }
        return value;
    }
    return 0;
}

static tfd_status add_device(tfd_probe_ctx *ctx, tfd_gpu_device device, tfd_err *err)
{
    tfd_gpu *gpu = &ctx->facts->gpu;

    if (!TFD_GROW(ctx->arena, &gpu->devices))
        return no_memory(err);
    gpu->devices.items[gpu->devices.count++] = device;
    gpu->nvidia_count += device.vendor == TFD_PCI_NVIDIA ? 1 : 0;
    return TFD_OK;
}

/* "31.0.15.3619" is NVIDIA's 536.19: the last five digits of the last two fields. */
static tfd_str nvidia_version(tfd_arena *arena, tfd_str version)
{
    char digits[5];
    size_t count = 0;

    for (size_t i = version.len; i-- > 0 && count < sizeof digits;)
        if (tfd_char_is_digit(version.ptr[i]))
            digits[sizeof digits - ++count] = version.ptr[i];
        else if (version.ptr[i] != '.')
            return TFD_STR("");
    if (count < sizeof digits)
        return TFD_STR("");
    return tfd_arena_fmt(arena, "%.3s.%.2s", digits, digits + 3);
}

/* One row of the class: an adapter that has a driver, whoever made that. */
static tfd_status read_adapter(tfd_probe_ctx *ctx, tfd_str name, tfd_err *err)
{
    tfd_gpu *gpu = &ctx->facts->gpu;
    tfd_str key = tfd_arena_fmt(ctx->arena, CLASS_KEY "\\%.*s", TFD_ARG(name));
    tfd_str id = text_of(ctx, key, "MatchingDeviceId");
    tfd_gpu_device device = {.slot = key, .vendor = id_in(id, "ven_"), .device = id_in(id, "dev_")};

    if (device.vendor != TFD_PCI_NVIDIA && device.vendor != TFD_PCI_AMD)
        return TFD_OK;
    device.driver = text_of(ctx, key, "ProviderName");
    device.name = text_of(ctx, key, "DriverDesc");
    if (device.vendor == TFD_PCI_NVIDIA && gpu->kernel_module.len == 0) {
        gpu->kernel_module = nvidia_version(ctx->arena, text_of(ctx, key, "DriverVersion"));
        gpu->module_source = tfd_arena_fmt(ctx->arena, "HKLM\\%.*s", TFD_ARG(key));
    }
    return add_device(ctx, device, err);
}

static bool is_adapter_key(tfd_str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!tfd_char_is_digit(name.ptr[i]))
            return false;
    return name.len == 4;
}

/* A card of NVIDIA's that Windows drives with its own Basic Display Adapter has no row above; the list of PCI
 * devices has its class code. */
static tfd_status read_undriven(tfd_probe_ctx *ctx, tfd_str name, tfd_err *err)
{
    tfd_str key = tfd_arena_fmt(ctx->arena, PCI_KEY "\\%.*s", TFD_ARG(name));
    tfd_dirents instances = {0};
    tfd_status st = TFD_OK;

    if (id_in(name, "ven_") != TFD_PCI_NVIDIA)
        return TFD_OK;
    if (tfd_sys_reg_keys(ctx->sys, ctx->arena, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64, key, &instances,
                         NULL) == TFD_ENOMEM)
        return no_memory(err);
    for (size_t i = 0; i < instances.count && i < ADAPTERS_MAX && st == TFD_OK; i++) {
        tfd_str one = tfd_arena_fmt(ctx->arena, "%.*s\\%.*s", TFD_ARG(key), TFD_ARG(instances.items[i].name));
        tfd_gpu_device device = {.slot = one, .vendor = TFD_PCI_NVIDIA, .device = id_in(name, "dev_")};

        if (tfd_str_find_z(text_of(ctx, one, "CompatibleIDs"), "PCI\\CC_03") != TFD_NPOS)
            st = add_device(ctx, device, err);
    }
    return st;
}

static tfd_status read_registry(tfd_probe_ctx *ctx, tfd_err *err)
{
    tfd_gpu *gpu = &ctx->facts->gpu;
    tfd_dirents keys = {0};
    tfd_status st = tfd_sys_reg_keys(ctx->sys, ctx->arena, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64,
                                     TFD_STR(CLASS_KEY), &keys, NULL);

    gpu->devices.complete = st == TFD_OK || st == TFD_ENOENT;
    if (!gpu->devices.complete)
        gpu->devices.why = TFD_STR("the registry's list of display adapters cannot be read");
    st = st == TFD_ENOMEM ? no_memory(err) : TFD_OK;
    for (size_t i = 0; i < keys.count && gpu->devices.count < ADAPTERS_MAX && st == TFD_OK; i++)
        if (is_adapter_key(keys.items[i].name))
            st = read_adapter(ctx, keys.items[i].name, err);
    keys.count = 0;
    if (st == TFD_OK && gpu->nvidia_count == 0 &&
        tfd_sys_reg_keys(ctx->sys, ctx->arena, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64, TFD_STR(PCI_KEY),
                         &keys, NULL) == TFD_ENOMEM)
        return no_memory(err);
    for (size_t i = 0; i < keys.count && gpu->devices.count < ADAPTERS_MAX && st == TFD_OK; i++)
        st = read_undriven(ctx, keys.items[i].name, err);
    return st;
}

static tfd_status find_driver(tfd_probe_ctx *ctx, tfd_err *err)
{
    tfd_gpu_library *library = &ctx->facts->gpu.libcuda;
    tfd_pe_version version = {0};
    tfd_stat stat;
    tfd_status st;

    library->name = TFD_STR("nvcuda.dll");
    library->path = library->real =
        tfd_path_join(TFD_PATH_WINDOWS, ctx->arena, ctx->sys->system(ctx->sys)->system_dir, library->name);
    if (!library->path.ptr)
        return no_memory(err);
    st = ctx->sys->stat(ctx->sys, library->path, true, &stat, NULL);
    library->state = st == TFD_OK       ? TFD_STATE_PRESENT
                     : st == TFD_ENOENT ? TFD_STATE_ABSENT
                                        : TFD_STATE_UNKNOWN;
    if (st != TFD_OK)
        return TFD_OK;
    library->rule = TFD_STR("System32");
    st = tfd_pe_file_version(ctx->sys, ctx->arena, library->path, &version, NULL);
    if (st == TFD_ENOMEM)
        return no_memory(err);
    if (st == TFD_OK && version.is_present) {
        library->version = nvidia_version(ctx->arena, version.text);
        library->version_source = library->path;
    } else if (st == TFD_EFORMAT) {
        library->broken = TFD_STR("it is no DLL");
    }
    return TFD_OK;
}

tfd_status tfd_gpu_windows_look(tfd_probe_ctx *ctx, tfd_err *err)
{
    tfd_status st = read_registry(ctx, err);

    return st == TFD_OK ? find_driver(ctx, err) : st;
}
