#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *name;
    unsigned can;
    int number;
    bool dies;
} kinds[] = {
    {"eio", FAULT_ANY, EIO, false},
    {"enospc", FAULT_SPACE, ENOSPC, false},
    {"edquot", FAULT_SPACE, EDQUOT, false},
    {"eintr", FAULT_INTERRUPTED, EINTR, false},
    {"short", FAULT_SHORT, 0, false},
    {"die", FAULT_CHANGE, 0, true},
    {"died", FAULT_CHANGE, 0, true},
};
enum { KINDS = sizeof kinds / sizeof kinds[0], TRACE_FD = 900 };

static struct {
    pthread_mutex_t mutex;
    pthread_once_t once;
    const char *watch;
    int kind; /* index of kinds; KINDS: none */
    bool stays;
    long at, count;
    int trace;
    int64_t now;
} state = {PTHREAD_MUTEX_INITIALIZER,
           PTHREAD_ONCE_INIT,
           NULL,
           KINDS,
           false,
           0,
           0,
           -1,
           0};

/* Those that the wrappers stand before. */
ssize_t __real_write(int fd, const void *bytes, size_t size);
int __real_openat64(int dir, const char *name, int flags, ...);

static void
complain(const char *what)
{
    dprintf(2, "fault: %s\n", what);
    abort();
}

static void
read_kind(const char *at)
{
    const char *colon = strchr(at, ':');
    size_t length = colon == NULL ? 0 : (size_t)(colon - at);

    if (length == 0)
        complain("FAULT_AT is KIND:N");
    state.stays = at[length - 1] == '+';
    if (state.stays)
        length--;
    for (state.kind = 0; state.kind < KINDS; state.kind++)
        if (strlen(kinds[state.kind].name) == length &&
            strncmp(kinds[state.kind].name, at, length) == 0)
            break;
    state.at = atol(colon + 1);
    if (state.kind == KINDS || state.at <= 0)
        complain("FAULT_AT is KIND:N");
}

/* A number out of the way, so that those of the program are the usual ones. */
static int
open_far(const char *path)
{
    int far,
        fd = __real_openat64(AT_FDCWD, path,
                             O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

    if (fd < 0)
        complain(path);
    far = fcntl(fd, F_DUPFD_CLOEXEC, TRACE_FD);
    close(fd);
    return far;
}

static void
begin_once(void)
{
    const char *at = getenv("FAULT_AT"), *trace = getenv("FAULT_TRACE");
    const char *now = getenv("FAULT_NOW");

    state.watch = getenv("FAULT_WATCH");
    if (at != NULL)
        read_kind(at);
    if (trace != NULL)
        state.trace = open_far(trace);
    if (now != NULL)
        state.now = atoll(now);
}

/* The path of an open file, or of a name in a folder. */
static void
find_path(char *path, int fd, const char *name)
{
    char link[48];
    ssize_t length = 0;

    if (name == NULL || name[0] != '/') {
        if (fd == AT_FDCWD)
            snprintf(link, sizeof link, "/proc/self/cwd");
        else
            snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        length = readlink(link, path, PATH_MAX - 1);
        if (length < 0)
            length = 0;
    }
    if (name == NULL)
        path[length] = '\0';
    else
        snprintf(path + length, PATH_MAX - (size_t)length, "%s%s",
                 length > 0 ? "/" : "", name);
}

static void
log_fault(const char *call, const char *path)
{
    const char *name = getenv("FAULT_LOG");
    int fd;

    if (name == NULL)
        return;
    fd = open_far(name);
    dprintf(fd, "%s%s:%ld %s %s\n", kinds[state.kind].name,
            state.stays ? "+" : "", state.count,
            strncmp(call, "__wrap_", 7) == 0 ? call + 7 : call, path);
    close(fd);
}

/* How many there were, if it did not come to the Nth. */
__attribute__((destructor)) static void
log_count(void)
{
    const char *name = getenv("FAULT_LOG");
    int fd;

    if (name == NULL || state.kind == KINDS || state.count >= state.at)
        return;
    fd = open_far(name);
    dprintf(fd, "none:%ld\n", state.count);
    close(fd);
}

static struct fault
decide(const char *call, unsigned can, const char *path)
{
    struct fault f = {.watched = true};

    if (state.kind == KINDS || (kinds[state.kind].can & can) == 0)
        return f;
    state.count++;
    if (state.count != state.at && !(state.stays && state.count > state.at))
        return f;
    if (state.count == state.at)
        log_fault(call, path);
    if (strcmp(kinds[state.kind].name, "die") == 0)
        _exit(99);
    f.number = kinds[state.kind].number;
    f.last = kinds[state.kind].dies;
    f.shorter = kinds[state.kind].can == FAULT_SHORT;
    return f;
}

struct fault
fault_begin(const char *call, unsigned can, int fd, const char *name)
{
    struct fault f = {0};
    char path[PATH_MAX + 512];
    int number = errno;

    pthread_once(&state.once, begin_once);
    pthread_mutex_lock(&state.mutex);
    if (state.watch != NULL) {
        find_path(path, fd, name);
        if (strncmp(path, state.watch, strlen(state.watch)) == 0)
            f = decide(call, can, path);
    }
    errno = number;
    return f;
}

void
fault_end(const struct fault *f)
{
    if (f->last)
        _exit(99);
    pthread_mutex_unlock(&state.mutex);
}

bool
fault_tells(void)
{
    return state.trace >= 0;
}

static void
put_line(const char *line, size_t size)
{
    if (__real_write(state.trace, line, size) != (ssize_t)size)
        complain("the trace cannot be written");
}

void
fault_tell(const char *format, ...)
{
    char line[1400];
    va_list args;
    int size, number = errno;

    va_start(args, format);
    size = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    if (size < 0 || (size_t)size >= sizeof line - 1)
        complain("a line of the trace is too long");
    line[size++] = '\n';
    put_line(line, (size_t)size);
    errno = number;
}

void
fault_tell_write(uint64_t inode, int64_t offset, const void *bytes, size_t size)
{
    const unsigned char *from = bytes;
    char *line = malloc(2 * size + 64);
    int length;

    if (line == NULL)
        complain("no memory");
    length = snprintf(line, 64, "write %llu %lld ", (unsigned long long)inode,
                      (long long)offset);
    for (size_t i = 0; i < size; i++)
        length += sprintf(line + length, "%02x", from[i]);
    line[length++] = '\n';
    put_line(line, (size_t)length);
    free(line);
}

bool
fault_hides_birth(void)
{
    return getenv("FAULT_BIRTH") != NULL;
}

int64_t
fault_now(void)
{
    pthread_once(&state.once, begin_once);
    return state.now;
}
