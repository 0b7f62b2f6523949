/*
 * metrics_counters.h - the families of [counters NAME]; for metrics.c and for
 * /health/redis_counters.
 */
#ifndef DAEMON_METRICS_COUNTERS_H
#define DAEMON_METRICS_COUNTERS_H

struct agent;
struct evbuffer;

/* All of them. */
void metrics_counters_write(const struct agent *agent, struct evbuffer *out);

/* health_redis_counters_status alone; NAN: not known, left out. */
void metrics_counters_write_status(struct evbuffer *out, double status);

#endif
