/*
 * retention_slot.h - hours, days, weeks, months and years (of UTC), of which
 * retention keeps one snapshot each; for retention.c.
 */
#ifndef REPO_RETENTION_SLOT_H
#define REPO_RETENTION_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum retention_slot {
    RETENTION_HOURLY,
    RETENTION_DAILY,
    RETENTION_WEEKLY, /* of ISO 8601 */
    RETENTION_MONTHLY,
    RETENTION_YEARLY,
};
enum { RETENTION_SLOTS = 5, RETENTION_SLOT_SIZE = 48 };

/* The number of the slot that a time lies in. */
int64_t retention_slot_of(enum retention_slot slot, int64_t at_ms);

/* "hourly 2026-11-20 11:00", "weekly 2026-W47", "yearly 2026". */
void retention_slot_write(char out[RETENTION_SLOT_SIZE],
                          enum retention_slot slot, int64_t at_ms);

#endif
