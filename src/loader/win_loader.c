#include "loader/win_loader.h"

#include <string.h>

#include "loader/win_parts.h"

tfd_status tfd_win_push(tfd_win_loader *loader, tfd_win_list *list, size_t file, tfd_err *err)
{
    if (!TFD_GROW(loader->arena, list))
        return tfd_win_no_memory(err);
    list->items[list->count++] = file;
    return TFD_OK;
}

static bool holds(const tfd_win_list *list, size_t file)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] == file)
            return true;
    return false;
}

tfd_status tfd_win_push_dir(tfd_win_loader *loader, tfd_win_dirs *dirs, tfd_win_dir dir, tfd_err *err)
{
    if (dirs->count == TFD_WIN_DIRS_MAX)
        return TFD_OK;
    if (!TFD_GROW(loader->arena, dirs))
        return tfd_win_no_memory(err);
    dirs->items[dirs->count++] = dir;
    return TFD_OK;
}

/* A folder without quotes and separators at its end; "C:\" stays. */
static tfd_str clean_dir(tfd_str dir)
{
    dir = tfd_str_trim(dir);
    if (dir.len >= 2 && dir.ptr[0] == '"' && dir.ptr[dir.len - 1] == '"')
        dir = tfd_str_sub(dir, 1, dir.len - 1);
    while (dir.len > 3 && tfd_path_is_sep(TFD_PATH_WINDOWS, dir.ptr[dir.len - 1]))
        dir.len--;
    return dir;
}

static tfd_status split_path(tfd_win_loader *loader, tfd_err *err)
{
    tfd_str rest = loader->settings.path;
    bool more = rest.len > 0;
    tfd_status st = TFD_OK;

    while (more && st == TFD_OK) {
        tfd_str head;

        more = tfd_str_cut(rest, ';', &head, &rest);
        head = clean_dir(head);
        if (head.len > 0)
            st = tfd_win_push_dir(loader, &loader->path_dirs,
                                  (tfd_win_dir){.path = head, .rule = TFD_STR("PATH")}, err);
    }
    return st;
}

tfd_status tfd_win_init(tfd_win_loader *loader, const tfd_sys *sys, tfd_arena *arena, tfd_arena *scratch,
                        const tfd_win_settings *settings, tfd_err *err)
{
    const tfd_system *system = sys->system(sys);

    memset(loader, 0, sizeof *loader);
    loader->sys = sys;
    loader->arena = arena;
    loader->scratch = scratch;
    loader->settings = *settings;
    loader->program = TFD_NONE;
    loader->provider_open = TFD_NONE;
    loader->system_dir = TFD_STR("C:\\Windows\\System32");
    loader->windows_dir = TFD_STR("C:\\Windows");
    if (system && system->system_dir.len > 0)
        loader->system_dir = clean_dir(system->system_dir);
    if (system && system->windows_dir.len > 0)
        loader->windows_dir = clean_dir(system->windows_dir);
    loader->build = system ? system->build : 0;
    loader->is_wine = system && system->is_wine;
    loader->reader = tfd_arena_new(scratch, tfd_reader, 1);
    loader->module_reader = tfd_arena_new(scratch, tfd_reader, 1);
    loader->provider_reader = tfd_arena_new(scratch, tfd_reader, 1);
    if (!loader->reader || !loader->module_reader || !loader->provider_reader)
        return tfd_win_no_memory(err);
    loader->provider_reader->file = TFD_FILE_NONE;
    return split_path(loader, err);
}

void tfd_win_done(tfd_win_loader *loader)
{
    if (loader->provider_reader && loader->provider_open != TFD_NONE)
        tfd_reader_close(loader->provider_reader);
    loader->provider_open = TFD_NONE;
}

tfd_status tfd_win_add_dir(tfd_win_loader *loader, tfd_str dir, tfd_str owner, tfd_err *err)
{
    tfd_win_dir row = {.path = clean_dir(dir), .owner = owner, .rule = TFD_STR("os.add_dll_directory")};

    return tfd_win_push_dir(loader, &loader->user_dirs, row, err);
}

tfd_status tfd_win_add_path(tfd_win_loader *loader, tfd_str dir, tfd_err *err)
{
    return tfd_win_push_dir(loader, &loader->path_dirs,
                            (tfd_win_dir){.path = clean_dir(dir), .rule = TFD_STR("PATH")}, err);
}

tfd_status tfd_win_add_late_dir(tfd_win_loader *loader, tfd_str dir, tfd_str rule, tfd_err *err)
{
    return tfd_win_push_dir(loader, &loader->late_dirs, (tfd_win_dir){.path = clean_dir(dir), .rule = rule},
                            err);
}

/* ---- what is loaded */

size_t tfd_win_named(const tfd_win_loader *loader, tfd_str name)
{
    char lower[260]; /* MAX_PATH: no file name is longer */
    uint32_t file;

    if (name.len > sizeof lower)
        return TFD_NONE;
    for (size_t i = 0; i < name.len; i++)
        lower[i] = tfd_char_lower(name.ptr[i]);
    file = tfd_map_get(&loader->by_name, (tfd_str){lower, name.len});
    return file != TFD_MAP_NONE && loader->files.items[file].is_loaded ? file : TFD_NONE;
}

/* The module loaded first keeps a base name. */
tfd_status tfd_win_mark_loaded(tfd_win_loader *loader, size_t index, tfd_str rule, size_t by, tfd_err *err)
{
    tfd_win_file *file = &loader->files.items[index];
    bool is_named = tfd_win_named(loader, file->name) != TFD_NONE;

    if (file->rule.len == 0)
        file->rule = rule;
    file->loader = by;
    file->is_loaded = true;
    if (!is_named && !tfd_map_put(loader->arena, &loader->by_name, file->name, (uint32_t)index))
        return tfd_win_no_memory(err);
    return tfd_win_push(loader, &loader->loaded, index, err);
}

static void unload_from(tfd_win_loader *loader, size_t first)
{
    for (size_t i = first; i < loader->loaded.count; i++)
        loader->files.items[loader->loaded.items[i]].is_loaded = false;
    loader->loaded.count = first;
}

/* ---- imports, breadth first: all of them are answered in one order */

typedef struct opening {
    tfd_str module_dir;
    tfd_win_order order;
    bool ok;
} opening;

/* Windows' own DLLs are not followed: what they need is Windows' affair. */
static bool is_followed(const tfd_win_file *file)
{
    return tfd_win_is_usable(file) && !file->is_builtin &&
           (!file->is_system || tfd_win_is_runtime_name(file->name));
}

static tfd_status take_hit(tfd_win_loader *loader, const tfd_win_need *need, opening *o, tfd_err *err)
{
    tfd_status st = TFD_OK;

    if (need->state == TFD_STATE_ABSENT)
        o->ok = false;
    if (need->hit == TFD_NONE)
        return TFD_OK;
    if (!tfd_win_is_usable(&loader->files.items[need->hit]))
        o->ok = o->ok && loader->files.items[need->hit].state == TFD_OBJECT_UNKNOWN;
    else if (!loader->files.items[need->hit].is_loaded)
        st = tfd_win_mark_loaded(loader, need->hit, need->rule, need->by, err);
    if (st == TFD_OK && !holds(&loader->closure, need->hit))
        st = tfd_win_push(loader, &loader->closure, need->hit, err);
    return st;
}

tfd_status tfd_win_record_need(tfd_win_loader *loader, const tfd_win_need *need, tfd_err *err)
{
    if (!TFD_GROW(loader->arena, &loader->needs))
        return tfd_win_no_memory(err);
    loader->needs.items[loader->needs.count++] = *need;
    return TFD_OK;
}

/* Delayed DLLs are looked for as the helper in the image would, and not loaded. */
static tfd_status add_import(tfd_win_loader *loader, size_t file, size_t i, bool record, opening *o,
                             tfd_err *err)
{
    const tfd_pe_import *import = &loader->files.items[file].pe.imports[i];
    bool is_delayed = import->is_delayed;
    tfd_win_need need;
    tfd_status st;

    if (is_delayed && !record)
        return TFD_OK;
    st = tfd_win_resolve(loader, import->dll, o->module_dir, is_delayed ? TFD_WIN_STANDARD : o->order, false,
                         &need, err);
    need.by = file;
    need.is_delayed = is_delayed;
    if (st == TFD_OK && record)
        st = tfd_win_record_need(loader, &need, err);
    return st == TFD_OK && !is_delayed ? take_hit(loader, &need, o, err) : st;
}

static tfd_status add_imports(tfd_win_loader *loader, size_t file, opening *o, tfd_err *err)
{
    size_t count = loader->files.items[file].pe.import_count;
    bool record = loader->files.items[file].need_count == 0;
    tfd_status st = record ? tfd_win_enter_assemblies(loader, file, &o->ok, err) : TFD_OK;
    size_t first = loader->needs.count;

    for (size_t i = 0; i < count && st == TFD_OK; i++)
        st = add_import(loader, file, i, record, o, err);
    if (record && st == TFD_OK) {
        loader->files.items[file].first_need = first;
        loader->files.items[file].need_count = count;
    }
    return st;
}

static tfd_status grow_closure(tfd_win_loader *loader, opening *o, tfd_err *err)
{
    bool binds = true;
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < loader->closure.count && st == TFD_OK; i++) {
        if (loader->closure.count > TFD_WIN_CLOSURE_MAX)
            return tfd_err_set(err, TFD_ELIMIT, 0, "more than %d DLLs needed by one file",
                               TFD_WIN_CLOSURE_MAX);
        if (is_followed(&loader->files.items[loader->closure.items[i]]))
            st = add_imports(loader, loader->closure.items[i], o, err);
    }
    if (st == TFD_OK && o->ok)
        st = tfd_win_bind(loader, o->module_dir, o->order, &binds, err);
    o->ok = o->ok && binds;
    return st;
}

/* ---- start of a program */

tfd_status tfd_win_start(tfd_win_loader *loader, tfd_str program, bool *ok, tfd_err *err)
{
    opening o = {.order = TFD_WIN_STANDARD, .ok = true};
    size_t file;
    tfd_status st;

    *ok = false;
    loader->program_dir = clean_dir(tfd_path_dir(TFD_PATH_WINDOWS, program));
    loader->program_rule =
        tfd_arena_fmt(loader->arena, "the folder of %.*s", TFD_ARG(tfd_path_base(TFD_PATH_WINDOWS, program)));
    if (!loader->program_rule.ptr)
        return tfd_win_no_memory(err);
    st = tfd_win_look_at(loader, program, &file, err);
    if (st != TFD_OK)
        return st;
    if (file == TFD_NONE)
        return tfd_win_add_lost(loader, program, TFD_OBJECT_MISSING, TFD_STR("there is no such file"), &file,
                                err);
    if (!tfd_win_is_usable(&loader->files.items[file]))
        return TFD_OK;
    loader->program = file;
    st = tfd_win_mark_loaded(loader, file, TFD_STR("program"), TFD_NONE, err);
    if (st == TFD_OK)
        st = tfd_win_push(loader, &loader->closure, file, err);
    if (st == TFD_OK)
        st = grow_closure(loader, &o, err);
    for (size_t i = 0; i < loader->loaded.count; i++)
        loader->files.items[loader->loaded.items[i]].is_early = true;
    *ok = o.ok;
    return st;
}

/* ---- LoadLibraryExW */

static tfd_status open_file(tfd_win_loader *loader, size_t file, tfd_str rule, opening *o, tfd_str owner,
                            tfd_err *err)
{
    size_t first = loader->loaded.count;
    tfd_status st = tfd_win_push(loader, &loader->closure, file, err);

    o->ok = tfd_win_is_usable(&loader->files.items[file]);
    if (st != TFD_OK || !o->ok)
        return st;
    if (!loader->files.items[file].is_loaded)
        st = tfd_win_mark_loaded(loader, file, rule, TFD_NONE, err);
    if (loader->files.items[file].owner.len == 0)
        loader->files.items[file].owner = owner;
    if (st == TFD_OK)
        st = grow_closure(loader, o, err);
    if (st != TFD_OK || !o->ok)
        unload_from(loader, first);
    return st;
}

tfd_status tfd_win_open(tfd_win_loader *loader, tfd_str path, tfd_win_order order, tfd_str owner,
                        size_t *file, bool *ok, tfd_err *err)
{
    opening o = {.module_dir = clean_dir(tfd_path_dir(TFD_PATH_WINDOWS, path)), .order = order};
    tfd_status st = tfd_win_look_at(loader, path, file, err);

    loader->closure.count = loader->assembly_dirs.count = 0;
    if (st == TFD_OK && *file == TFD_NONE)
        st = tfd_win_add_lost(loader, path, TFD_OBJECT_MISSING, TFD_STR("there is no such file"), file, err);
    if (st == TFD_OK)
        st = open_file(loader, *file, TFD_STR("import"), &o, owner, err);
    *ok = o.ok;
    return st;
}

tfd_status tfd_win_open_name(tfd_win_loader *loader, tfd_str name, tfd_win_order order, tfd_str owner,
                             size_t *file, bool *ok, tfd_err *err)
{
    opening o = {.order = order};
    tfd_win_need need;
    tfd_status st = tfd_win_resolve(loader, name, TFD_STR(""), order, false, &need, err);

    loader->closure.count = loader->assembly_dirs.count = 0;
    *file = need.hit;
    *ok = need.state != TFD_STATE_ABSENT;
    if (st == TFD_OK)
        st = tfd_win_record_need(loader, &need, err);
    if (st != TFD_OK || need.hit == TFD_NONE)
        return st;
    st = open_file(loader, need.hit, need.rule, &o, owner, err);
    *ok = o.ok;
    return st;
}
