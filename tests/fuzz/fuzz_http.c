/*
 * A connection's bytes through all of the HTTP interface: what comes back is
 * HTTP, one connection never costs another, and all is given back at its end.
 * The first byte says how large the pieces are that the rest comes in.
 */
#include <arpa/inet.h>
#include <event2/event.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit/agent_views.h"
#include "daemon/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { SIZE_MAX_FUZZ = 256 * 1024, PATIENCE = 4 };

static struct http *http;
static struct sockaddr_in address = {.sin_family = AF_INET};

static void
begin(void)
{
    struct error e;
    char listen[32];
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    signal(SIGPIPE, SIG_IGN);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (void *)&address, sizeof address) != 0 ||
        getsockname(fd, (void *)&address, &size) != 0)
        abort();
    close(fd);
    views_begin();
    agent.base = event_base_new();
    snprintf(listen, sizeof listen, "127.0.0.1:%d", ntohs(address.sin_port));
    config_set_option(&config, "http-listen", listen, &e);
    http = http_new(&agent, &e);
    if (http == NULL)
        abort();
    agent.http = http;
}

static void
turn(void)
{
    event_base_loop(agent.base, EVLOOP_NONBLOCK);
}

/* Reads what has come; whether it has ended. */
static bool
hear(int fd, char *first, size_t *heard)
{
    char text[65536];

    for (;;) {
        ssize_t n = recv(fd, text, sizeof text, MSG_DONTWAIT);

        if (n <= 0)
            return n == 0;
        for (ssize_t i = 0; i < n && *heard < 9; i++)
            first[(*heard)++] = text[i];
    }
}

static int
dial(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    /* No TIME_WAIT: ports would run out. */
    struct linger linger = {.l_onoff = 1};

    if (connect(fd, (void *)&address, sizeof address) != 0)
        abort();
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    return fd;
}

static void
converse(int fd, const uint8_t *bytes, size_t size, size_t piece)
{
    char first[9] = "";
    size_t heard = 0;
    bool ended = false;

    while (size > 0 && !ended) {
        size_t part = piece < size ? piece : size;

        if (send(fd, bytes, part, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)part)
            break;
        bytes += part;
        size -= part;
        turn();
        ended = hear(fd, first, &heard);
    }
    for (int i = 0; i < PATIENCE && !ended; i++) {
        turn();
        ended = hear(fd, first, &heard);
    }
    if (memcmp(first, "HTTP/1.1 ", heard) != 0 &&
        memcmp(first, "HTTP/1.0 ", heard) != 0)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    int fd;

    if (size < 2 || size > SIZE_MAX_FUZZ)
        return 0;
    if (http == NULL)
        begin();
    fd = dial();
    turn();
    converse(fd, bytes + 1, size - 1,
             bytes[0] == 0 ? SIZE_MAX_FUZZ : (size_t)bytes[0] * 8);
    close(fd);
    for (int i = 0; http_view(http)->connections > 0; i++) {
        turn();
        if (i == 1000)
            abort();
    }
    return 0;
}
