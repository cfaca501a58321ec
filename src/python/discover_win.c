#include "python/discover_win.h"

#include "python/pep514.h"
#include "python/shim.h"

#include <string.h>

#define PATH_DIRS_MAX 512
#define TEXT_MAX ((size_t)256 << 10)

static tfd_str join(const tfd_discovery *d, tfd_str dir, const char *name)
{
    return dir.len ? tfd_path_join(d->sys->style, d->arena, dir, tfd_str_of(name)) : TFD_STR("");
}

static tfd_str variable(const tfd_discovery *d, const char *name)
{
    tfd_str value;

    return d->sys->env(d->sys, name, &value) ? value : TFD_STR("");
}

tfd_str tfd_discover_key_windows(const tfd_discovery *d, tfd_str path)
{
    tfd_str key = tfd_arena_str(d->arena, path);
    char *text = (char *)key.ptr; /* this function's own copy */

    for (size_t i = 0; i < key.len; i++)
        text[i] = text[i] == '/' ? '\\' : tfd_char_lower(text[i]);
    return key;
}

/* ---- PATH */

static void add_names(tfd_discovery *d, tfd_str dir)
{
    static const char *const names[] = {"python.exe", "python3.exe", "python.bat", "py.exe"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        tfd_str path = join(d, dir, names[i]);
        tfd_stat st;

        /* Without following links: an alias of the Store leads nowhere for open and stat. */
        if (d->sys->stat(d->sys, path, false, &st, NULL) == TFD_OK && st.kind != TFD_KIND_DIR)
            tfd_discover_add_program(d, path, TFD_STR("PATH"), true);
    }
}

void tfd_discover_on_path_windows(tfd_discovery *d)
{
    tfd_str path = variable(d, "PATH"), dir, done[PATH_DIRS_MAX];
    size_t count = 0;
    bool more = path.len > 0;

    while (more && count < PATH_DIRS_MAX) {
        bool is_new = true;

        more = tfd_str_cut(path, ';', &dir, &path);
        for (size_t i = 0; i < count && is_new; i++)
            is_new = !tfd_path_eq(d->sys->style, done[i], dir);
        if (!is_new || !tfd_path_is_abs(d->sys->style, dir))
            continue;
        done[count++] = dir;
        add_names(d, dir);
    }
}

/* ---- the registry */

static void look_in_registry(tfd_discovery *d)
{
    tfd_pep514_list all;

    if (tfd_pep514_read(d->sys, d->arena, &all) != TFD_OK) {
        d->no_memory = true;
        return;
    }
    /* py.exe starts what is registered by python.org's installers: `py -3.10`. */
    for (size_t i = 0; i < all.count; i++)
        if (tfd_sys_is_file(d->sys, all.items[i].executable))
            tfd_discover_add_program(d, all.items[i].executable, all.items[i].source,
                                     tfd_str_eq_nocase(all.items[i].company, TFD_STR("PythonCore")));
}

/* ---- version managers and usual folders */

static void look_at_managers(tfd_discovery *d)
{
    tfd_str home = d->sys->home(d->sys), root = variable(d, "PYENV");

    if (root.len == 0)
        root = join(d, home, ".pyenv\\pyenv-win");
    tfd_discover_add_envs_below(d, join(d, root, "versions"), TFD_STR("pyenv"));
    root = variable(d, "UV_PYTHON_INSTALL_DIR");
    tfd_discover_add_envs_below(d, root.len ? root : join(d, variable(d, "APPDATA"), "uv\\python"),
                                TFD_STR("uv"));
    root = variable(d, "WORKON_HOME");
    tfd_discover_add_envs_below(d, root.len ? root : join(d, home, "Envs"), TFD_STR("virtualenvwrapper"));
    tfd_discover_add_envs_below(d, join(d, home, ".virtualenvs"), TFD_STR("pipenv"));
}

static void look_at_conda(tfd_discovery *d)
{
    static const char *const names[] = {"miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba"};
    tfd_str folders[3], text, line;

    folders[0] = d->sys->home(d->sys);
    folders[1] = variable(d, "ProgramData");
    folders[2] = variable(d, "LOCALAPPDATA");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t k = 0; k < 3; k++) {
            tfd_str root = join(d, folders[k], names[i]);

            if (root.len == 0 || !tfd_sys_is_dir(d->sys, root))
                continue;
            tfd_discover_add_env(d, root, TFD_STR("conda"), false);
            tfd_discover_add_envs_below(d, join(d, root, "envs"), TFD_STR("conda"));
        }
    tfd_discover_add_envs_below(d, join(d, d->sys->home(d->sys), ".conda\\envs"), TFD_STR("conda"));
    if (tfd_sys_read_file(d->sys, d->arena, join(d, d->sys->home(d->sys), ".conda\\environments.txt"),
                          TEXT_MAX, &text, NULL) != TFD_OK)
        return;
    for (int i = 0; i < PATH_DIRS_MAX && tfd_str_line(&text, &line); i++)
        if (tfd_path_is_abs(d->sys->style, tfd_str_trim(line)))
            tfd_discover_add_env(d, tfd_arena_str(d->arena, tfd_str_trim(line)), TFD_STR("conda"), false);
}

/* Sub-folders "Python310" of where the installers of python.org put them. */
static void look_at_usual(tfd_discovery *d, tfd_str dir)
{
    tfd_dirents entries;

    memset(&entries, 0, sizeof entries);
    if (dir.len == 0 || d->sys->list(d->sys, d->arena, dir, &entries, NULL) != TFD_OK)
        return;
    for (size_t i = 0; i < entries.count && !d->no_memory; i++) {
        tfd_str name = entries.items[i].name;

        if (tfd_str_eq_nocase(tfd_str_sub(name, 0, 6), TFD_STR("Python")) && name.len > 6 &&
            tfd_char_is_digit(name.ptr[6]))
            tfd_discover_add_env(d, tfd_path_join(d->sys->style, d->arena, dir, name), TFD_STR("well-known"),
                                 false);
    }
}

void tfd_discover_elsewhere_windows(tfd_discovery *d)
{
    tfd_str windows = d->sys->system(d->sys)->windows_dir;

    look_in_registry(d);
    look_at_managers(d);
    look_at_conda(d);
    look_at_usual(d, join(d, variable(d, "LOCALAPPDATA"), "Programs\\Python"));
    look_at_usual(d, variable(d, "ProgramFiles"));
    look_at_usual(d, variable(d, "ProgramFiles(x86)"));
    look_at_usual(d, tfd_path_dir(d->sys->style, windows));
    tfd_discover_add_kernels(d, join(d, variable(d, "APPDATA"), "jupyter"));
    tfd_discover_add_kernels(d, join(d, variable(d, "ProgramData"), "jupyter"));
    if (d->facts->python.prefix.len)
        tfd_discover_add_kernels(d, join(d, d->facts->python.prefix, "share\\jupyter"));
}
