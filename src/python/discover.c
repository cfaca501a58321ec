#include "python/discover.h"

#include "python/discover_win.h"

#include "python/interp.h"
#include "python/seen.h"
#include "python/select.h"
#include "python/shim.h"

#include <string.h>

/* More interpreters than anyone has: then the table is not complete. */
#define ROWS_MAX 512
#define PATH_DIRS_MAX 512
#define PARENTS_MAX 64
#define SETTINGS_MAX ((size_t)256 << 10)

typedef tfd_discovery discovery;

static tfd_str join(const discovery *d, tfd_str dir, const char *name)
{
    return tfd_path_join(d->sys->style, d->arena, dir, tfd_str_of(name));
}

static tfd_str above(const discovery *d, tfd_str path)
{
    return tfd_path_dir(d->sys->style, path);
}

static tfd_interpreter *find_row(const discovery *d, tfd_str key)
{
    uint32_t at = tfd_map_get(&d->seen, key);

    return at == TFD_MAP_NONE ? NULL : &d->facts->interpreters.items[at];
}

/* Environments are told apart by their folder (all their links lead to one base), base installations by the
 * file. Windows' paths have no case. */
static tfd_str key_of(const discovery *d, tfd_str path, tfd_str real)
{
    tfd_str root = above(d, above(d, path)), real_root;

    if (d->sys->style == TFD_PATH_WINDOWS)
        return tfd_discover_key_windows(d, real.len ? real : path);

    if (real.len && !tfd_sys_is_file(d->sys, join(d, root, "pyvenv.cfg")))
        return real;
    if (d->sys->realpath(d->sys, d->arena, root, &real_root, NULL) == TFD_OK)
        return real_root;
    return path;
}

/* path: an existing program, or a broken link that stands for one. */
static void add(discovery *d, tfd_str path, tfd_str seen_in, bool runs_for_user)
{
    tfd_interpreters *all = &d->facts->interpreters;
    tfd_interpreter *row;
    tfd_str real, key;

    if (d->sys->realpath(d->sys, d->arena, tfd_interp_unalias(d->sys, d->arena, path), &real, NULL) != TFD_OK)
        real = TFD_STR("");
    key = key_of(d, path, real);
    row = find_row(d, key);
    if (row) {
        row->runs_for_user = row->runs_for_user || runs_for_user;
        return;
    }
    if (all->count >= ROWS_MAX) {
        all->complete = false;
        all->why = TFD_STR("there are more interpreters than tfdiag lists");
        return;
    }
    if (!TFD_GROW(d->arena, all) || !tfd_map_put(d->arena, &d->seen, key, (uint32_t)all->count)) {
        d->no_memory = true;
        return;
    }
    row = &all->items[all->count++];
    row->path = path;
    row->real = real;
    row->seen_in = seen_in;
    row->runs_for_user = runs_for_user;
    row->is_broken = real.len == 0;
    row->version = tfd_seen_version(d->sys, d->arena, path);
    tfd_seen_tensorflow(d->sys, d->arena, path, &row->tf_dist, &row->tf_version);
}

/* A program by that path, or what the shim there starts. */
void tfd_discover_add_program(discovery *d, tfd_str path, tfd_str seen_in, bool runs_for_user)
{
    for (int i = 0; i < 4; i++) {
        tfd_str next;
        tfd_shim_result result = tfd_shim_follow(d->sys, d->arena, path, &next);

        if (result == TFD_SHIM_NONE) {
            add(d, path, seen_in, runs_for_user);
            return;
        }
        if (result != TFD_SHIM_FOUND)
            return;
        path = next;
    }
}

void tfd_discover_add_env(discovery *d, tfd_str env, tfd_str seen_in, bool runs_for_user)
{
    tfd_broken state;
    tfd_str path = tfd_select_in_env(d->sys, d->arena, env, &state);

    if (state == TFD_PY_FINE || state == TFD_PY_DANGLING)
        add(d, path, seen_in, runs_for_user);
}

/* ---- PATH */

/* A folder of programs is large: stat of a few names is cheaper than listing it. */
static void add_names(discovery *d, tfd_str dir, tfd_str seen_in, bool runs_for_user)
{
    static const char *const names[] = {"python", "python3"};

    for (size_t i = 0; i < 2; i++) {
        tfd_str path = join(d, dir, names[i]);

        if (tfd_sys_is_file(d->sys, path))
            tfd_discover_add_program(d, path, seen_in, runs_for_user);
    }
    for (int minor = 6; minor < 20; minor++) {
        tfd_str path = tfd_arena_fmt(d->arena, "%.*s/python3.%d", TFD_ARG(dir), minor);

        if (tfd_sys_is_file(d->sys, path))
            tfd_discover_add_program(d, path, seen_in, runs_for_user);
    }
}

static void look_on_path(discovery *d)
{
    tfd_str path, dir, done[PATH_DIRS_MAX];
    size_t count = 0;
    bool more = d->sys->env(d->sys, "PATH", &path);

    while (more && count < PATH_DIRS_MAX) {
        bool is_new = true;

        more = tfd_str_cut(path, ':', &dir, &path);
        for (size_t i = 0; i < count && is_new; i++)
            is_new = !tfd_str_eq(done[i], dir);
        /* Shims of pyenv are resolved through `python` and `python3`; the versions themselves follow below.
         */
        if (!is_new || !tfd_path_is_abs(d->sys->style, dir) || !tfd_sys_is_dir(d->sys, dir))
            continue;
        done[count++] = dir;
        add_names(d, dir, TFD_STR("PATH"), true);
    }
}

/* ---- folders of versions and environments */

/* Every sub-folder of dir that holds bin/python. */
void tfd_discover_add_envs_below(discovery *d, tfd_str dir, tfd_str seen_in)
{
    tfd_dirents entries;

    memset(&entries, 0, sizeof entries);
    if (dir.len == 0 || d->sys->list(d->sys, d->arena, dir, &entries, NULL) != TFD_OK)
        return;
    for (size_t i = 0; i < entries.count && !d->no_memory; i++)
        if (entries.items[i].kind != TFD_KIND_FILE && !tfd_str_starts_z(entries.items[i].name, "2."))
            tfd_discover_add_env(d, tfd_path_join(d->sys->style, d->arena, dir, entries.items[i].name),
                                 seen_in, false);
}

static void look_at_pyenv(discovery *d)
{
    tfd_str root, home = d->sys->home(d->sys);

    if (!d->sys->env(d->sys, "PYENV_ROOT", &root) || root.len == 0)
        root = join(d, home, ".pyenv");
    tfd_discover_add_envs_below(d, join(d, root, "versions"), TFD_STR("pyenv"));
    tfd_discover_add_envs_below(d, join(d, home, ".asdf/installs/python"), TFD_STR("asdf"));
    tfd_discover_add_envs_below(d, join(d, home, ".local/share/mise/installs/python"), TFD_STR("mise"));
    tfd_discover_add_envs_below(d, join(d, home, ".local/share/uv/python"), TFD_STR("uv"));
    tfd_discover_add_envs_below(d, join(d, home, ".virtualenvs"), TFD_STR("virtualenvwrapper"));
}

static void look_at_conda(discovery *d)
{
    static const char *const roots[] = {"miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba"};
    static const char *const systems[] = {"/opt/conda", "/opt/miniconda3", "/opt/anaconda3",
                                          "/opt/miniforge3"};
    tfd_str text, line, home = d->sys->home(d->sys);

    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
        tfd_discover_add_env(d, join(d, home, roots[i]), TFD_STR("conda"), false);
        tfd_discover_add_envs_below(d, join(d, join(d, home, roots[i]), "envs"), TFD_STR("conda"));
    }
    for (size_t i = 0; i < sizeof systems / sizeof *systems; i++) {
        tfd_discover_add_env(d, tfd_str_of(systems[i]), TFD_STR("conda"), false);
        tfd_discover_add_envs_below(d, join(d, tfd_str_of(systems[i]), "envs"), TFD_STR("conda"));
    }
    tfd_discover_add_envs_below(d, join(d, home, ".conda/envs"), TFD_STR("conda"));
    if (tfd_sys_read_file(d->sys, d->arena, join(d, home, ".conda/environments.txt"), SETTINGS_MAX, &text,
                          NULL) != TFD_OK)
        return;
    while (tfd_str_line(&text, &line) && d->facts->interpreters.count < ROWS_MAX)
        if (tfd_path_is_abs(d->sys->style, tfd_str_trim(line)))
            tfd_discover_add_env(d, tfd_arena_str(d->arena, tfd_str_trim(line)), TFD_STR("conda"), false);
}

static void look_at_well_known(discovery *d)
{
    static const char *const folders[] = {"/usr/bin", "/usr/local/bin", "/opt/python/bin"};

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        add_names(d, tfd_str_of(folders[i]), TFD_STR("well-known"), false);
    tfd_discover_add_envs_below(d, TFD_STR("/opt/python"), TFD_STR("well-known"));
    tfd_discover_add_envs_below(d, TFD_STR("/opt"), TFD_STR("well-known"));
}

/* ---- what the user has here */

static void look_at_variables(discovery *d)
{
    static const char *const names[] = {"VIRTUAL_ENV", "CONDA_PREFIX"};
    tfd_str env;

    for (size_t i = 0; i < 2; i++)
        if (d->sys->env(d->sys, names[i], &env) && tfd_path_is_abs(d->sys->style, env))
            tfd_discover_add_env(d, env, tfd_str_of(names[i]), true);
}

/* The interpreter that the workspace's settings name; relative to the workspace, with its two usual
 * variables. */
static void add_workspace(discovery *d, tfd_str dir)
{
    tfd_str text, value, file = join(d, dir, ".vscode/settings.json");
    static const char *const folders[] = {"${workspaceFolder}/", "${workspaceRoot}/", "./"};

    if (tfd_sys_read_file(d->sys, d->arena, file, SETTINGS_MAX, &text, NULL) != TFD_OK)
        return;
    value = tfd_discover_vscode(d->arena, text);
    for (size_t i = 0; i < 3; i++)
        if (tfd_str_starts_z(value, folders[i]))
            value = tfd_str_from(value, strlen(folders[i]));
    if (value.len == 0 || tfd_str_find_z(value, "${") != TFD_NPOS)
        return;
    if (!tfd_path_is_abs(d->sys->style, value))
        value = tfd_path_join(d->sys->style, d->arena, dir, value);
    if (tfd_sys_is_dir(d->sys, value))
        tfd_discover_add_env(d, value, TFD_STR("vscode"), true);
    else if (tfd_sys_is_file(d->sys, value))
        tfd_discover_add_program(d, value, TFD_STR("vscode"), true);
}

static void look_here_and_above(discovery *d)
{
    tfd_str cwd = d->sys->cwd(d->sys), dir = cwd;

    if (cwd.len) {
        tfd_discover_add_env(d, join(d, cwd, "venv"), TFD_STR("venv"), false);
        tfd_discover_add_env(d, join(d, cwd, "env"), TFD_STR("env"), false);
    }
    for (int i = 0; dir.len && i < PARENTS_MAX; i++) {
        tfd_discover_add_env(d, join(d, dir, ".venv"), TFD_STR(".venv"), true);
        add_workspace(d, dir);
        if (above(d, dir).len == dir.len)
            break;
        dir = above(d, dir);
    }
}

void tfd_discover_add_kernels(discovery *d, tfd_str data_dir)
{
    tfd_str dir = join(d, data_dir, "kernels");
    tfd_dirents entries;

    memset(&entries, 0, sizeof entries);
    if (d->sys->list(d->sys, d->arena, dir, &entries, NULL) != TFD_OK)
        return;
    for (size_t i = 0; i < entries.count && !d->no_memory; i++) {
        tfd_str kernel = tfd_path_join(d->sys->style, d->arena, dir, entries.items[i].name);
        tfd_str text, program;

        if (tfd_sys_read_file(d->sys, d->arena, join(d, kernel, "kernel.json"), SETTINGS_MAX, &text, NULL) !=
            TFD_OK)
            continue;
        program = tfd_discover_kernel(d->arena, text);
        if (tfd_path_is_abs(d->sys->style, program))
            tfd_discover_add_program(
                d, program, tfd_arena_fmt(d->arena, "jupyter kernel %.*s", TFD_ARG(entries.items[i].name)),
                true);
    }
}

/* jupyter_core.paths.jupyter_path(): JUPYTER_PATH, the user's data folder, the environment's, the system's.
 */
static void look_at_jupyter(discovery *d)
{
    tfd_str value, dir;
    bool more = d->sys->env(d->sys, "JUPYTER_PATH", &value) && value.len;

    while (more) {
        more = tfd_str_cut(value, d->sys->style == TFD_PATH_WINDOWS ? ';' : ':', &dir, &value);
        if (tfd_path_is_abs(d->sys->style, dir))
            tfd_discover_add_kernels(d, dir);
    }
    if (d->sys->env(d->sys, "JUPYTER_DATA_DIR", &value) && value.len)
        tfd_discover_add_kernels(d, value);
    if (d->sys->style == TFD_PATH_WINDOWS)
        return;
    tfd_discover_add_kernels(d, join(d, d->sys->home(d->sys), ".local/share/jupyter"));
    if (d->facts->python.prefix.len)
        tfd_discover_add_kernels(d, join(d, d->facts->python.prefix, "share/jupyter"));
    tfd_discover_add_kernels(d, TFD_STR("/usr/local/share/jupyter"));
    tfd_discover_add_kernels(d, TFD_STR("/usr/share/jupyter"));
}

tfd_status tfd_discover_run(const tfd_sys *sys, tfd_arena *arena, tfd_facts *facts, tfd_err *err)
{
    discovery d;

    memset(&d, 0, sizeof d);
    d.sys = sys;
    d.arena = arena;
    d.facts = facts;
    facts->interpreters.complete = true;
    if (facts->python.path.len) {
        add(&d, facts->python.path, facts->python.why, false);
        if (facts->interpreters.count) {
            facts->interpreters.items[0].is_target = true;
            facts->interpreters.items[0].version =
                facts->python.version.len ? facts->python.version : facts->interpreters.items[0].version;
            facts->interpreters.items[0].is_broken = facts->python.broken > TFD_PY_UNKNOWN;
        }
    }
    look_at_variables(&d);
    look_here_and_above(&d);
    if (sys->style == TFD_PATH_WINDOWS) {
        tfd_discover_on_path_windows(&d);
        look_at_jupyter(&d);
        tfd_discover_elsewhere_windows(&d);
    } else {
        look_on_path(&d);
        look_at_jupyter(&d);
        look_at_pyenv(&d);
        look_at_conda(&d);
        look_at_well_known(&d);
    }
    return d.no_memory ? tfd_err_set(err, TFD_ENOMEM, 0, "no memory for the interpreters") : TFD_OK;
}
