#include "advise/advise.h"

#include <stdlib.h>
#include <string.h>

#include "formats/pep440.h"
#include "formats/pep508.h"
#include "kb/kb_gpu.h"

tfd_change *tfd_advise_before(tfd_advice *out, tfd_cause_id cause, tfd_str text)
{
    tfd_change *change;

    if (out->before_count == TFD_CHANGES_MAX)
        return NULL;
    change = &out->before[out->before_count++];
    memset(change, 0, sizeof *change);
    change->cause = cause;
    change->text = text;
    return change;
}

void tfd_advise_note(tfd_advice *out, tfd_str text)
{
    if (out->note_count < TFD_CHANGES_MAX)
        out->notes[out->note_count++] = text;
}

static bool is_allowed(const tfd_advise_target *target, const tfd_kb_release *release)
{
    return target->specifier.len == 0 ||
           tfd_specifier_match(target->specifier, release->version, TFD_PRE_IF_NAMED) == TFD_YES;
}

const tfd_kb_release *tfd_advise_newest(const tfd_advise_target *target, tfd_kb *kb, tfd_arena *arena,
                                        unsigned ignored)
{
    const tfd_kb_release *const *all = NULL;
    const tfd_kb_release *best = NULL;
    size_t count = 0;
    tfd_judged judged;
    int order;

    if (tfd_kb_releases_get(kb, &all, &count, NULL) != TFD_OK)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (!is_allowed(target, all[i]))
            continue;
        tfd_advise_judge(target, kb, arena, all[i], ignored, &judged);
        if (judged.obstacle_count == 0 &&
            (!best || (tfd_version_cmp_text(all[i]->version, best->version, &order) && order > 0)))
            best = all[i];
    }
    return best;
}

/* ---- judging */

static int newest_first(const void *a, const void *b)
{
    const tfd_judged *x = a, *y = b;
    int order = 0;

    (void)tfd_version_cmp_text(x->release->version, y->release->version, &order);
    return -order;
}

static tfd_status judge_all(const tfd_advise_target *target, tfd_kb *kb, tfd_arena *arena, tfd_advice *out,
                            tfd_err *err)
{
    const tfd_kb_release *const *all = NULL;
    size_t count = 0, extra = target->index ? target->index->release_count : 0;
    tfd_status st = tfd_kb_releases_get(kb, &all, &count, err);

    if (st != TFD_OK)
        return st;
    out->releases = tfd_arena_new(arena, tfd_judged, count + extra + 1);
    if (!out->releases)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    for (size_t i = 0; i < count; i++)
        if (is_allowed(target, all[i]))
            tfd_advise_judge(target, kb, arena, all[i], 0, &out->releases[out->release_count++]);
    for (size_t i = 0; i < extra; i++)
        if (is_allowed(target, target->index->releases[i])) {
            tfd_judged *one = &out->releases[out->release_count++];

            tfd_advise_judge(target, kb, arena, target->index->releases[i], 0, one);
            one->is_from_index = true;
        }
    qsort(out->releases, out->release_count, sizeof *out->releases, newest_first);
    return TFD_OK;
}

/* A release that only needs help to find its CUDA is taken where no other will do. */
static void choose(tfd_advice *out)
{
    for (size_t i = 0; i < out->release_count && !out->best; i++)
        if (out->releases[i].obstacle_count == 0)
            out->best = &out->releases[i];
    for (size_t i = 0; i < out->release_count && !out->best; i++)
        if (out->releases[i].kinds == TFD_OBSTACLE_GPU_PATH) {
            out->releases[i].obstacle_count = 0;
            out->releases[i].kinds = 0;
            out->best = &out->releases[i];
        }
}

/* ---- what else has to be said */

static void say_what_is_asked(tfd_advice *out, tfd_arena *arena)
{
    tfd_str name = out->target->asked_for;

    if (tfd_str_is(name, "tensorflow-gpu"))
        (void)tfd_advise_before(
            out, TFD_CAUSE_TF_GPU_PACKAGE_REMOVED,
            TFD_STR("tensorflow-gpu from 2.12 on is an empty package that refuses to install: "
                    "tensorflow itself brings the GPU support"));
    else if (name.len > 0 && !tfd_str_is(name, "tensorflow-cpu"))
        tfd_advise_note(out,
                        tfd_arena_fmt(arena, "The advice is for the distribution tensorflow, not for %.*s",
                                      TFD_ARG(name)));
}

static void say_cuda_by_hand(tfd_advice *out, tfd_kb *kb, tfd_arena *arena)
{
    const tfd_kb_release *release = out->best->release;
    tfd_kb_strs gaps = tfd_kb_cuda_gaps(kb, release->version);

    if (release->requires_and_cuda.count == 0)
        (void)tfd_advise_before(
            out, TFD_CAUSE_CUDA_MISSING,
            tfd_arena_fmt(arena,
                          "Install CUDA %.*s and cuDNN %.*s from NVIDIA: this release does not bring them",
                          TFD_ARG(release->cuda), TFD_ARG(release->cudnn)));
    for (size_t i = 0; release->requires_and_cuda.count > 0 && i < gaps.count; i++)
        (void)tfd_advise_before(
            out, TFD_CAUSE_CUDA_PATH,
            tfd_arena_fmt(arena,
                          "Put %.*s of the environment's site-packages into LD_LIBRARY_PATH wherever it is "
                          "started: this release does not look there by itself",
                          TFD_ARG(gaps.items[i])));
}

static void say_gpu(tfd_advice *out, tfd_kb *kb, tfd_arena *arena)
{
    const tfd_advise_target *t = out->target;
    tfd_str floor;

    if (!t->wants_gpu || !out->best)
        return;
    floor = t->os == TFD_OS_WINDOWS ? tfd_kb_windows_driver_floor(kb, out->best->release->cuda)
                                    : tfd_kb_driver_floor(kb, out->best->release->cuda);
    say_cuda_by_hand(out, kb, arena);
    if (t->has_no_gpu)
        (void)tfd_advise_before(out, TFD_CAUSE_GPU_NONE,
                                TFD_STR("There is no NVIDIA GPU in this machine: the release computes on the "
                                        "processor until there is one"));
    else if (t->has_no_driver)
        (void)tfd_advise_before(
            out, TFD_CAUSE_DRIVER_MISSING,
            tfd_arena_fmt(arena, "Install an NVIDIA driver %.*s or newer", TFD_ARG(floor)));
    else if (t->driver.len == 0 && floor.len > 0)
        tfd_advise_note(
            out, tfd_arena_fmt(arena, "The driver is not known: it has to be %.*s or newer", TFD_ARG(floor)));
    for (size_t i = 0; i < t->gpu_count; i++)
        if (t->gpus[i].capability.len == 0)
            tfd_advise_note(out,
                            tfd_arena_fmt(arena,
                                          "Nothing is known of the GPU '%.*s'; give its compute capability, "
                                          "such as --gpu 8.6",
                                          TFD_ARG(t->gpus[i].name)));
}

static void say_unknowns(tfd_advice *out, tfd_kb *kb, tfd_arena *arena)
{
    const tfd_advise_target *t = out->target;
    const tfd_kb_wheel *wheel = out->best ? tfd_kb_wheel_find(out->best->release, t->platform) : NULL;

    if (wheel && wheel->glibc.len > 0 && t->libc_version.len == 0)
        tfd_advise_note(out, tfd_arena_fmt(arena, "The C library is not known: glibc %.*s or newer is needed",
                                           TFD_ARG(wheel->glibc)));
    if (out->best && t->arch == TFD_ARCH_X86_64 && t->avx == TFD_UNKNOWN && out->best->release->cpu.count > 0)
        tfd_advise_note(out, TFD_STR("The processor is not known: it needs AVX"));
    if (t->index && t->index->problem.len > 0)
        tfd_advise_note(out,
                        tfd_arena_fmt(arena, "The package index %s: %.*s",
                                      t->index->release_count > 0 ? "did not tell all" : "could not be asked",
                                      TFD_ARG(t->index->problem)));
    for (size_t i = 0; i < t->with.count; i++)
        if (!tfd_kb_is_addon(kb, t->with.items[i]))
            tfd_advise_note(out, tfd_arena_fmt(arena,
                                               "Nothing is known of the add-on %.*s: its version is left "
                                               "to the installer",
                                               TFD_ARG(t->with.items[i])));
}

static void say_disk(tfd_advice *out, tfd_arena *arena)
{
    const tfd_facts *facts = out->target->is_here ? out->target->facts : NULL;
    const tfd_fact *free_bytes = facts ? &facts->scalars[TFD_FACT_SITE_FREE_BYTES] : NULL;
    uint64_t needed = out->cost.disk > 0 ? out->cost.disk : out->cost.wheel;

    if (free_bytes && free_bytes->state == TFD_STATE_PRESENT && (uint64_t)free_bytes->integer < needed)
        (void)tfd_advise_before(
            out, TFD_CAUSE_DISK_FULL,
            tfd_arena_fmt(arena,
                          "Make room: at least %u MB are needed, %u MB are free where packages are installed",
                          (unsigned)(needed / 1000000), (unsigned)((uint64_t)free_bytes->integer / 1000000)));
}

/* ---- cost */

/* Installed packages that the release does not accept as they are. */
static void find_changed(tfd_advice *out, tfd_arena *arena)
{
    const tfd_facts *facts = out->target->facts;
    const tfd_kb_release *release = out->best->release;
    tfd_str *items = tfd_arena_new(arena, tfd_str, release->requires.count + 1);
    size_t count = 0;

    out->cost.knows_changed = items && facts->dists.complete && out->target->is_here;
    if (!out->cost.knows_changed)
        return;
    for (size_t i = 0; i < release->requires.count; i++) {
        tfd_requirement_text one;
        char key[256];
        size_t row;

        if (tfd_requirement_parse(release->requires.items[i], &one) != TFD_OK ||
            !tfd_advise_applies(out->target, arena, one.marker))
            continue;
        row = tfd_dist_find(facts, (tfd_str){key, tfd_name_key(one.name, key, sizeof key)});
        if (row == TFD_NONE ||
            tfd_specifier_match(one.specifier, facts->dists.items[row].version, TFD_PRE_ALLOW) != TFD_NO)
            continue;
        items[count++] = tfd_arena_fmt(arena, "%.*s %.*s to %.*s", TFD_ARG(one.name),
                                       TFD_ARG(facts->dists.items[row].version), TFD_ARG(one.specifier));
    }
    out->cost.changed = (tfd_kb_strs){items, count};
}

static void reckon(tfd_advice *out, tfd_kb *kb, tfd_arena *arena)
{
    const tfd_advise_target *t = out->target;
    const tfd_kb_release *release = out->best->release;
    const tfd_kb_wheel *wheel = tfd_kb_wheel_find(release, t->platform);
    const tfd_kb_cost *cost =
        tfd_kb_cost_find(kb, release->version, t->platform, tfd_arena_fmt(arena, "%d.%d", t->major, t->minor),
                         t->wants_gpu && release->requires_and_cuda.count > 0);

    /* Sizes are those of the build called tensorflow, the rows' those of it alone. */
    out->cost.wheel = wheel && tfd_str_is(out->distribution, "tensorflow") ? wheel->size : 0;
    out->cost.source = release->origin.as_of;
    if (cost && t->with.count == 0 && out->cost.wheel > 0) {
        out->cost.download = cost->download;
        out->cost.disk = cost->disk;
        out->cost.packages = (size_t)cost->packages;
        out->cost.source = cost->as_of;
    }
    if (t->facts)
        find_changed(out, arena);
}

tfd_status tfd_advise(const tfd_advise_target *target, tfd_kb *kb, tfd_arena *arena, tfd_advice *out,
                      tfd_err *err)
{
    tfd_status st;

    memset(out, 0, sizeof *out);
    out->target = target;
    out->knowledge = tfd_kb_date(kb);
    out->distribution = !target->wants_gpu && tfd_str_is(target->asked_for, "tensorflow-cpu")
                            ? target->asked_for
                            : TFD_STR("tensorflow");
    if (target->wants_gpu) {
        st = tfd_kb_gpu_preload(kb, err);
        if (st != TFD_OK)
            return st;
    }
    st = judge_all(target, kb, arena, out, err);
    if (st != TFD_OK)
        return st;
    choose(out);
    say_what_is_asked(out, arena);
    if (out->best) {
        out->requirement_count = tfd_advise_require(target, kb, arena, out->best->release, out->requirements,
                                                    TFD_ADVISE_REQUIREMENTS_MAX);
        tfd_advise_commands(target, arena, out);
        reckon(out, kb, arena);
        say_gpu(out, kb, arena);
        say_disk(out, arena);
    } else {
        tfd_advise_changes(target, kb, arena, out);
    }
    say_unknowns(out, kb, arena);
    return arena->failed || !tfd_kb_is_whole(kb) ? tfd_err_set(err, TFD_ENOMEM, 0, "out of memory") : TFD_OK;
}
