#define _GNU_SOURCE 1

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "sys/sys_parallel.h"
#include "sys/sys_posix.h"

extern char **environ;

/* Text that the machine itself keeps: environment table, folders, /proc/self/mountinfo. */
#define NATIVE_MEMORY ((size_t)16 << 20)
#define PASSWD_MAX ((size_t)1 << 20) /* bytes of /etc/passwd that are read */

static tfd_posix *self(const tfd_sys *sys)
{
    return sys->ctx;
}

static bool get_env(const tfd_sys *sys, const char *name, tfd_str *value)
{
    const char *z = getenv(name);

    (void)sys;
    if (!z)
        return false;
    *value = tfd_str_of(z);
    return true;
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
    return uv_hrtime() / 1000u;
}

static bool fill_environ(tfd_posix *native)
{
    size_t n = 0;

    while (environ && environ[n])
        n++;
    native->environ_items = tfd_arena_new(&native->arena, tfd_str, n + 1);
    if (!native->environ_items)
        return false;
    for (size_t i = 0; i < n; i++)
        native->environ_items[i] = tfd_str_of(environ[i]);
    native->environ_count = n;
    return true;
}

static void fill_folders(tfd_posix *native)
{
    char *cwd = getcwd(NULL, 0);
    tfd_arena scratch;

    /* Linux writes "(unreachable)/x" for a folder outside the process's root. */
    if (cwd && cwd[0] == '/')
        native->cwd = tfd_arena_str(&native->arena, tfd_str_of(cwd));
    free(cwd);
    /* os.path.expanduser: HOME if it is set, then the account of the real user. */
    if (get_env(&native->sys, "HOME", &native->home))
        return;
    tfd_arena_init(&scratch, 2 * PASSWD_MAX);
    native->home =
        tfd_posix_passwd_home(tfd_posix_slurp(&native->sys, &scratch, "/etc/passwd", PASSWD_MAX), getuid());
    native->home = tfd_arena_str(&native->arena, native->home);
    tfd_arena_done(&scratch);
}

static const tfd_sys native_table = {
    .style = TFD_PATH_POSIX,
    .is_native = true,
    .open = tfd_posix_open,
    .read_at = tfd_posix_read_at,
    .close = tfd_posix_close,
    .stat = tfd_posix_stat,
    .stat_many = tfd_posix_stat_many,
    .list = tfd_posix_list,
    .readlink = tfd_posix_readlink,
    .realpath = tfd_posix_realpath,
    .access = tfd_posix_access,
    .mount_of = tfd_posix_mount_of,
    .env = get_env,
    .environ_all = get_environ,
    .cwd = get_cwd,
    .home = get_home,
    .system = tfd_posix_system,
    .cpu = tfd_posix_cpu,
    .limit = tfd_posix_limit,
    .sha256 = tfd_posix_sha256,
    .sha256_bytes = tfd_posix_sha256_bytes,
    .parallel = tfd_sys_parallel,
    .clock_us = get_clock,
    .child_start = tfd_posix_child_start,
    .interrupted = tfd_posix_interrupted,
};

tfd_status tfd_sys_native_new(tfd_sys **out, tfd_err *err)
{
    tfd_posix *native = calloc(1, sizeof *native);

    if (!native)
        return tfd_err_set(err, TFD_ENOMEM, ENOMEM, "out of memory");
    native->sys = native_table;
    native->sys.ctx = native;
    tfd_arena_init(&native->arena, NATIVE_MEMORY);
    if (!tfd_lock_init(&native->lock) || !fill_environ(native)) {
        tfd_arena_done(&native->arena);
        free(native);
        return tfd_err_set(err, TFD_ENOMEM, ENOMEM, "out of memory");
    }
    fill_folders(native);
    *out = &native->sys;
    return TFD_OK;
}

void tfd_sys_native_free(tfd_sys *sys)
{
    tfd_posix *native;

    if (!sys)
        return;
    native = self(sys);
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
    EVP_MD_free(native->sha256);
#endif
    tfd_lock_done(&native->lock);
    tfd_arena_done(&native->arena);
    free(native);
}
