/* Replays a corpus through a fuzz target under any compiler: every file of the folders given is one input, so
 * a past crash is an ordinary regression test. */
#include <stdio.h>

#include "sys/sys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX ((size_t)4 << 20)

static int replay_file(const tfd_sys *sys, tfd_str path)
{
    tfd_arena arena;
    tfd_str text;
    int count = 0;

    tfd_arena_init(&arena, 0);
    if (tfd_sys_read_file(sys, &arena, path, INPUT_MAX, &text, NULL) == TFD_OK) { /* not a folder */
        (void)LLVMFuzzerTestOneInput((const uint8_t *)text.ptr, text.len);
        count = 1;
    }
    tfd_arena_done(&arena);
    return count;
}

static int replay_folder(const tfd_sys *sys, const char *folder)
{
    tfd_arena arena;
    tfd_dirents list;
    int count = 0;

    tfd_arena_init(&arena, 0);
    if (sys->list(sys, &arena, tfd_str_of(folder), &list, NULL) == TFD_OK)
        for (size_t i = 0; i < list.count; i++)
            if (list.items[i].name.ptr[0] != '.')
                count += replay_file(
                    sys, tfd_path_join(sys->style, &arena, tfd_str_of(folder), list.items[i].name));
    tfd_arena_done(&arena);
    return count;
}

int main(int argc, char **argv)
{
    tfd_sys *sys;
    int count = 0;

    if (tfd_sys_native_new(&sys, NULL) != TFD_OK)
        return 1;
    for (int i = 1; i < argc; i++)
        count += replay_folder(sys, argv[i]);
    tfd_sys_native_free(sys);
    printf("%d inputs replayed\n", count);
    if (count == 0) {
        fprintf(stderr, "no corpus found: nothing was tested\n");
        return 1;
    }
    return 0;
}
