#include "daemon/alarm_rules.h"

#include <math.h>

#include "base/text.h"

/* So many checks in a row that fail are no accident. */
enum { UNCLEAR_CHECKS = 2 };

static bool
is_unclear_for_long(const struct alarm_scene *scene, const struct tally_view *v)
{
    /* server_away tells of that. */
    return v->state == TALLY_UNCLEAR && !v->no_server &&
           scene->now_ms - v->since_ms >=
               (int64_t)(UNCLEAR_CHECKS * v->every_ms);
}

/*
 * What was raised before our time may be of a set that we have not looked at
 * yet.
 */
static bool
may_be_behind(const struct alarm_scene *scene, const struct tally_view *v)
{
    if (v->state == TALLY_UNKNOWN)
        return scene->before->since_ms < scene->started_ms;
    return v->state != TALLY_CONSISTENT;
}

/* Of several sets, the first. One that is mended at this moment can wait. */
void
alarm_counters(const struct alarm_scene *scene, struct alarm_finding *found)
{
    found->verdict = ALARM_OFF;
    for (size_t i = 0; i < scene->counter_sets; i++) {
        const struct tally_view *v = &scene->counters[i];

        if (v->state == TALLY_BEHIND && !v->mending) {
            alarm_rules_raise(
                found, (double)v->inconsistent, NAN,
                "of %lld counters of %s that were looked at, %lld are behind "
                "the database",
                (long long)v->checked, v->name, (long long)v->inconsistent);
            return;
        }
        if (is_unclear_for_long(scene, v)) {
            alarm_rules_raise(found, NAN, NAN,
                              "the counters of %s cannot be looked at: %s",
                              v->name, v->problem);
            return;
        }
        if (may_be_behind(scene, v))
            found->verdict = ALARM_UNKNOWN;
    }
}
