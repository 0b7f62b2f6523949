#include "daemon/worker_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/process.h"

/* Where the child finds its report; --report-fd says so. */
enum { REPORT_FD = 3 };

/* linux/ioprio.h: IOPRIO_WHO_PROCESS; class 3 (idle) above 13 bits of data. */
enum { IO_OF_PROCESS = 1, IO_IDLE = 3 << 13 };

enum { PIPE_INPUT, PIPE_REPORT, PIPE_ERRORS, PIPES };

struct pipes {
    int fds[PIPES][2];
};

static void
close_pipes(struct pipes *p)
{
    for (int i = 0; i < PIPES; i++)
        for (int end = 0; end < 2; end++)
            if (p->fds[i][end] >= 0)
                close(p->fds[i][end]);
}

static int
open_pipes(struct pipes *p, bool input, struct error *e)
{
    memset(p, -1, sizeof *p);
    for (int i = input ? PIPE_INPUT : PIPE_REPORT; i < PIPES; i++) {
        int ours = i == PIPE_INPUT ? 1 : 0;

        if (pipe2(p->fds[i], O_CLOEXEC) != 0 ||
            fcntl(p->fds[i][ours], F_SETFL, O_NONBLOCK) != 0) {
            error_sys(e, "make a pipe");
            close_pipes(p);
            return -1;
        }
    }
    return 0;
}

/* argv with --report-fd behind the name, where no command can take it. */
static char **
make_argv(const struct worker_task *task)
{
    size_t count = 0;
    char **argv;

    while (task->argv[count] != NULL)
        count++;
    argv = memory_new((count + 3) * sizeof *argv);
    argv[0] = (char *)task->argv[0];
    argv[1] = "--report-fd";
    argv[2] = "3";
    memcpy(argv + 3, task->argv + 1, (count - 1) * sizeof *argv);
    return argv;
}

/* From here to become: in the child, only what is safe after fork. */

static void
limit(const struct worker_task *task)
{
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    if (task->nice != 0)
        setpriority(PRIO_PROCESS, 0, task->nice);
    if (task->io_idle)
        syscall(SYS_ioprio_set, IO_OF_PROCESS, 0, IO_IDLE);
    /*
     * What it writes to, not RLIMIT_AS: threads reserve far more addresses
     * than they use, and files that are mapped to be read are not its own.
     */
    if (task->memory_bytes != 0) {
        struct rlimit data;

        /* Not the hard one: a drill's server has a limit of its own. */
        if (getrlimit(RLIMIT_DATA, &data) == 0 &&
            task->memory_bytes < data.rlim_max)
            data.rlim_cur = task->memory_bytes;
        setrlimit(RLIMIT_DATA, &data);
    }
}

/* Descriptors 0 to 3, whatever numbers the pipes have. */
static bool
take_descriptors(const struct pipes *p, int keep)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int from[REPORT_FD + 1] = {
        p->fds[PIPE_INPUT][0] >= 0 ? p->fds[PIPE_INPUT][0] : null,
        null,
        p->fds[PIPE_ERRORS][1],
        p->fds[PIPE_REPORT][1],
    };

    /* Out of the way first: one may have a number that another will take. */
    for (int i = 0; i <= REPORT_FD; i++)
        from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, REPORT_FD + 1);
    for (int i = 0; i <= REPORT_FD; i++)
        if (from[i] < 0 || dup2(from[i], i) < 0)
            return false;
    /* Ours end at exec, but we may have been started with others. */
    close_range(REPORT_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    return keep <= REPORT_FD || fcntl(keep, F_SETFD, 0) == 0;
}

static void
become(const struct worker_task *task, char **argv, const struct pipes *p)
{
    int number;

    limit(task);
    if (!take_descriptors(p, task->keep))
        _exit(PROCESS_NOT_RUN);
    execv(task->program, argv);
    number = errno;
    dprintf(STDERR_FILENO, "cannot run %s: %s\n", task->program,
            strerror(number));
    _exit(PROCESS_NOT_RUN);
}

int
worker_child_start(struct worker_child *child, const struct worker_task *task,
                   struct error *e)
{
    struct pipes p;
    char **argv;

    if (open_pipes(&p, task->input != NULL, e) != 0)
        return -1;
    argv = make_argv(task);
    child->pid =
        process_fork(task->death_signal != 0 ? task->death_signal : SIGKILL);
    if (child->pid == 0)
        become(task, argv, &p);
    if (child->pid < 0)
        error_sys(e, "start %s", task->program);
    free(argv);
    if (child->pid < 0) {
        close_pipes(&p);
        return -1;
    }
    child->input = p.fds[PIPE_INPUT][1];
    child->report = p.fds[PIPE_REPORT][0];
    child->errors = p.fds[PIPE_ERRORS][0];
    p.fds[PIPE_INPUT][1] = p.fds[PIPE_REPORT][0] = p.fds[PIPE_ERRORS][0] = -1;
    close_pipes(&p);
    return 0;
}
