/* Exceptions and what they come from: preloaded libraries, start-up code, archives on sys.path, libraries of
 * ops, modules that a release does not have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after them */
#include <cmocka.h>

#include "core/outcome.h"
#include "world.h"

#define SITE "/env/lib/python3.12/site-packages"

static void test_preloaded_library_answers_for_dlopen(void **state)
{
    static const tfd_str variables[] = {TFD_STR_INIT("LD_PRELOAD=/opt/trace.so")};
    world w;

    (void)state;
    world_init(&w);
    w.facts.environment = variables;
    w.facts.environment_count = 1;
    fail_with(&w, "ImportError", "unknown dlopen() error")->path = TFD_STR(SITE "/numpy/_core/x.so");
    assert_string_equal(diagnose(&w), "ldpath-conflict");
    end(&w);
}

/* A file can be given another name, a member of an archive cannot. */
static void test_module_in_an_archive(void **state)
{
    static const char *const causes[] = {"name-shadowing", "pythonpath-conflict"};

    (void)state;
    for (int is_zip = 0; is_zip < 2; is_zip++) {
        tfd_module module = {
            .name = TFD_STR_INIT("random"), .kind = TFD_MODULE_SOURCE, .place = 0, .wanted = 1};
        world w;

        world_init(&w);
        add_place(&w, "/vendor", TFD_PLACE_PYTHONPATH)->is_zip = is_zip != 0;
        add_place(&w, "/usr/lib/python3.12", TFD_PLACE_STDLIB);
        module.path = TFD_STR("/vendor/random.py");
        module.wanted_path = TFD_STR("/usr/lib/python3.12/random.py");
        module.dist = module.wanted_dist = TFD_NONE;
        module.is_stdlib = module.is_needed = module.is_shadowed = true;
        w.facts.modules.items = &module;
        w.facts.modules.count = 1;
        assert_string_equal(diagnose(&w), causes[is_zip]);
        end(&w);
    }
}

/* What start-up code changed explains the exception; the same exception without it does not. */
static void test_startup_code_that_changes_python(void **state)
{
    static const struct {
        const char *text, *type, *message, *cause;
        int line;
    } rows[] = {
        {"sys.setrecursionlimit(60)", "RecursionError", "maximum recursion depth exceeded",
         "pythonpath-conflict", __LINE__},
        {"resource.setrlimit(a, b)", "RecursionError", "maximum recursion depth exceeded", "", __LINE__},
        {"resource.setrlimit(a, b)", "ImportError", "libx.so.2: failed to map segment from shared object",
         "pythonpath-conflict", __LINE__},
        {"", "ImportError", "libx.so.2: failed to map segment from shared object", "security-blocked",
         __LINE__},
        {"warnings.simplefilter('error')", "DeprecationWarning", "np.bool8 is deprecated",
         "pythonpath-conflict", __LINE__},
        {"warnings.simplefilter('ignore')", "DeprecationWarning", "np.bool8 is deprecated", "", __LINE__},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tfd_startup_file file = {
            TFD_STR_INIT(SITE "/sitecustomize.py"), true, true, {"", 0}, TFD_NONE, false, {"", 0}, {"", 0}};
        const char *cause;
        world w;

        world_init(&w);
        file.changes_python = tfd_str_of(rows[i].text);
        w.facts.startup_files.items = &file;
        w.facts.startup_files.count = 1;
        fail_with(&w, rows[i].type, rows[i].message);
        cause = diagnose(&w);
        if (strcmp(cause, rows[i].cause) != 0)
            fail_msg("line %d: '%s'", rows[i].line, cause);
        end(&w);
    }
}

/* A folder that only the import knows of, and start-up code that may have put it there. */
static void test_folder_of_unknown_origin(void **state)
{
    static tfd_frame frames[] = {{TFD_STR_INIT("/vendor/keras/__init__.py"), 1, TFD_STR_INIT("<module>")}};

    (void)state;
    for (int is_on_path = 0; is_on_path < 2; is_on_path++) {
        tfd_startup_file file = {.path = TFD_STR_INIT(SITE "/dev.pth"), .has_imports = true};
        tfd_str entry = TFD_STR("/vendor");
        tfd_exception *exc;
        world w;

        world_init(&w);
        file.first_place = TFD_NONE;
        w.facts.startup_files.items = &file;
        w.facts.startup_files.count = 1;
        w.facts.import.sys_path.items = &entry;
        w.facts.import.sys_path.count = (size_t)is_on_path;
        w.facts.import.sys_path.complete = true;
        exc = fail_with(&w, "ValueError", "no such thing");
        exc->frames = frames;
        exc->frame_count = 1;
        assert_string_equal(diagnose(&w), is_on_path ? "pythonpath-conflict" : "");
        end(&w);
    }
}

/* TensorFlow 2.20, and one requirement of the import that is met or not by what is not installed. */
static void begin_requiring(world *w, tfd_dist *tensorflow, tfd_requirement *required, const char *key,
                            tfd_tri is_met)
{
    world_init(w);
    memset(tensorflow, 0, sizeof *tensorflow);
    memset(required, 0, sizeof *required);
    tensorflow->name = tensorflow->key = TFD_STR("tensorflow");
    tensorflow->version = TFD_STR("2.20.0");
    tensorflow->is_tensorflow = true;
    tensorflow->place = 0;
    add_place(w, SITE, TFD_PLACE_SITE);
    required->text = required->key = tfd_str_of(key);
    required->found = TFD_NONE;
    required->is_needed = true;
    required->applies = TFD_YES;
    required->satisfied = is_met;
    w->facts.tensorflow = 0;
    w->facts.dists.items = tensorflow;
    w->facts.requirements.items = required;
    w->facts.dists.count = w->facts.requirements.count = 1;
    w->facts.dists.complete = w->facts.requirements.complete = true;
}

/* What is asked for is not in this release; with a package that does not fit, that comes first. */
static void test_module_that_is_not_offered(void **state)
{
    (void)state;
    for (int is_met = 0; is_met < 2; is_met++) {
        tfd_requirement numpy;
        tfd_dist tensorflow;
        tfd_exception *exc;
        world w;

        begin_requiring(&w, &tensorflow, &numpy, "numpy", is_met ? TFD_YES : TFD_NO);
        w.facts.module = TFD_STR("tensorflow.contrib");
        exc = fail_with(&w, "AttributeError", "module 'tensorflow' has no attribute 'contrib'");
        w.facts.import.stage = TFD_STAGE_USE;
        exc->object = TFD_STR("module tensorflow");
        assert_string_equal(diagnose(&w), is_met ? "not-an-environment-problem" : "dep-numpy");
        end(&w);
    }
}

static void test_ops_of_another_release(void **state)
{
    static tfd_frame frames[] = {
        {TFD_STR_INIT(SITE "/tensorflow/python/framework/load_library.py"), 54, TFD_STR_INIT("load")}};
    tfd_exception *exc;
    world w;

    (void)state;
    world_init(&w);
    exc = fail_with(&w, "NotFoundError", "/work/my_ops.so: undefined symbol: _ZN10tensorflow8OpKernelE");
    exc->frames = frames;
    exc->frame_count = 1;
    assert_string_equal(diagnose(&w), "addon-mismatch");
    assert_true(tfd_str_is(w.report.causes[0].subject, "my_ops.so"));
    assert_int_equal(w.report.causes[0].fixes[0].command_count, 0);
    end(&w);
}

static void test_capsule_of_the_standard_library(void **state)
{
    tfd_module module = {
        .name = TFD_STR_INIT("datetime"), .kind = TFD_MODULE_SOURCE, .place = 0, .wanted = 0};
    world w;

    (void)state;
    world_init(&w);
    add_place(&w, "/usr/lib/python3.12", TFD_PLACE_STDLIB);
    module.path = module.wanted_path = TFD_STR("/usr/lib/python3.12/datetime.py");
    module.dist = module.wanted_dist = TFD_NONE;
    module.is_stdlib = module.is_needed = true;
    w.facts.modules.items = &module;
    w.facts.modules.count = 1;
    fail_with(&w, "ImportError", "PyCapsule_Import could not import module \"datetime\"");
    assert_string_equal(diagnose(&w), "python-broken");
    end(&w);
}

/* The standard library needs nothing but itself; importlib.import_module asks for what others name. */
static void test_module_that_the_standard_library_asks_for(void **state)
{
    static const struct {
        const char *file, *module, *cause;
        int line;
    } rows[] = {
        {"/usr/lib/python3.12/importlib/__init__.py", "keras", "dep-keras", __LINE__},
        {"/usr/lib/python3.12/runpy.py", "keras", "dep-keras", __LINE__},
        {"/usr/lib/python3.12/importlib/__init__.py", "random", "python-broken", __LINE__},
        {"/usr/lib/python3.12/importlib/util.py", "_thing", "python-broken", __LINE__},
        {SITE "/tensorflow/python/util/lazy_loader.py", "keras", "dep-keras", __LINE__},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tfd_frame frames[] = {
            {TFD_STR_INIT(SITE "/tensorflow/python/util/lazy_loader.py"), 51, TFD_STR_INIT("_load")},
            {tfd_str_of(rows[i].file), 126, TFD_STR_INIT("import_module")},
            {TFD_STR_INIT("<frozen importlib._bootstrap>"), 1004, TFD_STR_INIT("_find_and_load_unlocked")}};
        tfd_exception *exc;
        const char *cause;
        world w;

        world_init(&w);
        add_place(&w, "/usr/lib/python3.12", TFD_PLACE_STDLIB);
        add_place(&w, SITE, TFD_PLACE_SITE);
        exc = fail_with(&w, "ModuleNotFoundError", "No module named 'x'");
        exc->name = tfd_str_of(rows[i].module);
        exc->frames = frames;
        exc->frame_count = sizeof frames / sizeof frames[0];
        cause = diagnose(&w);
        if (strcmp(cause, rows[i].cause) != 0)
            fail_msg("line %d: '%s'", rows[i].line, cause);
        end(&w);
    }
}

/* Python takes a package whose folder it may not read for an empty namespace. */
static void test_package_of_the_standard_library_without_its_file(void **state)
{
    static const char *const causes[] = {"python-broken", "permission-denied"};

    (void)state;
    for (int is_closed = 0; is_closed < 2; is_closed++) {
        for (int has_run = 0; has_run < 2; has_run++) {
            tfd_module module = {.name = TFD_STR_INIT("json"), .kind = TFD_MODULE_NAMESPACE};
            world w;

            world_init(&w);
            add_place(&w, "/usr/lib/python3.12", TFD_PLACE_STDLIB);
            w.facts.places.complete = w.facts.modules.complete = true;
            module.path = TFD_STR("/usr/lib/python3.12/json");
            module.dist = module.wanted_dist = module.wanted = TFD_NONE;
            module.is_stdlib = module.is_needed = true;
            module.is_closed = is_closed != 0;
            w.facts.modules.items = &module;
            w.facts.modules.count = 1;
            if (has_run)
                fail_with(&w, "AttributeError", "module 'json' has no attribute 'dumps'")->object =
                    TFD_STR("module json");
            assert_string_equal(diagnose(&w), causes[is_closed]);
            assert_true(tfd_str_is(w.report.causes[0].subject, is_closed ? "/usr/lib/python3.12/json" : ""));
            end(&w);
        }
    }
}

/* In a container a filter is nearly always there: only with a call that it refused does it explain a hang. */
static void test_filter_that_makes_the_import_hang(void **state)
{
    static const char words[] = "sched_getaffinity: Operation not permitted\nassuming 4\n";
    static const char harmless[] = "get_mempolicy: Operation not permitted\n";

    (void)state;
    for (int i = 0; i < 5; i++) {
        world w;

        world_init(&w);
        w.system.seccomp_filter = (i & 1) != 0 || i == 4;
        w.facts.import.ran = w.facts.import.timed_out = true;
        w.facts.import.status = TFD_IMPORT_FAILS;
        w.facts.import.stage = TFD_STAGE_USE;
        if (i >= 2)
            w.facts.import.err = tfd_str_of(i == 4 ? harmless : words);
        assert_string_equal(diagnose(&w), i == 3 ? "security-blocked" : "");
        end(&w);
    }
}

/* The interpreter does not start; of the environment's own packages one is missing all the same. */
static void test_requirement_behind_a_broken_interpreter(void **state)
{
    (void)state;
    for (int is_known = 0; is_known < 2; is_known++) {
        tfd_requirement wrapt;
        tfd_dist tensorflow;
        world w;

        begin_requiring(&w, &tensorflow, &wrapt, "wrapt", TFD_NO);
        w.facts.packages_known = is_known != 0;
        w.facts.python.path = TFD_STR("/env/bin/python");
        w.facts.python.home_variable = TFD_STR("/gone");
        w.facts.python.broken = TFD_PY_NO_STDLIB;
        w.facts.python.broken_why = TFD_STR("no library in /gone");
        assert_string_equal(diagnose(&w), "python-broken");
        assert_int_equal(w.report.cause_count, is_known ? 2 : 1);
        assert_int_equal(w.report.causes[0].fixes[0].command_count, is_known ? 2 : 1);
        end(&w);
    }
}

/* Nothing was found because nothing could be looked at: that is no "works". */
static void test_interpreter_that_cannot_be_told(void **state)
{
    world w;

    (void)state;
    world_init(&w);
    assert_int_equal(tfd_outcome_import(&w.report, &w.facts, true), TFD_WORKS_OK);
    w.facts.python.broken = TFD_PY_UNKNOWN;
    assert_int_equal(tfd_outcome_import(&w.report, &w.facts, true), TFD_WORKS_UNKNOWN);
    end(&w);
}

/* A TensorFlow that one variable keeps off sys.path need not be installed again. */
static void test_variable_that_hides_tensorflow(void **state)
{
    static const char *const rows[][3] = {
        {"PYTHONNOUSERSITE", "env-setting", "unset PYTHONNOUSERSITE"},
        {"PYTHONUSERBASE", "env-setting", "unset PYTHONUSERBASE"},
        {"PYTHONHOME", "python-broken", "unset PYTHONHOME"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world w;

        world_init(&w);
        w.facts.tensorflow = TFD_NONE;
        w.facts.places.complete = w.facts.dists.complete = true;
        w.facts.python.hidden_site = TFD_STR("/home/me/.local/lib/python3.12/site-packages");
        w.facts.python.hidden_by = tfd_str_of(rows[i][0]);
        w.facts.python.home_variable = i == 2 ? TFD_STR("/opt/python") : TFD_STR("");
        assert_string_equal(diagnose(&w), rows[i][1]);
        assert_true(tfd_str_is(w.report.causes[0].fixes[0].commands[0], rows[i][2]));
        end(&w);
    }
}

/* The file goes out of the way rather than the whole interpreter being installed again. */
static void test_file_that_keeps_python_from_starting(void **state)
{
    const tfd_fix *fix;
    world w;

    (void)state;
    world_init(&w);
    w.facts.python.broken = TFD_PY_STDLIB_DAMAGED;
    w.facts.python.broken_why = TFD_STR("line 1 of tools.pth cannot be decoded");
    w.facts.python.stopped_by = TFD_STR(SITE "/tools.pth");
    assert_string_equal(diagnose(&w), "python-broken");
    fix = w.report.causes[0].fixes;
    assert_true(tfd_str_is(fix->commands[0], "mv " SITE "/tools.pth " SITE "/tools.pth.off"));
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_preloaded_library_answers_for_dlopen),
        cmocka_unit_test(test_module_in_an_archive),
        cmocka_unit_test(test_startup_code_that_changes_python),
        cmocka_unit_test(test_folder_of_unknown_origin),
        cmocka_unit_test(test_module_that_is_not_offered),
        cmocka_unit_test(test_ops_of_another_release),
        cmocka_unit_test(test_capsule_of_the_standard_library),
        cmocka_unit_test(test_module_that_the_standard_library_asks_for),
        cmocka_unit_test(test_package_of_the_standard_library_without_its_file),
        cmocka_unit_test(test_filter_that_makes_the_import_hang),
        cmocka_unit_test(test_requirement_behind_a_broken_interpreter),
        cmocka_unit_test(test_file_that_keeps_python_from_starting),
        cmocka_unit_test(test_variable_that_hides_tensorflow),
        cmocka_unit_test(test_interpreter_that_cannot_be_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
