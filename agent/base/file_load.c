#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_call.h"
#include "base/memory.h"

enum { LOAD_BLOCK_BYTES = 4096 };

/* Reads to the end, whatever the file said of its size. */
static int
load_open(int fd, size_t max, char **bytes, size_t *size, struct error *e)
{
    struct stat st;
    size_t room = LOAD_BLOCK_BYTES, used = 0, got;
    char *block;

    if (fstat(fd, &st) == 0 && st.st_size > 0 && (uint64_t)st.st_size <= max)
        room = (size_t)st.st_size + 1;
    block = memory_resize(NULL, room + 1, 1);
    for (;;) {
        if (file_read_at(fd, block + used, room - used, used, &got, e) != 0)
            break;
        used += got;
        if (used > max) {
            error_set(e, ERROR_FAILED, "larger than the limit of %zu bytes",
                      max);
            break;
        }
        if (used < room) {
            block[used] = '\0';
            *bytes = block;
            *size = used;
            return 0;
        }
        room *= 2;
        block = memory_resize(block, room + 1, 1);
    }
    free(block);
    return -1;
}

int
file_load(int dir, const char *name, size_t max, char **bytes, size_t *size,
          struct error *e)
{
    int rc, fd = file_open(dir, name, e);

    if (fd < 0)
        return -1;
    rc = load_open(fd, max, bytes, size, e);
    close(fd);
    return rc == 0 ? 0 : error_in(e, "read %s", name);
}

int
file_load_named(const char *path, size_t max, char **bytes, size_t *size,
                struct error *e)
{
    struct stat st;
    int rc, fd = file_call_open(AT_FDCWD, path,
                                O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

    if (fd < 0)
        return error_sys(e, "read %s", path);
    if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
        rc = error_set(e, ERROR_FAILED, "not a regular file");
    else
        rc = load_open(fd, max, bytes, size, e);
    close(fd);
    return rc == 0 ? 0 : error_in(e, "read %s", path);
}
