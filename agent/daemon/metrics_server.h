/*
 * metrics_server.h - the families of /metrics that speak of the server.
 */
#ifndef DAEMON_METRICS_SERVER_H
#define DAEMON_METRICS_SERVER_H

#include "daemon/server.h"

struct evbuffer;

void metrics_server_write(const struct server_view *server,
                          struct evbuffer *out);

#endif
