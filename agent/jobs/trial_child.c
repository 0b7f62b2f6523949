#include "jobs/trial_child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"

enum { PIPE_BYTES = 1 << 20 };

/* From here to become: in the child, only calls that are safe after fork. */

static bool
be_expendable(void)
{
    static const char most[] = "1000";
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, most, sizeof most - 1) > 0;

    if (fd >= 0)
        close(fd);
    return done;
}

static bool
limit(uint64_t memory_bytes)
{
    struct rlimit none = {0, 0}, data;

    setrlimit(RLIMIT_CORE, &none);
    if (getrlimit(RLIMIT_DATA, &data) != 0)
        return false;
    /* What it writes to. RLIMIT_AS would count what is only reserved. */
    if (memory_bytes < data.rlim_max)
        data.rlim_max = memory_bytes;
    data.rlim_cur = data.rlim_max;
    return setrlimit(RLIMIT_DATA, &data) == 0;
}

static bool
be_owner(const struct trial_child *c)
{
    if (geteuid() != 0)
        return true;
    return setgroups(0, NULL) == 0 && setgid(c->gid) == 0 &&
           setuid(c->uid) == 0;
}

static void
become(const struct trial_child *c, char *const env[], int out, int failed,
       pid_t parent)
{
    int number, null = open("/dev/null", O_RDWR | O_CLOEXEC);

    umask(077);
    be_expendable(); /* where there is no /proc, it is not */
    if (limit(c->memory_bytes) && fchdir(c->dir) == 0 && be_owner(c) &&
        /* Another user's: the kernel has forgotten it. */
        prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent &&
        dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        dup2(out, STDERR_FILENO) >= 0)
        execve(c->program, c->argv, env);
    number = errno;
    if (write(failed, &number, sizeof number) < 0)
        _exit(126);
    _exit(PROCESS_NOT_RUN);
}

/* Our environment is not the data owner's to read: passwords may be in it. */
static void
make_environment(char *env[3], char **path)
{
    const char *value = getenv("PATH");

    *path = text_format("PATH=%s", value != NULL ? value : "/usr/bin:/bin");
    env[0] = *path;
    env[1] = "LC_ALL=C";
    env[2] = NULL;
}

static pid_t
start(const struct trial_child *c, int out, struct error *e)
{
    char *env[3], *path;
    pid_t pid, parent = getpid();
    int failed[2], number;

    if (pipe2(failed, O_CLOEXEC) != 0)
        return error_sys(e, "run %s", c->program);
    make_environment(env, &path);
    pid = process_fork(SIGKILL);
    if (pid == 0)
        become(c, env, out, failed[1], parent);
    number = pid < 0 ? errno : 0;
    close(failed[1]);
    if (pid > 0)
        number = process_await_exec(failed[0]);
    close(failed[0]);
    free(path);
    if (number == 0)
        return pid;
    if (pid > 0)
        waitpid(pid, NULL, 0);
    errno = number;
    error_sys(e, "run %s", c->program);
    e->kind = ERROR_FAILED;
    return -1;
}

pid_t
trial_child_start(const struct trial_child *c, int *out, struct error *e)
{
    int ends[2];
    pid_t pid;

    *out = -1;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return error_sys(e, "make a pipe");
    fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES); /* more than usual, if it may */
    pid = start(c, ends[1], e);
    close(ends[1]);
    if (pid > 0)
        *out = ends[0];
    else
        close(ends[0]);
    return pid;
}
