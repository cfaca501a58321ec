/* Whole folders. One call of the system brings many entries with their sizes and attributes, where asking for
 * each file opens it: that decides how long a tree of ten thousand files takes. NTFS keeps the size of a file
 * with several names up to date under the one it was written through only; RECORD's hashes find what that
 * hides. */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "sys/sys_win32.h"

/* As many names of one folder as make a look at the whole folder cheaper than a look at each. */
#define MANY 4u
#define NAME_MAX_UNITS (sizeof((WIN32_FIND_DATAW *)NULL)->cFileName / sizeof(WCHAR))

/* The entries of a folder. */
typedef struct entries {
    HANDLE find;
    WIN32_FIND_DATAW data;
    bool is_first;
} entries;

static DWORD open_entries(const tfd_win32_path *folder, entries *out)
{
    DWORD code;

    out->is_first = true;
    out->find = FindFirstFileExW(folder->z, FindExInfoBasic, &out->data, FindExSearchNameMatch, NULL,
                                 FIND_FIRST_EX_LARGE_FETCH);
    if (out->find != INVALID_HANDLE_VALUE)
        return ERROR_SUCCESS;
    code = GetLastError();
    /* The root of an empty drive has not even "." and "..". */
    return code == ERROR_FILE_NOT_FOUND || code == ERROR_NO_MORE_FILES ? ERROR_NO_MORE_FILES : code;
}

static bool is_dots(const WCHAR *name)
{
    return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
}

/* The next entry that is not "." or ".."; ERROR_NO_MORE_FILES at the end. */
static DWORD next_entry(entries *all)
{
    do {
        if (!all->is_first && !FindNextFileW(all->find, &all->data))
            return GetLastError();
        all->is_first = false;
    } while (is_dots(all->data.cFileName));
    return ERROR_SUCCESS;
}

/* "FOLDER\*" */
static tfd_status pattern_of(tfd_str folder, tfd_win32_path *out, tfd_err *err)
{
    tfd_status st = tfd_win32_path_of(folder, 2, out, err);

    if (st != TFD_OK)
        return st;
    if (out->len == 0)
        return tfd_err_set(err, TFD_ENOENT, ERROR_PATH_NOT_FOUND, "empty path");
    if (out->z[out->len - 1] != '\\' && out->z[out->len - 1] != ':')
        out->z[out->len++] = '\\';
    out->z[out->len++] = '*';
    out->z[out->len] = 0;
    return TFD_OK;
}

static tfd_kind kind_of(const WIN32_FIND_DATAW *data)
{
    if (tfd_win32_is_link(data->dwFileAttributes, data->dwReserved0))
        return TFD_KIND_LINK;
    return data->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY ? TFD_KIND_DIR : TFD_KIND_FILE;
}

/* ---- list */

static int compare_entries(const void *a, const void *b)
{
    return tfd_str_cmp(((const tfd_dirent *)a)->name, ((const tfd_dirent *)b)->name);
}

static tfd_status read_entries(entries *all, tfd_arena *arena, tfd_str path, tfd_dirents *out, tfd_err *err)
{
    tfd_dirent *item;
    DWORD code;

    while ((code = next_entry(all)) == ERROR_SUCCESS) {
        if (out->count >= TFD_DIR_MAX)
            return tfd_err_set(err, TFD_ELIMIT, 0, "%.*s: more than %u entries", TFD_ARG(path), TFD_DIR_MAX);
        if (!TFD_GROW(arena, out))
            return tfd_err_set(err, TFD_ENOMEM, 0, "list %.*s: out of memory", TFD_ARG(path));
        item = &out->items[out->count];
        item->name = tfd_win32_text_z(arena, all->data.cFileName);
        if (!item->name.ptr)
            return tfd_err_set(err, TFD_ENOMEM, 0, "list %.*s: out of memory", TFD_ARG(path));
        item->kind = kind_of(&all->data);
        out->count++;
    }
    return code == ERROR_NO_MORE_FILES ? TFD_OK : tfd_win32_fail(err, code, path, "list");
}

tfd_status tfd_win32_list(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_dirents *out, tfd_err *err)
{
    tfd_win32_path z;
    entries all;
    DWORD code;
    tfd_status st;

    (void)sys;
    memset(out, 0, sizeof *out);
    st = pattern_of(path, &z, err);
    if (st != TFD_OK)
        return st;
    code = open_entries(&z, &all);
    tfd_win32_path_done(&z);
    if (code == ERROR_NO_MORE_FILES)
        return TFD_OK;
    if (code != ERROR_SUCCESS)
        return tfd_win32_fail(err, code, path, "list");
    st = read_entries(&all, arena, path, out, err);
    (void)FindClose(all.find);
    if (out->count > 1)
        qsort(out->items, out->count, sizeof *out->items, compare_entries);
    return st;
}

/* ---- many files of one folder */

/* The name with ASCII letters in lower case. */
static tfd_str fold(tfd_str name, char *out)
{
    for (size_t i = 0; i < name.len; i++)
        out[i] = tfd_char_lower(name.ptr[i]);
    return (tfd_str){out, name.len};
}

/* Names that the folder itself can be asked for: those of files directly in it. false without memory. */
static bool map_names(tfd_arena *arena, const tfd_stat_item *items, size_t n, tfd_map *out)
{
    for (size_t i = 0; i < n; i++) {
        tfd_str name = items[i].name;
        char *folded;

        if (name.len == 0 || tfd_str_find_char(name, '/') != TFD_NPOS ||
            tfd_str_find_char(name, '\\') != TFD_NPOS)
            continue;
        folded = tfd_arena_take(arena, name.len, 1);
        if (!folded || !tfd_map_put(arena, out, fold(name, folded), (uint32_t)i))
            return false;
    }
    return true;
}

/* Answers what the folder's own entries tell; links and aliases stay open. */
static void answer_entries(const tfd_sys *sys, entries *all, const tfd_map *names, tfd_stat_item *items,
                           bool *is_answered)
{
    char text[NAME_MAX_UNITS * TFD_UTF16_BYTES];
    tfd_win32_path name;

    while (next_entry(all) == ERROR_SUCCESS) {
        const WIN32_FIND_DATAW *data = &all->data;
        uint32_t index;

        name.z = all->data.cFileName;
        name.len = wcslen(name.z);
        index = tfd_map_get(names, fold((tfd_str){text, tfd_utf16_to_utf8(name.z, name.len, text)}, text));
        if (index == TFD_MAP_NONE || (data->dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT))
            continue;
        items[index].status = TFD_OK;
        is_answered[index] = true;
        tfd_win32_fill_stat(sys, &name, data->dwFileAttributes,
                            (uint64_t)data->nFileSizeHigh << 32 | data->nFileSizeLow, data->ftLastWriteTime,
                            &items[index].stat);
    }
}

/* Looks at the folder as a whole. TFD_ENOENT where there is none; else what is not answered is asked for by
 * name. */
static tfd_status look_at_folder(const tfd_sys *sys, tfd_arena *arena, tfd_str dir, tfd_stat_item *items,
                                 size_t n, bool *is_answered, tfd_err *err)
{
    tfd_map names = {NULL, 0, 0};
    tfd_win32_path z;
    entries all;
    tfd_status st;
    DWORD code;

    if (!map_names(arena, items, n, &names))
        return TFD_OK;
    st = pattern_of(dir, &z, err);
    if (st != TFD_OK)
        return st;
    code = open_entries(&z, &all);
    tfd_win32_path_done(&z);
    if (code != ERROR_SUCCESS)
        return tfd_win32_status(code) == TFD_ENOENT ? tfd_win32_fail(err, code, dir, "open folder") : TFD_OK;
    answer_entries(sys, &all, &names, items, is_answered);
    (void)FindClose(all.find);
    return TFD_OK;
}

tfd_status tfd_win32_stat_many(const tfd_sys *sys, tfd_str dir, tfd_stat_item *items, size_t n, tfd_err *err)
{
    tfd_arena arena;
    tfd_stat folder = {.kind = TFD_KIND_DIR};
    bool *is_answered;
    tfd_status st = TFD_OK;

    tfd_arena_init(&arena, 0);
    is_answered = tfd_arena_new(&arena, bool, n + 1);
    if (!is_answered)
        st = tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    else if (n >= MANY)
        st = look_at_folder(sys, &arena, dir, items, n, is_answered, err);
    else
        st = tfd_win32_stat(sys, dir, true, &folder, err);
    if (st == TFD_OK && folder.kind != TFD_KIND_DIR)
        st = tfd_win32_fail(err, ERROR_DIRECTORY, dir, "open folder");
    for (size_t i = 0; st == TFD_OK && i < n; i++) {
        tfd_arena_mark mark = tfd_arena_get_mark(&arena);
        tfd_str path;

        if (is_answered[i])
            continue;
        path = tfd_path_join(TFD_PATH_WINDOWS, &arena, dir, items[i].name);
        items[i].status = path.ptr ? tfd_win32_stat(sys, path, true, &items[i].stat, NULL) : TFD_ENOMEM;
        tfd_arena_rewind(&arena, mark);
    }
    tfd_arena_done(&arena);
    return st;
}
