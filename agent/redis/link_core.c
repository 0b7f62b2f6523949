#include "redis/link_core.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "redis/link_dial.h"
#include "redis/link_greet.h"
#include "redis/link_queue.h"
#include "redis/link_reader.h"
#include "redis/link_tls.h"

enum { CORE_BLOCK_BYTES = 16384, CORE_TLS_ALERT = 0x15 /* RFC 8446, 5.1 */ };

enum phase { PHASE_DIAL, PHASE_TLS, PHASE_GREET, PHASE_READY, PHASE_LOST };

struct link_core {
    struct event_base *base; /* borrowed */
    struct link_core_events events;
    struct link_options options; /* its strings borrowed until connected */
    bool tls, tcp;
    enum phase phase;
    struct link_dial *dial;
    struct bufferevent *stream;
    struct link_reader *reader;
    struct link_greet greeting;
    struct event *timer;
    uint64_t connect_deadline_ms;
    struct link_queue queue; /* asked and not answered */
    struct error why;        /* it was lost */
    enum link_fault fault;
    unsigned depth; /* of our callbacks on the stack */
    bool freed;     /* by a callback; done when depth is 0 */
};

static void
destroy(struct link_core *c)
{
    link_dial_free(c->dial);
    if (c->stream != NULL)
        bufferevent_free(c->stream);
    event_free(c->timer);
    link_reader_free(c->reader);
    link_queue_clear(&c->queue);
    free(c);
}

/* Every callback of the loop stands between depth++ and leave. */
static void
leave(struct link_core *c)
{
    if (--c->depth == 0 && c->freed)
        destroy(c);
}

static bool
is_open(const struct link_core *c)
{
    return c->phase != PHASE_LOST && !c->freed;
}

/* What a server that fails us without a word may have meant. */
static const char *
guess(const struct link_core *c)
{
    if (c->phase == PHASE_TLS)
        return " (does the server speak TLS on this port?)";
    if (c->phase != PHASE_GREET || !c->tcp)
        return "";
    return c->tls ? " (does the server want a TLS client's certificate?)"
                  : " (does this port want TLS, rediss://?)";
}

/* Ends the connection, and with it every command that has no answer yet. */
static void
lose(struct link_core *c, enum link_fault fault, const struct error *why)
{
    if (!is_open(c))
        return;
    c->phase = PHASE_LOST;
    c->fault = fault;
    c->why = *why;
    event_del(c->timer);
    link_dial_free(c->dial);
    c->dial = NULL;
    if (c->stream != NULL)
        bufferevent_free(c->stream);
    c->stream = NULL;
    while (!c->freed && c->queue.first != NULL)
        link_queue_answer(&c->queue, NULL, &c->why);
    if (!c->freed)
        c->events.lost(c->events.context, &c->why);
}

/*
 * One timer for what is waited for. Limits of commands may differ, but a
 * command behind the first cannot be late before that is answered or late.
 */
static void
set_timer(struct link_core *c)
{
    uint64_t now = clock_steady_ms(), deadline = c->connect_deadline_ms, left;
    struct timeval limit;

    if (!is_open(c))
        return;
    event_del(c->timer);
    if (c->phase == PHASE_READY && c->queue.first == NULL)
        return;
    if (c->phase == PHASE_READY)
        deadline = c->queue.first->deadline_ms;
    left = deadline > now ? deadline - now : 0;
    limit.tv_sec = (time_t)(left / 1000);
    limit.tv_usec = (suseconds_t)(left % 1000 * 1000);
    event_add(c->timer, &limit);
}

static void
on_timer(int unused, short what, void *context)
{
    struct link_core *c = context;
    bool tls = c->phase == PHASE_TLS;
    const char *stage = tls ? "the TLS handshake" : "the connection";
    unsigned limit_ms = c->options.connect_timeout_ms;
    char words[TEXT_WORDS_SIZE];
    struct error e = {0};

    (void)unused;
    (void)what;
    c->depth++;
    if (c->dial != NULL && link_dial_looks_up(c->dial))
        stage = "the look-up of the host's name";
    if (c->queue.first != NULL)
        stage = c->queue.first->name;
    if (c->phase == PHASE_READY && c->queue.first != NULL)
        limit_ms = c->queue.first->timeout_ms;
    text_write_duration(words, limit_ms);
    error_set(&e, ERROR_FAILED, "timeout after %s waiting for %s%s", words,
              stage, tls ? guess(c) : "");
    lose(c, LINK_FAULT_TIMEOUT, &e);
    leave(c);
}

/* An error reply is an answer too; only one that nobody asked for is fatal. */
static void
take_reply(struct link_core *c, struct redisReply *reply)
{
    struct error e = {0};
    bool refused = link_reader_judge(reply, &e) != 0;

    if (refused || c->queue.first == NULL) {
        link_reply_free(reply);
        reply = NULL;
    }
    if (c->queue.first == NULL) {
        if (!refused)
            error_set(&e, ERROR_FAILED, "the server spoke without being asked");
        lose(c, refused ? LINK_FAULT_REPLY : LINK_FAULT_PROTOCOL, &e);
        return;
    }
    link_queue_answer(&c->queue, reply, &e);
    set_timer(c);
}

/* Bytes from the server; any callback in here may end the connection. */
static void
take_bytes(struct link_core *c, const unsigned char *bytes, size_t size)
{
    struct redisReply *reply = NULL;
    struct error e = {0};
    int rc = link_reader_feed(c->reader, bytes, size, &e);

    if (c->phase == PHASE_GREET && bytes[0] == CORE_TLS_ALERT)
        rc = error_set(&e, ERROR_FAILED,
                       "the server speaks TLS on this port: "
                       "the URL begins with rediss://");
    while (rc == 0) {
        rc = link_reader_next(c->reader, &reply, &e);
        if (reply == NULL)
            break;
        take_reply(c, reply);
        if (!is_open(c))
            return;
    }
    if (rc != 0)
        lose(c, LINK_FAULT_PROTOCOL, &e);
}

static void
on_read(struct bufferevent *stream, void *context)
{
    struct link_core *c = context;
    struct evbuffer *input = bufferevent_get_input(stream);
    unsigned char block[CORE_BLOCK_BYTES];
    int size;

    c->depth++;
    while (is_open(c)) {
        size = evbuffer_remove(input, block, sizeof block);
        if (size <= 0)
            break;
        take_bytes(c, block, (size_t)size);
    }
    leave(c);
}

/*
 * A server that takes nobody more says so and closes at once; our command on
 * its way then makes the socket fail before its words were read.
 */
static void
read_last_words(struct link_core *c, int fd)
{
    unsigned char block[CORE_BLOCK_BYTES];
    ssize_t size;

    while (is_open(c) && (size = read(fd, block, sizeof block)) > 0)
        take_bytes(c, block, (size_t)size);
}

static void
on_failure(struct link_core *c, struct bufferevent *stream, short what,
           int code)
{
    struct error e = {0};

    if (c->tls && link_tls_explain(stream, &e)) {
        lose(c, LINK_FAULT_CONNECT, &e);
        return;
    }
    if (what & BEV_EVENT_ERROR && !c->tls)
        read_last_words(c, bufferevent_getfd(stream));
    if (!is_open(c))
        return;
    error_set(&e, ERROR_FAILED, "%s%s",
              what & BEV_EVENT_ERROR && code != 0
                  ? strerror(code)
                  : "the server closed the connection",
              guess(c));
    lose(c, LINK_FAULT_CONNECT, &e);
}

static void
on_event(struct bufferevent *stream, short what, void *context)
{
    struct link_core *c = context;
    int code = EVUTIL_SOCKET_ERROR();

    c->depth++;
    if (what & BEV_EVENT_CONNECTED) {
        c->phase = PHASE_GREET;
        link_greet_begin(&c->greeting);
    } else {
        on_failure(c, stream, what, code);
    }
    leave(c);
}

static void
on_greeted(struct link_core *c, const struct error *why)
{
    if (why != NULL) {
        lose(c, link_greet_fault(&c->greeting, why), why);
        return;
    }
    if (!is_open(c))
        return;
    c->phase = PHASE_READY;
    set_timer(c);
    c->events.connected(c->events.context);
}

/*
 * Callbacks are deferred to the loop, so that none comes from inside
 * link_core_ask, and the bytes that came before a failure come first.
 */
static void
open_stream(struct link_core *c, int fd)
{
    struct error e = {0};

    if (c->tls)
        c->stream = link_tls_open(c->base, fd, &c->options, &e);
    else
        c->stream = bufferevent_socket_new(
            c->base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (c->stream == NULL) {
        lose(c, LINK_FAULT_CONNECT, &e);
        return;
    }
    bufferevent_setcb(c->stream, on_read, NULL, on_event, c);
    bufferevent_enable(c->stream, EV_READ | EV_WRITE);
    c->phase = c->tls ? PHASE_TLS : PHASE_GREET;
    if (!c->tls)
        link_greet_begin(&c->greeting);
}

static void
on_dialed(void *context, int fd, const struct error *why)
{
    struct link_core *c = context;
    struct error e = fd < 0 ? *why : (struct error){0};
    bool late = strncmp(e.text, "timeout", 7) == 0; /* words of the dial */

    c->depth++;
    link_dial_free(c->dial);
    c->dial = NULL;
    if (fd >= 0)
        open_stream(c, fd);
    else
        lose(c, late ? LINK_FAULT_TIMEOUT : LINK_FAULT_CONNECT, &e);
    leave(c);
}

struct link_core *
link_core_new(struct event_base *base, const struct link_options *options,
              const struct link_core_events *events, struct error *e)
{
    struct link_core *c = memory_new(sizeof *c);

    c->base = base;
    c->events = *events;
    c->options = *options;
    c->tls = options->url->tls;
    c->tcp = options->url->host != NULL;
    c->reader = link_reader_new();
    c->timer = evtimer_new(base, on_timer, c);
    c->greeting.core = c;
    c->greeting.options = &c->options;
    c->greeting.done = on_greeted;
    c->connect_deadline_ms = clock_steady_ms() + options->connect_timeout_ms;
    c->dial = link_dial_new(base, options->url, options->connect_timeout_ms,
                            on_dialed, c, e);
    if (c->dial == NULL) {
        destroy(c);
        return NULL;
    }
    set_timer(c);
    return c;
}

int
link_core_ask_bytes(struct link_core *c, int argc, const char **argv,
                    const size_t *sizes, link_core_answer *answer,
                    void *context, struct error *e)
{
    char *bytes = NULL;
    long long size; /* an int before hiredis 1.0 */

    if (c->phase == PHASE_LOST) {
        *e = c->why;
        return -1;
    }
    size = redisFormatCommandArgv(&bytes, argc, argv, sizes);
    if (size < 0 || bufferevent_write(c->stream, bytes, (size_t)size) != 0)
        return error_set(e, ERROR_FAILED, "no memory for %.16s", argv[0]);
    redisFreeCommand(bytes);
    link_queue_push(&c->queue, argv[0], c->options.command_timeout_ms, answer,
                    context);
    set_timer(c);
    return 0;
}

enum link_fault
link_core_fault(const struct link_core *c)
{
    return c->fault;
}

unsigned
link_core_set_timeout(struct link_core *c, unsigned command_timeout_ms)
{
    unsigned before = c->options.command_timeout_ms;

    c->options.command_timeout_ms = command_timeout_ms;
    return before;
}

void
link_core_free(struct link_core *c)
{
    if (c == NULL)
        return;
    c->freed = true;
    if (c->depth == 0)
        destroy(c);
}
