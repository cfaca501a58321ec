#include "net/url.h"

#include <string.h>

static bool is_scheme(tfd_str s)
{
    if (s.len < 2 || !tfd_char_is_alpha(s.ptr[0])) /* one letter is a drive */
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!tfd_char_is_alpha(s.ptr[i]) && !tfd_char_is_digit(s.ptr[i]) && !strchr("+-.", s.ptr[i]))
            return false;
    return true;
}

static bool is_clean(tfd_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 0x7f || s.ptr[i] == '\\')
            return false;
    return s.len > 0 && s.len <= TFD_URL_MAX;
}

/* First byte that is one of the set, or the end. */
static size_t find_any(tfd_str s, const char *set)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] && strchr(set, s.ptr[i]))
            return i;
    return s.len;
}

static bool split_authority(tfd_str authority, tfd_url *out)
{
    size_t at = tfd_str_rfind_char(authority, '@'), end;
    uint64_t port = 0;

    if (at != TFD_NPOS) {
        out->user = tfd_str_sub(authority, 0, at);
        authority = tfd_str_from(authority, at + 1);
    }
    if (authority.len > 0 && authority.ptr[0] == '[') {
        end = tfd_str_find_char(authority, ']');
        if (end == TFD_NPOS)
            return false;
        out->host = tfd_str_sub(authority, 1, end);
        authority = tfd_str_from(authority, end + 1);
    } else {
        end = find_any(authority, ":");
        out->host = tfd_str_sub(authority, 0, end);
        authority = tfd_str_from(authority, end);
    }
    if (authority.len > 0 && authority.ptr[0] != ':')
        return false;
    out->port = tfd_str_from(authority, 1);
    return out->host.len > 0 && (out->port.len == 0 || (tfd_str_u64(out->port, &port) && port < 65536));
}

bool tfd_url_split(tfd_str text, tfd_url *out)
{
    size_t at = tfd_str_find_z(text, "://"), end;
    tfd_str rest;

    memset(out, 0, sizeof *out);
    if (at == TFD_NPOS || !is_clean(text) || !is_scheme(tfd_str_sub(text, 0, at)))
        return false;
    out->scheme = tfd_str_sub(text, 0, at);
    rest = tfd_str_from(text, at + 3);
    end = find_any(rest, "/?#");
    if (!split_authority(tfd_str_sub(rest, 0, end), out))
        return false;
    rest = tfd_str_from(rest, end);
    at = find_any(rest, "#");
    out->fragment = tfd_str_from(rest, at + 1);
    rest = tfd_str_sub(rest, 0, at);
    at = find_any(rest, "?");
    out->path = tfd_str_sub(rest, 0, at);
    out->query = tfd_str_from(rest, at);
    return true;
}

/* RFC 3986, 5.2.4, on a path that begins with '/'; in place. */
static size_t remove_dots(char *path, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len;) {
        size_t end = i + 1;

        while (end < len && path[end] != '/')
            end++;
        if (end - i == 3 && path[i + 1] == '.' && path[i + 2] == '.') {
            while (n > 0 && path[--n] != '/')
                continue;
            if (end == len)
                path[n++] = '/';
        } else if (end - i == 2 && path[i + 1] == '.') {
            if (end == len)
                path[n++] = '/';
        } else {
            memmove(path + n, path + i, end - i);
            n += end - i;
        }
        i = end;
    }
    return n;
}

static tfd_str join_path(tfd_arena *arena, const tfd_url *base, tfd_str origin, tfd_str path)
{
    size_t cut = find_any(path, "?");
    tfd_str tail = tfd_str_from(path, cut);
    tfd_str folder = tfd_str_sub(base->path, 0, tfd_str_rfind_char(base->path, '/') + 1);
    tfd_str full;
    char *bytes;

    path = tfd_str_sub(path, 0, cut);
    if (path.len == 0)
        path = base->path;
    else if (path.ptr[0] != '/')
        path = tfd_arena_fmt(arena, "%s%.*s%.*s", folder.len > 0 ? "" : "/", TFD_ARG(folder), TFD_ARG(path));
    bytes = tfd_arena_take(arena, path.len + 1, 1);
    if (!bytes)
        return TFD_STR("");
    if (path.len > 0)
        memcpy(bytes, path.ptr, path.len);
    full = (tfd_str){bytes, remove_dots(bytes, path.len)};
    return tfd_arena_fmt(arena, "%.*s%.*s%.*s", TFD_ARG(origin), TFD_ARG(full), TFD_ARG(tail));
}

tfd_str tfd_url_join(tfd_arena *arena, tfd_str base, tfd_str reference)
{
    tfd_url from, whole;
    tfd_str origin;

    reference = tfd_str_trim(reference);
    reference = tfd_str_sub(reference, 0, find_any(reference, "#"));
    if (reference.len > TFD_URL_MAX || base.len > TFD_URL_MAX)
        return TFD_STR("");
    if (tfd_url_split(reference, &whole))
        return tfd_arena_str(arena, reference);
    if (!tfd_url_split(base, &from) || (reference.len > 0 && !is_clean(reference)))
        return TFD_STR("");
    if (tfd_str_starts_z(reference, "//"))
        return tfd_arena_fmt(arena, "%.*s:%.*s", TFD_ARG(from.scheme), TFD_ARG(reference));
    origin = tfd_str_sub(base, 0, from.scheme.len + 3);
    origin.len += find_any(tfd_str_from(base, origin.len), "/?#");
    return join_path(arena, &from, origin, reference);
}

/* Of what is no URL: nothing before an '@', nothing behind a '?' or '#'. */
static tfd_str without_user(tfd_str text)
{
    text = tfd_str_from(text, tfd_str_rfind_char(text, '@') + 1);
    return tfd_str_sub(text, 0, find_any(text, "?#"));
}

tfd_str tfd_url_plain(tfd_arena *arena, tfd_str text)
{
    bool is_v6;
    tfd_url url;

    if (!tfd_url_split(text, &url))
        return tfd_arena_str(arena, without_user(text));
    is_v6 = tfd_str_find_char(url.host, ':') != TFD_NPOS;
    return tfd_arena_fmt(arena, "%.*s://%s%.*s%s%s%.*s%.*s", TFD_ARG(url.scheme), is_v6 ? "[" : "",
                         TFD_ARG(url.host), is_v6 ? "]" : "", url.port.len > 0 ? ":" : "", TFD_ARG(url.port),
                         TFD_ARG(url.path));
}

tfd_str tfd_url_host_port(tfd_arena *arena, const tfd_url *url)
{
    const char *port = tfd_str_eq_nocase(url->scheme, TFD_STR("http")) ? "80" : "443";

    return tfd_arena_fmt(arena, "%.*s:%.*s", TFD_ARG(url->host),
                         url->port.len > 0 ? (int)url->port.len : (int)strlen(port),
                         url->port.len > 0 ? url->port.ptr : port);
}

bool tfd_url_is_loopback(const tfd_url *url)
{
    return tfd_str_eq_nocase(url->host, TFD_STR("localhost")) || tfd_str_is(url->host, "::1") ||
           (tfd_str_starts_z(url->host, "127.") &&
            find_any(url->host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") == url->host.len);
}

static int digit_of(char c)
{
    c = tfd_char_lower(c);
    if (tfd_char_is_digit(c))
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

tfd_str tfd_url_decode(tfd_arena *arena, tfd_str text)
{
    char *out = tfd_arena_take(arena, text.len + 1, 1);
    size_t n = 0;

    if (!out)
        return TFD_STR("");
    for (size_t i = 0; i < text.len; i++) {
        int high = text.ptr[i] == '%' && text.len - i > 2 ? digit_of(text.ptr[i + 1]) : -1;
        int low = high >= 0 ? digit_of(text.ptr[i + 2]) : -1;

        if (low >= 0)
            i += 2;
        out[n++] = low >= 0 ? (char)(high * 16 + low) : text.ptr[i];
    }
    return (tfd_str){out, n};
}
