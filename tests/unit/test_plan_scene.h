/*
 * test_plan_scene.h - a plan whose redkeep is a script, and whose server is
 * what the test says it is.
 */
#ifndef UNIT_TEST_PLAN_SCENE_H
#define UNIT_TEST_PLAN_SCENE_H

#include <signal.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "daemon/plan.h"
#include "folder.h"

enum { LIMIT_S = 20 };

/* A server that is what the test says it is. */
static struct server_view server;

const struct server_view *
server_view(const struct server *s)
{
    (void)s;
    return &server;
}

/* Each question with its context; answered by the test. */
static struct {
    char command[16];
    link_core_answer *answer;
    void *context;
} asked;

int
server_ask(struct server *s, int argc, const char **argv,
           link_core_answer *answer, void *context, struct error *why)
{
    (void)s;
    ck_assert_int_eq(argc, 1);
    if (server.state != SERVER_CONNECTED)
        return error_set(why, ERROR_FAILED, "not connected");
    ck_assert_ptr_null(asked.answer);
    snprintf(asked.command, sizeof asked.command, "%s", argv[0]);
    asked.answer = answer;
    asked.context = context;
    return 0;
}

void
server_forget(struct server *s, const void *context)
{
    (void)s;
    if (asked.context == context)
        memset(&asked, 0, sizeof asked);
}

static struct event_base *base;
static struct notices *notices;
static struct terms terms;
static char *options[] = {"--instance=main", NULL};
static char *program, *runs;
static struct plan *plan;
static unsigned changes[PLAN_JOBS];
static bool stopped;

static FOLDER_UNUSED void
on_changed(void *context, enum plan_job job)
{
    ck_assert_ptr_eq(context, changes);
    changes[job]++;
}

/* A script in place of redkeep, $4 is the command; "$0.runs" has one line for
 * each run. */
static FOLDER_UNUSED void
write_program(const char *script)
{
    char *text = text_format("#!/bin/sh\necho $4 >>$0.runs\n%s\n", script);

    ck_assert_msg(file_replace(dir, "program", text, strlen(text), 0755, &e) ==
                      0,
                  "%s", e.text);
    free(text);
}

static FOLDER_UNUSED void
set(const char *option, const char *value)
{
    ck_assert_msg(config_set_option(&terms.config, option, value, &e) == 0,
                  "%s", e.text);
}

static FOLDER_UNUSED void
begin(void)
{
    folder_begin();
    base = event_base_new();
    notices = notice_new();
    program = text_format("%s/program", path);
    runs = text_format("%s/program.runs", path);
    server = (struct server_view){.state = SERVER_CONNECTED};
    config_init(&terms.config);
    terms.options = options;
    log_set_level(LOG_LEVEL_ERROR);
    write_program("echo '{}' >&3");
    for (int i = 0; i < PLAN_JOBS; i++)
        if (i != PLAN_FOLLOW) {
            char *name =
                text_format("schedule-%s", plan_job_name((enum plan_job)i));

            set(name, "off");
            free(name);
        }
}

static FOLDER_UNUSED void
new_plan(void)
{
    struct plan_events events = {.changed = on_changed, .context = changes};

    plan = plan_new(base, &terms, program, NULL, notices, &events);
}

static FOLDER_UNUSED void
begin_plan(json_t *saved)
{
    new_plan();
    plan_begin(plan, saved);
    json_decref(saved);
}

static FOLDER_UNUSED void
end(void)
{
    plan_free(plan);
    notice_free(notices);
    event_base_free(base);
    config_clear(&terms.config);
    free(program);
    free(runs);
    folder_end();
}

/* Turns the loop until something holds. */
#define AWAIT(condition)                                        \
    do {                                                        \
        uint64_t limit_ms = clock_steady_ms() + LIMIT_S * 1000; \
        while (!(condition)) {                                  \
            struct timeval turn = {.tv_usec = 5000};            \
            ck_assert_uint_lt(clock_steady_ms(), limit_ms);     \
            event_base_loopexit(base, &turn);                   \
            event_base_dispatch(base);                          \
        }                                                       \
    } while (0)

static FOLDER_UNUSED const struct plan_view *
view(enum plan_job job)
{
    return plan_view(plan, job);
}

static FOLDER_UNUSED unsigned
count_runs(const char *command)
{
    unsigned count = 0;
    char *text, *at;
    size_t size;

    if (file_load(AT_FDCWD, runs, 1 << 20, &text, &size, &e) != 0)
        return 0;
    for (at = strtok(text, "\n"); at != NULL; at = strtok(NULL, "\n"))
        count += strcmp(at, command) == 0;
    free(text);
    return count;
}

static FOLDER_UNUSED void
on_stopped(void *context)
{
    (void)context;
    stopped = true;
}

#endif
