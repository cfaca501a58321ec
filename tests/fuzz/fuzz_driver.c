/* What the helper child and build_info.py say: no input may crash them, and no number leave its range. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/driver.h"
#include "probes/cuda_build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tfd_str text = {(const char *)data, size};
    tfd_driver_answer answer;
    tfd_gpu_build build = {0};
    tfd_arena arena;

    tfd_arena_init(&arena, (size_t)16 << 20);
    if (tfd_driver_read(&arena, text, &answer) == TFD_OK && answer.devices.count > 256)
        abort();
    if (tfd_cuda_build_parse(&arena, text, &build) == TFD_OK && build.kernels.count > 64)
        abort();
    tfd_arena_done(&arena);
    return 0;
}
