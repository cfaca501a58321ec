/* Which interpreter is chosen, and the search path that follows, on trees that are made for each test. The
 * rules themselves are compared with real interpreters in tests/compat/compare_syspath.py. */
#define _XOPEN_SOURCE 700 /* nftw, mkdtemp, symlink */

#include "tree.h"

#include "python/places.h"
#include "python/select.h"
#include "python/shim.h"

static void make_base(tree *t, const char *prefix, const char *xy)
{
    char path[256];

    (void)snprintf(path, sizeof path, "%s/bin/python%s", prefix, xy);
    tree_put(t, path, "\177ELF", 0755);
    (void)snprintf(path, sizeof path, "%s/lib/python%s/os.py", prefix, xy);
    tree_put(t, path, "", 0644);
    (void)snprintf(path, sizeof path, "%s/lib/python%s/encodings/", prefix, xy);
    tree_put(t, path, "", 0);
    (void)snprintf(path, sizeof path, "%s/lib/python%s/lib-dynload/", prefix, xy);
    tree_put(t, path, "", 0);
    (void)snprintf(path, sizeof path, "%s/lib/python%s/site-packages/", prefix, xy);
    tree_put(t, path, "", 0);
}

static void run(tree *t, const char *executable, int minor, tfd_getpath *g, tfd_syspath *path)
{
    memset(g, 0, sizeof *g);
    g->executable = tree_path(t, executable);
    g->major = 3;
    g->minor = minor;
    tfd_facts_init(&t->facts);
    assert_int_equal(tfd_getpath_run(&t->sys, &t->arena, g, NULL), TFD_OK);
    assert_int_equal(tfd_syspath_run(&t->sys, &t->arena, g, t->cwd, &t->facts, path, NULL), TFD_OK);
}

/* expected: entries with ' ' between them, the root as '@'. */
static void check_path(tree *t, int line, const tfd_syspath *path, const char *expected)
{
    tfd_str rest = tfd_str_of(expected), one;
    size_t i = 0;
    bool more = true;

    while (more) {
        more = tfd_str_cut(rest, ' ', &one, &rest);
        if (i >= path->count)
            fail_msg("line %d: only %zu entries", line, path->count);
        tree_check(t, line, path->items[i++].path, tfd_arena_z(&t->arena, one));
    }
    if (i != path->count)
        fail_msg("line %d: %zu entries, the first too many is %.*s", line, path->count,
                 TFD_ARG(path->items[i].path));
}

static void test_base(void **state)
{
    tree *t = *state;
    tfd_getpath g;
    tfd_syspath path;

    make_base(t, "py", "3.12");
    run(t, "py/bin/python3.12", 12, &g, &path);
    check_path(t, __LINE__, &path,
               "@/here @/py/lib/python312.zip @/py/lib/python3.12 @/py/lib/python3.12/lib-dynload "
               "@/py/lib/python3.12/site-packages");
    assert_true(path.complete);
    assert_int_equal(path.user_site_on, TFD_YES);
    tree_put(t, "home/.local/lib/python3.12/site-packages/", "", 0);
    tree_set(t, "PYTHONPATH", "@/a:b::@/a/");
    tree_set(t, "PYTHONSAFEPATH", "1");
    run(t, "py/bin/python3.12", 12, &g, &path);
    check_path(
        t, __LINE__, &path,
        "@/a @/here/b @/here @/py/lib/python312.zip @/py/lib/python3.12 @/py/lib/python3.12/lib-dynload "
        "@/home/.local/lib/python3.12/site-packages @/py/lib/python3.12/site-packages");
    tree_set(t, "PYTHONNOUSERSITE", "x");
    tree_set(t, "PYTHONPATH", NULL);
    run(t, "py/bin/python3.12", 12, &g, &path);
    check_path(t, __LINE__, &path,
               "@/py/lib/python312.zip @/py/lib/python3.12 @/py/lib/python3.12/lib-dynload "
               "@/py/lib/python3.12/site-packages");
}

static void test_links(void **state)
{
    tree *t = *state;
    tfd_getpath g;
    tfd_syspath path;

    make_base(t, "py", "3.9");
    tree_link(t, "../py/bin/python3.9", "bin/python");
    tree_link(t, "python", "bin/python3");
    run(t, "bin/python3", 9, &g, &path);
    tree_check(t, __LINE__, path.site_packages, "@/bin/../py/lib/python3.9/site-packages");
    check_path(t, __LINE__, &path,
               "@/here @/py/lib/python39.zip @/py/lib/python3.9 @/py/lib/python3.9/lib-dynload "
               "@/py/lib/python3.9/site-packages");
    tree_link(t, "b", "loop/a");
    tree_link(t, "a", "loop/b");
    assert_int_equal(tfd_getpath_follow(&t->sys, &t->arena, tree_path(t, "loop/a")).len, 0);
}

/* A linked environment: 3.11 and later follow "home", earlier versions the link. */
static void test_venv(void **state)
{
    tree *t = *state;
    tfd_getpath g;
    tfd_syspath path;

    make_base(t, "py", "3.12");
    make_base(t, "py", "3.10");
    make_base(t, "other", "3.12");
    tree_link(t, "@/py/bin/python3.12", "v/bin/python");
    tree_put(t, "v/pyvenv.cfg", "home = /nonexistent\ninclude-system-site-packages = false\n", 0644);
    tree_put(t, "v/lib/python3.12/site-packages/", "", 0);
    tree_put(t, "v/lib/python3.10/site-packages/", "", 0);
    run(t, "v/bin/python", 10, &g, &path);
    check_path(t, __LINE__, &path,
               "@/here @/py/lib/python310.zip @/py/lib/python3.10 @/py/lib/python3.10/lib-dynload "
               "@/v/lib/python3.10/site-packages");
    assert_int_equal(path.user_site_on, TFD_NO);
    run(t, "v/bin/python", 12, &g, &path);
    assert_false(g.stdlib_found);
    assert_true(g.prefix_unknown);
    assert_false(path.complete);
    tree_put(t, "v/pyvenv.cfg",
             tfd_arena_z(&t->arena, tfd_arena_fmt(&t->arena, "home = %s/other/bin\n", t->root)), 0644);
    run(t, "v/bin/python", 12, &g, &path);
    check_path(t, __LINE__, &path,
               "@/here @/other/lib/python312.zip @/other/lib/python3.12 @/other/lib/python3.12/lib-dynload "
               "@/v/lib/python3.12/site-packages @/other/lib/python3.12/site-packages");
    assert_int_equal(path.items[5].kind, TFD_PLACE_BASE_SITE);
    assert_false(g.stand_in_hides);
    tree_set(t, "PYTHONEXECUTABLE", "/nonexistent/python");
    run(t, "v/bin/python", 12, &g, &path);
    assert_true(g.stand_in_hides);
    assert_int_equal(g.venv_prefix.len, 0);
    tree_check(t, __LINE__, path.items[4].path, "@/py/lib/python3.12/site-packages");
    run(t, "v/bin/python", 10, &g, &path);
    assert_false(g.stand_in_hides);
    tree_set(t, "PYTHONEXECUTABLE", "@/v/bin/other");
    run(t, "py/bin/python3.12", 12, &g, &path);
    assert_false(g.stand_in_hides);
    tree_check(t, __LINE__, g.venv_prefix, "@/v");
    tree_set(t, "PYTHONEXECUTABLE", "");
    tree_set(t, "PYTHONHOME", "@/py");
    run(t, "v/bin/python", 12, &g, &path);
    tree_check(t, __LINE__, path.items[2].path, "@/py/lib/python3.12");
    tree_set(t, "PYTHONHOME", "/nonexistent:/gone");
    run(t, "v/bin/python", 12, &g, &path);
    assert_false(g.stdlib_found);
    tree_check(t, __LINE__, g.dynload, "/gone/lib/python3.12/lib-dynload");
}

static void test_start_files(void **state)
{
    tree *t = *state;
    tfd_getpath g;
    tfd_syspath path;

    make_base(t, "py", "3.12");
    tree_put(t, "py/lib/python3.12/site-packages/one/", "", 0);
    tree_put(t, "py/lib/python3.12/site-packages/a.pth",
             "one\n./one\nnothing\nimport sys; sys.path.insert(0, '/x')\n", 0644);
    tree_put(t, "py/lib/python3.12/site-packages/sitecustomize.py", "import sys\nsys.path.append('/y')\n",
             0644);
    run(t, "py/bin/python3.12", 12, &g, &path);
    check_path(t, __LINE__, &path,
               "@/here /x @/py/lib/python312.zip @/py/lib/python3.12 @/py/lib/python3.12/lib-dynload "
               "@/py/lib/python3.12/site-packages @/py/lib/python3.12/site-packages/one /y");
    assert_int_equal(t->facts.startup_files.count, 2);
    assert_int_equal(t->facts.startup_files.items[0].first_place, 1);
    assert_true(t->facts.startup_files.items[0].adds_first);
    assert_int_equal(path.items[7].kind, TFD_PLACE_CUSTOMIZE);
    tree_put(t, "py/lib/python3.12/site-packages/b.pth",
             "import sys; sys.path[:] = [p for p in sys.path if 'dynload' not in p and p != '/x']\n", 0644);
    run(t, "py/bin/python3.12", 12, &g, &path);
    assert_false(path.complete);
    assert_false(t->facts.startup_files.items[1].understood);
    tree_put(
        t, "py/lib/python3.12/site-packages/b.pth",
        "import os, sys; sys.path.remove('/x'); os.environ['A'] = 'b'; os.environ.setdefault('A', 'c')\n",
        0644);
    tree_put(t, "py/lib/python3.12/site-packages/c.pth",
             "import sys; sys.path[:] = [p for p in sys.path if 'dynload' not in p]\n", 0644);
    run(t, "py/bin/python3.12", 12, &g, &path);
    assert_true(path.complete);
    check_path(t, __LINE__, &path,
               "@/here @/py/lib/python312.zip @/py/lib/python3.12 @/py/lib/python3.12/lib-dynload "
               "@/py/lib/python3.12/site-packages @/py/lib/python3.12/site-packages/one /y");
    assert_int_equal(path.items[2].dropped_by.len, 0);
    tree_check(t, __LINE__, path.items[3].dropped_by, "@/py/lib/python3.12/site-packages/c.pth");
    assert_int_equal(t->facts.start_variables.count, 1);
    assert_true(tfd_str_is(t->facts.start_variables.items[0].value, "b"));
    tree_put(t, "py/lib/python3.12/site-packages/b.pth", "# \xff\n", 0644);
    run(t, "py/bin/python3.12", 12, &g, &path);
    assert_true(path.fatal.len > 0);
}

static void test_pth_isolated(void **state)
{
    tree *t = *state;
    tfd_getpath g;
    tfd_syspath path;

    make_base(t, "py", "3.12");
    tree_put(t, "py/bin/python3.12._pth", "../lib/python3.12 # library\n\n.\n", 0644);
    tree_set(t, "PYTHONPATH", "/x");
    run(t, "py/bin/python3.12", 12, &g, &path);
    check_path(t, __LINE__, &path, "@/py/lib/python3.12 @/py/bin");
    run(t, "py/bin/python3.12", 10, &g, &path);
    assert_int_equal(g.pth_file.len, 0);
}

/* ---- choosing */

static tfd_status choose(tree *t, const char *wanted, tfd_python *py)
{
    memset(py, 0, sizeof *py);
    return tfd_select_python(&t->sys, &t->arena, tfd_str_of(wanted), py, NULL);
}

static void check_choice(tree *t, int line, const char *wanted, const char *path, const char *why,
                         tfd_broken broken)
{
    tfd_python py;

    if (choose(t, wanted, &py) != TFD_OK)
        fail_msg("line %d: nothing was chosen", line);
    tree_check(t, line, py.path, path);
    tree_check(t, line, py.why, why);
    if (py.broken != broken)
        fail_msg("line %d: broken %d, expected %d", line, (int)py.broken, (int)broken);
}

static void test_choice(void **state)
{
    tree *t = *state;
    tfd_python py;

    make_base(t, "py", "3.12");
    assert_int_equal(choose(t, "", &py), TFD_ENOENT);
    tree_put(t, "here/.venv/pyvenv.cfg", "home = /x\n", 0644);
    check_choice(t, __LINE__, "", "@/here/.venv/bin/python", ".venv", TFD_PY_MISSING);
    tree_link(t, "/nonexistent/python3", "here/.venv/bin/python");
    check_choice(t, __LINE__, "", "@/here/.venv/bin/python", ".venv", TFD_PY_DANGLING);
    tree_set(t, "VIRTUAL_ENV", "@/gone");
    check_choice(t, __LINE__, "", "@/gone/bin/python", "VIRTUAL_ENV", TFD_PY_MISSING);
    tree_set(t, "PATH", "@/none:@/py/bin");
    check_choice(t, __LINE__, "", "@/gone/bin/python", "VIRTUAL_ENV", TFD_PY_MISSING);
    tree_link(t, "python3.12", "py/bin/python3");
    check_choice(t, __LINE__, "", "@/py/bin/python3", "PATH", TFD_PY_FINE);
    check_choice(t, __LINE__, "python3.12", "@/py/bin/python3.12", "--python", TFD_PY_FINE);
    check_choice(t, __LINE__, "../py", "@/py/bin/python3", "--python", TFD_PY_FINE);
    check_choice(t, __LINE__, ".venv", "@/here/.venv/bin/python", "--python", TFD_PY_DANGLING);
    check_choice(t, __LINE__, ".venv/bin/python3.9", "@/here/.venv/bin/python3.9", "--python",
                 TFD_PY_MISSING);
    assert_int_equal(choose(t, "nothing", &py), TFD_ENOENT);
    assert_int_equal(choose(t, "../home", &py), TFD_ENOENT);
}

/* A dead environment whose programs come first on PATH: it is meant, unless the next python has TensorFlow.
 */
static void test_dead_environment(void **state)
{
    tree *t = *state;
    tfd_python py;

    make_base(t, "py", "3.12");
    tree_link(t, "python3.12", "py/bin/python");
    tree_set(t, "VIRTUAL_ENV", "@/gone");
    tree_set(t, "PATH", "@/gone/bin:@/py/bin");
    check_choice(t, __LINE__, "", "@/gone/bin/python", "VIRTUAL_ENV", TFD_PY_MISSING);
    tree_put(t, "py/lib/python3.12/site-packages/tensorflow/__init__.py", "", 0644);
    check_choice(t, __LINE__, "", "@/py/bin/python", "PATH", TFD_PY_FINE);
    assert_int_equal(choose(t, "", &py), TFD_OK);
    assert_true(py.active_env_differs);
    assert_int_equal(py.active_env_broken, TFD_PY_MISSING);
}

static void test_shims(void **state)
{
    static const char shim[] =
        "#!/usr/bin/env bash\nset -e\nprogram=\"${0##*/}\"\nexport PYENV_ROOT=\"%s/pyenv\"\n"
        "exec \"/x/libexec/pyenv\" exec \"$program\" \"$@\"\n";
    tree *t = *state;

    make_base(t, "pyenv/versions/3.12.1", "3.12");
    make_base(t, "pyenv/versions/3.12.10", "3.12");
    make_base(t, "pyenv/versions/3.11.7", "3.11");
    tree_link(t, "python3.12", "pyenv/versions/3.12.1/bin/python");
    tree_link(t, "python3.12", "pyenv/versions/3.12.10/bin/python");
    tree_link(t, "python3.11", "pyenv/versions/3.11.7/bin/python");
    tree_put(t, "pyenv/shims/python", tfd_arena_z(&t->arena, tfd_arena_fmt(&t->arena, shim, t->root)), 0755);
    tree_set(t, "PATH", "@/pyenv/shims");
    check_choice(t, __LINE__, "", "@/pyenv/shims/python", "PATH", TFD_PY_MISSING);
    tree_put(t, "pyenv/version", "3.11.7\n", 0644);
    check_choice(t, __LINE__, "", "@/pyenv/versions/3.11.7/bin/python", "PATH", TFD_PY_FINE);
    tree_put(t, "here/.python-version", "# mine\n3.12\n", 0644);
    check_choice(t, __LINE__, "", "@/pyenv/versions/3.12.10/bin/python", "PATH", TFD_PY_FINE);
    tree_set(t, "PYENV_VERSION", "3.99:3.12.1");
    check_choice(t, __LINE__, "", "@/pyenv/versions/3.12.1/bin/python", "PATH", TFD_PY_FINE);
    tree_put(
        t, "bin/python",
        tfd_arena_z(&t->arena,
                    tfd_arena_fmt(&t->arena, "#!/bin/sh\nexec '%s/pyenv/versions/3.11.7/bin/python' \"$@\"\n",
                                  t->root)),
        0755);
    tree_set(t, "PATH", "@/bin");
    check_choice(t, __LINE__, "", "@/pyenv/versions/3.11.7/bin/python", "PATH", TFD_PY_FINE);
    tree_put(t, "bin/python", "#!/bin/sh\nexec something\n", 0755);
    check_choice(t, __LINE__, "", "@/bin/python", "PATH", TFD_PY_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(test_base),
        TREE_TEST(test_links),
        TREE_TEST(test_venv),
        TREE_TEST(test_start_files),
        TREE_TEST(test_pth_isolated),
        TREE_TEST(test_choice),
        TREE_TEST(test_dead_environment),
        TREE_TEST(test_shims),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
