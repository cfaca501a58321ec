#include "sys/sys_fixture.h"

#include <errno.h>

#define LINKS_MAX 40 /* as Linux has it, path_resolution(7) */

static const tfd_fixture_file *find_file(const tfd_fixture *fixture, tfd_str path)
{
    uint32_t index = tfd_map_get(&fixture->file_by_path, path);

    return index == TFD_MAP_NONE ? NULL : &fixture->files[index];
}

static tfd_str host_path(const tfd_fixture *fixture, tfd_arena *arena, tfd_str path)
{
    return tfd_arena_fmt(arena, "%.*s%.*s", TFD_ARG(fixture->root), TFD_ARG(path));
}

bool tfd_fixture_link(const tfd_fixture *fixture, tfd_arena *arena, tfd_str path, tfd_str *target)
{
    const tfd_fixture_file *file = find_file(fixture, path);

    if (file && file->link.len) {
        *target = file->link;
        return true;
    }
    return fixture->host->readlink(fixture->host, arena, host_path(fixture, arena, path), target, NULL) ==
           TFD_OK;
}

bool tfd_fixture_allows(const tfd_fixture *fixture, const tfd_stat *stat, unsigned wanted)
{
    unsigned shift = stat->uid == fixture->system.uid ? 6u : stat->gid == fixture->gid ? 3u : 0u;
    unsigned bits = (stat->mode >> shift) & 7u;
    unsigned need = ((wanted & TFD_ACCESS_READ) ? 4u : 0u) | ((wanted & TFD_ACCESS_WRITE) ? 2u : 0u) |
                    ((wanted & TFD_ACCESS_EXEC) ? 1u : 0u);

    if (fixture->system.uid == 0)
        return !(wanted & TFD_ACCESS_EXEC) || stat->kind == TFD_KIND_DIR || (stat->mode & 0111u);
    return (bits & need) == need;
}

/* What lies at a path whose folders hold no more links. */
static tfd_status stat_spot(const tfd_fixture *fixture, tfd_arena *arena, tfd_fixture_spot *spot,
                            tfd_err *err)
{
    const tfd_fixture_file *file = find_file(fixture, spot->path);
    tfd_status st;

    spot->host = host_path(fixture, arena, spot->path);
    if (file && file->link.len) {
        spot->stat = (tfd_stat){.kind = TFD_KIND_LINK, .size = file->link.len, .mode = 0777};
    } else {
        st = fixture->host->stat(fixture->host, spot->host, false, &spot->stat, NULL);
        if (st != TFD_OK)
            return tfd_err_set(err, st, ENOENT, "%.*s: %s", TFD_ARG(spot->path), tfd_status_text(st));
        spot->stat.mode = spot->stat.kind == TFD_KIND_DIR || (spot->stat.mode & 0111u) ? 0755u : 0644u;
    }
    spot->stat.uid = file && file->has_uid ? file->uid : fixture->system.uid;
    spot->stat.gid = file && file->has_gid ? file->gid : fixture->gid;
    if (file && file->has_mode)
        spot->stat.mode = file->mode;
    if (file && file->has_size)
        spot->stat.size = file->size;
    return TFD_OK;
}

/* One component further. rest: what is still to be walked; a link puts its target in front of it. */
static tfd_status step(const tfd_fixture *fixture, tfd_arena *arena, tfd_str name, bool follow,
                       tfd_fixture_spot *at, tfd_str *rest, tfd_err *err)
{
    tfd_fixture_spot next;
    tfd_str target;
    tfd_status st;

    if (at->stat.kind != TFD_KIND_DIR)
        return tfd_err_set(err, TFD_ENOENT, ENOTDIR, "%.*s: not a folder", TFD_ARG(at->path));
    if (!tfd_fixture_allows(fixture, &at->stat, TFD_ACCESS_EXEC))
        return tfd_err_set(err, TFD_EACCESS, EACCES, "%.*s: may not be searched", TFD_ARG(at->path));
    if (tfd_str_is(name, "..")) {
        at->path = tfd_path_dir(TFD_PATH_POSIX, at->path);
        return stat_spot(fixture, arena, at, err);
    }
    next.path = tfd_path_join(TFD_PATH_POSIX, arena, at->path, name);
    st = stat_spot(fixture, arena, &next, err);
    if (st != TFD_OK)
        return st;
    if (next.stat.kind != TFD_KIND_LINK || (!follow && rest->len == 0)) {
        *at = next;
        return TFD_OK;
    }
    if (!tfd_fixture_link(fixture, arena, next.path, &target))
        return tfd_err_set(err, TFD_EIO, EIO, "%.*s: cannot be read", TFD_ARG(next.path));
    *rest = tfd_arena_fmt(arena, "%.*s/%.*s", TFD_ARG(target), TFD_ARG(*rest));
    if (tfd_path_is_abs(TFD_PATH_POSIX, target))
        at->path = TFD_STR("/");
    st = stat_spot(fixture, arena, at, err);
    return st == TFD_OK ? TFD_ELIMIT : st; /* a link was followed */
}

tfd_status tfd_fixture_find(const tfd_fixture *fixture, tfd_arena *arena, tfd_str path, bool follow,
                            tfd_fixture_spot *out, tfd_err *err)
{
    tfd_fixture_spot at = {.path = TFD_STR_INIT("/")};
    tfd_str rest = path;
    tfd_str name;
    int links = 0;
    tfd_status st;

    if (path.len == 0)
        return tfd_err_set(err, TFD_ENOENT, ENOENT, "empty path");
    if (!tfd_path_is_abs(TFD_PATH_POSIX, path))
        rest = tfd_path_join(TFD_PATH_POSIX, arena, fixture->cwd, path);
    st = stat_spot(fixture, arena, &at, err);
    while (st == TFD_OK && rest.len) {
        (void)tfd_str_cut(rest, '/', &name, &rest);
        if (name.len == 0 || tfd_str_is(name, "."))
            continue;
        st = step(fixture, arena, name, follow, &at, &rest, err);
        if (st == TFD_ELIMIT)
            st = ++links > LINKS_MAX ? tfd_err_set(err, TFD_EIO, ELOOP, "%.*s: too many links", TFD_ARG(path))
                                     : TFD_OK;
    }
    if (st == TFD_OK || st == TFD_ENOENT)
        st = arena->failed ? tfd_err_set(err, TFD_ENOMEM, ENOMEM, "%.*s: out of memory", TFD_ARG(path)) : st;
    if (st == TFD_OK)
        *out = at;
    return st;
}
