#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file_call.h"

/* The process that a draft's name tells; 0 if it is no draft's name. */
static pid_t
drafting_process(const char *name)
{
    size_t length = strlen(FILE_CALL_ASIDE);
    char *end;
    long pid;

    if (strncmp(name, FILE_CALL_ASIDE, length) != 0)
        return 0;
    name += length;
    errno = 0;
    pid = strtol(name, &end, 10);
    if (end == name || *end != '-' || errno != 0 || pid <= 0 || pid > INT32_MAX)
        return 0;
    return (pid_t)pid;
}

/* A lock is left as well, for a process that we cannot see by its number. */
static bool
is_abandoned(int dir, const char *name, pid_t pid)
{
    bool alone;
    int fd;

    if (pid == getpid() || kill(pid, 0) == 0 || errno != ESRCH)
        return false;
    fd = file_call_open(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0)
        return false;
    alone = flock(fd, LOCK_EX | LOCK_NB) == 0;
    close(fd);
    return alone;
}

int
file_sweep(int dir, struct error *e)
{
    char **names;
    size_t count;
    int rc = 0;

    if (file_names(dir, &names, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count && rc == 0; i++) {
        pid_t pid = drafting_process(names[i]);

        if (pid > 0 && is_abandoned(dir, names[i], pid))
            rc = file_remove(dir, names[i], e);
    }
    file_free_names(names, count);
    return rc;
}
