#include <cjson/cJSON.h>
#include <string.h>

#include "sys/net/place.h"
#include "sys/net/transfer.h"

bool tfd_net_write(const tfd_net_session *session, cJSON *record, tfd_str body)
{
    char *line;
    bool ok = false;

    (void)cJSON_AddNumberToObject(record, "body", (double)body.len);
    line = cJSON_PrintUnformatted(record);
    if (line)
        ok = tfd_place_write_data(session->data, tfd_str_of(line)) &&
             tfd_place_write_data(session->data, TFD_STR("\n")) && tfd_place_write_data(session->data, body);
    cJSON_free(line);
    cJSON_Delete(record);
    return ok;
}

static void add_info(cJSON *record, const char *key, CURL *easy, CURLINFO info)
{
    const char *text = NULL;

    if (curl_easy_getinfo(easy, info, &text) == CURLE_OK && text)
        (void)cJSON_AddStringToObject(record, key, text);
}

static void add_number(cJSON *record, const char *key, CURL *easy, CURLINFO info)
{
    long number = 0;

    if (curl_easy_getinfo(easy, info, &number) == CURLE_OK && number > 0)
        (void)cJSON_AddNumberToObject(record, key, (double)number);
}

static void add_text(tfd_arena *arena, cJSON *record, const char *key, tfd_str text)
{
    const char *z = text.len > 0 ? tfd_arena_z(arena, text) : NULL;

    if (z)
        (void)cJSON_AddStringToObject(record, key, z);
}

static long status_of(const tfd_transfer *transfer)
{
    long status = 0;

    if (transfer->easy)
        (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* Whoever asks with a name and password may get what others may not: that is not kept. */
static bool may_keep(const tfd_transfer *transfer)
{
    tfd_str url = tfd_str_of(transfer->url);
    tfd_str control = tfd_buf_get(&transfer->control);

    return status_of(transfer) == 200 && !transfer->range[0] && !transfer->trusted &&
           tfd_str_find_char(url, '@') == TFD_NPOS && tfd_str_find_z(control, "no-store") == TFD_NPOS &&
           tfd_str_find_z(control, "private") == TFD_NPOS &&
           (transfer->etag.len > 0 || transfer->modified.len > 0 || transfer->immutable);
}

static void keep(const tfd_transfer *transfer)
{
    tfd_cached fresh;
    const char *type = NULL;

    memset(&fresh, 0, sizeof fresh);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_TYPE, &type);
    fresh.etag = tfd_buf_get(&transfer->etag);
    fresh.modified = tfd_buf_get(&transfer->modified);
    fresh.type = tfd_str_of(type);
    fresh.body = tfd_buf_get(&transfer->body);
    tfd_cache_put(transfer->session->arena, transfer->session->cache, tfd_str_of(transfer->url),
                  tfd_str_of(transfer->accept), &fresh);
}

/* What a transfer that was made told. */
static void add_answer(cJSON *record, const tfd_transfer *transfer)
{
    CURL *easy = transfer->easy;
    tfd_str range = tfd_buf_get(&transfer->range_of); /* "bytes 0-99/1234" */
    uint64_t whole;

    add_number(record, "status", easy, CURLINFO_RESPONSE_CODE);
    add_number(record, "proxy_status", easy, CURLINFO_HTTP_CONNECTCODE);
    add_number(record, "redirects", easy, CURLINFO_REDIRECT_COUNT);
    add_info(record, "type", easy, CURLINFO_CONTENT_TYPE);
    add_info(record, "url", easy, CURLINFO_EFFECTIVE_URL);
    if (tfd_str_u64(tfd_str_from(range, tfd_str_rfind_char(range, '/') + 1), &whole))
        (void)cJSON_AddNumberToObject(record, "whole", (double)whole);
    add_text(transfer->session->arena, record, "date", tfd_buf_get(&transfer->date));
    if (transfer->asks_certificate)
        (void)cJSON_AddTrueToObject(record, "asks_certificate");
    if (transfer->is_cut)
        (void)cJSON_AddTrueToObject(record, "too_large");
}

bool tfd_transfer_report(tfd_transfer *transfer, int code)
{
    cJSON *record = cJSON_CreateObject();
    bool from_cache = transfer->has_cached && (!transfer->easy || (code == 0 && status_of(transfer) == 304));
    const char *error = transfer->error[0] ? transfer->error : curl_easy_strerror((CURLcode)code);

    (void)cJSON_AddNumberToObject(record, "id", transfer->id);
    (void)cJSON_AddNumberToObject(record, "code", code);
    if (code)
        (void)cJSON_AddStringToObject(record, "error", error);
    if (transfer->easy)
        add_answer(record, transfer);
    if (code == 0 && transfer->easy && may_keep(transfer))
        keep(transfer);
    if (!from_cache || code != 0)
        return tfd_net_write(transfer->session, record,
                             code == 0 ? tfd_buf_get(&transfer->body) : TFD_STR(""));
    cJSON_DeleteItemFromObjectCaseSensitive(record, "status");
    cJSON_DeleteItemFromObjectCaseSensitive(record, "type");
    (void)cJSON_AddNumberToObject(record, "status", 200);
    (void)cJSON_AddTrueToObject(record, transfer->easy ? "unchanged" : "cached");
    add_text(transfer->session->arena, record, "type", transfer->cached.type);
    return tfd_net_write(transfer->session, record, transfer->cached.body);
}
