/* Header lines, requires.txt, direct_url.json, names of folders: the bytes are each of them in turn. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/distinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tfd_str text = {(const char *)data, size};
    tfd_headers headers = {text, 0};
    tfd_egg_requires egg;
    tfd_arena arena;
    tfd_header header;
    tfd_str name, version, out;
    size_t last = 0;
    size_t line = 0;

    while (tfd_header_next(&headers, &header)) {
        if (header.line <= last || header.value.len > size)
            abort();
        last = header.line;
    }
    (void)tfd_headers_end(text);
    (void)tfd_info_split(text, &name, &version);
    tfd_arena_init(&arena, (size_t)16 << 20);
    memset(&egg, 0, sizeof egg);
    egg.rest = text;
    while (tfd_egg_requires_next(&arena, &egg, &out, &line))
        continue;
    (void)tfd_direct_url_editable(&arena, text, &out);
    (void)tfd_file_url_path(&arena, text);
    tfd_arena_done(&arena);
    return 0;
}
