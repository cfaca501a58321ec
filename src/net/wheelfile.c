#include "net/wheelfile.h"

#include <limits.h>
#include <string.h>

#define ZLIB_CONST /* input is const */
#include <zlib.h>

#include "base/cur.h"

/* APPNOTE.TXT 4.3.7, 4.3.12 and 4.3.16. */
#define LOCAL_MAGIC 0x04034b50u
#define ENTRY_MAGIC 0x02014b50u
#define END_MAGIC 0x06054b50u
#define LOCAL_SIZE 30u
#define ENTRY_SIZE 46u
#define END_SIZE 22u
#define EXTRA_MAX ((size_t)4096) /* of a local header; wheels have none, signed archives some */

enum { METHOD_STORED = 0, METHOD_DEFLATED = 8 };

tfd_status tfd_wheel_directory(tfd_str tail, uint64_t total, uint64_t *offset, uint64_t *size, tfd_err *err)
{
    for (size_t at = tail.len < END_SIZE ? 0 : tail.len - END_SIZE + 1; at > 0; at--) {
        tfd_cur cur = tfd_cur_of(tail.ptr, tail.len);
        uint64_t end = total - tail.len + at - 1;

        tfd_cur_seek(&cur, at - 1);
        if (tfd_cur_u32(&cur) != END_MAGIC)
            continue;
        tfd_cur_skip(&cur, 8);
        *size = tfd_cur_u32(&cur);
        *offset = tfd_cur_u32(&cur);
        if (!cur.ok || *size > TFD_WHEEL_DIRECTORY_MAX || *offset > end || *size > end - *offset)
            break;
        return TFD_OK;
    }
    return tfd_err_set(err, TFD_EFORMAT, 0, "no ZIP file");
}

/* "name-version.dist-info/METADATA" */
static bool is_metadata(tfd_str name)
{
    size_t at = tfd_str_find_char(name, '/');

    return tfd_str_ends_z(name, ".dist-info/METADATA") && at != TFD_NPOS &&
           tfd_str_find_char(tfd_str_from(name, at + 1), '/') == TFD_NPOS;
}

/* The entry that cur stands on; behind it afterwards. */
static bool read_entry(tfd_cur *cur, tfd_wheel_member *out)
{
    uint16_t name_len, extra_len, comment_len;

    tfd_cur_skip(cur, 10);
    out->method = tfd_cur_u16(cur);
    tfd_cur_skip(cur, 4);
    out->crc = tfd_cur_u32(cur);
    out->packed = tfd_cur_u32(cur);
    out->size = tfd_cur_u32(cur);
    name_len = tfd_cur_u16(cur);
    extra_len = tfd_cur_u16(cur);
    comment_len = tfd_cur_u16(cur);
    tfd_cur_skip(cur, 8);
    out->offset = tfd_cur_u32(cur);
    out->name = tfd_cur_bytes(cur, name_len);
    tfd_cur_skip(cur, (uint64_t)extra_len + comment_len);
    return cur->ok;
}

tfd_status tfd_wheel_find(tfd_str directory, tfd_str name, tfd_wheel_member *out)
{
    static const char magic[] = {'P', 'K', 1, 2};
    size_t at = 0;

    while (directory.len - at >= ENTRY_SIZE) {
        tfd_cur cur = tfd_cur_of(directory.ptr, directory.len);
        const char *found;

        if (memcmp(directory.ptr + at, magic, sizeof magic) != 0) {
            found = memchr(directory.ptr + at + 1, magic[0], directory.len - at - 1);
            if (!found)
                break;
            at = (size_t)(found - directory.ptr);
            continue;
        }
        tfd_cur_seek(&cur, at);
        if (!read_entry(&cur, out)) { /* no entry after all */
            at++;
            continue;
        }
        if (name.len > 0 ? tfd_str_eq(out->name, name) : is_metadata(out->name))
            return TFD_OK;
        at = cur.off;
    }
    memset(out, 0, sizeof *out);
    return TFD_ENOENT;
}

uint64_t tfd_wheel_span(const tfd_wheel_member *member)
{
    return LOCAL_SIZE + member->name.len + EXTRA_MAX + member->packed;
}

/* Raw deflate (RFC 1951), as ZIP has it. true where it fills exactly size bytes. */
static bool inflate_into(tfd_str packed, uint8_t *out, size_t size)
{
    z_stream stream = {0};
    int code;

    if (packed.len > UINT_MAX || size > UINT_MAX || inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        return false;
    stream.next_in = (const Bytef *)packed.ptr;
    stream.avail_in = (uInt)packed.len;
    stream.next_out = out;
    stream.avail_out = (uInt)size;
    code = inflate(&stream, Z_FINISH);
    (void)inflateEnd(&stream);
    return code == Z_STREAM_END && stream.total_out == size;
}

tfd_status tfd_wheel_unpack(tfd_arena *arena, const tfd_wheel_member *member, tfd_str bytes, size_t max,
                            tfd_str *out, tfd_err *err)
{
    tfd_cur cur = tfd_cur_of(bytes.ptr, bytes.len);
    uint32_t magic = tfd_cur_u32(&cur);
    uint16_t name_len, extra_len;
    uint8_t *memory;
    tfd_str packed;
    bool good = false;

    tfd_cur_skip(&cur, 22);
    name_len = tfd_cur_u16(&cur);
    extra_len = tfd_cur_u16(&cur);
    tfd_cur_skip(&cur, (uint64_t)name_len + extra_len);
    packed = tfd_cur_bytes(&cur, member->packed);
    if (!cur.ok || magic != LOCAL_MAGIC)
        return tfd_err_set(err, TFD_EFORMAT, 0, "a member of the wheel is not where its directory says");
    if (member->size > max)
        return tfd_err_set(err, TFD_ELIMIT, 0, "a member of the wheel is too large");
    memory = tfd_arena_take(arena, (size_t)member->size + 1, 1);
    if (!memory)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    if (member->method == METHOD_DEFLATED) {
        good = inflate_into(packed, memory, (size_t)member->size);
    } else if (member->method == METHOD_STORED && packed.len == member->size) {
        good = true;
        if (packed.len > 0)
            memcpy(memory, packed.ptr, packed.len);
    }
    if (!good || crc32(0, memory, (uInt)member->size) != member->crc)
        return tfd_err_set(err, TFD_EFORMAT, 0, "a member of the wheel is damaged");
    *out = (tfd_str){(const char *)memory, (size_t)member->size};
    return TFD_OK;
}

static tfd_status read_range(const tfd_sys *sys, tfd_arena *arena, const tfd_file *file, uint64_t offset,
                             size_t size, tfd_str *out, tfd_err *err)
{
    char *bytes = tfd_arena_take(arena, size + 1, 1);
    tfd_status st;

    if (!bytes)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    *out = (tfd_str){bytes, 0};
    st = sys->read_at(sys, file, offset, bytes, size, &out->len, err);
    return st;
}

tfd_status tfd_wheelfile_member(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str name, size_t max,
                                tfd_str *out, tfd_err *err)
{
    tfd_wheel_member member;
    tfd_file file;
    uint64_t offset = 0, size = 0, span;
    tfd_str bytes = TFD_STR("");
    tfd_status st = sys->open(sys, path, &file, err);

    if (st != TFD_OK)
        return st;
    size = file.size < TFD_WHEEL_TAIL ? file.size : TFD_WHEEL_TAIL;
    st = read_range(sys, arena, &file, file.size - size, (size_t)size, &bytes, err);
    if (st == TFD_OK)
        st = tfd_wheel_directory(bytes, file.size, &offset, &size, err);
    if (st == TFD_OK)
        st = read_range(sys, arena, &file, offset, (size_t)size, &bytes, err);
    if (st == TFD_OK)
        st = tfd_wheel_find(bytes, name, &member);
    if (st == TFD_OK && member.offset > file.size)
        st = tfd_err_set(err, TFD_EFORMAT, 0, "no ZIP file");
    if (st == TFD_OK) {
        span = tfd_wheel_span(&member);
        span = span < file.size - member.offset ? span : file.size - member.offset;
        st = span > max + LOCAL_SIZE + 2u * EXTRA_MAX + TFD_WHEEL_TAIL
                 ? tfd_err_set(err, TFD_ELIMIT, 0, "a member of the wheel is too large")
                 : read_range(sys, arena, &file, member.offset, (size_t)span, &bytes, err);
    }
    if (st == TFD_OK)
        st = tfd_wheel_unpack(arena, &member, bytes, max, out, err);
    sys->close(sys, &file);
    return st;
}
