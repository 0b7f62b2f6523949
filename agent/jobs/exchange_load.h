/*
 * exchange_load.h - waits for a server that was started to have loaded, and
 * finds its own words when it did not; for exchange*.c only.
 */
#ifndef JOBS_EXCHANGE_LOAD_H
#define JOBS_EXCHANGE_LOAD_H

#include "jobs/exchange.h"

/* Finds the server's log file, by its own word, while it answers. */
void exchange_load_find_log(struct exchange *x, struct link *link);

/* From now on, what its log says is of the start to come. */
void exchange_load_mark(struct exchange *x);

/*
 * Waits until it has loaded: x->info, down_ms and load_ms are of then. -1: it
 * ended, or was started again, or the limit has come (ERROR_FAILED).
 */
int exchange_load_wait(struct exchange *x, struct error *e);

#endif
