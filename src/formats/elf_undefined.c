#include "formats/elf_parse.h"
#include "formats/elf_symbols.h"

enum { STB_GLOBAL = 1, STB_WEAK = 2, STB_GNU_UNIQUE = 10 };
enum { STT_TLS = 6, STT_GNU_IFUNC = 10 };
#define SHN_UNDEF 0u
#define SHN_ABS 0xfff1u

static size_t symbol_size(const tfd_elf *elf)
{
    return elf->bits == 64 ? 24 : 16;
}

bool tfd_elf_read_symbol(tfd_reader *reader, const tfd_elf *elf, uint32_t index, tfd_elf_symbol *out)
{
    size_t size = symbol_size(elf);
    const uint8_t *bytes = tfd_reader_bytes(reader, elf->at.symtab + (uint64_t)index * size, size);
    tfd_cur cur = tfd_cur_of(bytes, bytes ? size : 0);
    uint8_t info;

    if (!bytes)
        return false;
    cur.big_endian = elf->big_endian;
    out->name = tfd_cur_u32(&cur);
    if (elf->bits == 64) {
        info = tfd_cur_u8(&cur);
        tfd_cur_skip(&cur, 1);
        out->section = tfd_cur_u16(&cur);
        out->value = tfd_cur_u64(&cur);
    } else {
        out->value = tfd_cur_u32(&cur);
        tfd_cur_skip(&cur, 4);
        info = tfd_cur_u8(&cur);
        tfd_cur_skip(&cur, 1);
        out->section = tfd_cur_u16(&cur);
    }
    out->bind = info >> 4;
    out->type = info & 15;
    return true;
}

bool tfd_elf_is_definition(const tfd_elf_symbol *s)
{
    bool has_place = s->value != 0 || s->section == SHN_ABS || s->type == STT_TLS;
    bool has_type = s->type <= 2 || s->type == 5 || s->type == STT_TLS || s->type == STT_GNU_IFUNC;
    bool is_bound = s->bind == STB_GLOBAL || s->bind == STB_WEAK || s->bind == STB_GNU_UNIQUE;

    return s->section != SHN_UNDEF && has_place && has_type && is_bound;
}

bool tfd_elf_symbol_name(tfd_reader *reader, const tfd_elf *elf, uint32_t offset, tfd_str *out)
{
    return offset < elf->at.strsz &&
           tfd_reader_string(reader, elf->at.strtab + offset, elf->at.strtab + elf->at.strsz, out);
}

/* ---- relocations */

typedef struct relocations {
    uint64_t offset, count;
    size_t size;
    bool is_call;
} relocations;

static size_t get_relocations(const tfd_elf *elf, relocations out[2])
{
    size_t word = (size_t)elf->bits / 8;
    size_t n = 0;

    if (elf->at.rel) {
        out[n].size = word * (elf->at.rel_has_addend ? 3 : 2);
        out[n].offset = elf->at.rel;
        out[n].count = elf->at.relsz / out[n].size;
        out[n++].is_call = false;
    }
    if (elf->at.plt) {
        out[n].size = word * (elf->at.plt_has_addend ? 3 : 2);
        out[n].offset = elf->at.plt;
        out[n].count = elf->at.pltsz / out[n].size;
        out[n++].is_call = true;
    }
    return n;
}

/* The symbol of one relocation; false if it cannot be read. r_info is the second word in both classes. */
static bool relocated_symbol(tfd_reader *reader, const tfd_elf *elf, const relocations *table, uint64_t i,
                             uint32_t *symbol)
{
    size_t word = (size_t)elf->bits / 8;
    tfd_cur cur = tfd_elf_cursor(reader, elf, table->offset + i * table->size + word, word);

    *symbol = elf->bits == 64 ? (uint32_t)(tfd_cur_u64(&cur) >> 32) : tfd_cur_u32(&cur) >> 8;
    return cur.ok;
}

static size_t position_of(const uint32_t *symbols, size_t n, uint32_t symbol)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (symbols[middle] < symbol)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && symbols[low] == symbol ? low : n;
}

tfd_status tfd_elf_find_relocated(tfd_reader *reader, const tfd_elf *elf, const uint32_t *symbols, size_t n,
                                  uint8_t *kinds, size_t *first, tfd_err *err)
{
    relocations tables[2];
    size_t count = get_relocations(elf, tables);

    *first = n;
    for (size_t i = 0; i < n; i++)
        kinds[i] = 0;
    for (size_t t = 0; t < count; t++) {
        for (uint64_t i = 0; i < tables[t].count; i++) {
            uint32_t symbol;
            size_t at;

            if (!relocated_symbol(reader, elf, &tables[t], i, &symbol))
                return tfd_err_set(err, TFD_EFORMAT, 0, "the relocations lie outside the file");
            at = symbol == 0 ? n : position_of(symbols, n, symbol);
            if (at == n)
                continue;
            if (*first == n)
                *first = at;
            kinds[at] |= tables[t].is_call ? TFD_ELF_REF_CALL : TFD_ELF_REF_DATA;
        }
    }
    return TFD_OK;
}

/* ---- undefined symbols */

/* Whether any symbol is in the GNU hash table: some linkers write first = 1 over an empty one. */
static bool exports_nothing(tfd_reader *reader, const tfd_elf *elf, uint32_t buckets, uint64_t offset)
{
    for (uint32_t i = 0; i < buckets; i++) {
        tfd_cur cur = tfd_elf_cursor(reader, elf, offset + (uint64_t)i * 4, 4);

        if (tfd_cur_u32(&cur) != 0)
            return false;
        if (!cur.ok)
            break;
    }
    return true;
}

/* One past the last symbol that can be undefined. No table says how many symbols there are: a GNU hash table
 * covers all from `first` on, and these are defined; a SysV one counts all; without either, relocations name
 * the highest one used. */
static uint64_t count_symbols(tfd_reader *reader, const tfd_elf *elf)
{
    relocations tables[2];
    size_t n;
    uint64_t top = 0;

    if (elf->at.gnu_hash) {
        tfd_cur cur = tfd_elf_cursor(reader, elf, elf->at.gnu_hash, 16);
        uint32_t buckets = tfd_cur_u32(&cur);
        uint32_t first = tfd_cur_u32(&cur);
        uint64_t at = elf->at.gnu_hash + 16 + (uint64_t)tfd_cur_u32(&cur) * ((uint64_t)elf->bits / 8);

        if (cur.ok && !exports_nothing(reader, elf, buckets, at))
            return first;
    }
    if (elf->at.sysv_hash) {
        tfd_cur cur = tfd_elf_cursor(reader, elf, elf->at.sysv_hash, 8);

        (void)tfd_cur_u32(&cur);
        return tfd_cur_u32(&cur);
    }
    n = get_relocations(elf, tables);
    for (size_t t = 0; t < n; t++) {
        for (uint64_t i = 0; i < tables[t].count; i++) {
            uint32_t symbol;

            if (!relocated_symbol(reader, elf, &tables[t], i, &symbol))
                break;
            top = (uint64_t)symbol + 1 > top ? (uint64_t)symbol + 1 : top;
        }
    }
    return top;
}

/* The version that versym asks for, or NULL. */
static const tfd_elf_version *version_of(tfd_reader *reader, const tfd_elf *elf, uint32_t index)
{
    tfd_cur cur;
    uint16_t version;

    if (elf->at.versym == 0)
        return NULL;
    cur = tfd_elf_cursor(reader, elf, elf->at.versym + (uint64_t)index * 2, 2);
    version = tfd_cur_u16(&cur) & 0x7fff;
    for (size_t i = 0; version > 1 && i < elf->need_count; i++)
        if (elf->needs[i].index == version)
            return &elf->needs[i];
    return NULL;
}

tfd_status tfd_elf_each_undefined(tfd_reader *reader, const tfd_elf *elf, tfd_elf_visit visit, void *ctx,
                                  tfd_err *err)
{
    uint64_t count = elf->at.symtab ? count_symbols(reader, elf) : 0;

    if (count > TFD_ELF_SYMBOLS_MAX)
        return tfd_err_set(err, TFD_EFORMAT, 0, "a symbol table of %llu symbols", (unsigned long long)count);
    for (uint32_t i = 1; i < count; i++) {
        tfd_elf_reference reference = {.index = i};
        tfd_elf_symbol s;

        if (!tfd_elf_read_symbol(reader, elf, i, &s))
            return tfd_err_set(err, TFD_EFORMAT, 0, "the symbol table lies outside the file");
        if (s.section != SHN_UNDEF || (s.bind != STB_GLOBAL && s.bind != STB_WEAK) || s.name == 0)
            continue;
        reference.is_weak = s.bind == STB_WEAK;
        reference.version = version_of(reader, elf, i);
        if (!tfd_elf_symbol_name(reader, elf, s.name, &reference.name))
            return tfd_err_set(err, TFD_EFORMAT, 0, "the name of a symbol lies outside the string table");
        reference.hash = tfd_elf_gnu_hash(reference.name);
        if (!visit(ctx, &reference))
            break;
    }
    return TFD_OK;
}
