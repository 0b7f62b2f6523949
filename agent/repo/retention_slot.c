#include "repo/retention_slot.h"

#include <time.h>

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS, MONDAY = 3 };

/* Rounds down, also before 1970, which was a Thursday. */
static int64_t
divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static struct tm
split(int64_t at_ms)
{
    time_t seconds = (time_t)divide(at_ms, 1000);
    struct tm tm = {0};

    gmtime_r(&seconds, &tm);
    return tm;
}

int64_t
retention_slot_of(enum retention_slot slot, int64_t at_ms)
{
    struct tm tm = split(at_ms);

    switch (slot) {
    case RETENTION_HOURLY:
        return divide(at_ms, HOUR_MS);
    case RETENTION_DAILY:
        return divide(at_ms, DAY_MS);
    case RETENTION_WEEKLY:
        return divide(divide(at_ms, DAY_MS) + MONDAY, 7);
    case RETENTION_MONTHLY:
        return (int64_t)tm.tm_year * 12 + tm.tm_mon;
    case RETENTION_YEARLY:
        break;
    }
    return tm.tm_year;
}

void
retention_slot_write(char out[RETENTION_SLOT_SIZE], enum retention_slot slot,
                     int64_t at_ms)
{
    struct tm tm = split(at_ms);
    size_t size = 0;

    switch (slot) {
    case RETENTION_HOURLY:
        size = strftime(out, RETENTION_SLOT_SIZE, "hourly %Y-%m-%d %H:00", &tm);
        break;
    case RETENTION_DAILY:
        size = strftime(out, RETENTION_SLOT_SIZE, "daily %Y-%m-%d", &tm);
        break;
    case RETENTION_WEEKLY:
        size = strftime(out, RETENTION_SLOT_SIZE, "weekly %G-W%V", &tm);
        break;
    case RETENTION_MONTHLY:
        size = strftime(out, RETENTION_SLOT_SIZE, "monthly %Y-%m", &tm);
        break;
    case RETENTION_YEARLY:
        size = strftime(out, RETENTION_SLOT_SIZE, "yearly %Y", &tm);
        break;
    }
    if (size == 0)
        out[0] = '\0';
}
