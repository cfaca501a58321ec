#include "python/pytoken.h"

#include <string.h>

static bool is_name_char(char c)
{
    return tfd_char_is_alpha(c) || tfd_char_is_digit(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Length of the quotes at s (1 or 3), 0 if there are none. */
static size_t quote_length(tfd_str s)
{
    if (s.len == 0 || (s.ptr[0] != '\'' && s.ptr[0] != '"'))
        return 0;
    return s.len >= 3 && s.ptr[1] == s.ptr[0] && s.ptr[2] == s.ptr[0] ? 3 : 1;
}

/* Bytes of the string literal at s, quotes included; TFD_NPOS if it does not end. */
static size_t string_length(tfd_str s)
{
    size_t quotes = quote_length(s);

    for (size_t i = quotes; i < s.len; i++) {
        if (s.ptr[i] == '\\') {
            i++;
        } else if (s.ptr[i] == '\n' && quotes == 1) {
            return TFD_NPOS;
        } else if (s.ptr[i] == s.ptr[0]) {
            if (quotes == 1)
                return i + 1;
            if (s.len - i >= 3 && s.ptr[i + 1] == s.ptr[0] && s.ptr[i + 2] == s.ptr[0])
                return i + 3;
        }
    }
    return TFD_NPOS;
}

/* Letters before the quotes: r, b, u, f and pairs of them; TFD_NPOS if s begins no string. */
static size_t prefix_length(tfd_str s)
{
    size_t n = 0;

    while (n < s.len && n < 3 && strchr("rRbBuUfF", s.ptr[n]) && s.ptr[n] != '\0')
        n++;
    return n < 3 && quote_length(tfd_str_from(s, n)) ? n : TFD_NPOS;
}

static size_t operator_length(tfd_str s)
{
    static const char *const pairs[] = {"+=", "-=", "==", "!=", "<=", ">=", "->", ":=", "**", "//"};

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (tfd_str_starts_z(s, pairs[i]))
            return 2;
    return s.ptr[0] && strchr("()[]{},:.;@=+-*/%&|^~<>!", s.ptr[0]) ? 1 : 0;
}

static size_t token_length(tfd_str s, tfd_pytoken_kind *kind)
{
    size_t prefix = prefix_length(s), n = 0;

    if (prefix != TFD_NPOS) {
        size_t body = string_length(tfd_str_from(s, prefix));

        *kind = TFD_PYTOKEN_STRING;
        return body == TFD_NPOS ? 0 : prefix + body;
    }
    if (tfd_char_is_digit(s.ptr[0]) || is_name_char(s.ptr[0])) {
        *kind = tfd_char_is_digit(s.ptr[0]) ? TFD_PYTOKEN_NUMBER : TFD_PYTOKEN_NAME;
        while (n < s.len && is_name_char(s.ptr[n]))
            n++;
        return n;
    }
    *kind = TFD_PYTOKEN_OP;
    return operator_length(s);
}

/* Blanks, line ends, a backslash before a line end, and comments. */
static size_t blank_length(tfd_str s)
{
    size_t n = 0;

    while (n < s.len) {
        if (s.ptr[n] == '#')
            while (n < s.len && s.ptr[n] != '\n')
                n++;
        else if (tfd_char_is_space(s.ptr[n]))
            n++;
        else if (s.ptr[n] == '\\' && n + 1 < s.len && (s.ptr[n + 1] == '\n' || s.ptr[n + 1] == '\r'))
            n += 2;
        else
            break;
    }
    return n;
}

bool tfd_pytokens_read(tfd_arena *arena, tfd_str text, tfd_pytokens *out)
{
    tfd_str rest = text;

    memset(out, 0, sizeof *out);
    for (;;) {
        tfd_pytoken token;
        size_t n;

        rest = tfd_str_from(rest, blank_length(rest));
        if (rest.len == 0)
            return true;
        n = token_length(rest, &token.kind);
        if (n == 0 || out->count == TFD_PYTOKENS_MAX || !TFD_GROW(arena, out))
            return false;
        token.text = tfd_str_sub(rest, 0, n);
        out->items[out->count++] = token;
        rest = tfd_str_from(rest, n);
    }
}

static int hex_digit(char c)
{
    if (tfd_char_is_digit(c))
        return c - '0';
    c = tfd_char_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \x41, \u0041, \U00000041: digits after the letter. */
static bool take_hex(tfd_str *s, size_t digits, uint32_t *out)
{
    *out = 0;
    if (s->len < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        int digit = hex_digit(s->ptr[i]);

        if (digit < 0)
            return false;
        *out = *out * 16 + (uint32_t)digit;
    }
    *s = tfd_str_from(*s, digits);
    return true;
}

static size_t put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xc0 | (c >> 6));
        to[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xe0 | (c >> 12));
        to[1] = (char)(0x80 | ((c >> 6) & 63));
        to[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    to[0] = (char)(0xf0 | (c >> 18));
    to[1] = (char)(0x80 | ((c >> 12) & 63));
    to[2] = (char)(0x80 | ((c >> 6) & 63));
    to[3] = (char)(0x80 | (c & 63));
    return 4;
}

/* One escape; *s stands behind the backslash. Writes at most 4 bytes. */
static bool take_escape(tfd_str *s, char *to, size_t *len)
{
    static const char letters[] = "abfnrtv\\'\"", values[] = "\a\b\f\n\r\t\v\\'\"";
    char c = s->ptr[0];
    const char *known = c ? strchr(letters, c) : NULL;
    uint32_t code;

    *s = tfd_str_from(*s, 1);
    if (known) {
        to[(*len)++] = values[known - letters];
        return true;
    }
    if (c == '\n')
        return true;
    if (c == 'x' || c == 'u' || c == 'U') {
        if (!take_hex(s, c == 'x' ? 2 : c == 'u' ? 4 : 8, &code) || code > 0x10ffff || code == 0)
            return false;
        *len += put_utf8(to + *len, code);
        return true;
    }
    if (tfd_char_is_digit(c) || c == 'N')
        return false; /* octal and named characters: nobody writes paths so */
    to[(*len)++] = '\\';
    to[(*len)++] = c;
    return true;
}

bool tfd_pystring_value(tfd_arena *arena, tfd_str token, tfd_str *out)
{
    size_t prefix = prefix_length(token), quotes, len = 0;
    bool raw = false, fields = false;
    tfd_str s;
    char *text;

    if (prefix == TFD_NPOS)
        return false;
    for (size_t i = 0; i < prefix; i++) {
        char c = tfd_char_lower(token.ptr[i]);

        raw = raw || c == 'r';
        fields = fields || c == 'f';
        if (c == 'b')
            return false;
    }
    s = tfd_str_from(token, prefix);
    quotes = quote_length(s);
    s = tfd_str_sub(s, quotes, s.len - quotes);
    if (fields && tfd_str_find_char(s, '{') != TFD_NPOS)
        return false;
    text = tfd_arena_take(arena, s.len * 2 + 5, 1);
    if (!text)
        return false;
    while (s.len) {
        char c = s.ptr[0];

        s = tfd_str_from(s, 1);
        if (c != '\\' || raw || s.len == 0)
            text[len++] = c;
        else if (!take_escape(&s, text, &len))
            return false;
    }
    out->ptr = text;
    out->len = len;
    return true;
}

/* Passes over one string or one character of s. */
static size_t step(tfd_str s)
{
    size_t n = quote_length(s) ? string_length(s) : 1;

    return n == TFD_NPOS ? s.len : n;
}

static int bracket(char c)
{
    return c == '(' || c == '[' || c == '{' ? 1 : c == ')' || c == ']' || c == '}' ? -1 : 0;
}

bool tfd_pystatement_take(tfd_str *rest, tfd_str *statement)
{
    size_t at = 0;
    int depth = 0;

    if (tfd_str_trim(*rest).len == 0)
        return false;
    while (at < rest->len && !(rest->ptr[at] == ';' && depth <= 0)) {
        depth += bracket(rest->ptr[at]);
        if (rest->ptr[at] == '#') {
            at = rest->len;
            break;
        }
        at += step(tfd_str_from(*rest, at));
    }
    *statement = tfd_str_trim(tfd_str_sub(*rest, 0, at));
    *rest = tfd_str_from(*rest, at + 1);
    return true;
}

bool tfd_pyline_take(tfd_pylines *lines, tfd_str *line, size_t *number)
{
    tfd_str rest = lines->rest;
    size_t at = 0;
    int depth = 0;

    if (rest.len == 0)
        return false;
    while (at < rest.len && !(rest.ptr[at] == '\n' && depth <= 0)) {
        char c = rest.ptr[at];

        if (c == '\\' && at + 1 < rest.len) {
            at += 2;
        } else if (c == '#') {
            while (at < rest.len && rest.ptr[at] != '\n')
                at++;
        } else {
            depth += bracket(c);
            at += step(tfd_str_from(rest, at));
        }
    }
    *number = lines->next;
    *line = tfd_str_sub(rest, 0, at);
    lines->next++;
    for (size_t i = 0; i < line->len; i++)
        lines->next += line->ptr[i] == '\n';
    lines->rest = tfd_str_from(rest, at + 1);
    return true;
}
