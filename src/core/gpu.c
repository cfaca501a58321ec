#include "core/gpu.h"

#include "kb/kb_gpu.h"

bool tfd_gpu_is_tried(const tfd_gpu *gpu)
{
    return gpu->was_looked_for && (gpu->is_possible || gpu->is_asked);
}

static bool has_device_for(const tfd_gpu *gpu)
{
    if (gpu->build.is_rocm == TFD_YES)
        return gpu->devices.count > gpu->nvidia_count;
    return gpu->is_possible && (gpu->nvidia_count > 0 || gpu->devices.count == 0);
}

/* Whether the build that is imported was put before, or laid over, the other one. */
static bool is_in_the_way(const tfd_view *view, const tfd_dist *other)
{
    const tfd_dist *imported = tfd_view_tensorflow(view);
    const tfd_place *before = tfd_view_place(view, imported ? imported->place : TFD_NONE);
    const tfd_place *own = tfd_view_place(view, other->place);

    if (before == own)
        return view->facts->overlaps.count > 0;
    return before && own && own->kind == TFD_PLACE_SITE && before->kind != TFD_PLACE_BASE_SITE;
}

size_t tfd_gpu_other_build(const tfd_view *view)
{
    const tfd_dists *all = &view->facts->dists;

    for (size_t i = 0; i < all->count; i++) {
        const tfd_dist *one = &all->items[i];
        bool is_whole = tfd_str_is(one->key, "tensorflow") || tfd_str_is(one->key, "tensorflow-gpu");
        const tfd_kb_release *release =
            one->is_tensorflow && is_whole ? tfd_kb_release_find(view->kb, one->version) : NULL;

        if (release && release->gpu.count > 0 && view->facts->gpu.build.is_cuda == TFD_NO &&
            is_in_the_way(view, one))
            return i;
    }
    return TFD_NONE;
}

bool tfd_gpu_is_expected(const tfd_view *view)
{
    const tfd_gpu *gpu = &view->facts->gpu;

    if (!gpu->was_looked_for)
        return false;
    if (gpu->is_asked)
        return true;
    return tfd_str_is(view->facts->module_top, "tensorflow") && has_device_for(gpu) &&
           (gpu->build.is_cuda == TFD_YES || gpu->build.is_rocm == TFD_YES ||
            tfd_gpu_other_build(view) != TFD_NONE);
}

bool tfd_gpu_computes(const tfd_view *view)
{
    return view->facts->import.gpu.computed;
}

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

tfd_gpu_seen tfd_gpu_seen_get(const tfd_view *view, size_t index, tfd_arena *arena)
{
    const tfd_gpu *gpu = &view->facts->gpu;
    const tfd_gpu_device *device = nvidia_device(gpu, index);
    const tfd_gpu_answer *answer = answer_for(gpu, index);
    const tfd_kb_chip *chip = device ? tfd_kb_chip_find(view->kb, device->device) : NULL;
    tfd_gpu_seen seen = {.name = TFD_STR("NVIDIA GPU"), .source = device ? device->slot : TFD_STR("driver")};

    if (device)
        seen.name = tfd_arena_fmt(arena, "device 10de:%04x", (unsigned)device->device);
    if (chip) {
        seen.name = tfd_arena_fmt(arena, "NVIDIA %.*s", TFD_ARG(chip->name));
        seen.cc = chip->compute_capability;
        seen.architecture = chip->architecture;
    }
    if (device && device->name.len > 0)
        seen.name = device->name;
    if (answer && answer->major > 0) {
        seen.cc = tfd_arena_fmt(arena, "%d.%d", answer->major, answer->minor);
        seen.architecture = tfd_kb_architecture_of(view->kb, seen.cc);
    }
    if (answer && answer->name.len > 0)
        seen.name = answer->name;
    return seen;
}

static tfd_status add_name(tfd_strs *out, tfd_arena *arena, tfd_str name, int major, int minor)
{
    if (!TFD_GROW(arena, out))
        return TFD_ENOMEM;
    out->items[out->count++] =
        major > 0 ? tfd_arena_fmt(arena, "%.*s (%d.%d)", TFD_ARG(name), major, minor) : name;
    return TFD_OK;
}

static tfd_status find_names(const tfd_facts *facts, tfd_arena *arena, tfd_strs *out)
{
    const tfd_gpu *gpu = &facts->gpu;
    tfd_status st = TFD_OK;

    *out = (tfd_strs){0};
    out->complete = gpu->was_looked_for;
    for (size_t i = 0; i < gpu->driver.devices.count && st == TFD_OK; i++)
        st = add_name(out, arena, gpu->driver.devices.items[i].name, gpu->driver.devices.items[i].major,
                      gpu->driver.devices.items[i].minor);
    for (size_t i = 0; gpu->driver.devices.count == 0 && i < gpu->devices.count && st == TFD_OK; i++) {
        const tfd_gpu_device *one = &gpu->devices.items[i];
        tfd_str id =
            tfd_arena_fmt(arena, "PCI device %04x:%04x", (unsigned)one->vendor, (unsigned)one->device);

        st = add_name(out, arena, one->name.len > 0 ? one->name : id, 0, 0);
    }
    return st;
}

static tfd_str why_not_expected(const tfd_view *view)
{
    const tfd_gpu *gpu = &view->facts->gpu;

    if (view->options->expect == TFD_EXPECT_IMPORT)
        return TFD_STR("only the import was asked for");
    if (!gpu->was_looked_for)
        return TFD_STR("GPUs are not looked for on this system");
    if (!has_device_for(gpu))
        return gpu->devices.complete ? TFD_STR("no NVIDIA GPU in this machine")
                                     : TFD_STR("no NVIDIA GPU was seen; not all places could be looked at");
    if (gpu->build.is_cuda == TFD_NO)
        return TFD_STR("this build of TensorFlow has no GPU support");
    return TFD_STR("it is not known whether this TensorFlow has GPU support");
}

static size_t count_causes(const tfd_report *report)
{
    size_t count = 0;

    for (size_t i = 0; i < report->cause_count; i++)
        count += report->causes[i].side == TFD_SIDE_GPU ? 1 : 0;
    return count;
}

static tfd_str how_it_failed(const tfd_gpu_trial *trial, tfd_arena *arena)
{
    if (trial->ended_by != 0)
        return tfd_arena_fmt(arena,
                             "TensorFlow lists %zu GPU%s; the process died of signal %d at the step \"%.*s\"",
                             trial->names.count, trial->names.count == 1 ? "" : "s", trial->ended_by,
                             TFD_ARG(trial->compute_step));
    if (trial->timed_out)
        return tfd_arena_fmt(
            arena, "TensorFlow lists %zu GPU%s; computing did not end in time (step \"%.*s\")",
            trial->names.count, trial->names.count == 1 ? "" : "s", TFD_ARG(trial->compute_step));
    return tfd_arena_fmt(arena, "TensorFlow lists %zu GPU%s; computing fails at the step \"%.*s\"",
                         trial->names.count, trial->names.count == 1 ? "" : "s",
                         TFD_ARG(trial->compute_step));
}

/* After an import that worked and a list of devices. */
static tfd_works judge_trial(const tfd_view *view, const tfd_report *report, tfd_arena *arena, tfd_str *why)
{
    const tfd_gpu_trial *trial = &view->facts->import.gpu;

    if (!trial->listed) {
        *why = trial->list_error.len > 0 ? trial->list_error : TFD_STR("TensorFlow could not list GPUs");
        return TFD_WORKS_FAILS;
    }
    if (trial->names.count == 0) {
        *why = TFD_STR("TensorFlow lists no GPU");
        return TFD_WORKS_FAILS;
    }
    if (trial->computed) {
        *why = tfd_arena_fmt(
            arena, "TensorFlow computes on %zu GPU%s: %.*s%s", trial->names.count,
            trial->names.count == 1 ? "" : "s",
            TFD_ARG(report->gpu_devices.count > 0 ? report->gpu_devices.items[0] : TFD_STR("unnamed")),
            trial->names.count > 1 ? " …" : "");
        return TFD_WORKS_OK;
    }
    if (trial->compute_began) {
        *why = how_it_failed(trial, arena);
        return TFD_WORKS_FAILS;
    }
    *why = tfd_arena_fmt(arena, "TensorFlow lists %zu GPU%s; computing was not tried%s%.*s",
                         trial->names.count, trial->names.count == 1 ? "" : "s",
                         trial->compute_skipped.len > 0 ? ": " : "", TFD_ARG(trial->compute_skipped));
    return count_causes(report) > 0 ? TFD_WORKS_FAILS : TFD_WORKS_OK;
}

static tfd_works judge(const tfd_view *view, const tfd_report *report, bool was_examined, tfd_arena *arena,
                       tfd_str *why)
{
    if (!tfd_gpu_is_expected(view)) {
        *why = why_not_expected(view);
        return TFD_WORKS_NOT_EXPECTED;
    }
    if (report->import == TFD_WORKS_FAILS) {
        *why = TFD_STR("TensorFlow cannot be imported");
        return TFD_WORKS_FAILS;
    }
    if (view->facts->import.gpu.asked)
        return judge_trial(view, report, arena, why);
    if (count_causes(report) == 0 && !view->facts->gpu.devices.complete &&
        view->facts->gpu.devices.count == 0) {
        *why = view->facts->gpu.devices.why;
        return TFD_WORKS_UNKNOWN;
    }
    if (count_causes(report) > 0) {
        *why = TFD_STR("by what lies on the disk it does not work");
        return TFD_WORKS_FAILS;
    }
    *why = was_examined ? TFD_STR("nothing on the disk speaks against it; it was not tried")
                        : TFD_STR("not all checks were made");
    return was_examined ? TFD_WORKS_OK : TFD_WORKS_UNKNOWN;
}

void tfd_gpu_report(const tfd_view *view, bool was_examined, tfd_arena *arena, tfd_report *report)
{
    (void)find_names(view->facts, arena,
                     &report->gpu_devices); /* without memory the run tells nothing anyhow */
    report->gpu = judge(view, report, was_examined, arena, &report->gpu_why);
}
