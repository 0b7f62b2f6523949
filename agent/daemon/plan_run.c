#include "daemon/plan_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/plan_text.h"

enum {
    RETRY_FIRST_MS = 5000,
    RETRY_MAX_MS = 300000,
    OPTIONS_MAX = 128,
};

#define REREAD_MS (UINT64_C(28) * 86400000)

void
plan_run_show(struct plan_one *one)
{
    struct plan_view *v = &one->view;

    v->pid = one->worker != NULL ? worker_pid(one->worker) : 0;
    v->next_ms = v->built ? one->due.at_ms : -1;
    if (v->running_ms >= 0)
        v->state = PLAN_RUNNING;
    else if (one->tries > 0) {
        int64_t retry = clock_wall_ms() + (int64_t)one->retry_ms -
                        (int64_t)clock_steady_ms();

        v->state = PLAN_WAITING;
        if (v->next_ms < 0 || retry < v->next_ms)
            v->next_ms = retry;
    } else
        v->state = !v->built || one->due.schedule.kind == SCHEDULE_OFF
                       ? PLAN_OFF
                       : PLAN_IDLE;
}

static void
tell(const struct plan_one *one, const struct plan_run *run)
{
    const char *name = one->view.name;
    const char *result = plan_result_name(run->result);
    char begin[TEXT_TIME_SIZE], end[TEXT_TIME_SIZE];
    enum log_level level = LOG_LEVEL_ERROR;

    if (run->result == PLAN_OK)
        level = LOG_LEVEL_INFO;
    else if (run->result == PLAN_SKIPPED || run->result == PLAN_LOCKED)
        level = LOG_LEVEL_WARNING;
    log_line(level, "%s job ended: %s result=%s seconds=%.1f", name, run->text,
             result, (double)(run->finished_ms - run->started_ms) / 1000);
    text_write_time(begin, run->started_ms);
    text_write_time(end, run->finished_ms);
    notice_tell(one->plan->notices, run->finished_ms, "job",
                json_pack("{s:s, s:s, s:i, s:i, s:s, s:s}", "job", name,
                          "result", result, "exit_status", run->exit_status,
                          "signal", run->signal, "started", begin, "finished",
                          end),
                "%s job %s: %s", name, result, run->text);
}

void
plan_run_record(struct plan_one *one, const struct plan_run *run)
{
    struct plan_view *v = &one->view;
    bool waits = run->result == PLAN_SKIPPED || run->result == PLAN_LOCKED;
    bool known = waits && one->told && strcmp(v->last.text, run->text) == 0;

    if (!waits || !one->told) {
        v->runs++;
        v->results[run->result]++;
        v->failures += run->result == PLAN_FAILED ||
                       run->result == PLAN_REFUSED;
    }
    one->told = waits;
    v->last = *run;
    if (run->result == PLAN_OK)
        v->last_ok_ms = run->finished_ms;
    if (!known)
        tell(one, run);
}

/* 5 s, 10 s, 20 s ... 5 min; the next that is due comes first, if it does. */
static void
wait_for_retry(struct plan_one *one)
{
    uint64_t delay = RETRY_FIRST_MS;

    for (unsigned i = 0; i < one->tries && delay < RETRY_MAX_MS; i++)
        delay *= 2;
    if (delay > RETRY_MAX_MS)
        delay = RETRY_MAX_MS;
    one->tries++;
    one->for_server = server_view(one->plan->server)->state != SERVER_CONNECTED;
    one->retry_ms = clock_steady_ms() + delay;
}

/*
 * Behind a snapshot that failed as well: what it lacked may be the space that
 * the trash holds.
 */
static bool
is_to_prune(const struct plan_one *one, const struct plan_run *run)
{
    const struct plan_one *prune = &one->plan->jobs[PLAN_PRUNE];
    bool kept = run->exit_status == 0 || run->exit_status == 1;

    return one->job == PLAN_SNAPSHOT &&
           (kept ||
            (run->result == PLAN_FAILED && one->view.last_ok_ms >= 0)) &&
           prune->due.schedule.kind == SCHEDULE_AFTER_SNAPSHOT;
}

static void
ended(struct plan_one *one, struct plan_run *run)
{
    struct plan *p = one->plan;
    bool waits = run->result == PLAN_SKIPPED || run->result == PLAN_LOCKED;

    run->started_ms = one->view.running_ms;
    run->finished_ms = clock_wall_ms();
    /* The clock may have been put back. */
    if (run->finished_ms < run->started_ms)
        run->finished_ms = run->started_ms;
    one->worker = NULL;
    one->persist = NULL;
    one->view.running_ms = -1;
    plan_run_record(one, run);
    /* What lacks memory is not tried until then: it costs a restore. */
    if (waits && !p->stopping &&
        (run->result != PLAN_SKIPPED || one->job != PLAN_DRILL))
        wait_for_retry(one);
    else
        one->tries = 0;
    if (p->stopping) {
        plan_work_changed(one);
        plan_work_ended(p);
        return;
    }
    if (one->again && !waits)
        plan_run_want(one, one->why);
    one->again = false;
    plan_work_changed(one);
    if (is_to_prune(one, run))
        plan_run_want(&p->jobs[PLAN_PRUNE], "after snapshot");
}

static void
child_ended(void *context, const struct worker_outcome *outcome)
{
    struct plan_one *one = context;
    struct plan_run run = {
        .result = plan_text_result(outcome),
        .exit_status = outcome->exit_status,
        .signal = outcome->signal,
    };

    plan_text_write(run.text, sizeof run.text, one->job, outcome);
    if (outcome->report != NULL &&
        json_object_get(outcome->report, "error") == NULL) {
        json_decref(one->view.report);
        one->view.report = json_incref(outcome->report);
    }
    /* One that the end of the agent ended is run again after its start. */
    if (outcome->cancelled && run.result != PLAN_OK) {
        run.result = PLAN_SKIPPED;
        snprintf(run.text, sizeof run.text,
                 "cancelled: the agent was stopped; it is run again");
        one->again = true;
    }
    ended(one, &run);
}

static void
persist_ended(void *context, const struct error *why, const char *text)
{
    struct plan_one *one = context;
    struct plan_run run = {.exit_status = -1};

    run.result = why->kind == ERROR_NONE     ? PLAN_OK
                 : why->kind == ERROR_DENIED ? PLAN_SKIPPED
                                             : PLAN_FAILED;
    snprintf(run.text, sizeof run.text, "%s", text);
    ended(one, &run);
}

/*
 * The newest, which a restore takes, and so much besides that all that stays is
 * read again within four weeks, however often it runs.
 */
static void
write_sample(struct plan_one *one)
{
    uint64_t percent = 1 + one->view.interval_ms * 100 / REREAD_MS;

    snprintf(one->sample, sizeof one->sample, "%u%%",
             percent < 100 ? (unsigned)percent : 100);
}

static int
start_child(struct plan_one *one, struct error *e)
{
    struct plan *p = one->plan;
    const char *argv[OPTIONS_MAX + 6] = {"redkeep"};
    struct worker_task task = {
        .program = p->program,
        .argv = argv,
        .keep = p->terms->copy > 0 ? p->terms->copy : 0,
    };
    size_t n = 0;

    worker_limit(&task, &p->terms->config);
    for (; p->terms->options[n] != NULL && n < OPTIONS_MAX; n++)
        argv[n + 1] = p->terms->options[n];
    argv[n + 1] = one->view.name;
    /* We made its folder: where that is gone, a disk is. */
    if (one->job == PLAN_SNAPSHOT)
        argv[n + 2] = "--existing";
    if (one->job == PLAN_VERIFY) {
        write_sample(one);
        argv[n + 2] = "latest";
        argv[n + 3] = "--sample";
        argv[n + 4] = one->sample;
    }
    one->worker = worker_start(p->base, &task, child_ended, one, e);
    return one->worker != NULL ? 0 : -1;
}

static void
start_persist(struct plan_one *one)
{
    struct plan *p = one->plan;

    one->persist = persist_start(
        p->base, p->server,
        one->job == PLAN_BGSAVE ? PERSIST_BGSAVE : PERSIST_BGREWRITEAOF,
        config_duration_ms(&p->terms->config, CONFIG_JOBS_TIME_LIMIT),
        persist_ended, one);
}

/* Where the data is, only the server can say. */
static bool
lacks_server(const struct plan_one *one)
{
    const struct plan *p = one->plan;

    if (server_view(p->server)->state == SERVER_CONNECTED)
        return false;
    return one->job == PLAN_BGSAVE || one->job == PLAN_BGREWRITEAOF ||
           (one->job == PLAN_SNAPSHOT &&
            config_text(&p->terms->config, CONFIG_DATA_DIR) == NULL);
}

static void
start(struct plan_one *one)
{
    struct plan_run run = {.exit_status = -1, .result = PLAN_FAILED};
    struct error e;

    one->view.running_ms = clock_wall_ms();
    if (lacks_server(one)) {
        run.result = PLAN_SKIPPED;
        snprintf(run.text, sizeof run.text, "the server is %s",
                 server_view(one->plan->server)->loading ? "loading its data"
                                                         : "not connected");
        ended(one, &run);
        return;
    }
    /* What is begun is noted before it begins. */
    plan_work_changed(one);
    if (one->job == PLAN_BGSAVE || one->job == PLAN_BGREWRITEAOF)
        start_persist(one);
    else if (start_child(one, &e) != 0) {
        snprintf(run.text, sizeof run.text, "%s", e.text);
        ended(one, &run);
        return;
    }
    plan_run_show(one);
    if (one->worker != NULL)
        log_line(LOG_LEVEL_INFO, "%s job began reason=\"%s\" pid=%ld",
                 one->view.name, one->why, (long)one->view.pid);
    else
        log_line(LOG_LEVEL_INFO, "%s job began reason=\"%s\"", one->view.name,
                 one->why);
}

void
plan_run_want(struct plan_one *one, const char *why)
{
    if (why != one->why)
        snprintf(one->why, sizeof one->why, "%s", why);
    if (!one->plan->begun || one->plan->stopping || one->view.running_ms >= 0) {
        one->again = true;
        return;
    }
    one->again = false;
    one->tries = 0;
    one->told = false;
    start(one);
}

void
plan_run_retry(struct plan_one *one, uint64_t steady_ms)
{
    bool connected = server_view(one->plan->server)->state == SERVER_CONNECTED;

    if (one->tries == 0 || one->view.running_ms >= 0)
        return;
    if (one->for_server ? connected : steady_ms >= one->retry_ms)
        start(one);
}
