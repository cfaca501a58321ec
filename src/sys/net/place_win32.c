#include "sys/net/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf16.h"
#include "sys/os_win32.h"

#define PATH_UNITS 4096u

/* NUL-ended units of a path, malloc'ed; NULL without memory or where it is too long. */
static WCHAR *units_of(const char *path)
{
    tfd_str text = tfd_str_of(path);
    WCHAR *units = text.len < PATH_UNITS ? malloc((text.len + 1) * sizeof *units) : NULL;

    if (units)
        units[tfd_utf16_from_utf8(text, (uint16_t *)units)] = 0;
    return units;
}

static bool write_all(HANDLE file, tfd_str bytes)
{
    while (bytes.len > 0) {
        DWORD n = bytes.len < 65536u ? (DWORD)bytes.len : 65536u;

        if (!WriteFile(file, bytes.ptr, n, &n, NULL) || n == 0)
            return false;
        bytes = tfd_str_from(bytes, n);
    }
    return true;
}

bool tfd_place_write_data(const char *number, tfd_str bytes)
{
    uint64_t value;

    if (!tfd_str_u64(tfd_str_of(number), &value))
        return false;
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): an inherited handle travels as a number */
    return write_all((HANDLE)(uintptr_t)value, bytes);
}

uint64_t tfd_place_now_us(void)
{
    return (uint64_t)GetTickCount64() * 1000u;
}

char *tfd_place_read(const char *path, size_t max, size_t *len)
{
    WCHAR *name = units_of(path);
    HANDLE file = name ? CreateFileW(name, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
                                     OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL)
                       : INVALID_HANDLE_VALUE;
    LARGE_INTEGER size;
    char *bytes = NULL;
    DWORD n = 1;

    free(name);
    *len = 0;
    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    if (GetFileSizeEx(file, &size) && size.QuadPart >= 0 && (uint64_t)size.QuadPart <= max)
        bytes = malloc((size_t)size.QuadPart + 1);
    while (bytes && n > 0 && *len < (size_t)size.QuadPart) {
        if (!ReadFile(file, bytes + *len, (DWORD)((size_t)size.QuadPart - *len), &n, NULL))
            break;
        *len += n;
    }
    if (bytes)
        bytes[*len] = '\0';
    (void)CloseHandle(file);
    return bytes;
}

bool tfd_place_write(const char *path, tfd_str head, tfd_str body)
{
    size_t size = strlen(path) + 32;
    char *fresh = malloc(size);
    WCHAR *to = units_of(path), *from = NULL;
    HANDLE file = INVALID_HANDLE_VALUE;
    bool ok = false;

    if (fresh) {
        (void)snprintf(fresh, size, "%s.%lu", path, (unsigned long)GetCurrentProcessId());
        from = units_of(fresh);
    }
    if (from && to)
        file = CreateFileW(from, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file != INVALID_HANDLE_VALUE) {
        ok = write_all(file, head) && write_all(file, body);
        ok = CloseHandle(file) && ok;
        ok = ok && MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING);
        if (!ok)
            (void)DeleteFileW(from);
    }
    free(fresh);
    free(from);
    free(to);
    return ok;
}

bool tfd_place_make_dirs(const char *path)
{
    WCHAR *name = units_of(path);
    bool ok = name != NULL;

    for (size_t i = 3; ok && name[0] && name[1] && name[2] && name[i]; i++) {
        WCHAR c = name[i];

        if (c != L'\\' && c != L'/')
            continue;
        name[i] = 0;
        (void)CreateDirectoryW(name, NULL);
        name[i] = c;
    }
    ok = ok && (CreateDirectoryW(name, NULL) || GetLastError() == ERROR_ALREADY_EXISTS);
    free(name);
    return ok;
}

void tfd_place_remove(const char *path)
{
    WCHAR *name = units_of(path);

    if (name)
        (void)DeleteFileW(name);
    free(name);
}

void tfd_place_list(tfd_arena *arena, const char *dir, size_t max, tfd_place_files *out)
{
    size_t size = strlen(dir) + 3;
    char *pattern = malloc(size);
    WIN32_FIND_DATAW found;
    WCHAR *name = NULL;
    HANDLE search = INVALID_HANDLE_VALUE;

    memset(out, 0, sizeof *out);
    if (pattern) {
        (void)snprintf(pattern, size, "%s\\*", dir);
        name = units_of(pattern);
    }
    if (name)
        search = FindFirstFileW(name, &found);
    free(pattern);
    free(name);
    if (search == INVALID_HANDLE_VALUE)
        return;
    do {
        char text[MAX_PATH * TFD_UTF16_BYTES];
        uint64_t time =
            (uint64_t)found.ftLastWriteTime.dwHighDateTime << 32 | found.ftLastWriteTime.dwLowDateTime;
        tfd_str one = {text,
                       tfd_utf16_to_utf8((const uint16_t *)found.cFileName, wcslen(found.cFileName), text)};

        if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
            continue;
        if (!TFD_GROW(arena, out))
            break;
        out->items[out->count++] = (tfd_place_file){tfd_arena_str(arena, one),
                                                    (uint64_t)found.nFileSizeHigh << 32 | found.nFileSizeLow,
                                                    (int64_t)(time / 10000000u)};
    } while (out->count < max && FindNextFileW(search, &found));
    (void)FindClose(search);
}
