#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loader/win_loader.h"
#include "../helpers/memory_machine.h"
#include "../helpers/mkpe.h"

#define PY "C:\\py\\"
#define SITE "C:\\py\\Lib\\site-packages\\"
#define SYS "C:\\Windows\\System32\\"

/* python.exe 3.12 with its own vcruntime140, a package with an extension module, and a system. */
typedef struct world {
    memory_machine machine;
    mkpe_out images[32];
    size_t image_count;
    tfd_arena arena;
    tfd_win_loader loader;
    tfd_win_settings settings;
    size_t file; /* opened last */
    bool ok;
} world;

static world w;

static void add_image(const char *path, const mkpe *spec)
{
    mkpe_out *image = &w.images[w.image_count++];

    mkpe_build(spec, image);
    memory_add(&w.machine, path, image->bytes, image->len);
}

#define IMAGE(path, ...) add_image(path, &(mkpe){__VA_ARGS__})

static int set_up(void **state)
{
    static const char *const dirs[] = {
        "C:\\py",    "C:\\Windows", "C:\\Windows\\System32",  SITE "pkg", SITE "pkg.libs",
        "C:\\tools", "C:\\work",    "C:\\conda\\Library\\bin"};

    (void)state;
    memset(&w, 0, sizeof w);
    memory_init_windows(&w.machine);
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
        memory_add_dir(&w.machine, dirs[i]);
    w.settings.check_symbols = true;
    w.settings.cwd = TFD_STR("C:\\work");
    w.settings.path = TFD_STR("C:\\Windows\\system32;\"C:\\tools\\\";;C:\\none");
    IMAGE(PY "python.exe", .is_program = true,
          .imports = {"python312.dll:Py_Main", "VCRUNTIME140.dll:memcpy",
                      "api-ms-win-crt-heap-l1-1-0.dll:free", "KERNEL32.dll:Sleep"});
    IMAGE(PY "python312.dll", .exports = {"PyList_New", "PyModule_Create2", "Py_Main"},
          .imports = {"VCRUNTIME140.dll:memcpy"});
    IMAGE(PY "vcruntime140.dll", .exports = {"memcpy"}, .version = {14, 38, 1, 0});
    IMAGE(SYS "kernel32.dll", .exports = {"Sleep"});
    IMAGE(SYS "ucrtbase.dll", .exports = {"free"});
    IMAGE(SYS "vcruntime140.dll", .exports = {"memcpy"}, .version = {14, 44, 1, 0});
    tfd_arena_init(&w.arena, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tfd_win_done(&w.loader);
    tfd_arena_done(&w.arena);
    return 0;
}

static void start(void)
{
    tfd_err err;

    assert_int_equal(tfd_win_init(&w.loader, &w.machine.sys, &w.arena, &w.arena, &w.settings, &err), TFD_OK);
    assert_int_equal(tfd_win_start(&w.loader, TFD_STR(PY "python.exe"), &w.ok, &err), TFD_OK);
}

static void open_as(const char *path, tfd_win_order order)
{
    assert_int_equal(tfd_win_open(&w.loader, tfd_str_of(path), order, TFD_STR("pkg"), &w.file, &w.ok, NULL),
                     TFD_OK);
}

static void open_module(const char *path)
{
    open_as(path, TFD_WIN_FLAGS);
}

/* The need recorded last for a name. */
static const tfd_win_need *need_of(const char *name)
{
    for (size_t i = w.loader.needs.count; i-- > 0;)
        if (tfd_str_is(w.loader.needs.items[i].name, name))
            return &w.loader.needs.items[i];
    fail_msg("nothing needs %s", name);
    return NULL;
}

static void check_need(const char *name, const char *path, const char *rule, int line)
{
    const tfd_win_need *need = need_of(name);
    tfd_str hit = need->hit == TFD_NONE ? TFD_STR("") : w.loader.files.items[need->hit].path;

    if (!tfd_path_eq(TFD_PATH_WINDOWS, hit, tfd_str_of(path)) || !tfd_str_is(need->rule, rule))
        fail_msg("line %d: %s: '%.*s' by '%.*s'", line, name, TFD_ARG(hit), TFD_ARG(need->rule));
}

static void test_start(void **state)
{
    (void)state;
    start();
    assert_true(w.ok);
    check_need("python312.dll", PY "python312.dll", "the folder of python.exe", __LINE__);
    check_need("api-ms-win-crt-heap-l1-1-0.dll", SYS "ucrtbase.dll", "API set", __LINE__);
    check_need("KERNEL32.dll", SYS "kernel32.dll", "KnownDLLs", __LINE__);
    assert_true(w.loader.files.items[tfd_win_named(&w.loader, TFD_STR("VCRuntime140.DLL"))].is_early);
    check_need("VCRUNTIME140.dll", PY "vcruntime140.dll", "already loaded", __LINE__);
}

static void test_program_cannot_start(void **state)
{
    (void)state;
    w.machine.files[9].path = PY "python399.dll";
    start();
    assert_false(w.ok);
    assert_int_equal(need_of("python312.dll")->state, TFD_STATE_ABSENT);
    assert_int_equal(need_of("python312.dll")->tried_count, 7);
}

/* The order of 3.8 and later: each place gives way to the one before it. */
static void test_order_of_flags(void **state)
{
    static const struct {
        const char *path, *rule;
    } rows[] = {
        {SITE "pkg\\dep.dll", "the folder of the module"},
        {PY "dep.dll", "the folder of python.exe"},
        {SITE "pkg.libs\\dep.dll", "os.add_dll_directory"},
        {"C:\\conda\\Library\\bin\\dep.dll", "conda's folders"},
        {SYS "dep.dll", "System32"},
    };
    (void)state;

    for (size_t i = 0; i < 5; i++) {
        (void)tear_down(NULL);
        (void)set_up(NULL);
        IMAGE(SITE "pkg\\m.pyd", .imports = {"dep.dll:f"}, .exports = {"PyInit_m"});
        IMAGE("C:\\tools\\dep.dll", .exports = {"f"});
        IMAGE("C:\\work\\dep.dll", .exports = {"f"});
        for (size_t k = i; k < 5; k++)
            IMAGE(rows[k].path, .exports = {"f"});
        start();
        assert_int_equal(tfd_win_add_dir(&w.loader, TFD_STR("C:\\tools2"), TFD_STR("pkg"), NULL), TFD_OK);
        assert_int_equal(tfd_win_add_dir(&w.loader, TFD_STR(SITE "pkg.libs"), TFD_STR("pkg"), NULL), TFD_OK);
        assert_int_equal(tfd_win_add_late_dir(&w.loader, TFD_STR("C:\\conda\\Library\\bin"),
                                              TFD_STR("conda's folders"), NULL),
                         TFD_OK);
        open_module(SITE "pkg\\m.pyd");
        assert_true(w.ok);
        check_need("dep.dll", rows[i].path, rows[i].rule, __LINE__);
    }
}

/* PATH and the current folder bring nothing from 3.8 on, and all before. */
static void test_path(void **state)
{
    (void)state;
    IMAGE(SITE "pkg\\m.pyd", .imports = {"dep.dll:f"}, .exports = {"PyInit_m"});
    IMAGE("C:\\tools\\dep.dll", .exports = {"f"});
    start();
    open_module(SITE "pkg\\m.pyd");
    assert_false(w.ok);
    assert_int_equal(need_of("dep.dll")->state, TFD_STATE_ABSENT);
    assert_int_equal(need_of("dep.dll")->tried_count, 3);
    w.loader.files.items[w.file].need_count = 0;
    open_as(SITE "pkg\\m.pyd", TFD_WIN_ALTERED);
    assert_true(w.ok);
    check_need("dep.dll", "C:\\tools\\dep.dll", "PATH", __LINE__);
}

/* A path at which there was nothing is not opened again, whoever asks next. */
static struct {
    tfd_status (*open)(const tfd_sys *sys, tfd_str path, tfd_file *out, tfd_err *err);
    int count;
} opened;

static tfd_status count_open(const tfd_sys *sys, tfd_str path, tfd_file *out, tfd_err *err)
{
    opened.count += tfd_path_eq(TFD_PATH_WINDOWS, path, TFD_STR(SYS "dep.dll"));
    return opened.open(sys, path, out, err);
}

static void test_misses_are_remembered(void **state)
{
    (void)state;
    IMAGE(SITE "pkg\\a.pyd", .imports = {"dep.dll:f"}, .exports = {"PyInit_a"});
    IMAGE(SITE "pkg\\b.pyd", .imports = {"DEP.dll:f"}, .exports = {"PyInit_b"});
    start();
    opened.open = w.machine.sys.open;
    opened.count = 0;
    w.machine.sys.open = count_open;
    open_module(SITE "pkg\\a.pyd");
    open_module(SITE "pkg\\b.pyd");
    assert_false(w.ok);
    assert_int_equal(opened.count, 1);
    assert_int_equal(need_of("DEP.dll")->tried_count, 3);
}

static void test_current_folder(void **state)
{
    (void)state;
    IMAGE(SITE "pkg\\m.pyd", .imports = {"dep.dll:f"}, .exports = {"PyInit_m"});
    IMAGE("C:\\tools\\dep.dll", .exports = {"f"});
    IMAGE("C:\\work\\dep.dll", .exports = {"f"});
    IMAGE(SYS "dep.dll", .exports = {"f"});
    start();
    open_as(SITE "pkg\\m.pyd", TFD_WIN_ALTERED);
    check_need("dep.dll", SYS "dep.dll", "System32", __LINE__);
    w.settings.unsafe_order = true;
    start();
    open_as(SITE "pkg\\m.pyd", TFD_WIN_ALTERED);
    check_need("dep.dll", "C:\\work\\dep.dll", "the current folder", __LINE__);
}

/* One base name serves a process: who comes first decides. */
static void test_already_loaded(void **state)
{
    (void)state;
    IMAGE(SITE "pkg\\m.pyd", .imports = {"MSVCP140.dll:_Mtx_lock", "vcruntime140.dll:memcpy"},
          .exports = {"PyInit_m"});
    IMAGE(SITE "pkg\\msvcp140.dll", .exports = {"_Mtx_lock"}, .version = {14, 44, 0, 0});
    IMAGE(SITE "pkg\\vcruntime140.dll", .exports = {"memcpy"});
    IMAGE(SYS "msvcp140.dll", .exports = {"_Mtx_lock"}, .version = {14, 29, 0, 0});
    start();
    assert_int_equal(tfd_win_open_name(&w.loader, TFD_STR("msvcp140.dll"), TFD_WIN_DEFAULTS,
                                       TFD_STR("TensorFlow's self-check"), &w.file, &w.ok, NULL),
                     TFD_OK);
    assert_true(w.ok);
    check_need("msvcp140.dll", SYS "msvcp140.dll", "System32", __LINE__);
    open_module(SITE "pkg\\m.pyd");
    check_need("MSVCP140.dll", SYS "msvcp140.dll", "already loaded", __LINE__);
    check_need("vcruntime140.dll", PY "vcruntime140.dll", "already loaded", __LINE__);
    assert_true(w.loader.files.items[w.file].locks_mutex);
    assert_false(w.loader.files.items[w.file].makes_mutex);
}

/* A module that cannot be loaded leaves nothing behind. */
static void test_unload(void **state)
{
    (void)state;
    IMAGE(SITE "pkg\\bad.pyd", .imports = {"dep.dll:f", "gone.dll:g"}, .exports = {"PyInit_bad"});
    IMAGE(SITE "pkg\\dep.dll", .exports = {"f"});
    start();
    open_module(SITE "pkg\\bad.pyd");
    assert_false(w.ok);
    assert_int_equal(tfd_win_named(&w.loader, TFD_STR("dep.dll")), TFD_NONE);
    assert_true(tfd_win_named(&w.loader, TFD_STR("python312.dll")) != TFD_NONE);
}

static void test_first_file_ends_the_search(void **state)
{
    static const struct {
        tfd_object_state expected;
        int line;
    } rows[] = {{TFD_OBJECT_WRONG_ARCH, __LINE__},
                {TFD_OBJECT_EMPTY, __LINE__},
                {TFD_OBJECT_NOT_ELF, __LINE__},
                {TFD_OBJECT_TRUNCATED, __LINE__},
                {TFD_OBJECT_UNREADABLE, __LINE__}};
    (void)state;

    for (size_t i = 0; i < 5; i++) {
        memory_file *file;

        (void)tear_down(NULL);
        (void)set_up(NULL);
        IMAGE(SITE "pkg\\m.pyd", .imports = {"dep.dll:f"}, .exports = {"PyInit_m"});
        IMAGE(SYS "dep.dll", .exports = {"f"});
        IMAGE(SITE "pkg\\dep.dll", .bits = i == 0 ? 32 : 64, .machine = i == 0 ? 0x14c : 0x8664,
              .exports = {"f"});
        file = &w.machine.files[w.machine.count - 1];
        file->len = i == 1 ? 0 : i == 3 ? MKPE_OFFSET + 64 : file->len;
        file->bytes =
            i == 2 ? "version https://git-lfs.github.com/spec/v1\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                   : file->bytes;
        file->len = i == 2 ? 70 : file->len;
        file->is_unreadable = i == 4;
        start();
        open_module(SITE "pkg\\m.pyd");
        assert_false(w.ok);
        check_need("dep.dll", SITE "pkg\\dep.dll", "the folder of the module", rows[i].line);
        assert_int_equal(w.loader.files.items[need_of("dep.dll")->hit].state, rows[i].expected);
    }
}

static void test_missing_symbols(void **state)
{
    (void)state;
    IMAGE(SITE "pkg\\m.pyd", .imports = {"dep.dll:a,b,c,#2,#9", "python312.dll:PyList_New,PyOld"},
          .exports = {"PyInit_m"});
    IMAGE(SITE "pkg\\dep.dll", .exports = {"a", "c"});
    start();
    open_module(SITE "pkg\\m.pyd");
    assert_false(w.ok);
    assert_int_equal(w.loader.problems.count, 2);
    assert_true(tfd_str_is(w.loader.problems.items[0].symbol, "b"));
    assert_int_equal(w.loader.problems.items[0].count, 2);
    assert_true(tfd_str_is(w.loader.problems.items[1].symbol, "PyOld"));
}

/* python3.dll hands everything on to python312.dll. */
static void test_forwarders(void **state)
{
    (void)state;
    IMAGE(PY "python3.dll", .exports = {"PyList_New=python312.PyList_New", "Py_Gone=python312.Py_Gone",
                                        "Round=python3.Round", "Sleep=kernel32.Sleep", "Where=nowhere.f"});
    IMAGE(SITE "pkg\\m.pyd", .imports = {"python3.dll:PyList_New,Sleep,Round"}, .exports = {"PyInit_m"});
    IMAGE(SITE "pkg\\n.pyd", .imports = {"python3.dll:Py_Gone,Where"}, .exports = {"PyInit_n"});
    start();
    open_module(SITE "pkg\\m.pyd");
    assert_true(w.ok);
    assert_int_equal(w.loader.problems.count, 0);
    open_module(SITE "pkg\\n.pyd");
    assert_false(w.ok);
    assert_int_equal(w.loader.problems.items[0].count, 2);
}

/* What Wine has in itself, and what Windows brings, is not held against anything. */
static void test_system_symbols(void **state)
{
    (void)state;
    IMAGE(SITE "pkg\\m.pyd", .imports = {"KERNEL32.dll:NoSuchThing", "fake.dll:none", "bcrypt.dll:x"},
          .exports = {"PyInit_m"});
    IMAGE(SITE "pkg\\fake.dll", .exports = {"f"}, .is_builtin = true);
    start();
    open_module(SITE "pkg\\m.pyd");
    assert_true(w.ok);
    check_need("bcrypt.dll", "", "System32", __LINE__);
    w.machine.system.build = 9600; /* Windows 8.1 lacks what later ones have */
    start();
    open_module(SITE "pkg\\m.pyd");
    assert_false(w.ok);
}

static void test_delayed(void **state)
{
    (void)state;
    IMAGE(SITE "pkg\\m.pyd", .imports = {"python312.dll:PyList_New", "~late.dll:f", "~gone.dll:g"},
          .exports = {"PyInit_m"});
    IMAGE("C:\\tools\\late.dll", .exports = {"f"});
    start();
    open_module(SITE "pkg\\m.pyd");
    assert_true(w.ok);
    assert_true(need_of("late.dll")->is_delayed);
    check_need("late.dll", "C:\\tools\\late.dll", "PATH", __LINE__);
    assert_int_equal(need_of("gone.dll")->state, TFD_STATE_ABSENT);
    assert_int_equal(tfd_win_named(&w.loader, TFD_STR("late.dll")), TFD_NONE);
}

static void test_names(void **state)
{
    (void)state;
    start();
    assert_true(tfd_win_is_api_set(TFD_STR("API-MS-Win-core-file-l1-1-0.dll")));
    assert_true(tfd_win_is_api_set(TFD_STR("ext-ms-win-x.dll")));
    assert_false(tfd_win_is_api_set(TFD_STR("apix.dll")));
    assert_true(tfd_win_is_system_name(TFD_STR("WS2_32.dll")));
    assert_true(tfd_win_is_system_name(TFD_STR("advapi32.dll")));
    assert_true(tfd_win_is_system_name(TFD_STR("wtsapi32.dll")));
    assert_false(tfd_win_is_system_name(TFD_STR("msvcp140.dll")));
    assert_true(tfd_win_is_known(&w.loader, TFD_STR("KERNEL32.dll")));
    assert_false(tfd_win_is_known(&w.loader, TFD_STR("bcrypt.dll")));
    assert_true(tfd_win_is_runtime_name(TFD_STR("MSVCP140_1.dll")));
}

/* The tables of names are searched by halves. */
static void test_sorted_names(void **state)
{
    static const char *const some[] = {"avrt.dll",     "gdi32.dll",  "kernelbase.dll", "ntdll.dll",
                                       "ole32.dll",    "rpcrt4.dll", "shell32.dll",    "user32.dll",
                                       "win32u.dll",   "dnsapi.dll", "opengl32.dll",   "dxgi.dll",
                                       "iphlpapi.dll", "userenv.dll"};
    (void)state;

    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++)
        if (!tfd_win_is_system_name(tfd_str_of(some[i])))
            fail_msg("%s", some[i]);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    IMAGE(SITE "pkg\\m.pyd", .imports = {"dep.dll:f,g", "~late.dll:f"}, .exports = {"PyInit_m"});
    IMAGE(SITE "pkg\\dep.dll", .exports = {"f"});
    for (long fail_at = 1; fail_at < 120; fail_at++) {
        tfd_arena arena;
        size_t file;
        bool ok;
        tfd_status st;

        tfd_arena_init(&arena, 0);
        arena.fail_at = fail_at;
        st = tfd_win_init(&w.loader, &w.machine.sys, &arena, &arena, &w.settings, NULL);
        if (st == TFD_OK)
            st = tfd_win_start(&w.loader, TFD_STR(PY "python.exe"), &ok, NULL);
        if (st == TFD_OK)
            st = tfd_win_open(&w.loader, TFD_STR(SITE "pkg\\m.pyd"), TFD_WIN_FLAGS, TFD_STR(""), &file, &ok,
                              NULL);
        assert_true(st == TFD_OK || st == TFD_ENOMEM || arena.failed);
        tfd_win_done(&w.loader);
        tfd_arena_done(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_program_cannot_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_order_of_flags, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_path, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_misses_are_remembered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_current_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_already_loaded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unload, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_first_file_ends_the_search, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_missing_symbols, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_forwarders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_system_symbols, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_delayed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sorted_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_out_of_memory, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
