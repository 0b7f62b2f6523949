/*
 * queues_work.h - the two halves of queues_ask.
 */
#ifndef JOBS_QUEUES_WORK_H
#define JOBS_QUEUES_WORK_H

#include "jobs/queues.h"

/* Adds the queues there are, without their counts. */
int queues_find(struct queues *all, struct link *link,
                const struct queues_options *options, struct error *e);

/*
 * Adds one, unless it is there; base is copied. What cannot be told or is too
 * much is counted as left out. NULL: there is none of that base.
 */
struct queues_queue *queues_add(struct queues *all, enum queues_system system,
                                const char *base, size_t size);

/*
 * The queue of what kombu binds: KEY 06 16 PATTERN 06 16 QUEUE. NULL: there is
 * none.
 */
const char *queues_bound(const char *member, size_t size, size_t *length);

/* Fills their counts. */
int queues_count(struct queues *all, struct link *link, struct error *e);

/* Notes a key that could not be counted: why is a number of redis/keys.h. */
void queues_note(struct queues *all, const char *key, const char *command,
                 int64_t why);

#endif
