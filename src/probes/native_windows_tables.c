/* The tables of facts from the model of the process. */
#include "probes/native_windows_parts.h"

static tfd_status no_memory(tfd_err *err)
{
    return tfd_err_set(err, TFD_ENOMEM, 0, "native files: out of memory");
}

/* ---- tables */

static tfd_status fill_objects(tfd_native_process *n)
{
    tfd_facts *facts = n->ctx->facts;

    for (size_t i = 0; i < n->loader.files.count; i++) {
        const tfd_win_file *file = &n->loader.files.items[i];
        const tfd_native_mark *mark = &n->marks.items[i];
        tfd_object object = {
            .path = file->path, .soname = file->name, .state = file->state, .why = file->why};

        object.dist = tfd_native_owner(&n->marks, facts, i, file->path);
        object.is_needed = mark->is_needed;
        object.is_optional = mark->is_needed && mark->is_optional;
        object.is_module = mark->is_module;
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
static const tfd_step *step_of(const tfd_native_process *n, tfd_str name)
{
    for (size_t i = 0; i < n->steps.count; i++)
        if (n->steps.items[i].kind == TFD_STEP_NAME && tfd_str_eq(n->steps.items[i].path, name))
            return &n->steps.items[i];
    return NULL;
}

static tfd_status fill_resolutions(tfd_native_process *n)
{
    tfd_facts *facts = n->ctx->facts;

    for (size_t i = 0; i < n->loader.needs.count; i++) {
        const tfd_win_need *need = &n->loader.needs.items[i];
        const tfd_step *step = need->by == TFD_NONE ? step_of(n, need->name) : NULL;
        tfd_resolution row = {.object = need->by, .name = need->name, .hit = need->hit, .rule = need->rule};

        row.state = need->state;
        row.tried = need->tried;
        row.tried_count = need->tried_count;
        row.is_assembly = need->is_assembly;
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

static tfd_status fill_problems(tfd_native_process *n)
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

/* A DLL that came from PATH, the current folder, the program's folder or a folder that somebody added, where
 * the module would have its own: the first of a base name serves the whole process. Copies of the runtime
 * have a table of their own. */
static tfd_status judge_intruder(tfd_native_process *n, const tfd_win_need *need)
{
    tfd_facts *facts = n->ctx->facts;
    const tfd_win_file *winner = &n->loader.files.items[need->hit];
    tfd_str dir = tfd_path_dir(TFD_PATH_WINDOWS, n->loader.files.items[need->by].path);
    tfd_win_need other;
    tfd_status st;

    if (winner->is_system || winner->is_early || tfd_win_is_runtime_name(winner->name) ||
        tfd_facts_has_intruder(facts, need->hit) ||
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
static tfd_status fill_intruders(tfd_native_process *n)
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

/* ---- all of them */

tfd_status tfd_native_fill_tables(tfd_native_process *n)
{
    tfd_status st = fill_objects(n);

    if (st == TFD_OK)
        st = fill_resolutions(n);
    if (st == TFD_OK)
        st = fill_problems(n);
    return st == TFD_OK && n->loader.program != TFD_NONE ? fill_intruders(n) : st;
}
