/*
 * timer.h - times of the loop, in milliseconds.
 */
#ifndef DAEMON_TIMER_H
#define DAEMON_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct event;
struct event_base;

/* Has an event come once, ms from now; one that was set is set anew. */
void timer_set(struct event *timer, uint64_t ms);

/* Turns the loop until done says so, or for limit_ms; for the end. */
void timer_turn(struct event_base *base, uint64_t limit_ms,
                bool (*done)(const void *context), const void *context);

#endif
