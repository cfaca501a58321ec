/* What the parts of the ELF parser share; nobody else includes it. */
#ifndef TFD_FORMATS_ELF_PARSE_H
#define TFD_FORMATS_ELF_PARSE_H

#include "formats/elf.h"

/* Notes what is wrong with the object; the first note stays. Gives TFD_OK: a bad file is an answer. */
tfd_status tfd_elf_say_bad(tfd_elf *elf, tfd_elf_state state, tfd_str why);
/* Address to offset; 0 stays 0. An address that no segment brings makes the object damaged; `what` names it.
 */
void tfd_elf_place(tfd_elf *elf, uint64_t address, const char *what, tfd_arena *arena, uint64_t *out);
/* The string at `index` of the string table, copied; empty, and the object damaged, where there is none.
 * false at the arena's limit. */
bool tfd_elf_copy_string(tfd_elf_reader *reader, tfd_arena *arena, tfd_elf *elf, uint64_t index,
                         tfd_str *out);
/* The tables at these addresses (0: none) into elf->needs and elf->defs. false at the arena's limit; a broken
 * table ends early and makes the object damaged. */
bool tfd_elf_read_needs(tfd_elf_reader *reader, tfd_arena *arena, tfd_elf *elf, uint64_t address,
                        uint64_t count);
bool tfd_elf_read_defs(tfd_elf_reader *reader, tfd_arena *arena, tfd_elf *elf, uint64_t address,
                       uint64_t count);

#endif
