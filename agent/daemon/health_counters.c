/* health_counters.c - the answer of /health/redis_counters. */
#include "daemon/health.h"

#include <string.h>

#include "daemon/agent.h"
#include "jobs/value.h"

/* A server that is away is said of every set: once is enough. */
static void
add_warning(json_t *warnings, json_t *warning)
{
    json_t *other;
    size_t i;

    json_array_foreach(warnings, i,
                       other) if (json_equal(other, warning)) return;
    json_array_append(warnings, warning);
}

static void
add_set(json_t *all, json_t *warnings, const char *name,
        const struct tally_sample *sample)
{
    json_t *warning;
    size_t i;

    json_object_set_new(all, name, json_array());
    if (!sample->taken) {
        json_array_append_new(
            warnings, value_format("%s: not checked: others took too long, or "
                                   "the agent ends",
                                   name));
        return;
    }
    json_object_set(all, name, sample->items);
    json_array_foreach(sample->warnings, i, warning)
        add_warning(warnings, warning);
}

json_t *
health_counters(const struct agent *agent, int64_t now_ms, bool *consistent)
{
    json_t *all = json_object(), *warnings = json_array();
    int64_t checked_ms = -1;
    size_t count;
    const struct tally_view *views = tally_view(agent->tally, &count);

    *consistent = true;
    json_object_set_new(all, "status", json_null());
    json_object_set_new(all, "checked_at", json_null());
    for (size_t i = 0; i < count; i++) {
        struct tally_sample sample = tally_sample(agent->tally, i);

        add_set(all, warnings, views[i].name, &sample);
        *consistent &= sample.taken && sample.consistent;
        if (sample.taken && sample.ended_ms > checked_ms)
            checked_ms = sample.ended_ms;
    }
    json_object_set_new(all, "checked_at",
                        value_time(checked_ms >= 0 ? checked_ms : now_ms));
    json_object_set_new(all, "warnings", warnings);
    json_object_set_new(all, "status",
                        json_string(*consistent ? "healthy" : "warning"));
    return all;
}
