#include "probes/native_windows.h"

#include "probes/native_steps.h"

typedef struct native {
    tfd_probe_ctx *ctx;
    tfd_win_loader loader;
    tfd_arena scratch;
    tfd_steps steps;
    tfd_win_order order; /* of extension modules */
    struct {
        unsigned char *needed, *optional,
            *module; /* by file: loaded by a step; only by optional ones; is an extension module */
        size_t *dist;
        size_t capacity;
    } marks;
    tfd_err *err;
} native;

static tfd_status no_memory(tfd_err *err)
{
    return tfd_err_set(err, TFD_ENOMEM, 0, "native files: out of memory");
}

/* ---- the process */

/* SafeDllSearchMode (REG_DWORD, 0 switches it off): Microsoft, "Dynamic-link library search order". */
static bool has_unsafe_order(tfd_probe_ctx *ctx)
{
    tfd_reg_value value;
    tfd_str key = TFD_STR("SYSTEM\\CurrentControlSet\\Control\\Session Manager");

    return tfd_sys_reg_value(ctx->sys, ctx->arena, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64, key,
                             TFD_STR("SafeDllSearchMode"), &value, NULL) == TFD_OK &&
           value.is_number && value.number == 0;
}

/* The program that runs: python.exe of a virtual environment only starts the one of its base installation. */
static tfd_str find_program(native *n)
{
    const tfd_python *python = &n->ctx->facts->python;
    tfd_path_style style = n->ctx->sys->style;
    tfd_str program;

    if (python->cfg_home.len == 0)
        return python->path;
    program = tfd_path_join(style, n->ctx->arena, python->cfg_home, tfd_path_base(style, python->path));
    if (program.ptr && !tfd_sys_is_file(n->ctx->sys, program))
        program = tfd_path_join(style, n->ctx->arena, python->cfg_home, TFD_STR("python.exe"));
    return program;
}

static bool is_old(const tfd_python *python)
{
    return python->major == 3 && python->minor >= 0 && python->minor < 8;
}

/* conda's builds until 3.9 searched PATH as before 3.8 unless a variable said otherwise; later ones add these
 * folders (conda-forge, python-feedstock, patch "Add CondaEcosystemModifyDllSearchPath"). */
static tfd_status set_conda(native *n)
{
    static const char *const folders[] = {"Library\\mingw-w64\\bin", "Library\\usr\\bin", "Library\\bin",
                                          "Scripts", "bin"};
    const tfd_python *python = &n->ctx->facts->python;
    tfd_str prefix = tfd_path_dir(TFD_PATH_WINDOWS, n->loader.files.items[n->loader.program].path);
    tfd_str meta = tfd_path_join(TFD_PATH_WINDOWS, n->ctx->arena, prefix, TFD_STR("conda-meta"));
    tfd_str enabled = TFD_STR("");
    tfd_status st = meta.ptr ? TFD_OK : no_memory(n->err);

    if (st != TFD_OK || is_old(python) || !tfd_sys_is_dir(n->ctx->sys, meta))
        return st;
    (void)n->ctx->sys->env(n->ctx->sys, "CONDA_DLL_SEARCH_MODIFICATION_ENABLE", &enabled);
    if (python->minor >= 0 && python->minor < 10 && !tfd_str_is(enabled, "1")) {
        n->order = TFD_WIN_ALTERED;
        return TFD_OK;
    }
    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && st == TFD_OK; i++) {
        tfd_str dir = tfd_path_join(TFD_PATH_WINDOWS, n->ctx->arena, prefix, tfd_str_of(folders[i]));

        st = dir.ptr ? tfd_win_add_late_dir(&n->loader, dir, TFD_STR("conda's folders"), n->err)
                     : no_memory(n->err);
    }
    return st;
}

static tfd_status start(native *n)
{
    const tfd_sys *sys = n->ctx->sys;
    tfd_win_settings settings = {.cwd = sys->cwd(sys), .check_symbols = true};
    tfd_str program = find_program(n);
    bool ok;
    tfd_status st;

    (void)sys->env(sys, "PATH", &settings.path);
    settings.unsafe_order = has_unsafe_order(n->ctx);
    n->order = is_old(&n->ctx->facts->python) ? TFD_WIN_ALTERED : TFD_WIN_FLAGS;
    if (!program.ptr)
        return no_memory(n->err);
    st = tfd_win_init(&n->loader, sys, n->ctx->arena, &n->scratch, &settings, n->err);
    if (st == TFD_OK)
        st = tfd_win_start(&n->loader, program, &ok, n->err);
    return st == TFD_OK && n->loader.program != TFD_NONE ? set_conda(n) : st;
}

/* ---- marks: who loads what */

static tfd_status make_marks(native *n)
{
    size_t old = n->marks.capacity;
    size_t capacity = n->loader.files.count * 2;
    unsigned char *bytes;
    size_t *dist;

    if (n->loader.files.count <= old)
        return TFD_OK;
    bytes = tfd_arena_take(&n->scratch, capacity, 3);
    dist = tfd_arena_new(&n->scratch, size_t, capacity);
    if (!bytes || !dist)
        return no_memory(n->err);
    for (size_t i = 0; i < capacity; i++) {
        bytes[i] = i < old ? n->marks.needed[i] : 0;
        bytes[capacity + i] = i < old ? n->marks.optional[i] : 1;
        bytes[2 * capacity + i] = i < old ? n->marks.module[i] : 0;
        dist[i] = i < old ? n->marks.dist[i] : TFD_NONE;
    }
    n->marks.needed = bytes;
    n->marks.optional = bytes + capacity;
    n->marks.module = bytes + 2 * capacity;
    n->marks.dist = dist;
    n->marks.capacity = capacity;
    return TFD_OK;
}

static tfd_status mark_closure(native *n, bool is_optional)
{
    const tfd_win_list *list = &n->loader.closure;
    tfd_status st = make_marks(n);

    for (size_t i = 0; i < list->count && st == TFD_OK; i++) {
        n->marks.needed[list->items[i]] = 1;
        if (!is_optional)
            n->marks.optional[list->items[i]] = 0;
    }
    return st;
}

/* ---- the steps */

/* ctypes.WinDLL: LOAD_LIBRARY_SEARCH_DEFAULT_DIRS from 3.8 on, and DLL_LOAD_DIR with a path; LoadLibraryW
 * before (Lib/ctypes/__init__.py). */
static tfd_win_order ctypes_order(const native *n, bool has_path)
{
    if (is_old(&n->ctx->facts->python))
        return TFD_WIN_STANDARD;
    return has_path ? TFD_WIN_FLAGS : TFD_WIN_DEFAULTS;
}

static bool is_module(const tfd_step *step)
{
    return step->kind == TFD_STEP_OPEN && !tfd_str_ends_z(step->path, ".so");
}

/* Kernels in a ".so" are opened by TensorFlow itself, with LOAD_WITH_ALTERED_SEARCH_PATH
 * (tf.load_op_library). */
static tfd_win_order order_of(const native *n, const tfd_step *step)
{
    if (step->kind != TFD_STEP_OPEN)
        return ctypes_order(n, true);
    return is_module(step) ? n->order : TFD_WIN_ALTERED;
}

static tfd_status take_step(native *n, const tfd_step *step)
{
    tfd_win_loader *l = &n->loader;
    size_t file = TFD_NONE;
    bool ok;
    tfd_status st;

    if (step->kind == TFD_STEP_DIR)
        return n->order == TFD_WIN_ALTERED ? TFD_OK : tfd_win_add_dir(l, step->path, step->owner, n->err);
    if (step->kind == TFD_STEP_PATH)
        return tfd_win_add_path(l, step->path, n->err);
    if (step->kind == TFD_STEP_NAME)
        st = tfd_win_open_name(l, step->path, ctypes_order(n, false), step->owner, &file, &ok, n->err);
    else
        st = tfd_win_open(l, step->path, order_of(n, step), step->owner, &file, &ok, n->err);
    if (st == TFD_OK)
        st = mark_closure(n, step->is_optional);
    if (st != TFD_OK || file == TFD_NONE || step->kind == TFD_STEP_NAME)
        return st;
    if (l->files.items[file].state == TFD_OBJECT_MISSING && step->kind == TFD_STEP_OPEN) {
        l->files.items[file].state = TFD_OBJECT_UNKNOWN; /* it was there a moment ago */
        l->files.items[file].why = TFD_STR("it comes and goes");
    }
    n->marks.module[file] = is_module(step);
    n->marks.dist[file] = step->dist;
    return st;
}

static tfd_status take_steps(native *n)
{
    tfd_status st = tfd_steps_find(n->ctx, &n->steps, n->err);

    n->loader.closure.count = 0;
    for (size_t i = 0; i < n->loader.loaded.count && st == TFD_OK; i++)
        st = TFD_GROW(n->ctx->arena, &n->loader.closure) ? TFD_OK : no_memory(n->err),
        n->loader.closure.items[n->loader.closure.count++] = n->loader.loaded.items[i];
    if (st == TFD_OK)
        st = mark_closure(n, false);
    for (size_t i = 0; i < n->steps.count && st == TFD_OK; i++)
        st = take_step(n, &n->steps.items[i]);
    return st;
}

/* ---- owners */

/* First component below the place that holds the path ("numpy", "numpy.libs"); empty if no place does. */
static tfd_str top_of(const tfd_places *places, tfd_str path, size_t *place)
{
    for (size_t i = 0; i < places->count; i++) {
        tfd_str folder = places->items[i].path;
        tfd_str rest;

        if (places->items[i].kind == TFD_PLACE_STDLIB || places->items[i].kind == TFD_PLACE_DYNLOAD ||
            places->items[i].kind == TFD_PLACE_START || folder.len == 0 || path.len <= folder.len + 1 ||
            !tfd_path_is_below(TFD_PATH_WINDOWS, path, folder))
            continue;
        *place = i;
        return tfd_path_first(TFD_PATH_WINDOWS, tfd_str_from(path, folder.len + 1), &rest);
    }
    return TFD_STR("");
}

/* A DLL lies in the folder of a module whose owner is known, or in its ".libs" (delvewheel) beside that. */
static size_t owner_of(native *n, size_t file)
{
    const tfd_facts *facts = n->ctx->facts;
    size_t place = 0, other = 0;
    tfd_str top;

    if (file < n->marks.capacity && n->marks.dist[file] != TFD_NONE)
        return n->marks.dist[file];
    top = top_of(&facts->places, n->loader.files.items[file].path, &place);
    if (top.len == 0)
        return TFD_NONE;
    if (tfd_str_eq_nocase(top, TFD_STR("tensorflow")) && facts->tensorflow != TFD_NONE &&
        facts->dists.items[facts->tensorflow].place == place)
        return facts->tensorflow;
    if (tfd_str_ends_z(top, ".libs"))
        return tfd_dist_find(facts, tfd_str_sub(top, 0, top.len - 5));
    for (size_t i = 0; i < n->loader.files.count && i < n->marks.capacity; i++)
        if (n->marks.dist[i] != TFD_NONE &&
            tfd_str_eq_nocase(top_of(&facts->places, n->loader.files.items[i].path, &other), top) &&
            other == place)
            return n->marks.dist[i];
    return TFD_NONE;
}

/* ---- tables */

static tfd_status fill_objects(native *n)
{
    tfd_facts *facts = n->ctx->facts;

    for (size_t i = 0; i < n->loader.files.count; i++) {
        const tfd_win_file *file = &n->loader.files.items[i];
        tfd_object object = {
            .path = file->path, .soname = file->name, .state = file->state, .why = file->why};

        object.dist = owner_of(n, i);
        object.is_needed = n->marks.needed[i];
        object.is_optional = n->marks.needed[i] && n->marks.optional[i];
        object.is_module = n->marks.module[i];
        object.is_system = file->is_system;
        object.needs_constexpr_mutex = file->locks_mutex && !file->makes_mutex;
        if (object.is_needed && file->state == TFD_OBJECT_OK && !file->is_system)
            facts->native_bytes += file->pe.size;
        if (!TFD_GROW(n->ctx->arena, &facts->objects))
            return no_memory(n->err);
        facts->objects.items[facts->objects.count++] = object;
    }
    return TFD_OK;
}

/* Who asks for a name by ctypes. */
static const tfd_step *step_of(const native *n, tfd_str name)
{
    for (size_t i = 0; i < n->steps.count; i++)
        if (n->steps.items[i].kind == TFD_STEP_NAME && tfd_str_eq(n->steps.items[i].path, name))
            return &n->steps.items[i];
    return NULL;
}

static tfd_status fill_resolutions(native *n)
{
    tfd_facts *facts = n->ctx->facts;

    for (size_t i = 0; i < n->loader.needs.count; i++) {
        const tfd_win_need *need = &n->loader.needs.items[i];
        const tfd_step *step = need->by == TFD_NONE ? step_of(n, need->name) : NULL;
        tfd_resolution row = {.object = need->by, .name = need->name, .hit = need->hit, .rule = need->rule};

        row.state = need->state;
        row.tried = need->tried;
        row.tried_count = need->tried_count;
        row.is_delayed = need->is_delayed;
        row.is_needed = step || (need->by != TFD_NONE && facts->objects.items[need->by].is_needed);
        row.is_needed = row.is_needed && !need->is_delayed;
        row.is_optional =
            step ? step->is_optional : need->by != TFD_NONE && facts->objects.items[need->by].is_optional;
        row.owner = step ? step->owner : TFD_STR("");
        if (!TFD_GROW(n->ctx->arena, &facts->resolutions))
            return no_memory(n->err);
        facts->resolutions.items[facts->resolutions.count++] = row;
    }
    return TFD_OK;
}

static tfd_status fill_problems(native *n)
{
    tfd_facts *facts = n->ctx->facts;

    for (size_t i = 0; i < n->loader.problems.count; i++) {
        const tfd_win_problem *problem = &n->loader.problems.items[i];
        const tfd_object *object = &facts->objects.items[problem->file];
        tfd_symbol_problem row = {.kind = TFD_SYMBOL_UNDEFINED,
                                  .object = problem->file,
                                  .provider = problem->provider,
                                  .symbol = problem->symbol,
                                  .count = problem->count,
                                  .is_needed = object->is_needed,
                                  .is_optional = object->is_optional};

        if (problem->provider != TFD_NONE)
            row.rule = n->loader.files.items[problem->provider].rule;
        if (!TFD_GROW(n->ctx->arena, &facts->symbol_problems))
            return no_memory(n->err);
        facts->symbol_problems.items[facts->symbol_problems.count++] = row;
    }
    return TFD_OK;
}

/* ---- intruders */

static bool is_listed(const tfd_facts *facts, size_t object)
{
    for (size_t i = 0; i < facts->intruders.count; i++)
        if (facts->intruders.items[i].object == object)
            return true;
    return false;
}

/* A DLL that came from PATH, the current folder, the program's folder or a folder that somebody added, where
 * the module would have its own: the first of a base name serves the whole process. Copies of the runtime
 * have a table of their own. */
static tfd_status judge_intruder(native *n, const tfd_win_need *need)
{
    tfd_facts *facts = n->ctx->facts;
    const tfd_win_file *winner = &n->loader.files.items[need->hit];
    tfd_str dir = tfd_path_dir(TFD_PATH_WINDOWS, n->loader.files.items[need->by].path);
    tfd_win_need other;
    tfd_status st;

    if (winner->is_system || winner->is_early || tfd_win_is_runtime_name(winner->name) ||
        is_listed(facts, need->hit) ||
        tfd_path_eq(TFD_PATH_WINDOWS, tfd_path_dir(TFD_PATH_WINDOWS, winner->path), dir) ||
        tfd_str_eq_nocase(winner->name, TFD_STR("ucrtbase.dll")))
        return TFD_OK;
    st = tfd_win_search(&n->loader, need->name, dir, n->order, &other, n->err);
    if (st != TFD_OK || other.state != TFD_STATE_PRESENT || other.hit == need->hit || other.hit == TFD_NONE)
        return st;
    if (!TFD_GROW(n->ctx->arena, &facts->intruders))
        return no_memory(n->err);
    facts->intruders.items[facts->intruders.count++] =
        (tfd_intruder){.name = need->name,
                       .object = need->hit,
                       .rule = n->loader.files.items[need->hit].rule,
                       .instead = n->loader.files.items[other.hit].path};
    return TFD_OK;
}

/* The search makes rows for copies that nobody loads: they stay out of objects. */
static tfd_status fill_intruders(native *n)
{
    size_t count = n->loader.needs.count;
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < count && st == TFD_OK; i++) {
        const tfd_win_need *need = &n->loader.needs.items[i];

        if (need->by != TFD_NONE && need->hit != TFD_NONE && !need->is_delayed)
            st = judge_intruder(n, need);
    }
    return st;
}

/* ---- what could not be looked at */

static tfd_str find_doubt(const native *n)
{
    if (n->steps.unknown.len > 0)
        return tfd_arena_fmt(n->ctx->arena, "%.*s could not be looked at", TFD_ARG(n->steps.unknown));
    for (size_t i = 0; i < n->loader.files.count; i++) {
        const tfd_win_file *file = &n->loader.files.items[i];

        if (file->state == TFD_OBJECT_UNKNOWN)
            return tfd_arena_fmt(n->ctx->arena, "%.*s: %.*s", TFD_ARG(file->path), TFD_ARG(file->why));
    }
    if (n->loader.module_reader->failed || n->loader.provider_reader->failed)
        return TFD_STR("a native file could not be read to its end");
    return TFD_STR("");
}

/* Only what was seen stays. */
static void forget_conclusions(tfd_facts *facts)
{
    facts->symbol_problems.count = 0;
    for (size_t i = 0; i < facts->resolutions.count; i++)
        if (facts->resolutions.items[i].state == TFD_STATE_ABSENT)
            facts->resolutions.items[i].state = TFD_STATE_UNKNOWN;
}

/* ---- all of it */

static tfd_status examine(native *n)
{
    tfd_status st = start(n);

    if (st == TFD_OK && n->loader.program != TFD_NONE)
        st = take_steps(n);
    if (st == TFD_OK)
        st = make_marks(n);
    if (st == TFD_OK)
        st = fill_objects(n);
    if (st == TFD_OK)
        st = fill_resolutions(n);
    if (st == TFD_OK)
        st = fill_problems(n);
    if (st == TFD_OK && n->loader.program != TFD_NONE)
        st = fill_intruders(n);
    if (st == TFD_OK && n->loader.program != TFD_NONE)
        st = tfd_native_runtimes(n->ctx, &n->loader, n->order, n->err);
    return st;
}

static void set_complete(tfd_facts *facts, bool complete, tfd_str why)
{
    facts->objects.complete = facts->resolutions.complete = complete;
    facts->symbol_problems.complete = facts->intruders.complete = complete;
    facts->runtimes.complete = complete;
    facts->objects.why = facts->runtimes.why = why;
}

tfd_status tfd_native_windows(tfd_probe_ctx *ctx, tfd_err *err)
{
    native *n = tfd_arena_new(ctx->arena, native, 1);
    tfd_facts *facts = ctx->facts;
    tfd_str doubt = TFD_STR("");
    tfd_status st;

    if (!n)
        return no_memory(err);
    n->ctx = ctx;
    n->err = err;
    tfd_arena_init(&n->scratch, ctx->arena->limit);
    st = examine(n);
    if (st != TFD_OK)
        doubt =
            err ? tfd_arena_str(ctx->arena, tfd_str_of(err->text)) : TFD_STR("the examination ended early");
    else if (n->loader.program == TFD_NONE)
        doubt = TFD_STR("the interpreter itself cannot be loaded");
    else
        doubt = find_doubt(n);
    set_complete(facts, doubt.len == 0, doubt);
    if (st == TFD_OK && n->loader.program != TFD_NONE && doubt.len > 0)
        forget_conclusions(facts);
    ctx->arena->failed = ctx->arena->failed || n->scratch.failed;
    tfd_win_done(&n->loader);
    tfd_arena_done(&n->scratch);
    return st;
}
