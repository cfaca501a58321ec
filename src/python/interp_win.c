#include "python/interp.h"

#include <string.h>

#define PATH_DIRS_MAX 512

static tfd_str join(const tfd_sys *sys, tfd_arena *arena, tfd_str dir, const char *name)
{
    return tfd_path_join(sys->style, arena, dir, tfd_str_of(name));
}

tfd_str tfd_interp_unalias(const tfd_sys *sys, tfd_arena *arena, tfd_str path)
{
    tfd_str target;
    tfd_stat st;

    if (sys->stat(sys, path, false, &st, NULL) != TFD_OK || st.reparse_tag != TFD_REPARSE_APPEXECLINK ||
        sys->readlink(sys, arena, path, &target, NULL) != TFD_OK)
        return path;
    return target;
}

tfd_str tfd_interp_find_dll(const tfd_sys *sys, tfd_arena *arena, tfd_str program, tfd_str name)
{
    const tfd_system *system = sys->system(sys);
    tfd_str fixed[3], rest, dir, file;
    bool more = sys->env(sys, "PATH", &rest);

    fixed[0] = tfd_path_dir(sys->style, program);
    fixed[1] = system->system_dir;
    fixed[2] = system->windows_dir;
    for (size_t i = 0; i < 3; i++) {
        file = tfd_path_join(sys->style, arena, fixed[i], name);
        if (fixed[i].len && tfd_sys_is_file(sys, file))
            return file;
    }
    for (int i = 0; more && i < PATH_DIRS_MAX; i++) {
        more = tfd_str_cut(rest, ';', &dir, &rest);
        if (!tfd_path_is_abs(sys->style, dir))
            continue;
        file = tfd_path_join(sys->style, arena, dir, name);
        if (tfd_sys_is_file(sys, file))
            return file;
    }
    return TFD_STR("");
}

static bool find_library(const tfd_sys *sys, tfd_arena *arena, tfd_interp *in)
{
    const tfd_pe *pe = &in->binary.pe;

    for (size_t i = 0; i < pe->import_count; i++) {
        tfd_pydll kind = tfd_pyname_parse_dll(pe->imports[i].dll, &in->name);

        if (kind == TFD_PYDLL_NONE)
            continue;
        in->kind = kind;
        in->libpython_name = pe->imports[i].dll;
        in->libpython = tfd_interp_find_dll(sys, arena, in->real, pe->imports[i].dll);
        return true;
    }
    return false;
}

/* pyvenv.cfg beside the redirector, else one folder up (PC/venvlauncher.c). */
static bool read_cfg(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *file, tfd_pyvenv *cfg)
{
    tfd_str dir = tfd_path_dir(sys->style, path);

    return tfd_getpath_read_cfg(sys, arena, dir, file, cfg) ||
           tfd_getpath_read_cfg(sys, arena, tfd_path_dir(sys->style, dir), file, cfg);
}

/* The program that the redirector starts: of its own name in "home", else python.exe. */
static tfd_str find_base(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str home)
{
    tfd_str base = tfd_path_join(sys->style, arena, home, tfd_path_base(sys->style, path));
    tfd_stat st;

    if (sys->stat(sys, base, false, &st, NULL) != TFD_OK)
        base = join(sys, arena, home, "python.exe");
    return tfd_interp_unalias(sys, arena, tfd_path_norm(sys->style, arena, base));
}

/* A program that is not linked with any Python: a redirector, if it lies in an environment. */
static tfd_status follow_redirector(const tfd_sys *sys, tfd_arena *arena, tfd_interp *in, tfd_err *err)
{
    tfd_str file, base, dir = tfd_path_dir(sys->style, in->path);
    tfd_binary binary;
    tfd_pyvenv cfg;
    tfd_status status;

    if (!read_cfg(sys, arena, in->path, &file, &cfg)) {
        if (tfd_path_ends(sys->style, dir, "/Scripts"))
            in->dead =
                tfd_arena_fmt(arena, "%.*s starts the interpreter that pyvenv.cfg names, and %.*s has none",
                              TFD_ARG(in->path), TFD_ARG(tfd_path_dir(sys->style, dir)));
        return TFD_OK;
    }
    if (!cfg.has_home || cfg.home.len == 0) {
        in->dead = tfd_arena_fmt(arena, "%.*s names no home, so that %.*s finds no interpreter",
                                 TFD_ARG(file), TFD_ARG(in->path));
        return TFD_OK;
    }
    base = find_base(sys, arena, in->path, cfg.home);
    status = tfd_binary_read(sys, arena, base, &binary, err);
    if (status == TFD_ENOENT) {
        in->dead = tfd_arena_fmt(arena, "%.*s names %.*s as home, and there is no interpreter", TFD_ARG(file),
                                 TFD_ARG(cfg.home));
        in->real = TFD_STR("");
        return TFD_OK;
    }
    if (status != TFD_OK)
        return status;
    in->is_redirector = true;
    in->real = base;
    in->binary = binary;
    if (binary.kind == TFD_BINARY_PE)
        find_library(sys, arena, in);
    return TFD_OK;
}

static void take_version(tfd_str text, tfd_interp *in)
{
    tfd_pyversion version;

    if (in->name.minor >= 0 || !tfd_pyversion_parse(text, &version))
        return;
    in->name.major = version.major;
    in->name.minor = version.minor;
}

/* Names of files where the program does not tell: python310.dll beside it, pyvenv.cfg's version. */
static void guess_name(const tfd_sys *sys, tfd_arena *arena, tfd_interp *in)
{
    tfd_str dir = tfd_path_dir(sys->style, in->real.len ? in->real : in->path);
    tfd_dirents entries;
    tfd_pyvenv cfg;
    tfd_str file;

    memset(&entries, 0, sizeof entries);
    if (sys->list(sys, arena, dir, &entries, NULL) == TFD_OK)
        for (size_t i = 0; i < entries.count && in->name.minor < 0; i++)
            tfd_pyname_parse_dll(entries.items[i].name, &in->name);
    if (read_cfg(sys, arena, in->path, &file, &cfg))
        take_version(cfg.version, in);
}

tfd_status tfd_interp_read_windows(const tfd_sys *sys, tfd_arena *arena, tfd_interp *in,
                                   tfd_status *read_status, tfd_err *err)
{
    tfd_str start = tfd_interp_unalias(sys, arena, in->path);

    in->name = (tfd_pyname){false, -1, -1, false, false};
    *read_status = sys->realpath(sys, arena, start, &in->real, err);
    if (*read_status == TFD_OK)
        *read_status = tfd_binary_read(sys, arena, in->real, &in->binary, err);
    else
        in->real = TFD_STR("");
    if (*read_status == TFD_OK && in->binary.kind == TFD_BINARY_PE && in->binary.pe.state == TFD_PE_OK &&
        !find_library(sys, arena, in))
        *read_status = follow_redirector(sys, arena, in, err);
    if (*read_status == TFD_ENOMEM)
        return TFD_ENOMEM;
    if (in->name.minor < 0)
        guess_name(sys, arena, in);
    in->is_pypy = in->kind == TFD_PYDLL_PYPY;
    return TFD_OK;
}

/* ---- environment */

static bool is_below_variable(const tfd_sys *sys, tfd_arena *arena, tfd_str prefix, const char *variable,
                              const char *folder)
{
    tfd_str root;

    if (!sys->env(sys, variable, &root) || root.len == 0)
        return false;
    root = tfd_path_norm(sys->style, arena, join(sys, arena, root, folder));
    return tfd_path_is_below(sys->style, prefix, root);
}

void tfd_interp_environment_windows(const tfd_sys *sys, tfd_arena *arena, const tfd_getpath *layout,
                                    tfd_python *py)
{
    py->env_root = layout->venv_prefix.len ? layout->venv_prefix : layout->prefix;
    if (layout->venv_prefix.len)
        py->env = layout->cfg.by_uv ? TFD_ENV_UV : TFD_ENV_VENV;
    else if (layout->prefix.len && tfd_sys_is_dir(sys, join(sys, arena, layout->prefix, "conda-meta")))
        py->env = TFD_ENV_CONDA;
    else if (layout->pth_file.len)
        py->env = TFD_ENV_EMBEDDED;
    else if (tfd_path_has(sys->style, layout->prefix, "/WindowsApps/"))
        py->env = TFD_ENV_STORE;
    else if (tfd_path_has(sys->style, layout->prefix, "/pyenv-win/versions/") ||
             is_below_variable(sys, arena, layout->prefix, "PYENV", "versions"))
        py->env = TFD_ENV_PYENV;
    else
        py->env = TFD_ENV_STANDALONE;
}
