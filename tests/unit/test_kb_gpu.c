/* Knowledge of GPUs: every release has its rows, chips are found by their ids, what is newer than the tables
 * is answered by the wheel's own words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "formats/pep440.h"
#include "kb/kb_gpu.h"

static tfd_arena arena;
static tfd_kb *kb;

static int setup(void **state)
{
    (void)state;
    tfd_arena_init(&arena, 0);
    return tfd_kb_open(&arena, NULL, TFD_STR(""), &kb, NULL) == TFD_OK &&
                   tfd_kb_gpu_preload(kb, NULL) == TFD_OK
               ? 0
               : -1;
}

static int teardown(void **state)
{
    (void)state;
    tfd_arena_done(&arena);
    return 0;
}

static void test_every_release_has_its_rows(void **state)
{
    const tfd_kb_release *const *all;
    size_t count;
    size_t with_cuda = 0;

    (void)state;
    assert_int_equal(tfd_kb_releases_get(kb, &all, &count, NULL), TFD_OK);
    for (size_t i = 0; i < count; i++) {
        const tfd_kb_release *one = all[i];
        const tfd_kb_wheel *linux = tfd_kb_wheel_find(one, TFD_STR("linux-x86_64"));
        tfd_str min_cc, max_cc;
        bool is_exact;

        if (!linux || linux->pythons.count == 0)
            fail_msg("%.*s: no Python", TFD_ARG(one->version));
        if (one->gpu.count == 0) /* built for the processor alone */
            continue;
        with_cuda++;
        if (one->cuda.len == 0 || one->cudnn.len == 0 || one->gpu_sass.count == 0)
            fail_msg("%.*s: no CUDA, cuDNN or compute capabilities", TFD_ARG(one->version));
        if (tfd_kb_cuda_libraries(kb, one->version, one->cuda, &is_exact).count < 7 || !is_exact)
            fail_msg("%.*s: libraries", TFD_ARG(one->version));
        if (tfd_kb_driver_floor(kb, one->cuda).len == 0 || tfd_kb_toolkit_driver(kb, one->cuda).len == 0)
            fail_msg("%.*s: no driver for CUDA %.*s", TFD_ARG(one->version), TFD_ARG(one->cuda));
        if (!tfd_kb_cuda_targets(kb, one->cuda, &min_cc, &max_cc) || !tfd_kb_cudnn_find(kb, one->cudnn))
            fail_msg("%.*s: CUDA %.*s or cuDNN %.*s", TFD_ARG(one->version), TFD_ARG(one->cuda),
                     TFD_ARG(one->cudnn));
    }
    assert_true(with_cuda > 60);
}

static void test_newer_than_the_tables(void **state)
{
    bool is_exact = true;
    tfd_kb_strs names = tfd_kb_cuda_libraries(kb, TFD_STR("2.40.0"), TFD_STR("13.4.1"), &is_exact);

    (void)state;
    assert_false(is_exact);
    assert_true(names.count >= 6 && tfd_str_is(names.items[0], "libcudart.so.13"));
    assert_int_equal(tfd_kb_cuda_libraries(kb, TFD_STR("2.40.0"), TFD_STR("17.0"), &is_exact).count, 0);
    assert_int_equal(tfd_kb_driver_floor(kb, TFD_STR("17.0")).len, 0);
    assert_true(tfd_str_is(tfd_kb_cudnn_find(kb, TFD_STR("9.99.1"))->version, "9.11"));
    assert_null(tfd_kb_cudnn_find(kb, TFD_STR("6.0")));
    assert_int_equal(tfd_kb_cudnn_files(kb, TFD_STR("12")).count, 0);
    assert_null(tfd_kb_chip_find(kb, 0xFFFF));
    assert_null(tfd_kb_chip_find(kb, 0x12345));
}

static void test_drivers(void **state)
{
    static const struct {
        const char *cuda, *floor, *toolkit;
    } rows[] = {
        {"12.5.1", "525.60.13", "555.42.02"}, {"12.2", "525.60.13", "535.54.03"},
        {"11.8", "450.80.02", "520.61.05"},   {"11.2", "450.80.02", "460.27.03"},
        {"10.1", "418.39", "418.39"},         {"13.0", "580", "580.65.06"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tfd_str floor = tfd_kb_driver_floor(kb, tfd_str_of(rows[i].cuda));
        tfd_str toolkit = tfd_kb_toolkit_driver(kb, tfd_str_of(rows[i].cuda));

        if (!tfd_str_is(floor, rows[i].floor) || !tfd_str_is(toolkit, rows[i].toolkit))
            fail_msg("CUDA %s: %.*s, %.*s", rows[i].cuda, TFD_ARG(floor), TFD_ARG(toolkit));
    }
}

static void test_chips(void **state)
{
    static const struct {
        uint32_t device;
        const char *chip, *architecture, *cc;
    } rows[] = {
        {0x2204, "GA102", "Ampere", "8.6"}, {0x20b0, "GA100", "Ampere", "8.0"},
        {0x2684, "AD102", "Ada", "8.9"},    {0x2b85, "GB202", "Blackwell", "12.0"},
        {0x1eb8, "TU104", "Turing", "7.5"}, {0x1db1, "GV100", "Volta", "7.0"},
        {0x102d, "GK210", "Kepler", "3.7"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const tfd_kb_chip *chip = tfd_kb_chip_find(kb, rows[i].device);

        if (!chip || !tfd_str_is(chip->name, rows[i].chip) ||
            !tfd_str_is(chip->architecture, rows[i].architecture) ||
            !tfd_str_is(chip->compute_capability, rows[i].cc))
            fail_msg("%x", (unsigned)rows[i].device);
        assert_non_null(tfd_kb_architecture_find(kb, chip->architecture));
        assert_true(tfd_str_eq(tfd_kb_architecture_of(kb, chip->compute_capability), chip->architecture));
    }
}

static void test_wheels(void **state)
{
    static const struct {
        const char *library, *cuda, *dist, *folder;
    } rows[] = {
        {"libcublas.so.12", "12.5.1", "nvidia-cublas-cu12", "nvidia/cublas/lib"},
        {"libcufft.so.11", "12.5", "nvidia-cufft-cu12", "nvidia/cufft/lib"},
        {"libcufft.so.10", "11.8", "nvidia-cufft-cu11", "nvidia/cufft/lib"},
        {"libcudnn.so.9", "12.5", "nvidia-cudnn-cu12", "nvidia/cudnn/lib"},
        {"ptxas", "12.5", "nvidia-cuda-nvcc-cu12", "nvidia/cuda_nvcc/bin"},
        {"libcublas.so.10", "10.1", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tfd_str folder;
        tfd_str dist = tfd_kb_cuda_dist(kb, tfd_str_of(rows[i].library), tfd_str_of(rows[i].cuda), &folder);

        if (!tfd_str_is(dist, rows[i].dist) || !tfd_str_is(folder, rows[i].folder))
            fail_msg("%s: %.*s in %.*s", rows[i].library, TFD_ARG(dist), TFD_ARG(folder));
    }
    assert_true(tfd_str_is(tfd_kb_driver_error_find(kb, 803)->name, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"));
    assert_null(tfd_kb_driver_error_find(kb, 12345));
    assert_true(tfd_str_is(tfd_kb_cuda_gaps(kb, TFD_STR("2.21.0")).items[0], "nvidia/cusolver/lib"));
    assert_int_equal(tfd_kb_cuda_gaps(kb, TFD_STR("2.20.0")).count, 0);
}

static void test_wheel_releases(void **state)
{
    static const struct {
        const char *wheel, *release;
        int at;
    } rows[] = {{"9.28.0.42", "9.28.0", __LINE__},
                {"12.9.79", "12.9.79", __LINE__},
                {"9", "9", __LINE__},
                {"", "", __LINE__}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!tfd_str_is(tfd_kb_cuda_release(tfd_str_of(rows[i].wheel)), rows[i].release))
            fail_msg("line %d", rows[i].at);
}

static void test_with_cuda(void **state)
{
    static const struct {
        const char *version, *capability, *words;
        int line;
    } rows[] = {
        {"2.13.1", "8.6", "tensorflow==2.13.1", __LINE__},
        {"2.14.0", "7.0",
         "tensorflow==2.14.0 nvidia-cublas-cu11==11.11.3.6 nvidia-cuda-cupti-cu11==11.8.87 "
         "nvidia-cuda-nvcc-cu11==11.8.89 nvidia-cuda-runtime-cu11==11.8.89 nvidia-cudnn-cu11==8.7.0.84 "
         "nvidia-cufft-cu11==10.9.0.58 nvidia-curand-cu11==10.3.0.86 nvidia-cusolver-cu11==11.4.1.48 "
         "nvidia-cusparse-cu11==11.7.5.86 nvidia-nccl-cu11==2.16.5",
         __LINE__},
        {"2.15.1", "7.0", "tensorflow[and-cuda]==2.15.1", __LINE__},
        {"2.20.0", "8.6", "tensorflow[and-cuda]==2.20.0", __LINE__},
        {"2.20.0", "", "tensorflow[and-cuda]==2.20.0", __LINE__},
        {"2.20.0", "7.0", "tensorflow[and-cuda]==2.20.0 nvidia-cudnn-cu12<9.11", __LINE__},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const tfd_kb_release *release = tfd_kb_release_find(kb, tfd_str_of(rows[i].version));
        tfd_str capability = tfd_str_of(rows[i].capability);
        tfd_str words[TFD_KB_WITH_CUDA_MAX];
        tfd_str text = TFD_STR("");
        size_t count =
            release ? tfd_kb_with_cuda(kb, &arena, release, &capability, 1, words, TFD_KB_WITH_CUDA_MAX) : 0;

        for (size_t k = 0; k < count; k++)
            text = tfd_arena_fmt(&arena, "%.*s%s%.*s", TFD_ARG(text), k > 0 ? " " : "", TFD_ARG(words[k]));
        if (!tfd_str_is(text, rows[i].words))
            fail_msg("line %d: %.*s", rows[i].line, TFD_ARG(text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_release_has_its_rows),
        cmocka_unit_test(test_newer_than_the_tables),
        cmocka_unit_test(test_drivers),
        cmocka_unit_test(test_chips),
        cmocka_unit_test(test_wheels),
        cmocka_unit_test(test_wheel_releases),
        cmocka_unit_test(test_with_cuda),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
