/* The interpreter that is examined: which one, what it is, whether it would start, and its sys.path. */
#include "core/probe.h"
#include "python/health.h"
#include "python/identity_win.h"
#include "python/libc.h"
#include "python/places.h"
#include "python/seen.h"
#include "python/select.h"
#include "python/shim.h"

#include <string.h>

typedef struct state {
    tfd_probe_ctx *ctx;
    const tfd_sys *sys;
    tfd_arena *arena;
    tfd_facts *facts;
    tfd_python *py;
    tfd_interp interp;
    tfd_getpath layout;
    tfd_syspath path;
} state;

static tfd_str join(const state *s, tfd_str dir, const char *name)
{
    return tfd_path_join(s->sys->style, s->arena, dir, tfd_str_of(name));
}

/* First entry of sys.path: a script's folder (its links resolved, as Python does), a folder that is run, else
 * the current folder. */
static void find_start_dir(state *s)
{
    tfd_str script = s->ctx->options->script, real;

    s->facts->has_script = script.len > 0;
    s->facts->start_dir = s->sys->cwd(s->sys);
    if (script.len == 0)
        return;
    if (!tfd_path_is_abs(s->sys->style, script))
        script = tfd_path_join(s->sys->style, s->arena, s->sys->cwd(s->sys), script);
    if (s->sys->realpath(s->sys, s->arena, script, &real, NULL) == TFD_OK)
        script = real;
    s->facts->start_dir = tfd_sys_is_dir(s->sys, script) ? script : tfd_path_dir(s->sys->style, script);
}

/* "cpython-312-x86_64-linux-gnu": from the name of an extension module in lib-dynload, else of
 * _sysconfigdata. */
static void find_soabi(state *s)
{
    for (size_t i = 0; i < s->facts->places.count; i++) {
        const tfd_place *place = &s->facts->places.items[i];

        for (size_t k = 0; place->kind == TFD_PLACE_DYNLOAD && k < place->entries.count; k++) {
            tfd_str name = place->entries.items[k].name;
            size_t at = tfd_str_find_z(name, ".cpython-");

            if (at == TFD_NPOS || !tfd_str_ends_z(name, ".so"))
                continue;
            s->py->soabi = tfd_str_sub(name, at + 1, name.len - 3);
            return;
        }
    }
    if (s->sys->style == TFD_PATH_WINDOWS) {
        tfd_python_set_soabi_windows(s->arena, s->py);
        return;
    }
    if (s->py->major == 3 && s->py->arch == TFD_ARCH_X86_64)
        s->py->soabi = tfd_arena_fmt(s->arena, "cpython-3%d%s%s%s-x86_64-linux-%s", s->py->minor,
                                     s->py->minor < 8 ? "m" : "", s->py->free_threaded == TFD_YES ? "t" : "",
                                     s->py->debug == TFD_YES ? "d" : "",
                                     tfd_str_is(s->py->libc, "musl") ? "musl" : "gnu");
    else if (s->py->major == 3 && s->py->arch == TFD_ARCH_AARCH64)
        s->py->soabi = tfd_arena_fmt(s->arena, "cpython-3%d-aarch64-linux-%s", s->py->minor,
                                     tfd_str_is(s->py->libc, "musl") ? "musl" : "gnu");
}

/* ABI flags in the name of _sysconfigdata ("_sysconfigdata_d_linux_x86_64-linux-gnu.py") settle debug and
 * free threading where file names leave them open. */
static void find_abi_flags(state *s)
{
    s->py->free_threaded = s->interp.name.threads ? TFD_YES : s->py->major < 0 ? TFD_UNKNOWN : TFD_NO;
    s->py->debug = s->interp.name.debug ? TFD_YES : s->py->major < 0 ? TFD_UNKNOWN : TFD_NO;
    for (size_t i = 0; i < s->facts->places.count; i++) {
        const tfd_place *place = &s->facts->places.items[i];

        for (size_t k = 0; place->kind == TFD_PLACE_STDLIB && k < place->entries.count; k++) {
            tfd_str name = place->entries.items[k].name, flags, rest;

            if (!tfd_str_starts_z(name, "_sysconfigdata_"))
                continue;
            tfd_str_cut(tfd_str_from(name, 15), '_', &flags, &rest);
            if (tfd_str_find_char(flags, 't') != TFD_NPOS && flags.len < 4)
                s->py->free_threaded = TFD_YES;
            /* Debian keeps the debug build's data beside the other's. */
            if (tfd_str_find_char(flags, 'd') != TFD_NPOS && flags.len < 4 && s->interp.name.debug)
                s->py->debug = TFD_YES;
        }
    }
}

static void set_identity(state *s)
{
    const tfd_elf *elf = &s->interp.binary.elf;
    tfd_libc libc;

    s->py->real = s->interp.real;
    s->py->library = s->interp.libpython;
    s->py->major = s->interp.name.major;
    s->py->minor = s->interp.name.minor;
    s->py->micro = -1;
    if (s->interp.is_pypy)
        s->py->implementation = TFD_STR("pypy");
    else if (s->py->major >= 0)
        s->py->implementation = TFD_STR("cpython");
    if (s->sys->style == TFD_PATH_WINDOWS) {
        tfd_python_set_identity_windows(&s->interp, s->facts);
        return;
    }
    s->py->bits = elf->bits;
    s->py->arch = elf->state == TFD_ELF_OK && elf->bits ? tfd_elf_arch(elf) : TFD_ARCH_UNKNOWN;
    tfd_libc_find(s->sys, s->arena, elf->interp, &libc);
    s->py->libc = libc.name;
    s->py->libc_version = libc.version;
    if (tfd_str_is(libc.name, "glibc") && libc.version.len)
        tfd_fact_set_text(s->facts, TFD_FACT_GLIBC_VERSION, libc.version, libc.source);
    else if (tfd_str_is(libc.name, "musl"))
        tfd_fact_set_absent(s->facts, TFD_FACT_GLIBC_VERSION, libc.source);
    else
        tfd_fact_set_unknown(s->facts, TFD_FACT_GLIBC_VERSION,
                             TFD_STR("the interpreter's loader is not known"));
}

static void copy_layout(state *s)
{
    const tfd_getpath *g = &s->layout;

    s->py->prefix = g->venv_prefix.len ? g->venv_prefix : g->prefix;
    s->py->base_prefix = g->prefix;
    s->py->stdlib = g->stdlib_found ? tfd_path_norm(s->sys->style, s->arena, g->stdlib) : TFD_STR("");
    s->py->stdlib_zip = g->zip;
    s->py->pyvenv_cfg = g->pyvenv_cfg;
    s->py->cfg_home = g->cfg.home;
    s->py->cfg_version = g->cfg.version;
    s->py->system_site = g->pyvenv_cfg.len > 0 && g->cfg.system_site;
    s->py->home_variable = g->home_variable;
    s->py->stand_in = g->stand_in_hides ? g->stand_in : TFD_STR("");
    s->py->user_site_on = s->path.user_site_on;
    s->py->site_packages = s->path.site_packages;
    tfd_interp_environment(s->sys, s->arena, g, s->py);
}

/* The executable lies in a folder that has site-packages of its own, and nothing makes Python look there. */
static void find_lost_venv(state *s)
{
    tfd_str root = tfd_path_dir(s->sys->style, tfd_path_dir(s->sys->style, s->py->path));
    bool is_windows = s->sys->style == TFD_PATH_WINDOWS;
    tfd_str packages = is_windows ? join(s, root, "Lib\\site-packages")
                                  : tfd_arena_fmt(s->arena, "%.*s/lib/python%d.%d/site-packages",
                                                  TFD_ARG(root), s->py->major, s->py->minor);

    if (s->layout.venv_prefix.len || s->py->stand_in.len || root.len == 0 ||
        tfd_str_eq(root, s->layout.prefix) || !tfd_sys_is_dir(s->sys, packages))
        return;
    for (size_t i = 0; i < s->path.count; i++)
        if (tfd_path_eq(s->sys->style, s->path.items[i].path, packages))
            return;
    if (tfd_sys_is_file(s->sys, join(s, root, is_windows ? "Scripts\\activate.bat" : "bin/activate")) ||
        !tfd_sys_is_file(s->sys, join(s, packages, "../os.py")))
        s->py->venv_lost = root;
}

/* A link lib -> lib64, or the other way round, is lost by a copy that follows no links. */
static void find_lost_lib(state *s)
{
    tfd_str root = s->layout.venv_prefix;
    tfd_str packages = tfd_arena_fmt(s->arena, "%.*s/lib64/python%d.%d/site-packages", TFD_ARG(root),
                                     s->py->major, s->py->minor);

    if (root.len > 0 && s->sys->style == TFD_PATH_POSIX &&
        tfd_sys_kind(s->sys, join(s, root, "lib")) == TFD_KIND_NONE && tfd_sys_is_dir(s->sys, packages))
        s->py->lib64_only = root;
}

static void note_hidden(state *s, const char *variable, tfd_str site)
{
    tfd_str value;

    if (s->py->hidden_site.len > 0 || !s->sys->env(s->sys, variable, &value) || value.len == 0 ||
        !tfd_seen_in_folder(s->sys, s->arena, site))
        return;
    s->py->hidden_site = site;
    s->py->hidden_by = tfd_str_of(variable);
}

/* Each variable alone: what it takes off sys.path. PYTHONHOME outdoes an environment's own folder, too. */
static void find_hidden_site(state *s)
{
    bool is_windows = s->sys->style == TFD_PATH_WINDOWS;
    tfd_str dir = tfd_path_dir(s->sys->style, s->py->path), root = tfd_path_dir(s->sys->style, dir);
    tfd_str below =
        is_windows ? TFD_STR("Lib\\site-packages")
                   : tfd_arena_fmt(s->arena, "lib/python%d.%d/site-packages", s->py->major, s->py->minor);

    if (s->layout.home_variable.len > 0) {
        note_hidden(s, "PYTHONHOME", tfd_path_join(s->sys->style, s->arena, root, below));
        note_hidden(s, "PYTHONHOME", tfd_path_join(s->sys->style, s->arena, dir, below));
    }
    if (s->layout.venv_prefix.len > 0 && !s->layout.cfg.system_site)
        return;
    note_hidden(s, "PYTHONNOUSERSITE", s->path.user_site);
    note_hidden(s, "PYTHONUSERBASE", s->path.usual_user_site);
}

static void find_site_access(state *s)
{
    tfd_str dir = s->py->site_packages;
    tfd_mount mount;
    tfd_status status;

    while (!tfd_sys_is_dir(s->sys, dir)) {
        tfd_str above = tfd_path_dir(s->sys->style, dir);

        if (above.len == dir.len)
            break;
        dir = above;
    }
    status = s->sys->access(s->sys, dir, TFD_ACCESS_WRITE, NULL);
    s->py->site_writable = status == TFD_OK ? TFD_YES : status == TFD_EACCESS ? TFD_NO : TFD_UNKNOWN;
    s->py->site_readonly = s->py->site_writable == TFD_NO &&
                           s->sys->mount_of(s->sys, s->arena, dir, &mount, NULL) == TFD_OK && mount.readonly;
}

static void find_installers(state *s)
{
    static const char *const homes[] = {".local/bin/uv", ".cargo/bin/uv"};
    bool is_windows = s->sys->style == TFD_PATH_WINDOWS;
    tfd_str value, marker = join(s, s->py->stdlib, "EXTERNALLY-MANAGED");

    s->py->has_pip = s->facts->places.complete ? TFD_NO : TFD_UNKNOWN;
    for (size_t i = 0; i < s->facts->places.count; i++)
        if (s->facts->places.items[i].kind != TFD_PLACE_START &&
            tfd_map_get(&s->facts->places.items[i].names, TFD_STR("pip")) != TFD_MAP_NONE)
            s->py->has_pip = TFD_YES;
    if (s->layout.venv_prefix.len == 0 && s->py->stdlib.len && tfd_sys_is_file(s->sys, marker))
        s->py->externally_managed = marker;
    if (is_windows) {
        tfd_python_find_installers_windows(s->sys, s->arena, s->py);
        return;
    }
    s->py->uv = tfd_shim_which(s->sys, s->arena, TFD_STR("uv"), TFD_STR(""));
    for (size_t i = 0; i < 2 && s->py->uv.len == 0; i++)
        if (tfd_sys_is_file(s->sys, join(s, s->sys->home(s->sys), homes[i])))
            s->py->uv = join(s, s->sys->home(s->sys), homes[i]);
    s->py->conda = tfd_shim_which(s->sys, s->arena, TFD_STR("conda"), TFD_STR(""));
    if (s->py->conda.len == 0 && s->sys->env(s->sys, "CONDA_EXE", &value) && tfd_sys_is_file(s->sys, value))
        s->py->conda = value;
    if (s->py->conda.len == 0 && tfd_sys_is_file(s->sys, join(s, s->py->env_root, "../../bin/conda")))
        s->py->conda = tfd_path_norm(s->sys->style, s->arena, join(s, s->py->env_root, "../../bin/conda"));
}

static void set_scalars(state *s)
{
    static const char *const kinds[] = {NULL, "system", "pyenv",    "standalone", "venv",
                                        "uv", "conda",  "embedded", "store"};
    const char *kind = kinds[s->py->env];
    tfd_mount mount;

    if (s->py->version.len)
        tfd_fact_set_text(s->facts, TFD_FACT_PYTHON_VERSION, s->py->version, s->py->version_source);
    else
        tfd_fact_set_unknown(s->facts, TFD_FACT_PYTHON_VERSION, TFD_STR("no file tells"));
    if (kind)
        tfd_fact_set_text(s->facts, TFD_FACT_PYTHON_ENVIRONMENT, tfd_str_of(kind), s->py->env_root);
    else
        tfd_fact_set_unknown(s->facts, TFD_FACT_PYTHON_ENVIRONMENT, s->py->broken_why);
    memset(&mount, 0, sizeof mount);
    if (s->py->site_packages.len &&
        s->sys->mount_of(s->sys, s->arena, s->py->site_packages, &mount, NULL) == TFD_OK) {
        tfd_fact_set_text(s->facts, TFD_FACT_SITE_MOUNT, mount.point, s->py->site_packages);
        tfd_fact_set_bool(s->facts, TFD_FACT_SITE_NOEXEC, mount.noexec, mount.point);
        tfd_fact_set_int(s->facts, TFD_FACT_SITE_FREE_BYTES,
                         mount.free_bytes > INT64_MAX ? INT64_MAX : (int64_t)mount.free_bytes, mount.point);
    } else {
        tfd_fact_set_unknown(s->facts, TFD_FACT_SITE_MOUNT, TFD_STR("the file system is not known"));
        tfd_fact_set_unknown(s->facts, TFD_FACT_SITE_NOEXEC, TFD_STR("the file system is not known"));
        tfd_fact_set_unknown(s->facts, TFD_FACT_SITE_FREE_BYTES, TFD_STR("the file system is not known"));
    }
}

/* An environment without a working interpreter: its version by pyvenv.cfg or by its folder, so that the
 * packages in it are seen nevertheless. */
static void guess_version(state *s)
{
    tfd_str root = tfd_path_dir(s->sys->style, tfd_path_dir(s->sys->style, s->py->path));

    if (s->sys->style == TFD_PATH_WINDOWS)
        return; /* its folders do not tell; tfd_interp_read asked pyvenv.cfg and the DLLs there */
    if (s->interp.name.minor < 0 ||
        !tfd_sys_is_dir(s->sys, tfd_arena_fmt(s->arena, "%.*s/lib/python%d.%d", TFD_ARG(root),
                                              s->interp.name.major, s->interp.name.minor)))
        tfd_interp_layout(s->sys, s->arena, root, "site-packages", &s->interp.name);
}

static tfd_status find_places(state *s, tfd_err *err)
{
    tfd_status status;

    s->layout.executable = s->py->path;
    s->layout.major = s->interp.name.major;
    s->layout.minor = s->interp.name.minor;
    s->layout.threads = s->interp.name.threads;
    s->layout.libpython = s->interp.libpython;
    s->layout.debug = s->interp.name.debug;
    s->layout.program = s->interp.real;
    s->layout.is_redirected = s->interp.is_redirector;
    s->layout.arch = s->py->arch;
    status = tfd_getpath_run(s->sys, s->arena, &s->layout, err);
    if (status == TFD_OK)
        status = tfd_syspath_run(s->sys, s->arena, &s->layout, s->facts->start_dir, s->facts, &s->path, err);
    if (status == TFD_OK)
        status = tfd_places_fill(s->sys, s->arena, &s->path, s->facts, err);
    return status;
}

/* A virtual environment that sees no packages but its own: whatever keeps its interpreter from starting, they
 * are what it finds once that is mended. */
static bool knows_packages(const state *s)
{
    tfd_broken broken = s->py->broken;

    return (s->facts->places.complete ||
            (s->path.lacks_library_only && s->facts->places.why.ptr == s->path.why.ptr)) &&
           s->layout.venv_prefix.len > 0 && s->layout.pyvenv_cfg.len > 0 && !s->layout.cfg.system_site &&
           (broken == TFD_PY_DANGLING || broken == TFD_PY_NO_STDLIB || broken == TFD_PY_NO_LOADER ||
            broken == TFD_PY_NOT_EXEC);
}

static void set_incomplete(state *s)
{
    bool is_foreign = s->interp.kind == TFD_PYDLL_MINGW || s->interp.kind == TFD_PYDLL_CYGWIN;
    const char *why = s->interp.is_pypy   ? "PyPy's own rules for sys.path are not modelled"
                      : is_foreign        ? "the rules of MinGW's and Cygwin's Python are not modelled"
                      : s->py->major != 3 ? "the rules of Python 2 for sys.path are not modelled"
                                          : "the interpreter would not start as it is";

    if (!s->interp.is_pypy && !is_foreign && s->py->major == 3 && s->py->broken == TFD_PY_FINE)
        return;
    /* A damaged module of the library changes nothing in the search path. */
    if (s->py->broken == TFD_PY_STDLIB_DAMAGED || s->py->broken == TFD_PY_VENV_VERSION)
        return;
    s->facts->packages_known = knows_packages(s);
    s->facts->places.complete = false;
    if (s->facts->places.why.len == 0)
        s->facts->places.why = tfd_str_of(why);
}

static tfd_status examine(state *s, tfd_err *err)
{
    tfd_status read_status, status;
    tfd_modfind find;
    tfd_str dist, version;
    tfd_err why;

    memset(&why, 0, sizeof why);
    status = tfd_interp_read(s->sys, s->arena, s->py->path, &s->interp, &read_status, &why);
    if (status != TFD_OK)
        return tfd_err_set(err, status, 0, "no memory for the interpreter");
    tfd_health_file(s->sys, s->arena, &s->interp, read_status, why.text, s->py);
    if (s->py->broken == TFD_PY_NOT_EXEC && s->py->closed_folder.len == 0)
        s->py->closed_folder = tfd_health_closed_folder(s->sys, s->arena, s->py->path);
    if (s->py->broken != TFD_PY_FINE)
        guess_version(s);
    set_identity(s);
    find_start_dir(s);
    if (s->interp.name.minor < 0) {
        s->facts->places.why = TFD_STR("the version of the interpreter is not known");
        return TFD_OK;
    }
    status = find_places(s, err);
    if (status != TFD_OK)
        return status;
    copy_layout(s);
    tfd_interp_version(s->sys, s->arena, &s->interp, &s->layout, s->py);
    find_abi_flags(s);
    find_soabi(s);
    if (!s->interp.is_pypy && s->interp.kind != TFD_PYDLL_MINGW &&
        s->interp.kind !=
            TFD_PYDLL_CYGWIN) /* the layout is CPython's; PyPy keeps its library in lib/pypy3.10 */
        tfd_health_layout(s->sys, s->arena, &s->layout, &s->path, s->facts);
    set_incomplete(s);
    find_lost_venv(s);
    find_lost_lib(s);
    find_hidden_site(s);
    find_site_access(s);
    find_installers(s);
    tfd_seen_in_places(s->facts, &dist, &version);
    tfd_modfind_init(&find, s->sys, s->arena, s->facts);
    tfd_health_stdlib(&find, s->ctx->kb ? tfd_kb_imports_find(s->ctx->kb, version) : NULL, s->facts);
    return TFD_OK;
}

static tfd_status run(tfd_probe_ctx *ctx, tfd_err *err)
{
    state s;
    tfd_status status;

    memset(&s, 0, sizeof s);
    s.ctx = ctx;
    s.sys = ctx->sys;
    s.arena = ctx->arena;
    s.facts = ctx->facts;
    s.py = &ctx->facts->python;
    s.py->major = s.py->minor = s.py->micro = -1;
    status = tfd_select_python(s.sys, s.arena, ctx->options->python, s.py, err);
    if (status == TFD_OK)
        status = examine(&s, err);
    set_scalars(&s);
    return status;
}

const tfd_probe tfd_probe_python = {
    .id = "python",
    .summary = "The interpreter that is examined and its search path",
    .phase = TFD_PHASE_SYSTEM,
    .run = run,
};
