/* What is handed to the installer: the release itself and bounds for what is known to break it, so that no
 * resolver has to step back from a version, or stops at a wrong one. */
#include "advise/advise.h"

#include "formats/pep440.h"
#include "formats/pep508.h"
#include "kb/kb_gpu.h"

#define CANDIDATES_MAX 64
#define PINS_MAX 4 /* bounds put on one distribution, one after the other */

typedef struct list {
    const tfd_advise_target *target;
    tfd_kb *kb;
    tfd_arena *arena;
    const tfd_kb_release *release;
    tfd_str python; /* "3.12" */
    tfd_str *out;
    size_t count, max;
} list;

static void add(list *l, tfd_str requirement)
{
    for (size_t i = 0; i < l->count; i++)
        if (tfd_str_eq(l->out[i], requirement))
            return;
    if (l->count < l->max)
        l->out[l->count++] = requirement;
}

/* ---- markers */

static void fill_marker(const tfd_advise_target *t, tfd_arena *arena, tfd_marker_env *env)
{
    bool is_windows = t->os == TFD_OS_WINDOWS, is_mac = t->os == TFD_OS_MACOS;
    tfd_str machine, system;

    (void)tfd_str_cut(t->platform, '-', &system, &machine);
    env->value[TFD_MARKER_IMPLEMENTATION_NAME] = TFD_STR("cpython");
    env->value[TFD_MARKER_PLATFORM_PYTHON_IMPLEMENTATION] = TFD_STR("CPython");
    env->value[TFD_MARKER_OS_NAME] = is_windows ? TFD_STR("nt") : TFD_STR("posix");
    env->value[TFD_MARKER_SYS_PLATFORM] = is_windows ? TFD_STR("win32")
                                          : is_mac   ? TFD_STR("darwin")
                                                     : TFD_STR("linux");
    env->value[TFD_MARKER_PLATFORM_SYSTEM] = is_windows ? TFD_STR("Windows")
                                             : is_mac   ? TFD_STR("Darwin")
                                                        : TFD_STR("Linux");
    env->value[TFD_MARKER_PLATFORM_MACHINE] =
        is_windows && t->arch == TFD_ARCH_X86_64 ? TFD_STR("AMD64") : machine;
    env->value[TFD_MARKER_PYTHON_VERSION] = tfd_arena_fmt(arena, "%d.%d", t->major, t->minor);
    env->value[TFD_MARKER_EXTRA] = TFD_STR("");
}

bool tfd_advise_applies(const tfd_advise_target *target, tfd_arena *arena, tfd_str marker)
{
    tfd_marker_env env = {0};
    tfd_tri holds = TFD_UNKNOWN;

    fill_marker(target, arena, &env);
    return tfd_marker_eval(marker, &env, &holds) == TFD_OK && holds != TFD_NO;
}

/* ---- bounds */

typedef struct candidates {
    tfd_str items[CANDIDATES_MAX];
    size_t count;
} candidates;

static void add_versions(candidates *all, tfd_str specifier)
{
    tfd_clause clause;

    while (tfd_clause_next(&specifier, &clause) == TFD_OK)
        if (all->count < CANDIDATES_MAX && clause.version.text.len > 0)
            all->items[all->count++] = clause.version.text;
}

static bool is_harmful(const tfd_kb_break *row)
{
    return row && row->fix.len > 0 &&
           (row->effect == TFD_KB_EFFECT_IMPORT || row->effect == TFD_KB_EFFECT_KERAS);
}

/* The row about the newest version that the specifier accepts, as far as versions named anywhere stand for
 * those around them; NULL: it is not known to break anything. */
static const tfd_kb_break *find_break(const list *l, tfd_str dist, tfd_str specifier)
{
    size_t count;
    const tfd_kb_break *rows = tfd_kb_breaks_get(l->kb, &count);
    candidates all = {{{NULL, 0}}, 0};
    tfd_str newest = TFD_STR("");
    int order;

    all.items[all.count++] = TFD_STR("99999");
    add_versions(&all, specifier);
    for (size_t i = 0; i < count; i++)
        if (tfd_str_eq(rows[i].dist, dist))
            add_versions(&all, rows[i].versions);
    for (size_t i = 0; i < all.count; i++)
        if (tfd_specifier_match(specifier, all.items[i], TFD_PRE_ALLOW) == TFD_YES &&
            (newest.len == 0 || (tfd_version_cmp_text(all.items[i], newest, &order) && order > 0)))
            newest = all.items[i];
    return newest.len > 0 ? tfd_kb_break_find(l->kb, l->release->version, l->python, dist, newest) : NULL;
}

static tfd_str joined(tfd_arena *arena, tfd_str a, tfd_str b)
{
    if (a.len == 0 || b.len == 0)
        return a.len > 0 ? a : b;
    return tfd_arena_fmt(arena, "%.*s,%.*s", TFD_ARG(a), TFD_ARG(b));
}

/* An installer keeps what is installed where metadata is content with it. */
static tfd_str bound_of_installed(const list *l, tfd_str dist, tfd_str specifier)
{
    size_t row = l->target->is_here ? tfd_dist_find(l->target->facts, dist) : TFD_NONE;
    const tfd_kb_break *rule;
    tfd_str version;

    if (row == TFD_NONE)
        return TFD_STR("");
    version = l->target->facts->dists.items[row].version;
    if (tfd_specifier_match(specifier, version, TFD_PRE_ALLOW) != TFD_YES)
        return TFD_STR("");
    rule = tfd_kb_break_find(l->kb, l->release->version, l->python, dist, version);
    return is_harmful(rule) ? rule->fix : TFD_STR("");
}

static void add_bounds(list *l, tfd_str dist, tfd_str specifier)
{
    tfd_str pin = bound_of_installed(l, dist, specifier);

    for (int i = 0; i < PINS_MAX; i++) {
        const tfd_kb_break *rule = find_break(l, dist, joined(l->arena, specifier, pin));

        if (!is_harmful(rule))
            break;
        pin = joined(l->arena, pin, rule->fix);
    }
    if (pin.len > 0)
        add(l, tfd_arena_fmt(l->arena, "%.*s%.*s", TFD_ARG(dist), TFD_ARG(pin)));
}

static void add_known_breaks(list *l)
{
    for (size_t i = 0; i < l->release->requires.count; i++) {
        tfd_requirement_text one;
        char key[256];
        tfd_str dist;

        if (tfd_requirement_parse(l->release->requires.items[i], &one) != TFD_OK ||
            !tfd_advise_applies(l->target, l->arena, one.marker))
            continue;
        dist = (tfd_str){key, tfd_name_key(one.name, key, sizeof key)};
        if (dist.len < sizeof key)
            add_bounds(l, tfd_arena_str(l->arena, dist), one.specifier);
    }
}

/* ---- CUDA */

static void add_with_cuda(list *l)
{
    tfd_str capabilities[TFD_ADVISE_GPUS];
    tfd_str words[TFD_KB_WITH_CUDA_MAX];
    size_t count;

    for (size_t i = 0; i < l->target->gpu_count; i++)
        capabilities[i] = l->target->gpus[i].capability;
    count = tfd_kb_with_cuda(l->kb, l->arena, l->release, capabilities, l->target->gpu_count, words,
                             TFD_KB_WITH_CUDA_MAX);
    for (size_t i = 0; i < count; i++)
        add(l, words[i]);
}

static void add_tensorflow(list *l)
{
    bool is_cpu = tfd_str_is(l->target->asked_for, "tensorflow-cpu");

    if (l->target->wants_gpu)
        add_with_cuda(l);
    else
        add(l, tfd_arena_fmt(l->arena, "tensorflow%s==%.*s", is_cpu ? "-cpu" : "",
                             TFD_ARG(l->release->version)));
}

/* ---- add-ons */

/* "==2.15.*" on tf-keras and the like, which follow TensorFlow's own numbers. */
static void add_addon(list *l, tfd_str dist)
{
    const tfd_kb_addon *addon = tfd_kb_addon_find(l->kb, dist);
    tfd_str versions = addon ? tfd_kb_addon_wanted(addon, l->release->version) : TFD_STR("");

    add(l, tfd_arena_fmt(l->arena, "%.*s%.*s", TFD_ARG(dist), TFD_ARG(versions)));
}

static void add_addons(list *l)
{
    for (size_t i = 0; i < l->target->with.count; i++) {
        const tfd_kb_addon *addon = tfd_kb_addon_find(l->kb, l->target->with.items[i]);

        add_addon(l, l->target->with.items[i]);
        for (size_t k = 0; addon && k < addon->need_count; k++)
            if (tfd_specifier_match(addon->needs[k].tensorflow, l->release->version, TFD_PRE_ALLOW) ==
                TFD_YES)
                add_addon(l, addon->needs[k].dist);
    }
}

size_t tfd_advise_require(const tfd_advise_target *target, tfd_kb *kb, tfd_arena *arena,
                          const tfd_kb_release *release, tfd_str *out, size_t max)
{
    list l = {target, kb, arena, release, tfd_arena_fmt(arena, "%d.%d", target->major, target->minor),
              out,    0,  max};

    add_tensorflow(&l);
    add_known_breaks(&l);
    add_addons(&l);
    return l.count;
}
