/* URLs as RFC 3986 takes them apart, as far as indexes need it: pure text. */
#ifndef TFD_NET_URL_H
#define TFD_NET_URL_H

#include "base/arena.h"

#define TFD_URL_MAX 8192u /* a longer one is refused */

typedef struct tfd_url {
    tfd_str scheme;   /* as written: "https" */
    tfd_str user;     /* "user:password"; empty: none */
    tfd_str host;     /* without brackets of IPv6, as written */
    tfd_str port;     /* digits; empty: the scheme's */
    tfd_str path;     /* from the '/' on, without query and fragment */
    tfd_str query;    /* with its '?' */
    tfd_str fragment; /* without '#' */
} tfd_url;

/* false: no absolute URL with a host, or one with control characters or blanks. */
bool tfd_url_split(tfd_str text, tfd_url *out);
/* A reference (href) against the page it stands on, without fragment; empty where neither gives a URL, or at
 * the arena's limit. "." and ".." are resolved. */
tfd_str tfd_url_join(tfd_arena *arena, tfd_str base, tfd_str reference);
/* Fit for reports: without user, query and fragment. What is no URL loses all up to its last '@'. */
tfd_str tfd_url_plain(tfd_arena *arena, tfd_str text);
/* "host:port", the port also where it is the scheme's. */
tfd_str tfd_url_host_port(tfd_arena *arena, const tfd_url *url);
/* "localhost" and addresses that never leave the machine: 127.0.0.0/8, ::1. */
bool tfd_url_is_loopback(const tfd_url *url);
/* %XX decoded; a malformed one stays. */
tfd_str tfd_url_decode(tfd_arena *arena, tfd_str text);

#endif
