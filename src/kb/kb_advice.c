/* What only advice asks for: costs of installations, wheels of add-ons. */
#include "kb/kb_read.h"

static uint64_t read_bytes(const cJSON *row, const char *key)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(row, key);

    return cJSON_IsNumber(number) && number->valuedouble > 0 && number->valuedouble < 1e12
               ? (uint64_t)number->valuedouble
               : 0;
}

void tfd_kb_costs_parse(tfd_kb *kb, const cJSON *root)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, root, "costs", sizeof *kb->costs, &items);
    tfd_str as_of = tfd_kb_text_get(kb, root, "as_of");
    const cJSON *row;

    kb->costs = items;
    cJSON_ArrayForEach(row, rows)
    {
        tfd_kb_cost *out = &kb->costs[kb->cost_count++];

        out->tensorflow = tfd_kb_text_get(kb, row, "tensorflow");
        out->platform = tfd_kb_text_get(kb, row, "platform");
        out->python = tfd_kb_text_get(kb, row, "python");
        out->with_cuda = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row, "gpu"));
        out->packages = read_bytes(row, "packages");
        out->download = read_bytes(row, "download");
        out->disk = read_bytes(row, "disk");
        out->as_of = as_of;
    }
    rows = tfd_kb_rows_get(kb, root, "wheels", sizeof *kb->wheel_sizes, &items);
    kb->wheel_sizes = items;
    cJSON_ArrayForEach(row, rows)
    {
        tfd_kb_wheel_size *out = &kb->wheel_sizes[kb->wheel_size_count++];

        out->dist = tfd_kb_text_get(kb, row, "distribution");
        out->platform = tfd_kb_text_get(kb, row, "platform");
        out->bytes = read_bytes(row, "bytes");
    }
}

uint64_t tfd_kb_wheel_bytes(tfd_kb *kb, tfd_str dist, tfd_str platform)
{
    uint64_t anywhere = 0;

    tfd_kb_topic_load(kb, TFD_KB_TOPIC_COSTS, NULL);
    for (size_t i = 0; i < kb->wheel_size_count; i++) {
        const tfd_kb_wheel_size *one = &kb->wheel_sizes[i];

        if (!tfd_str_eq(one->dist, dist))
            continue;
        if (tfd_str_eq(one->platform, platform))
            return one->bytes;
        if (one->platform.len == 0)
            anywhere = one->bytes;
    }
    return anywhere;
}

const tfd_kb_cost *tfd_kb_cost_find(tfd_kb *kb, tfd_str tf_version, tfd_str platform, tfd_str python,
                                    bool with_cuda)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_COSTS, NULL);
    for (size_t i = 0; i < kb->cost_count; i++) {
        const tfd_kb_cost *one = &kb->costs[i];

        if (one->with_cuda == with_cuda && tfd_str_eq(one->tensorflow, tf_version) &&
            tfd_str_eq(one->platform, platform) && tfd_str_eq(one->python, python))
            return one;
    }
    return NULL;
}

void tfd_kb_addon_wheels_parse(tfd_kb *kb, const cJSON *root)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, root, "wheels", sizeof *kb->addon_wheels, &items);
    const cJSON *row;

    kb->addon_wheels = items;
    cJSON_ArrayForEach(row, rows)
    {
        tfd_kb_addon_wheel *out = &kb->addon_wheels[kb->addon_wheel_count++];

        out->dist = tfd_kb_text_get(kb, row, "distribution");
        out->versions = tfd_kb_text_get(kb, row, "versions");
        out->platform = tfd_kb_text_get(kb, row, "platform");
        out->pythons = tfd_kb_texts_get(kb, row, "python");
    }
}

tfd_tri tfd_kb_addon_has_wheel(tfd_kb *kb, tfd_str dist, tfd_str versions, tfd_str platform, tfd_str python)
{
    tfd_tri answer = TFD_UNKNOWN;

    tfd_kb_topic_load(kb, TFD_KB_TOPIC_ADDON_WHEELS, NULL);
    for (size_t i = 0; i < kb->addon_wheel_count; i++) {
        const tfd_kb_addon_wheel *one = &kb->addon_wheels[i];

        if (!tfd_str_eq(one->dist, dist))
            continue;
        answer = TFD_NO;
        if (!tfd_str_eq(one->versions, versions) || !tfd_str_eq(one->platform, platform))
            continue;
        for (size_t k = 0; k < one->pythons.count; k++)
            if (tfd_str_eq(one->pythons.items[k], python))
                return TFD_YES;
    }
    return answer;
}
