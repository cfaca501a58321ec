/* Prints what the model of Windows' loader says, for comparison with the real one.
 *
 *   win_native_tool MACHINE PROGRAM [-n] < LIST
 *
 * MACHINE: folder of a recorded machine, or "-" for this one. LIST: what the process does, one line each, in
 * order: "order flags" or "order altered" (how extension modules are opened from here on), "dir PATH"
 * (os.add_dll_directory), "late PATH", "name NAME" (ctypes by name), "library PATH" (ctypes by path), "open
 * PATH" (an extension module).
 *
 * Lines, fields separated by tabs: "file", path, state, why, rule, system or own; "need", by, name, state,
 * hit or
 * "-", rule; "try", path, rule, why (of the need before, where nothing was found); "undefined", file, symbol,
 * count, provider; "root", path, ok. The last line, "time", gives microseconds, files and bytes of memory.
 * -n: symbols are not looked up. */
#include <stdio.h>
#include <string.h>

#include "loader/win_loader.h"

static tfd_str name_of(const tfd_win_loader *loader, size_t file)
{
    return file == TFD_NONE ? TFD_STR("-") : loader->files.items[file].path;
}

static void print_needs(const tfd_win_loader *loader)
{
    static const char *const states[] = {"unknown", "absent", "present"};

    for (size_t i = 0; i < loader->needs.count; i++) {
        const tfd_win_need *need = &loader->needs.items[i];

        printf("need\t%.*s\t%.*s\t%s%s\t%.*s\t%.*s\n", TFD_ARG(name_of(loader, need->by)),
               TFD_ARG(need->name), states[need->state], need->is_delayed ? " delayed" : "",
               TFD_ARG(name_of(loader, need->hit)), TFD_ARG(need->rule));
        for (size_t k = 0; need->state != TFD_STATE_PRESENT && k < need->tried_count; k++)
            printf("try\t%.*s\t%.*s\t%.*s\n", TFD_ARG(need->tried[k].path), TFD_ARG(need->tried[k].rule),
                   TFD_ARG(need->tried[k].why));
    }
}

static void print_rest(const tfd_win_loader *loader)
{
    for (size_t i = 0; i < loader->files.count; i++) {
        const tfd_win_file *file = &loader->files.items[i];

        printf("file\t%.*s\t%d\t%.*s\t%.*s\t%s%s\n", TFD_ARG(file->path), (int)file->state,
               TFD_ARG(file->why), TFD_ARG(file->rule), file->is_system ? "system" : "own",
               file->locks_mutex && !file->makes_mutex ? " constexpr-mutex" : "");
    }
    for (size_t i = 0; i < loader->loaded.count; i++)
        printf("loaded\t%.*s\n", TFD_ARG(name_of(loader, loader->loaded.items[i])));
    for (size_t i = 0; i < loader->problems.count; i++) {
        const tfd_win_problem *p = &loader->problems.items[i];

        printf("undefined\t%.*s\t%.*s\t%zu\t%.*s\n", TFD_ARG(name_of(loader, p->file)), TFD_ARG(p->symbol),
               p->count, TFD_ARG(name_of(loader, p->provider)));
    }
}

static tfd_status obey(tfd_win_loader *loader, tfd_str verb, tfd_str rest, tfd_win_order *order, tfd_err *err)
{
    size_t file = TFD_NONE;
    bool ok = true;
    tfd_status st = TFD_OK;

    if (tfd_str_is(verb, "order"))
        *order = tfd_str_is(rest, "altered") ? TFD_WIN_ALTERED : TFD_WIN_FLAGS;
    else if (tfd_str_is(verb, "dir"))
        st = tfd_win_add_dir(loader, rest, TFD_STR(""), err);
    else if (tfd_str_is(verb, "late"))
        st = tfd_win_add_late_dir(loader, rest, TFD_STR("conda's folders"), err);
    else if (tfd_str_is(verb, "name"))
        st = tfd_win_open_name(loader, rest, *order == TFD_WIN_ALTERED ? TFD_WIN_STANDARD : TFD_WIN_DEFAULTS,
                               TFD_STR(""), &file, &ok, err);
    else
        st =
            tfd_win_open(loader, rest,
                         *order == TFD_WIN_ALTERED && tfd_str_is(verb, "library") ? TFD_WIN_STANDARD : *order,
                         TFD_STR(""), &file, &ok, err);
    if (st == TFD_OK && !tfd_str_is(verb, "order") && !tfd_str_is(verb, "dir") && !tfd_str_is(verb, "late"))
        printf("root\t%.*s\t%s\n", TFD_ARG(rest), ok ? "ok" : "fails");
    return st;
}

static tfd_status obey_all(tfd_win_loader *loader, tfd_err *err)
{
    static char line[8192];
    tfd_win_order order = TFD_WIN_FLAGS;
    tfd_status st = TFD_OK;

    while (st == TFD_OK && fgets(line, sizeof line, stdin)) {
        tfd_str verb, rest;

        (void)tfd_str_cut(tfd_str_trim(tfd_str_of(line)), ' ', &verb, &rest);
        rest = tfd_arena_str(loader->arena, rest);
        st = obey(loader, verb, rest, &order, err);
    }
    return st;
}

static tfd_status run(const tfd_sys *sys, const char *program, bool check, tfd_err *err)
{
    static tfd_win_loader loader;
    tfd_arena arena, scratch;
    tfd_win_settings settings = {.check_symbols = check};
    uint64_t start = sys->clock_us(sys);
    bool ok = false;
    tfd_status st;

    tfd_arena_init(&arena, 0);
    tfd_arena_init(&scratch, 0);
    (void)sys->env(sys, "PATH", &settings.path);
    settings.cwd = sys->cwd(sys);
    st = tfd_win_init(&loader, sys, &arena, &scratch, &settings, err);
    if (st == TFD_OK)
        st = tfd_win_start(&loader, tfd_str_of(program), &ok, err);
    printf("root\t%s\t%s\n", program, ok ? "ok" : "fails");
    if (st == TFD_OK)
        st = obey_all(&loader, err);
    start = sys->clock_us(sys) - start;
    print_needs(&loader);
    print_rest(&loader);
    printf("time\t%llu us\t%zu files\t%zu + %zu bytes\n", (unsigned long long)start, loader.files.count,
           arena.used, scratch.used);
    tfd_win_done(&loader);
    tfd_arena_done(&arena);
    tfd_arena_done(&scratch);
    return st;
}

int main(int argc, char **argv)
{
    tfd_sys *host = NULL, *machine = NULL;
    tfd_err err = {0};
    tfd_status st;

    if (argc < 3 || tfd_sys_native_new(&host, &err) != TFD_OK)
        return 2;
    st = strcmp(argv[1], "-") == 0 ? TFD_OK : tfd_sys_fixture_new(host, tfd_str_of(argv[1]), &machine, &err);
    if (st == TFD_OK)
        st = run(machine ? machine : host, argv[2], argc < 4 || strcmp(argv[3], "-n") != 0, &err);
    if (st != TFD_OK)
        fprintf(stderr, "%s\n", err.text);
    if (machine)
        tfd_sys_fixture_free(machine);
    tfd_sys_native_free(host);
    return st == TFD_OK ? 0 : 1;
}
