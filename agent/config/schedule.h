/*
 * schedule.h - when a job is due: "every DURATION", the five fields of cron in
 * local time, "after snapshot", or "off".
 *
 * Fields as crontab(5) has them: minute, hour, day of the month, month, day of
 * the week (0-7, Sunday is 0 and 7); '*', numbers, names (jan, mon), ranges,
 * lists, steps. Where both days are restricted (do not begin with '*'), either
 * is enough.
 *
 * Daylight saving: a schedule of every hour whose minutes are the same before
 * and after the change goes on by elapsed time. Any other comes once for each
 * time of day it names: at the change where the clock skips that time, and
 * the first time where the clock shows it twice.
 */
#ifndef CONFIG_SCHEDULE_H
#define CONFIG_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum schedule_kind {
    SCHEDULE_OFF,
    SCHEDULE_EVERY,
    SCHEDULE_CRON,
    SCHEDULE_AFTER_SNAPSHOT,
};

struct schedule {
    enum schedule_kind kind;
    uint64_t every_ms;
    /* Bit n: minute n, hour n, day n, month n (1-12), day of the week n. */
    uint64_t minutes;
    uint32_t hours, days, months, weekdays;
    bool either_day; /* both days are restricted */
};

/*
 * Reads text; ERROR_USAGE says what is wrong with it. A cron that never comes
 * (31 February) is an error.
 */
int schedule_read(struct schedule *s, const char *text, struct error *e);

/*
 * The first time of a cron after a moment, or of "every" counted from it; ms
 * since 1970. -1: never (off, after snapshot). Heeds TZ.
 */
int64_t schedule_next(const struct schedule *s, int64_t after_ms);

/* The longest time between two runs by the calendar; 0: off, after snapshot. */
uint64_t schedule_interval_ms(const struct schedule *s);

#endif
