#define _GNU_SOURCE 1

#include "sys/cpu.h"
#include "sys/sys_posix.h"

#define CPUINFO_MAX ((size_t)64 << 10) /* the first processors are enough: all are alike */

/* "Features" on ARM, "flags" on x86; one line for each processor, the first counts. */
static void read_cpuinfo(const tfd_sys *sys, tfd_arch arch, tfd_arena *arena, tfd_cpu *out)
{
    tfd_str rest = tfd_posix_slurp(sys, arena, "/proc/cpuinfo", CPUINFO_MAX);
    tfd_str line;
    tfd_str key;
    tfd_str value;

    out->arch = arch;
    out->source = TFD_STR("/proc/cpuinfo");
    while (tfd_str_line(&rest, &line) && !out->known) {
        if (!tfd_str_cut(line, ':', &key, &value))
            continue;
        key = tfd_str_trim(key);
        value = tfd_str_trim(value);
        if (tfd_str_is(key, "model name") && out->model.len == 0)
            out->model = tfd_arena_str(arena, value);
        if (!tfd_str_is(key, "Features") && !tfd_str_is(key, "flags"))
            continue;
        out->flags = tfd_arena_fmt(arena, " %.*s ", TFD_ARG(value));
        out->known = out->flags.len > 2;
    }
    out->avx_in_cpu = tfd_str_find_z(out->flags, " avx ") != TFD_NPOS;
    out->avx_enabled = out->avx_in_cpu;
}

const tfd_cpu *tfd_posix_cpu(const tfd_sys *sys)
{
    tfd_posix *native = sys->ctx;
    tfd_arch arch = tfd_posix_system(sys)->arch;

    tfd_lock_take(&native->lock);
    if (!native->has_cpu && !tfd_cpu_ask(&native->arena, &native->cpu))
        read_cpuinfo(sys, arch, &native->arena, &native->cpu);
    native->has_cpu = true;
    tfd_lock_give(&native->lock);
    return &native->cpu;
}
