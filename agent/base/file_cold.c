#include "base/file.h"

#include <fcntl.h>
#include <sys/uio.h>

int
file_read_cold(int fd, void *bytes, size_t size, uint64_t offset, size_t *got,
               bool *cold, struct error *e)
{
    struct iovec to = {.iov_base = bytes, .iov_len = size};
    ssize_t n = preadv2(fd, &to, 1, (off_t)offset, RWF_NOWAIT);

    *cold = n < 0 || (size_t)n < size;
    if (!*cold) {
        *got = size;
        return 0;
    }
    /* It may be the end of the file, or a file system without RWF_NOWAIT;
     * forgetting pages that were in memory costs a read, no more. */
    return file_read_at(fd, bytes, size, offset, got, e);
}
