#include "packages/record_work.h"

#include <string.h>

/* Missing modules of one distribution that become rows. */
#define MISSING_MAX 64

static bool is_trusted(const tfd_dist *dist)
{
    return dist->has_record && !dist->record_cut;
}

/* "a.b" as "a/b", in the arena, with room for a suffix behind it. */
static tfd_str path_of(tfd_probe_ctx *ctx, tfd_str root, tfd_str module)
{
    tfd_str rel = tfd_arena_str(ctx->arena, module);
    char *text = (char *)rel.ptr; /* this function's own copy */

    for (size_t i = 0; i < rel.len; i++)
        if (text[i] == '.')
            text[i] = '/';
    return tfd_path_join(ctx->sys->style, ctx->arena, root, rel);
}

static bool is_absent(tfd_probe_ctx *ctx, tfd_str stem, tfd_str suffix)
{
    tfd_str path = tfd_arena_fmt(ctx->arena, "%.*s%.*s", TFD_ARG(stem), TFD_ARG(suffix));
    tfd_stat info;

    return path.ptr && ctx->sys->stat(ctx->sys, path, true, &info, NULL) == TFD_ENOENT;
}

/* Nothing that Python would take for the module: no folder, no source, no extension module. */
static bool is_missing(tfd_probe_ctx *ctx, tfd_str stem)
{
    tfd_str soabi = ctx->facts->python.soabi;
    bool is_gone = is_absent(ctx, stem, TFD_STR("")) && is_absent(ctx, stem, TFD_STR(".py")) &&
                   is_absent(ctx, stem, TFD_STR(".so")) && is_absent(ctx, stem, TFD_STR(".abi3.so")) &&
                   is_absent(ctx, stem, TFD_STR(".pyd")) && is_absent(ctx, stem, TFD_STR(".pyc"));

    return is_gone &&
           (soabi.len == 0 || (is_absent(ctx, stem, tfd_arena_fmt(ctx->arena, ".%.*s.so", TFD_ARG(soabi))) &&
                               is_absent(ctx, stem, tfd_arena_fmt(ctx->arena, ".%.*s.pyd", TFD_ARG(soabi)))));
}

static tfd_status add_missing(tfd_probe_ctx *ctx, size_t dist, tfd_str stem, tfd_str module)
{
    tfd_facts *facts = ctx->facts;
    tfd_file_problem *out;

    if (!TFD_GROW(ctx->arena, &facts->file_problems))
        return TFD_ENOMEM;
    out = &facts->file_problems.items[facts->file_problems.count];
    memset(out, 0, sizeof *out);
    out->dist = dist;
    out->other = TFD_NONE;
    out->state = TFD_FILE_MISSING;
    out->path = tfd_arena_fmt(ctx->arena, "%.*s.py", TFD_ARG(stem));
    out->module = tfd_arena_str(ctx->arena, module);
    if (!out->path.ptr || !out->module.ptr)
        return TFD_ENOMEM;
    for (size_t i = 0; i < facts->file_problems.count; i++)
        if (tfd_str_eq(facts->file_problems.items[i].path, out->path))
            return TFD_OK;
    facts->file_problems.count++;
    facts->dists.items[dist].missing++;
    return TFD_OK;
}

/* Whether the module is of a package that the distribution is known to bring. */
static bool is_of(tfd_probe_ctx *ctx, const tfd_dist *dist, tfd_str module)
{
    tfd_str top = tfd_kb_dist_module(ctx->kb, dist->key);
    char name[256];

    if (dist->is_tensorflow)
        return true;
    if (top.len == 0) {
        size_t len = dist->key.len < sizeof name ? dist->key.len : 0;

        for (size_t i = 0; i < len; i++)
            name[i] = dist->key.ptr[i] == '-' ? '_' : dist->key.ptr[i];
        top = (tfd_str){name, len};
    }
    return top.len > 0 && tfd_str_eq(tfd_str_sub(module, 0, top.len), top) &&
           (module.len == top.len || module.ptr[top.len] == '.');
}

static tfd_status check_dist(tfd_probe_ctx *ctx, size_t row)
{
    const tfd_facts *facts = ctx->facts;
    const tfd_dist *dist = &facts->dists.items[row];
    tfd_str root = facts->places.items[dist->place].path;
    size_t before = facts->file_problems.count;
    tfd_str version = facts->dists.items[facts->tensorflow].version;
    tfd_kb_tree tree;
    tfd_str module;
    bool has_parts;

    if (!dist->is_tensorflow && !tfd_kb_is_measured_part(ctx->kb, version, dist->key, dist->version))
        return TFD_OK;
    if (!tfd_kb_tree_open(ctx->kb, version, !dist->is_tensorflow, &tree))
        return TFD_OK;
    while (tfd_kb_tree_next(&tree, &module, &has_parts)) {
        tfd_arena_mark mark = tfd_arena_get_mark(ctx->arena);
        tfd_str stem = is_of(ctx, dist, module) ? path_of(ctx, root, module) : TFD_STR("");

        if (stem.len == 0 || !is_missing(ctx, stem) || facts->file_problems.count - before >= MISSING_MAX)
            tfd_arena_rewind(ctx->arena, mark);
        else if (add_missing(ctx, row, stem, module) != TFD_OK)
            return TFD_ENOMEM;
    }
    return TFD_OK;
}

tfd_status tfd_record_check_loaded(tfd_probe_ctx *ctx)
{
    const tfd_facts *facts = ctx->facts;

    if (facts->tensorflow == TFD_NONE)
        return TFD_OK;
    for (size_t i = 0; i < facts->dists.count; i++) {
        const tfd_dist *dist = &facts->dists.items[i];
        bool takes_part =
            dist->is_tensorflow ? i == facts->tensorflow : dist->is_needed && !dist->is_shadowed;

        if (takes_part && dist->kind == TFD_DIST_INFO && !is_trusted(dist) && check_dist(ctx, i) != TFD_OK)
            return TFD_ENOMEM;
    }
    return TFD_OK;
}
