#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/pep440.h"

typedef struct text_case {
    int line;
    const char *input;
    const char *expected; /* NULL: refused */
} text_case;

static void test_normal_form(void **state)
{
    static const text_case cases[] = {
        {__LINE__, "1.0", "1.0"},
        {__LINE__, " v1.0RC1 ", "1.0rc1"},
        {__LINE__, "01.002.0", "1.2.0"},
        {__LINE__, "1!2.0", "1!2.0"},
        {__LINE__, "0!2.0", "2.0"},
        {__LINE__, "1.0-alpha.2", "1.0a2"},
        {__LINE__, "1.0preview", "1.0rc0"},
        {__LINE__, "1.0-1", "1.0.post1"},
        {__LINE__, "1.0r4.dev", "1.0.post4.dev0"},
        {__LINE__, "1.0a--1", "1.0a0.post1"},
        {__LINE__, "1.0+Ubuntu-007_x", "1.0+ubuntu.7.x"},
        {__LINE__, "2.21.0.dev20260115", "2.21.0.dev20260115"},
        {__LINE__, "99999999999999999999999999.1", "99999999999999999999999999.1"},
        {__LINE__, "", NULL},
        {__LINE__, "abc", NULL},
        {__LINE__, "1..0", NULL},
        {__LINE__, "1.0.", NULL},
        {__LINE__, "1.0+", NULL},
        {__LINE__, "1.0+a..b", NULL},
        {__LINE__, "1.0b1c2", NULL},
        {__LINE__, "1.0.*", NULL},
        {__LINE__, "1!", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        tfd_version version;
        tfd_status status = tfd_version_parse(tfd_str_of(cases[i].input), &version);

        if ((status == TFD_OK) != (cases[i].expected != NULL))
            fail_msg("line %d: '%s' gave status %d", cases[i].line, cases[i].input, (int)status);
        if (status != TFD_OK)
            continue;
        assert_int_equal(tfd_version_format(&version, text, sizeof text), strlen(cases[i].expected));
        if (strcmp(text, cases[i].expected) != 0)
            fail_msg("line %d: '%s', expected '%s'", cases[i].line, text, cases[i].expected);
    }
}

static void test_limits(void **state)
{
    static char text[TFD_VERSION_MAX + 2];
    char small[4];
    tfd_version version;

    (void)state;
    memset(text, '1', TFD_VERSION_MAX + 1);
    assert_int_equal(tfd_version_parse(tfd_str_of(text), &version), TFD_ELIMIT);
    text[TFD_VERSION_MAX] = '\0';
    assert_int_equal(tfd_version_parse(tfd_str_of(text), &version), TFD_OK);
    assert_int_equal(tfd_version_part(&version, 0), UINT32_MAX);
    assert_int_equal(tfd_version_parse(TFD_STR("2.015.1"), &version), TFD_OK);
    assert_int_equal(tfd_version_part(&version, 1), 15);
    assert_int_equal(tfd_version_part(&version, 7), 0);
    assert_int_equal(tfd_version_format(&version, small, sizeof small), 6);
    assert_string_equal(small, "2.1");
    assert_int_equal(tfd_version_format(&version, NULL, 0), 6);
}

/* Each is older than the next (PEP 440, summary of permitted suffixes and relative ordering). */
static void test_order(void **state)
{
    static const char *const rising[] = {
        "1.0.dev456",    "1.0a1",         "1.0a2.dev456", "1.0a12.dev456",
        "1.0a12",        "1.0b1.dev456",  "1.0b2",        "1.0b2.post345.dev456",
        "1.0b2.post345", "1.0rc1.dev456", "1.0rc1",       "1.0",
        "1.0+abc.5",     "1.0+abc.7",     "1.0+5",        "1.0.post456.dev34",
        "1.0.post456",   "1.1.dev1",      "1.2",          "1.10",
        "1!0.1"};
    int order = 0;

    (void)state;
    for (size_t i = 0; i + 1 < sizeof rising / sizeof *rising; i++) {
        if (!tfd_version_cmp_text(tfd_str_of(rising[i]), tfd_str_of(rising[i + 1]), &order) || order >= 0)
            fail_msg("%s is not before %s", rising[i], rising[i + 1]);
        assert_true(tfd_version_cmp_text(tfd_str_of(rising[i + 1]), tfd_str_of(rising[i]), &order) &&
                    order > 0);
    }
    assert_true(tfd_version_cmp_text(TFD_STR("1.0"), TFD_STR("1"), &order) && order == 0);
    assert_true(tfd_version_cmp_text(TFD_STR("1.0.0+a"), TFD_STR("1+A"), &order) && order == 0);
    assert_false(tfd_version_cmp_text(TFD_STR("1.0"), TFD_STR("x"), &order));
}

typedef struct match_case {
    int line;
    const char *specifier;
    const char *version;
    tfd_prereleases rule;
    tfd_tri expected;
} match_case;

static const match_case matches[] = {
    {__LINE__, "", "1.0", TFD_PRE_ALLOW, TFD_YES},
    {__LINE__, "<2.0.0,>=1.23.5", "1.26.4", TFD_PRE_ALLOW, TFD_YES},
    {__LINE__, "<2.0.0,>=1.23.5", "2.1.0", TFD_PRE_ALLOW, TFD_NO},
    {__LINE__, ">= 1.0 , <2 ,", "1.5", TFD_PRE_ALLOW, TFD_YES},
    {__LINE__, "==2.15.*", "2.15.1", TFD_PRE_ALLOW, TFD_YES},
    {__LINE__, "==2.15.*", "2.15.0rc1", TFD_PRE_ALLOW, TFD_YES},
    {__LINE__, "==2.1.*", "2.15.0", TFD_PRE_ALLOW, TFD_NO},
    {__LINE__, "==2.0.*", "2", TFD_PRE_ALLOW, TFD_YES},
    {__LINE__, "==0.0.*", "1!0.0", TFD_PRE_ALLOW, TFD_NO},
    {__LINE__, "!=4.21.*", "4.21.3", TFD_PRE_ALLOW, TFD_NO},
    {__LINE__, "~=2.19.0", "2.19.5", TFD_PRE_ALLOW, TFD_YES},
    {__LINE__, "~=2.19.0", "2.20.0", TFD_PRE_ALLOW, TFD_NO},
    {__LINE__, "~=4.12", "4.16.0", TFD_PRE_ALLOW, TFD_YES},
    {__LINE__, "~=4.12", "5.0", TFD_PRE_ALLOW, TFD_NO},
    {__LINE__, "==1.0", "1.0+cu12", TFD_PRE_ALLOW, TFD_YES},
    {__LINE__, "==1.0+cu12", "1.0", TFD_PRE_ALLOW, TFD_NO},
    {__LINE__, "<=1.0", "1.0+cu12", TFD_PRE_ALLOW, TFD_YES},
    {__LINE__, ">1.0", "1.0+cu12", TFD_PRE_ALLOW, TFD_NO},
    {__LINE__, ">1.0", "1.0.post1", TFD_PRE_ALLOW, TFD_NO},
    {__LINE__, ">1.0.post1", "1.0.post2", TFD_PRE_ALLOW, TFD_YES},
    {__LINE__, "<1.0", "1.0rc1", TFD_PRE_ALLOW, TFD_NO},
    {__LINE__, "<1.0rc2", "1.0rc1", TFD_PRE_ALLOW, TFD_YES},
    {__LINE__, "<5.0.0dev,>=3.20.3", "4.25.9", TFD_PRE_ALLOW, TFD_YES},
    {__LINE__, "<5.0.0dev,>=3.20.3", "5.0.0rc1", TFD_PRE_ALLOW, TFD_NO},
    {__LINE__, ">=1.0", "2.0rc1", TFD_PRE_DENY, TFD_NO},
    {__LINE__, ">=1.0", "2.0rc1", TFD_PRE_IF_NAMED, TFD_NO},
    {__LINE__, ">=1.0.dev0", "2.0rc1", TFD_PRE_IF_NAMED, TFD_YES},
    {__LINE__, "!=1.0rc1", "2.0rc1", TFD_PRE_IF_NAMED, TFD_NO},
    {__LINE__, "===1.0", "1.0", TFD_PRE_ALLOW, TFD_YES},
    {__LINE__, "===1.0", "1.0.0", TFD_PRE_ALLOW, TFD_NO},
    {__LINE__, "===Foo", "foo", TFD_PRE_ALLOW, TFD_YES},
    {__LINE__, ">=1.0", "foo", TFD_PRE_ALLOW, TFD_UNKNOWN},
    {__LINE__, "", "foo", TFD_PRE_ALLOW, TFD_YES},
    {__LINE__, ">=1.*", "1.0", TFD_PRE_ALLOW, TFD_UNKNOWN},
    {__LINE__, "~=1", "1.0", TFD_PRE_ALLOW, TFD_UNKNOWN},
    {__LINE__, "1.0", "1.0", TFD_PRE_ALLOW, TFD_UNKNOWN},
    {__LINE__, "=>1.0", "1.0", TFD_PRE_ALLOW, TFD_UNKNOWN},
    {__LINE__, ">=1.0+x", "1.0", TFD_PRE_ALLOW, TFD_UNKNOWN},
};

static void test_match(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof matches / sizeof *matches; i++) {
        tfd_tri got = tfd_specifier_match(tfd_str_of(matches[i].specifier), tfd_str_of(matches[i].version),
                                          matches[i].rule);

        if (got != matches[i].expected)
            fail_msg("line %d: %s of '%s' gave %d", matches[i].line, matches[i].version, matches[i].specifier,
                     (int)got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal_form),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_match),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
