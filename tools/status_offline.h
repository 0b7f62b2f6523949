/*
 * status_offline.h - what can be told without the agent: by the repository and
 * by the notes that the agent left there.
 */
#ifndef TOOLS_STATUS_OFFLINE_H
#define TOOLS_STATUS_OFFLINE_H

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"

/*
 * A new object of the shape of /api/status; what only a running agent knows is
 * null. address: where nobody answered; NULL: the agent is not to be asked.
 * Besides: "problem", what is wrong with the agent (or null), and
 * "state_written", when it wrote its notes. ERROR_FAILED: there is neither a
 * repository nor notes of an agent.
 */
int status_offline_read(const struct config *config, const char *address,
                        int64_t now_ms, json_t **state, struct error *e);

#endif
