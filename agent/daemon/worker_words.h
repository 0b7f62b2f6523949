/*
 * worker_words.h - what a child says on its standard error, and why it failed;
 * for worker.c.
 */
#ifndef DAEMON_WORKER_WORDS_H
#define DAEMON_WORKER_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "daemon/worker.h"

enum { WORKER_WORDS_LINE_MAX = 480 };

/* Its standard error, cut into lines. */
struct worker_words {
    char line[WORKER_WORDS_LINE_MAX]; /* not ended yet */
    size_t used;
    bool cut; /* the line was longer */
    char last[WORKER_WORDS_LINE_MAX];
    unsigned passed; /* how many lines went to the log */
};

/* Takes what was read: each whole line goes to our log, up to a number. */
void worker_words_take(struct worker_words *w, const char *bytes, size_t count,
                       pid_t pid);

/* The end: what is left is a line too. */
void worker_words_end(struct worker_words *w, pid_t pid);

/*
 * Fills outcome->text from how it ended, the limits it had, its report, and its
 * last line.
 */
void worker_words_judge(struct worker_outcome *outcome,
                        const struct worker_words *w, uint64_t memory_bytes,
                        uint64_t time_limit_ms, const char *bad_report);

#endif
