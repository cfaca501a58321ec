#include "checks/native_blame.h"

#include "checks/windows_blame.h"

static tfd_effect effect_of(bool is_needed, bool is_optional)
{
    return is_needed && !is_optional ? TFD_EFFECT_MAY_BREAK : TFD_EFFECT_LATENT;
}

tfd_str tfd_native_forced_by(tfd_str rule)
{
    static const char *const subjects[] = {"LD_LIBRARY_PATH", "LD_PRELOAD", "/etc/ld.so.preload"};

    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
        if (tfd_str_starts_z(rule, subjects[i]))
            return tfd_str_of(subjects[i]);
    return TFD_STR("");
}

static bool is_user_rule(tfd_str rule)
{
    return tfd_native_forced_by(rule).len > 0;
}

static tfd_finding ldpath_finding(tfd_str rule, tfd_str path, int weight, tfd_effect effect)
{
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_LDPATH_CONFLICT, tfd_native_forced_by(rule), weight, effect);

    finding.path = path;
    return finding;
}

/* The C++ run time, which wheels leave to the system (PEP 600). */
static bool is_cxx_runtime(tfd_str name)
{
    return tfd_str_starts_z(name, "libstdc++.so.") || tfd_str_starts_z(name, "libgcc_s.so.");
}

static tfd_finding object_finding(const tfd_view *view, const tfd_object *object, int weight,
                                  tfd_effect effect)
{
    size_t place = tfd_view_place_of(view, object->path);
    tfd_str base = tfd_path_base(tfd_view_style(view), object->path);
    tfd_finding finding;

    if (object->state == TFD_OBJECT_NOEXEC) {
        finding = tfd_finding_of(TFD_CAUSE_SECURITY_BLOCKED, TFD_STR("noexec"), weight, effect);
        finding.path = object->noexec_mount;
    } else if (object->state == TFD_OBJECT_UNREADABLE) {
        finding = tfd_finding_of(TFD_CAUSE_PERMISSION_DENIED, object->path, weight, effect);
    } else if (tfd_blame_is_foreign(view, place)) {
        finding = tfd_blame_place(view, place, object->path, weight, effect);
    } else if (object->dist != TFD_NONE) {
        finding = tfd_blame_dist(view, object->dist, weight, effect);
    } else {
        finding = tfd_blame_file(view, object->path, weight, effect);
        if (finding.cause == TFD_CAUSE_COUNT && is_cxx_runtime(base))
            finding = tfd_finding_of(TFD_CAUSE_LIBSTDCXX_OLD, base, weight, effect);
    }
    if (finding.path.len == 0)
        finding.path = object->path;
    finding.dist = object->dist;
    return finding;
}

bool tfd_native_blame_object(const tfd_view *view, size_t row, int weight, tfd_findings *out)
{
    const tfd_object *object = tfd_view_object(view, row);
    tfd_finding finding;

    if (tfd_view_is_windows(view))
        return tfd_windows_blame_object(view, row, weight, out);
    if (!object || object->state == TFD_OBJECT_OK || object->state == TFD_OBJECT_UNKNOWN)
        return false;
    /* try/except survives an ImportError, not the SIGBUS that a page behind the end of the file gives. */
    finding = object_finding(
        view, object, weight,
        effect_of(object->is_needed, object->is_optional && object->state != TFD_OBJECT_TRUNCATED));
    if (finding.cause == TFD_CAUSE_COUNT)
        return false;
    finding.text = tfd_arena_fmt(out->arena, "%.*s: %.*s", TFD_ARG(object->path), TFD_ARG(object->why));
    finding.source = object->path;
    tfd_findings_add(out, &finding);
    return true;
}

static const char *gpu_names[] = {"libcuda.so",  "libcudart",   "libcublas", "libcudnn", "libcufft",
                                  "libcusolver", "libcusparse", "libnccl",   "libnvrtc", "libnvinfer"};

static bool is_gpu_library(tfd_str name)
{
    for (size_t i = 0; i < sizeof gpu_names / sizeof gpu_names[0]; i++)
        if (tfd_str_starts_z(name, gpu_names[i]))
            return true;
    return false;
}

/* The file that answers, or would have answered, cannot be loaded: unreadable, cut, for another processor. */
static bool blame_hit(const tfd_view *view, const tfd_resolution *one, int weight, tfd_effect effect,
                      tfd_findings *out)
{
    const tfd_object *hit = tfd_view_object(view, one->hit);
    tfd_finding finding;

    if (!is_user_rule(one->rule))
        return tfd_native_blame_object(view, one->hit, weight, out);
    finding = ldpath_finding(one->rule, hit->path, weight, effect);
    finding.text = tfd_arena_fmt(out->arena, "%.*s comes from %.*s and cannot be loaded: %.*s",
                                 TFD_ARG(hit->path), TFD_ARG(one->rule), TFD_ARG(hit->why));
    finding.source = finding.subject;
    tfd_findings_add(out, &finding);
    return true;
}

/* A candidate in a folder that this user may not search: ld.so passes it over and says "No such file". */
static bool blame_no_permission(const tfd_view *view, const tfd_resolution *one, int weight,
                                tfd_effect effect, tfd_findings *out)
{
    for (size_t i = 0; i < one->tried_count; i++) {
        tfd_finding finding;
        tfd_str closed = view->facts->python.closed_folder;

        if (!tfd_str_is(one->tried[i].why, "no permission"))
            continue;
        finding = tfd_finding_of(TFD_CAUSE_PERMISSION_DENIED,
                                 tfd_path_dir(tfd_view_style(view), one->tried[i].path), weight, effect);
        if (closed.len > 0 && tfd_path_is_below(tfd_view_style(view), finding.subject, closed))
            finding.subject = closed;
        finding.path = finding.subject;
        finding.text =
            tfd_arena_fmt(out->arena, "%.*s may not be searched by this user: ld.so does not find %.*s in it",
                          TFD_ARG(finding.subject), TFD_ARG(one->name));
        finding.source = finding.subject;
        tfd_findings_add(out, &finding);
        return true;
    }
    return false;
}

bool tfd_native_blame_resolution(const tfd_view *view, const tfd_resolution *one, int weight,
                                 tfd_findings *out)
{
    const tfd_object *object = tfd_view_object(view, one->object);
    tfd_effect effect = effect_of(one->is_needed, one->is_optional);
    tfd_finding finding;

    if (tfd_view_is_windows(view))
        return tfd_windows_blame_resolution(view, one, weight, out);
    if (!object)
        return false; /* an LD_PRELOAD entry that is not there: ld.so says so and goes on */
    if (one->hit != TFD_NONE && tfd_view_object(view, one->hit)->state != TFD_OBJECT_OK)
        return blame_hit(view, one, weight, effect, out);
    if (one->state != TFD_STATE_ABSENT)
        return false;
    if (blame_no_permission(view, one, weight, effect, out))
        return true;
    if (is_cxx_runtime(one->name))
        finding = tfd_finding_of(TFD_CAUSE_LIBSTDCXX_OLD, one->name, weight, effect);
    else if (object->dist != TFD_NONE && !is_gpu_library(one->name))
        finding = tfd_blame_dist(view, object->dist, weight, effect);
    else if (is_gpu_library(one->name))
        finding = tfd_finding_of(TFD_CAUSE_CUDA_MISSING, one->name, weight, effect);
    else
        finding = tfd_blame_file(view, object->path, weight, effect);
    if (finding.cause == TFD_CAUSE_COUNT)
        return false;
    if (tfd_blame_is_foreign(view, tfd_view_place_of(view, object->path)))
        finding = tfd_blame_place(view, tfd_view_place_of(view, object->path), object->path, weight, effect);
    finding.text =
        tfd_arena_fmt(out->arena, "%.*s needs %.*s, which is in none of the %zu places that ld.so looks",
                      TFD_ARG(object->path), TFD_ARG(one->name), one->tried_count);
    finding.source = object->path;
    tfd_findings_add(out, &finding);
    return true;
}

/* A manylinux tag promises that this glibc suffices (PEP 600): a file of that wheel that wants a newer one
 * has been replaced by one that was built elsewhere. TensorFlow's own tags have promised too much. */
static bool is_not_of_its_wheel(const tfd_view *view, const tfd_object *object)
{
    const tfd_dist *dist = object ? tfd_view_dist(view, object->dist) : NULL;

    return dist && !dist->is_tensorflow && dist->tags_fit == TFD_YES &&
           tfd_str_find_z(dist->tags, "manylinux") != TFD_NPOS;
}

static tfd_finding version_finding(const tfd_view *view, const tfd_symbol_problem *problem, int weight,
                                   tfd_effect effect)
{
    const tfd_object *object = tfd_view_object(view, problem->object);
    const tfd_object *provider = tfd_view_object(view, problem->provider);
    tfd_cause_id cause = TFD_CAUSE_LIBSTDCXX_OLD;
    tfd_finding finding;

    if (provider && is_user_rule(problem->rule))
        return ldpath_finding(problem->rule, provider->path, weight, effect);
    if (tfd_str_starts_z(problem->version, "GLIBC_"))
        cause = TFD_CAUSE_OS_TOO_OLD;
    else if (!tfd_str_starts_z(problem->version, "GLIBCXX_") &&
             !tfd_str_starts_z(problem->version, "CXXABI_") && !tfd_str_starts_z(problem->version, "GCC_"))
        return tfd_blame_dist(view, object ? object->dist : TFD_NONE, weight, effect);
    if (is_not_of_its_wheel(view, object))
        return tfd_blame_dist(view, object->dist, weight, effect);
    finding = tfd_finding_of(cause, TFD_STR(""), weight, effect);
    finding.path = provider ? provider->path : TFD_STR("");
    return finding;
}

static bool is_of_interpreter(tfd_str symbol)
{
    return tfd_str_starts_z(symbol, "Py") || tfd_str_starts_z(symbol, "_Py");
}

/* A copy of libpython that a variable of the user's puts before the interpreter's own takes its symbols from
 * everybody. */
static const tfd_intruder *find_libpython_intruder(const tfd_facts *facts)
{
    for (size_t i = 0; i < facts->intruders.count; i++)
        if (tfd_str_starts_z(facts->intruders.items[i].name, "libpython"))
            return &facts->intruders.items[i];
    return NULL;
}

static tfd_finding undefined_finding(const tfd_view *view, const tfd_symbol_problem *problem, int weight,
                                     tfd_effect effect)
{
    const tfd_object *object = tfd_view_object(view, problem->object);
    const tfd_object *provider = tfd_view_object(view, problem->provider);
    const tfd_dist *owner = tfd_view_dist(view, object->dist);
    size_t place = tfd_view_place_of(view, object->path);
    const tfd_intruder *libpython = find_libpython_intruder(view->facts);
    tfd_finding finding;

    if (provider && is_user_rule(problem->rule))
        return ldpath_finding(problem->rule, provider->path, weight, effect);
    if (libpython && is_of_interpreter(problem->symbol))
        return ldpath_finding(libpython->rule, tfd_view_object(view, libpython->object)->path, weight,
                              effect);
    for (size_t i = 0; i < view->facts->intruders.count; i++) {
        const tfd_intruder *one = &view->facts->intruders.items[i];

        if (provider && one->object == problem->provider)
            return ldpath_finding(one->rule, provider->path, weight, effect);
    }
    if (tfd_blame_is_foreign(view, place))
        return tfd_blame_place(view, place, object->path, weight, effect);
    finding = tfd_blame_dist(view, object->dist, weight, effect);
    /* A symbol of the interpreter: the module is for another CPython. */
    if (owner && owner->is_tensorflow && is_of_interpreter(problem->symbol))
        finding.cause = TFD_CAUSE_TF_ABI_MISMATCH;
    return finding;
}

/* Where the interpreter's own library is not found, its symbols are unknown, not absent. */
static bool lacks_libpython(const tfd_facts *facts)
{
    for (size_t i = 0; i < facts->resolutions.count; i++)
        if (facts->resolutions.items[i].state != TFD_STATE_PRESENT &&
            tfd_str_starts_z(facts->resolutions.items[i].name, "libpython"))
            return true;
    return false;
}

/* A library that start-up code loaded answers for everybody who comes later and asks for its name. */
static bool blame_start_load(const tfd_view *view, const tfd_symbol_problem *problem, int weight,
                             tfd_effect effect, tfd_findings *out)
{
    tfd_str file = tfd_view_loaded_at_start(view, problem->provider);
    tfd_finding finding = tfd_finding_of(TFD_CAUSE_LIBRARY_CONFLICT, file, weight, effect);
    tfd_str wanted = problem->kind == TFD_SYMBOL_NO_VERSION ? problem->version : problem->symbol;

    if (file.len == 0)
        return false;
    finding.path = file;
    finding.source = file;
    finding.text = tfd_arena_fmt(
        out->arena, "%.*s needs %.*s, which %.*s does not have; %.*s loads that file while Python starts",
        TFD_ARG(tfd_view_object(view, problem->object)->path), TFD_ARG(wanted),
        TFD_ARG(tfd_view_object(view, problem->provider)->path), TFD_ARG(file));
    tfd_findings_add(out, &finding);
    return true;
}

bool tfd_native_blame_symbol(const tfd_view *view, const tfd_symbol_problem *problem, int weight,
                             tfd_findings *out)
{
    const tfd_object *object = tfd_view_object(view, problem->object);
    const tfd_object *provider = tfd_view_object(view, problem->provider);
    tfd_effect effect = effect_of(problem->is_needed, problem->is_optional || problem->is_lazy);
    tfd_finding finding;

    if (object && blame_start_load(view, problem, weight, effect, out))
        return true;
    if (tfd_view_is_windows(view))
        return tfd_windows_blame_symbol(view, problem, weight, out);
    if (!object || (is_of_interpreter(problem->symbol) && lacks_libpython(view->facts)))
        return false;
    finding = problem->kind == TFD_SYMBOL_NO_VERSION ? version_finding(view, problem, weight, effect)
                                                     : undefined_finding(view, problem, weight, effect);
    if (finding.cause == TFD_CAUSE_COUNT)
        return false;
    if (problem->kind == TFD_SYMBOL_NO_VERSION)
        finding.text =
            tfd_arena_fmt(out->arena, "%.*s needs version %.*s, which %.*s (%.*s) does not have",
                          TFD_ARG(object->path), TFD_ARG(problem->version),
                          TFD_ARG(provider ? provider->path : TFD_STR("no library")), TFD_ARG(problem->rule));
    else
        finding.text = tfd_arena_fmt(
            out->arena, "%.*s needs the symbol %.*s, which %.*s does not have (%zu such symbols)",
            TFD_ARG(object->path), TFD_ARG(problem->symbol),
            TFD_ARG(provider ? provider->path : TFD_STR("no library in its scope")), problem->count);
    finding.source = object->path;
    tfd_findings_add(out, &finding);
    return true;
}

/* Marks what is reachable over NEEDED from one object; an explicit stack, since the input may contain cycles.
 */
#define REACH_MAX 4096

static size_t reach(const tfd_facts *facts, size_t from, size_t *list, size_t max)
{
    size_t count = 0;

    list[count++] = from;
    for (size_t next = 0; next < count; next++) {
        for (size_t i = 0; i < facts->resolutions.count; i++) {
            const tfd_resolution *one = &facts->resolutions.items[i];
            bool is_known = one->object != list[next] || one->hit == TFD_NONE;

            for (size_t j = 0; !is_known && j < count; j++)
                is_known = list[j] == one->hit;
            if (!is_known && count < max)
                list[count++] = one->hit;
        }
    }
    return count;
}

static bool blame_reached(const tfd_view *view, size_t object, int weight, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;
    bool found = tfd_native_blame_object(view, object, weight, out);

    for (size_t i = 0; i < facts->resolutions.count; i++)
        if (facts->resolutions.items[i].object == object)
            found |= tfd_native_blame_resolution(view, &facts->resolutions.items[i], weight, out);
    for (size_t i = 0; i < facts->symbol_problems.count; i++)
        if (facts->symbol_problems.items[i].object == object)
            found |= tfd_native_blame_symbol(view, &facts->symbol_problems.items[i], weight, out);
    return found;
}

bool tfd_native_blame_path(const tfd_view *view, tfd_str path, int weight, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;
    size_t *list = tfd_arena_new(out->arena, size_t, REACH_MAX);
    bool found = false;

    if (!list)
        return false;
    for (size_t i = 0; i < facts->objects.count; i++) {
        size_t count;

        if (!tfd_path_eq(tfd_view_style(view), facts->objects.items[i].path, path))
            continue;
        count = reach(facts, i, list, REACH_MAX);
        for (size_t j = 0; j < count; j++)
            found |= blame_reached(view, list[j], weight, out);
        break;
    }
    return found;
}
