#include "loader/ldcache.h"

#include <string.h>

#include "base/cur.h"

#define OLD_MAGIC "ld.so-1.7.0"
#define NEW_MAGIC "glibc-ld.so.cache1.1"
#define NEW_HEADER 48u /* magic, nlibs, len_strings, flags and padding, extension_offset, 3 unused words */
#define NEW_ENTRY 24u  /* flags, key, value, osversion, hwcap (64 bits) */
#define OLD_HEADER 16u
#define OLD_ENTRY 12u
#define EXTENSION_MAGIC 0xeaa42174u
#define EXTENSION_HWCAPS 1u
#define HWCAPS_MAX 64u
#define HWCAP_IS_EXTENSION ((uint64_t)1 << 62) /* the low half of hwcap numbers a name then */

/* A byte order: the header says it (since glibc 2.33: 2 little, 3 big, 0 unknown); a count that cannot be
 * decides where it does not. */
static bool is_big_endian(tfd_str bytes)
{
    unsigned said = (unsigned char)bytes.ptr[28] & 3u;
    tfd_cur cur = tfd_cur_of(bytes.ptr, bytes.len);

    if (said == 2 || said == 3)
        return said == 3;
    tfd_cur_seek(&cur, 20);
    return (uint64_t)tfd_cur_u32(&cur) * NEW_ENTRY > bytes.len;
}

/* Where the new header starts: at 0, or behind a table of the old layout. */
static bool find_header(tfd_str text, tfd_str *out)
{
    tfd_cur cur = tfd_cur_of(text.ptr, text.len);
    uint64_t at;

    if (tfd_str_starts_z(text, OLD_MAGIC)) {
        tfd_cur_seek(&cur, 12);
        at = OLD_HEADER + (uint64_t)OLD_ENTRY * tfd_cur_u32(&cur);
        at = (at + 7) & ~(uint64_t)7;
        if (!cur.ok || at > text.len)
            return false;
        text = tfd_str_from(text, (size_t)at);
    }
    *out = text;
    return tfd_str_starts_z(text, NEW_MAGIC) && text.len >= NEW_HEADER;
}

static tfd_str string_at(const tfd_ldcache *cache, uint32_t offset)
{
    tfd_cur cur = tfd_cur_of(cache->bytes.ptr, cache->bytes.len);

    return tfd_cur_z_at(&cur, offset);
}

static tfd_cur cursor(const tfd_ldcache *cache, uint64_t offset)
{
    tfd_cur cur = tfd_cur_of(cache->bytes.ptr, cache->bytes.len);

    cur.big_endian = cache->big_endian;
    tfd_cur_seek(&cur, offset);
    return cur;
}

/* The names of hwcaps subfolders: section 1 of the extension, an array of string offsets. false at the
 * arena's limit. */
static bool read_hwcaps(tfd_arena *arena, tfd_ldcache *cache)
{
    tfd_cur head = cursor(cache, 32);
    tfd_cur sections = cursor(cache, tfd_cur_u32(&head));
    uint32_t count;

    if (tfd_cur_u32(&sections) != EXTENSION_MAGIC)
        return true;
    count = tfd_cur_u32(&sections);
    for (uint32_t i = 0; i < count && i < 16 && sections.ok; i++) {
        uint32_t tag = tfd_cur_u32(&sections);
        uint32_t offset, size;
        tfd_cur list;

        (void)tfd_cur_u32(&sections);
        offset = tfd_cur_u32(&sections);
        size = tfd_cur_u32(&sections);
        if (tag != EXTENSION_HWCAPS || cache->hwcaps || !sections.ok)
            continue;
        cache->hwcaps = tfd_arena_new(arena, tfd_str, HWCAPS_MAX);
        if (!cache->hwcaps)
            return false;
        list = cursor(cache, offset);
        for (uint32_t k = 0; k < size / 4 && k < HWCAPS_MAX && list.ok; k++)
            cache->hwcaps[cache->hwcap_count++] = string_at(cache, tfd_cur_u32(&list));
    }
    return true;
}

tfd_status tfd_ldcache_parse(tfd_arena *arena, tfd_str text, tfd_ldcache *out, tfd_err *err)
{
    tfd_cur cur;

    memset(out, 0, sizeof *out);
    if (!find_header(text, &out->bytes)) {
        out->bytes = (tfd_str){NULL, 0};
        return tfd_err_set(err, TFD_EFORMAT, 0, "ld.so.cache has no table of a known layout");
    }
    out->big_endian = is_big_endian(out->bytes);
    cur = cursor(out, 20);
    out->count = tfd_cur_u32(&cur);
    if (out->count > (out->bytes.len - NEW_HEADER) / NEW_ENTRY)
        out->count = (uint32_t)((out->bytes.len - NEW_HEADER) / NEW_ENTRY);
    return read_hwcaps(arena, out) ? TFD_OK : tfd_err_set(err, TFD_ENOMEM, 0, "ld.so.cache: out of memory");
}

static bool take_digits(tfd_str *s, uint64_t *out)
{
    size_t n = 0;

    for (*out = 0; n < s->len && tfd_char_is_digit(s->ptr[n]); n++)
        *out = *out * 10 + (uint64_t)(s->ptr[n] - '0'); /* wraps like glibc's int: such names do not matter */
    *s = tfd_str_from(*s, n);
    return n > 0;
}

int tfd_ldcache_compare(tfd_str a, tfd_str b)
{
    while (a.len > 0) {
        uint64_t x, y;
        bool a_digit = tfd_char_is_digit(a.ptr[0]);
        bool b_digit = b.len > 0 && tfd_char_is_digit(b.ptr[0]);

        if (a_digit != b_digit)
            return a_digit ? 1 : -1;
        if (a_digit) {
            (void)take_digits(&a, &x);
            (void)take_digits(&b, &y);
            if (x != y)
                return x < y ? -1 : 1;
            continue;
        }
        if (b.len == 0 || a.ptr[0] != b.ptr[0])
            return b.len == 0 ? 1 : (unsigned char)a.ptr[0] - (unsigned char)b.ptr[0];
        a = tfd_str_from(a, 1);
        b = tfd_str_from(b, 1);
    }
    return b.len == 0 ? 0 : -1;
}

typedef struct entry {
    int32_t flags;
    tfd_str key, path;
    uint64_t hwcap;
} entry;

static entry entry_at(const tfd_ldcache *cache, uint32_t index)
{
    tfd_cur cur = cursor(cache, NEW_HEADER + (uint64_t)index * NEW_ENTRY);
    entry e;

    e.flags = (int32_t)tfd_cur_u32(&cur);
    e.key = string_at(cache, tfd_cur_u32(&cur));
    e.path = string_at(cache, tfd_cur_u32(&cur));
    (void)tfd_cur_u32(&cur);
    e.hwcap = tfd_cur_u64(&cur);
    return e;
}

/* 0: for any processor; 1 the best allowed subfolder, 2 the next …; -1: not for this processor. Entries of
 * the subfolders before glibc 2.33 (other bits of hwcap) are passed over, as present ld.so does. */
static int rank_of(const tfd_ldcache *cache, const entry *e, const tfd_str *allowed, size_t allowed_count)
{
    uint32_t number = (uint32_t)e->hwcap;

    if (e->hwcap == 0)
        return 0;
    if ((e->hwcap & HWCAP_IS_EXTENSION) == 0 || number >= cache->hwcap_count)
        return -1;
    for (size_t i = 0; i < allowed_count; i++)
        if (tfd_str_eq(cache->hwcaps[number], allowed[i]))
            return (int)i + 1;
    return -1;
}

tfd_str tfd_ldcache_find(const tfd_ldcache *cache, tfd_str name, int32_t flags, const tfd_str *allowed,
                         size_t allowed_count)
{
    uint32_t low = 0, high = cache->count;
    tfd_str plain = {NULL, 0}, best = {NULL, 0};
    int best_rank = -1;

    /* The table is sorted backwards: the first entry that is not above the name. */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (tfd_ldcache_compare(entry_at(cache, middle).key, name) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < cache->count; low++) {
        entry e = entry_at(cache, low);
        int rank;

        if (tfd_ldcache_compare(e.key, name) != 0)
            break;
        rank = e.flags == flags ? rank_of(cache, &e, allowed, allowed_count) : -1;
        if (rank == 0 && !plain.ptr)
            plain = e.path;
        if (rank > 0 && (best_rank < 0 || rank < best_rank)) {
            best = e.path;
            best_rank = rank;
        }
    }
    return best.ptr ? best : plain;
}
