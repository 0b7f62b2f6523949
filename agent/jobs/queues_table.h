/*
 * queues_table.h - where each system keeps its jobs. For queues_find.c and
 * queues_count.c.
 *
 * Sources: BullMQ 5 (src/classes/queue-keys.ts, src/commands/getCounts-1.lua),
 * Sidekiq 7 (lib/sidekiq/api.rb), kombu 5 (transport/redis.py), RQ 1 and 2
 * (rq/registry.py, rq/queue.py).
 */
#ifndef JOBS_QUEUES_TABLE_H
#define JOBS_QUEUES_TABLE_H

#include "jobs/queues.h"

/* BEFORE base AFTER is the key; several of one state are added up. */
struct queues_key {
    enum queues_state state;
    const char *command; /* NULL: the end */
    const char *before, *after;
    const char *marker; /* at the end of a list: no job; NULL: none */
};

struct queues_layout {
    const char *name;
    /* A set of what is behind set_before, each a base; or NULL. */
    const char *set, *set_before;
    const struct queues_key *own;    /* of each queue */
    const struct queues_key *shared; /* of QUEUES_ALL, base ""; may be NULL */
    /* A set of hashes whose busy says how many jobs are active; or NULL. */
    const char *workers;
};

extern const struct queues_layout queues_layouts[QUEUES_SYSTEMS];

#endif
