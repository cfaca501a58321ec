/* Text on a terminal: how wide it is, where it breaks, and how bytes from the machine are made harmless. */
#ifndef TFD_RENDER_LAYOUT_H
#define TFD_RENDER_LAYOUT_H

#include "base/buf.h"

/* Columns that cleaned text takes: 0 for combining marks, 2 for wide characters (East Asian Width W and F,
 * and emoji), 1 for everything else. */
size_t tfd_layout_width(tfd_str text);

/* Appends one line of text that a terminal shows and does not obey: control characters (C0, C1, DEL),
 * characters that change the direction of text and ill-formed bytes become \xNN or \u{NNNN}; line ends and
 * tabs become blanks, runs of them one. With ascii also the typographic signs that tfdiag itself writes
 * become ASCII. */
void tfd_layout_clean(tfd_buf *out, tfd_str raw, bool ascii);

/* Appends text that starts at column indent, broken at blanks so that no line passes width; further lines
 * start with indent blanks. A word longer than the room (a path) is never cut. No line end is added. */
void tfd_layout_wrap(tfd_buf *out, tfd_str text, size_t width, size_t indent);

/* Rows that text (lines without escape sequences) takes on a terminal of that width. */
size_t tfd_layout_rows(tfd_str text, size_t width);

#endif
