/* Dynamic symbols: what an object exports, by hash, and what it leaves undefined. Rules of matching are those
 * of glibc's do_lookup_x (elf/dl-lookup.c). libtensorflow_cc of TensorFlow 2.21 exports 483,212 symbols with
 * 87 MB of names, so names are not read for a lookup: the hash table alone (3.4 MB there) answers. Its 32
 * bits take a name that is not there for one that is with a chance of 1 in 9,000 in that library and below 1
 * in 100,000 elsewhere; with a reader the names are compared. */
#ifndef TFD_FORMATS_ELF_SYMBOLS_H
#define TFD_FORMATS_ELF_SYMBOLS_H

#include "formats/elf.h"

/* Bytes of hash table that are read for one object; a larger one gives TFD_ELIMIT. */
#define TFD_ELF_HASH_MAX ((size_t)32 << 20)

typedef struct tfd_elf_exports {
    uint32_t *bloom;      /* words of the Bloom filter, as halves for 64 bits, in file order */
    uint32_t bloom_count; /* words */
    uint32_t shift;
    uint32_t *buckets, bucket_count;
    uint32_t *chains; /* of symbols first … first + chain_count - 1 */
    uint32_t first, chain_count;
    uint16_t *versions;               /* versym of the same symbols; NULL: the object has no versions */
    const tfd_elf_version **by_index; /* definitions by versym index; NULL where there is none */
    uint32_t index_count;
    /* Objects with a SysV hash table, or one chain, only: (hash, symbol) pairs, sorted. */
    struct tfd_elf_hashed *sorted;
    size_t sorted_count;
} tfd_elf_exports;

/* Reads what lookups need. An object without any hash table exports nothing, as for ld.so. TFD_EFORMAT:
 * tables that contradict each other; TFD_EIO, TFD_ELIMIT, TFD_ENOMEM. */
tfd_status tfd_elf_exports_read(tfd_reader *reader, tfd_arena *arena, const tfd_elf *elf,
                                tfd_elf_exports *out, tfd_err *err);

uint32_t tfd_elf_gnu_hash(tfd_str name);

/* Whether the object has a definition that a reference binds to: hash is the GNU hash of its name, version
 * what the reference asks for (NULL: none). reader, open on the object, makes the names be compared; NULL: by
 * hash. */
bool tfd_elf_exports_has(const tfd_elf_exports *exports, const tfd_elf *elf, uint32_t hash,
                         const tfd_elf_version *version, tfd_reader *reader, tfd_str name);

/* ---- undefined symbols */

typedef struct tfd_elf_reference {
    uint32_t index;                 /* in the symbol table */
    uint32_t hash;                  /* GNU hash of the name */
    tfd_str name;                   /* valid during the call only */
    const tfd_elf_version *version; /* NULL: none asked for */
    bool is_weak;
} tfd_elf_reference;

typedef bool (*tfd_elf_visit)(void *ctx, const tfd_elf_reference *reference);

/* Calls visit for each undefined global or weak symbol, in table order, until it gives false. TFD_EIO,
 * TFD_EFORMAT where the table lies outside the file. */
tfd_status tfd_elf_each_undefined(tfd_reader *reader, const tfd_elf *elf, tfd_elf_visit visit, void *ctx,
                                  tfd_err *err);

/* Which of n symbols (sorted by index) relocations refer to: kinds[i] gets 0 for none, TFD_ELF_REF_DATA and
 * TFD_ELF_REF_CALL (through the procedure linkage table, so possibly bound when called) or-ed. *first:
 * position of the one whose relocation comes first, as ld.so works through them; n if there is none. */
#define TFD_ELF_REF_DATA 1u
#define TFD_ELF_REF_CALL 2u
tfd_status tfd_elf_find_relocated(tfd_reader *reader, const tfd_elf *elf, const uint32_t *symbols, size_t n,
                                  uint8_t *kinds, size_t *first, tfd_err *err);

#endif
