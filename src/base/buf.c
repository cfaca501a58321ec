#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT_MAX 4096

void tfd_buf_init(tfd_buf *buf, size_t max)
{
    memset(buf, 0, sizeof *buf);
    buf->max = max;
}

void tfd_buf_done(tfd_buf *buf)
{
    free(buf->ptr);
    memset(buf, 0, sizeof *buf);
}

static bool make_room(tfd_buf *buf, size_t n)
{
    size_t want;
    char *grown;

    if (buf->failed || n > buf->max - buf->len) {
        buf->failed = true;
        return false;
    }
    if (buf->len + n < buf->capacity)
        return true;
    want = buf->capacity ? buf->capacity * 2 : 256;
    while (want <= buf->len + n)
        want *= 2;
    grown = realloc(buf->ptr, want);
    if (!grown) {
        buf->failed = true;
        return false;
    }
    buf->ptr = grown;
    buf->capacity = want;
    return true;
}

void tfd_buf_add(tfd_buf *buf, const void *bytes, size_t n)
{
    if (n == 0 || !make_room(buf, n))
        return;
    memcpy(buf->ptr + buf->len, bytes, n);
    buf->len += n;
    buf->ptr[buf->len] = '\0';
}

void tfd_buf_str(tfd_buf *buf, tfd_str s)
{
    tfd_buf_add(buf, s.ptr, s.len);
}

void tfd_buf_z(tfd_buf *buf, const char *z)
{
    tfd_buf_str(buf, tfd_str_of(z));
}

void tfd_buf_char(tfd_buf *buf, char c)
{
    tfd_buf_add(buf, &c, 1);
}

void tfd_buf_fill(tfd_buf *buf, char c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        tfd_buf_char(buf, c);
}

void tfd_buf_fmt(tfd_buf *buf, const char *format, ...)
{
    char text[FORMAT_MAX];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0) {
        buf->failed = true;
        return;
    }
    tfd_buf_add(buf, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

void tfd_buf_clear(tfd_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->ptr)
        buf->ptr[0] = '\0';
}

tfd_str tfd_buf_get(const tfd_buf *buf)
{
    tfd_str s = {buf->ptr, buf->len};

    return s;
}

tfd_str tfd_buf_to_arena(const tfd_buf *buf, tfd_arena *arena)
{
    return tfd_arena_str(arena, tfd_buf_get(buf));
}
