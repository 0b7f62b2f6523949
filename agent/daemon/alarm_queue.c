/* alarm_queue.c - the rule that looks at job queues. */
#include "daemon/alarm_rules.h"

void
alarm_queue_failed(const struct alarm_scene *scene, struct alarm_finding *found)
{
    const struct queue_watch_view *queues = scene->queues;
    double most =
        (double)config_number(scene->config, CONFIG_ALARMS_QUEUE_FAILED);

    if (most <= 0 || !queues->watched) {
        found->verdict = ALARM_OFF;
        return;
    }
    if (queues->list == NULL)
        return;
    if (!alarm_rules_reaches(scene, (double)queues->failed, most)) {
        /* Those that are still to be found may be what it was raised for. */
        if (queues->whole)
            found->verdict = ALARM_OFF;
        return;
    }
    alarm_rules_raise(found, (double)queues->failed, most,
                      "%lld job%s failed for good, %lld in %.160s",
                      (long long)queues->failed,
                      queues->failed == 1 ? " has" : "s have",
                      (long long)queues->worst_failed, queues->worst);
}
