/* Copies of the Visual C++ and Universal C runtime: which one the process gets, which others are about. */
#include "probes/native_windows.h"

static const char *const runtime_names[] = {
    "msvcp140.dll",
    "msvcp140_1.dll",
    "msvcp140_2.dll",
    "msvcp140_atomic_wait.dll",
    "msvcp140_codecvt_ids.dll",
    "vcruntime140.dll",
    "vcruntime140_1.dll",
    "vcruntime140_threads.dll",
    "concrt140.dll",
    "vcomp140.dll",
    "ucrtbase.dll",
};

typedef struct collector {
    tfd_probe_ctx *ctx;
    tfd_win_loader *loader;
    tfd_win_order order;
    tfd_str name;
    size_t first; /* row of runtimes: first of this name */
    tfd_err *err;
} collector;

static tfd_status no_memory(tfd_err *err)
{
    return tfd_err_set(err, TFD_ENOMEM, 0, "native files: out of memory");
}

static bool is_listed(const collector *c, tfd_str path)
{
    const tfd_runtimes *all = &c->ctx->facts->runtimes;

    for (size_t i = c->first; i < all->count; i++)
        if (tfd_path_eq(TFD_PATH_WINDOWS, all->items[i].path, path))
            return true;
    return false;
}

static tfd_status push(collector *c, tfd_runtime row)
{
    tfd_runtimes *all = &c->ctx->facts->runtimes;

    if (!TFD_GROW(c->ctx->arena, all))
        return no_memory(c->err);
    all->items[all->count++] = row;
    return TFD_OK;
}

/* Who brought it into the process: the package whose code loads it, or the file that imports it. */
static tfd_str owner_of(const tfd_win_loader *loader, const tfd_win_file *file)
{
    if (file->owner.len > 0)
        return file->owner;
    if (file->loader == TFD_NONE)
        return TFD_STR("");
    return tfd_path_base(TFD_PATH_WINDOWS, loader->files.items[file->loader].path);
}

static tfd_status add_copy(collector *c, size_t file, tfd_str rule)
{
    const tfd_facts *facts = c->ctx->facts;
    const tfd_win_file *row = &c->loader->files.items[file];
    tfd_runtime copy = {.name = c->name, .path = row->path, .rule = rule, .state = row->state};
    tfd_pe_version version;
    tfd_status st;

    if (is_listed(c, row->path))
        return TFD_OK;
    copy.why = row->why;
    copy.is_loaded = row->is_loaded && tfd_win_named(c->loader, c->name) == file;
    copy.is_early = copy.is_loaded && row->is_early;
    copy.is_system = row->is_system;
    copy.arch = tfd_pe_arch(&row->pe);
    copy.owner = copy.is_loaded ? owner_of(c->loader, row) : TFD_STR("");
    copy.object = file < facts->objects.count ? file : TFD_NONE;
    if (row->pe.state == TFD_PE_OK && row->pe.bits != 0) {
        st = tfd_pe_file_version(c->ctx->sys, c->ctx->arena, row->path, &version, NULL);
        if (st == TFD_ENOMEM)
            return no_memory(c->err);
        copy.version = st == TFD_OK && version.is_present ? version.text : TFD_STR("");
    }
    if (copy.object != TFD_NONE)
        c->ctx->facts->objects.items[copy.object].version = copy.version;
    return push(c, copy);
}

static tfd_status look_in(collector *c, tfd_str dir, tfd_str rule)
{
    tfd_str path = tfd_path_join(TFD_PATH_WINDOWS, c->ctx->arena, dir, c->name);
    size_t file = TFD_NONE;
    tfd_status st;

    if (dir.len == 0)
        return TFD_OK;
    st = path.ptr ? tfd_win_look_at(c->loader, path, &file, c->err) : no_memory(c->err);
    return st == TFD_OK && file != TFD_NONE ? add_copy(c, file, rule) : st;
}

static tfd_status look_in_all(collector *c, const tfd_win_dirs *dirs, bool last_first)
{
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < dirs->count && st == TFD_OK; i++) {
        const tfd_win_dir *dir = &dirs->items[last_first ? dirs->count - 1 - i : i];

        st = look_in(c, dir->path, dir->rule);
    }
    return st;
}

/* Folders of the files that need the name: a copy there would be taken if nothing were loaded yet. */
static tfd_status look_beside_needers(collector *c, bool *is_wanted)
{
    tfd_win_loader *l = c->loader;
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < l->needs.count && st == TFD_OK; i++) {
        const tfd_win_need *need = &l->needs.items[i];

        if (need->is_delayed || !tfd_str_eq_nocase(need->name, c->name))
            continue;
        *is_wanted = true;
        if (need->by != TFD_NONE && !l->files.items[need->by].is_system && need->by != l->program)
            st = look_in(c, tfd_path_dir(TFD_PATH_WINDOWS, l->files.items[need->by].path),
                         TFD_STR("the folder of the module"));
    }
    return st;
}

/* PATH brings nothing to an interpreter of 3.8 and later, but to programs that were made otherwise. */
static tfd_status look_everywhere(collector *c, bool *is_wanted)
{
    tfd_win_loader *l = c->loader;
    size_t loaded = tfd_win_named(l, c->name);
    tfd_status st = loaded == TFD_NONE ? TFD_OK : add_copy(c, loaded, l->files.items[loaded].rule);

    if (st == TFD_OK)
        st = look_beside_needers(c, is_wanted);
    if (st == TFD_OK && c->order != TFD_WIN_ALTERED)
        st = look_in(c, l->program_dir, l->program_rule);
    if (st == TFD_OK)
        st = look_in_all(c, &l->user_dirs, true);
    if (st == TFD_OK)
        st = look_in_all(c, &l->late_dirs, false);
    if (st == TFD_OK)
        st = look_in(c, l->system_dir, TFD_STR("System32"));
    if (st == TFD_OK && c->order == TFD_WIN_ALTERED)
        st = look_in_all(c, &l->path_dirs, false);
    return st;
}

tfd_status tfd_native_runtimes(tfd_probe_ctx *ctx, tfd_win_loader *loader, tfd_win_order order, tfd_err *err)
{
    collector c = {.ctx = ctx, .loader = loader, .order = order, .err = err};
    tfd_runtimes *all = &ctx->facts->runtimes;
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < sizeof runtime_names / sizeof runtime_names[0] && st == TFD_OK; i++) {
        bool is_wanted = false;

        c.name = tfd_str_of(runtime_names[i]);
        c.first = all->count;
        st = look_everywhere(&c, &is_wanted);
        if (st != TFD_OK)
            break;
        if (all->count == c.first && is_wanted)
            st = push(&c, (tfd_runtime){.name = c.name,
                                        .state = TFD_OBJECT_MISSING,
                                        .why = TFD_STR("no folder that is searched has it"),
                                        .object = TFD_NONE});
    }
    return st;
}
