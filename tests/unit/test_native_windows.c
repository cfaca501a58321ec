#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/probe.h"
#include "../helpers/memory_machine.h"
#include "../helpers/mkpe.h"

extern const tfd_probe tfd_probe_native;

#define PY "C:\\py\\"
#define SITE "C:\\py\\Lib\\site-packages"
#define SYS "C:\\Windows\\System32\\"
#define TF SITE "\\tensorflow\\python\\"
#define CORE TF "_pywrap_tensorflow_internal.pyd"
#define COMMON TF "_pywrap_tensorflow_common.dll"
#define UMATH SITE "\\numpy\\_core\\_multiarray_umath.cp313-win_amd64.pyd"
#define BLAS SITE "\\numpy.libs\\blas-1234.dll"

/* A small TensorFlow 2.20 for CPython 3.13: its core over a DLL that locks mutexes, numpy with a folder of
 * its own, and the VC++ runtime in System32. */
typedef struct world {
    memory_machine machine;
    mkpe_out images[32];
    size_t image_count;
    tfd_arena arena;
    tfd_facts facts;
    tfd_options options;
    tfd_kb *kb;
} world;

static world w;

static void add_image(const char *path, const mkpe *spec)
{
    mkpe_out *image = &w.images[w.image_count++];

    mkpe_build(spec, image);
    memory_add(&w.machine, path, image->bytes, image->len);
}

#define IMAGE(path, ...) add_image(path, &(mkpe){__VA_ARGS__})

static void add_text(const char *path, const char *text)
{
    memory_add(&w.machine, path, text, strlen(text));
}

static void add_tree(void)
{
    IMAGE(PY "python.exe", .is_program = true,
          .imports = {"python313.dll:Py_Main", "VCRUNTIME140.dll:memcpy"});
    IMAGE(PY "python313.dll", .exports = {"PyList_New", "Py_Main"}, .imports = {"VCRUNTIME140.dll:memcpy"});
    IMAGE(PY "vcruntime140.dll", .exports = {"memcpy"}, .version = {14, 42, 34226, 3});
    IMAGE(PY "DLLs\\_ctypes.pyd", .exports = {"PyInit__ctypes"}, .imports = {"python313.dll:PyList_New"});
    IMAGE(CORE, .exports = {"PyInit__pywrap_tensorflow_internal"},
          .imports = {"_pywrap_tensorflow_common.dll:Session", "python313.dll:PyList_New"});
    IMAGE(COMMON, .exports = {"Session"},
          .imports = {"MSVCP140.dll:_Mtx_lock", "KERNEL32.dll:Sleep", "VCRUNTIME140.dll:memcpy"});
    IMAGE(UMATH, .exports = {"PyInit__multiarray_umath"}, .imports = {"blas-1234.dll:dgemm"});
    IMAGE(BLAS, .exports = {"dgemm"});
    IMAGE(SYS "msvcp140.dll", .exports = {"_Mtx_lock"}, .version = {14, 44, 35211, 0});
    IMAGE(SYS "msvcp140_1.dll", .exports = {"x"}, .version = {14, 44, 35211, 0});
    IMAGE(SYS "vcruntime140.dll", .exports = {"memcpy"}, .version = {14, 44, 35211, 0});
    IMAGE(SYS "kernel32.dll", .exports = {"Sleep"});
    add_text(TF "platform\\self_check.py", "x");
    add_text(TF "platform\\build_info.py",
             "build_info = OrderedDict([('is_cuda_build', False), ('msvcp_dll_names', "
             "'msvcp140.dll,msvcp140_1.dll')])\n");
    add_text(SITE "\\numpy\\__init__.py",
             "# start delvewheel patch\nif os.path.isdir(libs_dir := os.path.join(__file__, 'numpy.libs')):\n"
             "    os.add_dll_directory(libs_dir)\n");
}

static void add_facts(void)
{
    static tfd_place places[2];
    static tfd_dist dists[2];
    static const char *const names[] = {"tensorflow", "numpy", "numpy.libs"};

    memset(places, 0, sizeof places);
    places[0].path = TFD_STR(PY "DLLs");
    places[0].kind = TFD_PLACE_DYNLOAD;
    places[1].path = TFD_STR(SITE);
    places[1].kind = TFD_PLACE_SITE;
    places[0].readable = places[1].readable = true;
    assert_true(tfd_map_put(&w.arena, &places[0].names, TFD_STR("_ctypes.pyd"), 0));
    for (uint32_t i = 0; i < 3; i++)
        assert_true(tfd_map_put(&w.arena, &places[1].names, tfd_str_of(names[i]), i));
    w.facts.places.items = places;
    w.facts.places.count = 2;
    memset(dists, 0, sizeof dists);
    dists[0].key = TFD_STR("tensorflow");
    dists[0].version = TFD_STR("2.20.0");
    dists[0].place = 1;
    dists[1].key = TFD_STR("numpy");
    dists[1].place = 1;
    w.facts.dists.items = dists;
    w.facts.dists.count = 2;
    w.facts.tensorflow = 0;
    w.facts.module = w.facts.module_top = TFD_STR("tensorflow");
    w.facts.system = &w.machine.system;
    w.facts.python.path = TFD_STR(PY "python.exe");
    w.facts.python.soabi = TFD_STR("cp313-win_amd64");
    w.facts.python.major = 3;
    w.facts.python.minor = 13;
}

static int set_up(void **state)
{
    static const char *const dirs[] = {"C:\\py",
                                       "C:\\Windows",
                                       "C:\\Windows\\System32",
                                       "C:\\py\\DLLs",
                                       SITE,
                                       SITE "\\numpy",
                                       SITE "\\numpy.libs",
                                       SITE "\\numpy\\_core",
                                       SITE "\\tensorflow\\python",
                                       SITE "\\tensorflow\\python\\platform",
                                       "C:\\tools"};

    (void)state;
    memset(&w, 0, sizeof w);
    tfd_arena_init(&w.arena, 0);
    memory_init_windows(&w.machine);
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
        memory_add_dir(&w.machine, dirs[i]);
    tfd_facts_init(&w.facts);
    add_tree();
    add_facts();
    assert_int_equal(tfd_kb_open(&w.arena, &w.machine.sys, TFD_STR(""), &w.kb, NULL), TFD_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tfd_arena_done(&w.arena);
    return 0;
}

static void run(void)
{
    tfd_err err;
    tfd_probe_ctx ctx = {
        .sys = &w.machine.sys, .kb = w.kb, .options = &w.options, .arena = &w.arena, .facts = &w.facts};

    assert_int_equal(tfd_probe_native.run(&ctx, &err), TFD_OK);
}

/* Gives a file of the tree another name, so that it is gone. */
static void hide(const char *path)
{
    for (size_t i = 0; i < w.machine.count; i++)
        if (strcmp(w.machine.files[i].path, path) == 0)
            w.machine.files[i].path = "C:\\hidden";
}

static const tfd_object *object_of(const char *path)
{
    for (size_t i = 0; i < w.facts.objects.count; i++)
        if (tfd_path_eq(TFD_PATH_WINDOWS, w.facts.objects.items[i].path, tfd_str_of(path)))
            return &w.facts.objects.items[i];
    fail_msg("no object %s", path);
    return NULL;
}

static const tfd_resolution *absent(const char *name)
{
    for (size_t i = 0; i < w.facts.resolutions.count; i++)
        if (tfd_str_eq_nocase(w.facts.resolutions.items[i].name, tfd_str_of(name)) &&
            w.facts.resolutions.items[i].state == TFD_STATE_ABSENT)
            return &w.facts.resolutions.items[i];
    return NULL;
}

/* The n-th row of a name. */
static const tfd_runtime *runtime_of(const char *name, size_t n)
{
    for (size_t i = 0; i < w.facts.runtimes.count; i++)
        if (tfd_str_is(w.facts.runtimes.items[i].name, name) && n-- == 0)
            return &w.facts.runtimes.items[i];
    return NULL;
}

static void check_runtime(const char *name, size_t n, const char *version, const char *rule, bool is_loaded,
                          int line)
{
    const tfd_runtime *row = runtime_of(name, n);

    if (!row || !tfd_str_is(row->version, version) || !tfd_str_is(row->rule, rule) ||
        row->is_loaded != is_loaded)
        fail_msg("line %d: %s %s by %s", line, name, row ? row->version.ptr : "none",
                 row ? row->rule.ptr : "");
}

static void test_healthy(void **state)
{
    (void)state;
    run();
    assert_true(w.facts.objects.complete && w.facts.runtimes.complete);
    assert_null(absent("msvcp140.dll"));
    assert_int_equal(w.facts.symbol_problems.count, 0);
    assert_int_equal(w.facts.intruders.count, 0);
    assert_true(object_of(CORE)->is_module && object_of(CORE)->is_needed && !object_of(CORE)->is_optional);
    assert_int_equal(object_of(CORE)->dist, 0);
    assert_int_equal(object_of(COMMON)->dist, 0);
    assert_true(object_of(COMMON)->needs_constexpr_mutex);
    assert_false(object_of(CORE)->needs_constexpr_mutex);
    assert_int_equal(object_of(BLAS)->dist, 1);
    assert_true(object_of(SYS "msvcp140.dll")->is_system);
    check_runtime("msvcp140.dll", 0, "14.44.35211.0", "System32", true, __LINE__);
    assert_true(tfd_str_is(runtime_of("msvcp140.dll", 0)->owner, "TensorFlow's self-check"));
    check_runtime("vcruntime140.dll", 0, "14.42.34226.3", "the folder of python.exe", true, __LINE__);
    assert_true(runtime_of("vcruntime140.dll", 0)->is_early);
    check_runtime("vcruntime140.dll", 1, "14.44.35211.0", "System32", false, __LINE__);
}

static void test_no_runtime(void **state)
{
    const tfd_resolution *row;
    (void)state;

    hide(SYS "msvcp140.dll");
    hide(SYS "msvcp140_1.dll");
    run();
    row = absent("msvcp140_1.dll");
    assert_non_null(row);
    assert_true(row->object == TFD_NONE && row->is_needed && !row->is_optional);
    assert_true(tfd_str_is(row->owner, "TensorFlow's self-check"));
    assert_int_equal(runtime_of("msvcp140.dll", 0)->state, TFD_OBJECT_MISSING);
    assert_false(runtime_of("msvcp140.dll", 0)->is_loaded);
}

/* A copy beside python.exe wins over System32. */
static void test_copy_beside_python(void **state)
{
    (void)state;
    IMAGE(PY "msvcp140.dll", .exports = {"_Mtx_lock"}, .version = {14, 29, 30133, 0});
    run();
    check_runtime("msvcp140.dll", 0, "14.29.30133.0", "the folder of python.exe", true, __LINE__);
    check_runtime("msvcp140.dll", 1, "14.44.35211.0", "System32", false, __LINE__);
}

/* Windows stops at a DLL for another processor; Wine would go on. */
static void test_wrong_machine(void **state)
{
    (void)state;
    IMAGE(PY "msvcp140.dll", .bits = 32, .machine = 0x14c, .exports = {"_Mtx_lock"},
          .version = {14, 29, 1, 0});
    run();
    assert_int_equal(object_of(PY "msvcp140.dll")->state, TFD_OBJECT_WRONG_ARCH);
    assert_int_equal(runtime_of("msvcp140.dll", 0)->state, TFD_OBJECT_WRONG_ARCH);
    assert_int_equal(runtime_of("msvcp140.dll", 0)->arch, TFD_ARCH_X86);
    assert_false(runtime_of("msvcp140.dll", 0)->is_loaded);
}

/* A start-up file loads an old copy before TensorFlow asks for it. */
static void test_startup_file(void **state)
{
    static tfd_startup_file file;
    static tfd_start_load load;
    (void)state;

    IMAGE("C:\\tools\\msvcp140.dll", .exports = {"_Mtx_lock"}, .version = {14, 16, 27033, 0});
    file = (tfd_startup_file){.path = TFD_STR(SITE "\\zz_old.pth"), .has_imports = true};
    w.facts.startup_files.items = &file;
    w.facts.startup_files.count = 1;
    load = (tfd_start_load){.path = TFD_STR("C:\\tools\\msvcp140.dll")};
    w.facts.start_loads.items = &load;
    w.facts.start_loads.count = 1;
    run();
    check_runtime("msvcp140.dll", 0, "14.16.27033.0", "import", true, __LINE__);
    assert_true(tfd_str_is(runtime_of("msvcp140.dll", 0)->owner, SITE "\\zz_old.pth"));
    assert_true(runtime_of("msvcp140.dll", 1)->is_system);
}

static void test_missing_symbol(void **state)
{
    (void)state;
    hide(COMMON);
    IMAGE(COMMON, .exports = {"Other"});
    run();
    assert_int_equal(w.facts.symbol_problems.count, 1);
    assert_true(tfd_str_is(w.facts.symbol_problems.items[0].symbol, "Session"));
    assert_true(w.facts.symbol_problems.items[0].is_needed);
}

/* TensorFlow opens what lies in tensorflow-plugins; nothing else there is a DLL. */
static void test_plugin(void **state)
{
    (void)state;
    memory_add_dir(&w.machine, SITE "\\tensorflow-plugins");
    assert_true(tfd_map_put(&w.arena, &w.facts.places.items[1].names, TFD_STR("tensorflow-plugins"), 9));
    IMAGE(SITE "\\tensorflow-plugins\\accel.dll", .imports = {"driver.dll:accel_open"});
    add_text(SITE "\\tensorflow-plugins\\README.txt", "x");
    run();
    assert_true(object_of(SITE "\\tensorflow-plugins\\accel.dll")->is_needed);
    assert_false(object_of(SITE "\\tensorflow-plugins\\accel.dll")->is_module);
    assert_non_null(absent("driver.dll"));
}

/* numpy's folder is only searched because its code says so. */
static void test_no_folder_added(void **state)
{
    (void)state;
    hide(SITE "\\numpy\\__init__.py");
    add_text(SITE "\\numpy\\__init__.py", "x = 1\n");
    run();
    assert_non_null(absent("blas-1234.dll"));
    assert_int_equal(absent("blas-1234.dll")->tried_count, 3);
}

static void test_old_python(void **state)
{
    (void)state;
    w.facts.python.minor = 7;
    w.facts.python.soabi = TFD_STR("cp313-win_amd64");
    w.machine.env[0][0] = "PATH";
    w.machine.env[0][1] = "C:\\tools";
    hide(SYS "msvcp140.dll");
    IMAGE("C:\\tools\\msvcp140.dll", .exports = {"_Mtx_lock"}, .version = {14, 44, 1, 0});
    run();
    check_runtime("msvcp140.dll", 0, "14.44.1.0", "PATH", true, __LINE__);
    assert_non_null(absent("blas-1234.dll")); /* no add_dll_directory before 3.8 */
}

/* python.exe of a virtual environment starts the one of its base. */
static void test_virtual_environment(void **state)
{
    (void)state;
    w.facts.python.path = TFD_STR("C:\\venv\\Scripts\\python.exe");
    w.facts.python.cfg_home = TFD_STR("C:\\py");
    IMAGE("C:\\venv\\Scripts\\msvcp140.dll", .exports = {"_Mtx_lock"}, .version = {14, 1, 0, 0});
    run();
    assert_true(object_of(PY "python.exe")->is_needed);
    check_runtime("msvcp140.dll", 0, "14.44.35211.0", "System32", true, __LINE__);
}

static void test_no_interpreter(void **state)
{
    (void)state;
    hide(PY "python.exe");
    run();
    assert_false(w.facts.objects.complete);
    assert_true(w.facts.objects.why.len > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_healthy),
        TEST(test_no_runtime),
        TEST(test_copy_beside_python),
        TEST(test_wrong_machine),
        TEST(test_startup_file),
        TEST(test_missing_symbol),
        TEST(test_plugin),
        TEST(test_no_folder_added),
        TEST(test_old_python),
        TEST(test_virtual_environment),
        TEST(test_no_interpreter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
