#include "core/outcome.h"

static bool has_import_cause(const tfd_report *report)
{
    for (size_t i = 0; i < report->cause_count; i++)
        if (report->causes[i].side != TFD_SIDE_GPU)
            return true;
    return false;
}

/* Beside an import that worked there is a cause only where Wine let something pass that Windows does not. */
tfd_works tfd_outcome_import(const tfd_report *report, const tfd_facts *facts, bool was_examined)
{
    if (facts->import.ran) {
        switch (facts->import.status) {
        case TFD_IMPORT_OK:
            return has_import_cause(report) ? TFD_WORKS_FAILS : TFD_WORKS_OK;
        case TFD_IMPORT_FAILS:
            return TFD_WORKS_FAILS;
        default:
            return TFD_WORKS_UNKNOWN;
        }
    }
    if (has_import_cause(report))
        return TFD_WORKS_FAILS;
    return was_examined && facts->python.broken != TFD_PY_UNKNOWN ? TFD_WORKS_OK : TFD_WORKS_UNKNOWN;
}

int tfd_outcome_exit_code(const tfd_report *report, const tfd_options *options)
{
    if (report->import == TFD_WORKS_FAILS)
        return 1;
    if (report->gpu == TFD_WORKS_FAILS && options->fail_on != TFD_FAIL_ON_IMPORT)
        return 1;
    return options->fail_on == TFD_FAIL_ON_WARNING && report->warning_count > 0 ? 1 : 0;
}

/* Seconds of processor time that have to be left. */
#define HASH_SECONDS 30

bool tfd_outcome_may_be_altered(const tfd_facts *facts)
{
    const tfd_import *import = &facts->import;
    const tfd_fact *limit = &facts->scalars[TFD_FACT_LIMIT_CPU];

    if (facts->dists.count == 0 || !import->ran || import->status != TFD_IMPORT_FAILS || import->timed_out)
        return false;
    return limit->state != TFD_STATE_PRESENT || limit->integer >= HASH_SECONDS;
}

bool tfd_outcome_is_explained(const tfd_report *report)
{
    return report->cause_count > 0 && report->causes[0].certainty == TFD_CERTAIN;
}

/* --python may name anything. What does not work and does not even look like a Python (its name, a standard
 * library, a pyvenv.cfg) is a mistake of the command line, not a broken interpreter. */
bool tfd_outcome_is_python(const tfd_facts *facts, tfd_path_style style)
{
    const tfd_python *py = &facts->python;
    tfd_str name = tfd_path_base(style, py->path);
    tfd_str real = tfd_path_base(style, py->real);

    if (py->broken == TFD_PY_NOT_EXEC && !tfd_str_starts_z(name, "python") && !tfd_str_starts_z(name, "pypy"))
        return false; /* pyvenv.cfg, a script of the user */
    if (py->broken == TFD_PY_FINE || py->broken == TFD_PY_UNKNOWN || py->pyvenv_cfg.len > 0 ||
        py->stdlib.len > 0)
        return true;
    return tfd_str_starts_z(name, "py") || tfd_str_starts_z(real, "py") || tfd_str_starts_z(name, "graalpy");
}
