#include "packages/record_work.h"

#include "formats/pep440.h"

#include <string.h>

/* RECORD of a larger pip is not one: that of pip 24 has 0.1 MB. */
#define PIP_RECORD_MAX ((uint64_t)4 << 20)

/* Without these pip does not start; asked for where its RECORD is gone. */
static const char *const starters[] = {"pip/__init__.py", "pip/__main__.py", "pip/_internal/__init__.py",
                                       "pip/_vendor/__init__.py"};

static tfd_str join(tfd_probe_ctx *ctx, tfd_str dir, tfd_str name)
{
    return tfd_path_join(ctx->sys->style, ctx->arena, dir, name);
}

/* The first place that answers `import pip`. */
static tfd_str find_site(const tfd_facts *facts)
{
    for (size_t i = 0; i < facts->places.count; i++)
        if (facts->places.items[i].kind != TFD_PLACE_START &&
            tfd_map_get(&facts->places.items[i].names, TFD_STR("pip")) != TFD_MAP_NONE)
            return facts->places.items[i].path;
    return TFD_STR("");
}

static bool is_damaged(const tfd_stat_item *item, uint64_t size)
{
    if (item->status == TFD_OK)
        return item->stat.kind != TFD_KIND_FILE || item->stat.size < size;
    return item->status == TFD_ENOENT;
}

/* Stats the modules of one piece of RECORD; the first that is not whole. */
static tfd_status check_rows(tfd_probe_ctx *ctx, tfd_str rows, char *scratch)
{
    tfd_pip *pip = &ctx->facts->pip;
    TFD_TABLE(tfd_stat_item) items = {0};
    TFD_TABLE(uint64_t) sizes = {0};
    tfd_record_row row;

    while (tfd_record_next(&rows, scratch, &row)) {
        if (!tfd_record_is_payload(&row) || !tfd_str_ends_z(row.path, ".py"))
            continue;
        if (!TFD_GROW(ctx->arena, &items) || !TFD_GROW(ctx->arena, &sizes))
            return TFD_ENOMEM;
        memset(&items.items[items.count], 0, sizeof items.items[0]);
        items.items[items.count].name = tfd_arena_str(ctx->arena, row.path);
        if (!items.items[items.count++].name.ptr)
            return TFD_ENOMEM;
        sizes.items[sizes.count++] = row.has_size ? row.size : 0;
    }
    if (items.count == 0 ||
        ctx->sys->stat_many(ctx->sys, pip->site, items.items, items.count, NULL) != TFD_OK)
        return TFD_OK;
    for (size_t i = 0; i < items.count && pip->damaged.len == 0; i++)
        if (is_damaged(&items.items[i], sizes.items[i]))
            pip->damaged = join(ctx, pip->site, items.items[i].name);
    return TFD_OK;
}

static tfd_status check_record(tfd_probe_ctx *ctx, const tfd_dist *dist)
{
    char *buffer = tfd_arena_take(ctx->arena, TFD_RECORD_BUFFER + TFD_RECORD_PATH_MAX, 1);
    tfd_str path = tfd_record_path(ctx->sys, ctx->arena, dist);
    tfd_status status = TFD_OK;
    tfd_stat info;

    if (!buffer)
        return TFD_ENOMEM;
    if (ctx->sys->stat(ctx->sys, path, true, &info, NULL) != TFD_OK || info.size > PIP_RECORD_MAX)
        return TFD_OK;
    for (uint64_t at = 0; at < info.size && status == TFD_OK; at += TFD_RECORD_CHUNK) {
        tfd_str rows;

        if (tfd_record_read_chunk(ctx->sys, path, at, buffer, &rows) != TFD_OK)
            return TFD_OK;
        ctx->facts->pip.has_record = true;
        status = check_rows(ctx, rows, buffer + TFD_RECORD_BUFFER);
    }
    return status;
}

static void check_starters(tfd_probe_ctx *ctx)
{
    tfd_pip *pip = &ctx->facts->pip;

    for (size_t i = 0; i < sizeof starters / sizeof *starters && pip->damaged.len == 0; i++) {
        tfd_str path = join(ctx, pip->site, tfd_str_of(starters[i]));
        tfd_stat info;

        if (ctx->sys->stat(ctx->sys, path, true, &info, NULL) == TFD_ENOENT)
            pip->damaged = path;
    }
}

/* The base interpreter of a virtual environment has a pip of its own: in site-packages, or in Debian's
 * dist-packages. */
static void find_base(tfd_probe_ctx *ctx)
{
    const tfd_python *py = &ctx->facts->python;
    tfd_pip *pip = &ctx->facts->pip;
    bool is_windows = ctx->sys->style == TFD_PATH_WINDOWS;
    tfd_str sites[2];

    if (py->pyvenv_cfg.len == 0 || py->base_prefix.len == 0 || tfd_str_eq(py->base_prefix, py->prefix))
        return;
    sites[0] = tfd_arena_fmt(ctx->arena, "%.*s/lib/python%d.%d/site-packages", TFD_ARG(py->base_prefix),
                             py->major, py->minor);
    if (is_windows)
        sites[0] = join(ctx, py->base_prefix, TFD_STR("Lib\\site-packages"));
    sites[1] = join(ctx, py->base_prefix, TFD_STR("lib/python3/dist-packages"));
    for (size_t i = 0; i < 2 && pip->base.len == 0; i++) {
        tfd_dirents entries = {0};

        if (ctx->sys->list(ctx->sys, ctx->arena, sites[i], &entries, NULL) != TFD_OK)
            continue;
        for (size_t k = 0; k < entries.count; k++) {
            tfd_str name, version;

            if (tfd_info_split(entries.items[k].name, &name, &version) != TFD_INFO_DIST ||
                !tfd_str_is(name, "pip"))
                continue;
            pip->base = tfd_arena_fmt(ctx->arena, "%.*s/bin/python%d.%d", TFD_ARG(py->base_prefix), py->major,
                                      py->minor);
            if (is_windows)
                pip->base = join(ctx, py->base_prefix, TFD_STR("python.exe"));
            pip->base_can_lend = tfd_specifier_match(TFD_STR(">=22.3"), version, TFD_PRE_ALLOW) == TFD_YES &&
                                 tfd_sys_is_file(ctx->sys, pip->base);
        }
    }
}

tfd_status tfd_record_check_pip(tfd_probe_ctx *ctx)
{
    tfd_facts *facts = ctx->facts;
    tfd_status status = TFD_OK;

    facts->pip.dist = tfd_dist_find(facts, TFD_STR("pip"));
    facts->pip.site = find_site(facts);
    if (facts->pip.site.len == 0)
        return TFD_OK;
    if (facts->pip.dist != TFD_NONE) {
        const tfd_dist *dist = &facts->dists.items[facts->pip.dist];

        facts->pip.site = facts->places.items[dist->place].path;
        if (dist->kind == TFD_DIST_INFO)
            status = check_record(ctx, dist);
    }
    if (status == TFD_OK && !facts->pip.has_record)
        check_starters(ctx);
    if (status == TFD_OK && facts->pip.damaged.len > 0)
        find_base(ctx);
    return status;
}
