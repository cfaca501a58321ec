#include "packages/record.h"

#include <string.h>

tfd_status tfd_record_read_chunk(const tfd_sys *sys, tfd_str path, uint64_t offset, char *buffer,
                                 tfd_str *rows)
{
    tfd_file file = TFD_FILE_NONE;
    size_t got = 0;
    size_t from = 0;
    size_t to, eol;
    uint64_t start, left;
    tfd_status status;

    *rows = (tfd_str){NULL, 0};
    status = sys->open(sys, path, &file, NULL);
    if (status != TFD_OK)
        return status;
    /* One byte more in front tells whether a row begins right at offset. */
    start = offset ? offset - 1 : 0;
    left = file.size > start ? file.size - start : 0;
    status = sys->read_at(sys, &file, start, buffer,
                          left < TFD_RECORD_BUFFER ? (size_t)left : TFD_RECORD_BUFFER, &got, NULL);
    sys->close(sys, &file);
    if (status != TFD_OK)
        return status;
    if (offset) {
        eol = tfd_str_find_char((tfd_str){buffer, got}, '\n');
        if (eol == TFD_NPOS || eol > TFD_RECORD_CHUNK)
            return TFD_OK; /* no row begins here */
        from = eol + 1;
    }
    to = TFD_RECORD_CHUNK + (offset ? 1 : 0);
    if (to > got)
        to = got;
    /* The last row begins before `to` and ends at the first line end from to - 1 on. */
    if (to > 0 && to < got) {
        eol = tfd_str_find_char((tfd_str){buffer + to - 1, got - to + 1}, '\n');
        to = eol == TFD_NPOS ? to : to + eol;
    }
    if (from < to)
        *rows = (tfd_str){buffer + from, to - from};
    return TFD_OK;
}

bool tfd_record_is_payload(const tfd_record_row *row)
{
    size_t slash;
    tfd_str top;

    if (!row->path.len || row->path.ptr[0] == '/' || tfd_str_starts_z(row->path, "../") ||
        tfd_str_find_z(row->path, "/../") != TFD_NPOS || tfd_record_is_bytecode(row->path))
        return false;
    if (row->path.len > 1 && row->path.ptr[1] == ':')
        return false; /* a drive: Windows' absolute paths */
    slash = tfd_str_find_char(row->path, '/');
    top = tfd_str_sub(row->path, 0, slash);
    return slash == TFD_NPOS || !tfd_str_ends_z(top, ".dist-info");
}

bool tfd_record_is_exact(const tfd_dist *dist)
{
    static const char *const unpackers[] = {"pip",  "uv",   "poetry", "pdm", "hatch",
                                            "pipx", "flit", "rye",    "pixi"};

    if (!dist->installer.len)
        return true;
    for (size_t i = 0; i < sizeof unpackers / sizeof *unpackers; i++) {
        size_t len = strlen(unpackers[i]);

        if (tfd_str_eq_nocase(tfd_str_sub(dist->installer, 0, len), tfd_str_of(unpackers[i])) &&
            (dist->installer.len == len || !tfd_char_is_alpha(dist->installer.ptr[len])))
            return true;
    }
    return false;
}

bool tfd_record_is_edited(tfd_str path)
{
    return tfd_str_is(path, "certifi/cacert.pem");
}

tfd_str tfd_record_file(const tfd_sys *sys, tfd_arena *arena, tfd_str root, tfd_str path)
{
    tfd_str out = tfd_path_join(sys->style, arena, root, path);
    char *text = (char *)out.ptr; /* this function's own copy */

    for (size_t i = root.len; sys->style == TFD_PATH_WINDOWS && i < out.len; i++)
        if (text[i] == '/')
            text[i] = '\\';
    return out;
}

static bool is_identifier(tfd_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (!tfd_char_is_alpha(c) && c != '_' && (i == 0 || !tfd_char_is_digit(c)))
            return false;
    }
    return s.len > 0;
}

/* The module name of a file's base name, or empty: "ops.py", "_x.cpython-312-x86_64-linux-gnu.so",
 * "_x.abi3.so". */
static tfd_str stem_of(tfd_str base)
{
    bool is_native = tfd_str_ends_z(base, ".so") || tfd_str_ends_z(base, ".pyd");

    if (!is_native && !tfd_str_ends_z(base, ".py"))
        return (tfd_str){NULL, 0};
    if (is_native && tfd_str_starts_z(base, "lib"))
        return (tfd_str){NULL, 0}; /* a shared library that other ones are linked with */
    return tfd_str_sub(base, 0, tfd_str_find_char(base, '.'));
}

tfd_str tfd_record_module(tfd_arena *arena, tfd_str path)
{
    tfd_str base = tfd_path_base(TFD_PATH_POSIX, path);
    tfd_str stem = stem_of(base);
    tfd_str name, rest;
    char *dst;

    if (!is_identifier(stem))
        return (tfd_str){NULL, 0};
    name = tfd_str_sub(path, 0, path.len - base.len + stem.len);
    if (tfd_str_is(stem, "__init__"))
        name = tfd_str_sub(path, 0, path.len - base.len - (path.len > base.len));
    for (rest = name; rest.len;) {
        tfd_str part;

        (void)tfd_str_cut(rest, '/', &part, &rest);
        if (!is_identifier(part))
            return (tfd_str){NULL, 0};
    }
    name = tfd_arena_str(arena, name);
    dst = (char *)name.ptr; /* the copy is this function's own until it returns */
    for (size_t i = 0; i < name.len; i++)
        if (dst[i] == '/')
            dst[i] = '.';
    return name;
}
