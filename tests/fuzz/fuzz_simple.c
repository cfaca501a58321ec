/* Pages of an index, JSON and HTML. */
#include "net/simple.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tfd_str page = {(const char *)data, size}, url = TFD_STR("https://index.invalid/simple/tensorflow/");
    tfd_index_project json = {.key = TFD_STR("tensorflow")}, html = {.key = TFD_STR("tensorflow")};
    tfd_arena arena;

    tfd_arena_init(&arena, (size_t)64 << 20);
    (void)tfd_simple_read_json(&arena, page, url, 0, &json, NULL);
    (void)tfd_simple_read_html(&arena, page, url, 0, &html, NULL);
    tfd_arena_done(&arena);
    return 0;
}
