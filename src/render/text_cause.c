/* One cause as a block: title, evidence with where it was read, fixes that can be pasted. */
#include <string.h>

#include "render/page.h"

#define INDENT 3
#define COMMAND_INDENT 7 /* deeper than wrapped prose, which nobody should paste */
#define GAP 3            /* between a text and its source */

void tfd_text_limited(tfd_page *page, tfd_ink ink, tfd_str text, size_t indent, const tfd_detail *d)
{
    /* Wrapping leaves some columns of each row empty. */
    if (d->rows)
        text =
            tfd_page_cut(page, text, d->rows * (page->width - indent) - (d->rows - 1) * (page->width / 10));
    tfd_page_wrap(page, ink, text, indent);
}

/* Rank, title, and the certainty at the right edge of its first row. */
static void put_title(tfd_page *page, const tfd_cause *cause, size_t rank, bool is_main)
{
    const char *certainty = tfd_certainty_name(cause->certainty);
    size_t room = page->width - strlen(certainty) - 2;
    tfd_str title =
        tfd_page_text(page, cause->title.len ? cause->title : tfd_str_of(tfd_cause_name(cause->id)));
    tfd_str number = tfd_page_fmt(page, "%-*u", INDENT, (unsigned)rank), rest, line;
    tfd_buf rows;
    bool is_first = true;

    tfd_buf_init(&rows, TFD_RENDER_MAX);
    tfd_layout_wrap(&rows, title, room, INDENT);
    rest = tfd_buf_get(&rows);
    tfd_page_put(page, TFD_INK_BOLD, number);
    while (tfd_str_line(&rest, &line)) {
        size_t used = tfd_layout_width(line) + (is_first ? INDENT : 0);

        tfd_page_put(page, is_main ? TFD_INK_BOLD : TFD_INK_PLAIN, line);
        if (is_first) {
            tfd_page_pad(page, used < room ? page->width - strlen(certainty) - used : 2);
            tfd_page_z(page, TFD_INK_DIM, certainty);
        }
        tfd_page_line(page);
        is_first = false;
    }
    tfd_buf_done(&rows);
}

/* What stands beside an evidence: where it was read. Empty where the text says it already, and where it names
 * no more than the check. */
static tfd_str source_of(const tfd_evidence *one, const tfd_evidence *previous)
{
    if (previous && tfd_str_eq(previous->source, one->source))
        return (tfd_str){0};
    if (one->check && tfd_str_is(one->source, one->check))
        return (tfd_str){0};
    return tfd_str_find(one->text, one->source) == TFD_NPOS ? one->source : (tfd_str){0};
}

/* The error of the import stands under the verdict already; as one evidence among others it says nothing new.
 */
static bool is_repeated(const tfd_page *page, const tfd_cause *cause, const tfd_evidence *one,
                        const tfd_detail *d)
{
    return !d->everything && cause->evidence_count > 1 && page->error.len &&
           tfd_str_find(one->text, page->error) != TFD_NPOS;
}

/* Column at which sources are aligned: right of the longest text that leaves room for its source. */
static size_t source_column(tfd_page *page, const tfd_cause *cause, size_t count, const tfd_detail *d)
{
    size_t column = 0;

    for (size_t i = 0; i < count; i++) {
        const tfd_evidence *one = &cause->evidence[i];
        size_t text = INDENT + tfd_layout_width(tfd_page_text(page, one->text)) + GAP;
        tfd_str source = source_of(one, i ? one - 1 : NULL);

        if (source.len && !is_repeated(page, cause, one, d) && text > column &&
            text + tfd_layout_width(tfd_page_text(page, source)) <= page->width)
            column = text;
    }
    return column;
}

/* Behind the text, aligned with others where that can be; else on a row of its own. used: columns taken on
 * this row. */
static void put_source(tfd_page *page, tfd_str source, size_t used, size_t column)
{
    size_t wants = tfd_layout_width(source);

    if (used + GAP <= column && column + wants <= page->width) {
        tfd_page_pad(page, column - used);
        tfd_page_put(page, TFD_INK_DIM, source);
    } else if (used + GAP + wants <= page->width) {
        tfd_page_pad(page, GAP);
        tfd_page_put(page, TFD_INK_DIM, source);
    } else {
        tfd_page_line(page);
        tfd_page_pad(page, INDENT + 2);
        tfd_page_wrap(page, TFD_INK_DIM, source, INDENT + 2);
    }
}

static void put_evidence(tfd_page *page, const tfd_cause *cause, size_t count, const tfd_detail *d)
{
    size_t column = source_column(page, cause, count, d);

    for (size_t i = 0, shown = 0; i < cause->evidence_count && shown < count; i++) {
        const tfd_evidence *one = &cause->evidence[i];
        tfd_str source = tfd_page_text(page, source_of(one, i ? one - 1 : NULL)), written;
        size_t start = page->out->len, last;

        if (is_repeated(page, cause, one, d))
            continue;
        shown++;
        if (d->everything && one->weight)
            source = tfd_page_fmt(page, "%.*s%s%+d", TFD_ARG(source), source.len ? "  " : "", one->weight);
        tfd_page_pad(page, INDENT);
        tfd_text_limited(page, TFD_INK_PLAIN, tfd_page_text(page, one->text), INDENT, d);
        written = tfd_str_from(tfd_buf_get(page->out), start);
        last = tfd_str_rfind_char(written, '\n');
        if (source.len)
            put_source(page, source, tfd_layout_width(tfd_str_from(written, last == TFD_NPOS ? 0 : last + 1)),
                       column);
        tfd_page_line(page);
    }
}

/* A command is never broken: it has to survive copying. Lines of its own (a here-document) stay lines. */
static void put_command(tfd_page *page, tfd_str command, size_t indent)
{
    tfd_str rest = command, line;

    while (tfd_str_line(&rest, &line)) {
        tfd_page_pad(page, indent);
        tfd_page_put(page, TFD_INK_COMMAND, tfd_page_command(page, line));
        tfd_page_line(page);
    }
}

#define COST_PACKAGES 4 /* named in the text; the JSON report has all */

/* " numpy 2.1.0, scipy 1.11 and 5 more" of those that are installed, or of those that are not. */
static tfd_str name_packages(tfd_page *page, const tfd_fix_cost *cost, bool installed)
{
    tfd_str text = TFD_STR("");
    size_t count = 0;

    for (size_t i = 0; i < cost->package_count; i++) {
        if ((tfd_str_find_char(cost->packages[i], ' ') != TFD_NPOS) != installed)
            continue;
        if (count++ < COST_PACKAGES)
            text = tfd_page_fmt(page, "%.*s%s %.*s", TFD_ARG(text), count > 1 ? "," : "",
                                TFD_ARG(cost->packages[i]));
    }
    return count <= COST_PACKAGES
               ? text
               : tfd_page_fmt(page, "%.*s and %u more", TFD_ARG(text), (unsigned)(count - COST_PACKAGES));
}

/* What the commands change and fetch, where they install or remove packages. */
static void put_cost(tfd_page *page, const tfd_fix_cost *cost)
{
    tfd_str changed = name_packages(page, cost, true), added = name_packages(page, cost, false);
    tfd_str text;

    if (cost->package_count == 0)
        return;
    text = tfd_page_fmt(page, "%s%.*s%s%.*s%s", changed.len ? "Changes" : "", TFD_ARG(changed),
                        !added.len    ? ""
                        : changed.len ? "; adds"
                                      : "Adds",
                        TFD_ARG(added), cost->brings_others ? ", and what it requires" : "");
    if (cost->download > 0 && !cost->misses_size)
        text = tfd_page_fmt(page, "%.*s; about %.*s to download", TFD_ARG(text),
                            TFD_ARG(tfd_page_bytes(page, cost->download)));
    if (cost->download > 0 && !cost->misses_size && cost->free > 0)
        text =
            tfd_page_fmt(page, "%.*s, %.*s free", TFD_ARG(text), TFD_ARG(tfd_page_bytes(page, cost->free)));
    tfd_page_pad(page, INDENT + 2);
    tfd_page_wrap(page, TFD_INK_DIM, text, INDENT + 2);
    tfd_page_line(page);
}

void tfd_text_fix(tfd_page *page, const tfd_fix *fix, const char *word, const tfd_detail *d)
{
    const char *needs = fix->needs_admin && fix->needs_network
                            ? " (needs administrator rights and the network)"
                        : fix->needs_admin   ? " (needs administrator rights)"
                        : fix->needs_network ? " (needs the network)"
                                             : "";
    tfd_str title = tfd_page_fmt(page, "%.*s%s%s", TFD_ARG(fix->title), needs,
                                 d->everything && fix->verified ? ", tried" : "");

    tfd_page_pad(page, INDENT);
    tfd_page_z(page, TFD_INK_BOLD, word);
    tfd_page_z(page, TFD_INK_PLAIN, ": ");
    tfd_page_wrap(page, TFD_INK_PLAIN, title, INDENT + 2);
    tfd_page_line(page);
    for (size_t i = 0; i < fix->command_count; i++)
        put_command(page, fix->commands[i], COMMAND_INDENT);
    if (fix->url.len)
        put_command(page, fix->url, COMMAND_INDENT);
    put_cost(page, &fix->cost);
    if (fix->note.len) {
        tfd_page_pad(page, INDENT + 2);
        tfd_page_wrap(page, TFD_INK_PLAIN, tfd_page_text(page, fix->note), INDENT + 2);
        tfd_page_line(page);
    }
}

static void put_reason(tfd_page *page, const tfd_cause *cause)
{
    tfd_page_pad(page, INDENT);
    tfd_page_wrap(page, TFD_INK_DIM,
                  tfd_page_fmt(page, "%s: %.0f %%, weights add up to %d. %.*s", tfd_cause_name(cause->id),
                               cause->probability * 100, cause->score, TFD_ARG(cause->reason)),
                  INDENT);
    tfd_page_line(page);
}

/* Each id once, whatever the number of faults of that kind. */
static void put_needs(tfd_page *page, const tfd_cause *cause)
{
    tfd_str text = TFD_STR("Must be repaired together with");

    for (size_t i = 0; i < cause->needs_also_count; i++) {
        tfd_cause_id id = cause->needs_also[i];
        size_t first = 0;

        while (cause->needs_also[first] != id)
            first++;
        if (first == i)
            text = tfd_page_fmt(page, "%.*s%s %s%s", TFD_ARG(text), i > 0 ? "," : "",
                                id == cause->id ? "another " : "", tfd_cause_name(id));
    }
    tfd_page_pad(page, INDENT);
    tfd_page_wrap(page, TFD_INK_PLAIN, tfd_page_fmt(page, "%.*s.", TFD_ARG(text)), INDENT);
    tfd_page_line(page);
}

void tfd_text_cause(tfd_page *page, const tfd_cause *cause, size_t rank, const tfd_detail *d)
{
    bool is_main = rank == 1;
    size_t evidence = is_main || d->everything ? d->evidence : d->other_evidence ? 1 : 0;
    size_t fixes = is_main || d->everything ? 1 + d->alternatives : d->other_fix ? 1 : 0;

    put_title(page, cause, rank, is_main);
    put_evidence(page, cause, evidence < cause->evidence_count ? evidence : cause->evidence_count, d);
    if (d->everything)
        put_reason(page, cause);
    for (size_t i = 0; i < fixes && i < cause->fix_count; i++)
        tfd_text_fix(page, &cause->fixes[i], i == 0 ? "Fix" : "Or", d);
    if (cause->needs_also_count > 0 && (is_main || d->everything))
        put_needs(page, cause);
}
