#include "probes/module_shim.h"

/* An __init__.py: TensorFlow's has 30 kB. */
#define CODE_MAX ((size_t)1 << 18)

static tfd_str join(tfd_probe_ctx *ctx, tfd_str dir, const char *name)
{
    return tfd_path_join(ctx->sys->style, ctx->arena, dir, tfd_str_of(name));
}

/* Whether a file's text holds the words; one that cannot be read holds nothing. */
static tfd_status has_words(tfd_probe_ctx *ctx, tfd_str path, const char *words, bool *out)
{
    tfd_str text = TFD_STR("");
    tfd_status st =
        path.ptr ? tfd_sys_read_file(ctx->sys, ctx->arena, path, CODE_MAX, &text, NULL) : TFD_ENOMEM;

    *out = st == TFD_OK && tfd_str_find_z(text, words) != TFD_NPOS;
    return st == TFD_ENOMEM ? st : TFD_OK;
}

/* site reads .pth files in its own folders alone. The line in the file asks for this variable. */
static bool is_answered_in(const tfd_probe_ctx *ctx, const tfd_place *place)
{
    tfd_str value;
    bool is_off = ctx->sys->env(ctx->sys, "SETUPTOOLS_USE_DISTUTILS", &value) && !tfd_str_is(value, "local");
    bool is_site = place->kind == TFD_PLACE_SITE || place->kind == TFD_PLACE_USER_SITE ||
                   place->kind == TFD_PLACE_BASE_SITE;

    return is_site && !is_off &&
           tfd_map_get(&place->names, TFD_STR("distutils-precedence.pth")) != TFD_MAP_NONE &&
           tfd_map_get(&place->names, TFD_STR("_distutils_hack")) != TFD_MAP_NONE &&
           tfd_map_get(&place->names, TFD_STR("setuptools")) != TFD_MAP_NONE;
}

tfd_status tfd_module_shim_find(tfd_probe_ctx *ctx, tfd_str tensorflow, tfd_module_shim *out)
{
    const tfd_places *places = &ctx->facts->places;
    bool extends = false;
    tfd_status st;

    *out = (tfd_module_shim){.place = TFD_NONE};
    if (tensorflow.len == 0)
        return TFD_OK;
    st = has_words(ctx, join(ctx, tensorflow, "__init__.py"), "\nimport distutils", &out->asks);
    for (size_t i = 0; i < places->count && st == TFD_OK && out->asks && !out->answers; i++) {
        tfd_str folder = join(ctx, places->items[i].path, "setuptools");

        if (!is_answered_in(ctx, &places->items[i]))
            continue;
        out->answers = true;
        out->place = i;
        st = has_words(ctx, join(ctx, folder, "__init__.py"), "sys.path.extend(", &extends);
        if (extends)
            out->vendor = join(ctx, folder, "_vendor");
    }
    return st;
}

tfd_str tfd_module_shim_path(tfd_probe_ctx *ctx, const tfd_module_shim *shim, tfd_str name)
{
    tfd_str path = tfd_path_join(ctx->sys->style, ctx->arena, shim->vendor, name);
    tfd_str file = tfd_arena_fmt(ctx->arena, "%.*s.py", TFD_ARG(path));

    if (shim->vendor.len == 0)
        return TFD_STR("");
    if (tfd_sys_is_dir(ctx->sys, path))
        return path;
    return tfd_sys_is_file(ctx->sys, file) ? file : TFD_STR("");
}
