/*
 * http_listen.h - where evhttp takes connections from; that there is no
 * descriptor left for one makes it wait, not spin.
 */
#ifndef DAEMON_HTTP_LISTEN_H
#define DAEMON_HTTP_LISTEN_H

#include <stdbool.h>

#include "base/error.h"

struct event_base;
struct evhttp;
struct http_listen;

/*
 * Listens at host:port or [host]:port, as the configuration has judged; the
 * first address of that name that can be had. The socket is the server's.
 */
struct http_listen *http_listen_new(struct event_base *base,
                                    struct evhttp *server, const char *listen,
                                    struct error *e);

/* Whether nobody beyond this host can reach it. */
bool http_listen_is_local(const struct http_listen *l);

/* After evhttp_free; accepts NULL. */
void http_listen_free(struct http_listen *l);

#endif
