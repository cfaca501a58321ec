#define _GNU_SOURCE 1

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/sys_posix.h"

tfd_status tfd_posix_status(int code)
{
    switch (code) {
    case 0:
        return TFD_OK;
    case ENOENT:
    case ENOTDIR:
        return TFD_ENOENT;
    case EACCES:
    case EPERM:
    case EROFS:
        return TFD_EACCESS;
    case ENOMEM:
        return TFD_ENOMEM;
    case ENOSYS:
        return TFD_EUNSUPPORTED;
    default:
        return TFD_EIO;
    }
}

tfd_status tfd_posix_fail(tfd_err *err, int code, tfd_str path, const char *doing)
{
    char reason[128];

    if (!err)
        return tfd_posix_status(code);
    if (uv_strerror_r(uv_translate_sys_error(code), reason, sizeof reason) == NULL)
        reason[0] = '\0';
    return tfd_err_set(err, tfd_posix_status(code), code, "%s %.*s: %s", doing, TFD_ARG(path), reason);
}

tfd_status tfd_posix_path_of(tfd_str path, tfd_posix_path *out, tfd_err *err)
{
    if (path.len >= sizeof out->z)
        return tfd_err_set(err, TFD_EIO, ENAMETOOLONG, "path of %zu bytes: too long", path.len);
    if (path.len && memchr(path.ptr, '\0', path.len))
        return tfd_err_set(err, TFD_ENOENT, ENOENT, "%.*s: a NUL in a path", TFD_ARG(path));
    if (path.len)
        memcpy(out->z, path.ptr, path.len);
    out->z[path.len] = '\0';
    return TFD_OK;
}

tfd_status tfd_posix_open(const tfd_sys *sys, tfd_str path, tfd_file *out, tfd_err *err)
{
    tfd_posix_path z;
    struct stat info;
    tfd_status st = tfd_posix_path_of(path, &z, err);
    int fd;

    (void)sys;
    if (st != TFD_OK)
        return st;
    /* O_NONBLOCK: opening a FIFO without a writer would hang. */
    do
        fd = open(z.z, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return tfd_posix_fail(err, errno, path, "open");
    if (fstat(fd, &info) != 0) {
        st = tfd_posix_fail(err, errno, path, "stat");
        (void)close(fd);
        return st;
    }
    if (!S_ISREG(info.st_mode)) {
        (void)close(fd);
        return tfd_err_set(err, TFD_EIO, S_ISDIR(info.st_mode) ? EISDIR : EINVAL, "%.*s: not a regular file",
                           TFD_ARG(path));
    }
    out->handle = fd;
    out->size = (uint64_t)info.st_size;
    return TFD_OK;
}

tfd_status tfd_posix_read_at(const tfd_sys *sys, const tfd_file *file, uint64_t offset, void *dst, size_t len,
                             size_t *got, tfd_err *err)
{
    size_t done = 0;

    (void)sys;
    *got = 0;
    if (offset > (uint64_t)INT64_MAX - len)
        return TFD_OK; /* no file reaches so far */
    while (done < len) {
        ssize_t n = pread((int)file->handle, (char *)dst + done, len - done, (off_t)(offset + done));

        if (n == 0)
            break;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return tfd_err_set(err, tfd_posix_status(errno), errno, "read: %s", strerror(errno));
        done += (size_t)n;
    }
    *got = done;
    return TFD_OK;
}

void tfd_posix_close(const tfd_sys *sys, tfd_file *file)
{
    (void)sys;
    if (file->handle >= 0)
        (void)close((int)file->handle);
    *file = TFD_FILE_NONE;
}

static tfd_kind kind_of_mode(mode_t mode)
{
    if (S_ISREG(mode))
        return TFD_KIND_FILE;
    if (S_ISDIR(mode))
        return TFD_KIND_DIR;
    return S_ISLNK(mode) ? TFD_KIND_LINK : TFD_KIND_OTHER;
}

static void copy_stat(const struct stat *info, tfd_stat *out)
{
    out->kind = kind_of_mode(info->st_mode);
    out->size = (uint64_t)info->st_size;
    out->mode = (uint32_t)(info->st_mode & 07777);
    out->uid = (uint32_t)info->st_uid;
    out->gid = (uint32_t)info->st_gid;
    out->dev = (uint64_t)info->st_dev;
    out->ino = (uint64_t)info->st_ino;
    out->mtime = (int64_t)info->st_mtime;
}

tfd_status tfd_posix_stat(const tfd_sys *sys, tfd_str path, bool follow, tfd_stat *out, tfd_err *err)
{
    tfd_posix_path z;
    struct stat info;
    tfd_status st = tfd_posix_path_of(path, &z, err);

    (void)sys;
    if (st != TFD_OK)
        return st;
    if (fstatat(AT_FDCWD, z.z, &info, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
        return tfd_posix_fail(err, errno, path, "stat");
    copy_stat(&info, out);
    return TFD_OK;
}

tfd_status tfd_posix_stat_many(const tfd_sys *sys, tfd_str dir, tfd_stat_item *items, size_t n, tfd_err *err)
{
    tfd_posix_path z;
    struct stat info;
    tfd_status st = tfd_posix_path_of(dir, &z, err);
    int fd;

    (void)sys;
    if (st != TFD_OK)
        return st;
    /* O_PATH: the names below are wanted, so the right to list the folder is not needed. */
    fd = open(z.z, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return tfd_posix_fail(err, errno, dir, "open folder");
    for (size_t i = 0; i < n; i++) {
        tfd_stat_item *item = &items[i];

        if (item->name.len && memchr(item->name.ptr, '\0', item->name.len)) {
            item->status = TFD_ENOENT;
        } else if (fstatat(fd, item->name.ptr ? item->name.ptr : "", &info, 0) != 0) {
            item->status = tfd_posix_status(errno);
        } else {
            item->status = TFD_OK;
            copy_stat(&info, &item->stat);
        }
    }
    (void)close(fd);
    return TFD_OK;
}

static tfd_kind kind_of_entry(unsigned char type)
{
    switch (type) {
    case DT_REG:
        return TFD_KIND_FILE;
    case DT_DIR:
        return TFD_KIND_DIR;
    case DT_LNK:
        return TFD_KIND_LINK;
    case DT_UNKNOWN:
        return TFD_KIND_NONE;
    default:
        return TFD_KIND_OTHER;
    }
}

static int compare_entries(const void *a, const void *b)
{
    return tfd_str_cmp(((const tfd_dirent *)a)->name, ((const tfd_dirent *)b)->name);
}

static tfd_status read_entries(DIR *folder, tfd_arena *arena, tfd_str path, tfd_dirents *out, tfd_err *err)
{
    const struct dirent *entry;
    tfd_dirent *item;

    for (;;) {
        errno = 0;
        entry = readdir(folder);
        if (!entry)
            return errno ? tfd_posix_fail(err, errno, path, "list") : TFD_OK;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (out->count >= TFD_DIR_MAX)
            return tfd_err_set(err, TFD_ELIMIT, 0, "%.*s: more than %u entries", TFD_ARG(path), TFD_DIR_MAX);
        if (!TFD_GROW(arena, out))
            return tfd_err_set(err, TFD_ENOMEM, 0, "list %.*s: out of memory", TFD_ARG(path));
        item = &out->items[out->count];
        item->name = tfd_arena_str(arena, tfd_str_of(entry->d_name));
        if (!item->name.ptr)
            return tfd_err_set(err, TFD_ENOMEM, 0, "list %.*s: out of memory", TFD_ARG(path));
        item->kind = kind_of_entry(entry->d_type);
        out->count++;
    }
}

tfd_status tfd_posix_list(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_dirents *out, tfd_err *err)
{
    tfd_posix_path z;
    tfd_status st = tfd_posix_path_of(path, &z, err);
    DIR *folder;
    int fd;

    (void)sys;
    memset(out, 0, sizeof *out);
    if (st != TFD_OK)
        return st;
    fd = open(z.z, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return tfd_posix_fail(err, errno, path, "list");
    folder = fdopendir(fd);
    if (!folder) {
        st = tfd_posix_fail(err, errno, path, "list");
        (void)close(fd);
        return st;
    }
    st = read_entries(folder, arena, path, out, err);
    (void)closedir(folder);
    if (out->count > 1)
        qsort(out->items, out->count, sizeof *out->items, compare_entries);
    return st;
}

tfd_status tfd_posix_readlink(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out, tfd_err *err)
{
    tfd_posix_path z;
    tfd_posix_path target;
    tfd_status st = tfd_posix_path_of(path, &z, err);
    ssize_t n;

    (void)sys;
    if (st != TFD_OK)
        return st;
    n = readlink(z.z, target.z, sizeof target.z);
    if (n < 0)
        return tfd_posix_fail(err, errno, path, "readlink");
    *out = tfd_arena_str(arena, (tfd_str){target.z, (size_t)n});
    return out->ptr ? TFD_OK : tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
}

tfd_status tfd_posix_realpath(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out, tfd_err *err)
{
    tfd_posix_path z;
    tfd_posix_path resolved;
    tfd_status st = tfd_posix_path_of(path, &z, err);

    (void)sys;
    if (st != TFD_OK)
        return st;
    if (!realpath(z.z, resolved.z))
        return tfd_posix_fail(err, errno, path, "realpath");
    *out = tfd_arena_str(arena, tfd_str_of(resolved.z));
    return out->ptr ? TFD_OK : tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
}

tfd_status tfd_posix_access(const tfd_sys *sys, tfd_str path, unsigned wanted, tfd_err *err)
{
    tfd_posix_path z;
    tfd_status st = tfd_posix_path_of(path, &z, err);
    int mode = ((wanted & TFD_ACCESS_READ) ? R_OK : 0) | ((wanted & TFD_ACCESS_WRITE) ? W_OK : 0) |
               ((wanted & TFD_ACCESS_EXEC) ? X_OK : 0);
    /* Old container run times refuse faccessat2, which AT_EACCESS needs, with EPERM; access() is always
     * allowed and the same where the ids do not differ. */
    bool is_plain = getuid() == geteuid() && getgid() == getegid();

    (void)sys;
    if (st != TFD_OK)
        return st;
    if (faccessat(AT_FDCWD, z.z, mode, is_plain ? 0 : AT_EACCESS) != 0)
        return tfd_posix_fail(err, errno, path, "access");
    return TFD_OK;
}
