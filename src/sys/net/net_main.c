#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sys/net/place.h"
#include "sys/net/transfer.h"

#define REQUESTS_MAX 256
#define DEADLINE_MAX_MS 600000.0

static const char *text_at(tfd_arena *arena, const cJSON *object, const char *key)
{
    const char *z = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

    z = z ? tfd_arena_z(arena, tfd_str_of(z)) : "";
    return z ? z : "";
}

static double number_at(const cJSON *object, const char *key, double max)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    double value = cJSON_IsNumber(item) ? item->valuedouble : 0;

    return value > 0 && value < max ? value : max;
}

static void read_session(const cJSON *all, tfd_net_session *session)
{
    tfd_arena *arena = session->arena;

    session->agent = text_at(arena, all, "agent");
    session->ca_file = text_at(arena, all, "ca_file");
    session->ca_dir = text_at(arena, all, "ca_dir");
    session->client_cert = text_at(arena, all, "client_cert");
    session->netrc = text_at(arena, all, "netrc");
    session->cache = tfd_str_of(text_at(arena, all, "cache"));
    session->requests_max = (uint64_t)number_at(all, "requests_max", REQUESTS_MAX);
    session->deadline_us =
        tfd_place_now_us() + 1000u * (uint64_t)number_at(all, "deadline_ms", DEADLINE_MAX_MS);
}

static void read_request(tfd_net_session *session, const cJSON *one, int id, tfd_transfer *out)
{
    out->session = session;
    out->id = id;
    out->url = text_at(session->arena, one, "url");
    out->accept = text_at(session->arena, one, "accept");
    out->range = text_at(session->arena, one, "range");
    out->proxy = text_at(session->arena, one, "proxy");
    out->max = (size_t)number_at(one, "max", (double)TFD_NET_BODY_MAX);
    out->trusted = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(one, "trusted"));
    out->immutable = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(one, "immutable"));
}

static void end_session(const tfd_net_session *session)
{
    cJSON *record = cJSON_CreateObject();
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);

    (void)cJSON_AddTrueToObject(record, "end");
    (void)cJSON_AddNumberToObject(record, "requests", (double)session->requests);
    (void)cJSON_AddNumberToObject(record, "bytes", (double)session->bytes);
    (void)cJSON_AddNumberToObject(record, "now", (double)time(NULL));
    (void)cJSON_AddStringToObject(record, "curl", version->version);
    (void)tfd_net_write(session, record, TFD_STR(""));
}

static int run_session(const cJSON *all, tfd_net_session *session)
{
    const cJSON *requests = cJSON_GetObjectItemCaseSensitive(all, "requests"), *one;
    int count = cJSON_GetArraySize(requests), n = 0;
    tfd_transfer *transfers;

    if (count < 1 || count > REQUESTS_MAX)
        return 2;
    transfers = tfd_arena_new(session->arena, tfd_transfer, (size_t)count);
    if (!transfers)
        return 3;
    read_session(all, session);
    cJSON_ArrayForEach(one, requests)
    {
        read_request(session, one, n, &transfers[n]);
        n++;
    }
    if (!tfd_transfers_run(session, transfers, (size_t)count))
        return 3;
    for (int i = 0; i < count; i++) {
        if (transfers[i].code != CURLE_PEER_FAILED_VERIFICATION)
            continue;
        (void)tfd_transfer_probe(session, &transfers[i]);
        break;
    }
    tfd_cache_trim(session->arena, session->cache);
    end_session(session);
    return 0;
}

int tfd_net_main(void)
{
    const char *text = getenv(TFD_NET_REQUESTS);
    tfd_net_session session;
    tfd_arena arena;
    cJSON *all = text ? cJSON_Parse(text) : NULL;
    int code = 2;

    memset(&session, 0, sizeof session);
    tfd_arena_init(&arena, 0);
    session.arena = &arena;
    session.data = getenv(TFD_NET_DATA);
    if (all && session.data && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
        code = run_session(all, &session);
        curl_global_cleanup();
    }
    cJSON_Delete(all);
    tfd_arena_done(&arena);
    return code;
}
