/*
 * plan_work.h - what the parts of the plan share: plan.c (when), plan_begin
 * (what is planned), plan_run (one run), plan_saved (the state file).
 */
#ifndef DAEMON_PLAN_WORK_H
#define DAEMON_PLAN_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/persist.h"
#include "daemon/plan.h"
#include "daemon/plan_due.h"
#include "daemon/worker.h"

struct event;

struct plan_one {
    struct plan *plan;
    enum plan_job job;
    enum config_key key; /* of its schedule */
    struct plan_view view;
    char *schedule; /* view.schedule */
    struct plan_due due;
    char sample[8];    /* of a verify: --sample */
    char why[80];      /* of the run that is on or waited for */
    bool again;        /* wanted while it ran, or before the plan has begun */
    bool told;         /* that it cannot run now: once for each that is due */
    unsigned tries;    /* how often it could not */
    uint64_t retry_ms; /* steady clock; when to try again */
    bool for_server;   /* at once when the server is connected */
    struct worker *worker;
    struct persist *persist;
};

struct plan {
    struct event_base *base; /* borrowed, as are the next five */
    const struct terms *terms;
    const char *program;
    struct server *server;
    struct notices *notices;
    struct plan_events events;
    struct plan_one jobs[PLAN_JOBS];
    struct event *timer;
    int64_t wall_ms; /* both clocks, when they were last compared */
    uint64_t steady_ms;
    bool begun, first_asked;
    bool stopping;
    void (*stopped)(void *context);
    void *stopped_context;
};

/* Runs it now; one that runs already runs once more after it. */
void plan_run_want(struct plan_one *one, const char *why);

/* Tries again what could not run, if it is time. */
void plan_run_retry(struct plan_one *one, uint64_t steady_ms);

/* Notes a run that has ended. */
void plan_run_record(struct plan_one *one, const struct plan_run *run);

/* State and next of the view, after anything else has changed. */
void plan_run_show(struct plan_one *one);

/* Brings the view up to date, sets the timer anew, tells the agent. */
void plan_work_changed(struct plan_one *one);

void plan_work_set_timer(struct plan *p);
uint32_t plan_work_random(void);

/* Takes its schedule from a configuration. True: another than before. */
bool plan_begin_configure(struct plan_one *one, const struct config *c);

/* One of the jobs has ended while the plan is being stopped. */
void plan_work_ended(struct plan *p);

#endif
