/* SHA-256 by libcrypto. */
#define _GNU_SOURCE 1

#include <errno.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "sys/sys_posix.h"

#define HASH_CHUNK ((size_t)256 << 10) /* bytes read at once */

static const EVP_MD *get_sha256(tfd_posix *native)
{
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
    tfd_lock_take(&native->lock);
    if (!native->sha256) {
        /* openssl.cnf of the machine may be broken or load engines; hashing needs none of it. */
        (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
        native->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    }
    tfd_lock_give(&native->lock);
    return native->sha256;
#else
    (void)native;
    return EVP_sha256();
#endif
}

tfd_status tfd_posix_sha256_bytes(const tfd_sys *sys, tfd_str bytes, uint8_t out[TFD_SHA256_LEN],
                                  tfd_err *err)
{
    const EVP_MD *type = get_sha256(sys->ctx);

    if (!type || EVP_Digest(bytes.ptr, bytes.len, out, NULL, type, NULL) != 1)
        return tfd_err_set(err, TFD_EUNSUPPORTED, 0, "this libcrypto has no SHA-256");
    return TFD_OK;
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
