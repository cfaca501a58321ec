/* Repairs of the way to the package index. Settings are taken back where they were made; certificates are
 * added rather than verification switched off. */
#include "fixes/fix.h"

static const tfd_online *online_of(const tfd_fix_ctx *ctx)
{
    return &ctx->view->facts->online;
}

static bool is_variable(tfd_str source)
{
    for (size_t i = 0; i < source.len; i++)
        if (!tfd_char_is_alpha(source.ptr[i]) && !tfd_char_is_digit(source.ptr[i]) && source.ptr[i] != '_')
            return false;
    return source.len > 0;
}

/* The address that stands in pip's own source is no setting. */
static bool is_default(tfd_str source)
{
    return source.len == 0 || tfd_str_ends_z(source, "index.py") || tfd_str_ends_z(source, ".whl");
}

static tfd_str python_of(const tfd_fix_ctx *ctx)
{
    return tfd_fix_program(ctx, ctx->view->facts->python.path);
}

/* pip names its files by level, not by path. */
static const char *level_of(tfd_fix_ctx *ctx, tfd_str path)
{
    const tfd_facts *facts = ctx->view->facts;

    if (facts->python.prefix.len > 0 && tfd_path_is_below(tfd_fix_style(ctx), path, facts->python.prefix))
        return "--site";
    return facts->home.len > 0 && tfd_path_is_below(tfd_fix_style(ctx), path, facts->home) ? "--user"
                                                                                           : "--global";
}

/* "/etc/pip.conf [global]" as path and section; false: no file of pip. */
static bool split_file(tfd_str source, tfd_str *path, tfd_str *section)
{
    size_t at = tfd_str_rfind_char(source, '[');

    if (at == TFD_NPOS || at < 2 || !tfd_str_ends_z(source, "]"))
        return false;
    *path = tfd_str_sub(source, 0, at - 1);
    *section = tfd_str_sub(source, at + 1, source.len - 1);
    return true;
}

/* Takes a setting back; false where no command can (an option of tfdiag, uv.toml). */
static bool take_back(tfd_fix_ctx *ctx, tfd_str source, const char *option)
{
    tfd_str path, section;
    const char *level, *sudo;

    if (is_variable(source)) {
        tfd_fix_unset(ctx, source);
        tfd_fix_note(ctx, tfd_fix_where_set(ctx));
        return true;
    }
    if (!split_file(source, &path, &section))
        return false;
    level = level_of(ctx, path);
    sudo = tfd_str_is(tfd_str_of(level), "--global") ? tfd_fix_sudo(ctx) : "";
    tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%s%.*s -m pip config %s unset %.*s.%s", sudo,
                                       TFD_ARG(python_of(ctx)), level, TFD_ARG(section), option));
    return true;
}

/* ---- the index */

/* "http://a/simple/ and http://b/simple/"; their sources with by_source. */
static tfd_str list_useless(tfd_fix_ctx *ctx, bool by_source)
{
    const tfd_online *online = online_of(ctx);
    tfd_str list = TFD_STR("");

    for (size_t i = 0; i < online->useless.count; i++) {
        const tfd_online_setting *one = &online->useless.items[i];
        tfd_str word = by_source ? one->source : one->address;

        if (!is_default(one->source) && tfd_str_find(list, word) == TFD_NPOS)
            list = tfd_arena_fmt(ctx->arena, "%.*s%s%.*s", TFD_ARG(list), list.len > 0 ? " and " : "",
                                 TFD_ARG(word));
    }
    return list;
}

static void fix_other_index(tfd_fix_ctx *ctx, const char *why)
{
    const tfd_online *online = online_of(ctx);
    tfd_str addresses = list_useless(ctx, false), sources = list_useless(ctx, true);
    const char *who = online->is_uv ? "uv" : "pip";

    if (sources.len == 0)
        return;
    tfd_fix_begin(ctx, addresses.len == 0
                           ? tfd_arena_fmt(ctx->arena, "Let %s ask its index again, which %.*s forbids", who,
                                           TFD_ARG(sources))
                           : tfd_arena_fmt(ctx->arena,
                                           "Take %.*s back (set by %.*s), so that %s asks its own index: %s",
                                           TFD_ARG(addresses), TFD_ARG(sources), who, why));
    for (size_t i = 0; i < online->useless.count; i++)
        if (!is_default(online->useless.items[i].source))
            (void)take_back(ctx, online->useless.items[i].source, online->useless.items[i].option);
}

static void fix_elsewhere(tfd_fix_ctx *ctx)
{
    tfd_fix_begin(
        ctx, TFD_STR("Without network: run 'pip download tensorflow' on a machine of the same system and "
                     "Python version, and here 'pip install --no-index --find-links FOLDER tensorflow'"));
}

static void fix_proxy_needed(tfd_fix_ctx *ctx)
{
    if (online_of(ctx)->proxy.len == 0)
        tfd_fix_begin(ctx,
                      TFD_STR("If this network is left through a proxy only: set HTTPS_PROXY to its address "
                              "(http://HOST:PORT), which whoever runs the network knows"));
}

static void fix_no_way(tfd_fix_ctx *ctx)
{
    fix_other_index(ctx, "this one cannot be reached");
    fix_proxy_needed(ctx);
    fix_elsewhere(ctx);
}

/* ---- the proxy */

static void fix_dead_proxy(tfd_fix_ctx *ctx)
{
    const tfd_online *online = online_of(ctx);

    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena,
                                     "Take the proxy %.*s back (set by %.*s), if this network needs none",
                                     TFD_ARG(online->proxy), TFD_ARG(online->proxy_source)));
    (void)take_back(ctx, online->proxy_source, "proxy");
    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "If it needs one: put the right address into %.*s",
                                     TFD_ARG(online->proxy_source)));
}

static void fix_proxy_password(tfd_fix_ctx *ctx)
{
    const tfd_online *online = online_of(ctx);

    tfd_fix_begin(
        ctx, tfd_arena_fmt(ctx->arena,
                           "Put your user and password for the proxy into %.*s: http://USER:PASSWORD@%.*s "
                           "(special characters as %%XX)",
                           TFD_ARG(online->proxy_source), TFD_ARG(online->failure.host)));
}

/* ---- TLS */

static void trust_system(tfd_fix_ctx *ctx)
{
    const tfd_online *online = online_of(ctx);
    tfd_str file = online->ca_system;

    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Let %s use the system's certificates, which know %.*s",
                                     online->is_uv ? "uv" : "pip",
                                     TFD_ARG(online->failure.issuer.len > 0 ? online->failure.issuer
                                                                            : TFD_STR("the authority"))));
    if (online->is_uv) {
        tfd_fix_set(ctx, "SSL_CERT_FILE", file);
        return;
    }
    if (is_variable(online->cert_source))
        tfd_fix_unset(ctx, online->cert_source); /* it would win */
    tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%.*s -m pip config set global.cert %.*s",
                                       TFD_ARG(python_of(ctx)), TFD_ARG(tfd_fix_quote(ctx, file))));
}

static void fix_unknown_authority(tfd_fix_ctx *ctx)
{
    const tfd_online *online = online_of(ctx);
    tfd_str issuer = online->failure.issuer.len > 0 ? online->failure.issuer : TFD_STR("the authority");

    if (online->failure.is_interceptable && online->ca_system.len > 0)
        trust_system(ctx);
    else
        tfd_fix_begin(
            ctx, tfd_arena_fmt(ctx->arena,
                               "Get the root certificate of %.*s from whoever runs this network, and name "
                               "its file: %s",
                               TFD_ARG(issuer),
                               online->is_uv ? "SSL_CERT_FILE=FILE"
                                             : "python -m pip config set global.cert FILE"));
    tfd_fix_note(ctx,
                 TFD_STR("--trusted-host is the last resort: with it anybody on the way can replace what is "
                         "installed."));
}

static void fix_certificate_file(tfd_fix_ctx *ctx)
{
    const tfd_online *online = online_of(ctx);

    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Take the file of certificates %.*s back (set by %.*s)",
                                     TFD_ARG(online->cert), TFD_ARG(online->cert_source)));
    (void)take_back(ctx, online->cert_source, "cert");
}

static void fix_clock(tfd_fix_ctx *ctx)
{
    tfd_fix_begin(ctx, TFD_STR("Set the clock of this machine"));
    if (tfd_fix_is_cmd(ctx))
        tfd_fix_command(ctx, TFD_STR("w32tm /resync"));
    else
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%stimedatectl set-ntp true", tfd_fix_sudo(ctx)));
    tfd_fix_needs_admin(ctx);
}

/* The index speaks a TLS that is too old, or none. */
static void fix_no_tls(tfd_fix_ctx *ctx)
{
    fix_other_index(ctx, "this one does not speak TLS as it should");
    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "If %.*s speaks plain http only: set its address with http:",
                                     TFD_ARG(online_of(ctx)->failure.host)));
}

static void fix_client_certificate(tfd_fix_ctx *ctx)
{
    const tfd_online *online = online_of(ctx);

    tfd_fix_begin(
        ctx,
        tfd_arena_fmt(ctx->arena,
                      "Get a certificate for %.*s from whoever runs it, with its key in one PEM file, and "
                      "name that: %s",
                      TFD_ARG(online->failure.host),
                      online->is_uv ? "SSL_CLIENT_CERT=FILE"
                                    : "python -m pip config set global.client-cert FILE"));
    fix_other_index(ctx, "it wants no certificate");
}

static void fix_server_certificate(tfd_fix_ctx *ctx)
{
    const tfd_online *online = online_of(ctx);

    fix_other_index(ctx, "the certificate of this one is no good");
    tfd_fix_begin(ctx,
                  tfd_arena_fmt(ctx->arena, "Whoever runs %.*s has to give it a certificate that is valid",
                                TFD_ARG(online->failure.host)));
}

/* ---- answers */

static void fix_login(tfd_fix_ctx *ctx)
{
    const tfd_online *online = online_of(ctx);

    tfd_fix_begin(
        ctx, tfd_arena_fmt(ctx->arena,
                           "Give your user and password for %.*s in the file .netrc of your home folder, or "
                           "in the address (set by %.*s)",
                           TFD_ARG(online->failure.host), TFD_ARG(online->index_source)));
    fix_other_index(ctx, "it wants no password");
}

static void fix_plain_http(tfd_fix_ctx *ctx)
{
    const tfd_online *online = online_of(ctx);
    tfd_str host, port;

    (void)tfd_str_cut(online->failure.host, ':', &host, &port);
    fix_other_index(ctx, "this one is asked over plain http");
    tfd_fix_begin(
        ctx,
        tfd_arena_fmt(ctx->arena,
                      "If it cannot be asked over https, and the network up to it is trusted: trust %.*s",
                      TFD_ARG(host)));
    tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%.*s -m pip config set global.trusted-host %.*s",
                                       TFD_ARG(python_of(ctx)), TFD_ARG(tfd_fix_quote(ctx, host))));
    tfd_fix_note(ctx, TFD_STR("Anybody on the way can then replace what is installed."));
}

/* pip ends at a file of its settings: it is kept, under a name that pip does not look for. */
static void fix_settings_file(tfd_fix_ctx *ctx)
{
    tfd_str path = ctx->view->facts->pip_refused;

    tfd_fix_begin(ctx,
                  tfd_arena_fmt(ctx->arena,
                                "Move %.*s away, which no pip can read: mend line %zu of it and move it back",
                                TFD_ARG(path), ctx->view->facts->pip_refused_line));
    tfd_fix_move(ctx, path, tfd_arena_fmt(ctx->arena, "%.*s.broken", TFD_ARG(path)));
    if (tfd_str_is(tfd_str_of(level_of(ctx, path)), "--global"))
        tfd_fix_as_admin(ctx);
}

static void fix_answer(tfd_fix_ctx *ctx)
{
    const tfd_online *online = online_of(ctx);

    fix_other_index(ctx, "this one does not give what is needed");
    if (online->failure.kind == TFD_NET_HOSTILE)
        tfd_fix_begin(ctx, TFD_STR("Open any page in a browser: this network may want you to sign in first"));
    else
        tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Try again later, or ask whoever runs %.*s",
                                         TFD_ARG(online->index)));
}

void tfd_fix_network(tfd_fix_ctx *ctx)
{
    if (ctx->lead->path.len > 0) {
        fix_settings_file(ctx);
        return;
    }
    switch (online_of(ctx)->failure.kind) {
    case TFD_NET_PROXY_DNS:
    case TFD_NET_PROXY_REFUSED:
    case TFD_NET_PROXY_STATUS:
        fix_dead_proxy(ctx);
        break;
    case TFD_NET_PROXY_AUTH:
        fix_proxy_password(ctx);
        break;
    case TFD_NET_TLS_CA:
        fix_unknown_authority(ctx);
        break;
    case TFD_NET_TLS_CLOCK:
        fix_clock(ctx);
        break;
    case TFD_NET_CA_FILE:
        fix_certificate_file(ctx);
        break;
    case TFD_NET_TLS_EXPIRED:
    case TFD_NET_TLS_NAME:
        fix_server_certificate(ctx);
        break;
    case TFD_NET_TLS_CLIENT:
        fix_client_certificate(ctx);
        break;
    case TFD_NET_TLS_OTHER:
        fix_no_tls(ctx);
        break;
    case TFD_NET_PLAIN_HTTP:
        fix_plain_http(ctx);
        break;
    case TFD_NET_AUTH:
        fix_login(ctx);
        break;
    case TFD_NET_DNS:
    case TFD_NET_REFUSED:
    case TFD_NET_UNREACHABLE:
    case TFD_NET_TIMEOUT:
    case TFD_NET_BROKEN:
        fix_no_way(ctx);
        break;
    case TFD_NET_OK:
        if (online_of(ctx)->is_found && online_of(ctx)->newest_fit.len > 0 && online_of(ctx)->knows_clock &&
            ctx->lead->effect == TFD_EFFECT_LATENT && tfd_str_eq(ctx->lead->source, online_of(ctx)->index))
            fix_clock(ctx);
        else
            fix_answer(ctx);
        break;
    default:
        fix_answer(ctx);
        break;
    }
}
