#include "python/name.h"

#include <stdio.h>

/* Digits at the start of *s, at most four; -1 if there are none. */
static int take_number(tfd_str *s)
{
    int value = 0;
    size_t n = 0;

    while (n < s->len && n < 4 && tfd_char_is_digit(s->ptr[n]))
        value = value * 10 + (s->ptr[n++] - '0');
    *s = tfd_str_from(*s, n);
    return n ? value : -1;
}

static bool take_char(tfd_str *s, char c)
{
    if (s->len == 0 || s->ptr[0] != c)
        return false;
    *s = tfd_str_from(*s, 1);
    return true;
}

/* Version and ABI letters at the start of *rest: "3", "3.12", "3.13td", "3.6m". */
static void take_version(tfd_str *rest, tfd_pyname *out)
{
    out->minor = -1;
    out->major = take_number(rest);
    if (out->major < 0)
        return;
    if (rest->len > 1 && rest->ptr[0] == '.' && tfd_char_is_digit(rest->ptr[1])) {
        take_char(rest, '.');
        out->minor = take_number(rest);
    }
    for (;;) {
        if (take_char(rest, 't'))
            out->threads = true;
        else if (take_char(rest, 'd'))
            out->debug = true;
        else if (!take_char(rest, 'm') && !take_char(rest, 'u')) /* pymalloc, wide Unicode: 3.7 and before */
            return;
    }
}

static bool take_prefix(tfd_str *rest, const char *prefix)
{
    if (!tfd_str_starts_z(*rest, prefix))
        return false;
    *rest = tfd_str_from(*rest, tfd_str_of(prefix).len);
    return true;
}

bool tfd_pyname_parse(tfd_str name, tfd_pyname *out)
{
    tfd_str rest = name;
    tfd_pyname got = {false, -1, -1, false, false};

    got.is_pypy = take_prefix(&rest, "pypy");
    if (!got.is_pypy && !take_prefix(&rest, "python"))
        return false;
    take_version(&rest, &got);
    if (take_prefix(&rest, "-dbg"))
        got.debug = true;
    if (tfd_str_eq_nocase(rest, TFD_STR(".exe")))
        rest.len = 0;
    *out = got;
    return rest.len == 0;
}

bool tfd_pyname_parse_lib(tfd_str name, tfd_pyname *out)
{
    tfd_str rest = name;
    tfd_pyname got = {false, -1, -1, false, false};

    if (!take_prefix(&rest, "lib"))
        return false;
    got.is_pypy = take_prefix(&rest, "pypy");
    if (!got.is_pypy && !take_prefix(&rest, "python"))
        return false;
    take_version(&rest, &got);
    if (got.is_pypy)
        take_prefix(&rest, "-c");
    *out = got;
    return tfd_str_starts_z(rest, ".so") || tfd_str_starts_z(rest, ".dylib") || tfd_str_starts_z(rest, ".a");
}

/* "310", "313t", "310_d": one digit of the major version, the rest is the minor one. */
static bool take_dll_version(tfd_str *rest, tfd_pyname *out)
{
    if (rest->len < 2 || !tfd_char_is_digit(rest->ptr[0]) || !tfd_char_is_digit(rest->ptr[1]))
        return false;
    out->major = rest->ptr[0] - '0';
    *rest = tfd_str_from(*rest, 1);
    out->minor = take_number(rest);
    out->threads = take_char(rest, 't');
    out->debug = take_prefix(rest, "_d");
    return true;
}

tfd_pydll tfd_pyname_parse_dll(tfd_str name, tfd_pyname *out)
{
    static const struct {
        const char *prefix;
        tfd_pydll kind;
    } forms[] = {{"python", TFD_PYDLL_CPYTHON},
                 {"libpython", TFD_PYDLL_MINGW},
                 {"msys-python", TFD_PYDLL_CYGWIN},
                 {"cygpython", TFD_PYDLL_CYGWIN},
                 {"libpypy", TFD_PYDLL_PYPY}};
    tfd_pyname got = {false, -1, -1, false, false};
    char text[40];
    tfd_str rest = {text, name.len < sizeof text ? name.len : 0};
    bool known;

    for (size_t i = 0; i < rest.len; i++)
        text[i] = tfd_char_lower(name.ptr[i]);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (!take_prefix(&rest, forms[i].prefix))
            continue;
        if (forms[i].kind == TFD_PYDLL_CPYTHON) {
            known = take_dll_version(&rest, &got);
        } else {
            take_version(&rest, &got);
            known = got.major >= 0;
            take_prefix(&rest, "-c");
        }
        got.is_pypy = forms[i].kind == TFD_PYDLL_PYPY;
        if (!known || !tfd_str_is(rest, ".dll"))
            return TFD_PYDLL_NONE;
        *out = got;
        return forms[i].kind;
    }
    return TFD_PYDLL_NONE;
}

int tfd_pyversion_of_field3(unsigned field3, char suffix[8])
{
    static const char *const levels[] = {"a", "b", "rc"};
    unsigned level = field3 % 1000 / 10;

    suffix[0] = '\0';
    if (level == 15)
        return (int)(field3 / 1000);
    if (level < 10 || level > 12)
        return -1;
    (void)snprintf(suffix, 8, "%s%u", levels[level - 10], field3 % 10);
    return (int)(field3 / 1000);
}

bool tfd_pyversion_parse(tfd_str text, tfd_pyversion *out)
{
    tfd_str rest = tfd_str_trim(text);
    tfd_str all = rest;
    size_t cut;

    out->micro = -1;
    out->major = take_number(&rest);
    if (out->major < 0 || !take_char(&rest, '.'))
        return false;
    out->minor = take_number(&rest);
    if (out->minor < 0)
        return false;
    if (rest.len > 1 && rest.ptr[0] == '.' && tfd_char_is_digit(rest.ptr[1])) {
        take_char(&rest, '.');
        out->micro = take_number(&rest);
    }
    cut = tfd_str_find_z(all, ".final");
    if (cut == TFD_NPOS)
        cut = tfd_str_find_char(all, ' ');
    if (cut == TFD_NPOS)
        cut = tfd_str_find_char(all, '+');
    out->text = cut == TFD_NPOS ? all : tfd_str_sub(all, 0, cut);
    return true;
}

bool tfd_pyversion_in_patchlevel(tfd_str text, tfd_pyversion *out)
{
    static const char define[] = "#define PY_VERSION";
    tfd_str rest = text, line;

    while (tfd_str_line(&rest, &line)) {
        tfd_str value = line, unused;

        if (!take_prefix(&value, define) || value.len == 0 || !tfd_char_is_space(value.ptr[0]))
            continue;
        value = tfd_str_trim(value);
        if (!take_char(&value, '"') || !tfd_str_cut(value, '"', &value, &unused))
            continue;
        return tfd_pyversion_parse(value, out) && out->micro >= 0;
    }
    return false;
}

/* Whether s is made of the characters of a version number: "3.12.1", "3.13.0rc2", "3.11.2+". */
static bool is_version_word(tfd_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!tfd_char_is_digit(s.ptr[i]) && !tfd_char_is_alpha(s.ptr[i]) && s.ptr[i] != '.' &&
            s.ptr[i] != '+')
            return false;
    return true;
}

bool tfd_pyversion_in_literals(tfd_str bytes, int major, int minor, tfd_pyversion *out)
{
    char needle[32];
    size_t at = 0;

    (void)snprintf(needle, sizeof needle, "%d.%d.", major, minor);
    while (at < bytes.len) {
        size_t hit = tfd_str_find_z(tfd_str_from(bytes, at), needle);
        tfd_str word, rest;

        if (hit == TFD_NPOS)
            return false;
        at += hit + 1;
        if (at < 2 || (bytes.ptr[at - 2] != '\0' && bytes.ptr[at - 2] != '/'))
            continue;
        tfd_str_cut(tfd_str_sub(bytes, at - 1, at + 23), '\0', &word, &rest);
        if (word.len < 24 && is_version_word(word) && tfd_pyversion_parse(word, out) && out->micro >= 0)
            return true;
    }
    return false;
}
