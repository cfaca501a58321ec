#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "formats/elf_constant.h"
#include "formats/elf_symbols.h"
#include "../helpers/memory_machine.h"
#include "../helpers/mkelf.h"

typedef struct fixture {
    memory_machine machine;
    tfd_arena arena;
    mkelf_out object;
    tfd_elf elf;
    tfd_reader reader;
} fixture;

static int set_up(void **state)
{
    static fixture f;

    memset(&f, 0, sizeof f);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    tfd_arena_done(&f->arena);
    return 0;
}

/* Parses the first len bytes of the object in f; the reader stays open. */
static void parse(fixture *f, size_t len)
{
    tfd_err err;

    tfd_arena_done(&f->arena);
    tfd_arena_init(&f->arena, 0);
    memory_init(&f->machine);
    memory_add(&f->machine, "/x.so", f->object.bytes, len);
    assert_int_equal(tfd_reader_open(&f->reader, &f->machine.sys, TFD_STR("/x.so"), &err), TFD_OK);
    assert_int_equal(tfd_elf_parse(&f->reader, &f->arena, &f->elf, &err), TFD_OK);
}

static void parse_spec(fixture *f, const mkelf *spec)
{
    mkelf_build(spec, &f->object);
    parse(f, f->object.len);
}

static void check_text(tfd_str got, const char *expected, int line)
{
    if (!tfd_str_is(got, expected))
        fail_msg("line %d: '%.*s', expected '%s'", line, TFD_ARG(got), expected);
}

static mkelf full_spec(int bits, bool big_endian)
{
    mkelf spec = {.bits = bits,
                  .big_endian = big_endian,
                  .interp = "/lib/ld.so.1",
                  .soname = "libx.so.2",
                  .runpath = "$ORIGIN/../lib",
                  .needed = {"liba.so.1", "libb.so"},
                  .defs = {"X_1", "X_2"},
                  .exports = {"plain", "both@@X_2", "old@X_1"},
                  .undefined = {"need_a@A_1:liba.so.1", "?weak_one", "need_plain"},
                  .isa = 5};

    return spec;
}

static void test_classes_and_byte_orders(void **state)
{
    fixture *f = *state;

    for (int i = 0; i < 4; i++) {
        mkelf spec = full_spec(i & 1 ? 64 : 32, (i & 2) != 0);

        parse_spec(f, &spec);
        assert_int_equal(f->elf.state, TFD_ELF_OK);
        assert_int_equal(f->elf.bits, spec.bits);
        assert_int_equal(f->elf.big_endian, spec.big_endian);
        assert_int_equal(f->elf.machine, 62);
        check_text(f->elf.interp, "/lib/ld.so.1", __LINE__);
        check_text(f->elf.soname, "libx.so.2", __LINE__);
        check_text(f->elf.runpath, "$ORIGIN/../lib", __LINE__);
        assert_true(f->elf.has_runpath);
        assert_false(f->elf.has_rpath);
        assert_int_equal(f->elf.needed_count, 2);
        check_text(f->elf.needed[1], "libb.so", __LINE__);
        assert_int_equal(f->elf.need_count, 1);
        check_text(f->elf.needs[0].name, "A_1", __LINE__);
        check_text(f->elf.needs[0].file, "liba.so.1", __LINE__);
        assert_int_equal(f->elf.def_count, 2);
        check_text(f->elf.defs[1].name, "X_2", __LINE__);
        assert_int_equal(f->elf.isa_needed, 5);
        assert_true(f->elf.has_stack_header);
        assert_false(f->elf.stack_executable);
    }
}

static void test_flags(void **state)
{
    fixture *f = *state;
    mkelf spec = {.bind_now = true, .exec_stack = true, .pie = true, .no_default_dirs = true};

    parse_spec(f, &spec);
    assert_true(f->elf.bind_now && f->elf.stack_executable && f->elf.is_pie && f->elf.no_default_dirs);
    spec = (mkelf){.no_stack = true};
    parse_spec(f, &spec);
    assert_false(f->elf.bind_now || f->elf.has_stack_header || f->elf.is_pie || f->elf.no_default_dirs);
}

/* A search path that fits in no window: TensorFlow 2.21 has one of 20 KB. */
static void test_long_runpath(void **state)
{
    fixture *f = *state;
    static char path[5000];
    mkelf spec = {.runpath = path};

    memset(path, 'a', sizeof path - 1);
    parse_spec(f, &spec);
    assert_int_equal(f->elf.state, TFD_ELF_OK);
    assert_int_equal(f->elf.runpath.len, sizeof path - 1);
}

static void test_states(void **state)
{
    fixture *f = *state;
    mkelf spec = {.soname = "libx.so"};
    static const struct {
        int line;
        const char *text;
        size_t len;
        tfd_elf_state expected;
    } cases[] = {
        {__LINE__, "", 0, TFD_ELF_EMPTY},
        {__LINE__, "\177E", 2, TFD_ELF_SHORT},
        {__LINE__, "version https://git-lfs.github.com/spec/v1\noid sha256:0000000000000000\n", 72,
         TFD_ELF_NOT_ELF},
        {__LINE__, "INPUT(x)", 8, TFD_ELF_NOT_ELF},
        {__LINE__, "\177ELF\2\1\1", 7, TFD_ELF_SHORT},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memcpy(f->object.bytes, cases[i].text, cases[i].len);
        parse(f, cases[i].len);
        if (f->elf.state != cases[i].expected || f->elf.why.len == 0)
            fail_msg("line %d: state %d", cases[i].line, (int)f->elf.state);
    }
    mkelf_build(&spec, &f->object);
    parse(f, 64);
    assert_int_equal(f->elf.state, TFD_ELF_TRUNCATED);
    for (size_t len = 64; len < f->object.len; len += 97) {
        parse(f, len);
        assert_int_equal(f->elf.state, TFD_ELF_TRUNCATED);
    }
}

/* Every byte of a small object set to 0, to 255 and counted up: a state comes back, nothing breaks. */
static void test_damage(void **state)
{
    fixture *f = *state;
    mkelf spec = full_spec(64, false);
    mkelf_out good;
    tfd_elf_exports exports;

    mkelf_build(&spec, &good);
    for (size_t at = 0; at < good.len; at++) {
        if (at == good.dynamic + 600) /* nothing but zeros until the strings */
            at = good.strtab;
        for (int kind = 0; kind < 3; kind++) {
            memcpy(&f->object, &good, sizeof good);
            f->object.bytes[at] = kind == 0 ? 0 : kind == 1 ? 255 : (uint8_t)(good.bytes[at] + 1);
            parse(f, good.len);
            (void)tfd_elf_exports_read(&f->reader, &f->arena, &f->elf, &exports, NULL);
            (void)tfd_elf_exports_has(&exports, &f->elf, tfd_elf_gnu_hash(TFD_STR("plain")), NULL, &f->reader,
                                      TFD_STR("plain"));
        }
    }
}

/* A string table whose size wraps round when it is added to its place. */
static void test_wrapping_sizes(void **state)
{
    fixture *f = *state;
    mkelf spec = {.soname = "libx.so"};

    mkelf_build(&spec, &f->object);
    for (size_t at = f->object.dynamic; f->object.bytes[at] != 0; at += 16)
        if (f->object.bytes[at] == 10)
            memset(f->object.bytes + at + 8, 0xff, 8);
    parse(f, f->object.len);
    assert_int_equal(f->elf.state, TFD_ELF_DAMAGED);
}

/* ---- symbols */

static bool has(fixture *f, const char *name, const char *version, bool is_hidden)
{
    tfd_elf_exports exports;
    tfd_elf_version wanted = {.name = tfd_str_of(version), .is_hidden = is_hidden};
    tfd_str text = tfd_str_of(name);
    tfd_err err;
    bool by_hash;

    wanted.hash = version ? mkelf_sysv_hash(version, strlen(version)) : 0;
    assert_int_equal(tfd_elf_exports_read(&f->reader, &f->arena, &f->elf, &exports, &err), TFD_OK);
    by_hash =
        tfd_elf_exports_has(&exports, &f->elf, tfd_elf_gnu_hash(text), version ? &wanted : NULL, NULL, text);
    assert_int_equal(by_hash, tfd_elf_exports_has(&exports, &f->elf, tfd_elf_gnu_hash(text),
                                                  version ? &wanted : NULL, &f->reader, text));
    return by_hash;
}

static void test_lookup(void **state)
{
    fixture *f = *state;
    static const struct {
        int line;
        const char *name, *version;
        bool expected;
    } cases[] = {
        {__LINE__, "plain", NULL, true},
        {__LINE__, "plain", "X_1", true}, /* no version defined: any is fine */
        {__LINE__, "both", NULL, true},
        {__LINE__, "both", "X_2", true},
        {__LINE__, "both", "X_1", false},
        {__LINE__, "old", "X_1", true},
        {__LINE__, "old", "X_2", false},
        {__LINE__, "absent", NULL, false},
        {__LINE__, "weak_one", NULL, false},
    };

    for (int i = 0; i < 8; i++) {
        mkelf spec = full_spec(i & 1 ? 64 : 32, (i & 2) != 0);

        spec.hash = i & 4 ? MKELF_SYSV : MKELF_GNU;
        parse_spec(f, &spec);
        for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
            if (has(f, cases[k].name, cases[k].version, false) != cases[k].expected)
                fail_msg("line %d, object %d: %s@%s", cases[k].line, i, cases[k].name,
                         cases[k].version ? cases[k].version : "");
    }
}

/* A reference without version binds to one default version, and to the oldest hidden one (index 2). */
static void test_unversioned_reference(void **state)
{
    fixture *f = *state;
    mkelf spec = {.defs = {"V_1", "V_2", "V_3"}, .exports = {"a@V_1", "b@V_2", "c@@V_3", "d@V_2", "d@@V_3"}};

    parse_spec(f, &spec);
    assert_true(has(f, "a", NULL, false));
    assert_false(has(f, "b", NULL, false));
    assert_true(has(f, "c", NULL, false));
    assert_true(has(f, "d", NULL, false));
    assert_true(has(f, "d", "V_2", true));
}

/* Names whose hashes differ in the lowest bit only, in a table of one chain. */
static void test_one_chain(void **state)
{
    fixture *f = *state;
    mkelf spec = {.exports = {"fooi"}};

    mkelf_build(&spec, &f->object);
    mkelf_put(&f->object, f->object.hash, 1, 4); /* the one bucket that is left is the one that is filled */
    if (f->object.even == 0)
        mkelf_put(&f->object, f->object.hash + 24, 1, 4);
    memmove(f->object.bytes + f->object.hash + 28, f->object.bytes + f->object.hash + 32, 4);
    parse(f, f->object.len);
    assert_true(has(f, "fooi", NULL, false));
    assert_false(has(f, "fooh", NULL, false));
    assert_false(has(f, "fooj", NULL, false));
}

static void test_no_exports(void **state)
{
    fixture *f = *state;
    mkelf spec = {.undefined = {"x"}};

    parse_spec(f, &spec);
    assert_false(has(f, "x", NULL, false));
    spec.hash = MKELF_NO_HASH;
    parse_spec(f, &spec);
    assert_false(has(f, "x", NULL, false));
}

typedef struct seen {
    char names[256];
    size_t count;
} seen;

static bool note(void *ctx, const tfd_elf_reference *reference)
{
    seen *s = ctx;
    size_t len = strlen(s->names);

    assert_true(len + reference->name.len + 8 < sizeof s->names);
    memcpy(s->names + len, reference->name.ptr, reference->name.len);
    strcat(s->names, reference->is_weak ? "?" : "");
    strcat(s->names, reference->version ? "@ " : " ");
    s->count++;
    return true;
}

static void test_undefined(void **state)
{
    fixture *f = *state;
    static const mkelf_hash hashes[] = {MKELF_GNU, MKELF_SYSV, MKELF_NO_HASH};

    for (int i = 0; i < 3; i++) {
        mkelf spec = full_spec(i == 1 ? 32 : 64, i == 2);
        seen s = {{0}, 0};
        tfd_err err;

        spec.hash = hashes[i];
        parse_spec(f, &spec);
        assert_int_equal(tfd_elf_each_undefined(&f->reader, &f->elf, note, &s, &err), TFD_OK);
        assert_string_equal(s.names, "need_a@ weak_one? need_plain ");
    }
}

/* Some linkers write first = 1 over an empty GNU hash table: the symbols are counted otherwise then. */
static void test_undefined_without_exports(void **state)
{
    fixture *f = *state;
    mkelf spec = {.undefined = {"x", "y"}};
    seen s = {{0}, 0};

    mkelf_build(&spec, &f->object);
    mkelf_put(&f->object, f->object.hash + 4, 1, 4);
    parse(f, f->object.len);
    assert_int_equal(tfd_elf_each_undefined(&f->reader, &f->elf, note, &s, NULL), TFD_OK);
    assert_string_equal(s.names, "x y ");
}

static void test_relocated(void **state)
{
    fixture *f = *state;
    mkelf spec = {.undefined = {"!unused", "+called", "used"}};
    static const uint32_t symbols[] = {1, 2, 3};
    uint8_t kinds[3];
    size_t first;

    parse_spec(f, &spec);
    assert_int_equal(tfd_elf_find_relocated(&f->reader, &f->elf, symbols, 3, kinds, &first, NULL), TFD_OK);
    assert_int_equal(kinds[0], 0);
    assert_int_equal(kinds[1], TFD_ELF_REF_CALL);
    assert_int_equal(kinds[2], TFD_ELF_REF_DATA);
    assert_int_equal(first, 2); /* data relocations are worked through first */
}

static void test_out_of_memory(void **state)
{
    fixture *f = *state;
    mkelf spec = full_spec(64, false);
    tfd_elf_exports exports;
    tfd_status st = TFD_ENOMEM;

    parse_spec(f, &spec);
    for (long at = 1; st != TFD_OK && at < 200; at++) {
        f->arena.fail_at = at;
        st = tfd_elf_parse(&f->reader, &f->arena, &f->elf, NULL);
        if (st == TFD_OK)
            st = tfd_elf_exports_read(&f->reader, &f->arena, &f->elf, &exports, NULL);
        assert_true(st == TFD_OK || st == TFD_ENOMEM);
    }
    assert_int_equal(st, TFD_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* A symbol's value is an address; in these objects it is the offset in the file as well. */
static void test_constants(void **state)
{
    static const mkelf_hash hashes[] = {MKELF_GNU, MKELF_SYSV};
    fixture *f = *state;

    for (size_t i = 0; i < 2; i++) {
        mkelf spec = {.hash = hashes[i], .exports = {"cudnn_graph_version", "other"}};
        uint32_t value = 0;

        mkelf_build(&spec, &f->object);
        parse(f, f->object.len);
        tfd_reader_close(&f->reader);
        /* Elf64_Sym: name 4, info 1, other 1, section 2, value 8, size 8; the first symbol is none. */
        for (size_t j = 1; j < 3; j++)
            mkelf_put(&f->object, f->object.symtab + 24 * j + 8, f->object.len + 8 * j, 8);
        mkelf_put(&f->object, f->object.len + 8, 596992, 4);
        mkelf_put(&f->object, f->object.len + 16, 596992, 4);
        mkelf_put(&f->object, 64 + 32, f->object.len + 64, 8); /* size in the file of the first segment */
        memory_init(&f->machine);
        memory_add(&f->machine, "/x.so", f->object.bytes, f->object.len + 64);
        assert_int_equal(tfd_elf_constant_read(&f->machine.sys, &f->arena, TFD_STR("/x.so"),
                                               TFD_STR("cudnn_graph_version"), &value, NULL),
                         TFD_OK);
        assert_int_equal(value, 596992);
        assert_int_equal(tfd_elf_constant_read(&f->machine.sys, &f->arena, TFD_STR("/x.so"), TFD_STR("cudnn"),
                                               &value, NULL),
                         TFD_ENOENT);
        memory_add(&f->machine, "/y.so", "text", 4);
        assert_int_equal(
            tfd_elf_constant_read(&f->machine.sys, &f->arena, TFD_STR("/y.so"), TFD_STR("x"), &value, NULL),
            TFD_ENOENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_classes_and_byte_orders),
        TEST(test_flags),
        TEST(test_long_runpath),
        TEST(test_states),
        TEST(test_damage),
        TEST(test_wrapping_sizes),
        TEST(test_lookup),
        TEST(test_unversioned_reference),
        TEST(test_one_chain),
        TEST(test_no_exports),
        TEST(test_undefined),
        TEST(test_undefined_without_exports),
        TEST(test_relocated),
        TEST(test_out_of_memory),
        cmocka_unit_test_setup_teardown(test_constants, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
