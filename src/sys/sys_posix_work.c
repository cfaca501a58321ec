/* Work for all cores: threads, SHA-256. */
#define _GNU_SOURCE 1

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "sys/sys_posix.h"

#define THREADS_MAX 64u
#define HASH_CHUNK ((size_t)256 << 10) /* bytes read at once */

typedef struct work {
    uv_mutex_t lock;
    size_t next;
    size_t n;
    tfd_task task;
    void *ctx;
} work;

static void run_tasks(void *arg)
{
    work *all = arg;

    for (;;) {
        size_t mine;

        uv_mutex_lock(&all->lock);
        mine = all->next < all->n ? all->next++ : all->n;
        uv_mutex_unlock(&all->lock);
        if (mine == all->n)
            return;
        all->task(all->ctx, mine);
    }
}

/* Processors that this process may use: taskset and cpusets of containers count. */
static unsigned count_cores(void)
{
    long n;
#ifdef __linux__
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (unsigned)CPU_COUNT(&set);
#endif
    n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (unsigned)n : 1u;
}

void tfd_posix_parallel(const tfd_sys *sys, size_t n, tfd_task task, void *ctx)
{
    uv_thread_t threads[THREADS_MAX];
    work all = {.n = n, .task = task, .ctx = ctx};
    size_t wanted = count_cores();
    size_t started = 0;

    (void)sys;
    wanted = wanted > THREADS_MAX ? THREADS_MAX : wanted;
    wanted = wanted > n ? n : wanted;
    if (wanted < 2 || uv_mutex_init(&all.lock) != 0) {
        for (size_t i = 0; i < n; i++)
            task(ctx, i);
        return;
    }
    /* Under a tight ulimit -u or -v threads cannot be made: the caller then does all of it alone. */
    while (started < wanted - 1 && uv_thread_create(&threads[started], run_tasks, &all) == 0)
        started++;
    run_tasks(&all);
    for (size_t i = 0; i < started; i++)
        (void)uv_thread_join(&threads[i]);
    uv_mutex_destroy(&all.lock);
}

static const EVP_MD *get_sha256(tfd_posix *native)
{
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
    uv_mutex_lock(&native->lock);
    if (!native->sha256) {
        /* openssl.cnf of the machine may be broken or load engines; hashing needs none of it. */
        (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
        native->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    }
    uv_mutex_unlock(&native->lock);
    return native->sha256;
#else
    (void)native;
    return EVP_sha256();
#endif
}

static tfd_status hash_file(const tfd_sys *sys, const tfd_file *file, EVP_MD_CTX *md, unsigned char *chunk,
                            size_t size, const volatile int *stop, tfd_err *err)
{
    uint64_t offset = 0;
    size_t got = size;
    tfd_status st;

    while (got == size) {
        if (stop && *stop)
            return tfd_err_set(err, TFD_ETIMEOUT, 0, "stopped");
        st = tfd_posix_read_at(sys, file, offset, chunk, size, &got, err);
        if (st != TFD_OK)
            return st;
        if (EVP_DigestUpdate(md, chunk, got) != 1)
            return tfd_err_set(err, TFD_EUNSUPPORTED, 0, "SHA-256 failed");
        offset += got;
    }
    return TFD_OK;
}

tfd_status tfd_posix_sha256(const tfd_sys *sys, tfd_str path, uint8_t out[TFD_SHA256_LEN],
                            const volatile int *stop, tfd_err *err)
{
    const EVP_MD *type = get_sha256(sys->ctx);
    EVP_MD_CTX *md = NULL;
    unsigned char *chunk = NULL;
    tfd_file file = TFD_FILE_NONE;
    size_t size;
    tfd_status st;

    st = tfd_posix_open(sys, path, &file, err);
    if (st != TFD_OK)
        return st;
    /* One byte more than a small file has, so that one read also meets its end. */
    size = file.size < HASH_CHUNK ? (size_t)file.size + 1 : HASH_CHUNK;
    chunk = malloc(size);
    md = EVP_MD_CTX_new();
    if (!chunk || !md)
        st = tfd_err_set(err, TFD_ENOMEM, ENOMEM, "out of memory");
    else if (!type || EVP_DigestInit_ex(md, type, NULL) != 1)
        st = tfd_err_set(err, TFD_EUNSUPPORTED, 0, "this libcrypto has no SHA-256");
    else
        st = hash_file(sys, &file, md, chunk, size, stop, err);
    if (st == TFD_OK && EVP_DigestFinal_ex(md, out, NULL) != 1)
        st = tfd_err_set(err, TFD_EUNSUPPORTED, 0, "SHA-256 failed");
    EVP_MD_CTX_free(md);
    free(chunk);
    tfd_posix_close(sys, &file);
    return st;
}
