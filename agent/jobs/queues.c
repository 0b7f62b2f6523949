#include "jobs/queues.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/queues_table.h"
#include "jobs/queues_work.h"
#include "jobs/value.h"
#include "redis/keys.h"
#include "redis/probe.h"

const char *
queues_system_name(enum queues_system system)
{
    return queues_layouts[system].name;
}

const char *
queues_state_name(enum queues_state state)
{
    static const char *const names[QUEUES_STATES] = {
        [QUEUES_WAITING] = "waiting",
        [QUEUES_PRIORITIZED] = "prioritized",
        [QUEUES_PAUSED] = "paused",
        [QUEUES_DELAYED] = "delayed",
        [QUEUES_DEFERRED] = "deferred",
        [QUEUES_WAITING_CHILDREN] = "waiting-children",
        [QUEUES_ACTIVE] = "active",
        [QUEUES_RETRY] = "retry",
        [QUEUES_COMPLETED] = "completed",
        [QUEUES_CANCELED] = "canceled",
        [QUEUES_FAILED] = "failed",
        [QUEUES_DEAD] = "dead",
    };

    return names[state];
}

int64_t
queues_failed(const struct queues_queue *queue)
{
    int64_t failed = queue->jobs[QUEUES_FAILED];
    int64_t dead = queue->jobs[QUEUES_DEAD];

    return (failed > 0 ? failed : 0) + (dead > 0 ? dead : 0);
}

void
queues_note(struct queues *all, const char *key, const char *command,
            int64_t why)
{
    char shown[QUEUES_BASE_MAX];

    if (why == KEYS_ELSEWHERE) /* the agent of that node counts it */
        return;
    text_quote(shown, sizeof shown, key, strlen(key));
    if (all->trouble_count++ >= QUEUES_TROUBLE_MAX)
        return;
    all->trouble[all->trouble_count - 1] =
        why == KEYS_DENIED
            ? text_format("%s may not be used by this user (ACL)", shown)
            : text_format("%s is of another type than %s counts", shown,
                          command);
}

static void
clear_one(struct queues_queue *queue)
{
    free(queue->name);
    free(queue->base);
}

static bool
has_jobs(const struct queues_queue *queue)
{
    for (int i = 0; i < QUEUES_STATES; i++)
        if (queue->jobs[i] > 0)
            return true;
    return false;
}

/* Those that a whole look has not found, and that hold nothing, are gone. */
static void
drop_gone(struct queues *all)
{
    size_t kept = 0;

    for (size_t i = 0; i < all->count; i++) {
        struct queues_queue *queue = &all->items[i];

        if (queue->seen || has_jobs(queue))
            all->items[kept++] = *queue;
        else
            clear_one(queue);
    }
    all->count = kept;
}

static int
compare(const void *a, const void *b)
{
    const struct queues_queue *one = a, *other = b;

    if (one->system != other->system)
        return one->system < other->system ? -1 : 1;
    return strcmp(one->name, other->name);
}

int
queues_ask(struct queues *all, struct link *link,
           const struct queues_options *options, struct error *e)
{
    *all = (struct queues){.cursors = json_object()};
    if (queues_find(all, link, options, e) != 0 ||
        queues_count(all, link, e) != 0)
        return error_in(e, "queues");
    drop_gone(all);
    if (all->count > 0)
        qsort(all->items, all->count, sizeof *all->items, compare);
    return 0;
}

void
queues_clear(struct queues *all)
{
    for (size_t i = 0; i < all->count; i++)
        clear_one(&all->items[i]);
    free(all->items);
    for (size_t i = 0; i < QUEUES_TROUBLE_MAX; i++)
        free(all->trouble[i]);
    json_decref(all->cursors);
    *all = (struct queues){0};
}

static json_t *
states_of(const struct queues_queue *queue)
{
    json_t *states = json_object();

    for (int i = 0; i < QUEUES_STATES; i++)
        if (queue->jobs[i] >= 0)
            json_object_set_new(states, queues_state_name((enum queues_state)i),
                                json_integer(queue->jobs[i]));
    return states;
}

json_t *
queues_json(const struct queues *all)
{
    json_t *list = json_array(), *trouble = json_array();

    for (size_t i = 0; i < all->count; i++)
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:o}", "system",
                      queues_system_name(all->items[i].system), "queue",
                      all->items[i].name, "states", states_of(&all->items[i])));
    for (size_t i = 0; i < QUEUES_TROUBLE_MAX && all->trouble[i] != NULL; i++)
        json_array_append_new(trouble, value_string(all->trouble[i]));
    return json_pack("{s:o, s:I, s:b, s:o, s:I, s:O}", "queues", list,
                     "left_out", (json_int_t)all->left_out, "whole", all->whole,
                     "trouble", trouble, "trouble_total",
                     (json_int_t)all->trouble_count, "cursors", all->cursors);
}
