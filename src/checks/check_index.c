/* Does pip get through to its index, and what is there for this interpreter? Only with --online. */
#include <stdlib.h>

#include "core/check.h"
#include "formats/pep440.h"

#define CLOCK_MAX 86400 /* seconds; less breaks no certificate that is in use */

/* TensorFlow is there: whatever keeps pip from the index breaks nothing that was asked for. */
static bool is_wanted(const tfd_view *view)
{
    return !tfd_view_tensorflow(view);
}

static tfd_finding network_finding(const tfd_view *view)
{
    return tfd_finding_of(TFD_CAUSE_PIP_NETWORK, TFD_STR(""), TFD_W_PROOF,
                          is_wanted(view) ? TFD_EFFECT_BREAKS : TFD_EFFECT_LATENT);
}

/* Where what is asked for is set. */
static tfd_str source_of(const tfd_online *online)
{
    tfd_net_kind kind = online->failure.kind;

    if (kind >= TFD_NET_PROXY_DNS && kind <= TFD_NET_PROXY_STATUS)
        return online->proxy_source;
    if (kind == TFD_NET_CA_FILE || (kind == TFD_NET_TLS_CA && online->cert.len > 0))
        return online->cert_source;
    return online->index_source;
}

static void blame_way(const tfd_view *view, tfd_findings *out)
{
    const tfd_online *online = &view->facts->online;
    tfd_finding finding = network_finding(view);

    finding.text = online->failure.text;
    finding.source = source_of(online);
    tfd_findings_add(out, &finding);
}

static void blame_absence(const tfd_view *view, tfd_findings *out)
{
    const tfd_online *online = &view->facts->online;
    tfd_finding finding = network_finding(view);

    finding.text = tfd_arena_fmt(out->arena, "%.*s has no project tensorflow", TFD_ARG(online->index));
    finding.source = online->index_source;
    tfd_findings_add(out, &finding);
}

/* pip passes over what does not answer, after it has tried for a while. */
static void blame_passed_over(const tfd_view *view, tfd_findings *out)
{
    const tfd_online *online = &view->facts->online;
    tfd_finding finding = network_finding(view);

    if (!tfd_net_is_way(online->failure.kind) || online->useless.count == 0)
        return;
    finding.effect = TFD_EFFECT_LATENT;
    finding.text = tfd_arena_fmt(out->arena, "%.*s; pip goes on without it", TFD_ARG(online->failure.text));
    finding.source = online->useless.items[0].source;
    tfd_findings_add(out, &finding);
}

static void blame_clock(const tfd_view *view, tfd_findings *out)
{
    const tfd_online *online = &view->facts->online;
    tfd_finding finding = tfd_finding_of(TFD_CAUSE_PIP_NETWORK, TFD_STR(""), TFD_W_STRONG, TFD_EFFECT_LATENT);

    if (!online->knows_clock || llabs((long long)online->clock_off) < CLOCK_MAX)
        return;
    finding.text = tfd_arena_fmt(out->arena, "the clock of this machine is %lld hours %s by the index's",
                                 (long long)(llabs((long long)online->clock_off) / 3600),
                                 online->clock_off > 0 ? "fast" : "slow");
    finding.source = online->index;
    tfd_findings_add(out, &finding);
}

/* A mirror that lacks releases which are in the tables has not been brought up to date, or does not keep all
 * files: then it is not this Python that has no wheel. */
static bool blame_lag(const tfd_view *view, tfd_findings *out)
{
    const tfd_online *online = &view->facts->online;
    const tfd_kb_release *known = tfd_view_newest_release(view);
    tfd_finding finding = network_finding(view);
    int order = 0;

    if (!online->complete || !known || online->newest.len == 0 ||
        !tfd_version_cmp_text(online->newest, known->version, &order))
        return false;
    if (order < 0)
        finding.text = tfd_arena_fmt(
            out->arena, "the newest TensorFlow of %.*s is %.*s; %.*s has been released long since",
            TFD_ARG(online->index), TFD_ARG(online->newest), TFD_ARG(known->version));
    else if (online->newest_fit.len == 0 && online->fits_tags_known)
        finding.text = tfd_arena_fmt(
            out->arena,
            "%.*s has no wheel of TensorFlow for this Python, for which %.*s has been released with one",
            TFD_ARG(online->index), TFD_ARG(known->version));
    else
        return false;
    /* An older release that fits can still be installed. */
    if (online->newest_fit.len > 0)
        finding.effect = TFD_EFFECT_LATENT;
    finding.source = online->index_source;
    tfd_findings_add(out, &finding);
    return true;
}

static void say_found(const tfd_view *view, tfd_findings *out)
{
    const tfd_online *online = &view->facts->online;

    if (out->check_status != TFD_CHECK_OK)
        return;
    if (online->newest.len == 0)
        tfd_findings_say(out, tfd_arena_fmt(out->arena, "%.*s has no wheel of a release of TensorFlow",
                                            TFD_ARG(online->index)));
    else if (online->newest_fit.len > 0)
        tfd_findings_say(out,
                         tfd_arena_fmt(out->arena, "TensorFlow %.*s is the newest for this Python on %.*s",
                                       TFD_ARG(online->newest_fit), TFD_ARG(online->index)));
    else
        tfd_findings_say(out, tfd_arena_fmt(out->arena,
                                            "%.*s has no TensorFlow for this Python; its newest is %.*s",
                                            TFD_ARG(online->index), TFD_ARG(online->newest)));
}

/* Nothing was asked, or not to its end: nothing is known. */
static bool was_prevented(tfd_net_kind kind)
{
    return kind >= TFD_NET_NOT_FOLLOWED;
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_online *online = &view->facts->online;

    if (!online->was_asked) {
        tfd_findings_skip(out, TFD_STR("the package index is asked with --online only"));
    } else if (was_prevented(online->failure.kind)) {
        tfd_findings_unknown(out, online->failure.text);
    } else if (online->failure.kind == TFD_NET_NO_PROJECT) {
        blame_absence(view, out);
    } else if (online->failure.kind != TFD_NET_OK && !online->is_found) {
        blame_way(view, out);
    } else if (!blame_lag(view, out)) {
        blame_passed_over(view, out);
        blame_clock(view, out);
        say_found(view, out);
    }
}

const tfd_check tfd_check_index = {
    .id = "index",
    .summary = "The package index that pip asks answers, and has TensorFlow (with --online)",
    .run = run,
};
