/*
 * counter.h - sequence numbers in the server, that clients INCR: read many at a
 * time, and raised, each in one atomic step, never lowered.
 *
 * A counter is a string that holds what INCR takes: a decimal number of 64 bits
 * with sign, without blanks, plus or leading zeros (string2ll of the server).
 */
#ifndef REDIS_COUNTER_H
#define REDIS_COUNTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "redis/link.h"
#include "redis/link_pipe.h"

struct counter_key {
    const char *key;
    size_t size;
    uint64_t least; /* up to INT64_MAX */
};

/* The script has these numbers, too. */
enum counter_state {
    COUNTER_NUMBER = 0,    /* not below its least, where it was to be raised */
    COUNTER_RAISED = 1,    /* was below its least, and is that now */
    COUNTER_MADE = 2,      /* was missing, and is its least now */
    COUNTER_NO_STRING = 3, /* a key of another type */
    COUNTER_NO_NUMBER = 4, /* a string that INCR does not take */
    COUNTER_MISSING = 5,   /* no such key */
};

/* Told of each, in order; number is that of COUNTER_NUMBER, else 0. */
typedef int counter_told(void *context, enum counter_state state,
                         int64_t number, struct error *e);

/* Reads many: begin, send each, drain (link_pipe.h). */
struct counter_reader {
    struct link_pipe pipe;
    counter_told *told;
    void *context;
};

void counter_read_begin(struct counter_reader *r, struct link *link,
                        counter_told *told, void *context);
int counter_read_send(struct counter_reader *r, const char *key, size_t size,
                      struct error *e);
int counter_read_drain(struct counter_reader *r, struct error *e);

enum {
    COUNTER_BATCH_MAX = 500,                /* keys of one step */
    COUNTER_BATCHES_MAX = 4,                /* under way */
    COUNTER_RING = COUNTER_BATCHES_MAX + 1, /* and the one to be sent */
};

/*
 * Raises many by a script on the server: begin, send batches of up to
 * COUNTER_BATCH_MAX, drain. Where scripts are denied the first failure is
 * ERROR_DENIED, and nothing was changed.
 */
struct counter_raiser {
    struct link_pipe pipe;
    size_t counts[COUNTER_RING]; /* of those under way */
    unsigned sent, answered;
    counter_told *told; /* with number 0 */
    void *context;
};

void counter_raise_begin(struct counter_raiser *r, struct link *link,
                         counter_told *told, void *context);
int counter_raise_send(struct counter_raiser *r, const struct counter_key *keys,
                       size_t count, struct error *e);
int counter_raise_drain(struct counter_raiser *r, struct error *e);

/*
 * The same without a script: WATCH, GET, MULTI, SET, EXEC, again when somebody
 * wrote in between. Fills states; waits for the replies.
 */
int counter_raise_watched(struct link *link, const struct counter_key *keys,
                          size_t count, enum counter_state *states,
                          struct error *e);

/* What GET answered; why is that of an error. -1: that was no answer to it. */
int counter_judge(const struct redisReply *reply, const struct error *why,
                  enum counter_state *state, int64_t *number, struct error *e);

#endif
