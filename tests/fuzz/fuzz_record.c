/* Rows of RECORD, and what is made of their paths. */
#include <stdint.h>
#include <stdlib.h>

#include "packages/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tfd_str rest = {(const char *)data, size};
    char scratch[TFD_RECORD_PATH_MAX];
    uint8_t sha256[32];
    tfd_record_row row;
    tfd_arena arena;

    tfd_arena_init(&arena, (size_t)64 << 20);
    while (tfd_record_next(&rest, scratch, &row)) {
        if (row.path.len > TFD_RECORD_PATH_MAX)
            abort();
        (void)tfd_record_sha256(row.hash, sha256);
        if (tfd_record_is_payload(&row)) {
            /* No row may lead out of the folder. */
            if (row.path.ptr[0] == '/' || tfd_str_starts_z(row.path, "../"))
                abort();
            (void)tfd_record_module(&arena, row.path);
        }
    }
    tfd_arena_done(&arena);
    return 0;
}
