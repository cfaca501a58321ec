#include "formats/elf_constant.h"

#include "formats/elf_parse.h"
#include "formats/elf_symbols.h"

static uint32_t symbol_count(const tfd_elf_exports *exports)
{
    uint32_t count = exports->first + exports->chain_count;

    for (size_t i = 0; i < exports->sorted_count; i++)
        count = exports->sorted[i].symbol >= count ? exports->sorted[i].symbol + 1 : count;
    return count;
}

static bool find(tfd_reader *reader, const tfd_elf *elf, uint32_t count, tfd_str name, uint64_t *vaddr)
{
    for (uint32_t i = 1; i < count && i < TFD_ELF_SYMBOLS_MAX; i++) {
        tfd_elf_symbol symbol;
        tfd_str found;

        if (!tfd_elf_read_symbol(reader, elf, i, &symbol))
            return false;
        if (tfd_elf_is_definition(&symbol) && tfd_elf_symbol_name(reader, elf, symbol.name, &found) &&
            tfd_str_eq(found, name)) {
            *vaddr = symbol.value;
            return true;
        }
    }
    return false;
}

static tfd_status read_open(tfd_reader *reader, tfd_arena *arena, tfd_str name, uint32_t *out, tfd_err *err)
{
    tfd_elf elf;
    tfd_elf_exports exports;
    uint64_t vaddr, offset;
    const uint8_t *bytes;
    tfd_status st = tfd_elf_parse(reader, arena, &elf, err);

    if (st == TFD_OK && (elf.state != TFD_ELF_OK || elf.big_endian))
        return TFD_ENOENT;
    if (st == TFD_OK)
        st = tfd_elf_exports_read(reader, arena, &elf, &exports, err);
    if (st != TFD_OK)
        return st == TFD_EFORMAT || st == TFD_ELIMIT ? TFD_ENOENT : st;
    if (!find(reader, &elf, symbol_count(&exports), name, &vaddr) || !tfd_elf_offset(&elf, vaddr, &offset))
        return TFD_ENOENT;
    bytes = tfd_reader_bytes(reader, offset, 4);
    if (!bytes)
        return TFD_ENOENT;
    *out = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    return TFD_OK;
}

tfd_status tfd_elf_constant_read(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str name,
                                 uint32_t *out, tfd_err *err)
{
    tfd_reader *reader = tfd_arena_new(arena, tfd_reader, 1);
    tfd_status st;

    if (!reader)
        return tfd_err_set(err, TFD_ENOMEM, 0, "constant of an object: out of memory");
    st = tfd_reader_open(reader, sys, path, err);
    if (st != TFD_OK)
        return st;
    st = read_open(reader, arena, name, out, err);
    tfd_reader_close(reader);
    return st;
}
