/*
 * test_worker_scene.h - a worker whose redkeep is a script.
 */
#ifndef UNIT_TEST_WORKER_SCENE_H
#define UNIT_TEST_WORKER_SCENE_H

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "daemon/worker.h"
#include "folder.h"

enum { LIMIT_S = 20 };

static struct event_base *base;
static char *program;

static struct {
    unsigned calls;
    struct worker_outcome o;
} got;

static FOLDER_UNUSED void
begin(void)
{
    folder_begin();
    base = event_base_new();
    ck_assert_ptr_nonnull(base);
    program = text_format("%s/program", path);
    memset(&got, 0, sizeof got);
    log_set_level(LOG_LEVEL_ERROR);
}

static FOLDER_UNUSED void
end(void)
{
    json_decref(got.o.report);
    event_base_free(base);
    free(program);
    folder_end();
}

/* A shell script in place of redkeep; $3 and what follows are its arguments. */
static FOLDER_UNUSED void
write_program(const char *script)
{
    char *text = text_format("#!/bin/sh\n%s\n", script);

    ck_assert_msg(file_replace(dir, "program", text, strlen(text), 0755, &e) ==
                      0,
                  "%s", e.text);
    free(text);
}

static FOLDER_UNUSED void
take(void *context, const struct worker_outcome *outcome)
{
    ck_assert_ptr_eq(context, &got);
    got.calls++;
    got.o = *outcome;
    json_incref(got.o.report);
    event_base_loopbreak(base);
}

static const char *const plain[] FOLDER_UNUSED = {"redkeep", "snapshot", NULL};

/* Runs the program that is there. */
static FOLDER_UNUSED struct worker *
start_again(struct worker_task task)
{
    struct worker *w;

    task.program = program;
    if (task.argv == NULL)
        task.argv = plain;
    w = worker_start(base, &task, take, &got, &e);
    ck_assert_msg(w != NULL, "%s", e.text);
    ck_assert_uint_eq(got.calls, 0);
    return w;
}

static FOLDER_UNUSED struct worker *
start(const char *script, struct worker_task task)
{
    write_program(script);
    return start_again(task);
}

static FOLDER_UNUSED void
await(void)
{
    struct timeval limit = {.tv_sec = LIMIT_S};

    event_base_loopexit(base, &limit);
    event_base_dispatch(base);
    ck_assert_uint_eq(got.calls, 1);
}

static FOLDER_UNUSED void
run(const char *script, struct worker_task task)
{
    start(script, task);
    await();
}

static FOLDER_UNUSED const char *
reported(const char *key)
{
    ck_assert_msg(got.o.report != NULL, "%d: %s", got.o.exit_status,
                  got.o.text);
    return json_string_value(json_object_get(got.o.report, key));
}

#endif
