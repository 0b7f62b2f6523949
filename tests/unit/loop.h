/*
 * loop.h - an event loop, and a shell script in place of redkeep, for the
 * tests of what talks to children.
 */
#ifndef UNIT_LOOP_H
#define UNIT_LOOP_H

#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "folder.h"

enum { LOOP_LIMIT_MS = 20000, LOOP_STEP_MS = 5 };

static struct event_base *base;
static char *program;

static void
loop_begin(void)
{
    folder_begin();
    signal(SIGPIPE, SIG_IGN); /* as the agent does */
    base = event_base_new();
    ck_assert_ptr_nonnull(base);
    program = text_format("%s/program", path);
    log_set_level(LOG_LEVEL_ERROR);
}

static void
loop_end(void)
{
    event_base_free(base);
    free(program);
    folder_end();
}

/* $1 is the command; it runs in the folder. */
static FOLDER_UNUSED void
write_program(const char *script)
{
    char *text = text_format("#!/bin/sh\ncd %s\n%s\n", path, script);

    ck_assert_msg(file_replace(dir, "program", text, strlen(text), 0755, &e) ==
                      0,
                  "%s", e.text);
    free(text);
}

/* One turn of the loop, a short one. */
static void
turn(void)
{
    struct timeval step = {.tv_usec = LOOP_STEP_MS * 1000};

    event_base_loopexit(base, &step);
    event_base_dispatch(base);
}

static FOLDER_UNUSED void
turn_until(bool (*is)(void))
{
    uint64_t begin = clock_steady_ms();

    while (!is()) {
        ck_assert_uint_lt(clock_steady_ms() - begin, LOOP_LIMIT_MS);
        turn();
    }
}

static FOLDER_UNUSED void
turn_for(uint64_t ms)
{
    uint64_t begin = clock_steady_ms();

    while (clock_steady_ms() - begin < ms)
        turn();
}

/* All children were reaped. */
static FOLDER_UNUSED bool
is_childless(void)
{
    siginfo_t info;

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0;
}

static FOLDER_UNUSED bool
has_file(const char *name)
{
    return faccessat(dir, name, F_OK, 0) == 0;
}

/* A file's text; the caller's. "" where there is none. */
static FOLDER_UNUSED char *
load(const char *name)
{
    struct error none;
    char *text;
    size_t size;

    if (file_load(dir, name, 1 << 20, &text, &size, &none) != 0)
        return strdup("");
    return text;
}

#endif
