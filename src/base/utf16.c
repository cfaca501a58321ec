#include "base/utf16.h"

#include "base/utf8.h"

#define REPLACEMENT 0xFFFDu

static bool is_high(uint32_t unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(uint32_t unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

static size_t put_char(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0u | code >> 6);
        out[1] = (char)(0x80u | (code & 0x3Fu));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0u | code >> 12);
        out[1] = (char)(0x80u | (code >> 6 & 0x3Fu));
        out[2] = (char)(0x80u | (code & 0x3Fu));
        return 3;
    }
    out[0] = (char)(0xF0u | code >> 18);
    out[1] = (char)(0x80u | (code >> 12 & 0x3Fu));
    out[2] = (char)(0x80u | (code >> 6 & 0x3Fu));
    out[3] = (char)(0x80u | (code & 0x3Fu));
    return 4;
}

size_t tfd_utf16_to_utf8(const uint16_t *units, size_t n, char *out)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t code = units[i];

        if (is_high(code) && i + 1 < n && is_low(units[i + 1])) {
            code = 0x10000u + ((code & 0x3FFu) << 10 | (units[i + 1] & 0x3FFu));
            i++;
        }
        len += put_char(code, out + len);
    }
    return len;
}

/* A surrogate in three bytes: ED A0..BF 80..BF. */
static bool is_surrogate_at(tfd_str text, size_t at)
{
    const unsigned char *p = (const unsigned char *)text.ptr + at;

    return text.len - at >= 3 && p[0] == 0xED && p[1] >= 0xA0 && p[1] <= 0xBF && (p[2] & 0xC0) == 0x80;
}

size_t tfd_utf16_from_utf8(tfd_str text, uint16_t *out)
{
    size_t n = 0;

    for (size_t at = 0; at < text.len;) {
        uint32_t code = (unsigned char)text.ptr[at];
        size_t len = code < 0x80 ? 1 : tfd_utf8_next(text, at, &code);

        if (len == 0 && is_surrogate_at(text, at)) {
            code = 0xD000u | ((unsigned char)text.ptr[at + 1] & 0x3Fu) << 6 |
                   ((unsigned char)text.ptr[at + 2] & 0x3Fu);
            len = 3;
        } else if (len == 0) {
            code = REPLACEMENT;
            len = 1;
        }
        if (code >= 0x10000) {
            out[n++] = (uint16_t)(0xD800u | (code - 0x10000u) >> 10);
            out[n++] = (uint16_t)(0xDC00u | ((code - 0x10000u) & 0x3FFu));
        } else {
            out[n++] = (uint16_t)code;
        }
        at += len;
    }
    return n;
}
