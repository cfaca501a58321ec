#include "loader/loader_parts.h"

typedef struct search {
    tfd_loader *loader;
    tfd_str name;
    tfd_loader_need *need;
    struct {
        tfd_try *items;
        size_t count, capacity;
    } tried;
    bool is_over; /* found, or given up */
    tfd_err *err;
} search;

static tfd_status note_try(search *s, tfd_str path, tfd_str rule, const char *why)
{
    if (!TFD_GROW(s->loader->arena, &s->tried))
        return tfd_loader_no_memory(s->err);
    s->tried.items[s->tried.count++] = (tfd_try){path, rule, tfd_str_of(why)};
    return TFD_OK;
}

static tfd_status try_path(search *s, tfd_str path, tfd_str rule)
{
    tfd_loader_look look;
    size_t file;
    tfd_status st = tfd_loader_look_at(s->loader, path, &look, &file, s->err);

    if (st != TFD_OK)
        return st;
    if (look == TFD_LOOK_TAKEN) {
        s->is_over = true;
        s->need->is_found = true;
        s->need->hit = file;
        s->need->rule = rule;
        return TFD_OK;
    }
    if (look == TFD_LOOK_PASSED && s->need->hit == TFD_NONE)
        s->need->hit = file;
    if (look == TFD_LOOK_ABSENT)
        return note_try(s, path, rule, "not there");
    return note_try(s, path, rule,
                    file != TFD_NONE && s->loader->files.items[file].state == TFD_OBJECT_WRONG_ARCH
                        ? "for another processor"
                        : "no permission");
}

static tfd_str join(search *s, tfd_str dir, tfd_str name)
{
    return tfd_path_join(TFD_PATH_POSIX, s->loader->arena, dir, name);
}

/* dir/glibc-hwcaps/x86-64-v3/name and its like (glibc 2.33 and later), then dir/name. */
static tfd_status try_dir(search *s, tfd_str dir, tfd_str rule)
{
    const tfd_loader_settings *set = &s->loader->settings;
    tfd_status st = TFD_OK;
    tfd_str path;

    if (!tfd_loader_has_dir(s->loader, dir))
        return note_try(s, join(s, dir, s->name), rule, "no such folder");
    if (!s->loader->is_musl && set->hwcap_count > 0) {
        tfd_str caps = join(s, dir, TFD_STR("glibc-hwcaps"));

        if (!caps.ptr)
            return tfd_loader_no_memory(s->err);
        for (size_t i = 0;
             i < set->hwcap_count && st == TFD_OK && !s->is_over && tfd_loader_has_dir(s->loader, caps);
             i++) {
            tfd_str sub = join(s, caps, set->hwcaps[i]);

            if (sub.ptr && tfd_loader_has_dir(s->loader, sub)) {
                path = join(s, sub, s->name);
                st = path.ptr ? try_path(s, path, rule) : tfd_loader_no_memory(s->err);
            }
        }
    }
    if (st != TFD_OK || s->is_over)
        return st;
    path = join(s, dir, s->name);
    return path.ptr ? try_path(s, path, rule) : tfd_loader_no_memory(s->err);
}

static tfd_status try_dirs(search *s, const tfd_loader_path *path, const char *what, size_t owner)
{
    tfd_str rule = tfd_str_of(what);
    tfd_status st = TFD_OK;

    if (path->count == 0)
        return TFD_OK;
    if (owner != TFD_NONE) {
        rule =
            tfd_arena_fmt(s->loader->arena, "%s of %.*s", what, TFD_ARG(s->loader->files.items[owner].path));
        if (!rule.ptr)
            return tfd_loader_no_memory(s->err);
    }
    for (size_t i = 0; i < path->count && st == TFD_OK && !s->is_over; i++)
        st = try_dir(s, path->items[i], rule);
    return st;
}

/* DT_RPATH of the object, of what brought it, and so on; at last of the program. */
static tfd_status try_rpath_chain(search *s, size_t by)
{
    tfd_loader *loader = s->loader;
    bool saw_program = false;
    tfd_loader_path *path;
    tfd_status st = TFD_OK;

    for (size_t file = by; file != TFD_NONE && st == TFD_OK && !s->is_over;
         file = loader->files.items[file].loader) {
        saw_program |= file == loader->program;
        st = tfd_loader_rpath_of(loader, file, &path, s->err);
        if (st == TFD_OK)
            st = try_dirs(s, path, "RPATH", file);
    }
    if (st != TFD_OK || s->is_over || saw_program || loader->program == TFD_NONE)
        return st;
    st = tfd_loader_rpath_of(loader, loader->program, &path, s->err);
    return st == TFD_OK ? try_dirs(s, path, "RPATH", loader->program) : st;
}

static int32_t cache_flags(const tfd_loader *loader)
{
    uint16_t machine = loader->program == TFD_NONE ? 0 : loader->files.items[loader->program].elf.machine;

    switch (machine) {
    case TFD_EM_X86_64:
        return TFD_LDCACHE_X86_64;
    case TFD_EM_AARCH64:
        return TFD_LDCACHE_AARCH64;
    case TFD_EM_ARM:
        return TFD_LDCACHE_ARM_HARD;
    case 21:
        return TFD_LDCACHE_POWERPC_64;
    case 22:
        return TFD_LDCACHE_S390X;
    case 243:
        return TFD_LDCACHE_RISCV_64;
    default:
        return TFD_LDCACHE_386;
    }
}

#define CACHE_PATH "/etc/ld.so.cache"

/* A cache that is not there or that nobody understands is like an empty one, as for ld.so. */
static tfd_status read_cache(tfd_loader *loader, tfd_err *err)
{
    tfd_str text;
    tfd_status st;

    loader->cache_ready = true;
    st = tfd_sys_read_file(loader->sys, loader->arena, TFD_STR(CACHE_PATH), TFD_LDCACHE_MAX, &text, err);
    tfd_loader_doubt(loader, st);
    if (st == TFD_OK)
        st = tfd_ldcache_parse(loader->arena, text, &loader->cache, err);
    return st == TFD_ENOMEM ? st : TFD_OK;
}

static tfd_status try_cache(search *s, size_t by)
{
    tfd_loader *loader = s->loader;
    tfd_status st = loader->cache_ready ? TFD_OK : read_cache(loader, s->err);
    size_t asker = by == TFD_NONE ? loader->program : by;
    tfd_str path;

    if (st != TFD_OK)
        return st;
    path = tfd_ldcache_find(&loader->cache, s->name, cache_flags(loader), loader->settings.hwcaps,
                            loader->settings.hwcap_count);
    if (path.len == 0)
        return note_try(s, TFD_STR(CACHE_PATH), TFD_STR("ld.so.cache"), "not listed");
    if (asker != TFD_NONE && loader->files.items[asker].elf.no_default_dirs)
        for (size_t i = 0; i < loader->default_dirs.count; i++)
            if (tfd_str_eq(tfd_path_dir(TFD_PATH_POSIX, path), loader->default_dirs.items[i]))
                return note_try(s, path, TFD_STR("ld.so.cache"), "the object forbids default folders");
    return try_path(s, path, TFD_STR("ld.so.cache"));
}

static tfd_status try_defaults(search *s, size_t by)
{
    tfd_loader *loader = s->loader;
    size_t asker = by == TFD_NONE ? loader->program : by;
    tfd_status st = TFD_OK;

    if (asker != TFD_NONE && loader->files.items[asker].elf.no_default_dirs)
        return TFD_OK;
    for (size_t i = 0; i < loader->default_dirs.count && st == TFD_OK && !s->is_over; i++)
        st = try_dir(s, loader->default_dirs.items[i], loader->default_dirs.items[i]);
    return st;
}

/* musl: LD_LIBRARY_PATH, then the merged paths of the object and of what needs it, then the system's. A
 * candidate that opens ends the search whatever it is. */
static tfd_status search_musl(search *s, size_t by, bool without_variable)
{
    tfd_loader *loader = s->loader;
    tfd_status st =
        without_variable ? TFD_OK : try_dirs(s, &loader->library_path, "LD_LIBRARY_PATH", TFD_NONE);

    if (st == TFD_OK && !s->is_over)
        st = try_rpath_chain(s, by);
    if (st == TFD_OK && !s->is_over)
        st = try_defaults(s, by);
    return st;
}

static tfd_status search_glibc(search *s, size_t by, bool without_variable)
{
    tfd_loader *loader = s->loader;
    tfd_loader_path *path;
    tfd_status st = TFD_OK;

    if (by == TFD_NONE || !loader->files.items[by].elf.has_runpath)
        st = try_rpath_chain(s, by);
    if (st == TFD_OK && !s->is_over && !without_variable)
        st = try_dirs(s, &loader->library_path, "LD_LIBRARY_PATH", TFD_NONE);
    if (st == TFD_OK && !s->is_over && by != TFD_NONE) {
        st = tfd_loader_runpath_of(loader, by, &path, s->err);
        if (st == TFD_OK)
            st = try_dirs(s, path, "RUNPATH", by);
    }
    if (st == TFD_OK && !s->is_over)
        st = try_cache(s, by);
    if (st == TFD_OK && !s->is_over)
        st = try_defaults(s, by);
    return st;
}

tfd_status tfd_loader_search(tfd_loader *loader, tfd_str name, size_t by, bool without_variable,
                             tfd_loader_need *out, tfd_err *err)
{
    search s = {.loader = loader, .name = name, .need = out, .err = err};
    tfd_status st;

    *out = (tfd_loader_need){.by = by, .name = name, .hit = TFD_NONE};
    if (tfd_str_find_char(name, '/') != TFD_NPOS) {
        tfd_str origin = by == TFD_NONE ? TFD_STR("") : loader->files.items[by].origin;
        tfd_str path;

        st = tfd_loader_expand(loader, name, origin, &path, err);
        if (st == TFD_OK)
            path = tfd_path_join(TFD_PATH_POSIX, loader->arena, loader->settings.cwd, path);
        if (st == TFD_OK)
            st = path.ptr ? try_path(&s, path, TFD_STR("path")) : tfd_loader_no_memory(err);
    } else {
        st = loader->is_musl ? search_musl(&s, by, without_variable) : search_glibc(&s, by, without_variable);
    }
    out->tried = s.tried.items;
    out->tried_count = s.tried.count;
    return st;
}
