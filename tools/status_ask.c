#include "status_ask.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "status_shape.h"

enum {
    TOKEN_FILE_MAX = 4096,
    HEAD_MAX = 16 << 10,
    PIECE = 16 << 10,
};

/* A connection while it is asked, and what came of it. */
struct talk {
    int fd;
    unsigned limit_ms;
    uint64_t until_ms; /* steady clock */
    char *bytes;       /* with a NUL behind them */
    size_t size, capacity;
};

static int
read_token(struct status_ask *ask, const char *path, struct error *e)
{
    size_t size;

    if (file_load_named(path, TOKEN_FILE_MAX, &ask->token, &size, e) != 0) {
        e->kind = ERROR_USAGE;
        return error_in(e, "token_file");
    }
    ask->token[strcspn(ask->token, "\r\n")] = '\0';
    for (const char *c = ask->token; *c > ' ' && *c <= '~'; c++)
        if (c[1] == '\0')
            return 0;
    return error_set(e, ERROR_USAGE,
                     "token_file %s: its first line is no token", path);
}

/* Whoever listens everywhere listens on the loopback too. */
static const char *
reachable(const char *host)
{
    if (strcmp(host, "*") == 0 || strcmp(host, "0.0.0.0") == 0)
        return "127.0.0.1";
    return strcmp(host, "::") == 0 ? "::1" : host;
}

int
status_ask_read(struct status_ask *ask, const struct config *config,
                struct error *e)
{
    const char *listen = config_text(config, CONFIG_HTTP_LISTEN);
    const char *token = config_text(config, CONFIG_HTTP_TOKEN);
    const char *file = config_text(config, CONFIG_HTTP_TOKEN_FILE);
    const char *colon = strrchr(listen, ':');
    char *host;

    memset(ask, 0, sizeof *ask);
    if (colon == NULL)
        return 0;
    host = listen[0] == '['
               ? memory_copy(listen + 1, (size_t)(colon - listen) - 2)
               : memory_copy(listen, (size_t)(colon - listen));
    ask->host = memory_dup(reachable(host));
    ask->port = memory_dup(colon + 1);
    ask->address =
        text_format(strchr(ask->host, ':') != NULL ? "[%s]:%s" : "%s:%s",
                    ask->host, ask->port);
    free(host);
    if (token != NULL)
        ask->token = memory_dup(token);
    return token == NULL && file != NULL ? read_token(ask, file, e) : 0;
}

void
status_ask_clear(struct status_ask *ask)
{
    free(ask->host);
    free(ask->port);
    free(ask->address);
    free(ask->token);
    memset(ask, 0, sizeof *ask);
}

/* Waits until the socket is ready for what is wanted of it. */
static int
wait_for(struct talk *t, short what, struct error *e)
{
    for (;;) {
        struct pollfd pollfd = {.fd = t->fd, .events = what};
        uint64_t now = clock_steady_ms();
        int n;

        if (process_check_stop(e) != 0)
            return -1;
        if (now >= t->until_ms)
            return error_set(e, ERROR_FAILED, "no answer within %u s",
                             t->limit_ms / 1000);
        n = poll(&pollfd, 1, (int)(t->until_ms - now));
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return error_sys(e, "poll");
    }
}

/* *failure is the socket's own error, or 0. */
static int
finish_connect(struct talk *t, int *failure, struct error *e)
{
    socklen_t size = sizeof *failure;

    if (wait_for(t, POLLOUT, e) != 0)
        return -1;
    if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, failure, &size) != 0)
        return error_sys(e, "getsockopt");
    return 0;
}

static int
connect_one(struct talk *t, const struct addrinfo *where, struct error *e)
{
    int failure;

    t->fd = socket(where->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                   where->ai_protocol);
    if (t->fd < 0)
        return error_sys(e, "socket");
    failure = connect(t->fd, where->ai_addr, where->ai_addrlen) == 0 ? 0
                                                                     : errno;
    if (failure == EINPROGRESS && finish_connect(t, &failure, e) != 0)
        return -1;
    if (failure == 0)
        return 0;
    return error_set(e, failure == ECONNREFUSED ? ERROR_ABSENT : ERROR_FAILED,
                     "%s", strerror(failure));
}

static int
connect_any(struct talk *t, const struct status_ask *ask, struct error *e)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    int rc = getaddrinfo(ask->host, ask->port, &hints, &found);

    if (rc != 0)
        return error_set(e, ERROR_FAILED, "%s", gai_strerror(rc));
    rc = -1;
    for (struct addrinfo *each = found; each != NULL && rc != 0;
         each = each->ai_next) {
        if (t->fd >= 0)
            close(t->fd);
        rc = connect_one(t, each, e);
    }
    freeaddrinfo(found);
    return rc;
}

static int
send_request(struct talk *t, const struct status_ask *ask, struct error *e)
{
    bool token = ask->token != NULL;
    char *request =
        text_format("GET /api/status HTTP/1.0\r\nHost: %s\r\n%s%s%s\r\n",
                    ask->address, token ? "Authorization: Bearer " : "",
                    token ? ask->token : "", token ? "\r\n" : "");
    size_t size = strlen(request), sent = 0;
    int rc = 0;

    while (rc == 0 && sent < size) {
        ssize_t n = send(t->fd, request + sent, size - sent, MSG_NOSIGNAL);

        if (n >= 0)
            sent += (size_t)n;
        else if (errno == EAGAIN || errno == EINTR)
            rc = wait_for(t, POLLOUT, e);
        else
            rc = error_sys(e, "send");
    }
    free(request);
    return rc;
}

/* Until the peer closes. */
static int
receive(struct talk *t, struct error *e)
{
    for (;;) {
        ssize_t n;

        if (t->size > STATUS_ASK_MAX)
            return error_set(e, ERROR_FAILED,
                             "the answer is longer than %d MiB",
                             STATUS_ASK_MAX >> 20);
        while (t->capacity < t->size + PIECE + 1) {
            t->capacity = t->capacity * 2 + PIECE + 1;
            t->bytes = memory_resize(t->bytes, t->capacity, 1);
        }
        n = recv(t->fd, t->bytes + t->size, PIECE, 0);
        if (n > 0)
            t->size += (size_t)n;
        t->bytes[t->size] = '\0';
        if (n == 0)
            return 0;
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return error_sys(e, "receive");
        if (n < 0 && wait_for(t, POLLIN, e) != 0)
            return -1;
    }
}

static int
no_http(const struct talk *t, struct error *e)
{
    if (t->size == 0)
        return error_set(e, ERROR_FAILED,
                         "the connection was closed without an answer");
    return error_set(e, ERROR_FAILED, "what answers there is not redkeepd");
}

/* Judges the status line; *body is behind the head. */
static int
read_head(const struct talk *t, bool with_token, const char **body,
          struct error *e)
{
    const char *end = t->size > 0 ? strstr(t->bytes, "\r\n\r\n") : NULL;
    int status = 0;

    if (end == NULL || end - t->bytes > HEAD_MAX ||
        sscanf(t->bytes, "HTTP/1.%*1d %3d", &status) != 1)
        return no_http(t, e);
    *body = end + 4;
    if (status == 401)
        return error_set(
            e, ERROR_USAGE,
            with_token
                ? "it does not take our token: [http] token or token_file is"
                  " not that of the running agent"
                : "it wants a token: set [http] token_file (or token), as the"
                  " agent has it; --config names its file");
    if (status != 200)
        return error_set(e, ERROR_FAILED,
                         "HTTP status %d; is it redkeepd that answers there?",
                         status);
    return 0;
}

static int
read_state(const struct talk *t, const char *body, json_t **state,
           struct error *e)
{
    json_error_t where;

    *state = json_loadb(body, t->size - (size_t)(body - t->bytes), 0, &where);
    if (*state == NULL)
        return error_set(e, ERROR_FAILED, "its answer is no JSON: %s",
                         where.text);
    if (status_shape_check(*state, e) == 0)
        return 0;
    json_decref(*state);
    *state = NULL;
    return error_in(e, "its answer");
}

int
status_ask_agent(const struct status_ask *ask, unsigned limit_ms,
                 json_t **state, struct error *e)
{
    struct talk t = {
        .fd = -1,
        .limit_ms = limit_ms,
        .until_ms = clock_steady_ms() + limit_ms,
    };
    const char *body = "";
    int rc = -1;

    *state = NULL;
    if (connect_any(&t, ask, e) == 0 && send_request(&t, ask, e) == 0 &&
        receive(&t, e) == 0 && read_head(&t, ask->token != NULL, &body, e) == 0)
        rc = read_state(&t, body, state, e);
    if (rc != 0 && e->kind != ERROR_STOPPED)
        error_in(e, "the agent at %s", ask->address);
    if (t.fd >= 0)
        close(t.fd);
    free(t.bytes);
    return rc;
}
