#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sys/child.h"

#define POLL_US 50000u
#define EACCES_CODE 13
#define ENOENT_CODE 2

static tfd_sys *sys;

static int set_up(void **state)
{
    (void)state;
    return tfd_sys_native_new(&sys, NULL) == TFD_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    tfd_sys_native_free(sys);
    return 0;
}

static tfd_child *start_spec(tfd_child_spec *spec, const char *program, const char *mode,
                             const char *argument)
{
    const char *argv[] = {program, mode, argument, NULL};
    tfd_child *child = NULL;
    tfd_err err = {0};

    spec->argv = argv;
    spec->data_fd_env = "TFDIAG_DATA";
    spec->scratch = "TFDIAG_SCRATCH";
    if (!spec->deadline_ms)
        spec->deadline_ms = 20000;
    if (sys->child_start(sys, spec, &child, &err) != TFD_OK)
        fail_msg("%s", err.text);
    return child;
}

static tfd_child *run_spec(tfd_child_spec *spec, const char *mode, const char *argument)
{
    tfd_child *child = start_spec(spec, TFD_CHILD_HELPER, mode, argument);

    while (!tfd_child_poll(child, POLL_US))
        ;
    return child;
}

static void test_ends(void **state)
{
    static const struct {
        const char *mode, *argument;
        uint64_t deadline_ms;
        tfd_child_end end;
        int code, signal;
        int line;
    } cases[] = {
        {"exit", "0", 0, TFD_CHILD_EXITED, 0, 0, __LINE__},
        {"exit", "7", 0, TFD_CHILD_EXITED, 7, 0, __LINE__},
        {"signal", "11", 0, TFD_CHILD_SIGNALED, -1, 11, __LINE__},
        {"signal", "9", 0, TFD_CHILD_SIGNALED, -1, 9, __LINE__},
        {"hang", "", 200, TFD_CHILD_TIMEOUT, -1, SIGTERM, __LINE__},
        {"stubborn", "", 200, TFD_CHILD_TIMEOUT, -1, 9, __LINE__},
        {"flood", "", 300, TFD_CHILD_TIMEOUT, -1, SIGTERM, __LINE__},
        {"flood-data", "", 0, TFD_CHILD_FLOODED, -1, SIGTERM, __LINE__},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tfd_child_spec spec = {.deadline_ms = cases[i].deadline_ms, .output_max = 4096, .data_max = 100000};
        tfd_child *child = run_spec(&spec, cases[i].mode, cases[i].argument);
        const tfd_child_result *result = tfd_child_get_result(child);

        if (result->end != cases[i].end || result->code != cases[i].code || result->signal != cases[i].signal)
            fail_msg("line %d: end %d, code %d, signal %d", cases[i].line, (int)result->end, result->code,
                     result->signal);
        assert_true(result->out.len <= 4096 + 64);
        assert_true(result->data.len <= 100000);
        assert_true(result->wall_us < 15000000);
        tfd_child_free(child);
    }
}

static void test_no_start(void **state)
{
    static const struct {
        const char *program;
        int os_code;
    } cases[] = {{"/nonexistent/python", ENOENT_CODE}, {"/etc/passwd", EACCES_CODE}, {"/", EACCES_CODE}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tfd_child_spec spec = {0};
        tfd_child *child = start_spec(&spec, cases[i].program, "", "");

        while (!tfd_child_poll(child, POLL_US))
            ;
        assert_int_equal(tfd_child_get_result(child)->end, TFD_CHILD_NO_START);
        assert_int_equal(tfd_child_get_result(child)->os_code, cases[i].os_code);
        tfd_child_free(child);
    }
}

static void test_surroundings(void **state)
{
    static const char *const env[] = {"HELPER_SET=yes", "HOME", NULL};
    tfd_child_spec spec = {.env = env};
    tfd_child *child = run_spec(&spec, "describe", "");

    (void)state;
    assert_string_equal(tfd_child_get_result(child)->out.ptr,
                        "HELPER_SET=yes\nHOME=(unset)\nstdin empty\nsession own\nSIGPIPE default\n");
    tfd_child_free(child);
}

static void test_data(void **state)
{
    tfd_child_spec spec = {0};
    tfd_child *child = run_spec(&spec, "data", "[\"hello\"]\n");

    (void)state;
    assert_string_equal(tfd_child_get_result(child)->data.ptr, "[\"hello\"]\n");
    assert_int_equal(tfd_child_get_result(child)->out.len, 0);
    tfd_child_free(child);
}

/* First half, what was left out, last half. */
static void test_capture(void **state)
{
    tfd_child_spec spec = {.output_max = 40};
    tfd_child *child = run_spec(&spec, "parts", "");
    const tfd_child_result *result = tfd_child_get_result(child);

    (void)state;
    assert_int_equal(result->out_total, 10000);
    assert_string_equal(result->out.ptr,
                        "line 0000\nline 0001\n\n[9960 bytes left out]\nline 0998\nline 0999\n");
    tfd_child_free(child);
}

static void test_daemon(void **state)
{
    tfd_child_spec spec = {0};
    tfd_child *child = run_spec(&spec, "daemon", "");
    const tfd_child_result *result = tfd_child_get_result(child);
    char path[64];

    (void)state;
    assert_int_equal(result->end, TFD_CHILD_EXITED);
    assert_int_equal(result->left_over, 1);
    (void)snprintf(path, sizeof path, "/proc/%ld", strtol(result->out.ptr, NULL, 10));
    assert_false(tfd_sys_is_dir(sys, tfd_str_of(path)));
    tfd_child_free(child);
}

/* The folder is there while the child lives and is gone afterwards; what a link in it leads to stays. */
static void test_scratch(void **state)
{
    static const char *const env[] = {"HELPER_TARGET=/etc", NULL};
    tfd_child_spec spec = {.env = env};
    tfd_child *child = run_spec(&spec, "scratch", "");
    char path[4096];
    tfd_str line;
    tfd_str rest = tfd_child_get_result(child)->out;

    (void)state;
    assert_true(tfd_str_line(&rest, &line));
    (void)snprintf(path, sizeof path, "%.*s", TFD_ARG(line));
    assert_true(tfd_sys_is_dir(sys, tfd_str_of(path)));
    tfd_child_free(child);
    assert_false(tfd_sys_is_dir(sys, tfd_str_of(path)));
    assert_true(tfd_sys_is_file(sys, TFD_STR("/etc/passwd")));
}

static void test_stop(void **state)
{
    tfd_child_spec spec = {0};
    tfd_child *child = start_spec(&spec, TFD_CHILD_HELPER, "stubborn", "");

    (void)state;
    assert_false(tfd_child_poll(child, 0));
    tfd_child_stop(child);
    assert_true(tfd_child_poll(child, 0));
    assert_int_equal(tfd_child_get_result(child)->end, TFD_CHILD_STOPPED);
    tfd_child_free(child);
    child = start_spec(&spec, TFD_CHILD_HELPER, "hang", "");
    tfd_child_free(child); /* without a stop */
    tfd_child_free(NULL);
}

static void test_two_at_once(void **state)
{
    tfd_child_spec spec = {0};
    tfd_child *first = start_spec(&spec, TFD_CHILD_HELPER, "hang", "");
    tfd_child *second = run_spec(&spec, "exit", "3");

    (void)state;
    assert_int_equal(tfd_child_get_result(second)->code, 3);
    assert_false(tfd_child_poll(first, 0));
    tfd_child_free(second);
    assert_false(tfd_child_poll(first, 0));
    tfd_child_free(first);
}

/* Last: that a signal was seen is never forgotten. */
static void test_interrupt(void **state)
{
    tfd_child_spec spec = {0};
    tfd_child *child = start_spec(&spec, TFD_CHILD_HELPER, "hang", "");

    (void)state;
    assert_int_equal(sys->interrupted(sys), 0);
    (void)raise(SIGINT);
    assert_int_not_equal(sys->interrupted(sys), 0);
    assert_false(tfd_child_poll(child, 10000000)); /* at once */
    tfd_child_free(child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),         cmocka_unit_test(test_no_start),
        cmocka_unit_test(test_surroundings), cmocka_unit_test(test_data),
        cmocka_unit_test(test_capture),      cmocka_unit_test(test_daemon),
        cmocka_unit_test(test_scratch),      cmocka_unit_test(test_stop),
        cmocka_unit_test(test_two_at_once),  cmocka_unit_test(test_interrupt),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
