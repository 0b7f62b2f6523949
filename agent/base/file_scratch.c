#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

int
file_scratch(struct error *e)
{
    const char *folder = getenv("TMPDIR");
    char *name;
    int fd;

    if (folder == NULL || *folder == '\0')
        folder = "/tmp";
    fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    if (fd >= 0)
        return fd;
    /* The file system has none without a name: it has one for a moment. */
    name = text_format("%s/redkeep-XXXXXX", folder);
    fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0)
        error_sys(e, "make a scratch file in %s (TMPDIR)", folder);
    else
        unlink(name);
    free(name);
    return fd;
}

int
file_memory(const char *name, const void *bytes, size_t size, struct error *e)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    if (fd < 0)
        return error_sys(e, "make a file in memory");
    if (file_write(fd, bytes, size, e) == 0)
        return fd;
    close(fd);
    return -1;
}
