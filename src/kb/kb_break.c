#include "formats/pep440.h"
#include "kb/kb_read.h"

void tfd_kb_breaks_parse(tfd_kb *kb, const cJSON *root)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, root, "breaks", sizeof *kb->breaks, &items);
    const cJSON *row;
    bool known;

    kb->breaks = items;
    cJSON_ArrayForEach(row, rows)
    {
        tfd_kb_break *out = &kb->breaks[kb->break_count];

        out->effect = tfd_kb_effect_get(row, "effect", &known);
        if (!known)
            continue; /* a word of a later tool: the row is not for this one */
        kb->break_count++;
        out->id = tfd_kb_text_get(kb, row, "id");
        out->tensorflow = tfd_kb_text_get(kb, row, "tensorflow");
        out->python = tfd_kb_text_get(kb, row, "python");
        out->dist = tfd_kb_text_get(kb, row, "distribution");
        out->versions = tfd_kb_text_get(kb, row, "versions");
        out->with_dist = tfd_kb_text_get(kb, row, "with");
        out->with_versions = tfd_kb_text_get(kb, row, "with_versions");
        out->error = tfd_kb_text_get(kb, row, "error");
        out->why = tfd_kb_text_get(kb, row, "why");
        out->fix = tfd_kb_text_get(kb, row, "fix");
        out->origin = tfd_kb_origin_get(kb, row);
    }
}

const tfd_kb_break *tfd_kb_breaks_get(tfd_kb *kb, size_t *count)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_BREAKS, NULL);
    *count = kb->break_count;
    return kb->breaks;
}

static bool is_met(tfd_str specifier, tfd_str version)
{
    return specifier.len == 0 || tfd_specifier_match(specifier, version, TFD_PRE_ALLOW) == TFD_YES;
}

static bool is_companion_met(const tfd_kb_break *row, tfd_kb_version_of version_of, void *ctx)
{
    tfd_str version;

    if (row->with_dist.len == 0)
        return true;
    version = version_of ? version_of(ctx, row->with_dist) : TFD_STR("");
    return version.len > 0 && is_met(row->with_versions, version);
}

const tfd_kb_break *tfd_kb_break_find_with(tfd_kb *kb, tfd_str tf_version, tfd_str python, tfd_str dist,
                                           tfd_str version, tfd_kb_version_of version_of, void *ctx)
{
    size_t count;
    const tfd_kb_break *rows = tfd_kb_breaks_get(kb, &count);

    for (size_t i = 0; i < count; i++) {
        if (tfd_str_eq(rows[i].dist, dist) && is_met(rows[i].versions, version) &&
            is_met(rows[i].tensorflow, tf_version) && is_met(rows[i].python, python) &&
            is_companion_met(&rows[i], version_of, ctx))
            return &rows[i];
    }
    return NULL;
}

const tfd_kb_break *tfd_kb_break_find(tfd_kb *kb, tfd_str tf_version, tfd_str python, tfd_str dist,
                                      tfd_str version)
{
    return tfd_kb_break_find_with(kb, tf_version, python, dist, version, NULL, NULL);
}

void tfd_kb_env_parse(tfd_kb *kb, const cJSON *root)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, root, "variables", sizeof *kb->envs, &items);
    const cJSON *row;
    bool known;

    kb->envs = items;
    cJSON_ArrayForEach(row, rows)
    {
        tfd_kb_env *out = &kb->envs[kb->env_count];

        out->effect = tfd_kb_effect_get(row, "effect", &known);
        if (!known)
            continue;
        kb->env_count++;
        out->name = tfd_kb_text_get(kb, row, "name");
        out->values = tfd_kb_texts_get(kb, row, "values");
        out->is_list = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row, "is_list"));
        out->except = tfd_kb_texts_get(kb, row, "except");
        out->tensorflow = tfd_kb_text_get(kb, row, "tensorflow");
        out->python = tfd_kb_text_get(kb, row, "python");
        out->dist = tfd_kb_text_get(kb, row, "distribution");
        out->versions = tfd_kb_text_get(kb, row, "versions");
        out->cause = tfd_kb_text_get(kb, row, "cause");
        out->error = tfd_kb_text_get(kb, row, "error");
        out->why = tfd_kb_text_get(kb, row, "why");
        out->origin = tfd_kb_origin_get(kb, row);
    }
}

const tfd_kb_env *tfd_kb_envs_get(tfd_kb *kb, size_t *count)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_ENV, NULL);
    *count = kb->env_count;
    return kb->envs;
}

static bool is_one_of(const tfd_kb_strs *values, tfd_str word)
{
    for (size_t i = 0; i < values->count; i++) {
        if (tfd_str_is(values->items[i], "*") ? word.len > 0 : tfd_str_eq(values->items[i], word))
            return true;
    }
    return false;
}

static bool ends_word(char c)
{
    return c == ',' || c == ' ' || (c >= '\t' && c <= '\r');
}

bool tfd_kb_env_matches(const tfd_kb_env *env, tfd_str value)
{
    size_t start = 0;

    for (size_t i = 0; i < env->except.count; i++) {
        if (tfd_str_eq(env->except.items[i], value))
            return false;
    }
    if (!env->is_list)
        return is_one_of(&env->values, value);
    for (size_t i = 0; i <= value.len; i++) {
        if (i < value.len && !ends_word(value.ptr[i]))
            continue;
        if (is_one_of(&env->values, tfd_str_sub(value, start, i)))
            return true;
        start = i + 1;
    }
    return false;
}
