/* Windows' interpreters: names, the registry, the launcher, PATH, sys.path before site. The machine lies in
 * tests/unit/windows_python. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "python/getpath.h"
#include "python/name.h"
#include "python/pep514.h"
#include "python/select.h"
#include "python/shim_win.h"
#include "python/site_model.h"
#include "python/stdlib.h"

static tfd_sys *host;
static tfd_sys *sys;
static tfd_arena arena;

static int set_up(void **state)
{
    tfd_err err = {0};

    (void)state;
    tfd_arena_init(&arena, 0);
    if (tfd_sys_native_new(&host, NULL) != TFD_OK)
        return -1;
    if (tfd_sys_fixture_new(host, TFD_STR(TFD_TEST_DATA "/unit/windows_python"), &sys, &err) == TFD_OK)
        return 0;
    print_error("%s\n", err.text);
    return -1;
}

static int tear_down(void **state)
{
    (void)state;
    tfd_sys_fixture_free(sys);
    tfd_sys_native_free(host);
    tfd_arena_done(&arena);
    return 0;
}

static void check_text(int line, tfd_str got, const char *expected)
{
    if (!tfd_str_is(got, expected))
        fail_msg("line %d: got \"%.*s\", expected \"%s\"", line, TFD_ARG(got), expected);
}

static void test_dll_names(void **state)
{
    static const struct {
        int line;
        const char *name;
        tfd_pydll kind;
        int major, minor;
        bool threads, debug;
    } table[] = {
        {__LINE__, "python310.dll", TFD_PYDLL_CPYTHON, 3, 10, false, false},
        {__LINE__, "PYTHON39.DLL", TFD_PYDLL_CPYTHON, 3, 9, false, false},
        {__LINE__, "python313t.dll", TFD_PYDLL_CPYTHON, 3, 13, true, false},
        {__LINE__, "python311_d.dll", TFD_PYDLL_CPYTHON, 3, 11, false, true},
        {__LINE__, "python3.dll", TFD_PYDLL_NONE, 0, 0, false, false},
        {__LINE__, "python27.dll", TFD_PYDLL_CPYTHON, 2, 7, false, false},
        {__LINE__, "libpython3.11.dll", TFD_PYDLL_MINGW, 3, 11, false, false},
        {__LINE__, "msys-python3.11.dll", TFD_PYDLL_CYGWIN, 3, 11, false, false},
        {__LINE__, "libpypy3.9-c.dll", TFD_PYDLL_PYPY, 3, 9, false, false},
        {__LINE__, "python310.dll.bak", TFD_PYDLL_NONE, 0, 0, false, false},
        {__LINE__, "pythoncom310.dll", TFD_PYDLL_NONE, 0, 0, false, false},
        {__LINE__, "", TFD_PYDLL_NONE, 0, 0, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        tfd_pyname name = {false, 0, 0, false, false};
        tfd_pydll kind = tfd_pyname_parse_dll(tfd_str_of(table[i].name), &name);

        if (kind != table[i].kind || name.major != table[i].major || name.minor != table[i].minor ||
            name.threads != table[i].threads || name.debug != table[i].debug)
            fail_msg("line %d: kind %d, %d.%d", table[i].line, (int)kind, name.major, name.minor);
    }
}

static void test_file_versions(void **state)
{
    static const struct {
        unsigned field3;
        int micro;
        const char *suffix;
    } table[] = {{11150, 11, ""}, {150, 0, ""}, {122, 0, "rc2"}, {1101, 1, "a1"}, {14, -1, ""}, {7, -1, ""}};

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char suffix[8];

        assert_int_equal(tfd_pyversion_of_field3(table[i].field3, suffix), table[i].micro);
        assert_string_equal(suffix, table[i].suffix);
    }
}

static void test_registry(void **state)
{
    static const char *const expected[] = {
        "Astral CPython3.12.3 C:\\uv\\python.exe", "PythonCore 3.10 C:\\Python310\\python.exe",
        "PythonCore 3.13 C:\\Python313\\python.exe", "PythonCore 3.9-32 C:\\Python39-32\\python.exe"};
    tfd_pep514_list all;

    (void)state;
    assert_int_equal(tfd_pep514_read(sys, &arena, &all), TFD_OK);
    assert_int_equal(all.count, 4);
    for (size_t i = 0; i < all.count; i++)
        check_text((int)i,
                   tfd_arena_fmt(&arena, "%.*s %.*s %.*s", TFD_ARG(all.items[i].company),
                                 TFD_ARG(all.items[i].tag), TFD_ARG(all.items[i].executable)),
                   expected[i]);
}

static void test_launcher(void **state)
{
    static const struct {
        int line;
        const char *company, *tag, *wanted;
        bool matches;
    } table[] = {
        {__LINE__, "PythonCore", "3.10", "3", true},
        {__LINE__, "PythonCore", "3.10", "3.1", false},
        {__LINE__, "PythonCore", "3.10", "3.10", true},
        {__LINE__, "PythonCore", "3.10-32", "3.10", true},
        {__LINE__, "PythonCore", "3.10-32", "3.10-64", false},
        {__LINE__, "PythonCore", "3.10", "3.10-32", false},
        {__LINE__, "PythonCore", "3.13t", "3.13", false},
        {__LINE__, "Astral", "CPython3.12.3", "3.12", false},
        {__LINE__, "Astral", "CPython3.12.3", "Astral/CPython3.12", true},
        {__LINE__, "PythonCore", "3.10", "", true},
    };
    tfd_str ini =
        TFD_STR("\xef\xbb\xbf; x\r\n[commands]\r\npython=2\r\n[Defaults]\r\n Python = 3.12-64 \r\n");
    tfd_str why, path;

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (tfd_pylauncher_matches(tfd_str_of(table[i].company), tfd_str_of(table[i].tag),
                                   tfd_str_of(table[i].wanted)) != table[i].matches)
            fail_msg("line %d", table[i].line);
    assert_true(tfd_pylauncher_is_newer(TFD_STR("3.10"), TFD_STR("3.9")));
    assert_true(tfd_pylauncher_is_newer(TFD_STR("3.9"), TFD_STR("3.9-32")));
    assert_false(tfd_pylauncher_is_newer(TFD_STR("3.9-32"), TFD_STR("3.9")));
    check_text(__LINE__, tfd_pylauncher_ini(ini, TFD_STR("python")), "3.12-64");
    path = tfd_pylauncher_default(sys, &arena, TFD_STR("C:\\Windows\\py.exe"), &why);
    check_text(__LINE__, path, "C:\\Python310\\python.exe");
    check_text(__LINE__, why, "C:\\Windows\\py.ini");
}

static void test_programs(void **state)
{
    static const struct {
        int line;
        const char *path;
        tfd_shim_result result;
        const char *out; /* NULL: not looked at */
    } table[] = {
        {__LINE__, "C:\\Users\\me\\AppData\\Local\\Microsoft\\WindowsApps\\python.exe", TFD_SHIM_NOTHING,
         NULL},
        {__LINE__, "C:\\Users\\me\\AppData\\Local\\Microsoft\\WindowsApps\\python3.exe", TFD_SHIM_NONE, NULL},
        {__LINE__, "C:\\wrap\\python.cmd", TFD_SHIM_FOUND, "C:\\Python313\\python.exe"},
        {__LINE__, "C:\\wrap\\bin\\python.bat", TFD_SHIM_FOUND, "C:\\Python313\\python.exe"},
        {__LINE__, "C:\\wrap\\bin\\python.cmd", TFD_SHIM_FOUND, "C:\\Python313\\python.exe"},
        {__LINE__, "C:\\Users\\me\\.pyenv\\pyenv-win\\shims\\python.bat", TFD_SHIM_FOUND,
         "C:\\Users\\me\\.pyenv\\pyenv-win\\versions\\3.11.4\\python.exe"},
        {__LINE__, "C:\\Windows\\py.exe", TFD_SHIM_FOUND, "C:\\Python310\\python.exe"},
        {__LINE__, "C:\\Python310\\python.exe", TFD_SHIM_NONE, NULL},
    };
    tfd_python py;
    tfd_err err;

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        tfd_str out = {NULL, 0};

        if (tfd_shim_follow_windows(sys, &arena, tfd_str_of(table[i].path), &out) != table[i].result)
            fail_msg("line %d: %.*s", table[i].line, TFD_ARG(out));
        if (table[i].out)
            check_text(table[i].line, out, table[i].out);
    }
    check_text(__LINE__, tfd_shim_which(sys, &arena, TFD_STR("py"), TFD_STR("")), "C:\\Windows\\py.exe");
    check_text(__LINE__, tfd_shim_which(sys, &arena, TFD_STR("python.cmd"), TFD_STR("")),
               "C:\\wrap\\python.cmd");
    /* The place holder on PATH is passed over; the alias of an installed Python is what python3 starts. */
    memset(&py, 0, sizeof py);
    assert_int_equal(tfd_select_python(sys, &arena, TFD_STR(""), &py, &err), TFD_OK);
    check_text(__LINE__, py.path, "C:\\Users\\me\\AppData\\Local\\Microsoft\\WindowsApps\\python3.exe");
    check_text(__LINE__, py.store_alias, "C:\\Users\\me\\AppData\\Local\\Microsoft\\WindowsApps\\python.exe");
    memset(&py, 0, sizeof py);
    assert_int_equal(tfd_select_python(sys, &arena, TFD_STR("C:\\venv"), &py, &err), TFD_OK);
    check_text(__LINE__, py.path, "C:\\venv\\Scripts\\python.exe");
}

static tfd_str joined(const tfd_getpath *g)
{
    tfd_str out = TFD_STR("");

    for (size_t i = 0; i < g->search.count; i++)
        out =
            tfd_arena_fmt(&arena, "%.*s%s%.*s", TFD_ARG(out), i ? ";" : "", TFD_ARG(g->search.items[i].path));
    for (size_t i = 0; i < g->pth_paths.count; i++)
        out = tfd_arena_fmt(&arena, "%.*s%s%.*s", TFD_ARG(out), i ? ";" : "", TFD_ARG(g->pth_paths.items[i]));
    return out;
}

static void test_search_path(void **state)
{
    static const struct {
        int line;
        const char *executable, *program, *dll;
        int minor;
        const char *path, *prefix;
    } table[] = {
        {__LINE__, "C:\\Python310\\python.exe", "", "C:\\Python310\\python310.dll", 10,
         "C:\\Python310\\python310.zip;C:\\extra;C:\\more;C:\\Python310\\DLLs;C:\\Python310\\lib;C:"
         "\\Python310",
         "C:\\Python310"},
        {__LINE__, "C:\\Python313\\python.exe", "", "C:\\Python313\\python313.dll", 13,
         "C:\\Python313\\python313.zip;C:\\Python313;C:\\Python313\\Lib", "C:\\Python313"},
        {__LINE__, "C:\\venv\\Scripts\\python.exe", "C:\\Python310\\python.exe",
         "C:\\Python310\\python310.dll", 10,
         "C:\\Python310\\python310.zip;C:\\extra;C:\\more;C:\\Python310\\DLLs;C:\\Python310\\lib;C:"
         "\\Python310",
         "C:\\Python310"},
        {__LINE__, "C:\\Embed\\python.exe", "", "C:\\Embed\\python311.dll", 11,
         "C:\\Embed\\python311.zip;C:\\Embed", "C:\\Embed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        tfd_getpath g;

        memset(&g, 0, sizeof g);
        g.executable = tfd_str_of(table[i].executable);
        g.program = tfd_str_of(table[i].program);
        g.is_redirected = g.program.len > 0;
        g.libpython = tfd_str_of(table[i].dll);
        g.major = 3;
        g.minor = table[i].minor;
        g.arch = TFD_ARCH_X86_64;
        assert_int_equal(tfd_getpath_run(sys, &arena, &g, NULL), TFD_OK);
        check_text(table[i].line, joined(&g), table[i].path);
        check_text(table[i].line, g.prefix, table[i].prefix);
        if (g.program.len)
            check_text(table[i].line, g.venv_prefix, "C:\\venv");
    }
}

static void test_absolute(void **state)
{
    static const struct {
        const char *path, *expected;
    } table[] = {{"", "C:\\Users\\me"},     {"x", "C:\\Users\\me\\x"},
                 {"\\x", "C:\\x"},          {"c:x", "C:\\Users\\me\\x"},
                 {"D:x", "D:\\x"},          {"D:/x/../y/", "D:\\y"},
                 {"..\\a", "C:\\Users\\a"}, {"\\\\s\\h\\x", "\\\\s\\h\\x"}};

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        check_text((int)i, tfd_site_abs_windows(&arena, TFD_STR("C:\\Users\\me"), tfd_str_of(table[i].path)),
                   table[i].expected);
}

static void test_modules(void **state)
{
    (void)state;
    assert_true(tfd_stdlib_is_builtin_windows(TFD_STR("math"), 3, 10));
    assert_true(tfd_stdlib_is_builtin_windows(TFD_STR("_sha256"), 3, 11));
    assert_false(tfd_stdlib_is_builtin_windows(TFD_STR("_sha256"), 3, 12));
    assert_false(tfd_stdlib_is_builtin_windows(TFD_STR("_ctypes"), 3, 10));
    assert_true(tfd_stdlib_is_posix_only(TFD_STR("fcntl")));
    assert_false(tfd_stdlib_is_posix_only(TFD_STR("select")));
    assert_true(tfd_stdlib_is_loaded_at_start(TFD_STR("ntpath"), true));
    assert_false(tfd_stdlib_is_loaded_at_start(TFD_STR("posixpath"), true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dll_names), cmocka_unit_test(test_file_versions),
        cmocka_unit_test(test_registry),  cmocka_unit_test(test_launcher),
        cmocka_unit_test(test_programs),  cmocka_unit_test(test_search_path),
        cmocka_unit_test(test_absolute),  cmocka_unit_test(test_modules),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
