#include "core/finding.h"

tfd_finding tfd_finding_of(tfd_cause_id cause, tfd_str subject, int weight, tfd_effect effect)
{
    tfd_finding finding = {.cause = cause, .subject = subject, .weight = weight, .effect = effect};

    finding.dist = TFD_NONE;
    finding.place = TFD_NONE;
    return finding;
}

static bool is_known(const tfd_findings *out, const tfd_finding *finding)
{
    for (size_t i = 0; i < out->count; i++) {
        const tfd_finding *one = &out->items[i];

        if (one->cause == finding->cause && tfd_str_eq(one->subject, finding->subject) &&
            tfd_str_eq(one->text, finding->text))
            return true;
    }
    return false;
}

static void raise_status(tfd_findings *out, tfd_check_status status)
{
    bool is_worse = out->check_status == TFD_CHECK_OK ||
                    (out->check_status == TFD_CHECK_WARN && status == TFD_CHECK_FAIL);

    if (is_worse)
        out->check_status = status;
}

void tfd_findings_add(tfd_findings *out, const tfd_finding *finding)
{
    if (out->status != TFD_OK || is_known(out, finding))
        return;
    if (!TFD_GROW(out->arena, out)) {
        out->status = TFD_ENOMEM;
        return;
    }
    out->items[out->count] = *finding;
    out->items[out->count].check = out->check;
    out->count++;
    if (finding->weight <= 0)
        return;
    raise_status(out, finding->effect == TFD_EFFECT_LATENT ? TFD_CHECK_WARN : TFD_CHECK_FAIL);
    if (out->check_summary.len == 0)
        out->check_summary = finding->text;
}

void tfd_findings_clear(tfd_findings *out, tfd_str text)
{
    if (!tfd_arena_grow(out->arena, &out->cleared, &out->cleared_capacity, out->cleared_count,
                        sizeof *out->cleared)) {
        out->status = TFD_ENOMEM;
        return;
    }
    out->cleared[out->cleared_count++] = text;
}

void tfd_findings_benign(tfd_findings *out, const char *id, tfd_str text, tfd_str why)
{
    tfd_benign *row;

    if (!tfd_arena_grow(out->arena, &out->benign, &out->benign_capacity, out->benign_count,
                        sizeof *out->benign)) {
        out->status = TFD_ENOMEM;
        return;
    }
    row = &out->benign[out->benign_count++];
    row->id = tfd_str_of(id);
    row->text = text;
    row->why = why;
}

void tfd_findings_unknown(tfd_findings *out, tfd_str why)
{
    out->check_status = TFD_CHECK_UNKNOWN;
    out->check_summary = why;
}

void tfd_findings_skip(tfd_findings *out, tfd_str why)
{
    out->check_status = TFD_CHECK_SKIPPED;
    out->check_summary = why;
}

void tfd_findings_say(tfd_findings *out, tfd_str summary)
{
    out->check_summary = summary;
}
