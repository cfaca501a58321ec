#include "core/view.h"

#include "formats/pep440.h"

#include <stdio.h>

bool tfd_view_is_windows(const tfd_view *view)
{
    return view->facts->system && view->facts->system->os == TFD_OS_WINDOWS;
}

tfd_str tfd_view_platform(const tfd_view *view)
{
    bool is_arm = view->facts->python.arch == TFD_ARCH_AARCH64;

    if (tfd_view_is_windows(view))
        return is_arm ? TFD_STR("windows-arm64") : TFD_STR("windows-x86_64");
    return is_arm ? TFD_STR("linux-aarch64") : TFD_STR("linux-x86_64");
}

const tfd_kb_release *tfd_view_newest_release(const tfd_view *view)
{
    const tfd_python *py = &view->facts->python;
    char python[24];

    (void)snprintf(python, sizeof python, "%d.%d", py->major, py->minor);
    return tfd_kb_newest_find(view->kb, tfd_view_platform(view), tfd_str_of(python), py->libc_version);
}

tfd_path_style tfd_view_style(const tfd_view *view)
{
    return tfd_view_is_windows(view) ? TFD_PATH_WINDOWS : TFD_PATH_POSIX;
}

bool tfd_view_variable(const tfd_view *view, tfd_str name, tfd_str *value)
{
    bool is_windows = tfd_view_is_windows(view);

    for (size_t i = 0; i < view->facts->environment_count; i++) {
        tfd_str one;

        (void)tfd_str_cut(view->facts->environment[i], '=', &one, value);
        if (is_windows ? tfd_str_eq_nocase(one, name) : tfd_str_eq(one, name))
            return true;
    }
    *value = TFD_STR("");
    return false;
}

const tfd_dist *tfd_view_dist(const tfd_view *view, size_t row)
{
    return row < view->facts->dists.count ? &view->facts->dists.items[row] : NULL;
}

const tfd_object *tfd_view_object(const tfd_view *view, size_t row)
{
    return row < view->facts->objects.count ? &view->facts->objects.items[row] : NULL;
}

const tfd_place *tfd_view_place(const tfd_view *view, size_t row)
{
    return row < view->facts->places.count ? &view->facts->places.items[row] : NULL;
}

const tfd_dist *tfd_view_tensorflow(const tfd_view *view)
{
    return tfd_view_dist(view, view->facts->tensorflow);
}

tfd_str tfd_view_tf_version(const tfd_view *view)
{
    return tfd_facts_tf_version(view->facts);
}

const tfd_dist *tfd_view_hidden_tensorflow(const tfd_view *view)
{
    const tfd_dist *tf = tfd_view_tensorflow(view);
    const tfd_place *place = tf ? tfd_view_place(view, tf->place) : NULL;

    for (size_t i = 0; tf && i < view->facts->dists.count; i++)
        if (view->facts->dists.items[i].is_tensorflow && view->facts->dists.items[i].is_shadowed &&
            view->facts->dists.items[i].place == tf->place)
            return &view->facts->dists.items[i];
    if (!place || (place->kind != TFD_PLACE_PYTHONPATH && place->kind != TFD_PLACE_USER_SITE &&
                   place->kind != TFD_PLACE_PTH && place->kind != TFD_PLACE_CUSTOMIZE))
        return NULL;
    for (size_t i = 0; i < view->facts->dists.count; i++) {
        const tfd_dist *dist = &view->facts->dists.items[i];
        const tfd_place *other = tfd_view_place(view, dist->place);

        if (dist->is_tensorflow && dist != tf && other && other->kind == TFD_PLACE_SITE)
            return dist;
    }
    return NULL;
}

size_t tfd_view_place_of(const tfd_view *view, tfd_str path)
{
    const tfd_places *places = &view->facts->places;
    tfd_path_style style = tfd_view_style(view);
    size_t best = TFD_NONE;
    size_t best_len = 0;

    for (size_t i = 0; i < places->count; i++) {
        tfd_str dir = places->items[i].path;

        if (dir.len > best_len && path.len > dir.len && tfd_path_is_below(style, path, dir)) {
            best = i;
            best_len = dir.len;
        }
    }
    return best;
}

/* First component of path below dir, without an extension or the ".libs" of repaired wheels. */
static tfd_str top_level(tfd_path_style style, tfd_str path, tfd_str dir)
{
    tfd_str rest = tfd_str_from(path, dir.len);
    tfd_str top;
    tfd_str tail;

    while (rest.len > 0 && tfd_path_is_sep(style, rest.ptr[0]))
        rest = tfd_str_from(rest, 1);
    top = tfd_path_first(style, rest, &tail);
    (void)tfd_str_cut(top, '.', &top, &tail);
    return top;
}

size_t tfd_view_dist_of(const tfd_view *view, tfd_str path)
{
    const tfd_facts *facts = view->facts;
    const tfd_place *place = tfd_view_place(view, tfd_view_place_of(view, path));
    tfd_str top = place ? top_level(tfd_view_style(view), path, place->path) : TFD_STR("");
    tfd_str name;
    size_t row;

    if (top.len == 0 || place->kind == TFD_PLACE_STDLIB || place->kind == TFD_PLACE_DYNLOAD)
        return TFD_NONE;
    if (tfd_str_is(top, "tensorflow") || tfd_str_is(top, "tensorflow_core"))
        return facts->tensorflow;
    if (tfd_str_is(top, "google") && tfd_path_has(tfd_view_style(view), path, "/google/protobuf"))
        return tfd_dist_find(facts, TFD_STR("protobuf"));
    name = tfd_kb_module_dist(view->kb, top);
    row = name.len > 0 ? tfd_dist_find(facts, name) : TFD_NONE;
    if (row != TFD_NONE)
        return row;
    for (size_t i = 0; i < facts->dists.count; i++) {
        const tfd_dist *dist = &facts->dists.items[i];
        bool same = dist->key.len == top.len && !dist->is_shadowed;

        for (size_t j = 0; same && j < top.len; j++)
            same = tfd_char_lower(top.ptr[j]) == dist->key.ptr[j] ||
                   (top.ptr[j] == '_' && dist->key.ptr[j] == '-');
        if (same)
            return i;
    }
    return TFD_NONE;
}

bool tfd_view_import_ok(const tfd_view *view)
{
    return view->facts->import.ran && view->facts->import.status == TFD_IMPORT_OK;
}

bool tfd_view_import_failed(const tfd_view *view)
{
    return view->facts->import.ran && view->facts->import.status == TFD_IMPORT_FAILS;
}

typedef struct removed_module {
    const char *name;
    int minor; /* first CPython 3.x without it */
} removed_module;

/* What's New in Python 3.12 and 3.13, section "Removed": what packages of older years still import. */
static const removed_module removed[] = {{"distutils", 12}, {"imp", 12},   {"asyncore", 12},
                                         {"asynchat", 12},  {"smtpd", 12}, {"cgi", 13},
                                         {"pipes", 13},     {"crypt", 13}, {"telnetlib", 13}};

bool tfd_view_was_removed(const tfd_view *view, tfd_str module)
{
    for (size_t i = 0; i < sizeof removed / sizeof removed[0]; i++)
        if (tfd_str_is(module, removed[i].name) && view->facts->python.minor >= removed[i].minor)
            return true;
    return false;
}

bool tfd_view_is_unfit(const tfd_view *view, size_t dist)
{
    const tfd_requirements *all = &view->facts->requirements;

    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].found == dist && all->items[i].is_needed && all->items[i].satisfied == TFD_NO)
            return true;
    return false;
}

bool tfd_view_wants_keras(const tfd_view *view)
{
    return !tfd_str_is(view->facts->module, "tensorflow");
}

static tfd_verdict verdict_of_need(const tfd_view *view, tfd_kb_need need)
{
    switch (need) {
    case TFD_KB_NEED_IMPORT:
        return TFD_VERDICT_BREAKS;
    case TFD_KB_NEED_KERAS:
        return tfd_view_wants_keras(view) ? TFD_VERDICT_BREAKS : TFD_VERDICT_HARMLESS;
    case TFD_KB_NEED_NONE:
        return TFD_VERDICT_HARMLESS;
    default:
        return TFD_VERDICT_UNKNOWN;
    }
}

static tfd_verdict verdict_of_effect(const tfd_view *view, tfd_kb_effect effect)
{
    if (effect == TFD_KB_EFFECT_IMPORT)
        return TFD_VERDICT_BREAKS;
    if (effect == TFD_KB_EFFECT_KERAS && tfd_view_wants_keras(view))
        return TFD_VERDICT_BREAKS;
    return TFD_VERDICT_HARMLESS;
}

static tfd_str installed_version(void *ctx, tfd_str key)
{
    const tfd_view *view = ctx;
    const tfd_dist *dist = tfd_view_dist(view, tfd_dist_find(view->facts, key));

    return dist ? dist->version : TFD_STR("");
}

static const tfd_kb_break *find_break(const tfd_view *view, tfd_str tf, tfd_str key, tfd_str version)
{
    tfd_view borrowed = *view;
    char python[32];

    (void)snprintf(python, sizeof python, "%d.%d", view->facts->python.major, view->facts->python.minor);
    return tfd_kb_break_find_with(view->kb, tf, tfd_str_of(view->facts->python.minor >= 0 ? python : ""), key,
                                  version, installed_version, &borrowed);
}

bool tfd_view_is_breaking(const tfd_view *view, tfd_str tf_version, tfd_str key, tfd_str version)
{
    const tfd_kb_break *row = find_break(view, tf_version, key, version);

    return row && verdict_of_effect(view, row->effect) == TFD_VERDICT_BREAKS;
}

tfd_verdict tfd_view_verdict(const tfd_view *view, tfd_str key, tfd_str version, const tfd_kb_break **rule)
{
    tfd_str tf = tfd_view_tf_version(view);
    const tfd_kb_break *row = find_break(view, tf, key, version);

    if (rule)
        *rule = row;
    if (row)
        return verdict_of_effect(view, row->effect);
    if (tfd_view_is_optional(view, key))
        return TFD_VERDICT_HARMLESS;
    if (version.len == 0)
        return verdict_of_need(view, tfd_kb_dist_need(view->kb, tf, key));
    return TFD_VERDICT_UNKNOWN;
}

bool tfd_view_is_optional(const tfd_view *view, tfd_str key)
{
    const tfd_dist *dist = tfd_view_dist(view, tfd_dist_find(view->facts, key));
    tfd_kb_need need = tfd_kb_dist_need(view->kb, tfd_view_tf_version(view), key);

    if (dist && dist->is_tensorflow)
        return false;
    if (need == TFD_KB_NEED_UNKNOWN)
        return tfd_kb_is_optional(view->kb, view->facts->module, key);
    return verdict_of_need(view, need) == TFD_VERDICT_HARMLESS;
}

bool tfd_view_may_be_empty(const tfd_view *view, tfd_str module)
{
    tfd_str version = tfd_view_tf_version(view);
    const tfd_kb_imports *imports = tfd_kb_imports_find(view->kb, version);
    const tfd_kb_module *known = imports ? tfd_kb_module_find(imports, module) : NULL;

    return known && tfd_kb_imports_are_of(imports, version) &&
           verdict_of_need(view, known->shadowed) == TFD_VERDICT_HARMLESS;
}

bool tfd_view_jaxlib_differs(const tfd_view *view)
{
    const tfd_dist *jax = tfd_view_dist(view, tfd_dist_find(view->facts, TFD_STR("jax")));
    const tfd_dist *jaxlib = tfd_view_dist(view, tfd_dist_find(view->facts, TFD_STR("jaxlib")));

    return jax && jaxlib && !tfd_str_eq(jax->version, jaxlib->version);
}

bool tfd_view_jaxlib_is_newer(const tfd_view *view)
{
    const tfd_dist *jax = tfd_view_dist(view, tfd_dist_find(view->facts, TFD_STR("jax")));
    const tfd_dist *jaxlib = tfd_view_dist(view, tfd_dist_find(view->facts, TFD_STR("jaxlib")));
    int order = 0;

    return jax && jaxlib && tfd_version_cmp_text(jaxlib->version, jax->version, &order) && order > 0;
}

tfd_verdict tfd_view_verdict_broken(const tfd_view *view, tfd_str module)
{
    const tfd_kb_imports *imports = tfd_kb_imports_find(view->kb, tfd_view_tf_version(view));
    const tfd_kb_module *known = imports ? tfd_kb_module_find(imports, module) : NULL;

    return known ? verdict_of_need(view, known->broken) : TFD_VERDICT_UNKNOWN;
}

/* TensorFlow's own files, where they are not known: 949 MB for 2.20. */
#define TENSORFLOW_BYTES ((uint64_t)1 << 30)
/* OpenBLAS and TensorFlow start a thread for each processor: 8 MiB of stack (ulimit -s), and glibc's malloc
 * reserves 64 MiB of address space, twice that while it aligns them, for the arena of each (malloc/arena.c,
 * HEAP_MAX_SIZE). */
#define STACK_BYTES ((uint64_t)8 << 20)
#define ARENA_BYTES ((uint64_t)128 << 20)

static uint64_t of_threads(const tfd_view *view, uint64_t each)
{
    return view->facts->system ? view->facts->system->processors * each : 0;
}

bool tfd_view_is_space_tight(const tfd_view *view, uint64_t bytes)
{
    const tfd_fact *limit = &view->facts->scalars[TFD_FACT_LIMIT_AS];

    return limit->state == TFD_STATE_PRESENT && limit->integer >= 0 &&
           (uint64_t)limit->integer <
               4 * (bytes > 0 ? bytes : TENSORFLOW_BYTES) + of_threads(view, STACK_BYTES + ARENA_BYTES);
}

/* Bytes. Four times what the import needs. */
#define DATA_MAX ((uint64_t)1 << 30)

bool tfd_view_is_data_tight(const tfd_view *view)
{
    const tfd_fact *limit = &view->facts->scalars[TFD_FACT_LIMIT_DATA];

    return limit->state == TFD_STATE_PRESENT && limit->integer >= 0 &&
           (uint64_t)limit->integer < DATA_MAX + of_threads(view, STACK_BYTES);
}

tfd_str tfd_view_noexec_mount(const tfd_view *view, tfd_str path)
{
    const tfd_objects *all = &view->facts->objects;

    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].noexec_mount.len > 1 &&
            tfd_path_is_below(tfd_view_style(view), path, all->items[i].noexec_mount))
            return all->items[i].noexec_mount;
    return TFD_STR("");
}
