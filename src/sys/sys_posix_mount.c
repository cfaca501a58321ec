/* Mounts and limits. The flags come from statvfs, which asks the kernel about this very path; only point and
 * type need /proc/self/mountinfo (proc(5)). */
#define _GNU_SOURCE 1

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include "sys/sys_posix.h"

/* A machine with more mounts than fit here (about 10,000) gets points and types from the first ones only. */
#define MOUNTINFO_MAX ((size_t)1 << 20)

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* mountinfo writes blank, tab, newline and backslash as \ooo. */
static tfd_str unescape(tfd_arena *arena, tfd_str field)
{
    char *text = tfd_arena_take(arena, field.len + 1, 1);
    size_t n = 0;

    if (!text)
        return (tfd_str){NULL, 0};
    for (size_t i = 0; i < field.len; i++) {
        const char *p = field.ptr + i;

        if (p[0] == '\\' && field.len - i >= 4 && is_octal(p[1]) && is_octal(p[2]) && is_octal(p[3])) {
            text[n++] = (char)(((p[1] - '0') << 6) | ((p[2] - '0') << 3) | (p[3] - '0'));
            i += 3;
        } else {
            text[n++] = p[0];
        }
    }
    return (tfd_str){text, n};
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw": point is field 5, type follows " - ". */
static bool parse_mount(tfd_str line, tfd_str *point, tfd_str *fstype)
{
    tfd_str rest = line;
    size_t dash;

    for (int i = 0; i < 5; i++)
        if (!tfd_str_cut(rest, ' ', point, &rest))
            return false;
    dash = tfd_str_find_z(rest, " - ");
    if (dash == TFD_NPOS)
        return false;
    (void)tfd_str_cut(tfd_str_from(rest, dash + 3), ' ', fstype, &rest);
    return true;
}

static tfd_str get_mounts(const tfd_sys *sys)
{
    tfd_posix *native = sys->ctx;
    tfd_str text;

    tfd_lock_take(&native->lock);
    if (!native->has_mounts)
        native->mounts = tfd_posix_slurp(sys, &native->arena, "/proc/self/mountinfo", MOUNTINFO_MAX);
    native->has_mounts = true;
    text = native->mounts;
    tfd_lock_give(&native->lock);
    return text;
}

/* The longest mount point that holds path; of equal ones the last, since later mounts cover earlier ones. */
static void find_point(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_mount *out)
{
    tfd_str rest = get_mounts(sys);
    tfd_str line;
    tfd_str point;
    tfd_str fstype;

    while (tfd_str_line(&rest, &line)) {
        if (!parse_mount(line, &point, &fstype))
            continue;
        if (tfd_str_find_char(point, '\\') != TFD_NPOS)
            point = unescape(arena, point);
        if (point.len >= out->point.len && tfd_path_is_below(TFD_PATH_POSIX, path, point)) {
            out->point = point;
            out->fstype = fstype;
        }
    }
}

tfd_status tfd_posix_mount_of(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_mount *out,
                              tfd_err *err)
{
    struct statvfs info;
    tfd_posix_path z;
    tfd_str real;
    tfd_status st;
    int rc;

    memset(out, 0, sizeof *out);
    st = tfd_posix_realpath(sys, arena, path, &real, err);
    if (st == TFD_OK)
        st = tfd_posix_path_of(real, &z, err);
    if (st != TFD_OK)
        return st;
    do
        rc = statvfs(z.z, &info);
    while (rc != 0 && errno == EINTR);
    if (rc != 0)
        return tfd_posix_fail(err, errno, path, "statvfs");
    out->noexec = (info.f_flag & ST_NOEXEC) != 0;
    out->nodev = (info.f_flag & ST_NODEV) != 0;
    out->readonly = (info.f_flag & ST_RDONLY) != 0;
    out->free_bytes = (uint64_t)info.f_bavail * info.f_frsize;
    /* File systems without a fixed table of inodes (btrfs, overlay on it) call their number 0. */
    out->free_inodes = info.f_files == 0 ? UINT64_MAX : (uint64_t)info.f_favail;
    find_point(sys, arena, real, out);
    out->point = tfd_arena_str(arena, out->point);
    out->fstype = tfd_arena_str(arena, out->fstype);
    return TFD_OK;
}

/* The constants are an enum in one C library and integers in another: each stands in a call of its own. */
static int get_limit(tfd_limit which, struct rlimit *out)
{
    switch (which) {
    case TFD_LIMIT_AS:
        return getrlimit(RLIMIT_AS, out);
    case TFD_LIMIT_DATA:
        return getrlimit(RLIMIT_DATA, out);
    case TFD_LIMIT_STACK:
        return getrlimit(RLIMIT_STACK, out);
    case TFD_LIMIT_NOFILE:
        return getrlimit(RLIMIT_NOFILE, out);
    case TFD_LIMIT_NPROC:
        return getrlimit(RLIMIT_NPROC, out);
    case TFD_LIMIT_CPU:
        return getrlimit(RLIMIT_CPU, out);
    case TFD_LIMIT_FSIZE:
        return getrlimit(RLIMIT_FSIZE, out);
    }
    return -1;
}

tfd_status tfd_posix_limit(const tfd_sys *sys, tfd_limit which, uint64_t *out)
{
    struct rlimit limit;

    (void)sys;
    if (get_limit(which, &limit) != 0)
        return TFD_EUNSUPPORTED;
    *out = limit.rlim_cur == RLIM_INFINITY ? TFD_UNLIMITED : (uint64_t)limit.rlim_cur;
    return TFD_OK;
}
