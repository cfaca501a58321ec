#include <cjson/cJSON.h>

#include "net/simple.h"
#include "net/url.h"

typedef struct reader {
    tfd_arena *arena;
    tfd_str url;
    size_t address;
    tfd_index_project *out;
} reader;

/* The parser takes some 80 bytes for each value, so their number is bounded before it sees any. */
static bool is_reasonable(tfd_str page)
{
    size_t values = 1;

    for (size_t i = 0; i < page.len; i++)
        values += page.ptr[i] == ',' || page.ptr[i] == '[' || page.ptr[i] == '{' || page.ptr[i] == ':';
    return values <= TFD_SIMPLE_VALUES_MAX;
}

static tfd_str text_at(tfd_arena *arena, const cJSON *object, const char *key)
{
    const char *z = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

    return z ? tfd_arena_str(arena, tfd_str_of(z)) : TFD_STR("");
}

static bool is_sha256(tfd_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = tfd_char_lower(text.ptr[i]);

        if (!tfd_char_is_digit(c) && (c < 'a' || c > 'f'))
            return false;
    }
    return text.len == 64;
}

static tfd_str sha256_at(tfd_arena *arena, const cJSON *object)
{
    tfd_str text = text_at(arena, object, "sha256");

    return is_sha256(text) ? text : TFD_STR("");
}

/* true, or an object of hashes; PEP 714 renamed the key. */
static void read_metadata(reader *in, const cJSON *row, tfd_index_file *file)
{
    static const char *const keys[] = {"core-metadata", "data-dist-info-metadata", "dist-info-metadata"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(row, keys[i]);

        if (!value)
            continue;
        file->has_metadata = cJSON_IsTrue(value) || cJSON_IsObject(value);
        file->metadata_sha256 = sha256_at(in->arena, value);
        return;
    }
}

/* false at the arena's limit; a row without a name or address is passed over. */
static bool read_file(reader *in, const cJSON *row)
{
    const cJSON *yanked = cJSON_GetObjectItemCaseSensitive(row, "yanked");
    const cJSON *size = cJSON_GetObjectItemCaseSensitive(row, "size");
    const cJSON *hashes = cJSON_GetObjectItemCaseSensitive(row, "hashes");
    tfd_index_file file = {.address = in->address};
    const char *href = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, "url"));

    if (!cJSON_IsObject(row) || !href)
        return true;
    file.name = text_at(in->arena, row, "filename");
    file.url = tfd_url_join(in->arena, in->url, tfd_str_of(href));
    if (file.name.len == 0 || file.url.len == 0)
        return true;
    file.sha256 = sha256_at(in->arena, hashes);
    file.requires_python = text_at(in->arena, row, "requires-python");
    file.is_yanked = cJSON_IsTrue(yanked) || cJSON_IsString(yanked);
    file.yanked_reason = text_at(in->arena, row, "yanked");
    file.uploaded = text_at(in->arena, row, "upload-time");
    if (cJSON_IsNumber(size) && size->valuedouble > 0 && size->valuedouble < 9e15)
        file.size = (uint64_t)size->valuedouble;
    read_metadata(in, row, &file);
    tfd_simple_read_name(in->arena, in->out->key, &file);
    return tfd_simple_add(in->arena, in->out, &file);
}

tfd_status tfd_simple_read_json(tfd_arena *arena, tfd_str page, tfd_str url, size_t address,
                                tfd_index_project *out, tfd_err *err)
{
    reader in = {arena, url, address, out};
    tfd_status st = TFD_OK;
    const cJSON *files, *row;
    cJSON *root;

    if (!is_reasonable(page))
        return tfd_err_set(err, TFD_ELIMIT, 0, "the page has more values than any project has");
    root = cJSON_ParseWithLength(page.ptr, page.len);
    files = cJSON_GetObjectItemCaseSensitive(root, "files");
    if (!cJSON_IsObject(root) || !cJSON_IsArray(files))
        st = tfd_err_set(err, TFD_EFORMAT, 0, "the answer is no page of an index (PEP 691)");
    cJSON_ArrayForEach(row, files)
    {
        if (st == TFD_OK && !read_file(&in, row))
            st = arena->failed
                     ? tfd_err_set(err, TFD_ENOMEM, 0, "out of memory")
                     : tfd_err_set(err, TFD_ELIMIT, 0, "the page has more files than any project has");
    }
    cJSON_Delete(root);
    return st;
}
