#include "python/select.h"

#include "python/binary.h"
#include "python/name.h"
#include "python/seen.h"
#include "python/shim.h"
#include "python/shim_win.h"

#include <string.h>

#define PARENTS_MAX 128

typedef struct selection {
    const tfd_sys *sys;
    tfd_arena *arena;
    tfd_python *py;
} selection;

static tfd_str join(const selection *s, tfd_str dir, const char *name)
{
    return tfd_path_join(s->sys->style, s->arena, dir, tfd_str_of(name));
}

static bool is_windows(const selection *s)
{
    return s->sys->style == TFD_PATH_WINDOWS;
}

static tfd_str absolute(const selection *s, tfd_str path)
{
    if (!tfd_path_is_abs(s->sys->style, path))
        path = tfd_path_join(s->sys->style, s->arena, s->sys->cwd(s->sys), path);
    return tfd_path_norm(s->sys->style, s->arena, path);
}

static bool is_link(const tfd_sys *sys, tfd_str path)
{
    tfd_stat st;

    return sys->stat(sys, path, false, &st, NULL) == TFD_OK && st.kind == TFD_KIND_LINK;
}

/* Scripts\python.exe of a virtual environment, python.exe of conda or an installation, bin\python.exe of
 * MSYS2. */
static tfd_str in_env_windows(const tfd_sys *sys, tfd_arena *arena, tfd_str env, tfd_broken *state)
{
    static const char *const names[] = {"Scripts\\python.exe", "python.exe", "bin\\python.exe"};
    tfd_str files[3];

    *state = TFD_PY_FINE;
    for (size_t i = 0; i < 3; i++) {
        files[i] = tfd_path_join(sys->style, arena, env, tfd_str_of(names[i]));
        if (tfd_sys_is_file(sys, files[i]))
            return files[i];
    }
    *state = TFD_PY_MISSING;
    return files[tfd_sys_is_dir(sys, tfd_path_join(sys->style, arena, env, TFD_STR("conda-meta"))) ? 1 : 0];
}

/* bin/python, bin/python3, then the first bin/pythonX.Y. */
tfd_str tfd_select_in_env(const tfd_sys *sys, tfd_arena *arena, tfd_str env, tfd_broken *state)
{
    tfd_str bin = tfd_path_join(sys->style, arena, env, TFD_STR("bin"));
    tfd_str first = tfd_path_join(sys->style, arena, bin, TFD_STR("python"));
    tfd_str three = tfd_path_join(sys->style, arena, bin, TFD_STR("python3"));
    tfd_dirents entries;

    if (sys->style == TFD_PATH_WINDOWS)
        return in_env_windows(sys, arena, env, state);
    *state = TFD_PY_FINE;
    if (tfd_sys_is_file(sys, first))
        return first;
    if (tfd_sys_is_file(sys, three))
        return three;
    memset(&entries, 0, sizeof entries);
    if (sys->list(sys, arena, bin, &entries, NULL) == TFD_OK) {
        for (size_t i = 0; i < entries.count; i++) {
            tfd_str file = tfd_path_join(sys->style, arena, bin, entries.items[i].name);
            tfd_pyname name;

            if (tfd_pyname_parse(entries.items[i].name, &name) && name.minor >= 0 &&
                tfd_sys_is_file(sys, file))
                return file;
        }
    }
    *state = is_link(sys, first) || is_link(sys, three) ? TFD_PY_DANGLING : TFD_PY_MISSING;
    return first;
}

/* The last link's target, which is not there; for links that lead to each other one of them. */
static bool find_end(const selection *s, tfd_str path, tfd_str *end)
{
    tfd_str target;
    int links = 0;

    while (links < 40 && s->sys->readlink(s->sys, s->arena, path, &target, NULL) == TFD_OK) {
        path = tfd_path_join(s->sys->style, s->arena, tfd_path_dir(s->sys->style, path), target);
        links++;
    }
    *end = path;
    return links > 0;
}

static tfd_str describe_broken(const selection *s, tfd_str env, tfd_str path, tfd_broken state)
{
    tfd_str target;

    if (state == TFD_PY_DANGLING && find_end(s, path, &target))
        return tfd_arena_fmt(s->arena, "%.*s is a link to %.*s, and there is no interpreter at its end",
                             TFD_ARG(path), TFD_ARG(target));
    if (tfd_sys_kind(s->sys, env) == TFD_KIND_NONE)
        return tfd_arena_fmt(s->arena, "the environment %.*s does not exist", TFD_ARG(env));
    return tfd_arena_fmt(s->arena, "the environment %.*s has no interpreter", TFD_ARG(env));
}

static void choose(const selection *s, tfd_str path, const char *why)
{
    s->py->path = path;
    s->py->why = tfd_str_of(why);
}

static void choose_env(const selection *s, tfd_str env, const char *why)
{
    tfd_broken state;
    tfd_str path = tfd_select_in_env(s->sys, s->arena, env, &state);
    tfd_stat end;

    choose(s, path, why);
    s->py->broken = state;
    if (state == TFD_PY_DANGLING && s->sys->stat(s->sys, path, true, &end, NULL) == TFD_EACCESS) {
        s->py->broken = TFD_PY_NOT_EXEC;
        s->py->broken_why =
            tfd_arena_fmt(s->arena, "%.*s leads to a folder that this user may not enter", TFD_ARG(path));
    } else if (state != TFD_PY_FINE) {
        s->py->broken_why = describe_broken(s, env, path, state);
    }
}

/* Whether a folder is, or was, an environment: then the lack of an interpreter is a finding. */
static bool looks_like_env(const selection *s, tfd_str dir)
{
    return tfd_sys_is_file(s->sys, join(s, dir, "pyvenv.cfg")) ||
           tfd_sys_is_dir(s->sys, join(s, dir, "conda-meta")) ||
           is_link(s->sys, join(s, dir, "bin/python")) ||
           tfd_sys_is_file(s->sys, join(s, dir, "bin/activate")) ||
           (is_windows(s) && tfd_sys_is_file(s->sys, join(s, dir, "Scripts\\activate.bat")));
}

/* Follows shims to the program. false: it would start nothing (broken_why is set). */
static bool follow(const selection *s, tfd_str *path)
{
    for (int i = 0; i < 4; i++) {
        tfd_str next;

        switch (tfd_shim_follow(s->sys, s->arena, *path, &next)) {
        case TFD_SHIM_NONE:
            return true;
        case TFD_SHIM_UNKNOWN:
            s->py->broken = TFD_PY_UNKNOWN;
            s->py->broken_why =
                tfd_arena_fmt(s->arena, "%.*s is a script; what it starts cannot be told", TFD_ARG(*path));
            return true;
        case TFD_SHIM_NOTHING:
            if (s->py->store_alias.len == 0 && tfd_shim_is_store_alias(s->sys, s->arena, *path))
                s->py->store_alias = *path;
            s->py->broken = TFD_PY_MISSING;
            s->py->broken_why = next;
            return false;
        case TFD_SHIM_FOUND:
            *path = next;
        }
    }
    return true;
}

/* ---- --python */

static bool visit_entry(void *ctx, tfd_str bytes)
{
    static const char *const entries[] = {"Py_BytesMain",  "Py_Main",   "_Py_UnixMain",
                                          "Py_Initialize", "libpython", "libpypy"};

    (void)ctx;
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (tfd_str_find_z(bytes, entries[i]) != TFD_NPOS)
            return true;
    return false;
}

/* A program of another name that mentions neither what an interpreter begins with nor its library. */
static bool is_no_python(const selection *s, tfd_str path)
{
    tfd_binary binary;
    tfd_pyname name;

    return !tfd_pyname_parse(tfd_path_base(s->sys->style, path), &name) &&
           tfd_binary_read(s->sys, s->arena, path, &binary, NULL) == TFD_OK &&
           (binary.kind == TFD_BINARY_ELF || binary.kind == TFD_BINARY_PE) &&
           !tfd_binary_scan_file(s->sys, s->arena, path, visit_entry, NULL);
}

static tfd_status choose_file(const selection *s, tfd_str path, tfd_err *err)
{
    tfd_stat st;
    tfd_status status = s->sys->stat(s->sys, path, false, &st, err);
    tfd_str env = tfd_path_dir(s->sys->style, tfd_path_dir(s->sys->style, path));

    choose(s, path, "--python");
    if (status == TFD_EACCESS)
        return TFD_OK; /* the probe says that it may not be looked at */
    if (status == TFD_OK && tfd_sys_kind(s->sys, path) == TFD_KIND_NONE) {
        tfd_stat end;

        /* A link into a folder that this user may not enter dangles only for the eye. */
        s->py->broken =
            s->sys->stat(s->sys, path, true, &end, NULL) == TFD_EACCESS ? TFD_PY_NOT_EXEC : TFD_PY_DANGLING;
        s->py->broken_why =
            s->py->broken == TFD_PY_NOT_EXEC
                ? tfd_arena_fmt(s->arena, "%.*s leads to a folder that this user may not enter",
                                TFD_ARG(path))
                : describe_broken(s, env, path, TFD_PY_DANGLING);
        return TFD_OK;
    }
    if (status == TFD_OK && is_no_python(s, path))
        return tfd_err_set(err, TFD_ENOENT, 0, "%.*s is no Python interpreter", TFD_ARG(path));
    if (status == TFD_OK) {
        follow(s, &s->py->path);
        return TFD_OK;
    }
    if (!looks_like_env(s, env))
        return tfd_err_set(err, TFD_ENOENT, 0, "%.*s: no such interpreter or environment", TFD_ARG(path));
    s->py->broken = TFD_PY_MISSING;
    s->py->broken_why = describe_broken(s, env, path, TFD_PY_MISSING);
    return TFD_OK;
}

/* A word is looked for on PATH, unless it names an environment here as no interpreter is called: `env` is
 * such a folder far more often than /usr/bin/env. */
static tfd_str find_wanted(const selection *s, tfd_str wanted)
{
    tfd_str here = absolute(s, wanted), path = TFD_STR("");
    tfd_pyname name;

    if (tfd_path_dir(s->sys->style, wanted).len == 0 &&
        (tfd_pyname_parse(wanted, &name) || !looks_like_env(s, here)))
        path = tfd_shim_which(s->sys, s->arena, wanted, TFD_STR(""));
    return path.len > 0 ? path : here;
}

static tfd_status choose_wanted(const selection *s, tfd_str wanted, tfd_err *err)
{
    tfd_str path = find_wanted(s, wanted);

    if (!tfd_sys_is_dir(s->sys, path))
        return choose_file(s, path, err);
    choose_env(s, path, "--python");
    if (s->py->broken == TFD_PY_MISSING && !looks_like_env(s, path))
        return tfd_err_set(err, TFD_ENOENT, 0, "%.*s: no Python environment (it has no %s)", TFD_ARG(path),
                           is_windows(s) ? "Scripts\\python.exe and no python.exe" : "bin/python");
    if (s->py->broken == TFD_PY_FINE)
        follow(s, &s->py->path);
    return TFD_OK;
}

/* ---- without it */

/* What a shell would start. A shim that leads nowhere is kept for the case that nothing else is found. */
static bool choose_on_path(const selection *s)
{
    static const char *const names[] = {"python", "python3", "py"};
    size_t count = is_windows(s) ? 3 : 2;
    tfd_str dead = TFD_STR(""), dead_why = TFD_STR("");

    for (size_t i = 0; i < count; i++) {
        tfd_str path = tfd_shim_which(s->sys, s->arena, tfd_str_of(names[i]), TFD_STR(""));

        if (path.len == 0)
            continue;
        s->py->broken = TFD_PY_FINE;
        s->py->broken_why = TFD_STR("");
        choose(s, path, "PATH");
        if (follow(s, &path)) {
            choose(s, path, "PATH");
            s->py->passed_over = dead_why;
            return true;
        }
        if (dead.len == 0 || !is_windows(s)) {
            dead = path;
            dead_why = s->py->broken_why;
        }
    }
    if (dead.len) {
        choose(s, dead, "PATH");
        s->py->broken = TFD_PY_MISSING;
        s->py->broken_why = dead_why;
    }
    return dead.len > 0;
}

static bool choose_by_variable(const selection *s, const char *variable)
{
    tfd_str env;

    if (!s->sys->env(s->sys, variable, &env) || env.len == 0)
        return false;
    choose_env(s, absolute(s, env), variable);
    return true;
}

static bool choose_dot_venv(const selection *s)
{
    tfd_str dir = s->sys->cwd(s->sys);

    for (int i = 0; dir.len && i < PARENTS_MAX; i++) {
        tfd_str env = join(s, dir, ".venv");
        tfd_str above = tfd_path_dir(s->sys->style, dir);

        if (tfd_sys_is_dir(s->sys, env) && looks_like_env(s, env)) {
            choose_env(s, env, ".venv");
            return true;
        }
        if (above.len == dir.len)
            break;
        dir = above;
    }
    return false;
}

static tfd_status choose_default(const selection *s, tfd_err *err)
{
    if (choose_on_path(s) || choose_by_variable(s, "VIRTUAL_ENV") || choose_by_variable(s, "CONDA_PREFIX") ||
        choose_dot_venv(s))
        return TFD_OK;
    return tfd_err_set(
        err, TFD_ENOENT, 0,
        is_windows(s)
            ? "no Python found: neither python nor python3 nor py is on PATH, and there is no environment "
              "here"
            : "no Python found: neither python nor python3 is on PATH, and there is no environment here");
}

/* ---- the environment that variables call active */

static bool same_folder(const selection *s, tfd_str a, tfd_str b)
{
    tfd_str ra, rb;

    if (tfd_path_eq(s->sys->style, a, b))
        return true;
    return s->sys->realpath(s->sys, s->arena, a, &ra, NULL) == TFD_OK &&
           s->sys->realpath(s->sys, s->arena, b, &rb, NULL) == TFD_OK && tfd_path_eq(s->sys->style, ra, rb);
}

/* Whether folder a stands on PATH and before the folder of the program chosen. */
static bool is_earlier_on_path(const selection *s, tfd_str a, tfd_str chosen)
{
    tfd_str path, dir;
    bool more = s->sys->env(s->sys, "PATH", &path);

    while (more) {
        more = tfd_str_cut(path, is_windows(s) ? ';' : ':', &dir, &path);
        if (is_windows(s))
            dir = tfd_path_norm(s->sys->style, s->arena, dir);
        if (tfd_path_eq(s->sys->style, dir, a))
            return true;
        if (tfd_path_eq(s->sys->style, dir, chosen))
            return false;
    }
    return false;
}

static void find_active(const selection *s)
{
    tfd_python *py = s->py;
    const char *variable = "VIRTUAL_ENV";
    tfd_str env, bin = tfd_path_dir(s->sys->style, py->path);
    tfd_str path;

    if (!s->sys->env(s->sys, variable, &env) || env.len == 0)
        variable = "CONDA_PREFIX";
    if (!s->sys->env(s->sys, variable, &env) || env.len == 0)
        return;
    py->active_env = absolute(s, env);
    py->active_env_var = tfd_str_of(variable);
    py->active_env_differs = !same_folder(s, py->active_env, tfd_path_dir(s->sys->style, bin)) &&
                             !(is_windows(s) && same_folder(s, py->active_env, bin));
    path = tfd_select_in_env(s->sys, s->arena, py->active_env, &py->active_env_broken);
    py->active_env_on_path = is_earlier_on_path(
        s, is_windows(s) ? tfd_path_dir(s->sys->style, path) : join(s, py->active_env, "bin"), bin);
    if (py->active_env_broken != TFD_PY_FINE)
        py->active_env_why = describe_broken(s, py->active_env, path, py->active_env_broken);
}

/* The shell passes over the dead interpreter of an activated environment and starts the next python on PATH.
 * If that one has no TensorFlow, it is the environment that has to be repaired. */
static void prefer_dead_environment(const selection *s)
{
    tfd_python *py = s->py;
    tfd_str dist, version;

    if (!tfd_str_is(py->why, "PATH") || py->active_env_broken == TFD_PY_FINE || !py->active_env_on_path ||
        tfd_seen_tensorflow(s->sys, s->arena, py->path, &dist, &version))
        return;
    choose_env(s, py->active_env, "VIRTUAL_ENV");
    py->why = py->active_env_var;
    py->active_env_differs = false;
}

tfd_status tfd_select_python(const tfd_sys *sys, tfd_arena *arena, tfd_str wanted, tfd_python *py,
                             tfd_err *err)
{
    selection s = {sys, arena, py};
    tfd_status status = wanted.len ? choose_wanted(&s, wanted, err) : choose_default(&s, err);

    if (status != TFD_OK)
        return status;
    if (!py->path.ptr)
        return tfd_err_set(err, TFD_ENOMEM, 0, "no memory for the interpreter's path");
    find_active(&s);
    prefer_dead_environment(&s);
    return TFD_OK;
}
