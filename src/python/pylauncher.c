#include "python/name.h"
#include "python/pep514.h"

#include <string.h>

#define INI_MAX ((size_t)64 << 10)

tfd_str tfd_pylauncher_ini(tfd_str text, tfd_str key)
{
    bool in_defaults = false;
    tfd_str line, name, value;

    if (tfd_str_starts_z(text, "\xef\xbb\xbf"))
        text = tfd_str_from(text, 3);
    while (tfd_str_line(&text, &line)) {
        line = tfd_str_trim(line);
        if (line.len && line.ptr[0] == '[')
            in_defaults = tfd_str_eq_nocase(line, TFD_STR("[defaults]"));
        else if (in_defaults && tfd_str_cut(line, '=', &name, &value) &&
                 tfd_str_eq_nocase(tfd_str_trim(name), key))
            return tfd_str_trim(value);
    }
    return TFD_STR("");
}

/* "3.10-32" into "3.10" and 32; 0: no bits are said. */
static int split_bits(tfd_str *tag)
{
    int bits = tfd_str_ends_z(*tag, "-32") ? 32 : tfd_str_ends_z(*tag, "-64") ? 64 : 0;

    if (bits)
        tag->len -= 3;
    return bits;
}

bool tfd_pylauncher_matches(tfd_str company, tfd_str tag, tfd_str wanted)
{
    tfd_str wanted_company = TFD_STR("PythonCore"), rest;
    int tag_bits, wanted_bits;

    if (tfd_str_find_char(wanted, '/') != TFD_NPOS) {
        tfd_str_cut(wanted, '/', &wanted_company, &rest);
        return tfd_str_eq_nocase(company, wanted_company) &&
               (rest.len == 0 || tfd_str_eq_nocase(tfd_str_sub(tag, 0, rest.len), rest));
    }
    if (!tfd_str_eq_nocase(company, wanted_company))
        return false;
    tag_bits = split_bits(&tag);
    wanted_bits = split_bits(&wanted);
    if (wanted_bits && (tag_bits == 32) != (wanted_bits == 32))
        return false;
    /* "3.1" is not the beginning of "3.10", and without a 't' no free-threaded build is meant. */
    return tfd_str_starts(tag, wanted) &&
           (tag.len == wanted.len || wanted.len == 0 || tag.ptr[wanted.len] == '.');
}

bool tfd_pylauncher_is_newer(tfd_str a, tfd_str b)
{
    int bits_a = split_bits(&a), bits_b = split_bits(&b);
    tfd_pyversion x, y;

    if (!tfd_pyversion_parse(a, &x))
        return false;
    if (!tfd_pyversion_parse(b, &y))
        return true;
    if (x.major != y.major || x.minor != y.minor)
        return x.major != y.major ? x.major > y.major : x.minor > y.minor;
    return bits_a != 32 && bits_b == 32;
}

typedef struct launcher {
    const tfd_sys *sys;
    tfd_arena *arena;
    tfd_str program; /* path of py.exe */
    tfd_str why;
} launcher;

/* PY_PYTHON, or the member of the first py.ini that has it. `suffix`: "" or "3". */
static tfd_str find_setting(launcher *l, const char *variable, const char *key)
{
    tfd_str files[2] = {{NULL, 0}, {NULL, 0}};
    tfd_str value, text;

    if (l->sys->env(l->sys, variable, &value) && value.len) {
        l->why = tfd_str_of(variable);
        return tfd_str_trim(value);
    }
    if (l->sys->env(l->sys, "LOCALAPPDATA", &value) && value.len)
        files[0] = tfd_path_join(TFD_PATH_WINDOWS, l->arena, value, TFD_STR("py.ini"));
    files[1] = tfd_path_join(TFD_PATH_WINDOWS, l->arena, tfd_path_dir(TFD_PATH_WINDOWS, l->program),
                             TFD_STR("py.ini"));
    for (size_t i = 0; i < 2; i++) {
        if (files[i].len == 0 ||
            tfd_sys_read_file(l->sys, l->arena, files[i], INI_MAX, &text, NULL) != TFD_OK)
            continue;
        value = tfd_pylauncher_ini(text, tfd_str_of(key));
        if (value.len) {
            l->why = files[i];
            return value;
        }
    }
    return TFD_STR("");
}

static tfd_str choose(launcher *l, tfd_str wanted)
{
    tfd_pep514_list all;
    const tfd_pep514 *best = NULL;

    if (tfd_pep514_read(l->sys, l->arena, &all) != TFD_OK)
        return TFD_STR("");
    for (size_t i = 0; i < all.count; i++) {
        const tfd_pep514 *one = &all.items[i];

        if (tfd_pylauncher_matches(one->company, one->tag, wanted) &&
            (!best || tfd_pylauncher_is_newer(one->tag, best->tag)))
            best = one;
    }
    if (!best)
        return TFD_STR("");
    if (l->why.len == 0)
        l->why = best->source;
    return best->executable;
}

tfd_str tfd_pylauncher_default(const tfd_sys *sys, tfd_arena *arena, tfd_str program, tfd_str *why)
{
    launcher l = {sys, arena, program, {NULL, 0}};
    tfd_str wanted, more, env, path;

    if (sys->env(sys, "VIRTUAL_ENV", &env) && env.len) {
        path = tfd_path_join(sys->style, arena, env, TFD_STR("Scripts\\python.exe"));
        *why = TFD_STR("VIRTUAL_ENV");
        if (tfd_sys_is_file(sys, path))
            return path;
    }
    wanted = find_setting(&l, "PY_PYTHON", "python");
    if (tfd_str_is(wanted, "3")) {
        more = find_setting(&l, "PY_PYTHON3", "python3");
        wanted = more.len ? more : wanted;
    }
    path = choose(&l, wanted);
    *why = l.why;
    if (path.len == 0)
        *why = wanted.len
                   ? tfd_arena_fmt(arena, "%.*s finds no Python %.*s, which %.*s asks for", TFD_ARG(program),
                                   TFD_ARG(wanted), TFD_ARG(l.why))
                   : tfd_arena_fmt(arena, "%.*s finds no Python: the registry names none", TFD_ARG(program));
    return path;
}
