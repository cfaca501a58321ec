#include <string.h>

#include "net/index_parts.h"
#include "net/url.h"

#define ACCEPT_PAGE \
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"

/* ---- opening */

static bool add_address(tfd_index *index, tfd_index_role role, tfd_net_value value)
{
    tfd_index_address *one = &index->addresses[index->address_count];

    if (value.text.len == 0)
        return true;
    for (size_t i = 0; i < index->address_count; i++)
        if (tfd_str_eq(index->urls[i], value.text))
            return true;
    one->role = role;
    one->url = tfd_url_plain(index->arena, value.text);
    one->source = value.source;
    index->urls[index->address_count++] = value.text;
    return one->url.ptr != NULL;
}

static tfd_status choose_addresses(tfd_index *index)
{
    const tfd_net_settings *set = &index->settings;
    size_t n = 2 + set->extra.count + set->links.count;
    tfd_net_value asked = {index->config.index_url, TFD_STR("--index-url")};
    bool is_closed = set->no_index.text.len > 0 && asked.text.len == 0, ok = true;

    index->addresses = tfd_arena_new(index->arena, tfd_index_address, n);
    index->urls = tfd_arena_new(index->arena, tfd_str, n);
    if (!index->addresses || !index->urls)
        return TFD_ENOMEM;
    if (!is_closed && !set->is_uv)
        ok = add_address(index, TFD_INDEX_MAIN, asked.text.len > 0 ? asked : set->index);
    for (size_t i = 0; i < set->extra.count && !is_closed; i++)
        ok = ok && add_address(index, TFD_INDEX_EXTRA, set->extra.items[i]);
    if (!is_closed && set->is_uv) /* its default index is the last one */
        ok = ok && add_address(index, TFD_INDEX_MAIN, asked.text.len > 0 ? asked : set->index);
    for (size_t i = 0; i < set->links.count; i++)
        ok = ok && add_address(index, TFD_INDEX_FIND_LINKS, set->links.items[i]);
    return ok ? TFD_OK : TFD_ENOMEM;
}

static void judge_session(tfd_index *index)
{
    tfd_net_kind kind = TFD_NET_OK;
    tfd_str text = TFD_STR("");

    if (index->config.offline) {
        kind = TFD_NET_OFFLINE;
        text = TFD_STR("--offline forbids to ask the package index");
    } else if (index->fetch.program.len == 0) {
        kind = TFD_NET_NO_CURL;
        text =
            TFD_STR("this tfdiag cannot ask: it was built without libcurl, or its program tfdiag-net is not "
                    "beside it");
    } else if (index->address_count == 0 && index->settings.no_index.text.len > 0) {
        kind = TFD_NET_SHUT;
        text = tfd_arena_fmt(index->arena, "%.*s keeps pip from asking any index",
                             TFD_ARG(index->settings.no_index.source));
    } else if (index->address_count == 0) {
        kind = TFD_NET_NO_INDEX;
        text = TFD_STR(
            "no address of a package index is set, and there is no pip to read its own from; give one "
            "with --index-url");
    }
    if (kind != TFD_NET_OK)
        tfd_failure_set(index->arena, kind, TFD_STR(""), text, &index->closed);
}

tfd_status tfd_index_open(const tfd_sys *sys, tfd_arena *arena, const tfd_index_config *config,
                          tfd_index **out, tfd_net_failure *failure, tfd_err *err)
{
    tfd_index *index = tfd_arena_new(arena, tfd_index, 1);
    uint64_t deadline_ms = config->deadline_ms ? config->deadline_ms : TFD_INDEX_DEADLINE_MS;
    tfd_status st = index ? TFD_OK : TFD_ENOMEM;

    if (st == TFD_OK) {
        index->sys = sys;
        index->arena = arena;
        index->config = *config;
        st = tfd_net_settings_read(sys, arena, config->facts, &index->settings);
    }
    if (st == TFD_OK)
        st = choose_addresses(index);
    if (st != TFD_OK)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    index->fetch =
        (tfd_fetch){.sys = sys, .arena = arena, .config = &index->config, .settings = &index->settings};
    index->fetch.deadline_us = sys->clock_us(sys) + 1000u * deadline_ms;
    index->fetch.requests_max = config->requests_max ? config->requests_max : TFD_INDEX_REQUESTS_MAX;
    tfd_fetch_init(&index->fetch);
    judge_session(index);
    *failure = index->closed;
    *out = index;
    return TFD_OK;
}

const tfd_index_address *tfd_index_addresses(const tfd_index *index, size_t *count)
{
    *count = index->address_count;
    return index->addresses;
}

tfd_index_way tfd_index_get_way(const tfd_index *index)
{
    const tfd_net_settings *set = &index->settings;
    tfd_net_value proxy = {TFD_STR(""), TFD_STR("")};

    if (index->address_count > 0)
        proxy = tfd_net_proxy_for(index->sys, index->arena, set, index->urls[0]);
    return (tfd_index_way){.is_uv = set->is_uv,
                           .proxy = tfd_url_plain(index->arena, proxy.text),
                           .proxy_source = proxy.source,
                           .cert = set->cert.text,
                           .cert_source = set->cert.source,
                           .ca_system = set->ca_system,
                           .no_index_source =
                               index->config.index_url.len > 0 ? TFD_STR("") : set->no_index.source};
}

tfd_index_counts tfd_index_get_counts(const tfd_index *index)
{
    return index->fetch.counts;
}

bool tfd_index_clock_off(const tfd_index *index, int64_t *seconds)
{
    *seconds = index->fetch.clock_off;
    return index->fetch.knows_clock;
}

/* ---- projects */

/* Pages to ask for: each project of each index, and each page of find-links once. */
typedef struct pages {
    tfd_fetch_request *requests;
    tfd_fetch_answer *answers;
    size_t *projects; /* row; TFD_NONE: all */
    size_t *addresses;
    size_t count;
} pages;

static tfd_str page_url(tfd_index *index, size_t address, tfd_str key)
{
    tfd_str base = index->urls[address];

    while (base.len > 0 && base.ptr[base.len - 1] == '/')
        base.len--;
    return tfd_arena_fmt(index->arena, "%.*s/%.*s/", TFD_ARG(base), TFD_ARG(key));
}

static void add_page(pages *all, tfd_str url, size_t project, size_t address)
{
    all->requests[all->count] =
        (tfd_fetch_request){.url = url, .accept = ACCEPT_PAGE, .max = TFD_INDEX_PAGE_MAX};
    all->projects[all->count] = project;
    all->addresses[all->count++] = address;
}

static bool list_pages(tfd_index *index, const tfd_index_project *projects, size_t n, pages *all)
{
    size_t max = (n + 1) * index->address_count + 1;

    all->requests = tfd_arena_new(index->arena, tfd_fetch_request, max);
    all->answers = tfd_arena_new(index->arena, tfd_fetch_answer, max);
    all->projects = tfd_arena_new(index->arena, size_t, max);
    all->addresses = tfd_arena_new(index->arena, size_t, max);
    if (!all->requests || !all->answers || !all->projects || !all->addresses)
        return false;
    for (size_t i = 0; i < index->address_count; i++) {
        if (index->addresses[i].role != TFD_INDEX_FIND_LINKS)
            for (size_t k = 0; k < n; k++)
                add_page(all, page_url(index, i, projects[k].key), k, i);
        else if (tfd_index_folder_of(index, index->urls[i]).len == 0)
            add_page(all, index->urls[i], TFD_NONE, i);
    }
    return true;
}

/* pip passes over a page of any other type (index/collector.py, _ensure_api_header; measured with 23.2). */
static bool is_page(tfd_str type)
{
    static const char *const types[] = {"text/html", "application/vnd.pypi.simple.v1+html",
                                        "application/vnd.pypi.simple.v1+json"};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (tfd_str_eq_nocase(tfd_str_sub(type, 0, strlen(types[i])), tfd_str_of(types[i])))
            return true;
    return false;
}

static void note_failure(tfd_index_project *project, size_t address, const tfd_net_failure *failure)
{
    bool is_absent = failure->kind == TFD_NET_NO_PROJECT;

    project->failures[address] = *failure;
    project->complete = project->complete && is_absent;
    if (project->failure.kind == TFD_NET_OK || (project->failure.kind == TFD_NET_NO_PROJECT && !is_absent)) {
        project->failure = *failure;
        project->failed = address;
    }
}

static tfd_status read_page(tfd_index *index, const tfd_fetch_answer *answer, size_t address, bool is_links,
                            tfd_index_project *project)
{
    tfd_err err = {TFD_OK, 0, ""};
    tfd_net_failure failure;
    bool is_json = tfd_str_find_z(answer->type, "json") != TFD_NPOS;
    tfd_status st = !is_page(answer->type)
                        ? tfd_err_set(&err, TFD_EFORMAT, 0, "its type \"%.*s\" is none of an index",
                                      (int)(answer->type.len < 60 ? answer->type.len : 60), answer->type.ptr)
                        : (is_json ? tfd_simple_read_json : tfd_simple_read_html)(
                              index->arena, answer->body, answer->url, address, project, &err);

    if (st == TFD_OK || (is_links && st == TFD_EFORMAT)) {
        project->is_found = project->is_found || !is_links;
        return TFD_OK;
    }
    if (st == TFD_ENOMEM)
        return st;
    tfd_failure_set(
        index->arena, st == TFD_ELIMIT ? TFD_NET_TOO_LARGE : TFD_NET_HOSTILE, answer->url,
        tfd_arena_fmt(index->arena, "%.*s: %s", TFD_ARG(tfd_url_plain(index->arena, answer->url)), err.text),
        &failure);
    failure.status = answer->failure.status;
    note_failure(project, address, &failure);
    return TFD_OK;
}

static tfd_status take_page(tfd_index *index, const pages *all, size_t i, tfd_index_project *projects,
                            size_t n)
{
    bool is_links = all->projects[i] == TFD_NONE;
    size_t first = is_links ? 0 : all->projects[i], end = is_links ? n : first + 1;
    tfd_status st = TFD_OK;

    for (size_t k = first; k < end && st == TFD_OK; k++) {
        if (all->answers[i].failure.kind != TFD_NET_OK)
            note_failure(&projects[k], all->addresses[i], &all->answers[i].failure);
        else
            st = read_page(index, &all->answers[i], all->addresses[i], is_links, &projects[k]);
    }
    return st;
}

static tfd_status read_folders(tfd_index *index, tfd_index_project *projects, size_t n)
{
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < index->address_count; i++)
        for (size_t k = 0; k < n && st == TFD_OK; k++)
            if (index->addresses[i].role == TFD_INDEX_FIND_LINKS)
                st = tfd_index_read_folder(index, i, &projects[k]);
    return st;
}

/* ---- what the installer makes of several addresses */

/* The installer goes no further than this address. Measured with pip 23.2 and uv 0.13: without a terminal,
 * pip ends at its question for a password; every other failure it passes over. */
static bool stops_at(const tfd_index *index, const tfd_net_failure *failure, size_t address)
{
    tfd_url url;

    if (index->settings.is_uv)
        return failure->kind != TFD_NET_NO_PROJECT;
    return failure->kind == TFD_NET_AUTH && failure->status == 401 && index->settings.asks_user &&
           tfd_url_split(index->urls[address], &url) && url.user.len == 0;
}

static void stop_at(tfd_index_project *project, size_t address)
{
    project->failure = project->failures[address];
    project->failed = address;
    project->count = 0;
    project->is_found = project->complete = false;
}

/* Of the indexes, none but this one: what find-links names stays. */
static void keep_files(const tfd_index *index, size_t address, tfd_index_project *project)
{
    size_t kept = 0;

    for (size_t i = 0; i < project->count; i++)
        if (project->items[i].address == address ||
            index->addresses[project->items[i].address].role == TFD_INDEX_FIND_LINKS)
            project->items[kept++] = project->items[i];
    project->count = kept;
    project->complete = true;
    memset(&project->failure, 0, sizeof project->failure);
}

static bool has_files(const tfd_index_project *project)
{
    for (size_t i = 0; i < project->count; i++)
        if (project->items[i].form != TFD_INDEX_OTHER)
            return true;
    return false;
}

static void settle(const tfd_index *index, tfd_index_project *project)
{
    for (size_t i = 0; i < index->address_count; i++) {
        bool is_ok = project->failures[i].kind == TFD_NET_OK;

        if (index->addresses[i].role == TFD_INDEX_FIND_LINKS)
            continue;
        if (!is_ok && stops_at(index, &project->failures[i], i)) {
            stop_at(project, i);
            return;
        }
        if (is_ok && index->settings.first_only) {
            keep_files(index, i, project);
            break;
        }
    }
    project->is_found = project->is_found || project->count > 0;
    if (project->is_found && project->failure.kind == TFD_NET_NO_PROJECT) /* another index has it */
        memset(&project->failure, 0, sizeof project->failure);
    if (project->failure.kind == TFD_NET_OK && !has_files(project)) {
        tfd_failure_set(index->arena, TFD_NET_NO_FILES, index->urls[0],
                        tfd_arena_fmt(index->arena, "%.*s names no file of %.*s",
                                      TFD_ARG(index->addresses[0].url), TFD_ARG(project->key)),
                        &project->failure);
        project->is_found = false;
    }
}

tfd_status tfd_index_projects_read(tfd_index *index, const tfd_str *names, size_t n, tfd_index_project *out,
                                   tfd_err *err)
{
    pages all = {0};
    tfd_status st;

    if (n > 0)
        memset(out, 0, n * sizeof *out);
    for (size_t k = 0; k < n; k++) {
        out[k].key = tfd_simple_key(index->arena, names[k]);
        out[k].complete = index->closed.kind == TFD_NET_OK;
        out[k].failure = index->closed;
        out[k].failures = tfd_arena_new(index->arena, tfd_net_failure, index->address_count);
        if (!out[k].failures)
            return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    }
    if (n == 0 || index->closed.kind != TFD_NET_OK)
        return TFD_OK;
    if (!list_pages(index, out, n, &all))
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    st = tfd_fetch_run(&index->fetch, all.requests, all.count, all.answers, err);
    for (size_t i = 0; i < all.count && st == TFD_OK; i++)
        st = take_page(index, &all, i, out, n);
    if (st == TFD_OK)
        st = read_folders(index, out, n);
    for (size_t k = 0; k < n && st == TFD_OK; k++)
        settle(index, &out[k]);
    return st;
}
