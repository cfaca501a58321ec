#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/child_win32.h"

#define TRIES 20
#define FOLDERS_MAX 100000u /* a child that made more of them keeps the rest */
#define PASSES 20           /* files of processes that just ended may stay open for a moment */
#define PAUSE_MS 20u

static char *copy_path(const WCHAR *units)
{
    size_t n = wcslen(units);
    char *path = malloc(n * TFD_UTF16_BYTES + 1);

    if (path)
        path[tfd_utf16_to_utf8(units, n, path)] = '\0';
    return path;
}

char *tfd_win32_scratch_new(void)
{
    WCHAR folder[MAX_PATH + 2];
    WCHAR path[MAX_PATH + 40];
    DWORD n = GetTempPathW(MAX_PATH + 1, folder);

    if (n == 0 || n > MAX_PATH)
        return NULL;
    for (unsigned i = 0; i < TRIES; i++) {
        (void)swprintf(path, sizeof path / sizeof path[0], L"%lstfdiag-%08lx%08llx", folder,
                       (unsigned long)GetCurrentProcessId(),
                       (unsigned long long)((tfd_win32_clock_us() + i) & 0xffffffffu));
        if (CreateDirectoryW(path, NULL))
            return copy_path(path);
    }
    return NULL;
}

typedef struct folders {
    tfd_str *items; /* parents before what is in them */
    size_t capacity, count;
} folders;

static tfd_status add_folder(tfd_arena *arena, folders *all, tfd_str path)
{
    if (all->count >= FOLDERS_MAX || !path.ptr || !TFD_GROW(arena, all))
        return TFD_ELIMIT;
    all->items[all->count++] = path;
    return TFD_OK;
}

static void remove_one(tfd_str path, bool is_dir)
{
    tfd_win32_path z;

    if (tfd_win32_path_of(path, 0, &z, NULL) != TFD_OK)
        return;
    (void)SetFileAttributesW(z.z, FILE_ATTRIBUTE_NORMAL); /* a read-only file is not deleted */
    /* A link to a folder is a folder that is taken away without what it leads to. */
    if (is_dir || !DeleteFileW(z.z))
        (void)RemoveDirectoryW(z.z);
    tfd_win32_path_done(&z);
}

/* Files of one folder go, folders in it are noted. */
static void empty_folder(const tfd_sys *sys, tfd_arena *arena, folders *all, tfd_str path)
{
    tfd_dirents list;

    (void)tfd_win32_list(sys, arena, path, &list, NULL);
    for (size_t i = 0; i < list.count; i++) {
        tfd_str entry = tfd_path_join(TFD_PATH_WINDOWS, arena, path, list.items[i].name);

        if (list.items[i].kind == TFD_KIND_DIR)
            (void)add_folder(arena, all, entry);
        else
            remove_one(entry, false);
    }
}

static bool remove_tree(tfd_str path)
{
    static const tfd_sys none = {.style = TFD_PATH_WINDOWS};
    folders all = {NULL, 0, 0};
    tfd_win32_path z;
    tfd_arena arena;
    bool is_gone = true;

    tfd_arena_init(&arena, 0);
    (void)add_folder(&arena, &all, path);
    for (size_t i = 0; i < all.count; i++)
        empty_folder(&none, &arena, &all, all.items[i]);
    for (size_t i = all.count; i > 0; i--)
        remove_one(all.items[i - 1], true);
    if (tfd_win32_path_of(path, 0, &z, NULL) == TFD_OK) {
        is_gone = GetFileAttributesW(z.z) == INVALID_FILE_ATTRIBUTES;
        tfd_win32_path_done(&z);
    }
    tfd_arena_done(&arena);
    return is_gone;
}

void tfd_win32_scratch_remove(tfd_str path)
{
    for (int pass = 0; path.len && pass < PASSES && !remove_tree(path); pass++)
        Sleep(PAUSE_MS);
}
