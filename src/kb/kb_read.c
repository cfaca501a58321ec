#include "kb/kb_read.h"

/* Whether brackets nest at most TFD_KB_DEPTH_MAX deep; those inside of strings do not count. */
static bool is_shallow(tfd_str text)
{
    size_t depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > TFD_KB_DEPTH_MAX)
                return false;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return true;
}

tfd_status tfd_kb_json_parse(tfd_str name, tfd_str text, cJSON **out, tfd_err *err)
{
    const char *end = NULL;
    cJSON *root;

    if (text.len > TFD_KB_FILE_MAX || !is_shallow(text))
        return tfd_err_set(err, TFD_ELIMIT, 0, "%.*s: too large or too deep for a data file", TFD_ARG(name));
    root = cJSON_ParseWithLengthOpts(text.ptr, text.len, &end, false);
    if (!cJSON_IsObject(root)) {
        long at = root || !end ? 0L : (long)(end - text.ptr);

        cJSON_Delete(root);
        return tfd_err_set(err, TFD_EFORMAT, 0, "%.*s: no JSON object (byte %ld)", TFD_ARG(name), at);
    }
    *out = root;
    return TFD_OK;
}

tfd_status tfd_kb_json_read(const tfd_kb *kb, tfd_str name, cJSON **out, tfd_err *err)
{
    tfd_str text;

    tfd_status st;

    if (!tfd_kb_file_find(kb, name, &text))
        return tfd_err_set(err, TFD_ENOENT, 0, "no data file %.*s", TFD_ARG(name));
    st = tfd_kb_json_parse(name, text, out, err);
    /* Built-in files are right (tests read them all) and others were parsed when kb was opened: only memory
     * can be missing, which the JSON reader does not tell from a mistake. */
    kb->arena->failed = kb->arena->failed || st != TFD_OK;
    return st;
}

static tfd_str copy_text(tfd_kb *kb, const cJSON *item)
{
    tfd_str text;

    if (!cJSON_IsString(item))
        return TFD_STR("");
    text = tfd_arena_str(kb->arena, tfd_str_of(item->valuestring));
    if (!text.ptr)
        kb->no_memory = true;
    return text;
}

tfd_str tfd_kb_text_get(tfd_kb *kb, const cJSON *object, const char *key)
{
    return copy_text(kb, cJSON_GetObjectItemCaseSensitive(object, key));
}

tfd_kb_strs tfd_kb_texts_get(tfd_kb *kb, const cJSON *object, const char *key)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, key);
    tfd_kb_strs strs = {NULL, 0};
    const cJSON *item;
    tfd_str *items;
    int size = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;

    if (size <= 0)
        return strs;
    items = tfd_arena_new(kb->arena, tfd_str, (size_t)size);
    if (!items) {
        kb->no_memory = true;
        return strs;
    }
    cJSON_ArrayForEach(item, list) items[strs.count++] = copy_text(kb, item);
    strs.items = items;
    return strs;
}

tfd_kb_origin tfd_kb_origin_get(tfd_kb *kb, const cJSON *object)
{
    tfd_kb_origin origin;

    origin.source = tfd_kb_text_get(kb, object, "source");
    origin.confidence = tfd_kb_text_get(kb, object, "confidence");
    origin.as_of = tfd_kb_text_get(kb, object, "as_of");
    return origin;
}

const cJSON *tfd_kb_rows_get(tfd_kb *kb, const cJSON *root, const char *key, size_t size, void **items)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, key);
    int count = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;

    *items = NULL;
    if (count <= 0)
        return NULL;
    *items = tfd_arena_take(kb->arena, (size_t)count, size);
    if (!*items) {
        kb->no_memory = true;
        return NULL;
    }
    return list;
}

tfd_kb_effect tfd_kb_effect_get(const cJSON *object, const char *key, bool *known)
{
    static const struct {
        const char *word;
        tfd_kb_effect effect;
    } words[] = {{"none", TFD_KB_EFFECT_NONE},
                 {"noise", TFD_KB_EFFECT_NOISE},
                 {"keras", TFD_KB_EFFECT_KERAS},
                 {"import", TFD_KB_EFFECT_IMPORT}};
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    tfd_str word = cJSON_IsString(item) ? tfd_str_of(item->valuestring) : TFD_STR("");

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (tfd_str_is(word, words[i].word)) {
            *known = true;
            return words[i].effect;
        }
    }
    *known = false;
    return TFD_KB_EFFECT_NONE;
}
