#include "daemon/child.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/process.h"

/* All that a socket holds, 4 KiB at a time, and no more: others may have
 * inherited it, and write on. */
enum { REST_READS = 64 };

struct child {
    struct event *exited;     /* SIGCHLD: of this child, or of another */
    struct bufferevent *link; /* NULL: nobody listens any more */
    struct child_events events;
    size_t line_max;
    pid_t pid;
    bool too_long;
};

/* Runs in the child: only calls that are safe after fork. */
static void
become(const struct child_task *task, int link)
{
    /* It may have one of these numbers itself, if we began without them. */
    link = fcntl(link, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    /* Ours end at exec, but we may have been started with others. */
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    if (dup2(link, STDIN_FILENO) >= 0 && dup2(link, STDOUT_FILENO) >= 0)
        execv(task->program, (char *const *)task->argv);
    _exit(PROCESS_NOT_RUN);
}

static void
send_signal(const struct child *c, int number)
{
    if (c->pid > 0)
        kill(c->pid, number);
}

static void
destroy(struct child *c)
{
    if (c->link != NULL)
        bufferevent_free(c->link);
    event_free(c->exited);
    free(c);
}

static void
tell_lines(struct child *c)
{
    struct evbuffer *in;
    size_t length;
    char *line;

    while (c->link != NULL) {
        in = bufferevent_get_input(c->link);
        line = evbuffer_readln(in, &length, EVBUFFER_EOL_LF);
        if (line == NULL)
            break;
        c->events.line(c->events.context, line);
        free(line);
    }
    if (c->link == NULL ||
        evbuffer_get_length(bufferevent_get_input(c->link)) <= c->line_max)
        return;
    c->too_long = true;
    bufferevent_disable(c->link, EV_READ);
    send_signal(c, SIGKILL);
}

static void
readable(struct bufferevent *link, void *context)
{
    (void)link;
    tell_lines(context);
}

/* The end of its output; what comes of it is told when it is reaped. */
static void
closed(struct bufferevent *link, short what, void *context)
{
    (void)what;
    (void)context;
    bufferevent_disable(link, EV_READ | EV_WRITE);
}

/* What it wrote before it ended is still in the socket. */
static void
take_rest(struct child *c)
{
    struct evbuffer *in = bufferevent_get_input(c->link);

    /* The bufferevent lets nobody but itself add to its input. */
    evbuffer_unfreeze(in, 0);
    for (int i = 0; i < REST_READS && !c->too_long && c->link != NULL &&
                    evbuffer_read(in, bufferevent_getfd(c->link), -1) > 0;
         i++)
        tell_lines(c);
}

static void
describe(const struct child *c, int status, char how[CHILD_HOW_SIZE])
{
    if (c->too_long)
        snprintf(how, CHILD_HOW_SIZE, "it wrote a line of more than %zu bytes",
                 c->line_max);
    else if (WIFSIGNALED(status))
        snprintf(how, CHILD_HOW_SIZE, "signal %d (%s) ended it",
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) == PROCESS_NOT_RUN)
        snprintf(how, CHILD_HOW_SIZE, "it cannot be executed");
    else
        snprintf(how, CHILD_HOW_SIZE, "exit status %d", WEXITSTATUS(status));
}

static void
look(evutil_socket_t number, short what, void *context)
{
    struct child *c = context;
    char how[CHILD_HOW_SIZE];
    int status;

    (void)number;
    (void)what;
    if (waitpid(c->pid, &status, WNOHANG) != c->pid)
        return;
    c->pid = 0; /* may be another's from now on */
    if (c->link != NULL)
        take_rest(c);
    if (c->link != NULL) {
        describe(c, status, how);
        c->events.ended(c->events.context, how);
    }
    destroy(c);
}

static int
connect_child(struct child *c, struct event_base *base, int *theirs,
              struct error *e)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return error_sys(e, "make a socket for a child");
    evutil_make_socket_nonblocking(ends[0]);
    *theirs = ends[1];
    c->link = bufferevent_socket_new(base, ends[0], BEV_OPT_CLOSE_ON_FREE);
    if (c->link == NULL) {
        close(ends[0]);
        close(ends[1]);
        return error_set(e, ERROR_FAILED, "make a socket for a child");
    }
    bufferevent_setcb(c->link, readable, NULL, closed, c);
    bufferevent_enable(c->link, EV_READ | EV_WRITE);
    return 0;
}

struct child *
child_start(struct event_base *base, const struct child_task *task,
            const struct child_events *events, struct error *e)
{
    struct child *c = memory_new(sizeof *c);
    int theirs = -1;

    c->events = *events;
    c->line_max = task->line_max;
    /* Listened to before there is a child, so that no end is missed. */
    c->exited = evsignal_new(base, SIGCHLD, look, c);
    if (c->exited == NULL || event_add(c->exited, NULL) != 0) {
        error_set(e, ERROR_FAILED, "listen for a child's end");
        goto fail;
    }
    if (connect_child(c, base, &theirs, e) != 0)
        goto fail;
    c->pid = process_fork(task->death_signal);
    if (c->pid == 0)
        become(task, theirs);
    if (c->pid < 0)
        error_sys(e, "run %s %s", task->program, task->argv[1]);
    close(theirs);
    if (c->pid > 0)
        return c;

fail:
    destroy(c);
    return NULL;
}

void
child_send(struct child *c, const char *line)
{
    bufferevent_write(c->link, line, strlen(line));
    bufferevent_write(c->link, "\n", 1);
}

void
child_kill(struct child *c, int number)
{
    send_signal(c, number);
}

void
child_free(struct child *c, int number)
{
    if (c == NULL)
        return;
    send_signal(c, number);
    bufferevent_free(c->link);
    c->link = NULL;
}
