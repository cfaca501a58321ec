/* One release against one target. */
#include "advise/advise.h"

#include <string.h>

#include "formats/pep440.h"
#include "kb/kb_gpu.h"

typedef struct judge {
    const tfd_advise_target *target;
    tfd_kb *kb;
    tfd_arena *arena;
    const tfd_kb_release *release;
    const tfd_kb_wheel *wheel;
    unsigned ignored;
    tfd_judged *out;
} judge;

static void add(judge *j, tfd_obstacle_kind kind, tfd_cause_id cause, tfd_str text)
{
    tfd_judged *out = j->out;

    if ((j->ignored & (unsigned)kind) || out->obstacle_count == TFD_OBSTACLES_MAX)
        return;
    out->obstacles[out->obstacle_count++] = (tfd_obstacle){kind, cause, text};
    out->kinds |= (unsigned)kind;
}

/* ---- interpreter and wheel */

static bool has_text(tfd_kb_strs list, tfd_str text)
{
    for (size_t i = 0; i < list.count; i++)
        if (tfd_str_eq(list.items[i], text))
            return true;
    return false;
}

static void judge_kind_of_python(judge *j)
{
    const tfd_advise_target *t = j->target;

    if (t->bits == 32)
        add(j, TFD_OBSTACLE_PYTHON, TFD_CAUSE_PYTHON_32BIT, TFD_STR("no 32-bit wheel"));
    if (t->is_cpython == TFD_NO)
        add(j, TFD_OBSTACLE_PYTHON, TFD_CAUSE_PYTHON_NOT_CPYTHON,
            tfd_arena_fmt(j->arena, "no wheel for %.*s", TFD_ARG(t->implementation)));
    else if (t->free_threaded == TFD_YES)
        add(j, TFD_OBSTACLE_PYTHON, TFD_CAUSE_PYTHON_NOT_CPYTHON,
            tfd_arena_fmt(j->arena, "no cp%d%dt wheel (free-threaded)", t->major, t->minor));
    /* From 3.8 on debug builds load what was built for release builds, but not on Windows. */
    else if (t->debug == TFD_YES && (t->os == TFD_OS_WINDOWS || t->minor < 8))
        add(j, TFD_OBSTACLE_PYTHON, TFD_CAUSE_PYTHON_NOT_CPYTHON, TFD_STR("no wheel for debug builds"));
}

/* The installer passes over files whose requires-python does not fit, whatever their tags say. Patch releases
 * are not asked for: a bound such as ">=3.9.2" is taken as met. */
static void judge_python_range(judge *j)
{
    tfd_str range = j->release->requires_python;
    tfd_str version = tfd_arena_fmt(j->arena, "%d.%d.99", j->target->major, j->target->minor);

    if (range.len > 0 && tfd_specifier_match(range, version, TFD_PRE_ALLOW) == TFD_NO)
        add(j, TFD_OBSTACLE_PYTHON, TFD_CAUSE_PYTHON_UNSUPPORTED,
            tfd_arena_fmt(j->arena, "wants Python %.*s", TFD_ARG(range)));
}

/* false: there is no wheel at all, and nothing more to say. */
static bool judge_wheel(judge *j)
{
    const tfd_advise_target *t = j->target;
    tfd_str system, arch, python = tfd_arena_fmt(j->arena, "%d.%d", t->major, t->minor);
    bool has_system = false;

    j->wheel = tfd_kb_wheel_find(j->release, t->platform);
    (void)tfd_str_cut(t->platform, '-', &system, &arch);
    for (size_t i = 0; i < j->release->wheel_count; i++)
        has_system |= tfd_str_starts(j->release->wheels[i].platform, system);
    if (!j->wheel) {
        add(j, t->bits == 32 ? TFD_OBSTACLE_PYTHON : TFD_OBSTACLE_PLATFORM,
            has_system ? TFD_CAUSE_ARCH_MISMATCH : TFD_CAUSE_WRONG_PLATFORM_WHEEL,
            tfd_arena_fmt(j->arena, "no %.*s wheel", TFD_ARG(t->tag)));
        return false;
    }
    if (!has_text(j->wheel->pythons, python))
        add(j, TFD_OBSTACLE_PYTHON, TFD_CAUSE_PYTHON_UNSUPPORTED,
            tfd_arena_fmt(j->arena, "no cp%d%d wheel", t->major, t->minor));
    else
        judge_python_range(j);
    return true;
}

/* What the index does not hand out, or its makers took back. */
static void judge_index(judge *j)
{
    const tfd_advise_index *index = j->target->index;

    for (size_t i = 0; index && i < index->withdrawn_count; i++)
        if (tfd_str_eq(index->withdrawn[i], j->release->version))
            add(j, TFD_OBSTACLE_PLATFORM, TFD_CAUSE_PIP_NETWORK,
                tfd_arena_fmt(j->arena, "the package index has no %.*s wheel of it, or took it back",
                              TFD_ARG(j->target->tag)));
}

/* ---- system */

static bool is_below(tfd_str version, tfd_str floor)
{
    int order;

    return version.len > 0 && floor.len > 0 && tfd_version_cmp_text(version, floor, &order) && order < 0;
}

static void judge_libc(judge *j)
{
    const tfd_advise_target *t = j->target;
    tfd_str floor = j->wheel->glibc;

    if (t->os != TFD_OS_LINUX)
        return;
    if (tfd_str_is(t->platform, "linux-x86_64") && is_below(floor, j->release->glibc))
        floor = j->release->glibc;
    if (tfd_str_is(t->libc, "musl"))
        add(j, TFD_OBSTACLE_LIBC, TFD_CAUSE_LIBC_MUSL, TFD_STR("needs glibc, the system has musl"));
    else if (is_below(t->libc_version, floor))
        add(j, TFD_OBSTACLE_LIBC, TFD_CAUSE_OS_TOO_OLD,
            tfd_arena_fmt(j->arena, "needs glibc %.*s", TFD_ARG(floor)));
}

/* Tags such as "macosx_12_0_arm64"; of a set the lowest counts. */
static void judge_macos(judge *j)
{
    const tfd_advise_target *t = j->target;
    tfd_str rest = j->wheel->tag, one, word;
    uint64_t major, minor, best_major = 0, best_minor = 0;
    bool fits = t->os != TFD_OS_MACOS || t->macos_major < 0, more = true;

    while (more && !fits) {
        more = tfd_str_cut(rest, '.', &one, &rest);
        if (!tfd_str_starts_z(one, "macosx_"))
            return;
        (void)tfd_str_cut(tfd_str_from(one, 7), '_', &word, &one);
        if (!tfd_str_u64(word, &major))
            return;
        (void)tfd_str_cut(one, '_', &word, &one);
        if (!tfd_str_u64(word, &minor))
            return;
        fits = major < (uint64_t)t->macos_major ||
               (major == (uint64_t)t->macos_major && minor <= (uint64_t)t->macos_minor);
        best_major = major;
        best_minor = minor;
    }
    if (!fits)
        add(j, TFD_OBSTACLE_SYSTEM, TFD_CAUSE_OS_TOO_OLD,
            tfd_arena_fmt(j->arena, "needs macOS %u.%u", (unsigned)best_major, (unsigned)best_minor));
}

static void judge_cpu(judge *j)
{
    const tfd_advise_target *t = j->target;

    for (size_t i = 0; i < j->release->cpu.count; i++) {
        tfd_str name = j->release->cpu.items[i];
        tfd_tri has = tfd_str_is(name, "AVX") ? t->avx : tfd_str_is(name, "AVX2") ? t->avx2 : TFD_UNKNOWN;

        if (t->arch == TFD_ARCH_X86_64 && has == TFD_NO)
            add(j, TFD_OBSTACLE_CPU, TFD_CAUSE_CPU_NO_AVX,
                tfd_arena_fmt(j->arena, "needs a processor with %.*s", TFD_ARG(name)));
    }
}

/* ---- GPU */

/* A driver given by its branch alone ("525") stands for all of that branch. */
static bool is_driver_below(tfd_str driver, tfd_str floor)
{
    tfd_version have, need;
    size_t parts = 1;

    if (tfd_version_parse(driver, &have) != TFD_OK || tfd_version_parse(floor, &need) != TFD_OK)
        return false;
    for (size_t i = 0; i < driver.len; i++)
        parts += driver.ptr[i] == '.' ? 1 : 0;
    for (size_t i = 0; i < parts; i++)
        if (tfd_version_part(&have, i) != tfd_version_part(&need, i))
            return tfd_version_part(&have, i) < tfd_version_part(&need, i);
    return false;
}

/* Whether the CUDA that the release is installed with is that of its build: pinned, or the system's own. With
 * open pins a newer one of the same major comes, which knows newer GPUs. */
static bool has_fixed_cuda(const tfd_kb_release *release)
{
    for (size_t i = 0; i < release->requires_and_cuda.count; i++)
        if (tfd_str_find_z(release->requires_and_cuda.items[i], "cublas") != TFD_NPOS)
            return tfd_str_find_z(release->requires_and_cuda.items[i], "==") != TFD_NPOS;
    return true;
}

static bool runs_on(judge *j, tfd_str capability)
{
    tfd_str min_cc, max_cc;

    if (capability.len == 0 || j->release->gpu_sass.count + j->release->gpu_ptx.count == 0)
        return true; /* not known */
    if (!tfd_kb_release_has_code(j->release, capability))
        return false;
    return !has_fixed_cuda(j->release) || !tfd_kb_cuda_targets(j->kb, j->release->cuda, &min_cc, &max_cc) ||
           !is_below(max_cc, capability);
}

static void judge_devices(judge *j)
{
    const tfd_advise_target *t = j->target;

    for (size_t i = 0; i < t->gpu_count; i++)
        if (runs_on(j, t->gpus[i].capability))
            return;
    if (t->gpu_count > 0)
        add(j, TFD_OBSTACLE_GPU_ARCH, TFD_CAUSE_GPU_ARCH,
            tfd_arena_fmt(j->arena, "has no code for compute capability %.*s (CUDA %.*s)",
                          TFD_ARG(t->gpus[0].capability), TFD_ARG(j->release->cuda)));
}

static void judge_gpu(judge *j)
{
    const tfd_advise_target *t = j->target;
    tfd_kb_strs gaps = tfd_kb_cuda_gaps(j->kb, j->release->version);
    tfd_str floor;

    if (!t->wants_gpu)
        return;
    if (!has_text(j->release->gpu, t->platform)) {
        add(j, TFD_OBSTACLE_GPU_BUILD, TFD_CAUSE_TF_NO_GPU_BUILD,
            tfd_arena_fmt(j->arena, "its %.*s wheel has no GPU support", TFD_ARG(t->tag)));
        return;
    }
    floor = t->os == TFD_OS_WINDOWS ? tfd_kb_windows_driver_floor(j->kb, j->release->cuda)
                                    : tfd_kb_driver_floor(j->kb, j->release->cuda);
    if (t->driver.len > 0 && floor.len > 0 && is_driver_below(t->driver, floor))
        add(j, TFD_OBSTACLE_DRIVER, TFD_CAUSE_DRIVER_TOO_OLD,
            tfd_arena_fmt(j->arena, "driver %.*s is below %.*s, which CUDA %.*s needs", TFD_ARG(t->driver),
                          TFD_ARG(floor), TFD_ARG(j->release->cuda)));
    judge_devices(j);
    if (gaps.count > 0 && j->release->requires_and_cuda.count > 0)
        add(j, TFD_OBSTACLE_GPU_PATH, TFD_CAUSE_CUDA_PATH,
            tfd_arena_fmt(j->arena, "as installed it finds no GPU: it does not look into %.*s",
                          TFD_ARG(gaps.items[0])));
}

/* ---- add-ons */

static bool has_addon_wheel(const tfd_advise_target *target, tfd_kb *kb, tfd_str name, tfd_str versions,
                            tfd_str python)
{
    const tfd_kb_addon *addon = tfd_kb_addon_find(kb, name);
    tfd_str system, arch;

    (void)tfd_str_cut(target->platform, '-', &system, &arch);
    if (addon && addon->platform.len > 0 && !tfd_str_eq(addon->platform, system))
        return false;
    return tfd_kb_addon_has_wheel(kb, name, versions, target->platform, python) != TFD_NO;
}

static bool have_addons_wheels(const tfd_advise_target *target, tfd_kb *kb, const tfd_kb_release *release,
                               tfd_str python)
{
    for (size_t i = 0; i < target->with.count; i++) {
        const tfd_kb_addon *addon = tfd_kb_addon_find(kb, target->with.items[i]);
        tfd_str versions = addon ? tfd_kb_addon_wanted(addon, release->version) : TFD_STR("");

        if (addon && (versions.len == 0 || !has_addon_wheel(target, kb, addon->dist, versions, python)))
            return false;
    }
    return true;
}

tfd_str tfd_advise_python_for(const tfd_advise_target *target, tfd_kb *kb, const tfd_kb_release *release,
                              bool with_addons)
{
    const tfd_kb_wheel *wheel = tfd_kb_wheel_find(release, target->platform);
    tfd_str newest = TFD_STR("");
    int order;

    for (size_t i = 0; wheel && i < wheel->pythons.count; i++)
        if ((!with_addons || have_addons_wheels(target, kb, release, wheel->pythons.items[i])) &&
            (newest.len == 0 || (tfd_version_cmp_text(wheel->pythons.items[i], newest, &order) && order > 0)))
            newest = wheel->pythons.items[i];
    return newest;
}

static void judge_addons(judge *j)
{
    const tfd_advise_target *t = j->target;
    tfd_str python = tfd_arena_fmt(j->arena, "%d.%d", t->major, t->minor);

    for (size_t i = 0; i < t->with.count; i++) {
        tfd_str name = t->with.items[i];
        const tfd_kb_addon *addon = tfd_kb_addon_find(j->kb, name);
        tfd_str versions = addon ? tfd_kb_addon_wanted(addon, j->release->version) : TFD_STR("");
        bool has_python;

        if (addon && versions.len == 0) {
            add(j, TFD_OBSTACLE_ADDON, TFD_CAUSE_ADDON_MISMATCH,
                tfd_arena_fmt(j->arena, "no %.*s is made for it", TFD_ARG(name)));
        } else if (addon && !has_addon_wheel(t, j->kb, name, versions, python)) {
            has_python = tfd_advise_python_for(t, j->kb, j->release, true).len > 0;
            add(j, has_python ? TFD_OBSTACLE_PYTHON : TFD_OBSTACLE_ADDON, TFD_CAUSE_ADDON_NO_WHEEL,
                tfd_arena_fmt(j->arena, "its %.*s has no cp%d%d wheel for %.*s", TFD_ARG(name), t->major,
                              t->minor, TFD_ARG(t->tag)));
        }
    }
}

void tfd_advise_judge(const tfd_advise_target *target, tfd_kb *kb, tfd_arena *arena,
                      const tfd_kb_release *release, unsigned ignored, tfd_judged *out)
{
    judge j = {target, kb, arena, release, NULL, ignored, out};

    memset(out, 0, sizeof *out);
    out->release = release;
    judge_kind_of_python(&j);
    if (!judge_wheel(&j))
        return;
    judge_index(&j);
    judge_libc(&j);
    judge_macos(&j);
    judge_cpu(&j);
    judge_gpu(&j);
    judge_addons(&j);
}
