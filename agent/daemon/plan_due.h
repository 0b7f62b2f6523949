/*
 * plan_due.h - when a job is due next: a schedule, jitter, and clocks that
 * jump. For plan.c.
 */
#ifndef DAEMON_PLAN_DUE_H
#define DAEMON_PLAN_DUE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/schedule.h"

/* Wall clock, ms since 1970; -1: never. */
struct plan_due {
    struct schedule schedule;
    uint64_t jitter_ms; /* at most; less than the time between two runs */
    int64_t due_ms;     /* by the schedule alone, which does not drift */
    int64_t at_ms;      /* with jitter */
};

/* Plans anew from now on. random is any number. */
void plan_due_begin(struct plan_due *d, int64_t now_ms, uint32_t random);

/*
 * Goes on with what was planned before a restart. True: a run was missed (one
 * or many), and the next is planned. What a jumping clock has left behind is
 * planned anew.
 */
bool plan_due_resume(struct plan_due *d, int64_t due_ms, int64_t at_ms,
                     int64_t now_ms, uint32_t random);

/* True: it is due now, and the next is planned; those missed count as one. */
bool plan_due_take(struct plan_due *d, int64_t now_ms, uint32_t random);

/*
 * The wall clock was set, by so much. Intervals are of elapsed time and move
 * with it; times of day stay, and none that was run is run again.
 */
void plan_due_jump(struct plan_due *d, int64_t jump_ms, int64_t now_ms,
                   uint32_t random);

#endif
