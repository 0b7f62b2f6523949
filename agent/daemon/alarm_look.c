/* alarm_look.c - the agent's own views, as rules want them. */
#include "daemon/agent.h"
#include "daemon/alarm_rules.h"

void
alarm_look(struct alarms *all, const struct agent *agent, int64_t now_ms)
{
    struct alarm_scene scene = {
        .config = agent->config,
        .server = server_view(agent->server),
        .watch = watch_view(agent->watch),
        .repository = repository_view(agent->repository),
        .snapshot = plan_view(agent->plan, PLAN_SNAPSHOT),
        .verify = plan_view(agent->plan, PLAN_VERIFY),
        .drill = plan_view(agent->plan, PLAN_DRILL),
        .queues = queue_watch_view(agent->queues),
        .dump_problem = agent->dump_problem,
        .started_ms = agent->started_ms,
        .now_ms = now_ms,
    };

    scene.counters = tally_view(agent->tally, &scene.counter_sets);
    /* Before it is read what was raised, it would be raised again. */
    if (agent->begun)
        alarm_judge(all, &scene);
}
