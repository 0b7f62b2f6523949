#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_call.h"
#include "base/process.h"

/* How often a file that is replaced between open and lock is looked for. */
enum { TRIES = 16 };

enum {
    HOLDER_MAX_BYTES = 160,
    LOCK_MODE = 0600,
    START_TOLERANCE_MS = 2000, /* of /proc's word when a process began */
};

/* Made by us: then it gets its folder's owner. errno is set on failure. */
static int
open_or_make(int dir, const char *name, int flags)
{
    const char *base;
    int fd, number, folder;

    fd = file_call_open(dir, name, flags | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd >= 0 || errno != ENOENT)
        return fd;
    fd = file_call_open(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
                        LOCK_MODE);
    if (fd < 0)
        return errno == EEXIST
                   ? file_call_open(dir, name, flags | O_NOFOLLOW | O_NONBLOCK,
                                    0)
                   : -1;
    folder = file_call_parent(dir, name, &base);
    if (folder < 0 || file_call_inherit(fd, folder) != 0) {
        number = errno;
        close(fd);
        fd = -1;
        errno = number;
    }
    if (folder >= 0)
        close(folder);
    return fd;
}

/* A lock on a file that has lost its name keeps nobody out. */
static bool
has_its_name(int fd, int dir, const char *name)
{
    struct stat open, named;

    return fstat(fd, &open) == 0 &&
           fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

static int
lock_file(int fd, int how)
{
    int rc;

    do
        rc = flock(fd, how | LOCK_NB);
    while (rc != 0 && errno == EINTR);
    return rc;
}

/* The text is another's: only its shape is believed. */
static int
say_holder(int fd, const char *name, struct error *e)
{
    char text[HOLDER_MAX_BYTES + 1], host[65] = "", boot[65] = "";
    struct error ignored;
    size_t size = 0;
    long pid = 0;

    if (lock_file(fd, LOCK_SH) == 0)
        return error_set(e, ERROR_LOCKED, "%s is held by a process that reads",
                         name);
    if (file_read_at(fd, text, HOLDER_MAX_BYTES, 0, &size, &ignored) != 0)
        size = 0;
    text[size] = '\0';
    for (size_t i = 0; i < size; i++)
        if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
            text[i] = '?';
    if (sscanf(text, "%64s %64s %ld", host, boot, &pid) != 3)
        return error_set(e, ERROR_LOCKED, "%s is held by another process",
                         name);
    return error_set(e, ERROR_LOCKED, "%s is held by process %ld on %s", name,
                     pid, host);
}

static void
read_boot_id(char *out, size_t size)
{
    struct error ignored;
    char *text;
    size_t length;

    snprintf(out, size, "-");
    if (file_load(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &text,
                  &length, &ignored) != 0)
        return;
    text[strcspn(text, " \n")] = '\0';
    if (text[0] != '\0')
        snprintf(out, size, "%s", text);
    free(text);
}

static void
read_host(char *out, size_t size)
{
    if (gethostname(out, size) != 0 || out[0] == '\0')
        snprintf(out, size, "-");
    out[size - 1] = '\0';
}

static void
write_holder(int fd)
{
    char text[HOLDER_MAX_BYTES], host[65], boot[65];
    struct error none = {0};

    read_host(host, sizeof host);
    read_boot_id(boot, sizeof boot);
    snprintf(text, sizeof text, "%s %s %ld\n", host, boot, (long)getpid());
    if (ftruncate(fd, 0) == 0)
        file_write(fd, text, strlen(text), &none);
}

static int
check_regular(int fd, const char *name, struct error *e)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return error_sys(e, "look at the lock %s", name);
    if (!S_ISREG(st.st_mode))
        return error_set(e, ERROR_FAILED, "%s is not a regular file", name);
    return 0;
}

/* Opens and locks: a descriptor, or -1; *forbidden: it cannot be opened. */
static int
take(int dir, const char *name, int how, bool *forbidden, struct error *e)
{
    int flags = how == LOCK_EX ? O_RDWR : O_RDONLY;

    *forbidden = false;
    for (int i = 0; i < TRIES; i++) {
        int fd = open_or_make(dir, name, flags);

        if (fd < 0) {
            *forbidden = errno == EROFS || errno == EACCES || errno == EPERM;
            return error_sys(e, "open the lock %s", name);
        }
        if (check_regular(fd, name, e) != 0) {
            close(fd);
            return -1;
        }
        if (lock_file(fd, how) != 0) {
            if (errno == EWOULDBLOCK)
                say_holder(fd, name, e);
            else
                error_sys(e, "lock %s", name);
            close(fd);
            return -1;
        }
        if (has_its_name(fd, dir, name))
            return fd;
        close(fd);
    }
    return error_set(e, ERROR_FAILED, "%s is replaced again and again", name);
}

int
lock_take(struct lock *lock, int dir, const char *name, struct error *e)
{
    bool forbidden;

    lock->fd = take(dir, name, LOCK_EX, &forbidden, e);
    if (lock->fd < 0)
        return -1;
    /* For messages only: on a full disk prune must get its lock as well. */
    write_holder(lock->fd);
    return 0;
}

int
lock_share(struct lock *lock, int dir, const char *name, struct error *e)
{
    struct error failure;
    bool forbidden;

    lock->fd = take(dir, name, LOCK_SH, &forbidden, &failure);
    if (lock->fd >= 0 || forbidden)
        return 0;
    *e = failure;
    return -1;
}

/* A number is used again: who began after it was written did not write it. */
static bool
wrote_it(long pid, int64_t written_ms)
{
    struct process_view view;
    struct error ignored = {0};

    return pid > 0 && process_look((pid_t)pid, &view, &ignored) == 0 &&
           view.started_ms <= written_ms + START_TOLERANCE_MS;
}

pid_t
lock_find_holder(int dir, const char *name)
{
    char ours[2][65], host[65], boot[65], *text;
    struct file_identity id;
    struct error ignored = {0};
    size_t size;
    long pid;
    bool found;

    if (file_identify_at(dir, name, &id, &ignored) != 0 ||
        file_load(dir, name, HOLDER_MAX_BYTES, &text, &size, &ignored) != 0)
        return 0;
    read_host(ours[0], sizeof ours[0]);
    read_boot_id(ours[1], sizeof ours[1]);
    found = sscanf(text, "%64s %64s %ld", host, boot, &pid) == 3 &&
            strcmp(host, ours[0]) == 0 && strcmp(boot, ours[1]) == 0 &&
            wrote_it(pid, id.mtime_ns / 1000000);
    free(text);
    return found ? (pid_t)pid : 0;
}

void
lock_release(struct lock *lock)
{
    if (lock->fd < 0)
        return;
    /* No name is left there for a later reader to blame; a hint, no more. */
    if ((fcntl(lock->fd, F_GETFL) & O_ACCMODE) != O_RDONLY &&
        lock_file(lock->fd, LOCK_EX) == 0 && ftruncate(lock->fd, 0) != 0)
        errno = 0;
    close(lock->fd);
    lock->fd = -1;
}
