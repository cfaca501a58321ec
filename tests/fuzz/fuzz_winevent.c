/* Records of the event log: what they name, compared with a path of their own. */
#include <stdint.h>

#include "formats/winevent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tfd_str text = {(const char *)data, size};
    tfd_winevent event;
    tfd_arena arena;

    tfd_arena_init(&arena, (size_t)16 << 20);
    if (tfd_winevent_parse(&arena, text, &event, NULL) == TFD_OK)
        for (size_t i = 0; i < event.file_count; i++)
            (void)tfd_winevent_is(event.files[i], TFD_STR("C:\\Python312\\python.exe"));
    tfd_arena_done(&arena);
    return 0;
}
