#include "checks/gpu_blame.h"

#include "checks/native_blame.h"
#include "formats/pep440.h"

tfd_finding tfd_gpu_finding(tfd_cause_id cause, tfd_str subject, int weight, tfd_effect effect)
{
    tfd_finding finding = tfd_finding_of(cause, subject, weight, effect);

    finding.for_gpu = true;
    return finding;
}

bool tfd_gpu_is_forced(const tfd_gpu_library *library)
{
    return library->without_env.len > 0;
}

void tfd_gpu_blame_variable(const tfd_gpu_library *library, tfd_finding *finding)
{
    if (!tfd_gpu_is_forced(library) && library->culprit.len == 0)
        return;
    finding->cause = TFD_CAUSE_LDPATH_CONFLICT;
    finding->subject = tfd_native_forced_by(library->culprit.len > 0 ? library->culprit_rule : library->rule);
    finding->path = library->culprit.len > 0 ? library->culprit : library->path;
}

bool tfd_gpu_skip(const tfd_view *view, tfd_findings *out)
{
    if (tfd_gpu_is_expected(view))
        return false;
    tfd_findings_skip(out, TFD_STR("no GPU has to work here"));
    return true;
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

/* ---- CUDA_VISIBLE_DEVICES */

/* The number that an entry begins with, a sign included; false: there is none, or it is negative. */
static bool entry_index(tfd_str entry, uint64_t *index)
{
    size_t from = entry.len > 0 && entry.ptr[0] == '+' ? 1 : 0;
    size_t end = from;

    while (end < entry.len && tfd_char_is_digit(entry.ptr[end]))
        end++;
    return end > from && tfd_str_u64(tfd_str_sub(entry, from, end), index);
}

static bool is_named(const tfd_gpu_visible *visible, uint64_t index)
{
    for (size_t i = 0; i < visible->count; i++)
        if (visible->indices[i] == index)
            return true;
    return false;
}

tfd_gpu_visible tfd_gpu_visible_read(tfd_str value, size_t count)
{
    tfd_gpu_visible out = {.hidden = TFD_YES};
    tfd_str first = tfd_str_trim(value);
    bool more = true;

    if (tfd_str_starts_z(first, "GPU-") || tfd_str_starts_z(first, "MIG-")) {
        out.hidden = TFD_UNKNOWN;
        return out;
    }
    while (more && out.count < sizeof out.indices / sizeof out.indices[0]) {
        tfd_str entry;
        uint64_t index;

        more = tfd_str_cut(value, ',', &entry, &value);
        if (!entry_index(tfd_str_trim(entry), &index) || (count > 0 && index >= count))
            break;
        if (is_named(&out, index)) {
            out.count = 0;
            break;
        }
        out.indices[out.count++] = (size_t)index;
    }
    out.hidden = out.count > 0 ? TFD_NO : TFD_YES;
    return out;
}

bool tfd_gpu_env_hides(const tfd_view *view)
{
    const tfd_gpu *gpu = &view->facts->gpu;

    return gpu->has_env_visible &&
           tfd_gpu_visible_read(gpu->env_visible, tfd_gpu_seen_count(view)).hidden == TFD_YES;
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

bool tfd_gpu_is_needless_compat(const tfd_view *view)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    tfd_str floor = tfd_kb_driver_floor(view->kb, gpu->build.cuda);
    int order;

    return tfd_gpu_is_compat(view) && tfd_gpu_is_forced(&gpu->libcuda) && floor.len > 0 &&
           tfd_str_eq(gpu->libcuda.without_version, gpu->kernel_module) &&
           tfd_version_cmp_text(gpu->kernel_module, floor, &order) && order >= 0;
}

bool tfd_gpu_is_stub(const tfd_view *view)
{
    const tfd_gpu_library *libcuda = &view->facts->gpu.libcuda;

    return tfd_str_find_z(libcuda->path, "/stubs/") != TFD_NPOS ||
           tfd_str_find_z(libcuda->real, "/stubs/") != TFD_NPOS;
}

bool tfd_gpu_is_foreign(const tfd_view *view)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_gpu_library *libcuda = &gpu->libcuda;

    return libcuda->without_env.len > 0 && gpu->kernel_module.len > 1 && !tfd_gpu_is_compat(view) &&
           !tfd_str_eq(libcuda->version, gpu->kernel_module) &&
           tfd_str_eq(libcuda->without_version, gpu->kernel_module);
}

bool tfd_gpu_is_unbound(const tfd_view *view)
{
    const tfd_gpu *gpu = &view->facts->gpu;

    if (gpu->kernel_module.len == 0 || gpu->nvidia_count == 0 ||
        (gpu->driver.has_init && gpu->driver.init == 0))
        return false;
    for (size_t i = 0; i < gpu->devices.count; i++) {
        const tfd_gpu_device *one = &gpu->devices.items[i];

        if (one->vendor == TFD_PCI_NVIDIA && (one->driver.len > 0 || one->is_unread))
            return false;
    }
    return true;
}

bool tfd_gpu_has_no_nodes(const tfd_view *view)
{
    const tfd_gpu *gpu = &view->facts->gpu;

    for (size_t i = 0; i < gpu->nodes.count; i++)
        if (gpu->nodes.items[i].exists)
            return false;
    return gpu->nodes.complete;
}
