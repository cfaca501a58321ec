#include "cli/cli.h"

#include <string.h>

#include "core/run.h"
#include "render/json.h"
#include "render/layout.h"

#define COLUMNS_MAX 10000

#define TFD_CMD(name) extern const tfd_cmd tfd_cmd_##name;
#include "cli/cmd_list.h"
#undef TFD_CMD

static const tfd_cmd *const commands[] = {
#define TFD_CMD(name) &tfd_cmd_##name,
#include "cli/cmd_list.h"
#undef TFD_CMD
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

/* Most checks there can be; more would only be missing from what --only and --skip accept. */
#define CHECKS_MAX 128

/* ---- what the answer should look like */

static bool read_env(const tfd_sys *sys, const char *name, tfd_str *value)
{
    return sys && sys->env(sys, name, value) && value->len != 0;
}

/* The first of these that is set names the encoding (POSIX, XBD 8.2); nothing set is the "C" locale. */
static bool is_utf8_locale(const tfd_sys *sys)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        tfd_str value;

        if (read_env(sys, names[i], &value))
            return tfd_str_find_z(value, "UTF-8") != TFD_NPOS || tfd_str_find_z(value, "utf8") != TFD_NPOS ||
                   tfd_str_find_z(value, "utf-8") != TFD_NPOS || tfd_str_find_z(value, "UTF8") != TFD_NPOS;
    }
    return false;
}

static bool wants_color(const tfd_cli *cli, bool has_sequences)
{
    tfd_str value;

    if (cli->request.options.color != TFD_COLOR_AUTO)
        return cli->request.options.color == TFD_COLOR_ALWAYS;
    return has_sequences && cli->request.options.output.len == 0 && !read_env(cli->sys, "NO_COLOR", &value) &&
           !(read_env(cli->sys, "TERM", &value) && tfd_str_is(value, "dumb"));
}

static void choose_style(tfd_cli *cli)
{
    tfd_terminal terminal = tfd_host_get_terminal(TFD_STDOUT);
    tfd_style *style = &cli->style;
    tfd_str value, *environment;
    uint64_t columns;
    size_t count;

    cli->progress = tfd_host_get_terminal(TFD_STDERR);
    style->columns = terminal.columns;
    style->rows = terminal.rows;
    if (read_env(cli->sys, "COLUMNS", &value) && tfd_str_u64(value, &columns) && columns > 0 &&
        columns <= COLUMNS_MAX)
        style->columns = (size_t)columns;
    style->color = wants_color(cli, terminal.has_sequences);
    style->ascii = !terminal.is_utf8 && !is_utf8_locale(cli->sys);
    if (!cli->sys)
        return;
    style->home = cli->sys->home(cli->sys);
    environment = cli->sys->environ_all(cli->sys, &count);
    if (tfd_secrets_read(environment, count, &cli->arena, &cli->secrets))
        style->secrets = &cli->secrets;
}

/* ---- answers */

int tfd_cli_fail(tfd_cli *cli, int code, tfd_str message, tfd_str hint)
{
    tfd_str path = cli->request.options.output;
    tfd_buf line, masked;

    tfd_buf_init(&line, TFD_RENDER_MAX);
    tfd_buf_init(&masked, TFD_RENDER_MAX);
    if (cli->request.json) {
        tfd_render_json_error(message, hint, cli->kb ? tfd_kb_date(cli->kb) : (tfd_str){0}, &cli->style,
                              &line);
        /* A reader of the file shall not take the answer of an earlier run for this one's. */
        if (path.len == 0 || tfd_host_write_file(path, tfd_buf_get(&line), NULL) != TFD_OK)
            (void)tfd_host_write(TFD_STDOUT, tfd_buf_get(&line), NULL);
        tfd_buf_clear(&line);
    }
    tfd_mask_add(&masked, message, TFD_MASK_ALL, cli->style.secrets);
    if (hint.len) {
        tfd_buf_z(&masked, message.len && message.ptr[message.len - 1] == '.' ? " " : ". ");
        tfd_mask_add(&masked, hint, TFD_MASK_ALL, cli->style.secrets);
    }
    tfd_buf_z(&line, "tfdiag: ");
    tfd_layout_clean(&line, tfd_buf_get(&masked), cli->style.ascii);
    tfd_buf_char(&line, '\n');
    (void)tfd_host_write(TFD_STDERR, tfd_buf_get(&line), NULL);
    tfd_buf_done(&line);
    tfd_buf_done(&masked);
    return code;
}

int tfd_cli_answer(tfd_cli *cli, const tfd_buf *answer, int code)
{
    tfd_str path = cli->request.options.output;
    tfd_status st = TFD_ENOMEM;
    tfd_err err = {TFD_ENOMEM, 0, "out of memory while the answer was written"};

    if (!answer->failed)
        st = path.len ? tfd_host_write_file(path, tfd_buf_get(answer), &err)
                      : tfd_host_write(TFD_STDOUT, tfd_buf_get(answer), &err);
    if (st == TFD_OK)
        return code;
    /* Standard output is broken or was written to in part: another object on it would help nobody. */
    if (path.len == 0)
        cli->request.json = false;
    return tfd_cli_fail(cli, TFD_EXIT_CANNOT, tfd_str_of(err.text), (tfd_str){0});
}

bool tfd_cli_may_answer(tfd_cli *cli)
{
    tfd_str path = cli->request.options.output;
    tfd_str folder = path.len ? tfd_path_dir(cli->sys->style, path) : TFD_STR("");
    tfd_kind kind = path.len && cli->sys->is_native ? tfd_sys_kind(cli->sys, path) : TFD_KIND_OTHER;
    const char *why = NULL;

    if (folder.len == 0)
        folder = TFD_STR(".");
    if (kind == TFD_KIND_DIR)
        why = "it is a folder";
    else if (kind == TFD_KIND_NONE && !tfd_sys_is_dir(cli->sys, folder))
        why = "its folder is not there, or may not be looked at";
    else if (kind == TFD_KIND_FILE || kind == TFD_KIND_NONE)
        why = cli->sys->access(cli->sys, kind == TFD_KIND_FILE ? path : folder, TFD_ACCESS_WRITE, NULL) ==
                      TFD_OK
                  ? NULL
                  : "this user may not write there";
    if (!why)
        return true;
    (void)tfd_cli_fail(cli, TFD_EXIT_CANNOT,
                       tfd_arena_fmt(&cli->arena, "cannot write %.*s: %s", TFD_ARG(path), why),
                       TFD_STR("Nothing was examined: give -o a file that can be written."));
    return false;
}

bool tfd_cli_open_kb(tfd_cli *cli)
{
    static const char next_step[] = "--kb takes a folder laid out as src/kb/data.";
    tfd_str dir = cli->request.options.kb_dir;
    tfd_err err = {TFD_OK, 0, ""};

    if (dir.len && !tfd_sys_is_dir(cli->sys, dir))
        (void)tfd_err_set(&err, TFD_ENOENT, 0, "--kb: there is no folder %.*s", TFD_ARG(dir));
    else if (tfd_kb_open(&cli->arena, cli->sys, dir, &cli->kb, &err) == TFD_OK)
        return true;
    cli->kb = NULL;
    (void)tfd_cli_fail(cli, TFD_EXIT_CANNOT, tfd_str_of(err.text),
                       dir.len ? tfd_str_of(next_step) : (tfd_str){0});
    return false;
}

/* ---- help and version */

static int answer_help(tfd_cli *cli)
{
    tfd_buf text;
    int code;

    tfd_buf_init(&text, TFD_RENDER_MAX);
    if (cli->request.json) {
        tfd_json json = tfd_json_to(&text);

        tfd_json_open(&json, NULL, '{');
        tfd_json_str(&json, "schema", TFD_STR("tfdiag.list/1"));
        tfd_json_open(&json, "commands", '[');
        for (size_t i = 0; i < cli->names->command_count; i++) {
            tfd_json_open(&json, NULL, '{');
            tfd_json_str(&json, "id", tfd_str_of(cli->names->commands[i].name));
            tfd_json_str(&json, "summary", tfd_str_of(cli->names->commands[i].summary));
            tfd_json_close(&json, '}');
        }
        tfd_json_close(&json, ']');
        tfd_json_open(&json, "options", '[');
        for (int i = 0; i < TFD_OPT_COUNT; i++) {
            tfd_json_open(&json, NULL, '{');
            tfd_json_str(&json, "id", tfd_str_of(tfd_opt_get((tfd_opt_id)i)->name));
            tfd_json_str(&json, "summary", tfd_str_of(tfd_opt_get((tfd_opt_id)i)->help));
            tfd_json_close(&json, '}');
        }
        tfd_json_close(&json, ']');
        tfd_json_close(&json, '}');
    } else {
        tfd_opt_help(cli->names, cli->request.command, cli->request.was_named,
                     cli->style.columns ? cli->style.columns : 80, &text);
    }
    code = tfd_cli_answer(cli, &text, TFD_EXIT_OK);
    tfd_buf_done(&text);
    return code;
}

static int answer_version(tfd_cli *cli)
{
    tfd_buf text;
    tfd_str date;
    int code;

    if (!tfd_cli_open_kb(cli))
        return TFD_EXIT_CANNOT;
    date = tfd_kb_date(cli->kb);
    tfd_buf_init(&text, TFD_RENDER_MAX);
    if (cli->request.json) {
        tfd_json json = tfd_json_to(&text);

        tfd_json_open(&json, NULL, '{');
        tfd_json_str(&json, "schema", TFD_STR("tfdiag.list/1"));
        tfd_json_open(&json, "tool", '{');
        tfd_json_str(&json, "name", TFD_STR("tfdiag"));
        tfd_json_str(&json, "version", TFD_STR(TFDIAG_VERSION));
        tfd_json_str(&json, "knowledge", date);
        tfd_json_close(&json, '}');
        tfd_json_close(&json, '}');
    } else {
        tfd_buf_fmt(&text, "tfdiag %s, knowledge of %.*s\n", TFDIAG_VERSION, TFD_ARG(date));
    }
    code = tfd_cli_answer(cli, &text, TFD_EXIT_OK);
    tfd_buf_done(&text);
    return code;
}

/* ---- the program */

static int run_line(tfd_cli *cli, const tfd_err *err, int argc, const char *const *argv)
{
    tfd_usage usage;
    tfd_status st = tfd_opt_parse(argc, argv, cli->names, &cli->request, &usage);

    choose_style(cli);
    if (st != TFD_OK)
        return tfd_cli_fail(cli, TFD_EXIT_USAGE, tfd_str_of(usage.message), tfd_str_of(usage.hint));
    if (!cli->sys)
        return tfd_cli_fail(cli, TFD_EXIT_CANNOT, tfd_str_of(err->text), (tfd_str){0});
    if (cli->request.help)
        return answer_help(cli);
    if (cli->request.version)
        return answer_version(cli);
    return commands[cli->request.command]->run(cli);
}

int tfd_cli_main(const tfd_sys *sys, const tfd_err *err, int argc, const char *const *argv)
{
    tfd_opt_command usages[COMMAND_COUNT];
    const char *checks[CHECKS_MAX];
    tfd_opt_names names = {usages, COMMAND_COUNT, checks, 0};
    tfd_cli cli;
    int code;

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        usages[i] = commands[i]->usage;
    for (; names.check_count < CHECKS_MAX && tfd_check_get(names.check_count); names.check_count++)
        checks[names.check_count] = tfd_check_id(tfd_check_get(names.check_count));
    memset(&cli, 0, sizeof cli);
    tfd_arena_init(&cli.arena, 0);
    cli.sys = sys;
    cli.names = &names;
    code = run_line(&cli, err, argc, argv);
    tfd_arena_done(&cli.arena);
    return code;
}
