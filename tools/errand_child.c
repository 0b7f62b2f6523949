/*
 * redkeep errand: one command or request of the configuration, for the agent
 * alone. The task is one line of JSON on standard input, so that no secret is
 * in a list of processes; the outcome one line on standard output.
 */
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "command.h"
#include "jobs/request.h"
#include "jobs/shell.h"
#include "jobs/value.h"

enum { TASK_MAX = 1 << 20, VARIABLES_MAX = 16 };

struct task {
    json_t *object; /* owns the texts */
    const char *command, *url, *body;
    const char *variables[VARIABLES_MAX + 1];
    json_int_t timeout_ms;
};

struct outcome {
    bool ok;
    uint64_t took_ms;
    char text[SHELL_LINE_SIZE];
};

/* Up to the newline: the other end stays open, its end is the agent's. */
static char *
read_line(struct error *e)
{
    char *line = memory_new(TASK_MAX);
    size_t used = 0;
    ssize_t n;

    while (used < TASK_MAX - 1) {
        n = read(STDIN_FILENO, line + used, TASK_MAX - 1 - used);
        if (n <= 0)
            break;
        used += (size_t)n;
        if (line[used - 1] == '\n')
            return line;
    }
    free(line);
    error_set(e, ERROR_USAGE, "no task on standard input");
    return NULL;
}

static int
read_variables(struct task *task, const json_t *all)
{
    size_t count = json_array_size(all);

    if (count > VARIABLES_MAX)
        return -1;
    for (size_t i = 0; i < count; i++)
        if ((task->variables[i] = json_string_value(json_array_get(all, i))) ==
            NULL)
            return -1;
    return 0;
}

static int
read_task(struct task *task, struct error *e)
{
    char *line = read_line(e);
    json_t *variables = NULL;

    if (line == NULL)
        return -1;
    task->object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    free(line);
    if (json_unpack(task->object, "{s?s, s?s, s?s, s?o, s:I}", "command",
                    &task->command, "url", &task->url, "body", &task->body,
                    "variables", &variables, "timeout_ms",
                    &task->timeout_ms) == 0 &&
        (task->command == NULL) != (task->url == NULL) &&
        task->timeout_ms > 0 && read_variables(task, variables) == 0)
        return 0;
    return error_set(e, ERROR_USAGE, "the task cannot be read");
}

/* The first line it printed; where it failed without a word, how it ended. */
static void
tell_command(struct outcome *o, const struct shell_outcome *s,
             json_int_t timeout_ms)
{
    const char *line = s->output;

    o->ok = s->exit_status == 0 && !s->timed_out;
    o->took_ms = s->took_ms;
    if (!o->ok && line[0] == '\0')
        line = s->errors;
    if (s->timed_out)
        snprintf(o->text, sizeof o->text, "timed out after %.9gs",
                 (double)timeout_ms / 1000);
    else if (s->signal != 0)
        snprintf(o->text, sizeof o->text, "signal %d (%s) ended it", s->signal,
                 strsignal(s->signal));
    else if (o->ok || line[0] != '\0')
        snprintf(o->text, sizeof o->text, "%s", line);
    else
        snprintf(o->text, sizeof o->text, "exit status %d", s->exit_status);
}

static int
run_command(const struct task *task, struct outcome *o, struct error *e)
{
    struct shell_task shell = {
        .command = task->command,
        .input = task->body,
        .variables = task->variables,
        .timeout_ms = (uint64_t)task->timeout_ms,
        .watched = STDIN_FILENO,
    };
    struct shell_outcome outcome;

    if (shell_run(&shell, &outcome, e) != 0)
        return -1;
    tell_command(o, &outcome, task->timeout_ms);
    return 0;
}

static int
run_request(const struct task *task, struct outcome *o, struct error *e)
{
    struct request_task request = {
        .url = task->url,
        .body = task->body,
        .timeout_ms = (uint64_t)task->timeout_ms,
    };
    uint64_t begin = clock_steady_ms();
    struct error why;
    int status = 0;

    /* From here on it starts nothing that would have to be ended first. */
    signal(SIGTERM, SIG_DFL);
    if (process_check_stop(e) != 0)
        return -1;
    if (request_send(&request, &status, &why) != 0) {
        text_quote(o->text, sizeof o->text, why.text, strlen(why.text));
    } else {
        o->ok = status >= 200 && status <= 299;
        snprintf(o->text, sizeof o->text, "HTTP status %d", status);
    }
    o->took_ms = clock_steady_ms() - begin;
    return 0;
}

static int
tell(const struct outcome *o, struct error *e)
{
    json_t *object = json_pack("{s:b, s:o, s:I}", "ok", o->ok, "message",
                               value_string(o->text), "took_ms",
                               (json_int_t)o->took_ms);
    int rc = json_dumpf(object, stdout, JSON_COMPACT);

    json_decref(object);
    if (rc != 0 || putchar('\n') == EOF || fflush(stdout) != 0)
        return error_sys(e, "write to standard output");
    return 0;
}

static int
run(struct invocation *in, struct error *e)
{
    struct task task = {0};
    struct outcome outcome = {0};
    int rc = read_task(&task, e);

    (void)in;
    if (rc == 0 && task.url != NULL)
        rc = run_request(&task, &outcome, e);
    else if (rc == 0)
        rc = run_command(&task, &outcome, e);
    if (rc == 0)
        rc = tell(&outcome, e);
    json_decref(task.object);
    /* Nobody is there any more who would read why. */
    if (rc != 0 && e->kind == ERROR_STOPPED)
        return error_exit_status(e->kind);
    return rc;
}

const struct command errand_child = {
    .name = "errand",
    .words = "",
    .summary = "",
    .details = "For the agent alone: runs one command or request of its "
               "configuration.\n",
    .inner = true,
    .plain = true,
    .run = run,
};
