#include "formats/pep440.h"
#include "kb/kb_read.h"

static tfd_kb_need need_of(const cJSON *item)
{
    tfd_str word = cJSON_IsString(item) ? tfd_str_of(item->valuestring) : TFD_STR("");

    if (tfd_str_is(word, "import"))
        return TFD_KB_NEED_IMPORT;
    if (tfd_str_is(word, "keras"))
        return TFD_KB_NEED_KERAS;
    return tfd_str_is(word, "none") ? TFD_KB_NEED_NONE : TFD_KB_NEED_UNKNOWN;
}

/* A row is [name, kind, hidden, shadowed, broken]; kind is "package", "pure" or "native"; a missing effect is
 * unknown. */
static void parse_modules(tfd_kb *kb, const cJSON *root, tfd_kb_imports *out)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, root, "modules", sizeof(tfd_kb_module), &items);
    tfd_kb_module *modules = items;
    const cJSON *row;

    out->modules = modules;
    cJSON_ArrayForEach(row, rows)
    {
        const cJSON *name = cJSON_GetArrayItem(row, 0);
        const cJSON *kind = cJSON_GetArrayItem(row, 1);
        tfd_str word = cJSON_IsString(kind) ? tfd_str_of(kind->valuestring) : TFD_STR("");

        if (!cJSON_IsString(name))
            continue;
        modules->name = tfd_arena_str(kb->arena, tfd_str_of(name->valuestring));
        modules->stdlib = !tfd_str_is(word, "package");
        modules->native = tfd_str_is(word, "native");
        modules->hidden = need_of(cJSON_GetArrayItem(row, 2));
        modules->shadowed = need_of(cJSON_GetArrayItem(row, 3));
        modules->broken = need_of(cJSON_GetArrayItem(row, 4));
        modules++;
        out->module_count++;
    }
}

/* "libraries": {dist: [path, …]} */
static void parse_libraries(tfd_kb *kb, const cJSON *root, tfd_kb_imports *out)
{
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(root, "libraries");
    const cJSON *list, *item;
    tfd_kb_library *libraries;
    size_t count = 0;

    cJSON_ArrayForEach(list, object) count += (size_t)cJSON_GetArraySize(list);
    libraries = count > 0 ? tfd_arena_new(kb->arena, tfd_kb_library, count) : NULL;
    if (!libraries) {
        kb->no_memory = kb->no_memory || count > 0;
        return;
    }
    out->libraries = libraries;
    cJSON_ArrayForEach(list, object)
    {
        tfd_str dist = tfd_arena_str(kb->arena, tfd_str_of(list->string));

        cJSON_ArrayForEach(item, list)
        {
            if (!cJSON_IsString(item))
                continue;
            libraries->dist = dist;
            libraries->path = tfd_arena_str(kb->arena, tfd_str_of(item->valuestring));
            libraries++;
            out->library_count++;
        }
    }
}

tfd_status tfd_kb_imports_load(tfd_kb *kb, tfd_str line, tfd_kb_imports **out, tfd_err *err)
{
    tfd_kb_imports *imports;
    cJSON *root = NULL;
    tfd_status st;

    *out = NULL;
    for (size_t i = 0; i < kb->imports_count; i++) {
        if (tfd_str_eq(kb->imports[i]->line, line)) {
            *out = kb->imports[i];
            return TFD_OK;
        }
    }
    st = tfd_kb_json_read(kb, tfd_arena_fmt(kb->arena, "imports/%.*s.json", TFD_ARG(line)), &root, err);
    if (st != TFD_OK)
        return st;
    kb->no_memory = false;
    imports = tfd_arena_new(kb->arena, tfd_kb_imports, 1);
    if (imports) {
        imports->line = tfd_arena_str(kb->arena, line);
        parse_modules(kb, root, imports);
        parse_libraries(kb, root, imports);
        imports->unused = tfd_kb_texts_get(kb, root, "unused");
        imports->origin = tfd_kb_origin_get(kb, root);
    }
    cJSON_Delete(root);
    if (!imports || kb->no_memory || kb->imports_count == TFD_KB_LINES_MAX)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    kb->imports[kb->imports_count++] = imports;
    *out = imports;
    return TFD_OK;
}

const tfd_kb_imports *tfd_kb_imports_find(tfd_kb *kb, tfd_str tf_version)
{
    tfd_str lines[TFD_KB_LINES_MAX], wanted = tfd_kb_line_of(tf_version);
    size_t count = tfd_kb_lines_get(kb, "imports", lines);
    size_t best = 0;
    tfd_kb_imports *imports;
    int order;

    if (count == 0)
        return NULL;
    if (wanted.len == 0)
        best = count - 1; /* version not known: most installations are recent */
    for (size_t i = 0; wanted.len > 0 && i < count; i++) {
        if (tfd_version_cmp_text(lines[i], wanted, &order) && order <= 0)
            best = i;
    }
    return tfd_kb_imports_load(kb, lines[best], &imports, NULL) == TFD_OK ? imports : NULL;
}

bool tfd_kb_imports_are_of(const tfd_kb_imports *imports, tfd_str tf_version)
{
    return tfd_str_eq(imports->line, tfd_kb_line_of(tf_version));
}

const tfd_kb_module *tfd_kb_module_find(const tfd_kb_imports *imports, tfd_str name)
{
    size_t low = 0, high = imports->module_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = tfd_str_cmp(name, imports->modules[middle].name);

        if (order == 0)
            return &imports->modules[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* Whether module (as imported) is what a distribution provides. */
static bool is_provided(tfd_kb *kb, tfd_str module, tfd_str dist)
{
    tfd_str known = tfd_kb_module_dist(kb, module);

    if (known.len > 0)
        return tfd_str_eq(known, dist);
    if (module.len != dist.len)
        return false;
    for (size_t i = 0; i < module.len; i++) {
        char c = module.ptr[i] == '_' ? '-' : tfd_char_lower(module.ptr[i]);

        if (c != dist.ptr[i])
            return false;
    }
    return true;
}

static tfd_kb_need need_in(tfd_kb *kb, const tfd_kb_imports *imports, bool is_exact, tfd_str dist)
{
    tfd_kb_need need = TFD_KB_NEED_UNKNOWN;

    for (size_t i = 0; i < imports->module_count; i++) {
        const tfd_kb_module *module = &imports->modules[i];

        if (!module->stdlib && module->hidden > need && is_provided(kb, module->name, dist))
            need = module->hidden;
    }
    for (size_t i = 0; need == TFD_KB_NEED_UNKNOWN && i < imports->unused.count; i++) {
        if (tfd_str_eq(imports->unused.items[i], dist))
            need = TFD_KB_NEED_NONE;
    }
    if (need == TFD_KB_NEED_UNKNOWN && is_exact)
        need = TFD_KB_NEED_NONE; /* all that this import loads is listed */
    return need;
}

tfd_kb_need tfd_kb_dist_need(tfd_kb *kb, tfd_str tf_version, tfd_str dist)
{
    const tfd_kb_imports *imports = tfd_kb_imports_find(kb, tf_version);

    if (!imports)
        return TFD_KB_NEED_UNKNOWN;
    return need_in(kb, imports, tfd_kb_imports_are_of(imports, tf_version), dist);
}

bool tfd_kb_is_optional(tfd_kb *kb, tfd_str module, tfd_str dist)
{
    tfd_str lines[TFD_KB_LINES_MAX];
    size_t count = tfd_kb_lines_get(kb, "imports", lines);
    tfd_kb_need most = tfd_str_is(module, "tensorflow") ? TFD_KB_NEED_KERAS : TFD_KB_NEED_NONE;
    tfd_kb_imports *imports;

    for (size_t i = 0; i < count; i++) {
        if (tfd_kb_imports_load(kb, lines[i], &imports, NULL) != TFD_OK || !imports ||
            need_in(kb, imports, true, dist) > most)
            return false;
    }
    return count > 0;
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
    entry->tree = TFD_STR("");
    if (tfd_kb_json_read(kb, tfd_arena_fmt(kb->arena, "loaded/%.*s.json", TFD_ARG(line)), &root, NULL) ==
        TFD_OK)
        entry->tree = tfd_kb_text_get(kb, root, "modules");
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

bool tfd_kb_is_never_imported(tfd_kb *kb, tfd_str tf_version, tfd_str module)
{
    const tfd_kb_loaded *loaded = find_loaded(kb, tfd_kb_line_of(tf_version));
    tfd_str tree, name;
    bool more = module.len > 0;

    if (!loaded || loaded->tree.len == 0)
        return false;
    for (tree = loaded->tree; more;) {
        more = tfd_str_cut(module, '.', &name, &module);
        if (!descend(&tree, name))
            return true;
    }
    return false;
}
