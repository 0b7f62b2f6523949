/*
 * tally_work.h - what the parts of the tally share: tally.c (the part, and who
 * asks), tally_due (what is next), tally_run (one child), tally_tell (log and
 * history).
 */
#ifndef DAEMON_TALLY_WORK_H
#define DAEMON_TALLY_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/tally.h"
#include "daemon/tally_report.h"
#include "daemon/worker.h"

struct event;

enum {
    TALLY_SHARED_MS = 1000, /* so long a round is as good as a new one */
    TALLY_SLACK_MS = 10000, /* what a look may take beside its source */
    TALLY_DOUBT_MS = 10000, /* a sample is good, and others were behind */
};

#define TALLY_NEVER UINT64_MAX

enum tally_kind { TALLY_SAMPLE, TALLY_WHOLE, TALLY_START, TALLY_REBUILD };

/* Times are of the steady clock; TALLY_NEVER: not. */
struct tally_set {
    const struct config_block *block; /* borrowed from the terms */
    bool begun;                       /* the server was there */
    uint64_t start_ms;                /* when a start is due */
    unsigned tries;                   /* of this start that failed */
    bool rebuild;                     /* it found the set behind */
    bool reconnected;                 /* for a READONLY, in this start */
    uint64_t sample_ms;               /* when the next sample is due */
    bool behind;        /* it was, and no look at all of it says otherwise */
    unsigned round;     /* in which the last one was taken */
    int64_t sampled_ms; /* when it ended, wall clock */
    bool consistent;
    json_t *items, *warnings; /* of the last sample */
};

struct tally_waiter {
    struct tally_waiter *next;
    tally_done *done;
    void *context;
    uint64_t until_ms;
};

struct tally {
    struct event_base *base; /* borrowed, as are the next four */
    const struct terms *terms;
    const char *program;
    struct server *server;
    struct notices *notices;
    void (*changed)(void *context);
    void *context;
    struct tally_set *sets;
    struct tally_view *views; /* of the same order */
    size_t count;
    struct tally_waiter *waiters; /* oldest first */
    struct event *timer;
    unsigned round;          /* of samples, that somebody asked for; 0: none */
    uint64_t round_ended_ms; /* TALLY_NEVER: it was not finished yet */
    char run_id[48];         /* the last the server told; "" */
    struct worker *worker;
    struct tally_set *busy; /* what it is of; NULL: of no set any more */
    enum tally_kind kind;
    unsigned busy_round; /* in which it began */
    bool stopping;
    void (*stopped)(void *context);
    void *stopped_context;
};

struct tally_view *tally_view_of(const struct tally *t,
                                 const struct tally_set *set);

/* Takes note of a server that is there, or another. */
void tally_due_look(struct tally *t, uint64_t now);

/* What is to be done now. False: nothing. */
bool tally_due_pick(struct tally *t, uint64_t now, struct tally_set **set,
                    enum tally_kind *kind);

/* When something will be; TALLY_NEVER. */
uint64_t tally_due_next(const struct tally *t);

/* The start has failed: once more, later each time. */
void tally_due_again(struct tally_set *set, uint64_t now);

/*
 * Begins; the end is noted, and wakes the tally. What cannot begin has ended
 * when this returns.
 */
void tally_run_start(struct tally *t, struct tally_set *set,
                     enum tally_kind kind);

/* Whether a start that looked has the set rebuilt. */
bool tally_run_mends(const struct tally_set *set, const struct tally_report *r);

/* Log and history. was: the view before. */
void tally_tell_look(const struct tally *t, const struct tally_set *set,
                     const struct tally_view *was, const struct tally_report *r,
                     enum tally_kind kind);
void tally_tell_rebuild(const struct tally *t, const struct tally_set *set,
                        const struct tally_report *r, uint64_t took_ms);

#endif
