#include "base/cur.h"

#include <string.h>

tfd_cur tfd_cur_of(const void *bytes, size_t len)
{
    tfd_cur cur = {bytes, len, 0, true, false};

    return cur;
}

void tfd_cur_seek(tfd_cur *cur, uint64_t off)
{
    if (off > cur->len) {
        cur->ok = false;
        return;
    }
    cur->off = (size_t)off;
}

void tfd_cur_skip(tfd_cur *cur, uint64_t n)
{
    if (n > cur->len - cur->off) {
        cur->ok = false;
        return;
    }
    cur->off += (size_t)n;
}

static uint64_t read_number(tfd_cur *cur, size_t width)
{
    uint64_t value = 0;

    if (!cur->ok || width > cur->len - cur->off) {
        cur->ok = false;
        return 0;
    }
    for (size_t i = 0; i < width; i++) {
        size_t shift = cur->big_endian ? width - 1 - i : i;

        value |= (uint64_t)cur->ptr[cur->off + i] << (8 * shift);
    }
    cur->off += width;
    return value;
}

uint8_t tfd_cur_u8(tfd_cur *cur)
{
    return (uint8_t)read_number(cur, 1);
}

uint16_t tfd_cur_u16(tfd_cur *cur)
{
    return (uint16_t)read_number(cur, 2);
}

uint32_t tfd_cur_u32(tfd_cur *cur)
{
    return (uint32_t)read_number(cur, 4);
}

uint64_t tfd_cur_u64(tfd_cur *cur)
{
    return read_number(cur, 8);
}

tfd_str tfd_cur_bytes(tfd_cur *cur, uint64_t n)
{
    tfd_str out = {NULL, 0};

    if (!cur->ok || n > cur->len - cur->off) {
        cur->ok = false;
        return out;
    }
    out.ptr = (const char *)cur->ptr + cur->off;
    out.len = (size_t)n;
    cur->off += (size_t)n;
    return out;
}

tfd_str tfd_cur_z_at(const tfd_cur *cur, uint64_t off)
{
    tfd_str out = {NULL, 0};
    const uint8_t *end;

    if (off >= cur->len)
        return out;
    end = memchr(cur->ptr + off, 0, cur->len - (size_t)off);
    if (!end)
        return out;
    out.ptr = (const char *)cur->ptr + off;
    out.len = (size_t)(end - (cur->ptr + off));
    return out;
}
