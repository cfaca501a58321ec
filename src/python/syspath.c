#include "python/site_model.h"

#include <string.h>

#define SITE_PY_MAX ((size_t)256 << 10)

tfd_str tfd_site_abs(const tfd_site_model *m, tfd_str path)
{
    tfd_str cwd = m->sys->cwd(m->sys);

    if (m->sys->style == TFD_PATH_WINDOWS)
        return tfd_site_abs_windows(m->arena, cwd, path);
    if (!tfd_path_is_abs(m->sys->style, path))
        path = path.len ? tfd_path_join(m->sys->style, m->arena, cwd, path) : cwd;
    return tfd_path_norm(m->sys->style, m->arena, path);
}

void tfd_site_incomplete(tfd_site_model *m, tfd_str why)
{
    if (m->out->complete)
        m->out->why = why;
    m->out->complete = false;
    m->out->lacks_library_only = false;
}

/* Where the prefix is not known, nor is the standard library. */
static void miss_library(tfd_site_model *m)
{
    bool was_complete = m->out->complete;

    if (!m->layout->prefix_unknown)
        return;
    tfd_site_incomplete(m, TFD_STR("the standard library is not where it is looked for"));
    m->out->lacks_library_only = was_complete;
}

void tfd_site_insert(tfd_site_model *m, size_t at, tfd_str path, tfd_place_kind kind, tfd_str source)
{
    tfd_syspath *out = m->out;
    tfd_syspath_entry *e;

    if (out->count >= TFD_SITE_ENTRIES_MAX) {
        tfd_site_incomplete(m, TFD_STR("the search path has more entries than tfdiag follows"));
        return;
    }
    if (!TFD_GROW(m->arena, out)) {
        m->no_memory = true;
        return;
    }
    if (at > out->count)
        at = out->count;
    memmove(out->items + at + 1, out->items + at, (out->count - at) * sizeof *out->items);
    out->count++;
    e = &out->items[at];
    e->path = path;
    e->kind = kind;
    e->source = source;
    e->startup = m->startup;
    e->is_dir = TFD_UNKNOWN;
    e->dropped_by = TFD_STR("");
}

bool tfd_site_is_known(const tfd_site_model *m, tfd_str path)
{
    return tfd_map_get(&m->known, tfd_site_case(m, path)) != TFD_MAP_NONE;
}

void tfd_site_set_known(tfd_site_model *m, tfd_str path)
{
    path = tfd_site_case(m, path);
    if (!path.ptr || !tfd_map_put(m->arena, &m->known, path, 1))
        m->no_memory = true;
}

/* removeduppaths(): only the first of equal entries stays. */
static void add_first(tfd_site_model *m, tfd_str path, tfd_place_kind kind, tfd_str source)
{
    path = tfd_site_abs(m, path);
    if (tfd_site_is_known(m, path))
        return;
    tfd_site_set_known(m, path);
    tfd_site_insert(m, m->out->count, path, kind, source);
}

void tfd_site_add_dir(tfd_site_model *m, tfd_str dir, tfd_place_kind kind, tfd_str source)
{
    tfd_place_kind outer = m->kind;
    tfd_dirents entries;

    memset(&entries, 0, sizeof entries);
    dir = tfd_site_abs(m, dir);
    if (!tfd_site_is_known(m, dir)) {
        tfd_site_insert(m, m->out->count, dir, kind, source);
        tfd_site_set_known(m, dir);
    }
    if (m->depth >= TFD_SITE_DEPTH_MAX || m->sys->list(m->sys, m->arena, dir, &entries, NULL) != TFD_OK)
        return; /* os.listdir fails: site passes it over */
    m->depth++;
    m->kind = kind;
    for (size_t i = 0; i < entries.count && !m->no_memory; i++) {
        tfd_str name = entries.items[i].name;

        if (tfd_str_ends_z(name, ".pth") && !(m->out->rules.skips_hidden && name.ptr[0] == '.'))
            tfd_site_read_pth(m, dir, name);
    }
    m->kind = outer;
    m->depth--;
}

/* ---- site.py's own text */

static bool is_at_least(const tfd_getpath *g, int minor)
{
    return g->major > 3 || (g->major == 3 && g->minor >= minor);
}

static void read_rules(tfd_site_model *m)
{
    tfd_site_rules *r = &m->out->rules;
    const tfd_getpath *g = m->layout;
    tfd_str file = tfd_path_join(m->sys->style, m->arena, g->stdlib, TFD_STR("site.py"));
    tfd_str other =
        tfd_path_join(m->sys->style, m->arena, tfd_path_dir(m->sys->style, g->dynload), TFD_STR("site.py"));
    tfd_str text;

    r->skips_hidden = r->utf8_first = is_at_least(g, 13);
    r->names_threads = g->threads;
    /* In a zipped library it is not looked at; beside lib-dynload there may be the build's own. */
    if (tfd_sys_read_file(m->sys, m->arena, file, SITE_PY_MAX, &text, NULL) != TFD_OK &&
        tfd_sys_read_file(m->sys, m->arena, other, SITE_PY_MAX, &text, NULL) != TFD_OK)
        return;
    if (tfd_str_find_z(text, "def addsitedir") == TFD_NPOS)
        return;
    r->is_readable = true;
    r->is_debian = tfd_str_find_z(text, "\"dist-packages\"") != TFD_NPOS;
    r->is_fedora = tfd_str_find_z(text, "PREFIXES.insert(0, \"/usr/local\")") != TFD_NPOS;
    r->skips_hidden = tfd_str_find_z(text, "startswith(\".\")") != TFD_NPOS;
    r->utf8_first = tfd_str_find_z(text, "utf-8-sig") != TFD_NPOS;
}

/* ---- site.getsitepackages() */

static bool is_disabled(const tfd_sys *sys, const char *variable)
{
    tfd_str value;

    return sys->env(sys, variable, &value) && value.len > 0;
}

static tfd_str platlibdir(const tfd_site_model *m)
{
    tfd_str forced;

    if (m->layout->pth_file.len == 0 && is_at_least(m->layout, 9) &&
        m->sys->env(m->sys, "PYTHONPLATLIBDIR", &forced) && forced.len)
        return forced;
    return m->layout->platlibdir;
}

static bool is_windows(const tfd_site_model *m)
{
    return m->sys->style == TFD_PATH_WINDOWS;
}

static tfd_str versioned(const tfd_site_model *m, tfd_str prefix, const char *lib, const char *leaf)
{
    const tfd_getpath *g = m->layout;

    return tfd_arena_fmt(m->arena, "%.*s/%s/python%d.%d%s/%s", TFD_ARG(prefix), lib, g->major, g->minor,
                         m->out->rules.names_threads ? "t" : "", leaf);
}

static void add_if_dir(tfd_site_model *m, tfd_str dir, tfd_place_kind kind, const char *source)
{
    tfd_stat info;
    tfd_status st = m->sys->stat(m->sys, dir, true, &info, NULL);

    if (st == TFD_OK && info.kind == TFD_KIND_DIR)
        tfd_site_add_dir(m, dir, kind, tfd_str_of(source));
    else if (st != TFD_OK && st != TFD_ENOENT && st != TFD_EACCESS)
        tfd_site_incomplete(m, tfd_arena_fmt(m->arena, "%.*s cannot be looked at", TFD_ARG(dir)));
}

/* The folders of one prefix: lib/pythonX.Y/site-packages, on Debian and its relatives several dist-packages.
 */
static void add_prefix(tfd_site_model *m, tfd_str prefix, tfd_place_kind kind, const char *source)
{
    tfd_str lib = platlibdir(m);
    const char *lib_z = tfd_arena_z(m->arena, lib);

    if (prefix.len == 0 || !lib_z)
        return;
    if (is_windows(m)) {
        tfd_str folders[3];
        size_t count = tfd_site_folders_windows(m, prefix, folders);

        for (size_t i = 0; i < count; i++)
            add_if_dir(m, folders[i], kind, source);
        return;
    }
    if (m->out->rules.is_debian) {
        if (m->layout->venv_prefix.len)
            add_if_dir(m, versioned(m, prefix, "lib", "site-packages"), kind, source);
        add_if_dir(m, versioned(m, prefix, "local/lib", "dist-packages"), kind, source);
        add_if_dir(m, tfd_arena_fmt(m->arena, "%.*s/lib/python3/dist-packages", TFD_ARG(prefix)), kind,
                   source);
        add_if_dir(m, versioned(m, prefix, lib_z, "dist-packages"), kind, source);
        if (!tfd_str_is(lib, "lib"))
            add_if_dir(m, versioned(m, prefix, "lib", "dist-packages"), kind, source);
        return;
    }
    add_if_dir(m, versioned(m, prefix, lib_z, "site-packages"), kind, source);
    if (!tfd_str_is(lib, "lib") && is_at_least(m->layout, 9))
        add_if_dir(m, versioned(m, prefix, "lib", "site-packages"), kind, source);
}

/* sysconfig's purelib: what `pip install` writes to. */
static tfd_str find_site_packages(const tfd_site_model *m)
{
    const tfd_getpath *g = m->layout;

    if (is_windows(m))
        return tfd_path_join(m->sys->style, m->arena, g->venv_prefix.len ? g->venv_prefix : g->prefix,
                             TFD_STR("Lib\\site-packages"));
    if (g->venv_prefix.len)
        return versioned(m, g->venv_prefix, "lib", "site-packages");
    if (m->out->rules.is_debian)
        return versioned(m, g->prefix,
                         is_at_least(g, 10) || tfd_str_is(g->prefix, "/usr") ? "local/lib" : "lib",
                         "dist-packages");
    return versioned(m, g->prefix, "lib", "site-packages");
}

/* ---- the user's own folder */

static tfd_str user_site_of(const tfd_site_model *m, tfd_str base)
{
    return is_windows(m) ? tfd_site_user_windows(m, base) : versioned(m, base, "lib", "site-packages");
}

static void find_user_site(tfd_site_model *m)
{
    tfd_str base, usual = is_windows(m) ? tfd_site_user_base_windows(m)
                                        : tfd_path_join(m->sys->style, m->arena, m->sys->home(m->sys),
                                                        TFD_STR(".local"));

    if (!m->sys->env(m->sys, "PYTHONUSERBASE", &base) || base.len == 0)
        base = usual;
    m->out->user_site = user_site_of(m, base);
    m->out->usual_user_site = user_site_of(m, usual);
    m->out->user_site_on = TFD_YES;
    if (is_disabled(m->sys, "PYTHONNOUSERSITE"))
        m->out->user_site_on = TFD_NO;
    if (m->layout->venv_prefix.len && !m->layout->cfg.system_site)
        m->out->user_site_on = TFD_NO;
    /* A ._pth file isolates; only up to 3.7 is that known in time for the user's folder. */
    if (m->layout->pth_file.len && !is_at_least(m->layout, 8))
        m->out->user_site_on = TFD_NO;
}

/* ---- the whole */

static void add_variable(tfd_site_model *m)
{
    tfd_str value, rest, entry;
    bool more = true;

    if (!m->sys->env(m->sys, "PYTHONPATH", &value) || value.len == 0)
        return;
    for (rest = value; more;) {
        more = tfd_str_cut(rest, ':', &entry, &rest);
        add_first(m, entry, TFD_PLACE_PYTHONPATH, TFD_STR("PYTHONPATH"));
    }
}

static tfd_str layout_source(const tfd_getpath *g)
{
    if (g->home_variable.len)
        return TFD_STR("PYTHONHOME");
    return g->from_compiled ? TFD_STR("prefix compiled into the interpreter") : TFD_STR("getpath");
}

static void add_layout(tfd_site_model *m)
{
    const tfd_getpath *g = m->layout;
    tfd_str source = layout_source(g);

    for (size_t i = 0; i < g->pth_paths.count; i++)
        add_first(m, g->pth_paths.items[i], TFD_PLACE_PTH, g->pth_file);
    for (size_t i = 0; i < g->search.count; i++)
        add_first(m, g->search.items[i].path, g->search.items[i].kind, g->search.items[i].source);
    if (g->pth_file.len || is_windows(m)) {
        miss_library(m);
        return;
    }
    add_variable(m);
    add_first(m, g->zip, TFD_PLACE_STDLIB_ZIP, source);
    add_first(m, g->stdlib, TFD_PLACE_STDLIB, source);
    add_first(m, g->dynload, TFD_PLACE_DYNLOAD, source);
    miss_library(m);
}

/* site.main(). */
static void run_site(tfd_site_model *m)
{
    const tfd_getpath *g = m->layout;
    bool in_venv = g->venv_prefix.len > 0;

    if (in_venv)
        add_prefix(m, g->venv_prefix, TFD_PLACE_SITE, "pyvenv.cfg");
    if (m->out->user_site_on == TFD_YES)
        add_if_dir(m, m->out->user_site, TFD_PLACE_USER_SITE, "user site");
    if (m->out->rules.is_fedora && m->out->user_site_on == TFD_YES && !is_disabled(m->sys, "RPM_BUILD_ROOT"))
        add_prefix(m, TFD_STR("/usr/local"), in_venv ? TFD_PLACE_BASE_SITE : TFD_PLACE_SITE, "site");
    /* An environment's own folder comes a second time: its .pth files are run twice. */
    if (in_venv)
        add_prefix(m, g->venv_prefix, TFD_PLACE_SITE, "pyvenv.cfg");
    if (!in_venv || g->cfg.system_site) {
        add_prefix(m, g->prefix, in_venv ? TFD_PLACE_BASE_SITE : TFD_PLACE_SITE,
                   in_venv ? "pyvenv.cfg" : "site");
        if (!tfd_str_eq(g->exec_prefix, g->prefix))
            add_prefix(m, g->exec_prefix, in_venv ? TFD_PLACE_BASE_SITE : TFD_PLACE_SITE,
                       in_venv ? "pyvenv.cfg" : "site");
    }
    tfd_site_customize(m, "sitecustomize");
    if (m->out->user_site_on == TFD_YES)
        tfd_site_customize(m, "usercustomize");
}

/* Which row of the final list each start-up file added first. */
static void link_startup_files(tfd_site_model *m)
{
    for (size_t i = m->out->count; i > 0; i--) {
        size_t row = m->out->items[i - 1].startup;

        if (row != TFD_NONE)
            m->facts->startup_files.items[row].first_place = i - 1;
    }
}

bool tfd_syspath_is_safe(const tfd_sys *sys, const tfd_getpath *layout)
{
    return layout->pth_file.len > 0 || (is_at_least(layout, 11) && is_disabled(sys, "PYTHONSAFEPATH"));
}

tfd_status tfd_syspath_run(const tfd_sys *sys, tfd_arena *arena, const tfd_getpath *layout, tfd_str start_dir,
                           tfd_facts *facts, tfd_syspath *out, tfd_err *err)
{
    tfd_site_model m;

    memset(&m, 0, sizeof m);
    memset(out, 0, sizeof *out);
    m.sys = sys;
    m.arena = arena;
    m.layout = layout;
    m.facts = facts;
    m.out = out;
    m.startup = TFD_NONE;
    out->complete = true;
    read_rules(&m);
    find_user_site(&m);
    out->site_packages = find_site_packages(&m);
    add_layout(&m);
    if (layout->pth_file.len == 0 || layout->pth_import_site)
        run_site(&m);
    m.startup = TFD_NONE;
    if (!tfd_syspath_is_safe(sys, layout))
        tfd_site_insert(&m, 0, start_dir, TFD_PLACE_START,
                        facts->has_script ? TFD_STR("--script") : TFD_STR("current folder"));
    link_startup_files(&m);
    facts->startup_files.complete = facts->presets.complete = true;
    return m.no_memory ? tfd_err_set(err, TFD_ENOMEM, 0, "no memory for the search path") : TFD_OK;
}
