/* METADATA of wheels: metadata files, else ranges of the wheel. Rounds of requests, all files at once. */
#include <stdio.h>
#include <string.h>

#include "formats/distinfo.h"
#include "net/index_parts.h"
#include "net/url.h"
#include "net/wheelfile.h"

#define ACCEPT_ANY "*/*"
#define ROUNDS_MAX 5

typedef enum step { STEP_FILE, STEP_TAIL, STEP_DIRECTORY, STEP_MEMBER, STEP_DONE } step;

typedef struct state {
    tfd_index *index;
    const tfd_index_file *file;
    tfd_index_text *out;
    step step;
    uint64_t whole;        /* bytes of the wheel */
    tfd_str tail;          /* its last bytes */
    uint64_t offset, size; /* of the directory */
    tfd_wheel_member member;
} state;

static void fail(state *s, tfd_net_kind kind, const char *reason)
{
    tfd_arena *arena = s->index->arena;

    tfd_failure_set(arena, kind, s->file->url,
                    tfd_arena_fmt(arena, "%.*s: %s", TFD_ARG(s->file->name), reason), &s->out->failure);
    s->step = STEP_DONE;
}

/* Hostile text is no METADATA: it begins with a header, and one of them is its version. */
static void take_text(state *s, tfd_str text)
{
    s->step = STEP_DONE;
    if (tfd_index_metadata_first(text, "Metadata-Version").len == 0)
        fail(s, TFD_NET_HOSTILE, "what was sent is no METADATA");
    else
        s->out->text = text;
}

/* ---- requests */

static tfd_str range_of(tfd_arena *arena, uint64_t from, uint64_t len)
{
    return tfd_arena_fmt(arena, "%llu-%llu", (unsigned long long)from, (unsigned long long)(from + len - 1));
}

static uint64_t member_span(const state *s)
{
    uint64_t span = tfd_wheel_span(&s->member), left = s->whole - s->member.offset;

    return span < left ? span : left;
}

static tfd_fetch_request request_of(const state *s)
{
    tfd_arena *arena = s->index->arena;
    tfd_fetch_request request = {.url = s->file->url, .accept = ACCEPT_ANY};

    switch (s->step) {
    case STEP_FILE:
        request.url = tfd_arena_fmt(arena, "%.*s.metadata", TFD_ARG(s->file->url));
        request.max = TFD_INDEX_METADATA_MAX;
        request.immutable = s->file->metadata_sha256.len > 0;
        break;
    case STEP_TAIL:
        request.range = TFD_STR("-65536");
        request.max = TFD_WHEEL_TAIL;
        break;
    case STEP_DIRECTORY:
        request.range = range_of(arena, s->offset, s->size);
        request.max = (size_t)s->size;
        break;
    default:
        request.range = range_of(arena, s->member.offset, member_span(s));
        request.max = (size_t)member_span(s);
        break;
    }
    return request;
}

/* ---- answers */

static void unpack(state *s, tfd_str bytes)
{
    tfd_err err = {TFD_OK, 0, ""};
    tfd_str text;
    tfd_status st = tfd_wheel_unpack(s->index->arena, &s->member, bytes, TFD_INDEX_METADATA_MAX, &text, &err);

    if (st == TFD_OK)
        take_text(s, text);
    else
        fail(s, st == TFD_ELIMIT ? TFD_NET_TOO_LARGE : TFD_NET_HOSTILE, err.text);
}

/* The member is known: its bytes are in the tail, or are asked for next. */
static void go_to_member(state *s)
{
    uint64_t tail_at = s->whole - s->tail.len;

    if (s->member.offset >= s->whole || s->member.packed > TFD_INDEX_METADATA_MAX)
        fail(s, TFD_NET_HOSTILE, "its directory names places outside of it");
    else if (s->member.offset >= tail_at)
        unpack(s, tfd_str_from(s->tail, (size_t)(s->member.offset - tail_at)));
    else
        s->step = STEP_MEMBER;
}

static void take_tail(state *s, const tfd_fetch_answer *answer)
{
    uint64_t tail_at;
    tfd_err err = {TFD_OK, 0, ""};

    s->tail = answer->body;
    s->whole = answer->whole;
    if (s->whole < s->tail.len ||
        tfd_wheel_directory(s->tail, s->whole, &s->offset, &s->size, &err) != TFD_OK) {
        fail(s, TFD_NET_HOSTILE, "it does not end as a wheel does");
        return;
    }
    tail_at = s->whole - s->tail.len;
    if (tfd_wheel_find(s->offset < tail_at ? s->tail : tfd_str_from(s->tail, (size_t)(s->offset - tail_at)),
                       TFD_STR(""), &s->member) == TFD_OK)
        go_to_member(s);
    else if (s->offset < tail_at && s->size > 0)
        s->step = STEP_DIRECTORY;
    else
        fail(s, TFD_NET_HOSTILE, "there is no METADATA in it");
}

static bool is_expected(const state *s, tfd_str text)
{
    const tfd_sys *sys = s->index->sys;
    uint8_t hash[TFD_SHA256_LEN];
    char hex[2 * TFD_SHA256_LEN + 1];

    if (s->file->metadata_sha256.len == 0)
        return true;
    if (sys->sha256_bytes(sys, text, hash, NULL) != TFD_OK)
        return false;
    for (size_t i = 0; i < sizeof hash; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    return tfd_str_eq_nocase(s->file->metadata_sha256, tfd_str_of(hex));
}

static void take_answer(state *s, const tfd_fetch_answer *answer)
{
    if (answer->failure.kind != TFD_NET_OK) {
        if (s->step == STEP_FILE && answer->failure.kind == TFD_NET_NO_PROJECT) {
            s->step = STEP_TAIL; /* a mirror that promises what it does not have */
            return;
        }
        s->out->failure = answer->failure;
        s->step = STEP_DONE;
        return;
    }
    switch (s->step) {
    case STEP_FILE:
        if (is_expected(s, answer->body))
            take_text(s, answer->body);
        else
            fail(s, TFD_NET_HOSTILE, "its metadata file is not the one that the index names (hash)");
        break;
    case STEP_TAIL:
        take_tail(s, answer);
        break;
    case STEP_DIRECTORY:
        if (tfd_wheel_find(answer->body, TFD_STR(""), &s->member) == TFD_OK)
            go_to_member(s);
        else
            fail(s, TFD_NET_HOSTILE, "there is no METADATA in it");
        break;
    default:
        unpack(s, answer->body);
        break;
    }
}

/* ---- rounds */

static void start(state *s)
{
    tfd_url url;
    tfd_str text;

    if (s->file->form != TFD_INDEX_WHEEL) {
        fail(s, TFD_NET_HOSTILE, "only wheels say what they are without being built");
    } else if (!tfd_url_split(s->file->url, &url)) { /* of a folder */
        if (tfd_wheelfile_member(s->index->sys, s->index->arena, s->file->url, TFD_STR(""),
                                 TFD_INDEX_METADATA_MAX, &text, NULL) == TFD_OK)
            take_text(s, text);
        else
            fail(s, TFD_NET_HOSTILE, "it cannot be read, or is no wheel");
    } else if (s->index->closed.kind != TFD_NET_OK) {
        s->out->failure = s->index->closed;
        s->step = STEP_DONE;
    } else {
        s->step = s->file->has_metadata ? STEP_FILE : STEP_TAIL;
    }
}

static tfd_status run_round(tfd_index *index, state *states, size_t n, tfd_err *err, bool *more)
{
    tfd_fetch_request *requests = tfd_arena_new(index->arena, tfd_fetch_request, n);
    tfd_fetch_answer *answers = tfd_arena_new(index->arena, tfd_fetch_answer, n);
    size_t *rows = tfd_arena_new(index->arena, size_t, n), count = 0;
    tfd_status st;

    if (!requests || !answers || !rows)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    for (size_t i = 0; i < n; i++) {
        if (states[i].step == STEP_DONE)
            continue;
        rows[count] = i;
        requests[count++] = request_of(&states[i]);
    }
    *more = count > 0;
    st = tfd_fetch_run(&index->fetch, requests, count, answers, err);
    for (size_t i = 0; i < count && st == TFD_OK; i++)
        take_answer(&states[rows[i]], &answers[i]);
    return st == TFD_OK && index->arena->failed ? tfd_err_set(err, TFD_ENOMEM, 0, "out of memory") : st;
}

tfd_status tfd_index_metadata_read(tfd_index *index, const tfd_index_file *const *files, size_t n,
                                   tfd_index_text *out, tfd_err *err)
{
    state *states = tfd_arena_new(index->arena, state, n > 0 ? n : 1);
    bool more = n > 0;
    tfd_status st = TFD_OK;

    if (!states)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    for (size_t i = 0; i < n; i++) {
        memset(&out[i], 0, sizeof out[i]);
        states[i] = (state){.index = index, .file = files[i], .out = &out[i]};
        start(&states[i]);
    }
    for (int round = 0; round < ROUNDS_MAX && more && st == TFD_OK; round++)
        st = run_round(index, states, n, err, &more);
    return st;
}

/* ---- what METADATA says */

bool tfd_index_metadata_next(tfd_str *rest, const char *key, tfd_str *value)
{
    tfd_headers headers = {*rest, 0};
    tfd_header header;

    while (tfd_header_next(&headers, &header)) {
        if (!tfd_str_eq_nocase(header.key, tfd_str_of(key)))
            continue;
        *value = header.value;
        *rest = headers.rest;
        return true;
    }
    *rest = TFD_STR("");
    return false;
}

tfd_str tfd_index_metadata_first(tfd_str text, const char *key)
{
    tfd_str value;

    return tfd_index_metadata_next(&text, key, &value) ? value : TFD_STR("");
}
