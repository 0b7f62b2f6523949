/*
 * hooks.h - tells others: on_event, on_alarm, webhook, heartbeat. Commands one
 * at a time and in order, and so the webhook, beside them: each has a queue of
 * bounded length. Of what overflows the oldest goes, counted and told.
 */
#ifndef DAEMON_HOOKS_H
#define DAEMON_HOOKS_H

#include <stdint.h>

#include "config/config.h"
#include "daemon/notice.h"

struct event_base;
struct hooks;

enum { HOOKS_QUEUE = 256 };

/* Borrows all; becomes the listener of notices. */
struct hooks *hooks_new(struct event_base *base, const struct config *config,
                        const char *program, struct notices *notices);

/* Whether the heartbeat may be sent: the agent says so by its health. */
void hooks_set_healthy(struct hooks *h, bool healthy);

void hooks_reload(struct hooks *h, const struct config *config);

/* Waits at most limit_ms for what is queued; for the end. */
void hooks_flush(struct hooks *h, unsigned limit_ms);

void hooks_free(struct hooks *h); /* accepts NULL */

#endif
