/* The installer's command line for this environment. */
#include "fixes/fix.h"
#include "formats/pep440.h"

typedef enum installer { INSTALLER_PIP, INSTALLER_UV, INSTALLER_CONDA } installer;

static installer installer_of(const tfd_fix_ctx *ctx)
{
    const tfd_python *py = &ctx->view->facts->python;
    const tfd_dist *dist = tfd_view_dist(ctx->view, ctx->lead->dist);
    const tfd_dist *tf = tfd_view_tensorflow(ctx->view);

    if (!dist)
        dist = tf;
    if (py->conda.len > 0 && dist && (dist->kind == TFD_DIST_CONDA || tfd_str_is(dist->installer, "conda")))
        return INSTALLER_CONDA;
    if (py->uv.len > 0 && (py->has_pip == TFD_NO || ctx->view->facts->pip.damaged.len > 0 ||
                           (dist && tfd_str_is(dist->installer, "uv"))))
        return INSTALLER_UV;
    return INSTALLER_PIP;
}

/* "sudo " where this user may not write the environment's packages. */
static const char *privilege(tfd_fix_ctx *ctx)
{
    if (ctx->view->facts->python.site_writable != TFD_NO || ctx->view->facts->python.site_readonly)
        return "";
    return tfd_fix_sudo(ctx);
}

static bool is_in_user_site(const tfd_fix_ctx *ctx)
{
    const tfd_dist *dist = tfd_view_dist(ctx->view, ctx->lead->dist);
    const tfd_place *place = dist ? tfd_view_place(ctx->view, dist->place) : NULL;

    return place && place->kind == TFD_PLACE_USER_SITE;
}

/* PEP 668: the distribution's Python refuses pip without this word. */
static const char *managed_flag(const tfd_fix_ctx *ctx)
{
    if (ctx->view->facts->python.externally_managed.len == 0)
        return "";
    return is_in_user_site(ctx) ? " --user --break-system-packages" : " --break-system-packages";
}

static const char *pip_flags(tfd_install_mode mode)
{
    switch (mode) {
    case TFD_INSTALL_NO_DEPS:
        return " --no-deps";
    case TFD_INSTALL_UPGRADE:
        return " --upgrade";
    case TFD_REINSTALL:
        return " --force-reinstall";
    case TFD_REINSTALL_NO_DEPS:
        return " --force-reinstall --no-deps";
    case TFD_INSTALL_OVER:
        return " --ignore-installed --no-deps";
    default:
        return "";
    }
}

static const char *uv_flags(tfd_install_mode mode)
{
    switch (mode) {
    case TFD_INSTALL_NO_DEPS:
        return " --no-deps";
    case TFD_INSTALL_UPGRADE:
        return " --upgrade";
    case TFD_REINSTALL:
        return " --reinstall";
    case TFD_REINSTALL_NO_DEPS:
    case TFD_INSTALL_OVER:
        return " --reinstall --no-deps";
    default:
        return "";
    }
}

/* Nobody can write into the environment: a folder that PYTHONPATH puts before it takes the package. */
static void install_beside(tfd_fix_ctx *ctx, tfd_install_mode mode, tfd_str words)
{
    const tfd_python *py = &ctx->view->facts->python;
    tfd_str python = tfd_fix_program(ctx, py->path);

    if (installer_of(ctx) == INSTALLER_UV)
        tfd_fix_command(
            ctx, tfd_arena_fmt(
                     ctx->arena, "%.*s pip install --python %.*s%s --target .tensorflow-packages %.*s",
                     TFD_ARG(tfd_fix_program(ctx, py->uv)), TFD_ARG(python), uv_flags(mode), TFD_ARG(words)));
    else
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%.*s %s install%s --target .tensorflow-packages %.*s",
                                           TFD_ARG(python), tfd_fix_pip_module(ctx), pip_flags(mode),
                                           TFD_ARG(words)));
    tfd_fix_put_first_here(ctx, "PYTHONPATH", ".tensorflow-packages");
    tfd_fix_note(ctx, TFD_STR("The environment lies on a read-only file system; where you can, make it anew "
                              "on one that can be written."));
}

/* All as words of one command line. */
static tfd_str quote_all(const tfd_fix_ctx *ctx, const tfd_str *specs, size_t count)
{
    tfd_str words = TFD_STR("");

    for (size_t i = 0; i < count; i++)
        words = tfd_arena_fmt(ctx->arena, "%.*s%s%.*s", TFD_ARG(words), i > 0 ? " " : "",
                              TFD_ARG(tfd_fix_quote(ctx, specs[i])));
    return words;
}

void tfd_fix_install(tfd_fix_ctx *ctx, tfd_install_mode mode, tfd_str spec)
{
    tfd_fix_install_all(ctx, mode, &spec, 1);
}

void tfd_fix_install_all(tfd_fix_ctx *ctx, tfd_install_mode mode, const tfd_str *specs, size_t count)
{
    const tfd_python *py = &ctx->view->facts->python;
    tfd_str python = tfd_fix_program(ctx, py->path);
    tfd_str words = quote_all(ctx, specs, count);
    const char *sudo = privilege(ctx);

    ctx->items[ctx->count - 1].needs_network = true;
    for (size_t i = 0; i < count; i++)
        tfd_fix_count_install(ctx, mode, specs[i], installer_of(ctx) != INSTALLER_CONDA);
    if (py->site_readonly) {
        install_beside(ctx, mode, words);
        return;
    }
    switch (installer_of(ctx)) {
    case INSTALLER_CONDA:
        tfd_fix_command(
            ctx,
            tfd_arena_fmt(ctx->arena, "%.*s install -y -p %.*s%s %.*s",
                          TFD_ARG(tfd_fix_program(ctx, py->conda)), TFD_ARG(tfd_fix_quote(ctx, py->env_root)),
                          mode == TFD_REINSTALL_NO_DEPS || mode == TFD_REINSTALL ? " --force-reinstall" : "",
                          TFD_ARG(words)));
        return;
    case INSTALLER_UV:
        tfd_fix_command(ctx,
                        tfd_arena_fmt(ctx->arena, "%s%.*s pip install --python %.*s%s%s %.*s", sudo,
                                      TFD_ARG(tfd_fix_program(ctx, py->uv)), TFD_ARG(python), uv_flags(mode),
                                      py->externally_managed.len > 0 ? " --break-system-packages" : "",
                                      TFD_ARG(words)));
        return;
    default:
        tfd_fix_clear_pip_options(ctx, mode, specs, count);
        tfd_fix_ensure_pip(ctx, python, sudo);
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%s%.*s %s install%s%s%s %.*s", sudo, TFD_ARG(python),
                                           tfd_fix_pip_module(ctx), pip_flags(mode), managed_flag(ctx),
                                           tfd_fix_pip_cache_flag(ctx, specs, count), TFD_ARG(words)));
    }
}

void tfd_fix_uninstall(tfd_fix_ctx *ctx, tfd_str names)
{
    const tfd_python *py = &ctx->view->facts->python;
    tfd_str python = tfd_fix_program(ctx, py->path);
    const char *sudo = privilege(ctx);

    tfd_fix_count_removal(ctx, names);
    if (installer_of(ctx) == INSTALLER_UV) {
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%s%.*s pip uninstall --python %.*s %.*s", sudo,
                                           TFD_ARG(tfd_fix_program(ctx, py->uv)), TFD_ARG(python),
                                           TFD_ARG(names)));
        return;
    }
    tfd_fix_ensure_pip(ctx, python, sudo);
    tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%s%.*s %s uninstall -y%s %.*s", sudo, TFD_ARG(python),
                                       tfd_fix_pip_module(ctx),
                                       py->externally_managed.len > 0 ? " --break-system-packages" : "",
                                       TFD_ARG(names)));
}

tfd_str tfd_fix_platform(const tfd_fix_ctx *ctx)
{
    return tfd_view_platform(ctx->view);
}

tfd_str tfd_fix_best_tensorflow(tfd_fix_ctx *ctx)
{
    const tfd_online *online = &ctx->view->facts->online;
    const tfd_kb_release *best = tfd_view_newest_release(ctx->view);

    /* The index knows better: what it does not have cannot be installed from it. */
    if (online->newest_fit.len > 0)
        return online->newest_fit;
    return best ? best->version : TFD_STR("");
}
