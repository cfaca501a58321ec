/* Prints what tfdiag holds of one interpreter without starting it, one fact a line, for the comparison with
 * what the interpreter says itself (tests/compat/compare_syspath.py). Usage: syspath_tool [--machine DIR]
 * [--script FILE] [--more] [PYTHON] */
#include "core/facts.h"
#include "core/probe.h"
#include "python/binary.h"

#include <stdio.h>
#include <string.h>

#define TFD_PROBE(name) extern const tfd_probe tfd_probe_##name;
#include "probes/probe_list.h"
#undef TFD_PROBE

static void print_text(const char *key, tfd_str value)
{
    printf("%s\t%.*s\n", key, TFD_ARG(value));
}

static void print_facts(const tfd_facts *facts)
{
    const tfd_python *py = &facts->python;

    print_text("python", py->path);
    print_text("why", py->why);
    print_text("real", py->real);
    printf("broken\t%d\n", (int)py->broken);
    print_text("broken_why", py->broken_why);
    print_text("version", py->version);
    print_text("version_source", py->version_source);
    print_text("implementation", py->implementation);
    printf("bits\t%d\nenv\t%d\n", py->bits, (int)py->env);
    print_text("libc", py->libc);
    print_text("libc_version", py->libc_version);
    print_text("soabi", py->soabi);
    print_text("prefix", py->prefix);
    print_text("base_prefix", py->base_prefix);
    print_text("stdlib", py->stdlib);
    print_text("site_packages", py->site_packages);
    print_text("externally_managed", py->externally_managed);
    print_text("venv_lost", py->venv_lost);
    print_text("active_env", py->active_env);
    print_text("active_env_why", py->active_env_why);
    printf("active_env_differs\t%d\n", (int)py->active_env_differs);
    printf("debug\t%d\nfree_threaded\t%d\n", (int)py->debug, (int)py->free_threaded);
    printf("complete\t%d\n", (int)facts->places.complete);
    print_text("incomplete_why", facts->places.why);
    for (size_t i = 0; i < facts->startup_files.count; i++)
        printf("startup\t%.*s\t%d\t%.*s\n", TFD_ARG(facts->startup_files.items[i].path),
               (int)facts->startup_files.items[i].understood, TFD_ARG(facts->startup_files.items[i].problem));
    for (size_t i = 0; i < facts->presets.count; i++)
        printf("preset\t%.*s\t%.*s\n", TFD_ARG(facts->presets.items[i].name),
               TFD_ARG(facts->presets.items[i].path));
    for (size_t i = 0; i < facts->places.count; i++)
        if (facts->places.items[i].dropped_by.len == 0)
            printf("place\t%d\t%.*s\t%.*s\n", (int)facts->places.items[i].kind,
                   TFD_ARG(facts->places.items[i].source), TFD_ARG(facts->places.items[i].path));
}

/* Modules compiled into a Windows interpreter, blanks between them. */
static void print_builtins(tfd_probe_ctx *ctx)
{
    tfd_str one, rest = ctx->sys->style == TFD_PATH_WINDOWS
                            ? tfd_binary_inittab(ctx->sys, ctx->arena, ctx->facts->python.library)
                            : TFD_STR("");

    printf("builtin\t");
    while (rest.len) {
        tfd_str_cut(rest, '\0', &one, &rest);
        printf("%.*s ", TFD_ARG(one));
    }
    printf("\n");
}

static void print_tables(const tfd_facts *facts)
{
    for (size_t i = 0; i < facts->interpreters.count; i++) {
        const tfd_interpreter *one = &facts->interpreters.items[i];

        printf("interpreter\t%.*s\t%.*s\t%.*s\t%.*s %.*s\t%s%s%s\n", TFD_ARG(one->path),
               TFD_ARG(one->seen_in), TFD_ARG(one->version), TFD_ARG(one->tf_dist), TFD_ARG(one->tf_version),
               one->is_target ? "target " : "", one->runs_for_user ? "user " : "",
               one->is_broken ? "broken" : "");
    }
    for (size_t i = 0; i < facts->modules.count; i++) {
        const tfd_module *one = &facts->modules.items[i];

        printf("module\t%.*s\t%d\t%.*s\t%s%s%s%s\t%.*s\t%.*s\n", TFD_ARG(one->name), (int)one->kind,
               TFD_ARG(one->path), one->is_stdlib ? "stdlib " : "", one->is_needed ? "needed " : "",
               one->is_optional ? "optional " : "", one->is_shadowed ? "shadowed" : "",
               TFD_ARG(one->wanted_path), TFD_ARG(one->hint));
    }
}

/* Also interpreters and modules; distributions only as far as the packages probe finds them. */
static void examine_more(tfd_probe_ctx *ctx)
{
    static const tfd_probe *const probes[] = {&tfd_probe_packages, &tfd_probe_interpreters,
                                              &tfd_probe_modules};
    tfd_err err;

    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        uint64_t start = ctx->sys->clock_us(ctx->sys);

        memset(&err, 0, sizeof err);
        if (probes[i]->run(ctx, &err) != TFD_OK)
            printf("error\t%s: %s\n", probes[i]->id, err.text);
        printf("time\t%s\t%llu\n", probes[i]->id, (unsigned long long)(ctx->sys->clock_us(ctx->sys) - start));
    }
    print_tables(ctx->facts);
}

static int examine(tfd_probe_ctx *ctx, bool more)
{
    uint64_t start = ctx->sys->clock_us(ctx->sys);
    tfd_err err;
    int rc = 0;

    memset(&err, 0, sizeof err);
    if (tfd_probe_system.run(ctx, &err) != TFD_OK || tfd_probe_python.run(ctx, &err) != TFD_OK) {
        printf("error\t%s\n", err.text);
        rc = 3;
    }
    printf("microseconds\t%llu\n", (unsigned long long)(ctx->sys->clock_us(ctx->sys) - start));
    print_facts(ctx->facts);
    print_builtins(ctx);
    if (more && rc == 0)
        examine_more(ctx);
    return rc;
}

int main(int argc, char **argv)
{
    tfd_options options;
    tfd_probe_ctx ctx;
    tfd_arena arena, kb_arena;
    tfd_sys *native = NULL, *sys = NULL;
    static tfd_facts facts;
    const char *machine = NULL;
    bool more = false;
    int rc;

    memset(&options, 0, sizeof options);
    memset(&ctx, 0, sizeof ctx);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--script") == 0 && i + 1 < argc)
            options.script = tfd_str_of(argv[++i]);
        else if (strcmp(argv[i], "--machine") == 0 && i + 1 < argc)
            machine = argv[++i];
        else if (strcmp(argv[i], "--more") == 0)
            more = true;
        else
            options.python = tfd_str_of(argv[i]);
    }
    if (tfd_sys_native_new(&native, NULL) != TFD_OK)
        return 3;
    if (machine && tfd_sys_fixture_new(native, tfd_str_of(machine), &sys, NULL) != TFD_OK)
        return 3;
    tfd_arena_init(&arena, 0);
    tfd_arena_init(&kb_arena, 0);
    tfd_facts_init(&facts);
    ctx.sys = sys ? sys : native;
    ctx.options = &options;
    ctx.arena = &arena;
    ctx.facts = &facts;
    tfd_kb_open(&kb_arena, NULL, TFD_STR(""), &ctx.kb, NULL);
    rc = examine(&ctx, more);
    tfd_arena_done(&arena);
    tfd_arena_done(&kb_arena);
    tfd_sys_fixture_free(sys);
    tfd_sys_native_free(native);
    return rc;
}
