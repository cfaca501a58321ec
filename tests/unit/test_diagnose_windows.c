/* From facts to the first cause on Windows: the run time, error numbers, exit codes, and what is pasted into
 * cmd. Each row breaks one thing; its look-alike stands beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/dll_trial.h"
#include "env_windows.h"

static bool command_has(const world *w, const char *text)
{
    const tfd_fix *fix = w->report.cause_count > 0 ? w->report.causes[0].fixes : NULL;

    for (size_t i = 0; fix && i < fix->command_count; i++)
        if (tfd_str_find_z(fix->commands[i], text) != TFD_NPOS)
            return fix->shell == TFD_SHELL_CMD;
    return false;
}

static tfd_exception *fail_to_load(world *w, const char *message)
{
    tfd_exception *exc = fail_with(w, "ImportError", message);

    exc->name = TFD_STR("_pywrap_tensorflow_internal");
    exc->path = TFD_STR(INTERNAL);
    return exc;
}

static void try_dll(world *w, const char *path, tfd_step_state state, int code, uint32_t fault)
{
    tfd_dll_step *step = tfd_arena_new(&w->arena, tfd_dll_step, 1);

    assert_non_null(step);
    *step = (tfd_dll_step){tfd_str_of(path), state, code, fault};
    w->facts.import.dlls = (tfd_dll_trial){.ran = true, .items = step, .count = 1};
}

/* ---- the run time */

static void test_healthy_is_silent(void **state)
{
    world w;

    (void)state;
    begin(&w);
    with_redistributable(&w, "14.44.35211.0");
    assert_string_equal(diagnose(&w), "");
    assert_int_equal(w.report.warning_count, 0);
    end(&w);
}

static void test_runtime(void **state)
{
    static const struct {
        const char *system, *beside; /* versions of msvcp140.dll; NULL: none */
        const char *cause, *command;
        int line;
    } rows[] = {
        {"14.29.30133.0", NULL, "vcruntime-outdated", "winget install --id Microsoft.VCRedist.2015+.x64",
         __LINE__},
        {"14.36.32532.0", NULL, "vcruntime-outdated", "winget install", __LINE__},
        {"14.38.33135.0", NULL, "", NULL, __LINE__}, /* not known to fail */
        {"14.40.33810.0", NULL, "", NULL, __LINE__},
        {NULL, NULL, "vcruntime-missing", "winget install", __LINE__},
        {"14.44.35211.0", "14.29.30133.0", "vcruntime-shadowed", "del /f \"" ROOT "\\msvcp140.dll\"",
         __LINE__},
        {NULL, "14.29.30133.0", "vcruntime-shadowed", "winget install", __LINE__},
        {"14.29.30133.0", "14.44.35211.0", "", NULL, __LINE__}, /* the good one is taken first */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world w;
        const char *cause;

        begin(&w);
        if (rows[i].beside)
            add_runtime(&w, "msvcp140.dll", ROOT "\\msvcp140.dll", rows[i].beside, true);
        if (rows[i].system)
            add_runtime(&w, "msvcp140.dll", SYSTEM32 "\\msvcp140.dll", rows[i].system, !rows[i].beside);
        if (!rows[i].beside && !rows[i].system) {
            add_runtime(&w, "msvcp140.dll", "", "", false);
            w.facts.resolutions.items[1].state = TFD_STATE_ABSENT;
            w.facts.resolutions.items[1].hit = TFD_NONE;
        }
        add_runtime(&w, "msvcp140_1.dll", SYSTEM32 "\\msvcp140_1.dll", "14.44.35211.0", true);
        cause = diagnose(&w);
        if (strcmp(cause, rows[i].cause) != 0 || (rows[i].command && !command_has(&w, rows[i].command)))
            fail_msg("line %d: %s", rows[i].line, cause);
        end(&w);
    }
}

static void test_dll_that_came_later_is_an_old_redistributable(void **state)
{
    world w;

    (void)state;
    begin(&w);
    w.facts.objects.items[1].needs_constexpr_mutex = false;
    with_redistributable(&w, "14.34.31931.0");
    add_runtime(&w, "vcruntime140_threads.dll", "", "", false);
    (void)add_need(&w, 1, "VCRUNTIME140_THREADS.dll", TFD_NONE);
    assert_string_equal(diagnose(&w), "vcruntime-outdated");
    end(&w);
    begin(&w);
    with_redistributable(&w, "14.44.35211.0");
    add_runtime(&w, "vcruntime140_threads.dll", "", "", false);
    (void)add_need(&w, 1, "VCRUNTIME140_THREADS.dll", TFD_NONE);
    assert_string_equal(diagnose(&w), "vcruntime-missing");
    end(&w);
}

static void test_what_waits_for_a_file_that_cannot_load_is_no_damage(void **state)
{
    world w;

    (void)state;
    begin(&w);
    add_runtime(&w, "msvcp140.dll", "", "", false);
    add_runtime(&w, "msvcp140_1.dll", "", "", false);
    w.facts.resolutions.items[1].state = TFD_STATE_ABSENT;
    w.facts.resolutions.items[1].hit = TFD_NONE;
    (void)add_need(&w, add_object(&w, SITE "\\tensorflow\\python\\util\\_pywrap_utils.pyd", 0),
                   "_pywrap_tensorflow_common.dll", TFD_NONE);
    assert_string_equal(diagnose(&w), "vcruntime-missing");
    assert_int_equal(w.report.cause_count, 1);
    end(&w);
}

/* What is there of 2015 and later does not stand for the older release that a module asks for. */
static void test_older_release_is_missing(void **state)
{
    world w;
    tfd_view view;
    tfd_findings findings = {0};

    (void)state;
    begin(&w);
    with_redistributable(&w, "14.44.35211.0");
    (void)add_need(&w, add_object(&w, SITE "\\numpy\\linalg\\_umath_linalg.pyd", TFD_NONE), "msvcr100.dll",
                   TFD_NONE);
    view = (tfd_view){&w.facts, &w.options, w.kb};
    findings.arena = &w.arena;
    tfd_check_vcruntime.run(&view, &findings);
    assert_int_equal(findings.check_status, TFD_CHECK_FAIL);
    assert_string_equal(diagnose(&w), "vcruntime-missing");
    end(&w);
}

/* ---- error numbers: 1114 told apart */

static void test_numbers(void **state)
{
    static const struct {
        const char *message;
        int code; /* of the trial; 0: it was not run */
        uint32_t fault;
        bool avx;
        const char *cause;
        int line;
    } rows[] = {
        {"DLL load failed while importing _pywrap_tensorflow_internal: 动态链接库(DLL)初始化例程失败。", 0, 0,
         false, "cpu-no-avx", __LINE__},
        {"DLL load failed while importing _pywrap_tensorflow_internal: x", 1114, 0xC000001Du, true,
         "cpu-no-avx", __LINE__},
        {"DLL load failed with error code -1073741795 while importing _pywrap_tensorflow_internal", 0, 0,
         true, "cpu-no-avx", __LINE__},
        {"DLL load failed while importing _pywrap_tensorflow_internal: x", 1114, 0, true, "tf-corrupt",
         __LINE__},
        {"DLL load failed while importing _pywrap_tensorflow_internal: x", 225, 0, true, "security-blocked",
         __LINE__},
        {"DLL load failed while importing _pywrap_tensorflow_internal: x", 4551, 0, true, "security-blocked",
         __LINE__},
        {"DLL load failed while importing _pywrap_tensorflow_internal: x", 5, 0, true, "permission-denied",
         __LINE__},
        {"DLL load failed while importing _pywrap_tensorflow_internal: 页面文件太小，无法完成操作。", 0, 0,
         true, "memory-limit", __LINE__},
        {"DLL load failed while importing _pywrap_tensorflow_internal: x", 206, 0, true, "path-too-long",
         __LINE__},
        {"Module use of python311.dll conflicts with this version of Python.", 0, 0, true, "tf-abi-mismatch",
         __LINE__},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world w;
        const char *cause;

        begin(&w);
        with_redistributable(&w, "14.44.35211.0");
        (void)fail_to_load(&w, rows[i].message);
        if (rows[i].code != 0)
            try_dll(&w, COMMON, TFD_STEP_FAILED, rows[i].code, rows[i].fault);
        w.cpu.avx_enabled = w.cpu.avx_in_cpu = rows[i].avx;
        cause = diagnose(&w);
        if (strcmp(cause, rows[i].cause) != 0)
            fail_msg("line %d: %s", rows[i].line, cause);
        end(&w);
    }
}

/* TensorFlow's own LoadLibrary says no more than this. */
static void test_plugin_that_does_not_load(void **state)
{
    static const struct {
        const char *type, *message, *cause;
        int line;
    } rows[] = {
        {"NotFoundError", SITE "\\tensorflow-plugins\\accel.dll not found", "addon-mismatch", __LINE__},
        {"NotFoundError", COMMON " not found", "tf-corrupt", __LINE__},
        {"NotFoundError", "accel.dll not found", "", __LINE__},
        {"NotFoundError", "", "", __LINE__},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world w;
        const char *cause;

        begin(&w);
        with_redistributable(&w, "14.44.35211.0");
        (void)fail_with(&w, rows[i].type, rows[i].message);
        cause = diagnose(&w);
        if (strcmp(cause, rows[i].cause) != 0)
            fail_msg("line %d: %s", rows[i].line, cause);
        end(&w);
    }
}

static void test_exit_codes(void **state)
{
    static const struct {
        uint32_t status;
        tfd_import_stage stage;
        const char *cause;
        int line;
    } rows[] = {
        {0xC000001Du, TFD_STAGE_IMPORT, "cpu-no-avx", __LINE__},
        {0xC000012Du, TFD_STAGE_IMPORT, "memory-limit", __LINE__},
        {0xC0000428u, TFD_STAGE_IMPORT, "security-blocked", __LINE__},
        {0xC0000135u, TFD_STAGE_START, "python-broken", __LINE__},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world w;
        const char *cause;

        begin(&w);
        with_redistributable(&w, "14.44.35211.0");
        w.facts.import.ran = true;
        w.facts.import.status = TFD_IMPORT_FAILS;
        w.facts.import.stage = rows[i].stage;
        w.facts.import.exit_code = (int)rows[i].status;
        cause = diagnose(&w);
        if (strcmp(cause, rows[i].cause) != 0)
            fail_msg("line %d: %s", rows[i].line, cause);
        end(&w);
    }
}

static void test_missing_function_holds_against_wine(void **state)
{
    world w;
    tfd_symbol_problem *row;

    (void)state;
    begin(&w);
    with_redistributable(&w, "14.44.35211.0");
    assert_true(TFD_GROW(&w.arena, &w.facts.symbol_problems));
    row = &w.facts.symbol_problems.items[w.facts.symbol_problems.count++];
    *row = (tfd_symbol_problem){.object = 0, .provider = 1, .symbol = TFD_STR("absent"), .count = 1};
    row->is_needed = true;
    w.system.is_wine = true;
    w.facts.import.ran = true;
    w.facts.import.status = TFD_IMPORT_OK;
    assert_string_equal(diagnose(&w), "tf-corrupt");
    w.system.is_wine = false; /* Windows itself has the last word */
    assert_string_equal(diagnose(&w), "");
    end(&w);
}

/* ---- the plan of the trial */

static void test_trial_plan(void **state)
{
    world w;
    tfd_strs plan = {0};

    (void)state;
    begin(&w);
    with_redistributable(&w, "14.29.30133.0");
    (void)fail_to_load(&w, "DLL load failed while importing _pywrap_tensorflow_internal: x");
    assert_true(tfd_dll_trial_is_wanted(&w.facts));
    assert_int_equal(tfd_dll_trial_plan(&w.facts, &w.arena, &plan), TFD_OK);
    assert_int_equal(plan.count, 3);
    assert_true(tfd_str_is(plan.items[0], SYSTEM32 "\\msvcp140.dll"));
    assert_true(tfd_str_is(plan.items[1], COMMON));
    assert_true(tfd_str_is(plan.items[2], INTERNAL));
    assert_int_equal(tfd_dll_trial_read(&w.arena,
                                        TFD_STR("[\"try\",0,0]\n[\"done\",0,0]\n[\"try\",1,0]\n"
                                                "Windows fatal exception: access violation\n\n"
                                                "[\"done\",1,1114]\n[\"done\",99,1]\n[[[\nnoise\n"),
                                        &plan, &w.facts.import.dlls),
                     TFD_OK);
    assert_int_equal(w.facts.import.dlls.items[0].state, TFD_STEP_LOADED);
    assert_int_equal(w.facts.import.dlls.items[1].state, TFD_STEP_FAILED);
    assert_int_equal(w.facts.import.dlls.items[1].code, 1114);
    assert_true(w.facts.import.dlls.items[1].fault == 0xC0000005u);
    assert_int_equal(w.facts.import.dlls.items[2].state, TFD_STEP_NOT_TRIED);
    end(&w);
}

/* Where conda itself is not found, what its activation does is said in full. */
static void test_conda_that_is_not_activated(void **state)
{
    static const char *const rows[][2] = {
        {"", "set \"PATH=" ROOT ";" ROOT "\\Library\\mingw-w64\\bin;"},
        {"C:\\conda\\condabin\\conda.bat", "call C:\\conda\\condabin\\conda.bat activate \"" ROOT "\""}};

    static const tfd_str path = TFD_STR_INIT("PATH=C:\\Windows");

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world w;

        begin(&w);
        with_redistributable(&w, "14.44.35211.0");
        w.facts.python.env = TFD_ENV_CONDA;
        w.facts.python.env_root = TFD_STR(ROOT);
        w.facts.python.conda = tfd_str_of(rows[i][0]);
        w.facts.python.minor = 9;
        w.facts.environment = &path;
        w.facts.environment_count = 1;
        (void)add_need(&w, 1, "libcblas.dll", TFD_NONE);
        assert_string_equal(diagnose(&w), "conda-not-activated");
        if (!tfd_str_starts_z(w.report.causes[0].fixes[0].commands[0], rows[i][1]))
            fail_msg("%.*s", TFD_ARG(w.report.causes[0].fixes[0].commands[0]));
        end(&w);
    }
}

/* Wheels that delvewheel made bring the same msvcp140-<hash>.dll each; the first that is loaded serves all.
 */
static void test_dll_that_another_wheel_brings_too(void **state)
{
    (void)state;
    for (int has_other = 0; has_other < 2; has_other++) {
        tfd_file_problem *lost;
        world w;

        begin(&w);
        with_redistributable(&w, "14.44.35211.0");
        assert_true(TFD_GROW(&w.arena, &w.facts.file_problems));
        lost = &w.facts.file_problems.items[w.facts.file_problems.count++];
        memset(lost, 0, sizeof *lost);
        lost->path = TFD_STR(SITE "\\tensorflow.libs\\msvcp140-a4c2.dll");
        lost->state = TFD_FILE_MISSING;
        w.facts.dists.items[0].missing = 1;
        if (has_other)
            (void)add_object(&w, SITE "\\numpy.libs\\msvcp140-a4c2.dll", TFD_NONE);
        (void)add_need(&w, 1, "msvcp140-a4c2.dll", has_other ? 3 : TFD_NONE);
        assert_string_equal(diagnose(&w), has_other ? "" : "tf-corrupt");
        end(&w);
    }
}

/* tensorflow-intel has no release for Pythons after 3.12: another distribution takes its place. */
static void test_release_under_another_name(void **state)
{
    const tfd_fix *fix;
    tfd_dist *tf;
    world w;

    (void)state;
    begin(&w);
    with_redistributable(&w, "14.44.35211.0");
    w.facts.python.minor = 13;
    tf = &w.facts.dists.items[0];
    tf->name = TFD_STR("tensorflow_intel");
    tf->key = TFD_STR("tensorflow-intel");
    tf->version = TFD_STR("2.15.1");
    tf->tags_fit = TFD_NO;
    tf->tags_why = TFD_STR("python: cp311");
    assert_string_equal(diagnose(&w), "tf-abi-mismatch");
    fix = w.report.causes[0].fixes;
    assert_int_equal(fix->command_count, 2);
    assert_true(tfd_str_find_z(fix->commands[0], "pip uninstall -y tensorflow_intel") != TFD_NPOS);
    assert_true(tfd_str_find_z(fix->commands[1], "tensorflow==2.2") != TFD_NPOS);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_healthy_is_silent),
        cmocka_unit_test(test_runtime),
        cmocka_unit_test(test_dll_that_came_later_is_an_old_redistributable),
        cmocka_unit_test(test_what_waits_for_a_file_that_cannot_load_is_no_damage),
        cmocka_unit_test(test_older_release_is_missing),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_plugin_that_does_not_load),
        cmocka_unit_test(test_exit_codes),
        cmocka_unit_test(test_missing_function_holds_against_wine),
        cmocka_unit_test(test_trial_plan),
        cmocka_unit_test(test_conda_that_is_not_activated),
        cmocka_unit_test(test_dll_that_another_wheel_brings_too),
        cmocka_unit_test(test_release_under_another_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
