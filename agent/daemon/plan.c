#include "daemon/plan.h"

#include <stdlib.h>

#include <event2/event.h>
#include <event2/util.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/plan_saved.h"
#include "daemon/plan_work.h"
#include "daemon/timer.h"

enum {
    /* So often clocks are compared, at least: the wall clock may be set. */
    LOOK_MS = 60000,
    LOOK_SERVER_MS = 1000, /* while a job waits for the server */
    JUMP_MS = 1000,        /* what is less is its adjustment */
    /* One that waits for a disk that hangs cannot be killed. */
    STOP_MS = WORKER_GRACE_MS + 2000,
};

static const struct {
    const char *name;
    enum config_key schedule;
    bool built;
} jobs[PLAN_JOBS] = {
    [PLAN_SNAPSHOT] = {"snapshot", CONFIG_SCHEDULE_SNAPSHOT, true},
    [PLAN_BGSAVE] = {"bgsave", CONFIG_SCHEDULE_BGSAVE, true},
    [PLAN_BGREWRITEAOF] = {"bgrewriteaof", CONFIG_SCHEDULE_BGREWRITEAOF, true},
    [PLAN_DRILL] = {"drill", CONFIG_SCHEDULE_DRILL, true},
    [PLAN_VERIFY] = {"verify", CONFIG_SCHEDULE_VERIFY, true},
    [PLAN_PRUNE] = {"prune", CONFIG_SCHEDULE_PRUNE, true},
    /* Not by the clock, but as long as the agent runs: yes or no. */
    [PLAN_FOLLOW] = {"follow", CONFIG_LOG_FOLLOW, false},
};

static const char *const state_names[] = {"idle", "running", "waiting", "off"};
static const char *const result_names[PLAN_RESULTS] = {
    "ok", "failed", "refused", "locked", "skipped"};

const char *
plan_job_name(enum plan_job job)
{
    return jobs[job].name;
}

const char *
plan_state_name(enum plan_state state)
{
    return state_names[state];
}

const char *
plan_result_name(enum plan_result result)
{
    return result_names[result];
}

uint32_t
plan_work_random(void)
{
    uint32_t number;

    evutil_secure_rng_get_bytes(&number, sizeof number);
    return number;
}

static uint64_t
at_most(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* How long nothing can happen. */
static uint64_t
idle_ms(const struct plan *p, int64_t wall_ms, uint64_t steady_ms)
{
    uint64_t least = LOOK_MS;

    for (int i = 0; i < PLAN_JOBS; i++) {
        const struct plan_one *one = &p->jobs[i];
        int64_t left = one->due.at_ms - wall_ms;

        if (one->due.at_ms >= 0)
            least = at_most(least, left > 0 ? (uint64_t)left : 0);
        if (one->tries == 0 || one->view.running_ms >= 0)
            continue;
        if (one->for_server)
            least = at_most(least, LOOK_SERVER_MS);
        else
            least = at_most(least, one->retry_ms > steady_ms
                                       ? one->retry_ms - steady_ms
                                       : 0);
    }
    return least;
}

void
plan_work_set_timer(struct plan *p)
{
    uint64_t ms = idle_ms(p, clock_wall_ms(), clock_steady_ms());

    if (p->begun && !p->stopping)
        timer_set(p->timer, ms);
}

void
plan_work_changed(struct plan_one *one)
{
    struct plan *p = one->plan;

    plan_run_show(one);
    plan_work_set_timer(p);
    if (p->begun && p->events.changed != NULL)
        p->events.changed(p->events.context, one->job);
}

/* Whether the wall clock was set since the last look: by how much. */
static int64_t
find_jump(struct plan *p, int64_t wall_ms, uint64_t steady_ms)
{
    int64_t jump = wall_ms - p->wall_ms - (int64_t)(steady_ms - p->steady_ms);

    p->wall_ms = wall_ms;
    p->steady_ms = steady_ms;
    return jump > JUMP_MS || jump < -JUMP_MS ? jump : 0;
}

static void
heed_jump(struct plan *p, int64_t jump_ms, int64_t wall_ms)
{
    log_line(LOG_LEVEL_WARNING, "the clock was set seconds=%.1f",
             (double)jump_ms / 1000);
    for (int i = 0; i < PLAN_JOBS; i++) {
        plan_due_jump(&p->jobs[i].due, jump_ms, wall_ms, plan_work_random());
        plan_work_changed(&p->jobs[i]);
    }
}

static void
on_time(evutil_socket_t fd, short what, void *context)
{
    struct plan *p = context;
    int64_t wall_ms = clock_wall_ms(), jump;

    (void)fd;
    (void)what;
    if (p->stopping) {
        p->stopped(p->stopped_context);
        return;
    }
    jump = find_jump(p, wall_ms, clock_elapsed_ms());
    if (jump != 0)
        heed_jump(p, jump, wall_ms);
    for (int i = 0; i < PLAN_JOBS; i++) {
        struct plan_one *one = &p->jobs[i];

        if (plan_due_take(&one->due, wall_ms, plan_work_random()))
            plan_run_want(one, "schedule");
        else
            plan_run_retry(one, clock_steady_ms());
    }
    plan_work_set_timer(p);
}

struct plan *
plan_new(struct event_base *base, const struct terms *terms,
         const char *program, struct server *server, struct notices *notices,
         const struct plan_events *events)
{
    struct plan *p = memory_new(sizeof *p);

    p->base = base;
    p->terms = terms;
    p->program = program;
    p->server = server;
    p->notices = notices;
    p->events = *events;
    p->timer = evtimer_new(base, on_time, p);
    for (int i = 0; i < PLAN_JOBS; i++) {
        struct plan_one *one = &p->jobs[i];

        one->plan = p;
        one->job = (enum plan_job)i;
        one->key = jobs[i].schedule;
        one->due.due_ms = one->due.at_ms = -1;
        one->view = (struct plan_view){
            .name = jobs[i].name,
            .built = jobs[i].built,
            .next_ms = -1,
            .last_ok_ms = -1,
            .running_ms = -1,
        };
        plan_begin_configure(one, &terms->config);
        plan_run_show(one);
    }
    return p;
}

const struct plan_view *
plan_view(const struct plan *p, enum plan_job job)
{
    return &p->jobs[job].view;
}

void
plan_ask(struct plan *p, enum plan_job job, const char *why)
{
    if (p->jobs[job].view.built)
        plan_run_want(&p->jobs[job], why);
}

void
plan_know_snapshots(struct plan *p, size_t count)
{
    struct plan_one *one = &p->jobs[PLAN_SNAPSHOT];
    bool busy = one->view.running_ms >= 0 || one->tries > 0;

    if (p->first_asked || !p->begun)
        return;
    p->first_asked = true;
    if (count == 0 && !busy && one->due.schedule.kind != SCHEDULE_OFF &&
        config_flag(&p->terms->config, CONFIG_SCHEDULE_CATCH_UP))
        plan_run_want(one, "there is no snapshot yet");
}

json_t *
plan_write(const struct plan *p)
{
    json_t *object = json_object();

    for (int i = 0; i < PLAN_JOBS; i++)
        json_object_set_new(object, jobs[i].name,
                            plan_saved_write(&p->jobs[i]));
    return object;
}

static bool
is_quiet(const struct plan *p)
{
    for (int i = 0; i < PLAN_JOBS; i++)
        if (p->jobs[i].worker != NULL)
            return false;
    return true;
}

/* Not from where the last one ends: there others still work on the plan. */
void
plan_work_ended(struct plan *p)
{
    timer_set(p->timer, is_quiet(p) ? 0 : STOP_MS);
}

void
plan_stop(struct plan *p, void (*done)(void *context), void *context)
{
    p->stopping = true;
    p->stopped = done;
    p->stopped_context = context;
    evtimer_del(p->timer);
    for (int i = 0; i < PLAN_JOBS; i++) {
        struct plan_one *one = &p->jobs[i];

        if (one->worker != NULL)
            worker_cancel(one->worker);
        if (one->persist == NULL)
            continue;
        /* The server goes on with it; whether it ends well is not seen. */
        persist_free(one->persist);
        one->persist = NULL;
        one->view.running_ms = -1;
        one->again = true;
        plan_work_changed(one);
    }
    plan_work_ended(p);
}

void
plan_free(struct plan *p)
{
    if (p == NULL)
        return;
    for (int i = 0; i < PLAN_JOBS; i++) {
        worker_free(p->jobs[i].worker);
        persist_free(p->jobs[i].persist);
        json_decref(p->jobs[i].view.report);
        free(p->jobs[i].schedule);
    }
    event_free(p->timer);
    free(p);
}
