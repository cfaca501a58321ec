/* Whether pip gets over its settings, and how its last run ended, where it keeps a log: what kept TensorFlow
 * from being installed. */
#include "core/check.h"

static bool has_tensorflow(const tfd_view *view)
{
    const tfd_modules *all = &view->facts->modules;

    if (tfd_view_tensorflow(view) || !view->facts->dists.complete)
        return true; /* or may have */
    for (size_t i = 0; i < all->count; i++)
        if (tfd_str_is(all->items[i].name, "tensorflow") && all->items[i].place != TFD_NONE)
            return true;
    return false;
}

static void blame_settings(const tfd_view *view, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;
    tfd_finding finding = tfd_finding_of(TFD_CAUSE_PIP_NETWORK, facts->pip_refused, TFD_W_PROOF,
                                         has_tensorflow(view) ? TFD_EFFECT_LATENT : TFD_EFFECT_BREAKS);

    finding.path = facts->pip_refused;
    finding.text =
        tfd_arena_fmt(out->arena, "pip ends at line %zu of %.*s, which is no configuration file to it",
                      facts->pip_refused_line, TFD_ARG(facts->pip_refused));
    finding.source =
        tfd_arena_fmt(out->arena, "%.*s:%zu", TFD_ARG(facts->pip_refused), facts->pip_refused_line);
    tfd_findings_add(out, &finding);
}

/* TensorFlow is not there, and the run that should have brought it came to nothing. */
static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;
    const tfd_pip_log *log = &facts->pip_log;
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_PIP_OUT_OF_MEMORY, TFD_STR(""), TFD_W_PROOF, TFD_EFFECT_BREAKS);

    if (facts->pip_refused.len > 0 && (facts->python.uv.len == 0 || facts->python.has_pip != TFD_NO)) {
        blame_settings(view, out);
        return;
    }
    if (facts->pip_log_path.len == 0) {
        tfd_findings_skip(out, TFD_STR("pip is not told to keep a log"));
        return;
    }
    if (!facts->pip_log_is_read) {
        tfd_findings_unknown(out, TFD_STR("pip's log cannot be read"));
        return;
    }
    if (has_tensorflow(view) || !log->names_tensorflow || log->end == TFD_PIP_END_OTHER ||
        log->end == TFD_PIP_END_SPACE ||
        (log->end == TFD_PIP_END_DOWNLOADING && !tfd_facts_pip_lacks_memory(facts, 0))) {
        tfd_findings_say(out, TFD_STR("the log of pip's last run names nothing that is still in the way"));
        return;
    }
    finding.text =
        log->end == TFD_PIP_END_MEMORY
            ? tfd_arena_fmt(out->arena, "pip's last run ended with %.*s", TFD_ARG(log->text))
            : tfd_arena_fmt(out->arena,
                            "pip's last run was ended at \"%.*s\"; this pip holds a wheel three times in "
                            "memory while it puts it into its cache",
                            TFD_ARG(log->text));
    finding.source = log->line > 0
                         ? tfd_arena_fmt(out->arena, "%.*s:%zu", TFD_ARG(facts->pip_log_path), log->line)
                         : facts->pip_log_path;
    if (log->end == TFD_PIP_END_DOWNLOADING)
        finding.weight = TFD_W_STRONG + 10;
    tfd_findings_add(out, &finding);
}

const tfd_check tfd_check_pip = {
    .id = "pip",
    .summary =
        "pip can read its settings, and its last run did not end for want of memory, where it keeps a log",
    .run = run,
};
