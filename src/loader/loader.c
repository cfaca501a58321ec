#include "loader/loader.h"

#include <string.h>

#include "loader/loader_parts.h"

#define PRELOAD_FILE "/etc/ld.so.preload"
#define PRELOAD_MAX ((size_t)65536)

static tfd_status push(tfd_loader *loader, tfd_loader_list *list, size_t file, tfd_err *err)
{
    if (!TFD_GROW(loader->arena, list))
        return tfd_loader_no_memory(err);
    list->items[list->count++] = file;
    return TFD_OK;
}

static bool holds(const tfd_loader_list *list, size_t file)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] == file)
            return true;
    return false;
}

/* ---- settings */

static bool has_flags(const tfd_cpu *cpu, const char *const *flags)
{
    for (; *flags; flags++)
        if (tfd_str_find_z(cpu->flags, *flags) == TFD_NPOS)
            return false;
    return true;
}

/* Levels of the x86-64 psABI, best first, as glibc names their folders; features that come together stand for
 * each other. */
static void set_hwcaps(const tfd_cpu *cpu, tfd_loader_settings *settings)
{
    static const char *const v4[] = {" avx512f ",  " avx512bw ", " avx512cd ",
                                     " avx512dq ", " avx512vl ", NULL};
    static const char *const v3[] = {" avx2 ", " fma ", " bmi2 ", " movbe ", NULL};
    static const char *const v2[] = {" sse4_2 ", " popcnt ", " ssse3 ", NULL};
    static const tfd_str levels[] = {TFD_STR_INIT("x86-64-v4"), TFD_STR_INIT("x86-64-v3"),
                                     TFD_STR_INIT("x86-64-v2")};
    size_t best;

    if (!cpu || cpu->arch != TFD_ARCH_X86_64 || !has_flags(cpu, v2))
        return;
    best = !has_flags(cpu, v3) ? 2 : has_flags(cpu, v4) ? 0 : 1;
    settings->hwcaps = levels + best;
    settings->hwcap_count = 3 - best;
}

tfd_loader_settings tfd_loader_settings_get(const tfd_sys *sys)
{
    tfd_loader_settings settings = {.cwd = sys->cwd(sys)};

    (void)sys->env(sys, "LD_LIBRARY_PATH", &settings.library_path);
    (void)sys->env(sys, "LD_PRELOAD", &settings.preload);
    set_hwcaps(sys->cpu(sys), &settings);
    return settings;
}

/* ---- a process */

tfd_status tfd_loader_init(tfd_loader *loader, const tfd_sys *sys, tfd_arena *arena, tfd_arena *scratch,
                           const tfd_loader_settings *settings, tfd_err *err)
{
    memset(loader, 0, sizeof *loader);
    loader->sys = sys;
    loader->arena = arena;
    loader->scratch = scratch;
    loader->settings = *settings;
    loader->program = TFD_NONE;
    loader->interpreter = TFD_NONE;
    loader->reader = tfd_arena_new(scratch, tfd_reader, 1);
    loader->lookup_reader = tfd_arena_new(scratch, tfd_reader, 1);
    return loader->reader && loader->lookup_reader ? TFD_OK : tfd_loader_no_memory(err);
}

/* ---- names */

size_t tfd_loader_named(const tfd_loader *loader, tfd_str name)
{
    uint32_t file = tfd_map_get(&loader->names, name);

    return file != TFD_MAP_NONE && loader->files.items[file].is_loaded ? file : TFD_NONE;
}

/* The object loaded first keeps a name. */
static tfd_status give_name(tfd_loader *loader, tfd_str name, size_t file, tfd_err *err)
{
    if (name.len == 0 || tfd_loader_named(loader, name) != TFD_NONE)
        return TFD_OK;
    return tfd_map_put(loader->arena, &loader->names, name, (uint32_t)file) ? TFD_OK
                                                                            : tfd_loader_no_memory(err);
}

static tfd_status mark_loaded(tfd_loader *loader, size_t index, tfd_str name, tfd_str rule, size_t by,
                              tfd_err *err)
{
    tfd_loader_file *file = &loader->files.items[index];
    tfd_status st;

    if (file->rule.len == 0)
        file->rule = rule;
    file->loader = by;
    file->is_loaded = true;
    st = push(loader, &loader->loaded, index, err);
    if (st == TFD_OK)
        st = give_name(loader, name, index, err);
    return st == TFD_OK ? give_name(loader, file->elf.soname, index, err) : st;
}

/* ---- DT_NEEDED, breadth first */

static tfd_status record_need(tfd_loader *loader, const tfd_loader_need *need, tfd_err *err)
{
    if (!TFD_GROW(loader->arena, &loader->needs))
        return tfd_loader_no_memory(err);
    loader->needs.items[loader->needs.count++] = *need;
    return TFD_OK;
}

/* One DT_NEEDED name: a loaded object that answers to it, or a search and, with a hit, a new object. */
static tfd_status resolve(tfd_loader *loader, tfd_str name, size_t by, tfd_loader_need *need, tfd_err *err)
{
    size_t known = tfd_loader_named(loader, name);
    tfd_loader_file *hit;
    tfd_status st;

    if (known != TFD_NONE) {
        *need = (tfd_loader_need){
            .by = by, .name = name, .is_found = true, .hit = known, .rule = TFD_STR("already loaded")};
        return TFD_OK;
    }
    st = tfd_loader_search(loader, name, by, false, need, err);
    if (st != TFD_OK || !need->is_found)
        return st;
    hit = &loader->files.items[need->hit];
    if (!tfd_loader_is_usable(hit))
        return TFD_OK;
    if (hit->is_loaded) /* the same file under another name */
        return give_name(loader, name, need->hit, err);
    return mark_loaded(loader, need->hit, name, need->rule, by, err);
}

/* Appends what `file` needs to the closure. *ok turns false if something is not there or cannot be loaded. */
static tfd_status add_needed(tfd_loader *loader, size_t file, tfd_loader_list *closure, bool *ok,
                             tfd_err *err)
{
    size_t count = loader->files.items[file].elf.needed_count;
    bool record = loader->files.items[file].need_count == 0;
    tfd_status st = TFD_OK;

    if (record)
        loader->files.items[file].first_need = loader->needs.count;
    for (size_t i = 0; i < count && st == TFD_OK; i++) {
        tfd_loader_need need;

        st = resolve(loader, loader->files.items[file].elf.needed[i], file, &need, err);
        if (st == TFD_OK && record)
            st = record_need(loader, &need, err);
        if (st != TFD_OK)
            break;
        if (!need.is_found || !tfd_loader_is_usable(&loader->files.items[need.hit]))
            *ok = false;
        if (need.hit != TFD_NONE && !holds(closure, need.hit))
            st = push(loader, closure, need.hit, err);
    }
    if (record && st == TFD_OK)
        loader->files.items[file].need_count = loader->needs.count - loader->files.items[file].first_need;
    return st;
}

/* Follows DT_NEEDED from the objects that the closure already holds. */
static tfd_status grow_closure(tfd_loader *loader, tfd_loader_list *closure, bool *ok, tfd_err *err)
{
    for (size_t i = 0; i < closure->count; i++) {
        tfd_status st;

        if (closure->count > TFD_LOADER_CLOSURE_MAX)
            return tfd_err_set(err, TFD_ELIMIT, 0, "more than %d libraries needed by one file",
                               TFD_LOADER_CLOSURE_MAX);
        if (!tfd_loader_is_usable(&loader->files.items[closure->items[i]]))
            continue;
        st = add_needed(loader, closure->items[i], closure, ok, err);
        if (st != TFD_OK)
            return st;
    }
    return TFD_OK;
}

/* ---- start of a program */

/* One preloaded name. What cannot be preloaded is only warned about, so it never stops the start. */
static tfd_status preload(tfd_loader *loader, tfd_str name, tfd_str rule, tfd_loader_list *scope,
                          tfd_err *err)
{
    tfd_loader_need need;
    tfd_status st;

    if (name.len == 0 || tfd_loader_named(loader, name) != TFD_NONE)
        return TFD_OK;
    st = tfd_loader_search(loader, name, loader->program, false, &need, err);
    if (st != TFD_OK)
        return st;
    need.by = TFD_NONE;
    need.rule = rule;
    st = record_need(loader, &need, err);
    if (st != TFD_OK || !need.is_found || !tfd_loader_is_usable(&loader->files.items[need.hit]) ||
        loader->files.items[need.hit].is_loaded)
        return st;
    st = mark_loaded(loader, need.hit, name, rule, TFD_NONE, err);
    return st == TFD_OK ? push(loader, scope, need.hit, err) : st;
}

static bool is_separator(char c, bool colons)
{
    return tfd_char_is_space(c) || (colons && c == ':');
}

static tfd_status preload_list(tfd_loader *loader, tfd_str text, tfd_str rule, tfd_loader_list *scope,
                               tfd_err *err)
{
    size_t at = 0;
    tfd_status st = TFD_OK;

    while (at < text.len && st == TFD_OK) {
        size_t end = at;

        while (end < text.len && !is_separator(text.ptr[end], true))
            end++;
        st = preload(loader, tfd_str_sub(text, at, end), rule, scope, err);
        at = end + 1;
    }
    return st;
}

/* /etc/ld.so.preload: as LD_PRELOAD, with '#' comments. musl does not read it. */
static tfd_status preload_file(tfd_loader *loader, tfd_loader_list *scope, tfd_err *err)
{
    tfd_str text, line;
    tfd_status st = TFD_OK;

    if (loader->is_musl)
        return TFD_OK;
    st = tfd_sys_read_file(loader->sys, loader->arena, TFD_STR(PRELOAD_FILE), PRELOAD_MAX, &text, NULL);
    tfd_loader_doubt(loader, st);
    if (st != TFD_OK)
        return TFD_OK;
    while (st == TFD_OK && tfd_str_line(&text, &line)) {
        (void)tfd_str_cut(line, '#', &line, &(tfd_str){NULL, 0});
        st = preload_list(loader, line, TFD_STR(PRELOAD_FILE), scope, err);
    }
    return st;
}

/* The program's row: $ORIGIN is the folder of the file behind all links. */
static tfd_status load_program(tfd_loader *loader, tfd_str program, bool *ok, tfd_err *err)
{
    tfd_loader_look look;
    size_t index;
    tfd_str real;
    tfd_status st = tfd_loader_look_at(loader, program, &look, &index, err);
    tfd_loader_file *file;

    *ok = false;
    if (st != TFD_OK)
        return st;
    if (index == TFD_NONE)
        return tfd_loader_add_lost(loader, program, TFD_OBJECT_MISSING, TFD_STR("there is no such file"),
                                   &index, err);
    file = &loader->files.items[index];
    if (loader->sys->realpath(loader->sys, loader->arena, program, &real, NULL) == TFD_OK)
        file->origin = tfd_path_dir(TFD_PATH_POSIX, real);
    if (!tfd_loader_is_usable(file))
        return TFD_OK;
    *ok = true;
    loader->program = index;
    return mark_loaded(loader, index, TFD_STR(""), TFD_STR("program"), TFD_NONE, err);
}

/* ld.so itself is in the process, after everything that the program needs. */
static tfd_status load_interpreter(tfd_loader *loader, bool *ok, tfd_err *err)
{
    tfd_str interp = loader->files.items[loader->program].elf.interp;
    tfd_loader_need need;
    tfd_status st;

    if (interp.len == 0)
        return TFD_OK;
    st = tfd_loader_search(loader, interp, loader->program, false, &need, err);
    if (st != TFD_OK)
        return st;
    need.rule = TFD_STR("PT_INTERP");
    if (!need.is_found || !tfd_loader_is_usable(&loader->files.items[need.hit])) {
        *ok = false;
        return record_need(loader, &need, err);
    }
    loader->interpreter = need.hit;
    if (loader->files.items[need.hit].is_loaded)
        return TFD_OK;
    return mark_loaded(loader, need.hit, tfd_path_base(TFD_PATH_POSIX, interp), need.rule, TFD_NONE, err);
}

tfd_status tfd_loader_start(tfd_loader *loader, tfd_str program, bool *ok, tfd_err *err)
{
    tfd_loader_list *scope = &loader->global;
    bool binds = true;
    tfd_status st = load_program(loader, program, ok, err);

    if (st != TFD_OK || !*ok)
        return st;
    st = tfd_loader_read_defaults(loader, err);
    if (st == TFD_OK)
        st = push(loader, scope, loader->program, err);
    if (st == TFD_OK)
        st = load_interpreter(loader, ok, err);
    if (st == TFD_OK)
        st = preload_list(loader, loader->settings.preload, TFD_STR("LD_PRELOAD"), scope, err);
    if (st == TFD_OK)
        st = preload_file(loader, scope, err);
    if (st == TFD_OK)
        st = grow_closure(loader, scope, ok, err);
    if (st == TFD_OK && loader->interpreter != TFD_NONE && !holds(scope, loader->interpreter))
        st = push(loader, scope, loader->interpreter, err);
    if (st == TFD_OK && *ok && loader->settings.check_symbols)
        st = tfd_loader_bind(loader, scope, true, &binds, err);
    *ok = *ok && binds;
    return st;
}

/* ---- dlopen */

static void unload_from(tfd_loader *loader, size_t first)
{
    for (size_t i = first; i < loader->loaded.count; i++)
        loader->files.items[loader->loaded.items[i]].is_loaded = false;
    loader->loaded.count = first;
}

static tfd_status add_to_global(tfd_loader *loader, tfd_err *err)
{
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < loader->closure.count && st == TFD_OK; i++)
        if (!holds(&loader->global, loader->closure.items[i]))
            st = push(loader, &loader->global, loader->closure.items[i], err);
    return st;
}

/* The row of the object to open; look tells whether there is something to load. */
static tfd_status find_root(tfd_loader *loader, tfd_str path, size_t *file, bool *ok, tfd_err *err)
{
    tfd_loader_look look;
    tfd_status st = tfd_loader_look_at(loader, path, &look, file, err);

    if (st == TFD_OK && *file == TFD_NONE)
        st = look == TFD_LOOK_PASSED
                 ? tfd_loader_add_lost(loader, path, TFD_OBJECT_UNREADABLE,
                                       TFD_STR("this user may not search a folder above it"), file, err)
                 : tfd_loader_add_lost(loader, path, TFD_OBJECT_MISSING, TFD_STR("there is no such file"),
                                       file, err);
    *ok = st == TFD_OK && tfd_loader_is_usable(&loader->files.items[*file]);
    return st;
}

tfd_status tfd_loader_open(tfd_loader *loader, tfd_str path, bool is_global, size_t *file, bool *ok,
                           tfd_err *err)
{
    size_t first = loader->loaded.count;
    bool binds = true;
    tfd_status st = find_root(loader, path, file, ok, err);

    loader->closure.count = 0;
    if (st == TFD_OK)
        st = push(loader, &loader->closure, *file, err);
    if (st != TFD_OK || !*ok)
        return st;
    if (!loader->files.items[*file].is_loaded)
        st = mark_loaded(loader, *file, TFD_STR(""), TFD_STR("import"), TFD_NONE, err);
    if (st == TFD_OK)
        st = grow_closure(loader, &loader->closure, ok, err);
    if (st == TFD_OK && *ok && loader->settings.check_symbols)
        st = tfd_loader_bind(loader, &loader->closure, false, &binds, err);
    *ok = *ok && binds;
    if (st != TFD_OK || !*ok)
        unload_from(loader, first);
    else if (is_global)
        st = add_to_global(loader, err);
    return st;
}
