#include "daemon/http_listen.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

enum { PAUSE_MS = 200, SILENCE_MS = 60000 };

struct http_listen {
    struct http_listen *next;
    struct evconnlistener *listener; /* the server's */
    struct event *resume;
    uint64_t warned_ms; /* of what accept said; 0 never */
    bool local;
};

/*
 * evhttp makes itself the context of a listener's callbacks, that for errors
 * too: this is the way from the listener to us.
 */
static struct http_listen *all;

static struct http_listen **
find_link(const struct evconnlistener *listener)
{
    struct http_listen **link = &all;

    while ((*link)->listener != listener)
        link = &(*link)->next;
    return link;
}

/*
 * Without descriptors accept fails and the socket stays readable: the loop
 * would spin. Those who wait are taken a moment later.
 */
static void
on_failed(struct evconnlistener *listener, void *server)
{
    struct http_listen *l = *find_link(listener);
    const struct timeval pause = {.tv_usec = PAUSE_MS * 1000};
    int number = EVUTIL_SOCKET_ERROR();
    uint64_t now_ms = clock_steady_ms();

    (void)server;
    evconnlistener_disable(listener);
    event_add(l->resume, &pause);
    if (l->warned_ms != 0 && now_ms - l->warned_ms < SILENCE_MS)
        return;
    l->warned_ms = now_ms;
    log_line(LOG_LEVEL_WARNING, "HTTP: cannot accept connections error=\"%s\"",
             strerror(number));
}

static void
on_resume(int fd, short what, void *context)
{
    (void)fd;
    (void)what;
    evconnlistener_enable(((struct http_listen *)context)->listener);
}

static bool
is_local(const struct sockaddr *address)
{
    const struct sockaddr_in *four = (const void *)address;
    const struct sockaddr_in6 *six = (const void *)address;

    return address->sa_family == AF_INET
               ? ntohl(four->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET
               : IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

static int
bind_first(struct http_listen *l, struct event_base *base,
           const struct addrinfo *addresses)
{
    const unsigned flags = LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC |
                           LEV_OPT_CLOSE_ON_FREE;

    for (const struct addrinfo *a = addresses; a != NULL; a = a->ai_next) {
        l->listener = evconnlistener_new_bind(base, NULL, NULL, flags, -1,
                                              a->ai_addr, (int)a->ai_addrlen);
        l->local = is_local(a->ai_addr);
        if (l->listener != NULL)
            return 0;
    }
    return -1;
}

static int
find_addresses(const char *listen, struct addrinfo **addresses, struct error *e)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    const char *port = strrchr(listen, ':');
    size_t bracket = *listen == '[';
    char *host =
        memory_copy(listen + bracket, (size_t)(port - listen) - 2 * bracket);
    int rc = getaddrinfo(host, port + 1, &hints, addresses);

    free(host);
    if (rc != 0)
        return error_set(e, ERROR_FAILED, "[http] listen %s: %s", listen,
                         gai_strerror(rc));
    return 0;
}

struct http_listen *
http_listen_new(struct event_base *base, struct evhttp *server,
                const char *listen, struct error *e)
{
    struct http_listen *l;
    struct addrinfo *addresses;

    if (find_addresses(listen, &addresses, e) != 0)
        return NULL;
    l = memory_new(sizeof *l);
    if (bind_first(l, base, addresses) != 0) {
        bool taken = errno == EADDRINUSE;

        error_sys(e, "[http] listen %s", listen);
        if (taken)
            error_set(e, e->kind, "%s: another program has it", e->text);
        freeaddrinfo(addresses);
        free(l);
        return NULL;
    }
    freeaddrinfo(addresses);
    l->resume = event_new(base, -1, 0, on_resume, l);
    l->next = all;
    all = l;
    evhttp_bind_listener(server, l->listener);
    evconnlistener_set_error_cb(l->listener, on_failed);
    return l;
}

bool
http_listen_is_local(const struct http_listen *l)
{
    return l->local;
}

void
http_listen_free(struct http_listen *l)
{
    if (l == NULL)
        return;
    *find_link(l->listener) = l->next;
    event_free(l->resume);
    free(l);
}
