#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loader/ldcache.h"
#include "../helpers/mkcache.h"

static const mkcache_entry entries[] = {
    {"libz.so.1", "/lib/libz.so.1", TFD_LDCACHE_X86_64, 0},
    {"libz.so.1", "/lib32/libz.so.1", TFD_LDCACHE_386, 0},
    {"libx10.so", "/lib/libx10.so", TFD_LDCACHE_X86_64, 0},
    {"libx9.so", "/lib/libx9.so", TFD_LDCACHE_X86_64, 0},
    {"libc.so.6", "/lib/glibc-hwcaps/x86-64-v3/libc.so.6", TFD_LDCACHE_X86_64, (uint64_t)1 << 62 | 1},
    {"libc.so.6", "/lib/glibc-hwcaps/x86-64-v2/libc.so.6", TFD_LDCACHE_X86_64, (uint64_t)1 << 62},
    {"libc.so.6", "/lib/tls/libc.so.6", TFD_LDCACHE_X86_64, (uint64_t)1 << 63},
    {"libc.so.6", "/lib/libc.so.6", TFD_LDCACHE_X86_64, 0},
    {"libarm.so", "/lib/libarm.so", TFD_LDCACHE_AARCH64, 0},
};
static const char *const hwcaps[] = {"x86-64-v2", "x86-64-v3", NULL};

static void check_find(const tfd_ldcache *cache, size_t allowed_from)
{
    static const tfd_str allowed[] = {TFD_STR_INIT("x86-64-v4"), TFD_STR_INIT("x86-64-v3"),
                                      TFD_STR_INIT("x86-64-v2")};
    static const struct {
        int line;
        const char *name;
        int32_t flags;
        size_t from; /* first allowed hwcaps name */
        const char *expected;
    } cases[] = {
        {__LINE__, "libz.so.1", TFD_LDCACHE_X86_64, 3, "/lib/libz.so.1"},
        {__LINE__, "libz.so.1", TFD_LDCACHE_386, 3, "/lib32/libz.so.1"},
        {__LINE__, "libx9.so", TFD_LDCACHE_X86_64, 3, "/lib/libx9.so"},
        {__LINE__, "libx10.so", TFD_LDCACHE_X86_64, 3, "/lib/libx10.so"},
        {__LINE__, "libarm.so", TFD_LDCACHE_X86_64, 3, ""},
        {__LINE__, "libarm.so", TFD_LDCACHE_AARCH64, 3, "/lib/libarm.so"},
        {__LINE__, "liba.so", TFD_LDCACHE_X86_64, 3, ""},
        {__LINE__, "libzz.so", TFD_LDCACHE_X86_64, 3, ""},
        {__LINE__, "", TFD_LDCACHE_X86_64, 3, ""},
        {__LINE__, "libc.so.6", TFD_LDCACHE_X86_64, 3, "/lib/libc.so.6"},
        {__LINE__, "libc.so.6", TFD_LDCACHE_X86_64, 2, "/lib/glibc-hwcaps/x86-64-v2/libc.so.6"},
        {__LINE__, "libc.so.6", TFD_LDCACHE_X86_64, 0, "/lib/glibc-hwcaps/x86-64-v3/libc.so.6"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tfd_str got;

        if (cases[i].from < allowed_from)
            continue;
        got = tfd_ldcache_find(cache, tfd_str_of(cases[i].name), cases[i].flags, allowed + cases[i].from,
                               3 - cases[i].from);
        if (!tfd_str_is(got, cases[i].expected))
            fail_msg("line %d: '%.*s', expected '%s'", cases[i].line, TFD_ARG(got), cases[i].expected);
    }
}

static void test_find(void **state)
{
    static uint8_t bytes[MKCACHE_MAX];
    size_t len = mkcache_build(bytes, entries, sizeof entries / sizeof entries[0], hwcaps);
    tfd_arena arena;
    tfd_ldcache cache;

    (void)state;
    tfd_arena_init(&arena, 0);
    assert_int_equal(tfd_ldcache_parse(&arena, (tfd_str){(const char *)bytes, len}, &cache, NULL), TFD_OK);
    check_find(&cache, 0);
    tfd_arena_done(&arena);
}

/* The layout that glibc wrote until 2.31 by default: a libc5 table first, the new header behind it, aligned
 * to 8. */
static void test_behind_old_table(void **state)
{
    static uint8_t bytes[MKCACHE_MAX + 64];
    static uint8_t inner[MKCACHE_MAX];
    size_t len = mkcache_build(inner, entries, sizeof entries / sizeof entries[0], hwcaps);
    tfd_arena arena;
    tfd_ldcache cache;

    (void)state;
    tfd_arena_init(&arena, 0);
    memcpy(bytes, "ld.so-1.7.0", 11);
    bytes[12] = 1; /* one entry of 12 bytes: 28, aligned 32 */
    memcpy(bytes + 32, inner, len);
    assert_int_equal(tfd_ldcache_parse(&arena, (tfd_str){(const char *)bytes, len + 32}, &cache, NULL),
                     TFD_OK);
    check_find(&cache, 0);
    tfd_arena_done(&arena);
}

static void test_bad_input(void **state)
{
    static uint8_t bytes[MKCACHE_MAX];
    size_t len = mkcache_build(bytes, entries, sizeof entries / sizeof entries[0], NULL);
    tfd_arena arena;
    tfd_ldcache cache;

    (void)state;
    tfd_arena_init(&arena, 0);
    assert_int_equal(tfd_ldcache_parse(&arena, TFD_STR(""), &cache, NULL), TFD_EFORMAT);
    assert_int_equal(tfd_ldcache_parse(&arena, TFD_STR("ld.so-1.7.0"), &cache, NULL), TFD_EFORMAT);
    assert_int_equal(tfd_ldcache_parse(&arena, TFD_STR("something else"), &cache, NULL), TFD_EFORMAT);
    for (size_t cut = 0; cut < len; cut += 7) {
        tfd_status st = tfd_ldcache_parse(&arena, (tfd_str){(const char *)bytes, cut}, &cache, NULL);

        assert_true(st == TFD_OK || st == TFD_EFORMAT);
        if (st == TFD_OK)
            (void)tfd_ldcache_find(&cache, TFD_STR("libc.so.6"), TFD_LDCACHE_X86_64, NULL, 0);
    }
    memset(bytes + 20, 0xff, 4); /* a count past all bounds is cut to what fits */
    assert_int_equal(tfd_ldcache_parse(&arena, (tfd_str){(const char *)bytes, len}, &cache, NULL), TFD_OK);
    assert_true(cache.count < MKCACHE_MAX);
    tfd_arena_done(&arena);
}

static void test_order(void **state)
{
    static const struct {
        int line;
        const char *a, *b;
        int sign;
    } cases[] = {
        {__LINE__, "libx.so.9", "libx.so.10", -1},
        {__LINE__, "libx.so.10", "libx.so.10", 0},
        {__LINE__, "libx1", "libx", 1},
        {__LINE__, "libx", "libx1", -1},
        {__LINE__, "liba", "libb", -1},
        {__LINE__, "lib1", "liba", 1},
        {__LINE__, "", "", 0},
        {__LINE__, "", "a", -1},
        {__LINE__, "a", "", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int got = tfd_ldcache_compare(tfd_str_of(cases[i].a), tfd_str_of(cases[i].b));

        if ((got > 0) - (got < 0) != cases[i].sign)
            fail_msg("line %d: %d", cases[i].line, got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_behind_old_table),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
