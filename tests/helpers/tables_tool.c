/* Prints the tables of native code that the probes make for an interpreter, as the checks see them.
 *
 *   tables_tool PYTHON [MODULE [MACHINE]]      MACHINE: folder of a recorded one
 *
 * Lines, fields separated by tabs: "object", path, state, needed|optional|-, dist, why; "resolution", object,
 * name, state, hit, rule (only those that a search decided); "version" or "undefined", object, symbol or
 * version, count, provider, rule, needed|optional|-; "intruder", name, winner, rule, instead; "runtime",
 * name, path, version, loaded|seen, state, rule, owner; "native", microseconds, bytes of native files,
 * complete|why. */
#include <stdio.h>

#include "core/probe.h"

extern const tfd_probe tfd_probe_system;
extern const tfd_probe tfd_probe_python;
extern const tfd_probe tfd_probe_packages;
extern const tfd_probe tfd_probe_native;

static const char *weight(bool is_needed, bool is_optional)
{
    return is_needed && !is_optional ? "needed" : is_optional ? "optional" : "-";
}

static tfd_str path_of(const tfd_facts *facts, size_t object)
{
    return object == TFD_NONE ? TFD_STR("-") : facts->objects.items[object].path;
}

static void print_objects(const tfd_facts *facts)
{
    for (size_t i = 0; i < facts->objects.count; i++) {
        const tfd_object *o = &facts->objects.items[i];
        tfd_str dist = o->dist == TFD_NONE ? TFD_STR("-") : facts->dists.items[o->dist].key;

        printf("object\t%.*s\t%d\t%s\t%.*s\t%.*s%s\n", TFD_ARG(o->path), (int)o->state,
               weight(o->is_needed, o->is_optional), TFD_ARG(dist), TFD_ARG(o->why),
               o->wants_execstack         ? " execstack"
               : o->needs_constexpr_mutex ? " constexpr-mutex"
                                          : "");
    }
    for (size_t i = 0; i < facts->resolutions.count; i++) {
        const tfd_resolution *r = &facts->resolutions.items[i];

        if (!tfd_str_is(r->rule, "already loaded"))
            printf("resolution\t%.*s\t%.*s\t%d\t%.*s\t%.*s\t%zu\n", TFD_ARG(path_of(facts, r->object)),
                   TFD_ARG(r->name), (int)r->state, TFD_ARG(path_of(facts, r->hit)), TFD_ARG(r->rule),
                   r->tried_count);
    }
}

static void print_problems(const tfd_facts *facts)
{
    for (size_t i = 0; i < facts->symbol_problems.count; i++) {
        const tfd_symbol_problem *p = &facts->symbol_problems.items[i];

        printf("%s\t%.*s\t%.*s\t%zu\t%.*s\t%.*s\t%s\n",
               p->kind == TFD_SYMBOL_NO_VERSION ? "version" : "undefined", TFD_ARG(path_of(facts, p->object)),
               TFD_ARG(p->kind == TFD_SYMBOL_NO_VERSION ? p->version : p->symbol), p->count,
               TFD_ARG(path_of(facts, p->provider)), TFD_ARG(p->rule), weight(p->is_needed, p->is_optional));
    }
    for (size_t i = 0; i < facts->intruders.count; i++) {
        const tfd_intruder *x = &facts->intruders.items[i];

        printf("intruder\t%.*s\t%.*s\t%.*s\t%.*s\n", TFD_ARG(x->name), TFD_ARG(path_of(facts, x->object)),
               TFD_ARG(x->rule), TFD_ARG(x->instead));
    }
}

static void print_runtimes(const tfd_facts *facts)
{
    for (size_t i = 0; i < facts->runtimes.count; i++) {
        const tfd_runtime *r = &facts->runtimes.items[i];

        printf("runtime\t%.*s\t%.*s\t%.*s\t%s\t%d\t%.*s\t%.*s\n", TFD_ARG(r->name), TFD_ARG(r->path),
               TFD_ARG(r->version), r->is_loaded ? r->is_early ? "early" : "loaded" : "seen", (int)r->state,
               TFD_ARG(r->rule), TFD_ARG(r->owner));
    }
}

static tfd_status run_probes(tfd_probe_ctx *ctx, tfd_err *err)
{
    static const tfd_probe *const before[] = {&tfd_probe_system, &tfd_probe_python, &tfd_probe_packages};
    const tfd_facts *facts = ctx->facts;
    tfd_status st = TFD_OK;
    uint64_t start;

    for (size_t i = 0; i < sizeof before / sizeof before[0] && st == TFD_OK; i++)
        st = before[i]->run(ctx, err);
    if (st == TFD_OK)
        st = tfd_kb_preload(
            ctx->kb,
            facts->tensorflow == TFD_NONE ? TFD_STR("") : facts->dists.items[facts->tensorflow].version, err);
    start = ctx->sys->clock_us(ctx->sys);
    if (st == TFD_OK)
        st = tfd_probe_native.run(ctx, err);
    print_objects(facts);
    print_problems(facts);
    print_runtimes(facts);
    printf("native\t%llu us\t%llu bytes\t%s%.*s\t%zu bytes of memory\n",
           (unsigned long long)(ctx->sys->clock_us(ctx->sys) - start),
           (unsigned long long)facts->native_bytes, facts->objects.complete ? "complete" : "",
           TFD_ARG(facts->objects.why), ctx->arena->used);
    return st;
}

int main(int argc, char **argv)
{
    static tfd_facts facts;
    static tfd_options options;
    tfd_sys *host = NULL, *machine = NULL, *sys;
    tfd_arena arena;
    tfd_err err = {0};
    tfd_probe_ctx ctx = {.options = &options, .arena = &arena, .facts = &facts};
    tfd_status st;

    if (argc < 2 || tfd_sys_native_new(&host, &err) != TFD_OK)
        return 2;
    if (argc > 3 && tfd_sys_fixture_new(host, tfd_str_of(argv[3]), &machine, &err) != TFD_OK)
        return 2;
    sys = machine ? machine : host;
    tfd_arena_init(&arena, 0);
    tfd_facts_init(&facts);
    options.python = tfd_str_of(argv[1]);
    options.module = argc > 2 ? tfd_str_of(argv[2]) : TFD_STR("tensorflow");
    facts.module = options.module;
    (void)tfd_str_cut(options.module, '.', &facts.module_top, &(tfd_str){NULL, 0});
    facts.start_dir = sys->cwd(sys);
    ctx.sys = sys;
    st = tfd_kb_open(&arena, NULL, TFD_STR(""), &ctx.kb, &err);
    if (st == TFD_OK)
        st = tfd_kb_preload(ctx.kb, TFD_STR(""), &err);
    if (st == TFD_OK)
        st = run_probes(&ctx, &err);
    if (st != TFD_OK)
        fprintf(stderr, "%s\n", err.text);
    tfd_arena_done(&arena);
    if (machine)
        tfd_sys_fixture_free(machine);
    tfd_sys_native_free(host);
    return st == TFD_OK ? 0 : 1;
}
