#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loader/loader.h"
#include "../helpers/memory_machine.h"
#include "../helpers/mkcache.h"
#include "../helpers/mkelf.h"

/* A process to be: files are added, then the program /bin/prog is started. */
typedef struct world {
    memory_machine machine;
    mkelf_out objects[24];
    size_t object_count;
    uint8_t cache[MKCACHE_MAX];
    tfd_arena arena;
    tfd_loader loader;
    tfd_loader_settings settings;
    bool ok;
} world;

static world w;

static void add_object(const char *path, const mkelf *spec)
{
    mkelf_out *object = &w.objects[w.object_count++];

    mkelf_build(spec, object);
    memory_add(&w.machine, path, object->bytes, object->len);
}

#define OBJECT(path, ...) add_object(path, &(mkelf){__VA_ARGS__})

static int set_up(void **state)
{
    static const char interpreter[] =
        "junk\0/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0end";
    static const char *const dirs[] = {"/bin",
                                       "/lib/x86_64-linux-gnu",
                                       "/usr/lib/x86_64-linux-gnu",
                                       "/lib",
                                       "/usr/lib",
                                       "/rpath",
                                       "/runpath",
                                       "/env",
                                       "/app/lib",
                                       "/work"};

    (void)state;
    memset(&w, 0, sizeof w);
    tfd_arena_init(&w.arena, 0);
    memory_init(&w.machine);
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
        memory_add_dir(&w.machine, dirs[i]);
    OBJECT("/lib/ld-linux-x86-64.so.2", .soname = "ld-linux-x86-64.so.2", .exports = {interpreter + 64});
    /* The folders compiled in stand in its data. */
    memcpy(w.objects[0].bytes + w.objects[0].len, interpreter, sizeof interpreter);
    w.machine.files[w.machine.count - 1].len += sizeof interpreter;
    w.settings.cwd = TFD_STR("/work");
    w.settings.check_symbols = true;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tfd_arena_done(&w.arena);
    return 0;
}

static void start(void)
{
    tfd_err err = {0};

    assert_int_equal(tfd_loader_init(&w.loader, &w.machine.sys, &w.arena, &w.arena, &w.settings, &err),
                     TFD_OK);
    if (tfd_loader_start(&w.loader, TFD_STR("/bin/prog"), &w.ok, &err) != TFD_OK)
        fail_msg("%s", err.text);
}

static size_t open_object(const char *path, bool *ok)
{
    tfd_err err = {0};
    size_t file;

    if (tfd_loader_open(&w.loader, tfd_str_of(path), false, &file, ok, &err) != TFD_OK)
        fail_msg("%s", err.text);
    return file;
}

#define PROGRAM(...) OBJECT("/bin/prog", .interp = "/lib/ld-linux-x86-64.so.2", .pie = true, __VA_ARGS__)

static const tfd_loader_need *need_of(const char *name)
{
    for (size_t i = 0; i < w.loader.needs.count; i++)
        if (tfd_str_is(w.loader.needs.items[i].name, name))
            return &w.loader.needs.items[i];
    fail_msg("nobody needs %s", name);
    return NULL;
}

static void check_found(const char *name, const char *path, const char *rule, int line)
{
    const tfd_loader_need *need = need_of(name);

    if (!path) {
        if (need->is_found)
            fail_msg("line %d: %s was found", line, name);
        return;
    }
    if (!need->is_found)
        fail_msg("line %d: %s was not found (%zu places)", line, name, need->tried_count);
    else if (!tfd_str_is(w.loader.files.items[need->hit].path, path) || !tfd_str_is(need->rule, rule))
        fail_msg("line %d: %s is %.*s by %.*s", line, name, TFD_ARG(w.loader.files.items[need->hit].path),
                 TFD_ARG(need->rule));
}

/* ---- order of search */

static void test_order(void **state)
{
    static const struct {
        int line;
        bool rpath, runpath;
        const char *expected, *rule;
    } cases[] = {
        {__LINE__, true, false, "/rpath/liba.so", "RPATH of /bin/prog"},
        {__LINE__, false, true, "/env/liba.so", "LD_LIBRARY_PATH"},
        {__LINE__, true, true, "/env/liba.so", "LD_LIBRARY_PATH"}, /* RUNPATH switches RPATH off */
        {__LINE__, false, false, "/env/liba.so", "LD_LIBRARY_PATH"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)tear_down(state);
        (void)set_up(state);
        PROGRAM(.needed = {"liba.so"}, .rpath = cases[i].rpath ? "/rpath" : NULL,
                .runpath = cases[i].runpath ? "/runpath" : NULL);
        OBJECT("/rpath/liba.so", .soname = "liba.so");
        OBJECT("/runpath/liba.so", .soname = "liba.so");
        OBJECT("/env/liba.so", .soname = "liba.so");
        w.settings.library_path = TFD_STR("/env");
        start();
        assert_true(w.ok);
        check_found("liba.so", cases[i].expected, cases[i].rule, cases[i].line);
    }
}

static void test_later_places(void **state)
{
    static const mkcache_entry entries[] = {{"libb.so", "/app/lib/libb.so", TFD_LDCACHE_X86_64, 0}};
    size_t len = mkcache_build(w.cache, entries, 1, NULL);

    (void)state;
    PROGRAM(.needed = {"liba.so", "libb.so", "libc.so", "libd.so"}, .runpath = "/runpath");
    OBJECT("/runpath/liba.so", .soname = "liba.so");
    OBJECT("/app/lib/libb.so", .soname = "libb.so");
    OBJECT("/usr/lib/x86_64-linux-gnu/libc.so", .soname = "libc.so");
    memory_add(&w.machine, "/etc/ld.so.cache", w.cache, len);
    start();
    assert_false(w.ok);
    check_found("liba.so", "/runpath/liba.so", "RUNPATH of /bin/prog", __LINE__);
    check_found("libb.so", "/app/lib/libb.so", "ld.so.cache", __LINE__);
    check_found("libc.so", "/usr/lib/x86_64-linux-gnu/libc.so", "/usr/lib/x86_64-linux-gnu", __LINE__);
    check_found("libd.so", NULL, NULL, __LINE__);
    assert_int_equal(need_of("libd.so")->tried_count, 6); /* RUNPATH, cache, four default folders */
    assert_true(tfd_str_is(need_of("libd.so")->tried[0].path, "/runpath/libd.so"));
    assert_true(tfd_str_is(need_of("libd.so")->tried[1].rule, "ld.so.cache"));
    assert_true(tfd_str_is(need_of("libd.so")->tried[5].path, "/usr/lib/libd.so"));
}

/* RPATH is inherited by what an object needs, RUNPATH is not. */
static void test_inheritance(void **state)
{
    (void)state;
    PROGRAM(.needed = {"liba.so"}, .rpath = "/rpath");
    OBJECT("/rpath/liba.so", .soname = "liba.so", .needed = {"libb.so"});
    OBJECT("/rpath/libb.so", .soname = "libb.so", .needed = {"libc.so"}, .runpath = "/runpath");
    OBJECT("/runpath/libc.so", .soname = "libc.so", .needed = {"libd.so"});
    OBJECT("/runpath/libd.so", .soname = "libd.so");
    start();
    check_found("libb.so", "/rpath/libb.so", "RPATH of /bin/prog", __LINE__);
    check_found("libc.so", "/runpath/libc.so", "RUNPATH of /rpath/libb.so", __LINE__);
    check_found("libd.so", NULL, NULL, __LINE__);
}

static void test_tokens(void **state)
{
    (void)state;
    memory_add_dir(&w.machine, "/bin/../app/lib");
    memory_add_dir(&w.machine, "/app/lib/x86_64-linux-gnu");
    PROGRAM(.needed = {"liba.so", "libb.so", "libc.so"},
            .runpath = "${ORIGIN}/../app/lib:/app/$LIB:$ORIGINAL:/app/lib/x86_64-linux-gnu/");
    OBJECT("/app/lib/liba.so", .soname = "liba.so");
    w.machine.files[w.machine.count++] =
        (memory_file){.path = "/bin/../app/lib/liba.so", .same_as = "/app/lib/liba.so"};
    OBJECT("/app/lib/x86_64-linux-gnu/libb.so", .soname = "libb.so");
    start();
    /* The name is folded because it is the same file. */
    check_found("liba.so", "/app/lib/liba.so", "RUNPATH of /bin/prog", __LINE__);
    check_found("libb.so", "/app/lib/x86_64-linux-gnu/libb.so", "RUNPATH of /bin/prog", __LINE__);
    assert_true(tfd_str_is(need_of("libc.so")->tried[2].path, "/work/$ORIGINAL/libc.so"));
}

static void test_environment_path(void **state)
{
    static const struct {
        int line;
        const char *value, *expected;
    } cases[] = {
        {__LINE__, "/nowhere:/env", "/env/liba.so"},
        {__LINE__, "/nowhere;/env/", "/env/liba.so"},
        {__LINE__, "/nowhere:", "/work/liba.so"},
        {__LINE__, ":/env", "/work/liba.so"},
        {__LINE__, "sub", NULL},
        {__LINE__, "", NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)tear_down(state);
        (void)set_up(state);
        PROGRAM(.needed = {"liba.so"});
        OBJECT("/env/liba.so", .soname = "liba.so");
        OBJECT("/work/liba.so", .soname = "liba.so");
        w.settings.library_path = tfd_str_of(cases[i].value);
        start();
        check_found("liba.so", cases[i].expected, "LD_LIBRARY_PATH", cases[i].line);
    }
}

static void test_hwcaps(void **state)
{
    static const tfd_str caps[] = {TFD_STR_INIT("x86-64-v3"), TFD_STR_INIT("x86-64-v2")};

    (void)state;
    memory_add_dir(&w.machine, "/runpath/glibc-hwcaps");
    memory_add_dir(&w.machine, "/runpath/glibc-hwcaps/x86-64-v2");
    PROGRAM(.needed = {"liba.so"}, .runpath = "/runpath");
    OBJECT("/runpath/liba.so", .soname = "liba.so");
    OBJECT("/runpath/glibc-hwcaps/x86-64-v2/liba.so", .soname = "liba.so");
    w.settings.hwcaps = caps;
    w.settings.hwcap_count = 2;
    start();
    check_found("liba.so", "/runpath/glibc-hwcaps/x86-64-v2/liba.so", "RUNPATH of /bin/prog", __LINE__);
}

/* ---- candidates */

/* What was tried on glibc 2.36: see loader.h. */
static void test_candidates(void **state)
{
    static const struct {
        int line;
        const char *text; /* of /rpath/liba.so; NULL: an object made from spec */
        mkelf spec;
        bool is_unreadable;
        bool goes_on;
        tfd_object_state expected;
    } cases[] = {
        {__LINE__, "", {0}, false, false, TFD_OBJECT_EMPTY},
        {__LINE__, "INPUT(liba.so.1)", {0}, false, false, TFD_OBJECT_NOT_ELF},
        {__LINE__, NULL, {.machine = 183}, false, true, TFD_OBJECT_WRONG_ARCH},
        {__LINE__, NULL, {.bits = 32}, false, true, TFD_OBJECT_WRONG_ARCH},
        {__LINE__, NULL, {.big_endian = true}, false, false, TFD_OBJECT_WRONG_ARCH},
        {__LINE__, NULL, {.type = 1}, false, false, TFD_OBJECT_DAMAGED},
        {__LINE__, NULL, {.pie = true}, false, false, TFD_OBJECT_DAMAGED},
        {__LINE__, NULL, {0}, true, true, TFD_OBJECT_UNREADABLE},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const tfd_loader_file *first = NULL;

        (void)tear_down(state);
        (void)set_up(state);
        PROGRAM(.needed = {"liba.so"}, .rpath = "/rpath:/app/lib");
        if (cases[i].text)
            memory_add(&w.machine, "/rpath/liba.so", cases[i].text, strlen(cases[i].text));
        else
            add_object("/rpath/liba.so", &cases[i].spec);
        w.machine.files[w.machine.count - 1].is_unreadable = cases[i].is_unreadable;
        OBJECT("/app/lib/liba.so", .soname = "liba.so");
        start();
        for (size_t k = 0; k < w.loader.files.count; k++)
            if (tfd_str_is(w.loader.files.items[k].path, "/rpath/liba.so"))
                first = &w.loader.files.items[k];
        if (!first || first->state != cases[i].expected || first->why.len == 0)
            fail_msg("line %d: state %d", cases[i].line, first ? (int)first->state : -1);
        check_found("liba.so", cases[i].goes_on ? "/app/lib/liba.so" : "/rpath/liba.so", "RPATH of /bin/prog",
                    cases[i].line);
        assert_int_equal(w.ok, cases[i].goes_on);
    }
}

/* "cannot read file data: Is a directory", glibc 2.36: the search is over. */
static void test_folder(void **state)
{
    (void)state;
    PROGRAM(.needed = {"liba.so"}, .rpath = "/rpath:/app/lib");
    memory_add(&w.machine, "/rpath/liba.so", NULL, 0);
    OBJECT("/app/lib/liba.so", .soname = "liba.so");
    start();
    check_found("liba.so", "/rpath/liba.so", "RPATH of /bin/prog", __LINE__);
    assert_false(w.ok);
}

/* Only a passed-over candidate is there: nothing is found, but the row says which file it was. */
static void test_only_passed_over(void **state)
{
    (void)state;
    PROGRAM(.needed = {"liba.so"}, .rpath = "/rpath");
    OBJECT("/rpath/liba.so", .machine = 183);
    start();
    check_found("liba.so", NULL, NULL, __LINE__);
    assert_true(need_of("liba.so")->hit != TFD_NONE);
    assert_true(tfd_str_is(need_of("liba.so")->tried[0].why, "for another processor"));
}

/* ---- loaded objects */

static void test_loaded_name_wins(void **state)
{
    bool ok;

    (void)state;
    PROGRAM(.needed = {"liba.so"}, .runpath = "/runpath");
    OBJECT("/runpath/liba.so", .soname = "liba.so.1");
    OBJECT("/app/m.so", .needed = {"liba.so.1"}, .runpath = "/app/lib");
    OBJECT("/app/lib/liba.so.1", .soname = "liba.so.1");
    start();
    (void)open_object("/app/m.so", &ok);
    assert_true(ok);
    check_found("liba.so.1", "/runpath/liba.so", "already loaded", __LINE__);
}

/* What a failed dlopen brought is unloaded again: the next object searches anew. */
static void test_unload_after_failure(void **state)
{
    bool ok;

    (void)state;
    PROGRAM(.soname = NULL);
    OBJECT("/app/one.so", .needed = {"liba.so", "missing.so"}, .runpath = "/runpath");
    OBJECT("/app/two.so", .needed = {"liba.so"}, .runpath = "/app/lib");
    OBJECT("/runpath/liba.so", .soname = "liba.so");
    OBJECT("/app/lib/liba.so", .soname = "liba.so");
    start();
    (void)open_object("/app/one.so", &ok);
    assert_false(ok);
    (void)open_object("/app/two.so", &ok);
    assert_true(ok);
    assert_true(tfd_str_is(w.loader.needs.items[w.loader.needs.count - 1].rule, "RUNPATH of /app/two.so"));
}

static void test_preload(void **state)
{
    bool ok;

    (void)state;
    PROGRAM(.needed = {"liba.so"}, .runpath = "/runpath");
    OBJECT("/runpath/liba.so", .soname = "liba.so");
    OBJECT("/env/other.so", .soname = "liba.so");
    memory_add(&w.machine, "/env/empty.so", "", 0);
    w.settings.preload = TFD_STR("/nowhere.so /env/empty.so:/env/other.so");
    start();
    assert_true(w.ok); /* what cannot be preloaded is warned about */
    check_found("/nowhere.so", NULL, NULL, __LINE__);
    check_found("liba.so", "/env/other.so", "already loaded", __LINE__);
    assert_true(tfd_str_is(w.loader.files.items[need_of("liba.so")->hit].rule, "LD_PRELOAD"));
    (void)open_object("/nowhere/m.so", &ok);
    assert_false(ok);
}

/* ---- versions and symbols */

static void test_versions(void **state)
{
    bool ok;

    (void)state;
    PROGRAM(.needed = {"liba.so", "libb.so"}, .runpath = "/runpath");
    OBJECT("/runpath/liba.so", .soname = "liba.so", .defs = {"A_1"}, .exports = {"f@@A_1"});
    OBJECT("/runpath/libb.so", .soname = "libb.so",
           .exports = {"g"}); /* no versions at all: only a warning */
    OBJECT("/app/good.so", .needed = {"liba.so", "libb.so"}, .undefined = {"f@A_1:liba.so", "g@B_1:libb.so"});
    OBJECT("/app/weak.so", .needed = {"liba.so"}, .undefined = {"?f@A_2:liba.so"});
    OBJECT("/app/bad.so", .needed = {"liba.so"}, .undefined = {"f@A_1:liba.so", "h@A_2:liba.so"});
    start();
    (void)open_object("/app/good.so", &ok);
    assert_true(ok);
    (void)open_object("/app/weak.so", &ok);
    assert_true(ok);
    assert_int_equal(w.loader.problems.count, 0);
    (void)open_object("/app/bad.so", &ok);
    assert_false(ok);
    assert_int_equal(w.loader.problems.count, 1);
    assert_int_equal(w.loader.problems.items[0].kind, TFD_SYMBOL_NO_VERSION);
    assert_true(tfd_str_is(w.loader.problems.items[0].version, "A_2"));
    assert_true(
        tfd_str_is(w.loader.files.items[w.loader.problems.items[0].provider].path, "/runpath/liba.so"));
}

static void test_undefined(void **state)
{
    static const struct {
        int line;
        const char *undefined;
        size_t count; /* of problems */
    } cases[] = {
        {__LINE__, "from_program", 0},    {__LINE__, "from_own_library", 0},
        {__LINE__, "?nowhere", 0},        {__LINE__, "!nowhere", 0},
        {__LINE__, "nowhere", 1},         {__LINE__, "+nowhere", 1},
        {__LINE__, "of_other_module", 1}, {__LINE__, "own", 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mkelf module = {.needed = {"liba.so"}, .runpath = "/app/lib", .exports = {"own"}};
        bool ok;

        (void)tear_down(state);
        (void)set_up(state);
        module.undefined[0] = cases[i].undefined;
        PROGRAM(.exports = {"from_program"});
        OBJECT("/app/lib/liba.so", .soname = "liba.so", .exports = {"from_own_library"});
        OBJECT("/app/other.so", .exports = {"of_other_module"});
        add_object("/app/m.so", &module);
        start();
        (void)open_object("/app/other.so", &ok);
        assert_true(ok);
        (void)open_object("/app/m.so", &ok);
        if (w.loader.problems.count != cases[i].count || ok != (cases[i].count == 0))
            fail_msg("line %d: %zu problems", cases[i].line, w.loader.problems.count);
        if (cases[i].count)
            assert_true(tfd_str_is(w.loader.files.items[w.loader.problems.items[0].provider].path,
                                   "/app/lib/liba.so"));
    }
}

/* RTLD_GLOBAL lets later modules see the symbols of one opened before. */
static void test_global(void **state)
{
    size_t file;
    bool ok;

    (void)state;
    PROGRAM(.soname = NULL);
    OBJECT("/app/other.so", .exports = {"of_other_module"});
    OBJECT("/app/m.so", .undefined = {"of_other_module"});
    start();
    assert_int_equal(tfd_loader_open(&w.loader, TFD_STR("/app/other.so"), true, &file, &ok, NULL), TFD_OK);
    (void)open_object("/app/m.so", &ok);
    assert_true(ok);
}

/* A library needed in a circle and by itself ends. */
static void test_circle(void **state)
{
    (void)state;
    PROGRAM(.needed = {"liba.so"}, .rpath = "/rpath");
    OBJECT("/rpath/liba.so", .soname = "liba.so", .needed = {"libb.so", "liba.so"});
    OBJECT("/rpath/libb.so", .soname = "libb.so", .needed = {"liba.so"});
    start();
    assert_true(w.ok);
}

static void test_musl(void **state)
{
    (void)state;
    OBJECT("/lib/ld-musl-x86_64.so.1", .soname = "libc.musl-x86_64.so.1");
    OBJECT("/bin/prog", .interp = "/lib/ld-musl-x86_64.so.1", .pie = true, .needed = {"liba.so", "libb.so"},
           .runpath = "/runpath");
    OBJECT("/runpath/liba.so", .soname = "liba.so", .needed = {"libc.so"});
    OBJECT("/runpath/libc.so", .soname = "libc.so");
    OBJECT("/app/lib/libb.so", .soname = "libb.so");
    memory_add(&w.machine, "/etc/ld-musl-x86_64.path", "/lib\n/app/lib\n", 14);
    start();
    assert_true(w.ok);
    check_found("libc.so", "/runpath/libc.so", "RPATH of /bin/prog", __LINE__); /* RUNPATH is inherited */
    check_found("libb.so", "/app/lib/libb.so", "/app/lib", __LINE__);
}

static void test_out_of_memory(void **state)
{
    tfd_status st = TFD_ENOMEM;
    long at;

    (void)state;
    PROGRAM(.needed = {"liba.so"}, .rpath = "/rpath", .undefined = {"f"});
    OBJECT("/rpath/liba.so", .soname = "liba.so", .exports = {"f"});
    for (at = 1; st != TFD_OK && at < 1000; at++) {
        tfd_arena_done(&w.arena);
        tfd_arena_init(&w.arena, 0);
        w.arena.fail_at = at;
        st = tfd_loader_init(&w.loader, &w.machine.sys, &w.arena, &w.arena, &w.settings, NULL);
        if (st == TFD_OK)
            st = tfd_loader_start(&w.loader, TFD_STR("/bin/prog"), &w.ok, NULL);
        assert_true(st == TFD_OK || st == TFD_ENOMEM);
    }
    assert_int_equal(st, TFD_OK);
    assert_true(at > 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_order),
        TEST(test_later_places),
        TEST(test_inheritance),
        TEST(test_tokens),
        TEST(test_environment_path),
        TEST(test_hwcaps),
        TEST(test_candidates),
        TEST(test_folder),
        TEST(test_only_passed_over),
        TEST(test_loaded_name_wins),
        TEST(test_unload_after_failure),
        TEST(test_preload),
        TEST(test_versions),
        TEST(test_undefined),
        TEST(test_global),
        TEST(test_circle),
        TEST(test_musl),
        TEST(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
