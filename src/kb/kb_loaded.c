#include "kb/kb_read.h"

#include <string.h>

/* "versions": {dist: version} */
static void parse_versions(tfd_kb *kb, const cJSON *root, tfd_kb_loaded *out)
{
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(root, "versions");
    int size = cJSON_IsObject(object) ? cJSON_GetArraySize(object) : 0;
    tfd_kb_pair *pairs = size > 0 ? tfd_arena_new(kb->arena, tfd_kb_pair, (size_t)size) : NULL;
    const cJSON *item;

    kb->no_memory = kb->no_memory || (size > 0 && !pairs);
    out->versions = pairs;
    out->version_count = 0;
    if (!pairs)
        return;
    cJSON_ArrayForEach(item, object)
    {
        pairs[out->version_count].module = tfd_arena_str(kb->arena, tfd_str_of(item->string));
        pairs[out->version_count++].dist =
            tfd_arena_str(kb->arena, tfd_str_of(cJSON_IsString(item) ? item->valuestring : ""));
    }
}

static const tfd_kb_loaded *find_loaded(tfd_kb *kb, tfd_str line)
{
    tfd_kb_loaded *entry = &kb->loaded[kb->loaded_count];
    cJSON *root = NULL;

    for (size_t i = 0; i < kb->loaded_count; i++) {
        if (tfd_str_eq(kb->loaded[i].line, line))
            return &kb->loaded[i];
    }
    if (line.len == 0 || kb->loaded_count == TFD_KB_LINES_MAX)
        return NULL;
    entry->line = tfd_arena_str(kb->arena, line);
    entry->tree = entry->others = TFD_STR("");
    if (tfd_kb_json_read(kb, tfd_arena_fmt(kb->arena, "loaded/%.*s.json", TFD_ARG(line)), &root, NULL) ==
        TFD_OK) {
        entry->tree = tfd_kb_text_get(kb, root, "modules");
        entry->others = tfd_kb_text_get(kb, root, "others");
        parse_versions(kb, root, entry);
    }
    cJSON_Delete(root);
    kb->loaded_count++;
    return entry;
}

/* The children of the first name in tree, which is a list "a(b c) d": for "a" that is "b c". false: no such
 * name. */
static bool descend(tfd_str *tree, tfd_str name)
{
    size_t depth = 0, start = 0;

    for (size_t i = 0; i <= tree->len; i++) {
        char c = i < tree->len ? tree->ptr[i] : ' ';

        if (depth == 0 && (c == ' ' || c == '(') && tfd_str_eq(tfd_str_sub(*tree, start, i), name)) {
            size_t end = i;

            for (; c == '(' && end < tree->len; end++) {
                depth += tree->ptr[end] == '(';
                depth -= tree->ptr[end] == ')';
                if (depth == 0)
                    break;
            }
            *tree = tfd_str_sub(*tree, c == '(' ? i + 1 : i, end);
            return true;
        }
        if (c == '(')
            depth++;
        else if (c == ')' && depth > 0)
            depth--;
        if (depth == 0 && (c == ' ' || c == ')'))
            start = i + 1;
    }
    return false;
}

static bool has_module(tfd_str tree, tfd_str module)
{
    tfd_str name;
    bool more = module.len > 0;

    while (more) {
        more = tfd_str_cut(module, '.', &name, &module);
        if (!descend(&tree, name))
            return false;
    }
    return true;
}

bool tfd_kb_is_never_imported(tfd_kb *kb, tfd_str tf_version, tfd_str module)
{
    const tfd_kb_loaded *loaded = find_loaded(kb, tfd_kb_line_of(tf_version));

    return loaded && loaded->tree.len > 0 && !has_module(loaded->tree, module);
}

static tfd_str first_number(tfd_str version)
{
    tfd_str head, tail;

    (void)tfd_str_cut(version, '.', &head, &tail);
    return head;
}

static bool is_measured(const tfd_kb_loaded *loaded, tfd_str dist, tfd_str version)
{
    for (size_t i = 0; loaded && i < loaded->version_count; i++)
        if (tfd_str_eq(loaded->versions[i].module, dist))
            return tfd_str_eq(first_number(loaded->versions[i].dist), first_number(version));
    return false;
}

bool tfd_kb_is_measured_part(tfd_kb *kb, tfd_str tf_version, tfd_str dist, tfd_str version)
{
    return is_measured(find_loaded(kb, tfd_kb_line_of(tf_version)), dist, version);
}

bool tfd_kb_is_unused_part(tfd_kb *kb, tfd_str tf_version, tfd_str dist, tfd_str version, tfd_str module)
{
    const tfd_kb_loaded *loaded = find_loaded(kb, tfd_kb_line_of(tf_version));

    return is_measured(loaded, dist, version) && !has_module(loaded->others, module);
}

/* ---- one module of the tree after the other */

bool tfd_kb_tree_open(tfd_kb *kb, tfd_str tf_version, bool others, tfd_kb_tree *out)
{
    const tfd_kb_loaded *loaded = find_loaded(kb, tfd_kb_line_of(tf_version));

    memset(out, 0, sizeof *out);
    if (loaded)
        out->rest = others ? loaded->others : loaded->tree;
    return out->rest.len > 0;
}

static bool is_word(char c)
{
    return c != ' ' && c != '(' && c != ')';
}

bool tfd_kb_tree_next(tfd_kb_tree *tree, tfd_str *module, bool *has_parts)
{
    size_t end = 0;

    while (tree->rest.len > 0 && !is_word(tree->rest.ptr[0])) {
        char c = tree->rest.ptr[0];

        if (c == '(' && tree->depth < TFD_KB_TREE_DEPTH)
            tree->parents[tree->depth++] = tree->len;
        else if (c == ')' && tree->depth > 0)
            tree->depth--;
        tree->rest = tfd_str_from(tree->rest, 1);
    }
    while (end < tree->rest.len && is_word(tree->rest.ptr[end]))
        end++;
    tree->len = tree->depth > 0 ? tree->parents[tree->depth - 1] : 0;
    if (end == 0 || tree->len + 1 + end > sizeof tree->name)
        return false;
    if (tree->len > 0)
        tree->name[tree->len++] = '.';
    memcpy(tree->name + tree->len, tree->rest.ptr, end);
    tree->len += end;
    tree->rest = tfd_str_from(tree->rest, end);
    *module = (tfd_str){tree->name, tree->len};
    *has_parts = tree->rest.len > 0 && tree->rest.ptr[0] == '(';
    return true;
}
