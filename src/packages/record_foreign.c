#include "packages/record_work.h"

#include <string.h>

/* Folders that are listed at most: TensorFlow 2.20 has 2,430. */
#define FOLDERS_MAX 20000u
/* Rows that are added at most. */
#define FOREIGN_MAX 500u

typedef struct paths {
    tfd_str *items; /* relative folders still to be listed; a stack */
    size_t count, capacity;
} paths;

typedef struct search {
    tfd_probe_ctx *ctx;
    tfd_arena *arena; /* of this search */
    size_t dist;
    tfd_str root;
    tfd_map owned; /* path -> anything: files of every distribution in the place */
    tfd_map tops;  /* top-level folders of the distribution that is searched */
    paths stack;
    size_t found;
} search;

static bool can_be_imported(tfd_str name)
{
    return tfd_str_ends_z(name, ".py") || tfd_str_ends_z(name, ".so") ||
           tfd_str_find_z(name, ".so.") != TFD_NPOS || tfd_str_ends_z(name, ".pyd") ||
           tfd_str_ends_z(name, ".dll");
}

/* A copy of the path; in lower case where file names have no case. */
static tfd_str key_of(const search *all, tfd_str path)
{
    tfd_str key = tfd_arena_str(all->arena, path);
    char *text = (char *)key.ptr; /* this function's own copy */

    for (size_t i = 0; all->ctx->sys->style == TFD_PATH_WINDOWS && i < key.len; i++)
        text[i] = tfd_char_lower(text[i]);
    return key;
}

static tfd_status take_row(search *all, size_t dist, const tfd_record_row *row)
{
    size_t slash = tfd_str_find_char(row->path, '/');
    tfd_str path;

    if (!tfd_record_is_payload(row))
        return TFD_OK;
    if (dist == all->dist && slash != TFD_NPOS) {
        tfd_str top = tfd_str_sub(row->path, 0, slash);

        if (tfd_map_get(&all->tops, top) == TFD_MAP_NONE) {
            top = tfd_arena_str(all->arena, top);
            if (!top.ptr || !tfd_map_put(all->arena, &all->tops, top, 0) ||
                !TFD_GROW(all->arena, &all->stack))
                return TFD_ENOMEM;
            all->stack.items[all->stack.count++] = top;
        }
    }
    if (!can_be_imported(row->path))
        return TFD_OK;
    path = key_of(all, row->path);
    return path.ptr && tfd_map_put(all->arena, &all->owned, path, 0) ? TFD_OK : TFD_ENOMEM;
}

static tfd_status take_record(search *all, size_t dist, char *buffer)
{
    const tfd_sys *sys = all->ctx->sys;
    tfd_str path = tfd_record_path(sys, all->arena, &all->ctx->facts->dists.items[dist]);
    tfd_status status = TFD_OK;
    tfd_stat info;

    if (sys->stat(sys, path, true, &info, NULL) != TFD_OK)
        return TFD_OK;
    for (uint64_t at = 0; at < info.size && status == TFD_OK; at += TFD_RECORD_CHUNK) {
        tfd_record_row row;
        tfd_str rows;

        status = tfd_record_read_chunk(sys, path, at, buffer, &rows);
        while (status == TFD_OK && tfd_record_next(&rows, buffer + TFD_RECORD_BUFFER, &row))
            status = take_row(all, dist, &row);
    }
    return status;
}

/* RECORDs of all distributions in the place, but not those of a second metadata folder: its files are what is
 * looked for. */
static tfd_status take_records(search *all)
{
    const tfd_facts *facts = all->ctx->facts;
    char *buffer = tfd_arena_take(all->arena, TFD_RECORD_BUFFER + TFD_RECORD_PATH_MAX, 1);
    tfd_status status = buffer ? TFD_OK : TFD_ENOMEM;

    for (size_t i = 0; i < facts->dists.count && status == TFD_OK; i++)
        if (facts->dists.items[i].place == facts->dists.items[all->dist].place &&
            !facts->dists.items[i].is_shadowed && facts->dists.items[i].kind == TFD_DIST_INFO)
            status = take_record(all, i, buffer);
    return status;
}

static tfd_status add_foreign(search *all, tfd_str path)
{
    tfd_probe_ctx *ctx = all->ctx;
    tfd_file_problem problem;

    ctx->facts->dists.items[all->dist].foreign++;
    if (++all->found > FOREIGN_MAX)
        return TFD_OK;
    memset(&problem, 0, sizeof problem);
    problem.dist = all->dist;
    problem.path = tfd_record_file(ctx->sys, ctx->arena, all->root, path);
    problem.module = tfd_record_module(ctx->arena, path);
    problem.state = TFD_FILE_FOREIGN;
    problem.other = TFD_NONE;
    if (!problem.path.ptr || !TFD_GROW(ctx->arena, &ctx->facts->file_problems))
        return TFD_ENOMEM;
    ctx->facts->file_problems.items[ctx->facts->file_problems.count++] = problem;
    return TFD_OK;
}

static tfd_status search_folder(search *all, tfd_str folder)
{
    const tfd_sys *sys = all->ctx->sys;
    tfd_str full = tfd_path_join(sys->style, all->arena, all->root, folder);
    tfd_dirents entries;
    tfd_status status;

    memset(&entries, 0, sizeof entries);
    status = sys->list(sys, all->arena, full, &entries, NULL);
    if (status != TFD_OK && status != TFD_ELIMIT)
        return status == TFD_ENOMEM ? status : TFD_OK;
    for (size_t i = 0; i < entries.count; i++) {
        const tfd_dirent *entry = &entries.items[i];
        tfd_str path = tfd_path_join(TFD_PATH_POSIX, all->arena, folder, entry->name);

        if (!path.ptr)
            return TFD_ENOMEM;
        if (entry->kind == TFD_KIND_DIR && !tfd_str_is(entry->name, "__pycache__")) {
            if (!TFD_GROW(all->arena, &all->stack))
                return TFD_ENOMEM;
            all->stack.items[all->stack.count++] = path;
        } else if (entry->kind == TFD_KIND_FILE && can_be_imported(entry->name) &&
                   tfd_map_get(&all->owned, key_of(all, path)) == TFD_MAP_NONE &&
                   add_foreign(all, path) != TFD_OK) {
            return TFD_ENOMEM;
        }
    }
    return TFD_OK;
}

tfd_status tfd_record_find_foreign(tfd_probe_ctx *ctx, size_t dist, tfd_err *err)
{
    tfd_arena arena;
    search all;
    tfd_status status;

    memset(&all, 0, sizeof all);
    tfd_arena_init(&arena, 0);
    all.ctx = ctx;
    all.arena = &arena;
    all.dist = dist;
    all.root = ctx->facts->places.items[ctx->facts->dists.items[dist].place].path;
    status = take_records(&all);
    for (size_t n = 0; all.stack.count && n < FOLDERS_MAX && status == TFD_OK; n++)
        status = search_folder(&all, all.stack.items[--all.stack.count]);
    ctx->arena->failed = ctx->arena->failed || arena.failed;
    tfd_arena_done(&arena);
    return status == TFD_OK ? TFD_OK
                            : tfd_err_set(err, status, 0, "foreign files: %s", tfd_status_text(status));
}
