/*
 * link_queue.h - the commands that wait for their reply, oldest first.
 */
#ifndef REDIS_LINK_QUEUE_H
#define REDIS_LINK_QUEUE_H

#include <stdint.h>

#include "redis/link_core.h"

struct link_request {
    struct link_request *next;
    uint64_t deadline_ms;
    unsigned timeout_ms;
    char name[16]; /* of the command, for messages */
    link_core_answer *answer;
    void *context;
};

/* All zero is empty. */
struct link_queue {
    struct link_request *first, *last;
};

/* Puts a command behind the others. Its time begins now. */
void link_queue_push(struct link_queue *queue, const char *name,
                     unsigned timeout_ms, link_core_answer *answer,
                     void *context);

/*
 * Takes the oldest command out and tells it what became of it. There must be
 * one; the call back may push.
 */
void link_queue_answer(struct link_queue *queue, struct redisReply *reply,
                       const struct error *why);

/* Drops all without telling them. */
void link_queue_clear(struct link_queue *queue);

#endif
