/*
 * worker_child.h - the child of a worker, from fork to exec; for worker.c.
 */
#ifndef DAEMON_WORKER_CHILD_H
#define DAEMON_WORKER_CHILD_H

#include <sys/types.h>

#include "base/error.h"
#include "daemon/worker.h"

/* Our ends of its pipes, all non-blocking; -1: none. */
struct worker_child {
    pid_t pid;
    int input, report, errors;
};

/*
 * Starts it as the leader of a process group of its own. What it cannot do
 * (no such program) it says on its standard error, and ends with status 127.
 */
int worker_child_start(struct worker_child *child,
                       const struct worker_task *task, struct error *e);

#endif
