/* The machine: system, processor, memory, limits. Scalars that later probes know better (C library, Python)
 * are set by those. */
#include "core/probe.h"

static void set_flag(tfd_probe_ctx *ctx, tfd_fact_id id, const char *flag)
{
    const tfd_cpu *cpu = ctx->facts->cpu;

    if (!cpu->known || cpu->arch != TFD_ARCH_X86_64)
        tfd_fact_set_unknown(ctx->facts, id,
                             cpu->known ? TFD_STR("no x86-64 processor")
                                        : TFD_STR("the processor cannot be asked"));
    else
        tfd_fact_set_bool(ctx->facts, id, tfd_str_find_z(cpu->flags, flag) != TFD_NPOS, cpu->source);
}

static void set_cpu(tfd_probe_ctx *ctx)
{
    const tfd_cpu *cpu = ctx->facts->cpu;

    if (cpu->known && cpu->arch == TFD_ARCH_X86_64)
        tfd_fact_set_bool(ctx->facts, TFD_FACT_CPU_AVX, cpu->avx_in_cpu && cpu->avx_enabled, cpu->source);
    else
        set_flag(ctx, TFD_FACT_CPU_AVX, " avx ");
    set_flag(ctx, TFD_FACT_CPU_AVX2, " avx2 ");
    set_flag(ctx, TFD_FACT_CPU_FMA, " fma ");
    if (cpu->model.len)
        tfd_fact_set_text(ctx->facts, TFD_FACT_CPU_MODEL, cpu->model, cpu->source);
    else
        tfd_fact_set_unknown(ctx->facts, TFD_FACT_CPU_MODEL, TFD_STR("the processor does not tell"));
}

static void set_text(tfd_probe_ctx *ctx, tfd_fact_id id, tfd_str value, const char *source)
{
    if (value.len)
        tfd_fact_set_text(ctx->facts, id, value, tfd_str_of(source));
    else
        tfd_fact_set_unknown(ctx->facts, id, TFD_STR("the system does not tell"));
}

static void set_size(tfd_probe_ctx *ctx, tfd_fact_id id, uint64_t value, const char *source)
{
    if (value)
        tfd_fact_set_int(ctx->facts, id, value > INT64_MAX ? INT64_MAX : (int64_t)value, tfd_str_of(source));
    else
        tfd_fact_set_unknown(ctx->facts, id, TFD_STR("the system does not tell"));
}

static void set_limit(tfd_probe_ctx *ctx, tfd_fact_id id, tfd_limit which)
{
    uint64_t value;

    if (ctx->sys->limit(ctx->sys, which, &value) != TFD_OK)
        tfd_fact_set_unknown(ctx->facts, id, TFD_STR("the system does not tell"));
    else if (value == TFD_UNLIMITED)
        tfd_fact_set_absent(ctx->facts, id, TFD_STR("getrlimit"));
    else
        tfd_fact_set_int(ctx->facts, id, value > INT64_MAX ? INT64_MAX : (int64_t)value,
                         TFD_STR("getrlimit"));
}

/* A recorded machine holds no /proc: nothing is known of its. */
static void set_proc(tfd_probe_ctx *ctx)
{
    if (ctx->facts->system->os == TFD_OS_LINUX && ctx->sys->is_native)
        tfd_fact_set_bool(ctx->facts, TFD_FACT_OS_PROC,
                          tfd_sys_kind(ctx->sys, TFD_STR("/proc/self")) != TFD_KIND_NONE,
                          TFD_STR("/proc/self"));
    else
        tfd_fact_set_unknown(ctx->facts, TFD_FACT_OS_PROC, TFD_STR("not a machine that can be asked"));
}

#define TEMP_FOLDERS 10

/* Where tempfile.gettempdir looks, in its order: variables, fixed folders, the current one (Lib/tempfile.py).
 */
static size_t temp_folders(const tfd_sys *sys, tfd_arena *arena, tfd_str out[TEMP_FOLDERS])
{
    static const char *const variables[] = {"TMPDIR", "TEMP", "TMP"};
    static const char *const unix_folders[] = {"/tmp", "/var/tmp", "/usr/tmp", NULL};
    static const char *const windows_folders[] = {"c:\\temp", "c:\\tmp", "\\temp", "\\tmp", NULL};
    const char *const *fixed = unix_folders;
    size_t count = 0;

    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        if (sys->env(sys, variables[i], &out[count]) && out[count].len > 0)
            count++;
    if (sys->style == TFD_PATH_WINDOWS) {
        out[count++] = tfd_path_join(sys->style, arena, sys->home(sys), TFD_STR("AppData\\Local\\Temp"));
        out[count++] = tfd_path_join(sys->style, arena, sys->system(sys)->windows_dir, TFD_STR("Temp"));
        fixed = windows_folders;
    }
    for (; *fixed; fixed++)
        out[count++] = tfd_str_of(*fixed);
    out[count++] = sys->cwd(sys);
    return count;
}

/* The first folder with room decides; only where there is none are all of them asked. */
static void set_tmp(tfd_probe_ctx *ctx)
{
    tfd_str folders[TEMP_FOLDERS];
    size_t count = temp_folders(ctx->sys, ctx->arena, folders);
    uint64_t most = 0;
    tfd_str where = ctx->sys->style == TFD_PATH_WINDOWS ? TFD_STR("TEMP, TMP, current folder")
                                                        : TFD_STR("/tmp, /var/tmp, current folder");
    bool writable = false;

    for (size_t i = 0; i < count && most < TFD_TMP_MIN; i++) {
        tfd_mount mount;

        if (!tfd_sys_is_dir(ctx->sys, folders[i]) ||
            ctx->sys->access(ctx->sys, folders[i], TFD_ACCESS_WRITE | TFD_ACCESS_EXEC, NULL) != TFD_OK)
            continue;
        writable = true;
        if (ctx->sys->mount_of(ctx->sys, ctx->arena, folders[i], &mount, NULL) != TFD_OK) {
            tfd_fact_set_unknown(ctx->facts, TFD_FACT_TMP_FREE_BYTES, TFD_STR("the system does not tell"));
            tfd_fact_set_bool(ctx->facts, TFD_FACT_TMP_WRITABLE, true, folders[i]);
            return;
        }
        if (mount.free_bytes > most) {
            most = mount.free_bytes;
            where = folders[i];
        }
    }
    tfd_fact_set_int(ctx->facts, TFD_FACT_TMP_FREE_BYTES, most > INT64_MAX ? INT64_MAX : (int64_t)most,
                     where);
    tfd_fact_set_bool(ctx->facts, TFD_FACT_TMP_WRITABLE, writable, where);
}

static tfd_status run(tfd_probe_ctx *ctx, tfd_err *err)
{
    const tfd_system *system = ctx->sys->system(ctx->sys);

    (void)err;
    ctx->facts->system = system;
    ctx->facts->cpu = ctx->sys->cpu(ctx->sys);
    set_cpu(ctx);
    set_text(ctx, TFD_FACT_OS_NAME, system->release, "os-release");
    set_text(ctx, TFD_FACT_OS_KERNEL, system->kernel, "uname");
    tfd_fact_set_bool(ctx->facts, TFD_FACT_OS_WSL, system->is_wsl, TFD_STR("uname"));
    tfd_fact_set_bool(ctx->facts, TFD_FACT_OS_CONTAINER, system->is_container, TFD_STR("/proc"));
    set_size(ctx, TFD_FACT_MEMORY_TOTAL, system->memory, "meminfo and control group");
    set_size(ctx, TFD_FACT_MEMORY_FREE, system->memory_free, "meminfo and control group");
    set_limit(ctx, TFD_FACT_LIMIT_AS, TFD_LIMIT_AS);
    set_limit(ctx, TFD_FACT_LIMIT_DATA, TFD_LIMIT_DATA);
    set_limit(ctx, TFD_FACT_LIMIT_NOFILE, TFD_LIMIT_NOFILE);
    set_limit(ctx, TFD_FACT_LIMIT_NPROC, TFD_LIMIT_NPROC);
    set_limit(ctx, TFD_FACT_LIMIT_CPU, TFD_LIMIT_CPU);
    set_limit(ctx, TFD_FACT_LIMIT_FSIZE, TFD_LIMIT_FSIZE);
    set_limit(ctx, TFD_FACT_LIMIT_STACK, TFD_LIMIT_STACK);
    set_proc(ctx);
    set_tmp(ctx);
    return TFD_OK;
}

const tfd_probe tfd_probe_system = {
    .id = "system",
    .summary = "Operating system, processor, memory and limits",
    .phase = TFD_PHASE_SYSTEM,
    .run = run,
};
