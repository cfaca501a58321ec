#include <string.h>

#include "sys/net/transfer.h"

#define HEADER_VALUE_MAX 1024u
#define PROTOCOLS_HTTPS "https"
#define PROTOCOLS_BOTH "http,https"

static bool is_plain(const char *url)
{
    return tfd_str_starts_z(tfd_str_of(url), "http:");
}

/* https never leads to http; the options are strings since 7.85. */
static void set_protocols(CURL *easy, const char *url)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, PROTOCOLS_BOTH);
    (void)curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR,
                           is_plain(url) ? PROTOCOLS_BOTH : PROTOCOLS_HTTPS);
#else
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
    (void)curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS,
                           is_plain(url) ? (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS) : (long)CURLPROTO_HTTPS);
#endif
}

static void set_text(CURL *easy, CURLoption option, const char *value)
{
    if (value[0])
        (void)curl_easy_setopt(easy, option, value);
}

void tfd_transfer_set_common(const tfd_net_session *session, CURL *easy, const char *url, const char *proxy,
                             bool trusted)
{
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    set_protocols(easy, url);
    /* The proxy was chosen by pip's rules: libcurl's own reading of the environment is switched off. */
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, proxy);
    (void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, session->agent);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)TFD_NET_CONNECT_MS);
    (void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)TFD_NET_STALL_S);
    set_text(easy, CURLOPT_CAINFO, session->ca_file);
    set_text(easy, CURLOPT_CAPATH, session->ca_dir);
    set_text(easy, CURLOPT_SSLCERT, session->client_cert);
    /* Schannel would ask the issuer's list of revoked certificates; pip asks none, and proxies often keep it
     * out. */
    (void)curl_easy_setopt(easy, CURLOPT_SSL_OPTIONS, (long)CURLSSLOPT_NO_REVOKE);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, trusted ? 0L : 1L);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, trusted ? 0L : 2L);
}

/* ---- what comes in */

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
    tfd_transfer *transfer = ctx;
    long status = 0;

    n *= size;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    /* A server without ranges sends the whole file: nobody asked for that. */
    if ((transfer->range[0] && status == 200) || n > transfer->max - transfer->body.len) {
        transfer->is_cut = true;
        return 0;
    }
    tfd_buf_add(&transfer->body, bytes, n);
    transfer->session->bytes += n;
    return transfer->body.failed ? 0 : n;
}

/* OpenSSL's messages of the handshake are told as text only. */
static int take_word(CURL *easy, curl_infotype type, char *text, size_t n, void *ctx)
{
    tfd_transfer *transfer = ctx;

    (void)easy;
    if (type == CURLINFO_TEXT && tfd_str_find_z((tfd_str){text, n}, "Request CERT") != TFD_NPOS)
        transfer->asks_certificate = true;
    return 0;
}

static void keep_value(tfd_buf *buf, tfd_str value)
{
    tfd_buf_clear(buf);
    tfd_buf_str(buf, tfd_str_trim(value));
}

static size_t take_header(char *bytes, size_t size, size_t n, void *ctx)
{
    tfd_transfer *transfer = ctx;
    tfd_str line = {bytes, n * size}, name, value;
    const struct {
        const char *name;
        tfd_buf *buf;
    } wanted[] = {{"etag", &transfer->etag},
                  {"last-modified", &transfer->modified},
                  {"date", &transfer->date},
                  {"cache-control", &transfer->control},
                  {"content-range", &transfer->range_of}};

    if (tfd_str_starts_z(line, "HTTP/")) { /* the next answer: behind a proxy, a redirect */
        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
            tfd_buf_clear(wanted[i].buf);
    } else if (tfd_str_cut(line, ':', &name, &value)) {
        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
            if (tfd_str_eq_nocase(name, tfd_str_of(wanted[i].name)))
                keep_value(wanted[i].buf, value);
    }
    return n * size;
}

/* ---- one transfer */

static void add_header(tfd_transfer *transfer, const char *name, tfd_str value)
{
    tfd_str line = tfd_arena_fmt(transfer->session->arena, "%s: %.*s", name, TFD_ARG(value));
    struct curl_slist *more = line.ptr && tfd_str_find_char(value, '\n') == TFD_NPOS && value.len > 0
                                  ? curl_slist_append(transfer->headers, line.ptr)
                                  : NULL;

    if (more)
        transfer->headers = more;
}

static void set_headers(tfd_transfer *transfer)
{
    add_header(transfer, "Accept", tfd_str_of(transfer->accept));
    if (transfer->range[0]) {
        (void)curl_easy_setopt(transfer->easy, CURLOPT_RANGE, transfer->range);
        /* Ranges count bytes of what is sent: it must be the file itself. */
        add_header(transfer, "Accept-Encoding", TFD_STR("identity"));
    } else {
        (void)curl_easy_setopt(transfer->easy, CURLOPT_ACCEPT_ENCODING, "");
        add_header(transfer, "Cache-Control", TFD_STR("max-age=0"));
    }
    if (transfer->has_cached) {
        add_header(transfer, "If-None-Match", transfer->cached.etag);
        if (transfer->cached.etag.len == 0)
            add_header(transfer, "If-Modified-Since", transfer->cached.modified);
    }
    (void)curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
}

/* The first request is one of the share. */
static long redirects_left(const tfd_transfer *transfer)
{
    return transfer->share > TFD_NET_REDIRECTS ? TFD_NET_REDIRECTS : (long)transfer->share - 1;
}

bool tfd_transfer_open(tfd_transfer *transfer)
{
    const tfd_net_session *session = transfer->session;
    CURL *easy = curl_easy_init();

    if (!easy)
        return false;
    transfer->easy = easy;
    transfer->error[0] = '\0';
    transfer->is_cut = false;
    tfd_buf_clear(&transfer->body);
    tfd_buf_init(&transfer->etag, HEADER_VALUE_MAX);
    tfd_buf_init(&transfer->modified, HEADER_VALUE_MAX);
    tfd_buf_init(&transfer->date, HEADER_VALUE_MAX);
    tfd_buf_init(&transfer->control, HEADER_VALUE_MAX);
    tfd_buf_init(&transfer->range_of, HEADER_VALUE_MAX);
    tfd_transfer_set_common(session, easy, transfer->url, transfer->proxy, transfer->trusted);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, take_word);
    (void)curl_easy_setopt(easy, CURLOPT_DEBUGDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L); /* take_word is the only one that hears it */
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_MAXREDIRS, redirects_left(transfer));
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    (void)curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
    set_text(easy, CURLOPT_NETRC_FILE, session->netrc);
    set_headers(transfer);
    return true;
}
