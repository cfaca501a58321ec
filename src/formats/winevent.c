#include "formats/winevent.h"

#include <string.h>

/* Elements whose text is a file: Code Integrity 3033, 3076, 3077; AppLocker 8003 to 8007; Microsoft Defender
 * 1116, 1117 (Microsoft: "Understanding App Control events", "Using Event Viewer with AppLocker", "Microsoft
 * Defender Antivirus event IDs"). */
static const char *const file_names[] = {"File Name", "FileNameBuffer", "FullFilePath", "FilePath", "Path"};

static bool starts_nocase(tfd_str text, const char *prefix)
{
    tfd_str wanted = tfd_str_of(prefix);

    return text.len >= wanted.len && tfd_str_eq_nocase(tfd_str_sub(text, 0, wanted.len), wanted);
}

/* ---- XML */

/* One character of "&#NNN;" or "&#xHH;" as UTF-8; what is no character becomes '?'. */
static size_t put_character(tfd_str digits, char *out)
{
    uint32_t base = digits.len > 0 && tfd_char_lower(digits.ptr[0]) == 'x' ? 16 : 10;
    uint32_t code = 0;

    for (size_t i = base == 16 ? 1 : 0; i < digits.len && code < 0x110000u; i++) {
        char c = tfd_char_lower(digits.ptr[i]);
        uint32_t value = tfd_char_is_digit(c) ? (uint32_t)(c - '0') : (uint32_t)(unsigned char)c - 'a' + 10;

        if (value >= base)
            return 0;
        code = code * base + value;
    }
    if (code == 0 || code >= 0x110000u) {
        out[0] = '?';
        return 1;
    }
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* Bytes written for the entity between '&' and ';'; never more than it has. 0: none that is known. */
static size_t put_entity(tfd_str name, char *out)
{
    static const struct {
        const char *name;
        char c;
    } known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};

    if (name.len > 1 && name.ptr[0] == '#')
        return put_character(tfd_str_from(name, 1), out);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (tfd_str_is(name, known[i].name)) {
            out[0] = known[i].c;
            return 1;
        }
    return 0;
}

static tfd_str unescape(tfd_arena *arena, tfd_str text)
{
    char *out = tfd_arena_take(arena, text.len + 4, 1);
    size_t len = 0;

    if (!out)
        return (tfd_str){NULL, 0};
    for (size_t i = 0; i < text.len; i++) {
        size_t end = text.ptr[i] == '&' ? tfd_str_find_char(tfd_str_sub(text, i, i + 12), ';') : TFD_NPOS;
        size_t n = end == TFD_NPOS ? 0 : put_entity(tfd_str_sub(text, i + 1, i + end), out + len);

        if (n > 0) {
            len += n;
            i += end;
        } else {
            out[len++] = text.ptr[i];
        }
    }
    return (tfd_str){out, len};
}

/* The next element that has text: its name (of <Data Name='x'> x), its text, and what follows. */
static bool next_element(tfd_str *rest, tfd_str *tag, tfd_str *text)
{
    size_t open = tfd_str_find_char(*rest, '<'), close, end;

    if (open == TFD_NPOS)
        return false;
    *rest = tfd_str_from(*rest, open + 1);
    close = tfd_str_find_char(*rest, '>');
    if (close == TFD_NPOS)
        return false;
    *tag = tfd_str_sub(*rest, 0, close);
    *rest = tfd_str_from(*rest, close + 1);
    end = tfd_str_find_char(*rest, '<');
    *text = tfd_str_sub(*rest, 0, end == TFD_NPOS ? rest->len : end);
    return true;
}

/* The value of an attribute in a tag, in either kind of quotes; empty if it has none. */
static tfd_str attribute(tfd_str tag, const char *name)
{
    size_t at = tfd_str_find_z(tag, name);
    tfd_str value;
    size_t end;

    if (at == TFD_NPOS)
        return TFD_STR("");
    value = tfd_str_from(tag, at + strlen(name));
    if (value.len < 2 || value.ptr[0] != '=' || (value.ptr[1] != '\'' && value.ptr[1] != '"'))
        return TFD_STR("");
    end = tfd_str_find_char(tfd_str_from(value, 2), value.ptr[1]);
    return end == TFD_NPOS ? TFD_STR("") : tfd_str_sub(value, 2, 2 + end);
}

static tfd_str name_of(tfd_str tag)
{
    tfd_str head, tail, name = attribute(tag, "Name");

    (void)tfd_str_cut(tag, ' ', &head, &tail);
    return tfd_str_is(head, "Data") && name.len > 0 ? name : head;
}

/* ---- files */

/* "file:_C:\\x.dll", "containerfile:_C:\\x.zip", "file:_C:\\x.zip->y.dll": the resource of Defender. */
static tfd_str of_resource(tfd_str text)
{
    size_t at = tfd_str_find_z(text, ":_");

    text = tfd_str_trim(text);
    if (at != TFD_NPOS)
        text = tfd_str_trim(tfd_str_from(text, tfd_str_find_z(text, ":_") + 2));
    at = tfd_str_find_z(text, "->");
    return at == TFD_NPOS ? text : tfd_str_sub(text, 0, at);
}

static tfd_status add_files(tfd_arena *arena, tfd_winevent *out, tfd_str text, tfd_err *err)
{
    tfd_str rest = unescape(arena, text), one;
    bool more = rest.len > 0;

    if (!rest.ptr)
        return tfd_err_set(err, TFD_ENOMEM, 0, "event log: out of memory");
    while (more && out->file_count < TFD_WINEVENT_FILES_MAX) {
        more = tfd_str_cut(rest, ';', &one, &rest);
        one = of_resource(one);
        if (one.len > 0)
            out->files[out->file_count++] = one;
    }
    return TFD_OK;
}

tfd_status tfd_winevent_parse(tfd_arena *arena, tfd_str xml, tfd_winevent *out, tfd_err *err)
{
    tfd_str rest = xml, tag, text;
    tfd_status st = TFD_OK;
    uint64_t id = 0;

    memset(out, 0, sizeof *out);
    while (st == TFD_OK && next_element(&rest, &tag, &text)) {
        tfd_str name = name_of(tag);

        if (tfd_str_is(name, "EventID") && id == 0)
            (void)tfd_str_u64(tfd_str_trim(text), &id);
        else if (tfd_str_is(name, "TimeCreated") && out->time.len == 0)
            out->time = tfd_arena_str(arena, attribute(tag, "SystemTime"));
        for (size_t i = 0; i < sizeof file_names / sizeof file_names[0] && st == TFD_OK; i++)
            if (tfd_str_is(name, file_names[i]))
                st = add_files(arena, out, text, err);
    }
    if (st == TFD_OK && (id == 0 || id > UINT32_MAX))
        return tfd_err_set(err, TFD_EFORMAT, 0, "no event with a number");
    out->id = (uint32_t)id;
    return st;
}

/* ---- comparing */

/* What follows the volume: "\x" of "\Device\HarddiskVolume3\x", "%OSDRIVE%\x"; *has_letter where the volume
 * is told by a letter ("C:\x", "\\?\C:\x") and so must agree. */
static tfd_str without_volume(tfd_str file, bool *has_letter, char *letter)
{
    static const char device[] = "\\Device\\";
    size_t at;

    *has_letter = false;
    if (starts_nocase(file, "\\\\?\\") || starts_nocase(file, "\\??\\"))
        file = tfd_str_from(file, 4);
    if (starts_nocase(file, device)) {
        file = tfd_str_from(file, sizeof device - 1);
        at = tfd_str_find_char(file, '\\');
        return at == TFD_NPOS ? TFD_STR("") : tfd_str_from(file, at);
    }
    if (starts_nocase(file, "%OSDRIVE%"))
        return tfd_str_from(file, 9);
    if (file.len > 2 && file.ptr[1] == ':') {
        *has_letter = true;
        *letter = tfd_char_lower(file.ptr[0]);
        return tfd_str_from(file, 2);
    }
    return file;
}

bool tfd_winevent_is(tfd_str file, tfd_str path)
{
    bool has_letter, path_has_letter;
    char letter = 0, path_letter = 0;
    tfd_str a = without_volume(file, &has_letter, &letter);
    tfd_str b = without_volume(path, &path_has_letter, &path_letter);

    if (has_letter && path_has_letter && letter != path_letter)
        return false;
    if (a.len != b.len || a.len < 2)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        char x = a.ptr[i] == '/' ? '\\' : tfd_char_lower(a.ptr[i]);
        char y = b.ptr[i] == '/' ? '\\' : tfd_char_lower(b.ptr[i]);

        if (x != y)
            return false;
    }
    return true;
}
