#include "render/layout.h"

#include "base/utf8.h"

typedef struct range {
    uint32_t first, last;
} range;

/* Unicode 15, UAX #11: blocks of wide characters, joined where nothing narrow lies between that people use.
 */
static const range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},
    {0x4e00, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
    {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18aff}, {0x1b000, 0x1b2ff}, {0x1f300, 0x1f64f},
    {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

/* Combining marks of the scripts in which paths are commonly written, joiners and variation selectors. */
static const range zero[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200d},
    {0x20d0, 0x20ff}, {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef},
};

/* Controls and everything that reorders or hides text: a path could otherwise look like another one. */
static const range harmful[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},     {0x061c, 0x061c}, {0x200e, 0x200f},   {0x2028, 0x202e},
    {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
};

typedef struct sign {
    uint32_t code;
    const char *ascii;
} sign;

static const sign signs[] = {
    {0x00a0, " "}, {0x00b7, "|"},  {0x00d7, "x"},  {0x2013, "-"},  {0x2014, "-"},
    {0x2018, "'"}, {0x2019, "'"},  {0x201c, "\""}, {0x201d, "\""}, {0x2026, "..."},
    {0x202f, " "}, {0x2192, "->"}, {0x2260, "!="}, {0x2264, "<="}, {0x2265, ">="},
};

static bool is_in(uint32_t code, const range *ranges, size_t n)
{
    for (size_t i = 0; i < n && ranges[i].first <= code; i++)
        if (code <= ranges[i].last)
            return true;
    return false;
}
#define IS_IN(code, ranges) is_in((code), (ranges), sizeof(ranges) / sizeof((ranges)[0]))

size_t tfd_layout_width(tfd_str text)
{
    size_t width = 0;

    for (size_t at = 0; at < text.len;) {
        uint32_t code = 0;
        size_t len = tfd_utf8_next(text, at, &code);

        if (len > 1 && IS_IN(code, zero))
            width += 0;
        else if (len > 1 && IS_IN(code, wide))
            width += 2;
        else
            width += 1;
        at += len ? len : 1;
    }
    return width;
}

static const char *find_sign(uint32_t code)
{
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (signs[i].code == code)
            return signs[i].ascii;
    return NULL;
}

void tfd_layout_clean(tfd_buf *out, tfd_str raw, bool ascii)
{
    bool was_break = false;

    for (size_t at = 0; at < raw.len;) {
        uint32_t code = 0;
        size_t len = tfd_utf8_next(raw, at, &code);
        bool is_break = len == 1 && (code == '\n' || code == '\r' || code == '\t');
        const char *plain = ascii && len > 1 ? find_sign(code) : NULL;

        if (is_break) {
            if (!was_break && out->len && out->ptr[out->len - 1] != ' ')
                tfd_buf_char(out, ' ');
        } else if (plain)
            tfd_buf_z(out, plain);
        else if (len == 0 || (len == 1 && IS_IN(code, harmful)))
            tfd_buf_fmt(out, "\\x%02x", (unsigned)(uint8_t)raw.ptr[at]);
        else if (IS_IN(code, harmful))
            tfd_buf_fmt(out, "\\u{%04x}", (unsigned)code);
        else
            tfd_buf_add(out, raw.ptr + at, len);
        was_break = is_break;
        at += len ? len : 1;
    }
}

/* Takes the next word off *rest; false at the end. */
static bool take_word(tfd_str *rest, tfd_str *word)
{
    size_t from = 0, to;

    while (from < rest->len && rest->ptr[from] == ' ')
        from++;
    for (to = from; to < rest->len && rest->ptr[to] != ' ';)
        to++;
    *word = tfd_str_sub(*rest, from, to);
    *rest = tfd_str_from(*rest, to);
    return word->len != 0;
}

void tfd_layout_wrap(tfd_buf *out, tfd_str text, size_t width, size_t indent)
{
    size_t column = indent;
    tfd_str rest = text, word;

    while (take_word(&rest, &word)) {
        size_t wants = tfd_layout_width(word);

        if (column > indent && column + 1 + wants > width) {
            tfd_buf_char(out, '\n');
            tfd_buf_fill(out, ' ', indent);
            column = indent;
        } else if (column > indent) {
            tfd_buf_char(out, ' ');
            column++;
        }
        tfd_buf_str(out, word);
        column += wants;
    }
}

size_t tfd_layout_rows(tfd_str text, size_t width)
{
    size_t rows = 0;
    tfd_str line;

    while (tfd_str_line(&text, &line)) {
        size_t columns = tfd_layout_width(line);

        rows += columns <= width || width == 0 ? 1 : (columns + width - 1) / width;
    }
    return rows;
}
