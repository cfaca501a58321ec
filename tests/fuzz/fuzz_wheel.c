/* The end of a wheel, its directory, its members. */
#include "net/wheelfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tfd_str bytes = {(const char *)data, size}, text;
    tfd_wheel_member member;
    uint64_t offset, length;
    tfd_arena arena;

    tfd_arena_init(&arena, (size_t)16 << 20);
    if (tfd_wheel_directory(bytes, size, &offset, &length, NULL) == TFD_OK && offset <= size)
        (void)tfd_wheel_find(tfd_str_from(bytes, (size_t)offset), TFD_STR(""), &member);
    if (tfd_wheel_find(bytes, TFD_STR(""), &member) == TFD_OK && member.offset <= size)
        (void)tfd_wheel_unpack(&arena, &member, tfd_str_from(bytes, (size_t)member.offset), 1 << 16, &text,
                               NULL);
    tfd_arena_done(&arena);
    return 0;
}
