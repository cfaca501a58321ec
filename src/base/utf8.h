/* UTF-8 (RFC 3629): reading it from bytes that may be none, and writing it. */
#ifndef TFD_BASE_UTF8_H
#define TFD_BASE_UTF8_H

#include "base/str.h"

/* Length in bytes of the well-formed character at offset at (< s.len), with its code point in *code; 0 where
 * the bytes there are none (overlong forms, surrogates and values beyond U+10FFFF included). */
size_t tfd_utf8_next(tfd_str s, size_t at, uint32_t *code);

/* Whether all of it is well-formed; the empty slice is. */
bool tfd_utf8_valid(tfd_str s);

/* Writes a code point (at most U+10FFFF) as 1 to 4 bytes; gives their number. */
size_t tfd_utf8_put(uint32_t code, char *out);

#endif
