/*
 * place_faults.h - makes the Nth change of the disk fail, or be the last that
 * the process does. The program is linked with --wrap for these calls.
 */
#ifndef UNIT_PLACE_FAULTS_H
#define UNIT_PLACE_FAULTS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

enum faults_way {
    FAULTS_NONE,
    FAULTS_FAIL,       /* nothing is done, and EIO */
    FAULTS_DIE_BEFORE, /* nothing is done, and the process ends */
    FAULTS_DIE_AFTER,
    FAULTS_WAYS,
};
enum { FAULTS_DIED = 77 };

static enum faults_way faults_way;
static long faults_left; /* calls until it happens */

/* Whether this call is not to be done. */
static bool
faults_now(void)
{
    if (faults_way == FAULTS_NONE || --faults_left != 0 ||
        faults_way == FAULTS_DIE_AFTER)
        return false;
    if (faults_way == FAULTS_DIE_BEFORE)
        _exit(FAULTS_DIED);
    errno = EIO;
    return true;
}

static void
faults_after(void)
{
    if (faults_way == FAULTS_DIE_AFTER && faults_left == 0)
        _exit(FAULTS_DIED);
}

#define FAULTS_WRAP(type, name, parameters, arguments) \
    type __real_##name parameters;                     \
    type __wrap_##name parameters;                     \
    type __wrap_##name parameters                      \
    {                                                  \
        type result;                                   \
                                                       \
        if (faults_now())                              \
            return -1;                                 \
        result = __real_##name arguments;              \
        faults_after();                                \
        return result;                                 \
    }

FAULTS_WRAP(ssize_t, file_call_write, (int fd, const void *bytes, size_t size),
            (fd, bytes, size))
FAULTS_WRAP(int, file_call_make_directory,
            (int at, const char *name, mode_t mode), (at, name, mode))
FAULTS_WRAP(int, file_call_remove, (int at, const char *name, int flags),
            (at, name, flags))
FAULTS_WRAP(int, file_call_rename,
            (int from_dir, const char *from, int to_dir, const char *to,
             unsigned flags),
            (from_dir, from, to_dir, to, flags))
FAULTS_WRAP(int, file_call_rename_new,
            (int from_dir, const char *from, int to_dir, const char *to),
            (from_dir, from, to_dir, to))
FAULTS_WRAP(int, file_call_link_open, (int fd, int to_dir, const char *to),
            (fd, to_dir, to))
FAULTS_WRAP(int, file_call_open,
            (int at, const char *name, int flags, mode_t mode),
            (at, name, flags, mode))

/* No power is cut here: nothing has to be on a disk. */
int __wrap_file_call_sync(int fd);

int
__wrap_file_call_sync(int fd)
{
    (void)fd;
    if (faults_now())
        return -1;
    faults_after();
    return 0;
}

/* A file system that has no hard links. */
static bool faults_no_links;

int __real_file_call_link(int, const char *, int, const char *);
int __wrap_file_call_link(int, const char *, int, const char *);

int
__wrap_file_call_link(int from_dir, const char *from, int to_dir,
                      const char *to)
{
    int result;

    if (faults_no_links) {
        errno = EPERM;
        return -1;
    }
    if (faults_now())
        return -1;
    result = __real_file_call_link(from_dir, from, to_dir, to);
    faults_after();
    return result;
}

#endif
