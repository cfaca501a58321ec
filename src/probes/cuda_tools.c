#include "probes/cuda_tools.h"

#include "formats/pep440.h"

/* A ptxas has 30 to 60 MB; the text lies anywhere in it. */
#define TOOL_MAX ((uint64_t)128 << 20)
#define CHUNK ((size_t)64 << 10)

static const char mark[] = "Cuda compilation tools, release ";

/* "12.9, V12.9.86" gives "12.9.86"; a form of printf, which ptxas has as well, gives nothing. */
static tfd_str version_behind(tfd_str rest)
{
    size_t at = tfd_str_find_z(tfd_str_sub(rest, 0, 16), ", V");
    size_t end;

    if (at == TFD_NPOS)
        return TFD_STR("");
    rest = tfd_str_from(rest, at + 3);
    for (end = 0; end < rest.len && (tfd_char_is_digit(rest.ptr[end]) || rest.ptr[end] == '.'); end++)
        continue;
    return tfd_str_sub(rest, 0, end);
}

static tfd_str find_version(tfd_str text)
{
    tfd_str version = TFD_STR("");

    for (;;) {
        size_t at = tfd_str_find_z(text, mark);

        if (at == TFD_NPOS)
            return version;
        text = tfd_str_from(text, at + sizeof mark - 1);
        version = version_behind(text);
        if (version.len > 0)
            return version;
    }
}

/* Chunks overlap by what the mark and a version take. */
static tfd_status scan(tfd_probe_ctx *ctx, const tfd_file *file, char *buffer, tfd_str *version)
{
    enum { OVERLAP = 96 };
    uint64_t offset = 0;
    size_t got;

    while (offset < TOOL_MAX && version->len == 0) {
        tfd_str found;

        if (ctx->sys->read_at(ctx->sys, file, offset, buffer, CHUNK, &got, NULL) != TFD_OK || got == 0)
            return TFD_OK;
        found = find_version((tfd_str){buffer, got});
        if (found.len > 0) {
            *version = tfd_arena_fmt(ctx->arena, "%.*s", TFD_ARG(found));
            return version->ptr ? TFD_OK : TFD_ENOMEM;
        }
        if (got < CHUNK)
            return TFD_OK;
        offset += CHUNK - OVERLAP;
    }
    return TFD_OK;
}

tfd_status tfd_cuda_tool_version(tfd_probe_ctx *ctx, tfd_str path, tfd_str *version, tfd_err *err)
{
    char *buffer = tfd_arena_new(ctx->arena, char, CHUNK);
    tfd_file file;
    tfd_status st;

    *version = TFD_STR("");
    if (!buffer)
        return tfd_err_set(err, TFD_ENOMEM, 0, "XLA's tools: out of memory");
    if (ctx->sys->open(ctx->sys, path, &file, NULL) != TFD_OK)
        return TFD_OK;
    st = scan(ctx, &file, buffer, version);
    ctx->sys->close(ctx->sys, &file);
    return st == TFD_OK ? TFD_OK : tfd_err_set(err, TFD_ENOMEM, 0, "XLA's tools: out of memory");
}

bool tfd_cuda_tool_is_refused(tfd_str version, tfd_str tf_version)
{
    int order;

    if (!tfd_version_cmp_text(tf_version, TFD_STR("2.17"), &order) || order < 0 ||
        !tfd_version_cmp_text(version, TFD_STR("11.8"), &order))
        return false;
    return order < 0 || tfd_str_is(version, "12.3.103");
}
