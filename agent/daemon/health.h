/*
 * health.h - the answers of /health/...: what the agent knows, as the contract
 * names it.
 */
#ifndef DAEMON_HEALTH_H
#define DAEMON_HEALTH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct agent;

enum health { HEALTH_HEALTHY, HEALTH_DEGRADED, HEALTH_UNHEALTHY };

enum health health_of(const struct agent *agent);

/* Each a new object, the caller's. */
json_t *health_live(const struct agent *agent, int64_t now_ms);
json_t *health_ready(const struct agent *agent, int64_t now_ms);
json_t *health_detailed(const struct agent *agent, int64_t now_ms);
json_t *health_dependencies(const struct agent *agent, int64_t now_ms);

/* The tally's last round. */
json_t *health_counters(const struct agent *agent, int64_t now_ms,
                        bool *consistent);

#endif
