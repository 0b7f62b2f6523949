/*
 * plan.h - the jobs: when each is due, the run that is on, what came of the
 * last ones. The agent decides when; a child does the work (bgsave and
 * bgrewriteaof are asked of the server by the agent itself, persist.h).
 *
 * Every due run happens once: a run missed while the agent was down or the job
 * still ran is caught up once. What was begun is in the state before it begins.
 */
#ifndef DAEMON_PLAN_H
#define DAEMON_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "daemon/notice.h"
#include "daemon/server.h"
#include "daemon/terms.h"

struct event_base;

enum plan_job {
    PLAN_SNAPSHOT,
    PLAN_BGSAVE,
    PLAN_BGREWRITEAOF,
    PLAN_DRILL,
    PLAN_VERIFY,
    PLAN_PRUNE,
    PLAN_FOLLOW,
};
enum { PLAN_JOBS = 7 };

enum plan_state { PLAN_IDLE, PLAN_RUNNING, PLAN_WAITING, PLAN_OFF };

enum plan_result {
    PLAN_OK,
    PLAN_FAILED,
    PLAN_REFUSED, /* exit status 4 */
    PLAN_LOCKED,  /* 5 */
    PLAN_SKIPPED, /* could not run now */
};
enum { PLAN_RESULTS = 5 };

struct plan_run {
    int64_t started_ms, finished_ms;
    enum plan_result result;
    int exit_status; /* -1: none */
    int signal;      /* 0: none */
    char text[480];
};

struct plan_view {
    const char *name;
    const char *schedule; /* as configured; borrowed from the configuration */
    bool built;           /* false: off until its command exists */
    enum plan_state state;
    pid_t pid;       /* 0 unless a child runs */
    int64_t next_ms; /* -1: never */
    uint64_t runs, failures;
    uint64_t results[PLAN_RESULTS];
    struct plan_run last; /* meaningless while runs is 0 */
    int64_t last_ok_ms;   /* when the last good run ended; -1 never */
    int64_t running_ms;   /* since when it runs; -1 */
    uint64_t interval_ms; /* between two runs, for overdue; 0: no schedule */
    json_t *report;       /* of the last run that gave one; NULL */
};

struct plan_events {
    void (*changed)(void *context,
                    enum plan_job job); /* began, ended, planned */
    void *context;
};

struct plan;

/* Borrows all; program: path of redkeep. */
struct plan *plan_new(struct event_base *base, const struct terms *terms,
                      const char *program, struct server *server,
                      struct notices *notices,
                      const struct plan_events *events);

/* Takes "jobs" of the state file (NULL: none), plans the next runs, begins. */
void plan_begin(struct plan *p, const json_t *saved);

/* Takes "jobs" of a state file that came late: the past of what was begun. */
void plan_adopt(struct plan *p, const json_t *saved);

const struct plan_view *plan_view(const struct plan *p, enum plan_job job);
const char *plan_job_name(enum plan_job job);
const char *plan_state_name(enum plan_state state);
const char *plan_result_name(enum plan_result result);

/*
 * Has a job run as soon as it can, out of its schedule: why is for the log. One
 * that runs already runs once more after it.
 */
void plan_ask(struct plan *p, enum plan_job job, const char *why);

/*
 * How many good or bad snapshots the repository holds; none: the first at once.
 */
void plan_know_snapshots(struct plan *p, size_t count);

/* "jobs" for the state file; caller's. */
json_t *plan_write(const struct plan *p);

/* Another configuration: running jobs go on, the rest is planned anew. */
void plan_reload(struct plan *p, const struct terms *terms);

/*
 * Cancels what runs; done is called when nothing runs any more, or what still
 * does cannot be killed.
 */
void plan_stop(struct plan *p, void (*done)(void *context), void *context);

void plan_free(struct plan *p); /* kills what still runs; accepts NULL */

#endif
