/* The whole reader on one object: headers, versions, exports, lookups with and without names, undefined
 * symbols, relocations. */
#include "formats/elf_symbols.h"
#include "../helpers/memory_machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct seen {
    const tfd_elf *elf;
    const tfd_elf_exports *exports;
    uint32_t symbols[64];
    size_t count;
} seen;

static bool visit(void *ctx, const tfd_elf_reference *reference)
{
    seen *s = ctx;

    (void)tfd_elf_exports_has(s->exports, s->elf, reference->hash, reference->version, NULL, reference->name);
    s->symbols[s->count++] = reference->index;
    return s->count < 64;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static memory_machine machine;
    static tfd_reader reader;
    tfd_arena arena;
    tfd_elf elf;
    tfd_elf_exports exports = {0};
    seen s = {.elf = &elf, .exports = &exports};
    uint8_t kinds[64];
    size_t first;

    memory_init(&machine);
    memory_add(&machine, "/x.so", data ? data : (const uint8_t *)"", size);
    tfd_arena_init(&arena, (size_t)64 << 20);
    if (tfd_reader_open(&reader, &machine.sys, TFD_STR("/x.so"), NULL) == TFD_OK &&
        tfd_elf_parse(&reader, &arena, &elf, NULL) == TFD_OK && elf.state == TFD_ELF_OK) {
        if (tfd_elf_exports_read(&reader, &arena, &elf, &exports, NULL) == TFD_OK)
            (void)tfd_elf_exports_has(&exports, &elf, tfd_elf_gnu_hash(TFD_STR("plain")), NULL, &reader,
                                      TFD_STR("plain"));
        (void)tfd_elf_each_undefined(&reader, &elf, visit, &s, NULL);
        (void)tfd_elf_find_relocated(&reader, &elf, s.symbols, s.count, kinds, &first, NULL);
    }
    tfd_arena_done(&arena);
    return 0;
}
