/* Requests over libcurl: many at once, bounded in bytes, time, redirects and tries; what the cache has is
 * asked for with its validators. */
#ifndef TFD_SYS_NET_TRANSFER_H
#define TFD_SYS_NET_TRANSFER_H

#include <curl/curl.h>

#include "base/buf.h"
#include "sys/net/cache.h"
#include "sys/net/wire.h"

/* What holds for every request. C strings; empty: not set. */
typedef struct tfd_net_session {
    tfd_arena *arena;
    const char *data; /* number of the data pipe */
    const char *agent, *ca_file, *ca_dir, *client_cert, *netrc;
    tfd_str cache;
    uint64_t deadline_us;
    uint64_t requests_max; /* of the session; each transfer has an equal share of them */
    uint64_t requests;     /* sent */
    uint64_t bytes;        /* of bodies received */
} tfd_net_session;

typedef struct tfd_transfer {
    tfd_net_session *session;
    int id;
    const char *url, *accept, *range, *proxy;
    size_t max;
    bool trusted, immutable;
    /* while it runs */
    CURL *easy;
    struct curl_slist *headers;
    char error[CURL_ERROR_SIZE];
    tfd_buf body, etag, modified, date, control, range_of;
    bool is_cut;           /* the body was longer than max */
    bool asks_certificate; /* the server asked for one of the client */
    int tries;
    uint64_t share;         /* requests that it may still send: tries and redirects */
    uint64_t not_before_us; /* of the next try; 0: it runs, or is done */
    bool is_done;
    int code; /* libcurl's, once it is done */
    tfd_cached cached;
    bool has_cached;
} tfd_transfer;

/* What every handle gets: limits, certificates, proxy, protocols (transfer_options.c). */
void tfd_transfer_set_common(const tfd_net_session *session, CURL *easy, const char *url, const char *proxy,
                             bool trusted);
/* All options of one transfer, on a fresh handle; false without memory. */
bool tfd_transfer_open(tfd_transfer *transfer);
/* Runs n transfers and writes their records; false where the pipe is closed. */
bool tfd_transfers_run(tfd_net_session *session, tfd_transfer *transfers, size_t n);

/* Writes the record of a transfer that is done, body included (report.c). */
bool tfd_transfer_report(tfd_transfer *transfer, int code);
/* Asks a host whose certificate was refused for nothing but its certificate and its clock, sending no name
 * and no password; writes the record (probe.c). */
bool tfd_transfer_probe(tfd_net_session *session, const tfd_transfer *failed);
/* Writes one line of JSON and, behind it, body. */
struct cJSON;
bool tfd_net_write(const tfd_net_session *session, struct cJSON *record, tfd_str body);

#endif
