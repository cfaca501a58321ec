#include "packages/packages.h"

#include "formats/pep440.h"

#include <string.h>

/* An extra of a distribution that some requirement asks for. */
typedef struct wish {
    size_t dist;
    tfd_str extra;
} wish;

typedef struct wishes {
    wish *items;
    size_t count, capacity;
} wishes;

static void set_platform(tfd_marker_env *env, const tfd_system *system)
{
    static const struct {
        const char *os_name, *sys_platform, *platform_system, *x86_64, *aarch64;
    } names[] = {[TFD_OS_LINUX] = {"posix", "linux", "Linux", "x86_64", "aarch64"},
                 [TFD_OS_WINDOWS] = {"nt", "win32", "Windows", "AMD64", "ARM64"},
                 [TFD_OS_MACOS] = {"posix", "darwin", "Darwin", "x86_64", "arm64"}};

    if (!system || system->os == TFD_OS_UNKNOWN)
        return;
    env->value[TFD_MARKER_OS_NAME] = tfd_str_of(names[system->os].os_name);
    env->value[TFD_MARKER_SYS_PLATFORM] = tfd_str_of(names[system->os].sys_platform);
    env->value[TFD_MARKER_PLATFORM_SYSTEM] = tfd_str_of(names[system->os].platform_system);
    if (system->arch == TFD_ARCH_X86_64)
        env->value[TFD_MARKER_PLATFORM_MACHINE] = tfd_str_of(names[system->os].x86_64);
    else if (system->arch == TFD_ARCH_AARCH64)
        env->value[TFD_MARKER_PLATFORM_MACHINE] = tfd_str_of(names[system->os].aarch64);
    else if (system->arch == TFD_ARCH_X86 && system->os == TFD_OS_WINDOWS)
        env->value[TFD_MARKER_PLATFORM_MACHINE] = TFD_STR("x86");
    if (system->os == TFD_OS_LINUX && system->kernel.len)
        env->value[TFD_MARKER_PLATFORM_RELEASE] = system->kernel;
}

/* Where only "3.12" is known: no marker asks for a patch level beyond 99. */
static void set_versions(tfd_packages *packages, tfd_marker_env *env, int micro)
{
    const tfd_python *python = &packages->facts->python;
    bool is_cpython = tfd_str_is(python->implementation, "cpython");

    if (python->major < 0 || python->minor < 0)
        return;
    env->value[TFD_MARKER_PYTHON_VERSION] =
        tfd_arena_fmt(packages->arena, "%d.%d", python->major, python->minor);
    env->value[TFD_MARKER_PYTHON_FULL_VERSION] =
        tfd_arena_fmt(packages->arena, "%d.%d.%d", python->major, python->minor, micro);
    if (is_cpython)
        env->value[TFD_MARKER_IMPLEMENTATION_VERSION] = env->value[TFD_MARKER_PYTHON_FULL_VERSION];
}

static void make_env(tfd_packages *packages)
{
    const tfd_python *python = &packages->facts->python;
    tfd_marker_env *env = packages->env;

    set_platform(env, packages->facts->system);
    if (python->implementation.len) {
        env->value[TFD_MARKER_IMPLEMENTATION_NAME] = python->implementation;
        if (tfd_str_is(python->implementation, "cpython"))
            env->value[TFD_MARKER_PLATFORM_PYTHON_IMPLEMENTATION] = TFD_STR("CPython");
        else if (tfd_str_is(python->implementation, "pypy"))
            env->value[TFD_MARKER_PLATFORM_PYTHON_IMPLEMENTATION] = TFD_STR("PyPy");
    }
    env[1] = env[0];
    set_versions(packages, &env[0], python->micro < 0 ? 0 : python->micro);
    set_versions(packages, &env[1], python->micro < 0 ? 99 : python->micro);
}

/* The marker with one extra (or "" for none). */
static tfd_tri evaluate(tfd_packages *packages, tfd_str marker, tfd_str extra)
{
    tfd_tri answer[2];

    if (!marker.len)
        return TFD_YES;
    for (size_t i = 0; i < 2; i++) {
        packages->env[i].value[TFD_MARKER_EXTRA] = extra;
        if (tfd_marker_eval(marker, &packages->env[i], &answer[i]) != TFD_OK)
            return TFD_UNKNOWN;
        if (packages->facts->python.micro >= 0)
            return answer[i];
    }
    return answer[0] == answer[1] ? answer[0] : TFD_UNKNOWN;
}

/* The distribution that answers a requirement. Any build of TensorFlow stands for any other: an add-on that
 * requires "tensorflow" works with tensorflow-cpu, whatever pip check says. */
static size_t find_provider(tfd_packages *packages, tfd_str key)
{
    uint32_t row = tfd_map_get(&packages->keys, key);

    if (row != TFD_MAP_NONE)
        return row;
    return tfd_kb_is_tensorflow(packages->kb, key) ? packages->facts->tensorflow : TFD_NONE;
}

static tfd_tri judge(const tfd_facts *facts, const tfd_requirement *req)
{
    const tfd_dist *found;

    if (req->is_malformed)
        return TFD_UNKNOWN;
    if (req->found == TFD_NONE)
        return facts->dists.complete ? TFD_NO : TFD_UNKNOWN;
    found = &facts->dists.items[req->found];
    return found->version.len ? tfd_specifier_match(req->specifier, found->version, TFD_PRE_ALLOW)
                              : TFD_UNKNOWN;
}

static tfd_status add_wishes(tfd_packages *packages, wishes *all, const tfd_requirement *req)
{
    tfd_str rest = req->extras;
    tfd_str extra;

    while (req->found != TFD_NONE && tfd_extra_next(&rest, &extra)) {
        bool known = false;

        for (size_t i = 0; i < all->count && !known; i++)
            known = all->items[i].dist == req->found && tfd_name_eq(all->items[i].extra, extra);
        if (known)
            continue;
        if (!TFD_GROW(packages->arena, all))
            return TFD_ENOMEM;
        all->items[all->count++] = (wish){req->found, extra};
    }
    return TFD_OK;
}

/* Extras that were asked for bring requirements, which may ask for further extras. */
static tfd_status grant_wishes(tfd_packages *packages, wishes *all)
{
    tfd_requirement *reqs = packages->facts->requirements.items;

    for (size_t i = 0; i < all->count; i++) {
        size_t first = packages->requires[all->items[i].dist].first;
        size_t count = packages->requires[all->items[i].dist].count;

        for (size_t k = first; k < first + count; k++) {
            tfd_tri answer;

            if (reqs[k].applies == TFD_YES || reqs[k].is_malformed)
                continue;
            answer = evaluate(packages, packages->markers[k], all->items[i].extra);
            if (answer != TFD_NO)
                reqs[k].applies = answer;
            if (answer == TFD_YES && add_wishes(packages, all, &reqs[k]) != TFD_OK)
                return TFD_ENOMEM;
        }
    }
    return TFD_OK;
}

static void mark_needed(tfd_packages *packages, size_t root, size_t *queue)
{
    tfd_dist *dists = packages->facts->dists.items;
    tfd_requirement *reqs = packages->facts->requirements.items;
    size_t head = 0;
    size_t tail = 0;

    if (root == TFD_NONE || dists[root].is_needed)
        return;
    dists[root].is_needed = true;
    queue[tail++] = root;
    while (head < tail) {
        size_t row = queue[head++];

        for (size_t k = 0; k < packages->requires[row].count; k++) {
            tfd_requirement *req = &reqs[packages->requires[row].first + k];

            if (req->applies == TFD_NO)
                continue;
            req->is_needed = true;
            if (req->found != TFD_NONE && !dists[req->found].is_needed) {
                dists[req->found].is_needed = true;
                queue[tail++] = req->found;
            }
        }
    }
}

/* The distribution of the module asked for, where it is not TensorFlow itself. */
static size_t find_asked(tfd_packages *packages)
{
    tfd_str top = packages->facts->module_top;
    tfd_str key = tfd_kb_module_dist(packages->kb, top);
    char text[256];
    uint32_t row;

    if (!key.len)
        key = (tfd_str){text, tfd_name_key(top, text, sizeof text)};
    row = tfd_map_get(&packages->keys, key);
    return row == TFD_MAP_NONE || packages->facts->dists.items[row].is_tensorflow ? TFD_NONE : row;
}

tfd_status tfd_packages_resolve(tfd_packages *packages)
{
    tfd_facts *facts = packages->facts;
    wishes all = {NULL, 0, 0};
    size_t *queue = tfd_arena_new(packages->arena, size_t, facts->dists.count);

    if (!queue)
        return TFD_ENOMEM;
    make_env(packages);
    for (size_t i = 0; i < facts->requirements.count; i++) {
        tfd_requirement *req = &facts->requirements.items[i];

        req->found = req->is_malformed ? TFD_NONE : find_provider(packages, req->key);
        req->applies =
            req->is_malformed ? TFD_UNKNOWN : evaluate(packages, packages->markers[i], TFD_STR(""));
        req->satisfied = judge(facts, req);
        if (req->applies == TFD_YES && add_wishes(packages, &all, req) != TFD_OK)
            return TFD_ENOMEM;
    }
    if (grant_wishes(packages, &all) != TFD_OK)
        return TFD_ENOMEM;
    mark_needed(packages, facts->tensorflow, queue);
    mark_needed(packages, find_asked(packages), queue);
    return TFD_OK;
}
