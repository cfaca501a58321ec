/* What TensorFlow was built for and which CUDA, cuDNN and driver libraries it would get, by the loader model;
 * the tools and data that XLA looks for. Only where a GPU is there or asked for. */
#include "core/probe.h"
#include "kb/kb_gpu.h"
#include "probes/cuda_build.h"
#include "probes/cuda_search.h"
#include "probes/cuda_tools.h"
#include "probes/cuda_windows.h"

static tfd_status no_memory(tfd_err *err)
{
    return tfd_err_set(err, TFD_ENOMEM, 0, "CUDA libraries: out of memory");
}

static tfd_str tf_version(const tfd_facts *facts)
{
    return facts->tensorflow == TFD_NONE ? TFD_STR("") : facts->dists.items[facts->tensorflow].version;
}

/* ---- the driver's libraries */

/* In WSL the libraries of Windows' driver lie in a folder of their own; a Linux driver that was installed
 * there wins over them and finds no kernel module. */
static void judge_wsl(tfd_gpu *gpu)
{
    if (gpu->has_wsl_driver && gpu->libcuda.state == TFD_STATE_PRESENT &&
        !tfd_str_starts_z(gpu->libcuda.path, "/usr/lib/wsl/") &&
        !tfd_str_starts_z(gpu->libcuda.real, "/usr/lib/wsl/"))
        gpu->stray_libcuda = gpu->libcuda.path;
}

static tfd_status find_driver(tfd_cuda_search *search)
{
    tfd_gpu *gpu = &search->ctx->facts->gpu;
    tfd_status st = tfd_cuda_search_open(search, TFD_STR("libcuda.so.1"), search->framework, &gpu->libcuda);

    if (st == TFD_OK)
        st = tfd_cuda_search_open(search, TFD_STR("libnvidia-ml.so.1"), TFD_NONE, &gpu->libnvml);
    judge_wsl(gpu);
    return st;
}

/* ---- CUDA and cuDNN */

static tfd_status add_library(tfd_cuda_search *search, tfd_gpu_libraries *list, tfd_str name, size_t by,
                              bool required)
{
    tfd_gpu_library library = {.name = name, .is_required = required};
    tfd_status st = tfd_cuda_search_open(search, name, by, &library);

    if (st != TFD_OK)
        return st;
    if (!TFD_GROW(search->ctx->arena, list))
        return no_memory(search->err);
    list->items[list->count++] = library;
    return TFD_OK;
}

static tfd_status find_libraries(tfd_cuda_search *search)
{
    tfd_facts *facts = search->ctx->facts;
    tfd_gpu *gpu = &facts->gpu;
    bool is_exact;
    tfd_kb_strs names = tfd_kb_cuda_libraries(search->ctx->kb, tf_version(facts), gpu->build.cuda, &is_exact);
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < names.count && st == TFD_OK; i++)
        st = add_library(search, &gpu->libraries, names.items[i], search->framework, true);
    /* A generation that the table does not know has a cuDNN of its own. */
    if (st == TFD_OK && names.count > 0 && !is_exact && gpu->build.cudnn.len > 0) {
        tfd_str head, tail;

        (void)tfd_str_cut(gpu->build.cudnn, '.', &head, &tail);
        st = add_library(search, &gpu->libraries,
                         tfd_arena_fmt(search->ctx->arena, "libcudnn.so.%.*s", TFD_ARG(head)),
                         search->framework, true);
    }
    gpu->libraries.complete =
        names.count > 0 && search->framework != TFD_NONE && search->loader.program != TFD_NONE;
    if (names.count == 0)
        gpu->libraries.why = TFD_STR("no row names the libraries of this TensorFlow");
    else if (!gpu->libraries.complete)
        gpu->libraries.why = TFD_STR("TensorFlow's own library was not found");
    return st;
}

/* cuDNN 9 compiles some kernels with NVRTC, which it opens when it needs it. */
static tfd_status find_nvrtc(tfd_cuda_search *search)
{
    tfd_gpu *gpu = &search->ctx->facts->gpu;
    size_t by = tfd_loader_named(&search->loader, TFD_STR("libcudnn_graph.so.9"));
    tfd_str major, rest;

    (void)tfd_str_cut(gpu->build.cuda, '.', &major, &rest);
    if (by == TFD_NONE || major.len == 0)
        return TFD_OK;
    return add_library(search, &gpu->cudnn_parts,
                       tfd_arena_fmt(search->ctx->arena, "libnvrtc.so.%.*s", TFD_ARG(major)), by, false);
}

/* What libcudnn opens by itself while it works. */
static tfd_status find_cudnn_parts(tfd_cuda_search *search)
{
    tfd_gpu *gpu = &search->ctx->facts->gpu;
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < gpu->libraries.count && st == TFD_OK; i++) {
        const tfd_gpu_library *cudnn = &gpu->libraries.items[i];
        size_t file = tfd_loader_named(&search->loader, cudnn->name);
        tfd_kb_strs files;

        if (!tfd_str_starts_z(cudnn->name, "libcudnn.so.") || file == TFD_NONE)
            continue;
        files = tfd_kb_cudnn_files(search->ctx->kb, tfd_str_from(cudnn->name, sizeof "libcudnn.so." - 1));
        for (size_t j = 1; j < files.count && st == TFD_OK; j++)
            st = add_library(search, &gpu->cudnn_parts, files.items[j], file, false);
        gpu->cudnn_parts.complete = files.count > 1;
    }
    return st == TFD_OK ? find_nvrtc(search) : st;
}

/* ---- XLA */

/* XLA starts ptxas: a file that may not be executed is none, and neither is one that the kernel does not know
 * how to start (an emptied one). What cannot be read is taken for one. */
static bool is_program(tfd_probe_ctx *ctx, tfd_str path)
{
    char head[4];
    size_t got = 0;
    tfd_file file;
    tfd_status st;

    if (!tfd_sys_is_file(ctx->sys, path) ||
        ctx->sys->access(ctx->sys, path, TFD_ACCESS_EXEC, NULL) == TFD_EACCESS)
        return false;
    if (ctx->sys->open(ctx->sys, path, &file, NULL) != TFD_OK)
        return true;
    st = ctx->sys->read_at(ctx->sys, &file, 0, head, sizeof head, &got, NULL);
    ctx->sys->close(ctx->sys, &file);
    return st != TFD_OK ||
           tfd_str_eq((tfd_str){head, got}, TFD_STR("\x7f"
                                                    "ELF")) ||
           tfd_str_starts_z((tfd_str){head, got}, "#!");
}

/* Takes it for XLA's, where XLA does not pass over its version. NVIDIA's own wheel is taken at its word:
 * reading 30 MB tells nothing new. */
static tfd_status offer_ptxas(tfd_probe_ctx *ctx, tfd_str path, tfd_err *err)
{
    enum { SCRIPT_MAX = 1 << 20 };
    tfd_gpu *gpu = &ctx->facts->gpu;
    tfd_stat stat;
    bool is_wheel = tfd_str_find_z(path, "/nvidia/cuda_nvcc/") != TFD_NPOS;
    tfd_str version = TFD_STR("");
    tfd_status st = TFD_OK;

    if (gpu->ptxas.len > 0 || !path.ptr || !is_program(ctx, path))
        return path.ptr ? TFD_OK : no_memory(err);
    if (!is_wheel || (ctx->sys->stat(ctx->sys, path, true, &stat, NULL) == TFD_OK && stat.size < SCRIPT_MAX))
        st = tfd_cuda_tool_version(ctx, path, &version, err);
    if (st != TFD_OK)
        return st;
    if (tfd_cuda_tool_is_refused(version, tf_version(ctx->facts))) {
        gpu->ptxas_refused = path;
        gpu->ptxas_refused_version = version;
        return TFD_OK;
    }
    gpu->ptxas = path;
    gpu->ptxas_version = version;
    return TFD_OK;
}

static tfd_status try_root(tfd_probe_ctx *ctx, tfd_str root, tfd_err *err)
{
    tfd_gpu *gpu = &ctx->facts->gpu;
    tfd_str ptxas = tfd_path_join(ctx->sys->style, ctx->arena, root, TFD_STR("bin/ptxas"));
    tfd_str device =
        tfd_path_join(ctx->sys->style, ctx->arena, root, TFD_STR("nvvm/libdevice/libdevice.10.bc"));

    if (!ptxas.ptr || !device.ptr || !TFD_GROW(ctx->arena, &gpu->toolchain_roots))
        return no_memory(err);
    gpu->toolchain_roots.items[gpu->toolchain_roots.count++] = root;
    if (gpu->libdevice.len == 0 && tfd_sys_is_file(ctx->sys, device) &&
        ctx->sys->access(ctx->sys, device, TFD_ACCESS_READ, NULL) != TFD_EACCESS)
        gpu->libdevice = device;
    return offer_ptxas(ctx, ptxas, err);
}

/* ptxas on PATH is taken first (PreferPtxasFromPath in xla/stream_executor/cuda). */
static tfd_status find_on_path(tfd_probe_ctx *ctx, tfd_err *err)
{
    tfd_str rest, folder;
    tfd_status st = TFD_OK;

    if (!ctx->sys->env(ctx->sys, "PATH", &rest))
        return TFD_OK;
    while (rest.len > 0 && st == TFD_OK) {
        tfd_str tail;

        (void)tfd_str_cut(rest, ':', &folder, &tail);
        rest = tail;
        if (folder.len > 0)
            st = offer_ptxas(ctx, tfd_path_join(ctx->sys->style, ctx->arena, folder, TFD_STR("ptxas")), err);
    }
    return st;
}

/* The order of xla's tsl/platform/default/cuda_root_path.cc: the flag, the toolkit, the wheel beside
 * TensorFlow, conda's prefix. */
static tfd_status find_toolchain(tfd_cuda_search *search)
{
    tfd_probe_ctx *ctx = search->ctx;
    tfd_facts *facts = ctx->facts;
    tfd_status st = find_on_path(ctx, search->err);
    tfd_str site, conda;

    if (st == TFD_OK && facts->gpu.data_dir.len > 0)
        st = try_root(
            ctx, tfd_path_join(ctx->sys->style, ctx->arena, ctx->sys->cwd(ctx->sys), facts->gpu.data_dir),
            search->err);
    if (st == TFD_OK)
        st = try_root(ctx, TFD_STR("/usr/local/cuda"), search->err);
    if (st == TFD_OK && facts->gpu.build.cuda.len > 0)
        st = try_root(
            ctx,
            tfd_arena_fmt(ctx->arena, "/usr/local/cuda-%.*s", TFD_ARG(tfd_kb_line_of(facts->gpu.build.cuda))),
            search->err);
    if (st == TFD_OK)
        st = try_root(ctx, TFD_STR("/opt/cuda"), search->err);
    if (st == TFD_OK && facts->gpu.build.framework.len > 0) {
        site = tfd_path_dir(ctx->sys->style, tfd_path_dir(ctx->sys->style, facts->gpu.build.framework));
        st = try_root(ctx, tfd_path_join(ctx->sys->style, ctx->arena, site, TFD_STR("nvidia/cuda_nvcc")),
                      search->err);
    }
    if (st == TFD_OK && ctx->sys->env(ctx->sys, "CONDA_PREFIX", &conda) && conda.len > 0)
        st = try_root(ctx, conda, search->err);
    return st;
}

/* ---- all of it */

static tfd_status examine(tfd_cuda_search *search, tfd_probe_ctx *ctx, tfd_err *err)
{
    tfd_status st = tfd_cuda_search_init(search, ctx, err);

    if (st == TFD_OK)
        st = find_driver(search);
    if (st != TFD_OK || ctx->facts->gpu.build.is_cuda != TFD_YES)
        return st;
    st = find_libraries(search);
    if (st == TFD_OK)
        st = find_cudnn_parts(search);
    return st == TFD_OK ? find_toolchain(search) : st;
}

static void set_fact(tfd_probe_ctx *ctx, tfd_fact_id id, tfd_str version)
{
    const tfd_gpu_build *build = &ctx->facts->gpu.build;

    if (version.len > 0)
        tfd_fact_set_text(ctx->facts, id, version, build->source);
    else if (build->is_cuda == TFD_NO)
        tfd_fact_set_absent(ctx->facts, id, build->source);
    else
        tfd_fact_set_unknown(ctx->facts, id, TFD_STR("not looked for"));
}

static tfd_status run(tfd_probe_ctx *ctx, tfd_err *err)
{
    tfd_gpu *gpu = &ctx->facts->gpu;
    tfd_cuda_search *search;
    tfd_status st = TFD_OK;
    bool is_wanted = gpu->was_looked_for && (gpu->is_possible || gpu->is_asked);

    if (is_wanted)
        st = tfd_cuda_build_read(ctx, err);
    set_fact(ctx, TFD_FACT_CUDA_BUILD, gpu->build.is_cuda == TFD_NO ? TFD_STR("") : gpu->build.cuda);
    set_fact(ctx, TFD_FACT_CUDNN_BUILD, gpu->build.is_cuda == TFD_NO ? TFD_STR("") : gpu->build.cudnn);
    if (st == TFD_OK && is_wanted && ctx->sys->system(ctx->sys)->os == TFD_OS_WINDOWS &&
        gpu->build.is_cuda == TFD_YES)
        return tfd_cuda_windows_find(ctx, err);
    if (st != TFD_OK || !is_wanted || ctx->sys->system(ctx->sys)->os != TFD_OS_LINUX)
        return st;
    search = tfd_arena_new(ctx->arena, tfd_cuda_search, 1);
    if (!search)
        return no_memory(err);
    st = examine(search, ctx, err);
    tfd_cuda_search_done(search);
    return st;
}

const tfd_probe tfd_probe_cuda = {
    .id = "cuda",
    .summary = "CUDA, cuDNN and driver libraries that TensorFlow would get, and XLA's tools",
    .phase = TFD_PHASE_FILES,
    .run = run,
};
