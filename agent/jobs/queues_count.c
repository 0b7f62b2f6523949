/* queues_count.c - how many jobs are in which state. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/queues_table.h"
#include "jobs/queues_work.h"
#include "redis/keys.h"

enum { WORKERS_MAX = 1000 };

/* What is asked, and where the answers are added up. */
struct round {
    struct keys_question *questions;
    int64_t **into; /* what is counted down is asked with begins */
    size_t count, capacity, into_capacity;
};

/* Its key becomes the round's. */
static void
ask_for(struct round *r, struct keys_question question, int64_t *into)
{
    r->questions =
        memory_grow(r->questions, r->count, &r->capacity, sizeof *r->questions);
    r->into =
        memory_grow(r->into, r->count, &r->into_capacity, sizeof *r->into);
    r->questions[r->count] = question;
    r->into[r->count++] = into;
}

static void
ask_queue(struct round *r, struct queues_queue *queue)
{
    const struct queues_layout *layout = &queues_layouts[queue->system];
    bool shared = queue->base[0] == '\0';

    for (const struct queues_key *k = shared ? layout->shared : layout->own;
         k->command != NULL; k++) {
        struct keys_question question = {.command = k->command};
        int64_t *into = &queue->jobs[k->state];

        question.key = text_format("%s%s%s", k->before, queue->base, k->after);
        ask_for(r, question, into);
        if (k->marker == NULL)
            continue;
        question = (struct keys_question){
            .command = "LINDEX", .argument = "-1", .begins = k->marker};
        question.key = text_format("%s%s%s", k->before, queue->base, k->after);
        ask_for(r, question, into);
    }
}

struct workers {
    struct round *round;
    int64_t *into;
};

static bool
take_worker(void *context, const char *name, size_t size)
{
    struct workers *w = context;

    if (memchr(name, '\0', size) == NULL)
        ask_for(w->round,
                (struct keys_question){.command = "HGET",
                                       .key = memory_copy(name, size),
                                       .argument = "busy"},
                w->into);
    return w->round->count < WORKERS_MAX;
}

static int
ask_workers(struct round *r, struct queues_queue *queue, struct link *link,
            struct error *e)
{
    const char *set = queues_layouts[queue->system].workers;
    struct keys_scan scan = {.set = set, .cursor = "0", .rounds = WORKERS_MAX};
    struct workers workers = {r, &queue->jobs[QUEUES_ACTIVE]};

    if (set == NULL || queue->base[0] != '\0')
        return 0;
    queue->jobs[QUEUES_ACTIVE] = 0;
    return keys_scan(link, &scan, take_worker, &workers, e);
}

static void
take(struct queues *all, const struct round *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct keys_question *q = &r->questions[i];
        int64_t *into = r->into[i];

        if (q->number < 0 && q->begins == NULL)
            queues_note(all, q->key, q->command, q->number);
        else if (q->begins != NULL && q->number > 0 && *into > 0)
            (*into)--;
        else if (q->begins == NULL)
            *into = (*into < 0 ? 0 : *into) + q->number;
    }
}

static void
clear(struct round *r)
{
    for (size_t i = 0; i < r->count; i++)
        free((char *)(uintptr_t)r->questions[i].key);
    free(r->questions);
    free(r->into);
}

int
queues_count(struct queues *all, struct link *link, struct error *e)
{
    struct round r = {0};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < all->count; i++)
        rc = ask_workers(&r, &all->items[i], link, e);
    for (size_t i = 0; i < all->count; i++)
        ask_queue(&r, &all->items[i]);
    if (rc == 0)
        rc = keys_count(link, r.questions, r.count, e);
    if (rc == 0)
        take(all, &r);
    clear(&r);
    return rc;
}
