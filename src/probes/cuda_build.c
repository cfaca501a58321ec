#include "probes/cuda_build.h"

#define BUILD_INFO_MAX ((size_t)64 << 10)
#define ARCHS_MAX 64u

static tfd_status no_memory(tfd_err *err)
{
    return tfd_err_set(err, TFD_ENOMEM, 0, "build information: out of memory");
}

/* What follows a name: "('cuda_version', '12.5.1')", "'cuda_version': '11.2'", "is_cuda_build = True"; a
 * longer name that ends alike is another one. Empty: not named. */
static tfd_str value_of(tfd_str text, const char *name)
{
    tfd_str key = tfd_str_of(name);
    size_t from = 0;

    for (;;) {
        size_t at = tfd_str_find(tfd_str_from(text, from), key);
        size_t end;
        char before, after;

        if (at == TFD_NPOS)
            return TFD_STR("");
        at += from;
        end = at + key.len;
        before = at > 0 ? text.ptr[at - 1] : '\n';
        after = end < text.len ? text.ptr[end] : '\n';
        if ((before == '\'' || before == '"' || before == '\n') &&
            (after == '\'' || after == '"' || after == ' ' || after == '='))
            return tfd_str_sub(text, end, end + 2000);
        from = end;
    }
}

/* The text between the first pair of quotes behind the name itself. */
static tfd_str quoted(tfd_str rest)
{
    size_t from, to;

    if (rest.len > 0 && (rest.ptr[0] == '\'' || rest.ptr[0] == '"'))
        rest = tfd_str_from(rest, 1);
    for (from = 0; from < rest.len && rest.ptr[from] != '\'' && rest.ptr[from] != '"'; from++)
        if (rest.ptr[from] == '\n' || rest.ptr[from] == ')' || rest.ptr[from] == '[')
            return TFD_STR("");
    for (to = from + 1; to < rest.len && rest.ptr[to] != '\'' && rest.ptr[to] != '"'; to++)
        if (rest.ptr[to] == '\n')
            return TFD_STR("");
    return tfd_str_sub(rest, from + 1, to);
}

static tfd_tri truth(tfd_str rest)
{
    tfd_str head = tfd_str_sub(rest, 0, 16);

    if (tfd_str_find_z(head, "True") != TFD_NPOS)
        return TFD_YES;
    return tfd_str_find_z(head, "False") != TFD_NPOS ? TFD_NO : TFD_UNKNOWN;
}

/* "sm_86" is 8.6, "compute_120" is 12.0. */
static tfd_status add_arch(tfd_arena *arena, tfd_str word, tfd_gpu_build *out)
{
    bool is_ptx = tfd_str_starts_z(word, "compute_");
    tfd_str digits = tfd_str_from(word, is_ptx ? 8 : 3);
    tfd_strs *list = is_ptx ? &out->ptx : &out->kernels;
    size_t len = 0;

    while (len < digits.len && tfd_char_is_digit(digits.ptr[len])) /* "sm_90a" */
        len++;
    if ((!is_ptx && !tfd_str_starts_z(word, "sm_")) || len < 2 || len > 3 || list->count >= ARCHS_MAX)
        return TFD_OK;
    if (!TFD_GROW(arena, list))
        return TFD_ENOMEM;
    list->items[list->count++] =
        tfd_arena_fmt(arena, "%.*s.%c", (int)len - 1, digits.ptr, digits.ptr[len - 1]);
    return list->items[list->count - 1].ptr ? TFD_OK : TFD_ENOMEM;
}

static tfd_status read_archs(tfd_arena *arena, tfd_str rest, tfd_gpu_build *out)
{
    size_t open = tfd_str_find_char(rest, '[');
    size_t close = tfd_str_find_char(rest, ']');
    tfd_status st = TFD_OK;

    if (open == TFD_NPOS || close == TFD_NPOS || open > 8 || close < open)
        return TFD_OK;
    rest = tfd_str_sub(rest, open + 1, close);
    while (rest.len > 0 && st == TFD_OK) {
        tfd_str word, tail;

        (void)tfd_str_cut(rest, ',', &word, &tail);
        word = tfd_str_trim(word);
        st = add_arch(arena, tfd_str_sub(word, 1, word.len > 0 ? word.len - 1 : 0), out);
        rest = tail;
    }
    out->kernels.complete = out->kernels.count + out->ptx.count > 0;
    return st;
}

tfd_status tfd_cuda_build_parse(tfd_arena *arena, tfd_str text, tfd_gpu_build *out)
{
    tfd_str cuda = quoted(value_of(text, "cuda_version"));
    tfd_str cudnn = quoted(value_of(text, "cudnn_version"));
    tfd_tri is_cuda = truth(value_of(text, "is_cuda_build"));
    tfd_tri is_rocm = truth(value_of(text, "is_rocm_build"));

    if (is_cuda != TFD_UNKNOWN)
        out->is_cuda = is_cuda;
    if (is_rocm != TFD_UNKNOWN)
        out->is_rocm = is_rocm;
    /* Windows' wheels write "64_112" here, which is part of a file name. */
    if (cuda.len > 0 && tfd_str_find_char(cuda, '_') == TFD_NPOS)
        out->cuda = cuda;
    if (cudnn.len > 0 && tfd_str_find_char(cudnn, '_') == TFD_NPOS)
        out->cudnn = cudnn;
    return read_archs(arena, value_of(text, "cuda_compute_capabilities"), out);
}

/* ---- where it lies */

static tfd_str find_below(tfd_probe_ctx *ctx, const char *const *names, size_t count)
{
    const tfd_facts *facts = ctx->facts;
    tfd_str root = facts->places.items[facts->dists.items[facts->tensorflow].place].path;

    for (size_t i = 0; i < count; i++) {
        tfd_str path = tfd_path_join(ctx->sys->style, ctx->arena, root, tfd_str_of(names[i]));

        if (path.ptr && tfd_sys_is_file(ctx->sys, path))
            return path;
    }
    return TFD_STR("");
}

static bool has_word(const tfd_kb_strs *list, const char *word)
{
    for (size_t i = 0; i < list->count; i++)
        if (tfd_str_is(list->items[i], word))
            return true;
    return false;
}

static tfd_status copy_list(tfd_arena *arena, const tfd_kb_strs *from, tfd_strs *to)
{
    for (size_t i = 0; i < from->count; i++) {
        if (!TFD_GROW(arena, to))
            return TFD_ENOMEM;
        to->items[to->count++] = from->items[i];
    }
    to->complete = from->count > 0;
    return TFD_OK;
}

/* tensorflow-cpu and its like have no CUDA whatever the release has; "tensorflow" has it where the row says
 * so. */
static tfd_status ask_knowledge(tfd_probe_ctx *ctx, const tfd_dist *dist, tfd_gpu_build *build)
{
    const tfd_kb_release *release = tfd_kb_release_find(ctx->kb, dist->version);
    bool is_whole = tfd_str_is(dist->key, "tensorflow") || tfd_str_is(dist->key, "tensorflow-gpu");
    const char *platform = ctx->sys->style == TFD_PATH_WINDOWS           ? "windows-x86_64"
                           : ctx->facts->python.arch == TFD_ARCH_AARCH64 ? "linux-aarch64"
                                                                         : "linux-x86_64";

    if (build->is_cuda == TFD_UNKNOWN &&
        (tfd_str_ends_z(dist->key, "-cpu") || tfd_str_ends_z(dist->key, "-intel")))
        build->is_cuda = TFD_NO;
    if (!release || !is_whole)
        return TFD_OK;
    if (build->is_cuda == TFD_UNKNOWN) {
        build->is_cuda =
            tfd_str_is(dist->key, "tensorflow-gpu") || has_word(&release->gpu, platform) ? TFD_YES : TFD_NO;
        build->source = release->origin.source;
    }
    if (build->is_cuda != TFD_YES)
        return TFD_OK;
    if (build->cuda.len == 0)
        build->cuda = release->cuda;
    /* The file names the major alone; the row has what it was compiled with. */
    if (build->cudnn.len == 0 || tfd_str_find_char(build->cudnn, '.') == TFD_NPOS)
        build->cudnn = release->cudnn.len > 0 ? release->cudnn : build->cudnn;
    if (build->kernels.count + build->ptx.count > 0)
        return TFD_OK;
    if (copy_list(ctx->arena, &release->gpu_sass, &build->kernels) != TFD_OK)
        return TFD_ENOMEM;
    return copy_list(ctx->arena, &release->gpu_ptx, &build->ptx);
}

tfd_status tfd_cuda_build_read(tfd_probe_ctx *ctx, tfd_err *err)
{
    static const char *const infos[] = {"tensorflow/python/platform/build_info.py",
                                        "tensorflow_core/python/platform/build_info.py"};
    static const char *const frameworks[] = {"tensorflow/libtensorflow_framework.so.2",
                                             "tensorflow_core/libtensorflow_framework.so.2",
                                             "tensorflow_core/libtensorflow_framework.so.1"};
    tfd_gpu_build *build = &ctx->facts->gpu.build;
    const tfd_facts *facts = ctx->facts;
    tfd_str path, text;
    tfd_status st = TFD_OK;

    if (facts->tensorflow == TFD_NONE || facts->dists.items[facts->tensorflow].place >= facts->places.count)
        return TFD_OK;
    build->framework = find_below(ctx, frameworks, sizeof frameworks / sizeof frameworks[0]);
    path = find_below(ctx, infos, sizeof infos / sizeof infos[0]);
    if (path.len > 0 &&
        tfd_sys_read_file(ctx->sys, ctx->arena, path, BUILD_INFO_MAX, &text, NULL) == TFD_OK) {
        build->source = path;
        st = tfd_cuda_build_parse(ctx->arena, text, build);
    }
    if (st == TFD_OK)
        st = ask_knowledge(ctx, &facts->dists.items[facts->tensorflow], build);
    return st == TFD_OK ? TFD_OK : no_memory(err);
}
