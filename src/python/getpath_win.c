#include "python/getpath.h"

#include <string.h>

#define PTH_MAX ((size_t)1 << 20)
/* Bytes of one line of a ._pth file that PC/getpathp.c reads at a time (MAXPATHLEN). */
#define PTH_LINE_MAX 256
/* Folders of one path on the way to its root. */
#define PARENTS_MAX 256

typedef struct model {
    const tfd_sys *sys;
    tfd_arena *arena;
    tfd_getpath *g;
    bool is_new;       /* getpath.py, 3.11 and later */
    bool environment;  /* PYTHON… variables and the registry are asked */
    tfd_str library;   /* folder of pythonXY.dll; empty: unknown */
    tfd_str from;      /* executable_dir of getpath.py, argv0_path of getpathp.c */
    tfd_str stdlib;    /* stdlib_dir of getpath.py; empty: not found yet */
    tfd_str platlib;   /* platlibdir: "DLLs" */
    bool has_home;     /* PYTHONHOME, or what stands in for it */
    bool has_registry; /* the registry gave paths */
    bool is_redirected;
    bool no_memory;
} model;

static tfd_str join(const model *m, tfd_str dir, tfd_str name)
{
    return tfd_path_join(TFD_PATH_WINDOWS, m->arena, dir, name);
}

/* PathCchCombineEx: joined, and "." and ".." resolved. */
static tfd_str combine(const model *m, tfd_str dir, tfd_str name)
{
    return tfd_path_norm(TFD_PATH_WINDOWS, m->arena, join(m, dir, name));
}

static tfd_str dir_of(tfd_str path)
{
    return tfd_path_dir(TFD_PATH_WINDOWS, path);
}

static void add(model *m, tfd_str path, tfd_place_kind kind, tfd_str source)
{
    tfd_getpath_entries *all = &m->g->search;

    if (!TFD_GROW(m->arena, all)) {
        m->no_memory = true;
        return;
    }
    all->items[all->count++] = (tfd_getpath_entry){path, kind, source};
}

/* Each of the paths between the semicolons, empty ones too. */
static void add_list(model *m, tfd_str list, tfd_place_kind kind, tfd_str source)
{
    tfd_str one;
    bool more = true;

    while (more && !m->no_memory) {
        more = tfd_str_cut(list, ';', &one, &list);
        add(m, one, kind, source);
    }
}

/* ---- landmarks */

static bool has_landmark(const model *m, tfd_str dir)
{
    return tfd_sys_kind(m->sys, join(m, dir, TFD_STR("Lib\\os.py"))) != TFD_KIND_NONE ||
           tfd_sys_kind(m->sys, join(m, dir, TFD_STR("Lib\\os.pyc"))) != TFD_KIND_NONE;
}

static tfd_str search_up(const model *m, tfd_str dir)
{
    for (int i = 0; dir.len && i < PARENTS_MAX; i++) {
        tfd_str above = dir_of(dir);

        if (has_landmark(m, dir))
            return dir;
        if (above.len == dir.len)
            break;
        dir = above;
    }
    return TFD_STR("");
}

/* python310.zip. getpathp.c makes the name of the DLL's (python313t.zip with it), getpath.py of the version
 * alone. */
static tfd_str zip_name(const model *m)
{
    const tfd_getpath *g = m->g;
    tfd_str dll = tfd_path_base(TFD_PATH_WINDOWS, g->libpython);
    size_t dot = tfd_str_rfind_char(dll, '.');

    if (!m->is_new && dot != TFD_NPOS)
        return tfd_arena_fmt(m->arena, "%.*s.zip", TFD_ARG(tfd_str_sub(dll, 0, dot)));
    return tfd_arena_fmt(m->arena, "python%d%d%s.zip", g->major, g->minor, g->debug ? "_d" : "");
}

/* ---- ._pth */

static tfd_str pth_beside(const model *m, tfd_str file)
{
    size_t dot = tfd_str_rfind_char(file, '.');
    tfd_str out;

    if (file.len == 0)
        return file;
    out = tfd_arena_fmt(m->arena, "%.*s._pth", TFD_ARG(dot == TFD_NPOS ? file : tfd_str_sub(file, 0, dot)));
    return tfd_sys_is_file(m->sys, out) ? out : TFD_STR("");
}

static void add_pth(model *m, tfd_str path)
{
    tfd_strs *all = &m->g->pth_paths;

    if (!TFD_GROW(m->arena, all)) {
        m->no_memory = true;
        return;
    }
    all->items[all->count++] = path;
}

/* getpath.py: comments anywhere, blanks at both ends off, other imports are warned about. */
static void read_line_new(model *m, tfd_str dir, tfd_str line)
{
    tfd_str unused;

    tfd_str_cut(line, '#', &line, &unused);
    line = tfd_str_trim(line);
    if (line.len == 0)
        return;
    if (tfd_str_is(line, "import site"))
        m->g->pth_import_site = true;
    else if (!tfd_str_starts_z(line, "import "))
        add_pth(m, combine(m, dir, line));
}

/* getpathp.c: a comment is a line that begins with '#', blanks count, another import ends Python. */
static void read_line_old(model *m, tfd_str dir, tfd_str line)
{
    if (line.len == 0 || line.ptr[0] == '\r' || line.ptr[0] == '#')
        return;
    line = tfd_str_sub(line, 0, tfd_str_find_char(line, '\r'));
    if (tfd_str_is(line, "import site"))
        m->g->pth_import_site = true;
    else if (tfd_str_starts_z(line, "import "))
        m->g->pth_fatal = tfd_arena_fmt(
            m->arena, "%.*s has the line \"%.*s\"; only \"import site\" is understood, and Python stops",
            TFD_ARG(m->g->pth_file), TFD_ARG(line));
    else
        add_pth(m, combine(m, dir, line));
}

/* Beside the DLL, the executable as started, the process' own file. */
static void find_pth(model *m)
{
    tfd_getpath *g = m->g;
    tfd_str candidates[3];
    tfd_str text, line;

    candidates[0] = g->libpython;
    candidates[1] = g->executable;
    candidates[2] = m->is_new ? g->real : TFD_STR("");
    for (size_t i = 0; i < 3 && g->pth_file.len == 0; i++)
        g->pth_file = pth_beside(m, candidates[i]);
    if (g->pth_file.len == 0 ||
        tfd_sys_read_file(m->sys, m->arena, g->pth_file, PTH_MAX, &text, NULL) != TFD_OK)
        return;
    while (tfd_str_line(&text, &line) && !m->no_memory) {
        if (m->is_new)
            read_line_new(m, dir_of(g->pth_file), line);
        else
            read_line_old(m, dir_of(g->pth_file), tfd_str_sub(line, 0, PTH_LINE_MAX));
    }
    g->prefix = g->exec_prefix = dir_of(g->pth_file);
}

/* ---- the registry */

static tfd_str core_key(const model *m)
{
    return tfd_arena_fmt(m->arena, "SOFTWARE\\Python\\PythonCore\\%.*s\\PythonPath", TFD_ARG(m->g->winver));
}

/* The program's own view: a 32-bit one sees WOW6432Node. */
static tfd_reg_view view_of(const model *m)
{
    return m->g->arch == TFD_ARCH_X86 ? TFD_REG_VIEW_32 : TFD_REG_VIEW_64;
}

/* The default values of the keys below PythonPath; with_core: its own default value behind them. */
static void add_registry(model *m, tfd_reg_root root, bool with_core)
{
    tfd_str key = core_key(m);
    const char *name = root == TFD_REG_CURRENT_USER ? "HKCU" : "HKLM";
    tfd_str source = tfd_arena_fmt(m->arena, "%s\\%.*s", name, TFD_ARG(key));
    tfd_dirents keys;
    tfd_str text;

    memset(&keys, 0, sizeof keys);
    if (!m->environment || tfd_sys_reg_keys(m->sys, m->arena, root, view_of(m), key, &keys, NULL) != TFD_OK)
        return;
    for (size_t i = 0; i < keys.count && !m->no_memory; i++) {
        tfd_str below = tfd_arena_fmt(m->arena, "%.*s\\%.*s", TFD_ARG(key), TFD_ARG(keys.items[i].name));

        text = tfd_sys_reg_text(m->sys, m->arena, root, view_of(m), below, TFD_STR(""));
        if (text.len == 0 && m->is_new)
            continue;
        m->has_registry = true;
        add_list(m, text, TFD_PLACE_PYTHONPATH, source);
    }
    text = with_core ? tfd_sys_reg_text(m->sys, m->arena, root, view_of(m), key, TFD_STR("")) : TFD_STR("");
    if (text.len) {
        m->has_registry = true;
        add_list(m, text, TFD_PLACE_PYTHONPATH, source);
    }
}

/* ---- 3.6 to 3.10 */

/* pyvenv.cfg beside the executable or one folder up: "home" takes the place of the executable's folder. */
static void find_home_old(model *m)
{
    tfd_str dir = dir_of(m->g->executable), path;
    tfd_pyvenv cfg;

    m->from = dir;
    if ((tfd_getpath_read_cfg(m->sys, m->arena, dir, &path, &cfg) ||
         tfd_getpath_read_cfg(m->sys, m->arena, dir_of(dir), &path, &cfg)) &&
        cfg.home_legacy.len)
        m->from = cfg.home_legacy;
}

static void find_prefix_old(model *m, tfd_str zip)
{
    tfd_getpath *g = m->g;

    m->has_home = true;
    if (g->home_variable.len)
        g->prefix = g->home_variable;
    else if (tfd_sys_kind(m->sys, zip) != TFD_KIND_NONE)
        g->prefix = dir_of(zip);
    else
        g->prefix = search_up(m, m->from);
    m->has_home = g->prefix.len > 0;
    g->exec_prefix = g->prefix;
}

/* Without a prefix: the parents of the entries, the last one first. */
static void find_prefix_late(model *m)
{
    tfd_getpath *g = m->g;

    for (size_t i = g->search.count; i > 0 && g->prefix.len == 0; i--)
        g->prefix = search_up(m, dir_of(g->search.items[i - 1].path));
    g->exec_prefix = g->prefix;
}

static void run_old(model *m, tfd_str source)
{
    tfd_getpath *g = m->g;
    tfd_str value, zip = zip_name(m);
    bool has_variable = m->environment && m->sys->env(m->sys, "PYTHONPATH", &value) && value.len;
    tfd_str library = m->library.len ? m->library : dir_of(g->executable);

    find_home_old(m);
    zip = join(m, library, zip);
    find_prefix_old(m, zip);
    g->zip = zip;
    if (has_variable)
        add_list(m, value, TFD_PLACE_PYTHONPATH, TFD_STR("PYTHONPATH"));
    add(m, zip, TFD_PLACE_STDLIB_ZIP, source);
    add_registry(m, TFD_REG_CURRENT_USER, !m->has_home);
    add_registry(m, TFD_REG_LOCAL_MACHINE, !m->has_home);
    if (m->has_home) {
        g->dynload = tfd_arena_fmt(m->arena, "%.*s\\DLLs", TFD_ARG(g->prefix));
        g->stdlib = tfd_arena_fmt(m->arena, "%.*s\\lib", TFD_ARG(g->prefix));
    } else {
        g->dynload = TFD_STR(".\\DLLs");
        g->stdlib = TFD_STR(".\\lib");
        g->prefix_unknown = true;
    }
    if (m->has_home || (!has_variable && !m->has_registry)) {
        add(m, g->dynload, TFD_PLACE_DYNLOAD, source);
        add(m, g->stdlib, TFD_PLACE_STDLIB, source);
    }
    add(m, m->from, TFD_PLACE_DYNLOAD, source);
    if (!m->has_home)
        find_prefix_late(m);
    g->search_from = m->from;
}

/* ---- from 3.11 */

/* The folder above the executable comes first; PYTHONHOME switches it off. */
static void find_home_new(model *m)
{
    tfd_str dir = dir_of(m->g->executable), path;
    tfd_pyvenv cfg;

    /* A redirector's own folder counts (__PYVENV_LAUNCHER__); else links are resolved. */
    m->from = dir_of(m->g->real.len && !m->is_redirected ? m->g->real : m->g->executable);
    if (m->g->home_variable.len == 0 &&
        (tfd_getpath_read_cfg(m->sys, m->arena, dir_of(dir), &path, &cfg) ||
         tfd_getpath_read_cfg(m->sys, m->arena, dir, &path, &cfg)) &&
        cfg.has_home)
        m->from = cfg.home;
}

static void find_prefix_new(model *m, tfd_str zip)
{
    tfd_getpath *g = m->g;
    tfd_str lib;

    if (m->library.len && tfd_sys_is_file(m->sys, join(m, m->library, zip)))
        g->prefix = m->library;
    if (g->prefix.len == 0 && m->library.len && has_landmark(m, m->library)) {
        g->prefix = m->library;
        m->stdlib = join(m, g->prefix, TFD_STR("Lib"));
    }
    if (g->prefix.len == 0 && m->from.len && tfd_sys_is_file(m->sys, join(m, m->from, zip))) {
        g->prefix = m->from;
        lib = join(m, g->prefix, TFD_STR("Lib"));
        if (tfd_sys_is_dir(m->sys, lib))
            m->stdlib = lib;
    }
    if (g->prefix.len == 0) {
        g->prefix = search_up(m, m->from);
        if (g->prefix.len)
            m->stdlib = join(m, g->prefix, TFD_STR("Lib"));
    }
    if (g->prefix.len == 0) {
        g->prefix = m->sys->cwd(m->sys);
        g->prefix_unknown = true;
    }
}

static bool is_listed(const model *m, tfd_str path)
{
    for (size_t i = 0; i < m->g->search.count; i++)
        if (tfd_str_eq(m->g->search.items[i].path, path))
            return true;
    return false;
}

static void run_new(model *m, tfd_str source)
{
    tfd_getpath *g = m->g;
    tfd_str value, zip = zip_name(m);
    tfd_str library;

    find_home_new(m);
    if (g->home_variable.len) {
        if (!tfd_str_cut(g->home_variable, ';', &g->prefix, &g->exec_prefix))
            g->exec_prefix = TFD_STR("");
        m->has_home = true;
    }
    find_prefix_new(m, zip);
    if (g->exec_prefix.len == 0)
        g->exec_prefix = g->prefix;
    g->dynload = combine(m, g->exec_prefix, m->platlib);
    if (!tfd_sys_is_dir(m->sys, g->dynload))
        g->dynload = g->exec_prefix;
    library = m->library.len ? m->library : m->from;
    g->zip = combine(m, library, zip);
    if (m->sys->env(m->sys, "PYTHONPATH", &value) && value.len)
        add_list(m, value, TFD_PLACE_PYTHONPATH, TFD_STR("PYTHONPATH"));
    add(m, g->zip, TFD_PLACE_STDLIB_ZIP, source);
    add_registry(m, TFD_REG_CURRENT_USER, !m->has_home && m->stdlib.len == 0);
    add_registry(m, TFD_REG_LOCAL_MACHINE, !m->has_home && m->stdlib.len == 0);
    g->stdlib = m->stdlib.len ? m->stdlib : combine(m, g->prefix, TFD_STR("Lib"));
    add(m, g->dynload, TFD_PLACE_DYNLOAD, source);
    add(m, g->stdlib, TFD_PLACE_STDLIB, source);
    if (m->from.len && !is_listed(m, m->from))
        add(m, m->from, TFD_PLACE_DYNLOAD, source);
    g->search_from = m->from;
}

/* ---- the whole */

tfd_str tfd_getpath_winver(tfd_arena *arena, const tfd_getpath *g)
{
    const char *arch = g->arch == TFD_ARCH_X86 ? "-32" : g->arch == TFD_ARCH_AARCH64 ? "-arm64" : "";

    return tfd_arena_fmt(arena, "%d.%d%s%s", g->major, g->minor, g->threads ? "t" : "", arch);
}

static void set_platlib(model *m)
{
    tfd_str forced;

    m->platlib = TFD_STR("DLLs");
    m->g->platlibdir = m->is_new ? m->platlib : TFD_STR("lib");
    if (m->is_new && m->environment && m->sys->env(m->sys, "PYTHONPLATLIBDIR", &forced) && forced.len)
        m->g->platlibdir = m->platlib = forced;
}

/* The standard library that ._pth names, so that what is read beside it (site.py) is found. */
static void find_stdlib_of_pth(model *m)
{
    tfd_getpath *g = m->g;

    g->stdlib = combine(m, g->prefix, TFD_STR("Lib"));
    g->dynload = g->prefix;
    g->zip = combine(m, g->prefix, zip_name(m));
    for (size_t i = 0; i < g->pth_paths.count; i++) {
        tfd_str path = g->pth_paths.items[i];

        if (tfd_path_ends(TFD_PATH_WINDOWS, path, ".zip"))
            g->zip = path;
        else if (tfd_sys_is_file(m->sys, join(m, path, TFD_STR("os.py"))))
            g->stdlib = path;
    }
}

tfd_status tfd_getpath_run_windows(const tfd_sys *sys, tfd_arena *arena, tfd_getpath *g, tfd_err *err)
{
    model m;
    tfd_str home;

    memset(&m, 0, sizeof m);
    m.sys = sys;
    m.arena = arena;
    m.g = g;
    m.is_new = g->major > 3 || (g->major == 3 && g->minor >= 11);
    m.environment = true;
    m.library = dir_of(g->libpython);
    g->real = g->program.len ? g->program : g->executable;
    m.is_redirected = g->is_redirected;
    g->winver = tfd_getpath_winver(arena, g);
    g->lib_name = TFD_STR("Lib");
    tfd_getpath_find_venv(sys, arena, g);
    find_pth(&m);
    m.environment = g->pth_file.len == 0;
    set_platlib(&m);
    if (g->pth_file.len) {
        find_stdlib_of_pth(&m);
    } else {
        if (sys->env(sys, "PYTHONHOME", &home) && home.len)
            g->home_variable = home;
        if (m.is_new)
            run_new(&m, g->home_variable.len ? TFD_STR("PYTHONHOME") : TFD_STR("getpath"));
        else
            run_old(&m, g->home_variable.len ? TFD_STR("PYTHONHOME") : TFD_STR("getpath"));
    }
    g->stdlib_found = tfd_sys_is_file(sys, join(&m, g->stdlib, TFD_STR("os.py"))) ||
                      tfd_sys_is_file(sys, join(&m, g->stdlib, TFD_STR("os.pyc")));
    g->dynload_found = tfd_sys_is_dir(sys, g->dynload);
    return m.no_memory || !g->dynload.ptr || !g->stdlib.ptr
               ? tfd_err_set(err, TFD_ENOMEM, 0, "no memory for the search path")
               : TFD_OK;
}
