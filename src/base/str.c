#include "base/str.h"

#include <string.h>

tfd_str tfd_str_of(const char *z)
{
    tfd_str s = {z, z ? strlen(z) : 0};

    return s;
}

bool tfd_str_eq(tfd_str a, tfd_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool tfd_str_eq_nocase(tfd_str a, tfd_str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (tfd_char_lower(a.ptr[i]) != tfd_char_lower(b.ptr[i]))
            return false;
    return true;
}

bool tfd_str_is(tfd_str a, const char *z)
{
    return tfd_str_eq(a, tfd_str_of(z));
}

int tfd_str_cmp(tfd_str a, tfd_str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.ptr, b.ptr, n) : 0;

    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

bool tfd_str_starts(tfd_str s, tfd_str prefix)
{
    return s.len >= prefix.len && tfd_str_eq(tfd_str_sub(s, 0, prefix.len), prefix);
}

bool tfd_str_starts_z(tfd_str s, const char *prefix)
{
    return tfd_str_starts(s, tfd_str_of(prefix));
}

bool tfd_str_ends(tfd_str s, tfd_str suffix)
{
    return s.len >= suffix.len && tfd_str_eq(tfd_str_from(s, s.len - suffix.len), suffix);
}

bool tfd_str_ends_z(tfd_str s, const char *suffix)
{
    return tfd_str_ends(s, tfd_str_of(suffix));
}

size_t tfd_str_find(tfd_str s, tfd_str needle)
{
    const char *at = s.ptr;
    size_t left = s.len;

    if (needle.len == 0)
        return 0;
    while (left >= needle.len) {
        const char *hit = memchr(at, needle.ptr[0], left - needle.len + 1);

        if (!hit)
            return TFD_NPOS;
        if (memcmp(hit, needle.ptr, needle.len) == 0)
            return (size_t)(hit - s.ptr);
        left -= (size_t)(hit - at) + 1;
        at = hit + 1;
    }
    return TFD_NPOS;
}

size_t tfd_str_find_z(tfd_str s, const char *needle)
{
    return tfd_str_find(s, tfd_str_of(needle));
}

size_t tfd_str_find_char(tfd_str s, char c)
{
    const char *hit = s.len ? memchr(s.ptr, c, s.len) : NULL;

    return hit ? (size_t)(hit - s.ptr) : TFD_NPOS;
}

size_t tfd_str_rfind_char(tfd_str s, char c)
{
    for (size_t i = s.len; i > 0; i--)
        if (s.ptr[i - 1] == c)
            return i - 1;
    return TFD_NPOS;
}

tfd_str tfd_str_sub(tfd_str s, size_t from, size_t to)
{
    tfd_str out = {NULL, 0};

    if (to > s.len)
        to = s.len;
    if (from >= to)
        return out;
    out.ptr = s.ptr + from;
    out.len = to - from;
    return out;
}

tfd_str tfd_str_from(tfd_str s, size_t from)
{
    return tfd_str_sub(s, from, s.len);
}

tfd_str tfd_str_trim(tfd_str s)
{
    size_t from = 0;
    size_t to = s.len;

    while (from < to && tfd_char_is_space(s.ptr[from]))
        from++;
    while (to > from && tfd_char_is_space(s.ptr[to - 1]))
        to--;
    return tfd_str_sub(s, from, to);
}

bool tfd_str_cut(tfd_str s, char sep, tfd_str *head, tfd_str *tail)
{
    size_t at = tfd_str_find_char(s, sep);

    if (at == TFD_NPOS) {
        *head = s;
        *tail = (tfd_str){NULL, 0};
        return false;
    }
    *head = tfd_str_sub(s, 0, at);
    *tail = tfd_str_from(s, at + 1);
    return true;
}

bool tfd_str_line(tfd_str *rest, tfd_str *line)
{
    if (rest->len == 0)
        return false;
    tfd_str_cut(*rest, '\n', line, rest);
    if (line->len > 0 && line->ptr[line->len - 1] == '\r')
        line->len--;
    return true;
}

bool tfd_str_u64(tfd_str s, uint64_t *out)
{
    uint64_t value = 0;

    if (s.len == 0 || s.len > 20)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        uint64_t digit;

        if (!tfd_char_is_digit(s.ptr[i]))
            return false;
        digit = (uint64_t)(s.ptr[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

uint64_t tfd_str_hash(tfd_str s)
{
    uint64_t h = 14695981039346656037u;

    for (size_t i = 0; i < s.len; i++) {
        h ^= (unsigned char)s.ptr[i];
        h *= 1099511628211u;
    }
    return h;
}

bool tfd_char_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool tfd_char_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool tfd_char_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char tfd_char_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}
