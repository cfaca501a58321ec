#include "probes/native_steps_code.h"

static tfd_status no_memory(tfd_err *err)
{
    return tfd_err_set(err, TFD_ENOMEM, 0, "native files: out of memory");
}

tfd_status tfd_steps_push(tfd_probe_ctx *ctx, tfd_steps *out, tfd_step step, tfd_err *err)
{
    if (!step.path.ptr || !TFD_GROW(ctx->arena, out))
        return no_memory(err);
    out->items[out->count++] = step;
    return TFD_OK;
}

static tfd_str join(tfd_probe_ctx *ctx, tfd_str dir, tfd_str name)
{
    return tfd_path_join(ctx->sys->style, ctx->arena, dir, name);
}

/* The text of a file, or the empty slice: code that cannot be read fails by itself, and says so elsewhere. */
static tfd_status read_code(tfd_probe_ctx *ctx, tfd_str path, tfd_str *out, tfd_err *err)
{
    tfd_status st =
        path.ptr ? tfd_sys_read_file(ctx->sys, ctx->arena, path, TFD_STEPS_CODE_MAX, out, NULL) : TFD_ENOMEM;

    if (st == TFD_ENOMEM)
        return no_memory(err);
    if (st != TFD_OK)
        *out = TFD_STR("");
    return TFD_OK;
}

/* ---- literals */

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

/* The next literal in text that ends so, without unescaping. Every quote may begin one: text can start inside
 * of another, and a quote in a comment ends nothing. */
static bool find_literal(tfd_str text, const char *tail, tfd_str *out)
{
    for (size_t i = 0; i < text.len; i++) {
        size_t end = i + 1;

        if (!is_quote(text.ptr[i]))
            continue;
        while (end < text.len && text.ptr[end] != text.ptr[i] && text.ptr[end] != '\n')
            end++;
        if (end < text.len && text.ptr[end] == text.ptr[i] &&
            tfd_str_ends_z(tfd_str_sub(text, i + 1, end), tail)) {
            *out = tfd_str_sub(text, i + 1, end);
            return true;
        }
    }
    return false;
}

/* ---- packages */

static bool is_modern(const tfd_probe_ctx *ctx)
{
    const tfd_python *python = &ctx->facts->python;

    return python->major != 3 || python->minor < 0 || python->minor >= 8;
}

static bool ends_nocase(tfd_str text, const char *tail)
{
    size_t n = tfd_str_of(tail).len;

    return text.len >= n && tfd_str_eq_nocase(tfd_str_from(text, text.len - n), tfd_str_of(tail));
}

/* The DLLs of a folder whose name has this piece, by ctypes. */
static tfd_status add_folder_dlls(tfd_probe_ctx *ctx, tfd_str folder, const char *piece, tfd_step step,
                                  tfd_steps *out, tfd_err *err)
{
    tfd_dirents entries = {0};
    tfd_status st = ctx->sys->list(ctx->sys, ctx->arena, folder, &entries, NULL);

    if (st == TFD_ENOMEM)
        return no_memory(err);
    if (st != TFD_OK && st != TFD_ENOENT && st != TFD_EACCESS)
        out->unknown = folder;
    st = TFD_OK;
    for (size_t i = 0; i < entries.count && st == TFD_OK; i++) {
        tfd_str name = entries.items[i].name;

        if (!ends_nocase(name, "dll") || tfd_str_find_z(name, piece) == TFD_NPOS)
            continue;
        step.kind = TFD_STEP_LIBRARY;
        step.path = join(ctx, folder, name);
        st = tfd_steps_push(ctx, out, step, err);
    }
    return st;
}

/* Before add_dll_directory delvewheel wrote the order of loading into a file and loaded all. */
static tfd_status add_load_order(tfd_probe_ctx *ctx, tfd_str folder, tfd_step step, tfd_steps *out,
                                 tfd_err *err)
{
    tfd_dirents entries = {0};
    tfd_str text = TFD_STR(""), line = {NULL, 0};
    tfd_status st = ctx->sys->list(ctx->sys, ctx->arena, folder, &entries, NULL);

    for (size_t i = 0; i < entries.count && text.len == 0 && st == TFD_OK; i++)
        if (tfd_str_starts_z(entries.items[i].name, ".load-order"))
            st = read_code(ctx, join(ctx, folder, entries.items[i].name), &text, err);
    while (st == TFD_OK && tfd_str_line(&text, &line)) {
        step.kind = TFD_STEP_LIBRARY;
        step.path = join(ctx, folder, tfd_str_trim(line));
        if (tfd_str_trim(line).len > 0)
            st = tfd_steps_push(ctx, out, step, err);
    }
    return st == TFD_ENOMEM ? st : TFD_OK;
}

/* delvewheel: os.add_dll_directory(<folder of the package>\..\numpy.libs), where that is a folder. */
static tfd_status add_delvewheel(tfd_probe_ctx *ctx, tfd_str folder, tfd_str code, tfd_step step,
                                 tfd_steps *out, tfd_err *err)
{
    size_t at = tfd_str_find_z(code, "delvewheel");
    tfd_str name;

    if (at == TFD_NPOS || !find_literal(tfd_str_from(code, at), ".libs", &name))
        return TFD_OK;
    step.kind = TFD_STEP_DIR;
    step.path = join(ctx, tfd_path_dir(ctx->sys->style, folder), name);
    if (!step.path.ptr)
        return no_memory(err);
    if (!tfd_sys_is_dir(ctx->sys, step.path))
        return TFD_OK;
    return is_modern(ctx) ? tfd_steps_push(ctx, out, step, err)
                          : add_load_order(ctx, step.path, step, out, err);
}

/* numpy and scipy of 2019 to 2022: every DLL in .libs whose name fits "*openblas*dll". */
static tfd_status add_distributor(tfd_probe_ctx *ctx, tfd_str folder, tfd_step step, tfd_steps *out,
                                  tfd_err *err)
{
    tfd_str code = {NULL, 0}, libs;
    tfd_status st = read_code(ctx, join(ctx, folder, TFD_STR("_distributor_init.py")), &code, err);

    if (st != TFD_OK || tfd_str_find_z(code, "WinDLL") == TFD_NPOS ||
        tfd_str_find_z(code, ".libs") == TFD_NPOS)
        return st;
    libs = join(ctx, folder, TFD_STR(".libs"));
    if (!libs.ptr)
        return no_memory(err);
    return add_folder_dlls(ctx, libs, tfd_str_find_z(code, "openblas") != TFD_NPOS ? "openblas" : "", step,
                           out, err);
}

/* What numpy.distutils wrote into wheels of numpy and scipy: .libs becomes a folder of the search, or of
 * PATH. */
static tfd_status add_config(tfd_probe_ctx *ctx, tfd_str folder, tfd_step step, tfd_steps *out, tfd_err *err)
{
    tfd_str code = {NULL, 0};
    tfd_status st = read_code(ctx, join(ctx, folder, TFD_STR("__config__.py")), &code, err);

    if (st != TFD_OK || tfd_str_find_z(code, "extra_dll_dir") == TFD_NPOS)
        return st;
    step.kind = is_modern(ctx) && tfd_str_find_z(code, "add_dll_directory") != TFD_NPOS ? TFD_STEP_DIR
                                                                                        : TFD_STEP_PATH;
    step.path = join(ctx, folder, TFD_STR(".libs"));
    if (!step.path.ptr)
        return no_memory(err);
    return tfd_sys_is_dir(ctx->sys, step.path) ? tfd_steps_push(ctx, out, step, err) : TFD_OK;
}

tfd_status tfd_steps_add_package(tfd_probe_ctx *ctx, tfd_str folder, size_t dist, tfd_steps *out,
                                 tfd_err *err)
{
    tfd_step step = {.dist = dist, .owner = tfd_path_base(ctx->sys->style, folder)};
    tfd_str code = {NULL, 0};
    tfd_status st = read_code(ctx, join(ctx, folder, TFD_STR("__init__.py")), &code, err);

    if (st == TFD_OK)
        st = add_delvewheel(ctx, folder, code, step, out, err);
    if (st == TFD_OK)
        st = add_config(ctx, folder, step, out, err);
    return st == TFD_OK ? add_distributor(ctx, folder, step, out, err) : st;
}

/* ---- start-up files */

tfd_status tfd_steps_add_startup(tfd_probe_ctx *ctx, tfd_steps *out, tfd_err *err)
{
    const tfd_facts *facts = ctx->facts;
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < facts->start_loads.count && st == TFD_OK; i++) {
        const tfd_start_load *one = &facts->start_loads.items[i];
        tfd_step step = {.path = one->path,
                         .owner = facts->startup_files.items[one->startup].path,
                         .dist = TFD_NONE,
                         .is_optional = true};

        step.kind = one->is_dir                                   ? TFD_STEP_DIR
                    : tfd_path_is_abs(ctx->sys->style, one->path) ? TFD_STEP_LIBRARY
                                                                  : TFD_STEP_NAME;
        st = tfd_steps_push(ctx, out, step, err);
    }
    return st;
}

/* ---- TensorFlow's self-check */

tfd_status tfd_steps_add_check(tfd_probe_ctx *ctx, tfd_str path, size_t dist, tfd_steps *out, tfd_err *err)
{
    tfd_step step = {.kind = TFD_STEP_NAME, .owner = TFD_STR("TensorFlow's self-check"), .dist = dist};
    tfd_str code = {NULL, 0}, names;
    size_t at;
    tfd_status st =
        read_code(ctx, join(ctx, tfd_path_dir(ctx->sys->style, path), TFD_STR("build_info.py")), &code, err);

    at = tfd_str_find_z(code, "msvcp_dll_name");
    if (st != TFD_OK || at == TFD_NPOS || !find_literal(tfd_str_from(code, at), ".dll", &names))
        return st;
    for (bool more = true; more && st == TFD_OK;) {
        more = tfd_str_cut(names, ',', &step.path, &names);
        st = tfd_steps_push(ctx, out, step, err);
    }
    return st;
}
