/*
 * metrics.h - /metrics: Prometheus' text format 0.0.4. A gauge whose value is
 * not known is left out, with its HELP and TYPE.
 */
#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include <stdint.h>

struct agent;
struct evbuffer;

/* Appends all families. */
void metrics_write(const struct agent *agent, int64_t now_ms,
                   struct evbuffer *out);

#endif
