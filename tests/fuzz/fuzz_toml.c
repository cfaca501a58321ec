/* Settings in TOML. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tfd_arena arena;
    tfd_toml in = {.rest = {(const char *)data, size}, .arena = &arena};
    tfd_toml_value value;
    size_t count = 0;

    tfd_arena_init(&arena, (size_t)64 << 20);
    while (tfd_toml_next(&in, &value))
        if (++count > size || value.key.len > TFD_TOML_KEY_MAX || in.depth > TFD_TOML_DEPTH)
            abort();
    tfd_arena_done(&arena);
    return 0;
}
