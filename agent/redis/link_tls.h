/*
 * link_tls.h - TLS over a connected socket: server name indication, the
 * server's certificate and name (or IP address) verified, our own certificate
 * shown if there is one. TLS 1.2 or newer.
 */
#ifndef REDIS_LINK_TLS_H
#define REDIS_LINK_TLS_H

#include "base/error.h"
#include "redis/link.h"

struct bufferevent;
struct event_base;

/*
 * Begins the handshake on fd, which the stream owns from now on (on failure it
 * is closed). NULL: a file of the options cannot be used (ERROR_USAGE).
 */
struct bufferevent *link_tls_open(struct event_base *base, int fd,
                                  const struct link_options *options,
                                  struct error *e);

/*
 * Why the stream failed, once its event callback has said so. False, and e
 * untouched: TLS has nothing to say; it was the socket.
 */
bool link_tls_explain(struct bufferevent *stream, struct error *e);

#endif
