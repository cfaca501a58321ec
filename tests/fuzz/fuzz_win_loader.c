/* The model of Windows' loader on a process whose extension module, and a DLL beside it, are the input:
 * imports of itself and of others, forwarders in circles, tables that lie. */
#include "loader/win_loader.h"
#include "../helpers/memory_machine.h"
#include "../helpers/mkpe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MODULE "C:\\py\\m.pyd"

static void run(memory_machine *machine, tfd_arena *arena)
{
    static tfd_win_loader loader;
    tfd_win_settings settings = {.check_symbols = true, .path = TFD_STR("C:\\Windows;C:\\py")};
    size_t file;
    bool ok;
    tfd_status st = tfd_win_init(&loader, &machine->sys, arena, arena, &settings, NULL);

    if (st == TFD_OK)
        st = tfd_win_start(&loader, TFD_STR("C:\\py\\python.exe"), &ok, NULL);
    if (st == TFD_OK)
        st = tfd_win_open(&loader, TFD_STR(MODULE), TFD_WIN_FLAGS, TFD_STR(""), &file, &ok, NULL);
    if (st == TFD_OK)
        st = tfd_win_open_name(&loader, TFD_STR("other"), TFD_WIN_STANDARD, TFD_STR(""), &file, &ok, NULL);
    if (st == TFD_OK)
        (void)tfd_win_open(&loader, TFD_STR("C:\\py\\a.dll"), TFD_WIN_ALTERED, TFD_STR(""), &file, &ok, NULL);
    tfd_win_done(&loader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static memory_machine machine;
    static mkpe_out program;
    static const char *const names[] = {MODULE, "C:\\py\\other.dll", "C:\\py\\x.dll", "C:\\py\\a.dll",
                                        "C:\\py\\self.dll"};
    mkpe spec = {.is_program = true, .imports = {"other.dll:alpha"}};
    tfd_arena arena;

    mkpe_build(&spec, &program);
    memory_init_windows(&machine);
    memory_add_dir(&machine, "C:\\py");
    memory_add_dir(&machine, "C:\\Windows");
    memory_add(&machine, "C:\\py\\python.exe", program.bytes, program.len);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        memory_add(&machine, names[i], data ? data : (const uint8_t *)"", size);
    tfd_arena_init(&arena, (size_t)64 << 20);
    run(&machine, &arena);
    tfd_arena_done(&arena);
    return 0;
}
