/*
 * Archives: the first byte chooses the codec, the rest is the file. Names that
 * come out stay below a folder, sizes are kept, a failure is damage.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "repo/pack.h"
#include "repo/pack_name.h"

/* Enough for all that a few KiB may honestly unpack to. */
enum { READ_MAX = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
require(int condition)
{
    if (!condition)
        abort();
}

/* Headers whose sum is wrong end everything early: mends them. */
static void
mend_sums(uint8_t *tar, size_t size)
{
    for (size_t at = 0; at + 512 <= size; at += 512) {
        uint8_t *h = tar + at;
        unsigned sum = 0;

        if (memcmp(h + 257, "ustar", 5) != 0)
            continue;
        memset(h + 148, ' ', 8);
        for (size_t i = 0; i < 512; i++)
            sum += h[i];
        snprintf((char *)h + 148, 8, "%06o", sum);
    }
}

/* Reads a member; -1 at its failure or when it is enough. */
static int
read_member(struct pack_reader *r, const struct pack_member *m, uint64_t *left,
            struct error *e)
{
    char block[5000];
    uint64_t size = m->size_bytes, found = 0;
    size_t got;

    require(pack_name_fault(m->path) == NULL && size <= INT64_MAX);
    do {
        if (pack_reader_pull(r, block, sizeof block, &got, e) != 0)
            return -1;
        found += got;
        if (got > *left)
            return -1;
        *left -= got;
    } while (got > 0);
    require(found == size);
    return 0;
}

static void
read_all(int fd, enum codec codec)
{
    struct error e = {0};
    struct pack_reader *r = pack_reader_new(fd, codec, &e);
    uint64_t left = READ_MAX, size;
    char sum[DIGEST_HEX_SIZE];
    struct pack_member m;
    bool more = true;
    int rc = r == NULL ? -1 : 0;

    while (rc == 0 && more) {
        rc = pack_reader_next(r, &m, &more, &e);
        if (rc == 0 && more)
            rc = read_member(r, &m, &left, &e);
    }
    if (rc == 0)
        require(pack_reader_end(r, &size, sum, &e) == 0 &&
                strlen(sum) == DIGEST_HEX_SIZE - 1);
    require(e.kind == ERROR_NONE || e.kind == ERROR_DAMAGED);
    pack_reader_free(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct error e = {0};
    uint8_t *copy;
    int fd;

    if (size == 0)
        return 0;
    copy = memory_new(size);
    memcpy(copy, bytes, size);
    if (bytes[0] % 3 == CODEC_NONE)
        mend_sums(copy + 1, size - 1);
    fd = memfd_create("archive", MFD_CLOEXEC);
    require(fd >= 0 && file_write(fd, copy + 1, size - 1, &e) == 0);
    read_all(fd, (enum codec)(bytes[0] % 3));
    close(fd);
    free(copy);
    return 0;
}
