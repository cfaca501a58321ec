/* pip's log (--log, PIP_LOG): how its last run ended. */
#ifndef TFD_FORMATS_PIPLOG_H
#define TFD_FORMATS_PIPLOG_H

#include "base/str.h"

typedef enum tfd_pip_end {
    TFD_PIP_END_OTHER,       /* it did its work, or failed for a reason that is not told apart here */
    TFD_PIP_END_MEMORY,      /* MemoryError */
    TFD_PIP_END_SPACE,       /* ENOSPC */
    TFD_PIP_END_DOWNLOADING, /* nothing follows the line that names the file: the process was ended */
} tfd_pip_end;

typedef struct tfd_pip_log {
    tfd_pip_end end;
    bool names_tensorflow; /* that run collected or fetched it */
    tfd_str pip;           /* a path of the pip that ran ("…/site-packages/pip"); empty: not told */
    tfd_str text;          /* the line that tells, without its time */
    size_t line;           /* its number in text, 1-based; 0: none */
} tfd_pip_log;

/* Every line that pip writes begins with its time, "2026-11-23T10:14:10,752 "
 * (pip/_internal/utils/logging.py, since 10.0); others are output of programs, and the bar of progress. The
 * file grows from run to run; those of `pip install` begin with "Using pip" since 21.0. out points into text.
 */
void tfd_pip_log_parse(tfd_str text, tfd_pip_log *out);

#endif
