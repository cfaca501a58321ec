/* Side by side: a DLL's manifest may ask for assemblies. One that is nowhere refuses the DLL (error 14001);
 * one that is there answers names of DLLs before every folder, for the DLL and what it needs in turn.
 *
 * Sources: Microsoft, "Assembly Searching Sequence" and "Private Assemblies": the store (WinSxS), then the
 * folder of the DLL and one in it that is called like the assembly. A version of the store answers for all
 * before it with the same two first numbers (publisher policies say so for each assembly of the Visual C++
 * run time). */
#include <string.h>

#include "formats/pep440.h"
#include "loader/win_parts.h"

/* Names in the store that are longer are cut ("microsoft..crt_…"): nothing can be said about them. */
#define STORE_NAME_MAX 40u
#define TRIES 5u

/* Those come with every Windows that can run TensorFlow: Common-Controls, GdiPlus … */
static bool is_of_windows(tfd_str name)
{
    return tfd_str_eq_nocase(tfd_str_sub(name, 0, 18), TFD_STR("Microsoft.Windows."));
}

tfd_status tfd_win_read_assemblies(tfd_win_loader *loader, tfd_reader *reader, tfd_win_file *row,
                                   tfd_err *err)
{
    tfd_pe_manifest manifest;
    tfd_status st;

    if (row->state != TFD_OBJECT_OK || row->is_system || row->is_builtin)
        return TFD_OK;
    st = tfd_pe_read_manifest(reader, loader->scratch, &row->pe, &manifest, NULL);
    if (st == TFD_ENOMEM)
        return tfd_win_no_memory(err);
    for (size_t i = 0; st == TFD_OK && i < manifest.count; i++)
        if (!is_of_windows(manifest.items[i].name)) {
            row->assemblies = manifest.items;
            row->assembly_count = manifest.count;
        }
    return TFD_OK;
}

typedef struct assembly_search {
    tfd_win_loader *loader;
    const tfd_win_file *file;
    const tfd_pe_assembly *wanted;
    tfd_win_need *need;
    tfd_str found; /* folder */
} assembly_search;

/* "amd64_microsoft.vc90.crt_1fc8b3b9a1e18e3b_9.0.30729.9635_none_08e2c157a83ed5da" */
static bool answers(const tfd_pe_assembly *wanted, tfd_str arch, tfd_str entry)
{
    tfd_str part[4], rest = entry, own, asked;
    int order;

    for (size_t i = 0; i < 4; i++)
        if (!tfd_str_cut(rest, '_', &part[i], &rest))
            return false;
    if (!tfd_str_eq_nocase(part[0], arch) || !tfd_str_eq_nocase(part[1], wanted->name) ||
        !tfd_version_cmp_text(part[3], wanted->version, &order) || order < 0)
        return false;
    own = part[3];
    asked = wanted->version;
    for (size_t i = 0; i < 2; i++) {
        tfd_str a, b;

        (void)tfd_str_cut(own, '.', &a, &own);
        (void)tfd_str_cut(asked, '.', &b, &asked);
        if (!tfd_str_eq(a, b))
            return false;
    }
    return true;
}

static void note_try(assembly_search *s, tfd_str path, const char *rule)
{
    s->need->tried[s->need->tried_count++] = (tfd_try){path, tfd_str_of(rule), TFD_STR("not there")};
}

static tfd_status search_store(assembly_search *s, tfd_err *err)
{
    tfd_win_loader *l = s->loader;
    tfd_str store = tfd_path_join(TFD_PATH_WINDOWS, l->arena, l->windows_dir, TFD_STR("WinSxS")), arch;
    tfd_dirents entries;
    tfd_status st;

    arch = s->wanted->arch.len > 0 && !tfd_str_is(s->wanted->arch, "*") ? s->wanted->arch
           : s->file->pe.bits == 32                                     ? TFD_STR("x86")
           : tfd_pe_arch(&s->file->pe) == TFD_ARCH_AARCH64              ? TFD_STR("arm64")
                                                                        : TFD_STR("amd64");
    st = store.ptr ? l->sys->list(l->sys, l->scratch, store, &entries, NULL) : TFD_ENOMEM;
    if (st == TFD_ENOMEM)
        return tfd_win_no_memory(err);
    if (st != TFD_OK || s->wanted->name.len > STORE_NAME_MAX)
        s->need->state = TFD_STATE_UNKNOWN;
    for (size_t i = 0; st == TFD_OK && i < entries.count && s->found.len == 0; i++)
        if (answers(s->wanted, arch, entries.items[i].name))
            s->found = tfd_path_join(TFD_PATH_WINDOWS, l->arena, store, entries.items[i].name);
    note_try(s, store, "side-by-side store");
    return TFD_OK;
}

/* A private assembly: NAME.manifest or NAME.dll in the folder. */
static tfd_status search_folder(assembly_search *s, tfd_str dir, const char *rule, tfd_err *err)
{
    static const char *const suffixes[] = {".manifest", ".dll"};

    for (size_t i = 0; i < 2 && s->found.len == 0; i++) {
        tfd_str name = tfd_arena_fmt(s->loader->arena, "%.*s%s", TFD_ARG(s->wanted->name), suffixes[i]);
        tfd_str path = tfd_path_join(TFD_PATH_WINDOWS, s->loader->arena, dir, name);

        if (!path.ptr)
            return tfd_win_no_memory(err);
        if (tfd_sys_is_file(s->loader->sys, path))
            s->found = dir;
    }
    if (s->found.len == 0)
        note_try(s, dir, rule);
    return TFD_OK;
}

static tfd_status find_assembly(assembly_search *s, tfd_err *err)
{
    tfd_win_loader *l = s->loader;
    tfd_str dirs[] = {tfd_path_dir(TFD_PATH_WINDOWS, s->file->path), l->program_dir};
    tfd_status st = search_store(s, err);

    for (size_t i = 0; i < 2 && st == TFD_OK && s->found.len == 0; i++) {
        const char *rule = i == 0 ? "the folder of the module" : "the folder of the program";
        tfd_str own = tfd_path_join(TFD_PATH_WINDOWS, l->arena, dirs[i], s->wanted->name);

        st = own.ptr ? search_folder(s, dirs[i], rule, err) : tfd_win_no_memory(err);
        if (st == TFD_OK && s->found.len == 0)
            st = search_folder(s, own, rule, err);
    }
    return st;
}

tfd_status tfd_win_enter_assemblies(tfd_win_loader *loader, size_t file, bool *ok, tfd_err *err)
{
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < loader->files.items[file].assembly_count && st == TFD_OK; i++) {
        const tfd_win_file *row = &loader->files.items[file];
        tfd_win_need need = {.by = file, .hit = TFD_NONE, .state = TFD_STATE_ABSENT, .is_assembly = true};
        assembly_search s = {.loader = loader, .file = row, .wanted = &row->assemblies[i], .need = &need};

        if (is_of_windows(s.wanted->name))
            continue;
        need.name =
            tfd_arena_fmt(loader->arena, "%.*s %.*s", TFD_ARG(s.wanted->name), TFD_ARG(s.wanted->version));
        need.tried = tfd_arena_new(loader->arena, tfd_try, TRIES);
        if (!need.name.ptr || !need.tried)
            return tfd_win_no_memory(err);
        st = find_assembly(&s, err);
        if (st != TFD_OK)
            return st;
        if (s.found.len > 0) {
            st = tfd_win_push_dir(loader, &loader->assembly_dirs,
                                  (tfd_win_dir){.path = s.found, .rule = need.name}, err);
            continue;
        }
        *ok = *ok && need.state != TFD_STATE_ABSENT;
        st = tfd_win_record_need(loader, &need, err);
    }
    return st;
}
