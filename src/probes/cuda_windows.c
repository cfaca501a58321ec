/* TensorFlow until 2.10 opens each DLL by its bare name (LoadLibraryExW with LOAD_WITH_ALTERED_SEARCH_PATH,
 * which means the standard order for a name without a path): the folder of python.exe, System32, the current
 * folder, PATH. So do cuDNN's parts and its zlibwapi.dll. What PATH does not name is looked for where
 * NVIDIA's installers and TensorFlow's installation guide put it. */
#include "probes/cuda_windows.h"

#include "kb/kb_gpu.h"
#include "loader/win_loader.h"

#define FOLDERS_MAX 64u
#define HEADER_MAX ((size_t)64 << 10)
#define TOOLKITS "C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA"
#define CUDNN "C:\\Program Files\\NVIDIA\\CUDNN"

typedef struct search {
    tfd_probe_ctx *ctx;
    tfd_err *err;
    tfd_arena scratch;
    tfd_win_loader loader;
    struct {
        tfd_str path;
        tfd_dirents entries;
    } folders[FOLDERS_MAX];
    size_t folder_count;
} search;

static tfd_status no_memory(tfd_err *err)
{
    return tfd_err_set(err, TFD_ENOMEM, 0, "CUDA libraries: out of memory");
}

static tfd_str join(search *s, tfd_str dir, const char *name)
{
    return tfd_path_join(TFD_PATH_WINDOWS, s->ctx->arena, dir, tfd_str_of(name));
}

/* ---- folders */

static tfd_status add_folder(search *s, tfd_str path)
{
    if (!path.ptr)
        return no_memory(s->err);
    for (size_t i = 0; i < s->folder_count; i++)
        if (tfd_path_eq(TFD_PATH_WINDOWS, s->folders[i].path, path))
            return TFD_OK;
    if (s->folder_count == FOLDERS_MAX || !tfd_sys_is_dir(s->ctx->sys, path))
        return TFD_OK;
    s->folders[s->folder_count].path = path;
    if (s->ctx->sys->list(s->ctx->sys, s->ctx->arena, path, &s->folders[s->folder_count].entries, NULL) ==
        TFD_ENOMEM)
        return no_memory(s->err);
    s->folder_count++;
    return TFD_OK;
}

/* The folder "bin" of each folder below one: v11.2, v8.1. */
static tfd_status add_versions(search *s, const char *root)
{
    tfd_dirents entries = {0};
    tfd_status st = s->ctx->sys->list(s->ctx->sys, s->ctx->arena, tfd_str_of(root), &entries, NULL);

    if (st == TFD_ENOMEM)
        return no_memory(s->err);
    st = TFD_OK;
    for (size_t i = 0; i < entries.count && st == TFD_OK; i++)
        st = add_folder(s,
                        tfd_arena_fmt(s->ctx->arena, "%s\\%.*s\\bin", root, TFD_ARG(entries.items[i].name)));
    return st;
}

/* CUDA_PATH, CUDA_PATH_V11_2 … of NVIDIA's installer. */
static tfd_status add_variables(search *s)
{
    size_t count = 0;
    tfd_str *all = s->ctx->sys->environ_all(s->ctx->sys, &count);
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < count && st == TFD_OK; i++) {
        tfd_str name, value;

        if (tfd_str_cut(all[i], '=', &name, &value) &&
            tfd_str_eq_nocase(tfd_str_sub(name, 0, 9), TFD_STR("CUDA_PATH")) &&
            tfd_path_is_abs(TFD_PATH_WINDOWS, value))
            st = add_folder(s, join(s, value, "bin"));
    }
    return st;
}

/* NVIDIA's wheels for Windows put their DLLs into nvidia\NAME\bin. */
static tfd_status add_wheels(search *s)
{
    const tfd_facts *facts = s->ctx->facts;
    tfd_str root = join(s, facts->python.site_packages, "nvidia");
    tfd_dirents entries = {0};
    tfd_status st =
        root.ptr ? s->ctx->sys->list(s->ctx->sys, s->ctx->arena, root, &entries, NULL) : TFD_ENOMEM;

    if (st == TFD_ENOMEM)
        return no_memory(s->err);
    st = TFD_OK;
    for (size_t i = 0; i < entries.count && st == TFD_OK; i++) {
        tfd_str dir = tfd_path_join(TFD_PATH_WINDOWS, s->ctx->arena, root, entries.items[i].name);

        st = dir.ptr ? add_folder(s, join(s, dir, "bin")) : no_memory(s->err);
    }
    return st;
}

static tfd_status find_folders(search *s)
{
    tfd_status st = add_variables(s);

    if (st == TFD_OK)
        st = add_versions(s, TOOLKITS);
    if (st == TFD_OK)
        st = add_versions(s, CUDNN);
    if (st == TFD_OK)
        st = add_folder(s, TFD_STR("C:\\tools\\cuda\\bin"));
    if (st == TFD_OK)
        st = add_folder(s, join(s, s->ctx->facts->python.prefix, "Library\\bin"));
    return st == TFD_OK ? add_wheels(s) : st;
}

/* ---- one DLL */

/* "cudart64_" of "cudart64_110.dll": what its versions have in common. */
static tfd_str stem_of(tfd_str name)
{
    size_t at = tfd_str_find_z(name, "64_");

    return at == TFD_NPOS ? name : tfd_str_sub(name, 0, at + 3);
}

static void look_elsewhere(search *s, tfd_gpu_library *out)
{
    tfd_str stem = stem_of(out->name);

    for (size_t i = 0; i < s->folder_count; i++)
        for (size_t k = 0; k < s->folders[i].entries.count; k++) {
            tfd_str name = s->folders[i].entries.items[k].name;
            tfd_str path;

            if (!tfd_str_eq_nocase(tfd_str_sub(name, 0, stem.len), stem) ||
                !tfd_path_ends(TFD_PATH_WINDOWS, name, ".dll"))
                continue;
            path = tfd_path_join(TFD_PATH_WINDOWS, s->ctx->arena, s->folders[i].path, name);
            if (tfd_str_eq_nocase(name, out->name) && out->elsewhere.len == 0)
                out->elsewhere = path;
            else if (out->other.len == 0 && stem.len < out->name.len && !tfd_str_eq_nocase(name, out->name))
                out->other = path;
        }
}

/* A version that PATH finds under another number. */
static void look_on_path(search *s, tfd_gpu_library *out)
{
    for (size_t i = 0; i < s->loader.path_dirs.count && s->folder_count < FOLDERS_MAX; i++)
        (void)add_folder(s, s->loader.path_dirs.items[i].path);
    look_elsewhere(s, out);
}

/* What of its needs is missing; empty: nothing. */
static tfd_str lost_need(const search *s, size_t file)
{
    for (size_t i = 0; i < s->loader.needs.count; i++) {
        const tfd_win_need *need = &s->loader.needs.items[i];

        if (need->state == TFD_STATE_ABSENT && !need->is_delayed && need->by != TFD_NONE &&
            (need->by == file || s->loader.closure.count > 1))
            return need->name;
    }
    return TFD_STR("");
}

static tfd_status find_one(search *s, tfd_str name, bool required, tfd_gpu_libraries *list)
{
    tfd_gpu_library out = {.name = name, .is_required = required, .dist = TFD_NONE};
    size_t file = TFD_NONE;
    bool ok = false;
    tfd_status st =
        tfd_win_open_name(&s->loader, name, TFD_WIN_STANDARD, TFD_STR("TensorFlow"), &file, &ok, s->err);
    const tfd_win_need *need = st == TFD_OK ? &s->loader.needs.items[0] : NULL;

    if (st != TFD_OK)
        return st;
    for (size_t i = 0; i < s->loader.needs.count; i++)
        if (s->loader.needs.items[i].by == TFD_NONE && tfd_str_eq(s->loader.needs.items[i].name, name))
            need = &s->loader.needs.items[i];
    out.state = need->state;
    if (file != TFD_NONE) {
        const tfd_win_file *row = &s->loader.files.items[file];

        out.path = out.real = row->path;
        out.rule = need->rule;
        if (row->state != TFD_OBJECT_OK) {
            out.broken = row->why.len > 0 ? row->why : TFD_STR("it cannot be loaded");
        } else if (!ok) {
            out.is_dependency = true;
            out.broken = tfd_arena_fmt(s->ctx->arena, "it needs %.*s, which is not found",
                                       TFD_ARG(lost_need(s, file)));
        }
    } else if (out.state == TFD_STATE_ABSENT) {
        look_on_path(s, &out);
    }
    if (!TFD_GROW(s->ctx->arena, list))
        return no_memory(s->err);
    list->items[list->count++] = out;
    return TFD_OK;
}

/* ---- cuDNN */

/* "#define CUDNN_MINOR 1": the number behind the name, or -1. */
static int number_of(tfd_str text, const char *name)
{
    size_t at = tfd_str_find_z(text, name);
    tfd_str rest =
        at == TFD_NPOS
            ? TFD_STR("")
            : tfd_str_trim(tfd_str_sub(text, at + tfd_str_of(name).len, at + tfd_str_of(name).len + 16));
    size_t len = 0;
    uint64_t value;

    while (len < rest.len && tfd_char_is_digit(rest.ptr[len]))
        len++;
    return tfd_str_u64(tfd_str_sub(rest, 0, len), &value) && value < 1000 ? (int)value : -1;
}

/* The archive has bin\cudnn64_8.dll and include\cudnn_version.h beside it. */
static tfd_status read_cudnn_version(search *s, tfd_gpu_library *cudnn)
{
    tfd_str root = tfd_path_dir(TFD_PATH_WINDOWS, tfd_path_dir(TFD_PATH_WINDOWS, cudnn->path));
    tfd_str header = join(s, root, "include\\cudnn_version.h"), text;
    tfd_status st = header.ptr
                        ? tfd_sys_read_file(s->ctx->sys, s->ctx->arena, header, HEADER_MAX, &text, NULL)
                        : TFD_ENOMEM;
    int major, minor, patch;

    if (st != TFD_OK)
        return st == TFD_ENOMEM ? no_memory(s->err) : TFD_OK;
    major = number_of(text, "#define CUDNN_MAJOR");
    minor = number_of(text, "#define CUDNN_MINOR");
    patch = number_of(text, "#define CUDNN_PATCHLEVEL");
    if (major < 0 || minor < 0)
        return TFD_OK;
    cudnn->version = tfd_arena_fmt(s->ctx->arena, "%d.%d.%d", major, minor, patch < 0 ? 0 : patch);
    cudnn->version_source = header;
    return cudnn->version.ptr ? TFD_OK : no_memory(s->err);
}

/* cuDNN 8 opens its parts, and from 8.3 on zlibwapi.dll, by name when it needs them. */
static tfd_status find_parts(search *s)
{
    static const char *const parts[] = {"cudnn_ops_infer64_8.dll", "cudnn_cnn_infer64_8.dll", "zlibwapi.dll"};
    tfd_gpu *gpu = &s->ctx->facts->gpu;
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < gpu->libraries.count && st == TFD_OK; i++) {
        tfd_gpu_library *cudnn = &gpu->libraries.items[i];

        if (!tfd_str_is(cudnn->name, "cudnn64_8.dll") || cudnn->state != TFD_STATE_PRESENT)
            continue;
        st = read_cudnn_version(s, cudnn);
        for (size_t k = 0; k < sizeof parts / sizeof parts[0] && st == TFD_OK; k++)
            st = find_one(s, tfd_str_of(parts[k]), false, &gpu->cudnn_parts);
        gpu->cudnn_parts.complete = st == TFD_OK;
    }
    return st;
}

/* ---- all of it */

static tfd_status start(search *s)
{
    const tfd_sys *sys = s->ctx->sys;
    const tfd_python *python = &s->ctx->facts->python;
    tfd_win_settings settings = {.cwd = sys->cwd(sys)};
    tfd_str program = python->cfg_home.len > 0 ? join(s, python->cfg_home, "python.exe") : python->real;
    bool ok;
    tfd_status st;

    (void)sys->env(sys, "PATH", &settings.path);
    if (!program.ptr)
        return no_memory(s->err);
    st = tfd_win_init(&s->loader, sys, s->ctx->arena, &s->scratch, &settings, s->err);
    return st == TFD_OK ? tfd_win_start(&s->loader, program, &ok, s->err) : st;
}

tfd_status tfd_cuda_windows_find(tfd_probe_ctx *ctx, tfd_err *err)
{
    tfd_facts *facts = ctx->facts;
    tfd_gpu_libraries *list = &facts->gpu.libraries;
    tfd_str version =
        facts->tensorflow == TFD_NONE ? TFD_STR("") : facts->dists.items[facts->tensorflow].version;
    tfd_kb_strs names = tfd_kb_cuda_windows(ctx->kb, version);
    search *s = tfd_arena_new(ctx->arena, search, 1);
    tfd_status st;

    if (!s)
        return no_memory(err);
    s->ctx = ctx;
    s->err = err;
    tfd_arena_init(&s->scratch, ctx->arena->limit);
    st = start(s);
    if (st == TFD_OK)
        st = find_folders(s);
    for (size_t i = 0; i < names.count && st == TFD_OK; i++)
        st = find_one(s, names.items[i], true, list);
    if (st == TFD_OK)
        st = find_parts(s);
    list->complete = st == TFD_OK && names.count > 0 && s->loader.program != TFD_NONE;
    if (!list->complete)
        list->why = names.count == 0 ? TFD_STR("no row names the libraries of this TensorFlow")
                                     : TFD_STR("the search for CUDA's libraries ended early");
    ctx->arena->failed = ctx->arena->failed || s->scratch.failed;
    tfd_win_done(&s->loader);
    tfd_arena_done(&s->scratch);
    return st;
}
