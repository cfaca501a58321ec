/* Limits, rights, mounts and libraries of the system. */
#include "base/utf8.h"
#include "fixes/fix.h"

static void fix_limit(tfd_fix_ctx *ctx)
{
    if (tfd_str_is(ctx->lead->subject, "address space")) {
        tfd_fix_begin(ctx, TFD_STR("Lift the limit of the address space in this shell"));
        tfd_fix_command(ctx, TFD_STR("ulimit -v unlimited"));
        tfd_fix_note(ctx, TFD_STR("If the shell refuses, the limit was set by an administrator (limits.conf, "
                                  "the batch system)."));
    } else if (tfd_str_is(ctx->lead->subject, "data segment")) {
        tfd_fix_begin(ctx, TFD_STR("Lift the limit of the data segment in this shell"));
        tfd_fix_command(ctx, TFD_STR("ulimit -d unlimited"));
    } else if (tfd_str_is(ctx->lead->subject, "stack")) {
        tfd_fix_begin(ctx, TFD_STR("Raise the limit of the stack in this shell"));
        tfd_fix_command(ctx, TFD_STR("ulimit -s 8192"));
    } else if (tfd_str_is(ctx->lead->subject, "file size")) {
        tfd_fix_begin(ctx, TFD_STR("Lift the limit of the size of files in this shell"));
        tfd_fix_command(ctx, TFD_STR("ulimit -f unlimited"));
    } else if (tfd_str_is(ctx->lead->subject, "open files")) {
        tfd_fix_begin(ctx, TFD_STR("Raise the limit of open files in this shell"));
        tfd_fix_command(ctx, TFD_STR("ulimit -n 1024"));
    } else if (tfd_str_is(ctx->lead->subject, "processor time")) {
        tfd_fix_begin(ctx, TFD_STR("Lift the limit of processor time in this shell"));
        tfd_fix_command(ctx, TFD_STR("ulimit -t unlimited"));
        tfd_fix_note(
            ctx, TFD_STR("If the shell refuses, the limit was set by an administrator: on login nodes work "
                         "is done through the batch system."));
    } else if (tfd_str_is(ctx->lead->subject, "processes")) {
        tfd_fix_begin(
            ctx, TFD_STR("Raise the limit of this user's processes and threads: ulimit -u, limits.conf; for "
                         "a container --pids-limit"));
    } else {
        tfd_fix_begin(
            ctx, TFD_STR("Give this machine, container or job more memory (the import needs about 450 MB)"));
    }
}

/* Every file that may not be read gets its own chmod, up to a few; more of them mean that the whole package
 * was installed with a strict umask. */
#define CHMOD_MAX 4

/* is_folder: what lies in it cannot be seen, and was most likely made with the same umask. */
static void add_chmod(tfd_fix_ctx *ctx, tfd_str path, bool is_folder)
{
    /* X adds the right to execute to folders alone; the interpreter is a file that needs it. */
    const char *mode = tfd_str_eq(path, ctx->view->facts->python.path) ? "a+rx"
                       : is_folder                                     ? "-R a+rX"
                                                                       : "a+rX";

    tfd_fix_command(ctx,
                    tfd_arena_fmt(ctx->arena, "%schmod %s %.*s",
                                  ctx->view->facts->python.site_writable == TFD_NO ? tfd_fix_sudo(ctx) : "",
                                  mode, TFD_ARG(tfd_fix_quote(ctx, path))));
}

static void fix_tempdir(tfd_fix_ctx *ctx)
{
    tfd_str home = ctx->view->facts->home;

    tfd_fix_begin(ctx, TFD_STR("Name a folder for temporary files that can be written and has room"));
    if (home.len > 0)
        tfd_fix_set(ctx, "TMPDIR", home);
    else
        tfd_fix_command(ctx, TFD_STR("export TMPDIR=\"$HOME\""));
}

/* The base interpreter's, whoever the environment belongs to. */
static bool is_in_stdlib(const tfd_fix_ctx *ctx, tfd_str path)
{
    const tfd_place *place = tfd_view_place(ctx->view, tfd_view_place_of(ctx->view, path));

    return place && place->kind == TFD_PLACE_STDLIB;
}

static void fix_permission(tfd_fix_ctx *ctx)
{
    const tfd_file_problems *all = &ctx->view->facts->file_problems;
    const tfd_place *place;
    size_t count = 0;

    if (ctx->lead->path.len > 0 && tfd_str_eq(ctx->lead->path, ctx->view->facts->python.closed_folder)) {
        tfd_fix_begin(ctx,
                      tfd_arena_fmt(ctx->arena, "Let this user pass through %.*s", TFD_ARG(ctx->lead->path)));
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%schmod a+x %.*s", tfd_fix_sudo(ctx),
                                           TFD_ARG(tfd_fix_quote(ctx, ctx->lead->path))));
        tfd_fix_note(ctx,
                     TFD_STR("Or make the environment from a Python that lies where every user may read."));
        return;
    }
    if (tfd_path_ends(tfd_fix_style(ctx), ctx->lead->path, "/keras.json")) {
        tfd_fix_begin(ctx, TFD_STR("Put the settings file away; Keras writes a new one with its defaults"));
        tfd_fix_move(ctx, ctx->lead->path, tfd_arena_fmt(ctx->arena, "%.*s.off", TFD_ARG(ctx->lead->path)));
        return;
    }
    for (size_t i = 0; i < all->count; i++)
        count += all->items[i].state == TFD_FILE_UNREADABLE ? 1 : 0;
    tfd_fix_begin(ctx, TFD_STR("Let this user read the files"));
    if (is_in_stdlib(ctx, ctx->lead->path)) {
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%schmod -R a+rX %.*s", tfd_fix_sudo(ctx),
                                           TFD_ARG(tfd_fix_quote(ctx, ctx->lead->path))));
        return;
    }
    if (count > CHMOD_MAX) {
        place = tfd_view_place(ctx->view, tfd_view_place_of(ctx->view, ctx->lead->path));
        tfd_fix_command(ctx,
                        tfd_arena_fmt(ctx->arena, "%schmod -R a+rX %.*s", tfd_fix_sudo(ctx),
                                      TFD_ARG(tfd_fix_quote(ctx, place ? place->path : ctx->lead->path))));
        return;
    }
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].state == TFD_FILE_UNREADABLE)
            add_chmod(ctx, all->items[i].path, all->items[i].is_folder);
    if (count == 0 && ctx->lead->path.len > 0)
        add_chmod(ctx, ctx->lead->path, false);
}

static void fix_blocked(tfd_fix_ctx *ctx)
{
    tfd_str mount =
        ctx->lead->path.len > 0 ? ctx->lead->path : ctx->view->facts->scalars[TFD_FACT_SITE_MOUNT].text;

    if (tfd_str_is(ctx->lead->subject, "noexec") && mount.len > 0) {
        tfd_fix_begin(ctx, TFD_STR("Allow programs on the file system that holds the packages"));
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%smount -o remount,exec %.*s", tfd_fix_sudo(ctx),
                                           TFD_ARG(tfd_fix_quote(ctx, mount))));
        tfd_fix_needs_admin(ctx);
        tfd_fix_note(ctx, TFD_STR("Or make the environment on a file system that is not mounted noexec."));
        return;
    }
    tfd_fix_begin(ctx,
                  TFD_STR("Ask the administrator to allow the file; what refused it stands in the evidence"));
}

static void fix_libstdcxx(tfd_fix_ctx *ctx)
{
    tfd_str distro = ctx->view->facts->system ? ctx->view->facts->system->distro : TFD_STR("");

    tfd_fix_begin(ctx, TFD_STR("Put the system's newest libstdc++ in place"));
    if (tfd_str_is(distro, "debian") || tfd_str_is(distro, "ubuntu"))
        tfd_fix_command(
            ctx, tfd_arena_fmt(ctx->arena, "%sapt-get install -y --reinstall libstdc++6", tfd_fix_sudo(ctx)));
    else if (tfd_str_is(distro, "fedora") || tfd_str_is(distro, "rhel") || tfd_str_is(distro, "centos"))
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%sdnf install -y libstdc++", tfd_fix_sudo(ctx)));
    tfd_fix_needs_admin(ctx);
    ctx->items[ctx->count - 1].needs_network = true;
}

static void fix_execstack(tfd_fix_ctx *ctx)
{
    const tfd_dist *dist = tfd_view_dist(ctx->view, ctx->lead->dist);

    if (dist && !dist->is_tensorflow) {
        tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Install a newer %.*s", TFD_ARG(dist->name)));
        tfd_fix_install(ctx, TFD_INSTALL_UPGRADE, tfd_fix_requirement(ctx, dist->key));
    }
    tfd_fix_begin(ctx, TFD_STR("Clear the executable-stack flag of the library (patchelf 0.18 or newer)"));
    tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "patchelf --clear-execstack %.*s",
                                       TFD_ARG(tfd_fix_quote(ctx, ctx->lead->path))));
}

void tfd_fix_system(tfd_fix_ctx *ctx)
{
    if (tfd_str_is(ctx->lead->subject, "temporary folder")) {
        fix_tempdir(ctx);
        return;
    }
    switch (ctx->lead->cause) {
    case TFD_CAUSE_MEMORY_LIMIT:
        fix_limit(ctx);
        break;
    case TFD_CAUSE_PERMISSION_DENIED:
        fix_permission(ctx);
        break;
    case TFD_CAUSE_SECURITY_BLOCKED:
        fix_blocked(ctx);
        break;
    case TFD_CAUSE_LIBSTDCXX_OLD:
        fix_libstdcxx(ctx);
        break;
    case TFD_CAUSE_GLIBC_EXECSTACK:
        fix_execstack(ctx);
        break;
    case TFD_CAUSE_DISK_FULL:
        tfd_fix_begin(
            ctx, TFD_STR("Free some space on the file system that is full; the evidence names the path"));
        break;
    case TFD_CAUSE_CPU_NO_AVX:
        tfd_fix_begin(ctx, TFD_STR("Run on a processor with AVX (in a virtual machine: hand the host's "
                                   "processor type through), or "
                                   "build TensorFlow from source without AVX"));
        break;
    case TFD_CAUSE_LIBC_MUSL:
        tfd_fix_begin(ctx, TFD_STR("Use a system or container image with glibc (python:3.12-slim in place of "
                                   "python:3.12-alpine)"));
        break;
    case TFD_CAUSE_PATH_NON_ASCII:
        if (ctx->lead->path.len > 0 && tfd_utf8_valid(ctx->lead->path)) {
            tfd_fix_begin(ctx, TFD_STR("Let Python read the names of files as UTF-8"));
            tfd_fix_set(ctx, "PYTHONUTF8", TFD_STR("1"));
            tfd_fix_note(ctx, tfd_fix_where_set(ctx));
            break;
        }
        tfd_fix_begin(ctx,
                      TFD_STR("Make the environment anew in a folder whose name is plain ASCII, or UTF-8"));
        break;
    case TFD_CAUSE_NOT_AN_ENVIRONMENT_PROBLEM:
        if (tfd_str_is(ctx->lead->subject, "/proc")) {
            tfd_fix_begin(ctx, TFD_STR("Mount the proc file system"));
            tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%smount -t proc proc /proc", tfd_fix_sudo(ctx)));
            tfd_fix_needs_admin(ctx);
        }
        break;
    default:
        break;
    }
}
