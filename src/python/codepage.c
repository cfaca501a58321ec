#include "python/codepage.h"

#include <stdint.h>

/* Bit n of holes[k]: the byte 0x80 + 32 * k + n stands for nothing. */
typedef struct single_page {
    unsigned page;
    uint32_t holes[4];
} single_page;

static const single_page singles[] = {
    {874, {0xff01ffdeu, 0, 0x78000000u, 0xf0000000u}},
    {1250, {0x0101010au, 0, 0, 0}},
    {1251, {0x01000000u, 0, 0, 0}},
    {1252, {0x2001a002u, 0, 0, 0}},
    {1253, {0xf501f502u, 0x00000400u, 0x00040000u, 0x80000000u}},
    {1254, {0x6001e002u, 0, 0, 0}},
    {1255, {0xf401f402u, 0, 0xfe000400u, 0x98000000u}},
    {1257, {0x9501150au, 0x00000022u, 0, 0}},
    {1258, {0x6401e402u, 0, 0, 0}},
};

/* First and last byte of pairs, and the ranges of bytes above 0x7f that stand alone. */
typedef struct double_page {
    unsigned page;
    unsigned char lead_from, lead_to, trail_from, trail_to;
    const char *alone;
} double_page;

static const double_page doubles[] = {
    {932, 0x81, 0xfc, 0x40, 0xfc, "\x80\x80\xa0\xdf\xfd\xff"},
    {936, 0x81, 0xfe, 0x40, 0xfe, ""},
    {949, 0x81, 0xfd, 0x41, 0xfe, ""},
    {950, 0xa1, 0xf9, 0x40, 0xfe, ""},
};

static bool is_within(unsigned char c, unsigned char from, unsigned char to)
{
    return c >= from && c <= to;
}

static size_t next_of_double(const double_page *row, tfd_str text, size_t at)
{
    unsigned char c = (unsigned char)text.ptr[at];

    for (const char *range = row->alone; *range; range += 2)
        if (is_within(c, (unsigned char)range[0], (unsigned char)range[1]))
            return 1;
    return is_within(c, row->lead_from, row->lead_to) && at + 1 < text.len &&
                   is_within((unsigned char)text.ptr[at + 1], row->trail_from, row->trail_to)
               ? 2
               : 0;
}

size_t tfd_codepage_next(unsigned page, tfd_str text, size_t at)
{
    unsigned char c = (unsigned char)text.ptr[at];

    if (c < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof singles / sizeof *singles; i++)
        if (singles[i].page == page)
            return (singles[i].holes[(c - 0x80u) / 32] >> (c % 32)) & 1 ? 0 : 1;
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        if (doubles[i].page == page)
            return next_of_double(&doubles[i], text, at);
    return 1;
}
