/* Renderers turn a report into bytes. They only read; same report and style, same bytes (no clock, no process
 * ids). Text from the machine is masked (core/mask.h) and escaped here and nowhere else. */
#ifndef TFD_RENDER_RENDER_H
#define TFD_RENDER_RENDER_H

#include "base/buf.h"
#include "core/mask.h"
#include "core/report.h"

/* How and for whom. Zero is a file: no colour, no home folder, 80 columns, 24 rows. */
typedef struct tfd_style {
    size_t columns, rows; /* 0: 80, 24 */
    bool color;
    bool ascii;                 /* the reader's locale is not UTF-8 */
    tfd_str home;               /* shown as ~ where the short form still works when pasted; empty: never */
    const tfd_secrets *secrets; /* may be NULL */
} tfd_style;

typedef struct tfd_renderer {
    const char *name; /* of --format */
    tfd_status (*render)(const tfd_report *report, const tfd_style *style, tfd_buf *out);
} tfd_renderer;

/* Limit of one rendered report, in bytes. */
#define TFD_RENDER_MAX ((size_t)16 << 20)

/* NULL if there is none of that name. */
const tfd_renderer *tfd_renderer_find(tfd_str name);

/* The JSON object that stands for a report where nothing was examined. knowledge may be empty. */
void tfd_render_json_error(tfd_str message, tfd_str hint, tfd_str knowledge, const tfd_style *style,
                           tfd_buf *out);

/* Words shared by the formats: "ok", "fails", "not-expected", "unknown"; "certain" …; "sh" …; "skipped" …. */
const char *tfd_works_name(tfd_works works);
const char *tfd_certainty_name(tfd_certainty certainty);
const char *tfd_shell_name(tfd_shell shell);
const char *tfd_check_status_name(tfd_check_status status);
/* "linux-x86_64" of what the interpreter is (or the machine, where that is unknown); buf has room for 40
 * bytes. */
const char *tfd_platform_name(const tfd_facts *facts, char buf[40]);

#endif
