#include "daemon/dump.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "daemon/worker.h"

struct dump {
    struct event_base *base;
    dump_judged *judged;
    void *context;
    struct worker *worker;   /* NULL: idle */
    char *waiting;           /* path of the next; NULL: none */
    struct worker_task task; /* but for the words */
};

static void begin(struct dump *d, const char *path);

/* The first thing that is wrong, as the report has it. */
static const char *
find_problem(const json_t *report)
{
    const char *verdict = json_string_value(json_object_get(report, "verdict"));
    const json_t *findings = json_object_get(report, "findings");
    const char *text;

    if (verdict == NULL)
        return NULL;
    if (strcmp(verdict, "sound") == 0 || strcmp(verdict, "unknown") == 0)
        return "";
    text =
        json_string_value(json_object_get(json_array_get(findings, 0), "text"));
    return text != NULL ? text : verdict;
}

static void
ended(void *context, const struct worker_outcome *outcome)
{
    struct dump *d = context;
    const char *problem = find_problem(outcome->report);
    char *next = d->waiting;

    d->worker = NULL;
    d->waiting = NULL;
    if (problem == NULL)
        log_line(LOG_LEVEL_WARNING, "the new dump could not be judged: %s",
                 outcome->text);
    d->judged(d->context, problem);
    if (next != NULL)
        begin(d, next);
    free(next);
}

static void
begin(struct dump *d, const char *path)
{
    const char *argv[] = {"redkeep", "check", "--quiet", "--", path, NULL};
    struct worker_task task = d->task;
    struct error e;

    task.argv = argv;
    d->worker = worker_start(d->base, &task, ended, d, &e);
    if (d->worker == NULL)
        log_line(LOG_LEVEL_WARNING, "the new dump could not be judged: %s",
                 e.text);
}

struct dump *
dump_new(struct event_base *base, const char *program, dump_judged *judged,
         void *context)
{
    struct dump *d = memory_new(sizeof *d);

    d->base = base;
    d->task.program = program;
    d->judged = judged;
    d->context = context;
    return d;
}

void
dump_judge(struct dump *d, const char *path, const struct config *c)
{
    worker_limit(&d->task, c);
    if (d->worker == NULL) {
        begin(d, path);
        return;
    }
    free(d->waiting);
    d->waiting = memory_dup(path);
}

void
dump_free(struct dump *d)
{
    if (d == NULL)
        return;
    worker_free(d->worker);
    free(d->waiting);
    free(d);
}
