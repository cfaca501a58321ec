/* Text builder on the heap with a maximum given at init. After a failure (limit or memory) appends do nothing
 * and `failed` stays set: one test at the end is enough. */
#ifndef TFD_BASE_BUF_H
#define TFD_BASE_BUF_H

#include "base/arena.h"

typedef struct tfd_buf {
    char *ptr; /* NUL-ended once anything was appended */
    size_t len;
    size_t capacity;
    size_t max;
    bool failed;
} tfd_buf;

void tfd_buf_init(tfd_buf *buf, size_t max);
void tfd_buf_done(tfd_buf *buf); /* who inits it calls done */
void tfd_buf_add(tfd_buf *buf, const void *bytes, size_t n);
void tfd_buf_str(tfd_buf *buf, tfd_str s);
void tfd_buf_z(tfd_buf *buf, const char *z);
void tfd_buf_char(tfd_buf *buf, char c);
void tfd_buf_fill(tfd_buf *buf, char c, size_t n);
void tfd_buf_fmt(tfd_buf *buf, const char *format, ...); /* at most 4 KiB a call, longer text is cut */
void tfd_buf_clear(tfd_buf *buf);                        /* keeps the memory, clears `failed` */
tfd_str tfd_buf_get(const tfd_buf *buf);                 /* lives until the next append */
tfd_str tfd_buf_to_arena(const tfd_buf *buf, tfd_arena *arena);

#endif
