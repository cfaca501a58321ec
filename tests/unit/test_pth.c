/* .pth lines, start-up code, editable finders, pyvenv.cfg, names of interpreters: all that is read as text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "python/discover.h"
#include "python/editable.h"
#include "python/name.h"
#include "python/pth.h"
#include "python/pycode.h"
#include "python/pyvenv.h"

static void check_text(int line, tfd_str got, const char *expected)
{
    if (!tfd_str_is(got, expected))
        fail_msg("line %d: got \"%.*s\", expected \"%s\"", line, TFD_ARG(got), expected);
}

/* ---- lines */

static void test_lines(void **state)
{
    static const struct {
        int line;
        const char *input, *expected; /* kind letter and text of each line: n, p, c */
    } cases[] = {
        {__LINE__, "", ""},
        {__LINE__, "a", "p(a)"},
        {__LINE__, "a\nb\n", "p(a)p(b)"},
        {__LINE__, "a\r\nb\rc", "p(a)p(b)p(c)"},
        {__LINE__, "# x\n\n \t\n a \t\n", "n(# x)n()n()p( a)"},
        {__LINE__, "import sys\nimport\tos\nimportant\n import sys",
         "c(import sys)c(import\tos)p(important)p( import sys)"},
        {__LINE__, "from x import y", "p(from x import y)"},
        {__LINE__, "\n\n", "n()n()"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tfd_str rest = tfd_str_of(cases[i].input), text;
        tfd_pth_kind kind;
        char got[512];
        size_t n = 0;

        got[0] = '\0';
        while (tfd_pth_take(&rest, &kind, &text))
            n += (size_t)snprintf(got + n, sizeof got - n, "%c(%.*s)", "npc"[kind], TFD_ARG(text));
        check_text(cases[i].line, tfd_str_of(got), cases[i].expected);
    }
}

static void test_decoding(void **state)
{
    /* "Ángel" and "テスト" in UTF-8 */
    static const struct {
        int line;
        const char *text;
        tfd_pth_encoding encoding;
        unsigned page;
        size_t expected;
    } cases[] = {
        {__LINE__, "a\n\xc3\xa4\n", TFD_PTH_UTF8, 0, 0},
        {__LINE__, "a\n\xe4\n", TFD_PTH_UTF8, 0, 2},
        {__LINE__, "a\n\xe4\n", TFD_PTH_PAGE, 0, 0},
        {__LINE__, "\xc3\xa4\n", TFD_PTH_ASCII, 0, 1},
        {__LINE__, "\n\n\xc3", TFD_PTH_UTF8, 0, 3},
        {__LINE__, "\n\xc3\x81ngel\n", TFD_PTH_PAGE, 1252, 2},
        {__LINE__, "\xc3\xa4\n", TFD_PTH_PAGE, 1252, 0},
        {__LINE__, "\xc3\x81ngel\n", TFD_PTH_PAGE, 1256, 0},
        {__LINE__, "\xd9\x81\n", TFD_PTH_PAGE, 1255, 1},
        {__LINE__, "\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88\n", TFD_PTH_PAGE, 932, 1},
        {__LINE__, "\xe3\x83\x86\xe3\x82\xb9\n", TFD_PTH_PAGE, 936, 0},
        {__LINE__, "\x80\n", TFD_PTH_PAGE, 936, 1},
        {__LINE__, "\x80\xa0\xff\n", TFD_PTH_PAGE, 932, 0},
        {__LINE__, "\xc3", TFD_PTH_PAGE, 950, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (tfd_pth_undecodable(tfd_str_of(cases[i].text), cases[i].encoding, cases[i].page) !=
            cases[i].expected)
            fail_msg("line %d", cases[i].line);
}

/* ---- code */

static void print_effects(const tfd_effects *effects, char *out, size_t size)
{
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < effects->count && n < size; i++) {
        const tfd_effect *e = &effects->items[i];

        if (e->kind == TFD_EFFECT_INSERT)
            n += (size_t)snprintf(out + n, size - n, "%s%ld=%.*s;", e->if_absent ? "?" : "", e->index,
                                  TFD_ARG(e->path));
        else if (e->kind == TFD_EFFECT_UNKNOWN)
            n += (size_t)snprintf(out + n, size - n, "UNKNOWN;");
        else if (e->kind == TFD_EFFECT_DROP)
            n += (size_t)snprintf(out + n, size - n, "d%c%.*s;", "=~<>"[e->match], TFD_ARG(e->path));
        else if (e->kind == TFD_EFFECT_SET)
            n += (size_t)snprintf(out + n, size - n, "%s%.*s=%.*s;", e->if_absent ? "?" : "",
                                  TFD_ARG(e->path), TFD_ARG(e->value));
        else if (e->kind == TFD_EFFECT_UNSET)
            n += (size_t)snprintf(out + n, size - n, "%.*s gone;", TFD_ARG(e->path));
        else
            n += (size_t)snprintf(out + n, size - n, "%s%c:%.*s;", e->if_absent ? "?" : "",
                                  "iasmfnkv"[e->kind], TFD_ARG(e->path));
    }
}

typedef struct code_case {
    int line;
    const char *input, *expected;
} code_case;

static const tfd_pycode_names names = {
    {"/site", 5}, {"/etc/sitecustomize.py", 21}, {"/usr", 4}, {"/home/me", 8}, NULL};

static void test_code_lines(void **state)
{
    static const code_case cases[] = {
        {__LINE__, "import sys", "m:sys;"},
        {__LINE__, "import os.path as p, sys", "m:os.path;m:sys;"},
        {__LINE__, "import sys; sys.path.insert(0, '/a')", "m:sys;0=/a;"},
        {__LINE__, "import sys; sys.path.insert(-2, \"/a\" r'\\b')", "m:sys;-2=/a\\b;"},
        {__LINE__, "import sys; sys.path.append(u'/a;b')", "m:sys;a:/a;b;"},
        {__LINE__, "import sys; sys.path.append('/\\x61\\u00e4')", "m:sys;a:/a\xc3\xa4;"},
        {__LINE__, "import sys; sys.path.append('/a'); import os # ; sys.path", "m:sys;a:/a;m:os;"},
        {__LINE__, "import sys; sys.path[:0] = ['/a', '/b',]", "m:sys;0=/a;1=/b;"},
        {__LINE__, "import sys; sys.path += ('/a',)", "m:sys;a:/a;"},
        {__LINE__, "import sys; sys.path = ['/a'] + sys.path", "m:sys;0=/a;"},
        {__LINE__, "import sys; sys.path = sys.path + ['/a']", "m:sys;a:/a;"},
        {__LINE__, "import sys; sys.path.extend(['/a'])", "m:sys;a:/a;"},
        {__LINE__, "import sys; p = '/a'; q = p + '/b'; sys.path.append(q)", "m:sys;a:/a/b;"},
        {__LINE__, "import os; sys.path.append(os.path.join(sitedir, 'x', '/y'))", "m:os;a:/y;"},
        {__LINE__, "import os; sys.path.append(os.path.dirname(os.path.dirname('/a/b/c')))", "m:os;a:/a;"},
        {__LINE__, "import os; sys.path.append(os.path.expanduser('~/x'))", "m:os;a:/home/me/x;"},
        {__LINE__, "import sys; sys.path.append(sys.prefix)", "m:sys;a:/usr;"},
        {__LINE__, "import site; site.addsitedir('/a')", "m:site;s:/a;"},
        {__LINE__, "import sys; '/a' not in sys.path and sys.path.append('/a')", "m:sys;?a:/a;"},
        {__LINE__, "import x; __editable___x_finder.install()", "m:x;f:__editable___x_finder;"},
        {__LINE__, "import sys; sys.__plen = len(sys.path)", "m:sys;k:;"},
        {__LINE__, "import sys; sys.path.append(f'{x}')", "m:sys;UNKNOWN;"},
        {__LINE__, "import sys; sys.path.append(b'/a')", "m:sys;UNKNOWN;"},
        {__LINE__, "import sys; sys.path.append(where())", "m:sys;UNKNOWN;"},
        {__LINE__, "import sys; sys.path.remove('/a')", "m:sys;d=/a;"},
        {__LINE__, "import sys; sys.path.remove(where())", "m:sys;UNKNOWN;"},
        {__LINE__, "sys.path[:] = [p for p in sys.path if 'x' not in p]", "d~x;"},
        {__LINE__, "sys.path = [p for p in sys.path if p != '/a']", "d=/a;"},
        {__LINE__, "sys.path = [p for p in sys.path if not p.startswith('/a')]", "d</a;"},
        {__LINE__, "sys.path = [p for p in sys.path if not p.endswith('/a')]", "d>/a;"},
        {__LINE__, "sys.path = [p for q in sys.path if 'x' not in p]", "UNKNOWN;"},
        {__LINE__, "sys.path = [p for p in sys.path if 'x' in p]", "UNKNOWN;"},
        {__LINE__, "sys.path = [p for p in sys.path if os.path.isdir(p)]", "UNKNOWN;"},
        {__LINE__, "import os; os.environ['A'] = 'b'", "m:os;A=b;"},
        {__LINE__, "import os; os.environ.setdefault('A', 'b')", "m:os;?A=b;"},
        {__LINE__, "os.environ.update({'A': 'b', 'C': 'd',})", "A=b;C=d;"},
        {__LINE__, "os.environ.update(A='b', C='d')", "A=b;C=d;"},
        {__LINE__, "os.environ.update(values())", ""},
        {__LINE__, "os.environ['A'] = make()", ""},
        {__LINE__, "os.environ.pop('A', None); del os.environ['B']", "A gone;B gone;"},
        {__LINE__, "import sys; del sys.path[0]", "m:sys;UNKNOWN;"},
        {__LINE__, "import sys; sys.meta_path.insert(0, X())", "m:sys;UNKNOWN;"},
        {__LINE__, "import sys; sys.path.append('/a", "m:sys;UNKNOWN;"},
        {__LINE__, "import os; print('hello')", "m:os;"},
        {__LINE__, "import os;exec(\"import json\")", "m:os;"},
        {__LINE__, "import os;exec(\"import sys;sys.path.append('x')\")", "m:os;UNKNOWN;"},
        {__LINE__,
         "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('google',));"
         "m = sys.modules.setdefault('google', types.ModuleType('google'))",
         "n:google;"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tfd_effects effects = {NULL, 0, 0};
        tfd_arena arena;
        char got[1024];

        /* INSERT and the rest print as "index=path;" and "letter:path;" */
        tfd_arena_init(&arena, 0);
        assert_int_equal(tfd_pycode_line(&arena, tfd_str_of(cases[i].input), 1, &names, &effects), TFD_OK);
        print_effects(&effects, got, sizeof got);
        check_text(cases[i].line, tfd_str_of(got), cases[i].expected);
        tfd_arena_done(&arena);
    }
}

static void test_code_modules(void **state)
{
    static const code_case cases[] = {
        {__LINE__, "import sys\nsys.path.insert(0, '/a')\n", "m:sys;0=/a;"},
        {__LINE__, "'''sys.path\n'''\nimport sys\nsys.path.append(\n    '/a'\n)\n", "m:sys;a:/a;"},
        {__LINE__, "if '/a' not in sys.path:\n    sys.path.append('/a')\nsys.path.append('/b')\n",
         "?a:/a;a:/b;"},
        {__LINE__, "def f():\n    sys.path.append('/a')\n", "UNKNOWN;"},
        {__LINE__, "def f():\n    return 1\n# sys.path\n", ""},
        {__LINE__, "import os\nHERE = os.path.dirname(__file__)\nsys.path.append(HERE)\n", "m:os;a:/etc;"},
        {__LINE__, "sys.path.append('/a') if x else None\n", "UNKNOWN;"},
        {__LINE__, "x = 1 + \\\n  2\nsys.path.append('/a')", "a:/a;"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tfd_effects effects = {NULL, 0, 0};
        tfd_arena arena;
        char got[1024];

        tfd_arena_init(&arena, 0);
        assert_int_equal(tfd_pycode_module(&arena, tfd_str_of(cases[i].input), &names, &effects), TFD_OK);
        print_effects(&effects, got, sizeof got);
        check_text(cases[i].line, tfd_str_of(got), cases[i].expected);
        tfd_arena_done(&arena);
    }
}

static void test_sets_variables(void **state)
{
    static const struct {
        int line;
        const char *input;
        bool expected;
    } cases[] = {
        {__LINE__, "os.environ['A'] = 'b'", true},
        {__LINE__, "x = os.environ['A']\nos.environ[name]='b'", true},
        {__LINE__, "os.environ.setdefault('A', 'b')", true},
        {__LINE__, "if os.environ['A'] == 'b': pass", false},
        {__LINE__, "enabled = os.environ.get(var, 'local') == 'local'", false},
        {__LINE__, "os.environ[", false},
        {__LINE__, "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (tfd_pycode_sets_variables(tfd_str_of(cases[i].input)) != cases[i].expected)
            fail_msg("line %d", cases[i].line);
}

static void test_editable(void **state)
{
    static const char text[] =
        "import sys\nMAPPING: dict[str, str] = {'a': '/x/a', \"b.c\": '/y'}\n"
        "NAMESPACES: dict[str, list[str]] = {'ns': ['/z']}\nPATH_PLACEHOLDER = '__editable__.q' + '.h'\n";
    tfd_editable got;
    tfd_arena arena;

    (void)state;
    tfd_arena_init(&arena, 0);
    assert_int_equal(tfd_editable_parse(&arena, tfd_str_of(text), &got), TFD_OK);
    assert_int_equal(got.count, 2);
    check_text(__LINE__, got.items[0].name, "a");
    check_text(__LINE__, got.items[1].path, "/y");
    assert_true(got.has_namespaces);
    assert_int_equal(tfd_editable_parse(&arena, TFD_STR("MAPPING = {}\nNAMESPACES = {}\n"), &got), TFD_OK);
    assert_int_equal(got.count, 0);
    assert_false(got.has_namespaces);
    assert_int_equal(tfd_editable_parse(&arena, TFD_STR("MAPPING = dict(a=1)\n"), &got), TFD_EFORMAT);
    assert_int_equal(tfd_editable_parse(&arena, TFD_STR("x = 1\n"), &got), TFD_EFORMAT);
    assert_int_equal(tfd_editable_parse(&arena, TFD_STR("MAPPING = {'a': "), &got), TFD_EFORMAT);
    tfd_arena_done(&arena);
}

/* ---- pyvenv.cfg and names */

static void test_pyvenv(void **state)
{
    static const struct {
        int line;
        const char *input, *home, *legacy, *version;
        bool system_site, by_uv;
    } cases[] = {
        {__LINE__, "", "", "", "", true, false},
        {__LINE__, "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.2\n", "/usr/bin",
         "/usr/bin", "3.11.2", false, false},
        {__LINE__, "home=/a\r\nversion_info=3.12.1.final.0\r\nuv=0.4\r\n", "/a", "", "3.12.1.final.0", true,
         true},
        {__LINE__, "HOME = /a\nInclude-System-Site-Packages = TRUE\n", "/a", "", "", true, false},
        {__LINE__, "# home = /x\nhome = /a b\nhome = /c\n", "/a b", "/a b", "", true, false},
        {__LINE__, "include-system-site-packages = 1\n", "", "", "", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tfd_pyvenv cfg;

        tfd_pyvenv_parse(tfd_str_of(cases[i].input), &cfg);
        check_text(cases[i].line, cfg.home, cases[i].home);
        check_text(cases[i].line, cfg.home_legacy, cases[i].legacy);
        check_text(cases[i].line, cfg.version, cases[i].version);
        if (cfg.system_site != cases[i].system_site || cfg.by_uv != cases[i].by_uv)
            fail_msg("line %d: flags", cases[i].line);
    }
}

static void test_names(void **state)
{
    static const struct {
        int line;
        const char *input, *expected; /* "py 3.12 td", "pypy 3.9", "" refused */
        bool is_library;
    } cases[] = {
        {__LINE__, "python", "py -1.-1", false},
        {__LINE__, "python3", "py 3.-1", false},
        {__LINE__, "python3.12", "py 3.12", false},
        {__LINE__, "python3.13t", "py 3.13 t", false},
        {__LINE__, "python3.6m", "py 3.6", false},
        {__LINE__, "python3.11-dbg", "py 3.11 d", false},
        {__LINE__, "pypy3.9", "pypy 3.9", false},
        {__LINE__, "python3-config", "", false},
        {__LINE__, "python3.12-gdb.py", "", false},
        {__LINE__, "ipython3", "", false},
        {__LINE__, "python99999", "", false},
        {__LINE__, "libpython3.12.so.1.0", "py 3.12", true},
        {__LINE__, "libpython3.6m.so.1.0", "py 3.6", true},
        {__LINE__, "libpython3.13td.so.1.0", "py 3.13 td", true},
        {__LINE__, "libpypy3.9-c.so", "pypy 3.9", true},
        {__LINE__, "libpthread.so.0", "", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tfd_pyname name;
        char got[64] = "";
        bool ok = cases[i].is_library ? tfd_pyname_parse_lib(tfd_str_of(cases[i].input), &name)
                                      : tfd_pyname_parse(tfd_str_of(cases[i].input), &name);

        if (ok)
            snprintf(got, sizeof got, "%s %d.%d%s%s%s", name.is_pypy ? "pypy" : "py", name.major, name.minor,
                     name.threads || name.debug ? " " : "", name.threads ? "t" : "", name.debug ? "d" : "");
        check_text(cases[i].line, tfd_str_of(got), cases[i].expected);
    }
}

static void test_versions(void **state)
{
    tfd_pyversion v;

    (void)state;
    assert_true(tfd_pyversion_parse(TFD_STR("3.12.1.final.0"), &v));
    check_text(__LINE__, v.text, "3.12.1");
    assert_int_equal(v.micro, 1);
    assert_true(tfd_pyversion_parse(TFD_STR(" 3.13.0rc2 "), &v));
    check_text(__LINE__, v.text, "3.13.0rc2");
    assert_true(tfd_pyversion_parse(TFD_STR("3.12"), &v));
    assert_int_equal(v.micro, -1);
    assert_false(tfd_pyversion_parse(TFD_STR("three"), &v));
    assert_false(tfd_pyversion_parse(TFD_STR("3."), &v));
    assert_true(tfd_pyversion_in_patchlevel(
        TFD_STR("#define PY_VERSION_HEX x\n#define PY_VERSION      \t\"3.11.7+\"\n"), &v));
    check_text(__LINE__, v.text, "3.11.7");
    assert_false(tfd_pyversion_in_patchlevel(TFD_STR("#define PY_VERSION 3\n"), &v));
    assert_true(tfd_pyversion_in_literals(TFD_STR("x\0"
                                                  "3.11.x\0"
                                                  "3.11.2\0"),
                                          3, 11, &v));
    check_text(__LINE__, v.text, "3.11.2");
    assert_true(tfd_pyversion_in_literals(TFD_STR("/opt/3.11.2\0"), 3, 11, &v));
    assert_false(tfd_pyversion_in_literals(TFD_STR("Python 3.11.2\0"), 3, 11, &v));
    assert_false(tfd_pyversion_in_literals(TFD_STR("\0"
                                                   "3.11."),
                                           3, 11, &v));
}

static void test_settings(void **state)
{
    static const code_case vscode[] = {
        {__LINE__, "{\"python.defaultInterpreterPath\": \"/a/bin/python\"}", "/a/bin/python"},
        {__LINE__,
         "// python.pythonPath\n{ /* \"python.pythonPath\": \"/no\" */ \"x\": [1, {\"y\": \"z\"}],\n"
         "\"python.pythonPath\" : \"${workspaceFolder}/.venv/bin/python\", }",
         "${workspaceFolder}/.venv/bin/python"},
        {__LINE__, "{\"x\": \"python.pythonPath\"}", ""},
        {__LINE__, "{\"python.pythonPath\": 3}", ""},
        {__LINE__, "{\"python.pythonPath\": \"/a", ""},
        {__LINE__, "", ""},
    };
    static const code_case kernels[] = {
        {__LINE__,
         "{\"argv\": [\"/a/bin/python3\", \"-m\", \"ipykernel_launcher\"], \"language\": \"python\"}",
         "/a/bin/python3"},
        {__LINE__, "{\"argv\": []}", ""},
        {__LINE__, "{\"argv\": \"python\"}", ""},
    };
    tfd_arena arena;

    (void)state;
    tfd_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof vscode / sizeof *vscode; i++)
        check_text(vscode[i].line, tfd_discover_vscode(&arena, tfd_str_of(vscode[i].input)),
                   vscode[i].expected);
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        check_text(kernels[i].line, tfd_discover_kernel(&arena, tfd_str_of(kernels[i].input)),
                   kernels[i].expected);
    tfd_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),          cmocka_unit_test(test_decoding),
        cmocka_unit_test(test_code_lines),     cmocka_unit_test(test_code_modules),
        cmocka_unit_test(test_sets_variables), cmocka_unit_test(test_editable),
        cmocka_unit_test(test_pyvenv),         cmocka_unit_test(test_names),
        cmocka_unit_test(test_versions),       cmocka_unit_test(test_settings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
