#include "base/file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file_call.h"

bool
file_same_mount(const struct file_identity *a, const struct file_identity *b)
{
    if (a->mount != 0 && b->mount != 0)
        return a->mount == b->mount;
    return a->device == b->device;
}

int
file_settle(int dir, const char *name, struct error *e)
{
    struct statfs fs;
    int fd;

    if (fstatfs(dir, &fs) != 0)
        return error_sys(e, "look at the file system of %s", name);
    if ((unsigned long)fs.f_type != OVERLAYFS_SUPER_MAGIC)
        return 0;
    fd = file_call_open(dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0)
        return error_sys(e, "open %s", name);
    close(fd);
    return 0;
}
