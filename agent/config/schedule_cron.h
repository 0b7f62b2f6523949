/*
 * schedule_cron.h - the five fields of cron, from text; for schedule.c.
 */
#ifndef CONFIG_SCHEDULE_CRON_H
#define CONFIG_SCHEDULE_CRON_H

#include "config/schedule.h"

/* Fills the masks. ERROR_USAGE names the field, what it is and what it may be.
 */
int schedule_cron_read(struct schedule *s, const char *text, struct error *e);

#endif
