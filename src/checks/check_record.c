/* Are the files of TensorFlow and its requirements as RECORD says; and do packages of other versions lie
 * about? */
#include "core/check.h"

static const char *state_text(tfd_file_state state)
{
    switch (state) {
    case TFD_FILE_MISSING:
        return "missing";
    case TFD_FILE_WRONG_SIZE:
        return "of the wrong size";
    case TFD_FILE_ALTERED:
        return "altered";
    case TFD_FILE_UNREADABLE:
        return "unreadable";
    case TFD_FILE_FOREIGN:
        return "foreign";
    }
    return "odd";
}

/* A module that import tensorflow was seen not to load, or to do without. */
static bool is_unused(const tfd_view *view, const tfd_file_problem *problem)
{
    const tfd_dist *dist = tfd_view_dist(view, problem->dist);
    tfd_str tf = tfd_view_tf_version(view);

    if (!dist || problem->module.len == 0)
        return false;
    if (dist->is_tensorflow)
        return tfd_str_ends_z(problem->path, ".py") &&
               tfd_kb_is_never_imported(view->kb, tf, problem->module);
    if (problem->state == TFD_FILE_MISSING && tfd_str_find_char(problem->module, '.') == TFD_NPOS &&
        tfd_str_ends_z(problem->path, "__init__.py") && tfd_view_may_be_empty(view, problem->module))
        return true;
    return tfd_str_is(view->facts->module_top, "tensorflow") &&
           (tfd_kb_is_spared(view->kb, tf, problem->module) ||
            tfd_kb_is_unused_part(view->kb, tf, dist->key, dist->version, problem->module));
}

/* Headers, licences, tests and tools are never imported; a lost one is worth no more than a warning. */
static bool is_imported(const tfd_view *view, const tfd_file_problem *problem)
{
    tfd_path_style style = tfd_view_style(view);
    tfd_str path = problem->path;

    if (tfd_path_has(style, path, "/include/") || tfd_path_has(style, path, "/tests/") ||
        tfd_path_has(style, path, ".dist-info/"))
        return false;
    if (problem->state == TFD_FILE_UNREADABLE && problem->module.len == 0)
        return true; /* a folder (all that lies in it) or a library */
    if (is_unused(view, problem))
        return false;
    return tfd_str_ends_z(path, ".py") || tfd_str_ends_z(path, ".json") || tfd_str_ends_z(path, ".so") ||
           tfd_str_find_z(path, ".so.") != TFD_NPOS || tfd_str_ends_z(path, ".pyd") ||
           tfd_str_ends_z(path, ".dll");
}

/* A few source files that grew: somebody added a line, or a tool turned line ends into CRLF. Cut files
 * shrink, and files of another version come in numbers. */
#define EDITED_MAX 10

static bool is_edited(const tfd_view *view, const tfd_file_problem *problem)
{
    const tfd_dist *dist = tfd_view_dist(view, problem->dist);

    return problem->got > problem->expected && dist && dist->wrong_size <= EDITED_MAX;
}

static int weight_of(const tfd_view *view, const tfd_file_problem *problem)
{
    bool is_native = problem->module.len == 0 || !tfd_str_ends_z(problem->path, ".py");

    if (!is_imported(view, problem))
        return TFD_W_LIKELY; /* worth a warning, never a cause */
    switch (problem->state) {
    case TFD_FILE_MISSING:
        return TFD_W_STRONG;
    case TFD_FILE_WRONG_SIZE:
        return is_native ? TFD_W_STRONG : is_edited(view, problem) ? TFD_W_MAYBE : TFD_W_LIKELY;
    case TFD_FILE_ALTERED:
        return is_native ? TFD_W_STRONG - 10 : TFD_W_LIKELY;
    case TFD_FILE_FOREIGN:
        return TFD_W_MAYBE;
    default:
        return TFD_W_STRONG;
    }
}

static bool explained_by_overlap(const tfd_facts *facts, const tfd_file_problem *problem)
{
    for (size_t i = 0; i < facts->overlaps.count; i++) {
        const tfd_overlap *one = &facts->overlaps.items[i];

        if ((one->first == problem->dist || one->second == problem->dist) && one->differing > 0)
            return problem->state == TFD_FILE_WRONG_SIZE || problem->state == TFD_FILE_ALTERED;
    }
    return false;
}

/* A native file of another size that is whole and lacks nothing: stripped or patched by a packager, on
 * Windows at most signed once more. The loader model has looked at it, so the size alone is no fault. */
#define SIGNATURE_MAX 65536u

static bool loads_all_the_same(const tfd_view *view, const tfd_file_problem *problem)
{
    const tfd_facts *facts = view->facts;
    size_t row = 0;

    if (problem->state != TFD_FILE_WRONG_SIZE)
        return false;
    if (tfd_view_is_windows(view) &&
        (problem->got < problem->expected || problem->got - problem->expected > SIGNATURE_MAX))
        return false;
    while (row < facts->objects.count && !tfd_str_eq(facts->objects.items[row].path, problem->path))
        row++;
    if (row == facts->objects.count || facts->objects.items[row].state != TFD_OBJECT_OK)
        return false;
    for (size_t i = 0; i < facts->symbol_problems.count; i++)
        if (facts->symbol_problems.items[i].object == row || facts->symbol_problems.items[i].provider == row)
            return false;
    return true;
}

/* Windows has one DLL of a name in a process: wheels of several packages bring the same one (delvewheel names
 * it by its hash), and the first that is loaded serves them all. */
static bool is_served_by_another(const tfd_view *view, const tfd_file_problem *problem)
{
    const tfd_resolutions *all = &view->facts->resolutions;
    tfd_str name = tfd_path_base(tfd_view_style(view), problem->path);
    bool is_served = false;

    if (problem->state != TFD_FILE_MISSING || !tfd_view_is_windows(view))
        return false;
    for (size_t i = 0; i < all->count; i++) {
        const tfd_resolution *one = &all->items[i];
        const tfd_object *object = tfd_view_object(view, one->object);

        if (!object || object->dist != problem->dist || !tfd_str_eq_nocase(one->name, name))
            continue;
        if (one->state != TFD_STATE_PRESENT)
            return false;
        is_served = true;
    }
    return is_served;
}

static void add_problem(const tfd_view *view, const tfd_file_problem *problem, tfd_findings *out)
{
    const tfd_dist *dist = tfd_view_dist(view, problem->dist);
    tfd_effect effect = TFD_EFFECT_MAY_BREAK;
    tfd_finding finding;
    bool unreadable = problem->state == TFD_FILE_UNREADABLE;

    if (!dist || (unreadable && !is_imported(view, problem)))
        return;
    if (!dist->is_needed || !is_imported(view, problem) || loads_all_the_same(view, problem) ||
        is_served_by_another(view, problem) || tfd_view_is_optional(view, dist->key))
        effect = TFD_EFFECT_LATENT;
    if (unreadable) {
        finding = tfd_finding_of(TFD_CAUSE_PERMISSION_DENIED, problem->path, TFD_W_STRONG, effect);
        finding.dist = problem->dist;
    } else {
        finding = tfd_blame_dist(view, problem->dist, weight_of(view, problem), effect);
    }
    finding.path = problem->path;
    finding.source = tfd_arena_fmt(out->arena, "%.*s/RECORD", TFD_ARG(dist->path));
    if (problem->state == TFD_FILE_WRONG_SIZE)
        finding.text =
            tfd_arena_fmt(out->arena, "%.*s has %llu bytes, RECORD of %.*s %.*s says %llu",
                          TFD_ARG(problem->path), (unsigned long long)problem->got, TFD_ARG(dist->name),
                          TFD_ARG(dist->version), (unsigned long long)problem->expected);
    else
        finding.text = tfd_arena_fmt(out->arena, "%.*s is %s (%.*s %.*s)", TFD_ARG(problem->path),
                                     state_text(problem->state), TFD_ARG(dist->name), TFD_ARG(dist->version));
    tfd_findings_add(out, &finding);
}

/* The strongest problems of each distribution; the rest is a number. */
#define PER_DIST_MAX 3

static void add_dist(const tfd_view *view, size_t row, tfd_findings *out)
{
    const tfd_file_problems *all = &view->facts->file_problems;
    size_t shown = 0;

    for (int pass = 0; pass < 2 && shown < PER_DIST_MAX; pass++) {
        for (size_t i = 0; i < all->count && shown < PER_DIST_MAX; i++) {
            const tfd_file_problem *one = &all->items[i];

            if (one->dist != row || explained_by_overlap(view->facts, one) ||
                is_imported(view, one) != (pass == 0))
                continue;
            add_problem(view, one, out);
            shown++;
        }
    }
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;
    size_t files = 0;
    size_t odd = 0;
    size_t hashed = 0;

    if (!facts->file_problems.complete && facts->file_problems.why.len > 0 && facts->file_problems.count == 0)
        tfd_findings_unknown(out, facts->file_problems.why);
    for (size_t i = 0; i < facts->dists.count; i++) {
        const tfd_dist *dist = &facts->dists.items[i];

        files += dist->files;
        odd += dist->missing + dist->wrong_size + dist->altered + dist->unreadable;
        hashed += dist->was_hashed ? 1 : 0;
        if (!dist->is_shadowed &&
            dist->missing + dist->wrong_size + dist->altered + dist->unreadable + dist->foreign > 0)
            add_dist(view, i, out);
    }
    if (files > 0 && odd == 0 && out->check_status == TFD_CHECK_OK) {
        tfd_findings_say(out, tfd_arena_fmt(out->arena, "all %zu files are there with the sizes of RECORD%s",
                                            files, hashed > 0 ? ", hashes compared" : ""));
        tfd_findings_clear(out, tfd_arena_fmt(out->arena,
                                              "all %zu files of the packages that are there are as installed",
                                              files));
    }
}

const tfd_check tfd_check_record = {
    .id = "record",
    .summary = "The files of TensorFlow and its requirements are those that their RECORDs list",
    .run = run,
};
