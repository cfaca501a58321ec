#include "python/pyvenv.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Takes the next word that ends at a blank, as wcstok(line, " \t\r\n") does; the one blank behind it goes
 * too. */
static tfd_str take_word(tfd_str *rest)
{
    size_t from = 0, to;

    while (from < rest->len && is_blank(rest->ptr[from]))
        from++;
    to = from;
    while (to < rest->len && !is_blank(rest->ptr[to]))
        to++;
    tfd_str word = tfd_str_sub(*rest, from, to);
    *rest = tfd_str_from(*rest, to < rest->len ? to + 1 : to);
    return word;
}

/* _Py_FindEnvConfigValue of Python/pathconfig.c, 3.6 to 3.10: "home = value", value up to the end of the
 * line. */
static bool parse_legacy_home(tfd_str line, tfd_str *out)
{
    tfd_str rest = line;

    if (line.len == 0 || line.ptr[0] == '#')
        return false;
    if (!tfd_str_is(take_word(&rest), "home") || !tfd_str_is(take_word(&rest), "="))
        return false;
    *out = rest;
    return rest.len > 0;
}

void tfd_pyvenv_parse(tfd_str text, tfd_pyvenv *out)
{
    tfd_str rest = text, line;
    bool has_legacy = false;

    memset(out, 0, sizeof *out);
    out->system_site = true;
    while (tfd_str_line(&rest, &line)) {
        tfd_str key, value;

        if (!has_legacy)
            has_legacy = parse_legacy_home(line, &out->home_legacy);
        if (!tfd_str_cut(line, '=', &key, &value))
            continue;
        key = tfd_str_trim(key);
        value = tfd_str_trim(value);
        if (tfd_str_eq_nocase(key, TFD_STR("home"))) {
            if (!out->has_home)
                out->home = value;
            out->has_home = true;
        } else if (tfd_str_eq_nocase(key, TFD_STR("include-system-site-packages"))) {
            out->system_site = tfd_str_eq_nocase(value, TFD_STR("true"));
        } else if (tfd_str_eq_nocase(key, TFD_STR("version")) ||
                   tfd_str_eq_nocase(key, TFD_STR("version_info"))) {
            if (out->version.len == 0)
                out->version = value;
        } else if (tfd_str_eq_nocase(key, TFD_STR("base-executable")) ||
                   tfd_str_eq_nocase(key, TFD_STR("executable"))) {
            if (out->executable.len == 0)
                out->executable = value;
        } else if (tfd_str_eq_nocase(key, TFD_STR("uv"))) {
            out->by_uv = true;
        }
    }
}
