/* What is looked at before anything is installed: the machine, the interpreter, its GPUs, its packages. The
 * same probes as an examination's, without the import, the native files and the checks. */
#ifndef TFD_CORE_SURVEY_H
#define TFD_CORE_SURVEY_H

#include "core/facts.h"
#include "core/options.h"
#include "kb/kb.h"
#include "sys/sys.h"

typedef struct tfd_survey {
    tfd_facts facts;
    bool has_python; /* an interpreter was found; otherwise why_no_python says what was looked for */
    tfd_str why_no_python;
} tfd_survey;

/* Looks at sys. Borrows sys and options as long as the result is used; all memory comes from arena. kb may be
 * read from, and only by the calling thread. TFD_OK also where no interpreter was found. TFD_ENOMEM;
 * TFD_EFORMAT where the knowledge cannot be read. */
tfd_status tfd_survey_run(const tfd_sys *sys, const tfd_options *options, tfd_kb *kb, tfd_arena *arena,
                          tfd_survey *out, tfd_err *err);

#endif
