/* tfdiag list: what there is, one a line, with one sentence each. */
#include "cli/cli.h"
#include "core/run.h"
#include "render/json.h"
#include "render/page.h"

typedef enum topic { TOPIC_CHECKS, TOPIC_CAUSES, TOPIC_FACTS, TOPIC_COUNT } topic;

static const char *const topic_names[TOPIC_COUNT] = {"checks", "causes", "facts"};

/* Row number i of a topic; false past the last one. */
static bool get_row(tfd_cli *cli, topic what, size_t i, tfd_str *id, tfd_str *summary)
{
    switch (what) {
    case TOPIC_CHECKS: {
        const tfd_check *check = tfd_check_get(i);

        if (!check)
            return false;
        *id = tfd_str_of(tfd_check_id(check));
        *summary = tfd_str_of(tfd_check_summary(check));
        return true;
    }
    case TOPIC_CAUSES:
        if (i >= TFD_CAUSE_COUNT)
            return false;
        *id = tfd_str_of(tfd_cause_name((tfd_cause_id)i));
        *summary = tfd_kb_cause_title(cli->kb, *id);
        return true;
    default:
        if (i >= TFD_FACT_COUNT)
            return false;
        *id = tfd_str_of(tfd_fact_key((tfd_fact_id)i));
        *summary = tfd_str_of(tfd_fact_sentence((tfd_fact_id)i));
        return true;
    }
}

static void add_json(tfd_cli *cli, topic first, topic last, tfd_buf *out)
{
    tfd_json json = tfd_json_to(out);

    tfd_json_open(&json, NULL, '{');
    tfd_json_str(&json, "schema", TFD_STR("tfdiag.list/1"));
    for (int what = (int)first; what <= (int)last; what++) {
        tfd_str id, summary;

        tfd_json_open(&json, topic_names[what], '[');
        for (size_t i = 0; get_row(cli, (topic)what, i, &id, &summary); i++) {
            tfd_json_open(&json, NULL, '{');
            tfd_json_str(&json, "id", id);
            tfd_json_str(&json, "summary", summary);
            tfd_json_close(&json, '}');
        }
        tfd_json_close(&json, ']');
    }
    tfd_json_close(&json, '}');
}

static void add_text(tfd_cli *cli, topic first, topic last, tfd_buf *out)
{
    tfd_page page;

    tfd_page_init(&page, &cli->style, out);
    if (cli->style.columns == 0)
        page.width = SIZE_MAX; /* no terminal: one a line, for grep and the like */
    for (int what = (int)first; what <= (int)last; what++) {
        size_t indent = first == last ? 0 : 2, column = 0;
        tfd_str id, summary;

        for (size_t i = 0; get_row(cli, (topic)what, i, &id, &summary); i++)
            column = id.len > column ? id.len : column;
        if (indent) {
            if (what != (int)first)
                tfd_page_line(&page);
            tfd_page_z(&page, TFD_INK_BOLD, topic_names[what]);
            tfd_page_line(&page);
        }
        for (size_t i = 0; get_row(cli, (topic)what, i, &id, &summary); i++) {
            bool is_narrow = indent + column + 2 + 30 > page.width;

            tfd_page_pad(&page, indent);
            tfd_page_put(&page, TFD_INK_BOLD, id);
            if (is_narrow)
                tfd_page_line(&page);
            tfd_page_pad(&page, is_narrow ? indent + 4 : column - id.len + 2);
            tfd_page_wrap(&page, TFD_INK_PLAIN, tfd_page_text(&page, summary),
                          is_narrow ? indent + 4 : indent + column + 2);
            tfd_page_line(&page);
        }
    }
    tfd_page_done(&page);
}

static int run(tfd_cli *cli)
{
    const tfd_request *request = &cli->request;
    topic first = TOPIC_CHECKS, last = TOPIC_FACTS;
    tfd_buf answer;
    int code;

    if (request->word_count) {
        while ((int)first < TOPIC_COUNT && !tfd_str_is(request->words[0], topic_names[first]))
            first = (topic)(first + 1);
        if ((int)first == TOPIC_COUNT)
            return tfd_cli_fail(
                cli, TFD_EXIT_USAGE,
                tfd_arena_fmt(&cli->arena, "there is no list of '%.*s'", TFD_ARG(request->words[0])),
                TFD_STR("'tfdiag list' takes checks, causes or facts."));
        last = first;
    }
    if (!tfd_cli_open_kb(cli))
        return TFD_EXIT_CANNOT;
    tfd_buf_init(&answer, TFD_RENDER_MAX);
    if (request->json)
        add_json(cli, first, last, &answer);
    else
        add_text(cli, first, last, &answer);
    code = tfd_cli_answer(cli, &answer, TFD_EXIT_OK);
    tfd_buf_done(&answer);
    return code;
}

const tfd_cmd tfd_cmd_list = {
    {"list", "[checks|causes|facts]", 0, 1, "What there is, one a line, with one sentence each"}, run};
