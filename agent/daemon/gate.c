#include "daemon/gate.h"

#include <stdlib.h>

#include "daemon/agent.h"

static const char *
state_of(const struct agent *agent)
{
    return server_state_name(server_view(agent->server)->state);
}

bool
gate_is_open(const struct agent *agent)
{
    return server_view(agent->server)->state == SERVER_CONNECTED;
}

/* The agent never gives up, not even when it has failed: retrying is true. */
json_t *
gate_require(const struct agent *agent, int64_t now_ms)
{
    const char *state = state_of(agent);

    (void)now_ms;
    if (gate_is_open(agent))
        return json_pack("{s:b, s:s}", "available", 1, "status", state);
    return json_pack("{s:s, s:s, s:s, s:i, s:{s:s, s:b}}", "error",
                     "Service Temporarily Unavailable", "message",
                     "Redis cache is currently unavailable. Please retry in a "
                     "few seconds.",
                     "status", state, "retryAfter", atoi(GATE_RETRY_AFTER),
                     "details", "connectionState", state, "retrying", 1);
}

json_t *
gate_check(const struct agent *agent, int64_t now_ms)
{
    (void)now_ms;
    return json_pack("{s:b, s:s}", "redisAvailable", (int)gate_is_open(agent),
                     "status", state_of(agent));
}
