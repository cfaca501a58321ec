#include <stddef.h>
#include <stdint.h>

#include "core/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tfd_import import = {0};
    tfd_arena arena;

    tfd_arena_init(&arena, (size_t)16 << 20);
    (void)tfd_import_read(&arena, (tfd_str){(const char *)data, size}, &import);
    tfd_arena_done(&arena);
    return 0;
}
