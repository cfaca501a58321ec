#include "python/site_model.h"

#include <string.h>

tfd_str tfd_site_case(const tfd_site_model *m, tfd_str path)
{
    char *text;

    if (m->sys->style != TFD_PATH_WINDOWS)
        return path;
    text = tfd_arena_take(m->arena, path.len + 1, 1);
    if (!text)
        return TFD_STR("");
    for (size_t i = 0; i < path.len; i++)
        text[i] = path.ptr[i] == '/' ? '\\' : tfd_char_lower(path.ptr[i]);
    return (tfd_str){text, path.len};
}

static bool has_drive(tfd_str path)
{
    return path.len >= 2 && tfd_char_is_alpha(path.ptr[0]) && path.ptr[1] == ':';
}

/* GetFullPathName: "\x" is on the drive of the current folder, "C:x" in that drive's current folder (which is
 * its root, unless it is the current drive). */
tfd_str tfd_site_abs_windows(tfd_arena *arena, tfd_str cwd, tfd_str path)
{
    tfd_path_style style = TFD_PATH_WINDOWS;

    if (path.len == 0)
        return tfd_path_norm(style, arena, cwd);
    if (tfd_path_is_abs(style, path))
        return tfd_path_norm(style, arena, path);
    if (tfd_path_is_sep(style, path.ptr[0]))
        path = tfd_path_join(style, arena, has_drive(cwd) ? tfd_str_sub(cwd, 0, 2) : cwd, path);
    else if (!has_drive(path))
        path = tfd_path_join(style, arena, cwd, path);
    else if (has_drive(cwd) && tfd_char_lower(cwd.ptr[0]) == tfd_char_lower(path.ptr[0]))
        path = tfd_path_join(style, arena, cwd, tfd_str_from(path, 2));
    else
        path = tfd_arena_fmt(arena, "%c:\\%.*s", path.ptr[0], TFD_ARG(tfd_str_from(path, 2)));
    return tfd_path_norm(style, arena, path);
}

/* site.getsitepackages(): the prefix itself, then Lib\site-packages; 3.9 and 3.10 ask sys.platlibdir. */
size_t tfd_site_folders_windows(const tfd_site_model *m, tfd_str prefix, tfd_str out[3])
{
    const tfd_getpath *g = m->layout;
    bool is_new = g->major > 3 || g->minor >= 11;
    size_t count = 0;
    tfd_str forced;

    out[count++] = prefix;
    if (!is_new && g->minor >= 9 && g->pth_file.len == 0 &&
        m->sys->env(m->sys, "PYTHONPLATLIBDIR", &forced) && forced.len && !tfd_str_is(forced, "lib"))
        out[count++] = tfd_arena_fmt(m->arena, "%.*s\\%.*s\\site-packages", TFD_ARG(prefix), TFD_ARG(forced));
    out[count++] = tfd_path_join(TFD_PATH_WINDOWS, m->arena, prefix,
                                 is_new ? TFD_STR("Lib\\site-packages") : TFD_STR("lib\\site-packages"));
    return count;
}

/* site._getuserbase(): APPDATA, else the user's folder. */
tfd_str tfd_site_user_base_windows(const tfd_site_model *m)
{
    tfd_str base;

    if (!m->sys->env(m->sys, "APPDATA", &base) || base.len == 0)
        base = m->sys->home(m->sys);
    return tfd_path_join(TFD_PATH_WINDOWS, m->arena, base, TFD_STR("Python"));
}

/* site._get_path(): from 3.10 the name holds the processor, "Python310-32". */
tfd_str tfd_site_user_windows(const tfd_site_model *m, tfd_str base)
{
    const tfd_getpath *g = m->layout;
    tfd_str minor, major = g->winver;

    if (g->minor < 10)
        return tfd_arena_fmt(m->arena, "%.*s\\Python%d%d\\site-packages", TFD_ARG(base), g->major, g->minor);
    tfd_str_cut(g->winver, '.', &major, &minor);
    return tfd_arena_fmt(m->arena, "%.*s\\Python%.*s%.*s\\site-packages", TFD_ARG(base), TFD_ARG(major),
                         TFD_ARG(minor));
}

unsigned tfd_site_page_windows(const tfd_site_model *m)
{
    tfd_str value = TFD_STR("");
    bool is_asked = m->layout->pth_file.len == 0 && m->layout->minor >= 7 && m->layout->minor < 11;
    uint64_t page;

    /* From 3.11 on site opens .pth files with encoding="locale", which does not heed the UTF-8 mode. */
    if (is_asked && m->sys->env(m->sys, "PYTHONUTF8", &value) && tfd_str_is(value, "1"))
        return TFD_SITE_PAGE_UTF8;
    value = tfd_sys_reg_text(m->sys, m->arena, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64,
                             TFD_STR("SYSTEM\\CurrentControlSet\\Control\\Nls\\CodePage"), TFD_STR("ACP"));
    return tfd_str_u64(value, &page) && page <= TFD_SITE_PAGE_UTF8 ? (unsigned)page : 0;
}
