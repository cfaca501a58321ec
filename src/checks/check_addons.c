/* Does the add-on that was asked for (or that TensorFlow loads by itself) fit this TensorFlow? */
#include "core/check.h"

/* TensorFlow takes Keras from tf-keras then (tensorflow/python/util/lazy_loader.py: these spellings count).
 */
static bool is_legacy_keras(const tfd_view *view, const tfd_dist *dist)
{
    tfd_str value;

    return tfd_str_is(dist->key, "tf-keras") &&
           tfd_view_variable(view, TFD_STR("TF_USE_LEGACY_KERAS"), &value) &&
           (tfd_str_is(value, "1") || tfd_str_is(value, "true") || tfd_str_is(value, "True"));
}

static void check_one(const tfd_view *view, size_t row, tfd_findings *out)
{
    const tfd_dist *dist = tfd_view_dist(view, row);
    const tfd_kb_addon *addon = tfd_kb_addon_find(view->kb, dist->key);
    tfd_str tf = tfd_view_tf_version(view);
    tfd_str wanted = addon ? tfd_kb_addon_wanted(addon, tf) : TFD_STR("");
    bool is_asked = addon && tfd_str_eq(addon->module, view->facts->module_top);
    bool is_plugin = addon && tfd_str_is(addon->link, "plugin");
    /* Asked for is more than the import of the add-on: the part that meets TensorFlow's own code. */
    bool is_reached = !tfd_str_eq(view->facts->module, view->facts->module_top);
    tfd_finding finding;

    if (!addon || (!is_asked && !is_plugin && !is_legacy_keras(view, dist)) || tf.len == 0 ||
        tfd_kb_addon_fits(addon, dist->version, tf) != TFD_NO)
        return;
    finding = tfd_blame_dist(view, row,
                             addon->is_strict ? TFD_W_STRONG
                             : is_reached     ? TFD_W_LIKELY
                                              : TFD_W_MAYBE,
                             TFD_EFFECT_MAY_BREAK);
    if (finding.cause == TFD_CAUSE_DEP_OTHER)
        finding.cause = TFD_CAUSE_ADDON_MISMATCH;
    finding.text =
        tfd_arena_fmt(out->arena, "%.*s %.*s is made for another TensorFlow than %.*s (%.*s)",
                      TFD_ARG(dist->name), TFD_ARG(dist->version), TFD_ARG(tf),
                      TFD_ARG(wanted.len > 0 ? tfd_arena_fmt(out->arena, "%.*s fits", TFD_ARG(wanted))
                                             : TFD_STR("no version of it is known to fit")));
    finding.source =
        tfd_arena_fmt(out->arena, "knowledge base: add-ons (%.*s)", TFD_ARG(addon->origin.confidence));
    tfd_findings_add(out, &finding);
}

static void run(const tfd_view *view, tfd_findings *out)
{
    for (size_t i = 0; i < view->facts->dists.count; i++)
        if (!view->facts->dists.items[i].is_shadowed)
            check_one(view, i, out);
    if (out->check_status == TFD_CHECK_OK)
        tfd_findings_say(out, TFD_STR("no add-on that is loaded was made for another TensorFlow"));
}

const tfd_check tfd_check_addons = {
    .id = "addons",
    .summary = "Add-ons that are loaded were made for this TensorFlow",
    .run = run,
};
