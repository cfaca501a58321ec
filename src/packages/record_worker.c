#include "packages/record_work.h"

#include <string.h>

typedef struct row {
    tfd_str path; /* NUL-ended */
    tfd_str name; /* last component */
    uint64_t size;
    bool has_size;
    size_t folder;
} row;

typedef struct rows {
    row *items;
    size_t count, capacity;
} rows;

typedef struct folder {
    tfd_str path; /* relative; empty: the place itself */
    size_t count, next;
} folder;

typedef struct folders {
    folder *items;
    size_t count, capacity;
    tfd_map by_path;
} folders;

/* One chunk while it is worked on; all of it is in `scratch`, which is rewound for the next. */
typedef struct job {
    tfd_record_work *work;
    tfd_record_worker *worker;
    tfd_record_chunk *chunk;
    const tfd_dist *dist;
    tfd_arena *scratch;
    tfd_str root;
    char *buffer;
    rows rows;
    folders folders;
    size_t chunk_index;
    bool is_exact;
} job;

tfd_str tfd_record_path(const tfd_sys *sys, tfd_arena *arena, const tfd_dist *dist)
{
    return tfd_path_join(sys->style, arena, dist->path, TFD_STR("RECORD"));
}

static size_t folder_of(job *one, tfd_str path)
{
    folders *all = &one->folders;
    uint32_t found;

    /* RECORD is sorted: mostly it is the folder of the row before. */
    if (one->rows.count) {
        size_t last = one->rows.items[one->rows.count - 1].folder;

        if (tfd_str_eq(all->items[last].path, path))
            return last;
    }
    found = tfd_map_get(&all->by_path, path);
    if (found != TFD_MAP_NONE)
        return found;
    if (!TFD_GROW(one->scratch, all) || !tfd_map_put(one->scratch, &all->by_path, path, (uint32_t)all->count))
        return TFD_NONE;
    all->items[all->count] = (folder){path, 0, 0};
    return all->count++;
}

/* The path with a NUL behind it. In the buffer a comma follows it, which nobody needs any more; a decoded
 * path is copied. */
static tfd_str end_path(job *one, tfd_str path)
{
    if (path.ptr >= one->buffer && path.ptr < one->buffer + TFD_RECORD_BUFFER) {
        one->buffer[(size_t)(path.ptr - one->buffer) + path.len] = '\0';
        return path;
    }
    return tfd_arena_str(one->scratch, path);
}

static bool take_row(job *one, const tfd_record_row *record)
{
    tfd_record_worker *worker = one->worker;
    size_t slash = tfd_str_rfind_char(record->path, '/');
    row *out;

    if (!TFD_GROW(one->scratch, &one->rows) || !TFD_GROW(&worker->keep, &worker->owners))
        return false;
    worker->owners.items[worker->owners.count++] =
        (tfd_record_owner){tfd_str_hash(record->path), (uint32_t)one->chunk->dist};
    out = &one->rows.items[one->rows.count];
    out->path = end_path(one, record->path);
    out->name = tfd_str_from(out->path, slash == TFD_NPOS ? 0 : slash + 1);
    out->size = record->size;
    out->has_size = record->has_size && one->is_exact && !tfd_record_is_edited(record->path);
    out->folder = folder_of(one, tfd_str_sub(out->path, 0, slash == TFD_NPOS ? 0 : slash));
    if (out->folder == TFD_NONE || !out->path.ptr)
        return false;
    one->folders.items[out->folder].count++;
    one->rows.count++;
    return true;
}

static bool is_plain(tfd_str path)
{
    return !tfd_str_ends_z(path, ".py") && !tfd_str_ends_z(path, ".so") &&
           tfd_str_find_z(path, ".so.") == TFD_NPOS && !tfd_str_ends_z(path, ".pyd") &&
           !tfd_str_ends_z(path, ".dll");
}

static void keep(job *one, size_t index, tfd_file_state state, tfd_str path, bool is_folder, uint64_t got)
{
    tfd_record_worker *worker = one->worker;
    bool plain = !is_folder && is_plain(path);
    tfd_record_problem *out;

    if ((plain && worker->plain >= TFD_RECORD_KEEP_PLAIN_MAX) ||
        worker->problems.count >= TFD_RECORD_KEEP_MAX || !TFD_GROW(&worker->keep, &worker->problems)) {
        worker->is_cut = true;
        return;
    }
    worker->plain += plain;
    out = &worker->problems.items[worker->problems.count++];
    out->chunk = one->chunk_index;
    out->order = index;
    out->state = state;
    out->path = tfd_arena_str(&worker->keep, path);
    out->is_folder = is_folder;
    out->expected = one->rows.items[index].size;
    out->got = got;
}

/* Mode bits tell in most cases that a file may be read; only where they look restrictive the system is asked.
 */
static bool is_readable(job *one, const tfd_stat *info, tfd_str path)
{
    uint32_t uid = one->work->facts->system ? one->work->facts->system->uid : 0;
    tfd_str full;

    if (info->mode & (uid == info->uid ? 0400u : 0004u))
        return true;
    full = tfd_path_join(one->work->sys->style, one->scratch, one->root, path);
    return one->work->sys->access(one->work->sys, full, TFD_ACCESS_READ, NULL) != TFD_EACCESS;
}

/* Files that are read to see whether only their line ends differ; a whole tree that git or FTP converted is
 * believed after that many. */
#define CONVERTED_ENOUGH 32
#define CONVERTED_TRIES 256
#define CONVERTED_PIECE ((size_t)64 << 10)

/* Line ends "\r\n", and whether there are bytes of zero, which no Python source has: what Windows PowerShell
 * writes with Out-File or ">" is UTF-16. */
static bool count_line_ends(job *one, tfd_str path, uint64_t *count, bool *has_zeros)
{
    const tfd_sys *sys = one->work->sys;
    char *piece = tfd_arena_take(one->scratch, CONVERTED_PIECE, 1);
    tfd_file file = TFD_FILE_NONE;
    tfd_status status = TFD_OK;
    char last = '\0';
    size_t got = 1;

    *count = 0;
    if (!piece ||
        sys->open(sys, tfd_path_join(sys->style, one->scratch, one->root, path), &file, NULL) != TFD_OK)
        return false;
    for (uint64_t at = 0; status == TFD_OK && at < file.size && got > 0; at += got) {
        uint64_t left = file.size - at;

        status = sys->read_at(sys, &file, at, piece, left < CONVERTED_PIECE ? (size_t)left : CONVERTED_PIECE,
                              &got, NULL);
        for (size_t i = 0; status == TFD_OK && i < got; i++) {
            *count += piece[i] == '\n' && last == '\r';
            *has_zeros |= piece[i] == '\0';
            last = piece[i];
        }
    }
    sys->close(sys, &file);
    return status == TFD_OK;
}

/* "\n" became "\r\n", and nothing else changed in size: Python reads it all the same. */
static bool is_converted(job *one, const row *r, uint64_t got, bool *has_zeros)
{
    tfd_record_worker *worker = one->worker;
    uint64_t count;

    *has_zeros = false;
    if (got <= r->size || !tfd_str_ends_z(r->path, ".py"))
        return false;
    if (worker->converted >= CONVERTED_ENOUGH)
        return true;
    if (worker->converted_tries++ >= CONVERTED_TRIES || !count_line_ends(one, r->path, &count, has_zeros) ||
        count != got - r->size)
        return false;
    worker->converted++;
    return true;
}

/* What a package begins with: "six.py", "rich/__init__.py". After a crash of the machine such files are there
 * in full length and hold zeros, which no Python source does. Only these few are looked into. */
static bool is_zeroed(job *one, const row *r)
{
    const tfd_sys *sys = one->work->sys;
    size_t slash = tfd_str_find_char(r->path, '/');
    tfd_file file = TFD_FILE_NONE;
    tfd_status status;
    char first = 'x';
    size_t got = 0;

    if (!tfd_str_ends_z(r->path, ".py") || r->size == 0 ||
        (slash != TFD_NPOS && !tfd_str_is(tfd_str_from(r->path, slash), "/__init__.py")) ||
        sys->open(sys, tfd_path_join(sys->style, one->scratch, one->root, r->path), &file, NULL) != TFD_OK)
        return false;
    status = sys->read_at(sys, &file, 0, &first, 1, &got, NULL);
    sys->close(sys, &file);
    return status == TFD_OK && got == 1 && first == '\0';
}

/* Only the byte code was delivered: Python takes X.pyc where X.py would lie. Where the machine cannot tell,
 * nothing is called missing. */
static bool is_sourceless(job *one, tfd_str path)
{
    const tfd_sys *sys = one->work->sys;
    tfd_stat info;
    tfd_str code;

    if (!tfd_str_ends_z(path, ".py"))
        return false;
    code = tfd_arena_fmt(one->scratch, "%.*sc", TFD_ARG(path));
    code = tfd_path_join(sys->style, one->scratch, one->root, code);
    return sys->stat(sys, code, true, &info, NULL) != TFD_ENOENT;
}

/* true: the folder of the file may not be entered, which is told once. */
static bool judge(job *one, size_t index, const tfd_stat_item *item)
{
    const row *r = &one->rows.items[index];
    bool has_zeros;

    if (item->status == TFD_EACCESS) {
        one->chunk->unreadable++;
        return true;
    }
    if (item->status == TFD_ENOENT) {
        if (is_sourceless(one, r->path))
            return false;
        one->chunk->missing++;
        keep(one, index, TFD_FILE_MISSING, r->path, false, 0);
    } else if (item->status == TFD_OK && r->has_size &&
               (item->stat.size != r->size || item->stat.kind != TFD_KIND_FILE) &&
               !is_converted(one, r, item->stat.size, &has_zeros)) {
        *(has_zeros ? &one->chunk->altered : &one->chunk->wrong_size) += 1;
        keep(one, index, has_zeros ? TFD_FILE_ALTERED : TFD_FILE_WRONG_SIZE, r->path, false, item->stat.size);
    } else if (item->status == TFD_OK && !is_readable(one, &item->stat, r->path)) {
        one->chunk->unreadable++;
        keep(one, index, TFD_FILE_UNREADABLE, r->path, false, item->stat.size);
    } else if (item->status != TFD_OK) {
        one->chunk->unknown++;
    } else if (is_zeroed(one, r)) {
        one->chunk->altered++;
        keep(one, index, TFD_FILE_ALTERED, r->path, false, item->stat.size);
    }
    return false;
}

static void check_folder(job *one, const folder *f, tfd_stat_item *items, const size_t *order)
{
    const tfd_sys *sys = one->work->sys;
    tfd_str path = f->path.len ? tfd_path_join(sys->style, one->scratch, one->root, f->path) : one->root;
    tfd_status status = sys->stat_many(sys, path, items, f->count, NULL);
    bool closed = false;

    for (size_t i = 0; i < f->count; i++) {
        if (status != TFD_OK)
            items[i].status = status;
        closed = judge(one, order[i], &items[i]) || closed;
    }
    if (closed)
        keep(one, order[0], TFD_FILE_UNREADABLE, f->path, true, 0);
}

/* Rows of one folder side by side: a folder is opened once. */
static tfd_status check_rows(job *one)
{
    tfd_stat_item *items = tfd_arena_new(one->scratch, tfd_stat_item, one->rows.count);
    size_t *order = tfd_arena_new(one->scratch, size_t, one->rows.count);
    size_t start = 0;

    if (!items || !order)
        return TFD_ENOMEM;
    for (size_t i = 0; i < one->folders.count; i++) {
        one->folders.items[i].next = start;
        start += one->folders.items[i].count;
    }
    for (size_t i = 0; i < one->rows.count; i++) {
        size_t at = one->folders.items[one->rows.items[i].folder].next++;

        items[at].name = one->rows.items[i].name;
        order[at] = i;
    }
    start = 0;
    for (size_t i = 0; i < one->folders.count; i++) {
        check_folder(one, &one->folders.items[i], items + start, order + start);
        start += one->folders.items[i].count;
    }
    return TFD_OK;
}

static tfd_status check_chunk(job *one)
{
    const tfd_facts *facts = one->work->facts;
    const tfd_sys *sys = one->work->sys;
    tfd_record_row record;
    tfd_status status;
    tfd_str text;

    one->dist = &facts->dists.items[one->chunk->dist];
    one->root = facts->places.items[one->dist->place].path;
    one->is_exact = tfd_record_is_exact(one->dist);
    status = tfd_record_read_chunk(sys, tfd_record_path(sys, one->scratch, one->dist), one->chunk->offset,
                                   one->buffer, &text);
    if (status != TFD_OK)
        return status;
    one->chunk->ends_open = text.len > 0 && text.ptr[text.len - 1] != '\n';
    while (tfd_record_next(&text, one->buffer + TFD_RECORD_BUFFER, &record)) {
        one->chunk->rows += record.path.len > 0;
        one->chunk->lists_itself =
            one->chunk->lists_itself || tfd_str_ends_z(record.path, ".dist-info/RECORD");
        if (tfd_record_is_payload(&record) && !take_row(one, &record))
            return TFD_ENOMEM;
    }
    return one->rows.count ? check_rows(one) : TFD_OK;
}

void tfd_record_worker_run(void *ctx, size_t index)
{
    tfd_record_work *work = ctx;
    tfd_arena scratch;
    char *buffer;

    tfd_arena_init(&scratch, 0);
    buffer = tfd_arena_take(&scratch, TFD_RECORD_BUFFER + TFD_RECORD_PATH_MAX, 1);
    for (size_t i = index; i < work->chunk_count; i += work->worker_count) {
        tfd_arena_mark mark = tfd_arena_get_mark(&scratch);
        job one;

        memset(&one, 0, sizeof one);
        one.work = work;
        one.worker = &work->workers[index];
        one.chunk = &work->chunks[i];
        one.chunk_index = i;
        one.scratch = &scratch;
        one.buffer = buffer;
        one.chunk->status = buffer ? check_chunk(&one) : TFD_ENOMEM;
        tfd_arena_rewind(&scratch, mark);
    }
    if (scratch.failed)
        work->workers[index].keep.failed = true;
    tfd_arena_done(&scratch);
}
