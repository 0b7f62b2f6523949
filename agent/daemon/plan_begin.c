#include "daemon/plan_work.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "daemon/plan_saved.h"

static bool
is_off(const struct plan_one *one)
{
    return one->due.schedule.kind == SCHEDULE_OFF;
}

bool
plan_begin_configure(struct plan_one *one, const struct config *c)
{
    const char *text = config_text(c, one->key);
    bool other = one->schedule == NULL || strcmp(one->schedule, text) != 0;
    struct error e;

    if (other) {
        free(one->schedule);
        one->schedule = memory_dup(text);
        one->view.schedule = one->schedule;
    }
    /* The configuration has judged it; what is not built is off. */
    if (!one->view.built || schedule_read(&one->due.schedule, text, &e) != 0)
        one->due.schedule = (struct schedule){.kind = SCHEDULE_OFF};
    one->due.jitter_ms = config_duration_ms(c, CONFIG_SCHEDULE_JITTER);
    one->view.interval_ms = schedule_interval_ms(&one->due.schedule);
    return other;
}

static void
tell_planned(const struct plan_one *one)
{
    char next[TEXT_TIME_SIZE];

    if (is_off(one))
        return;
    if (one->due.at_ms < 0) {
        log_line(LOG_LEVEL_INFO,
                 "%s job scheduled successfully schedule=\"%s\"",
                 one->view.name, one->schedule);
        return;
    }
    text_write_time(next, one->due.at_ms);
    log_line(LOG_LEVEL_INFO,
             "%s job scheduled successfully schedule=\"%s\" next=%s",
             one->view.name, one->schedule, next);
}

/* The agent was killed, and its child with it. */
static void
note_interrupted(struct plan_one *one, int64_t running_ms, int64_t now_ms)
{
    bool child = one->job != PLAN_BGSAVE && one->job != PLAN_BGREWRITEAOF;
    struct plan_run run = {
        .started_ms = running_ms,
        .finished_ms = now_ms > running_ms ? now_ms : running_ms,
        .result = PLAN_FAILED,
        .exit_status = -1,
        .signal = child ? SIGKILL : 0,
    };

    snprintf(run.text, sizeof run.text,
             "interrupted: the agent was ended while it ran%s%s",
             child ? ", and it by signal 9 (Killed)" : "",
             is_off(one) ? "" : "; it is run again");
    plan_run_record(one, &run);
}

/* Goes on with what was planned; says why it is to run now, or NULL. */
static const char *
resume(struct plan_one *one, const json_t *saved, int64_t now_ms)
{
    bool catch_up =
        config_flag(&one->plan->terms->config, CONFIG_SCHEDULE_CATCH_UP);
    struct plan_saved state;
    bool missed;

    plan_saved_read(one, saved, &state);
    missed = state.at_ms >= 0 && state.at_ms <= now_ms;
    if (state.same_schedule)
        missed = plan_due_resume(&one->due, state.due_ms, state.at_ms, now_ms,
                                 plan_work_random());
    else
        plan_due_begin(&one->due, now_ms, plan_work_random());
    if (!one->view.built)
        return NULL;
    if (state.running_ms >= 0)
        note_interrupted(one, state.running_ms, now_ms);
    if (is_off(one))
        return NULL;
    if (state.running_ms >= 0)
        return "it was interrupted";
    if (state.again)
        return "it could not run before";
    return missed && catch_up ? "it was missed" : NULL;
}

void
plan_begin(struct plan *p, const json_t *saved)
{
    const char *whys[PLAN_JOBS];
    int64_t now_ms = clock_wall_ms();

    p->wall_ms = now_ms;
    p->steady_ms = clock_elapsed_ms();
    for (int i = 0; i < PLAN_JOBS; i++) {
        struct plan_one *one = &p->jobs[i];

        whys[i] = resume(one, json_object_get(saved, one->view.name), now_ms);
        if (whys[i] == NULL && one->again)
            whys[i] = one->why;
        plan_run_show(one);
        tell_planned(one);
    }
    p->begun = true;
    for (int i = 0; i < PLAN_JOBS; i++)
        if (whys[i] != NULL)
            plan_run_want(&p->jobs[i], whys[i]);
    plan_work_set_timer(p);
}

/* Behind it, this process has run the job itself. */
static void
add_past(struct plan_one *one, const json_t *saved)
{
    struct plan_view *v = &one->view;
    struct plan_one past = {.view = {.schedule = v->schedule}};
    struct plan_saved unused;

    past.view.last_ok_ms = -1;
    plan_saved_read(&past, saved, &unused);
    v->runs += past.view.runs;
    v->failures += past.view.failures;
    for (int i = 0; i < PLAN_RESULTS; i++)
        v->results[i] += past.view.results[i];
    if (v->last_ok_ms < past.view.last_ok_ms)
        v->last_ok_ms = past.view.last_ok_ms;
    json_decref(past.view.report);
}

void
plan_adopt(struct plan *p, const json_t *saved)
{
    for (int i = 0; i < PLAN_JOBS; i++) {
        struct plan_one *one = &p->jobs[i];
        const json_t *past = json_object_get(saved, one->view.name);
        bool busy = one->view.running_ms >= 0 || one->tries > 0;
        const char *why = NULL;

        if (busy || one->view.runs > 0)
            add_past(one, past);
        else
            why = resume(one, past, clock_wall_ms());
        plan_run_show(one);
        if (why != NULL)
            plan_run_want(one, why);
    }
    plan_work_set_timer(p);
}

void
plan_reload(struct plan *p, const struct terms *terms)
{
    p->terms = terms;
    for (int i = 0; i < PLAN_JOBS; i++) {
        struct plan_one *one = &p->jobs[i];

        if (!plan_begin_configure(one, &terms->config) || !p->begun)
            continue;
        /* Nor is it waited for any more. */
        if (is_off(one))
            one->tries = 0;
        plan_due_begin(&one->due, clock_wall_ms(), plan_work_random());
        tell_planned(one);
        plan_work_changed(one);
    }
}
