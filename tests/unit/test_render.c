/* Reports in both formats against the files of tests/golden. With TFD_UPDATE_GOLDEN set the files are written
 * instead (build target update-golden); look at the difference before it is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "render/json.h"
#include "render/layout.h"
#include "render/render.h"
#include "samples.h"

#define GOLDEN_MAX 65536

typedef struct sample {
    const char *name;
    tfd_report (*make)(void);
} sample;

static const sample samples[] = {
    {"numpy", sample_numpy},       {"healthy", sample_healthy}, {"many", sample_many},
    {"forecast", sample_forecast}, {"crash", sample_crash},
};
#define SAMPLE_COUNT (sizeof samples / sizeof samples[0])

static tfd_buf render(const char *format, const tfd_report *report, const tfd_style *style)
{
    tfd_buf out;

    tfd_buf_init(&out, TFD_RENDER_MAX);
    assert_int_equal(TFD_OK, tfd_renderer_find(tfd_str_of(format))->render(report, style, &out));
    return out;
}

static void write_file(const char *path, tfd_str text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(text.len, fwrite(text.ptr, 1, text.len, file));
    assert_int_equal(0, fclose(file));
}

/* Whole reports for tests/compat/validate_reports.py, where it asks for them. */
static void keep_report(const char *name, tfd_str json)
{
    const char *dir = getenv("TFD_WRITE_REPORTS");
    char path[1024];

    if (!dir)
        return;
    (void)snprintf(path, sizeof path, "%s/%s.json", dir, name);
    write_file(path, json);
}

static void compare_golden(const char *name, const char *suffix, tfd_str got)
{
    static char expected[GOLDEN_MAX];
    char path[1024];
    FILE *file;
    size_t n;

    (void)snprintf(path, sizeof path, "%s/golden/%s.%s", TFD_TEST_DATA, name, suffix);
    if (getenv("TFD_UPDATE_GOLDEN")) {
        write_file(path, got);
        return;
    }
    file = fopen(path, "rb");
    if (!file)
        fail_msg("%s is missing: build the target update-golden", path);
    n = fread(expected, 1, sizeof expected, file);
    (void)fclose(file);
    if (!tfd_str_eq(got, (tfd_str){expected, n}))
        fail_msg("%s differs; what is rendered now:\n%.*s", path, TFD_ARG(got));
}

static void test_golden(void **state)
{
    tfd_style style = {.home = TFD_STR_INIT(HOME)};

    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        tfd_report report = samples[i].make();
        tfd_buf text = render("text", &report, &style), json = render("json", &report, &style);

        compare_golden(samples[i].name, "txt", tfd_buf_get(&text));
        /* Facts stand last; test_facts looks at them, so that a new one changes no golden file. */
        compare_golden(
            samples[i].name, "json",
            tfd_str_sub(tfd_buf_get(&json), 0, tfd_str_find_z(tfd_buf_get(&json), "\n  \"facts\": {") + 1));
        keep_report(samples[i].name, tfd_buf_get(&json));
        tfd_buf_done(&text);
        tfd_buf_done(&json);
    }
}

static bool has_control(tfd_str text)
{
    for (size_t at = 0; at < text.len;) {
        uint32_t code = 0;
        size_t len = tfd_utf8_next(text, at, &code);

        if (len == 0 || (code < 0x20 && code != '\n') || (code >= 0x7f && code < 0xa0) || code == 0x202e)
            return true;
        at += len;
    }
    return false;
}

/* Every width: nothing a terminal obeys, no secret, no prose wider than the terminal, and one page of 24
 * rows. */
static void test_every_width(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++)
        for (size_t columns = 20; columns <= 160; columns += 20) {
            tfd_report report = samples[i].make();
            tfd_style style = {.columns = columns, .home = TFD_STR_INIT(HOME)};
            tfd_buf text = render("text", &report, &style);
            tfd_str all = tfd_buf_get(&text), rest = all, line;

            assert_false(has_control(all));
            assert_true(tfd_str_find_z(all, "s3cr3t99") == TFD_NPOS);
            assert_true(tfd_str_find_z(all, "abcdef012345") == TFD_NPOS);
            if (columns >= 80 && !report.options->verbose)
                assert_true(tfd_layout_rows(all, columns) <= 22);
            while (tfd_str_line(&rest, &line))
                if (tfd_layout_width(line) > columns && tfd_str_find_char(line, '/') == TFD_NPOS &&
                    tfd_str_find_z(line, "unset") == TFD_NPOS &&
                    tfd_str_find_z(line, "apt-get") == TFD_NPOS && columns >= 40)
                    fail_msg("%s, %u columns: '%.*s'", samples[i].name, (unsigned)columns, TFD_ARG(line));
            tfd_buf_done(&text);
        }
}

static void test_color(void **state)
{
    tfd_report report = sample_numpy();
    tfd_style plain = {.rows = 60}, colored = {.color = true, .rows = 60};
    tfd_buf text = render("text", &report, &colored), bare = render("text", &report, &plain), stripped;

    (void)state;
    tfd_buf_init(&stripped, TFD_RENDER_MAX);
    for (size_t i = 0; i < text.len; i++) {
        while (i < text.len && text.ptr[i] == '\x1b')
            i += strcspn(text.ptr + i, "m") + 1;
        if (i < text.len)
            tfd_buf_char(&stripped, text.ptr[i]);
    }
    assert_true(text.len > bare.len);
    assert_true(tfd_str_eq(tfd_buf_get(&stripped), tfd_buf_get(&bare)));
    tfd_buf_done(&text);
    tfd_buf_done(&bare);
    tfd_buf_done(&stripped);
}

static void test_ascii(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        tfd_report report = samples[i].make();
        tfd_style style = {.ascii = true, .columns = 40};
        tfd_buf text = render("text", &report, &style);

        for (size_t k = 0; k < text.len; k++)
            assert_true((unsigned char)text.ptr[k] < 0x80);
        tfd_buf_done(&text);
    }
}

/* ~ only where a shell expands it. */
static void test_home(void **state)
{
    static const struct {
        int line;
        const char *command;
        const char *shown;
    } cases[] = {
        {__LINE__, "/home/me/x -m pip", "~/x -m pip"},
        {__LINE__, "mv /home/me/a /home/me/b", "mv ~/a ~/b"},
        {__LINE__, "'/home/me/a b/x' -m pip", "'/home/me/a b/x' -m pip"},
        {__LINE__, "echo \"in /home/me/x\"", "echo \"in /home/me/x\""},
        {__LINE__, "A=/home/me/x run", "A=/home/me/x run"},
        {__LINE__, "/home/melinda/x", "/home/melinda/x"},
        {__LINE__, "echo it\\'s /home/me/x", "echo it\\'s ~/x"},
        {__LINE__, "cd /home/me", "cd ~"},
        {__LINE__, "x/home/me/y", "x/home/me/y"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tfd_report report = sample_numpy();
        tfd_style style = {.home = TFD_STR_INIT(HOME)};
        tfd_str command = tfd_str_of(cases[i].command);
        tfd_fix fix = report.causes[0].fixes[0];
        tfd_cause cause = report.causes[0];
        tfd_buf text;
        char line[128];

        fix.commands = &command;
        cause.fixes = &fix;
        report.causes = &cause;
        text = render("text", &report, &style);
        (void)snprintf(line, sizeof line, "\n       %s\n", cases[i].shown);
        if (tfd_str_find_z(tfd_buf_get(&text), line) == TFD_NPOS)
            fail_msg("line %d: not in\n%s", cases[i].line, text.ptr);
        tfd_buf_done(&text);
    }
}

static void test_json_values(void **state)
{
    static const char expected[] =
        "{\n"
        "  \"s\": \"a\\\"b\\\\c\\n\\u001b\\u009b\\\\xff\xc3\xbc\\u202e\",\n"
        "  \"n\": [\n    0.971,\n    1,\n    0,\n    -2.5,\n    null,\n    null,\n    12\n  ],\n"
        "  \"e\": [],\n"
        "  \"t\": true,\n"
        "  \"z\": null\n"
        "}\n";
    tfd_buf out;
    tfd_json json;
    double zero = 0;

    (void)state;
    tfd_buf_init(&out, 4096);
    json = tfd_json_to(&out);
    tfd_json_open(&json, NULL, '{');
    tfd_json_str(&json, "s", TFD_STR("a\"b\\c\n\x1b\xc2\x9b\xff\xc3\xbc\xe2\x80\xae"));
    tfd_json_open(&json, "n", '[');
    tfd_json_num(&json, NULL, 0.97123);
    tfd_json_num(&json, NULL, 1.0);
    tfd_json_num(&json, NULL, -0.0001);
    tfd_json_num(&json, NULL, -2.5);
    tfd_json_num(&json, NULL, zero / zero);
    tfd_json_num(&json, NULL, 1e300);
    tfd_json_int(&json, NULL, 12);
    tfd_json_close(&json, ']');
    tfd_json_open(&json, "e", '[');
    tfd_json_close(&json, ']');
    tfd_json_bool(&json, "t", true);
    tfd_json_null(&json, "z");
    tfd_json_close(&json, '}');
    assert_string_equal(expected, out.ptr);
    tfd_buf_done(&out);
}

static void test_facts(void **state)
{
    static const char *const expected[] = {
        "\"cpu.avx2\": {\n      \"value\": true,\n      \"source\": \"CPUID leaf 7, XCR0\"\n    }",
        "\"memory.total\": {\n      \"value\": 16777216000,\n      \"source\": \"/proc/meminfo\"\n    }",
        "\"python.version\": {\n      \"value\": \"3.11.7\",\n      \"source\": \"pyvenv.cfg\"\n    }",
        "\"limit.address_space\": {\n      \"state\": \"absent\",\n      \"source\": \"ulimit -v\"\n    }",
        "\"cpu.fma\": {\n      \"state\": \"unknown\",\n      \"why\": \"not looked at\"\n    }",
    };
    tfd_style style = {0};
    tfd_report report = sample_healthy();
    tfd_buf out = render("json", &report, &style);

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        if (tfd_str_find_z(tfd_buf_get(&out), expected[i]) == TFD_NPOS)
            fail_msg("not there: %s", expected[i]);
    tfd_buf_done(&out);
}

static void test_json_error(void **state)
{
    tfd_style style = {0};
    tfd_report report = sample_base();
    tfd_buf out;

    (void)state;
    report.error = TFD_STR("--python: there is no 'x' on PATH");
    report.hint = TFD_STR("Give a path.");
    out = render("json", &report, &style);
    assert_true(tfd_str_find_z(tfd_buf_get(&out), "\"message\": \"--python: there is no 'x' on PATH\"") !=
                TFD_NPOS);
    assert_true(tfd_str_find_z(tfd_buf_get(&out), "\"causes\"") == TFD_NPOS);
    keep_report("error", tfd_buf_get(&out));
    tfd_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden), cmocka_unit_test(test_every_width), cmocka_unit_test(test_color),
        cmocka_unit_test(test_ascii),  cmocka_unit_test(test_home),        cmocka_unit_test(test_json_values),
        cmocka_unit_test(test_facts),  cmocka_unit_test(test_json_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
