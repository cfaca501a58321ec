#include <stdlib.h>
#include <string.h>

#include "sys/sys_win32.h"

#define VALUE_MAX ((DWORD)1 << 20) /* bytes of one value */
#define KEY_NAME_MAX 256u          /* units of a key's name and its NUL ("Registry element size limits") */

static tfd_status open_key(tfd_reg_root root, tfd_reg_view view, tfd_str key, HKEY *out, tfd_err *err)
{
    WCHAR *name = tfd_win32_units(key, NULL);
    LSTATUS code;

    if (!name)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    code = RegOpenKeyExW(root == TFD_REG_LOCAL_MACHINE ? HKEY_LOCAL_MACHINE : HKEY_CURRENT_USER, name, 0,
                         KEY_QUERY_VALUE | KEY_ENUMERATE_SUB_KEYS |
                             (view == TFD_REG_VIEW_64 ? KEY_WOW64_64KEY : KEY_WOW64_32KEY),
                         out);
    free(name);
    return code == ERROR_SUCCESS ? TFD_OK : tfd_win32_fail(err, (DWORD)code, key, "open the registry key");
}

/* Bytes of a value, malloc'ed and ended by two NUL units; the size may change between two looks. */
static LSTATUS read_value(HKEY key, const WCHAR *name, DWORD *type, unsigned char **out, DWORD *size)
{
    LSTATUS code = ERROR_MORE_DATA;

    *out = NULL;
    *size = 256;
    while (code == ERROR_MORE_DATA && *size <= VALUE_MAX) {
        free(*out);
        *out = malloc((size_t)*size + 2 * sizeof(WCHAR));
        if (!*out)
            return ERROR_OUTOFMEMORY;
        code = RegQueryValueExW(key, name, NULL, type, *out, size);
    }
    if (code != ERROR_SUCCESS) {
        free(*out);
        *out = NULL;
    }
    return code;
}

/* The strings of a REG_MULTI_SZ with '\n' between them. */
static size_t join_lines(WCHAR *units, size_t n)
{
    while (n && units[n - 1] == 0)
        n--;
    for (size_t i = 0; i < n; i++)
        if (units[i] == 0)
            units[i] = '\n';
    return n;
}

static tfd_status convert_value(tfd_arena *arena, DWORD type, const unsigned char *bytes, DWORD size,
                                tfd_reg_value *out)
{
    size_t n = size / sizeof(WCHAR);
    WCHAR *units;

    memset(out, 0, sizeof *out);
    if ((type == REG_DWORD && size >= 4) || (type == REG_QWORD && size >= 8)) {
        out->is_number = true;
        for (size_t i = type == REG_DWORD ? 4 : 8; i > 0; i--)
            out->number = out->number << 8 | bytes[i - 1];
        return TFD_OK;
    }
    if (type != REG_SZ && type != REG_EXPAND_SZ && type != REG_MULTI_SZ)
        return TFD_EUNSUPPORTED;
    units = malloc((n + 1) * sizeof *units);
    if (!units)
        return TFD_ENOMEM;
    memcpy(units, bytes, n * sizeof *units);
    units[n] = 0;
    n = type == REG_MULTI_SZ ? join_lines(units, n) : wcslen(units); /* the NUL may be there or not */
    out->text = tfd_win32_text(arena, units, n);
    free(units);
    return out->text.ptr ? TFD_OK : TFD_ENOMEM;
}

tfd_status tfd_win32_reg_value(const tfd_sys *sys, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                               tfd_str key, tfd_str name, tfd_reg_value *out, tfd_err *err)
{
    unsigned char *bytes = NULL;
    DWORD type = REG_NONE, size;
    WCHAR *units;
    HKEY handle = NULL;
    LSTATUS code = ERROR_OUTOFMEMORY;
    tfd_status st = open_key(root, view, key, &handle, err);

    (void)sys;
    if (st != TFD_OK)
        return st;
    units = tfd_win32_units(name, NULL);
    if (units)
        code = read_value(handle, units, &type, &bytes, &size);
    free(units);
    (void)RegCloseKey(handle);
    if (code != ERROR_SUCCESS)
        return tfd_win32_fail(err, (DWORD)code, key, "read a value of the registry key");
    st = convert_value(arena, type, bytes, size, out);
    free(bytes);
    if (st == TFD_OK)
        return TFD_OK;
    return tfd_err_set(err, st, 0, "%.*s: value of type %lu", TFD_ARG(key), (unsigned long)type);
}

static int compare_entries(const void *a, const void *b)
{
    return tfd_str_cmp(((const tfd_dirent *)a)->name, ((const tfd_dirent *)b)->name);
}

tfd_status tfd_win32_reg_keys(const tfd_sys *sys, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                              tfd_str key, tfd_dirents *out, tfd_err *err)
{
    WCHAR name[KEY_NAME_MAX];
    HKEY handle = NULL;
    tfd_status st;

    (void)sys;
    memset(out, 0, sizeof *out);
    st = open_key(root, view, key, &handle, err);
    if (st != TFD_OK)
        return st;
    for (DWORD i = 0;; i++) {
        DWORD n = KEY_NAME_MAX;
        LSTATUS code = RegEnumKeyExW(handle, i, name, &n, NULL, NULL, NULL, NULL);

        if (code == ERROR_NO_MORE_ITEMS)
            break;
        if (code != ERROR_SUCCESS)
            st = tfd_win32_fail(err, (DWORD)code, key, "list the registry key");
        else if (out->count >= TFD_DIR_MAX)
            st = tfd_err_set(err, TFD_ELIMIT, 0, "%.*s: more than %u keys", TFD_ARG(key), TFD_DIR_MAX);
        else if (!TFD_GROW(arena, out))
            st = tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
        if (st != TFD_OK)
            break;
        out->items[out->count].kind = TFD_KIND_DIR;
        out->items[out->count++].name = tfd_win32_text(arena, name, n);
    }
    (void)RegCloseKey(handle);
    if (out->count > 1)
        qsort(out->items, out->count, sizeof *out->items, compare_entries);
    return st;
}
