#include "sys/sys_win32.h"

#include <stdlib.h>
#include <string.h>

#include "sys/sys_parallel.h"

/* Text that the machine itself keeps: environment table, folders. */
#define NATIVE_MEMORY ((size_t)16 << 20)

static tfd_win32 *self(const tfd_sys *sys)
{
    return sys->ctx;
}

/* Names are compared without case. */
static bool get_env(const tfd_sys *sys, const char *name, tfd_str *value)
{
    const tfd_win32 *native = self(sys);
    tfd_str wanted = tfd_str_of(name);
    tfd_str key, rest;

    for (size_t i = 0; i < native->environ_count; i++)
        if (tfd_str_cut(native->environ_items[i], '=', &key, &rest) && tfd_str_eq_nocase(key, wanted)) {
            *value = rest;
            return true;
        }
    return false;
}

static tfd_str *get_environ(const tfd_sys *sys, size_t *count)
{
    *count = self(sys)->environ_count;
    return self(sys)->environ_items;
}

static tfd_str get_cwd(const tfd_sys *sys)
{
    return self(sys)->cwd;
}

static tfd_str get_home(const tfd_sys *sys)
{
    return self(sys)->home;
}

static uint64_t get_clock(const tfd_sys *sys)
{
    (void)sys;
    return tfd_win32_clock_us();
}

uint64_t tfd_win32_clock_us(void)
{
    LARGE_INTEGER ticks, rate;

    (void)QueryPerformanceCounter(&ticks);
    (void)QueryPerformanceFrequency(&rate);
    return (uint64_t)(ticks.QuadPart / rate.QuadPart) * 1000000u +
           (uint64_t)(ticks.QuadPart % rate.QuadPart) * 1000000u / (uint64_t)rate.QuadPart;
}

/* "=C:=C:\folder" are the current folders of drives, not variables. */
static bool fill_environ(tfd_win32 *native)
{
    WCHAR *block = GetEnvironmentStringsW();
    size_t n = 0;

    for (const WCHAR *at = block; block && *at; at += wcslen(at) + 1)
        n++;
    native->environ_items = tfd_arena_new(&native->arena, tfd_str, n + 1);
    for (const WCHAR *at = block; native->environ_items && block && *at; at += wcslen(at) + 1)
        if (*at != '=')
            native->environ_items[native->environ_count++] = tfd_win32_text_z(&native->arena, at);
    if (block)
        (void)FreeEnvironmentStringsW(block);
    return native->environ_items && !native->arena.failed;
}

static void fill_folders(tfd_win32 *native)
{
    WCHAR *units = malloc((TFD_WIN32_PATH_MAX + 1) * sizeof *units);
    DWORD n = units ? GetCurrentDirectoryW(TFD_WIN32_PATH_MAX, units) : 0;
    tfd_str drive, path;

    if (n && n <= TFD_WIN32_PATH_MAX)
        native->cwd = tfd_win32_plain(&native->arena, units, n);
    free(units);
    /* os.path.expanduser (Lib/ntpath.py). */
    if (get_env(&native->sys, "USERPROFILE", &native->home) || !get_env(&native->sys, "HOMEPATH", &path))
        return;
    if (!get_env(&native->sys, "HOMEDRIVE", &drive))
        drive = TFD_STR("");
    native->home = tfd_arena_fmt(&native->arena, "%.*s%.*s", TFD_ARG(drive), TFD_ARG(path));
}

static const tfd_sys native_table = {
    .style = TFD_PATH_WINDOWS,
    .is_native = true,
    .open = tfd_win32_open,
    .read_at = tfd_win32_read_at,
    .close = tfd_win32_close,
    .stat = tfd_win32_stat,
    .stat_many = tfd_win32_stat_many,
    .list = tfd_win32_list,
    .readlink = tfd_win32_readlink,
    .realpath = tfd_win32_realpath,
    .access = tfd_win32_access,
    .mount_of = tfd_win32_mount_of,
    .env = get_env,
    .environ_all = get_environ,
    .cwd = get_cwd,
    .home = get_home,
    .system = tfd_win32_system,
    .cpu = tfd_win32_cpu,
    .limit = tfd_win32_limit,
    .reg_value = tfd_win32_reg_value,
    .reg_keys = tfd_win32_reg_keys,
    .events = tfd_win32_events,
    .sha256 = tfd_win32_sha256,
    .sha256_bytes = tfd_win32_sha256_bytes,
    .parallel = tfd_sys_parallel,
    .clock_us = get_clock,
    .child_start = tfd_win32_child_start,
    .interrupted = tfd_win32_interrupted,
};

tfd_status tfd_sys_native_new(tfd_sys **out, tfd_err *err)
{
    tfd_win32 *native = calloc(1, sizeof *native);

    if (!native)
        return tfd_err_set(err, TFD_ENOMEM, ERROR_OUTOFMEMORY, "out of memory");
    native->sys = native_table;
    native->sys.ctx = native;
    tfd_arena_init(&native->arena, NATIVE_MEMORY);
    if (!tfd_lock_init(&native->lock) || !fill_environ(native)) {
        tfd_arena_done(&native->arena);
        free(native);
        return tfd_err_set(err, TFD_ENOMEM, ERROR_OUTOFMEMORY, "out of memory");
    }
    native->uid = tfd_win32_uid();
    fill_folders(native);
    *out = &native->sys;
    return TFD_OK;
}

void tfd_sys_native_free(tfd_sys *sys)
{
    tfd_win32 *native;

    if (!sys)
        return;
    native = self(sys);
    tfd_win32_sha256_done(native);
    tfd_lock_done(&native->lock);
    tfd_arena_done(&native->arena);
    free(native);
}
