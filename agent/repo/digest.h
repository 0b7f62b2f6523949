/*
 * digest.h - SHA-256 as bytes stream by (OpenSSL), in hex as sha256sum prints.
 */
#ifndef REPO_DIGEST_H
#define REPO_DIGEST_H

#include <stddef.h>

enum { DIGEST_HEX_SIZE = 65 };

struct digest {
    void *state;
};

void digest_begin(struct digest *d);
void digest_add(struct digest *d, const void *bytes, size_t size);

/* Ends it; hex is NUL-terminated. */
void digest_end(struct digest *d, char hex[DIGEST_HEX_SIZE]);

/* Gives back an unended digest; fine on an ended or zeroed one. */
void digest_clear(struct digest *d);

/* Of one block of bytes. */
void digest_of(const void *bytes, size_t size, char hex[DIGEST_HEX_SIZE]);

#endif
