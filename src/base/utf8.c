#include "base/utf8.h"

size_t tfd_utf8_next(tfd_str s, size_t at, uint32_t *code)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = (uint8_t)s.ptr[at];
    size_t len = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;

    if (len == 0 || len > s.len - at)
        return 0;
    *code = len == 1 ? first : first & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        uint8_t byte = (uint8_t)s.ptr[at + i];

        if (byte >> 6 != 2)
            return 0;
        *code = *code << 6 | (byte & 0x3f);
    }
    if (*code < smallest[len] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
        return 0;
    return len;
}

bool tfd_utf8_valid(tfd_str s)
{
    uint32_t code;

    for (size_t at = 0; at < s.len;) {
        size_t n = (unsigned char)s.ptr[at] < 0x80 ? 1 : tfd_utf8_next(s, at, &code);

        if (n == 0)
            return false;
        at += n;
    }
    return true;
}

size_t tfd_utf8_put(uint32_t code, char *out)
{
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t marks[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = len; i-- > 1;) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)(marks[len] | code);
    return len;
}
