/* A requirement or add-on that is missing, damaged or of the wrong version. */
#include "core/title.h"
#include "fixes/fix.h"
#include "formats/pep440.h"
#include "formats/pep508.h"

/* Their requirement "tensorflow" would put the full package over tensorflow-cpu, -rocm …: pip and uv do not
 * know that these are the same files. */
static bool would_pull_tensorflow(const tfd_fix_ctx *ctx, tfd_str key)
{
    return tfd_str_is(key, "tf-keras") || tfd_kb_is_addon(ctx->view->kb, key);
}

void tfd_fix_remove_dangling(tfd_fix_ctx *ctx, const tfd_dist *dist)
{
    const tfd_place *place = tfd_view_place(ctx->view, dist->place);
    tfd_str module = tfd_kb_dist_module(ctx->view->kb, dist->key);
    uint32_t row;

    if (dist->is_tensorflow)
        module = TFD_STR("tensorflow");
    if (module.len == 0)
        module = dist->key;
    row = place ? tfd_map_get(&place->names, module) : TFD_MAP_NONE;
    if (row == TFD_MAP_NONE || place->entries.items[row].kind != TFD_KIND_LINK || dist->missing == 0)
        return;
    tfd_fix_remove(ctx, tfd_fix_join(ctx, place->path, module));
}

#define TOPS_MAX 6
#define SPECS_MAX 8

/* Files that are links to nothing: installers take them for absent and then write through them. */
void tfd_fix_remove_dead_links(tfd_fix_ctx *ctx, size_t row)
{
    const tfd_file_problems *all = &ctx->view->facts->file_problems;
    const tfd_dist *dist = tfd_view_dist(ctx->view, row);
    const tfd_place *place = dist ? tfd_view_place(ctx->view, dist->place) : NULL;
    tfd_str tops[TOPS_MAX];
    tfd_str words;
    size_t count = 0;

    if (!place || !dist->has_dead_links || tfd_fix_is_cmd(ctx))
        return;
    words = tfd_fix_quote(ctx, dist->path);
    for (size_t i = 0; i < all->count && count < TOPS_MAX; i++) {
        tfd_str rest = tfd_str_from(all->items[i].path, place->path.len + 1);
        bool is_known = all->items[i].dist != row || all->items[i].state != TFD_FILE_MISSING;
        tfd_str top, tail;

        (void)tfd_str_cut(rest, '/', &top, &tail);
        for (size_t k = 0; k < count && !is_known; k++)
            is_known = tfd_str_eq(tops[k], top);
        if (is_known)
            continue;
        tops[count++] = top;
        words = tfd_arena_fmt(ctx->arena, "%.*s %.*s", TFD_ARG(words),
                              TFD_ARG(tfd_fix_quote(ctx, tfd_fix_join(ctx, place->path, top))));
    }
    tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "find %.*s -xtype l -delete", TFD_ARG(words)));
}

/* One file in ten, and more than a handful: not damage, but another version that was laid over it. */
static bool is_overlaid(const tfd_dist *dist)
{
    size_t differing = dist->wrong_size + dist->altered;

    return differing >= 10 && differing * 10 > dist->files;
}

/* The other version brought files that no RECORD names: installers leave them, and a folder backend/ goes on
 * to win over the module backend.py. */
static void remove_folder(tfd_fix_ctx *ctx, const tfd_dist *dist)
{
    const tfd_place *place = tfd_view_place(ctx->view, dist->place);
    tfd_str module = tfd_kb_dist_module(ctx->view->kb, dist->key);
    tfd_str top, rest;
    tfd_str path;

    if (module.len == 0)
        module = dist->key;
    (void)tfd_str_cut(module, '.', &top, &rest);
    if (!place || tfd_map_get(&place->names, top) == TFD_MAP_NONE ||
        place->entries.items[tfd_map_get(&place->names, top)].kind != TFD_KIND_DIR)
        return;
    path = tfd_fix_join(ctx, place->path, top);
    if (rest.len > 0 && tfd_str_find_char(rest, '.') == TFD_NPOS)
        path = tfd_fix_join(ctx, path, rest);
    else if (rest.len > 0)
        return;
    tfd_fix_remove_tree(ctx, path);
}

static void fix_damaged(tfd_fix_ctx *ctx, const tfd_dist *dist)
{
    tfd_str spec = tfd_arena_fmt(ctx->arena, "%.*s==%.*s", TFD_ARG(dist->name), TFD_ARG(dist->version));

    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Put %.*s %.*s in place again", TFD_ARG(dist->name),
                                     TFD_ARG(dist->version)));
    tfd_fix_remove_dangling(ctx, dist);
    tfd_fix_remove_dead_links(ctx, ctx->lead->dist);
    if (is_overlaid(dist))
        remove_folder(ctx, dist);
    /* Where most files are gone (links into a cache that was cleaned), pip stumbles over moving them away. */
    tfd_fix_install(
        ctx, dist->has_record && dist->missing * 2 < dist->files ? TFD_REINSTALL_NO_DEPS : TFD_INSTALL_OVER,
        spec);
}

/* What else in the environment goes without: better said than found out. */
static void note_left_out(tfd_fix_ctx *ctx, tfd_str key, tfd_str spec)
{
    tfd_requirement_text wanted;
    tfd_str names;

    if (tfd_requirement_parse(spec, &wanted) != TFD_OK)
        return;
    names = tfd_fix_left_out(ctx, key, wanted.specifier);
    if (names.len > 0)
        tfd_fix_note(
            ctx, tfd_arena_fmt(ctx->arena,
                               "%.*s: these require another %.*s. Name them in the same command, without a "
                               "version, and pip finds older ones.",
                               TFD_ARG(names), TFD_ARG(key)));
}

/* The version of an add-on that is made for this TensorFlow, or what is required of the package. */
static tfd_str fitting(tfd_fix_ctx *ctx, tfd_str key)
{
    const tfd_kb_addon *addon = tfd_kb_addon_find(ctx->view->kb, key);
    tfd_str wanted = addon ? tfd_kb_addon_wanted(addon, tfd_view_tf_version(ctx->view)) : TFD_STR("");

    return wanted.len > 0 ? tfd_arena_fmt(ctx->arena, "%.*s%.*s", TFD_ARG(key), TFD_ARG(wanted))
                          : tfd_fix_requirement(ctx, key);
}

/* What the add-on's import needs besides, though its metadata does not ask for it. */
static void install_needs_of_addon(tfd_fix_ctx *ctx, tfd_str key)
{
    const tfd_kb_addon *addon = tfd_kb_addon_find(ctx->view->kb, key);

    for (size_t i = 0; addon && i < addon->need_count; i++) {
        tfd_requirement_text one;
        const tfd_dist *dist;

        if (tfd_specifier_match(addon->needs[i].tensorflow, tfd_view_tf_version(ctx->view), TFD_PRE_ALLOW) !=
                TFD_YES ||
            tfd_requirement_parse(addon->needs[i].dist, &one) != TFD_OK)
            continue;
        dist = tfd_view_dist(ctx->view, tfd_dist_find(ctx->view->facts, one.name));
        if (dist && tfd_specifier_match(one.specifier, dist->version, TFD_PRE_ALLOW) != TFD_NO)
            continue;
        if (would_pull_tensorflow(ctx, one.name))
            tfd_fix_install(ctx, TFD_INSTALL_NO_DEPS, fitting(ctx, one.name));
        else
            tfd_fix_install(ctx, TFD_INSTALL, addon->needs[i].dist);
    }
}

/* What --no-deps leaves out: requirements of the add-on that are not there, by what its present version asks.
 */
static void install_missing_of_addon(tfd_fix_ctx *ctx, size_t dist)
{
    const tfd_requirements *all = &ctx->view->facts->requirements;

    for (size_t i = 0; i < all->count; i++) {
        const tfd_requirement *req = &all->items[i];

        if (req->by != dist || req->found != TFD_NONE || req->satisfied != TFD_NO || req->applies == TFD_NO ||
            tfd_kb_is_tensorflow(ctx->view->kb, req->key))
            continue;
        if (would_pull_tensorflow(ctx, req->key)) {
            tfd_fix_install(ctx, TFD_INSTALL_NO_DEPS, fitting(ctx, req->key));
            install_needs_of_addon(ctx, req->key);
        } else {
            tfd_fix_install(ctx, TFD_INSTALL, tfd_fix_requirement(ctx, req->key));
        }
    }
}

static void fix_version(tfd_fix_ctx *ctx, tfd_str key, tfd_install_mode mode)
{
    tfd_str spec = fitting(ctx, key);

    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Install a version of %.*s that fits", TFD_ARG(key)));
    if (would_pull_tensorflow(ctx, key))
        mode = TFD_INSTALL_NO_DEPS;
    tfd_fix_install(ctx, mode, spec);
    note_left_out(ctx, key, spec);
    if (mode == TFD_INSTALL_NO_DEPS && ctx->lead->dist != TFD_NONE)
        install_missing_of_addon(ctx, ctx->lead->dist);
    install_needs_of_addon(ctx, key);
}

/* Two .dist-info of one distribution (`pip install --target` over another version leaves them): the installer
 * would read the wrong one and find the requirement satisfied. */
static bool fix_two_metadata(tfd_fix_ctx *ctx, tfd_str key)
{
    const tfd_leftovers *all = &ctx->view->facts->leftovers;
    bool was_begun = false;

    for (size_t i = 0; i < all->count; i++) {
        if (all->items[i].kind != TFD_LEFTOVER_TWO_META || !tfd_str_eq(all->items[i].key, key))
            continue;
        if (!was_begun)
            tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena,
                                             "Remove the stale metadata of %.*s and put it in place again",
                                             TFD_ARG(key)));
        was_begun = true;
        tfd_fix_remove_tree(ctx, all->items[i].path);
    }
    if (was_begun)
        tfd_fix_install(ctx, TFD_REINSTALL_NO_DEPS, tfd_fix_requirement(ctx, key));
    return was_begun;
}

/* tf-keras is Keras to the import and an add-on by its version. */
static bool is_made_for_another(const tfd_fix_ctx *ctx, const tfd_dist *dist)
{
    const tfd_kb_addon *addon = tfd_kb_addon_find(ctx->view->kb, dist->key);
    tfd_str wanted = addon ? tfd_kb_addon_wanted(addon, tfd_view_tf_version(ctx->view)) : TFD_STR("");

    return wanted.len > 0 && tfd_specifier_match(wanted, dist->version, TFD_PRE_ALLOW) == TFD_NO;
}

/* A library that no distribution owns. A plugin: out of the names that TensorFlow looks for (".so", ".so.1").
 */
static bool fix_ownerless_library(tfd_fix_ctx *ctx)
{
    tfd_str path = ctx->lead->path;

    if (ctx->lead->cause != TFD_CAUSE_ADDON_MISMATCH || ctx->lead->dist != TFD_NONE || path.len == 0)
        return false;
    if (!tfd_path_has(tfd_fix_style(ctx), path, "/tensorflow-plugins/")) {
        tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Build %.*s anew against TensorFlow %.*s", TFD_ARG(path),
                                         TFD_ARG(tfd_view_tf_version(ctx->view))));
        return true;
    }
    tfd_fix_begin(ctx, TFD_STR("Keep TensorFlow from loading the plugin"));
    tfd_fix_move(ctx, path, tfd_arena_fmt(ctx->arena, "%.*s.off", TFD_ARG(path)));
    return true;
}

/* What it requires is there in the version that TensorFlow wants and it does not: another version of it has
 * to be found that goes with those, which is a resolver's work. */
static bool fix_by_resolver(tfd_fix_ctx *ctx, const tfd_dist *dist)
{
    const tfd_requirements *all = &ctx->view->facts->requirements;
    tfd_str specs[SPECS_MAX];
    size_t count = 1;

    specs[0] = dist->name;
    for (size_t i = 0; i < all->count && count < SPECS_MAX; i++) {
        const tfd_requirement *own = &all->items[i];

        if (own->by != ctx->lead->dist || own->satisfied != TFD_NO || own->applies == TFD_NO)
            continue;
        for (size_t k = 0; k < all->count && count < SPECS_MAX; k++)
            if (all->items[k].by == ctx->view->facts->tensorflow && all->items[k].applies != TFD_NO &&
                all->items[k].satisfied == TFD_YES && tfd_str_eq(all->items[k].key, own->key))
                specs[count++] = tfd_arena_fmt(ctx->arena, "%.*s%.*s", TFD_ARG(own->key),
                                               TFD_ARG(all->items[k].specifier));
    }
    if (count == 1)
        return false;
    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena,
                                     "Install a version of %.*s that goes with what TensorFlow requires",
                                     TFD_ARG(dist->name)));
    tfd_fix_install_all(ctx, TFD_INSTALL, specs, count);
    return true;
}

void tfd_fix_distribution(tfd_fix_ctx *ctx)
{
    const tfd_dist *dist = tfd_view_dist(ctx->view, ctx->lead->dist);
    tfd_str key = dist ? dist->key : ctx->lead->subject;
    tfd_dist_fault fault = dist ? tfd_dist_fault_of(ctx->view, ctx->lead->dist, key) : TFD_FAULT_MISSING;

    if (fix_ownerless_library(ctx) || fix_two_metadata(ctx, key))
        return;
    if (tfd_str_is(key, "jax") && fault == TFD_FAULT_UNKNOWN && tfd_view_jaxlib_differs(ctx->view)) {
        tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Install the jaxlib that was made with jax %.*s",
                                         TFD_ARG(dist->version)));
        tfd_fix_install(ctx, TFD_INSTALL_NO_DEPS,
                        tfd_arena_fmt(ctx->arena, "jaxlib==%.*s", TFD_ARG(dist->version)));
        return;
    }
    switch (fault) {
    case TFD_FAULT_MISSING:
        fix_version(ctx, key, TFD_INSTALL);
        return;
    case TFD_FAULT_UNFIT:
        fix_version(ctx, key, TFD_INSTALL);
        return;
    case TFD_FAULT_DAMAGED:
        fix_damaged(ctx, dist);
        return;
    case TFD_FAULT_UNKNOWN:
        break;
    }
    if (ctx->lead->cause == TFD_CAUSE_ADDON_MISMATCH || is_made_for_another(ctx, dist)) {
        fix_version(ctx, key, TFD_INSTALL);
        return;
    }
    if (fix_by_resolver(ctx, dist))
        return;
    /* The version is in range and the files are as recorded: a newer one in range is the next thing to try.
     */
    if (dist->was_hashed)
        fix_version(ctx, key, TFD_INSTALL_UPGRADE);
    fix_damaged(ctx, dist);
    if (!dist->was_hashed)
        fix_version(ctx, key, TFD_INSTALL_UPGRADE);
}
