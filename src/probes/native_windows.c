#include "probes/native_windows.h"

#include "probes/native_windows_parts.h"

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

/* An alias of the Store has no bytes; what it starts lies elsewhere. */
static bool is_alias(tfd_native_process *n, tfd_str path)
{
    tfd_stat stat;

    return n->ctx->sys->stat(n->ctx->sys, path, false, &stat, NULL) == TFD_OK &&
           stat.reparse_tag == TFD_REPARSE_APPEXECLINK;
}

/* The program that runs: python.exe of a virtual environment only starts the one of its base installation. */
static tfd_str find_program(tfd_native_process *n)
{
    const tfd_python *python = &n->ctx->facts->python;
    tfd_path_style style = n->ctx->sys->style;
    tfd_str program;

    if (python->cfg_home.len == 0)
        return python->real.len > 0 && is_alias(n, python->path) ? python->real : python->path;
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
static tfd_status set_conda(tfd_native_process *n)
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

static tfd_status start(tfd_native_process *n)
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

static tfd_status mark_closure(tfd_native_process *n, bool is_optional)
{
    const tfd_win_list *list = &n->loader.closure;
    tfd_status st = tfd_native_marks_fit(&n->marks, &n->scratch, n->loader.files.count, n->err);

    if (st == TFD_OK)
        tfd_native_marks_need(&n->marks, list->items, list->count, is_optional);
    return st;
}

/* ---- the steps */

/* ctypes.WinDLL: LOAD_LIBRARY_SEARCH_DEFAULT_DIRS from 3.8 on, and DLL_LOAD_DIR with a path; LoadLibraryW
 * before (Lib/ctypes/__init__.py). */
static tfd_win_order ctypes_order(const tfd_native_process *n, bool has_path)
{
    if (is_old(&n->ctx->facts->python))
        return TFD_WIN_STANDARD;
    return has_path ? TFD_WIN_FLAGS : TFD_WIN_DEFAULTS;
}

static bool is_module(const tfd_step *step)
{
    return step->kind == TFD_STEP_OPEN && tfd_path_ends(TFD_PATH_WINDOWS, step->path, ".pyd");
}

/* Kernels in a ".so" (tf.load_op_library) and plugins are opened by TensorFlow itself, with
 * LOAD_WITH_ALTERED_SEARCH_PATH. */
static tfd_win_order order_of(const tfd_native_process *n, const tfd_step *step)
{
    if (step->kind != TFD_STEP_OPEN)
        return ctypes_order(n, true);
    return is_module(step) ? n->order : TFD_WIN_ALTERED;
}

static tfd_status take_step(tfd_native_process *n, const tfd_step *step)
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
    n->marks.items[file].is_module = is_module(step);
    tfd_native_marks_own(&n->marks, n->ctx->facts, file, l->files.items[file].path, step->dist);
    return st;
}

/* The interpreter loads the stable ABI's DLL beside it before the first extension module (_Py_CheckPython3 of
 * Python/dynload_win.c, PC/getpathp.c); where there is none it goes on. */
static tfd_status load_python3(tfd_native_process *n)
{
    tfd_step step = {.kind = TFD_STEP_LIBRARY, .dist = TFD_NONE, .is_optional = true};

    step.owner = TFD_STR("python.exe");
    step.path = tfd_path_join(TFD_PATH_WINDOWS, n->ctx->arena, n->loader.program_dir, TFD_STR("python3.dll"));
    if (!step.path.ptr)
        return no_memory(n->err);
    return tfd_sys_is_file(n->ctx->sys, step.path) ? take_step(n, &step) : TFD_OK;
}

/* What the program needed to start. */
static tfd_status mark_start(tfd_native_process *n)
{
    n->loader.closure.count = 0;
    for (size_t i = 0; i < n->loader.loaded.count; i++) {
        if (!TFD_GROW(n->ctx->arena, &n->loader.closure))
            return no_memory(n->err);
        n->loader.closure.items[n->loader.closure.count++] = n->loader.loaded.items[i];
    }
    return mark_closure(n, false);
}

static tfd_status take_steps(tfd_native_process *n)
{
    tfd_status st = tfd_steps_find(n->ctx, &n->steps, n->err);

    if (st == TFD_OK)
        st = mark_start(n);
    if (st == TFD_OK)
        st = load_python3(n);
    for (size_t i = 0; i < n->steps.count && st == TFD_OK; i++)
        st = take_step(n, &n->steps.items[i]);
    return st;
}

/* ---- what could not be looked at */

static tfd_str find_doubt(const tfd_native_process *n)
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

static tfd_status examine(tfd_native_process *n)
{
    tfd_status st = start(n);

    if (st == TFD_OK && n->loader.program != TFD_NONE)
        st = take_steps(n);
    if (st == TFD_OK)
        st = tfd_native_marks_fit(&n->marks, &n->scratch, n->loader.files.count, n->err);
    if (st == TFD_OK)
        st = tfd_native_fill_tables(n);
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
    tfd_native_process *n = tfd_arena_new(ctx->arena, tfd_native_process, 1);
    tfd_facts *facts = ctx->facts;
    tfd_str doubt;
    tfd_status st;

    if (!n)
        return no_memory(err);
    n->ctx = ctx;
    n->err = err;
    n->marks.style = TFD_PATH_WINDOWS;
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
