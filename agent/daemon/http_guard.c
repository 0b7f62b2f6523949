#include "daemon/http_guard_work.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/memory.h"
#include "daemon/http_answer.h"
#include "daemon/timer.h"

/* evhttp reads on while it writes, and takes a body (64 KiB) in one piece. */
enum { INPUT_MAX = 80 * 1024 };

/* From the loop, not from within evhttp's or the buffer's own work. */
static void
wake(struct http_guard *g)
{
    event_active(g->timer, EV_TIMEOUT, 0);
}

/* Sizes of the head; bodies are evhttp's business. */
static void
scan(struct http_guard *g, struct evbuffer *input, size_t offset)
{
    struct evbuffer_ptr at;
    char bytes[1024];
    ev_ssize_t count;

    evbuffer_ptr_set(input, &at, offset, EVBUFFER_PTR_SET);
    while (!g->head.done && g->head.refusal == 0) {
        count = evbuffer_copyout_from(input, &at, bytes, sizeof bytes);
        if (count <= 0)
            return;
        http_head_take(&g->head, bytes, (size_t)count);
        evbuffer_ptr_set(input, &at, (size_t)count, EVBUFFER_PTR_ADD);
    }
    if (g->head.refusal != 0)
        wake(g);
}

static void
begin_reading(struct http_guard *g)
{
    g->state = HTTP_GUARD_READING;
    g->since_ms = clock_steady_ms();
    g->head = (struct http_head){0};
    timer_set(g->timer, g->all->limits.request_ms);
}

static void
on_input(struct evbuffer *input, const struct evbuffer_cb_info *info,
         void *context)
{
    struct http_guard *g = context;

    if (info->n_added == 0)
        return;
    if (g->state == HTTP_GUARD_IDLE)
        begin_reading(g);
    if (g->state == HTTP_GUARD_READING)
        scan(g, input, evbuffer_get_length(input) - info->n_added);
}

/* evhttp begins each answer with its status line, in one piece. */
static void
on_output(struct evbuffer *output, const struct evbuffer_cb_info *info,
          void *context)
{
    struct http_guard *g = context;
    struct evbuffer_ptr at;
    char line[13] = "";
    int code;

    if (info->n_added == 0 || g->counted)
        return;
    evbuffer_ptr_set(output, &at, info->orig_size - info->n_deleted,
                     EVBUFFER_PTR_SET);
    evbuffer_copyout_from(output, &at, line, sizeof line - 1);
    code = strncmp(line, "HTTP/1.", 7) == 0 ? atoi(line + 9) : 0;
    if (code < 200)
        return; /* 100 Continue: the answer is still to come */
    g->counted = true;
    g->all->counted(g->all->context, code);
}

/* The answer was sent: the next request, if it has begun, or a rest. */
static void
on_complete(struct evhttp_request *request, void *context)
{
    struct http_guard *g = context;
    struct evbuffer *input = bufferevent_get_input(g->bev);

    (void)request;
    g->counted = false;
    if (evbuffer_get_length(input) == 0) {
        g->state = HTTP_GUARD_IDLE;
        timer_set(g->timer, g->all->limits.idle_ms);
        return;
    }
    begin_reading(g);
    scan(g, input, 0);
}

/* evhttp frees its part behind this, and closes our side for writing. */
static void
on_closed(struct evhttp_connection *connection, void *context)
{
    struct http_guard *g = context;

    (void)connection;
    g->connection = NULL;
    if (g->state == HTTP_GUARD_WAITING)
        g->gone(g->gone_context);
    g->state = HTTP_GUARD_CLOSED;
    wake(g);
}

static void
end(struct http_guard *g)
{
    evhttp_connection_free(g->connection);
}

/*
 * Nothing of an answer has left yet: the socket's buffer takes these bytes.
 * What evhttp may have said to the same request goes with its connection.
 */
static void
refuse(struct http_guard *g, int code)
{
    char text[HTTP_ANSWER_REFUSAL_SIZE];
    size_t size = http_answer_refusal(text, code);

    send(bufferevent_getfd(g->bev), text, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (!g->counted)
        g->all->counted(g->all->context, code);
    end(g);
}

/* The slowest of those who keep others waiting; NULL: nobody does. */
static struct http_guard *
find_slow(const struct http_guards *all, uint64_t now_ms)
{
    struct http_guard *slow = NULL;

    for (struct http_guard *g = all->first; g != NULL; g = g->next)
        if ((g->state == HTTP_GUARD_READING ||
             g->state == HTTP_GUARD_ANSWERING) &&
            now_ms - g->since_ms >= HTTP_GUARD_SLOW_MS &&
            (slow == NULL || g->since_ms <= slow->since_ms))
            slow = g;
    return slow;
}

/*
 * The argument of evhttp's callbacks is its connection (so in 2.0, 2.1 and
 * 2.2): there is no other way to it before the first request, and it is looked
 * at before it is believed.
 */
static void
settle(struct http_guard *g)
{
    struct http_guard *slow;
    void *argument = NULL;

    bufferevent_getcb(g->bev, NULL, NULL, NULL, &argument);
    if (argument == NULL ||
        evhttp_connection_get_bufferevent(argument) != g->bev) {
        http_guard_drop(g); /* evhttp has given it up already */
        return;
    }
    g->connection = argument;
    evhttp_connection_set_closecb(g->connection, on_closed, g);
    bufferevent_setwatermark(g->bev, EV_READ, 0, INPUT_MAX);
    g->state = HTTP_GUARD_IDLE;
    timer_set(g->timer, g->all->limits.idle_ms);
    if (http_guard_count(g->all) <= g->all->limits.connections)
        return;
    slow = find_slow(g->all, clock_steady_ms());
    if (slow != NULL)
        end(slow);
    else
        refuse(g, 503);
}

static void
on_timer(int fd, short what, void *context)
{
    struct http_guard *g = context;

    (void)fd;
    (void)what;
    switch (g->state) {
    case HTTP_GUARD_ARRIVED:
        settle(g);
        break;
    case HTTP_GUARD_READING:
        if (g->head.refusal != 0)
            refuse(g, g->head.refusal);
        else
            end(g);
        break;
    case HTTP_GUARD_IDLE:
    case HTTP_GUARD_ANSWERING:
        end(g);
        break;
    case HTTP_GUARD_WAITING:
        break;
    case HTTP_GUARD_CLOSED:
        http_guard_linger(g);
        break;
    case HTTP_GUARD_LINGERING:
        http_guard_drop(g);
        break;
    }
}

struct http_guards *
http_guard_new(http_guard_counted *counted, void *context)
{
    struct http_guards *all = memory_new(sizeof *all);

    all->counted = counted;
    all->context = context;
    return all;
}

void
http_guard_limit(struct http_guards *all,
                 const struct http_guard_limits *limits)
{
    all->limits = *limits;
}

struct bufferevent *
http_guard_admit(struct event_base *base, void *context)
{
    struct http_guards *all = context;
    struct bufferevent *bev =
        bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    struct http_guard *g = memory_new(sizeof *g);

    bufferevent_incref(bev);
    g->all = all;
    g->bev = bev;
    g->timer = event_new(base, -1, 0, on_timer, g);
    g->input = evbuffer_add_cb(bufferevent_get_input(bev), on_input, g);
    g->output = evbuffer_add_cb(bufferevent_get_output(bev), on_output, g);
    g->next = all->first;
    g->link = &all->first;
    if (g->next != NULL)
        g->next->link = &g->next;
    all->first = g;
    wake(g);
    return bev;
}

static struct http_guard *
find(const struct http_guards *all, struct evhttp_request *request)
{
    struct evhttp_connection *connection =
        evhttp_request_get_connection(request);
    struct http_guard *g = all->first;

    while (g->connection != connection)
        g = g->next;
    return g;
}

static void
begin_answering(struct http_guard *g)
{
    g->state = HTTP_GUARD_ANSWERING;
    g->since_ms = clock_steady_ms();
    timer_set(g->timer, g->all->limits.idle_ms);
}

bool
http_guard_begin(struct http_guards *all, struct evhttp_request *request)
{
    struct http_guard *g = find(all, request);

    if (g->head.refusal != 0)
        return false;
    begin_answering(g);
    evhttp_request_set_on_complete_cb(request, on_complete, g);
    return true;
}

bool
http_guard_wait(struct http_guards *all, struct evhttp_request *request,
                http_guard_gone *gone, void *context)
{
    struct http_guard *g = find(all, request);
    unsigned count = 0;

    for (const struct http_guard *o = all->first; o != NULL; o = o->next)
        count += o->state == HTTP_GUARD_WAITING;
    if (count >= all->limits.connections / HTTP_GUARD_WAITING_SHARE)
        return false;
    g->state = HTTP_GUARD_WAITING;
    g->gone = gone;
    g->gone_context = context;
    event_del(g->timer);
    return true;
}

void
http_guard_go_on(struct http_guards *all, struct evhttp_request *request)
{
    begin_answering(find(all, request));
}

unsigned
http_guard_count(const struct http_guards *all)
{
    unsigned count = 0;

    for (const struct http_guard *g = all->first; g != NULL; g = g->next)
        count += g->connection != NULL;
    return count;
}

size_t
http_guard_pending(const struct http_guards *all)
{
    size_t bytes = 0;

    for (const struct http_guard *g = all->first; g != NULL; g = g->next)
        bytes += evbuffer_get_length(bufferevent_get_output(g->bev));
    return bytes;
}

void
http_guard_free(struct http_guards *all)
{
    struct http_guard *next;

    if (all == NULL)
        return;
    for (struct http_guard *g = all->first; g != NULL; g = next) {
        next = g->next;
        http_guard_drop(g);
    }
    free(all);
}
