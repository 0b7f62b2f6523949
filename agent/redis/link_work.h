/*
 * link_work.h - the inside of a link; for link*.c only.
 */
#ifndef REDIS_LINK_WORK_H
#define REDIS_LINK_WORK_H

#include <event2/event.h>
#include <stdbool.h>

#include "redis/link_core.h"

/* A core in a loop that runs only while its owner waits. */
struct link {
    struct event_base *base;
    struct link_core *core;
    struct event *look; /* makes the loop return, now and then */
    bool waiting;
    struct redisReply *reply;
    struct error why; /* no reply came, or the link was lost */
};

/*
 * Runs the loop until a callback has ended the waiting. -1: we are to stop; the
 * link is then given up, as the reply under way could no longer be told from
 * the next one's.
 */
int link_wait(struct link *link, struct error *e);

#endif
