#include "formats/pep440.h"
#include "kb/kb_read.h"

/* "files": ["dist:path", ":_ctypes", …] */
static void parse_files(tfd_kb *kb, const cJSON *root, tfd_kb_opened *out)
{
    tfd_kb_strs rows = tfd_kb_texts_get(kb, root, "files");
    tfd_kb_library *items = rows.count > 0 ? tfd_arena_new(kb->arena, tfd_kb_library, rows.count) : NULL;

    kb->no_memory = kb->no_memory || (rows.count > 0 && !items);
    for (size_t i = 0; items && i < rows.count; i++) {
        (void)tfd_str_cut(rows.items[i], ':', &items[out->count].dist, &items[out->count].path);
        out->count += items[out->count].path.len > 0;
    }
    out->items = items;
}

/* The line that answers for a version; the empty slice where there is none. */
static tfd_str choose_line(const tfd_kb *kb, tfd_str tf_version)
{
    tfd_str lines[TFD_KB_LINES_MAX], wanted = tfd_kb_line_of(tf_version);
    size_t count = tfd_kb_lines_get(kb, "opened", lines);
    size_t best = 0;
    int order;

    if (count == 0)
        return TFD_STR("");
    if (wanted.len == 0)
        best = count - 1;
    for (size_t i = 0; wanted.len > 0 && i < count; i++)
        if (tfd_version_cmp_text(lines[i], wanted, &order) && order <= 0)
            best = i;
    return lines[best];
}

tfd_status tfd_kb_opened_load(tfd_kb *kb, tfd_str tf_version, tfd_kb_opened **out, tfd_err *err)
{
    tfd_str line = choose_line(kb, tf_version);
    tfd_kb_opened *opened;
    cJSON *root = NULL;
    tfd_status st;

    *out = NULL;
    for (size_t i = 0; i < kb->opened_count; i++)
        if (tfd_str_eq(kb->opened[i]->line, line))
            *out = kb->opened[i];
    if (*out || line.len == 0)
        return TFD_OK;
    st = tfd_kb_json_read(kb, tfd_arena_fmt(kb->arena, "opened/%.*s.json", TFD_ARG(line)), &root, err);
    if (st != TFD_OK)
        return st;
    kb->no_memory = false;
    opened = tfd_arena_new(kb->arena, tfd_kb_opened, 1);
    if (opened) {
        opened->line = tfd_arena_str(kb->arena, line);
        parse_files(kb, root, opened);
        opened->origin = tfd_kb_origin_get(kb, root);
    }
    cJSON_Delete(root);
    if (!opened || kb->no_memory || kb->opened_count == TFD_KB_LINES_MAX)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    kb->opened[kb->opened_count++] = opened;
    *out = opened;
    return TFD_OK;
}

const tfd_kb_opened *tfd_kb_opened_find(tfd_kb *kb, tfd_str tf_version)
{
    tfd_kb_opened *opened;

    return tfd_kb_opened_load(kb, tf_version, &opened, NULL) == TFD_OK ? opened : NULL;
}
