#include "formats/elf_symbols.h"

#include <stdlib.h>
#include <string.h>

#include "base/cur.h"
#include "formats/elf_parse.h"

/* Symbols of an object without a usable GNU hash table are hashed anew, up to this many. */
#define REHASH_MAX 262144u

uint32_t tfd_elf_gnu_hash(tfd_str name)
{
    uint32_t h = 5381;

    for (size_t i = 0; i < name.len; i++)
        h = h * 33 + (unsigned char)name.ptr[i];
    return h;
}

/* ---- tables of words */

static bool host_is_big_endian(void)
{
    const uint16_t probe = 1;
    uint8_t low;

    memcpy(&low, &probe, 1);
    return low == 0;
}

/* count words of `size` (2 or 4) bytes at offset, in host order. */
static tfd_status read_words(tfd_reader *reader, tfd_arena *arena, const tfd_elf *elf, uint64_t offset,
                             size_t count, size_t size, void *out, tfd_err *err)
{
    uint8_t *bytes;
    size_t got = 0;
    tfd_status st;

    if (count > TFD_ELF_HASH_MAX / size)
        return tfd_err_set(err, TFD_ELIMIT, 0, "hash table of %zu words", count);
    if (offset > elf->size || count * size > elf->size - offset)
        return tfd_err_set(err, TFD_EFORMAT, 0, "a hash or version table reaches past the end of the file");
    bytes = tfd_arena_take(arena, count + 1, size);
    if (!bytes)
        return tfd_err_set(err, TFD_ENOMEM, 0, "hash table: out of memory");
    st = reader->sys->read_at(reader->sys, &reader->file, offset, bytes, count * size, &got, err);
    if (st != TFD_OK) {
        reader->failed = true;
        return st;
    }
    if (got != count * size)
        return tfd_err_set(err, TFD_EIO, 0, "the file became shorter");
    for (size_t i = 0; elf->big_endian != host_is_big_endian() && i < count * size; i += size) {
        for (size_t k = 0; k < size / 2; k++) {
            uint8_t byte = bytes[i + k];

            bytes[i + k] = bytes[i + size - 1 - k];
            bytes[i + size - 1 - k] = byte;
        }
    }
    memcpy(out, &bytes, sizeof bytes);
    return TFD_OK;
}

/* ---- exports */

/* Versions of the symbols from `first` on, and the table that turns an index into a definition. */
static tfd_status read_versions(tfd_reader *reader, tfd_arena *arena, const tfd_elf *elf, uint32_t first,
                                uint32_t count, tfd_elf_exports *out, tfd_err *err)
{
    uint32_t top = 0;

    if (elf->at.versym == 0)
        return TFD_OK;
    for (size_t i = 0; i < elf->def_count; i++)
        top = elf->defs[i].index > top ? elf->defs[i].index : top;
    out->index_count = top + 1;
    out->by_index = tfd_arena_new(arena, const tfd_elf_version *, out->index_count);
    if (!out->by_index)
        return tfd_err_set(err, TFD_ENOMEM, 0, "symbol versions: out of memory");
    for (size_t i = 0; i < elf->def_count; i++)
        if (!elf->defs[i].is_base)
            out->by_index[elf->defs[i].index] = &elf->defs[i];
    /* Without definitions every index says "no version" (0, 1, or that of a need, which no definition can
     * have). */
    if (elf->def_count == 0)
        return TFD_OK;
    return read_words(reader, arena, elf, elf->at.versym + (uint64_t)first * 2, count, 2, &out->versions,
                      err);
}

/* The number of chain words: up to the end of the chain that starts last. */
static tfd_status count_chains(tfd_reader *reader, const tfd_elf *elf, uint64_t chains, tfd_elf_exports *out,
                               tfd_err *err)
{
    uint32_t last = 0;

    for (uint32_t i = 0; i < out->bucket_count; i++)
        last = out->buckets[i] > last ? out->buckets[i] : last;
    if (last < out->first)
        return TFD_OK; /* nothing is exported */
    for (;; last++) {
        tfd_cur cur = tfd_elf_cursor(reader, elf, chains + (uint64_t)(last - out->first) * 4, 4);
        uint32_t word = tfd_cur_u32(&cur);

        if (!cur.ok || last - out->first >= TFD_ELF_SYMBOLS_MAX)
            return tfd_err_set(err, TFD_EFORMAT, 0, "a chain of the hash table has no end");
        if (word & 1)
            break;
    }
    out->chain_count = last - out->first + 1;
    return TFD_OK;
}

static int order_hashed(const void *a, const void *b)
{
    const struct tfd_elf_hashed *x = a;
    const struct tfd_elf_hashed *y = b;

    return x->hash != y->hash      ? (x->hash < y->hash ? -1 : 1)
           : x->symbol < y->symbol ? -1
                                   : x->symbol > y->symbol;
}

/* Full hashes of the symbols below count, computed from their names. */
static tfd_status hash_anew(tfd_reader *reader, tfd_arena *arena, const tfd_elf *elf, uint32_t count,
                            tfd_elf_exports *out, tfd_err *err)
{
    if (count > REHASH_MAX)
        return tfd_err_set(err, TFD_ELIMIT, 0, "a hash table of %u symbols in one chain", (unsigned)count);
    out->sorted = tfd_arena_new(arena, struct tfd_elf_hashed, (size_t)count + 1);
    if (!out->sorted)
        return tfd_err_set(err, TFD_ENOMEM, 0, "hash table: out of memory");
    for (uint32_t i = 1; i < count; i++) {
        tfd_elf_symbol s;
        tfd_str name;

        if (!tfd_elf_read_symbol(reader, elf, i, &s) || !tfd_elf_symbol_name(reader, elf, s.name, &name))
            return tfd_err_set(err, TFD_EFORMAT, 0, "the symbol table lies outside the file");
        if (tfd_elf_is_definition(&s))
            out->sorted[out->sorted_count++] = (struct tfd_elf_hashed){tfd_elf_gnu_hash(name), i};
    }
    qsort(out->sorted, out->sorted_count, sizeof *out->sorted, order_hashed);
    return read_versions(reader, arena, elf, 0, count, out, err);
}

static tfd_status read_gnu_hash(tfd_reader *reader, tfd_arena *arena, const tfd_elf *elf,
                                tfd_elf_exports *out, tfd_err *err)
{
    tfd_cur cur = tfd_elf_cursor(reader, elf, elf->at.gnu_hash, 16);
    uint32_t halves;
    uint64_t at = elf->at.gnu_hash + 16;
    tfd_status st;

    out->bucket_count = tfd_cur_u32(&cur);
    out->first = tfd_cur_u32(&cur);
    out->bloom_count = tfd_cur_u32(&cur);
    out->shift = tfd_cur_u32(&cur);
    halves = elf->bits == 64 ? 2 : 1;
    if (!cur.ok || out->bloom_count == 0 || out->bloom_count > TFD_ELF_SYMBOLS_MAX || out->bucket_count == 0)
        return tfd_err_set(err, TFD_EFORMAT, 0, "the hash table has no usable header");
    st = read_words(reader, arena, elf, at, (size_t)out->bloom_count * halves, 4, &out->bloom, err);
    at += (uint64_t)out->bloom_count * halves * 4;
    if (st == TFD_OK)
        st = read_words(reader, arena, elf, at, out->bucket_count, 4, &out->buckets, err);
    at += (uint64_t)out->bucket_count * 4;
    if (st == TFD_OK)
        st = count_chains(reader, elf, at, out, err);
    /* The lowest bit of a chain word marks the end; only the bucket tells hashes apart that differ in it. */
    if (st == TFD_OK && out->bucket_count == 1)
        return hash_anew(reader, arena, elf, out->first + out->chain_count, out, err);
    if (st == TFD_OK)
        st = read_words(reader, arena, elf, at, out->chain_count, 4, &out->chains, err);
    if (st == TFD_OK)
        st = read_versions(reader, arena, elf, out->first, out->chain_count, out, err);
    return st;
}

static tfd_status read_sysv_hash(tfd_reader *reader, tfd_arena *arena, const tfd_elf *elf,
                                 tfd_elf_exports *out, tfd_err *err)
{
    tfd_cur cur = tfd_elf_cursor(reader, elf, elf->at.sysv_hash, 8);

    (void)tfd_cur_u32(&cur);
    if (!cur.ok)
        return tfd_err_set(err, TFD_EFORMAT, 0, "the SysV hash table lies outside the file");
    return hash_anew(reader, arena, elf, tfd_cur_u32(&cur), out, err);
}

tfd_status tfd_elf_exports_read(tfd_reader *reader, tfd_arena *arena, const tfd_elf *elf,
                                tfd_elf_exports *out, tfd_err *err)
{
    tfd_status st = TFD_OK;

    memset(out, 0, sizeof *out);
    if (elf->at.gnu_hash)
        st = read_gnu_hash(reader, arena, elf, out, err);
    else if (elf->at.sysv_hash)
        st = read_sysv_hash(reader, arena, elf, out, err);
    if (st != TFD_OK)
        memset(out, 0, sizeof *out);
    return st;
}

/* ---- lookup */

typedef enum fit { FIT_NO, FIT_YES, FIT_MAYBE } fit;

/* Whether a definition with that versym entry answers the reference. FIT_MAYBE: only if it is the one such
 * definition of the object (a reference without version meets a default version). */
static fit fit_version(const tfd_elf_exports *exports, uint16_t versym, const tfd_elf_version *wanted)
{
    uint32_t index = versym & 0x7fffu;
    bool is_hidden = (versym & 0x8000u) != 0;
    const tfd_elf_version *has = index < exports->index_count ? exports->by_index[index] : NULL;

    if (!wanted)
        return index < 3 ? FIT_YES : is_hidden ? FIT_NO : FIT_MAYBE;
    if (has && has->hash == wanted->hash && tfd_str_eq(has->name, wanted->name))
        return FIT_YES;
    return !wanted->is_hidden && !has && !is_hidden ? FIT_YES : FIT_NO;
}

static bool is_named(tfd_reader *reader, const tfd_elf *elf, uint32_t index, tfd_str name)
{
    tfd_elf_symbol s;
    tfd_str found;

    if (!reader)
        return true;
    return tfd_elf_read_symbol(reader, elf, index, &s) && tfd_elf_is_definition(&s) &&
           tfd_elf_symbol_name(reader, elf, s.name, &found) && tfd_str_eq(found, name);
}

typedef struct lookup {
    const tfd_elf_exports *exports;
    const tfd_elf *elf;
    const tfd_elf_version *version;
    tfd_reader *reader;
    tfd_str name;
    int maybe;
} lookup;

static bool try_symbol(lookup *l, uint32_t index, uint32_t position)
{
    fit answer =
        l->exports->versions ? fit_version(l->exports, l->exports->versions[position], l->version) : FIT_YES;

    if (answer == FIT_NO || !is_named(l->reader, l->elf, index, l->name))
        return false;
    l->maybe += answer == FIT_MAYBE;
    return answer == FIT_YES;
}

static bool find_sorted(lookup *l, uint32_t hash)
{
    const tfd_elf_exports *x = l->exports;
    size_t low = 0, high = x->sorted_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (x->sorted[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < x->sorted_count && x->sorted[low].hash == hash; low++)
        if (try_symbol(l, x->sorted[low].symbol, x->sorted[low].symbol))
            return true;
    return l->maybe == 1;
}

static bool passes_bloom(const tfd_elf_exports *x, const tfd_elf *elf, uint32_t hash)
{
    uint32_t bits = elf->bits == 64 ? 64 : 32;
    uint32_t word = (hash / bits) % x->bloom_count;
    uint32_t one = hash % bits;
    uint32_t two = (x->shift < 32 ? hash >> x->shift : 0) % bits;
    const uint32_t *halves = x->bloom + (size_t)word * (bits / 32);

    if (bits == 64 && elf->big_endian) /* the high half comes first in the file */
        return ((halves[1 - one / 32] >> (one % 32)) & (halves[1 - two / 32] >> (two % 32)) & 1) != 0;
    return ((halves[one / 32] >> (one % 32)) & (halves[two / 32] >> (two % 32)) & 1) != 0;
}

bool tfd_elf_exports_has(const tfd_elf_exports *exports, const tfd_elf *elf, uint32_t hash,
                         const tfd_elf_version *version, tfd_reader *reader, tfd_str name)
{
    lookup l = {exports, elf, version, reader, name, 0};
    uint32_t index;

    if (exports->sorted)
        return find_sorted(&l, hash);
    if (!exports->bloom || !passes_bloom(exports, elf, hash))
        return false;
    index = exports->buckets[hash % exports->bucket_count];
    if (index < exports->first)
        return false;
    for (index -= exports->first; index < exports->chain_count; index++) {
        uint32_t word = exports->chains[index];

        if ((word | 1) == (hash | 1) && try_symbol(&l, exports->first + index, index))
            return true;
        if (word & 1)
            break;
    }
    return l.maybe == 1;
}
