#include "render/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define COLUMNS_DEFAULT 80
#define COLUMNS_MIN 20
#define PROSE_MAX 100

void tfd_page_init(tfd_page *page, const tfd_style *style, tfd_buf *out)
{
    memset(page, 0, sizeof *page);
    tfd_arena_init(&page->arena, 0);
    page->out = out;
    page->style = style;
    page->columns = style->columns ? style->columns : COLUMNS_DEFAULT;
    if (page->columns < COLUMNS_MIN)
        page->columns = COLUMNS_MIN;
    page->width = page->columns < PROSE_MAX ? page->columns : PROSE_MAX;
    page->color = style->color;
}

void tfd_page_done(tfd_page *page)
{
    tfd_arena_done(&page->arena);
}

/* Whether the home folder stands at offset at as a whole: what follows is a separator or the end of the word.
 */
static bool has_home(tfd_str s, size_t at, tfd_str home)
{
    char next;

    if (!tfd_str_starts(tfd_str_from(s, at), home))
        return false;
    next = at + home.len < s.len ? s.ptr[at + home.len] : ' ';
    return next == '/' || next == ' ' || next == ',' || next == ')';
}

/* In prose quotes mean nothing, an apostrophe is one: ~ is used where a blank, a bracket or nothing stands
 * before. In a command a shell expands it only at the beginning of a word outside quotes. */
static void add_short(tfd_buf *out, tfd_str s, tfd_str home, bool is_command)
{
    char quote = '\0';
    size_t done = 0;

    for (size_t at = 0; at < s.len && home.len > 1; at++) {
        char c = s.ptr[at], before = at ? s.ptr[at - 1] : ' ';

        if (is_command && c == '\\' && quote != '\'') {
            at++;
            continue;
        }
        if (is_command && (c == '"' || c == '\'') && (!quote || quote == c))
            quote = quote ? '\0' : c;
        if (quote || (before != ' ' && (is_command || before != '(')) || !has_home(s, at, home))
            continue;
        tfd_buf_str(out, tfd_str_sub(s, done, at));
        tfd_buf_char(out, '~');
        at += home.len - 1;
        done = at + 1;
    }
    tfd_buf_str(out, tfd_str_from(s, done));
}

static tfd_str prepare(tfd_page *page, tfd_str raw, bool is_command)
{
    tfd_buf masked, clean, text;
    tfd_str result;

    tfd_buf_init(&masked, TFD_RENDER_MAX);
    tfd_buf_init(&clean, TFD_RENDER_MAX);
    tfd_buf_init(&text, TFD_RENDER_MAX);
    tfd_mask_add(&masked, raw, is_command ? TFD_MASK_URLS : TFD_MASK_ALL, page->style->secrets);
    tfd_layout_clean(&clean, tfd_buf_get(&masked), page->style->ascii && !is_command);
    add_short(&text, tfd_buf_get(&clean), page->style->home, is_command);
    result = tfd_buf_to_arena(&text, &page->arena);
    if (masked.failed || clean.failed || text.failed)
        page->out->failed = true;
    tfd_buf_done(&masked);
    tfd_buf_done(&clean);
    tfd_buf_done(&text);
    return result;
}

tfd_str tfd_page_text(tfd_page *page, tfd_str raw)
{
    return prepare(page, raw, false);
}

tfd_str tfd_page_command(tfd_page *page, tfd_str raw)
{
    return prepare(page, raw, true);
}

tfd_str tfd_page_fmt(tfd_page *page, const char *format, ...)
{
    char text[4096];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return tfd_page_text(page, tfd_str_of(text));
}

tfd_str tfd_page_cut(tfd_page *page, tfd_str text, size_t columns)
{
    size_t at = 0, taken = 0, room = columns > 3 ? columns - 3 : 0;

    if (tfd_layout_width(text) <= columns)
        return text;
    while (at < text.len) {
        uint32_t code;
        size_t len = tfd_utf8_next(text, at, &code);
        size_t wants = tfd_layout_width(tfd_str_sub(text, at, at + (len ? len : 1)));

        if (taken + wants > room)
            break;
        taken += wants;
        at += len ? len : 1;
    }
    return tfd_arena_fmt(&page->arena, "%.*s%s", TFD_ARG(tfd_str_trim(tfd_str_sub(text, 0, at))),
                         tfd_page_ellipsis(page));
}

static const char *begin_ink(const tfd_page *page, tfd_ink ink)
{
    static const char *const codes[] = {"",           "\x1b[1m",    "\x1b[2m", "\x1b[1;32m",
                                        "\x1b[1;31m", "\x1b[1;33m", "\x1b[36m"};

    return page->color ? codes[ink] : "";
}

static const char *end_ink(const tfd_page *page, tfd_ink ink)
{
    return page->color && ink != TFD_INK_PLAIN ? "\x1b[0m" : "";
}

void tfd_page_put(tfd_page *page, tfd_ink ink, tfd_str text)
{
    if (text.len == 0)
        return;
    tfd_buf_z(page->out, begin_ink(page, ink));
    tfd_buf_str(page->out, text);
    tfd_buf_z(page->out, end_ink(page, ink));
}

void tfd_page_z(tfd_page *page, tfd_ink ink, const char *text)
{
    tfd_page_put(page, ink, tfd_str_of(text));
}

void tfd_page_pad(tfd_page *page, size_t n)
{
    tfd_buf_fill(page->out, ' ', n);
}

void tfd_page_line(tfd_page *page)
{
    tfd_buf_char(page->out, '\n');
}

void tfd_page_gap(tfd_page *page)
{
    if (!tfd_str_ends_z(tfd_buf_get(page->out), "\n\n"))
        tfd_page_line(page);
}

void tfd_page_wrap(tfd_page *page, tfd_ink ink, tfd_str text, size_t indent)
{
    tfd_buf_z(page->out, begin_ink(page, ink));
    tfd_layout_wrap(page->out, text, page->width, indent);
    tfd_buf_z(page->out, end_ink(page, ink));
}

const char *tfd_page_ellipsis(const tfd_page *page)
{
    return page->style->ascii ? "..." : "\xe2\x80\xa6";
}

const char *tfd_page_dot(const tfd_page *page)
{
    return page->style->ascii ? "|" : "\xc2\xb7";
}

tfd_str tfd_page_time(tfd_page *page, double seconds)
{
    if (seconds < 0.0095)
        return tfd_arena_fmt(&page->arena, "%.1f ms", seconds * 1000);
    if (seconds < 0.9995)
        return tfd_arena_fmt(&page->arena, "%.0f ms", seconds * 1000);
    if (seconds < 9.95)
        return tfd_arena_fmt(&page->arena, "%.1f s", seconds);
    if (seconds < 119.5)
        return tfd_arena_fmt(&page->arena, "%.0f s", seconds);
    return tfd_arena_fmt(&page->arena, "%d min %d s", (int)(seconds + 0.5) / 60, (int)(seconds + 0.5) % 60);
}

tfd_str tfd_page_bytes(tfd_page *page, uint64_t bytes)
{
    return bytes >= 1000000000 ? tfd_page_fmt(page, "%.1f GB", (double)bytes / 1e9)
                               : tfd_page_fmt(page, "%u MB", (unsigned)((bytes + 999999) / 1000000));
}
