#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/distinfo.h"

static void test_names(void **state)
{
    static const struct {
        int line;
        const char *entry;
        tfd_info_form form;
        const char *name, *version;
    } cases[] = {
        {__LINE__, "tensorflow_cpu-2.20.0.dist-info", TFD_INFO_DIST, "tensorflow_cpu", "2.20.0"},
        {__LINE__, "gast-0.2.2-py3.7.egg-info", TFD_INFO_EGG, "gast", "0.2.2"},
        {__LINE__, "mypkg.egg-info", TFD_INFO_EGG, "mypkg", ""},
        {__LINE__, "mypkg.egg-link", TFD_INFO_LINK, "mypkg", ""},
        {__LINE__, ".dist-info", TFD_INFO_NONE, "", ""},
        {__LINE__, "numpy", TFD_INFO_NONE, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tfd_str name, version;

        if (tfd_info_split(tfd_str_of(cases[i].entry), &name, &version) != cases[i].form ||
            !tfd_str_is(name, cases[i].name) || !tfd_str_is(version, cases[i].version))
            fail_msg("line %d: %s", cases[i].line, cases[i].entry);
    }
}

static void test_headers(void **state)
{
    static const char text[] =
        "Metadata-Version: 2.1\r\nName: x\r\nno colon here\nDescription: a\n  folded\n\tline\n"
        "Requires-Dist:  numpy<2  \n\nRequires-Dist: not-a-header\n";
    tfd_headers headers = {TFD_STR_INIT(text), 0};
    tfd_header header;

    (void)state;
    assert_int_equal(tfd_headers_end(headers.rest), strstr(text, "\n\n") + 1 - text);
    assert_int_equal(tfd_headers_end(TFD_STR("Name: x\nVersion: 1")), TFD_NPOS);
    assert_int_equal(tfd_headers_end(TFD_STR("a: b\r\n\r\nc")), 6);
    assert_true(tfd_header_next(&headers, &header) && tfd_str_is(header.value, "2.1") && header.line == 1);
    assert_true(tfd_header_next(&headers, &header) && tfd_str_is(header.key, "Name"));
    assert_true(tfd_header_next(&headers, &header) && tfd_str_is(header.key, "Description"));
    assert_true(tfd_str_is(header.value, "a\n  folded\n\tline") && header.line == 4);
    assert_true(tfd_header_next(&headers, &header) && tfd_str_is(header.value, "numpy<2") &&
                header.line == 7);
    assert_false(tfd_header_next(&headers, &header));
    assert_false(tfd_header_next(&headers, &header));
}

static void test_record(void **state)
{
    static const struct {
        int line;
        const char *row, *path, *hash;
        bool has_size;
        uint64_t size;
    } cases[] = {
        {__LINE__, "a/b.py,sha256=xyz,12", "a/b.py", "sha256=xyz", true, 12},
        {__LINE__, "a/__pycache__/b.cpython-312.pyc,,", "a/__pycache__/b.cpython-312.pyc", "", false, 0},
        {__LINE__, "a.dist-info/RECORD,,\r", "a.dist-info/RECORD", "", false, 0},
        {__LINE__, "\"a,b.py\",sha256=x,3", "a,b.py", "sha256=x", true, 3},
        {__LINE__, "\"a\"\"q\"\".py\",sha256=x,3", "a\"q\".py", "sha256=x", true, 3},
        {__LINE__, "..\\..\\Scripts\\x.exe,sha256=x,3", "../../Scripts/x.exe", "sha256=x", true, 3},
        {__LINE__, "a.py", "a.py", "", false, 0},
        {__LINE__, "a.py,,99999999999999999999999", "a.py", "", false, 0},
        {__LINE__, "\"open,sha256=x,3", "", "", false, 0},
        {__LINE__, "\"\",,", "", "", false, 0},
        {__LINE__, "", "", "", false, 0},
    };
    char scratch[TFD_RECORD_PATH_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tfd_str rest = tfd_str_of(cases[i].row);
        tfd_record_row row;
        bool got = tfd_record_next(&rest, scratch, &row);

        if (got != (cases[i].row[0] != '\0') || !tfd_str_is(row.path, cases[i].path) ||
            !tfd_str_is(row.hash, cases[i].hash) || row.has_size != cases[i].has_size ||
            row.size != cases[i].size)
            fail_msg("line %d: %s gave path '%.*s'", cases[i].line, cases[i].row, TFD_ARG(row.path));
    }
}

static void test_sha256(void **state)
{
    /* SHA-256 of nothing. */
    static const char *const right = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
    uint8_t out[32];

    (void)state;
    assert_true(tfd_record_sha256(tfd_str_of(right), out));
    assert_int_equal(out[0] << 8 | out[31], 0xe355);
    assert_true(tfd_record_sha256(TFD_STR("sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU="), out));
    assert_false(tfd_record_sha256(TFD_STR("md5=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"), out));
    assert_false(tfd_record_sha256(TFD_STR("sha256=short"), out));
    assert_false(tfd_record_sha256(TFD_STR("sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuF!"), out));
    assert_true(tfd_record_is_bytecode(TFD_STR("a/__pycache__/b.cpython-312.pyc")));
    assert_false(tfd_record_is_bytecode(TFD_STR("a/b.py")));
}

static void test_egg_requires(void **state)
{
    tfd_egg_requires egg = {
        TFD_STR_INIT("numpy>=1\n\n[dev]\npytest\n[:python_version<'3']\nenum34\n[gpu:os_name=='nt']\nx>1\n"),
        {NULL, 0},
        0};
    static const char *const expected[] = {"numpy>=1", "pytest ; extra == \"dev\"",
                                           "enum34 ; python_version<'3'",
                                           "x>1 ; (os_name=='nt') and extra == \"gpu\""};
    tfd_arena arena;
    tfd_str text;
    size_t line = 0;

    (void)state;
    tfd_arena_init(&arena, 0);
    for (size_t i = 0; i < 4; i++)
        assert_true(tfd_egg_requires_next(&arena, &egg, &text, &line) && tfd_str_is(text, expected[i]));
    assert_int_equal(line, 8);
    assert_false(tfd_egg_requires_next(&arena, &egg, &text, &line));
    tfd_arena_done(&arena);
}

static void test_direct_url(void **state)
{
    tfd_arena arena;
    tfd_str out;

    (void)state;
    tfd_arena_init(&arena, 0);
    assert_int_equal(tfd_direct_url_editable(&arena,
                                             TFD_STR("{\"url\": \"file:///home/me/my%20pkg\", \"dir_info\": "
                                                     "{\"editable\": true}}"),
                                             &out),
                     TFD_OK);
    assert_true(tfd_str_is(out, "/home/me/my pkg"));
    assert_int_equal(
        tfd_direct_url_editable(&arena, TFD_STR("{\"url\": \"file:///x\", \"dir_info\": {}}"), &out), TFD_OK);
    assert_int_equal(out.len, 0);
    assert_int_equal(tfd_direct_url_editable(&arena, TFD_STR("{\"url\""), &out), TFD_EFORMAT);
    assert_int_equal(tfd_direct_url_editable(&arena, TFD_STR(""), &out), TFD_EFORMAT);
    assert_true(tfd_str_is(tfd_file_url_path(&arena, TFD_STR("file:///C:/a%2")), "C:/a%2"));
    assert_int_equal(tfd_file_url_path(&arena, TFD_STR("https://x/y")).len, 0);
    tfd_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),  cmocka_unit_test(test_headers),      cmocka_unit_test(test_record),
        cmocka_unit_test(test_sha256), cmocka_unit_test(test_egg_requires), cmocka_unit_test(test_direct_url),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
