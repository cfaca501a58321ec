/* What the package index said, where it was asked (--online). */
#ifndef TFD_CORE_ONLINE_FACTS_H
#define TFD_CORE_ONLINE_FACTS_H

#include "net/failure.h"

typedef struct tfd_online {
    bool was_asked;              /* --online */
    tfd_str index;               /* the main address, without credentials; empty: none is known */
    tfd_str index_source;        /* where that is set: a variable, a file */
    tfd_net_failure failure;     /* kind TFD_NET_OK: the project's page was read */
    bool is_found;               /* the index has the project tensorflow */
    bool complete;               /* every index answered, so what is not listed is not there */
    size_t files;                /* of the project */
    tfd_str newest;              /* newest release that is neither a pre-release nor yanked; empty: none */
    tfd_str newest_fit;          /* the same, of those with a wheel for this interpreter; empty: none */
    tfd_str requires_python;     /* of newest_fit, by its own METADATA; empty: not read */
    bool python_fits;            /* a wheel is for this interpreter's version, whatever its platform */
    bool fits_tags_known;        /* every wheel could be judged: newest_fit empty means that none fits */
    tfd_str proxy, proxy_source; /* in use for the index, without credentials; empty: none */
    tfd_str cert, cert_source;   /* certificates that are set; empty: pip's own */
    tfd_str ca_system;           /* the system's file of certificates; empty: none known */
    tfd_str fault;               /* of a configuration file; empty: none */
    bool is_uv;
    bool knows_clock;
    int64_t clock_off; /* seconds by which this machine's clock is ahead */
    size_t requests;
    uint64_t bytes, microseconds;
} tfd_online;

#endif
