/*
 * status.h - the answers of /api/...: the whole state as one object.
 */
#ifndef DAEMON_STATUS_H
#define DAEMON_STATUS_H

#include <jansson.h>
#include <stdint.h>

struct agent;

/* Each a new object, the caller's. */
json_t *status_json(const struct agent *agent, int64_t now_ms);
json_t *status_snapshots(const struct agent *agent, int64_t now_ms);

/* Those raised now, as an array. */
json_t *status_alarms(const struct agent *agent);

#endif
