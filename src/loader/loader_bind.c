#include <string.h>

#include "loader/loader_parts.h"

/* Missing symbols of one object that are kept; a module for another interpreter may miss hundreds. */
#define MISSING_MAX 1024u

/* An answer that holds for the whole run: this symbol (name and version) is exported by that file. */
struct tfd_loader_binding {
    uint64_t key; /* 0: free */
    uint32_t file;
};

/* ---- the cache of bindings */

/* Two independent hashes of name and version; a false hit has a chance of 1 in 2^40 over a whole run. */
static uint64_t binding_key(const tfd_elf_reference *reference)
{
    uint64_t h = reference->name.len * 0x9e3779b97f4a7c15u;
    size_t i = 0;

    for (; i + 8 <= reference->name.len; i += 8) {
        uint64_t word;

        memcpy(&word, reference->name.ptr + i, 8);
        h = (h ^ word) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    for (; i < reference->name.len; i++)
        h = (h ^ (unsigned char)reference->name.ptr[i]) * 0x100000001b3u;
    h ^= (uint64_t)reference->hash << 32;
    if (reference->version)
        h ^= tfd_str_hash(reference->version->name) * 3;
    h *= 0xc4ceb9fe1a85ec53u;
    h ^= h >> 29;
    return h ? h : 1;
}

static struct tfd_loader_binding *slot_of(tfd_loader *loader, uint64_t key)
{
    size_t at = (size_t)key & (loader->binding_capacity - 1);

    while (loader->bindings[at].key != 0 && loader->bindings[at].key != key)
        at = (at + 1) & (loader->binding_capacity - 1);
    return &loader->bindings[at];
}

/* Room for one more; false at the arena's limit. */
static bool make_room(tfd_loader *loader)
{
    struct tfd_loader_binding *old = loader->bindings;
    size_t old_capacity = loader->binding_capacity;

    if (loader->binding_count * 4 < old_capacity * 3)
        return true;
    loader->binding_capacity = old_capacity ? old_capacity * 2 : 4096;
    loader->bindings = tfd_arena_new(loader->scratch, struct tfd_loader_binding, loader->binding_capacity);
    if (!loader->bindings) {
        loader->bindings = old;
        loader->binding_capacity = old_capacity;
        return false;
    }
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].key != 0)
            *slot_of(loader, old[i].key) = old[i];
    return true;
}

/* ---- versions */

static bool defines_version(const tfd_elf *elf, const tfd_elf_version *need)
{
    for (size_t i = 0; i < elf->def_count; i++)
        if (elf->defs[i].hash == need->hash && tfd_str_eq(elf->defs[i].name, need->name))
            return true;
    return false;
}

static tfd_status add_problem(tfd_loader *loader, const tfd_loader_problem *problem, tfd_err *err)
{
    if (!TFD_GROW(loader->arena, &loader->problems))
        return tfd_loader_no_memory(err);
    loader->problems.items[loader->problems.count++] = *problem;
    loader->files.items[problem->file].has_problem = true;
    return TFD_OK;
}

/* _dl_check_map_versions: each version needed must be defined by the loaded object of that name. One without
 * any definitions only causes a warning; so does a weak need. musl does not look. */
static tfd_status check_versions(tfd_loader *loader, size_t index, tfd_err *err)
{
    const tfd_elf *elf = &loader->files.items[index].elf;
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < elf->need_count && st == TFD_OK && !loader->is_musl; i++) {
        const tfd_elf_version *need = &elf->needs[i];
        size_t provider = tfd_loader_named(loader, need->file);
        tfd_loader_problem problem = {.kind = TFD_SYMBOL_NO_VERSION,
                                      .file = index,
                                      .provider = provider,
                                      .version = need->name,
                                      .count = 1};

        if (provider == TFD_NONE || need->is_weak || !loader->files.items[provider].elf.has_verdef ||
            defines_version(&loader->files.items[provider].elf, need))
            continue;
        st = add_problem(loader, &problem, err);
    }
    return st;
}

/* ---- symbols */

typedef struct missing {
    uint32_t symbol;
    tfd_str name; /* in the arena */
    const tfd_elf_version *version;
} missing;

typedef struct binder {
    tfd_loader *loader;
    const tfd_loader_list *closure;
    size_t file;
    bool exact; /* compare names too */
    tfd_reader *reader;
    missing *missing;
    size_t missing_count, missing_kept;
    tfd_status st;
    tfd_err *err;
} binder;

static bool in_scope(const tfd_loader *loader, size_t file)
{
    return file < loader->mark_capacity && loader->marks[file] == loader->mark;
}

/* The exports of a file, read on first use. A file whose tables cannot be read exports nothing. */
static const tfd_elf_exports *exports_of(binder *b, size_t index)
{
    tfd_loader_file *file = &b->loader->files.items[index];
    tfd_err why;

    if (!file->exports_ready) {
        tfd_status st = tfd_reader_open(b->reader, b->loader->sys, file->opened, &why);

        file->exports_ready = true;
        if (st == TFD_OK) {
            st = tfd_elf_exports_read(b->reader, b->loader->scratch, &file->elf, &file->exports, &why);
            tfd_reader_close(b->reader);
        }
        if (st == TFD_ENOMEM)
            b->st = tfd_loader_no_memory(b->err);
        if (st == TFD_EACCESS || st == TFD_ENOENT) /* it could be read a moment ago */
            b->reader->failed = true;
    }
    return &file->exports;
}

static bool file_has(binder *b, size_t index, const tfd_elf_reference *reference)
{
    const tfd_elf_exports *exports = exports_of(b, index);
    tfd_loader_file *file = &b->loader->files.items[index];
    tfd_reader *reader = b->exact ? b->reader : NULL;
    bool has =
        tfd_elf_exports_has(exports, &file->elf, reference->hash, reference->version, NULL, reference->name);

    if (!has || !reader)
        return has;
    if (tfd_reader_open(reader, b->loader->sys, file->opened, NULL) != TFD_OK)
        return true;
    has = tfd_elf_exports_has(exports, &file->elf, reference->hash, reference->version, reader,
                              reference->name);
    tfd_reader_close(reader);
    return has;
}

static size_t find_in(binder *b, const tfd_loader_list *list, const tfd_elf_reference *reference)
{
    for (size_t i = 0; i < list->count && b->st == TFD_OK; i++)
        if (tfd_loader_is_usable(&b->loader->files.items[list->items[i]]) &&
            file_has(b, list->items[i], reference))
            return list->items[i];
    return TFD_NONE;
}

static size_t find_provider(binder *b, const tfd_elf_reference *reference)
{
    size_t file = find_in(b, &b->loader->global, reference);

    return file == TFD_NONE ? find_in(b, b->closure, reference) : file;
}

static bool keep_missing(binder *b, const tfd_elf_reference *reference)
{
    b->missing_count++;
    if (b->missing_kept == MISSING_MAX)
        return true;
    if (!b->missing)
        b->missing = tfd_arena_new(b->loader->scratch, missing, MISSING_MAX);
    if (b->missing) {
        missing *one = &b->missing[b->missing_kept];

        *one =
            (missing){reference->index, tfd_arena_str(b->loader->arena, reference->name), reference->version};
        if (one->name.ptr) {
            b->missing_kept++;
            return true;
        }
    }
    b->st = tfd_loader_no_memory(b->err);
    return false;
}

static bool visit(void *ctx, const tfd_elf_reference *reference)
{
    binder *b = ctx;
    struct tfd_loader_binding *slot;
    uint64_t key;
    size_t provider;

    if (reference->is_weak)
        return true;
    if (!make_room(b->loader)) {
        b->st = tfd_loader_no_memory(b->err);
        return false;
    }
    key = binding_key(reference);
    slot = slot_of(b->loader, key);
    if (slot->key == key && in_scope(b->loader, slot->file))
        return true;
    provider = find_provider(b, reference);
    if (b->st != TFD_OK)
        return false;
    if (provider == TFD_NONE)
        return keep_missing(b, reference);
    if (slot->key == 0)
        b->loader->binding_count++;
    slot->key = key;
    slot->file = (uint32_t)provider;
    return true;
}

/* ---- who should have had it */

static size_t common_prefix(tfd_str a, tfd_str b)
{
    size_t n = 0;

    while (n < a.len && n < b.len && a.ptr[n] == b.ptr[n])
        n++;
    return n;
}

typedef struct guess {
    binder *b;
    tfd_str name;
    size_t best, provider;
} guess;

/* The file that has the symbol most alike in name among those that this object uses and that do bind. */
static bool visit_alike(void *ctx, const tfd_elf_reference *reference)
{
    guess *g = ctx;
    size_t alike = common_prefix(reference->name, g->name);

    if (alike > g->best) {
        size_t provider = find_provider(g->b, reference);

        if (provider != TFD_NONE && provider != g->b->file) {
            g->best = alike;
            g->provider = provider;
        }
    }
    return g->b->st == TFD_OK;
}

/* Found where the system keeps its libraries: ld.so.cache, a default folder, or ld.so itself. */
static bool is_system(const tfd_loader *loader, size_t file)
{
    tfd_str rule = loader->files.items[file].rule;

    return tfd_str_is(rule, "ld.so.cache") || tfd_str_is(rule, "PT_INTERP") ||
           (tfd_str_starts_z(rule, "/") && !tfd_str_is(rule, "/etc/ld.so.preload"));
}

bool tfd_loader_is_forced(tfd_str rule)
{
    return tfd_str_is(rule, "LD_LIBRARY_PATH") || tfd_str_is(rule, "LD_PRELOAD") ||
           tfd_str_is(rule, "/etc/ld.so.preload");
}

/* The needed library that a variable brought; else the last one that is not the system's: a package lists its
 * own libraries from the general to the special. */
static size_t own_library(const tfd_loader *loader, size_t file)
{
    const tfd_loader_file *f = &loader->files.items[file];
    size_t last = TFD_NONE;

    for (size_t i = 0; i < f->need_count; i++) {
        size_t hit = loader->needs.items[f->first_need + i].hit;

        if (hit == TFD_NONE || !tfd_loader_is_usable(&loader->files.items[hit]))
            continue;
        if (tfd_loader_is_forced(loader->files.items[hit].rule))
            return hit;
        if (!is_system(loader, hit))
            last = hit;
    }
    return last;
}

/* Shorter likenesses ("_ZN", "_ZNK4") say nothing. */
#define ALIKE_MIN 8u

static size_t guess_provider(binder *b, tfd_reader *reader, const missing *one)
{
    guess g = {.b = b, .name = one->name, .best = ALIKE_MIN - 1, .provider = TFD_NONE};
    const tfd_loader_file *file = &b->loader->files.items[b->file];
    size_t own = own_library(b->loader, b->file);

    if (one->version)
        return tfd_loader_named(b->loader, one->version->file);
    if (own != TFD_NONE && tfd_loader_is_forced(b->loader->files.items[own].rule))
        return own;
    if (tfd_str_starts_z(one->name, "Py") || tfd_str_starts_z(one->name, "_Py"))
        g.best = 2;
    b->exact = false;
    (void)tfd_elf_each_undefined(reader, &file->elf, visit_alike, &g, NULL);
    return g.provider != TFD_NONE && (g.best < ALIKE_MIN || !is_system(b->loader, g.provider)) ? g.provider
                                                                                               : own;
}

/* ---- one object */

/* ld.so minds only symbols that a relocation refers to. Drops the others; *first: the one it would name. */
static tfd_status drop_unused(binder *b, tfd_reader *reader, size_t *first, bool *lazy)
{
    const tfd_loader_file *file = &b->loader->files.items[b->file];
    uint32_t *symbols = tfd_arena_new(b->loader->scratch, uint32_t, b->missing_kept + 1);
    uint8_t *kinds = tfd_arena_new(b->loader->scratch, uint8_t, b->missing_kept + 1);
    size_t dropped = 0;
    tfd_status st;

    if (!symbols || !kinds)
        return tfd_loader_no_memory(b->err);
    for (size_t i = 0; i < b->missing_kept; i++)
        symbols[i] = b->missing[i].symbol; /* in table order, so sorted */
    st = tfd_elf_find_relocated(reader, &file->elf, symbols, b->missing_kept, kinds, first, b->err);
    if (st != TFD_OK)
        return st == TFD_EFORMAT ? TFD_OK : st;
    *lazy = *lazy && !file->elf.bind_now;
    for (size_t i = 0; i < b->missing_kept; i++) {
        dropped += kinds[i] == 0;
        *lazy = *lazy && (kinds[i] & TFD_ELF_REF_DATA) == 0;
    }
    b->missing_count -= dropped;
    return TFD_OK;
}

static tfd_status report_missing(binder *b, tfd_reader *reader, bool lazy)
{
    tfd_loader_problem problem = {.kind = TFD_SYMBOL_UNDEFINED, .file = b->file, .is_lazy = lazy};
    const missing *one;
    size_t first = b->missing_kept;
    tfd_status st = drop_unused(b, reader, &first, &problem.is_lazy);

    if (st != TFD_OK || b->missing_count == 0 || first >= b->missing_kept)
        return st;
    one = &b->missing[first];
    problem.symbol = one->name;
    problem.version = one->version ? one->version->name : TFD_STR("");
    problem.count = b->missing_count;
    problem.provider = guess_provider(b, reader, one);
    return b->st == TFD_OK ? add_problem(b->loader, &problem, b->err) : b->st;
}

/* Looks all symbols up; where some are missing, once more with names compared, so that the count is exact. */
static tfd_status check_symbols(binder *b, tfd_reader *reader, bool lazy)
{
    tfd_loader_file *file = &b->loader->files.items[b->file];
    tfd_elf elf = file->elf;
    tfd_status st = tfd_reader_open(reader, b->loader->sys, file->opened, NULL);

    if (st != TFD_OK)
        return TFD_OK; /* gone since it was read: nothing can be said */
    st = tfd_elf_each_undefined(reader, &elf, visit, b, NULL);
    if (st == TFD_OK && b->st == TFD_OK && b->missing_count > 0) {
        b->exact = true;
        b->missing_count = b->missing_kept = 0;
        st = tfd_elf_each_undefined(reader, &elf, visit, b, NULL);
        if (st == TFD_OK && b->st == TFD_OK && b->missing_count > 0)
            b->st = report_missing(b, reader, lazy);
    }
    tfd_reader_close(reader);
    return b->st;
}

/* ---- all of one dlopen */

static tfd_status mark_scope(tfd_loader *loader, const tfd_loader_list *closure, tfd_err *err)
{
    if (loader->mark_capacity < loader->files.count) {
        loader->mark_capacity = loader->files.count * 2;
        loader->marks = tfd_arena_new(loader->scratch, uint32_t, loader->mark_capacity);
        if (!loader->marks)
            return tfd_loader_no_memory(err);
    }
    loader->mark++;
    for (size_t i = 0; i < loader->global.count; i++)
        loader->marks[loader->global.items[i]] = loader->mark;
    for (size_t i = 0; i < closure->count; i++)
        loader->marks[closure->items[i]] = loader->mark;
    return TFD_OK;
}

/* dl_open_worker checks the versions of all objects before it relocates any, and relocates the last one
 * first. */
static tfd_status bind_symbols(tfd_loader *loader, const tfd_loader_list *closure, bool lazy, tfd_err *err)
{
    tfd_status st = TFD_OK;

    for (size_t i = closure->count; i-- > 0 && st == TFD_OK;) {
        binder b = {
            .loader = loader, .closure = closure, .file = closure->items[i], .reader = loader->lookup_reader};

        b.err = err;
        if (b.file == loader->interpreter || loader->files.items[b.file].symbols_checked)
            continue;
        loader->files.items[b.file].symbols_checked = true;
        st = check_symbols(&b, loader->reader, lazy);
    }
    return st;
}

static bool all_fit(const tfd_loader *loader, const tfd_loader_list *closure)
{
    for (size_t i = 0; i < closure->count; i++)
        if (loader->files.items[closure->items[i]].has_problem)
            return false;
    return true;
}

tfd_status tfd_loader_bind(tfd_loader *loader, const tfd_loader_list *closure, bool lazy, bool *ok,
                           tfd_err *err)
{
    tfd_status st = mark_scope(loader, closure, err);

    for (size_t i = 0; i < closure->count && st == TFD_OK; i++) {
        if (loader->files.items[closure->items[i]].versions_checked)
            continue;
        loader->files.items[closure->items[i]].versions_checked = true;
        st = check_versions(loader, closure->items[i], err);
    }
    if (st == TFD_OK && all_fit(loader, closure))
        st = bind_symbols(loader, closure, lazy, err);
    *ok = st == TFD_OK && all_fit(loader, closure);
    return st;
}
