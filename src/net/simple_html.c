/* A tokenizer for just what index pages hold (WHATWG HTML, 13.2.5, in the small): tags, attributes, comments,
 * character references. It never looks back, so its work is linear in the page. */
#include <string.h>

#include "base/utf8.h"
#include "net/simple.h"
#include "net/url.h"

#define VALUE_MAX 8192u /* longest attribute that is kept */

typedef struct reader {
    tfd_arena *arena;
    tfd_str rest;
    tfd_str base;
    size_t address;
    tfd_index_project *out;
    size_t links, files;
    bool is_html, is_index;
} reader;

static bool starts_nocase(tfd_str s, const char *prefix)
{
    size_t n = strlen(prefix);

    return s.len >= n && tfd_str_eq_nocase(tfd_str_sub(s, 0, n), tfd_str_of(prefix));
}

static char take(reader *in)
{
    char c = in->rest.len > 0 ? in->rest.ptr[0] : '\0';

    in->rest = tfd_str_from(in->rest, 1);
    return c;
}

static char look(const reader *in)
{
    return in->rest.len > 0 ? in->rest.ptr[0] : '\0';
}

static void skip_spaces(reader *in)
{
    while (in->rest.len > 0 && (tfd_char_is_space(look(in)) || look(in) == '/'))
        (void)take(in);
}

/* ---- character references */

static size_t put_reference(tfd_str name, char *out)
{
    static const struct {
        const char *name;
        char c;
    } named[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}, {"nbsp", ' '}};
    uint32_t code = 0;
    bool is_hex;

    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (tfd_str_is(name, named[i].name)) {
            out[0] = named[i].c;
            return 1;
        }
    if (name.len < 2 || name.len > 8 || name.ptr[0] != '#')
        return 0;
    is_hex = tfd_char_lower(name.ptr[1]) == 'x';
    for (size_t i = is_hex ? 2 : 1; i < name.len; i++) {
        char c = tfd_char_lower(name.ptr[i]);
        bool is_digit = tfd_char_is_digit(c);

        if (!is_digit && (!is_hex || c < 'a' || c > 'f'))
            return 0;
        code = code * (is_hex ? 16u : 10u) + (uint32_t)(is_digit ? c - '0' : c - 'a' + 10);
    }
    return code >= ' ' && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? tfd_utf8_put(code, out) : 0;
}

/* A reference is at least as long as the character it stands for. */
static tfd_str decode(tfd_arena *arena, tfd_str text)
{
    char *out = tfd_arena_take(arena, text.len + 4, 1);
    size_t n = 0;

    if (!out)
        return TFD_STR("");
    for (size_t i = 0; i < text.len; i++) {
        tfd_str ahead = tfd_str_sub(text, i + 1, i + 12);
        size_t end = text.ptr[i] == '&' ? tfd_str_find_char(ahead, ';') : TFD_NPOS;
        size_t written = end != TFD_NPOS ? put_reference(tfd_str_sub(ahead, 0, end), out + n) : 0;

        if (written > 0) {
            n += written;
            i += end + 1;
        } else {
            out[n++] = text.ptr[i];
        }
    }
    return (tfd_str){out, n};
}

/* ---- tags */

static tfd_str take_name(reader *in)
{
    tfd_str name = {in->rest.ptr, 0};

    while (in->rest.len > 0 && !tfd_char_is_space(look(in)) && !strchr("=>/\"'", look(in))) {
        (void)take(in);
        name.len++;
    }
    return name;
}

static tfd_str take_value(reader *in)
{
    tfd_str value = {in->rest.ptr, 0};
    char quote = look(in);

    if (quote == '"' || quote == '\'') {
        (void)take(in);
        if (!tfd_str_cut(in->rest, quote, &value, &in->rest))
            in->rest = TFD_STR("");
        return value;
    }
    while (in->rest.len > 0 && !tfd_char_is_space(look(in)) && look(in) != '>') {
        (void)take(in);
        value.len++;
    }
    return value;
}

/* The next attribute of the tag; false at its end, which is taken. */
static bool take_attribute(reader *in, tfd_str *name, tfd_str *value)
{
    skip_spaces(in);
    if (in->rest.len == 0)
        return false;
    if (look(in) == '>') {
        (void)take(in);
        return false;
    }
    *name = take_name(in);
    *value = TFD_STR("");
    if (name->len == 0 && look(in) != '=') { /* a stray quote */
        (void)take(in);
        return true;
    }
    skip_spaces(in);
    if (look(in) == '=') {
        (void)take(in);
        while (in->rest.len > 0 && tfd_char_is_space(look(in)))
            (void)take(in);
        *value = take_value(in);
    }
    return true;
}

static void set_attribute(reader *in, tfd_str name, tfd_str value, tfd_str *href, tfd_index_file *file)
{
    tfd_str text = value.len <= VALUE_MAX ? decode(in->arena, value) : TFD_STR("");

    if (tfd_str_eq_nocase(name, TFD_STR("href"))) {
        *href = text;
    } else if (tfd_str_eq_nocase(name, TFD_STR("data-requires-python"))) {
        file->requires_python = text;
    } else if (tfd_str_eq_nocase(name, TFD_STR("data-yanked"))) {
        file->is_yanked = true;
        file->yanked_reason = text;
    } else if (tfd_str_eq_nocase(name, TFD_STR("data-core-metadata")) ||
               tfd_str_eq_nocase(name, TFD_STR("data-dist-info-metadata"))) {
        file->has_metadata = !tfd_str_is(text, "false");
        if (tfd_str_starts_z(text, "sha256=") && text.len == 71)
            file->metadata_sha256 = tfd_str_from(text, 7);
    }
}

static bool add_link(reader *in, tfd_str href, tfd_index_file *file)
{
    tfd_url url;
    size_t at;

    in->links++;
    file->address = in->address;
    file->url = tfd_url_join(in->arena, in->base, href);
    if (!tfd_url_split(file->url, &url))
        return true;
    file->name = tfd_url_decode(in->arena, tfd_str_from(url.path, tfd_str_rfind_char(url.path, '/') + 1));
    at = tfd_str_find_z(href, "#sha256=");
    if (at != TFD_NPOS && href.len >= at + 72)
        file->sha256 = tfd_str_sub(href, at + 8, at + 72);
    tfd_simple_read_name(in->arena, in->out->key, file);
    if (file->form == TFD_INDEX_OTHER)
        return true;
    in->files++;
    return tfd_simple_add(in->arena, in->out, file);
}

static bool take_tag(reader *in)
{
    tfd_str tag = take_name(in), name, value, href = TFD_STR("");
    tfd_index_file file;
    bool is_link = tfd_str_eq_nocase(tag, TFD_STR("a")), is_base = tfd_str_eq_nocase(tag, TFD_STR("base"));

    memset(&file, 0, sizeof file);
    while (take_attribute(in, &name, &value)) {
        if (is_link || is_base)
            set_attribute(in, name, value, &href, &file);
        if (tfd_str_ends_z(value, ":repository-version"))
            in->is_index = true;
    }
    in->is_html =
        in->is_html || is_link || starts_nocase(tag, "!doctype") || tfd_str_eq_nocase(tag, TFD_STR("html"));
    if (is_base && href.len > 0)
        in->base = tfd_url_join(in->arena, in->base, href);
    return !is_link || href.len == 0 || add_link(in, href, &file);
}

tfd_status tfd_simple_read_html(tfd_arena *arena, tfd_str page, tfd_str url, size_t address,
                                tfd_index_project *out, tfd_err *err)
{
    reader in = {.arena = arena, .rest = page, .base = url, .address = address, .out = out};
    bool ok = true;

    while (ok && in.rest.len > 0) {
        size_t at = tfd_str_find_char(in.rest, '<');

        if (at == TFD_NPOS)
            break;
        in.is_index = in.is_index ||
                      tfd_str_starts_z(tfd_str_trim(tfd_str_sub(in.rest, 0, at)), "Links for") ||
                      tfd_str_starts_z(tfd_str_trim(tfd_str_sub(in.rest, 0, at)), "Simple");
        in.rest = tfd_str_from(in.rest, at + 1);
        if (tfd_str_starts_z(in.rest, "!--")) {
            at = tfd_str_find_z(in.rest, "-->");
            in.rest = tfd_str_from(in.rest, at == TFD_NPOS ? in.rest.len : at + 3);
        } else {
            ok = take_tag(&in);
        }
    }
    if (arena->failed)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    if (!ok)
        return tfd_err_set(err, TFD_ELIMIT, 0, "the page has more files than any project has");
    /* A login page or a notice of a proxy has links as well, but none to a file of the project. */
    if (!in.is_html || (in.files == 0 && !in.is_index && (in.links > 0 || page.len > 0)))
        return tfd_err_set(err, TFD_EFORMAT, 0, "the answer is no page of an index (PEP 503)");
    return TFD_OK;
}
