/* Search paths and variables: take the one offending entry out, keep the rest. */
#include "fixes/fix.h"

static tfd_str without_slash(const tfd_fix_ctx *ctx, tfd_str path)
{
    while (path.len > 1 && tfd_path_is_sep(tfd_fix_style(ctx), path.ptr[path.len - 1]))
        path.len--;
    return path;
}

/* What is left of a list without the entry; *found: it was there. */
static tfd_str without_entry(tfd_fix_ctx *ctx, tfd_str rest, tfd_str separators, tfd_str entry, bool *found)
{
    tfd_str kept = TFD_STR("");
    const char *between = tfd_fix_is_cmd(ctx) ? ";" : ":";

    *found = false;
    while (rest.len > 0) {
        size_t at = 0;
        tfd_str one;

        while (at < rest.len && tfd_str_find_char(separators, rest.ptr[at]) == TFD_NPOS)
            at++;
        one = tfd_str_sub(rest, 0, at);
        rest = tfd_str_from(rest, at + 1);
        if (tfd_path_eq(tfd_fix_style(ctx), without_slash(ctx, one), without_slash(ctx, entry)))
            *found = true;
        else if (one.len > 0)
            kept = tfd_arena_fmt(ctx->arena, "%.*s%s%.*s", TFD_ARG(kept), kept.len > 0 ? between : "",
                                 TFD_ARG(one));
    }
    return kept;
}

void tfd_fix_remove_entry(tfd_fix_ctx *ctx, const char *name, tfd_str separators, tfd_str entry)
{
    tfd_str all = TFD_STR("");
    tfd_str kept;
    bool found;

    (void)tfd_view_variable(ctx->view, tfd_str_of(name), &all);
    kept = without_entry(ctx, all, separators, entry, &found);
    tfd_fix_begin(ctx, found && kept.len > 0
                           ? tfd_arena_fmt(ctx->arena, "Take %.*s out of %s", TFD_ARG(entry), name)
                           : tfd_arena_fmt(ctx->arena, "Unset %s", name));
    if (found && kept.len > 0)
        tfd_fix_set(ctx, name, kept);
    else
        tfd_fix_unset(ctx, tfd_str_of(name));
    tfd_fix_note(ctx, tfd_fix_where_set(ctx));
}

static bool is_taken(const tfd_place *place, tfd_str name)
{
    return tfd_map_get(&place->names, name) != TFD_MAP_NONE;
}

/* Whether a path lies in the folders that installers manage. Nothing is ever renamed there. */
static bool is_installed(const tfd_fix_ctx *ctx, tfd_str path)
{
    tfd_path_style style = tfd_fix_style(ctx);

    return tfd_path_has(style, path, "/site-packages/") || tfd_path_has(style, path, "/dist-packages/") ||
           tfd_path_is_below(tfd_fix_style(ctx), path, ctx->view->facts->python.stdlib);
}

/* The start folder is inside of an installed package: not its files are wrong, but starting there is. */
static void fix_start_folder(tfd_fix_ctx *ctx)
{
    tfd_str home = ctx->view->facts->home;

    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Start elsewhere: %.*s lies inside of an installed package",
                                     TFD_ARG(ctx->view->facts->start_dir)));
    if (!ctx->view->facts->has_script)
        tfd_fix_enter(ctx, home.len > 0 ? home : tfd_fix_is_cmd(ctx) ? TFD_STR("\\") : TFD_STR("/"));
}

/* google/ with an __init__.py hides all that lies in other folders of that name: it is no use to rename
 * google/protobuf below it. The outermost regular package that the path lies in, or the path itself. */
static tfd_str outermost_package(const tfd_fix_ctx *ctx, tfd_str path)
{
    const tfd_modules *all = &ctx->view->facts->modules;
    tfd_str out = path;

    for (size_t i = 0; i < all->count; i++) {
        tfd_str folder = all->items[i].path;

        if (all->items[i].kind == TFD_MODULE_PACKAGE && folder.len > 0 && folder.len < out.len &&
            tfd_str_starts(path, folder) && (path.ptr[folder.len] == '/' || path.ptr[folder.len] == '\\'))
            out = folder;
    }
    return out;
}

static void fix_shadow(tfd_fix_ctx *ctx)
{
    tfd_str path = outermost_package(ctx, ctx->lead->path);
    tfd_str dir = tfd_path_dir(tfd_fix_style(ctx), path);
    tfd_str name = tfd_path_base(tfd_fix_style(ctx), path);
    tfd_str fresh = tfd_arena_fmt(ctx->arena, "my_%.*s", TFD_ARG(name));
    const tfd_place *place = tfd_view_place(ctx->view, tfd_view_place_of(ctx->view, path));
    const tfd_place *lead = tfd_view_place(ctx->view, ctx->lead->place);
    /* A file that somebody put right beside the packages, and that no distribution owns. */
    bool is_loose = lead && lead->kind == TFD_PLACE_SITE && ctx->lead->dist == TFD_NONE &&
                    tfd_path_eq(tfd_fix_style(ctx), dir, lead->path);

    if (is_installed(ctx, path) && !is_loose) {
        fix_start_folder(ctx);
        return;
    }
    for (int i = 2; place && is_taken(place, fresh) && i < 100; i++)
        fresh = tfd_arena_fmt(ctx->arena, "my%d_%.*s", i, TFD_ARG(name));
    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Give %.*s another name", TFD_ARG(path)));
    tfd_fix_move(ctx, path, tfd_fix_join(ctx, dir, fresh));
    tfd_fix_note(ctx, TFD_STR("Change the imports of your own programs that mean this file."));
}

static void switch_off_file(tfd_fix_ctx *ctx, tfd_str path)
{
    tfd_str off = tfd_arena_fmt(ctx->arena, "%.*s.off", TFD_ARG(path));

    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Switch %.*s off", TFD_ARG(path)));
    tfd_fix_move(ctx, path, off);
}

/* Distributions of the user site that stand in front of the environment's: uninstall just these. */
static void fix_user_site(tfd_fix_ctx *ctx, size_t place)
{
    const tfd_facts *facts = ctx->view->facts;
    tfd_str names = TFD_STR("");
    size_t count = 0;

    for (size_t i = 0; i < facts->dists.count; i++) {
        const tfd_dist *dist = &facts->dists.items[i];

        if (dist->place != place || !dist->is_needed || !dist->has_record || dist->is_shadowed)
            continue;
        names = tfd_arena_fmt(ctx->arena, count > 0 ? "%.*s %.*s" : "%.*s%.*s", TFD_ARG(names),
                              TFD_ARG(dist->name));
        count++;
    }
    if (count > 0 && facts->python.has_pip != TFD_NO) {
        tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena,
                                         "Remove %.*s from the user site; the environment's own then count",
                                         TFD_ARG(names)));
        tfd_fix_uninstall(ctx, names);
    }
    tfd_fix_begin(ctx, TFD_STR("Keep the user site out of sys.path"));
    tfd_fix_set(ctx, "PYTHONNOUSERSITE", TFD_STR("1"));
}

static tfd_str startup_file_of(const tfd_facts *facts, size_t place)
{
    tfd_str source = facts->places.items[place].source;
    size_t colon = tfd_str_rfind_char(source, ':');

    for (size_t i = 0; i < facts->startup_files.count; i++)
        if (facts->startup_files.items[i].first_place == place)
            return facts->startup_files.items[i].path;
    return colon == TFD_NPOS ? source : tfd_str_sub(source, 0, colon);
}

/* The only TensorFlow goes with the folder: one for this interpreter has to take its place. */
static void install_what_goes(tfd_fix_ctx *ctx)
{
    const tfd_dist *tf = tfd_view_tensorflow(ctx->view);
    tfd_str version = tfd_fix_best_tensorflow(ctx);

    const tfd_place *place = tfd_view_place(ctx->view, ctx->lead->place);

    /* The environment's own folder, named in PYTHONPATH as well, stays where it is. */
    if (!tf || tf->place != ctx->lead->place || tfd_view_hidden_tensorflow(ctx->view) ||
        tfd_path_eq(tfd_fix_style(ctx), place->path, ctx->view->facts->python.site_packages))
        return;
    tfd_fix_install(ctx, TFD_INSTALL,
                    version.len > 0
                        ? tfd_arena_fmt(ctx->arena, "%.*s==%.*s", TFD_ARG(tf->name), TFD_ARG(version))
                        : tf->name);
    tfd_fix_note(ctx,
                 TFD_STR("The TensorFlow in that folder is not seen any more; this one is for this Python."));
}

static void fix_pythonpath(tfd_fix_ctx *ctx)
{
    const tfd_place *place = tfd_view_place(ctx->view, ctx->lead->place);

    if (!place) {
        switch_off_file(ctx, ctx->lead->path);
        return;
    }
    switch (place->kind) {
    case TFD_PLACE_USER_SITE:
        fix_user_site(ctx, ctx->lead->place);
        break;
    case TFD_PLACE_PTH:
    case TFD_PLACE_CUSTOMIZE:
        switch_off_file(ctx, startup_file_of(ctx->view->facts, ctx->lead->place));
        break;
    case TFD_PLACE_PYTHONPATH:
        tfd_fix_remove_entry(ctx, "PYTHONPATH", tfd_fix_is_cmd(ctx) ? TFD_STR(";") : TFD_STR(":"),
                             place->path);
        install_what_goes(ctx);
        break;
    default:
        fix_shadow(ctx);
        break;
    }
}

/* Start-up code that loads a library: its file, where that is what the finding names. */
static void fix_loading_file(tfd_fix_ctx *ctx)
{
    const tfd_facts *facts = ctx->view->facts;

    for (size_t i = 0; i < facts->startup_files.count; i++) {
        if (!tfd_path_eq(tfd_fix_style(ctx), facts->startup_files.items[i].path, ctx->lead->path))
            continue;
        switch_off_file(ctx, ctx->lead->path);
        return;
    }
}

/* The file is the administrator's and every program's; names may stand on one line. */
static void fix_preload_file(tfd_fix_ctx *ctx)
{
    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Switch %.*s off, which every program obeys",
                                     TFD_ARG(ctx->lead->subject)));
    tfd_fix_needs_admin(ctx);
    tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%smv %.*s %.*s.off", tfd_fix_sudo(ctx),
                                       TFD_ARG(ctx->lead->subject), TFD_ARG(ctx->lead->subject)));
    tfd_fix_note(ctx,
                 TFD_STR("Other libraries that the file names are switched off with it; put them back."));
}

/* LD_PRELOAD may give a bare name, which LD_LIBRARY_PATH leads to the file: everybody else gets it from
 * there, too. */
static void close_second_way(tfd_fix_ctx *ctx, tfd_str folder)
{
    tfd_str all = TFD_STR("");
    tfd_str kept;
    bool found;

    (void)tfd_view_variable(ctx->view, TFD_STR("LD_LIBRARY_PATH"), &all);
    kept = without_entry(ctx, all, TFD_STR(":;"), folder, &found);
    if (found && kept.len > 0)
        tfd_fix_set(ctx, "LD_LIBRARY_PATH", kept);
    else if (found)
        tfd_fix_unset(ctx, TFD_STR("LD_LIBRARY_PATH"));
}

static void fix_ldpath(tfd_fix_ctx *ctx)
{
    tfd_str path = ctx->lead->path;
    tfd_str folder = tfd_path_dir(tfd_fix_style(ctx), path);

    if (tfd_str_starts_z(ctx->lead->subject, "/")) {
        fix_preload_file(ctx);
        return;
    }
    if (tfd_str_is(ctx->lead->subject, "LD_PRELOAD")) {
        tfd_fix_remove_entry(ctx, "LD_PRELOAD", TFD_STR(": "), path);
        close_second_way(ctx, folder);
    } else {
        tfd_fix_remove_entry(ctx, "LD_LIBRARY_PATH", TFD_STR(":;"), folder);
    }
}

bool tfd_fix_start_variable(tfd_fix_ctx *ctx, tfd_str name)
{
    tfd_variable variable = tfd_view_import_variable(ctx->view, name);

    if (!variable.by_startup)
        return false;
    if (variable.file.len > 0)
        switch_off_file(ctx, variable.file);
    else
        tfd_fix_begin(ctx,
                      tfd_arena_fmt(ctx->arena,
                                    "Find the code that sets %.*s while Python starts (sitecustomize, .pth "
                                    "files) and switch it off",
                                    TFD_ARG(name)));
    return true;
}

static void fix_variable(tfd_fix_ctx *ctx)
{
    tfd_str name = ctx->lead->subject;

    if (tfd_str_is(name, "keras.json")) {
        switch_off_file(ctx, ctx->lead->path.len > 0
                                 ? ctx->lead->path
                                 : tfd_fix_join(ctx, ctx->view->facts->home,
                                                tfd_fix_is_cmd(ctx) ? TFD_STR(".keras\\keras.json")
                                                                    : TFD_STR(".keras/keras.json")));
        tfd_fix_note(ctx, TFD_STR("Keras writes a new one with its defaults."));
        return;
    }
    if (tfd_fix_start_variable(ctx, name))
        return;
    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Unset %.*s", TFD_ARG(name)));
    tfd_fix_unset(ctx, name);
    tfd_fix_note(ctx, tfd_fix_where_set(ctx));
}

void tfd_fix_search_path(tfd_fix_ctx *ctx)
{
    switch (ctx->lead->cause) {
    case TFD_CAUSE_NAME_SHADOWING:
        fix_shadow(ctx);
        break;
    case TFD_CAUSE_PYTHONPATH_CONFLICT:
        fix_pythonpath(ctx);
        break;
    case TFD_CAUSE_LDPATH_CONFLICT:
        fix_ldpath(ctx);
        break;
    case TFD_CAUSE_LIBRARY_CONFLICT:
        if (ctx->lead->path.len > 0)
            fix_loading_file(ctx);
        break;
    default:
        fix_variable(ctx);
        break;
    }
}
