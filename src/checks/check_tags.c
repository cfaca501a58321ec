/* Were the wheels built for this interpreter, this processor and this C library? */
#include "core/check.h"

/* Native code with Python code behind it, as far as the import uses it: without it things are slower only. */
static bool is_spared(const tfd_view *view, const tfd_dist *dist)
{
    const tfd_kb_imports *imports = tfd_kb_imports_find(view->kb, tfd_view_tf_version(view));

    return imports && tfd_kb_dist_is_spared(imports, dist->key);
}

static void add_dist(const tfd_view *view, size_t row, tfd_findings *out)
{
    const tfd_dist *dist = tfd_view_dist(view, row);
    tfd_finding finding = tfd_blame_dist(view, row, TFD_W_STRONG, TFD_EFFECT_MAY_BREAK);

    if (dist->is_tensorflow || finding.cause == TFD_CAUSE_ADDON_MISMATCH) {
        finding.cause = tfd_blame_tags(view, dist);
        finding.subject = dist->key;
    } else if (tfd_view_is_optional(view, dist->key) || is_spared(view, dist)) {
        finding.effect = TFD_EFFECT_LATENT;
    }
    /* A wheel for a newer glibc may load all the same; the symbol versions that it needs decide
     * (check_native). */
    if (tfd_str_starts_z(dist->tags_why, "glibc"))
        finding.weight = TFD_W_MAYBE;
    if (tfd_blame_is_foreign(view, dist->place)) {
        const tfd_place *place = tfd_view_place(view, dist->place);

        finding = tfd_blame_place(view, dist->place, dist->path, TFD_W_STRONG, TFD_EFFECT_MAY_BREAK);
        finding.cause = TFD_CAUSE_PYTHONPATH_CONFLICT;
        finding.subject = place->path;
    }
    finding.text = tfd_arena_fmt(out->arena, "%.*s %.*s was built for %.*s; this is %.*s %d.%d (%.*s)",
                                 TFD_ARG(dist->name), TFD_ARG(dist->version), TFD_ARG(dist->tags),
                                 TFD_ARG(view->facts->python.implementation), view->facts->python.major,
                                 view->facts->python.minor, TFD_ARG(dist->tags_why));
    finding.source = tfd_arena_fmt(out->arena, "%.*s/WHEEL", TFD_ARG(dist->path));
    tfd_findings_add(out, &finding);
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;

    if (facts->python.broken == TFD_PY_FOREIGN_ARCH) {
        tfd_findings_unknown(out, TFD_STR("the interpreter is built for another processor"));
        return;
    }
    for (size_t i = 0; i < facts->dists.count; i++) {
        const tfd_dist *dist = &facts->dists.items[i];

        if (dist->is_needed && !dist->is_shadowed && dist->tags_fit == TFD_NO)
            add_dist(view, i, out);
    }
    if (out->check_status == TFD_CHECK_OK)
        tfd_findings_say(out, TFD_STR("every wheel was built for this interpreter and system"));
}

const tfd_check tfd_check_tags = {
    .id = "tags",
    .summary = "The wheels were built for this interpreter, processor and C library",
    .run = run,
};
