#include "python/zipdir.h"

#include "base/cur.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

/* APPNOTE.TXT 4.3.12 and 4.3.16. */
#define END_SIZE 22
#define END_MAGIC 0x06054b50u
#define MEMBER_MAGIC 0x02014b50u
#define TAIL ((size_t)END_SIZE + 65535)

static tfd_status read_range(const tfd_sys *sys, tfd_arena *arena, const tfd_file *file, uint64_t offset,
                             size_t size, tfd_cur *out, tfd_err *err)
{
    uint8_t *bytes = tfd_arena_take(arena, size + 1, 1);
    size_t got = 0;
    tfd_status status;

    if (!bytes)
        return tfd_err_set(err, TFD_ENOMEM, 0, "no memory for a ZIP directory");
    status = sys->read_at(sys, file, offset, bytes, size, &got, err);
    *out = tfd_cur_of(bytes, got);
    return status;
}

/* Offset and size of the central directory, from the end record: the last one that ends with the file. */
static bool find_directory(tfd_cur tail, uint64_t file_size, uint64_t *offset, uint64_t *size)
{
    for (size_t at = tail.len < END_SIZE ? 0 : tail.len - END_SIZE + 1; at > 0; at--) {
        tfd_cur cur = tail;
        uint64_t end = file_size - tail.len + at - 1;

        tfd_cur_seek(&cur, at - 1);
        if (tfd_cur_u32(&cur) != END_MAGIC)
            continue;
        tfd_cur_skip(&cur, 8);
        *size = tfd_cur_u32(&cur);
        *offset = tfd_cur_u32(&cur);
        /* Bytes before the archive (a launcher) shift all offsets. */
        if (!cur.ok || *size > end || *offset > end - *size)
            return false;
        *offset = end - *size;
        return true;
    }
    return false;
}

static bool add_name(tfd_arena *arena, tfd_map *seen, tfd_str name, tfd_dirents *out)
{
    tfd_str top, rest;
    bool is_dir = tfd_str_cut(name, '/', &top, &rest);

    if (top.len == 0 || tfd_map_get(seen, top) != TFD_MAP_NONE)
        return true;
    top = tfd_arena_str(arena, top);
    if (!top.ptr || !TFD_GROW(arena, out) || !tfd_map_put(arena, seen, top, 1))
        return false;
    out->items[out->count].name = top;
    out->items[out->count++].kind = is_dir ? TFD_KIND_DIR : TFD_KIND_FILE;
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return tfd_str_cmp(((const tfd_dirent *)a)->name, ((const tfd_dirent *)b)->name);
}

static tfd_status read_members(tfd_arena *arena, tfd_cur cur, tfd_dirents *out, tfd_err *err)
{
    tfd_map seen;

    memset(&seen, 0, sizeof seen);
    while (cur.off < cur.len && out->count < TFD_DIR_MAX) {
        uint16_t name_len, extra_len, comment_len;
        tfd_str name;

        if (tfd_cur_u32(&cur) != MEMBER_MAGIC)
            break;
        tfd_cur_skip(&cur, 24);
        name_len = tfd_cur_u16(&cur);
        extra_len = tfd_cur_u16(&cur);
        comment_len = tfd_cur_u16(&cur);
        tfd_cur_skip(&cur, 12);
        name = tfd_cur_bytes(&cur, name_len);
        tfd_cur_skip(&cur, (uint64_t)extra_len + comment_len);
        if (!cur.ok)
            break;
        if (!add_name(arena, &seen, name, out))
            return tfd_err_set(err, TFD_ENOMEM, 0, "no memory for a ZIP directory");
    }
    if (out->count)
        qsort(out->items, out->count, sizeof *out->items, compare_names);
    return TFD_OK;
}

tfd_status tfd_zipdir_read(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_dirents *out, tfd_err *err)
{
    uint64_t offset = 0, size = 0;
    tfd_cur bytes;
    tfd_file file;
    size_t tail;
    tfd_status status = sys->open(sys, path, &file, err);

    memset(out, 0, sizeof *out);
    if (status != TFD_OK)
        return status;
    tail = file.size < TAIL ? (size_t)file.size : TAIL;
    status = read_range(sys, arena, &file, file.size - tail, tail, &bytes, err);
    if (status == TFD_OK && (!find_directory(bytes, file.size, &offset, &size) || size > TFD_ZIPDIR_MAX))
        status = tfd_err_set(err, TFD_EFORMAT, 0, "%.*s is no ZIP file", TFD_ARG(path));
    if (status == TFD_OK)
        status = read_range(sys, arena, &file, offset, (size_t)size, &bytes, err);
    if (status == TFD_OK)
        status = read_members(arena, bytes, out, err);
    sys->close(sys, &file);
    return status;
}
