/* Which release suits: tables of what is given and what is advised. Nothing is looked up on this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "advise/advise.h"

static tfd_arena kb_arena;
static tfd_kb *kb;

static int setup(void **state)
{
    (void)state;
    tfd_arena_init(&kb_arena, 0);
    return tfd_kb_open(&kb_arena, NULL, TFD_STR(""), &kb, NULL) == TFD_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    tfd_arena_done(&kb_arena);
    return 0;
}

typedef struct asked {
    const char *python, *platform, *glibc, *driver, *gpu, *tensorflow, *with;
    bool gpu_wanted;
} asked;

static void read_asked(const asked *in, tfd_options *out)
{
    memset(out, 0, sizeof *out);
    out->python = tfd_str_of(in->python);
    out->platform = tfd_str_of(in->platform);
    out->glibc = tfd_str_of(in->glibc);
    out->driver = tfd_str_of(in->driver);
    out->gpu = tfd_str_of(in->gpu);
    out->tensorflow = tfd_str_of(in->tensorflow);
    out->want = in->gpu_wanted ? TFD_WANT_GPU : TFD_WANT_CPU;
    if (in->with)
        out->with.items[out->with.count++] = tfd_str_of(in->with);
}

/* The requirements that are advised, or "none: " and the ids of what to change. */
static void advise(const asked *in, tfd_arena *arena, char *out, size_t size)
{
    static tfd_advise_target target;
    static tfd_advice advice;
    static tfd_options options;
    tfd_err err = {TFD_OK, 0, ""};
    size_t n = 0;

    read_asked(in, &options);
    out[0] = '\0';
    if (tfd_advise_aim(&options, NULL, kb, arena, &target, &err) != TFD_OK ||
        tfd_advise(&target, kb, arena, &advice, &err) != TFD_OK) {
        (void)snprintf(out, size, "error: %s", err.text);
        return;
    }
    for (size_t i = 0; i < advice.requirement_count; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%.*s", n ? " " : "", TFD_ARG(advice.requirements[i]));
    if (advice.best)
        return;
    n = (size_t)snprintf(out, size, "none:");
    for (size_t i = 0; i < advice.before_count; i++)
        n += (size_t)snprintf(out + n, size - n, " %s", tfd_cause_name(advice.before[i].cause));
}

typedef struct row {
    int line;
    asked in;
    const char *expected;
} row;

static void check_rows(const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tfd_arena arena;
        char got[2048];

        tfd_arena_init(&arena, 0);
        advise(&rows[i].in, &arena, got, sizeof got);
        if (strcmp(got, rows[i].expected) != 0)
            fail_msg("line %d: '%s', not '%s'", rows[i].line, got, rows[i].expected);
        tfd_arena_done(&arena);
    }
}
#define CHECK(rows) check_rows(rows, sizeof rows / sizeof rows[0])

#define LINUX "linux_x86_64"
#define ARM "linux_aarch64"
#define WINDOWS "win_amd64"
#define MAC "macosx_14_0_arm64"

static void test_pythons_and_platforms(void **state)
{
    static const row rows[] = {
        {__LINE__, {.python = "3.6", .platform = LINUX}, "tensorflow==2.6.2 protobuf<4"},
        {__LINE__, {.python = "3.7", .platform = LINUX}, "tensorflow==2.11.0 numpy<2"},
        {__LINE__, {.python = "3.8", .platform = LINUX}, "tensorflow==2.13.1"},
        {__LINE__, {.python = "3.9", .platform = LINUX}, "tensorflow==2.20.0"},
        {__LINE__, {.python = "3.10", .platform = LINUX}, "tensorflow==2.21.0"},
        {__LINE__, {.python = "3.13.2", .platform = LINUX}, "tensorflow==2.21.0"},
        {__LINE__, {.python = "3.14", .platform = LINUX}, "none: python-unsupported"},
        {__LINE__, {.python = "3.4", .platform = LINUX}, "none: python-unsupported"},
        {__LINE__, {.python = "3.6", .platform = ARM}, "none: python-unsupported"},
        {__LINE__, {.python = "3.7", .platform = ARM}, "tensorflow==2.11.0 numpy<2"},
        {__LINE__, {.python = "3.8", .platform = ARM}, "tensorflow==2.13.1"},
        {__LINE__, {.python = "3.12", .platform = ARM}, "tensorflow==2.21.0"},
        {__LINE__, {.python = "3.8", .platform = WINDOWS}, "tensorflow==2.13.0"},
        {__LINE__, {.python = "3.9", .platform = WINDOWS}, "tensorflow==2.20.0"},
        {__LINE__, {.python = "3.12", .platform = WINDOWS}, "tensorflow==2.21.0"},
        {__LINE__, {.python = "3.12", .platform = "win32"}, "none: python-32bit"},
        {__LINE__, {.python = "3.12", .platform = "win_arm64"}, "none: arch-mismatch"},
        {__LINE__, {.python = "3.7", .platform = MAC}, "none: python-unsupported"},
        {__LINE__, {.python = "3.8", .platform = MAC}, "tensorflow==2.13.0"},
        {__LINE__, {.python = "3.12", .platform = MAC}, "tensorflow==2.21.0"},
        {__LINE__, {.python = "3.12", .platform = "macosx_11_0_arm64"}, "none: os-too-old"},
        {__LINE__, {.python = "3.12", .platform = "macosx_14_0_x86_64"}, "tensorflow==2.16.2"},
        {__LINE__,
         {.python = "3.12", .platform = "amiga_68k"},
         "error: --platform: 'amiga_68k' is no platform tag of a wheel"},
        {__LINE__,
         {.python = "3.12", .platform = "linux_riscv64"},
         "error: --platform: 'linux_riscv64' names no processor that is known"},
    };

    (void)state;
    CHECK(rows);
}

static void test_c_libraries(void **state)
{
    static const row rows[] = {
        {__LINE__, {.python = "3.12", .platform = LINUX, .glibc = "2.27"}, "tensorflow==2.21.0"},
        {__LINE__, {.python = "3.12", .platform = LINUX, .glibc = "2.26"}, "tensorflow==2.20.0"},
        {__LINE__, {.python = "3.12", .platform = "manylinux_2_17_x86_64"}, "tensorflow==2.20.0"},
        {__LINE__, {.python = "3.12", .platform = "manylinux2014_aarch64"}, "tensorflow==2.20.0"},
        {__LINE__, {.python = "3.12", .platform = "manylinux_2_28_x86_64"}, "tensorflow==2.21.0"},
        {__LINE__, {.python = "3.9", .platform = LINUX, .glibc = "2.12"}, "tensorflow==2.8.4 numpy<2"},
        {__LINE__, {.python = "3.12", .platform = LINUX, .glibc = "2.5"}, "none: os-too-old"},
        {__LINE__, {.python = "3.12", .platform = "musllinux_1_2_x86_64"}, "none: libc-musl"},
        {__LINE__,
         {.python = "3.12", .platform = LINUX, .glibc = "new"},
         "error: --glibc: 'new' is no version"},
    };

    (void)state;
    CHECK(rows);
}

static void test_gpus(void **state)
{
    static const row rows[] = {
        {__LINE__,
         {.python = "3.12", .platform = LINUX, .gpu_wanted = true, .driver = "550.54.14"},
         "tensorflow[and-cuda]==2.20.0"},
        {__LINE__,
         {.python = "3.12", .platform = LINUX, .gpu_wanted = true, .driver = "525", .gpu = "RTX 3090"},
         "tensorflow[and-cuda]==2.20.0"},
        {__LINE__,
         {.python = "3.12", .platform = LINUX, .gpu_wanted = true, .driver = "470.82"},
         "none: python-unsupported driver-too-old"},
        {__LINE__,
         {.python = "3.12", .platform = LINUX, .gpu_wanted = true, .gpu = "Tesla K80", .driver = "535"},
         "none: python-unsupported gpu-arch"},
        {__LINE__,
         {.python = "3.12", .platform = LINUX, .gpu_wanted = true, .gpu = "NVIDIA GeForce GTX 1080"},
         "tensorflow[and-cuda]==2.20.0 nvidia-cudnn-cu12<9.11"},
        {__LINE__,
         {.python = "3.12", .platform = LINUX, .gpu_wanted = true, .tensorflow = "2.21"},
         "tensorflow[and-cuda]==2.21.0"},
        {__LINE__,
         {.python = "3.10", .platform = LINUX, .gpu_wanted = true, .gpu = "sm_50", .driver = "535"},
         "tensorflow[and-cuda]==2.16.2"},
        {__LINE__, {.python = "3.12", .platform = ARM, .gpu_wanted = true}, "none: tf-no-gpu-build"},
        {__LINE__, {.python = "3.12", .platform = MAC, .gpu_wanted = true}, "none: tf-no-gpu-build"},
        {__LINE__, {.python = "3.10", .platform = WINDOWS, .gpu_wanted = true}, "tensorflow==2.10.1 numpy<2"},
        {__LINE__,
         {.python = "3.12", .platform = WINDOWS, .gpu_wanted = true},
         "none: python-unsupported tf-no-gpu-build"},
        {__LINE__,
         {.python = "3.10", .platform = WINDOWS, .gpu_wanted = true, .driver = "440"},
         "none: python-unsupported driver-too-old tf-no-gpu-build"},
    };

    (void)state;
    CHECK(rows);
}

static void test_wishes(void **state)
{
    static const row rows[] = {
        {__LINE__, {.python = "3.11", .platform = LINUX, .tensorflow = "<2.15"}, "tensorflow==2.14.1"},
        {__LINE__,
         {.python = "3.11", .platform = LINUX, .tensorflow = "2.14.0"},
         "tensorflow==2.14.0 numpy<2"},
        {__LINE__, {.python = "3.11", .platform = LINUX, .tensorflow = "2.15"}, "tensorflow==2.15.1"},
        {__LINE__,
         {.python = "3.11", .platform = LINUX, .tensorflow = "tensorflow-cpu~=2.16.1"},
         "tensorflow-cpu==2.16.2"},
        {__LINE__, {.python = "3.11", .platform = LINUX, .tensorflow = "2.99"}, "none:"},
        {__LINE__,
         {.python = "3.11", .platform = LINUX, .tensorflow = "torch"},
         "error: --tensorflow: 'torch' is no version, specifier or requirement of TensorFlow"},
        {__LINE__,
         {.python = "3.9", .platform = LINUX, .with = "Tensorflow_Text"},
         "tensorflow==2.20.0 tensorflow-text==2.20.*"},
        {__LINE__,
         {.python = "3.11", .platform = LINUX, .with = "tensorflow-probability"},
         "tensorflow==2.21.0 tensorflow-probability==0.25.* tf-keras==2.21.*"},
        {__LINE__,
         {.python = "3.11", .platform = LINUX, .with = "tensorflow-io"},
         "tensorflow==2.16.2 tensorflow-io==0.37.*"},
        {__LINE__,
         {.python = "3.13", .platform = LINUX, .with = "tensorflow-io"},
         "none: python-unsupported addon-mismatch"},
        {__LINE__,
         {.python = "3.12", .platform = WINDOWS, .with = "tensorflow-text"},
         "none: python-unsupported addon-no-wheel"},
        {__LINE__,
         {.python = "3.9", .platform = WINDOWS, .with = "tensorflow-text"},
         "tensorflow==2.10.1 numpy<2 tensorflow-text==2.10.*"},
        {__LINE__, {.python = "3.12", .platform = LINUX, .with = "tensorflow-metal"}, "none: addon-no-wheel"},
        {__LINE__,
         {.python = "3.11", .platform = LINUX, .with = "some-package"},
         "tensorflow==2.21.0 some-package"},
        {__LINE__,
         {.python = "3.11", .platform = LINUX, .with = "a b"},
         "error: --with: 'a b' is no name of a distribution"},
    };

    (void)state;
    CHECK(rows);
}

/* Every combination ends in an installation or in something to change. */
static void test_matrix(void **state)
{
    static const char *const platforms[] = {
        LINUX, ARM, WINDOWS, MAC, "macosx_10_15_x86_64", "musllinux_1_2_x86_64"};

    (void)state;
    for (int minor = 4; minor <= 16; minor++)
        for (size_t i = 0; i < sizeof platforms / sizeof platforms[0]; i++)
            for (int gpu = 0; gpu < 2; gpu++) {
                tfd_arena arena;
                char python[8], got[2048];
                asked in = {.python = python, .platform = platforms[i], .gpu_wanted = gpu == 1};

                tfd_arena_init(&arena, 0);
                (void)snprintf(python, sizeof python, "3.%d", minor);
                advise(&in, &arena, got, sizeof got);
                if (strncmp(got, "tensorflow", 10) != 0 && strncmp(got, "none: ", 6) != 0)
                    fail_msg("3.%d %s: '%s'", minor, platforms[i], got);
                tfd_arena_done(&arena);
            }
}

static void test_out_of_memory(void **state)
{
    static const asked in = {
        .python = "3.12", .platform = WINDOWS, .gpu_wanted = true, .with = "tensorflow-text"};

    (void)state;
    for (long n = 1; n < 60; n++) {
        tfd_arena arena;
        char got[2048];

        tfd_arena_init(&arena, 0);
        arena.fail_at = n;
        advise(&in, &arena, got, sizeof got);
        if (arena.failed && strncmp(got, "error:", 6) != 0)
            fail_msg("request %ld: '%s'", n, got);
        tfd_arena_done(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pythons_and_platforms),
        cmocka_unit_test(test_c_libraries),
        cmocka_unit_test(test_gpus),
        cmocka_unit_test(test_wishes),
        cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
