/* ld.so.cache, and a few names looked up in it. */
#include "loader/ldcache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const tfd_str names[] = {TFD_STR_INIT("libc.so.6"), TFD_STR_INIT("libz.so.1"), TFD_STR_INIT("")};
    static const tfd_str caps[] = {TFD_STR_INIT("x86-64-v3"), TFD_STR_INIT("x86-64-v2")};
    tfd_arena arena;
    tfd_ldcache cache;

    tfd_arena_init(&arena, (size_t)8 << 20);
    if (tfd_ldcache_parse(&arena, (tfd_str){(const char *)data, size}, &cache, NULL) == TFD_OK)
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            (void)tfd_ldcache_find(&cache, names[i], TFD_LDCACHE_X86_64, caps, 2);
    tfd_arena_done(&arena);
    return 0;
}
