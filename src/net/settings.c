#include "net/settings.h"

#include <string.h>

#include "base/map.h"
#include "net/url.h"
#include "net/wheelfile.h"

#define SOURCE_MAX ((size_t)64 << 10) /* of pip/_internal/models/index.py, 1 KiB */
#define WORDS_MAX 64u

bool tfd_net_env(const tfd_sys *sys, const char *name, tfd_str *value)
{
    return sys->env(sys, name, value) && value->len > 0;
}

tfd_str tfd_net_path(const tfd_sys *sys, tfd_arena *arena, tfd_str path)
{
    if (path.len > 1 && path.ptr[0] == '~' && tfd_path_is_sep(sys->style, path.ptr[1]))
        return tfd_path_join(sys->style, arena, sys->home(sys), tfd_str_from(path, 2));
    return tfd_path_is_abs(sys->style, path) ? path : tfd_path_join(sys->style, arena, sys->cwd(sys), path);
}

bool tfd_net_add_words(tfd_arena *arena, tfd_str words, tfd_str source, tfd_net_values *out)
{
    size_t at = 0;

    while (at < words.len && out->count < WORDS_MAX) {
        size_t start;

        while (at < words.len && tfd_char_is_space(words.ptr[at]))
            at++;
        start = at;
        while (at < words.len && !tfd_char_is_space(words.ptr[at]))
            at++;
        if (at == start)
            continue;
        if (!TFD_GROW(arena, out))
            return false;
        out->items[out->count++] = (tfd_net_value){tfd_str_sub(words, start, at), source};
    }
    return true;
}

/* ---- pip's settings: later files over earlier ones, but [install] over [global], and variables over both */

typedef enum option {
    OPTION_INDEX,
    OPTION_EXTRA,
    OPTION_LINKS,
    OPTION_TRUSTED,
    OPTION_NO_INDEX,
    OPTION_NO_INPUT,
    OPTION_PROXY,
    OPTION_CERT,
    OPTION_CLIENT_CERT,
    OPTION_LOG,
    OPTION_COUNT
} option;

static const struct {
    const char *key, *old_key, *variable;
} options[OPTION_COUNT] = {
    {"index-url", "pypi-url", "PIP_INDEX_URL"},
    {"extra-index-url", NULL, "PIP_EXTRA_INDEX_URL"},
    {"find-links", NULL, "PIP_FIND_LINKS"},
    {"trusted-host", NULL, "PIP_TRUSTED_HOST"},
    {"no-index", NULL, "PIP_NO_INDEX"},
    {"no-input", NULL, "PIP_NO_INPUT"},
    {"proxy", NULL, "PIP_PROXY"},
    {"cert", NULL, "PIP_CERT"},
    {"client-cert", NULL, "PIP_CLIENT_CERT"},
    {"log", NULL, "PIP_LOG"},
};

enum { LEVEL_GLOBAL, LEVEL_COMMAND, LEVEL_VARIABLE, LEVEL_COUNT };

typedef struct reading {
    const tfd_sys *sys;
    tfd_arena *arena;
    tfd_net_settings *out;
    tfd_net_value values[LEVEL_COUNT][OPTION_COUNT];
} reading;

static void read_config(reading *in, tfd_str path)
{
    tfd_str text, key, value;
    tfd_ini ini = {0};

    if (tfd_sys_read_file(in->sys, in->arena, path, TFD_PIP_CONFIG_MAX, &text, NULL) != TFD_OK)
        return;
    ini.rest = text;
    while (tfd_ini_next(&ini, &key, &value)) {
        int level = tfd_str_is(ini.section, "global") ? LEVEL_GLOBAL : LEVEL_COMMAND;

        if (level == LEVEL_COMMAND && !tfd_str_is(ini.section, "install"))
            continue;
        for (int i = 0; i < OPTION_COUNT; i++)
            if (value.len > 0 &&
                (tfd_net_is_option(key, options[i].key) || tfd_net_is_option(key, options[i].old_key)))
                in->values[level][i] = (tfd_net_value){
                    value, tfd_arena_fmt(in->arena, "%.*s [%.*s]", TFD_ARG(path), TFD_ARG(ini.section))};
    }
}

static tfd_str variable(const reading *in, const char *name)
{
    tfd_str value;

    return tfd_net_env(in->sys, name, &value) ? value : TFD_STR("");
}

static tfd_status read_files(reading *in, const tfd_facts *facts)
{
    tfd_strs files = {0};
    tfd_status st = tfd_net_pip_files(in->sys, in->arena, facts, &files);

    for (size_t i = 0; st == TFD_OK && i < files.count; i++)
        read_config(in, files.items[i]);
    return st;
}

/* distutils.util.strtobool */
static bool is_true(tfd_str value)
{
    static const char *const words[] = {"y", "yes", "t", "true", "on", "1"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (tfd_str_eq_nocase(value, tfd_str_of(words[i])))
            return true;
    return false;
}

/* Of all levels; last has OPTION_COUNT rows. */
static void choose(const reading *in, tfd_net_value *last)
{
    memset(last, 0, OPTION_COUNT * sizeof *last);
    for (int level = 0; level < LEVEL_COUNT; level++)
        for (int i = 0; i < OPTION_COUNT; i++)
            if (in->values[level][i].text.len > 0)
                last[i] = in->values[level][i];
}

static bool merge(reading *in)
{
    tfd_net_settings *out = in->out;
    tfd_net_value last[OPTION_COUNT];

    choose(in, last);
    out->index = last[OPTION_INDEX];
    out->proxy = last[OPTION_PROXY];
    out->cert = last[OPTION_CERT];
    out->client_cert = last[OPTION_CLIENT_CERT];
    if (is_true(last[OPTION_NO_INDEX].text))
        out->no_index = last[OPTION_NO_INDEX];
    out->asks_user = !is_true(last[OPTION_NO_INPUT].text);
    return tfd_net_add_words(in->arena, last[OPTION_EXTRA].text, last[OPTION_EXTRA].source, &out->extra) &&
           tfd_net_add_words(in->arena, last[OPTION_LINKS].text, last[OPTION_LINKS].source, &out->links) &&
           tfd_net_add_words(in->arena, last[OPTION_TRUSTED].text, last[OPTION_TRUSTED].source,
                             &out->trusted);
}

/* ---- the address that pip has when nothing is set */

/* The first literal of PyPI = PackageIndex("…", …), with "simple" behind it. */
tfd_str tfd_net_pip_default(tfd_arena *arena, tfd_str source_text)
{
    size_t at = tfd_str_find_z(source_text, "\nPyPI");
    tfd_str rest = tfd_str_from(source_text, at == TFD_NPOS ? source_text.len : at + 5), literal;
    tfd_url url;

    for (at = 0; at < rest.len && rest.ptr[at] != '"' && rest.ptr[at] != '\'' && at < 200;)
        at++;
    if (at >= rest.len || at == 200)
        return TFD_STR("");
    (void)tfd_str_cut(tfd_str_from(rest, at + 1), rest.ptr[at], &literal, &rest);
    if (!tfd_url_split(literal, &url))
        return TFD_STR("");
    return tfd_url_join(arena, literal, TFD_STR("simple"));
}

static bool try_pip(reading *in, tfd_str site)
{
    tfd_str path, text;

    if (in->out->index.text.len > 0 || site.len == 0)
        return false;
    path = tfd_path_join(in->sys->style, in->arena, site, TFD_STR("pip/_internal/models/index.py"));
    if (tfd_sys_read_file(in->sys, in->arena, path, SOURCE_MAX, &text, NULL) != TFD_OK)
        return false;
    in->out->index = (tfd_net_value){tfd_net_pip_default(in->arena, text), path};
    return in->out->index.text.len > 0;
}

/* The pip that ensurepip would put into the environment. */
static void try_bundled(reading *in, tfd_str stdlib)
{
    tfd_str dir, path, text;
    tfd_dirents entries;

    if (in->out->index.text.len > 0 || stdlib.len == 0)
        return;
    dir = tfd_path_join(in->sys->style, in->arena, stdlib, TFD_STR("ensurepip"));
    dir = tfd_path_join(in->sys->style, in->arena, dir, TFD_STR("_bundled"));
    if (in->sys->list(in->sys, in->arena, dir, &entries, NULL) != TFD_OK)
        return;
    for (size_t i = 0; i < entries.count && in->out->index.text.len == 0; i++) {
        tfd_str name = entries.items[i].name;

        if (!tfd_str_starts_z(name, "pip-") || !tfd_str_ends_z(name, ".whl"))
            continue;
        path = tfd_path_join(in->sys->style, in->arena, dir, name);
        if (tfd_wheelfile_member(in->sys, in->arena, path, TFD_STR("pip/_internal/models/index.py"),
                                 SOURCE_MAX, &text, NULL) == TFD_OK)
            in->out->index = (tfd_net_value){tfd_net_pip_default(in->arena, text), path};
    }
}

static void find_default(reading *in, const tfd_facts *facts)
{
    static const tfd_place_kind kinds[] = {TFD_PLACE_SITE, TFD_PLACE_USER_SITE, TFD_PLACE_BASE_SITE};

    if (!facts)
        return;
    (void)try_pip(in, facts->pip.site);
    (void)try_pip(in, facts->python.site_packages);
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (size_t i = 0; i < facts->places.count; i++)
            if (facts->places.items[i].kind == kinds[k])
                (void)try_pip(in, facts->places.items[i].path);
    try_bundled(in, facts->python.stdlib);
}

/* ---- certificates */

/* Where systems keep all certificates in one file. */
static tfd_str find_system_file(reading *in)
{
    static const char *const paths[] = {
        "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Arch, Alpine */
        "/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora, RHEL */
        "/etc/ssl/ca-bundle.pem",                            /* SUSE */
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* newer Fedora */
        "/etc/ssl/cert.pem"                                  /* Alpine, BSD, macOS */
    };

    for (size_t i = 0; i < sizeof paths / sizeof paths[0] && in->sys->style == TFD_PATH_POSIX; i++)
        if (tfd_sys_is_file(in->sys, tfd_str_of(paths[i])))
            return tfd_str_of(paths[i]);
    return TFD_STR("");
}

static tfd_str pip_version(const tfd_facts *facts)
{
    for (size_t i = 0; facts && i < facts->dists.count; i++)
        if (tfd_str_is(facts->dists.items[i].key, "pip") && !facts->dists.items[i].is_shadowed)
            return facts->dists.items[i].version;
    return TFD_STR("");
}

/* pip 24.2: truststore, where the interpreter is 3.10 or newer. */
static bool trusts_system(const tfd_facts *facts)
{
    uint64_t major = 0, minor = 0;
    tfd_str head, rest, tail;

    if (!facts || facts->python.major < 3 || (facts->python.major == 3 && facts->python.minor < 10))
        return false;
    (void)tfd_str_cut(pip_version(facts), '.', &head, &rest);
    (void)tfd_str_cut(rest, '.', &rest, &tail);
    return tfd_str_u64(head, &major) && tfd_str_u64(rest, &minor) &&
           (major > 24 || (major == 24 && minor >= 2));
}

static void try_certificates(reading *in, tfd_str site)
{
    tfd_str path = tfd_path_join(in->sys->style, in->arena, site, TFD_STR("pip/_vendor/certifi/cacert.pem"));

    if (in->out->ca_bundled.len == 0 && site.len > 0 && tfd_sys_is_file(in->sys, path))
        in->out->ca_bundled = path;
}

static void find_bundled(reading *in, const tfd_facts *facts)
{
    if (!facts)
        return;
    try_certificates(in, facts->pip.site);
    try_certificates(in, facts->python.site_packages);
    /* What uv has inside is Mozilla's list, as is pip's, which the base interpreter may have. */
    if (in->out->is_uv && facts->python.stdlib.len > 0)
        try_certificates(
            in, tfd_path_join(in->sys->style, in->arena, facts->python.stdlib, TFD_STR("site-packages")));
}

static void choose_certificates(reading *in, const tfd_facts *facts)
{
    static const char *const names[] = {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"};
    tfd_net_settings *out = in->out;
    tfd_str own = variable(in, "SSL_CERT_FILE");

    out->ca_system = find_system_file(in);
    if (!out->is_uv)
        out->uses_system = trusts_system(facts);
    find_bundled(in, facts);
    for (size_t i = 0; i < 2 && out->cert.text.len == 0 && !out->is_uv; i++)
        if (variable(in, names[i]).len > 0)
            out->cert = (tfd_net_value){variable(in, names[i]), tfd_str_of(names[i])};
    if (own.len > 0 && out->cert.text.len == 0 && (out->is_uv || out->uses_system))
        out->cert = (tfd_net_value){own, TFD_STR("SSL_CERT_FILE")};
    if (out->cert.text.len > 0) {
        if (tfd_sys_kind(in->sys, out->cert.text) == TFD_KIND_DIR)
            out->ca_dir = out->cert.text;
        else
            out->ca_file = out->cert.text;
    } else if (out->uses_system) {
        out->ca_file = out->ca_system;
        out->ca_dir = variable(in, "SSL_CERT_DIR");
    } else {
        out->ca_file = out->ca_bundled.len > 0 ? out->ca_bundled : out->ca_system;
    }
}

/* Files and variables; NULL: no memory. */
static reading *read_all(const tfd_sys *sys, tfd_arena *arena, const tfd_facts *facts, tfd_net_settings *out)
{
    reading *in = tfd_arena_new(arena, reading, 1);

    memset(out, 0, sizeof *out);
    if (!in)
        return NULL;
    in->sys = sys;
    in->arena = arena;
    in->out = out;
    if (read_files(in, facts) != TFD_OK)
        return NULL;
    for (int i = 0; i < OPTION_COUNT; i++)
        in->values[LEVEL_VARIABLE][i] =
            (tfd_net_value){variable(in, options[i].variable), tfd_str_of(options[i].variable)};
    return in;
}

tfd_status tfd_net_log_setting(const tfd_sys *sys, tfd_arena *arena, const tfd_facts *facts, tfd_str *path)
{
    tfd_net_value last[OPTION_COUNT];
    tfd_net_settings ignored;
    const reading *in = read_all(sys, arena, facts, &ignored);

    *path = TFD_STR("");
    if (!in)
        return TFD_ENOMEM;
    choose(in, last);
    *path = tfd_str_trim(last[OPTION_LOG].text);
    return TFD_OK;
}

tfd_status tfd_net_settings_read(const tfd_sys *sys, tfd_arena *arena, const tfd_facts *facts,
                                 tfd_net_settings *out)
{
    reading *in = read_all(sys, arena, facts, out);
    tfd_status st = TFD_OK;

    if (!in || !merge(in))
        return TFD_ENOMEM;
    out->is_uv = facts && facts->python.uv.len > 0 && facts->python.has_pip == TFD_NO;
    if (out->is_uv)
        st = tfd_net_settings_uv(sys, arena, out);
    find_default(in, facts);
    choose_certificates(in, facts);
    out->netrc = variable(in, "NETRC");
    return arena->failed ? TFD_ENOMEM : st;
}
