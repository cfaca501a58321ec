#include "python/editable.h"
#include "python/site_model.h"

#include <string.h>

#define MODULE_MAX ((size_t)64 << 10)
/* Variables that start-up code changes; more is hostile. */
#define VARIABLES_MAX 1000
/* Libraries that it loads. */
#define LOADS_MAX 200

/* Modules that start-up code is known to import and that leave sys.path alone, whatever their text looks
 * like: setuptools' and virtualenv's redirection of distutils, coverage's and pytest-cov's process start. */
static const char *const harmless[] = {"_virtualenv", "_distutils_hack",   "coverage",
                                       "pytest_cov",  "pywin32_bootstrap", "_sysconfigdata"};

static tfd_startup_file *startup_row(const tfd_site_model *m)
{
    return &m->facts->startup_files.items[m->startup];
}

static void set_not_understood(tfd_site_model *m, size_t line)
{
    tfd_startup_file *row = startup_row(m);

    row->understood = false;
    tfd_site_incomplete(m, tfd_arena_fmt(m->arena, "line %lu of %.*s runs code that may change sys.path",
                                         (unsigned long)line, TFD_ARG(row->path)));
}

static bool is_on_path(const tfd_site_model *m, tfd_str path)
{
    for (size_t i = 0; i < m->out->count; i++)
        if (tfd_str_eq(m->out->items[i].path, path))
            return true;
    return false;
}

static tfd_str source_of(const tfd_site_model *m, size_t line)
{
    return tfd_arena_fmt(m->arena, "%.*s:%lu", TFD_ARG(startup_row(m)->path), (unsigned long)line);
}

/* list.insert: an index past the end appends, a negative one counts from the end and stops at 0. */
static size_t clamp_index(long index, size_t count)
{
    if (index < 0)
        return (size_t)-index >= count ? 0 : count - (size_t)-index;
    return (size_t)index > count ? count : (size_t)index;
}

/* ---- modules that are imported */

static tfd_str module_file(const tfd_site_model *m, tfd_str dir, tfd_str module, const char *suffix)
{
    tfd_str name = tfd_arena_fmt(m->arena, "%.*s%s", TFD_ARG(module), suffix);

    return tfd_path_join(m->sys->style, m->arena, dir, name);
}

/* First file on the path for a module: folder with __init__.py, or NAME.py. *is_stdlib where it is the
 * standard library's. Empty: none. */
static tfd_str find_module(const tfd_site_model *m, tfd_str module, bool *is_stdlib)
{
    tfd_str top, rest;

    tfd_str_cut(module, '.', &top, &rest);
    for (size_t i = 0; i < m->out->count; i++) {
        tfd_syspath_entry *e = &m->out->items[i];
        static const char *const suffixes[] = {"/__init__.py", ".py", ".pyc"};

        if (e->is_dir == TFD_UNKNOWN)
            e->is_dir = tfd_sys_is_dir(m->sys, e->path) ? TFD_YES : TFD_NO;
        if (e->is_dir == TFD_NO)
            continue;

        *is_stdlib = e->kind == TFD_PLACE_STDLIB;
        for (size_t k = 0; k < sizeof suffixes / sizeof *suffixes; k++) {
            tfd_str file = module_file(m, e->path, top, suffixes[k]);

            if (tfd_sys_is_file(m->sys, file))
                return file;
        }
    }
    return TFD_STR("");
}

static bool is_core(tfd_str module)
{
    static const char *const core[] = {"sys",
                                       "os",
                                       "site",
                                       "types",
                                       "importlib",
                                       "os.path",
                                       "builtins",
                                       "importlib.util",
                                       "importlib.machinery",
                                       "warnings",
                                       "atexit"};

    for (size_t i = 0; i < sizeof core / sizeof *core; i++)
        if (tfd_str_is(module, core[i]))
            return true;
    return false;
}

/* Keeps the code that changes variables: whoever looks for the culprit of one searches it. */
static void note_changes(tfd_site_model *m, tfd_str text)
{
    tfd_startup_file *row = startup_row(m);

    if (row->changes_variables.len == 0 && tfd_pycode_sets_variables(text))
        row->changes_variables = text;
    if (row->changes_python.len == 0 && tfd_pycode_changes_python(text))
        row->changes_python = text;
}

static tfd_pycode_names names_for(const tfd_site_model *m, tfd_str dir, tfd_str file)
{
    tfd_pycode_names names = {dir, file, m->layout->venv_prefix, m->sys->home(m->sys), m->sys};

    if (names.prefix.len == 0)
        names.prefix = m->layout->prefix;
    return names;
}

static void add_load(tfd_site_model *m, const tfd_effect *e)
{
    tfd_start_load *row;

    if (m->facts->start_loads.count >= LOADS_MAX)
        return;
    if (!TFD_GROW(m->arena, &m->facts->start_loads)) {
        m->no_memory = true;
        return;
    }
    row = &m->facts->start_loads.items[m->facts->start_loads.count++];
    row->path = e->path;
    row->is_dir = e->kind == TFD_EFFECT_DLL_DIR;
    row->is_global = e->is_global;
    row->startup = m->startup;
}

/* Of a module that start-up code imports: the libraries that it loads. */
static void note_loads(tfd_site_model *m, tfd_str file, tfd_str text)
{
    tfd_pycode_names names = names_for(m, TFD_STR(""), file);
    tfd_effects effects = {NULL, 0, 0};

    if (!tfd_pycode_loads_libraries(text))
        return;
    if (tfd_pycode_module(m->arena, text, &names, &effects) != TFD_OK)
        m->no_memory = true;
    for (size_t i = 0; i < effects.count; i++)
        if (effects.items[i].kind == TFD_EFFECT_LOAD || effects.items[i].kind == TFD_EFFECT_DLL_DIR)
            add_load(m, &effects.items[i]);
}

/* `import module`: false where it is known to raise. */
static bool run_import(tfd_site_model *m, const tfd_effect *e)
{
    bool is_stdlib = false;
    tfd_str file, text;

    if (is_core(e->path) || tfd_str_starts_z(e->path, "__editable__"))
        return true;
    file = find_module(m, e->path, &is_stdlib);
    if (is_stdlib)
        return true;
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (tfd_str_is(e->path, harmless[i]))
            return true;
    if (file.len == 0 || tfd_str_ends_z(file, ".pyc") ||
        tfd_sys_read_file(m->sys, m->arena, file, MODULE_MAX, &text, NULL) != TFD_OK) {
        set_not_understood(m, e->line); /* an extension module, or a missing one */
        return true;
    }
    note_changes(m, text);
    note_loads(m, file, text);
    if (tfd_pycode_is_suspect(text))
        set_not_understood(m, e->line);
    return true;
}

/* ---- editable finders */

static void add_preset(tfd_site_model *m, tfd_str name, tfd_str path, tfd_str source, bool is_first)
{
    tfd_preset *p;

    if (!TFD_GROW(m->arena, &m->facts->presets)) {
        m->no_memory = true;
        return;
    }
    p = &m->facts->presets.items[m->facts->presets.count++];
    p->name = name;
    p->path = path;
    p->source = source;
    p->is_first = is_first;
}

static void run_install(tfd_site_model *m, tfd_str dir, const tfd_effect *e)
{
    tfd_str file = module_file(m, dir, e->path, ".py");
    tfd_editable editable;
    tfd_str text;

    if (tfd_sys_read_file(m->sys, m->arena, file, TFD_EDITABLE_MAX, &text, NULL) != TFD_OK ||
        tfd_editable_parse(m->arena, text, &editable) != TFD_OK) {
        set_not_understood(m, e->line);
        return;
    }
    for (size_t i = 0; i < editable.count; i++)
        add_preset(m, editable.items[i].name, editable.items[i].path, file, false);
    if (editable.has_namespaces && editable.placeholder.len && !is_on_path(m, editable.placeholder))
        tfd_site_insert(m, m->out->count, editable.placeholder, TFD_PLACE_PTH, file);
}

/* ---- effects */

/* easy-install.pth: what was added since the mark moves to the front, behind earlier such groups. */
static void run_egg_move(tfd_site_model *m)
{
    tfd_syspath *out = m->out;
    size_t from = m->egg_mark < out->count ? m->egg_mark : out->count;
    size_t n = out->count - from;
    size_t to = m->egg_insert < from ? m->egg_insert : from;

    for (size_t i = 0; i < n; i++) {
        tfd_syspath_entry moved = out->items[from + i];

        memmove(out->items + to + i + 1, out->items + to + i, (from - to) * sizeof moved);
        out->items[to + i] = moved;
    }
    m->egg_insert = to + n;
    if (n)
        startup_row(m)->adds_first = true;
}

/* site.addsitedir(dir) without known_paths: what is known is what sys.path holds now and exists. */
static void run_sitedir(tfd_site_model *m, const tfd_effect *e)
{
    tfd_map outer = m->known;

    memset(&m->known, 0, sizeof m->known);
    for (size_t i = 0; i < m->out->count; i++)
        if (tfd_sys_kind(m->sys, m->out->items[i].path) != TFD_KIND_NONE &&
            !tfd_map_put(m->arena, &m->known, m->out->items[i].path, 1))
            m->no_memory = true;
    tfd_site_add_dir(m, e->path, TFD_PLACE_PTH, source_of(m, e->line));
    m->known = outer;
}

static void run_insert(tfd_site_model *m, const tfd_effect *e, tfd_place_kind kind)
{
    size_t at = e->kind == TFD_EFFECT_INSERT ? clamp_index(e->index, m->out->count) : m->out->count;

    if (e->if_absent && is_on_path(m, e->path))
        return;
    if (at == 0)
        startup_row(m)->adds_first = true;
    tfd_site_insert(m, at, e->path, kind, source_of(m, e->line));
}

static bool is_dropped(tfd_str entry, const tfd_effect *e)
{
    switch (e->match) {
    case TFD_MATCH_CONTAINS:
        return tfd_str_find(entry, e->path) != TFD_NPOS;
    case TFD_MATCH_STARTS:
        return tfd_str_starts(entry, e->path);
    case TFD_MATCH_ENDS:
        return tfd_str_ends(entry, e->path);
    case TFD_MATCH_EQUAL:
        break;
    }
    return tfd_str_eq(entry, e->path);
}

/* What an interpreter cannot do without stays in the list, marked: the modules in it are not lost, they are
 * kept from being found. */
static void run_drop(tfd_site_model *m, const tfd_effect *e)
{
    tfd_syspath *out = m->out;
    size_t kept = 0;

    for (size_t i = 0; i < out->count; i++) {
        tfd_syspath_entry *entry = &out->items[i];
        bool is_own = entry->kind == TFD_PLACE_STDLIB || entry->kind == TFD_PLACE_DYNLOAD ||
                      entry->kind == TFD_PLACE_SITE || entry->kind == TFD_PLACE_BASE_SITE;

        if (is_dropped(entry->path, e)) {
            if (!is_own)
                continue;
            entry->dropped_by = startup_row(m)->path;
        }
        out->items[kept++] = *entry;
    }
    out->count = kept;
}

static bool is_variable_set(const tfd_site_model *m, tfd_str name)
{
    const char *name_z = tfd_arena_z(m->arena, name);
    tfd_str value;

    for (size_t i = m->facts->start_variables.count; i > 0; i--)
        if (tfd_str_eq(m->facts->start_variables.items[i - 1].name, name))
            return m->facts->start_variables.items[i - 1].is_set;
    return name_z && m->sys->env(m->sys, name_z, &value);
}

static void run_variable(tfd_site_model *m, const tfd_effect *e)
{
    tfd_start_variable *row;

    if (e->if_absent && is_variable_set(m, e->path))
        return;
    if (m->facts->start_variables.count >= VARIABLES_MAX)
        return;
    if (!TFD_GROW(m->arena, &m->facts->start_variables)) {
        m->no_memory = true;
        return;
    }
    row = &m->facts->start_variables.items[m->facts->start_variables.count++];
    row->name = e->path;
    row->value = e->value;
    row->is_set = e->kind == TFD_EFFECT_SET;
    row->startup = m->startup;
    row->line = e->line;
}

static bool run_effect(tfd_site_model *m, tfd_str dir, const tfd_effect *e, tfd_place_kind kind)
{
    switch (e->kind) {
    case TFD_EFFECT_INSERT:
    case TFD_EFFECT_APPEND:
        run_insert(m, e, kind);
        return true;
    case TFD_EFFECT_SITEDIR:
        run_sitedir(m, e);
        return true;
    case TFD_EFFECT_IMPORT:
        return run_import(m, e);
    case TFD_EFFECT_INSTALL:
        run_install(m, dir, e);
        return true;
    case TFD_EFFECT_NAMESPACE: {
        tfd_str path = tfd_path_join(m->sys->style, m->arena, dir, e->path);

        /* PathFinder.find_spec gives None for a folder that is gone; the line raises then. */
        if (!tfd_sys_is_dir(m->sys, path))
            return false;
        add_preset(m, e->path, path, startup_row(m)->path, true);
        return true;
    }
    case TFD_EFFECT_EGG_MARK:
        m->egg_mark = m->out->count;
        return true;
    case TFD_EFFECT_EGG_MOVE:
        run_egg_move(m);
        return true;
    case TFD_EFFECT_DROP:
        run_drop(m, e);
        return true;
    case TFD_EFFECT_SET:
    case TFD_EFFECT_UNSET:
        run_variable(m, e);
        return true;
    case TFD_EFFECT_LOAD:
    case TFD_EFFECT_DLL_DIR:
        add_load(m, e);
        return true;
    case TFD_EFFECT_UNKNOWN:
        break;
    }
    set_not_understood(m, e->line);
    return true;
}

bool tfd_site_run_line(tfd_site_model *m, tfd_str dir, tfd_str line, size_t number)
{
    tfd_pycode_names names = names_for(m, dir, TFD_STR(""));
    tfd_effects effects;

    memset(&effects, 0, sizeof effects);
    note_changes(m, line);
    if (tfd_pycode_line(m->arena, line, number, &names, &effects) != TFD_OK) {
        m->no_memory = true;
        return false;
    }
    for (size_t i = 0; i < effects.count && !m->no_memory; i++)
        if (!run_effect(m, dir, &effects.items[i], TFD_PLACE_PTH))
            return false;
    return true;
}

void tfd_site_customize(tfd_site_model *m, const char *module)
{
    bool is_stdlib = false;
    tfd_str file = find_module(m, tfd_str_of(module), &is_stdlib);
    tfd_pycode_names names = names_for(m, TFD_STR(""), file);
    tfd_effects effects;
    tfd_str text;

    if (file.len == 0)
        return;
    memset(&effects, 0, sizeof effects);
    tfd_site_open_startup(m, file);
    if (m->no_memory)
        return;
    startup_row(m)->has_imports = true;
    if (tfd_str_ends_z(file, ".pyc") ||
        tfd_sys_read_file(m->sys, m->arena, file, MODULE_MAX, &text, NULL) != TFD_OK) {
        set_not_understood(m, 1);
        return;
    }
    note_changes(m, text);
    if (!tfd_pycode_is_suspect(text) && startup_row(m)->changes_variables.len == 0 &&
        !tfd_pycode_loads_libraries(text))
        return;
    if (tfd_pycode_module(m->arena, text, &names, &effects) != TFD_OK)
        m->no_memory = true;
    for (size_t i = 0; i < effects.count && !m->no_memory; i++)
        if (effects.items[i].kind != TFD_EFFECT_IMPORT || effects.items[i].path.len == 0)
            run_effect(m, tfd_path_dir(m->sys->style, file), &effects.items[i], TFD_PLACE_CUSTOMIZE);
}
