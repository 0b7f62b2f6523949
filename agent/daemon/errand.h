/*
 * errand.h - commands of the configuration and requests to others, run by a
 * child ("redkeep errand"), which dies with the agent and takes its whole
 * process group with it: hooks, webhook, heartbeat, dependency checks.
 */
#ifndef DAEMON_ERRAND_H
#define DAEMON_ERRAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct event_base;

struct errand_task {
    const char *command;          /* for sh -c; or NULL and */
    const char *url;              /* POST (body) or GET (no body) */
    const char *body;             /* on its standard input, or what is posted */
    const char *const *variables; /* NAME=value for its environment, or NULL */
    uint64_t timeout_ms;
};

struct errand_outcome {
    bool ok;           /* exit status 0; HTTP status 2xx */
    char message[240]; /* the first line it printed, else why it failed */
    uint64_t took_ms;
};

typedef void errand_done(void *context, const struct errand_outcome *outcome);

struct errand;

/* program: path of redkeep. NULL: could not start. */
struct errand *errand_start(struct event_base *base, const char *program,
                            const struct errand_task *task, errand_done *done,
                            void *context, struct error *e);

/* Ends it and all it started; done is not called; accepts NULL. */
void errand_free(struct errand *errand);

#endif
