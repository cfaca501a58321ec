/* What the causes and the import come to: whether what was asked for works, and the exit code. Pure. */
#ifndef TFD_CORE_OUTCOME_H
#define TFD_CORE_OUTCOME_H

#include "core/facts.h"
#include "core/options.h"
#include "core/report.h"

/* Whether the module imports, from the ranked causes and, where it was tried, from the import itself.
 * was_examined: every static check ran, so that a forecast that names no cause may say "works". */
tfd_works tfd_outcome_import(const tfd_report *report, const tfd_facts *facts, bool was_examined);

/* 0 or 1; report->import, gpu, causes and warnings are filled in. */
int tfd_outcome_exit_code(const tfd_report *report, const tfd_options *options);

#endif
