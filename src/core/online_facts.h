/* What the package index said, where it was asked (--online). */
#ifndef TFD_CORE_ONLINE_FACTS_H
#define TFD_CORE_ONLINE_FACTS_H

#include "core/table.h"
#include "net/failure.h"

/* A setting that does no good: the address that it names failed, or has no TensorFlow. */
typedef struct tfd_online_setting {
    tfd_str address;    /* without credentials; empty: "no-index" */
    tfd_str source;     /* a variable, a file */
    const char *option; /* of pip: "index-url" */
} tfd_online_setting;

typedef struct tfd_online {
    bool was_asked;       /* --online */
    tfd_str index;        /* the address that the rest is about, without credentials: that which failed,
                             that which has the newest release, or the main one; empty: none is known */
    tfd_str index_source; /* where that is set: a variable, a file */
    TFD_TABLE(tfd_online_setting) useless;
    tfd_net_failure failure; /* kind TFD_NET_OK: the project's page was read */
    bool is_found;           /* the index has the project tensorflow */
    bool complete;           /* every index answered, so what is not listed is not there */
    size_t files;            /* of the project */
    tfd_str newest;          /* newest release that is neither a pre-release nor yanked; empty: none */
    tfd_str newest_fit;      /* the same, of those with a wheel for this interpreter, and whose own METADATA
                                (where it could be read) wants no other Python; empty: none */
    bool python_fits;        /* a wheel is for this interpreter's version, whatever its platform */
    bool fits_tags_known;    /* every wheel could be judged: newest_fit empty means that none fits */
    tfd_str proxy, proxy_source; /* in use for the index, without credentials; empty: none */
    tfd_str cert, cert_source;   /* certificates that are set; empty: pip's own */
    tfd_str ca_system;           /* the system's file of certificates; empty: none known */
    bool is_uv;
    bool knows_clock;
    int64_t clock_off; /* seconds by which this machine's clock is ahead */
    size_t requests;
    uint64_t bytes, microseconds;
} tfd_online;

#endif
