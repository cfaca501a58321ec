#include "probes/native_roots.h"

/* TensorFlow checks the processor before anything else (platform/self_check.py), then loads its core. */
enum { RANK_STDLIB, RANK_GUARD, RANK_CORE, RANK_ORDINARY, RANK_LIBRARY, RANK_ASKED, RANK_COUNT };

typedef struct finder {
    tfd_probe_ctx *ctx;
    tfd_native_roots *out;
    tfd_str suffixes[3]; /* of extension modules, in the order in which the interpreter tries them */
    size_t suffix_count;
    tfd_map seen;
    tfd_err *err;
} finder;

static tfd_status no_memory(tfd_err *err)
{
    return tfd_err_set(err, TFD_ENOMEM, 0, "native files: out of memory");
}

/* _PyImport_DynLoadFiletab of CPython: ".SOABI.so", ".abi3.so", ".so"; each with its dot. */
static tfd_status set_suffixes(finder *f)
{
    tfd_str soabi = f->ctx->facts->python.soabi;

    if (soabi.len > 0) {
        f->suffixes[f->suffix_count] = tfd_arena_fmt(f->ctx->arena, "%.*s.so", TFD_ARG(soabi));
        if (!f->suffixes[f->suffix_count++].ptr)
            return no_memory(f->err);
    }
    f->suffixes[f->suffix_count++] = TFD_STR("abi3.so");
    f->suffixes[f->suffix_count++] = TFD_STR("so");
    return TFD_OK;
}

static tfd_status add_root(finder *f, tfd_native_root root)
{
    if (tfd_map_get(&f->seen, root.path) != TFD_MAP_NONE)
        return TFD_OK;
    if (!TFD_GROW(f->ctx->arena, f->out) || !tfd_map_put(f->ctx->arena, &f->seen, root.path, 0))
        return no_memory(f->err);
    f->out->items[f->out->count++] = root;
    return TFD_OK;
}

/* "numpy/core/_multiarray_umath.*.so" below a folder: the file the interpreter would pick, or the empty
 * slice. A file that may not be looked at counts as there. */
static tfd_status find_below(finder *f, tfd_str folder, tfd_str pattern, tfd_str *out)
{
    size_t star = tfd_str_find_char(pattern, '*');
    size_t variants = star == TFD_NPOS ? 1 : f->suffix_count;

    *out = (tfd_str){NULL, 0};
    for (size_t i = 0; i < variants; i++) {
        tfd_str name = pattern;
        tfd_str path;
        tfd_stat stat;
        tfd_status st;

        if (star != TFD_NPOS)
            name = tfd_arena_fmt(f->ctx->arena, "%.*s%.*s", TFD_ARG(tfd_str_sub(pattern, 0, star)),
                                 TFD_ARG(f->suffixes[i]));
        path = name.ptr ? tfd_path_join(f->ctx->sys->style, f->ctx->arena, folder, name) : name;
        if (!path.ptr)
            return no_memory(f->err);
        st = f->ctx->sys->stat(f->ctx->sys, path, true, &stat, NULL);
        if (st != TFD_OK && st != TFD_ENOENT && st != TFD_EACCESS)
            f->out->unknown = path;
        if (st == TFD_EACCESS || (st == TFD_OK && stat.kind == TFD_KIND_FILE)) {
            *out = path;
            return TFD_OK;
        }
    }
    return TFD_OK;
}

/* The same over sys.path: only places that have the package's folder are asked. */
static tfd_status find_on_path(finder *f, tfd_str pattern, tfd_str *out)
{
    const tfd_places *places = &f->ctx->facts->places;
    tfd_str top, rest;
    tfd_status st = TFD_OK;

    *out = (tfd_str){NULL, 0};
    (void)tfd_str_cut(pattern, '/', &top, &rest);
    for (size_t i = 0; i < places->count && st == TFD_OK && !out->ptr; i++)
        if (!places->items[i].is_zip &&
            tfd_map_get(&places->items[i].names, rest.len ? top : pattern) != TFD_MAP_NONE)
            st = find_below(f, places->items[i].path, pattern, out);
    return st;
}

/* Until 2.1 the package "tensorflow" was a shell around "tensorflow_core". */
static bool is_tensorflow_file(tfd_str path)
{
    return tfd_str_starts_z(path, "tensorflow/") || tfd_str_starts_z(path, "tensorflow_core/");
}

static int rank_of(tfd_str path)
{
    if (tfd_str_ends_z(path, "/_pywrap_cpu_feature_guard.so"))
        return RANK_GUARD;
    if (tfd_str_ends_z(path, "/python/_pywrap_tensorflow_internal.so"))
        return RANK_CORE;
    /* "libforestprotos.so" comes with the module that needs it and binds in that one's scope; few are opened
     * alone. */
    return tfd_str_starts_z(tfd_path_base(TFD_PATH_POSIX, path), "lib") ? RANK_LIBRARY : RANK_ORDINARY;
}

/* Libraries beside the modules (h5py.libs/libhdf5-9e18f0c6.so.320, libtensorflow_cc.so.2) come through
 * DT_NEEDED; their names change with every build. */
static bool is_opened_itself(tfd_str path)
{
    tfd_str top, rest;

    (void)tfd_str_cut(path, '/', &top, &rest);
    return tfd_str_ends_z(path, ".so") && !tfd_str_ends_z(top, ".libs");
}

/* Releases whose framework is no library of its own, and by accident some later ones, open the core with
 * RTLD_GLOBAL (python/pywrap_tensorflow.py tries to import this module and takes its absence for no). */
static tfd_status opens_globally(finder *f, tfd_native_root *core)
{
    tfd_str path;
    tfd_status st = find_below(f, tfd_path_dir(f->ctx->sys->style, core->path),
                               TFD_STR("pywrap_dlopen_global_flags.py"), &path);

    core->is_global = path.ptr != NULL;
    return st;
}

static tfd_status add_measured(finder *f, const tfd_kb_imports *imports, const tfd_kb_library *library)
{
    tfd_facts *facts = f->ctx->facts;
    bool is_tf = is_tensorflow_file(library->path);
    tfd_native_root root = {.rank = rank_of(library->path)};
    tfd_kb_need need;
    tfd_status st;

    if (!is_opened_itself(library->path))
        return TFD_OK;
    root.dist = is_tf ? facts->tensorflow : tfd_dist_find(facts, library->dist);
    need =
        is_tf ? TFD_KB_NEED_IMPORT : tfd_kb_dist_need(f->ctx->kb, tfd_facts_tf_version(facts), library->dist);
    root.is_optional = need == TFD_KB_NEED_NONE || tfd_kb_library_is_spared(imports, library) ||
                       (!is_tf && tfd_kb_is_optional(f->ctx->kb, facts->module, library->dist));
    st = find_on_path(f, library->path, &root.path);
    if (st == TFD_OK && root.rank == RANK_CORE && root.path.ptr)
        st = opens_globally(f, &root);
    return st == TFD_OK && root.path.ptr ? add_root(f, root) : st;
}

static tfd_status add_stdlib_module(finder *f, const tfd_kb_module *module)
{
    const tfd_places *places = &f->ctx->facts->places;
    tfd_native_root root = {.dist = TFD_NONE, .rank = RANK_STDLIB};
    tfd_status st = TFD_OK;
    tfd_str pattern;

    root.is_optional = module->hidden != TFD_KB_NEED_IMPORT;
    pattern = tfd_arena_fmt(f->ctx->arena, "%.*s.*.so", TFD_ARG(module->name));
    if (!pattern.ptr)
        return no_memory(f->err);
    for (size_t i = 0; i < places->count && st == TFD_OK && !root.path.ptr; i++)
        if (places->items[i].kind == TFD_PLACE_DYNLOAD)
            st = find_below(f, places->items[i].path, pattern, &root.path);
    return st == TFD_OK && root.path.ptr ? add_root(f, root) : st;
}

/* ---- a module that was not measured: every extension module of its package */

typedef struct folders {
    tfd_str *items;
    size_t count, capacity;
} folders;

/* "x.cpython-311-….so" is no module for CPython 3.12; "x.so" and "x.abi3.so" are for any. */
static bool fits_interpreter(const finder *f, tfd_str name)
{
    tfd_str head, tail;

    if (!tfd_str_ends_z(name, ".so"))
        return false;
    (void)tfd_str_cut(name, '.', &head, &tail);
    for (size_t i = 0; i < f->suffix_count; i++)
        if (tfd_str_eq(tail, f->suffixes[i]))
            return true;
    return false;
}

static tfd_status list_folder(finder *f, tfd_str folder, size_t dist, bool is_optional, folders *todo)
{
    tfd_dirents entries = {0};
    tfd_status st = f->ctx->sys->list(f->ctx->sys, f->ctx->arena, folder, &entries, NULL);

    if (st == TFD_ENOMEM)
        return no_memory(f->err);
    for (size_t i = 0; i < entries.count; i++) {
        tfd_str name = entries.items[i].name;
        bool is_dir = entries.items[i].kind == TFD_KIND_DIR && !tfd_str_is(name, "__pycache__");
        tfd_str path;

        if (!is_dir && !fits_interpreter(f, name))
            continue;
        path = tfd_path_join(f->ctx->sys->style, f->ctx->arena, folder, name);
        if (!path.ptr)
            return no_memory(f->err);
        if (is_dir && todo->count < TFD_NATIVE_FOLDERS_MAX) {
            if (!TFD_GROW(f->ctx->arena, todo))
                return no_memory(f->err);
            todo->items[todo->count++] = path;
        } else if (!is_dir) {
            st = add_root(f, (tfd_native_root){
                                 .path = path, .dist = dist, .rank = RANK_ASKED, .is_optional = is_optional});
            if (st != TFD_OK)
                return st;
        }
    }
    return TFD_OK;
}

static tfd_status add_package(finder *f, tfd_str top)
{
    const tfd_places *places = &f->ctx->facts->places;
    tfd_str key = tfd_kb_module_dist(f->ctx->kb, top);
    size_t dist = tfd_dist_find(f->ctx->facts, key.len ? key : top);
    /* Some add-ons load their libraries when an operation is first used, or go on with a warning. */
    const tfd_kb_addon *addon = tfd_kb_addon_of_module(f->ctx->kb, top);
    bool is_optional = addon && !addon->is_strict;
    folders todo = {0};
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < places->count && todo.count == 0; i++) {
        tfd_str folder;

        if (tfd_map_get(&places->items[i].names, top) == TFD_MAP_NONE)
            continue;
        folder = tfd_path_join(f->ctx->sys->style, f->ctx->arena, places->items[i].path, top);
        if (!folder.ptr || !TFD_GROW(f->ctx->arena, &todo))
            return no_memory(f->err);
        todo.items[todo.count++] = folder;
    }
    for (size_t i = 0; i < todo.count && st == TFD_OK; i++)
        st = list_folder(f, todo.items[i], dist, is_optional, &todo);
    return st;
}

/* ---- all of them */

static tfd_status sort_by_rank(finder *f)
{
    tfd_native_root *sorted = tfd_arena_new(f->ctx->arena, tfd_native_root, f->out->count + 1);
    size_t n = 0;

    if (!sorted)
        return no_memory(f->err);
    for (int rank = 0; rank < RANK_COUNT; rank++)
        for (size_t i = 0; i < f->out->count; i++)
            if (f->out->items[i].rank == rank)
                sorted[n++] = f->out->items[i];
    f->out->items = sorted;
    return TFD_OK;
}

tfd_status tfd_native_roots_find(tfd_probe_ctx *ctx, tfd_native_roots *out, tfd_err *err)
{
    finder f = {.ctx = ctx, .out = out, .err = err};
    const tfd_kb_imports *imports = tfd_kb_imports_find(ctx->kb, tfd_facts_tf_version(ctx->facts));
    tfd_status st = set_suffixes(&f);

    for (size_t i = 0; imports && i < imports->module_count && st == TFD_OK; i++)
        if (imports->modules[i].stdlib && imports->modules[i].native)
            st = add_stdlib_module(&f, &imports->modules[i]);
    for (size_t i = 0; imports && i < imports->library_count && st == TFD_OK; i++)
        st = add_measured(&f, imports, &imports->libraries[i]);
    if (st == TFD_OK && !tfd_str_is(ctx->facts->module_top, "tensorflow") && ctx->facts->module_top.len > 0)
        st = add_package(&f, ctx->facts->module_top);
    return st == TFD_OK ? sort_by_rank(&f) : st;
}
