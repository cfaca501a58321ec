/* Where CUDA lies that ld.so does not find: wheels, toolkits, conda, the system's folders. */
#include "probes/cuda_search.h"

static tfd_status no_memory(tfd_err *err)
{
    return tfd_err_set(err, TFD_ENOMEM, 0, "CUDA libraries: out of memory");
}

static tfd_status add_folder(tfd_cuda_search *search, tfd_str path)
{
    tfd_probe_ctx *ctx = search->ctx;
    tfd_cuda_folder *folder = &search->folders[search->folder_count];
    tfd_status st;

    if (!path.ptr)
        return no_memory(search->err);
    if (search->folder_count == TFD_CUDA_FOLDERS_MAX || !tfd_sys_is_dir(ctx->sys, path))
        return TFD_OK;
    folder->path = path;
    st = ctx->sys->list(ctx->sys, ctx->arena, path, &folder->entries, NULL);
    if (st == TFD_ENOMEM)
        return no_memory(search->err);
    folder->is_closed = st == TFD_EACCESS;
    search->folder_count++;
    return TFD_OK;
}

static tfd_status add_text(tfd_cuda_search *search, tfd_strs *out, tfd_str text)
{
    for (size_t i = 0; i < out->count; i++)
        if (tfd_str_eq(out->items[i], text))
            return TFD_OK;
    if (!text.ptr || !TFD_GROW(search->ctx->arena, out))
        return no_memory(search->err);
    out->items[out->count++] = text;
    return TFD_OK;
}

tfd_status tfd_cuda_search_roots(tfd_cuda_search *search, tfd_strs *out)
{
    static const char *const variables[] = {"CUDA_HOME", "CUDA_PATH", "CUDA_ROOT"};
    static const char *const fixed[] = {"/usr/local/cuda", "/opt/cuda", "/usr/lib/cuda"};
    tfd_probe_ctx *ctx = search->ctx;
    tfd_dirents entries = {0};
    tfd_status st = TFD_OK;
    tfd_str value;

    for (size_t i = 0; i < sizeof variables / sizeof variables[0] && st == TFD_OK; i++)
        if (ctx->sys->env(ctx->sys, variables[i], &value) && tfd_path_is_abs(ctx->sys->style, value))
            st = add_text(search, out, value);
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0] && st == TFD_OK; i++)
        if (tfd_sys_is_dir(ctx->sys, tfd_str_of(fixed[i])))
            st = add_text(search, out, tfd_str_of(fixed[i]));
    (void)ctx->sys->list(ctx->sys, ctx->arena, TFD_STR("/usr/local"), &entries, NULL);
    for (size_t i = 0; i < entries.count && st == TFD_OK; i++)
        if (tfd_str_starts_z(entries.items[i].name, "cuda-"))
            st = add_text(search, out,
                          tfd_arena_fmt(ctx->arena, "/usr/local/%.*s", TFD_ARG(entries.items[i].name)));
    return st;
}

/* nvidia/<component>/lib below each place of packages, whatever the component is called. */
static tfd_status add_wheel_folders(tfd_cuda_search *search)
{
    tfd_probe_ctx *ctx = search->ctx;
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < ctx->facts->places.count && st == TFD_OK; i++) {
        const tfd_place *place = &ctx->facts->places.items[i];
        tfd_dirents entries = {0};
        tfd_stat stat;
        tfd_str root;

        if (place->is_zip || tfd_map_get(&place->names, TFD_STR("nvidia")) == TFD_MAP_NONE)
            continue;
        root = tfd_path_join(ctx->sys->style, ctx->arena, place->path, TFD_STR("nvidia"));
        if (ctx->sys->stat(ctx->sys, root, false, &stat, NULL) == TFD_OK && stat.kind == TFD_KIND_LINK &&
            ctx->sys->stat(ctx->sys, root, true, &stat, NULL) == TFD_ENOENT)
            search->dead_folder = root;
        if (ctx->sys->list(ctx->sys, ctx->arena, root, &entries, NULL) == TFD_EACCESS)
            st = add_folder(search, root);
        for (size_t j = 0; j < entries.count && st == TFD_OK; j++)
            st = add_folder(search, tfd_arena_fmt(ctx->arena, "%.*s/%.*s/lib", TFD_ARG(root),
                                                  TFD_ARG(entries.items[j].name)));
    }
    return st;
}

static tfd_status find_folders(tfd_cuda_search *search)
{
    /* The last three are where node images of Kubernetes and NixOS put the driver's own libraries. */
    static const char *const system[] = {"/usr/lib/x86_64-linux-gnu",
                                         "/usr/lib/aarch64-linux-gnu",
                                         "/usr/lib64",
                                         "/usr/lib",
                                         "/usr/local/nvidia/lib64",
                                         "/usr/local/nvidia/lib",
                                         "/run/opengl-driver/lib"};
    static const char *const below[] = {"lib64", "lib", "targets/x86_64-linux/lib"};
    tfd_probe_ctx *ctx = search->ctx;
    tfd_strs roots = {0};
    tfd_str conda;
    tfd_status st;

    search->folders_ready = true;
    search->folders = tfd_arena_new(ctx->arena, tfd_cuda_folder, TFD_CUDA_FOLDERS_MAX + 1);
    if (!search->folders)
        return no_memory(search->err);
    st = add_wheel_folders(search);
    if (st == TFD_OK)
        st = tfd_cuda_search_roots(search, &roots);
    for (size_t i = 0; i < roots.count; i++)
        for (size_t j = 0; j < sizeof below / sizeof below[0] && st == TFD_OK; j++)
            st = add_folder(search, tfd_arena_fmt(ctx->arena, "%.*s/%s", TFD_ARG(roots.items[i]), below[j]));
    if (st == TFD_OK && ctx->facts->python.env_root.len > 0)
        st = add_folder(search, tfd_arena_fmt(ctx->arena, "%.*s/lib", TFD_ARG(ctx->facts->python.env_root)));
    if (st == TFD_OK && ctx->sys->env(ctx->sys, "CONDA_PREFIX", &conda) && conda.len > 0)
        st = add_folder(search, tfd_arena_fmt(ctx->arena, "%.*s/lib", TFD_ARG(conda)));
    for (size_t i = 0; i < sizeof system / sizeof system[0] && st == TFD_OK; i++)
        st = add_folder(search, tfd_str_of(system[i]));
    return st;
}

/* Whether `below`, or a folder that it lies in, is what the path ends with. */
static bool leads_into(tfd_str path, tfd_str below)
{
    while (below.len > 1) { /* "nvidia/cudnn/lib", "nvidia/cudnn", "nvidia" */
        if (tfd_str_ends(path, below))
            return true;
        below = tfd_path_dir(TFD_PATH_POSIX, below);
    }
    return false;
}

/* The folder of its wheel, which this user may not look into, hides it from ld.so. */
static void find_closed(const tfd_cuda_search *search, tfd_gpu_library *library)
{
    tfd_probe_ctx *ctx = search->ctx;
    tfd_str below;

    (void)tfd_kb_cuda_dist(ctx->kb, library->name, ctx->facts->gpu.build.cuda, &below);
    for (size_t i = 0; below.len > 0 && i < search->folder_count; i++)
        if (search->folders[i].is_closed && leads_into(search->folders[i].path, below)) {
            library->is_forbidden = true;
            library->path = search->folders[i].path;
        }
}

tfd_status tfd_cuda_search_elsewhere(tfd_cuda_search *search, tfd_gpu_library *library)
{
    size_t at = tfd_str_find_z(library->name, ".so.");
    tfd_str stem = tfd_str_sub(library->name, 0, at == TFD_NPOS ? library->name.len : at + 4);
    tfd_status st = search->folders_ready ? TFD_OK : find_folders(search);

    for (size_t i = 0; i < search->folder_count && st == TFD_OK; i++) {
        const tfd_cuda_folder *folder = &search->folders[i];

        for (size_t j = 0; j < folder->entries.count; j++) {
            tfd_str name = folder->entries.items[j].name;
            tfd_str *found = tfd_str_eq(name, library->name) ? &library->elsewhere : &library->other;

            if (!tfd_str_starts(name, stem) || found->len > 0)
                continue;
            *found = tfd_path_join(TFD_PATH_POSIX, search->ctx->arena, folder->path, name);
            if (!found->ptr)
                return no_memory(search->err);
            /* A link to nothing is no library. */
            if (!tfd_sys_is_file(search->ctx->sys, *found)) {
                if (found == &library->elsewhere)
                    library->dead_link = *found;
                *found = TFD_STR("");
            }
        }
    }
    if (library->elsewhere.len == 0)
        find_closed(search, library);
    if (library->elsewhere.len == 0 && library->dead_link.len == 0)
        library->dead_link = search->dead_folder;
    return st;
}
