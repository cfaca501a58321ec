/* Memory of one run: objects are taken from it, zeroed, and all go at once. An arena belongs to one thread;
 * each worker has its own. Its limit is the memory limit of the run: past it every request gives NULL, which
 * callers report as TFD_ENOMEM. */
#ifndef TFD_BASE_ARENA_H
#define TFD_BASE_ARENA_H

#include "base/str.h"

typedef struct tfd_arena_block tfd_arena_block;

typedef struct tfd_arena {
    tfd_arena_block *head; /* newest block */
    size_t limit;          /* bytes that may be taken in all; 0 = TFD_ARENA_LIMIT */
    size_t used;           /* bytes taken from the system */
    bool failed;  /* a request got nothing since tfd_arena_init: what was built from it is incomplete */
    long fail_at; /* test hook: > 0 counts down and fails the request that reaches 0; 0 = off */
} tfd_arena;

#define TFD_ARENA_LIMIT ((size_t)512 << 20)

typedef struct tfd_arena_mark {
    tfd_arena_block *block;
    size_t used;
} tfd_arena_mark;

void tfd_arena_init(tfd_arena *arena, size_t limit);
void tfd_arena_done(tfd_arena *arena); /* accepts an arena that is all zero */

/* n objects of the given size, zeroed and aligned for any type; NULL at the limit or on overflow of n * size.
 */
void *tfd_arena_take(tfd_arena *arena, size_t n, size_t size);
#define tfd_arena_new(arena, type, n) ((type *)tfd_arena_take((arena), (n), sizeof(type)))

/* Everything taken after the mark is given back; pointers to it are dead. */
tfd_arena_mark tfd_arena_get_mark(const tfd_arena *arena);
void tfd_arena_rewind(tfd_arena *arena, tfd_arena_mark mark);

/* A copy of s that lives in the arena; always followed by a NUL, so .ptr is usable as a C string if s holds
 * none. At the limit the empty slice with ptr NULL. */
tfd_str tfd_arena_str(tfd_arena *arena, tfd_str s);
/* The same as a C string; NULL at the limit. */
const char *tfd_arena_z(tfd_arena *arena, tfd_str s);
/* printf into the arena (also NUL-ended); at most 64 KiB, longer text is cut. */
tfd_str tfd_arena_fmt(tfd_arena *arena, const char *format, ...);

/* Growable arrays: makes room for one more element in *items (of *capacity, count used), doubling it. The old
 * array stays in the arena. false at the limit; then nothing changed. if (!tfd_arena_grow(arena,
 * &list->items, &list->capacity, list->count)) return TFD_ENOMEM; is spelled TFD_GROW(arena, list), for
 * structs with members items, count and capacity. */
bool tfd_arena_grow(tfd_arena *arena, void *items, size_t *capacity, size_t count, size_t size);
#define TFD_GROW(arena, list) \
    tfd_arena_grow((arena), &(list)->items, &(list)->capacity, (list)->count, sizeof(*(list)->items))

#endif
