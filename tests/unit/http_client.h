/*
 * http_client.h - the HTTP interface of an agent that knows what a test says
 * (agent_views.h), and a client that turns its loop while it waits.
 */
#ifndef UNIT_HTTP_CLIENT_H
#define UNIT_HTTP_CLIENT_H

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent_views.h"
#include "daemon/http.h"

#define UNUSED __attribute__((unused))
#define LIVE "GET /health/live HTTP/1.1\r\n\r\n"

static struct http *http;
static struct error e;
static unsigned port;
static char got[8 * 1024 * 1024];
static size_t got_size;

/* A port that was free just now. */
static unsigned
find_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (void *)&address, sizeof address), 0);
    ck_assert_int_eq(getsockname(fd, (void *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static UNUSED void
set(const char *key, const char *value)
{
    ck_assert_int_eq(config_set_option(&config, key, value, &e), 0);
}

static void
start(void)
{
    char listen[32];

    port = find_port();
    snprintf(listen, sizeof listen, "127.0.0.1:%u", port);
    set("http-listen", listen);
    http = http_new(&agent, &e);
    ck_assert_msg(http != NULL, "%s", e.text);
    agent.http = http;
}

static UNUSED void
http_begin(void)
{
    signal(SIGPIPE, SIG_IGN);
    views_begin();
    agent.base = event_base_new();
    got_size = 0;
}

static UNUSED void
http_end(void)
{
    http_free(http);
    event_base_free(agent.base);
    views_end();
}

static void
turn(void)
{
    const struct timeval moment = {.tv_usec = 1000};

    event_base_loopexit(agent.base, &moment);
    event_base_loop(agent.base, EVLOOP_ONCE);
}

static int
dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(connect(fd, (void *)&address, sizeof address), 0);
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    turn();
    return fd;
}

static void
say(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN)
            return; /* it has closed: what it said is read below */
        if (n > 0) {
            bytes += n;
            size -= (size_t)n;
        }
        turn();
    }
}

/* Reads until it closes (true), or says nothing for a while. */
static UNUSED bool
hear(int fd, unsigned patience_ms)
{
    uint64_t end_ms = clock_steady_ms() + patience_ms;

    while (clock_steady_ms() < end_ms) {
        ssize_t n = recv(fd, got + got_size, sizeof got - 1 - got_size, 0);

        if (n == 0 || (n < 0 && errno != EAGAIN))
            return true;
        if (n > 0) {
            got_size += (size_t)n;
            got[got_size] = '\0';
            end_ms = clock_steady_ms() + patience_ms;
        }
        turn();
    }
    return false;
}

/* Whether the whole of an answer is there. */
static UNUSED bool
is_whole(bool head)
{
    const char *end = strstr(got, "\r\n\r\n"),
               *length = strstr(got, "Content-Length: ");

    if (end == NULL || length == NULL)
        return false;
    return head ||
           got_size >= (size_t)(end + 4 - got) + strtoul(length + 16, NULL, 10);
}

/* What a request is answered with, in got. Returns the status. */
static UNUSED int
ask(const char *request)
{
    int fd = dial();

    got_size = 0;
    got[0] = '\0';
    say(fd, request, strlen(request));
    for (int i = 0; i < 50 && !is_whole(*request == 'H'); i++)
        hear(fd, 2);
    close(fd);
    turn();
    turn();
    return strncmp(got, "HTTP/1.", 7) == 0 ? atoi(got + 9) : 0;
}

static UNUSED unsigned
count(const char *word)
{
    unsigned times = 0;

    for (const char *at = strstr(got, word); at != NULL;
         at = strstr(at + 1, word))
        times++;
    return times;
}

static UNUSED uint64_t
counted(int code)
{
    const struct http_view *view = http_view(http);

    for (unsigned i = 0; i < view->code_count; i++)
        if (view->codes[i].code == code)
            return view->codes[i].count;
    return 0;
}

#endif
