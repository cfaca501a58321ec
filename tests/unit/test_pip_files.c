/* What pip's settings name: its log, and files of constraints. */
#define _XOPEN_SOURCE 700
#include "tree.h"

#include "net/settings.h"

#define T "2026-11-23T10:14:10,752 "
#define LOG T "Using pip 22.3 from %s/pip (python 3.12)\n" T "Collecting tensorflow\n" T "MemoryError\n"

static void begin(tree *t)
{
    tfd_place *all = tfd_arena_new(&t->arena, tfd_place, 3);

    assert_non_null(all);
    memset(all, 0, 3 * sizeof *all);
    all[0].path = TFD_STR("/");
    all[0].kind = TFD_PLACE_START;
    all[1].path = tree_path(t, "base");
    all[1].kind = TFD_PLACE_STDLIB;
    all[2].path = tree_path(t, "env/site-packages");
    all[2].kind = TFD_PLACE_SITE;
    t->facts.places.items = all;
    t->facts.places.count = 3;
    t->facts.python.prefix = tree_path(t, "env");
}

/* The log of a pip below `site`, written to path. */
static void put_log(tree *t, const char *path, const char *site)
{
    char text[1024];

    (void)snprintf(text, sizeof text, LOG, tree_path(t, site).ptr);
    tree_put(t, path, text, 0644);
}

static void check_log(tree *t, int line, const char *path, tfd_pip_end end, size_t number)
{
    memset(&t->facts.pip_log, 0, sizeof t->facts.pip_log);
    t->facts.pip_log_path = TFD_STR("");
    assert_int_equal(tfd_net_pip_log(&t->sys, &t->arena, &t->facts), TFD_OK);
    tree_check(t, line, t->facts.pip_log_path, path);
    if (t->facts.pip_log.end != end || t->facts.pip_log.line != number)
        fail_msg("line %d: end %d, line %zu", line, t->facts.pip_log.end, t->facts.pip_log.line);
}

static void test_where_the_log_is(void **state)
{
    tree *t = *state;

    begin(t);
    put_log(t, "here/a.log", "env/site-packages");
    put_log(t, "home/b.log", "env/site-packages");
    put_log(t, "here/base.log", "base/site-packages");
    tree_put(t, "here/plain.log", "nothing\n", 0644);
    check_log(t, __LINE__, "", TFD_PIP_END_OTHER, 0);
    tree_set(t, "PIP_LOG", "@/here/a.log");
    check_log(t, __LINE__, "@/here/a.log", TFD_PIP_END_MEMORY, 3);
    tree_set(t, "PIP_LOG", "a.log");
    check_log(t, __LINE__, "@/here/a.log", TFD_PIP_END_MEMORY, 3);
    tree_set(t, "PIP_LOG", "~/b.log");
    check_log(t, __LINE__, "@/home/b.log", TFD_PIP_END_MEMORY, 3);
    tree_set(t, "PIP_LOG", "plain.log");
    check_log(t, __LINE__, "@/here/plain.log", TFD_PIP_END_OTHER, 0);
    /* The pip of the base interpreter, whose standard library stands on sys.path, is another one. */
    tree_set(t, "PIP_LOG", "base.log");
    check_log(t, __LINE__, "@/here/base.log", TFD_PIP_END_OTHER, 0);
    tree_set(t, "PIP_LOG", "not-there.log");
    check_log(t, __LINE__, "", TFD_PIP_END_OTHER, 0);
    tree_set(t, "PIP_LOG", NULL);
    /* [install] wins over [global], in whichever file. */
    tree_put(t, "home/.pip/pip.conf", "[install]\nlog = a.log\n", 0644);
    tree_put(t, "env/pip.conf", "[global]\nlog = plain.log\n", 0644);
    check_log(t, __LINE__, "@/here/a.log", TFD_PIP_END_MEMORY, 3);
}

/* Of a long log the end is read, and no line is numbered. */
static void test_long_log(void **state)
{
    tree *t = *state;
    size_t size = ((size_t)1 << 20) + 1000;
    char *text = malloc(size + 1);

    assert_non_null(text);
    begin(t);
    memset(text, 'x', size);
    text[size] = '\0';
    for (size_t i = 99; i < size; i += 100)
        text[i] = '\n';
    (void)snprintf(text + size - 400, 400, "\n" LOG, tree_path(t, "env/site-packages").ptr);
    tree_put(t, "here/long.log", text, 0644);
    free(text);
    tree_set(t, "PIP_LOG", "long.log");
    check_log(t, __LINE__, "@/here/long.log", TFD_PIP_END_MEMORY, 0);
}

static void test_constraints(void **state)
{
    tree *t = *state;

    begin(t);
    tree_put(t, "here/c.txt",
             "# ours\nnumpy == 1.26.4  # for pandas\n-c other.txt\nwrapt ; python_version < '3'\n"
             "six<2; python_version < '3'\nproto_buf<4\nflask @ https://h/f.whl\nnot a line\n",
             0644);
    tree_put(t, "env/pip.conf", "[global]\nconstraint = @/c.txt\n", 0644);
    tree_set(t, "PIP_CONSTRAINT", "c.txt");
    assert_int_equal(tfd_net_pip_options(&t->sys, &t->arena, &t->facts), TFD_OK);
    assert_int_equal(t->facts.pip_constraints.count, 2);
    tree_check(t, __LINE__, t->facts.pip_constraints.items[0].key, "numpy");
    tree_check(t, __LINE__, t->facts.pip_constraints.items[0].specifier, "== 1.26.4");
    tree_check(t, __LINE__, t->facts.pip_constraints.items[0].path, "@/here/c.txt");
    tree_check(t, __LINE__, t->facts.pip_constraints.items[0].setting, "");
    assert_int_equal(t->facts.pip_constraints.items[0].line, 2);
    tree_check(t, __LINE__, t->facts.pip_constraints.items[1].key, "proto-buf");
    assert_int_equal(t->facts.pip_constraints.items[1].line, 6);
    /* That of the file is not there: as it stands it names a folder of the test's own root. */
    assert_int_equal(t->facts.pip_options.count, 1);
    tree_check(t, __LINE__, t->facts.pip_options.items[0].name, "constraint");
    tree_check(t, __LINE__, t->facts.pip_options.items[0].source, "@/env/pip.conf");
}

/* Without an index and with a folder to install from that holds nothing, nothing can be installed. */
static void test_no_index(void **state)
{
    tree *t = *state;

    begin(t);
    tree_put(t, "full/six.whl", "", 0644);
    tree_put(t, "empty/", "", 0);
    for (int i = 0; i < 3; i++) {
        static const char *const links[] = {"@/full", "@/empty @/gone", "@/empty https://h/"};

        t->facts.pip_options.count = 0;
        tree_put(t, "env/pip.conf", "[global]\nno-index = true\n", 0644);
        tree_set(t, "PIP_FIND_LINKS", links[i]);
        assert_int_equal(tfd_net_pip_options(&t->sys, &t->arena, &t->facts), TFD_OK);
        assert_int_equal(t->facts.pip_options.count, i == 1 ? 1 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_where_the_log_is, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_long_log, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_constraints, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_no_index, tree_setup, tree_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
