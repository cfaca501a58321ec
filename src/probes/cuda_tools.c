#include "probes/cuda_tools.h"

#include "formats/elf.h"
#include "formats/pep440.h"

static tfd_status no_memory(tfd_err *err)
{
    return tfd_err_set(err, TFD_ENOMEM, 0, "XLA's tools: out of memory");
}

static bool is_wheels(tfd_str path)
{
    return tfd_str_find_z(path, "/nvidia/cuda_nvcc/") != TFD_NPOS;
}

/* ---- versions */

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
        return no_memory(err);
    if (ctx->sys->open(ctx->sys, path, &file, NULL) != TFD_OK)
        return TFD_OK;
    st = scan(ctx, &file, buffer, version);
    ctx->sys->close(ctx->sys, &file);
    return st == TFD_OK ? TFD_OK : no_memory(err);
}

bool tfd_cuda_tool_is_refused(tfd_str version, tfd_str tf_version)
{
    int order;

    if (!tfd_version_cmp_text(tf_version, TFD_STR("2.17"), &order) || order < 0 ||
        !tfd_version_cmp_text(version, TFD_STR("11.8"), &order))
        return false;
    return order < 0 || tfd_str_is(version, "12.3.103");
}

/* ---- where they are */

/* The first bytes of a file; fewer where it is shorter, none where it cannot be read. */
static tfd_str read_head(tfd_probe_ctx *ctx, tfd_str path, char *buffer, size_t size)
{
    size_t got = 0;
    tfd_file file;

    if (ctx->sys->open(ctx->sys, path, &file, NULL) != TFD_OK)
        return TFD_STR("");
    if (ctx->sys->read_at(ctx->sys, &file, 0, buffer, size, &got, NULL) != TFD_OK)
        got = 0;
    ctx->sys->close(ctx->sys, &file);
    return (tfd_str){buffer, got};
}

/* Whether the kernel starts it here: it is for the processor that the interpreter runs on. */
static bool is_for_machine(tfd_cuda_search *search, tfd_str path)
{
    const tfd_loader *loader = &search->loader;
    tfd_elf elf;

    if (loader->program == TFD_NONE ||
        tfd_elf_read(search->ctx->sys, &search->scratch, path, &elf, NULL) != TFD_OK || elf.bits == 0)
        return true;
    return elf.machine == loader->files.items[loader->program].elf.machine;
}

/* XLA starts ptxas: a file that may not be executed is none, and neither is one that the kernel does not know
 * how to start (an emptied one, one for another processor). What cannot be read is taken for one. */
static bool is_program(tfd_cuda_search *search, tfd_str path)
{
    const tfd_sys *sys = search->ctx->sys;
    char buffer[4];
    tfd_str head;

    if (!tfd_sys_is_file(sys, path) || sys->access(sys, path, TFD_ACCESS_EXEC, NULL) == TFD_EACCESS)
        return false;
    if (sys->access(sys, path, TFD_ACCESS_READ, NULL) == TFD_EACCESS)
        return true;
    head = read_head(search->ctx, path, buffer, sizeof buffer);
    if (tfd_str_starts_z(head, "#!"))
        return true;
    return tfd_str_is(head, "\x7f"
                            "ELF") &&
           is_for_machine(search, path);
}

/* libdevice is LLVM's bit code, which begins with these letters, or it is damaged. */
static bool is_bit_code(tfd_probe_ctx *ctx, tfd_str path)
{
    char buffer[4];

    return tfd_sys_is_file(ctx->sys, path) &&
           tfd_str_starts_z(read_head(ctx, path, buffer, sizeof buffer), "BC");
}

/* A link that leads nowhere in the place of a file of NVIDIA's wheel: installers take it for absent and then
 * write through it. */
static tfd_status note_dead_link(tfd_probe_ctx *ctx, tfd_str path, tfd_err *err)
{
    tfd_gpu *gpu = &ctx->facts->gpu;
    tfd_stat stat;

    if (!is_wheels(path) || ctx->sys->stat(ctx->sys, path, false, &stat, NULL) != TFD_OK ||
        stat.kind != TFD_KIND_LINK || ctx->sys->stat(ctx->sys, path, true, &stat, NULL) != TFD_ENOENT)
        return TFD_OK;
    if (!TFD_GROW(ctx->arena, &gpu->dead_tools))
        return no_memory(err);
    gpu->dead_tools.items[gpu->dead_tools.count++] = path;
    return TFD_OK;
}

/* Takes it for XLA's, where XLA does not pass over its version. NVIDIA's own wheel is taken at its word:
 * reading 30 MB tells nothing new. */
static tfd_status offer_ptxas(tfd_cuda_search *search, tfd_str path)
{
    enum { SCRIPT_MAX = 1 << 20 };
    tfd_probe_ctx *ctx = search->ctx;
    tfd_gpu *gpu = &ctx->facts->gpu;
    tfd_stat stat;
    tfd_str version = TFD_STR("");
    tfd_status st = TFD_OK;

    if (gpu->ptxas.len > 0 || !path.ptr || !is_program(search, path))
        return path.ptr ? TFD_OK : no_memory(search->err);
    if (!is_wheels(path) ||
        (ctx->sys->stat(ctx->sys, path, true, &stat, NULL) == TFD_OK && stat.size < SCRIPT_MAX))
        st = tfd_cuda_tool_version(ctx, path, &version, search->err);
    if (st != TFD_OK)
        return st;
    if (tfd_cuda_tool_is_refused(version, tfd_facts_tf_version(ctx->facts))) {
        gpu->ptxas_refused = path;
        gpu->ptxas_refused_version = version;
        return TFD_OK;
    }
    gpu->ptxas = path;
    gpu->ptxas_version = version;
    return TFD_OK;
}

static tfd_status try_root(tfd_cuda_search *search, tfd_str root)
{
    tfd_probe_ctx *ctx = search->ctx;
    tfd_gpu *gpu = &ctx->facts->gpu;
    tfd_str ptxas = tfd_path_join(ctx->sys->style, ctx->arena, root, TFD_STR("bin/ptxas"));
    tfd_str device =
        tfd_path_join(ctx->sys->style, ctx->arena, root, TFD_STR("nvvm/libdevice/libdevice.10.bc"));
    tfd_status st;

    if (!ptxas.ptr || !device.ptr || !TFD_GROW(ctx->arena, &gpu->toolchain_roots))
        return no_memory(search->err);
    gpu->toolchain_roots.items[gpu->toolchain_roots.count++] = root;
    if (gpu->libdevice.len == 0 && is_bit_code(ctx, device))
        gpu->libdevice = device;
    st = note_dead_link(ctx, ptxas, search->err);
    if (st == TFD_OK)
        st = note_dead_link(ctx, device, search->err);
    return st == TFD_OK ? offer_ptxas(search, ptxas) : st;
}

/* ptxas on PATH is taken first (PreferPtxasFromPath in xla/stream_executor/cuda). */
static tfd_status find_on_path(tfd_cuda_search *search)
{
    tfd_probe_ctx *ctx = search->ctx;
    tfd_str rest, folder;
    tfd_status st = TFD_OK;

    if (!ctx->sys->env(ctx->sys, "PATH", &rest))
        return TFD_OK;
    while (rest.len > 0 && st == TFD_OK) {
        tfd_str tail;

        (void)tfd_str_cut(rest, ':', &folder, &tail);
        rest = tail;
        if (folder.len > 0)
            st = offer_ptxas(search, tfd_path_join(ctx->sys->style, ctx->arena, folder, TFD_STR("ptxas")));
    }
    return st;
}

/* The order of xla's tsl/platform/default/cuda_root_path.cc: the flag, the toolkit, the wheel beside
 * TensorFlow, conda's prefix. */
tfd_status tfd_cuda_tools_find(tfd_cuda_search *search)
{
    tfd_probe_ctx *ctx = search->ctx;
    tfd_facts *facts = ctx->facts;
    tfd_status st = find_on_path(search);
    tfd_str site, conda;

    if (st == TFD_OK && facts->gpu.data_dir.len > 0)
        st = try_root(
            search, tfd_path_join(ctx->sys->style, ctx->arena, ctx->sys->cwd(ctx->sys), facts->gpu.data_dir));
    if (st == TFD_OK)
        st = try_root(search, TFD_STR("/usr/local/cuda"));
    if (st == TFD_OK && facts->gpu.build.cuda.len > 0)
        st = try_root(search, tfd_arena_fmt(ctx->arena, "/usr/local/cuda-%.*s",
                                            TFD_ARG(tfd_kb_line_of(facts->gpu.build.cuda))));
    if (st == TFD_OK)
        st = try_root(search, TFD_STR("/opt/cuda"));
    if (st == TFD_OK && facts->gpu.build.framework.len > 0) {
        site = tfd_path_dir(ctx->sys->style, tfd_path_dir(ctx->sys->style, facts->gpu.build.framework));
        st = try_root(search, tfd_path_join(ctx->sys->style, ctx->arena, site, TFD_STR("nvidia/cuda_nvcc")));
    }
    if (st == TFD_OK && ctx->sys->env(ctx->sys, "CONDA_PREFIX", &conda) && conda.len > 0)
        st = try_root(search, conda);
    return st;
}
