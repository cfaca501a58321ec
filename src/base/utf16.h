/* UTF-16 as Windows and its files write it, and UTF-8. Nothing is lost on the way there and back: a surrogate
 * without its partner, which NTFS allows in names, becomes three bytes (WTF-8). */
#ifndef TFD_BASE_UTF16_H
#define TFD_BASE_UTF16_H

#include "base/str.h"

/* Most bytes that one unit becomes (a pair of units becomes four). */
#define TFD_UTF16_BYTES 3u

/* n units to UTF-8. out has room for n * TFD_UTF16_BYTES bytes; gives how many were written, no NUL. */
size_t tfd_utf16_to_utf8(const uint16_t *units, size_t n, char *out);
/* UTF-8 to units; a byte that belongs to no character becomes U+FFFD. out has room for text.len units; gives
 * how many were written, no NUL. */
size_t tfd_utf16_from_utf8(tfd_str text, uint16_t *out);

#endif
