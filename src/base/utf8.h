/* Reading UTF-8 (RFC 3629) from bytes that may not be UTF-8. */
#ifndef TFD_BASE_UTF8_H
#define TFD_BASE_UTF8_H

#include "base/str.h"

/* Length in bytes of the well-formed character at offset at (< s.len), with its code point in *code; 0 where
 * the bytes there are none (overlong forms, surrogates and values beyond U+10FFFF included). */
size_t tfd_utf8_next(tfd_str s, size_t at, uint32_t *code);

#endif
