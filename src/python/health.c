#include "python/health.h"

#include "python/stdlib.h"

#include <string.h>

/* Linux gives up after as many links. */
#define LINKS_MAX 40

typedef struct patient {
    const tfd_sys *sys;
    tfd_arena *arena;
    tfd_python *py;
} patient;

static void set_broken(const patient *p, tfd_broken broken, tfd_str why)
{
    p->py->broken = broken;
    p->py->broken_why = why;
}

/* ---- the file */

static bool runs_here(tfd_arch machine, tfd_arch program)
{
    if (machine == TFD_ARCH_UNKNOWN || program == TFD_ARCH_UNKNOWN || machine == program)
        return true;
    /* A 64-bit kernel calls itself i686 under `setarch linux32`; a 32-bit one would not have got this far. */
    return (machine == TFD_ARCH_X86 && program == TFD_ARCH_X86_64) ||
           (machine == TFD_ARCH_X86_64 && program == TFD_ARCH_X86) ||
           (machine == TFD_ARCH_AARCH64 && program == TFD_ARCH_ARM);
}

static tfd_str describe_pe(const patient *p, tfd_str file, const tfd_pe *pe)
{
    return tfd_arena_fmt(p->arena, "%.*s is damaged: %.*s", TFD_ARG(file), TFD_ARG(pe->why));
}

/* pythonXY.dll and the first DLLs that it and the program are linked with: a program whose DLL is missing
 * ends before its first instruction (0xC0000135), and one with a DLL for another processor likewise
 * (0xC000007B). */
static void check_runtime(const patient *p, tfd_str program, tfd_str file, const tfd_pe *pe)
{
    for (size_t i = 0; i < pe->import_count; i++) {
        tfd_str name = pe->imports[i].dll;
        bool is_runtime = tfd_str_eq_nocase(tfd_str_sub(name, 0, 9), TFD_STR("vcruntime"));

        if (pe->imports[i].is_delayed || !is_runtime ||
            tfd_interp_find_dll(p->sys, p->arena, program, name).len)
            continue;
        set_broken(
            p, TFD_PY_NO_LOADER,
            tfd_arena_fmt(p->arena, "%.*s needs %.*s, which is found nowhere", TFD_ARG(file), TFD_ARG(name)));
        return;
    }
}

static void check_dll(const patient *p, const tfd_interp *in)
{
    tfd_pe pe;

    if (in->libpython.len == 0) {
        set_broken(p, TFD_PY_NO_LOADER,
                   tfd_arena_fmt(p->arena, "%.*s needs %.*s, which is found nowhere", TFD_ARG(in->real),
                                 TFD_ARG(in->libpython_name)));
        return;
    }
    if (tfd_pe_read(p->sys, p->arena, in->libpython, &pe, NULL) != TFD_OK)
        return;
    if (pe.state != TFD_PE_OK)
        set_broken(p, TFD_PY_NO_LOADER, describe_pe(p, in->libpython, &pe));
    else if (pe.machine != in->binary.pe.machine)
        set_broken(p, TFD_PY_NO_LOADER,
                   tfd_arena_fmt(p->arena, "%.*s is for %.*s, %.*s for %.*s", TFD_ARG(in->libpython),
                                 TFD_ARG(tfd_pe_machine_name(p->arena, pe.machine)), TFD_ARG(in->real),
                                 TFD_ARG(tfd_pe_machine_name(p->arena, in->binary.pe.machine))));
    else
        check_runtime(p, in->real, in->libpython, &pe);
}

static void check_pe(const patient *p, const tfd_interp *in)
{
    const tfd_pe *pe = &in->binary.pe;
    tfd_arch machine = p->sys->system(p->sys)->arch;

    if (pe->state != TFD_PE_OK) {
        set_broken(p, TFD_PY_BAD_FILE, describe_pe(p, in->real, pe));
    } else if (machine == TFD_ARCH_X86_64 && tfd_pe_arch(pe) == TFD_ARCH_AARCH64) {
        set_broken(p, TFD_PY_FOREIGN_ARCH,
                   tfd_arena_fmt(p->arena, "%.*s is built for %.*s, this machine has another processor",
                                 TFD_ARG(in->real), TFD_ARG(tfd_pe_machine_name(p->arena, pe->machine))));
    } else if (in->kind == TFD_PYDLL_NONE) {
        set_broken(p, TFD_PY_UNKNOWN,
                   tfd_arena_fmt(p->arena, "%.*s is linked with no Python; what it starts cannot be told",
                                 TFD_ARG(in->real)));
    } else {
        check_dll(p, in);
        if (p->py->broken == TFD_PY_FINE)
            check_runtime(p, in->real, in->real, pe);
    }
}

static tfd_str describe_elf(const patient *p, tfd_str file, const tfd_elf *elf)
{
    return tfd_arena_fmt(p->arena, "%.*s is damaged: %.*s", TFD_ARG(file), TFD_ARG(elf->why));
}

/* The first folder on the way to a file, its links followed, that this user may not enter. */
tfd_str tfd_health_closed_folder(const tfd_sys *sys, tfd_arena *arena, tfd_str path)
{
    tfd_str target;

    for (int links = 0; links < LINKS_MAX; links++) {
        for (size_t i = 1; i < path.len; i++) {
            tfd_str dir = tfd_str_sub(path, 0, i);

            if (tfd_path_is_sep(sys->style, path.ptr[i]) &&
                sys->access(sys, dir, TFD_ACCESS_EXEC, NULL) == TFD_EACCESS)
                return dir;
        }
        if (sys->readlink(sys, arena, path, &target, NULL) != TFD_OK)
            break;
        path = tfd_path_join(sys->style, arena, tfd_path_dir(sys->style, path), target);
    }
    return TFD_STR("");
}

/* It is looked for in a folder of its RPATH that this user may not enter: unknown, not absent. */
static bool is_library_closed(const patient *p, const tfd_interp *in)
{
    tfd_str rest = in->binary.elf.has_runpath ? in->binary.elf.runpath : in->binary.elf.rpath;
    tfd_str dir;
    bool more = rest.len > 0;

    while (more) {
        more = tfd_str_cut(rest, ':', &dir, &rest);
        if (!tfd_path_is_abs(p->sys->style, dir))
            continue; /* $ORIGIN lies where the interpreter itself was found */
        p->py->closed_folder = tfd_health_closed_folder(
            p->sys, p->arena, tfd_path_join(p->sys->style, p->arena, dir, in->libpython_name));
        if (p->py->closed_folder.len == 0)
            continue;
        set_broken(
            p, TFD_PY_NOT_EXEC,
            tfd_arena_fmt(p->arena, "%.*s needs %.*s, and this user may not enter %.*s on the way to it",
                          TFD_ARG(in->real), TFD_ARG(in->libpython_name), TFD_ARG(p->py->closed_folder)));
        return true;
    }
    return false;
}

/* The library that holds the interpreter: there, whole, same processor. */
static void check_library(const patient *p, const tfd_interp *in)
{
    tfd_elf elf;

    if (in->libpython_name.len == 0)
        return;
    if (in->libpython.len == 0 && is_library_closed(p, in))
        return;
    if (in->libpython.len == 0) {
        set_broken(p, TFD_PY_NO_LOADER,
                   tfd_arena_fmt(p->arena, "%.*s needs %.*s, which is found nowhere", TFD_ARG(in->real),
                                 TFD_ARG(in->libpython_name)));
        return;
    }
    if (tfd_elf_read(p->sys, p->arena, in->libpython, &elf, NULL) != TFD_OK)
        return;
    if (elf.state != TFD_ELF_OK)
        set_broken(p, TFD_PY_NO_LOADER, describe_elf(p, in->libpython, &elf));
}

static void check_elf(const patient *p, const tfd_interp *in)
{
    const tfd_elf *elf = &in->binary.elf;
    tfd_arch machine = p->sys->system(p->sys)->arch;
    tfd_stat info;

    if (elf->state != TFD_ELF_OK) {
        set_broken(p, TFD_PY_BAD_FILE, describe_elf(p, in->real, elf));
    } else if (!runs_here(machine, tfd_elf_arch(elf))) {
        set_broken(p, TFD_PY_FOREIGN_ARCH,
                   tfd_arena_fmt(p->arena, "%.*s is built for %.*s, this machine has another processor",
                                 TFD_ARG(in->real), TFD_ARG(tfd_elf_machine_name(p->arena, elf->machine))));
    } else if (elf->interp.len && p->sys->stat(p->sys, elf->interp, true, &info, NULL) == TFD_ENOENT) {
        set_broken(p, TFD_PY_NO_LOADER,
                   tfd_arena_fmt(p->arena, "%.*s wants the loader %.*s, which this system does not have",
                                 TFD_ARG(in->real), TFD_ARG(elf->interp)));
    } else {
        check_library(p, in);
    }
}

void tfd_health_file(const tfd_sys *sys, tfd_arena *arena, const tfd_interp *in, tfd_status read_status,
                     const char *why, tfd_python *py)
{
    patient p = {sys, arena, py};
    tfd_str path = in->real.len ? in->real : in->path;

    if (py->broken != TFD_PY_FINE)
        return;
    if (in->dead.len) {
        set_broken(&p, TFD_PY_DANGLING, in->dead);
        return;
    }
    if (in->real.len && sys->access(sys, in->path, TFD_ACCESS_EXEC, NULL) == TFD_EACCESS)
        set_broken(&p, TFD_PY_NOT_EXEC, tfd_arena_fmt(arena, "%.*s may not be executed", TFD_ARG(path)));
    else if (read_status != TFD_OK && read_status != TFD_EACCESS)
        set_broken(&p, TFD_PY_UNKNOWN, tfd_arena_fmt(arena, "%.*s: %s", TFD_ARG(path), why));
    else if (read_status == TFD_EACCESS && in->real.len == 0)
        set_broken(&p, TFD_PY_NOT_EXEC,
                   tfd_arena_fmt(arena, "%.*s lies in a folder that this user may not enter", TFD_ARG(path)));
    else if (read_status == TFD_EACCESS)
        return; /* may be run, not read: nothing more can be seen */
    else if (in->binary.kind == TFD_BINARY_EMPTY)
        set_broken(&p, TFD_PY_BAD_FILE, tfd_arena_fmt(arena, "%.*s is an empty file", TFD_ARG(path)));
    else if (in->binary.kind == TFD_BINARY_PE && sys->style == TFD_PATH_WINDOWS)
        check_pe(&p, in);
    else if (in->binary.kind == TFD_BINARY_OTHER || in->binary.kind == TFD_BINARY_PE ||
             sys->style == TFD_PATH_WINDOWS)
        set_broken(&p, TFD_PY_BAD_FILE, tfd_arena_fmt(arena, "%.*s is no program", TFD_ARG(path)));
    else if (in->binary.kind == TFD_BINARY_ELF)
        check_elf(&p, in);
}

/* ---- where the standard library is */

static bool has_name(const tfd_facts *facts, const char *name, bool stdlib_only)
{
    for (size_t i = 0; i < facts->places.count; i++) {
        const tfd_place *place = &facts->places.items[i];

        if (stdlib_only && place->kind != TFD_PLACE_STDLIB && place->kind != TFD_PLACE_STDLIB_ZIP)
            continue;
        if (place->is_unknown)
            return true; /* nothing is concluded from what it does not list */
        if (place->kind != TFD_PLACE_START && tfd_map_get(&place->names, tfd_str_of(name)) != TFD_MAP_NONE)
            return true;
    }
    return false;
}

static tfd_str describe_no_stdlib(const patient *p, const tfd_getpath *g)
{
    tfd_str forced;

    if (g->home_variable.len)
        return tfd_arena_fmt(p->arena, "PYTHONHOME=%.*s: there is no standard library in %.*s",
                             TFD_ARG(g->home_variable), TFD_ARG(g->stdlib));
    if (p->sys->env(p->sys, "PYTHONPLATLIBDIR", &forced) && forced.len && tfd_str_eq(forced, g->platlibdir))
        return tfd_arena_fmt(p->arena, "PYTHONPLATLIBDIR=%.*s: there is no standard library of that name",
                             TFD_ARG(forced));
    if (g->cfg.has_home)
        return tfd_arena_fmt(p->arena,
                             "%.*s names %.*s as home, and there is no standard library of Python %d.%d",
                             TFD_ARG(g->pyvenv_cfg), TFD_ARG(g->cfg.home), g->major, g->minor);
    return tfd_arena_fmt(p->arena, "the standard library of %.*s is gone: there is no %.*s above %.*s",
                         TFD_ARG(p->py->real), TFD_ARG(g->lib_name), TFD_ARG(g->search_from));
}

/* PYTHONHOME leads to a Python of another version: Windows' library has no version in its path, but its DLL
 * lies beside it. */
static void check_home(const patient *p, const tfd_getpath *g)
{
    tfd_dirents entries;
    tfd_pyname name, other = {false, -1, -1, false, false};

    memset(&entries, 0, sizeof entries);
    if (g->home_variable.len == 0 || p->sys->style != TFD_PATH_WINDOWS ||
        p->sys->list(p->sys, p->arena, g->prefix, &entries, NULL) != TFD_OK)
        return;
    for (size_t i = 0; i < entries.count; i++) {
        if (tfd_pyname_parse_dll(entries.items[i].name, &name) != TFD_PYDLL_CPYTHON)
            continue;
        if (name.major == g->major && name.minor == g->minor)
            return;
        other = name;
    }
    if (other.major >= 0)
        set_broken(p, TFD_PY_NO_STDLIB,
                   tfd_arena_fmt(p->arena,
                                 "PYTHONHOME=%.*s is the home of Python %d.%d, the interpreter is %d.%d",
                                 TFD_ARG(g->home_variable), other.major, other.minor, g->major, g->minor));
}

/* Modules that CPython imports before it can say anything: from 3.11 most are frozen, encodings never is. */
static void check_startup(const patient *p, const tfd_getpath *g, const tfd_facts *facts)
{
    static const char *const files[] = {"encodings",
                                        "codecs.py",
                                        "io.py",
                                        "abc.py",
                                        "site.py",
                                        "os.py",
                                        "stat.py",
                                        "posixpath.py",
                                        "genericpath.py",
                                        "_sitebuiltins.py",
                                        "_collections_abc.py"};
    bool has_zip = false;
    size_t count = g->minor >= 11 ? 1 : sizeof files / sizeof *files;

    for (size_t i = 0; i < facts->places.count; i++)
        has_zip = has_zip || facts->places.items[i].is_zip;
    for (size_t i = 0; i < count && !has_zip; i++) {
        bool is_other = p->sys->style == TFD_PATH_WINDOWS && strcmp(files[i], "posixpath.py") == 0;
        const char *file = is_other ? "ntpath.py" : files[i];

        if (!has_name(facts, file, false)) {
            set_broken(p, TFD_PY_STDLIB_DAMAGED,
                       tfd_arena_fmt(p->arena, "%.*s has no %s, without which Python does not start",
                                     TFD_ARG(g->stdlib), file));
            return;
        }
    }
}

/* The environment's own lib/pythonX.Y is of another version than the interpreter that runs now. */
static void check_venv_version(const patient *p, const tfd_getpath *g)
{
    tfd_str own = tfd_arena_fmt(p->arena, "%.*s/lib/python%d.%d%s", TFD_ARG(g->venv_prefix), g->major,
                                g->minor, g->threads ? "t" : "");
    tfd_pyname other;

    if (g->venv_prefix.len == 0 || p->sys->style == TFD_PATH_WINDOWS || tfd_sys_is_dir(p->sys, own) ||
        !tfd_interp_layout(p->sys, p->arena, g->venv_prefix, "site-packages", &other))
        return;
    if (other.major == g->major && other.minor == g->minor)
        return; /* its folder is there, below another name */
    set_broken(p, TFD_PY_VENV_VERSION,
               tfd_arena_fmt(p->arena, "%.*s was made for Python %d.%d, its interpreter is now %.*s (%d.%d)",
                             TFD_ARG(g->venv_prefix), other.major, other.minor, TFD_ARG(p->py->real),
                             g->major, g->minor));
}

/* A ._pth file decides alone. It is to blame where the library lies beside it: not in the embeddable package.
 */
static void check_pth_file(const patient *p, const tfd_getpath *g, const tfd_facts *facts)
{
    tfd_str dir = tfd_path_dir(p->sys->style, g->pth_file);
    tfd_str why =
        tfd_arena_fmt(p->arena, "%.*s names no folder with the standard library", TFD_ARG(g->pth_file));

    if (g->pth_fatal.len)
        set_broken(p, TFD_PY_STDLIB_DAMAGED, g->pth_fatal);
    else if (!has_name(facts, "encodings", false))
        set_broken(p, TFD_PY_NO_STDLIB, why);
    if (tfd_sys_is_file(p->sys, tfd_path_join(p->sys->style, p->arena, dir, TFD_STR("Lib\\os.py"))))
        p->py->stopped_by = p->py->broken == TFD_PY_FINE ? TFD_STR("") : g->pth_file;
}

void tfd_health_layout(const tfd_sys *sys, tfd_arena *arena, const tfd_getpath *g, const tfd_syspath *path,
                       tfd_facts *facts)
{
    patient p = {sys, arena, &facts->python};

    if (facts->python.broken != TFD_PY_FINE || g->major != 3)
        return;
    if (g->cfg_denied) {
        set_broken(&p, TFD_PY_CFG_DENIED,
                   tfd_arena_fmt(arena, "this user may not read %.*s, which Python reads while it starts",
                                 TFD_ARG(g->pyvenv_cfg)));
        return;
    }
    if (g->cfg_no_text) {
        set_broken(&p, TFD_PY_CFG_NO_TEXT,
                   tfd_arena_fmt(arena, "%.*s is no UTF-8 text: Python stops while it starts",
                                 TFD_ARG(g->pyvenv_cfg)));
        return;
    }
    if (g->pth_file.len) {
        check_pth_file(&p, g, facts);
        return;
    }
    if (!g->stdlib_found && !has_name(facts, "encodings", false)) {
        set_broken(&p, TFD_PY_NO_STDLIB, describe_no_stdlib(&p, g));
        return;
    }
    check_home(&p, g);
    if (p.py->broken == TFD_PY_FINE)
        check_startup(&p, g, facts);
    if (p.py->broken == TFD_PY_FINE && path->fatal.len) {
        set_broken(&p, TFD_PY_STDLIB_DAMAGED, path->fatal);
        p.py->stopped_by = path->fatal_file;
    }
    if (p.py->broken == TFD_PY_FINE)
        check_venv_version(&p, g);
}
