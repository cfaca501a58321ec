#include "core/online.h"

#include "formats/pep440.h"
#include "formats/tags.h"
#include "net/index.h"
#include "packages/packages.h"

#define METADATA_MAX 3 /* files that are looked into, one after the other */

static bool is_final(const tfd_index_file *file)
{
    tfd_version version;

    return file->form == TFD_INDEX_WHEEL && !file->is_yanked &&
           tfd_version_parse(file->version, &version) == TFD_OK && !tfd_version_is_prerelease(&version);
}

static bool is_newer(tfd_str version, tfd_str than)
{
    int order = 0;

    return than.len == 0 || (tfd_version_cmp_text(version, than, &order) && order > 0);
}

/* *best: NULL where newest_fit is empty. */
static void choose_releases(const tfd_facts *facts, const tfd_index_project *project, tfd_online *out,
                            const tfd_index_file **newest, tfd_index_file **best)
{
    tfd_tag_target target = tfd_packages_tag_target(facts);

    *best = NULL;
    out->newest_fit = TFD_STR("");
    out->fits_tags_known = true;
    for (size_t i = 0; i < project->count; i++) {
        tfd_index_file *file = &project->items[i];
        tfd_tag_why why = TFD_TAG_FITS;
        tfd_tri fits;

        if (!is_final(file))
            continue;
        if (is_newer(file->version, out->newest)) {
            out->newest = file->version;
            *newest = file;
        }
        fits = tfd_tag_match(file->tags, &target, &why);
        out->python_fits =
            out->python_fits || fits == TFD_YES || why == TFD_TAG_PLATFORM || why == TFD_TAG_LIBC;
        if (fits == TFD_YES && facts->python.version.len > 0 &&
            tfd_specifier_match(file->requires_python, facts->python.version, TFD_PRE_ALLOW) == TFD_NO)
            fits = TFD_NO;
        out->fits_tags_known = out->fits_tags_known && fits != TFD_UNKNOWN;
        if (fits == TFD_YES && is_newer(file->version, out->newest_fit)) {
            out->newest_fit = file->version;
            *best = file;
        }
    }
}

static void tell_way(const tfd_index *index, tfd_online *out)
{
    tfd_index_way way = tfd_index_get_way(index);

    out->proxy = way.proxy;
    out->proxy_source = way.proxy_source;
    out->cert = way.cert;
    out->cert_source = way.cert_source;
    out->ca_system = way.ca_system;
    out->is_uv = way.is_uv;
}

static const char *option_of(tfd_index_role role)
{
    return role == TFD_INDEX_MAIN ? "index-url" : role == TFD_INDEX_EXTRA ? "extra-index-url" : "find-links";
}

static bool add_useless(tfd_arena *arena, tfd_str address, tfd_str source, const char *option,
                        tfd_online *out)
{
    if (!TFD_GROW(arena, &out->useless))
        return false;
    out->useless.items[out->useless.count++] = (tfd_online_setting){address, source, option};
    return true;
}

static size_t main_address(const tfd_index_address *addresses, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (addresses[i].role == TFD_INDEX_MAIN)
            return i;
    return 0;
}

/* Which address the answer is about, and which settings do no good. */
static bool tell_addresses(const tfd_index *index, tfd_arena *arena, const tfd_index_project *project,
                           const tfd_index_file *file, tfd_online *out)
{
    tfd_str forbidden = tfd_index_get_way(index).no_index_source;
    size_t count, about;
    const tfd_index_address *addresses = tfd_index_addresses(index, &count);
    bool ok = true;

    about = file ? file->address
            : project->failure.kind != TFD_NET_OK && project->failure.kind != TFD_NET_NO_PROJECT
                ? project->failed
                : main_address(addresses, count);
    if (about < count) {
        out->index = addresses[about].url;
        out->index_source = addresses[about].source;
    }
    if (forbidden.len > 0 && !out->newest_fit.len) {
        out->index_source = forbidden;
        return add_useless(arena, TFD_STR(""), forbidden, "no-index", out);
    }
    for (size_t i = 0; i < count && project->failures && ok; i++)
        if (project->failures[i].kind != TFD_NET_OK || (file && i == about && !out->newest_fit.len))
            ok = add_useless(arena, addresses[i].url, addresses[i].source, option_of(addresses[i].role), out);
    return ok;
}

/* A mirror's page may lack what METADATA says: then the next release is chosen. */
static tfd_status settle_releases(tfd_index *index, const tfd_facts *facts, const tfd_index_project *project,
                                  tfd_online *out, const tfd_index_file **about, tfd_err *err)
{
    tfd_status st = TFD_OK;

    for (int i = 0; i < METADATA_MAX && st == TFD_OK; i++) {
        tfd_index_file *best;
        tfd_index_text text;
        tfd_str wants;

        choose_releases(facts, project, out, about, &best);
        if (!best)
            return TFD_OK;
        *about = best;
        st = tfd_index_metadata_read(index, about, 1, &text, err);
        wants = st == TFD_OK ? tfd_index_metadata_first(text.text, "Requires-Python") : TFD_STR("");
        if (wants.len == 0 || tfd_str_eq(wants, best->requires_python) ||
            tfd_specifier_match(wants, facts->python.version, TFD_PRE_ALLOW) != TFD_NO)
            return st;
        best->requires_python = wants;
    }
    return st;
}

tfd_status tfd_online_ask(const tfd_sys *sys, tfd_arena *arena, const tfd_options *options, tfd_facts *facts,
                          bool (*tick)(void *ctx), void *tick_ctx, tfd_err *err)
{
    tfd_index_config config = {.index_url = options->index_url,
                               .offline = options->offline || !sys->is_native,
                               .requests_max = TFD_ONLINE_REQUESTS,
                               .deadline_ms = TFD_ONLINE_DEADLINE_MS,
                               .facts = facts,
                               .tick = tick,
                               .tick_ctx = tick_ctx};
    tfd_online *out = &facts->online;
    const tfd_str name = TFD_STR("tensorflow");
    const tfd_index_file *about = NULL;
    tfd_index_project project;
    tfd_index_counts counts;
    tfd_index *index = NULL;
    tfd_status st;

    if (!options->online)
        return TFD_OK;
    out->was_asked = true;
    st = tfd_index_open(sys, arena, &config, &index, &out->failure, err);
    if (st != TFD_OK)
        return st;
    tell_way(index, out);
    st = tfd_index_projects_read(index, &name, 1, &project, err);
    if (st != TFD_OK)
        return st;
    out->failure = project.failure;
    out->is_found = project.is_found;
    out->complete = project.complete;
    out->files = project.count;
    st = settle_releases(index, facts, &project, out, &about, err);
    if (st == TFD_OK && !tell_addresses(index, arena, &project, about, out))
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    counts = tfd_index_get_counts(index);
    out->requests = counts.requests;
    out->bytes = counts.bytes;
    out->microseconds = counts.microseconds;
    out->knows_clock = tfd_index_clock_off(index, &out->clock_off);
    return st;
}
