/*
 * alarm.h - the alarms: raised once, cleared once. Rules look at what the agent
 * knows (struct agent) and say whether theirs is on; unknown neither raises nor
 * clears.
 */
#ifndef DAEMON_ALARM_H
#define DAEMON_ALARM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/notice.h"

struct agent;

/* One of the names of the contract, and how it stands. */
struct alarm {
    const char *name;
    bool raised;
    int64_t since_ms;
    double value, threshold; /* NAN: none */
    char text[240];
};

struct alarms;

struct alarms *alarm_new(struct notices *notices);

/* Looks at everything; the agent calls it every second and after changes. */
void alarm_look(struct alarms *all, const struct agent *agent, int64_t now_ms);

/* All alarms there are, raised or not; *count of them; borrowed. */
const struct alarm *alarm_list(const struct alarms *all, size_t *count);

/* For the state file: those raised stay raised after a restart. */
json_t *alarm_write(const struct alarms *all);
void alarm_read(struct alarms *all, const json_t *saved);

void alarm_free(struct alarms *all); /* accepts NULL */

#endif
