/* TensorFlow itself: missing, damaged, twice, or built for something else. */
#include "fixes/fix.h"
#include "formats/pep508.h"

static tfd_str pinned(tfd_fix_ctx *ctx, tfd_str name, tfd_str version)
{
    return version.len > 0 ? tfd_arena_fmt(ctx->arena, "%.*s==%.*s", TFD_ARG(name), TFD_ARG(version)) : name;
}

/* The system's Python is not for pip (PEP 668): an environment made from it is. */
static void fix_missing_in_managed(tfd_fix_ctx *ctx, tfd_str spec)
{
    const tfd_facts *facts = ctx->view->facts;

    tfd_fix_begin(ctx, TFD_STR("Make an environment and install TensorFlow there; this Python belongs to the "
                               "system (PEP 668)"));
    if (tfd_facts_lack_ensurepip(facts)) {
        const char *sudo = tfd_fix_sudo(ctx);

        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%sapt-get install -y python%d.%d-venv", sudo,
                                           facts->python.major, facts->python.minor));
        tfd_fix_needs_admin(ctx);
    }
    tfd_fix_make_environment(ctx, facts->python.path, "", TFD_STR(".venv-tensorflow"));
    tfd_fix_activate(ctx, TFD_STR(".venv-tensorflow"));
    tfd_fix_command(ctx,
                    tfd_arena_fmt(ctx->arena, "python -m pip install%s %.*s",
                                  tfd_fix_pip_cache_flag(ctx, &spec, 1), TFD_ARG(tfd_fix_quote(ctx, spec))));
    tfd_fix_count_install(ctx, TFD_INSTALL, spec, true);
    ctx->items[ctx->count - 1].needs_network = true;
}

static void fix_missing(tfd_fix_ctx *ctx)
{
    tfd_str version = tfd_fix_best_tensorflow(ctx);
    tfd_str distro = ctx->view->facts->system ? ctx->view->facts->system->distro : TFD_STR("");

    if (ctx->view->facts->python.externally_managed.len > 0 &&
        (tfd_str_is(distro, "debian") || tfd_str_is(distro, "ubuntu") ||
         !tfd_facts_lack_ensurepip(ctx->view->facts)))
        fix_missing_in_managed(ctx, pinned(ctx, TFD_STR("tensorflow"), version));
    tfd_fix_begin(ctx,
                  version.len > 0
                      ? tfd_arena_fmt(ctx->arena, "Install TensorFlow %.*s, the newest known for this Python",
                                      TFD_ARG(version))
                      : TFD_STR("Install TensorFlow"));
    tfd_fix_install(ctx, TFD_INSTALL, pinned(ctx, TFD_STR("tensorflow"), version));
}

/* "~ensorflow_cpu-2.20.0.dist-info": pip renames the first letter while it works. */
static bool read_tilde(tfd_fix_ctx *ctx, tfd_str path, tfd_str *name, tfd_str *version)
{
    tfd_str base = tfd_path_base(tfd_fix_style(ctx), path);
    tfd_str tail;
    size_t dash;

    if (!tfd_str_starts_z(base, "~") || !tfd_str_ends_z(base, ".dist-info"))
        return false;
    base = tfd_str_sub(base, 1, base.len - sizeof ".dist-info" + 1);
    dash = tfd_str_find_char(base, '-');
    if (dash == TFD_NPOS)
        return false;
    tail = tfd_str_sub(base, 0, dash);
    *version = tfd_str_from(base, dash + 1);
    *name = tfd_str_is(tail, "ensorflow_cpu")   ? TFD_STR("tensorflow-cpu")
            : tfd_str_is(tail, "ensorflow_gpu") ? TFD_STR("tensorflow-gpu")
                                                : tfd_arena_fmt(ctx->arena, "t%.*s", TFD_ARG(tail));
    return true;
}

/* Only leftovers of an interrupted upgrade are there: away with them, and the same version again. */
static bool fix_tilde(tfd_fix_ctx *ctx)
{
    const tfd_leftovers *all = &ctx->view->facts->leftovers;
    tfd_str name = TFD_STR("tensorflow");
    tfd_str version = TFD_STR("");
    size_t count = 0;

    if (tfd_view_tensorflow(ctx->view))
        return false;
    for (size_t i = 0; i < all->count; i++) {
        count += all->items[i].kind == TFD_LEFTOVER_TILDE ? 1 : 0;
        (void)read_tilde(ctx, all->items[i].path, &name, &version);
    }
    if (count == 0)
        return false;
    tfd_fix_begin(ctx, TFD_STR("Remove what the interrupted upgrade left, and install TensorFlow again"));
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].kind == TFD_LEFTOVER_TILDE)
            tfd_fix_remove_tree(ctx, all->items[i].path);
    if (version.len == 0)
        version = tfd_fix_best_tensorflow(ctx);
    tfd_fix_install(ctx, TFD_INSTALL, pinned(ctx, name, version));
    return true;
}

/* A second .dist-info with another version: the installer would read the wrong RECORD. */
static bool remove_second_metadata(tfd_fix_ctx *ctx)
{
    const tfd_leftovers *all = &ctx->view->facts->leftovers;
    bool is_there = false;

    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].kind == TFD_LEFTOVER_TWO_META && all->items[i].dist != TFD_NONE &&
            tfd_view_dist(ctx->view, all->items[i].dist)->is_tensorflow) {
            tfd_fix_remove_tree(ctx, all->items[i].path);
            is_there = true;
        }
    return is_there;
}

/* No metadata: the same build over the files that lie there, if they tell which one it is; else all of it
 * anew, since two releases in one folder do not work. */
static bool fix_undescribed(tfd_fix_ctx *ctx)
{
    const tfd_leftovers *all = &ctx->view->facts->leftovers;
    const tfd_leftover *one = NULL;
    tfd_str name, version;

    for (size_t i = 0; i < all->count && !one; i++)
        if (all->items[i].kind == TFD_LEFTOVER_NO_META && tfd_str_is(all->items[i].key, "tensorflow"))
            one = &all->items[i];
    if (!one || tfd_view_tensorflow(ctx->view))
        return false;
    name = one->build.len > 0 ? one->build : TFD_STR("tensorflow");
    version = one->version.len > 0 ? one->version : ctx->view->facts->import.module_version;
    if (version.len > 0) {
        tfd_fix_begin(
            ctx, tfd_arena_fmt(ctx->arena, "Put %.*s %.*s in place again", TFD_ARG(name), TFD_ARG(version)));
        tfd_fix_install(ctx, TFD_INSTALL_OVER, pinned(ctx, name, version));
        return true;
    }
    tfd_fix_begin(ctx, TFD_STR("Remove the TensorFlow that has no metadata, and install it anew"));
    tfd_fix_remove_tree(ctx, one->path);
    tfd_fix_install(ctx, TFD_INSTALL, pinned(ctx, name, tfd_fix_best_tensorflow(ctx)));
    return true;
}

/* Whether something that this release requires is not installed. */
static bool lacks_requirement(const tfd_fix_ctx *ctx, tfd_str version)
{
    const tfd_kb_release *release = tfd_kb_release_find(ctx->view->kb, version);

    for (size_t i = 0; release && i < release->requires.count; i++) {
        tfd_requirement_text one;
        char key[256];

        if (tfd_requirement_parse(release->requires.items[i], &one) != TFD_OK || one.marker.len > 0)
            continue;
        if (tfd_dist_find(ctx->view->facts, (tfd_str){key, tfd_name_key(one.name, key, sizeof key)}) ==
            TFD_NONE)
            return true;
    }
    return false;
}

/* Metadata of an old kind, with no list of files and none of requirements, and nothing behind it: without it,
 * the installer brings all. */
static bool fix_bare_metadata(tfd_fix_ctx *ctx, const tfd_dist *tf)
{
    const tfd_requirements *all = &ctx->view->facts->requirements;

    if (!tf || tf->kind != TFD_DIST_EGG_INFO || tf->has_record || !lacks_requirement(ctx, tf->version))
        return false;
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].by == ctx->view->facts->tensorflow)
            return false;
    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Remove the metadata, and install %.*s %.*s again",
                                     TFD_ARG(tf->name), TFD_ARG(tf->version)));
    if (tfd_str_eq(tf->metadata, tf->path)) /* a single file */
        tfd_fix_remove(ctx, tf->path);
    else
        tfd_fix_remove_tree(ctx, tf->path);
    tfd_fix_install(ctx, TFD_INSTALL, pinned(ctx, tf->name, tf->version));
    return true;
}

static void fix_corrupt(tfd_fix_ctx *ctx)
{
    const tfd_dist *tf = tfd_view_tensorflow(ctx->view);
    tfd_str name = tf ? tf->name : TFD_STR("tensorflow");
    tfd_str version = tf ? tf->version : ctx->view->facts->import.module_version;

    if (fix_tilde(ctx) || fix_undescribed(ctx) || fix_bare_metadata(ctx, tf))
        return;
    /* A folder of that name is all there is: nothing says which release it was, and its requirements may be
     * gone, too. */
    if (!tf && version.len == 0) {
        fix_missing(ctx);
        return;
    }
    tfd_fix_begin(ctx,
                  tfd_arena_fmt(ctx->arena, "Put %.*s %.*s in place again", TFD_ARG(name), TFD_ARG(version)));
    (void)remove_second_metadata(ctx);
    if (tf)
        tfd_fix_remove_dangling(ctx, tf);
    tfd_fix_remove_dead_links(ctx, ctx->view->facts->tensorflow);
    tfd_fix_install(ctx, tf && !tf->has_record ? TFD_INSTALL_OVER : TFD_REINSTALL_NO_DEPS,
                    pinned(ctx, name, version));
    tfd_fix_note(ctx, TFD_STR("Restart notebooks and IDEs that use this environment afterwards."));
}

/* Whether something installed asks for the distribution by this very name. */
static bool is_required(const tfd_facts *facts, tfd_str key)
{
    for (size_t i = 0; i < facts->requirements.count; i++)
        if (tfd_str_eq(facts->requirements.items[i].key, key) &&
            facts->requirements.items[i].applies == TFD_YES)
            return true;
    return false;
}

static void fix_duplicate(tfd_fix_ctx *ctx)
{
    const tfd_facts *facts = ctx->view->facts;
    const tfd_dist *keep = NULL;
    tfd_str names = TFD_STR("");

    for (size_t i = 0; i < facts->dists.count; i++) {
        const tfd_dist *dist = &facts->dists.items[i];

        if (!dist->is_tensorflow || dist->is_shadowed)
            continue;
        names = tfd_arena_fmt(ctx->arena, names.len > 0 ? "%.*s %.*s" : "%.*s%.*s", TFD_ARG(names),
                              TFD_ARG(dist->name));
        if (!keep || (is_required(facts, dist->key) && !is_required(facts, keep->key)))
            keep = dist;
    }
    if (!keep)
        return;
    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Remove both and install one of them, %.*s %.*s",
                                     TFD_ARG(keep->name), TFD_ARG(keep->version)));
    if (remove_second_metadata(ctx)) /* what only the other version had is in no RECORD that is left */
        tfd_fix_remove_tree(
            ctx, tfd_fix_join(ctx, tfd_view_place(ctx->view, keep->place)->path, TFD_STR("tensorflow")));
    tfd_fix_uninstall(ctx, names);
    tfd_fix_install(ctx, TFD_INSTALL, pinned(ctx, keep->name, keep->version));
}

/* The wheel of another system asks for other distributions than this system's: on Windows tensorflow-cpu is
 * an empty shell around tensorflow-intel. So its requirements come along. */
static void fix_foreign(tfd_fix_ctx *ctx, const tfd_dist *tf)
{
    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Replace %.*s %.*s by its wheel for this system",
                                     TFD_ARG(tf->name), TFD_ARG(tf->version)));
    tfd_fix_uninstall(ctx, tf->name);
    tfd_fix_install(ctx, TFD_INSTALL, pinned(ctx, tf->name, tf->version));
}

bool tfd_fix_has_own_wheel(const tfd_fix_ctx *ctx)
{
    const tfd_dist *tf = tfd_view_tensorflow(ctx->view);
    const tfd_kb_release *release = tf ? tfd_kb_release_find(ctx->view->kb, tf->version) : NULL;
    const tfd_kb_wheel *wheel = release ? tfd_kb_wheel_find(release, tfd_fix_platform(ctx)) : NULL;
    tfd_str python =
        tfd_arena_fmt(ctx->arena, "%d.%d", ctx->view->facts->python.major, ctx->view->facts->python.minor);

    for (size_t i = 0; wheel && i < wheel->pythons.count; i++)
        if (tfd_str_eq(wheel->pythons.items[i], python))
            return true;
    return false;
}

bool tfd_fix_is_of_other_python(const tfd_facts *facts, tfd_str key)
{
    for (size_t i = 0; i < facts->dists.count; i++) {
        const tfd_dist *one = &facts->dists.items[i];

        if (one->tags_fit == TFD_NO && one->is_needed && !one->is_shadowed && !one->is_tensorflow &&
            (key.len == 0 || tfd_str_eq(key, one->key)))
            return true;
    }
    return false;
}

/* Whether a distribution of that name has the release: tensorflow-intel, tensorflow-macos, tensorflow-gpu and
 * the like have some. */
static bool has_release(const tfd_fix_ctx *ctx, tfd_str name, tfd_str version)
{
    const tfd_kb_release *release = tfd_kb_release_find(ctx->view->kb, version);
    const tfd_kb_wheel *wheel = release ? tfd_kb_wheel_find(release, tfd_fix_platform(ctx)) : NULL;

    return tfd_str_is(name, "tensorflow") || tfd_str_is(name, "tensorflow-cpu") ||
           (wheel && tfd_str_starts(wheel->via, name));
}

/* The wheel was made for something else. The same version may exist for this machine; else the newest that
 * does. */
static void fix_other_build(tfd_fix_ctx *ctx)
{
    const tfd_dist *tf = tfd_view_tensorflow(ctx->view);
    const tfd_dist *dist = tfd_view_dist(ctx->view, ctx->lead->dist);
    tfd_str version = tfd_fix_best_tensorflow(ctx), name = TFD_STR("tensorflow");
    bool same = tfd_fix_has_own_wheel(ctx);

    if (dist && !dist->is_tensorflow) {
        tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Replace %.*s %.*s by its wheel for this system",
                                         TFD_ARG(dist->name), TFD_ARG(dist->version)));
        tfd_fix_install(ctx, TFD_REINSTALL_NO_DEPS, pinned(ctx, dist->name, dist->version));
        return;
    }
    if (same && ctx->lead->cause == TFD_CAUSE_WRONG_PLATFORM_WHEEL && tf->has_record) {
        fix_foreign(ctx, tf);
        return;
    }
    if (same && ctx->lead->cause != TFD_CAUSE_OS_TOO_OLD) {
        fix_corrupt(ctx);
        return;
    }
    tfd_fix_begin(ctx, TFD_STR("Install a release that has a wheel for this interpreter and system"));
    if (tf && has_release(ctx, tf->key, version)) {
        name = tf->name;
    } else if (tf) {
        tfd_fix_uninstall(ctx, tf->name);
    }
    tfd_fix_install(ctx,
                    tfd_fix_is_of_other_python(ctx->view->facts, TFD_STR("")) ? TFD_REINSTALL : TFD_INSTALL,
                    pinned(ctx, name, version));
}

void tfd_fix_tensorflow(tfd_fix_ctx *ctx)
{
    switch (ctx->lead->cause) {
    case TFD_CAUSE_TF_MISSING:
    case TFD_CAUSE_PIP_OUT_OF_MEMORY:
        fix_missing(ctx);
        break;
    case TFD_CAUSE_TF_DUPLICATE:
        fix_duplicate(ctx);
        break;
    case TFD_CAUSE_TF_CORRUPT:
        fix_corrupt(ctx);
        break;
    default:
        fix_other_build(ctx);
        break;
    }
}
