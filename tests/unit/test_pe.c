#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "formats/pe.h"
#include "../helpers/memory_machine.h"
#include "../helpers/mkpe.h"

typedef struct fixture {
    memory_machine machine;
    tfd_arena arena;
    mkpe_out image;
    tfd_pe pe;
    tfd_reader reader;
    char seen[512]; /* symbols of the import visited last, with ',' between */
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

/* Parses the first len bytes of the image in f; the reader stays open. */
static void parse(fixture *f, size_t len)
{
    tfd_err err;

    tfd_arena_done(&f->arena);
    tfd_arena_init(&f->arena, 0);
    memory_init(&f->machine);
    memory_add(&f->machine, "/x.dll", f->image.bytes, len);
    assert_int_equal(tfd_reader_open(&f->reader, &f->machine.sys, TFD_STR("/x.dll"), &err), TFD_OK);
    assert_int_equal(tfd_pe_parse(&f->reader, &f->arena, &f->pe, &err), TFD_OK);
}

static void parse_spec(fixture *f, const mkpe *spec)
{
    mkpe_build(spec, &f->image);
    parse(f, f->image.len);
}

static void check_text(tfd_str got, const char *expected, int line)
{
    if (!tfd_str_is(got, expected))
        fail_msg("line %d: '%.*s', expected '%s'", line, TFD_ARG(got), expected);
}

static mkpe full_spec(int bits)
{
    mkpe spec = {.bits = bits,
                 .machine = bits == 32 ? 0x14c : 0x8664,
                 .imports = {"MSVCP140.dll:_Mtx_lock,?x@y@@QEAAXXZ", "KERNEL32.dll:Sleep,#17,Beep",
                             "~delay.dll:Late,#3"},
                 .exports = {"alpha", "beta=other.gamma", "delta=ntdll.#12", "omega"},
                 .base = 5,
                 .dll = "self.dll",
                 .version = {14, 29, 30133, 2},
                 .original_name = "self.dll",
                 .manifest =
                     "<assembly><assemblyIdentity name='own' version='1.0'/><dependency>"
                     "<dependentAssembly><assemblyIdentity type=\"win32\" name = \"Microsoft.VC90.CRT\" "
                     "version=\"9.0.21022.8\" processorArchitecture='amd64'/></dependentAssembly>"
                     "</dependency></assembly>",
                 .certificate = true};

    return spec;
}

static void test_headers(void **state)
{
    fixture *f = *state;

    for (int bits = 32; bits <= 64; bits += 32) {
        mkpe spec = full_spec(bits);

        parse_spec(f, &spec);
        assert_int_equal(f->pe.state, TFD_PE_OK);
        assert_int_equal(f->pe.bits, bits);
        assert_int_equal(tfd_pe_arch(&f->pe), bits == 32 ? TFD_ARCH_X86 : TFD_ARCH_X86_64);
        assert_int_equal(f->pe.linker[0], 14);
        assert_int_equal(f->pe.linker[1], 29);
        assert_int_equal(f->pe.subsystem, 2);
        assert_int_equal(f->pe.subsystem_version[0], 6);
        assert_int_equal(f->pe.dll_characteristics, 0x160);
        assert_true((f->pe.characteristics & TFD_PE_IS_DLL) != 0);
        assert_true(f->pe.has_certificate);
        assert_false(f->pe.has_clr);
        assert_int_equal(f->pe.image_base, bits == 32 ? 0x400000u : 0x180000000u);
        assert_int_equal(f->pe.section_count, 2);
        assert_string_equal(f->pe.sections[1].name, ".all");
    }
}

static bool visit(void *ctx, const tfd_pe_symbol *symbol)
{
    fixture *f = ctx;
    size_t used = strlen(f->seen);

    if (symbol->by_ordinal)
        (void)snprintf(f->seen + used, sizeof f->seen - used, "#%u,", (unsigned)symbol->ordinal);
    else
        (void)snprintf(f->seen + used, sizeof f->seen - used, "%.*s,", TFD_ARG(symbol->name));
    return true;
}

static void check_import(fixture *f, size_t i, const char *dll, bool is_delayed, const char *symbols)
{
    check_text(f->pe.imports[i].dll, dll, (int)i);
    assert_int_equal(f->pe.imports[i].is_delayed, is_delayed);
    f->seen[0] = 0;
    assert_int_equal(tfd_pe_each_symbol(&f->reader, &f->pe, &f->pe.imports[i], visit, f, NULL), TFD_OK);
    assert_string_equal(f->seen, symbols);
}

static void test_imports(void **state)
{
    fixture *f = *state;

    for (int bits = 32; bits <= 64; bits += 32) {
        mkpe spec = full_spec(bits);

        parse_spec(f, &spec);
        assert_int_equal(f->pe.import_count, 3);
        check_import(f, 0, "MSVCP140.dll", false, "_Mtx_lock,?x@y@@QEAAXXZ,");
        check_import(f, 1, "KERNEL32.dll", false, "Sleep,#17,Beep,");
        check_import(f, 2, "delay.dll", true, "Late,#3,");
    }
}

/* VC++ 6 wrote addresses into the table of delayed imports, of 32-bit images only. */
static void test_delayed_by_address(void **state)
{
    fixture *f = *state;
    mkpe spec = {.bits = 32, .machine = 0x14c, .imports = {"~~old.dll:Late,Later", "a.dll:x"}};

    parse_spec(f, &spec);
    assert_int_equal(f->pe.import_count, 2);
    check_import(f, 0, "a.dll", false, "x,");
    check_import(f, 1, "old.dll", true, "Late,Later,");
    assert_true(f->pe.imports[1].is_bound_by_address);
}

/* A DLL of which nothing is imported is not loaded; delayed tables that nobody can read hurt nobody. */
static void test_unused(void **state)
{
    fixture *f = *state;
    mkpe spec = {.imports = {"empty.dll:", "a.dll:x", "~late.dll:y"}};

    parse_spec(f, &spec);
    assert_int_equal(f->pe.import_count, 2);
    check_text(f->pe.imports[0].dll, "a.dll", __LINE__);
    mkpe_put(&f->image, f->image.directories + 8 * 13, 0x7fffffff, 4);
    parse(f, f->image.len);
    assert_int_equal(f->pe.state, TFD_PE_OK);
    assert_int_equal(f->pe.import_count, 1);
}

static void check_export(fixture *f, const char *name, uint32_t near, tfd_status expected,
                         const char *forwarder)
{
    tfd_pe_export out;

    assert_int_equal(tfd_pe_export_find(&f->reader, &f->pe, tfd_str_of(name), near, &out, NULL), expected);
    check_text(out.forwarder, forwarder, (int)near);
}

static void test_exports(void **state)
{
    fixture *f = *state;
    mkpe spec = full_spec(64);
    tfd_pe_export out;
    tfd_str dll, name;

    parse_spec(f, &spec);
    check_text(f->pe.exports.dll, "self.dll", __LINE__);
    for (uint32_t near = 0; near < 7; near++) {
        check_export(f, "alpha", near, TFD_OK, "");
        check_export(f, "beta", near, TFD_OK, "other.gamma");
        check_export(f, "delta", near, TFD_OK, "ntdll.#12");
        check_export(f, "omega", near, TFD_OK, "");
        check_export(f, "", near, TFD_ENOENT, "");
        check_export(f, "alpha2", near, TFD_ENOENT, "");
        check_export(f, "cut", near, TFD_ENOENT, "");
        check_export(f, "zeta", near, TFD_ENOENT, "");
    }
    assert_int_equal(tfd_pe_export_at(&f->reader, &f->pe, 6, &out, NULL), TFD_OK);
    check_text(out.forwarder, "other.gamma", __LINE__);
    assert_int_equal(tfd_pe_export_at(&f->reader, &f->pe, 4, &out, NULL), TFD_ENOENT);
    assert_int_equal(tfd_pe_export_at(&f->reader, &f->pe, 9, &out, NULL), TFD_ENOENT);
    assert_true(tfd_pe_forwarder_split(&f->arena, TFD_STR("other.gamma"), &dll, &name));
    check_text(dll, "other.dll", __LINE__);
    check_text(name, "gamma", __LINE__);
    assert_true(tfd_pe_forwarder_split(&f->arena, TFD_STR("a.drv.#12"), &dll, &name));
    check_text(dll, "a.drv", __LINE__);
    check_text(name, "#12", __LINE__);
    assert_false(tfd_pe_forwarder_split(&f->arena, TFD_STR("nodot"), &dll, &name));
    assert_false(tfd_pe_forwarder_split(&f->arena, TFD_STR("dot."), &dll, &name));
}

static void test_resources(void **state)
{
    fixture *f = *state;
    tfd_pe_version version;
    tfd_pe_manifest manifest;

    for (int bits = 32; bits <= 64; bits += 32) {
        mkpe spec = full_spec(bits);

        parse_spec(f, &spec);
        assert_int_equal(tfd_pe_read_version(&f->reader, &f->arena, &f->pe, &version, NULL), TFD_OK);
        assert_true(version.is_present);
        check_text(version.text, "14.29.30133.2", __LINE__);
        assert_int_equal(version.product[1], 29);
        check_text(version.original_name, "self.dll", __LINE__);
        assert_int_equal(tfd_pe_read_manifest(&f->reader, &f->arena, &f->pe, &manifest, NULL), TFD_OK);
        assert_true(manifest.is_present);
        assert_int_equal(manifest.count, 1);
        check_text(manifest.items[0].name, "Microsoft.VC90.CRT", __LINE__);
        check_text(manifest.items[0].version, "9.0.21022.8", __LINE__);
        check_text(manifest.items[0].arch, "amd64", __LINE__);
    }
}

static void test_no_resources(void **state)
{
    fixture *f = *state;
    mkpe spec = {.imports = {"a.dll:x"}};
    tfd_pe_version version;
    tfd_pe_manifest manifest;

    parse_spec(f, &spec);
    assert_int_equal(tfd_pe_read_version(&f->reader, &f->arena, &f->pe, &version, NULL), TFD_OK);
    assert_false(version.is_present);
    assert_int_equal(tfd_pe_read_manifest(&f->reader, &f->arena, &f->pe, &manifest, NULL), TFD_OK);
    assert_false(manifest.is_present);
    assert_false(f->pe.has_certificate);
}

static void test_states_of_files(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        tfd_pe_state expected;
        int line;
    } rows[] = {
        {"", 0, TFD_PE_EMPTY, __LINE__},
        {"M", 1, TFD_PE_SHORT, __LINE__},
        {"MZ\220", 3, TFD_PE_SHORT, __LINE__},
        {"version https://git-lfs.github.com/spec/v1\n", 43, TFD_PE_NOT_PE, __LINE__},
        {"\0\0\0\0\0\0\0\0", 8, TFD_PE_NOT_PE, __LINE__},
        {"\177ELF\2\1\1", 7, TFD_PE_NOT_PE, __LINE__},
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(&f->image, 0, sizeof f->image);
        memcpy(f->image.bytes, rows[i].bytes, rows[i].len);
        parse(f, rows[i].len);
        if (f->pe.state != rows[i].expected || (f->pe.why.len == 0) != (rows[i].expected == TFD_PE_OK))
            fail_msg("line %d: state %d '%.*s'", rows[i].line, f->pe.state, TFD_ARG(f->pe.why));
    }
}

/* Every shorter file is told from a whole one, and read without harm. */
static void test_cut_anywhere(void **state)
{
    fixture *f = *state;
    mkpe spec = full_spec(64);

    spec.certificate = false;
    mkpe_build(&spec, &f->image);
    for (size_t len = 0; len < f->image.len; len++) {
        size_t whole = f->image.len;

        parse(f, len);
        if (f->pe.state == TFD_PE_OK)
            fail_msg("%zu of %zu bytes are taken for a whole file", len, whole);
        if (len >= MKPE_OFFSET)
            assert_int_equal(f->pe.state, TFD_PE_TRUNCATED);
    }
}

static void test_damaged(void **state)
{
    fixture *f = *state;
    mkpe spec = full_spec(64);

    mkpe_build(&spec, &f->image);
    mkpe_put(&f->image, f->image.optional, 0x107, 2);
    parse(f, f->image.len);
    assert_int_equal(f->pe.state, TFD_PE_DAMAGED);
    mkpe_build(&spec, &f->image);
    mkpe_put(&f->image, f->image.directories + 8, 0x7ffffff0, 4);
    parse(f, f->image.len);
    assert_int_equal(f->pe.state, TFD_PE_DAMAGED);
    mkpe_build(&spec, &f->image);
    memset(f->image.bytes + f->image.exports, 0, 40);
    parse(f, f->image.len);
    assert_int_equal(f->pe.state, TFD_PE_DAMAGED);
    mkpe_build(&spec, &f->image);
    mkpe_put(&f->image, f->image.exports + 24, 0xffffffff, 4);
    parse(f, f->image.len);
    assert_int_equal(f->pe.state, TFD_PE_DAMAGED);
    mkpe_build(&spec, &f->image);
    mkpe_put(&f->image, 64, 0x4e45, 4); /* "NE": a program of Windows 3 */
    parse(f, f->image.len);
    assert_int_equal(f->pe.state, TFD_PE_NOT_PE);
    mkpe_build(&spec, &f->image);
    mkpe_put(&f->image, 70, 0xffff, 2);
    parse(f, f->image.len);
    assert_int_equal(f->pe.state, TFD_PE_DAMAGED);
}

static void test_machine_names(void **state)
{
    fixture *f = *state;

    tfd_arena_init(&f->arena, 0);
    check_text(tfd_pe_machine_name(&f->arena, 0x8664), "x64", __LINE__);
    check_text(tfd_pe_machine_name(&f->arena, 0xaa64), "ARM64", __LINE__);
    check_text(tfd_pe_machine_name(&f->arena, 0x1f0), "machine 0x1f0", __LINE__);
}

/* Each request of memory fails once: a status, no crash. */
static void test_out_of_memory(void **state)
{
    fixture *f = *state;
    mkpe spec = full_spec(64);
    tfd_pe_version version;
    tfd_pe_manifest manifest;

    mkpe_build(&spec, &f->image);
    for (long fail_at = 1; fail_at < 40; fail_at++) {
        tfd_status st;

        parse(f, f->image.len);
        f->arena.fail_at = fail_at;
        st = tfd_pe_parse(&f->reader, &f->arena, &f->pe, NULL);
        if (st == TFD_OK)
            st = tfd_pe_read_version(&f->reader, &f->arena, &f->pe, &version, NULL);
        if (st == TFD_OK)
            st = tfd_pe_read_manifest(&f->reader, &f->arena, &f->pe, &manifest, NULL);
        assert_true(st == TFD_OK || st == TFD_ENOMEM);
        assert_int_equal(st == TFD_ENOMEM, f->arena.failed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_imports, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_delayed_by_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_exports, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_resources, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_resources, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_states_of_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_anywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_machine_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_out_of_memory, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
