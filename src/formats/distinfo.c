#include "formats/distinfo.h"

#include <string.h>

#include <cjson/cJSON.h>

tfd_info_form tfd_info_split(tfd_str entry, tfd_str *name, tfd_str *version)
{
    static const struct {
        const char *suffix;
        tfd_info_form form;
    } forms[] = {{".dist-info", TFD_INFO_DIST}, {".egg-info", TFD_INFO_EGG}, {".egg-link", TFD_INFO_LINK}};
    tfd_str ignored;

    *name = *version = (tfd_str){NULL, 0};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        tfd_str rest;

        if (!tfd_str_ends_z(entry, forms[i].suffix))
            continue;
        /* "name-version", "name-version-py3.7": neither part holds a '-' (PEP 427 writes '_' for it). */
        (void)tfd_str_cut(tfd_str_sub(entry, 0, entry.len - strlen(forms[i].suffix)), '-', name, &rest);
        if (forms[i].form == TFD_INFO_DIST)
            *version = rest;
        else
            (void)tfd_str_cut(rest, '-', version, &ignored);
        return name->len ? forms[i].form : TFD_INFO_NONE;
    }
    return TFD_INFO_NONE;
}

size_t tfd_headers_end(tfd_str bytes)
{
    size_t at = 0;

    while (at < bytes.len) {
        size_t eol = tfd_str_find_char(tfd_str_from(bytes, at), '\n');

        if (eol == 0 || (eol == 1 && bytes.ptr[at] == '\r'))
            return at;
        if (eol == TFD_NPOS)
            break;
        at += eol + 1;
    }
    return TFD_NPOS;
}

static bool is_folded(tfd_str rest)
{
    return rest.len && (rest.ptr[0] == ' ' || rest.ptr[0] == '\t');
}

bool tfd_header_next(tfd_headers *headers, tfd_header *out)
{
    tfd_str line, value;

    while (tfd_str_line(&headers->rest, &line) && line.len) {
        const char *end = line.ptr + line.len;
        size_t colon;

        out->line = ++headers->line;
        while (is_folded(headers->rest)) {
            tfd_str more;

            (void)tfd_str_line(&headers->rest, &more);
            headers->line++;
            end = more.ptr + more.len;
        }
        colon = tfd_str_find_char(line, ':');
        if (colon == TFD_NPOS)
            continue;
        out->key = tfd_str_sub(line, 0, colon);
        value.ptr = line.ptr + colon + 1;
        value.len = (size_t)(end - value.ptr);
        out->value = tfd_str_trim(value);
        return true;
    }
    headers->rest.len = 0;
    return false;
}

/* Separators of Windows and doubled quotes go; false if the path is too long. */
static bool decode_path(tfd_str raw, bool is_quoted, char scratch[TFD_RECORD_PATH_MAX], tfd_str *out)
{
    size_t len = 0;

    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];

        if (len == TFD_RECORD_PATH_MAX)
            return false;
        if (is_quoted && c == '"')
            i++;
        scratch[len++] = c == '\\' ? '/' : c;
    }
    *out = (tfd_str){scratch, len};
    return true;
}

/* Length of a quoted field's inside, from behind its first quote; TFD_NPOS without an end. */
static size_t quoted_length(tfd_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != '"')
            continue;
        if (i + 1 < s.len && s.ptr[i + 1] == '"')
            i++;
        else
            return i;
    }
    return TFD_NPOS;
}

bool tfd_record_next(tfd_str *rest, char scratch[TFD_RECORD_PATH_MAX], tfd_record_row *out)
{
    tfd_str line, path, tail, size;
    bool is_quoted;

    memset(out, 0, sizeof *out);
    if (!tfd_str_line(rest, &line))
        return false;
    is_quoted = line.len && line.ptr[0] == '"';
    if (is_quoted) {
        size_t len = quoted_length(tfd_str_from(line, 1));

        if (len == TFD_NPOS)
            return true; /* a line end in a path: hostile, passed over */
        path = tfd_str_sub(line, 1, 1 + len);
        tail = tfd_str_from(line, len + 3);
    } else {
        (void)tfd_str_cut(line, ',', &path, &tail);
    }
    if (path.len > TFD_RECORD_PATH_MAX)
        return true;
    out->path = path;
    if (path.ptr && ((is_quoted && memchr(path.ptr, '"', path.len)) || memchr(path.ptr, '\\', path.len)))
        if (!decode_path(path, is_quoted, scratch, &out->path))
            out->path.len = 0;
    (void)tfd_str_cut(tail, ',', &out->hash, &size);
    out->has_size = tfd_str_u64(tfd_str_trim(size), &out->size);
    return true;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (tfd_char_is_digit(c))
        return c - '0' + 52;
    return c == '-' || c == '+' ? 62 : c == '_' || c == '/' ? 63 : -1;
}

bool tfd_record_sha256(tfd_str hash, uint8_t out[32])
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t n = 0;

    if (!tfd_str_starts_z(hash, "sha256="))
        return false;
    hash = tfd_str_from(hash, 7);
    while (hash.len && hash.ptr[hash.len - 1] == '=')
        hash.len--;
    if (hash.len != 43)
        return false;
    for (size_t i = 0; i < hash.len; i++) {
        int value = base64_value(hash.ptr[i]);

        if (value < 0)
            return false;
        bits = (bits << 6 | (uint32_t)value) & 0xffffu;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[n++] = (uint8_t)(bits >> held & 0xffu);
        }
    }
    return n == 32;
}

bool tfd_record_is_bytecode(tfd_str path)
{
    return tfd_str_ends_z(path, ".pyc") || tfd_str_ends_z(path, ".pyo");
}

bool tfd_egg_requires_next(tfd_arena *arena, tfd_egg_requires *state, tfd_str *text, size_t *line)
{
    tfd_str raw;

    while (tfd_str_line(&state->rest, &raw)) {
        tfd_str extra, marker;

        state->line++;
        raw = tfd_str_trim(raw);
        if (!raw.len || raw.ptr[0] == '#')
            continue;
        if (raw.ptr[0] == '[') {
            state->section = tfd_str_sub(raw, 1, tfd_str_find_char(raw, ']'));
            continue;
        }
        *line = state->line;
        (void)tfd_str_cut(state->section, ':', &extra, &marker);
        if (extra.len && marker.len)
            *text = tfd_arena_fmt(arena, "%.*s ; (%.*s) and extra == \"%.*s\"", TFD_ARG(raw), TFD_ARG(marker),
                                  TFD_ARG(extra));
        else if (extra.len)
            *text = tfd_arena_fmt(arena, "%.*s ; extra == \"%.*s\"", TFD_ARG(raw), TFD_ARG(extra));
        else if (marker.len)
            *text = tfd_arena_fmt(arena, "%.*s ; %.*s", TFD_ARG(raw), TFD_ARG(marker));
        else
            *text = tfd_arena_str(arena, raw);
        return text->len > 0;
    }
    return false;
}

static int hex_value(char c)
{
    if (tfd_char_is_digit(c))
        return c - '0';
    c = tfd_char_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

tfd_str tfd_file_url_path(tfd_arena *arena, tfd_str url)
{
    tfd_str path = {NULL, 0};
    char *dst;
    size_t len = 0;

    if (!tfd_str_starts_z(url, "file://"))
        return path;
    url = tfd_str_from(url, 7);
    if (tfd_str_starts_z(url, "localhost/"))
        url = tfd_str_from(url, 9);
    /* "/C:/dir": the slash before a drive is part of the URL only. */
    if (url.len > 2 && url.ptr[0] == '/' && tfd_char_is_alpha(url.ptr[1]) && url.ptr[2] == ':')
        url = tfd_str_from(url, 1);
    dst = tfd_arena_new(arena, char, url.len + 1);
    if (!dst)
        return path;
    for (size_t i = 0; i < url.len; i++) {
        int high = i + 2 < url.len && url.ptr[i] == '%' ? hex_value(url.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_value(url.ptr[i + 2]) : -1;

        if (low >= 0)
            i += 2;
        dst[len++] = low >= 0 ? (char)(high * 16 + low) : url.ptr[i];
    }
    return (tfd_str){dst, len};
}

tfd_status tfd_direct_url_editable(tfd_arena *arena, tfd_str json, tfd_str *out)
{
    cJSON *root;
    const cJSON *url, *editable;

    *out = (tfd_str){NULL, 0};
    if (json.len > TFD_DIRECT_URL_MAX)
        return TFD_ELIMIT;
    root = json.len ? cJSON_ParseWithLength(json.ptr, json.len) : NULL;
    if (!root)
        return TFD_EFORMAT;
    url = cJSON_GetObjectItemCaseSensitive(root, "url");
    editable =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(root, "dir_info"), "editable");
    if (cJSON_IsTrue(editable) && cJSON_IsString(url))
        *out = tfd_file_url_path(arena, tfd_str_of(cJSON_GetStringValue(url)));
    cJSON_Delete(root);
    return TFD_OK;
}
