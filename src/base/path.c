#include "base/path.h"

#include <string.h>

bool tfd_path_is_sep(tfd_path_style style, char c)
{
    return c == '/' || (style == TFD_PATH_WINDOWS && c == '\\');
}

/* "C:" and a separator, or two separators (UNC and \\?\); a lone leading separator is relative to the current
 * drive. */
static size_t root_length(tfd_path_style style, tfd_str path)
{
    if (style == TFD_PATH_POSIX)
        return path.len > 0 && path.ptr[0] == '/' ? 1 : 0;
    if (path.len >= 2 && tfd_path_is_sep(style, path.ptr[0]) && tfd_path_is_sep(style, path.ptr[1]))
        return 2;
    if (path.len >= 3 && tfd_char_is_alpha(path.ptr[0]) && path.ptr[1] == ':' &&
        tfd_path_is_sep(style, path.ptr[2]))
        return 3;
    return 0;
}

bool tfd_path_is_abs(tfd_path_style style, tfd_str path)
{
    return root_length(style, path) > 0;
}

static size_t last_sep(tfd_path_style style, tfd_str path)
{
    for (size_t i = path.len; i > 0; i--)
        if (tfd_path_is_sep(style, path.ptr[i - 1]))
            return i - 1;
    return TFD_NPOS;
}

tfd_str tfd_path_dir(tfd_path_style style, tfd_str path)
{
    size_t at = last_sep(style, path);
    size_t root = root_length(style, path);

    if (at == TFD_NPOS)
        return TFD_STR("");
    return tfd_str_sub(path, 0, at < root ? root : at);
}

tfd_str tfd_path_base(tfd_path_style style, tfd_str path)
{
    size_t at = last_sep(style, path);

    return at == TFD_NPOS ? path : tfd_str_from(path, at + 1);
}

tfd_str tfd_path_join(tfd_path_style style, tfd_arena *arena, tfd_str dir, tfd_str name)
{
    bool has_sep = dir.len > 0 && tfd_path_is_sep(style, dir.ptr[dir.len - 1]);
    size_t len = dir.len + (has_sep ? 0 : 1) + name.len;
    tfd_str out = {NULL, 0};
    char *text;

    if (dir.len == 0 || tfd_path_is_abs(style, name))
        return tfd_arena_str(arena, name);
    if (style == TFD_PATH_WINDOWS && name.len > 0 && tfd_path_is_sep(style, name.ptr[0]) && dir.len > 1 &&
        dir.ptr[1] == ':') /* rooted: on the drive of dir */
        return tfd_arena_fmt(arena, "%c:%.*s", dir.ptr[0], TFD_ARG(name));
    text = tfd_arena_take(arena, len + 1, 1);
    if (!text)
        return out;
    memcpy(text, dir.ptr, dir.len);
    if (!has_sep)
        text[dir.len] = style == TFD_PATH_WINDOWS ? '\\' : '/';
    if (name.len)
        memcpy(text + len - name.len, name.ptr, name.len);
    out.ptr = text;
    out.len = len;
    return out;
}

/* Where the last component written so far begins, in text[root..len). */
static size_t component_start(tfd_path_style style, const char *text, size_t root, size_t len)
{
    while (len > root && !tfd_path_is_sep(style, text[len - 1]))
        len--;
    return len;
}

tfd_str tfd_path_norm(tfd_path_style style, tfd_arena *arena, tfd_str path)
{
    size_t root = root_length(style, path);
    char sep = style == TFD_PATH_WINDOWS ? '\\' : '/';
    char *text = tfd_arena_take(arena, path.len + 2, 1);
    tfd_str out = {NULL, 0};
    size_t len = root;

    if (!text)
        return out;
    for (size_t i = 0; i < root; i++)
        text[i] = tfd_path_is_sep(style, path.ptr[i]) ? sep : path.ptr[i];
    for (size_t at = root; at < path.len;) {
        size_t end = at;
        tfd_str part;

        while (end < path.len && !tfd_path_is_sep(style, path.ptr[end]))
            end++;
        part = tfd_str_sub(path, at, end);
        at = end + 1;
        if (part.len == 0 || tfd_str_is(part, "."))
            continue;
        if (tfd_str_is(part, "..")) {
            size_t start = component_start(style, text, root, len);
            tfd_str last = {text + start, len - start};

            if (last.len > 0 && !tfd_str_is(last, "..")) {
                len = start > root ? start - 1 : root;
                continue;
            }
            if (root > 0)
                continue; /* the parent of the root is the root */
        }
        if (len > root)
            text[len++] = sep;
        memcpy(text + len, part.ptr, part.len);
        len += part.len;
    }
    if (len == 0)
        text[len++] = '.';
    text[len] = '\0';
    out.ptr = text;
    out.len = len;
    return out;
}

bool tfd_path_is_below(tfd_path_style style, tfd_str path, tfd_str dir)
{
    bool starts = style == TFD_PATH_WINDOWS ? tfd_str_eq_nocase(tfd_str_sub(path, 0, dir.len), dir)
                                            : tfd_str_starts(path, dir);

    if (!starts || dir.len == 0)
        return false;
    return path.len == dir.len || tfd_path_is_sep(style, dir.ptr[dir.len - 1]) ||
           tfd_path_is_sep(style, path.ptr[dir.len]);
}

static bool same_char(tfd_path_style style, char a, char b)
{
    if (tfd_path_is_sep(style, a) || tfd_path_is_sep(style, b))
        return tfd_path_is_sep(style, a) && tfd_path_is_sep(style, b);
    return style == TFD_PATH_WINDOWS ? tfd_char_lower(a) == tfd_char_lower(b) : a == b;
}

bool tfd_path_eq(tfd_path_style style, tfd_str a, tfd_str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (!same_char(style, a.ptr[i], b.ptr[i]))
            return false;
    return true;
}

bool tfd_path_ends(tfd_path_style style, tfd_str path, const char *tail)
{
    size_t len = strlen(tail);

    return path.len >= len && tfd_path_eq(style, tfd_str_from(path, path.len - len), tfd_str_of(tail));
}

bool tfd_path_has(tfd_path_style style, tfd_str path, const char *piece)
{
    size_t len = strlen(piece);

    for (size_t i = 0; i + len <= path.len; i++)
        if (tfd_path_eq(style, tfd_str_sub(path, i, i + len), tfd_str_of(piece)))
            return true;
    return false;
}

tfd_str tfd_path_first(tfd_path_style style, tfd_str path, tfd_str *rest)
{
    size_t at = 0;

    while (at < path.len && !tfd_path_is_sep(style, path.ptr[at]))
        at++;
    *rest = tfd_str_from(path, at + 1);
    return tfd_str_sub(path, 0, at);
}
