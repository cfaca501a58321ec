/* packages_tool [-n] [-H] [-m MODULE] MINOR FOLDER...   runs the packages and record probes on the folders,
 * taken for sys.path of CPython 3.MINOR on this machine, and prints the facts: distributions, unmet
 * requirements, file problems, overlaps, leftovers. -n: times only; -H: hashes too; -F: foreign files too. */
#include "core/probe.h"
#include "packages/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const tfd_probe tfd_probe_packages;
extern const tfd_probe tfd_probe_record;

static const char *tri(tfd_tri value)
{
    return value == TFD_YES ? "yes" : value == TFD_NO ? "no" : "unknown";
}

static void add_place(tfd_probe_ctx *ctx, const char *path)
{
    tfd_places *all = &ctx->facts->places;
    tfd_place *place;

    if (!TFD_GROW(ctx->arena, all))
        exit(3);
    place = &all->items[all->count++];
    memset(place, 0, sizeof *place);
    place->path = tfd_str_of(path);
    place->kind = TFD_PLACE_SITE;
    place->exists = true;
    place->readable = ctx->sys->list(ctx->sys, ctx->arena, place->path, &place->entries, NULL) == TFD_OK;
    for (size_t i = 0; i < place->entries.count; i++)
        if (!tfd_map_put(ctx->arena, &place->names, place->entries.items[i].name, (uint32_t)i))
            exit(3);
}

static void set_python(tfd_probe_ctx *ctx, const char *minor)
{
    tfd_python *python = &ctx->facts->python;
    tfd_str version = tfd_arena_fmt(ctx->arena, "3.%s.1", minor);

    ctx->facts->system = ctx->sys->system(ctx->sys);
    python->implementation = TFD_STR("cpython");
    python->major = 3;
    python->minor = atoi(minor);
    python->micro = 1;
    python->version = version;
    python->free_threaded = python->debug = TFD_NO;
    python->arch = ctx->facts->system->arch;
    python->libc = TFD_STR("glibc");
    python->libc_version = TFD_STR("2.36");
}

static void print_dists(const tfd_facts *facts)
{
    for (size_t i = 0; i < facts->dists.count; i++) {
        const tfd_dist *d = &facts->dists.items[i];

        printf("%zu %.*s %.*s%s%s%s%s installer=%.*s files=%zu missing=%zu size=%zu altered=%zu "
               "unreadable=%zu foreign=%zu"
               " tags=%s %.*s %.*s editable=%.*s\n",
               i, TFD_ARG(d->key), TFD_ARG(d->version), d->is_needed ? " needed" : "",
               d->is_tensorflow ? " tensorflow" : "", d->is_shadowed ? " shadowed" : "",
               i == facts->tensorflow ? " *" : "", TFD_ARG(d->installer), d->files, d->missing, d->wrong_size,
               d->altered, d->unreadable, d->foreign, tri(d->tags_fit), TFD_ARG(d->tags),
               TFD_ARG(d->tags_why), TFD_ARG(d->editable));
    }
}

static void print_requirements(const tfd_facts *facts)
{
    for (size_t i = 0; i < facts->requirements.count; i++) {
        const tfd_requirement *r = &facts->requirements.items[i];

        if (r->applies == TFD_NO || (r->satisfied == TFD_YES && !r->is_malformed))
            continue;
        printf("unmet:%s %.*s:%zu %.*s (applies %s, satisfied %s, found %.*s)\n",
               r->is_needed ? " needed" : "", TFD_ARG(facts->dists.items[r->by].key), r->line,
               TFD_ARG(r->text), tri(r->applies), tri(r->satisfied),
               TFD_ARG(r->found == TFD_NONE ? TFD_STR("-") : facts->dists.items[r->found].version));
    }
}

static void print_files(const tfd_facts *facts)
{
    static const char *const states[] = {"missing", "wrong size", "altered", "unreadable", "foreign"};
    static const char *const kinds[] = {"tilde", "no files", "no metadata", "namespace", "two metadata"};

    for (size_t i = 0; i < facts->file_problems.count && i < 12; i++) {
        const tfd_file_problem *p = &facts->file_problems.items[i];

        printf("file: %s %.*s [%.*s] expected %llu got %llu other %lld\n", states[p->state], TFD_ARG(p->path),
               TFD_ARG(p->module), (unsigned long long)p->expected, (unsigned long long)p->got,
               p->other == TFD_NONE ? -1LL : (long long)p->other);
    }
    printf("%zu file problems, %s %.*s\n", facts->file_problems.count,
           facts->file_problems.complete ? "complete" : "not complete", TFD_ARG(facts->file_problems.why));
    for (size_t i = 0; i < facts->overlaps.count; i++) {
        const tfd_overlap *o = &facts->overlaps.items[i];

        printf("overlap: %zu %zu shared %zu differing %zu lost %zu %zu %.*s\n", o->first, o->second,
               o->shared, o->differing, o->first_lost, o->second_lost, TFD_ARG(o->sample));
    }
    for (size_t i = 0; i < facts->leftovers.count; i++) {
        const tfd_leftover *l = &facts->leftovers.items[i];

        printf("leftover: %s %.*s key=%.*s dist=%lld\n", kinds[l->kind], TFD_ARG(l->path), TFD_ARG(l->key),
               l->dist == TFD_NONE ? -1LL : (long long)l->dist);
    }
}

static void hash(tfd_probe_ctx *ctx)
{
    tfd_record_hashing *all = tfd_record_hash_new(ctx->sys, ctx->arena, ctx->facts, NULL, 0);
    uint64_t start = ctx->sys->clock_us(ctx->sys);

    if (!all || tfd_record_hash_run(all, NULL) != TFD_OK ||
        tfd_record_hash_report(all, ctx->arena, ctx->facts) != TFD_OK)
        exit(3);
    printf("hashes %llu us\n", (unsigned long long)(ctx->sys->clock_us(ctx->sys) - start));
}

static void run(tfd_probe_ctx *ctx, const tfd_probe *probe)
{
    uint64_t start = ctx->sys->clock_us(ctx->sys);
    tfd_err err;
    tfd_status status = probe->run(ctx, &err);

    if (status != TFD_OK)
        printf("%s failed: %s\n", probe->id, err.text);
    printf("%s %llu us\n", probe->id, (unsigned long long)(ctx->sys->clock_us(ctx->sys) - start));
}

int main(int argc, char **argv)
{
    static tfd_facts facts;
    tfd_arena arena;
    tfd_sys *sys;
    tfd_err err;
    tfd_probe_ctx ctx;
    bool quiet = false, hashes = false, foreign = false;
    int i = 1;

    tfd_arena_init(&arena, 0);
    memset(&ctx, 0, sizeof ctx);
    tfd_facts_init(&facts);
    facts.module_top = TFD_STR("tensorflow");
    for (; i < argc && argv[i][0] == '-'; i++) {
        quiet = quiet || argv[i][1] == 'n';
        hashes = hashes || argv[i][1] == 'H';
        foreign = foreign || argv[i][1] == 'F';
        if (argv[i][1] == 'm' && i + 1 < argc)
            facts.module_top = tfd_str_of(argv[++i]);
    }
    if (argc - i < 2 || tfd_sys_native_new(&sys, &err) != TFD_OK)
        return 2;
    ctx.sys = sys;
    ctx.arena = &arena;
    ctx.facts = &facts;
    if (tfd_kb_open(&arena, sys, TFD_STR(""), &ctx.kb, &err) != TFD_OK)
        return 3;
    (void)tfd_kb_is_tensorflow(ctx.kb, TFD_STR("x")); /* loads the table: not the probe's time */
    (void)tfd_kb_dist_module(ctx.kb, TFD_STR("x"));
    set_python(&ctx, argv[i++]);
    for (; i < argc; i++)
        add_place(&ctx, argv[i]);
    facts.places.complete = true;
    run(&ctx, &tfd_probe_packages);
    run(&ctx, &tfd_probe_record);
    if (hashes) {
        size_t before = arena.used;

        hash(&ctx);
        printf("hashes: %zu bytes\n", arena.used - before);
    }
    if (foreign && facts.tensorflow != TFD_NONE) {
        uint64_t start = sys->clock_us(sys);

        (void)tfd_record_find_foreign(&ctx, facts.tensorflow, &err);
        printf("foreign %llu us\n", (unsigned long long)(sys->clock_us(sys) - start));
    }
    printf("memory %zu bytes\n", arena.used);
    if (!quiet) {
        print_dists(&facts);
        print_requirements(&facts);
        print_files(&facts);
    }
    tfd_sys_native_free(sys);
    tfd_arena_done(&arena);
    return 0;
}
