/* Which file a module name leads to, as importlib's finders decide it. */
#define _XOPEN_SOURCE 700

#include "tree.h"

#include "probes/module_shim.h"
#include "python/modfind.h"
#include "python/places.h"
#include "python/stdlib.h"

/* places: folders of the tree with ' ' between them; the first is the start folder. */
static void make_places(tree *t, const char *places)
{
    tfd_str rest = tfd_str_of(places), one;
    tfd_syspath path;
    bool more = true;

    memset(&path, 0, sizeof path);
    path.complete = true;
    while (more) {
        more = tfd_str_cut(rest, ' ', &one, &rest);
        assert_true(TFD_GROW(&t->arena, &path));
        path.items[path.count].path = tree_path(t, tfd_arena_z(&t->arena, one));
        path.items[path.count].kind = path.count ? TFD_PLACE_SITE : TFD_PLACE_START;
        path.count++;
    }
    tfd_facts_init(&t->facts);
    t->facts.python.major = 3;
    t->facts.python.minor = 12;
    t->facts.python.soabi = TFD_STR("cpython-312-x86_64-linux-gnu");
    assert_int_equal(tfd_places_fill(&t->sys, &t->arena, &path, &t->facts, NULL), TFD_OK);
}

static void check_found(tree *t, int line, const char *name, tfd_module_kind kind, const char *path)
{
    tfd_modfind find;
    tfd_modfound got;

    tfd_modfind_init(&find, &t->sys, &t->arena, &t->facts);
    tfd_modfind_find(&find, tfd_str_of(name), &got);
    if (got.kind != kind)
        fail_msg("line %d: %s is of kind %d, expected %d (%.*s)", line, name, (int)got.kind, (int)kind,
                 TFD_ARG(got.path));
    tree_check(t, line, got.path, path);
}

static void test_order(void **state)
{
    tree *t = *state;

    tree_put(t, "s/a/", "", 0);
    tree_put(t, "s/a.py", "", 0644);
    tree_put(t, "s/b/__init__.py", "", 0644);
    tree_put(t, "s/b.cpython-312-x86_64-linux-gnu.so", "", 0644);
    tree_put(t, "s/c.cpython-312-x86_64-linux-gnu.so", "", 0644);
    tree_put(t, "s/c.abi3.so", "", 0644);
    tree_put(t, "s/c.py", "", 0644);
    tree_put(t, "s/d.cpython-311-x86_64-linux-gnu.so", "", 0644);
    tree_put(t, "s/d.pyc", "", 0644);
    tree_put(t, "s/e.cpython-311-x86_64-linux-gnu.so", "", 0644);
    tree_put(t, "s/f/__init__.so", "", 0644);
    tree_put(t, "s/g.so", "", 0644);
    tree_put(t, "s/g.py", "", 0644);
    tree_put(t, "s/h.py/", "", 0);
    tree_link(t, "/nonexistent", "s/i.py");
    tree_link(t, "b", "s/j");
    tree_put(t, "s/k.PY", "", 0644);
    make_places(t, "here s");
    check_found(t, __LINE__, "a", TFD_MODULE_SOURCE, "@/s/a.py");
    check_found(t, __LINE__, "b", TFD_MODULE_PACKAGE, "@/s/b");
    check_found(t, __LINE__, "c", TFD_MODULE_EXTENSION, "@/s/c.cpython-312-x86_64-linux-gnu.so");
    check_found(t, __LINE__, "d", TFD_MODULE_BYTECODE, "@/s/d.pyc");
    check_found(t, __LINE__, "e", TFD_MODULE_MISSING, "");
    check_found(t, __LINE__, "f", TFD_MODULE_PACKAGE, "@/s/f");
    check_found(t, __LINE__, "g", TFD_MODULE_EXTENSION, "@/s/g.so");
    check_found(t, __LINE__, "h", TFD_MODULE_MISSING, "");
    check_found(t, __LINE__, "i", TFD_MODULE_MISSING, "");
    check_found(t, __LINE__, "j", TFD_MODULE_PACKAGE, "@/s/j");
    check_found(t, __LINE__, "k", TFD_MODULE_MISSING, "");
}

static void test_places_in_order(void **state)
{
    tree *t = *state;

    tree_put(t, "here/numpy/data.txt", "", 0644);
    tree_put(t, "s/numpy/__init__.py", "", 0644);
    tree_put(t, "here/json.py", "", 0644);
    tree_put(t, "here/os.py", "", 0644);
    tree_put(t, "here/encodings.py", "", 0644);
    tree_put(t, "s/encodings/__init__.py", "", 0644);
    tree_put(t, "here/sys.py", "", 0644);
    tree_put(t, "here/only/x", "", 0644);
    make_places(t, "here nowhere s");
    check_found(t, __LINE__, "numpy", TFD_MODULE_PACKAGE, "@/s/numpy");
    check_found(t, __LINE__, "json", TFD_MODULE_SOURCE, "@/here/json.py");
    check_found(t, __LINE__, "os", TFD_MODULE_BUILTIN, "");
    check_found(t, __LINE__, "encodings", TFD_MODULE_PACKAGE, "@/s/encodings");
    check_found(t, __LINE__, "sys", TFD_MODULE_BUILTIN, "");
    check_found(t, __LINE__, "only", TFD_MODULE_NAMESPACE, "@/here/only");
}

static void test_dotted(void **state)
{
    tree *t = *state;

    tree_put(t, "s/google/protobuf/__init__.py", "", 0644);
    tree_put(t, "here/google/cloud/__init__.py", "", 0644);
    make_places(t, "here s");
    check_found(t, __LINE__, "google", TFD_MODULE_NAMESPACE, "@/here/google");
    check_found(t, __LINE__, "google.protobuf", TFD_MODULE_PACKAGE, "@/s/google/protobuf");
    check_found(t, __LINE__, "google.cloud", TFD_MODULE_PACKAGE, "@/here/google/cloud");
    check_found(t, __LINE__, "google.nothing", TFD_MODULE_MISSING, "");
    tree_put(t, "here/google/__init__.py", "", 0644);
    make_places(t, "here s");
    check_found(t, __LINE__, "google.protobuf", TFD_MODULE_MISSING, "@/here/google");
    tree_put(t, "here/google/__init__.py",
             "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)\n", 0644);
    check_found(t, __LINE__, "google.protobuf", TFD_MODULE_PACKAGE, "@/s/google/protobuf");
    check_found(t, __LINE__, "google.nothing", TFD_MODULE_MISSING, "@/here/google");
    assert_true(TFD_GROW(&t->arena, &t->facts.presets));
    t->facts.presets.count = 1;
    t->facts.presets.items[0].name = TFD_STR("google");
    t->facts.presets.items[0].path = tree_path(t, "s/google");
    t->facts.presets.items[0].is_first = true;
    check_found(t, __LINE__, "google.protobuf", TFD_MODULE_PACKAGE, "@/s/google/protobuf");
    t->facts.presets.items[0].name = TFD_STR("mine");
    t->facts.presets.items[0].path = tree_path(t, "s/google/protobuf");
    t->facts.presets.items[0].is_first = false;
    check_found(t, __LINE__, "mine", TFD_MODULE_PACKAGE, "@/s/google/protobuf");
}

/* What an import of distutils brings, where TensorFlow begins with one. */
static void test_setuptools_shim(void **state)
{
    tree *t = *state;
    tfd_probe_ctx ctx = {.sys = &t->sys, .arena = &t->arena, .facts = &t->facts};
    tfd_module_shim shim;

    tree_put(t, "s/tensorflow/__init__.py", "# text\nimport distutils as _distutils\n", 0644);
    tree_put(t, "s/setuptools/_vendor/packaging/__init__.py", "", 0644);
    tree_put(t, "s/setuptools/_vendor/typing_extensions.py", "", 0644);
    tree_put(t, "s/setuptools/__init__.py", "sys.path.extend([vendor_path])\n", 0644);
    tree_put(t, "s/_distutils_hack/__init__.py", "", 0644);
    make_places(t, "here s");
    assert_int_equal(tfd_module_shim_find(&ctx, tree_path(t, "s/tensorflow"), &shim), TFD_OK);
    assert_true(shim.asks && !shim.answers);
    assert_int_equal(tfd_module_shim_path(&ctx, &shim, TFD_STR("packaging")).len, 0);

    tree_put(t, "s/distutils-precedence.pth", "", 0644);
    make_places(t, "here s");
    assert_int_equal(tfd_module_shim_find(&ctx, tree_path(t, "s/tensorflow"), &shim), TFD_OK);
    assert_true(shim.asks && shim.answers && shim.place == 1);
    tree_check(t, __LINE__, tfd_module_shim_path(&ctx, &shim, TFD_STR("packaging")),
               "@/s/setuptools/_vendor/packaging");
    tree_check(t, __LINE__, tfd_module_shim_path(&ctx, &shim, TFD_STR("typing_extensions")),
               "@/s/setuptools/_vendor/typing_extensions.py");
    assert_int_equal(tfd_module_shim_path(&ctx, &shim, TFD_STR("six")).len, 0);

    tree_put(t, "s/setuptools/__init__.py", "", 0644); /* a release before 71 */
    assert_int_equal(tfd_module_shim_find(&ctx, tree_path(t, "s/tensorflow"), &shim), TFD_OK);
    assert_int_equal(tfd_module_shim_path(&ctx, &shim, TFD_STR("packaging")).len, 0);

    tree_put(t, "s/tensorflow/__init__.py", "import sysconfig\n", 0644); /* 2.19 and later */
    assert_int_equal(tfd_module_shim_find(&ctx, tree_path(t, "s/tensorflow"), &shim), TFD_OK);
    assert_true(!shim.asks && !shim.answers);
}

static void test_versions(void **state)
{
    (void)state;
    assert_true(tfd_stdlib_has(TFD_STR("distutils"), 3, 11));
    assert_false(tfd_stdlib_has(TFD_STR("distutils"), 3, 12));
    assert_false(tfd_stdlib_has(TFD_STR("tomllib"), 3, 10));
    assert_true(tfd_stdlib_has(TFD_STR("json"), 3, 6));
    assert_true(tfd_stdlib_is_frozen(TFD_STR("os"), 3, 11));
    assert_false(tfd_stdlib_is_frozen(TFD_STR("os"), 3, 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {TREE_TEST(test_order), TREE_TEST(test_places_in_order),
                                       TREE_TEST(test_dotted), TREE_TEST(test_setuptools_shim),
                                       cmocka_unit_test(test_versions)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
