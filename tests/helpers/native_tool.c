/* Prints what the loader model says, for comparison with the real ld.so.
 *
 *   native_tool PROGRAM [-n] < LIST      LIST: objects to dlopen, one absolute path a line, in order ("g:"
 * before it: RTLD_GLOBAL)
 *
 * Lines, fields separated by tabs: "file", path, state; "need", by, name, hit or "-", rule; "try", path,
 * rule, why (of the need before, with -v); "version", file, provider, version; "undefined", file, symbol,
 * count, provider; "root", path, ok. The last line, "time", gives microseconds, files and bytes of memory.
 * -n: versions and symbols are not bound. LD_LIBRARY_PATH and LD_PRELOAD are taken from TFD_LIBRARY_PATH and
 * TFD_PRELOAD, so that they do not change this program. */
#include <stdio.h>
#include <string.h>

#include "loader/loader.h"

static tfd_str name_of(const tfd_loader *loader, size_t file)
{
    return file == TFD_NONE ? TFD_STR("-") : loader->files.items[file].opened;
}

static void print_files(const tfd_loader *loader, bool verbose)
{
    for (size_t i = 0; i < loader->files.count; i++)
        printf("file\t%.*s\t%d\t%.*s\n", TFD_ARG(loader->files.items[i].opened),
               (int)loader->files.items[i].state, TFD_ARG(loader->files.items[i].why));
    for (size_t i = 0; i < loader->needs.count; i++) {
        const tfd_loader_need *need = &loader->needs.items[i];

        printf("need\t%.*s\t%.*s\t%.*s\t%.*s\n", TFD_ARG(name_of(loader, need->by)), TFD_ARG(need->name),
               TFD_ARG(need->is_found ? name_of(loader, need->hit) : TFD_STR("-")), TFD_ARG(need->rule));
        for (size_t k = 0; verbose && k < need->tried_count; k++)
            printf("try\t%.*s\t%.*s\t%.*s\n", TFD_ARG(need->tried[k].path), TFD_ARG(need->tried[k].rule),
                   TFD_ARG(need->tried[k].why));
    }
}

static void print_problems(const tfd_loader *loader)
{
    for (size_t i = 0; i < loader->problems.count; i++) {
        const tfd_loader_problem *p = &loader->problems.items[i];

        if (p->kind == TFD_SYMBOL_NO_VERSION)
            printf("version\t%.*s\t%.*s\t%.*s\n", TFD_ARG(name_of(loader, p->file)),
                   TFD_ARG(name_of(loader, p->provider)), TFD_ARG(p->version));
        else
            printf("undefined\t%.*s\t%.*s%s%.*s\t%zu\t%.*s\t%s\n", TFD_ARG(name_of(loader, p->file)),
                   TFD_ARG(p->symbol), p->version.len ? "@" : "", TFD_ARG(p->version), p->count,
                   TFD_ARG(name_of(loader, p->provider)), p->is_lazy ? "lazy" : "now");
    }
}

static tfd_status open_all(tfd_loader *loader, tfd_err *err)
{
    static char line[8192];

    while (fgets(line, sizeof line, stdin)) {
        tfd_str path = tfd_str_trim(tfd_str_of(line));
        bool is_global = tfd_str_starts_z(path, "g:");
        size_t file;
        bool ok;
        tfd_status st;

        path = tfd_arena_str(loader->arena, tfd_str_from(path, is_global ? 2 : 0));
        st = tfd_loader_open(loader, path, is_global, &file, &ok, err);
        if (st != TFD_OK)
            return st;
        printf("root\t%.*s\t%s\n", TFD_ARG(path), ok ? "ok" : "fails");
    }
    return TFD_OK;
}

int main(int argc, char **argv)
{
    tfd_sys *sys = NULL;
    tfd_arena arena, scratch;
    static tfd_loader loader;
    tfd_loader_settings settings = {.check_symbols = true};
    tfd_err err = {0};
    bool ok = false, verbose = false;
    uint64_t start;

    if (argc < 2 || tfd_sys_native_new(&sys, &err) != TFD_OK)
        return 2;
    for (int i = 2; i < argc; i++) {
        settings.check_symbols = settings.check_symbols && strcmp(argv[i], "-n") != 0;
        verbose |= strcmp(argv[i], "-v") == 0;
    }
    tfd_arena_init(&arena, 0);
    tfd_arena_init(&scratch, 0);
    (void)sys->env(sys, "TFD_LIBRARY_PATH", &settings.library_path);
    (void)sys->env(sys, "TFD_PRELOAD", &settings.preload);
    settings.cwd = sys->cwd(sys);
    start = sys->clock_us(sys);
    if (tfd_loader_init(&loader, sys, &arena, &scratch, &settings, &err) == TFD_OK &&
        tfd_loader_start(&loader, tfd_str_of(argv[1]), &ok, &err) == TFD_OK) {
        printf("root\t%s\t%s\n", argv[1], ok ? "ok" : "fails");
        (void)open_all(&loader, &err);
    }
    start = sys->clock_us(sys) - start;
    print_files(&loader, verbose);
    print_problems(&loader);
    printf("time\t%llu us\t%zu files\t%zu + %zu bytes\n", (unsigned long long)start, loader.files.count,
           arena.used, scratch.used);
    if (err.status != TFD_OK)
        fprintf(stderr, "%s\n", err.text);
    tfd_arena_done(&arena);
    tfd_arena_done(&scratch);
    tfd_sys_native_free(sys);
    return err.status == TFD_OK ? 0 : 1;
}
