/* The two JSON files that name interpreters. They are scanned for one member instead of being parsed:
 * settings.json is no JSON (comments, trailing commas), and a damaged file should still tell what it can. */
#include "python/discover.h"

#include "python/pytoken.h"

/* Bytes of a JSON string at s, quotes included; 0: it does not end. */
static size_t string_length(tfd_str s)
{
    for (size_t i = 1; i < s.len; i++) {
        if (s.ptr[i] == '\\')
            i++;
        else if (s.ptr[i] == '"')
            return i + 1;
        else if (s.ptr[i] == '\n')
            return 0;
    }
    return 0;
}

/* Blanks and comments of both kinds. */
static size_t blank_length(tfd_str s)
{
    size_t n = 0;

    while (n < s.len) {
        tfd_str rest = tfd_str_from(s, n);

        if (tfd_char_is_space(rest.ptr[0])) {
            n++;
        } else if (tfd_str_starts_z(rest, "//")) {
            size_t end = tfd_str_find_char(rest, '\n');

            n += end == TFD_NPOS ? rest.len : end;
        } else if (tfd_str_starts_z(rest, "/*")) {
            size_t end = tfd_str_find_z(rest, "*/");

            n += end == TFD_NPOS ? rest.len : end + 2;
        } else {
            break;
        }
    }
    return n;
}

/* Skips to what stands behind "key" and a colon; the first member of that name at any depth. */
static bool find_value(tfd_str text, const char *key, tfd_str *value)
{
    tfd_str rest = text;

    while (rest.len) {
        tfd_str name;
        size_t n;

        rest = tfd_str_from(rest, blank_length(rest));
        if (rest.len == 0)
            return false;
        if (rest.ptr[0] != '"') {
            rest = tfd_str_from(rest, 1);
            continue;
        }
        n = string_length(rest);
        if (n == 0)
            return false;
        name = tfd_str_sub(rest, 1, n - 1);
        rest = tfd_str_from(rest, n);
        rest = tfd_str_from(rest, blank_length(rest));
        if (!tfd_str_is(name, key) || rest.len == 0 || rest.ptr[0] != ':')
            continue;
        rest = tfd_str_from(rest, 1);
        *value = tfd_str_from(rest, blank_length(rest));
        return true;
    }
    return false;
}

/* JSON's escapes are among Python's, but for "\/". */
static tfd_str string_value(tfd_arena *arena, tfd_str at)
{
    size_t n = at.len && at.ptr[0] == '"' ? string_length(at) : 0;
    tfd_str value;

    if (n == 0 || !tfd_pystring_value(arena, tfd_str_sub(at, 0, n), &value))
        return TFD_STR("");
    return value;
}

tfd_str tfd_discover_vscode(tfd_arena *arena, tfd_str text)
{
    tfd_str value;

    if (find_value(text, "python.defaultInterpreterPath", &value) ||
        find_value(text, "python.pythonPath", &value))
        return string_value(arena, value);
    return TFD_STR("");
}

tfd_str tfd_discover_kernel(tfd_arena *arena, tfd_str text)
{
    tfd_str value;

    if (!find_value(text, "argv", &value) || value.len == 0 || value.ptr[0] != '[')
        return TFD_STR("");
    value = tfd_str_from(value, 1);
    return string_value(arena, tfd_str_from(value, blank_length(value)));
}
