#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf16.h"
#include "sys/arguments.h"

/* Arguments with '|' between them. The first lines are those of "Parsing C command-line arguments". */
static void test_split(void **state)
{
    static const struct {
        int line;
        const char *in, *expected;
    } table[] = {
        {__LINE__, "x \"abc\" d e", "x|abc|d|e"},
        {__LINE__, "x a\\\\b d\"e f\"g h", "x|a\\\\b|de fg|h"},
        {__LINE__, "x a\\\\\\\"b c d", "x|a\\\"b|c|d"},
        {__LINE__, "x a\\\\\\\\\"b c\" d e", "x|a\\\\b c|d|e"},
        {__LINE__, "x a\"b\"\" c d", "x|ab\" c d"},
        {__LINE__, "\"C:\\Program Files\\x.exe\" -v", "C:\\Program Files\\x.exe|-v"},
        {__LINE__, "\"C:\\dir\\\" a", "C:\\dir\\|a"},
        {__LINE__, "C:\\x.exe", "C:\\x.exe"},
        {__LINE__, "x \t a  ", "x|a"},
        {__LINE__, "x \"\" \"a", "x||a"},
        {__LINE__, "x \"C:\\dir\\\\\" --json", "x|C:\\dir\\|--json"},
        {__LINE__, "", ""},
    };
    tfd_arena arena;

    (void)state;
    tfd_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int argc;
        const char **argv = tfd_arguments_split(&arena, tfd_str_of(table[i].in), &argc);
        tfd_buf joined;

        assert_non_null(argv);
        assert_null(argv[argc]);
        tfd_buf_init(&joined, 1000);
        tfd_buf_z(&joined, "");
        for (int k = 0; k < argc; k++) {
            tfd_buf_z(&joined, k ? "|" : "");
            tfd_buf_z(&joined, argv[k]);
        }
        if (!tfd_str_is(tfd_buf_get(&joined), table[i].expected))
            fail_msg("line %d: %s", table[i].line, joined.ptr);
        tfd_buf_done(&joined);
    }
    tfd_arena_done(&arena);
}

static void test_round_trip(void **state)
{
    static const char *const words[] = {"plain",   "",          "two words",   "a\"b",       "\"",
                                        "C:\\x\\", "C:\\x y\\", "\\\\\"\\\\ ", "a\\\\b c\\", "tab\there"};
    size_t count = sizeof words / sizeof words[0];
    tfd_arena arena;
    tfd_buf line;
    const char **argv;
    int argc;

    (void)state;
    tfd_arena_init(&arena, 0);
    tfd_buf_init(&line, 4096);
    tfd_arguments_add(&line, TFD_STR("C:\\Program Files\\x.exe"));
    for (size_t i = 0; i < count; i++)
        tfd_arguments_add(&line, tfd_str_of(words[i]));
    argv = tfd_arguments_split(&arena, tfd_buf_get(&line), &argc);
    assert_non_null(argv);
    assert_int_equal(argc, count + 1);
    assert_string_equal(argv[0], "C:\\Program Files\\x.exe");
    for (size_t i = 0; i < count; i++)
        assert_string_equal(argv[i + 1], words[i]);
    tfd_buf_done(&line);
    tfd_arena_done(&arena);
}

static void test_utf16(void **state)
{
    static const uint16_t units[] = {'a', 0xE9, 0x20AC, 0xD83D, 0xDE00, 0xD800, 'b', 0xDFFF, 0, 0xFFFF};
    static const char expected[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xED\xA0\x80"
                                   "b\xED\xBF\xBF\0\xEF\xBF\xBF";
    size_t n = sizeof units / sizeof units[0];
    char text[sizeof units / sizeof units[0] * TFD_UTF16_BYTES];
    uint16_t back[sizeof text];
    size_t len = tfd_utf16_to_utf8(units, n, text);

    (void)state;
    assert_int_equal(len, sizeof expected - 1);
    assert_memory_equal(text, expected, len);
    assert_int_equal(tfd_utf16_from_utf8((tfd_str){text, len}, back), n);
    assert_memory_equal(back, units, sizeof units);
    /* Latin-1, a cut character, an overlong one. */
    assert_int_equal(tfd_utf16_from_utf8(TFD_STR("\xE9|\xE2\x82|\xC0\x80"), back), 7);
    assert_int_equal(back[0], 0xFFFD);
    assert_int_equal(back[1], '|');
    assert_int_equal(tfd_utf16_from_utf8(TFD_STR("\xED\xA0"), back), 2);
    assert_int_equal(tfd_utf16_from_utf8(TFD_STR(""), back), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_utf16),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
