/* The package index that the examined environment's own pip would ask: which files a project has there, and
 * the METADATA of a file without its wheel.
 *
 * A session is opened with the settings of pip (configuration files of all levels, PIP_* variables, proxies,
 * certificates, netrc) and uv's. No address is built in: without a setting, pip's default is read out of the
 * pip package of the environment; where there is none the session says TFD_NET_NO_INDEX and the user has to
 * give --index-url. Requests are made by a supervised child (src/sys/net), so a session can be used on any
 * thread, but by one at a time.
 *
 * Sources: PEP 503 and PEP 691 (Simple API), PEP 592 (yanked), PEP 658 and PEP 714 (metadata files), PEP 700
 * (size, versions), PEP 427 (wheel names), pip's documentation of its configuration. */
#ifndef TFD_NET_INDEX_H
#define TFD_NET_INDEX_H

#include "core/facts.h"
#include "net/failure.h"

typedef struct tfd_index tfd_index;

typedef struct tfd_index_config {
    tfd_str index_url;      /* --index-url; empty: as set for pip or uv. Wins over PIP_NO_INDEX */
    bool offline;           /* --offline: nothing is asked whatever else is set */
    size_t requests_max;    /* for the whole session; 0: TFD_INDEX_REQUESTS_MAX */
    uint64_t deadline_ms;   /* for the whole session, from its opening; 0: TFD_INDEX_DEADLINE_MS */
    bool no_cache;          /* neither read nor write the cache folder */
    const tfd_facts *facts; /* of the examined environment: its pip, place, variables; NULL: none */
    /* Called about ten times a second while a request waits; false ends it (TFD_ETIMEOUT). May be NULL. */
    bool (*tick)(void *ctx);
    void *tick_ctx;
} tfd_index_config;

#define TFD_INDEX_REQUESTS_MAX 400u
#define TFD_INDEX_DEADLINE_MS 60000u
/* Most bytes of a project's page, of a METADATA text, and most files of a project; what is longer is hostile.
 */
#define TFD_INDEX_PAGE_MAX ((size_t)32 << 20)
#define TFD_INDEX_METADATA_MAX ((size_t)4 << 20)
#define TFD_INDEX_FILES_MAX 100000u

/* One address of the session, in the order in which pip or uv asks them. */
typedef enum tfd_index_role { TFD_INDEX_MAIN, TFD_INDEX_EXTRA, TFD_INDEX_FIND_LINKS } tfd_index_role;
typedef struct tfd_index_address {
    tfd_index_role role;
    tfd_str url;    /* without credentials: fit for reports. find-links: also a folder's path */
    tfd_str source; /* "PIP_INDEX_URL", "/etc/pip.conf", "--index-url", "…/pip/_internal/models/index.py" */
} tfd_index_address;

/* Reads the settings; asks nothing yet. The session and all it gives live in arena, the child that a request
 * starts ends with the request. TFD_OK with *failure set (kind not TFD_NET_OK) and *out usable where nothing
 * can be asked: every request then fails with that. TFD_ENOMEM is the only other status. */
tfd_status tfd_index_open(const tfd_sys *sys, tfd_arena *arena, const tfd_index_config *config,
                          tfd_index **out, tfd_net_failure *failure, tfd_err *err);

const tfd_index_address *tfd_index_addresses(const tfd_index *index, size_t *count);

/* How the session goes to its main address; all text is fit for reports. */
typedef struct tfd_index_way {
    bool is_uv; /* by uv's settings */
    tfd_str proxy, proxy_source;
    tfd_str cert, cert_source; /* certificates that the user has set; empty: pip's own */
    tfd_str ca_system;         /* the system's file of certificates; empty: none known */
    tfd_str no_index_source;   /* of the setting that keeps pip from every index; empty: none does */
} tfd_index_way;

tfd_index_way tfd_index_get_way(const tfd_index *index);

typedef enum tfd_index_form { TFD_INDEX_OTHER, TFD_INDEX_WHEEL, TFD_INDEX_SDIST } tfd_index_form;

typedef struct tfd_index_file {
    tfd_str name; /* "tensorflow-2.15.0-cp311-cp311-manylinux_2_17_x86_64.whl" */
    tfd_str url;  /* absolute; may hold credentials: for tfd_index_metadata_read only, never for reports */
    tfd_index_form form;
    tfd_str version; /* as in the name: "2.15.0"; empty: the name is malformed */
    tfd_str tags;    /* wheels: "cp311-cp311-manylinux_2_17_x86_64", as tfd_tag_match takes it; else empty */
    tfd_str sha256;  /* 64 hexadecimal digits; empty: not told */
    tfd_str requires_python; /* specifier; empty: none or not told */
    bool is_yanked;
    tfd_str yanked_reason;   /* may be empty */
    uint64_t size;           /* bytes; 0: not told (PEP 503 pages do not) */
    bool has_metadata;       /* the index offers url + ".metadata" */
    tfd_str metadata_sha256; /* empty: not told */
    tfd_str uploaded;        /* "2023-11-14T…Z"; empty: not told */
    size_t address;          /* row of tfd_index_addresses */
} tfd_index_file;

typedef struct tfd_index_project {
    tfd_str key;           /* PEP 503 name that was asked for */
    tfd_index_file *items; /* of all addresses together, in the order of the pages: not sorted by version */
    size_t count;
    size_t capacity;
    bool is_found;             /* at least one address has the project */
    bool complete;             /* every address answered (with the project, or that it has none) */
    tfd_net_failure failure;   /* the first failure; TFD_NET_NO_PROJECT where every address says that */
    size_t failed;             /* row of tfd_index_addresses that failure is of */
    tfd_net_failure *failures; /* of every address; NULL: none was asked */
} tfd_index_project;

/* The files of n projects, asked at the same time; names in any spelling (they are normalised). out has n
 * rows. What stops the installer stops here: with pip, an index that wants a password which is not set (pip
 * asks the user for it); with uv, any failure but "no such project" of an index that it comes to before it
 * has found the project. Then there are no files, whatever other addresses have. TFD_OK whatever the index
 * said: each row has its failure. TFD_ENOMEM; TFD_ETIMEOUT where the user interrupted. */
tfd_status tfd_index_projects_read(tfd_index *index, const tfd_str *names, size_t n, tfd_index_project *out,
                                   tfd_err *err);

typedef struct tfd_index_text {
    tfd_str text; /* METADATA, header part at least; empty where failure is set */
    tfd_net_failure failure;
} tfd_index_text;

/* METADATA of n files (wheels only), asked at the same time: the metadata file where the index has one (its
 * hash is compared), else by ranges of the wheel: its end, its central directory where that is longer, the
 * member; never the whole wheel. Statuses as above. */
tfd_status tfd_index_metadata_read(tfd_index *index, const tfd_index_file *const *files, size_t n,
                                   tfd_index_text *out, tfd_err *err);

/* What the headers of METADATA say, as tfd_header_next finds them: first value of a key, and an iteration
 * over all values of it. Empty where there is none. */
tfd_str tfd_index_metadata_first(tfd_str text, const char *key);
/* *state starts as text; false past the last one. */
bool tfd_index_metadata_next(tfd_str *state, const char *key, tfd_str *value);

typedef struct tfd_index_counts {
    size_t requests;       /* HTTP requests sent, redirects, retries and probes of TLS included */
    size_t from_cache;     /* answered by the cache without a request */
    size_t unchanged;      /* of the requests: 304, the cache's copy holds */
    uint64_t bytes;        /* of bodies received */
    uint64_t microseconds; /* waited in all */
} tfd_index_counts;

tfd_index_counts tfd_index_get_counts(const tfd_index *index);

/* The index's answers had Date headers: seconds by which this machine's clock is ahead; false: not known. */
bool tfd_index_clock_off(const tfd_index *index, int64_t *seconds);

#endif
