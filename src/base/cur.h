/* Bounded reader over bytes in memory. A read past the end gives 0 and clears ok for good; test ok once after
 * a group of reads. Passed by value it is an independent copy. */
#ifndef TFD_BASE_CUR_H
#define TFD_BASE_CUR_H

#include "base/str.h"

typedef struct tfd_cur {
    const uint8_t *ptr;
    size_t len;
    size_t off;
    bool ok;
    bool big_endian;
} tfd_cur;

tfd_cur tfd_cur_of(const void *bytes, size_t len);
void tfd_cur_seek(tfd_cur *cur, uint64_t off); /* past the end clears ok */
void tfd_cur_skip(tfd_cur *cur, uint64_t n);
uint8_t tfd_cur_u8(tfd_cur *cur);
uint16_t tfd_cur_u16(tfd_cur *cur);
uint32_t tfd_cur_u32(tfd_cur *cur);
uint64_t tfd_cur_u64(tfd_cur *cur);
/* n bytes as a slice into the input, or the empty slice and ok cleared. */
tfd_str tfd_cur_bytes(tfd_cur *cur, uint64_t n);
/* The NUL-ended string at the given offset (without the NUL); empty, with ok untouched, if it has no end. */
tfd_str tfd_cur_z_at(const tfd_cur *cur, uint64_t off);

#endif
