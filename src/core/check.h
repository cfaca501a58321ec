/* All that a check includes. A check is a pure function from facts to findings: no I/O, no machine, one
 * question. */
#ifndef TFD_CORE_CHECK_H
#define TFD_CORE_CHECK_H

#include "core/blame.h"
#include "core/finding.h"
#include "core/rank.h"
#include "core/view.h"
#include "kb/kb.h"

typedef struct tfd_check tfd_check;

struct tfd_check {
    const char *id;      /* public, kebab-case */
    const char *summary; /* one sentence, for `list checks` */
    bool needs_import;   /* looks at the outcome of the import: runs again when there is one */
    void (*run)(const tfd_view *view, tfd_findings *out);
};

#endif
