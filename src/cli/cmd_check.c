/* tfdiag check: examine one environment and report. */
#include "cli/cli.h"
#include "core/run.h"

#define PROGRESS_FROM 0.3 /* seconds: what ends sooner needs no progress line */
#define PROGRESS_COLUMNS 120

typedef struct progress {
    tfd_cli *cli;
    size_t shown; /* columns on the line now */
} progress;

/* Blanks instead of an escape sequence: they work on every terminal. */
static void clear_progress(progress *line)
{
    char blanks[PROGRESS_COLUMNS + 2];
    size_t n = line->shown;

    if (n == 0)
        return;
    blanks[0] = blanks[n + 1] = '\r';
    for (size_t i = 1; i <= n; i++)
        blanks[i] = ' ';
    (void)tfd_host_write(TFD_STDERR, (tfd_str){blanks, n + 2}, NULL);
    line->shown = 0;
}

static void show_progress(void *ctx, double seconds)
{
    progress *line = ctx;
    tfd_str module = line->cli->request.options.module;
    size_t columns = line->cli->progress.columns ? line->cli->progress.columns : 80, n;
    char text[PROGRESS_COLUMNS + 1];
    tfd_buf buf;

    if (seconds < PROGRESS_FROM)
        return;
    tfd_buf_init(&buf, sizeof text * 4);
    tfd_buf_fmt(&buf, "Importing %.*s, %.0f s", (int)(module.len < 40 ? module.len : 40), module.ptr,
                seconds);
    /* One column stays free: writing the last one would scroll some terminals. */
    n = buf.len < columns - 1 ? buf.len : columns - 1;
    n = n < PROGRESS_COLUMNS ? n : PROGRESS_COLUMNS;
    (void)tfd_host_write(TFD_STDERR, TFD_STR("\r"), NULL);
    (void)tfd_host_write(TFD_STDERR, tfd_str_sub(tfd_buf_get(&buf), 0, n), NULL);
    line->shown = n > line->shown ? n : line->shown;
    tfd_buf_done(&buf);
}

static bool script_exists(tfd_cli *cli)
{
    tfd_str script = cli->request.options.script;
    tfd_kind kind = script.len ? tfd_sys_kind(cli->sys, script) : TFD_KIND_FILE;
    tfd_str message;

    if (kind == TFD_KIND_FILE)
        return true;
    message = tfd_arena_fmt(&cli->arena, "--script: %.*s %s", TFD_ARG(script),
                            kind == TFD_KIND_DIR ? "is a folder" : "is not there, or may not be looked at");
    (void)tfd_cli_fail(cli, TFD_EXIT_CANNOT, message, TFD_STR("Name the program that fails; it is not run."));
    return false;
}

static int answer_report(tfd_cli *cli, const tfd_report *report)
{
    const tfd_renderer *renderer = tfd_renderer_find(cli->request.options.format);
    tfd_buf answer;
    int code;

    if (report->error.len)
        return tfd_cli_fail(cli, TFD_EXIT_CANNOT, report->error, report->hint);
    tfd_buf_init(&answer, TFD_RENDER_MAX);
    if (renderer->render(report, &cli->style, &answer) != TFD_OK)
        answer.failed = true;
    code = tfd_cli_answer(cli, &answer, report->exit_code);
    tfd_buf_done(&answer);
    return code;
}

static int run(tfd_cli *cli)
{
    progress line = {cli, 0};
    tfd_err err = {TFD_OK, 0, ""};
    tfd_status st;
    tfd_run *examination;
    int code;

    if (!tfd_cli_may_answer(cli) || !script_exists(cli) || !tfd_cli_open_kb(cli))
        return TFD_EXIT_CANNOT;
    examination = tfd_run_new(cli->sys, &cli->request.options, cli->kb);
    if (!examination)
        return tfd_cli_fail(cli, TFD_EXIT_CANNOT, TFD_STR("out of memory"), (tfd_str){0});
    if (cli->progress.is_terminal)
        tfd_run_set_progress(examination, show_progress, &line);
    st = tfd_run_check(examination, &err);
    clear_progress(&line);
    if (st == TFD_ETIMEOUT)
        code = tfd_cli_fail(cli, TFD_EXIT_SIGNAL + cli->sys->interrupted(cli->sys), TFD_STR("interrupted"),
                            (tfd_str){0});
    else if (st != TFD_OK && tfd_run_get_report(examination)->error.len == 0)
        code = tfd_cli_fail(cli, TFD_EXIT_CANNOT, tfd_str_of(err.text), (tfd_str){0});
    else
        code = answer_report(cli, tfd_run_get_report(examination));
    tfd_run_free(examination);
    return code;
}

const tfd_cmd tfd_cmd_check = {
    {"check", NULL, 0, 0, "Examine one Python environment, try the import, name the cause and a fix"}, run};
