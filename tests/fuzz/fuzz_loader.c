/* A process whose one library is the input: its search paths are expanded, its needs followed, its versions
 * and symbols bound; the input stands in for ld.so (default folders), ld.so.cache and ld.so.preload too. */
#include "loader/loader.h"
#include "../helpers/memory_machine.h"
#include "../helpers/mkelf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static memory_machine machine;
    static mkelf_out program, helper;
    static tfd_loader loader;
    static const mkelf spec = {
        .interp = "/lib/ld.so", .needed = {"liba.so", "libb.so"}, .rpath = "/lib", .exports = {"f"}};
    static const mkelf helper_spec = {.soname = "libb.so", .defs = {"B_1"}, .exports = {"g@@B_1"}};
    tfd_loader_settings settings = {.cwd = TFD_STR("/"), .check_symbols = true};
    const void *bytes = data ? data : (const uint8_t *)"";
    tfd_arena arena;
    size_t file;
    bool ok;

    mkelf_build(&spec, &program);
    mkelf_build(&helper_spec, &helper);
    memory_init(&machine);
    memory_add_dir(&machine, "/lib");
    memory_add(&machine, "/prog", program.bytes, program.len);
    memory_add(&machine, "/lib/liba.so", bytes, size);
    memory_add(&machine, "/lib/libb.so", helper.bytes, helper.len);
    memory_add(&machine, "/lib/ld.so", bytes, size);
    memory_add(&machine, "/etc/ld.so.cache", bytes, size);
    memory_add(&machine, "/etc/ld.so.preload", bytes, size < 4096 ? size : 4096);
    memory_add(&machine, "/m.so", bytes, size);
    tfd_arena_init(&arena, (size_t)64 << 20);
    if (tfd_loader_init(&loader, &machine.sys, &arena, &arena, &settings, NULL) == TFD_OK &&
        tfd_loader_start(&loader, TFD_STR("/prog"), &ok, NULL) == TFD_OK && loader.program != TFD_NONE)
        (void)tfd_loader_open(&loader, TFD_STR("/m.so"), true, &file, &ok, NULL);
    tfd_arena_done(&arena);
    return 0;
}
