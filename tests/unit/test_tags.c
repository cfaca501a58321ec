#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "formats/tags.h"

typedef struct tag_case {
    int line;
    const char *tag;
    tfd_tri expected;
    tfd_tag_why why;
} tag_case;

static tfd_tag_target make_target(int minor)
{
    return (tfd_tag_target){.is_cpython = TFD_YES,
                            .major = 3,
                            .minor = minor,
                            .free_threaded = TFD_NO,
                            .debug = TFD_NO,
                            .os = TFD_OS_LINUX,
                            .arch = TFD_ARCH_X86_64,
                            .libc = TFD_STR("glibc"),
                            .libc_major = 2,
                            .libc_minor = 31};
}

static void check_all(const tag_case *cases, size_t n, const tfd_tag_target *target)
{
    for (size_t i = 0; i < n; i++) {
        tfd_tag_why why;
        tfd_tri got = tfd_tag_match(tfd_str_of(cases[i].tag), target, &why);

        if (got != cases[i].expected || why != cases[i].why)
            fail_msg("line %d: %s gave %d, obstacle %d", cases[i].line, cases[i].tag, (int)got, (int)why);
    }
}

static void test_linux(void **state)
{
    static const tag_case cases[] = {
        {__LINE__, "cp312-cp312-manylinux_2_17_x86_64", TFD_YES, TFD_TAG_FITS},
        {__LINE__, "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64", TFD_YES, TFD_TAG_FITS},
        {__LINE__, "cp312-cp312-manylinux2014_x86_64", TFD_YES, TFD_TAG_FITS},
        {__LINE__, "cp312-cp312-manylinux1_x86_64", TFD_YES, TFD_TAG_FITS},
        {__LINE__, "cp312-cp312-manylinux_2_39_x86_64", TFD_NO, TFD_TAG_LIBC},
        {__LINE__, "cp312-cp312-musllinux_1_2_x86_64", TFD_NO, TFD_TAG_LIBC},
        {__LINE__, "cp312-cp312-manylinux_2_17_aarch64", TFD_NO, TFD_TAG_PLATFORM},
        {__LINE__, "cp312-cp312-linux_x86_64", TFD_YES, TFD_TAG_FITS},
        {__LINE__, "cp312-cp312-win_amd64", TFD_NO, TFD_TAG_PLATFORM},
        {__LINE__, "cp312-cp312-macosx_11_0_arm64", TFD_NO, TFD_TAG_PLATFORM},
        {__LINE__, "cp311-cp311-manylinux_2_17_x86_64", TFD_NO, TFD_TAG_PYTHON},
        {__LINE__, "cp313-cp313t-manylinux_2_17_x86_64", TFD_NO, TFD_TAG_PYTHON},
        {__LINE__, "cp312-cp312d-linux_x86_64", TFD_NO, TFD_TAG_ABI},
        {__LINE__, "cp310-abi3-manylinux2014_x86_64", TFD_YES, TFD_TAG_FITS},
        {__LINE__, "cp313-abi3-manylinux2014_x86_64", TFD_NO, TFD_TAG_PYTHON},
        {__LINE__, "py3-none-any", TFD_YES, TFD_TAG_FITS},
        {__LINE__, "py2.py3-none-any", TFD_YES, TFD_TAG_FITS},
        {__LINE__, "py2-none-any", TFD_NO, TFD_TAG_PYTHON},
        {__LINE__, "py313-none-any", TFD_NO, TFD_TAG_PYTHON},
        {__LINE__, "py36-none-any", TFD_YES, TFD_TAG_FITS},
        {__LINE__, "py3-none-manylinux_2_31_x86_64", TFD_YES, TFD_TAG_FITS},
        {__LINE__, "pp310-pypy310_pp73-manylinux_2_17_x86_64", TFD_NO, TFD_TAG_PYTHON},
        {__LINE__, "", TFD_NO, TFD_TAG_MALFORMED},
        {__LINE__, "cp312", TFD_NO, TFD_TAG_MALFORMED},
        {__LINE__, "cp312-cp312-manylinux__x86_64", TFD_NO, TFD_TAG_PLATFORM},
        {__LINE__, "cp312-cp312-manylinux_2_999999999999_x86_64", TFD_NO, TFD_TAG_PLATFORM},
    };
    tfd_tag_target target = make_target(12);

    (void)state;
    check_all(cases, sizeof cases / sizeof *cases, &target);
}

static void test_old_and_free_threaded(void **state)
{
    static const tag_case old[] = {
        {__LINE__, "cp37-cp37m-manylinux2010_x86_64", TFD_YES, TFD_TAG_FITS},
        {__LINE__, "cp37-cp37-manylinux2010_x86_64", TFD_NO, TFD_TAG_ABI},
        {__LINE__, "cp36-cp36m-manylinux2010_x86_64", TFD_NO, TFD_TAG_PYTHON},
    };
    static const tag_case threaded[] = {
        {__LINE__, "cp313-cp313t-manylinux2014_x86_64", TFD_YES, TFD_TAG_FITS},
        {__LINE__, "cp313-cp313-manylinux2014_x86_64", TFD_NO, TFD_TAG_ABI},
        {__LINE__, "cp39-abi3-manylinux2014_x86_64", TFD_NO, TFD_TAG_ABI},
        {__LINE__, "cp39-abi3t-manylinux2014_x86_64", TFD_YES, TFD_TAG_FITS},
        {__LINE__, "py3-none-any", TFD_YES, TFD_TAG_FITS},
    };
    tfd_tag_target target = make_target(7);

    (void)state;
    check_all(old, sizeof old / sizeof *old, &target);
    target = make_target(13);
    target.free_threaded = TFD_YES;
    check_all(threaded, sizeof threaded / sizeof *threaded, &target);
}

static void test_unknown(void **state)
{
    static const tag_case cases[] = {
        {__LINE__, "cp312-cp312-manylinux_2_17_x86_64", TFD_UNKNOWN, TFD_TAG_FITS},
        {__LINE__, "cp312-cp312-manylinux_2_17_aarch64", TFD_NO, TFD_TAG_PLATFORM},
        {__LINE__, "py3-none-any", TFD_YES, TFD_TAG_FITS},
    };
    tfd_tag_target target = make_target(12);

    (void)state;
    target.libc = (tfd_str){NULL, 0};
    target.free_threaded = TFD_UNKNOWN;
    check_all(cases, sizeof cases / sizeof *cases, &target);
}

static void test_libc(void **state)
{
    tfd_str libc;
    int major = 0, minor = 0;

    (void)state;
    assert_true(tfd_tag_libc(TFD_STR("cp312-cp312-manylinux_2_28_x86_64.manylinux_2_27_x86_64"), &libc,
                             &major, &minor));
    assert_true(tfd_str_is(libc, "glibc"));
    assert_int_equal(major * 100 + minor, 227);
    assert_true(tfd_tag_libc(TFD_STR("py3-none-musllinux_1_2_x86_64"), &libc, &major, &minor));
    assert_true(tfd_str_is(libc, "musl"));
    assert_false(tfd_tag_libc(TFD_STR("py3-none-any"), &libc, &major, &minor));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linux),
        cmocka_unit_test(test_old_and_free_threaded),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_libc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
