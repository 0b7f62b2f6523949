/*
 * plan_saved.h - a job in the state file; for plan.c. Each is an object by its
 * name in "jobs":
 *
 *     schedule    as it was configured; another one now is planned anew
 *     due, next   when it is due by the schedule, and with jitter; or null
 *     running     since when it runs; or null
 *     again       whether it is to run again as soon as it can
 *     runs, failures, results {ok failed refused locked skipped}
 *     last        {started finished result exit_status signal text}; or null
 *     last_ok     when the last good run ended; or null
 *     report      what its child reported last, up to 256 KiB; or null
 */
#ifndef DAEMON_PLAN_SAVED_H
#define DAEMON_PLAN_SAVED_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/plan_work.h"

/* What was planned before the restart; times -1: none. */
struct plan_saved {
    bool same_schedule; /* as configured now */
    int64_t due_ms, at_ms;
    int64_t running_ms; /* a run was on */
    bool again;
};

/* Caller's. */
json_t *plan_saved_write(const struct plan_one *one);

/* Fills the view's past; what is not of that form counts as not there. */
void plan_saved_read(struct plan_one *one, const json_t *saved,
                     struct plan_saved *state);

#endif
