#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/probe.h"
#include "../helpers/memory_machine.h"
#include "../helpers/mkelf.h"

extern const tfd_probe tfd_probe_native;

#define SITE "/env/lib/python3.12/site-packages"
#define GUARD SITE "/tensorflow/python/platform/_pywrap_cpu_feature_guard.so"
#define CORE SITE "/tensorflow/python/_pywrap_tensorflow_internal.so"
#define FRAMEWORK SITE "/tensorflow/libtensorflow_framework.so.2"
#define H5 SITE "/h5py/_conv.cpython-312-x86_64-linux-gnu.so"

/* A small TensorFlow 2.20: guard and core over a framework library and the system's libstdc++, and h5py,
 * which it can do without. */
typedef struct world {
    memory_machine machine;
    mkelf_out objects[16];
    size_t object_count;
    tfd_arena arena;
    tfd_facts facts;
    tfd_options options;
    tfd_kb *kb;
} world;

static world w;

static void add_object(const char *path, const mkelf *spec)
{
    mkelf_out *object = &w.objects[w.object_count++];

    mkelf_build(spec, object);
    memory_add(&w.machine, path, object->bytes, object->len);
}

#define OBJECT(path, ...) add_object(path, &(mkelf){__VA_ARGS__})

static void add_facts(void)
{
    static tfd_place place;
    static tfd_dist dists[2];
    static const char *const names[] = {"tensorflow", "h5py", "h5py.libs"};

    memset(&place, 0, sizeof place);
    place.path = TFD_STR(SITE);
    place.kind = TFD_PLACE_SITE;
    for (uint32_t i = 0; i < 3; i++)
        assert_true(tfd_map_put(&w.arena, &place.names, tfd_str_of(names[i]), i));
    w.facts.places.items = &place;
    w.facts.places.count = 1;
    memset(dists, 0, sizeof dists);
    dists[0].key = TFD_STR("tensorflow");
    dists[0].version = TFD_STR("2.20.0");
    dists[1].key = TFD_STR("h5py");
    w.facts.dists.items = dists;
    w.facts.dists.count = 2;
    w.facts.tensorflow = 0;
    w.facts.module = w.facts.module_top = TFD_STR("tensorflow");
    w.facts.system = &w.machine.system;
    w.facts.python.path = TFD_STR("/env/bin/python");
    w.facts.python.soabi = TFD_STR("cpython-312-x86_64-linux-gnu");
}

static int set_up(void **state)
{
    static const char *const dirs[] = {"/lib",
                                       SITE,
                                       SITE "/tensorflow",
                                       SITE "/tensorflow/python",
                                       "/oldlib",
                                       SITE "/tensorflow/python/platform"};

    (void)state;
    memset(&w, 0, sizeof w);
    tfd_arena_init(&w.arena, 0);
    tfd_facts_init(&w.facts);
    memory_init(&w.machine);
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
        memory_add_dir(&w.machine, dirs[i]);
    assert_int_equal(tfd_kb_open(&w.arena, NULL, TFD_STR(""), &w.kb, NULL), TFD_OK);
    assert_int_equal(tfd_kb_preload(w.kb, TFD_STR("2.20.0"), NULL), TFD_OK);
    add_facts();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tfd_arena_done(&w.arena);
    return 0;
}

static void add_python(void)
{
    OBJECT("/lib/ld-linux-x86-64.so.2", .soname = "ld-linux-x86-64.so.2");
    OBJECT("/env/bin/python", .interp = "/lib/ld-linux-x86-64.so.2", .pie = true,
           .exports = {"PyModule_Create2"});
    OBJECT("/lib/libstdc++.so.6", .soname = "libstdc++.so.6", .defs = {"GLIBCXX_3.4", "GLIBCXX_3.4.19"},
           .exports = {"_Znwm@@GLIBCXX_3.4", "_Znam@@GLIBCXX_3.4.19"});
}

static void add_tensorflow(void)
{
    OBJECT(
        GUARD, .needed = {"libtensorflow_framework.so.2", "libstdc++.so.6"}, .runpath = SITE "/tensorflow",
        .undefined = {"PyModule_Create2", "_ZN10tensorflow6StatusC1Ev", "_Znwm@GLIBCXX_3.4:libstdc++.so.6"});
    OBJECT(CORE, .needed = {"libtensorflow_framework.so.2"}, .runpath = SITE "/tensorflow",
           .undefined = {"_ZN10tensorflow6StatusD1Ev"});
}

static void add_framework(void)
{
    OBJECT(FRAMEWORK, .soname = "libtensorflow_framework.so.2", .needed = {"libstdc++.so.6"},
           .exports = {"_ZN10tensorflow6StatusC1Ev", "_ZN10tensorflow6StatusD1Ev"},
           .undefined = {"_Znam@GLIBCXX_3.4.19:libstdc++.so.6"});
}

static void run(void)
{
    tfd_err err = {0};
    tfd_probe_ctx ctx = {
        .sys = &w.machine.sys, .options = &w.options, .kb = w.kb, .arena = &w.arena, .facts = &w.facts};

    if (tfd_probe_native.run(&ctx, &err) != TFD_OK)
        fail_msg("%s", err.text);
}

static const tfd_object *object_of(const char *path)
{
    for (size_t i = 0; i < w.facts.objects.count; i++)
        if (tfd_str_is(w.facts.objects.items[i].path, path))
            return &w.facts.objects.items[i];
    fail_msg("no row for %s", path);
    return NULL;
}

static size_t count_absent(void)
{
    size_t n = 0;

    for (size_t i = 0; i < w.facts.resolutions.count; i++)
        n += w.facts.resolutions.items[i].state == TFD_STATE_ABSENT;
    return n;
}

static void test_healthy(void **state)
{
    (void)state;
    add_python();
    add_tensorflow();
    add_framework();
    run();
    assert_true(w.facts.objects.complete && w.facts.resolutions.complete && w.facts.symbol_problems.complete);
    assert_int_equal(w.facts.symbol_problems.count, 0);
    assert_int_equal(w.facts.intruders.count, 0);
    assert_int_equal(count_absent(), 0);
    assert_true(object_of(GUARD)->is_module && object_of(GUARD)->is_needed && !object_of(GUARD)->is_optional);
    assert_true(object_of(FRAMEWORK)->is_needed && !object_of(FRAMEWORK)->is_module);
    assert_int_equal(object_of(FRAMEWORK)->dist, 0);
    assert_true(object_of("/lib/libstdc++.so.6")->dist == TFD_NONE);
    assert_true(w.facts.native_bytes > 0);
}

static void test_library_gone(void **state)
{
    (void)state;
    add_python();
    add_tensorflow();
    run();
    assert_int_equal(count_absent(), 2);
    assert_int_equal(w.facts.symbol_problems.count, 0); /* a missing library is not a missing symbol */
}

static void test_damaged_library(void **state)
{
    (void)state;
    add_python();
    add_tensorflow();
    memory_add(&w.machine, FRAMEWORK, "", 0);
    run();
    assert_int_equal(object_of(FRAMEWORK)->state, TFD_OBJECT_EMPTY);
    assert_true(object_of(FRAMEWORK)->is_needed);
    assert_int_equal(object_of(FRAMEWORK)->dist, 0);
}

/* Halves of two versions: the framework lacks what the guard wants of it. */
static void test_mixed_versions(void **state)
{
    const tfd_symbol_problem *problem;

    (void)state;
    add_python();
    add_tensorflow();
    OBJECT(FRAMEWORK, .soname = "libtensorflow_framework.so.2", .exports = {"_ZN10tensorflow6StatusD1Ev"});
    run();
    assert_int_equal(w.facts.symbol_problems.count, 1);
    problem = &w.facts.symbol_problems.items[0];
    assert_int_equal(problem->kind, TFD_SYMBOL_UNDEFINED);
    assert_true(tfd_str_is(problem->symbol, "_ZN10tensorflow6StatusC1Ev"));
    assert_true(tfd_str_is(w.facts.objects.items[problem->object].path, GUARD));
    assert_true(tfd_str_is(w.facts.objects.items[problem->provider].path, FRAMEWORK));
    assert_true(problem->is_needed && !problem->is_optional && !problem->is_lazy);
}

static void check_old_libstdcxx(const char *rule)
{
    const tfd_symbol_problem *problem;
    const tfd_intruder *intruder;

    add_python();
    add_tensorflow();
    add_framework();
    OBJECT("/oldlib/libstdc++.so.6", .soname = "libstdc++.so.6", .defs = {"GLIBCXX_3.4"},
           .exports = {"_Znwm@@GLIBCXX_3.4"});
    run();
    assert_true(w.facts.symbol_problems.count > 0);
    problem = &w.facts.symbol_problems.items[0];
    assert_int_equal(problem->kind, TFD_SYMBOL_NO_VERSION);
    assert_true(tfd_str_is(problem->version, "GLIBCXX_3.4.19"));
    assert_true(tfd_str_is(problem->rule, rule));
    assert_int_equal(w.facts.intruders.count, 1);
    intruder = &w.facts.intruders.items[0];
    assert_true(tfd_str_is(intruder->name, "libstdc++.so.6"));
    assert_true(tfd_str_is(intruder->rule, rule));
    assert_true(tfd_str_is(intruder->instead, "/lib/libstdc++.so.6"));
    assert_true(tfd_str_is(w.facts.objects.items[intruder->object].path, "/oldlib/libstdc++.so.6"));
}

static void test_library_path(void **state)
{
    (void)state;
    w.machine.env[0][0] = "LD_LIBRARY_PATH";
    w.machine.env[0][1] = "/oldlib";
    check_old_libstdcxx("LD_LIBRARY_PATH");
}

static void test_preload(void **state)
{
    (void)state;
    w.machine.env[0][0] = "LD_PRELOAD";
    w.machine.env[0][1] = "/oldlib/libstdc++.so.6";
    check_old_libstdcxx("LD_PRELOAD");
}

/* A variable that names what would be found anyway changes nothing. */
static void test_harmless_variables(void **state)
{
    (void)state;
    w.machine.env[0][0] = "LD_LIBRARY_PATH";
    w.machine.env[0][1] = "/lib:/nowhere";
    w.machine.env[1][0] = "LD_PRELOAD";
    w.machine.env[1][1] = "/nowhere.so";
    add_python();
    add_tensorflow();
    add_framework();
    run();
    assert_int_equal(w.facts.symbol_problems.count, 0);
    assert_int_equal(w.facts.intruders.count, 0);
    assert_int_equal(count_absent(), 1); /* the entry of LD_PRELOAD */
    assert_true(w.facts.resolutions.items[0].object == TFD_NONE && !w.facts.resolutions.items[0].is_needed);
}

static void test_optional(void **state)
{
    (void)state;
    add_python();
    add_tensorflow();
    add_framework();
    OBJECT(H5, .needed = {"libhdf5-9e18f0c6.so.320.0.0"}, .runpath = "$ORIGIN/../h5py.libs");
    run();
    assert_int_equal(count_absent(), 1);
    assert_true(object_of(H5)->is_optional);
    assert_int_equal(object_of(H5)->dist, 1);
}

static void test_execstack(void **state)
{
    (void)state;
    add_python();
    add_tensorflow();
    OBJECT(FRAMEWORK, .soname = "libtensorflow_framework.so.2", .exec_stack = true,
           .exports = {"_ZN10tensorflow6StatusC1Ev", "_ZN10tensorflow6StatusD1Ev"});
    run();
    assert_true(object_of(FRAMEWORK)->wants_execstack);
    assert_false(object_of(GUARD)->wants_execstack);
}

static void test_no_interpreter(void **state)
{
    (void)state;
    add_tensorflow();
    run();
    assert_false(w.facts.objects.complete);
    assert_true(w.facts.objects.why.len > 0);
}

static void test_other_system(void **state)
{
    (void)state;
    w.machine.system.os = TFD_OS_MACOS;
    run();
    assert_false(w.facts.objects.complete);
    assert_int_equal(w.facts.objects.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_healthy),
        TEST(test_library_gone),
        TEST(test_damaged_library),
        TEST(test_mixed_versions),
        TEST(test_library_path),
        TEST(test_preload),
        TEST(test_harmless_variables),
        TEST(test_optional),
        TEST(test_execstack),
        TEST(test_no_interpreter),
        TEST(test_other_system),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
