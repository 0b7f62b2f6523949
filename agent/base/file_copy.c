#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file_call.h"
#include "base/memory.h"

enum { COPY_STEP_BYTES = 8 << 20, COPY_BLOCK_BYTES = 128 << 10 };

int
file_link(int from_dir, const char *from, int to_dir, const char *to,
          struct error *e)
{
    if (file_call_link(from_dir, from, to_dir, to) == 0)
        return 0;
    error_sys(e, "link %s", from);
    /* Of another owner, too many names, or a file system without links. */
    if (errno == EPERM || errno == EMLINK || errno == EXDEV ||
        errno == ENOTSUP || errno == ENOSYS)
        e->kind = ERROR_DENIED;
    return -1;
}

/* By reading and writing; *copied as for copy_step. */
static int
copy_block(int from, int to, uint64_t offset, size_t size, size_t *copied,
           struct error *e)
{
    char *block = memory_new(COPY_BLOCK_BYTES);
    int rc;

    if (size > COPY_BLOCK_BYTES)
        size = COPY_BLOCK_BYTES;
    rc = file_read_at(from, block, size, offset, copied, e);
    if (rc == 0)
        rc = file_write(to, block, *copied, e);
    free(block);
    return rc;
}

/* Copies some of what is left; *copied 0: the file ends. */
static int
copy_step(int from, int to, uint64_t offset, uint64_t left, size_t *copied,
          struct error *e)
{
    size_t size = left < COPY_STEP_BYTES ? (size_t)left : COPY_STEP_BYTES;
    ssize_t n = file_call_copy(from, offset, to, size);

    if (n > 0) {
        *copied = (size_t)n;
        return 0;
    }
    /* 0 also where a file system only pretends that it can (FUSE, /proc). */
    if (n < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS &&
        errno != ENOTSUP && errno != EPERM)
        return error_sys(e, "copy");
    return copy_block(from, to, offset, size, copied, e);
}

int
file_copy(int from, int to, uint64_t size, file_copied *tell, void *context,
          struct error *e)
{
    uint64_t done = 0;
    size_t copied;

    while (done < size) {
        if (copy_step(from, to, done, size - done, &copied, e) != 0)
            return -1;
        if (copied == 0)
            return error_set(e, ERROR_CHANGED, "the file became shorter");
        done += copied;
        if (tell != NULL && tell(context, done, e) != 0)
            return -1;
    }
    return 0;
}
