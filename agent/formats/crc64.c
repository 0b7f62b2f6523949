#include "formats/crc64.h"

#include <isa-l/crc64.h>
#ifdef __x86_64__
#include <immintrin.h>

/*
 * ISA-L leaves the upper halves of the vector registers in use. Until they are
 * cleared, SSE code waits for them all the time: a walk that copies the names
 * of keys took twice as long.
 */
__attribute__((target("avx"))) static void
clear_upper(void)
{
    _mm256_zeroupper();
}

static void
free_vectors(void)
{
    if (__builtin_cpu_supports("avx"))
        clear_upper();
}
#else
static void
free_vectors(void)
{
}
#endif

/* ISA-L inverts before and after; the checksum of an RDB does neither. */
uint64_t
crc64_update(uint64_t crc, const void *bytes, size_t size)
{
    crc = ~crc64_jones_refl(~crc, bytes, size);
    free_vectors();
    return crc;
}
