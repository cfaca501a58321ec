/* The text of a .pth file: lines as site.py sees them. Pure. */
#ifndef TFD_PYTHON_PTH_H
#define TFD_PYTHON_PTH_H

#include "base/str.h"

#define TFD_PTH_MAX ((size_t)1 << 20)

typedef enum tfd_pth_kind {
    TFD_PTH_NOTHING, /* blank or comment */
    TFD_PTH_PATH,
    TFD_PTH_CODE /* begins with "import " or "import<tab>" */
} tfd_pth_kind;

/* How the bytes become text. */
typedef enum tfd_pth_encoding {
    TFD_PTH_UTF8,  /* strict: bytes that are not UTF-8 stop the interpreter */
    TFD_PTH_ASCII, /* 3.6 in the C locale */
    TFD_PTH_PAGE   /* one of Windows' code pages, or (page 0) a locale in which every byte can be decoded */
} tfd_pth_encoding;

/* Takes the next line (LF, CR, CRLF) and says what it is; text is without blanks at its end. false at the
 * end. */
bool tfd_pth_take(tfd_str *rest, tfd_pth_kind *kind, tfd_str *text);

/* Line (1-based) of the first byte that cannot be decoded; 0: all can. page: of TFD_PTH_PAGE. */
size_t tfd_pth_undecodable(tfd_str text, tfd_pth_encoding encoding, unsigned page);

#endif
