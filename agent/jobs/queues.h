/*
 * queues.h - job queues in a server: which there are, and how many jobs are in
 * which state.
 *
 * One table (queues_table.c) says for each system how its queues are found and
 * which keys hold the jobs of which state. Only lengths are asked for, never a
 * job. All of it is of the database that the link is in.
 */
#ifndef JOBS_QUEUES_H
#define JOBS_QUEUES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "redis/link.h"

enum queues_system {
    QUEUES_BULLMQ, /* and Bull, whose keys are the same */
    QUEUES_CELERY,
    QUEUES_RQ,
    QUEUES_SIDEKIQ,
};
enum { QUEUES_SYSTEMS = QUEUES_SIDEKIQ + 1 };

enum queues_state {
    QUEUES_WAITING,
    QUEUES_PRIORITIZED,
    QUEUES_PAUSED,
    QUEUES_DELAYED,
    QUEUES_DEFERRED,         /* RQ: waits for other jobs */
    QUEUES_WAITING_CHILDREN, /* BullMQ: the same */
    QUEUES_ACTIVE,
    QUEUES_RETRY, /* Sidekiq: failed, will be tried again */
    QUEUES_COMPLETED,
    QUEUES_CANCELED,
    QUEUES_FAILED,
    QUEUES_DEAD, /* Sidekiq: failed for good */
};
enum { QUEUES_STATES = QUEUES_DEAD + 1 };

enum {
    QUEUES_MAX = 500,       /* queues; more are left out, and counted */
    QUEUES_BASE_MAX = 160,  /* bytes; so are those with longer names, */
    QUEUES_TROUBLE_MAX = 5, /* keys of another type that are named */
};

/* What a system counts for all of its queues together is of this queue. */
#define QUEUES_ALL "*"

struct queues_queue {
    enum queues_system system;
    char *name; /* as it is told: of a prefix but "bull" with that */
    char *base; /* what its keys are made of: "bull:mail", "mail" */
    bool seen;  /* found in this run, not only known from before */
    int64_t jobs[QUEUES_STATES]; /* -1: there is no such state, or no telling */
};

struct queues {
    struct queues_queue *items; /* by system and name */
    size_t count, capacity;
    size_t left_out; /* and with names that are not UTF-8 or cannot be shown */
    bool whole;      /* every key was looked at for names of queues */
    json_t *cursors; /* where that goes on, by pattern */
    char *trouble[QUEUES_TROUBLE_MAX]; /* "bull:mail:wait is no list" */
    size_t trouble_count;              /* may be more than are named */
};

/*
 * Names of BullMQ's and Celery's queues are found by a look at all keys, so
 * many in one run; the next one goes on where it ended, with the queues that
 * were known.
 */
struct queues_options {
    const char *watch;    /* as [queues] watch has it */
    uint64_t keys_max;    /* to be looked at */
    const json_t *before; /* queues_json of the run before; NULL: none */
};
enum { QUEUES_KEYS_ONCE = 2000000, QUEUES_KEYS_AGAIN = 200000 };

/*
 * Finds and counts. ERROR_DENIED where the server does not let us, with what
 * it said. queues_clear in any case.
 */
int queues_ask(struct queues *all, struct link *link,
               const struct queues_options *options, struct error *e);

void queues_clear(struct queues *all);

const char *queues_system_name(enum queues_system system); /* "bullmq" */
const char *queues_state_name(enum queues_state state);    /* "waiting" */

/* Jobs of a queue that have failed for good. */
int64_t queues_failed(const struct queues_queue *queue);

/*
 * Whether there are queues of any system in any database, by a few quick looks
 * (tens of milliseconds at most): "none" may be wrong where they are few among
 * millions of other keys. The link is in database afterwards, where it must
 * have been. *found is the system's name, or NULL.
 */
int queues_any(struct link *link, int database, const char **found,
               struct error *e);

/*
 * {"queues": [{"system", "queue", "states": {NAME: JOBS}}], "left_out",
 * "whole", "trouble": [TEXT], "trouble_total", "cursors": {PATTERN: CURSOR}}
 */
json_t *queues_json(const struct queues *all);

#endif
