/* .pth files, code of sitecustomize, editable finders, settings of editors and kernels: the bytes are each in
 * turn. */
#include <stdint.h>
#include <string.h>

#include "python/discover.h"
#include "python/editable.h"
#include "python/pth.h"
#include "python/pycode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tfd_str text = {(const char *)data, size}, rest = text, line;
    tfd_pycode_names names = {TFD_STR_INIT("/site"), TFD_STR_INIT("/f.py"), TFD_STR_INIT("/usr"),
                              TFD_STR_INIT("/home"), NULL};
    tfd_effects effects;
    tfd_editable editable;
    tfd_pth_kind kind;
    tfd_arena arena;

    memset(&effects, 0, sizeof effects);
    tfd_arena_init(&arena, (size_t)16 << 20);
    for (size_t number = 1; tfd_pth_take(&rest, &kind, &line); number++)
        if (kind == TFD_PTH_CODE)
            (void)tfd_pycode_line(&arena, line, number, &names, &effects);
    (void)tfd_pth_undecodable(text, TFD_PTH_UTF8, 0);
    (void)tfd_pth_undecodable(text, TFD_PTH_PAGE, 1252);
    (void)tfd_pth_undecodable(text, TFD_PTH_PAGE, 932);
    (void)tfd_pycode_module(&arena, text, &names, &effects);
    (void)tfd_editable_parse(&arena, text, &editable);
    (void)tfd_discover_vscode(&arena, text);
    (void)tfd_discover_kernel(&arena, text);
    tfd_arena_done(&arena);
    return 0;
}
