/* Asks of the static libraries what tfdiag asks of them: threads, SHA-256. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <uv.h>

static void run_nothing(void *arg)
{
    (void)arg;
}

int main(void)
{
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    uv_thread_t thread;

    if (uv_thread_create(&thread, run_nothing, NULL) != 0)
        return 1;
    return EVP_Digest("", 0, out, &len, EVP_sha256(), NULL) != 1 || uv_thread_join(&thread) != 0;
}
