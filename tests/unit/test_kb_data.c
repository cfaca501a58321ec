/* The built-in data is whole: every row says where it comes from, every id and specifier is known, every
 * release has wheels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/cause.h"
#include "formats/pep440.h"
#include "kb/kb.h"
#include "kb/kb_data.h"
#include "kb/kb_read.h"

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

static void fail_row(const char *file, const char *row, const char *what)
{
    fail_msg("%s: row %s: %s", file, row ? row : "?", what);
}

static bool has_text(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsString(item) && item->valuestring[0] != '\0';
}

/* Objects in an array at the top of a file are rows; a file may also say its origin once. */
static void check_origin(const char *file, const cJSON *row)
{
    static const char *const words[] = {"measured", "documented", "seen in code", "reported", "estimated"};
    const cJSON *confidence = cJSON_GetObjectItemCaseSensitive(row, "confidence");
    const char *id = row->child && cJSON_IsString(row->child) ? row->child->valuestring : NULL;
    bool known = false;

    if (!has_text(row, "source") || !has_text(row, "as_of") || !cJSON_IsString(confidence))
        fail_row(file, id, "source, confidence and as_of are needed");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        known = known || strncmp(confidence->valuestring, words[i], strlen(words[i])) == 0;
    if (!known)
        fail_row(file, id, "confidence is none of the known words");
}

static void test_every_row_has_an_origin(void **state)
{
    (void)state;
    for (size_t i = 0; i < tfd_kb_file_count; i++) {
        const char *name = tfd_kb_files[i].name;
        tfd_str text = {(const char *)tfd_kb_files[i].bytes, tfd_kb_files[i].len};
        cJSON *root = NULL;
        const cJSON *list, *row;
        tfd_err err;

        if (i > 0)
            assert_true(strcmp(tfd_kb_files[i - 1].name, name) < 0);
        if (!tfd_str_ends_z(tfd_str_of(name), ".json"))
            continue;
        if (tfd_kb_json_parse(tfd_str_of(name), text, &root, &err) != TFD_OK)
            fail_msg("%s", err.text);
        if (has_text(root, "source")) {
            check_origin(name, root);
        } else {
            cJSON_ArrayForEach(list, root)
            {
                if (!cJSON_IsArray(list))
                    continue;
                cJSON_ArrayForEach(row, list) check_origin(name, row);
            }
        }
        cJSON_Delete(root);
    }
}

/* No name of a package registry's host, and no path of a machine, belongs into the data. */
static void test_data_is_clean(void **state)
{
    static const char *const banned[] = {"py"
                                         "pi.org",
                                         "python"
                                         "hosted",
                                         "/ro"
                                         "ot/",
                                         "/home/",
                                         "/work/",
                                         "/var/cache/"};

    (void)state;
    for (size_t i = 0; i < tfd_kb_file_count; i++) {
        tfd_str text = {(const char *)tfd_kb_files[i].bytes, tfd_kb_files[i].len};

        for (size_t j = 0; j < sizeof banned / sizeof banned[0]; j++) {
            if (tfd_str_find_z(text, banned[j]) != TFD_NPOS)
                fail_msg("%s holds %s", tfd_kb_files[i].name, banned[j]);
        }
    }
}

static void test_causes_and_prose_match(void **state)
{
    fixture *f = *state;
    size_t files = 0;

    for (int id = 0; id < TFD_CAUSE_COUNT; id++) {
        tfd_str name = tfd_str_of(tfd_cause_name((tfd_cause_id)id));
        tfd_str text = tfd_kb_cause_text(f->kb, name);

        if (tfd_kb_cause_title(f->kb, name).len == 0)
            fail_msg("causes/%.*s.md is missing or has no title", TFD_ARG(name));
        assert_true(tfd_str_find_z(text, "## How to confirm") != TFD_NPOS);
        assert_true(tfd_str_find_z(text, "## Repair") != TFD_NPOS);
        assert_true(tfd_str_find_z(text, "## Sources") != TFD_NPOS);
    }
    for (size_t i = 0; i < tfd_kb_file_count; i++)
        files += tfd_str_starts_z(tfd_str_of(tfd_kb_files[i].name), "causes/");
    assert_int_equal(files, TFD_CAUSE_COUNT);
    assert_int_equal(tfd_kb_cause_text(f->kb, TFD_STR("no-such-cause")).len, 0);
    assert_int_equal(tfd_kb_cause_title(f->kb, TFD_STR("")).len, 0);
}

static void test_every_release_is_whole(void **state)
{
    fixture *f = *state;
    const tfd_kb_release *const *all;
    size_t count;

    assert_int_equal(tfd_kb_releases_get(f->kb, &all, &count, NULL), TFD_OK);
    assert_true(count >= 76);
    for (size_t i = 0; i < count; i++) {
        const tfd_kb_wheel *linux = tfd_kb_wheel_find(all[i], TFD_STR("linux-x86_64"));

        assert_true(all[i]->version.len > 0 && all[i]->date.len == 10 && all[i]->cpu.count > 0);
        assert_true(all[i]->requires.count > 0);
        assert_ptr_equal(tfd_kb_release_find(f->kb, all[i]->version), all[i]);
        if (!linux || linux->pythons.count == 0 || linux->glibc.len == 0)
            fail_row("tensorflow", all[i]->version.ptr, "no Python or glibc for linux-x86_64");
    }
    assert_true(tfd_str_is(all[0]->version, "1.15.0"));
    assert_null(tfd_kb_release_find(f->kb, TFD_STR("2.15.99")));
    assert_null(tfd_kb_release_find(f->kb, TFD_STR("99.0")));
    assert_null(tfd_kb_release_find(f->kb, TFD_STR("")));
}

static bool is_specifier(tfd_str text)
{
    return tfd_specifier_match(text, TFD_STR("2.15.0"), TFD_PRE_ALLOW) != TFD_UNKNOWN;
}

static void test_specifiers_and_causes_in_rows(void **state)
{
    fixture *f = *state;
    size_t count;
    const tfd_kb_break *breaks = tfd_kb_breaks_get(f->kb, &count);
    const tfd_kb_env *envs;

    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        if (!is_specifier(breaks[i].tensorflow) || !is_specifier(breaks[i].versions) ||
            !is_specifier(breaks[i].python) || !is_specifier(breaks[i].fix) ||
            !is_specifier(breaks[i].with_versions) || breaks[i].dist.len == 0)
            fail_row("breaks.json", breaks[i].id.ptr, "malformed specifier");
        if (breaks[i].effect != TFD_KB_EFFECT_NONE && breaks[i].why.len == 0)
            fail_row("breaks.json", breaks[i].id.ptr, "says no reason");
    }
    envs = tfd_kb_envs_get(f->kb, &count);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        if (envs[i].name.len == 0 || envs[i].values.count == 0 || !is_specifier(envs[i].tensorflow) ||
            (!tfd_str_is(envs[i].versions, "absent") && !is_specifier(envs[i].versions)))
            fail_row("env.json", envs[i].name.ptr, "malformed");
        if (envs[i].effect > TFD_KB_EFFECT_NOISE && tfd_cause_find(envs[i].cause) == TFD_CAUSE_COUNT)
            fail_row("env.json", envs[i].name.ptr, "names no known cause");
    }
}

/* What a row of windows.json blames is a cause, and every number stands once. */
static void test_windows_rows(void **state)
{
    fixture *f = *state;

    assert_non_null(tfd_kb_winerror_find(f->kb, 126));
    assert_non_null(tfd_kb_runtime_find(f->kb, TFD_STR("msvcp140.dll")));
    assert_non_null(tfd_kb_ntstatus_find(f->kb, 0xC0000005u));
    for (size_t i = 0; i < f->kb->dll_count; i++)
        if (tfd_cause_find(f->kb->dlls[i].cause) == TFD_CAUSE_COUNT || f->kb->dlls[i].what.len == 0)
            fail_row("windows.json", f->kb->dlls[i].pattern.ptr, "names no known cause");
    for (size_t i = 0; i < f->kb->winerror_count; i++)
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(f->kb->winerrors[i].code, f->kb->winerrors[j].code);
    for (size_t i = 0; i < f->kb->ntstatus_count; i++)
        assert_true(f->kb->ntstatus[i].code >= 0xC0000000u);
    for (size_t i = 0; i < f->kb->bundled_count; i++)
        if (!is_specifier(f->kb->bundled[i].versions) || !is_specifier(f->kb->bundled[i].fix))
            fail_row("vcruntime.json", f->kb->bundled[i].dist.ptr, "malformed specifier");
    for (size_t i = 0; i < f->kb->self_check_count; i++)
        assert_true(is_specifier(f->kb->self_checks[i].tensorflow) && f->kb->self_checks[i].dlls.count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_has_an_origin),
        cmocka_unit_test(test_data_is_clean),
        cmocka_unit_test_setup_teardown(test_causes_and_prose_match, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_release_is_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_specifiers_and_causes_in_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_windows_rows, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
