/*
 * metrics_queues.h - the family of /metrics that speaks of job queues.
 */
#ifndef DAEMON_METRICS_QUEUES_H
#define DAEMON_METRICS_QUEUES_H

#include "daemon/queue_watch.h"

struct evbuffer;

void metrics_queues_write(const struct queue_watch_view *queues,
                          struct evbuffer *out);

#endif
