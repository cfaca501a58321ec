/* What a fix costs: the packages that its commands name, and what is fetched for TensorFlow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after them */
#include <cmocka.h>

#include "fixes/fix.h"
#include "world.h"

static tfd_dist *add_dist(world *w, const char *name, const char *version)
{
    tfd_dist *row;

    assert_true(TFD_GROW(&w->arena, &w->facts.dists));
    row = &w->facts.dists.items[w->facts.dists.count++];
    memset(row, 0, sizeof *row);
    row->name = row->key = tfd_str_of(name);
    row->version = tfd_str_of(version);
    return row;
}

/* Sizes are those of the rows of tensorflow/2.20.json and, of whole installations and other wheels, of
 * costs.json. */
static const struct {
    const char *tensorflow; /* installed version; NULL: none */
    tfd_install_mode mode;
    const char *spec, *package;
    uint64_t download;
    bool brings_others;
} rows[] = {
    {NULL, TFD_INSTALL, "wrapt>=1.11.0", "wrapt", 285041, false},
    {NULL, TFD_INSTALL, "no-such-thing", "no-such-thing", 0, false},
    {NULL, TFD_INSTALL, "NumPy<2", "numpy 2.1.0", 15752447, false},
    {"2.20.0", TFD_REINSTALL_NO_DEPS, "tensorflow==2.20.0", "tensorflow 2.20.0", 620815537, false},
    {"2.19.0", TFD_INSTALL, "tensorflow==2.20.0", "tensorflow 2.19.0", 620815537, true},
    {"2.19.0", TFD_INSTALL, "tensorflow<2.21", "tensorflow 2.19.0", 0, true},
    {"2.20.0", TFD_INSTALL, "tensorflow==2.20.0", "tensorflow 2.20.0", 0, true},
    {NULL, TFD_REINSTALL_NO_DEPS, "tensorflow-cpu==2.20.0", "tensorflow-cpu", 259121810, false},
    {NULL, TFD_INSTALL, "tensorflow[and-cuda]==2.20.0", "tensorflow", 3501605298, true},
    {"2.20.0", TFD_INSTALL, "tensorflow[and-cuda]==2.20.0", "tensorflow 2.20.0", 2880789761, true},
    {NULL, TFD_INSTALL, "tensorflow==2.99.0", "tensorflow", 0, true},
};

static void test_install(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tfd_finding lead = {0};
        tfd_view view;
        tfd_fix_ctx ctx = {.view = &view, .lead = &lead};
        world w;

        world_init(&w);
        w.system.os = TFD_OS_LINUX;
        (void)add_dist(&w, "numpy", "2.1.0");
        if (rows[i].tensorflow) {
            add_dist(&w, "tensorflow", rows[i].tensorflow)->is_tensorflow = true;
            w.facts.tensorflow = 1;
        }
        tfd_fact_set_int(&w.facts, TFD_FACT_SITE_FREE_BYTES, 5000, TFD_STR("statvfs"));
        view = (tfd_view){&w.facts, &w.options, w.kb};
        ctx.arena = &w.arena;
        lead.dist = TFD_NONE;
        tfd_fix_begin(&ctx, TFD_STR(""));
        tfd_fix_install(&ctx, rows[i].mode, tfd_str_of(rows[i].spec));
        if (ctx.items[0].cost.package_count != 1 ||
            !tfd_str_is(ctx.items[0].cost.packages[0], rows[i].package) ||
            ctx.items[0].cost.download != rows[i].download || ctx.items[0].cost.free != 5000 ||
            ctx.items[0].cost.brings_others != rows[i].brings_others)
            fail_msg("row %u: %.*s, %llu bytes", (unsigned)i, TFD_ARG(ctx.items[0].cost.packages[0]),
                     (unsigned long long)ctx.items[0].cost.download);
        end(&w);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_install)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
