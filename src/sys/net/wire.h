/* What tfdiag and its transfer program say to each other.
 *
 * tfdiag-net is a program of its own because libcurl costs milliseconds before main and loads half of the
 * machine's libraries, which a static tfdiag may not (sys/static/seal.c): it is started only with --online,
 * without the LD_* variables of the examined machine, and a fault in it is an answer, not the end of tfdiag.
 * On Windows, where libcurl needs nothing but DLLs of the system, it is part of tfdiag.exe (TFD_NET_INSIDE),
 * so that there is one file to copy: tfdiag starts itself with TFD_NET_PROGRAM as its only argument.
 *
 * It reads one JSON object from the variable TFD_NET_REQUESTS (never from the command line, which every user
 * of the machine can see), and writes records to the data pipe (sys/child.h): one line of JSON, and behind it
 * as many bytes as its member "body" says.
 *
 * Request object: deadline_ms, requests_max (in all: redirects, tries and probes count), agent, cache
 * (folder; "" for none), ca_file, ca_dir, client_cert, netrc, and requests: an array of {url, accept, range
 * ("-65536", "0-99" or ""), max (bytes of the body), proxy (URL or
 * ""), trusted (its certificate is not verified), immutable (what the cache has is not asked again)}.
 *
 * Records: {id, code, error, status, proxy_status, type, url, date, redirects, whole (bytes of the
 * file that a range is of), cached, unchanged,
 * too_large, asks_certificate (of the client), body} for each request, code being libcurl's; {probe:
 * "host:port", issuer, subject, not_before, not_after, date, system} for a host whose certificate was
 * refused, system telling whether libcurl's own store accepts it; and last {end: true, requests, bytes, now,
 * curl}. A member that is not known is left out.
 */
#ifndef TFD_SYS_NET_WIRE_H
#define TFD_SYS_NET_WIRE_H

/* The program's body; answers its exit code. */
int tfd_net_main(void);

#define TFD_NET_PROGRAM "tfdiag-net"
#define TFD_NET_REQUESTS "TFDIAG_NET_REQUESTS"
#define TFD_NET_DATA "TFDIAG_NET_DATA"
/* Linux takes 128 KiB in one variable (MAX_ARG_STRLEN), Windows 32,767 characters. */
#define TFD_NET_REQUESTS_BYTES 30000u

/* Limits of one run of the program. */
#define TFD_NET_BODY_MAX ((size_t)32 << 20)    /* of one answer, decoded; a request may set less */
#define TFD_NET_CONNECTIONS 8                  /* at the same time, in all */
#define TFD_NET_REDIRECTS 5                    /* of one request */
#define TFD_NET_TRIES 3                        /* of one request: 429, 500 to 504, broken connections */
#define TFD_NET_CONNECT_MS 10000               /* until a connection stands */
#define TFD_NET_STALL_S 15                     /* without a byte */
#define TFD_NET_CACHE_MAX ((uint64_t)64 << 20) /* bytes in the cache folder */
#define TFD_NET_CACHED_MAX ((size_t)8 << 20)   /* of one answer that is kept */

/* Codes of libcurl (libcurl-errors(3)) that an answer is judged by. */
enum {
    TFD_CURL_OK = 0,
    TFD_CURL_PROTOCOL = 1,
    TFD_CURL_URL = 3,
    TFD_CURL_PROXY_DNS = 5,
    TFD_CURL_DNS = 6,
    TFD_CURL_CONNECT = 7,
    TFD_CURL_PARTIAL = 18,
    TFD_CURL_WRITE = 23,
    TFD_CURL_TIMEOUT = 28,
    TFD_CURL_TLS_CONNECT = 35,
    TFD_CURL_REDIRECTS = 47,
    TFD_CURL_NOTHING = 52,
    TFD_CURL_SEND = 55,
    TFD_CURL_RECEIVE = 56,
    TFD_CURL_CLIENT_CERT = 58,
    TFD_CURL_PEER = 60,
    TFD_CURL_CA_FILE = 77,
    TFD_CURL_PROXY = 97
};

#endif
