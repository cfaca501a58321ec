/* Makes tiny PE images in memory, 32 and 64 bits: imports, delayed imports of both forms, exports with
 * forwarders, version, manifest, certificate. One section holds everything. For tests and fuzz corpora; needs
 * no tool chain. */
#ifndef TFD_TESTS_MKPE_H
#define TFD_TESTS_MKPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MKPE_MAX 16384u /* bytes of an image */
#define MKPE_LIST 12    /* entries of each list, NULL-ended where there are fewer */
#define MKPE_RVA 0x1000u
#define MKPE_OFFSET 0x400u

typedef struct mkpe {
    int bits;         /* 64 if 0 */
    uint16_t machine; /* 0x8664 if 0 */
    bool is_program;  /* else a DLL */
    const char
        *imports[MKPE_LIST]; /* "a.dll:name,#12,other"; "~" before it: delayed; "~~": delayed, addresses */
    const char *exports[MKPE_LIST]; /* "name", "name=other.forward"; sorted by name */
    uint32_t base;                  /* ordinal of the first; 1 if 0 */
    const char *dll;                /* name the image gives itself */
    uint16_t version[4];            /* all 0: no version resource */
    const char *original_name;
    const char *manifest;
    bool certificate;
    bool is_builtin; /* stands for a DLL that Wine has in itself */
} mkpe;

typedef struct mkpe_out {
    uint8_t bytes[MKPE_MAX];
    size_t len;
    const mkpe *spec;
    /* positions, for tests that damage them */
    size_t optional, directories, section, imports, delayed, exports, resources;
} mkpe_out;

static inline void mkpe_put(mkpe_out *o, size_t at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size && at + i < MKPE_MAX; i++)
        o->bytes[at + i] = (uint8_t)(i < 8 ? value >> (8 * i) : 0);
}

static inline void mkpe_add(mkpe_out *o, uint64_t value, size_t size)
{
    mkpe_put(o, o->len, value, size);
    o->len += size;
}

static inline uint32_t mkpe_rva(size_t at)
{
    return (uint32_t)(at - MKPE_OFFSET + MKPE_RVA);
}

static inline void mkpe_align(mkpe_out *o, size_t to)
{
    o->len = (o->len + to - 1) & ~(to - 1);
}

static inline size_t mkpe_word(const mkpe_out *o)
{
    return o->spec->bits == 32 ? 4 : 8;
}

/* Adds a NUL-ended string and gives its RVA. */
static inline uint32_t mkpe_string(mkpe_out *o, const char *text, size_t len)
{
    uint32_t at = mkpe_rva(o->len);

    if (o->len + len + 1 < MKPE_MAX)
        memcpy(o->bytes + o->len, text, len);
    o->len += len + 1;
    return at;
}

static inline size_t mkpe_count(const char *const *list)
{
    size_t n = 0;

    while (n < MKPE_LIST && list[n])
        n++;
    return n;
}

static inline void mkpe_directory(mkpe_out *o, size_t index, uint32_t rva, uint32_t size)
{
    mkpe_put(o, o->directories + 8 * index, rva, 4);
    mkpe_put(o, o->directories + 8 * index + 4, size, 4);
}

/* ---- imports */

/* The table of thunks for "name,#12,other"; gives its RVA. Addresses are RVAs plus base. */
static inline uint32_t mkpe_thunks(mkpe_out *o, const char *symbols, uint64_t base)
{
    uint64_t thunks[64] = {0};
    size_t n = 0, word = mkpe_word(o);
    uint32_t at;

    while (*symbols && n < 63) {
        size_t len = strcspn(symbols, ",");

        if (*symbols == '#') {
            thunks[n++] = ((uint64_t)1 << (8 * word - 1)) | (uint64_t)atoi(symbols + 1);
        } else {
            mkpe_align(o, 2);
            thunks[n++] = mkpe_rva(o->len) + base;
            mkpe_add(o, 0, 2);
            (void)mkpe_string(o, symbols, len);
        }
        symbols += len + (symbols[len] == ',');
    }
    mkpe_align(o, 8);
    at = mkpe_rva(o->len);
    for (size_t i = 0; i <= n; i++)
        mkpe_add(o, thunks[i], word);
    return at;
}

static inline void mkpe_import(mkpe_out *o, const char *text, size_t row)
{
    size_t len = strcspn(text, ":");
    uint32_t name = mkpe_string(o, text, len);
    uint32_t thunks = mkpe_thunks(o, text[len] ? text + len + 1 : "", 0);

    mkpe_put(o, row, thunks, 4);
    mkpe_put(o, row + 12, name, 4);
    mkpe_put(o, row + 16, thunks, 4);
}

static inline void mkpe_delay(mkpe_out *o, const char *text, size_t row)
{
    bool by_address = text[0] == '~';
    uint32_t base = by_address ? 0x400000u : 0;
    size_t len = strcspn(text, ":");
    uint32_t name = mkpe_string(o, text + by_address, len - by_address);
    uint32_t thunks = mkpe_thunks(o, text[len] ? text + len + 1 : "", base);

    mkpe_put(o, row, by_address ? 0 : 1, 4);
    mkpe_put(o, row + 4, name + base, 4);
    mkpe_put(o, row + 12, thunks + base, 4);
    mkpe_put(o, row + 16, thunks + base, 4);
}

static inline void mkpe_imports(mkpe_out *o)
{
    size_t n = mkpe_count(o->spec->imports), bound = 0, delayed = 0;

    o->imports = o->len;
    o->len += 20 * (n + 1);
    o->delayed = o->len;
    o->len += 32 * (n + 1);
    for (size_t i = 0; i < n; i++) {
        if (o->spec->imports[i][0] == '~')
            mkpe_delay(o, o->spec->imports[i] + 1, o->delayed + 32 * delayed++);
        else
            mkpe_import(o, o->spec->imports[i], o->imports + 20 * bound++);
    }
    if (bound)
        mkpe_directory(o, 1, mkpe_rva(o->imports), (uint32_t)(20 * (bound + 1)));
    if (delayed)
        mkpe_directory(o, 13, mkpe_rva(o->delayed), (uint32_t)(32 * (delayed + 1)));
}

/* ---- exports */

static inline void mkpe_exports(mkpe_out *o)
{
    size_t n = mkpe_count(o->spec->exports);
    size_t functions = o->len + 40, names = functions + 4 * n, ordinals = names + 4 * n;

    if (n == 0)
        return;
    o->exports = o->len;
    o->len = ordinals + 2 * n;
    mkpe_put(
        o, o->exports + 12,
        mkpe_string(o, o->spec->dll ? o->spec->dll : "x.dll", strlen(o->spec->dll ? o->spec->dll : "x.dll")),
        4);
    mkpe_put(o, o->exports + 16, o->spec->base ? o->spec->base : 1, 4);
    mkpe_put(o, o->exports + 20, n, 4);
    mkpe_put(o, o->exports + 24, n, 4);
    mkpe_put(o, o->exports + 28, mkpe_rva(functions), 4);
    mkpe_put(o, o->exports + 32, mkpe_rva(names), 4);
    mkpe_put(o, o->exports + 36, mkpe_rva(ordinals), 4);
    for (size_t i = 0; i < n; i++) {
        const char *text = o->spec->exports[i];
        size_t len = strcspn(text, "=");

        mkpe_put(o, names + 4 * i, mkpe_string(o, text, len), 4);
        mkpe_put(o, ordinals + 2 * i, i, 2);
        mkpe_put(o, functions + 4 * i,
                 text[len] ? mkpe_string(o, text + len + 1, strlen(text + len + 1)) : MKPE_RVA, 4);
    }
    mkpe_directory(o, 0, mkpe_rva(o->exports), (uint32_t)(o->len - o->exports));
}

/* ---- resources */

static inline size_t mkpe_wide(mkpe_out *o, const char *text)
{
    size_t n = 0;

    do
        mkpe_add(o, (unsigned char)text[n], 2);
    while (text[n++]);
    mkpe_align(o, 4);
    return n;
}

/* Begins a block of a version resource; mkpe_end sets its length. */
static inline size_t mkpe_begin(mkpe_out *o, size_t value_len, bool is_text, const char *key)
{
    size_t at;

    mkpe_align(o, 4);
    at = o->len;
    mkpe_add(o, 0, 2);
    mkpe_add(o, value_len, 2);
    mkpe_add(o, is_text, 2);
    (void)mkpe_wide(o, key);
    return at;
}

static inline void mkpe_end(mkpe_out *o, size_t at)
{
    mkpe_put(o, at, o->len - at, 2);
}

static inline void mkpe_version(mkpe_out *o)
{
    const uint16_t *v = o->spec->version;
    const char *name = o->spec->original_name;
    size_t root = mkpe_begin(o, 52, false, "VS_VERSION_INFO");
    size_t fixed = o->len, info, table, row;

    mkpe_put(o, fixed, 0xfeef04bdu, 4);
    mkpe_put(o, fixed + 8, (uint32_t)v[0] << 16 | v[1], 4);
    mkpe_put(o, fixed + 12, (uint32_t)v[2] << 16 | v[3], 4);
    mkpe_put(o, fixed + 16, (uint32_t)v[0] << 16 | v[1], 4);
    o->len += 52;
    if (name) {
        info = mkpe_begin(o, 0, true, "StringFileInfo");
        table = mkpe_begin(o, 0, true, "040904b0");
        row = mkpe_begin(o, strlen(name) + 1, true, "OriginalFilename");
        (void)mkpe_wide(o, name);
        mkpe_end(o, row);
        mkpe_end(o, table);
        mkpe_end(o, info);
    }
    mkpe_end(o, root);
}

/* A folder of resources with one row. */
static inline void mkpe_folder(mkpe_out *o, size_t at, uint32_t id, uint32_t to)
{
    mkpe_put(o, at + 14, 1, 2);
    mkpe_put(o, at + 16, id, 4);
    mkpe_put(o, at + 20, to, 4);
}

static inline void mkpe_resources(mkpe_out *o)
{
    bool has[2] = {(o->spec->version[0] | o->spec->version[2]) != 0, o->spec->manifest != NULL};
    const uint32_t types[2] = {16, 24};
    size_t root = o->len, rows = 0;

    if (!has[0] && !has[1])
        return;
    o->resources = root;
    o->len += 32; /* the first folder, with two rows */
    for (size_t i = 0; i < 2; i++) {
        size_t id = o->len, data = o->len + 48, start;

        if (!has[i])
            continue;
        mkpe_put(o, root + 16 + 8 * rows, types[i], 4);
        mkpe_put(o, root + 20 + 8 * rows++, 0x80000000u | (id - root), 4);
        mkpe_folder(o, id, i == 1 && !o->spec->is_program ? 2 : 1, 0x80000000u | (uint32_t)(id + 24 - root));
        mkpe_folder(o, id + 24, 1033, (uint32_t)(data - root));
        o->len = start = data + 16;
        if (i == 0)
            mkpe_version(o);
        else
            (void)mkpe_string(o, o->spec->manifest, strlen(o->spec->manifest));
        mkpe_put(o, data, mkpe_rva(start), 4);
        mkpe_put(o, data + 4, o->len - start - i, 4);
        mkpe_align(o, 8);
    }
    mkpe_put(o, root + 14, rows, 2);
    mkpe_directory(o, 2, mkpe_rva(root), (uint32_t)(o->len - root));
}

/* ---- headers */

static inline void mkpe_headers(mkpe_out *o)
{
    bool wide = o->spec->bits != 32;
    size_t pe = o->spec->is_builtin ? 128 : 64, directories = wide ? 112 : 96;

    memcpy(o->bytes, "MZ", 2);
    if (o->spec->is_builtin)
        memcpy(o->bytes + 64, "Wine builtin DLL", 16);
    mkpe_put(o, 60, pe, 4);
    memcpy(o->bytes + pe, "PE\0", 4);
    mkpe_put(o, pe + 4, o->spec->machine ? o->spec->machine : 0x8664, 2);
    mkpe_put(o, pe + 6, 1, 2);
    mkpe_put(o, pe + 20, directories + 128, 2);
    mkpe_put(o, pe + 22, o->spec->is_program ? 0x22 : 0x2022, 2);
    o->optional = pe + 24;
    mkpe_put(o, o->optional, wide ? 0x20b : 0x10b, 2);
    mkpe_put(o, o->optional + 2, 14, 1);
    mkpe_put(o, o->optional + 3, 29, 1);
    if (wide)
        mkpe_put(o, o->optional + 24, 0x180000000u, 8);
    else
        mkpe_put(o, o->optional + 28, 0x400000u, 4);
    mkpe_put(o, o->optional + 32, 4096, 4);
    mkpe_put(o, o->optional + 36, 512, 4);
    mkpe_put(o, o->optional + 48, 6, 2);
    mkpe_put(o, o->optional + 60, MKPE_OFFSET, 4);
    mkpe_put(o, o->optional + 68, o->spec->is_program ? 3 : 2, 2);
    mkpe_put(o, o->optional + 70, 0x160, 2);
    mkpe_put(o, o->optional + directories - 4, 16, 4);
    o->directories = o->optional + directories;
    o->section = o->directories + 128;
}

static inline void mkpe_section(mkpe_out *o)
{
    memcpy(o->bytes + o->section, ".all", 4);
    mkpe_put(o, o->section + 8, o->len - MKPE_OFFSET, 4);
    mkpe_put(o, o->section + 12, MKPE_RVA, 4);
    mkpe_align(o, 512);
    mkpe_put(o, o->section + 16, o->len - MKPE_OFFSET, 4);
    mkpe_put(o, o->section + 20, MKPE_OFFSET, 4);
    mkpe_put(o, o->section + 36, 0xe0000060u, 4);
    mkpe_put(o, o->optional + 56, MKPE_RVA + 0x10000, 4);
}

static inline void mkpe_build(const mkpe *spec, mkpe_out *o)
{
    memset(o, 0, sizeof *o);
    o->spec = spec;
    o->len = MKPE_OFFSET;
    mkpe_headers(o);
    mkpe_add(o, 0xc3, 16); /* code */
    mkpe_imports(o);
    mkpe_align(o, 8);
    mkpe_exports(o);
    mkpe_align(o, 8);
    mkpe_resources(o);
    mkpe_align(o, 8);
    mkpe_section(o);
    if (spec->certificate) {
        mkpe_put(o, o->directories + 32, o->len, 4);
        mkpe_put(o, o->directories + 36, 16, 4);
        mkpe_add(o, 16, 16);
    }
}

#endif
