#include "jobs/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"

enum {
    LOOK_MS = 20, /* how often we ask where the kernel does not tell */
    IDLE_MS = 1000,
    KEPT_BYTES = 4096,
    BLOCK_BYTES = 16384,
    REST_READS = 64, /* what a pipe may still hold */
};

/* The beginning and the end of what the command prints. */
struct catch
{
    int fd; /* -1 at its end */
    size_t used, tail_used;
    char text[KEPT_BYTES], tail[KEPT_BYTES];
};

struct run {
    const struct shell_task *task;
    pid_t pid;
    int ended; /* readable when it has ended; -1: old kernels have none */
    int input; /* -1: all is written */
    const char *left;
    struct catch output, errors;
};

static void
close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Runs in the child: only calls that are safe after fork. */
static void
become(const struct shell_task *task, const int ends[3])
{
    char *argv[] = {"sh", "-c", (char *)(uintptr_t)task->command, NULL};

    if (dup2(ends[0], STDIN_FILENO) >= 0 && dup2(ends[1], STDOUT_FILENO) >= 0 &&
        dup2(ends[2], STDERR_FILENO) >= 0)
        execv("/bin/sh", argv);
    _exit(PROCESS_NOT_RUN);
}

/* Before the fork, as setenv allocates. This process runs nothing else. */
static void
set_variables(const char *const *variables)
{
    for (; variables != NULL && *variables != NULL; variables++) {
        const char *equals = strchr(*variables, '=');

        if (equals != NULL) {
            char *name =
                text_format("%.*s", (int)(equals - *variables), *variables);

            setenv(name, equals + 1, 1);
            free(name);
        }
    }
}

static int
open_pipes(int pipes[3][2], struct error *e)
{
    for (int i = 0; i < 3; i++)
        if (pipe2(pipes[i], O_CLOEXEC) != 0)
            return error_sys(e, "make a pipe");
    for (int i = 0; i < 3; i++)
        fcntl(pipes[i][i == 0 ? 1 : 0], F_SETFL, O_NONBLOCK);
    return 0;
}

static int
start(struct run *run, struct error *e)
{
    const struct shell_task *task = run->task;
    int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}}, rc = -1;

    set_variables(task->variables);
    if (open_pipes(pipes, e) == 0) {
        int theirs[3] = {pipes[0][0], pipes[1][1], pipes[2][1]};

        run->pid = process_fork(SIGKILL);
        if (run->pid == 0)
            become(task, theirs);
        rc = run->pid > 0 ? 0 : error_sys(e, "run sh");
    }
    if (rc == 0) {
        run->ended = (int)syscall(SYS_pidfd_open, run->pid, 0);
        run->input = pipes[0][1];
        run->output.fd = pipes[1][0];
        run->errors.fd = pipes[2][0];
        pipes[0][1] = pipes[1][0] = pipes[2][0] = -1;
    }
    for (int i = 0; i < 6; i++)
        close_end(&pipes[i / 2][i % 2]);
    return rc;
}

static void
give_input(struct run *run)
{
    ssize_t n = 0;

    if (*run->left != '\0')
        n = write(run->input, run->left, strlen(run->left));
    if (n > 0)
        run->left += n;
    /* A command that does not read its input is no error. */
    if (*run->left == '\0' || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_end(&run->input);
}

static void
keep(struct catch *c, const char *bytes, size_t size)
{
    size_t first = sizeof c->text - c->used, over;

    if (first > size)
        first = size;
    memcpy(c->text + c->used, bytes, first);
    c->used += first;
    if (size > sizeof c->tail) {
        bytes += size - sizeof c->tail;
        size = sizeof c->tail;
    }
    over = c->tail_used + size > sizeof c->tail
               ? c->tail_used + size - sizeof c->tail
               : 0;
    memmove(c->tail, c->tail + over, c->tail_used - over);
    memcpy(c->tail + c->tail_used - over, bytes, size);
    c->tail_used += size - over;
}

/* *more: there may be more just now. -1: whoever takes it does not want it. */
static int
take_some(struct run *run, struct catch *c, bool *more, struct error *e)
{
    char block[BLOCK_BYTES];
    ssize_t n;

    *more = false;
    if (c->fd < 0)
        return 0;
    n = read(c->fd, block, sizeof block);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_end(&c->fd);
    if (n <= 0)
        return 0;
    *more = true;
    if (c == &run->output && run->task->take != NULL)
        return run->task->take(run->task->context, block, (size_t)n, e);
    keep(c, block, (size_t)n);
    return 0;
}

static int
take_rest(struct run *run, struct catch *c, struct error *e)
{
    bool more = true;

    for (int i = 0; i < REST_READS && more; i++)
        if (take_some(run, c, &more, e) != 0)
            return -1;
    return 0;
}

/* Waits a little for something to do, and does it. */
static int
turn(struct run *run, uint64_t left_ms, struct error *e)
{
    int idle_ms = run->ended >= 0 ? IDLE_MS : LOOK_MS;
    int limit_ms = left_ms < (uint64_t)idle_ms ? (int)left_ms : idle_ms;
    struct pollfd waits[] = {
        {.fd = run->input, .events = POLLOUT},
        {.fd = run->output.fd, .events = POLLIN},
        {.fd = run->errors.fd, .events = POLLIN},
        {.fd = run->task->watched, .events = POLLIN},
        {.fd = run->ended, .events = POLLIN},
    };
    bool more;

    if (poll(waits, sizeof waits / sizeof *waits, limit_ms) <= 0)
        return 0;
    if (waits[0].revents != 0)
        give_input(run);
    if (waits[1].revents != 0 && take_some(run, &run->output, &more, e) != 0)
        return -1;
    if (waits[2].revents != 0 && take_some(run, &run->errors, &more, e) != 0)
        return -1;
    if (waits[3].revents != 0)
        return error_set(e, ERROR_STOPPED, "whoever asked is gone");
    return 0;
}

/* What takes all that is printed must not miss what the shell left running. */
static bool
is_over(struct run *run)
{
    if (!process_has_ended(run->pid))
        return false;
    /* Ready from now on, so that poll would not wait. */
    close_end(&run->ended);
    return run->task->take == NULL || run->output.fd < 0;
}

/* 0: it has ended, or its time has. */
static int
attend(struct run *run, struct shell_outcome *outcome, struct error *e)
{
    const struct shell_task *task = run->task;
    uint64_t begin = clock_steady_ms();

    while (!is_over(run)) {
        outcome->took_ms = clock_steady_ms() - begin;
        if (outcome->took_ms >= task->timeout_ms) {
            outcome->timed_out = true;
            return 0;
        }
        if (!task->finish && process_check_stop(e) != 0)
            return -1;
        if (turn(run, task->timeout_ms - outcome->took_ms, e) != 0)
            return -1;
    }
    outcome->took_ms = clock_steady_ms() - begin;
    if (take_rest(run, &run->errors, e) != 0)
        return -1;
    return take_rest(run, &run->output, e);
}

static bool
is_blank(char c)
{
    return strchr(" \t\r\n", c) != NULL;
}

static void
keep_line(char out[SHELL_LINE_SIZE], const struct catch *c)
{
    size_t begin = 0, end;

    while (begin < c->used && is_blank(c->text[begin]))
        begin++;
    end = begin;
    while (end < c->used && c->text[end] != '\n' && c->text[end] != '\r')
        end++;
    text_quote(out, SHELL_LINE_SIZE, c->text + begin, end - begin);
}

static void
keep_last_line(char out[SHELL_LINE_SIZE], const struct catch *c)
{
    size_t end = c->tail_used, begin;

    while (end > 0 && is_blank(c->tail[end - 1]))
        end--;
    begin = end;
    while (begin > 0 && c->tail[begin - 1] != '\n' &&
           c->tail[begin - 1] != '\r')
        begin--;
    while (begin < end && is_blank(c->tail[begin]))
        begin++;
    text_quote(out, SHELL_LINE_SIZE, c->tail + begin, end - begin);
}

static void
end(struct run *run, bool leave, struct shell_outcome *outcome)
{
    int status = 0;

    if (!leave)
        kill(-run->pid, SIGKILL);
    while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    outcome->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    outcome->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    close_end(&run->ended);
    close_end(&run->input);
    close_end(&run->output.fd);
    close_end(&run->errors.fd);
}

int
shell_run(const struct shell_task *task, struct shell_outcome *outcome,
          struct error *e)
{
    struct run run = {.task = task,
                      .ended = -1,
                      .input = -1,
                      .left = task->input != NULL ? task->input : "",
                      .output.fd = -1,
                      .errors.fd = -1};
    int rc;

    *outcome = (struct shell_outcome){.exit_status = -1};
    if (start(&run, e) != 0)
        return -1;
    rc = attend(&run, outcome, e);
    end(&run, task->leave && rc == 0 && !outcome->timed_out, outcome);
    keep_line(outcome->output, &run.output);
    keep_line(outcome->errors, &run.errors);
    keep_last_line(outcome->last_error, &run.errors);
    return rc;
}
