#include "formats/pep440.h"
#include "kb/kb_read.h"

void tfd_kb_modules_parse(tfd_kb *kb, const cJSON *root)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, root, "modules", sizeof *kb->modules, &items);
    const cJSON *row;

    kb->modules = items;
    cJSON_ArrayForEach(row, rows)
    {
        kb->modules[kb->module_count].module = tfd_kb_text_get(kb, row, "module");
        kb->modules[kb->module_count++].dist = tfd_kb_text_get(kb, row, "distribution");
    }
}

tfd_str tfd_kb_module_dist(tfd_kb *kb, tfd_str module)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_MODULES, NULL);
    for (size_t i = 0; i < kb->module_count; i++) {
        if (tfd_str_eq(kb->modules[i].module, module))
            return kb->modules[i].dist;
    }
    return TFD_STR("");
}

tfd_str tfd_kb_dist_module(tfd_kb *kb, tfd_str dist)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_MODULES, NULL);
    for (size_t i = 0; i < kb->module_count; i++) {
        if (tfd_str_eq(kb->modules[i].dist, dist))
            return kb->modules[i].module;
    }
    return TFD_STR("");
}

void tfd_kb_dists_parse(tfd_kb *kb, const cJSON *root)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, root, "distributions", sizeof(tfd_str), &items);
    const cJSON *row;
    tfd_str *names = items;

    cJSON_ArrayForEach(row, rows) names[kb->tensorflow_dists.count++] = tfd_kb_text_get(kb, row, "name");
    kb->tensorflow_dists.items = names;
}

bool tfd_kb_is_tensorflow(tfd_kb *kb, tfd_str dist)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_DISTS, NULL);
    for (size_t i = 0; i < kb->tensorflow_dists.count; i++) {
        if (tfd_str_eq(kb->tensorflow_dists.items[i], dist))
            return true;
    }
    return false;
}

static void parse_fits(tfd_kb *kb, const cJSON *row, tfd_kb_addon *out)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, row, "fits", sizeof(tfd_kb_fit), &items);
    const cJSON *fit;
    tfd_kb_fit *fits = items;

    out->fits = fits;
    cJSON_ArrayForEach(fit, rows)
    {
        fits[out->fit_count].versions = tfd_kb_text_get(kb, fit, "versions");
        fits[out->fit_count++].tensorflow = tfd_kb_text_get(kb, fit, "tensorflow");
    }
}

static void parse_needs(tfd_kb *kb, const cJSON *row, tfd_kb_addon *out)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, row, "needs", sizeof(tfd_kb_addon_need), &items);
    const cJSON *need;
    tfd_kb_addon_need *needs = items;

    out->needs = needs;
    cJSON_ArrayForEach(need, rows)
    {
        needs[out->need_count].tensorflow = tfd_kb_text_get(kb, need, "tensorflow");
        needs[out->need_count].versions = tfd_kb_text_get(kb, need, "versions");
        needs[out->need_count++].dist = tfd_kb_text_get(kb, need, "requires");
    }
}

void tfd_kb_addons_parse(tfd_kb *kb, const cJSON *root)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, root, "addons", sizeof *kb->addons, &items);
    const cJSON *row;

    kb->addons = items;
    cJSON_ArrayForEach(row, rows)
    {
        tfd_kb_addon *out = &kb->addons[kb->addon_count++];

        out->dist = tfd_kb_text_get(kb, row, "distribution");
        out->module = tfd_kb_text_get(kb, row, "module");
        out->link = tfd_kb_text_get(kb, row, "link");
        out->is_strict = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row, "strict"));
        parse_fits(kb, row, out);
        parse_needs(kb, row, out);
        out->platform = tfd_kb_text_get(kb, row, "platform");
        out->error = tfd_kb_text_get(kb, row, "error");
        out->hint = tfd_kb_text_get(kb, row, "hint");
        out->last = tfd_kb_text_get(kb, row, "last");
        out->origin = tfd_kb_origin_get(kb, row);
    }
}

bool tfd_kb_is_addon(tfd_kb *kb, tfd_str dist)
{
    return tfd_kb_addon_find(kb, dist) != NULL;
}

const tfd_kb_addon *tfd_kb_addon_find(tfd_kb *kb, tfd_str dist)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_ADDONS, NULL);
    for (size_t i = 0; i < kb->addon_count; i++) {
        if (tfd_str_eq(kb->addons[i].dist, dist))
            return &kb->addons[i];
    }
    return NULL;
}

const tfd_kb_addon *tfd_kb_addon_of_module(tfd_kb *kb, tfd_str module)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_ADDONS, NULL);
    for (size_t i = 0; i < kb->addon_count; i++) {
        if (kb->addons[i].module.len > 0 && tfd_str_eq(kb->addons[i].module, module))
            return &kb->addons[i];
    }
    return NULL;
}

tfd_tri tfd_kb_addon_fits(const tfd_kb_addon *addon, tfd_str version, tfd_str tf_version)
{
    tfd_tri answer = TFD_UNKNOWN;

    for (size_t i = 0; i < addon->fit_count; i++) {
        tfd_tri fits;

        if (tfd_specifier_match(addon->fits[i].versions, version, TFD_PRE_ALLOW) != TFD_YES)
            continue;
        fits = tfd_specifier_match(addon->fits[i].tensorflow, tf_version, TFD_PRE_ALLOW);
        if (fits == TFD_YES)
            return TFD_YES;
        if (fits == TFD_NO)
            answer = TFD_NO;
    }
    return answer;
}

tfd_str tfd_kb_addon_wanted(const tfd_kb_addon *addon, tfd_str tf_version)
{
    for (size_t i = 0; i < addon->fit_count; i++) {
        if (tfd_specifier_match(addon->fits[i].tensorflow, tf_version, TFD_PRE_ALLOW) == TFD_YES)
            return addon->fits[i].versions;
    }
    return TFD_STR("");
}
