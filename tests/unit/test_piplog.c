/* pip's log. The texts are shortened from what pip 20.0, 21.3, 23.2 and 25.0 wrote under a limit of the
 * address space, when they were killed, and in a small TMPDIR. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after them */
#include <cmocka.h>

#include "formats/piplog.h"

#define T "2026-11-23T10:14:10,752 "
#define START T "Using pip 21.3.1 from /env/lib/python3.8/site-packages/pip (python 3.8)\n"
#define WHEEL T "  Downloading https://index.example/t.whl (214.5 MB)\n"
#define BAR "     ------ 104.9/214.5 MB 405.5 MB/s eta 0:00:01\n"
#define FRAME T "  File \"/old/lib/python3.6/site-packages/pip/_internal/cli/base_command.py\", line 164\n"

static void test_ends(void **state)
{
    static const struct {
        const char *text;
        tfd_pip_end end;
        size_t number;
        const char *pip, *line;
        int row;
    } rows[] = {
        {"", TFD_PIP_END_OTHER, 0, "", "", __LINE__},
        {"MemoryError\n", TFD_PIP_END_OTHER, 0, "", "", __LINE__},
        {START WHEEL BAR T "ERROR: Exception:\n" T "MemoryError\n" T "Removed build tracker: '/tmp/x'\n",
         TFD_PIP_END_MEMORY, 5, "/env/lib/python3.8/site-packages/pip", "MemoryError", __LINE__},
        {FRAME T "MemoryError\n", TFD_PIP_END_MEMORY, 2,
         "/old/lib/python3.6/site-packages/pip/_internal/cli/base_command.py", "MemoryError", __LINE__},
        {START T "MemoryError\n" START T "Successfully installed tensorflow-2.20.0\n", TFD_PIP_END_OTHER, 0,
         "/env/lib/python3.8/site-packages/pip", "", __LINE__},
        {START T "MemoryError\n" T "Successfully installed tensorflow-2.20.0\n", TFD_PIP_END_OTHER, 0,
         "/env/lib/python3.8/site-packages/pip", "", __LINE__},
        {START T "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
         TFD_PIP_END_SPACE, 2, "/env/lib/python3.8/site-packages/pip",
         "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", __LINE__},
        {START WHEEL BAR, TFD_PIP_END_DOWNLOADING, 2, "/env/lib/python3.8/site-packages/pip",
         "Downloading https://index.example/t.whl (214.5 MB)", __LINE__},
        {START WHEEL BAR T "ERROR: Operation cancelled by user\n", TFD_PIP_END_OTHER, 0,
         "/env/lib/python3.8/site-packages/pip", "", __LINE__},
        {START WHEEL WHEEL, TFD_PIP_END_DOWNLOADING, 3, "/env/lib/python3.8/site-packages/pip",
         "Downloading https://index.example/t.whl (214.5 MB)", __LINE__},
        {"2026-11-23T10:14:10,75", TFD_PIP_END_OTHER, 0, "", "", __LINE__},
        {T "Using pip 21.3.1", TFD_PIP_END_OTHER, 0, "", "", __LINE__},
        {T "  File \"", TFD_PIP_END_OTHER, 0, "", "", __LINE__},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tfd_pip_log got;

        tfd_pip_log_parse(tfd_str_of(rows[i].text), &got);
        if (got.end != rows[i].end || got.line != rows[i].number || !tfd_str_is(got.pip, rows[i].pip) ||
            !tfd_str_is(got.text, rows[i].line))
            fail_msg("line %d: end %d, line %zu, '%.*s', '%.*s'", rows[i].row, got.end, got.line,
                     TFD_ARG(got.pip), TFD_ARG(got.text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ends)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
