#include "checks/vcruntime_blame.h"

#include "formats/pep440.h"

static const tfd_runtime *first_copy(const tfd_view *view, tfd_str name, bool *is_listed)
{
    const tfd_runtimes *all = &view->facts->runtimes;
    const tfd_runtime *first = NULL;

    *is_listed = false;
    for (size_t i = 0; i < all->count; i++) {
        if (!tfd_str_eq_nocase(all->items[i].name, name))
            continue;
        *is_listed = true;
        if (all->items[i].state == TFD_OBJECT_MISSING)
            continue;
        if (!first || (all->items[i].is_loaded && !first->is_loaded))
            first = &all->items[i];
    }
    return first;
}

static const tfd_runtime *system_copy(const tfd_view *view, tfd_str name)
{
    const tfd_runtimes *all = &view->facts->runtimes;

    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].is_system && all->items[i].state == TFD_OBJECT_OK &&
            tfd_str_eq_nocase(all->items[i].name, name))
            return &all->items[i];
    return NULL;
}

tfd_str tfd_vc_installed(const tfd_view *view)
{
    static const char *const names[] = {"msvcp140.dll", "vcruntime140.dll", "vcruntime140_1.dll",
                                        "concrt140.dll"};
    const tfd_fact *registry = &view->facts->scalars[TFD_FACT_VCREDIST_VERSION];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const tfd_runtime *copy = system_copy(view, tfd_str_of(names[i]));

        if (copy && copy->version.len > 0)
            return copy->version;
    }
    return registry->state == TFD_STATE_PRESENT ? registry->text : TFD_STR("");
}

static bool is_older(tfd_str version, tfd_str than)
{
    int order;

    return version.len > 0 && tfd_version_cmp_text(version, than, &order) && order < 0;
}

/* The module that cannot live with this copy, if any. */
static tfd_vc_fault judge_version(const tfd_view *view, const tfd_runtime *copy, const tfd_object **needs)
{
    const tfd_kb_level *level = tfd_kb_level_find(view->kb, "constexpr-mutex");
    tfd_tri reached;

    *needs = NULL;
    if (!level || !tfd_str_eq_nocase(copy->name, level->dll))
        return TFD_VC_FINE;
    for (size_t i = 0; i < view->facts->objects.count && !*needs; i++)
        if (view->facts->objects.items[i].needs_constexpr_mutex && view->facts->objects.items[i].is_needed)
            *needs = &view->facts->objects.items[i];
    if (!*needs)
        return TFD_VC_FINE;
    reached = tfd_kb_level_reached(level, copy->version);
    return reached == TFD_NO ? TFD_VC_OLD : reached == TFD_UNKNOWN ? TFD_VC_MAYBE_OLD : TFD_VC_FINE;
}

tfd_vc_state tfd_vc_state_of(const tfd_view *view, tfd_str name)
{
    const tfd_kb_runtime *known = tfd_kb_runtime_find(view->kb, name);
    tfd_vc_state state = {.fault = TFD_VC_FINE, .name = name};
    bool is_listed;

    if (!known || !known->in_redistributable)
        return state;
    state.name = known->name;
    state.copy = first_copy(view, name, &is_listed);
    state.system = system_copy(view, name);
    if (!state.copy && !is_listed) {
        state.fault = TFD_VC_UNKNOWN;
    } else if (!state.copy) {
        state.fault = is_older(tfd_vc_installed(view), known->since) ? TFD_VC_LATER : TFD_VC_MISSING;
    } else if (state.copy->state == TFD_OBJECT_UNKNOWN || state.copy->state == TFD_OBJECT_UNREADABLE) {
        state.fault = TFD_VC_UNKNOWN; /* check_native and check_security say why */
    } else if (state.copy->state != TFD_OBJECT_OK) {
        state.fault = TFD_VC_DAMAGED;
    } else {
        state.fault = judge_version(view, state.copy, &state.needs);
    }
    return state;
}

static tfd_finding old_finding(const tfd_view *view, const tfd_vc_state *state, tfd_arena *arena)
{
    const tfd_runtime *copy = state->copy;
    const tfd_kb_level *level = tfd_kb_level_find(view->kb, "constexpr-mutex");
    bool is_sure = state->fault == TFD_VC_OLD;
    tfd_finding finding =
        tfd_finding_of(copy->is_system ? TFD_CAUSE_VCRUNTIME_OUTDATED : TFD_CAUSE_VCRUNTIME_SHADOWED,
                       TFD_STR(""), is_sure ? TFD_W_STRONG : TFD_W_HINT, TFD_EFFECT_MAY_BREAK);

    finding.text =
        tfd_arena_fmt(arena,
                      "%.*s is version %.*s (found by: %.*s); %.*s locks mutexes as Visual Studio 2022 17.10 "
                      "compiles them, "
                      "which needs %.*s or newer",
                      TFD_ARG(copy->path), TFD_ARG(copy->version), TFD_ARG(copy->rule),
                      TFD_ARG(tfd_path_base(TFD_PATH_WINDOWS, state->needs->path)), TFD_ARG(level->advised));
    return finding;
}

static tfd_finding missing_finding(const tfd_view *view, const tfd_vc_state *state, tfd_arena *arena)
{
    const tfd_kb_runtime *known = tfd_kb_runtime_find(view->kb, state->name);
    tfd_str installed = tfd_vc_installed(view);
    tfd_finding finding = tfd_finding_of(state->fault == TFD_VC_LATER ? TFD_CAUSE_VCRUNTIME_OUTDATED
                                                                      : TFD_CAUSE_VCRUNTIME_MISSING,
                                         TFD_STR(""), TFD_W_STRONG, TFD_EFFECT_MAY_BREAK);

    finding.text =
        state->fault == TFD_VC_LATER
            ? tfd_arena_fmt(arena,
                            "%.*s is nowhere the loader looks: it came with Visual C++ %.*s, and %.*s is "
                            "installed",
                            TFD_ARG(state->name), TFD_ARG(known->since), TFD_ARG(installed))
            : tfd_arena_fmt(arena, "%.*s (%.*s) is nowhere the loader looks%s%.*s", TFD_ARG(state->name),
                            TFD_ARG(known->what),
                            installed.len > 0 ? ", though the system has Visual C++ " : "",
                            TFD_ARG(installed));
    finding.source = TFD_STR("loader model");
    return finding;
}

tfd_finding tfd_vc_finding(const tfd_view *view, const tfd_vc_state *state, tfd_arena *arena)
{
    tfd_finding finding = tfd_finding_of(TFD_CAUSE_COUNT, TFD_STR(""), 0, TFD_EFFECT_MAY_BREAK);

    switch (state->fault) {
    case TFD_VC_FINE:
    case TFD_VC_UNKNOWN:
        return finding;
    case TFD_VC_MISSING:
    case TFD_VC_LATER:
        return missing_finding(view, state, arena);
    case TFD_VC_OLD:
    case TFD_VC_MAYBE_OLD:
        finding = old_finding(view, state, arena);
        break;
    case TFD_VC_DAMAGED:
        /* The system's own copy: the redistributable has to be installed again, as if it were not there. */
        finding = tfd_finding_of(state->copy->is_system ? TFD_CAUSE_VCRUNTIME_MISSING
                                                        : TFD_CAUSE_VCRUNTIME_SHADOWED,
                                 TFD_STR(""), TFD_W_STRONG, TFD_EFFECT_MAY_BREAK);
        finding.text =
            tfd_arena_fmt(arena, "%.*s (found by: %.*s) cannot be loaded: %.*s", TFD_ARG(state->copy->path),
                          TFD_ARG(state->copy->rule), TFD_ARG(state->copy->why));
        /* Wine passes over a DLL for another processor; Windows stops with error 193. */
        finding.outweighs_import = state->copy->state == TFD_OBJECT_WRONG_ARCH && view->facts->system &&
                                   view->facts->system->is_wine;
        break;
    }
    finding.path = state->copy->path;
    finding.source = state->copy->path;
    return finding;
}
