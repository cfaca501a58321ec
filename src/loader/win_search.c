#include "loader/win_parts.h"

/* Windows 10: older ones have api-ms-win-crt-….dll as files of an update. */
#define FIRST_WITH_UCRT 10240u

typedef struct search {
    tfd_win_loader *loader;
    tfd_str name; /* with suffix */
    tfd_win_need *need;
    struct {
        tfd_try *items;
        size_t count, capacity;
    } tried;
    bool is_over;    /* found */
    bool is_unknown; /* a place could not be looked at */
    tfd_err *err;
} search;

static tfd_status note_try(search *s, tfd_str path, tfd_str rule, const char *why)
{
    if (!path.ptr || !TFD_GROW(s->loader->arena, &s->tried))
        return tfd_win_no_memory(s->err);
    s->tried.items[s->tried.count++] = (tfd_try){path, rule, tfd_str_of(why)};
    return TFD_OK;
}

/* TFD_OK: it is there; TFD_ENOENT; another status: it could not be asked. Asked once for each folder. */
static tfd_status ask_dir(search *s, tfd_str dir)
{
    uint32_t known = tfd_map_get(&s->loader->dirs, dir);
    tfd_status status;
    tfd_kind kind;

    if (known != TFD_MAP_NONE)
        return known == 0 ? TFD_OK : known == 1 ? TFD_ENOENT : TFD_EIO;
    kind = tfd_win_kind(s->loader, dir, &status);
    known = kind == TFD_KIND_DIR ? 0u : status == TFD_OK || status == TFD_ENOENT ? 1u : 2u;
    if (status == TFD_EACCESS) /* it may still be possible to open what lies in it */
        known = 0;
    if (!tfd_map_put(s->loader->arena, &s->loader->dirs, dir, known))
        return tfd_win_no_memory(s->err);
    return known == 0 ? TFD_OK : known == 1 ? TFD_ENOENT : TFD_EIO;
}

/* The first file of the name ends the search, whatever is in it. */
static tfd_status try_dir(search *s, tfd_str dir, tfd_str rule)
{
    tfd_str path;
    size_t file;
    tfd_status st;

    if (dir.len == 0 || s->is_over)
        return TFD_OK;
    path = tfd_path_join(TFD_PATH_WINDOWS, s->loader->arena, dir, s->name);
    st = ask_dir(s, dir);
    if (st == TFD_ENOMEM || !path.ptr)
        return tfd_win_no_memory(s->err);
    if (st == TFD_EIO)
        s->is_unknown = true;
    if (st != TFD_OK)
        return note_try(s, path, rule, st == TFD_ENOENT ? "no such folder" : "could not be looked at");
    st = tfd_win_look_at(s->loader, path, &file, s->err);
    if (st != TFD_OK)
        return st;
    if (file == TFD_NONE)
        return note_try(s, path, rule, "not there");
    s->is_over = true;
    s->need->state = TFD_STATE_PRESENT;
    s->need->hit = file;
    s->need->rule = rule;
    return TFD_OK;
}

static tfd_status try_dirs(search *s, const tfd_win_dirs *dirs, bool last_first)
{
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < dirs->count && st == TFD_OK; i++) {
        const tfd_win_dir *dir = &dirs->items[last_first ? dirs->count - 1 - i : i];

        st = try_dir(s, dir->path, dir->rule);
    }
    return st;
}

static tfd_status try_flags(search *s, tfd_str module_dir)
{
    tfd_win_loader *l = s->loader;
    tfd_status st = try_dir(s, module_dir, TFD_STR("the folder of the module"));

    if (st == TFD_OK)
        st = try_dir(s, l->program_dir, l->program_rule);
    if (st == TFD_OK)
        st = try_dirs(s, &l->user_dirs, true);
    if (st == TFD_OK)
        st = try_dirs(s, &l->late_dirs, false);
    return st == TFD_OK ? try_dir(s, l->system_dir, TFD_STR("System32")) : st;
}

static tfd_status try_standard(search *s, tfd_str first, tfd_str rule)
{
    tfd_win_loader *l = s->loader;
    tfd_str current = TFD_STR("the current folder");
    tfd_status st = try_dir(s, first, rule);

    if (st == TFD_OK && l->settings.unsafe_order)
        st = try_dir(s, l->settings.cwd, current);
    if (st == TFD_OK)
        st = try_dir(s, l->system_dir, TFD_STR("System32"));
    if (st == TFD_OK)
        st = try_dir(s, l->windows_dir, TFD_STR("the Windows folder"));
    if (st == TFD_OK && !l->settings.unsafe_order)
        st = try_dir(s, l->settings.cwd, current);
    return st == TFD_OK ? try_dirs(s, &l->path_dirs, false) : st;
}

static tfd_status try_order(search *s, tfd_str module_dir, tfd_win_order order)
{
    switch (order) {
    case TFD_WIN_FLAGS:
        return try_flags(s, module_dir);
    case TFD_WIN_DEFAULTS:
        return try_flags(s, TFD_STR(""));
    case TFD_WIN_ALTERED:
        return try_standard(s, module_dir, TFD_STR("the folder of the module"));
    default:
        return try_standard(s, s->loader->program_dir, s->loader->program_rule);
    }
}

/* What Windows answers by itself. */
static tfd_status try_system(search *s, bool *done)
{
    tfd_win_loader *l = s->loader;
    bool is_crt = tfd_str_eq_nocase(tfd_str_sub(s->name, 0, 15), TFD_STR("api-ms-win-crt-"));
    tfd_status st = TFD_OK;

    *done = false;
    if (tfd_win_is_api_set(s->name) && (!is_crt || l->build == 0 || l->build >= FIRST_WITH_UCRT)) {
        *done = true;
        s->name = TFD_STR("ucrtbase.dll");
        if (is_crt)
            st = try_dir(s, l->system_dir, TFD_STR("API set"));
    } else if (tfd_win_is_known(l, s->name)) {
        *done = true;
        st = try_dir(s, l->system_dir, TFD_STR("KnownDLLs"));
    }
    if (*done && !s->is_over) {
        s->need->state = TFD_STATE_PRESENT;
        s->need->rule = tfd_win_is_api_set(s->need->name) ? TFD_STR("API set") : TFD_STR("KnownDLLs");
        s->tried.count = 0;
    }
    return st;
}

/* LdrpLoadDll: a name without a dot gets ".dll". */
static tfd_str full_name(tfd_win_loader *loader, tfd_str name)
{
    if (tfd_str_find_char(tfd_path_base(TFD_PATH_WINDOWS, name), '.') != TFD_NPOS)
        return name;
    return tfd_arena_fmt(loader->arena, "%.*s.dll", TFD_ARG(name));
}

tfd_status tfd_win_resolve(tfd_win_loader *loader, tfd_str name, tfd_str module_dir, tfd_win_order order,
                           bool fresh, tfd_win_need *out, tfd_err *err)
{
    search s = {.loader = loader, .name = full_name(loader, name), .need = out, .err = err};
    bool done;
    tfd_status st;

    *out = (tfd_win_need){.by = TFD_NONE, .name = name, .hit = TFD_NONE, .state = TFD_STATE_ABSENT};
    if (!s.name.ptr)
        return tfd_win_no_memory(err);
    st = try_system(&s, &done);
    if (st != TFD_OK || done)
        return st;
    st = try_dirs(&s, &loader->assembly_dirs, false);
    if (st != TFD_OK || s.is_over)
        return st;
    if (!fresh && tfd_win_named(loader, s.name) != TFD_NONE) {
        out->hit = tfd_win_named(loader, s.name);
        out->rule = TFD_STR("already loaded");
        out->state = TFD_STATE_PRESENT;
        return TFD_OK;
    }
    st = try_order(&s, module_dir, order);
    out->tried = s.tried.items;
    out->tried_count = s.tried.count;
    if (st != TFD_OK || s.is_over)
        return st;
    if (s.is_unknown)
        out->state = TFD_STATE_UNKNOWN;
    if (tfd_win_is_system_name(s.name)) {
        out->state = TFD_STATE_PRESENT;
        out->rule = TFD_STR("System32");
    }
    return TFD_OK;
}

tfd_status tfd_win_search(tfd_win_loader *loader, tfd_str name, tfd_str module_dir, tfd_win_order order,
                          tfd_win_need *out, tfd_err *err)
{
    return tfd_win_resolve(loader, name, module_dir, order, true, out, err);
}
