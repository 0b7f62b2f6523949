/*
 * worker.h - one child process: started with limits, read from, cancelled,
 * reaped. It dies with the agent. What it reports is one JSON object on the
 * descriptor given by --report-fd; what it says on standard error goes to
 * ours, and its last line is kept for the reason.
 */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "config/config.h"

struct event_base;

enum {
    WORKER_REPORT_MAX = 16 << 20, /* bytes; more: the child has failed */
    WORKER_GRACE_MS = 10000,      /* between SIGTERM and SIGKILL */
};

struct worker_task {
    const char *program;     /* path of redkeep */
    const char *const *argv; /* NULL-terminated; argv[0] the name;
                                 --report-fd N is added after it */
    const char *input;       /* for its standard input; NULL: none */
    size_t input_size;
    int keep;         /* a descriptor that it has by the same number; 0: none */
    int death_signal; /* what it gets when we die; 0: SIGKILL */
    int nice;         /* 0: ours */
    bool io_idle;
    uint64_t memory_bytes;  /* RLIMIT_DATA; 0: none */
    uint64_t time_limit_ms; /* 0: none */
};

struct worker_outcome {
    int exit_status; /* -1 when a signal ended it */
    int signal;      /* 0 when it ended by itself */
    bool timed_out, cancelled;
    json_t *report; /* what it reported; NULL: nothing that can be read */
    char text[480]; /* why it failed, in words; "" when it did not */
    uint64_t took_ms;
};

/* What is given is borrowed for the call; the worker is freed behind it. */
typedef void worker_done(void *context, const struct worker_outcome *outcome);

struct worker;

/* Limits a task as [jobs] has it. */
void worker_limit(struct worker_task *task, const struct config *c);

/* Starts; what task points to is borrowed for this call. NULL: could not. */
struct worker *worker_start(struct event_base *base,
                            const struct worker_task *task, worker_done *done,
                            void *context, struct error *e);

pid_t worker_pid(const struct worker *w);

/* SIGTERM, and SIGKILL after WORKER_GRACE_MS; done is still called. */
void worker_cancel(struct worker *w);

/*
 * SIGKILL now; waits for its end, half a second at most. done is not called.
 * Accepts NULL.
 */
void worker_free(struct worker *w);

/*
 * The redkeep beside the running redkeepd, else the one in PATH; caller frees.
 * NULL: there is none.
 */
char *worker_find_program(struct error *e);

#endif
