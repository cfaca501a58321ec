/* Makes a small /etc/ld.so.cache in memory. Entries must come in the order of the table: backwards by name.
 */
#ifndef TFD_TESTS_MKCACHE_H
#define TFD_TESTS_MKCACHE_H

#include <stdint.h>
#include <string.h>

#define MKCACHE_MAX 4096u

typedef struct mkcache_entry {
    const char *name, *path;
    int32_t flags;
    uint64_t hwcap; /* 1 << 62 | n: the n-th name of hwcaps */
} mkcache_entry;

static inline void mkcache_put(uint8_t *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

/* Returns the length. hwcaps: NULL-ended, or NULL. */
static inline size_t mkcache_build(uint8_t *out, const mkcache_entry *entries, size_t count,
                                   const char *const *hwcaps)
{
    size_t strings = 48 + 24 * count;
    size_t caps = 0;

    memset(out, 0, MKCACHE_MAX);
    memcpy(out, "glibc-ld.so.cache1.1", 20);
    mkcache_put(out + 20, count, 4);
    out[28] = 2;
    for (size_t i = 0; i < count; i++) {
        uint8_t *e = out + 48 + 24 * i;

        mkcache_put(e, (uint32_t)entries[i].flags, 4);
        mkcache_put(e + 4, strings, 4);
        memcpy(out + strings, entries[i].name, strlen(entries[i].name));
        strings += strlen(entries[i].name) + 1;
        mkcache_put(e + 8, strings, 4);
        memcpy(out + strings, entries[i].path, strlen(entries[i].path));
        strings += strlen(entries[i].path) + 1;
        mkcache_put(e + 16, entries[i].hwcap, 8);
    }
    if (hwcaps) {
        size_t at = 3072; /* extension: magic, count, one section */

        mkcache_put(out + 32, at, 4);
        mkcache_put(out + at, 0xeaa42174u, 4);
        mkcache_put(out + at + 4, 1, 4);
        mkcache_put(out + at + 8, 1, 4);
        mkcache_put(out + at + 16, at + 32, 4);
        for (; hwcaps[caps]; caps++) {
            mkcache_put(out + at + 32 + 4 * caps, strings, 4);
            memcpy(out + strings, hwcaps[caps], strlen(hwcaps[caps]));
            strings += strlen(hwcaps[caps]) + 1;
        }
        mkcache_put(out + at + 20, 4 * caps, 4);
        return MKCACHE_MAX;
    }
    return strings;
}

#endif
