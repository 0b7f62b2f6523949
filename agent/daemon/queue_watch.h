/*
 * queue_watch.h - [queues]: the jobs in the queues, counted every so often by a
 * child (redkeep queues). Nothing at all where watch is off.
 */
#ifndef DAEMON_QUEUE_WATCH_H
#define DAEMON_QUEUE_WATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/server.h"
#include "daemon/terms.h"

struct event_base;

struct queue_watch_view {
    bool watched;       /* false: watch is off */
    const json_t *list; /* queues of the report; NULL: not known, or not now */
    bool whole;         /* no queue is still to be found */
    int64_t failed;     /* jobs of all queues that failed for good; -1 */
    const char *worst;  /* "bullmq mail", which has most of them; NULL */
    int64_t worst_failed;
};

struct queue_watch;

/* Borrows all (terms until queue_watch_reload gives others). */
struct queue_watch *queue_watch_new(struct event_base *base,
                                    const struct terms *terms,
                                    const char *program,
                                    const struct server *server);

/*
 * What was counted, if it is still so: not behind a loss of the connection, nor
 * when counting has failed for three times its interval.
 */
const struct queue_watch_view *queue_watch_view(struct queue_watch *w);

/* Forgets what it knows, and counts at once. */
void queue_watch_reload(struct queue_watch *w, const struct terms *terms);

void queue_watch_free(struct queue_watch *w); /* accepts NULL */

#endif
