#include "sys/net/transfer.h"

#include <stdlib.h>

#include "sys/net/place.h"

#define POLL_MS 100
#define FIRST_WAIT_US \
    500000u /* before the second try, twice that before the third, unless Retry-After tells */

static long status_of(const tfd_transfer *transfer)
{
    long status = 0;

    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static bool is_worth_another(const tfd_transfer *transfer, CURLcode code)
{
    long status = status_of(transfer);

    if (transfer->is_cut || transfer->tries >= TFD_NET_TRIES || transfer->share == 0)
        return false;
    if (code == CURLE_OK)
        return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
    return code == CURLE_PARTIAL_FILE || code == CURLE_GOT_NOTHING || code == CURLE_SEND_ERROR ||
           (code == CURLE_RECV_ERROR && status > 0);
}

/* When to try again; 0: not in the time that is left. */
static uint64_t next_try(const tfd_transfer *transfer, uint64_t now)
{
    uint64_t wait = (uint64_t)FIRST_WAIT_US << (transfer->tries - 1);
    curl_off_t asked = 0;

    if (curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &asked) == CURLE_OK && asked > 0)
        wait = asked < 86400 ? (uint64_t)asked * 1000000u : transfer->session->deadline_us;
    return wait < transfer->session->deadline_us && now < transfer->session->deadline_us - wait ? now + wait
                                                                                                : 0;
}

static void count_requests(tfd_transfer *transfer)
{
    long redirects = 0;
    uint64_t sent;

    (void)curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_COUNT, &redirects);
    sent = 1u + (uint64_t)redirects;
    transfer->session->requests += sent;
    transfer->share -= sent < transfer->share ? sent : transfer->share;
}

static void close_handle(CURLM *multi, tfd_transfer *transfer)
{
    if (transfer->easy) {
        (void)curl_multi_remove_handle(multi, transfer->easy);
        curl_easy_cleanup(transfer->easy);
    }
    curl_slist_free_all(transfer->headers);
    transfer->easy = NULL;
    transfer->headers = NULL;
    tfd_buf_done(&transfer->etag);
    tfd_buf_done(&transfer->modified);
    tfd_buf_done(&transfer->date);
    tfd_buf_done(&transfer->control);
    tfd_buf_done(&transfer->range_of);
}

static bool end_transfer(CURLM *multi, tfd_transfer *transfer, int code)
{
    bool ok = tfd_transfer_report(transfer, code);

    transfer->code = code;
    close_handle(multi, transfer);
    tfd_buf_done(&transfer->body);
    free(transfer->cached.memory);
    transfer->cached.memory = NULL;
    transfer->is_done = true;
    return ok;
}

static bool start_transfer(CURLM *multi, tfd_transfer *transfer)
{
    transfer->not_before_us = 0;
    transfer->tries++;
    if (transfer->immutable && transfer->has_cached) /* no request at all */
        return end_transfer(multi, transfer, CURLE_OK);
    if (!tfd_transfer_open(transfer) || curl_multi_add_handle(multi, transfer->easy) != CURLM_OK)
        return end_transfer(multi, transfer, CURLE_OUT_OF_MEMORY);
    return true;
}

static bool finish_transfer(CURLM *multi, tfd_transfer *transfer, CURLcode code)
{
    uint64_t next = 0;

    count_requests(transfer);
    if (is_worth_another(transfer, code))
        next = next_try(transfer, tfd_place_now_us());
    if (!next)
        return end_transfer(multi, transfer, (int)code);
    close_handle(multi, transfer);
    transfer->not_before_us = next;
    return true;
}

static bool take_finished(CURLM *multi)
{
    const CURLMsg *message;
    int left;
    bool ok = true;

    while (ok && (message = curl_multi_info_read(multi, &left)) != NULL) {
        tfd_transfer *transfer = NULL;
        char *private_data = NULL;
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private_data);
        transfer = (tfd_transfer *)(void *)private_data;
        ok = finish_transfer(multi, transfer, code);
    }
    return ok;
}

/* Starts what waits for another try and whose time has come; *open gets how many are not done. */
static bool start_waiting(CURLM *multi, tfd_transfer *transfers, size_t n, size_t *open)
{
    uint64_t now = tfd_place_now_us();
    bool ok = true;

    *open = 0;
    for (size_t i = 0; i < n && ok; i++) {
        if (!transfers[i].is_done && transfers[i].not_before_us && transfers[i].not_before_us <= now)
            ok = start_transfer(multi, &transfers[i]);
        *open += transfers[i].is_done ? 0 : 1;
    }
    return ok;
}

static bool run_all(CURLM *multi, const tfd_net_session *session, tfd_transfer *transfers, size_t n)
{
    size_t open = n;
    bool ok = true;

    while (ok && open > 0 && tfd_place_now_us() < session->deadline_us) {
        int running = 0;

        ok = start_waiting(multi, transfers, n, &open) && curl_multi_perform(multi, &running) == CURLM_OK &&
             take_finished(multi);
        if (ok && open > 0)
            (void)curl_multi_poll(multi, NULL, 0, running > 0 || open > 0 ? POLL_MS : 0, NULL);
    }
    for (size_t i = 0; i < n; i++) {
        if (transfers[i].is_done)
            continue;
        if (transfers[i].easy)
            count_requests(&transfers[i]);
        ok = end_transfer(multi, &transfers[i], CURLE_OPERATION_TIMEDOUT) && ok;
    }
    return ok;
}

bool tfd_transfers_run(tfd_net_session *session, tfd_transfer *transfers, size_t n)
{
    CURLM *multi = curl_multi_init();
    bool ok;

    if (!multi)
        return false;
    (void)curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)TFD_NET_CONNECTIONS);
    (void)curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    for (size_t i = 0; i < n; i++) {
        tfd_transfer *transfer = &transfers[i];

        tfd_buf_init(&transfer->body, transfer->max + 1);
        transfer->share = session->requests_max / n > 0 ? session->requests_max / n : 1;
        if (!transfer->range[0])
            transfer->has_cached = tfd_cache_find(session->arena, session->cache, tfd_str_of(transfer->url),
                                                  tfd_str_of(transfer->accept), &transfer->cached);
        transfer->not_before_us = 1;
    }
    ok = run_all(multi, session, transfers, n);
    (void)curl_multi_cleanup(multi);
    return ok;
}
