/* Parts of the index client that ask nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after them */
#include <cmocka.h>

#include "net/fetch.h"
#include "net/simple.h"
#include "net/url.h"
#include "net/wheelfile.h"

static tfd_arena arena;

static int set_up(void **state)
{
    (void)state;
    tfd_arena_init(&arena, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tfd_arena_done(&arena);
    return 0;
}

static void expect_text(int line, tfd_str got, const char *expected)
{
    if (!tfd_str_is(got, expected))
        fail_msg("line %d: '%.*s', not '%s'", line, TFD_ARG(got), expected);
}

static void test_join(void **state)
{
    static const struct {
        int line;
        const char *base, *reference, *expected;
    } rows[] = {
        {__LINE__, "https://h/simple/x/", "../../packages/a.whl#sha256=0", "https://h/packages/a.whl"},
        {__LINE__, "https://h/simple/x/", "/a/./b/../c.whl", "https://h/a/c.whl"},
        {__LINE__, "https://u:p@h:8/simple/x/", "a.whl", "https://u:p@h:8/simple/x/a.whl"},
        {__LINE__, "https://h/simple/x", "a.whl?b=..", "https://h/simple/a.whl?b=.."},
        {__LINE__, "https://h", "a.whl", "https://h/a.whl"},
        {__LINE__, "https://h/x", "//other/a.whl", "https://other/a.whl"},
        {__LINE__, "https://h/x", "http://other/a.whl", "http://other/a.whl"},
        {__LINE__, "https://h/a/", "../../../../b", "https://h/b"},
        {__LINE__, "https://h/a/", "b c", ""},
        {__LINE__, "nothing", "b", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_text(rows[i].line,
                    tfd_url_join(&arena, tfd_str_of(rows[i].base), tfd_str_of(rows[i].reference)),
                    rows[i].expected);
}

static void test_plain(void **state)
{
    static const struct {
        int line;
        const char *url, *expected;
    } rows[] = {
        {__LINE__, "https://me:pa55@h:8080/simple?token=x#y", "https://h:8080/simple"},
        {__LINE__, "https://token@h/simple", "https://h/simple"},
        {__LINE__, "http://[::1]:8/x", "http://[::1]:8/x"},
        {__LINE__, "https://me:pa 55@h/simple", "h/simple"},
        {__LINE__, "me:pa55@h", "h"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_text(rows[i].line, tfd_url_plain(&arena, tfd_str_of(rows[i].url)), rows[i].expected);
}

static void test_time(void **state)
{
    (void)state;
    assert_int_equal(1795387826, tfd_net_time(TFD_STR("Sun, 22 Nov 2026 22:50:26 GMT")));
    assert_int_equal(1795387826, tfd_net_time(TFD_STR("Nov 22 22:50:26 2026 GMT")));
    assert_int_equal(951782400, tfd_net_time(TFD_STR("Feb 29 00:00:00 2000 GMT")));
    assert_int_equal(1609459200, tfd_net_time(TFD_STR("Jan  1 00:00:00 2021 GMT")));
    assert_int_equal(0, tfd_net_time(TFD_STR("yesterday")));
    assert_int_equal(0, tfd_net_time(TFD_STR("")));
}

static void test_names(void **state)
{
    static const struct {
        int line;
        const char *key, *name;
        tfd_index_form form;
        const char *version, *tags;
    } rows[] = {
        {__LINE__, "tensorflow", "tensorflow-2.15.0-cp311-cp311-win_amd64.whl", TFD_INDEX_WHEEL, "2.15.0",
         "cp311-cp311-win_amd64"},
        {__LINE__, "tf-keras", "tf_keras-2.15.0-1-py3-none-any.whl", TFD_INDEX_WHEEL, "2.15.0",
         "py3-none-any"},
        {__LINE__, "tensorflow", "tensorflow_cpu-2.15.0-cp311-cp311-win_amd64.whl", TFD_INDEX_OTHER, "", ""},
        {__LINE__, "tf-keras", "tf-keras-2.15.0.tar.gz", TFD_INDEX_SDIST, "2.15.0", ""},
        {__LINE__, "tf-keras", "tf_keras-2.15.0.zip", TFD_INDEX_SDIST, "2.15.0", ""},
        {__LINE__, "tensorflow", "tensorflow-2.15.0.whl", TFD_INDEX_OTHER, "", ""},
        {__LINE__, "tensorflow", ".whl", TFD_INDEX_OTHER, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tfd_index_file file = {.name = tfd_str_of(rows[i].name)};

        tfd_simple_read_name(&arena, tfd_str_of(rows[i].key), &file);
        if (file.form != rows[i].form)
            fail_msg("line %d: form %d", rows[i].line, (int)file.form);
        expect_text(rows[i].line, file.version, rows[i].version);
        expect_text(rows[i].line, file.tags, rows[i].tags);
    }
}

static void test_ini(void **state)
{
    tfd_ini ini = {.rest = TFD_STR("# x\n[global]\nIndex_URL = a\n  b\n# y\n c\n[install]\nno-index: yes\n")};
    tfd_str key, value;

    (void)state;
    assert_true(tfd_ini_next(&ini, &key, &value));
    expect_text(__LINE__, ini.section, "global");
    expect_text(__LINE__, key, "Index_URL");
    assert_true(tfd_str_starts_z(value, "a\n  b"));
    assert_true(tfd_ini_next(&ini, &key, &value));
    expect_text(__LINE__, ini.section, "install");
    expect_text(__LINE__, value, "yes");
    assert_false(tfd_ini_next(&ini, &key, &value));
}

/* Each as CPython 3.11's configparser.RawConfigParser takes it. */
static void test_ini_refused(void **state)
{
    static const struct {
        const char *text;
        size_t refused;
        int line;
    } rows[] = {
        {"index-url = x\n", 1, __LINE__},
        {"[global]\na = 1\na = 2\n", 3, __LINE__},
        {"[global]\na = 1\n# x\nA = 2\n", 4, __LINE__},
        {"[global]\na = 1\n[install]\na = 1\n", 0, __LINE__},
        {"[global]\na = 1\n[global]\nb = 1\n", 3, __LINE__},
        {"[global]\na_b = 1\na-b = 1\n", 0, __LINE__},
        {"[DEFAULT]\na = 1\n[DEFAULT]\nb = 1\n", 0, __LINE__},
        {"\xEF\xBB\xBF[global]\na = 1\n", 1, __LINE__},
        {"[global]\nword\n", 2, __LINE__},
        {"[global\na = 1\n", 1, __LINE__},
        {"[global] x\na = 1\n", 0, __LINE__},
        {"[global]\n= 1\n", 2, __LINE__},
        {"[]\na = 1\n", 1, __LINE__},
        {"", 0, __LINE__},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tfd_arena names;
        tfd_ini ini = {.rest = tfd_str_of(rows[i].text), .arena = &names};
        tfd_str key, value;

        tfd_arena_init(&names, 0);
        while (tfd_ini_next(&ini, &key, &value))
            ;
        if (ini.refused != rows[i].refused)
            fail_msg("line %d: refused at %zu", rows[i].line, ini.refused);
        tfd_arena_done(&names);
    }
}

static void test_default(void **state)
{
    (void)state;
    expect_text(
        __LINE__,
        tfd_net_pip_default(&arena, TFD_STR("x\nPyPI = PackageIndex(\"https://index.invalid/\", a=\"b\")\n")),
        "https://index.invalid/simple");
    expect_text(__LINE__, tfd_net_pip_default(&arena, TFD_STR("PyPI = None\n")), "");
    expect_text(__LINE__, tfd_net_pip_default(&arena, TFD_STR("\nPyPI = PackageIndex(url)\n")), "");
}

/* "aaaaaaaaaaaaaaaaaaaab", deflated with fixed codes behind a local header; one thing altered per line. */
static void test_unpack(void **state)
{
    static const char header[30] = "PK\003\004", packed[] = "\x4b\x4c\xc4\x04\x49\x00";
    static const struct {
        int line;
        size_t packed, size, max;
        uint32_t crc;
        tfd_status expected;
    } rows[] = {
        {__LINE__, 6, 21, 64, 0x0d446fc5u, TFD_OK},      {__LINE__, 6, 21, 20, 0xa7fcc3f0u, TFD_ELIMIT},
        {__LINE__, 5, 21, 64, 0x0d446fc5u, TFD_EFORMAT}, {__LINE__, 6, 20, 64, 0xa7fcc3f0u, TFD_EFORMAT},
        {__LINE__, 6, 22, 64, 0x0d446fc5u, TFD_EFORMAT}, {__LINE__, 6, 21, 64, 0, TFD_EFORMAT},
        {__LINE__, 0, 21, 64, 0x0d446fc5u, TFD_EFORMAT},
    };
    char bytes[36];

    (void)state;
    memcpy(bytes, header, sizeof header);
    memcpy(bytes + sizeof header, packed, 6);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const tfd_wheel_member member = {
            .method = 8, .crc = rows[i].crc, .packed = rows[i].packed, .size = rows[i].size};
        tfd_str out = TFD_STR("");
        tfd_status st = tfd_wheel_unpack(&arena, &member, (tfd_str){bytes, sizeof header + rows[i].packed},
                                         rows[i].max, &out, NULL);

        if (st != rows[i].expected || (st == TFD_OK && !tfd_str_eq(out, TFD_STR("aaaaaaaaaaaaaaaaaaaab"))))
            fail_msg("line %d: %d", rows[i].line, (int)st);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join),    cmocka_unit_test(test_plain),  cmocka_unit_test(test_time),
        cmocka_unit_test(test_names),   cmocka_unit_test(test_ini),    cmocka_unit_test(test_ini_refused),
        cmocka_unit_test(test_default), cmocka_unit_test(test_unpack),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
