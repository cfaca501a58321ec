#include "checks/windows_blame.h"

#include <stdio.h>

#include "checks/vcruntime_blame.h"

static tfd_effect effect_of(bool is_needed, bool is_optional)
{
    return is_needed && !is_optional ? TFD_EFFECT_MAY_BREAK : TFD_EFFECT_LATENT;
}

static bool is_wine(const tfd_view *view)
{
    return view->facts->system && view->facts->system->is_wine;
}

static tfd_str name_of(tfd_str path)
{
    return tfd_path_base(TFD_PATH_WINDOWS, path);
}

/* ---- whose file it is */

/* Found through what the user or another program set up, not through the packages or the interpreter. */
static bool is_foreign_rule(tfd_str rule)
{
    return tfd_str_is(rule, "PATH") || tfd_str_is(rule, "the current folder");
}

static tfd_finding path_finding(tfd_str rule, tfd_str path, int weight, tfd_effect effect)
{
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_PATH_ORDER, tfd_path_dir(TFD_PATH_WINDOWS, path), weight, effect);

    if (!tfd_str_is(rule, "PATH"))
        finding.subject = path;
    finding.path = path;
    return finding;
}

/* A DLL that somebody put beside python.exe: the interpreter's own are python3XY.dll and the run time. */
static bool is_beside_python(const tfd_view *view, tfd_str path)
{
    const tfd_python *py = &view->facts->python;
    tfd_str dir = tfd_path_dir(TFD_PATH_WINDOWS, path);

    return tfd_path_eq(TFD_PATH_WINDOWS, dir, tfd_path_dir(TFD_PATH_WINDOWS, py->path)) ||
           tfd_path_eq(TFD_PATH_WINDOWS, dir, tfd_path_dir(TFD_PATH_WINDOWS, py->real)) ||
           tfd_path_eq(TFD_PATH_WINDOWS, dir, py->base_prefix);
}

static tfd_finding file_finding(const tfd_view *view, const tfd_object *object, int weight, tfd_effect effect)
{
    size_t place = tfd_view_place_of(view, object->path);
    tfd_finding finding;

    if (tfd_blame_is_foreign(view, place)) {
        finding = tfd_blame_place(view, place, object->path, weight, effect);
    } else if (object->dist != TFD_NONE) {
        finding = tfd_blame_dist(view, object->dist, weight, effect);
    } else if (tfd_path_has(TFD_PATH_WINDOWS, name_of(object->path), "python3") &&
               is_beside_python(view, object->path)) {
        finding = tfd_finding_of(TFD_CAUSE_PYTHON_BROKEN, TFD_STR(""), weight, effect);
    } else if (is_beside_python(view, object->path)) {
        finding = path_finding(TFD_STR(""), object->path, weight, effect);
    } else {
        finding = tfd_blame_file(view, object->path, weight, effect);
    }
    if (finding.path.len == 0)
        finding.path = object->path;
    finding.dist = object->dist;
    return finding;
}

/* ---- refusals */

/* GetLastError after an open that failed, from the sentence that the probe wrote. */
static int code_in(tfd_str why)
{
    size_t at = tfd_str_find_z(why, "error ");
    tfd_str digits = at == TFD_NPOS ? TFD_STR("") : tfd_str_from(why, at + 6);
    uint64_t code = 0;
    size_t len = 0;

    while (len < digits.len && tfd_char_is_digit(digits.ptr[len]))
        len++;
    return tfd_str_u64(tfd_str_sub(digits, 0, len), &code) && code < 65536 ? (int)code : 0;
}

tfd_finding tfd_windows_blame_refusal(const tfd_view *view, int code, tfd_str path, int weight)
{
    tfd_finding finding = tfd_finding_of(TFD_CAUSE_COUNT, TFD_STR(""), weight, TFD_EFFECT_MAY_BREAK);

    (void)view;
    switch (code) {
    case 5: /* ERROR_ACCESS_DENIED: rights of the file; what else refuses has numbers of its own */
    case 32:
        finding.cause = TFD_CAUSE_PERMISSION_DENIED;
        finding.subject = path;
        break;
    case 225:  /* ERROR_VIRUS_INFECTED */
    case 226:  /* ERROR_VIRUS_DELETED */
    case 577:  /* ERROR_INVALID_IMAGE_HASH */
    case 1260: /* ERROR_ACCESS_DISABLED_BY_POLICY */
    case 4551: /* ERROR_SYSTEM_INTEGRITY_POLICY_VIOLATION */
    case 1920: /* ERROR_CANT_ACCESS_FILE */
        finding.cause = TFD_CAUSE_SECURITY_BLOCKED;
        break;
    default:
        break;
    }
    finding.path = path;
    return finding;
}

/* ---- objects */

bool tfd_windows_blame_object(const tfd_view *view, size_t row, int weight, tfd_findings *out)
{
    const tfd_object *object = tfd_view_object(view, row);
    tfd_finding finding;
    tfd_vc_state vc;

    if (!object || object->state == TFD_OBJECT_OK || object->state == TFD_OBJECT_UNKNOWN)
        return false;
    vc = tfd_vc_state_of(view, name_of(object->path));
    if (object->state == TFD_OBJECT_UNREADABLE) {
        int code = code_in(object->why);

        finding = tfd_windows_blame_refusal(view, code == 0 ? 5 : code, object->path, weight);
    } else if (vc.fault != TFD_VC_FINE) {
        finding = tfd_vc_finding(view, &vc, out->arena);
    } else if (object->is_system) {
        return false; /* a file of Windows: nothing here can be repaired */
    } else {
        finding = file_finding(view, object, weight, TFD_EFFECT_MAY_BREAK);
    }
    if (finding.cause == TFD_CAUSE_COUNT)
        return false;
    finding.effect = effect_of(object->is_needed, object->is_optional);
    if (finding.weight > weight)
        finding.weight = weight;
    finding.outweighs_import |= is_wine(view) && object->state == TFD_OBJECT_WRONG_ARCH;
    if (finding.text.len == 0)
        finding.text = tfd_arena_fmt(out->arena, "%.*s: %.*s", TFD_ARG(object->path), TFD_ARG(object->why));
    finding.source = object->path;
    tfd_findings_add(out, &finding);
    return true;
}

/* ---- names that nothing answers */

/* RECORD says that this very file is another one: then it is damage, not a package for another Python. */
static bool is_as_recorded(const tfd_view *view, tfd_str path)
{
    const tfd_file_problems *all = &view->facts->file_problems;

    for (size_t i = 0; i < all->count; i++)
        if (tfd_path_eq(TFD_PATH_WINDOWS, all->items[i].path, path))
            return false;
    return true;
}

/* "python311.dll": a module that was made for another Python asks for its library. */
static bool is_other_python(const tfd_view *view, tfd_str name)
{
    char own[32];

    (void)snprintf(own, sizeof own, "python%d%d.dll", view->facts->python.major, view->facts->python.minor);
    return !tfd_str_eq_nocase(name, tfd_str_of(own));
}

/* A module of the standard library, as against one of a package. */
static bool is_stdlib(const tfd_view *view, const tfd_object *object)
{
    size_t place = object ? tfd_view_place_of(view, object->path) : TFD_NONE;

    return object && object->dist == TFD_NONE && place < view->facts->places.count &&
           (view->facts->places.items[place].kind == TFD_PLACE_STDLIB ||
            view->facts->places.items[place].kind == TFD_PLACE_DYNLOAD);
}

/* conda keeps libraries in Library\bin, which its Pythons before 3.10 search only by PATH. */
static bool is_conda_inactive(const tfd_view *view)
{
    const tfd_python *py = &view->facts->python;
    tfd_str path;

    return py->env == TFD_ENV_CONDA && py->minor >= 0 && py->minor < 10 &&
           tfd_view_variable(view, TFD_STR("PATH"), &path) &&
           !tfd_path_has(TFD_PATH_WINDOWS, path, "/Library/bin");
}

static tfd_finding known_finding(const tfd_view *view, const tfd_kb_dll *known, const tfd_object *object,
                                 tfd_str name, int weight)
{
    const tfd_dist *owner = object ? tfd_view_dist(view, object->dist) : NULL;
    tfd_cause_id cause = tfd_cause_find(known->cause);
    tfd_finding finding = tfd_finding_of(cause, TFD_STR(""), weight, TFD_EFFECT_MAY_BREAK);

    if (cause == TFD_CAUSE_TF_ABI_MISMATCH) {
        if (!is_other_python(view, name) || is_stdlib(view, object))
            return tfd_finding_of(TFD_CAUSE_PYTHON_BROKEN, TFD_STR(""), weight, TFD_EFFECT_MAY_BREAK);
        if (owner && (!owner->is_tensorflow || !is_as_recorded(view, object->path)))
            return tfd_blame_dist(view, object->dist, weight, TFD_EFFECT_MAY_BREAK);
        finding.dist = view->facts->tensorflow;
        finding.subject = owner ? owner->key : TFD_STR("");
    } else if (cause == TFD_CAUSE_TF_CORRUPT) {
        finding = tfd_blame_dist(view, owner ? object->dist : view->facts->tensorflow, weight,
                                 TFD_EFFECT_MAY_BREAK);
    } else if (tfd_cause_side(cause) == TFD_SIDE_GPU) {
        finding.subject = name;
    }
    return finding;
}

tfd_finding tfd_windows_blame_missing(const tfd_view *view, const tfd_object *object, tfd_str name,
                                      int weight, tfd_arena *arena)
{
    tfd_vc_state vc = tfd_vc_state_of(view, name);
    const tfd_kb_dll *known = tfd_kb_dll_find(view->kb, name);
    tfd_str release = tfd_kb_redist_release(view->kb, name);
    tfd_finding finding;

    if (vc.fault != TFD_VC_FINE)
        return tfd_vc_finding(view, &vc, arena);
    if (release.len > 0)
        return tfd_finding_of(TFD_CAUSE_VCRUNTIME_MISSING, release, weight, TFD_EFFECT_MAY_BREAK);
    if (object && tfd_blame_is_foreign(view, tfd_view_place_of(view, object->path)))
        return tfd_blame_place(view, tfd_view_place_of(view, object->path), object->path, weight,
                               TFD_EFFECT_MAY_BREAK);
    if (known && !tfd_kb_runtime_find(view->kb, name)) {
        finding = known_finding(view, known, object, name, weight);
    } else if (is_conda_inactive(view)) {
        finding = tfd_finding_of(TFD_CAUSE_CONDA_NOT_ACTIVATED, TFD_STR(""), weight, TFD_EFFECT_MAY_BREAK);
    } else if (object) {
        finding = file_finding(view, object, weight, TFD_EFFECT_MAY_BREAK);
    } else {
        finding = tfd_finding_of(TFD_CAUSE_COUNT, TFD_STR(""), weight, TFD_EFFECT_MAY_BREAK);
    }
    return finding;
}

/* ---- resolutions */

/* The file that answers cannot be loaded: what stands behind it in the search is never asked. */
static bool blame_hit(const tfd_view *view, const tfd_resolution *one, int weight, tfd_effect effect,
                      tfd_findings *out)
{
    const tfd_object *hit = tfd_view_object(view, one->hit);
    tfd_finding finding;

    if (!is_foreign_rule(one->rule) || tfd_kb_runtime_find(view->kb, one->name))
        return tfd_windows_blame_object(view, one->hit, weight, out);
    finding = path_finding(one->rule, hit->path, weight, effect);
    finding.text = tfd_arena_fmt(out->arena, "%.*s is found first by %.*s and cannot be loaded: %.*s",
                                 TFD_ARG(hit->path), TFD_ARG(one->rule), TFD_ARG(hit->why));
    finding.source = hit->path;
    tfd_findings_add(out, &finding);
    return true;
}

static bool blame_no_permission(const tfd_resolution *one, int weight, tfd_effect effect, tfd_findings *out)
{
    for (size_t i = 0; i < one->tried_count; i++) {
        tfd_finding finding;

        if (!tfd_str_is(one->tried[i].why, "no permission"))
            continue;
        finding = tfd_finding_of(TFD_CAUSE_PERMISSION_DENIED,
                                 tfd_path_dir(TFD_PATH_WINDOWS, one->tried[i].path), weight, effect);
        finding.path = finding.subject;
        finding.text =
            tfd_arena_fmt(out->arena, "%.*s may not be searched by this user: %.*s is not found in it",
                          TFD_ARG(finding.subject), TFD_ARG(one->name));
        finding.source = finding.subject;
        tfd_findings_add(out, &finding);
        return true;
    }
    return false;
}

/* The file is there and whole: it would have been loaded before by another module, and that one failed. */
static bool is_only_late(const tfd_view *view, tfd_str name)
{
    const tfd_objects *all = &view->facts->objects;

    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].state == TFD_OBJECT_OK && all->items[i].dist != TFD_NONE &&
            tfd_str_eq_nocase(name_of(all->items[i].path), name))
            return true;
    return false;
}

bool tfd_windows_blame_resolution(const tfd_view *view, const tfd_resolution *one, int weight,
                                  tfd_findings *out)
{
    const tfd_object *object = tfd_view_object(view, one->object);
    tfd_effect effect = effect_of(one->is_needed, one->is_optional || one->is_delayed);
    tfd_finding finding;

    if (one->is_delayed)
        return false; /* asked for when a function is called, not with the import */
    if (one->hit != TFD_NONE && tfd_view_object(view, one->hit)->state != TFD_OBJECT_OK)
        return blame_hit(view, one, weight, effect, out);
    if (one->state != TFD_STATE_ABSENT || is_only_late(view, one->name))
        return false;
    if (blame_no_permission(one, weight, effect, out))
        return true;
    finding = tfd_windows_blame_missing(view, object, one->name, weight, out->arena);
    if (finding.cause == TFD_CAUSE_COUNT)
        return false;
    finding.effect = effect;
    if (finding.weight > weight)
        finding.weight = weight;
    if (finding.text.len == 0)
        finding.text = tfd_arena_fmt(
            out->arena, "%.*s needs %.*s, which is in none of the %zu places that the loader looks",
            TFD_ARG(object ? object->path : one->owner), TFD_ARG(one->name), one->tried_count);
    /* Wine loads a DLL whose assembly it does not find, Windows refuses it with error 14001. */
    finding.outweighs_import = is_wine(view) && one->is_assembly && effect != TFD_EFFECT_LATENT;
    if (finding.source.len == 0)
        finding.source = object ? object->path : TFD_STR("loader model");
    tfd_findings_add(out, &finding);
    return true;
}

/* ---- functions that are imported and not exported (error 127) */

static bool is_of_interpreter(tfd_str symbol)
{
    return tfd_str_starts_z(symbol, "Py") || tfd_str_starts_z(symbol, "_Py");
}

static tfd_finding symbol_finding(const tfd_view *view, const tfd_symbol_problem *problem, int weight,
                                  tfd_effect effect)
{
    const tfd_object *object = tfd_view_object(view, problem->object);
    const tfd_object *provider = tfd_view_object(view, problem->provider);
    const tfd_dist *owner = tfd_view_dist(view, object->dist);
    tfd_str name = provider ? name_of(provider->path) : TFD_STR("");
    size_t place = tfd_view_place_of(view, object->path);
    tfd_finding finding;

    if (provider && is_foreign_rule(problem->rule))
        return path_finding(problem->rule, provider->path, weight, effect);
    if (provider && tfd_kb_runtime_find(view->kb, name)) {
        finding =
            tfd_finding_of(provider->is_system ? TFD_CAUSE_VCRUNTIME_OUTDATED : TFD_CAUSE_VCRUNTIME_SHADOWED,
                           TFD_STR(""), weight, effect);
        finding.path = provider->path;
        return finding;
    }
    if (provider && provider->is_system)
        return tfd_finding_of(TFD_CAUSE_OS_TOO_OLD, TFD_STR(""), weight, effect);
    if (tfd_blame_is_foreign(view, place))
        return tfd_blame_place(view, place, object->path, weight, effect);
    if (owner && owner->is_tensorflow && is_of_interpreter(problem->symbol) &&
        is_as_recorded(view, object->path)) {
        finding = tfd_finding_of(TFD_CAUSE_TF_ABI_MISMATCH, owner->key, weight, effect);
        finding.dist = object->dist;
        return finding;
    }
    if (provider && provider->dist == TFD_NONE && !is_of_interpreter(problem->symbol) &&
        is_beside_python(view, provider->path))
        return path_finding(TFD_STR(""), provider->path, weight, effect);
    return file_finding(view, object, weight, effect);
}

bool tfd_windows_blame_symbol(const tfd_view *view, const tfd_symbol_problem *problem, int weight,
                              tfd_findings *out)
{
    const tfd_object *object = tfd_view_object(view, problem->object);
    const tfd_object *provider = tfd_view_object(view, problem->provider);
    tfd_finding finding;

    if (!object)
        return false;
    finding = symbol_finding(view, problem, weight,
                             effect_of(problem->is_needed, problem->is_optional || problem->is_lazy));
    if (finding.cause == TFD_CAUSE_COUNT)
        return false;
    /* Wine puts a stub in the place of the function, Windows refuses the module with error 127. */
    finding.outweighs_import = is_wine(view) && finding.effect != TFD_EFFECT_LATENT;
    finding.text = tfd_arena_fmt(
        out->arena, "%.*s imports %.*s, which %.*s does not export (%zu such functions): error 127",
        TFD_ARG(object->path), TFD_ARG(problem->symbol),
        TFD_ARG(provider ? provider->path : TFD_STR("no DLL")), problem->count);
    finding.source = object->path;
    tfd_findings_add(out, &finding);
    return true;
}
