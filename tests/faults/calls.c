/*
 * calls.c - stands between the program and libc: each call by which it reads or
 * changes the disk (Makefile: FAULT_CALLS). A change that was made is told.
 */
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"

enum {
    CHANGE = FAULT_ANY | FAULT_CHANGE,
    GROWTH = CHANGE | FAULT_SPACE,
    READING = FAULT_ANY | FAULT_INTERRUPTED | FAULT_SHORT,
};

/* A wrapper, and the function it stands before. */
#define WRAP(type, name, ...)        \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__)

/* Makes the call, unless it is to fail. */
#define MAKE(f, call) ((f).number != 0 ? (errno = (f).number, -1) : (call))

/* Not by way of the wrappers: they would wait for themselves. */
int __real_fstatat64(int dir, const char *name, struct stat64 *st, int flags);

static int
end(const struct fault *f, int rc)
{
    int number = errno;

    fault_end(f);
    errno = number;
    return rc;
}

static bool
tells(const struct fault *f, bool made)
{
    return made && f->watched && fault_tells();
}

static unsigned long long
inode_at(int fd, const char *name, int flags)
{
    struct stat64 st;

    if (__real_fstatat64(fd, name, &st, flags) != 0)
        abort();
    return st.st_ino;
}

static unsigned long long
inode_of(int fd)
{
    return inode_at(fd, "", AT_EMPTY_PATH);
}

/* "FOLDER NAME" of a name in a folder. */
static const char *
place(char *text, int dir, const char *name)
{
    const char *slash = strrchr(name, '/');
    char folder[PATH_MAX] = ".";
    int length;

    if (slash != NULL) {
        snprintf(folder, sizeof folder, "%.*s",
                 slash == name ? 1 : (int)(slash - name), name);
        name = slash + 1;
    }
    length = sprintf(text, "%llu ", inode_at(dir, folder, 0));
    for (; *name != '\0'; name++)
        length += sprintf(text + length, "%02x", (unsigned char)*name);
    return text;
}

enum { PLACE_SIZE = 2 * NAME_MAX + 32 };

static void
tell_opened(int fd, int dir, const char *name, int flags)
{
    char text[PLACE_SIZE];
    struct stat64 st;

    if ((flags & O_TMPFILE) == O_TMPFILE)
        snprintf(text, sizeof text, "0 -");
    else if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0)
        place(text, dir, name);
    else if ((flags & (O_CREAT | O_TRUNC)) == 0)
        return;
    else
        abort(); /* may have created it or not */
    if (__real_fstatat64(fd, "", &st, AT_EMPTY_PATH) == 0)
        fault_tell("create %llu %s %o", (unsigned long long)st.st_ino, text,
                   st.st_mode & 07777);
}

WRAP(int, openat64, int dir, const char *name, int flags, ...)
{
    bool makes = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
    struct fault f = fault_begin(
        __func__, (makes ? GROWTH : FAULT_ANY) | FAULT_INTERRUPTED, dir, name);
    mode_t mode = 0;
    va_list args;
    int fd;

    va_start(args, flags);
    if (makes)
        mode = va_arg(args, mode_t);
    va_end(args);
    fd = MAKE(f, __real_openat64(dir, name, flags, mode));
    if (tells(&f, fd >= 0))
        tell_opened(fd, dir, name, flags);
    return end(&f, fd);
}

WRAP(ssize_t, write, int fd, const void *bytes, size_t size)
{
    unsigned more = FAULT_INTERRUPTED | (size > 1 ? FAULT_SHORT : 0);
    struct fault f = fault_begin(__func__, GROWTH | more, fd, NULL);
    ssize_t n = MAKE(f, __real_write(fd, bytes, f.shorter ? size / 2 : size));

    if (tells(&f, n > 0))
        fault_tell_write(inode_of(fd), lseek(fd, 0, SEEK_CUR) - n, bytes,
                         (size_t)n);
    end(&f, 0);
    return n;
}

ssize_t __real_pread64(int fd, void *bytes, size_t size, off64_t offset);

WRAP(ssize_t, copy_file_range, int from, off64_t *from_at, int to,
     off64_t *to_at, size_t size, unsigned flags)
{
    struct fault f = fault_begin(__func__, GROWTH | READING, to, NULL);
    size_t some = f.shorter && size > 1 ? 1 : size;
    ssize_t n =
        MAKE(f, __real_copy_file_range(from, from_at, to, to_at, some, flags));
    void *bytes;

    if (tells(&f, n > 0)) {
        off_t end_at = to_at != NULL ? *to_at : lseek(to, 0, SEEK_CUR);

        bytes = malloc((size_t)n);
        if (bytes == NULL ||
            __real_pread64(to, bytes, (size_t)n, end_at - n) != n)
            abort();
        fault_tell_write(inode_of(to), end_at - n, bytes, (size_t)n);
        free(bytes);
    }
    end(&f, 0);
    return n;
}

WRAP(ssize_t, pread64, int fd, void *bytes, size_t size, off64_t offset)
{
    struct fault f = fault_begin(__func__, READING, fd, NULL);
    size_t some = f.shorter && size > 1 ? size / 2 : size;
    ssize_t n = MAKE(f, __real_pread64(fd, bytes, some, offset));

    end(&f, 0);
    return n;
}

WRAP(ssize_t, preadv64v2, int fd, const struct iovec *parts, int count,
     off64_t offset, int flags)
{
    struct fault f = fault_begin(__func__, READING, fd, NULL);
    struct iovec half = parts[0];
    ssize_t n;

    half.iov_len = half.iov_len > 1 ? half.iov_len / 2 : half.iov_len;
    n = MAKE(f, f.shorter ? __real_preadv64v2(fd, &half, 1, offset, flags)
                          : __real_preadv64v2(fd, parts, count, offset, flags));
    end(&f, 0);
    return n;
}

WRAP(void *, mmap64, void *at, size_t size, int protection, int flags, int fd,
     off64_t offset)
{
    struct fault f;
    void *map;

    if (fd < 0)
        return __real_mmap64(at, size, protection, flags, fd, offset);
    f = fault_begin(__func__, FAULT_ANY, fd, NULL);
    map = f.number != 0
              ? (errno = f.number, MAP_FAILED)
              : __real_mmap64(at, size, protection, flags, fd, offset);
    end(&f, 0);
    return map;
}

WRAP(int, fsync, int fd)
{
    struct fault f =
        fault_begin(__func__, GROWTH | FAULT_INTERRUPTED, fd, NULL);
    int rc = MAKE(f, __real_fsync(fd));

    if (tells(&f, rc == 0))
        fault_tell("sync %llu", inode_of(fd));
    return end(&f, rc);
}

WRAP(int, renameat2, int from_dir, const char *from, int to_dir, const char *to,
     unsigned flags)
{
    struct fault f = fault_begin(__func__, GROWTH, to_dir, to);
    char a[PLACE_SIZE], b[PLACE_SIZE];
    int rc = MAKE(f, __real_renameat2(from_dir, from, to_dir, to, flags));

    if (tells(&f, rc == 0))
        fault_tell("rename %s %s %u", place(a, from_dir, from),
                   place(b, to_dir, to), flags);
    return end(&f, rc);
}

WRAP(int, linkat, int from_dir, const char *from, int to_dir, const char *to,
     int flags)
{
    struct fault f = fault_begin(__func__, GROWTH, to_dir, to);
    char text[PLACE_SIZE];
    int rc = MAKE(f, __real_linkat(from_dir, from, to_dir, to, flags));

    if (tells(&f, rc == 0))
        fault_tell("link %llu %s", inode_at(to_dir, to, AT_SYMLINK_NOFOLLOW),
                   place(text, to_dir, to));
    return end(&f, rc);
}

WRAP(int, unlinkat, int dir, const char *name, int flags)
{
    struct fault f = fault_begin(__func__, CHANGE, dir, name);
    char text[PLACE_SIZE];
    int rc = MAKE(f, __real_unlinkat(dir, name, flags));

    if (tells(&f, rc == 0))
        fault_tell("unlink %s", place(text, dir, name));
    return end(&f, rc);
}

WRAP(int, mkdirat, int dir, const char *name, mode_t mode)
{
    struct fault f = fault_begin(__func__, GROWTH, dir, name);
    char text[PLACE_SIZE];
    struct stat64 st;
    int rc = MAKE(f, __real_mkdirat(dir, name, mode));

    if (tells(&f, rc == 0 && __real_fstatat64(dir, name, &st, 0) == 0))
        fault_tell("mkdir %llu %s %o", (unsigned long long)st.st_ino,
                   place(text, dir, name), st.st_mode & 07777);
    return end(&f, rc);
}

WRAP(int, ftruncate64, int fd, off64_t size)
{
    struct fault f =
        fault_begin(__func__, GROWTH | FAULT_INTERRUPTED, fd, NULL);
    int rc = MAKE(f, __real_ftruncate64(fd, size));

    if (tells(&f, rc == 0))
        fault_tell("truncate %llu %lld", inode_of(fd), (long long)size);
    return end(&f, rc);
}

WRAP(int, fchown, int fd, uid_t uid, gid_t gid)
{
    struct fault f = fault_begin(__func__, GROWTH, fd, NULL);
    int rc = MAKE(f, __real_fchown(fd, uid, gid));

    if (tells(&f, rc == 0))
        fault_tell("owner %llu %u %u", inode_of(fd), uid, gid);
    return end(&f, rc);
}

WRAP(int, fchmod, int fd, mode_t mode)
{
    struct fault f = fault_begin(__func__, CHANGE, fd, NULL);
    int rc = MAKE(f, __real_fchmod(fd, mode));

    if (tells(&f, rc == 0))
        fault_tell("mode %llu %o", inode_of(fd), mode);
    return end(&f, rc);
}

WRAP(int, fstat64, int fd, struct stat64 *st)
{
    struct fault f = fault_begin(__func__, FAULT_ANY, fd, NULL);

    return end(&f, MAKE(f, __real_fstat64(fd, st)));
}

WRAP(int, fstatat64, int dir, const char *name, struct stat64 *st, int flags)
{
    struct fault f = fault_begin(__func__, FAULT_ANY, dir, name);

    return end(&f, MAKE(f, __real_fstatat64(dir, name, st, flags)));
}

WRAP(int, statx, int dir, const char *name, int flags, unsigned mask,
     struct statx *st)
{
    struct fault f = fault_begin(__func__, FAULT_ANY, dir, name);

    int rc = MAKE(f, __real_statx(dir, name, flags, mask, st));

    if (rc == 0 && fault_hides_birth())
        st->stx_mask &= ~STATX_BTIME;
    return end(&f, rc);
}

WRAP(int, fstatvfs64, int fd, struct statvfs64 *vfs)
{
    struct fault f = fault_begin(__func__, FAULT_ANY, fd, NULL);

    return end(&f, MAKE(f, __real_fstatvfs64(fd, vfs)));
}

WRAP(int, flock, int fd, int how)
{
    struct fault f =
        fault_begin(__func__, FAULT_ANY | FAULT_INTERRUPTED, fd, NULL);

    return end(&f, MAKE(f, __real_flock(fd, how)));
}

WRAP(struct dirent64 *, readdir64, DIR *folder)
{
    struct fault f = fault_begin(__func__, FAULT_ANY, dirfd(folder), NULL);
    struct dirent64 *entry = f.number != 0 ? (errno = f.number, NULL)
                                           : __real_readdir64(folder);

    end(&f, 0);
    return entry;
}

WRAP(int, clock_gettime, clockid_t id, struct timespec *now)
{
    if (id != CLOCK_REALTIME || fault_now() == 0)
        return __real_clock_gettime(id, now);
    *now = (struct timespec){.tv_sec = fault_now()};
    return 0;
}
