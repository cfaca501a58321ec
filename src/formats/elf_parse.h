/* What the parts of the ELF parser share; nobody else includes it. */
#ifndef TFD_FORMATS_ELF_PARSE_H
#define TFD_FORMATS_ELF_PARSE_H

#include "base/cur.h"
#include "formats/elf.h"

/* len bytes at an offset, in the object's byte order, with the life of tfd_reader_bytes; not ok where they
 * lie outside. */
tfd_cur tfd_elf_cursor(tfd_reader *reader, const tfd_elf *elf, uint64_t offset, size_t len);
/* Notes what is wrong with the object; the first note stays. Gives TFD_OK: a bad file is an answer. */
tfd_status tfd_elf_say_bad(tfd_elf *elf, tfd_elf_state state, tfd_str why);
/* Address to offset; 0 stays 0. An address that no segment brings makes the object damaged; `what` names it.
 */
void tfd_elf_place(tfd_elf *elf, uint64_t address, const char *what, tfd_arena *arena, uint64_t *out);
/* The string at `index` of the string table, copied; empty, and the object damaged, where there is none.
 * false at the arena's limit. */
bool tfd_elf_copy_string(tfd_reader *reader, tfd_arena *arena, tfd_elf *elf, uint64_t index, tfd_str *out);
/* The tables at these addresses (0: none) into elf->needs and elf->defs. false at the arena's limit; a broken
 * table ends early and makes the object damaged. */
bool tfd_elf_read_needs(tfd_reader *reader, tfd_arena *arena, tfd_elf *elf, uint64_t address, uint64_t count);
bool tfd_elf_read_defs(tfd_reader *reader, tfd_arena *arena, tfd_elf *elf, uint64_t address, uint64_t count);

/* One entry of the symbol table. */
typedef struct tfd_elf_symbol {
    uint32_t name; /* offset in the string table */
    uint16_t section;
    uint8_t bind, type;
    uint64_t value;
} tfd_elf_symbol;

bool tfd_elf_read_symbol(tfd_reader *reader, const tfd_elf *elf, uint32_t index, tfd_elf_symbol *out);
/* Its name, with the life of tfd_reader_string; false if it lies outside the string table. */
bool tfd_elf_symbol_name(tfd_reader *reader, const tfd_elf *elf, uint32_t offset, tfd_str *out);
/* What do_lookup_x takes for a definition. */
bool tfd_elf_is_definition(const tfd_elf_symbol *s);

/* A symbol and the hash of its name, of objects that have no GNU hash table. */
struct tfd_elf_hashed {
    uint32_t hash, symbol;
};

#endif
