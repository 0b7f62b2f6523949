/*
 * shell.h - a command of the configuration, run by sh -c in a process group of
 * its own; nothing of the group outlives the call, but for leave. SIGPIPE must
 * be ignored (process_catch_stop).
 */
#ifndef JOBS_SHELL_H
#define JOBS_SHELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { SHELL_LINE_SIZE = 240 };

/* Takes what the command prints, as it comes; -1 ends the command with *e. */
typedef int shell_take(void *context, const char *bytes, size_t size,
                       struct error *e);

struct shell_task {
    const char *command;
    const char *input;            /* for its standard input; NULL: none */
    const char *const *variables; /* NAME=value besides ours; NULL: none */
    uint64_t timeout_ms;
    int watched;      /* a descriptor: its end ends the command; -1: none */
    bool leave;       /* what it leaves running when it ends well lives on */
    bool finish;      /* goes on also when the process is asked to stop */
    shell_take *take; /* of all, to its end; NULL: the first line is kept */
    void *context;
};

struct shell_outcome {
    bool timed_out;
    int exit_status; /* -1 when a signal ended it */
    int signal;      /* 0 when it ended by itself */
    /* The first lines that are not empty; any bytes, shown as text. */
    char output[SHELL_LINE_SIZE], errors[SHELL_LINE_SIZE];
    char last_error[SHELL_LINE_SIZE]; /* the last such line */
    uint64_t took_ms;
};

/*
 * Waits until the shell has ended (with take: and nobody can print any more),
 * or its time has, or the process is asked to stop (ERROR_STOPPED; so also when
 * watched ends), and then ends all that is left in the group (with leave: not
 * when the shell has ended by itself). -1: it could not be run.
 */
int shell_run(const struct shell_task *task, struct shell_outcome *outcome,
              struct error *e);

#endif
