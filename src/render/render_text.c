/* The report for people: the verdict first, then one block for each cause with its evidence and a fix that
 * can be pasted. Without -v it fits a terminal of 24 rows: the same page is laid out with less and less
 * detail until it does. */
#include <string.h>

#include "render/page.h"

#define ROWS_DEFAULT 24
#define ROWS_KEPT 2 /* for the command that was typed and the next prompt */
#define GAP 3       /* between the verdict and the target */

static const tfd_detail full = {1000, 0, 1000, 1000, 1000, true, true, true};
static const tfd_detail levels[] = {
    {6, 5, 6, 1, 4, true, true, false},   {4, 4, 4, 0, 3, true, true, false},
    {4, 3, 4, 0, 2, false, true, false},  {3, 2, 3, 0, 1, false, true, false},
    {3, 2, 3, 0, 1, false, false, false}, {2, 2, 2, 0, 1, false, false, false},
    {1, 1, 1, 0, 1, false, false, false},
};

/* ---- the verdict */

/* Nothing is known to be wrong, it only took longer than it was given. */
static bool is_slow(const tfd_report *report)
{
    return report->import == TFD_WORKS_FAILS && report->cause_count == 0 && report->facts->import.timed_out;
}

static const char *verdict_word(const tfd_report *report)
{
    bool ran = report->import_ran;

    if (is_slow(report))
        return "did not end in time";
    if (report->import == TFD_WORKS_OK && report->gpu == TFD_WORKS_FAILS)
        return ran ? "works, the GPU does not" : "would work, the GPU would not";
    if (report->import == TFD_WORKS_OK)
        return ran ? "works" : "would work";
    if (report->import == TFD_WORKS_FAILS)
        return ran ? "fails" : "would fail";
    return "was not tried";
}

static tfd_ink verdict_ink(const tfd_report *report)
{
    if (report->import == TFD_WORKS_FAILS || report->gpu == TFD_WORKS_FAILS)
        return TFD_INK_BAD;
    return report->import == TFD_WORKS_OK ? TFD_INK_GOOD : TFD_INK_DOUBT;
}

static const char *implementation_name(tfd_str implementation)
{
    if (tfd_str_is(implementation, "cpython"))
        return "CPython";
    return tfd_str_is(implementation, "pypy") ? "PyPy" : "Python";
}

/* "CPython 3.11.7 in ~/work/.venv (VIRTUAL_ENV), tensorflow-cpu 2.15.1, 2.4 s" */
static tfd_str target_line(tfd_page *page, const tfd_report *report)
{
    const tfd_facts *facts = report->facts;
    const tfd_python *python = &facts->python;
    bool in_env = python->env_root.len &&
                  (python->env == TFD_ENV_VENV || python->env == TFD_ENV_UV || python->env == TFD_ENV_CONDA);
    tfd_str where = in_env ? python->env_root : python->path;
    tfd_buf text;
    tfd_str result;

    tfd_buf_init(&text, 65536);
    tfd_buf_z(&text, implementation_name(python->implementation));
    if (python->version.len)
        tfd_buf_fmt(&text, " %.*s", TFD_ARG(python->version));
    tfd_buf_fmt(&text, " %s %.*s", in_env ? "in" : "at", TFD_ARG(where));
    if (python->why.len)
        tfd_buf_fmt(&text, " (%.*s)", TFD_ARG(python->why));
    if (facts->tensorflow < facts->dists.count) {
        const tfd_dist *dist = &facts->dists.items[facts->tensorflow];

        tfd_buf_fmt(&text, ", %.*s %.*s", TFD_ARG(dist->key), TFD_ARG(dist->version));
    } else if (facts->dists.complete) {
        tfd_buf_z(&text, ", no TensorFlow installed");
    }
    if (report->import_ran && report->import == TFD_WORKS_OK)
        tfd_buf_fmt(&text, ", %.*s", TFD_ARG(tfd_page_time(page, report->import_seconds)));
    result = tfd_page_text(page, tfd_buf_get(&text));
    tfd_buf_done(&text);
    return result;
}

static void put_verdict(tfd_page *page, const tfd_report *report)
{
    tfd_str head = tfd_page_fmt(page, "import %.*s %s", TFD_ARG(report->facts->module), verdict_word(report));
    tfd_str target = target_line(page, report);

    if (tfd_layout_width(head) <= page->width)
        tfd_page_put(page, verdict_ink(report), head);
    else
        tfd_page_wrap(page, verdict_ink(report), head, 0);
    if (tfd_layout_width(head) + GAP + tfd_layout_width(target) <= page->columns) {
        tfd_page_pad(page, GAP);
        tfd_page_put(page, TFD_INK_PLAIN, target);
    } else {
        tfd_page_line(page);
        tfd_page_pad(page, 2);
        tfd_page_wrap(page, TFD_INK_PLAIN, target, 2);
    }
    tfd_page_line(page);
}

static void put_import_error(tfd_page *page, const tfd_report *report, const tfd_detail *d)
{
    const tfd_exception *error = report->import_error;
    tfd_str message = error ? error->message : report->import_summary, line = {0};

    if (report->import != TFD_WORKS_FAILS || (!error && message.len == 0))
        return;
    if (!d->everything) {
        message = tfd_str_trim(message);
        (void)tfd_str_line(&message, &line);
    } else {
        line = message;
    }
    page->error = line;
    tfd_page_pad(page, 2);
    if (error && line.len)
        line = tfd_page_fmt(page, "%.*s: %.*s", TFD_ARG(error->type),
                            (int)(line.len < 3000 ? line.len : 3000), line.ptr);
    else
        line = tfd_page_text(page, error ? error->type : line);
    tfd_text_limited(page, TFD_INK_PLAIN, line, 2, d);
    tfd_page_line(page);
}

static void put_gpu(tfd_page *page, const tfd_report *report, const tfd_detail *d)
{
    static const char *const words[] = {"not known", "works", "fails", "none expected"};
    tfd_str why = report->gpu_why, line;

    if (report->gpu == TFD_WORKS_UNKNOWN && why.len == 0)
        return;
    line = why.len ? tfd_page_fmt(page, "GPU: %s (%.*s)", words[report->gpu], TFD_ARG(why))
                   : tfd_page_fmt(page, "GPU: %s", words[report->gpu]);
    tfd_text_limited(page, report->gpu == TFD_WORKS_FAILS ? TFD_INK_BAD : TFD_INK_PLAIN, line, 0, d);
    tfd_page_line(page);
}

/* ---- causes */

static void put_causes(tfd_page *page, const tfd_report *report, const tfd_detail *d)
{
    size_t shown = d->causes < report->cause_count ? d->causes : report->cause_count;
    bool tight = !d->everything && !d->other_evidence && !d->other_fix;

    for (size_t i = 0; i < shown; i++) {
        if (i < 2 || !tight)
            tfd_page_gap(page);
        tfd_text_cause(page, &report->causes[i], i + 1, d);
    }
    if (shown < report->cause_count) {
        tfd_page_put(
            page, TFD_INK_DIM,
            tfd_page_fmt(page, "   and %u more: tfdiag -v", (unsigned)(report->cause_count - shown)));
        tfd_page_line(page);
    }
    if (report->cause_count || report->exit_code != 1)
        return;
    tfd_page_line(page);
    tfd_page_wrap(page, TFD_INK_BOLD, TFD_STR("No cause could be named."), 0);
    tfd_page_line(page);
    tfd_page_wrap(
        page, TFD_INK_PLAIN,
        is_slow(report)
            ? TFD_STR("It may only be slow here: 'tfdiag --timeout 600' waits ten minutes.")
            : TFD_STR(
                  "'tfdiag -v' shows everything that was looked at, 'tfdiag --deep' compares every file."),
        0);
    tfd_page_line(page);
}

/* ---- what else there is */

static void put_note(tfd_page *page, const char *word, tfd_str text, const tfd_detail *d)
{
    text = tfd_page_fmt(page, "%s: %.*s", word, (int)(text.len < 3000 ? text.len : 3000),
                        text.ptr ? text.ptr : "");
    tfd_text_limited(page, TFD_INK_PLAIN, text, 2, d);
    tfd_page_line(page);
}

static void put_cleared(tfd_page *page, const tfd_report *report, const tfd_detail *d)
{
    tfd_buf text;

    if (report->cleared_count == 0 || report->cause_count == 0)
        return;
    tfd_buf_init(&text, 65536);
    for (size_t i = 0; i < report->cleared_count; i++) {
        tfd_buf_z(&text, i ? "; " : "");
        tfd_buf_str(&text, report->cleared[i]);
    }
    tfd_buf_char(&text, '.');
    put_note(page, "Not the cause", tfd_buf_get(&text), d);
    tfd_buf_done(&text);
}

/* "tensorflow-estimator: required by …"; the subject only where the text does not name it. */
static tfd_str warning_text(tfd_page *page, const tfd_warning *one)
{
    bool has_subject = one->subject.len && tfd_str_find(one->text, one->subject) == TFD_NPOS;

    return has_subject ? tfd_arena_fmt(&page->arena, "%.*s: %.*s", TFD_ARG(one->subject), TFD_ARG(one->text))
                       : one->text;
}

/* All is well: one row is enough. */
static void put_warnings_short(tfd_page *page, const tfd_report *report)
{
    const char *more = "   tfdiag -v";
    tfd_str text;

    if (report->warning_count == 0)
        return;
    text = warning_text(page, &report->warnings[0]);
    text = tfd_page_fmt(page, "%u warning%s: %.*s", (unsigned)report->warning_count,
                        report->warning_count == 1 ? "" : "s, the first",
                        (int)(text.len < 3000 ? text.len : 3000), text.ptr ? text.ptr : "");
    tfd_page_put(page, TFD_INK_PLAIN, tfd_page_cut(page, text, page->columns - strlen(more)));
    tfd_page_z(page, TFD_INK_DIM, more);
    tfd_page_line(page);
}

static void put_warnings(tfd_page *page, const tfd_report *report, const tfd_detail *d)
{
    for (size_t i = 0; i < report->warning_count && i < d->notes; i++) {
        const tfd_warning *one = &report->warnings[i];

        put_note(page, "Warning", warning_text(page, one), d);
        for (size_t k = 0; d->everything && k < one->fix_count; k++)
            tfd_text_fix(page, &one->fixes[k], k == 0 ? "Fix" : "Or", d);
    }
    if (report->warning_count > d->notes) {
        tfd_page_put(page, TFD_INK_PLAIN,
                     tfd_page_fmt(page, "and %u more warning%s: tfdiag -v",
                                  (unsigned)(report->warning_count - d->notes),
                                  report->warning_count - d->notes == 1 ? "" : "s"));
        tfd_page_line(page);
    }
}

/* Without what TensorFlow's logging puts before a message: "2026-11-22 16:27:03.142983: I path.cc:153] ". */
static tfd_str message_of(tfd_str text)
{
    size_t at = tfd_str_find_z(tfd_str_sub(text, 0, 160), "] ");
    bool is_dated =
        text.len > 10 && tfd_char_is_digit(text.ptr[0]) && text.ptr[4] == '-' && text.ptr[7] == '-';

    return is_dated && at != TFD_NPOS ? tfd_str_from(text, at + 2) : text;
}

static void put_benign(tfd_page *page, const tfd_report *report, const tfd_detail *d)
{
    tfd_detail brief = *d;

    /* What does no harm gets one row; why it does none is said with -v. */
    brief.rows = d->everything ? 0 : 1;
    for (size_t i = 0; i < report->benign_count && i < d->notes; i++) {
        const tfd_benign *one = &report->benign[i];
        bool has_why = d->everything && one->why.len;

        put_note(page, "Also seen, harmless",
                 tfd_arena_fmt(&page->arena, "%.*s%s%.*s%s", TFD_ARG(message_of(one->text)),
                               has_why ? " (" : "", TFD_ARG(has_why ? one->why : (tfd_str){0}),
                               has_why ? ")" : ""),
                 &brief);
    }
}

/* A check that could not look is never passed over in silence. */
static void put_unknown(tfd_page *page, const tfd_report *report, const tfd_detail *d)
{
    tfd_buf text;
    size_t n = 0;

    tfd_buf_init(&text, 65536);
    for (size_t i = 0; i < report->check_count; i++) {
        const tfd_check_result *one = &report->checks[i];

        if (one->status != TFD_CHECK_UNKNOWN)
            continue;
        tfd_buf_fmt(&text, "%s%s (%.*s)", n++ ? "; " : "", one->id, TFD_ARG(one->summary));
    }
    if (n)
        put_note(page, "Could not look", tfd_buf_get(&text), d);
    tfd_buf_done(&text);
}

static void put_footer(tfd_page *page, const tfd_report *report)
{
    size_t checks = 0;
    tfd_str line;

    for (size_t i = 0; i < report->check_count; i++)
        checks += report->checks[i].status != TFD_CHECK_SKIPPED;
    line = tfd_page_fmt(page, "%u checks in %.*s, ", (unsigned)checks,
                        TFD_ARG(tfd_page_time(page, (double)report->static_us / 1e6)));
    line = report->import_ran ? tfd_page_fmt(page, "%.*simport %.*s.", TFD_ARG(line),
                                             TFD_ARG(tfd_page_time(page, report->import_seconds)))
                              : tfd_page_fmt(page, "%.*simport not tried.", TFD_ARG(line));
    tfd_page_wrap(page, TFD_INK_DIM, line, 0);
    if (report->cause_count) {
        tfd_str details = tfd_page_fmt(page, "Details: tfdiag -v %s tfdiag show %s", tfd_page_dot(page),
                                       tfd_cause_name(report->causes[0].id));

        if (tfd_layout_width(line) + 1 + tfd_layout_width(details) <= page->width)
            tfd_page_pad(page, 1);
        else
            tfd_page_line(page);
        tfd_page_wrap(page, TFD_INK_DIM, details, 0);
    }
    tfd_page_line(page);
}

static void put_page(tfd_page *page, const tfd_report *report, const tfd_detail *d)
{
    bool is_well = report->exit_code == 0 && report->cause_count == 0;

    put_verdict(page, report);
    put_import_error(page, report, d);
    if (is_well || report->gpu == TFD_WORKS_FAILS || report->gpu == TFD_WORKS_OK)
        put_gpu(page, report, d);
    put_causes(page, report, d);
    if (!is_well)
        tfd_page_gap(page);
    put_cleared(page, report, d);
    if (is_well && !d->everything)
        put_warnings_short(page, report);
    else
        put_warnings(page, report, d);
    put_unknown(page, report, d);
    if (!is_well || d->everything)
        put_benign(page, report, d);
    if (d->everything)
        tfd_text_sections(page, report);
    if (report->options->stat)
        tfd_text_times(page, report);
    if (!is_well || d->everything)
        put_footer(page, report);
}

static size_t rows_at(const tfd_report *report, const tfd_style *style, const tfd_detail *d)
{
    tfd_style plain = *style;
    tfd_page page;
    tfd_buf text;
    size_t rows;

    plain.color = false;
    tfd_buf_init(&text, TFD_RENDER_MAX);
    tfd_page_init(&page, &plain, &text);
    put_page(&page, report, d);
    rows = tfd_layout_rows(tfd_buf_get(&text), page.columns);
    tfd_page_done(&page);
    tfd_buf_done(&text);
    return rows;
}

static tfd_status render(const tfd_report *report, const tfd_style *style, tfd_buf *out)
{
    const size_t last = sizeof levels / sizeof levels[0] - 1;
    size_t rows = (style->rows > ROWS_DEFAULT ? style->rows : ROWS_DEFAULT) - ROWS_KEPT, level = 0;
    tfd_page page;

    if (!report->options->verbose)
        while (level < last && rows_at(report, style, &levels[level]) > rows)
            level++;
    tfd_page_init(&page, style, out);
    put_page(&page, report, report->options->verbose ? &full : &levels[level]);
    tfd_page_done(&page);
    return out->failed ? TFD_ENOMEM : TFD_OK;
}

const tfd_renderer tfd_renderer_text = {"text", render};
