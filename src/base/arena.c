#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* First block; later ones double up to the maximum, so that small runs stay small. */
#define BLOCK_MIN ((size_t)32 << 10)
#define BLOCK_MAX ((size_t)1 << 20)
#define FORMAT_MAX ((size_t)64 << 10)

typedef union align_max {
    long long integer;
    double real;
    void *pointer;
} align_max;

struct tfd_arena_block {
    tfd_arena_block *next;
    size_t size; /* bytes behind the header */
    size_t used;
    align_max data[1];
};

#define HEADER offsetof(tfd_arena_block, data)

void tfd_arena_init(tfd_arena *arena, size_t limit)
{
    memset(arena, 0, sizeof *arena);
    arena->limit = limit ? limit : TFD_ARENA_LIMIT;
}

void tfd_arena_done(tfd_arena *arena)
{
    while (arena->head) {
        tfd_arena_block *next = arena->head->next;

        free(arena->head);
        arena->head = next;
    }
    arena->used = 0;
}

static tfd_arena_block *add_block(tfd_arena *arena, size_t need)
{
    tfd_arena_block *block;
    size_t size;

#ifdef TFD_ARENA_EXACT
    size = need; /* one malloc for each object, so that sanitizers see every overrun */
#else
    size = arena->head ? arena->head->size * 2 : BLOCK_MIN;
    if (size > BLOCK_MAX)
        size = BLOCK_MAX;
    if (size < need)
        size = need;
#endif
    if (arena->used > arena->limit || size + HEADER > arena->limit - arena->used) {
        size = need;
        if (arena->used > arena->limit || size + HEADER > arena->limit - arena->used)
            return NULL;
    }
    block = malloc(HEADER + size);
    if (!block)
        return NULL;
    block->next = arena->head;
    block->size = size;
    block->used = 0;
    arena->head = block;
    arena->used += HEADER + size;
    return block;
}

static void *take(tfd_arena *arena, size_t n, size_t size)
{
    tfd_arena_block *block = arena->head;
    size_t bytes;
    void *out;

    if (arena->fail_at > 0 && --arena->fail_at == 0)
        return NULL;
    if (size != 0 && n > (SIZE_MAX / 2) / size)
        return NULL;
    bytes = n * size;
    bytes = (bytes + sizeof(align_max) - 1) / sizeof(align_max) * sizeof(align_max);
    if (bytes == 0)
        bytes = sizeof(align_max);
    if (!block || block->size - block->used < bytes) {
        block = add_block(arena, bytes);
        if (!block)
            return NULL;
    }
    out = (char *)block->data + block->used;
    block->used += bytes;
    memset(out, 0, bytes);
    return out;
}

void *tfd_arena_take(tfd_arena *arena, size_t n, size_t size)
{
    void *out = take(arena, n, size);

    arena->failed = arena->failed || !out;
    return out;
}

tfd_arena_mark tfd_arena_get_mark(const tfd_arena *arena)
{
    tfd_arena_mark mark = {arena->head, arena->head ? arena->head->used : 0};

    return mark;
}

void tfd_arena_rewind(tfd_arena *arena, tfd_arena_mark mark)
{
    while (arena->head && arena->head != mark.block) {
        tfd_arena_block *next = arena->head->next;

        arena->used -= HEADER + arena->head->size;
        free(arena->head);
        arena->head = next;
    }
    if (arena->head)
        arena->head->used = mark.used;
}

tfd_str tfd_arena_str(tfd_arena *arena, tfd_str s)
{
    char *copy = tfd_arena_take(arena, s.len + 1, 1);
    tfd_str out = {copy, copy ? s.len : 0};

    if (copy && s.len)
        memcpy(copy, s.ptr, s.len);
    return out;
}

const char *tfd_arena_z(tfd_arena *arena, tfd_str s)
{
    return tfd_arena_str(arena, s).ptr;
}

tfd_str tfd_arena_fmt(tfd_arena *arena, const char *format, ...)
{
    tfd_str out = {NULL, 0};
    va_list args;
    char *text;
    int n;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        return out;
    if ((size_t)n > FORMAT_MAX)
        n = (int)FORMAT_MAX;
    text = tfd_arena_take(arena, (size_t)n + 1, 1);
    if (!text)
        return out;
    va_start(args, format);
    (void)vsnprintf(text, (size_t)n + 1, format, args);
    va_end(args);
    out.ptr = text;
    out.len = (size_t)n;
    return out;
}

bool tfd_arena_grow(tfd_arena *arena, void *items, size_t *capacity, size_t count, size_t size)
{
    size_t more;
    void *grown;
    void *old;

    if (count < *capacity)
        return true;
    more = *capacity ? *capacity * 2 : 8;
    grown = tfd_arena_take(arena, more, size);
    if (!grown)
        return false;
    /* items is the address of a typed pointer: copied as bytes, since void ** may not alias it. */
    memcpy(&old, items, sizeof old);
    if (count)
        memcpy(grown, old, count * size);
    memcpy(items, &grown, sizeof grown);
    *capacity = more;
    return true;
}
