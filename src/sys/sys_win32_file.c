#include <stdlib.h>
#include <string.h>

#include "sys/sys_win32.h"

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
/* Whoever serves a pipe that a path names must not act as this user. */
#define OPEN_FLAGS (SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION)
#define READ_MAX ((size_t)1 << 30)  /* bytes asked for at once; the system counts them in 32 bits */
#define DIRECTORY_NOT_SUPPORTED 336 /* ERROR_DIRECTORY_NOT_SUPPORTED, not in every winerror.h */
/* From 1601 to 1970 in units of 100 ns. */
#define EPOCH 116444736000000000ull

HANDLE tfd_win32_look(const WCHAR *path, bool no_follow)
{
    /* Folders are only opened with FILE_FLAG_BACKUP_SEMANTICS (CreateFileW). */
    return CreateFileW(
        path, FILE_READ_ATTRIBUTES, SHARE_ALL, NULL, OPEN_EXISTING,
        FILE_FLAG_BACKUP_SEMANTICS | OPEN_FLAGS | (no_follow ? FILE_FLAG_OPEN_REPARSE_POINT : 0), NULL);
}

static HANDLE handle_of(const tfd_file *file)
{
    return (HANDLE)file->handle; /* NOLINT(performance-no-int-to-ptr): it was one before */
}

tfd_status tfd_win32_open(const tfd_sys *sys, tfd_str path, tfd_file *out, tfd_err *err)
{
    tfd_win32_path z;
    LARGE_INTEGER size;
    HANDLE file;
    DWORD code;
    tfd_status st = tfd_win32_path_of(path, 0, &z, err);

    (void)sys;
    if (st != TFD_OK)
        return st;
    file = CreateFileW(z.z, GENERIC_READ, SHARE_ALL, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL | OPEN_FLAGS,
                       NULL);
    if (file == INVALID_HANDLE_VALUE) {
        code = GetLastError();
        st = tfd_win32_fail(err, code, path, "open");
        if (code == ERROR_ACCESS_DENIED) { /* also the answer for a folder */
            DWORD attributes = GetFileAttributesW(z.z);

            if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY))
                st = tfd_err_set(err, TFD_EIO, DIRECTORY_NOT_SUPPORTED, "%.*s: not a regular file",
                                 TFD_ARG(path));
        }
        tfd_win32_path_done(&z);
        return st;
    }
    tfd_win32_path_done(&z);
    if (GetFileType(file) != FILE_TYPE_DISK) {
        (void)CloseHandle(file);
        return tfd_err_set(err, TFD_EIO, ERROR_BAD_FILE_TYPE, "%.*s: not a regular file", TFD_ARG(path));
    }
    if (!GetFileSizeEx(file, &size)) {
        st = tfd_win32_fail(err, GetLastError(), path, "open");
        (void)CloseHandle(file);
        return st;
    }
    out->handle = (intptr_t)file;
    out->size = (uint64_t)size.QuadPart;
    return TFD_OK;
}

tfd_status tfd_win32_read_at(const tfd_sys *sys, const tfd_file *file, uint64_t offset, void *dst, size_t len,
                             size_t *got, tfd_err *err)
{
    size_t done = 0;

    (void)sys;
    *got = 0;
    if (offset > (uint64_t)INT64_MAX - len)
        return TFD_OK; /* no file reaches so far */
    while (done < len) {
        OVERLAPPED at;
        DWORD n = 0;
        DWORD want = (DWORD)(len - done < READ_MAX ? len - done : READ_MAX);

        memset(&at, 0, sizeof at);
        at.Offset = (DWORD)(offset + done);
        at.OffsetHigh = (DWORD)((offset + done) >> 32);
        if (!ReadFile(handle_of(file), (char *)dst + done, want, &n, &at)) {
            DWORD code = GetLastError();

            if (code == ERROR_HANDLE_EOF)
                break;
            return tfd_win32_fail(err, code, TFD_STR("the file"), "read");
        }
        if (n == 0)
            break;
        done += n;
    }
    *got = done;
    return TFD_OK;
}

void tfd_win32_close(const tfd_sys *sys, tfd_file *file)
{
    (void)sys;
    if (file->handle != TFD_FILE_NONE.handle)
        (void)CloseHandle(handle_of(file));
    *file = TFD_FILE_NONE;
}

bool tfd_win32_is_link(DWORD attributes, DWORD tag)
{
    return (attributes & FILE_ATTRIBUTE_REPARSE_POINT) &&
           (tag == IO_REPARSE_TAG_SYMLINK || tag == IO_REPARSE_TAG_MOUNT_POINT);
}

/* Python's rule (Python/fileutils.c, attributes_to_mode; Modules/posixmodule.c): .exe and its kin may be run.
 */
static bool is_program(const tfd_win32_path *path)
{
    static const WCHAR *const ends[] = {L".exe", L".com", L".bat", L".cmd"};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (path->len > 4 && _wcsicmp(path->z + path->len - 4, ends[i]) == 0)
            return true;
    return false;
}

void tfd_win32_fill_stat(const tfd_sys *sys, const tfd_win32_path *path, DWORD attributes, uint64_t size,
                         FILETIME written, tfd_stat *out)
{
    const tfd_win32 *native = sys->ctx;
    uint64_t time = (uint64_t)written.dwHighDateTime << 32 | written.dwLowDateTime;
    bool is_dir = (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;

    memset(out, 0, sizeof *out);
    out->kind = is_dir ? TFD_KIND_DIR : (attributes & FILE_ATTRIBUTE_DEVICE) ? TFD_KIND_OTHER : TFD_KIND_FILE;
    out->size = is_dir ? 0 : size;
    out->mode = attributes & FILE_ATTRIBUTE_READONLY ? 0444u : 0666u;
    if (is_dir || (path && is_program(path)))
        out->mode |= 0111u;
    out->uid = native->uid;
    out->gid = native->uid;
    out->mtime = ((int64_t)time - (int64_t)EPOCH) / 10000000;
    out->attributes = attributes;
}

bool tfd_win32_find_one(const tfd_win32_path *path, WIN32_FIND_DATAW *out)
{
    HANDLE find = FindFirstFileExW(path->z, FindExInfoBasic, out, FindExSearchNameMatch, NULL, 0);

    if (find == INVALID_HANDLE_VALUE)
        return false;
    (void)FindClose(find);
    return true;
}

/* Where a link leads. An alias of the Store cannot be opened by anybody but CreateProcess (error 1920): then
 * *out stays what it is. */
static tfd_status stat_target(const tfd_sys *sys, const tfd_win32_path *z, tfd_str path, tfd_stat *out,
                              tfd_err *err)
{
    BY_HANDLE_FILE_INFORMATION info;
    HANDLE file = tfd_win32_look(z->z, false);
    tfd_status st = TFD_OK;

    if (file == INVALID_HANDLE_VALUE)
        return tfd_win32_fail(err, GetLastError(), path, "stat");
    if (GetFileInformationByHandle(file, &info))
        tfd_win32_fill_stat(sys, z, info.dwFileAttributes,
                            (uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow, info.ftLastWriteTime,
                            out);
    else
        st = tfd_win32_fail(err, GetLastError(), path, "stat");
    (void)CloseHandle(file);
    return st;
}

static tfd_status stat_path(const tfd_sys *sys, const tfd_win32_path *z, tfd_str path, bool follow,
                            tfd_stat *out, tfd_err *err)
{
    WIN32_FILE_ATTRIBUTE_DATA data;
    WIN32_FIND_DATAW found;
    DWORD tag = 0;

    if (GetFileAttributesExW(z->z, GetFileExInfoStandard, &data)) {
        tfd_win32_fill_stat(sys, z, data.dwFileAttributes,
                            (uint64_t)data.nFileSizeHigh << 32 | data.nFileSizeLow, data.ftLastWriteTime,
                            out);
        if (!(data.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT))
            return TFD_OK;
        if (tfd_win32_find_one(z, &found))
            tag = found.dwReserved0;
    } else {
        DWORD code = GetLastError();

        /* The folder tells of files that are held open by others alone, or that one may not open. */
        if ((code != ERROR_SHARING_VIOLATION && code != ERROR_ACCESS_DENIED) ||
            !tfd_win32_find_one(z, &found))
            return tfd_win32_fail(err, code, path, "stat");
        tag = found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT ? found.dwReserved0 : 0;
        tfd_win32_fill_stat(sys, z, found.dwFileAttributes,
                            (uint64_t)found.nFileSizeHigh << 32 | found.nFileSizeLow, found.ftLastWriteTime,
                            out);
    }
    if (!tfd_win32_is_link(out->attributes, tag)) {
        out->reparse_tag = tag;
        return TFD_OK;
    }
    if (follow)
        return stat_target(sys, z, path, out, err);
    out->kind = TFD_KIND_LINK;
    out->reparse_tag = tag;
    return TFD_OK;
}

tfd_status tfd_win32_stat(const tfd_sys *sys, tfd_str path, bool follow, tfd_stat *out, tfd_err *err)
{
    tfd_win32_path z;
    tfd_status st = tfd_win32_path_of(path, 0, &z, err);

    if (st != TFD_OK)
        return st;
    st = stat_path(sys, &z, path, follow, out, err);
    tfd_win32_path_done(&z);
    return st;
}

/* The kernel is asked with exactly these rights; that they are the same bits for files and folders (read and
 * list, write and add, execute and traverse) is no accident (winnt.h). */
tfd_status tfd_win32_access(const tfd_sys *sys, tfd_str path, unsigned wanted, tfd_err *err)
{
    DWORD rights = FILE_READ_ATTRIBUTES | ((wanted & TFD_ACCESS_READ) ? FILE_READ_DATA : 0) |
                   ((wanted & TFD_ACCESS_WRITE) ? FILE_WRITE_DATA | FILE_APPEND_DATA : 0) |
                   ((wanted & TFD_ACCESS_EXEC) ? FILE_EXECUTE : 0);
    tfd_win32_path z;
    HANDLE file;
    tfd_status st = tfd_win32_path_of(path, 0, &z, err);

    (void)sys;
    if (st != TFD_OK)
        return st;
    if (wanted & TFD_ACCESS_WRITE) { /* an administrator under Wine may write to it all the same */
        DWORD attributes = GetFileAttributesW(z.z);

        if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_READONLY) &&
            !(attributes & FILE_ATTRIBUTE_DIRECTORY)) {
            tfd_win32_path_done(&z);
            return tfd_win32_fail(err, ERROR_ACCESS_DENIED, path, "access");
        }
    }
    file = CreateFileW(z.z, rights, SHARE_ALL, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | OPEN_FLAGS,
                       NULL);
    if (file == INVALID_HANDLE_VALUE)
        st = tfd_win32_fail(err, GetLastError(), path, "access");
    else
        (void)CloseHandle(file);
    tfd_win32_path_done(&z);
    return st;
}
