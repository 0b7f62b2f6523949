#include "redis/link_lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/memory.h"
#include "base/process.h"

enum { LOOKUP_PORT_SIZE = 16 };

/* What the child tells, in one write: less than a pipe takes whole. */
struct result {
    int failure; /* of getaddrinfo; 0: none */
    int number;  /* errno, with EAI_SYSTEM */
    unsigned count;
    struct link_address list[LINK_LOOKUP_MAX];
};

struct link_lookup {
    struct event_base *base; /* borrowed */
    link_lookup_done *done;
    void *context;
    pid_t child; /* 0: none */
    int fd;      /* from the child; -1: none */
    struct event *event;
    struct result result;
};

static void
take_addresses(struct result *r, const struct addrinfo *list)
{
    for (; list != NULL && r->count < LINK_LOOKUP_MAX; list = list->ai_next) {
        struct link_address *a = &r->list[r->count];

        if (list->ai_addrlen > sizeof a->address)
            continue;
        a->size = list->ai_addrlen;
        memcpy(&a->address, list->ai_addr, list->ai_addrlen);
        r->count++;
    }
}

static void
look_up(struct result *r, const char *host, unsigned port, int flags)
{
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_NUMERICSERV | flags};
    struct addrinfo *list = NULL;
    char service[LOOKUP_PORT_SIZE];

    snprintf(service, sizeof service, "%u", port);
    r->failure = getaddrinfo(host, service, &wanted, &list);
    r->number = errno;
    if (r->failure != 0)
        return;
    take_addresses(r, list);
    freeaddrinfo(list);
}

/* The child has the parent's sockets and locks: it lets go of all. */
static void
stand_alone(int out)
{
    if (out > STDERR_FILENO + 1)
        close_range(STDERR_FILENO + 1, (unsigned)out - 1, 0);
    close_range((unsigned)out + 1, ~0U, 0);
}

static void
be_child(struct result *r, const char *host, unsigned port, int out)
{
    look_up(r, host, port, 0);
    _exit(write(out, r, sizeof *r) == (ssize_t)sizeof *r ? 0 : 1);
}

static void
wait_for_child(pid_t child)
{
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
}

static void
tell(struct link_lookup *l)
{
    const struct result *r = &l->result;
    struct error e = {0};

    if (r->failure == EAI_SYSTEM)
        error_set(&e, ERROR_FAILED, "%s", strerror(r->number));
    else if (r->failure != 0)
        error_set(&e, ERROR_FAILED, "%s", gai_strerror(r->failure));
    else if (r->count == 0)
        error_set(&e, ERROR_FAILED, "the host has no address");
    l->done(l->context, r->list, r->count, &e);
}

/* The child has said all it has to say: nothing but its end is left. */
static void
on_end(int fd, short what, void *context)
{
    struct link_lookup *l = context;

    (void)what;
    if (l->child != 0) {
        if (read(fd, &l->result, sizeof l->result) != (ssize_t)sizeof l->result)
            l->result = (struct result){.failure = EAI_AGAIN};
        close(fd);
        l->fd = -1;
        wait_for_child(l->child);
        l->child = 0;
    }
    tell(l);
}

static int
start_child(struct link_lookup *l, const char *host, unsigned port,
            struct error *e)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) != 0)
        return error_sys(e, "look up a name");
    l->child = process_fork(SIGKILL);
    if (l->child == 0) {
        stand_alone(fds[1]);
        be_child(&l->result, host, port, fds[1]);
    }
    close(fds[1]);
    l->fd = fds[0];
    if (l->child > 0)
        return 0;
    l->child = 0;
    return error_sys(e, "look up a name");
}

struct link_lookup *
link_lookup_new(struct event_base *base, const char *host, unsigned port,
                link_lookup_done *done, void *context, struct error *e)
{
    static const struct timeval now = {0};
    struct link_lookup *l = memory_new(sizeof *l);

    l->base = base;
    l->done = done;
    l->context = context;
    l->fd = -1;
    look_up(&l->result, host, port, AI_NUMERICHOST);
    if (l->result.failure == EAI_NONAME && start_child(l, host, port, e) != 0) {
        link_lookup_free(l);
        return NULL;
    }
    l->event =
        event_new(base, l->fd, l->fd >= 0 ? EV_READ : EV_TIMEOUT, on_end, l);
    event_add(l->event, l->fd >= 0 ? NULL : &now);
    return l;
}

static void
bury(int fd, short what, void *context)
{
    (void)what;
    close(fd);
    wait_for_child((pid_t)(intptr_t)context);
}

/*
 * A child that hangs in the kernel may not die at once: the loop hears of it
 * by the end of the pipe.
 */
void
link_lookup_free(struct link_lookup *l)
{
    if (l == NULL)
        return;
    if (l->event != NULL)
        event_free(l->event);
    if (l->child != 0) {
        kill(l->child, SIGKILL);
        event_base_once(l->base, l->fd, EV_READ, bury,
                        (void *)(intptr_t)l->child, NULL);
    } else if (l->fd >= 0) {
        close(l->fd);
    }
    free(l);
}
