#include "net/simple.h"

#include <string.h>

tfd_str tfd_simple_key(tfd_arena *arena, tfd_str name)
{
    char *out = tfd_arena_take(arena, name.len + 1, 1);
    size_t n = 0;

    if (!out)
        return TFD_STR("");
    for (size_t i = 0; i < name.len; i++) {
        char c = tfd_char_lower(name.ptr[i]);

        if (c == '_' || c == '.')
            c = '-';
        if (c != '-' || n == 0 || out[n - 1] != '-')
            out[n++] = c;
    }
    return (tfd_str){out, n};
}

bool tfd_simple_add(tfd_arena *arena, tfd_index_project *out, const tfd_index_file *file)
{
    if (out->count == TFD_INDEX_FILES_MAX || !TFD_GROW(arena, out))
        return false;
    out->items[out->count++] = *file;
    return true;
}

static bool has_suffix(tfd_str name, const char *suffix)
{
    size_t n = strlen(suffix);

    return name.len > n && tfd_str_eq_nocase(tfd_str_from(name, name.len - n), tfd_str_of(suffix));
}

/* name-version(-build)?-python-abi-platform.whl */
static void read_wheel(tfd_arena *arena, tfd_str key, tfd_index_file *file)
{
    tfd_str rest = tfd_str_sub(file->name, 0, file->name.len - 4), name, version;
    size_t dashes = 0, at;

    if (!tfd_str_cut(rest, '-', &name, &rest) || !tfd_str_cut(rest, '-', &version, &rest) ||
        !tfd_str_eq(tfd_simple_key(arena, name), key))
        return;
    for (at = 0; at < rest.len; at++)
        dashes += rest.ptr[at] == '-';
    if (dashes == 3) /* a build number */
        rest = tfd_str_from(rest, tfd_str_find_char(rest, '-') + 1);
    else if (dashes != 2)
        return;
    file->form = TFD_INDEX_WHEEL;
    file->version = version;
    file->tags = rest;
}

/* name-version.tar.gz: the name may hold dashes itself (before PEP 625), so the longest that is the key. */
static void read_sdist(tfd_arena *arena, tfd_str key, size_t suffix, tfd_index_file *file)
{
    tfd_str stem = tfd_str_sub(file->name, 0, file->name.len - suffix);

    for (size_t at = stem.len; at > 0; at--) {
        if (stem.ptr[at - 1] != '-' || !tfd_str_eq(tfd_simple_key(arena, tfd_str_sub(stem, 0, at - 1)), key))
            continue;
        file->form = TFD_INDEX_SDIST;
        file->version = tfd_str_from(stem, at);
        return;
    }
}

void tfd_simple_read_name(tfd_arena *arena, tfd_str key, tfd_index_file *file)
{
    static const char *const suffixes[] = {".tar.gz", ".zip", ".tar.bz2", ".tgz"};

    file->form = TFD_INDEX_OTHER;
    if (file->name.len > 512)
        return;
    if (has_suffix(file->name, ".whl")) {
        read_wheel(arena, key, file);
        return;
    }
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
        if (has_suffix(file->name, suffixes[i])) {
            read_sdist(arena, key, strlen(suffixes[i]), file);
            return;
        }
}
