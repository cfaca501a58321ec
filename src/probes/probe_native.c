/* Native files that the import opens, what ld.so makes of them, and whether their symbols bind: objects,
 * resolutions, symbol_problems, intruders. Nothing is loaded; the loader is a model (loader/loader.h). */
#include "core/probe.h"
#include "loader/loader.h"
#include "probes/native_marks.h"
#include "probes/native_roots.h"
#include "probes/native_windows.h"

typedef struct native {
    tfd_probe_ctx *ctx;
    tfd_loader loader;
    tfd_arena scratch;
    tfd_native_roots roots;
    tfd_native_marks marks;
    tfd_err *err;
} native;

static tfd_status no_memory(tfd_err *err)
{
    return tfd_err_set(err, TFD_ENOMEM, 0, "native files: out of memory");
}

/* ---- marks: who loads what */

static tfd_status mark_list(native *n, const tfd_loader_list *list, bool is_optional)
{
    tfd_status st = tfd_native_marks_fit(&n->marks, &n->scratch, n->loader.files.count, n->err);

    if (st == TFD_OK)
        tfd_native_marks_need(&n->marks, list->items, list->count, is_optional);
    return st;
}

/* What .pth files and sitecustomize load by ctypes; a file that is not there raises OSError in their code,
 * and Python starts all the same. */
static tfd_status open_start_loads(native *n)
{
    const tfd_facts *facts = n->ctx->facts;
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < facts->start_loads.count && st == TFD_OK; i++) {
        const tfd_start_load *one = &facts->start_loads.items[i];
        size_t file;
        bool ok;

        if (one->is_dir || one->path.len == 0 || one->path.ptr[0] != '/' ||
            !tfd_sys_is_file(n->ctx->sys, one->path))
            continue;
        st = tfd_loader_open(&n->loader, one->path, one->is_global, &file, &ok, n->err);
        if (st == TFD_OK)
            st = mark_list(n, &n->loader.closure, true);
        if (st == TFD_OK && n->loader.files.items[file].rule.len == 0)
            n->loader.files.items[file].rule = facts->startup_files.items[one->startup].path;
    }
    return st;
}

static tfd_status open_roots(native *n)
{
    tfd_status st = mark_list(n, &n->loader.global, false);

    if (st == TFD_OK)
        st = open_start_loads(n);

    for (size_t i = 0; i < n->roots.count && st == TFD_OK; i++) {
        const tfd_native_root *root = &n->roots.items[i];
        size_t file;
        bool ok;

        st = tfd_loader_open(&n->loader, root->path, root->is_global, &file, &ok, n->err);
        if (st == TFD_OK)
            st = mark_list(n, &n->loader.closure, root->is_optional);
        if (st != TFD_OK)
            break;
        if (n->loader.files.items[file].state == TFD_OBJECT_MISSING) { /* it was there a moment ago */
            n->loader.files.items[file].state = TFD_OBJECT_UNKNOWN;
            n->loader.files.items[file].why = TFD_STR("it comes and goes");
        }
        n->marks.items[file].is_module = true;
        tfd_native_marks_own(&n->marks, n->ctx->facts, file, n->loader.files.items[file].path, root->dist);
    }
    return st;
}

/* ---- tables */

static bool is_x86(const tfd_elf *elf)
{
    return elf->machine == TFD_EM_X86_64 || elf->machine == TFD_EM_386;
}

static tfd_status fill_objects(native *n)
{
    tfd_facts *facts = n->ctx->facts;

    for (size_t i = 0; i < n->loader.files.count; i++) {
        const tfd_loader_file *file = &n->loader.files.items[i];
        const tfd_native_mark *mark = &n->marks.items[i];
        tfd_object object = {
            .path = file->path, .soname = file->elf.soname, .state = file->state, .why = file->why};

        object.noexec_mount = file->noexec_mount;
        object.dist = tfd_native_owner(&n->marks, facts, i, file->path);
        object.is_needed = mark->is_needed;
        object.is_optional = mark->is_needed && mark->is_optional;
        object.is_module = mark->is_module;
        object.wants_execstack =
            file->state == TFD_OBJECT_OK && i != n->loader.program &&
            (file->elf.has_stack_header ? file->elf.stack_executable : is_x86(&file->elf));
        if (object.is_needed && file->state == TFD_OBJECT_OK)
            facts->native_bytes += file->size;
        if (!TFD_GROW(n->ctx->arena, &facts->objects))
            return no_memory(n->err);
        facts->objects.items[facts->objects.count++] = object;
    }
    return TFD_OK;
}

static tfd_status fill_resolutions(native *n)
{
    tfd_facts *facts = n->ctx->facts;

    for (size_t i = 0; i < n->loader.needs.count; i++) {
        const tfd_loader_need *need = &n->loader.needs.items[i];
        tfd_resolution row = {.object = need->by, .name = need->name, .hit = need->hit, .rule = need->rule};

        row.state = need->is_found ? TFD_STATE_PRESENT : TFD_STATE_ABSENT;
        row.tried = need->tried;
        row.tried_count = need->tried_count;
        row.is_needed = need->by != TFD_NONE && facts->objects.items[need->by].is_needed;
        row.is_optional = need->by != TFD_NONE && facts->objects.items[need->by].is_optional;
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
        const tfd_loader_problem *problem = &n->loader.problems.items[i];
        const tfd_object *object = &facts->objects.items[problem->file];
        tfd_symbol_problem row = {
            .kind = problem->kind, .object = problem->file, .provider = problem->provider};

        row.symbol = problem->symbol;
        row.version = problem->version;
        row.count = problem->count;
        row.is_lazy = problem->is_lazy;
        row.is_needed = object->is_needed;
        row.is_optional = object->is_optional;
        if (problem->provider != TFD_NONE)
            row.rule = n->loader.files.items[problem->provider].rule;
        if (!TFD_GROW(n->ctx->arena, &facts->symbol_problems))
            return no_memory(n->err);
        facts->symbol_problems.items[facts->symbol_problems.count++] = row;
    }
    return TFD_OK;
}

/* ---- intruders */

static bool is_preload_rule(tfd_str rule)
{
    return tfd_str_is(rule, "LD_PRELOAD") || tfd_str_is(rule, "/etc/ld.so.preload");
}

/* A needed name that a variable answers and that would be answered by another file without it. */
static tfd_status judge_intruder(native *n, const tfd_loader_need *need)
{
    tfd_facts *facts = n->ctx->facts;
    const tfd_loader_file *winner = &n->loader.files.items[need->hit];
    tfd_loader_need other;
    tfd_intruder row;
    tfd_status st;

    if (!is_preload_rule(winner->rule) && !tfd_str_is(winner->rule, "LD_LIBRARY_PATH"))
        return TFD_OK;
    if (tfd_facts_has_intruder(facts, need->hit))
        return TFD_OK;
    row = (tfd_intruder){.name = need->name, .object = need->hit, .rule = winner->rule};
    st = tfd_loader_search(&n->loader, need->name, need->by, !is_preload_rule(winner->rule), &other, n->err);
    if (st != TFD_OK || !other.is_found || other.hit == need->hit)
        return st;
    row.instead = n->loader.files.items[other.hit].path;
    if (!TFD_GROW(n->ctx->arena, &facts->intruders))
        return no_memory(n->err);
    facts->intruders.items[facts->intruders.count++] = row;
    return TFD_OK;
}

static tfd_status fill_intruders(native *n)
{
    tfd_status st = TFD_OK;

    if (n->loader.settings.library_path.len == 0 && n->loader.settings.preload.len == 0 &&
        (n->loader.needs.count == 0 || n->loader.needs.items[0].by != TFD_NONE))
        return TFD_OK;
    for (size_t i = 0; i < n->loader.needs.count && st == TFD_OK; i++)
        if (n->loader.needs.items[i].by != TFD_NONE && n->loader.needs.items[i].is_found)
            st = judge_intruder(n, &n->loader.needs.items[i]);
    return st;
}

/* ---- noexec */

/* Any folder may be a mount of its own (a volume over one package), so each is asked once. point is empty
 * where code may be mapped. */
static tfd_str noexec_point(native *n, tfd_str folder)
{
    tfd_mount mount;

    if (n->ctx->sys->mount_of(n->ctx->sys, n->ctx->arena, folder, &mount, NULL) != TFD_OK || !mount.noexec)
        return TFD_STR("");
    return mount.point;
}

static tfd_status find_noexec(native *n)
{
    tfd_map known = {NULL, 0, 0};
    tfd_strs points = {0};

    for (size_t i = 0; i < n->loader.files.count; i++) {
        tfd_loader_file *file = &n->loader.files.items[i];
        tfd_str folder = tfd_path_dir(TFD_PATH_POSIX, file->path);
        uint32_t row = tfd_map_get(&known, folder);

        if (file->state != TFD_OBJECT_OK)
            continue;
        if (row >= points.count) {
            if (!TFD_GROW(n->ctx->arena, &points))
                return TFD_ENOMEM;
            row = (uint32_t)points.count;
            points.items[points.count++] = noexec_point(n, folder);
            if (!tfd_map_put(n->ctx->arena, &known, folder, row))
                return TFD_ENOMEM;
        }
        if (points.items[row].len == 0)
            continue;
        file->state = TFD_OBJECT_NOEXEC;
        file->noexec_mount = points.items[row];
        file->why = tfd_arena_fmt(n->ctx->arena, "%.*s is mounted noexec", TFD_ARG(points.items[row]));
    }
    return TFD_OK;
}

/* ---- what could not be looked at */

/* Why the answers are in doubt: one file that does not tell changes what others find and bind. Empty: they
 * are not. */
static tfd_str find_doubt(const native *n)
{
    if (n->roots.unknown.len > 0)
        return tfd_arena_fmt(n->ctx->arena, "%.*s could not be looked at", TFD_ARG(n->roots.unknown));
    for (size_t i = 0; i < n->loader.files.count; i++) {
        const tfd_loader_file *file = &n->loader.files.items[i];

        if (file->state == TFD_OBJECT_UNKNOWN)
            return tfd_arena_fmt(n->ctx->arena, "%.*s: %.*s", TFD_ARG(file->path), TFD_ARG(file->why));
    }
    if ((n->loader.reader && n->loader.reader->failed) ||
        (n->loader.lookup_reader && n->loader.lookup_reader->failed))
        return TFD_STR("a native file could not be read to its end");
    return TFD_STR("");
}

/* Only what was seen stays: a library that lies somewhere, rights, mounts. */
static void forget_conclusions(tfd_facts *facts)
{
    facts->symbol_problems.count = 0;
    for (size_t i = 0; i < facts->resolutions.count; i++)
        if (facts->resolutions.items[i].state == TFD_STATE_ABSENT)
            facts->resolutions.items[i].state = TFD_STATE_UNKNOWN;
    for (size_t i = 0; i < facts->objects.count; i++) {
        tfd_object_state *state = &facts->objects.items[i].state;

        if (*state != TFD_OBJECT_OK && *state != TFD_OBJECT_UNREADABLE && *state != TFD_OBJECT_NOEXEC)
            *state = TFD_OBJECT_UNKNOWN;
    }
}

/* ---- all of it */

static tfd_status examine(native *n)
{
    tfd_facts *facts = n->ctx->facts;
    tfd_loader_settings settings = tfd_loader_settings_get(n->ctx->sys);
    bool ok;
    tfd_status st;

    settings.check_symbols = true;
    st = tfd_loader_init(&n->loader, n->ctx->sys, n->ctx->arena, &n->scratch, &settings, n->err);
    if (st == TFD_OK)
        st = tfd_native_roots_find(n->ctx, &n->roots, n->err);
    if (st == TFD_OK)
        st = tfd_loader_start(&n->loader, facts->python.path, &ok, n->err);
    if (st == TFD_OK && n->loader.program != TFD_NONE)
        st = open_roots(n);
    if (st == TFD_OK)
        st = tfd_native_marks_fit(&n->marks, &n->scratch, n->loader.files.count, n->err);
    if (st != TFD_OK)
        return st;
    st = find_noexec(n);
    if (st == TFD_OK)
        st = fill_objects(n);
    if (st == TFD_OK)
        st = fill_resolutions(n);
    if (st == TFD_OK)
        st = fill_problems(n);
    return st == TFD_OK ? fill_intruders(n) : st;
}

static tfd_status run(tfd_probe_ctx *ctx, tfd_err *err)
{
    native *n = tfd_arena_new(ctx->arena, native, 1);
    tfd_facts *facts = ctx->facts;
    tfd_str doubt;
    tfd_status st;

    if (!n)
        return no_memory(err);
    if (facts->system && facts->system->os == TFD_OS_WINDOWS)
        return tfd_native_windows(ctx, err);
    if (facts->system && facts->system->os != TFD_OS_LINUX) {
        facts->objects.why = TFD_STR("the loader of this system is not known");
        return TFD_OK;
    }
    n->ctx = ctx;
    n->err = err;
    n->marks.style = TFD_PATH_POSIX;
    tfd_arena_init(&n->scratch, ctx->arena->limit);
    st = examine(n);
    if (st == TFD_OK && n->loader.program == TFD_NONE)
        facts->objects.why = TFD_STR("the interpreter itself cannot be loaded");
    if (st != TFD_OK && err)
        facts->objects.why = tfd_arena_str(ctx->arena, tfd_str_of(err->text));
    facts->objects.complete = st == TFD_OK && n->loader.program != TFD_NONE;
    doubt = find_doubt(n);
    if (st == TFD_OK && doubt.len > 0) {
        forget_conclusions(facts);
        facts->objects.complete = false;
        facts->objects.why = doubt;
    }
    facts->resolutions.complete = facts->objects.complete;
    facts->symbol_problems.complete = facts->objects.complete;
    facts->intruders.complete = facts->objects.complete;
    ctx->arena->failed = ctx->arena->failed || n->scratch.failed;
    tfd_arena_done(&n->scratch);
    return st;
}

const tfd_probe tfd_probe_native = {
    .id = "native",
    .summary = "Native files that the import loads: libraries, symbol versions and symbols, as the system's "
               "loader would find them",
    .phase = TFD_PHASE_FILES,
    .run = run,
};
