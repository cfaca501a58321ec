/* What the transfer program asks the system for beside libcurl: the data pipe, a clock, the files of its
 * cache. */
#ifndef TFD_SYS_NET_PLACE_H
#define TFD_SYS_NET_PLACE_H

#include "base/arena.h"

/* The pipe whose number (POSIX) or handle (Windows) the variable holds; false where writing fails. */
bool tfd_place_write_data(const char *number, tfd_str bytes);
uint64_t tfd_place_now_us(void); /* monotonic */

/* A whole file of at most max bytes, NUL-ended and malloc'ed; NULL where it cannot be read. */
char *tfd_place_read(const char *path, size_t max, size_t *len);
/* head and body as one file, whole or not at all, for this user's eyes only. */
bool tfd_place_write(const char *path, tfd_str head, tfd_str body);
/* The folder and those above it. */
bool tfd_place_make_dirs(const char *path);
void tfd_place_remove(const char *path);

typedef struct tfd_place_file {
    tfd_str name;
    uint64_t size;
    int64_t mtime; /* seconds; the older, the smaller */
} tfd_place_file;

typedef struct tfd_place_files {
    tfd_place_file *items;
    size_t count;
    size_t capacity;
} tfd_place_files;

/* Files of a folder, at most max of them; none where it cannot be read. */
void tfd_place_list(tfd_arena *arena, const char *dir, size_t max, tfd_place_files *out);

#endif
