#include "python/modfind.h"

#include "python/binary.h"
#include "python/libc.h"
#include "python/name.h"
#include "python/stdlib.h"

#include <string.h>

static void add_suffix(tfd_modfind *f, tfd_str suffix)
{
    if (f->suffix_count < TFD_SUFFIXES_MAX)
        f->suffixes[f->suffix_count++] = suffix;
}

/* There is no suffix for the stable ABI; a debug build has "_d" in front of each (Python/dynload_win.c). */
static void init_windows(tfd_modfind *f)
{
    const tfd_python *py = &f->facts->python;
    const char *debug = py->debug == TFD_YES ? "_d" : "";
    tfd_str ignored;

    f->ignores_case = f->sys->env(f->sys, "PYTHONCASEOK", &ignored);
    if (py->soabi.len)
        add_suffix(f, tfd_arena_fmt(f->arena, "%s.%.*s.pyd", debug, TFD_ARG(py->soabi)));
    add_suffix(f, tfd_arena_fmt(f->arena, "%s.pyd", debug));
    f->extension_count = f->suffix_count;
    add_suffix(f, TFD_STR(".py"));
    add_suffix(f, TFD_STR(".pyw"));
    add_suffix(f, TFD_STR(".pyc"));
}

/* _imp.extension_suffixes(), then SOURCE_SUFFIXES and BYTECODE_SUFFIXES. */
void tfd_modfind_init(tfd_modfind *f, const tfd_sys *sys, tfd_arena *arena, const tfd_facts *facts)
{
    memset(f, 0, sizeof *f);
    f->sys = sys;
    f->arena = arena;
    f->facts = facts;
    f->is_windows = sys->style == TFD_PATH_WINDOWS;
    if (f->is_windows) {
        init_windows(f);
        return;
    }
    if (facts->python.soabi.len)
        add_suffix(f, tfd_arena_fmt(arena, ".%.*s.so", TFD_ARG(facts->python.soabi)));
    if (facts->python.free_threaded != TFD_YES)
        add_suffix(f, TFD_STR(".abi3.so"));
    add_suffix(f, TFD_STR(".so"));
    f->extension_count = f->suffix_count;
    add_suffix(f, TFD_STR(".py"));
    add_suffix(f, TFD_STR(".pyc"));
}

static void read_builtin_names(tfd_modfind *f)
{
    const tfd_python *py = &f->facts->python;
    tfd_str file = py->real;
    tfd_binary binary;

    f->names_read = true;
    if (f->is_windows) {
        if (py->library.len)
            f->builtin_names = tfd_binary_inittab(f->sys, f->arena, py->library);
        return;
    }
    if (py->real.len == 0 || tfd_binary_read(f->sys, f->arena, py->real, &binary, NULL) != TFD_OK ||
        binary.kind != TFD_BINARY_ELF)
        return;
    for (size_t i = 0; i < binary.elf.needed_count; i++) {
        tfd_pyname name;

        if (!tfd_pyname_parse_lib(binary.elf.needed[i], &name))
            continue;
        file = tfd_libc_resolve(f->sys, f->arena, py->real, &binary.elf, binary.elf.needed[i]);
        if (file.len == 0 || tfd_binary_read(f->sys, f->arena, file, &binary, NULL) != TFD_OK)
            return;
        break;
    }
    f->builtin_names = tfd_binary_names(f->sys, f->arena, file, &binary.elf);
}

/* By the table of the interpreter's own DLL, else by what builds of python.org have. */
static bool is_builtin_windows(tfd_modfind *f, tfd_str name)
{
    if (!f->names_read)
        read_builtin_names(f);
    if (f->builtin_names.len)
        return tfd_binary_lists(f->builtin_names, name);
    return tfd_stdlib_is_builtin_windows(name, f->facts->python.major, f->facts->python.minor);
}

bool tfd_modfind_is_builtin(tfd_modfind *f, tfd_str name)
{
    if (f->is_windows)
        return is_builtin_windows(f, name);
    if (tfd_stdlib_is_builtin(name))
        return true;
    if (!f->names_read)
        read_builtin_names(f);
    return tfd_binary_has_module(f->builtin_names, name);
}

static tfd_module_kind kind_of_suffix(const tfd_modfind *f, size_t suffix)
{
    if (suffix < f->extension_count)
        return TFD_MODULE_EXTENSION;
    return tfd_str_is(f->suffixes[suffix], ".pyc") ? TFD_MODULE_BYTECODE : TFD_MODULE_SOURCE;
}

static tfd_str join(const tfd_modfind *f, tfd_str dir, tfd_str name)
{
    return tfd_path_join(f->sys->style, f->arena, dir, name);
}

static bool is_kind(const tfd_modfind *f, tfd_str path, tfd_kind listed, tfd_kind wanted)
{
    if (listed == TFD_KIND_LINK || listed == TFD_KIND_NONE)
        return tfd_sys_kind(f->sys, path) == wanted;
    return listed == wanted;
}

/* A folder with __init__ in any of the suffixes is a package. */
static bool has_init(const tfd_modfind *f, tfd_str dir)
{
    if (tfd_sys_is_file(f->sys, join(f, dir, TFD_STR("__init__.py"))))
        return true;
    for (size_t i = 0; i < f->suffix_count; i++)
        if (!tfd_str_is(f->suffixes[i], ".py") &&
            tfd_sys_is_file(f->sys,
                            join(f, dir, tfd_arena_fmt(f->arena, "__init__%.*s", TFD_ARG(f->suffixes[i])))))
            return true;
    return false;
}

/* The listing of a folder, from a place or from the file system. */
typedef struct folder {
    tfd_str path;
    const tfd_dirents *entries;
    const tfd_map *names; /* NULL: the file system is asked for each name */
} folder;

static bool find_entry(const tfd_modfind *f, const folder *dir, tfd_str name, tfd_kind *kind)
{
    uint32_t at;

    if (!dir->names) {
        *kind = tfd_sys_kind(f->sys, join(f, dir->path, name));
        return *kind != TFD_KIND_NONE;
    }
    at = tfd_map_get(dir->names, name);
    for (size_t i = 0; at == TFD_MAP_NONE && f->ignores_case && i < dir->entries->count; i++)
        if (tfd_str_eq_nocase(dir->entries->items[i].name, name))
            at = (uint32_t)i;
    if (at == TFD_MAP_NONE)
        return false;
    *kind = dir->entries->items[at].kind;
    return true;
}

/* FileFinder.find_spec: package, then module files in the order of the suffixes, then namespace portion. */
static bool find_in_folder(const tfd_modfind *f, const folder *dir, tfd_str name, tfd_modfound *out)
{
    char buffer[256];
    bool is_portion = false;
    tfd_kind kind;

    if (find_entry(f, dir, name, &kind)) {
        tfd_str path = join(f, dir->path, name);

        if (is_kind(f, path, kind, TFD_KIND_DIR)) {
            out->path = path;
            out->kind = TFD_MODULE_PACKAGE;
            if (has_init(f, path))
                return true;
            is_portion = true;
        }
    }
    for (size_t i = 0; i < f->suffix_count && name.len + f->suffixes[i].len < sizeof buffer; i++) {
        tfd_str file = {buffer, name.len + f->suffixes[i].len};

        if (name.len == 0 || f->suffixes[i].len == 0) /* memory ran out while the suffixes were made */
            continue;
        memcpy(buffer, name.ptr, name.len);
        memcpy(buffer + name.len, f->suffixes[i].ptr, f->suffixes[i].len);
        if (!find_entry(f, dir, file, &kind))
            continue;
        file = join(f, dir->path, file);
        if (!is_kind(f, file, kind, TFD_KIND_FILE))
            continue;
        out->path = file;
        out->kind = kind_of_suffix(f, i);
        return true;
    }
    if (is_portion)
        out->kind = TFD_MODULE_NAMESPACE;
    return is_portion;
}

static bool find_in_zip(const tfd_modfind *f, const tfd_place *place, tfd_str name, tfd_modfound *out)
{
    static const char *const suffixes[] = {"", ".pyc", ".py"};

    for (size_t i = 0; i < 3; i++) {
        tfd_str file = tfd_arena_fmt(f->arena, "%.*s%s", TFD_ARG(name), suffixes[i]);

        if (tfd_map_get(&place->names, file) == TFD_MAP_NONE)
            continue;
        out->path = join(f, place->path, file);
        out->kind = TFD_MODULE_ZIPPED;
        return true;
    }
    return false;
}

static void set_missing(tfd_modfound *out)
{
    out->kind = TFD_MODULE_MISSING;
    out->place = TFD_NONE;
    out->path = TFD_STR("");
}

void tfd_modfind_in_place(tfd_modfind *f, size_t at, tfd_str name, tfd_modfound *out)
{
    const tfd_place *place = &f->facts->places.items[at];
    folder dir;

    dir.path = place->path;
    dir.entries = &place->entries;
    dir.names = &place->names;
    set_missing(out);
    if (place->names.count == 0)
        return;
    if (place->is_zip ? find_in_zip(f, place, name, out) : find_in_folder(f, &dir, name, out))
        out->place = at;
}

/* The parts of a dotted name below one folder. false: a part is missing. */
static bool find_parts(tfd_modfind *f, tfd_str dir_path, tfd_str parts, tfd_modfound *out)
{
    tfd_str part, rest = parts;
    bool more = true;
    folder dir = {dir_path, NULL, NULL};

    while (more) {
        more = tfd_str_cut(rest, '.', &part, &rest);
        if (!find_in_folder(f, &dir, part, out))
            return false;
        dir.path = out->path;
    }
    return true;
}

void tfd_modfind_below_place(tfd_modfind *f, size_t place, tfd_str name, tfd_modfound *out)
{
    tfd_str top, rest;

    if (!tfd_str_cut(name, '.', &top, &rest)) {
        tfd_modfind_in_place(f, place, name, out);
        return;
    }
    tfd_modfind_in_place(f, place, top, out);
    if (out->kind != TFD_MODULE_MISSING && !f->facts->places.items[place].is_zip) {
        tfd_str dir = out->path;

        /* A module file of that name hides the folder from Python, not from us. */
        if (out->kind != TFD_MODULE_PACKAGE && out->kind != TFD_MODULE_NAMESPACE)
            dir = tfd_path_join(f->sys->style, f->arena, f->facts->places.items[place].path, top);
        if (find_parts(f, dir, rest, out)) {
            out->place = place;
            return;
        }
    }
    set_missing(out);
}

static const tfd_preset *find_preset(const tfd_modfind *f, tfd_str name, bool is_first)
{
    for (size_t i = 0; i < f->facts->presets.count; i++) {
        const tfd_preset *p = &f->facts->presets.items[i];

        if (p->is_first == is_first && tfd_str_eq(p->name, name))
            return p;
    }
    return NULL;
}

/* The place whose folder a path lies in directly, or TFD_NONE. */
static size_t place_of(const tfd_modfind *f, tfd_str path)
{
    tfd_str dir = tfd_path_dir(f->sys->style, path);

    for (size_t i = 0; i < f->facts->places.count; i++)
        if (tfd_path_eq(f->sys->style, f->facts->places.items[i].path, dir))
            return i;
    return TFD_NONE;
}

static bool find_settled(tfd_modfind *f, tfd_str name, tfd_modfound *out)
{
    const tfd_python *py = &f->facts->python;
    const tfd_preset *preset = find_preset(f, name, true);

    if (preset) {
        out->kind = TFD_MODULE_NAMESPACE;
        out->path = preset->path;
        out->place = place_of(f, preset->path);
        return true;
    }
    if ((f->is_windows ? is_builtin_windows(f, name) : tfd_stdlib_is_builtin(name)) ||
        tfd_stdlib_is_frozen(name, py->major, py->minor)) {
        out->kind = TFD_MODULE_BUILTIN;
        return true;
    }
    return false;
}

/* A top-level name over all places; the first namespace portion counts only if no place has a module. */
static void find_top(tfd_modfind *f, tfd_str name, tfd_modfound *out)
{
    bool early = tfd_stdlib_is_loaded_at_start(name, f->is_windows);
    tfd_modfound portion, one;
    const tfd_preset *preset;

    set_missing(out);
    set_missing(&portion);
    if (find_settled(f, name, out))
        return;
    for (size_t i = 0; i < f->facts->places.count; i++) {
        if (early && f->facts->places.items[i].kind == TFD_PLACE_START)
            continue;
        tfd_modfind_in_place(f, i, name, &one);
        if (one.kind == TFD_MODULE_MISSING)
            continue;
        if (one.kind != TFD_MODULE_NAMESPACE) {
            *out = one;
            return;
        }
        if (portion.kind == TFD_MODULE_MISSING)
            portion = one;
    }
    preset = find_preset(f, name, false);
    *out = portion;
    if (portion.kind == TFD_MODULE_MISSING && preset) {
        out->path = preset->path;
        out->kind = tfd_sys_is_dir(f->sys, preset->path) ? TFD_MODULE_PACKAGE : TFD_MODULE_SOURCE;
    }
}

/* Below a namespace package every portion is searched, in the order of the places. */
static void find_in_portions(tfd_modfind *f, tfd_str name, tfd_modfound *out)
{
    tfd_modfound portion;

    set_missing(&portion);
    for (size_t i = 0; i < f->facts->places.count; i++) {
        tfd_modfound one;

        if (f->facts->places.items[i].is_zip)
            continue;
        tfd_modfind_below_place(f, i, name, &one);
        if (one.kind == TFD_MODULE_MISSING)
            continue;
        if (one.kind != TFD_MODULE_NAMESPACE) {
            *out = one;
            return;
        }
        if (portion.kind == TFD_MODULE_MISSING)
            portion = one;
    }
    *out = portion;
}

/* Packages that only share a name are a few lines. */
#define SHARED_INIT_MAX ((size_t)4 << 10)

/* A package that says __path__ = pkgutil.extend_path(__path__, __name__): its parts are searched as those of
 * a namespace are. (What pkg_resources.declare_namespace does passes folders without __init__.py over.) */
static bool shares_its_name(const tfd_modfind *f, tfd_str package)
{
    tfd_str text;

    return tfd_sys_read_file(f->sys, f->arena, join(f, package, TFD_STR("__init__.py")), SHARED_INIT_MAX,
                             &text, NULL) == TFD_OK &&
           tfd_str_find_z(text, "extend_path(") != TFD_NPOS;
}

void tfd_modfind_find(tfd_modfind *f, tfd_str name, tfd_modfound *out)
{
    tfd_str top, rest;
    tfd_modfound parent, below;

    if (!tfd_str_cut(name, '.', &top, &rest)) {
        find_top(f, name, out);
        /* Built into this interpreter: sys.path is not asked. Only worth a look where something else would
         * win. */
        if (out->place != TFD_NONE && out->kind != TFD_MODULE_EXTENSION &&
            f->facts->places.items[out->place].kind == TFD_PLACE_START && tfd_modfind_is_builtin(f, name)) {
            set_missing(out);
            out->kind = TFD_MODULE_BUILTIN;
        } else if (out->kind == TFD_MODULE_MISSING && tfd_modfind_is_builtin(f, name)) {
            out->kind = TFD_MODULE_BUILTIN;
        }
        return;
    }
    find_top(f, top, &parent);
    if (parent.kind == TFD_MODULE_NAMESPACE) {
        find_in_portions(f, name, out);
        return;
    }
    *out = parent;
    if (parent.kind == TFD_MODULE_PACKAGE && find_parts(f, parent.path, rest, &below)) {
        out->kind = below.kind;
        out->path = below.path;
        return;
    }
    if (parent.kind == TFD_MODULE_PACKAGE && shares_its_name(f, parent.path)) {
        find_in_portions(f, name, &below);
        if (below.kind != TFD_MODULE_MISSING) {
            *out = below;
            return;
        }
    }
    if (parent.kind != TFD_MODULE_ZIPPED)
        out->kind = TFD_MODULE_MISSING;
}
