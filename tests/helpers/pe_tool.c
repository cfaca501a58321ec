/* Prints what the PE reader says of files, for comparison with other readers.
 *
 *   pe_tool < LIST      LIST: paths, one a line
 *
 * Lines, fields separated by tabs: "file", path, state, machine, bits, characteristics, dll characteristics,
 * subsystem, linker version, why; "import" or "delayed", DLL; below it "symbol", name or #ordinal; "export",
 * ordinal, name, forwarder or "-"; "version", text, original name; "assembly", name, version; "certificate",
 * bytes. */
#include <stdio.h>
#include <string.h>

#include "formats/pe.h"

static bool print_symbol(void *ctx, const tfd_pe_symbol *symbol)
{
    (void)ctx;
    if (symbol->by_ordinal)
        printf("symbol\t#%lu\n", (unsigned long)symbol->ordinal);
    else
        printf("symbol\t%.*s\n", TFD_ARG(symbol->name));
    return true;
}

static void print_imports(tfd_reader *reader, const tfd_pe *pe)
{
    for (size_t i = 0; i < pe->import_count; i++) {
        printf("%s\t%.*s\n", pe->imports[i].is_delayed ? "delayed" : "import", TFD_ARG(pe->imports[i].dll));
        if (tfd_pe_each_symbol(reader, pe, &pe->imports[i], print_symbol, NULL, NULL) != TFD_OK)
            printf("symbol\t(cannot be read)\n");
    }
}

/* Each name is looked up as a module's import would be, from a wrong place in the table. */
static void print_exports(tfd_reader *reader, tfd_arena *arena, const tfd_pe *pe)
{
    for (uint32_t i = 0; i < pe->exports.name_count; i++) {
        tfd_pe_export found;
        tfd_str name;
        tfd_status st;

        if (!tfd_pe_name_at(reader, pe, i, &name))
            continue;
        name = tfd_arena_str(arena, name);
        st = tfd_pe_export_find(reader, pe, name, i * 7u % pe->exports.name_count, &found, NULL);
        printf("export\t%lu\t%.*s\t%.*s\n", st == TFD_OK ? (unsigned long)found.ordinal : 0ul, TFD_ARG(name),
               TFD_ARG(found.forwarder.len ? found.forwarder : TFD_STR("-")));
    }
}

static void print_rest(tfd_reader *reader, tfd_arena *arena, const tfd_pe *pe)
{
    tfd_pe_version version;
    tfd_pe_manifest manifest;

    if (tfd_pe_read_version(reader, arena, pe, &version, NULL) == TFD_OK && version.is_present)
        printf("version\t%.*s\t%.*s\n", TFD_ARG(version.text), TFD_ARG(version.original_name));
    if (tfd_pe_read_manifest(reader, arena, pe, &manifest, NULL) == TFD_OK)
        for (size_t i = 0; i < manifest.count; i++)
            printf("assembly\t%.*s\t%.*s\n", TFD_ARG(manifest.items[i].name),
                   TFD_ARG(manifest.items[i].version));
    if (pe->has_certificate)
        printf("certificate\t%lu\n", (unsigned long)pe->certificate_size);
}

static void print_file(const tfd_sys *sys, tfd_str path)
{
    static tfd_reader reader;
    tfd_arena arena;
    tfd_err err;
    tfd_pe pe;

    if (tfd_reader_open(&reader, sys, path, &err) != TFD_OK) {
        printf("file\t%.*s\t-1\n", TFD_ARG(path));
        return;
    }
    tfd_arena_init(&arena, 0);
    if (tfd_pe_parse(&reader, &arena, &pe, &err) == TFD_OK) {
        printf("file\t%.*s\t%d\t%x\t%d\t%x\t%x\t%u\t%u.%u\t%.*s\n", TFD_ARG(path), (int)pe.state, pe.machine,
               pe.bits, pe.characteristics, pe.dll_characteristics, pe.subsystem, pe.linker[0], pe.linker[1],
               TFD_ARG(pe.why));
        if (pe.state == TFD_PE_OK) {
            print_imports(&reader, &pe);
            print_exports(&reader, &arena, &pe);
            print_rest(&reader, &arena, &pe);
        }
    }
    tfd_reader_close(&reader);
    tfd_arena_done(&arena);
}

int main(void)
{
    static char line[8192];
    tfd_sys *sys = NULL;

    if (tfd_sys_native_new(&sys, NULL) != TFD_OK)
        return 2;
    while (fgets(line, sizeof line, stdin))
        print_file(sys, tfd_str_trim(tfd_str_of(line)));
    tfd_sys_native_free(sys);
    return 0;
}
