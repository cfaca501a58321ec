/* tfdiag advise: which release suits, and the command that installs it. */
#include "advise/online.h"
#include "advise/show.h"
#include "cli/cli.h"
#include "core/survey.h"

/* What is not given is looked up here; a line that names all of it needs no machine. */
static bool look(tfd_cli *cli, tfd_survey **out)
{
    tfd_options *options = &cli->request.options;
    tfd_options asked = *options;
    tfd_err err = {TFD_OK, 0, ""};
    tfd_status st;

    *out = tfd_arena_new(&cli->arena, tfd_survey, 1);
    if (!*out) {
        (void)tfd_cli_fail(cli, TFD_EXIT_CANNOT, TFD_STR("out of memory"), (tfd_str){0});
        return false;
    }
    if (tfd_advise_is_version(asked.python))
        asked.python = TFD_STR("");
    asked.expect = asked.want == TFD_WANT_GPU ? TFD_EXPECT_GPU : TFD_EXPECT_IMPORT;
    st = tfd_survey_run(cli->sys, &asked, cli->kb, &cli->arena, *out, &err);
    if (st != TFD_OK)
        (void)tfd_cli_fail(cli, TFD_EXIT_CANNOT, tfd_str_of(err.text), (tfd_str){0});
    else if (!(*out)->has_python && !tfd_advise_is_version(options->python)) {
        (void)tfd_cli_fail(cli, TFD_EXIT_CANNOT, (*out)->why_no_python,
                           TFD_STR("Name one, or a version to advise for: tfdiag advise --python 3.12"));
        return false;
    }
    return st == TFD_OK;
}

static int answer(tfd_cli *cli, const tfd_advice *advice)
{
    tfd_buf text;
    int code;

    tfd_buf_init(&text, TFD_RENDER_MAX);
    if (cli->request.json)
        tfd_advise_show_json(advice, &cli->style, &text);
    else
        tfd_advise_show_text(advice, &cli->style, cli->request.options.verbose, &text);
    code = tfd_cli_answer(cli, &text, advice->best ? TFD_EXIT_OK : TFD_EXIT_FAILS);
    tfd_buf_done(&text);
    return code;
}

static int run(tfd_cli *cli)
{
    tfd_advise_target *target = tfd_arena_new(&cli->arena, tfd_advise_target, 1);
    tfd_advice *advice = tfd_arena_new(&cli->arena, tfd_advice, 1);
    tfd_advise_index *index = tfd_arena_new(&cli->arena, tfd_advise_index, 1);
    tfd_err err = {TFD_OK, 0, ""};
    tfd_survey *survey;
    tfd_status st;

    if (!target || !advice || !index)
        return tfd_cli_fail(cli, TFD_EXIT_CANNOT, TFD_STR("out of memory"), (tfd_str){0});
    if (!tfd_cli_open_kb(cli) || !look(cli, &survey))
        return TFD_EXIT_CANNOT;
    st = tfd_advise_aim(&cli->request.options, &survey->facts, cli->kb, &cli->arena, target, &err);
    if (st == TFD_EUSAGE)
        return tfd_cli_fail(cli, TFD_EXIT_USAGE, tfd_str_of(err.text),
                            TFD_STR("'tfdiag advise --help' shows what it takes."));
    if (st == TFD_OK && cli->request.options.online) {
        st = tfd_advise_ask(cli->sys, target, &survey->facts, cli->kb, &cli->arena, index, &err);
        target->index = index;
    }
    if (st == TFD_ETIMEOUT)
        return tfd_cli_fail(cli, TFD_EXIT_SIGNAL + cli->sys->interrupted(cli->sys), TFD_STR("interrupted"),
                            (tfd_str){0});
    if (st == TFD_OK)
        st = tfd_advise(target, cli->kb, &cli->arena, advice, &err);
    if (st != TFD_OK)
        return tfd_cli_fail(cli, TFD_EXIT_CANNOT, tfd_str_of(err.text), (tfd_str){0});
    return answer(cli, advice);
}

const tfd_cmd tfd_cmd_advise = {
    {"advise", NULL, 0, 0, "Which TensorFlow release suits this machine, and the command that installs it"},
    run};
