#include "daemon/errand.h"

#include <event2/event.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "daemon/child.h"
#include "daemon/timer.h"

/* The child keeps the time limit itself; this is for one that cannot. */
enum { GRACE_MS = 5000, LINE_MAX = 4096 };

struct errand {
    struct child *child;
    struct event *overdue;
    errand_done *done;
    void *context;
    uint64_t began_ms;
};

void
errand_free(struct errand *errand)
{
    if (errand == NULL)
        return;
    child_free(errand->child, SIGTERM);
    if (errand->overdue != NULL)
        event_free(errand->overdue);
    free(errand);
}

static void
finish(struct errand *errand, bool ok, const char *message, uint64_t took_ms)
{
    struct errand_outcome outcome = {.ok = ok, .took_ms = took_ms};
    errand_done *done = errand->done;
    void *context = errand->context;

    snprintf(outcome.message, sizeof outcome.message, "%s", message);
    errand_free(errand);
    done(context, &outcome);
}

static void
fail(struct errand *errand, const char *message)
{
    finish(errand, false, message, clock_steady_ms() - errand->began_ms);
}

static void
read_outcome(void *context, const char *line)
{
    json_t *told = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    const char *message;
    json_int_t took_ms;
    int ok;

    if (told == NULL ||
        json_unpack(told, "{s:b, s:s, s:I}", "ok", &ok, "message", &message,
                    "took_ms", &took_ms) != 0)
        fail(context, "it told nothing that can be read");
    else
        finish(context, ok != 0, message, (uint64_t)took_ms);
    json_decref(told);
}

static void
ended(void *context, const char *how)
{
    struct errand *errand = context;

    errand->child = NULL;
    fail(errand, how);
}

static void
be_overdue(evutil_socket_t fd, short what, void *context)
{
    struct errand *errand = context;

    (void)fd;
    (void)what;
    /* SIGKILL would leave what it started; it dies when it can. */
    fail(errand, "it does not answer");
}

static json_t *
write_variables(const char *const *variables)
{
    json_t *all = json_array();

    for (; variables != NULL && *variables != NULL; variables++)
        json_array_append_new(all, json_string(*variables));
    return all;
}

/* The task as one line; NULL: it holds what is no UTF-8. */
static char *
write_task(const struct errand_task *task)
{
    json_t *object = json_pack("{s:s*, s:s*, s:s*, s:o, s:I}", "command",
                               task->command, "url", task->url, "body",
                               task->body, "variables",
                               write_variables(task->variables), "timeout_ms",
                               (json_int_t)task->timeout_ms);
    char *line = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    return line;
}

static int
begin(struct errand *errand, struct event_base *base, const char *program,
      const char *line, struct error *e)
{
    static const char *const argv[] = {"redkeep", "errand", NULL};
    struct child_task task = {.program = program,
                              .argv = argv,
                              .death_signal = SIGTERM,
                              .line_max = LINE_MAX};
    struct child_events events = {
        .line = read_outcome, .ended = ended, .context = errand};

    errand->overdue = evtimer_new(base, be_overdue, errand);
    if (errand->overdue == NULL)
        return error_set(e, ERROR_FAILED, "make a timer");
    errand->child = child_start(base, &task, &events, e);
    if (errand->child == NULL)
        return -1;
    child_send(errand->child, line);
    return 0;
}

struct errand *
errand_start(struct event_base *base, const char *program,
             const struct errand_task *task, errand_done *done, void *context,
             struct error *e)
{
    struct errand *errand = memory_new(sizeof *errand);
    char *line = write_task(task);

    errand->done = done;
    errand->context = context;
    errand->began_ms = clock_steady_ms();
    if (line == NULL)
        error_set(e, ERROR_FAILED, "its text is not UTF-8");
    else if (begin(errand, base, program, line, e) == 0) {
        timer_set(errand->overdue, task->timeout_ms + GRACE_MS);
        free(line);
        return errand;
    }
    free(line);
    errand_free(errand);
    return NULL;
}
