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
    tfd_kb_strs names =
        tfd_kb_cuda_libraries(search->ctx->kb, tfd_facts_tf_version(facts), gpu->build.cuda, &is_exact);
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
    return st == TFD_OK ? tfd_cuda_tools_find(search) : st;
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
