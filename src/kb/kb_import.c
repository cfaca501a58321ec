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
        imports->spared = tfd_kb_texts_get(kb, root, "spared");
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

bool tfd_kb_is_spared(tfd_kb *kb, tfd_str tf_version, tfd_str module)
{
    const tfd_kb_imports *imports = tfd_kb_imports_find(kb, tf_version);

    for (size_t i = 0; imports && i < imports->spared.count; i++)
        if (tfd_str_eq(imports->spared.items[i], module))
            return true;
    return false;
}

/* "google/_upb/_message.*.so" is google._upb._message. */
static bool is_library_of(tfd_str path, tfd_str module)
{
    if (path.len <= module.len || path.ptr[module.len] != '.')
        return false;
    for (size_t i = 0; i < module.len; i++)
        if (module.ptr[i] != (path.ptr[i] == '/' ? '.' : path.ptr[i]))
            return false;
    return true;
}

bool tfd_kb_library_is_spared(const tfd_kb_imports *imports, const tfd_kb_library *library)
{
    for (size_t i = 0; i < imports->spared.count; i++)
        if (is_library_of(library->path, imports->spared.items[i]))
            return true;
    return false;
}

bool tfd_kb_dist_is_spared(const tfd_kb_imports *imports, tfd_str dist)
{
    bool has_any = false;

    for (size_t i = 0; i < imports->library_count; i++) {
        if (!tfd_str_eq(imports->libraries[i].dist, dist))
            continue;
        if (!tfd_kb_library_is_spared(imports, &imports->libraries[i]))
            return false;
        has_any = true;
    }
    return has_any;
}
