#include "formats/pep508.h"

#include "formats/pep440.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n'; /* line ends: a folded header */
}

static bool is_word(char c)
{
    return tfd_char_is_alpha(c) || tfd_char_is_digit(c) || c == '_';
}

static tfd_str skip_blanks(tfd_str s)
{
    while (s.len && is_blank(s.ptr[0]))
        s = tfd_str_from(s, 1);
    return s;
}

static tfd_str trim_blanks(tfd_str s)
{
    s = skip_blanks(s);
    while (s.len && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

/* Letters, digits, '-', '_', '.'; a letter or digit first, and the last no '-' or '.'. */
static tfd_str take_identifier(tfd_str *rest)
{
    size_t end = 0;
    tfd_str out;

    if (rest->len == 0 || !is_word(rest->ptr[0]) || rest->ptr[0] == '_')
        return (tfd_str){NULL, 0};
    while (end < rest->len && (is_word(rest->ptr[end]) || rest->ptr[end] == '-' || rest->ptr[end] == '.'))
        end++;
    while (!is_word(rest->ptr[end - 1]))
        end--;
    out = tfd_str_sub(*rest, 0, end);
    *rest = tfd_str_from(*rest, end);
    return out;
}

bool tfd_extra_next(tfd_str *extras, tfd_str *extra)
{
    *extras = skip_blanks(*extras);
    *extra = take_identifier(extras);
    if (!extra->len)
        return false;
    *extras = skip_blanks(*extras);
    if (extras->len && extras->ptr[0] == ',')
        *extras = tfd_str_from(*extras, 1);
    return true;
}

static tfd_status take_extras(tfd_str *rest, tfd_str *extras)
{
    size_t end;
    tfd_str list;

    if (!rest->len || rest->ptr[0] != '[')
        return TFD_OK;
    end = tfd_str_find_char(*rest, ']');
    if (end == TFD_NPOS)
        return TFD_EFORMAT;
    list = *extras = trim_blanks(tfd_str_sub(*rest, 1, end));
    *rest = tfd_str_from(*rest, end + 1);
    while (list.len) {
        if (!take_identifier(&list).len)
            return TFD_EFORMAT;
        list = skip_blanks(list);
        if (!list.len)
            break;
        if (list.ptr[0] != ',')
            return TFD_EFORMAT;
        list = skip_blanks(tfd_str_from(list, 1));
        if (!list.len)
            return TFD_EFORMAT;
    }
    return TFD_OK;
}

/* An empty clause is allowed behind the last comma only. */
static tfd_status check_specifier(tfd_str specifier)
{
    tfd_str rest = trim_blanks(specifier);

    while (rest.len) {
        tfd_str text;
        tfd_clause clause;
        tfd_status status;

        (void)tfd_str_cut(rest, ',', &text, &rest);
        text = trim_blanks(text);
        status = tfd_clause_parse(tfd_op_take(&text), text, &clause);
        if (status != TFD_OK)
            return status;
        rest = trim_blanks(rest);
    }
    return TFD_OK;
}

/* "name @ url ; marker": the URL ends at white space, and only behind white space a ';' is one. */
static tfd_status parse_url(tfd_str rest, tfd_requirement_text *out)
{
    size_t end = 0;

    rest = skip_blanks(tfd_str_from(rest, 1));
    while (end < rest.len && !is_blank(rest.ptr[end]))
        end++;
    if (end == 0)
        return TFD_EFORMAT;
    out->url = tfd_str_sub(rest, 0, end);
    rest = trim_blanks(tfd_str_from(rest, end));
    if (!rest.len)
        return TFD_OK;
    if (rest.ptr[0] != ';')
        return TFD_EFORMAT;
    out->marker = trim_blanks(tfd_str_from(rest, 1));
    return out->marker.len ? TFD_OK : TFD_EFORMAT;
}

static tfd_status parse_specifier(tfd_str rest, tfd_requirement_text *out)
{
    bool has_parenthesis = rest.len && rest.ptr[0] == '(';
    size_t end = tfd_str_find_char(rest, has_parenthesis ? ')' : ';');

    if (has_parenthesis) {
        if (end == TFD_NPOS)
            return TFD_EFORMAT;
        out->specifier = trim_blanks(tfd_str_sub(rest, 1, end));
        rest = skip_blanks(tfd_str_from(rest, end + 1));
        end = rest.len && rest.ptr[0] == ';' ? 0 : TFD_NPOS;
        if (rest.len && end == TFD_NPOS)
            return TFD_EFORMAT;
    } else {
        out->specifier = trim_blanks(tfd_str_sub(rest, 0, end));
    }
    if (end != TFD_NPOS) {
        out->marker = trim_blanks(tfd_str_from(rest, end + 1));
        if (!out->marker.len)
            return TFD_EFORMAT;
    }
    return check_specifier(out->specifier);
}

tfd_status tfd_requirement_parse(tfd_str text, tfd_requirement_text *out)
{
    tfd_str rest = trim_blanks(text);
    tfd_status status;
    tfd_tri ignored;

    memset(out, 0, sizeof *out);
    if (rest.len > TFD_REQUIREMENT_MAX)
        return TFD_ELIMIT;
    out->name = take_identifier(&rest);
    if (!out->name.len)
        return TFD_EFORMAT;
    rest = skip_blanks(rest);
    status = take_extras(&rest, &out->extras);
    if (status != TFD_OK)
        return status;
    rest = skip_blanks(rest);
    status = rest.len && rest.ptr[0] == '@' ? parse_url(rest, out) : parse_specifier(rest, out);
    return status == TFD_OK ? tfd_marker_eval(out->marker, NULL, &ignored) : status;
}

static bool is_name_separator(char c)
{
    return c == '-' || c == '_' || c == '.';
}

size_t tfd_name_key(tfd_str name, char *dst, size_t size)
{
    size_t len = 0;

    for (size_t i = 0; i < name.len && len + 1 < size; i++) {
        bool is_separator = is_name_separator(name.ptr[i]);

        if (!is_separator || i == 0 || !is_name_separator(name.ptr[i - 1]))
            dst[len++] = is_separator ? '-' : tfd_char_lower(name.ptr[i]);
    }
    if (size)
        dst[len] = '\0';
    return len;
}

bool tfd_name_eq(tfd_str a, tfd_str b)
{
    size_t i = 0, j = 0;

    while (i < a.len && j < b.len) {
        bool x = is_name_separator(a.ptr[i]);

        if (x != is_name_separator(b.ptr[j]) || (!x && tfd_char_lower(a.ptr[i]) != tfd_char_lower(b.ptr[j])))
            return false;
        for (i++; x && i < a.len && is_name_separator(a.ptr[i]);)
            i++;
        for (j++; x && j < b.len && is_name_separator(b.ptr[j]);)
            j++;
    }
    return i == a.len && j == b.len;
}
