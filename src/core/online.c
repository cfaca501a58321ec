#include "core/online.h"

#include "formats/pep440.h"
#include "formats/tags.h"
#include "net/index.h"
#include "packages/packages.h"

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

static void choose_releases(const tfd_facts *facts, const tfd_index_project *project, tfd_online *out,
                            const tfd_index_file **best)
{
    tfd_tag_target target = tfd_packages_tag_target(facts);

    out->fits_tags_known = true;
    for (size_t i = 0; i < project->count; i++) {
        const tfd_index_file *file = &project->items[i];
        tfd_tag_why why = TFD_TAG_FITS;
        tfd_tri fits;

        if (!is_final(file))
            continue;
        if (is_newer(file->version, out->newest))
            out->newest = file->version;
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

static void tell_settings(tfd_index *index, tfd_online *out)
{
    size_t count;
    const tfd_index_address *addresses = tfd_index_addresses(index, &count);
    tfd_index_way way = tfd_index_get_way(index);

    if (count > 0 && addresses[0].role != TFD_INDEX_FIND_LINKS) {
        out->index = addresses[0].url;
        out->index_source = addresses[0].source;
    }
    out->proxy = way.proxy;
    out->proxy_source = way.proxy_source;
    out->cert = way.cert;
    out->cert_source = way.cert_source;
    out->ca_system = way.ca_system;
    out->fault = way.fault;
    out->is_uv = way.is_uv;
}

/* What the newest release says of itself: a mirror's page may lack requires-python. */
static tfd_status read_newest(tfd_index *index, const tfd_index_file *file, tfd_online *out, tfd_err *err)
{
    tfd_index_text text;
    tfd_status st = tfd_index_metadata_read(index, &file, 1, &text, err);

    if (st == TFD_OK)
        out->requires_python = tfd_index_metadata_first(text.text, "Requires-Python");
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
    const tfd_index_file *best = NULL;
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
    tell_settings(index, out);
    st = tfd_index_projects_read(index, &name, 1, &project, err);
    if (st != TFD_OK)
        return st;
    out->failure = project.failure;
    out->is_found = project.is_found;
    out->complete = project.complete;
    out->files = project.count;
    choose_releases(facts, &project, out, &best);
    if (best)
        st = read_newest(index, best, out, err);
    counts = tfd_index_get_counts(index);
    out->requests = counts.requests;
    out->bytes = counts.bytes;
    out->microseconds = counts.microseconds;
    out->knows_clock = tfd_index_clock_off(index, &out->clock_off);
    return st;
}
