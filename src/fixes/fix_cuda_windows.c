/* GPUs on Windows: the driver, CUDA and cuDNN as TensorFlow 2.10 wants them, or WSL 2. */
#include "fixes/fix.h"
#include "kb/kb_gpu.h"

#define LAST_WITH_CUDA "2.10.1"
#define LAST_MINOR 10 /* CPython 3.10 is the last one with such a wheel */

static void fix_build(tfd_fix_ctx *ctx)
{
    const tfd_python *py = &ctx->view->facts->python;

    tfd_fix_begin(ctx, TFD_STR("Use the GPU in WSL 2: from 2.11 on, TensorFlow for Windows has no CUDA"));
    tfd_fix_command(ctx, TFD_STR("wsl --install"));
    tfd_fix_needs_admin(ctx);
    ctx->items[ctx->count - 1].needs_network = true;
    tfd_fix_note(ctx, TFD_STR("Restart, open Ubuntu, and there: python3 -m venv tf && tf/bin/pip install "
                              "'tensorflow[and-cuda]'. Windows' own NVIDIA driver serves WSL, too."));
    if (py->major != 3 || py->minor < 0 || py->minor > LAST_MINOR)
        return;
    tfd_fix_begin(ctx, TFD_STR("Install 2.10, the last release with CUDA on Windows (it needs CUDA 11.2 and "
                               "cuDNN 8.1)"));
    tfd_fix_install(ctx, TFD_INSTALL, TFD_STR("tensorflow==" LAST_WITH_CUDA));
}

static void fix_path(tfd_fix_ctx *ctx)
{
    const tfd_gpu_libraries *all = &ctx->view->facts->gpu.libraries;
    tfd_str seen = TFD_STR(";");

    tfd_fix_begin(ctx, TFD_STR("Put the folders of CUDA and cuDNN on PATH"));
    for (size_t i = 0; i < all->count; i++) {
        tfd_str folder = tfd_path_dir(TFD_PATH_WINDOWS, all->items[i].elsewhere);

        if (folder.len == 0 ||
            tfd_str_find(seen, tfd_arena_fmt(ctx->arena, ";%.*s;", TFD_ARG(folder))) != TFD_NPOS)
            continue;
        seen = tfd_arena_fmt(ctx->arena, "%.*s%.*s;", TFD_ARG(seen), TFD_ARG(folder));
        tfd_fix_put_first(ctx, "PATH", folder);
    }
    tfd_fix_note(ctx, tfd_fix_where_set(ctx));
}

static void fix_missing(tfd_fix_ctx *ctx)
{
    const tfd_gpu_build *build = &ctx->view->facts->gpu.build;
    const tfd_python *py = &ctx->view->facts->python;

    tfd_fix_begin(
        ctx, tfd_arena_fmt(ctx->arena, "Install CUDA %.*s and cuDNN %.*s, and put their folders bin on PATH",
                           TFD_ARG(tfd_kb_line_of(build->cuda)), TFD_ARG(tfd_kb_line_of(build->cudnn))));
    if (py->env == TFD_ENV_CONDA && py->conda.len > 0) {
        tfd_fix_command(
            ctx,
            tfd_arena_fmt(ctx->arena, "%.*s install -y -p %.*s -c conda-forge cudatoolkit=%.*s cudnn=%.*s",
                          TFD_ARG(tfd_fix_program(ctx, py->conda)), TFD_ARG(tfd_fix_quote(ctx, py->env_root)),
                          TFD_ARG(tfd_kb_line_of(build->cuda)), TFD_ARG(tfd_kb_line_of(build->cudnn))));
        ctx->items[ctx->count - 1].needs_network = true;
        return;
    }
    tfd_fix_needs_admin(ctx);
    ctx->items[ctx->count - 1].needs_network = true;
    ctx->items[ctx->count - 1].url =
        ctx->lead->cause == TFD_CAUSE_CUDNN_MISSING || ctx->lead->cause == TFD_CAUSE_CUDNN_VERSION
            ? TFD_STR("https://developer.nvidia.com/rdp/cudnn-archive")
            : TFD_STR("https://developer.nvidia.com/cuda-toolkit-archive");
}

static void fix_zlib(tfd_fix_ctx *ctx)
{
    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Put zlibwapi.dll (64 bits) into %.*s",
                                     TFD_ARG(tfd_path_dir(TFD_PATH_WINDOWS, ctx->lead->path))));
    ctx->items[ctx->count - 1].needs_network = true;
    ctx->items[ctx->count - 1].url =
        TFD_STR("https://docs.nvidia.com/deeplearning/cudnn/archives/cudnn-897/install-guide/index.html");
    tfd_fix_note(ctx, TFD_STR("NVIDIA's installation guide of cuDNN 8 names the archive that has it."));
}

static void fix_driver(tfd_fix_ctx *ctx)
{
    tfd_str floor = tfd_kb_windows_driver_floor(ctx->view->kb, ctx->view->facts->gpu.build.cuda);

    tfd_fix_begin(ctx, floor.len > 0
                           ? tfd_arena_fmt(ctx->arena,
                                           "Install NVIDIA's current driver for Windows (%.*s or newer)",
                                           TFD_ARG(floor))
                           : TFD_STR("Install NVIDIA's current driver for Windows"));
    tfd_fix_needs_admin(ctx);
    ctx->items[ctx->count - 1].needs_network = true;
    ctx->items[ctx->count - 1].url = TFD_STR("https://www.nvidia.com/drivers");
}

bool tfd_fix_cuda_windows(tfd_fix_ctx *ctx)
{
    if (!tfd_fix_is_cmd(ctx))
        return false;
    switch (ctx->lead->cause) {
    case TFD_CAUSE_TF_NO_GPU_BUILD:
        fix_build(ctx);
        return true;
    case TFD_CAUSE_CUDA_PATH:
        fix_path(ctx);
        return true;
    case TFD_CAUSE_CUDA_MISSING:
    case TFD_CAUSE_CUDA_VERSION:
    case TFD_CAUSE_CUDNN_MISSING:
    case TFD_CAUSE_CUDNN_VERSION:
        fix_missing(ctx);
        return true;
    case TFD_CAUSE_ZLIBWAPI_MISSING:
        fix_zlib(ctx);
        return true;
    case TFD_CAUSE_DRIVER_MISSING:
    case TFD_CAUSE_DRIVER_TOO_OLD:
    case TFD_CAUSE_DRIVER_BROKEN:
        fix_driver(ctx);
        return true;
    default:
        return false;
    }
}
