#define _GNU_SOURCE 1

#include "sys/net/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool write_all(int fd, tfd_str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes = tfd_str_from(bytes, (size_t)n);
    }
    return true;
}

bool tfd_place_write_data(const char *number, tfd_str bytes)
{
    uint64_t fd;

    return tfd_str_u64(tfd_str_of(number), &fd) && fd < INT16_MAX && write_all((int)fd, bytes);
}

uint64_t tfd_place_now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

char *tfd_place_read(const char *path, size_t max, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    char *bytes = NULL;
    ssize_t n = 1;

    *len = 0;
    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= 0 && (uint64_t)st.st_size <= max)
        bytes = malloc((size_t)st.st_size + 1);
    while (bytes && n > 0 && *len < (size_t)st.st_size) {
        n = read(fd, bytes + *len, (size_t)st.st_size - *len);
        *len += n > 0 ? (size_t)n : 0;
    }
    if (bytes)
        bytes[*len] = '\0';
    (void)close(fd);
    return bytes;
}

bool tfd_place_write(const char *path, tfd_str head, tfd_str body)
{
    size_t n = strlen(path);
    char *fresh = malloc(n + sizeof ".XXXXXX");
    bool ok;
    int fd;

    if (!fresh)
        return false;
    memcpy(fresh, path, n);
    memcpy(fresh + n, ".XXXXXX", sizeof ".XXXXXX");
    fd = mkostemp(fresh, O_CLOEXEC); /* mode 0600 */
    ok = fd >= 0 && write_all(fd, head) && write_all(fd, body);
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    if (ok)
        ok = rename(fresh, path) == 0;
    if (fd >= 0 && !ok)
        (void)unlink(fresh);
    free(fresh);
    return ok;
}

bool tfd_place_make_dirs(const char *path)
{
    char *copy = strdup(path);
    bool ok = copy != NULL;

    for (size_t i = 1; ok && copy[i]; i++) {
        if (copy[i] != '/')
            continue;
        copy[i] = '\0';
        (void)mkdir(copy, 0700);
        copy[i] = '/';
    }
    ok = ok && (mkdir(copy, 0700) == 0 || errno == EEXIST);
    free(copy);
    return ok;
}

void tfd_place_remove(const char *path)
{
    (void)unlink(path);
}

void tfd_place_list(tfd_arena *arena, const char *dir, size_t max, tfd_place_files *out)
{
    DIR *folder = opendir(dir);
    const struct dirent *entry;

    memset(out, 0, sizeof *out);
    while (folder && out->count < max && (entry = readdir(folder)) != NULL) {
        struct stat st;

        if (fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
            continue;
        if (!TFD_GROW(arena, out))
            break;
        out->items[out->count++] = (tfd_place_file){tfd_arena_str(arena, tfd_str_of(entry->d_name)),
                                                    (uint64_t)st.st_size, (int64_t)st.st_mtime};
    }
    if (folder)
        (void)closedir(folder);
}
