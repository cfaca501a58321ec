/* The packages and record probes on small trees that are made for each test. */
#define _XOPEN_SOURCE 700 /* mkdtemp, strdup */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/probe.h"
#include "packages/record.h"

extern const tfd_probe tfd_probe_packages;
extern const tfd_probe tfd_probe_record;

#define PATHS_MAX 256
#define HASH_OF_X "sha256=LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE" /* of the one letter x */

typedef struct fixture {
    char root[64];
    char *made[PATHS_MAX]; /* in the order of making */
    size_t count;
    tfd_sys *sys;
    tfd_arena arena;
    tfd_facts facts;
    tfd_probe_ctx ctx;
} fixture;

static void remember(fixture *f, const char *path)
{
    assert_true(f->count < PATHS_MAX);
    f->made[f->count] = strdup(path);
    assert_non_null(f->made[f->count]);
    f->count++;
}

static void put(fixture *f, const char *path, const char *text)
{
    char full[512];
    FILE *file;

    (void)snprintf(full, sizeof full, "%s/%s", f->root, path);
    for (char *at = strchr(full + strlen(f->root) + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        if (mkdir(full, 0700) == 0)
            remember(f, full);
        *at = '/';
    }
    file = fopen(full, "wb");
    assert_non_null(file);
    (void)fwrite(text, 1, strlen(text), file);
    (void)fclose(file);
    remember(f, full);
}

static void put_dist(fixture *f, const char *site, const char *name, const char *version, const char *more,
                     const char *record)
{
    char path[256];
    char text[1024];

    (void)snprintf(path, sizeof path, "%s/%s-%s.dist-info/METADATA", site, name, version);
    (void)snprintf(text, sizeof text, "Metadata-Version: 2.1\nName: %s\nVersion: %s\n%s\nLong description\n",
                   name, version, more);
    put(f, path, text);
    (void)snprintf(path, sizeof path, "%s/%s-%s.dist-info/RECORD", site, name, version);
    if (record) { /* as installers write it: with a row for itself */
        (void)snprintf(text, sizeof text, "%s%s-%s.dist-info/RECORD,,\n", record, name, version);
        put(f, path, text);
    }
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    tfd_err err;

    assert_non_null(f);
    (void)strcpy(f->root, "/tmp/tfd_packages_XXXXXX");
    assert_non_null(mkdtemp(f->root));
    assert_int_equal(tfd_sys_native_new(&f->sys, &err), TFD_OK);
    tfd_arena_init(&f->arena, 0);
    tfd_facts_init(&f->facts);
    f->ctx.sys = f->sys;
    f->ctx.arena = &f->arena;
    f->ctx.facts = &f->facts;
    assert_int_equal(tfd_kb_open(&f->arena, NULL, TFD_STR(""), &f->ctx.kb, &err), TFD_OK);
    f->facts.module_top = TFD_STR("tensorflow");
    f->facts.system = f->sys->system(f->sys);
    f->facts.places.complete = true;
    f->facts.python.implementation = TFD_STR("cpython");
    f->facts.python.major = 3;
    f->facts.python.minor = 12;
    f->facts.python.free_threaded = f->facts.python.debug = TFD_NO;
    f->facts.python.arch = TFD_ARCH_X86_64;
    f->facts.python.libc = TFD_STR("glibc");
    f->facts.python.libc_version = TFD_STR("2.31");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    while (f->count) {
        (void)remove(f->made[--f->count]);
        free(f->made[f->count]);
    }
    (void)remove(f->root);
    tfd_arena_done(&f->arena);
    tfd_sys_native_free(f->sys);
    free(f);
    return 0;
}

static void add_place(fixture *f, const char *name, tfd_place_kind kind)
{
    tfd_place *place;

    assert_true(TFD_GROW(&f->arena, &f->facts.places));
    place = &f->facts.places.items[f->facts.places.count++];
    memset(place, 0, sizeof *place);
    place->path = tfd_arena_fmt(&f->arena, "%s/%s", f->root, name);
    place->kind = kind;
    place->exists = true;
    place->readable = f->sys->list(f->sys, &f->arena, place->path, &place->entries, NULL) == TFD_OK;
    for (size_t i = 0; i < place->entries.count; i++)
        assert_true(tfd_map_put(&f->arena, &place->names, place->entries.items[i].name, (uint32_t)i));
}

static void run(fixture *f)
{
    tfd_err err;

    add_place(f, "site", TFD_PLACE_SITE);
    assert_int_equal(tfd_probe_packages.run(&f->ctx, &err), TFD_OK);
    assert_int_equal(tfd_probe_record.run(&f->ctx, &err), TFD_OK);
}

static const tfd_dist *find(const fixture *f, const char *key)
{
    size_t row = tfd_dist_find(&f->facts, tfd_str_of(key));

    if (row == TFD_NONE)
        fail_msg("no distribution %s", key);
    return &f->facts.dists.items[row];
}

static const tfd_requirement *find_requirement(const fixture *f, const char *key)
{
    for (size_t i = 0; i < f->facts.requirements.count; i++)
        if (tfd_str_is(f->facts.requirements.items[i].key, key))
            return &f->facts.requirements.items[i];
    fail_msg("no requirement of %s", key);
    return NULL;
}

static const tfd_leftover *find_leftover(const fixture *f, tfd_leftover_kind kind)
{
    for (size_t i = 0; i < f->facts.leftovers.count; i++)
        if (f->facts.leftovers.items[i].kind == kind)
            return &f->facts.leftovers.items[i];
    return NULL;
}

static void test_requirements(void **state)
{
    fixture *f = *state;

    put(f, "site/tensorflow/__init__.py", "x");
    put_dist(
        f, "site", "tensorflow_cpu", "2.20.0",
        "Requires-Python: >=3.9\nRequires-Dist: NumPy (>=1.26)\nRequires-Dist: absent>=1\n"
        "Requires-Dist: old ; python_version < '3.8'\nRequires-Dist: micro ; python_full_version < '3.12.5'\n"
        "Requires-Dist: rich[fast]>=1\nRequires-Dist: dev ; extra == 'dev'\nRequires-Dist: ?bad\n",
        "tensorflow/__init__.py,,1\n");
    put_dist(f, "site", "numpy", "2.1.0", "", "");
    put_dist(f, "site", "rich", "0.9",
             "Requires-Dist: deep ; extra == 'Fast'\nRequires-Dist: never ; extra == 'x'\n", "");
    put_dist(f, "site", "deep", "1.0", "", "");
    put_dist(f, "site", "unrelated", "1.0", "Requires-Dist: missing-too\n", "");
    run(f);
    assert_true(f->facts.tensorflow != TFD_NONE && find(f, "tensorflow-cpu")->is_tensorflow);
    assert_true(tfd_str_is(find(f, "tensorflow-cpu")->requires_python, ">=3.9"));
    assert_int_equal(find_requirement(f, "numpy")->satisfied, TFD_YES);
    assert_int_equal(find_requirement(f, "numpy")->line, 5);
    assert_int_equal(find_requirement(f, "absent")->satisfied, TFD_NO);
    assert_true(find_requirement(f, "absent")->is_needed);
    assert_int_equal(find_requirement(f, "old")->applies, TFD_NO);
    assert_int_equal(find_requirement(f, "micro")->applies, TFD_UNKNOWN); /* the patch level is not known */
    assert_int_equal(find_requirement(f, "dev")->applies, TFD_NO);
    assert_int_equal(find_requirement(f, "rich")->satisfied, TFD_NO);
    assert_int_equal(find_requirement(f, "deep")->applies, TFD_YES);
    assert_int_equal(find_requirement(f, "never")->applies, TFD_NO);
    assert_true(find(f, "deep")->is_needed && find(f, "numpy")->is_needed);
    assert_false(find(f, "unrelated")->is_needed || find_requirement(f, "missing-too")->is_needed);
    assert_int_equal(find_requirement(f, "")->satisfied, TFD_UNKNOWN);
    assert_true(find_requirement(f, "")->is_malformed);
    assert_int_equal(f->facts.scalars[TFD_FACT_TENSORFLOW_VERSION].state, TFD_STATE_PRESENT);
}

static void test_files(void **state)
{
    fixture *f = *state;

    put(f, "site/tensorflow/__init__.py", "xx");
    put(f, "site/tensorflow/python/ops.py", "x");
    put(f, "site/tensorflow/python/same.py", "y");
    put(f, "site/tensorflow/left_over.py", "x");
    put(f, "site/tensorflow/a,b.txt", "x");
    put_dist(f, "site", "tensorflow", "2.20.0", "",
             "../../../bin/toco," HASH_OF_X ",9\ntensorflow/__init__.py," HASH_OF_X ",1\n"
             "tensorflow/__pycache__/__init__.cpython-312.pyc,,\n\"tensorflow/a,b.txt\"," HASH_OF_X ",1\n"
             "tensorflow/gone/_x.cpython-312-x86_64-linux-gnu.so," HASH_OF_X ",1\ntensorflow/libx.so.2,,5\n"
             "tensorflow/python/ops.py," HASH_OF_X ",1\r\ntensorflow/python/same.py," HASH_OF_X ",1\n");
    run(f);
    assert_int_equal(find(f, "tensorflow")->missing, 2);
    assert_int_equal(find(f, "tensorflow")->wrong_size, 1);
    assert_int_equal(find(f, "tensorflow")->files, 9);
    assert_int_equal(f->facts.file_problems.count, 3);
    assert_true(f->facts.file_problems.complete);
    assert_int_equal(f->facts.file_problems.items[0].state, TFD_FILE_WRONG_SIZE);
    assert_true(tfd_str_is(f->facts.file_problems.items[0].module, "tensorflow"));
    assert_true(tfd_str_is(f->facts.file_problems.items[1].module, "tensorflow.gone._x"));
    assert_true(tfd_str_is(f->facts.file_problems.items[2].module, ""));
}

static void test_hashes_and_foreign(void **state)
{
    fixture *f = *state;
    volatile int stop = 1;
    tfd_record_hashing *hashing;
    uint64_t done = 0, all = 0;
    tfd_err err;

    put(f, "site/tensorflow/__init__.py", "x");
    put(f, "site/tensorflow/same.py", "y");
    put(f, "site/tensorflow/sub/left_over.py", "x");
    put_dist(f, "site", "tensorflow", "2.20.0", "",
             "tensorflow/__init__.py," HASH_OF_X ",1\ntensorflow/same.py," HASH_OF_X ",1\n");
    run(f);
    hashing = tfd_record_hash_new(f->sys, &f->arena, &f->facts, NULL, 0);
    assert_non_null(hashing);
    assert_int_equal(tfd_record_hash_run(hashing, &stop), TFD_ETIMEOUT);
    assert_int_equal(tfd_record_hash_report(hashing, &f->arena, &f->facts), TFD_OK);
    assert_false(find(f, "tensorflow")->was_hashed);
    assert_int_equal(tfd_record_hash_run(hashing, NULL), TFD_OK);
    tfd_record_hash_progress(hashing, &done, &all);
    assert_true(done == 2 && all == 2);
    assert_int_equal(tfd_record_hash_report(hashing, &f->arena, &f->facts), TFD_OK);
    assert_int_equal(tfd_record_hash_report(hashing, &f->arena, &f->facts), TFD_OK); /* tells nothing twice */
    assert_true(find(f, "tensorflow")->was_hashed);
    assert_int_equal(find(f, "tensorflow")->altered, 1);
    assert_int_equal(f->facts.file_problems.count, 1);
    assert_int_equal(tfd_record_find_foreign(&f->ctx, f->facts.tensorflow, &err), TFD_OK);
    assert_int_equal(find(f, "tensorflow")->foreign, 1);
    assert_true(tfd_str_is(f->facts.file_problems.items[1].module, "tensorflow.sub.left_over"));
}

/* Line ends that git or FTP turned are no fault; zeros in full length are, where a package begins. */
static void test_contents(void **state)
{
    fixture *f = *state;

    put(f, "site/tensorflow/__init__.py", "a\r\nb\r\n");
    put(f, "site/tensorflow/other.py", "a\r\nbxxx");
    put(f, "site/six.py", "x");
    put_dist(f, "site", "tensorflow", "2.20.0", "Requires-Dist: six\n",
             "tensorflow/__init__.py,,4\ntensorflow/other.py,,4\n");
    put_dist(f, "site", "six", "1.16.0", "", "six.py,,1\n");
    run(f);
    assert_int_equal(f->facts.file_problems.count, 1);
    assert_true(tfd_str_is(f->facts.file_problems.items[0].module, "tensorflow.other"));
    assert_int_equal(find(f, "six")->altered, 0);
}

/* What a RECORD that was cut no longer lists is looked for by what the import of that release loads. */
static void test_cut_record(void **state)
{
    fixture *f = *state;
    tfd_file_problem *first;

    put(f, "site/tensorflow/__init__.py", "x");
    put_dist(f, "site", "tensorflow", "2.20.0", "", "tensorflow/__init__.py,,1\n");
    put(f, "site/tensorflow-2.20.0.dist-info/RECORD", "tensorflow/__init__.py,,1\ntensorflow/pyth");
    run(f);
    assert_true(find(f, "tensorflow")->record_cut);
    assert_true(f->facts.file_problems.count > 1);
    first = &f->facts.file_problems.items[f->facts.file_problems.count - 1];
    assert_int_equal(first->state, TFD_FILE_MISSING);
    assert_true(tfd_str_starts_z(first->module, "tensorflow."));
}

/* pip is looked at for the sake of the repair alone: what it lacks is no problem of TensorFlow's. */
static void test_pip(void **state)
{
    fixture *f = *state;

    put(f, "site/tensorflow/__init__.py", "x");
    put(f, "site/pip/__init__.py", "x");
    put_dist(f, "site", "tensorflow", "2.99.0", "", "tensorflow/__init__.py,,1\n");
    put_dist(f, "site", "pip", "24.0", "", "pip/__init__.py,,1\npip/_internal/build.py,,1\n");
    run(f);
    assert_true(tfd_str_ends_z(f->facts.pip.damaged, "pip/_internal/build.py"));
    assert_int_equal(f->facts.file_problems.count, 0);
}

static void test_overlap(void **state)
{
    fixture *f = *state;
    const tfd_overlap *overlap;

    put(f, "site/tensorflow/__init__.py", "x");
    put(f, "site/tensorflow/core.so", "xxx");
    put(f, "site/tensorflow/same.py", "x");
    put_dist(f, "site", "tensorflow", "2.21.0", "",
             "tensorflow/__init__.py," HASH_OF_X
             ",1\ntensorflow/core.so,sha256=a,5\ntensorflow/same.py," HASH_OF_X ",1\n");
    put_dist(f, "site", "tensorflow_cpu", "2.20.0", "",
             "tensorflow/__init__.py," HASH_OF_X
             ",1\ntensorflow/core.so,sha256=b,3\ntensorflow/same.py," HASH_OF_X ",1\n");
    run(f);
    assert_true(tfd_str_is(f->facts.dists.items[f->facts.tensorflow].key, "tensorflow-cpu"));
    assert_int_equal(f->facts.overlaps.count, 1);
    overlap = &f->facts.overlaps.items[0];
    assert_true(overlap->shared == 2 && overlap->differing == 1);
    assert_true(overlap->first_lost == 1 && overlap->second_lost == 0);
    assert_true(tfd_str_is(overlap->sample, "tensorflow/core.so"));
    assert_int_equal(f->facts.file_problems.count, 1);
    assert_int_equal(f->facts.file_problems.items[0].other, overlap->second);
}

static void test_leftovers(void **state)
{
    fixture *f = *state;
    const tfd_leftover *twin;

    put(f, "site/~ensorflow/x", "x");
    put(f, "site/tensorflow/python/x.py", "x");
    put(f, "site/absl/__init__.py", "x");
    put(f, "site/numpy/__init__.py", "xx");
    put_dist(f, "site", "tensorflow", "2.20.0",
             "Requires-Dist: absl-py\nRequires-Dist: numpy\nRequires-Dist: wrapt\n",
             "tensorflow/__init__.py,,1\n");
    put_dist(f, "site", "numpy", "1.26.4", "", "numpy/__init__.py,,2\n");
    put_dist(f, "site", "numpy", "2.1.0", "", "numpy/__init__.py,,7\n");
    put_dist(f, "site", "wrapt", "1.0", "", "wrapt/__init__.py,,2\n");
    run(f);
    assert_true(tfd_str_is(find_leftover(f, TFD_LEFTOVER_TILDE)->key, "tensorflow"));
    assert_int_equal(find_leftover(f, TFD_LEFTOVER_NAMESPACE)->dist, f->facts.tensorflow);
    assert_true(tfd_str_is(find_leftover(f, TFD_LEFTOVER_NO_META)->key, "absl-py"));
    assert_true(tfd_str_is(find_leftover(f, TFD_LEFTOVER_NO_FILES)->key, "wrapt"));
    twin = find_leftover(f, TFD_LEFTOVER_TWO_META);
    assert_true(tfd_str_is(f->facts.dists.items[twin->dist].version, "2.1.0"));
    assert_true(tfd_str_is(find(f, "numpy")->version, "1.26.4")); /* the files are those of 1.26.4 */
}

static void test_details(void **state)
{
    fixture *f = *state;

    put(f, "user/protobuf-3.20.3.dist-info/METADATA", "Name: protobuf\nVersion: 3.20.3\n\n");
    put(f, "site/tensorflow/__init__.py", "x");
    put_dist(f, "site", "tensorflow", "2.15.0",
             "Requires-Dist: protobuf>=4\nRequires-Dist: mine\nRequires-Dist: egg\n",
             "tensorflow/__init__.py,,1\n");
    put(f, "site/tensorflow-2.15.0.dist-info/INSTALLER", "uv\n");
    put(f, "site/tensorflow-2.15.0.dist-info/WHEEL", "Tag: cp312-cp312-manylinux_2_39_x86_64\n");
    put_dist(f, "site", "protobuf", "4.25.0", "", "");
    put_dist(f, "site", "mine", "1", "Requires-Dist: wheeled\n", "mine/gone.py,,9\n");
    put(f, "site/mine-1.dist-info/direct_url.json",
        "{\"url\":\"file:///src/mine\",\"dir_info\":{\"editable\":true}}");
    put(f, "site/mine-1.dist-info/INSTALLER", "conda");
    put(f, "site/mine/gone.py", "x");
    put(f, "site/egg-1.2-py3.12.egg-info/PKG-INFO", "Name: Egg\nVersion: 1.2\n");
    put(f, "site/egg-1.2-py3.12.egg-info/requires.txt", "numpy\n");
    add_place(f, "user", TFD_PLACE_USER_SITE);
    run(f);
    assert_true(tfd_str_is(find(f, "protobuf")->version, "3.20.3"));
    assert_int_equal(find_requirement(f, "protobuf")->satisfied, TFD_NO);
    assert_true(tfd_str_is(find(f, "tensorflow")->installer, "uv"));
    assert_int_equal(find(f, "tensorflow")->tags_fit, TFD_NO);
    assert_true(tfd_str_is(find(f, "tensorflow")->tags_why, "glibc 2.39"));
    assert_true(tfd_str_is(find(f, "mine")->editable, "/src/mine"));
    assert_int_equal(find(f, "mine")->wrong_size, 0); /* conda patches files after RECORD was written */
    assert_true(tfd_str_is(find(f, "egg")->name, "Egg") && find(f, "egg")->is_needed);
    assert_true(find_requirement(f, "numpy")->is_needed);
}

/* A licence folded into the header is read to its end; a header without end is given up, and said so. */
static void test_long_header(void **state)
{
    fixture *f = *state;
    size_t size = 3u << 20;
    char *text = calloc(size, 1);

    assert_non_null(text);
    (void)strcpy(text, "Name: tensorflow\nVersion: 2.20.0\nLicense: x\n");
    for (size_t i = 0; i < 2000; i++)
        (void)strcat(text, " all rights and then some, folded\n");
    (void)strcat(text, "Requires-Dist: numpy\n\nbody\n");
    put(f, "site/tensorflow-2.20.0.dist-info/METADATA", text);
    memset(text, 'a', size - 1);
    put(f, "site/endless-1.dist-info/METADATA", text);
    free(text);
    run(f);
    assert_int_equal(find_requirement(f, "numpy")->line, 2004);
    assert_true(tfd_str_is(find(f, "endless")->version, "1"));
    assert_false(f->facts.requirements.complete);
}

static void test_egg_link(void **state)
{
    fixture *f = *state;

    put(f, "user/mine.egg-link", "/src/mine\n.");
    put(f, "site/mine.egg-info/PKG-INFO", "Name: mine\nVersion: 0.3\n");
    put(f, "site/tensorflow/__init__.py", "x");
    put_dist(f, "site", "tensorflow", "2.20.0", "Requires-Dist: mine>=0.2\n", "");
    add_place(f, "user", TFD_PLACE_USER_SITE);
    run(f);
    assert_true(tfd_str_is(find(f, "mine")->version, "0.3"));
    assert_true(tfd_str_ends_z(find(f, "mine")->editable, "/site"));
    assert_int_equal(find_requirement(f, "mine")->satisfied, TFD_YES);
}

/* No answer of the machine may crash the probes or make them claim what they could not see. */
static void test_failing_machine(void **state)
{
    fixture *f = *state;
    long calls = 100;

    put(f, "site/tensorflow/__init__.py", "x");
    /* A release that nobody measured: what it loads is not known either. */
    put_dist(f, "site", "tensorflow", "2.99.0", "Requires-Dist: numpy\n", "tensorflow/__init__.py,,1\n");
    put_dist(f, "site", "numpy", "1.26.4", "", "numpy/__init__.py,,2\n");
    put(f, "site/numpy/__init__.py", "xx");
    add_place(f, "site", TFD_PLACE_SITE);
    for (long at = 1; at <= calls; at++) {
        tfd_places places = f->facts.places;
        tfd_sys *sys = NULL;
        long *count = NULL;
        tfd_err err;

        assert_int_equal(tfd_sys_faulty_new(f->sys, at, TFD_EACCESS, &sys, &count), TFD_OK);
        f->facts.dists.count = f->facts.requirements.count = f->facts.file_problems.count = 0;
        f->facts.leftovers.count = f->facts.overlaps.count = 0;
        f->facts.tensorflow = TFD_NONE;
        f->facts.places = places;
        f->ctx.sys = sys;
        assert_int_equal(tfd_probe_packages.run(&f->ctx, &err), TFD_OK);
        assert_int_equal(tfd_probe_record.run(&f->ctx, &err), TFD_OK);
        for (size_t i = 0; i < f->facts.file_problems.count; i++)
            assert_int_not_equal(f->facts.file_problems.items[i].state, TFD_FILE_MISSING);
        assert_null(find_leftover(f, TFD_LEFTOVER_NO_FILES));
        calls = *count;
        tfd_sys_faulty_free(sys);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_requirements, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hashes_and_foreign, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_contents, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_record, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_overlap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_leftovers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_details, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_header, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_egg_link, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failing_machine, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
