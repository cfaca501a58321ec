#include "packages/record_work.h"

#include <stdlib.h>
#include <string.h>

/* Altered files that become rows; the count in facts->dists goes on. */
#define ALTERED_MAX 4096

typedef enum hash_state { HASH_WAITING, HASH_SAME, HASH_ALTERED, HASH_UNKNOWN } hash_state;

typedef struct hash_file {
    tfd_str path; /* relative */
    uint64_t size;
    uint32_t dist;
    uint8_t state; /* hash_state */
    bool is_reported;
    uint8_t expected[TFD_SHA256_LEN];
} hash_file;

struct tfd_record_hashing {
    const tfd_sys *sys;
    const tfd_facts *facts;
    hash_file *items; /* largest first */
    size_t count, capacity;
    const volatile int *stop;
};

static tfd_status add_rows(tfd_record_hashing *all, tfd_arena *arena, size_t dist, tfd_str *rows,
                           char *scratch)
{
    tfd_record_row row;

    while (tfd_record_next(rows, scratch, &row)) {
        hash_file file;

        memset(&file, 0, sizeof file);
        if (!tfd_record_is_payload(&row) || tfd_record_is_edited(row.path) ||
            !tfd_record_sha256(row.hash, file.expected))
            continue;
        file.path = tfd_arena_str(arena, row.path);
        file.size = row.size;
        file.dist = (uint32_t)dist;
        if (!file.path.ptr || !TFD_GROW(arena, all))
            return TFD_ENOMEM;
        all->items[all->count++] = file;
    }
    return TFD_OK;
}

static tfd_status add_dist(tfd_record_hashing *all, tfd_arena *arena, size_t dist, char *buffer)
{
    const tfd_dist *one = &all->facts->dists.items[dist];
    tfd_str path = tfd_record_path(all->sys, arena, one);
    tfd_status status = TFD_OK;
    tfd_stat info;

    if (one->is_shadowed || !one->has_record || one->kind != TFD_DIST_INFO || !tfd_record_is_exact(one) ||
        all->sys->stat(all->sys, path, true, &info, NULL) != TFD_OK)
        return TFD_OK;
    for (uint64_t at = 0; at < info.size && status == TFD_OK; at += TFD_RECORD_CHUNK) {
        tfd_str rows;

        if (tfd_record_read_chunk(all->sys, path, at, buffer, &rows) != TFD_OK)
            return TFD_OK;
        status = add_rows(all, arena, dist, &rows, buffer + TFD_RECORD_BUFFER);
    }
    return status;
}

static int largest_first(const void *a, const void *b)
{
    const hash_file *x = a;
    const hash_file *y = b;

    return x->size > y->size ? -1 : x->size < y->size;
}

tfd_record_hashing *tfd_record_hash_new(const tfd_sys *sys, tfd_arena *arena, const tfd_facts *facts,
                                        const size_t *wanted, size_t count)
{
    tfd_record_hashing *all = tfd_arena_new(arena, tfd_record_hashing, 1);
    char *buffer = tfd_arena_take(arena, TFD_RECORD_BUFFER + TFD_RECORD_PATH_MAX, 1);

    if (!all || !buffer)
        return NULL;
    all->sys = sys;
    all->facts = facts;
    for (size_t i = 0; i < (wanted ? count : facts->dists.count); i++) {
        size_t dist = wanted ? wanted[i] : i;

        if ((wanted || facts->dists.items[dist].is_needed) && add_dist(all, arena, dist, buffer) != TFD_OK)
            return NULL;
    }
    if (all->count)
        qsort(all->items, all->count, sizeof *all->items, largest_first);
    return all;
}

static tfd_str full_path(const tfd_record_hashing *all, tfd_arena *arena, const hash_file *file)
{
    tfd_str root = all->facts->places.items[all->facts->dists.items[file->dist].place].path;

    return tfd_record_file(all->sys, arena, root, file->path);
}

static void hash_one(void *ctx, size_t index)
{
    tfd_record_hashing *all = ctx;
    hash_file *file = &all->items[index];
    uint8_t sha256[TFD_SHA256_LEN];
    tfd_arena arena;
    tfd_status status;

    if (file->state != HASH_WAITING || (all->stop && *all->stop))
        return;
    tfd_arena_init(&arena, 0);
    status = all->sys->sha256(all->sys, full_path(all, &arena, file), sha256, all->stop, NULL);
    tfd_arena_done(&arena);
    if (status == TFD_ETIMEOUT)
        return;
    if (status != TFD_OK)
        file->state = HASH_UNKNOWN;
    else
        file->state = memcmp(sha256, file->expected, sizeof sha256) == 0 ? HASH_SAME : HASH_ALTERED;
}

tfd_status tfd_record_hash_run(tfd_record_hashing *hashing, const volatile int *stop)
{
    hashing->stop = stop;
    hashing->sys->parallel(hashing->sys, hashing->count, hash_one, hashing);
    return stop && *stop ? TFD_ETIMEOUT : TFD_OK;
}

void tfd_record_hash_progress(const tfd_record_hashing *hashing, uint64_t *done, uint64_t *all)
{
    *done = *all = 0;
    for (size_t i = 0; i < hashing->count; i++) {
        *all += hashing->items[i].size;
        if (hashing->items[i].state != HASH_WAITING)
            *done += hashing->items[i].size;
    }
}

/* A file that was told as missing or of the wrong size is not told again. */
static tfd_status map_problems(const tfd_facts *facts, tfd_arena *arena, tfd_map *out)
{
    for (size_t i = 0; i < facts->file_problems.count; i++)
        if (!tfd_map_put(arena, out, facts->file_problems.items[i].path, (uint32_t)i))
            return TFD_ENOMEM;
    return TFD_OK;
}

static tfd_status report_one(tfd_record_hashing *all, tfd_arena *arena, tfd_facts *facts,
                             const tfd_map *known, hash_file *file, size_t *reported)
{
    tfd_file_problem problem;

    if (file->state != HASH_ALTERED || file->is_reported)
        return TFD_OK;
    file->is_reported = true;
    memset(&problem, 0, sizeof problem);
    problem.dist = file->dist;
    problem.path = full_path(all, arena, file);
    if (tfd_map_get(known, problem.path) != TFD_MAP_NONE)
        return TFD_OK;
    facts->dists.items[file->dist].altered++;
    if (++*reported > ALTERED_MAX)
        return TFD_OK;
    problem.module = tfd_record_module(arena, file->path);
    problem.state = TFD_FILE_ALTERED;
    problem.expected = problem.got = file->size;
    problem.other = TFD_NONE;
    if (!problem.path.ptr || !TFD_GROW(arena, &facts->file_problems))
        return TFD_ENOMEM;
    facts->file_problems.items[facts->file_problems.count++] = problem;
    return TFD_OK;
}

tfd_status tfd_record_hash_report(tfd_record_hashing *hashing, tfd_arena *arena, tfd_facts *facts)
{
    tfd_map known = {NULL, 0, 0};
    tfd_status status = map_problems(facts, arena, &known);
    size_t reported = 0;

    for (size_t i = 0; i < hashing->count; i++)
        facts->dists.items[hashing->items[i].dist].was_hashed = true;
    for (size_t i = 0; i < hashing->count; i++)
        if (hashing->items[i].state == HASH_WAITING || hashing->items[i].state == HASH_UNKNOWN)
            facts->dists.items[hashing->items[i].dist].was_hashed = false;
    for (size_t i = 0; i < hashing->count && status == TFD_OK; i++)
        status = report_one(hashing, arena, facts, &known, &hashing->items[i], &reported);
    return status;
}
