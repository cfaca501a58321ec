/* Do two distributions own the same files, or do two versions lie one over the other? */
#include "core/check.h"
#include "formats/pep440.h"

/* Something of TensorFlow's own cannot be loaded: two builds are mixed in what the import uses. */
static bool has_native_problem(const tfd_view *view)
{
    const tfd_facts *facts = view->facts;

    for (size_t i = 0; i < facts->symbol_problems.count; i++) {
        const tfd_object *object = tfd_view_object(view, facts->symbol_problems.items[i].object);
        const tfd_dist *owner = object ? tfd_view_dist(view, object->dist) : NULL;

        if (facts->symbol_problems.items[i].is_needed && owner && owner->is_tensorflow)
            return true;
    }
    for (size_t i = 0; i < facts->resolutions.count; i++)
        if (facts->resolutions.items[i].is_needed && facts->resolutions.items[i].state == TFD_STATE_ABSENT &&
            tfd_str_starts_z(facts->resolutions.items[i].name, "libtensorflow"))
            return true;
    return false;
}

/* The build that came last is whole and loads, and it is not the newer one: the other is dead weight, the
 * import works. Files that only an older version had stay behind and are found by a newer one's code; an
 * older one's does not know of those that only the newer had. */
static bool is_harmless(const tfd_view *view, const tfd_overlap *one)
{
    size_t winner = one->first_lost == 0 ? one->first : one->second;
    size_t loser = winner == one->first ? one->second : one->first;
    /* Where conda's build is one of the two, its libraries are packages of their own, which this does not
     * see. */
    bool winner_is_whole =
        (one->first_lost == 0 || one->second_lost == 0) && view->facts->python.env != TFD_ENV_CONDA;
    int order = 1;

    return winner_is_whole && !tfd_view_import_failed(view) && !has_native_problem(view) &&
           tfd_version_cmp_text(tfd_view_dist(view, winner)->version, tfd_view_dist(view, loser)->version,
                                &order) &&
           order <= 0;
}

static void add_overlap(const tfd_view *view, const tfd_overlap *one, tfd_findings *out)
{
    const tfd_dist *first = tfd_view_dist(view, one->first);
    const tfd_dist *second = tfd_view_dist(view, one->second);
    bool both_tf = first->is_tensorflow && second->is_tensorflow;
    /* Files that both claim and that only one can be right about: the other's half of the package is gone. */
    bool torn = one->first_lost > 0 || one->second_lost > 0;
    tfd_finding finding;

    if (!both_tf && !torn)
        return;
    if (both_tf) {
        finding = tfd_finding_of(TFD_CAUSE_TF_DUPLICATE, TFD_STR(""), torn ? TFD_W_STRONG + 20 : TFD_W_MAYBE,
                                 torn && !is_harmless(view, one) ? TFD_EFFECT_MAY_BREAK : TFD_EFFECT_LATENT);
        finding.dist = one->first;
    } else {
        size_t loser = one->first_lost >= one->second_lost ? one->first : one->second;

        if (!tfd_view_dist(view, loser)->is_needed)
            return;
        finding = tfd_blame_dist(view, loser, TFD_W_MAYBE, TFD_EFFECT_MAY_BREAK);
    }
    finding.text =
        tfd_arena_fmt(out->arena, "%.*s %.*s and %.*s %.*s both own %zu files, %zu of them different (%.*s)",
                      TFD_ARG(first->name), TFD_ARG(first->version), TFD_ARG(second->name),
                      TFD_ARG(second->version), one->shared, one->differing, TFD_ARG(one->sample));
    finding.source = tfd_arena_fmt(out->arena, "%.*s/RECORD", TFD_ARG(second->path));
    tfd_findings_add(out, &finding);
}

/* pip moves the old package aside (~ensorflow), writes the new one, its RECORD last, and then removes the old
 * one: a folder that nothing owns beside an old one aside is half of the new one. */
static bool is_half_installed(const tfd_view *view, const tfd_leftover *one)
{
    const tfd_leftovers *all = &view->facts->leftovers;

    if (one->kind != TFD_LEFTOVER_NO_META || !tfd_str_is(one->key, "tensorflow"))
        return false;
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].kind == TFD_LEFTOVER_TILDE && tfd_str_starts_z(all->items[i].key, "tensorflow"))
            return true;
    return false;
}

/* Two .dist-info of one distribution: an upgrade that did not finish, or a copy over an older tree. */
static void add_leftover(const tfd_view *view, const tfd_leftover *one, tfd_findings *out)
{
    const tfd_dist *dist = tfd_view_dist(view, one->dist);
    tfd_effect effect = TFD_EFFECT_LATENT;
    tfd_finding finding;

    switch (one->kind) {
    case TFD_LEFTOVER_TWO_META:
    case TFD_LEFTOVER_NAMESPACE:
        effect = one->kind != TFD_LEFTOVER_NAMESPACE ? TFD_EFFECT_MAY_BREAK
                 : tfd_view_may_be_empty(view, tfd_path_base(tfd_view_style(view), one->path))
                     ? TFD_EFFECT_LATENT
                     : TFD_EFFECT_BREAKS;
        break;
    case TFD_LEFTOVER_NO_FILES:
        effect = TFD_EFFECT_BREAKS;
        break;
    case TFD_LEFTOVER_NO_META:
        if (is_half_installed(view, one))
            effect = TFD_EFFECT_BREAKS;
        break;
    case TFD_LEFTOVER_TILDE:
        if (!tfd_view_tensorflow(view))
            return; /* check_install tells it */
        break;
    }
    if (dist && (!dist->is_needed || tfd_view_is_optional(view, dist->key)))
        effect = TFD_EFFECT_LATENT;
    if (dist)
        finding = tfd_blame_dist(view, one->dist, TFD_W_LIKELY, effect);
    else
        finding = tfd_blame_key(view, one->key, TFD_W_LIKELY, effect);
    if (tfd_str_starts_z(one->key, "tensorflow") && finding.cause == TFD_CAUSE_DEP_OTHER)
        finding.cause = TFD_CAUSE_TF_CORRUPT;
    if (one->kind == TFD_LEFTOVER_NAMESPACE)
        finding.weight = TFD_W_STRONG + 10;
    if (one->kind == TFD_LEFTOVER_NO_FILES || is_half_installed(view, one))
        finding.weight = TFD_W_STRONG;
    if (one->kind == TFD_LEFTOVER_TWO_META)
        finding.weight = TFD_W_LIKELY - 10;
    finding.path = one->path;
    finding.source = one->path;
    finding.text = tfd_arena_fmt(
        out->arena,
        one->kind == TFD_LEFTOVER_TWO_META
            ? "%.*s: a second .dist-info of the same distribution lies in the folder"
        : one->kind == TFD_LEFTOVER_NAMESPACE
            ? "%.*s has no __init__.py: it imports silently as an empty namespace package"
        : one->kind == TFD_LEFTOVER_NO_FILES ? "%.*s is there, the package that it describes is not"
        : is_half_installed(view, one)
            ? "%.*s is there, its .dist-info is not, and what an upgrade put aside still lies beside it"
        : one->kind == TFD_LEFTOVER_NO_META ? "%.*s is there, its .dist-info is not: installers do not see it"
                                            : "%.*s was left behind by an interrupted upgrade",
        TFD_ARG(one->path));
    tfd_findings_add(out, &finding);
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;

    for (size_t i = 0; i < facts->overlaps.count; i++)
        add_overlap(view, &facts->overlaps.items[i], out);
    for (size_t i = 0; i < facts->leftovers.count; i++)
        add_leftover(view, &facts->leftovers.items[i], out);
    if (out->check_status == TFD_CHECK_OK)
        tfd_findings_say(out, TFD_STR("no file of TensorFlow is owned twice"));
}

const tfd_check tfd_check_duplicate = {
    .id = "duplicate",
    .summary = "No two distributions own TensorFlow's files, and no half-removed one lies about",
    .run = run,
};
