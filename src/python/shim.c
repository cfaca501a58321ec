#include "python/shim.h"

#include "python/binary.h"
#include "python/name.h"
#include "python/shim_win.h"

#include <string.h>

#define FILE_MAX ((size_t)16 << 10)
#define VERSIONS_MAX 16
/* Folders from the current one up to the root. */
#define PARENTS_MAX 128

typedef struct shim {
    const tfd_sys *sys;
    tfd_arena *arena;
    tfd_str path, name; /* of the shim: "python" */
    tfd_str script;
} shim;

static tfd_str join(const shim *s, tfd_str dir, const char *name)
{
    return tfd_path_join(s->sys->style, s->arena, dir, tfd_str_of(name));
}

static bool is_program(const tfd_sys *sys, tfd_str file)
{
    return tfd_sys_is_file(sys, file) && sys->access(sys, file, TFD_ACCESS_EXEC, NULL) == TFD_OK;
}

tfd_str tfd_shim_which(const tfd_sys *sys, tfd_arena *arena, tfd_str name, tfd_str skip_dir)
{
    tfd_str path, dir;
    bool more = sys->env(sys, "PATH", &path);

    if (sys->style == TFD_PATH_WINDOWS)
        return tfd_shim_which_windows(sys, arena, name, skip_dir);
    while (more) {
        tfd_str file;

        more = tfd_str_cut(path, ':', &dir, &path);
        if (dir.len == 0)
            dir = sys->cwd(sys); /* an empty entry is the current folder */
        if (!tfd_path_is_abs(sys->style, dir))
            dir = tfd_path_join(sys->style, arena, sys->cwd(sys), dir);
        if (skip_dir.len && tfd_str_eq(dir, skip_dir))
            continue;
        file = tfd_path_join(sys->style, arena, dir, name);
        if (is_program(sys, file))
            return file;
    }
    return TFD_STR("");
}

/* The first of the current folder and its parents that holds the file; empty: none does. */
static tfd_str find_upwards(const shim *s, const char *name)
{
    tfd_str dir = s->sys->cwd(s->sys);

    for (int i = 0; dir.len && i < PARENTS_MAX; i++) {
        tfd_str file = join(s, dir, name);

        if (tfd_sys_is_file(s->sys, file))
            return file;
        if (dir.len == 1)
            break;
        dir = tfd_path_dir(s->sys->style, dir);
    }
    return TFD_STR("");
}

static tfd_str read_text(const shim *s, tfd_str file)
{
    tfd_str text;

    if (file.len == 0 || tfd_sys_read_file(s->sys, s->arena, file, FILE_MAX, &text, NULL) != TFD_OK)
        return TFD_STR("");
    return text;
}

/* What stands between the quotes behind `before` in the script; empty: not there. */
static tfd_str quoted_after(tfd_str script, const char *before)
{
    size_t hit = tfd_str_find_z(script, before);
    tfd_str value, rest;

    if (hit == TFD_NPOS)
        return TFD_STR("");
    rest = tfd_str_from(script, hit + strlen(before));
    if (rest.len == 0 || (rest.ptr[0] != '"' && rest.ptr[0] != '\''))
        return TFD_STR("");
    tfd_str_cut(tfd_str_from(rest, 1), rest.ptr[0], &value, &rest);
    return value;
}

/* First word of a line, up to a blank. */
static tfd_str first_word(tfd_str line)
{
    size_t n = 0;

    line = tfd_str_trim(line);
    while (n < line.len && !tfd_char_is_space(line.ptr[n]))
        n++;
    return tfd_str_sub(line, 0, n);
}

/* ---- pyenv */

static size_t split_versions(tfd_str text, tfd_str *out)
{
    size_t count = 0;
    bool more = text.len > 0;
    tfd_str one;

    while (more && count < VERSIONS_MAX) {
        more = tfd_str_cut(text, ':', &one, &text);
        if (one.len)
            out[count++] = one;
    }
    return count;
}

/* PYENV_VERSION, else .python-version here or above, else $PYENV_ROOT/version; *origin says which. */
static size_t find_pyenv_versions(const shim *s, tfd_str root, tfd_str *out, tfd_str *origin)
{
    tfd_str value, file, rest, line;
    size_t count = 0;

    *origin = TFD_STR("PYENV_VERSION");
    if (s->sys->env(s->sys, "PYENV_VERSION", &value) && value.len)
        return split_versions(value, out);
    file = find_upwards(s, ".python-version");
    rest = read_text(s, file);
    if (tfd_str_trim(rest).len == 0) {
        file = join(s, root, "version");
        rest = read_text(s, file);
    }
    *origin = file;
    while (tfd_str_line(&rest, &line) && count < VERSIONS_MAX) {
        tfd_str word = first_word(line);

        if (word.len && word.ptr[0] != '#' && tfd_str_find_char(word, '/') == TFD_NPOS &&
            !tfd_str_is(word, ".."))
            out[count++] = word;
    }
    return count;
}

/* Whether a is a later version than b: numbers compare as numbers, the rest as bytes. */
static bool is_later(tfd_str a, tfd_str b)
{
    tfd_pyversion x, y;

    if (!tfd_pyversion_parse(a, &x) || !tfd_pyversion_parse(b, &y))
        return tfd_str_cmp(a, b) > 0;
    if (x.major != y.major || x.minor != y.minor)
        return x.major != y.major ? x.major > y.major : x.minor > y.minor;
    return x.micro > y.micro;
}

/* pyenv-latest: "3.12" stands for the newest installed 3.12.x, pre-releases and free-threaded builds left
 * out. */
static tfd_str find_latest(const shim *s, tfd_str versions, tfd_str prefix)
{
    tfd_str best = TFD_STR("");
    tfd_dirents entries;

    memset(&entries, 0, sizeof entries);
    if (s->sys->list(s->sys, s->arena, versions, &entries, NULL) != TFD_OK)
        return best;
    for (size_t i = 0; i < entries.count; i++) {
        tfd_str name = entries.items[i].name;
        tfd_str rest = tfd_str_from(name, prefix.len);

        if (!tfd_str_starts(name, prefix) || rest.len == 0 || (rest.ptr[0] != '.' && rest.ptr[0] != '-') ||
            tfd_str_ends_z(name, "-dev") || tfd_str_ends_z(name, "t") ||
            tfd_str_find_z(rest, "rc") != TFD_NPOS)
            continue;
        if (best.len == 0 || is_later(name, best))
            best = name;
    }
    return best;
}

static tfd_str find_pyenv_program(const shim *s, tfd_str root, tfd_str version)
{
    tfd_str versions = join(s, root, "versions");
    tfd_str plain = tfd_str_starts_z(version, "python-") ? tfd_str_from(version, 7) : version;
    tfd_str candidates[3];

    if (tfd_str_is(version, "system"))
        return tfd_shim_which(s->sys, s->arena, s->name, join(s, root, "shims"));
    candidates[0] = version;
    candidates[1] = plain;
    candidates[2] = TFD_STR("");
    for (size_t i = 0; i < 3; i++) {
        tfd_str dir, file;

        if (i == 2)
            candidates[i] = find_latest(s, versions, plain);
        if (candidates[i].len == 0)
            continue;
        dir = tfd_path_join(s->sys->style, s->arena, versions, candidates[i]);
        if (!tfd_sys_is_dir(s->sys, dir))
            continue;
        file = tfd_path_join(s->sys->style, s->arena, join(s, dir, "bin"), s->name);
        return is_program(s->sys, file) ? file : TFD_STR("");
    }
    return TFD_STR("");
}

static tfd_shim_result follow_pyenv(const shim *s, tfd_str *out)
{
    tfd_str versions[VERSIONS_MAX + 1], origin;
    tfd_str root = quoted_after(s->script, "PYENV_ROOT=");
    size_t count;

    if (root.len == 0)
        root = tfd_path_dir(s->sys->style, tfd_path_dir(s->sys->style, s->path));
    count = find_pyenv_versions(s, root, versions, &origin);
    versions[count] = TFD_STR("system"); /* the last resort in any case */
    for (size_t i = 0; i <= count; i++) {
        *out = find_pyenv_program(s, root, versions[i]);
        if (out->len)
            return TFD_SHIM_FOUND;
    }
    *out = count ? tfd_arena_fmt(s->arena, "%.*s is a pyenv shim; version %.*s (set by %.*s) has no %.*s",
                                 TFD_ARG(s->path), TFD_ARG(versions[0]), TFD_ARG(origin), TFD_ARG(s->name))
                 : tfd_arena_fmt(s->arena,
                                 "%.*s is a pyenv shim; no version is chosen and PATH has no other %.*s",
                                 TFD_ARG(s->path), TFD_ARG(s->name));
    return TFD_SHIM_NOTHING;
}

/* ---- asdf, mise */

/* "python 3.12.1 system" of .tool-versions, or `python = "3.12"` of mise.toml. */
static size_t find_tool_versions(const shim *s, const char *file_name, tfd_str *out)
{
    tfd_str rest = read_text(s, find_upwards(s, file_name));
    tfd_str line;
    size_t count = 0;

    if (rest.len == 0)
        rest = read_text(s, join(s, s->sys->home(s->sys), file_name));
    while (tfd_str_line(&rest, &line)) {
        if (!tfd_str_is(first_word(line), "python"))
            continue;
        line = tfd_str_trim(tfd_str_from(tfd_str_trim(line), 6));
        while (line.len && count < VERSIONS_MAX) {
            tfd_str word = first_word(line);

            line = tfd_str_trim(tfd_str_from(line, word.len));
            if (word.len >= 2 && (word.ptr[0] == '"' || word.ptr[0] == '\''))
                word = tfd_str_sub(word, 1, word.len - 1);
            if (word.ptr[0] == '#')
                break;
            if (!tfd_str_is(word, "="))
                out[count++] = word;
        }
        return count;
    }
    return 0;
}

static tfd_shim_result follow_tool(const shim *s, bool is_mise, tfd_str *out)
{
    tfd_str versions[VERSIONS_MAX], data, value;
    size_t count = 0;

    if (!s->sys->env(s->sys, is_mise ? "MISE_DATA_DIR" : "ASDF_DATA_DIR", &data) || data.len == 0)
        data = join(s, s->sys->home(s->sys), is_mise ? ".local/share/mise" : ".asdf");
    if (s->sys->env(s->sys, is_mise ? "MISE_PYTHON_VERSION" : "ASDF_PYTHON_VERSION", &value))
        count = split_versions(value, versions);
    if (count == 0 && is_mise)
        count = find_tool_versions(s, "mise.toml", versions);
    if (count == 0 && is_mise)
        count = find_tool_versions(s, ".config/mise/config.toml", versions);
    if (count == 0)
        count = find_tool_versions(s, ".tool-versions", versions);
    for (size_t i = 0; i < count; i++) {
        tfd_str installs = join(s, data, "installs/python");

        *out = tfd_path_join(s->sys->style, s->arena,
                             join(s, tfd_path_join(s->sys->style, s->arena, installs, versions[i]), "bin"),
                             s->name);
        if (tfd_str_is(versions[i], "system"))
            *out = tfd_shim_which(s->sys, s->arena, s->name, tfd_path_dir(s->sys->style, s->path));
        if (out->len && is_program(s->sys, *out))
            return TFD_SHIM_FOUND;
    }
    return TFD_SHIM_UNKNOWN;
}

/* ---- plain wrappers */

/* The absolute path of a Python behind "exec" at the start of a line. */
static tfd_shim_result follow_exec(const shim *s, tfd_str *out)
{
    tfd_str rest = s->script, line;

    while (tfd_str_line(&rest, &line)) {
        tfd_pyname name;
        tfd_str word;

        line = tfd_str_trim(line);
        if (!tfd_str_is(first_word(line), "exec"))
            continue;
        line = tfd_str_trim(tfd_str_from(line, 4));
        word = first_word(line);
        if (line.len > 1 && (line.ptr[0] == '"' || line.ptr[0] == '\''))
            tfd_str_cut(tfd_str_from(line, 1), line.ptr[0], &word, &line);
        if (!tfd_path_is_abs(s->sys->style, word) ||
            !tfd_pyname_parse(tfd_path_base(s->sys->style, word), &name))
            continue;
        *out = tfd_arena_str(s->arena, word);
        return tfd_sys_is_file(s->sys, *out) ? TFD_SHIM_FOUND : TFD_SHIM_UNKNOWN;
    }
    return TFD_SHIM_UNKNOWN;
}

tfd_shim_result tfd_shim_follow(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out)
{
    shim s = {sys, arena, path, tfd_path_base(sys->style, path), {NULL, 0}};
    tfd_binary binary;
    tfd_str real;

    if (sys->style == TFD_PATH_WINDOWS)
        return tfd_shim_follow_windows(sys, arena, path, out);
    if (sys->realpath(sys, arena, path, &real, NULL) == TFD_OK &&
        (tfd_str_is(tfd_path_base(sys->style, real), "mise") ||
         tfd_str_is(tfd_path_base(sys->style, real), "rtx")))
        return follow_tool(&s, true, out);
    if (tfd_binary_read(sys, arena, path, &binary, NULL) != TFD_OK || binary.kind != TFD_BINARY_SCRIPT)
        return TFD_SHIM_NONE;
    s.script = binary.script;
    if (tfd_str_find_z(s.script, "pyenv\" exec") != TFD_NPOS ||
        tfd_str_find_z(s.script, "pyenv exec") != TFD_NPOS)
        return follow_pyenv(&s, out);
    if (tfd_str_find_z(s.script, "asdf exec") != TFD_NPOS ||
        tfd_str_find_z(s.script, "asdf\" exec") != TFD_NPOS)
        return follow_tool(&s, false, out);
    return follow_exec(&s, out);
}
