/* Which release or build of TensorFlow to install, and with which CUDA. */
#include "core/gpu.h"
#include "fixes/fix_cuda.h"
#include "formats/pep440.h"
#include "kb/kb_gpu.h"

#define GPUS_MAX 16   /* whose capabilities bound what is installed */
#define WHEELS_MAX 10 /* of NVIDIA's that one release needs */

static const tfd_gpu *gpu_of(const tfd_fix_ctx *ctx)
{
    return &ctx->view->facts->gpu;
}

/* The extra that brings CUDA came with 2.14. */
bool tfd_fix_cuda_has_extra(tfd_str version)
{
    int order;

    return tfd_version_cmp_text(version, TFD_STR("2.14"), &order) && order >= 0;
}

/* One command. */
void tfd_fix_cuda_release(tfd_fix_ctx *ctx, tfd_str version)
{
    const tfd_kb_release *release = tfd_kb_release_find(ctx->view->kb, version);
    tfd_str capabilities[GPUS_MAX];
    tfd_str words[TFD_KB_WITH_CUDA_MAX];
    size_t gpus = tfd_gpu_seen_count(ctx->view);

    if (!release) {
        tfd_fix_install(ctx, TFD_INSTALL,
                        tfd_arena_fmt(ctx->arena, "tensorflow%s==%.*s",
                                      tfd_fix_cuda_has_extra(version) ? "[and-cuda]" : "", TFD_ARG(version)));
        return;
    }
    if (gpus > GPUS_MAX)
        gpus = GPUS_MAX;
    for (size_t i = 0; i < gpus; i++)
        capabilities[i] = tfd_gpu_seen_get(ctx->view, i, ctx->arena).cc;
    tfd_fix_install_all(ctx, TFD_INSTALL, words,
                        tfd_kb_with_cuda(ctx->view->kb, ctx->arena, release, capabilities, gpus, words,
                                         TFD_KB_WITH_CUDA_MAX));
}

/* Before the extra: NVIDIA's wheels, and a search path to them, since that TensorFlow looks for none. */
void tfd_fix_cuda_wheels(tfd_fix_ctx *ctx, tfd_str version, tfd_str cuda, tfd_str cudnn)
{
    bool is_exact;
    tfd_kb_strs names = tfd_kb_cuda_libraries(ctx->view->kb, version, cuda, &is_exact);
    tfd_str dists[WHEELS_MAX + 1], folders[WHEELS_MAX], tools; /* the last: XLA's compiler, no library */
    size_t count = 0;

    for (size_t i = 0; i < names.count && count < WHEELS_MAX; i++) {
        tfd_str folder = TFD_STR("");
        tfd_str dist = tfd_kb_cuda_dist(ctx->view->kb, names.items[i], cuda, &folder);
        bool known = dist.len == 0;

        for (size_t j = 0; j < count; j++)
            known |= tfd_str_eq(folders[j], folder);
        if (known)
            continue;
        folders[count] = folder;
        dists[count++] = tfd_str_starts_z(dist, "nvidia-cudnn")
                             ? tfd_arena_fmt(ctx->arena, "%.*s>=%.*s,<9", TFD_ARG(dist), TFD_ARG(cudnn))
                             : dist;
    }
    if (count == 0) {
        tfd_fix_note(
            ctx,
            TFD_STR("No wheels bring this CUDA: conda's cudatoolkit and cudnn do, or NVIDIA's archive."));
        return;
    }
    dists[count] = tfd_kb_cuda_dist(ctx->view->kb, TFD_STR("ptxas"), cuda, &tools);
    tfd_fix_install_all(ctx, TFD_INSTALL, dists, count + (dists[count].len > 0 ? 1 : 0));
    for (size_t i = 0; i < count; i++)
        tfd_fix_put_first(ctx, "LD_LIBRARY_PATH",
                          tfd_fix_join(ctx, ctx->view->facts->python.site_packages, folders[i]));
}

/* The release with its CUDA; two of them need help to find it. */
void tfd_fix_cuda_install(tfd_fix_ctx *ctx, tfd_str version)
{
    tfd_kb_strs gaps = tfd_kb_cuda_gaps(ctx->view->kb, version);
    tfd_str site = ctx->view->facts->python.site_packages;
    const tfd_kb_release *release = tfd_kb_release_find(ctx->view->kb, version);

    tfd_fix_cuda_release(ctx, version);
    if (release && !tfd_fix_cuda_has_extra(version) && !tfd_view_is_windows(ctx->view))
        tfd_fix_cuda_wheels(ctx, version, release->cuda, release->cudnn);
    for (size_t i = 0; site.len > 0 && i < gaps.count; i++)
        tfd_fix_put_first(ctx, "LD_LIBRARY_PATH", tfd_fix_join(ctx, site, gaps.items[i]));
    if (gaps.count > 0)
        tfd_fix_note(ctx, tfd_arena_fmt(ctx->arena,
                                        "TensorFlow %.*s does not look into all folders of NVIDIA's wheels: "
                                        "LD_LIBRARY_PATH has to be set wherever it is started.",
                                        TFD_ARG(version)));
}

bool tfd_fix_cuda_is_conda(const tfd_fix_ctx *ctx)
{
    const tfd_dist *tf = tfd_view_tensorflow(ctx->view);

    return tf && (tf->kind == TFD_DIST_CONDA || tfd_str_is(tf->installer, "conda"));
}

/* ---- another build or release */

static bool has_python(const tfd_fix_ctx *ctx, const tfd_kb_release *release)
{
    const tfd_kb_wheel *wheel = tfd_kb_wheel_find(release, tfd_fix_platform(ctx));
    const tfd_python *py = &ctx->view->facts->python;

    for (size_t i = 0; wheel && i < wheel->pythons.count; i++) {
        tfd_str head, tail;
        uint64_t minor;

        (void)tfd_str_cut(wheel->pythons.items[i], '.', &head, &tail);
        if (tfd_str_u64(tail, &minor) && py->minor >= 0 && minor == (uint64_t)py->minor)
            return true;
    }
    return false;
}

/* The newest release with CUDA for this Python that answers `fits`; NULL: none. */
typedef bool (*release_test)(tfd_fix_ctx *ctx, const tfd_kb_release *release, tfd_str value);

static const tfd_kb_release *newest(tfd_fix_ctx *ctx, release_test fits, tfd_str value)
{
    const tfd_kb_release *const *all = NULL;
    const tfd_kb_release *best = NULL;
    size_t count = 0;
    int order;

    if (tfd_kb_releases_get(ctx->view->kb, &all, &count, NULL) != TFD_OK)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (all[i]->gpu.count > 0 && has_python(ctx, all[i]) && fits(ctx, all[i], value) &&
            (!best || (tfd_version_cmp_text(all[i]->version, best->version, &order) && order > 0)))
            best = all[i];
    return best;
}

static bool fits_device(tfd_fix_ctx *ctx, const tfd_kb_release *release, tfd_str cc)
{
    (void)ctx;
    return tfd_kb_release_has_code(release, cc);
}

static bool fits_driver(tfd_fix_ctx *ctx, const tfd_kb_release *release, tfd_str driver)
{
    tfd_str floor = tfd_kb_driver_floor(ctx->view->kb, release->cuda);
    int order;

    return floor.len > 0 && tfd_version_cmp_text(driver, floor, &order) && order >= 0;
}

void tfd_fix_older_cuda(tfd_fix_ctx *ctx)
{
    const tfd_kb_release *release = newest(ctx, fits_driver, gpu_of(ctx)->kernel_module);

    if (!release || tfd_str_eq(release->version, tfd_view_tf_version(ctx->view)))
        return;
    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Install TensorFlow %.*s, whose CUDA %.*s this driver runs",
                                     TFD_ARG(release->version), TFD_ARG(release->cuda)));
    tfd_fix_cuda_install(ctx, release->version);
}

/* The cause means that there is code for none of the GPUs: the first one is to work. */
void tfd_fix_cuda_arch(tfd_fix_ctx *ctx)
{
    tfd_str cc =
        tfd_gpu_seen_count(ctx->view) > 0 ? tfd_gpu_seen_get(ctx->view, 0, ctx->arena).cc : TFD_STR("");
    const tfd_kb_release *release = cc.len > 0 ? newest(ctx, fits_device, cc) : NULL;

    if (!release) {
        tfd_fix_begin(
            ctx,
            TFD_STR("No release of TensorFlow for this Python has code for this GPU: use another GPU, or "
                    "build TensorFlow from source for it"));
        return;
    }
    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Install TensorFlow %.*s, the newest with code for this GPU",
                                     TFD_ARG(release->version)));
    tfd_fix_cuda_install(ctx, release->version);
}

void tfd_fix_cuda_build(tfd_fix_ctx *ctx)
{
    const tfd_dist *tf = tfd_view_tensorflow(ctx->view);
    const tfd_kb_release *release = tf ? tfd_kb_release_find(ctx->view->kb, tf->version) : NULL;
    tfd_str best = tfd_fix_best_tensorflow(ctx);
    bool has_gpu = release && release->gpu.count > 0 && has_python(ctx, release);
    /* A release before the extra is of use where CUDA was installed by other means; a newer one brings it. */
    bool is_enough = has_gpu && (tfd_fix_cuda_has_extra(tf->version) || !tfd_fix_cuda_has_extra(best) ||
                                 tfd_view_is_windows(ctx->view));
    tfd_str version = is_enough ? tf->version : best;

    if (tfd_str_is(tfd_fix_platform(ctx), "linux-aarch64") || version.len == 0) {
        tfd_fix_begin(
            ctx,
            TFD_STR(
                "There is no wheel of TensorFlow with CUDA for this system; NVIDIA's containers have one"));
        return;
    }
    if (tfd_fix_cuda_is_conda(ctx)) {
        tfd_fix_begin(ctx, TFD_STR("Install conda's CUDA build"));
        tfd_fix_install(ctx, TFD_INSTALL, TFD_STR("tensorflow=*=cuda*"));
        return;
    }
    tfd_fix_begin(ctx,
                  has_gpu && !is_enough
                      ? tfd_arena_fmt(ctx->arena,
                                      "Install TensorFlow %.*s with CUDA in its place: %.*s brings no CUDA "
                                      "libraries in any build",
                                      TFD_ARG(version), TFD_ARG(tf->version))
                      : TFD_STR("Install the build with CUDA in its place"));
    if (tf)
        tfd_fix_uninstall(ctx, tf->name);
    tfd_fix_cuda_install(ctx, version);
}
