#include "redis/link_queue.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

static struct link_request *
shift(struct link_queue *queue)
{
    struct link_request *r = queue->first;

    queue->first = r->next;
    if (queue->first == NULL)
        queue->last = NULL;
    return r;
}

void
link_queue_push(struct link_queue *queue, const char *name, unsigned timeout_ms,
                link_core_answer *answer, void *context)
{
    struct link_request *r = memory_new(sizeof *r);

    snprintf(r->name, sizeof r->name, "%s", name);
    r->timeout_ms = timeout_ms;
    r->deadline_ms = clock_steady_ms() + timeout_ms;
    r->answer = answer;
    r->context = context;
    if (queue->last != NULL)
        queue->last->next = r;
    else
        queue->first = r;
    queue->last = r;
}

void
link_queue_answer(struct link_queue *queue, struct redisReply *reply,
                  const struct error *why)
{
    struct link_request *r = shift(queue);

    r->answer(r->context, reply, why);
    free(r);
}

void
link_queue_clear(struct link_queue *queue)
{
    while (queue->first != NULL)
        free(shift(queue));
}
