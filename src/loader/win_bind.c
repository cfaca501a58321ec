/* Imported functions against exported ones. Windows refuses a module with 127 over the first function that
 * the DLL found does not export; Wine binds a stub, so only this tells there. */
#include "loader/win_parts.h"

#include <string.h>

/* Windows 10 1903: what its own DLLs lack, no wheel of today asks for. */
#define SYSTEM_IS_RECENT 18362u

typedef struct wanted {
    tfd_str name; /* empty: by ordinal */
    uint32_t ordinal, near;
    bool by_ordinal;
} wanted;

typedef struct binder {
    tfd_win_loader *loader;
    size_t file, provider; /* provider TFD_NONE: nothing to hold the names against */
    bool is_msvcp;
    tfd_str module_dir;
    tfd_win_order order;
    tfd_str first; /* missing symbol */
    size_t count;
    tfd_status st;
    tfd_err *err;
} binder;

/* ---- tables of exports */

static uint64_t hash_of(tfd_str name)
{
    uint64_t hash = tfd_str_hash(name);

    return hash ? hash : 1;
}

static struct tfd_win_export *slot_of(const tfd_win_exports *e, uint64_t hash)
{
    size_t at = (size_t)hash & (e->capacity - 1);

    while (e->slots[at].hash != 0 && e->slots[at].hash != hash)
        at = (at + 1) & (e->capacity - 1);
    return &e->slots[at];
}

/* The reader on a file, opened once as long as the same file is asked. NULL: it cannot be opened (any more).
 */
static tfd_reader *reader_of(tfd_win_loader *loader, size_t file)
{
    tfd_reader *reader = loader->provider_reader;

    if (loader->provider_open == file)
        return reader;
    if (loader->provider_open != TFD_NONE)
        tfd_reader_close(reader);
    loader->provider_open = TFD_NONE;
    if (tfd_reader_open(reader, loader->sys, loader->files.items[file].path, NULL) != TFD_OK)
        return NULL;
    loader->provider_open = file;
    return reader;
}

/* All names of a small table. false: they cannot be read. */
static bool read_names(tfd_reader *reader, const tfd_pe *pe, tfd_win_exports *e)
{
    for (uint32_t i = 0; i < pe->exports.name_count; i++) {
        struct tfd_win_export *slot;
        uint32_t rva;
        tfd_str name;

        if (!tfd_pe_name_at(reader, pe, i, &name))
            return false;
        slot = slot_of(e, hash_of(name));
        slot->hash = hash_of(name);
        if (!tfd_pe_rva_at(reader, pe, i, &rva))
            return false;
        slot->rva = rva;
    }
    return true;
}

static void read_exports(binder *b, size_t index)
{
    tfd_win_file *file = &b->loader->files.items[index];
    tfd_win_exports *e = &file->exports;
    tfd_reader *reader;

    e->is_ready = true;
    e->is_unknown = file->is_builtin || !tfd_win_is_usable(file);
    if (e->is_unknown || file->pe.exports.name_count > TFD_WIN_INDEX_MAX)
        return;
    reader = reader_of(b->loader, index);
    for (e->capacity = 16; e->capacity / 4 * 3 <= (size_t)file->pe.exports.name_count;)
        e->capacity *= 2;
    e->slots = tfd_arena_new(b->loader->scratch, struct tfd_win_export, e->capacity);
    if (!e->slots)
        b->st = tfd_win_no_memory(b->err);
    else
        e->is_unknown = !reader || !read_names(reader, &file->pe, e);
}

/* One file, forwarders not followed. */
static tfd_tri find_here(binder *b, size_t index, const wanted *w, tfd_str *forwarder)
{
    tfd_win_file *file = &b->loader->files.items[index];
    tfd_win_exports *e = &file->exports;
    const tfd_pe_exports *table = &file->pe.exports;
    tfd_pe_export found = {0};
    tfd_reader *reader;
    tfd_status st;

    *forwarder = TFD_STR("");
    if (!e->is_ready)
        read_exports(b, index);
    if (e->is_unknown || b->st != TFD_OK)
        return TFD_UNKNOWN;
    if (!w->by_ordinal && e->capacity > 0) {
        struct tfd_win_export *slot = slot_of(e, hash_of(w->name));

        if (slot->hash == 0)
            return TFD_NO;
        if (slot->rva - table->rva >= table->size)
            return TFD_YES;
    }
    reader = reader_of(b->loader, index);
    if (!reader)
        return TFD_UNKNOWN;
    st = w->by_ordinal
             ? tfd_pe_export_at(reader, &file->pe, w->ordinal, &found, NULL)
             : tfd_pe_export_find(reader, &file->pe, w->name, w->near ? w->near : e->near, &found, NULL);
    e->near = found.row;
    *forwarder = found.forwarder;
    return st == TFD_OK ? TFD_YES : st == TFD_ENOENT ? TFD_NO : TFD_UNKNOWN;
}

/* ---- forwarders */

/* "python313.PyList_New", "#12": what to look for, and in which file. TFD_NONE in *file: cannot be told. */
static tfd_tri follow(binder *b, tfd_str forwarder, wanted *w, size_t *file)
{
    tfd_win_loader *l = b->loader;
    tfd_win_need need;
    tfd_str dll, name;
    uint64_t number;

    *file = TFD_NONE;
    if (!tfd_pe_forwarder_split(l->arena, forwarder, &dll, &name))
        return TFD_UNKNOWN;
    b->st = tfd_win_resolve(l, dll, b->module_dir, b->order, false, &need, b->err);
    if (b->st != TFD_OK || need.state != TFD_STATE_PRESENT)
        return need.state == TFD_STATE_ABSENT ? TFD_NO : TFD_UNKNOWN;
    *w = (wanted){.name = name};
    if (name.ptr[0] == '#' && tfd_str_u64(tfd_str_from(name, 1), &number)) {
        w->by_ordinal = true;
        w->ordinal = (uint32_t)number;
    }
    *file = need.hit;
    if (need.hit == TFD_NONE || !tfd_win_is_usable(&l->files.items[need.hit]))
        return TFD_UNKNOWN;
    if (!l->files.items[need.hit].is_loaded) {
        b->st = tfd_win_mark_loaded(l, need.hit, need.rule, b->provider, b->err);
        if (b->st == TFD_OK)
            b->st = tfd_win_push(l, &l->closure, need.hit, b->err);
    }
    return TFD_YES;
}

static tfd_tri find_symbol(binder *b, wanted w)
{
    size_t file = b->provider;

    for (int i = 0; i < TFD_WIN_FORWARDS_MAX && b->st == TFD_OK; i++) {
        tfd_str forwarder;
        tfd_tri answer = find_here(b, file, &w, &forwarder);

        if (answer != TFD_YES || forwarder.len == 0)
            return answer;
        answer = follow(b, forwarder, &w, &file);
        if (answer != TFD_YES)
            return answer;
    }
    return TFD_UNKNOWN;
}

/* ---- one import */

static bool visit(void *ctx, const tfd_pe_symbol *symbol)
{
    binder *b = ctx;
    tfd_win_file *file = &b->loader->files.items[b->file];

    if (b->is_msvcp && tfd_str_is(symbol->name, "_Mtx_lock"))
        file->locks_mutex = true;
    if (b->is_msvcp && tfd_str_is(symbol->name, "_Mtx_init_in_situ"))
        file->makes_mutex = true;
    if (b->provider == TFD_NONE ||
        find_symbol(b, (wanted){symbol->name, symbol->ordinal, symbol->hint, symbol->by_ordinal}) != TFD_NO)
        return b->st == TFD_OK;
    if (b->count++ == 0) {
        b->first = symbol->by_ordinal
                       ? tfd_arena_fmt(b->loader->arena, "#%lu", (unsigned long)symbol->ordinal)
                       : tfd_arena_str(b->loader->arena, symbol->name);
        if (!b->first.ptr)
            b->st = tfd_win_no_memory(b->err);
    }
    return b->st == TFD_OK;
}

/* Windows' own DLLs have what is asked for, but on old ones; Wine's say nothing. */
static bool can_tell(const tfd_win_loader *loader, size_t provider)
{
    const tfd_win_file *file = provider == TFD_NONE ? NULL : &loader->files.items[provider];

    if (!file || !loader->settings.check_symbols || file->is_builtin || !tfd_win_is_usable(file))
        return false;
    if (!file->is_system || tfd_win_is_runtime_name(file->name))
        return true;
    return !loader->is_wine && loader->build != 0 && loader->build < SYSTEM_IS_RECENT;
}

static tfd_status check_import(binder *b, const tfd_pe_import *import, const tfd_win_need *need)
{
    tfd_win_loader *l = b->loader;
    tfd_win_problem problem;

    b->is_msvcp = tfd_str_eq_nocase(import->dll, TFD_STR("msvcp140.dll"));
    b->provider = need && can_tell(l, need->hit) ? need->hit : TFD_NONE;
    b->count = 0;
    if (b->provider == TFD_NONE && !b->is_msvcp)
        return TFD_OK;
    (void)tfd_pe_each_symbol(l->module_reader, &l->files.items[b->file].pe, import, visit, b, NULL);
    if (b->st != TFD_OK || b->count == 0)
        return b->st;
    problem =
        (tfd_win_problem){.file = b->file, .provider = b->provider, .symbol = b->first, .count = b->count};
    if (!TFD_GROW(l->arena, &l->problems))
        return tfd_win_no_memory(b->err);
    l->problems.items[l->problems.count++] = problem;
    return TFD_OK;
}

/* ---- all of it */

static tfd_status check_file(binder *b)
{
    tfd_win_loader *l = b->loader;
    tfd_status st = tfd_reader_open(l->module_reader, l->sys, l->files.items[b->file].path, NULL);

    if (st != TFD_OK)
        return TFD_OK; /* gone since it was read: nothing can be said */
    for (size_t i = 0; i < l->files.items[b->file].pe.import_count && st == TFD_OK; i++) {
        const tfd_win_file *file = &l->files.items[b->file];
        const tfd_pe_import *import = &file->pe.imports[i];
        const tfd_win_need *need = i < file->need_count ? &l->needs.items[file->first_need + i] : NULL;

        if (!import->is_delayed)
            st = check_import(b, import, need);
    }
    tfd_reader_close(l->module_reader);
    return st;
}

static bool has_problem(const tfd_win_loader *loader, size_t file)
{
    for (size_t i = 0; i < loader->problems.count; i++)
        if (loader->problems.items[i].file == file)
            return true;
    return false;
}

tfd_status tfd_win_bind(tfd_win_loader *loader, tfd_str module_dir, tfd_win_order order, bool *ok,
                        tfd_err *err)
{
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < loader->closure.count && st == TFD_OK; i++) {
        size_t index = loader->closure.items[i];
        tfd_win_file *file = &loader->files.items[index];
        binder b = {.loader = loader, .file = index, .module_dir = module_dir, .order = order, .err = err};

        if (!tfd_win_is_usable(file) || file->need_count == 0)
            continue;
        if (!file->is_checked) {
            file->is_checked = true;
            st = check_file(&b);
        }
        if (loader->problems.count > 0 && has_problem(loader, index))
            *ok = false;
    }
    return st;
}
