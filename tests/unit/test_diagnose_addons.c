/* Add-ons beside TensorFlow, and what a repair of one package does to the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "env.h"

/* tensorflow-text of another release, whose METADATA asks for that one and for a package that is not there
 * and that would bring another TensorFlow along. */
static void test_addon_of_another_release(void **state)
{
    const tfd_fix *fix;
    size_t text;
    world w;

    (void)state;
    begin(&w);
    w.facts.module = w.facts.module_top = TFD_STR("tensorflow_text");
    text = add_dist(&w, "tensorflow-text", "2.8.1", 3);
    require(&w, "tensorflow<2.9", "tensorflow-cpu", "<2.9", 0, TFD_NO);
    require(&w, "tensorflow-hub>=0.8.0", "tensorflow-hub", ">=0.8.0", TFD_NONE, TFD_NO);
    w.facts.requirements.items[0].by = w.facts.requirements.items[1].by = text;
    (void)fail_with(&w, "AttributeError", "module 'tensorflow' has no attribute 'x'");
    assert_string_equal(diagnose(&w), "addon-mismatch");
    assert_int_equal(w.report.cause_count, 1);
    assert_int_equal(w.report.causes[0].evidence_count, 2);
    assert_true(first_command_has(&w, "--no-deps 'tensorflow-text==2.20.*'"));
    fix = w.report.causes[0].fixes;
    assert_true(fix->command_count > 1);
    assert_true(tfd_str_find_z(fix->commands[1], "--no-deps 'tensorflow-hub>=0.16'") != TFD_NPOS);
    end(&w);
}

static void test_plugin_that_nobody_owns(void **state)
{
    world w;

    (void)state;
    begin(&w);
    (void)fail_with(&w, "NotFoundError", SITE "/tensorflow-plugins/libx.so: undefined symbol: gone");
    assert_string_equal(diagnose(&w), "addon-mismatch");
    assert_true(first_command_has(&w, "mv " SITE "/tensorflow-plugins/libx.so "));
    end(&w);
}

/* pandas needs what TensorFlow forbids: said beside the fix that takes it away. */
static void test_what_a_fix_leaves_out(void **state)
{
    world w;
    tfd_requirement *row;

    (void)state;
    begin(&w);
    w.facts.dists.items[0].version = TFD_STR("2.15.1");
    require(&w, "numpy<2", "numpy", "<2", 1, TFD_NO);
    require(&w, "numpy>=2", "numpy", ">=2", 1, TFD_YES);
    row = &w.facts.requirements.items[1];
    row->by = add_dist(&w, "pandas", "3.1.1", 3);
    row->is_needed = false;
    require(&w, "numpy>=1.20", "numpy", ">=1.20", 1, TFD_YES);
    row = &w.facts.requirements.items[2];
    row->by = add_dist(&w, "scipy", "1.17", 3);
    row->is_needed = false;
    assert_string_equal(diagnose(&w), "dep-numpy");
    assert_true(tfd_str_starts_z(w.report.causes[0].fixes[0].note, "pandas 3.1.1: "));
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addon_of_another_release),
        cmocka_unit_test(test_plugin_that_nobody_owns),
        cmocka_unit_test(test_what_a_fix_leaves_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
