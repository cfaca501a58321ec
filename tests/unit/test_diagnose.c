/* From facts to the first cause: checks and ranking on facts made by hand. Each row breaks one thing; its
 * look-alike, which must not be blamed, stands beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "env.h"

static void test_healthy_is_silent(void **state)
{
    world w;

    (void)state;
    begin(&w);
    assert_string_equal(diagnose(&w), "");
    assert_int_equal(w.report.warning_count, 0);
    end(&w);
}

static void test_missing_requirement(void **state)
{
    world w;

    (void)state;
    begin(&w);
    require(&w, "wrapt>=1.11.0", "wrapt", ">=1.11.0", TFD_NONE, TFD_NO);
    assert_string_equal(diagnose(&w), "dep-other");
    assert_true(first_command_has(&w, "/env/bin/python -m pip install 'wrapt>=1.11.0'"));
    end(&w);
}

static void test_missing_requirement_that_nothing_loads_is_a_warning(void **state)
{
    world w;

    (void)state;
    begin(&w);
    require(&w, "libclang>=13.0.0", "libclang", ">=13.0.0", TFD_NONE, TFD_NO);
    assert_string_equal(diagnose(&w), "");
    assert_int_equal(w.report.warning_count, 1);
    end(&w);
}

static void test_import_that_works_outweighs_metadata(void **state)
{
    world w;

    (void)state;
    begin(&w);
    require(&w, "wrapt>=1.11.0", "wrapt", ">=1.11.0", TFD_NONE, TFD_NO);
    w.facts.import.ran = true;
    w.facts.import.status = TFD_IMPORT_OK;
    assert_string_equal(diagnose(&w), "");
    assert_int_equal(w.report.warning_count, 1);
    end(&w);
}

static void test_foreign_place_is_the_root_of_an_unmet_requirement(void **state)
{
    world w;
    size_t foreign;

    (void)state;
    begin(&w);
    foreign = add_dist(&w, "protobuf", "3.20.3", 1);
    (void)add_dist(&w, "protobuf", "6.31.0", 3);
    w.facts.dists.items[foreign + 1].is_shadowed = true;
    require(&w, "protobuf>=5.28.0", "protobuf", ">=5.28.0", foreign, TFD_NO);
    assert_string_equal(diagnose(&w), "pythonpath-conflict");
    assert_true(first_command_has(&w, "mv " SITE "/zz.pth"));
    end(&w);
}

static void test_old_version_in_the_environment_is_the_package(void **state)
{
    world w;

    (void)state;
    begin(&w);
    require(&w, "protobuf>=5.28.0", "protobuf", ">=5.28.0", add_dist(&w, "protobuf", "3.20.3", 3), TFD_NO);
    assert_string_equal(diagnose(&w), "dep-protobuf");
    assert_true(first_command_has(&w, "'protobuf>=5.28.3"));
    end(&w);
}

static void test_start_folder_on_the_stack_is_a_shadow(void **state)
{
    world w;
    tfd_frame frames[] = {{TFD_STR_INIT(SITE "/tensorflow/__init__.py"), 30, TFD_STR_INIT("<module>")},
                          {TFD_STR_INIT("/work/random.py"), 1, TFD_STR_INIT("<module>")}};
    tfd_dirent entry = {TFD_STR_INIT("random.py"), TFD_KIND_FILE};
    tfd_exception *exc;

    (void)state;
    begin(&w);
    w.facts.places.items[2].entries.items = &entry;
    w.facts.places.items[2].entries.count = 1;
    exc = fail_with(&w, "AttributeError", "partially initialized module 'random' has no attribute 'Random'");
    exc->frames = frames;
    exc->frame_count = 2;
    assert_string_equal(diagnose(&w), "name-shadowing");
    assert_true(first_command_has(&w, "mv /work/random.py /work/my_random.py"));
    end(&w);
}

/* Two .dist-info of one name: what is installed fits the older one, over which the newer was laid. */
static void test_tensorflow_over_an_older_one(void **state)
{
    world w;
    size_t older;

    (void)state;
    begin(&w);
    w.facts.dists.items[0].version = TFD_STR("2.20.0");
    older = add_dist(&w, "tensorflow", "2.15.1", w.facts.dists.items[0].place);
    w.facts.dists.items[older].is_tensorflow = w.facts.dists.items[older].is_shadowed = true;
    require(&w, "protobuf>=5.28.0", "protobuf", ">=5.28.0", add_dist(&w, "protobuf", "4.25.9", 3), TFD_NO);
    assert_string_equal(diagnose(&w), "tf-duplicate");
    assert_int_equal(w.report.cause_count, 1);
    end(&w);
}

/* contextlib is not in the list of what 2.10 was seen to load, and in that of later releases; distutils is
 * setuptools' from 3.12 on; for imp there is nothing. */
static void test_missing_module_of_the_standard_library(void **state)
{
    static const char *const rows[][3] = {{"contextlib", "No module named 'contextlib'", "python-broken"},
                                          {"distutils", "No module named 'distutils'", "dep-other"},
                                          {"imp", "No module named 'imp'", "tf-abi-mismatch"}};
    tfd_frame frame = {TFD_STR_INIT(SITE "/tensorflow/__init__.py"), 30, TFD_STR_INIT("<module>")};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tfd_exception *exc;
        world w;

        begin(&w);
        w.facts.dists.items[0].version = TFD_STR("2.10.1");
        w.facts.python.minor = 12;
        exc = fail_with(&w, "ModuleNotFoundError", rows[i][1]);
        exc->name = tfd_str_of(rows[i][0]);
        exc->frames = &frame;
        exc->frame_count = 1;
        assert_string_equal(diagnose(&w), rows[i][2]);
        end(&w);
    }
}

static void test_own_module_that_hides_nothing_is_no_shadow(void **state)
{
    world w;
    tfd_frame frame = {TFD_STR_INIT("/work/mymodel.py"), 3, TFD_STR_INIT("<module>")};
    tfd_exception *exc;

    (void)state;
    begin(&w);
    exc = fail_with(&w, "NameError", "name 'layers' is not defined");
    exc->frames = &frame;
    exc->frame_count = 1;
    assert_string_equal(diagnose(&w), "not-an-environment-problem");
    end(&w);
}

static void test_two_tensorflows_explain_their_damage(void **state)
{
    world w;
    tfd_overlap *row;
    size_t second;

    (void)state;
    begin(&w);
    second = add_dist(&w, "tensorflow", "2.21.0", 3);
    w.facts.dists.items[second].is_tensorflow = true;
    w.facts.dists.items[0].wrong_size = 900;
    assert_true(TFD_GROW(&w.arena, &w.facts.overlaps));
    row = &w.facts.overlaps.items[w.facts.overlaps.count++];
    *row = (tfd_overlap){.first = 0, .second = second, .shared = 9000, .differing = 900, .first_lost = 900};
    assert_string_equal(diagnose(&w), "tf-duplicate");
    assert_int_equal(w.report.cause_count, 1);
    end(&w);
}

static void test_two_faults_name_each_other(void **state)
{
    world w;

    (void)state;
    begin(&w);
    require(&w, "wrapt>=1.11.0", "wrapt", ">=1.11.0", TFD_NONE, TFD_NO);
    require(&w, "gast>=0.2.1", "gast", ">=0.2.1", TFD_NONE, TFD_NO);
    assert_string_equal(diagnose(&w), "dep-other");
    assert_int_equal(w.report.cause_count, 2);
    assert_int_equal(w.report.causes[0].needs_also_count, 1);
    assert_int_equal(w.report.causes[0].fixes[0].command_count, 2);
    end(&w);
}

static void test_no_avx(void **state)
{
    world w;

    (void)state;
    begin(&w);
    w.cpu.avx_enabled = w.cpu.avx_in_cpu = false;
    assert_string_equal(diagnose(&w), "cpu-no-avx");
    end(&w);
}

static void test_unknown_cpu_blames_nobody(void **state)
{
    world w;

    (void)state;
    begin(&w);
    w.cpu.known = w.cpu.avx_enabled = false;
    assert_string_equal(diagnose(&w), "");
    end(&w);
}

/* Variables of the interpreter itself, of pip, and of the locale: {minor version, variables, cause, command}.
 */
typedef struct variable_row {
    int minor;
    tfd_str variables[4];
    const char *site; /* the folder of packages; NULL: as in begin */
    const char *cause, *command;
    int line;
} variable_row;

#define V(text)                \
    {                          \
        text, sizeof(text) - 1 \
    }

static const variable_row variable_rows[] = {
    {13, {V("PYTHON_GIL=0")}, NULL, "env-setting", "unset PYTHON_GIL", __LINE__},
    {12, {V("PYTHON_GIL=0")}, NULL, "", "", __LINE__},
    {13, {V("PYTHON_GIL=1")}, NULL, "", "", __LINE__},
    {13, {V("PYTHON_CPU_COUNT=many")}, NULL, "env-setting", "unset PYTHON_CPU_COUNT", __LINE__},
    {13, {V("PYTHON_CPU_COUNT=default")}, NULL, "", "", __LINE__},
    {12, {V("PYTHONINTMAXSTRDIGITS=639")}, NULL, "env-setting", "unset PYTHONINTMAXSTRDIGITS", __LINE__},
    {12, {V("PYTHONINTMAXSTRDIGITS=640")}, NULL, "", "", __LINE__},
    {12, {V("PYTHONUTF8=0"), V("LC_ALL=C")}, NULL, "", "", __LINE__},
    {12,
     {V("PYTHONUTF8=0"), V("LC_ALL=C")},
     "/gr\xC3\xBC",
     "path-non-ascii",
     "export PYTHONUTF8=1",
     __LINE__},
    {12, {V("PYTHONUTF8=0"), V("LANG=C")}, "/gr\xC3\xBC", "", "", __LINE__},
    {12,
     {V("PYTHONUTF8=0"), V("LANG=C"), V("PYTHONCOERCECLOCALE=0")},
     "/gr\xC3\xBC",
     "path-non-ascii",
     "export PYTHONUTF8=1",
     __LINE__},
    {12, {V("LC_ALL=C")}, "/gr\xC3\xBC", "", "", __LINE__},
    {12, {V("PYTHONUTF8=0"), V("LC_ALL=C.UTF-8")}, "/gr\xC3\xBC", "", "", __LINE__},
};

static void test_variables(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variable_rows / sizeof variable_rows[0]; i++) {
        const variable_row *row = &variable_rows[i];
        world w;
        const char *cause;

        begin(&w);
        w.facts.python.minor = row->minor;
        w.facts.python.free_threaded = TFD_NO;
        w.facts.environment = row->variables;
        while (w.facts.environment_count < 4 && row->variables[w.facts.environment_count].len > 0)
            w.facts.environment_count++;
        if (row->site)
            w.facts.places.items[3].path = tfd_str_of(row->site);
        cause = diagnose(&w);
        if (strcmp(cause, row->cause) != 0 || (row->command[0] && !first_command_has(&w, row->command)))
            fail_msg("line %d: '%s'", row->line, cause);
        tfd_arena_done(&w.arena);
    }
}

/* pip would put the package elsewhere; a place that Python looks into is as good as any other. */
static void test_settings_of_pip_are_put_aside(void **state)
{
    static const struct {
        tfd_pip_option option;
        const char *command;
        int line;
    } rows[] = {
        {{V("target"), V("/elsewhere"), V("")}, "unset PIP_TARGET", __LINE__},
        {{V("target"), V(SITE), V("")}, "pip install", __LINE__},
        {{V("target"), V("/elsewhere"), V("/etc/pip.conf")}, "export PIP_CONFIG_FILE=/dev/null", __LINE__},
        {{V("dry-run"), V("1"), V("/etc/pip.conf")}, "export PIP_DRY_RUN=0", __LINE__},
        {{V("user"), V("yes"), V("/etc/pip.conf")}, "pip install", __LINE__},
        {{V("constraint"), V("/gone.txt"), V("")}, "unset PIP_CONSTRAINT", __LINE__},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world w;
        const char *cause;

        begin(&w);
        assert_true(TFD_GROW(&w.arena, &w.facts.pip_options));
        w.facts.pip_options.items[w.facts.pip_options.count++] = rows[i].option;
        require(&w, "wrapt>=1.11.0", "wrapt", ">=1.11.0", TFD_NONE, TFD_NO);
        cause = diagnose(&w);
        if (strcmp(cause, "dep-other") != 0 || !first_command_has(&w, rows[i].command))
            fail_msg("line %d: '%s', no %s", rows[i].line, cause, rows[i].command);
        end(&w);
    }
}

/* The frame outside of the import system is TensorFlow's, the byte code is numpy's. Where files of numpy are
 * gone as well, byte code that is made anew does not bring them back. */
static void test_damaged_byte_code(void **state)
{
    static const char *const commands[] = {"rm " SITE "/numpy/__pycache__/__init__.cpython-312.pyc",
                                           "--force-reinstall --no-deps numpy==2.3.1"};
    static tfd_frame frames[] = {{V(SITE "/tensorflow/python/x.py"), 3, V("<module>")},
                                 {V("<frozen importlib._bootstrap_external>"), 752, V("_compile_bytecode")}};

    (void)state;
    for (size_t missing = 0; missing < 2; missing++) {
        tfd_exception *exc;
        world w;

        begin(&w);
        w.facts.dists.items[1].missing = missing;
        exc = fail_with(&w, "EOFError", "marshal data too short");
        exc->filename = tfd_str_from(tfd_str_of(commands[0]), 3);
        exc->frames = frames;
        exc->frame_count = 2;
        assert_string_equal(diagnose(&w), "dep-numpy");
        assert_true(first_command_has(&w, commands[missing]));
        assert_true(tfd_str_eq(w.report.causes[0].evidence[0].source, exc->filename));
        end(&w);
    }
}

/* PYTHONPYCACHEPREFIX: the byte code lies in nobody's folder, and belongs to the source that it was made of.
 */
static void test_damaged_byte_code_elsewhere(void **state)
{
    static tfd_frame frames[] = {{V(SITE "/tensorflow/python/x.py"), 3, V("<module>")},
                                 {V("<frozen importlib._bootstrap_external>"), 752, V("_compile_bytecode")}};
    tfd_exception *exc;
    world w;

    (void)state;
    begin(&w);
    exc = fail_with(&w, "EOFError", "marshal data too short");
    exc->filename = TFD_STR("/cache" SITE "/numpy/__init__.cpython-312.pyc");
    exc->path = TFD_STR(SITE "/numpy/__init__.py");
    exc->frames = frames;
    exc->frame_count = 2;
    assert_string_equal(diagnose(&w), "dep-numpy");
    assert_true(first_command_has(&w, "rm /cache" SITE "/numpy/__init__.cpython-312.pyc"));
    end(&w);
}

/* jaxlib asks for what ml_dtypes lacks, and jax, on whose behalf it does, is the one that requires a newer
 * ml_dtypes; the one that is there suits TensorFlow. */
static void test_odd_one_further_out(void **state)
{
    static const char *const causes[] = {"jax", "ml-dtypes"};
    static tfd_frame frames[] = {{V(SITE "/tensorflow/lite/python/util.py"), 53, V("<module>")},
                                 {V(SITE "/jax/__init__.py"), 37, V("<module>")},
                                 {V(SITE "/jaxlib/xla_client.py"), 252, V("<module>")}};

    (void)state;
    for (int is_met = 0; is_met < 2; is_met++) {
        size_t called, jax;
        tfd_exception *exc;
        world w;

        begin(&w);
        w.facts.dists.items[0].version = TFD_STR("2.18.0");
        called = add_dist(&w, "ml-dtypes", "0.4.1", 3);
        jax = add_dist(&w, "jax", "0.6.0", 3);
        (void)add_dist(&w, "jaxlib", "0.6.0", 3);
        require(&w, "ml-dtypes<0.5.0,>=0.4.0", "ml-dtypes", "<0.5.0,>=0.4.0", called, TFD_YES);
        require(&w, "ml-dtypes>=0.5.0", "ml-dtypes", ">=0.5.0", called, is_met ? TFD_YES : TFD_NO);
        w.facts.requirements.items[1].by = jax;
        w.facts.requirements.items[1].is_needed = w.facts.dists.items[jax].is_needed = false;
        exc = fail_with(&w, "AttributeError", "module 'ml_dtypes' has no attribute 'float4_e2m1fn'");
        exc->object = TFD_STR("module ml_dtypes");
        exc->object_file = TFD_STR(SITE "/ml_dtypes/__init__.py");
        exc->frames = frames;
        exc->frame_count = 3;
        assert_string_equal(diagnose(&w), "dep-other");
        if (!tfd_str_starts_z(w.report.causes[0].subject, causes[is_met]))
            fail_msg("%.*s", TFD_ARG(w.report.causes[0].subject));
        end(&w);
    }
}

/* The strongest stay, the last line counts the others. */
static void test_evidence_has_an_end(void **state)
{
    tfd_findings findings = {.status = TFD_OK};
    const tfd_cause *cause;
    tfd_view view;
    world w;

    (void)state;
    begin(&w);
    view = (tfd_view){&w.facts, &w.options, w.kb};
    findings.arena = &w.arena;
    for (int i = 0; i < TFD_EVIDENCE_MAX + 10; i++) {
        tfd_finding one =
            tfd_finding_of(TFD_CAUSE_LIBSTDCXX_OLD, TFD_STR("libstdc++.so.6"),
                           i == TFD_EVIDENCE_MAX + 5 ? TFD_W_PROOF : TFD_W_LIKELY, TFD_EFFECT_BREAKS);

        one.text = tfd_arena_fmt(&w.arena, "symbol %d", i);
        tfd_findings_add(&findings, &one);
    }
    assert_int_equal(tfd_rank(&view, &findings, &w.arena, &w.report), TFD_OK);
    cause = &w.report.causes[0];
    assert_int_equal(cause->evidence_count, TFD_EVIDENCE_MAX);
    assert_true(tfd_str_is(cause->evidence[0].text, "symbol 45"));
    assert_true(tfd_str_is(cause->evidence[TFD_EVIDENCE_MAX - 1].text, "and 11 more findings of this kind"));
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_healthy_is_silent),
        cmocka_unit_test(test_missing_requirement),
        cmocka_unit_test(test_missing_requirement_that_nothing_loads_is_a_warning),
        cmocka_unit_test(test_import_that_works_outweighs_metadata),
        cmocka_unit_test(test_foreign_place_is_the_root_of_an_unmet_requirement),
        cmocka_unit_test(test_old_version_in_the_environment_is_the_package),
        cmocka_unit_test(test_start_folder_on_the_stack_is_a_shadow),
        cmocka_unit_test(test_tensorflow_over_an_older_one),
        cmocka_unit_test(test_missing_module_of_the_standard_library),
        cmocka_unit_test(test_own_module_that_hides_nothing_is_no_shadow),
        cmocka_unit_test(test_two_tensorflows_explain_their_damage),
        cmocka_unit_test(test_two_faults_name_each_other),
        cmocka_unit_test(test_no_avx),
        cmocka_unit_test(test_unknown_cpu_blames_nobody),
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_settings_of_pip_are_put_aside),
        cmocka_unit_test(test_damaged_byte_code),
        cmocka_unit_test(test_damaged_byte_code_elsewhere),
        cmocka_unit_test(test_odd_one_further_out),
        cmocka_unit_test(test_evidence_has_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
