/*
 * http_guard_work.h - what the parts of the guard share: http_guard.c (a
 * connection's life), http_guard_end.c (its end).
 */
#ifndef DAEMON_HTTP_GUARD_WORK_H
#define DAEMON_HTTP_GUARD_WORK_H

#include "daemon/http_guard.h"
#include "daemon/http_head.h"

struct evbuffer_cb_entry;
struct event;
struct evhttp_connection;

enum http_guard_state {
    HTTP_GUARD_ARRIVED, /* evhttp has not told us its connection yet */
    HTTP_GUARD_IDLE,    /* no byte of a request is there */
    HTTP_GUARD_READING,
    HTTP_GUARD_WAITING, /* the answer is being made */
    HTTP_GUARD_ANSWERING,
    HTTP_GUARD_CLOSED, /* evhttp is letting go of it */
    HTTP_GUARD_LINGERING,
};

struct http_guard {
    struct http_guards *all;
    struct http_guard *next, **link;
    struct bufferevent *bev;              /* a reference of our own */
    struct evhttp_connection *connection; /* NULL unless evhttp has it */
    struct event *timer;
    struct evbuffer_cb_entry *input, *output;
    enum http_guard_state state;
    uint64_t since_ms;     /* first byte of the request, or the answer began */
    struct http_head head; /* of the request */
    bool counted;          /* its answer was */
    http_guard_gone *gone; /* while it waits */
    void *gone_context;
};

struct http_guards {
    struct http_guard *first;
    struct http_guard_limits limits;
    http_guard_counted *counted;
    void *context;
};

/* Lets go of all there is. */
void http_guard_drop(struct http_guard *g);

/* evhttp has let go: what still comes is read and dropped, for a while. */
void http_guard_linger(struct http_guard *g);

#endif
