#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file_call.h"
#include "base/memory.h"

/* file_load's first block; files of unknown size grow from here. */

int
file_open(int dir, const char *name, struct error *e)
{
    struct stat st;
    int fd;

    /* Looked at before it is opened: opening a device can do things. */
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return error_sys(e, "open %s", name);
    if (S_ISLNK(st.st_mode))
        return error_set(e, ERROR_FAILED, "%s is a symbolic link, not a file",
                         name);
    if (!S_ISREG(st.st_mode))
        return error_set(e, ERROR_FAILED, "%s is not a regular file", name);
    fd = file_call_open(dir, name,
                        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0)
        return error_sys(e, "open %s", name);
    if (fstat(fd, &st) != 0)
        error_sys(e, "look at %s", name);
    else if (!S_ISREG(st.st_mode))
        error_set(e, ERROR_FAILED, "%s is not a regular file", name);
    else
        return fd;
    close(fd);
    return -1;
}

int
file_open_directory(int dir, const char *name, struct error *e)
{
    int fd = file_call_open(dir, name, O_RDONLY | O_DIRECTORY, 0);

    return fd < 0 ? error_sys(e, "open the folder %s", name) : fd;
}

int
file_open_inner(int dir, const char *name, struct error *e)
{
    int fd = file_call_open(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

    return fd < 0 ? error_sys(e, "open the folder %s", name) : fd;
}

static int
identify(int dir, const char *name, int flags, struct file_identity *id)
{
    static const unsigned mask = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;
    struct statx st;

    if (statx(dir, name, flags, mask, &st) != 0)
        return -1;
    *id = (struct file_identity){
        .device = makedev(st.stx_dev_major, st.stx_dev_minor),
        .inode = st.stx_ino,
        .mtime_ns = (int64_t)st.stx_mtime.tv_sec * 1000000000 +
                    st.stx_mtime.tv_nsec,
        .ctime_ns = (int64_t)st.stx_ctime.tv_sec * 1000000000 +
                    st.stx_ctime.tv_nsec,
        .size_bytes = st.stx_size,
        .links = st.stx_nlink,
        .mode = st.stx_mode,
        .uid = st.stx_uid,
        .gid = st.stx_gid,
    };
    if ((st.stx_mask & STATX_MNT_ID) != 0)
        id->mount = st.stx_mnt_id;
    if ((st.stx_mask & STATX_BTIME) != 0)
        id->birth_ns = (int64_t)st.stx_btime.tv_sec * 1000000000 +
                       st.stx_btime.tv_nsec;
    return 0;
}

int
file_identify(int fd, struct file_identity *id, struct error *e)
{
    if (identify(fd, "", AT_EMPTY_PATH, id) != 0)
        return error_sys(e, "look at an open file");
    return 0;
}

int
file_identify_at(int dir, const char *name, struct file_identity *id,
                 struct error *e)
{
    if (identify(dir, name, AT_SYMLINK_NOFOLLOW, id) != 0)
        return error_sys(e, "look at %s", name);
    return 0;
}

bool
file_same(const struct file_identity *a, const struct file_identity *b)
{
    return a->device == b->device && a->inode == b->inode &&
           a->birth_ns == b->birth_ns;
}

bool
file_unchanged(const struct file_identity *a, const struct file_identity *b)
{
    return file_same(a, b) && a->size_bytes == b->size_bytes &&
           a->mtime_ns == b->mtime_ns;
}

int
file_read_at(int fd, void *bytes, size_t size, uint64_t offset, size_t *got,
             struct error *e)
{
    char *to = bytes;

    *got = 0;
    if (offset > INT64_MAX - size)
        return error_set(e, ERROR_FAILED, "read at offset %llu: too far",
                         (unsigned long long)offset);
    while (*got < size) {
        ssize_t n = pread(fd, to + *got, size - *got, (off_t)(offset + *got));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_sys(e, "read at offset %llu",
                             (unsigned long long)(offset + *got));
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return 0;
}

int
file_write(int fd, const void *bytes, size_t size, struct error *e)
{
    const char *from = bytes;

    while (size > 0) {
        ssize_t n = file_call_write(fd, from, size);

        if (n < 0)
            return error_sys(e, "write");
        if (n == 0)
            return error_set(e, ERROR_FAILED, "write: nothing was taken");
        from += n;
        size -= (size_t)n;
    }
    return 0;
}

void
file_sync_ahead(int fd, uint64_t offset, uint64_t size)
{
    if (offset <= INT64_MAX && size <= INT64_MAX - offset)
        sync_file_range(fd, (off_t)offset, (off_t)size, SYNC_FILE_RANGE_WRITE);
}

int
file_sync(int fd, struct error *e)
{
    return file_call_sync(fd) != 0 ? error_sys(e, "sync") : 0;
}

int
file_sync_directory(int dir, struct error *e)
{
    int rc, number, fd = dir;

    if (dir == AT_FDCWD) {
        fd = file_open_directory(dir, ".", e);
        if (fd < 0)
            return -1;
    }
    rc = file_call_sync(fd);
    number = errno;
    if (fd != dir)
        close(fd);
    /* EBADF: opened by O_PATH. The others: no such thing there. */
    if (rc == 0 || number == EINVAL || number == ENOTSUP || number == EROFS ||
        number == EBADF)
        return 0;
    errno = number;
    return error_sys(e, "sync the folder");
}

/* A plain write aside and rename; the folder is open already. */
static int
replace_in(int folder, const char *base, const void *bytes, size_t size,
           mode_t mode, struct error *e)
{
    struct file_draft draft;

    if (file_draft_begin_aside(&draft, folder, mode, e) != 0)
        return -1;
    if (file_write(draft.fd, bytes, size, e) != 0 ||
        file_sync(draft.fd, e) != 0)
        goto fail;
    if (file_call_rename(folder, draft.aside, folder, base, 0) != 0) {
        error_sys(e, "rename %s", draft.aside);
        goto fail;
    }
    draft.aside[0] = '\0';
    file_draft_abandon(&draft);
    return file_sync_directory(folder, e);

fail:
    file_draft_abandon(&draft);
    return -1;
}

int
file_replace(int dir, const char *name, const void *bytes, size_t size,
             mode_t mode, struct error *e)
{
    const char *base;
    int rc, folder = file_call_parent(dir, name, &base);

    if (folder < 0)
        return error_sys(e, "open the folder of %s", name);
    rc = replace_in(folder, base, bytes, size, mode, e);
    close(folder);
    return rc == 0 ? 0 : error_in(e, "write %s", name);
}

int
file_create(int dir, const char *name, mode_t mode, struct error *e)
{
    const char *base;
    int fd, folder = file_call_parent(dir, name, &base);

    if (folder < 0)
        return error_sys(e, "open the folder of %s", name);
    fd = file_call_open(folder, base, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
                        mode);
    if (fd < 0) {
        error_sys(e, "create %s", name);
    } else if (file_call_inherit(fd, folder) != 0) {
        error_sys(e, "give %s to the owner of its folder", name);
        file_call_remove(folder, base, 0);
        close(fd);
        fd = -1;
    }
    close(folder);
    return fd;
}

int
file_give(int fd, uid_t uid, gid_t gid, struct error *e)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return error_sys(e, "look at an open file");
    if (st.st_uid == uid && st.st_gid == gid)
        return 0;
    if (file_call_give(fd, uid, gid) != 0)
        return error_sys(e, "give a file to owner %lu:%lu", (unsigned long)uid,
                         (unsigned long)gid);
    return 0;
}

int
file_set_mode(int fd, mode_t mode, struct error *e)
{
    if (fchmod(fd, mode & 07777) != 0)
        return error_sys(e, "set the mode %04o", (unsigned)mode & 07777);
    return 0;
}

int
file_free_bytes(int fd, uint64_t *bytes, struct error *e)
{
    struct statvfs vfs;

    if (fstatvfs(fd, &vfs) != 0)
        return error_sys(e, "ask for free space");
    if (__builtin_mul_overflow((uint64_t)vfs.f_bavail, (uint64_t)vfs.f_frsize,
                               bytes))
        *bytes = UINT64_MAX;
    return 0;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Appends every entry; -1 and errno (EOVERFLOW: too many). */
static int
collect_names(DIR *entries, char ***names, size_t *count)
{
    size_t capacity = 0;
    struct dirent *entry;

    while (errno = 0, (entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (*count >= FILE_NAMES_MAX) {
            errno = EOVERFLOW;
            return -1;
        }
        *names = memory_grow(*names, *count, &capacity, sizeof **names);
        (*names)[(*count)++] = memory_dup(entry->d_name);
    }
    return errno == 0 ? 0 : -1;
}

int
file_names(int dir, char ***names, size_t *count, struct error *e)
{
    int fd = file_open_directory(dir, ".", e);
    DIR *entries;

    *names = NULL;
    *count = 0;
    if (fd < 0)
        return -1;
    entries = fdopendir(fd);
    if (entries == NULL || collect_names(entries, names, count) != 0) {
        error_sys(e, "list a folder");
        if (entries == NULL)
            close(fd);
        else
            closedir(entries);
        file_free_names(*names, *count);
        *names = NULL;
        *count = 0;
        return -1;
    }
    closedir(entries);
    if (*count > 0)
        qsort(*names, *count, sizeof **names, compare_names);
    return 0;
}

void
file_free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

void
file_forget_pages(int fd, uint64_t offset, uint64_t size)
{
    if (offset > INT64_MAX || size > INT64_MAX)
        return;
    /* A hint: nothing follows from its failure. */
    posix_fadvise(fd, (off_t)offset, (off_t)size, POSIX_FADV_DONTNEED);
}
