#include "kb/kb.h"

#include <string.h>

#include "base/path.h"
#include "formats/pep440.h"
#include "kb/kb_data.h"
#include "kb/kb_read.h"

static const char *const folders[] = {"", "tensorflow", "imports", "loaded", "opened", "causes"};

static tfd_status add_override(tfd_kb *kb, const tfd_sys *sys, tfd_str dir, const char *folder, tfd_str base,
                               tfd_err *err)
{
    tfd_kb_override file;
    cJSON *root = NULL;
    tfd_str path;
    tfd_status st;

    file.name =
        *folder ? tfd_arena_fmt(kb->arena, "%s/%.*s", folder, TFD_ARG(base)) : tfd_arena_str(kb->arena, base);
    path = tfd_path_join(sys->style, kb->arena, dir, base);
    if (!file.name.ptr || !path.ptr)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    st = tfd_sys_read_file(sys, kb->arena, path, TFD_KB_FILE_MAX, &file.text, err);
    if (st != TFD_OK)
        return st;
    if (tfd_str_ends_z(base, ".json")) {
        st = tfd_kb_json_parse(path, file.text, &root, err);
        if (st != TFD_OK)
            return st;
        cJSON_Delete(root);
    }
    if (!TFD_GROW(kb->arena, &kb->overrides))
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    kb->overrides.items[kb->overrides.count++] = file;
    return TFD_OK;
}

static tfd_status read_folder(tfd_kb *kb, const tfd_sys *sys, tfd_str dir, const char *folder, tfd_err *err)
{
    tfd_dirents entries = {NULL, 0, 0};
    bool is_prose = strcmp(folder, "causes") == 0;
    tfd_status st;

    st = sys->list(sys, kb->arena, dir, &entries, err);
    if (st == TFD_ENOENT && *folder)
        return TFD_OK;
    for (size_t i = 0; st == TFD_OK && i < entries.count; i++) {
        if (tfd_str_ends_z(entries.items[i].name, is_prose ? ".md" : ".json"))
            st = add_override(kb, sys, dir, folder, entries.items[i].name, err);
    }
    return st;
}

/* Whether a folder holds anything that would be asked for: a file of a known name, or one of a sub-folder,
 * where names are versions and causes. */
static bool has_knowledge(const tfd_kb *kb)
{
    for (size_t i = 0; i < kb->overrides.count; i++) {
        tfd_str name = kb->overrides.items[i].name;

        if (tfd_str_find_char(name, '/') != TFD_NPOS)
            return true;
        for (size_t k = 0; k < tfd_kb_file_count; k++)
            if (tfd_str_is(name, tfd_kb_files[k].name))
                return true;
    }
    return false;
}

tfd_status tfd_kb_open(tfd_arena *arena, const tfd_sys *sys, tfd_str dir, tfd_kb **out, tfd_err *err)
{
    tfd_kb *kb = tfd_arena_new(arena, tfd_kb, 1);

    if (!kb)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    kb->arena = arena;
    for (size_t i = 0; dir.len > 0 && i < sizeof folders / sizeof folders[0]; i++) {
        tfd_str path = tfd_path_join(sys->style, arena, dir, tfd_str_of(folders[i]));
        tfd_status st = read_folder(kb, sys, i == 0 ? dir : path, folders[i], err);

        if (st != TFD_OK)
            return st;
    }
    if (dir.len > 0 && !has_knowledge(kb))
        return tfd_err_set(err, TFD_ENOENT, 0, "%.*s holds no file of knowledge", TFD_ARG(dir));
    *out = kb;
    return TFD_OK;
}

bool tfd_kb_file_find(const tfd_kb *kb, tfd_str name, tfd_str *out)
{
    size_t low = 0, high = tfd_kb_file_count;

    for (size_t i = 0; i < kb->overrides.count; i++) {
        if (tfd_str_eq(kb->overrides.items[i].name, name)) {
            *out = kb->overrides.items[i].text;
            return true;
        }
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = tfd_str_cmp(name, tfd_str_of(tfd_kb_files[middle].name));

        if (order == 0) {
            out->ptr = (const char *)tfd_kb_files[middle].bytes;
            out->len = tfd_kb_files[middle].len;
            return true;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

static void parse_date(tfd_kb *kb, const cJSON *root)
{
    kb->date = tfd_kb_text_get(kb, root, "date");
}

static const struct {
    const char *file;
    void (*parse)(tfd_kb *kb, const cJSON *root);
} topics[TFD_KB_TOPIC_COUNT] = {
    [TFD_KB_TOPIC_DATE] = {"knowledge.json", parse_date},
    [TFD_KB_TOPIC_PYTHON] = {"python.json", tfd_kb_python_parse},
    [TFD_KB_TOPIC_MODULES] = {"modules.json", tfd_kb_modules_parse},
    [TFD_KB_TOPIC_DISTS] = {"distributions.json", tfd_kb_dists_parse},
    [TFD_KB_TOPIC_BREAKS] = {"breaks.json", tfd_kb_breaks_parse},
    [TFD_KB_TOPIC_ADDONS] = {"addons.json", tfd_kb_addons_parse},
    [TFD_KB_TOPIC_COSTS] = {"costs.json", tfd_kb_costs_parse},
    [TFD_KB_TOPIC_ADDON_WHEELS] = {"addon_wheels.json", tfd_kb_addon_wheels_parse},
    [TFD_KB_TOPIC_ENV] = {"env.json", tfd_kb_env_parse},
    [TFD_KB_TOPIC_LIBC] = {"libc.json", tfd_kb_libc_parse},
    [TFD_KB_TOPIC_VCRUNTIME] = {"vcruntime.json", tfd_kb_vcruntime_parse},
    [TFD_KB_TOPIC_WINDOWS] = {"windows.json", tfd_kb_windows_parse},
};

tfd_status tfd_kb_topic_load(tfd_kb *kb, tfd_kb_topic topic, tfd_err *err)
{
    cJSON *root = NULL;
    tfd_status st;

    if (kb->is_done[topic])
        return TFD_OK;
    st = tfd_kb_json_read(kb, tfd_str_of(topics[topic].file), &root, err);
    kb->is_done[topic] = true; /* a file that cannot be read now cannot be read later either */
    if (st != TFD_OK)
        return st;
    kb->no_memory = false;
    topics[topic].parse(kb, root);
    cJSON_Delete(root);
    return kb->no_memory ? tfd_err_set(err, TFD_ENOMEM, 0, "out of memory") : TFD_OK;
}

tfd_status tfd_kb_preload(tfd_kb *kb, tfd_str tf_version, tfd_err *err)
{
    tfd_str lines[TFD_KB_LINES_MAX];
    size_t count = tfd_kb_lines_get(kb, "imports", lines);
    const tfd_kb_line *line;
    tfd_kb_imports *imports;
    tfd_kb_opened *opened;
    tfd_status st = TFD_OK;

    for (int topic = 0; st == TFD_OK && topic < TFD_KB_TOPIC_COSTS; topic++)
        st = tfd_kb_topic_load(kb, (tfd_kb_topic)topic, err);
    /* Every line: is_optional asks all, and together they have some 40 KiB. */
    for (size_t i = 0; st == TFD_OK && i < count; i++)
        st = tfd_kb_imports_load(kb, lines[i], &imports, err);
    if (st == TFD_OK)
        st = tfd_kb_opened_load(kb, tf_version, &opened, err);
    if (st == TFD_OK && tf_version.len > 0) {
        st = tfd_kb_line_load(kb, tfd_kb_line_of(tf_version), &line, err);
        tfd_kb_is_never_imported(kb, tf_version, TFD_STR("tensorflow"));
    }
    return st;
}

bool tfd_kb_is_whole(const tfd_kb *kb)
{
    return !kb->arena->failed;
}

tfd_str tfd_kb_date(tfd_kb *kb)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_DATE, NULL);
    return kb->date;
}

tfd_str tfd_kb_line_of(tfd_str version)
{
    size_t i = 0, dots = 0;

    while (i < version.len && (tfd_char_is_digit(version.ptr[i]) || (version.ptr[i] == '.' && dots == 0))) {
        if (version.ptr[i] == '.')
            dots++;
        i++;
    }
    if (dots == 0 || version.ptr[0] == '.' || version.ptr[i - 1] == '.')
        return TFD_STR("");
    return tfd_str_sub(version, 0, i);
}

/* "tensorflow/2.15.json" gives "2.15" for the folder "tensorflow"; otherwise the empty slice. */
static tfd_str line_of_file(tfd_str name, const char *folder)
{
    tfd_str dir, base;

    if (!tfd_str_cut(name, '/', &dir, &base) || !tfd_str_is(dir, folder) || !tfd_str_ends_z(base, ".json"))
        return TFD_STR("");
    return tfd_str_sub(base, 0, base.len - 5);
}

static void insert_line(tfd_str lines[TFD_KB_LINES_MAX], size_t *count, tfd_str line)
{
    size_t at = 0;
    int order = 1;

    for (; at < *count; at++) {
        if (!tfd_version_cmp_text(lines[at], line, &order) || order >= 0)
            break;
    }
    if ((at < *count && order == 0) || *count == TFD_KB_LINES_MAX)
        return;
    memmove(&lines[at + 1], &lines[at], (*count - at) * sizeof lines[0]);
    lines[at] = line;
    ++*count;
}

size_t tfd_kb_lines_get(const tfd_kb *kb, const char *folder, tfd_str out[TFD_KB_LINES_MAX])
{
    size_t count = 0;
    tfd_version version;

    for (size_t i = 0; i < tfd_kb_file_count + kb->overrides.count; i++) {
        tfd_str name = i < tfd_kb_file_count ? tfd_str_of(tfd_kb_files[i].name)
                                             : kb->overrides.items[i - tfd_kb_file_count].name;
        tfd_str line = line_of_file(name, folder);

        if (line.len > 0 && tfd_version_parse(line, &version) == TFD_OK)
            insert_line(out, &count, line);
    }
    return count;
}
