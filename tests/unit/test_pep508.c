#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/pep508.h"

typedef struct requirement_case {
    int line;
    const char *input;
    const char *name, *extras, *specifier, *url, *marker; /* name NULL: refused */
} requirement_case;

static const requirement_case requirements[] = {
    {__LINE__, "numpy", "numpy", "", "", "", ""},
    {__LINE__, "numpy<2.0.0,>=1.23.5", "numpy", "", "<2.0.0,>=1.23.5", "", ""},
    {__LINE__, "numpy (<2.0.0,>=1.23.5)", "numpy", "", "<2.0.0,>=1.23.5", "", ""},
    {__LINE__, "name()", "name", "", "", "", ""},
    {__LINE__, "a.b-c_d [ x , y-z ] >=1 ; os_name == 'nt'", "a.b-c_d", "x , y-z", ">=1", "",
     "os_name == 'nt'"},
    {__LINE__, "n[]", "n", "", "", "", ""},
    {__LINE__, "n @ https://host/x;y ; os_name=='nt'", "n", "", "", "https://host/x;y", "os_name=='nt'"},
    {__LINE__, "n@file:///x", "n", "", "", "file:///x", ""},
    {__LINE__, "n===any;os_name=='nt'", "n", "", "===any", "", "os_name=='nt'"},
    {__LINE__, "n >=1,", "n", "", ">=1,", "", ""},
    {__LINE__, "", NULL, "", "", "", ""},
    {__LINE__, "-n", NULL, "", "", "", ""},
    {__LINE__, "n.", NULL, "", "", "", ""},
    {__LINE__, "n[a", NULL, "", "", "", ""},
    {__LINE__, "n[a,]", NULL, "", "", "", ""},
    {__LINE__, "n[a b]", NULL, "", "", "", ""},
    {__LINE__, "n (>=1", NULL, "", "", "", ""},
    {__LINE__, "n (>=1) x", NULL, "", "", "", ""},
    {__LINE__, "n ,>=1", NULL, "", "", "", ""},
    {__LINE__, "n >=1,,<2", NULL, "", "", "", ""},
    {__LINE__, "n >=1 <2", NULL, "", "", "", ""},
    {__LINE__, "n @", NULL, "", "", "", ""},
    {__LINE__, "n ;", NULL, "", "", "", ""},
    {__LINE__, "n ; os_name", NULL, "", "", "", ""},
    {__LINE__, "n ; os_name == 'nt' trailing", NULL, "", "", "", ""},
    {__LINE__, "n ; (os_name == 'nt'", NULL, "", "", "", ""},
    {__LINE__, "n ; os_name == 'nt')", NULL, "", "", "", ""},
};

static void test_requirements(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requirements / sizeof *requirements; i++) {
        const requirement_case *one = &requirements[i];
        tfd_requirement_text got;
        tfd_status status = tfd_requirement_parse(tfd_str_of(one->input), &got);

        if ((status == TFD_OK) != (one->name != NULL))
            fail_msg("line %d: '%s' gave status %d", one->line, one->input, (int)status);
        if (one->name && !(tfd_str_is(got.name, one->name) && tfd_str_is(got.extras, one->extras) &&
                           tfd_str_is(got.specifier, one->specifier) && tfd_str_is(got.url, one->url) &&
                           tfd_str_is(got.marker, one->marker)))
            fail_msg("line %d: '%s' was taken apart wrongly", one->line, one->input);
    }
}

typedef struct marker_case {
    int line;
    const char *marker;
    tfd_tri expected;
} marker_case;

/* Python 3.12.1 on Linux, machine unknown, extra "dev-tools". */
static const marker_case markers[] = {
    {__LINE__, "", TFD_YES},
    {__LINE__, "python_version < '3.8'", TFD_NO},
    {__LINE__, "python_version>='3.8'", TFD_YES},
    {__LINE__, "python_version >= '3.9' and python_version < '3.13'", TFD_YES},
    {__LINE__, "'3.10' <= python_version", TFD_YES},
    {__LINE__, "'3.13' <= python_version", TFD_NO},
    {__LINE__, "python_version == '3.*'", TFD_YES},
    {__LINE__, "python_version in '3.11 3.12'", TFD_YES},
    {__LINE__, "python_version not in '3.11 3.12'", TFD_NO},
    {__LINE__, "python_full_version ~= '3.12.0'", TFD_YES},
    {__LINE__, "platform_machine == 'x86_64'", TFD_UNKNOWN},
    {__LINE__, "platform_machine == 'x86_64' and os_name == 'nt'", TFD_NO},
    {__LINE__, "platform_machine == 'x86_64' or os_name == 'posix'", TFD_YES},
    {__LINE__, "os_name == 'nt' or os_name == 'posix' and sys_platform == 'darwin'", TFD_NO},
    {__LINE__, "(os_name == 'nt' or os_name == 'posix') and sys_platform == 'linux'", TFD_YES},
    {__LINE__, "((os_name=='posix'))and(sys_platform=='linux')", TFD_YES},
    {__LINE__, "extra == 'Dev_Tools'", TFD_YES},
    {__LINE__, "extra == 'other'", TFD_NO},
    {__LINE__, "os_name ~= 'posix'", TFD_UNKNOWN},
    {__LINE__, "'a' == 'a'", TFD_UNKNOWN},
    {__LINE__, "'x' in extras", TFD_UNKNOWN},
    {__LINE__, "sys_platform == 'li\\x6eux'", TFD_UNKNOWN},
};

static tfd_marker_env make_env(void)
{
    tfd_marker_env env;

    memset(&env, 0, sizeof env);
    env.value[TFD_MARKER_PYTHON_VERSION] = TFD_STR("3.12");
    env.value[TFD_MARKER_PYTHON_FULL_VERSION] = TFD_STR("3.12.1");
    env.value[TFD_MARKER_OS_NAME] = TFD_STR("posix");
    env.value[TFD_MARKER_SYS_PLATFORM] = TFD_STR("linux");
    env.value[TFD_MARKER_EXTRA] = TFD_STR("dev-tools");
    return env;
}

static void test_markers(void **state)
{
    tfd_marker_env env = make_env();

    (void)state;
    for (size_t i = 0; i < sizeof markers / sizeof *markers; i++) {
        tfd_tri got;
        tfd_status status = tfd_marker_eval(tfd_str_of(markers[i].marker), &env, &got);

        if (status != TFD_OK || got != markers[i].expected)
            fail_msg("line %d: '%s' gave %d (status %d)", markers[i].line, markers[i].marker, (int)got,
                     (int)status);
    }
}

static void test_depth(void **state)
{
    char text[512];
    tfd_tri got;

    (void)state;
    memset(text, '(', 200);
    (void)strcpy(text + 200, "os_name == 'nt'");
    assert_int_equal(tfd_marker_eval(tfd_str_of(text), NULL, &got), TFD_ELIMIT);
    assert_int_equal(tfd_marker_eval(tfd_str_of(text + 190), NULL, &got), TFD_EFORMAT);
    (void)strcat(text, "))))))))))");
    assert_int_equal(tfd_marker_eval(tfd_str_of(text + 190), NULL, &got), TFD_OK);
    assert_int_equal(got, TFD_UNKNOWN);
}

static void test_names(void **state)
{
    char key[32];
    tfd_str extras = TFD_STR(" a ,b-c,d ");
    tfd_str extra;

    (void)state;
    assert_int_equal(tfd_name_key(TFD_STR("Foo__bar.-Baz"), key, sizeof key), 11);
    assert_string_equal(key, "foo-bar-baz");
    assert_int_equal(tfd_name_key(TFD_STR("abcdef"), key, 4), 3);
    assert_true(tfd_name_eq(TFD_STR("ml_dtypes"), TFD_STR("ML.-dtypes")));
    assert_false(tfd_name_eq(TFD_STR("ml_dtypes"), TFD_STR("mldtypes")));
    assert_true(tfd_extra_next(&extras, &extra) && tfd_str_is(extra, "a"));
    assert_true(tfd_extra_next(&extras, &extra) && tfd_str_is(extra, "b-c"));
    assert_true(tfd_extra_next(&extras, &extra) && tfd_str_is(extra, "d"));
    assert_false(tfd_extra_next(&extras, &extra));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requirements),
        cmocka_unit_test(test_markers),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
