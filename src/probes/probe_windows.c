/* What only Windows has: the installed Visual C++ redistributable, long paths, the build, memory and page
 * file together, the mark that browsers put on files, virus scanners. The native code is probe_native's. */
#include "core/probe.h"

static void set_redistributable(tfd_probe_ctx *ctx)
{
    /* The page names the key with WOW6432Node, and says elsewhere that only the x86 package has it: both
     * views are asked (cpp-docs, redistributing-visual-cpp-files.md). */
    static const tfd_reg_view views[] = {TFD_REG_VIEW_64, TFD_REG_VIEW_32};
    tfd_arch arch = ctx->facts->python.arch;
    const char *name = arch == TFD_ARCH_AARCH64 ? "arm64" : ctx->facts->python.bits == 32 ? "x86" : "x64";
    tfd_str key =
        tfd_arena_fmt(ctx->arena, "SOFTWARE\\Microsoft\\VisualStudio\\14.0\\VC\\Runtimes\\%s", name);
    bool is_known = false;

    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        tfd_reg_value value;
        tfd_status st = tfd_sys_reg_value(ctx->sys, ctx->arena, TFD_REG_LOCAL_MACHINE, views[i], key,
                                          TFD_STR("Version"), &value, NULL);

        is_known |= st == TFD_OK || st == TFD_ENOENT;
        if (st != TFD_OK || value.is_number || value.text.len == 0)
            continue;
        tfd_fact_set_text(ctx->facts, TFD_FACT_VCREDIST_VERSION,
                          tfd_str_from(value.text, tfd_str_starts_z(value.text, "v") ? 1 : 0),
                          tfd_arena_fmt(ctx->arena, "HKLM\\%.*s", TFD_ARG(key)));
        return;
    }
    if (is_known)
        tfd_fact_set_absent(ctx->facts, TFD_FACT_VCREDIST_VERSION,
                            tfd_arena_fmt(ctx->arena, "HKLM\\%.*s", TFD_ARG(key)));
    else
        tfd_fact_set_unknown(ctx->facts, TFD_FACT_VCREDIST_VERSION, TFD_STR("the registry cannot be read"));
}

/* Off unless the value is 1 (win32: Maximum Path Length Limitation); Windows 10 1607 has build 14393. */
static void set_long_paths(tfd_probe_ctx *ctx)
{
    tfd_str key = TFD_STR("SYSTEM\\CurrentControlSet\\Control\\FileSystem");
    tfd_reg_value value = {0};
    tfd_status st = tfd_sys_reg_value(ctx->sys, ctx->arena, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64, key,
                                      TFD_STR("LongPathsEnabled"), &value, NULL);

    if (st == TFD_OK || st == TFD_ENOENT)
        tfd_fact_set_bool(ctx->facts, TFD_FACT_WINDOWS_LONG_PATHS,
                          st == TFD_OK && value.is_number && value.number == 1,
                          tfd_arena_fmt(ctx->arena, "HKLM\\%.*s", TFD_ARG(key)));
    else
        tfd_fact_set_unknown(ctx->facts, TFD_FACT_WINDOWS_LONG_PATHS, TFD_STR("the registry cannot be read"));
}

static void set_number(tfd_probe_ctx *ctx, tfd_fact_id id, uint64_t value, const char *source)
{
    if (value > 0)
        tfd_fact_set_int(ctx->facts, id, value > INT64_MAX ? INT64_MAX : (int64_t)value, tfd_str_of(source));
    else
        tfd_fact_set_unknown(ctx->facts, id, TFD_STR("the system does not tell"));
}

#define MARK_MAX ((size_t)4096)
#define PRODUCTS_MAX 16

/* "[ZoneTransfer]\r\nZoneId=3": 3 is the internet, 4 a restricted site. */
static bool is_marked(tfd_probe_ctx *ctx, tfd_str path)
{
    tfd_str stream = tfd_arena_fmt(ctx->arena, "%.*s:Zone.Identifier", TFD_ARG(path));
    tfd_str text;

    return tfd_sys_read_file(ctx->sys, ctx->arena, stream, MARK_MAX, &text, NULL) == TFD_OK &&
           (tfd_str_find_z(text, "ZoneId=3") != TFD_NPOS || tfd_str_find_z(text, "ZoneId=4") != TFD_NPOS);
}

/* The files that everything else of TensorFlow hangs on; one that is marked stands for all. */
static void set_mark(tfd_probe_ctx *ctx)
{
    static const char *const names[] = {"_pywrap_tensorflow_internal.pyd", "_pywrap_tensorflow_common.dll"};
    const tfd_facts *facts = ctx->facts;
    const tfd_dist *tf =
        facts->tensorflow < facts->dists.count ? &facts->dists.items[facts->tensorflow] : NULL;

    for (size_t i = 0; tf && i < sizeof names / sizeof names[0]; i++) {
        tfd_str path = tfd_arena_fmt(ctx->arena, "%.*s\\tensorflow\\python\\%s",
                                     TFD_ARG(facts->places.items[tf->place].path), names[i]);

        if (!is_marked(ctx, path))
            continue;
        tfd_fact_set_text(ctx->facts, TFD_FACT_WINDOWS_MARKED_FILE, path, TFD_STR("Zone.Identifier"));
        return;
    }
    tfd_fact_set_absent(ctx->facts, TFD_FACT_WINDOWS_MARKED_FILE, TFD_STR("Zone.Identifier"));
}

/* The Security Center's list of virus scanners. A product that is installed proves nothing. */
static void set_protection(tfd_probe_ctx *ctx)
{
    static const char key[] = "SOFTWARE\\Microsoft\\Security Center\\Provider\\Av";
    tfd_str source = tfd_arena_fmt(ctx->arena, "HKLM\\%s", key), text = TFD_STR("");
    tfd_dirents keys = {0};
    tfd_status st = tfd_sys_reg_keys(ctx->sys, ctx->arena, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64,
                                     tfd_str_of(key), &keys, NULL);

    for (size_t i = 0; i < keys.count && i < PRODUCTS_MAX; i++) {
        tfd_str one = tfd_arena_fmt(ctx->arena, "%s\\%.*s", key, TFD_ARG(keys.items[i].name));
        tfd_str name = tfd_sys_reg_text(ctx->sys, ctx->arena, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64, one,
                                        TFD_STR("DISPLAYNAME"));

        if (name.len > 0)
            text = tfd_arena_fmt(ctx->arena, "%.*s%s%.*s", TFD_ARG(text), text.len > 0 ? ", " : "",
                                 TFD_ARG(name));
    }
    if (st != TFD_OK && st != TFD_ENOENT)
        tfd_fact_set_unknown(ctx->facts, TFD_FACT_WINDOWS_PROTECTION, TFD_STR("the registry cannot be read"));
    else if (text.len > 0)
        tfd_fact_set_text(ctx->facts, TFD_FACT_WINDOWS_PROTECTION, text, source);
    else
        tfd_fact_set_absent(ctx->facts, TFD_FACT_WINDOWS_PROTECTION, source);
}

static tfd_status run(tfd_probe_ctx *ctx, tfd_err *err)
{
    static const tfd_fact_id own[] = {TFD_FACT_VCREDIST_VERSION,   TFD_FACT_WINDOWS_LONG_PATHS,
                                      TFD_FACT_WINDOWS_BUILD,      TFD_FACT_WINDOWS_MARKED_FILE,
                                      TFD_FACT_WINDOWS_PROTECTION, TFD_FACT_MEMORY_COMMIT_LIMIT,
                                      TFD_FACT_MEMORY_COMMIT_FREE};
    const tfd_system *system = ctx->facts->system;

    (void)err;
    if (!system || system->os != TFD_OS_WINDOWS) {
        for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
            tfd_fact_set_absent(ctx->facts, own[i], TFD_STR("not Windows"));
        return TFD_OK;
    }
    set_redistributable(ctx);
    set_long_paths(ctx);
    set_number(ctx, TFD_FACT_WINDOWS_BUILD, system->build, "RtlGetVersion");
    set_number(ctx, TFD_FACT_MEMORY_COMMIT_LIMIT, system->commit_limit, "GlobalMemoryStatusEx");
    set_number(ctx, TFD_FACT_MEMORY_COMMIT_FREE, system->commit_free, "GlobalMemoryStatusEx");
    set_mark(ctx);
    set_protection(ctx);
    return TFD_OK;
}

const tfd_probe tfd_probe_windows = {
    .id = "windows",
    .summary = "What only Windows has: redistributable, long paths, build, page file, marked files",
    .phase = TFD_PHASE_FILES,
    .run = run,
};
