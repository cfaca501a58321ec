#include "packages/record_work.h"

#include <stdlib.h>
#include <string.h>

/* RECORD of more bytes than this is not one: that of TensorFlow 2.21 has 2.9 MB. */
#define RECORD_MAX ((uint64_t)64 << 20)

/* More workers than cores, so that one slow thread does not hold up the end.
 */
#define WORKERS 8

static bool takes_part(const tfd_dist *dist)
{
    return (dist->is_needed || dist->is_tensorflow) && !dist->is_shadowed && dist->has_record &&
           dist->kind == TFD_DIST_INFO;
}

static void forget(tfd_facts *facts, tfd_str why)
{
    facts->file_problems.complete = false;
    facts->file_problems.why = why;
}

static tfd_status add_chunks(tfd_probe_ctx *ctx, tfd_record_work *work, size_t *capacity, size_t dist)
{
    tfd_str path = tfd_record_path(ctx->sys, ctx->arena, &ctx->facts->dists.items[dist]);
    tfd_stat info;

    if (ctx->sys->stat(ctx->sys, path, true, &info, NULL) != TFD_OK || info.size > RECORD_MAX) {
        forget(ctx->facts, tfd_arena_fmt(ctx->arena, "%.*s: not readable, or too long", TFD_ARG(path)));
        return TFD_OK;
    }
    if (info.size == 0)
        ctx->facts->dists.items[dist].record_cut = true;
    for (uint64_t at = 0; at < info.size; at += TFD_RECORD_CHUNK) {
        if (!tfd_arena_grow(ctx->arena, &work->chunks, capacity, work->chunk_count, sizeof *work->chunks))
            return TFD_ENOMEM;
        memset(&work->chunks[work->chunk_count], 0, sizeof *work->chunks);
        work->chunks[work->chunk_count].dist = dist;
        work->chunks[work->chunk_count++].offset = at;
    }
    return TFD_OK;
}

/* TensorFlow first: its problems then come first, too. */
static tfd_status make_chunks(tfd_probe_ctx *ctx, tfd_record_work *work)
{
    const tfd_facts *facts = ctx->facts;
    size_t capacity = 0;

    if (facts->tensorflow != TFD_NONE && takes_part(&facts->dists.items[facts->tensorflow]) &&
        add_chunks(ctx, work, &capacity, facts->tensorflow) != TFD_OK)
        return TFD_ENOMEM;
    for (size_t i = 0; i < facts->dists.count; i++)
        if (i != facts->tensorflow && takes_part(&facts->dists.items[i]) &&
            add_chunks(ctx, work, &capacity, i) != TFD_OK)
            return TFD_ENOMEM;
    return TFD_OK;
}

static int by_order(const void *a, const void *b)
{
    const tfd_record_problem *x = *(const tfd_record_problem *const *)a;
    const tfd_record_problem *y = *(const tfd_record_problem *const *)b;

    if (x->chunk != y->chunk)
        return x->chunk < y->chunk ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* The highest folder on the way to a file that may not be entered. */
static tfd_str closed_folder(tfd_probe_ctx *ctx, tfd_str root, tfd_str path)
{
    for (size_t i = 0; i <= path.len; i++)
        if (i == path.len || path.ptr[i] == '/') {
            tfd_str full = tfd_record_file(ctx->sys, ctx->arena, root, tfd_str_sub(path, 0, i));

            if (ctx->sys->access(ctx->sys, full, TFD_ACCESS_EXEC, NULL) == TFD_EACCESS)
                return full;
        }
    return tfd_record_file(ctx->sys, ctx->arena, root, path);
}

/* It counts as missing, but installers stumble over it: they write through the link. */
static bool is_dead_link(tfd_probe_ctx *ctx, tfd_str path)
{
    tfd_stat info;

    return ctx->sys->stat(ctx->sys, path, false, &info, NULL) == TFD_OK && info.kind == TFD_KIND_LINK;
}

static tfd_status add_problem(tfd_probe_ctx *ctx, const tfd_record_work *work,
                              const tfd_record_problem *found)
{
    tfd_facts *facts = ctx->facts;
    size_t dist = work->chunks[found->chunk].dist;
    tfd_str root = facts->places.items[facts->dists.items[dist].place].path;
    tfd_file_problem problem;

    memset(&problem, 0, sizeof problem);
    problem.dist = dist;
    problem.state = found->state;
    problem.other = TFD_NONE;
    problem.is_folder = found->is_folder;
    if (found->is_folder) {
        problem.path = closed_folder(ctx, root, found->path);
        for (size_t i = 0; i < facts->file_problems.count; i++)
            if (tfd_str_eq(facts->file_problems.items[i].path, problem.path))
                return TFD_OK;
    } else {
        problem.path = tfd_record_file(ctx->sys, ctx->arena, root, found->path);
        problem.module = tfd_record_module(ctx->arena, found->path);
        problem.expected = found->expected;
        problem.got = found->got;
    }
    if (!problem.path.ptr || !TFD_GROW(ctx->arena, &facts->file_problems))
        return TFD_ENOMEM;
    if (problem.state == TFD_FILE_MISSING && !facts->dists.items[dist].has_dead_links)
        facts->dists.items[dist].has_dead_links = is_dead_link(ctx, problem.path);
    facts->file_problems.items[facts->file_problems.count++] = problem;
    return TFD_OK;
}

static tfd_status add_problems(tfd_probe_ctx *ctx, const tfd_record_work *work)
{
    const tfd_record_problem **sorted;
    size_t count = 0;

    for (size_t i = 0; i < work->worker_count; i++)
        count += work->workers[i].problems.count;
    sorted = tfd_arena_take(ctx->arena, count, sizeof *sorted);
    if (!sorted)
        return TFD_ENOMEM;
    count = 0;
    for (size_t i = 0; i < work->worker_count; i++)
        for (size_t k = 0; k < work->workers[i].problems.count; k++)
            sorted[count++] = &work->workers[i].problems.items[k];
    qsort((void *)sorted, count, sizeof *sorted, by_order);
    for (size_t i = 0; i < count; i++)
        if (add_problem(ctx, work, sorted[i]) != TFD_OK)
            return TFD_ENOMEM;
    return TFD_OK;
}

/* The chunks of one distribution follow each other. Whoever installs lists RECORD itself in it and ends each
 * row. */
static void find_cut_records(tfd_probe_ctx *ctx, const tfd_record_work *work)
{
    bool lists_itself = false;

    for (size_t i = 0; i < work->chunk_count; i++) {
        const tfd_record_chunk *chunk = &work->chunks[i];
        tfd_dist *dist = &ctx->facts->dists.items[chunk->dist];
        bool is_last = i + 1 == work->chunk_count || work->chunks[i + 1].dist != chunk->dist;

        lists_itself = lists_itself || chunk->lists_itself || chunk->status != TFD_OK;
        if (is_last) {
            dist->record_cut = tfd_record_is_exact(dist) && (!lists_itself || chunk->ends_open);
            lists_itself = false;
        }
    }
}

static tfd_status collect(tfd_probe_ctx *ctx, const tfd_record_work *work)
{
    tfd_facts *facts = ctx->facts;

    for (size_t i = 0; i < work->chunk_count; i++) {
        const tfd_record_chunk *chunk = &work->chunks[i];
        tfd_dist *dist = &facts->dists.items[chunk->dist];

        if (chunk->status == TFD_ENOMEM)
            return TFD_ENOMEM;
        if (chunk->status != TFD_OK)
            forget(facts, tfd_arena_fmt(ctx->arena, "%.*s/RECORD: %s", TFD_ARG(dist->path),
                                        tfd_status_text(chunk->status)));
        else if (chunk->unknown > 0)
            forget(facts, tfd_arena_fmt(ctx->arena, "%zu files of %.*s could not be looked at",
                                        chunk->unknown, TFD_ARG(dist->name)));
        dist->files += chunk->rows;
        dist->missing += chunk->missing;
        dist->wrong_size += chunk->wrong_size;
        dist->altered += chunk->altered;
        dist->unreadable += chunk->unreadable;
    }
    for (size_t i = 0; i < work->worker_count; i++)
        if (work->workers[i].is_cut && facts->file_problems.complete)
            forget(facts, TFD_STR("more files differ than are listed"));
    return add_problems(ctx, work);
}

tfd_status tfd_record_check(tfd_probe_ctx *ctx, tfd_err *err)
{
    tfd_record_worker workers[WORKERS];
    tfd_record_work work = {.sys = ctx->sys, .facts = ctx->facts, .workers = workers};
    tfd_status status;

    memset(workers, 0, sizeof workers);
    ctx->facts->file_problems.complete = true;
    ctx->facts->overlaps.complete = true;
    status = make_chunks(ctx, &work);
    work.worker_count = work.chunk_count < WORKERS ? work.chunk_count : WORKERS;
    for (size_t i = 0; i < work.worker_count; i++)
        tfd_arena_init(&workers[i].keep, 0);
    if (status == TFD_OK)
        ctx->sys->parallel(ctx->sys, work.worker_count, tfd_record_worker_run, &work);
    if (status == TFD_OK) {
        find_cut_records(ctx, &work);
        status = collect(ctx, &work);
    }
    if (status == TFD_OK)
        status = tfd_record_find_overlaps(ctx, &work);
    for (size_t i = 0; i < work.worker_count; i++) {
        ctx->arena->failed = ctx->arena->failed || workers[i].keep.failed;
        tfd_arena_done(&workers[i].keep);
    }
    return status == TFD_OK ? TFD_OK : tfd_err_set(err, status, 0, "RECORD: %s", tfd_status_text(status));
}
