#include "python/interp.h"

#include "python/libc.h"

#include <string.h>

#define PATCHLEVEL_MAX ((size_t)64 << 10)

bool tfd_interp_layout(const tfd_sys *sys, tfd_arena *arena, tfd_str prefix, const char *leaf,
                       tfd_pyname *out)
{
    static const char *const libs[] = {"lib", "lib64"};
    size_t found = 0;

    for (size_t k = 0; k < 2 && found == 0; k++) {
        tfd_str lib = tfd_path_join(sys->style, arena, prefix, tfd_str_of(libs[k]));
        tfd_dirents entries;

        memset(&entries, 0, sizeof entries);
        if (sys->list(sys, arena, lib, &entries, NULL) != TFD_OK)
            continue;
        for (size_t i = 0; i < entries.count; i++) {
            tfd_str name = entries.items[i].name;
            tfd_pyname got;

            if (!tfd_pyname_parse(name, &got) || got.minor < 0 ||
                tfd_sys_kind(sys, tfd_arena_fmt(arena, "%.*s/%.*s/%s", TFD_ARG(lib), TFD_ARG(name), leaf)) ==
                    TFD_KIND_NONE)
                continue;
            *out = got;
            found++;
        }
    }
    return found == 1;
}

/* The name of the library says the version best, then the names in the chain of links. */
static bool name_from_files(const tfd_sys *sys, tfd_arena *arena, tfd_interp *in)
{
    tfd_str link = in->path;

    if (in->libpython_name.len && tfd_pyname_parse_lib(in->libpython_name, &in->name) && in->name.minor >= 0)
        return true;
    if (tfd_pyname_parse(tfd_path_base(sys->style, in->real), &in->name) && in->name.minor >= 0)
        return true;
    for (int i = 0; i < 40; i++) {
        tfd_str target;

        if (tfd_pyname_parse(tfd_path_base(sys->style, link), &in->name) && in->name.minor >= 0)
            return true;
        if (sys->readlink(sys, arena, link, &target, NULL) != TFD_OK)
            break;
        link = tfd_path_join(sys->style, arena, tfd_path_dir(sys->style, link), target);
    }
    return false;
}

static bool name_from_cfg(const tfd_sys *sys, tfd_arena *arena, tfd_interp *in)
{
    tfd_str dir = tfd_path_dir(sys->style, in->path);
    tfd_str text;
    tfd_pyvenv cfg;
    tfd_pyversion version;

    for (int i = 0; i < 2; i++, dir = tfd_path_dir(sys->style, dir)) {
        tfd_str file = tfd_path_join(sys->style, arena, dir, TFD_STR("pyvenv.cfg"));

        if (tfd_sys_read_file(sys, arena, file, TFD_PYVENV_MAX, &text, NULL) != TFD_OK)
            continue;
        tfd_pyvenv_parse(text, &cfg);
        if (!tfd_pyversion_parse(cfg.version, &version))
            return false;
        in->name.major = version.major;
        in->name.minor = version.minor;
        return true;
    }
    return false;
}

typedef struct any_version {
    int major, minor;
} any_version;

/* "python3.11" or "libpython3.11" among the literals: every interpreter has its library folder's name in it.
 */
static bool visit_any_version(void *ctx, tfd_str bytes)
{
    any_version *any = ctx;
    tfd_str rest = bytes;
    size_t hit;

    while ((hit = tfd_str_find_z(rest, "python3.")) != TFD_NPOS) {
        tfd_str word, after;
        tfd_pyname name;

        tfd_str_cut(tfd_str_sub(rest, hit, hit + 16), '\0', &word, &after);
        tfd_str_cut(word, '/', &word, &after);
        if (tfd_pyname_parse(word, &name) && name.minor >= 0) {
            any->major = name.major;
            any->minor = name.minor;
            return true;
        }
        rest = tfd_str_from(rest, hit + 1);
    }
    return false;
}

static void find_name(const tfd_sys *sys, tfd_arena *arena, tfd_interp *in)
{
    any_version any = {-1, -1};
    tfd_str prefix = tfd_path_dir(sys->style, tfd_path_dir(sys->style, in->real.len ? in->real : in->path));

    memset(&in->name, 0, sizeof in->name);
    in->name.major = in->name.minor = -1;
    if (name_from_files(sys, arena, in) || name_from_cfg(sys, arena, in) ||
        tfd_interp_layout(sys, arena, prefix, "os.py", &in->name))
        return;
    if (in->binary.kind == TFD_BINARY_ELF && in->binary.elf.state == TFD_ELF_OK &&
        tfd_binary_scan(sys, arena, in->real, &in->binary.elf, visit_any_version, &any)) {
        in->name.major = any.major;
        in->name.minor = any.minor;
    }
}

static void find_library(const tfd_sys *sys, tfd_arena *arena, tfd_interp *in)
{
    const tfd_elf *elf = &in->binary.elf;

    in->libpython = in->real;
    for (size_t i = 0; i < elf->needed_count; i++) {
        tfd_pyname name;

        if (!tfd_pyname_parse_lib(elf->needed[i], &name) || name.major < 0)
            continue;
        in->libpython_name = elf->needed[i];
        in->libpython = tfd_libc_resolve(sys, arena, in->real, elf, elf->needed[i]);
        return;
    }
}

tfd_status tfd_interp_read(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_interp *out,
                           tfd_status *read_status, tfd_err *err)
{
    memset(out, 0, sizeof *out);
    out->path = path;
    if (sys->style == TFD_PATH_WINDOWS)
        return tfd_interp_read_windows(sys, arena, out, read_status, err);
    *read_status = sys->realpath(sys, arena, path, &out->real, err);
    if (*read_status == TFD_OK)
        *read_status = tfd_binary_read(sys, arena, out->real, &out->binary, err);
    else
        out->real = TFD_STR("");
    if (*read_status == TFD_ENOMEM)
        return TFD_ENOMEM;
    if (out->binary.kind == TFD_BINARY_ELF)
        find_library(sys, arena, out);
    find_name(sys, arena, out);
    out->is_pypy = out->name.is_pypy || tfd_str_starts_z(tfd_path_base(sys->style, out->real), "pypy");
    return TFD_OK;
}

/* ---- version */

typedef struct literal_version {
    tfd_arena *arena;
    int major, minor;
    tfd_pyversion found;
} literal_version;

static bool visit_version(void *ctx, tfd_str bytes)
{
    literal_version *v = ctx;

    if (!tfd_pyversion_in_literals(bytes, v->major, v->minor, &v->found))
        return false;
    v->found.text = tfd_arena_str(v->arena, v->found.text);
    return true;
}

static bool set_version(tfd_python *py, const tfd_pyversion *v, tfd_str source)
{
    if (v->major != py->major || v->minor != py->minor || v->micro < 0)
        return false;
    py->micro = v->micro;
    py->version = v->text;
    py->version_source = source;
    return true;
}

static bool version_from_header(const tfd_sys *sys, tfd_arena *arena, const tfd_getpath *layout,
                                tfd_python *py)
{
    static const char *const flags[] = {"", "m", "t", "d", "td"};

    if (sys->style == TFD_PATH_WINDOWS) {
        tfd_str file = tfd_path_join(sys->style, arena, layout->prefix, TFD_STR("include\\patchlevel.h"));
        tfd_pyversion v;
        tfd_str text;

        return tfd_sys_read_file(sys, arena, file, PATCHLEVEL_MAX, &text, NULL) == TFD_OK &&
               tfd_pyversion_in_patchlevel(text, &v) && set_version(py, &v, file);
    }
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        tfd_str file = tfd_arena_fmt(arena, "%.*s/include/python%d.%d%s/patchlevel.h",
                                     TFD_ARG(layout->prefix), py->major, py->minor, flags[i]);
        tfd_pyversion v;
        tfd_str text;

        if (tfd_sys_read_file(sys, arena, file, PATCHLEVEL_MAX, &text, NULL) == TFD_OK &&
            tfd_pyversion_in_patchlevel(text, &v) && set_version(py, &v, file))
            return true;
    }
    return false;
}

/* The version resource of pythonXY.dll. */
static bool version_from_resource(const tfd_sys *sys, tfd_arena *arena, tfd_str dll, tfd_python *py)
{
    tfd_pe_version resource;
    tfd_pyversion v;
    char suffix[8];
    int micro;

    if (dll.len == 0 || tfd_pe_file_version(sys, arena, dll, &resource, NULL) != TFD_OK ||
        !resource.is_present)
        return false;
    micro = tfd_pyversion_of_field3(resource.file[2], suffix);
    v.major = resource.file[0];
    v.minor = resource.file[1];
    v.micro = micro;
    v.text = tfd_arena_fmt(arena, "%d.%d.%d%s", v.major, v.minor, micro, suffix);
    return micro >= 0 && set_version(py, &v, dll);
}

/* …/versions/3.12.1/bin/python3.12, …/cpython-3.12.1-linux-x86_64-gnu/bin/python3.12 */
static bool version_from_folder(const tfd_sys *sys, tfd_str real, tfd_python *py)
{
    tfd_str dir = tfd_path_base(sys->style, tfd_path_dir(sys->style, tfd_path_dir(sys->style, real)));
    tfd_pyversion v;
    tfd_str rest;

    if (tfd_str_starts_z(dir, "cpython-"))
        tfd_str_cut(tfd_str_from(dir, 8), '-', &dir, &rest);
    return tfd_pyversion_parse(dir, &v) && set_version(py, &v, real);
}

void tfd_interp_version(const tfd_sys *sys, tfd_arena *arena, const tfd_interp *interp,
                        const tfd_getpath *layout, tfd_python *py)
{
    literal_version v = {arena, py->major, py->minor, {-1, -1, -1, {NULL, 0}}};
    tfd_pyversion cfg;
    tfd_binary library;

    if (py->major < 0)
        return;
    py->version = tfd_arena_fmt(arena, "%d.%d", py->major, py->minor);
    py->version_source = interp->libpython_name.len ? interp->libpython_name : interp->real;
    if (sys->style == TFD_PATH_WINDOWS && version_from_resource(sys, arena, interp->libpython, py))
        return;
    if (version_from_header(sys, arena, layout, py) || version_from_folder(sys, interp->real, py))
        return;
    if (interp->libpython.len && tfd_binary_read(sys, arena, interp->libpython, &library, NULL) == TFD_OK &&
        library.kind == TFD_BINARY_ELF &&
        tfd_binary_scan(sys, arena, interp->libpython, &library.elf, visit_version, &v) &&
        set_version(py, &v.found, interp->libpython))
        return;
    if (tfd_pyversion_parse(layout->cfg.version, &cfg))
        set_version(py, &cfg, layout->pyvenv_cfg);
}

/* ---- environment */

static bool has_conda_meta(const tfd_sys *sys, tfd_arena *arena, tfd_str prefix)
{
    return prefix.len && tfd_sys_is_dir(sys, tfd_path_join(sys->style, arena, prefix, TFD_STR("conda-meta")));
}

static bool is_pyenv(const tfd_sys *sys, tfd_arena *arena, tfd_str prefix)
{
    tfd_str root, home = sys->home(sys);

    if (sys->env(sys, "PYENV_ROOT", &root) && root.len &&
        tfd_path_is_below(sys->style, prefix, tfd_path_norm(sys->style, arena, root)))
        return true;
    if (tfd_str_find_z(prefix, "/.pyenv/versions/") != TFD_NPOS)
        return true;
    /* Another prefix below the home folder; uv's managed Pythons are no builds of the user's own. */
    return home.len > 1 && tfd_path_is_below(sys->style, prefix, home) &&
           tfd_str_find_z(prefix, "/uv/python/") == TFD_NPOS;
}

void tfd_interp_environment(const tfd_sys *sys, tfd_arena *arena, const tfd_getpath *layout, tfd_python *py)
{
    if (sys->style == TFD_PATH_WINDOWS) {
        tfd_interp_environment_windows(sys, arena, layout, py);
        return;
    }
    py->env_root = layout->venv_prefix.len ? layout->venv_prefix : layout->prefix;
    if (layout->venv_prefix.len)
        py->env = layout->cfg.by_uv ? TFD_ENV_UV : TFD_ENV_VENV;
    else if (has_conda_meta(sys, arena, layout->prefix))
        py->env = TFD_ENV_CONDA;
    else if (tfd_str_is(layout->prefix, "/usr"))
        py->env = TFD_ENV_SYSTEM;
    else if (is_pyenv(sys, arena, layout->prefix))
        py->env = TFD_ENV_PYENV;
    else
        py->env = TFD_ENV_STANDALONE;
}
