/* CUDA, cuDNN and XLA's tools: wheels first, with exact versions. */
#include "core/gpu.h"
#include "fixes/fix_cuda.h"
#include "formats/pep440.h"
#include "kb/kb_gpu.h"

static const tfd_gpu *gpu_of(const tfd_fix_ctx *ctx)
{
    return &ctx->view->facts->gpu;
}

static bool is_lost(const tfd_gpu_library *one)
{
    return one->state == TFD_STATE_ABSENT || one->broken.len > 0;
}

static void reinstall(tfd_fix_ctx *ctx, size_t row)
{
    const tfd_dist *dist = tfd_view_dist(ctx->view, row);

    tfd_fix_install(ctx, dist->has_record ? TFD_REINSTALL_NO_DEPS : TFD_INSTALL_OVER,
                    tfd_arena_fmt(ctx->arena, "%.*s==%.*s", TFD_ARG(dist->name), TFD_ARG(dist->version)));
}

/* Distributions that are installed and lack their files: an installer takes them for satisfied. */
static size_t reinstall_damaged(tfd_fix_ctx *ctx, const tfd_gpu_libraries *list)
{
    const tfd_facts *facts = ctx->view->facts;
    tfd_str removed = TFD_STR(""); /* of one folder, where that is the link */
    size_t seen[16];
    size_t count = 0;

    /* Installers take them for absent and then write through them. */
    for (size_t i = 0; i < list->count; i++) {
        tfd_str link = list->items[i].dead_link;

        if (link.len > 0 && !tfd_str_eq(link, removed))
            tfd_fix_remove(ctx, link);
        removed = link.len > 0 ? link : removed;
    }
    for (size_t i = 0; i < list->count; i++) {
        const tfd_gpu_library *one = &list->items[i];
        tfd_str folder;
        size_t row;
        bool known = false;

        /* Where another version lies in its place, the wheel is whole and the wrong one. */
        if (!is_lost(one) || one->elsewhere.len > 0 || one->other.len > 0)
            continue;
        row = one->dist != TFD_NONE && !one->is_dependency
                  ? one->dist
                  : tfd_dist_find(facts, tfd_kb_cuda_dist(ctx->view->kb,
                                                          one->is_dependency ? one->dependency : one->name,
                                                          facts->gpu.build.cuda, &folder));
        for (size_t j = 0; j < count; j++)
            known |= seen[j] == row;
        if (row == TFD_NONE || known || count == sizeof seen / sizeof seen[0])
            continue;
        seen[count++] = row;
        reinstall(ctx, row);
    }
    return count;
}

/* A library of which the distribution is not installed. */
static bool lacks_wheel(tfd_fix_ctx *ctx, const tfd_gpu_libraries *list)
{
    const tfd_facts *facts = ctx->view->facts;

    for (size_t i = 0; i < list->count; i++) {
        tfd_str folder;
        const tfd_gpu_library *one = &list->items[i];
        tfd_str name = tfd_kb_cuda_dist(ctx->view->kb, one->is_dependency ? one->dependency : one->name,
                                        facts->gpu.build.cuda, &folder);

        if (is_lost(one) && one->elsewhere.len == 0 && name.len > 0 && tfd_dist_find(facts, name) == TFD_NONE)
            return true;
    }
    return false;
}

/* Where so many wheels have lost their files, the folder that they share was deleted: those of which no
 * library is opened by name (nvJitLink, nvcc, NCCL) are put in place again as well. */
enum { FOLDER_MIN = 3 };

static void reinstall_rest(tfd_fix_ctx *ctx)
{
    const tfd_kb_release *release = tfd_kb_release_find(ctx->view->kb, tfd_view_tf_version(ctx->view));
    const tfd_fix *fix = &ctx->items[ctx->count - 1];

    for (size_t i = 0; release && i < release->requires_and_cuda.count; i++) {
        tfd_str text = release->requires_and_cuda.items[i];
        size_t end = 0;
        size_t row;
        bool known = false;

        while (end < text.len && tfd_str_find_char(TFD_STR("<>=!~ ;"), text.ptr[end]) == TFD_NPOS)
            end++;
        row = tfd_dist_find(ctx->view->facts, tfd_str_sub(text, 0, end));
        for (size_t j = 0; row != TFD_NONE && j < fix->command_count; j++)
            known |= tfd_str_find(ctx->commands[ctx->count - 1][j], tfd_view_dist(ctx->view, row)->name) !=
                     TFD_NPOS;
        if (row != TFD_NONE && !known)
            reinstall(ctx, row);
    }
}

/* The clauses that this TensorFlow puts on a distribution: "nvidia-cudnn-cu12>=9.3.0.75,<10.0"; empty: none.
 */
static tfd_str required(tfd_fix_ctx *ctx, tfd_str dist)
{
    const tfd_kb_release *release = tfd_kb_release_find(ctx->view->kb, tfd_view_tf_version(ctx->view));

    for (size_t i = 0; release && i < release->requires_and_cuda.count; i++)
        if (tfd_str_starts(release->requires_and_cuda.items[i], dist))
            return release->requires_and_cuda.items[i];
    return TFD_STR("");
}

/* Whether a library of the distribution is older than another one needs; TensorFlow's own bounds may allow
 * it. */
static bool is_outdated(const tfd_gpu *gpu, tfd_str dist)
{
    for (size_t i = 0; i < gpu->libraries.count; i++)
        if (tfd_str_eq(gpu->libraries.items[i].outdated, dist))
            return true;
    return false;
}

static void fix_missing(tfd_fix_ctx *ctx)
{
    const tfd_gpu *gpu = gpu_of(ctx);
    tfd_str version = tfd_view_tf_version(ctx->view);

    tfd_fix_begin(ctx,
                  tfd_fix_cuda_has_extra(version)
                      ? tfd_arena_fmt(ctx->arena, "Install the CUDA libraries that belong to TensorFlow %.*s",
                                      TFD_ARG(version))
                      : tfd_arena_fmt(ctx->arena, "Install CUDA %.*s and cuDNN %.*s",
                                      TFD_ARG(gpu->build.cuda), TFD_ARG(gpu->build.cudnn)));
    if (tfd_fix_cuda_is_conda(ctx)) {
        tfd_fix_install(ctx, TFD_INSTALL, TFD_STR("cudnn"));
        return;
    }
    if (!tfd_fix_cuda_has_extra(version)) {
        tfd_fix_cuda_wheels(ctx, version, gpu->build.cuda, gpu->build.cudnn);
        return;
    }
    if (ctx->lead->cause == TFD_CAUSE_CUDA_VERSION && is_outdated(gpu, ctx->lead->subject)) {
        tfd_str clauses = required(ctx, ctx->lead->subject);

        tfd_fix_install(ctx, TFD_INSTALL_UPGRADE, clauses.len > 0 ? clauses : ctx->lead->subject);
        return;
    }
    if (ctx->lead->cause != TFD_CAUSE_CUDA_VERSION) {
        (void)reinstall_damaged(ctx, &gpu->libraries);
        (void)reinstall_damaged(ctx, &gpu->cudnn_parts);
    }
    if (ctx->items[ctx->count - 1].command_count > FOLDER_MIN)
        reinstall_rest(ctx);
    if (ctx->items[ctx->count - 1].command_count == 0 || lacks_wheel(ctx, &gpu->libraries))
        tfd_fix_cuda_install(ctx, version);
}

/* Every folder in which a library lies that ld.so does not find, once. */
static void fix_path(tfd_fix_ctx *ctx)
{
    const tfd_gpu_libraries *all = &gpu_of(ctx)->libraries;
    tfd_str seen = TFD_STR("");

    tfd_fix_begin(ctx, TFD_STR("Tell ld.so where the libraries lie"));
    for (size_t i = 0; i < all->count; i++) {
        tfd_str folder = tfd_path_dir(TFD_PATH_POSIX, all->items[i].elsewhere);

        if (all->items[i].state != TFD_STATE_ABSENT || folder.len == 0 ||
            tfd_str_find(seen, folder) != TFD_NPOS)
            continue;
        seen = tfd_arena_fmt(ctx->arena, "%.*s:%.*s", TFD_ARG(seen), TFD_ARG(folder));
        tfd_fix_put_first(ctx, "LD_LIBRARY_PATH", folder);
    }
    tfd_fix_note(
        ctx, TFD_STR("Put it into the environment's activate script to keep it; restart notebook kernels."));
}

static void fix_cudnn(tfd_fix_ctx *ctx)
{
    const tfd_dist *dist = tfd_view_dist(ctx->view, ctx->lead->dist);
    tfd_str spec;
    int order;

    if (!dist) {
        fix_missing(ctx);
        return;
    }
    spec = required(ctx, dist->key);
    if (spec.len == 0)
        spec = tfd_arena_fmt(ctx->arena, "%.*s>=%.*s", TFD_ARG(dist->key), TFD_ARG(gpu_of(ctx)->build.cudnn));
    /* Newer than what TensorFlow was built with, and still at fault: it has dropped the GPU. */
    if (tfd_version_cmp_text(tfd_kb_line_of(dist->version), tfd_kb_line_of(gpu_of(ctx)->build.cudnn),
                             &order) &&
        order >= 0) {
        size_t comma = tfd_str_find_char(spec, ',');

        spec = tfd_arena_fmt(ctx->arena, "%.*s,<9.11",
                             TFD_ARG(tfd_str_sub(spec, 0, comma == TFD_NPOS ? spec.len : comma)));
    }
    tfd_fix_begin(ctx, TFD_STR("Install a cuDNN that fits"));
    tfd_fix_install(ctx, TFD_INSTALL_NO_DEPS, spec);
    tfd_fix_note(ctx,
                 TFD_STR("Where another framework in this environment needs another cuDNN, give each its own "
                         "environment."));
}

/* Without LD_LIBRARY_PATH a library would be found nowhere. */
static bool needs_variable(const tfd_gpu *gpu)
{
    for (size_t i = 0; i < gpu->libraries.count; i++)
        if (tfd_str_is(gpu->libraries.items[i].rule, "LD_LIBRARY_PATH") &&
            gpu->libraries.items[i].without_env.len == 0)
            return true;
    return false;
}

static void fix_mixed(tfd_fix_ctx *ctx)
{
    tfd_str before;

    if (ctx->lead->dist != TFD_NONE) {
        tfd_fix_begin(ctx, TFD_STR("Put the files of one version back"));
        reinstall(ctx, ctx->lead->dist);
        tfd_fix_note(
            ctx, TFD_STR("Where another framework in this environment needs the other copy, give each its "
                         "own environment."));
        return;
    }
    if (tfd_view_variable(ctx->view, TFD_STR("LD_LIBRARY_PATH"), &before) && before.len > 0) {
        tfd_fix_begin(ctx, TFD_STR("Let the copies of one source be found"));
        tfd_fix_unset(ctx, TFD_STR("LD_LIBRARY_PATH"));
        if (needs_variable(gpu_of(ctx)) && tfd_fix_cuda_has_extra(tfd_view_tf_version(ctx->view)))
            tfd_fix_cuda_install(ctx, tfd_view_tf_version(ctx->view));
        return;
    }
    fix_missing(ctx);
}

static void fix_toolchain(tfd_fix_ctx *ctx)
{
    const tfd_gpu *gpu = gpu_of(ctx);
    tfd_str folder;
    tfd_str name = tfd_kb_cuda_dist(ctx->view->kb, TFD_STR("ptxas"), gpu->build.cuda, &folder);
    size_t row = tfd_dist_find(ctx->view->facts, name);

    tfd_fix_begin(ctx, TFD_STR("Install the compiler parts of CUDA that XLA needs"));
    for (size_t i = 0; i < gpu->dead_tools.count; i++)
        tfd_fix_remove(ctx, gpu->dead_tools.items[i]);
    if (row != TFD_NONE)
        reinstall(ctx, row);
    else if (name.len > 0 && tfd_fix_cuda_has_extra(tfd_view_tf_version(ctx->view)))
        tfd_fix_cuda_release(ctx, tfd_view_tf_version(ctx->view));
    else
        tfd_fix_install(ctx, TFD_INSTALL, name.len > 0 ? name : TFD_STR("nvidia-cuda-nvcc-cu12"));
}

void tfd_fix_cuda(tfd_fix_ctx *ctx)
{
    switch (ctx->lead->cause) {
    case TFD_CAUSE_TF_NO_GPU_BUILD:
        tfd_fix_cuda_build(ctx);
        break;
    case TFD_CAUSE_GPU_ARCH:
        tfd_fix_cuda_arch(ctx);
        break;
    case TFD_CAUSE_CUDA_PATH:
        fix_path(ctx);
        break;
    case TFD_CAUSE_CUDNN_VERSION:
        fix_cudnn(ctx);
        break;
    case TFD_CAUSE_CUDA_MIXED:
        fix_mixed(ctx);
        break;
    case TFD_CAUSE_CUDA_TOOLCHAIN:
        fix_toolchain(ctx);
        break;
    case TFD_CAUSE_ROCM_VERSION:
        tfd_fix_begin(
            ctx,
            TFD_STR("Install the tensorflow-rocm that is built for the ROCm of this machine, or that ROCm"));
        ctx->items[ctx->count - 1].url = TFD_STR("https://rocm.docs.amd.com/projects/install-on-linux/");
        break;
    default:
        fix_missing(ctx);
    }
}
