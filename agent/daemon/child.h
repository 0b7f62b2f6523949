/*
 * child.h - a process of ours that is talked to in lines: redkeep, executed
 * with one socket as its standard input and output, in a process group of its
 * own. It gets a signal when the agent dies, and reads the end of its input
 * then.
 *
 * Nothing here waits, not even for the exec: a program that cannot be executed
 * is a child that ended. SIGPIPE must be ignored.
 */
#ifndef DAEMON_CHILD_H
#define DAEMON_CHILD_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

struct event_base;

enum { CHILD_HOW_SIZE = 160 };

struct child_events {
    /* One line, without its end; borrowed for the call. */
    void (*line)(void *context, const char *line);
    /* It is gone, all its lines were told; freed behind the call. */
    void (*ended)(void *context, const char *how);
    void *context;
};

struct child_task {
    const char *program;
    const char *const *argv; /* NULL-terminated; argv[0] the name */
    int death_signal;        /* that it gets when the agent dies */
    size_t line_max;         /* one that writes a longer line is killed */
};

struct child;

/* Starts; NULL: could not. What task points to is borrowed for this call. */
struct child *child_start(struct event_base *base,
                          const struct child_task *task,
                          const struct child_events *events, struct error *e);

/* Queues a line, given without its end. SIGPIPE must be ignored. */
void child_send(struct child *c, const char *line);

void child_kill(struct child *c, int number);

/*
 * Closes its input, sends the signal; no event comes any more. It is reaped
 * when it ends, also behind this call. Accepts NULL.
 */
void child_free(struct child *c, int number);

#endif
