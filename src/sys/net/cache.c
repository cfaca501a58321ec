#include "sys/net/cache.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "sys/net/place.h"
#include "sys/net/wire.h"

#define SUFFIX ".tfdiag-page"
#define FILES_MAX 20000u
#define HEAD_MAX ((size_t)16 << 10)

static const char *path_of(tfd_arena *arena, tfd_str dir, tfd_str url, tfd_str accept)
{
    tfd_str key = tfd_arena_fmt(arena, "%.*s\n%.*s", TFD_ARG(url), TFD_ARG(accept));
    tfd_str path =
        tfd_arena_fmt(arena, "%.*s/%016llx" SUFFIX, TFD_ARG(dir), (unsigned long long)tfd_str_hash(key));

    return path.ptr;
}

static tfd_str text_of(tfd_arena *arena, const cJSON *head, const char *key)
{
    return tfd_arena_str(arena,
                         tfd_str_of(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(head, key))));
}

bool tfd_cache_find(tfd_arena *arena, tfd_str dir, tfd_str url, tfd_str accept, tfd_cached *out)
{
    const char *path = dir.len > 0 ? path_of(arena, dir, url, accept) : NULL;
    tfd_str line, rest;
    size_t len;
    cJSON *head;
    bool ok;

    memset(out, 0, sizeof *out);
    if (!path)
        return false;
    out->memory = tfd_place_read(path, TFD_NET_CACHED_MAX + HEAD_MAX, &len);
    if (!out->memory)
        return false;
    (void)tfd_str_cut((tfd_str){out->memory, len}, '\n', &line, &rest);
    head = line.len < HEAD_MAX ? cJSON_ParseWithLength(line.ptr, line.len) : NULL;
    ok = tfd_str_eq(text_of(arena, head, "url"), url) && tfd_str_eq(text_of(arena, head, "accept"), accept) &&
         cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(head, "body")) == (double)rest.len;
    out->etag = text_of(arena, head, "etag");
    out->modified = text_of(arena, head, "modified");
    out->type = text_of(arena, head, "type");
    out->body = rest;
    cJSON_Delete(head);
    if (!ok) {
        free(out->memory);
        memset(out, 0, sizeof *out);
    }
    return ok;
}

static void add_text(tfd_arena *arena, cJSON *head, const char *key, tfd_str text)
{
    const char *z = tfd_arena_z(arena, text);

    if (z)
        (void)cJSON_AddStringToObject(head, key, z);
}

void tfd_cache_put(tfd_arena *arena, tfd_str dir, tfd_str url, tfd_str accept, const tfd_cached *answer)
{
    const char *path =
        dir.len > 0 && answer->body.len <= TFD_NET_CACHED_MAX ? path_of(arena, dir, url, accept) : NULL;
    cJSON *head = cJSON_CreateObject();
    char *line;

    add_text(arena, head, "url", url);
    add_text(arena, head, "accept", accept);
    add_text(arena, head, "etag", answer->etag);
    add_text(arena, head, "modified", answer->modified);
    add_text(arena, head, "type", answer->type);
    (void)cJSON_AddNumberToObject(head, "body", (double)answer->body.len);
    line = cJSON_PrintUnformatted(head);
    if (path && line && strlen(line) < HEAD_MAX - 1) {
        size_t n = strlen(line);

        line[n] = '\n'; /* the NUL: the text is told by its length from here on */
        if (tfd_place_make_dirs(tfd_arena_z(arena, dir)))
            (void)tfd_place_write(path, (tfd_str){line, n + 1}, answer->body);
    }
    cJSON_free(line);
    cJSON_Delete(head);
}

static int compare_age(const void *a, const void *b)
{
    int64_t first = ((const tfd_place_file *)a)->mtime, second = ((const tfd_place_file *)b)->mtime;

    return (first > second) - (first < second);
}

void tfd_cache_trim(tfd_arena *arena, tfd_str dir)
{
    const char *folder = dir.len > 0 ? tfd_arena_z(arena, dir) : NULL;
    tfd_place_files files;
    uint64_t total = 0;

    if (!folder)
        return;
    tfd_place_list(arena, folder, FILES_MAX, &files);
    for (size_t i = 0; i < files.count; i++)
        total += files.items[i].size;
    if (total <= TFD_NET_CACHE_MAX)
        return;
    qsort(files.items, files.count, sizeof *files.items, compare_age);
    for (size_t i = 0; i < files.count && total > TFD_NET_CACHE_MAX; i++) {
        /* A left-over of an interrupted write has more behind the suffix; other people's files stay. */
        if (tfd_str_find_z(files.items[i].name, SUFFIX) == TFD_NPOS)
            continue;
        tfd_place_remove(tfd_arena_fmt(arena, "%s/%.*s", folder, TFD_ARG(files.items[i].name)).ptr);
        total -= files.items[i].size;
    }
}
