/* Builds, CUDA, cuDNN and XLA's tools: wheels first, with exact versions. */
#include "core/gpu.h"
#include "fixes/fix.h"
#include "formats/pep440.h"
#include "kb/kb_gpu.h"

#define GPUS_MAX 16 /* whose capabilities bound what is installed */

static const tfd_gpu *gpu_of(const tfd_fix_ctx *ctx)
{
    return &ctx->view->facts->gpu;
}

/* The extra that brings CUDA came with 2.14. */
static bool has_extra(tfd_str version)
{
    int order;

    return tfd_version_cmp_text(version, TFD_STR("2.14"), &order) && order >= 0;
}

/* One command. */
static void install_release(tfd_fix_ctx *ctx, tfd_str version)
{
    const tfd_kb_release *release = tfd_kb_release_find(ctx->view->kb, version);
    tfd_str capabilities[GPUS_MAX];
    tfd_str words[TFD_KB_WITH_CUDA_MAX];
    size_t gpus = tfd_gpu_seen_count(ctx->view);

    if (!release) {
        tfd_fix_install(ctx, TFD_INSTALL,
                        tfd_arena_fmt(ctx->arena, "tensorflow%s==%.*s",
                                      has_extra(version) ? "[and-cuda]" : "", TFD_ARG(version)));
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

/* The release with its CUDA; two of them need help to find it. */
static void install_with_cuda(tfd_fix_ctx *ctx, tfd_str version)
{
    tfd_kb_strs gaps = tfd_kb_cuda_gaps(ctx->view->kb, version);
    tfd_str site = ctx->view->facts->python.site_packages;

    install_release(ctx, version);
    for (size_t i = 0; site.len > 0 && i < gaps.count; i++)
        tfd_fix_put_first(ctx, "LD_LIBRARY_PATH", tfd_fix_join(ctx, site, gaps.items[i]));
    if (gaps.count > 0)
        tfd_fix_note(ctx, tfd_arena_fmt(ctx->arena,
                                        "TensorFlow %.*s does not look into all folders of NVIDIA's wheels: "
                                        "LD_LIBRARY_PATH has to be set wherever it is started.",
                                        TFD_ARG(version)));
}

static bool is_conda_tensorflow(const tfd_fix_ctx *ctx)
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
    install_with_cuda(ctx, release->version);
}

/* The cause means that there is code for none of the GPUs: the first one is to work. */
static void fix_arch(tfd_fix_ctx *ctx)
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
    install_with_cuda(ctx, release->version);
}

static void fix_build(tfd_fix_ctx *ctx)
{
    const tfd_dist *tf = tfd_view_tensorflow(ctx->view);
    const tfd_kb_release *release = tf ? tfd_kb_release_find(ctx->view->kb, tf->version) : NULL;
    tfd_str best = tfd_fix_best_tensorflow(ctx);
    bool has_gpu = release && release->gpu.count > 0 && has_python(ctx, release);
    /* A release before the extra is of use where CUDA was installed by other means; a newer one brings it. */
    bool is_enough =
        has_gpu && (has_extra(tf->version) || !has_extra(best) || tfd_view_is_windows(ctx->view));
    tfd_str version = is_enough ? tf->version : best;

    if (tfd_str_is(tfd_fix_platform(ctx), "linux-aarch64") || version.len == 0) {
        tfd_fix_begin(
            ctx,
            TFD_STR(
                "There is no wheel of TensorFlow with CUDA for this system; NVIDIA's containers have one"));
        return;
    }
    if (is_conda_tensorflow(ctx)) {
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
    install_with_cuda(ctx, version);
}

/* ---- libraries */

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
    size_t seen[16];
    size_t count = 0;

    /* Installers take them for absent and then write through them. */
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].dead_link.len > 0)
            tfd_fix_remove(ctx, list->items[i].dead_link);
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

/* Before the extra: NVIDIA's wheels, and a search path to them, since that TensorFlow looks for none. */
static void install_old_style(tfd_fix_ctx *ctx)
{
    const tfd_gpu *gpu = gpu_of(ctx);
    tfd_str site = ctx->view->facts->python.site_packages;
    tfd_str words = TFD_STR("");

    for (size_t i = 0; i < gpu->libraries.count; i++) {
        tfd_str folder;
        tfd_str dist =
            tfd_kb_cuda_dist(ctx->view->kb, gpu->libraries.items[i].name, gpu->build.cuda, &folder);

        if (dist.len == 0 || tfd_str_find(words, dist) != TFD_NPOS)
            continue;
        words = tfd_arena_fmt(ctx->arena, "%.*s %.*s", TFD_ARG(words), TFD_ARG(dist));
        if (!tfd_str_starts_z(dist, "nvidia-cudnn"))
            tfd_fix_install(ctx, TFD_INSTALL, dist);
        else
            tfd_fix_install(
                ctx, TFD_INSTALL,
                tfd_arena_fmt(ctx->arena, "%.*s>=%.*s,<9", TFD_ARG(dist), TFD_ARG(gpu->build.cudnn)));
        tfd_fix_put_first(ctx, "LD_LIBRARY_PATH", tfd_fix_join(ctx, site, folder));
    }
    if (words.len == 0)
        tfd_fix_note(
            ctx,
            TFD_STR("No wheels bring this CUDA: conda's cudatoolkit and cudnn do, or NVIDIA's archive."));
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
                  has_extra(version)
                      ? tfd_arena_fmt(ctx->arena, "Install the CUDA libraries that belong to TensorFlow %.*s",
                                      TFD_ARG(version))
                      : tfd_arena_fmt(ctx->arena, "Install CUDA %.*s and cuDNN %.*s",
                                      TFD_ARG(gpu->build.cuda), TFD_ARG(gpu->build.cudnn)));
    if (is_conda_tensorflow(ctx)) {
        tfd_fix_install(ctx, TFD_INSTALL, TFD_STR("cudnn"));
        return;
    }
    if (!has_extra(version)) {
        install_old_style(ctx);
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
        install_with_cuda(ctx, version);
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
        if (needs_variable(gpu_of(ctx)) && has_extra(tfd_view_tf_version(ctx->view)))
            install_with_cuda(ctx, tfd_view_tf_version(ctx->view));
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
    else if (name.len > 0 && has_extra(tfd_view_tf_version(ctx->view)))
        install_release(ctx, tfd_view_tf_version(ctx->view));
    else
        tfd_fix_install(ctx, TFD_INSTALL, name.len > 0 ? name : TFD_STR("nvidia-cuda-nvcc-cu12"));
}

void tfd_fix_cuda(tfd_fix_ctx *ctx)
{
    switch (ctx->lead->cause) {
    case TFD_CAUSE_TF_NO_GPU_BUILD:
        fix_build(ctx);
        break;
    case TFD_CAUSE_GPU_ARCH:
        fix_arch(ctx);
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
