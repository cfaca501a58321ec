#include "probes/native_steps.h"

#include "probes/native_steps_code.h"

typedef struct finder {
    tfd_probe_ctx *ctx;
    tfd_steps *out;
    tfd_str suffixes[2]; /* of extension modules, in the order in which the interpreter tries them */
    tfd_map seen;        /* files, and packages whose code was read */
    tfd_err *err;
} finder;

static tfd_status no_memory(tfd_err *err)
{
    return tfd_err_set(err, TFD_ENOMEM, 0, "native files: out of memory");
}

/* _PyImport_DynLoadFiletab of CPython for Windows: ".cp312-win_amd64.pyd", then ".pyd". */
static tfd_status set_suffixes(finder *f)
{
    const tfd_python *python = &f->ctx->facts->python;
    tfd_str soabi = python->soabi;

    if (soabi.len == 0 || !tfd_str_starts_z(soabi, "cp"))
        soabi =
            tfd_arena_fmt(f->ctx->arena, "cp%d%d%s-%s", python->major < 0 ? 3 : python->major,
                          python->minor < 0 ? 0 : python->minor, python->free_threaded == TFD_YES ? "t" : "",
                          python->arch == TFD_ARCH_X86       ? "win32"
                          : python->arch == TFD_ARCH_AARCH64 ? "win_arm64"
                                                             : "win_amd64");
    f->suffixes[0] = tfd_arena_fmt(f->ctx->arena, ".%.*s.pyd", TFD_ARG(soabi));
    f->suffixes[1] = TFD_STR(".pyd");
    return f->suffixes[0].ptr ? TFD_OK : no_memory(f->err);
}

static tfd_status mark_seen(finder *f, tfd_str path, bool *was_seen)
{
    *was_seen = tfd_map_get(&f->seen, path) != TFD_MAP_NONE;
    return *was_seen || tfd_map_put(f->ctx->arena, &f->seen, path, 0) ? TFD_OK : no_memory(f->err);
}

/* The file at path, if it is there. One that may not be looked at counts as there. */
static tfd_status find_file(finder *f, tfd_str path, tfd_str *out)
{
    tfd_stat stat;
    tfd_status st;

    if (!path.ptr)
        return no_memory(f->err);
    st = f->ctx->sys->stat(f->ctx->sys, path, true, &stat, NULL);
    if (st != TFD_OK && st != TFD_ENOENT && st != TFD_EACCESS)
        f->out->unknown = path;
    if (st == TFD_EACCESS || (st == TFD_OK && stat.kind == TFD_KIND_FILE))
        *out = path;
    return TFD_OK;
}

/* "numpy/_core/_multiarray_umath.*.pyd" below a folder; "*" stands for the interpreter's suffixes. */
static tfd_status find_below(finder *f, tfd_str folder, tfd_str pattern, tfd_str *out)
{
    tfd_arena *arena = f->ctx->arena;
    tfd_str stem = tfd_str_ends_z(pattern, ".*.pyd") ? tfd_str_sub(pattern, 0, pattern.len - 6) : pattern;
    size_t variants = stem.len == pattern.len ? 1 : 2;
    tfd_status st = TFD_OK;

    *out = (tfd_str){NULL, 0};
    for (size_t i = 0; i < variants && st == TFD_OK && !out->ptr; i++) {
        tfd_str name =
            variants == 1 ? stem : tfd_arena_fmt(arena, "%.*s%.*s", TFD_ARG(stem), TFD_ARG(f->suffixes[i]));

        name = name.ptr ? tfd_path_norm(f->ctx->sys->style, arena, name) : name;
        st = name.ptr ? find_file(f, tfd_path_join(f->ctx->sys->style, arena, folder, name), out)
                      : no_memory(f->err);
    }
    return st;
}

/* Whether the entries of a place tell that it holds nothing of the pattern: no folder of that name, no
 * module. */
static bool lacks(const finder *f, const tfd_place *place, tfd_str pattern)
{
    tfd_str top, rest;
    bool is_nested = tfd_str_cut(pattern, '/', &top, &rest);

    if (place->is_zip)
        return true;
    if (!place->readable || place->is_unknown)
        return false;
    if (is_nested)
        return tfd_map_get(&place->names, top) == TFD_MAP_NONE;
    top = tfd_str_ends_z(pattern, ".*.pyd") ? tfd_str_sub(pattern, 0, pattern.len - 6) : pattern;
    for (size_t i = 0; i < 2; i++) {
        tfd_str name = tfd_arena_fmt(f->ctx->arena, "%.*s%.*s", TFD_ARG(top), TFD_ARG(f->suffixes[i]));

        if (!name.ptr || tfd_map_get(&place->names, name) != TFD_MAP_NONE)
            return false;
    }
    return true;
}

/* Over sys.path. */
static tfd_status find_on_path(finder *f, tfd_str pattern, tfd_str *place, tfd_str *out)
{
    const tfd_places *places = &f->ctx->facts->places;
    tfd_status st = TFD_OK;

    *out = (tfd_str){NULL, 0};
    for (size_t i = 0; i < places->count && st == TFD_OK && !out->ptr; i++) {
        if (lacks(f, &places->items[i], pattern))
            continue;
        *place = places->items[i].path;
        st = find_below(f, *place, pattern, out);
    }
    return st;
}

static tfd_status add_open(finder *f, tfd_str path, size_t dist, bool is_optional)
{
    tfd_step step = {.kind = TFD_STEP_OPEN, .path = path, .dist = dist, .is_optional = is_optional};
    bool was_seen;
    tfd_status st = mark_seen(f, path, &was_seen);

    return st == TFD_OK && !was_seen ? tfd_steps_push(f->ctx, f->out, step, f->err) : st;
}

/* What the package does before its first module is opened. */
static tfd_status enter_package(finder *f, tfd_str place, tfd_str pattern, size_t dist)
{
    tfd_str top, rest, folder;
    bool was_seen;
    tfd_status st;

    if (!tfd_str_cut(pattern, '/', &top, &rest))
        return TFD_OK;
    folder = tfd_path_join(f->ctx->sys->style, f->ctx->arena, place, top);
    if (!folder.ptr)
        return no_memory(f->err);
    st = mark_seen(f, folder, &was_seen);
    return st == TFD_OK && !was_seen ? tfd_steps_add_package(f->ctx, folder, dist, f->out, f->err) : st;
}

/* ---- measured */

static tfd_status add_stdlib(finder *f, tfd_str name, const tfd_kb_imports *imports)
{
    const tfd_kb_module *module = imports ? tfd_kb_module_find(imports, name) : NULL;
    tfd_str path = {NULL, 0}, place, pattern = tfd_arena_fmt(f->ctx->arena, "%.*s.*.pyd", TFD_ARG(name));
    tfd_status st = pattern.ptr ? find_on_path(f, pattern, &place, &path) : no_memory(f->err);

    if (st != TFD_OK || !path.ptr)
        return st;
    return add_open(f, path, TFD_NONE, !module || module->hidden != TFD_KB_NEED_IMPORT);
}

static bool is_optional(const finder *f, const tfd_kb_library *row, const tfd_kb_imports *imports, bool is_tf)
{
    tfd_facts *facts = f->ctx->facts;

    if (is_tf)
        return false;
    return tfd_kb_dist_need(f->ctx->kb, tfd_facts_tf_version(facts), row->dist) == TFD_KB_NEED_NONE ||
           (imports && tfd_kb_library_is_spared(imports, row)) ||
           tfd_kb_is_optional(f->ctx->kb, facts->module, row->dist);
}

/* Until 2.1 the package "tensorflow" was a shell around "tensorflow_core". */
static bool is_tensorflow_file(tfd_str path)
{
    return tfd_str_starts_z(path, "tensorflow/") || tfd_str_starts_z(path, "tensorflow_core/");
}

static tfd_status add_measured(finder *f, const tfd_kb_library *row, const tfd_kb_imports *imports)
{
    tfd_facts *facts = f->ctx->facts;
    bool is_tf = is_tensorflow_file(row->path);
    size_t dist = is_tf ? facts->tensorflow : tfd_dist_find(facts, row->dist);
    tfd_str path, place;
    tfd_status st;

    if (row->dist.len == 0)
        return add_stdlib(f, row->path, imports);
    st = find_on_path(f, row->path, &place, &path);
    if (st != TFD_OK || !path.ptr)
        return st;
    if (tfd_str_ends_z(row->path, "/self_check.py"))
        return tfd_steps_add_check(f->ctx, path, dist, f->out, f->err);
    st = enter_package(f, place, row->path, dist);
    return st == TFD_OK ? add_open(f, path, dist, is_optional(f, row, imports, is_tf)) : st;
}

/* ---- a module that was not measured: every extension module of its package */

typedef struct folders {
    tfd_str *items;
    size_t count, capacity;
} folders;

/* "x.cp311-win_amd64.pyd" is no module for CPython 3.12; "x.pyd" is for any. */
static bool fits_interpreter(const finder *f, tfd_str name)
{
    tfd_str head, tail;

    if (!tfd_str_ends_z(name, ".pyd"))
        return false;
    (void)tfd_str_cut(name, '.', &head, &tail);
    return tfd_str_is(tail, "pyd") || tfd_str_eq(tail, tfd_str_from(f->suffixes[0], 1));
}

static tfd_status list_folder(finder *f, tfd_str folder, size_t dist, folders *todo)
{
    tfd_dirents entries = {0};
    tfd_status st = f->ctx->sys->list(f->ctx->sys, f->ctx->arena, folder, &entries, NULL);

    if (st == TFD_ENOMEM)
        return no_memory(f->err);
    st = TFD_OK;
    for (size_t i = 0; i < entries.count && st == TFD_OK; i++) {
        tfd_str name = entries.items[i].name;
        bool is_dir = entries.items[i].kind == TFD_KIND_DIR && !tfd_str_is(name, "__pycache__");
        tfd_str path;

        if (!is_dir && !fits_interpreter(f, name))
            continue;
        path = tfd_path_join(f->ctx->sys->style, f->ctx->arena, folder, name);
        if (!path.ptr)
            return no_memory(f->err);
        if (is_dir && todo->count < TFD_STEPS_FOLDERS_MAX) {
            if (!TFD_GROW(f->ctx->arena, todo))
                return no_memory(f->err);
            todo->items[todo->count++] = path;
        } else if (!is_dir) {
            st = add_open(f, path, dist, false);
        }
    }
    return st;
}

static tfd_status add_package(finder *f, tfd_str top)
{
    const tfd_places *places = &f->ctx->facts->places;
    tfd_str key = tfd_kb_module_dist(f->ctx->kb, top);
    size_t dist = tfd_dist_find(f->ctx->facts, key.len ? key : top);
    folders todo = {0};
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < places->count && todo.count == 0 && st == TFD_OK; i++) {
        tfd_str folder;

        if (tfd_map_get(&places->items[i].names, top) == TFD_MAP_NONE)
            continue;
        folder = tfd_path_join(f->ctx->sys->style, f->ctx->arena, places->items[i].path, top);
        if (!folder.ptr || !TFD_GROW(f->ctx->arena, &todo))
            return no_memory(f->err);
        todo.items[todo.count++] = folder;
        st = tfd_steps_add_package(f->ctx, folder, dist, f->out, f->err);
    }
    for (size_t i = 0; i < todo.count && st == TFD_OK; i++)
        st = list_folder(f, todo.items[i], dist, &todo);
    return st;
}

/* ---- plugins */

/* Every DLL in tensorflow-plugins beside a package; TensorFlow opens them at the end of its own import
 * (tensorflow/__init__.py: "Load all plugin libraries from site-packages/tensorflow-plugins"). */
static tfd_status add_plugins(finder *f, const tfd_place *place)
{
    tfd_str folder =
        tfd_path_join(f->ctx->sys->style, f->ctx->arena, place->path, TFD_STR("tensorflow-plugins"));
    tfd_dirents entries = {0};
    tfd_status st =
        folder.ptr ? f->ctx->sys->list(f->ctx->sys, f->ctx->arena, folder, &entries, NULL) : TFD_ENOMEM;

    if (st == TFD_ENOMEM)
        return no_memory(f->err);
    if (st != TFD_OK && st != TFD_ENOENT)
        f->out->unknown = folder;
    st = TFD_OK;
    for (size_t i = 0; i < entries.count && st == TFD_OK; i++) {
        tfd_str path = tfd_path_join(f->ctx->sys->style, f->ctx->arena, folder, entries.items[i].name);

        if (!path.ptr)
            return no_memory(f->err);
        if (entries.items[i].kind != TFD_KIND_DIR && tfd_path_ends(TFD_PATH_WINDOWS, path, ".dll"))
            st = add_open(f, path, TFD_NONE, false);
    }
    return st;
}

/* ---- all of them */

tfd_status tfd_steps_find(tfd_probe_ctx *ctx, tfd_steps *out, tfd_err *err)
{
    tfd_facts *facts = ctx->facts;
    finder f = {.ctx = ctx, .out = out, .err = err};
    const tfd_kb_opened *opened = tfd_kb_opened_find(ctx->kb, tfd_facts_tf_version(facts));
    const tfd_kb_imports *imports = tfd_kb_imports_find(ctx->kb, tfd_facts_tf_version(facts));
    tfd_status st = set_suffixes(&f);

    if (st == TFD_OK)
        st = tfd_steps_add_startup(ctx, out, err);
    for (size_t i = 0; opened && i < opened->count && st == TFD_OK; i++)
        st = add_measured(&f, &opened->items[i], imports);
    if (st == TFD_OK && !tfd_str_is(facts->module_top, "tensorflow") && facts->module_top.len > 0)
        st = add_package(&f, facts->module_top);
    for (size_t i = 0; i < facts->places.count && st == TFD_OK; i++)
        if (tfd_map_get(&facts->places.items[i].names, TFD_STR("tensorflow-plugins")) != TFD_MAP_NONE &&
            tfd_str_find_z(facts->places.items[i].path, "site-packages") != TFD_NPOS)
            st = add_plugins(&f, &facts->places.items[i]);
    return st;
}
