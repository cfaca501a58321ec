/* Queries answer what was measured, and a folder given with --kb replaces the built-in data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kb/kb.h"

typedef struct fixture {
    tfd_arena arena;
    tfd_kb *kb;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);

    tfd_arena_init(&f->arena, 0);
    *state = f;
    return tfd_kb_open(&f->arena, NULL, TFD_STR(""), &f->kb, NULL) == TFD_OK ? 0 : -1;
}

static int teardown(void **state)
{
    fixture *f = *state;

    tfd_arena_done(&f->arena);
    free(f);
    return 0;
}

static void test_lines(void **state)
{
    static const struct {
        const char *version, *line;
        int at;
    } rows[] = {
        {"2.15.0.post1", "2.15", __LINE__},
        {"2.15", "2.15", __LINE__},
        {"2.20.0rc1", "2.20", __LINE__},
        {"2", "", __LINE__},
        {"", "", __LINE__},
        {"2.", "", __LINE__},
        {".5", "", __LINE__},
        {"x.5", "", __LINE__},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!tfd_str_is(tfd_kb_line_of(tfd_str_of(rows[i].version)), rows[i].line))
            fail_msg("line %d", rows[i].at);
    }
}

static void test_pythons(void **state)
{
    fixture *f = *state;

    assert_int_equal(tfd_kb_python_support(f->kb, 3, 12), TFD_YES);
    assert_int_equal(tfd_kb_python_support(f->kb, 3, 6), TFD_YES);
    assert_int_equal(tfd_kb_python_support(f->kb, 3, 14), TFD_NO);
    assert_int_equal(tfd_kb_python_support(f->kb, 3, 99), TFD_UNKNOWN);
    assert_int_equal(tfd_kb_python_support(f->kb, 3, -1), TFD_UNKNOWN);
    assert_true(tfd_str_is(tfd_kb_python_find(f->kb, 3, 12)->version, "3.12"));
}

static void test_imports(void **state)
{
    fixture *f = *state;
    tfd_str v220 = TFD_STR("2.20.0");
    const tfd_kb_imports *imports = tfd_kb_imports_find(f->kb, v220);
    const tfd_kb_module *module;

    assert_non_null(imports);
    assert_true(tfd_kb_imports_are_of(imports, v220));
    assert_true(imports->libraries && imports->library_count > 20 && imports->unused.count > 0);
    for (size_t i = 1; i < imports->module_count; i++)
        assert_true(tfd_str_cmp(imports->modules[i - 1].name, imports->modules[i].name) < 0);
    module = tfd_kb_module_find(imports, TFD_STR("random"));
    assert_true(module && module->stdlib && module->shadowed == TFD_KB_NEED_IMPORT);
    module = tfd_kb_module_find(imports, TFD_STR("absl"));
    assert_true(module && !module->stdlib && module->hidden == TFD_KB_NEED_IMPORT);
    assert_null(tfd_kb_module_find(imports, TFD_STR("nothing_of_the_kind")));
    /* A line that was not measured is judged by the nearest lower one; below the first, by the first. */
    imports = tfd_kb_imports_find(f->kb, TFD_STR("2.18.1"));
    assert_true(tfd_str_is(imports->line, "2.15") && !tfd_kb_imports_are_of(imports, TFD_STR("2.18.1")));
    assert_true(tfd_str_is(tfd_kb_imports_find(f->kb, TFD_STR("1.0"))->line, "1.15"));
    assert_true(tfd_str_is(tfd_kb_imports_find(f->kb, TFD_STR("3.1"))->line, "2.21"));
    assert_true(tfd_str_is(tfd_kb_imports_find(f->kb, TFD_STR(""))->line, "2.21"));
}

static void test_needs(void **state)
{
    static const struct {
        const char *tensorflow, *dist;
        tfd_kb_need need;
        int at;
    } rows[] = {
        {"2.20.0", "absl-py", TFD_KB_NEED_IMPORT, __LINE__},
        {"2.20.0", "protobuf", TFD_KB_NEED_IMPORT, __LINE__},
        {"2.20.0", "h5py", TFD_KB_NEED_NONE, __LINE__},
        {"2.20.0", "keras", TFD_KB_NEED_KERAS, __LINE__},
        {"2.20.0", "rich", TFD_KB_NEED_KERAS, __LINE__},
        {"2.20.0", "libclang", TFD_KB_NEED_NONE, __LINE__},
        {"2.20.0", "certifi", TFD_KB_NEED_IMPORT, __LINE__},
        {"2.20.0", "ml-dtypes", TFD_KB_NEED_IMPORT, __LINE__},
        {"2.15.1", "tensorboard", TFD_KB_NEED_NONE, __LINE__},
        {"2.10.1", "keras", TFD_KB_NEED_KERAS, __LINE__},
        {"2.18.0", "no-such", TFD_KB_NEED_UNKNOWN, __LINE__},
        {"2.18.0", "numpy", TFD_KB_NEED_IMPORT, __LINE__},
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tfd_kb_need need = tfd_kb_dist_need(f->kb, tfd_str_of(rows[i].tensorflow), tfd_str_of(rows[i].dist));

        if (need != rows[i].need)
            fail_msg("line %d: %d", rows[i].at, (int)need);
    }
    assert_true(tfd_kb_is_optional(f->kb, TFD_STR("tensorflow"), TFD_STR("h5py")));
    assert_true(tfd_kb_is_optional(f->kb, TFD_STR("tensorflow"), TFD_STR("keras")));
    assert_false(tfd_kb_is_optional(f->kb, TFD_STR("tensorflow.keras"), TFD_STR("keras")));
    assert_false(tfd_kb_is_optional(f->kb, TFD_STR("tensorflow"), TFD_STR("numpy")));
    assert_true(
        tfd_kb_is_never_imported(f->kb, TFD_STR("2.20.0"), TFD_STR("tensorflow.lite.tools.visualize")));
    assert_false(
        tfd_kb_is_never_imported(f->kb, TFD_STR("2.20.0"), TFD_STR("tensorflow.python.framework.ops")));
    assert_false(tfd_kb_is_never_imported(f->kb, TFD_STR("2.20.0"), TFD_STR("tensorflow")));
    assert_true(tfd_kb_is_never_imported(f->kb, TFD_STR("2.20.0"), TFD_STR("tensorflow.python.framework.o")));
    assert_false(tfd_kb_is_never_imported(f->kb, TFD_STR("2.18.0"), TFD_STR("tensorflow.no.such")));
}

static void test_breaks(void **state)
{
    static const struct {
        const char *tensorflow, *python, *dist, *version, *id; /* id NULL: no row */
        int at;
    } rows[] = {
        {"2.15.1", "3.11", "numpy", "2.2.6", "numpy2-native", __LINE__},
        {"2.10.1", "3.10", "numpy", "1.26.4", "numpy1-tf27-217", __LINE__},
        {"2.20.0", "3.12", "numpy", "2.5.5", "numpy-tf220", __LINE__},
        {"2.20.0", "3.12", "protobuf", "5.28.2", "protobuf-gencode-220", __LINE__},
        {"2.20.0", "3.12", "protobuf", "6.31.1", "protobuf-warning-220", __LINE__},
        {"2.20.0", "3.12", "protobuf", "7.36.2", "protobuf-220", __LINE__},
        {"2.15.1", "3.11", "protobuf", "7.34.1", "protobuf-getprototype", __LINE__},
        {"2.10.1", "3.10", "protobuf", "4.25.8", "protobuf4-old-gencode", __LINE__},
        {"2.20.0", "3.12", "typing-extensions", "3.7.4.3", "typing-ext-self", __LINE__},
        {"2.20.0", "3.12", "typing-extensions", "4.5.0", "typing-ext-typevar", __LINE__},
        {"2.15.1", "3.11", "wrapt", "1.17.2", "wrapt-any", __LINE__},
        {"2.15.1", "", "flatbuffers", "1.12", "flatbuffers-any", __LINE__},
        {"2.99.0", "3.12", "protobuf", "9.0", NULL, __LINE__},
        {"2.20.0", "3.12", "numpy", "", NULL, __LINE__},
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const tfd_kb_break *row =
            tfd_kb_break_find(f->kb, tfd_str_of(rows[i].tensorflow), tfd_str_of(rows[i].python),
                              tfd_str_of(rows[i].dist), tfd_str_of(rows[i].version));

        if (rows[i].id ? !row || !tfd_str_is(row->id, rows[i].id) : row != NULL)
            fail_msg("line %d: %.*s", rows[i].at, TFD_ARG(row ? row->id : TFD_STR("no row")));
    }
}

static tfd_str numpy_is(void *ctx, tfd_str dist)
{
    return tfd_str_is(dist, "numpy") ? tfd_str_of(ctx) : TFD_STR("");
}

static void test_breaks_with_a_companion(void **state)
{
    static const struct {
        const char *numpy, *id;
        int at;
    } rows[] = {
        {"2.5.5", "h5py-numpy2", __LINE__}, {"1.26.4", "h5py-any", __LINE__}, {"", "h5py-any", __LINE__}};
    fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char numpy[16];
        const tfd_kb_break *row;

        (void)strcpy(numpy, rows[i].numpy);
        row = tfd_kb_break_find_with(f->kb, TFD_STR("2.20.0"), TFD_STR("3.12"), TFD_STR("h5py"),
                                     TFD_STR("3.10.0"), numpy_is, numpy);
        if (!row || !tfd_str_is(row->id, rows[i].id))
            fail_msg("line %d", rows[i].at);
    }
}

static void test_env(void **state)
{
    static const tfd_str cpp = TFD_STR_INIT("cpp");
    fixture *f = *state;
    size_t count, hits = 0;
    const tfd_kb_env *envs = tfd_kb_envs_get(f->kb, &count);

    for (size_t i = 0; i < count; i++) {
        if (tfd_str_is(envs[i].name, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION") &&
            tfd_kb_env_matches(&envs[i], cpp))
            hits += envs[i].effect == TFD_KB_EFFECT_IMPORT;
        assert_false(tfd_str_is(envs[i].name, "TF_USE_LEGACY_KERAS") &&
                     tfd_kb_env_matches(&envs[i], TFD_STR("0")));
    }
    assert_int_equal(hits, 1);
    for (size_t i = 0; i < count; i++)
        if (tfd_str_is(envs[i].name, "NPY_DISABLE_CPU_FEATURES") && tfd_str_is(envs[i].versions, "<2.4")) {
            assert_true(tfd_kb_env_matches(&envs[i], TFD_STR("AVX2 SSE2")));
            assert_true(tfd_kb_env_matches(&envs[i], TFD_STR("AVX2,SSE3,AVX512F")));
            assert_false(tfd_kb_env_matches(&envs[i], TFD_STR("SSE41 AVX2")));
        }
}

static void test_addons(void **state)
{
    static const struct {
        const char *dist, *version, *tensorflow;
        tfd_tri fits;
        int at;
    } rows[] = {
        {"tensorflow-text", "2.18.1", "2.15.1", TFD_NO, __LINE__},
        {"tensorflow-text", "2.15.0", "2.15.1", TFD_YES, __LINE__},
        {"tensorflow-text", "2.99.0", "2.15.1", TFD_UNKNOWN, __LINE__},
        {"tf-keras", "2.15.1", "2.20.0", TFD_NO, __LINE__},
        {"tensorflow-io", "0.37.1", "2.16.1", TFD_YES, __LINE__},
        {"tensorflow-addons", "0.23.0", "2.20.0", TFD_NO, __LINE__},
        {"tensorflow-probability", "0.25.0", "2.20.0", TFD_YES, __LINE__},
        {"tensorflow-decision-forests", "1.12.0", "2.19.0", TFD_YES, __LINE__},
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const tfd_kb_addon *addon = tfd_kb_addon_find(f->kb, tfd_str_of(rows[i].dist));

        assert_non_null(addon);
        if (tfd_kb_addon_fits(addon, tfd_str_of(rows[i].version), tfd_str_of(rows[i].tensorflow)) !=
            rows[i].fits)
            fail_msg("line %d", rows[i].at);
    }
    assert_true(tfd_str_is(
        tfd_kb_addon_wanted(tfd_kb_addon_of_module(f->kb, TFD_STR("tensorflow_text")), TFD_STR("2.15.1")),
        "==2.15.*"));
    assert_false(tfd_kb_is_addon(f->kb, TFD_STR("numpy")));
    assert_null(tfd_kb_addon_of_module(f->kb, TFD_STR("")));
}

static void test_names(void **state)
{
    fixture *f = *state;

    assert_true(tfd_str_is(tfd_kb_module_dist(f->kb, TFD_STR("absl")), "absl-py"));
    assert_true(tfd_str_is(tfd_kb_module_dist(f->kb, TFD_STR("google.protobuf")), "protobuf"));
    assert_int_equal(tfd_kb_module_dist(f->kb, TFD_STR("wrapt")).len, 0);
    assert_true(tfd_str_is(tfd_kb_dist_module(f->kb, TFD_STR("absl-py")), "absl"));
    assert_true(tfd_kb_is_tensorflow(f->kb, TFD_STR("tensorflow-cpu")));
    assert_false(tfd_kb_is_tensorflow(f->kb, TFD_STR("tensorflow-text")));
    assert_true(tfd_str_is(tfd_kb_manylinux_find(f->kb, TFD_STR("manylinux2014"))->glibc, "2.17"));
    assert_null(tfd_kb_manylinux_find(f->kb, TFD_STR("")));
    assert_true(tfd_str_is(tfd_kb_gcc_for(f->kb, TFD_STR("3.4.30"))->gcc, "12.1"));
    assert_null(tfd_kb_gcc_for(f->kb, TFD_STR("3.4.99")));
    assert_int_equal(tfd_kb_date(f->kb).len, 10);
}

static void test_preload(void **state)
{
    fixture *f = *state;
    size_t used;

    assert_int_equal(tfd_kb_preload(f->kb, TFD_STR("2.20.0"), NULL), TFD_OK);
    used = f->arena.used;
    assert_true(used < ((size_t)1 << 20));
    assert_non_null(tfd_kb_release_find(f->kb, TFD_STR("2.20.0")));
    assert_int_equal(tfd_kb_preload(f->kb, TFD_STR("no version"), NULL), TFD_OK);
}

/* Every allocation fails once: an error or a gap, never a crash. */
static void test_no_memory(void **state)
{
    (void)state;
    for (long n = 1; n < 40000; n += 1 + n / 16) {
        tfd_arena arena;
        tfd_kb *kb = NULL;
        tfd_status st;

        tfd_arena_init(&arena, 0);
        arena.fail_at = n;
        st = tfd_kb_open(&arena, NULL, TFD_STR(""), &kb, NULL);
        if (st == TFD_OK)
            st = tfd_kb_preload(kb, TFD_STR("2.15.1"), NULL);
        assert_true(st == TFD_OK || st == TFD_ENOMEM);
        if (kb)
            (void)tfd_kb_release_find(kb, TFD_STR("2.15.1"));
        tfd_arena_done(&arena);
    }
}

/* ---- a folder of one's own ---- */

typedef struct memory_file {
    const char *path, *text;
} memory_file;

static tfd_status list_memory(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_dirents *out,
                              tfd_err *err)
{
    const memory_file *files = sys->ctx;

    for (; files->path; files++) {
        tfd_dirent entry = {tfd_path_base(TFD_PATH_POSIX, tfd_str_of(files->path)), TFD_KIND_FILE};

        if (!tfd_str_eq(tfd_path_dir(TFD_PATH_POSIX, tfd_str_of(files->path)), path))
            continue;
        if (!TFD_GROW(arena, out))
            return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
        out->items[out->count++] = entry;
    }
    return out->count > 0 ? TFD_OK : tfd_err_set(err, TFD_ENOENT, 0, "%.*s: not there", TFD_ARG(path));
}

static tfd_status open_memory(const tfd_sys *sys, tfd_str path, tfd_file *out, tfd_err *err)
{
    const memory_file *files = sys->ctx;

    for (size_t i = 0; files[i].path; i++) {
        if (tfd_str_is(path, files[i].path)) {
            memset(out, 0, sizeof *out);
            out->handle = (intptr_t)i;
            out->size = strlen(files[i].text);
            return TFD_OK;
        }
    }
    return tfd_err_set(err, TFD_ENOENT, 0, "%.*s: not there", TFD_ARG(path));
}

static tfd_status read_memory(const tfd_sys *sys, const tfd_file *file, uint64_t offset, void *dst,
                              size_t len, size_t *got, tfd_err *err)
{
    const char *text = ((const memory_file *)sys->ctx)[file->handle].text;
    size_t size = strlen(text);
    size_t from = offset < size ? (size_t)offset : size;

    (void)err;
    *got = len < size - from ? len : size - from;
    memcpy(dst, text + from, *got);
    return TFD_OK;
}

static void close_memory(const tfd_sys *sys, tfd_file *file)
{
    (void)sys;
    (void)file;
}

static tfd_status open_kb(tfd_arena *arena, memory_file *files, const char *dir, tfd_kb **out, tfd_err *err)
{
    tfd_sys sys;

    memset(&sys, 0, sizeof sys);
    sys.ctx = files;
    sys.style = TFD_PATH_POSIX;
    sys.list = list_memory;
    sys.open = open_memory;
    sys.read_at = read_memory;
    sys.close = close_memory;
    return tfd_kb_open(arena, &sys, tfd_str_of(dir), out, err);
}

static void test_own_folder(void **state)
{
    memory_file files[] = {{"/kb/knowledge.json", "{\"date\": \"2030-01-02\", \"source\": \"x\"}"},
                           {"/kb/tensorflow/2.99.json",
                            "{\"releases\": [{\"version\": \"2.99.0\", \"wheels\": {\"linux-x86_64\": "
                            "{\"python\": [\"3.15\"], \"glibc\": \"2.34\"}}}, {}]}"},
                           {"/kb/causes/dep-numpy.md", "# Another title\n\nText.\n"},
                           {NULL, NULL}};
    fixture *f = *state;
    const tfd_kb_release *release;
    tfd_kb *kb = NULL;

    assert_int_equal(open_kb(&f->arena, files, "/kb", &kb, NULL), TFD_OK);
    assert_true(tfd_str_is(tfd_kb_date(kb), "2030-01-02"));
    release = tfd_kb_release_find(kb, TFD_STR("2.99.0"));
    assert_true(release && tfd_str_is(tfd_kb_wheel_find(release, TFD_STR("linux-x86_64"))->glibc, "2.34"));
    assert_true(tfd_str_is(tfd_kb_cause_title(kb, TFD_STR("dep-numpy")), "Another title"));
    assert_non_null(tfd_kb_release_find(kb, TFD_STR("2.20.0"))); /* built in, still there */
}

static void test_broken_folder(void **state)
{
    static const struct {
        const char *text;
        int at;
    } rows[] = {{"", __LINE__},
                {"[]", __LINE__},
                {"{\"breaks\": [", __LINE__},
                {"{\"a\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}", __LINE__}};
    fixture *f = *state;
    tfd_kb *kb = NULL;
    tfd_err err;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memory_file files[] = {{"/kb/breaks.json", rows[i].text}, {NULL, NULL}};

        if (open_kb(&f->arena, files, "/kb", &kb, &err) == TFD_OK)
            fail_msg("line %d", rows[i].at);
        assert_true(tfd_str_find_z(tfd_str_of(err.text), "/kb/breaks.json") != TFD_NPOS);
    }
    {
        memory_file files[] = {{NULL, NULL}};

        assert_int_equal(open_kb(&f->arena, files, "/none", &kb, &err), TFD_ENOENT);
    }
}

static void test_windows(void **state)
{
    static const struct {
        const char *version;
        tfd_tri reached;
        int at;
    } levels[] = {
        {"14.14.26405.0", TFD_NO, __LINE__},      {"14.36.32532.0", TFD_NO, __LINE__},
        {"14.38.33135.0", TFD_UNKNOWN, __LINE__}, {"14.39.33520.0", TFD_YES, __LINE__},
        {"14.51.36247.0", TFD_YES, __LINE__},     {"", TFD_UNKNOWN, __LINE__},
        {"nonsense", TFD_UNKNOWN, __LINE__},
    };
    static const struct {
        const char *name, *cause;
        int at;
    } dlls[] = {
        {"cudart64_110.dll", "cuda-missing", __LINE__},
        {"CUDNN64_8.DLL", "cudnn-missing", __LINE__},
        {"api-ms-win-crt-runtime-l1-1-0.dll", "ucrt-missing", __LINE__},
        {"api-ms-win-core-synch-l1-2-0.dll", "os-too-old", __LINE__},
        {"python311.dll", "tf-abi-mismatch", __LINE__},
        {"_pywrap_tensorflow_common.dll", "tf-corrupt", __LINE__},
        {"kernel32.dll", NULL, __LINE__},
        {"", NULL, __LINE__},
    };
    fixture *f = *state;
    const tfd_kb_level *level = tfd_kb_level_find(f->kb, "constexpr-mutex");

    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (tfd_kb_level_reached(level, tfd_str_of(levels[i].version)) != levels[i].reached)
            fail_msg("line %d", levels[i].at);
    for (size_t i = 0; i < sizeof dlls / sizeof dlls[0]; i++) {
        const tfd_kb_dll *dll = tfd_kb_dll_find(f->kb, tfd_str_of(dlls[i].name));

        if ((dll != NULL) != (dlls[i].cause != NULL) || (dll && !tfd_str_is(dll->cause, dlls[i].cause)))
            fail_msg("line %d", dlls[i].at);
    }
    assert_non_null(tfd_kb_runtime_find(f->kb, TFD_STR("MSVCP140.dll")));
    assert_null(tfd_kb_runtime_find(f->kb, TFD_STR("msvcp140-a4c2229bdc2a2a63.dll")));
    assert_int_equal(tfd_kb_self_check_find(f->kb, TFD_STR("2.20.0")).count, 2);
    assert_int_equal(tfd_kb_self_check_find(f->kb, TFD_STR("1.15.5")).count, 1);
    assert_non_null(tfd_kb_bundled_find(f->kb, TFD_STR("scikit-learn"), TFD_STR("1.4.2")));
    assert_null(tfd_kb_bundled_find(f->kb, TFD_STR("scikit-learn"), TFD_STR("1.5.0")));
    assert_true(tfd_str_ends_z(tfd_kb_redist_find(f->kb, TFD_ARCH_X86_64, TFD_STR(""))->winget, "2015+.x64"));
    assert_true(tfd_str_is(tfd_kb_redist_release(f->kb, TFD_STR("MSVCR100.dll")), "Visual C++ 2010"));
    assert_true(tfd_str_is(tfd_kb_redist_release(f->kb, TFD_STR("Microsoft.VC90.CRT 9.0.21022.8")),
                           "Visual C++ 2008"));
    assert_int_equal(tfd_kb_redist_release(f->kb, TFD_STR("msvcp140.dll")).len, 0);
    assert_true(tfd_str_ends_z(tfd_kb_redist_find(f->kb, TFD_ARCH_X86_64, TFD_STR("Visual C++ 2013"))->winget,
                               "2013.x64"));
    assert_int_equal(
        tfd_kb_winerror_of_text(f->kb, TFD_STR("DLL load failed while importing X: 找不到指定的模块。")),
        126);
    assert_int_equal(tfd_kb_winerror_of_text(f->kb, TFD_STR("something else")), 0);
    assert_true(tfd_str_is(tfd_kb_ntstatus_find(f->kb, 0xC000001Du)->name, "STATUS_ILLEGAL_INSTRUCTION"));
    assert_null(tfd_kb_winerror_find(f->kb, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test_setup_teardown(test_pythons, setup, teardown),
        cmocka_unit_test_setup_teardown(test_imports, setup, teardown),
        cmocka_unit_test_setup_teardown(test_needs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_breaks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_breaks_with_a_companion, setup, teardown),
        cmocka_unit_test_setup_teardown(test_env, setup, teardown),
        cmocka_unit_test_setup_teardown(test_addons, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_preload, setup, teardown),
        cmocka_unit_test_setup_teardown(test_own_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_broken_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_windows, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
