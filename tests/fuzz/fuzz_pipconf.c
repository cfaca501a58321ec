/* pip.conf, the source that holds pip's own address, URLs. */
#include "net/settings.h"
#include "net/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tfd_str bytes = {(const char *)data, size}, key, value;
    tfd_arena arena;
    tfd_ini ini = {.rest = bytes, .arena = &arena};

    tfd_arena_init(&arena, (size_t)64 << 20);
    for (int i = 0; i < 1000 && tfd_ini_next(&ini, &key, &value); i++) {
        (void)tfd_url_join(&arena, TFD_STR("https://index.invalid/a/b/"), value);
        (void)tfd_url_plain(&arena, value);
        (void)tfd_url_decode(&arena, value);
    }
    (void)tfd_net_pip_default(&arena, bytes);
    tfd_arena_done(&arena);
    return 0;
}
