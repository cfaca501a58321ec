/* Makes tiny ELF objects in memory, of both classes and byte orders: dynamic section, symbols, versions, hash
 * tables, relocations. One segment holds everything; addresses are offsets. For tests and fuzz corpora; needs
 * no tool chain. */
#ifndef TFD_TESTS_MKELF_H
#define TFD_TESTS_MKELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MKELF_MAX 16384u /* bytes of an object */
#define MKELF_LIST 8     /* entries of each list, NULL-ended where there are fewer */

typedef enum mkelf_hash { MKELF_GNU, MKELF_SYSV, MKELF_NO_HASH } mkelf_hash;

typedef struct mkelf {
    int bits; /* 64 if 0 */
    bool big_endian;
    uint16_t machine; /* 62 (x86-64) if 0 */
    uint16_t type;    /* ET_DYN if 0 */
    mkelf_hash hash;
    const char *interp, *soname, *rpath, *runpath;
    const char *needed[MKELF_LIST];
    const char *defs[MKELF_LIST];    /* versions defined: index 2, 3 … */
    const char *exports[MKELF_LIST]; /* "name", "name@@VERSION" (default), "name@VERSION" (hidden) */
    const char
        *undefined[MKELF_LIST]; /* "name", "name@VERSION:file"; "?" before it: weak; "!": no relocation;
                                   "+": through the procedure linkage table */
    bool bind_now, exec_stack, no_stack, pie, no_default_dirs;
    uint32_t isa;                  /* x86 property note; 0: none */
    const char *texts[MKELF_LIST]; /* literals of the program, such as "release version 2.36", one behind the
                                      other */
} mkelf;

typedef struct mkelf_out {
    uint8_t bytes[MKELF_MAX];
    size_t len;
    const mkelf *spec;
    /* positions, for tests that damage them */
    size_t dynamic, symtab, strtab, strsz, versym, verneed, verdef, hash, rela, plt;
    size_t rela_count, plt_count;
    size_t order[MKELF_LIST]; /* exports by bucket: even hashes first */
    size_t even;
} mkelf_out;

static inline void mkelf_put(mkelf_out *o, size_t at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size && at + i < MKELF_MAX; i++)
        o->bytes[at + i] = (uint8_t)(value >> (8 * (o->spec->big_endian ? size - 1 - i : i)));
}

static inline void mkelf_add(mkelf_out *o, uint64_t value, size_t size)
{
    mkelf_put(o, o->len, value, size);
    o->len += size;
}

static inline size_t mkelf_word(const mkelf_out *o)
{
    return o->spec->bits == 32 ? 4 : 8;
}

static inline void mkelf_align(mkelf_out *o)
{
    o->len = (o->len + 7) & ~(size_t)7;
}

/* Adds a string of len bytes to the string table and gives its offset there. */
static inline uint32_t mkelf_string(mkelf_out *o, const char *text, size_t len)
{
    uint32_t at = (uint32_t)o->strsz;

    memcpy(o->bytes + o->strtab + at, text, len);
    o->strsz += len + 1;
    return at;
}

static inline uint32_t mkelf_gnu_hash(const char *name, size_t len)
{
    uint32_t h = 5381;

    for (size_t i = 0; i < len; i++)
        h = h * 33 + (unsigned char)name[i];
    return h;
}

static inline uint32_t mkelf_sysv_hash(const char *name, size_t len)
{
    uint32_t h = 0;

    for (size_t i = 0; i < len; i++) {
        uint32_t g;

        h = (h << 4) + (unsigned char)name[i];
        g = h & 0xf0000000u;
        h = (h ^ (g >> 24)) & ~g;
    }
    return h;
}

static inline size_t mkelf_count(const char *const *list)
{
    size_t n = 0;

    while (n < MKELF_LIST && list[n])
        n++;
    return n;
}

static inline size_t mkelf_name_len(const char *text)
{
    return strcspn(text, "@");
}

static inline const char *mkelf_plain(const char *undefined)
{
    return undefined + strspn(undefined, "?!+");
}

static inline bool mkelf_has_mark(const char *undefined, char mark)
{
    return memchr(undefined, mark, strspn(undefined, "?!+")) != NULL;
}

static inline void mkelf_symbol(mkelf_out *o, uint32_t name, uint8_t info, uint16_t section, uint64_t value)
{
    if (o->spec->bits == 32) {
        mkelf_add(o, name, 4);
        mkelf_add(o, value, 4);
        mkelf_add(o, 0, 4);
        mkelf_add(o, info, 1);
        mkelf_add(o, 0, 1);
        mkelf_add(o, section, 2);
        return;
    }
    mkelf_add(o, name, 4);
    mkelf_add(o, info, 1);
    mkelf_add(o, 0, 1);
    mkelf_add(o, section, 2);
    mkelf_add(o, value, 8);
    mkelf_add(o, 0, 8);
}

static inline uint16_t mkelf_def_index(const mkelf *spec, const char *version)
{
    for (uint16_t i = 0; i < MKELF_LIST && spec->defs[i]; i++)
        if (strcmp(spec->defs[i], version) == 0)
            return (uint16_t)(i + 2);
    return 1;
}

/* Symbols in table order: undefined ones, then exports. */
static inline void mkelf_symbols(mkelf_out *o)
{
    const mkelf *s = o->spec;

    mkelf_align(o);
    o->symtab = o->len;
    mkelf_symbol(o, 0, 0, 0, 0);
    for (size_t i = 0; i < mkelf_count(s->undefined); i++) {
        const char *name = mkelf_plain(s->undefined[i]);

        mkelf_symbol(o, mkelf_string(o, name, mkelf_name_len(name)),
                     mkelf_has_mark(s->undefined[i], '?') ? 0x20 : 0x10, 0, 0);
    }
    for (size_t i = 0; i < mkelf_count(s->exports); i++) {
        const char *name = s->exports[o->order[i]];

        mkelf_symbol(o, mkelf_string(o, name, mkelf_name_len(name)), 0x12, 1, 0x100 + i);
    }
}

static inline void mkelf_versym(mkelf_out *o)
{
    const mkelf *s = o->spec;
    size_t defs = mkelf_count(s->defs);

    o->versym = o->len;
    mkelf_add(o, 0, 2);
    for (size_t i = 0; i < mkelf_count(s->undefined); i++)
        mkelf_add(o, strchr(s->undefined[i], '@') ? 100 + i : 1, 2);
    for (size_t i = 0; i < mkelf_count(s->exports); i++) {
        const char *at = strchr(s->exports[o->order[i]], '@');
        uint16_t index = at ? mkelf_def_index(s, at + strspn(at, "@")) : 1;

        mkelf_add(o, (uint16_t)(index | (at && at[1] != '@' ? 0x8000 : 0)), 2);
    }
    mkelf_align(o);
    if (defs == 0)
        return;
    o->verdef = o->len;
    for (size_t i = 0; i < defs; i++) {
        size_t len = strlen(s->defs[i]);

        mkelf_add(o, 1, 2);
        mkelf_add(o, 0, 2);
        mkelf_add(o, i + 2, 2);
        mkelf_add(o, 1, 2);
        mkelf_add(o, mkelf_sysv_hash(s->defs[i], len), 4);
        mkelf_add(o, 20, 4);
        mkelf_add(o, i + 1 < defs ? 28 : 0, 4);
        mkelf_add(o, mkelf_string(o, s->defs[i], len), 4);
        mkelf_add(o, 0, 4);
    }
}

/* One verneed for each versioned reference; returns their number. */
static inline size_t mkelf_verneed(mkelf_out *o)
{
    const mkelf *s = o->spec;
    size_t count = 0, last = 0;

    mkelf_align(o);
    for (size_t i = 0; i < mkelf_count(s->undefined); i++) {
        const char *at = strchr(s->undefined[i], '@');
        const char *colon = at ? strchr(at, ':') : NULL;
        size_t len = colon ? (size_t)(colon - at - 1) : 0;

        if (!colon)
            continue;
        if (count++ == 0)
            o->verneed = o->len;
        else
            mkelf_put(o, last + 12, 32, 4);
        last = o->len;
        mkelf_add(o, 1, 2);
        mkelf_add(o, 1, 2);
        mkelf_add(o, mkelf_string(o, colon + 1, strlen(colon + 1)), 4);
        mkelf_add(o, 16, 4);
        mkelf_add(o, 0, 4);
        mkelf_add(o, mkelf_sysv_hash(at + 1, len), 4);
        mkelf_add(o, mkelf_has_mark(s->undefined[i], '?') ? 2 : 0, 2);
        mkelf_add(o, 100 + i, 2);
        mkelf_add(o, mkelf_string(o, at + 1, len), 4);
        mkelf_add(o, 0, 4);
    }
    return count;
}

static inline uint32_t mkelf_export_hash(const mkelf_out *o, size_t i)
{
    const char *name = o->spec->exports[o->order[i]];

    return mkelf_gnu_hash(name, mkelf_name_len(name));
}

static inline void mkelf_gnu_table(mkelf_out *o, size_t undefined, size_t exports)
{
    uint64_t bloom = 0;
    unsigned bits = o->spec->bits == 32 ? 32 : 64;

    mkelf_add(o, 2, 4);
    mkelf_add(o, 1 + undefined, 4);
    mkelf_add(o, 1, 4);
    mkelf_add(o, 6, 4);
    for (size_t i = 0; i < exports; i++) {
        uint32_t h = mkelf_export_hash(o, i);

        bloom |= (uint64_t)1 << (h % bits) | (uint64_t)1 << ((h >> 6) % bits);
    }
    mkelf_add(o, bloom, bits / 8);
    mkelf_add(o, o->even ? 1 + undefined : 0, 4);
    mkelf_add(o, exports > o->even ? 1 + undefined + o->even : 0, 4);
    for (size_t i = 0; i < exports; i++) {
        uint32_t h = mkelf_export_hash(o, i);

        mkelf_add(o, i + 1 == o->even || i + 1 == exports ? h | 1u : h & ~1u, 4);
    }
}

/* Two buckets and one word of Bloom filter; a SysV table has one bucket. */
static inline void mkelf_hash_table(mkelf_out *o)
{
    size_t undefined = mkelf_count(o->spec->undefined), exports = mkelf_count(o->spec->exports);

    mkelf_align(o);
    o->hash = o->len;
    if (o->spec->hash != MKELF_SYSV) {
        mkelf_gnu_table(o, undefined, exports);
        return;
    }
    mkelf_add(o, 1, 4);
    mkelf_add(o, 1 + undefined + exports, 4);
    mkelf_add(o, exports ? 1 + undefined : 0, 4);
    for (size_t i = 0; i < 1 + undefined + exports; i++)
        mkelf_add(o, i > undefined && i < undefined + exports ? i + 1 : 0, 4);
}

static inline void mkelf_sort(mkelf_out *o)
{
    size_t n = 0;

    for (unsigned odd = 0; odd < 2; odd++) {
        for (size_t i = 0; i < mkelf_count(o->spec->exports); i++)
            if (mkelf_gnu_hash(o->spec->exports[i], mkelf_name_len(o->spec->exports[i])) % 2 == odd)
                o->order[n++] = i;
        if (!odd)
            o->even = n;
    }
}

static inline void mkelf_relocations(mkelf_out *o, bool plt, size_t *at, size_t *count)
{
    const mkelf *s = o->spec;

    mkelf_align(o);
    *at = o->len;
    for (size_t i = 0; i < mkelf_count(s->undefined); i++) {
        if (mkelf_has_mark(s->undefined[i], '!') || mkelf_has_mark(s->undefined[i], '+') != plt)
            continue;
        mkelf_add(o, 0x80, mkelf_word(o));
        mkelf_add(o, s->bits == 32 ? (i + 1) << 8 | 1 : (uint64_t)(i + 1) << 32 | 6, mkelf_word(o));
        mkelf_add(o, 0, mkelf_word(o));
        ++*count;
    }
}

static inline void mkelf_tag(mkelf_out *o, uint64_t tag, uint64_t value)
{
    mkelf_add(o, tag, mkelf_word(o));
    mkelf_add(o, value, mkelf_word(o));
}

static inline void mkelf_text_tag(mkelf_out *o, uint64_t tag, const char *text)
{
    if (text)
        mkelf_tag(o, tag, mkelf_string(o, text, strlen(text)));
}

static inline void mkelf_dynamic(mkelf_out *o, size_t needs)
{
    const mkelf *s = o->spec;
    size_t size = mkelf_word(o) * 3;

    mkelf_align(o);
    o->dynamic = o->len;
    for (size_t i = 0; i < mkelf_count(s->needed); i++)
        mkelf_text_tag(o, 1, s->needed[i]);
    mkelf_text_tag(o, 14, s->soname);
    mkelf_text_tag(o, 15, s->rpath);
    mkelf_text_tag(o, 29, s->runpath);
    mkelf_tag(o, 5, o->strtab);
    mkelf_tag(o, 6, o->symtab);
    if (s->hash != MKELF_NO_HASH)
        mkelf_tag(o, s->hash == MKELF_SYSV ? 4 : 0x6ffffef5, o->hash);
    if (needs || mkelf_count(s->defs))
        mkelf_tag(o, 0x6ffffff0, o->versym);
    if (needs) {
        mkelf_tag(o, 0x6ffffffe, o->verneed);
        mkelf_tag(o, 0x6fffffff, needs);
    }
    if (mkelf_count(s->defs)) {
        mkelf_tag(o, 0x6ffffffc, o->verdef);
        mkelf_tag(o, 0x6ffffffd, mkelf_count(s->defs));
    }
    if (o->rela_count) {
        mkelf_tag(o, 7, o->rela);
        mkelf_tag(o, 8, o->rela_count * size);
    }
    if (o->plt_count) {
        mkelf_tag(o, 23, o->plt);
        mkelf_tag(o, 2, o->plt_count * size);
        mkelf_tag(o, 20, 7);
    }
    if (s->bind_now)
        mkelf_tag(o, 24, 0);
    mkelf_tag(o, 0x6ffffffb, (s->pie ? 0x08000000u : 0u) | (s->no_default_dirs ? 0x800u : 0u));
    mkelf_tag(o, 10, o->strsz);
    mkelf_tag(o, 0, 0);
}

static inline void mkelf_program_header(mkelf_out *o, uint32_t type, uint32_t flags, size_t at, size_t len)
{
    size_t word = mkelf_word(o);

    mkelf_add(o, type, 4);
    if (word == 8)
        mkelf_add(o, flags, 4);
    mkelf_add(o, at, word);
    mkelf_add(o, at, word);
    mkelf_add(o, at, word);
    mkelf_add(o, len, word);
    mkelf_add(o, len, word);
    if (word == 4)
        mkelf_add(o, flags, 4);
    mkelf_add(o, 8, word);
}

static inline void mkelf_header(mkelf_out *o, size_t headers)
{
    const mkelf *s = o->spec;
    size_t word = mkelf_word(o);

    o->len = 0;
    memcpy(o->bytes, "\177ELF", 4);
    o->bytes[4] = s->bits == 32 ? 1 : 2;
    o->bytes[5] = s->big_endian ? 2 : 1;
    o->bytes[6] = 1;
    o->len = 16;
    mkelf_add(o, s->type ? s->type : 3, 2);
    mkelf_add(o, s->machine ? s->machine : 62, 2);
    mkelf_add(o, 1, 4);
    mkelf_add(o, 0, word);
    mkelf_add(o, word == 8 ? 64 : 52, word);
    mkelf_add(o, 0, word);
    mkelf_add(o, 0, 4);
    mkelf_add(o, word == 8 ? 64 : 52, 2);
    mkelf_add(o, word == 8 ? 56 : 32, 2);
    mkelf_add(o, headers, 2);
    mkelf_add(o, 0, 6);
}

/* Builds the object; out->len is its size. */
static inline void mkelf_build(const mkelf *spec, mkelf_out *o)
{
    size_t interp, note, end, needs;
    size_t strings = MKELF_MAX - 6000; /* the string table grows at the end while the rest is written */

    memset(o, 0, sizeof *o);
    o->spec = spec;
    o->strtab = strings;
    o->strsz = 1;
    o->len = 64 + 56 * 5;
    interp = o->len;
    if (spec->interp) {
        memcpy(o->bytes + interp, spec->interp, strlen(spec->interp));
        o->len += strlen(spec->interp) + 1;
    }
    mkelf_align(o);
    note = o->len;
    mkelf_add(o, 4, 4);
    mkelf_add(o, 16, 4);
    mkelf_add(o, 5, 4);
    memcpy(o->bytes + o->len, "GNU", 4);
    o->len += 4;
    mkelf_add(o, 0xc0008002u, 4);
    mkelf_add(o, 4, 4);
    mkelf_add(o, spec->isa, 4);
    mkelf_add(o, 0, 4);
    mkelf_sort(o);
    mkelf_symbols(o);
    mkelf_versym(o);
    needs = mkelf_verneed(o);
    mkelf_hash_table(o);
    mkelf_relocations(o, false, &o->rela, &o->rela_count);
    mkelf_relocations(o, true, &o->plt, &o->plt_count);
    for (size_t i = 0; i < mkelf_count(spec->texts); i++)
        (void)mkelf_string(o, spec->texts[i], strlen(spec->texts[i]));
    mkelf_dynamic(o, needs);
    end = o->strtab + o->strsz;
    {
        size_t dynamic_len = o->len - o->dynamic;

        mkelf_header(o, 2u + (spec->interp ? 1u : 0u) + (spec->isa ? 1u : 0u) + (spec->no_stack ? 0u : 1u));
        mkelf_program_header(o, 1, 5, 0, end);
        mkelf_program_header(o, 2, 6, o->dynamic, dynamic_len);
        if (spec->interp)
            mkelf_program_header(o, 3, 4, interp, strlen(spec->interp) + 1);
        if (spec->isa)
            mkelf_program_header(o, 0x6474e553, 4, note, 32);
        if (!spec->no_stack)
            mkelf_program_header(o, 0x6474e551, spec->exec_stack ? 7 : 6, 0, 0);
    }
    o->len = end;
}

#endif
