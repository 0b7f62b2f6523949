#include "daemon/plan_due.h"

static void
add_jitter(struct plan_due *d, uint32_t random)
{
    uint64_t most = d->jitter_ms;
    int64_t after = most > 0 ? schedule_next(&d->schedule, d->due_ms) : -1;

    d->at_ms = d->due_ms;
    if (after < 0)
        return;
    if (most >= (uint64_t)(after - d->due_ms))
        most = (uint64_t)(after - d->due_ms) - 1;
    d->at_ms += (int64_t)(random % (most + 1));
}

void
plan_due_begin(struct plan_due *d, int64_t now_ms, uint32_t random)
{
    d->due_ms = schedule_next(&d->schedule, now_ms);
    if (d->due_ms < 0)
        d->at_ms = -1;
    else
        add_jitter(d, random);
}

/* The first time of the same grid that is to come. */
static void
move_on(struct plan_due *d, int64_t now_ms, uint32_t random)
{
    int64_t every = (int64_t)d->schedule.every_ms;

    if (d->schedule.kind == SCHEDULE_EVERY)
        d->due_ms += (now_ms - d->due_ms) / every * every + every;
    else
        d->due_ms = schedule_next(&d->schedule, now_ms);
    add_jitter(d, random);
}

/*
 * Further away than any run may be: the clock was put back. By the calendar
 * one run may be left out, which the clock shows for the second time.
 */
static bool
is_too_far(const struct plan_due *d, int64_t now_ms)
{
    int64_t next = schedule_next(&d->schedule, now_ms);

    if (d->schedule.kind == SCHEDULE_CRON)
        next = schedule_next(&d->schedule, next);
    return d->due_ms > next;
}

bool
plan_due_resume(struct plan_due *d, int64_t due_ms, int64_t at_ms,
                int64_t now_ms, uint32_t random)
{
    d->due_ms = due_ms;
    d->at_ms = at_ms;
    if (schedule_next(&d->schedule, now_ms) < 0 || due_ms < 0 ||
        at_ms < due_ms || is_too_far(d, now_ms)) {
        plan_due_begin(d, now_ms, random);
        return false;
    }
    return plan_due_take(d, now_ms, random);
}

bool
plan_due_take(struct plan_due *d, int64_t now_ms, uint32_t random)
{
    if (d->at_ms < 0 || now_ms < d->at_ms)
        return false;
    move_on(d, now_ms, random);
    return true;
}

void
plan_due_jump(struct plan_due *d, int64_t jump_ms, int64_t now_ms,
              uint32_t random)
{
    if (d->at_ms < 0)
        return;
    if (d->schedule.kind == SCHEDULE_EVERY) {
        d->due_ms += jump_ms;
        d->at_ms += jump_ms;
    } else if (is_too_far(d, now_ms))
        plan_due_begin(d, now_ms, random);
}
