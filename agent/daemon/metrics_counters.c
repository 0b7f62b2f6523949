#include "daemon/metrics_counters.h"

#include <math.h>

#include "daemon/agent.h"
#include "daemon/metrics_text.h"

static double
checked(const struct tally_view *v)
{
    return v->checked < 0 ? NAN : (double)v->checked;
}

static double
inconsistent(const struct tally_view *v)
{
    return v->inconsistent < 0 ? NAN : (double)v->inconsistent;
}

static double
rebuild_seconds(const struct tally_view *v)
{
    return v->rebuild_ms < 0 ? NAN : (double)v->rebuild_ms / 1e3;
}

/* Sets whose value is not known, and a family of none, are left out. */
static void
write_each(const struct agent *agent, struct evbuffer *out, const char *name,
           double (*value)(const struct tally_view *v), const char *help)
{
    size_t count;
    const struct tally_view *views = tally_view(agent->tally, &count);
    bool begun = false;

    for (size_t i = 0; i < count; i++) {
        if (isnan(value(&views[i])))
            continue;
        if (!begun)
            metrics_text_family(out, name, help);
        begun = true;
        metrics_text_sample(out, name,
                            (const char *[]){"set", views[i].name, NULL},
                            value(&views[i]));
    }
}

void
metrics_counters_write_status(struct evbuffer *out, double status)
{
    metrics_text_single(out, "health_redis_counters_status", status,
                        "Whether the counters are consistent with the "
                        "database, as far as they were looked at.");
}

void
metrics_counters_write(const struct agent *agent, struct evbuffer *out)
{
    write_each(agent, out, "redkeep_counters_checked", checked,
               "Counters that the last check looked at.");
    write_each(agent, out, "redkeep_counters_inconsistent", inconsistent,
               "Those of them that were behind the database.");
    write_each(agent, out, "redkeep_counters_rebuild_seconds", rebuild_seconds,
               "How long the last rebuild took.");
    metrics_counters_write_status(out, tally_status(agent->tally));
}
