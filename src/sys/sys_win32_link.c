/* Links, final names, volumes. */
#include <string.h>

#include "sys/sys_win32.h"

#define REPARSE_MAX 16384u /* MAXIMUM_REPARSE_DATA_BUFFER_SIZE */

/* ---- readlink */

static uint32_t get_u16(const unsigned char *bytes, size_t at)
{
    return bytes[at] | (uint32_t)bytes[at + 1] << 8;
}

/* REPARSE_DATA_BUFFER ([MS-FSCC] 2.1.2.4 and 2.1.2.5): tag, length, then offsets and lengths in bytes of two
 * names in a buffer; symbolic links have four bytes of flags before it. The name for people is wanted; where
 * there is none, the other one begins with "\??\". */
static tfd_status read_target(tfd_arena *arena, const unsigned char *data, size_t size, tfd_str *out)
{
    WCHAR units[REPARSE_MAX / sizeof(WCHAR)];
    uint32_t tag, offset, length;
    size_t names;

    if (size < 20)
        return TFD_EFORMAT;
    tag = get_u16(data, 0) | get_u16(data, 2) << 16;
    names = tag == IO_REPARSE_TAG_SYMLINK ? 20 : tag == IO_REPARSE_TAG_MOUNT_POINT ? 16 : 0;
    if (names == 0)
        return TFD_EIO;
    offset = get_u16(data, 12);
    length = get_u16(data, 14);
    if (length == 0) {
        offset = get_u16(data, 8);
        length = get_u16(data, 10);
    }
    if (offset > size - names || length > size - names - offset)
        return TFD_EFORMAT;
    memcpy(units, data + names + offset, length);
    length /= sizeof(WCHAR);
    offset = length >= 4 && wcsncmp(units, L"\\??\\", 4) == 0 ? 4 : 0;
    *out = tfd_win32_text(arena, units + offset, length - offset);
    return out->ptr ? TFD_OK : TFD_ENOMEM;
}

tfd_status tfd_win32_readlink(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out, tfd_err *err)
{
    unsigned char data[REPARSE_MAX];
    tfd_win32_path z;
    HANDLE file;
    DWORD size = 0;
    tfd_status st = tfd_win32_path_of(path, 0, &z, err);

    (void)sys;
    if (st != TFD_OK)
        return st;
    file = tfd_win32_look(z.z, true);
    tfd_win32_path_done(&z);
    if (file == INVALID_HANDLE_VALUE)
        return tfd_win32_fail(err, GetLastError(), path, "readlink");
    if (!DeviceIoControl(file, FSCTL_GET_REPARSE_POINT, NULL, 0, data, sizeof data, &size, NULL)) {
        st = tfd_win32_fail(err, GetLastError(), path, "readlink");
        st = st == TFD_EUNSUPPORTED ? TFD_EIO : st; /* a file system without links: then this is none */
    } else {
        st = read_target(arena, data, size, out);
        if (st != TFD_OK)
            st = tfd_err_set(err, st == TFD_ENOMEM ? st : TFD_EIO, ERROR_NOT_A_REPARSE_POINT,
                             "%.*s: not a link", TFD_ARG(path));
    }
    (void)CloseHandle(file);
    return st;
}

/* ---- realpath */

/* The name in the form with a drive letter; where the volume has none, the full name as it stands. */
static tfd_status final_name(HANDLE file, const tfd_win32_path *z, tfd_arena *arena, tfd_str path,
                             tfd_str *out, tfd_err *err)
{
    WCHAR *units = tfd_arena_new(arena, WCHAR, TFD_WIN32_PATH_MAX + 1);
    DWORD n;

    if (!units)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    n = GetFinalPathNameByHandleW(file, units, TFD_WIN32_PATH_MAX, FILE_NAME_NORMALIZED | VOLUME_NAME_DOS);
    if (n == 0 || n > TFD_WIN32_PATH_MAX)
        n = GetFullPathNameW(z->z, TFD_WIN32_PATH_MAX, units, NULL);
    if (n == 0 || n > TFD_WIN32_PATH_MAX)
        return tfd_win32_fail(err, GetLastError(), path, "realpath");
    *out = tfd_win32_plain(arena, units, n);
    return out->ptr ? TFD_OK : tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
}

tfd_status tfd_win32_realpath(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out, tfd_err *err)
{
    tfd_win32_path z;
    tfd_arena scratch;
    tfd_str name = {NULL, 0};
    HANDLE file;
    tfd_status st = tfd_win32_path_of(path, 0, &z, err);

    (void)sys;
    if (st != TFD_OK)
        return st;
    file = tfd_win32_look(z.z, false);
    if (file == INVALID_HANDLE_VALUE) {
        st = tfd_win32_fail(err, GetLastError(), path, "realpath");
        tfd_win32_path_done(&z);
        return st;
    }
    tfd_arena_init(&scratch, 0);
    st = final_name(file, &z, &scratch, path, &name, err);
    if (st == TFD_OK) {
        *out = tfd_arena_str(arena, name);
        if (!out->ptr)
            st = tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    }
    tfd_arena_done(&scratch);
    (void)CloseHandle(file);
    tfd_win32_path_done(&z);
    return st;
}

/* ---- volumes */

tfd_status tfd_win32_mount_of(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_mount *out,
                              tfd_err *err)
{
    WCHAR root[MAX_PATH + 1];
    WCHAR type[MAX_PATH + 1];
    ULARGE_INTEGER free_bytes = {.QuadPart = 0};
    tfd_win32_path z = {NULL, 0, {0}};
    tfd_str real = {NULL, 0};
    DWORD flags = 0;
    tfd_status st;

    memset(out, 0, sizeof *out);
    st = tfd_win32_realpath(sys, arena, path, &real, err);
    if (st == TFD_OK)
        st = tfd_win32_path_of(real, 0, &z, err);
    if (st != TFD_OK)
        return st;
    type[0] = 0;
    if (!GetVolumePathNameW(z.z, root, MAX_PATH) || !GetDiskFreeSpaceExW(root, &free_bytes, NULL, NULL))
        st = tfd_win32_fail(err, GetLastError(), path, "ask for the volume of");
    tfd_win32_path_done(&z);
    if (st != TFD_OK)
        return st;
    (void)GetVolumeInformationW(root, NULL, 0, NULL, NULL, &flags, type, MAX_PATH);
    out->readonly = (flags & FILE_READ_ONLY_VOLUME) != 0;
    out->free_bytes = free_bytes.QuadPart;
    out->free_inodes = UINT64_MAX;
    out->point = tfd_win32_plain(arena, root, wcslen(root));
    out->fstype = tfd_win32_text_z(arena, type);
    return TFD_OK;
}
