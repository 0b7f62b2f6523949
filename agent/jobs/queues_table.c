#include "jobs/queues_table.h"

#include <stddef.h>

static const struct queues_key bullmq[] = {
    {QUEUES_WAITING, "LLEN", "", ":wait", "0:"}, /* until BullMQ 4 */
    {QUEUES_PRIORITIZED, "ZCARD", "", ":prioritized", NULL},
    {QUEUES_PAUSED, "LLEN", "", ":paused", "0:"},
    {QUEUES_DELAYED, "ZCARD", "", ":delayed", NULL},
    {QUEUES_WAITING_CHILDREN, "ZCARD", "", ":waiting-children", NULL},
    {QUEUES_ACTIVE, "LLEN", "", ":active", NULL},
    {QUEUES_COMPLETED, "ZCARD", "", ":completed", NULL},
    {QUEUES_FAILED, "ZCARD", "", ":failed", NULL},
    {0, NULL, NULL, NULL, NULL},
};

/* A priority but 0 has a list of its own: the name, 06, 16, and a figure. */
#define PRIORITY(n)                                    \
    {                                                  \
        QUEUES_WAITING, "LLEN", "", "\x06\x16" n, NULL \
    }
static const struct queues_key celery[] = {
    {QUEUES_WAITING, "LLEN", "", "", NULL},
    PRIORITY("1"),
    PRIORITY("2"),
    PRIORITY("3"),
    PRIORITY("4"),
    PRIORITY("5"),
    PRIORITY("6"),
    PRIORITY("7"),
    PRIORITY("8"),
    PRIORITY("9"),
    {0, NULL, NULL, NULL, NULL},
};
/* What workers hold and have not acknowledged, delayed ones (eta) too. */
static const struct queues_key celery_shared[] = {
    {QUEUES_ACTIVE, "HLEN", "unacked", "", NULL},
    {0, NULL, NULL, NULL, NULL},
};

static const struct queues_key rq[] = {
    {QUEUES_WAITING, "LLEN", "rq:queue:", "", NULL},
    {QUEUES_DELAYED, "ZCARD", "rq:scheduled:", "", NULL},
    {QUEUES_DEFERRED, "ZCARD", "rq:deferred:", "", NULL},
    {QUEUES_ACTIVE, "ZCARD", "rq:wip:", "", NULL},
    {QUEUES_COMPLETED, "ZCARD", "rq:finished:", "", NULL},
    {QUEUES_CANCELED, "ZCARD", "rq:canceled:", "", NULL},
    {QUEUES_FAILED, "ZCARD", "rq:failed:", "", NULL},
    {0, NULL, NULL, NULL, NULL},
};

static const struct queues_key sidekiq[] = {
    {QUEUES_WAITING, "LLEN", "queue:", "", NULL},
    {0, NULL, NULL, NULL, NULL},
};
static const struct queues_key sidekiq_shared[] = {
    {QUEUES_DELAYED, "ZCARD", "schedule", "", NULL},
    {QUEUES_RETRY, "ZCARD", "retry", "", NULL},
    {QUEUES_DEAD, "ZCARD", "dead", "", NULL},
    {0, NULL, NULL, NULL, NULL},
};

const struct queues_layout queues_layouts[QUEUES_SYSTEMS] = {
    [QUEUES_BULLMQ] = {"bullmq", NULL, NULL, bullmq, NULL, NULL},
    [QUEUES_CELERY] = {"celery", NULL, NULL, celery, celery_shared, NULL},
    [QUEUES_RQ] = {"rq", "rq:queues", "rq:queue:", rq, NULL, NULL},
    [QUEUES_SIDEKIQ] = {"sidekiq", "queues", "", sidekiq, sidekiq_shared,
                        "processes"},
};
