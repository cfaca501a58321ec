#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "render/layout.h"

static void test_width(void **state)
{
    static const struct {
        int line;
        const char *input;
        size_t expected;
    } cases[] = {
        {__LINE__, "", 0},
        {__LINE__, "numpy 2.1.0", 11},
        {__LINE__,
         "Stra\xc3\x9f"
         "e",
         6},
        {__LINE__, "e\xcc\x81", 1},                /* e + combining acute accent */
        {__LINE__, "\xe7\x92\xb0\xe5\xa2\x83", 4}, /* two CJK ideographs */
        {__LINE__, "\xf0\x9f\x98\x80", 2},         /* an emoji */
        {__LINE__, "\xe2\x80\xa6", 1},             /* ellipsis */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (tfd_layout_width(tfd_str_of(cases[i].input)) != cases[i].expected)
            fail_msg("line %d: %u columns", cases[i].line,
                     (unsigned)tfd_layout_width(tfd_str_of(cases[i].input)));
}

static void test_clean(void **state)
{
    static const struct {
        int line;
        const char *input;
        bool ascii;
        const char *expected;
    } cases[] = {
        {__LINE__, "plain", false, "plain"},
        {__LINE__, "a\x1b[31mb", false, "a\\x1b[31mb"},
        {__LINE__, "a\x07\x08\x7f", false, "a\\x07\\x08\\x7f"},
        {__LINE__, "two\nlines\r\n\tthree", false, "two lines three"},
        {__LINE__, "ends here\n", false, "ends here "},
        {__LINE__, "\xff\xfe", false, "\\xff\\xfe"},
        {__LINE__, "\xc0\xaf", false, "\\xc0\\xaf"},          /* overlong '/' */
        {__LINE__, "\xed\xa0\x80", false, "\\xed\\xa0\\x80"}, /* a surrogate */
        {__LINE__,
         "\xc2\x9b"
         "31m",
         false, "\\u{009b}31m"}, /* CSI as one character */
        {__LINE__,
         "\xe2\x80\xae"
         "txt.exe",
         false, "\\u{202e}txt.exe"}, /* right-to-left override */
        {__LINE__,
         "Stra\xc3\x9f"
         "e",
         true,
         "Stra\xc3\x9f"
         "e"},
        {__LINE__, "a\xe2\x80\xa6 \xe2\x80\x9cq\xe2\x80\x9d \xc2\xb7", true, "a... \"q\" |"},
        {__LINE__, "a\xe2\x80\xa6", false, "a\xe2\x80\xa6"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tfd_buf out;

        tfd_buf_init(&out, 4096);
        tfd_layout_clean(&out, tfd_str_of(cases[i].input), cases[i].ascii);
        if (!tfd_str_is(tfd_buf_get(&out), cases[i].expected))
            fail_msg("line %d: '%s'", cases[i].line, out.ptr);
        tfd_buf_done(&out);
    }
}

static void test_wrap(void **state)
{
    static const struct {
        int line;
        const char *input;
        size_t width, indent;
        const char *expected;
    } cases[] = {
        {__LINE__, "", 20, 0, ""},
        {__LINE__, "one two", 20, 0, "one two"},
        {__LINE__, "one two three", 7, 0, "one two\nthree"},
        {__LINE__, "one two three", 9, 2, "one two\n  three"},
        {__LINE__, "  one   two ", 20, 0, "one two"},
        {__LINE__, "a /very/long/path/that/does/not/fit b", 10, 2,
         "a\n  /very/long/path/that/does/not/fit\n  b"},
        {__LINE__, "/very/long/path/that/does/not/fit", 10, 2, "/very/long/path/that/does/not/fit"},
        {__LINE__, "\xe7\x92\xb0\xe5\xa2\x83 ab", 6, 0, "\xe7\x92\xb0\xe5\xa2\x83\nab"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tfd_buf out;

        tfd_buf_init(&out, 4096);
        tfd_layout_wrap(&out, tfd_str_of(cases[i].input), cases[i].width, cases[i].indent);
        if (!tfd_str_is(tfd_buf_get(&out), cases[i].expected))
            fail_msg("line %d: '%s'", cases[i].line, out.ptr);
        tfd_buf_done(&out);
    }
}

static void test_rows(void **state)
{
    (void)state;
    assert_int_equal(0, tfd_layout_rows(TFD_STR(""), 10));
    assert_int_equal(2, tfd_layout_rows(TFD_STR("a\nb\n"), 10));
    assert_int_equal(1, tfd_layout_rows(TFD_STR("0123456789\n"), 10));
    assert_int_equal(2, tfd_layout_rows(TFD_STR("0123456789a\n"), 10));
    assert_int_equal(2, tfd_layout_rows(TFD_STR("\nb"), 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
