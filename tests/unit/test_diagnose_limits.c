/* Limits of the process: blamed for a failure only where they can be what it ran into. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after them */
#include <cmocka.h>

#include "world.h"

#define GB ((int64_t)1000000000)

/* Of the address space, or, negative, of the data segment; 0: none. */
static void limit(world *w, int64_t bytes)
{
    if (bytes > 0)
        tfd_fact_set_int(&w->facts, TFD_FACT_LIMIT_AS, bytes, TFD_STR("ulimit -v"));
    if (bytes < 0)
        tfd_fact_set_int(&w->facts, TFD_FACT_LIMIT_DATA, -bytes, TFD_STR("ulimit -d"));
}

static void test_limit_that_an_exception_can_come_from(void **state)
{
    static const struct {
        int64_t bytes;
        const char *type, *message, *cause, *subject;
        int line;
    } rows[] = {
        {2 * GB, "ImportError", "libx.so.2: failed to map segment from shared object", "memory-limit",
         "address space", __LINE__},
        {200 * GB, "ImportError", "libx.so.2: failed to map segment from shared object", "security-blocked",
         "noexec", __LINE__},
        {2 * GB, "MemoryError", "", "memory-limit", "address space", __LINE__},
        {200 * GB, "MemoryError", "", "memory-limit", "memory", __LINE__},
        {-200 * 1000000, "MemoryError", "", "memory-limit", "data segment", __LINE__},
        {-64 * GB, "MemoryError", "", "memory-limit", "memory", __LINE__},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *cause;
        world w;

        world_init(&w);
        limit(&w, rows[i].bytes);
        fail_with(&w, rows[i].type, rows[i].message)->path = TFD_STR("/env/libx.so.2");
        cause = diagnose(&w);
        if (strcmp(cause, rows[i].cause) != 0 || !tfd_str_is(w.report.causes[0].subject, rows[i].subject))
            fail_msg("line %d: '%s'", rows[i].line, cause);
        end(&w);
    }
}

/* A machine with many processors starts as many threads. */
static void test_many_processors(void **state)
{
    static const size_t processors[] = {0, 2, 128};

    (void)state;
    for (size_t i = 0; i < sizeof processors / sizeof processors[0]; i++) {
        world w;

        world_init(&w);
        w.system.processors = processors[i];
        limit(&w, 8 * GB);
        fail_with(&w, "MemoryError", "");
        assert_string_equal(diagnose(&w), "memory-limit");
        assert_true(
            tfd_str_is(w.report.causes[0].subject, processors[i] == 128 ? "address space" : "memory"));
        end(&w);
    }
}

static void test_limit_that_a_signal_can_come_from(void **state)
{
    static const struct {
        int64_t address_space, data;
        const char *cause;
        int line;
    } rows[] = {
        {2 * GB, 0, "memory-limit", __LINE__}, {200 * GB, 0, "", __LINE__},
        {0, GB / 2, "memory-limit", __LINE__}, {0, 64 * GB, "", __LINE__},
        {200 * GB, 64 * GB, "", __LINE__},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *cause;
        world w;

        world_init(&w);
        limit(&w, rows[i].address_space);
        limit(&w, -rows[i].data);
        w.facts.import.ran = true;
        w.facts.import.status = TFD_IMPORT_FAILS;
        w.facts.import.stage = TFD_STAGE_IMPORT;
        w.facts.import.signal = 6;
        cause = diagnose(&w);
        if (strcmp(cause, rows[i].cause) != 0)
            fail_msg("line %d: '%s'", rows[i].line, cause);
        end(&w);
    }
}

/* The loader model finds libcublas whole, and TensorFlow could not load it. */
static void test_limit_that_keeps_a_gpu_library_out(void **state)
{
    static const struct {
        int64_t bytes;
        const char *cause;
        int line;
    } rows[] = {
        {0, "cuda-missing", __LINE__},
        {6 * GB, "memory-limit", __LINE__},
        {500 * GB, "cuda-missing", __LINE__},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tfd_str missing = TFD_STR("libcublas.so.12");
        const char *cause;
        world w;

        world_init(&w);
        limit(&w, rows[i].bytes);
        w.facts.gpu.was_looked_for = w.facts.gpu.is_asked = true;
        w.facts.gpu.build.is_cuda = TFD_YES;
        w.facts.import.ran = true;
        w.facts.import.status = TFD_IMPORT_OK;
        w.facts.import.gpu.asked = w.facts.import.gpu.listed = true;
        w.facts.import.gpu.missing.items = &missing;
        w.facts.import.gpu.missing.count = 1;
        cause = diagnose(&w);
        if (strcmp(cause, rows[i].cause) != 0)
            fail_msg("line %d: '%s'", rows[i].line, cause);
        end(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limit_that_an_exception_can_come_from),
        cmocka_unit_test(test_many_processors),
        cmocka_unit_test(test_limit_that_a_signal_can_come_from),
        cmocka_unit_test(test_limit_that_keeps_a_gpu_library_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
