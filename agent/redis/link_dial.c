#include "redis/link_dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "redis/link_lookup.h"

enum { DIAL_AGAIN_MS = 20 };

struct link_dial {
    struct event_base *base; /* borrowed */
    link_dial_done *done;
    void *context;
    struct link_lookup *lookup; /* NULL: done, or there is none */
    struct link_address list[LINK_LOOKUP_MAX];
    unsigned count, next; /* of list: the next to be tried */
    unsigned limit_ms;
    uint64_t deadline_ms;
    int fd; /* being connected, or -1 */
    struct event *event;
    struct error why; /* of the address that tells most */
    bool out_of_reach;
};

static void
wait_for(struct link_dial *d, int fd, uint64_t ms, event_callback_fn then)
{
    struct timeval limit = {.tv_sec = (time_t)(ms / 1000),
                            .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

    event_assign(d->event, d->base, fd, fd >= 0 ? EV_WRITE : EV_TIMEOUT, then,
                 d);
    event_add(d->event, &limit);
}

static void
drop_socket(struct link_dial *d)
{
    event_del(d->event);
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
}

/*
 * Keeps the failure that says most: that a server refused is worth more than
 * that this host has no IPv6.
 */
static void
note_failure(struct link_dial *d, int code)
{
    bool out_of_reach = code == ENETUNREACH || code == EADDRNOTAVAIL ||
                        code == EAFNOSUPPORT || code == EHOSTUNREACH;
    char words[TEXT_WORDS_SIZE];

    if (d->why.kind != ERROR_NONE && (out_of_reach || !d->out_of_reach))
        return;
    d->out_of_reach = out_of_reach;
    text_write_duration(words, d->limit_ms);
    if (code == ETIMEDOUT)
        error_set(&d->why, ERROR_FAILED, "timeout after %s", words);
    else
        error_set(&d->why, ERROR_FAILED, "%s", strerror(code));
}

/* An equal share of the time left for each address left. */
static uint64_t
share_ms(const struct link_dial *d)
{
    uint64_t now = clock_steady_ms();

    if (now >= d->deadline_ms)
        return 0;
    return (d->deadline_ms - now) / (d->count - d->next + 1);
}

static void try_next(int unused, short what, void *context);
static void see_outcome(int fd, short what, void *context);

static int
make_socket(int family)
{
    int on = 1,
        fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && family != AF_UNIX) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    return fd;
}

/* The connect went on in the background; wait for its end. */
static void
try_address(struct link_dial *d, const struct link_address *a)
{
    const struct sockaddr *address = (const struct sockaddr *)&a->address;

    d->fd = make_socket(address->sa_family);
    if (d->fd >= 0 &&
        (connect(d->fd, address, a->size) == 0 || errno == EINPROGRESS)) {
        wait_for(d, d->fd, share_ms(d), see_outcome);
        return;
    }
    /* A unix socket whose server is busy says EAGAIN and does not wait. */
    if (errno == EAGAIN && clock_steady_ms() < d->deadline_ms) {
        d->next--;
        drop_socket(d);
        wait_for(d, -1, DIAL_AGAIN_MS, try_next);
        return;
    }
    note_failure(d, errno == EAGAIN ? ETIMEDOUT : errno);
    drop_socket(d);
    wait_for(d, -1, 0, try_next);
}

static void
try_next(int unused, short what, void *context)
{
    struct link_dial *d = context;

    (void)unused;
    (void)what;
    if (d->next == d->count) {
        d->done(d->context, -1, &d->why);
        return;
    }
    d->next++;
    try_address(d, &d->list[d->next - 1]);
}

static void
see_outcome(int fd, short what, void *context)
{
    struct link_dial *d = context;
    socklen_t size = sizeof(int);
    int code = 0;

    if (what & EV_TIMEOUT)
        code = ETIMEDOUT;
    else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0)
        code = errno;
    if (code != 0) {
        note_failure(d, code);
        drop_socket(d);
        try_next(-1, 0, d);
        return;
    }
    d->fd = -1;
    d->done(d->context, fd, NULL);
}

static void
on_addresses(void *context, const struct link_address *list, unsigned count,
             const struct error *why)
{
    struct link_dial *d = context;

    memcpy(d->list, list, count * sizeof *list);
    d->count = count;
    d->why = *why;
    link_lookup_free(d->lookup);
    d->lookup = NULL;
    try_next(-1, 0, d);
}

static void
take_path(struct link_dial *d, const char *path)
{
    struct sockaddr_un *a = (struct sockaddr_un *)&d->list[0].address;

    a->sun_family = AF_UNIX;
    memcpy(a->sun_path, path, strnlen(path, sizeof a->sun_path - 1));
    d->list[0].size = sizeof *a;
    d->count = 1;
    wait_for(d, -1, 0, try_next);
}

/* libevent writes by writev: a lost server must not end the process. */
static void
ignore_broken_pipes(void)
{
    struct sigaction now;

    if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

struct link_dial *
link_dial_new(struct event_base *base, const struct url *url, unsigned limit_ms,
              link_dial_done *done, void *context, struct error *e)
{
    struct link_dial *d = memory_new(sizeof *d);

    ignore_broken_pipes();
    d->base = base;
    d->done = done;
    d->context = context;
    d->fd = -1;
    d->limit_ms = limit_ms;
    d->deadline_ms = clock_steady_ms() + limit_ms;
    d->event = event_new(base, -1, EV_TIMEOUT, try_next, d);
    if (url->path != NULL) {
        take_path(d, url->path);
        return d;
    }
    d->lookup = link_lookup_new(base, url->host, url->port, on_addresses, d, e);
    if (d->lookup != NULL)
        return d;
    link_dial_free(d);
    return NULL;
}

bool
link_dial_looks_up(const struct link_dial *d)
{
    return d->lookup != NULL;
}

void
link_dial_free(struct link_dial *d)
{
    if (d == NULL)
        return;
    drop_socket(d);
    event_free(d->event);
    link_lookup_free(d->lookup);
    free(d);
}
