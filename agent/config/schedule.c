#include "config/schedule.h"

#include <string.h>
#include <time.h>

#include "base/text.h"
#include "config/schedule_cron.h"

enum {
    DAY_MINUTES = 24 * 60,
    MINUTE_MS = 60 * 1000,
    DAY_SECONDS = 24 * 60 * 60,
    /* 29 February on a Sunday may be 40 years away. */
    SEARCH_DAYS = 41 * 366,
    /* A clock that was put back shows so many minutes again, at most. */
    FOLD_MINUTES = 180,
    /* Gaps are looked for in so many days: months are part of a pattern. */
    PATTERN_DAYS = 370,
};

#define ALL_HOURS UINT32_C(0xffffff)

/* What the calendar tells of a day, counted from 1970-01-01. */
static bool
day_matches(const struct schedule *s, int64_t day)
{
    time_t noon = (time_t)(day * DAY_SECONDS + DAY_SECONDS / 2);
    bool day_fits, weekday_fits;
    struct tm tm;

    gmtime_r(&noon, &tm);
    if (!(s->months >> (tm.tm_mon + 1) & 1))
        return false;
    day_fits = s->days >> tm.tm_mday & 1;
    weekday_fits = s->weekdays >> tm.tm_wday & 1;
    return s->either_day ? day_fits || weekday_fits : day_fits && weekday_fits;
}

static bool
minute_matches(const struct schedule *s, int minute)
{
    return (s->hours >> minute / 60 & 1) && (s->minutes >> minute % 60 & 1);
}

static int64_t
offset_at(int64_t seconds)
{
    time_t at = (time_t)seconds;
    struct tm tm;

    localtime_r(&at, &tm);
    return tm.tm_gmtoff;
}

/* The first second with another offset in (low, high]. */
static int64_t
find_change(int64_t low, int64_t high)
{
    int64_t before = offset_at(low);

    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;

        if (offset_at(middle) == before)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* Whether the minutes look the same when the clock is put on by so many. */
static bool
goes_on(const struct schedule *s, int64_t shift_seconds)
{
    int64_t shift = shift_seconds / 60 % 60;

    if (s->hours != ALL_HOURS)
        return false;
    if (shift < 0)
        shift += 60;
    for (unsigned i = 0; i < 60; i++)
        if ((s->minutes >> i & 1) != (s->minutes >> (i + shift) % 60 & 1))
            return false;
    return true;
}

/* When the clock shows a time (seconds as if it were UTC): up to two moments,
 * the earlier first; how many. */
static unsigned
moments(const struct schedule *s, int64_t shown, int64_t out[2])
{
    int64_t before = offset_at(shown - DAY_SECONDS);
    int64_t after = offset_at(shown + DAY_SECONDS);
    int64_t early = shown - (before > after ? before : after);
    int64_t late = shown - (before > after ? after : before);

    out[0] = early;
    out[1] = late;
    if (early == late)
        return 1;
    if (before > after && offset_at(early) == before &&
        offset_at(late) == after)
        return goes_on(s, before - after) ? 2 : 1;
    if (offset_at(early) == shown - early)
        return 1;
    if (offset_at(late) == shown - late) {
        out[0] = late;
        return 1;
    }
    /* The clock skips it. */
    out[0] = find_change(early, late);
    return goes_on(s, after - before) ? 0 : 1;
}

/* The next moment of one day after a second; -1: none. */
static int64_t
next_of_day(const struct schedule *s, int64_t day, int64_t after)
{
    int64_t best = -1, out[2];
    int64_t first = (after + offset_at(after)) / 60 - FOLD_MINUTES;
    int minute = 0;

    if (first > day * DAY_MINUTES)
        minute = first >= (day + 1) * DAY_MINUTES
                     ? DAY_MINUTES
                     : (int)(first - day * DAY_MINUTES);
    for (; minute < DAY_MINUTES; minute++) {
        unsigned count;

        if (!minute_matches(s, minute))
            continue;
        count = moments(s, day * DAY_SECONDS + minute * 60, out);
        for (unsigned i = 0; i < count; i++)
            if (out[i] > after && (best < 0 || out[i] < best))
                best = out[i];
        /* Times of day come in order, but for those shown twice. */
        if (best >= 0 && out[0] > best)
            break;
    }
    return best;
}

static int64_t
next_of_cron(const struct schedule *s, int64_t after)
{
    int64_t today = (after + offset_at(after)) / DAY_SECONDS;
    int64_t best = -1;

    /* The day before: its midnight may be shown twice. One day more than the
     * first that fits: its first times may be shown before the last ones. */
    for (int64_t day = today - 1; day < today + SEARCH_DAYS; day++) {
        int64_t found = day_matches(s, day) ? next_of_day(s, day, after) : -1;

        if (best >= 0)
            return found >= 0 && found < best ? found : best;
        best = found;
    }
    return best;
}

static bool
comes(const struct schedule *s)
{
    for (int64_t day = 0; day < SEARCH_DAYS; day++)
        if (day_matches(s, day))
            return true;
    return false;
}

int
schedule_read(struct schedule *s, const char *text, struct error *e)
{
    static const char every[] = "every ";

    memset(s, 0, sizeof *s);
    if (strcmp(text, "off") == 0)
        return 0;
    if (strcmp(text, "after snapshot") == 0) {
        s->kind = SCHEDULE_AFTER_SNAPSHOT;
        return 0;
    }
    if (strncmp(text, every, sizeof every - 1) == 0) {
        s->kind = SCHEDULE_EVERY;
        text += sizeof every - 1;
        if (!text_duration(text, &s->every_ms) || s->every_ms == 0 ||
            s->every_ms > (uint64_t)SEARCH_DAYS * DAY_SECONDS * 1000)
            return error_set(e, ERROR_USAGE,
                             "'every' wants a duration like 10m, 1h or 7d");
        return 0;
    }
    s->kind = SCHEDULE_CRON;
    if (schedule_cron_read(s, text, e) != 0)
        return -1;
    if (!comes(s))
        return error_set(e, ERROR_USAGE, "never comes: there is no such day");
    return 0;
}

int64_t
schedule_next(const struct schedule *s, int64_t after_ms)
{
    int64_t next;

    if (s->kind == SCHEDULE_EVERY)
        return after_ms + (int64_t)s->every_ms;
    if (s->kind != SCHEDULE_CRON || after_ms < 0)
        return -1;
    next = next_of_cron(s, after_ms / 1000);
    return next < 0 ? -1 : next * 1000;
}

/* Minutes between the last time of one day and the first of another. */
static uint64_t
longest_gap(const struct schedule *s)
{
    int64_t last = -1, begin = -1;
    uint64_t longest = 0;

    for (int64_t day = 0; day < 2 * (int64_t)SEARCH_DAYS; day++) {
        if (!day_matches(s, day))
            continue;
        if (begin < 0)
            begin = day;
        for (int minute = 0; minute < DAY_MINUTES; minute++) {
            int64_t at = day * DAY_MINUTES + minute;

            if (!minute_matches(s, minute))
                continue;
            if (last >= 0 && (uint64_t)(at - last) > longest)
                longest = (uint64_t)(at - last);
            last = at;
        }
        if (day - begin > PATTERN_DAYS && longest > 0)
            break;
    }
    return longest;
}

uint64_t
schedule_interval_ms(const struct schedule *s)
{
    switch (s->kind) {
    case SCHEDULE_EVERY:
        return s->every_ms;
    case SCHEDULE_CRON:
        return longest_gap(s) * MINUTE_MS;
    default:
        return 0;
    }
}
