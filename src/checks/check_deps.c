/* Are the requirements of TensorFlow, and theirs, there in versions that fit? METADATA says what was asked;
 * the knowledge base says what really breaks, in both directions. */
#include "core/check.h"

/* A requirement whose distribution lies in a foreign place while the environment has one that fits is a
 * symptom of that place (a PYTHONPATH entry, a .pth file), not of the distribution. */
static bool is_shadowed_by_place(const tfd_view *view, size_t row)
{
    const tfd_dist *found = tfd_view_dist(view, row);

    if (!found || !tfd_blame_is_foreign(view, found->place))
        return false;
    for (size_t i = 0; i < view->facts->dists.count; i++) {
        const tfd_dist *dist = &view->facts->dists.items[i];

        if (i != row && dist->is_shadowed && tfd_str_eq(dist->key, found->key))
            return true;
    }
    return false;
}

/* What is installed fits the environment's own TensorFlow, and another one that wins over it asks for
 * something else: the fault is that it wins. */
static bool is_asked_by_intruder(const tfd_view *view, const tfd_dist *found)
{
    const tfd_dist *hidden = tfd_view_hidden_tensorflow(view);

    return hidden && found && !tfd_view_is_breaking(view, hidden->version, found->key, found->version);
}

static tfd_finding blame_intruder(const tfd_view *view, tfd_arena *arena, const tfd_dist *found, int weight)
{
    const tfd_dist *tf = tfd_view_tensorflow(view);
    const tfd_dist *hidden = tfd_view_hidden_tensorflow(view);
    const tfd_place *place = tfd_view_place(view, tf->place);
    tfd_finding finding = tfd_blame_place(view, tf->place, tf->path, weight, TFD_EFFECT_MAY_BREAK);

    finding.dist = view->facts->tensorflow;
    if (hidden->place == tf->place) {
        finding.cause = TFD_CAUSE_TF_DUPLICATE;
        finding.subject = TFD_STR("");
        finding.text = tfd_arena_fmt(
            arena, "%.*s %.*s lies over %.*s, which %.*s %.*s fits, and asks for another", TFD_ARG(tf->name),
            TFD_ARG(tf->version), TFD_ARG(hidden->version), TFD_ARG(found->name), TFD_ARG(found->version));
        finding.source = hidden->path;
        return finding;
    }
    finding.cause = TFD_CAUSE_PYTHONPATH_CONFLICT;
    finding.subject = place->path;
    finding.text = tfd_arena_fmt(
        arena, "%.*s %.*s in %.*s wins over the environment's own %.*s and does not fit its %.*s %.*s",
        TFD_ARG(tf->name), TFD_ARG(tf->version), TFD_ARG(place->path), TFD_ARG(hidden->version),
        TFD_ARG(found->name), TFD_ARG(found->version));
    finding.source = place->source;
    return finding;
}

/* harmless: known to work all the same. What nobody measured is under suspicion here, unlike the
 * environment's own: that it wins is odd enough. */
static void add_foreign(const tfd_view *view, const tfd_requirement *req, int weight, bool harmless,
                        tfd_findings *out)
{
    const tfd_dist *found = tfd_view_dist(view, req->found);
    const tfd_place *place = tfd_view_place(view, found->place);
    tfd_finding finding = tfd_blame_place(view, found->place, found->path, weight,
                                          harmless ? TFD_EFFECT_LATENT : TFD_EFFECT_MAY_BREAK);

    finding.cause = TFD_CAUSE_PYTHONPATH_CONFLICT;
    finding.subject = place->path;
    finding.dist = req->found;
    finding.text = tfd_arena_fmt(
        out->arena, "%.*s %.*s in %.*s wins over the environment's own; %.*s is required",
        TFD_ARG(found->name), TFD_ARG(found->version), TFD_ARG(place->path), TFD_ARG(req->text));
    finding.source = place->source;
    tfd_findings_add(out, &finding);
}

/* A TensorFlow newer than every measured one may load what none of those did: where the tables do not know a
 * distribution that it asks for, its own METADATA is the only word. */
static bool is_news(const tfd_view *view, const tfd_requirement *req)
{
    tfd_str version = tfd_view_tf_version(view);
    const tfd_kb_imports *nearest = tfd_kb_imports_find(view->kb, version);

    return version.len > 0 && nearest && nearest == tfd_kb_imports_find(view->kb, TFD_STR("")) &&
           !tfd_kb_imports_are_of(nearest, version) && tfd_view_dist(view, req->by)->is_tensorflow &&
           tfd_kb_dist_need(view->kb, version, req->key) == TFD_KB_NEED_UNKNOWN;
}

/* Its metadata is lost, its module is where installers put one: the import asks for nothing more. */
static bool is_there_all_the_same(const tfd_view *view, tfd_str key)
{
    const tfd_modules *all = &view->facts->modules;

    for (size_t i = 0; i < all->count; i++) {
        const tfd_module *module = &all->items[i];

        if (module->wanted_dist != TFD_NONE || !tfd_str_eq(module->hint, key) || module->place == TFD_NONE)
            continue;
        if (module->kind != TFD_MODULE_MISSING && module->kind != TFD_MODULE_NAMESPACE)
            return !tfd_blame_is_foreign(view, module->place);
    }
    return false;
}

/* TensorFlow's code asks for a module of it that the tables of measured imports do not list, and it is
 * nowhere. */
static bool is_missed(const tfd_view *view, tfd_str key)
{
    const tfd_kb_imports *imports = tfd_kb_imports_find(view->kb, tfd_view_tf_version(view));
    const tfd_modules *all = &view->facts->modules;

    for (size_t i = 0; i < all->count; i++) {
        const tfd_module *module = &all->items[i];

        if (module->kind == TFD_MODULE_MISSING && module->is_needed && !module->is_optional &&
            !module->is_stdlib && tfd_str_eq(module->hint, key) &&
            !(imports && tfd_kb_module_find(imports, module->name)))
            return all->complete;
    }
    return false;
}

static void add_unmet(const tfd_view *view, const tfd_requirement *req, tfd_findings *out)
{
    const tfd_dist *by = tfd_view_dist(view, req->by);
    const tfd_dist *found = tfd_view_dist(view, req->found);
    tfd_verdict verdict = tfd_view_verdict(view, req->key, found ? found->version : TFD_STR(""), NULL);
    tfd_effect effect = TFD_EFFECT_MAY_BREAK;
    int weight = TFD_W_LIKELY;
    tfd_finding finding;

    if (!found && is_news(view, req))
        verdict = TFD_VERDICT_UNKNOWN;
    if (!found && is_missed(view, req->key))
        verdict = TFD_VERDICT_BREAKS;
    if (verdict == TFD_VERDICT_BREAKS)
        weight = TFD_W_STRONG;
    if (verdict == TFD_VERDICT_HARMLESS)
        effect = TFD_EFFECT_LATENT;
    /* Out of range, and nobody measured what comes of it: worth a warning until the import fails. */
    if (verdict == TFD_VERDICT_UNKNOWN && found && tfd_view_import_failed(view))
        weight = TFD_W_MAYBE + 10;
    else if (verdict == TFD_VERDICT_UNKNOWN && found)
        effect = TFD_EFFECT_LATENT;
    if (!req->is_needed || tfd_view_is_unfit(view, req->by) ||
        (!found && is_there_all_the_same(view, req->key)))
        effect = TFD_EFFECT_LATENT;
    if (is_shadowed_by_place(view, req->found)) {
        add_foreign(view, req, weight, verdict == TFD_VERDICT_HARMLESS, out);
        return;
    }
    if (is_asked_by_intruder(view, found)) {
        finding = blame_intruder(view, out->arena, found, weight);
        tfd_findings_add(out, &finding);
        return;
    }
    /* An add-on that asks for another TensorFlow is the one that does not fit. */
    if (found && found->is_tensorflow && !by->is_tensorflow && tfd_kb_is_addon(view->kb, by->key)) {
        finding = tfd_blame_dist(view, req->by, weight, effect);
    } else {
        finding = tfd_blame_key(view, req->key, weight, effect);
        finding.dist = req->found;
    }
    finding.source = tfd_arena_fmt(out->arena, "%.*s:%zu", TFD_ARG(by->metadata), req->line);
    finding.text =
        found ? tfd_arena_fmt(out->arena, "%.*s %.*s requires %.*s; %.*s is installed", TFD_ARG(by->name),
                              TFD_ARG(by->version), TFD_ARG(req->text), TFD_ARG(found->version))
              : tfd_arena_fmt(out->arena, "%.*s %.*s requires %.*s; it is not installed", TFD_ARG(by->name),
                              TFD_ARG(by->version), TFD_ARG(req->text));
    tfd_findings_add(out, &finding);
}

/* Combinations that METADATA allows and that break all the same. */
static void add_known_break(const tfd_view *view, size_t row, tfd_findings *out)
{
    const tfd_dist *dist = tfd_view_dist(view, row);
    const tfd_kb_break *rule = NULL;
    tfd_finding finding;

    if (tfd_view_verdict(view, dist->key, dist->version, &rule) != TFD_VERDICT_BREAKS || !rule)
        return;
    if (is_asked_by_intruder(view, dist)) {
        finding = blame_intruder(view, out->arena, dist, TFD_W_STRONG);
        tfd_findings_add(out, &finding);
        return;
    }
    finding = tfd_blame_dist(view, row, TFD_W_STRONG, TFD_EFFECT_MAY_BREAK);
    if (is_shadowed_by_place(view, row)) {
        finding = tfd_blame_place(view, dist->place, dist->path, TFD_W_STRONG, TFD_EFFECT_MAY_BREAK);
        finding.cause = TFD_CAUSE_PYTHONPATH_CONFLICT;
        finding.subject = tfd_view_place(view, dist->place)->path;
        finding.dist = row;
    }
    finding.text =
        tfd_arena_fmt(out->arena, "%.*s %.*s with TensorFlow %.*s: %.*s", TFD_ARG(dist->name),
                      TFD_ARG(dist->version), TFD_ARG(tfd_view_tf_version(view)), TFD_ARG(rule->why));
    finding.source = tfd_arena_fmt(out->arena, "knowledge base: breaks, %.*s (%.*s)", TFD_ARG(rule->id),
                                   TFD_ARG(rule->origin.confidence));
    tfd_findings_add(out, &finding);
}

/* TensorFlow tries to import jax and is ready for its absence, not for the RuntimeError with which jax
 * refuses a jaxlib newer than itself. */
static void add_jax(const tfd_view *view, tfd_findings *out)
{
    const tfd_dist *jaxlib = tfd_view_dist(view, tfd_dist_find(view->facts, TFD_STR("jaxlib")));
    size_t row = tfd_dist_find(view->facts, TFD_STR("jax"));
    tfd_finding finding;

    if (!tfd_view_jaxlib_is_newer(view) ||
        tfd_view_verdict_broken(view, TFD_STR("jax")) != TFD_VERDICT_BREAKS)
        return;
    finding = tfd_blame_dist(view, row, TFD_W_STRONG, TFD_EFFECT_MAY_BREAK);
    finding.text = tfd_arena_fmt(out->arena, "jaxlib %.*s is newer than jax %.*s, which refuses it",
                                 TFD_ARG(jaxlib->version), TFD_ARG(tfd_view_dist(view, row)->version));
    finding.source = jaxlib->path;
    tfd_findings_add(out, &finding);
}

/* Of a distribution that the import needs, what it requires could not be read. */
static bool has_unread_metadata(const tfd_facts *facts)
{
    for (size_t i = 0; i < facts->dists.count && !facts->requirements.complete; i++) {
        const tfd_dist *dist = &facts->dists.items[i];

        if (dist->kind == TFD_DIST_INFO && dist->metadata.len == 0 && !dist->is_shadowed &&
            (dist->is_needed || dist->is_tensorflow))
            return facts->requirements.why.len > 0;
    }
    return false;
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;
    size_t unmet = 0;
    size_t asked = 0;

    for (size_t i = 0; i < facts->requirements.count; i++) {
        const tfd_requirement *req = &facts->requirements.items[i];

        if (!req->is_needed || req->applies == TFD_NO)
            continue;
        asked++;
        if (req->satisfied != TFD_NO)
            continue;
        if (req->found == TFD_NONE && !facts->dists.complete)
            continue;
        unmet++;
        add_unmet(view, req, out);
    }
    for (size_t i = 0; i < facts->dists.count; i++)
        if (!facts->dists.items[i].is_shadowed)
            add_known_break(view, i, out); /* also what nobody requires: pandas is loaded where it is there */
    add_jax(view, out);
    if (!facts->dists.complete && facts->dists.why.len > 0 && out->check_status == TFD_CHECK_OK)
        tfd_findings_unknown(out, facts->dists.why);
    else if (has_unread_metadata(facts) && out->check_status == TFD_CHECK_OK)
        tfd_findings_unknown(out, facts->requirements.why);
    else if (out->check_status == TFD_CHECK_OK || unmet > 0)
        tfd_findings_say(out, tfd_arena_fmt(out->arena, "%zu of %zu requirements not met", unmet, asked));
}

const tfd_check tfd_check_deps = {
    .id = "deps",
    .summary = "The requirements of TensorFlow are installed in versions that fit",
    .run = run,
};
