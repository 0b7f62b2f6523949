#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

/* How long the output may be quiet before we ask whether the child lives. */
enum { LOOK_MS = 20 };

/* What a pipe may still hold, and no more: its children may write on. */
enum { REST_READS = 64 };

struct run {
    pid_t pid;
    int out; /* its output, which we read; -1 at its end */
    char *text;
    size_t room, used;
};

/* Runs in the child: only calls that are safe after fork. */
static void
become(char *const argv[], int out, int failed)
{
    int number, null = open("/dev/null", O_RDWR);

    if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
        dup2(null, STDERR_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
        execvp(argv[0], argv);
    number = errno;
    if (write(failed, &number, sizeof number) < 0)
        _exit(126);
    _exit(PROCESS_NOT_RUN);
}

int
process_await_exec(int failed)
{
    int number = 0;
    ssize_t n;

    do
        n = read(failed, &number, sizeof number);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof number ? number : 0;
}

static int
start(struct run *run, char *const argv[], struct error *e)
{
    int out[2], failed[2], number;

    if (pipe2(out, O_CLOEXEC) != 0)
        return error_sys(e, "run %s", argv[0]);
    if (pipe2(failed, O_CLOEXEC) != 0) {
        error_sys(e, "run %s", argv[0]);
        close(out[0]);
        close(out[1]);
        return -1;
    }
    run->out = out[0];
    run->pid = process_fork(0);
    if (run->pid == 0)
        become(argv, out[1], failed[1]);
    number = run->pid < 0 ? errno : 0;
    close(out[1]);
    close(failed[1]);
    if (run->pid > 0)
        number = process_await_exec(failed[0]);
    close(failed[0]);
    if (number == 0)
        return 0;
    close(out[0]);
    if (run->pid > 0)
        waitpid(run->pid, NULL, 0);
    errno = number;
    return error_sys(e, "run %s", argv[0]);
}

/* What does not fit is read and dropped, so that the child can go on. */
static void
take_output(struct run *run)
{
    char spill[4096];
    size_t left = run->room - run->used;
    ssize_t n;

    if (left > 0)
        n = read(run->out, run->text + run->used, left);
    else
        n = read(run->out, spill, sizeof spill);
    if (n > 0 && left > 0)
        run->used += (size_t)n;
    if (n == 0) {
        close(run->out);
        run->out = -1;
    }
}

static bool
has_output(const struct run *run, int wait_ms)
{
    struct pollfd wait = {.fd = run->out, .events = POLLIN};

    return poll(&wait, run->out >= 0 ? 1 : 0, wait_ms) > 0;
}

/* 0 when it has ended; -1 when it must be ended. */
static int
attend(struct run *run, const char *name, unsigned timeout_ms, struct error *e)
{
    uint64_t begin = clock_steady_ms();

    for (;;) {
        if (has_output(run, LOOK_MS)) {
            take_output(run);
        } else if (process_has_ended(run->pid)) {
            for (int i = 0; i < REST_READS; i++)
                if (run->out >= 0 && has_output(run, 0))
                    take_output(run);
            return 0;
        }
        if (process_check_stop(e) != 0)
            return -1;
        if (clock_steady_ms() - begin >= timeout_ms)
            return error_set(e, ERROR_FAILED, "%s did not end within %u ms",
                             name, timeout_ms);
    }
}

/* Its children too, which may hold its output open. */
static void
end(struct run *run, int *status)
{
    kill(-run->pid, SIGKILL);
    while (waitpid(run->pid, status, 0) < 0 && errno == EINTR)
        continue;
    if (run->out >= 0)
        close(run->out);
}

int
process_run(char *const argv[], char *out, size_t size, unsigned timeout_ms,
            int *status, struct error *e)
{
    struct run run = {.text = out, .room = size > 0 ? size - 1 : 0};
    int rc;

    if (start(&run, argv, e) != 0)
        return -1;
    rc = attend(&run, argv[0], timeout_ms, e);
    if (size > 0)
        out[run.used] = '\0';
    end(&run, status);
    return rc;
}
