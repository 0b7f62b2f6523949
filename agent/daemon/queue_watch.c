#include "daemon/queue_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "daemon/timer.h"
#include "daemon/worker.h"

enum {
    SERVER_WAIT_MS = 1000,
    TIME_LIMIT_MS = 60000,
    OPTIONS_MAX = 128,
};

struct queue_watch {
    struct event_base *base;
    const struct terms *terms;
    const char *program;
    const struct server *server;
    struct event *due;
    struct worker *worker; /* the run that is on; NULL */
    uint64_t began_ms;
    json_t *report; /* of the last good run; NULL: none */
    uint64_t counted_ms;
    int64_t counted_wall_ms;
    char worst[280];
    char problem[480]; /* why the last run came to nothing; "" */
    char trouble[480]; /* told of its report last */
    struct queue_watch_view view;
};

static uint64_t
every(const struct queue_watch *w)
{
    return config_duration_ms(&w->terms->config, CONFIG_QUEUES_EVERY);
}

static bool
is_on(const struct queue_watch *w)
{
    const char *watch = config_text(&w->terms->config, CONFIG_QUEUES_WATCH);

    return strcmp(watch, "off") != 0;
}

static void
forget(struct queue_watch *w)
{
    json_decref(w->report);
    w->report = NULL;
}

static int64_t
jobs_in(const json_t *queue, const char *state)
{
    return json_integer_value(
        json_object_get(json_object_get(queue, "states"), state));
}

static void
add_up(struct queue_watch *w)
{
    struct queue_watch_view *v = &w->view;
    const json_t *worst = NULL, *queue;
    size_t i;

    v->failed = v->worst_failed = 0;
    json_array_foreach(v->list, i, queue)
    {
        int64_t failed = jobs_in(queue, "failed") + jobs_in(queue, "dead");

        v->failed += failed;
        if (failed <= v->worst_failed)
            continue;
        v->worst_failed = failed;
        worst = queue;
    }
    v->worst = NULL;
    if (worst == NULL)
        return;
    snprintf(w->worst, sizeof w->worst, "%s %s",
             json_string_value(json_object_get(worst, "system")),
             json_string_value(json_object_get(worst, "queue")));
    v->worst = w->worst;
}

/* What is not in the numbers, told when it is another than before. */
static void
tell_trouble(struct queue_watch *w)
{
    const json_t *trouble = json_object_get(w->report, "trouble");
    const char *first = json_string_value(json_array_get(trouble, 0));
    long long total =
        json_integer_value(json_object_get(w->report, "trouble_total"));
    long long left_out =
        json_integer_value(json_object_get(w->report, "left_out"));
    char text[sizeof w->trouble] = "";
    size_t n = 0;

    if (left_out > 0)
        n = (size_t)snprintf(text, sizeof text, "%lld queue%s left out",
                             left_out, left_out == 1 ? " is" : "s are");
    if (first != NULL)
        snprintf(text + n, sizeof text - n, "%s%s%s", n > 0 ? "; " : "", first,
                 total > 1 ? ", and more" : "");
    if (text[0] != '\0' && strcmp(text, w->trouble) != 0)
        log_line(LOG_LEVEL_WARNING, "queues: %s", text);
    memcpy(w->trouble, text, sizeof text);
}

static bool
is_report(const json_t *report)
{
    const json_t *list = json_object_get(report, "queues"), *queue;
    size_t i;

    json_array_foreach(list, i, queue)
    {
        if (!json_is_string(json_object_get(queue, "system")) ||
            !json_is_string(json_object_get(queue, "queue")) ||
            !json_is_object(json_object_get(queue, "states")))
            return false;
    }
    return json_is_array(list);
}

static void
take(struct queue_watch *w, json_t *report)
{
    forget(w);
    w->report = json_incref(report);
    w->counted_ms = w->began_ms;
    w->counted_wall_ms = clock_wall_ms();
    w->view.list = json_object_get(report, "queues");
    w->view.whole = json_is_true(json_object_get(report, "whole"));
    add_up(w);
    if (w->problem[0] != '\0')
        log_line(LOG_LEVEL_INFO, "queues are counted again");
    w->problem[0] = '\0';
    tell_trouble(w);
}

static void
complain(struct queue_watch *w, const char *problem)
{
    if (strcmp(problem, w->problem) != 0)
        log_line(LOG_LEVEL_WARNING, "queues could not be counted: %s", problem);
    snprintf(w->problem, sizeof w->problem, "%s", problem);
}

static void
plan_next(struct queue_watch *w)
{
    uint64_t took = clock_steady_ms() - w->began_ms;

    /* A server that is too slow for it gets a rest. */
    timer_set(w->due, took < every(w) ? every(w) - took : every(w));
}

static void
ended(void *context, const struct worker_outcome *outcome)
{
    struct queue_watch *w = context;

    w->worker = NULL;
    if (outcome->exit_status == 0 && is_report(outcome->report))
        take(w, outcome->report);
    else
        complain(w, outcome->text[0] != '\0' ? outcome->text
                                             : "it reported nothing");
    plan_next(w);
}

static void
begin(struct queue_watch *w)
{
    const char *argv[OPTIONS_MAX + 4] = {"redkeep"};
    char *input = w->report == NULL ? NULL
                                    : json_dumps(w->report, JSON_COMPACT);
    struct worker_task task = {
        .program = w->program,
        .argv = argv,
        .input = input,
        .input_size = input == NULL ? 0 : strlen(input),
        .keep = w->terms->copy > 0 ? w->terms->copy : 0,
    };
    struct error e;
    size_t n = 0;

    worker_limit(&task, &w->terms->config);
    task.time_limit_ms = TIME_LIMIT_MS;
    for (; w->terms->options[n] != NULL && n < OPTIONS_MAX; n++)
        argv[n + 1] = w->terms->options[n];
    argv[n + 1] = "queues";
    if (input != NULL)
        argv[n + 2] = "--again";
    w->began_ms = clock_steady_ms();
    w->worker = worker_start(w->base, &task, ended, w, &e);
    free(input);
    if (w->worker != NULL)
        return;
    complain(w, e.text);
    plan_next(w);
}

static void
on_due(evutil_socket_t fd, short what, void *context)
{
    struct queue_watch *w = context;

    (void)fd;
    (void)what;
    if (server_view(w->server)->state == SERVER_CONNECTED)
        begin(w);
    else
        timer_set(w->due, SERVER_WAIT_MS);
}

static void
start(struct queue_watch *w)
{
    w->view.watched = is_on(w);
    if (w->view.watched)
        timer_set(w->due, 0);
}

struct queue_watch *
queue_watch_new(struct event_base *base, const struct terms *terms,
                const char *program, const struct server *server)
{
    struct queue_watch *w = memory_new(sizeof *w);

    w->base = base;
    w->terms = terms;
    w->program = program;
    w->server = server;
    w->due = evtimer_new(base, on_due, w);
    start(w);
    return w;
}

static bool
is_fresh(const struct queue_watch *w)
{
    const struct server_view *server = server_view(w->server);

    return w->report != NULL && server->state == SERVER_CONNECTED &&
           w->counted_wall_ms >= server->connected_ms &&
           clock_steady_ms() - w->counted_ms <= 3 * every(w) + TIME_LIMIT_MS;
}

const struct queue_watch_view *
queue_watch_view(struct queue_watch *w)
{
    if (w->report == NULL || !is_fresh(w)) {
        forget(w);
        w->view.list = NULL;
        w->view.worst = NULL;
        w->view.failed = w->view.worst_failed = -1;
    }
    return &w->view;
}

void
queue_watch_reload(struct queue_watch *w, const struct terms *terms)
{
    worker_free(w->worker);
    w->worker = NULL;
    forget(w);
    w->problem[0] = w->trouble[0] = '\0';
    w->terms = terms;
    evtimer_del(w->due);
    start(w);
}

void
queue_watch_free(struct queue_watch *w)
{
    if (w == NULL)
        return;
    worker_free(w->worker);
    event_free(w->due);
    forget(w);
    free(w);
}
