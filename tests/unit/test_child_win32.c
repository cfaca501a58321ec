#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sys/child.h"
#include "sys/os_win32.h"

#define POLL_US 50000u

static tfd_sys *sys;

static int set_up(void **state)
{
    (void)state;
    (void)SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
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

    if (!spec->argv)
        spec->argv = argv;
    spec->data_fd_env = "TFDIAG_DATA";
    spec->scratch = "TFDIAG_SCRATCH";
    if (!spec->deadline_ms)
        spec->deadline_ms = 20000;
    if (sys->child_start(sys, spec, &child, &err) != TFD_OK)
        fail_msg("%s", err.text);
    spec->argv = NULL;
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
        unsigned code;
        int line;
    } cases[] = {
        {"exit", "0", 0, TFD_CHILD_EXITED, 0, __LINE__},
        {"exit", "7", 0, TFD_CHILD_EXITED, 7, __LINE__},
        {"exit", "0xC0000135", 0, TFD_CHILD_EXITED, 0xC0000135u, __LINE__},
        {"crash", "0xC000001D", 0, TFD_CHILD_EXITED, 0xC000001Du, __LINE__},
        {"hang", "", 500, TFD_CHILD_TIMEOUT, (unsigned)-1, __LINE__},
        {"flood", "", 500, TFD_CHILD_TIMEOUT, (unsigned)-1, __LINE__},
        {"flood-data", "", 0, TFD_CHILD_FLOODED, (unsigned)-1, __LINE__},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tfd_child_spec spec = {.deadline_ms = cases[i].deadline_ms, .output_max = 4096, .data_max = 100000};
        tfd_child *child = run_spec(&spec, cases[i].mode, cases[i].argument);
        const tfd_child_result *result = tfd_child_get_result(child);

        if (result->end != cases[i].end || (unsigned)result->code != cases[i].code)
            fail_msg("line %d: end %d, code %#x, error %d", cases[i].line, (int)result->end,
                     (unsigned)result->code, result->os_code);
        assert_int_equal(result->signal, 0);
        assert_true(result->out.len <= 4096 + 64);
        assert_true(result->data.len <= 100000);
        assert_true(result->wall_us < 15000000);
        assert_true(result->peak_bytes > 0 || cases[i].deadline_ms == 0);
        tfd_child_free(child);
    }
}

static void test_no_start(void **state)
{
    static const struct {
        const char *program;
        int os_code;
    } cases[] = {{"C:\\nonexistent\\python.exe", ERROR_PATH_NOT_FOUND},
                 {"C:\\nonexistent.exe", ERROR_FILE_NOT_FOUND},
                 {"C:\\windows\\win.ini", ERROR_BAD_EXE_FORMAT}};

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
    static const char *const env[] = {"HELPER_SET=yes", "HELPER_UNSET", NULL};
    static const char *const argv[] = {TFD_CHILD_HELPER, "describe", "two words",  "a\"b",
                                       "C:\\x y\\",      "",         "\\\\\"\\\\", NULL};
    tfd_child_spec spec = {.env = env, .argv = argv};
    tfd_child *child;

    (void)state;
    assert_true(SetEnvironmentVariableA("HELPER_UNSET", "seen"));
    assert_true(SetEnvironmentVariableA("Helper_Set", "overridden"));
    child = run_spec(&spec, "", "");
    assert_string_equal(tfd_child_get_result(child)->out.ptr,
                        "HELPER_SET=yes\nhelper_set=yes\nHELPER_UNSET=(unset)\nstdin "
                        "empty\n[two words]\n[a\"b]\n[C:\\x y\\]\n[]\n[\\\\\"\\\\]\n");
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
    HANDLE process =
        OpenProcess(SYNCHRONIZE, FALSE, (DWORD)strtoul(result->out.ptr ? result->out.ptr : "", NULL, 10));

    (void)state;
    assert_int_equal(result->end, TFD_CHILD_EXITED);
    assert_int_equal(result->left_over, 1);
    assert_true(!process || WaitForSingleObject(process, 0) == WAIT_OBJECT_0);
    if (process)
        (void)CloseHandle(process);
    tfd_child_free(child);
}

/* The folder is there while the child lives and is gone afterwards, with what is read-only in it. */
static void test_scratch(void **state)
{
    tfd_child_spec spec = {0};
    tfd_child *child = run_spec(&spec, "scratch", "");
    char path[1024];
    tfd_str line;
    tfd_str rest = tfd_child_get_result(child)->out;

    (void)state;
    assert_int_equal(tfd_child_get_result(child)->code, 0);
    assert_true(tfd_str_line(&rest, &line));
    (void)snprintf(path, sizeof path, "%.*s", TFD_ARG(line));
    assert_true(tfd_sys_is_dir(sys, tfd_str_of(path)));
    tfd_child_free(child);
    assert_false(tfd_sys_is_dir(sys, tfd_str_of(path)));
}

static void test_stop(void **state)
{
    tfd_child_spec spec = {0};
    tfd_child *child = start_spec(&spec, TFD_CHILD_HELPER, "hang", "");

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),    cmocka_unit_test(test_no_start), cmocka_unit_test(test_surroundings),
        cmocka_unit_test(test_data),    cmocka_unit_test(test_capture),  cmocka_unit_test(test_daemon),
        cmocka_unit_test(test_scratch), cmocka_unit_test(test_stop),     cmocka_unit_test(test_two_at_once),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
