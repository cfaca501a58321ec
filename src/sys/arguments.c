#include "sys/arguments.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The program's name: up to the second quotation mark or to the first blank; backslashes mean nothing. */
static size_t split_program(tfd_str line, tfd_buf *out)
{
    bool is_quoted = false;
    size_t at = 0;

    for (; at < line.len && (is_quoted || !is_blank(line.ptr[at])); at++) {
        if (line.ptr[at] == '"')
            is_quoted = !is_quoted;
        else
            tfd_buf_char(out, line.ptr[at]);
    }
    return at;
}

/* One argument that begins at `at`, which is no blank. Inside quotation marks two of them are one (C
 * run-times since 2008). */
static size_t split_argument(tfd_str line, size_t at, tfd_buf *out)
{
    bool is_quoted = false;

    while (at < line.len && (is_quoted || !is_blank(line.ptr[at]))) {
        size_t slashes = 0;

        while (at < line.len && line.ptr[at] == '\\') {
            slashes++;
            at++;
        }
        if (at == line.len || line.ptr[at] != '"') {
            tfd_buf_fill(out, '\\', slashes);
            if (slashes == 0)
                tfd_buf_char(out, line.ptr[at++]);
            continue;
        }
        tfd_buf_fill(out, '\\', slashes / 2);
        if (slashes % 2) {
            tfd_buf_char(out, '"');
        } else if (is_quoted && at + 1 < line.len && line.ptr[at + 1] == '"') {
            tfd_buf_char(out, '"');
            at++;
        } else {
            is_quoted = !is_quoted;
        }
        at++;
    }
    return at;
}

const char **tfd_arguments_split(tfd_arena *arena, tfd_str line, int *argc)
{
    /* Every argument but the first has a blank before it. */
    const char **argv = tfd_arena_new(arena, const char *, line.len / 2 + 3);
    size_t count = 0;
    size_t at = 0;
    tfd_buf text;

    *argc = 0;
    if (!argv)
        return NULL;
    tfd_buf_init(&text, line.len + 1);
    do {
        tfd_buf_clear(&text);
        at = count == 0 ? split_program(line, &text) : split_argument(line, at, &text);
        argv[count] = tfd_arena_z(arena, tfd_buf_get(&text));
        if (!argv[count++] || text.failed) {
            tfd_buf_done(&text);
            return NULL;
        }
        while (at < line.len && is_blank(line.ptr[at]))
            at++;
    } while (at < line.len);
    tfd_buf_done(&text);
    *argc = (int)count;
    return argv;
}

static bool needs_quotes(tfd_str argument)
{
    for (size_t i = 0; i < argument.len; i++)
        if (tfd_char_is_space(argument.ptr[i]) || argument.ptr[i] == '"')
            return true;
    return argument.len == 0;
}

void tfd_arguments_add(tfd_buf *line, tfd_str argument)
{
    size_t slashes = 0;

    if (line->len)
        tfd_buf_char(line, ' ');
    if (!needs_quotes(argument)) {
        tfd_buf_str(line, argument);
        return;
    }
    tfd_buf_char(line, '"');
    for (size_t i = 0; i < argument.len; i++) {
        char c = argument.ptr[i];

        if (c == '"') /* those before it were written once already */
            tfd_buf_fill(line, '\\', slashes + 1);
        tfd_buf_char(line, c);
        slashes = c == '\\' ? slashes + 1 : 0;
    }
    tfd_buf_fill(line, '\\', slashes);
    tfd_buf_char(line, '"');
}
