#include "repo/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIGEST_BYTES = 32 };

/*
 * OpenSSL fails here only when it has no SHA-256 at all or no memory: as with
 * memory_*, there is nothing to go on with.
 */
static void
must(int done)
{
    if (done == 1)
        return;
    fputs("openssl gives no sha256\n", stderr);
    abort();
}

void
digest_begin(struct digest *d)
{
    EVP_MD_CTX *state = EVP_MD_CTX_new();

    must(state != NULL);
    must(EVP_DigestInit_ex(state, EVP_sha256(), NULL));
    d->state = state;
}

void
digest_add(struct digest *d, const void *bytes, size_t size)
{
    if (size > 0)
        must(EVP_DigestUpdate(d->state, bytes, size));
}

void
digest_end(struct digest *d, char hex[DIGEST_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE];

    must(EVP_DigestFinal_ex(d->state, sum, NULL));
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        hex[2 * i] = digits[sum[i] >> 4];
        hex[2 * i + 1] = digits[sum[i] & 15];
    }
    hex[DIGEST_HEX_SIZE - 1] = '\0';
    digest_clear(d);
}

void
digest_clear(struct digest *d)
{
    EVP_MD_CTX_free(d->state);
    d->state = NULL;
}

void
digest_of(const void *bytes, size_t size, char hex[DIGEST_HEX_SIZE])
{
    struct digest d;

    digest_begin(&d);
    digest_add(&d, bytes, size);
    digest_end(&d, hex);
}
