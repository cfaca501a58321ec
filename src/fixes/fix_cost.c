/* What a fix costs: the packages that its commands name, and what has to be fetched for them. TensorFlow's
 * wheels are known exactly; of others the newest version stands for all. */
#include "fixes/fix.h"
#include "formats/pep440.h"
#include "formats/pep508.h"

static bool has_package(const tfd_fix_cost *cost, tfd_str package)
{
    for (size_t i = 0; i < cost->package_count; i++)
        if (tfd_str_eq(cost->packages[i], package))
            return true;
    return false;
}

static void add_package(tfd_arena *arena, tfd_fix_cost *cost, tfd_str package)
{
    if (!cost->packages)
        cost->packages = tfd_arena_new(arena, tfd_str, TFD_COST_PACKAGES_MAX);
    if (cost->packages && cost->package_count < TFD_COST_PACKAGES_MAX && !has_package(cost, package))
        cost->packages[cost->package_count++] = package;
}

tfd_str tfd_fix_pinned_version(tfd_str specifier)
{
    tfd_str rest = specifier;
    tfd_clause clause;

    if (tfd_clause_next(&rest, &clause) != TFD_OK || clause.op != TFD_OP_EQ || clause.is_wildcard)
        return TFD_STR("");
    return clause.version.text;
}

static uint64_t cpu_download(const tfd_fix_ctx *ctx, tfd_str version)
{
    const tfd_kb_release *release = tfd_kb_release_find(ctx->view->kb, version);
    const tfd_kb_wheel *wheel = release ? tfd_kb_wheel_find(release, tfd_fix_platform(ctx)) : NULL;

    return wheel ? wheel->cpu_size : 0;
}

/* Measured costs are of the distribution called tensorflow; packages that are there already cost nothing. */
static uint64_t tensorflow_download(const tfd_fix_ctx *ctx, tfd_install_mode mode, tfd_str version,
                                    bool with_cuda)
{
    const tfd_python *py = &ctx->view->facts->python;
    const tfd_dist *tf = tfd_view_tensorflow(ctx->view);
    tfd_kb *kb = ctx->view->kb;
    tfd_str platform = tfd_fix_platform(ctx);
    tfd_str minor = tfd_arena_fmt(ctx->arena, "%d.%d", py->major, py->minor);
    const tfd_kb_release *release = tfd_kb_release_find(kb, version);
    const tfd_kb_wheel *wheel = release ? tfd_kb_wheel_find(release, platform) : NULL;
    const tfd_kb_cost *all = tfd_kb_cost_find(kb, version, platform, minor, with_cuda);
    uint64_t cuda = with_cuda && all && wheel ? all->download - wheel->size : 0;

    if (!wheel)
        return 0;
    if (!tfd_fix_brings_requirements(mode))
        return wheel->size;
    if (!tf || mode == TFD_REINSTALL)
        return all ? all->download : wheel->size;
    return tfd_str_eq(tf->version, version) ? cuda : wheel->size + cuda;
}

static void count_other(const tfd_fix_ctx *ctx, tfd_fix_cost *cost, tfd_str key)
{
    uint64_t bytes = tfd_kb_wheel_bytes(ctx->view->kb, key, tfd_fix_platform(ctx));

    cost->download += bytes;
    cost->misses_size |= bytes == 0;
}

void tfd_fix_count_install(tfd_fix_ctx *ctx, tfd_install_mode mode, tfd_str spec, bool from_index)
{
    const tfd_facts *facts = ctx->view->facts;
    const tfd_fact *room = &facts->scalars[TFD_FACT_SITE_FREE_BYTES];
    tfd_fix_cost *cost = &ctx->items[ctx->count - 1].cost;
    tfd_requirement_text one;
    const tfd_dist *dist;
    char key[256];

    if (tfd_requirement_parse(spec, &one) != TFD_OK)
        return;
    one.name = (tfd_str){key, tfd_name_key(one.name, key, sizeof key)};
    dist = tfd_view_dist(ctx->view, tfd_dist_find(facts, one.name));
    add_package(ctx->arena, cost,
                dist ? tfd_arena_fmt(ctx->arena, "%.*s %.*s", TFD_ARG(dist->name), TFD_ARG(dist->version))
                     : tfd_arena_str(ctx->arena, one.name));
    cost->free = room->state == TFD_STATE_PRESENT && room->integer > 0 ? (uint64_t)room->integer : 0;
    cost->brings_others |= tfd_str_starts_z(one.name, "tensorflow") && tfd_fix_brings_requirements(mode);
    if (!from_index)
        return;
    /* A release that is not in the tables; 0 for one that is there already is known. */
    if (tfd_kb_is_tensorflow(ctx->view->kb, one.name) &&
        !tfd_kb_release_find(ctx->view->kb, tfd_fix_pinned_version(one.specifier)))
        cost->misses_size = true;
    if (tfd_str_is(one.name, "tensorflow"))
        cost->download +=
            tensorflow_download(ctx, mode, tfd_fix_pinned_version(one.specifier), one.extras.len > 0);
    else if (tfd_str_is(one.name, "tensorflow-cpu") || tfd_str_is(one.name, "tensorflow-intel"))
        cost->download += cpu_download(ctx, tfd_fix_pinned_version(one.specifier));
    else
        count_other(ctx, cost, one.name);
}

void tfd_fix_count_removal(tfd_fix_ctx *ctx, tfd_str names)
{
    tfd_str rest = names, name;

    while (rest.len > 0) {
        const tfd_dist *dist;

        (void)tfd_str_cut(rest, ' ', &name, &rest);
        dist = tfd_view_dist(ctx->view, tfd_dist_find(ctx->view->facts, name));
        if (dist)
            add_package(ctx->arena, &ctx->items[ctx->count - 1].cost,
                        tfd_arena_fmt(ctx->arena, "%.*s %.*s", TFD_ARG(dist->name), TFD_ARG(dist->version)));
    }
}

void tfd_fix_add_cost(tfd_arena *arena, tfd_fix_cost *to, const tfd_fix_cost *from)
{
    for (size_t i = 0; i < from->package_count; i++)
        add_package(arena, to, from->packages[i]);
    to->download += from->download;
    to->free = from->free > 0 ? from->free : to->free;
    to->brings_others |= from->brings_others;
    to->misses_size |= from->misses_size;
}
