/* The whole reader on one image: headers, imports and their symbols, exports by name and ordinal, forwarders,
 * version, manifest. */
#include "formats/pe.h"
#include "../helpers/memory_machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct seen {
    tfd_reader *reader; /* a second one: names must stay good while exports are looked up */
    const tfd_pe *pe;
    size_t count;
} seen;

static bool visit(void *ctx, const tfd_pe_symbol *symbol)
{
    seen *s = ctx;
    tfd_pe_export found;

    (void)tfd_pe_export_find(s->reader, s->pe, symbol->name, symbol->hint, &found, NULL);
    (void)tfd_pe_export_at(s->reader, s->pe, symbol->ordinal, &found, NULL);
    return ++s->count < 64;
}

static void look_at(tfd_reader *reader, tfd_reader *second, tfd_arena *arena, const tfd_pe *pe)
{
    seen s = {.reader = second, .pe = pe};
    tfd_pe_version version;
    tfd_pe_manifest manifest;
    tfd_pe_export found;
    tfd_str dll, name;

    for (size_t i = 0; i < pe->import_count && i < 32; i++)
        (void)tfd_pe_each_symbol(reader, pe, &pe->imports[i], visit, &s, NULL);
    if (tfd_pe_export_find(reader, pe, TFD_STR("beta"), 1, &found, NULL) == TFD_OK)
        (void)tfd_pe_forwarder_split(arena, found.forwarder, &dll, &name);
    (void)tfd_pe_read_version(reader, arena, pe, &version, NULL);
    (void)tfd_pe_read_manifest(reader, arena, pe, &manifest, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static memory_machine machine;
    static tfd_reader reader, second;
    tfd_arena arena;
    tfd_pe pe;

    memory_init(&machine);
    memory_add(&machine, "/x.dll", data ? data : (const uint8_t *)"", size);
    tfd_arena_init(&arena, (size_t)16 << 20);
    if (tfd_reader_open(&reader, &machine.sys, TFD_STR("/x.dll"), NULL) == TFD_OK &&
        tfd_reader_open(&second, &machine.sys, TFD_STR("/x.dll"), NULL) == TFD_OK &&
        tfd_pe_parse(&reader, &arena, &pe, NULL) == TFD_OK && pe.state == TFD_PE_OK)
        look_at(&reader, &second, &arena, &pe);
    tfd_arena_done(&arena);
    return 0;
}
