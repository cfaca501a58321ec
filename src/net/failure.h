/* What kept a request from its answer, as far as the request itself can tell: the kind decides what a check
 * says and which repair is offered. Text is masked already (no credentials) and lives in the arena of whoever
 * asked. */
#ifndef TFD_NET_FAILURE_H
#define TFD_NET_FAILURE_H

#include "base/str.h"

typedef enum tfd_net_kind {
    TFD_NET_OK = 0,
    /* the way */
    TFD_NET_DNS,         /* the host's name has no address here */
    TFD_NET_REFUSED,     /* nobody listens there, or a packet filter says no */
    TFD_NET_UNREACHABLE, /* no route, network down */
    TFD_NET_TIMEOUT,     /* no answer in time, or too slow */
    TFD_NET_BROKEN,      /* the connection ended in between: reset, or fewer bytes than were announced */
    /* the proxy */
    TFD_NET_PROXY_DNS,     /* the proxy's name has no address */
    TFD_NET_PROXY_REFUSED, /* nobody listens at the proxy's address, or it cannot be reached */
    TFD_NET_PROXY_AUTH,    /* 407: the proxy wants a user and password, or others */
    TFD_NET_PROXY_STATUS,  /* the proxy refuses the tunnel with another status (403, 502 …) */
    /* TLS */
    TFD_NET_TLS_CA,      /* the certificate was issued by an authority that pip does not know */
    TFD_NET_TLS_EXPIRED, /* a certificate's time is over, by the server's clock too */
    TFD_NET_TLS_CLOCK,   /* a certificate is valid by the server's clock; this machine's clock is off */
    TFD_NET_TLS_NAME,    /* the certificate is for another host */
    TFD_NET_TLS_CLIENT,  /* the server wants a certificate of the client: none is set, or another */
    TFD_NET_TLS_OTHER,   /* handshake failed: protocol versions, no TLS there … */
    TFD_NET_CA_FILE,     /* the file of certificates that is set is not there or holds none */
    /* the answer */
    TFD_NET_AUTH,        /* 401 or 403 of the index */
    TFD_NET_RATE,        /* 429, also after waiting */
    TFD_NET_STATUS,      /* another status; .status has it */
    TFD_NET_NO_PROJECT,  /* 404: the index has no such project (or no such file) */
    TFD_NET_LAGS,        /* the mirror lacks what it should have by now */
    TFD_NET_HOSTILE,     /* no JSON, HTML, ZIP or METADATA although it was announced: a login page, garbage */
    TFD_NET_TOO_LARGE,   /* longer than a named limit */
    TFD_NET_NO_RANGES,   /* the server only gives whole wheels */
    TFD_NET_REDIRECT,    /* too many redirects */
    TFD_NET_PLAIN_HTTP,  /* http to a host that is neither loopback nor trusted: not asked */
    TFD_NET_BAD_ADDRESS, /* neither http nor https, and no folder */
    TFD_NET_NO_FILES,    /* pages that name no file of the project */
    TFD_NET_SHUT,        /* pip is told to ask no index, and no files to install from are named */
    /* tfdiag's side: nothing was asked, or not to its end */
    TFD_NET_NOT_FOLLOWED, /* a redirect from https to http, or to no web address: pip may follow it */
    TFD_NET_OFFLINE,      /* --offline */
    TFD_NET_NO_CURL,      /* built without libcurl, or its program is not there */
    TFD_NET_NO_INDEX,     /* no index address is set, and no pip to read its default from */
    TFD_NET_BUDGET,       /* the number of requests or the time of the session is used up */
    TFD_NET_INTERNAL      /* the transfer program failed; text says how */
} tfd_net_kind;

typedef struct tfd_net_failure {
    tfd_net_kind kind;
    tfd_str url;     /* that was asked, without credentials and query; empty: nothing was asked */
    tfd_str host;    /* "host:port" that failed: the proxy's for TFD_NET_PROXY_… */
    int status;      /* of HTTP; 0: there was none */
    tfd_str text;    /* one sentence with host and reason; never empty where kind is not OK */
    tfd_str subject; /* TLS: whom the certificate that was shown is for; may be empty */
    tfd_str
        issuer; /* TLS: who issued the certificate that was shown: "CN = Example Corp Root"; may be empty */
    tfd_str not_after,
        not_before;        /* TLS: of the server's certificate, as libcurl writes them; may be empty */
    bool is_interceptable; /* TLS_CA: the system's own store accepts the chain that pip's does not */
    bool knows_clock;      /* clock_off is set: the answer had a Date header */
    int64_t clock_off;     /* seconds by which this machine's clock is ahead of the server's */
} tfd_net_failure;

/* "dns", "proxy-auth" … */
const char *tfd_net_kind_name(tfd_net_kind kind);
/* The way to the index is at fault, as against an answer of it: what every other request would meet too. */
bool tfd_net_is_way(tfd_net_kind kind);

#endif
