/* What stands before the first line of a program: preloaded libraries, start-up code, archives on sys.path.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after them */
#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_preloaded_library_answers_for_dlopen),
        cmocka_unit_test(test_module_in_an_archive),
        cmocka_unit_test(test_startup_code_that_changes_python),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
