/* UTF-16 at the border: paths, text, error messages. */
#include <stdlib.h>
#include <string.h>

#include "sys/sys_win32.h"

/* A plain path of a folder may have MAX_PATH - 12 units, so that a name of 8.3 fits behind it. */
#define PLAIN_MAX 247u

/* ERROR_… of winerror.h that older headers lack. */
enum {
    VIRUS_INFECTED = 225,
    VIRUS_DELETED = 226,
    INVALID_IMAGE_HASH = 577,
    SYSTEM_INTEGRITY_POLICY_VIOLATION = 4551
};

WCHAR *tfd_win32_units(tfd_str text, size_t *len)
{
    WCHAR *out = malloc((text.len + 1) * sizeof *out);
    size_t n;

    if (!out)
        return NULL;
    n = tfd_utf16_from_utf8(text, out);
    out[n] = 0;
    if (len)
        *len = n;
    return out;
}

tfd_str tfd_win32_text(tfd_arena *arena, const WCHAR *units, size_t n)
{
    char *text = tfd_arena_take(arena, n * TFD_UTF16_BYTES + 1, 1);
    tfd_str out = {text, 0};

    if (text)
        out.len = tfd_utf16_to_utf8(units, n, text);
    return out;
}

tfd_str tfd_win32_text_z(tfd_arena *arena, const WCHAR *units)
{
    return tfd_win32_text(arena, units, wcslen(units));
}

tfd_str tfd_win32_plain(tfd_arena *arena, const WCHAR *units, size_t n)
{
    if (n >= 8 && wcsncmp(units, L"\\\\?\\UNC\\", 8) == 0) {
        char *text = tfd_arena_take(arena, (n - 6) * TFD_UTF16_BYTES + 1, 1);

        if (!text)
            return (tfd_str){NULL, 0};
        text[0] = '\\';
        return (tfd_str){text, 1 + tfd_utf16_to_utf8(units + 7, n - 7, text + 1)};
    }
    if (n >= 4 && wcsncmp(units, L"\\\\?\\", 4) == 0)
        return tfd_win32_text(arena, units + 4, n - 4);
    return tfd_win32_text(arena, units, n);
}

void tfd_win32_path_done(tfd_win32_path *path)
{
    if (path->z != path->small)
        free(path->z);
    path->z = path->small;
}

/* Absolute and with "\\?\" in front. */
static tfd_status lengthen(tfd_str path, size_t extra, tfd_win32_path *out, tfd_err *err)
{
    DWORD need = GetFullPathNameW(out->z, 0, NULL, NULL);
    WCHAR *full = malloc(((size_t)need + 8 + extra) * sizeof *full);
    DWORD n;

    if (!full)
        return tfd_err_set(err, TFD_ENOMEM, ERROR_OUTOFMEMORY, "out of memory");
    n = GetFullPathNameW(out->z, need, full + 8, NULL);
    if (n == 0 || n >= need) {
        free(full);
        return tfd_win32_fail(err, n ? ERROR_FILENAME_EXCED_RANGE : GetLastError(), path, "resolve");
    }
    tfd_win32_path_done(out);
    if (full[8] == '\\' && full[9] == '\\') {
        memmove(full + 8, full + 10, (n - 1u) * sizeof *full);
        memcpy(full, L"\\\\?\\UNC\\", 8 * sizeof *full);
        out->len = n + 6u;
    } else {
        memmove(full + 4, full + 8, (n + 1u) * sizeof *full);
        memcpy(full, L"\\\\?\\", 4 * sizeof *full);
        out->len = n + 4u;
    }
    out->z = full;
    return TFD_OK;
}

static bool has_prefix(const tfd_win32_path *path)
{
    return path->len >= 4 && path->z[0] == '\\' && path->z[1] == '\\' &&
           (path->z[2] == '?' || path->z[2] == '.') && path->z[3] == '\\';
}

tfd_status tfd_win32_path_of(tfd_str path, size_t extra, tfd_win32_path *out, tfd_err *err)
{
    out->z = out->small;
    out->len = 0;
    if (path.len > (size_t)TFD_WIN32_PATH_MAX * TFD_UTF16_BYTES)
        return tfd_err_set(err, TFD_EIO, ERROR_FILENAME_EXCED_RANGE, "path of %zu bytes: too long", path.len);
    if (path.len + 1 + extra > TFD_WIN32_SMALL) {
        out->z = malloc((path.len + 1 + extra) * sizeof *out->z);
        if (!out->z) {
            out->z = out->small;
            return tfd_err_set(err, TFD_ENOMEM, ERROR_OUTOFMEMORY, "out of memory");
        }
    }
    out->len = tfd_utf16_from_utf8(path, out->z);
    out->z[out->len] = 0;
    for (size_t i = 0; i < out->len; i++) {
        if (out->z[i] == '/')
            out->z[i] = '\\';
        /* FindFirstFile takes '<', '>' and '"' for wildcards as well. */
        if (out->z[i] == 0 || out->z[i] == '*' || (out->z[i] == '?' && i != 2) || out->z[i] == '<' ||
            out->z[i] == '>' || out->z[i] == '"') {
            tfd_win32_path_done(out);
            return tfd_err_set(err, TFD_ENOENT, ERROR_INVALID_NAME, "%.*s: no name of a file", TFD_ARG(path));
        }
    }
    if (out->len > PLAIN_MAX && !has_prefix(out)) {
        tfd_status st = lengthen(path, extra, out, err);

        if (st != TFD_OK)
            tfd_win32_path_done(out);
        return st;
    }
    return TFD_OK;
}

tfd_status tfd_win32_status(DWORD code)
{
    switch (code) {
    case ERROR_SUCCESS:
        return TFD_OK;
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_DRIVE:
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME:
    case ERROR_DIRECTORY: /* a file stands where a folder should */
        return TFD_ENOENT;
    case ERROR_ACCESS_DENIED:
    case ERROR_WRITE_PROTECT:
    case ERROR_NETWORK_ACCESS_DENIED:
    case VIRUS_INFECTED:
    case VIRUS_DELETED:
    case INVALID_IMAGE_HASH:
    case ERROR_ACCESS_DISABLED_BY_POLICY:
    case ERROR_PRIVILEGE_NOT_HELD:
    case SYSTEM_INTEGRITY_POLICY_VIOLATION:
        return TFD_EACCESS;
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_OUTOFMEMORY:
    case ERROR_COMMITMENT_LIMIT:
        return TFD_ENOMEM;
    case ERROR_INVALID_FUNCTION:
    case ERROR_NOT_SUPPORTED:
    case ERROR_CALL_NOT_IMPLEMENTED:
        return TFD_EUNSUPPORTED;
    default:
        return TFD_EIO;
    }
}

tfd_status tfd_win32_fail(tfd_err *err, DWORD code, tfd_str path, const char *doing)
{
    char reason[200 * TFD_UTF16_BYTES];
    WCHAR units[200];
    size_t n;
    tfd_str text;

    if (!err)
        return tfd_win32_status(code);
    n = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
                           FORMAT_MESSAGE_MAX_WIDTH_MASK,
                       NULL, code, 0, units, sizeof units / sizeof units[0], NULL);
    text = tfd_str_trim((tfd_str){reason, tfd_utf16_to_utf8(units, n, reason)});
    if (tfd_str_ends_z(text, "."))
        text.len--;
    return tfd_err_set(err, tfd_win32_status(code), (int)code, "%s %.*s: %.*s%serror %lu", doing,
                       TFD_ARG(path), TFD_ARG(text), text.len ? ", " : "", (unsigned long)code);
}
