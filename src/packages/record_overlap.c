#include "packages/record_work.h"

#include <string.h>

/* Files of equal size and different hash are told apart by reading them: so many, and up to this size. */
#define HASHED_MAX 64
#define HASHED_BYTES ((uint64_t)4 << 20)

/* Open addressing over path hashes. 64 bits of FNV-1a do not collide by chance; where somebody makes them
 * collide, the second look at the paths themselves finds nothing. */
typedef struct table {
    tfd_record_owner *slots;
    size_t mask;
} table;

static tfd_status add_pair(tfd_probe_ctx *ctx, size_t a, size_t b)
{
    tfd_overlaps *all = &ctx->facts->overlaps;
    size_t first = a < b ? a : b;
    size_t second = a < b ? b : a;

    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].first == first && all->items[i].second == second)
            return TFD_OK;
    if (!TFD_GROW(ctx->arena, all))
        return TFD_ENOMEM;
    memset(&all->items[all->count], 0, sizeof *all->items);
    all->items[all->count].first = first;
    all->items[all->count++].second = second;
    return TFD_OK;
}

static bool same_place(const tfd_facts *facts, size_t a, size_t b)
{
    return facts->dists.items[a].place == facts->dists.items[b].place;
}

/* The slot of an owner; a pair where another distribution of the same place holds it already. */
static tfd_status put_owner(tfd_probe_ctx *ctx, table *all, tfd_record_owner owner)
{
    size_t at = (size_t)owner.hash & all->mask;

    for (; all->slots[at].hash; at = (at + 1) & all->mask) {
        if (all->slots[at].hash != owner.hash)
            continue;
        if (all->slots[at].dist == owner.dist)
            return TFD_OK;
        if (same_place(ctx->facts, all->slots[at].dist, owner.dist))
            return add_pair(ctx, all->slots[at].dist, owner.dist);
    }
    all->slots[at] = owner;
    return TFD_OK;
}

static tfd_status find_pairs(tfd_probe_ctx *ctx, const tfd_record_work *work, tfd_arena *arena)
{
    table all = {NULL, 0};
    size_t count = 0;
    size_t size = 64;

    for (size_t i = 0; i < work->worker_count; i++)
        count += work->workers[i].owners.count;
    while (size < count * 2)
        size *= 2;
    all.slots = tfd_arena_new(arena, tfd_record_owner, size);
    all.mask = size - 1;
    if (!all.slots)
        return TFD_ENOMEM;
    for (size_t i = 0; i < work->worker_count; i++)
        for (size_t k = 0; k < work->workers[i].owners.count; k++) {
            tfd_record_owner owner = work->workers[i].owners.items[k];

            owner.hash |= 1; /* 0 marks a free slot */
            if (put_owner(ctx, &all, owner) != TFD_OK)
                return TFD_ENOMEM;
        }
    return TFD_OK;
}

/* ---- the second look, at pairs only */

typedef struct claim {
    tfd_str hash;
    bool has_size;
    uint64_t size;
} claim;

typedef struct claims {
    claim *items;
    size_t count, capacity;
    tfd_map by_path;
} claims;

/* Calls visit for each payload row of a RECORD. */
typedef tfd_status (*visit_row)(void *ctx, const tfd_record_row *row);

static tfd_status visit_rows(const tfd_sys *sys, tfd_arena *arena, const tfd_dist *dist, visit_row visit,
                             void *ctx)
{
    char *buffer = tfd_arena_take(arena, TFD_RECORD_BUFFER + TFD_RECORD_PATH_MAX, 1);
    tfd_str path = tfd_record_path(sys, arena, dist);
    tfd_status status = TFD_OK;
    tfd_stat info;

    if (!buffer)
        return TFD_ENOMEM;
    if (sys->stat(sys, path, true, &info, NULL) != TFD_OK)
        return TFD_OK;
    for (uint64_t at = 0; at < info.size && status == TFD_OK; at += TFD_RECORD_CHUNK) {
        tfd_record_row row;
        tfd_str rows;

        if (tfd_record_read_chunk(sys, path, at, buffer, &rows) != TFD_OK)
            return TFD_OK;
        while (status == TFD_OK && tfd_record_next(&rows, buffer + TFD_RECORD_BUFFER, &row))
            if (tfd_record_is_payload(&row))
                status = visit(ctx, &row);
    }
    return status;
}

typedef struct pair_ctx {
    tfd_probe_ctx *ctx;
    tfd_arena *arena; /* goes when the pair is done */
    tfd_overlap *pair;
    claims first;
    tfd_map problems[2]; /* path -> row of file_problems, of first and second */
    size_t hashed;
} pair_ctx;

/* google/__init__.py and its like: several distributions own it by design. */
static bool is_namespace_init(tfd_str path)
{
    size_t slash = tfd_str_find_char(path, '/');

    return slash != TFD_NPOS && tfd_str_is(tfd_str_from(path, slash), "/__init__.py");
}

static tfd_status take_claim(void *ctx, const tfd_record_row *row)
{
    pair_ctx *pair = ctx;
    claims *all = &pair->first;
    claim *out;

    if (!TFD_GROW(pair->arena, all))
        return TFD_ENOMEM;
    out = &all->items[all->count];
    out->hash = tfd_arena_str(pair->arena, row->hash);
    out->has_size = row->has_size;
    out->size = row->size;
    return tfd_map_put(pair->arena, &all->by_path, tfd_arena_str(pair->arena, row->path),
                       (uint32_t)all->count++)
               ? TFD_OK
               : TFD_ENOMEM;
}

/* Whether the file is what a claim says: by size; with the same size and another hash than the other's, by
 * hash. */
static tfd_tri holds(const claim *mine, const tfd_stat *info, const uint8_t *sha256)
{
    uint8_t wanted[TFD_SHA256_LEN];

    if (!mine->has_size)
        return TFD_UNKNOWN;
    if (mine->size != info->size)
        return TFD_NO;
    if (sha256 && tfd_record_sha256(mine->hash, wanted))
        return memcmp(sha256, wanted, sizeof wanted) == 0 ? TFD_YES : TFD_NO;
    return TFD_YES;
}

static void set_other(pair_ctx *pair, int side, tfd_str path, size_t other)
{
    uint32_t row = tfd_map_get(&pair->problems[side], path);

    if (row != TFD_MAP_NONE)
        pair->ctx->facts->file_problems.items[row].other = other;
}

static void judge_file(pair_ctx *pair, const claim *first, const claim *second, tfd_str path)
{
    const tfd_sys *sys = pair->ctx->sys;
    tfd_overlap *overlap = pair->pair;
    uint8_t sha256[TFD_SHA256_LEN];
    bool is_hashed = false;
    tfd_tri one, two;
    tfd_stat info;

    if (sys->stat(sys, path, true, &info, NULL) != TFD_OK)
        return;
    if (first->size == second->size && first->size == info.size && info.size <= HASHED_BYTES &&
        pair->hashed < HASHED_MAX) {
        pair->hashed++;
        is_hashed = sys->sha256(sys, path, sha256, NULL, NULL) == TFD_OK;
    }
    one = holds(first, &info, is_hashed ? sha256 : NULL);
    two = holds(second, &info, is_hashed ? sha256 : NULL);
    overlap->first_lost += one == TFD_NO;
    overlap->second_lost += two == TFD_NO;
    if (one == TFD_NO && two == TFD_YES)
        set_other(pair, 0, path, overlap->second);
    if (two == TFD_NO && one == TFD_YES)
        set_other(pair, 1, path, overlap->first);
}

static tfd_status match_claim(void *ctx, const tfd_record_row *row)
{
    pair_ctx *pair = ctx;
    const tfd_facts *facts = pair->ctx->facts;
    uint32_t found = tfd_map_get(&pair->first.by_path, row->path);
    claim second = {row->hash, row->has_size, row->size};
    tfd_arena_mark mark;
    const claim *first;
    tfd_str path;

    if (found >= pair->first.count || is_namespace_init(row->path))
        return TFD_OK;
    first = &pair->first.items[found];
    pair->pair->shared++;
    if (!pair->pair->sample.len)
        pair->pair->sample = tfd_arena_str(pair->ctx->arena, row->path);
    if (first->size == second.size && tfd_str_eq(first->hash, second.hash))
        return TFD_OK;
    /* The sample is a file that differs, if there is one. */
    if (pair->pair->differing++ == 0)
        pair->pair->sample = tfd_arena_str(pair->ctx->arena, row->path);
    mark = tfd_arena_get_mark(pair->arena);
    path = tfd_record_file(pair->ctx->sys, pair->arena,
                           facts->places.items[facts->dists.items[pair->pair->first].place].path, row->path);
    judge_file(pair, first, &second, path);
    tfd_arena_rewind(pair->arena, mark);
    return TFD_OK;
}

static tfd_status map_problems(pair_ctx *pair)
{
    const tfd_facts *facts = pair->ctx->facts;

    for (size_t i = 0; i < facts->file_problems.count; i++) {
        const tfd_file_problem *one = &facts->file_problems.items[i];

        if ((one->dist == pair->pair->first || one->dist == pair->pair->second) &&
            !tfd_map_put(pair->arena, &pair->problems[one->dist == pair->pair->second], one->path,
                         (uint32_t)i))
            return TFD_ENOMEM;
    }
    return TFD_OK;
}

static tfd_status judge_pair(tfd_probe_ctx *ctx, tfd_overlap *overlap)
{
    const tfd_dist *dists = ctx->facts->dists.items;
    tfd_arena arena;
    pair_ctx pair;
    tfd_status status;

    memset(&pair, 0, sizeof pair);
    tfd_arena_init(&arena, 0);
    pair.ctx = ctx;
    pair.arena = &arena;
    pair.pair = overlap;
    status = map_problems(&pair);
    if (status == TFD_OK)
        status = visit_rows(ctx->sys, &arena, &dists[overlap->first], take_claim, &pair);
    if (status == TFD_OK)
        status = visit_rows(ctx->sys, &arena, &dists[overlap->second], match_claim, &pair);
    ctx->arena->failed = ctx->arena->failed || arena.failed;
    tfd_arena_done(&arena);
    return status;
}

tfd_status tfd_record_find_overlaps(tfd_probe_ctx *ctx, const tfd_record_work *work)
{
    tfd_overlaps *all = &ctx->facts->overlaps;
    tfd_arena arena;
    tfd_status status;
    size_t kept = 0;

    tfd_arena_init(&arena, 0);
    status = find_pairs(ctx, work, &arena);
    ctx->arena->failed = ctx->arena->failed || arena.failed;
    tfd_arena_done(&arena);
    for (size_t i = 0; i < all->count && status == TFD_OK; i++) {
        status = judge_pair(ctx, &all->items[i]);
        /* Shared folders' __init__.py alone is no overlap. */
        if (all->items[i].shared)
            all->items[kept++] = all->items[i];
    }
    all->count = status == TFD_OK ? kept : all->count;
    return status;
}
