/* A certificate that was refused, looked at: whose it is, and whether the system's own store would take it.
 * Nothing of what follows is trusted, and nothing secret is sent: no netrc, no user, no path of the request.
 */
#include <cjson/cJSON.h>
#include <string.h>

#include "sys/net/transfer.h"

#define PROBE_MS 8000

static size_t drop(char *bytes, size_t size, size_t n, void *ctx)
{
    (void)bytes;
    (void)ctx;
    return size * n;
}

static size_t take_date(char *bytes, size_t size, size_t n, void *ctx)
{
    tfd_buf *date = ctx;
    tfd_str name, value;

    if (tfd_str_cut((tfd_str){bytes, size * n}, ':', &name, &value) &&
        tfd_str_eq_nocase(name, TFD_STR("date"))) {
        tfd_buf_clear(date);
        tfd_buf_str(date, tfd_str_trim(value));
    }
    return size * n;
}

/* "https://host:port/" of a URL, without user and path. */
static tfd_str root_of(tfd_arena *arena, const char *url, tfd_str *host)
{
    tfd_str text = tfd_str_of(url), rest = tfd_str_from(text, tfd_str_find_z(text, "://") + 3);
    size_t end = 0, at;

    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?' && rest.ptr[end] != '#')
        end++;
    *host = tfd_str_sub(rest, 0, end);
    at = tfd_str_rfind_char(*host, '@');
    if (at != TFD_NPOS)
        *host = tfd_str_from(*host, at + 1);
    return tfd_arena_fmt(arena, "https://%.*s/", TFD_ARG(*host));
}

static CURL *open_probe(tfd_net_session *session, const char *root, const char *proxy, bool trusted,
                        tfd_buf *date)
{
    CURL *easy = session->requests < session->requests_max ? curl_easy_init() : NULL;

    if (!easy)
        return NULL;
    tfd_transfer_set_common(session, easy, root, proxy, trusted);
    (void)curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)PROBE_MS);
    (void)curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_date);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, date);
    session->requests++;
    return easy;
}

/* libcurl's lines: "Subject:CN = …", "Issuer:…", "Start date:…", "Expire date:…"; the first certificate is
 * the server's. */
static void add_certificate(tfd_arena *arena, cJSON *record, CURL *easy)
{
    static const struct {
        const char *prefix, *key;
    } lines[] = {{"Subject:", "subject"},
                 {"Issuer:", "issuer"},
                 {"Start date:", "not_before"},
                 {"Expire date:", "not_after"}};
    struct curl_certinfo *info = NULL;

    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK || !info || info->num_of_certs < 1)
        return;
    for (const struct curl_slist *line = info->certinfo[0]; line; line = line->next) {
        tfd_str text = tfd_str_of(line->data);

        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
            const char *value = tfd_str_starts_z(text, lines[i].prefix)
                                    ? tfd_arena_z(arena, tfd_str_from(text, strlen(lines[i].prefix)))
                                    : NULL;

            if (value)
                (void)cJSON_AddStringToObject(record, lines[i].key, value);
        }
    }
}

/* Whether libcurl's own store accepts the chain that the one in use does not. */
static bool system_accepts(tfd_net_session *session, const char *root, const char *proxy, tfd_buf *date)
{
    tfd_net_session plain = *session;
    bool ok = false;
    CURL *easy;

    if (!session->ca_file[0] && !session->ca_dir[0])
        return false;
    plain.ca_file = plain.ca_dir = "";
    easy = open_probe(&plain, root, proxy, false, date);
    session->requests = plain.requests;
    if (easy)
        ok = curl_easy_perform(easy) == CURLE_OK;
    curl_easy_cleanup(easy);
    return ok;
}

bool tfd_transfer_probe(tfd_net_session *session, const tfd_transfer *failed)
{
    tfd_str host, root = root_of(session->arena, failed->url, &host);
    cJSON *record = cJSON_CreateObject();
    tfd_buf date, other;
    CURL *easy;

    if (!root.ptr || !record)
        return true;
    tfd_buf_init(&date, 256);
    tfd_buf_init(&other, 256);
    (void)cJSON_AddStringToObject(record, "probe", tfd_arena_z(session->arena, host));
    easy = open_probe(session, root.ptr, failed->proxy, true, &date);
    if (easy && curl_easy_perform(easy) == CURLE_OK) {
        add_certificate(session->arena, record, easy);
        if (date.len > 0)
            (void)cJSON_AddStringToObject(record, "date", date.ptr);
        if (system_accepts(session, root.ptr, failed->proxy, &other))
            (void)cJSON_AddTrueToObject(record, "system");
    }
    curl_easy_cleanup(easy);
    tfd_buf_done(&date);
    tfd_buf_done(&other);
    return tfd_net_write(session, record, TFD_STR(""));
}
