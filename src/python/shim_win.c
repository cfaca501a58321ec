#include "python/shim_win.h"

#include "python/name.h"
#include "python/pep514.h"

#include <string.h>

#define FILE_MAX ((size_t)16 << 10)
#define PARENTS_MAX 128
#define EXTENSIONS_MAX 32
#define VARIABLES_MAX 8 /* in one path of a batch file */

typedef struct shim {
    const tfd_sys *sys;
    tfd_arena *arena;
    tfd_str path; /* of the shim */
} shim;

static tfd_str join(const shim *s, tfd_str dir, const char *name)
{
    return tfd_path_join(s->sys->style, s->arena, dir, tfd_str_of(name));
}

/* A file, or an alias of the Store: both can be started. */
static bool is_program(const tfd_sys *sys, tfd_str file)
{
    tfd_stat st;

    return tfd_sys_is_file(sys, file) ||
           (sys->stat(sys, file, false, &st, NULL) == TFD_OK && st.reparse_tag == TFD_REPARSE_APPEXECLINK);
}

/* ---- PATH */

static size_t read_extensions(const tfd_sys *sys, tfd_str out[EXTENSIONS_MAX])
{
    tfd_str rest, one;
    size_t count = 0;
    bool more = true;

    if (!sys->env(sys, "PATHEXT", &rest) || rest.len == 0)
        rest = TFD_STR(".COM;.EXE;.BAT;.CMD");
    while (more && count < EXTENSIONS_MAX) {
        more = tfd_str_cut(rest, ';', &one, &rest);
        if (one.len > 1)
            out[count++] = one;
    }
    return count;
}

/* PATHEXT is written in capitals, files are not. */
static tfd_str with_extension(tfd_arena *arena, tfd_str base, tfd_str extension)
{
    tfd_str file = tfd_arena_fmt(arena, "%.*s%.*s", TFD_ARG(base), TFD_ARG(extension));
    char *text = (char *)file.ptr; /* this function's own copy */

    for (size_t i = base.len; i < file.len; i++)
        text[i] = tfd_char_lower(text[i]);
    return file;
}

static tfd_str find_in(const tfd_sys *sys, tfd_arena *arena, tfd_str dir, tfd_str name,
                       const tfd_str *extensions, size_t count)
{
    tfd_str base = tfd_path_join(sys->style, arena, dir, name);

    for (size_t i = 0; i < count; i++) {
        tfd_str file;

        if (name.len > extensions[i].len &&
            tfd_str_eq_nocase(tfd_str_from(name, name.len - extensions[i].len), extensions[i])) {
            if (is_program(sys, base))
                return base;
            continue;
        }
        file = with_extension(arena, base, extensions[i]);
        if (is_program(sys, file))
            return file;
    }
    return TFD_STR("");
}

tfd_str tfd_shim_which_windows(const tfd_sys *sys, tfd_arena *arena, tfd_str name, tfd_str skip_dir)
{
    tfd_str extensions[EXTENSIONS_MAX], path, dir, ignored, file = TFD_STR("");
    size_t count = read_extensions(sys, extensions);
    bool more = sys->env(sys, "PATH", &path);

    if (!sys->env(sys, "NoDefaultCurrentDirectoryInExePath", &ignored))
        file = find_in(sys, arena, sys->cwd(sys), name, extensions, count);
    while (more && file.len == 0) {
        more = tfd_str_cut(path, ';', &dir, &path);
        if (dir.len > 1 && dir.ptr[0] == '"' && dir.ptr[dir.len - 1] == '"')
            dir = tfd_str_sub(dir, 1, dir.len - 1);
        if (dir.len == 0 || (skip_dir.len && tfd_path_eq(sys->style, dir, skip_dir)))
            continue;
        if (!tfd_path_is_abs(sys->style, dir))
            dir = tfd_path_join(sys->style, arena, sys->cwd(sys), dir);
        file = find_in(sys, arena, dir, name, extensions, count);
    }
    return file;
}

/* ---- pyenv-win */

static tfd_str read_line(const shim *s, tfd_str file)
{
    tfd_str text, line = TFD_STR("");

    if (tfd_sys_read_file(s->sys, s->arena, file, FILE_MAX, &text, NULL) == TFD_OK)
        while (tfd_str_line(&text, &line) && tfd_str_trim(line).len == 0)
            continue;
    return tfd_str_trim(line);
}

/* PYENV_VERSION, else .python-version here or above, else the file version of pyenv-win; *origin says which.
 */
static tfd_str find_version(const shim *s, tfd_str root, tfd_str *origin)
{
    tfd_str value, dir = s->sys->cwd(s->sys);

    *origin = TFD_STR("PYENV_VERSION");
    if (s->sys->env(s->sys, "PYENV_VERSION", &value) && value.len)
        return value;
    for (int i = 0; dir.len && i < PARENTS_MAX; i++) {
        tfd_str above = tfd_path_dir(s->sys->style, dir);

        *origin = join(s, dir, ".python-version");
        value = read_line(s, *origin);
        if (value.len)
            return value;
        if (above.len == dir.len)
            break;
        dir = above;
    }
    *origin = join(s, root, "version");
    return read_line(s, *origin);
}

static tfd_shim_result follow_pyenv(const shim *s, tfd_str *out)
{
    tfd_str root = tfd_path_dir(s->sys->style, tfd_path_dir(s->sys->style, s->path));
    tfd_str origin, version = find_version(s, root, &origin);

    if (version.len) {
        *out = tfd_arena_fmt(s->arena, "%.*s\\versions\\%.*s\\python.exe", TFD_ARG(root), TFD_ARG(version));
        if (tfd_sys_is_file(s->sys, *out))
            return TFD_SHIM_FOUND;
        *out = tfd_arena_fmt(s->arena, "%.*s is a pyenv shim; version %.*s (set by %.*s) is not installed",
                             TFD_ARG(s->path), TFD_ARG(version), TFD_ARG(origin));
        return TFD_SHIM_NOTHING;
    }
    *out = tfd_arena_fmt(s->arena, "%.*s is a pyenv shim, and no version is chosen", TFD_ARG(s->path));
    return TFD_SHIM_NOTHING;
}

/* ---- other batch files: a line that begins with the path of a Python, perhaps behind @ and call */

static tfd_str take_program(tfd_str line)
{
    tfd_str word, rest;

    line = tfd_str_trim(line);
    if (line.len && line.ptr[0] == '@')
        line = tfd_str_trim(tfd_str_from(line, 1));
    if (tfd_str_eq_nocase(tfd_str_sub(line, 0, 5), TFD_STR("call ")))
        line = tfd_str_trim(tfd_str_from(line, 5));
    if (line.len && line.ptr[0] == '"')
        tfd_str_cut(tfd_str_from(line, 1), '"', &word, &rest);
    else
        tfd_str_cut(line, ' ', &word, &rest);
    return word;
}

/* %NAME%, and %~dp0: the folder of the batch file, with its separator at the end. */
static tfd_str expand(const shim *s, tfd_str word)
{
    tfd_str done = TFD_STR(""), before, name, value, after;

    for (int i = 0; i < VARIABLES_MAX && tfd_str_cut(word, '%', &before, &after); i++) {
        value = tfd_path_dir(s->sys->style, s->path);
        if (tfd_str_eq_nocase(tfd_str_sub(after, 0, 4), TFD_STR("~dp0"))) {
            word = tfd_str_from(after, 4);
            done = tfd_arena_fmt(s->arena, "%.*s%.*s%.*s\\", TFD_ARG(done), TFD_ARG(before), TFD_ARG(value));
            continue;
        }
        tfd_str_cut(after, '%', &name, &word);
        if (!s->sys->env(s->sys, tfd_arena_z(s->arena, name), &value))
            value = TFD_STR("");
        done = tfd_arena_fmt(s->arena, "%.*s%.*s%.*s", TFD_ARG(done), TFD_ARG(before), TFD_ARG(value));
    }
    return tfd_path_norm(s->sys->style, s->arena,
                         tfd_arena_fmt(s->arena, "%.*s%.*s", TFD_ARG(done), TFD_ARG(word)));
}

static tfd_shim_result follow_batch(const shim *s, tfd_str *out)
{
    tfd_str text, line, word;
    tfd_pyname name;

    if (tfd_sys_read_file(s->sys, s->arena, s->path, FILE_MAX, &text, NULL) != TFD_OK)
        return TFD_SHIM_UNKNOWN;
    if (tfd_str_find_z(text, "pyenv exec") != TFD_NPOS)
        return follow_pyenv(s, out);
    while (tfd_str_line(&text, &line)) {
        word = expand(s, take_program(line));
        if (!tfd_path_is_abs(s->sys->style, word) ||
            !tfd_pyname_parse(tfd_path_base(s->sys->style, word), &name))
            continue;
        *out = tfd_arena_str(s->arena, word);
        return tfd_sys_is_file(s->sys, *out) ? TFD_SHIM_FOUND : TFD_SHIM_UNKNOWN;
    }
    return TFD_SHIM_UNKNOWN;
}

/* ---- aliases of the Store */

/* A folder of that name lies beside the aliases of a Python that the Store installed. */
static bool has_store_python(const tfd_sys *sys, tfd_arena *arena, tfd_str dir)
{
    tfd_dirents entries;

    memset(&entries, 0, sizeof entries);
    if (sys->list(sys, arena, dir, &entries, NULL) != TFD_OK)
        return true; /* nothing is claimed */
    for (size_t i = 0; i < entries.count; i++)
        if (tfd_str_eq_nocase(tfd_str_sub(entries.items[i].name, 0, 25),
                              TFD_STR("PythonSoftwareFoundation.")))
            return true;
    return false;
}

/* An alias whose target is the installer's own program stands for no Python. Where the target is not told,
 * its folder decides. */
bool tfd_shim_is_store_alias(const tfd_sys *sys, tfd_arena *arena, tfd_str path)
{
    tfd_str target, dir = tfd_path_dir(sys->style, path);
    bool is_alias;
    tfd_stat st;

    if (sys->style != TFD_PATH_WINDOWS || sys->stat(sys, path, false, &st, NULL) != TFD_OK)
        return false;
    is_alias = st.reparse_tag == TFD_REPARSE_APPEXECLINK;
    if (is_alias && sys->readlink(sys, arena, path, &target, NULL) == TFD_OK)
        return tfd_path_has(sys->style, target, "/AppInstaller") ||
               tfd_path_has(sys->style, target, "/Microsoft.DesktopAppInstaller_");
    return (is_alias || st.size == 0) && tfd_path_ends(sys->style, dir, "/Microsoft/WindowsApps") &&
           !has_store_python(sys, arena, dir);
}

tfd_shim_result tfd_shim_follow_windows(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out)
{
    shim s = {sys, arena, path};
    tfd_str base = tfd_path_base(sys->style, path);

    if (tfd_shim_is_store_alias(sys, arena, path)) {
        *out = tfd_arena_fmt(arena, "%.*s only opens the Microsoft Store: no Python is installed behind it",
                             TFD_ARG(path));
        return TFD_SHIM_NOTHING;
    }
    if (tfd_path_ends(sys->style, base, ".bat") || tfd_path_ends(sys->style, base, ".cmd"))
        return follow_batch(&s, out);
    if (tfd_str_eq_nocase(base, TFD_STR("py.exe"))) {
        tfd_str why, found = tfd_pylauncher_default(sys, arena, path, &why);

        *out = found.len ? found : why;
        return found.len ? TFD_SHIM_FOUND : TFD_SHIM_NOTHING;
    }
    return TFD_SHIM_NONE;
}
