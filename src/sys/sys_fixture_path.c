#include "sys/sys_fixture.h"

#include <errno.h>

#define LINKS_MAX 40 /* as Linux has it, path_resolution(7) */

const tfd_fixture_file *tfd_fixture_file_find(const tfd_fixture *fixture, tfd_arena *arena, tfd_str path)
{
    uint32_t index;

    if (fixture->file_count == 0)
        return NULL;
    if (fixture->sys.style == TFD_PATH_WINDOWS)
        path = tfd_fixture_fold(arena, path);
    index = tfd_map_get(&fixture->file_by_path, path);
    return index == TFD_MAP_NONE ? NULL : &fixture->files[index];
}

int tfd_fixture_code(const tfd_fixture *fixture, int code)
{
    if (fixture->sys.style == TFD_PATH_POSIX)
        return code;
    switch (code) {
    case ENOENT:
        return 2; /* ERROR_FILE_NOT_FOUND */
    case ENOTDIR:
        return 3; /* ERROR_PATH_NOT_FOUND */
    case EACCES:
        return 5; /* ERROR_ACCESS_DENIED */
    case EROFS:
        return 19; /* ERROR_WRITE_PROTECT */
    case EINVAL:
        return 4390; /* ERROR_NOT_A_REPARSE_POINT */
    case ELOOP:
        return 1921; /* ERROR_CANT_RESOLVE_FILENAME */
    default:
        return 1117; /* ERROR_IO_DEVICE */
    }
}

static tfd_str host_path(const tfd_fixture *fixture, tfd_arena *arena, tfd_str path)
{
    return tfd_arena_fmt(arena, "%.*s%.*s", TFD_ARG(fixture->root), TFD_ARG(path));
}

bool tfd_fixture_link(const tfd_fixture *fixture, tfd_arena *arena, const tfd_fixture_spot *spot,
                      tfd_str *target)
{
    const tfd_fixture_file *file = tfd_fixture_file_find(fixture, arena, spot->path);

    if (file && file->link.len) {
        *target = file->link;
        return true;
    }
    return fixture->host->readlink(fixture->host, arena, spot->host, target, NULL) == TFD_OK;
}

bool tfd_fixture_allows(const tfd_fixture *fixture, const tfd_stat *stat, unsigned wanted)
{
    unsigned shift = stat->uid == fixture->system.uid ? 6u : stat->gid == fixture->gid ? 3u : 0u;
    unsigned bits = (stat->mode >> shift) & 7u;
    unsigned need = ((wanted & TFD_ACCESS_READ) ? 4u : 0u) | ((wanted & TFD_ACCESS_WRITE) ? 2u : 0u) |
                    ((wanted & TFD_ACCESS_EXEC) ? 1u : 0u);

    if (fixture->sys.style == TFD_PATH_WINDOWS)
        need &= ~1u; /* no bit of its own: what may be read may be run, other rules aside */
    else if (fixture->system.uid == 0)
        return !(wanted & TFD_ACCESS_EXEC) || stat->kind == TFD_KIND_DIR || (stat->mode & 0111u);
    return (bits & need) == need;
}

/* Attributes and reparse tag of what lies at a spot; [MS-FSCC] 2.6 and 2.1.2.1. */
static void fill_attributes(const tfd_fixture_file *file, tfd_stat *stat)
{
    bool is_link = stat->kind == TFD_KIND_LINK;

    stat->reparse_tag = file && file->reparse_tag ? file->reparse_tag : is_link ? 0xA000000Cu : 0;
    stat->attributes = (stat->kind == TFD_KIND_DIR ? 0x10u : 0x20u) | (stat->reparse_tag ? 0x400u : 0u) |
                       (stat->mode & 0200u ? 0u : 0x1u);
    if (file && file->has_attributes)
        stat->attributes = file->attributes;
}

/* What lies at a path whose folders hold no more links; path and host are given. */
static tfd_status stat_spot(const tfd_fixture *fixture, tfd_arena *arena, tfd_fixture_spot *spot,
                            tfd_err *err)
{
    const tfd_fixture_file *file = tfd_fixture_file_find(fixture, arena, spot->path);
    bool is_windows = fixture->sys.style == TFD_PATH_WINDOWS;
    tfd_status st;

    if (file && file->link.len) {
        spot->stat = (tfd_stat){.kind = TFD_KIND_LINK, .size = file->link.len, .mode = 0777};
    } else {
        st = fixture->host->stat(fixture->host, spot->host, is_windows, &spot->stat, NULL);
        if (st != TFD_OK)
            return tfd_err_set(err, st, tfd_fixture_code(fixture, ENOENT), "%.*s: %s", TFD_ARG(spot->path),
                               tfd_status_text(st));
        spot->stat.mode = spot->stat.kind == TFD_KIND_DIR || (spot->stat.mode & 0111u) ? 0755u : 0644u;
    }
    spot->stat.uid = file && file->has_uid ? file->uid : fixture->system.uid;
    spot->stat.gid = file && file->has_gid ? file->gid : fixture->gid;
    if (file && file->has_mode)
        spot->stat.mode = file->mode;
    if (file && file->has_size)
        spot->stat.size = file->size;
    spot->stat.attributes = 0;
    spot->stat.reparse_tag = 0;
    if (is_windows)
        fill_attributes(file, &spot->stat);
    return TFD_OK;
}

/* What the name in a folder is; the host is asked for another case only where the exact name is not there. */
static tfd_status stat_child(const tfd_fixture *fixture, tfd_arena *arena, const tfd_fixture_spot *folder,
                             tfd_str name, tfd_fixture_spot *out, tfd_err *err)
{
    const tfd_sys *host = fixture->host;
    size_t colon = tfd_str_find_char(name, ':');
    tfd_status st;

    out->path = tfd_path_join(fixture->sys.style, arena, folder->path, name);
    if (fixture->sys.style == TFD_PATH_POSIX) {
        out->host = host_path(fixture, arena, out->path);
        return stat_spot(fixture, arena, out, err);
    }
    if (colon != TFD_NPOS)
        name = tfd_arena_fmt(arena, "%.*s%%3A%.*s", TFD_ARG(tfd_str_sub(name, 0, colon)),
                             TFD_ARG(tfd_str_from(name, colon + 1)));
    out->host = tfd_path_join(host->style, arena, folder->host, name);
    st = stat_spot(fixture, arena, out, NULL);
    if (st == TFD_OK)
        return st;
    if (st == TFD_ENOENT && colon == TFD_NPOS)
        name = tfd_fixture_name(fixture, arena, folder->host, name);
    out->path = tfd_path_join(fixture->sys.style, arena, folder->path, name);
    out->host = tfd_path_join(host->style, arena, folder->host, name);
    return stat_spot(fixture, arena, out, err);
}

/* Puts the walk at the beginning of path, which may be relative to the folder it has come to. */
static tfd_status begin(const tfd_fixture *fixture, tfd_arena *arena, tfd_str path, tfd_fixture_spot *at,
                        tfd_str *rest, tfd_err *err)
{
    tfd_status st;

    *rest = path;
    if (fixture->sys.style == TFD_PATH_WINDOWS) {
        st = tfd_fixture_drive(fixture, arena, path, at, rest);
        if (st != TFD_OK)
            return tfd_err_set(err, st, tfd_fixture_code(fixture, ENOTDIR), "%.*s: no such drive",
                               TFD_ARG(path));
        return stat_spot(fixture, arena, at, err);
    }
    if (tfd_path_is_abs(TFD_PATH_POSIX, path) || at->path.len == 0) {
        at->path = TFD_STR("/");
        if (!tfd_path_is_abs(TFD_PATH_POSIX, path))
            *rest = tfd_path_join(TFD_PATH_POSIX, arena, fixture->cwd, path);
    }
    at->host = host_path(fixture, arena, at->path);
    return stat_spot(fixture, arena, at, err);
}

/* One component further. rest: what is still to be walked; a link puts its target in front of it. */
static tfd_status step(const tfd_fixture *fixture, tfd_arena *arena, tfd_str name, bool follow,
                       tfd_fixture_spot *at, tfd_str *rest, tfd_err *err)
{
    tfd_path_style style = fixture->sys.style;
    tfd_fixture_spot next;
    tfd_str target;
    tfd_status st;

    if (at->stat.kind != TFD_KIND_DIR)
        return tfd_err_set(err, TFD_ENOENT, tfd_fixture_code(fixture, ENOTDIR), "%.*s: not a folder",
                           TFD_ARG(at->path));
    if (style == TFD_PATH_POSIX && !tfd_fixture_allows(fixture, &at->stat, TFD_ACCESS_EXEC))
        return tfd_err_set(err, TFD_EACCESS, EACCES, "%.*s: may not be searched", TFD_ARG(at->path));
    if (tfd_str_is(name, "..")) {
        at->path = tfd_path_dir(TFD_PATH_POSIX, at->path);
        at->host = host_path(fixture, arena, at->path);
        return stat_spot(fixture, arena, at, err);
    }
    st = stat_child(fixture, arena, at, name, &next, err);
    if (st != TFD_OK)
        return st;
    if (next.stat.kind != TFD_KIND_LINK || (!follow && rest->len == 0)) {
        *at = next;
        return TFD_OK;
    }
    if (!tfd_fixture_link(fixture, arena, &next, &target))
        return tfd_err_set(err, TFD_EIO, tfd_fixture_code(fixture, EIO), "%.*s: cannot be read",
                           TFD_ARG(next.path));
    target = tfd_arena_fmt(arena, "%.*s%c%.*s", TFD_ARG(target), style == TFD_PATH_WINDOWS ? '\\' : '/',
                           TFD_ARG(*rest));
    if (style == TFD_PATH_WINDOWS) /* there is no walk on from here: ".." is taken out as text */
        target = tfd_path_join(style, arena, at->path, target);
    st = begin(fixture, arena, target, at, rest, err);
    return st == TFD_OK ? TFD_ELIMIT : st; /* a link was followed */
}

/* Cuts the next component off *rest. */
static tfd_str next_name(tfd_path_style style, tfd_str *rest)
{
    size_t n = 0;
    tfd_str name;

    while (n < rest->len && !tfd_path_is_sep(style, rest->ptr[n]))
        n++;
    name = tfd_str_sub(*rest, 0, n);
    *rest = tfd_str_from(*rest, n + 1);
    return name;
}

tfd_status tfd_fixture_find(const tfd_fixture *fixture, tfd_arena *arena, tfd_str path, bool follow,
                            tfd_fixture_spot *out, tfd_err *err)
{
    tfd_fixture_spot at = {{NULL, 0}, {NULL, 0}, {0}};
    tfd_str rest;
    tfd_str name;
    int links = 0;
    tfd_status st;

    if (path.len == 0)
        return tfd_err_set(err, TFD_ENOENT, tfd_fixture_code(fixture, ENOTDIR), "empty path");
    st = begin(fixture, arena, path, &at, &rest, err);
    while (st == TFD_OK && rest.len) {
        name = next_name(fixture->sys.style, &rest);
        if (name.len == 0 || tfd_str_is(name, "."))
            continue;
        st = step(fixture, arena, name, follow, &at, &rest, err);
        if (st == TFD_ELIMIT)
            st = ++links > LINKS_MAX ? tfd_err_set(err, TFD_EIO, tfd_fixture_code(fixture, ELOOP),
                                                   "%.*s: too many links", TFD_ARG(path))
                                     : TFD_OK;
    }
    if (st == TFD_OK || st == TFD_ENOENT)
        st = arena->failed ? tfd_err_set(err, TFD_ENOMEM, ENOMEM, "%.*s: out of memory", TFD_ARG(path)) : st;
    if (st == TFD_OK)
        *out = at;
    return st;
}
