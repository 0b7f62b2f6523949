/*
 * http_guard.h - the limits of a connection that evhttp does not have: a time
 * for the whole request from its first byte, another for idling and for taking
 * the answer; the size of request line and head; how many there may be; and an
 * end that does not cut off the answer.
 *
 * A guard holds a reference to evhttp's bufferevent. It looks at the bytes that
 * come in (evbuffer callback) and is told by evhttp when the connection goes.
 * Then it reads and drops what still comes for a short while: closing a socket
 * that holds unread bytes makes the kernel throw away the answer to them.
 */
#ifndef DAEMON_HTTP_GUARD_H
#define DAEMON_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bufferevent;
struct event_base;
struct evhttp_request;
struct http_guard;
struct http_guards;

enum {
    HTTP_GUARD_SLOW_MS = 100, /* from then on it may be ended for another */
    HTTP_GUARD_LINGER_MS = 1000,
    HTTP_GUARD_WAITING_SHARE = 2, /* so many of all: one of two may wait */
    /* Bytes of answers; from then on only small ones are given. */
    HTTP_GUARD_PENDING_MAX = 16 * 1024 * 1024,
};

struct http_guard_limits {
    unsigned connections;
    uint64_t request_ms, idle_ms;
};

/* Told the status of each answer that is sent, evhttp's own ones too. */
typedef void http_guard_counted(void *context, int code);

struct http_guards *http_guard_new(http_guard_counted *counted, void *context);

/* For connections and waits that begin from now on. */
void http_guard_limit(struct http_guards *all,
                      const struct http_guard_limits *limits);

/* For evhttp_set_bevcb; context is the guards. */
struct bufferevent *http_guard_admit(struct event_base *base, void *context);

/*
 * The request has come whole: from here on its answer is waited for. False: its
 * head was bad, the guard refuses it and it must be left alone.
 */
bool http_guard_begin(struct http_guards *all, struct evhttp_request *request);

/* Told that the connection of a request that waits is gone. */
typedef void http_guard_gone(void *context);

/*
 * The answer takes longer, and will come for certain: no limit of time until
 * http_guard_go_on, and no other connection ends this one. gone is called if it
 * ends otherwise. False: too many wait already.
 */
bool http_guard_wait(struct http_guards *all, struct evhttp_request *request,
                     http_guard_gone *gone, void *context);

/* The answer comes now. */
void http_guard_go_on(struct http_guards *all, struct evhttp_request *request);

/* Connections now; those that only linger do not count. */
unsigned http_guard_count(const struct http_guards *all);

/* Bytes of answers that nobody has taken yet. */
size_t http_guard_pending(const struct http_guards *all);

/* After evhttp_free. */
void http_guard_free(struct http_guards *all); /* accepts NULL */

#endif
