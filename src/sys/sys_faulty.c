#define _GNU_SOURCE 1 /* libuv wants it */

#include <stdlib.h>

#include "sys/child.h"
#include "sys/thread.h"

typedef struct faulty {
    tfd_sys sys;
    const tfd_sys *inner;
    tfd_lock lock;
    long fail_at;
    long calls;
    tfd_status status;
} faulty;

static const tfd_sys *inner_of(const tfd_sys *sys)
{
    return ((const faulty *)sys->ctx)->inner;
}

/* Counts a call; TFD_OK if it is not the one that fails. */
static tfd_status count_call(const tfd_sys *sys, const char *name, tfd_err *err)
{
    faulty *ctx = sys->ctx;
    bool fails;

    tfd_lock_take(&ctx->lock);
    fails = ++ctx->calls == ctx->fail_at;
    tfd_lock_give(&ctx->lock);
    return fails ? tfd_err_set(err, ctx->status, 0, "%s: made to fail", name) : TFD_OK;
}

static tfd_status do_open(const tfd_sys *sys, tfd_str path, tfd_file *out, tfd_err *err)
{
    tfd_status st = count_call(sys, "open", err);

    return st == TFD_OK ? inner_of(sys)->open(inner_of(sys), path, out, err) : st;
}

static tfd_status do_read_at(const tfd_sys *sys, const tfd_file *file, uint64_t offset, void *dst, size_t len,
                             size_t *got, tfd_err *err)
{
    tfd_status st = count_call(sys, "read", err);

    *got = 0;
    return st == TFD_OK ? inner_of(sys)->read_at(inner_of(sys), file, offset, dst, len, got, err) : st;
}

static void do_close(const tfd_sys *sys, tfd_file *file)
{
    inner_of(sys)->close(inner_of(sys), file);
}

static tfd_status do_stat(const tfd_sys *sys, tfd_str path, bool follow, tfd_stat *out, tfd_err *err)
{
    tfd_status st = count_call(sys, "stat", err);

    return st == TFD_OK ? inner_of(sys)->stat(inner_of(sys), path, follow, out, err) : st;
}

static tfd_status do_stat_many(const tfd_sys *sys, tfd_str dir, tfd_stat_item *items, size_t n, tfd_err *err)
{
    tfd_status st = count_call(sys, "stat_many", err);

    return st == TFD_OK ? inner_of(sys)->stat_many(inner_of(sys), dir, items, n, err) : st;
}

static tfd_status do_list(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_dirents *out, tfd_err *err)
{
    tfd_status st = count_call(sys, "list", err);

    *out = (tfd_dirents){NULL, 0, 0};
    return st == TFD_OK ? inner_of(sys)->list(inner_of(sys), arena, path, out, err) : st;
}

static tfd_status do_readlink(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out, tfd_err *err)
{
    tfd_status st = count_call(sys, "readlink", err);

    return st == TFD_OK ? inner_of(sys)->readlink(inner_of(sys), arena, path, out, err) : st;
}

static tfd_status do_realpath(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out, tfd_err *err)
{
    tfd_status st = count_call(sys, "realpath", err);

    return st == TFD_OK ? inner_of(sys)->realpath(inner_of(sys), arena, path, out, err) : st;
}

static tfd_status do_access(const tfd_sys *sys, tfd_str path, unsigned wanted, tfd_err *err)
{
    tfd_status st = count_call(sys, "access", err);

    return st == TFD_OK ? inner_of(sys)->access(inner_of(sys), path, wanted, err) : st;
}

static tfd_status do_mount_of(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_mount *out,
                              tfd_err *err)
{
    tfd_status st = count_call(sys, "mount_of", err);

    return st == TFD_OK ? inner_of(sys)->mount_of(inner_of(sys), arena, path, out, err) : st;
}

static tfd_status do_reg_value(const tfd_sys *sys, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                               tfd_str key, tfd_str name, tfd_reg_value *out, tfd_err *err)
{
    tfd_status st = count_call(sys, "reg_value", err);

    return st == TFD_OK ? inner_of(sys)->reg_value(inner_of(sys), arena, root, view, key, name, out, err)
                        : st;
}

static tfd_status do_reg_keys(const tfd_sys *sys, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                              tfd_str key, tfd_dirents *out, tfd_err *err)
{
    tfd_status st = count_call(sys, "reg_keys", err);

    *out = (tfd_dirents){NULL, 0, 0};
    return st == TFD_OK ? inner_of(sys)->reg_keys(inner_of(sys), arena, root, view, key, out, err) : st;
}

static tfd_status do_events(const tfd_sys *sys, tfd_arena *arena, const char *channel, const uint32_t *ids,
                            size_t id_count, tfd_events *out, tfd_err *err)
{
    tfd_status st = count_call(sys, "events", err);

    return st == TFD_OK ? inner_of(sys)->events(inner_of(sys), arena, channel, ids, id_count, out, err) : st;
}

static bool get_env(const tfd_sys *sys, const char *name, tfd_str *value)
{
    return inner_of(sys)->env(inner_of(sys), name, value);
}

static tfd_str *get_environ(const tfd_sys *sys, size_t *count)
{
    return inner_of(sys)->environ_all(inner_of(sys), count);
}

static tfd_str get_cwd(const tfd_sys *sys)
{
    return inner_of(sys)->cwd(inner_of(sys));
}

static tfd_str get_home(const tfd_sys *sys)
{
    return inner_of(sys)->home(inner_of(sys));
}

static const tfd_system *get_system(const tfd_sys *sys)
{
    return inner_of(sys)->system(inner_of(sys));
}

static const tfd_cpu *get_cpu(const tfd_sys *sys)
{
    return inner_of(sys)->cpu(inner_of(sys));
}

static tfd_status get_limit(const tfd_sys *sys, tfd_limit which, uint64_t *out)
{
    tfd_status st = count_call(sys, "limit", NULL);

    return st == TFD_OK ? inner_of(sys)->limit(inner_of(sys), which, out) : st;
}

static tfd_status do_sha256(const tfd_sys *sys, tfd_str path, uint8_t out[TFD_SHA256_LEN],
                            const volatile int *stop, tfd_err *err)
{
    tfd_status st = count_call(sys, "sha256", err);

    return st == TFD_OK ? inner_of(sys)->sha256(inner_of(sys), path, out, stop, err) : st;
}

static tfd_status do_sha256_bytes(const tfd_sys *sys, tfd_str bytes, uint8_t out[TFD_SHA256_LEN],
                                  tfd_err *err)
{
    tfd_status st = count_call(sys, "sha256_bytes", err);

    return st == TFD_OK ? inner_of(sys)->sha256_bytes(inner_of(sys), bytes, out, err) : st;
}

static void do_parallel(const tfd_sys *sys, size_t n, tfd_task task, void *ctx)
{
    inner_of(sys)->parallel(inner_of(sys), n, task, ctx);
}

static uint64_t get_clock(const tfd_sys *sys)
{
    return inner_of(sys)->clock_us(inner_of(sys));
}

static tfd_status do_child_start(const tfd_sys *sys, const tfd_child_spec *spec, tfd_child **out,
                                 tfd_err *err)
{
    tfd_status st = count_call(sys, "child_start", err);

    return st == TFD_OK ? inner_of(sys)->child_start(inner_of(sys), spec, out, err) : st;
}

static int get_interrupted(const tfd_sys *sys)
{
    return inner_of(sys)->interrupted(inner_of(sys));
}

static const tfd_sys faulty_table = {
    .open = do_open,
    .read_at = do_read_at,
    .close = do_close,
    .stat = do_stat,
    .stat_many = do_stat_many,
    .list = do_list,
    .readlink = do_readlink,
    .realpath = do_realpath,
    .access = do_access,
    .mount_of = do_mount_of,
    .env = get_env,
    .environ_all = get_environ,
    .cwd = get_cwd,
    .home = get_home,
    .system = get_system,
    .cpu = get_cpu,
    .limit = get_limit,
    .sha256 = do_sha256,
    .sha256_bytes = do_sha256_bytes,
    .parallel = do_parallel,
    .clock_us = get_clock,
};

tfd_status tfd_sys_faulty_new(const tfd_sys *inner, long fail_at, tfd_status status, tfd_sys **out,
                              long **calls)
{
    faulty *ctx = calloc(1, sizeof *ctx);

    if (!ctx || !tfd_lock_init(&ctx->lock)) {
        free(ctx);
        return TFD_ENOMEM;
    }
    ctx->sys = faulty_table;
    ctx->sys.ctx = ctx;
    ctx->sys.style = inner->style;
    ctx->sys.is_native = inner->is_native;
    ctx->sys.reg_value = inner->reg_value ? do_reg_value : NULL;
    ctx->sys.reg_keys = inner->reg_keys ? do_reg_keys : NULL;
    ctx->sys.events = inner->events ? do_events : NULL;
    ctx->sys.child_start = inner->child_start ? do_child_start : NULL;
    ctx->sys.interrupted = inner->interrupted ? get_interrupted : NULL;
    ctx->inner = inner;
    ctx->fail_at = fail_at;
    ctx->status = status;
    *out = &ctx->sys;
    if (calls)
        *calls = &ctx->calls;
    return TFD_OK;
}

void tfd_sys_faulty_free(tfd_sys *sys)
{
    faulty *ctx;

    if (!sys)
        return;
    ctx = sys->ctx;
    tfd_lock_done(&ctx->lock);
    free(ctx);
}
