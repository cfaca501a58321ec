/* SHA-256 by CNG (bcrypt.dll). */
#include <stdlib.h>

#include "sys/sys_win32.h"
#include <bcrypt.h>

#define HASH_CHUNK ((size_t)256 << 10) /* bytes read at once */

/* Opening a provider takes a millisecond and more. */
static BCRYPT_ALG_HANDLE get_sha256(tfd_win32 *native)
{
    BCRYPT_ALG_HANDLE found = NULL;

    tfd_lock_take(&native->lock);
    if (!native->sha256 && BCryptOpenAlgorithmProvider(&found, BCRYPT_SHA256_ALGORITHM, NULL, 0) >= 0)
        native->sha256 = found;
    found = native->sha256;
    tfd_lock_give(&native->lock);
    return found;
}

void tfd_win32_sha256_done(tfd_win32 *native)
{
    if (native->sha256)
        (void)BCryptCloseAlgorithmProvider(native->sha256, 0);
}

tfd_status tfd_win32_sha256_bytes(const tfd_sys *sys, tfd_str bytes, uint8_t out[TFD_SHA256_LEN],
                                  tfd_err *err)
{
    BCRYPT_ALG_HANDLE type = get_sha256(sys->ctx);
    BCRYPT_HASH_HANDLE hash = NULL;
    tfd_status st = TFD_OK;

    if (!type || BCryptCreateHash(type, &hash, NULL, 0, NULL, 0, 0) < 0)
        return tfd_err_set(err, TFD_EUNSUPPORTED, 0, "this system has no SHA-256");
    if (BCryptHashData(hash, (PUCHAR)bytes.ptr, (ULONG)bytes.len, 0) < 0 ||
        BCryptFinishHash(hash, out, TFD_SHA256_LEN, 0) < 0)
        st = tfd_err_set(err, TFD_EUNSUPPORTED, 0, "SHA-256 failed");
    (void)BCryptDestroyHash(hash);
    return st;
}

static tfd_status hash_file(const tfd_sys *sys, const tfd_file *file, BCRYPT_HASH_HANDLE hash,
                            unsigned char *chunk, size_t size, const volatile int *stop, tfd_err *err)
{
    uint64_t offset = 0;
    size_t got = size;
    tfd_status st;

    while (got == size) {
        if (stop && *stop)
            return tfd_err_set(err, TFD_ETIMEOUT, 0, "stopped");
        st = tfd_win32_read_at(sys, file, offset, chunk, size, &got, err);
        if (st != TFD_OK)
            return st;
        if (BCryptHashData(hash, chunk, (ULONG)got, 0) < 0)
            return tfd_err_set(err, TFD_EUNSUPPORTED, 0, "SHA-256 failed");
        offset += got;
    }
    return TFD_OK;
}

tfd_status tfd_win32_sha256(const tfd_sys *sys, tfd_str path, uint8_t out[TFD_SHA256_LEN],
                            const volatile int *stop, tfd_err *err)
{
    BCRYPT_ALG_HANDLE type = get_sha256(sys->ctx);
    BCRYPT_HASH_HANDLE hash = NULL;
    unsigned char *chunk;
    tfd_file file = TFD_FILE_NONE;
    size_t size;
    tfd_status st = tfd_win32_open(sys, path, &file, err);

    if (st != TFD_OK)
        return st;
    /* One byte more than a small file has, so that one read also meets its end. */
    size = file.size < HASH_CHUNK ? (size_t)file.size + 1 : HASH_CHUNK;
    chunk = malloc(size);
    if (!chunk)
        st = tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    else if (!type || BCryptCreateHash(type, &hash, NULL, 0, NULL, 0, 0) < 0)
        st = tfd_err_set(err, TFD_EUNSUPPORTED, 0, "this system has no SHA-256");
    else
        st = hash_file(sys, &file, hash, chunk, size, stop, err);
    if (st == TFD_OK && BCryptFinishHash(hash, out, TFD_SHA256_LEN, 0) < 0)
        st = tfd_err_set(err, TFD_EUNSUPPORTED, 0, "SHA-256 failed");
    if (hash)
        (void)BCryptDestroyHash(hash);
    free(chunk);
    tfd_win32_close(sys, &file);
    return st;
}
