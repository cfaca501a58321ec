#include "sys/sys_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CALL_MEMORY ((size_t)4 << 20) /* of one call that has no arena of its caller's */
#define MACHINE_MAX ((size_t)4 << 20) /* bytes of machine.json */
#define CANT_ACCESS_FILE 1920         /* ERROR_CANT_ACCESS_FILE, winerror.h */

static const tfd_fixture *self(const tfd_sys *sys)
{
    return sys->ctx;
}

static tfd_status find(const tfd_sys *sys, tfd_arena *arena, tfd_str path, bool follow, unsigned wanted,
                       tfd_fixture_spot *out, tfd_err *err)
{
    tfd_status st = tfd_fixture_find(self(sys), arena, path, follow, out, err);

    if (st == TFD_OK && wanted && !tfd_fixture_allows(self(sys), &out->stat, wanted))
        st = tfd_err_set(err, TFD_EACCESS, tfd_fixture_code(self(sys), EACCES), "%.*s: permission denied",
                         TFD_ARG(path));
    return st;
}

/* Opening a file that machine.json has an error for, or an alias of the Store, which only CreateProcess
 * understands. */
static tfd_status refuse_open(const tfd_fixture *fixture, tfd_arena *arena, const tfd_fixture_spot *spot,
                              tfd_err *err)
{
    const tfd_fixture_file *file = tfd_fixture_file_find(fixture, arena, spot->path);
    int code = spot->stat.reparse_tag == TFD_REPARSE_APPEXECLINK ? CANT_ACCESS_FILE : 0;

    if (file && file->error)
        code = file->error;
    if (code == 0)
        return TFD_OK;
    return tfd_err_set(err, code == CANT_ACCESS_FILE ? TFD_EIO : TFD_EACCESS, code, "open %.*s: error %d",
                       TFD_ARG(spot->path), code);
}

static tfd_status do_open(const tfd_sys *sys, tfd_str path, tfd_file *out, tfd_err *err)
{
    tfd_arena arena;
    tfd_fixture_spot spot;
    tfd_status st;

    tfd_arena_init(&arena, CALL_MEMORY);
    st = find(sys, &arena, path, true, TFD_ACCESS_READ, &spot, err);
    if (st == TFD_OK)
        st = refuse_open(self(sys), &arena, &spot, err);
    if (st == TFD_OK)
        st = self(sys)->host->open(self(sys)->host, spot.host, out, err);
    if (st == TFD_OK)
        out->size = spot.stat.size;
    tfd_arena_done(&arena);
    return st;
}

static tfd_status do_read_at(const tfd_sys *sys, const tfd_file *file, uint64_t offset, void *dst, size_t len,
                             size_t *got, tfd_err *err)
{
    return self(sys)->host->read_at(self(sys)->host, file, offset, dst, len, got, err);
}

static void do_close(const tfd_sys *sys, tfd_file *file)
{
    self(sys)->host->close(self(sys)->host, file);
}

static tfd_status do_stat(const tfd_sys *sys, tfd_str path, bool follow, tfd_stat *out, tfd_err *err)
{
    tfd_arena arena;
    tfd_fixture_spot spot;
    tfd_status st;

    tfd_arena_init(&arena, CALL_MEMORY);
    st = find(sys, &arena, path, follow, 0, &spot, err);
    if (st == TFD_OK)
        *out = spot.stat;
    tfd_arena_done(&arena);
    return st;
}

static tfd_status do_stat_many(const tfd_sys *sys, tfd_str dir, tfd_stat_item *items, size_t n, tfd_err *err)
{
    tfd_arena arena;
    tfd_stat folder;
    tfd_status st = do_stat(sys, dir, true, &folder, err);

    if (st != TFD_OK)
        return st;
    tfd_arena_init(&arena, 0);
    for (size_t i = 0; i < n; i++) {
        tfd_arena_mark mark = tfd_arena_get_mark(&arena);
        tfd_str path = tfd_path_join(sys->style, &arena, dir, items[i].name);

        items[i].status = path.ptr ? do_stat(sys, path, true, &items[i].stat, NULL) : TFD_ENOMEM;
        tfd_arena_rewind(&arena, mark);
    }
    tfd_arena_done(&arena);
    return TFD_OK;
}

static int compare_entries(const void *a, const void *b)
{
    return tfd_str_cmp(((const tfd_dirent *)a)->name, ((const tfd_dirent *)b)->name);
}

/* Windows: streams of files (x.dll%3AZone.Identifier) are in no listing; a link of the host is what it leads
 * to. */
static void show_as_windows(const tfd_fixture *fixture, tfd_arena *arena, tfd_str folder, tfd_dirents *out)
{
    const tfd_sys *host = fixture->host;
    size_t kept = 0;

    for (size_t i = 0; i < out->count; i++) {
        tfd_dirent *entry = &out->items[i];

        if (tfd_str_find_z(entry->name, "%3A") != TFD_NPOS)
            continue;
        if (entry->kind == TFD_KIND_LINK)
            entry->kind = tfd_sys_kind(host, tfd_path_join(host->style, arena, folder, entry->name));
        out->items[kept++] = *entry;
    }
    out->count = kept;
}

/* Links that only machine.json knows. */
static tfd_status add_links(const tfd_fixture *fixture, tfd_arena *arena, tfd_str folder, tfd_dirents *out)
{
    tfd_path_style style = fixture->sys.style;

    for (size_t i = 0; i < fixture->file_count; i++) {
        const tfd_fixture_file *file = &fixture->files[i];
        tfd_str in = tfd_path_dir(style, file->path);

        if (file->link.len == 0 ||
            !(style == TFD_PATH_WINDOWS ? tfd_str_eq_nocase(in, folder) : tfd_str_eq(in, folder)))
            continue;
        if (!TFD_GROW(arena, out))
            return TFD_ENOMEM;
        out->items[out->count].name = tfd_arena_str(arena, tfd_path_base(style, file->path));
        out->items[out->count++].kind = TFD_KIND_LINK;
    }
    if (out->count > 1)
        qsort(out->items, out->count, sizeof *out->items, compare_entries);
    return TFD_OK;
}

static tfd_status do_list(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_dirents *out, tfd_err *err)
{
    tfd_fixture_spot spot;
    tfd_status st = find(sys, arena, path, true, TFD_ACCESS_READ, &spot, err);

    memset(out, 0, sizeof *out);
    if (st != TFD_OK)
        return st;
    st = self(sys)->host->list(self(sys)->host, arena, spot.host, out, err);
    if (sys->style == TFD_PATH_WINDOWS)
        show_as_windows(self(sys), arena, spot.host, out);
    return st == TFD_OK ? add_links(self(sys), arena, spot.path, out) : st;
}

static tfd_status do_readlink(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out, tfd_err *err)
{
    tfd_fixture_spot spot;
    tfd_status st = find(sys, arena, path, false, 0, &spot, err);

    if (st == TFD_OK && (spot.stat.kind != TFD_KIND_LINK || !tfd_fixture_link(self(sys), arena, &spot, out)))
        st =
            tfd_err_set(err, TFD_EIO, tfd_fixture_code(self(sys), EINVAL), "%.*s: not a link", TFD_ARG(path));
    return st;
}

static tfd_status do_realpath(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out, tfd_err *err)
{
    tfd_fixture_spot spot;
    tfd_status st = find(sys, arena, path, true, 0, &spot, err);

    if (st == TFD_OK)
        *out = tfd_arena_str(arena, spot.path);
    return st;
}

static tfd_status do_mount_of(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_mount *out,
                              tfd_err *err)
{
    const tfd_fixture *fixture = self(sys);
    const tfd_mount *best = NULL;
    tfd_str real;
    tfd_status st = do_realpath(sys, arena, path, &real, err);

    if (st != TFD_OK)
        return st;
    for (size_t i = 0; i < fixture->mount_count; i++)
        if (tfd_path_is_below(sys->style, real, fixture->mounts[i].point) &&
            (!best || fixture->mounts[i].point.len >= best->point.len))
            best = &fixture->mounts[i];
    if (!best)
        return tfd_err_set(err, TFD_EUNSUPPORTED, 0, "machine.json tells no mount for %.*s", TFD_ARG(path));
    *out = *best;
    return TFD_OK;
}

static tfd_status do_access(const tfd_sys *sys, tfd_str path, unsigned wanted, tfd_err *err)
{
    tfd_arena arena;
    tfd_fixture_spot spot;
    tfd_mount mount = {0};
    tfd_status st;

    tfd_arena_init(&arena, CALL_MEMORY);
    st = find(sys, &arena, path, true, wanted, &spot, err);
    if (st == TFD_OK && (wanted & TFD_ACCESS_WRITE) &&
        do_mount_of(sys, &arena, path, &mount, NULL) == TFD_OK && mount.readonly)
        st = tfd_err_set(err, TFD_EACCESS, tfd_fixture_code(self(sys), EROFS), "%.*s: read-only file system",
                         TFD_ARG(path));
    tfd_arena_done(&arena);
    return st;
}

static bool get_env(const tfd_sys *sys, const char *name, tfd_str *value)
{
    const tfd_fixture *fixture = self(sys);
    tfd_str key;

    for (size_t i = 0; i < fixture->environ_count; i++)
        if (tfd_str_cut(fixture->environ_items[i], '=', &key, value) &&
            (sys->style == TFD_PATH_WINDOWS ? tfd_str_eq_nocase(key, tfd_str_of(name))
                                            : tfd_str_is(key, name)))
            return true;
    return false;
}

static tfd_str *get_environ(const tfd_sys *sys, size_t *count)
{
    *count = self(sys)->environ_count;
    return self(sys)->environ_items;
}

static tfd_str get_cwd(const tfd_sys *sys)
{
    return self(sys)->cwd;
}

static tfd_str get_home(const tfd_sys *sys)
{
    return self(sys)->home;
}

static const tfd_system *get_system(const tfd_sys *sys)
{
    return &self(sys)->system;
}

static const tfd_cpu *get_cpu(const tfd_sys *sys)
{
    return &self(sys)->cpu;
}

static tfd_status get_limit(const tfd_sys *sys, tfd_limit which, uint64_t *out)
{
    if (!self(sys)->has_limit[which])
        return TFD_EUNSUPPORTED;
    *out = self(sys)->limits[which];
    return TFD_OK;
}

static tfd_status do_sha256(const tfd_sys *sys, tfd_str path, uint8_t out[TFD_SHA256_LEN],
                            const volatile int *stop, tfd_err *err)
{
    tfd_arena arena;
    tfd_fixture_spot spot;
    tfd_status st;

    tfd_arena_init(&arena, CALL_MEMORY);
    st = find(sys, &arena, path, true, TFD_ACCESS_READ, &spot, err);
    if (st == TFD_OK)
        st = self(sys)->host->sha256(self(sys)->host, spot.host, out, stop, err);
    tfd_arena_done(&arena);
    return st;
}

static tfd_status do_sha256_bytes(const tfd_sys *sys, tfd_str bytes, uint8_t out[TFD_SHA256_LEN],
                                  tfd_err *err)
{
    return self(sys)->host->sha256_bytes(self(sys)->host, bytes, out, err);
}

static void do_parallel(const tfd_sys *sys, size_t n, tfd_task task, void *ctx)
{
    self(sys)->host->parallel(self(sys)->host, n, task, ctx);
}

static uint64_t get_clock(const tfd_sys *sys)
{
    return self(sys)->host->clock_us(self(sys)->host);
}

static const tfd_sys fixture_table = {
    .style = TFD_PATH_POSIX,
    .open = do_open,
    .read_at = do_read_at,
    .close = do_close,
    .stat = do_stat,
    .stat_many = do_stat_many,
    .list = do_list,
    .readlink = do_readlink,
    .realpath = do_realpath,
    .access = do_access,
    .mount_of = do_mount_of,
    .env = get_env,
    .environ_all = get_environ,
    .cwd = get_cwd,
    .home = get_home,
    .system = get_system,
    .cpu = get_cpu,
    .limit = get_limit,
    .sha256 = do_sha256,
    .sha256_bytes = do_sha256_bytes,
    .parallel = do_parallel,
    .clock_us = get_clock,
};

tfd_status tfd_sys_fixture_new(const tfd_sys *host, tfd_str dir, tfd_sys **out, tfd_err *err)
{
    tfd_fixture *fixture = calloc(1, sizeof *fixture);
    tfd_str text;
    tfd_status st;

    if (!fixture)
        return tfd_err_set(err, TFD_ENOMEM, ENOMEM, "out of memory");
    fixture->sys = fixture_table;
    fixture->sys.ctx = fixture;
    fixture->host = host;
    tfd_arena_init(&fixture->arena, 0);
    fixture->root = tfd_path_join(host->style, &fixture->arena, dir, TFD_STR("root"));
    st = tfd_sys_read_file(host, &fixture->arena,
                           tfd_path_join(host->style, &fixture->arena, dir, TFD_STR("machine.json")),
                           MACHINE_MAX, &text, err);
    if (st == TFD_OK)
        st = tfd_fixture_read(fixture, text, err);
    if (fixture->has_events)
        fixture->sys.events = tfd_fixture_events;
    if (fixture->has_registry) {
        fixture->sys.reg_value = tfd_fixture_reg_value;
        fixture->sys.reg_keys = tfd_fixture_reg_keys;
    }
    if (st == TFD_OK)
        *out = &fixture->sys;
    else
        tfd_sys_fixture_free(&fixture->sys);
    return st;
}

void tfd_sys_fixture_free(tfd_sys *sys)
{
    tfd_fixture *fixture;

    if (!sys)
        return;
    fixture = sys->ctx;
    tfd_arena_done(&fixture->arena);
    free(fixture);
}
