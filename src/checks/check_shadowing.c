/* Does a file or folder of somebody else hide a module that the import needs? */
#include "core/check.h"

static bool same_version_elsewhere(const tfd_view *view, const tfd_module *module)
{
    const tfd_dist *winner = tfd_view_dist(view, module->dist);
    const tfd_dist *wanted = tfd_view_dist(view, module->wanted_dist);

    return winner && wanted && winner != wanted && tfd_str_eq(winner->key, wanted->key) &&
           tfd_str_eq(winner->version, wanted->version);
}

/* The start folder hides a module that this very release was seen to need there: an empty file of that name
 * was enough to stop the import. */
static bool is_proven(const tfd_view *view, const tfd_module *module)
{
    tfd_str version = tfd_view_tf_version(view);
    const tfd_kb_imports *imports = tfd_kb_imports_find(view->kb, version);
    const tfd_kb_module *known = imports ? tfd_kb_module_find(imports, module->name) : NULL;

    return known && known->shadowed == TFD_KB_NEED_IMPORT && tfd_kb_imports_are_of(imports, version) &&
           tfd_view_place(view, module->place)->kind == TFD_PLACE_START;
}

static void add_module(const tfd_view *view, const tfd_module *module, tfd_findings *out)
{
    const tfd_place *place = tfd_view_place(view, module->place);
    tfd_effect effect = module->is_optional ? TFD_EFFECT_LATENT : TFD_EFFECT_MAY_BREAK;
    int weight = TFD_W_LIKELY + 10;
    tfd_finding finding;

    if (!place)
        return;
    /* The very version that the environment has, brought a second time: nothing changes. */
    if (same_version_elsewhere(view, module))
        return;
    /* A foreign distribution: whether its version fits is for check_deps to say; that it wins is a hint only.
     */
    if (module->dist != TFD_NONE && module->dist != module->wanted_dist &&
        !tfd_blame_is_single_name(view, module))
        weight = TFD_W_HINT;
    if (is_proven(view, module))
        weight = TFD_W_STRONG;
    finding = tfd_blame_module(view, module, weight, effect);
    finding.text =
        module->wanted_path.len > 0
            ? tfd_arena_fmt(out->arena, "%.*s hides the module %.*s of %.*s", TFD_ARG(module->path),
                            TFD_ARG(module->name), TFD_ARG(module->wanted_path))
            : tfd_arena_fmt(out->arena, "%.*s answers to the module name %.*s", TFD_ARG(module->path),
                            TFD_ARG(module->name));
    finding.source = place->source;
    tfd_findings_add(out, &finding);
}

/* Start-up code that takes the standard library or the packages off sys.path: each is needed, whatever is
 * imported. */
static void add_dropped(const tfd_view *view, size_t row, tfd_findings *out)
{
    const tfd_place *place = tfd_view_place(view, row);
    const tfd_dist *tf = tfd_view_tensorflow(view);
    bool is_library = place->kind == TFD_PLACE_STDLIB || place->kind == TFD_PLACE_DYNLOAD;
    tfd_str file = tfd_view_dropped_by(view, row);
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_PYTHONPATH_CONFLICT, file, TFD_W_PROOF, TFD_EFFECT_MAY_BREAK);

    if (file.len == 0 || (!is_library && !(tf && tf->place == row)))
        return;
    finding.path = file;
    finding.text = tfd_arena_fmt(out->arena, "%.*s takes %.*s off sys.path while Python starts",
                                 TFD_ARG(file), TFD_ARG(place->path));
    finding.source = file;
    tfd_findings_add(out, &finding);
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_modules *all = &view->facts->modules;
    size_t count = 0;

    for (size_t i = 0; i < view->facts->places.count && !tfd_view_import_ok(view); i++)
        add_dropped(view, i, out);

    for (size_t i = 0; i < all->count; i++) {
        const tfd_module *one = &all->items[i];

        if (!one->is_needed)
            continue;
        count++;
        if (one->is_shadowed)
            add_module(view, one, out);
    }
    if (!all->complete && all->why.len > 0 && out->check_status == TFD_CHECK_OK)
        tfd_findings_unknown(out, all->why);
    else if (out->check_status == TFD_CHECK_OK)
        tfd_findings_say(out, tfd_arena_fmt(out->arena, "%zu modules come from where they should", count));
}

const tfd_check tfd_check_shadowing = {
    .id = "shadowing",
    .summary = "Every module that the import needs comes from the place it should come from",
    .run = run,
};
