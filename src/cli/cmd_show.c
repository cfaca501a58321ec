/* tfdiag show: all about one cause, check or fact. */
#include "cli/cli.h"
#include "core/run.h"
#include "render/json.h"
#include "render/page.h"

/* Stands for a blank inside a `code span` while its line is wrapped: a command must not be broken. */
#define HELD '\x01'

typedef struct subject {
    tfd_str id;
    const char *kind;  /* "cause", "check", "fact" */
    const char *kinds; /* "causes" … */
    tfd_str title;
    tfd_str text; /* Markdown; may be empty */
} subject;

static const tfd_check *find_check(tfd_str id)
{
    const tfd_check *check = NULL;

    for (size_t i = 0; (check = tfd_check_get(i)) != NULL; i++)
        if (tfd_str_is(id, tfd_check_id(check)))
            return check;
    return NULL;
}

static bool find_subject(tfd_cli *cli, tfd_str id, subject *out)
{
    const tfd_check *check = find_check(id);

    out->id = id;
    if (tfd_cause_find(id) != TFD_CAUSE_COUNT) {
        out->kind = "cause";
        out->kinds = "causes";
        out->title = tfd_kb_cause_title(cli->kb, id);
        out->text = tfd_kb_cause_text(cli->kb, id);
        return true;
    }
    if (check) {
        out->kind = "check";
        out->kinds = "checks";
        out->title = tfd_str_of(tfd_check_summary(check));
        out->text = tfd_arena_fmt(&cli->arena,
                                  "Alone: `tfdiag --only %.*s -v`. Without it: `tfdiag --skip %.*s`.\n\n"
                                  "What it rests on is named beside each evidence; `tfdiag list facts` and "
                                  "`tfdiag -v` show the facts.",
                                  TFD_ARG(id), TFD_ARG(id));
        return true;
    }
    for (int i = 0; i < TFD_FACT_COUNT; i++)
        if (tfd_str_is(id, tfd_fact_key((tfd_fact_id)i))) {
            out->kind = "fact";
            out->kinds = "facts";
            out->title = tfd_str_of(tfd_fact_sentence((tfd_fact_id)i));
            out->text = TFD_STR("`tfdiag -v` shows its value here, and where that was read.");
            return true;
        }
    return false;
}

/* The nearest id of any kind, or NULL. */
static const char *find_near(tfd_str id)
{
    const char *names[TFD_CAUSE_COUNT];
    const char *near;

    for (int i = 0; i < TFD_CAUSE_COUNT; i++)
        names[i] = tfd_cause_name((tfd_cause_id)i);
    near = tfd_opt_nearest(id, names, TFD_CAUSE_COUNT);
    for (size_t i = 0; !near && tfd_check_get(i); i++) {
        const char *name = tfd_check_id(tfd_check_get(i));

        near = tfd_opt_nearest(id, &name, 1);
    }
    return near;
}

/* One line of Markdown, wrapped; spans of code stay whole. */
static void put_prose(tfd_page *page, tfd_str line, size_t indent)
{
    tfd_str text = tfd_page_text(page, line);
    tfd_buf held, rows;
    bool in_code = false;

    tfd_buf_init(&held, TFD_RENDER_MAX);
    tfd_buf_init(&rows, TFD_RENDER_MAX);
    for (size_t i = 0; i < text.len; i++) {
        in_code = in_code != (text.ptr[i] == '`');
        tfd_buf_char(&held, in_code && text.ptr[i] == ' ' ? HELD : text.ptr[i]);
    }
    tfd_layout_wrap(&rows, tfd_buf_get(&held), page->width, indent);
    for (size_t i = 0; i < rows.len; i++)
        if (rows.ptr[i] == HELD)
            rows.ptr[i] = ' ';
    tfd_page_put(page, TFD_INK_PLAIN, tfd_buf_get(&rows));
    tfd_page_line(page);
    tfd_buf_done(&held);
    tfd_buf_done(&rows);
}

static void put_markdown(tfd_page *page, tfd_str text)
{
    tfd_str rest = tfd_str_trim(text), line;
    bool is_fenced = false;

    while (tfd_str_line(&rest, &line)) {
        if (tfd_str_starts_z(line, "```")) {
            is_fenced = !is_fenced;
        } else if (is_fenced) {
            tfd_page_pad(page, 4);
            tfd_page_put(page, TFD_INK_COMMAND, tfd_page_text(page, line));
            tfd_page_line(page);
        } else if (line.len && line.ptr[0] == '#') {
            while (line.len && line.ptr[0] == '#')
                line = tfd_str_from(line, 1);
            tfd_page_put(page, TFD_INK_BOLD, tfd_page_text(page, tfd_str_trim(line)));
            tfd_page_line(page);
        } else if (tfd_str_starts_z(line, "- ")) {
            tfd_page_z(page, TFD_INK_PLAIN, "- ");
            put_prose(page, tfd_str_from(line, 2), 2);
        } else {
            put_prose(page, line, 0);
        }
    }
}

static void add_text(tfd_cli *cli, const subject *one, tfd_buf *out)
{
    tfd_page page;

    tfd_page_init(&page, &cli->style, out);
    tfd_page_put(&page, TFD_INK_BOLD, tfd_page_text(&page, one->id));
    tfd_page_put(&page, TFD_INK_DIM, tfd_page_fmt(&page, "  %s", one->kind));
    tfd_page_line(&page);
    tfd_page_wrap(&page, TFD_INK_BOLD, tfd_page_text(&page, one->title), 0);
    tfd_page_line(&page);
    if (one->text.len) {
        tfd_page_line(&page);
        put_markdown(&page, one->text);
    }
    tfd_page_done(&page);
}

static void add_json(const subject *one, tfd_buf *out)
{
    tfd_json json = tfd_json_to(out);

    tfd_json_open(&json, NULL, '{');
    tfd_json_str(&json, "schema", TFD_STR("tfdiag.list/1"));
    tfd_json_open(&json, one->kinds, '[');
    tfd_json_open(&json, NULL, '{');
    tfd_json_str(&json, "id", one->id);
    tfd_json_str(&json, "summary", one->title);
    tfd_json_str(&json, "text", one->text);
    tfd_json_close(&json, '}');
    tfd_json_close(&json, ']');
    tfd_json_close(&json, '}');
}

static int run(tfd_cli *cli)
{
    tfd_str id = cli->request.words[0];
    subject one;
    tfd_buf answer;
    int code;

    if (!tfd_cli_open_kb(cli))
        return TFD_EXIT_CANNOT;
    if (!find_subject(cli, id, &one)) {
        const char *near = find_near(id);

        return tfd_cli_fail(
            cli, TFD_EXIT_USAGE,
            tfd_arena_fmt(&cli->arena, "there is no cause, check or fact '%.*s'", TFD_ARG(id)),
            near ? tfd_arena_fmt(&cli->arena, "Did you mean '%s'? 'tfdiag list' names them all.", near)
                 : TFD_STR("'tfdiag list' names them all."));
    }
    tfd_buf_init(&answer, TFD_RENDER_MAX);
    if (cli->request.json)
        add_json(&one, &answer);
    else
        add_text(cli, &one, &answer);
    code = tfd_cli_answer(cli, &answer, TFD_EXIT_OK);
    tfd_buf_done(&answer);
    return code;
}

const tfd_cmd tfd_cmd_show = {
    {"show", "ID", 1, 1, "All about one cause or check: meaning, how to confirm, fixes, sources"}, run};
