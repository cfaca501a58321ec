#include "formats/toml.h"

#include <string.h>

static bool is_at(const tfd_toml *in, char c)
{
    return in->rest.len > 0 && in->rest.ptr[0] == c;
}

static bool take(tfd_toml *in, char c)
{
    bool found = is_at(in, c);

    if (found)
        in->rest = tfd_str_from(in->rest, 1);
    return found;
}

static void skip_blanks(tfd_toml *in)
{
    while (is_at(in, ' ') || is_at(in, '\t'))
        in->rest = tfd_str_from(in->rest, 1);
}

/* Blanks, ends of lines, comments. */
static void skip_lines(tfd_toml *in)
{
    tfd_str line;

    for (;;) {
        skip_blanks(in);
        if (is_at(in, '#'))
            (void)tfd_str_line(&in->rest, &line);
        else if (!take(in, '\n') && !take(in, '\r'))
            return;
    }
}

/* ---- strings */

static tfd_str unescape(tfd_toml *in, tfd_str text)
{
    char *out = tfd_arena_take(in->arena, text.len + 1, 1);
    size_t n = 0;

    for (size_t i = 0; out && i < text.len; i++) {
        if (text.ptr[i] == '\\' && i + 1 < text.len && (text.ptr[i + 1] == '"' || text.ptr[i + 1] == '\\'))
            i++;
        out[n++] = text.ptr[i];
    }
    return (tfd_str){out, n};
}

/* rest stands at the quote. */
static bool take_string(tfd_toml *in, tfd_str *out)
{
    char quote = in->rest.ptr[0];
    size_t n = in->rest.len > 2 && in->rest.ptr[1] == quote && in->rest.ptr[2] == quote ? 3 : 1, end = n;
    tfd_str text = in->rest;

    for (; end + n <= text.len; end++) {
        if (quote == '"' && text.ptr[end] == '\\')
            end++;
        else if (n == 1 && text.ptr[end] == '\n')
            return false;
        else if (text.ptr[end] == quote &&
                 (n == 1 || (text.ptr[end + 1] == quote && text.ptr[end + 2] == quote)))
            break;
    }
    if (end + n > text.len)
        return false;
    *out = tfd_str_sub(text, n, end);
    if (quote == '"' && tfd_str_find_char(*out, '\\') != TFD_NPOS)
        *out = unescape(in, *out);
    in->rest = tfd_str_from(text, end + n);
    return true;
}

/* ---- keys */

static bool is_bare(char c)
{
    return tfd_char_is_alpha(c) || tfd_char_is_digit(c) || c == '_' || c == '-';
}

static bool add_name(tfd_toml *in, tfd_str name)
{
    if (in->length + 1 + name.len > sizeof in->path)
        return false;
    if (in->length > 0)
        in->path[in->length++] = '.';
    for (size_t i = 0; i < name.len; i++)
        in->path[in->length++] = name.ptr[i];
    return true;
}

/* a.b."c" behind what path has. */
static bool take_key(tfd_toml *in)
{
    do {
        tfd_str name = TFD_STR("");

        skip_blanks(in);
        if (is_at(in, '"') || is_at(in, '\'')) {
            if (!take_string(in, &name))
                return false;
        } else {
            while (name.len < in->rest.len && is_bare(in->rest.ptr[name.len]))
                name = tfd_str_sub(in->rest, 0, name.len + 1);
            if (name.len == 0)
                return false;
            in->rest = tfd_str_from(in->rest, name.len);
        }
        if (!add_name(in, name))
            return false;
        skip_blanks(in);
    } while (take(in, '.'));
    return true;
}

/* [a.b] and [[a.b]] */
static bool take_header(tfd_toml *in)
{
    bool is_list = take(in, '[');

    in->length = 0;
    in->table++;
    if (!take_key(in) || !take(in, ']') || (is_list && !take(in, ']')))
        return false;
    in->header = in->length;
    return true;
}

/* ---- values */

static bool open_bracket(tfd_toml *in, char bracket)
{
    if (in->depth == TFD_TOML_DEPTH)
        return false;
    in->brackets[in->depth] = bracket;
    in->lengths[in->depth++] = in->length;
    in->table += bracket == '{';
    return true;
}

static void take_word(tfd_toml *in, tfd_str *out)
{
    size_t n = 0;

    while (n < in->rest.len && !strchr(",]}#\r\n", in->rest.ptr[n]))
        n++;
    *out = tfd_str_trim(tfd_str_sub(in->rest, 0, n));
    in->rest = tfd_str_from(in->rest, n);
}

/* A value, or the bracket that a list of them begins with: then *is_value is false. */
static bool take_value(tfd_toml *in, tfd_toml_value *out, bool *is_value)
{
    skip_blanks(in);
    *is_value = false;
    if (take(in, '['))
        return open_bracket(in, '[');
    if (take(in, '{'))
        return open_bracket(in, '{');
    *is_value = true;
    out->key = (tfd_str){in->path, in->length};
    out->table = in->table;
    out->is_string = is_at(in, '"') || is_at(in, '\'');
    if (out->is_string)
        return take_string(in, &out->text);
    take_word(in, &out->text);
    return out->text.len > 0;
}

static bool take_pair(tfd_toml *in, tfd_toml_value *out, bool *is_value)
{
    return take_key(in) && take(in, '=') && take_value(in, out, is_value);
}

bool tfd_toml_next(tfd_toml *in, tfd_toml_value *out)
{
    bool ok = true, is_value = false;

    while (ok && !is_value) {
        bool is_list = in->depth > 0 && in->brackets[in->depth - 1] == '[';

        skip_lines(in);
        if (in->rest.len == 0)
            return false;
        in->length = in->depth > 0 ? in->lengths[in->depth - 1] : in->header;
        if (in->depth > 0 && take(in, is_list ? ']' : '}'))
            in->depth--;
        else if (in->depth > 0 && take(in, ','))
            continue;
        else if (in->depth == 0 && take(in, '['))
            ok = take_header(in);
        else
            ok = is_list ? take_value(in, out, &is_value) : take_pair(in, out, &is_value);
    }
    if (!ok)
        in->rest = TFD_STR("");
    return ok;
}
