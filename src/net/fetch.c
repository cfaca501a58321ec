#include "net/fetch.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "net/url.h"
#include "sys/child.h"
#include "sys/host.h"
#include "sys/net/wire.h"

#define POLL_US 100000u
#define DATA_MAX ((size_t)128 << 20)
#define RECORD_MAX ((size_t)16 << 10)
#define BATCH_MAX 128u
#define MARGIN_MS \
    3000u /* what the program may need beyond the deadline: certificates are looked at after it */
#define PROBE_MS 20000u

#ifdef TFD_NET_INSIDE
static void find_program(tfd_fetch *fetch)
{
    fetch->program = tfd_host_program(fetch->arena);
    fetch->argument = TFD_NET_PROGRAM;
}
#else
static bool find_in(tfd_fetch *fetch, tfd_str dir)
{
    tfd_str path = tfd_path_join(fetch->sys->style, fetch->arena, dir, TFD_STR(TFD_NET_PROGRAM));

    if (tfd_sys_is_file(fetch->sys, path))
        fetch->program = path;
    return fetch->program.len > 0;
}

static void find_program(tfd_fetch *fetch)
{
    tfd_path_style style = fetch->sys->style;
    tfd_str here = tfd_path_dir(style, tfd_host_program(fetch->arena)), up = tfd_path_dir(style, here);

    if (here.len > 0 && !find_in(fetch, here) &&
        !find_in(fetch, tfd_path_join(style, fetch->arena, up, TFD_STR("libexec/tfdiag"))))
        (void)find_in(fetch, up);
}
#endif

void tfd_fetch_init(tfd_fetch *fetch)
{
    const tfd_sys *sys = fetch->sys;
    bool is_windows = sys->style == TFD_PATH_WINDOWS;
    tfd_str value;

    if (sys->is_native && sys->child_start)
        find_program(fetch);
    if (fetch->config->no_cache)
        return;
    if (sys->env(sys, "TFDIAG_CACHE_DIR", &value)) { /* set and empty: no cache */
        fetch->cache = value;
    } else if (tfd_net_env(sys, is_windows ? "LOCALAPPDATA" : "XDG_CACHE_HOME", &value)) {
        fetch->cache = tfd_path_join(sys->style, fetch->arena, value, TFD_STR("tfdiag"));
    } else if (!is_windows && sys->home(sys).len > 0) {
        fetch->cache = tfd_path_join(sys->style, fetch->arena, sys->home(sys), TFD_STR(".cache/tfdiag"));
    }
    if (!tfd_path_is_abs(sys->style, fetch->cache))
        fetch->cache = TFD_STR("");
}

/* ---- what is asked */

static void add_text(tfd_fetch *fetch, cJSON *object, const char *key, tfd_str text)
{
    const char *z = tfd_arena_z(fetch->arena, text);

    if (z)
        (void)cJSON_AddStringToObject(object, key, z);
}

static cJSON *request_of(tfd_fetch *fetch, const tfd_fetch_request *request)
{
    cJSON *one = cJSON_CreateObject();
    tfd_net_value proxy = tfd_net_proxy_for(fetch->sys, fetch->arena, fetch->settings, request->url);

    add_text(fetch, one, "url", request->url);
    add_text(fetch, one, "accept", tfd_str_of(request->accept));
    add_text(fetch, one, "range", request->range);
    add_text(fetch, one, "proxy", proxy.text);
    (void)cJSON_AddNumberToObject(one, "max", (double)request->max);
    if (request->immutable)
        (void)cJSON_AddTrueToObject(one, "immutable");
    if (tfd_net_is_trusted(fetch->settings, request->url))
        (void)cJSON_AddTrueToObject(one, "trusted");
    return one;
}

static cJSON *session_of(tfd_fetch *fetch, uint64_t left_ms)
{
    const tfd_net_settings *settings = fetch->settings;
    cJSON *all = cJSON_CreateObject();

    (void)cJSON_AddNumberToObject(all, "deadline_ms", (double)left_ms);
    (void)cJSON_AddNumberToObject(all, "requests_max",
                                  (double)(fetch->requests_max - fetch->counts.requests));
    (void)cJSON_AddStringToObject(all, "agent", "tfdiag/" TFDIAG_VERSION);
    add_text(fetch, all, "cache", fetch->cache);
    add_text(fetch, all, "ca_file", settings->ca_file);
    add_text(fetch, all, "ca_dir", settings->ca_dir);
    add_text(fetch, all, "client_cert", settings->client_cert.text);
    add_text(fetch, all, "netrc", settings->netrc);
    return all;
}

/* ---- what comes back */

typedef struct batch {
    tfd_fetch *fetch;
    const tfd_fetch_request *requests;
    tfd_fetch_answer *out;
    size_t n;
    tfd_fetch_record *records; /* by request; code -1: no answer */
    tfd_fetch_certificate certificate;
    int64_t now;
    bool ended;
} batch;

static tfd_str text_at(batch *b, const cJSON *object, const char *key)
{
    const char *z = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

    return z ? tfd_arena_str(b->fetch->arena, tfd_str_of(z)) : TFD_STR("");
}

static double number_at(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < 9e15 ? item->valuedouble : 0;
}

static bool is_true(const cJSON *object, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static void take_answer(batch *b, const cJSON *line, tfd_str body)
{
    size_t id = (size_t)number_at(line, "id");
    tfd_fetch_record *record;
    tfd_fetch_answer *answer;

    if (id >= b->n)
        return;
    record = &b->records[id];
    answer = &b->out[id];
    record->code = (int)number_at(line, "code");
    record->status = (int)number_at(line, "status");
    record->proxy_status = (int)number_at(line, "proxy_status");
    record->redirects = (int)number_at(line, "redirects");
    record->too_large = is_true(line, "too_large");
    record->asks_certificate = is_true(line, "asks_certificate");
    record->error = text_at(b, line, "error");
    record->date = text_at(b, line, "date");
    answer->type = text_at(b, line, "type");
    answer->url = text_at(b, line, "url");
    answer->whole = (uint64_t)number_at(line, "whole");
    answer->body = tfd_arena_str(b->fetch->arena, body);
    if (answer->url.len == 0)
        answer->url = b->requests[id].url;
    b->fetch->counts.from_cache += is_true(line, "cached");
    b->fetch->counts.unchanged += is_true(line, "unchanged");
}

static void take_record(batch *b, const cJSON *line, tfd_str body)
{
    if (is_true(line, "end")) {
        b->ended = true;
        b->now = (int64_t)number_at(line, "now");
        b->fetch->counts.requests += (size_t)number_at(line, "requests");
        b->fetch->counts.bytes += (uint64_t)number_at(line, "bytes");
    } else if (cJSON_HasObjectItem(line, "probe")) {
        b->certificate.issuer = text_at(b, line, "issuer");
        b->certificate.subject = text_at(b, line, "subject");
        b->certificate.not_before = text_at(b, line, "not_before");
        b->certificate.not_after = text_at(b, line, "not_after");
        b->certificate.date = text_at(b, line, "date");
        b->certificate.system_accepts = is_true(line, "system");
    } else {
        take_answer(b, line, body);
    }
}

static void take_data(batch *b, tfd_str data)
{
    tfd_str line;

    while (tfd_str_line(&data, &line)) {
        cJSON *record = line.len <= RECORD_MAX ? cJSON_ParseWithLength(line.ptr, line.len) : NULL;
        size_t len = (size_t)number_at(record, "body");
        bool ok = cJSON_IsObject(record) && len <= data.len;

        if (ok)
            take_record(b, record, tfd_str_sub(data, 0, len));
        cJSON_Delete(record);
        if (!ok)
            return;
        data = tfd_str_from(data, len);
    }
}

/* ---- the child */

static tfd_status wait_for(tfd_fetch *fetch, tfd_child *child)
{
    while (!tfd_child_poll(child, POLL_US)) {
        if (fetch->sys->interrupted && fetch->sys->interrupted(fetch->sys) != 0)
            return TFD_ETIMEOUT;
        if (fetch->config->tick && !fetch->config->tick(fetch->config->tick_ctx))
            return TFD_ETIMEOUT;
    }
    return TFD_OK;
}

static void judge_all(batch *b, const tfd_child_result *result)
{
    tfd_fetch *fetch = b->fetch;

    for (size_t i = 0; i < b->n; i++) {
        tfd_net_failure *failure = &b->out[i].failure;

        if (b->records[i].code >= 0)
            tfd_failure_judge(fetch, &b->requests[i], &b->records[i], &b->certificate, b->now, failure);
        else if (result->end == TFD_CHILD_TIMEOUT)
            tfd_failure_set(fetch->arena, TFD_NET_TIMEOUT, b->requests[i].url, TFD_STR("no answer in time"),
                            failure);
        else
            tfd_failure_set(fetch->arena, TFD_NET_INTERNAL, b->requests[i].url,
                            tfd_arena_fmt(fetch->arena, "%.*s did not do its work (%s %d)",
                                          TFD_ARG(fetch->program), result->signal ? "signal" : "exit code",
                                          result->signal ? result->signal : result->code),
                            failure);
    }
}

static tfd_status run_child(batch *b, const char *text, uint64_t left_ms, tfd_err *err)
{
    tfd_fetch *fetch = b->fetch;
    tfd_str variable = tfd_arena_fmt(fetch->arena, "%s=%s", TFD_NET_REQUESTS, text);
    /* What the examined machine puts before every library would be libcurl's, too. */
    const char *const env[] = {variable.ptr, "LD_LIBRARY_PATH", "LD_PRELOAD", "LD_AUDIT", NULL};
    const char *argv[] = {tfd_arena_z(fetch->arena, fetch->program), fetch->argument, NULL};
    tfd_child_spec spec = {.argv = argv,
                           .env = env,
                           .deadline_ms = left_ms + MARGIN_MS + PROBE_MS,
                           .data_max = DATA_MAX,
                           .data_fd_env = TFD_NET_DATA};
    tfd_child *child = NULL;
    uint64_t start = fetch->sys->clock_us(fetch->sys);
    tfd_status st;

    if (!variable.ptr || !argv[0])
        return TFD_ENOMEM;
    st = fetch->sys->child_start(fetch->sys, &spec, &child, err);
    if (st != TFD_OK)
        return st;
    st = wait_for(fetch, child);
    if (st == TFD_OK) {
        take_data(b, tfd_child_get_result(child)->data);
        judge_all(b, tfd_child_get_result(child));
    }
    tfd_child_free(child);
    fetch->counts.microseconds += fetch->sys->clock_us(fetch->sys) - start;
    return fetch->arena->failed ? tfd_err_set(err, TFD_ENOMEM, 0, "out of memory") : st;
}

/* Asks as many of the first requests as fit into one run of the program; *n gets how many. */
static tfd_status run_batch(tfd_fetch *fetch, const tfd_fetch_request *requests, size_t *n,
                            tfd_fetch_answer *out, tfd_err *err)
{
    uint64_t now = fetch->sys->clock_us(fetch->sys);
    uint64_t left_ms = (fetch->deadline_us - now) / 1000u;
    cJSON *all = session_of(fetch, left_ms), *array = cJSON_AddArrayToObject(all, "requests");
    batch b = {.fetch = fetch, .requests = requests, .out = out};
    char *text = NULL;
    size_t bytes = 4096;
    tfd_status st;

    while (b.n < *n && b.n < BATCH_MAX &&
           (b.n == 0 || bytes + requests[b.n].url.len + 512 < TFD_NET_REQUESTS_BYTES)) {
        (void)cJSON_AddItemToArray(array, request_of(fetch, &requests[b.n]));
        bytes += requests[b.n++].url.len + 512;
    }
    *n = b.n;
    b.records = tfd_arena_new(fetch->arena, tfd_fetch_record, b.n);
    text = cJSON_PrintUnformatted(all);
    cJSON_Delete(all);
    if (!b.records || !text) {
        cJSON_free(text);
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    }
    for (size_t i = 0; i < b.n; i++)
        b.records[i].code = -1;
    st = run_child(&b, text, left_ms, err);
    cJSON_free(text);
    return st;
}

/* The page of a project below a folder that is there. */
static bool is_folder(const tfd_fetch *fetch, tfd_str page)
{
    tfd_path_style style = fetch->sys->style;

    page = tfd_path_dir(style, tfd_str_sub(page, 0, page.len - (tfd_str_ends_z(page, "/") ? 1 : 0)));
    return tfd_sys_kind(fetch->sys, tfd_net_path(fetch->sys, fetch->arena, page)) == TFD_KIND_DIR;
}

/* Refuses what may not be asked; true: it may. */
static bool may_ask(tfd_fetch *fetch, const tfd_fetch_request *request, size_t position,
                    tfd_net_failure *failure)
{
    bool is_url;
    tfd_url url;

    memset(failure, 0, sizeof *failure);
    is_url = tfd_url_split(request->url, &url);
    if (fetch->config->offline)
        tfd_failure_set(fetch->arena, TFD_NET_OFFLINE, TFD_STR(""), TFD_STR("--offline forbids it"), failure);
    else if (fetch->program.len == 0)
        tfd_failure_set(fetch->arena, TFD_NET_NO_CURL, TFD_STR(""),
                        TFD_STR("this tfdiag has no " TFD_NET_PROGRAM
                                " beside it: it was built without libcurl, or "
                                "copied without that program"),
                        failure);
    else if (tfd_str_starts_z(request->url, "file:") || (!is_url && is_folder(fetch, request->url)))
        tfd_failure_set(fetch->arena, TFD_NET_NO_INDEX, TFD_STR(""),
                        tfd_arena_fmt(fetch->arena, "%.*s is a folder: indexes on this machine are not read",
                                      TFD_ARG(tfd_url_plain(fetch->arena, request->url))),
                        failure);
    else if (!is_url || (!tfd_str_eq_nocase(url.scheme, TFD_STR("https")) &&
                         !tfd_str_eq_nocase(url.scheme, TFD_STR("http"))))
        tfd_failure_set(fetch->arena, TFD_NET_BAD_ADDRESS, TFD_STR(""),
                        tfd_arena_fmt(fetch->arena, "%.*s is no address that can be asked",
                                      TFD_ARG(tfd_url_plain(fetch->arena, request->url))),
                        failure);
    else if (tfd_str_eq_nocase(url.scheme, TFD_STR("http")) && !tfd_url_is_loopback(&url) &&
             !fetch->settings->is_uv && !tfd_net_is_trusted(fetch->settings, request->url))
        tfd_failure_set(fetch->arena, TFD_NET_PLAIN_HTTP, request->url,
                        tfd_arena_fmt(fetch->arena,
                                      "%.*s is asked over plain http, which pip refuses unless the host "
                                      "is trusted",
                                      TFD_ARG(url.host)),
                        failure);
    else if (fetch->counts.requests + position >= fetch->requests_max ||
             fetch->sys->clock_us(fetch->sys) >= fetch->deadline_us)
        tfd_failure_set(fetch->arena, TFD_NET_BUDGET, request->url,
                        TFD_STR("not asked: the number of requests or the time for them is used up"),
                        failure);
    return failure->kind == TFD_NET_OK;
}

tfd_status tfd_fetch_run(tfd_fetch *fetch, const tfd_fetch_request *requests, size_t n, tfd_fetch_answer *out,
                         tfd_err *err)
{
    tfd_fetch_request *asked = tfd_arena_new(fetch->arena, tfd_fetch_request, n);
    tfd_fetch_answer *answers = tfd_arena_new(fetch->arena, tfd_fetch_answer, n);
    size_t *rows = tfd_arena_new(fetch->arena, size_t, n), count = 0;
    tfd_status st = TFD_OK;

    if (n == 0)
        return TFD_OK;
    if (!asked || !answers || !rows)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    memset(out, 0, n * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        if (!may_ask(fetch, &requests[i], count, &out[i].failure))
            continue;
        rows[count] = i;
        asked[count++] = requests[i];
    }
    for (size_t at = 0, part; at < count && st == TFD_OK; at += part) {
        part = count - at;
        st = run_batch(fetch, asked + at, &part, answers + at, err);
    }
    for (size_t i = 0; i < count && st == TFD_OK; i++)
        out[rows[i]] = answers[i];
    return st;
}
