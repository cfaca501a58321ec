/* A page of terminal text: colours, and text from the machine made fit to be shown (masked, escaped, the home
 * folder short). Private to the text output. */
#ifndef TFD_RENDER_PAGE_H
#define TFD_RENDER_PAGE_H

#include "render/layout.h"
#include "render/render.h"

typedef enum tfd_ink {
    TFD_INK_PLAIN,
    TFD_INK_BOLD,
    TFD_INK_DIM,
    TFD_INK_GOOD,
    TFD_INK_BAD,
    TFD_INK_DOUBT,
    TFD_INK_COMMAND
} tfd_ink;

typedef struct tfd_page {
    tfd_buf *out;
    const tfd_style *style;
    tfd_arena arena; /* of prepared text */
    size_t columns;  /* of the terminal */
    size_t width;    /* of prose: no line longer than reads well */
    tfd_str error;   /* message of the import's error, raw, where it stands on the page */
    bool color;
} tfd_page;

void tfd_page_init(tfd_page *page, const tfd_style *style, tfd_buf *out);
void tfd_page_done(tfd_page *page);

/* Prepared text, alive until tfd_page_done: secrets masked, controls escaped, one line, the home folder as ~
 * where a word begins with it. */
tfd_str tfd_page_text(tfd_page *page, tfd_str raw);
/* One line of a command: only credentials in URLs masked; ~ only where a shell expands it. */
tfd_str tfd_page_command(tfd_page *page, tfd_str raw);
/* printf into the page's arena, prepared. */
tfd_str tfd_page_fmt(tfd_page *page, const char *format, ...);
/* The beginning of prepared text that takes at most that many columns, with an ellipsis where something was
 * left out. */
tfd_str tfd_page_cut(tfd_page *page, tfd_str text, size_t columns);

/* Writers of prepared text. */
void tfd_page_put(tfd_page *page, tfd_ink ink, tfd_str text);
void tfd_page_z(tfd_page *page, tfd_ink ink, const char *text);
void tfd_page_pad(tfd_page *page, size_t n);
void tfd_page_line(tfd_page *page);
void tfd_page_gap(tfd_page *page); /* an empty line, unless there is one already */
/* Wrapped from column indent on; the caller has written the first line up to there. */
void tfd_page_wrap(tfd_page *page, tfd_ink ink, tfd_str text, size_t indent);
/* "…", "·" or their ASCII forms. */
const char *tfd_page_ellipsis(const tfd_page *page);
const char *tfd_page_dot(const tfd_page *page);

/* "71 ms", "2.4 s", "3 min 20 s" */
tfd_str tfd_page_time(tfd_page *page, double seconds);
/* "573 MB", "1.9 GB" */
tfd_str tfd_page_bytes(tfd_page *page, uint64_t bytes);

/* How much is shown. */
typedef struct tfd_detail {
    size_t evidence;     /* of the first cause */
    size_t rows;         /* that one text may take; 0: any number */
    size_t causes;       /* shown at all */
    size_t alternatives; /* fixes of the first cause after its best */
    size_t notes;        /* warnings and harmless messages, of each */
    bool other_evidence; /* the strongest evidence of further causes */
    bool other_fix;
    bool everything; /* -v */
} tfd_detail;

/* Prepared text, cut to the rows that the detail allows and wrapped from indent on. */
void tfd_text_limited(tfd_page *page, tfd_ink ink, tfd_str text, size_t indent, const tfd_detail *d);
/* The block of one cause; rank from 1. */
void tfd_text_cause(tfd_page *page, const tfd_cause *cause, size_t rank, const tfd_detail *d);
/* "Fix: title" and its commands; word is "Fix" or "Or". */
void tfd_text_fix(tfd_page *page, const tfd_fix *fix, const char *word, const tfd_detail *d);

/* The sections of -v and --stat. */
void tfd_text_sections(tfd_page *page, const tfd_report *report);
void tfd_text_times(tfd_page *page, const tfd_report *report);

#endif
