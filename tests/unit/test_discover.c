/* Interpreters that are seen, on a tree that is made for each test. */
#define _XOPEN_SOURCE 700

#include "tree.h"

#include "python/discover.h"

static const tfd_interpreter *find(tree *t, const char *path)
{
    tfd_str wanted = tree_path(t, path);

    for (size_t i = 0; i < t->facts.interpreters.count; i++)
        if (tfd_str_eq(t->facts.interpreters.items[i].path, wanted))
            return &t->facts.interpreters.items[i];
    return NULL;
}

static void run(tree *t)
{
    tfd_facts_init(&t->facts);
    assert_int_equal(tfd_discover_run(&t->sys, &t->arena, &t->facts, NULL), TFD_OK);
}

static void test_places(void **state)
{
    tree *t = *state;
    const tfd_interpreter *one;

    tree_put(t, "py/bin/python3.12", "\177ELF", 0755);
    tree_link(t, "python3.12", "py/bin/python3");
    tree_put(t, "py/lib/python3.12/site-packages/tensorflow/__init__.py", "", 0644);
    tree_put(t, "py/lib/python3.12/site-packages/tensorflow_cpu-2.20.0.dist-info/METADATA", "", 0644);
    tree_set(t, "PATH", "@/py/bin:@/py/bin:relative:/nonexistent");
    tree_link(t, "@/py/bin/python3.12", "here/.venv/bin/python");
    tree_put(t, "here/.venv/pyvenv.cfg", "version = 3.12.4\n", 0644);
    tree_link(t, "@/gone", "here/venv/bin/python");
    tree_put(t, "home/.pyenv/versions/3.11.7/bin/python", "\177ELF", 0755);
    tree_put(t, "home/miniconda3/envs/tf/bin/python", "\177ELF", 0755);
    tree_put(t, "home/.local/share/jupyter/kernels/x/kernel.json",
             tfd_arena_z(&t->arena,
                         tfd_arena_fmt(&t->arena, "{\"argv\": [\"%s/home/miniconda3/envs/tf/bin/python\"]}",
                                       t->root)),
             0644);
    tree_put(t, "here/.vscode/settings.json",
             "{ // c\n\"python.defaultInterpreterPath\": \"${workspaceFolder}/ed/bin/python\" }", 0644);
    tree_put(t, "here/ed/bin/python", "\177ELF", 0755);
    run(t);
    one = find(t, "py/bin/python3");
    assert_non_null(one);
    assert_true(one->runs_for_user);
    tree_check(t, __LINE__, one->tf_dist, "tensorflow_cpu");
    tree_check(t, __LINE__, one->tf_version, "2.20.0");
    tree_check(t, __LINE__, one->version, "3.12");
    assert_null(find(t, "py/bin/python3.12")); /* the same file */
    one = find(t, "here/.venv/bin/python");
    assert_non_null(one);
    assert_true(one->runs_for_user);
    tree_check(t, __LINE__, one->version, "3.12.4");
    assert_int_equal(one->tf_dist.len, 0);
    one = find(t, "here/venv/bin/python");
    assert_non_null(one);
    assert_true(one->is_broken);
    one = find(t, "home/.pyenv/versions/3.11.7/bin/python");
    assert_non_null(one);
    assert_false(one->runs_for_user);
    tree_check(t, __LINE__, one->version, "3.11.7");
    one = find(t, "home/miniconda3/envs/tf/bin/python");
    assert_non_null(one);
    assert_true(one->runs_for_user);
    one = find(t, "here/ed/bin/python");
    assert_non_null(one);
    tree_check(t, __LINE__, one->seen_in, "vscode");
}

static void test_target_first(void **state)
{
    tree *t = *state;

    tree_put(t, "py/bin/python3.12", "\177ELF", 0755);
    tree_set(t, "PATH", "@/py/bin");
    tfd_facts_init(&t->facts);
    t->facts.python.path = tree_path(t, "py/bin/python3.12");
    t->facts.python.version = TFD_STR("3.12.9");
    t->facts.python.why = TFD_STR("--python");
    assert_int_equal(tfd_discover_run(&t->sys, &t->arena, &t->facts, NULL), TFD_OK);
    assert_true(t->facts.interpreters.items[0].is_target);
    assert_true(t->facts.interpreters.items[0].runs_for_user);
    tree_check(t, __LINE__, t->facts.interpreters.items[0].version, "3.12.9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {TREE_TEST(test_places), TREE_TEST(test_target_first)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
