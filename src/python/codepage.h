/* Which bytes Windows' code pages leave undefined, as Python's codecs have it (Lib/encodings/cp1252.py …,
 * Modules/cjkcodecs): a text with one cannot be decoded. Pure. */
#ifndef TFD_PYTHON_CODEPAGE_H
#define TFD_PYTHON_CODEPAGE_H

#include "base/str.h"

/* Bytes of the character at `at` (< text.len) in a code page; 0: none begins so. Pairs of bytes are judged by
 * their ranges alone, not every one of them is a character. A page that is not known has one byte a
 * character. */
size_t tfd_codepage_next(unsigned page, tfd_str text, size_t at);

#endif
