#include "python/getpath.h"

#include "base/utf16.h"
#include "base/utf8.h"
#include "python/binary.h"

#include <string.h>

/* Linux gives up after as many links. */
#define LINKS_MAX 40
/* Candidates for the compiled-in prefix that are looked up. */
#define PREFIX_TRIES 512
#define PTH_MAX ((size_t)1 << 20)

typedef struct model {
    const tfd_sys *sys;
    tfd_arena *arena;
    tfd_getpath *g;
    bool is_new; /* getpath.py, 3.11 and later */
} model;

static tfd_str join(const model *m, tfd_str dir, tfd_str name)
{
    return tfd_path_join(m->sys->style, m->arena, dir, name);
}

static tfd_str dir_of(const model *m, tfd_str path)
{
    tfd_str dir = tfd_path_dir(m->sys->style, path);

    /* Both implementations cut at the last separator, so that the parent of "/x" is "" and not "/". */
    return dir.len == 1 && m->sys->style == TFD_PATH_POSIX ? TFD_STR("") : dir;
}

tfd_str tfd_getpath_follow(const tfd_sys *sys, tfd_arena *arena, tfd_str path)
{
    for (int i = 0; i < LINKS_MAX; i++) {
        tfd_str target;
        tfd_status status = sys->readlink(sys, arena, path, &target, NULL);

        if (status != TFD_OK)
            return tfd_sys_kind(sys, path) == TFD_KIND_NONE ? TFD_STR("") : path;
        path = tfd_path_join(sys->style, arena, tfd_path_dir(sys->style, path), target);
    }
    return TFD_STR("");
}

/* os.py or os.pyc below prefix/lib/pythonX.Y. */
static bool has_stdlib(const model *m, tfd_str prefix)
{
    tfd_str dir = join(m, prefix, m->g->lib_name);

    return tfd_sys_is_file(m->sys, join(m, dir, TFD_STR("os.py"))) ||
           tfd_sys_is_file(m->sys, join(m, dir, TFD_STR("os.pyc")));
}

static bool has_dynload(const model *m, tfd_str prefix)
{
    return tfd_sys_is_dir(m->sys, join(m, join(m, prefix, m->g->lib_name), TFD_STR("lib-dynload")));
}

static bool has_zip(const model *m, tfd_str prefix)
{
    return tfd_sys_is_file(m->sys, join(m, prefix, m->g->zip));
}

/* The first of dir and its parents that passes the test; empty if none does. */
static tfd_str search_up(const model *m, tfd_str dir, bool (*test)(const model *m, tfd_str prefix))
{
    while (dir.len > 0) {
        if (test(m, dir))
            return dir;
        dir = dir_of(m, dir);
    }
    return TFD_STR("");
}

static tfd_str lib_name(const model *m, const char *lib)
{
    return tfd_arena_fmt(m->arena, "%s/python%d.%d%s", lib, m->g->major, m->g->minor,
                         m->g->threads ? "t" : "");
}

/* Python reads UTF-8. UTF-16, as Windows PowerShell writes it, is read here to see which settings it had. */
static tfd_str as_text(tfd_arena *arena, tfd_str bytes)
{
    tfd_str even = tfd_str_sub(bytes, 2, bytes.len - bytes.len % 2);
    uint16_t *units;
    char *out;

    if (!tfd_str_starts_z(bytes, "\xff\xfe"))
        return bytes;
    units = tfd_arena_new(arena, uint16_t, even.len / 2 + 1);
    out = tfd_arena_new(arena, char, even.len / 2 * TFD_UTF16_BYTES + 1);
    if (!units || !out)
        return TFD_STR("");
    for (size_t i = 0; i < even.len / 2; i++)
        units[i] = (uint16_t)((unsigned char)even.ptr[2 * i] | (unsigned char)even.ptr[2 * i + 1] << 8);
    return (tfd_str){out, tfd_utf16_to_utf8(units, even.len / 2, out)};
}

bool tfd_getpath_read_cfg(const tfd_sys *sys, tfd_arena *arena, tfd_str dir, tfd_str *path, tfd_pyvenv *out)
{
    tfd_str text, file = tfd_path_join(sys->style, arena, dir, TFD_STR("pyvenv.cfg"));

    if (tfd_sys_read_file(sys, arena, file, TFD_PYVENV_MAX, &text, NULL) != TFD_OK)
        return false;
    *path = file;
    tfd_pyvenv_parse(as_text(arena, text), out);
    return true;
}

static bool read_cfg(const model *m, tfd_str dir, tfd_str *path, tfd_pyvenv *out)
{
    return tfd_getpath_read_cfg(m->sys, m->arena, dir, path, out);
}

/* site.venv() opens the file as UTF-8 and catches nothing. */
static bool take_cfg(const model *m, tfd_str dir)
{
    tfd_getpath *g = m->g;
    tfd_str text, file = join(m, dir, TFD_STR("pyvenv.cfg"));
    tfd_status status = tfd_sys_read_file(m->sys, m->arena, file, TFD_PYVENV_MAX, &text, NULL);

    g->cfg_denied = status == TFD_EACCESS && tfd_sys_is_file(m->sys, file);
    if (status != TFD_OK && !g->cfg_denied)
        return false;
    g->pyvenv_cfg = file;
    if (g->cfg_denied)
        return true;
    g->cfg_no_text = !tfd_utf8_valid(text);
    tfd_pyvenv_parse(as_text(m->arena, text), &g->cfg);
    return true;
}

/* "using them as sys.executable and when searching for venvs" (Modules/getpath.py of 3.11 and newer). */
static void take_stand_in(model *m)
{
    tfd_getpath *g = m->g;
    tfd_str dir = dir_of(m, g->executable);
    tfd_str path, value;
    tfd_pyvenv cfg;

    if (!m->is_new || !m->sys->env(m->sys, "PYTHONEXECUTABLE", &value) || value.len == 0)
        return;
    g->stand_in = value;
    g->stand_in_hides = read_cfg(m, dir, &path, &cfg) || read_cfg(m, dir_of(m, dir), &path, &cfg);
    dir = dir_of(m, value);
    if (read_cfg(m, dir, &path, &cfg) || read_cfg(m, dir_of(m, dir), &path, &cfg))
        g->stand_in_hides = false;
}

/* The folder of the executable as it was started, then the one above it. */
void tfd_getpath_find_venv(const tfd_sys *sys, tfd_arena *arena, tfd_getpath *g)
{
    model m = {sys, arena, g, false};
    tfd_str dir = dir_of(&m, g->stand_in.len ? g->stand_in : g->executable);
    tfd_str above = dir_of(&m, dir);

    if (take_cfg(&m, dir) || take_cfg(&m, above))
        g->venv_prefix = above;
}

/* Folder from which the search starts: the real executable's, or "home" of pyvenv.cfg. */
static tfd_str find_start(model *m)
{
    tfd_getpath *g = m->g;
    tfd_str start = dir_of(m, g->real.len ? g->real : g->executable);
    tfd_str first, second, path;
    tfd_pyvenv cfg;

    if (m->is_new) {
        /* The executable is not resolved, the folder above comes first, PYTHONHOME switches it off. */
        second = dir_of(m, g->stand_in.len ? g->stand_in : g->executable);
        first = dir_of(m, second);
        if (g->home_variable.len)
            return start;
    } else {
        /* The executable is resolved first: a linked venv is not seen here. */
        first = start;
        second = dir_of(m, start);
    }
    if (!read_cfg(m, first, &path, &cfg) && !read_cfg(m, second, &path, &cfg))
        return start;
    if (m->is_new)
        return cfg.has_home ? cfg.home : start;
    return cfg.home_legacy.len ? cfg.home_legacy : start;
}

/* One line of a ._pth file: blank, "import site", or a path relative to the file's folder. */
static bool read_pth_line(model *m, tfd_str dir, tfd_str line)
{
    tfd_str unused;

    tfd_str_cut(line, '#', &line, &unused);
    line = tfd_str_trim(line);
    if (line.len == 0)
        return true;
    if (tfd_str_is(line, "import site")) {
        m->g->pth_import_site = true;
        return true;
    }
    if (tfd_str_starts_z(line, "import "))
        return true; /* CPython warns and goes on */
    if (!TFD_GROW(m->arena, &m->g->pth_paths))
        return false;
    m->g->pth_paths.items[m->g->pth_paths.count++] = join(m, dir, line);
    return true;
}

/* "python._pth" beside the executable as started, then beside the real one. */
static bool find_pth(model *m)
{
    tfd_getpath *g = m->g;
    tfd_str candidates[2];

    candidates[0] = g->executable;
    candidates[1] = g->real;
    for (size_t i = 0; m->is_new && i < 2; i++) {
        tfd_str file = tfd_arena_fmt(m->arena, "%.*s._pth", TFD_ARG(candidates[i]));
        tfd_str text, line;

        if (candidates[i].len == 0 ||
            tfd_sys_read_file(m->sys, m->arena, file, PTH_MAX, &text, NULL) != TFD_OK)
            continue;
        g->pth_file = file;
        while (tfd_str_line(&text, &line))
            if (!read_pth_line(m, dir_of(m, file), line))
                return false;
        return true;
    }
    return true;
}

typedef struct compiled {
    const model *m;
    bool (*test)(const model *m, tfd_str prefix);
    size_t tries;
    tfd_str library_root; /* folder above the one of libpython: the likely answer */
    tfd_str found;
} compiled;

/* Whether a literal could be a prefix at all: cheaper than asking the file system. */
static bool looks_like_prefix(tfd_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == '%')
            return false;
    return text.len > 2 && text.ptr[text.len - 1] != '/' && text.ptr[text.len - 1] != '.';
}

static bool visit_literals(void *ctx, tfd_str bytes)
{
    compiled *c = ctx;
    tfd_str rest = bytes;
    size_t hit;

    while (c->tries < PREFIX_TRIES && (hit = tfd_str_find_char(rest, '/')) != TFD_NPOS) {
        const char *slash = rest.ptr + hit;
        bool starts = slash > bytes.ptr && slash[-1] == '\0';
        tfd_str text, after;

        rest = tfd_str_from(rest, hit);
        if (starts && tfd_str_cut(tfd_str_sub(rest, 0, TFD_BINARY_OVERLAP), '\0', &text, &after) &&
            looks_like_prefix(text)) {
            c->tries++;
            text = tfd_arena_str(c->m->arena, text);
            if (c->test(c->m, text) && (c->found.len == 0 || tfd_str_eq(text, c->library_root)))
                c->found = text;
            if (tfd_str_eq(c->found, c->library_root))
                return true;
        }
        rest = tfd_str_from(rest, 1);
    }
    return c->tries >= PREFIX_TRIES;
}

/* The prefix compiled into the interpreter is one of its string literals: an absolute path below which the
 * landmark lies. Only asked where no landmark was found by searching. */
static tfd_str find_compiled(const model *m, bool (*test)(const model *m, tfd_str prefix))
{
    compiled c = {m, test, 0, {NULL, 0}, {"", 0}};
    tfd_binary binary;

    c.library_root = dir_of(m, dir_of(m, m->g->libpython));
    if (m->g->libpython.len && tfd_binary_read(m->sys, m->arena, m->g->libpython, &binary, NULL) == TFD_OK &&
        binary.kind == TFD_BINARY_ELF)
        tfd_binary_scan(m->sys, m->arena, m->g->libpython, &binary.elf, visit_literals, &c);
    return c.found;
}

/* lib or lib64 (Fedora, SUSE: --with-platlibdir): the one with a standard library above the start. */
static void choose_platlibdir(model *m, tfd_str start)
{
    static const char *const names[] = {"lib", "lib64"};
    tfd_getpath *g = m->g;
    tfd_str forced;

    /* 3.9 and 3.10 heed the variable in site only, not in getpath.c. */
    if (m->is_new && g->pth_file.len == 0 && m->sys->env(m->sys, "PYTHONPLATLIBDIR", &forced) && forced.len) {
        g->platlibdir = forced;
        g->lib_name = lib_name(m, tfd_arena_z(m->arena, forced));
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        g->platlibdir = tfd_str_of(names[i]);
        g->lib_name = lib_name(m, names[i]);
        if (search_up(m, start, has_stdlib).len)
            return;
    }
    g->platlibdir = TFD_STR("lib");
    g->lib_name = lib_name(m, "lib");
}

static void find_prefix(model *m, tfd_str start)
{
    tfd_getpath *g = m->g;

    if (m->is_new)
        g->prefix = search_up(m, start, has_zip);
    if (g->prefix.len == 0)
        g->prefix = search_up(m, start, has_stdlib);
    if (g->prefix.len == 0) {
        g->prefix = find_compiled(m, has_stdlib);
        g->from_compiled = g->prefix.len > 0;
    }
    if (g->prefix.len == 0) {
        /* The compiled-in prefix would be used though it holds nothing; which one that is cannot be told. */
        g->prefix_unknown = true;
        g->prefix = dir_of(m, start);
    }
}

static void find_exec_prefix(model *m, tfd_str start)
{
    tfd_getpath *g = m->g;

    g->exec_prefix = search_up(m, start, has_dynload);
    if (g->exec_prefix.len == 0 && g->from_compiled)
        g->exec_prefix = g->prefix; /* one literal in nearly every build */
    if (g->exec_prefix.len == 0)
        g->exec_prefix = find_compiled(m, has_dynload);
    if (g->exec_prefix.len == 0)
        g->exec_prefix = g->prefix;
}

/* PYTHONHOME is believed unconditionally: "prefix" or "prefix:exec_prefix". */
static void take_home(model *m)
{
    tfd_getpath *g = m->g;

    if (!tfd_str_cut(g->home_variable, ':', &g->prefix, &g->exec_prefix))
        g->exec_prefix = g->prefix;
}

static void set_folders(model *m)
{
    tfd_getpath *g = m->g;
    tfd_str dynload;

    g->zip = join(m, g->prefix, g->zip);
    g->stdlib = join(m, g->prefix, g->lib_name);
    g->stdlib_found = has_stdlib(m, g->prefix);
    g->dynload_found = has_dynload(m, g->exec_prefix);
    dynload = join(m, g->lib_name, TFD_STR("lib-dynload"));
    if (!m->is_new && !g->dynload_found && g->home_variable.len == 0)
        dynload = join(m, g->platlibdir, TFD_STR("lib-dynload")); /* so in getpath.c, without pythonX.Y */
    g->dynload = join(m, g->exec_prefix, dynload);
}

tfd_status tfd_getpath_run(const tfd_sys *sys, tfd_arena *arena, tfd_getpath *g, tfd_err *err)
{
    model m = {sys, arena, g, g->major > 3 || (g->major == 3 && g->minor >= 11)};
    tfd_str home;

    if (sys->style == TFD_PATH_WINDOWS)
        return tfd_getpath_run_windows(sys, arena, g, err);
    g->real = tfd_getpath_follow(sys, arena, g->executable);
    if (sys->env(sys, "PYTHONHOME", &home) && home.len)
        g->home_variable = home;
    take_stand_in(&m);
    tfd_getpath_find_venv(sys, arena, g);
    if (!find_pth(&m))
        return tfd_err_set(err, TFD_ENOMEM, 0, "no memory for the search path");
    if (g->pth_file.len)
        g->home_variable = TFD_STR(""); /* isolated: the environment is not asked */
    g->search_from = find_start(&m);
    choose_platlibdir(&m, g->home_variable.len ? join(&m, g->home_variable, TFD_STR("bin")) : g->search_from);
    g->zip = tfd_arena_fmt(arena, "%.*s/python%d%d%s.zip", TFD_ARG(g->platlibdir), g->major, g->minor,
                           g->threads ? "t" : "");
    if (g->home_variable.len) {
        take_home(&m);
    } else if (g->pth_file.len) {
        g->prefix = g->exec_prefix = dir_of(&m, g->pth_file);
    } else {
        find_prefix(&m, g->search_from);
        find_exec_prefix(&m, g->search_from);
    }
    set_folders(&m);
    return g->dynload.ptr ? TFD_OK : tfd_err_set(err, TFD_ENOMEM, 0, "no memory for the search path");
}
