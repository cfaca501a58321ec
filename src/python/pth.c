#include "python/pth.h"

#include "base/utf8.h"
#include "python/codepage.h"

static tfd_str trim_end(tfd_str s)
{
    while (s.len && tfd_char_is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

bool tfd_pth_take(tfd_str *rest, tfd_pth_kind *kind, tfd_str *text)
{
    size_t end = 0, next;

    if (rest->len == 0)
        return false;
    while (end < rest->len && rest->ptr[end] != '\n' && rest->ptr[end] != '\r')
        end++;
    next = end + 1;
    if (end + 1 < rest->len && rest->ptr[end] == '\r' && rest->ptr[end + 1] == '\n')
        next++;
    *text = trim_end(tfd_str_sub(*rest, 0, end));
    *kind = TFD_PTH_PATH;
    if (text->len == 0 || text->ptr[0] == '#')
        *kind = TFD_PTH_NOTHING;
    else if (tfd_str_starts_z(*text, "import ") || tfd_str_starts_z(*text, "import\t"))
        *kind = TFD_PTH_CODE;
    *rest = tfd_str_from(*rest, next);
    return true;
}

size_t tfd_pth_undecodable(tfd_str text, tfd_pth_encoding encoding, unsigned page)
{
    size_t line = 1;

    for (size_t at = 0; at < text.len;) {
        uint32_t code;
        size_t n = encoding == TFD_PTH_PAGE             ? tfd_codepage_next(page, text, at)
                   : (unsigned char)text.ptr[at] < 0x80 ? 1
                   : encoding == TFD_PTH_ASCII          ? 0
                                                        : tfd_utf8_next(text, at, &code);

        if (n == 0)
            return line;
        line += text.ptr[at] == '\n';
        at += n;
    }
    return 0;
}
