/* TOML, value by value. Expected: what CPython 3.11's tomllib reads, flattened; "!" where it refuses the
 * text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* after them */
#include <cmocka.h>

#include "formats/toml.h"

static const struct {
    const char *text, *expected; /* key=value/table, separated by blanks; strings in quotes */
    int line;
} rows[] = {
    {"", "", __LINE__},
    {"a = 1\nb = true # c\n", "a=1/0 b=true/0", __LINE__},
    {"a = \"x\"\r\nb = 'y\\'\n", "a=\"x\"/0 b=\"y\\\"/0", __LINE__},
    {"a = \"\\\"\\\\\"", "a=\"\"\\\"/0", __LINE__},
    {"[t]\na.b = 'x'\n[t.u]\nc='y'", "t.a.b=\"x\"/1 t.u.c=\"y\"/2", __LINE__},
    {"[ t . \"u v\" ]\n'a'=1", "t.u v.a=1/1", __LINE__},
    {"a = [\n 'x', # one\n 'y',\n]\nb=2", "a=\"x\"/0 a=\"y\"/0 b=2/0", __LINE__},
    {"a = []\nb = [[1,2],[3]]", "b=1/0 b=2/0 b=3/0", __LINE__},
    {"[[i]]\nu='a'\n[[i]]\nu='b'\nd=true", "i.u=\"a\"/1 i.u=\"b\"/2 i.d=true/2", __LINE__},
    {"i = [{u='a', d=true}, {u='b'}]\nx=1", "i.u=\"a\"/1 i.d=true/1 i.u=\"b\"/2 x=1/2", __LINE__},
    {"a = \"\"\"x\ny\"\"\"\nb='''\"'''", "a=\"x\ny\"/0 b=\"\"\"/0", __LINE__},
    {"a = \"\"\nb=''", "a=\"\"/0 b=\"\"/0", __LINE__},
    {"a = 'x", "!", __LINE__},
    {"a = 1\nb", "a=1/0 !", __LINE__},
    {"= 1", "!", __LINE__},
    {"[t\na=1", "!", __LINE__},
    {"a = \"x\ny\"", "!", __LINE__},
    {"a =\n", "!", __LINE__},
};

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tfd_arena arena;
        tfd_toml in = {.rest = tfd_str_of(rows[i].text), .arena = &arena};
        tfd_toml_value value;
        char got[512] = "";
        size_t n = 0, length = strlen(rows[i].expected);
        bool is_refused = length > 0 && rows[i].expected[length - 1] == '!';

        tfd_arena_init(&arena, 0);
        while (tfd_toml_next(&in, &value))
            n += (size_t)snprintf(got + n, sizeof got - n, "%s%.*s=%s%.*s%s/%u", n > 0 ? " " : "",
                                  TFD_ARG(value.key), value.is_string ? "\"" : "", TFD_ARG(value.text),
                                  value.is_string ? "\"" : "", value.table);
        if (is_refused)
            length -= length > 1 ? 2 : 1; /* what comes before is read */
        if (n != length || memcmp(got, rows[i].expected, length) != 0)
            fail_msg("line %d: %s", rows[i].line, got);
        tfd_arena_done(&arena);
    }
}

/* Brackets without end are counted, keys without end are cut off. */
static void test_limits(void **state)
{
    char text[2000];
    tfd_arena arena;
    tfd_toml_value value;

    (void)state;
    tfd_arena_init(&arena, 0);
    for (int i = 0; i < 2; i++) {
        tfd_toml in = {.rest = {text, sizeof text}, .arena = &arena};

        memset(text, i == 0 ? '[' : 'k', sizeof text);
        memcpy(text, "a=", 2);
        if (i == 1)
            text[0] = text[1] = 'k';
        assert_false(tfd_toml_next(&in, &value));
        assert_false(tfd_toml_next(&in, &value));
    }
    tfd_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_limits)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
