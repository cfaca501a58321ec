/* What -v and --stat add below the page: checks, interpreters, search path, facts, the import's own output,
 * times. */
#include <inttypes.h>
#include <string.h>

#include "render/page.h"

#define COLUMN_MAX 44 /* a first column is at most this wide */
#define OUTPUT_LINES 20

static void put_heading(tfd_page *page, const char *text)
{
    tfd_page_gap(page);
    tfd_page_z(page, TFD_INK_BOLD, text);
    tfd_page_line(page);
}

/* A row "  head   rest   source": head padded to column, rest wrapped, source at its end where it fits. */
static void put_row(tfd_page *page, tfd_ink ink, tfd_str head, size_t column, tfd_str rest, tfd_str source)
{
    size_t used = 2 + tfd_layout_width(head), start = 2 + column + 2;
    bool is_narrow = start + 20 > page->width;

    tfd_page_pad(page, 2);
    tfd_page_put(page, ink, head);
    if (is_narrow || used + 2 > start) {
        start = is_narrow ? 6 : start;
        if (rest.len || source.len) {
            tfd_page_line(page);
            tfd_page_pad(page, start);
        }
    } else if (rest.len || source.len) {
        tfd_page_pad(page, start - used);
    }
    tfd_page_wrap(page, TFD_INK_PLAIN, rest, start);
    if (source.len && start + tfd_layout_width(rest) + 2 + tfd_layout_width(source) <= page->width) {
        tfd_page_pad(page, rest.len ? 2 : 0);
        tfd_page_put(page, TFD_INK_DIM, source);
    } else if (source.len) {
        tfd_page_line(page);
        tfd_page_pad(page, start);
        tfd_page_wrap(page, TFD_INK_DIM, source, start);
    }
    tfd_page_line(page);
}

static size_t widest(size_t column, size_t width)
{
    return width > column && width <= COLUMN_MAX ? width : column;
}

static void put_checks(tfd_page *page, const tfd_report *report)
{
    static const tfd_ink inks[] = {TFD_INK_GOOD, TFD_INK_DOUBT, TFD_INK_BAD, TFD_INK_DOUBT, TFD_INK_DIM};
    size_t column = 0;

    for (size_t i = 0; i < report->check_count; i++)
        column = widest(column, strlen(report->checks[i].id) + 9);
    put_heading(page, "Checks");
    for (size_t i = 0; i < report->check_count; i++) {
        const tfd_check_result *one = &report->checks[i];

        put_row(page, inks[one->status],
                tfd_page_fmt(page, "%-8s %s", tfd_check_status_name(one->status), one->id), column,
                tfd_page_text(page, one->summary), (tfd_str){0});
    }
}

static void put_interpreters(tfd_page *page, const tfd_facts *facts)
{
    size_t column = 0;

    if (facts->interpreters.count == 0)
        return;
    for (size_t i = 0; i < facts->interpreters.count; i++)
        column = widest(column, tfd_layout_width(tfd_page_text(page, facts->interpreters.items[i].path)));
    put_heading(page, "Interpreters seen");
    for (size_t i = 0; i < facts->interpreters.count; i++) {
        const tfd_interpreter *one = &facts->interpreters.items[i];
        tfd_str tensorflow = one->tf_version.len ? tfd_page_fmt(page, ", %.*s %.*s", TFD_ARG(one->tf_dist),
                                                                TFD_ARG(one->tf_version))
                                                 : (tfd_str){0};
        tfd_str rest = tfd_page_fmt(page, "%.*s%.*s%s%s", TFD_ARG(one->version), TFD_ARG(tensorflow),
                                    one->is_broken ? (one->version.len ? ", broken" : "broken") : "",
                                    one->is_target ? " (examined)" : "");

        put_row(page, one->is_target ? TFD_INK_BOLD : TFD_INK_PLAIN, tfd_page_text(page, one->path), column,
                rest, tfd_page_text(page, one->seen_in));
    }
}

static void put_places(tfd_page *page, const tfd_facts *facts)
{
    size_t column = 0;

    if (facts->places.count == 0)
        return;
    for (size_t i = 0; i < facts->places.count; i++)
        column = widest(column, tfd_layout_width(tfd_page_text(page, facts->places.items[i].path)));
    put_heading(page, facts->places.complete ? "Search path (sys.path)"
                                             : "Search path (sys.path), as far as it is known");
    for (size_t i = 0; i < facts->places.count; i++) {
        const tfd_place *one = &facts->places.items[i];

        put_row(page, one->exists ? TFD_INK_PLAIN : TFD_INK_DIM, tfd_page_text(page, one->path), column,
                tfd_page_text(page, one->exists ? (tfd_str){0} : TFD_STR("not there")),
                tfd_page_text(page, one->source));
    }
}

static tfd_str fact_value(tfd_page *page, tfd_fact_id id, const tfd_fact *fact)
{
    if (fact->state == TFD_STATE_UNKNOWN)
        return TFD_STR("unknown");
    if (fact->state == TFD_STATE_ABSENT)
        return TFD_STR("none");
    if (tfd_fact_type(id) == TFD_TYPE_BOOL)
        return fact->boolean ? TFD_STR("yes") : TFD_STR("no");
    if (tfd_fact_type(id) == TFD_TYPE_INT)
        return tfd_page_fmt(page, "%" PRId64, fact->integer);
    return tfd_page_text(page, fact->text);
}

static void put_facts(tfd_page *page, const tfd_facts *facts)
{
    size_t column = 0;

    for (int i = 0; i < TFD_FACT_COUNT; i++)
        column = widest(column, strlen(tfd_fact_key((tfd_fact_id)i)));
    put_heading(page, "Facts");
    for (int i = 0; i < TFD_FACT_COUNT; i++) {
        tfd_fact_id id = (tfd_fact_id)i;
        const tfd_fact *fact = &facts->scalars[i];

        if (fact->state == TFD_STATE_UNKNOWN && fact->source.len == 0)
            continue; /* nobody looked: not for this system */
        put_row(page, TFD_INK_PLAIN, tfd_str_of(tfd_fact_key(id)), column, fact_value(page, id, fact),
                tfd_page_text(page, fact->source));
    }
}

/* The last lines of what the import printed on standard error. */
static void put_output(tfd_page *page, const tfd_facts *facts)
{
    tfd_str rest = tfd_str_trim(facts->import.err), line;
    size_t lines = 0;

    if (rest.len == 0)
        return;
    for (size_t i = 0; i < rest.len; i++)
        lines += rest.ptr[i] == '\n';
    put_heading(page, "What the import printed");
    for (size_t i = 0; tfd_str_line(&rest, &line); i++) {
        if (i + OUTPUT_LINES <= lines)
            continue;
        tfd_page_pad(page, 2);
        tfd_page_put(page, TFD_INK_DIM, tfd_page_text(page, line));
        tfd_page_line(page);
    }
}

void tfd_text_sections(tfd_page *page, const tfd_report *report)
{
    put_checks(page, report);
    put_interpreters(page, report->facts);
    put_places(page, report->facts);
    put_facts(page, report->facts);
    put_output(page, report->facts);
    tfd_page_gap(page);
}

void tfd_text_times(tfd_page *page, const tfd_report *report)
{
    size_t column = strlen("static examination");

    for (size_t i = 0; i < report->check_count; i++)
        column = widest(column, strlen(report->checks[i].id));
    put_heading(page, "Times");
    for (size_t i = 0; i < report->check_count; i++) {
        const tfd_check_result *one = &report->checks[i];

        if (one->status != TFD_CHECK_SKIPPED)
            put_row(page, TFD_INK_PLAIN, tfd_str_of(one->id), column,
                    tfd_page_time(page, (double)one->microseconds / 1e6), (tfd_str){0});
    }
    put_row(page, TFD_INK_PLAIN, TFD_STR("static examination"), column,
            tfd_page_time(page, (double)report->static_us / 1e6), (tfd_str){0});
    if (report->import_ran)
        put_row(page, TFD_INK_PLAIN, TFD_STR("the import"), column,
                tfd_page_time(page, report->import_seconds), (tfd_str){0});
    put_row(page, TFD_INK_PLAIN, TFD_STR("in all"), column,
            tfd_page_time(page, (double)report->total_us / 1e6), (tfd_str){0});
    tfd_page_line(page);
}
