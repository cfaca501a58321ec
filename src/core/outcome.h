/* What the causes and the import come to: whether what was asked for works, and the exit code. Pure. */
#ifndef TFD_CORE_OUTCOME_H
#define TFD_CORE_OUTCOME_H

#include "core/facts.h"
#include "core/options.h"
#include "core/report.h"

/* Whether what is examined is a Python at all, whole or broken. */
bool tfd_outcome_is_python(const tfd_facts *facts, tfd_path_style style);

/* Whether the module imports, from the ranked causes and, where it was tried, from the import itself.
 * was_examined: every static check ran, so that a forecast that names no cause may say "works"; it does not
 * of an interpreter that could not be looked at. */
tfd_works tfd_outcome_import(const tfd_report *report, const tfd_facts *facts, bool was_examined);

/* Whether the import failed in a way that altered files may be behind; comparing hashes takes a second or
 * two, and is not for a process whose time is limited. */
bool tfd_outcome_may_be_altered(const tfd_facts *facts);
/* Whether the first cause is certain: nothing else has to be looked at. */
bool tfd_outcome_is_explained(const tfd_report *report);

/* 0 or 1; report->import, gpu, causes and warnings are filled in. */
int tfd_outcome_exit_code(const tfd_report *report, const tfd_options *options);

#endif
