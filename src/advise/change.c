/* Where nothing fits: what would have to be changed. Each release fails for a set of reasons; sets that hold
 * another one are of no use, and of the others the one that is cheapest to change comes first. */
#include "advise/advise.h"

#include <string.h>

#include "formats/pep440.h"
#include "kb/kb_gpu.h"

#define WAYS_MAX 3

/* How dear it is to change, by bit of tfd_obstacle_kind. */
static const unsigned costs[TFD_OBSTACLE_BITS] = {1, 2, 2, 3, 1, 4, 5, 9, 9, 9};

static unsigned cost_of(unsigned kinds)
{
    unsigned cost = 0;

    for (unsigned i = 0; i < TFD_OBSTACLE_BITS; i++)
        cost += kinds & (1u << i) ? costs[i] : 0;
    return cost;
}

/* Some releases were for one system only; where others have wheels for this one, they do not count. */
static unsigned hopeless_kinds(const tfd_advice *advice)
{
    for (size_t i = 0; i < advice->release_count; i++)
        if (!(advice->releases[i].kinds & TFD_OBSTACLE_PLATFORM))
            return TFD_OBSTACLE_PLATFORM;
    return 0;
}

/* A release with one of the smallest sets; the newest with that set, since releases come newest first. */
static size_t find_ways(const tfd_advice *advice, const tfd_judged **ways, size_t max)
{
    unsigned hopeless = hopeless_kinds(advice);
    size_t count = 0;

    for (size_t i = 0; i < advice->release_count; i++) {
        const tfd_judged *one = &advice->releases[i];
        bool is_needed = one->kinds != 0 && !(one->kinds & hopeless);
        size_t at;

        for (size_t k = 0; k < advice->release_count && is_needed; k++) {
            unsigned other = advice->releases[k].kinds;

            is_needed = (other & ~one->kinds) != 0 || (other == one->kinds && k >= i);
        }
        if (!is_needed)
            continue;
        for (at = 0; at < count && cost_of(ways[at]->kinds) <= cost_of(one->kinds);)
            at++;
        if (at == max)
            continue;
        if (count == max)
            count--;
        memmove(&ways[at + 1], &ways[at], (count - at) * sizeof *ways);
        ways[at] = one;
        count++;
    }
    return count;
}

static tfd_str newest_python(const tfd_advise_target *target, tfd_kb *kb, const tfd_kb_release *release)
{
    tfd_str python = tfd_advise_python_for(target, kb, release, true);

    return python.len > 0 ? python : tfd_advise_python_for(target, kb, release, false);
}

static tfd_str driver_of(const tfd_advise_target *target, tfd_kb *kb, const tfd_kb_release *release)
{
    return target->os == TFD_OS_WINDOWS ? tfd_kb_windows_driver_floor(kb, release->cuda)
                                        : tfd_kb_driver_floor(kb, release->cuda);
}

/* What Linux inside Windows would get. */
static tfd_str in_wsl(const tfd_advise_target *target, tfd_kb *kb, tfd_arena *arena)
{
    tfd_advise_target linux = *target;
    const tfd_kb_release *release;

    linux.os = TFD_OS_LINUX;
    linux.platform = TFD_STR("linux-x86_64");
    linux.tag = TFD_STR("linux_x86_64");
    linux.libc_version = linux.driver = TFD_STR("");
    release = tfd_advise_newest(&linux, kb, arena, 0);
    if (!release)
        return TFD_STR("Use WSL 2 (wsl --install), where the Linux wheels see the GPU");
    return tfd_arena_fmt(arena,
                         "Use WSL 2 (wsl --install): TensorFlow %.*s for Linux sees the GPU there, with "
                         "Windows' own driver",
                         TFD_ARG(release->version));
}

static tfd_str another_python(const tfd_advise_target *target, tfd_kb *kb, tfd_arena *arena,
                              const tfd_kb_release *release, const tfd_obstacle *obstacle)
{
    tfd_str python = newest_python(target, kb, release);
    tfd_str text;

    if (python.len == 0)
        return TFD_STR("Use a 64-bit CPython on a 64-bit system");
    text = tfd_arena_fmt(arena, "Use %sCPython %.*s, for which TensorFlow %.*s has a wheel (here: %.*s)",
                         target->bits == 32 ? "64-bit " : "", TFD_ARG(python), TFD_ARG(release->version),
                         TFD_ARG(obstacle->text));
    if (target->wants_gpu && release->requires_and_cuda.count == 0 && release->cuda.len > 0)
        text = tfd_arena_fmt(arena, "%.*s, with CUDA %.*s and cuDNN %.*s from NVIDIA", TFD_ARG(text),
                             TFD_ARG(release->cuda), TFD_ARG(release->cudnn));
    return text;
}

static tfd_str sentence(const tfd_advise_target *target, tfd_kb *kb, tfd_arena *arena, const tfd_judged *way,
                        const tfd_obstacle *obstacle)
{
    const tfd_kb_release *release = way->release;

    switch (obstacle->kind) {
    case TFD_OBSTACLE_PYTHON:
        return another_python(target, kb, arena, release, obstacle);
    case TFD_OBSTACLE_DRIVER:
        return tfd_arena_fmt(
            arena, "Install an NVIDIA driver %.*s or newer, for TensorFlow %.*s with CUDA %.*s",
            TFD_ARG(driver_of(target, kb, release)), TFD_ARG(release->version), TFD_ARG(release->cuda));
    case TFD_OBSTACLE_ADDON:
        return tfd_arena_fmt(arena, "Leave the add-on out with TensorFlow %.*s: %.*s",
                             TFD_ARG(release->version), TFD_ARG(obstacle->text));
    case TFD_OBSTACLE_GPU_BUILD:
        if (target->os == TFD_OS_WINDOWS && target->arch == TFD_ARCH_X86_64)
            return in_wsl(target, kb, arena);
        return tfd_arena_fmt(arena,
                             "No wheel for %.*s uses an NVIDIA GPU: ask without --want gpu for one that "
                             "computes on the processor",
                             TFD_ARG(target->tag));
    case TFD_OBSTACLE_LIBC:
        if (obstacle->cause == TFD_CAUSE_LIBC_MUSL)
            return TFD_STR(
                "Use a system with glibc instead of musl; in a container an image of Debian or Ubuntu "
                "instead of Alpine");
        return tfd_arena_fmt(arena, "Use a newer system, or a container of one: TensorFlow %.*s %.*s",
                             TFD_ARG(release->version), TFD_ARG(obstacle->text));
    case TFD_OBSTACLE_SYSTEM:
        return tfd_arena_fmt(arena, "Update the system: TensorFlow %.*s %.*s", TFD_ARG(release->version),
                             TFD_ARG(obstacle->text));
    case TFD_OBSTACLE_GPU_ARCH:
        return tfd_arena_fmt(arena, "Use another GPU, or ask without --want gpu: TensorFlow %.*s %.*s",
                             TFD_ARG(release->version), TFD_ARG(obstacle->text));
    case TFD_OBSTACLE_CPU:
        return tfd_arena_fmt(arena,
                             "Use another machine, or let the virtual machine hand the instructions through: "
                             "TensorFlow %.*s %.*s",
                             TFD_ARG(release->version), TFD_ARG(obstacle->text));
    default:
        return tfd_arena_fmt(arena, "Use an x86-64 Python, under which TensorFlow %.*s has wheels: %.*s",
                             TFD_ARG(release->version), TFD_ARG(obstacle->text));
    }
}

/* The commands of a way on which a new environment is all that it takes. */
static void add_commands(const tfd_advise_target *target, tfd_kb *kb, tfd_arena *arena, const tfd_judged *way,
                         tfd_change *change)
{
    tfd_str requirements[TFD_ADVISE_REQUIREMENTS_MAX];
    tfd_str python = newest_python(target, kb, way->release);
    tfd_advise_target other = *target;
    tfd_str major, minor;
    uint64_t value = 0;
    size_t count;

    if (way->kinds != TFD_OBSTACLE_PYTHON || python.len == 0)
        return;
    (void)tfd_str_cut(python, '.', &major, &minor);
    (void)tfd_str_u64(minor, &value);
    other.minor = (int)value;
    other.is_here = false;
    count = tfd_advise_require(&other, kb, arena, way->release, requirements, TFD_ADVISE_REQUIREMENTS_MAX);
    change->command_count = tfd_advise_new_environment(target, arena, python, requirements, count,
                                                       change->commands, TFD_ADVISE_COMMANDS_MAX);
}

/* Another Python removes all that the present one stands in the way of. */
static bool is_said_before(const tfd_judged *way, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (way->obstacles[i].kind == way->obstacles[at].kind &&
            way->obstacles[i].kind == TFD_OBSTACLE_PYTHON)
            return true;
    return false;
}

void tfd_advise_changes(const tfd_advise_target *target, tfd_kb *kb, tfd_arena *arena, tfd_advice *out)
{
    const tfd_judged *ways[WAYS_MAX + 1];
    size_t count = find_ways(out, ways, WAYS_MAX);

    for (size_t i = 0; i < count; i++) {
        const tfd_judged *way = ways[i];
        tfd_change *change;
        tfd_str text = TFD_STR("");

        for (size_t k = 0; k < way->obstacle_count; k++) {
            tfd_str one;

            if (is_said_before(way, k))
                continue;
            one = sentence(target, kb, arena, way, &way->obstacles[k]);
            text = k == 0 ? one : tfd_arena_fmt(arena, "%.*s; and: %.*s", TFD_ARG(text), TFD_ARG(one));
        }
        change = tfd_advise_before(out, way->obstacles[0].cause, text);
        if (change)
            add_commands(target, kb, arena, way, change);
    }
}
