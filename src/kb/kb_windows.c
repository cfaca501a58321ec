#include "formats/pep440.h"
#include "kb/kb_read.h"

/* ---- parsing */

static bool flag(const cJSON *row, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row, key));
}

static void parse_dlls(tfd_kb *kb, const cJSON *root)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, root, "dlls", sizeof *kb->runtimes, &items);
    const cJSON *row;

    kb->runtimes = items;
    cJSON_ArrayForEach(row, rows)
    {
        tfd_kb_runtime *out = &kb->runtimes[kb->runtime_count++];

        out->name = tfd_kb_text_get(kb, row, "name");
        out->since = tfd_kb_text_get(kb, row, "since");
        out->what = tfd_kb_text_get(kb, row, "what");
        out->in_redistributable = flag(row, "redistributable");
        out->with_python = flag(row, "with_python");
        out->origin = tfd_kb_origin_get(kb, row);
    }
}

static void parse_levels(tfd_kb *kb, const cJSON *root)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, root, "levels", sizeof *kb->levels, &items);
    const cJSON *row;

    kb->levels = items;
    cJSON_ArrayForEach(row, rows)
    {
        tfd_kb_level *out = &kb->levels[kb->level_count++];

        out->id = tfd_kb_text_get(kb, row, "id");
        out->dll = tfd_kb_text_get(kb, row, "dll");
        out->bad = tfd_kb_text_get(kb, row, "bad");
        out->good = tfd_kb_text_get(kb, row, "good");
        out->advised = tfd_kb_text_get(kb, row, "advised");
        out->why = tfd_kb_text_get(kb, row, "why");
        out->origin = tfd_kb_origin_get(kb, row);
    }
}

static void parse_redistributables(tfd_kb *kb, const cJSON *root)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, root, "redistributables", sizeof *kb->redists, &items);
    const cJSON *row;

    kb->redists = items;
    cJSON_ArrayForEach(row, rows)
    {
        tfd_kb_redist *out = &kb->redists[kb->redist_count++];

        out->arch = tfd_kb_text_get(kb, row, "arch");
        out->url = tfd_kb_text_get(kb, row, "url");
        out->winget = tfd_kb_text_get(kb, row, "winget");
        out->release = tfd_kb_text_get(kb, row, "release");
        out->names = tfd_kb_texts_get(kb, row, "names");
        out->origin = tfd_kb_origin_get(kb, row);
    }
}

static void parse_self_checks(tfd_kb *kb, const cJSON *root)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, root, "self_checks", sizeof *kb->self_checks, &items);
    const cJSON *row;

    kb->self_checks = items;
    cJSON_ArrayForEach(row, rows)
    {
        tfd_kb_self_check *out = &kb->self_checks[kb->self_check_count++];

        out->tensorflow = tfd_kb_text_get(kb, row, "tensorflow");
        out->dlls = tfd_kb_texts_get(kb, row, "dlls");
        out->origin = tfd_kb_origin_get(kb, row);
    }
}

static void parse_bundled(tfd_kb *kb, const cJSON *root)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, root, "bundled", sizeof *kb->bundled, &items);
    const cJSON *row;

    kb->bundled = items;
    cJSON_ArrayForEach(row, rows)
    {
        tfd_kb_bundled *out = &kb->bundled[kb->bundled_count++];

        out->dist = tfd_kb_text_get(kb, row, "distribution");
        out->versions = tfd_kb_text_get(kb, row, "versions");
        out->dll = tfd_kb_text_get(kb, row, "dll");
        out->version = tfd_kb_text_get(kb, row, "version");
        out->fix = tfd_kb_text_get(kb, row, "fix");
        out->origin = tfd_kb_origin_get(kb, row);
    }
}

void tfd_kb_vcruntime_parse(tfd_kb *kb, const cJSON *root)
{
    parse_dlls(kb, root);
    parse_levels(kb, root);
    parse_redistributables(kb, root);
    parse_self_checks(kb, root);
    parse_bundled(kb, root);
}

static void parse_errors(tfd_kb *kb, const cJSON *root)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, root, "errors", sizeof *kb->winerrors, &items);
    const cJSON *row;

    kb->winerrors = items;
    cJSON_ArrayForEach(row, rows)
    {
        const cJSON *code = cJSON_GetObjectItemCaseSensitive(row, "code");
        tfd_kb_winerror *out = &kb->winerrors[kb->winerror_count++];

        out->code = cJSON_IsNumber(code) ? code->valueint : 0;
        out->name = tfd_kb_text_get(kb, row, "name");
        out->meaning = tfd_kb_text_get(kb, row, "meaning");
        out->texts = tfd_kb_texts_get(kb, row, "texts");
        out->origin = tfd_kb_origin_get(kb, row);
    }
}

/* "0xC0000005" */
static uint32_t hex_of(tfd_str text)
{
    uint32_t value = 0;

    for (size_t i = 2; i < text.len && i < 10; i++) {
        char c = tfd_char_lower(text.ptr[i]);

        value = value << 4 | (uint32_t)(tfd_char_is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    return value;
}

static void parse_status(tfd_kb *kb, const cJSON *root)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, root, "status", sizeof *kb->ntstatus, &items);
    const cJSON *row;

    kb->ntstatus = items;
    cJSON_ArrayForEach(row, rows)
    {
        tfd_kb_ntstatus *out = &kb->ntstatus[kb->ntstatus_count++];

        out->code = hex_of(tfd_kb_text_get(kb, row, "code"));
        out->name = tfd_kb_text_get(kb, row, "name");
        out->meaning = tfd_kb_text_get(kb, row, "meaning");
        out->origin = tfd_kb_origin_get(kb, row);
    }
}

static void parse_names(tfd_kb *kb, const cJSON *root)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, root, "dlls", sizeof *kb->dlls, &items);
    const cJSON *row;

    kb->dlls = items;
    cJSON_ArrayForEach(row, rows)
    {
        tfd_kb_dll *out = &kb->dlls[kb->dll_count++];

        out->pattern = tfd_kb_text_get(kb, row, "pattern");
        out->what = tfd_kb_text_get(kb, row, "what");
        out->cause = tfd_kb_text_get(kb, row, "cause");
        out->dist = tfd_kb_text_get(kb, row, "distribution");
        out->origin = tfd_kb_origin_get(kb, row);
    }
}

void tfd_kb_windows_parse(tfd_kb *kb, const cJSON *root)
{
    parse_errors(kb, root);
    parse_status(kb, root);
    parse_names(kb, root);
}

/* ---- queries */

const tfd_kb_runtime *tfd_kb_runtime_find(tfd_kb *kb, tfd_str name)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_VCRUNTIME, NULL);
    for (size_t i = 0; i < kb->runtime_count; i++)
        if (tfd_str_eq_nocase(kb->runtimes[i].name, name))
            return &kb->runtimes[i];
    return NULL;
}

const tfd_kb_level *tfd_kb_level_find(tfd_kb *kb, const char *id)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_VCRUNTIME, NULL);
    for (size_t i = 0; i < kb->level_count; i++)
        if (tfd_str_is(kb->levels[i].id, id))
            return &kb->levels[i];
    return NULL;
}

tfd_tri tfd_kb_level_reached(const tfd_kb_level *level, tfd_str version)
{
    int order;

    if (!level || version.len == 0 || !tfd_version_cmp_text(version, level->good, &order))
        return TFD_UNKNOWN;
    if (order >= 0)
        return TFD_YES;
    return tfd_version_cmp_text(version, level->bad, &order) && order < 0 ? TFD_NO : TFD_UNKNOWN;
}

const tfd_kb_redist *tfd_kb_redist_find(tfd_kb *kb, tfd_arch arch, tfd_str release)
{
    const char *name = arch == TFD_ARCH_AARCH64 ? "aarch64" : arch == TFD_ARCH_X86 ? "x86" : "x86_64";

    tfd_kb_topic_load(kb, TFD_KB_TOPIC_VCRUNTIME, NULL);
    for (size_t i = 0; i < kb->redist_count; i++)
        if (tfd_str_is(kb->redists[i].arch, name) && tfd_str_eq(kb->redists[i].release, release))
            return &kb->redists[i];
    return NULL;
}

tfd_kb_strs tfd_kb_self_check_find(tfd_kb *kb, tfd_str tf_version)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_VCRUNTIME, NULL);
    for (size_t i = 0; tf_version.len > 0 && i < kb->self_check_count; i++)
        if (tfd_specifier_match(kb->self_checks[i].tensorflow, tf_version, TFD_PRE_ALLOW) == TFD_YES)
            return kb->self_checks[i].dlls;
    return (tfd_kb_strs){NULL, 0};
}

const tfd_kb_bundled *tfd_kb_bundled_find(tfd_kb *kb, tfd_str dist, tfd_str version)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_VCRUNTIME, NULL);
    for (size_t i = 0; i < kb->bundled_count; i++)
        if (tfd_str_eq(kb->bundled[i].dist, dist) &&
            tfd_specifier_match(kb->bundled[i].versions, version, TFD_PRE_ALLOW) == TFD_YES)
            return &kb->bundled[i];
    return NULL;
}

const tfd_kb_winerror *tfd_kb_winerror_find(tfd_kb *kb, int code)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_WINDOWS, NULL);
    for (size_t i = 0; code != 0 && i < kb->winerror_count; i++)
        if (kb->winerrors[i].code == code)
            return &kb->winerrors[i];
    return NULL;
}

int tfd_kb_winerror_of_text(tfd_kb *kb, tfd_str text)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_WINDOWS, NULL);
    for (size_t i = 0; i < kb->winerror_count; i++)
        for (size_t j = 0; j < kb->winerrors[i].texts.count; j++)
            if (tfd_str_find(text, kb->winerrors[i].texts.items[j]) != TFD_NPOS)
                return kb->winerrors[i].code;
    return 0;
}

const tfd_kb_ntstatus *tfd_kb_ntstatus_find(tfd_kb *kb, uint32_t code)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_WINDOWS, NULL);
    for (size_t i = 0; i < kb->ntstatus_count; i++)
        if (kb->ntstatus[i].code == code)
            return &kb->ntstatus[i];
    return NULL;
}

/* One '*' and any number of '?' in a pattern; ASCII case does not matter. */
static bool matches(tfd_str pattern, tfd_str name)
{
    size_t p = 0, n = 0, star = TFD_NPOS, mark = 0;

    while (n < name.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            mark = n;
        } else if (p < pattern.len &&
                   (pattern.ptr[p] == '?' || tfd_char_lower(pattern.ptr[p]) == tfd_char_lower(name.ptr[n]))) {
            p++;
            n++;
        } else if (star != TFD_NPOS) {
            p = star + 1;
            n = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*')
        p++;
    return p == pattern.len;
}

tfd_str tfd_kb_redist_release(tfd_kb *kb, tfd_str name)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_VCRUNTIME, NULL);
    for (size_t i = 0; i < kb->redist_count; i++)
        for (size_t j = 0; j < kb->redists[i].names.count; j++)
            if (matches(kb->redists[i].names.items[j], name))
                return kb->redists[i].release;
    return TFD_STR("");
}

const tfd_kb_dll *tfd_kb_dll_find(tfd_kb *kb, tfd_str name)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_WINDOWS, NULL);
    for (size_t i = 0; i < kb->dll_count; i++)
        if (matches(kb->dlls[i].pattern, name))
            return &kb->dlls[i];
    return NULL;
}
