/*
 * persist_run.h - a BGSAVE or BGREWRITEAOF, judged before it is asked for and
 * followed to its end. (The agent does the same without waiting:
 * daemon/persist.h. A snapshot that only wants a fresh dump waits for other
 * children instead of telling of them: redis/persistence.h.)
 */
#ifndef JOBS_PERSIST_RUN_H
#define JOBS_PERSIST_RUN_H

#include "base/error.h"
#include "jobs/instance.h"
#include "jobs/persist_judge.h"
#include "jobs/progress.h"

struct persist_run_options {
    enum persist_kind kind;
    uint64_t time_limit_ms; /* 0: none */
    const struct progress *progress;
};

struct persist_run {
    struct info before, after;
    uint64_t took_ms;
};

/*
 * i is connected. ERROR_REFUSED: its host lacks memory or space, nothing was
 * asked; ERROR_FAILED: it cannot now, refused, or failed, with what it said. A
 * request to stop ends the waiting; what the server began it goes on with, and
 * the text says so.
 */
int persist_run(struct persist_run *r, struct instance *i,
                const struct persist_run_options *options, struct error *e);

/* How far the child that runs is: 0-100; -1: there is none, or no telling. */
int persist_run_percent(const struct info *info);

#endif
