#include "base/file_call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

/*
 * One write. With more the kernel takes larger pieces of memory for its cache,
 * which are likely to be cold: seen to make writing three times as slow.
 */
enum { WRITE_MAX_BYTES = 128 << 10 };

int
file_call_open(int dir, const char *name, int flags, mode_t mode)
{
    int fd;

    do
        fd = openat(dir, name, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

ssize_t
file_call_write(int fd, const void *bytes, size_t size)
{
    ssize_t written;

    if (size > WRITE_MAX_BYTES)
        size = WRITE_MAX_BYTES;
    do
        written = write(fd, bytes, size);
    while (written < 0 && errno == EINTR);
    return written;
}

int
file_call_sync(int fd)
{
    int rc;

    do
        rc = fsync(fd);
    while (rc != 0 && errno == EINTR);
    return rc;
}

int
file_call_make_directory(int dir, const char *name, mode_t mode)
{
    return mkdirat(dir, name, mode);
}

int
file_call_remove(int dir, const char *name, int flags)
{
    return unlinkat(dir, name, flags);
}

int
file_call_rename(int from_dir, const char *from, int to_dir, const char *to,
                 unsigned flags)
{
    return renameat2(from_dir, from, to_dir, to, flags);
}

int
file_call_link(int from_dir, const char *from, int to_dir, const char *to)
{
    return linkat(from_dir, from, to_dir, to, 0);
}

int
file_call_link_open(int fd, int to_dir, const char *to)
{
    char path[32];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, to_dir, to, AT_SYMLINK_FOLLOW);
}

ssize_t
file_call_copy(int from, uint64_t offset, int to, size_t size)
{
    off_t at = (off_t)offset;
    ssize_t copied;

    do
        copied = copy_file_range(from, &at, to, NULL, size, 0);
    while (copied < 0 && errno == EINTR);
    return copied;
}

int
file_call_give(int fd, uid_t uid, gid_t gid)
{
    return fchown(fd, uid, gid);
}

/*
 * For file systems that know neither RENAME_NOREPLACE nor hard links. Between
 * the look and the rename another could take the name; the locks of our jobs
 * keep those others away that follow our rules.
 */
static int
look_and_rename(int from_dir, const char *from, int to_dir, const char *to)
{
    struct stat st;

    if (fstatat(to_dir, to, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    if (errno != ENOENT)
        return -1;
    return file_call_rename(from_dir, from, to_dir, to, 0);
}

int
file_call_rename_new(int from_dir, const char *from, int to_dir, const char *to)
{
    int rc;

    rc = file_call_rename(from_dir, from, to_dir, to, RENAME_NOREPLACE);
    if (rc == 0 || (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP))
        return rc;
    rc = file_call_link(from_dir, from, to_dir, to);
    if (rc == 0)
        return file_call_remove(from_dir, from, 0);
    /* EPERM: a folder, or a file system without hard links. */
    if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS)
        return rc;
    return look_and_rename(from_dir, from, to_dir, to);
}

int
file_call_parent(int dir, const char *name, const char **base)
{
    const char *slash = strrchr(name, '/');
    char *folder;
    int fd;

    if (slash == NULL) {
        *base = name;
        return file_call_open(dir, ".", O_RDONLY | O_DIRECTORY, 0);
    }
    *base = slash + 1;
    folder = memory_copy(name, slash == name ? 1 : (size_t)(slash - name));
    fd = file_call_open(dir, folder, O_RDONLY | O_DIRECTORY, 0);
    free(folder);
    return fd;
}

int
file_call_inherit(int fd, int folder)
{
    struct stat st;

    if (geteuid() != 0)
        return 0;
    if (fstat(folder, &st) != 0)
        return -1;
    if (st.st_uid == 0)
        return 0;
    if (file_call_give(fd, st.st_uid, st.st_gid) == 0)
        return 0;
    /* A root without that right (container, squashed NFS) still may write. */
    return errno == EPERM || errno == EINVAL || errno == ENOTSUP ? 0 : -1;
}
