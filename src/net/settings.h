/* Where pip (or uv) of the examined environment would look for wheels, and how: its configuration files,
 * variables, proxies, certificates. Reads files and variables of the machine; asks no server.
 *
 * Sources: pip's user guide and reference ("Configuration", "HTTPS Certificates"), read against
 * pip/_internal/configuration.py, cli/parser.py and cli/index_command.py; urllib.request.getproxies and
 * requests' should_bypass_proxies for proxies; uv's reference of settings and variables. */
#ifndef TFD_NET_SETTINGS_H
#define TFD_NET_SETTINGS_H

#include "base/map.h"
#include "core/facts.h"

typedef struct tfd_net_value {
    tfd_str text;   /* empty: not set */
    tfd_str source; /* a variable's name, or a file: "/etc/pip.conf [global]" */
} tfd_net_value;

typedef TFD_TABLE(tfd_net_value) tfd_net_values;

typedef struct tfd_net_settings {
    bool is_uv;             /* uv's settings, because this environment has no pip of its own */
    tfd_net_value index;    /* empty: no address is known */
    tfd_net_values extra;   /* further indexes */
    tfd_net_values links;   /* find-links: URLs, paths, file: URLs */
    tfd_net_values trusted; /* "host" or "host:port" */
    tfd_net_value no_index;
    bool asks_user;      /* pip asks at the terminal for a password that a server wants */
    bool first_only;     /* uv: of several indexes, the first that has the project is the only one it takes */
    tfd_net_value proxy; /* --proxy of pip; wins over the variables */
    tfd_net_value cert;  /* that the user has set; may be empty */
    tfd_net_value client_cert;
    tfd_str ca_file, ca_dir; /* certificates in use; may both be empty: libcurl's own */
    tfd_str ca_bundled;      /* pip's own file of certificates; empty: none */
    tfd_str ca_system;       /* the system's file of certificates; empty: none known */
    bool uses_system;        /* pip trusts the system's store: 24.2 and newer on Python 3.10 and newer */
    tfd_str netrc;           /* that NETRC names; empty: the usual one */
} tfd_net_settings;

/* facts may be NULL. TFD_ENOMEM is the only failure. */
tfd_status tfd_net_settings_read(const tfd_sys *sys, tfd_arena *arena, const tfd_facts *facts,
                                 tfd_net_settings *out);

/* The address of the proxy for a URL, empty for none; source may be NULL. */
tfd_net_value tfd_net_proxy_for(const tfd_sys *sys, tfd_arena *arena, const tfd_net_settings *settings,
                                tfd_str url);
/* pip asks it without verifying its certificate: --trusted-host names it. */
bool tfd_net_is_trusted(const tfd_net_settings *settings, tfd_str url);

/* The literal that pip's models/index.py gives to its own index, with "simple" behind it; empty: not there.
 */
tfd_str tfd_net_pip_default(tfd_arena *arena, tfd_str source_text);

/* A configuration file of pip is a few lines. */
#define TFD_PIP_CONFIG_MAX ((size_t)256 << 10)

/* pip's configuration files in the order in which it reads them, whether they are there or not
 * (pip/_internal/configuration.py: global, user, environment, PIP_CONFIG_FILE). facts may be NULL.
 * TFD_ENOMEM is the only failure. */
tfd_status tfd_net_pip_files(const tfd_sys *sys, tfd_arena *arena, const tfd_facts *facts, tfd_strs *out);

/* Adds to facts->pip_options what keeps `pip install` from this environment: a setting that sends packages
 * elsewhere, refuses them or only plays the installation, constraints that are not there, and no index where
 * no other source is named. facts->pip_refused: a file at which every pip ends. TFD_ENOMEM is the only
 * failure.
 */
tfd_status tfd_net_pip_options(const tfd_sys *sys, tfd_arena *arena, tfd_facts *facts);

/* facts->pip_log: how the last run ended of a pip that lies on this interpreter's sys.path, where it is told
 * to keep a log (PIP_LOG, "log" in a file). TFD_ENOMEM is the only failure. */
tfd_status tfd_net_pip_log(const tfd_sys *sys, tfd_arena *arena, tfd_facts *facts);

/* Keys are compared as pip does: lower case, '_' as '-', without a leading "--". name may be NULL. */
bool tfd_net_is_option(tfd_str key, const char *name);

/* ---- shared by settings*.c */

/* Lines of a configuration file as Python's configparser reads them: "[section]", "key = value" or "key:
 * value", indented lines continue a value, '#' and ';' begin a comment line. */
typedef struct tfd_ini {
    tfd_str rest;
    tfd_str section;  /* of the value given last */
    tfd_arena *arena; /* where names are kept, to find one that comes twice; NULL: that is not looked at */
    size_t refused;   /* the first line that configparser does not take; 0: none so far */
    tfd_str text;     /* from here on: of tfd_ini_next */
    tfd_map seen;
} tfd_ini;

/* The next value; false at the end. The value's lines are as they stand, line ends included. */
bool tfd_ini_next(tfd_ini *ini, tfd_str *key, tfd_str *value);

/* pip's "log" as it stands, by the rules of all settings; empty: not set. TFD_ENOMEM is the only failure. */
tfd_status tfd_net_log_setting(const tfd_sys *sys, tfd_arena *arena, const tfd_facts *facts, tfd_str *path);
/* A path of a setting: "~" is the home folder, the rest is seen from the current one. */
tfd_str tfd_net_path(const tfd_sys *sys, tfd_arena *arena, tfd_str path);
bool tfd_net_add_words(tfd_arena *arena, tfd_str words, tfd_str source, tfd_net_values *out);
/* A variable that is set and not empty. */
bool tfd_net_env(const tfd_sys *sys, const char *name, tfd_str *value);
/* uv's settings over what stands in out (settings_uv.c). */
tfd_status tfd_net_settings_uv(const tfd_sys *sys, tfd_arena *arena, tfd_net_settings *out);

#endif
