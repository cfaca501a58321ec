/* For every module that the import needs: which place wins, and which should. */
#include "core/probe.h"
#include "probes/module_shim.h"
#include "python/modfind.h"
#include "python/stdlib.h"

#include <string.h>

typedef struct state {
    tfd_probe_ctx *ctx;
    tfd_facts *facts;
    const tfd_kb_imports *imports;
    tfd_modfind find;
    tfd_module_shim shim;
    tfd_map done; /* names with a row */
} state;

/* PEP 503 key of a module's own name: the distribution it most likely comes from. */
static tfd_str key_of(const state *s, tfd_str module)
{
    char *text = tfd_arena_take(s->ctx->arena, module.len + 1, 1);
    tfd_str out = {text, module.len};

    if (!text)
        return TFD_STR("");
    for (size_t i = 0; i < module.len; i++)
        text[i] = module.ptr[i] == '_' || module.ptr[i] == '.' ? '-' : tfd_char_lower(module.ptr[i]);
    return out;
}

static bool is_stdlib_place(const tfd_place *place)
{
    return place->kind == TFD_PLACE_STDLIB || place->kind == TFD_PLACE_STDLIB_ZIP ||
           place->kind == TFD_PLACE_DYNLOAD;
}

static void find_wanted_stdlib(state *s, tfd_module *row)
{
    tfd_modfound found;

    for (size_t i = 0; i < s->facts->places.count; i++) {
        if (!is_stdlib_place(&s->facts->places.items[i]))
            continue;
        tfd_modfind_in_place(&s->find, i, row->name, &found);
        if (found.kind == TFD_MODULE_MISSING || found.kind == TFD_MODULE_NAMESPACE)
            continue;
        row->wanted = i;
        row->wanted_path = found.path;
        return;
    }
}

/* The distribution that should provide the module: TensorFlow's own row for its top-level name. */
static size_t find_dist(state *s, tfd_str module, tfd_str *key)
{
    *key = tfd_kb_module_dist(s->ctx->kb, module);
    if (key->len == 0)
        *key = key_of(s, module);
    if (tfd_str_is(module, "tensorflow") && s->facts->tensorflow != TFD_NONE)
        return s->facts->tensorflow;
    return tfd_dist_find(s->facts, *key);
}

/* Row of the distribution of that key in one place, shadowed or not. */
static size_t find_dist_in(const tfd_facts *facts, size_t place, tfd_str key)
{
    for (size_t i = 0; i < facts->dists.count; i++)
        if (facts->dists.items[i].place == place && tfd_str_eq(facts->dists.items[i].key, key))
            return i;
    return TFD_NONE;
}

static void find_wanted_dist(state *s, tfd_module *row)
{
    tfd_modfound found;
    tfd_str key;

    row->wanted_dist = find_dist(s, row->name, &key);
    if (row->wanted_dist == TFD_NONE) {
        row->hint = key;
        return;
    }
    row->wanted = s->facts->dists.items[row->wanted_dist].place;
    if (row->wanted != TFD_NONE) {
        tfd_modfind_below_place(&s->find, row->wanted, row->name, &found);
        row->wanted_path = found.path;
    }
    if (row->place != TFD_NONE)
        row->dist = row->place == row->wanted ? row->wanted_dist : find_dist_in(s->facts, row->place, key);
}

/* One file under two names (a link, a folder that stands on sys.path twice) hides nothing. */
static bool is_same_file(const state *s, tfd_str a, tfd_str b)
{
    const tfd_sys *sys = s->ctx->sys;
    tfd_stat x, y;

    if (tfd_str_eq(a, b))
        return true;
    return sys->stat(sys, a, true, &x, NULL) == TFD_OK && sys->stat(sys, b, true, &y, NULL) == TFD_OK &&
           x.dev == y.dev && x.ino == y.ino && x.ino != 0;
}

static bool is_shadowed(const state *s, const tfd_module *row)
{
    bool hides_folder;

    if (row->wanted == TFD_NONE || row->wanted_path.len == 0 || row->place == TFD_NONE ||
        row->kind == TFD_MODULE_BUILTIN)
        return false;
    /* google.py beside the namespace folder google/: the module wins, and google.protobuf is gone. */
    hides_folder = row->place == row->wanted && row->kind == TFD_MODULE_MISSING;
    return (row->place < row->wanted || hides_folder) && !is_same_file(s, row->path, row->wanted_path);
}

/* RECORD of a distribution whose module is one file is small; a larger one is of a package. */
#define RECORD_MAX ((size_t)1 << 20)

/* Whether RECORD names the file and nothing of a folder of that name. */
static bool records_file_only(const state *s, const tfd_dist *dist, tfd_str file, tfd_str name)
{
    tfd_path_style style = s->ctx->sys->style;
    tfd_str path = tfd_path_join(style, s->ctx->arena, dist->path, TFD_STR("RECORD"));
    bool has_file = false;
    tfd_str text, line;

    if (dist->kind != TFD_DIST_INFO ||
        tfd_sys_read_file(s->ctx->sys, s->ctx->arena, path, RECORD_MAX, &text, NULL) != TFD_OK)
        return false;
    while (tfd_str_line(&text, &line)) {
        tfd_str rest = tfd_str_from(line, name.len);

        if (line.len <= name.len || !tfd_str_eq(tfd_str_sub(line, 0, name.len), name))
            continue;
        if (tfd_str_starts_z(rest, "/"))
            return false;
        has_file |= line.len > file.len && tfd_str_eq(tfd_str_sub(line, 0, file.len), file) &&
                    line.ptr[file.len] == ',';
    }
    return has_file;
}

/* six/__init__.py beside six.py: the folder wins, and the distribution's own file is the other one. */
static void find_file_beside(const state *s, tfd_module *row)
{
    tfd_str file;

    if (row->kind != TFD_MODULE_PACKAGE || row->place == TFD_NONE || row->place != row->wanted ||
        row->wanted_dist == TFD_NONE)
        return;
    file = tfd_arena_fmt(s->ctx->arena, "%.*s.py", TFD_ARG(row->name));
    if (tfd_map_get(&s->facts->places.items[row->place].names, file) == TFD_MAP_NONE ||
        !records_file_only(s, &s->facts->dists.items[row->wanted_dist], file, row->name))
        return;
    row->wanted_path =
        tfd_path_join(s->ctx->sys->style, s->ctx->arena, s->facts->places.items[row->place].path, file);
    row->is_shadowed = true;
}

/* A package that is not installed, found among those that setuptools brings. */
static void find_vendored(const state *s, tfd_module *row)
{
    tfd_str path = row->kind == TFD_MODULE_MISSING && row->place == TFD_NONE && !row->is_stdlib
                       ? tfd_module_shim_path(s->ctx, &s->shim, row->name)
                       : TFD_STR("");

    if (path.len == 0)
        return;
    row->kind = tfd_str_ends_z(path, ".py") ? TFD_MODULE_SOURCE : TFD_MODULE_PACKAGE;
    row->place = s->shim.place;
    row->path = path;
}

static bool is_closed(const tfd_sys *sys, tfd_str folder)
{
    return sys->access(sys, folder, TFD_ACCESS_READ, NULL) == TFD_EACCESS ||
           sys->access(sys, folder, TFD_ACCESS_EXEC, NULL) == TFD_EACCESS;
}

/* name: a slice that lives as long as the facts. */
static tfd_status add_module(state *s, tfd_str name, bool is_stdlib, bool is_needed, tfd_module **out)
{
    tfd_modules *all = &s->facts->modules;
    tfd_modfound found;
    tfd_module *row;

    *out = NULL;
    if (tfd_map_get(&s->done, name) != TFD_MAP_NONE)
        return TFD_OK;
    if (!tfd_map_put(s->ctx->arena, &s->done, name, 1) || !TFD_GROW(s->ctx->arena, all))
        return TFD_ENOMEM;
    row = &all->items[all->count++];
    tfd_modfind_find(&s->find, name, &found);
    row->name = name;
    row->kind = found.kind;
    row->place = found.place;
    row->path = found.path;
    row->dist = row->wanted = row->wanted_dist = TFD_NONE;
    row->is_stdlib = is_stdlib;
    row->is_needed = is_needed;
    find_vendored(s, row);
    if (is_stdlib)
        find_wanted_stdlib(s, row);
    else
        find_wanted_dist(s, row);
    row->is_shadowed = is_shadowed(s, row);
    find_file_beside(s, row);
    row->is_closed = row->kind == TFD_MODULE_NAMESPACE && is_closed(s->ctx->sys, row->path);
    *out = row;
    return TFD_OK;
}

static bool survives(const state *s, tfd_kb_need need)
{
    if (need == TFD_KB_NEED_NONE)
        return true;
    return need == TFD_KB_NEED_KERAS && !tfd_str_starts_z(s->facts->module, "tensorflow.keras");
}

static bool is_in_stdlib(const state *s, tfd_str module)
{
    if (s->ctx->sys->style == TFD_PATH_WINDOWS && tfd_stdlib_is_posix_only(module))
        return false;
    return tfd_stdlib_has(module, s->facts->python.major, s->facts->python.minor);
}

/* A file of the user's under the name of a package that others only look for (pandas, brotli): with the
 * package absent they go on, with this they do not. */
static bool answers_for_absent(const state *s, const tfd_module *row, const tfd_kb_module *known)
{
    return !known->stdlib && row->wanted_dist == TFD_NONE && row->place != TFD_NONE &&
           row->kind == TFD_MODULE_SOURCE && known->shadowed != TFD_KB_NEED_UNKNOWN &&
           s->facts->places.items[row->place].kind == TFD_PLACE_START && !survives(s, known->shadowed);
}

/* What import tensorflow was seen to load. */
static tfd_status add_known(state *s)
{
    for (size_t i = 0; s->imports && i < s->imports->module_count; i++) {
        const tfd_kb_module *known = &s->imports->modules[i];
        tfd_module *row;

        if (known->stdlib && !is_in_stdlib(s, known->name))
            continue;
        if (add_module(s, known->name, known->stdlib, true, &row) != TFD_OK)
            return TFD_ENOMEM;
        if (row && answers_for_absent(s, row, known))
            row->is_shadowed = true;
        if (row)
            row->is_optional = survives(s, row->is_shadowed ? known->shadowed : known->hidden);
    }
    return TFD_OK;
}

/* The module of a distribution: by the table, else its own name with '_' for '-'. */
static tfd_str module_of(const state *s, tfd_str key)
{
    tfd_str known = tfd_kb_dist_module(s->ctx->kb, key);
    char *text;

    if (known.len)
        return known;
    text = tfd_arena_take(s->ctx->arena, key.len + 1, 1);
    for (size_t i = 0; text && i < key.len; i++)
        text[i] = key.ptr[i] == '-' ? '_' : key.ptr[i];
    known.ptr = text;
    known.len = text ? key.len : 0;
    return known;
}

/* What the requirement closure brings besides: loaded only where this release was not measured. */
static tfd_status add_closure(state *s)
{
    tfd_str version =
        s->facts->tensorflow == TFD_NONE ? TFD_STR("") : s->facts->dists.items[s->facts->tensorflow].version;
    bool is_measured = s->imports && tfd_kb_imports_are_of(s->imports, version);

    for (size_t i = 0; i < s->facts->dists.count; i++) {
        const tfd_dist *dist = &s->facts->dists.items[i];
        tfd_str name = dist->is_needed ? module_of(s, dist->key) : TFD_STR("");
        tfd_module *row;

        if (!dist->is_needed || dist->is_shadowed || dist->is_tensorflow || name.len == 0)
            continue;
        if (add_module(s, name, false, !is_measured, &row) != TFD_OK)
            return TFD_ENOMEM;
        if (row)
            row->is_optional = true;
        /* A distribution need not have a module of its own name. */
        if (row && row->kind == TFD_MODULE_MISSING && row->place == TFD_NONE)
            s->facts->modules.count--;
    }
    return TFD_OK;
}

/* Modules that every interpreter loads before the first line: only PYTHONPATH and its like can hide them. */
static tfd_status add_startup(state *s)
{
    static const char *const names[] = {
        "encodings", "codecs", "io",        "abc",         "site",
        "os",        "stat",   "posixpath", "genericpath", "_collections_abc"};
    tfd_module *row;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool is_other = s->find.is_windows && strcmp(names[i], "posixpath") == 0;

        if (add_module(s, is_other ? TFD_STR("ntpath") : tfd_str_of(names[i]), true, true, &row) != TFD_OK)
            return TFD_ENOMEM;
    }
    return TFD_OK;
}

/* distutils, where TensorFlow asks for it and setuptools does not answer. */
static tfd_status add_distutils(state *s)
{
    tfd_str name = TFD_STR("distutils");
    tfd_module *row;

    if (!s->shim.asks || s->shim.answers)
        return TFD_OK;
    return add_module(s, name, is_in_stdlib(s, name), true, &row);
}

static tfd_status run(tfd_probe_ctx *ctx, tfd_err *err)
{
    tfd_facts *facts = ctx->facts;
    tfd_str version =
        facts->tensorflow == TFD_NONE ? TFD_STR("") : facts->dists.items[facts->tensorflow].version;
    tfd_modfound found;
    tfd_module *row;
    state s;

    memset(&s, 0, sizeof s);
    s.ctx = ctx;
    s.facts = facts;
    s.imports = tfd_kb_imports_find(ctx->kb, version);
    tfd_modfind_init(&s.find, ctx->sys, ctx->arena, facts);
    facts->modules.complete = facts->places.complete;
    facts->modules.why = facts->places.why;
    tfd_modfind_find(&s.find, TFD_STR("tensorflow"), &found);
    if (tfd_module_shim_find(ctx, found.path, &s.shim) != TFD_OK ||
        add_module(&s, facts->module_top.len ? facts->module_top : TFD_STR("tensorflow"), false, true,
                   &row) != TFD_OK ||
        add_known(&s) != TFD_OK || add_closure(&s) != TFD_OK || add_startup(&s) != TFD_OK ||
        add_distutils(&s) != TFD_OK)
        return tfd_err_set(err, TFD_ENOMEM, 0, "no memory for the modules");
    return TFD_OK;
}

const tfd_probe tfd_probe_modules = {
    .id = "modules",
    .summary = "Which file each module of the import comes from, and which it should come from",
    .phase = TFD_PHASE_FILES,
    .run = run,
};
