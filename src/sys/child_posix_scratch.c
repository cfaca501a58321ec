#define _GNU_SOURCE 1

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/child_posix.h"

#define SCRATCH_NAME "/tfdiag-XXXXXX"
#define REMOVE_FDS 16   /* folders that are open at once while a tree is removed */
#define REMOVE_PASSES 3 /* a folder without rights is opened up in one pass and emptied in the next */

static char *make_below(const char *folder)
{
    size_t n = strlen(folder);
    char *path;

    if (folder[0] != '/') /* the child may change its folder */
        return NULL;
    path = malloc(n + sizeof SCRATCH_NAME);
    if (!path)
        return NULL;
    memcpy(path, folder, n);
    memcpy(path + n, SCRATCH_NAME, sizeof SCRATCH_NAME);
    if (mkdtemp(path))
        return path;
    free(path);
    return NULL;
}

char *tfd_scratch_new(void)
{
    const char *const folders[] = {getenv("TMPDIR"), "/tmp", "/var/tmp", "/dev/shm"};
    char *path = NULL;

    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && !path; i++)
        if (folders[i])
            path = make_below(folders[i]);
    return path;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)where;
    if (type == FTW_DNR)
        (void)chmod(path, S_IRWXU);
    (void)remove(path);
    return 0;
}

void tfd_scratch_remove(const char *path)
{
    struct stat info;

    for (int pass = 0; pass < REMOVE_PASSES && lstat(path, &info) == 0; pass++)
        (void)nftw(path, remove_entry, REMOVE_FDS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
