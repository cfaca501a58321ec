#include "net/failure.h"

#include <stdlib.h>
#include <string.h>

#include "net/fetch.h"
#include "net/url.h"
#include "sys/net/wire.h"

#define CLOCK_TOLERANCE 120 /* seconds; below that a clock is right */

const char *tfd_net_kind_name(tfd_net_kind kind)
{
    static const char *const names[] = {
        "ok",           "dns",           "refused",    "unreachable",  "timeout",  "broken",
        "proxy-dns",    "proxy-refused", "proxy-auth", "proxy-status", "tls-ca",   "tls-expired",
        "tls-clock",    "tls-name",      "tls-client", "tls-other",    "ca-file",  "auth",
        "rate",         "status",        "no-project", "lags",         "hostile",  "too-large",
        "no-ranges",    "redirect",      "plain-http", "bad-address",  "no-files", "shut",
        "not-followed", "offline",       "no-curl",    "no-index",     "budget",   "internal"};

    return (size_t)kind < sizeof names / sizeof names[0] ? names[kind] : "internal";
}

bool tfd_net_is_way(tfd_net_kind kind)
{
    return kind >= TFD_NET_DNS && kind <= TFD_NET_CA_FILE;
}

/* ---- dates */

static int month_of(tfd_str name)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (size_t i = 0; i < 12; i++)
        if (name.len == 3 && memcmp(months + 3 * i, name.ptr, 3) == 0)
            return (int)i + 1;
    return 0;
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar, years counted from March. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    month += month <= 2 ? 9 : -3;
    return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719468;
}

static bool read_clock(tfd_str text, int64_t *seconds)
{
    tfd_str hour, minute, second;
    uint64_t h, m, s;

    if (!tfd_str_cut(text, ':', &hour, &minute) || !tfd_str_cut(minute, ':', &minute, &second) ||
        !tfd_str_u64(hour, &h) || !tfd_str_u64(minute, &m) || !tfd_str_u64(second, &s) || h > 24 || m > 59 ||
        s > 60)
        return false;
    *seconds = (int64_t)(h * 3600 + m * 60 + s);
    return true;
}

int64_t tfd_net_time(tfd_str text)
{
    int64_t clock = -1;
    uint64_t day = 0, year = 0, number;
    int month = 0;
    bool more = true;

    for (int i = 0; i < 12 && more; i++) {
        tfd_str word;

        more = tfd_str_cut(text, ' ', &word, &text);
        if (word.len > 0 && word.ptr[word.len - 1] == ',')
            continue;
        if (month_of(word))
            month = month_of(word);
        else if (tfd_str_u64(word, &number) && number >= 1970 && number < 10000)
            year = number;
        else if (tfd_str_u64(word, &number) && number >= 1 && number <= 31)
            day = number;
        else
            (void)read_clock(word, &clock);
    }
    if (!day || !month || !year || clock < 0)
        return 0;
    return days_of((int64_t)year, month, (int64_t)day) * 86400 + clock;
}

/* ---- kinds */

static bool says(tfd_str text, const char *words)
{
    return tfd_str_find_z(text, words) != TFD_NPOS;
}

static tfd_net_kind kind_of_certificate(const tfd_fetch_record *record,
                                        const tfd_fetch_certificate *certificate, int64_t now)
{
    int64_t theirs = tfd_net_time(certificate->date), after = tfd_net_time(certificate->not_after),
            before = tfd_net_time(certificate->not_before);
    bool is_time = says(record->error, "expired") || says(record->error, "not yet valid");

    if (says(record->error, "does not match") || says(record->error, "subject name"))
        return TFD_NET_TLS_NAME;
    if (!is_time && after && now && now > after) /* other TLS libraries say less */
        is_time = true;
    if (!is_time)
        return TFD_NET_TLS_CA;
    if (theirs && after && before && theirs >= before && theirs <= after &&
        llabs(now - theirs) > CLOCK_TOLERANCE)
        return TFD_NET_TLS_CLOCK;
    return says(record->error, "not yet valid") ? TFD_NET_TLS_CLOCK : TFD_NET_TLS_EXPIRED;
}

static tfd_net_kind kind_of_connection(const tfd_fetch_record *record, bool has_proxy)
{
    if (has_proxy)
        return TFD_NET_PROXY_REFUSED;
    return says(record->error, "unreachable") || says(record->error, "No route") ? TFD_NET_UNREACHABLE
                                                                                 : TFD_NET_REFUSED;
}

/* TLS 1.3 has an alert for it (RFC 8446, 6.2), which may get lost when the server closes at once: then it
 * asked for one and gave no answer. Servers that answer say 400. */
static bool wants_client_certificate(const tfd_fetch_record *record)
{
    return says(record->error, "certificate required") ||
           (record->asks_certificate && (record->status == 0 || record->status == 400));
}

static tfd_net_kind kind_of_code(const tfd_fetch_request *request, const tfd_fetch_record *record,
                                 bool has_proxy)
{
    if (record->too_large)
        return request->range.len > 0 && record->status == 200 ? TFD_NET_NO_RANGES : TFD_NET_TOO_LARGE;
    if (record->proxy_status >= 300)
        return record->proxy_status == 407 || record->proxy_status == 401 ? TFD_NET_PROXY_AUTH
                                                                          : TFD_NET_PROXY_STATUS;
    switch (record->code) {
    case TFD_CURL_DNS:
        return TFD_NET_DNS;
    case TFD_CURL_PROXY_DNS:
        return TFD_NET_PROXY_DNS;
    case TFD_CURL_CONNECT:
        return kind_of_connection(record, has_proxy);
    case TFD_CURL_TIMEOUT:
        return TFD_NET_TIMEOUT;
    case TFD_CURL_PROXY:
        return TFD_NET_PROXY_STATUS;
    case TFD_CURL_CA_FILE:
        return TFD_NET_CA_FILE;
    case TFD_CURL_CLIENT_CERT:
        return TFD_NET_TLS_CLIENT;
    case TFD_CURL_TLS_CONNECT:
        return wants_client_certificate(record) ? TFD_NET_TLS_CLIENT : TFD_NET_TLS_OTHER;
    case TFD_CURL_REDIRECTS: /* with fewer, the share of the requests was used up */
        return record->redirects < TFD_NET_REDIRECTS ? TFD_NET_BUDGET : TFD_NET_REDIRECT;
    case TFD_CURL_PROTOCOL: /* also what speaks no HTTP */
        return record->status >= 300 && record->status < 400 ? TFD_NET_NOT_FOLLOWED : TFD_NET_BROKEN;
    default:
        return wants_client_certificate(record) ? TFD_NET_TLS_CLIENT : TFD_NET_BROKEN;
    }
}

static tfd_net_kind kind_of_status(const tfd_fetch_record *record)
{
    int status = record->status;

    if (status == 400 && wants_client_certificate(record))
        return TFD_NET_TLS_CLIENT;
    if (status == 200 || status == 206)
        return TFD_NET_OK;
    if (status == 404 || status == 410)
        return TFD_NET_NO_PROJECT;
    if (status == 407)
        return TFD_NET_PROXY_AUTH;
    if (status == 401 || status == 403)
        return TFD_NET_AUTH;
    return status == 429 ? TFD_NET_RATE : TFD_NET_STATUS;
}

/* ---- words */

static tfd_str sentence_of_way(tfd_arena *arena, const tfd_net_failure *failure,
                               const tfd_fetch_record *record)
{
    switch (failure->kind) {
    case TFD_NET_DNS:
    case TFD_NET_PROXY_DNS:
        return tfd_arena_fmt(arena, "the name of %s%.*s has no address here (DNS)",
                             failure->kind == TFD_NET_DNS ? "" : "the proxy ", TFD_ARG(failure->host));
    case TFD_NET_REFUSED:
        return tfd_arena_fmt(arena, "%.*s refuses the connection", TFD_ARG(failure->host));
    case TFD_NET_UNREACHABLE:
        return tfd_arena_fmt(arena, "there is no way to %.*s: the network is unreachable",
                             TFD_ARG(failure->host));
    case TFD_NET_TIMEOUT:
        return tfd_arena_fmt(arena, "%.*s did not answer in time", TFD_ARG(failure->host));
    case TFD_NET_PROXY_REFUSED:
        return tfd_arena_fmt(arena, "the proxy %.*s cannot be reached", TFD_ARG(failure->host));
    case TFD_NET_PROXY_AUTH:
        return tfd_arena_fmt(arena, "the proxy %.*s wants a user and a password, or others (%d)",
                             TFD_ARG(failure->host), failure->status);
    case TFD_NET_PROXY_STATUS:
        return tfd_arena_fmt(arena, "the proxy %.*s refuses the way to the index (status %d)",
                             TFD_ARG(failure->host), record->proxy_status);
    default:
        return tfd_arena_fmt(arena, "the connection to %.*s broke off (%.*s)", TFD_ARG(failure->host),
                             TFD_ARG(record->error));
    }
}

static tfd_str sentence_of_tls(tfd_arena *arena, const tfd_net_failure *failure,
                               const tfd_fetch_record *record, const char *who)
{
    tfd_str issuer = failure->issuer.len > 0 ? failure->issuer : TFD_STR("an unknown authority");

    switch (failure->kind) {
    case TFD_NET_TLS_CA:
        return tfd_arena_fmt(
            arena, "the certificate of %.*s is issued by %.*s, which %s's certificates do not know%s",
            TFD_ARG(failure->host), TFD_ARG(issuer), who,
            failure->is_interceptable ? "; the system's own do" : "");
    case TFD_NET_TLS_EXPIRED:
        return tfd_arena_fmt(arena, "a certificate of %.*s has expired%s%.*s", TFD_ARG(failure->host),
                             failure->not_after.len > 0 ? ": it was valid until " : "",
                             TFD_ARG(failure->not_after));
    case TFD_NET_TLS_CLOCK:
        return tfd_arena_fmt(
            arena, "the clock of this machine is %lld hours %s: the certificate of %.*s is valid now",
            (long long)(llabs((long long)failure->clock_off) / 3600),
            failure->clock_off > 0 ? "fast" : "slow", TFD_ARG(failure->host));
    case TFD_NET_TLS_NAME:
        return tfd_arena_fmt(arena, "the certificate that %.*s shows is for another host%s%.*s",
                             TFD_ARG(failure->host), failure->subject.len > 0 ? ": " : "",
                             TFD_ARG(failure->subject));
    case TFD_NET_TLS_CLIENT:
        return tfd_arena_fmt(arena, "%.*s wants a certificate of the client", TFD_ARG(failure->host));
    case TFD_NET_CA_FILE:
        return tfd_arena_fmt(arena, "the file of certificates cannot be used (%.*s)", TFD_ARG(record->error));
    default:
        return tfd_arena_fmt(arena, "TLS with %.*s fails (%.*s)", TFD_ARG(failure->host),
                             TFD_ARG(record->error));
    }
}

static tfd_str sentence_of_answer(tfd_arena *arena, const tfd_net_failure *failure)
{
    switch (failure->kind) {
    case TFD_NET_AUTH:
        return tfd_arena_fmt(arena, "%.*s wants a user and a password, or others (status %d)",
                             TFD_ARG(failure->host), failure->status);
    case TFD_NET_RATE:
        return tfd_arena_fmt(arena, "%.*s refuses further requests for now (status 429)",
                             TFD_ARG(failure->host));
    case TFD_NET_NO_PROJECT:
        return tfd_arena_fmt(arena, "%.*s is not there (status %d)", TFD_ARG(failure->url), failure->status);
    case TFD_NET_TOO_LARGE:
        return tfd_arena_fmt(arena, "the answer of %.*s is longer than any that tfdiag takes",
                             TFD_ARG(failure->host));
    case TFD_NET_NO_RANGES:
        return tfd_arena_fmt(arena, "%.*s gives whole files only", TFD_ARG(failure->host));
    case TFD_NET_REDIRECT:
        return tfd_arena_fmt(arena, "%.*s leads on and on: %d redirects were followed",
                             TFD_ARG(failure->host), TFD_NET_REDIRECTS);
    case TFD_NET_NOT_FOLLOWED:
        return tfd_arena_fmt(arena,
                             "%.*s leads from https to http, or to no address of the web: not followed",
                             TFD_ARG(failure->host));
    case TFD_NET_BUDGET:
        return tfd_arena_fmt(arena, "%.*s leads on, and the requests are used up", TFD_ARG(failure->host));
    default:
        return tfd_arena_fmt(arena, "%.*s answers with status %d", TFD_ARG(failure->host), failure->status);
    }
}

void tfd_failure_set(tfd_arena *arena, tfd_net_kind kind, tfd_str url, tfd_str text, tfd_net_failure *out)
{
    tfd_url parts;

    memset(out, 0, sizeof *out);
    out->kind = kind;
    out->url = tfd_url_plain(arena, url);
    out->text = text;
    if (tfd_url_split(url, &parts))
        out->host = tfd_url_host_port(arena, &parts);
}

static bool is_proxy_kind(tfd_net_kind kind)
{
    return kind >= TFD_NET_PROXY_DNS && kind <= TFD_NET_PROXY_STATUS;
}

static bool is_tls_kind(tfd_net_kind kind)
{
    return kind >= TFD_NET_TLS_CA && kind <= TFD_NET_CA_FILE;
}

static void set_clock(tfd_fetch *fetch, tfd_str date, int64_t now, tfd_net_failure *out)
{
    int64_t theirs = tfd_net_time(date);

    if (!theirs || !now)
        return;
    out->knows_clock = fetch->knows_clock = true;
    out->clock_off = fetch->clock_off = now - theirs;
}

void tfd_failure_judge(tfd_fetch *fetch, const tfd_fetch_request *request, const tfd_fetch_record *record,
                       const tfd_fetch_certificate *certificate, int64_t now, tfd_net_failure *out)
{
    tfd_arena *arena = fetch->arena;
    tfd_net_value proxy = tfd_net_proxy_for(fetch->sys, arena, fetch->settings, request->url);
    tfd_net_kind kind = record->code == TFD_CURL_OK     ? kind_of_status(record)
                        : record->code == TFD_CURL_PEER ? kind_of_certificate(record, certificate, now)
                                                        : kind_of_code(request, record, proxy.text.len > 0);
    tfd_url parts;

    tfd_failure_set(arena, kind, request->url, TFD_STR(""), out);
    out->status = record->proxy_status >= 300 ? record->proxy_status : record->status;
    set_clock(fetch, is_tls_kind(kind) ? certificate->date : record->date, now, out);
    if (kind == TFD_NET_OK)
        return;
    if (is_proxy_kind(kind) && tfd_url_split(proxy.text, &parts))
        out->host = tfd_url_host_port(arena, &parts);
    if (is_tls_kind(kind)) {
        out->issuer = certificate->issuer;
        out->subject = certificate->subject;
        out->not_before = certificate->not_before;
        out->not_after = certificate->not_after;
        out->is_interceptable = certificate->system_accepts;
        out->text = sentence_of_tls(arena, out, record, fetch->settings->is_uv ? "uv" : "pip");
    } else if (tfd_net_is_way(kind)) {
        out->text = sentence_of_way(arena, out, record);
    } else {
        out->text = sentence_of_answer(arena, out);
    }
}
