#include "formats/pep440.h"
#include "kb/kb_read.h"

static uint64_t read_size(const cJSON *wheel, const char *key)
{
    const cJSON *size = cJSON_GetObjectItemCaseSensitive(wheel, key);

    return cJSON_IsNumber(size) && size->valuedouble > 0 && size->valuedouble < 1e12
               ? (uint64_t)size->valuedouble
               : 0;
}

static void parse_wheels(tfd_kb *kb, const cJSON *row, tfd_kb_release *release)
{
    const cJSON *wheels = cJSON_GetObjectItemCaseSensitive(row, "wheels");
    const cJSON *item;
    int count = cJSON_IsObject(wheels) ? cJSON_GetArraySize(wheels) : 0;
    tfd_kb_wheel *out = count > 0 ? tfd_arena_new(kb->arena, tfd_kb_wheel, (size_t)count) : NULL;

    if (!out) {
        kb->no_memory = kb->no_memory || count > 0;
        return;
    }
    release->wheels = out;
    cJSON_ArrayForEach(item, wheels)
    {
        out->platform = tfd_arena_str(kb->arena, tfd_str_of(item->string));
        out->pythons = tfd_kb_texts_get(kb, item, "python");
        out->tag = tfd_kb_text_get(kb, item, "tag");
        out->glibc = tfd_kb_text_get(kb, item, "glibc");
        out->via = tfd_kb_text_get(kb, item, "via");
        out->size = read_size(item, "size");
        out->cpu_size = read_size(item, "cpu_size");
        out++;
        release->wheel_count++;
    }
}

static void parse_release(tfd_kb *kb, const cJSON *row, tfd_kb_release *out)
{
    const cJSON *needs = cJSON_GetObjectItemCaseSensitive(row, "linux_needs");

    out->version = tfd_kb_text_get(kb, row, "version");
    out->date = tfd_kb_text_get(kb, row, "date");
    out->requires_python = tfd_kb_text_get(kb, row, "requires_python");
    parse_wheels(kb, row, out);
    out->requires = tfd_kb_texts_get(kb, row, "requires");
    out->requires_and_cuda = tfd_kb_texts_get(kb, row, "requires_and_cuda");
    out->cpu = tfd_kb_texts_get(kb, row, "cpu");
    out->gpu = tfd_kb_texts_get(kb, row, "gpu");
    out->cuda = tfd_kb_text_get(kb, row, "cuda");
    out->cudnn = tfd_kb_text_get(kb, row, "cudnn");
    out->gpu_sass = tfd_kb_texts_get(kb, row, "gpu_sass");
    out->gpu_ptx = tfd_kb_texts_get(kb, row, "gpu_ptx");
    out->glibc = tfd_kb_text_get(kb, needs, "GLIBC");
    out->glibcxx = tfd_kb_text_get(kb, needs, "GLIBCXX");
    out->cxxabi = tfd_kb_text_get(kb, needs, "CXXABI");
    out->note = tfd_kb_text_get(kb, row, "note");
    out->origin = tfd_kb_origin_get(kb, row);
}

tfd_status tfd_kb_line_load(tfd_kb *kb, tfd_str line, const tfd_kb_line **out, tfd_err *err)
{
    tfd_kb_line *entry = &kb->lines[kb->line_count];
    tfd_kb_release *releases;
    const cJSON *rows, *row;
    cJSON *root = NULL;
    void *items = NULL;
    tfd_status st;

    *out = NULL;
    for (size_t i = 0; i < kb->line_count; i++) {
        if (tfd_str_eq(kb->lines[i].line, line)) {
            *out = &kb->lines[i];
            return TFD_OK;
        }
    }
    if (line.len == 0 || kb->line_count == TFD_KB_LINES_MAX)
        return TFD_OK;
    st = tfd_kb_json_read(kb, tfd_arena_fmt(kb->arena, "tensorflow/%.*s.json", TFD_ARG(line)), &root, err);
    if (st == TFD_ENOENT)
        return TFD_OK;
    if (st != TFD_OK)
        return st;
    kb->no_memory = false;
    entry->line = tfd_arena_str(kb->arena, line);
    entry->release_count = 0;
    rows = tfd_kb_rows_get(kb, root, "releases", sizeof *releases, &items);
    releases = items;
    cJSON_ArrayForEach(row, rows) parse_release(kb, row, &releases[entry->release_count++]);
    entry->releases = releases;
    cJSON_Delete(root);
    if (kb->no_memory)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    kb->line_count++;
    *out = entry;
    return TFD_OK;
}

const tfd_kb_release *tfd_kb_release_find(tfd_kb *kb, tfd_str version)
{
    const tfd_kb_line *line;
    int order;

    if (tfd_kb_line_load(kb, tfd_kb_line_of(version), &line, NULL) != TFD_OK || !line)
        return NULL;
    for (size_t i = 0; i < line->release_count; i++) {
        if (tfd_version_cmp_text(line->releases[i].version, version, &order) && order == 0)
            return &line->releases[i];
    }
    return NULL;
}

const tfd_kb_wheel *tfd_kb_wheel_find(const tfd_kb_release *release, tfd_str platform)
{
    for (size_t i = 0; i < release->wheel_count; i++) {
        if (tfd_str_eq(release->wheels[i].platform, platform))
            return &release->wheels[i];
    }
    return NULL;
}

tfd_status tfd_kb_releases_get(tfd_kb *kb, const tfd_kb_release *const **out, size_t *count, tfd_err *err)
{
    struct {
        const tfd_kb_release **items;
        size_t count, capacity;
    } all = {NULL, 0, 0};
    tfd_str lines[TFD_KB_LINES_MAX];
    size_t line_count = kb->all ? 0 : tfd_kb_lines_get(kb, "tensorflow", lines);
    const tfd_kb_line *line;

    for (size_t i = 0; i < line_count; i++) {
        tfd_status st = tfd_kb_line_load(kb, lines[i], &line, err);

        if (st != TFD_OK)
            return st;
        for (size_t j = 0; line && j < line->release_count; j++) {
            if (!TFD_GROW(kb->arena, &all))
                return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
            all.items[all.count++] = &line->releases[j];
        }
    }
    if (!kb->all) {
        kb->all = (const tfd_kb_release *const *)all.items;
        kb->all_count = all.count;
    }
    *out = kb->all;
    *count = kb->all_count;
    return TFD_OK;
}

void tfd_kb_python_parse(tfd_kb *kb, const cJSON *root)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, root, "releases", sizeof *kb->pythons, &items);
    const cJSON *row;

    kb->pythons = items;
    cJSON_ArrayForEach(row, rows)
    {
        tfd_kb_python *out = &kb->pythons[kb->python_count++];

        out->version = tfd_kb_text_get(kb, row, "version");
        out->status = tfd_kb_text_get(kb, row, "status");
        out->end_of_life = tfd_kb_text_get(kb, row, "end_of_life");
        out->tensorflow = tfd_kb_text_get(kb, row, "tensorflow");
        out->origin = tfd_kb_origin_get(kb, row);
    }
}

const tfd_kb_python *tfd_kb_python_find(tfd_kb *kb, int major, int minor)
{
    uint64_t x, y;
    tfd_str head, tail;

    tfd_kb_topic_load(kb, TFD_KB_TOPIC_PYTHON, NULL);
    for (size_t i = 0; i < kb->python_count; i++) {
        if (tfd_str_cut(kb->pythons[i].version, '.', &head, &tail) && tfd_str_u64(head, &x) &&
            tfd_str_u64(tail, &y) && major >= 0 && minor >= 0 && x == (uint64_t)major && y == (uint64_t)minor)
            return &kb->pythons[i];
    }
    return NULL;
}

static bool has_wheel_for(const tfd_kb_release *release, tfd_str platform, tfd_str python, tfd_str glibc)
{
    const tfd_kb_wheel *wheel = tfd_kb_wheel_find(release, platform);
    int order = 0;

    /* On Windows the shell around tensorflow-intel can be asked for by every pip. */
    if (!wheel || (wheel->via.len > 0 && !tfd_str_starts_z(platform, "windows")))
        return false;
    if (glibc.len > 0 && wheel->glibc.len > 0 && tfd_version_cmp_text(glibc, wheel->glibc, &order) &&
        order < 0)
        return false;
    for (size_t i = 0; i < wheel->pythons.count; i++)
        if (tfd_str_eq(wheel->pythons.items[i], python))
            return true;
    return false;
}

const tfd_kb_release *tfd_kb_newest_find(tfd_kb *kb, tfd_str platform, tfd_str python, tfd_str glibc)
{
    const tfd_kb_release *const *all = NULL;
    const tfd_kb_release *best = NULL;
    size_t count = 0;

    if (tfd_kb_releases_get(kb, &all, &count, NULL) != TFD_OK)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        int order = 1;

        if (has_wheel_for(all[i], platform, python, glibc) &&
            (!best || (tfd_version_cmp_text(all[i]->version, best->version, &order) && order > 0)))
            best = all[i];
    }
    return best;
}

tfd_tri tfd_kb_python_support(tfd_kb *kb, int major, int minor)
{
    const tfd_kb_python *python = tfd_kb_python_find(kb, major, minor);

    if (python)
        return python->tensorflow.len > 0 ? TFD_YES : TFD_NO;
    /* Wheels of 1.15 to 2.3 exist for 3.5; the table starts at 3.6. */
    return major == 3 && minor >= 0 && minor < 5 ? TFD_NO : TFD_UNKNOWN;
}
