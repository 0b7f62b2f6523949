/*
 * status_offline.h - what can be told without the agent: by the repository and
 * by the state that the agent wrote there last.
 */
#ifndef TOOLS_STATUS_OFFLINE_H
#define TOOLS_STATUS_OFFLINE_H

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"

/*
 * A new object of the shape of /api/status; what only a running agent knows is
 * null. Besides: "problem", why the agent could not be asked (null: it was
 * not to be), and "state_written", when it wrote its state. ERROR_FAILED:
 * there is neither a repository nor a state.
 */
int status_offline_read(const struct config *config, const char *problem,
                        int64_t now_ms, json_t **state, struct error *e);

#endif
