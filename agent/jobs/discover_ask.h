/*
 * discover_ask.h - asks the servers that may be there what they are; for
 * discover.c.
 */
#ifndef JOBS_DISCOVER_ASK_H
#define JOBS_DISCOVER_ASK_H

#include "base/error.h"
#include "jobs/discover.h"

/*
 * Asks each candidate; forgets those that nothing but a guess speaks for; makes
 * one of several ways to the same server; puts those that answer first. -1 only
 * when asked to stop.
 */
int discover_ask(struct discover *d, const struct discover_options *options,
                 struct error *e);

/* Forgets one. */
void discover_ask_drop(struct discover *d, size_t i);

#endif
