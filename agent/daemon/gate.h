/*
 * gate.h - the answers of /gate/...: whether requests that need the server may
 * pass. They are made of the connection's state in memory; nothing is asked.
 */
#ifndef DAEMON_GATE_H
#define DAEMON_GATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct agent;

/* When to come again, of an answer that is no. */
#define GATE_RETRY_AFTER "30"

/* Whether the server is connected. */
bool gate_is_open(const struct agent *agent);

/* Each a new object, the caller's. */
json_t *gate_require(const struct agent *agent, int64_t now_ms);
json_t *gate_check(const struct agent *agent, int64_t now_ms);

#endif
