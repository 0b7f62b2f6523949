/*
 * counters_work.h - the parts of the job; for counters*.c only.
 */
#ifndef JOBS_COUNTERS_WORK_H
#define JOBS_COUNTERS_WORK_H

#include "jobs/counters.h"
#include "redis/counter.h"

/* Runs the source and keeps its rows; wants so many of it (0: all). */
int counters_source_read(struct counters_set *set, uint64_t sample,
                         const struct progress *progress, struct error *e);

/* Compares the rows, or some of them, with the server's. */
int counters_compare(struct counters *c, struct counters_set *set,
                     const struct counters_options *options, struct link *link,
                     struct error *e);

/* Raises what is behind. */
int counters_raise(struct counters *c, struct counters_set *set,
                   const struct counters_options *options, struct link *link,
                   struct error *e);

/* Counts what was found of a row, and tells it where it is to be told. */
void counters_tell(struct counters *c, struct counters_set *set,
                   const struct counters_row *row, enum counter_state state,
                   int64_t number);

/* printf. */
void counters_warn(struct counters *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
