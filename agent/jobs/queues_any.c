/* queues_any.c - whether there are any, by a few quick looks. */
#include <stdlib.h>

#include "jobs/queues.h"
#include "jobs/queues_table.h"
#include "redis/keys.h"
#include "redis/probe.h"

enum { LOOK_ROUNDS = 100, DATABASES_MAX = 16 };

static bool
stop(void *found, const char *name, size_t size)
{
    (void)name;
    (void)size;
    *(bool *)found = true;
    return false;
}

/* Any key of a queue tells: of jobs there are many more than of queues. */
static int
look_for_bullmq(struct link *link, bool *found, struct error *e)
{
    struct keys_scan scan = {
        .pattern = "bull:*:*", .cursor = "0", .rounds = LOOK_ROUNDS};

    *found = false;
    return keys_scan(link, &scan, stop, found, e);
}

static int
look(struct link *link, const char **found, struct error *e)
{
    static const struct {
        enum queues_system system;
        const char *command, *key;
    } signs[] = {
        {QUEUES_SIDEKIQ, "SCARD", "queues"},
        {QUEUES_RQ, "SCARD", "rq:queues"},
        {QUEUES_CELERY, "SCARD", "_kombu.binding.celery"},
        {QUEUES_CELERY, "LLEN", "celery"},
        {QUEUES_CELERY, "HLEN", "unacked"},
    };
    enum { SIGNS = sizeof signs / sizeof *signs };
    struct keys_question questions[SIGNS];
    bool bullmq;

    for (size_t i = 0; i < SIGNS; i++)
        questions[i] = (struct keys_question){.command = signs[i].command,
                                              .key = signs[i].key};
    if (keys_count(link, questions, SIGNS, e) != 0)
        return -1;
    for (size_t i = 0; i < SIGNS && *found == NULL; i++)
        if (questions[i].number > 0)
            *found = queues_system_name(signs[i].system);
    if (*found != NULL)
        return 0;
    if (look_for_bullmq(link, &bullmq, e) != 0)
        return -1;
    if (bullmq) {
        *found = queues_system_name(QUEUES_BULLMQ);
        return 0;
    }
    for (size_t i = 0; i < SIGNS; i++)
        if (questions[i].number == KEYS_DENIED)
            return error_set(e, ERROR_DENIED,
                             "this user may not look at %s (ACL)",
                             signs[i].key);
    return 0;
}

int
queues_any(struct link *link, int database, const char **found, struct error *e)
{
    struct probe_database *databases = NULL;
    size_t count = 0;
    struct error back = {0};
    int rc;

    *found = NULL;
    rc = probe_databases(link, &databases, &count, e);
    for (size_t i = 0;
         rc == 0 && *found == NULL && i < count && i < DATABASES_MAX; i++) {
        rc = probe_select(link, databases[i].number, e);
        if (rc == 0)
            rc = look(link, found, e);
    }
    free(databases);
    if (probe_select(link, database, &back) != 0 && rc == 0) {
        *e = back;
        rc = -1;
    }
    return rc != 0 ? error_in(e, "look for job queues") : 0;
}
