/* The shell that commands are pasted into: sh, or cmd on Windows. Only this file knows how either is written.
 *
 * cmd: a word stands in double quotes, which protect all but '%' (and '%' names a variable only if one of
 * that name exists; Windows' own paths hold no quotes). An executable in quotes may stand first on a line,
 * also where the line is pasted. A batch file takes the rest of a batch file with it unless it is called. */
#include "fixes/fix.h"

#include <string.h>

bool tfd_fix_is_cmd(const tfd_fix_ctx *ctx)
{
    return tfd_view_is_windows(ctx->view);
}

tfd_path_style tfd_fix_style(const tfd_fix_ctx *ctx)
{
    return tfd_view_style(ctx->view);
}

/* ---- words */

static bool is_safe(char c, const char *others)
{
    return tfd_char_is_alpha(c) || tfd_char_is_digit(c) || (c != '\0' && strchr(others, c) != NULL);
}

static bool is_plain(tfd_str s, const char *others)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_safe(s.ptr[i], others))
            return false;
    return s.len > 0;
}

static tfd_str quote_sh(tfd_arena *arena, tfd_str s)
{
    size_t quotes = 0;
    size_t len = 0;
    char *text;

    if (is_plain(s, "_@%+=:,./-"))
        return s;
    for (size_t i = 0; i < s.len; i++)
        quotes += s.ptr[i] == '\'' ? 1 : 0;
    text = tfd_arena_new(arena, char, s.len + quotes * 3 + 3);
    if (!text)
        return (tfd_str){NULL, 0};
    text[len++] = '\'';
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\'') {
            memcpy(text + len, "'\\''", 4);
            len += 4;
        } else {
            text[len++] = s.ptr[i];
        }
    }
    text[len++] = '\'';
    return (tfd_str){text, len};
}

/* A backslash before the closing quote would hide it from programs (CommandLineToArgvW): it is doubled. */
static tfd_str quote_cmd(tfd_arena *arena, tfd_str s)
{
    const char *end = s.len > 0 && s.ptr[s.len - 1] == '\\' ? "\\" : "";

    if (is_plain(s, "_@+:./\\-[]"))
        return s;
    return tfd_arena_fmt(arena, "\"%.*s%s\"", TFD_ARG(s), end);
}

tfd_str tfd_fix_quote(const tfd_fix_ctx *ctx, tfd_str s)
{
    return tfd_fix_is_cmd(ctx) ? quote_cmd(ctx->arena, s) : quote_sh(ctx->arena, s);
}

tfd_str tfd_fix_program(const tfd_fix_ctx *ctx, tfd_str path)
{
    bool is_batch =
        tfd_path_ends(TFD_PATH_WINDOWS, path, ".bat") || tfd_path_ends(TFD_PATH_WINDOWS, path, ".cmd");
    tfd_str word = tfd_fix_quote(ctx, path);

    return tfd_fix_is_cmd(ctx) && is_batch ? tfd_arena_fmt(ctx->arena, "call %.*s", TFD_ARG(word)) : word;
}

tfd_str tfd_fix_join(const tfd_fix_ctx *ctx, tfd_str dir, tfd_str name)
{
    return tfd_path_join(tfd_fix_style(ctx), ctx->arena, dir, name);
}

tfd_str tfd_fix_env_file(const tfd_fix_ctx *ctx, tfd_str root, const char *name)
{
    return tfd_arena_fmt(ctx->arena, tfd_fix_is_cmd(ctx) ? "%.*s\\Scripts\\%s" : "%.*s/bin/%s", TFD_ARG(root),
                         name);
}

/* ---- variables */

void tfd_fix_set(tfd_fix_ctx *ctx, const char *name, tfd_str value)
{
    if (tfd_fix_is_cmd(ctx))
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "set \"%s=%.*s\"", name, TFD_ARG(value)));
    else
        tfd_fix_command(
            ctx, tfd_arena_fmt(ctx->arena, "export %s=%.*s", name, TFD_ARG(tfd_fix_quote(ctx, value))));
}

void tfd_fix_unset(tfd_fix_ctx *ctx, tfd_str name)
{
    tfd_fix_command(
        ctx, tfd_arena_fmt(ctx->arena, tfd_fix_is_cmd(ctx) ? "set \"%.*s=\"" : "unset %.*s", TFD_ARG(name)));
}

/* A command of this very fix sets the variable already. */
static bool is_set_before(const tfd_fix_ctx *ctx, const char *name)
{
    const tfd_fix *fix = &ctx->items[ctx->count - 1];
    tfd_str word = tfd_arena_fmt(ctx->arena, "%s%s=", tfd_fix_is_cmd(ctx) ? "set \"" : "export ", name);

    for (size_t i = 0; i < fix->command_count; i++)
        if (tfd_str_starts(ctx->commands[ctx->count - 1][i], word))
            return true;
    return false;
}

void tfd_fix_put_first(tfd_fix_ctx *ctx, const char *name, tfd_str dir)
{
    tfd_str name_text = tfd_str_of(name);
    tfd_str value;
    bool is_set =
        (tfd_view_variable(ctx->view, name_text, &value) && value.len > 0) || is_set_before(ctx, name);

    if (!is_set)
        tfd_fix_set(ctx, name, dir);
    else if (tfd_fix_is_cmd(ctx))
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "set \"%s=%.*s;%%%s%%\"", name, TFD_ARG(dir), name));
    else
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "export %s=%.*s:\"$%s\"", name,
                                           TFD_ARG(tfd_fix_quote(ctx, dir)), name));
}

void tfd_fix_put_first_here(tfd_fix_ctx *ctx, const char *name, const char *folder)
{
    tfd_str value;
    bool is_set = tfd_view_variable(ctx->view, tfd_str_of(name), &value) && value.len > 0;

    if (!tfd_fix_is_cmd(ctx))
        tfd_fix_command(
            ctx, tfd_arena_fmt(ctx->arena, "export %s=\"$PWD/%s${%s:+:$%s}\"", name, folder, name, name));
    else if (is_set)
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "set \"%s=%%CD%%\\%s;%%%s%%\"", name, folder, name));
    else
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "set \"%s=%%CD%%\\%s\"", name, folder));
}

tfd_str tfd_fix_where_set(const tfd_fix_ctx *ctx)
{
    return tfd_fix_is_cmd(ctx)
               ? TFD_STR(
                     "Change it in the settings of Windows as well (Edit the system environment variables).")
               : TFD_STR(
                     "Change it where it is set as well (start-up files of the shell, the job's settings).");
}

/* ---- files */

static void add_one(tfd_fix_ctx *ctx, const char *sh, const char *cmd, tfd_str path)
{
    tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%s %.*s", tfd_fix_is_cmd(ctx) ? cmd : sh,
                                       TFD_ARG(tfd_fix_quote(ctx, path))));
}

void tfd_fix_remove(tfd_fix_ctx *ctx, tfd_str path)
{
    add_one(ctx, "rm", "del /f", path);
}

void tfd_fix_remove_tree(tfd_fix_ctx *ctx, tfd_str path)
{
    add_one(ctx, "rm -rf", "rmdir /s /q", path);
}

void tfd_fix_enter(tfd_fix_ctx *ctx, tfd_str dir)
{
    add_one(ctx, "cd", "cd /d", dir);
}

void tfd_fix_move(tfd_fix_ctx *ctx, tfd_str from, tfd_str to)
{
    tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%s %.*s %.*s", tfd_fix_is_cmd(ctx) ? "move" : "mv",
                                       TFD_ARG(tfd_fix_quote(ctx, from)), TFD_ARG(tfd_fix_quote(ctx, to))));
}

/* ---- environments */

void tfd_fix_activate(tfd_fix_ctx *ctx, tfd_str root)
{
    if (tfd_fix_is_cmd(ctx))
        add_one(ctx, "", "call", tfd_fix_env_file(ctx, root, "activate.bat"));
    else
        add_one(ctx, ".", "", tfd_fix_env_file(ctx, root, "activate"));
}

void tfd_fix_activate_conda(tfd_fix_ctx *ctx, tfd_str root)
{
    tfd_str conda = ctx->view->facts->python.conda;
    tfd_str word = tfd_fix_quote(ctx, root);

    /* conda.exe cannot change the shell; the batch file of that name on PATH, or in condabin, can. */
    if (!tfd_fix_is_cmd(ctx)) {
        /* activate is a function of the shell, which only shells that `conda init` prepared have. */
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "eval \"$(%.*s shell.posix hook)\"",
                                           TFD_ARG(tfd_fix_quote(ctx, conda))));
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "conda activate %.*s", TFD_ARG(word)));
    } else if (conda.len == 0) {
        /* The folders that conda's own activation puts on PATH (conda/activate.py, _get_path_dirs). */
        tfd_fix_command(
            ctx, tfd_arena_fmt(ctx->arena,
                               "set \"PATH=%.*s;%.*s\\Library\\mingw-w64\\bin;"
                               "%.*s\\Library\\usr\\bin;%.*s\\Library\\bin;%.*s\\Scripts;%%PATH%%\"",
                               TFD_ARG(root), TFD_ARG(root), TFD_ARG(root), TFD_ARG(root), TFD_ARG(root)));
    } else if (tfd_path_ends(TFD_PATH_WINDOWS, conda, ".bat")) {
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%.*s activate %.*s",
                                           TFD_ARG(tfd_fix_program(ctx, conda)), TFD_ARG(word)));
    } else {
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "call conda activate %.*s", TFD_ARG(word)));
    }
}

void tfd_fix_make_environment(tfd_fix_ctx *ctx, tfd_str python, const char *options, tfd_str root)
{
    tfd_fix_command(ctx,
                    tfd_arena_fmt(ctx->arena, "%.*s -m venv%s %.*s", TFD_ARG(tfd_fix_program(ctx, python)),
                                  options, TFD_ARG(tfd_fix_quote(ctx, root))));
}

/* ---- rights */

const char *tfd_fix_sudo(tfd_fix_ctx *ctx)
{
    bool is_root = ctx->view->facts->system && ctx->view->facts->system->uid == 0;

    if (is_root)
        return "";
    tfd_fix_needs_admin(ctx);
    return tfd_fix_is_cmd(ctx) ? "" : "sudo ";
}

void tfd_fix_as_admin(tfd_fix_ctx *ctx)
{
    tfd_fix *fix = &ctx->items[ctx->count - 1];
    tfd_str *last = &fix->commands[fix->command_count - 1];

    *last = tfd_arena_fmt(ctx->arena, "%s%.*s", tfd_fix_sudo(ctx), TFD_ARG(*last));
}
