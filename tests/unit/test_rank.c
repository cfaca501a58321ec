/* What has to be repaired together: causes that are broken each by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after them */
#include <cmocka.h>

#include "world.h"

#define SITE "/env/lib/python3.12/site-packages"

/* random.py on PYTHONPATH hides the standard library's; wrapt is not installed. With the error of the import
 * that comes from random.py both are to be repaired, without it only what the files prove. */
static void test_hiding_module_and_missing_package(void **state)
{
    (void)state;
    for (int is_named = 0; is_named < 2; is_named++) {
        tfd_module module = {
            .name = TFD_STR_INIT("random"), .kind = TFD_MODULE_SOURCE, .place = 0, .wanted = 1};
        tfd_dist tensorflow = {.name = TFD_STR_INIT("tensorflow"), .is_tensorflow = true, .place = 2};
        tfd_requirement wrapt = {
            .text = TFD_STR_INIT("wrapt>=1.11"), .key = TFD_STR_INIT("wrapt"), .found = TFD_NONE};
        tfd_exception *exc;
        world w;

        world_init(&w);
        add_place(&w, "/vendor", TFD_PLACE_PYTHONPATH);
        add_place(&w, "/usr/lib/python3.12", TFD_PLACE_STDLIB);
        add_place(&w, SITE, TFD_PLACE_SITE);
        module.path = TFD_STR("/vendor/random.py");
        module.wanted_path = TFD_STR("/usr/lib/python3.12/random.py");
        module.dist = module.wanted_dist = TFD_NONE;
        module.is_stdlib = module.is_needed = module.is_shadowed = true;
        w.facts.modules.items = &module;
        w.facts.modules.count = 1;
        tensorflow.key = tensorflow.name;
        tensorflow.version = TFD_STR("2.20.0");
        w.facts.dists.items = &tensorflow;
        w.facts.dists.count = 1;
        w.facts.dists.complete = w.facts.requirements.complete = true;
        wrapt.is_needed = true;
        wrapt.applies = TFD_YES;
        wrapt.satisfied = TFD_NO;
        w.facts.requirements.items = &wrapt;
        w.facts.requirements.count = 1;
        exc = fail_with(&w, "ImportError", "cannot import name 'Random' from 'random'");
        if (is_named) {
            exc->name = TFD_STR("random");
            exc->path = TFD_STR("/vendor/random.py");
        }
        (void)diagnose(&w);
        assert_int_equal(w.report.cause_count, 2);
        assert_int_equal(w.report.causes[0].needs_also_count, is_named);
        assert_int_equal(w.report.causes[1].needs_also_count, is_named);
        end(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hiding_module_and_missing_package),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
