/* Requests through the transfer program (sys/net/wire.h): a batch in, an answer for each out. */
#ifndef TFD_NET_FETCH_H
#define TFD_NET_FETCH_H

#include "net/failure.h"
#include "net/index.h"
#include "net/settings.h"

typedef struct tfd_fetch_request {
    tfd_str url;
    const char *accept;
    tfd_str range; /* "-65536", "0-99"; empty: the whole */
    size_t max;    /* bytes of the body */
    bool immutable;
} tfd_fetch_request;

typedef struct tfd_fetch_answer {
    tfd_str body;   /* in the arena */
    tfd_str type;   /* Content-Type */
    tfd_str url;    /* that answered, behind all redirects; may hold credentials */
    uint64_t whole; /* bytes of the file that a range is of; 0: not told */
    tfd_net_failure failure;
} tfd_fetch_answer;

typedef struct tfd_fetch {
    const tfd_sys *sys;
    tfd_arena *arena;
    const tfd_index_config *config;
    const tfd_net_settings *settings;
    tfd_str program;      /* empty: there is none */
    const char *argument; /* of the program; NULL: none */
    tfd_str cache;        /* folder; empty: none */
    uint64_t deadline_us;
    size_t requests_max;
    tfd_index_counts counts;
    bool knows_clock;
    int64_t clock_off;
} tfd_fetch;

/* Looks for the transfer program and the cache folder. */
void tfd_fetch_init(tfd_fetch *fetch);
/* TFD_OK whatever the servers said; TFD_ENOMEM, TFD_ETIMEOUT (the user). out has n rows. */
tfd_status tfd_fetch_run(tfd_fetch *fetch, const tfd_fetch_request *requests, size_t n, tfd_fetch_answer *out,
                         tfd_err *err);

/* ---- what an answer means (failure.c) */

typedef struct tfd_fetch_record {
    int code; /* of libcurl */
    int status, proxy_status, redirects;
    bool too_large, asks_certificate;
    tfd_str error, date;
} tfd_fetch_record;

/* What a look at a refused certificate showed; all empty: it was not looked at. */
typedef struct tfd_fetch_certificate {
    tfd_str issuer, subject, not_before, not_after, date;
    bool system_accepts;
} tfd_fetch_certificate;

/* now: this machine's clock, seconds since 1970, 0: not known. */
void tfd_failure_judge(tfd_fetch *fetch, const tfd_fetch_request *request, const tfd_fetch_record *record,
                       const tfd_fetch_certificate *certificate, int64_t now, tfd_net_failure *out);
/* A failure before anything was sent. */
void tfd_failure_set(tfd_arena *arena, tfd_net_kind kind, tfd_str url, tfd_str text, tfd_net_failure *out);
/* "Sun, 22 Nov 2026 22:50:26 GMT" (RFC 9110) or "Nov 22 22:50:26 2026 GMT" (OpenSSL), as seconds since 1970;
 * 0: neither. */
int64_t tfd_net_time(tfd_str text);

#endif
